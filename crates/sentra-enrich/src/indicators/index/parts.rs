//! The tables of a set of indicators, one per kind of value.

use std::hash::Hash;
use std::hint::black_box;
use std::net::IpAddr;

use super::detail::Detail;
use super::table::{Filter, Fixed, Keys, Table, Texts};
use crate::indicators::domain;
use crate::indicators::kind::IndicatorKind;
use crate::indicators::url::Url;
use crate::indicators::value::{IndicatorValue, mask4, mask6};

/// In which table an indicator stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum PartName {
    V4,
    V6,
    Networks4,
    Networks6,
    Domains,
    Urls,
    Mails,
    Md5,
    Sha1,
    Sha256,
}

/// Which indicator of a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct IndicatorId {
    pub(crate) part: PartName,
    pub(crate) number: u32,
}

impl IndicatorId {
    pub(crate) fn kind(self) -> IndicatorKind {
        match self.part {
            PartName::V4 | PartName::V6 => IndicatorKind::Address,
            PartName::Networks4 | PartName::Networks6 => IndicatorKind::Network,
            PartName::Domains => IndicatorKind::Domain,
            PartName::Urls => IndicatorKind::Url,
            PartName::Mails => IndicatorKind::Mail,
            PartName::Md5 => IndicatorKind::Md5,
            PartName::Sha1 => IndicatorKind::Sha1,
            PartName::Sha256 => IndicatorKind::Sha256,
        }
    }
}

/// Values of one kind with what is kept of each.
#[derive(Debug)]
pub(crate) struct Part<K> {
    pub(crate) table: Table<K>,
    pub(crate) details: Vec<Detail>,
}

impl<K: Keys> Part<K> {
    pub(crate) fn new((keys, details): (K, Vec<Detail>), seed: u64) -> Self {
        Self { table: Table::new(keys, seed), details }
    }

    pub(crate) fn len(&self) -> usize {
        self.details.len()
    }

    /// Reads ahead what the keys of `hashes` need.
    pub(crate) fn warm(&self, hashes: &[u64]) {
        self.table.warm(hashes, |number| {
            black_box(self.details.get(number as usize).copied());
        });
    }

    fn bytes(&self) -> usize {
        self.table.bytes() + size_of_val(self.details.as_slice())
    }
}

/// Networks, by the lengths of their prefixes.
#[derive(Debug)]
pub(crate) struct Networks<A> {
    pub(crate) part: Part<Fixed<(A, u8)>>,
    /// Lengths that there are, the longest first.
    prefixes: Vec<u8>,
    /// For each value of the upper 16 bits of an IPv4 address: whether a network has such an address.
    touched: Vec<u64>,
}

impl<A: Copy + Eq + Hash> Networks<A> {
    /// `range` gives the first and last address of a network in IPv4, or everything.
    pub(crate) fn new(
        (keys, details): (Fixed<(A, u8)>, Vec<Detail>),
        seed: u64,
        range: impl Fn(A, u8) -> (u32, u32),
    ) -> Self {
        let mut prefixes: Vec<u8> = keys.0.iter().map(|(_, prefix)| *prefix).collect();
        prefixes.sort_unstable_by(|one, other| other.cmp(one));
        prefixes.dedup();
        let mut touched = vec![0_u64; if keys.0.is_empty() { 0 } else { 1_024 }];
        for (first, prefix) in &keys.0 {
            let (first, last) = range(*first, *prefix);
            if (first, last) == (0, u32::MAX) {
                touched.fill(u64::MAX);
                break;
            }
            for upper in first >> 16..=last >> 16 {
                if let Some(word) = touched.get_mut(upper as usize / 64) {
                    *word |= 1 << (upper % 64);
                }
            }
        }
        Self { part: Part::new((keys, details), seed), prefixes, touched }
    }

    /// Whether a network may have the IPv4 address.
    #[inline]
    pub(crate) fn is_touched(&self, address: u32) -> bool {
        let upper = address >> 16;
        self.touched.get(upper as usize / 64).is_some_and(|word| word >> (upper % 64) & 1 == 1)
    }

