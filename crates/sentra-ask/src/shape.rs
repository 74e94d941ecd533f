//! What a word looks like: an address, a name, a hash, an id.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use sentra_model::{EventCode, EventId, IncidentId, SignalId};

/// What a word looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A word like any other.
    Plain,
    /// What stood in quotes.
    Quoted,
    /// A comma or a semicolon.
    Mark,
    /// Decimal digits.
    Number,
    /// An IPv4 or IPv6 address.
    Ip,
    /// A range of addresses.
    Cidr,
    /// A DNS name with at least one dot.
    Domain,
    /// MD5, SHA-1, SHA-256 or SHA-512 in hexadecimal digits.
    Hash,
    /// A mail address.
    Mail,
    /// `CVE-2021-44228`
    Cve,
    /// `T1059.001`
    Technique,
    /// A UUID.
    Uuid,
    /// A cross-system event code.
    Code,
    /// `raw.0.4711`
    EventId,
    /// `sig-…`
    SignalId,
    /// `inc-…`
    IncidentId,
    /// The path of a file or a registry key.
    Path,
    /// A file's name with an ending that programs and documents have.
    FileName,
    /// `CORP\bob`
    Account,
    /// `field:value`, `-field:value`, `field=value`
    Field,
    /// Letters, then digits: `web01`, `ws-044`.
    HostLike,
}

impl Shape {
    /// Whether a word of this shape names one thing, wherever it stands.
    pub(crate) fn is_entity(self) -> bool {
        !matches!(
            self,
            Self::Plain
                | Self::Mark
                | Self::Number
                | Self::HostLike
                | Self::Field
                | Self::Account
                | Self::Quoted
        )
    }
}

/// Endings of file names. Some are top-level domains, too; files are what analysts ask about.
const FILE_ENDINGS: [&str; 30] = [
    "exe", "dll", "sys", "ps1", "psm1", "bat", "cmd", "vbs", "vbe", "js", "jse", "hta", "lnk", "scr", "msi",
    "sh", "py", "pl", "php", "jsp", "aspx", "txt", "log", "docx", "docm", "xlsx", "xlsm", "pdf", "iso",
    "bin",
];

/// Whether a word has a shape.
type Test = fn(&str) -> bool;

/// What `word` looks like.
pub(crate) fn shape_of(word: &str) -> Shape {
    let exact: [(Shape, Test); 15] = [
        (Shape::Number, is_number),
        (Shape::Ip, is_ip),
        (Shape::Cidr, is_cidr),
        (Shape::EventId, |word| word.parse::<EventId>().is_ok()),
        (Shape::SignalId, |word| word.to_ascii_lowercase().parse::<SignalId>().is_ok()),
        (Shape::IncidentId, |word| word.to_ascii_lowercase().parse::<IncidentId>().is_ok()),
        (Shape::Hash, is_hash),
        (Shape::Uuid, is_uuid),
        (Shape::Cve, is_cve),
        (Shape::Technique, is_technique),
        (Shape::Code, |word| word.to_ascii_uppercase().parse::<EventCode>().is_ok()),
        (Shape::Mail, is_mail),
        (Shape::Path, is_path),
        (Shape::Field, |word| field_term(word).is_some()),
        (Shape::Account, is_account),
    ];
    if let Some((shape, _)) = exact.iter().find(|(_, test)| test(word)) {
        return *shape;
    }
    if is_dotted_name(word) {
        let ending = word.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
        return if FILE_ENDINGS.contains(&ending.as_str()) { Shape::FileName } else { Shape::Domain };
    }
    if is_host_like(word) { Shape::HostLike } else { Shape::Plain }
}

fn is_number(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit())
}

fn is_ip(word: &str) -> bool {
    word.parse::<Ipv4Addr>().is_ok()
        || (word.contains("::") || word.matches(':').count() == 7) && word.parse::<Ipv6Addr>().is_ok()
}

fn is_cidr(word: &str) -> bool {
    let Some((address, bits)) = word.split_once('/') else { return false };
    let Ok(bits) = bits.parse::<u8>() else { return false };
    match address.parse::<IpAddr>() {
        Ok(IpAddr::V4(_)) => bits <= 32,
        Ok(IpAddr::V6(_)) => bits <= 128,
        Err(_) => false,
    }
}

fn is_hash(word: &str) -> bool {
    matches!(word.len(), 32 | 40 | 64 | 128)
        && word.bytes().all(|b| b.is_ascii_hexdigit())
        && word.bytes().any(|b| b.is_ascii_digit())
}

fn is_uuid(word: &str) -> bool {
    let lengths = [8, 4, 4, 4, 12];
    let mut parts = word.split('-');
    lengths.iter().all(|length| {
        parts.next().is_some_and(|part| part.len() == *length && part.bytes().all(|b| b.is_ascii_hexdigit()))
    }) && parts.next().is_none()
}

fn is_cve(word: &str) -> bool {
    let upper = word.to_ascii_uppercase();
    let Some((year, number)) = upper.strip_prefix("CVE-").and_then(|rest| rest.split_once('-')) else {
        return false;
    };
    year.len() == 4 && is_number(year) && (4..=7).contains(&number.len()) && is_number(number)
}

