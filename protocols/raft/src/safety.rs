//! What must never happen in Raft, judged while a run happens; and what progress it owes.
//!
//! One checker per file. They read observations (and, for votes, messages) together with the world's own truth: who is
//! honest, and how far each disk really is. They never look into a server. What is not honest is not judged.
//!
//! An observation about a server's own log, term or vote is made when its memory changes and after the record was
//! appended to the journal. So the length of the journal at that moment is the *position* of that record, and the
//! world's mark says when the position is durable. A crash takes what is beyond the mark, and a checker has to forget
//! it as well: a vote or a term that nobody could see and no disk held was never given.

pub mod acknowledged;
mod apart;
pub mod applier;
pub use apart::{ALL, judges};
pub mod commit_durable;
pub mod commit_monotone;
pub mod commit_term;
mod configs;
pub(crate) use configs::Configs;
mod confirmed;
pub mod elected;
pub mod election_safety;
mod found;
mod holding;
pub mod leader_append_only;
pub mod leader_completeness;
pub mod leadership_stable;
pub mod log_matching;
mod majority;
pub mod membership;
pub mod one_vote;
pub mod pre_votes;
pub mod promises;
pub mod reads;
pub mod sessions;
pub mod snapshots;
pub mod state_machine_safety;
pub mod term_monotone;
mod together;
pub mod transfer;

#[cfg(test)]
mod script;

use sim_core::setup::{Setup, TimerClock};

use super::parameters::Parameters;
use super::vocabulary::Raft;
use acknowledged::Acknowledged;
use commit_durable::CommitDurable;
use commit_monotone::CommitMonotone;
use commit_term::CommitTerm;
use elected::Elected;
use election_safety::ElectionSafety;
use leader_append_only::LeaderAppendOnly;
use leader_completeness::LeaderCompleteness;
use leadership_stable::LeadershipStable;
use log_matching::LogMatching;
use membership::Membership;
use one_vote::OneVote;
use pre_votes::PreVotes;
use promises::Promises;
use reads::ReadsAreRecent;
use sessions::Sessions;
use state_machine_safety::StateMachineSafety;
use term_monotone::TermMonotone;

sim_core::panel! {
    /// The checks of Raft that judge together, fresh, for one run.
    pub fn checks(parameters: &Parameters, setup: &Setup) -> Raft;

    /// They judge together.
    struct Together {
        "raft/election-safety": "No term ever has two leaders, also not one after the other."
            => election_safety: ElectionSafety = ElectionSafety::default(),
        "raft/elected": "Whoever leads has the votes of a majority in its term, its own from its disk."
            => elected: Elected = Elected::new(setup.members, parameters.learners),
        "raft/one-vote": "A server votes for one candidate in a term, also if it crashes in between and its vote was durable or sent."
            => one_vote: OneVote = OneVote::default(),
        "raft/term-monotone": "A server's term never goes back; over a crash, not behind one that was durable or that it led."
            => term_monotone: TermMonotone = TermMonotone::default(),
        "raft/commit-monotone": "A server's commit index never goes back while the server runs."
            => commit_monotone: CommitMonotone = CommitMonotone::default(),
        "raft/leader-append-only": "A leader begins with an entry of its term, and never drops or overwrites an entry of its own log; it only appends."
            => leader_append_only: LeaderAppendOnly = LeaderAppendOnly::default(),
        "raft/log-matching": "Logs that hold an entry of the same index and term are equal up to that index."
            => log_matching: LogMatching = LogMatching::default(),
        "raft/commit-durable": "What is committed is on the disks of a majority of the members, whatever crashes next."
            => commit_durable: CommitDurable = CommitDurable::new(setup.members, parameters.learners),
        "raft/promises": "What a server acknowledges is in its leader's log and durable, as is the term in which it answers, its votes go to logs that are as up to date as its own, \
            and after a crash its log is what was durable, with the configurations in it."
            => promises: Promises = Promises::default(),
        "raft/acknowledged": "What a leader commits by counting, a majority has acknowledged to it in its own term, and what it tells an operator is done is committed."
            => acknowledged: Acknowledged = Acknowledged::new(setup.members, parameters.learners),
        "raft/commit-term": "A leader commits by counting only up to an entry of its own term."
            => commit_term: CommitTerm = CommitTerm::default(),
        "raft/state-machine-safety": "Servers commit and apply the same entries in the same order, without gaps, and come to the same states."
            => state_machine_safety: StateMachineSafety = StateMachineSafety::default(),
        "raft/leader-completeness": "What was committed in a term is in the log of every leader of a later term."
            => leader_completeness: LeaderCompleteness = LeaderCompleteness::default(),
        "raft/sessions": "No operation of a session is done twice or skipped, and what a client is told of was applied, \
            with that reply."
            => sessions: Sessions = Sessions::new(parameters.snapshot_every > 0),
        "raft/reads": "A read sees at least what any client was told before it was asked for, and no lease outlives the election of a later leader. \
            Without the log, it rests on a majority that follows its leader, and whoever a lease may bind votes for nobody else."
            => reads: ReadsAreRecent = ReadsAreRecent::new(parameters, setup),
        "raft/membership": "A leader changes the voters one by one or jointly, each change after the last one and an entry of its term are committed; only voters stand, \
            whoever becomes one has what is committed, and a leader ends what is joint once that is committed and leads no more once it is removed."
            => membership: Membership = Membership::new(setup.members, parameters.learners),
        "raft/leadership-stable": "With pre-vote and check-quorum, a leader that is heard is neither deposed nor gives up, \
            one that reaches no majority does, and whoever granted a vote waits before it stands."
            => leadership_stable: LeadershipStable = LeadershipStable::new(
                parameters,
                setup.members,
                steady(setup),
            ),
        "raft/pre-votes": "A pre-vote goes to a log that is as up to date as the voter's, for a later term than its own, and nobody enters a term before \
            a candidate has."
            => pre_votes: PreVotes = PreVotes::default(),
    }
}

