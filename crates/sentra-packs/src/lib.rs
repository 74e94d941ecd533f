//! Detection content as code: packs of rules, lists, mappings, formats, filters and the samples that prove them.
//!
//! A pack is a directory with a [`Manifest`]; [`Package`] is one version of it in memory, read whole from a directory or
//! from an archive. Its [`Digests`] say what its files are, a [`Signature`] over them who vouches for it, and
//! [`TrustedKeys`] whose word counts. [`PackStore`] keeps the installed versions below the data directory, and
//! [`ContentPlaces`] gives everything that runs: of the binary, the installed packs and directories.
//!
//! # What a pack may be
//!
//! Packs come from elsewhere, so nothing in one is believed before it is checked: an archive is read into memory within
//! limits ([`PACK_FILES_MAX`], [`PACK_BYTES_MAX`], [`PACK_FILE_BYTES_MAX`], [`PACK_LIST_BYTES_MAX`], [`ARCHIVE_BYTES_MAX`]), its
//! paths are relative and plain, and it has regular files only. No file is written before digests and signature hold, and
//! no version is activated before it was compiled with everything that is active and its samples were run.
//!
//! # Invariants
//!
//! A step on the store has happened or has not, whenever the process dies. The crate reads no clock (law TIME): times and
//! names come with the [`Order`]. It opens no socket. It is the only one that reads pack files.

mod archive;
mod check;
mod diff;
mod digests;
mod directory;
mod error;
mod files;
mod keys;
mod kind;
mod lists;
mod load;
mod manifest;
mod name;
mod nearest;
mod package;
mod path;
mod records;
mod samples;
mod scan;
mod signature;
mod store;
mod tree;
mod yaml;

pub use archive::ARCHIVE_BYTES_MAX;
pub use check::{CheckProblem, compile_rules};
pub use diff::{PackDiff, RuleChange, RuleEntry};
pub use digests::{Digests, Tampering};
pub use directory::{built_in_packs, load_rules};
pub use error::PackError;
pub use files::{ListFile, PackFiles};
pub use keys::{PrivateKey, PublicKey, TRUSTED_KEYS_DIRECTORY, TRUSTED_KEYS_MAX, TrustedKeys};
pub use kind::ContentKind;
pub use lists::shared_lists;
pub use load::ContentPlaces;
pub use manifest::{AUTHORS_MAX, DEPENDS_MAX, MANIFEST_BYTES_MAX, Manifest, ManifestProblem};
pub use name::{NameError, PackId, PackLabel, PackVersion};
pub use package::{ARCHIVE_EXTENSION, Package};
pub use path::{PACK_PATH_BYTES_MAX, PACK_PATH_DEPTH_MAX, PackPath};
pub use samples::{SampleFailure, SampleReport, check_samples};
pub use scan::{ScanMatch, Scanner};
pub use signature::{Signature, Standing};
pub use store::{
    ActivePacks, HISTORY_STEPS_MAX, INSTALLED_PACKS_MAX, INSTALLED_VERSIONS_MAX, InstalledPack, Order,
    PACKS_DIRECTORY, PackStore, StepKind, StepRecord, StepReport, Surroundings, VersionRecord, active_packs,
};
pub use tree::{PACK_BYTES_MAX, PACK_FILE_BYTES_MAX, PACK_FILES_MAX, PACK_LIST_BYTES_MAX, PackTree};
