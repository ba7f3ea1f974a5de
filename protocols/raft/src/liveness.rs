//! What progress a Raft cluster owes: an operation of each client, and every server of the core at what was committed.

use sim_core::check::Seen;
use sim_core::ground::{Electorate, Ground, Place};
use sim_core::identity::{NodeId, Slot};
use sim_core::outcome::Stall;
use sim_core::progress::Pace;
use sim_core::setup::Setup;
use sim_core::simulate::{Liveness, Reach};
use sim_core::time::Duration;

use super::configuration::{Config, genesis};
use super::parameters::Parameters;
use super::safety::Configs;
use super::timing::{self, Scale};
use super::vocabulary::{Raft, RaftObservation};

/// Operations complete once a majority of the members can talk to each other, unless a server outside the healed core
/// gets in their way: a knob that is off lets it, or it leads them and is still broken.
#[derive(Clone, Debug)]
pub struct RaftLiveness {
    parameters: Parameters,
    /// Whether members come and go.
    changes: bool,
    members: usize,
    scale: Scale,
    /// The probability that a message is lost or damaged.
    loss: f64,
    /// The highest index that anybody running had committed at the heal.
    target: u64,
    /// By slot: how far it must still come, and has come.
    behind: Vec<Option<u64>>,
    missing: usize,
    /// By slot: the most chunks of a snapshot that have come since it was last brought further.
    chunks: Vec<u64>,
    /// The last configuration that somebody has committed, and those that somebody has appended after it, with their indices.
    configs: Vec<(u64, Config)>,
    /// Who votes by them; none where the members never change.
    electorates: Vec<Electorate>,
    /// The configurations in each server's log: what stands at an index that was committed is what the server that says so has
    /// there, and not what another one had there that never was.
    logs: Configs,
}

impl RaftLiveness {
    /// For a cluster of these parameters in this run.
    pub fn new(parameters: &Parameters, setup: &Setup) -> Self {
        let members: Vec<NodeId> = (0..setup.members).map(NodeId).collect();
        let first = genesis(&members, parameters.learners).into();
        let mut liveness = Self {
            parameters: *parameters,
            changes: parameters.changes_members() || setup.faults.changes_members(),
            members: setup.members as usize,
            scale: Scale {
                members: u64::from(setup.members),
                clients: u64::from(setup.clients),
                drift_ppm: setup.clocks.drift_ppm,
            },
            loss: setup.network.loss.as_f64() + setup.network.corrupt.as_f64(),
            target: 0,
            behind: Vec::new(),
            missing: 0,
            chunks: Vec::new(),
            configs: vec![(0, first)],
            electorates: Vec::new(),
            logs: Configs::new(setup.members, parameters.learners),
        };
        liveness.count_voters();
        liveness
    }

    /// Who votes by each configuration that may be in use. What is joint takes two majorities.
    fn count_voters(&mut self) {
        if !self.changes {
            return;
        }
        self.electorates.clear();
        for config in self.configs.iter().map(|(_, config)| &config.0) {
            for voters in [&config.voters, &config.outgoing] {
                let quorum = u32::try_from(voters.len() / 2 + 1).unwrap_or(u32::MAX);
                let electorate = Electorate { members: voters.clone(), quorum };
                if !voters.is_empty() && !self.electorates.contains(&electorate) {
                    self.electorates.push(electorate);
                }
            }
        }
    }

    /// Whether a place belongs to a server that takes part: it is in a configuration, and has a sound disk as far as it has said.
    fn takes_part(&self, place: &Place) -> bool {
        let member = |(_, config): &(u64, Config)| config.0.everybody().contains(&place.node);
        place.honest && place.status.role != Some("halted") && self.configs.iter().any(member)
    }

    fn quorum(&self, ground: &Ground, core: &[Slot], able: impl Fn(&Place) -> bool) -> bool {
        let places = core.iter().map(|slot| ground.place(*slot));
        let there: Vec<NodeId> =
            places.filter(|place| self.takes_part(place) && able(place)).map(|place| place.node).collect();
        // Who leads may use any of them.
        self.configs.iter().all(|(_, config)| config.0.majority(|voter| there.contains(&voter)))
    }

