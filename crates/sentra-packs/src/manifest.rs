//! `pack.toml`: what a pack says about itself.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use semver::{Version, VersionReq};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::kind::ContentKind;
use crate::name::{PackId, PackLabel, PackVersion};
use crate::nearest;

/// Largest manifest, in bytes.
pub const MANIFEST_BYTES_MAX: usize = 64 * 1024;
/// Packs that one may depend on.
pub const DEPENDS_MAX: usize = 64;
/// Authors of a pack.
pub const AUTHORS_MAX: usize = 64;
/// Longest text in a manifest, in characters.
const TEXT_CHARS_MAX: usize = 4_096;

const KEYS: [&str; 9] =
    ["id", "version", "title", "description", "authors", "license", "min_sentra", "content", "depends"];

/// What a pack says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// Its id.
    pub id: PackId,
    /// Its version.
    pub version: PackVersion,
    /// What it is called, for people.
    pub title: String,
    /// What is in it.
    pub description: String,
    /// Who wrote it.
    pub authors: Vec<String>,
    /// Its licence, an SPDX expression.
    pub license: Option<String>,
    /// The oldest Sentra that understands it.
    pub min_sentra: Option<Version>,
    /// The packs it needs, with the versions that do.
    pub depends: BTreeMap<PackId, VersionReq>,
    /// The kinds of content it holds; `None` where it does not say, which allows all.
    pub content: Option<Vec<ContentKind>>,
}

/// What is wrong with a manifest, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestProblem {
    /// The file.
    pub path: String,
    /// The line in it, counted from 1.
    pub line: u64,
    /// What is wrong and, where it is known, what would be right.
    pub message: String,
}

impl fmt::Display for ManifestProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.message)
    }
}

impl Manifest {
    /// `acme-linux@1.4.0`.
    #[must_use]
    pub fn label(&self) -> PackLabel {
        PackLabel { id: self.id.clone(), version: self.version.clone() }
    }

    /// Reads the manifest `text`, which came from `path`.
    ///
    /// # Errors
    /// Everything that is wrong with it, with its lines.
    pub fn parse(path: &str, text: &str) -> Result<Self, Vec<ManifestProblem>> {
        let mut reader = Reader { path, text, problems: Vec::new() };
        if text.len() > MANIFEST_BYTES_MAX {
            reader.problem(0..0, format!("a manifest has at most {MANIFEST_BYTES_MAX} bytes"));
            return Err(reader.problems);
        }
        let manifest = match DeTable::parse(text) {
            Ok(table) => reader.manifest(table.get_ref()),
            Err(error) => {
                reader.problem(error.span().unwrap_or_default(), error.message().to_owned());
                None
            }
        };
        match manifest {
            Some(manifest) if reader.problems.is_empty() => Ok(manifest),
            _ => {
                reader.problems.sort_by_key(|problem| problem.line);
                Err(reader.problems)
            }
        }
    }
}

struct Reader<'a> {
    path: &'a str,
    text: &'a str,
    problems: Vec<ManifestProblem>,
}

type Table<'a> = DeTable<'a>;
type Value<'a> = Spanned<DeValue<'a>>;

