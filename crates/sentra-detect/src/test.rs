//! What a rule wants of a field: one test on its values.

use std::borrow::Cow;
use std::net::IpAddr;

use jiff::civil::DateTime;
use regex::Regex;

use crate::sigma::wildcard::{Number, TextTest};
use crate::text::{fold, searched, searched_by_regex};

/// A test on the values of a field, or of all fields for keywords.
///
/// `Debug` is its identity: tests that print alike are alike, and are evaluated once.
#[derive(Debug, Clone)]
pub(crate) enum Test {
    /// Any of these, ignoring case.
    Text(Vec<TextTest>),
    /// Any of these, case and all.
    Cased(Vec<TextTest>),
    /// Any of these regular expressions. Flags stand in the source: it is also what literals are taken from.
    Regexes(Vec<Regex>),
    /// An address in any of these networks.
    Networks(Vec<Network>),
    /// A number that compares so.
    Compare(Comparison, Number),
    /// A moment of which this part compares so.
    TimePart(TimePart, Comparison, Number),
    /// The field is there.
    Present,
    /// The field is not there.
    Missing,
    /// The value of another field of the same event, compared so.
    Field(FieldTest),
    /// Nothing passes: a placeholder without its list.
    Never,
}

/// A comparison with another field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FieldTest {
    pub(crate) other: String,
    pub(crate) place: Place,
    pub(crate) cased: bool,
}

/// Where the other field's value must stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Whole,
    Anywhere,
    Start,
    End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TimePart {
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Year,
}

/// A network in CIDR notation; a bare address is a network of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Test {
    /// Whether one value passes. `Present` and `Missing` are about the field, not about a value, and
    /// `Field` needs the event: they are answered by whoever has the row.
    pub(crate) fn passes(&self, value: &str) -> bool {
        let value = searched(value);
        match self {
            Self::Text(tests) => {
                let folded = fold(value);
                tests.iter().any(|test| test.passes(&folded))
            }
            Self::Cased(tests) => tests.iter().any(|test| test.passes(value)),
            Self::Regexes(regexes) => {
                let value = searched_by_regex(value);
                regexes.iter().any(|regex| regex.is_match(value))
            }
            Self::Networks(networks) => value
                .trim()
                .parse()
                .is_ok_and(|address| networks.iter().any(|network| network.holds(address))),
            Self::Compare(comparison, wanted) => {
                Number::read(value).is_some_and(|number| comparison.holds(number, *wanted))
            }
            Self::TimePart(part, comparison, wanted) => {
                part.read(value).is_some_and(|number| comparison.holds(number, *wanted))
            }
            Self::Present => true,
            Self::Missing | Self::Field(_) | Self::Never => false,
        }
    }
}

/// Law LIMIT: values of one field of one event that are held against those of another.
pub(crate) const COMPARED_VALUES_MAX: usize = 64;

impl FieldTest {
    /// Whether one of `values` stands so towards one of `others`; of more than [`COMPARED_VALUES_MAX`] the first are
    /// tried.
    pub(crate) fn any_passes(&self, values: &[Cow<'_, str>], others: &[Cow<'_, str>]) -> bool {
        let (values, others) = (self.prepared(values), self.prepared(others));
        values.iter().any(|value| others.iter().any(|other| self.place.holds(value, other)))
    }