    /// What is committed is what the running servers say of it. Who is behind must come as far.
    fn take_stock(&mut self, ground: &Ground, core: &[Slot]) {
        let committed = |place: &Place| place.status.position.unwrap_or(0);
        let servers = ground.members().filter(|(_, place)| place.up && self.takes_part(place));
        self.target = servers.map(|(_, place)| committed(place)).max().unwrap_or(0);
        self.behind = vec![None; ground.places.len()];
        self.chunks = vec![0; ground.places.len()];
        for slot in core {
            let place = ground.place(*slot);
            if self.takes_part(place) && committed(place) < self.target {
                self.behind[slot.index()] = Some(committed(place));
            }
        }
        self.missing = self.behind.iter().flatten().count();
    }

    /// A server committed up to an index.
    fn committed(&mut self, slot: Slot, index: u64) -> Reach {
        let target = self.target;
        let Some(behind) = self.behind.get_mut(slot.index()) else { return Reach::Nothing };
        if behind.is_none_or(|before| index <= before) {
            return Reach::Nothing;
        }
        *behind = (index < target).then_some(index);
        self.chunks[slot.index()] = 0;
        self.missing -= usize::from(index >= target);
        if self.missing == 0 { Reach::All } else { Reach::More }
    }

    /// A server that is behind has more of a snapshot than of any before. That a snapshot in many small chunks takes long says
    /// nothing of whether it ever comes; leaders who each begin with another one, without end, come no further than before.
    fn chunk_came(&mut self, slot: Slot, chunk: u64) -> Reach {
        let is_behind = self.behind.get(slot.index()).copied().flatten().is_some();
        match self.chunks.get_mut(slot.index()).filter(|most| is_behind && **most < chunk) {
            Some(most) => {
                *most = chunk;
                Reach::More
            }
            None => Reach::Nothing,
        }
    }

    /// Who is no member any more need not come any further; whether nobody else has to, either.
    fn drop_removed(&mut self, ground: &Ground) -> bool {
        if !self.changes || self.missing == 0 {
            return false;
        }
        let mut behind = std::mem::take(&mut self.behind);
        for (behind, place) in behind.iter_mut().zip(&ground.places) {
            if behind.is_some() && !self.takes_part(place) {
                *behind = None;
                self.missing -= 1;
            }
        }
        self.behind = behind;
        self.missing == 0
    }

    /// A server that halts for good takes part no more.
    fn halted(&mut self, slot: Slot) -> Reach {
        let behind = self.behind.get_mut(slot.index()).and_then(Option::take);
        self.missing -= usize::from(behind.is_some());
        if behind.is_some() && self.missing == 0 { Reach::All } else { Reach::Nothing }
    }
}

/// Who leads in the highest term among some places, and that term.
fn leader<'a>(places: impl Iterator<Item = &'a Place>) -> Option<(u64, &'a Place)> {
    let leaders = places.filter(|place| place.status.role == Some("leader"));
    leaders.filter_map(|place| Some((place.status.rank?, place))).max_by_key(|(term, _)| *term)
}

