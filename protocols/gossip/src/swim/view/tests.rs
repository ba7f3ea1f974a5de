use sim_core::ordered::OrderedMap;
use sim_core::random::mix64;
use sim_core::time::Duration;

use super::super::parameters::Parameters;
use super::*;

const STATUSES: [Status; 5] = [Status::Unknown, Status::Alive, Status::Suspect, Status::Dead, Status::Left];

/// Counts and hashes from scratch.
fn recount(view: &View) -> (u32, u32, u64, u64) {
    let all = || (0..view.domain).map(NodeId).map(|node| (node, view.get(node)));
    let count = |of: &dyn Fn(Status) -> bool| all().filter(|(_, known)| of(known.status)).count() as u32;
    let whole = all().fold(0, |sum: u64, (node, known)| sum.wrapping_add(whole_of(node, known.state())));
    let living = all().filter(|(_, known)| lives(known.status));
    let living = living.fold(0, |sum: u64, (node, _)| sum.wrapping_add(living_of(node)));
    (count(&lives), count(&|status| status == Status::Dead), whole, living)
}

#[test]
fn counts_and_hashes_follow_every_change() {
    let base = Arc::new(Base::new(20));
    for based in [false, true] {
        let mut view = View::new(Arc::clone(&base), Subjects::default(), based);
        for step in 0..2_000_u64 {
            let word = mix64(step);
            let status = STATUSES[(word >> 8) as usize % 5];
            let incarnation = if status == Status::Unknown { 0 } else { (word >> 16) as u32 % 4 };
            view.write(NodeId((word % 30) as u32), status, incarnation);
            if step == 1_000 {
                view.take_base();
            }
            assert_eq!((view.alive, view.dead, view.whole, view.living), recount(&view), "{step}");
        }
    }
}

#[test]
fn equal_views_have_equal_hashes_however_they_came_about() {
    let base = Arc::new(Base::new(8));
    let (mut warm, mut cold) = (
        View::new(Arc::clone(&base), Subjects::default(), true),
        View::new(Arc::clone(&base), Subjects::default(), false),
    );
    assert_ne!(warm.whole(), cold.whole());
    cold.set(NodeId(3), Status::Alive, 2);
    cold.take_base();
    warm.write(NodeId(3), Status::Dead, 1);
    assert_ne!(warm.living(), cold.living());
    warm.set(NodeId(3), Status::Alive, 2);
    assert_eq!((warm.whole(), warm.living(), warm.alive()), (cold.whole(), cold.living(), cold.alive()));
    assert_eq!(warm.listed(), cold.listed());
}

#[test]
fn a_calm_cluster_takes_no_memory() {
    let view = View::new(Arc::new(Base::new(100_000)), Subjects::default(), true);
    assert_eq!((view.alive(), view.listed().len(), view.domain()), (100_000, 0, 100_000));
}

/// What is held of one member, with all that it came from.
#[derive(Clone, Debug, Default)]
struct Opinion {
    held: Option<Update>,
    accusers: Vec<NodeId>,
    members: u32,
    deadline: Time,
    since: Time,
}

/// A view as a map that is searched.
#[derive(Clone, Debug, Default)]
struct Plain(OrderedMap<NodeId, Opinion>);

/// All members that a view of the test may be about: those of genesis, and some that come later.
const NODES: u32 = 90;
const GENESIS: u32 = 70;

impl Plain {
    fn of(&self, node: NodeId) -> Update {
        let status = if node.0 < GENESIS { Status::Alive } else { Status::Unknown };
        let before = Update { node, status, incarnation: 0, from: node };
        self.0.get(&node).and_then(|opinion| opinion.held).unwrap_or(before)
    }

    fn put(&mut self, update: Update) {
        self.0.insert(update.node, Opinion { held: Some(update), ..Opinion::default() });
    }

    fn suspect(&mut self, update: Update, now: Time, members: u32, settings: &Settings) {
        let shortens = settings.confirmations(members) > 0;
        let length =
            if shortens { settings.longest_suspicion(members) } else { settings.suspicion_timeout(members) };
        let deadline = now + length;
        let accusers = vec![update.from];
        self.0.insert(update.node, Opinion { held: Some(update), accusers, members, deadline, since: now });
    }

