//! The parameters of an epidemic.

use sim_core::graph::Topology;
use sim_core::ratio::Ratio;
use sim_core::registry::parameters::{ABOVE_ZERO, Dice};
use sim_core::time::Duration;

use super::contacts::Distances;

// A swarm leaves the rhythm alone, since synchronous cycles ask something of the network.
sim_core::parameters! {
    /// How an epidemic spreads.
    pub struct Parameters {
        /// What a contact does.
        mode: Mode = "push-pull", drawn |_, _, dice| dice.pick(Mode::ALL);
        /// When contacts happen.
        rhythm: Rhythm = "free-running";
        /// How many agents are contacted per cycle, all different as far as there are so many.
        fan_out: u8 = 1, in 1..=16, drawn |own, _, dice| dice.pick(&[own.fan_out, own.fan_out, 2, 3]);
        /// Whom an agent contacts: its neighbors in this graph and nobody else; nothing is relayed, as it is by
        /// network.topology. Joiners are in no graph and contact the members of genesis.
        overlay: Topology = "full_mesh", drawn |own, _, dice| drawn_overlay(&own.overlay, dice);
        /// Ten times the exponent a of a distribution by distance, d^-a: an agent contacts any member, with a probability in
        /// proportion to the a-th power of one over their distance on the overlay, which must be a line, a ring or a
        /// grid. 0 turns it off.
        spatial_tenths: u32 = 0, in 0..=100,
            must |own| own.spatial_tenths == 0 || Distances::measures(&own.overlay),
            "needs a line, a ring or a grid as the overlay";
        /// How many contacts an agent accepts per cycle; 0 for any number. It refuses the others.
        connection_limit: u8 = 0, forfeits "that all members are reached: an agent may be refused again and again";
        /// How many others an agent tries in the same cycle, one after the other, when it is refused.
        hunt: u8 = 0, in 0..=16;
        /// Length of a cycle.
        period: Duration = "1s", in ABOVE_ZERO,
            drawn |_, _, dice| dice.times(Duration::from_millis(100), 1..=10);
        /// By up to which share of the period a cycle is longer or shorter, drawn anew each time; free-running only.
        jitter: Ratio = "0/1", must |own| own.spread() < own.period, "must be less than the whole period";
        /// When an infective agent stops spreading.
        interest: Interest = "never", forfeits "that all members are reached: a residue stays susceptible",
            drawn |own, _, dice| match own.interest {
                // A rule that is written stays. Few runs may lose interest, since such a run owes no progress.
                Interest::Never if own.rumors == 1 && dice.within(0..=31) == 0 => dice.pick(&Interest::ALL[1..]),
                written => written,
            };
        /// The paper's k: a counter's limit, or one over a coin's probability; without meaning for `never`.
        k: u8 = 1, in 1.., drawn |own, _, dice| dice.pick(&[own.k, own.k, own.k.saturating_add(1)]);
        /// How many rumors there are; 1 where interest can be lost.
        rumors: u32 = 1, in 1..=64,
            must |own| own.rumors == 1 || own.interest == Interest::Never,
            "must be 1 where interest can be lost: set rumors to 1 or interest to \"never\"",
            drawn |own, drawn, dice| {
                let rumors = dice.within(1..=4) as u32;
                if drawn.interest == Interest::Never { rumors } else { own.rumors }
            };
        /// How many agents know each rumor at the start: rumor 0 starts at the first `initial` agents, rumor 1 at the next.
        initial: u32 = 1, in 1..;
    }
}

sim_core::choices! {
    /// What a contact does.
    pub enum Mode {
        /// An infective agent tells the other.
        Push = "push",
        /// Every agent asks the other.
        Pull = "pull",
        /// Both in one contact.
        PushPull = "push-pull",
    }
}

sim_core::choices! {
    /// When contacts happen.
    pub enum Rhythm {
        /// Each agent has a phase of its own, drawn at its start, and spreads what it learns at once.
        FreeRunning = "free-running",
        /// All cycles begin together, at multiples of the period on each agent's clock; what is learned in one cycle is
        /// spread from the next one on, and counts as needed by all who told it in that cycle (so the paper's table 1). A
        /// contact must fit in its cycle: every latency is above 0, and all that a contact says, at most three messages one
        /// after the other, takes less than the period. Other networks are refused.
        Synchronous = "synchronous",
    }
}

sim_core::choices! {
    /// When an infective agent stops spreading (Demers et al. 1987, section 1.4). Judged at the end of each cycle in which
    /// it sent a rumor, whatever the number of agents that it sent it to.
    pub enum Interest {
        /// Never (simple epidemic).
        Never = "never",
        /// With probability 1/k, whether or not the rumor was needed.
        BlindCoin = "blind-coin",
        /// After k cycles, whether or not the rumor was needed.
        BlindCounter = "blind-counter",
        /// With probability 1/k, if nobody needed the rumor.
        FeedbackCoin = "feedback-coin",
        /// After k cycles in a row in which nobody needed the rumor: the counter is reset if anybody needed it, raised by
        /// one if nobody did, and kept if nobody was told.
        FeedbackCounter = "feedback-counter",
    }
}

