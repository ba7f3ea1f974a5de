//! Where shards may be: in a folder that is named, in those directly in it, and in its `shards`.

use std::path::{Path, PathBuf};

use serde_json::Value;
use sim_core::ordered::OrderedSet;

use super::{KEPT, Refused};
use crate::artefact::{read_text, whole_lines};
use crate::campaign::Seal;
use crate::explore::STATE;
use crate::shard::Shard;
use crate::sweep::RUNS;

/// A folder of shards beside each other.
pub const SHARDS: &str = "shards";

/// The longest file, or first line, that is looked into for what it is, in bytes.
const LARGEST: u64 = 64 << 20;

/// Every folder that holds a campaign or a shard of one, in an order that does not depend on how they are named. Folders
/// without any are refused.
pub(super) fn leaves(folders: &[PathBuf], refused: &mut Vec<Refused>) -> Vec<PathBuf> {
    let mut found: OrderedSet<PathBuf> = OrderedSet::new();
    for folder in folders {
        let mut below: Vec<PathBuf> = if is_leaf(folder) { vec![folder.clone()] } else { Vec::new() };
        for child in children(folder) {
            let name = child.file_name().unwrap_or_default().to_owned();
            if is_leaf(&child) {
                below.push(child);
            } else if name == SHARDS || name == KEPT {
                below.extend(children(&child).into_iter().filter(|grandchild| is_leaf(grandchild)));
            }
        }
        if below.is_empty() {
            let why = match folder {
                _ if folder.is_dir() => "there is no shard in it",
                _ if folder.exists() => "it is a file, not a folder",
                _ => "there is no such folder",
            };
            refused.push(Refused { path: folder.clone(), why: why.to_owned() });
        }
        found.extend(below);
    }
    found.into_iter().collect()
}

fn is_leaf(folder: &Path) -> bool {
    [Seal::NAME, STATE, RUNS].iter().any(|name| folder.join(name).is_file())
}

fn children(folder: &Path) -> Vec<PathBuf> {
    // A folder that cannot be listed has nothing in it that could be merged.
    let entries = folder.read_dir().into_iter().flatten().flatten().map(|entry| entry.path());
    let mut children: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    children.sort_unstable();
    children
}

/// The shard that an unsealed folder holds a part of; none if it holds a campaign in one piece, or something else.
pub(super) fn unfinished(folder: &Path) -> Option<Shard> {
    let state = read_text(&folder.join(STATE), LARGEST).ok();
    let state = state.and_then(|text| serde_json::from_str::<Value>(&text).ok());
    let first = || whole_lines(&folder.join(RUNS), LARGEST).ok()?.next()?.ok();
    let shard = match state {
        Some(state) => state["identity"]["shard"].as_str()?.parse(),
        None => serde_json::from_str::<Value>(&first()?).ok()?["shard"].as_str()?.parse(),
    };
    shard.ok()
}
