//! Whose account a name is, and what the sources disagree about.

use sentra_model::Timestamp;

use super::book::Identities;
use super::index::{Slot, Trust};
use super::name::{AccountName, may_be_same};
use super::{AccountLife, Identity, IdentityAttribute};
use crate::claims::{Contradiction, Contradictions};
use crate::fold::fold;

impl Identities {
    pub(super) fn get(&self, slot: Slot) -> Option<&Identity> {
        self.people.get(slot as usize)?.as_ref()
    }

    /// Whose account `name` is: `alice`, `CORP\alice`, `alice@corp.example.com`, a mail address, an employee id, a
    /// security id. A name that may be of several identities is nobody's.
    #[must_use]
    pub fn identity(&self, name: &str) -> Option<&Identity> {
        self.get(self.find(name)?)
    }

    pub(super) fn find(&self, name: &str) -> Option<Slot> {
        let parsed = AccountName::parse(name);
        if let Some(slot) = self.index.whole(&parsed.folded) {
            return Some(slot);
        }
        if parsed.is_of_machine() {
            return None;
        }
        let is_mail_like = parsed.folded.contains('@');
        let fits = |slot: Slot| {
            let Some(person) = self.get(slot) else { return false };
            match parsed.domain() {
                None => true,
                Some(domain) => person.is_of(domain, is_mail_like),
            }
        };
        let list = self.index.bare(parsed.bare()?);
        let fitting = |trust: Trust| list.iter().filter(move |(slot, is)| *is == trust && fits(*slot));
        for trust in [Trust::Stated, Trust::WithoutDomain, Trust::OfMail, Trust::Seen] {
            let mut found = fitting(trust);
            if let Some((slot, _)) = found.next() {
                return found.next().is_none().then_some(*slot);
            }
        }
        None
    }

    /// What happened to the account `name` itself, which may be one of several of its identity. `alice`, `CORP\\alice` and
    /// `alice@corp.example.com` are one account where `corp.example.com` is a domain of the identity;
    /// `WEB1\\alice` is another.
    #[must_use]
    pub fn account_life(&self, name: &str) -> Option<AccountLife> {
        let all = self.same_account(name);
        all.into_iter().map(|(life, _)| life).reduce(AccountLife::later)
    }

    /// Who told that something happened to the account at `point`.
    pub(crate) fn source_of_life(&self, name: &str, point: Timestamp) -> String {
        let is_of = |life: &AccountLife| {
            [life.created, life.deleted, life.disabled, life.locked].contains(&Some(point))
        };
        let all = self.same_account(name);
        all.into_iter().find(|(life, _)| is_of(life)).map_or_else(String::new, |(_, source)| source)
    }

    /// What is said of each spelling of one account, and by whom.
    fn same_account(&self, name: &str) -> Vec<(AccountLife, String)> {
        let asked = AccountName::parse(name);
        let mut spellings = vec![asked.folded.to_string()];
        let person = self.identity(name);
        if let (Some(person), Some(bare)) = (person, asked.bare()) {
            let domains = || person.domains.iter().map(|domain| &**domain);
            if asked.domain().is_none_or(|asked| domains().any(|domain| may_be_same(domain, asked))) {
                spellings.push(bare.to_owned());
                for domain in domains() {
                    let short = domain.split('.').next().unwrap_or(domain);
                    spellings.extend([
                        format!("{domain}\\{bare}"),
                        format!("{short}\\{bare}"),
                        format!("{bare}@{domain}"),
                    ]);
                }
            }
        }
        // Each must mean the same identity: `alice` alone may be another's than `WEB1\alice`.
        let slot = self.find(name);
        spellings.dedup();
        spellings.retain(|spelling| *spelling == asked.folded || self.find(spelling) == slot);
        let seen = spellings.iter().filter_map(|spelling| {
            self.learned
                .account(spelling)
                .map(|account| (account.life, format!("events:{}", account.product)))
        });
        let accounts = person.map(|person| person.accounts.as_slice()).unwrap_or_default();
        let stated = accounts.iter().filter_map(|account| {
            let is_meant = spellings.iter().any(|name| *name == fold(&account.name));
            let life = account.stated.as_deref().filter(|_| is_meant)?;
            Some((*life, account.source.name.clone()))
        });
        seen.chain(stated).collect()
    }

    /// Every identity.
    pub fn iter(&self) -> impl Iterator<Item = &Identity> {
        self.people.iter().flatten()
    }

    /// How many identities there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.people.len() - self.free.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many were left out for want of room ([`crate::IDENTITIES_MAX`], [`crate::LEARNED_PEOPLE_MAX`]).
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused + self.learned.refused()
    }

    /// Where sources say different things, and accounts that two identities claim.
    #[must_use]
    pub fn contradictions(&self) -> Contradictions {
        let told = self.iter().flat_map(|person| {
            // A person may have several mail addresses.
            let attributes = IdentityAttribute::ALL.iter().filter(|a| **a != IdentityAttribute::Mail);
            attributes.flat_map(move |attribute| {
                person.claims.contradicting(*attribute).map(move |(kept, other)| Contradiction {
                    subject: person.key.to_string(),
                    attribute: attribute.as_str().to_owned(),
                    kept: kept.into(),
                    other: other.into(),
                })
            })
        });
        let mut all = Contradictions::collect(told.chain(self.claimed_twice.iter().cloned()));
        all.total += self.claimed_twice_total - self.claimed_twice.len() as u64;
        all
    }
}

impl Identity {
    /// Whether an account of `domain` may be this one's; also when nothing is known of domains.
    pub(super) fn may_be_of(&self, domain: Option<&str>) -> bool {
        let Some(domain) = domain else { return true };
        self.domains.is_empty() || self.domains.iter().any(|known| may_be_same(known, domain))
    }

    /// Whether an account of `domain` is this one's. What looks like a mail address must be of a known domain, else
    /// everybody's `alice@gmail.com` would be this Alice.
    fn is_of(&self, domain: &str, is_mail_like: bool) -> bool {
        match is_mail_like {
            false => self.may_be_of(Some(domain)),
            true => self.domains.iter().chain(&self.mail_domains).any(|known| may_be_same(known, domain)),
        }
    }
}
