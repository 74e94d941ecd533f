use std::sync::Arc;

use hashbrown::HashSet;
use sentra_model::Timestamp;

use super::columns::TABLE;
use super::declare::{Declared, declare};
use super::index::{Index, Slot, Trust};
use super::learned::Learned;
use super::name::AccountName;
use super::{
    ACCOUNTS_PER_IDENTITY_MAX, Account, AccountKind, DEVICES_PER_IDENTITY_MAX, GROUPS_PER_IDENTITY_MAX,
    Identity, IdentityAttribute,
};
use crate::claims::{CONTRADICTIONS_MAX, Claim, Claims, Contradiction, Statement};
use crate::fold::fold;
use crate::import::{ColumnMap, Row, Sink, read_entries, read_rows};
use crate::problem::{Problem, Problems};
use crate::source::{EventSources, FileFormat, FileSource, PrivilegeRules, SourceContent, SourceInfo};

/// Law LIMIT: identities of one tenant.
pub const IDENTITIES_MAX: usize = 1_000_000;

/// The identities of one tenant: from files, directories and events.
///
/// Sources that contradict each other are all kept. The one with the higher priority is believed, then the fresher
/// statement; an account that two identities claim stays with the one that was read first, so read the sources of
/// higher priority first.
#[derive(Debug, Clone, Default)]
pub struct Identities {
    pub(super) people: Vec<Option<Identity>>,
    pub(super) index: Index,
    pub(super) free: Vec<Slot>,
    rules: PrivilegeRules,
    pub(super) events: EventSources,
    shared: HashSet<Arc<str>, foldhash::fast::FixedState>,
    /// Accounts that two identities claim.
    pub(super) claimed_twice: Vec<Contradiction>,
    pub(super) claimed_twice_total: u64,
    pub(super) learned: Learned,
    pub(super) refused: u64,
}

impl Identities {
    /// No identities yet.
    #[must_use]
    pub fn new(rules: PrivilegeRules, events: EventSources) -> Self {
        Self { rules, events, ..Self::default() }
    }

    /// Reads a file. What is wrong in it is answered; the rest is used.
    pub fn import(&mut self, file: &FileSource, content: &SourceContent) -> Vec<Problem> {
        let source = file.info("identities", content);
        let mut problems = Problems::new(&source.name);
        let Some(format) = file.format.or_else(|| FileFormat::of_path(&file.path)) else {
            problems.tell(0, "what format is this? say format = \"csv\", \"json\" or \"ldif\"");
            return problems.into_list();
        };
        let map = ColumnMap::new(TABLE, &file.columns, &mut problems);
        self.take_rows(&map, &source, content.as_of, &mut problems, |sink, problems| {
            read_rows(&content.bytes, format, sink, problems);
        });
        problems.into_list()
    }

    /// Takes the entries of a directory as an LDAP client hands them over: distinguished name, and attributes with
    /// their values. `file` says name, priority and columns.
    pub fn from_ldap_entries<E, A>(
        &mut self,
        file: &FileSource,
        as_of: Option<Timestamp>,
        entries: E,
    ) -> Vec<Problem>
    where
        E: IntoIterator<Item = (String, A)>,
        A: IntoIterator<Item = (String, Vec<Vec<u8>>)>,
    {
        let source = file.info("identities", &SourceContent { bytes: Vec::new(), as_of });
        let mut problems = Problems::new(&source.name);
        let map = ColumnMap::new(TABLE, &file.columns, &mut problems);
        self.take_rows(&map, &source, as_of, &mut problems, |sink, problems| {
            read_entries(entries, sink, problems);
        });
        problems.into_list()
    }

