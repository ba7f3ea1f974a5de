//! One brain behind all corrupt slots: what it may do, and what it may not.

use serde_json::json;

use super::lab::{Lab, Played, Say, Tick, actor, faults, millis, note, play_with, quietly, say, setup};
use crate::check::Verdict;
use crate::coalition::{Coalition, CoalitionContext, Puppet};
use crate::identity::{NodeId, Slot};
use crate::process::{Effect, Input, Signature, TimerId};
use crate::setup::Setup;
use crate::time::Duration;

/// Does what its closures do.
struct Brain<S, W>(S, W);

type Strings<'a> = &'a mut dyn Puppet<Lab>;
type Plots<'a, 'b> = &'a mut CoalitionContext<'b, Lab>;

impl<S, W> Coalition<Lab> for Brain<S, W>
where
    S: FnMut(Slot, Input<'_, Lab>, Strings<'_>, Plots<'_, '_>),
    W: FnMut(u64, Plots<'_, '_>),
{
    fn step(&mut self, slot: Slot, input: Input<'_, Lab>, puppet: Strings<'_>, cx: Plots<'_, '_>) {
        (self.0)(slot, input, puppet, cx);
    }
    fn wake(&mut self, token: u64, cx: Plots<'_, '_>) {
        (self.1)(token, cx);
    }
}

/// The last member listens; all others say 1, signed, at the start and every hundred milliseconds.
fn against(
    setup: &Setup,
    step: impl FnMut(Slot, Input<'_, Lab>, Strings<'_>, Plots<'_, '_>) + 'static,
    wake: impl FnMut(u64, Plots<'_, '_>) + 'static,
) -> Played {
    let last = NodeId(setup.members - 1);
    let cast = move |boot: &crate::process::Boot<'_, Lab>| {
        if boot.node == last {
            return actor(|input, cx| {
                if let Input::Message { from, message } = input {
                    let valid = message.proof.is_some_and(|proof| cx.verify(message.n, &proof));
                    let genuine = valid && message.proof.is_some_and(|proof| proof.signer == from);
                    note(cx, if genuine { "genuine" } else { "forged" }, message.n);
                }
            });
        }
        actor(move |input, cx| {
            if matches!(input, Input::Start | Input::Timer { .. }) {
                let proof = Some(cx.sign(1));
                cx.send(last, Say { proof, ..say(1) });
                cx.set_timer(TimerId(0), millis(100), Tick { n: 0 });
            }
        })
    };
    play_with(setup, cast, |subject| subject.coalition = Some(Box::new(Brain(step, wake))))
}

fn corrupt(slots: &[u32]) -> Setup {
    let mut setup = setup(4);
    setup.duration = millis(250);
    setup.initial.corrupt = slots.to_vec();
    setup
}

#[test]
fn it_edits_what_its_puppets_do_and_sees_no_others() {
    let step = |slot: Slot, input: Input<'_, Lab>, puppet: Strings<'_>, _: Plots<'_, '_>| {
        assert_eq!(slot, Slot(0));
        puppet.run(input);
        puppet.effects().retain(|effect| !matches!(effect, Effect::Send { .. }));
    };
    let played = against(&corrupt(&[0]), step, |_, _| {});
    assert_eq!(played.noted("genuine").len(), 6, "two honest senders, three times");
    assert_eq!(played.noted("forged"), []);
}

#[test]
fn it_acts_as_its_own_slots_only() {
    let step = |_: Slot, input: Input<'_, Lab>, _: Strings<'_>, cx: Plots<'_, '_>| {
        if matches!(input, Input::Start) {
            assert!(cx.owns(NodeId(0)) && cx.owns(NodeId(1)) && !cx.owns(NodeId(2)));
            assert_eq!(cx.members().len(), 2);
            for slot in [1, 2] {
                let proof = Some(cx.sign_as(Slot(slot), 10 + u64::from(slot)));
                cx.send_as(Slot(slot), NodeId(3), Say { proof, ..say(10 + u64::from(slot)) });
            }
            // Its own identity, with the key of somebody that it does not own.
            let stolen = cx.sign_as(Slot(2), 77);
            assert!(!cx.verify(77, &stolen));
            let proof = Some(stolen);
            cx.send_as(Slot(0), NodeId(3), Say { proof, ..say(77) });
            cx.send_as(Slot(0), NodeId(3), Say { proof: Some(Signature::forged(NodeId(0), 5)), ..say(78) });
        }
    };
    let played = against(&corrupt(&[0, 1]), step, |_, _| {});
    let mut genuine = played.numbers("genuine");
    genuine.sort_unstable();
    // Both slots were started, and each start says 11 as slot 1; nothing was sent as slot 2, which says 1 itself.
    assert_eq!(genuine, [1, 1, 1, 11, 11]);
    let mut forged = played.numbers("forged");
    forged.sort_unstable();
    assert_eq!(forged, [77, 77, 78, 78]);
}

