//! Paper, sections 5.1, 5.2 and 5.4.1; dissertation, sections 4.2.3, 6.2 and 9.6.

use sim_core::identity::NodeId;
use sim_core::process::{Stored, SyncResult};
use sim_core::time::Duration;

use super::one::{ME, N2, N3, One, entries, heartbeat, journal, request_vote, sends, vote, without_pre_vote};
use crate::configuration::Configuration;
use crate::parameters::Parameters;
use crate::plants::Plants;
use crate::server::{QUORUM, Role};
use crate::vocabulary::{Command, Entry, RaftMessage, RaftRecord, RaftTimer};

fn plain() -> One {
    One::new(without_pre_vote())
}

fn holding(parameters: Parameters, term: u64, log: &[u64]) -> One {
    One::with(parameters, Plants::default(), 3, journal(term, log))
}

fn pre_vote(term: u64, last_index: u64, last_term: u64) -> RaftMessage {
    RaftMessage::RequestVote { term, last_index, last_term, pre: true }
}

#[test]
fn a_server_starts_as_a_follower_with_a_timer_within_bounds() {
    let own = without_pre_vote();
    let mut one = One::new(own);
    let mut seen = Vec::new();
    for _ in 0..100 {
        let after = one.election.unwrap();
        assert!((own.election_timeout_min..=own.election_timeout_max).contains(&after));
        seen.push(after);
        one.election_timeout();
    }
    seen.dedup();
    assert!(seen.len() > 95, "timeouts are drawn anew for every election");
}

#[test]
fn a_candidate_raises_its_term_votes_for_itself_and_asks_once_its_vote_is_durable() {
    assert_eq!(
        plain().election_timeout(),
        [
            "write HardState term 1 vote n1",
            "TermSet term 1",
            "Voted term 1 candidate n1",
            "BecameCandidate term 1",
            "sync 0",
            "hold 0",
            "to n2 n3: RequestVote term 1 last_index 0 last_term 0 pre false",
        ]
    );
}

#[test]
fn a_majority_makes_a_leader_which_appends_an_entry_of_its_term() {
    let mut one = plain();
    one.election_timeout();
    one.synced(SyncResult::Ok);
    assert_eq!(
        one.hears(N2, &vote(1)),
        [
            "BecameLeader term 1 last_index 0",
            "write Entry index 1 entry Entry[term 1 command Noop[]]",
            &format!("Appended index 1 term 1 hash {}", one.server().log.hash_at(1)),
            "to n2 n3: AppendEntries term 1 prev_index 0 prev_term 0 commit 0 entries [Entry[term 1 command Noop[]]]",
            "sync 1",
        ]
    );
}

#[test]
fn a_candidates_own_vote_counts_once_it_is_durable() {
    let mut one = plain();
    one.election_timeout();
    assert!(one.hears(N2, &vote(1)).is_empty(), "one durable vote of three");
    assert_eq!(one.synced(SyncResult::Ok)[0], "BecameLeader term 1 last_index 0");
    let mut one = plain();
    one.election_timeout();
    one.hears(N2, &vote(1));
    assert!(one.hears(N2, &vote(1)).is_empty(), "the same vote twice");
    assert_eq!(one.hears(N3, &vote(1))[0], "BecameLeader term 1 last_index 0", "two others are a majority");
}

#[test]
fn votes_of_another_term_or_kind_count_nothing() {
    let mut one = plain();
    one.election_timeout();
    one.synced_all();
    assert!(one.hears(N2, &vote(0)).is_empty());
    assert!(one.hears(N2, &RaftMessage::Vote { term: 1, granted: true, pre: true }).is_empty());
    assert!(one.hears(N2, &RaftMessage::Vote { term: 1, granted: false, pre: false }).is_empty());
    assert!(matches!(one.server().role, Role::Candidate(_)));
}

