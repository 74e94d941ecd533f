//! Invented documents.

use sentra_model::{Digest, EventId, Mart, Severity, SignalId, TenantId, TenantScope, Timestamp};

use crate::{
    Budget, Clause, Deadline, Document, DocumentBuilder, ForensicConfig, Policy, Progress, Routed, TextIndex,
    TextQuery, Why,
};

pub(crate) const TENANT: &str = "acme";

/// Midnight of the first invented day.
const DAY: i64 = 1_767_225_600;

pub(crate) fn scope(name: &str) -> TenantScope {
    TenantScope::new(name.parse::<TenantId>().unwrap())
}

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(DAY + seconds)
}

/// Two policies, `gate` before `rest`.
pub(crate) fn config(floor_bytes: u64) -> ForensicConfig {
    let policy = |name: &str, retention_days| Policy {
        name: name.into(),
        marts: vec![Mart::LINUX],
        retention_days,
        ..Policy::default()
    };
    ForensicConfig {
        budget: Budget { share_percent: 3.0, floor_bytes },
        policies: vec![policy("gate", Some(2)), policy("rest", None)],
        ..ForensicConfig::default()
    }
}

/// Room for everything that tests bring along.
pub(crate) fn wide() -> ForensicConfig {
    config(1 << 30)
}

pub(crate) fn document(offset: u64, seconds: i64, message: &str) -> Document {
    let raw = format!("<13>{offset} {message}");
    let mart = if offset.is_multiple_of(3) { Mart::WINDOWS } else { Mart::LINUX };
    let mut document =
        DocumentBuilder::new(EventId::raw(0, offset), mart.clone(), at(seconds), raw.as_bytes());
    document.header("mart", mart.as_str());
    document.header("host", &format!("Host-{}", offset % 4));
    document.header("message", message);
    document.field("EventID", &(4_624 + offset % 3).to_string());
    document.field("user", "shadowed");
    document.finish()
}

pub(crate) fn signal(number: u64, severity: Severity) -> Why {
    let signal = SignalId::derive(Digest::new("test").number(number));
    Why::Signal { signal, rule: format!("rule-{number}"), severity }
}

pub(crate) fn policy(name: &str) -> Why {
    Why::Policy(name.into())
}

pub(crate) fn routed(document: Document, why: Why) -> Routed {
    Routed { document, why: vec![why] }
}

/// Documents that are alike in size and differ in their words, one each second.
pub(crate) fn stretch(offsets: std::ops::Range<u64>, why: &Why) -> Vec<Routed> {
    let one = |offset: u64| {
        let words: Vec<String> = (0..20)
            .map(|word| format!("w{:x}", Digest::new("w").number(offset).number(word).first_u64()))
            .collect();
        let seconds = i64::try_from(offset).unwrap();
        routed(document(offset, seconds, &words.join(" ")), why.clone())
    };
    offsets.map(one).collect()
}

pub(crate) fn progress(from: u64, next: u64) -> Option<Progress> {
    Some(Progress { partition: 0, from, next, raw_bytes: (next - from) * 100 })
}

/// Offsets of what answers the query, in the order of the answer.
pub(crate) fn offsets(index: &dyn TextIndex, query: &TextQuery) -> Vec<u64> {
    let answer = index.search(&scope(TENANT), query, &Deadline::never()).unwrap();
    assert!(answer.complete);
    answer.hits.iter().map(|hit| hit.id.offset).collect()
}

/// Offsets of what has all of `must`, sorted.
pub(crate) fn ids(index: &dyn TextIndex, must: Vec<Clause>) -> Vec<u64> {
    let mut found = offsets(index, &TextQuery { must, limit: 10_000, ..TextQuery::default() });
    found.sort_unstable();
    found
}