impl Reader<'_> {
    fn problem(&mut self, span: Range<usize>, message: String) {
        let line = self.text.bytes().take(span.start).filter(|byte| *byte == b'\n').count() as u64 + 1;
        self.problems.push(ManifestProblem { path: self.path.to_owned(), line, message });
    }

    fn manifest(&mut self, table: &Table<'_>) -> Option<Manifest> {
        for key in table.keys() {
            let name = key.get_ref().as_ref();
            if !KEYS.contains(&name) {
                let name: String = name.chars().take(80).collect();
                let hint = nearest::hint(&name, &KEYS);
                self.problem(key.span(), format!("unknown key {name:?}{hint}"));
            }
        }
        let id = self.needed(table, "id").and_then(|value| self.parsed::<PackId>("id", value));
        let version = self.needed(table, "version").and_then(|value| self.version(value));
        let title = self.needed(table, "title").and_then(|value| self.words("title", value));
        let description = table.get("description").and_then(|value| self.words("description", value));
        let authors = table.get("authors").map(|value| self.authors(value)).unwrap_or_default();
        let license = table.get("license").and_then(|value| self.words("license", value));
        let min_sentra = table.get("min_sentra").and_then(|value| self.min_sentra(value));
        let depends = table.get("depends").map(|value| self.depends(value)).unwrap_or_default();
        let content = table.get("content").map(|value| self.content(value));
        let (id, version, title) = (id?, version?, title?);
        if let (true, Some(own)) = (depends.contains_key(&id), table.get("depends")) {
            self.problem(own.span(), "a pack cannot depend on itself".to_owned());
        }
        let description = description.unwrap_or_default();
        Some(Manifest { id, version, title, description, authors, license, min_sentra, depends, content })
    }

    fn needed<'t, 'a>(&mut self, table: &'t Table<'a>, key: &str) -> Option<&'t Value<'a>> {
        let value = table.get(key);
        if value.is_none() {
            self.problem(0..0, format!("the key {key:?} is missing"));
        }
        value
    }

    /// A text that is not empty, of one line's characters or, with line ends, several.
    fn words(&mut self, key: &str, value: &Value<'_>) -> Option<String> {
        let Some(text) = value.get_ref().as_str() else {
            self.problem(value.span(), format!("{key} is a text in quotes"));
            return None;
        };
        let is_wrong = |letter: char| letter.is_control() && letter != '\n';
        let message = match text {
            _ if text.trim().is_empty() => format!("{key} is empty"),
            _ if text.chars().count() > TEXT_CHARS_MAX => {
                format!("{key} has more than {TEXT_CHARS_MAX} characters")
            }
            _ if text.chars().any(is_wrong) => format!("{key} has control characters"),
            _ => return Some(text.to_owned()),
        };
        self.problem(value.span(), message);
        None
    }

    fn parsed<T: FromStr<Err: fmt::Display>>(&mut self, key: &str, value: &Value<'_>) -> Option<T> {
        let text = self.words(key, value)?;
        match text.parse() {
            Ok(parsed) => Some(parsed),
            Err(error) => {
                self.problem(value.span(), format!("{key}: {error}"));
                None
            }
        }
    }

    fn version(&mut self, value: &Value<'_>) -> Option<PackVersion> {
        let Some(number) = value.get_ref().as_integer() else { return self.parsed("version", value) };
        let text = if number.radix() == 10 { number.as_str().replace('_', "") } else { String::new() };
        match text.parse() {
            Ok(version) => Some(version),
            Err(_) => {
                self.problem(value.span(), "version is no whole number of at least 0".to_owned());
                None
            }
        }
    }

    fn min_sentra(&mut self, value: &Value<'_>) -> Option<Version> {
        self.parsed::<PackVersion>("min_sentra", value).map(|version| version.semantic().clone())
    }

    fn authors(&mut self, value: &Value<'_>) -> Vec<String> {
        let Some(list) = value.get_ref().as_array() else {
            self.problem(value.span(), "authors is a list of texts".to_owned());
            return Vec::new();
        };
        if list.len() > AUTHORS_MAX {
            self.problem(value.span(), format!("more than {AUTHORS_MAX} authors"));
            return Vec::new();
        }
        list.iter().filter_map(|author| self.words("an author", author)).collect()
    }

    fn depends(&mut self, value: &Value<'_>) -> BTreeMap<PackId, VersionReq> {
        let mut depends = BTreeMap::new();
        let Some(table) = value.get_ref().as_table() else {
            let message = "depends is a table of ids and version ranges: [depends] core = \">=1, <3\"";
            self.problem(value.span(), message.to_owned());
            return depends;
        };
        if table.len() > DEPENDS_MAX {
            self.problem(value.span(), format!("more than {DEPENDS_MAX} packs to depend on"));
            return depends;
        }
        for (key, range) in table {
            let id = match key.get_ref().parse::<PackId>() {
                Ok(id) => id,
                Err(error) => {
                    self.problem(key.span(), error.to_string());
                    continue;
                }
            };
            let place = format!("the version range of {id}");
            if let Some(range) = self.parsed::<VersionReq>(&place, range) {
                depends.insert(id, range);
            }
        }
        depends
    }

    fn content(&mut self, value: &Value<'_>) -> Vec<ContentKind> {
        let known = ContentKind::ALL.map(ContentKind::directory);
        let Some(list) = value.get_ref().as_array() else {
            self.problem(value.span(), format!("content is a list of kinds: {}", known.join(", ")));
            return Vec::new();
        };
        let mut kinds = Vec::new();
        for entry in list.iter().take(TEXT_CHARS_MAX) {
            let Some(word) = self.words("a kind of content", entry) else { continue };
            match ContentKind::of_directory(&word) {
                Some(kind) if kinds.contains(&kind) => {
                    self.problem(entry.span(), format!("{word} stands twice"))
                }
                Some(kind) => kinds.push(kind),
                None => {
                    let word: String = word.chars().take(80).collect();
                    let hint = nearest::hint(&word, &known);
                    self.problem(entry.span(), format!("unknown kind of content {word:?}{hint}"));
                }
            }
        }
        kinds
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: &str = r#"
id = "acme-linux"
version = "1.4.0"
title = "Acme: Linux"
description = "What our servers must not do."
authors = ["Acme SOC"]
license = "Apache-2.0"
min_sentra = "0.1.0"
content = ["rules", "lists", "tests"]

[depends]
core = ">=1, <3"
"#;

    #[test]
    fn a_full_manifest_is_read() {
        let manifest = Manifest::parse("pack.toml", FULL).unwrap();
        assert_eq!(manifest.label().to_string(), "acme-linux@1.4.0");
        assert_eq!(manifest.min_sentra, Some(Version::new(0, 1, 0)));
        let core: PackId = "core".parse().unwrap();
        assert!(manifest.depends[&core].matches(&Version::new(2, 7, 0)));
        assert_eq!(manifest.content, Some(vec![ContentKind::Rules, ContentKind::Lists, ContentKind::Tests]));
    }

    #[test]
    fn a_version_may_be_a_number() {
        for text in ["version = 7", "version = \"7\""] {
            let text = format!("id = \"a\"\ntitle = \"A\"\n{text}");
            let manifest = Manifest::parse("pack.toml", &text).unwrap();
            assert_eq!(manifest.label().to_string(), "a@7");
        }
    }

    #[test]
    fn every_fault_is_said_with_its_line() {
        let text = "id = \"Acme\"\nversion = \"1.2\"\ntitel = \"x\"\nauthors = \"me\"\ncontent = [\"rule\"]\n\
                    min_sentra = true\n[depends]\nCORE = \"1\"\ncore = \"newest\"\n";
        let problems = Manifest::parse("p/pack.toml", text).unwrap_err();
        let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
        let lines: Vec<u64> = problems.iter().map(|problem| problem.line).collect();
        assert_eq!(lines, [1, 1, 2, 3, 4, 5, 6, 8, 9], "{said:#?}");
        assert!(said.iter().any(|line| line == "p/pack.toml:1: the key \"title\" is missing"), "{said:#?}");
        assert!(
            said[3].contains("did you mean \"title\"?") && said[5].contains("did you mean \"rules\"?"),
            "{said:#?}"
        );
        let syntax = Manifest::parse("pack.toml", "id = \"a\"\nversion =\n").unwrap_err();
        assert_eq!(syntax[0].line, 2, "{syntax:?}");
        for version in ["-1", "0x10", "1.5", "[1]"] {
            let text = format!("id = \"a\"\ntitle = \"A\"\nversion = {version}\n");
            assert_eq!(Manifest::parse("pack.toml", &text).unwrap_err()[0].line, 3, "{version}");
        }
        let own = "id = \"a\"\ntitle = \"A\"\nversion = 1\n[depends]\na = \"1\"\n";
        assert!(Manifest::parse("pack.toml", own).unwrap_err()[0].message.contains("itself"));
    }
}
