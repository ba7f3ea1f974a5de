//! ChaCha streams for what is drawn once, before a run: configuration, plans, boot seeds.

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

/// Which stream. Streams of one seed never overlap, so drawing more from one moves nothing in another.
///
/// The numbers are part of the engine: changing one changes every run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum StreamName {
    /// The drawn part of a configuration: node count, knobs.
    Configuration = 1,
    /// Which fault families are on, and how strong.
    Swarm = 2,
    /// The fault plan.
    Plan = 3,
    /// The schedule of a workload.
    Workload = 4,
    /// The 32-byte seeds that processes boot with.
    Boot = 5,
    /// Random cores, placements and overlays of the initial state.
    Initial = 6,
    /// Choices of a campaign about this seed.
    Campaign = 7,
    /// Which member has which part of a written initial state.
    Shuffle = 8,
    /// Whether clients use queues, sets or banks instead of what the workload's stream draws.
    Objects = 9,
    /// How many bytes the values of clients have.
    ValueBytes = 10,
    /// What an earlier run left behind.
    Past = 11,
    /// Which schedule of rounds a run has, and how many members have a twin.
    Rounds = 12,
    /// Which of those who stop start again as another version.
    Upgrades = 14,
    /// How many clients do not follow the protocol.
    Clients = 13,
    /// Which faults of a bounded number a run has, and in which rounds.
    ByzzFuzz = 15,
    /// Which faults the bursts of a workload follow, and how soon.
    Bursts = 16,
    /// Whether the faults of a seed are stretches of disorder.
    Disorder = 17,
}

/// The stream of a name in the run of a seed.
pub fn stream(seed: u64, name: StreamName) -> ChaCha8Rng {
    let mut key = *b"seedstorm stream                ";
    key[16..24].copy_from_slice(&seed.to_le_bytes());
    key[24] = name as u8;
    ChaCha8Rng::from_seed(key)
}

/// The 32 bytes that an incarnation of an identity boots with, for example to make its keys or its own generator.
pub fn boot_seed(seed: u64, identity: u32, incarnation: u32) -> [u8; 32] {
    let mut rng = stream(seed, StreamName::Boot);
    rng.set_stream(u64::from(identity) << 32 | u64::from(incarnation));
    let mut bytes = [0; 32];
    rng.fill_bytes(&mut bytes);
    bytes
}

#[cfg(test)]
mod tests {
    use rand_core::Rng;

    use super::{StreamName, boot_seed, stream};

    #[test]
    fn streams_differ_by_seed_and_name_and_repeat() {
        let first = |seed, name| stream(seed, name).next_u64();
        assert_eq!(first(1, StreamName::Plan), first(1, StreamName::Plan));
        assert_ne!(first(1, StreamName::Plan), first(2, StreamName::Plan));
        assert_ne!(first(1, StreamName::Plan), first(1, StreamName::Swarm));
    }

    #[test]
    fn boot_seeds_differ_by_identity_and_incarnation() {
        let seeds = [boot_seed(1, 0, 0), boot_seed(1, 0, 1), boot_seed(1, 1, 0), boot_seed(2, 0, 0)];
        for (i, seed) in seeds.iter().enumerate() {
            assert!(!seeds[..i].contains(seed));
        }
        assert_eq!(boot_seed(1, 0, 1), seeds[1]);
    }

    /// Pinned, since a recorded run depends on them: a new version of the cipher's crate must not move them.
    #[test]
    fn the_streams_are_pinned() {
        assert_eq!(stream(42, StreamName::Plan).next_u64(), 0x33D1_090D_3967_BE95);
        assert_eq!(boot_seed(42, 1, 2)[..8], [86, 163, 88, 12, 71, 28, 137, 150]);
    }
}
