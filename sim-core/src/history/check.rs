//! The verdict on a history: tiers, cheapest first.

use super::conflict::{Conflict, Outcome, Reason};
use super::object::Object;
use super::record::History;
use super::search::{Limits, SearchEnd, Searched, search};
use super::spec::Refusal;
use super::{bank, list, prefix, queue, register, set, witness};
use crate::operation::ObjectModel;

/// The name by which all checks of what clients saw are switched off.
pub const LINEARIZABLE: &str = "linearizable";

/// The name of the witness check.
pub const WITNESS: &str = "linearizable/witness";

/// The name of the check of a model that believes nobody.
pub const fn check_name(model: ObjectModel) -> &'static str {
    match model {
        ObjectModel::Register => "linearizable/register",
        ObjectModel::CasRegister => "linearizable/cas-register",
        ObjectModel::Kv => "linearizable/kv",
        ObjectModel::Append => "linearizable/append",
        ObjectModel::Queue => "linearizable/queue",
        ObjectModel::Set => "linearizable/set",
        ObjectModel::Bank => "linearizable/bank",
    }
}

/// Judges histories.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryCheck {
    /// How many steps the search may take per object.
    pub budget_steps: u64,
    /// How many bytes the search may use for what it remembers.
    pub memory_bytes: u64,
}

impl Default for HistoryCheck {
    fn default() -> Self {
        Self { budget_steps: 1_000_000, memory_bytes: 256 << 20 }
    }
}

/// Whether one object could have answered as a history says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HistoryVerdict {
    /// It could: proved.
    Linearizable,
    /// It could not: proved.
    Illegal(Illegal),
    /// Not decided.
    Unknown(Undecided),
}

/// Why a history is not decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Undecided {
    /// Nothing can be said of a history in which nothing happened.
    #[error("the history has no operation that could be judged")]
    Nothing,
    /// The search ran out of steps.
    #[error(
        "the search for an order of the {operations} operations on key {key} ran out of its {budget} steps"
    )]
    Budget {
        /// The object.
        key: u64,
        /// How many operations it has.
        operations: usize,
        /// The steps that were allowed.
        budget: u64,
    },
    /// The search had more to remember than it may.
    #[error(
        "the search for an order of the {operations} operations on key {key} has more to remember than its {bytes} bytes"
    )]
    Memory {
        /// The object.
        key: u64,
        /// How many operations it has.
        operations: usize,
        /// The bytes that were allowed.
        bytes: u64,
    },
}

/// Why no object could have answered as a history says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Illegal {
    /// The object.
    pub key: u64,
    /// What contradicts what; the indexes are those of the history.
    pub conflict: Conflict,
    /// The operation whose return ends the longest linearizable beginning of the history.
    pub broken_by: usize,
    /// The longest order found for the object's operations up to then.
    pub longest: Vec<usize>,
    /// What could not come next after it, and why.
    pub refused: Vec<(usize, Refusal)>,
}

impl Illegal {
    /// What is wrong, as a sentence that names operations by their lines.
    pub fn sentence(&self, history: &History) -> String {
        let lines: Vec<String> =
            self.conflict.operations.iter().map(|index| describe(history, *index)).collect();
        format!("key {}: {}: {}", self.key, self.conflict.reason, lines.join("; "))
    }
}

fn describe(history: &History, index: usize) -> String {
    let record = &history.records[index];
    let end = record.end.as_ref().map_or_else(|| "never".to_owned(), |end| end.at.to_string());
    let (call, reply) = (history.call_in_words(record), history.reply_in_words(record));
    format!("process {}: {call} -> {reply} ({} to {end})", record.process, record.called)
}

/// What judging a history came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// The verdict.
    pub verdict: HistoryVerdict,
    /// What kind of objects were judged.
    pub model: ObjectModel,
    /// How many operations took part.
    pub operations: u64,
    /// How many objects there are.
    pub keys: u64,
    /// Whether the order claimed by the protocol is a proof; `None` if none was claimed, or not for all operations.
    pub witness: Option<bool>,
    /// How many operations came with a claimed position.
    pub positioned: u64,
    /// Which tier decided each object, counted.
    pub tiers: Vec<(Tier, u64)>,
}

/// What decided about an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// The order claimed by the protocol.
    Witness,
    /// Zones, prefixes or patterns.
    Direct,
    /// The search.
    Search,
}

impl HistoryCheck {
    /// A check whose search may take this many steps per object.
    pub fn new(budget_steps: u64) -> Self {
        Self { budget_steps, ..Self::default() }
    }

