//! Which zone, site and segment an address is in.

mod prefix;

use std::net::IpAddr;
use std::sync::Arc;

use sentra_model::Timestamp;

pub(crate) use prefix::prefixes_of_range;
pub use prefix::{Prefix, PrefixTable};

use crate::claims::{CONTRADICTIONS_MAX, Contradiction, Contradictions, Statement};
use crate::fold::{NAME_CHARS_MAX, fold_column};
use crate::import::{Cells, ColumnMap, ColumnTable, Row, Sink, read_rows};
use crate::problem::{Problem, Problems};
use crate::source::{FileFormat, FileSource, SourceContent, SourceInfo};

/// Law LIMIT: networks of one tenant.
pub const NETWORKS_MAX: usize = 1_000_000;

/// What a zone is for.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ZoneKind {
    /// One's own, not reachable from outside.
    Internal,
    /// One's own, reachable from outside.
    Dmz,
    /// Visitors.
    Guest,
    /// Dialled in.
    Vpn,
    /// One's own at a cloud provider.
    Cloud,
    /// Everybody else.
    External,
    /// The machine itself.
    Loopback,
    /// One cable, not routed; also multicast and broadcast.
    Local,
}

impl ZoneKind {
    /// The name in enrichments.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Internal => "internal",
            Self::Dmz => "dmz",
            Self::Guest => "guest",
            Self::Vpn => "vpn",
            Self::Cloud => "cloud",
            Self::External => "external",
            Self::Loopback => "loopback",
            Self::Local => "local",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        Some(match fold_column(text).as_str() {
            "internal" | "intranet" | "lan" | "corporate" | "private" | "trusted" | "inside"
            | "production" => Self::Internal,
            "dmz" | "perimeter" => Self::Dmz,
            "guest" | "visitor" | "guestwifi" | "wifi" => Self::Guest,
            "vpn" | "remoteaccess" | "remote" => Self::Vpn,
            "cloud" | "aws" | "azure" | "gcp" | "vpc" => Self::Cloud,
            "external" | "internet" | "public" | "untrusted" | "outside" | "partner" => Self::External,
            "loopback" => Self::Loopback,
            "local" | "linklocal" => Self::Local,
            _ => return None,
        })
    }

    /// Whether it is one's own.
    #[must_use]
    pub fn is_own(self) -> bool {
        self != Self::External
    }
}

/// A network and what is said of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Zone {
    /// Its addresses.
    pub network: Prefix,
    /// Its name.
    pub name: Arc<str>,
    /// Where it is.
    pub site: Option<Arc<str>>,
    /// What it is for.
    pub kind: ZoneKind,
    /// Part of the network, a VLAN for example.
    pub segment: Option<Arc<str>>,
    /// Who says so.
    pub source: Arc<SourceInfo>,
    as_of: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Network,
    Name,
    Site,
    Kind,
    Segment,
    Changed,
}

const TABLE: &ColumnTable<Column> = &[
    (Column::Network, "network", &["cidr", "subnet", "prefix", "range", "iprange", "address", "ip", "netz"]),
    (Column::Name, "name", &["zone", "zonename", "networkname", "description", "label"]),
    (Column::Site, "site", &["location", "sitename", "office", "city", "region", "standort"]),
    (Column::Kind, "kind", &["type", "zonetype", "zonekind", "category", "trust"]),
    (Column::Segment, "segment", &["vlan", "vlanid", "vlanname", "vrf", "role"]),
    (Column::Changed, "changed", &["lastupdated", "lastmodified", "updated"]),
];

/// The attributes that `columns` of a networks source can map.
pub fn network_attributes() -> impl Iterator<Item = &'static str> {
    TABLE.iter().map(|(_, name, _)| *name)
}

/// Networks that everybody has, where no source names them.
const WELL_KNOWN: [(&str, &str, ZoneKind); 17] = [
    ("0.0.0.0/0", "internet", ZoneKind::External),
    ("::/0", "internet", ZoneKind::External),
    ("10.0.0.0/8", "private", ZoneKind::Internal),
    ("172.16.0.0/12", "private", ZoneKind::Internal),
    ("192.168.0.0/16", "private", ZoneKind::Internal),
    ("fc00::/7", "private", ZoneKind::Internal),
    ("100.64.0.0/10", "shared by a provider", ZoneKind::Internal),
    ("127.0.0.0/8", "loopback", ZoneKind::Loopback),
    ("::1/128", "loopback", ZoneKind::Loopback),
    ("0.0.0.0/8", "this network", ZoneKind::Local),
    ("::/128", "this network", ZoneKind::Local),
    ("169.254.0.0/16", "link-local", ZoneKind::Local),
    ("fe80::/10", "link-local", ZoneKind::Local),
    ("224.0.0.0/4", "multicast", ZoneKind::Local),
    ("ff00::/8", "multicast", ZoneKind::Local),
    ("255.255.255.255/32", "broadcast", ZoneKind::Local),
    ("240.0.0.0/4", "reserved", ZoneKind::Local),
];

