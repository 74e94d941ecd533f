//! Packs that tests make.

// Each test binary uses its own part of it.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use sentra_model::Timestamp;
use sentra_packs::{Order, Package, PrivateKey, Surroundings, TrustedKeys};

/// Sources of a pack in a directory of their own.
pub struct Sources(pub tempfile::TempDir);

impl Sources {
    /// A pack with `manifest` below its id and version.
    pub fn new(id: &str, version: &str, manifest: &str) -> Self {
        let sources = Self(tempfile::tempdir().unwrap());
        let text = format!("id = \"{id}\"\nversion = \"{version}\"\ntitle = \"{id}\"\n{manifest}");
        sources.file("pack.toml", &text)
    }

    pub fn file(self, path: &str, text: &str) -> Self {
        let path = self.0.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn build(&self) -> Package {
        Package::from_sources(self.path()).unwrap()
    }

    pub fn signed(&self, key: &PrivateKey) -> Package {
        let mut package = self.build();
        package.sign(key).unwrap();
        package
    }
}

/// The id of the rule `number`.
pub fn rule_id(number: u8) -> String {
    format!("5e27a000-0000-4000-8000-0000000000{number:02}")
}

/// A rule that finds `word` in Linux messages.
pub fn rule(number: u8, word: &str) -> String {
    format!(
        "title: Finds {word}\nid: {}\nstatus: test\nlevel: high\nlogsource:\n  product: linux\n\
         detection:\n  selection:\n    message|contains: {word}\n  condition: selection\n",
        rule_id(number)
    )
}

/// Samples for it.
pub fn samples(number: u8, word: &str) -> String {
    format!(
        "rule: {}\nsamples:\n  - name: it is there\n    format: syslog\n    expect: match\n    lines:\n      \
         - '2026-11-20T10:00:00+00:00 web-1 app[1]: we saw {word} today'\n  - name: it is not\n    format: syslog\n    \
         expect: none\n    lines:\n      - '2026-11-20T10:00:00+00:00 web-1 app[1]: we saw nothing'\n",
        rule_id(number)
    )
}

/// A pack with one rule and its samples.
pub fn simple(id: &str, version: &str, number: u8, word: &str) -> Sources {
    Sources::new(id, version, "")
        .file("rules/linux/one.yml", &rule(number, word))
        .file("tests/one.yml", &samples(number, word))
}

/// Everything an order needs.
pub struct World {
    pub key: PrivateKey,
    pub trusted: TrustedKeys,
    pub surroundings: Surroundings,
    pub data: tempfile::TempDir,
}

impl World {
    pub fn new() -> Self {
        let key = PrivateKey::generate("acme soc").unwrap();
        let trusted = TrustedKeys::of(vec![key.public()]);
        let sentra = "0.1.0".parse().unwrap();
        let surroundings = Surroundings { built_in: true, directories: Vec::new(), sentra };
        Self { key, trusted, surroundings, data: tempfile::tempdir().unwrap() }
    }

    pub fn packs(&self) -> PathBuf {
        self.data.path().join("packs")
    }

    pub fn order(&self) -> Order<'_> {
        Order {
            at: Timestamp::from_seconds(1_790_000_000),
            who: "ada",
            allow_unsigned: false,
            trusted: &self.trusted,
            surroundings: &self.surroundings,
        }
    }
}