    /// As memberlist does: what is left is counted from the beginning.
    fn confirm(&mut self, update: Update, now: Time, settings: &Settings) -> bool {
        let Some(opinion) = self.0.get_mut(&update.node) else { return false };
        let Some(held) = &mut opinion.held else { return false };
        let later = update.incarnation > held.incarnation;
        held.incarnation = held.incarnation.max(update.incarnation);
        let wanted = settings.confirmations(opinion.members) as usize;
        let known = opinion.accusers.contains(&update.from);
        if known || opinion.accusers.len() > wanted.min(5) {
            // What is passed on names who said it.
            if later {
                held.from = update.from;
                opinion
                    .accusers
                    .last_mut()
                    .filter(|_| !known)
                    .into_iter()
                    .for_each(|last| *last = update.from);
            }
            return later;
        }
        held.from = update.from;
        let (least, most) =
            (settings.suspicion_timeout(opinion.members), settings.longest_suspicion(opinion.members));
        let ln = |number: usize| sim_core::math::ln(number as f64 + 1.0);
        let share = ln(opinion.accusers.len()) / ln(wanted);
        let seconds = most.as_secs_f64() - share * (most.as_secs_f64() - least.as_secs_f64());
        let length = Duration::from_millis((seconds * 1_000.0).floor() as u64).max(least);
        opinion.accusers.push(update.from);
        opinion.deadline = opinion.deadline.min(now.max(opinion.since + length));
        true
    }

    fn next_due(&self) -> Option<(Time, NodeId)> {
        let suspects = self.0.iter().filter(|(_, it)| !it.accusers.is_empty());
        suspects.map(|(node, opinion)| (opinion.deadline, *node)).min()
    }
}

/// Does what a word says to a view and to the map; whether it was anything.
fn change(view: &mut View, plain: &mut Plain, word: u64, now: Time, settings: &Settings) {
    let (node, from) = (NodeId((word % u64::from(NODES)) as u32), NodeId((word >> 8) as u32 % 7));
    let held = plain.of(node);
    let later = held.incarnation + u32::from(word >> 16 & 15 == 0 && held.incarnation < 3);
    let told = |status| Update { node, status, incarnation: later, from };
    match (held.status, word >> 24 & 7) {
        (Status::Alive, 0..=4) => {
            let (update, members) = (told(Status::Suspect), view.alive());
            view.suspect(node, later, from, now, settings);
            plain.suspect(update, now, members, settings);
        }
        (Status::Suspect, 0..=4) => {
            let update = told(Status::Suspect);
            let news = view.confirm(view.get(node), &update, now, settings);
            assert_eq!(news, plain.confirm(update, now, settings), "{update:?}");
        }
        (Status::Alive | Status::Suspect, 5) => {
            let update = told(if word >> 32 & 7 == 0 { Status::Left } else { Status::Dead });
            view.bury(&update, now);
            plain.put(update);
        }
        (Status::Dead | Status::Left, 6) => {
            view.set(node, Status::Unknown, 0);
            plain.put(Update { status: Status::Unknown, incarnation: 0, ..held });
        }
        (Status::Unknown | Status::Suspect | Status::Dead, 7) => {
            let incarnation = (held.incarnation + 1).min(3);
            view.set(node, Status::Alive, incarnation);
            plain.put(Update { node, status: Status::Alive, incarnation, from: node });
        }
        _ => {}
    }
}

/// Everything that can be asked about every member.
fn compare(view: &View, plain: &Plain, told: &[(Rumor, Update)]) {
    for node in (0..NODES).map(NodeId) {
        let (known, held) = (view.get(node), plain.of(node));
        assert_eq!((known.status, known.incarnation), (held.status, held.incarnation), "{node}");
        let accuser = (held.status == Status::Suspect).then_some(held.from);
        assert_eq!(view.latest_accuser(known), accuser, "{node}");
        let to_tell = Some(held).filter(|held| held.status != Status::Unknown);
        assert_eq!(view.told(view.rumor(node)), to_tell, "{node}");
    }
    assert_eq!(view.next_due(), plain.next_due());
    assert_eq!(view.earliest(), plain.next_due().map_or(Time::MAX, |due| due.0));
    for (rumor, update) in told {
        let still = plain.of(update.node) == *update;
        assert_eq!(view.told(*rumor), still.then_some(*update), "{update:?}");
    }
}

