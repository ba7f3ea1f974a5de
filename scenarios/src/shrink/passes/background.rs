//! Removes unnecessary randomness and resets settings to their defaults.

use serde_json::Value;
use sim_core::distribution::Distribution;
use sim_core::network::Pin;
use sim_core::ratio::Ratio;
use sim_core::setup::Setup;
use sim_core::time::Duration;

use super::super::candidate::Candidate;
use super::super::pass::Candidates;
use super::super::size::differing;
use super::super::tester::Tested;

/// One latency for all messages where it matters which: the usual ones of a data center, a city and a country.
pub(super) const LATENCIES: [Duration; 3] =
    [Duration::from_millis(5), Duration::from_millis(1), Duration::from_millis(20)];

/// How long every sync takes where one must take some time: the usual ones of a fast, an ordinary and a slow disk.
const SYNCS: [Duration; 3] = [Duration::from_millis(2), Duration::from_millis(1), Duration::from_millis(5)];

/// Less left to chance: everything at once, then one thing after the other. Where messages were lost or came twice,
/// those that were may be pinned instead.
pub(in super::super) fn chance(best: &Tested, pinning: bool, steadying: bool) -> Candidates<'_> {
    let candidate = &best.candidate;
    let latencies = LATENCIES.map(|latency| {
        candidate.with(|setup| {
            no_losses(setup);
            even(setup, latency);
        })
    });
    let steady = SYNCS.into_iter().filter(move |_| steadying);
    let syncs = steady.clone().flat_map(|sync| LATENCIES.map(|latency| (latency, sync)));
    let latencies_and_syncs = syncs.map(|(latency, sync)| {
        candidate.with(|setup| {
            no_losses(setup);
            even(setup, latency);
            setup.disk.sync = Distribution::Fixed(sync);
        })
    });
    let one_sync = steady.map(|sync| candidate.with(|setup| setup.disk.sync = Distribution::Fixed(sync)));
    let plain = candidate.with(no_losses);
    let pinned = pinning.then(|| {
        candidate.with(|setup| {
            let pins: Vec<Pin> = setup.pins.iter().copied().chain(changed(best)).collect();
            setup.pins = pins.into_iter().collect();
            no_losses(setup);
        })
    });
    let single = SINGLE.into_iter().map(|change| candidate.with(change));
    let one_latency =
        LATENCIES.into_iter().map(|latency| candidate.with(|setup| even_latency(setup, latency)));
    let whole = latencies.into_iter().chain([plain]).chain(pinned).chain(latencies_and_syncs);
    Box::new(whole.chain(single).chain(one_latency).chain(one_sync))
}

/// What chance did to messages, to be done again on purpose.
fn changed(best: &Tested) -> impl Iterator<Item = Pin> {
    best.outcome.fates.kept().iter().map(|changed| Pin::from(*changed))
}

pub(super) fn no_losses(setup: &mut Setup) {
    setup.network.loss = Ratio::ZERO;
    setup.network.duplicate = Ratio::ZERO;
    setup.network.corrupt = Ratio::ZERO;
}

fn even(setup: &mut Setup, latency: Duration) {
    even_latency(setup, latency);
    SINGLE.iter().for_each(|change| change(setup));
}

pub(super) fn even_latency(setup: &mut Setup, latency: Duration) {
    setup.network.latency = Distribution::Fixed(latency);
    setup.network.regions = None;
    setup.network.hosts = None;
    setup.network.links = None;
    setup.network.client_latency = None;
}

/// Things that may be left out one by one.
const SINGLE: [fn(&mut Setup); 7] = [
    |setup| setup.network.loss = Ratio::ZERO,
    |setup| setup.network.duplicate = Ratio::ZERO,
    |setup| setup.network.corrupt = Ratio::ZERO,
    |setup| setup.network.bandwidth = None,
    |setup| setup.disk.sync = Distribution::Fixed(Duration::ZERO),
    |setup| setup.clocks = Default::default(),
    |setup| setup.service = Default::default(),
];

/// Parameters back at their defaults: all of them, or one.
pub(in super::super) fn knobs<'a>(best: &'a Tested, defaults: &'a Value) -> Candidates<'a> {
    let parameters = &best.candidate.parameters;
    let names: Vec<&String> = differing(parameters, defaults).collect();
    let all =
        (!names.is_empty()).then(|| Candidate { parameters: defaults.clone(), ..best.candidate.clone() });
    let single = names.into_iter().map(|name| {
        let mut changed = best.candidate.clone();
        changed.parameters[name.as_str()] = defaults.get(name.as_str()).cloned().unwrap_or_default();
        changed
    });
    Box::new(all.into_iter().chain(single))
}
