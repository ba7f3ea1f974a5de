//! From the shape of a partition to who reaches whom.

use super::action::Reach;
use super::executed::Refusal;
use super::resolve::{Lots, Scene};
use super::selector::Selector;
use super::spec::{ClientSide, Direction, Partition, Shape, aim};
use crate::identity::Slot;

/// The most groups that a plan may give. The last bit of a set is kept for the core of the second phase, the one
/// before it for members that are in no group.
pub(super) const MOST_GROUPS: usize = 62;

/// The most members of a ring of majorities, which lists every link.
pub(super) const MOST_IN_RING: u32 = 1_024;

/// A partition with everything drawn.
pub(super) struct DrawnCut {
    /// Who reaches whom.
    pub(super) reach: Reach,
    /// The same partition, with nothing left to draw.
    pub(super) pinned: Partition,
    /// Whom it strikes: those outside the largest group.
    pub(super) slots: Vec<Slot>,
}

/// Draws what a partition leaves open.
pub(super) fn draw(partition: &Partition, scene: &Scene<'_>, lots: &mut Lots) -> Result<DrawnCut, Refusal> {
    let members: Vec<Slot> = scene.present().map(|(slot, _)| slot).collect();
    let spread = partition.clients == ClientSide::Spread;
    match &partition.shape {
        Shape::Isolate { target, direction } => isolate(target, *direction, spread, scene, lots),
        Shape::LeaderAlone => {
            isolate(&Selector::Role("leader".to_owned()), Direction::Both, spread, scene, lots)
        }
        Shape::Halves => {
            let sides = halves(&lots.shuffled(members))?;
            groups(sides, spread, scene, lots)
        }
        Shape::Random { parts } => {
            let sides = random_groups(&members, *parts, lots)?;
            groups(sides, spread, scene, lots)
        }
        Shape::Bridge => {
            let sides = bridge(&lots.shuffled(members))?;
            groups(sides, spread, scene, lots)
        }
        Shape::Groups(selectors) => {
            let mut side = |selector: &Selector| match selector {
                Selector::Rest => Ok(Vec::new()),
                selector => resolve(selector, scene, lots),
            };
            let mut sides: Vec<Vec<Slot>> = selectors.iter().map(&mut side).collect::<Result<_, _>>()?;
            if let Some(place) = selectors.iter().position(|selector| *selector == Selector::Rest) {
                sides[place] = rest(&sides, scene);
            }
            groups(sides, spread, scene, lots)
        }
        Shape::OneWay { from, to } => one_way(resolve(from, scene, lots)?, resolve(to, scene, lots)?, None),
        Shape::MajoritiesRing => {
            let members = (0..scene.members).map(Slot).collect();
            pairs(&ring(&lots.shuffled(members))?, scene.members)
        }
        Shape::Links(links) => {
            let links: Vec<_> = links.iter().map(|(a, b)| (number(*a), number(*b))).collect();
            pairs(&links, scene.members)
        }
    }
}

/// Members that are in none of these groups, and where a group names clients, the other clients.
fn rest(sides: &[Vec<Slot>], scene: &Scene<'_>) -> Vec<Slot> {
    let mut taken = sides.concat();
    taken.sort_unstable();
    let all_clients = scene.members..scene.members + scene.clients;
    let clients = if taken.iter().any(|slot| all_clients.contains(&slot.0)) { all_clients } else { 0..0 };
    let members = scene.present().map(|(slot, _)| slot);
    members.chain(clients.map(Slot)).filter(|slot| taken.binary_search(slot).is_err()).collect()
}

/// Slots that may be anywhere: whoever runs.
fn resolve(selector: &Selector, scene: &Scene<'_>, lots: &mut Lots) -> Result<Vec<Slot>, Refusal> {
    let slots = scene.resolve(selector, lots, &|slot| scene.governor.condition(slot).runs())?;
    let here = |slot: &Slot| slot.index() < scene.ground.places.len();
    if slots.iter().all(here) { Ok(slots) } else { Err(Refusal::Absent) }
}