    fn bytes(&self) -> usize {
        self.part.bytes() + self.prefixes.len() + self.touched.len() * 8
    }
}

/// Texts that many looks ask for several times over: a name and every name above it, a URL and every directory above it.
/// A gate asks once, whether anything in the table has the same end or host.
#[derive(Debug)]
pub(crate) struct Gated {
    pub(crate) part: Part<Texts>,
    gate: Filter,
}

impl Gated {
    /// `common` gives the end of a name, the host of a URL.
    pub(crate) fn new(texts: (Texts, Vec<Detail>), seed: u64, common: impl Fn(&str) -> &str) -> Self {
        let part = Part::new(texts, seed);
        let mut gate = Filter::new(part.len());
        for number in 0..part.len() {
            let text = part.table.keys.get(number).and_then(|text| std::str::from_utf8(text).ok());
            gate.insert(part.table.hash(common(text.unwrap_or_default()).as_bytes()));
        }
        Self { part, gate }
    }

    /// Hash of what texts have in common.
    #[inline]
    pub(crate) fn gate_hash(&self, common: &str) -> u64 {
        self.part.table.hash(common.as_bytes())
    }

    /// Whether looking for texts with that in common can lead to anything.
    #[inline]
    pub(crate) fn is_open(&self, gate_hash: u64) -> bool {
        self.gate.may_have(gate_hash)
    }

    fn bytes(&self) -> usize {
        self.part.bytes() + self.gate.bytes()
    }
}

/// The first `prefix` bits set.
pub(crate) fn ones4(prefix: u8) -> u32 {
    mask4(u32::MAX, prefix)
}

/// All tables.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) v4: Part<Fixed<u32>>,
    pub(crate) v6: Part<Fixed<u128>>,
    pub(crate) networks4: Networks<u32>,
    pub(crate) networks6: Networks<u128>,
    pub(crate) domains: Gated,
    pub(crate) urls: Gated,
    pub(crate) mails: Part<Texts>,
    pub(crate) md5: Part<Fixed<[u8; 16]>>,
    pub(crate) sha1: Part<Fixed<[u8; 20]>>,
    pub(crate) sha256: Part<Fixed<[u8; 32]>>,
}

impl Parts {
    /// Bytes of all tables.
    pub(crate) fn bytes(&self) -> usize {
        self.v4.bytes()
            + self.v6.bytes()
            + self.networks4.bytes()
            + self.networks6.bytes()
            + self.domains.bytes()
            + self.urls.bytes()
            + self.mails.bytes()
            + self.md5.bytes()
            + self.sha1.bytes()
            + self.sha256.bytes()
    }

    /// What is kept of `id`.
    pub(crate) fn detail(&self, id: IndicatorId) -> Option<Detail> {
        let details = match id.part {
            PartName::V4 => &self.v4.details,
            PartName::V6 => &self.v6.details,
            PartName::Networks4 => &self.networks4.part.details,
            PartName::Networks6 => &self.networks6.part.details,
            PartName::Domains => &self.domains.part.details,
            PartName::Urls => &self.urls.part.details,
            PartName::Mails => &self.mails.details,
            PartName::Md5 => &self.md5.details,
            PartName::Sha1 => &self.sha1.details,
            PartName::Sha256 => &self.sha256.details,
        };
        details.get(id.number as usize).copied()
    }

