//! One timer: for the oldest request, or for a new view.

use sim_core::identity::NodeId;
use sim_core::process::Context;
use sim_core::time::Duration;

use super::parameters::DOUBLINGS;
use super::replica::{Replica, VIEW};
use super::vocabulary::{Pbft, PbftTimer};

impl Replica {
    fn patience(&self) -> Duration {
        self.parameters.view_timeout.saturating_mul(1 << self.attempts.min(DOUBLINGS))
    }

    pub(super) fn wait_for_view(&mut self, cx: &mut Context<'_, Pbft>) {
        cx.set_timer(VIEW, self.patience(), PbftTimer::View);
    }

    /// Watches the oldest request, unless one is watched already.
    pub(super) fn keep_watch(&mut self, cx: &mut Context<'_, Pbft>) {
        if self.active && !self.pending.watches() {
            self.watch_anew(cx);
        }
    }

    /// Watches the oldest request from now on; nothing is waited for if there is none.
    pub(super) fn watch_anew(&mut self, cx: &mut Context<'_, Pbft>) {
        if self.pending.watch_oldest() {
            cx.set_timer(VIEW, self.patience(), PbftTimer::View);
        } else {
            cx.cancel_timer(VIEW);
        }
    }

    /// Something was executed: the primary does its work, and the wait begins anew.
    pub(super) fn served(&mut self, served: &[(NodeId, u64)], cx: &mut Context<'_, Pbft>) {
        if !self.active {
            return;
        }
        self.attempts = 0;
        if !self.pending.watches() {
            self.watch_anew(cx);
        } else if self.pending.excuses(served) {
            cx.set_timer(VIEW, self.patience(), PbftTimer::View);
        }
    }

    /// The primary of this view, or of the one that is wanted, took too long.
    pub(super) fn on_view_timeout(&mut self, cx: &mut Context<'_, Pbft>) {
        self.attempts += 1;
        self.want_view(self.view.saturating_add(1), cx);
    }
}
