//! A check under its name, as a run has it.

use super::{Check, Findings};
use crate::process::Protocol;
use crate::text::Named;
use crate::time::Time;

/// A check with its name and how often it had something to judge.
pub struct Judge<P: Protocol> {
    /// Its name, as `protocol/property`, and what it means.
    pub named: Named,
    /// What judges.
    pub check: Box<dyn Check<P>>,
    exercised: u64,
    /// Where its findings go that nobody asks for: it is off, and only keeps books.
    unasked: Option<Box<Findings>>,
}

impl<P: Protocol> Judge<P> {
    /// A check under a name, as `protocol/property`, with what it means in a sentence.
    pub fn new(name: &'static str, about: &'static str, check: impl Check<P> + 'static) -> Self {
        Self { named: Named { name, about }, check: Box::new(check), exercised: 0, unasked: None }
    }

    /// Leaves out whatever it finds from now on.
    pub(crate) fn silence(&mut self) {
        self.unasked = Some(Box::default());
    }

    /// Whether its findings count.
    pub(crate) fn is_on(&self) -> bool {
        self.unasked.is_none()
    }

    /// How often it had something to judge.
    pub fn exercised(&self) -> u64 {
        self.exercised
    }

    /// Lets it judge something that happens now.
    #[inline]
    pub fn ask(
        &mut self,
        now: Time,
        findings: &mut Findings,
        judge: impl FnOnce(&mut dyn Check<P>, &mut Findings),
    ) {
        if let Some(unasked) = &mut self.unasked {
            return judge(&mut *self.check, unasked);
        }
        findings.turn_of(self.named.name, now);
        judge(&mut *self.check, findings);
        self.exercised += std::mem::take(&mut findings.exercised);
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
