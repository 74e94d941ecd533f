use std::fmt::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::domain;
use super::kind::{IndicatorFamily, IndicatorKind};
use super::refang::refang;
use super::url::Url;

/// Bytes of the longest value of a feed.
pub const INDICATOR_VALUE_BYTES_MAX: usize = 2_048;

/// The value of an indicator in the one form in which it is compared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IndicatorValue {
    /// An IPv4 address.
    V4(u32),
    /// An IPv6 address that is no IPv4 address in disguise.
    V6(u128),
    /// The IPv4 addresses that share the first `prefix` bits; the others are 0.
    Network4 {
        /// The first address.
        first: u32,
        /// How many bits count.
        prefix: u8,
    },
    /// The IPv6 addresses that share the first `prefix` bits; the others are 0.
    Network6 {
        /// The first address.
        first: u128,
        /// How many bits count.
        prefix: u8,
    },
    /// A DNS name in lower case.
    Domain(String),
    /// `host[:port]/path[?query]`.
    Url(String),
    /// MD5.
    Md5([u8; 16]),
    /// SHA-1.
    Sha1([u8; 20]),
    /// SHA-256.
    Sha256([u8; 32]),
    /// A mail address in lower case.
    Mail(String),
}

/// Why a text is no value of an indicator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// Nothing there.
    #[error("no value")]
    Empty,
    /// Longer than [`INDICATOR_VALUE_BYTES_MAX`].
    #[error("the value has {0} bytes, at most {INDICATOR_VALUE_BYTES_MAX} are taken")]
    TooLong(usize),
    /// No address and no network.
    #[error("not an address or network: write 203.0.113.7, 203.0.113.0/24 or 2001:db8::/32")]
    Address,
    /// No DNS name of two labels.
    #[error("not a dns name of at least two labels")]
    Domain,
    /// No URL with a host.
    #[error("not a url with a public host")]
    Url,
    /// No digest by its length.
    #[error("not a digest: 32 (md5), 40 (sha-1) or 64 (sha-256) hexadecimal digits are needed")]
    Hash,
    /// No mail address.
    #[error("not a mail address")]
    Mail,
    /// None of these.
    #[error("not an address, dns name, url, digest or mail address")]
    Unknown,
}

impl IndicatorValue {
    /// Reads a value, defanged or not; what it is is told from its shape.
    pub fn parse(text: &str) -> Result<Self, ValueError> {
        let text = checked(text)?;
        let text = refang(text);
        if let Some(hash) = parse_hash(&text) {
            return Ok(hash);
        }
        if let Some(address) = parse_address(&text) {
            return Ok(address);
        }
        if text.contains("://") {
            return parse_url(&text);
        }
        if text.contains('@') && !text.contains('/') {
            return parse_mail(&text);
        }
        if is_bad_network(&text) {
            return Err(ValueError::Address);
        }
        if text.contains(['/', '?']) {
            return parse_url(&text);
        }
        parse_domain(&text).map_err(|_| ValueError::Unknown)
    }

    /// Reads a value of which the family is known.
    pub fn parse_as(family: IndicatorFamily, text: &str) -> Result<Self, ValueError> {
        let text = checked(text)?;
        let text = refang(text);
        match family {
            IndicatorFamily::Address => parse_address(&text).ok_or(ValueError::Address),
            IndicatorFamily::Domain => parse_domain(&text),
            IndicatorFamily::Url => parse_url(&text),
            IndicatorFamily::Hash => parse_hash(&text).ok_or(ValueError::Hash),
            IndicatorFamily::Mail => parse_mail(&text),
        }
    }

    /// The value of `address`.
    #[must_use]
    pub fn of_address(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => Self::V4(address.to_bits()),
            IpAddr::V6(address) => match address.to_ipv4_mapped() {
                Some(address) => Self::V4(address.to_bits()),
                None => Self::V6(address.to_bits()),
            },
        }
    }

    /// What kind it is.
    #[must_use]
    pub fn kind(&self) -> IndicatorKind {
        match self {
            Self::V4(_) | Self::V6(_) => IndicatorKind::Address,
            Self::Network4 { .. } | Self::Network6 { .. } => IndicatorKind::Network,
            Self::Domain(_) => IndicatorKind::Domain,
            Self::Url(_) => IndicatorKind::Url,
            Self::Md5(_) => IndicatorKind::Md5,
            Self::Sha1(_) => IndicatorKind::Sha1,
            Self::Sha256(_) => IndicatorKind::Sha256,
            Self::Mail(_) => IndicatorKind::Mail,
        }
    }
}

