//! What an earlier run could have left on the disks: terms, votes and logs that differ.
//!
//! A few elections are held in the abstract, each with some of the servers out of reach. A candidate that a majority finds up to
//! date appends entries, and some of the others take some of them (paper, sections 5.2 to 5.4). Nobody was told that anything
//! is committed, and the entries do nothing, so that no client misses them. Long tails of old terms, votes without a leader and
//! servers terms apart are common here and seldom in the first seconds of a run.

use serde_json::{Value, json};
use sim_core::identity::NodeName;
use sim_core::registry::parameters::Dice;

/// How many entries one leader appends.
const APPENDED: [usize; 8] = [1, 1, 2, 3, 5, 10, 30, 60];
/// The most elections.
const MOST_ELECTIONS: u64 = 6;

/// A server of the past.
#[derive(Clone, Debug, Default)]
struct Left {
    term: u64,
    vote: Option<usize>,
    log: Vec<u64>,
}

impl Left {
    /// Hears of a term.
    fn enter(&mut self, term: u64) {
        if term > self.term {
            (self.term, self.vote) = (term, None);
        }
    }

    /// Whether another log is at least as up to date as its own (section 5.4.1).
    fn finds_up_to_date(&self, other: &[u64]) -> bool {
        let rank = |log: &[u64]| (log.last().copied().unwrap_or(0), log.len());
        rank(other) >= rank(&self.log)
    }
}

/// Draws a past for so many members, of which the first `voters` vote, as [`super::InitialState`] reads it.
pub(crate) fn draw(members: u32, voters: usize, dice: &mut Dice<'_>) -> Value {
    let mut pick = |n: u64| dice.below(n);
    let mut servers = vec![Left::default(); members as usize];
    let mut term = 0;
    for _ in 0..=pick(MOST_ELECTIONS) {
        term += 1 + pick(4) / 3;
        let candidate = pick(voters as u64) as usize;
        if elected(&mut servers, (candidate, voters), term, &mut pick) {
            append(&mut servers, candidate, term, &mut pick);
        }
    }
    let name = |server: usize| NodeName(server as u32).to_string();
    let left = servers.iter().enumerate().filter(|(_, left)| left.term > 0);
    left.map(|(server, Left { term, vote, log })| {
        json!({ "nodes": [name(server)], "term": term, "vote": vote.map(name), "log": log })
    })
    .collect()
}

/// Whether a candidate wins an election that some of the servers hear of.
fn elected(
    servers: &mut [Left],
    (candidate, voters): (usize, usize),
    term: u64,
    pick: &mut impl FnMut(u64) -> u64,
) -> bool {
    let log = servers[candidate].log.clone();
    let mut granted = 0;
    for (server, left) in servers.iter_mut().enumerate().take(voters) {
        if server != candidate && pick(4) == 0 {
            continue;
        }
        left.enter(term);
        if left.finds_up_to_date(&log) {
            left.vote = Some(candidate);
            granted += 1;
        }
    }
    granted > voters / 2
}

/// A leader appends entries of its term; each of the others takes none, some or all of them.
fn append(servers: &mut [Left], leader: usize, term: u64, pick: &mut impl FnMut(u64) -> u64) {
    let kept = servers[leader].log.len();
    let more = APPENDED[pick(APPENDED.len() as u64) as usize];
    servers[leader].log.extend(std::iter::repeat_n(term, more));
    let log = servers[leader].log.clone();
    for (server, left) in servers.iter_mut().enumerate() {
        let taken = match pick(4) {
            0 => more,
            1 => 1 + pick(more as u64) as usize,
            _ => 0,
        };
        if server != leader && taken > 0 {
            left.enter(term);
            left.log = log[..kept + taken].to_vec();
        }
    }
}

#[cfg(test)]
mod tests {

    use sim_core::ordered::OrderedSet;
    use sim_core::random::{StreamName, stream};

    use super::super::InitialState;
    use super::*;

    #[test]
    fn every_past_is_one_that_a_cluster_could_have_come_to() {
        let (mut differ, mut split) = (0, 0);
        for seed in 0..2_000 {
            let members = 1 + (seed % 9) as u32;
            let voters = if seed % 5 == 0 { members.div_ceil(2) } else { members } as usize;
            let past = draw(members, voters, &mut Dice::new(&mut stream(seed, StreamName::Past)));
            InitialState::read(&past, members).unwrap_or_else(|error| panic!("{past}: {}", error.message));
            let list = past.as_array().unwrap();
            let logs: OrderedSet<String> = list.iter().map(|left| left["log"].to_string()).collect();
            differ += usize::from(logs.len() > 2);
            let entries = |left: &Value| left["log"].as_array().unwrap().last().and_then(Value::as_u64);
            let lasts: OrderedSet<_> = list.iter().filter_map(entries).collect();
            split += usize::from(lasts.len() > 2);
        }
        assert!(
            differ > 900 && split > 200,
            "{differ} with three logs or more, {split} with three last terms"
        );
    }

    #[test]
    fn who_lacks_what_a_majority_has_wins_no_election() {
        let nobody_is_away = |_| 1;
        let mut servers = vec![Left::default(); 3];
        for ahead in &mut servers[1..] {
            (ahead.term, ahead.log) = (1, vec![1, 1]);
        }
        let behind = elected(&mut servers, (0, 3), 2, &mut { nobody_is_away });
        let votes: Vec<Option<usize>> = servers.iter().map(|left| left.vote).collect();
        assert_eq!((behind, votes), (false, vec![Some(0), None, None]));
        servers[0].log = vec![1, 1];
        assert!(elected(&mut servers, (0, 3), 3, &mut { nobody_is_away }));
        assert!(servers.iter().all(|left| (left.term, left.vote) == (3, Some(0))));
    }

    #[test]
    fn what_a_leader_appends_replaces_what_does_not_match() {
        let mut servers = vec![Left::default(); 3];
        (servers[1].term, servers[1].log) = (1, vec![1, 1, 1]);
        servers[2].term = 2;
        append(&mut servers, 0, 2, &mut |_| 0);
        let logs: Vec<&[u64]> = servers.iter().map(|left| &left.log[..]).collect();
        assert_eq!(logs, [&[2][..], &[2], &[2]]);
        assert_eq!(servers[1].term, 2);
    }
}