/// Paper, section 5.1.
#[test]
fn a_candidate_asks_again_whoever_has_not_answered() {
    let mut one = plain();
    one.election_timeout();
    one.synced_all();
    let asks = |who: &str| [format!("to {who}: RequestVote term 1 last_index 0 last_term 0 pre false")];
    assert_eq!(one.heartbeat_timeout(), asks("n2 n3"));
    one.hears(N2, &RaftMessage::Vote { term: 1, granted: false, pre: false });
    assert_eq!(one.heartbeat_timeout(), asks("n3"));
    one.hears(N3, &heartbeat(1, 0, 0, 0));
    assert!(one.heartbeat_timeout().is_empty(), "it follows");
    let mut pre = One::new(Parameters::default());
    pre.election_timeout();
    pre.hears(N3, &RaftMessage::Vote { term: 0, granted: false, pre: true });
    assert_eq!(pre.heartbeat_timeout(), ["to n2: RequestVote term 1 last_index 0 last_term 0 pre true"]);
}

#[test]
fn a_voter_gives_one_vote_a_term_first_come_first_served() {
    let mut one = plain();
    assert_eq!(one.answer(N2, &request_vote(1, 0, 0)), ["to n2: Vote term 1 granted true pre false"]);
    assert_eq!(one.answer(N3, &request_vote(1, 0, 0)), ["to n3: Vote term 1 granted false pre false"]);
    assert_eq!(one.answer(N2, &request_vote(1, 0, 0)), ["to n2: Vote term 1 granted true pre false"]);
    assert_eq!(one.answer(N3, &request_vote(2, 0, 0)), ["to n3: Vote term 2 granted true pre false"]);
    assert_eq!(one.answer(N2, &request_vote(1, 9, 9)), ["to n2: Vote term 2 granted false pre false"]);
}

/// Paper, section 5.4.1.
#[test]
fn a_voter_refuses_a_log_that_is_behind_its_own() {
    for (last_index, last_term, granted) in [(2, 2, true), (9, 1, false), (1, 2, false), (1, 3, true)] {
        let mut one = holding(without_pre_vote(), 2, &[1, 2]);
        let answer = one.answer(N2, &request_vote(3, last_index, last_term));
        assert_eq!(answer, [format!("to n2: Vote term 3 granted {granted} pre false")]);
    }
}

#[test]
fn only_a_granted_vote_and_a_valid_leader_reset_the_timer() {
    let mut one = holding(without_pre_vote(), 2, &[1, 2]);
    assert!(!one.draws_timer(N2, &request_vote(3, 1, 1)), "refused for the log, though the term is higher");
    assert!(one.draws_timer(N3, &request_vote(3, 2, 2)), "granted");
    assert!(!one.draws_timer(N3, &request_vote(3, 2, 2)), "granted already");
    assert!(!one.draws_timer(N2, &request_vote(3, 2, 2)), "given to another");
    assert!(!one.draws_timer(N2, &heartbeat(2, 0, 0, 0)), "a leader of an earlier term");
    assert!(one.draws_timer(N2, &heartbeat(3, 0, 0, 0)));
    assert!(one.draws_timer(N2, &heartbeat(3, 9, 3, 0)), "refused for the log, but from the leader");
}

#[test]
fn a_candidate_draws_its_timer_when_its_own_election_starts_and_not_when_it_asks_again() {
    let mut one = plain();
    for _ in 0..3 {
        one.election = None;
        one.election_timeout();
        assert!(one.election.is_some(), "its own election starts");
        one.election = None;
        one.synced_all();
        one.heartbeat_timeout();
        one.hears(N2, &RaftMessage::Vote { term: one.server().term, granted: false, pre: false });
        assert!(one.election.is_none(), "neither asking again nor a refusal touches it");
    }
}

#[test]
fn a_follower_that_sees_a_higher_term_keeps_its_running_timer() {
    let mut one = holding(without_pre_vote(), 2, &[1, 2]);
    assert!(!one.draws_timer(N2, &RaftMessage::AppendReply { term: 7, success: false, index: 0 }));
    assert_eq!(one.server().term, 7);
    assert!(!one.draws_timer(N2, &request_vote(8, 1, 1)));
    assert_eq!(one.server().term, 8, "the term is taken, the vote is refused for the log");
}

