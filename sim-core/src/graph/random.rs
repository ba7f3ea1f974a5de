//! Topologies that are drawn.

use rand_chacha::ChaCha8Rng;
use rand_core::Rng;

use super::Graph;
use crate::hash::FixedSet;
use crate::random::{StreamName, below, stream};
use crate::ratio::Ratio;

/// Random graphs that come out in pieces are drawn again this often.
const MOST_TRIES: u32 = 100;
/// Switches per link, so that a random regular graph forgets the lattice it starts from.
const SWITCHES: usize = 10;

/// Draws graphs until one is connected; the last one if none is.
pub(super) fn connected(members: u32, seed: u64, draw: impl Fn(&mut ChaCha8Rng) -> Vec<(u32, u32)>) -> Graph {
    let mut rng = stream(seed, StreamName::Initial);
    let mut graph = Graph::of(members, draw(&mut rng));
    for _ in 1..MOST_TRIES {
        if graph.unreachable().is_none() {
            break;
        }
        graph = Graph::of(members, draw(&mut rng));
    }
    graph
}

/// Each member with `reach` neighbors on either side of a circle, each link once.
fn lattice(members: u32, reach: u32) -> impl Iterator<Item = (u32, u32)> {
    (1..=reach).flat_map(move |offset| (0..members).map(move |m| (m, (m + offset) % members)))
}

/// A lattice of the degree, shuffled, then switched: two links (a, b), (c, d) become (a, d), (c, b) where both are
/// new. Degrees stay, and the graph tends to a uniformly drawn one. Two links per member would fall into circles and
/// stay one shuffled ring.
pub(super) fn random_regular(members: u32, degree: u32, rng: &mut ChaCha8Rng) -> Vec<(u32, u32)> {
    let mut names: Vec<u32> = (0..members).collect();
    for last in (1..names.len()).rev() {
        names.swap(last, pick(rng, last + 1));
    }
    let mut links: Vec<_> = lattice(members, degree / 2).collect();
    if degree % 2 == 1 {
        // With an odd number of members, one of them goes without.
        links.extend((0..members / 2).map(|m| (m, m + members / 2)));
    }
    for (a, b) in &mut links {
        (*a, *b) = (names[*a as usize], names[*b as usize]);
    }
    if degree > 2 {
        switch(&mut links, rng);
    }
    links
}

fn switch(links: &mut [(u32, u32)], rng: &mut ChaCha8Rng) {
    let mut known: FixedSet<(u32, u32)> = FixedSet::default();
    known.extend(links.iter().map(|(a, b)| ordered(*a, *b)));
    for _ in 0..SWITCHES * links.len() {
        let (i, j) = (pick(rng, links.len()), pick(rng, links.len()));
        let ((a, b), (mut c, mut d)) = (links[i], links[j]);
        if rng.next_u64() & 1 == 1 {
            (c, d) = (d, c);
        }
        let fresh = [ordered(a, d), ordered(c, b)];
        if a == d || c == b || fresh[0] == fresh[1] || fresh.iter().any(|link| known.contains(link)) {
            continue;
        }
        known.remove(&ordered(a, b));
        known.remove(&ordered(c, d));
        known.extend(fresh);
        (links[i], links[j]) = ((a, d), (c, b));
    }
}

/// D. Watts and S. Strogatz, "Collective dynamics of 'small-world' networks", Nature 393 (1998): with the probability
/// `rewire`, each link of the lattice keeps its first end and gets a new second one.
pub(super) fn small_world(members: u32, degree: u32, rewire: Ratio, rng: &mut ChaCha8Rng) -> Vec<(u32, u32)> {
    let mut links: Vec<_> = lattice(members, degree / 2).collect();
    let mut known: FixedSet<(u32, u32)> = FixedSet::default();
    let mut degrees = vec![degree; members as usize];
    known.extend(links.iter().map(|(a, b)| ordered(*a, *b)));
    for (a, b) in &mut links {
        // Somebody who is linked to everybody has nobody new.
        if !rewire.happens(rng.next_u64()) || degrees[*a as usize] == members - 1 {
            continue;
        }
        let new = loop {
            let new = pick(rng, members as usize) as u32;
            if new != *a && !known.contains(&ordered(*a, new)) {
                break new;
            }
        };
        known.remove(&ordered(*a, *b));
        known.insert(ordered(*a, new));
        degrees[*b as usize] -= 1;
        degrees[new as usize] += 1;
        *b = new;
    }
    links
}

/// A.-L. Barabási and R. Albert, "Emergence of scaling in random networks", Science 286 (1999). The first `links + 1`
/// members are a full mesh. Who has d links stands d times among the ends of links, so that drawing an end draws a
/// member in proportion to its links.
pub(super) fn scale_free(members: u32, links: u32, rng: &mut ChaCha8Rng) -> Vec<(u32, u32)> {
    let core = members.min(links.saturating_add(1));
    let mut drawn: Vec<(u32, u32)> = (0..core).flat_map(|a| (0..a).map(move |b| (b, a))).collect();
    let mut friends: Vec<u32> = Vec::new();
    for newcomer in core..members {
        friends.clear();
        while friends.len() < links as usize {
            let end = pick(rng, 2 * drawn.len());
            let (a, b) = drawn[end / 2];
            let friend = if end.is_multiple_of(2) { a } else { b };
            if !friends.contains(&friend) {
                friends.push(friend);
            }
        }
        drawn.extend(friends.iter().map(|friend| (*friend, newcomer)));
    }
    drawn
}

fn ordered(a: u32, b: u32) -> (u32, u32) {
    (a.min(b), a.max(b))
}

fn pick(rng: &mut ChaCha8Rng, n: usize) -> usize {
    below(rng.next_u64(), n as u64) as usize
}
