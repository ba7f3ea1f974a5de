//! The folder of an exploration: after each round, a capsule for each finding and the state to resume from.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sim_core::check::Verdict;
use sim_core::digest::RunDigest;
use sim_core::registry::Launch;
use sim_core::tree;

use super::finding::{file_name, is_finding};
use super::{Activity, Exploration, ExploreError, ExploreOptions, Finding, Totals};
use crate::ENGINE;
use crate::artefact::{FolderLock, WriteError, lock, ours, read_text, write};
use crate::begin::{Ahead, Begin, FolderError, Unfinished};
use crate::campaign_limits::CampaignLimits;
use crate::capsule::{Capsule, LARGEST};
use crate::plan::compile;
use crate::run::run;
use crate::scenario::Loaded;
use crate::shard::Shard;

/// The file in the folder.
pub(super) const NAME: &str = "explore.state.json";

/// Which campaign it is: only the same one can go on with it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Identity {
    schema: String,
    engine: u32,
    build: String,
    scenario: String,
    scenario_hash: String,
    plants: Vec<String>,
    seeds: (u64, u64),
    #[serde(default, skip_serializing_if = "Shard::is_whole")]
    shard: Shard,
}

impl Identity {
    fn new(loaded: &Loaded, options: &ExploreOptions) -> Self {
        Self {
            schema: "seedstorm.explore-state/2".to_owned(),
            engine: ENGINE,
            build: options.build.clone(),
            scenario: loaded.name.clone(),
            scenario_hash: loaded.hash.clone(),
            plants: options.plants.clone(),
            seeds: (options.seeds.start, options.seeds.end),
            shard: options.shard,
        }
    }
}

/// What the file holds.
#[derive(Debug, Serialize, Deserialize)]
struct Content {
    identity: Identity,
    /// Whether there was nothing left to do.
    #[serde(default)]
    finished: bool,
    runs: u64,
    activity: Activity,
    totals: Totals,
    folded: RunDigest,
    findings: Vec<Found>,
    /// Runs that failed in a way that is known.
    #[serde(default)]
    known: u64,
    #[serde(default)]
    limits: CampaignLimits,
}

/// A finding; its capsule is a file of its own.
#[derive(Debug, Serialize, Deserialize)]
struct Found {
    seed: u64,
    verdict: Verdict,
    fingerprint: String,
    check: String,
    message: String,
    runs: u64,
    capsule: String,
}

impl Content {
    /// Reads the state of one campaign; why not if it is of another one, or damaged.
    fn read(path: &Path, ours: &Identity) -> Result<Self, String> {
        let text = read_text(path, LARGEST).map_err(|error| error.to_string())?;
        let content: Self = tree::parse(&text).map_err(|error| error.to_string())?;
        same(&content.identity, ours)?;
        let (start, end) = ours.seeds;
        if content.runs > ours.shard.count(end - start) || !content.counts_fit() {
            return Err("it is damaged: its counts do not fit each other".to_owned());
        }
        let covered = |seed: u64| {
            let own = seed.checked_sub(start).and_then(|number| ours.shard.own(number));
            own.is_some_and(|own| own < content.runs)
        };
        match content.findings.iter().find(|found| !(covered(found.seed) && found.fits())) {
            Some(found) => {
                Err(format!("it is damaged: nothing was found under seed {} as it says", found.seed))
            }
            None => Ok(content),
        }
    }

    /// Whether these counts can be those of one campaign.
    fn counts_fit(&self) -> bool {
        let mut found = self.findings.iter().map(|found| found.runs);
        let found = found.try_fold(0_u64, u64::checked_add);
        let ended = self.totals.ended.values().try_fold(0_u64, |sum, count| sum.checked_add(*count));
        self.activity.runs == self.runs
            && ended == Some(self.runs)
            && self.activity.fits()
            && self.limits.fits(self.runs)
            && found.is_some_and(|found| found <= self.runs)
    }
}

impl Found {
    /// Whether a campaign that ran its seed can have found it. Its file is one of the folder.
    fn fits(&self) -> bool {
        self.runs > 0 && is_finding(self.verdict) && self.capsule == file_name(&self.check, &self.fingerprint)
    }

    fn with(self, capsule: Capsule) -> Finding {
        Finding {
            seed: self.seed,
            verdict: self.verdict,
            fingerprint: self.fingerprint,
            check: self.check,
            message: self.message,
            runs: self.runs,
            capsule: Box::new(capsule),
        }
    }
}

/// The folder of a campaign, held for as long as it is at work.
pub(super) struct State {
    folder: PathBuf,
    identity: Identity,
    options: ExploreOptions,
    /// How many findings have their capsules written.
    written: usize,
    lock: FolderLock,
}

