//! Finds what two contents have in common: the same term, the same index, the same node.

use sim_core::ordered::OrderedMap;
use sim_core::trace::{Content, Shown};

/// A named value. Names are cut down to their last word, so that `entry_term` and `term` speak of the same thing.
pub(super) type Fact = (String, String);

/// What every field that names a node is called: whoever is involved is so in any capacity.
pub(super) const NODE: &str = "node";

/// The facts of a content that can be shared: numbers above zero and nodes. A hash is shared by all who agree, which
/// makes it no sign of anything.
pub(super) fn facts(content: &Content) -> Vec<Fact> {
    let fact = |field: &sim_core::trace::Named| {
        let telling = match &field.value {
            Shown::Unsigned(number) => *number > 0,
            Shown::Node(_) => true,
            _ => false,
        };
        let last = field.name.rsplit('_').next().unwrap_or(&field.name);
        let name = if matches!(field.value, Shown::Node(_)) { NODE } else { last };
        telling.then(|| (name.to_owned(), field.value.to_string()))
    };
    content.fields.iter().filter_map(fact).collect()
}

/// How often each fact stands in many contents.
#[derive(Debug, Default)]
pub(super) struct Frequencies(OrderedMap<Fact, u32>);

/// A fact that stands in more observations than this says nothing about one of them.
const RARE: u32 = 12;

impl Frequencies {
    pub(super) fn add(&mut self, content: &Content) {
        for fact in facts(content) {
            *self.0.entry(fact).or_default() += 1;
        }
    }

    pub(super) fn rare(&self, fact: &Fact) -> bool {
        self.0.get(fact).is_none_or(|count| *count <= RARE)
    }
}
