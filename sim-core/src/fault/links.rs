//! Worse links, and what is left of cuts and worse links when a core is healed.

use super::action::{Degradation, Reach};
use super::executed::Refusal;
use super::resolve::{Lots, Scene};
use super::selector::Selector;
use super::spec::{Fault, Harm, LinkEnds, LinkFault, aim};
use crate::distribution::Distribution;
use crate::identity::Slot;
use crate::ratio::Ratio;
use crate::time::Duration;

/// Worse links, with everything drawn.
pub(super) struct DrawnLinks {
    /// How much worse; two if both directions of some slots are meant.
    pub(super) how: Vec<Degradation>,
    /// The same fault, with nothing left to draw.
    pub(super) pinned: Fault,
    /// Whom it strikes; nobody in particular if it is all links.
    pub(super) slots: Vec<Slot>,
}

/// Draws which links a fault makes worse.
pub(super) fn draw(
    fault: &LinkFault,
    lasts: Option<Duration>,
    scene: &Scene<'_>,
    lots: &mut Lots,
) -> Result<DrawnLinks, Refusal> {
    let mut resolve = |selector: &Option<Selector>| {
        let eligible = |slot| scene.governor.condition(slot).runs();
        selector.as_ref().map(|selector| scene.resolve(selector, lots, &eligible)).transpose()
    };
    let LinkEnds { target, from, to } = &fault.ends;
    let (target, from, to) = (resolve(target)?, resolve(from)?, resolve(to)?);
    let here = |slot: &Slot| slot.index() < scene.ground.places.len();
    if ![&target, &from, &to].into_iter().flatten().flatten().all(here) {
        return Err(Refusal::Absent);
    }
    let pin = |slots: &Option<Vec<Slot>>| slots.as_deref().map(aim);
    let ends = LinkEnds { target: pin(&target), from: pin(&from), to: pin(&to) };
    let pinned = Fault::Links(LinkFault { ends, harm: fault.harm.clone() });
    let slots = [&target, &from, &to].into_iter().flatten().next().cloned().unwrap_or_default();
    let both = !matches!(fault.harm, Harm::Bandwidth { .. } | Harm::RateLimit { .. });
    let harm = degradation(&fault.harm, lasts);
    let ends = ends_of(target, from, to, both, scene.ground.places.len());
    let how = ends.into_iter().map(|(from, to)| Degradation { from, to, ..harm.clone() }).collect();
    Ok(DrawnLinks { how, pinned, slots })
}

/// What a fault does to a message, on whatever links.
fn degradation(harm: &Harm, lasts: Option<Duration>) -> Degradation {
    let none = Degradation::default();
    let delayed = |spike: Ratio, delay: Distribution| Degradation {
        spike,
        delay: Some(delay),
        ..Degradation::default()
    };
    match harm {
        Harm::SlowLink { delay } => delayed(Ratio::ONE, delay.clone()),
        Harm::Jam {} => delayed(Ratio::ONE, Distribution::Fixed(lasts.unwrap_or_default())),
        Harm::Spikes { probability, delay } => delayed(*probability, delay.clone()),
        Harm::Reorder { probability, within } => {
            delayed(*probability, Distribution::Uniform { min: Duration::ZERO, max: *within })
        }
        Harm::Loss { probability } => Degradation { loss: *probability, ..none },
        Harm::Duplicate { probability } => Degradation { duplicate: *probability, ..none },
        Harm::Corruption { probability } => Degradation { corrupt: *probability, ..none },
        Harm::Bandwidth { bytes_per_second } => Degradation { bandwidth: Some(*bytes_per_second), ..none },
        Harm::RateLimit { messages_per_second } => Degradation { rate: Some(*messages_per_second), ..none },
    }
}

