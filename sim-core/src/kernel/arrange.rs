//! What a run starts from: whether its setup makes sense, and how wrong its clocks are.

use super::{Kernel, Vocabulary};
use crate::agenda::Agenda;
use crate::distribution::{Distribution, Sampler};
use crate::fault::ClockChange;
use crate::identity::Slot;
use crate::launch::LaunchError;
use crate::process::TimerId;
use crate::random::{Draw, Keyed, Purpose, below};
use crate::setup::{MeasureOf, Setup, Stop};
use crate::time::{Duration, Time};

impl Kernel {
    /// How much later than it is set to a timer fires, by the platform.
    #[inline]
    pub(crate) fn timer_lateness(&self, slot: Slot, id: TimerId) -> Duration {
        let most = self.setup.clocks.timer_jitter.as_nanos();
        if most == 0 {
            return Duration::ZERO;
        }
        let name = u64::from(slot.0) << 32 | u64::from(id.0);
        let word = Keyed::new(self.setup.seed, Purpose::Timer).word(name, self.now.as_nanos());
        Duration::from_nanos(below(word, most.saturating_add(1)))
    }

    /// Whoever is absent at the start is down.
    pub(crate) fn set_absent(&mut self) {
        for slot in self.setup.initial.absent.clone().into_iter().map(Slot) {
            self.ground.places[slot.index()].up = false;
            self.refresh(slot);
            self.network.down(Time::ZERO, slot, &mut self.notices);
        }
        self.notices.clear();
    }

    /// The clocks of all slots that there are from the start.
    pub(crate) fn set_clocks(&mut self) {
        let offset = self.setup.clocks.offset.as_ref().map(Distribution::compile);
        for slot in 0..self.setup.members + self.setup.clients {
            self.set_clock(Slot(slot), offset.as_ref());
        }
    }

    /// The clock of a slot that joins now.
    pub(crate) fn set_new_clock(&mut self, slot: Slot) {
        let offset = self.setup.clocks.offset.as_ref().map(Distribution::compile);
        self.set_clock(slot, offset.as_ref());
    }

    /// A clock is as wrong as its slot's number says, whoever else there is.
    fn set_clock(&mut self, slot: Slot, offset: Option<&Sampler>) {
        if matches!(self.agenda, Agenda::Choices(_)) {
            self.clocks.stand(slot.index() + 1);
        }
        let (dice, name) = (Keyed::new(self.setup.seed, Purpose::Clock), u64::from(slot.0));
        if let Some(offset) = offset {
            let ahead = offset.sample_from(&mut Draw::new(dice, name, 0));
            self.change_clock(slot, ClockChange::Forward(ahead));
        }
        let most = i64::from(self.setup.clocks.drift_ppm) * 1_000;
        if most > 0 {
            let drawn = below(dice.word(name, 1), 2 * most.unsigned_abs() + 1);
            let parts = i32::try_from(drawn.cast_signed() - most).unwrap_or(0);
            self.change_clock(slot, ClockChange::Drift { parts_per_billion: parts });
            self.clocks.keep_rate(slot);
        }
    }
}

/// Whether a run can be made of a setup at all.
///
/// # Errors
/// Why not.
pub(crate) fn validate(setup: &Setup, agenda: &Agenda, vocabulary: Vocabulary) -> Result<(), LaunchError> {
    let refuse = |reason: String| Err(LaunchError::Setup(reason));
    if matches!(agenda, Agenda::Choices(_)) && setup.progress_timeout.is_some() {
        let reason = "a second phase demands progress within a time, and under choices time has no length";
        return refuse(reason.to_owned());
    }
    setup.validate().map_err(|error| LaunchError::Setup(error.to_string()))?;
    known(setup, vocabulary)
}

/// Stop rules and measures must name kinds that the protocol has: a typo would otherwise never stop, or measure nothing.
fn known(setup: &Setup, vocabulary: Vocabulary) -> Result<(), LaunchError> {
    let observed = setup.stop.iter().filter_map(|stop| match stop {
        Stop::Observed { kind, .. } => Some((kind, vocabulary.observations)),
        Stop::Returned(_) | Stop::AllInRole(_) | Stop::Violation => None,
    });
    let of_observations = setup.measures.iter().flat_map(|measure| measure.what.observed());
    let of_messages = setup.measures.iter().filter_map(|measure| match &measure.what {
        MeasureOf::Sent(pattern) => Some((&pattern.kind, vocabulary.messages)),
        _ => None,
    });
    let measured =
        of_observations.map(|(_, pattern)| (&pattern.kind, vocabulary.observations)).chain(of_messages);
    match observed.chain(measured).find(|(kind, kinds)| !kinds.contains(&kind.as_str())) {
        None => Ok(()),
        Some((kind, kinds)) => Err(LaunchError::Setup(format!(
            "\"{kind}\" is not something that can be counted here; there is {}",
            kinds.join(", ")
        ))),
    }
}
