//! One of two runs that are compared: what it came to, and how it is made again.

use std::path::{Path, PathBuf};

use reports::record::RunRecord;
use scenarios::capsule::Capsule;
use scenarios::plan::{Plan, compile};
use scenarios::program;
use scenarios::replay::plan_of;
use scenarios::run::run;
use scenarios::scenario::reload;
use sim_core::digest::RunDigest;
use sim_core::picture::Detail;
use sim_core::registry::{Launch, Registry};

use crate::cli::arguments::seed;
use crate::cli::capsule_page::{self, ENDING};
use crate::cli::error::CliError;
use crate::cli::files;
use crate::cli::folder::{self, ReportSource};

/// A run.
pub(super) struct Side {
    /// What it came to.
    pub(super) record: RunRecord,
    /// How it is made again, or why it cannot be, reading on from "A".
    pub(super) plan: Result<Plan, String>,
}

impl Side {
    /// The run that an argument names.
    pub(super) fn read(registry: &Registry, name: &str) -> Result<Self, CliError> {
        let path = Path::new(name);
        if name.ends_with(ENDING) && path.is_file() {
            return Self::of_capsule(registry, path);
        }
        match name.rsplit_once('@') {
            Some((scenario, number)) if !path.exists() => Self::of_scenario(registry, scenario, number),
            _ => Self::of_folder(registry, path),
        }
    }

    fn of_capsule(registry: &Registry, path: &Path) -> Result<Self, CliError> {
        let (capsule, _) = files::capsule(path, false)?;
        let plan = plan_of(registry, &capsule, capsule.setup.clone())?;
        let record = capsule_page::record(&capsule, path, &run(&plan, &whole())?, None);
        Ok(Self { record, plan: Ok(plan) })
    }

    fn of_scenario(registry: &Registry, name: &str, number: &str) -> Result<Self, CliError> {
        let loaded = files::load(registry, name, &[])?;
        let seed = seed(number).map_err(|why| CliError::NoSeed { text: number.to_owned(), why })?;
        let plan = compile(&loaded, seed, &[]);
        let outcome = run(&plan, &whole())?;
        let met = loaded.scenario.expect.met(&outcome);
        let replay = format!("{} run {name} --seed {seed}", program::name());
        Ok(Self { record: folder::record(&loaded, &outcome, met, &replay, None), plan: Ok(plan) })
    }

    /// Of a run that is there: it is made again by a capsule beside it, or by its scenario and its seed.
    fn of_folder(registry: &Registry, path: &Path) -> Result<Self, CliError> {
        let (file, drawn) = folder::read(path).map_err(|error| match error {
            CliError::NothingToDraw { path, .. } => CliError::NothingToCompare { path },
            other => other,
        })?;
        let ReportSource::Run(record) = drawn else {
            return Err(CliError::NothingToCompare { path: path.to_owned() });
        };
        let wanted = record.outcome.digest;
        let beside = capsules(&file).into_iter().find_map(|path| {
            let capsule = files::capsule(&path, false).ok().map(|(capsule, _)| capsule);
            capsule.filter(|capsule| capsule.digest == wanted)
        });
        let plan = match beside {
            Some(capsule) => again_by_capsule(registry, &capsule, wanted),
            None => again_by_scenario(registry, &record, wanted),
        };
        Ok(Self { record: *record, plan })
    }
}

/// Everything that a page tells.
fn whole() -> Launch {
    Launch { picture: Detail::Full, keep_history: true, ..Launch::default() }
}

fn capsules(record: &Path) -> Vec<PathBuf> {
    let folder = record.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let entries = folder.read_dir().into_iter().flatten().flatten().map(|entry| entry.path());
    let mut found: Vec<PathBuf> = entries.filter(|path| path.to_string_lossy().ends_with(ENDING)).collect();
    found.sort();
    found
}

fn again_by_capsule(registry: &Registry, capsule: &Capsule, wanted: RunDigest) -> Result<Plan, String> {
    let plan = plan_of(registry, capsule, capsule.setup.clone());
    same(plan.map_err(|error| format!("cannot be made again: failed to {error}"))?, wanted)
}

fn again_by_scenario(registry: &Registry, record: &RunRecord, wanted: RunDigest) -> Result<Plan, String> {
    let loaded = reload(registry, &record.name, &record.scenario);
    let loaded =
        loaded.map_err(|_| "cannot be made again: this program does not accept its scenario".to_owned())?;
    same(compile(&loaded, record.outcome.seed, &record.outcome.plants), wanted)
}

/// The plan, if its run is the one that is meant.
fn same(plan: Plan, wanted: RunDigest) -> Result<Plan, String> {
    let outcome = run(&plan, &Launch::default());
    let digest = outcome.map_err(|error| format!("cannot be made again: {error}"))?.digest;
    if digest == wanted {
        Ok(plan)
    } else {
        Err("comes to another digest on this build, so that its events are not known".to_owned())
    }
}