impl Liveness<Raft> for RaftLiveness {
    fn hears(&self) -> &'static [&'static str] {
        if self.changes { &["ConfigAppended", "Truncated", "Recovered", "Committed"] } else { &[] }
    }

    /// Who votes is followed from the start.
    fn observe(&mut self, seen: &Seen<'_, Raft>) {
        self.logs.follow(seen);
        match *seen.observation {
            RaftObservation::ConfigAppended { index, ref config, .. }
                if index >= self.configs[0].0 && !self.configs.contains(&(index, config.clone())) =>
            {
                self.configs.push((index, config.clone()));
                self.configs.sort_by_key(|(index, _)| *index);
                self.count_voters();
            }
            RaftObservation::Committed { index, .. } if self.configs.len() > 1 => {
                let Some(committed) = self.logs.up_to(seen.slot, index) else { return };
                // What a snapshot replaced is in no log any more, though it may still be told.
                if self.configs.contains(committed) {
                    self.configs.retain(|appended| appended.0 > index || appended == committed);
                    self.count_voters();
                }
            }
            _ => {}
        }
    }

    fn electorates(&self) -> &[Electorate] {
        &self.electorates
    }

    /// Asked before the heal, which starts what is down in the core; so being down now excuses nobody.
    fn owed(&self, ground: &Ground, core: &[Slot]) -> Result<(), Stall> {
        if self.quorum(ground, core, |_| true) { Ok(()) } else { Err(Stall::NoQuorum) }
    }

    /// An attempt is an election and an operation: a timeout passes until somebody stands, and another until a client asks
    /// again. A minority of the servers may be asked in vain, or lead in vain, one after the other.
    fn pace(&self, timeout: Duration, _: &[Slot]) -> Pace {
        let voters = self.electorates.iter().map(|electorate| electorate.members.len()).max();
        let members = voters.unwrap_or(0).max(self.members);
        let wasted = u32::try_from(members / 2).unwrap_or(u32::MAX);
        let scale = Scale { members: members as u64, ..self.scale };
        let shares = timing::shares(&self.parameters, scale, timeout);
        // Timeouts that are not apart elect nobody, but for luck.
        let chance = if shares.way.is_zero() { 0.0 } else { timing::chance(self.loss) };
        Pace { windows: 2, chance, wasted, shares }
    }

    fn asks_clients(&self) -> bool {
        true
    }

    fn reached(&mut self, ground: &Ground, core: &[Slot], seen: Option<&Seen<'_, Raft>>) -> Reach {
        let Some(seen) = seen else {
            self.take_stock(ground, core);
            return if self.missing == 0 { Reach::All } else { Reach::Nothing };
        };
        if matches!(seen.observation, RaftObservation::Committed { .. }) && self.drop_removed(ground) {
            return Reach::All;
        }
        match *seen.observation {
            RaftObservation::Committed { index, .. } | RaftObservation::SnapshotInstalled { index, .. } => {
                self.committed(seen.slot, index)
            }
            RaftObservation::ChunkKept { chunk, .. } => self.chunk_came(seen.slot, chunk),
            RaftObservation::Halted => self.halted(seen.slot),
            _ => Reach::Nothing,
        }
    }

    /// A leader outside the core may keep its majority through members of the core, for good: its heartbeats arrive in
    /// time, while it is too slow for what clients ask, or cut off from whoever would pass it on. Nothing outside the
    /// core is healed, so that it may be the reason, if something is wrong with it: a leader in order owes what the core
    /// owes. A leader that has no majority does not count as one for long: check-quorum makes it step down.
    fn explain(&self, ground: &Ground, core: &[Slot]) -> Option<Stall> {
        if !self.quorum(ground, core, Place::runs) {
            return Some(Stall::NoQuorum);
        }
        let outsiders = || ground.members().filter(|(slot, place)| place.runs() && !core.contains(slot));
        let disturbed = self.forfeits().is_some() && outsiders().next().is_some();
        let led_inside = leader(core.iter().map(|slot| ground.place(*slot))).map(|(term, _)| term);
        let out_of_reach = leader(outsiders().map(|(_, place)| place))
            .is_some_and(|(term, place)| Some(term) > led_inside && (place.impaired || !place.honest));
        (disturbed || out_of_reach).then_some(Stall::Outsider)
    }

    fn forfeits(&self) -> Option<&'static str> {
        match (self.parameters.pre_vote, self.parameters.check_quorum) {
            (true, true) => None,
            (false, true) => Some("pre_vote is off"),
            (true, false) => Some("check_quorum is off"),
            (false, false) => Some("pre_vote and check_quorum are off"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sim_core::ground::Mark;
    use sim_core::process::JournalId;

    fn core(slots: &[u32]) -> Vec<Slot> {
        slots.iter().copied().map(Slot).collect()
    }

    fn ground(members: u32) -> Ground {
        let mut ground = Ground::new(members, 0);
        ground.places.iter_mut().for_each(|place| place.up = true);
        ground
    }

    #[test]
    fn a_majority_that_takes_part_owes_progress() {
        let liveness = RaftLiveness::new(&Parameters::default(), &Setup::new(0, 5));
        let mut ground = ground(5);
        assert_eq!(liveness.owed(&ground, &core(&[0, 1, 2])), Ok(()));
        assert_eq!(liveness.owed(&ground, &core(&[0, 1])), Err(Stall::NoQuorum));
        ground.places[2].status.role = Some("halted");
        assert_eq!(liveness.owed(&ground, &core(&[0, 1, 2])), Err(Stall::NoQuorum));
        ground.places[2].status.role = Some("leader");
        ground.places[1].up = false;
        assert_eq!(liveness.owed(&ground, &core(&[0, 1, 2])), Ok(()), "the heal starts it again");
        assert_eq!(liveness.explain(&ground, &core(&[0, 1, 2])), Some(Stall::NoQuorum));
    }

    #[test]
    fn knobs_are_suspected_only_while_somebody_outside_can_disturb() {
        let ground = ground(3);
        let careless =
            RaftLiveness::new(&Parameters { pre_vote: false, ..Parameters::default() }, &Setup::new(0, 3));
        assert_eq!(careless.explain(&ground, &core(&[0, 1])), Some(Stall::Outsider));
        assert_eq!(careless.forfeits(), Some("pre_vote is off"));
        assert_eq!(careless.explain(&ground, &core(&[0, 1, 2])), None);
        let careful = RaftLiveness::new(&Parameters::default(), &Setup::new(0, 3));
        assert_eq!((careful.explain(&ground, &core(&[0, 1])), careful.forfeits()), (None, None));
    }

    #[test]
    fn a_broken_leader_outside_the_core_is_suspected_until_the_core_has_a_later_one() {
        let liveness = RaftLiveness::new(&Parameters::default(), &Setup::new(0, 4));
        let mut ground = ground(4);
        let mut lead = |slot: usize, term, impaired| {
            ground.places[slot].status.role = Some("leader");
            ground.places[slot].status.rank = Some(term);
            ground.places[slot].impaired = impaired;
            liveness.explain(&ground, &core(&[1, 2, 3]))
        };
        assert_eq!(lead(0, 5, false), None, "nothing is wrong with it");
        assert_eq!(lead(0, 5, true), Some(Stall::Outsider));
        assert_eq!(lead(2, 4, false), Some(Stall::Outsider), "deposed, and does not know it yet");
        assert_eq!(lead(2, 6, false), None);
    }

    #[test]
    fn the_core_must_come_as_far_as_somebody_had_committed() {
        let mut liveness = RaftLiveness::new(&Parameters::default(), &Setup::new(0, 4));
        let mut ground = ground(4);
        for (slot, position) in [(0, 5), (1, 5), (2, 3), (3, 7)] {
            ground.places[slot].status.position = Some(position);
        }
        let inside = core(&[0, 1, 2]);
        let committed =
            |index| RaftObservation::Committed { index, hash: 0, entry_term: 1, term: 1, counted: false };
        assert_eq!(liveness.reached(&ground, &inside, None), Reach::Nothing);
        let mut see = |slot, observation: &RaftObservation| {
            let (journal, mark) = (JournalId(0), Mark::default());
            let node = ground.place(Slot(slot)).node;
            let seen =
                Seen { slot: Slot(slot), node, incarnation: 0, honest: true, journal, mark, observation };
            liveness.reached(&ground, &inside, Some(&seen))
        };
        assert_eq!(see(2, &committed(4)), Reach::More);
        assert_eq!(see(2, &committed(4)), Reach::Nothing, "once each");
        assert_eq!(see(3, &committed(9)), Reach::Nothing, "who is outside does not count");
        assert_eq!(see(0, &committed(8)), Reach::More);
        let kept = |index, chunk| RaftObservation::ChunkKept { index, chunk, chunks: 9 };
        assert_eq!(see(1, &kept(6, 1)), Reach::More, "a part of a snapshot");
        assert_eq!(see(1, &kept(6, 2)), Reach::More);
        assert_eq!(see(1, &kept(6, 1)), Reach::Nothing, "it was begun again");
        assert_eq!(see(1, &kept(7, 2)), Reach::Nothing, "so was another one");
        assert_eq!(see(1, &kept(7, 3)), Reach::More);
        assert_eq!(see(0, &kept(6, 1)), Reach::Nothing, "who is not behind needs none");
        assert_eq!(see(2, &RaftObservation::Halted), Reach::Nothing);
        assert_eq!(see(1, &committed(7)), Reach::All);
    }

    fn see(liveness: &mut RaftLiveness, slot: u32, observation: &RaftObservation) {
        let (journal, mark) = (JournalId(0), Mark::default());
        let (slot, node) = (Slot(slot), NodeId(slot));
        liveness.observe(&Seen { slot, node, incarnation: 0, honest: true, journal, mark, observation });
    }

    /// Found by the swarm, seed 5507: a leader of a minority added a server that the majority had removed, and what it had never
    /// committed counted as committed when the majority came past its index.
    #[test]
    fn what_one_server_appended_is_not_committed_by_another_one() {
        let mut liveness = RaftLiveness::new(
            &Parameters { reconfigure_every: Duration::from_secs(1), ..Parameters::default() },
            &Setup::new(0, 5),
        );
        let ground = ground(5);
        let of =
            |nodes: &[u32]| Config::from(genesis(&nodes.iter().copied().map(NodeId).collect::<Vec<_>>(), 0));
        let appended = |index, term, config| RaftObservation::ConfigAppended { index, term, config };
        for slot in 0..5 {
            see(&mut liveness, slot, &appended(124, 2, of(&[0, 1, 3, 4])));
        }
        see(&mut liveness, 3, &appended(138, 3, of(&[0, 1, 2, 3, 4])));
        let committed =
            |index| RaftObservation::Committed { index, hash: 0, entry_term: 5, term: 5, counted: true };
        see(&mut liveness, 0, &committed(130));
        assert_eq!(
            liveness.owed(&ground, &core(&[0, 1, 2])),
            Err(Stall::NoQuorum),
            "one of two may be in use"
        );
        see(&mut liveness, 0, &committed(215));
        assert_eq!(liveness.owed(&ground, &core(&[0, 1, 2])), Err(Stall::NoQuorum), "n3 does not vote");
        assert_eq!(liveness.owed(&ground, &core(&[0, 1, 4])), Ok(()));
    }

    #[test]
    fn who_votes_follows_what_is_committed_and_what_may_be_in_use() {
        let changes = Parameters { reconfigure_every: Duration::from_secs(1), ..Parameters::default() };
        let fixed = RaftLiveness::new(&Parameters::default(), &Setup::new(0, 3));
        assert!(fixed.electorates().is_empty(), "the members of the beginning, for good");
        let mut liveness = RaftLiveness::new(&changes, &Setup::new(0, 3));
        let votes = |liveness: &RaftLiveness| -> Vec<(Vec<u32>, u32)> {
            let numbers = |it: &Electorate| it.members.iter().map(|node| node.0).collect();
            liveness.electorates().iter().map(|it| (numbers(it), it.quorum)).collect()
        };
        assert_eq!(votes(&liveness), [(vec![0, 1, 2], 2)]);
        let nodes = |list: &[u32]| list.iter().copied().map(NodeId).collect::<Vec<_>>();
        let joint = Config::from(genesis(&nodes(&[0, 1, 2]), 0).with_voters(nodes(&[0, 1, 2, 7]), true));
        let appended = |index, config| RaftObservation::ConfigAppended { index, term: 1, config };
        see(&mut liveness, 0, &appended(4, joint));
        assert_eq!(votes(&liveness), [(vec![0, 1, 2], 2), (vec![0, 1, 2, 7], 3)]);
        see(&mut liveness, 0, &appended(5, genesis(&nodes(&[0, 1, 2, 7]), 0).into()));
        let hash = 0;
        let committed = RaftObservation::Committed { index: 5, hash, entry_term: 1, term: 1, counted: true };
        see(&mut liveness, 0, &committed);
        assert_eq!(votes(&liveness), [(vec![0, 1, 2, 7], 3)]);
    }
}
