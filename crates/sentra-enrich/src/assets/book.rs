use std::net::IpAddr;
use std::sync::Arc;

use hashbrown::HashMap;
use sentra_model::{EventBatch, Timestamp};

use super::declare::{Column, Declared, TABLE, declare, host_name};
use super::leases::Leases;
use super::{ADDRESSES_PER_ASSET_MAX, Asset, AssetAttribute, NAMES_PER_ASSET_MAX};
use crate::claims::{CONTRADICTIONS_MAX, Claim, Claims, Contradiction, Contradictions, Statement};
use crate::identity::StateRow;
use crate::import::{ColumnMap, Row, Sink, read_entries, read_rows};
use crate::networks::{Prefix, PrefixTable};
use crate::problem::{Problem, Problems};
use crate::source::{EventSources, FileFormat, FileSource, PRIORITY_DEFAULT, SourceContent, SourceInfo};

/// Law LIMIT: assets of one tenant.
pub const ASSETS_MAX: usize = 1_000_000;
/// Law LIMIT: machines that one short name is remembered for.
const SAME_NAME_MAX: usize = 64;

type Slot = u32;
type ByName<T> = HashMap<Box<str>, T, foldhash::fast::FixedState>;

/// Whose an address is said to be.
#[derive(Debug, Clone)]
struct Owner {
    slot: Slot,
    source: Arc<SourceInfo>,
    as_of: Timestamp,
}

/// The machines of one tenant: from files, directories, and DHCP.
///
/// Of sources that contradict each other the one with the higher priority is believed, then the fresher statement.
#[derive(Debug, Clone, Default)]
pub struct Assets {
    list: Vec<Asset>,
    by_name: ByName<Slot>,
    /// First label of names → machines.
    by_short: ByName<Vec<Slot>>,
    by_address: PrefixTable<Owner>,
    events: EventSources,
    claimed_twice: Vec<Contradiction>,
    claimed_twice_total: u64,
    leases: Leases,
}

/// Who has an address.
#[derive(Debug, Clone)]
pub struct HostAtAddress<'a> {
    /// The host's name, folded.
    pub host: &'a str,
    /// What is known of it.
    pub asset: Option<&'a Asset>,
    /// Who says so.
    pub source: Arc<SourceInfo>,
    /// How fresh that is.
    pub as_of: Timestamp,
    /// Whether the host only said so itself.
    pub is_self_named: bool,
}

impl Assets {
    /// No machines yet.
    #[must_use]
    pub fn new(events: EventSources) -> Self {
        Self { events, ..Self::default() }
    }

    /// Reads a file. What is wrong in it is answered; the rest is used.
    pub fn import(&mut self, file: &FileSource, content: &SourceContent) -> Vec<Problem> {
        let source = file.info("assets", content);
        let mut problems = Problems::new(&source.name);
        let Some(format) = file.format.or_else(|| FileFormat::of_path(&file.path)) else {
            problems.tell(0, "what format is this? say format = \"csv\", \"json\" or \"ldif\"");
            return problems.into_list();
        };
        let map = ColumnMap::new(TABLE, &file.columns, &mut problems);
        let mut take =
            |row: &Row, problems: &mut Problems| self.take_row(row, &map, &source, content.as_of, problems);
        read_rows(&content.bytes, format, &mut Sink::new(&mut take), &mut problems);
        problems.into_list()
    }

