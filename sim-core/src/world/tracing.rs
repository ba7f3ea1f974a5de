//! What a trace hears of a run.
use super::World;
use super::step::Stimulus;
use crate::fault::Action;
use crate::identity::Slot;
use crate::kernel::Dropped;
use crate::process::{Factory, Protocol};
use crate::world::event::Envelope;

impl<P: Protocol, F: Factory<P>> World<P, F> {
    #[inline]
    pub(super) fn trace_input(&mut self, _: Slot, _: &Stimulus<P>) {}
    #[inline]
    pub(super) fn trace_lost(&mut self, _: &Envelope, _: Dropped) {}
    #[inline]
    pub(super) fn trace_sent(&mut self, _: &Envelope, _: u32) {}
    #[inline]
    pub(super) fn trace_arrival(&mut self, _: u32, _: &Envelope) {}
    #[inline]
    pub(super) fn trace_observation(&mut self, _: Slot, _: &P::Observation) {}
    #[inline]
    pub(super) fn trace_fault(&mut self, _: &Action) {}
}
