//! Keys that sign packs, and the keys that are trusted.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ed25519_dalek::{SECRET_KEY_LENGTH, Signer as _, SigningKey, VerifyingKey};
use zeroize::Zeroizing;

use crate::error::PackError;

/// Directory of the trusted keys in the data directory.
pub const TRUSTED_KEYS_DIRECTORY: &str = "trusted-keys";
/// Keys that may be trusted.
pub const TRUSTED_KEYS_MAX: usize = 1_000;
/// Largest key file, in bytes.
const KEY_FILE_BYTES_MAX: u64 = 4 * 1024;
/// Longest comment beside a key, in characters.
const COMMENT_CHARS_MAX: usize = 200;
/// Digits of a key's id.
const KEY_ID_DIGITS: usize = 16;
/// A private key file says what it is, so that it cannot be taken for a public one.
const PRIVATE_MARK: &str = "sentra-pack-private-key";
const PRIVATE_MODE: u32 = 0o600;

/// A key that signs packs.
pub struct PrivateKey {
    key: SigningKey,
    comment: String,
}

impl std::fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PrivateKey").field("id", &self.public().id()).finish_non_exhaustive()
    }
}

/// The public half of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    key: VerifyingKey,
    /// Whose it is, for people.
    pub comment: String,
}

impl PrivateKey {
    /// A new key from the randomness of the system.
    ///
    /// # Errors
    /// When the system has none.
    pub fn generate(comment: &str) -> Result<Self, PackError> {
        let mut seed = Zeroizing::new([0_u8; SECRET_KEY_LENGTH]);
        getrandom::fill(seed.as_mut_slice()).map_err(PackError::Random)?;
        Ok(Self { key: SigningKey::from_bytes(&seed), comment: one_line(comment) })
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey { key: self.key.verifying_key(), comment: self.comment.clone() }
    }

    /// Writes the key to a new file that only its owner can read.
    ///
    /// # Errors
    /// When the file is there already or cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), PackError> {
        let seed = Zeroizing::new(self.key.to_bytes());
        let text = Zeroizing::new(format!(
            "{PRIVATE_MARK} {} {}\n",
            Zeroizing::new(BASE64.encode(seed.as_slice())).as_str(),
            self.comment
        ));
        save_new(path, &text, PRIVATE_MODE)
    }

    /// Reads a key that [`PrivateKey::save`] wrote.
    ///
    /// # Errors
    /// When the file holds no private key, or others than its owner may read it.
    pub fn load(path: &Path) -> Result<Self, PackError> {
        let refused = |message: String| PackError::Key { path: path.to_owned(), message };
        let file = File::open(path).map_err(PackError::read(path))?;
        let mode = file.metadata().map_err(PackError::read(path))?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(refused(format!(
                "others than its owner may read this private key (mode {:o}); `chmod 600` it",
                mode & 0o777
            )));
        }
        let text = Zeroizing::new(read_text(path, file)?);
        let rest = text.trim().strip_prefix(PRIVATE_MARK).and_then(|rest| rest.strip_prefix(' '));
        let rest = rest.ok_or_else(|| refused(format!("a private key file begins with {PRIVATE_MARK}")))?;
        let (encoded, comment) = rest.split_once(' ').unwrap_or((rest, ""));
        let bytes = Zeroizing::new(BASE64.decode(encoded).map_err(|error| refused(error.to_string()))?);
        let seed = <&[u8; SECRET_KEY_LENGTH]>::try_from(bytes.as_slice());
        let seed = seed.map_err(|_| refused(format!("a private key has {SECRET_KEY_LENGTH} bytes")))?;
        Ok(Self { key: SigningKey::from_bytes(seed), comment: one_line(comment) })
    }

    pub(crate) fn sign(&self, message: &[u8]) -> [u8; ed25519_dalek::SIGNATURE_LENGTH] {
        self.key.sign(message).to_bytes()
    }
}

impl PublicKey {
    /// A short name of the key: the first digits of its BLAKE3 digest. It finds a key, it proves nothing.
    #[must_use]
    pub fn id(&self) -> String {
        blake3::hash(self.key.as_bytes()).to_hex().chars().take(KEY_ID_DIGITS).collect()
    }

    /// The line of a `.pub` file.
    #[must_use]
    pub fn line(&self) -> String {
        format!("{} {}", BASE64.encode(self.key.as_bytes()), self.comment).trim_end().to_owned()
    }

    /// Writes the key to a new file.
    ///
    /// # Errors
    /// When the file is there already or cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), PackError> {
        save_new(path, &format!("{}\n", self.line()), 0o644)
    }

    /// Reads the line of a `.pub` file.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let (Some(line), None) = (lines.next(), lines.next()) else {
            return Err("a public key file has one line: the key in base64 and a comment".to_owned());
        };
        if line.starts_with(PRIVATE_MARK) {
            return Err(
                "this is a private key, which belongs on the machine that signs and nowhere else".to_owned()
            );
        }
        let (encoded, comment) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let bytes = BASE64.decode(encoded).map_err(|error| format!("the key is not base64: {error}"))?;
        let bytes = bytes.as_slice().try_into().map_err(|_| "a public key has 32 bytes".to_owned())?;
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| "these bytes are no Ed25519 key".to_owned())?;
        if key.is_weak() {
            return Err("this key is weak: anybody could sign for it".to_owned());
        }
        Ok(Self { key, comment: one_line(comment) })
    }

    /// Whether `signature` is that of this key for `message`. Strict: one signature has one form.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8; ed25519_dalek::SIGNATURE_LENGTH]) -> bool {
        self.key.verify_strict(message, &ed25519_dalek::Signature::from_bytes(signature)).is_ok()
    }
}