/// What is old changes nothing in the map.
fn compare_old(view: &View, plain: &Plain, word: u64, now: Time, settings: &Settings) {
    let node = NodeId((word % u64::from(NODES)) as u32);
    let status = STATUSES[(word >> 8) as usize % 5];
    let update =
        Update { node, status, incarnation: (word >> 16) as u32 % 3, from: NodeId((word >> 24) as u32 % 7) };
    let held = plain.of(node);
    if view.is_old(view.warm(&[update])[0], &update) {
        let gone = matches!(held.status, Status::Dead | Status::Left);
        assert!(gone && status != Status::Alive || held.status == status, "{update:?} after {held:?}");
        if held.status == Status::Suspect {
            let mut after = plain.clone();
            assert!(
                !after.confirm(update, now, settings) && after.of(node) == held,
                "{update:?} after {held:?}"
            );
        }
    }
}

/// Several members share a numbering, and each must hold what it would hold alone.
#[test]
fn views_hold_what_maps_would_whoever_else_numbers_subjects() {
    for (seed, suspicion_mult) in [(1_u64, 4), (2, 6), (3, 9), (4, 2)] {
        let own = super::super::preset::Setting::Own(suspicion_mult);
        let settings = Settings::of(&Parameters { suspicion_mult: own, ..Parameters::default() });
        let (base, subjects) = (Arc::new(Base::new(GENESIS)), Subjects::default());
        let mut views: Vec<_> = (0..3)
            .map(|_| (View::new(Arc::clone(&base), subjects.clone(), true), Plain::default(), Vec::new()))
            .collect();
        for step in 0..6_000_u64 {
            let word = mix64(seed << 32 | step);
            let now = Time::ZERO + Duration::from_millis(step * 7);
            let (view, plain, told) = &mut views[(word >> 48) as usize % 3];
            change(view, plain, word, now, &settings);
            let update = plain.of(NodeId((word % u64::from(NODES)) as u32));
            if update.status != Status::Unknown && update.incarnation < 3 {
                told.push((view.rumor(update.node), update));
                told.drain(..told.len().saturating_sub(12));
            }
            compare_old(view, plain, mix64(word), now, &settings);
            if step.is_multiple_of(17) {
                views.iter().for_each(|(view, plain, told)| compare(view, plain, told));
            }
        }
    }
}

#[test]
fn a_suspicion_whose_deadline_is_forgotten_is_never_due() {
    let settings = Settings::of(&Parameters::default());
    let mut view = View::new(Arc::new(Base::new(GENESIS)), Subjects::default(), true);
    view.suspect(NodeId(3), 0, NodeId(4), Time::ZERO, &settings);
    let (due, node) = view.next_due().unwrap();
    view.forget_deadlines(due);
    assert_eq!((node, view.next_due(), view.earliest()), (NodeId(3), None, Time::MAX));
    assert_eq!(view.latest_accuser(view.get(node)), Some(NodeId(4)));
}

/// The byte of what is held wraps with the incarnation: a rumor of an earlier one is not told again for that.
#[test]
fn a_rumor_is_told_of_its_own_incarnation_only() {
    let settings = Settings::of(&Parameters::default());
    let mut view = View::new(Arc::new(Base::new(20)), Subjects::default(), true);
    let (node, from) = (NodeId(3), NodeId(4));
    view.suspect(node, 0, from, Time::ZERO, &settings);
    let rumor = view.rumor(node);
    assert!(view.told(rumor).is_some());
    for incarnation in 1..=8 {
        view.set(node, Status::Alive, incarnation);
        view.suspect(node, incarnation, from, Time::ZERO, &settings);
        assert_eq!(view.told(rumor), None, "incarnation {incarnation}");
    }
    assert!(view.told(view.rumor(node)).is_some());
}
