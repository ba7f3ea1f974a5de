//! Removes a slot from a run and renumbers everything that names a later slot.

use sim_core::distribution::Placement;
use sim_core::fault::spec::{Fault, Shape};
use sim_core::fault::{FaultEntry, Selector, SlotList};
use sim_core::identity::{NodeName, Slot};
use sim_core::network::Pin;
use sim_core::setup::{Setup, Topology};

use crate::renaming::rename;

/// Takes the second copy of an identity out, by its place among those beside the members.
pub(super) fn remove_beside(setup: &mut Setup, place: usize) {
    if place < setup.initial.beside.len() {
        setup.initial.beside.remove(place);
        let slot = Slot(setup.members + setup.clients + u32::try_from(place).unwrap_or(u32::MAX));
        forget(setup, slot);
    }
}

/// Takes a slot out of what faults and pins name.
fn forget(setup: &mut Setup, gone: Slot) {
    let entries = std::mem::take(&mut setup.faults.entries);
    setup.faults.entries =
        entries.into_iter().filter_map(|entry| without(entry, setup.members, gone)).collect();
    let pins = setup.pins.iter();
    let moved = |pin: &Pin| Some(Pin { from: moved(pin.from, gone)?, to: moved(pin.to, gone)?, ..*pin });
    setup.pins = pins.filter_map(moved).collect();
}

/// Takes a member or a client out. What was aimed at it alone goes with it.
pub(super) fn remove_slot(setup: &mut Setup, gone: Slot) {
    let member = gone.0 < setup.members;
    while let Some(place) = setup.initial.beside.iter().position(|of| member && *of == gone.0) {
        remove_beside(setup, place);
    }
    forget(setup, gone);
    if member {
        let initial = &mut setup.initial;
        initial.absent = initial.absent.iter().filter_map(|slot| number(*slot, gone)).collect();
        initial.corrupt = initial.corrupt.iter().filter_map(|slot| number(*slot, gone)).collect();
        let twin = |(slot, of): &(u32, u32)| Some((number(*slot, gone)?, number(*of, gone)?));
        initial.twins = initial.twins.iter().filter_map(twin).collect();
        if let Some(state) = &mut initial.state {
            rename(state, &|slot| number(slot, gone));
        }
        initial.beside = initial.beside.iter().filter_map(|of| number(*of, gone)).collect();
        setup.adversaries.retain(|rule| rule.slots != [gone.0]);
        for rule in &mut setup.adversaries {
            rule.slots = rule.slots.iter().filter_map(|slot| number(*slot, gone)).collect();
        }
        setup.members -= 1;
    } else {
        let corrupt = setup.workload.as_mut().map(|workload| &mut workload.corrupt);
        if let Some(corrupt) = corrupt {
            let left = corrupt.map(|corrupt| corrupt - u32::from(gone.0 - setup.members < corrupt));
            *corrupt = left.map(|left| left.min(setup.clients.saturating_sub(2))).filter(|left| *left > 0);
        }
        setup.clients -= 1;
    }
    if let Some(Topology::Edges(edges)) = &mut setup.network.topology {
        let end = |name: NodeName| number(name.0, gone).map(NodeName);
        *edges = edges.iter().filter_map(|(a, b)| Some((end(*a)?, end(*b)?))).collect();
    }
    if let Some(regions) = &mut setup.network.regions {
        let (placement, index) = if member {
            (&mut regions.placement, gone.0)
        } else {
            (&mut regions.clients, gone.0 - setup.members)
        };
        if let Placement::Named(names) = placement
            && (index as usize) < names.len()
        {
            names.remove(index as usize);
        }
    }
}

/// The new number of a slot; none if it is the one that goes.
fn number(slot: u32, gone: Slot) -> Option<u32> {
    (slot != gone.0).then(|| slot - u32::from(slot > gone.0))
}

fn moved(slot: Slot, gone: Slot) -> Option<Slot> {
    number(slot.0, gone).map(Slot)
}

