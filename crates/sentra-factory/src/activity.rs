//! Login counts by source address, so that a story can say how many logins failed, for which accounts,
//! and that none succeeded: a finding alone knows only what its rule asked for.

use std::collections::{BTreeMap, BTreeSet};

use sentra_model::{Digest, EntityRef, EntityType, EventCode, EventId, EventRow, Role, Timestamp};
use sentra_model::{Fact, FactKind, NamedSet, Pace};
use sentra_triage::{LoginFacts, NAMES_SHOWN_MAX, add_name, count_name, keep_evidence, shorten};
use serde::{Deserialize, Serialize};

use crate::state::{StateKind, StateRow};

/// Law LIMIT: accounts of one address that are known again beyond those that are named.
const ACCOUNTS_KNOWN_MAX: usize = 1_024;

/// Counts of one outcome.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Tally {
    count: u64,
    first: Timestamp,
    last: Timestamp,
    users: NamedSet,
    /// Of the accounts beyond those in `users` what tells them apart, so that each is counted once.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    more_users: BTreeSet<u64>,
    /// Those of `users` that do not exist on the host, or may not log in there.
    #[serde(default)]
    refused: NamedSet,
    /// The account of the last login.
    #[serde(default)]
    last_user: Option<String>,
    hosts: NamedSet,
    events: Vec<EventId>,
    /// None where it was not recorded from the first login on.
    #[serde(default)]
    pace: Option<Pace>,
}

impl Tally {
    fn add(&mut self, row: EventRow<'_>) {
        let time = row.time();
        let times = u64::from(row.count());
        if self.count == 0 {
            (self.first, self.last) = (time, time);
            self.pace = Some(Pace::default());
        }
        if let Some(pace) = &mut self.pace {
            pace.add(time, times);
        }
        self.first = self.first.min(time);
        if time >= self.last {
            self.last = time;
            self.last_user = row.text("user").map(shorten);
        }
        self.count = self.count.saturating_add(times);
        if let Some(user) = row.text("user") {
            self.add_user(user, times);
            if is_refused(row) {
                count_name(&mut self.refused, user, times);
            }
        }
        if let Some(host) = row.text("host") {
            add_name(&mut self.hosts, host);
        }
        keep_evidence(&mut self.events, row.id());
    }

    fn add_user(&mut self, user: &str, times: u64) {
        let user = shorten(user);
        if self.users.shown.len() < NAMES_SHOWN_MAX || self.users.shown.contains(&user) {
            count_name(&mut self.users, &user, times);
            return;
        }
        let known = |tally: &Self| (tally.users.shown.len() + tally.more_users.len()) as u64;
        // A total that was stored before the accounts were told apart has counted some of them twice.
        self.users.at_least |= self.users.total != known(self);
        let key = Digest::new("account/1").text(&user).first_u64();
        if !self.more_users.contains(&key) {
            match self.more_users.len() < ACCOUNTS_KNOWN_MAX {
                true => _ = self.more_users.insert(key),
                false => self.users.at_least = true,
            }
        }
        self.users.total = known(self);
    }

    fn fact(&self, kind: FactKind, address: &str) -> Fact {
        let mut entities = vec![EntityRef::new(EntityType::Ip, Role::Source, address)];
        entities
            .extend(self.hosts.shown.iter().map(|host| EntityRef::new(EntityType::Host, Role::Target, host)));
        let mut values = BTreeMap::from([("user".to_owned(), self.users.clone())]);
        // Which of the accounts that are not named were refused is not known.
        if self.users.is_complete() && self.users.is_counted() && !self.refused.shown.is_empty() {
            values.insert("refused_user".to_owned(), self.refused.clone());
        }
        if let Some(user) = self.last_user.as_deref().filter(|_| kind == FactKind::LoginsSucceeded) {
            values.insert("last_user".to_owned(), NamedSet::of(vec![user.to_owned()]));
        }
        Fact {
            kind,
            count: self.count,
            first: self.first,
            last: self.last,
            entities,
            values,
            events: self.events.clone(),
            pace: self.pace.clone(),
        }
    }
}

/// Whether the source says that there is no such account where the login was tried, or that it may not log in there.
fn is_refused(row: EventRow<'_>) -> bool {
    /// The status with which Windows says that the account does not exist.
    const NO_SUCH_USER: &str = "0xc0000064";
    row.field("invalid_user") == Some("true")
        || row.field("SubStatus").is_some_and(|status| status.eq_ignore_ascii_case(NO_SUCH_USER))
}

/// The logins of one address.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Logins {
    first: Timestamp,
    last: Timestamp,
    failed: Tally,
    succeeded: Tally,
}

/// The logins of every address that is remembered.
#[derive(Debug)]
pub(crate) struct Activity {
    by_address: BTreeMap<String, Logins>,
    by_last: BTreeSet<(Timestamp, String)>,
    changed: BTreeSet<String>,
    entities_max: usize,
    idle_micros: i64,
}

