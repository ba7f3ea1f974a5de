//! A document becomes a scenario piece by piece, so that one slip does not hide the next: each key at the top, and
//! each entry of a list of tables, is read by itself; what does not fit is told, left out, and the rest read again.

use serde_json::{Map, Value, json};
use sim_core::ordered::OrderedSet;

use super::Scenario;
use crate::document::{Complaint, Places};
use crate::problem::{Problem, nearest};

/// What a document came to.
pub(super) struct Reading {
    /// The scenario without the pieces that do not fit; `None` if without them it is none.
    pub(super) scenario: Option<Scenario>,
    /// Places of what is left: a list that lost an entry is counted anew.
    pub(super) places: Places,
    /// What does not fit.
    pub(super) problems: Vec<Problem>,
    /// The keys at the top in which something did not fit.
    pub(super) damaged: OrderedSet<String>,
}

/// How many slips in one piece are told.
const MOST: usize = 16;

/// No list of tables has more entries.
const LONGEST_LIST: usize = 10_000;

/// Reads a table.
pub(super) fn read(table: &Map<String, Value>, places: &Places) -> Reading {
    let reading =
        Reading { scenario: None, places: places.clone(), problems: Vec::new(), damaged: OrderedSet::new() };
    let mut reader = Reader { original: places, reading, whole: Map::new() };
    for (key, value) in table {
        match value {
            Value::Array(items) if !items.is_empty() && items.iter().all(Value::is_object) => {
                reader.list(key, items);
            }
            _ => reader.single(key, value),
        }
    }
    reader.assemble(table);
    reader.reading
}

struct Reader<'a> {
    original: &'a Places,
    reading: Reading,
    /// What could be read.
    whole: Map<String, Value>,
}

impl Reader<'_> {
    fn single(&mut self, key: &str, value: &Value) {
        if let Some(rest) = self.recover(key, None, value) {
            self.whole.insert(key.to_owned(), rest);
        }
    }

    fn list(&mut self, key: &str, items: &[Value]) {
        if items.len() > LONGEST_LIST {
            let title = format!("{} entries of {key} are more than {LONGEST_LIST}", items.len());
            self.reading.problems.push(Problem::new(title).at(self.original.key_at(&[key])));
            return;
        }
        let mut kept = Vec::new();
        for (index, item) in items.iter().enumerate() {
            if let Some(rest) = self.recover(key, Some(index), item) {
                kept.push((index, rest));
            }
        }
        if kept.len() < items.len()
            && let Some(places) = self.reading.places.children.get_mut(key)
        {
            let place = |(to, (from, _)): (usize, &(usize, Value))| {
                Some((to.to_string(), places.children.get(&from.to_string())?.clone()))
            };
            places.children = kept.iter().enumerate().filter_map(place).collect();
        }
        if !kept.is_empty() {
            let values = kept.into_iter().map(|(_, value)| value).collect();
            self.whole.insert(key.to_owned(), Value::Array(values));
        }
    }

    /// Reads one piece, leaving out what does not fit; `None` if nothing useful is left.
    fn recover(&mut self, key: &str, index: Option<usize>, value: &Value) -> Option<Value> {
        let mut probe = json!({
            "schema": "seedstorm.scenario/1",
            "title": "",
            "cluster": { "protocol": "", "nodes": 1, "duration": "1s" },
        });
        probe[key] = if index.is_some() { Value::Array(vec![value.clone()]) } else { value.clone() };
        let mut left_out: Vec<Vec<String>> = Vec::new();
        for _ in 0..MOST {
            let Err(complaint) = Complaint::read::<Scenario>(&probe) else {
                return if index.is_some() { probe.get_mut(key)?.get_mut(0) } else { probe.get_mut(key) }
                    .map(Value::take);
            };
            if is_told(&complaint, &left_out) {
                return None;
            }
            self.tell(key, index, &complaint);
            let culprit = complaint.culprit(&probe)?;
            if culprit.len() < 2 || (index.is_some() && culprit.len() < 3) {
                return None;
            }
            leave_out(&mut probe, &culprit);
            left_out.push(culprit);
        }
        None
    }

    fn tell(&mut self, key: &str, index: Option<usize>, complaint: &Complaint) {
        self.reading.damaged.insert(key.to_owned());
        let mut path = complaint.path.clone();
        if let (Some(index), Some(segment)) = (index, path.get_mut(1)) {
            *segment = index.to_string();
        }
        let problem = Complaint { path, ..complaint.clone() }.explain(self.original);
        if !self.reading.problems.contains(&problem) {
            self.reading.problems.push(problem);
        }
    }

    /// Reads what is left as a whole: keys that must be there and are not.
    fn assemble(&mut self, table: &Map<String, Value>) {
        for _ in 0..MOST {
            let complaint = match Complaint::read::<Scenario>(&Value::Object(self.whole.clone())) {
                Ok(scenario) => {
                    self.reading.scenario = Some(scenario);
                    return;
                }
                Err(complaint) => complaint,
            };
            let Some(missing) = complaint.missing().and_then(|path| path.into_iter().next()) else { return };
            let unread = table.keys().filter(|key| !self.whole.contains_key(*key));
            let near = unread.filter(|key| nearest(&missing, &[key.as_str()]).is_some()).count();
            if near == 0 {
                self.tell(&missing, None, &complaint);
            }
            let stand_in = match missing.as_str() {
                "schema" => "seedstorm.scenario/1",
                "title" => "",
                _ => return,
            };
            self.whole.insert(missing, stand_in.into());
        }
    }
}

/// Whether a complaint comes of what was left out: a key is missing that was there, if under a misspelled name, or a
/// table as a whole does not do without it.
fn is_told(complaint: &Complaint, left_out: &[Vec<String>]) -> bool {
    let Some(missing) = complaint.missing() else {
        return !complaint.is_unknown() && left_out.iter().any(|path| path.starts_with(&complaint.path));
    };
    let Some((name, table)) = missing.split_last() else { return false };
    left_out.iter().any(|path| {
        path.split_last().is_some_and(|(key, inside)| inside == table && nearest(name, &[key]).is_some())
    })
}

/// Takes a path out of a value.
pub(super) fn leave_out(value: &mut Value, path: &[String]) {
    let Some((last, parents)) = path.split_last() else { return };
    let parent = parents.iter().try_fold(value, |value, segment| match value {
        Value::Object(map) => map.get_mut(segment),
        Value::Array(items) => items.get_mut(segment.parse::<usize>().ok()?),
        _ => None,
    });
    if let Some(Value::Object(map)) = parent {
        map.remove(last);
    }
}
