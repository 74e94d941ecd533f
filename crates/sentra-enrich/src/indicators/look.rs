//! How the value of a column or field is looked up.

use super::domain;
use super::index::{IndicatorId, Parts};
use super::url::Url;
use super::value::{read_address, read_hex, read_mail};

/// Parts of one value (a list of digests, the URLs of a command) that are looked at.
pub const PARTS_PER_VALUE_MAX: usize = 64;
/// Bytes of one value that are looked at.
pub const LOOKED_BYTES_MAX: usize = 65_536;

/// What may stand in a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Look {
    /// An address or DNS name, maybe with a port.
    Host,
    /// Several of them.
    Hosts,
    /// A URL.
    Url,
    /// A digest, several, or `MD5=…,SHA256=…`.
    Hashes,
    /// A mail address or several.
    Mails,
    /// A text with URLs in it.
    Text,
}

impl Look {
    /// A bit of its own.
    pub(crate) fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// The part of a value that is looked at.
pub(crate) fn looked_at(text: &str) -> &str {
    text.get(..text.floor_char_boundary(LOOKED_BYTES_MAX)).unwrap_or_default()
}

/// Buffers of looking up, used again and again.
#[derive(Debug, Default)]
pub(crate) struct Looker {
    name: String,
    mail: String,
    url: Url,
    found: Vec<IndicatorId>,
    /// Where the indicators of each part of the value end in `found`.
    ends: Vec<usize>,
}

impl Looker {
    /// Looks `text` up; false when nothing was found, whatever the time.
    #[inline]
    pub(crate) fn look(&mut self, parts: &Parts, look: Look, text: &str) -> bool {
        self.found.clear();
        self.ends.clear();
        let text = looked_at(text);
        match look {
            Look::Host => self.host(parts, text),
            Look::Url => self.url(parts, text),
            Look::Hosts => {
                self.each(text, &[' ', ',', ';', '|', '\n', '\t', '"', '[', ']'], |looker, part| {
                    looker.host(parts, part);
                })
            }
            Look::Hashes if matches!(text.len(), 32 | 40 | 64) => self.hash(parts, text),
            Look::Hashes => {
                self.each(text, &[',', ' ', ';', '|'], |looker, part| looker.named_hash(parts, part))
            }
            Look::Mails if !text.contains('@') => {}
            Look::Mails if !text.contains([',', ';']) => self.mail(parts, text),
            Look::Mails => self.each(text, &[',', ';'], |looker, part| looker.mail(parts, part)),
            Look::Text => self.text(parts, text),
        }
        !self.found.is_empty()
    }

    /// The indicators of each part of the value, the most specific of a part first.
    pub(crate) fn groups(&self) -> impl Iterator<Item = &[IndicatorId]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).filter_map(|(start, end)| self.found.get(start..*end))
    }

    fn each(&mut self, text: &str, borders: &[char], mut look: impl FnMut(&mut Self, &str)) {
        for part in text.split(borders).filter(|part| !part.is_empty()).take(PARTS_PER_VALUE_MAX) {
            look(self, part.trim());
        }
    }

    /// Ends a part of the value.
    fn end(&mut self) {
        if self.ends.last().copied().unwrap_or_default() < self.found.len() {
            self.ends.push(self.found.len());
        }
    }

    #[inline]
    fn host(&mut self, parts: &Parts, text: &str) {
        if let Some(address) = read_address(text) {
            parts.find_address(address, &mut self.found);
        } else if let Some(name) = domain::canonical(text, &mut self.name) {
            parts.find_domain(name, &mut self.found);
        } else if let Some((host, port)) = text.rsplit_once(':') {
            let is_port =
                !port.is_empty() && port.len() <= 5 && port.bytes().all(|byte| byte.is_ascii_digit());
            let host = host.trim_start_matches('[').trim_end_matches(']');
            match read_address(host) {
                _ if !is_port => {}
                Some(address) => parts.find_address(address, &mut self.found),
                None => {
                    if let Some(name) = domain::canonical(host, &mut self.name) {
                        parts.find_domain(name, &mut self.found);
                    }
                }
            }
        }
        self.end();
    }

    fn url(&mut self, parts: &Parts, text: &str) {
        if !self.url.read_observed(text) {
            return;
        }
        parts.find_url(&self.url, &mut self.found);
        match read_address(self.url.host()) {
            Some(address) => parts.find_address(address, &mut self.found),
            None => parts.find_domain(self.url.host(), &mut self.found),
        }
        self.end();
    }

    fn hash(&mut self, parts: &Parts, text: &str) {
        match text.len() {
            32 => {
                if let Some(digest) = read_hex(text) {
                    parts.find_md5(&digest, &mut self.found);
                }
            }
            40 => {
                if let Some(digest) = read_hex(text) {
                    parts.find_sha1(&digest, &mut self.found);
                }
            }
            64 => {
                if let Some(digest) = read_hex(text) {
                    parts.find_sha256(&digest, &mut self.found);
                }
            }
            _ => {}
        }
        self.end();
    }

    /// `SHA256=…`; an `IMPHASH=…` is no digest of a file, though it is as long as one.
    fn named_hash(&mut self, parts: &Parts, text: &str) {
        let Some((name, digest)) = text.split_once(['=', ':']) else { return self.hash(parts, text) };
        let is_known = ["md5", "sha1", "sha-1", "sha256", "sha-256"]
            .iter()
            .any(|known| name.eq_ignore_ascii_case(known));
        if is_known {
            self.hash(parts, digest);
        }
    }

    fn mail(&mut self, parts: &Parts, text: &str) {
        let Some(border) = read_mail(text, &mut self.name, &mut self.mail) else { return };
        parts.find_mail(&self.mail, &mut self.found);
        parts.find_domain(self.mail.get(border..).unwrap_or_default(), &mut self.found);
        self.end();
    }

    fn text(&mut self, parts: &Parts, text: &str) {
        let is_border = |c: char| c.is_whitespace() || c.is_control() || "\"'`<>|^,;(){}".contains(c);
        for at in memchr::memmem::find_iter(text.as_bytes(), b"://").take(PARTS_PER_VALUE_MAX) {
            let before = text.get(..at).unwrap_or_default();
            let letters = before.bytes().rev().take(16).take_while(u8::is_ascii_alphanumeric).count();
            let behind = text.get(at + 3..).unwrap_or_default();
            let end = at + 3 + behind.find(is_border).unwrap_or(behind.len());
            if let Some(url) = text.get(at - letters..end) {
                self.url(parts, url.trim_end_matches(['.', ']', '!']));
            }
        }
    }
}
