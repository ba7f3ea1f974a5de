//! Likelihood over time: where did a failing run become doomed?
//!
//! The run is made again up to a moment. From there on chance is drawn anew, many times: how often is the same property
//! broken? Early on as often as under any chance, at the end always. In between the rate rises, mostly in one step: what happened
//! there decides. Half of the moments are spread evenly from the start to the violation, the others stand where the rate
//! rises most.

use sim_core::random::{Keyed, Purpose};
use sim_core::registry::{Launch, LaunchError, Redraw};
use sim_core::stats::wilson;
use sim_core::story::{Likelihood, LikelihoodAt};
use sim_core::time::Time;

use crate::parallel::on_all_cores;
use crate::plan::{Plan, SEEDS_END};
use crate::run::run;

use super::StoryStage;

/// The confidence of every interval.
const CONFIDENCE: f64 = 0.95;

/// Draws of this module are those of no other.
const LABEL: u64 = 0x6c69_6b65;

/// A run is doomed from the first moment on after which so many runs of a hundred fail.
const DOOMED_PERCENT: u64 = 95;

/// A run that goes on otherwise may have so many times the events of the failing one.
const LONGER: u64 = 4;

/// How many events all runs for a story may have together; longer ones are for the command alone.
const EVENTS: u64 = 4_000_000;

/// How much is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LikelihoodOptions {
    /// How many moments there are.
    pub moments: u32,
    /// How often chance is drawn anew at each.
    pub draws: u32,
}

impl LikelihoodOptions {
    /// What a story takes.
    pub const STORY: Self = Self { moments: 12, draws: 20 };
}

/// What a story tells of it: nothing of a run that is too long.
pub(super) fn of_story(
    plan: &Plan,
    events: u64,
    print: &str,
    begins: &dyn Fn(StoryStage),
) -> Result<Option<Likelihood>, LaunchError> {
    let LikelihoodOptions { moments, draws } = LikelihoodOptions::STORY;
    let all = events.saturating_mul(u64::from(moments) * u64::from(draws));
    if all > EVENTS { Ok(None) } else { likelihood(plan, Some(print), LikelihoodOptions::STORY, begins) }
}

/// Draws chance anew at moments of a failing run. The violation of a fingerprint is followed, the first one if it is absent.
/// Each run that fails in the same way counts, since who does, and when, is chance as well. Nothing is told if the run has no
/// such violation. Whoever waits is told each moment as it begins.
///
/// # Errors
/// If the plan cannot be run.
pub fn likelihood(
    plan: &Plan,
    fingerprint: Option<&str>,
    options: LikelihoodOptions,
    begins: &dyn Fn(StoryStage),
) -> Result<Option<Likelihood>, LaunchError> {
    let outcome = run(plan, &Launch::default())?;
    let wanted = |print: &str| fingerprint.is_none_or(|wanted| wanted == print);
    let Some(broken) = outcome.violations.iter().find(|violation| wanted(&violation.fingerprint)) else {
        return Ok(None);
    };
    let mut plan = plan.clone();
    plan.setup.max_events = plan.setup.max_events.min(outcome.events.saturating_mul(LONGER));
    let drawing =
        Drawing { plan: &plan, wanted: &broken.fingerprint, draws: u64::from(options.draws.max(1)) };
    let even = options.moments.max(2).div_ceil(2);
    let mut moments: Vec<LikelihoodAt> = Vec::new();
    let of = options.moments.max(2) as usize;
    for place in 0..even {
        begins(StoryStage::Likelihood { moment: place as usize + 1, of });
        // In 128 bits: a run may last for years.
        let at_ns = u128::from(broken.at_ns) * u128::from(place) / u128::from(even);
        moments.push(drawing.at(u64::try_from(at_ns).unwrap_or(broken.at_ns))?);
    }
    moments.dedup_by_key(|moment| moment.at_ns);
    for place in even..options.moments {
        begins(StoryStage::Likelihood { moment: place as usize + 1, of });
        let Some(at_ns) = steepest(&moments, broken.at_ns, drawing.draws) else { break };
        let place = moments.partition_point(|known| known.at_ns < at_ns);
        moments.insert(place, drawing.at(at_ns)?);
    }
    let open = moments.iter().rposition(|moment| moment.count * 100 < moment.of * DOOMED_PERCENT);
    let doomed = moments.get(open.map_or(0, |last| last + 1));
    Ok(Some(Likelihood {
        found_ns: broken.at_ns,
        open_ns: open.map(|last| moments[last].at_ns),
        doomed_ns: doomed.map_or(broken.at_ns, |moment| moment.at_ns),
        moments,
    }))
}

