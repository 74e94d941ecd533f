//! Address ranges, and the narrowest one that an address is in.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use hashbrown::HashMap;

/// A network: address and length of its prefix. IPv4 written as IPv6 (`::ffff:192.0.2.7`) is IPv4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix {
    is_v6: bool,
    /// The address in the upper bits, without what the prefix leaves out.
    bits: u128,
    length: u8,
}

impl Prefix {
    /// The network of `length` bits that `address` is in; `None` when the address has fewer bits.
    #[must_use]
    pub fn new(address: IpAddr, length: u8) -> Option<Self> {
        let (is_v6, bits) = bits_of(address);
        let length = match address {
            IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some() => length.checked_sub(96)?,
            _ => length,
        };
        if length > width(is_v6) {
            return None;
        }
        Some(Self { is_v6, bits: bits & mask(length), length })
    }

    /// `192.0.2.0/24`, `2001:db8::/32`, `192.0.2.7`; also with bits set behind the prefix.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address.trim(), Some(length.trim())),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let length = match length {
            None => {
                if address.is_ipv4() {
                    32
                } else {
                    128
                }
            }
            Some(length) if length.len() > 3 => length_of_mask(length)?,
            Some(length) => length.parse().ok()?,
        };
        Self::new(address, length)
    }

    /// The address alone.
    pub(crate) fn of(address: IpAddr) -> Option<Self> {
        Self::new(address, if address.is_ipv4() { 32 } else { 128 })
    }

    /// All of IPv4.
    pub(crate) fn everything() -> Self {
        Self { is_v6: false, bits: 0, length: 0 }
    }

    /// Its first address.
    #[must_use]
    pub fn address(self) -> IpAddr {
        match self.is_v6 {
            true => IpAddr::V6(Ipv6Addr::from(self.bits)),
            false => IpAddr::V4(Ipv4Addr::from((self.bits >> 96) as u32)),
        }
    }

    /// Length of the prefix in bits.
    #[must_use]
    pub fn length(self) -> u8 {
        self.length
    }

    /// Whether it is one address.
    #[must_use]
    pub fn is_address(self) -> bool {
        self.length == width(self.is_v6)
    }

    /// Whether `address` is in it.
    #[must_use]
    pub fn contains(self, address: IpAddr) -> bool {
        let (is_v6, bits) = bits_of(address);
        is_v6 == self.is_v6 && bits & mask(self.length) == self.bits
    }
}

impl std::fmt::Display for Prefix {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.address(), self.length)
    }
}

/// The networks from the first to the last address: `192.0.2.10 - 192.0.2.20`. At most 254.
pub(crate) fn prefixes_of_range(first: IpAddr, last: IpAddr) -> Option<Vec<Prefix>> {
    let ((is_v6, first), (is_last_v6, last)) = (bits_of(first), bits_of(last));
    let width = u32::from(width(is_v6));
    if is_v6 != is_last_v6 || first > last {
        return None;
    }
    // Counted in addresses, that is without the bits that IPv4 does not have.
    let (mut at, last) = (first >> (128 - width), last >> (128 - width));
    let mut prefixes = Vec::new();
    loop {
        let aligned = at.trailing_zeros().min(width);
        let fitting = match (last - at).checked_add(1) {
            Some(count) => 127 - count.leading_zeros(),
            None => 128,
        };
        let size = aligned.min(fitting);
        let bits = at.checked_shl(128 - width).unwrap_or(0);
        prefixes.push(Prefix { is_v6, bits, length: (width - size) as u8 });
        // All of IPv6 is one step beyond what can be counted, and the last.
        let step = 1_u128.checked_shl(size);
        match step.and_then(|step| at.checked_add(step)).filter(|next| *next <= last) {
            Some(next) => at = next,
            None => return Some(prefixes),
        }
    }
}

/// `255.255.255.0` → 24.
fn length_of_mask(text: &str) -> Option<u8> {
    let bits = u32::from(text.parse::<Ipv4Addr>().ok()?);
    let length = bits.leading_ones();
    (bits.count_ones() == length).then_some(length as u8)
}

fn width(is_v6: bool) -> u8 {
    if is_v6 { 128 } else { 32 }
}

fn mask(length: u8) -> u128 {
    if length == 0 { 0 } else { u128::MAX << (128 - u32::from(length)) }
}

fn bits_of(address: IpAddr) -> (bool, u128) {
    let v4 = |v4: Ipv4Addr| (false, u128::from(u32::from(v4)) << 96);
    match address {
        IpAddr::V4(address) => v4(address),
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(mapped) => v4(mapped),
            None => (true, u128::from(address)),
        },
    }
}

/// Networks with a value each; an address gets the value of the narrowest one.
///
/// One table for all lengths, asked once per length that occurs: real lists have a handful of lengths.
#[derive(Debug, Clone)]
pub struct PrefixTable<T> {
    entries: HashMap<Prefix, T, foldhash::fast::FixedState>,
    /// Lengths that occur, the longest first: IPv4, IPv6.
    lengths: [Vec<u8>; 2],
}

