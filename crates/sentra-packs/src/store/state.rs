//! `active.json`: which packs are installed, which versions are active, and how it came to that.

use std::collections::BTreeMap;
use std::path::Path;

use sentra_model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::PackError;
use crate::name::{PackId, PackVersion};

/// Form of the file; one of a newer form is refused.
const FORMAT: u32 = 1;
/// Steps that are remembered; older ones are only counted.
pub const HISTORY_STEPS_MAX: usize = 10_000;
/// Packs that may be installed.
pub const INSTALLED_PACKS_MAX: usize = 1_000;
/// Versions of one pack that may be installed.
pub const INSTALLED_VERSIONS_MAX: usize = 100;
/// Largest `active.json`, in bytes.
const STATE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// What was done to a pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StepKind {
    /// Its first version was activated.
    Install,
    /// A higher version was activated.
    Upgrade,
    /// Another installed version was activated.
    Rollback,
    /// It, or one version of it, was removed.
    Remove,
}

impl StepKind {
    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Install => "install",
            Self::Upgrade => "upgrade",
            Self::Rollback => "rollback",
            Self::Remove => "remove",
        }
    }
}

/// One step of the history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepRecord {
    /// When, as the caller said.
    pub at: Timestamp,
    /// Who, as the caller said.
    pub who: String,
    /// What was done.
    pub step: StepKind,
    /// To which pack.
    pub id: PackId,
    /// The version that was active, or that was removed.
    pub from: Option<PackVersion>,
    /// The version that is active.
    pub to: Option<PackVersion>,
    /// The digest of that version.
    pub digest: Option<String>,
    /// The id of the key that version is signed with.
    pub signer: Option<String>,
    /// Whether that key was trusted. Where it was not, somebody allowed it.
    pub trusted: bool,
}

/// An installed version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionRecord {
    /// The version.
    pub version: PackVersion,
    /// The digest of the pack.
    pub digest: String,
    /// The id of the key it is signed with.
    pub signer: Option<String>,
    /// Whether that key was trusted when it was activated last.
    pub trusted: bool,
    /// When it was installed.
    pub installed: Timestamp,
    /// By whom.
    pub who: String,
}

/// An installed pack. One of its versions is active.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstalledPack {
    /// The version that is active.
    pub active: PackVersion,
    /// The versions that are there, in their order.
    pub versions: Vec<VersionRecord>,
}

impl InstalledPack {
    /// The record of a version.
    #[must_use]
    pub fn version(&self, version: &PackVersion) -> Option<&VersionRecord> {
        self.versions.iter().find(|record| record.version == *version)
    }

    /// The highest version below the active one.
    pub(crate) fn previous(&self) -> Option<&VersionRecord> {
        self.versions.iter().rev().find(|record| record.version < self.active)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct State {
    format: u32,
    pub(crate) packs: BTreeMap<PackId, InstalledPack>,
    pub(crate) history: Vec<StepRecord>,
    /// Steps that are not remembered any more.
    pub(crate) forgotten: u64,
}

impl Default for State {
    fn default() -> Self {
        Self { format: FORMAT, packs: BTreeMap::new(), history: Vec::new(), forgotten: 0 }
    }
}

impl State {
    /// What stands in `path`; `None` where it does not exist.
    pub(crate) fn load(path: &Path) -> Result<Option<Self>, PackError> {
        let wrong = |message: String| PackError::State { path: path.to_owned(), message };
        match std::fs::metadata(path) {
            Ok(metadata) if metadata.len() > STATE_BYTES_MAX => {
                return Err(wrong(format!("more than {STATE_BYTES_MAX} bytes")));
            }
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(PackError::Read { path: path.to_owned(), source }),
        }
        let bytes = std::fs::read(path).map_err(PackError::read(path))?;
        let state: Self = serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string()))?;
        if state.format != FORMAT {
            return Err(wrong(format!("its form is {}, and this Sentra knows {FORMAT}", state.format)));
        }
        let is_whole = |pack: &InstalledPack| pack.version(&pack.active).is_some();
        if let Some((id, _)) = state.packs.iter().find(|(_, pack)| !is_whole(pack)) {
            return Err(wrong(format!("the active version of {id} is not among its versions")));
        }
        Ok(Some(state))
    }

    pub(crate) fn text(&self) -> Result<Vec<u8>, PackError> {
        let text = serde_json::to_vec_pretty(self);
        text.map_err(|error| PackError::State { path: "active.json".into(), message: error.to_string() })
    }

    pub(crate) fn record(&mut self, step: StepRecord) {
        self.history.push(step);
        let over = self.history.len().saturating_sub(HISTORY_STEPS_MAX);
        self.history.drain(..over);
        self.forgotten += over as u64;
    }
}
