//! Sessions: every operation of a client happens once, and what a client was told happened did (Raft paper, section 8;
//! dissertation, section 6.3). What a server tells it is judged when it is said: an answer that the client does not wait for any more
//! is that of the operation that it asked for, too.

use sim_core::check::{Check, Findings, Lifecycle, Seen};
use sim_core::ground::Ground;
use sim_core::hash::FixedMap;
use sim_core::identity::{NodeId, Slot};

use crate::vocabulary::{Raft, RaftMessage, RaftObservation};
use sim_core::check::ByIndex;
use sim_core::check::BySlot;

/// Remembers how far each server has come in each session, and whose operation stands at each index.
#[derive(Debug, Default)]
pub struct Sessions {
    /// The last sequence done in each session, and the answer to it; for look-ups alone.
    last: BySlot<LastOfAll>,
    /// What the first server to apply an index found there and answered; no client for a no-op.
    canonical: ByIndex<Option<(SeenOperation, u64)>>,
    /// Whether servers may begin with a snapshot.
    snapshots: bool,
    /// If so: what was done in each session, as the first server did it, by rising index.
    done: FixedMap<NodeId, Vec<Done>>,
    /// If so: the index of the snapshot that each server began with.
    since: BySlot<u64>,
}

/// The last operation of each session, and the answer to it: those of the first few sessions side by side.
#[derive(Debug, Default)]
struct LastOfAll {
    few: Vec<(NodeId, (u64, u64))>,
    many: FixedMap<NodeId, (u64, u64)>,
}

/// So many sessions are looked through one by one.
const FEW: usize = 12;

impl LastOfAll {
    /// That of one session, which begins with `first`.
    #[inline]
    fn of(&mut self, client: NodeId, first: impl FnOnce() -> (u64, u64)) -> &mut (u64, u64) {
        match self.few.iter().position(|(known, _)| *known == client) {
            Some(place) => &mut self.few[place].1,
            None => self.other(client, first),
        }
    }

    #[inline(never)]
    fn other(&mut self, client: NodeId, first: impl FnOnce() -> (u64, u64)) -> &mut (u64, u64) {
        if self.few.len() == FEW {
            return self.many.entry(client).or_insert_with(first);
        }
        let place = self.few.len();
        self.few.push((client, first()));
        &mut self.few[place].1
    }
}

/// An operation that was done.
#[derive(Clone, Copy, Debug)]
struct Done {
    index: u64,
    sequence: u64,
    answer: u64,
}

