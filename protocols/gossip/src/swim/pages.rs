//! Where a member keeps what it knows about subjects: pages of places, in the order of the subjects' numbers.
//!
//! What decides whether news is news is one byte, so that most of what a message brings is settled by a few cache lines. A
//! suspicion takes 24 bytes more, and a death eight: a page has room for these only while, or from when on, one of its subjects
//! needs it. Subjects with numbers close to each other are mostly suspected and buried at about the same time.

use sim_core::identity::NodeId;
use sim_core::time::Time;

use super::rumor::Said;
use super::settings::{Scale, Settings};
use super::subjects::Subject;
use super::suspicion::{Confirmed, PAGE, Suspicions};

/// When a subject died, in ticks, and who said so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Grave {
    pub(super) at: u32,
    pub(super) from: NodeId,
}

/// A page's head: a cache line of what is held, and a line of where the rest is.
#[derive(Clone, Debug)]
#[repr(align(64))]
struct Page {
    said: [Said; PAGE],
    suspicions: Option<Box<Suspicions>>,
    graves: Option<Box<[Grave; PAGE]>>,
    /// All in their first incarnation if there are none.
    incarnations: Option<Box<[u32; PAGE]>>,
    /// The earliest deadline of its suspicions.
    earliest: Time,
}

const EMPTY: Page = Page {
    said: [Said::AS_BEFORE; PAGE],
    suspicions: None,
    graves: None,
    incarnations: None,
    earliest: Time::MAX,
};

/// All of a member's pages.
#[derive(Clone, Debug)]
pub(super) struct Pages {
    pages: Vec<Page>,
    /// The earliest deadline of all suspicions.
    earliest: Time,
    /// Of how many subjects something else is held than at genesis.
    used: u32,
}

impl Default for Pages {
    fn default() -> Self {
        Self { pages: Vec::new(), earliest: Time::MAX, used: 0 }
    }
}

/// The page of a subject, and its place there.
#[inline]
fn home(subject: Subject) -> (usize, usize) {
    (subject.index() / PAGE, subject.index() % PAGE)
}

impl Pages {
    /// What is held of a subject.
    #[inline]
    pub(super) fn said(&self, subject: Subject) -> Said {
        let (page, place) = home(subject);
        self.pages.get(page).map_or(Said::AS_BEFORE, |page| page.said[place])
    }

    /// In which incarnation.
    #[inline]
    pub(super) fn incarnation(&self, subject: Subject) -> u32 {
        let (page, place) = home(subject);
        let incarnations = self.pages.get(page).and_then(|page| page.incarnations.as_ref());
        incarnations.map_or(0, |incarnations| incarnations[place])
    }

    /// Who accused a suspect last.
    #[inline]
    pub(super) fn latest_accuser(&self, subject: Subject) -> Option<NodeId> {
        let (page, place) = home(subject);
        self.pages.get(page)?.suspicions.as_ref()?.latest_accuser(place)
    }

    /// The grave of somebody dead or gone.
    #[inline]
    pub(super) fn grave(&self, subject: Subject) -> Option<Grave> {
        let (page, place) = home(subject);
        Some(self.pages.get(page)?.graves.as_ref()?[place])
    }

    /// Reads all that a change of what is held of a subject would need; what it comes to means nothing.
    #[inline]
    pub(super) fn touch(&self, subject: Subject) -> u64 {
        let (page, place) = home(subject);
        let Some(page) = self.pages.get(page) else { return 0 };
        let grave = page.graves.as_ref().map_or(0, |graves| u64::from(graves[place].at));
        grave ^ page.suspicions.as_ref().map_or(0, |suspicions| suspicions.touch(place))
    }

    fn page(&mut self, page: usize) -> &mut Page {
        if page >= self.pages.len() {
            self.pages.reserve_exact(page + 1 - self.pages.len());
            self.pages.resize(page + 1, EMPTY);
        }
        &mut self.pages[page]
    }

    /// Something else is held of a subject from now on.
    pub(super) fn put(&mut self, subject: Subject, said: Said, incarnation: u32) {
        let (number, place) = home(subject);
        let page = self.page(number);
        let old = std::mem::replace(&mut page.said[place], said);
        if incarnation > 0 || page.incarnations.is_some() {
            page.incarnations.get_or_insert_with(|| Box::new([0; PAGE]))[place] = incarnation;
        }
        self.used = self.used + u32::from(said != Said::AS_BEFORE) - u32::from(old != Said::AS_BEFORE);
    }

