//! What traitors did: counted, so that a run in which nobody lied is not taken for one in which lies came to nothing.

/// Something that a traitor did and an honest member does not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deed {
    /// It ignored an input, or swallowed a message.
    Silent,
    /// It told different members different things.
    Equivocated,
    /// It left some honest members untold.
    Withheld,
    /// It left out recipients of a message by chance.
    Dropped,
    /// It sent a message later than its honest code would.
    Delayed,
    /// It said again what it had heard.
    Replayed,
    /// It spoke for somebody else.
    Forged,
    /// The coalition held back a message between two others.
    Ordered,
    /// It claimed a term, view or incarnation far ahead.
    Inflated,
    /// It changed a value of a message.
    Altered,
}

impl Deed {
    /// Every deed, in order.
    pub const ALL: [Self; 10] = [
        Self::Silent,
        Self::Equivocated,
        Self::Withheld,
        Self::Dropped,
        Self::Delayed,
        Self::Replayed,
        Self::Forged,
        Self::Ordered,
        Self::Inflated,
        Self::Altered,
    ];

    /// The counter of a run that counts it.
    pub const fn counter(self) -> &'static str {
        match self {
            Self::Silent => "traitors.silent",
            Self::Equivocated => "traitors.equivocated",
            Self::Withheld => "traitors.withheld",
            Self::Dropped => "traitors.dropped",
            Self::Delayed => "traitors.delayed",
            Self::Replayed => "traitors.replayed",
            Self::Forged => "traitors.forged",
            Self::Ordered => "traitors.ordered",
            Self::Inflated => "traitors.inflated",
            Self::Altered => "traitors.altered",
        }
    }
}

/// How often each was done.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Deeds([u64; Deed::ALL.len()]);

impl Deeds {
    pub(crate) const fn add(&mut self, deed: Deed) {
        self.0[deed as usize] += 1;
    }

    /// Counters and what they came to.
    pub(crate) fn counted(self) -> impl Iterator<Item = (&'static str, u64)> {
        Deed::ALL.into_iter().map(move |deed| (deed.counter(), self.0[deed as usize]))
    }
}
