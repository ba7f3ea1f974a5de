//! What the environment did to the healed core: what was late, until when, and what was worst.

use super::Shares;
use crate::identity::Slot;
use crate::process::Lane;
use crate::time::{Duration, Time};

/// What kept a window from being timely.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Culprit {
    /// A message was long under way.
    Way(Slot, Slot),
    /// A message was long on its sender's line.
    Line(Slot, Slot),
    /// A line whose queue has too little room dropped a message.
    Room(Slot, Slot),
    /// An inbox that has too little room dropped a message.
    Inbox(Slot),
    /// A message, or its signatures, kept a server long.
    Server(Slot),
    /// A sync was long.
    Disk(Slot),
    /// Syncs from before the heal kept a disk busy.
    Writing(Slot),
    /// What a server took up before the heal kept it busy.
    Serving(Slot),
    /// What was sent before the heal was still on its way.
    Backlog(Slot, Slot),
    /// A timer that was set before the heal waits for a clock that went back.
    Clock(Slot),
    /// A timer fires long after it should.
    Timer(Slot),
}

/// The worst that happened, measured by its share.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Worst {
    pub(crate) culprit: Culprit,
    pub(crate) took: Duration,
    pub(crate) share: Duration,
}

/// The ledger of the second phase.
#[derive(Clone, Debug)]
pub(crate) struct Ledger {
    /// Whether anything is noted: in the second phase.
    pub(crate) on: bool,
    /// When the core was healed.
    pub(crate) since: Time,
    /// Whether only what the core says counts: everything else is dropped.
    pub(crate) alone: bool,
    inside: Vec<bool>,
    shares: Shares,
    late: bool,
    late_until: Time,
    /// The worst that came late from before the heal, and when something did last.
    backlog: Option<(Worst, Time)>,
    pub(crate) worst: Option<Worst>,
}

impl Ledger {
    /// For the first phase, in which nothing is noted.
    pub(crate) fn closed() -> Self {
        Self {
            on: false,
            since: Time::ZERO,
            alone: false,
            inside: Vec::new(),
            shares: Shares::of(Duration::ZERO),
            late: false,
            late_until: Time::ZERO,
            backlog: None,
            worst: None,
        }
    }

    /// From now on the ways between these slots are watched, and their disks and servers.
    pub(crate) fn open(&mut self, now: Time, shares: Shares, inside: Vec<bool>) {
        *self = Self { on: true, since: now, late_until: now, inside, shares, ..Self::closed() };
    }

    #[inline]
    pub(crate) fn is_inside(&self, slot: Slot) -> bool {
        self.inside.get(slot.index()).copied().unwrap_or(false)
    }

    fn note(&mut self, culprit: Culprit, took: Duration, share: Duration, until: Time) {
        self.late = true;
        self.late_until = self.late_until.max(until);
        let worst = Worst { culprit, took, share };
        if self.worst.is_none_or(|before| worst.is_worse(&before)) {
            self.worst = Some(worst);
        }
    }

    fn inside_both(&self, from: Slot, to: Slot) -> bool {
        from != to && self.is_inside(from) && self.is_inside(to)
    }

    /// A message was sent: it arrives at `at`, waits on a line behind others for `queued` of that time, and takes `line`
    /// to leave.
    pub(crate) fn sent(
        &mut self,
        (from, to): (Slot, Slot),
        now: Time,
        at: Time,
        (queued, line): (Duration, Duration),
    ) {
        if !self.inside_both(from, to) {
            return;
        }
        let way = at.since(now.saturating_add(queued).saturating_add(line));
        if line > self.shares.serve {
            self.note(Culprit::Line(from, to), line, self.shares.serve, at);
        }
        if way > self.shares.way {
            self.note(Culprit::Way(from, to), way, self.shares.way, at);
        }
    }

    /// A line dropped a message, whose queue has room for this much.
    pub(crate) fn dropped(&mut self, (from, to): (Slot, Slot), now: Time, room: u64) {
        if room < self.shares.queue_bytes && self.inside_both(from, to) {
            self.note(Culprit::Room(from, to), Duration::ZERO, Duration::ZERO, now);
        }
    }

    /// An inbox dropped a message, which has room for so many.
    pub(crate) fn shed(&mut self, (from, to): (Slot, Slot), now: Time, room: u32) {
        if room < self.shares.inbox && self.inside_both(from, to) {
            self.note(Culprit::Inbox(to), Duration::ZERO, Duration::ZERO, now);
        }
    }

