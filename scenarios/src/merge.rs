//! Putting shards together: which folders hold which shards of one campaign, what is refused, and what is missing.
//!
//! Merging is commutative, associative and idempotent: what comes out depends on the set of shards alone. A set that is not
//! whole is kept shard by shard, so that it can be merged further.

mod find;
mod keep;

use std::path::{Path, PathBuf};

use sim_core::digest::RunDigest;
use sim_core::ordered::OrderedMap;

use crate::ENGINE;
use crate::artefact::path_text;
use crate::campaign::{Campaign, Seal, SealError};
use crate::explore;
use crate::parallel::on_all_cores;
use crate::shard::Shard;
use crate::sweep;

pub use find::SHARDS;
pub use keep::{KEPT, drop_kept, keep};

/// What was found in folders.
#[derive(Debug)]
pub struct Gathered {
    /// The campaign that most shards are of.
    pub campaign: Campaign,
    /// Into how many shards it is divided.
    pub of: u32,
    /// Its shards that are whole, and where.
    pub parts: OrderedMap<Shard, PathBuf>,
    /// Folders that may hold the campaign in one piece.
    pub wholes: Vec<PathBuf>,
    /// What was refused.
    pub refused: Vec<Refused>,
}

/// A folder that was refused.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Refused {
    /// Which one.
    pub path: PathBuf,
    /// Why.
    pub why: String,
}

/// Why nothing can be merged.
#[derive(Debug, thiserror::Error)]
pub enum MergeError {
    /// No folder holds a shard that is whole.
    #[error("merge: no folder holds a shard that is at its end{}", list(.0))]
    NoShard(Vec<Refused>),
    /// Two folders hold one shard, and their runs differ: a run is not deterministic.
    #[error(
        "merge: shard {shard} has other runs in {} than in {}: a run is not deterministic, or a machine is broken",
        path_text(one),
        path_text(other)
    )]
    Clash {
        /// The shard.
        shard: Shard,
        /// Where it is.
        one: PathBuf,
        /// Where it is, too.
        other: PathBuf,
    },
}

fn list(refused: &[Refused]) -> String {
    refused.iter().map(|Refused { path, why }| format!("\n  {}: {why}", path_text(path))).collect()
}

impl Gathered {
    /// The shards that are not there.
    pub fn missing(&self) -> Vec<Shard> {
        Shard::all(self.of).filter(|shard| !self.parts.contains_key(shard)).collect()
    }

    /// Refuses a shard after all.
    pub fn refuse(&mut self, path: &Path, why: String) {
        self.parts.retain(|_, kept| kept != path);
        self.refused.push(Refused { path: path.to_owned(), why });
    }
}

/// A whole shard and where it is.
struct Candidate {
    path: PathBuf,
    seal: Seal,
}

impl Candidate {
    /// What all shards of one campaign have in common.
    fn key(&self) -> (u32, String) {
        (self.seal.shard.of(), serde_json::to_string(&self.seal.campaign).unwrap_or_default())
    }

    /// The digest of its runs, or of what they come to.
    fn digest(&self) -> Option<&RunDigest> {
        let name = match self.seal.campaign {
            Campaign::Explore(_) => explore::STATE,
            Campaign::Sweep(_) => sweep::RUNS,
        };
        self.seal.files.get(name)
    }
}

/// Looks for shards in folders, and in the folders of shards in them.
///
/// # Errors
/// If there is no shard, or a shard is there twice with other runs.
pub fn gather(folders: &[PathBuf], build: &str) -> Result<Gathered, MergeError> {
    let mut refused = Vec::new();
    let (mut candidates, mut wholes) = (Vec::new(), Vec::new());
    let leaves = find::leaves(folders, &mut refused);
    // Every file is read once to the end for its digest.
    let seals = on_all_cores(&leaves, |path| Seal::read(path));
    for (path, seal) in leaves.into_iter().zip(seals) {
        match seal {
            Ok(seal) => match foreign(&seal, build) {
                Some(why) => refused.push(Refused { path, why }),
                None => candidates.push(Candidate { path, seal }),
            },
            Err(SealError::None) => match find::unfinished(&path) {
                Some(shard) => {
                    let why = format!("shard {shard} is not at its end; --resume goes on with it");
                    refused.push(Refused { path, why });
                }
                None => wholes.push(path),
            },
            Err(error) => refused.push(Refused { path, why: error.to_string() }),
        }
    }
    let Some(chosen) = most_common(&candidates) else {
        let why = "there is no shard of this campaign beside it".to_owned();
        refused.extend(wholes.into_iter().map(|path| Refused { path, why: why.clone() }));
        return Err(MergeError::NoShard(refused));
    };
    let (campaign, of) = (chosen.seal.campaign.clone(), chosen.seal.shard.of());
    let mut parts: OrderedMap<Shard, Candidate> = OrderedMap::new();
    for candidate in candidates {
        let Seal { shard, campaign: theirs, .. } = &candidate.seal;
        if *theirs != campaign {
            refused.push(Refused { why: theirs.unlike(&campaign), path: candidate.path });
        } else if shard.of() != of {
            let why = format!("it is one of {} shards, not of {of}", shard.of());
            refused.push(Refused { path: candidate.path, why });
        } else if let Some(known) = parts.get(shard) {
            if known.digest() != candidate.digest() {
                let (one, other) = (known.path.clone(), candidate.path);
                return Err(MergeError::Clash { shard: *shard, one, other });
            }
        } else {
            parts.insert(*shard, candidate);
        }
    }
    let parts = parts.into_iter().map(|(shard, candidate)| (shard, candidate.path)).collect();
    Ok(Gathered { campaign, of, parts, wholes, refused })
}

/// Why a shard is not of this program.
fn foreign(seal: &Seal, build: &str) -> Option<String> {
    if seal.engine != ENGINE {
        Some(format!("it is of engine {}, and this is engine {ENGINE}", seal.engine))
    } else if seal.build != build {
        Some(format!("it is of another build of this program: {}, and this is {build}", seal.build))
    } else {
        None
    }
}

/// A shard of the campaign that most are of; of several the one whose description comes first, whatever the order of folders.
fn most_common(candidates: &[Candidate]) -> Option<&Candidate> {
    let mut counts: OrderedMap<(u32, String), (usize, usize)> = OrderedMap::new();
    for (index, candidate) in candidates.iter().enumerate() {
        counts.entry(candidate.key()).or_insert((0, index)).0 += 1;
    }
    let most = counts.values().map(|(count, _)| *count).max()?;
    counts.values().find(|(count, _)| *count == most).map(|(_, index)| &candidates[*index])
}
