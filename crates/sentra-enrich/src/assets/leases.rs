//! Which host had an address when, as DHCP tells. The host's name in DHCP is what the host says of itself: good enough
//! to name it, not to trust it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use arrow_array::cast::AsArray;
use sentra_model::{EventBatch, EventRow, Timestamp};
use serde::{Deserialize, Serialize};

use super::declare::host_name;
use crate::event_time::believed_time;
use crate::fold::{NAME_CHARS_MAX, fold_column};
use crate::identity::StateRow;

/// Law LIMIT: addresses of one tenant whose host is remembered; the longest not renewed goes first.
pub const LEASES_MAX: usize = 200_000;
/// How long an address is believed to be its host's, in seconds: eight days.
pub const LEASE_SECONDS_MAX: i64 = 8 * 86_400;

const PREFIX: &[u8] = b"asset/address/";
/// OCSF class of DHCP.
const DHCP_CLASS: u32 = 4004;
const HOST_FIELDS: [&str; 8] = [
    "client",
    "hostname",
    "clienthostname",
    "dhcphostname",
    "leasehostname",
    "clientname",
    "devicename",
    "clientfqdn",
];
const ADDRESS_FIELDS: [&str; 7] =
    ["assignedip", "ipaddress", "leaseip", "clientip", "dhcpip", "yiaddr", "assignedaddress"];
const ACTION_FIELDS: [&str; 6] =
    ["action", "msgtype", "messagetype", "dhcpmsgtype", "description", "activityname"];

/// Who had an address last.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Lease {
    pub(super) at: Timestamp,
    /// Folded.
    pub(super) host: String,
}

/// The leases of one tenant. The later one of an address is kept, so the order of events does not count.
#[derive(Debug, Clone, Default)]
pub(super) struct Leases {
    by_address: BTreeMap<IpAddr, Lease>,
    by_age: BTreeSet<(Timestamp, IpAddr)>,
    changed: BTreeSet<IpAddr>,
}

impl Leases {
    /// The lease of `address` that holds at `time`.
    pub(super) fn at(&self, address: IpAddr, time: Timestamp) -> Option<&Lease> {
        let lease = self.by_address.get(&address)?;
        let age_us = time.since(lease.at);
        (0..=LEASE_SECONDS_MAX * 1_000_000).contains(&age_us).then_some(lease)
    }

    pub(super) fn observe(&mut self, batch: &EventBatch) {
        let services = batch.text_column("service");
        let names = services.and_then(|services| services.values().as_string_opt::<i32>());
        let dhcp = names.and_then(|names| names.iter().position(|name| name == Some("dhcp")));
        for row in batch.rows() {
            let service = services.and_then(|services| services.key(row.index()));
            if (dhcp.is_some() && service == dhcp) || row.class() == DHCP_CLASS {
                self.take(row);
            }
        }
    }

    fn take(&mut self, row: EventRow<'_>) {
        let field = |names: &[&str]| {
            row.fields().find(|(name, _)| names.contains(&fold_column(name).as_str())).map(|(_, value)| value)
        };
        let is_given = field(&ACTION_FIELDS).is_none_or(|action| {
            let action = fold_column(action);
            ["ack", "assign", "renew", "bound", "lease"].iter().any(|word| action.contains(word))
                && !["nak", "release", "expire", "deny", "denied"].iter().any(|word| action.contains(word))
        });
        if !is_given || row.text("outcome") == Some("failure") {
            return;
        }
        let address = field(&ADDRESS_FIELDS).or_else(|| row.text("src_ip"));
        let Some(address) = address.and_then(|address| address.parse::<IpAddr>().ok()) else { return };
        let Some(host) = field(&HOST_FIELDS).map(host_name) else { return };
        if !host.is_empty() && host.chars().count() <= NAME_CHARS_MAX && host.parse::<IpAddr>().is_err() {
            self.put(address, Lease { at: believed_time(row), host }, LEASES_MAX);
        }
    }

    pub(super) fn put(&mut self, address: IpAddr, lease: Lease, room: usize) {
        if let Some(known) = self.by_address.get(&address) {
            if *known >= lease {
                return;
            }
            self.by_age.remove(&(known.at, address));
        }
        self.by_age.insert((lease.at, address));
        self.by_address.insert(address, lease);
        self.changed.insert(address);
        if self.by_address.len() > room
            && let Some((_, oldest)) = self.by_age.pop_first()
        {
            self.by_address.remove(&oldest);
            self.changed.insert(oldest);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.by_address.len()
    }

    pub(super) fn take_changes(&mut self) -> Vec<StateRow> {
        let changed = std::mem::take(&mut self.changed);
        changed
            .into_iter()
            .map(|address| {
                let value = self.by_address.get(&address).and_then(|lease| serde_json::to_vec(lease).ok());
                ([PREFIX, address.to_string().as_bytes()].concat(), value)
            })
            .collect()
    }

    /// Takes one row, of this or another worker: the later lease stays, and it is not told as a change of one's own.
    /// Answers whether it is readable.
    pub(super) fn restore(&mut self, key: &[u8], value: &[u8]) -> bool {
        let address =
            key.strip_prefix(PREFIX).and_then(|address| std::str::from_utf8(address).ok()?.parse().ok());
        let (Some(address), Ok(lease)) = (address, serde_json::from_slice::<Lease>(value)) else {
            return false;
        };
        let is_own_change = self.changed.contains(&address);
        self.put(address, lease, LEASES_MAX);
        if !is_own_change {
            self.changed.remove(&address);
        }
        true
    }

    pub(super) fn is_one(key: &[u8]) -> bool {
        key.starts_with(PREFIX)
    }
}