    /// A message is handed to its process; only those that were sent before the heal matter.
    #[inline]
    pub(crate) fn delivered(&mut self, (from, to): (Slot, Slot), sent: Time, now: Time) {
        if sent < self.since && self.is_inside(to) {
            self.delivered_old(from, to, sent, now);
        }
    }

    #[cold]
    fn delivered_old(&mut self, from: Slot, to: Slot, sent: Time, now: Time) {
        let share = self.shares.way;
        if now.since(self.since) <= share {
            return;
        }
        let worst = Worst { culprit: Culprit::Backlog(from, to), took: now.since(sent), share };
        let before = self.backlog.map(|(before, _)| before).filter(|before| !worst.is_worse(before));
        self.backlog = Some((before.unwrap_or(worst), now));
        self.note(worst.culprit, worst.took, share, now);
    }

    /// Whether a message is dropped because the core is left alone: what comes from outside, and datagrams from before
    /// the heal. A stream inside keeps what it has.
    #[inline]
    pub(crate) fn drops(&self, from: Slot, to: Slot, lane: Lane, sent: Time) -> bool {
        self.alone
            && self.is_inside(to)
            && (!self.is_inside(from) || lane == Lane::Datagram && sent < self.since)
    }

    /// A sync was asked for, which the disk needs so long for and which ends at `at`.
    pub(crate) fn sync(&mut self, slot: Slot, takes: Duration, at: Time) {
        if takes > self.shares.sync && self.is_inside(slot) {
            self.note(Culprit::Disk(slot), takes, self.shares.sync, at);
        }
    }

    /// A server takes something up, which keeps it so long.
    pub(crate) fn serve(&mut self, slot: Slot, takes: Duration, now: Time) {
        if takes > self.shares.serve && self.is_inside(slot) {
            self.note(Culprit::Server(slot), takes, self.shares.serve, now.saturating_add(takes));
        }
    }

    /// A timer was set, which fires so late, at `at`.
    pub(crate) fn timer(&mut self, slot: Slot, late: Duration, at: Time) {
        if late > self.shares.way && self.is_inside(slot) {
            self.note(Culprit::Timer(slot), late, self.shares.way, at);
        }
    }

    /// Something from before the heal lasts until then.
    pub(crate) fn left(&mut self, culprit: Culprit, now: Time, until: Time) {
        let share = self.shares.way;
        let took = until.since(now);
        if took > share {
            self.note(culprit, took, share, until);
        }
    }

    /// A window that began at `begun` ends now: whether it was timely.
    pub(crate) fn close(&mut self, begun: Time) -> bool {
        let timely = !self.late && self.late_until <= begun;
        self.late = false;
        timely
    }

    /// The worst that came late from before the heal, if something still did after `since`.
    pub(crate) fn backlog(&self, since: Time) -> Option<Worst> {
        self.backlog.filter(|(_, last)| *last > since).map(|(worst, _)| worst)
    }

    /// Until when something that is known already is late.
    pub(crate) fn late_until(&self) -> Time {
        self.late_until
    }

    /// The core is left alone from now on. What was worst so far no longer counts, but what is late inside the core stays
    /// late: it is still under way.
    pub(crate) fn leave_alone(&mut self) {
        self.alone = true;
        (self.worst, self.backlog) = (None, None);
    }
}