    /// A subject is dead or gone.
    pub(super) fn bury(&mut self, subject: Subject, grave: Grave) {
        let (page, place) = home(subject);
        let nobody = Grave { at: 0, from: NodeId(0) };
        self.page(page).graves.get_or_insert_with(|| Box::new([nobody; PAGE]))[place] = grave;
    }

    /// Of how many subjects something else is held than at genesis.
    pub(super) fn len(&self) -> u32 {
        self.used
    }

    /// These subjects, in no order that means anything.
    pub(super) fn all(&self) -> impl Iterator<Item = Subject> {
        let pages = self.pages.iter().enumerate();
        pages.flat_map(|(number, page)| {
            let differs = |place: &usize| page.said[*place] != Said::AS_BEFORE;
            (0..PAGE).filter(differs).map(move |place| Subject((number * PAGE + place) as u32))
        })
    }

    /// A subject's suspicion begins among so many members; whether further accusers count.
    pub(super) fn suspect(
        &mut self,
        subject: Subject,
        from: NodeId,
        now: Time,
        size: (u32, Scale),
        settings: &Settings,
    ) -> Confirmed {
        let (page, place) = home(subject);
        let page = self.page(page);
        let begun = page.suspicions.get_or_insert_default().begin(place, from, now, size, settings);
        page.earliest = page.earliest.min(begun.due);
        self.earliest = self.earliest.min(begun.due);
        begun
    }

    /// Somebody else suspects the subject, too: how it stands then, if that is news.
    pub(super) fn confirm(
        &mut self,
        subject: Subject,
        from: NodeId,
        now: Time,
        settings: &Settings,
    ) -> Option<Confirmed> {
        let (page, place) = home(subject);
        let page = self.pages.get_mut(page)?;
        let confirmed = page.suspicions.as_mut()?.confirm(place, from, now, settings)?;
        page.earliest = page.earliest.min(confirmed.due);
        self.earliest = self.earliest.min(confirmed.due);
        Some(confirmed)
    }

    /// Who says of a later incarnation that a subject is suspected, if that does not count.
    pub(super) fn name_latest(&mut self, subject: Subject, from: NodeId) {
        let (page, place) = home(subject);
        if let Some(suspicions) = self.pages.get_mut(page).and_then(|page| page.suspicions.as_mut()) {
            suspicions.name_latest(place, from);
        }
    }

    /// A subject is suspected no more, if it was.
    pub(super) fn clear(&mut self, subject: Subject) {
        let (number, place) = home(subject);
        let Some(page) = self.pages.get_mut(number) else { return };
        let Some(suspicions) = &mut page.suspicions else { return };
        let due = suspicions.end(place);
        if suspicions.is_empty() {
            page.suspicions = None;
        }
        self.was_due(number, due);
    }

    /// A deadline of a page is gone.
    fn was_due(&mut self, number: usize, due: Time) {
        let page = &mut self.pages[number];
        if due > page.earliest || due == Time::MAX {
            return;
        }
        page.earliest = page.suspicions.as_ref().map_or(Time::MAX, |suspicions| suspicions.earliest());
        if due == self.earliest && page.earliest > due {
            self.earliest = self.pages.iter().map(|page| page.earliest).min().unwrap_or(Time::MAX);
        }
    }

    /// Nothing is due before this.
    #[inline]
    pub(super) fn earliest(&self) -> Time {
        self.earliest
    }

    /// The subject that is due first, of several the one with the lowest number of a member.
    pub(super) fn first_due(&self, node: impl Fn(Subject) -> NodeId) -> Option<Subject> {
        let mut first = None;
        for (number, page) in self.pages.iter().enumerate() {
            if page.earliest > self.earliest || page.earliest == Time::MAX {
                continue;
            }
            for place in page.suspicions.iter().flat_map(|suspicions| suspicions.due(self.earliest)) {
                let subject = Subject((number * PAGE + place) as u32);
                if first.is_none_or(|first| node(subject) < node(first)) {
                    first = Some(subject);
                }
            }
        }
        first
    }

    /// Plant of the tests: what is due never comes.
    pub(super) fn forget_deadlines(&mut self, now: Time) {
        while self.earliest <= now {
            let Some(subject) = self.first_due(|subject| NodeId(subject.0)) else { return };
            let (number, place) = home(subject);
            if let Some(suspicions) = &mut self.pages[number].suspicions {
                let due = suspicions.forget_deadline(place);
                self.was_due(number, due);
            }
        }
    }
}