    fn take_rows(
        &mut self,
        map: &ColumnMap<super::columns::Column>,
        source: &Arc<SourceInfo>,
        as_of: Option<Timestamp>,
        problems: &mut Problems,
        read: impl FnOnce(&mut Sink<'_>, &mut Problems),
    ) {
        let as_of = as_of.unwrap_or_default();
        let (mut rows, mut unknown) = (0_u64, 0_u64);
        let mut take = |row: &Row, problems: &mut Problems| {
            let cells = map.cells(row);
            rows += 1;
            if cells.is_empty() {
                unknown += 1;
                return;
            }
            let Some(declared) = declare(&cells, &self.rules, as_of) else { return };
            if declared.accounts.is_empty() && declared.employee_id.is_none() {
                problems.tell(row.line, "names no account, no mail address and no employee id");
            } else if self.take(&declared, source).is_none() {
                let what = format!("more than {IDENTITIES_MAX} identities; this one is left out");
                problems.tell(row.line, what);
            }
        };
        read(&mut Sink::new(&mut take), problems);
        if rows > 0 && unknown == rows {
            problems.tell(0, "no column is known: say which is which with columns = { account = \"…\" }");
        } else if unknown > 0 {
            problems.tell(0, format!("{unknown} rows have nothing in any known column"));
        }
        for person in self.people.iter_mut().flatten() {
            person.accounts.shrink_to_fit();
            person.claims.shrink();
        }
    }

    /// Adds what a row says to the identity it is about, or makes one. `None` when there is no room.
    pub(super) fn take(&mut self, declared: &Declared, source: &Arc<SourceInfo>) -> Option<Slot> {
        let mut found = self.meant_by(declared);
        found.sort_unstable();
        found.dedup();
        let slot = match found.first() {
            Some(first) => *first,
            None => self.make(declared)?,
        };
        for other in found.into_iter().skip(1) {
            self.merge(other, slot);
        }
        self.describe(slot, declared, source);
        for (kind, name) in &declared.accounts {
            self.add_account(slot, *kind, name, declared, source);
        }
        if let Some(id) = &declared.employee_id {
            let _ = self.index.put_whole(&format!("employee:{id}"), slot);
            self.index.put_bare(id, slot, Trust::WithoutDomain);
        }
        Some(slot)
    }

    /// Whom a row is about: everybody who has one of its names, but those with another employee number.
    fn meant_by(&self, declared: &Declared) -> Vec<Slot> {
        let mut found = Vec::new();
        if let Some(id) = &declared.employee_id {
            found.extend(self.index.whole(&format!("employee:{id}")));
        }
        for (kind, name) in &declared.accounts {
            let parsed = AccountName::parse(name);
            found.extend(self.index.whole(&parsed.folded));
            if let (Some(bare), None, AccountKind::Login) = (parsed.bare(), parsed.domain(), kind) {
                let stated = self.index.bare(bare).iter().filter(|(_, trust)| *trust == Trust::Stated);
                let of_domain = |slot: &Slot| {
                    self.get(*slot).is_some_and(|person| {
                        person.may_be_of(declared.domain.as_deref()) && self.has_domain_of(declared, person)
                    })
                };
                found.extend(stated.map(|(slot, _)| *slot).filter(of_domain));
            }
        }
        let is_other = |slot: &Slot| {
            let known = self.get(*slot).and_then(Identity::employee_id);
            matches!((known, &declared.employee_id), (Some(known), Some(stated)) if known != stated)
        };
        found.retain(|slot| !is_other(slot));
        found
    }

    /// Whether the row's qualified accounts may be of the person's domains.
    fn has_domain_of(&self, declared: &Declared, person: &Identity) -> bool {
        let mut domains = declared
            .accounts
            .iter()
            .filter(|(kind, _)| *kind == AccountKind::Login)
            .filter_map(|(_, name)| AccountName::parse(name).domain().map(str::to_owned));
        domains.all(|domain| person.may_be_of(Some(&domain)))
    }

    fn make(&mut self, declared: &Declared) -> Option<Slot> {
        let key = match (&declared.employee_id, declared.accounts.first()) {
            (Some(id), _) => format!("employee:{id}"),
            (None, Some(_)) => {
                // The shortest kind of name first: nobody calls a person by a distinguished name.
                let best = declared.accounts.iter().min_by_key(|(kind, _)| *kind)?;
                fold(&best.1).into_owned()
            }
            (None, None) => return None,
        };
        let person = Identity {
            key: key.into(),
            accounts: Vec::new(),
            claims: Claims::default(),
            groups: Vec::new(),
            devices: Vec::new(),
            devices_total: 0,
            domains: Vec::new(),
            mail_domains: Vec::new(),
        };
        if let Some(slot) = self.free.pop() {
            *self.people.get_mut(slot as usize)? = Some(person);
            return Some(slot);
        }
        if self.people.len() >= IDENTITIES_MAX {
            self.refused += 1;
            return None;
        }
        self.people.push(Some(person));
        u32::try_from(self.people.len() - 1).ok()
    }

    fn describe(&mut self, slot: Slot, declared: &Declared, source: &Arc<SourceInfo>) {
        let Some(Some(person)) = self.people.get_mut(slot as usize) else { return };
        let shared = &mut self.shared;
        for (attribute, value, since) in &declared.claims {
            let value = share(shared, value);
            let (as_of, source) = (declared.as_of, Arc::clone(source));
            person.claims.put(Claim { attribute: *attribute, value, since: *since, as_of, source });
        }
        if let Some(privilege) = declared.hint {
            let source = SourceInfo { name: "rules:privilege".into(), version: "1".into(), priority: 0 };
            person.claims.put(Claim {
                attribute: IdentityAttribute::Privilege,
                value: share(shared, privilege.as_str()),
                since: None,
                as_of: declared.as_of,
                source: Arc::new(source),
            });
        }
        add_to_list(&mut person.groups, &declared.groups, GROUPS_PER_IDENTITY_MAX, shared);
        let named = person.devices.len();
        add_to_list(&mut person.devices, &declared.devices, DEVICES_PER_IDENTITY_MAX, shared);
        let new = person.devices.len() - named;
        let unnamed = declared.devices_total.saturating_sub(declared.devices.len() as u64);
        person.devices_total = person.devices_total.max(named as u64) + new as u64 + unnamed;
        if let Some(domain) = &declared.domain {
            add_to_list(&mut person.domains, std::slice::from_ref(domain), ACCOUNTS_PER_IDENTITY_MAX, shared);
        }
    }

    fn add_account(
        &mut self,
        slot: Slot,
        kind: AccountKind,
        name: &str,
        declared: &Declared,
        source: &Arc<SourceInfo>,
    ) {
        let parsed = AccountName::parse(name);
        let is_bare = kind == AccountKind::Login && parsed.domain().is_none();
        if !is_bare && let Err(owner) = self.index.put_whole(&parsed.folded, slot) {
            return self.tell_claimed_twice(owner, name, declared.as_of, source);
        }
        if let Some(bare) = parsed.bare() {
            let trust = match (kind, is_bare) {
                (AccountKind::Mail, _) => Trust::OfMail,
                (_, true) => Trust::Stated,
                (_, false) if source.name.starts_with("events:") => Trust::Seen,
                (_, false) => Trust::WithoutDomain,
            };
            if is_bare && let Some(owner) = self.other_owner(bare, slot, declared) {
                return self.tell_claimed_twice(owner, name, declared.as_of, source);
            }
            self.index.put_bare(bare, slot, trust);
        }
        let Some(Some(person)) = self.people.get_mut(slot as usize) else { return };
        if let Some(domain) = parsed.domain() {
            let domains =
                if kind == AccountKind::Mail { &mut person.mail_domains } else { &mut person.domains };
            add_to_list(domains, &[domain.to_owned()], ACCOUNTS_PER_IDENTITY_MAX, &mut self.shared);
        }
        let has_room = person.accounts.len() < ACCOUNTS_PER_IDENTITY_MAX;
        let known = person.accounts.iter_mut().find(|account| fold(&account.name) == parsed.folded);
        match known {
            Some(account) => {
                let known = account.stated.as_deref().copied().unwrap_or_default();
                account.stated = known.later(declared.life).boxed();
            }
            None if has_room => person.accounts.push(Account {
                name: name.trim().into(),
                kind,
                stated: declared.life.boxed(),
                seen: None,
                source: Arc::clone(source),
                as_of: declared.as_of,
            }),
            None => {}
        }
        self.renew_life(slot, &parsed.folded);
    }

    /// Who else was given the name without domain, and may be of the same domain.
    fn other_owner(&self, bare: &str, slot: Slot, declared: &Declared) -> Option<Slot> {
        let mut stated = self.index.bare(bare).iter().filter(|(_, trust)| *trust == Trust::Stated);
        let other = |other: &&(Slot, Trust)| {
            other.0 != slot
                && self.get(other.0).is_some_and(|person| {
                    person.may_be_of(declared.domain.as_deref()) && self.has_domain_of(declared, person)
                })
        };
        stated.find(other).map(|(slot, _)| *slot)
    }

    fn tell_claimed_twice(&mut self, owner: Slot, name: &str, as_of: Timestamp, source: &SourceInfo) {
        self.claimed_twice_total += 1;
        let Some(person) = self.get(owner).filter(|_| self.claimed_twice.len() < CONTRADICTIONS_MAX) else {
            return;
        };
        let folded = fold(name);
        let kept = person.accounts.iter().find(|account| fold(&account.name) == folded);
        let statement = |value: &str, source: &SourceInfo, as_of| Statement {
            value: value.to_owned(),
            source: source.name.clone(),
            as_of,
            priority: source.priority,
        };
        let Some(kept) = kept.map(|kept| statement(&kept.name, &kept.source, kept.as_of)) else { return };
        let other = statement(name, source, as_of);
        let (subject, attribute) = (person.key.to_string(), "account".to_owned());
        self.claimed_twice.push(Contradiction { subject, attribute, kept, other });
    }

    /// Two identities turn out to be one.
    fn merge(&mut self, from: Slot, to: Slot) {
        let Some(person) = self.people.get_mut(from as usize).and_then(Option::take) else { return };
        self.free.push(from);
        for account in &person.accounts {
            let parsed = AccountName::parse(&account.name);
            self.index.hand_over(&parsed.folded, from, Some(to));
            if let Some(bare) = parsed.bare() {
                self.index.hand_over(bare, from, Some(to));
            }
        }
        if let Some(id) = person.employee_id() {
            self.index.hand_over(&format!("employee:{id}"), from, Some(to));
            self.index.hand_over(id, from, Some(to));
        }
        let Some(Some(target)) = self.people.get_mut(to as usize) else { return };
        for account in person.accounts {
            let is_known = target.accounts.iter().any(|known| fold(&known.name) == fold(&account.name));
            if !is_known && target.accounts.len() < ACCOUNTS_PER_IDENTITY_MAX {
                target.accounts.push(account);
            }
        }
        target.claims.absorb(person.claims);
        let texts = |list: &[Arc<str>]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
        let shared = &mut self.shared;
        add_to_list(&mut target.groups, &texts(&person.groups), GROUPS_PER_IDENTITY_MAX, shared);
        add_to_list(&mut target.devices, &texts(&person.devices), DEVICES_PER_IDENTITY_MAX, shared);
        add_to_list(&mut target.domains, &texts(&person.domains), ACCOUNTS_PER_IDENTITY_MAX, shared);
        add_to_list(
            &mut target.mail_domains,
            &texts(&person.mail_domains),
            ACCOUNTS_PER_IDENTITY_MAX,
            shared,
        );
        target.devices_total =
            target.devices_total.max(person.devices_total).max(target.devices.len() as u64);
    }

    /// Takes an account away that only events told of, and its identity when nothing else is known of it.
    pub(super) fn drop_account(&mut self, slot: Slot, folded: &str) {
        let Some(Some(person)) = self.people.get_mut(slot as usize) else { return };
        person.accounts.retain(|account| fold(&account.name) != folded);
        let is_nobody = person.accounts.is_empty() && person.employee_id().is_none();
        let parsed = AccountName::parse(folded);
        self.index.hand_over(folded, slot, None);
        if let Some(bare) = parsed.bare().filter(|_| is_nobody) {
            self.index.hand_over(bare, slot, None);
        }
        if is_nobody && let Some(person) = self.people.get_mut(slot as usize) {
            *person = None;
            self.free.push(slot);
        }
    }

    /// What sources and events together say happened to the account.
    pub(super) fn renew_life(&mut self, slot: Slot, folded: &str) {
        let seen = self.learned.life(folded).unwrap_or_default();
        let Some(Some(person)) = self.people.get_mut(slot as usize) else { return };
        if let Some(account) = person.accounts.iter_mut().find(|account| fold(&account.name) == folded) {
            account.seen = seen.boxed();
        }
    }
}

/// One text for all that are equal.
fn share(shared: &mut HashSet<Arc<str>, foldhash::fast::FixedState>, text: &str) -> Arc<str> {
    if let Some(known) = shared.get(text) {
        return Arc::clone(known);
    }
    let new: Arc<str> = text.into();
    shared.insert(Arc::clone(&new));
    new
}

fn add_to_list(
    list: &mut Vec<Arc<str>>,
    texts: &[String],
    max: usize,
    shared: &mut HashSet<Arc<str>, foldhash::fast::FixedState>,
) {
    for text in texts {
        if list.len() < max && !list.iter().any(|known| **known == **text) {
            list.push(share(shared, text));
        }
    }
}