/// The slot of a number that counts from one.
const fn number(written: u32) -> Slot {
    Slot(written.saturating_sub(1))
}

fn isolate(
    target: &Selector,
    direction: Direction,
    spread: bool,
    scene: &Scene<'_>,
    lots: &mut Lots,
) -> Result<DrawnCut, Refusal> {
    let mut alone = resolve(target, scene, lots)?;
    let mut others: Vec<Slot> =
        scene.present().map(|(slot, _)| slot).filter(|slot| alone.binary_search(slot).is_err()).collect();
    if direction == Direction::Both {
        let mut drawn = groups(vec![alone.clone(), others], spread, scene, lots)?;
        if !spread {
            let shape = Shape::Isolate { target: aim(&alone), direction };
            drawn.pinned = Partition::of(shape);
        }
        drawn.slots = alone;
        return Ok(drawn);
    }
    let isolated = alone.clone();
    if spread {
        let clients: Vec<Slot> = free_clients(scene, &alone).collect();
        for (client, side) in clients.iter().zip(lots.groups(&clients, 2)) {
            if side == 0 { alone.push(*client) } else { others.push(*client) }
        }
    }
    let pinned = (!spread).then(|| Shape::Isolate { target: aim(&isolated), direction });
    let (from, to) = if direction == Direction::Outbound { (alone, others) } else { (others, alone) };
    let mut drawn = one_way(from, to, pinned)?;
    drawn.slots = isolated;
    Ok(drawn)
}

fn free_clients(scene: &Scene<'_>, taken: &[Slot]) -> impl Iterator<Item = Slot> {
    (scene.members..scene.members + scene.clients).map(Slot).filter(|slot| !taken.contains(slot))
}

fn one_way(mut from: Vec<Slot>, mut to: Vec<Slot>, pinned: Option<Shape>) -> Result<DrawnCut, Refusal> {
    from.sort_unstable();
    to.sort_unstable();
    if from.is_empty() || to.is_empty() {
        return Err(Refusal::Shape);
    }
    let shape = pinned.unwrap_or_else(|| Shape::OneWay { from: aim(&from), to: aim(&to) });
    let (slots, pinned) = (from.clone(), Partition::of(shape));
    Ok(DrawnCut { slots, pinned, reach: Reach::OneWay { from, to } })
}

/// Two groups of equal size, give or take one.
fn halves(shuffled: &[Slot]) -> Result<Vec<Vec<Slot>>, Refusal> {
    if shuffled.len() < 2 {
        return Err(Refusal::Shape);
    }
    let (left, right) = shuffled.split_at(shuffled.len() / 2);
    Ok(vec![left.to_vec(), right.to_vec()])
}

/// Two halves, and one that is in both.
fn bridge(shuffled: &[Slot]) -> Result<Vec<Vec<Slot>>, Refusal> {
    let (bridge, rest) = shuffled.split_first().ok_or(Refusal::Shape)?;
    let mut sides = halves(rest)?;
    sides.iter_mut().for_each(|side| side.push(*bridge));
    Ok(sides)
}

/// Every member in one of `parts` groups; those that stayed empty are left out, but there are at least two.
fn random_groups(members: &[Slot], parts: u32, lots: &mut Lots) -> Result<Vec<Vec<Slot>>, Refusal> {
    if members.len() < 2 {
        return Err(Refusal::Shape);
    }
    let drawn = lots.groups(members, u64::from(parts));
    let mut sides: Vec<Vec<Slot>> = (0..u64::from(parts))
        .map(|part| {
            members.iter().zip(&drawn).filter(|(_, side)| **side == part).map(|(slot, _)| *slot).collect()
        })
        .filter(|side: &Vec<Slot>| !side.is_empty())
        .collect();
    if let [all] = &mut sides[..] {
        let moved = all.split_off(1);
        sides.push(moved);
    }
    Ok(sides)
}

