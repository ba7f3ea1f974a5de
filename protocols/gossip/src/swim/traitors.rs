//! What traitors can do to SWIM. Its members believe each other, and it promises nothing as soon as one of them lies: a
//! scenario with traitors is over budget, and what breaks breaks the assumption.

use sim_core::coalition::habits::{Habits, Lies, RANDOM, REPLAY, SILENT, Telling, WITHHOLD, take_sends};
use sim_core::coalition::{CoalitionContext, Deed};
use sim_core::identity::NodeId;
use sim_core::process::Effects;
use sim_core::registry::Named;

use super::vocabulary::{Status, Swim, SwimMessage, Update};

/// Others are dead, it says.
const SLANDER: Named = Named {
    name: "slander",
    about: "Follows the protocol, and says in each answer to a probe that some honest member is dead, in an incarnation far ahead.",
};

/// What traitors do.
pub const BEHAVIORS: &[Named] = &[SILENT, SLANDER, WITHHOLD, REPLAY, RANDOM];

/// How far ahead an incarnation is that somebody made up.
const AHEAD: u32 = 1_000;

/// The brain of traitors among so many members, who do what a run asks for, or slander.
pub fn traitors(behavior: Option<&str>, members: u32) -> Habits<Swim, Slander> {
    Habits::new(BEHAVIORS, behavior, SLANDER.name, members, members / 2, Slander::default())
}

/// Says who is dead, one after the other.
#[derive(Clone, Copy, Debug, Default)]
pub struct Slander {
    told: usize,
}

impl Slander {
    fn lie(&mut self, honest: &[NodeId]) -> Option<SwimMessage> {
        self.told += 1;
        let node = *honest.get(self.told % honest.len().max(1))?;
        let incarnation = AHEAD + self.told as u32;
        let dead = Update { node, status: Status::Dead, incarnation, from: node };
        Some(SwimMessage::Gossip { news: [dead].into() })
    }
}

impl Lies<Swim> for Slander {
    fn lie(
        &mut self,
        telling: &Telling<'_, Swim>,
        _: Option<NodeId>,
        effects: &mut Effects<Swim>,
        cx: &mut CoalitionContext<'_, Swim>,
    ) {
        for (to, message) in take_sends(effects) {
            let answers = matches!(message, SwimMessage::Ack { .. });
            effects.push_send(to.clone(), message);
            if let Some(lie) = self.lie(telling.honest).filter(|_| answers) {
                cx.did(Deed::Forged);
                effects.push_send(to, lie);
            }
        }
    }

    fn instead(
        &mut self,
        telling: &Telling<'_, Swim>,
        _: u32,
        to: &[NodeId],
        _: &SwimMessage,
        cx: &mut CoalitionContext<'_, Swim>,
    ) -> bool {
        if let Some(lie) = self.lie(telling.honest) {
            cx.did(Deed::Forged);
            to.iter().for_each(|node| cx.send_as(telling.slot, *node, lie.clone()));
        }
        true
    }
}