impl fmt::Display for IndicatorValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::V4(address) => Ipv4Addr::from_bits(*address).fmt(f),
            Self::V6(address) => Ipv6Addr::from_bits(*address).fmt(f),
            Self::Network4 { first, prefix } => write!(f, "{}/{prefix}", Ipv4Addr::from_bits(*first)),
            Self::Network6 { first, prefix } => write!(f, "{}/{prefix}", Ipv6Addr::from_bits(*first)),
            Self::Domain(text) | Self::Url(text) | Self::Mail(text) => f.write_str(text),
            Self::Md5(digest) => hex(digest, f),
            Self::Sha1(digest) => hex(digest, f),
            Self::Sha256(digest) => hex(digest, f),
        }
    }
}

fn hex(digest: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    digest.iter().try_for_each(|byte| {
        f.write_char(char::from_digit(u32::from(byte >> 4), 16).unwrap_or('0'))?;
        f.write_char(char::from_digit(u32::from(byte & 15), 16).unwrap_or('0'))
    })
}

fn checked(text: &str) -> Result<&str, ValueError> {
    let text = text.trim().trim_matches(['"', '\'', '`']).trim();
    match text.len() {
        0 => Err(ValueError::Empty),
        bytes if bytes > INDICATOR_VALUE_BYTES_MAX => Err(ValueError::TooLong(bytes)),
        _ => Ok(text),
    }
}

/// An address, a network, or an address with a port that is not looked at.
fn parse_address(text: &str) -> Option<IndicatorValue> {
    if let Some(address) = read_address(text) {
        return Some(IndicatorValue::of_address(address));
    }
    if let Some((address, prefix)) = text.split_once('/') {
        return network(read_address(address)?, prefix);
    }
    let (address, port) = text.rsplit_once(':')?;
    let _: u16 = port.parse().ok()?;
    match address.strip_prefix('[').and_then(|address| address.strip_suffix(']')) {
        Some(address) => read_address(address).filter(IpAddr::is_ipv6),
        None => read_address(address).filter(IpAddr::is_ipv4),
    }
    .map(IndicatorValue::of_address)
}

/// An address with a prefix length that it cannot have: without a scheme it is not taken for a URL.
fn is_bad_network(text: &str) -> bool {
    text.split_once('/').is_some_and(|(address, prefix)| {
        read_address(address).is_some() && prefix.bytes().all(|byte| byte.is_ascii_digit())
    })
}

fn network(address: IpAddr, prefix: &str) -> Option<IndicatorValue> {
    let is_number =
        !prefix.is_empty() && prefix.len() <= 3 && prefix.bytes().all(|byte| byte.is_ascii_digit());
    let prefix: u8 = if is_number { prefix.parse().ok()? } else { return None };
    match address {
        IpAddr::V4(address) if prefix < 32 => {
            Some(IndicatorValue::Network4 { first: mask4(address.to_bits(), prefix), prefix })
        }
        IpAddr::V6(address) if prefix < 128 => {
            Some(IndicatorValue::Network6 { first: mask6(address.to_bits(), prefix), prefix })
        }
        IpAddr::V4(_) if prefix > 32 => None,
        IpAddr::V6(_) if prefix > 128 => None,
        whole => Some(IndicatorValue::of_address(whole)),
    }
}

/// The first `prefix` bits.
pub(crate) fn mask4(address: u32, prefix: u8) -> u32 {
    address & u32::MAX.checked_shl(32 - u32::from(prefix.min(32))).unwrap_or(0)
}

/// The first `prefix` bits.
pub(crate) fn mask6(address: u128, prefix: u8) -> u128 {
    address & u128::MAX.checked_shl(128 - u32::from(prefix.min(128))).unwrap_or(0)
}

