//! Clusters of operations around one value, and the chains that swaps make of them.

use super::super::conflict::{Conflict, Reason};
use super::super::nearly::sort_nearly;
use super::super::object::{Call, Object};
use super::{value_of, writes};
use crate::operation::{Operation, Reply};

const NONE: u32 = u32::MAX;

/// Where each operation stands.
pub(super) struct Chains {
    /// The cluster of each call; `NONE` if it takes no part.
    cluster_of: Vec<u32>,
    /// Cluster 0 is the unwritten value.
    clusters: Vec<Cluster>,
    chains: u32,
}

#[derive(Clone, Copy)]
struct Cluster {
    /// The call that wrote the value; `NONE` for cluster 0.
    writer: u32,
    /// The cluster that a swap came from and the one that a swap goes to.
    from: u32,
    to: u32,
    chain: u32,
    depth: u32,
    seen: bool,
}

impl Cluster {
    const fn new(writer: u32) -> Self {
        Self { writer, from: NONE, to: NONE, chain: NONE, depth: 0, seen: false }
    }
}

impl Chains {
    /// Sorts the calls into clusters and chains. `None` if a value was written twice.
    ///
    /// # Errors
    /// If swaps contradict each other, or a value was seen that nobody wrote.
    pub(super) fn build(object: &Object<'_>) -> Result<Option<Self>, Conflict> {
        let Some(values) = Values::new(object) else { return Ok(None) };
        let mut clusters = vec![Cluster::new(NONE)];
        clusters.extend(values.writers.iter().map(|(_, writer)| Cluster::new(*writer)));
        let mut chains = Self { cluster_of: vec![NONE; object.calls.len()], clusters, chains: 0 };
        chains.assign(object, &values)?;
        chains.see_origins(object, &values);
        chains.drop_unseen(object);
        chains.link(object, &values)?;
        chains.number(object)?;
        Ok(Some(chains))
    }

    /// The chain of a call and its place in it: reads of a value come after its writer.
    pub(super) fn place(&self, call: u32) -> Option<(u32, u64)> {
        let number = self.cluster_of[call as usize];
        let cluster = self.clusters.get(number as usize)?;
        Some((cluster.chain, u64::from(cluster.depth) << 1 | u64::from(cluster.writer != call)))
    }

    pub(super) fn count(&self) -> usize {
        self.chains as usize
    }

    /// Puts every call into the cluster of the value that it shows.
    fn assign(&mut self, object: &Object<'_>, values: &Values) -> Result<(), Conflict> {
        for (i, call) in object.calls.iter().enumerate() {
            let Some(value) = value_of(call) else { continue };
            let Some(cluster) = values.cluster(value) else {
                return Err(never_written(call, value));
            };
            self.cluster_of[i] = cluster;
            // What is known to have happened shows itself; a pending write is seen by others only.
            self.clusters[cluster as usize].seen |= call.reply.is_some();
        }
        Ok(())
    }

    /// A swap that is seen saw the value that it came from.
    fn see_origins(&mut self, object: &Object<'_>, values: &Values) {
        for start in 1..self.clusters.len() {
            let mut number = start;
            // Each step marks a cluster that was not marked, so all walks together are linear.
            while self.clusters[number].seen {
                let Some(from) = self.origin(object, values, number) else { break };
                if self.clusters[from as usize].seen {
                    break;
                }
                self.clusters[from as usize].seen = true;
                number = from as usize;
            }
        }
    }

    fn origin(&self, object: &Object<'_>, values: &Values, cluster: usize) -> Option<u32> {
        match object.calls.get(self.clusters[cluster].writer as usize)?.operation {
            Operation::Cas { from, .. } => values.cluster(from),
            _ => None,
        }
    }

    /// A write that may never have happened and that nobody saw takes no part.
    fn drop_unseen(&mut self, object: &Object<'_>) {
        for (cluster, call) in self.cluster_of.iter_mut().zip(&object.calls) {
            if call.reply.is_none() && self.clusters.get(*cluster as usize).is_some_and(|c| !c.seen) {
                *cluster = NONE;
            }
        }
    }