/// The middle of the two moments between which the rate rises most; at the violation, every run has failed. Nothing if it rises
/// nowhere, or no time lies between them.
fn steepest(moments: &[LikelihoodAt], found_ns: u64, draws: u64) -> Option<u64> {
    let ends = moments.iter().map(|moment| (moment.at_ns, moment.count));
    let ends: Vec<(u64, u64)> = ends.chain([(found_ns, draws)]).collect();
    let rise = |pair: &[(u64, u64)]| pair[1].1.saturating_sub(pair[0].1);
    let pairs = ends.windows(2).filter(|pair| pair[1].0 - pair[0].0 > 1 && rise(pair) > 0);
    // Of several that are as steep, the last: what comes later is nearer to what was found.
    let pair = pairs.max_by_key(|pair| rise(pair))?;
    Some(pair[0].0 + (pair[1].0 - pair[0].0) / 2)
}

/// What is drawn, and how often.
struct Drawing<'a> {
    plan: &'a Plan,
    /// The fingerprint that counts.
    wanted: &'a str,
    draws: u64,
}

impl Drawing<'_> {
    /// Draws chance anew from a moment on.
    fn at(&self, at_ns: u64) -> Result<LikelihoodAt, LaunchError> {
        let keyed = Keyed::new(self.plan.setup.seed, Purpose::Campaign).labeled(LABEL);
        let one = |draw: u64| {
            let redraw = Redraw { at: Time::from_nanos(at_ns), seed: keyed.word(at_ns, draw) % SEEDS_END };
            let outcome = run(self.plan, &Launch { redraw: Some(redraw), ..Launch::default() })?;
            Ok(outcome.violations.iter().any(|violation| violation.fingerprint == self.wanted))
        };
        let draws: Vec<u64> = (0..self.draws).collect();
        let mut count = 0;
        for failed in on_all_cores(draws, one) {
            count += u64::from(failed?);
        }
        let share = wilson(count, self.draws, CONFIDENCE);
        let percent = |share: f64| (share * 100.0).round() as u32;
        let (low_percent, high_percent) = (percent(share.low), percent(share.high));
        Ok(LikelihoodAt { at_ns, count, of: self.draws, low_percent, high_percent })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn further_moments_stand_where_the_rate_rises_most() {
        let moments = |counts: &[u64]| -> Vec<LikelihoodAt> {
            let at = |(place, count): (u64, &u64)| LikelihoodAt {
                at_ns: place * 100,
                count: *count,
                of: 20,
                low_percent: 0,
                high_percent: 100,
            };
            (0..).zip(counts).map(at).collect()
        };
        assert_eq!(steepest(&moments(&[1, 2, 19, 20]), 400, 20), Some(150));
        // The last one is the violation itself, at which all have failed.
        assert_eq!(steepest(&moments(&[1, 2, 1, 3]), 400, 20), Some(350));
        assert_eq!(steepest(&moments(&[20, 20]), 200, 20), None);
        assert_eq!(steepest(&moments(&[0]), 1, 20), None);
        // Of equal steps the last.
        assert_eq!(steepest(&moments(&[0, 10, 20]), 300, 20), Some(150));
    }
}
