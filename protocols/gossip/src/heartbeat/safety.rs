//! Health checks are never skipped: each beat goes to every watcher.

use sim_core::check::{Check, Findings, Seen};
use sim_core::ground::Ground;
use sim_core::identity::NodeId;
use sim_core::setup::Setup;

use super::ledger::Pairs;
use super::parameters::Parameters;
use super::vocabulary::{Heartbeat, HeartbeatMessage};

/// The beats of a process have the numbers 1, 2, 3 ... at each of its watchers.
///
/// Pairs are by the watcher; what is kept is the process that spoke last, and the number of its beat.
#[derive(Clone, Debug)]
pub struct Everybody {
    said: Pairs<(u64, u64)>,
}

impl Everybody {
    /// For members of these parameters in this run.
    pub fn new(parameters: &Parameters, setup: &Setup) -> Self {
        Self { said: Pairs::new(setup.members, parameters.watchers_of(setup.members), (0, 0)) }
    }
}

impl Check<Heartbeat> for Everybody {
    fn observe(&mut self, _: &Ground, _: &Seen<'_, Heartbeat>, _: &mut Findings) {}

    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&[])
    }

    fn reads(&self) -> &'static [&'static str] {
        &["Beat"]
    }

    fn sent(
        &mut self,
        _: &Ground,
        from: NodeId,
        to: NodeId,
        message: &HeartbeatMessage,
        findings: &mut Findings,
    ) {
        let HeartbeatMessage::Beat { born, number } = *message;
        let Some(said) = self.said.get(to, from) else { return };
        findings.exercised();
        let due = if said.0 == born { said.1.saturating_add(1) } else { 1 };
        *said = (born, number);
        if number != due {
            let text =
                format!("{from} sends beat {number} to {to}, and skipped {}", number.saturating_sub(due));
            findings.safety("skipped", &[from, to], text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Script = protocol_testing::script::Script<Heartbeat, Everybody>;

    fn script(beats: &[(u32, u64, u64)]) -> Script {
        let parameters = Parameters { watchers: 2, ..Parameters::default() };
        let mut script = Script::new(Everybody::new(&parameters, &Setup::new(0, 4)), 4);
        for (to, born, number) in beats {
            let beat = HeartbeatMessage::Beat { born: *born, number: *number };
            script.check.sent(&script.ground, NodeId(0), NodeId(*to), &beat, &mut script.findings);
        }
        script
    }

    #[test]
    fn beats_are_counted_at_each_watcher_and_by_each_process() {
        script(&[(1, 7, 1), (2, 7, 1), (1, 7, 2), (2, 7, 2), (1, 8, 1), (2, 8, 1)]).clean();
        script(&[(1, 7, 1), (2, 7, 1), (1, 7, 2), (1, 7, 3), (2, 7, 3)])
            .found("skipped", "n1 sends beat 3 to n3, and skipped 1");
    }
}
