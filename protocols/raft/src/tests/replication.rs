//! Paper, sections 5.3 and 5.4.2; dissertation, sections 10.2.1 and 10.2.2.

use sim_core::process::SyncResult;
use sim_core::time::Time;

use super::one::{CLIENT, N2, N3, One, entries, heartbeat, journal, sends, without_pre_vote};
use crate::parameters::Parameters;
use crate::plants::Plants;
use crate::vocabulary::RaftMessage;
use objects::Operation;

fn follower(term: u64, log: &[u64]) -> One {
    One::with(without_pre_vote(), Plants::default(), 3, journal(term, log))
}

/// A leader of the next term, whose log had these terms; its own first entry is on its way and durable.
fn leader(parameters: Parameters, plants: Plants, log: &[u64]) -> One {
    let mut one = One::with(parameters, plants, 3, journal(*log.last().unwrap_or(&0), log));
    one.elect();
    one.synced_all();
    one
}

fn ack(term: u64, index: u64) -> RaftMessage {
    RaftMessage::AppendReply { term, success: true, index }
}

fn refusal(term: u64, index: u64) -> RaftMessage {
    RaftMessage::AppendReply { term, success: false, index }
}

fn put(sequence: u64) -> RaftMessage {
    RaftMessage::ClientRequest {
        sequence,
        operation: Operation::Put { key: 1, value: sequence },
        relay: false,
    }
}

/// `n2 n3: 4+2` stands for two entries after index 4.
fn short(lines: &[String]) -> Vec<String> {
    let number = |text: &str, name: &str| -> u64 {
        text.split_once(name).unwrap().1.split(' ').next().unwrap().parse().unwrap()
    };
    let shorten = |line: &String| {
        let (to, message) = line.strip_prefix("to ").unwrap().split_once(": ").unwrap();
        let count = message.matches("Entry[").count();
        format!("{to}: {}+{count}", number(message, "prev_index "))
    };
    sends(lines).iter().filter(|line| line.contains("AppendEntries")).map(shorten).collect()
}

fn terms(one: &One) -> Vec<u64> {
    (1..=one.server().log.last_index()).filter_map(|index| one.server().log.term_at(index)).collect()
}

/// Paper, figure 7: every log that a follower may have, and what the leader's entries make of it.
#[test]
fn a_followers_log_becomes_the_leaders() {
    let leaders = [1, 1, 1, 4, 4, 5, 5, 6, 6, 6];
    let followers: [&[u64]; 6] = [
        &[1, 1, 1, 4, 4, 5, 5, 6, 6],
        &[1, 1, 1, 4],
        &[1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6],
        &[1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7],
        &[1, 1, 1, 4, 4, 4, 4],
        &[1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3],
    ];
    for log in followers {
        let mut one = follower(7, log);
        let (mut prev, mut rounds) = (10, 0);
        loop {
            let prev_term = if prev == 0 { 0 } else { leaders[prev as usize - 1] };
            one.synced_all();
            let answer = one.answer(N2, &entries(8, prev, prev_term, 0, &leaders[prev as usize..]));
            rounds += 1;
            let (_, index) = answer[0].split_once("index ").unwrap();
            if answer[0].contains("success true") {
                assert_eq!(index, "10");
                break;
            }
            let hint: u64 = index.parse().unwrap();
            assert!(hint < prev);
            prev = hint;
        }
        assert!(rounds <= 3, "{log:?} took {rounds}");
        assert_eq!(terms(&one)[..10], leaders, "{log:?}");
    }
}

#[test]
fn entries_that_match_are_kept_with_all_that_follows() {
    let mut one = follower(3, &[1, 2, 3, 3]);
    assert_eq!(
        one.answer(N2, &entries(3, 1, 1, 0, &[2])),
        ["to n2: AppendReply term 3 success true index 2"]
    );
    assert_eq!(terms(&one), [1, 2, 3, 3], "a late message drops nothing");
}

#[test]
fn a_conflict_drops_the_suffix_and_says_so_in_order() {
    let mut one = follower(3, &[1, 2, 2]);
    let lines = one.hears(N2, &entries(3, 1, 1, 0, &[3]));
    let hash = one.server().log.hash_at(2);
    assert_eq!(
        lines,
        [
            "write Truncate from 2",
            "Truncated from 2",
            "write Entry index 2 entry Entry[term 3 command Noop[]]",
            &format!("Appended index 2 term 3 hash {hash}"),
            "sync 0",
            "hold 0",
            "to n2: AppendReply term 3 success true index 2",
        ]
    );
}

