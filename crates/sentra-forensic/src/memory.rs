//! The simple engine: what the words of [`TextIndex`] mean, without any cleverness. Nothing outlives the process.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use sentra_model::{EventId, TenantId, TenantScope, Timestamp};

use crate::admission::{Filed, Shelf, join, take};
use crate::budget::Budget;
use crate::document::{Document, Routed, Why};
use crate::error::ForensicError;
use crate::index::{Appended, CheckReport, Progress, TextIndex, TextStats};
use crate::ledger::Ledger;
use crate::policy::{Classes, ForensicConfig, PolicyError};
use crate::query::{Deadline, Hit, Lookup, Term, TextAnswer, TextQuery};
use crate::terms::{lower, own, terms};

/// How many documents are looked at between two looks at the deadline.
const DEADLINE_EVERY: usize = 128;

/// An index in memory.
#[derive(Debug)]
pub struct MemoryIndex {
    classes: Classes,
    budget: Budget,
    tenants: Mutex<BTreeMap<TenantId, Tenant>>,
}

#[derive(Debug, Default)]
struct Tenant {
    held: Held,
    ledger: Ledger,
    /// What is found, and how the ledger was then.
    committed: BTreeMap<EventId, Arc<Entry>>,
    committed_ledger: Ledger,
}

#[derive(Debug, Default)]
struct Held {
    entries: BTreeMap<EventId, Arc<Entry>>,
    bytes: u64,
}

#[derive(Debug)]
struct Entry {
    time: Timestamp,
    filed: Filed,
    texts: Vec<Vec<String>>,
    wholes: BTreeSet<String>,
    bytes: u64,
}

impl MemoryIndex {
    /// An empty index.
    ///
    /// # Errors
    /// What is wrong with `config`.
    pub fn new(config: &ForensicConfig) -> Result<Self, PolicyError> {
        Ok(Self { classes: config.classes()?, budget: config.budget, tenants: Mutex::default() })
    }

    fn tenants(
        &self,
        scope: &TenantScope,
    ) -> Result<MutexGuard<'_, BTreeMap<TenantId, Tenant>>, ForensicError> {
        let poisoned = |_| ForensicError::Poisoned { tenant: scope.tenant().to_string() };
        self.tenants.lock().map_err(poisoned)
    }

    fn with<T>(
        &self,
        scope: &TenantScope,
        change: impl FnOnce(&mut Tenant) -> Result<T, ForensicError>,
    ) -> Result<T, ForensicError> {
        change(self.tenants(scope)?.entry(scope.tenant().clone()).or_default())
    }
}

impl Shelf for Held {
    fn filed(&self, id: EventId) -> Result<Option<Filed>, ForensicError> {
        Ok(self.entries.get(&id).map(|entry| entry.filed.clone()))
    }

    fn put(&mut self, document: Document, filed: Filed) -> Result<(), ForensicError> {
        let bytes = document.bytes_expected();
        let mut wholes: BTreeSet<String> = document.own_terms().into_iter().collect();
        wholes.insert(own("class", &filed.class));
        wholes.extend(filed.whys.iter().map(|why| own("why", why)));
        wholes.extend(document.pairs);
        let texts = document.texts.iter();
        let texts = texts.map(|text| terms(&lower(text)).map(str::to_owned).collect()).collect();
        let entry = Entry { time: document.time, filed, texts, wholes, bytes };
        self.bytes += bytes;
        if let Some(replaced) = self.entries.insert(document.id, Arc::new(entry)) {
            self.bytes -= replaced.bytes;
        }
        Ok(())
    }

    fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl Held {
    fn remove(&mut self, id: EventId) {
        if let Some(entry) = self.entries.remove(&id) {
            self.bytes -= entry.bytes;
        }
    }

    /// The documents of a class, the oldest first.
    fn of_class(&self, class: &str) -> Vec<(Timestamp, EventId)> {
        let of_class = self.entries.iter().filter(|(_, entry)| entry.filed.class == class);
        let mut found: Vec<_> = of_class.map(|(id, entry)| (entry.time, *id)).collect();
        found.sort_unstable();
        found
    }
}

impl Tenant {
    fn make_room(&mut self, classes: &Classes, budget: u64) {
        let target = Budget::after_eviction(budget);
        while self.held.bytes > budget {
            let Some((class, _)) = self.ledger.last_class(classes) else { return };
            let class = class.to_owned();
            let oldest = self.held.of_class(&class);
            let mut evicted = 0;
            let mut until = Timestamp::MIN;
            for (time, id) in oldest {
                // What happened at one moment goes together.
                if self.held.bytes <= target && time > until {
                    break;
                }
                self.held.remove(id);
                evicted += 1;
                until = time;
            }
            self.ledger.evict(&class, evicted, until.micros());
            if evicted == 0 {
                return;
            }
        }
    }
}

impl TextIndex for MemoryIndex {
    fn append(
        &self,
        scope: &TenantScope,
        routed: Vec<Routed>,
        progress: Option<Progress>,
    ) -> Result<Appended, ForensicError> {
        self.with(scope, |tenant| {
            let ledgers = (&mut tenant.ledger, &tenant.committed_ledger);
            take(&mut tenant.held, ledgers, (&self.classes, self.budget), routed, progress)
        })
    }

