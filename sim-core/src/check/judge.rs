//! A check under its name, as a run has it, and how checks take turns.

use super::{Check, Findings, Member, Needs, Panel};
use crate::process::Protocol;
use crate::text::Named;
use crate::time::Time;

/// A check, or several that judge together, under the names by which a run knows them.
pub struct Judge<P: Protocol> {
    /// What judges.
    pub check: Box<dyn Check<P>>,
    /// Whom it judges for, in order.
    pub(crate) seats: Vec<Seat>,
    /// The place of the first of these among all that judge a run.
    first: usize,
}

/// A check as a run lists it.
pub(crate) struct Seat {
    pub(crate) named: Named,
    pub(crate) needs: Needs,
    keeps_books: bool,
    /// Whether the settings of the run give it anything to judge.
    applies: bool,
    pub(crate) standing: Standing,
}

/// Whether a check judges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Its findings count.
    #[default]
    On,
    /// It is off, and only keeps books: nobody asks for its findings.
    KeepsBooks,
    /// It is off.
    Off,
}

impl<P: Protocol> Judge<P> {
    /// A check under a name, as `protocol/property`, with what it means in a sentence.
    pub fn new(name: &'static str, about: &'static str, check: impl Check<P> + 'static) -> Self {
        let seat = Seat::of(Named { name, about }, &check);
        Self { check: Box::new(check), seats: vec![seat], first: 0 }
    }

    /// Checks that judge together, under the names that they have one by one.
    pub fn together(named: &[Named], panel: impl Panel<P> + Check<P> + 'static) -> Self {
        let seat = |(place, named): (usize, &Named)| Seat::of(*named, panel.member(place));
        let seats = named.iter().enumerate().map(seat).collect();
        Self { check: Box::new(panel), seats, first: 0 }
    }

    /// Where it does not apply, since the settings give it nothing to judge, it is off, and nobody waits for it to be exercised.
    #[must_use]
    pub fn where_it_applies(mut self, applies: bool) -> Self {
        self.seats.iter_mut().for_each(|seat| seat.applies = applies);
        self
    }

    /// Whether the settings give it anything to judge.
    pub fn applies(&self) -> bool {
        self.seats.iter().any(|seat| seat.applies)
    }

    /// The names under which it judges.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.seats.iter().map(|seat| seat.named.name)
    }

    /// Whether anybody asks for what it has to show.
    pub(crate) fn is_on(&self) -> bool {
        self.seats.iter().any(|seat| seat.standing == Standing::On)
    }

    /// Whether it is off, with all its members.
    pub(crate) fn is_off(&self) -> bool {
        self.seats.iter().all(|seat| seat.standing == Standing::Off)
    }
}

impl Seat {
    fn of<P: Protocol>(named: Named, check: &dyn Check<P>) -> Self {
        let (needs, keeps_books) = (check.needs(), check.keeps_books());
        Self { named, needs, keeps_books, applies: true, standing: Standing::default() }
    }

    /// Gives it its standing in a run: whether it is wanted, and can judge there.
    pub(crate) fn stands(&mut self, wanted: bool, able: bool) {
        self.standing = match (wanted, able && self.applies) {
            (true, true) => Standing::On,
            (false, true) if self.keeps_books => Standing::KeepsBooks,
            _ => Standing::Off,
        };
    }
}

/// Lets checks judge something that happens now, one after the other: those at these places, in a run whose findings were
/// made for them.
#[inline(always)]
pub(crate) fn ask<'a, P: Protocol>(
    (checks, turns): (&mut [Judge<P>], impl IntoIterator<Item = &'a usize>),
    (now, findings): (Time, &mut Findings),
    mut judge: impl FnMut(&mut dyn Check<P>, &mut Findings),
) {
    findings.now = now;
    for turn in turns {
        let asked = &mut checks[*turn];
        (findings.first, findings.turn) = (asked.first, asked.first);
        judge(&mut *asked.check, findings);
    }
}

/// [`ask`] for all of them.
pub(crate) fn ask_all<P: Protocol>(
    checks: &mut [Judge<P>],
    (now, findings): (Time, &mut Findings),
    mut judge: impl FnMut(&mut dyn Check<P>, &mut Findings),
) {
    findings.now = now;
    for asked in checks {
        (findings.first, findings.turn) = (asked.first, asked.first);
        judge(&mut *asked.check, findings);
    }
}

impl Findings {
    /// Nothing found yet, by checks that take turns. Gives each its place.
    pub fn by<P: Protocol>(checks: &mut [Judge<P>]) -> Self {
        let mut roll = Vec::new();
        for judge in checks {
            judge.first = roll.len();
            let member =
                |seat: &Seat| Member { name: seat.named.name, unasked: seat.standing != Standing::On };
            roll.extend(judge.seats.iter().map(member));
        }
        Self::of(roll)
    }

    /// Of those that judge together, it is the turn of the one at this place.
    #[inline(always)]
    pub fn under(&mut self, place: usize) {
        self.turn = self.first.wrapping_add(place);
    }

    /// How often the check at a place had something to judge; one of which nobody asks for anything, never.
    ///
    /// # Panics
    /// If there are not so many.
    pub fn exercised_at(&self, turn: usize) -> u64 {
        if self.roll[turn].unasked { 0 } else { self.exercised[turn] }
    }
}

/// Declares the checks of a protocol, each once: its name, what it means, and how it is made. Yields the constant `CHECKS`
/// for lists, and the function, which makes them fresh for one run.
///
/// ```
/// use sim_core::check::{Check, Findings, Seen};
/// use sim_core::ground::Ground;
/// # sim_core::facts! { enum Word { Hello } }
/// # sim_core::vocabulary! { Greeting { message: Word } }
/// # impl sim_core::process::Message for Word {
/// #     fn wire_size(&self) -> u32 {
/// #         1
/// #     }
/// # }
///
/// struct Quiet;
///
/// impl Check<Greeting> for Quiet {
///     fn observe(&mut self, _: &Ground, seen: &Seen<'_, Greeting>, findings: &mut Findings) {
///         findings.exercised();
///         findings.safety("", &[seen.node], format!("{} said something", seen.node));
///     }
/// }
///
/// sim_core::checks! {
///     /// What is checked.
///     fn checks() -> Greeting {
///         "greeting/quiet": "Nobody says anything." => Quiet,
///     }
/// }
///
/// assert_eq!((CHECKS[0].name, checks().len()), ("greeting/quiet", 1));
/// ```
#[macro_export]
macro_rules! checks {
    (
        $(#[$meta:meta])*
        $vis:vis fn $function:ident($($argument:ident: $type:ty),* $(,)?) -> $protocol:ty {
            $( $name:literal: $about:literal => $check:expr ),+ $(,)?
        }
    ) => {
        /// What is checked, for lists.
        $vis const CHECKS: &[$crate::text::Named] =
            &[$( $crate::text::Named { name: $name, about: $about } ),+];

        $(#[$meta])*
        $vis fn $function($($argument: $type),*) -> Vec<$crate::check::Judge<$protocol>> {
            vec![$( $crate::check::Judge::new($name, $about, $check) ),+]
        }
    };
}