#[test]
fn a_follower_commits_no_further_than_what_was_compared() {
    let mut one = follower(2, &[1, 1, 2]);
    one.hears(N2, &heartbeat(3, 2, 1, 3));
    assert_eq!((one.server().commit, one.server().applied), (2, 2), "index 3 may still conflict");
    let lines = one.hears(N2, &heartbeat(3, 3, 2, 9));
    assert!(lines.iter().any(|line| line.starts_with("Committed index 3")), "{lines:?}");
}

#[test]
fn followers_with_equal_logs_share_one_message() {
    let mut one = One::new(without_pre_vote());
    assert_eq!(short(&one.elect()), ["n2 n3: 0+1"]);
    assert_eq!(short(&one.heartbeat_timeout()), ["n2 n3: 0+0"]);
    one.hears(N2, &ack(1, 1));
    assert_eq!(short(&one.heartbeat_timeout()), ["n2: 1+0", "n3: 0+0"]);
}

#[test]
fn entries_are_pipelined_up_to_the_window_and_then_batched() {
    let parameters = Parameters { max_inflight: 2, max_batch: 3, ..without_pre_vote() };
    let mut one = leader(parameters, Plants::default(), &[]);
    assert!(short(&one.hears(CLIENT, &put(1))).is_empty(), "one probe at a time");
    assert_eq!(short(&one.hears(N2, &ack(1, 1))), ["n2: 1+1"]);
    assert_eq!(short(&one.hears(CLIENT, &put(2))), ["n2: 2+1"], "before the first is acknowledged");
    for sequence in 3..8 {
        assert!(short(&one.hears(CLIENT, &put(sequence))).is_empty(), "the window is full");
    }
    assert_eq!(short(&one.hears(N2, &ack(1, 3))), ["n2: 3+3", "n2: 6+2"], "in batches");
    assert_eq!(short(&one.hears(N3, &ack(1, 1))), ["n3: 1+3", "n3: 4+3"]);
}

#[test]
fn a_refusal_goes_back_to_probing_at_the_hint() {
    let mut one = leader(without_pre_vote(), Plants::default(), &[1, 1, 2, 2]);
    assert_eq!(short(&one.hears(N2, &refusal(3, 2))), ["n2: 2+3"]);
    assert!(one.hears(N2, &refusal(3, 2)).is_empty(), "no news: the probe is under way");
    assert_eq!(short(&one.hears(N2, &refusal(3, 0))), ["n2: 0+5"]);
    one.hears(N2, &ack(3, 5));
    assert_eq!(short(&one.hears(CLIENT, &put(1))), ["n2: 5+1"]);
}

/// Where the network reorders, each message that overtakes another is refused: whole windows for each refusal were a flood.
#[test]
fn after_a_refusal_the_window_grows_with_each_acknowledgment() {
    let parameters = Parameters { max_inflight: 8, max_batch: 1, ..without_pre_vote() };
    let mut one = leader(parameters, Plants::default(), &[1; 8]);
    assert_eq!(short(&one.hears(N2, &refusal(2, 0))), ["n2: 0+1"]);
    assert_eq!(short(&one.hears(N2, &ack(2, 1))), ["n2: 1+1", "n2: 2+1"]);
    assert_eq!(short(&one.hears(N2, &ack(2, 2))), ["n2: 3+1", "n2: 4+1"]);
    assert!(one.hears(N2, &ack(2, 2)).is_empty(), "no news");
    assert_eq!(short(&one.hears(N2, &refusal(2, 2))), ["n2: 2+1"], "the fourth overtook the third");
    assert_eq!(short(&one.hears(N2, &ack(2, 3))), ["n2: 3+1", "n2: 4+1"]);
}

/// A lost message is found by the next heartbeat, since it claims what was sent.
#[test]
fn a_heartbeat_finds_what_was_lost() {
    let mut one = leader(without_pre_vote(), Plants::default(), &[]);
    one.hears(N2, &ack(1, 1));
    assert_eq!(short(&one.hears(CLIENT, &put(1))), ["n2: 1+1"]);
    assert_eq!(short(&one.heartbeat_timeout()), ["n2: 2+0", "n3: 0+0"]);
    assert_eq!(short(&one.hears(N2, &refusal(1, 1))), ["n2: 1+1"]);
    assert_eq!(short(&one.hears(N3, &ack(1, 0))), ["n3: 0+2"], "a lost probe is sent again after it");
}

