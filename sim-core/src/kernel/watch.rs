//! What is counted while a run goes on: kinds of observations, roles, stop rules.

use super::Kernel;
use crate::ground::Status;
use crate::identity::Slot;
use crate::outcome::Ended;
use crate::process::{Role, Summary};
use crate::setup::{Amount, Setup, Stop};
use crate::time::Time;

/// How often a kind of observation was made, first and last.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct KindCount {
    pub(crate) count: u64,
    pub(crate) first: Option<Time>,
    pub(crate) last: Option<Time>,
}

/// Everything that is counted while a run goes on.
#[derive(Debug)]
pub(crate) struct Watch {
    pub(crate) kinds: Vec<KindCount>,
    stop_kinds: Vec<(u8, u64)>,
    by_member: Vec<ByMember>,
    stop_returns: Option<u64>,
    stop_role: Option<String>,
    stop_at_violation: bool,
    in_role: Vec<bool>,
    in_role_count: u64,
    /// Members that are up.
    pub(crate) running: u64,
    pub(crate) faults_queued: Option<Time>,
    pub(crate) arrival_queued: Option<Time>,
    wiped: Vec<Slot>,
    departed: Vec<Slot>,
}

/// At how many of the members of the beginning a kind was observed.
#[derive(Debug)]
struct ByMember {
    kind: u8,
    /// The run ends at so many; never, if they are counted only.
    stops_at: Option<u64>,
    seen: Vec<bool>,
    count: u64,
}

impl ByMember {
    fn new(kind: u8, members: u32) -> Self {
        Self { kind, stops_at: None, seen: vec![false; members as usize], count: 0 }
    }
}

/// The number of a kind.
fn number(kinds: &[&str], kind: &str) -> Option<u8> {
    u8::try_from(kinds.iter().position(|name| *name == kind)?).ok()
}