    fn prepared<'v>(&self, values: &'v [Cow<'_, str>]) -> Vec<Cow<'v, str>> {
        let prepare = |value: &'v Cow<'_, str>| match searched(value) {
            value if self.cased => Cow::Borrowed(value),
            value => fold(value),
        };
        values.iter().take(COMPARED_VALUES_MAX).map(prepare).collect()
    }
}

impl Place {
    fn holds(self, value: &str, other: &str) -> bool {
        match self {
            Self::Whole => value == other,
            Self::Anywhere => value.contains(other),
            Self::Start => value.starts_with(other),
            Self::End => value.ends_with(other),
        }
    }
}

impl Comparison {
    pub(crate) fn holds(self, number: Number, wanted: Number) -> bool {
        let (number, wanted) = (number.value(), wanted.value());
        match self {
            Self::Equal => number == wanted,
            Self::Greater => number > wanted,
            Self::GreaterOrEqual => number >= wanted,
            Self::Less => number < wanted,
            Self::LessOrEqual => number <= wanted,
        }
    }
}

impl TimePart {
    /// The part of the moment that `value` writes (RFC 3339, or without a zone: then as it stands).
    fn read(self, value: &str) -> Option<Number> {
        let value = value.trim();
        let moment = match value.parse::<jiff::Timestamp>() {
            Ok(moment) => jiff::tz::TimeZone::UTC.to_datetime(moment),
            Err(_) => value.parse::<DateTime>().ok()?,
        };
        let number = match self {
            Self::Minute => i16::from(moment.minute()),
            Self::Hour => i16::from(moment.hour()),
            Self::Day => i16::from(moment.day()),
            Self::Week => i16::from(moment.date().iso_week_date().week()),
            Self::Month => i16::from(moment.month()),
            Self::Year => moment.year(),
        };
        Some(Number::new(f64::from(number)))
    }
}

impl Network {
    /// Reads `192.0.2.0/24`, `2001:db8::/32` or a bare address.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (address, prefix) = match text.trim().split_once('/') {
            Some((address, prefix)) => (address.parse::<IpAddr>().ok()?, Some(prefix.parse::<u8>().ok()?)),
            None => (text.trim().parse::<IpAddr>().ok()?, None),
        };
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.unwrap_or(bits);
        (prefix <= bits).then_some(Self { address, prefix })
    }

    /// The address and how many bits of it count.
    pub(crate) fn parts(self) -> (IpAddr, u8) {
        (self.address, self.prefix)
    }

    pub(crate) fn holds(self, address: IpAddr) -> bool {
        // An IPv4 address in IPv6 clothes is the IPv4 address.
        let plain = address.to_canonical();
        match (self.address, plain, address) {
            (IpAddr::V4(network), IpAddr::V4(address), _) => {
                same_prefix(u32::from(network).into(), u32::from(address).into(), 32, self.prefix)
            }
            (IpAddr::V6(network), _, IpAddr::V6(address)) => {
                same_prefix(network.into(), address.into(), 128, self.prefix)
            }
            _ => false,
        }
    }
}

fn same_prefix(left: u128, right: u128, bits: u8, prefix: u8) -> bool {
    let shift = u32::from(bits - prefix);
    // A shift by all 128 bits is no number; then nothing is compared.
    (left ^ right).checked_shr(shift).unwrap_or(0) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_hold_their_addresses() {
        for (network, address, expected) in [
            ("192.0.2.0/24", "192.0.2.255", true),
            ("192.0.2.0/24", "192.0.3.0", false),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.0/24", "::ffff:192.0.2.7", true),
            ("2001:db8::/32", "2001:db8:1::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("::/0", "2001:db8::1", true),
            ("::/0", "192.0.2.1", false),
            ("192.0.2.0/24", "no address", false),
        ] {
            let test = Test::Networks(vec![Network::read(network).unwrap()]);
            assert_eq!(test.passes(address), expected, "{address} in {network}");
        }
        for bad in ["192.0.2.0/33", "::/129", "192.0.2/24", "", "x/8", "192.0.2.0/"] {
            assert_eq!(Network::read(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn parts_of_a_moment() {
        let moment = "2026-11-21T05:32:10.5Z";
        for (part, number) in [
            (TimePart::Minute, 32.0),
            (TimePart::Hour, 5.0),
            (TimePart::Day, 21.0),
            (TimePart::Week, 47.0),
            (TimePart::Month, 11.0),
            (TimePart::Year, 2026.0),
        ] {
            let test = Test::TimePart(part, Comparison::Equal, Number::new(number));
            assert!(test.passes(moment), "{part:?}");
            assert!(test.passes("2026-11-21 05:32:10"), "{part:?} without a zone");
            assert!(!test.passes("2020-01-01T00:00:00Z"), "{part:?}");
            assert!(!test.passes("yesterday"));
        }
    }

    #[test]
    fn comparisons_are_numeric() {
        let over = |value: &str| Test::Compare(Comparison::Greater, Number::new(9.0)).passes(value);
        assert!(over("10") && over("9.1"));
        assert!(!over("9") && !over("-10") && !over("ten"));
    }
}
