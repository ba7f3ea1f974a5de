//! The seal of a shard: which part of which campaign a folder holds, and the digest of each file. It is written last, so a
//! folder without one is not at its end, and one whose files do not match is damaged.

use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sim_core::digest::RunDigest;
use sim_core::ordered::OrderedMap;
use sim_core::tree;

use super::Campaign;
use crate::ENGINE;
use crate::artefact::{WriteError, digest_of, read_text, write};
use crate::document::Complaint;
use crate::scenario::hash;
use crate::shard::Shard;

/// The version of the format.
const SCHEMA: &str = "seedstorm.shard/1";

/// The largest seal that is read, in bytes: 64 MiB.
const LARGEST: u64 = 64 << 20;

/// What a folder holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seal {
    schema: String,
    /// The number of the engine that made its runs.
    pub engine: u32,
    /// The program that made its runs.
    pub build: String,
    /// Which part it is.
    pub shard: Shard,
    /// Of what.
    pub campaign: Campaign,
    /// The digest of each of its files, by name.
    pub files: OrderedMap<String, RunDigest>,
}

/// Why a folder is no whole shard.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// There is no seal.
    #[error("it has no {}", Seal::NAME)]
    None,
    /// The seal, or a file, is not what was written.
    #[error("it is damaged: {0}")]
    Damaged(String),
}

/// Seals a shard that is at its end: these files are what it holds.
///
/// # Errors
/// If a file cannot be read or the seal cannot be written.
pub fn seal(
    folder: &Path,
    build: &str,
    shard: Shard,
    campaign: &Campaign,
    files: &[String],
) -> Result<(), WriteError> {
    let path = folder.join(Seal::NAME);
    let failed = |error| WriteError { path: path.clone(), error };
    let mut digests = OrderedMap::new();
    for name in files {
        digests.insert(name.clone(), digest_of(&folder.join(name)).map_err(failed)?);
    }
    let seal = Seal {
        schema: SCHEMA.to_owned(),
        engine: ENGINE,
        build: build.to_owned(),
        shard,
        campaign: campaign.clone(),
        files: digests,
    };
    let text = seal.to_json().map_err(|error| failed(io::Error::from(error)))?;
    write(&path, text.as_bytes())
}

impl Seal {
    /// The name of its file.
    pub const NAME: &'static str = "shard.json";

    /// Reads the seal of a folder and compares the folder's files with it.
    ///
    /// # Errors
    /// If there is none, or something is not as it was written.
    pub fn read(folder: &Path) -> Result<Self, SealError> {
        let text = match read_text(&folder.join(Self::NAME), LARGEST) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(SealError::None),
            Err(error) => return Err(SealError::Damaged(format!("{}: {error}", Self::NAME))),
        };
        let seal =
            Self::from_json(&text).map_err(|why| SealError::Damaged(format!("{}: {why}", Self::NAME)))?;
        for (name, digest) in &seal.files {
            let found = digest_of(&folder.join(name));
            let found = found.map_err(|error| SealError::Damaged(format!("{name}: {error}")))?;
            if found != *digest {
                let why = "is not what it was when the shard ended, or a campaign is at work there";
                return Err(SealError::Damaged(format!("{name} {why}")));
            }
        }
        Ok(seal)
    }

    fn to_json(&self) -> Result<String, serde_json::Error> {
        let mut value = tree::of(self)?;
        let checksum = hash(&value);
        value["checksum"] = checksum.into();
        serde_json::to_string_pretty(&value).map(|text| text + "\n")
    }

    fn from_json(text: &str) -> Result<Self, String> {
        let mut value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if value["schema"] != SCHEMA {
            return Err(format!("its schema is not \"{SCHEMA}\""));
        }
        let checksum = value.as_object_mut().and_then(|table| table.remove("checksum"));
        if checksum != Some(Value::String(hash(&value))) {
            return Err("its checksum does not match its content".to_owned());
        }
        let seal: Self = Complaint::read(&value).map_err(|complaint| complaint.message)?;
        // A name that leads out of the folder is of somebody else.
        let inside = |name: &String| !name.is_empty() && !name.contains(['/', '\\']) && name != "..";
        if seal.files.keys().all(inside) { Ok(seal) } else { Err("a file is not in its folder".to_owned()) }
    }
}
