//! Faults and deeds in words that need no other key: `cut n1 and n3 from n2, n4 and n5`.

use super::action::{Action, ClockChange, Degradation, DiskFault, Reach};
use super::selector::Selector;
use super::spec::{ClockFault, Crash, Direction, Fault, Harm, LinkEnds, LinkFault, Partition, Shape};
use crate::distribution::Distribution;
use crate::ground::Ground;
use crate::identity::{NodeId, Slot};
use crate::process::Role;
use crate::ratio::Ratio;
use crate::time::Duration;

/// More names than these nobody reads; the rest is counted.
const MOST_NAMES: usize = 8;

/// A fault with nothing left to draw, in words, as `crash n3`. Faults that are made of others are told part by part.
pub(super) fn fault(fault: &Fault, ground: &Ground) -> String {
    let of = |target: &Selector| who(target, ground);
    match fault {
        Fault::Partition(cut) => partition(cut, ground),
        Fault::Flap(flap) => {
            let cut = isolation(&of(&flap.target), flap.direction);
            format!("{cut}, again and again, every {}", rough(flap.period))
        }
        Fault::Round(it) => {
            let sides: Vec<Vec<Slot>> = it.sides.iter().map(|side| listed_slots(side, ground)).collect();
            let cut = (!sides.is_empty()).then(|| apart(&with_rest(sides, ground), ground));
            round(it.number, it.leader.map(|leader| NodeId(leader.0)), cut, &it.drop)
        }
        Fault::Links(links) => worse_links(links, ground),
        Fault::Crash(Crash { target, version: Some(version), .. }) => {
            format!("stop {} to run {version}", of(target))
        }
        Fault::Crash(it) => format!("crash {}", of(&it.target)),
        Fault::Amnesia(it) => format!("crash {} and wipe the disk", of(&it.target)),
        Fault::Pause(it) => format!("pause {}", of(&it.target)),
        Fault::Leave(it) => format!("take {} away for good", of(&it.target)),
        Fault::Corrupt(it) => format!("make {} a traitor", of(&it.target)),
        Fault::Slow(it) => format!("slow down {}: {}", of(&it.target), slowly(it.percent, it.floor)),
        Fault::Join(join) if join.count == 1 => "add a new member".to_owned(),
        Fault::Join(join) => format!("add {} new members", join.count),
        Fault::Disk(it) => disk(it.fault, &of(&it.target)),
        Fault::Clock(it) => clock(change(it.change), &of(&it.target)),
        Fault::Twins(twins) => {
            let place = twins.place.as_ref().map_or("another member".to_owned(), of);
            format!("run a second {} in the place of {place}", of(&twins.target))
        }
        Fault::Detour(it) => detour(it.point.as_deref(), &of(&it.target)),
        Fault::Replace(_)
        | Fault::Churn(_)
        | Fault::RollingRestart(_)
        | Fault::Upgrade(_)
        | Fault::Adaptive(_) => fault.key().to_owned(),
    }
}

/// Something done to the world, in words.
pub(crate) fn action(action: &Action, ground: &Ground) -> String {
    let name = |slot: &Slot| names(&[*slot], ground);
    match action {
        Action::Cut { reach, .. } => reached(reach, ground),
        Action::Mend(_) => "mend a cut".to_owned(),
        Action::Degrade { how, .. } => degraded(how, ground),
        Action::Restore(_) => "restore links".to_owned(),
        Action::Crash(slot) => format!("crash {}", name(slot)),
        Action::Install { slot, version } => {
            format!("let {} run {version} from its next start on", name(slot))
        }
        Action::Restart(slot) => format!("restart {}", name(slot)),
        Action::Wipe(slot) => format!("crash {} and wipe the disk", name(slot)),
        Action::Join => "add a new member".to_owned(),
        Action::Leave(slot) => format!("take {} away for good", name(slot)),
        Action::Pause(slot) => format!("pause {}", name(slot)),
        Action::Resume(slot) => format!("resume {}", name(slot)),
        Action::Slow { slot, percent: 100, .. } => format!("{} is as fast as ever", name(slot)),
        Action::Slow { slot, percent, floor } => {
            format!("slow down {}: {}", name(slot), slowly(*percent, *floor))
        }
        Action::Disk { slot, fault } => disk(*fault, &name(slot)),
        Action::Clock { slot, change } => clock(*change, &name(slot)),
        Action::Corrupt(slot) => format!("make {} a traitor", name(slot)),
        Action::Twin { slot, node } => format!("run a second {node} in the place of {}", name(slot)),
        Action::Round { number, leader, reach, drop, .. } => {
            round(*number, *leader, reach.as_ref().map(|reach| reached(reach, ground)), drop)
        }
        Action::EndRound(number) => format!("round {number} is like any other"),
        Action::Divert(diversion) => detour(diversion.point.as_deref(), &names(&diversion.slots, ground)),
        Action::Straighten(_) => "take no more detours".to_owned(),
    }
}

