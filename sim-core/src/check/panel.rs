//! Checks that judge together.
//!
//! A dozen checks of a protocol that all hear what happens all the time cost more in being asked than in judging. Together they
//! are asked once: what is said often goes straight to those who hear of it, in functions of theirs that the compiler can join; for
//! everything else, each is called by its number.

use super::{Check, Findings};
use crate::facts::Facts;
use crate::process::Protocol;

/// Several checks, by their places.
pub trait Panel<P: Protocol> {
    /// The check at a place.
    fn member(&self, place: usize) -> &dyn Check<P>;

    /// The same, to let it judge.
    fn member_mut(&mut self, place: usize) -> &mut dyn Check<P>;
}

/// Whom of a panel to call for what, a bit for each; asked once, at the start.
#[derive(Clone, Debug, Default)]
pub struct Calls {
    /// For each kind of observation, those who hear of it.
    pub hears: Vec<u32>,
    /// For each kind of message, those who read it.
    pub reads: Vec<u32>,
    /// For each kind of message, those who hear of its arrival.
    pub takes: Vec<u32>,
    /// Those who hear of failed syncs.
    pub syncs: u32,
    /// Those who watch clients.
    pub clients: u32,
    /// All of them.
    pub all: u32,
}

impl Calls {
    /// Of so many checks.
    ///
    /// # Panics
    /// If there are more than 32, or one wants to be told of a kind that the protocol does not have.
    pub fn of<P: Protocol>(panel: &impl Panel<P>, count: usize) -> Self {
        assert!(count <= 32, "a panel of {count} checks");
        let (observations, messages) = (P::Observation::KINDS, P::Message::KINDS);
        let mut calls = Self {
            hears: vec![0; observations.len()],
            reads: vec![0; messages.len()],
            takes: vec![0; messages.len()],
            ..Self::default()
        };
        for place in 0..count {
            let (check, bit) = (panel.member(place), 1 << place);
            note(&mut calls.hears, observations, check.hears().unwrap_or(observations), bit);
            note(&mut calls.reads, messages, check.reads(), bit);
            note(&mut calls.takes, messages, check.takes(), bit);
            calls.syncs |= if check.takes().is_empty() { 0 } else { bit };
            calls.clients |= if check.watches_clients() { bit } else { 0 };
            calls.all |= bit;
        }
        calls
    }
}

fn note(told: &mut [u32], kinds: &[&str], wanted: &[&str], bit: u32) {
    for name in wanted {
        let place = kinds.iter().position(|kind| kind == name);
        told[place.expect("a check waits for what somebody can say")] |= bit;
    }
}

/// Calls some checks of a panel, in the order of their places.
#[inline]
pub fn call<P: Protocol>(
    panel: &mut impl Panel<P>,
    whom: u32,
    findings: &mut Findings,
    mut judge: impl FnMut(&mut dyn Check<P>, &mut Findings),
) {
    for place in places(whom) {
        findings.under(place);
        judge(panel.member_mut(place), findings);
    }
}

/// The places of those who are called.
#[inline]
pub fn places(mut whom: u32) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let place = (whom != 0).then_some(whom.trailing_zeros() as usize);
        whom &= whom.wrapping_sub(1);
        place
    })
}

/// Declares the checks of a protocol that judge together, each once: its name, what it means, where it is kept, and how it is made.
/// Yields the constant `CHECKS` for lists; the [panel](crate::check::Panel), whose [`Check`](crate::check::Check) is written by hand;
/// the places of its members; and the function, which makes them fresh for one run.
#[macro_export]
macro_rules! panel {
    (
        $(#[$meta:meta])*
        $vis:vis fn $function:ident($($argument:ident: $given:ty),* $(,)?) -> $protocol:ty;

        $(#[$about_panel:meta])*
        $panel_vis:vis struct $panel:ident {
            $( $name:literal: $about:literal => $field:ident: $type:ty = $make:expr ),+ $(,)?
        }
    ) => {
        /// What is checked, for lists.
        $vis const CHECKS: &[$crate::text::Named] =
            &[$( $crate::text::Named { name: $name, about: $about } ),+];

        $(#[$about_panel])*
        $panel_vis struct $panel {
            calls: $crate::check::Calls,
            $( $field: $type ),+
        }

        /// Where each is among them.
        #[allow(non_camel_case_types, dead_code, reason = "places are called as the fields are, and not all are called by name")]
        #[derive(Clone, Copy)]
        enum Place {
            $( $field ),+
        }

        impl $panel {
            /// All of them, fresh.
            fn fresh($($argument: $given),*) -> Self {
                let mut panel = Self { calls: $crate::check::Calls::default(), $( $field: $make ),+ };
                panel.calls = $crate::check::Calls::of::<$protocol>(&panel, CHECKS.len());
                panel
            }
        }

        impl $crate::check::Panel<$protocol> for $panel {
            fn member(&self, place: usize) -> &dyn $crate::check::Check<$protocol> {
                match place {
                    $( place if place == Place::$field as usize => &self.$field, )+
                    _ => panic!("place {place} of {}", CHECKS.len()),
                }
            }

            fn member_mut(&mut self, place: usize) -> &mut dyn $crate::check::Check<$protocol> {
                match place {
                    $( place if place == Place::$field as usize => &mut self.$field, )+
                    _ => panic!("place {place} of {}", CHECKS.len()),
                }
            }
        }

        $(#[$meta])*
        $vis fn $function($($argument: $given),*) -> Vec<$crate::check::Judge<$protocol>> {
            vec![$crate::check::Judge::together(CHECKS, $panel::fresh($($argument),*))]
        }
    };
}
