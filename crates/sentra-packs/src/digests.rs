//! The digests of a pack's files: what a signature is about.

use std::collections::BTreeMap;
use std::fmt;

use blake3::Hash;

use crate::name::PackLabel;
use crate::path::{PackPath, Place};
use crate::tree::{PACK_FILES_MAX, PackTree};

const FIRST_LINE: &str = "sentra-pack-digests-v1";

/// The digest of every file of a pack but of `DIGESTS` and `SIGNATURE`, in the order of their paths. Its text is
/// canonical: the same files of the same pack give the same bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digests {
    label: PackLabel,
    files: BTreeMap<PackPath, Hash>,
}

/// One thing about a pack that is not as it was when it was built or signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tampering {
    /// The file has other bytes.
    Changed(String),
    /// The file is new.
    Added(String),
    /// The file is gone.
    Removed(String),
    /// `DIGESTS` is not what the signature, or the record of the installation, is about.
    Digests(String),
}

impl fmt::Display for Tampering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Changed(path) => write!(f, "{path} was changed"),
            Self::Added(path) => write!(f, "{path} was added"),
            Self::Removed(path) => write!(f, "{path} was removed"),
            Self::Digests(what) => f.write_str(what),
        }
    }
}

impl Digests {
    /// The digests of `tree`.
    #[must_use]
    pub fn of(label: PackLabel, tree: &PackTree) -> Self {
        let files = tree.files().filter(|(path, _)| path.place() != Ok(Place::Seal));
        let files = files.map(|(path, bytes)| (path.clone(), blake3::hash(bytes)));
        Self { label, files: files.collect() }
    }

    /// The canonical text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!("{FIRST_LINE}\npack {}\n", self.label);
        for (path, digest) in &self.files {
            text.push_str(&format!("{} {path}\n", digest.to_hex()));
        }
        text
    }

    /// The digest of the pack as a whole.
    #[must_use]
    pub fn pack_digest(&self) -> String {
        blake3::hash(self.text().as_bytes()).to_hex().to_string()
    }

    /// The digest of one file, in hexadecimal.
    #[must_use]
    pub fn of_file(&self, path: &str) -> Option<String> {
        self.files.get(path).map(|digest| digest.to_hex().to_string())
    }

    /// Reads the canonical text. Another text with the same meaning is refused: there is one text for each meaning.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut lines = text.lines();
        if lines.next() != Some(FIRST_LINE) {
            return Err(format!("DIGESTS does not begin with {FIRST_LINE}"));
        }
        let label = lines.next().and_then(|line| line.strip_prefix("pack "));
        let label = label.ok_or("the second line of DIGESTS names no pack")?;
        let label: PackLabel = label.parse().map_err(|error| format!("DIGESTS: {error}"))?;
        let mut files = BTreeMap::new();
        for line in lines.take(PACK_FILES_MAX + 1) {
            let (digest, path) = line.split_once(' ').ok_or("a line of DIGESTS has no path")?;
            let digest = Hash::from_hex(digest).map_err(|error| format!("DIGESTS: {error}"))?;
            let path = PackPath::parse(path).map_err(|message| format!("DIGESTS: {message}"))?;
            files.insert(path, digest);
        }
        let digests = Self { label, files };
        if digests.text() == text {
            Ok(digests)
        } else {
            Err("DIGESTS is not in its canonical form".to_owned())
        }
    }

    /// What is not as these digests say.
    #[must_use]
    pub fn compare(&self, now: &Self) -> Vec<Tampering> {
        let mut tampering = Vec::new();
        if self.label.to_string() != now.label.to_string() {
            let what = format!("DIGESTS is about {}, pack.toml about {}", self.label, now.label);
            tampering.push(Tampering::Digests(what));
        }
        for (path, digest) in &self.files {
            match now.files.get(path) {
                None => tampering.push(Tampering::Removed(path.to_string())),
                Some(found) if found != digest => tampering.push(Tampering::Changed(path.to_string())),
                Some(_) => {}
            }
        }
        let added = now.files.keys().filter(|path| !self.files.contains_key(*path));
        tampering.extend(added.map(|path| Tampering::Added(path.to_string())));
        tampering
    }
}