    fn commit(&self, scope: &TenantScope) -> Result<(), ForensicError> {
        self.with(scope, |tenant| {
            tenant.make_room(&self.classes, self.budget.bytes(tenant.ledger.ingested_bytes));
            tenant.committed = tenant.held.entries.clone();
            tenant.committed_ledger = tenant.ledger.clone();
            Ok(())
        })
    }

    fn position(&self, scope: &TenantScope, partition: u32) -> Result<u64, ForensicError> {
        self.with(scope, |tenant| Ok(tenant.committed_ledger.position(partition)))
    }

    fn missing(&self, scope: &TenantScope, wanted: &[(EventId, Why)]) -> Result<Vec<EventId>, ForensicError> {
        self.with(scope, |tenant| {
            let mut missing = Vec::new();
            for (id, why) in wanted {
                let held = tenant.held.filed(*id)?;
                if join(held.as_ref(), std::slice::from_ref(why), &self.classes).is_some() {
                    missing.push(*id);
                }
            }
            Ok(missing)
        })
    }

    fn expire(&self, scope: &TenantScope, now: Timestamp) -> Result<u64, ForensicError> {
        self.with(scope, |tenant| {
            let mut expired = 0;
            for (class, before) in self.classes.expired_before(now) {
                tenant.ledger.settle(class, before);
                let old = tenant.held.of_class(class).into_iter().filter(|(time, _)| *time < before);
                let old: Vec<_> = old.collect();
                for (_, id) in &old {
                    tenant.held.remove(*id);
                }
                if !old.is_empty() {
                    tenant.ledger.expire(class, old.len() as u64, before.micros());
                }
                expired += old.len() as u64;
            }
            tenant.ledger.settle_unknown(now);
            Ok(expired)
        })
    }

    fn search(
        &self,
        scope: &TenantScope,
        query: &TextQuery,
        deadline: &Deadline,
    ) -> Result<TextAnswer, ForensicError> {
        let lookup = query.lookup()?;
        self.with(scope, |tenant| Ok(search(&tenant.committed, &lookup, deadline)))
    }

    fn stats(&self, scope: &TenantScope) -> Result<TextStats, ForensicError> {
        self.with(scope, |tenant| {
            let ledger = &tenant.committed_ledger;
            Ok(TextStats {
                documents: tenant.committed.len() as u64,
                bytes: tenant.committed.values().map(|entry| entry.bytes).sum(),
                budget_bytes: self.budget.bytes(ledger.ingested_bytes),
                share_percent: self.budget.share_percent,
                floor_bytes: self.budget.floor_bytes,
                ingested_bytes: ledger.ingested_bytes,
                classes: ledger.by_class(&self.classes),
                set_aside: None,
            })
        })
    }

    fn check(&self, _: &TenantScope) -> Result<CheckReport, ForensicError> {
        Ok(CheckReport::default())
    }
}

fn search(entries: &BTreeMap<EventId, Arc<Entry>>, lookup: &Lookup, deadline: &Deadline) -> TextAnswer {
    let mut answer = TextAnswer { complete: true, ..TextAnswer::default() };
    for (number, (id, entry)) in entries.iter().enumerate() {
        if number % DEADLINE_EVERY == 0 && deadline.is_over() {
            answer.complete = false;
            break;
        }
        if lookup.range.contains(entry.time.micros())
            && lookup.must.iter().all(|term| entry.has(term))
            && !lookup.not.iter().any(|term| entry.has(term))
        {
            answer.total += 1;
            let Filed { class, whys } = entry.filed.clone();
            answer.hits.push(Hit { id: *id, time: entry.time, class, why: whys.into_iter().collect() });
        }
    }
    answer.hits.sort_unstable_by_key(|hit| std::cmp::Reverse((hit.time, hit.id)));
    answer.hits.truncate(lookup.limit);
    answer
}

impl Entry {
    fn has(&self, term: &Term) -> bool {
        match term {
            Term::Whole(whole) => self.wholes.contains(whole),
            Term::Phrase(phrase) => {
                self.texts.iter().any(|text| text.windows(phrase.len()).any(|run| run == phrase))
            }
            Term::Any(terms) => terms.iter().any(|term| self.has(term)),
            Term::All(terms) => terms.iter().all(|term| self.has(term)),
        }
    }
}
