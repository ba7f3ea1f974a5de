//! What each candidate for the event queue must do; the benchmark and the tests compare them through it.

/// A set of pending events from which the smallest key comes out first.
///
/// Keys are whole: `time << 64 | tie << 32 | payload` (see [`super::key`]). The order is the order of the integers,
/// and implementations agree on it exactly. A caller never pushes a time before the one popped last.
pub trait Pending: Default {
    /// Adds a key.
    fn push(&mut self, key: u128);
    /// Takes the smallest key.
    fn pop(&mut self) -> Option<u128>;
    /// The smallest key; may sort what comes next, so it takes the queue mutably.
    fn peek(&mut self) -> Option<u128>;
    /// How many keys are held.
    fn len(&self) -> usize;
    /// Whether no key is held.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
