//! Which files are read and written.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use scenarios::artefact::WriteError;
use scenarios::builtin;
use scenarios::capsule::Capsule;
use scenarios::corpus::folder::read_capsule;
use scenarios::document::{Format, LARGEST, Source};
use scenarios::problem::nearest;
use scenarios::scenario::Loaded;
use scenarios::sweep::SWEEPS;
use sim_core::ordered::OrderedSet;
use sim_core::registry::Registry;
use sim_core::text::one_line;

use super::arguments::ScenarioArguments;
use super::error::CliError;

/// The scenario that the arguments name, and the plants by their names.
pub(crate) fn scenario(
    registry: &Registry,
    arguments: &ScenarioArguments,
) -> Result<(Loaded, Vec<String>), CliError> {
    let loaded = load(registry, &arguments.scenario, &arguments.overlays)?;
    let plants = arguments.plants.iter().map(|name| plant(&loaded, name));
    let mut plants = plants.collect::<Result<Vec<String>, CliError>>()?;
    // One that is named twice is on once.
    let mut seen = OrderedSet::new();
    plants.retain(|plant| seen.insert(plant.clone()));
    if let Some(out) = &arguments.out {
        scenarios::artefact::fit(out, &["scenario.json", "record.json", "report.html"])?;
        let (resolved, given) = (out.join("scenario.json"), Path::new(&arguments.scenario));
        if let (Ok(a), Ok(b)) = (resolved.canonicalize(), given.canonicalize())
            && a == b
        {
            return Err(CliError::OwnScenario { path: given.to_owned() });
        }
    }
    Ok((loaded, plants))
}

/// The scenario of a path or a built-in name.
pub(crate) fn load(registry: &Registry, name: &str, overlays: &[String]) -> Result<Loaded, CliError> {
    let source = source(name)?;
    let format = Format::of_name(&source.name);
    Ok(scenarios::scenario::load(registry, source, format, overlays)?)
}

fn source(name: &str) -> Result<Source, CliError> {
    if let Some(source) = builtin::find(name) {
        return Ok(source);
    }
    let path = Path::new(name);
    if !looks_like_a_path(path) {
        let names: Vec<&'static str> = builtin::names().collect();
        return Err(CliError::NoScenario { name: name.to_owned(), nearest: nearest(name, &names) });
    }
    Ok(Source { name: one_line(name).into_owned(), text: read(path, LARGEST as u64)? })
}

/// The sweep that a name means: a built-in one, or a file.
pub(crate) fn sweep_source(name: &str) -> Result<Source, CliError> {
    if let Some(source) = scenarios::sweep::find(name) {
        return Ok(source);
    }
    let path = Path::new(name);
    if !looks_like_a_path(path) {
        let names: Vec<&'static str> = SWEEPS.iter().map(|sweep| sweep.name).collect();
        return Err(CliError::NoSweep { name: name.to_owned(), nearest: nearest(name, &names) });
    }
    Ok(Source { name: one_line(name).into_owned(), text: read(path, LARGEST as u64)? })
}

/// The scenario that a file names: a built-in one, or a file whose path begins where that file is.
pub(crate) fn scenario_beside(folder: &Path, name: &str) -> Result<Source, CliError> {
    let beside = folder.join(name);
    let here = builtin::find(name).is_none() && !folder.as_os_str().is_empty() && looks_like_a_path(&beside);
    if here { source(&beside.to_string_lossy()) } else { source(name) }
}

fn looks_like_a_path(path: &Path) -> bool {
    path.exists() || path.components().count() > 1 || path.extension().is_some()
}

/// Reads a text, and no more of it than it may have.
pub(crate) fn read(path: &Path, limit: u64) -> Result<String, CliError> {
    scenarios::artefact::read_text(path, limit).map_err(|error| match error.kind() {
        io::ErrorKind::FileTooLarge => CliError::TooLarge { path: path.to_owned(), limit },
        _ => CliError::Read { path: path.to_owned(), error },
    })
}

/// The name of a plant that may be given by its number.
pub(crate) fn plant(loaded: &Loaded, name: &str) -> Result<String, CliError> {
    let plants = loaded.protocol.plants;
    let same = |plant: &&sim_core::registry::Plant| plant.name == name || plant.id.eq_ignore_ascii_case(name);
    if let Some(plant) = plants.iter().find(same) {
        return Ok(plant.name.to_owned());
    }
    let names: Vec<&'static str> = plants.iter().map(|plant| plant.name).collect();
    let known =
        if names.is_empty() { "it has none".to_owned() } else { format!("it has {}", names.join(", ")) };
    let (protocol, nearest) = (loaded.protocol.name, nearest(name, &names));
    Err(CliError::NoPlant { name: name.to_owned(), protocol, nearest, known })
}

/// Reads a capsule; whether it is as it was written.
pub(crate) fn capsule(path: &Path, edited: bool) -> Result<(Capsule, bool), CliError> {
    Ok(read_capsule(path, edited)?)
}

/// Writes a capsule into a folder.
pub(crate) fn write_capsule(folder: &Path, name: &str, capsule: &Capsule) -> Result<PathBuf, CliError> {
    let path = folder.join(name);
    write_capsule_at(&path, capsule)?;
    Ok(path)
}

/// How many capsules are in a folder beside those that were just written: what earlier campaigns found stays.
pub(crate) fn older_capsules(folder: &Path, written: &[PathBuf]) -> usize {
    // A folder that cannot be listed has been written to all the same; there is nothing to tell of it.
    let entries = folder.read_dir().into_iter().flatten().flatten().map(|entry| entry.path());
    let capsule = |path: &PathBuf| path.to_string_lossy().ends_with(".capsule.json");
    entries.filter(|path| capsule(path) && !written.contains(path)).count()
}

/// Writes a capsule to a place.
pub(crate) fn write_capsule_at(path: &Path, capsule: &Capsule) -> Result<(), CliError> {
    Ok(scenarios::corpus::folder::write_capsule(path, capsule)?)
}

/// Adds to the summary of the GitHub job that this runs in, if it runs in one.
pub(crate) fn add_to_job_summary(text: &str) -> Result<(), CliError> {
    #[expect(clippy::disallowed_methods, reason = "where GitHub wants a summary; no run sees it")]
    let Ok(path) = std::env::var("GITHUB_STEP_SUMMARY") else { return Ok(()) };
    let failed = |error| WriteError { path: PathBuf::from(&path), error };
    let file = OpenOptions::new().create(true).append(true).open(&path);
    let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
    Ok(written.map_err(failed)?)
}

/// The folder that files of a scenario are written to.
pub(crate) fn out_folder(arguments: &ScenarioArguments) -> PathBuf {
    arguments.out.clone().unwrap_or_else(|| {
        let stem = Path::new(&arguments.scenario).file_stem().unwrap_or_default();
        Path::new("seedstorm-out").join(stem)
    })
}
