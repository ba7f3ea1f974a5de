use sim_core::identity::NodeId;
use sim_core::time::{Duration, Time};

use super::LeadershipStable;
use crate::configuration::Configuration;
use crate::parameters::Parameters;
use crate::safety::script::{Script, leads};
use crate::vocabulary::{RaftMessage, RaftObservation};

/// Timeouts of 150 to 300 ms, heartbeats of 50 ms.
fn script(members: u32) -> Script<LeadershipStable> {
    Script::new(LeadershipStable::new(&Parameters::default(), members, true), members)
}

const fn ms(millis: u64) -> Time {
    Time::from_nanos(millis * 1_000_000)
}

fn entries(term: u64) -> RaftMessage {
    RaftMessage::AppendEntries { term, prev_index: 0, prev_term: 0, commit: 0, entries: [][..].into() }
}

fn request(term: u64, pre: bool) -> RaftMessage {
    RaftMessage::RequestVote { term, last_index: 0, last_term: 0, pre }
}

fn granted(term: u64, pre: bool) -> RaftMessage {
    RaftMessage::Vote { term, granted: true, pre }
}

fn answer(term: u64) -> RaftMessage {
    RaftMessage::AppendReply { term, success: true, index: 0 }
}

const fn voted(term: u64, candidate: u32) -> RaftObservation {
    RaftObservation::Voted { term, candidate: NodeId(candidate) }
}

const fn term(term: u64) -> RaftObservation {
    RaftObservation::TermSet { term }
}

/// A server of three that has heard its leader, n1, of term 1 at 100 ms.
fn led() -> Script<LeadershipStable> {
    let mut script = script(3);
    script.see(1, term(1)).receive(ms(100), 0, 1, entries(1));
    script
}

#[test]
fn who_hears_a_leader_grants_no_vote_before_the_shortest_timeout() {
    led().receive(ms(250), 2, 1, request(2, false)).see(1, term(2)).see(1, voted(2, 2)).clean();
    // Of the term that it is in already, nobody is deposed.
    led().receive(ms(120), 2, 1, request(1, false)).see(1, voted(1, 2)).clean();
    // It has learned of a later term, whose leader it does not hear.
    led().see(1, term(2)).receive(ms(120), 2, 1, request(3, false)).see(1, voted(3, 2)).clean();
    led()
        .receive(ms(249), 2, 1, request(2, false))
        .see(1, term(2))
        .see(1, voted(2, 2))
        .found("vote", "n2 voted for n3 in term 2 while it heard a leader");
}

#[test]
fn who_hears_a_leader_grants_no_pre_vote_before_the_shortest_timeout() {
    led().receive(ms(250), 2, 1, request(2, true)).send(1, 2, granted(2, true)).clean();
    // Granted when the disk was done, though it was asked for in time.
    led()
        .receive(ms(250), 2, 1, request(2, true))
        .receive(ms(251), 0, 1, entries(1))
        .receive(ms(252), 2, 1, request(2, true))
        .send(1, 2, granted(2, true))
        .clean();
    led()
        .receive(ms(249), 2, 1, request(2, true))
        .send(1, 2, granted(2, true))
        .found("pre-vote", "n2 granted n3 a pre-vote for term 2 while it heard a leader");
}

#[test]
fn a_leader_grants_no_pre_vote() {
    script(3)
        .see(0, term(1))
        .see(0, leads(1, 0))
        .receive(ms(900), 1, 0, request(2, true))
        .send(0, 1, granted(2, true))
        .found("pre-vote", "n1 granted n2 a pre-vote for term 2 while it heard a leader");
}

#[test]
fn a_candidacy_rests_on_the_pre_votes_of_a_majority() {
    let asks = RaftObservation::BecamePreCandidate { term: 2 };
    let stands = RaftObservation::BecameCandidate { term: 2 };
    let mut fair = script(5);
    fair.see(0, asks.clone()).receive(ms(1), 1, 0, granted(2, true)).receive(ms(1), 2, 0, granted(2, true));
    fair.see(0, term(2)).see(0, stands.clone()).clean();
    let mut twice = script(5);
    twice.see(0, asks).receive(ms(1), 1, 0, granted(2, true)).receive(ms(1), 1, 0, granted(2, true));
    twice.see(0, stands.clone());
    twice.found("no-pre-votes", "n1 is a candidate in term 2 with 2 pre-votes, 3 are a majority");
    script(3)
        .see(0, stands.clone())
        .found("no-pre-votes", "n1 is a candidate in term 2 with 0 pre-votes, 2 are a majority");
    script(1).see(0, stands).clean();
}

