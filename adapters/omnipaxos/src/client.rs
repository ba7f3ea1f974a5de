//! A client asks one replica after the other until it is answered.

use seedstorm::sim_core::identity::NodeId;
use seedstorm::sim_core::process::{Boot, Context, Input, RequestId};
use seedstorm::sim_core::time::Duration;

use crate::vocabulary::{Alarm, Omni, Proposal, Told, Word};

/// How long it waits for one replica.
const PATIENCE: Duration = Duration::from_millis(300);

/// One incarnation of a client.
pub struct Client {
    members: Vec<NodeId>,
    /// Which of them it asks.
    asks: usize,
    session: u64,
    sequence: u64,
    doing: Option<(RequestId, Proposal)>,
}

impl Client {
    /// Each incarnation has a session of its own.
    pub fn boot(boot: &Boot<'_, Omni>) -> Self {
        let drawn = u64::from_le_bytes(boot.seed()[..8].try_into().expect("eight bytes"));
        let members = boot.members.to_vec();
        Self {
            asks: (drawn % members.len() as u64) as usize,
            members,
            session: drawn,
            sequence: 0,
            doing: None,
        }
    }

    /// One input, and everything that follows from it.
    pub fn step(&mut self, input: Input<'_, Omni>, cx: &mut Context<'_, Omni>) {
        match input {
            Input::Request { id, request } => {
                self.sequence += 1;
                let (client, session, sequence) = (cx.node(), self.session, self.sequence);
                self.doing = Some((id, Proposal { client, session, sequence, command: request.command }));
                self.ask(cx);
            }
            Input::Message { message: Word::Answer { session, sequence, value, done }, .. }
                if (*session, *sequence) == (self.session, self.sequence) =>
            {
                if let Some((id, _)) = self.doing.take() {
                    cx.respond(id, Told { value: *value, done: *done });
                }
            }
            Input::Timer { timer: Alarm::Retry { sequence }, .. } if sequence == self.sequence => {
                self.asks = (self.asks + 1) % self.members.len();
                self.ask(cx);
            }
            _ => {}
        }
    }

    fn ask(&self, cx: &mut Context<'_, Omni>) {
        if let Some((_, proposal)) = &self.doing {
            cx.send(self.members[self.asks], Word::Request { proposal: proposal.clone() });
            cx.after(PATIENCE, Alarm::Retry { sequence: proposal.sequence });
        }
    }
}
