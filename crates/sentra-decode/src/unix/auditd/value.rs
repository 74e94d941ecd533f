//! Values that the kernel writes as hexadecimal digits because they could be mistaken for syntax.

use std::borrow::Cow;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::record::Dress;

/// Whether the values of this field are text, in quotes or in hexadecimal.
fn is_text(key: &str) -> bool {
    matches!(
        key,
        "comm"
            | "exe"
            | "name"
            | "cwd"
            | "proctitle"
            | "key"
            | "acct"
            | "cmd"
            | "data"
            | "path"
            | "dir"
            | "file"
            | "vm"
            | "grp"
            | "ocomm"
            | "device"
            | "watch"
            | "new-disk"
            | "old-disk"
            | "new-fs"
            | "old-fs"
            | "sw"
            | "profile"
    )
}

/// The value of a field as people read it.
pub(super) fn text<'a>(key: &str, value: &'a str, dress: Dress) -> Cow<'a, str> {
    if dress == Dress::Bare && is_text(key) { argument(value) } else { Cow::Borrowed(value) }
}

/// A value that stands bare where text is meant. Plain text stands in quotes, so bare digits are hexadecimal.
pub(super) fn argument(value: &str) -> Cow<'_, str> {
    match hex(value) {
        Some(bytes) => Cow::Owned(readable(&bytes)),
        None => Cow::Borrowed(value),
    }
}

/// The bytes of upper-case hexadecimal digits; `None` when it is anything else.
pub(super) fn hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    };
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.is_empty() || !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}

/// Text of bytes that a program chose: NULs part the words of a command line, `\x01` parts keys.
fn readable(bytes: &[u8]) -> String {
    let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let text = String::from_utf8_lossy(bytes.get(..end).unwrap_or_default());
    text.chars().map(|character| if character == '\0' { ' ' } else { character }).collect()
}

/// A socket address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Socket {
    /// Address and port.
    Internet(String, u16),
    /// A path, or an abstract name after `@`.
    Local(String),
}

/// Reads `saddr`: the kernel's `sockaddr` in hexadecimal, its family in the byte order of x86 and ARM.
pub(super) fn socket(saddr: &str) -> Option<Socket> {
    let bytes = hex(saddr)?;
    let (family, rest) = bytes.split_first_chunk::<2>()?;
    match u16::from_le_bytes(*family) {
        1 => {
            let text = match rest.split_first() {
                Some((0, name)) => format!("@{}", readable(name)),
                // What follows the closing NUL is whatever lay in memory.
                _ => readable(rest.split(|byte| *byte == 0).next()?),
            };
            (text.len() > 1).then_some(Socket::Local(text))
        }
        2 => {
            let (port, rest) = rest.split_first_chunk::<2>()?;
            let address = Ipv4Addr::from(*rest.first_chunk::<4>()?);
            Some(Socket::Internet(address.to_string(), u16::from_be_bytes(*port)))
        }
        10 => {
            let (port, rest) = rest.split_first_chunk::<2>()?;
            let address = Ipv6Addr::from(*rest.get(4..)?.first_chunk::<16>()?);
            let address =
                address.to_ipv4_mapped().map_or_else(|| address.to_string(), |short| short.to_string());
            Some(Socket::Internet(address, u16::from_be_bytes(*port)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_text_is_read() {
        let cases = [
            ("comm", "6D7920636F6D6D", Dress::Bare, "my comm"),
            ("proctitle", "6C73002D6C6100", Dress::Bare, "ls -la"),
            ("name", "(null)", Dress::Bare, "(null)"),
            ("name", "ABC", Dress::Bare, "ABC"),
            ("name", "6C73", Dress::Quoted, "6C73"),
            ("exit", "6C73", Dress::Bare, "6C73"),
            ("acct", "28696E76616C6964207573657229", Dress::Bare, "(invalid user)"),
            ("data", "FF", Dress::Bare, "\u{fffd}"),
            ("data", "C3", Dress::Bare, "\u{fffd}"),
            ("key", "", Dress::Bare, ""),
            ("name", "6c73", Dress::Bare, "6c73"),
        ];
        for (key, value, dress, expected) in cases {
            assert_eq!(text(key, value, dress), expected, "{key}={value}");
        }
    }

    #[test]
    fn socket_addresses_are_read() {
        let internet = |address: &str, port| Some(Socket::Internet(address.to_owned(), port));
        let cases = [
            ("02000035C00002070000000000000000", internet("192.0.2.7", 53)),
            ("0A0001BB0000000020010DB800000000000000000000000700000000", internet("2001:db8::7", 443)),
            ("0A0001BB0000000000000000000000000000FFFFC000020700000000", internet("192.0.2.7", 443)),
            ("01002F72756E2F782E736F636B00414141", Some(Socket::Local("/run/x.sock".to_owned()))),
            ("01000061620000", Some(Socket::Local("@ab".to_owned()))),
            ("100000000000000000000000", None),
            ("0200", None),
            ("02000035C000", None),
            ("02", None),
            ("xyz", None),
        ];
        for (saddr, expected) in cases {
            assert_eq!(socket(saddr), expected, "{saddr}");
        }
    }
}
