//! Looking an address up among many networks.

use std::net::IpAddr;

use foldhash::quality::RandomState;
use hashbrown::HashMap;

use crate::test::Network;

/// Finds the rows whose networks hold an address: one look per length of prefix that occurs.
#[derive(Debug, Default)]
pub(super) struct NetworkIndex {
    /// The bits of a network that count, by what is left when the others are shifted out.
    rows: HashMap<Key, Vec<u32>, RandomState>,
    /// Lengths of prefixes that occur, longest first.
    prefixes_v4: Vec<u8>,
    prefixes_v6: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    is_v4: bool,
    prefix: u8,
    bits: u128,
}

impl Key {
    fn new(address: IpAddr, prefix: u8) -> Self {
        let (is_v4, bits, width) = match address {
            IpAddr::V4(address) => (true, u128::from(u32::from(address)), 32),
            IpAddr::V6(address) => (false, u128::from(address), 128),
        };
        // All bits shifted out is no number of its own; there is one network without a prefix.
        let bits = bits.checked_shr(u32::from(width - prefix.min(width))).unwrap_or(0);
        Self { is_v4, prefix, bits }
    }
}

impl NetworkIndex {
    pub(super) fn insert(&mut self, network: Network, row: u32) {
        let (address, prefix) = network.parts();
        self.rows.entry(Key::new(address, prefix)).or_default().push(row);
        let prefixes = if address.is_ipv4() { &mut self.prefixes_v4 } else { &mut self.prefixes_v6 };
        if let Err(place) = prefixes.binary_search_by(|other| prefix.cmp(other)) {
            prefixes.insert(place, prefix);
        }
    }

    pub(super) fn contains(&self, address: IpAddr) -> bool {
        self.found(address).next().is_some()
    }

    /// The rows, ascending.
    pub(super) fn rows(&self, address: IpAddr) -> Vec<u32> {
        let mut rows: Vec<u32> = self.found(address).flatten().copied().collect();
        rows.sort_unstable();
        rows.dedup();
        rows
    }

    fn found(&self, address: IpAddr) -> impl Iterator<Item = &Vec<u32>> {
        // An IPv4 address in IPv6 clothes is the IPv4 address, but may be looked for in its clothes too.
        let plain = address.to_canonical();
        let dressed = (plain != address || address.is_ipv6()).then_some(address);
        let v4 = plain
            .is_ipv4()
            .then_some(plain)
            .into_iter()
            .flat_map(|address| self.of(address, &self.prefixes_v4));
        let v6 = dressed.into_iter().flat_map(|address| self.of(address, &self.prefixes_v6));
        v4.chain(v6)
    }

    fn of<'a>(&'a self, address: IpAddr, prefixes: &'a [u8]) -> impl Iterator<Item = &'a Vec<u32>> {
        prefixes.iter().filter_map(move |prefix| self.rows.get(&Key::new(address, *prefix)))
    }
}
