use std::net::{Ipv4Addr, Ipv6Addr};

use serde_json::Value as Json;

use super::call::arg;
use super::text;
use crate::builtin::Builtin;
use crate::plan::Value;

/// An address as a number of 128 bits, and how many of them count.
#[derive(Clone, Copy)]
struct Network {
    bits: u128,
    prefix: u32,
}

impl Network {
    /// An address of version 4 with or without a prefix.
    fn v4(text: &str) -> Option<Self> {
        let (address, prefix) = with_prefix(text, 32)?;
        let address: Ipv4Addr = address.parse().ok()?;
        Some(Self { bits: address.to_ipv6_mapped().to_bits(), prefix: prefix + 96 })
    }

    /// An address of either version; those of version 4 are mapped.
    fn any(text: &str) -> Option<Self> {
        Self::v4(text).or_else(|| {
            let (address, prefix) = with_prefix(text, 128)?;
            let address: Ipv6Addr = address.parse().ok()?;
            Some(Self { bits: address.to_bits(), prefix })
        })
    }

    fn masked(self, prefix: u32) -> u128 {
        self.bits & u128::MAX.checked_shl(128 - prefix.min(128)).unwrap_or(0)
    }

    /// The address of version 4, by its prefix.
    fn low(self) -> i64 {
        i64::from(u32::try_from(self.masked(self.prefix) & u128::from(u32::MAX)).unwrap_or_default())
    }

    fn holds(self, address: Self) -> bool {
        self.masked(self.prefix) == address.masked(self.prefix)
    }
}

fn with_prefix(text: &str, most: u32) -> Option<(&str, u32)> {
    let text = text.trim();
    match text.split_once('/') {
        None => Some((text, most)),
        Some((address, prefix)) => Some((address, prefix.parse().ok().filter(|prefix| *prefix <= most)?)),
    }
}

pub(super) fn call(builtin: Builtin, arguments: &[Value]) -> Value {
    use Builtin::*;
    let (first, second) = (arg(arguments, 0), arg(arguments, 1));
    let (a, b) = (first.str(), second.str());
    match builtin {
        Ipv4InRange => Value::of(Network::v4(a).zip(Network::v4(b)).map(|(a, b)| b.holds(a))),
        Ipv6InRange => Value::of(Network::any(a).zip(Network::any(b)).map(|(a, b)| b.holds(a))),
        Ipv4InAnyRange => Value::of(Network::v4(a).map(|address| in_any(address, arguments))),
        Ipv4IsMatch | Ipv4Compare => compared(builtin, Network::v4(a), Network::v4(b), arguments, 96),
        Ipv6IsMatch | Ipv6Compare => compared(builtin, Network::any(a), Network::any(b), arguments, 0),
        Ipv4IsPrivate => Value::of(Network::v4(a).map(is_private)),
        ParseIpv4 => Value::of(Network::v4(a).map(Network::low)),
        ParseIpv4Mask => {
            let network = Network::v4(a).zip(prefix_of(second, 32));
            Value::of(network.map(|(network, prefix)| Network { prefix: prefix + 96, ..network }.low()))
        }
        FormatIpv4 => Value::of(formatted(first, arguments.get(1))),
        Ipv4Suffix => Value::of(Network::v4(a).map(|network| i64::from(network.prefix - 96))),
        HasIpv4 => (Network::v4(b).is_some() && text::has(a, b)).into(),
        HasIpv4Prefix => has_prefix(a, b).into(),
        _ => Value::of_text(Network::any(a).map(written_out).unwrap_or_default()),
    }
}

fn prefix_of(value: &Value, most: u32) -> Option<u32> {
    value.long().and_then(|prefix| u32::try_from(prefix).ok()).filter(|prefix| *prefix <= most)
}

fn in_any(address: Network, arguments: &[Value]) -> bool {
    let holds = |text: &str| Network::v4(text).is_some_and(|network| network.holds(address));
    arguments.iter().skip(1).any(|networks| match networks {
        Value::Dynamic(Json::Array(networks)) => networks.iter().filter_map(Json::as_str).any(holds),
        networks => holds(networks.str()),
    })
}

fn compared(
    builtin: Builtin,
    a: Option<Network>,
    b: Option<Network>,
    arguments: &[Value],
    shift: u32,
) -> Value {
    let Some((a, b)) = a.zip(b) else { return Value::Null };
    let given = match arguments.get(2) {
        None => 128,
        Some(prefix) => match prefix_of(prefix, 128 - shift) {
            Some(prefix) => prefix + shift,
            None => return Value::Null,
        },
    };
    let prefix = a.prefix.min(b.prefix).min(given);
    let order = a.masked(prefix).cmp(&b.masked(prefix));
    if matches!(builtin, Builtin::Ipv4IsMatch | Builtin::Ipv6IsMatch) {
        order.is_eq().into()
    } else {
        (order as i64).into()
    }
}

fn is_private(address: Network) -> bool {
    ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]
        .into_iter()
        .filter_map(Network::v4)
        .any(|network| address.prefix >= network.prefix && network.holds(address))
}

fn formatted(address: &Value, prefix: Option<&Value>) -> Option<String> {
    let network = match address {
        Value::Long(number) => {
            let address = Ipv4Addr::from(u32::try_from(*number).ok()?);
            Network { bits: address.to_ipv6_mapped().to_bits(), prefix: 128 }
        }
        text => Network::v4(&text.text())?,
    };
    let prefix = match prefix {
        None => network.prefix,
        Some(prefix) => prefix_of(prefix, 32)? + 96,
    };
    let low = Network { prefix, ..network }.low();
    Some(Ipv4Addr::from(u32::try_from(low).ok()?).to_string())
}

/// Eight groups of four digits.
fn written_out(network: Network) -> String {
    let groups = Ipv6Addr::from_bits(network.masked(network.prefix)).segments();
    groups.map(|group| format!("{group:04x}")).join(":")
}

/// Whether there is a whole address that begins with the prefix.
fn has_prefix(text: &str, prefix: &str) -> bool {
    let is_part = |c: char| c.is_ascii_digit() || c == '.';
    if prefix.is_empty() || !prefix.chars().all(is_part) {
        return false;
    }
    let is_whole = prefix.parse::<Ipv4Addr>().is_ok();
    // What stands next to an address is neither a letter nor a digit.
    text.split(|c: char| !(c.is_alphanumeric() || c == '.')).any(|word| {
        let word = word.trim_matches('.');
        let fits = if is_whole { word == prefix } else { prefix.ends_with('.') && word.starts_with(prefix) };
        fits && word.parse::<Ipv4Addr>().is_ok()
    })
}
