//! Signals: the first Ctrl-C ends a campaign in good order, the second ends the program, and a limit on the size of files ends
//! nothing.

use std::sync::atomic::{AtomicBool, Ordering};

static INTERRUPTED: AtomicBool = AtomicBool::new(false);
static SIGNALS_ARE_OURS: AtomicBool = AtomicBool::new(true);

/// From now on, signals are those of the program around this one, which says itself when somebody interrupts.
pub(crate) fn leave_signals_alone() {
    SIGNALS_ARE_OURS.store(false, Ordering::Relaxed);
}

/// Says whether somebody interrupts.
pub(crate) fn set(interrupted: bool) {
    INTERRUPTED.store(interrupted, Ordering::Relaxed);
}

/// Listens from now on. Where that is not possible, Ctrl-C ends the program as ever.
pub(crate) fn listen() {
    if !SIGNALS_ARE_OURS.load(Ordering::Relaxed) {
        return;
    }
    let handler = || {
        if INTERRUPTED.swap(true, Ordering::Relaxed) {
            std::process::exit(i32::from(super::exit::Exit::Interrupted as u8));
        }
    };
    if ctrlc::set_handler(handler).is_err() {
        INTERRUPTED.store(false, Ordering::Relaxed);
    }
}

/// From now on, a file that may not grow any more is a write that fails, as on a full disk: it would end the program in the
/// middle of a file otherwise.
#[cfg(unix)]
pub(crate) fn survive_size_limits() {
    let noticed = std::sync::Arc::new(AtomicBool::new(false));
    // Where it cannot be listened to, it ends the program as ever.
    let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, noticed);
}

#[cfg(not(unix))]
pub(crate) fn survive_size_limits() {}

/// Whether somebody pressed Ctrl-C.
pub(crate) fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}
