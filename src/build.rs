//! The identity of this build: a capsule made by the same build must replay with the same digest.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use scenarios::replay::UNKNOWN_BUILD;
use sim_core::digest::Digest;

/// So many bytes are read at once.
const PIECE: usize = 1 << 16;

/// The file that holds this code, where it is not the program that runs.
static LIBRARY: OnceLock<PathBuf> = OnceLock::new();

/// Says which file holds this code, if it is not the program that runs.
#[cfg(feature = "cli")]
pub(crate) fn is_in(library: &Path) {
    LIBRARY.get_or_init(|| library.to_owned());
}

/// The version and a hash of the program itself. Two builds that differ in anything have different names; that two
/// different builds come to the same digest is tested, not assumed.
pub(crate) fn build_name() -> String {
    let version = env!("CARGO_PKG_VERSION");
    let program = LIBRARY.get().cloned().map_or_else(std::env::current_exe, Ok);
    let digest = program.and_then(|program| digest_of(&program));
    digest.map_or_else(|_| format!("{version}{UNKNOWN_BUILD}"), |digest| format!("{version}-{digest:016x}"))
}

/// A hash of a file's content, a piece at a time: after a large run there is little memory left.
fn digest_of(path: &Path) -> std::io::Result<u64> {
    let mut file = File::open(path)?;
    let mut digest = Digest::new();
    let mut piece = vec![0; PIECE];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(digest.short()),
            length => digest.bytes(&piece[..length]),
        }
    }
}
