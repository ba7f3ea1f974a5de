//! The story of a failure as data: what led to a violation, step by step, in neutral terms.
//!
//! Campaigns make a story from the trace of a failing run (its causal cone) and from runs in which something was left
//! out; terminals print it and reports draw it.

mod text;

use serde::{Deserialize, Serialize};

use crate::check::Verdict;

pub use text::{of_likelihood, words};

/// The story of one violation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Story {
    /// The verdict in a sentence: `two leaders in term 4: n1 and n2`.
    pub headline: String,
    /// The check that found it, as `raft/election-safety`.
    pub check: String,
    /// The slots that take part, in the order in which they are drawn.
    pub slots: Vec<u32>,
    /// What happened, in order.
    pub steps: Vec<Step>,
    /// How many steps more there are in the causal cone than are told.
    pub omitted: u64,
    /// What would have come of it otherwise.
    pub counterfactuals: Vec<Counterfactual>,
    /// The two steps whose order decides.
    pub critical: Option<CriticalPair>,
    /// Whether such a pair was looked for. Where it was and there is none, no two steps near each
    /// other decide by their order alone.
    #[serde(default)]
    pub critical_sought: bool,
    /// What came of it, if the run goes on.
    #[serde(default)]
    pub consequence: Option<Consequence>,
    /// How likely it was from which moment on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub likelihood: Option<Likelihood>,
}

/// How often a property is broken if a failing run is made again up to a moment and chance is drawn anew from there on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Likelihood {
    /// When the violation was found, in true time.
    pub found_ns: u64,
    /// The last moment after which it could still be avoided; absent if there is none.
    pub open_ns: Option<u64>,
    /// The first moment from which at least 95 runs of a hundred fail; at the latest that of the violation.
    pub doomed_ns: u64,
    /// Moments in order, the first at the start.
    pub moments: Vec<LikelihoodAt>,
}

/// How often a property is broken with other chance from one moment on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LikelihoodAt {
    /// The moment, in true time.
    pub at_ns: u64,
    /// How many runs broke the property.
    pub count: u64,
    /// Of how many.
    pub of: u64,
    /// The lower end of the share's interval (Wilson, 95 %), in percent.
    pub low_percent: u32,
    /// The upper end.
    pub high_percent: u32,
}

impl Likelihood {
    /// How many runs there were, if the property broke in all of them: then chance decides nothing.
    pub fn tries_that_all_failed(&self) -> Option<u64> {
        let all = self.moments.iter().all(|moment| moment.count == moment.of);
        all.then(|| self.moments.iter().map(|moment| moment.of).sum())
    }
}

impl LikelihoodAt {
    /// The share, in percent.
    pub const fn percent(&self) -> u64 {
        match (self.count * 100 + self.of / 2).checked_div(self.of) {
            Some(percent) => percent,
            None => 0,
        }
    }
}

/// Another property that breaks because of the first: what a user would have seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consequence {
    /// When, in true time.
    pub at_ns: u64,
    /// The check that found it.
    pub check: String,
    /// What happened, in a sentence.
    pub message: String,
    /// What it takes besides: `if n1 crashes then`; empty if nothing.
    pub given: String,
}

/// One step of a story.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Counting from one.
    pub number: u32,
    /// When, in true time; of a message, when it arrived, or was lost.
    pub at_ns: u64,
    /// Where; absent if it happened to the world as a whole.
    pub slot: Option<u32>,
    /// What kind of thing.
    pub kind: StepKind,
    /// In words: `n1 -> n3  RequestVote term 4`.
    pub text: String,
    /// What is remarkable about it: `<- second vote in term 4`; empty if nothing.
    pub note: String,
    /// The message, if it is one.
    pub arrow: Option<Arrow>,
}

/// What kind of thing a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepKind {
    /// Something goes wrong, or is mended.
    Fault,
    /// A message arrives, or is lost.
    Message,
    /// A timer fires.
    Timer,
    /// Something reaches a disk, or does not.
    Disk,
    /// A process starts or stops.
    Process,
    /// A process reports a fact.
    Observation,
    /// A client asks or is answered.
    Client,
    /// The property is broken.
    Violation,
}

/// A message in a story.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arrow {
    /// The sender's slot.
    pub from: u32,
    /// The receiver's slot.
    pub to: u32,
    /// When it was sent.
    pub sent_ns: u64,
    /// When it arrived; absent if it was lost.
    pub arrived_ns: Option<u64>,
    /// Its kind, as `RequestVote`.
    pub kind: String,
}

/// The same run with one thing different.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counterfactual {
    /// What was different: `without fault 1`, `vote on disk`.
    pub what: String,
    /// The number of the step that was left out, if it is one.
    pub step: Option<u32>,
    /// What the run came to.
    pub verdict: Verdict,
    /// Whether the same violation was found all the same.
    pub reproduced: bool,
}

/// Two steps whose order decides: with them the other way round, and nothing else changed, the run passes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CriticalPair {
    /// The number of the earlier step.
    pub first: u32,
    /// The number of the later step.
    pub second: u32,
    /// What it is about, in a sentence.
    pub about: String,
}
