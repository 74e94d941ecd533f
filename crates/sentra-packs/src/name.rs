//! What a pack is called: its id and its version.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use semver::Version;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Longest id of a pack, in bytes.
pub(crate) const PACK_ID_BYTES_MAX: usize = 64;
/// Longest version of a pack, in bytes.
pub(crate) const PACK_VERSION_BYTES_MAX: usize = 64;

/// The id of a pack, `acme-linux`: lower-case letters, digits and hyphens. It is a directory's name as it stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PackId(String);

/// An id or a version that is none, with what would be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Not an id.
    #[error("{0:?} is no pack id: up to 64 of a-z, 0-9 and -, the first and the last no -")]
    Id(String),
    /// Not a version.
    #[error("{found:?} is no version: write a whole number or three of them, as in 7 or 1.4.0{hint}")]
    Version {
        /// What stood there.
        found: String,
        /// `; did you mean …?`, or nothing.
        hint: String,
    },
    /// Not `id@version`.
    #[error("{0:?} does not name a version of a pack: write ID@VERSION, as in acme-linux@1.4.0")]
    Label(String),
}

impl PackId {
    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PackId {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let is_id = !text.is_empty()
            && text.len() <= PACK_ID_BYTES_MAX
            && text.bytes().all(is_letter)
            && !text.starts_with('-')
            && !text.ends_with('-');
        if is_id { Ok(Self(text.to_owned())) } else { Err(NameError::Id(shortened(text))) }
    }
}

impl fmt::Display for PackId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The version of a pack: a semantic version, or a whole number, which stands for `N.0.0` where it is compared. It
/// is shown and stored as it was written.
#[derive(Debug, Clone)]
pub struct PackVersion {
    text: String,
    version: Version,
}

impl PackVersion {
    /// The version as it is compared.
    #[must_use]
    pub fn semantic(&self) -> &Version {
        &self.version
    }

    /// The version as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl FromStr for PackVersion {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let refused = |hint: String| NameError::Version { found: shortened(text), hint };
        if text.len() > PACK_VERSION_BYTES_MAX {
            return Err(refused(String::new()));
        }
        let is_number = |text: &str| {
            !text.is_empty()
                && text.bytes().all(|byte| byte.is_ascii_digit())
                && (text == "0" || !text.starts_with('0'))
        };
        if is_number(text) {
            let major = text.parse().map_err(|_| refused(String::new()))?;
            return Ok(Self { text: text.to_owned(), version: Version::new(major, 0, 0) });
        }
        match Version::parse(text) {
            Ok(version) => Ok(Self { text: text.to_owned(), version }),
            Err(_) => {
                let plain = text.strip_prefix(['v', 'V']).unwrap_or(text);
                let parts: Vec<&str> = plain.split('.').collect();
                let right = match parts.as_slice() {
                    [major, minor] if is_number(major) && is_number(minor) => Some(format!("{plain}.0")),
                    _ if plain != text && (is_number(plain) || Version::parse(plain).is_ok()) => {
                        Some(plain.to_owned())
                    }
                    _ => None,
                };
                Err(refused(right.map(|right| format!("; did you mean {right:?}?")).unwrap_or_default()))
            }
        }
    }
}

impl PartialEq for PackVersion {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for PackVersion {}

impl PartialOrd for PackVersion {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for PackVersion {
    fn cmp(&self, other: &Self) -> Ordering {
        self.version.cmp(&other.version)
    }
}

impl fmt::Display for PackVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// One version of one pack, `acme-linux@1.4.0`: the label that every rule of it carries.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PackLabel {
    /// The pack.
    pub id: PackId,
    /// Its version.
    pub version: PackVersion,
}

impl fmt::Display for PackLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.id, self.version)
    }
}

impl FromStr for PackLabel {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let (id, version) = text.split_once('@').ok_or_else(|| NameError::Label(shortened(text)))?;
        Ok(Self { id: id.parse()?, version: version.parse()? })
    }
}

macro_rules! as_text {
    ($($name:ty),*) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

as_text!(PackId, PackVersion, PackLabel);

/// What is shown of a wrong text.
fn shortened(text: &str) -> String {
    text.chars().take(PACK_ID_BYTES_MAX + 1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_safe_names_of_directories() {
        for good in ["core", "acme-linux", "7"] {
            assert!(good.parse::<PackId>().is_ok(), "{good}");
        }
        for bad in ["", "..", "a/b", "A", "-a", "a-", "a_b", "ä", "a\0", &"a".repeat(65)] {
            assert!(bad.parse::<PackId>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn whole_numbers_and_semantic_versions_compare_with_each_other() {
        let version = |text: &str| text.parse::<PackVersion>().unwrap();
        assert!(version("2") > version("1.9.9"));
        assert!(version("10") > version("9"));
        assert_eq!(version("1"), version("1.0.0"));
        assert!(version("1.0.0-rc.1") < version("1"));
        assert_eq!(version("1").to_string(), "1");
        for bad in ["", "01", "1.2.3.4", "../1", "1 ", "99999999999999999999999"] {
            assert!(bad.parse::<PackVersion>().is_err(), "{bad:?}");
        }
        let hint = |text: &str| text.parse::<PackVersion>().unwrap_err().to_string();
        assert!(hint("1.2").ends_with("did you mean \"1.2.0\"?"), "{}", hint("1.2"));
        assert!(hint("v3").ends_with("did you mean \"3\"?"), "{}", hint("v3"));
    }
}
