//! A table with one entry per slot.

use sim_core::identity::Slot;

/// One value per slot, the default where nothing was put yet.
#[derive(Clone, Debug, Default)]
pub(super) struct BySlot<T>(Vec<T>);

impl<T: Default> BySlot<T> {
    /// The value of a slot.
    #[inline]
    pub(super) fn at(&mut self, slot: Slot) -> &mut T {
        if slot.index() >= self.0.len() {
            self.0.resize_with(slot.index() + 1, T::default);
        }
        &mut self.0[slot.index()]
    }

    /// The value of a slot, if it was ever touched.
    #[inline]
    pub(super) fn get(&self, slot: Slot) -> Option<&T> {
        self.0.get(slot.index())
    }

    /// Forgets what was known: the slot starts afresh, or somebody else lives there.
    pub(super) fn reset(&mut self, slot: Slot) {
        if let Some(value) = self.0.get_mut(slot.index()) {
            *value = T::default();
        }
    }
}
