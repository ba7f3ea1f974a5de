//! Worse links, and what is left of cuts and worse links when a core is healed.

use super::action::{Degradation, Reach};
use super::executed::Refusal;
use super::resolve::{Lots, Scene};
use super::selector::Selector;
use super::spec::{Fault, aim};
use crate::distribution::Distribution;
use crate::identity::Slot;
use crate::ratio::Ratio;
use crate::time::Duration;

/// Worse links, with everything drawn.
pub(super) struct Drawn {
    /// How much worse; two if both directions of some slots are meant.
    pub(super) how: Vec<Degradation>,
    /// The same fault, with nothing left to draw.
    pub(super) pinned: Fault,
    /// Whom it strikes; nobody in particular if it is all links.
    pub(super) slots: Vec<Slot>,
}

/// Draws which links a fault makes worse; `None` if it is no fault about links.
pub(super) fn draw(
    fault: &Fault,
    lasts: Option<Duration>,
    scene: &Scene<'_>,
    lots: &mut Lots,
) -> Result<Option<Drawn>, Refusal> {
    let (Some((target, from, to)), Some(harm)) = (fault.links(), harm(fault, lasts)) else { return Ok(None) };
    let mut resolve = |selector: &Option<Selector>| {
        let eligible = |slot| scene.governor.condition(slot).runs();
        selector.as_ref().map(|selector| scene.resolve(selector, lots, &eligible)).transpose()
    };
    let (target, from, to) = (resolve(target)?, resolve(from)?, resolve(to)?);
    let here = |slot: &Slot| slot.index() < scene.ground.places.len();
    if ![&target, &from, &to].into_iter().flatten().flatten().all(here) {
        return Err(Refusal::Absent);
    }
    let pinned = pin(fault, target.as_deref(), from.as_deref(), to.as_deref());
    let slots = [&target, &from, &to].into_iter().flatten().next().cloned().unwrap_or_default();
    let both = !matches!(fault, Fault::Bandwidth(_));
    let ends = ends(target, from, to, both, scene.ground.places.len());
    let how = ends.into_iter().map(|(from, to)| Degradation { from, to, ..harm.clone() }).collect();
    Ok(Some(Drawn { how, pinned, slots }))
}

/// Senders and receivers of the links that are meant; empty lists are everybody.
fn ends(
    target: Option<Vec<Slot>>,
    from: Option<Vec<Slot>>,
    to: Option<Vec<Slot>>,
    both: bool,
    slots: usize,
) -> Vec<(Vec<Slot>, Vec<Slot>)> {
    match target {
        None => vec![(from.unwrap_or_default(), to.unwrap_or_default())],
        Some(target) if !both => vec![(target, Vec::new())],
        // A message between two targets must not be hit twice, so the way in is from the others only.
        Some(target) => {
            let others = if target.len() == 1 { Vec::new() } else { without(&everybody(slots), &target) };
            let nobody_else = target.len() > 1 && others.is_empty();
            let out = (target.clone(), Vec::new());
            if nobody_else { vec![out] } else { vec![out, (others, target)] }
        }
    }
}

fn everybody(slots: usize) -> Vec<Slot> {
    (0..).map(Slot).take(slots).collect()
}

/// `slots` without those of a sorted list.
fn without(slots: &[Slot], sorted: &[Slot]) -> Vec<Slot> {
    slots.iter().copied().filter(|slot| sorted.binary_search(slot).is_err()).collect()
}

/// What a fault does to a message, on whatever links.
fn harm(fault: &Fault, lasts: Option<Duration>) -> Option<Degradation> {
    let none = Degradation::default();
    Some(match fault {
        Fault::SlowLink(it) => Degradation { spike: Ratio::ONE, delay: Some(it.delay.clone()), ..none },
        Fault::Jam(_) => Degradation {
            spike: Ratio::ONE,
            delay: Some(Distribution::Fixed(lasts.unwrap_or_default())),
            ..none
        },
        Fault::Loss(it) => Degradation { loss: it.probability, ..none },
        Fault::Spikes(it) => Degradation { spike: it.probability, delay: Some(it.delay.clone()), ..none },
        Fault::Reorder(it) => {
            let delay = Distribution::Uniform { min: Duration::ZERO, max: it.within };
            Degradation { spike: it.probability, delay: Some(delay), ..none }
        }
        Fault::Duplicate(it) => Degradation { duplicate: it.probability, ..none },
        Fault::Corruption(it) => Degradation { corrupt: it.probability, ..none },
        Fault::Bandwidth(it) => Degradation { bandwidth: Some(it.bytes_per_second), ..none },
        _ => return None,
    })
}

