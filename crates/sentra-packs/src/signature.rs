//! The signature of a pack.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ed25519_dalek::SIGNATURE_LENGTH;

use crate::digests::Digests;
use crate::keys::{PrivateKey, TrustedKeys};

const FIRST_LINE: &str = "sentra-pack-signature-v1";
/// Largest signature file, in bytes.
pub(crate) const SIGNATURE_FILE_BYTES_MAX: usize = 1_024;

/// An Ed25519 signature over the digests of a pack, with the id of its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    key: String,
    bytes: [u8; SIGNATURE_LENGTH],
}

/// How a pack stands with the keys that are trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Signed with a trusted key.
    Trusted {
        /// The key's id.
        key: String,
        /// Whose it is.
        comment: String,
    },
    /// Signed with a key that is not trusted, so that it says nothing.
    UnknownKey {
        /// The key's id, as the signature tells it.
        key: String,
    },
    /// Not signed.
    Unsigned,
}

impl Standing {
    /// The id of the key, where there is one.
    #[must_use]
    pub fn signer(&self) -> Option<&str> {
        match self {
            Self::Trusted { key, .. } | Self::UnknownKey { key } => Some(key),
            Self::Unsigned => None,
        }
    }

    /// Whether somebody who is trusted signed it.
    #[must_use]
    pub fn is_trusted(&self) -> bool {
        matches!(self, Self::Trusted { .. })
    }
}

/// What is signed. The first line keeps the signature from meaning anything elsewhere.
fn message(digests: &Digests) -> Vec<u8> {
    format!("{FIRST_LINE}\n{}", digests.text()).into_bytes()
}

impl Signature {
    /// The signature of `key` over `digests`.
    #[must_use]
    pub fn make(key: &PrivateKey, digests: &Digests) -> Self {
        Self { key: key.public().id(), bytes: key.sign(&message(digests)) }
    }

    /// The text of a signature file.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{FIRST_LINE}\nkey {}\nsignature {}\n", self.key, BASE64.encode(self.bytes))
    }

    /// Reads a signature file.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() > SIGNATURE_FILE_BYTES_MAX {
            return Err(format!("a signature has at most {SIGNATURE_FILE_BYTES_MAX} bytes"));
        }
        let lines: Vec<&str> = text.lines().collect();
        let [FIRST_LINE, key, signature] = lines.as_slice() else {
            return Err(format!("a signature has three lines, the first of them {FIRST_LINE}"));
        };
        let is_id = |key: &&str| !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_hexdigit());
        let key = key.strip_prefix("key ").filter(is_id).ok_or("the second line names no key")?;
        let encoded = signature.strip_prefix("signature ").ok_or("the third line has no signature")?;
        let bytes =
            BASE64.decode(encoded).map_err(|error| format!("the signature is not base64: {error}"))?;
        let bytes = bytes.try_into().map_err(|_| format!("a signature has {SIGNATURE_LENGTH} bytes"))?;
        Ok(Self { key: key.to_owned(), bytes })
    }

    /// How `digests` stand with `trusted`; `None` where the key is trusted and the signature is not its.
    #[must_use]
    pub fn verify(&self, digests: &Digests, trusted: &TrustedKeys) -> Option<Standing> {
        match trusted.find(&self.key) {
            None => Some(Standing::UnknownKey { key: self.key.clone() }),
            Some(key) => key
                .verifies(&message(digests), &self.bytes)
                .then(|| Standing::Trusted { key: self.key.clone(), comment: key.comment.clone() }),
        }
    }
}