impl State {
    /// Takes the folder, and what was explored before if it is to be gone on with.
    pub(super) fn open(
        folder: &Path,
        begin: Begin,
        loaded: &Loaded,
        options: &ExploreOptions,
    ) -> Result<(Self, Exploration), ExploreError> {
        let lock = lock(folder).map_err(FolderError::from)?;
        let identity = Identity::new(loaded, options);
        let mut state =
            Self { folder: folder.to_owned(), identity, options: options.clone(), written: 0, lock };
        let exploration = match begin {
            Begin::Resume => state.read(loaded, options)?,
            Begin::Over => Exploration::default(),
            Begin::GoOn => match state.read(loaded, options) {
                Err(ExploreError::Folder(FolderError::Resume { .. })) => {
                    state.refuse_unfinished()?;
                    Exploration::default()
                }
                read => read?,
            },
            Begin::Fresh => {
                state.refuse_unfinished()?;
                Exploration::default()
            }
        };
        // A folder that cannot be written to is told before anything is run.
        state.save(&exploration)?;
        Ok((state, exploration))
    }

    /// Keeps the folder, for what is written after the last run.
    pub(super) fn into_lock(self) -> FolderLock {
        self.lock
    }

    fn path(&self) -> PathBuf {
        self.folder.join(NAME)
    }

    /// Keeps what was explored so far.
    pub(super) fn save(&mut self, exploration: &Exploration) -> Result<(), FolderError> {
        for finding in &exploration.findings[self.written..] {
            let path = self.folder.join(finding.file_name());
            let text = finding.capsule.to_json(&path.display().to_string());
            let failed = |error| WriteError { path: path.clone(), error: io::Error::from(error) };
            write(&path, text.map_err(failed)?.as_bytes())?;
        }
        self.written = exploration.findings.len();
        let found = |finding: &Finding| Found {
            seed: finding.seed,
            verdict: finding.verdict,
            fingerprint: finding.fingerprint.clone(),
            check: finding.check.clone(),
            message: finding.message.clone(),
            runs: finding.runs,
            capsule: finding.file_name(),
        };
        let content = Content {
            identity: self.identity.clone(),
            finished: exploration.finished(&self.options),
            runs: exploration.runs,
            activity: exploration.activity.clone(),
            totals: exploration.totals.clone(),
            folded: exploration.totals.folded,
            findings: exploration.findings.iter().map(found).collect(),
            known: exploration.known,
            limits: exploration.limits.clone(),
        };
        let path = self.path();
        let text = serde_json::to_string_pretty(&content).map_err(io::Error::from);
        let text = text.map_err(|error| WriteError { path: path.clone(), error })?;
        Ok(write(&path, text.as_bytes())?)
    }