/// The same fault on exactly these links.
fn pin(fault: &Fault, target: Option<&[Slot]>, from: Option<&[Slot]>, to: Option<&[Slot]>) -> Fault {
    let (target, from, to) = (target.map(aim), from.map(aim), to.map(aim));
    let mut pinned = fault.clone();
    match &mut pinned {
        Fault::SlowLink(it) => (it.target, it.from, it.to) = (target, from, to),
        Fault::Jam(it) => (it.target, it.from, it.to) = (target, from, to),
        Fault::Loss(it) | Fault::Duplicate(it) | Fault::Corruption(it) => {
            (it.target, it.from, it.to) = (target, from, to);
        }
        Fault::Spikes(it) => (it.target, it.from, it.to) = (target, from, to),
        Fault::Reorder(it) => (it.target, it.from, it.to) = (target, from, to),
        Fault::Bandwidth(it) => (it.target, it.from, it.to) = (target, from, to),
        _ => {}
    }
    pinned
}

/// What is left of a cut when everybody in `core` (sorted) reaches everybody in it again.
pub(super) fn heal_reach(reach: &Reach, core: &[Slot]) -> Vec<Reach> {
    let inside = |slot: Slot| core.binary_search(&slot).is_ok();
    match reach {
        Reach::Groups(sets) => {
            let mut sets = sets.clone();
            for slot in core {
                if let Some(set) = sets.get_mut(slot.index()) {
                    *set |= 1 << 63;
                }
            }
            let whole = sets.iter().all(|set| set & (1 << 63) != 0);
            if whole { Vec::new() } else { vec![Reach::Groups(sets)] }
        }
        Reach::OneWay { from, to } => {
            split(from, to, core).into_iter().map(|(from, to)| Reach::OneWay { from, to }).collect()
        }
        Reach::Pairs { slots, links } => {
            let governed: Vec<Slot> = core.iter().copied().filter(|slot| slot.0 < *slots).collect();
            let mut links: Vec<_> =
                links.iter().copied().filter(|(a, b)| !(inside(*a) && inside(*b))).collect();
            links.extend(
                governed
                    .iter()
                    .enumerate()
                    .flat_map(|(i, a)| governed[i + 1..].iter().map(move |b| (*a, *b))),
            );
            links.sort_unstable();
            if governed.len() == *slots as usize {
                Vec::new()
            } else {
                vec![Reach::Pairs { slots: *slots, links }]
            }
        }
    }
}

/// What is left of worse links when the links inside `core` (sorted) are as good as ever; `slots` is how many there are.
pub(super) fn heal_degradation(how: &Degradation, core: &[Slot], slots: usize) -> Vec<Degradation> {
    let all = everybody(slots);
    let from = if how.from.is_empty() { &all } else { &how.from };
    let to = if how.to.is_empty() { &all } else { &how.to };
    split(from, to, core).into_iter().map(|(from, to)| Degradation { from, to, ..how.clone() }).collect()
}

/// All links from `from` to `to` but those inside `core`, as products of senders and receivers.
fn split(from: &[Slot], to: &[Slot], core: &[Slot]) -> Vec<(Vec<Slot>, Vec<Slot>)> {
    let outside = without(from, core);
    let inside: Vec<Slot> = from.iter().copied().filter(|slot| core.binary_search(slot).is_ok()).collect();
    [(outside, to.to_vec()), (inside, without(to, core))]
        .into_iter()
        .filter(|(from, to)| !from.is_empty() && !to.is_empty())
        .collect()
}
