//! Rounds of the protocol: in force before anybody boots, so that what is said at the start meets them too.

use super::{Firing, Task, Undo, line};
use crate::fault::action::Action;
use crate::fault::driver::FaultDriver;
use crate::fault::executed::Refusal;
use crate::fault::family::Kind;
use crate::fault::partition;
use crate::fault::plan::Moment;
use crate::fault::spec::{Fault, Partition, Round, Shape};
use crate::ground::Ground;
use crate::identity::NodeId;

impl FaultDriver {
    /// Rounds are in force before anybody boots.
    pub(crate) fn begin_rounds(&mut self, ground: &Ground, actions: &mut Vec<Action>) {
        let is_round = |task: &Task| match task {
            Task::Begin { entry, .. } => matches!(self.entries[*entry].what, Fault::Round(_)),
            _ => false,
        };
        let rounds: Vec<_> =
            self.agenda.iter().filter(|(_, task)| is_round(task)).map(|(at, _)| *at).collect();
        if rounds.is_empty() {
            return;
        }
        self.begin_call(ground);
        for at in rounds {
            if let Some(Task::Begin { entry, event }) = self.agenda.remove(&at) {
                self.begin(entry, Moment::At(ground.now), event, ground, actions);
            }
        }
    }

    /// A round gets its sides.
    pub(super) fn part_round(
        &mut self,
        firing: &mut Firing,
        round: &Round,
        ground: &Ground,
        actions: &mut Vec<Action>,
    ) -> Result<(), Refusal> {
        let mut pinned = round.clone();
        let (mut reach, mut slots) = (None, Vec::new());
        if !round.sides.is_empty() {
            let sides = Partition::of(Shape::Groups(round.sides.clone()));
            let mut lots = firing.lots.clone();
            let drawn = partition::draw(&sides, &self.scene(ground, firing.event), &mut lots)?;
            if let Shape::Groups(sides) = drawn.pinned.shape {
                pinned.sides = sides;
            }
            (reach, slots) = (Some(drawn.reach), drawn.slots);
        }
        let leader = round.leader.map(|leader| NodeId(leader.0));
        let (number, drop, lasts) = (round.number, round.drop.clone(), firing.lasts);
        actions.push(Action::Round { number, leader, reach, drop, lasts });
        let executed = line(firing, Kind::Round, slots, ground.now);
        let undo = Some((Undo::Round(round.number), None));
        self.began(firing, executed, Fault::Round(pinned), undo, ground);
        Ok(())
    }
}
