//! The path of a file inside a pack: nothing that could lead out of it.

use std::borrow::Borrow;
use std::fmt;
use std::path::{Path, PathBuf};

use crate::kind::ContentKind;

/// Longest path inside a pack, in bytes; what a tar header of the ustar form holds in its name alone.
pub const PACK_PATH_BYTES_MAX: usize = 100;
/// How deep directories of a pack may nest, the file's own name included.
pub const PACK_PATH_DEPTH_MAX: usize = 8;

/// The manifest of a pack.
pub(crate) const MANIFEST_FILE: &str = "pack.toml";
/// The digests of a pack's files.
pub(crate) const DIGESTS_FILE: &str = "DIGESTS";
/// The signature over the digests.
pub(crate) const SIGNATURE_FILE: &str = "SIGNATURE";
/// Files at the top of a pack that are for people.
const FOR_PEOPLE: [&str; 5] = ["README.md", "CHANGELOG.md", "LICENSE", "LICENSE.txt", "NOTICE"];

/// A relative path with `/` between its parts, of letters that every file system and every terminal takes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PackPath(String);

impl PackPath {
    /// The path `text`, or why it may not stand in a pack.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text.len() > PACK_PATH_BYTES_MAX {
            return Err(format!("its path is longer than {PACK_PATH_BYTES_MAX} bytes"));
        }
        if text.starts_with('/') {
            return Err("its path is absolute".to_owned());
        }
        let is_letter = |letter: char| {
            letter.is_ascii_graphic() && !matches!(letter, '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|')
                || letter == ' '
        };
        if let Some(wrong) = text.chars().find(|letter| !is_letter(*letter)) {
            return Err(format!("its path has the character {wrong:?}"));
        }
        let parts: Vec<&str> = text.split('/').collect();
        if parts.len() > PACK_PATH_DEPTH_MAX {
            return Err(format!("it is more than {PACK_PATH_DEPTH_MAX} directories deep"));
        }
        for part in parts {
            match part {
                "" => return Err("a part of its path is empty".to_owned()),
                "." | ".." => return Err(format!("its path has the part {part:?}")),
                _ if part.starts_with('.') => return Err("it is hidden".to_owned()),
                _ if part.starts_with(' ') || part.ends_with([' ', '.']) => {
                    return Err(
                        "a part of its path begins with a space or ends with a space or a dot".to_owned()
                    );
                }
                _ => {}
            }
        }
        Ok(Self(text.to_owned()))
    }

    /// The path as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Where it is below `directory`.
    pub(crate) fn below(&self, directory: &Path) -> PathBuf {
        let mut path = directory.to_owned();
        path.extend(self.0.split('/'));
        path
    }

    /// What the file is for; an error where a pack has no place for it.
    pub(crate) fn place(&self) -> Result<Place, String> {
        let Some((directory, rest)) = self.0.split_once('/') else {
            return match self.0.as_str() {
                MANIFEST_FILE => Ok(Place::Manifest),
                DIGESTS_FILE | SIGNATURE_FILE => Ok(Place::Seal),
                name if FOR_PEOPLE.contains(&name) => Ok(Place::ForPeople),
                _ => Err(format!(
                    "a pack has no place for it: beside {MANIFEST_FILE} there may be {} and the directories {}",
                    FOR_PEOPLE.join(", "),
                    ContentKind::ALL.map(ContentKind::directory).join(", "),
                )),
            };
        };
        let known = ContentKind::ALL.map(ContentKind::directory);
        let Some(kind) = ContentKind::of_directory(directory) else {
            return Err(format!(
                "a pack has no directory {directory:?}{}; it has {}",
                crate::nearest::hint(directory, &known),
                known.join(", ")
            ));
        };
        if !kind.nests() && rest.contains('/') {
            return Err(format!("files of {directory}/ lie directly in it"));
        }
        let extension =
            Path::new(rest).extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        if !kind.extensions().contains(&extension) {
            return Err(format!("files of {directory}/ end in .{}", kind.extensions().join(" or .")));
        }
        Ok(Place::Content(kind))
    }
}

impl Borrow<str> for PackPath {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PackPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a file of a pack is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// `pack.toml`.
    Manifest,
    /// `DIGESTS` and `SIGNATURE`.
    Seal,
    /// What only people read.
    ForPeople,
    /// Detection content.
    Content(ContentKind),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_leads_out_of_its_pack() {
        for bad in [
            "",
            "/",
            "/etc/passwd",
            "..",
            "../x",
            "rules/../../x",
            "rules/./x.yml",
            "rules//x.yml",
            "rules/",
            "rules\\..\\x",
            "C:x",
            "a\0b",
            "a\nb",
            "rules/\u{202e}x.yml",
            ".ssh/x",
            "rules/.x.yml",
            "rules/x ",
            "a/b/c/d/e/f/g/h/i",
        ] {
            assert!(PackPath::parse(bad).is_err(), "{bad:?}");
        }
        assert!(PackPath::parse(&"x".repeat(101)).is_err());
        assert!(PackPath::parse("rules/linux/ssh brute-force (v2).yml").is_ok());
    }

    #[test]
    fn what_a_pack_has_no_place_for_is_said_with_what_it_has() {
        let place = |text: &str| PackPath::parse(text).unwrap().place();
        assert_eq!(place("rules/linux/a.yaral"), Ok(Place::Content(ContentKind::Rules)));
        assert_eq!(place("README.md"), Ok(Place::ForPeople));
        assert!(place("rule/a.yml").unwrap_err().contains("did you mean \"rules\"?"));
        assert!(place("lists/a.yml").unwrap_err().contains(".txt or .csv"));
        assert!(place("lists/a/b.txt").unwrap_err().contains("directly"));
        assert!(place("install.sh").is_err());
    }
}