/// Paper, section 5.2: heartbeats are repeated during idle periods.
#[test]
fn heartbeats_go_to_idle_followers_when_their_time_has_come() {
    let mut one = leader(without_pre_vote(), Plants::default(), &[]);
    let heartbeat = Parameters::default().heartbeat;
    one.hears(N2, &ack(1, 1));
    one.hears(N3, &ack(1, 1));
    one.advance(heartbeat / 5 * 4);
    assert_eq!(short(&one.hears(CLIENT, &put(1))), ["n2 n3: 1+1"]);
    one.hears(N2, &ack(1, 2));
    one.hears(N3, &ack(1, 2));
    one.advance(heartbeat / 5);
    assert!(one.heartbeat_fires().is_empty(), "both have just got an entry");
    assert_eq!(one.heartbeat, Some(heartbeat / 5 * 4), "the next is due an interval after the entry");
    one.advance(heartbeat / 5 * 4);
    assert_eq!(short(&one.heartbeat_fires()), ["n2 n3: 2+0"]);
    assert_eq!(one.heartbeat, Some(heartbeat));
}

/// Entries may be answered late, since they wait for a disk; a heartbeat is answered at once.
#[test]
fn a_silent_follower_gets_heartbeats_among_its_entries() {
    let mut one = leader(without_pre_vote(), Plants::default(), &[]);
    let heartbeat = Parameters::default().heartbeat;
    one.hears(N2, &ack(1, 1));
    one.hears(N3, &ack(1, 1));
    for sequence in 1..4 {
        one.advance(heartbeat / 2);
        assert_eq!(short(&one.hears(CLIENT, &put(sequence))).len(), 1);
        one.hears(N2, &ack(1, sequence + 1));
    }
    assert_eq!(short(&one.heartbeat_fires()), ["n3: 4+0"]);
    assert_eq!(one.heartbeat, Some(heartbeat), "it has as long to answer");
    assert!(one.heartbeat_fires().is_empty());
}

#[test]
fn a_clock_that_is_set_back_puts_no_heartbeat_off() {
    let mut one = leader(without_pre_vote(), Plants::default(), &[]);
    one.hears(N2, &ack(1, 1));
    one.hears(N3, &ack(1, 1));
    one.solo.now = Time::from_nanos(1);
    assert_eq!(short(&one.heartbeat_fires()), ["n2 n3: 1+0"]);
    assert_eq!(one.heartbeat, Some(Parameters::default().heartbeat));
}

#[test]
fn a_majority_commits_and_nobody_is_told_before_the_next_message() {
    let mut one = leader(without_pre_vote(), Plants::default(), &[]);
    let lines = one.hears(N2, &ack(1, 1));
    assert!(lines[0].starts_with("Committed index 1"), "{lines:?}");
    assert!(lines[0].ends_with("entry_term 1 term 1 counted true"));
    assert!(lines[1].starts_with("Applied index 1"));
    assert_eq!(lines.len(), 2, "the commit index rides on the next message: {lines:?}");
    assert!(sends(&one.heartbeat_timeout())[0].contains("commit 1"));
}

#[test]
fn a_leaders_own_copy_counts_once_it_is_durable() {
    let mut one = One::new(without_pre_vote());
    one.elect();
    assert!(one.hears(N2, &ack(1, 1)).is_empty(), "one durable copy of three");
    assert!(one.synced(SyncResult::Ok)[0].starts_with("Committed index 1"));
    let mut one = One::new(without_pre_vote());
    one.elect();
    one.hears(N2, &ack(1, 1));
    assert!(one.hears(N3, &ack(1, 1))[0].starts_with("Committed index 1"), "two others are a majority");
}

/// Paper, section 5.4.2 and figure 8. Plant R03 differs in this step and in no other.
#[test]
fn entries_of_earlier_terms_are_not_committed_by_counting() {
    let plants = Plants { commit_old_term_by_counting: true, ..Plants::default() };
    let mut clean = leader(without_pre_vote(), Plants::default(), &[1, 2]);
    let mut planted = leader(without_pre_vote(), plants, &[1, 2]);
    assert!(clean.hears(N2, &ack(3, 2)).iter().all(|line| !line.starts_with("Committed")));
    let lines = planted.hears(N2, &ack(3, 2));
    assert!(lines[0].starts_with("Committed index 2"), "{lines:?}");
    for one in [&mut clean, &mut planted] {
        let lines = one.hears(N2, &ack(3, 3));
        assert!(
            lines[0].starts_with("Committed index 3"),
            "the leader's own entry takes them along: {lines:?}"
        );
        assert_eq!(one.server().applied, 3);
    }
}

#[test]
fn a_reply_of_an_earlier_term_counts_nothing() {
    let mut one = leader(without_pre_vote(), Plants::default(), &[]);
    assert!(one.hears(N2, &ack(0, 1)).is_empty());
    assert_eq!(one.server().commit, 0);
}
