//! The suspicions of one member about a page of subjects, each with the moment at which it becomes a death: 24 bytes each.
//!
//! With Lifeguard a suspicion begins with a long timeout, which independent confirmations shorten. When it began is not kept:
//! its deadline and the number of its accusers say so.

use sim_core::identity::NodeId;
use sim_core::time::{Duration, Time};

use super::settings::{CONFIRMATIONS, Scale, Settings};

/// So many subjects are kept together.
pub(super) const PAGE: usize = 64;

/// How many accusers are remembered.
const ACCUSERS: usize = CONFIRMATIONS + 1;
/// So many of them are remembered in any case; there is room for the rest once somebody has more.
const FIRST: usize = 3;
const REST: usize = ACCUSERS - FIRST;

/// One suspicion, in one cache line or two.
#[derive(Clone, Copy, Debug)]
struct Suspicion {
    /// [`Time::MAX`] if it never becomes a death.
    deadline: Time,
    first: [NodeId; FIRST],
    /// The size of the cluster when it began decides how long it lasts.
    scale: Scale,
    /// How many accusers it has; none if there is no suspicion.
    accused: u8,
    /// Whether confirmations shorten it.
    shortens: bool,
}

const NONE: Suspicion = Suspicion {
    deadline: Time::MAX,
    first: [NodeId(0); FIRST],
    scale: Scale(0),
    accused: 0,
    shortens: false,
};

/// How a suspicion stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Confirmed {
    /// When it becomes a death.
    pub(super) due: Time,
    /// How many accusers it has, of those who count.
    pub(super) accused: u8,
    /// Whether further ones do not count.
    pub(super) full: bool,
}

/// Those about one page of subjects, by place.
#[derive(Clone, Debug)]
pub(super) struct Suspicions {
    places: [Suspicion; PAGE],
    rest: Option<Box<[[NodeId; REST]; PAGE]>>,
    open: u32,
}

impl Default for Suspicions {
    fn default() -> Self {
        Self { places: [NONE; PAGE], rest: None, open: 0 }
    }
}

impl Suspicion {
    /// How many confirmations it takes until it lasts as short as it may.
    fn wanted(&self, settings: &Settings) -> u32 {
        if self.shortens { settings.confirmations(u32::MAX) } else { 0 }
    }

    /// How long it lasts with so many confirmations.
    fn length(&self, confirmed: usize, settings: &Settings) -> Duration {
        match (self.shortens, confirmed) {
            (false, _) => settings.least_suspicion(self.scale),
            (true, 0) => settings.most_suspicion(self.scale),
            (true, confirmed) => settings.confirmed_suspicion(self.scale, confirmed),
        }
    }

    /// Whether further accusers do not count.
    fn is_full(&self, settings: &Settings) -> bool {
        u32::from(self.accused) > self.wanted(settings) || usize::from(self.accused) >= ACCUSERS
    }
}

impl Suspicions {
    /// Begins one among so many members.
    pub(super) fn begin(
        &mut self,
        place: usize,
        from: NodeId,
        now: Time,
        (members, scale): (u32, Scale),
        settings: &Settings,
    ) -> Confirmed {
        let shortens = settings.confirmations(members) > 0;
        let mut begun = Suspicion { scale, shortens, accused: 1, ..NONE };
        begun.first[0] = from;
        begun.deadline = now.saturating_add(begun.length(0, settings));
        self.open += u32::from(self.places[place].accused == 0);
        self.places[place] = begun;
        self.stands(place, settings)
    }

    fn stands(&self, place: usize, settings: &Settings) -> Confirmed {
        let it = &self.places[place];
        Confirmed { due: it.deadline, accused: it.accused, full: it.is_full(settings) }
    }

    /// An accuser, by number.
    #[inline]
    fn accuser(&self, place: usize, number: usize) -> Option<NodeId> {
        match number.checked_sub(FIRST) {
            None => Some(self.places[place].first[number]),
            Some(number) => Some(self.rest.as_ref()?[place][number]),
        }
    }

    fn put_accuser(&mut self, place: usize, number: usize, from: NodeId) {
        match number.checked_sub(FIRST) {
            None => self.places[place].first[number] = from,
            Some(number) => {
                self.rest.get_or_insert_with(|| Box::new([[NodeId(0); REST]; PAGE]))[place][number] = from;
            }
        }
    }

    /// Who accused last, of those who counted.
    #[inline]
    pub(super) fn latest_accuser(&self, place: usize) -> Option<NodeId> {
        let latest = usize::from(self.places[place].accused).checked_sub(1)?;
        self.accuser(place, latest)
    }

    /// Somebody else says so, too: how it stands then, if that is news.
    pub(super) fn confirm(
        &mut self,
        place: usize,
        from: NodeId,
        now: Time,
        settings: &Settings,
    ) -> Option<Confirmed> {
        let it = self.places[place];
        let confirmed = usize::from(it.accused);
        let known = (0..confirmed).any(|number| self.accuser(place, number) == Some(from));
        if confirmed == 0 || known || it.is_full(settings) {
            return None;
        }
        self.put_accuser(place, confirmed, from);
        let changed = &mut self.places[place];
        changed.accused += 1;
        if it.deadline < Time::MAX {
            let length = |confirmed| it.length(confirmed, settings).as_nanos();
            let sooner = length(confirmed - 1).saturating_sub(length(confirmed));
            let due = Time::from_nanos(it.deadline.as_nanos().saturating_sub(sooner));
            changed.deadline = due.max(now).min(it.deadline);
        }
        Some(self.stands(place, settings))
    }

