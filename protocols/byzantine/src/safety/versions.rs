//! What traitors proposed in several versions, to whom, and what came of each: for the page of a run.

use sim_core::identity::NodeId;
use sim_core::ordered::OrderedMap;
use sim_core::outcome::Table;

use super::Signatures;
use crate::power::Power;
use crate::signers::Signers;
use crate::vote::{Stage, Statement, Vote};

/// The table has no more rows.
const MOST_ROWS: usize = 100;

/// One version of what a traitor proposed at a view and height.
#[derive(Clone, Debug)]
struct Version {
    by: NodeId,
    digest: u64,
    told: Signers,
    accepted: Signers,
    committed: Signers,
}

/// What traitors proposed, by view and height.
#[derive(Clone, Debug, Default)]
pub struct Versions {
    places: OrderedMap<(u64, u64), Vec<Version>>,
}

/// How a protocol calls these things.
#[derive(Clone, Copy, Debug)]
pub struct Words {
    /// A view.
    pub view: &'static str,
    /// A height.
    pub place: &'static str,
    /// What is proposed.
    pub value: &'static str,
    /// The votes that decide.
    pub votes: &'static str,
    /// The stage of these votes.
    pub stage: Stage,
}

impl Versions {
    /// A traitor proposes something to somebody.
    pub fn told(&mut self, vote: &Vote, to: NodeId) {
        let Statement { view, height, digest, .. } = vote.statement;
        let versions = self.places.entry((view, height)).or_default();
        let place = versions.iter().position(|version| version.digest == digest.0).unwrap_or_else(|| {
            let none = Signers::default;
            let (by, digest) = (vote.signer(), digest.0);
            versions.push(Version { by, digest, told: none(), accepted: none(), committed: none() });
            versions.len() - 1
        });
        versions[place].told.insert(to);
    }

    fn version(&mut self, view: u64, height: u64, digest: u64) -> Option<&mut Version> {
        self.places.get_mut(&(view, height))?.iter_mut().find(|version| version.digest == digest)
    }

    /// An honest member accepted a proposal.
    pub fn accepted(&mut self, view: u64, height: u64, digest: u64, by: NodeId) {
        if let Some(version) = self.version(view, height, digest) {
            version.accepted.insert(by);
        }
    }

    /// An honest member knows that it is decided.
    pub fn committed(&mut self, view: u64, height: u64, digest: u64, by: NodeId) {
        if let Some(version) = self.version(view, height, digest) {
            version.committed.insert(by);
        }
    }

    /// Every proposal that came in several versions, with the votes for each; nothing if there was none.
    pub fn table(
        &self,
        words: Words,
        signatures: &Signatures,
        (power, quorum): (Power, u32),
    ) -> Option<Table> {
        let row = |(view, height): (u64, u64), version: &Version| {
            let names = |nodes: &Signers| {
                let names: Vec<String> = nodes.iter().map(|node| node.to_string()).collect();
                if names.is_empty() { "nobody".to_owned() } else { names.join(", ") }
            };
            let statement = Statement::new(words.stage, view, height, version.digest);
            let voters = signatures.of(&statement).cloned().unwrap_or_default();
            vec![
                format!("{} {view}, {} {height}", words.view, words.place),
                version.by.to_string(),
                format!("{:016x}", version.digest),
                names(&version.told),
                names(&version.accepted),
                format!("{} of {quorum}: {}", power.sum(voters.iter()), names(&voters)),
                names(&version.committed),
            ]
        };
        let several = self.places.iter().filter(|(_, versions)| versions.len() > 1);
        let mut rows: Vec<Vec<String>> = several
            .flat_map(|(place, versions)| versions.iter().map(|version| row(*place, version)))
            .collect();
        let omitted = rows.len().saturating_sub(MOST_ROWS) as u64;
        rows.truncate(MOST_ROWS);
        let columns =
            ["where", "who lied", words.value, "told to", "accepted by", words.votes, "committed by"];
        (!rows.is_empty()).then(|| Table {
            title: "Proposals in several versions: who lied, to whom, who believed it, and what came of it"
                .to_owned(),
            columns: columns.map(str::to_owned).to_vec(),
            rows,
            omitted,
        })
    }
}
