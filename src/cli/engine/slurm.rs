//! Shards as tasks of a job array of Slurm, and a merge that depends on it. Everything that is known of the shards is in their
//! folders: Slurm is only asked to start them, and whether they are still on their way.

use std::io;
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::Duration;

use scenarios::artefact::{path_text, write};
use scenarios::capsule::shell_word;
use scenarios::merge::SHARDS;
use scenarios::shard::Shard;
use serde_json::json;

use super::Work;
use super::resources::{ResourceArguments, Resources};
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::interrupt;
use crate::cli::terminal::Terminal;

/// How often the jobs are looked at.
const POLL: Duration = Duration::from_secs(1);

/// The jobs of a campaign.
struct Jobs {
    array: String,
    merge: String,
}

/// The scripts, as they are shown.
pub(super) fn scripts(
    work: &Work<'_>,
    missing: &[Shard],
    resources: &ResourceArguments,
) -> Result<String, CliError> {
    let resources = resources.read()?;
    let array = array_script(work, missing, &resources);
    let merge = merge_script(work, &resources);
    Ok(format!("# {}\n{array}\n# {}\n{merge}", path_text(&path(work, ARRAY)), path_text(&path(work, MERGE))))
}

const ARRAY: &str = "array.sh";
const MERGE: &str = "merge.sh";
const JOBS: &str = "jobs.txt";

fn path(work: &Work<'_>, name: &str) -> PathBuf {
    work.folder.join("slurm").join(name)
}

fn array_script(work: &Work<'_>, missing: &[Shard], resources: &Resources) -> String {
    let indexes: Vec<u32> = missing.iter().map(|shard| shard.index()).collect();
    let cpus = resources.cpus.unwrap_or(work.sharded.jobs);
    let (log, folder) = (path(work, "%A_%a.out"), work.shard_folder("\"$SLURM_ARRAY_TASK_ID\""));
    let words: Vec<String> = work.arguments().iter().map(|word| shell_word(word)).collect();
    format!(
        "{}#SBATCH --array={}\n#SBATCH --cpus-per-task={cpus}\n#SBATCH --output={}\n{}\n{}exec {} {} \\\n    \
         --jobs {cpus} --shard \"$SLURM_ARRAY_TASK_ID/{}\" --out {}\n",
        head(work, "shards"),
        ranges(&indexes),
        log.display(),
        resources.lines(),
        setup(work, resources),
        shell_word(&work.program.display().to_string()),
        words.join(" "),
        work.of,
        // The variable stands outside of the quotes.
        shell_word(&folder.replace("\"$SLURM_ARRAY_TASK_ID\"", "\u{1}"))
            .replace('\u{1}', "'\"$SLURM_ARRAY_TASK_ID\"'"),
    )
}

fn merge_script(work: &Work<'_>, resources: &Resources) -> String {
    let word = |path: PathBuf| shell_word(&path.display().to_string());
    format!(
        "{}#SBATCH --output={}\n{}\n{}exec {} merge {} --out {}\n",
        head(work, "merge"),
        path(work, "merge_%j.out").display(),
        resources.lines(),
        setup(work, resources),
        word(work.program.clone()),
        word(work.folder.join(SHARDS)),
        word(work.sharded.folder.clone()),
    )
}

fn head(work: &Work<'_>, what: &str) -> String {
    let name = work.folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '-' };
    let name: String = name.chars().map(plain).collect();
    format!("#!/bin/sh\n#SBATCH --job-name={name}-{what}\n#SBATCH --chdir={}\n", work.here.display())
}

fn setup(work: &Work<'_>, resources: &Resources) -> String {
    let here = format!("cd {} || exit 1\n", shell_word(&work.here.display().to_string()));
    resources.setup.iter().fold(here, |text, line| text + line + "\n")
}

/// Numbers as Slurm writes them: `0-3,7`.
fn ranges(indexes: &[u32]) -> String {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for index in indexes {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == *index => *last = *index,
            _ => runs.push((*index, *index)),
        }
    }
    let text = |(first, last): &(u32, u32)| {
        if first == last { first.to_string() } else { format!("{first}-{last}") }
    };
    runs.iter().map(text).collect::<Vec<String>>().join(",")
}

