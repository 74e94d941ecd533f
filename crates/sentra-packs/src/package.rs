//! One version of one pack, read whole and taken apart.

use std::path::{Path, PathBuf};

use crate::archive;
use crate::digests::{Digests, Tampering};
use crate::error::PackError;
use crate::files::PackFiles;
use crate::keys::{PrivateKey, TrustedKeys};
use crate::kind::ContentKind;
use crate::manifest::{Manifest, ManifestProblem};
use crate::path::{DIGESTS_FILE, MANIFEST_FILE, PackPath, Place, SIGNATURE_FILE};
use crate::signature::{Signature, Standing};
use crate::tree::PackTree;

/// How the file of a pack ends.
pub const ARCHIVE_EXTENSION: &str = "sentra-pack";

/// One version of one pack in memory. Its files are those that its digests say.
#[derive(Debug, Clone)]
pub struct Package {
    manifest: Manifest,
    tree: PackTree,
    digests: Digests,
    signature: Option<Signature>,
}

impl Package {
    /// The pack whose sources lie in `directory`. What `DIGESTS` and `SIGNATURE` there say is of no interest: the
    /// sources may have changed since, and a signature is made anew.
    ///
    /// # Errors
    /// What is wrong with its files or its manifest.
    pub fn from_sources(directory: &Path) -> Result<Self, PackError> {
        let mut tree = PackTree::read_directory(directory)?;
        tree.take(SIGNATURE_FILE);
        tree.take(DIGESTS_FILE);
        Self::of_tree(&directory.display().to_string(), tree)
    }

    /// The pack in `path`, an archive or a directory.
    ///
    /// # Errors
    /// What is wrong with its files or its manifest; [`PackError::Tampered`] where they are not as its digests say.
    pub fn read(path: &Path) -> Result<Self, PackError> {
        let metadata = std::fs::metadata(path).map_err(PackError::read(path))?;
        let tree =
            if metadata.is_dir() { PackTree::read_directory(path)? } else { archive::read_file(path)? };
        Self::of_tree(&path.display().to_string(), tree)
    }

    /// The pack in the archive `bytes`; `origin` is for messages.
    ///
    /// # Errors
    /// See [`Package::read`].
    pub fn from_archive(origin: &str, bytes: &[u8]) -> Result<Self, PackError> {
        Self::of_tree(origin, archive::read(origin, bytes)?)
    }

    pub(crate) fn of_tree(origin: &str, mut tree: PackTree) -> Result<Self, PackError> {
        let manifest = manifest_of(origin, &tree)?;
        check_content(origin, &manifest, &tree)?;
        let digests = Digests::of(manifest.label(), &tree);
        if let Some(bytes) = tree.get(DIGESTS_FILE) {
            let tampered = |tampering| PackError::Tampered { label: manifest.label(), tampering };
            let text = String::from_utf8_lossy(bytes);
            let written = Digests::parse(&text).map_err(|what| tampered(vec![Tampering::Digests(what)]))?;
            let tampering = written.compare(&digests);
            if !tampering.is_empty() {
                return Err(tampered(tampering));
            }
        } else {
            let path = PackPath::parse(DIGESTS_FILE).map_err(|error| PackError::malformed(origin, error))?;
            tree.add(origin, path, digests.text().into_bytes())?;
        }
        let signature = match tree.get(SIGNATURE_FILE) {
            None => None,
            Some(bytes) => {
                let refused =
                    |message: String| PackError::malformed(format!("{origin}/{SIGNATURE_FILE}"), message);
                Some(Signature::parse(&String::from_utf8_lossy(bytes)).map_err(refused)?)
            }
        };
        Ok(Self { manifest, tree, digests, signature })
    }

    /// What it says about itself.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The digests of its files.
    #[must_use]
    pub fn digests(&self) -> &Digests {
        &self.digests
    }

    /// Its files, `DIGESTS` and, where it is signed, `SIGNATURE` among them.
    #[must_use]
    pub fn tree(&self) -> &PackTree {
        &self.tree
    }

    /// Its signature.
    #[must_use]
    pub fn signature(&self) -> Option<&Signature> {
        self.signature.as_ref()
    }

    /// Signs it with `key`, in the place of whoever signed it before.
    ///
    /// # Errors
    /// When the signature does not fit into the limits of a pack.
    pub fn sign(&mut self, key: &PrivateKey) -> Result<(), PackError> {
        self.attach(Signature::make(key, &self.digests))
    }

    /// Puts a signature to it that came in a file of its own.
    ///
    /// # Errors
    /// When the signature does not fit into the limits of a pack.
    pub fn attach(&mut self, signature: Signature) -> Result<(), PackError> {
        let origin = self.manifest.label().to_string();
        let path = PackPath::parse(SIGNATURE_FILE).map_err(|error| PackError::malformed(&origin, error))?;
        self.tree.put(&origin, path, signature.text().into_bytes())?;
        self.signature = Some(signature);
        Ok(())
    }