impl<T> Default for PrefixTable<T> {
    fn default() -> Self {
        Self { entries: HashMap::default(), lengths: [Vec::new(), Vec::new()] }
    }
}

impl<T> PrefixTable<T> {
    /// Adds a network; what it had before is answered.
    pub fn insert(&mut self, prefix: Prefix, value: T) -> Option<T> {
        let [v4, v6] = &mut self.lengths;
        let lengths = if prefix.is_v6 { v6 } else { v4 };
        if let Err(at) = lengths.binary_search_by(|known| prefix.length.cmp(known)) {
            lengths.insert(at, prefix.length);
        }
        self.entries.insert(prefix, value)
    }

    /// The value of just this network.
    #[must_use]
    pub fn exact(&self, prefix: &Prefix) -> Option<&T> {
        self.entries.get(prefix)
    }

    /// The value of just this network, to be changed.
    pub fn exact_mut(&mut self, prefix: &Prefix) -> Option<&mut T> {
        self.entries.get_mut(prefix)
    }

    /// Takes a network away.
    pub fn remove(&mut self, prefix: &Prefix) -> Option<T> {
        self.entries.remove(prefix)
    }

    /// The narrowest network that `address` is in.
    #[must_use]
    pub fn longest(&self, address: IpAddr) -> Option<(Prefix, &T)> {
        let (is_v6, bits) = bits_of(address);
        let [v4, v6] = &self.lengths;
        let lengths = if is_v6 { v6 } else { v4 };
        lengths.iter().find_map(|length| {
            let prefix = Prefix { is_v6, bits: bits & mask(*length), length: *length };
            self.entries.get(&prefix).map(|value| (prefix, value))
        })
    }

    /// How many networks there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn address() -> impl Strategy<Value = IpAddr> {
        // Few different bits, so that networks lie in each other.
        prop_oneof![
            (0_u32..4, 0_u32..256).prop_map(|(high, low)| IpAddr::V4(Ipv4Addr::from(high << 30 | low))),
            (0_u128..4, 0_u128..256).prop_map(|(high, low)| IpAddr::V6(Ipv6Addr::from(high << 126 | low))),
            (0_u32..256).prop_map(|low| IpAddr::V6(Ipv4Addr::from(low).to_ipv6_mapped())),
        ]
    }

    proptest! {
        #[test]
        fn the_longest_match_is_that_of_trying_all(
            networks in proptest::collection::vec((address(), 0_u8..=128), 0..40),
            asked in proptest::collection::vec(address(), 1..20),
        ) {
            let networks: Vec<Prefix> =
                networks.into_iter().filter_map(|(address, length)| Prefix::new(address, length)).collect();
            let mut table = PrefixTable::default();
            for prefix in &networks {
                table.insert(*prefix, *prefix);
            }
            for address in asked {
                let expected = networks.iter().filter(|prefix| prefix.contains(address)).max_by_key(|p| p.length());
                prop_assert_eq!(table.longest(address).map(|(_, prefix)| *prefix), expected.copied());
            }
        }

        #[test]
        fn a_range_is_its_networks_and_nothing_else(first in 0_u32..5_000, count in 0_u32..3_000) {
            let at = |n: u32| IpAddr::V4(Ipv4Addr::from(n));
            let prefixes = prefixes_of_range(at(first), at(first + count)).unwrap();
            prop_assert!(prefixes.len() <= 62);
            for n in first.saturating_sub(3)..first + count + 3 {
                let within = prefixes.iter().filter(|prefix| prefix.contains(at(n))).count();
                prop_assert_eq!(within, usize::from((first..=first + count).contains(&n)));
            }
        }

        #[test]
        fn text_and_back(address in address(), length in 0_u8..=128) {
            if let Some(prefix) = Prefix::new(address, length) {
                prop_assert_eq!(Prefix::parse(&prefix.to_string()), Some(prefix));
            }
        }

        #[test]
        fn no_text_makes_it_panic(text in "[0-9a-f:./ ]{0,40}") {
            let _ = Prefix::parse(&text);
        }
    }

    #[test]
    fn whole_families_and_masks() {
        let whole = |first: &str, last: &str| {
            prefixes_of_range(first.parse().unwrap(), last.parse().unwrap()).unwrap()[0].to_string()
        };
        assert_eq!(whole("0.0.0.0", "255.255.255.255"), "0.0.0.0/0");
        assert_eq!(whole("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), "::/0");
        assert_eq!(prefixes_of_range("::1".parse().unwrap(), "1.1.1.1".parse().unwrap()), None);
        assert_eq!(Prefix::parse("10.1.2.3/255.0.0.0").unwrap().to_string(), "10.0.0.0/8");
        assert_eq!(Prefix::parse("10.1.2.3/255.0.255.0"), None);
        assert_eq!(Prefix::parse("10.0.0.0/33"), None);
        assert_eq!(Prefix::parse("::ffff:10.0.0.0/104").unwrap().to_string(), "10.0.0.0/8");
    }
}