fn is_technique(word: &str) -> bool {
    let Some(rest) = word.strip_prefix(['T', 't']) else { return false };
    let (technique, sub) =
        rest.split_once('.').map_or((rest, None), |(technique, sub)| (technique, Some(sub)));
    technique.len() == 4 && is_number(technique) && sub.is_none_or(|sub| sub.len() == 3 && is_number(sub))
}

fn is_mail(word: &str) -> bool {
    let Some((name, domain)) = word.split_once('@') else { return false };
    !name.is_empty() && !name.contains(['/', ':', '"']) && is_dotted_name(domain)
}

fn is_path(word: &str) -> bool {
    let drive = word.as_bytes().get(1) == Some(&b':')
        && word.as_bytes().first().is_some_and(u8::is_ascii_alphabetic)
        && matches!(word.as_bytes().get(2), Some(b'\\' | b'/'));
    let upper = word.to_ascii_uppercase();
    let key = ["HKLM\\", "HKCU\\", "HKU\\", "HKCR\\", "HKEY_"].iter().any(|start| upper.starts_with(start));
    let unix = word.starts_with('/') && word.len() > 1 && !word.ends_with('/') && !word.contains("//");
    drive || key || unix || word.starts_with("\\\\")
}

fn is_account(word: &str) -> bool {
    let Some((domain, name)) = word.split_once('\\') else { return false };
    let plain = |part: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '$'))
    };
    plain(domain) && plain(name)
}

fn is_dotted_name(word: &str) -> bool {
    let labels: Vec<&str> = word.split('.').collect();
    let is_label = |label: &&str| {
        !label.is_empty()
            && label.len() <= 63
            && label.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'))
            && !label.starts_with('-')
    };
    let ends = labels.last().is_some_and(|last| {
        last.len() >= 2 && (last.starts_with("xn--") || last.chars().all(char::is_alphabetic))
            || FILE_ENDINGS.contains(&last.to_ascii_lowercase().as_str())
    });
    labels.len() >= 2 && word.len() <= 253 && ends && labels.iter().all(is_label)
}

fn is_host_like(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_alphabetic())
        && word.ends_with(|c: char| c.is_ascii_digit())
        && word.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

/// A term of the search bar inside a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FieldTerm<'a> {
    /// Whether it must not be so.
    pub(crate) negated: bool,
    /// The field.
    pub(crate) name: &'a str,
    /// The value, without quotes.
    pub(crate) value: &'a str,
}

/// `field:value`, `-field:value`, `field=value`, `field=="value"`.
pub(crate) fn field_term(word: &str) -> Option<FieldTerm<'_>> {
    let negated = word.starts_with(['-', '!']);
    let plain = word.strip_prefix(['-', '+', '!']).unwrap_or(word);
    let end = plain.find([':', '='])?;
    let name = plain.get(..end)?;
    let value = plain.get(end + 1..)?;
    let value = value.strip_prefix('=').unwrap_or(value);
    // `http://…` is an address, `C:\…` a path.
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.'))
        && name.len() > 1
        && !value.starts_with("//");
    let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
    (is_name && !value.is_empty()).then_some(FieldTerm { negated, name, value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_are_known_by_their_shape() {
        let cases = [
            ("10.1.2.3", Shape::Ip),
            ("2001:db8::17", Shape::Ip),
            ("999.1.1.1", Shape::Plain),
            ("14:00", Shape::Plain),
            ("10.0.0.0/8", Shape::Cidr),
            ("10.0.0.0/33", Shape::Plain),
            ("evil.example", Shape::Domain),
            ("mimikatz.exe", Shape::FileName),
            ("44d88612fea8a8f36de82e1278abb02f", Shape::Hash),
            ("bob@corp.example", Shape::Mail),
            ("CVE-2021-44228", Shape::Cve),
            ("t1059.001", Shape::Technique),
            ("550e8400-e29b-41d4-a716-446655440000", Shape::Uuid),
            ("ll03", Shape::Code),
            ("raw.0.17", Shape::EventId),
            ("inc-0123456789abcdef", Shape::IncidentId),
            ("/etc/shadow", Shape::Path),
            ("C:\\Windows\\x.exe", Shape::Path),
            ("CORP\\bob", Shape::Account),
            ("user:alice", Shape::Field),
            ("http://evil.example/x", Shape::Plain),
            ("web01", Shape::HostLike),
            ("ws-044", Shape::HostLike),
            ("alice", Shape::Plain),
            ("42", Shape::Number),
            ("", Shape::Plain),
        ];
        for (word, shape) in cases {
            assert_eq!(shape_of(word), shape, "{word}");
        }
    }

    #[test]
    fn terms_of_the_search_bar_have_name_and_value() {
        let term = |word| field_term(word).map(|term| (term.negated, term.name, term.value));
        assert_eq!(term("user:alice"), Some((false, "user", "alice")));
        assert_eq!(term("-fields.LogonType=\"10\""), Some((true, "fields.LogonType", "10")));
        assert_eq!(term("host==web01"), Some((false, "host", "web01")));
        assert_eq!(term("user:"), None);
        assert_eq!(term(":alice"), None);
    }
}