    /// Takes the computers of a directory as an LDAP client hands them over.
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
        let source = file.info("assets", &SourceContent { bytes: Vec::new(), as_of });
        let mut problems = Problems::new(&source.name);
        let map = ColumnMap::new(TABLE, &file.columns, &mut problems);
        let mut take =
            |row: &Row, problems: &mut Problems| self.take_row(row, &map, &source, as_of, problems);
        read_entries(entries, &mut Sink::new(&mut take), &mut problems);
        problems.into_list()
    }

    fn take_row(
        &mut self,
        row: &Row,
        map: &ColumnMap<Column>,
        source: &Arc<SourceInfo>,
        as_of: Option<Timestamp>,
        problems: &mut Problems,
    ) {
        let Some(declared) = declare(&map.cells(row), as_of.unwrap_or_default()) else { return };
        declared.odd.iter().for_each(|odd| problems.tell(row.line, odd.clone()));
        if declared.names.is_empty() && declared.addresses.is_empty() {
            problems.tell(row.line, "names no host and no address: a column host or ip is needed");
        } else if !self.take(&declared, source) {
            problems.tell(row.line, format!("more than {ASSETS_MAX} assets; this one is left out"));
        }
    }

    fn take(&mut self, declared: &Declared, source: &Arc<SourceInfo>) -> bool {
        let Some(slot) = self.meant_by(declared).or_else(|| self.make()) else { return false };
        for name in &declared.names {
            self.add_name(slot, name);
        }
        for prefix in &declared.addresses {
            self.add_address(slot, *prefix, declared.as_of, source);
        }
        let Some(asset) = self.list.get_mut(slot as usize) else { return false };
        for (attribute, value) in &declared.claims {
            let (as_of, source) = (declared.as_of, Arc::clone(source));
            asset.claims.put(Claim {
                attribute: *attribute,
                value: value.as_str().into(),
                since: None,
                as_of,
                source,
            });
        }
        asset.addresses_total =
            asset.addresses_total.max(declared.addresses_total).max(asset.addresses.len() as u64);
        true
    }

    /// The machine with one of the names, or without a name the one with the address.
    fn meant_by(&self, declared: &Declared) -> Option<Slot> {
        if declared.names.is_empty() {
            let owners = declared.addresses.iter().filter_map(|prefix| self.by_address.exact(prefix));
            return owners.map(|owner| owner.slot).next();
        }
        let exact = declared.names.iter().find_map(|name| self.by_name.get(name.as_str()));
        exact.copied().or_else(|| declared.names.iter().find_map(|name| self.by_short_name(name)))
    }

    fn make(&mut self) -> Option<Slot> {
        if self.list.len() >= ASSETS_MAX {
            return None;
        }
        self.list.push(Asset {
            names: Vec::new(),
            claims: Claims::default(),
            addresses: Vec::new(),
            addresses_total: 0,
        });
        u32::try_from(self.list.len() - 1).ok()
    }

    fn add_name(&mut self, slot: Slot, name: &str) {
        let owner = *self.by_name.entry(name.into()).or_insert(slot);
        let Some(asset) = self.list.get_mut(slot as usize).filter(|_| owner == slot) else { return };
        if asset.names.len() < NAMES_PER_ASSET_MAX && !asset.names.iter().any(|known| **known == *name) {
            asset.names.push(name.into());
        }
        let list = self.by_short.entry(short(name).into()).or_default();
        if list.len() < SAME_NAME_MAX && !list.contains(&slot) {
            list.push(slot);
        }
    }

    fn add_address(&mut self, slot: Slot, prefix: Prefix, as_of: Timestamp, source: &Arc<SourceInfo>) {
        let new = Owner { slot, source: Arc::clone(source), as_of };
        if let Some(known) = self.by_address.exact(&prefix).filter(|known| known.slot != slot).cloned() {
            let is_new_better = (new.source.priority, new.as_of) > (known.source.priority, known.as_of);
            let (kept, other) = if is_new_better { (&new, &known) } else { (&known, &new) };
            self.tell_claimed_twice(prefix, kept, other);
            if !is_new_better {
                return;
            }
        }
        let Some(asset) = self.list.get_mut(slot as usize) else { return };
        if asset.addresses.contains(&prefix) {
            return;
        }
        if asset.addresses.len() < ADDRESSES_PER_ASSET_MAX {
            asset.addresses.push(prefix);
            self.by_address.insert(prefix, new);
        }
    }

    fn tell_claimed_twice(&mut self, prefix: Prefix, kept: &Owner, other: &Owner) {
        self.claimed_twice_total += 1;
        if self.claimed_twice.len() >= CONTRADICTIONS_MAX {
            return;
        }
        let statement = |owner: &Owner| Statement {
            value: self.list.get(owner.slot as usize).map_or("", Asset::name).to_owned(),
            source: owner.source.name.clone(),
            as_of: owner.as_of,
            priority: owner.source.priority,
        };
        let (subject, attribute) = (prefix.to_string(), "address".to_owned());
        let contradiction =
            Contradiction { subject, attribute, kept: statement(kept), other: statement(other) };
        self.claimed_twice.push(contradiction);
    }

    /// Learns from DHCP which host has which address.
    pub fn observe(&mut self, batch: &EventBatch) {
        if self.events.dhcp {
            self.leases.observe(batch);
        }
    }

    /// The machine `host`: its name with or without domain, its account (`PC1$`), or its address. A short name that
    /// may be of several machines is none's.
    #[must_use]
    pub fn asset(&self, host: &str) -> Option<&Asset> {
        let name = host_name(host);
        if let Ok(address) = name.parse::<IpAddr>() {
            return self
                .by_address
                .longest(address)
                .and_then(|(_, owner)| self.list.get(owner.slot as usize));
        }
        let slot = self.by_name.get(name.as_str()).copied().or_else(|| self.by_short_name(&name))?;
        self.list.get(slot as usize)
    }

    /// The only machine whose name may be the same: one of the two has no domain.
    fn by_short_name(&self, name: &str) -> Option<Slot> {
        let has_domain = name.contains('.');
        let list = self.by_short.get(short(name))?;
        let may_be = |slot: &&Slot| {
            let names =
                self.list.get(**slot as usize).map(|asset| asset.names.as_slice()).unwrap_or_default();
            !has_domain || names.iter().all(|known| !known.contains('.'))
        };
        let mut found = list.iter().filter(may_be);
        let first = *found.next()?;
        found.next().is_none().then_some(first)
    }

    /// Who has `address` at `time`: a declared address, or the DHCP lease when that is fresher and the declaration's
    /// priority is not above [`PRIORITY_DEFAULT`]; else the range that it is in.
    #[must_use]
    pub fn host_at(&self, address: IpAddr, time: Timestamp) -> Option<HostAtAddress<'_>> {
        let declared = self.by_address.longest(address);
        let lease = self.leases.at(address, time);
        let lease = lease.filter(|lease| {
            declared.is_none_or(|(prefix, owner)| {
                !prefix.is_address() || (PRIORITY_DEFAULT, lease.at) > (owner.source.priority, owner.as_of)
            })
        });
        if let Some(lease) = lease {
            let source =
                SourceInfo { name: "events:dhcp".into(), version: String::new(), priority: PRIORITY_DEFAULT };
            return Some(HostAtAddress {
                host: &lease.host,
                asset: self.asset(&lease.host),
                source: Arc::new(source),
                as_of: lease.at,
                is_self_named: true,
            });
        }
        let (_, owner) = declared?;
        let asset = self.list.get(owner.slot as usize)?;
        Some(HostAtAddress {
            host: asset.name(),
            asset: Some(asset),
            source: Arc::clone(&owner.source),
            as_of: owner.as_of,
            is_self_named: false,
        })
    }

    /// Every machine.
    pub fn iter(&self) -> impl Iterator<Item = &Asset> {
        self.list.iter()
    }

    /// How many machines there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether nothing is known, from sources or events.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty() && self.leases.len() == 0
    }

    /// Where sources say different things, and addresses that two machines claim.
    #[must_use]
    pub fn contradictions(&self) -> Contradictions {
        let told = self.list.iter().flat_map(|asset| {
            AssetAttribute::ALL.iter().flat_map(move |attribute| {
                asset.claims.contradicting(*attribute).map(move |(kept, other)| Contradiction {
                    subject: asset.name().to_owned(),
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

    /// What was learnt from events since the last call, as rows to be stored.
    pub fn take_changes(&mut self) -> Vec<StateRow> {
        self.leases.take_changes()
    }

    /// Takes rows, stored ones or those of another worker of the tenant, and merges them; answers how many could not be
    /// read. Rows of others are left alone.
    pub fn restore<'a>(&mut self, rows: impl IntoIterator<Item = (&'a [u8], &'a [u8])>) -> u64 {
        let own = rows.into_iter().filter(|(key, _)| Leases::is_one(key));
        own.filter(|(key, value)| !self.leases.restore(key, value)).count() as u64
    }

    /// Keeps what `old` learnt from events.
    pub(crate) fn keep_learned(&mut self, old: Self) {
        self.leases = old.leases;
    }
}

fn short(name: &str) -> &str {
    name.split('.').next().unwrap_or(name)
}