/// The leader of term 1 of three servers, answered by n2 at 1,000 ms.
fn leading() -> Script<LeadershipStable> {
    let mut script = script(3);
    script.at(ms(900), 0).see(0, term(1)).see(0, leads(1, 0)).receive(ms(1_000), 1, 0, answer(1));
    script
}

#[test]
fn a_leader_that_is_answered_goes_only_for_a_later_term_or_a_failed_disk() {
    let follows = |term| RaftObservation::BecameFollower { term };
    leading().at(ms(1_300), 0).see(0, follows(1)).clean();
    leading().at(ms(1_100), 0).see(0, term(2)).see(0, follows(2)).clean();
    leading().at(ms(1_100), 0).fail_sync(0).see(0, follows(1)).clean();
    leading()
        .at(ms(1_299), 0)
        .see(0, follows(1))
        .found("left-office", "n1 stopped leading term 1 although 2 servers answered within 300ms");
    leading()
        .at(ms(2_000), 0)
        .see(0, RaftObservation::BecamePreCandidate { term: 2 })
        .found("candidate", "n1, leader of term 1, became a candidate");
}

/// The leader speaks with each heartbeat of these milliseconds.
fn speak(script: &mut Script<LeadershipStable>, from: u64, to: u64) {
    for at in (from..to).step_by(50) {
        script.at(ms(at), 0).send(0, 1, entries(1));
    }
}

#[test]
fn a_leader_that_nobody_answers_is_found_unless_it_stood_still() {
    let mut deaf = leading();
    speak(&mut deaf, 1_000, 2_201);
    deaf.clean();
    speak(&mut deaf, 2_250, 2_251);
    deaf.found("deaf", "n1 leads term 1 although no majority has answered for 4 windows of check-quorum");
    let mut paused = leading();
    speak(&mut paused, 9_000, 9_001);
    paused.clean();
    let mut heard = leading();
    for start in (1_000..9_000).step_by(500) {
        heard.receive(ms(start), 2, 0, answer(1));
        speak(&mut heard, start, start + 500);
    }
    heard.clean();
}

/// Its learners answer or not; when the operator makes one of them a voter, that one has four windows like everybody.
#[test]
fn the_only_voter_owes_nobody_an_answer_and_voters_that_it_adds_count_from_then_on() {
    let grown = |until: u64| {
        let parameters = Parameters { learners: 2, ..Parameters::default() };
        let mut script = Script::new(LeadershipStable::new(&parameters, 3, true), 3);
        script.see(0, term(1)).at(ms(1_000), 0).see(0, leads(1, 0));
        let speak = |script: &mut Script<LeadershipStable>, from, to| {
            (from..to).step_by(50).for_each(|at| {
                script.at(ms(at), 0).send(0, 1, entries(1));
            });
        };
        speak(&mut script, 1_050, 2_150);
        let voters = [NodeId(0), NodeId(1)];
        let config = Configuration { voters: voters.to_vec(), outgoing: vec![], learners: vec![NodeId(2)] };
        let appended = RaftObservation::ConfigAppended { index: 2, term: 1, config: config.into() };
        script.at(ms(2_160), 0).see(0, appended);
        speak(&mut script, 2_200, until);
        script
    };
    grown(3_300).clean();
    grown(3_500)
        .found("deaf", "n1 leads term 1 although no majority has answered for 4 windows of check-quorum");
}

