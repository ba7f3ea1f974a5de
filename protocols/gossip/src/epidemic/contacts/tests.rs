//! Draws, counted.

use sim_core::process::{Context, Input, Process, Solo};

use super::*;
use crate::epidemic::vocabulary::{Epidemic, EpidemicMessage};

/// Sends to those whom it draws.
struct Drawing<'a>(&'a Contacts, u8);

impl Process<Epidemic> for Drawing<'_> {
    fn step(&mut self, _: Input<'_, Epidemic>, cx: &mut Context<'_, Epidemic>) {
        let drawn = self.0.draw(cx.node(), self.1, cx.rng());
        cx.send_all(drawn.nodes().iter().copied(), EpidemicMessage::Pull);
    }
}

/// How often each member is drawn in so many draws.
fn count(contacts: &Contacts, me: u32, fan_out: u8, members: u32, draws: u32) -> Vec<u32> {
    let mut solo = Solo::new(NodeId(me), members);
    let mut drawn = vec![0; members as usize];
    for _ in 0..draws {
        let effects = solo.step(&mut Drawing(contacts, fan_out), Input::Start);
        let to = effects.list().iter().filter_map(|effect| match effect {
            sim_core::process::Effect::Send { to, .. } => Some(effects.recipients(to).to_vec()),
            _ => None,
        });
        to.flatten().for_each(|node| drawn[node.index()] += 1);
    }
    drawn
}

fn contacts(overlay: Topology, spatial_tenths: u32, members: u32) -> Contacts {
    Contacts::new(&Parameters { overlay, spatial_tenths, ..Parameters::default() }, members, 1)
}

#[test]
fn several_contacts_are_different_and_equally_likely() {
    let drawn = count(&contacts(Topology::FullMesh, 0, 6), 2, 3, 6, 5_000);
    assert_eq!((drawn[2], drawn.iter().sum::<u32>()), (0, 15_000));
    assert!(drawn.iter().all(|drawn| *drawn == 0 || drawn.abs_diff(3_000) < 200), "{drawn:?}");
    let few = count(&contacts(Topology::Ring, 0, 6), 2, 9, 6, 10);
    assert_eq!(few, [0, 10, 0, 10, 0, 0], "there are two neighbors");
}

#[test]
fn who_is_in_no_overlay_contacts_anybody() {
    let line = contacts(Topology::Line, 0, 4);
    let mut solo = Solo::new(NodeId(9), 4);
    let mut met = [0; 4];
    for _ in 0..400 {
        let effects = solo.step(&mut Drawing(&line, 1), Input::Start);
        met[effects.recipients(&(0..1))[0].index()] += 1;
    }
    assert!(met.iter().all(|met| *met > 60), "{met:?}");
}

#[test]
fn the_probability_falls_with_the_distance() {
    let two = 20;
    let line = count(&contacts(Topology::Line, two, 9), 4, 1, 9, 20_000);
    // 1 to 1/4 to 1/9 to 1/16, on both sides.
    let unit = 20_000.0 / (2.0 * (1.0 + 0.25 + 1.0 / 9.0 + 1.0 / 16.0));
    for (distance, share) in [(1_usize, 1.0), (2, 0.25), (3, 1.0 / 9.0), (4, 1.0 / 16.0)] {
        for drawn in [line[4 - distance], line[4 + distance]] {
            assert!((f64::from(drawn) / (unit * share) - 1.0).abs() < 0.12, "{distance}: {line:?}");
        }
    }
    let ring = count(&contacts(Topology::Ring, two, 8), 0, 1, 8, 20_000);
    assert!(ring[1].abs_diff(ring[7]) < 500 && ring[4] * 20 > ring[1], "{ring:?}");
    assert!((f64::from(ring[4]) / f64::from(ring[1]) - 1.0 / 16.0).abs() < 0.02, "{ring:?}");
    let grid = count(&contacts(Topology::Grid { columns: 3 }, two, 9), 4, 1, 9, 20_000);
    assert!((f64::from(grid[0]) / f64::from(grid[1]) - 0.25).abs() < 0.04, "{grid:?}");
    assert_eq!(grid[4], 0);
}

#[test]
fn the_least_chance_of_a_border_is_a_true_bound() {
    let nodes: Vec<NodeId> = (0..9).map(NodeId).collect();
    let two = 20;
    for overlay in [Topology::Line, Topology::Ring, Topology::Grid { columns: 3 }] {
        let by_distance = contacts(overlay.clone(), two, 9);
        let bound = by_distance.least_crossing(&nodes, 1, true, false);
        let drawn = f64::from(count(&by_distance, 4, 1, 9, 20_000)[5]) / 20_000.0;
        assert!(0.0 < bound && bound < drawn + 0.01, "{overlay:?}: {bound} and {drawn}");
        let neighbors = contacts(overlay, 0, 9);
        assert!(neighbors.least_crossing(&nodes, 1, true, true) >= 0.25);
    }
    let line = contacts(Topology::Line, 0, 9);
    assert!(line.least_crossing(&[NodeId(0), NodeId(2)], 1, true, true) == 0.0);
}