    /// Somebody says so of a later incarnation who counted before, or who counts no more: it is named as the latest, so that nobody says
    /// that another one has said that.
    pub(super) fn name_latest(&mut self, place: usize, from: NodeId) {
        let Some(latest) = usize::from(self.places[place].accused).checked_sub(1) else { return };
        let before = self.accuser(place, latest);
        let known = (0..latest).find(|number| self.accuser(place, *number) == Some(from));
        if let Some((known, before)) = known.zip(before) {
            self.put_accuser(place, known, before);
        }
        self.put_accuser(place, latest, from);
    }

    /// Reads one; what it comes to means nothing.
    #[inline]
    pub(super) fn touch(&self, place: usize) -> u64 {
        self.places[place].deadline.as_nanos() ^ u64::from(self.places[place].accused)
    }

    /// Ends one, if there is one; when it would have been due.
    pub(super) fn end(&mut self, place: usize) -> Time {
        let ended = std::mem::replace(&mut self.places[place], NONE);
        self.open -= u32::from(ended.accused > 0);
        ended.deadline
    }

    /// It stays, and never becomes a death; when it would have been due.
    pub(super) fn forget_deadline(&mut self, place: usize) -> Time {
        std::mem::replace(&mut self.places[place].deadline, Time::MAX)
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.open == 0
    }

    /// The earliest deadline.
    pub(super) fn earliest(&self) -> Time {
        self.places.iter().map(|it| it.deadline).min().unwrap_or(Time::MAX)
    }

    /// The places whose deadline that is.
    pub(super) fn due(&self, deadline: Time) -> impl Iterator<Item = usize> {
        (0..PAGE).filter(move |place| self.places[*place].deadline == deadline)
    }
}

#[cfg(test)]
mod tests {
    use super::super::parameters::Parameters;
    use super::*;

    fn at(seconds: u64) -> Time {
        Time::from_nanos(seconds * 1_000_000_000)
    }

    fn begun(members: u32, settings: &Settings) -> (Suspicions, Time) {
        let mut all = Suspicions::default();
        let due = all.begin(5, NodeId(1), at(0), (members, Scale::of(members)), settings).due;
        (all, due)
    }

    fn confirm(all: &mut Suspicions, from: u32, now: u64, settings: &Settings) -> Option<Time> {
        all.confirm(5, NodeId(from), at(now), settings).map(|confirmed| confirmed.due)
    }

    #[test]
    fn a_suspicion_is_long_alone_and_short_when_confirmed() {
        // Ten members on a local network: 4 s at least, 24 s at most, two confirmations.
        let settings = Settings::of(&Parameters::default());
        let (mut all, due) = begun(10, &settings);
        assert_eq!(due, at(24));
        assert_eq!(confirm(&mut all, 1, 1, &settings), None, "the first accuser confirms nothing");
        let between = confirm(&mut all, 2, 1, &settings).unwrap();
        assert!(at(10) < between && between < at(13), "{between}");
        assert_eq!(confirm(&mut all, 1, 1, &settings), None, "nor does it later");
        assert_eq!(confirm(&mut all, 3, 2, &settings), Some(at(4)));
        assert_eq!(all.earliest(), at(4));
        assert_eq!(confirm(&mut all, 4, 2, &settings), None, "two are enough");
    }

    #[test]
    fn a_confirmation_that_comes_late_ends_it_now() {
        let settings = Settings::of(&Parameters::default());
        let (mut all, _) = begun(10, &settings);
        let due = [2, 3].map(|from| confirm(&mut all, from, 20, &settings));
        assert_eq!(due, [Some(at(20)); 2]);
    }

    #[test]
    fn without_lifeguard_or_with_too_few_members_it_is_short_from_the_start() {
        let fixed = Settings { dynamic_suspicion: false, ..Settings::of(&Parameters::default()) };
        let lan = Settings::of(&Parameters::default());
        for (settings, members) in [(&fixed, 10), (&lan, 3)] {
            assert_eq!(begun(members, settings).1, at(4));
        }
    }

    #[test]
    fn what_ended_is_gone_and_what_is_forgotten_is_never_due() {
        let settings = Settings::of(&Parameters::default());
        let (mut all, due) = begun(10, &settings);
        assert_eq!(all.forget_deadline(5), due);
        assert_eq!(all.earliest(), Time::MAX);
        assert_eq!(confirm(&mut all, 2, 1, &settings), Some(Time::MAX));
        assert!(!all.is_empty());
        all.end(5);
        assert!(all.is_empty());
        assert_eq!(confirm(&mut all, 3, 1, &settings), None);
    }
}