/// The keys whose packs are taken.
#[derive(Debug, Clone, Default)]
pub struct TrustedKeys {
    directory: PathBuf,
    keys: Vec<PublicKey>,
}

impl TrustedKeys {
    /// The `.pub` files in `directory`; none where it does not exist.
    ///
    /// # Errors
    /// When one of them is no public key: a key that is silently left out would be looked for for long.
    pub fn load(directory: &Path) -> Result<Self, PackError> {
        let mut trusted = Self { directory: directory.to_owned(), keys: Vec::new() };
        let entries = match std::fs::read_dir(directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(trusted),
            Err(source) => return Err(PackError::Read { path: directory.to_owned(), source }),
        };
        let mut paths = Vec::new();
        for entry in entries {
            let path = entry.map_err(PackError::read(directory))?.path();
            if path.extension().is_some_and(|extension| extension == "pub") {
                paths.push(path);
            }
        }
        paths.sort();
        if paths.len() > TRUSTED_KEYS_MAX {
            let what = format!("more than {TRUSTED_KEYS_MAX} keys");
            return Err(PackError::TooLarge { path: directory.to_owned(), what });
        }
        for path in paths {
            let file = File::open(&path).map_err(PackError::read(&path))?;
            let text = read_text(&path, file)?;
            let key =
                PublicKey::parse(&text).map_err(|message| PackError::Key { path: path.clone(), message })?;
            trusted.keys.push(key);
        }
        Ok(trusted)
    }

    /// These keys.
    #[must_use]
    pub fn of(keys: Vec<PublicKey>) -> Self {
        Self { directory: PathBuf::new(), keys }
    }

    /// The key with the id.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<&PublicKey> {
        self.keys.iter().find(|key| key.id() == id)
    }

    /// The keys.
    #[must_use]
    pub fn keys(&self) -> &[PublicKey] {
        &self.keys
    }

    /// Where they come from.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }
}

fn read_text(path: &Path, file: File) -> Result<String, PackError> {
    let mut text = String::new();
    file.take(KEY_FILE_BYTES_MAX + 1).read_to_string(&mut text).map_err(PackError::read(path))?;
    if text.len() as u64 > KEY_FILE_BYTES_MAX {
        let message = format!("a key file has at most {KEY_FILE_BYTES_MAX} bytes");
        return Err(PackError::Key { path: path.to_owned(), message });
    }
    Ok(text)
}

fn save_new(path: &Path, text: &str, mode: u32) -> Result<(), PackError> {
    // A new file only: a key that is overwritten cannot be brought back.
    let file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path);
    let mut file = file.map_err(PackError::write("create", path))?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(PackError::write("write", path))
}

fn one_line(text: &str) -> String {
    let visible = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter });
    visible.take(COMMENT_CHARS_MAX).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_key_is_for_its_owner_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("soc.key");
        let key = PrivateKey::generate("the soc\nof acme").unwrap();
        key.save(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let loaded = PrivateKey::load(&path).unwrap();
        assert_eq!(loaded.public(), key.public());
        assert_eq!(loaded.public().comment, "the soc of acme");
        assert!(key.save(&path).is_err(), "an existing key was overwritten");

        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        let refused = PrivateKey::load(&path).unwrap_err().to_string();
        assert!(refused.contains("mode 640"), "{refused}");
        assert!(!format!("{key:?}").contains(&BASE64.encode(key.key.to_bytes())));
    }

    #[test]
    fn two_keys_are_never_the_same() {
        let one = PrivateKey::generate("").unwrap().public();
        assert_ne!(one.id(), PrivateKey::generate("").unwrap().public().id());
    }

    #[test]
    fn trusted_keys_are_read_from_their_directory() {
        let directory = tempfile::tempdir().unwrap();
        let key = PrivateKey::generate("acme").unwrap();
        key.public().save(&directory.path().join("acme.pub")).unwrap();
        std::fs::write(directory.path().join("notes.txt"), "not a key").unwrap();
        let trusted = TrustedKeys::load(directory.path()).unwrap();
        assert_eq!(trusted.find(&key.public().id()), Some(&key.public()));
        assert_eq!(trusted.keys().len(), 1);
        assert!(TrustedKeys::load(&directory.path().join("none")).unwrap().keys().is_empty());

        key.save(&directory.path().join("oops.pub")).unwrap();
        let refused = TrustedKeys::load(directory.path()).unwrap_err().to_string();
        assert!(refused.contains("private key"), "{refused}");
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let weak = BASE64.encode([0_u8; 32]);
        for text in ["", "x", "AAAA comment", &weak, "a\nb"] {
            assert!(PublicKey::parse(text).is_err(), "{text:?}");
        }
    }
}
