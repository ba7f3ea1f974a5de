//! A table with one entry per slot.

use crate::identity::Slot;

/// One value per slot, the default where nothing was put yet.
#[derive(Clone, Debug, Default)]
pub struct BySlot<T>(Vec<T>);

impl<T> BySlot<T> {
    /// An empty table.
    pub const fn new() -> Self {
        Self(Vec::new())
    }
}

impl<T: Default> BySlot<T> {
    /// The value of a slot.
    #[inline]
    pub fn at(&mut self, slot: Slot) -> &mut T {
        if slot.index() >= self.0.len() {
            self.grow(slot);
        }
        &mut self.0[slot.index()]
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self, slot: Slot) {
        self.0.resize_with(slot.index() + 1, T::default);
    }

    /// The value of a slot, if it was ever touched.
    #[inline]
    pub fn get(&self, slot: Slot) -> Option<&T> {
        self.0.get(slot.index())
    }

    /// The same, to change it.
    #[inline]
    pub fn get_mut(&mut self, slot: Slot) -> Option<&mut T> {
        self.0.get_mut(slot.index())
    }

    /// Forgets what was known: the slot starts afresh, or somebody else lives there.
    pub fn reset(&mut self, slot: Slot) {
        if let Some(value) = self.0.get_mut(slot.index()) {
            *value = T::default();
        }
    }
}
