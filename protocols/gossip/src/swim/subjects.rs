//! Small numbers for the members that somebody holds to be something else than at genesis.
//!
//! All members of a run share one numbering, so that what a member keeps about the n-th subject stands in the n-th place,
//! without a key and without a table of its own. It is a compression and nothing else: a member reads a subject's number
//! only to find what it has written there itself, and whatever it sends or reports has members' own numbers. Which number a
//! subject gets depends on who changed a view first, so nothing may be ordered by it.

use std::cell::RefCell;
use std::rc::Rc;

use sim_core::hash::FixedMap;
use sim_core::identity::NodeId;

/// A member as views keep it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Subject(pub(super) u32);

impl Subject {
    #[inline]
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

#[derive(Debug, Default)]
struct Numbers {
    subjects: FixedMap<NodeId, Subject>,
    nodes: Vec<NodeId>,
}

/// The numbering of one run.
#[derive(Clone, Debug, Default)]
pub(super) struct Subjects(Rc<RefCell<Numbers>>);

impl Subjects {
    /// The subject that a member is, if anybody's view ever had something to say about it.
    #[inline]
    pub(super) fn find(&self, node: NodeId) -> Option<Subject> {
        self.0.borrow().subjects.get(&node).copied()
    }

    /// The subject that a member is from now on.
    pub(super) fn number(&self, node: NodeId) -> Subject {
        let mut numbers = self.0.borrow_mut();
        if let Some(subject) = numbers.subjects.get(&node) {
            return *subject;
        }
        let subject = Subject(numbers.nodes.len() as u32);
        numbers.nodes.push(node);
        numbers.subjects.insert(node, subject);
        subject
    }

    /// Which member a subject is.
    #[inline]
    pub(super) fn node(&self, subject: Subject) -> NodeId {
        self.0.borrow().nodes[subject.index()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_one_subject_whoever_asks() {
        let (one, numbers) = (Subjects::default(), [7, 3, 7, 100_000, 3]);
        let other = one.clone();
        assert_eq!(one.find(NodeId(7)), None);
        let subjects: Vec<u32> = numbers.iter().map(|node| one.number(NodeId(*node)).0).collect();
        assert_eq!(subjects, [0, 1, 0, 2, 1]);
        for node in numbers.map(NodeId) {
            assert_eq!(other.find(node).map(|subject| other.node(subject)), Some(node));
        }
    }
}
