//! Results that find no place: they are told all the same, and then what could not be written.
//!
//! Work that took minutes must not be lost because a file finds no room. A command asks [`Unkept::kept`] of each file that it
//! writes, tells its result, and ends with [`Unkept::end`].

use super::error::CliError;
use super::exit::Exit;
use super::terminal::Terminal;

/// What could not be written so far.
#[derive(Debug, Default)]
pub(crate) struct Unkept {
    first: Option<CliError>,
    /// How many more files could not be written.
    more: u64,
}

impl Unkept {
    /// What was written; nothing if it could not be, and that is remembered.
    pub(crate) fn kept<T, E: Into<CliError>>(&mut self, written: Result<T, E>) -> Option<T> {
        match written {
            Ok(kept) => Some(kept),
            Err(error) => {
                self.add(error.into());
                None
            }
        }
    }

    /// Remembers why something was not kept, if a campaign says so.
    pub(crate) fn note(&mut self, why: Option<&str>) {
        if let Some(why) = why {
            self.add(CliError::Unkept(why.to_owned()));
        }
    }

    fn add(&mut self, error: CliError) {
        if self.first.is_none() {
            self.first = Some(error);
        } else {
            self.more += 1;
        }
    }

    /// Whether everything was written.
    pub(crate) const fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// Tells what could not be written, after the result was told; how the program ends then. A finding stays a finding.
    pub(crate) fn end(self, exit: Exit, terminal: &Terminal) -> Exit {
        let Some(first) = self.first else { return exit };
        terminal.complain(&first.render(terminal.color()));
        match self.more {
            0 => {}
            1 => terminal.complain("1 more file could not be written"),
            more => terminal.complain(&format!("{more} more files could not be written")),
        }
        match (exit, first.exit()) {
            (Exit::AsExpected, Exit::Internal) => Exit::Internal,
            (Exit::AsExpected, _) => Exit::Unkept,
            (exit, _) => exit,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_error_decides_nothing_but_a_success() {
        let terminal = Terminal::kept(true, false);
        assert_eq!(Unkept::default().end(Exit::AsExpected, &terminal), Exit::AsExpected);
        for (exit, ends) in [
            (Exit::AsExpected, Exit::Unkept),
            (Exit::Finding, Exit::Finding),
            (Exit::Interrupted, Exit::Interrupted),
        ] {
            let mut unkept = Unkept::default();
            let failed = || Err::<(), _>(CliError::Unkept("write x: no room".to_owned()));
            assert_eq!(unkept.kept(Ok::<_, CliError>(1)), Some(1));
            assert!(unkept.is_empty());
            assert_eq!((unkept.kept(failed()), unkept.kept(failed())), (None, None));
            assert_eq!((unkept.is_empty(), unkept.more), (false, 1));
            assert_eq!(unkept.end(exit, &terminal), ends);
        }
    }
}
