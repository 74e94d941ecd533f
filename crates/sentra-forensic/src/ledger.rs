//! What is committed together with the documents: positions, ingested bytes, and what became of documents by class.

use std::collections::BTreeMap;

use sentra_model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::index::{ClassStats, Progress};
use crate::policy::Classes;

/// The version of the index's stored shape: schema, terms and ledger.
pub(crate) const FORMAT_VERSION: u32 = 1;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ledger {
    pub(crate) version: u32,
    positions: BTreeMap<u32, u64>,
    pub(crate) ingested_bytes: u64,
    pub(crate) classes: BTreeMap<String, Account>,
}

/// One class. `documents` is always `admitted - evicted - expired - raised`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Account {
    pub(crate) documents: u64,
    pub(crate) admitted: u64,
    pub(crate) refused: u64,
    pub(crate) evicted: u64,
    pub(crate) expired: u64,
    /// Documents that another reason has put into a better class.
    pub(crate) raised: u64,
    /// Documents that were cut because they were too long.
    pub(crate) cut: u64,
    /// No document of the class is older, in microseconds.
    pub(crate) oldest: i64,
}

impl Default for Ledger {
    fn default() -> Self {
        Self {
            version: FORMAT_VERSION,
            positions: BTreeMap::new(),
            ingested_bytes: 0,
            classes: BTreeMap::new(),
        }
    }
}

impl Ledger {
    pub(crate) fn position(&self, partition: u32) -> u64 {
        self.positions.get(&partition).copied().unwrap_or(0)
    }

    /// Whether `progress` is behind what is known: then its documents were dealt with before.
    pub(crate) fn is_replay(&self, progress: &Progress) -> bool {
        progress.next <= self.position(progress.partition)
    }

    /// Goes on. Of a stretch that is known in part, the bytes of the other part count.
    pub(crate) fn advance(&mut self, progress: &Progress) {
        let position = self.positions.entry(progress.partition).or_default();
        let from = progress.from.max(*position);
        let new = progress.next.saturating_sub(from);
        let all = progress.next.saturating_sub(progress.from).max(1);
        let bytes = u128::from(progress.raw_bytes) * u128::from(new) / u128::from(all);
        self.ingested_bytes = self.ingested_bytes.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
        *position = progress.next.max(*position);
    }

    pub(crate) fn account(&mut self, class: &str) -> &mut Account {
        if !self.classes.contains_key(class) {
            self.classes.insert(class.to_owned(), Account::default());
        }
        // The entry was made above; `entry` would allocate the name for each document.
        self.classes.entry(class.to_owned()).or_default()
    }

    pub(crate) fn documents(&self) -> u64 {
        self.classes.values().map(|account| account.documents).sum()
    }

    /// The class that gives way first, of those that have documents.
    pub(crate) fn last_class(&self, classes: &Classes) -> Option<(&str, &Account)> {
        let present = self.classes.iter().filter(|(_, account)| account.documents > 0);
        present.map(|(name, account)| (name.as_str(), account)).max_by_key(|(name, _)| classes.rank(name))
    }

    /// How many documents give way before one of `class`: those of lesser classes, committed or not, and those of its
    /// own that were there at the last commit and are not newer. What came since does not make room for its like, or
    /// a class would chase itself through the index.
    pub(crate) fn lesser(&self, committed: &Self, classes: &Classes, class: &str, time: Timestamp) -> u64 {
        let rank = classes.rank(class);
        let others = self.classes.iter().filter(|(name, _)| classes.rank(name) > rank);
        let others: u64 = others.map(|(_, account)| account.documents).sum();
        let own = committed.classes.get(class).filter(|account| time.micros() > account.oldest);
        others + own.map_or(0, |account| account.documents)
    }

    pub(crate) fn admit(&mut self, class: &str, time: Timestamp, is_cut: bool) {
        let account = self.account(class);
        account.oldest =
            if account.documents == 0 { time.micros() } else { account.oldest.min(time.micros()) };
        account.documents += 1;
        account.admitted += 1;
        account.cut += u64::from(is_cut);
    }

    pub(crate) fn refuse(&mut self, class: &str) {
        self.account(class).refused += 1;
    }

    pub(crate) fn raise(&mut self, class: &str) {
        let account = self.account(class);
        account.raised += 1;
        account.documents = account.documents.saturating_sub(1);
    }

    /// `count` documents of `class` up to `until` gave way.
    pub(crate) fn evict(&mut self, class: &str, count: u64, until: i64) {
        let account = self.account(class);
        account.evicted += count;
        account.documents = account.documents.saturating_sub(count);
        account.oldest = until.saturating_add(1).max(account.oldest);
    }

    /// `count` documents of `class` before `before` were kept long enough.
    pub(crate) fn expire(&mut self, class: &str, count: u64, before: i64) {
        let account = self.account(class);
        account.expired += count;
        account.documents = account.documents.saturating_sub(count);
        account.oldest = before.max(account.oldest);
    }

    /// Every class that is configured or was, in the order in which they give way last.
    pub(crate) fn by_class(&self, classes: &Classes) -> Vec<ClassStats> {
        let configured = classes.names().iter().map(String::as_str);
        let former = self.classes.keys().map(String::as_str).filter(|name| classes.position(name).is_none());
        configured
            .chain(former)
            .map(|name| {
                let account = self.classes.get(name).copied().unwrap_or_default();
                ClassStats {
                    class: name.to_owned(),
                    configured: classes.position(name).is_some(),
                    documents: account.documents,
                    admitted: account.admitted,
                    refused: account.refused,
                    evicted: account.evicted,
                    expired: account.expired,
                    raised: account.raised,
                    cut: account.cut,
                }
            })
            .collect()
    }
}