    /// Refuses to replace what somebody waited for: a campaign that has runs and is not at its end.
    fn refuse_unfinished(&self) -> Result<(), FolderError> {
        let path = self.path();
        ours(&path)?;
        let parsed = match read_text(&path, LARGEST) {
            Ok(text) => tree::parse::<Content>(&text).map_err(|error| error.to_string()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => Err(error.to_string()),
        };
        let (what, ahead) = match parsed {
            Ok(content) if content.finished || content.runs == 0 => return Ok(()),
            Ok(content) => {
                let Identity { scenario, seeds: (start, end), .. } = &content.identity;
                let runs = content.runs;
                let what =
                    format!("an unfinished exploration is there: {scenario}, {runs} of seeds {start}..{end}");
                (what, same(&content.identity, &self.identity).err().map_or(Ahead::Same, Ahead::Other))
            }
            Err(error) => ("the state of an exploration is there".to_owned(), Ahead::Nobody(error)),
        };
        Err(FolderError::Unfinished(Unfinished { path, what, ahead }))
    }

    fn read(&mut self, loaded: &Loaded, options: &ExploreOptions) -> Result<Exploration, ExploreError> {
        let path = self.path();
        let content = Content::read(&path, &self.identity).map_err(|why| FolderError::resume(&path, why))?;
        // What was found before may be known by now.
        let is_known = |found: &Found| options.known.contains(&found.fingerprint);
        let (known, findings): (Vec<Found>, Vec<Found>) = content.findings.into_iter().partition(is_known);
        let findings = findings.into_iter().map(|found| self.finding(loaded, options, found));
        let mut exploration = Exploration {
            resumed: content.runs,
            findings: findings.collect::<Result<Vec<Finding>, ExploreError>>()?,
            known: content.known + known.iter().map(|found| found.runs).sum::<u64>(),
            limits: content.limits,
            ..Exploration::default()
        };
        exploration.count(content.runs, content.activity, content.totals, content.folded);
        self.written = exploration.findings.len();
        Ok(exploration)
    }

    /// A finding with its capsule as it was found: what was shrunk since is shrunk again from there, so that a campaign
    /// with a break ends like one without. A file that is gone or damaged is made again.
    fn finding(
        &self,
        loaded: &Loaded,
        options: &ExploreOptions,
        found: Found,
    ) -> Result<Finding, ExploreError> {
        let path = self.folder.join(&found.capsule);
        let plan = compile(loaded, found.seed, &options.plants);
        let kept = read_text(&path, LARGEST).ok();
        let kept = kept.and_then(|text| Capsule::from_json(&text, false).ok()).map(|(capsule, _)| capsule);
        let kept = kept.filter(|capsule| capsule.fingerprint.as_ref() == Some(&found.fingerprint));
        let capsule = match kept {
            Some(capsule) if capsule.setup == plan.setup => capsule,
            shrunk => {
                let outcome = run(&plan, &Launch::default())
                    .map_err(|error| ExploreError::Launch { seed: found.seed, error })?;
                let capsule = Capsule::new(loaded, &plan, &outcome, &options.build);
                if shrunk.is_none() {
                    let text = capsule.to_json(&path.display().to_string()).map_err(io::Error::from);
                    let text = text.map_err(|error| WriteError { path: path.clone(), error });
                    let written = text.and_then(|text| write(&path, text.as_bytes()));
                    written.map_err(FolderError::from)?;
                }
                capsule
            }
        };
        Ok(found.with(capsule))
    }
}

impl Exploration {
    fn count(&mut self, runs: u64, activity: Activity, totals: Totals, folded: RunDigest) {
        self.runs = runs;
        self.activity = activity;
        self.totals = Totals { folded, ..totals };
    }
}

/// What a shard came to that is at its end, with its capsules as they are.
pub(super) fn read_whole(
    folder: &Path,
    loaded: &Loaded,
    options: &ExploreOptions,
) -> Result<Exploration, String> {
    let content = Content::read(&folder.join(NAME), &Identity::new(loaded, options))?;
    if !content.finished || content.runs != options.runs() {
        return Err(format!("it has {} of its {} runs", content.runs, options.runs()));
    }
    let findings = content.findings.into_iter().map(|found| {
        let damaged = |why: String| format!("{}: {why}", found.capsule);
        let text = read_text(&folder.join(&found.capsule), LARGEST);
        let text = text.map_err(|error| damaged(error.to_string()))?;
        let (capsule, _) = Capsule::from_json(&text, false).map_err(|error| damaged(error.to_string()))?;
        if capsule.fingerprint.as_ref() != Some(&found.fingerprint) {
            return Err(damaged("it is of another failure".to_owned()));
        }
        Ok(found.with(capsule))
    });
    let mut exploration = Exploration {
        findings: findings.collect::<Result<Vec<Finding>, String>>()?,
        known: content.known,
        limits: content.limits,
        ..Exploration::default()
    };
    exploration.count(content.runs, content.activity, content.totals, content.folded);
    Ok(exploration)
}

/// Why a campaign cannot go on with another one's state.
fn same(theirs: &Identity, ours: &Identity) -> Result<(), String> {
    let plants = |identity: &Identity| {
        if identity.plants.is_empty() { "none".to_owned() } else { identity.plants.join(", ") }
    };
    let seeds = |identity: &Identity| format!("{}..{}", identity.seeds.0, identity.seeds.1);
    if theirs.schema != ours.schema {
        Err(format!("it is of the version {}", theirs.schema))
    } else if theirs.engine != ours.engine {
        Err(format!("it is of engine {}, and this is engine {}", theirs.engine, ours.engine))
    } else if theirs.scenario_hash != ours.scenario_hash {
        Err(format!(
            "it explores another scenario: {} ({}), not {} ({})",
            theirs.scenario, theirs.scenario_hash, ours.scenario, ours.scenario_hash
        ))
    } else if theirs.plants != ours.plants {
        Err(format!("its plants are {}, not {}", plants(theirs), plants(ours)))
    } else if theirs.seeds != ours.seeds {
        Err(format!("its seeds are {}, not {}", seeds(theirs), seeds(ours)))
    } else if theirs.shard != ours.shard {
        Err(format!("it is shard {}, not {}", theirs.shard, ours.shard))
    } else if theirs.build != ours.build {
        Err("it is of another build of this program".to_owned())
    } else {
        Ok(())
    }
}