impl Watch {
    pub(crate) fn new(setup: &Setup, kinds: &'static [&'static str], slots: usize) -> Self {
        let mut watch = Self {
            kinds: vec![KindCount::default(); kinds.len()],
            stop_kinds: Vec::new(),
            by_member: Vec::new(),
            stop_returns: None,
            stop_role: None,
            stop_at_violation: false,
            in_role: Vec::new(),
            in_role_count: 0,
            running: 0,
            faults_queued: None,
            arrival_queued: None,
            wiped: Vec::new(),
            departed: Vec::new(),
        };
        for stop in &setup.stop {
            match stop {
                Stop::Observed { kind, count } => match (number(kinds, kind), *count) {
                    (Some(kind), Amount::Times(count)) => watch.stop_kinds.push((kind, count)),
                    (Some(kind), share) => {
                        let stops_at = share.of_members(setup.members);
                        watch.by_member.push(ByMember { stops_at, ..ByMember::new(kind, setup.members) });
                    }
                    (None, _) => {}
                },
                Stop::Returned(count) => watch.stop_returns = Some(*count),
                Stop::AllInRole(role) => {
                    watch.stop_role = Some(role.clone());
                    watch.in_role = vec![false; slots];
                }
                Stop::Violation => watch.stop_at_violation = true,
            }
        }
        for (name, least) in &setup.at_least {
            let kind = name.strip_prefix("observed.").and_then(|kind| number(kinds, kind));
            if let (Some(kind), Amount::Members(_)) = (kind, least) {
                watch.by_member.push(ByMember::new(kind, setup.members));
            }
        }
        watch
    }

    /// At how many members a counter's kind was observed; none if nobody asked for that.
    pub(crate) fn members_with(&self, counter: &str, kinds: &[&str]) -> Option<u64> {
        let kind = number(kinds, counter.strip_prefix("observed.")?)?;
        self.by_member.iter().find(|one| one.kind == kind).map(|one| one.count)
    }

    pub(crate) fn add_slot(&mut self) {
        if self.stop_role.is_some() {
            self.in_role.push(false);
        }
    }

    #[inline]
    fn count(&mut self, kind: u8, slot: Slot, now: Time) -> bool {
        let entry = &mut self.kinds[usize::from(kind)];
        entry.count += 1;
        entry.first.get_or_insert(now);
        entry.last = Some(now);
        let count = entry.count;
        let often = self.stop_kinds.iter().any(|(stop, least)| *stop == kind && count >= *least);
        if self.by_member.is_empty() { often } else { self.count_member(kind, slot) || often }
    }

    /// Whether enough members have observed it now for some rule.
    fn count_member(&mut self, kind: u8, slot: Slot) -> bool {
        let mut stops = false;
        for one in self.by_member.iter_mut().filter(|one| one.kind == kind) {
            if let Some(seen @ false) = one.seen.get_mut(slot.index()) {
                *seen = true;
                one.count += 1;
            }
            stops |= one.stops_at.is_some_and(|least| one.count >= least);
        }
        stops
    }

    fn enter_role(&mut self, slot: Slot, role: &str) {
        let Some(wanted) = &self.stop_role else { return };
        let is = wanted == role;
        let was = std::mem::replace(&mut self.in_role[slot.index()], is);
        match (was, is) {
            (false, true) => self.in_role_count += 1,
            (true, false) => self.in_role_count -= 1,
            _ => {}
        }
    }

    pub(crate) fn left_role(&mut self, slot: Slot) {
        if self.stop_role.is_some() && std::mem::replace(&mut self.in_role[slot.index()], false) {
            self.in_role_count -= 1;
        }
    }

    pub(crate) fn wiped(&mut self, slot: Slot) {
        if !self.wiped.contains(&slot) {
            self.wiped.push(slot);
        }
    }

    pub(crate) fn take_wiped(&mut self, slot: Slot) -> bool {
        let place = self.wiped.iter().position(|wiped| *wiped == slot);
        place.map(|place| self.wiped.swap_remove(place)).is_some()
    }

    pub(crate) fn depart(&mut self, slot: Slot) {
        self.departed.push(slot);
    }

    pub(crate) fn departed(&self, slot: Slot) -> bool {
        self.departed.contains(&slot)
    }
}

impl Kernel {
    /// Counts an observation; the run ends if a stop rule has waited for it.
    #[inline]
    pub(crate) fn count_observation(&mut self, kind: u8, slot: Slot) {
        if self.watch.count(kind, slot, self.now) {
            self.ended = Some(Ended::StopRule);
        }
    }

    #[inline]
    pub(crate) fn take_status(&mut self, slot: Slot, summary: &Summary) {
        if summary.role.is_none() && summary.rank.is_none() && summary.position.is_none() {
            return;
        }
        let place = &mut self.ground.places[slot.index()];
        let before = place.status;
        place.status = Status {
            role: summary.role.or(before.role),
            rank: summary.rank.or(before.rank),
            position: summary.position.or(before.position),
        };
        let status = place.status;
        if place.role != Role::Member || summary.role.is_none() && summary.rank.is_none() {
            return;
        }
        let role = status.role.unwrap_or("running");
        self.painter.enter(slot, self.now, role, status.rank);
        if summary.role.is_some() {
            self.watch.enter_role(slot, role);
            self.watch_roles();
        }
    }

    pub(crate) fn watch_roles(&mut self) {
        let watch = &self.watch;
        if watch.stop_role.is_some() && watch.running > 0 && watch.in_role_count >= watch.running {
            self.ended = Some(Ended::StopRule);
        }
    }

    pub(crate) fn watch_returns(&mut self) {
        if self.watch.stop_returns.is_some_and(|count| self.clients.returned >= count) {
            self.ended = Some(Ended::StopRule);
        }
    }

    /// After checks ran: stops if the scenario wants that.
    #[inline]
    pub(crate) fn found_something(&mut self) {
        if self.watch.stop_at_violation && self.findings.any() {
            self.ended = Some(Ended::StopRule);
        }
    }
}
