//! Plain lists: a value per line.

use std::net::IpAddr;
use std::sync::Arc;

use crate::indicators::domain;
use crate::indicators::feed::{Facts, FeedPlace, Intake};
use crate::indicators::value::{INDICATOR_VALUE_BYTES_MAX, read_address};

/// Bytes of a line that are looked at: a value and a comment.
const LINE_BYTES_MAX: usize = INDICATOR_VALUE_BYTES_MAX * 2;

/// `#`, `;` and `//` begin a comment; what follows a value behind white space is one. Lines of a hosts file
/// (`0.0.0.0 evil.com`) mean the name.
pub(crate) fn read(bytes: &[u8], intake: &mut Intake<'_>) {
    let facts = Facts::of(Arc::new(intake.feed.context()));
    for (number, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        if intake.is_full {
            return;
        }
        let place = || FeedPlace { line: number as u64 + 1, record: String::new() };
        let line = line.get(..line.len().min(LINE_BYTES_MAX)).unwrap_or_default();
        // A comment may be in any encoding.
        let line = String::from_utf8_lossy(line);
        let Some(value) = value_of(&line) else { continue };
        intake.offer(value, None, &facts, place);
    }
}

fn value_of(line: &str) -> Option<&str> {
    let line = line.trim();
    if line.is_empty() || line.starts_with(['#', ';', '!']) || line.starts_with("//") {
        return None;
    }
    let mut words = line.split_whitespace();
    let first = words.next()?.trim_end_matches([',', ';']);
    let Some(second) = words.next() else { return Some(first) };
    let is_hosts_file = read_address(first).is_some_and(|address| match address {
        IpAddr::V4(address) => address.is_unspecified() || address.is_loopback(),
        IpAddr::V6(address) => address.is_unspecified() || address.is_loopback(),
    });
    if is_hosts_file && domain::canonical(second, &mut String::new()).is_some() {
        return Some(second);
    }
    Some(first)
}
