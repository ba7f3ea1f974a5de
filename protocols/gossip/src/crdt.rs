//! Conflict-free replicated types: states that merge to the same, whatever the order (Shapiro et al., "Conflict-free replicated data
//! types", 2011).
//!
//! - [`counter`]: counters that grow, and counters that go both ways
//! - [`vector`]: version vectors and the dots in them
//! - [`set`]: a set from which only what was seen is removed
//! - [`map`]: a map whose last writer wins

pub mod counter;
pub mod map;
pub mod set;
pub mod vector;

#[cfg(test)]
mod tests;

/// A state that can be merged with another one. Merging is commutative, associative and idempotent, and it only adds: states form a
/// join semilattice.
pub trait Merge: Clone + PartialEq {
    /// Takes in all that another replica knows.
    fn merge(&mut self, other: &Self);

    /// What both replicas know together.
    #[must_use]
    fn merged(mut self, other: &Self) -> Self {
        self.merge(other);
        self
    }

    /// Whether it knows all that another replica does.
    fn includes(&self, other: &Self) -> bool {
        self.clone().merged(other) == *self
    }
}