/// An address as sources write it; a zone (`%eth0`) is passed over.
pub(crate) fn read_address(text: &str) -> Option<IpAddr> {
    // The longest is an IPv4 address mapped into IPv6, with a zone.
    if text.len() > 64 || !text.starts_with(|c: char| c.is_ascii_hexdigit() || c == ':') {
        return None;
    }
    if memchr::memchr(b':', text.as_bytes()).is_none() {
        return read_v4(text.as_bytes()).map(IpAddr::V4);
    }
    match text.split_once('%') {
        Some((address, _)) => address.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        None => text.parse().ok(),
    }
}

/// Four decimal numbers up to 255, without leading zeros, as the standard library reads them.
#[inline]
fn read_v4(text: &[u8]) -> Option<Ipv4Addr> {
    let (mut address, mut part, mut digits, mut parts) = (0_u32, 0_u32, 0, 0);
    for byte in text {
        match byte {
            b'0'..=b'9' => {
                if digits > 0 && part == 0 {
                    return None;
                }
                part = part * 10 + u32::from(byte - b'0');
                digits += 1;
                if part > 255 {
                    return None;
                }
            }
            b'.' if digits > 0 && parts < 3 => {
                address = address << 8 | part;
                (part, digits, parts) = (0, 0, parts + 1);
            }
            _ => return None,
        }
    }
    (parts == 3 && digits > 0).then(|| Ipv4Addr::from_bits(address << 8 | part))
}

fn parse_domain(text: &str) -> Result<IndicatorValue, ValueError> {
    // Everything below a name is meant anyway.
    let text = text.strip_prefix("*.").or_else(|| text.strip_prefix('.')).unwrap_or(text);
    let mut name = String::new();
    let name = domain::canonical(text, &mut name).ok_or(ValueError::Domain)?;
    Ok(IndicatorValue::Domain(name.to_owned()))
}

fn parse_url(text: &str) -> Result<IndicatorValue, ValueError> {
    let mut url = Url::default();
    if url.read(text) { Ok(IndicatorValue::Url(url.as_str().to_owned())) } else { Err(ValueError::Url) }
}

fn parse_mail(text: &str) -> Result<IndicatorValue, ValueError> {
    let (mut name, mut mail) = (String::new(), String::new());
    read_mail(text, &mut name, &mut mail).ok_or(ValueError::Mail)?;
    Ok(IndicatorValue::Mail(mail))
}

/// The mail address in `text` (`Name <who@where>` or bare) in lower case, and where its domain begins.
pub(crate) fn read_mail(text: &str, name: &mut String, out: &mut String) -> Option<usize> {
    let text = text.trim();
    let inner = text.strip_suffix('>').and_then(|text| text.rsplit_once('<')).map(|(_, inner)| inner);
    let text = inner.unwrap_or(text);
    let text = text.strip_prefix("mailto:").unwrap_or(text);
    let (local, host) = text.rsplit_once('@')?;
    let is_odd = |c: char| c.is_whitespace() || c.is_control() || "<>(),;:\"@".contains(c);
    if local.is_empty() || local.len() > 64 || local.contains(is_odd) {
        return None;
    }
    let host = domain::canonical(host, name)?;
    out.clear();
    out.extend(local.chars().flat_map(char::to_lowercase));
    out.push('@');
    let border = out.len();
    out.push_str(host);
    Some(border)
}

fn parse_hash(text: &str) -> Option<IndicatorValue> {
    match text.len() {
        32 => read_hex(text).map(IndicatorValue::Md5),
        40 => read_hex(text).map(IndicatorValue::Sha1),
        64 => read_hex(text).map(IndicatorValue::Sha256),
        _ => None,
    }
}

/// Marks a byte that is no hexadecimal digit.
const NO_DIGIT: u8 = 0x80;

/// What each byte is worth as a hexadecimal digit.
#[expect(clippy::indexing_slicing, reason = "at compile time: a wrong index fails the build")]
const HEX: [u8; 256] = {
    let mut worth = [NO_DIGIT; 256];
    let mut digit = 0;
    while digit < 10 {
        worth[b'0' as usize + digit] = digit as u8;
        digit += 1;
    }
    let mut letter = 0;
    while letter < 6 {
        worth[b'a' as usize + letter] = 10 + letter as u8;
        worth[b'A' as usize + letter] = 10 + letter as u8;
        letter += 1;
    }
    worth
};

