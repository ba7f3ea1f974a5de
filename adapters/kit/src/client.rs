//! A client asks one replica after the other until it is answered.

use seedstorm::sim_core::identity::NodeId;
use seedstorm::sim_core::process::{Boot, Context, Input, Protocol, RequestId};
use seedstorm::sim_core::time::Duration;

use crate::command::{Answer, Ask, Proposal, Told};

/// How long it waits for one replica.
const PATIENCE: Duration = Duration::from_millis(300);

/// How the words of clients stand in a protocol.
pub trait Talk: Protocol<Request = Ask, Response = Told> {
    /// A client asks a replica.
    fn request(proposal: Proposal) -> Self::Message;

    /// What a replica answers, if the message is an answer.
    fn answer(message: &Self::Message) -> Option<&Answer>;

    /// A client tries again, elsewhere.
    fn retry(sequence: u64) -> Self::Timer;

    /// Which command a timer of a client is about.
    fn retried(timer: &Self::Timer) -> Option<u64>;
}

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
    pub fn boot<P: Talk>(boot: &Boot<'_, P>) -> Self {
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
    pub fn step<P: Talk>(&mut self, input: Input<'_, P>, cx: &mut Context<'_, P>) {
        match input {
            Input::Request { id, request } => {
                self.sequence += 1;
                let (client, session, sequence) = (cx.node(), self.session, self.sequence);
                self.doing = Some((id, Proposal { client, session, sequence, command: request.command }));
                self.ask(cx);
            }
            Input::Message { message, .. } => match P::answer(message) {
                Some(answer) if (answer.session, answer.sequence) == (self.session, self.sequence) => {
                    if let Some((id, _)) = self.doing.take() {
                        cx.respond(id, Told { value: answer.value, done: answer.done });
                    }
                }
                _ => {}
            },
            Input::Timer { timer, .. } if P::retried(&timer) == Some(self.sequence) => {
                self.asks = (self.asks + 1) % self.members.len();
                self.ask(cx);
            }
            _ => {}
        }
    }

    fn ask<P: Talk>(&self, cx: &mut Context<'_, P>) {
        if let Some((_, proposal)) = &self.doing {
            cx.send(self.members[self.asks], P::request(proposal.clone()));
            cx.after(PATIENCE, P::retry(proposal.sequence));
        }
    }
}
