//! The parameters of Plumtree and of the overlay below it.

use sim_core::registry::parameters::ABOVE_ZERO;
use sim_core::time::Duration;

/// So many broadcasts at most: what is judged of each is kept in sets of bits.
pub(super) const MOST_BROADCASTS: u32 = 128;

sim_core::parameters! {
    /// How broadcasts spread. Defaults of the views are those of the paper for 10,000 members.
    pub struct Parameters {
        /// The most links of a member: HyParView's active view, its fan-out plus 1.
        active_size: u32 = 5, in 2..=16, drawn |_, _, dice| dice.within(3..=6) as u32;
        /// The most candidates that a member keeps for when a link fails: the passive view.
        passive_size: u32 = 30, in 1..=1_000, drawn |_, _, dice| dice.within(8..=30) as u32;
        /// Steps of a newcomer's random walk (ARWL).
        join_walk: u32 = 6, in 1..=64, drawn |_, _, dice| dice.within(2..=6) as u32;
        /// Steps left when the newcomer is noted as a candidate (PRWL).
        passive_walk: u32 = 3, in 0..=64;
        /// How often a member exchanges candidates with another one.
        shuffle_every: Duration = "10s", in ABOVE_ZERO,
            drawn |_, _, dice| dice.times(Duration::from_millis(500), 1..=4);
        /// Members of the active view in a shuffle (ka).
        shuffle_active: u32 = 3, in 0..=16;
        /// Members of the passive view in a shuffle (kp).
        shuffle_passive: u32 = 4, in 0..=64;
        /// How long a member waits for the answer of whom it asked for a link.
        neighbor_timeout: Duration = "1s", in ABOVE_ZERO,
            drawn |_, _, dice| dice.times(Duration::from_millis(100), 2..=8);
        /// Newcomers of genesis join at moments that are spread over this length of time.
        join_spread: Duration = "1s";
        /// How long a member waits for an announced payload before it asks for it.
        graft_timeout: Duration = "500ms", in ABOVE_ZERO,
            drawn |_, _, dice| dice.times(Duration::from_millis(50), 1..=10);
        /// How long it waits then before it asks the next one who announced it.
        graft_again: Duration = "200ms", in ABOVE_ZERO,
            drawn |_, _, dice| dice.times(Duration::from_millis(50), 1..=6);
        /// A lazy link that would have been so many hops shorter takes the place of the eager one; 0 turns that off.
        optimize_hops: u32 = 0, in 0..=64, drawn |_, _, dice| dice.pick(&[0, 1, 3, 7]);
        /// Whether duplicates make links lazy. If not, each payload is flooded over all links.
        prune: bool = true;
        /// How often a member compares what it has with a random member of genesis, and links to it if there is a
        /// difference; 0s never. The papers have no such thing.
        compare_every: Duration = "2s", forfeits "that an overlay which fell apart comes together, and that all hear all broadcasts",
            drawn |own, _, dice| {
                let never = own.compare_every.is_zero();
                if never { own.compare_every } else { dice.times(Duration::from_millis(500), 1..=4) }
            };
        /// How many broadcasts there are.
        broadcasts: u32 = 10, in 1..=MOST_BROADCASTS, drawn |_, _, dice| dice.within(4..=20) as u32;
        /// When the first one begins.
        first_broadcast: Duration = "5s", drawn |_, _, dice| dice.times(Duration::from_millis(500), 1..=6);
        /// How much later each next one begins.
        broadcast_every: Duration = "1s", in ABOVE_ZERO,
            drawn |_, _, dice| dice.times(Duration::from_millis(100), 1..=8);
        /// How many of the first members broadcast, in turns; all of them if 0.
        senders: u32 = 0, drawn |_, _, dice| dice.pick(&[0, 0, 1]);
        /// The length of a payload, in bytes.
        payload_bytes: u32 = 256;
    }
}

impl Parameters {
    /// Who makes a broadcast, of so many members of genesis: turns go around by a stride that is spread over all.
    pub fn sender(&self, broadcast: u32, members: u32) -> u32 {
        let senders = if self.senders == 0 { members } else { self.senders.min(members) };
        (u64::from(broadcast) * 7_919 % u64::from(senders.max(1))) as u32
    }

    /// When a broadcast begins.
    pub fn begins(&self, broadcast: u32) -> Duration {
        self.first_broadcast.saturating_add(self.broadcast_every.saturating_mul(broadcast.into()))
    }

    /// The longest that a member may wait before it acts.
    pub fn longest_wait(&self) -> Duration {
        self.compare_every.max(self.shuffle_every).max(self.neighbor_timeout).max(self.graft_timeout)
    }
}