#[test]
fn a_candidate_that_sees_a_higher_term_keeps_its_running_timer() {
    let mut one = plain();
    one.election_timeout();
    assert!(!one.draws_timer(N2, &RaftMessage::Vote { term: 5, granted: false, pre: false }));
    assert!(matches!(one.server().role, Role::Follower));
    assert_eq!(one.server().term, 5);
}

#[test]
fn a_leader_that_sees_a_higher_term_follows_and_draws_a_timer() {
    let mut one = plain();
    one.elect();
    one.election = None;
    let lines = one.hears(N2, &RaftMessage::AppendReply { term: 4, success: false, index: 0 });
    assert_eq!(lines[..3], ["write HardState term 4 vote none", "TermSet term 4", "BecameFollower term 4"]);
    assert!(one.election.is_some());
}

#[test]
fn a_candidate_follows_the_leader_of_its_own_term() {
    let mut one = plain();
    one.election_timeout();
    one.hears(N2, &heartbeat(1, 0, 0, 0));
    assert!(matches!(one.server().role, Role::Follower));
    assert_eq!(one.server().leader, Some(N2));
}

#[test]
fn a_pre_candidate_raises_no_term_until_a_majority_would_vote() {
    let mut one = One::new(Parameters::default());
    assert_eq!(
        one.election_timeout(),
        ["BecamePreCandidate term 1", "to n2 n3: RequestVote term 1 last_index 0 last_term 0 pre true",]
    );
    assert_eq!(one.server().term, 0);
    one.election = None;
    let lines = one.hears(N2, &RaftMessage::Vote { term: 1, granted: true, pre: true });
    assert_eq!(lines[3], "BecameCandidate term 1");
    assert!(one.election.is_some(), "its own election starts");
}

/// Row 5 of the published results: the term of an isolated server does not grow.
#[test]
fn an_isolated_server_keeps_its_term_with_pre_vote_only() {
    for (parameters, term) in [(Parameters::default(), 0), (without_pre_vote(), 20)] {
        let mut one = One::new(parameters);
        for _ in 0..20 {
            one.election_timeout();
            one.synced_all();
        }
        assert_eq!(one.server().term, term);
    }
}

#[test]
fn a_pre_vote_changes_nothing_at_the_voter() {
    let mut one = holding(Parameters::default(), 2, &[1, 2]);
    let granted = ["to n2: Vote term 3 granted true pre true"];
    assert_eq!(one.hears(N2, &pre_vote(3, 2, 2)), granted);
    assert_eq!(one.hears(N2, &pre_vote(3, 2, 2)), granted);
    assert_eq!(
        one.hears(N3, &pre_vote(3, 2, 2)),
        ["to n3: Vote term 3 granted true pre true"],
        "asked by two"
    );
    assert_eq!(one.hears(N2, &pre_vote(3, 1, 2)), ["to n2: Vote term 2 granted false pre true"], "behind");
    assert_eq!(one.hears(N2, &pre_vote(2, 2, 2)), ["to n2: Vote term 2 granted false pre true"], "old term");
    assert!(!one.draws_timer(N2, &pre_vote(3, 2, 2)));
}

#[test]
fn a_server_that_hears_a_leader_refuses_pre_votes_for_the_shortest_timeout() {
    let own = Parameters::default();
    let mut one = One::new(own);
    one.hears(N2, &heartbeat(1, 0, 0, 0));
    one.synced_all();
    one.advance(Duration::from_nanos(own.election_timeout_min.as_nanos() - 1));
    assert_eq!(one.answer(N3, &pre_vote(2, 0, 0)), ["to n3: Vote term 1 granted false pre true"]);
    one.advance(Duration::from_nanos(1));
    assert_eq!(one.answer(N3, &pre_vote(2, 0, 0)), ["to n3: Vote term 2 granted true pre true"]);
    one.hears(N2, &heartbeat(1, 0, 0, 0));
    one.election_timeout();
    assert_eq!(
        one.answer(N3, &pre_vote(2, 0, 0)),
        ["to n3: Vote term 2 granted true pre true"],
        "it has given up the leader itself"
    );
}