/// `let n2 take the detour short-batch`, at one slot.
pub(crate) fn detour_at(point: &str, slot: Slot, ground: &Ground) -> String {
    detour(Some(point), &names(&[slot], ground))
}

/// `let n2 take the detour short-batch`.
fn detour(point: Option<&str>, who: &str) -> String {
    match point {
        Some(point) => format!("let {who} take the detour {point}"),
        None => format!("let {who} take detours"),
    }
}

fn partition(partition: &Partition, ground: &Ground) -> String {
    match &partition.shape {
        Shape::Isolate { target, direction } => isolation(&who(target, ground), *direction),
        Shape::LeaderAlone => isolation("leader", Direction::Both),
        Shape::OneWay { from, to } => one_way(&who(from, ground), &who(to, ground)),
        Shape::Groups(selectors) => {
            let groups = selectors.iter().map(|selector| listed_slots(selector, ground)).collect();
            apart(&with_rest(groups, ground), ground)
        }
        Shape::Links(links) => {
            let slot = |number: u32| Slot(number.saturating_sub(1));
            let links: Vec<_> = links.iter().map(|(a, b)| (slot(*a), slot(*b))).collect();
            only(&links, ground)
        }
        Shape::Halves | Shape::Random { .. } | Shape::Bridge | Shape::MajoritiesRing => {
            "cut the members into groups".to_owned()
        }
    }
}

/// The slots that a pinned selector lists.
fn listed_slots(selector: &Selector, ground: &Ground) -> Vec<Slot> {
    match selector {
        Selector::Slots(slots) => slots.below(ground.places.len()).collect(),
        _ => Vec::new(),
    }
}

/// Members in no group form one more.
fn with_rest(mut groups: Vec<Vec<Slot>>, ground: &Ground) -> Vec<Vec<Slot>> {
    let in_any = |slot: &Slot| groups.iter().any(|group| group.binary_search(slot).is_ok());
    let rest: Vec<Slot> = ground.members().map(|(slot, _)| slot).filter(|slot| !in_any(slot)).collect();
    groups.push(rest);
    groups
}

/// `in round 3, let n2 lead and cut n1 from n2, n3 and n4`.
fn round(number: u32, leader: Option<NodeId>, cut: Option<String>, drop: &[String]) -> String {
    let lead = leader.map(|leader| format!("let {leader} lead"));
    let which = if drop.is_empty() { String::new() } else { format!(" ({} only)", listed(drop)) };
    let deeds: Vec<String> = lead.into_iter().chain(cut.map(|cut| cut + &which)).collect();
    if deeds.is_empty() {
        return format!("in round {number}, change nothing");
    }
    format!("in round {number}, {}", deeds.join(" and "))
}

fn isolation(target: &str, direction: Direction) -> String {
    match direction {
        Direction::Both => format!("cut off {target} from everybody else"),
        Direction::Inbound => format!("lose every message to {target}"),
        Direction::Outbound => format!("lose every message from {target}"),
    }
}

fn one_way(from: &str, to: &str) -> String {
    format!("lose every message from {from} to {to}")
}

fn reached(reach: &Reach, ground: &Ground) -> String {
    match reach {
        Reach::Groups(sets) => {
            let limited = |bit: u32| {
                let inside = (0..).map(Slot).zip(sets).filter(move |(_, set)| **set != u64::MAX);
                inside.filter(move |(_, set)| **set >> bit & 1 == 1).map(|(slot, _)| slot).collect()
            };
            let groups: Vec<Vec<Slot>> = (0..u64::BITS).map(limited).collect();
            apart(&groups, ground)
        }
        Reach::OneWay { from, to } => one_way(&names(from, ground), &names(to, ground)),
        Reach::Pairs { links, .. } => only(links, ground),
    }
}

