//! Shards as processes of this machine.

use std::collections::VecDeque;
use std::io::Read;
use std::process::{Child, Stdio};
use std::thread;
use std::time::Duration;

use scenarios::capsule::shell_word;
use scenarios::shard::Shard;

use super::Work;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::interrupt;
use crate::cli::terminal::Terminal;

/// How often it is looked whether a process has ended.
const POLL: Duration = Duration::from_millis(20);

/// How often it is looked, after an interruption, before processes are killed that do not end by themselves: five seconds.
const PATIENCE: u32 = 250;

/// The commands, one a line.
pub(super) fn commands(work: &Work<'_>, missing: &[Shard]) -> String {
    let mut text = String::new();
    for shard in missing {
        let command = work.command(*shard);
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        let words: Vec<String> = words.map(|word| shell_word(&word.to_string_lossy())).collect();
        text += &format!("{}\n", words.join(" "));
    }
    text
}

/// A process under way.
struct Running {
    shard: Shard,
    child: Child,
}

/// Runs shards, as many at once as the machine has cores for. Nothing if all ended by themselves; a shard that failed is told,
/// and shows as missing when they are merged.
pub(super) fn run(work: &Work<'_>, missing: &[Shard], terminal: &Terminal) -> Result<Option<Exit>, CliError> {
    interrupt::listen();
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let at_once = (cores / usize::from(work.sharded.jobs.max(1))).max(1);
    let mut waiting: VecDeque<Shard> = missing.iter().copied().collect();
    let mut running: Vec<Running> = Vec::new();
    let mut patience = PATIENCE;
    while !(running.is_empty() && (waiting.is_empty() || interrupt::interrupted())) {
        while running.len() < at_once && !interrupt::interrupted() {
            let Some(shard) = waiting.pop_front() else { break };
            let mut command = work.command(shard);
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
            let child = command
                .spawn()
                .map_err(|error| CliError::Engine { what: format!("start shard {shard}"), error })?;
            running.push(Running { shard, child });
        }
        thread::sleep(POLL);
        running.retain_mut(|one| !ended(one, terminal));
        if interrupt::interrupted() {
            patience = patience.saturating_sub(1);
            if patience == 0 {
                // What they have done is kept, but for a round.
                running.iter_mut().for_each(|one| drop(one.child.kill()));
            }
        }
    }
    Ok(interrupt::interrupted().then_some(Exit::Interrupted))
}

/// Whether a process has ended; what went wrong with it is told.
fn ended(one: &mut Running, terminal: &Terminal) -> bool {
    let shard = one.shard;
    match one.child.try_wait() {
        Ok(None) => false,
        Ok(Some(status)) if status.success() => {
            terminal.remark(&format!("shard {shard} is done"));
            true
        }
        Ok(Some(status)) => {
            let mut said = String::new();
            // What it said is for people: whatever of it is no text is left out.
            let _ = one.child.stderr.take().map(|mut pipe| pipe.read_to_string(&mut said));
            terminal.complain(&format!("shard {shard} ended with {status}\n{}", said.trim_end()));
            true
        }
        Err(error) => {
            terminal.complain(&format!("shard {shard} is lost: {error}"));
            true
        }
    }
}