#[test]
fn a_clock_set_back_protects_no_leader_for_ever() {
    let mut one = One::new(Parameters::default());
    one.hears(N2, &heartbeat(1, 0, 0, 0));
    one.solo.now = sim_core::time::Time::ZERO;
    assert_eq!(one.answer(N3, &pre_vote(2, 0, 0)), ["to n3: Vote term 2 granted true pre true"]);
}

#[test]
fn with_check_quorum_a_server_that_hears_a_leader_ignores_later_terms() {
    let mut one = One::new(Parameters::default());
    one.hears(N2, &heartbeat(1, 0, 0, 0));
    one.synced_all();
    assert!(one.hears(N3, &request_vote(7, 9, 9)).is_empty());
    assert_eq!(one.server().term, 1);
    let mut without = One::new(Parameters { check_quorum: false, ..Parameters::default() });
    without.hears(N2, &heartbeat(1, 0, 0, 0));
    assert_eq!(without.answer(N3, &request_vote(7, 9, 9)), ["to n3: Vote term 7 granted true pre false"]);
}

/// Else a server stuck in a later term, whose candidacy is ignored, would never be heard again.
#[test]
fn a_refused_heartbeat_tells_the_leader_of_a_later_term() {
    let mut one = holding(Parameters::default(), 9, &[]);
    assert_eq!(
        one.hears(N2, &heartbeat(3, 0, 0, 0)),
        ["to n2: AppendReply term 9 success false index 0"],
        "nothing else changes"
    );
}

#[test]
fn a_leader_steps_down_without_a_majority_and_stays_with_one() {
    let mut one = One::new(Parameters { pre_vote: false, ..Parameters::default() });
    one.elect();
    one.hears(N3, &RaftMessage::AppendReply { term: 1, success: true, index: 1 });
    assert!(one.fires(QUORUM, RaftTimer::Quorum).is_empty(), "heard from a majority, itself included");
    assert_eq!(one.fires(QUORUM, RaftTimer::Quorum), ["BecameFollower term 1"], "not since then");
    assert_eq!((one.server().leader, one.server().vote), (None, Some(ME)));
}

#[test]
fn nobody_but_members_is_heard_as_a_server() {
    let mut one = plain();
    assert!(one.hears(super::one::CLIENT, &request_vote(9, 9, 9)).is_empty());
    assert!(one.hears(super::one::CLIENT, &entries(9, 0, 0, 0, &[9])).is_empty());
}

#[test]
fn a_cluster_of_one_elects_itself_when_its_vote_is_durable() {
    let mut one = One::with(Parameters::default(), Plants::default(), 1, Vec::new());
    assert!(sends(&one.election_timeout()).is_empty());
    assert_eq!(one.synced(SyncResult::Ok)[0], "BecameLeader term 1 last_index 0");
    let committed = one.synced(SyncResult::Ok);
    assert!(committed[0].starts_with("Committed index 1"), "{committed:?}");
}

/// What was meant for a server that was wiped reaches the new member in its place.
#[test]
fn who_does_not_vote_is_handed_nothing_over() {
    let stands = |voters: &[NodeId], anybody_stands: bool| {
        let config = Configuration { voters: voters.to_vec(), ..Configuration::default() };
        let entry = Entry::new(1, Command::Config { config: config.into() });
        let stored = [RaftRecord::HardState { term: 1, vote: None }, RaftRecord::Entry { index: 1, entry }];
        let plants = Plants { anybody_stands, ..Plants::default() };
        let mut one = One::with(without_pre_vote(), plants, 3, stored.map(Stored::Intact).to_vec());
        one.hears(N2, &heartbeat(1, 1, 1, 1));
        let lines = one.hears(N2, &RaftMessage::TimeoutNow { term: 1 });
        lines.iter().any(|line| line.contains("BecameCandidate"))
    };
    assert!(stands(&[ME, N2, N3], false));
    assert!(!stands(&[N2, N3], false));
    assert!(stands(&[N2, N3], true), "which the check of membership accuses");
}