#[test]
fn whoever_a_new_configuration_needs_owed_no_answer_before_it() {
    let configured = |index, voters: &[u32]| {
        let voters: Vec<NodeId> = voters.iter().copied().map(NodeId).collect();
        RaftObservation::ConfigAppended { index, term: 1, config: Configuration::of(&voters).into() }
    };
    let mut sole = script(1);
    sole.at(ms(900), 0).see(0, term(1)).see(0, configured(1, &[0])).see(0, leads(1, 0));
    // A learner gets its entries for a while before it votes.
    speak(&mut sole, 950, 2_050);
    sole.see(0, configured(2, &[0, 1]));
    speak(&mut sole, 2_050, 3_201);
    sole.clean();
    speak(&mut sole, 3_250, 3_301);
    sole.found("deaf", "n1 leads term 1 although no majority has answered for 4 windows of check-quorum");
}

#[test]
fn a_candidate_that_hears_a_leader_follows_at_once_and_for_the_shortest_timeout() {
    let asks = || RaftObservation::BecamePreCandidate { term: 2 };
    let follows = || RaftObservation::BecameFollower { term: 1 };
    let candidate = || {
        let mut script = led();
        script.at(ms(300), 1).see(1, asks()).receive(ms(320), 0, 1, entries(1));
        script
    };
    candidate().see(1, follows()).receive(ms(330), 0, 1, entries(1)).clean();
    candidate()
        .receive(ms(330), 0, 1, entries(1))
        .found("not-followed", "n2 got a valid AppendEntries as a candidate and does not follow");
    led().at(ms(250), 1).see(1, asks()).clean();
    led()
        .at(ms(249), 1)
        .see(1, asks())
        .found("impatient", "n2 asks for pre-votes within 150ms of a message of the leader of its term 1");
}

#[test]
fn without_pre_vote_or_check_quorum_or_steady_timers_it_is_off() {
    use sim_core::check::Check as _;
    let off = |parameters, steady| LeadershipStable::new(&parameters, 3, steady).takes().is_empty();
    let default = Parameters::default();
    assert!(!off(default, true) && off(default, false));
    assert!(off(Parameters { pre_vote: false, ..default }, true));
    assert!(off(Parameters { check_quorum: false, ..default }, true));
}

#[test]
fn the_window_is_that_of_the_settings() {
    let parameters = Parameters { election_timeout_min: Duration::from_millis(20), ..Parameters::default() };
    let mut script = Script::new(LeadershipStable::new(&parameters, 3, true), 3);
    script.see(1, term(1)).receive(ms(100), 0, 1, entries(1));
    script.receive(ms(120), 2, 1, request(2, false)).see(1, term(2)).see(1, voted(2, 2)).clean();
    assert!(script.exercised() > 0);
}

/// A server of three that granted n3 a vote which it was asked for at 100 ms.
fn has_voted() -> Script<LeadershipStable> {
    let mut script = script(3);
    script.receive(ms(100), 2, 1, request(2, false)).see(1, term(2)).see(1, voted(2, 2));
    script
}

#[test]
fn who_granted_a_vote_stands_no_earlier_than_the_shortest_timeout_after_it_was_asked() {
    let stands = RaftObservation::BecamePreCandidate { term: 3 };
    has_voted().at(ms(250), 1).see(1, stands.clone()).clean();
    has_voted().at(ms(249), 1).see(1, stands.clone()).found(
        "impatient-voter",
        "n2 asks for pre-votes 149ms after it was asked for the vote that it granted in term 2, the shortest timeout is 150ms",
    );
    // Who asks again is answered, and puts nothing off.
    has_voted().receive(ms(200), 2, 1, request(2, false)).at(ms(260), 1).see(1, stands.clone()).clean();
    // The disk was slow: the timer began when it was asked.
    let mut slow = script(3);
    slow.receive(ms(100), 2, 1, request(2, false)).at(ms(240), 1).see(1, term(2)).see(1, voted(2, 2));
    slow.at(ms(260), 1).see(1, stands.clone()).clean();
    // A vote for itself puts nothing off, and a restart forgets.
    let mut own = script(3);
    own.receive(ms(100), 2, 1, request(2, false)).see(1, term(3)).see(1, voted(3, 1));
    own.at(ms(120), 1).see(1, stands.clone()).clean();
    has_voted().crash(1, 0).boot(1).at(ms(120), 1).see(1, stands).clean();
}
