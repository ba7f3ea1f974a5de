//! Members of several versions in one cluster, as a rolling upgrade leaves them.

use sim_core::registry::Together;
use sim_core::time::Duration;

use super::parameters::{Order, Parameters};
use super::preset::Setting;
use super::settings::Settings;

/// What the given versions promise together: the longest of what each waits, the most often that each says something again,
/// and the weakest of what each promises. Every check is judged but those of how often members
/// say something and of how long they suspect somebody, where versions differ in that: each other one is about one member, or about
/// what all come to after the heal, and does not rest on all being set alike.
///
/// # Errors
/// If they differ in what members know at genesis, or whom they know when they join.
pub(super) fn together(versions: &[Parameters]) -> Result<Together<Parameters>, String> {
    let (first, others) = versions.split_first().ok_or_else(|| "there is no version".to_owned())?;
    if others.iter().any(|version| (version.start, version.seeds) != (first.start, first.seeds)) {
        return Err(
            "every version needs the same start and seeds: whom members know is settled at the beginning"
                .to_owned(),
        );
    }
    let all: Vec<Settings> = versions.iter().map(Settings::of).collect();
    let parameters = Parameters {
        probe_interval: longest(&all, |own| own.probe_interval),
        // An answer is in time if it is so for whoever waits least.
        probe_timeout: shortest(&all, |own| own.probe_timeout),
        // Who asks nobody suspects at once.
        indirect_checks: fewest(&all, |own| own.indirect_checks),
        nacks: everybody(&all, |own| own.nacks),
        fallback_ping: everybody(&all, |own| own.fallback_ping),
        suspicion_mult: most(&all, |own| own.suspicion_mult),
        suspicion_max_mult: most(&all, |own| own.suspicion_max_mult),
        dynamic_suspicion: Setting::Own(all.iter().any(|own| own.dynamic_suspicion)),
        local_health: most(&all, |own| own.local_health),
        buddy: everybody(&all, |own| own.buddy),
        retransmit_mult: most(&all, |own| own.retransmit_mult),
        gossip_interval: longest(&all, |own| own.gossip_interval),
        gossip_nodes: fewest(&all, |own| own.gossip_nodes),
        gossip_to_dead: shortest(&all, |own| own.gossip_to_dead),
        push_pull_interval: unless_never(&all, |own| own.push_pull_interval),
        reconnect_interval: unless_never(&all, |own| own.reconnect_interval),
        order: if all.iter().any(|own| own.order == Order::Random) {
            Order::Random
        } else {
            Order::RoundRobin
        },
        join_retry: versions.iter().map(|own| own.join_retry).max().unwrap_or_default(),
        tombstones: versions.iter().map(|own| own.tombstones).min().unwrap_or_default(),
        leave_delay: versions.iter().map(|own| own.leave_delay).max().unwrap_or_default(),
        packet_bytes: versions.iter().map(|own| own.packet_bytes).min().unwrap_or_default(),
        most_false_deaths: versions.iter().map(|own| own.most_false_deaths).max().unwrap_or_default(),
        // All others are written now, and these promise nothing. All settings are listed, so that a new one has to be
        // thought of here.
        preset: first.preset,
        start: first.start,
        seeds: first.seeds,
        phase: first.phase,
    };
    // How often a member says something at least, and how long it suspects somebody at least, is its version's own.
    let mut unjudged = Vec::new();
    if all.iter().any(|own| own.retransmit_mult != all[0].retransmit_mult) {
        unjudged.push("swim/piggybacking");
    }
    let least = |own: &Settings| (own.suspicion_mult, own.probe_interval);
    if all.iter().any(|own| least(own) != least(&all[0])) {
        unjudged.push("swim/patience");
    }
    Ok(Together { parameters, unjudged })
}

fn longest(all: &[Settings], of: fn(&Settings) -> Duration) -> Setting<Duration> {
    Setting::Own(all.iter().map(of).max().unwrap_or_default())
}

fn shortest(all: &[Settings], of: fn(&Settings) -> Duration) -> Setting<Duration> {
    Setting::Own(all.iter().map(of).min().unwrap_or_default())
}

/// The longest interval; never, if that is what some do.
fn unless_never(all: &[Settings], of: fn(&Settings) -> Duration) -> Setting<Duration> {
    let never = all.iter().any(|own| of(own).is_zero());
    if never { Setting::Own(Duration::ZERO) } else { longest(all, of) }
}

fn most(all: &[Settings], of: fn(&Settings) -> u32) -> Setting<u32> {
    Setting::Own(all.iter().map(of).max().unwrap_or_default())
}

fn fewest(all: &[Settings], of: fn(&Settings) -> u32) -> Setting<u32> {
    Setting::Own(all.iter().map(of).min().unwrap_or_default())
}

fn everybody(all: &[Settings], of: fn(&Settings) -> bool) -> Setting<bool> {
    Setting::Own(all.iter().all(of))
}

#[cfg(test)]
mod tests {
    use super::super::preset::Preset;
    use super::*;

    #[test]
    fn versions_promise_together_what_each_of_them_does() {
        let first = Parameters::default();
        let millis = |millis| Setting::Own(Duration::from_millis(millis));
        let hasty = Parameters {
            probe_interval: millis(300),
            probe_timeout: millis(100),
            dynamic_suspicion: Setting::Own(false),
            retransmit_mult: Setting::Own(2),
            order: Order::Random,
            ..first.clone()
        };
        let both = together(&[first.clone(), hasty]).unwrap();
        let settings = Settings::of(&both.parameters);
        assert_eq!(settings.probe_interval, Duration::from_secs(1));
        assert_eq!(settings.probe_timeout, Duration::from_millis(100));
        assert!(settings.dynamic_suspicion, "somebody waits so long");
        assert_eq!((settings.retransmit_mult, settings.order), (4, Order::Random));
        assert_eq!(both.unjudged, ["swim/piggybacking", "swim/patience"]);
        assert!(together(&[first.clone(), first]).unwrap().unjudged.is_empty());
    }

    #[test]
    fn a_version_that_never_reconnects_forfeits_it_for_all() {
        let first = Parameters::default();
        let pure = Parameters { preset: Preset::Pure, ..first.clone() };
        let settings = Settings::of(&together(&[first.clone(), pure]).unwrap().parameters);
        assert!(settings.reconnect_interval.is_zero() && settings.push_pull_interval.is_zero());
        let same = together(&[first.clone(), first.clone()]).unwrap();
        let (both, alone) = (Settings::of(&same.parameters), Settings::of(&first));
        assert_eq!(format!("{both:?}"), format!("{alone:?}"), "two that are alike promise what one does");
    }

    #[test]
    fn whom_members_know_is_no_matter_of_versions() {
        let first = Parameters::default();
        let seeded = Parameters { seeds: 1, ..first.clone() };
        assert!(together(&[first, seeded]).unwrap_err().contains("same start and seeds"));
    }
}
