//! The native part of the package for Python: one function that runs a command of the program.

use std::path::Path;
use std::sync::Mutex;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use seedstorm::cli::{Answer, Embedded};

/// How often a command that runs looks whether Python was interrupted.
const LOOK: Duration = Duration::from_millis(50);

/// Runs the command that `words` name, the first of which is the program's name; `library` is the file of this module.
/// Gives the exit code, the result and the complaints. Other threads of Python go on meanwhile. An interrupt ends runs and
/// campaigns, and is raised once they have ended.
#[pyfunction]
fn answer(py: Python<'_>, library: &str, words: Vec<String>) -> PyResult<(u8, String, String)> {
    let embedded = Embedded::new(Path::new(library));
    let (done, answers) = channel();
    // Python wants to know that what it lets go on without it is shared safely.
    let answers = Mutex::new(answers);
    let wait = || answers.lock().map_or(Err(RecvTimeoutError::Disconnected), |answers| answers.recv_timeout(LOOK));
    let command = thread::spawn(move || {
        let _ = done.send(embedded.answer(&seedstorm::registry(), &words));
    });
    let mut raised = None;
    let answer = loop {
        match py.detach(wait) {
            Ok(answer) => break Some(answer),
            Err(RecvTimeoutError::Disconnected) => break None,
            Err(RecvTimeoutError::Timeout) => {
                if let Err(error) = py.check_signals() {
                    raised.get_or_insert(error);
                    Embedded::interrupt();
                }
            }
        }
    };
    let _ = py.detach(|| command.join());
    Embedded::forget_interrupt();
    if let Some(error) = raised {
        return Err(error);
    }
    let Some(Answer { exit, result, complaint }) = answer else {
        return Err(PyRuntimeError::new_err("the command ended without an answer"));
    };
    Ok((exit, result, complaint))
}

#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(answer, module)?)
}
