//! Addresses and ports as they stand in logs.

use std::borrow::Cow;
use std::net::IpAddr;

/// The IP address in `text` without brackets, zone and IPv4-in-IPv6 prefix; `None` when it is no address.
///
/// The result is a part of `text`, so nothing is allocated.
pub(crate) fn ip(text: &str) -> Option<&str> {
    if is_plain_v4(text.as_bytes()) {
        return Some(text);
    }
    let text = text.trim();
    let text = text.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(text);
    let text = text.split_once('%').map_or(text, |(address, _zone)| address);
    let embedded = text.get(..7).is_some_and(|head| head.eq_ignore_ascii_case("::ffff:"));
    let text = if embedded && text.contains('.') { text.get(7..).unwrap_or(text) } else { text };
    // Every address starts with a hex digit or a colon: most host names are turned away here.
    let first = *text.as_bytes().first()?;
    if !first.is_ascii_hexdigit() && first != b':' {
        return None;
    }
    text.parse::<IpAddr>().ok().map(|_| text)
}

/// Whether it is an IPv4 address and nothing else. Most addresses are: it saves them the way through the rest.
fn is_plain_v4(text: &[u8]) -> bool {
    if !(7..=15).contains(&text.len()) {
        return false;
    }
    let (mut octets, mut digits, mut octet) = (1, 0, 0_u32);
    for byte in text {
        match byte {
            b'0'..=b'9' => {
                // A leading zero would make it octal for some.
                let has_leading_zero = digits > 0 && octet == 0;
                octet = octet * 10 + u32::from(byte - b'0');
                digits += 1;
                if has_leading_zero || octet > 255 {
                    return false;
                }
            }
            b'.' if digits > 0 => (octets, digits, octet) = (octets + 1, 0, 0),
            _ => return false,
        }
    }
    octets == 4 && digits > 0
}

/// Like [`ip`], and neither a loopback nor an unspecified address: those name no other machine.
pub(crate) fn remote_ip(text: &str) -> Option<&str> {
    let address = ip(text)?;
    let parsed: IpAddr = address.parse().ok()?;
    (!parsed.is_loopback() && !parsed.is_unspecified()).then_some(address)
}

/// [`ip`] over a text that may be owned.
pub(crate) fn ip_of<'a>(text: &Cow<'a, str>) -> Option<Cow<'a, str>> {
    match text {
        Cow::Borrowed(text) => ip(text).map(Cow::Borrowed),
        Cow::Owned(text) => ip(text).map(|address| Cow::Owned(address.to_owned())),
    }
}

/// [`remote_ip`] over a text that may be owned.
pub(crate) fn remote_ip_of<'a>(text: &Cow<'a, str>) -> Option<Cow<'a, str>> {
    match text {
        Cow::Borrowed(text) => remote_ip(text).map(Cow::Borrowed),
        Cow::Owned(text) => remote_ip(text).map(|address| Cow::Owned(address.to_owned())),
    }
}

/// A port number; 0 for everything that is none.
pub(crate) fn port(text: &str) -> u16 {
    text.trim().parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_out_of_their_dress() {
        let cases = [
            ("192.0.2.7", Some("192.0.2.7")),
            ("::ffff:192.0.2.7", Some("192.0.2.7")),
            ("::FFFF:192.0.2.7", Some("192.0.2.7")),
            ("[2001:db8::1]", Some("2001:db8::1")),
            ("fe80::1%eth0", Some("fe80::1")),
            ("2001:db8::1", Some("2001:db8::1")),
            ("host.example", None),
            ("deadbeef.example", None),
            ("-", None),
            ("", None),
            ("192.0.2.7.example", None),
            ("192.0.2.300", None),
            ("192.0.2.", None),
            ("192.0.2.07", None),
            ("192..2.7", None),
            ("192.0.2.7.9", None),
            ("0.0.0.0", Some("0.0.0.0")),
            (" 192.0.2.7", Some("192.0.2.7")),
        ];
        for (text, expected) in cases {
            assert_eq!(ip(text), expected, "{text:?}");
        }
    }

    #[test]
    fn the_own_machine_is_no_remote_address() {
        for text in ["127.0.0.1", "::1", "0.0.0.0", "::", "-", "LOCAL"] {
            assert_eq!(remote_ip(text), None, "{text:?}");
        }
        assert_eq!(remote_ip("198.51.100.9"), Some("198.51.100.9"));
    }
}
