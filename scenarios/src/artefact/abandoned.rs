//! Files in the making whose makers were killed. They are in nobody's way and take room, so that who comes next puts them out.

use std::fs::{DirEntry, File};
use std::path::Path;
use std::time::Duration;

/// What was touched so recently may be in the making, also where a file system knows no locks.
const RECENT: Duration = Duration::from_secs(600);

/// Removes what was left behind in a folder, where a file was just made. What cannot be looked at or removed stays.
pub(super) fn clear(folder: &Path, fresh: &File) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten().filter(|entry| is_abandoned(entry, fresh)) {
        // It takes room, no more than that.
        let _ = std::fs::remove_file(entry.path());
    }
}

/// Whether it is a part of a file of this program, untouched for a while by the clock of the file system, and nobody holds it.
fn is_abandoned(entry: &DirEntry, fresh: &File) -> bool {
    let old = || {
        let (touched, now) =
            (entry.metadata().ok()?.modified().ok()?, fresh.metadata().ok()?.modified().ok()?);
        now.duration_since(touched).ok().filter(|age| *age > RECENT)
    };
    entry.file_name().to_str().is_some_and(is_part)
        && entry.file_type().is_ok_and(|kind| kind.is_file())
        && old().is_some()
        && File::open(entry.path()).is_ok_and(|file| file.try_lock().is_ok())
}

/// Whether a name is `.NAME.PROCESS.COUNT.part`.
fn is_part(name: &str) -> bool {
    let Some(rest) = name.strip_prefix('.').and_then(|rest| rest.strip_suffix(".part")) else { return false };
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let mut pieces = rest.rsplitn(3, '.');
    pieces.next().is_some_and(number) && pieces.next().is_some_and(number) && pieces.next().is_some()
}

#[cfg(test)]
mod tests {
    use super::super::{begin_part, beside, fit};
    use super::*;

    #[test]
    fn what_nobody_finishes_is_put_out_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let aged = |file: &File| {
            let made = file.metadata().unwrap().modified().unwrap();
            file.set_modified(made - 2 * RECENT).unwrap();
        };
        let (left, held) = (beside(folder.path(), "runs.csv"), beside(folder.path(), "runs.csv"));
        aged(&File::create(&left).unwrap());
        let making = begin_part(&held).unwrap();
        aged(&making);
        let fresh = beside(folder.path(), "trace.txt");
        File::create(&fresh).unwrap();
        let others =
            [".notes.part", ".notes.1.part", "notes.1.2.part", ".notes.1.x.part", ".notes.1.2.parts"];
        for name in others {
            aged(&File::create(folder.path().join(name)).unwrap());
        }
        fit(folder.path(), &[]).unwrap();
        assert!(!left.exists(), "its maker is gone");
        assert!(held.exists() && fresh.exists(), "somebody makes it");
        assert!(others.iter().all(|name| folder.path().join(name).exists()), "it is somebody else's");
        drop(making);
        fit(folder.path(), &[]).unwrap();
        assert!(!held.exists());
    }
}