/// Groups that do not hear of each other, but for who is in several of them.
fn apart(groups: &[Vec<Slot>], ground: &Ground) -> String {
    let groups: Vec<&Vec<Slot>> = groups.iter().filter(|group| !group.is_empty()).collect();
    let shown = |slots: &[Slot]| names(slots, ground);
    if let [one, other] = groups[..] {
        let (both, here): (Vec<Slot>, Vec<Slot>) =
            one.iter().partition(|slot| other.binary_search(slot).is_ok());
        let there: Vec<Slot> =
            other.iter().copied().filter(|slot| both.binary_search(slot).is_err()).collect();
        if !here.is_empty() && !there.is_empty() {
            let bridge = match both.len() {
                0 => String::new(),
                1 => format!("; only {} reaches both sides", shown(&both)),
                _ => format!("; only {} reach both sides", shown(&both)),
            };
            return format!("cut {} from {}{bridge}", shown(&here), shown(&there));
        }
    }
    let sides: Vec<String> = groups.iter().take(MOST_NAMES).map(|group| shown(group)).collect();
    format!("cut the members into {} groups: {}", groups.len(), sides.join(" | "))
}

/// Members of which only some pairs reach each other.
fn only(links: &[(Slot, Slot)], ground: &Ground) -> String {
    let name = |slot: &Slot| names(&[*slot], ground);
    let shown = links.iter().take(MOST_NAMES).map(|(a, b)| format!("{}-{}", name(a), name(b)));
    let shown: Vec<String> = shown.collect();
    match links.len().saturating_sub(MOST_NAMES) {
        0 if links.is_empty() => "cut all links between members".to_owned(),
        0 => format!("cut all links between members but {}", listed(&shown)),
        more => format!("cut all links between members but {} and {more} more", shown.join(", ")),
    }
}

/// Links that get worse, in words.
fn worse_links(fault: &LinkFault, ground: &Ground) -> String {
    let LinkEnds { target, from, to } = &fault.ends;
    let [target, from, to] = [target, from, to].map(|end| end.as_ref().map(|end| who(end, ground)));
    let which = messages(target.as_deref(), from.as_deref(), to.as_deref());
    let senders = target.or(from).unwrap_or_else(|| "everybody".to_owned());
    let receivers = to.map_or(String::new(), |to| format!(" to {to}"));
    match &fault.harm {
        Harm::SlowLink { delay } => format!("delay every message{which} by {}", time(delay)),
        Harm::Jam {} => format!("hold back every message{which} until this is over"),
        Harm::Loss { probability } => format!("lose {}{which}", some(*probability)),
        Harm::Spikes { probability, delay } => {
            format!("delay {}{which} by {}", some(*probability), time(delay))
        }
        Harm::Reorder { probability, within } => {
            format!("delay {}{which} by up to {}, past later ones", some(*probability), rough(*within))
        }
        Harm::Duplicate { probability } => format!("deliver {}{which} twice", some(*probability)),
        Harm::Corruption { probability } => format!("flip a bit of {}{which}", some(*probability)),
        Harm::Bandwidth { bytes_per_second } => {
            format!("let {senders} send no more than {} per second{receivers}", bytes(*bytes_per_second))
        }
        Harm::RateLimit { messages_per_second } => {
            format!("let {senders} send no more than {messages_per_second} messages per second{receivers}")
        }
    }
}

fn degraded(how: &Degradation, ground: &Ground) -> String {
    let end = |slots: &[Slot]| (!slots.is_empty()).then(|| names(slots, ground));
    let which = messages(None, end(&how.from).as_deref(), end(&how.to).as_deref());
    let mut parts = Vec::new();
    let mut part = |odds: Ratio, deed: &dyn Fn(String) -> String| {
        if odds != Ratio::ZERO {
            parts.push(deed(format!("{}{which}", some(odds))));
        }
    };
    let by = how.delay.as_ref().map_or(String::new(), |delay| format!(" by {}", time(delay)));
    part(how.loss, &|some| format!("lose {some}"));
    part(how.duplicate, &|some| format!("deliver {some} twice"));
    part(how.corrupt, &|some| format!("flip a bit of {some}"));
    part(how.spike, &|some| format!("delay {some}{by}"));
    let senders = end(&how.from).unwrap_or_else(|| "everybody".to_owned());
    let receivers = end(&how.to).map_or(String::new(), |to| format!(" to {to}"));
    if let Some(bytes) = how.bandwidth {
        parts.push(format!("let {senders} send no more than {} per second{receivers}", self::bytes(bytes)));
    }
    if let Some(rate) = how.rate {
        parts.push(format!("let {senders} send no more than {rate} messages per second{receivers}"));
    }
    parts.join("; ")
}

