//! The identity of this build: a capsule made by the same build must replay with the same digest.

use scenarios::replay::UNKNOWN_BUILD;
use sim_core::digest::Digest;

/// The version and a hash of the program itself. Two builds that differ in anything have different names; that two
/// different builds come to the same digest is tested, not assumed.
pub(crate) fn build_name() -> String {
    let version = env!("CARGO_PKG_VERSION");
    let content = std::env::current_exe().and_then(std::fs::read);
    let Ok(content) = content else { return format!("{version}{UNKNOWN_BUILD}") };
    let mut digest = Digest::new();
    digest.bytes(&content);
    format!("{version}-{:016x}", digest.short())
}