/// The networks of one tenant.
#[derive(Debug, Clone)]
pub struct Networks {
    table: PrefixTable<Zone>,
    internet: Zone,
    contradictions: Vec<Contradiction>,
    contradictions_total: u64,
}

impl Default for Networks {
    fn default() -> Self {
        Self::new()
    }
}

impl Networks {
    /// The networks that everybody has: private, loopback, link-local; the rest is the internet.
    #[must_use]
    pub fn new() -> Self {
        let source =
            Arc::new(SourceInfo { name: "networks:well-known".into(), version: "1".into(), priority: 0 });
        let zone = |network: Prefix, name: &str, kind| Zone {
            network,
            name: name.into(),
            site: None,
            kind,
            segment: None,
            source: Arc::clone(&source),
            as_of: Timestamp::default(),
        };
        let mut table = PrefixTable::default();
        for (network, name, kind) in WELL_KNOWN {
            if let Some(network) = Prefix::parse(network) {
                table.insert(network, zone(network, name, kind));
            }
        }
        let internet = zone(Prefix::everything(), "internet", ZoneKind::External);
        Self { table, internet, contradictions: Vec::new(), contradictions_total: 0 }
    }

    /// Reads a file. What is wrong in it is answered; the rest is used.
    pub fn import(&mut self, file: &FileSource, content: &SourceContent) -> Vec<Problem> {
        let source = file.info("networks", content);
        let mut problems = Problems::new(&source.name);
        let Some(format) = file.format.or_else(|| FileFormat::of_path(&file.path)) else {
            problems.tell(0, "what format is this? say format = \"csv\" or \"json\"");
            return problems.into_list();
        };
        let map = ColumnMap::new(TABLE, &file.columns, &mut problems);
        let as_of = content.as_of.unwrap_or_default();
        let mut take = |row: &Row, problems: &mut Problems| {
            let cells = map.cells(row);
            let Some(text) = cells.first(Column::Network) else {
                problems.tell(row.line, "names no network: a column network, cidr or subnet is needed");
                return;
            };
            let Some(networks) = networks_of(text, row.line, problems) else {
                let text: String = text.chars().take(60).collect();
                problems
                    .tell(row.line, format!("{text:?} is no network: write 192.0.2.0/24 or 2001:db8::/32"));
                return;
            };
            for network in networks {
                let zone = zone_of(network, &cells, &source, as_of, row.line, problems);
                if !self.put(zone) {
                    problems
                        .tell(row.line, format!("more than {NETWORKS_MAX} networks; this one is left out"));
                }
            }
        };
        read_rows(&content.bytes, format, &mut Sink::new(&mut take), &mut problems);
        problems.into_list()
    }

    /// Adds a zone. Of two that say different things of one network the one with the higher priority is believed,
    /// then the fresher, then the one read first.
    fn put(&mut self, zone: Zone) -> bool {
        let Some(known) = self.table.exact(&zone.network) else {
            if self.table.len() >= NETWORKS_MAX {
                return false;
            }
            self.table.insert(zone.network, zone);
            return true;
        };
        let is_new_better = (zone.source.priority, zone.as_of) > (known.source.priority, known.as_of);
        let (kept, other) = if is_new_better { (&zone, known) } else { (known, &zone) };
        let says_the_same = (&kept.name, kept.kind, &kept.site, &kept.segment)
            == (&other.name, other.kind, &other.site, &other.segment);
        // What everybody has is no statement.
        if !says_the_same && other.source.priority > 0 {
            self.contradictions_total += 1;
            if self.contradictions.len() < CONTRADICTIONS_MAX {
                self.contradictions.push(Contradiction {
                    subject: zone.network.to_string(),
                    attribute: "zone".to_owned(),
                    kept: kept.statement(),
                    other: other.statement(),
                });
            }
        }
        if is_new_better {
            self.table.insert(zone.network, zone);
        }
        true
    }

    /// The narrowest zone that `address` is in; the internet when no other.
    #[must_use]
    pub fn zone(&self, address: IpAddr) -> &Zone {
        self.table.longest(address).map_or(&self.internet, |(_, zone)| zone)
    }

    /// How many networks there are, those that everybody has included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Whether there are none, which never is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// Networks of which sources say different things.
    #[must_use]
    pub fn contradictions(&self) -> Contradictions {
        let mut all = Contradictions::collect(self.contradictions.iter().cloned());
        all.total = self.contradictions_total;
        all
    }
}

impl Zone {
    fn statement(&self) -> Statement {
        let mut value = format!("{} ({})", self.name, self.kind.as_str());
        for part in [&self.site, &self.segment].into_iter().flatten() {
            value.push_str(", ");
            value.push_str(part);
        }
        let source = &self.source;
        Statement { value, source: source.name.clone(), as_of: self.as_of, priority: source.priority }
    }
}