impl Activity {
    pub(crate) fn new(entities_max: usize, idle_micros: i64) -> Self {
        Self {
            by_address: BTreeMap::new(),
            by_last: BTreeSet::new(),
            changed: BTreeSet::new(),
            entities_max: entities_max.max(1),
            idle_micros,
        }
    }

    /// Takes up what was stored.
    pub(crate) fn restore(&mut self, entries: &[(Vec<u8>, Vec<u8>)]) -> Result<(), serde_json::Error> {
        for (key, value) in entries {
            let Some(address) = StateKind::Activity.unwrap(key) else { continue };
            let address = String::from_utf8_lossy(address).into_owned();
            let logins: Logins = serde_json::from_slice(value)?;
            self.by_last.insert((logins.last, address.clone()));
            self.by_address.insert(address, logins);
        }
        Ok(())
    }

    /// Counts `row` if it is a login; returns the address whose counts changed.
    pub(crate) fn observe(&mut self, row: EventRow<'_>) -> Option<String> {
        let code = row.text("code")?;
        let failed = code == EventCode::LL03.as_str();
        if !failed && code != EventCode::LL01.as_str() {
            return None;
        }
        let address = row.text("src_ip")?;
        if !self.count(address, row, failed) {
            return None;
        }
        self.changed.insert(address.to_owned());
        self.forget_stalest();
        Some(address.to_owned())
    }

    fn count(&mut self, address: &str, row: EventRow<'_>, failed: bool) -> bool {
        let time = row.time();
        let logins = self.by_address.entry(address.to_owned()).or_insert_with(|| Logins {
            first: time,
            last: time,
            ..Logins::default()
        });
        self.by_last.remove(&(logins.last, address.to_owned()));
        if logins.first.since(time) > self.idle_micros {
            // Older than anything remembered of this address: another, long finished visit.
            self.by_last.insert((logins.last, address.to_owned()));
            return false;
        }
        if time.since(logins.last) > self.idle_micros {
            *logins = Logins { first: time, last: time, ..Logins::default() };
        }
        logins.first = logins.first.min(time);
        logins.last = logins.last.max(time);
        let tally = if failed { &mut logins.failed } else { &mut logins.succeeded };
        tally.add(row);
        self.by_last.insert((logins.last, address.to_owned()));
        true
    }

    fn forget_stalest(&mut self) {
        while self.by_address.len() > self.entities_max {
            let Some((_, address)) = self.by_last.pop_first() else { return };
            self.by_address.remove(&address);
            self.changed.insert(address);
            metrics::counter!("sentra_factory_activity_forgotten_total").increment(1);
        }
    }

    /// The rows to store since the last call.
    pub(crate) fn take_changes(&mut self) -> Result<Vec<StateRow>, serde_json::Error> {
        std::mem::take(&mut self.changed)
            .into_iter()
            .map(|address| {
                let value = self.by_address.get(&address).map(serde_json::to_vec).transpose()?;
                Ok((StateKind::Activity.wrap(address.as_bytes()), value))
            })
            .collect()
    }
}

impl LoginFacts for Activity {
    /// Failures, successes, and that there were none.
    fn facts(&self, address: &str) -> Vec<Fact> {
        let Some(logins) = self.by_address.get(address) else { return Vec::new() };
        let mut facts = Vec::new();
        if logins.failed.count > 0 {
            facts.push(logins.failed.fact(FactKind::LoginsFailed, address));
        }
        if logins.succeeded.count > 0 {
            facts.push(logins.succeeded.fact(FactKind::LoginsSucceeded, address));
        } else if logins.failed.count > 0 {
            let mut none = logins.failed.fact(FactKind::NoLoginSucceeded, address);
            none.count = 0;
            none.values.clear();
            none.events.clear();
            none.pace = None;
            facts.push(none);
        }
        facts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_account_is_counted_once_and_a_number_that_is_not_known_is_a_lower_bound() {
        let mut tally = Tally::default();
        for number in 0..300 {
            tally.add_user(&format!("user{}", number % 100), 1);
        }
        assert_eq!((tally.users.total, tally.users.at_least), (100, false));
        assert_eq!(tally.users.counts, vec![3; NAMES_SHOWN_MAX]);
        for number in 0..2_000 {
            tally.add_user(&format!("other{number}"), 1);
        }
        assert_eq!(tally.users.total, (NAMES_SHOWN_MAX + ACCOUNTS_KNOWN_MAX) as u64);
        assert!(tally.users.at_least);
    }

    #[test]
    fn what_was_stored_before_accounts_were_counted_gets_no_counts() {
        let old = r#"{"count":2,"first":"2026-01-01T00:00:00Z","last":"2026-01-01T00:00:01Z","users":{"shown":["a"],"total":1},"hosts":{"shown":[],"total":0},"events":[]}"#;
        let mut tally: Tally = serde_json::from_str(old).unwrap();
        tally.add_user("b", 1);
        let fact = tally.fact(FactKind::LoginsFailed, "192.0.2.7");
        assert!(fact.pace.is_none() && fact.values["user"].counts.is_empty());
        assert_eq!(fact.values["user"].total, 2);
    }
}
