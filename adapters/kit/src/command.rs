//! What clients ask for and logs hold.

use seedstorm::sim_core::facts;
use seedstorm::sim_core::identity::NodeId;

facts! {
    /// What a client wants done.
    #[derive(Copy, PartialEq, Eq)]
    pub enum Command {
        /// Read.
        Get { key: u64 },
        /// Write.
        Put { key: u64, value: u64 },
        /// Compare and swap.
        Cas { key: u64, from: Option<u64>, to: u64 },
    }
}

facts! {
    /// An entry of the log.
    #[derive(PartialEq, Eq)]
    pub struct Proposal {
        /// Whose.
        pub client: NodeId,
        /// Which of the client's sessions: each of its incarnations has its own.
        pub session: u64,
        /// Which command of the session.
        pub sequence: u64,
        /// What to do.
        pub command: Command,
    }
}

facts! {
    /// What became of a command.
    #[derive(Copy, PartialEq, Eq)]
    pub struct Answer {
        /// The session of the command.
        pub session: u64,
        /// Its number in it.
        pub sequence: u64,
        /// What was read.
        pub value: Option<u64>,
        /// Whether it took effect.
        pub done: bool,
    }
}

facts! {
    /// What a workload asks of a client.
    pub struct Ask {
        /// What to do.
        pub command: Command,
    }
}

facts! {
    /// What a client returns.
    pub struct Told {
        /// What was read.
        pub value: Option<u64>,
        /// Whether it took effect.
        pub done: bool,
    }
}

/// How many words an entry has.
const WORDS: usize = 7;

impl Proposal {
    /// As bytes, for logs that hold those.
    pub fn to_bytes(&self) -> Vec<u8> {
        let (tag, key, from, to) = match self.command {
            Command::Get { key } => (0, key, 0, 0),
            Command::Put { key, value } => (1, key, 0, value),
            Command::Cas { key, from: None, to } => (2, key, 0, to),
            Command::Cas { key, from: Some(from), to } => (3, key, from, to),
        };
        let words: [u64; WORDS] = [self.client.0.into(), self.session, self.sequence, tag, key, from, to];
        words.into_iter().flat_map(u64::to_le_bytes).collect()
    }

    /// What [`Proposal::to_bytes`] wrote; `None` of anything else.
    pub fn of_bytes(bytes: &[u8]) -> Option<Self> {
        let (words, rest) = bytes.as_chunks::<8>();
        let words: [u64; WORDS] =
            words.iter().map(|word| u64::from_le_bytes(*word)).collect::<Vec<_>>().try_into().ok()?;
        let [client, session, sequence, tag, key, from, to] = words;
        let command = match tag {
            0 => Command::Get { key },
            1 => Command::Put { key, value: to },
            2 => Command::Cas { key, from: None, to },
            3 => Command::Cas { key, from: Some(from), to },
            _ => return None,
        };
        rest.is_empty().then_some(())?;
        Some(Self { client: NodeId(u32::try_from(client).ok()?), session, sequence, command })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_survive_their_bytes() {
        for command in [
            Command::Get { key: 1 },
            Command::Put { key: 2, value: u64::MAX },
            Command::Cas { key: 3, from: None, to: 4 },
            Command::Cas { key: 3, from: Some(0), to: 4 },
        ] {
            let proposal = Proposal { client: NodeId(7), session: 1 << 60, sequence: 9, command };
            let bytes = proposal.to_bytes();
            assert_eq!(Proposal::of_bytes(&bytes), Some(proposal));
            assert_eq!(Proposal::of_bytes(&bytes[1..]), None);
        }
    }
}
