//! What events said of accounts and people: bounded, handed out as changed rows, taken back after a restart.
//!
//! Everything kept is the latest of its kind by event time, so it depends neither on the order of events nor on how
//! they are cut into batches. Only what is forgotten for want of room depends on the order.

use std::collections::{BTreeMap, BTreeSet};

use sentra_model::Timestamp;
use serde::{Deserialize, Serialize};

use super::AccountLife;

/// Law LIMIT: accounts of one tenant whose life is remembered from events; the one that nothing happened to for
/// longest is forgotten first.
pub const LEARNED_ACCOUNTS_MAX: usize = 200_000;
/// Law LIMIT: people of one tenant that HR and governance events told of. They are never forgotten, so that noise
/// cannot make a termination go away; new ones are refused and counted.
pub const LEARNED_PEOPLE_MAX: usize = 1_000_000;
/// Law LIMIT: accounts that HR events told of for one person.
pub(super) const ACCOUNTS_PER_LEARNED_MAX: usize = 8;

const ACCOUNT_PREFIX: &[u8] = b"identity/account/";
const PERSON_PREFIX: &[u8] = b"identity/person/";

/// A changed row of state: key, and value or nothing when it is gone.
pub type StateRow = (Vec<u8>, Option<Vec<u8>>);

/// An account that events told of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct LearnedAccount {
    /// The name as it was written first.
    pub(super) name: String,
    /// Product that told of it, `windows`.
    pub(super) product: String,
    /// Last time that something happened to it.
    pub(super) at: Timestamp,
    pub(super) life: AccountLife,
}

/// What one kind of source said of a person.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct LearnedPerson {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) employee_id: Option<String>,
    pub(super) accounts: BTreeSet<String>,
    /// Product and attribute → what it said last.
    pub(super) told: Vec<Told>,
}

/// One statement of an event.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Told {
    pub(super) product: String,
    pub(super) attribute: String,
    pub(super) as_of: Timestamp,
    pub(super) value: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) since: Option<Timestamp>,
}

impl LearnedPerson {
    /// Keeps the later of two statements, and of equally late ones the larger.
    fn tell(&mut self, told: Told) {
        let known = self
            .told
            .iter_mut()
            .find(|known| known.product == told.product && known.attribute == told.attribute);
        match known {
            Some(known) if *known < told => *known = told,
            Some(_) => {}
            None => self.told.push(told),
        }
        self.told.sort();
    }
}

/// The state of one tenant.
#[derive(Debug, Clone, Default)]
pub(super) struct Learned {
    accounts: BTreeMap<String, LearnedAccount>,
    by_age: BTreeSet<(Timestamp, String)>,
    people: BTreeMap<String, LearnedPerson>,
    changed: BTreeSet<Vec<u8>>,
    refused: u64,
}

impl Learned {
    pub(super) fn life(&self, folded: &str) -> Option<AccountLife> {
        self.accounts.get(folded).map(|account| account.life)
    }

    pub(super) fn account(&self, folded: &str) -> Option<&LearnedAccount> {
        self.accounts.get(folded)
    }

    pub(super) fn accounts(&self) -> impl Iterator<Item = (&String, &LearnedAccount)> {
        self.accounts.iter()
    }

    pub(super) fn people(&self) -> impl Iterator<Item = (&String, &LearnedPerson)> {
        self.people.iter()
    }

    pub(super) fn person(&self, key: &str) -> Option<&LearnedPerson> {
        self.people.get(key)
    }

    pub(super) fn refused(&self) -> u64 {
        self.refused
    }