/// Whether timers run by clocks that are never set, and fire when they are due.
fn steady(setup: &Setup) -> bool {
    setup.clocks.timers == TimerClock::Monotonic && setup.clocks.timer_jitter.is_zero()
}

#[cfg(test)]
mod tests {

    use sim_core::facts::Facts;
    use sim_core::ordered::OrderedSet;

    use sim_core::check::{Check, Judge, Panel};

    use super::{CHECKS, Parameters, Setup, Together, checks};
    use crate::vocabulary::RaftObservation;

    fn all() -> Together {
        Together::fresh(&Parameters::default(), &Setup::new(1, 3))
    }

    #[test]
    fn the_table_names_every_check_once_and_in_order() {
        let names: Vec<_> = CHECKS.iter().map(|named| named.name).collect();
        let made = checks(&Parameters::default(), &Setup::new(1, 3));
        assert_eq!(made.iter().flat_map(Judge::names).collect::<Vec<_>>(), names);
        assert_eq!(names.iter().collect::<OrderedSet<_>>().len(), names.len());
        assert!(names.iter().all(|name| name.starts_with("raft/")));
    }

    sim_core::vocabulary! { Another { message: crate::vocabulary::RaftMessage, observation: RaftObservation } }

    /// Checks that read observations only judge any protocol that reports as this one does.
    #[test]
    fn another_raft_is_judged_by_the_same_checks() {
        type Script<C> = protocol_testing::script::Script<Another, C>;
        let mut leaders = Script::new(super::election_safety::ElectionSafety::default(), 3);
        let leads = |term| RaftObservation::BecameLeader { term, last_index: 0 };
        leaders.see(0, leads(1)).see(1, leads(2)).clean();
        leaders.see(2, leads(2)).found("", "two leaders in term 2: n2 and n3");
        let mut commits = Script::new(super::commit_durable::CommitDurable::new(3, 0), 3);
        commits.write(0, RaftObservation::Appended { index: 1, term: 1, hash: 11 }).sync(0);
        commits.see(0, super::script::counted(1, 11, 1));
        commits.found("not-replicated", "n1 committed index 1, durable at 1 of 3 members");
    }

    /// Whoever says what it hears must not wait for anything else.
    #[test]
    fn every_kind_is_heard_by_somebody_and_every_check_hears_something() {
        let all = all();
        let members = || (0..CHECKS.len()).map(|place| all.member(place));
        let mut heard: OrderedSet<_> = members().filter_map(Check::hears).flatten().collect();
        assert!(heard.insert(&"ChunkKept"), "progress, and nothing that could be wrong");
        assert_eq!(heard, RaftObservation::KINDS.iter().collect());
        assert!(members().all(|check| check.hears().is_some_and(|kinds| !kinds.is_empty())));
    }
}
