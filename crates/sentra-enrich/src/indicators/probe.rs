//! Which of many values may name an indicator.
//!
//! The filters of millions of indicators do not fit into the processor's caches. Asked one value after the other, each
//! waits for memory; so all values are read and hashed first, and then the filters are asked in loops that do nothing
//! else, in which the processor waits for many at a time. What passes is read ahead in the same way.

use super::domain;
use super::index::{Keys, Part, Parts};
use super::look::Look;
use super::url::Url;
use super::value::{IndicatorValue, read_address, read_hex};

/// A value's number and the hash by which a filter knows it.
type Probe = (u32, u64);

/// Values to be asked for.
#[derive(Debug, Default)]
pub(crate) struct Probes {
    name: String,
    url: Url,
    v4: Vec<Probe>,
    domains: Vec<Probe>,
    urls: Vec<Probe>,
    md5: Vec<Probe>,
    sha1: Vec<Probe>,
    sha256: Vec<Probe>,
    /// Values that no filter decides: lists, texts, IPv6, addresses where networks are.
    open: Vec<u32>,
}

impl Probes {
    /// Puts the value `number` in.
    #[inline]
    pub(crate) fn put(&mut self, parts: &Parts, look: Look, number: u32, text: &str) {
        match look {
            Look::Host => self.host(parts, number, text),
            Look::Url => self.url(parts, number, text),
            Look::Hashes => self.hash(parts, number, text),
            Look::Mails if !text.contains('@') => {}
            Look::Hosts | Look::Mails | Look::Text => self.open.push(number),
        }
    }

    #[inline]
    fn host(&mut self, parts: &Parts, number: u32, text: &str) {
        match read_address(text).map(IndicatorValue::of_address) {
            Some(IndicatorValue::V4(address)) if !parts.networks4.is_touched(address) => {
                self.v4.push((number, parts.v4.table.hash(&address)));
            }
            Some(_) => self.open.push(number),
            None => {
                if let Some(name) = domain::canonical(text, &mut self.name) {
                    self.domains.push((number, parts.domains.gate_hash(domain::end(name))));
                } else if text.contains(':') {
                    self.open.push(number);
                }
            }
        }
    }

    fn url(&mut self, parts: &Parts, number: u32, text: &str) {
        let mut url = std::mem::take(&mut self.url);
        if url.read_observed(text) {
            self.urls.push((number, parts.urls.gate_hash(url.authority())));
            self.host(parts, number, url.host());
        }
        self.url = url;
    }

    fn hash(&mut self, parts: &Parts, number: u32, text: &str) {
        match text.len() {
            32 => self.md5.extend(read_hex(text).map(|digest| (number, parts.md5.table.hash(&digest)))),
            40 => self.sha1.extend(read_hex(text).map(|digest| (number, parts.sha1.table.hash(&digest)))),
            64 => self.sha256.extend(read_hex(text).map(|digest| (number, parts.sha256.table.hash(&digest)))),
            _ => self.open.push(number),
        }
    }

    /// The numbers of the values that may name an indicator, in order, each once. Nothing is left to be asked.
    pub(crate) fn take_candidates(&mut self, parts: &Parts) -> Vec<u32> {
        let mut candidates = std::mem::take(&mut self.open);
        pass(&mut self.domains, &mut candidates, |hash| parts.domains.is_open(hash));
        pass(&mut self.urls, &mut candidates, |hash| parts.urls.is_open(hash));
        pass_part(&mut self.v4, &mut candidates, &parts.v4);
        pass_part(&mut self.md5, &mut candidates, &parts.md5);
        pass_part(&mut self.sha1, &mut candidates, &parts.sha1);
        pass_part(&mut self.sha256, &mut candidates, &parts.sha256);
        candidates.sort_unstable();
        candidates.dedup();
        candidates
    }
}

#[inline]
fn pass(probes: &mut Vec<Probe>, candidates: &mut Vec<u32>, may_have: impl Fn(u64) -> bool) {
    candidates.extend(probes.iter().filter(|(_, hash)| may_have(*hash)).map(|(number, _)| *number));
    probes.clear();
}

/// As [`pass`]; what passes is read ahead.
fn pass_part<K: Keys>(probes: &mut Vec<Probe>, candidates: &mut Vec<u32>, part: &Part<K>) {
    probes.retain(|(_, hash)| part.table.may_have(*hash));
    let hashes: Vec<u64> = probes.iter().map(|(_, hash)| *hash).collect();
    part.warm(&hashes);
    candidates.extend(probes.drain(..).map(|(number, _)| number));
}