/// Exactly `N` bytes in hexadecimal digits of either case.
pub(crate) fn read_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    let mut is_wrong = 0;
    for (byte, pair) in bytes.iter_mut().zip(digits.as_chunks::<2>().0) {
        let [high, low] = pair.map(|digit| HEX.get(usize::from(digit)).copied().unwrap_or(NO_DIGIT));
        is_wrong |= (high | low) & NO_DIGIT;
        *byte = high << 4 | low & 15;
    }
    if is_wrong != 0 {
        return None;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_told_by_its_shape() {
        let long = "a".repeat(INDICATOR_VALUE_BYTES_MAX + 1);
        for (text, kind, form) in [
            ("203.0.113.7", IndicatorKind::Address, "203.0.113.7"),
            ("203[.]0[.]113[.]7", IndicatorKind::Address, "203.0.113.7"),
            ("::ffff:203.0.113.7", IndicatorKind::Address, "203.0.113.7"),
            ("203.0.113.7:8080", IndicatorKind::Address, "203.0.113.7"),
            ("[2001:db8::1]:8080", IndicatorKind::Address, "2001:db8::1"),
            ("203.0.113.7/24", IndicatorKind::Network, "203.0.113.0/24"),
            ("203.0.113.7/32", IndicatorKind::Address, "203.0.113.7"),
            ("2001:DB8::/32", IndicatorKind::Network, "2001:db8::/32"),
            ("*.Evil.com", IndicatorKind::Domain, "evil.com"),
            ("evil[.]com", IndicatorKind::Domain, "evil.com"),
            ("hxxps[://]evil(dot)com/a", IndicatorKind::Url, "evil.com/a"),
            ("evil.com/a", IndicatorKind::Url, "evil.com/a"),
            ("D41D8CD98F00B204E9800998ECF8427A", IndicatorKind::Md5, "d41d8cd98f00b204e9800998ecf8427a"),
            ("Bad Guy <Bad@Evil.com>", IndicatorKind::Mail, "bad@evil.com"),
            ("bad[@]evil[.]com", IndicatorKind::Mail, "bad@evil.com"),
        ] {
            let value = IndicatorValue::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!((value.kind(), value.to_string()), (kind, form.to_owned()), "{text}");
        }
        for (text, error) in [
            ("", ValueError::Empty),
            ("  \" \" ", ValueError::Empty),
            ("com", ValueError::Unknown),
            ("203.0.113.7/33", ValueError::Address),
            ("256.1.1.1", ValueError::Unknown),
            ("not a value", ValueError::Unknown),
            (long.as_str(), ValueError::TooLong(INDICATOR_VALUE_BYTES_MAX + 1)),
            ("@evil.com", ValueError::Mail),
        ] {
            assert_eq!(IndicatorValue::parse(text), Err(error), "{text}");
        }
        assert_eq!(
            IndicatorValue::parse_as(IndicatorFamily::Hash, &"a".repeat(128)),
            Err(ValueError::Hash),
            "sha-512 is not taken"
        );
    }

    #[test]
    fn addresses_are_read_as_the_standard_library_reads_them() {
        for text in [
            "1.2.3.4",
            "255.255.255.255",
            "0.0.0.0",
            "256.1.1.1",
            "1.2.3",
            "1.2.3.4.5",
            "01.2.3.4",
            "1..2.3",
            "1.2.3.",
            ".1.2.3",
            "1.2.3.4 ",
            "00.0.0.0",
            "1.2.3.a",
            "",
            "99999999999.1.1.1",
            "::1",
            "fe80::1%eth0x",
            "abc",
            "a:b",
        ] {
            let plain = text.split('%').next().unwrap().parse::<IpAddr>().ok();
            assert_eq!(read_address(text), plain, "{text}");
        }
    }

    #[test]
    fn masks_reach_from_nothing_to_all() {
        assert_eq!(mask4(u32::MAX, 0), 0);
        assert_eq!(mask4(u32::MAX, 32), u32::MAX);
        assert_eq!(mask6(u128::MAX, 0), 0);
        assert_eq!(mask6(u128::MAX, 128), u128::MAX);
    }
}
