//! Reports a step that computes without end, wherever it happens. Nothing can end such a step from outside, so that
//! the program tells what it found, keeps a capsule, and ends.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use scenarios::capsule::{Capsule, replay_command};
use scenarios::run::{HANG, Hang, keep_watch};
use scenarios::scenario::Loaded;
use serde_json::json;

use super::exit::Exit;
use super::files;
use super::terminal::Terminal;
use crate::build::build_name;

/// A single step that takes longer than this never ends: an honest one takes microseconds.
const PATIENCE: Duration = Duration::from_secs(5);

/// Whose runs are made at present, and where what is found is kept.
#[derive(Debug)]
struct Scene {
    loaded: Loaded,
    folder: PathBuf,
}

static SCENE: Mutex<Option<Scene>> = Mutex::new(None);

/// Says whose runs are made from now on, so that one that hangs leaves a capsule in a folder.
pub(crate) fn set_scene(loaded: &Loaded, folder: PathBuf) {
    *SCENE.lock().unwrap_or_else(PoisonError::into_inner) = Some(Scene { loaded: loaded.clone(), folder });
}

/// Watches all runs from now on.
pub(crate) fn listen(terminal: Terminal) {
    keep_watch(PATIENCE, move |hang| {
        tell(hang, &terminal);
        std::process::exit(i32::from(Exit::Finding as u8));
    });
}

fn tell(hang: &Hang, terminal: &Terminal) {
    let seed = hang.plan.setup.seed;
    let message = hang.outcome.violations.last().map_or("", |violation| violation.message.as_str());
    let capsule = keep(hang);
    let mut words = format!("HANG        {HANG} · seed {seed}\n            {message}\n");
    if !hang.last.is_empty() {
        words += "            what happened there before:\n";
        hang.last.iter().for_each(|line| words += &format!("              {line}\n"));
    }
    match &capsule {
        Some(Ok(path)) => words += &format!("replay      {}\n", replay_command(path)),
        Some(Err(error)) => words += &format!("not kept    {error}\n"),
        None => {}
    }
    words += "            the program ends here, since no step can be ended from outside\n";
    let kept = capsule.and_then(Result::ok);
    let document = || {
        json!({
            "schema": "seedstorm.hang/1",
            "seed": seed,
            "check": HANG,
            "message": message,
            "before": hang.last,
            "capsule": kept,
        })
    };
    // A reader that went away hears nothing, and the program ends all the same.
    let _ = terminal.result(document, &words);
}

/// Writes the capsule, if it is known whose run this is.
fn keep(hang: &Hang) -> Option<Result<String, String>> {
    // Whoever holds it sets it at once; a run that hangs under a lock would be a bug, and is told without a capsule.
    let scene = SCENE.try_lock().ok()?;
    let Scene { loaded, folder } = scene.as_ref()?;
    let capsule = Capsule::new(loaded, &hang.plan, &hang.outcome, &build_name());
    let name = format!("seed-{}-hang.capsule.json", hang.plan.setup.seed);
    let written = files::write_capsule(folder, &name, &capsule);
    Some(written.map(|path| path.display().to_string()).map_err(|error| error.to_string()))
}
