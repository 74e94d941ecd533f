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
    /// The newest that gave way or was refused, in microseconds. Ledgers of earlier versions do not say.
    #[serde(default)]
    pub(crate) lacking: Lacking,
}

/// Up to when documents are lacking that would be held if there were room.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Lacking {
    /// Not written down.
    #[default]
    Unknown,
    /// Whatever gave way would have expired since.
    Nothing,
    Until(i64),
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

    pub(crate) fn refuse(&mut self, class: &str, time: Timestamp) {
        let account = self.account(class);
        account.lack_until(time.micros());
        account.refused += 1;
    }

    pub(crate) fn raise(&mut self, class: &str) {
        let account = self.account(class);
        account.raised += 1;
        account.documents = account.documents.saturating_sub(1);
    }

    /// `count` documents of `class` up to `until` gave way.
    pub(crate) fn evict(&mut self, class: &str, count: u64, until: i64) {
        let account = self.account(class);
        if count > 0 {
            account.lack_until(until);
        }
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

    /// What is of `class` and before `before` was kept long enough: what gave way of it is not lacking any more. Gives whether
    /// that is news.
    pub(crate) fn settle(&mut self, class: &str, before: Timestamp) -> bool {
        let Some(account) = self.classes.get_mut(class) else { return false };
        let is_over = matches!(account.lacking, Lacking::Until(until) if until < before.micros());
        if is_over {
            account.lacking = Lacking::Nothing;
        }
        is_over
    }

    /// Of what gave way when nobody wrote down its time it is known that it happened before `now`. Gives whether that is news.
    pub(crate) fn settle_unknown(&mut self, now: Timestamp) -> bool {
        let mut is_news = false;
        for account in self.classes.values_mut().filter(|account| account.lacking() == Lacking::Unknown) {
            account.lacking = Lacking::Until(now.micros());
            is_news = true;
        }
        is_news
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
                    lacking_until: match account.lacking() {
                        Lacking::Nothing => None,
                        Lacking::Until(until) => Some(Timestamp::from_micros(until)),
                        Lacking::Unknown => Some(Timestamp::MAX),
                    },
                }
            })
            .collect()
    }
}

impl Account {
    fn lacking(&self) -> Lacking {
        if self.evicted + self.refused == 0 { Lacking::Nothing } else { self.lacking }
    }

    /// A document of `time` is not held for want of room.
    fn lack_until(&mut self, time: i64) {
        self.lacking = match self.lacking() {
            Lacking::Unknown => Lacking::Unknown,
            Lacking::Nothing => Lacking::Until(time),
            Lacking::Until(until) => Lacking::Until(until.max(time)),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lacking(ledger: &Ledger, class: &str) -> Option<Timestamp> {
        let stats = ledger.by_class(&crate::ForensicConfig::default().classes().unwrap());
        stats.into_iter().find(|stats| stats.class == class).and_then(|stats| stats.lacking_until)
    }

    #[test]
    fn what_gave_way_is_lacking_until_it_would_have_expired() {
        let at = Timestamp::from_seconds;
        let mut ledger = Ledger::default();
        for second in 1..=20 {
            ledger.admit("gate", at(second), false);
        }
        assert_eq!(lacking(&ledger, "gate"), None);
        ledger.evict("gate", 0, i64::MIN);
        assert_eq!(lacking(&ledger, "gate"), None, "nothing gave way");
        ledger.evict("gate", 5, at(5).micros());
        ledger.refuse("gate", at(9));
        ledger.refuse("gate", at(3));
        assert_eq!(lacking(&ledger, "gate"), Some(at(9)));
        assert!(!ledger.settle("gate", at(9)), "what happened at the ninth second would be kept");
        assert_eq!(lacking(&ledger, "gate"), Some(at(9)));
        assert!(ledger.settle("gate", at(10)));
        assert!(!ledger.settle("gate", at(10)) && !ledger.settle("other", at(10)));
        assert!(!ledger.settle_unknown(at(101)), "all of it is known");
        assert_eq!(lacking(&ledger, "gate"), None);
        ledger.refuse("gate", at(12));
        assert_eq!(lacking(&ledger, "gate"), Some(at(12)), "again");
    }

    #[test]
    fn a_ledger_of_an_earlier_version_is_not_taken_to_lack_nothing() {
        let stored = r#"{"version":1,"positions":{},"ingested_bytes":9,"classes":{"gate":{"documents":1,"admitted":3,
            "refused":0,"evicted":2,"expired":0,"raised":0,"cut":0,"oldest":7},"rest":{"documents":1,"admitted":1,"refused":0,
            "evicted":0,"expired":0,"raised":0,"cut":0,"oldest":7}}}"#;
        let mut ledger: Ledger = serde_json::from_str(stored).unwrap();
        assert_eq!(lacking(&ledger, "gate"), Some(Timestamp::MAX));
        assert_eq!(lacking(&ledger, "rest"), None);
        ledger.refuse("gate", Timestamp::from_seconds(5));
        assert_eq!(lacking(&ledger, "gate"), Some(Timestamp::MAX), "others gave way before");
        let now = Timestamp::from_seconds(2_000);
        assert!(!ledger.settle("gate", now));
        assert!(ledger.settle_unknown(now), "whether its class is kept for ever or not");
        assert!(!ledger.settle_unknown(now));
        assert_eq!(lacking(&ledger, "gate"), Some(now), "no event that gave way is newer");
        assert!(ledger.settle("gate", Timestamp::from_seconds(2_001)));
        assert_eq!(lacking(&ledger, "gate"), None);
    }
}