impl Interest {
    /// Whether the rule needs to be told if a rumor was news.
    #[inline]
    pub const fn wants_feedback(self) -> bool {
        matches!(self, Self::FeedbackCoin | Self::FeedbackCounter)
    }
}

/// What a swarm makes of a full mesh: half of the time a sparse overlay, which fits any number of members.
fn drawn_overlay(own: &Topology, dice: &mut Dice<'_>) -> Topology {
    if *own != Topology::FullMesh || dice.within(0..=1) == 0 {
        return own.clone();
    }
    let size = dice.within(1..=6) as u32;
    dice.pick(&[
        Topology::Line,
        Topology::Ring,
        Topology::Grid { columns: size },
        Topology::Tree { fan_out: size },
        Topology::HierarchicalMesh { group: size },
        Topology::ScaleFree { links: size.min(3) },
    ])
}

impl Parameters {
    /// How much a cycle may differ from the period.
    pub fn spread(&self) -> Duration {
        Duration::from_nanos(self.jitter.of(self.period.as_nanos()))
    }

    /// The longest that a cycle can be.
    pub fn longest_cycle(&self) -> Duration {
        self.period.saturating_add(self.spread())
    }

    /// How many messages of one contact follow each other: what is said, what is answered, and feedback. A refusal and
    /// the contact before it come once more for each member that is tried in vain.
    pub fn messages_in_a_row(&self) -> u64 {
        let contact = if self.mode == Mode::Push { 1 } else { 2 };
        let hunting = if self.connection_limit > 0 { 2 * u64::from(self.hunt) } else { 0 };
        hunting + contact + u64::from(self.interest.wants_feedback())
    }

    /// Every rumor.
    pub const fn all(&self) -> u64 {
        if self.rumors >= 64 { u64::MAX } else { (1 << self.rumors) - 1 }
    }

    /// What the agent of this number knows at genesis: nothing or one rumor.
    pub const fn known_at_genesis(&self, agent: u32) -> u64 {
        let rumor = agent / self.initial;
        if rumor < self.rumors { 1 << rumor } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use sim_core::graph::fit_topology;
    use sim_core::random::{StreamName, stream};
    use sim_core::registry::parameters::ParameterSet;

    use super::*;

    #[test]
    fn rumors_start_in_blocks_of_agents() {
        let two = Parameters { rumors: 2, initial: 3, ..Parameters::default() };
        let known: Vec<u64> = (0..8).map(|agent| two.known_at_genesis(agent)).collect();
        assert_eq!(known, [1, 1, 1, 2, 2, 2, 0, 0]);
        assert_eq!(two.all(), 3);
        assert_eq!(Parameters { rumors: 64, ..Parameters::default() }.all(), u64::MAX);
    }

    #[test]
    fn drawn_overlays_fit_any_number_of_members() {
        let mut rng = stream(1, StreamName::Configuration);
        let drawn: Vec<Topology> = (0..300).map(|_| Parameters::default().drawn(&mut rng).overlay).collect();
        for overlay in &drawn {
            (1..40).for_each(|members| assert_eq!(fit_topology(overlay, members), Ok(()), "{overlay:?}"));
        }
        let sparse = drawn.iter().filter(|overlay| **overlay != Topology::FullMesh).count();
        assert!((100..200).contains(&sparse), "{sparse} of 300 are sparse");
        let written = Parameters { overlay: Topology::Ring, ..Parameters::default() };
        assert_eq!(written.drawn(&mut rng).overlay, Topology::Ring);
    }

    #[test]
    fn absurd_parameters_are_named() {
        let endless = json!({ "period": Duration::from_nanos(u64::MAX).to_string() });
        assert!(Parameters::read(&endless).is_ok(), "long is not absurd");
        for (parameters, name) in [
            (json!({ "period": "0s" }), "period"),
            (json!({ "jitter": "1" }), "jitter"),
            (json!({ "k": 0 }), "k"),
            (json!({ "k": 256 }), "k"),
            (json!({ "rumors": 65 }), "rumors"),
            (json!({ "rumors": 2, "interest": "blind-coin" }), "rumors"),
            (json!({ "initial": 0 }), "initial"),
            (json!({ "fan_out": 0 }), "fan_out"),
            (json!({ "overlay": "lin" }), "overlay"),
            (json!({ "spatial_tenths": 20 }), "spatial_tenths"),
            (json!({ "spatial_tenths": 101, "overlay": "line" }), "spatial_tenths"),
            (json!({ "mode": "pus" }), "mode"),
            (json!({ "mod": "push" }), "mod"),
        ] {
            assert_eq!(Parameters::read(&parameters).unwrap_err().path, [name], "{parameters}");
        }
    }
}