/// Which messages are meant, after the word.
fn messages(target: Option<&str>, from: Option<&str>, to: Option<&str>) -> String {
    match (target, from, to) {
        (Some(target), ..) => format!(" from or to {target}"),
        (None, Some(from), Some(to)) => format!(" from {from} to {to}"),
        (None, Some(from), None) => format!(" from {from}"),
        (None, None, Some(to)) => format!(" to {to}"),
        (None, None, None) => String::new(),
    }
}

/// `1 in 20 messages`.
fn some(odds: Ratio) -> String {
    if odds == Ratio::ONE {
        return "every message".to_owned();
    }
    format!("{} messages", odds.to_string().replace('/', " in "))
}

fn time(delay: &Distribution) -> String {
    match delay {
        Distribution::Fixed(time) => rough(*time),
        Distribution::Uniform { min: Duration::ZERO, max } => format!("up to {}", rough(*max)),
        Distribution::Uniform { min, max } => format!("{} to {}", rough(*min), rough(*max)),
        Distribution::Normal { mean, .. } | Distribution::Exponential { mean } => {
            format!("about {}", rough(*mean))
        }
        Distribution::LogNormal { median, .. } => format!("about {}", rough(*median)),
        Distribution::Pareto { scale, .. } => format!("{} or more", rough(*scale)),
        Distribution::Empirical(_) => "a drawn time".to_owned(),
    }
}

/// A length of time to three digits or so: `8.38ms`, where it is not written shorter.
fn rough(time: Duration) -> String {
    let exact = time.to_string();
    let nanos = time.as_nanos();
    let units = [(1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "us")];
    let Some((unit, name)) = units.into_iter().find(|(unit, _)| nanos >= *unit) else { return exact };
    // Long times are short to write, or beyond three digits as they are.
    if exact.len() <= "100ms".len() || nanos / unit >= 1_000 {
        return exact;
    }
    let decimals = match nanos / unit {
        0..10 => 2,
        10..100 => 1,
        _ => 0,
    };
    let scale = 10_u64.pow(decimals);
    let scaled = (nanos * scale + unit / 2) / unit;
    match (scaled / scale, scaled % scale) {
        (whole, 0) => format!("{whole}{name}"),
        (whole, rest) => format!("{whole}.{rest:0width$}{name}", width = decimals as usize),
    }
}

fn bytes(count: u64) -> String {
    match count {
        0..10_000 => format!("{count} bytes"),
        10_000..10_000_000 => format!("{} kB", count / 1_000),
        _ => format!("{} MB", count / 1_000_000),
    }
}

/// `everything takes 2.5 times as long, and at least 5ms a message`.
fn slowly(percent: u32, floor: Duration) -> String {
    let floor = if floor == Duration::ZERO {
        String::new()
    } else {
        format!(", and at least {} a message", rough(floor))
    };
    format!("everything takes {} as long{floor}", times(percent))
}

fn times(percent: u32) -> String {
    let (whole, rest) = (percent / 100, percent % 100);
    match rest {
        0 => format!("{whole} times"),
        rest if rest % 10 == 0 => format!("{whole}.{} times", rest / 10),
        rest => format!("{whole}.{rest:02} times"),
    }
}

