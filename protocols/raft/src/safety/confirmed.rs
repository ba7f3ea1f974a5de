//! What a read rests on that does not go through the log (dissertation, sections 6.4 and 6.4.1), whether or not anything was
//! written meanwhile that it misses.
//!
//! A read by index is answered when a majority has followed its leader since it was asked for. A read by lease is answered while a
//! majority has followed the leader within the shortest election timeout, so that they vote for nobody else. Whoever has just
//! booted does not know what it heard, and waits as long. Judged by true time, which a clock within the margin of leases is
//! never behind by more than that: those who are free to vote for somebody else must be no majority. And half of an even number
//! is none either: as long as the configuration does not change, the leader and those who follow it are more than that, of the old
//! voters as well while a change is joint.

use sim_core::check::{BySlot, Check, Findings, Lifecycle, Needs, Seen};
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};
use sim_core::setup::Setup;
use sim_core::time::{Duration, Time};

use super::configs::Configs;
use super::majority::is_majority;
use crate::configuration::Configuration;
use crate::parameters::{Parameters, Reads};
use crate::vocabulary::{Raft, RaftMessage, RaftObservation, ReadBy};

/// So many reads are remembered for each leader; of what was forgotten nobody is accused.
const MOST_READS: usize = 64;

/// Follows whom servers follow, and since when reads wait.
#[derive(Debug)]
pub(super) struct Confirmed {
    on: bool,
    /// Whether votes are judged. Where members run several versions, how long each waits is its own: then reads alone tell whether
    /// one version's leases outlive another one's patience.
    guards: bool,
    /// How long a server that has heard a leader votes for nobody else.
    window: Duration,
    configs: Configs,
    servers: BySlot<Server>,
}

#[derive(Debug, Default)]
struct Server {
    term: u64,
    /// When it followed somebody last, and in which term: in true time.
    followed: Option<(u64, Time)>,
    /// Until when it must vote for nobody, by its own clock: it followed somebody, or has just booted.
    bound: Time,
    booted: Time,
    /// When it appended a configuration last, in true time.
    configured: Time,
    /// The candidate that asked last, unless a leader wanted that.
    request: Option<NodeId>,
    /// Reads that it was asked for, and when.
    reads: Vec<(NodeId, u64, Time)>,
}

impl Confirmed {
    /// For servers with these settings; off where all reads go through the log, or may be stale.
    pub(super) fn new(parameters: &Parameters, setup: &Setup) -> Self {
        Self {
            on: !matches!(parameters.reads, Reads::Log | Reads::Stale),
            guards: parameters.leases() && setup.versions.is_empty(),
            window: parameters.election_timeout_min,
            configs: Configs::new(setup.members, parameters.learners),
            servers: BySlot::default(),
        }
    }

    /// Whether there are such reads.
    pub(super) fn is_on(&self) -> bool {
        self.on
    }

    /// A server gets a message of a leader, and follows it unless it is in a later term.
    fn followed(&mut self, ground: &Ground, slot: Slot, term: u64) {
        let server = self.servers.at(slot);
        if term >= server.term {
            server.followed = Some((term, ground.now));
            server.bound = ground.monotonic.saturating_add(self.window);
        }
    }

    fn served(
        &self,
        ground: &Ground,
        seen: &Seen<'_, Raft>,
        (client, sequence): (NodeId, u64),
        (term, by): (u64, ReadBy),
        findings: &mut Findings,
    ) {
        let node = seen.node;
        let window = if by == ReadBy::Lease { Some(self.window) } else { None };
        let since = match window {
            Some(window) => Time::from_nanos(ground.now.as_nanos().saturating_sub(window.as_nanos())),
            None => {
                let asked = |read: &&(NodeId, u64, Time)| (read.0, read.1) == (client, sequence);
                let reads = self.servers.get(seen.slot).and_then(|server| server.reads.iter().find(asked));
                let Some((.., at)) = reads else { return };
                *at
            }
        };
        findings.exercised();
        let free =
            |voter: NodeId| voter != node && self.is_free(ground, voter, term, (since, window.is_some()));
        let config = self.configs.of(seen.slot);
        // A round rests on those who voted when it was answered.
        let configured = self.servers.get(seen.slot).map_or(Time::ZERO, |server| server.configured);
        let exact = configured < since && (window.is_none() || self.guards);
        let confirmed = !exact || is_majority(config, |voter| !free(voter));
        if confirmed && !is_majority(config, free) {
            return;
        }
        let half = |voters: &[NodeId]| !is_majority(&Configuration::of(voters), |voter| !free(voter));
        let joint = config.is_joint() && half(&config.outgoing);
        let voters = if joint { &config.outgoing } else { &config.voters };
        let free = voters.iter().filter(|voter| free(**voter)).count();
        let (shape, how) = match window {
            Some(window) => (
                "lease",
                format!(
                    "by its lease, although {free} of {} voters have not followed it for {window}",
                    voters.len()
                ),
            ),
            None => (
                "index",
                format!("although {free} of {} voters have not followed it since it was asked", voters.len()),
            ),
        };
        findings.safety(shape, &[node], format!("{node}, leader of term {term}, answered a read {how}"));
    }

