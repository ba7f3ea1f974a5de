//! The second phase, as processes live through it.

use serde_json::json;

use super::lab::{Tick, actor, faults, millis, note, play, say, setup};
use crate::identity::NodeId;
use crate::process::{Input, TimerId};
use crate::setup::Topology;

/// On a ring, members of the core speak across the links of others, which a cut from before the heal must not hinder.
#[test]
fn members_of_the_core_reach_each_other_whatever_is_between_them() {
    let mut across = 0;
    for seed in 0..30 {
        let mut setup = setup(5);
        setup.seed = seed;
        setup.duration = millis(100);
        setup.progress_timeout = Some(millis(200));
        setup.network.topology = Some(Topology::Ring);
        setup.faults = faults(json!([{ "at": "10ms", "partition": { "isolate": "n2" } }]));
        let played = play(&setup, |_| {
            actor(|input, cx| match input {
                Input::Start | Input::Timer { .. } => {
                    cx.set_timer(TimerId(0), millis(20), Tick { n: 0 });
                    let (me, others) = (cx.node(), (0..5).map(NodeId));
                    cx.send_all(others.filter(|other| *other != me), say(u64::from(me.0)));
                }
                Input::Message { message, .. } => note(cx, "heard", message.n),
                _ => {}
            })
        });
        let core: Vec<u32> =
            played.lines.iter().filter(|line| line.what == "healed").map(|line| line.slot).collect();
        let heard = played.noted("heard");
        for (one, other) in core.iter().flat_map(|one| core.iter().map(move |other| (*one, *other))) {
            let late =
                |(at, slot, from): &(u64, u32, u64)| *at > 150 && (*slot, *from) == (other, one.into());
            assert!(one == other || heard.iter().any(late), "seed {seed}: {one} to {other} of {core:?}");
        }
        across += u32::from(core.contains(&0) && core.contains(&2) && !core.contains(&1));
    }
    assert!(across > 0, "somebody speaks across the links of who was isolated");
}
