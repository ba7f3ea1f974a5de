//! The part of a history that is about one object, as the checkers see it.

use std::rc::Rc;

use super::record::History;
use super::spec::State;
use super::texts::Texts;
use crate::operation::{ObjectModel, Operation, Reply};
use crate::ordered::OrderedMap;

/// One operation, reduced to what linearizability depends on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call<'a> {
    /// Its index in the history.
    pub(super) index: usize,
    pub(super) operation: Operation,
    /// What it surely came to.
    pub(super) reply: Option<&'a Reply>,
    /// The place of the call among all events.
    pub(super) call: u64,
    /// The place of the return; `u64::MAX` if it may take effect at any later time.
    pub(super) returned: u64,
}

impl Call<'_> {
    /// Whether it leaves every state in which it is possible as it is.
    pub(super) fn changes_nothing(&self) -> bool {
        self.operation.is_read()
            || self.reply == Some(&Reply::Mismatch)
            || (matches!(self.operation, Operation::Dequeue { .. })
                && self.reply == Some(&Reply::Value(None)))
    }
}

/// The operations on one object, in the order of their calls. Those that never happened are left out, and so are
/// reads of which nothing is known: neither can matter.
#[derive(Clone, Debug)]
pub(super) struct Object<'a> {
    pub(super) model: ObjectModel,
    pub(super) key: u64,
    pub(super) calls: Vec<Call<'a>>,
    /// What values look like, where texts are joined.
    pub(super) texts: Option<Rc<Texts>>,
}

impl<'a> Object<'a> {
    /// The state before anything happened.
    pub(super) fn initial(&self) -> State {
        match &self.texts {
            Some(texts) => State::Text { there: None, texts: Rc::clone(texts) },
            None => State::initial(self.model),
        }
    }

    /// The objects of a history, by key.
    pub(super) fn all(history: &'a History) -> Vec<Self> {
        let mut objects: Vec<Self> = Vec::new();
        let mut places: OrderedMap<u64, usize> = OrderedMap::new();
        let mut latest = None;
        for (index, record) in history.records.iter().enumerate() {
            let (operation, reply) = (record.operation, record.reply());
            if reply == Some(&Reply::Refused) || (reply.is_none() && operation.is_read()) {
                continue;
            }
            let key = operation.key();
            let place = match latest {
                Some((known, place)) if known == key => place,
                _ => *places.entry(key).or_insert_with(|| {
                    objects.push(Self { model: history.model, key, calls: Vec::new(), texts: None });
                    objects.len() - 1
                }),
            };
            latest = Some((key, place));
            if matches!(operation, Operation::Append { .. }) && history.model == ObjectModel::Kv {
                objects[place].texts.get_or_insert_with(|| Rc::clone(&history.texts));
            }
            objects[place].calls.push(Call {
                index,
                operation,
                reply,
                call: record.call,
                returned: record.returned(),
            });
        }
        objects.sort_by_key(|object| object.key);
        objects
    }

    /// The operation that returned last.
    pub(super) fn last_return(&self) -> Option<usize> {
        let returned = self.calls.iter().filter(|call| call.returned != u64::MAX);
        returned.max_by_key(|call| call.returned).map(|call| call.index)
    }

    /// What was known just after the event of this place: later calls are gone, later returns open.
    pub(super) fn until(&self, event: u64) -> Self {
        let known = self.calls.iter().filter(|call| call.call <= event);
        let cut = known.filter_map(|call| {
            if call.returned <= event {
                return Some(*call);
            }
            let open = Call { reply: None, returned: u64::MAX, ..*call };
            (!open.operation.is_read()).then_some(open)
        });
        Self { model: self.model, key: self.key, calls: cut.collect(), texts: self.texts.clone() }
    }
}