/// Senders and receivers of the links that are meant; empty lists are everybody.
fn ends_of(
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

/// Calls `mark` with every slot that a cut keeps from hearing one of `healed` (sorted), or from being heard by it.
pub(super) fn cut_off(reach: &Reach, healed: &[Slot], mark: &mut dyn FnMut(Slot)) {
    match reach {
        Reach::Groups(sets) => {
            let mut met: Vec<u64> =
                healed.iter().filter_map(|slot| sets.get(slot.index())).copied().collect();
            met.sort_unstable();
            met.dedup();
            let apart = |own: &u64| met.iter().any(|set| set & own == 0);
            (0..).map(Slot).zip(sets).filter(|(_, own)| apart(own)).for_each(|(slot, _)| mark(slot));
        }
        Reach::OneWay { from, to } => between(from, to, healed, mark),
        Reach::Pairs { slots, links } => {
            let mut meets = vec![0_usize; *slots as usize];
            let governed = healed.iter().filter(|slot| slot.0 < *slots).count();
            for (a, b) in links.iter().flat_map(|(a, b)| [(a, b), (b, a)]) {
                meets[a.index()] += usize::from(healed.binary_search(b).is_ok());
            }
            for (slot, met) in (0..).map(Slot).zip(meets) {
                let itself = usize::from(healed.binary_search(&slot).is_ok());
                if met + itself < governed {
                    mark(slot);
                }
            }
        }
    }
}

/// Calls `mark` with every slot of which a link to or from one of `healed` (sorted) is worse; of so many slots in all.
pub(super) fn made_worse(how: &Degradation, healed: &[Slot], slots: usize, mark: &mut dyn FnMut(Slot)) {
    let side = |side: &[Slot]| if side.is_empty() { everybody(slots) } else { side.to_vec() };
    between(&side(&how.from), &side(&how.to), healed, mark);
}

/// Whoever is on one side, if one of `healed` (sorted) is on the other.
fn between(from: &[Slot], to: &[Slot], healed: &[Slot], mark: &mut dyn FnMut(Slot)) {
    for (side, other) in [(from, to), (to, from)] {
        if other.iter().any(|slot| healed.binary_search(slot).is_ok()) {
            side.iter().copied().for_each(&mut *mark);
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

#[cfg(test)]
mod tests {
    use crate::ordered::OrderedSet;

    use super::*;

    #[test]
    fn cuts_and_worse_links_are_seen_from_both_ends_as_far_as_they_lead_to_who_is_healed() {
        let slots = |list: &[u32]| list.iter().copied().map(Slot).collect::<Vec<_>>();
        let cut = |reach: &Reach, healed: &[u32]| {
            let mut marked = OrderedSet::new();
            cut_off(reach, &slots(healed), &mut |slot| _ = marked.insert(slot.0));
            marked.into_iter().collect::<Vec<_>>()
        };
        // The third is in both groups, and whoever is beyond the fourth is in all.
        let groups = Reach::Groups(vec![1, 2, 3, 1]);
        assert_eq!(cut(&groups, &[0, 1, 2, 3, 4]), [0, 1, 3]);
        assert_eq!(cut(&groups, &[1, 2, 4]), [0, 3]);
        let one_way = Reach::OneWay { from: slots(&[0]), to: slots(&[3]) };
        assert_eq!(cut(&one_way, &[0, 1, 3]), [0, 3]);
        assert_eq!(cut(&one_way, &[3]), [0]);
        assert!(cut(&one_way, &[1, 2]).is_empty());
        let pairs = Reach::Pairs { slots: 3, links: vec![(Slot(0), Slot(1)), (Slot(1), Slot(2))] };
        assert_eq!(cut(&pairs, &[0, 1, 2, 3]), [0, 2]);
        assert_eq!(cut(&pairs, &[0, 1]), [2]);
        let worse = |from: &[u32], to: &[u32], healed: &[u32]| {
            let how = Degradation { from: slots(from), to: slots(to), ..Degradation::default() };
            let mut marked = OrderedSet::new();
            made_worse(&how, &slots(healed), 3, &mut |slot| _ = marked.insert(slot.0));
            marked.into_iter().collect::<Vec<_>>()
        };
        assert_eq!(worse(&[0], &[1], &[0, 1, 2]), [0, 1]);
        assert_eq!(worse(&[0], &[], &[1]), [0]);
        assert!(worse(&[0], &[1], &[2]).is_empty());
    }
}
