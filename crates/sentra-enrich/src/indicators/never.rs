use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde::Deserialize;

use super::domain;
use super::kind::IndicatorFamily;
use super::url::Url;
use super::value::{IndicatorValue, mask4, mask6, read_address};

/// Entries of one list of what is never an indicator.
pub const NEVER_ENTRIES_MAX: usize = 100_000;

/// What is never an indicator, whatever a feed says.
#[derive(Debug, Clone, Default)]
pub struct NeverIndicators {
    networks4: Vec<(u32, u8)>,
    networks6: Vec<(u128, u8)>,
    prefix_v4_min: u8,
    prefix_v6_min: u8,
    domains: BTreeSet<String>,
    domain_trees: BTreeSet<String>,
    values: BTreeSet<IndicatorValue>,
}

/// Why a list of what is never an indicator cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum NeverError {
    /// Not the TOML that is expected.
    #[error("cannot read the list of what is never an indicator")]
    Read(#[from] toml::de::Error),
    /// An entry means nothing.
    #[error("{list}: {entry:?} is no entry: {expected}")]
    Entry {
        /// Which list it is in.
        list: &'static str,
        /// The entry, shortened.
        entry: String,
        /// What would be one.
        expected: &'static str,
    },
    /// A list is too long.
    #[error("{0}: at most {NEVER_ENTRIES_MAX} entries")]
    TooMany(&'static str),
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Written {
    networks: Vec<String>,
    prefix_v4_min: u8,
    prefix_v6_min: u8,
    domains: Vec<String>,
    domain_trees: Vec<String>,
    hashes: Vec<String>,
    mails: Vec<String>,
}

impl Default for Written {
    fn default() -> Self {
        Self {
            networks: Vec::new(),
            prefix_v4_min: 10,
            prefix_v6_min: 20,
            domains: Vec::new(),
            domain_trees: Vec::new(),
            hashes: Vec::new(),
            mails: Vec::new(),
        }
    }
}

impl NeverIndicators {
    /// The list that is built in.
    #[must_use]
    pub fn built_in() -> Self {
        static BUILT_IN: LazyLock<NeverIndicators> =
            LazyLock::new(|| NeverIndicators::from_toml(include_str!("never.toml")).unwrap_or_default());
        BUILT_IN.clone()
    }

    /// Reads a list: `networks`, `prefix_v4_min`, `prefix_v6_min`, `domains`, `domain_trees`, `hashes`, `mails`.
    pub fn from_toml(text: &str) -> Result<Self, NeverError> {
        let written: Written = toml::from_str(text)?;
        let mut never = Self {
            prefix_v4_min: written.prefix_v4_min,
            prefix_v6_min: written.prefix_v6_min,
            ..Self::default()
        };
        for entry in checked("networks", &written.networks)? {
            match IndicatorValue::parse_as(IndicatorFamily::Address, entry) {
                Ok(IndicatorValue::V4(address)) => never.networks4.push((address, 32)),
                Ok(IndicatorValue::V6(address)) => never.networks6.push((address, 128)),
                Ok(IndicatorValue::Network4 { first, prefix }) => never.networks4.push((first, prefix)),
                Ok(IndicatorValue::Network6 { first, prefix }) => never.networks6.push((first, prefix)),
                _ => return Err(refused("networks", entry, "an address or network")),
            }
        }
        for entry in checked("domains", &written.domains)? {
            let mut name = String::new();
            let name =
                domain::canonical(entry, &mut name).ok_or_else(|| refused("domains", entry, "a dns name"))?;
            never.domains.insert(name.to_owned());
        }
        let is_label = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
        for entry in checked("domain_trees", &written.domain_trees)? {
            if entry.is_empty() || !entry.chars().all(is_label) {
                return Err(refused("domain_trees", entry, "a dns name or top-level domain"));
            }
            never.domain_trees.insert(entry.to_ascii_lowercase());
        }
        never.add_values("hashes", IndicatorFamily::Hash, &written.hashes)?;
        never.add_values("mails", IndicatorFamily::Mail, &written.mails)?;
        Ok(never)
    }

    fn add_values(
        &mut self,
        list: &'static str,
        family: IndicatorFamily,
        entries: &[String],
    ) -> Result<(), NeverError> {
        for entry in checked(list, entries)? {
            let value = IndicatorValue::parse_as(family, entry)
                .map_err(|_| refused(list, entry, "a value of that kind"))?;
            self.values.insert(value);
        }
        Ok(())
    }

    /// Why `value` is never an indicator; `None` when it may be one.
    #[must_use]
    pub fn reason(&self, value: &IndicatorValue) -> Option<String> {
        if self.values.contains(value) {
            return Some("never an indicator: it says nothing about what it was found in".to_owned());
        }
        match value {
            IndicatorValue::V4(address) => self.network4_reason(*address, 32),
            IndicatorValue::V6(address) => self.network6_reason(*address, 128),
            IndicatorValue::Network4 { prefix, .. } if *prefix < self.prefix_v4_min => {
                Some(format!("a network of /{prefix} is too wide: at least /{}", self.prefix_v4_min))
            }
            IndicatorValue::Network6 { prefix, .. } if *prefix < self.prefix_v6_min => {
                Some(format!("a network of /{prefix} is too wide: at least /{}", self.prefix_v6_min))
            }
            IndicatorValue::Network4 { first, prefix } => self.network4_reason(*first, *prefix),
            IndicatorValue::Network6 { first, prefix } => self.network6_reason(*first, *prefix),
            IndicatorValue::Domain(name) => self.domain_reason(name),
            IndicatorValue::Url(text) => self.url_reason(text),
            IndicatorValue::Mail(text) => text.rsplit_once('@').and_then(|(_, host)| self.tree_reason(host)),
            IndicatorValue::Md5(_) | IndicatorValue::Sha1(_) | IndicatorValue::Sha256(_) => None,
        }
    }

    fn network4_reason(&self, first: u32, prefix: u8) -> Option<String> {
        let overlaps = |(never, bits): &&(u32, u8)| {
            let shared = prefix.min(*bits);
            mask4(first, shared) == mask4(*never, shared)
        };
        let (never, bits) = self.networks4.iter().find(overlaps)?;
        Some(never_network(&IndicatorValue::Network4 { first: *never, prefix: *bits }))
    }

    fn network6_reason(&self, first: u128, prefix: u8) -> Option<String> {
        let overlaps = |(never, bits): &&(u128, u8)| {
            let shared = prefix.min(*bits);
            mask6(first, shared) == mask6(*never, shared)
        };
        let (never, bits) = self.networks6.iter().find(overlaps)?;
        Some(never_network(&IndicatorValue::Network6 { first: *never, prefix: *bits }))
    }

    fn domain_reason(&self, name: &str) -> Option<String> {
        let bare = name.strip_prefix("www.").unwrap_or(name);
        if self.domains.contains(bare) {
            return Some(format!("{bare} is infrastructure that everybody uses"));
        }
        self.tree_reason(name)
    }

    fn tree_reason(&self, name: &str) -> Option<String> {
        let above = std::iter::successors(Some(name), |name| name.split_once('.').map(|(_, above)| above));
        let tree = above.into_iter().find(|name| self.domain_trees.contains(*name))?;
        Some(format!("names in {tree} are never indicators"))
    }

    fn url_reason(&self, text: &str) -> Option<String> {
        let mut url = Url::default();
        if !url.read(text) {
            return None;
        }
        match read_address(url.host()).map(IndicatorValue::of_address) {
            Some(IndicatorValue::V4(address)) => self.network4_reason(address, 32),
            Some(IndicatorValue::V6(address)) => self.network6_reason(address, 128),
            _ if url.is_whole_host() => self.domain_reason(url.host()),
            _ => self.tree_reason(url.host()),
        }
    }
}

fn checked<'a>(list: &'static str, entries: &'a [String]) -> Result<&'a [String], NeverError> {
    if entries.len() > NEVER_ENTRIES_MAX { Err(NeverError::TooMany(list)) } else { Ok(entries) }
}

fn refused(list: &'static str, entry: &str, expected: &'static str) -> NeverError {
    NeverError::Entry { list, entry: entry.chars().take(80).collect(), expected }
}

fn never_network(network: &IndicatorValue) -> String {
    format!("addresses in {network} are never indicators")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_list_is_whole() {
        NeverIndicators::from_toml(include_str!("never.toml")).unwrap();
        assert!(!NeverIndicators::built_in().networks4.is_empty());
    }

    #[test]
    fn poison_is_refused_and_the_rest_is_not() {
        let never = NeverIndicators::built_in();
        for text in [
            "10.1.2.3",
            "127.0.0.1",
            "192.168.0.0/24",
            "8.8.8.8",
            "8.8.8.0/24",
            "0.0.0.0/0",
            "203.0.0.0/8",
            "::1",
            "fe80::1",
            "2000::/3",
            "::ffff:10.0.0.1",
            "google.com",
            "www.Google.com",
            "co.uk",
            "printer.local",
            "example.localhost",
            "d41d8cd98f00b204e9800998ecf8427e",
            "DA39A3EE5E6B4B0D3255BFEF95601890AFD80709",
            "http://google.com/",
            "http://192.168.1.1/gate.php",
            "http://x.corp/a",
            "root@mail.local",
        ] {
            let value = IndicatorValue::parse(text).unwrap();
            assert!(never.reason(&value).is_some(), "{text}");
        }
        for text in [
            "203.0.113.7",
            "203.0.112.0/22",
            "2001:db8::1",
            "evil.google.com",
            "evil.co.uk",
            "evil.com",
            "http://google.com/url?q=evil",
            "http://203.0.113.7/",
            "bad@gmail.com",
            "bad.github.io",
        ] {
            let value = IndicatorValue::parse(text).unwrap();
            assert_eq!(never.reason(&value), None, "{text}");
        }
    }

    #[test]
    fn a_list_with_a_wrong_entry_is_refused() {
        for text in
            ["networks = ['x']", "hashes = ['abc']", "domains = ['com']", "domain_trees = ['']", "x = 1"]
        {
            assert!(NeverIndicators::from_toml(text).is_err(), "{text}");
        }
        assert!(NeverIndicators::from_toml("").unwrap().reason(&IndicatorValue::V4(0)).is_none());
    }
}