/// Submits the shards that are missing, unless they are on their way. Without `wait` that is all; with it, the jobs are followed
/// to their end.
pub(super) fn run(
    work: &Work<'_>,
    missing: &[Shard],
    resources: &ResourceArguments,
    wait: bool,
    terminal: &Terminal,
) -> Result<Option<Exit>, CliError> {
    let jobs = match on_their_way(work)? {
        Some(jobs) if wait => jobs,
        Some(Jobs { array, merge }) => {
            return Err(CliError::UnderWay { array, merge });
        }
        None => submit(work, missing, &resources.read()?)?,
    };
    let Jobs { array, merge } = &jobs;
    let words = format!(
        "submitted  {} of {} shards as job array {array}, and their merge as job {merge}\nfolder     {}\n",
        missing.len(),
        work.of,
        path_text(&work.sharded.folder)
    );
    if !wait {
        let document = || {
            json!({
                "schema": "seedstorm.slurm/1",
                "array": array,
                "merge": merge,
                "submitted": missing,
                "of": work.of,
                "folder": work.sharded.folder,
            })
        };
        terminal.result(document, &words)?;
        return Ok(Some(Exit::AsExpected));
    }
    terminal.remark(words.trim_end());
    follow(work, &jobs, terminal)
}

/// Waits until no job is left. The jobs go on if the program that follows them is interrupted.
fn follow(work: &Work<'_>, jobs: &Jobs, terminal: &Terminal) -> Result<Option<Exit>, CliError> {
    interrupt::listen();
    let mut told = usize::MAX;
    while queued(jobs)? {
        let left = work.missing().len();
        if left != told {
            terminal.remark(&format!("{} of {} shards are done", work.of as usize - left, work.of));
            told = left;
        }
        thread::sleep(POLL);
        if interrupt::interrupted() {
            terminal.remark("the jobs go on; the same command with --wait follows them");
            return Ok(Some(Exit::Interrupted));
        }
    }
    Ok(None)
}

fn submit(work: &Work<'_>, missing: &[Shard], resources: &Resources) -> Result<Jobs, CliError> {
    let (array, merge) = (path(work, ARRAY), path(work, MERGE));
    write(&array, array_script(work, missing, resources).as_bytes())?;
    write(&merge, merge_script(work, resources).as_bytes())?;
    let sbatch = |script: &PathBuf, dependency: &[String]| {
        let mut command = Command::new("sbatch");
        let said = said(command.arg("--parsable").args(dependency).arg(script))?;
        // On a cluster of clusters, the cluster's name follows.
        Ok::<String, CliError>(said.trim().split(';').next().unwrap_or_default().to_owned())
    };
    let array = sbatch(&array, &[])?;
    let after = [format!("--dependency=afterok:{array}"), "--kill-on-invalid-dep=yes".to_owned()];
    let merge = sbatch(&merge, &after)?;
    write(&path(work, JOBS), format!("{array} {merge}\n").as_bytes())?;
    Ok(Jobs { array, merge })
}

/// The jobs of an earlier call, if any of them is not at its end.
fn on_their_way(work: &Work<'_>) -> Result<Option<Jobs>, CliError> {
    let Ok(text) = std::fs::read_to_string(path(work, JOBS)) else { return Ok(None) };
    let Some((array, merge)) = text.trim().split_once(' ') else { return Ok(None) };
    let jobs = Jobs { array: array.to_owned(), merge: merge.to_owned() };
    Ok(queued(&jobs)?.then_some(jobs))
}

/// Whether a job waits or runs. Slurm forgets jobs after a while, and does not know them any more then.
fn queued(Jobs { array, merge }: &Jobs) -> Result<bool, CliError> {
    let mut command = Command::new("squeue");
    command.args(["--noheader", "--format=%i", "--jobs", &format!("{array},{merge}")]);
    match said(&mut command) {
        Ok(text) => Ok(!text.trim().is_empty()),
        Err(CliError::Engine { error, .. }) if error.to_string().contains("Invalid job id") => Ok(false),
        Err(error) => Err(error),
    }
}

/// What a command of Slurm prints.
fn said(command: &mut Command) -> Result<String, CliError> {
    let what = format!("run {}", command.get_program().to_string_lossy());
    let output = command.output().map_err(|error| CliError::Engine { what: what.clone(), error })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(CliError::Engine { what, error: io::Error::other(said) })
}

#[cfg(test)]
mod tests {
    use super::ranges;

    #[test]
    fn numbers_are_written_as_ranges() {
        for (indexes, text) in
            [(&[0][..], "0"), (&[0, 1, 2, 3, 7], "0-3,7"), (&[2, 4, 5], "2,4-5"), (&[], "")]
        {
            assert_eq!(ranges(indexes), text);
        }
    }
}
