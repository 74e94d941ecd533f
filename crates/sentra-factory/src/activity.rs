//! Login counts by source address, so that a story can say how many logins failed, for which accounts,
//! and that none succeeded: a finding alone knows only what its rule asked for.

use std::collections::{BTreeMap, BTreeSet};

use sentra_model::{EntityRef, EntityType, EventCode, EventId, EventRow, Role, Timestamp};
use sentra_model::{Fact, FactKind, NamedSet};
use sentra_triage::{LoginFacts, add_name, keep_evidence};
use serde::{Deserialize, Serialize};

use crate::state::{StateKind, StateRow};

/// Counts of one outcome.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Tally {
    count: u64,
    first: Timestamp,
    last: Timestamp,
    users: NamedSet,
    hosts: NamedSet,
    events: Vec<EventId>,
}

impl Tally {
    fn add(&mut self, row: EventRow<'_>) {
        let time = row.time();
        if self.count == 0 {
            (self.first, self.last) = (time, time);
        }
        self.first = self.first.min(time);
        self.last = self.last.max(time);
        self.count += u64::from(row.count());
        if let Some(user) = row.text("user") {
            add_name(&mut self.users, user);
        }
        if let Some(host) = row.text("host") {
            add_name(&mut self.hosts, host);
        }
        keep_evidence(&mut self.events, row.id());
    }

    fn fact(&self, kind: FactKind, address: &str) -> Fact {
        let mut entities = vec![EntityRef::new(EntityType::Ip, Role::Source, address)];
        entities
            .extend(self.hosts.shown.iter().map(|host| EntityRef::new(EntityType::Host, Role::Target, host)));
        Fact {
            kind,
            count: self.count,
            first: self.first,
            last: self.last,
            entities,
            values: BTreeMap::from([("user".to_owned(), self.users.clone())]),
            events: self.events.clone(),
        }
    }
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
            facts.push(none);
        }
        facts
    }
}