fn networks_of(text: &str, line: u64, problems: &mut Problems) -> Option<Vec<Prefix>> {
    if let Some(prefix) = Prefix::parse(text) {
        let is_cut = text.split('/').next().and_then(|at| at.trim().parse::<IpAddr>().ok());
        if is_cut.is_some_and(|at| {
            Prefix::new(at, if at.is_ipv4() { 32 } else { 128 }).map(Prefix::address)
                != Some(prefix.address())
        }) {
            problems.tell(line, format!("{text} has bits behind its prefix: read as {prefix}"));
        }
        return Some(vec![prefix]);
    }
    let (first, last) = text.split_once('-')?;
    prefixes_of_range(first.trim().parse().ok()?, last.trim().parse().ok()?)
}

fn zone_of(
    network: Prefix,
    cells: &Cells<'_, Column>,
    source: &Arc<SourceInfo>,
    as_of: Timestamp,
    line: u64,
    problems: &mut Problems,
) -> Zone {
    let text = |column| {
        cells
            .first(column)
            .map(|text| Arc::<str>::from(text.chars().take(NAME_CHARS_MAX).collect::<String>()))
    };
    let stated = cells.first(Column::Kind);
    let kind = stated.and_then(ZoneKind::parse);
    if let (Some(stated), None) = (stated, kind) {
        let stated: String = stated.chars().take(60).collect();
        problems.tell(
            line,
            format!("{stated:?} is no kind: internal, dmz, guest, vpn, cloud or external; taken as internal"),
        );
    }
    let changed = cells.first(Column::Changed).and_then(crate::moment::moment);
    Zone {
        network,
        name: text(Column::Name)
            .or_else(|| text(Column::Segment))
            .unwrap_or_else(|| network.to_string().into()),
        site: text(Column::Site),
        kind: kind.unwrap_or(ZoneKind::Internal),
        segment: text(Column::Segment),
        source: Arc::clone(source),
        as_of: changed.map_or(as_of, |changed| changed.min(as_of)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn csv(text: &str) -> SourceContent {
        SourceContent { bytes: text.as_bytes().to_vec(), as_of: Some(Timestamp::from_seconds(1_772_000_000)) }
    }

    fn at(networks: &Networks, address: &str) -> String {
        let zone = networks.zone(address.parse().unwrap());
        format!("{} {} {}", zone.network, zone.name, zone.kind.as_str())
    }

    #[test]
    fn the_narrowest_zone_and_those_that_everybody_has() {
        let mut networks = Networks::new();
        let text = "cidr,zone,site,type,vlan\n10.0.0.0/8,office,Berlin,lan,\n10.1.0.0/16,db,Berlin,production,V7\n\
                    10.1.2.3/16,x,y,weird,\n192.0.2.10-192.0.2.11,mail,,DMZ,\n2001:db8::/32,v6,,internal,\nnonsense,a,b,,\n,a,,,\n";
        let problems = networks.import(&FileSource::new("nets.csv"), &csv(text));
        assert_eq!(at(&networks, "10.2.0.1"), "10.0.0.0/8 office internal");
        assert_eq!(at(&networks, "10.1.9.9"), "10.1.0.0/16 db internal");
        assert_eq!(at(&networks, "::ffff:10.1.9.9"), "10.1.0.0/16 db internal");
        assert_eq!(at(&networks, "192.0.2.11"), "192.0.2.10/31 mail dmz");
        assert_eq!(at(&networks, "2001:db8::1"), "2001:db8::/32 v6 internal");
        assert_eq!(at(&networks, "192.168.3.4"), "192.168.0.0/16 private internal");
        assert_eq!(at(&networks, "fd00::1"), "fc00::/7 private internal");
        assert_eq!(at(&networks, "::1"), "::1/128 loopback loopback");
        assert_eq!(at(&networks, "169.254.1.1"), "169.254.0.0/16 link-local local");
        assert_eq!(at(&networks, "8.8.8.8"), "0.0.0.0/0 internet external");
        let told: Vec<_> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "networks:nets.csv:4: 10.1.2.3/16 has bits behind its prefix: read as 10.1.0.0/16",
                "networks:nets.csv:4: \"weird\" is no kind: internal, dmz, guest, vpn, cloud or external; taken as internal",
                "networks:nets.csv:7: \"nonsense\" is no network: write 192.0.2.0/24 or 2001:db8::/32",
                "networks:nets.csv:8: names no network: a column network, cidr or subnet is needed",
            ]
        );
        assert_eq!(networks.contradictions().total, 1);
    }

    #[test]
    fn the_source_of_higher_priority_is_believed_in_either_order() {
        let high =
            (FileSource::new("high.csv").with_priority(90), csv("cidr,name,kind\n10.0.0.0/8,high,dmz\n"));
        let low = (FileSource::new("low.csv"), csv("cidr,name,kind\n10.0.0.0/8,low,guest\n"));
        for order in [[&high, &low], [&low, &high]] {
            let mut networks = Networks::new();
            for (file, content) in order {
                assert!(networks.import(file, content).is_empty());
            }
            assert_eq!(at(&networks, "10.0.0.1"), "10.0.0.0/8 high dmz");
            let all = networks.contradictions();
            assert_eq!(
                (all.list[0].kept.value.as_str(), all.list[0].other.value.as_str()),
                ("high (dmz)", "low (guest)")
            );
        }
    }
}