/// The last operation of a session up to an index, and its answer.
fn last_until(done: Option<&Vec<Done>>, index: u64) -> (u64, u64) {
    let done = done.map_or(&[][..], Vec::as_slice);
    let count = done.partition_point(|one| one.index <= index);
    count.checked_sub(1).map_or((0, 0), |last| (done[last].sequence, done[last].answer))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct SeenOperation {
    client: NodeId,
    sequence: u64,
}

impl Sessions {
    /// For servers that take snapshots or do not.
    pub fn new(snapshots: bool) -> Self {
        Self { snapshots, ..Self::default() }
    }

    /// A server applies an entry.
    #[inline(always)]
    pub(super) fn applied(
        &mut self,
        place: (Slot, NodeId),
        index: u64,
        (client, sequence): (Option<NodeId>, u64),
        (repeated, answer): (bool, u64),
        findings: &mut Findings,
    ) {
        let Some(client) = client else {
            self.canonical.get_or_put(index, None);
            return;
        };
        let operation = SeenOperation { client, sequence };
        let known = self.canonical.get_or_put(index, Some((operation, answer)));
        if self.snapshots && known.is_none() && !repeated {
            self.done.entry(client).or_default().push(Done { index, sequence, answer });
        }
        self.did(place, operation, repeated, answer, findings);
    }

    #[inline(always)]
    fn did(
        &mut self,
        (slot, node): (Slot, NodeId),
        operation: SeenOperation,
        repeated: bool,
        answer: u64,
        findings: &mut Findings,
    ) {
        findings.exercised();
        let SeenOperation { client, sequence } = operation;
        let since = self.since.get(slot).copied().unwrap_or(0);
        let done = &self.done;
        let last = self.last.at(slot).of(client, || last_until(done.get(&client), since));
        let (before, remembered) = *last;
        let news = sequence > before;
        if news == repeated {
            let (shape, did) = if repeated { ("skipped", "skipped") } else { ("twice", "did") };
            findings.accuse(shape, &[node, client], || {
                format!("{node} {did} operation {sequence} of client {client} after operation {before}")
            });
        } else if sequence == before && answer != remembered {
            findings.accuse("answer", &[node, client], || {
                format!(
                    "{node} answered operation {sequence} of client {client} with {remembered:016x}, and when it was \
                     repeated with {answer:016x}"
                )
            });
        }
        if news {
            *last = (sequence, answer);
        }
    }

    #[inline(never)]
    fn acknowledged(&mut self, told: SeenOperation, index: u64, answer: u64, findings: &mut Findings) {
        findings.exercised();
        let SeenOperation { client, sequence } = told;
        let (shape, found) = match self.canonical.get(index) {
            Some(Some((there, given))) if *there == told && *given == answer => return,
            Some(Some((there, given))) if *there == told => {
                ("reply", format!("the reply was {answer:016x}, and {given:016x} when it was done"))
            }
            Some(Some((there, _))) => {
                ("acknowledged", format!("operation {} of {} is there", there.sequence, there.client))
            }
            Some(None) => ("acknowledged", "a no-op is there".to_owned()),
            None => ("acknowledged", "nothing was applied there".to_owned()),
        };
        let message = format!(
            "client {client} was told that its operation {sequence} is at index {index}, but {found}"
        );
        findings.safety(shape, &[client], message);
    }
}

impl Sessions {
    /// A server answers an operation of a client: that is the one which was done at the index that it names.
    fn answered(&self, (server, told): (NodeId, SeenOperation), index: u64, findings: &mut Findings) {
        let Some(Some((there, _))) = self.canonical.get(index) else { return };
        if *there != told {
            let SeenOperation { client, sequence } = told;
            findings.accuse("another", &[server, client], || {
                format!(
                    "{server} answers operation {sequence} of client {client} with what is at index {index}, which is operation {} of {}",
                    there.sequence, there.client
                )
            });
        }
    }
}

impl Check<Raft> for Sessions {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Applied", "Acknowledged", "SnapshotInstalled"])
    }

    fn observe(&mut self, _: &Ground, seen: &Seen<'_, Raft>, findings: &mut Findings) {
        if !seen.honest {
            return;
        }
        match *seen.observation {
            RaftObservation::Applied { index, client, sequence, repeated, answer, .. } => {
                let (place, operation) = ((seen.slot, seen.node), (client, sequence));
                self.applied(place, index, operation, (repeated, answer), findings);
            }
            RaftObservation::Acknowledged { sequence, index, answer } => {
                self.acknowledged(SeenOperation { client: seen.node, sequence }, index, answer, findings);
            }
            RaftObservation::SnapshotInstalled { index, .. } => {
                self.last.reset(seen.slot);
                *self.since.at(seen.slot) = index;
            }
            _ => {}
        }
    }

    fn reads(&self) -> &'static [&'static str] {
        &["ClientReply"]
    }

    fn sent(
        &mut self,
        ground: &Ground,
        from: NodeId,
        to: NodeId,
        message: &RaftMessage,
        findings: &mut Findings,
    ) {
        if let RaftMessage::ClientReply { sequence, reply: Some(_), index, .. } = *message
            && ground.honest(from)
        {
            self.answered((from, SeenOperation { client: to, sequence }), index, findings);
        }
    }

    /// A server that was restarted applies everything again, from the first index or from its snapshot.
    fn lifecycle(&mut self, _: &Ground, slot: Slot, event: Lifecycle, _: &mut Findings) {
        if matches!(event, Lifecycle::Crashed | Lifecycle::Booted) {
            self.last.reset(slot);
            self.since.reset(slot);
        }
    }
}

#[cfg(test)]
mod tests {
    use sim_core::identity::NodeId;

    use objects::Reply;

    use super::Sessions;
    use crate::safety::script::{Script, recovered};
    use crate::vocabulary::{RaftMessage, RaftObservation};

    /// The client of a script with three servers.
    const CLIENT: u32 = 3;

    /// Every operation is answered with its own number.
    fn applied(index: u64, sequence: u64, repeated: bool) -> RaftObservation {
        answered(index, sequence, repeated, sequence)
    }