    /// How it stands with the keys in `trusted`.
    ///
    /// # Errors
    /// When it claims to be signed with a trusted key, and that key did not sign these files.
    pub fn verify(&self, trusted: &TrustedKeys) -> Result<Standing, PackError> {
        let Some(signature) = &self.signature else { return Ok(Standing::Unsigned) };
        signature.verify(&self.digests, trusted).ok_or_else(|| {
            let what = "the signature is not about these files: DIGESTS or SIGNATURE was changed".to_owned();
            PackError::Tampered { label: self.manifest.label(), tampering: vec![Tampering::Digests(what)] }
        })
    }

    /// The bytes of its archive; the same pack gives the same bytes.
    ///
    /// # Errors
    /// When compression fails.
    pub fn archive(&self) -> Result<Vec<u8>, PackError> {
        let name = self.archive_name();
        archive::write(&self.tree).map_err(PackError::write("write", Path::new(&name)))
    }

    /// `acme-linux-1.4.0.sentra-pack`
    #[must_use]
    pub fn archive_name(&self) -> String {
        format!("{}-{}.{ARCHIVE_EXTENSION}", self.manifest.id, self.manifest.version)
    }

    /// Writes its archive into `directory` and says where it is.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_archive(&self, directory: &Path) -> Result<PathBuf, PackError> {
        let path = directory.join(self.archive_name());
        archive::write_file(&path, &self.archive()?)?;
        Ok(path)
    }

    /// Writes its archive to the file `path`.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save_archive(&self, path: &Path) -> Result<(), PackError> {
        archive::write_file(path, &self.archive()?)
    }

    /// Writes `DIGESTS` and, where it is signed, `SIGNATURE` beside the sources in `directory`.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn write_seal(&self, directory: &Path) -> Result<(), PackError> {
        for name in [DIGESTS_FILE, SIGNATURE_FILE] {
            if let Some(bytes) = self.tree.get(name) {
                archive::write_file(&directory.join(name), bytes)?;
            }
        }
        Ok(())
    }

    /// Its detection content; rules are labelled `id@version`.
    #[must_use]
    pub fn content(&self) -> PackFiles {
        let label = self.manifest.label().to_string();
        let mut files = PackFiles::default();
        for (path, bytes) in self.tree.files() {
            let Ok(Place::Content(kind)) = path.place() else { continue };
            let text = String::from_utf8_lossy(bytes).into_owned();
            files.add(kind, &format!("{label}/{path}"), text, &label);
        }
        files
    }
}

fn manifest_of(origin: &str, tree: &PackTree) -> Result<Manifest, PackError> {
    let path = format!("{origin}/{MANIFEST_FILE}");
    let wrong = |message: &str| {
        let problem = ManifestProblem { path: path.clone(), line: 1, message: message.to_owned() };
        PackError::Manifest { problems: vec![problem] }
    };
    let bytes =
        tree.get(MANIFEST_FILE).ok_or_else(|| wrong("a pack has a manifest; this file is missing"))?;
    let text = std::str::from_utf8(bytes).map_err(|_| wrong("it is not UTF-8"))?;
    Manifest::parse(&path, text).map_err(|problems| PackError::Manifest { problems })
}

/// Every file is text, of a kind that the manifest announces; and what it announces is there.
fn check_content(origin: &str, manifest: &Manifest, tree: &PackTree) -> Result<(), PackError> {
    let mut found: Vec<ContentKind> = Vec::new();
    for (path, bytes) in tree.files() {
        let place = || format!("{origin}/{path}");
        if std::str::from_utf8(bytes).is_err() {
            return Err(PackError::malformed(place(), "it is not UTF-8"));
        }
        let Ok(Place::Content(kind)) = path.place() else { continue };
        if manifest.content.as_ref().is_some_and(|announced| !announced.contains(&kind)) {
            let message = format!("`content` in {MANIFEST_FILE} does not name {:?}", kind.directory());
            return Err(PackError::malformed(place(), message));
        }
        found.push(kind);
    }
    let missing = manifest.content.iter().flatten().find(|kind| !found.contains(kind));
    if let Some(kind) = missing {
        let message = format!("`content` names {:?}, and the pack has no files of it", kind.directory());
        return Err(PackError::malformed(format!("{origin}/{MANIFEST_FILE}"), message));
    }
    if found.iter().all(|kind| *kind == ContentKind::Tests) {
        return Err(PackError::malformed(origin, "the pack has no content"));
    }
    Ok(())
}