    /// Takes what happened to an account. Answers the account that had to be forgotten.
    pub(super) fn put_account(
        &mut self,
        folded: &str,
        account: LearnedAccount,
        room: usize,
    ) -> Option<String> {
        let merged = match self.accounts.get(folded) {
            Some(known) => LearnedAccount {
                name: known.name.clone().min(account.name),
                product: known.product.clone().min(account.product),
                at: known.at.max(account.at),
                life: known.life.later(account.life),
            },
            None => account,
        };
        if self.accounts.get(folded) == Some(&merged) {
            return None;
        }
        if let Some(known) = self.accounts.get(folded) {
            self.by_age.remove(&(known.at, folded.to_owned()));
        }
        self.by_age.insert((merged.at, folded.to_owned()));
        self.accounts.insert(folded.to_owned(), merged);
        self.changed.insert(key(ACCOUNT_PREFIX, folded));
        if self.accounts.len() <= room {
            return None;
        }
        let (_, oldest) = self.by_age.pop_first()?;
        self.accounts.remove(&oldest);
        self.changed.insert(key(ACCOUNT_PREFIX, &oldest));
        Some(oldest)
    }

    /// Takes what an event said of a person. Answers whether something changed.
    pub(super) fn put_person(
        &mut self,
        name: &str,
        accounts: &[String],
        id: Option<&str>,
        told: Vec<Told>,
    ) -> bool {
        if !self.people.contains_key(name) && self.people.len() >= LEARNED_PEOPLE_MAX {
            self.refused += 1;
            return false;
        }
        let person = self.people.entry(name.to_owned()).or_default();
        let before = person.clone();
        for account in accounts {
            if person.accounts.len() < ACCOUNTS_PER_LEARNED_MAX {
                person.accounts.insert(account.clone());
            }
        }
        if let Some(id) = id {
            person.employee_id = Some(id.to_owned());
        }
        told.into_iter().for_each(|told| person.tell(told));
        let is_changed = *person != before;
        if is_changed {
            self.changed.insert(key(PERSON_PREFIX, name));
        }
        is_changed
    }

    /// What changed since the last call.
    pub(super) fn take_changes(&mut self) -> Vec<StateRow> {
        let changed = std::mem::take(&mut self.changed);
        changed
            .into_iter()
            .map(|key| {
                let value = self.value_of(&key);
                (key, value)
            })
            .collect()
    }

    fn value_of(&self, key: &[u8]) -> Option<Vec<u8>> {
        let text = |prefix: &[u8]| std::str::from_utf8(key.strip_prefix(prefix)?).ok();
        if let Some(name) = text(ACCOUNT_PREFIX) {
            return serde_json::to_vec(self.accounts.get(name)?).ok();
        }
        serde_json::to_vec(self.people.get(text(PERSON_PREFIX)?)?).ok()
    }

    /// Takes one row, of this or another worker: it is merged and not told as a change of one's own.
    pub(super) fn restore(&mut self, row_key: &[u8], value: &[u8]) -> Option<Restored> {
        let text = |prefix: &[u8]| std::str::from_utf8(row_key.strip_prefix(prefix)?).ok();
        let is_own_change = self.changed.contains(row_key);
        let restored = if let Some(name) = text(ACCOUNT_PREFIX) {
            let account = serde_json::from_slice::<LearnedAccount>(value).ok()?;
            let forgotten = self.put_account(name, account, LEARNED_ACCOUNTS_MAX);
            Restored::Account { name: name.to_owned(), forgotten }
        } else {
            let name = text(PERSON_PREFIX)?;
            let person = serde_json::from_slice::<LearnedPerson>(value).ok()?;
            let accounts: Vec<String> = person.accounts.into_iter().collect();
            self.put_person(name, &accounts, person.employee_id.as_deref(), person.told);
            Restored::Person(name.to_owned())
        };
        if !is_own_change {
            self.changed.remove(row_key);
        }
        Some(restored)
    }
}

/// What a row was about.
pub(super) enum Restored {
    /// An account, and the one that had to be forgotten for it.
    Account { name: String, forgotten: Option<String> },
    /// A person.
    Person(String),
}

fn key(prefix: &[u8], name: &str) -> Vec<u8> {
    [prefix, name.as_bytes()].concat()
}
