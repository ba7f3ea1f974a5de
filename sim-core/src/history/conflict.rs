//! Why no order exists: the operations that contradict each other, and the reason as a sentence.

use std::fmt;

use crate::operation::{ACCOUNTS, OPENING_BALANCE};

/// What a checker found to contradict itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The operations involved, as indexes into the history.
    pub operations: Vec<usize>,
    /// What is wrong with them.
    pub reason: Reason,
}

/// What operations contradict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// A value was seen that nobody wrote.
    NeverWritten {
        /// The value.
        value: u64,
    },
    /// A value was swapped away twice, though it was written once.
    SwappedTwice {
        /// The value; `None` for the unwritten one.
        value: Option<u64>,
    },
    /// Swaps that each need the result of the other.
    SwapCycle {
        /// A value on the cycle.
        value: u64,
    },
    /// Within a chain of swaps, a later value was seen before an earlier one could be.
    Backward {
        /// The value that was over.
        earlier: Option<u64>,
        /// The value that had been seen by then.
        later: Option<u64>,
    },
    /// Two values must each have been in force before the other: operations 1 and 3 returned before 2 and 4 were
    /// called.
    BothFirst {
        /// A value; `None` for the unwritten one.
        one: Option<u64>,
        /// The other.
        other: Option<u64>,
    },
    /// A value was in a list twice, though it was appended once.
    ListedTwice {
        /// The value.
        value: u64,
    },
    /// Two reads of a list of which neither continues the other.
    Forked {
        /// The first place where they differ, counting from 0.
        at: usize,
    },
    /// Two reads of a set of which neither contains the other.
    Incomparable {
        /// An element of the smaller one that the other lacks.
        value: u64,
    },
    /// An append had returned, or its value had been read, before an operation was called that did not see it.
    Lost {
        /// The value that was appended, or `None` if a longer list had been read.
        value: Option<u64>,
    },
    /// A value was taken out twice, though it was put in once.
    TakenTwice {
        /// The value.
        value: u64,
    },
    /// A value was put in before another and was not taken out before it.
    Overtaken {
        /// The value that was put in first.
        first: u64,
        /// The value that was taken out first.
        second: u64,
    },
    /// An empty answer was given while something was in the queue at every moment.
    NotEmpty,
    /// All accounts of a bank together hold more or less than they can.
    Total {
        /// What they hold; `u64::MAX` if that does not fit.
        sum: u64,
        /// How many there are.
        accounts: usize,
    },
    /// After the longest order, nothing could come next.
    DeadEnd {
        /// How many operations the longest order has.
        placed: usize,
    },
}

impl Reason {
    /// The kind of contradiction, without numbers.
    pub const fn shape(&self) -> &'static str {
        match self {
            Self::NeverWritten { .. } => "never-written",
            Self::SwappedTwice { .. } => "swapped-twice",
            Self::SwapCycle { .. } => "swap-cycle",
            Self::Backward { .. } => "backward",
            Self::BothFirst { .. } => "both-first",
            Self::ListedTwice { .. } => "listed-twice",
            Self::Forked { .. } => "forked",
            Self::Incomparable { .. } => "incomparable",
            Self::Lost { .. } => "lost",
            Self::TakenTwice { .. } => "taken-twice",
            Self::Overtaken { .. } => "overtaken",
            Self::NotEmpty => "not-empty",
            Self::Total { .. } => "total",
            Self::DeadEnd { .. } => "dead-end",
        }
    }
}

fn named(value: Option<u64>) -> String {
    value.map_or_else(|| "the unwritten value".to_owned(), |value| value.to_string())
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NeverWritten { value } => write!(f, "{value} was seen, but never written before"),
            Self::SwappedTwice { value } => write!(f, "{} was swapped away twice", named(*value)),
            Self::SwapCycle { value } => write!(f, "swaps around {value} each need the result of the other"),
            Self::Backward { earlier, later } => {
                write!(f, "{} was used after {} had been seen to follow it", named(*earlier), named(*later))
            }
            Self::BothFirst { one, other } => {
                write!(f, "{} and {} must each have been there before the other", named(*one), named(*other))
            }
            Self::ListedTwice { value } => write!(f, "{value} is in the list twice"),
            Self::Forked { at } => write!(f, "two reads differ at place {at}, neither continues the other"),
            Self::Incomparable { value } => {
                write!(f, "a read lacks {value}, which another read of no more elements has")
            }
            Self::Lost { value: Some(value) } => {
                write!(f, "{value} had been added, and was not there later")
            }
            Self::Lost { value: None } => {
                f.write_str("a list became shorter, or an element came before older ones")
            }
            Self::TakenTwice { value } => write!(f, "{value} was taken out twice"),
            Self::Overtaken { first, second } => {
                write!(f, "{first} was put in before {second}, but {second} was taken out before it")
            }
            Self::Total { sum, accounts } => write!(
                f,
                "{accounts} accounts hold {sum} together, but {ACCOUNTS} accounts of {OPENING_BALANCE} were opened"
            ),
            Self::NotEmpty => f.write_str("the queue was found empty, but was not at any moment"),
            Self::DeadEnd { placed: 1 } => f.write_str("after one operation, none could come next"),
            Self::DeadEnd { placed } => write!(f, "after {placed} operations in order, none could come next"),
        }
    }
}

/// What a fast tier came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// There is an order.
    Linearizable,
    /// There is none.
    Illegal(Conflict),
    /// This tier cannot tell.
    Unsure,
}