/// Slots reach each other if they share one of these groups.
fn groups(
    mut sides: Vec<Vec<Slot>>,
    spread: bool,
    scene: &Scene<'_>,
    lots: &mut Lots,
) -> Result<DrawnCut, Refusal> {
    let listed: Vec<Slot> = sides.concat();
    if spread {
        let clients: Vec<Slot> = free_clients(scene, &listed).collect();
        for (client, side) in clients.iter().zip(lots.groups(&clients, sides.len() as u64)) {
            sides[side as usize].push(*client);
        }
    }
    sides.retain(|side| !side.is_empty());
    sides.iter_mut().for_each(|side| side.sort_unstable());
    let sets = group_sets(&sides, scene);
    // Where all share a group, nothing is cut.
    if sets.iter().fold(u64::MAX, |all, set| all & set) != 0 {
        return Err(Refusal::Shape);
    }
    let largest = (0..sides.len()).max_by_key(|side| (sides[*side].len(), usize::MAX - side)).unwrap_or(0);
    let outside = |slot: &Slot| sides[largest].binary_search(slot).is_err();
    Ok(DrawnCut {
        reach: Reach::Groups(sets),
        pinned: Partition::of(Shape::Groups(sides.iter().map(|side| aim(side)).collect())),
        slots: sides.concat().into_iter().filter(outside).collect(),
    })
}

/// The groups of every slot, as bits: members in no group share one more, clients in no group are in all.
fn group_sets(sides: &[Vec<Slot>], scene: &Scene<'_>) -> Vec<u64> {
    let mut sets: Vec<u64> = vec![u64::MAX; scene.ground.places.len()];
    for (slot, _) in scene.ground.members() {
        sets[slot.index()] = 1 << MOST_GROUPS;
    }
    for slot in sides.iter().flatten() {
        sets[slot.index()] = 0;
    }
    for (bit, side) in sides.iter().enumerate() {
        for slot in side {
            sets[slot.index()] |= 1 << bit;
        }
    }
    sets
}

/// Each member with its nearest neighbors on a ring, so many that they are a majority with it.
///
/// Among three members every majority of neighbors is everybody, so one link is left out: then the members still
/// reach majorities, two of them different ones.
fn ring(order: &[Slot]) -> Result<Vec<(Slot, Slot)>, Refusal> {
    let n = order.len();
    if n < 3 || n > MOST_IN_RING as usize {
        return Err(Refusal::Shape);
    }
    let reach = (n / 2).div_ceil(2);
    let mut links: Vec<(Slot, Slot)> = (0..n)
        .flat_map(|i| (1..=reach).map(move |step| (order[i], order[(i + step) % n])))
        .map(|(a, b)| if a < b { (a, b) } else { (b, a) })
        .collect();
    links.sort_unstable();
    links.dedup();
    if 2 * reach + 1 >= n {
        let (a, b) = (order[0].min(order[n - 1]), order[0].max(order[n - 1]));
        links.retain(|link| *link != (a, b));
    }
    Ok(links)
}

fn pairs(links: &[(Slot, Slot)], members: u32) -> Result<DrawnCut, Refusal> {
    if links.iter().any(|(a, b)| a.0.max(b.0) >= members) {
        return Err(Refusal::Absent);
    }
    let written = links.iter().map(|(a, b)| (a.0 + 1, b.0 + 1)).collect();
    // A link is written from either end, or from both, and counts once.
    let between = links.iter().filter(|(a, b)| a != b);
    let mut links: Vec<(Slot, Slot)> = between.map(|(a, b)| (*a.min(b), *a.max(b))).collect();
    links.sort_unstable();
    links.dedup();
    Ok(DrawnCut {
        reach: Reach::Pairs { slots: members, links },
        pinned: Partition::of(Shape::Links(written)),
        slots: (0..members).map(Slot).collect(),
    })
}

#[cfg(test)]
mod tests;
