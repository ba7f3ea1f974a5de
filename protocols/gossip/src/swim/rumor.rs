//! What a member holds of a subject in one byte, and what waits to be told of it in eight.

use super::subjects::Subject;
use super::vocabulary::Status;

/// The bits of a rumor that tell what is said of its subject.
const SAID: u32 = 8;

/// Members and subjects have lower numbers; a larger one is nonsense that somebody made up.
pub(super) const MOST_MEMBERS: u32 = 1 << (u32::BITS - SAID);

const ALIVE: u8 = 1 << 6;
const DEAD: u8 = 2 << 6;
const LEFT: u8 = 3 << 6;
/// The bits for a status, in front of the last bits of an incarnation.
const STATUS: u8 = 3 << 6;
/// Of a suspect: no further accuser counts.
const FULL: u8 = 1 << 2;
/// Of a suspect: how many accusers it has, from here on; at least one.
const ACCUSED: u32 = 3;

/// What is held of a subject: its status, the last bits of its incarnation, and of a suspect how many accused it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Said(u8);

impl Said {
    /// What everybody held of it at genesis.
    pub(super) const AS_BEFORE: Self = Self(0);
    const UNKNOWN: Self = Self(1);

    /// Of a subject that has a status in an incarnation.
    #[inline]
    pub(super) const fn new(status: Status, incarnation: u32) -> Self {
        let last = (incarnation & 63) as u8;
        match status {
            Status::Unknown => Self::UNKNOWN,
            Status::Alive => Self(ALIVE | last),
            Status::Suspect => Self::suspect(incarnation, 1, false),
            Status::Dead => Self(DEAD | last),
            Status::Left => Self(LEFT | last),
        }
    }

    /// Of a suspect with so many accusers, and whether further ones do not count.
    #[inline]
    pub(super) const fn suspect(incarnation: u32, accused: u8, full: bool) -> Self {
        let full = if full { FULL } else { 0 };
        Self((accused & 7) << ACCUSED | full | (incarnation & 3) as u8)
    }

    pub(super) const fn bits(self) -> u8 {
        self.0
    }

    /// The same suspect in another incarnation.
    #[inline]
    pub(super) const fn in_incarnation(self, incarnation: u32) -> Self {
        Self(self.0 & !3 | (incarnation & 3) as u8)
    }

    /// The status, but for what is as before.
    #[inline]
    pub(super) const fn status(self) -> Option<Status> {
        match (self.0 & STATUS, self) {
            (_, Self::AS_BEFORE) => None,
            (_, Self::UNKNOWN) => Some(Status::Unknown),
            (ALIVE, _) => Some(Status::Alive),
            (DEAD, _) => Some(Status::Dead),
            (LEFT, _) => Some(Status::Left),
            _ => Some(Status::Suspect),
        }
    }

    /// Whether it is a suspect and no further accuser counts.
    #[inline]
    pub(super) const fn is_full(self) -> bool {
        self.0 & STATUS == 0 && self.0 & FULL != 0
    }
}

/// A subject, and what was held of it when this was to be told. It is fit to be told as long as that is held still. The byte
/// of what is held wraps with the incarnation, so that a rumor has all of it: else one of an earlier incarnation would be fit
/// again later, and be told more often than it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rumor(u64);

impl Rumor {
    #[inline]
    pub(super) const fn new(subject: Subject, said: Said, incarnation: u32) -> Self {
        Self((subject.0 as u64) << (SAID + u32::BITS) | (incarnation as u64) << SAID | said.0 as u64)
    }

    #[inline]
    pub(super) const fn subject(self) -> Subject {
        Subject((self.0 >> (SAID + u32::BITS)) as u32)
    }

    #[inline]
    pub(super) const fn incarnation(self) -> u32 {
        (self.0 >> SAID) as u32
    }

    #[inline]
    pub(super) const fn said(self) -> Said {
        Said(self.0 as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_tells_statuses_and_close_incarnations_apart() {
        let mut all = vec![Said::AS_BEFORE, Said::new(Status::Unknown, 0)];
        for incarnation in 0..64 {
            for status in [Status::Alive, Status::Dead, Status::Left] {
                all.push(Said::new(status, incarnation));
                assert_eq!(all.last().and_then(|said| said.status()), Some(status));
            }
        }
        for (incarnation, accused) in (0..4).flat_map(|it| (1..=6).map(move |accused| (it, accused))) {
            for full in [false, true] {
                let said = Said::suspect(incarnation, accused, full);
                assert_eq!((said.status(), said.is_full()), (Some(Status::Suspect), full));
                all.push(said);
            }
        }
        assert_eq!(Said::suspect(0, 1, false), Said::new(Status::Suspect, 0));
        let different: sim_core::ordered::OrderedSet<u8> = all.iter().map(|said| said.0).collect();
        assert_eq!(different.len(), all.len());
        assert!(all.iter().filter(|said| said.is_full()).all(|said| said.status() == Some(Status::Suspect)));
    }

    #[test]
    fn a_rumor_is_what_it_was_made_of() {
        for (subject, said) in [(0, Said::AS_BEFORE), (MOST_MEMBERS - 1, Said::new(Status::Left, 63))] {
            for incarnation in [0, 7, u32::MAX] {
                let rumor = Rumor::new(Subject(subject), said, incarnation);
                assert_eq!((rumor.subject(), rumor.said()), (Subject(subject), said));
                assert_eq!(rumor.incarnation(), incarnation);
            }
        }
    }
}
