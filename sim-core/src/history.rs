//! Histories: what clients asked and what they were told, in exact event order, and whether one object could have
//! answered so.
//!
//! [`History`] records a run; [`read_history`] and [`write_history`] move histories from and to JSON lines,
//! [`read_edn`] and [`write_edn`] from and to Jepsen's EDN.
//! [`HistoryCheck`] judges by tiers, cheapest first: a witness order claimed by the protocol, then checkers that
//! believe nobody (zones for registers, prefixes for lists), then a search with a budget. A pass of any tier is a
//! proof; so is a failure of any tier but the witness.

mod bank;
mod check;
mod conflict;
mod edn;
mod entry;
mod levels;
mod list;
mod names;
mod nearly;
mod object;
mod prefix;
mod queue;
mod reader;
mod record;
mod register;
mod search;
mod set;
mod spec;
mod texts;
mod witness;
mod words;

#[cfg(test)]
mod tests;

pub use check::{
    HistoryCheck, HistoryVerdict, Illegal, Judgement, LINEARIZABLE, Tier, Undecided, WITNESS, check_name,
};
pub use conflict::{Conflict, Reason};
pub use edn::{read_edn, write_edn};
pub use entry::{Datum, EntryValue, Function, HistoryEntry};
pub use reader::{Flaw, ReadHistoryError, read_history, write_history};
pub use record::{History, OperationEnd, Record};
pub use spec::{Refusal, State};
pub use texts::Texts;