    /// The value of `id`.
    pub(crate) fn value(&self, id: IndicatorId) -> Option<IndicatorValue> {
        let number = id.number as usize;
        let text = |part: &Part<Texts>| {
            part.table.keys.get(number).map(|text| String::from_utf8_lossy(text).into_owned())
        };
        Some(match id.part {
            PartName::V4 => IndicatorValue::V4(*self.v4.table.keys.get(number)?),
            PartName::V6 => IndicatorValue::V6(*self.v6.table.keys.get(number)?),
            PartName::Networks4 => {
                let (first, prefix) = *self.networks4.part.table.keys.get(number)?;
                IndicatorValue::Network4 { first, prefix }
            }
            PartName::Networks6 => {
                let (first, prefix) = *self.networks6.part.table.keys.get(number)?;
                IndicatorValue::Network6 { first, prefix }
            }
            PartName::Domains => IndicatorValue::Domain(text(&self.domains.part)?),
            PartName::Urls => IndicatorValue::Url(text(&self.urls.part)?),
            PartName::Mails => IndicatorValue::Mail(text(&self.mails)?),
            PartName::Md5 => IndicatorValue::Md5(*self.md5.table.keys.get(number)?),
            PartName::Sha1 => IndicatorValue::Sha1(*self.sha1.table.keys.get(number)?),
            PartName::Sha256 => IndicatorValue::Sha256(*self.sha256.table.keys.get(number)?),
        })
    }

    /// Adds the indicators that `address` is or is in, the narrowest first.
    #[inline]
    pub(crate) fn find_address(&self, address: IpAddr, found: &mut Vec<IndicatorId>) {
        match IndicatorValue::of_address(address) {
            IndicatorValue::V4(address) => self.find_v4(address, found),
            IndicatorValue::V6(address) => self.find_v6(address, found),
            _ => {}
        }
    }

    fn find_v4(&self, address: u32, found: &mut Vec<IndicatorId>) {
        put(PartName::V4, self.v4.table.find(&address), found);
        if self.networks4.is_touched(address) {
            for prefix in &self.networks4.prefixes {
                let network = (mask4(address, *prefix), *prefix);
                put(PartName::Networks4, self.networks4.part.table.find(&network), found);
            }
        }
    }

    fn find_v6(&self, address: u128, found: &mut Vec<IndicatorId>) {
        put(PartName::V6, self.v6.table.find(&address), found);
        for prefix in &self.networks6.prefixes {
            let network = (mask6(address, *prefix), *prefix);
            put(PartName::Networks6, self.networks6.part.table.find(&network), found);
        }
    }

    /// Adds the indicators that the canonical `name` is or is below, the longest first.
    #[inline]
    pub(crate) fn find_domain(&self, name: &str, found: &mut Vec<IndicatorId>) {
        if !self.domains.is_open(self.domains.gate_hash(domain::end(name))) {
            return;
        }
        for name in domain::with_parents(name) {
            put(PartName::Domains, self.domains.part.table.find(name.as_bytes()), found);
        }
    }

    /// Adds the indicators that `url` is or is below, the most specific first; its host is not looked at.
    #[inline]
    pub(crate) fn find_url(&self, url: &Url, found: &mut Vec<IndicatorId>) {
        if !self.urls.is_open(self.urls.gate_hash(url.authority())) {
            return;
        }
        for expression in url.expressions() {
            put(PartName::Urls, self.urls.part.table.find(expression.as_bytes()), found);
        }
    }

    /// Adds the indicator that the canonical mail address is.
    pub(crate) fn find_mail(&self, mail: &str, found: &mut Vec<IndicatorId>) {
        put(PartName::Mails, self.mails.table.find(mail.as_bytes()), found);
    }

    pub(crate) fn find_md5(&self, digest: &[u8; 16], found: &mut Vec<IndicatorId>) {
        put(PartName::Md5, self.md5.table.find(digest), found);
    }

    pub(crate) fn find_sha1(&self, digest: &[u8; 20], found: &mut Vec<IndicatorId>) {
        put(PartName::Sha1, self.sha1.table.find(digest), found);
    }

    pub(crate) fn find_sha256(&self, digest: &[u8; 32], found: &mut Vec<IndicatorId>) {
        put(PartName::Sha256, self.sha256.table.find(digest), found);
    }
}

#[inline]
fn put(part: PartName, number: Option<u32>, found: &mut Vec<IndicatorId>) {
    found.extend(number.map(|number| IndicatorId { part, number }));
}
