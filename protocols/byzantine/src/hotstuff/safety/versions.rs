//! What traitors proposed in several versions, to whom, and what came of each, for the page of a run.

use sim_core::ground::Ground;
use sim_core::identity::NodeId;
use sim_core::ordered::OrderedMap;
use sim_core::outcome::Table;

use super::super::blocks::Proposal;
use super::super::vocabulary::HotstuffObservation;
use crate::signers::Signers;

/// The table has no more rows.
const MOST_ROWS: usize = 100;

/// One version of what a traitor proposed in a view.
#[derive(Clone, Debug)]
struct Version {
    by: NodeId,
    height: u64,
    digest: u64,
    told: Signers,
    voted: Signers,
    certified: Signers,
    committed: Signers,
}

/// What traitors proposed, by view.
#[derive(Clone, Debug, Default)]
pub(super) struct Versions {
    versions: OrderedMap<u64, Vec<Version>>,
}

impl Versions {
    /// Somebody proposes something to somebody.
    pub(super) fn told(&mut self, ground: &Ground, proposal: &Proposal, to: NodeId) {
        let (by, block) = (proposal.vote.signer(), &proposal.block);
        if ground.honest(by) {
            return;
        }
        let versions = self.versions.entry(block.view).or_default();
        let digest = block.hash();
        let place = versions.iter().position(|version| version.digest == digest).unwrap_or_else(|| {
            let none = Signers::default;
            let (told, voted, certified, committed) = (none(), none(), none(), none());
            versions.push(Version { by, height: block.height, digest, told, voted, certified, committed });
            versions.len() - 1
        });
        versions[place].told.insert(to);
    }

    /// What an honest member makes of it.
    pub(super) fn observe(&mut self, node: NodeId, observation: &HotstuffObservation) {
        let (view, digest) = match *observation {
            HotstuffObservation::Voted { view, digest, .. }
            | HotstuffObservation::Certified { view, digest, .. }
            | HotstuffObservation::Committed { view, digest, .. } => (view, digest.0),
            _ => return,
        };
        let Some(versions) = self.versions.get_mut(&view) else { return };
        let Some(version) = versions.iter_mut().find(|version| version.digest == digest) else { return };
        let nodes = match observation {
            HotstuffObservation::Voted { .. } => &mut version.voted,
            HotstuffObservation::Certified { .. } => &mut version.certified,
            _ => &mut version.committed,
        };
        nodes.insert(node);
    }

    /// All views in which there were several.
    pub(super) fn table(&self) -> Option<Table> {
        let several = self.versions.iter().filter(|(_, versions)| versions.len() > 1);
        let mut rows: Vec<Vec<String>> =
            several.flat_map(|(view, versions)| versions.iter().map(|version| row(*view, version))).collect();
        let omitted = rows.len().saturating_sub(MOST_ROWS) as u64;
        rows.truncate(MOST_ROWS);
        let columns =
            ["where", "who lied", "block", "told to", "voted for by", "certificate seen by", "committed by"];
        (!rows.is_empty()).then(|| Table {
            title: "Blocks in several versions: who lied, to whom, who believed it, and what came of it"
                .to_owned(),
            columns: columns.map(str::to_owned).to_vec(),
            rows,
            omitted,
        })
    }
}

fn row(view: u64, version: &Version) -> Vec<String> {
    let names = |nodes: &Signers| {
        let names: Vec<String> = nodes.iter().map(|node| node.to_string()).collect();
        if names.is_empty() { "nobody".to_owned() } else { names.join(", ") }
    };
    vec![
        format!("view {view}, height {}", version.height),
        version.by.to_string(),
        format!("{:016x}", version.digest),
        names(&version.told),
        names(&version.voted),
        names(&version.certified),
        names(&version.committed),
    ]
}