impl Worst {
    /// How many shares it took decides.
    fn is_worse(&self, other: &Self) -> bool {
        let shares = |worst: &Self| {
            (u128::from(worst.took.as_nanos()) << 32) / u128::from(worst.share.as_nanos().max(1))
        };
        shares(self) > shares(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn at(millis: u64) -> Time {
        Time::ZERO + ms(millis)
    }

    const INSIDE: (Slot, Slot) = (Slot(0), Slot(1));
    const NONE: (Duration, Duration) = (Duration::ZERO, Duration::ZERO);

    /// Healed at 1 s; n1 and n2 are inside; the shares are 10 ms, of a server and a line 1 ms.
    fn ledger() -> Ledger {
        let mut ledger = Ledger::closed();
        let shares = Shares { way: ms(10), sync: ms(10), serve: ms(1), queue_bytes: 100, inbox: 5 };
        ledger.open(at(1_000), shares, vec![true, true, false]);
        ledger
    }

    #[test]
    fn what_takes_no_more_than_its_share_is_timely() {
        let mut ledger = ledger();
        ledger.sent(INSIDE, at(1_000), at(1_010), NONE);
        ledger.sync(Slot(0), ms(10), at(1_500));
        ledger.serve(Slot(0), ms(1), at(1_000));
        ledger.timer(Slot(0), ms(10), at(1_500));
        ledger.dropped(INSIDE, at(1_000), 100);
        ledger.shed(INSIDE, at(1_000), 5);
        assert!(ledger.close(at(1_000)) && ledger.worst.is_none());
    }

    #[test]
    fn a_queue_that_the_protocol_fills_is_no_excuse() {
        let mut ledger = ledger();
        ledger.sent(INSIDE, at(1_000), at(9_000), (ms(7_990), ms(1)));
        assert!(ledger.close(at(1_000)));
        ledger.sent(INSIDE, at(1_000), at(1_012), (ms(1), ms(2)));
        assert!(!ledger.close(at(1_000)), "a line that takes long for one message is one");
    }

    #[test]
    fn a_window_is_late_as_long_as_something_is() {
        for late in [
            |ledger: &mut Ledger| ledger.sent(INSIDE, at(1_000), at(1_250), NONE),
            |ledger: &mut Ledger| ledger.sync(Slot(1), ms(11), at(1_250)),
            |ledger: &mut Ledger| ledger.serve(Slot(1), ms(250), at(1_000)),
            |ledger: &mut Ledger| ledger.timer(Slot(1), ms(11), at(1_250)),
            |ledger: &mut Ledger| ledger.left(Culprit::Clock(Slot(0)), at(1_000), at(1_250)),
        ] {
            let mut ledger = ledger();
            late(&mut ledger);
            let windows = [1_000, 1_100, 1_200, 1_300].map(|begun| ledger.close(at(begun)));
            assert_eq!(windows, [false, false, false, true]);
        }
    }

    #[test]
    fn only_the_core_and_its_clients_count() {
        let mut ledger = ledger();
        ledger.sent((Slot(2), Slot(1)), at(1_000), at(5_000), NONE);
        ledger.sent((Slot(0), Slot(2)), at(1_000), at(5_000), NONE);
        ledger.sent((Slot(0), Slot(0)), at(1_000), at(5_000), NONE);
        ledger.sync(Slot(2), ms(99), at(5_000));
        ledger.serve(Slot(9), ms(99), at(1_000));
        ledger.timer(Slot(2), ms(99), at(5_000));
        assert!(ledger.close(at(1_000)));
    }

    #[test]
    fn what_was_sent_before_the_heal_spoils_the_window_in_which_it_comes() {
        let mut ledger = ledger();
        let outside = (Slot(2), Slot(1));
        ledger.delivered(outside, at(999), at(1_010));
        ledger.delivered(outside, at(1_001), at(1_900));
        assert!(ledger.close(at(1_000)), "it came soon, or was sent since");
        ledger.delivered(outside, at(900), at(1_150));
        assert!(!ledger.close(at(1_100)));
        assert_eq!(ledger.backlog(at(1_149)).unwrap().took, ms(250));
        assert!(ledger.backlog(at(1_150)).is_none(), "that was the last");
    }

    #[test]
    fn the_worst_is_measured_by_its_share() {
        let mut ledger = ledger();
        ledger.serve(Slot(1), ms(20), at(1_000));
        ledger.sync(Slot(0), ms(100), at(1_100));
        assert_eq!(ledger.worst.unwrap().culprit, Culprit::Server(Slot(1)));
    }

    #[test]
    fn what_is_late_inside_stays_late_when_the_core_is_left_alone() {
        let mut ledger = ledger();
        ledger.sent(INSIDE, at(1_000), at(1_250), NONE);
        assert!(!ledger.close(at(1_000)));
        ledger.leave_alone();
        assert!(ledger.alone && ledger.worst.is_none());
        let windows = [1_100, 1_200, 1_300].map(|begun| ledger.close(at(begun)));
        assert_eq!(windows, [false, false, true]);
    }

    #[test]
    fn a_core_that_is_left_alone_hears_nothing_else() {
        let mut ledger = ledger();
        let drops = |ledger: &Ledger, from, lane, sent| ledger.drops(Slot(from), Slot(1), lane, at(sent));
        assert!(!drops(&ledger, 2, Lane::Datagram, 900));
        ledger.alone = true;
        assert!(drops(&ledger, 2, Lane::Stream, 2_000));
        assert!(drops(&ledger, 0, Lane::Datagram, 900));
        assert!(!drops(&ledger, 0, Lane::Stream, 900) && !drops(&ledger, 0, Lane::Datagram, 1_000));
    }
}