    fn link(&mut self, object: &Object<'_>, values: &Values) -> Result<(), Conflict> {
        for number in (1..).take(self.clusters.len() - 1) {
            let cluster = self.clusters[number as usize];
            let call = &object.calls[cluster.writer as usize];
            let Operation::Cas { from: value, .. } = call.operation else { continue };
            if !cluster.seen {
                continue;
            }
            let from = values.cluster(value).ok_or_else(|| never_written(call, value))?;
            let rival = self.clusters[from as usize].to;
            if rival != NONE {
                let other = object.calls[self.clusters[rival as usize].writer as usize].index;
                let operations = vec![other.min(call.index), other.max(call.index)];
                return Err(Conflict { operations, reason: Reason::SwappedTwice { value } });
            }
            self.clusters[from as usize].to = number;
            self.clusters[number as usize].from = from;
        }
        Ok(())
    }

    /// Numbers the chains from their heads; what no head leads to is a cycle.
    fn number(&mut self, object: &Object<'_>) -> Result<(), Conflict> {
        for head in 0..self.clusters.len() {
            let cluster = self.clusters[head];
            if cluster.from != NONE || (head > 0 && !cluster.seen) {
                continue;
            }
            let (mut number, mut depth) = (head, 0);
            loop {
                let cluster = &mut self.clusters[number];
                (cluster.chain, cluster.depth) = (self.chains, depth);
                if cluster.to == NONE {
                    break;
                }
                number = cluster.to as usize;
                depth += 1;
            }
            self.chains += 1;
        }
        let lost = |cluster: &&Cluster| cluster.seen && cluster.chain == NONE;
        match self.clusters.iter().find(lost) {
            Some(cluster) => Err(cycle(object, &self.clusters, cluster)),
            None => Ok(()),
        }
    }
}

fn never_written(call: &Call<'_>, value: Option<u64>) -> Conflict {
    let reason = Reason::NeverWritten { value: value.unwrap_or_default() };
    Conflict { operations: vec![call.index], reason }
}

fn cycle(object: &Object<'_>, clusters: &[Cluster], on_it: &Cluster) -> Conflict {
    let mut operations = Vec::new();
    let mut cluster = on_it;
    loop {
        operations.push(object.calls[cluster.writer as usize].index);
        cluster = &clusters[cluster.to as usize];
        if cluster.writer == on_it.writer {
            break;
        }
    }
    operations.sort_unstable();
    let value = value_of(&object.calls[on_it.writer as usize]).flatten().unwrap_or_default();
    Conflict { operations, reason: Reason::SwapCycle { value } }
}

/// The cluster of each value, counted from 1 in ascending order of values.
struct Values {
    /// `(value, call that wrote it)`, by value.
    writers: Vec<(u64, u32)>,
    /// The cluster of each small value, if values are dense enough for a table.
    table: Vec<u32>,
}

impl Values {
    /// `None` if a value was written twice.
    fn new(object: &Object<'_>) -> Option<Self> {
        let mut writers: Vec<(u64, u32)> = (0..)
            .zip(&object.calls)
            .filter(|(_, call)| writes(call))
            .filter_map(|(i, call)| value_of(call).flatten().map(|value| (value, i)))
            .collect();
        sort_nearly(&mut writers, |item| *item);
        if writers.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return None;
        }
        let largest = writers.last().map_or(0, |(value, _)| *value);
        let mut table = Vec::new();
        if largest / 4 <= object.calls.len() as u64 {
            table = vec![NONE; largest as usize + 1];
            for (cluster, (value, _)) in (1..).zip(&writers) {
                table[*value as usize] = cluster;
            }
        }
        Some(Self { writers, table })
    }

    fn cluster(&self, value: Option<u64>) -> Option<u32> {
        let Some(value) = value else { return Some(0) };
        if self.table.is_empty() {
            let place = self.writers.binary_search_by_key(&value, |(value, _)| *value).ok()?;
            return u32::try_from(place + 1).ok();
        }
        self.table.get(value as usize).copied().filter(|cluster| *cluster != NONE)
    }
}

/// Whether a call is a swap that saw another value.
pub(super) fn mismatch(call: &Call<'_>) -> bool {
    call.reply == Some(&Reply::Mismatch)
}
