//! What the core decides about tasks and notes, as the words that its log carries.
//!
//! Whoever applies the same decisions in the same order has the same board. A decision that does not fit any more, since
//! another one came before it, does nothing.

use raft::vocabulary::Words;
use sim_core::identity::NodeId;

use crate::graph::TaskId;
use crate::vocabulary::Ending;

/// One decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// An agent gets a task. The index in the log is the fence.
    Grant {
        /// Which task.
        task: TaskId,
        /// Which agent.
        agent: NodeId,
    },
    /// An agent has ended its work on a task.
    Finish {
        /// Which task.
        task: TaskId,
        /// Under which fence.
        fence: u64,
        /// What became of it.
        ending: Ending,
    },
    /// A lease is over.
    Expire {
        /// Which task.
        task: TaskId,
        /// Under which fence.
        fence: u64,
    },
    /// The sink says that a task has ended, under whatever fence.
    Fact {
        /// Which task.
        task: TaskId,
        /// Whether it succeeded.
        done: bool,
    },
    /// An agent writes a note to shared memory. The index in the log is its version.
    Note {
        /// Under which key.
        key: u32,
        /// The number of the note.
        note: u64,
        /// Which agent.
        agent: NodeId,
    },
    /// A note has expired.
    Forget {
        /// Under which key.
        key: u32,
        /// The version of the note.
        version: u64,
    },
}

const ENDINGS: [Ending; 5] =
    [Ending::Done, Ending::Failed, Ending::Attempt, Ending::Returned, Ending::Elsewhere];

impl Decision {
    /// The words of a decision: what it is and which task, the fence, and who or how.
    pub fn words(self) -> Words {
        let words = |kind: u64, task: TaskId, second: u64, third: u64| Words {
            first: kind << 32 | u64::from(task),
            second,
            third,
        };
        match self {
            Self::Grant { task, agent } => words(1, task, 0, agent.0.into()),
            Self::Finish { task, fence, ending } => {
                let place = ENDINGS.iter().position(|known| *known == ending);
                words(2, task, fence, place.unwrap_or_default() as u64)
            }
            Self::Expire { task, fence } => words(3, task, fence, 0),
            Self::Fact { task, done } => words(4, task, 0, done.into()),
            Self::Note { key, note, agent } => words(5, key, note, agent.0.into()),
            Self::Forget { key, version } => words(6, key, version, 0),
        }
    }

    /// The decision that words stand for; none if they stand for none.
    pub fn of(words: Words) -> Option<Self> {
        let task = (words.first & u64::from(u32::MAX)) as TaskId;
        Some(match words.first >> 32 {
            1 => Self::Grant { task, agent: NodeId(u32::try_from(words.third).ok()?) },
            2 => {
                let ending = *ENDINGS.get(usize::try_from(words.third).ok()?)?;
                Self::Finish { task, fence: words.second, ending }
            }
            3 => Self::Expire { task, fence: words.second },
            4 => Self::Fact { task, done: words.third == 1 },
            5 => {
                let agent = NodeId(u32::try_from(words.third).ok()?);
                Self::Note { key: task, note: words.second, agent }
            }
            6 => Self::Forget { key: task, version: words.second },
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_for_the_decision_that_they_were_made_of() {
        let (task, fence) = (7, 1 << 40);
        let mut all = vec![
            Decision::Grant { task, agent: NodeId(999) },
            Decision::Expire { task, fence },
            Decision::Fact { task, done: true },
            Decision::Fact { task, done: false },
            Decision::Note { key: 3, note: fence | 1, agent: NodeId(999) },
            Decision::Forget { key: 3, version: 88 },
        ];
        all.extend(ENDINGS.map(|ending| Decision::Finish { task, fence, ending }));
        for decision in all {
            assert_eq!(Decision::of(decision.words()), Some(decision));
        }
        assert_eq!(Decision::of(Words { first: 9 << 32, second: 0, third: 0 }), None);
    }
}
