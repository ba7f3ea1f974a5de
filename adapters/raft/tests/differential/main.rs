//! Raft of this repository and the crate `raft` under one schedule: who times out, proposes, crashes, and which message is
//! delivered, lost or doubled. After each event terms, votes, roles, leaders, logs and commits must agree, and so must what
//! is said; [`known`] lists where they do not, and why.

mod known;
mod lockstep;
mod ours;
mod theirs;
mod words;

use our_raft::node::RaftFactory;
use our_raft::parameters::Parameters;
use our_raft::plants::Plants;

use known::{Known, Tally};
use lockstep::Lockstep;
use ours::Ours;
use theirs::Theirs;

/// How many events a schedule has.
const EVENTS: u32 = 150;
/// How many messages may be under way; the oldest are lost.
const UNDER_WAY: usize = 40;

/// SplitMix64 (Steele, Lea and Flood 2014).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }

    fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> Option<T> {
        (!of.is_empty()).then(|| of[self.below(of.len())])
    }
}

/// One event of a schedule, as it happens to both.
fn event(both: &mut Lockstep, dice: &mut Dice, number: u64, story: &mut Vec<String>) -> Result<(), String> {
    let server = dice.below(both.up.len());
    let leader = dice.pick(&both.leaders());
    let mut tell = |what: String| story.push(what);
    match dice.below(100) {
        0..48 if !both.flying.is_empty() => {
            let which = dice.below(both.flying.len());
            let message = both.flying[which].clone();
            let (lost, doubled) = (dice.percent(10), dice.percent(10));
            if !doubled {
                both.flying.remove(which);
            }
            let fate = if lost { "is lost" } else { "arrives" };
            tell(format!("{} to {}: {:?} {fate}", message.from, message.to, message.means));
            if !lost {
                both.deliver(&message)?;
            }
        }
        48..58 if both.up[server] => {
            tell(format!("{server} times out"));
            both.time_out(server)?;
        }
        58..68 if both.up[server] => {
            tell(format!("{server} hears nobody for long"));
            both.silence(server);
        }
        68..80 => {
            if let Some(leader) = leader {
                tell(format!("{leader} proposes {number}"));
                both.propose(leader, number)?;
            }
        }
        80..91 => {
            if let Some(leader) = leader {
                let others = (0..both.up.len()).filter(|other| *other != leader);
                let reached: Vec<usize> = others.filter(|_| dice.percent(60)).collect();
                tell(format!("{leader} sends heartbeats that reach {reached:?}"));
                both.beat(leader, &reached)?;
            }
        }
        91..94 => {
            if let Some(leader) = leader {
                tell(format!("{leader} asks whether it was heard by a majority"));
                both.audit(leader)?;
            }
        }
        94.. => {
            both.up[server] = !both.up[server];
            tell(format!("{server} {}", if both.up[server] { "starts again" } else { "crashes" }));
            if both.up[server] {
                both.restart(server)?;
            }
        }
        _ => {}
    }
    both.compare_states()
}

/// A whole schedule. The error is its story up to the first difference that nobody has explained.
fn schedule(seed: u64, plants: Plants) -> Result<(Tally, u64), String> {
    let mut dice = Dice(seed);
    let servers = 3 + dice.below(3);
    // Pre-votes without check-quorum are left out: there ours protects a leader that is heard, and the crate does not.
    let (pre_vote, check_quorum) =
        dice.pick(&[(true, true), (false, true), (false, false)]).unwrap_or_default();
    let parameters =
        Parameters { pre_vote, check_quorum, max_inflight: theirs::WINDOW as u32, ..Parameters::default() };
    let ours = Ours::new(servers, RaftFactory { parameters, plants, ..RaftFactory::default() });
    let theirs = Theirs::new(servers, pre_vote, check_quorum);
    let mut both = Lockstep::new(ours, theirs, servers, pre_vote || check_quorum);
    let mut story = vec![format!("{servers} servers, pre_vote = {pre_vote}, check_quorum = {check_quorum}")];
    for number in 0..EVENTS {
        let done = event(&mut both, &mut dice, number.into(), &mut story);
        done.map_err(|error| format!("seed {seed}\n{}\n{error}", story.join("\n")))?;
        let surplus = both.flying.len().saturating_sub(UNDER_WAY);
        both.flying.drain(..surplus);
    }
    let committed = both.most_committed();
    Ok((both.tally, committed))
}

#[test]
fn both_do_the_same_under_one_schedule() {
    let mut tally = Tally::new();
    let mut committed = 0;
    for seed in 0..10_000 {
        match schedule(seed, Plants::default()) {
            Ok((known, most)) => {
                committed += most;
                known.into_iter().for_each(|(known, times)| *tally.entry(known).or_default() += times);
            }
            Err(story) => panic!("{story}"),
        }
    }
    println!("{committed} entries committed; {tally:?}");
    assert!(committed > 3_000, "schedules must get somewhere: {committed}");
    for known in Known::ALL {
        assert!(tally.contains_key(&known), "{known:?} never comes up");
    }
}

#[test]
fn a_side_that_is_broken_is_found() {
    let plants = [
        Plants { vote_by_length: true, ..Plants::default() },
        Plants { half_is_a_majority: true, ..Plants::default() },
        Plants { truncates_without_conflict: true, ..Plants::default() },
        Plants { vote_not_durable: true, ..Plants::default() },
        Plants { counts_votes_twice: true, ..Plants::default() },
    ];
    for plants in plants {
        let found = (0..3_000).find(|seed| schedule(*seed, plants).is_err());
        println!("{found:?}");
        assert!(found.is_some(), "not found: {plants:?}");
    }
}