fn disk(fault: DiskFault, whose: &str) -> String {
    match fault {
        DiskFault::Healthy => format!("heal the disk of {whose}"),
        DiskFault::Slow { percent, extra: Duration::ZERO } => {
            format!("let syncs of {whose} take {} as long", times(percent))
        }
        DiskFault::Slow { percent: 100, extra } => format!("let syncs of {whose} take {} more", rough(extra)),
        DiskFault::Slow { percent, extra } => {
            format!("let syncs of {whose} take {} as long, and {} more", times(percent), rough(extra))
        }
        DiskFault::Failing => format!("let syncs of {whose} fail"),
        DiskFault::Full => format!("fill the disk of {whose}, so that syncs fail"),
        DiskFault::LoseTail => format!("let a crash of {whose} lose all that is not synced"),
        DiskFault::TearTail => format!("let a crash of {whose} tear the first record that is not synced"),
        DiskFault::Rot => format!("rot a synced record of {whose}"),
    }
}

const fn change(fault: ClockFault) -> ClockChange {
    match fault {
        ClockFault::Drift(drift) => ClockChange::Drift { parts_per_billion: drift.parts_per_billion },
        ClockFault::Forward(by) => ClockChange::Forward(by),
        ClockFault::Back(by) => ClockChange::Back(by),
        ClockFault::Freeze => ClockChange::Freeze,
    }
}

fn clock(change: ClockChange, whose: &str) -> String {
    match change {
        ClockChange::Drift { parts_per_billion } => {
            let verb = if parts_per_billion < 0 { "lose" } else { "gain" };
            let by = Duration::from_nanos(u64::from(parts_per_billion.unsigned_abs()));
            format!("let the clock of {whose} {verb} {} every second", rough(by))
        }
        ClockChange::Forward(by) => format!("set the clock of {whose} forward by {}", rough(by)),
        ClockChange::Back(by) | ClockChange::BackAWhile(by) => {
            format!("set the clock of {whose} back by {}", rough(by))
        }
        ClockChange::TakeBack(by) => {
            format!("set the clock of {whose} forward again, by up to {}", rough(by))
        }
        ClockChange::Freeze => format!("stop the clock of {whose}"),
        ClockChange::OwnRate => format!("let the clock of {whose} run as ever"),
    }
}

fn who(selector: &Selector, ground: &Ground) -> String {
    match selector {
        Selector::Slots(slots) => names(&slots.below(ground.places.len()).collect::<Vec<_>>(), ground),
        other => other.to_string(),
    }
}

/// `n1, n3 and n5 to n9`.
fn names(slots: &[Slot], ground: &Ground) -> String {
    let mut rest = slots;
    let (mut shown, mut counted) = (Vec::new(), 0);
    while let Some(first) = rest.first() {
        let follows = |(i, slot): &(u32, &Slot)| {
            first.0.checked_add(*i) == Some(slot.0)
                && named(*first, ground).follows(&named(**slot, ground), *i)
        };
        let run = (0_u32..).zip(rest).take_while(follows).count().max(1);
        // Two neighbors are named one by one.
        let run = if run < 3 { 1 } else { run };
        if shown.len() == MOST_NAMES {
            counted = rest.len();
            break;
        }
        if run == 1 {
            shown.push(named(*first, ground).text());
        } else {
            shown.push(format!(
                "{} to {}",
                named(*first, ground).text(),
                named(rest[run - 1], ground).text()
            ));
        }
        rest = &rest[run..];
    }
    if counted > 0 { format!("{} and {counted} more", shown.join(", ")) } else { listed(&shown) }
}

fn listed(shown: &[String]) -> String {
    match shown {
        [] => "nobody".to_owned(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// The name of who lives in a slot: a letter and a number.
#[derive(Clone, Copy)]
struct Named {
    letter: char,
    number: u64,
}

impl Named {
    /// Whether another name is this one's `i`-th successor.
    fn follows(self, other: &Self, i: u32) -> bool {
        self.letter == other.letter && self.number + u64::from(i) == other.number
    }

    fn text(self) -> String {
        format!("{}{}", self.letter, self.number)
    }
}

fn named(slot: Slot, ground: &Ground) -> Named {
    let Some(place) = ground.places.get(slot.index()) else {
        return Named { letter: 'n', number: u64::from(slot.0) + 1 };
    };
    match place.role {
        Role::Member => Named { letter: 'n', number: u64::from(place.node.0) + 1 },
        Role::Client => {
            let first = ground.places.iter().position(|place| place.role == Role::Client).unwrap_or(0);
            Named { letter: 'c', number: (slot.index() - first) as u64 + 1 }
        }
    }
}

#[cfg(test)]
mod tests;