    fn answered(index: u64, sequence: u64, repeated: bool, answer: u64) -> RaftObservation {
        let client = Some(NodeId(CLIENT));
        RaftObservation::Applied { index, hash: index, state: index, client, sequence, repeated, answer }
    }

    fn noop(index: u64) -> RaftObservation {
        let (client, sequence, repeated, answer) = (None, 0, false, 0);
        RaftObservation::Applied { index, hash: index, state: 0, client, sequence, repeated, answer }
    }

    fn told(sequence: u64, index: u64) -> RaftObservation {
        RaftObservation::Acknowledged { sequence, index, answer: sequence }
    }

    fn script() -> Script<Sessions> {
        Script::new(Sessions::default(), 3)
    }

    #[test]
    fn an_operation_done_twice_is_found() {
        let mut script = script();
        script.see(0, noop(1)).see(0, applied(2, 1, false)).see(0, applied(3, 2, false)).clean();
        script
            .see(0, applied(4, 2, false))
            .found("twice", "n1 did operation 2 of client n4 after operation 2");
        assert_eq!(script.exercised(), 3);
    }

    #[test]
    fn an_operation_skipped_for_no_reason_is_found() {
        let mut script = script();
        script.see(0, applied(1, 1, false));
        script
            .see(0, applied(2, 2, true))
            .found("skipped", "n1 skipped operation 2 of client n4 after operation 1");
    }

    #[test]
    fn a_server_answers_what_it_was_asked() {
        let reply =
            |sequence, index, reply| RaftMessage::ClientReply { sequence, reply, index, leader: None };
        let mut script = script();
        script.see(0, noop(1)).see(0, applied(2, 1, false)).see(0, applied(3, 2, false));
        script.send(0, CLIENT, reply(1, 2, Some(Reply::Done))).send(
            0,
            CLIENT,
            reply(2, 3, Some(Reply::Done)),
        );
        // Who does not lead says who may; what a snapshot brought, nobody applied.
        script.send(1, CLIENT, reply(1, 3, None)).send(1, CLIENT, reply(1, 9, Some(Reply::Done))).clean();
        script.send(0, CLIENT, reply(1, 3, Some(Reply::Done))).found(
            "another",
            "n1 answers operation 1 of client n4 with what is at index 3, which is operation 2 of n4",
        );
    }

    #[test]
    fn an_acknowledged_operation_that_is_not_there_is_found() {
        let at = "client n4 was told that its operation 2 is at index 2, but";
        script()
            .see(0, noop(1))
            .see(CLIENT, told(2, 2))
            .found("acknowledged", &format!("{at} nothing was applied there"));
        script()
            .see(0, noop(2))
            .see(CLIENT, told(2, 2))
            .found("acknowledged", &format!("{at} a no-op is there"));
        script()
            .see(0, applied(2, 1, false))
            .see(CLIENT, told(2, 2))
            .found("acknowledged", &format!("{at} operation 1 of n4 is there"));
    }

    #[test]
    fn another_reply_to_a_repeated_request_is_found() {
        let told = |answer| RaftObservation::Acknowledged { sequence: 1, index: 2, answer };
        let mut script = script();
        script.see(0, noop(1)).see(0, answered(2, 1, false, 7)).see(CLIENT, told(7)).clean();
        // Asked again, the server makes a new answer up instead of looking into the session.
        script.see(CLIENT, told(8)).found(
            "reply",
            "client n4 was told that its operation 1 is at index 2, but the reply was 0000000000000008, and \
             0000000000000007 when it was done",
        );
        let mut script = self::script();
        script.see(0, answered(1, 1, false, 7)).see(0, answered(2, 1, true, 7)).clean();
        script.see(0, answered(3, 1, true, 8)).found(
            "answer",
            "n1 answered operation 1 of client n4 with 0000000000000007, and when it was repeated with \
             0000000000000008",
        );
    }

    #[test]
    fn a_repeated_entry_a_jump_ahead_and_a_replay_after_a_restart_are_fine() {
        let mut script = script();
        for _ in 0..2 {
            script.see(0, noop(1)).see(0, applied(2, 1, false)).see(0, applied(3, 1, true));
            script.see(0, applied(4, 900, false)).see(0, applied(5, 2, true));
            script.see(CLIENT, told(1, 2)).see(CLIENT, told(900, 4)).clean();
            script.crash(0, 0).recover(0, recovered(1, 5, 5));
        }
        script.see(1, applied(1, 1, false)).clean();
    }
}
