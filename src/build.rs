//! The identity of this build: a capsule made by the same build must replay with the same digest.

#[cfg(feature = "cli")]
use std::path::Path;
use std::path::PathBuf;
use std::sync::OnceLock;

use scenarios::replay::UNKNOWN_BUILD;
use sim_core::digest::Digest;

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
    let Ok(content) = program.and_then(std::fs::read) else { return format!("{version}{UNKNOWN_BUILD}") };
    let mut digest = Digest::new();
    digest.bytes(&content);
    format!("{version}-{:016x}", digest.short())
}
