//! The pages of an exploration: one of the campaign, and one of each finding beside its capsule.

use std::path::{Path, PathBuf};

use reports::campaign::{
    self, CampaignRecord, Counted, CounterRecord, DemandRecord, FindingRecord, Group, page,
};
use scenarios::artefact;
use scenarios::capsule::replay_command;
use scenarios::explore::{Counter, Demand, Exploration, ExploreOptions, Finding};
use scenarios::scenario::{Loaded, verdict_name};
use sim_core::ordered::OrderedMap;
use sim_core::registry::Registry;

use super::capsule_page;
use super::error::CliError;
use super::shrink_text;
use super::terminal::Terminal;
use super::unkept::Unkept;

/// So many findings have a page each; `report CAPSULE` draws the others.
const MOST_PAGES: usize = 8;

/// What an exploration came to, and where it is kept.
pub(crate) struct Explored<'a> {
    pub(crate) loaded: &'a Loaded,
    pub(crate) options: &'a ExploreOptions,
    pub(crate) exploration: &'a Exploration,
    pub(crate) demands: &'a [Demand],
    pub(crate) capsules: &'a [PathBuf],
    pub(crate) folder: &'a Path,
}

/// Writes the pages as far as there is room; where that of the campaign is.
pub(crate) fn write(
    registry: &Registry,
    explored: &Explored<'_>,
    unkept: &mut Unkept,
    terminal: &Terminal,
) -> Option<PathBuf> {
    let findings = explored.exploration.findings.iter().zip(explored.capsules).enumerate();
    let findings = findings.map(|(index, (finding, capsule))| {
        let drawn = index < MOST_PAGES && !explored.exploration.interrupted;
        let page = drawn.then(|| unkept.kept(page_of(registry, finding, capsule, terminal))).flatten();
        found(finding, capsule, page.as_deref())
    });
    let record = record(explored, findings.collect());
    unkept.kept(write_record(&record, &explored.folder.join(campaign::FILE_NAME)));
    let path = explored.folder.join(campaign::PAGE);
    unkept.kept(artefact::write(&path, page(&record).as_bytes())).map(|()| path)
}

fn write_record(record: &CampaignRecord, path: &Path) -> Result<(), CliError> {
    Ok(artefact::write(path, record.to_json()?.as_bytes())?)
}

fn page_of(
    registry: &Registry,
    finding: &Finding,
    capsule: &Path,
    terminal: &Terminal,
) -> Result<PathBuf, CliError> {
    let page = capsule_page::beside(capsule);
    capsule_page::write(capsule_page::drawn(registry, &finding.capsule, capsule, terminal)?, &page)?;
    Ok(page)
}

fn found(finding: &Finding, capsule: &Path, page: Option<&Path>) -> FindingRecord {
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let shrunk = finding.capsule.shrunk.as_ref().map(|_| shrink_text::line(&finding.capsule));
    FindingRecord {
        verdict: verdict_name(finding.verdict).to_owned(),
        check: finding.check.clone(),
        message: finding.message.clone(),
        seed: finding.seed,
        runs: finding.runs,
        shrunk: shrunk.unwrap_or_default(),
        capsule: name(capsule),
        page: page.map(name),
        replay: replay_command(&capsule.display().to_string()),
    }
}

fn record(explored: &Explored<'_>, findings: Vec<FindingRecord>) -> CampaignRecord {
    let Explored { loaded, options, exploration, demands, .. } = explored;
    let activity = &exploration.activity;
    let counted = |all: &OrderedMap<String, u64>| {
        all.iter().map(|(name, runs)| Counted { name: name.clone(), runs: *runs }).collect()
    };
    let demand = |demand: &Demand| DemandRecord {
        what: demand.what.clone(),
        found: demand.found,
        needed: demand.needed,
        met: demand.met,
    };
    let mut counters = activity.counters.clone();
    let elsewhere = ["faults.", "time.", "progress."];
    counters
        .retain(|name, counter| counter.total > 0 && !elsewhere.iter().any(|group| name.starts_with(group)));
    CampaignRecord {
        name: loaded.name.clone(),
        title: loaded.scenario.title.clone(),
        about: loaded.scenario.about.clone(),
        protocol: loaded.scenario.cluster.protocol.clone(),
        plants: options.plants.clone(),
        first_seed: options.seeds.start,
        seeds: options.seeds.end - options.seeds.start,
        runs: exploration.runs,
        headline: exploration.headline(demands),
        judgment: exploration.judge(demands).name().to_owned(),
        findings,
        known: exploration.known,
        demands: demands.iter().map(demand).collect(),
        verdicts: counted(&activity.verdicts),
        reasons: counted(&activity.reasons),
        owed_liveness: activity.owed_liveness,
        groups: vec![
            group("fault families", &activity.families),
            group("faults", &activity.faults),
            group("checks: runs in which they had something to judge", &activity.checks),
            group("counted", &counters),
        ],
        digest: exploration.totals.digest().to_string(),
    }
}

fn group(title: &str, counters: &OrderedMap<String, Counter>) -> Group {
    let counter = |(name, counter): (&String, &Counter)| CounterRecord {
        name: name.clone(),
        runs: counter.runs,
        total: counter.total,
    };
    Group { title: title.to_owned(), counters: counters.iter().map(counter).collect() }
}
