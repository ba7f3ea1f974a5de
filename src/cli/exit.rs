//! Exit codes.

use std::process::ExitCode;

use sim_core::judgment::Judgment;

/// Exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// As expected.
    AsExpected = 0,
    /// A finding.
    Finding = 1,
    /// A wrong argument or a bad file; nothing was run.
    Usage = 2,
    /// Too little happened to say anything.
    Inconclusive = 3,
    /// Nothing ran.
    NothingRan = 4,
    /// A bug of this program, or two runs that should be equal are not.
    Internal = 70,
    /// Results could not be written; they were told.
    Unkept = 74,
    /// Interrupted; what was done is kept.
    Interrupted = 130,
}

impl From<Judgment> for Exit {
    fn from(judgment: Judgment) -> Self {
        match judgment {
            Judgment::AsExpected => Self::AsExpected,
            Judgment::Inconclusive => Self::Inconclusive,
            Judgment::Finding => Self::Finding,
            Judgment::NothingRan => Self::NothingRan,
            Judgment::Interrupted => Self::Interrupted,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

#[cfg(test)]
mod tests {
    use scenarios::glossary::EXIT_CODES;

    use super::Exit;

    #[test]
    fn every_code_is_explained() {
        let all = [
            Exit::AsExpected,
            Exit::Finding,
            Exit::Usage,
            Exit::Inconclusive,
            Exit::NothingRan,
            Exit::Internal,
            Exit::Unkept,
            Exit::Interrupted,
        ];
        let explained = EXIT_CODES.map(|(code, _)| code);
        assert_eq!(explained, all.map(|exit| exit as u8));
    }
}
