//! Which links a message takes where not everybody is linked to everybody.

use std::borrow::Cow;
use std::collections::VecDeque;

use crate::graph::Graph;

/// Cached next hops may take this much memory; beyond, all are forgotten and worked out again.
const MOST_CACHED: usize = 16 << 20;

/// Shortest paths in a graph of members. Slots beyond it (clients, joiners) are linked to everybody.
#[derive(Clone, Debug)]
pub(super) struct Routes {
    graph: Graph,
    /// For each destination that was asked for, the next hop from each member.
    next: Vec<Option<Box<[u32]>>>,
    cached: usize,
}

impl Routes {
    pub(super) fn new(graph: Graph) -> Self {
        let next = vec![None; graph.members()];
        Self { graph, next, cached: 0 }
    }

    fn linked(&self, from: usize, to: usize) -> bool {
        from.max(to) >= self.graph.members() || self.graph.neighbors(from).binary_search(&(to as u32)).is_ok()
    }

    /// Works out the way to a destination once, for the [`Routes::path`]s that follow.
    pub(super) fn prepare(&mut self, from: usize, to: usize) {
        if self.linked(from, to) || self.next[to].is_some() {
            return;
        }
        if (self.cached + 1) * self.graph.members() > MOST_CACHED {
            self.next.fill(None);
            self.cached = 0;
        }
        self.next[to] = Some(next_hops(&self.graph, to));
        self.cached += 1;
    }

    /// Who is on the ways between some members, in order: those that speak through others cross the links of these.
    ///
    /// All members where there are so many that looking at each way would take too long.
    pub(super) fn between(&self, ends: &[usize]) -> Vec<usize> {
        let members = self.graph.members();
        if ends.len().saturating_mul(members) > MOST_CACHED {
            return (0..members).collect();
        }
        let mut on_the_way = vec![false; members];
        for &to in ends.iter().filter(|end| **end < members) {
            let next = next_hops(&self.graph, to);
            let mut seen = vec![false; members];
            for &from in ends.iter().filter(|end| **end < members) {
                let mut at = from;
                while at != to && !std::mem::replace(&mut seen[at], true) {
                    on_the_way[at] = true;
                    at = next[at] as usize;
                }
            }
            on_the_way[to] |= ends.len() > 1;
        }
        (0..members).filter(|member| on_the_way[*member]).collect()
    }

    /// The hops from one slot to another, as pairs of slots; none from a slot to itself.
    pub(super) fn path(&self, from: usize, to: usize) -> Path<'_> {
        let next = if from == to || self.linked(from, to) {
            None
        } else {
            let cached = self.next[to].as_deref();
            Some(cached.map_or_else(|| Cow::Owned(next_hops(&self.graph, to).into_vec()), Cow::Borrowed))
        };
        Path { at: from, to, next }
    }
}

/// The hops of one message.
#[derive(Clone, Debug)]
pub(super) struct Path<'a> {
    at: usize,
    to: usize,
    /// The next hop from each member, unless the ends are linked.
    next: Option<Cow<'a, [u32]>>,
}

impl Iterator for Path<'_> {
    type Item = (usize, usize);

    fn next(&mut self) -> Option<Self::Item> {
        if self.at == self.to {
            return None;
        }
        let hop = (self.at, self.next.as_ref().map_or(self.to, |next| next[self.at] as usize));
        self.at = hop.1;
        Some(hop)
    }
}

/// The next hop from each member toward `to`, breadth first; among equals, through the lowest slot nearest to `to`.
fn next_hops(graph: &Graph, to: usize) -> Box<[u32]> {
    let mut next = vec![u32::MAX; graph.members()].into_boxed_slice();
    next[to] = to as u32;
    let mut queue = VecDeque::from([to]);
    while let Some(at) = queue.pop_front() {
        for &neighbor in graph.neighbors(at) {
            if next[neighbor as usize] == u32::MAX {
                next[neighbor as usize] = at as u32;
                queue.push_back(neighbor as usize);
            }
        }
    }
    next
}

#[cfg(test)]
mod tests {
    use super::Routes;
    use crate::graph::Graph;
    use crate::graph::Topology;

    fn routes(topology: &Topology, members: u32) -> Routes {
        Routes::new(Graph::build(topology, members, 1).unwrap().unwrap())
    }

    #[test]
    fn a_ring_is_crossed_the_short_way() {
        let mut routes = routes(&Topology::Ring, 6);
        let expected = [(1, 0), (0, 5), (5, 4)];
        assert_eq!(routes.path(0, 4).collect::<Vec<_>>(), expected[1..]);
        routes.prepare(1, 5);
        assert_eq!(routes.path(1, 5).collect::<Vec<_>>(), expected[..2]);
        assert_eq!(routes.path(2, 2).count(), 0);
        assert_eq!(routes.path(2, 3).collect::<Vec<_>>(), [(2, 3)]);
        // A client.
        assert_eq!(routes.path(6, 3).collect::<Vec<_>>(), [(6, 3)]);
    }

    #[test]
    fn paths_are_as_short_as_they_can_be() {
        let mut routes = routes(&Topology::RandomRegular { degree: 3 }, 40);
        // Floyd and Warshall's distances as the oracle.
        let n = 40;
        let pairs = || (0..n).flat_map(|a| (0..n).map(move |b| (a, b)));
        let mut distance = vec![vec![1_000_usize; n]; n];
        for (a, b) in pairs().filter(|(a, b)| a == b || routes.linked(*a, *b)) {
            distance[a][b] = usize::from(a != b);
        }
        for via in 0..n {
            for (a, b) in pairs() {
                distance[a][b] = distance[a][b].min(distance[a][via] + distance[via][b]);
            }
        }
        for (a, b) in pairs() {
            routes.prepare(a, b);
            let path: Vec<_> = routes.path(a, b).collect();
            assert_eq!(path.len(), distance[a][b]);
            assert!(path.iter().all(|(x, y)| routes.linked(*x, *y)));
            assert!(path.windows(2).all(|hops| hops[0].1 == hops[1].0));
        }
    }

    #[test]
    fn whoever_is_on_the_way_between_some_is_found() {
        let ring = routes(&Topology::Ring, 7);
        assert_eq!(ring.between(&[0, 3]), [0, 1, 2, 3]);
        assert_eq!(ring.between(&[0, 3, 5]), [0, 1, 2, 3, 4, 5, 6]);
        assert_eq!(ring.between(&[5, 6]), [5, 6]);
        assert_eq!(ring.between(&[2, 9]), [2], "a client is linked to everybody");
        let random = routes(&Topology::RandomRegular { degree: 3 }, 30);
        let ends = [3, 11, 20, 28];
        let mut slow: Vec<usize> = ends
            .iter()
            .flat_map(|from| ends.iter().map(move |to| (*from, *to)))
            .flat_map(|(from, to)| random.path(from, to).flat_map(|(a, b)| [a, b]).collect::<Vec<_>>())
            .collect();
        slow.sort_unstable();
        slow.dedup();
        assert_eq!(random.between(&ends), slow);
    }

    #[test]
    fn forgotten_routes_are_found_again() {
        let mut routes = routes(&Topology::Ring, 5);
        routes.prepare(0, 2);
        let before: Vec<_> = routes.path(0, 2).collect();
        routes.next.fill(None);
        assert_eq!(routes.path(0, 2).collect::<Vec<_>>(), before);
    }
}