#[test]
fn it_wakes_itself() {
    let step = |_: Slot, input: Input<'_, Lab>, _: Strings<'_>, cx: Plots<'_, '_>| {
        if matches!(input, Input::Start) {
            cx.wake_after(millis(30), 5);
        }
    };
    let wake = |token: u64, cx: Plots<'_, '_>| {
        assert_eq!(cx.now().as_nanos() / 1_000_000, 30 * (token - 4));
        let proof = Some(cx.sign_as(Slot(0), token));
        cx.send_as(Slot(0), NodeId(3), Say { proof, ..say(token) });
        if token < 7 {
            cx.wake_after(millis(30), token + 1);
        }
    };
    let played = against(&corrupt(&[0]), step, wake);
    let woken: Vec<u64> = played.numbers("genuine").into_iter().filter(|n| *n > 1).collect();
    assert_eq!(woken, [5, 6, 7]);
}

#[test]
fn a_slot_can_be_corrupted_in_the_middle_of_a_run() {
    let mut setup = corrupt(&[]);
    setup.faults = faults(json!([{ "at": "150ms", "corrupt": { "target": "n1" } }]));
    let step = |_: Slot, _: Input<'_, Lab>, _: Strings<'_>, cx: Plots<'_, '_>| {
        let proof = Some(cx.sign_as(Slot(0), 9));
        cx.send_as(Slot(0), NodeId(3), Say { proof, ..say(9) });
    };
    let played = against(&setup, step, |_, _| {});
    let lies: Vec<_> = played.noted("genuine").into_iter().filter(|(.., n)| *n == 9).collect();
    assert_eq!(lies, [(201, 3, 9)], "once: it swallowed the timer that would have been set again");
    assert_eq!(played.noted("corrupted"), [(150, 0, 0)]);
}

#[test]
fn twins_run_honest_code_even_beside_a_coalition() {
    let mut setup = corrupt(&[0]);
    setup.initial.twins = vec![(2, 1)];
    let step = |slot: Slot, _: Input<'_, Lab>, _: Strings<'_>, _: Plots<'_, '_>| assert_eq!(slot, Slot(0));
    let played = against(&setup, step, |_, _| {});
    assert_eq!(played.outcome.verdict, Verdict::Pass);
    assert_eq!(played.noted("genuine").len(), 6);
}

#[test]
fn a_traitor_whose_disk_is_wiped_goes_on_under_its_new_name() {
    let mut setup = corrupt(&[0]);
    setup.faults = faults(json!([{ "at": "50ms", "amnesia": { "target": "n1", "restart_after": "10ms" } }]));
    let step = |_: Slot, input: Input<'_, Lab>, _: Strings<'_>, cx: Plots<'_, '_>| {
        if matches!(input, Input::Start) {
            let proof = Some(cx.sign_as(Slot(0), 9));
            cx.send_as(Slot(0), NodeId(3), Say { proof, ..say(9) });
        }
    };
    let played = against(&setup, step, |_, _| {});
    assert_eq!(played.numbers("genuine").iter().filter(|n| **n == 9).count(), 2);
    assert_eq!(played.noted("forged"), []);
}

#[test]
fn a_brain_that_panics_is_a_finding() {
    let wake = |_: u64, _: Plots<'_, '_>| panic!("out of ideas");
    let step = |_: Slot, _: Input<'_, Lab>, _: Strings<'_>, cx: Plots<'_, '_>| {
        cx.wake_after(Duration::from_millis(10), 0);
    };
    let played = quietly(|| against(&corrupt(&[0]), step, wake));
    assert_eq!(played.outcome.verdict, Verdict::Crash);
    assert_eq!(played.outcome.violations[0].message, "the coalition panicked: out of ideas");
    assert_eq!(played.noted("genuine").len(), 6, "the others go on");
}
