//! The first Ctrl-C ends a campaign in good order, the second ends the program.

use std::sync::atomic::{AtomicBool, Ordering};

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Listens from now on. Where that is not possible, Ctrl-C ends the program as ever.
pub(crate) fn listen() {
    let handler = || {
        if INTERRUPTED.swap(true, Ordering::Relaxed) {
            std::process::exit(i32::from(super::exit::Exit::Interrupted as u8));
        }
    };
    if ctrlc::set_handler(handler).is_err() {
        INTERRUPTED.store(false, Ordering::Relaxed);
    }
}

/// Whether somebody pressed Ctrl-C.
pub(crate) fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}