    fn limits(&self) -> Limits {
        Limits { steps: self.budget_steps, memory: self.memory_bytes, prune: true }
    }

    /// Judges a history.
    pub fn judge(&self, history: &History) -> Judgement {
        let objects = Object::all(history);
        let witness = witness::proves(history, &objects);
        let mut judgement = Judgement {
            verdict: HistoryVerdict::Linearizable,
            model: history.model,
            operations: objects.iter().map(|object| object.calls.len() as u64).sum(),
            keys: objects.len() as u64,
            witness,
            positioned: history.positioned,
            tiers: Vec::new(),
        };
        for object in &objects {
            let (tier, verdict) = self.judge_object(object, witness == Some(true));
            judgement.count(tier);
            judgement.verdict.worsen(verdict);
            if matches!(judgement.verdict, HistoryVerdict::Illegal(_)) {
                break;
            }
        }
        judgement
    }

    fn judge_object(&self, object: &Object<'_>, witnessed: bool) -> (Tier, HistoryVerdict) {
        match direct(object) {
            Outcome::Linearizable => (Tier::Direct, HistoryVerdict::Linearizable),
            Outcome::Illegal(conflict) => (Tier::Direct, self.explain(object, conflict)),
            Outcome::Unsure if witnessed => (Tier::Witness, HistoryVerdict::Linearizable),
            Outcome::Unsure => (Tier::Search, self.judge_by_search(object)),
        }
    }

    fn judge_by_search(&self, object: &Object<'_>) -> HistoryVerdict {
        let found = search(object, self.limits());
        match found.end {
            SearchEnd::Found => HistoryVerdict::Linearizable,
            SearchEnd::OutOfBudget => HistoryVerdict::Unknown(Undecided::Budget {
                key: object.key,
                operations: object.calls.len(),
                budget: self.budget_steps,
            }),
            SearchEnd::OutOfMemory => HistoryVerdict::Unknown(Undecided::Memory {
                key: object.key,
                operations: object.calls.len(),
                bytes: self.memory_bytes,
            }),
            SearchEnd::Impossible => self.explain(object, dead_end(&found)),
        }
    }

    /// Finds where an illegal object went wrong.
    fn explain(&self, object: &Object<'_>, conflict: Conflict) -> HistoryVerdict {
        let judge = |object: &Object<'_>| match direct(object) {
            Outcome::Unsure => match search(object, self.limits()) {
                found if found.end == SearchEnd::Impossible => Outcome::Illegal(dead_end(&found)),
                _ => Outcome::Unsure,
            },
            sure => sure,
        };
        let (shortest, conflict) = prefix::shortest_illegal(object, conflict, &judge);
        let broken_by = shortest.last_return().unwrap_or_default();
        let Searched { longest, refused, .. } = search(&shortest, Limits { prune: false, ..self.limits() });
        HistoryVerdict::Illegal(Illegal { key: object.key, conflict, broken_by, longest, refused })
    }
}

/// The tier that needs no search, if the model has one.
fn direct(object: &Object<'_>) -> Outcome {
    match object.model {
        ObjectModel::Kv if object.texts.is_some() => Outcome::Unsure,
        ObjectModel::Register | ObjectModel::CasRegister | ObjectModel::Kv => register::judge(object),
        ObjectModel::Append => list::judge(object),
        ObjectModel::Queue => queue::judge(object),
        ObjectModel::Set => set::judge(object),
        ObjectModel::Bank => bank::judge(object),
    }
}

fn dead_end(found: &Searched) -> Conflict {
    Conflict {
        operations: found.refused.iter().map(|(index, _)| *index).collect(),
        reason: Reason::DeadEnd { placed: found.longest.len() },
    }
}

impl HistoryVerdict {
    fn worsen(&mut self, other: Self) {
        let badness = |verdict: &Self| match verdict {
            Self::Linearizable => 0,
            Self::Unknown(_) => 1,
            Self::Illegal(_) => 2,
        };
        if badness(&other) > badness(self) {
            *self = other;
        }
    }
}

impl Judgement {
    fn count(&mut self, tier: Tier) {
        match self.tiers.iter_mut().find(|(known, _)| *known == tier) {
            Some((_, count)) => *count += 1,
            None => self.tiers.push((tier, 1)),
        }
    }

    /// Why the run is inconclusive, if it is for this.
    pub fn undecided(&self) -> Option<Undecided> {
        match self.verdict {
            HistoryVerdict::Unknown(why) => Some(why),
            _ => None,
        }
    }
}