    /// Whether a voter may have helped, or may help now, to elect somebody else.
    fn is_free(&self, ground: &Ground, voter: NodeId, term: u64, (since, waits): (Time, bool)) -> bool {
        // Nobody runs under that name, or a traitor does what it likes, and the leader cannot know.
        let Some(slot) = ground.slot_of(voter).filter(|slot| ground.place(*slot).honest) else {
            return false;
        };
        let Some(server) = self.servers.get(slot) else { return true };
        let follows = server.followed.is_some_and(|(of, at)| of >= term && at >= since);
        // By a lease, whoever is down or has just booted waits as well.
        let waits = waits && (!ground.place(slot).up || server.booted >= since);
        !follows && !waits
    }

    fn voted(&self, ground: &Ground, seen: &Seen<'_, Raft>, vote: (u64, NodeId), findings: &mut Findings) {
        let ((term, candidate), node) = (vote, seen.node);
        let Some(server) = self.servers.get(seen.slot).filter(|_| self.guards) else { return };
        if server.request != Some(candidate) || candidate == node {
            return;
        }
        findings.exercised();
        if ground.monotonic < server.bound {
            let message = format!(
                "{node} voted for {candidate} in term {term} within {} of its boot or of what it heard of a leader, \
                 who may have a lease",
                self.window
            );
            findings.safety("unguarded", &[node, candidate], message);
        }
    }
}

impl Check<Raft> for Confirmed {
    fn needs(&self) -> Needs {
        Needs::RealTime
    }

