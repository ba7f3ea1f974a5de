//! The parameters of the store.

use sim_core::registry::parameters::ABOVE_ZERO;
use sim_core::time::Duration;

sim_core::parameters! {
    /// How many members keep a key, and how they keep it equal.
    #[derive(Copy)]
    pub struct Parameters {
        /// How many members are homes of a key (Dynamo's N).
        replicas: u32 = 3, in 1..=7, drawn |_, _, dice| dice.within(2..=5) as u32;
        /// How many members must have a write on disk before it is acknowledged (W).
        write_quorum: u32 = 2, in 1..=7,
            must |own| own.write_quorum <= own.replicas, "must be at most replicas",
            drawn |_, drawn, dice| dice.within(1..=u64::from(drawn.replicas)) as u32;
        /// How many homes must answer a read (R).
        read_quorum: u32 = 2, in 1..=7,
            must |own| own.read_quorum <= own.replicas, "must be at most replicas",
            drawn |_, drawn, dice| dice.within(1..=u64::from(drawn.replicas)) as u32;
        /// Whether a hint at a member that is no home counts as a written copy (a sloppy quorum).
        sloppy: bool = true,
            forfeits "that a read of R homes sees what W members acknowledged, where R + W > N",
            drawn |own, _, dice| own.sloppy && dice.pick(&[true, false]);
        /// What becomes of writes that did not know of each other.
        conflicts: Conflicts = "last-writer-wins", drawn |_, _, dice| dice.pick(Conflicts::ALL);
        /// Places of each member on the ring.
        tokens: u32 = 8, in 1..=256, drawn |_, _, dice| dice.pick(&[1, 8, 32]);
        /// How many of a hundred writes are deletes.
        delete_percent: u32 = 20, in 0..=100, drawn |_, _, dice| dice.pick(&[0, 20, 50]);
        /// How long a coordinator waits for an answer before it hands a write to somebody else, or asks for a read again.
        answer_timeout: Duration = "200ms", in ABOVE_ZERO,
            drawn |_, _, dice| dice.times(Duration::from_millis(50), 1..=8);
        /// How long a client waits for an answer before it asks another member.
        client_retry: Duration = "1s", in ABOVE_ZERO,
            drawn |_, _, dice| dice.times(Duration::from_millis(250), 1..=8);
        /// How often members hand over what they keep for others.
        handoff_every: Duration = "1s", in ABOVE_ZERO,
            drawn |_, _, dice| dice.times(Duration::from_millis(250), 1..=8);
        /// How often a member compares what it has with another one, in turns; 0s never.
        exchange_every: Duration = "1s", forfeits "that replicas become equal once writes end",
            drawn |own, _, dice| {
                let never = own.exchange_every.is_zero();
                if never { own.exchange_every } else { dice.times(Duration::from_millis(250), 1..=8) }
            };
        /// Whether a coordinator repairs homes that answer a read with something older.
        read_repair: bool = true, drawn |_, _, dice| dice.pick(&[true, true, false]);
        /// How often a member collects tombstones of keys whose first home it is; 0s never.
        collect_every: Duration = "2s", drawn |own, _, dice| {
            let never = own.collect_every.is_zero();
            if never { own.collect_every } else { dice.times(Duration::from_millis(250), 1..=8) }
        };
        /// If it is not zero, members drop tombstones of this age by themselves, whoever has seen them, as by a grace period.
        tombstone_grace: Duration = "0s", forfeits "that a deleted key stays deleted";
        /// How far a write may be ahead of the clock of the member that takes it; 0s any length.
        max_offset: Duration = "5s", drawn |_, _, dice| dice.times(Duration::from_millis(500), 0..=10);
        /// After how many records beyond those that it had then a member rewrites its journal again, as what its records amount to; 0 never.
        compact_after: u32 = 1_000, drawn |_, _, dice| dice.pick(&[0, 1, 20, 100, 1_000]);
        /// How long a member waits before it tries a failed sync again.
        disk_retry: Duration = "50ms", in ABOVE_ZERO,
            drawn |own, _, dice| dice.eighths(own.disk_retry, 4..=16);
    }
}

sim_core::choices! {
    /// What becomes of writes that did not know of each other.
    pub enum Conflicts {
        /// The one with the highest version stays: one write is lost, by design.
        LastWriterWins = "last-writer-wins",
        /// All stay, as siblings, until somebody who has seen them writes (version vectors).
        Siblings = "siblings",
    }
}

impl Parameters {
    /// Whether a read sees what was acknowledged before: quorums overlap, and all copies are at homes.
    pub fn reads_overlap(&self) -> bool {
        !self.sloppy && self.read_quorum + self.write_quorum > self.replicas
    }

    /// The longest that a member or client waits before it acts.
    pub fn longest_wait(&self) -> Duration {
        let waits = [
            self.answer_timeout,
            self.client_retry,
            self.handoff_every,
            self.exchange_every,
            self.disk_retry,
        ];
        waits.into_iter().fold(Duration::ZERO, Duration::max)
    }
}
