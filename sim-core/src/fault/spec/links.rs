//! Faults of links: which links, and what happens on them.

use super::Harm;
use crate::distribution::Distribution;
use crate::fault::selector::Selector;
use crate::ratio::Ratio;
use crate::time::Duration;

/// Links that get worse.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkFault {
    /// Which links.
    pub ends: LinkEnds,
    /// What happens to messages on them.
    pub harm: Harm,
}

/// Which links: `target` (both directions), or `from` and `to`; all links if nothing is given.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LinkEnds {
    /// Links from and to these.
    pub target: Option<Selector>,
    /// Links from these; not together with `target`.
    pub from: Option<Selector>,
    /// Links to these; not together with `target`.
    pub to: Option<Selector>,
}

impl LinkEnds {
    /// Every selector in it.
    pub fn all(&self) -> impl Iterator<Item = &Selector> {
        self.target.iter().chain(&self.from).chain(&self.to)
    }

    /// Every selector in it, to be changed.
    pub fn all_mut(&mut self) -> impl Iterator<Item = &mut Selector> {
        self.target.iter_mut().chain(&mut self.from).chain(&mut self.to)
    }

    /// Whether it names both whole slots and a direction.
    pub const fn is_ambiguous(&self) -> bool {
        self.target.is_some() && (self.from.is_some() || self.to.is_some())
    }
}

/// How a parameter of a fault of links is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A probability, as `"1/20"` or `"5%"`.
    Probability,
    /// A distribution of times.
    Distribution,
    /// A length of time.
    Duration,
    /// A whole number.
    Count,
}

/// A type of parameters of faults of links.
pub trait Written {
    /// How it is written.
    const FORM: Form;
}

impl Written for Ratio {
    const FORM: Form = Form::Probability;
}

impl Written for Distribution {
    const FORM: Form = Form::Distribution;
}

impl Written for Duration {
    const FORM: Form = Form::Duration;
}

impl Written for u64 {
    const FORM: Form = Form::Count;
}
