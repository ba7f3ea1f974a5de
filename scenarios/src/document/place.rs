//! Where every key and value of a document stood.

use sim_core::ordered::OrderedMap;

use crate::source::Origin;

/// The places of a value and all values inside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// Where its key stands, if it has one.
    pub key: Option<Origin>,
    /// Where the value stands; of a table with a header, the header.
    pub value: Origin,
    /// What is inside, by key, or by index in decimal.
    pub children: OrderedMap<String, Places>,
}

impl Places {
    /// The places of a value without anything inside.
    pub fn leaf(value: Origin) -> Self {
        Self { key: None, value, children: OrderedMap::new() }
    }

    /// Follows a path as far as it is known. Returns where it ended, and how many segments were followed.
    pub fn follow<S: AsRef<str>>(&self, path: &[S]) -> (&Self, usize) {
        let mut here = self;
        for (depth, segment) in path.iter().enumerate() {
            match here.children.get(segment.as_ref()) {
                Some(child) => here = child,
                None => return (here, depth),
            }
        }
        (here, path.len())
    }

    /// Where the value at a path stands, or else the innermost value around it that was written.
    pub fn value_at<S: AsRef<str>>(&self, path: &[S]) -> Origin {
        self.follow(path).0.value.clone()
    }

    /// Where the key at a path stands, or else the innermost thing around it that was written.
    pub fn key_at<S: AsRef<str>>(&self, path: &[S]) -> Origin {
        let (found, depth) = self.follow(path);
        match &found.key {
            Some(key) if depth == path.len() => key.clone(),
            _ => found.value.clone(),
        }
    }

    /// The place of a path, made of `place` where nothing was written so far.
    pub fn child_mut(&mut self, segment: &str, place: &Self) -> &mut Self {
        self.children.entry(segment.to_owned()).or_insert_with(|| place.clone())
    }
}