    fn hears(&self) -> Option<&'static [&'static str]> {
        let kinds: &[&str] = &["Recovered", "TermSet", "Voted", "ConfigAppended", "Truncated", "ReadServed"];
        Some(if self.on { kinds } else { &[] })
    }

    fn observe(&mut self, ground: &Ground, seen: &Seen<'_, Raft>, findings: &mut Findings) {
        if !seen.honest {
            return;
        }
        self.configs.follow(seen);
        let server = self.servers.at(seen.slot);
        match *seen.observation {
            RaftObservation::Recovered { term, .. } => {
                let bound = ground.monotonic.saturating_add(self.window);
                // Whom it followed before, it did follow.
                let followed = server.followed;
                *server = Server { term, followed, bound, booted: ground.now, ..Server::default() };
            }
            RaftObservation::TermSet { term } => server.term = term,
            RaftObservation::ConfigAppended { .. } => server.configured = ground.now,
            RaftObservation::Voted { term, candidate } => {
                self.voted(ground, seen, (term, candidate), findings);
            }
            RaftObservation::ReadServed { client, sequence, term, by, .. } if by != ReadBy::Stale => {
                self.served(ground, seen, (client, sequence), (term, by), findings);
            }
            _ => {}
        }
    }

    fn takes(&self) -> &'static [&'static str] {
        let kinds: &[&str] =
            &["AppendEntries", "Probe", "InstallSnapshot", "Read", "RequestVote", "RequestTransferredVote"];
        if self.on { kinds } else { &[] }
    }

    fn received(
        &mut self,
        ground: &Ground,
        slot: Slot,
        from: NodeId,
        message: &RaftMessage,
        _: &mut Findings,
    ) {
        match *message {
            RaftMessage::AppendEntries { term, .. } | RaftMessage::Probe { term, .. } => {
                self.followed(ground, slot, term);
            }
            RaftMessage::InstallSnapshot(ref chunk) => self.followed(ground, slot, chunk.term),
            RaftMessage::RequestVote { pre: false, .. } => self.servers.at(slot).request = Some(from),
            RaftMessage::RequestTransferredVote { .. } => self.servers.at(slot).request = None,
            RaftMessage::Read { sequence, .. } => {
                let reads = &mut self.servers.at(slot).reads;
                if reads.iter().any(|(client, asked, _)| (*client, *asked) == (from, sequence)) {
                    return;
                }
                if reads.len() >= MOST_READS {
                    reads.remove(0);
                }
                reads.push((from, sequence, ground.now));
            }
            _ => {}
        }
    }

    fn lifecycle(&mut self, _: &Ground, slot: Slot, event: Lifecycle, _: &mut Findings) {
        if matches!(event, Lifecycle::Wiped) {
            // Whom it followed before, it did follow.
            let server = self.servers.at(slot);
            *server = Server { followed: server.followed, ..Server::default() };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::safety::script::{Script, recovered};
    use objects::Operation;

    const CLIENT: u32 = 3;

    const fn ms(millis: u64) -> Time {
        Time::from_nanos(millis * 1_000_000)
    }

    /// Three servers, up for long; the shortest election timeout is 150 ms.
    fn script() -> Script<Confirmed> {
        let mut script = Script::new(
            Confirmed::new(&Parameters { reads: Reads::Mixed, ..Parameters::default() }, &Setup::new(1, 3)),
            3,
        );
        for slot in 0..3 {
            script.at(ms(0), slot).see(slot, recovered(1, 0, 0));
        }
        script
    }

    fn probe(term: u64) -> RaftMessage {
        RaftMessage::Probe { term, round: 1 }
    }

    fn read(sequence: u64) -> RaftMessage {
        RaftMessage::Read { sequence, operation: Operation::Get { key: 0 }, by: ReadBy::Index }
    }

    fn served(sequence: u64, by: ReadBy) -> RaftObservation {
        RaftObservation::ReadServed { client: NodeId(CLIENT), sequence, index: 1, term: 1, by }
    }

    #[test]
    fn a_read_by_index_rests_on_a_majority_since_it_was_asked() {
        let mut script = script();
        script.receive(ms(500), CLIENT, 0, read(1)).receive(ms(501), 0, 1, probe(1));
        script.at(ms(502), 0).see(0, served(1, ReadBy::Index)).clean();
        // Who has followed and is down or was started again has followed.
        script.crash(1, 0).at(ms(502), 0).see(0, served(1, ReadBy::Index)).clean();
        script
            .at(ms(503), 1)
            .recover(1, recovered(1, 0, 0))
            .at(ms(503), 0)
            .see(0, served(1, ReadBy::Index))
            .clean();
        // Asked again, it waits since the first time; and what was never asked is not known.
        script.receive(ms(503), CLIENT, 0, read(1)).at(ms(504), 0);
        script.see(0, served(1, ReadBy::Index)).see(0, served(9, ReadBy::Index)).clean();
        script.receive(ms(510), CLIENT, 0, read(2)).receive(ms(511), 0, 2, probe(0)).at(ms(512), 0);
        script.see(0, served(2, ReadBy::Index)).found(
            "index",
            "n1, leader of term 1, answered a read although 2 of 3 voters have not followed it since it was asked",
        );
    }

    #[test]
    fn a_read_by_lease_rests_on_a_majority_that_waits() {
        let lease = || served(1, ReadBy::Lease);
        let mut script = script();
        script.receive(ms(500), 0, 1, probe(1)).at(ms(649), 0).see(0, lease()).clean();
        // Whoever is down, or has just booted, waits as well.
        script.crash(1, 0).at(ms(800), 0).see(0, lease()).clean();
        script.at(ms(900), 1).recover(1, recovered(1, 0, 0)).at(ms(1_000), 0).see(0, lease()).clean();
        script.at(ms(1_051), 0).see(0, lease()).found(
            "lease",
            "n1, leader of term 1, answered a read by its lease, although 2 of 3 voters have not followed it for 150ms",
        );
    }

    /// Four servers, of whom the last one is about to leave, one way or the other.
    fn four(outgoing: &[u32], voters: &[u32]) -> Script<Confirmed> {
        let nodes = |list: &[u32]| list.iter().copied().map(NodeId).collect();
        let config =
            Configuration { voters: nodes(voters), outgoing: nodes(outgoing), learners: Vec::new() }.into();
        let mut script = Script::new(
            Confirmed::new(&Parameters { reads: Reads::Mixed, ..Parameters::default() }, &Setup::new(1, 4)),
            4,
        );
        for slot in 0..4 {
            script.at(ms(0), slot).see(slot, recovered(1, 0, 0));
        }
        script.at(ms(400), 0).see(0, RaftObservation::ConfigAppended { index: 2, term: 1, config });
        script
    }

    #[test]
    fn half_of_the_voters_confirm_no_read() {
        let served =
            |by| RaftObservation::ReadServed { client: NodeId(4), sequence: 1, index: 1, term: 1, by };
        let reads = |mut script: Script<Confirmed>, followers: &[u32], by| {
            script.receive(ms(500), 4, 0, read(1));
            for follower in followers {
                script.receive(ms(501), 0, *follower, probe(1));
            }
            script.at(ms(640), 0).see(0, served(by));
            script
        };
        let found = "n1, leader of term 1, answered a read although 2 of 4 voters have not followed it since it was asked";
        reads(four(&[], &[0, 1, 2, 3]), &[1, 2], ReadBy::Index).clean();
        reads(four(&[], &[0, 1, 2, 3]), &[1], ReadBy::Index).found("index", found);
        reads(four(&[], &[0, 1, 2, 3]), &[1], ReadBy::Lease).found(
            "lease",
            "n1, leader of term 1, answered a read by its lease, although 2 of 4 voters have not followed it for 150ms",
        );
        // While a change is joint, the old voters have to follow as well.
        reads(four(&[0, 1, 2, 3], &[0, 1, 2]), &[1, 2], ReadBy::Index).clean();
        reads(four(&[0, 1, 2, 3], &[0, 1, 2]), &[1], ReadBy::Index).found("index", found);
        // Whoever leaves does not count any more.
        reads(four(&[], &[0, 1, 2]), &[1], ReadBy::Index).clean();
        // A change came in between: the round may rest on those who voted before.
        let mut changed = four(&[], &[0, 1, 2]);
        changed.receive(ms(500), 4, 0, read(1)).receive(ms(501), 0, 1, probe(1)).at(ms(502), 0);
        let config = Configuration::of(&[0, 1, 2, 3].map(NodeId)).into();
        changed.see(0, RaftObservation::ConfigAppended { index: 3, term: 1, config });
        changed.at(ms(503), 0).see(0, served(ReadBy::Index)).clean();
        // Nor does a disk that is wiped take back whom its server followed.
        let mut wiped = four(&[], &[0, 1, 2, 3]);
        wiped.receive(ms(500), 4, 0, read(1));
        wiped.receive(ms(501), 0, 1, probe(1)).receive(ms(501), 0, 2, probe(1)).crash(1, 0);
        wiped.wipe(1).at(ms(502), 0).see(0, served(ReadBy::Index)).clean();
    }

    #[test]
    fn who_may_be_bound_by_a_lease_votes_for_nobody() {
        let ask = || RaftMessage::RequestVote { term: 2, last_index: 0, last_term: 0, pre: false };
        let voted = |candidate| RaftObservation::Voted { term: 2, candidate: NodeId(candidate) };
        let transferred = || RaftMessage::RequestTransferredVote { term: 2, last_index: 0, last_term: 0 };
        let mut script = script();
        script.receive(ms(100), 0, 1, transferred()).see(1, voted(0)).see(1, voted(1));
        script.receive(ms(150), 2, 1, ask()).see(1, voted(2)).clean();
        script.receive(ms(200), 0, 1, probe(1)).receive(ms(349), 2, 1, ask()).see(1, voted(2));
        let message = "n2 voted for n3 in term 2 within 150ms of its boot or of what it heard of a leader, who may have a lease";
        script.found("unguarded", message);
    }
}