/// The fault without the slot; none if nothing is left of it.
fn without(mut entry: FaultEntry, members: u32, gone: Slot) -> Option<FaultEntry> {
    let mut whole = true;
    for selector in entry.what.selectors_mut() {
        whole &= leave_out(selector, members, gone);
    }
    if let Fault::Round(round) = &mut entry.what {
        if gone.0 < members {
            round.leader = round.leader.and_then(|leader| number(leader.0, gone)).map(NodeName);
        }
        round.sides.retain(|side| *side != Selector::Slots(SlotList::default()));
        whole = round.leader.is_some() || !round.sides.is_empty();
    }
    if let Fault::Partition(partition) = &mut entry.what {
        match &mut partition.shape {
            Shape::Links(links) => {
                // These count from one.
                let end = |written: u32| number(written.saturating_sub(1), gone).map(|slot| slot + 1);
                *links = links.iter().filter_map(|(a, b)| Some((end(*a)?, end(*b)?))).collect();
            }
            Shape::Groups(groups) => {
                groups.retain(|group| *group != Selector::Slots(SlotList::default()));
                whole = !groups.is_empty();
            }
            _ => {}
        }
    }
    whole.then_some(entry)
}

/// Takes a slot out of a selector; whether anybody may be left.
fn leave_out(selector: &mut Selector, members: u32, gone: Slot) -> bool {
    match selector {
        Selector::Slots(slots) => {
            *slots = slots.iter().filter_map(|slot| moved(slot, gone)).collect();
            !slots.is_empty()
        }
        Selector::Node(index) if gone.0 < members => {
            let left = number(*index, gone);
            *index = left.unwrap_or_default();
            left.is_some()
        }
        Selector::Client(index) if gone.0 >= members => {
            let left = number(*index, Slot(gone.0 - members));
            *index = left.unwrap_or_default();
            left.is_some()
        }
        Selector::Union(parts) => {
            parts.retain_mut(|part| leave_out(part, members, gone));
            !parts.is_empty()
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use sim_core::distribution::RegionMatrix;

    use super::*;

    fn entry(text: &str) -> FaultEntry {
        serde_json::from_str(text).unwrap()
    }

    fn after(text: &str, gone: u32) -> Option<String> {
        without(entry(text), 4, Slot(gone)).map(|entry| serde_json::to_string(&entry).unwrap())
    }

    #[test]
    fn those_behind_move_up_and_what_aimed_at_nobody_else_goes() {
        let crash = r#"{"at":"1s","crash":{"target":"slot(2,4)"}}"#;
        assert_eq!(after(crash, 0).unwrap(), r#"{"at":"1s","crash":{"target":"slot(1,3)"}}"#);
        assert_eq!(after(crash, 1).unwrap(), r#"{"at":"1s","crash":{"target":"slot(3)"}}"#);
        assert_eq!(after(r#"{"at":"1s","crash":{"target":"slot(3)"}}"#, 2), None);
        assert_eq!(after(r#"{"at":"1s","crash":{"target":"n3"}}"#, 2), None);
        let leader = r#"{"at":"1s","crash":{"target":"leader"}}"#;
        assert_eq!(after(leader, 0).unwrap(), leader);
        let client = r#"{"at":"1s","pause":{"target":"c2"}}"#;
        assert_eq!(after(client, 4).unwrap(), r#"{"at":"1s","pause":{"target":"c1"}}"#);
        assert_eq!(after(client, 1).unwrap(), client);
    }

    #[test]
    fn partitions_lose_a_side_or_a_link() {
        let groups = r#"{"at":"1s","partition":{"groups":["slot(1)","slot(2-4)"]}}"#;
        assert_eq!(after(groups, 0).unwrap(), r#"{"at":"1s","partition":{"groups":["slot(1-3)"]}}"#);
        let links = r#"{"at":"1s","partition":{"links":[[1,2],[2,3]]}}"#;
        assert_eq!(after(links, 0).unwrap(), r#"{"at":"1s","partition":{"links":[[1,2]]}}"#);
        assert_eq!(after(r#"{"at":"1s","partition":{"from":"slot(1)","to":"slot(2)"}}"#, 1), None);
    }

    #[test]
    fn rounds_lose_a_leader_or_a_side() {
        let round = r#"{"at":"0s","round":{"number":3,"leader":"n2","sides":["slot(1-2)","slot(3-4)"]}}"#;
        let left = r#"{"at":"0s","round":{"number":3,"leader":"n1","sides":["slot(1)","slot(2-3)"]}}"#;
        assert_eq!(after(round, 0).unwrap(), left);
        let left = r#"{"at":"0s","round":{"number":3,"sides":["slot(1)","slot(2-3)"]}}"#;
        assert_eq!(after(round, 1).unwrap(), left);
        assert_eq!(after(r#"{"round":{"number":3,"leader":"n2"}}"#, 1), None);
        let alone = r#"{"round":{"number":3,"leader":"n2","sides":["slot(1)","slot(2-4)"]}}"#;
        let left = r#"{"at":"0s","round":{"number":3,"leader":"n1","sides":["slot(1-3)"]}}"#;
        assert_eq!(after(alone, 0).unwrap(), left);
    }

    #[test]
    fn who_runs_twice_goes_with_its_twin() {
        let mut setup = Setup::new(1, 4);
        setup.clients = 1;
        setup.initial.beside = vec![1, 3];
        setup.faults.entries = vec![entry(r#"{"round":{"number":1,"sides":["slot(1,6)","slot(2-4,7)"]}}"#)];
        remove_slot(&mut setup, Slot(1));
        assert_eq!((setup.members, &setup.initial.beside[..]), (3, &[2][..]));
        let left = r#"{"at":"0s","round":{"number":1,"sides":["slot(1)","slot(2-3,5)"]}}"#;
        assert_eq!(serde_json::to_string(&setup.faults.entries[0]).unwrap(), left);
        remove_beside(&mut setup, 0);
        let left = r#"{"at":"0s","round":{"number":1,"sides":["slot(1)","slot(2-3)"]}}"#;
        assert_eq!(serde_json::to_string(&setup.faults.entries[0]).unwrap(), left);
    }

    #[test]
    fn a_setup_loses_a_member_everywhere() {
        let edges = |pairs: &[(u32, u32)]| {
            Topology::Edges(pairs.iter().map(|(a, b)| (NodeName(*a), NodeName(*b))).collect())
        };
        let mut setup = Setup::new(1, 4);
        setup.clients = 2;
        let named = |names: &str| Placement::Named(names.chars().map(String::from).collect());
        setup.network.regions = Some(RegionMatrix {
            regions: Vec::new(),
            latency: Vec::new(),
            placement: named("abcd"),
            clients: named("xy"),
        });
        setup.initial.corrupt = vec![1, 3];
        setup.initial.state = Some(json!([
            { "nodes": ["n1", "n2", "n3"], "vote": "n2", "log": [1, 1] }, { "nodes": ["n4"], "vote": "n3" }
        ]));
        setup.initial.twins = vec![(3, 2), (2, 1)];
        setup.network.topology = Some(edges(&[(0, 1), (1, 2), (2, 3)]));
        remove_slot(&mut setup, Slot(1));
        assert_eq!((setup.members, setup.clients), (3, 2));
        let left = json!([
            { "nodes": ["n1", "n2"], "vote": null, "log": [1, 1] }, { "nodes": ["n3"], "vote": "n2" }
        ]);
        assert_eq!(setup.initial.state, Some(left));
        assert_eq!(setup.initial.corrupt, [2]);
        assert_eq!(setup.initial.twins, [(2, 1)]);
        assert_eq!(setup.network.topology, Some(edges(&[(1, 2)])));
        remove_slot(&mut setup, Slot(3));
        assert_eq!((setup.members, setup.clients), (3, 1));
        let regions = setup.network.regions.unwrap();
        assert_eq!((regions.placement, regions.clients), (named("acd"), named("y")));
    }
}
