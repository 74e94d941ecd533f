//! Names of accounts: which part is the domain, and which domains are the same.

use std::borrow::Cow;

use super::AccountKind;
use crate::fold::fold;

/// Domains that stand for the machine itself, whatever machine it is. Nobody's accounts.
const LOCAL_AUTHORITIES: [&str; 9] = [
    "nt authority",
    "nt service",
    "nt-autorität",
    "builtin",
    "font driver host",
    "window manager",
    "nt virtual machine",
    "iis apppool",
    "application package authority",
];

/// A folded account name, taken apart.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct AccountName<'a> {
    pub(super) folded: Cow<'a, str>,
    pub(super) kind: AccountKind,
    /// Name without domain; empty for names that have none.
    bare: (usize, usize),
    domain: (usize, usize),
}

impl<'a> AccountName<'a> {
    pub(super) fn parse(name: &'a str) -> Self {
        let folded = fold(name.trim().trim_start_matches(".\\"));
        let length = folded.len();
        let is_security_id = folded.starts_with("s-1-") && folded.len() > 6;
        let is_distinguished = folded.contains('=') && folded.contains(',');
        let (kind, bare, domain) = match (folded.find('\\'), folded.rfind('@')) {
            _ if is_security_id => (AccountKind::SecurityId, (0, 0), (0, 0)),
            _ if is_distinguished => (AccountKind::DistinguishedName, (0, 0), (0, 0)),
            (Some(at), _) => (AccountKind::Login, (at + 1, length), (0, at)),
            (None, Some(at)) => (AccountKind::Login, (0, at), (at + 1, length)),
            (None, None) => (AccountKind::Login, (0, length), (0, 0)),
        };
        Self { folded, kind, bare, domain }
    }

    pub(super) fn bare(&self) -> Option<&str> {
        self.folded.get(self.bare.0..self.bare.1).filter(|bare| !bare.is_empty())
    }

    pub(super) fn domain(&self) -> Option<&str> {
        self.folded.get(self.domain.0..self.domain.1).filter(|domain| !domain.is_empty())
    }

    /// Whether it is an account that every machine has, or of a machine.
    pub(super) fn is_of_machine(&self) -> bool {
        self.domain().is_some_and(|domain| LOCAL_AUTHORITIES.contains(&domain))
            || self.bare().is_some_and(|bare| bare.ends_with('$'))
    }
}

/// Whether two folded domains may be one: equal, `corp` and `corp.example.com`, or one within the other.
pub(super) fn may_be_same(one: &str, other: &str) -> bool {
    let first_label = |name: &str, whole: &str| {
        !name.contains('.') && whole.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'))
    };
    let within = |inner: &str, outer: &str| {
        outer.contains('.') && inner.strip_suffix(outer).is_some_and(|rest| rest.ends_with('.'))
    };
    one == other
        || first_label(one, other)
        || first_label(other, one)
        || within(one, other)
        || within(other, one)
}

/// The first value of a distinguished name: `Alice Example` of `CN=Alice Example,OU=…`; other text as it is.
pub(crate) fn first_of_dn(text: &str) -> Cow<'_, str> {
    let Some((name, rest)) = text.split_once('=') else { return Cow::Borrowed(text) };
    if !text.contains(',') || !name.trim().chars().all(|c| c.is_ascii_alphanumeric() || c == '.') {
        return Cow::Borrowed(text);
    }
    let mut value = String::new();
    let mut letters = rest.chars();
    while let Some(letter) = letters.next() {
        match letter {
            ',' | '+' => break,
            '\\' => value.extend(letters.next()),
            letter => value.push(letter),
        }
    }
    Cow::Owned(value.trim().to_owned())
}

/// The DNS domain of a distinguished name: `corp.example.com` of `…,DC=corp,DC=example,DC=com`.
pub(crate) fn domain_of_dn(dn: &str) -> Option<String> {
    let parts: Vec<String> = dn
        .split(',')
        .filter_map(|part| part.trim().split_once('='))
        .filter(|(name, _)| name.trim().eq_ignore_ascii_case("dc"))
        .map(|(_, value)| fold(value).into_owned())
        .collect();
    (!parts.is_empty()).then(|| parts.join("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_taken_apart() {
        for (name, bare, domain) in [
            ("CORP\\Alice", Some("alice"), Some("corp")),
            ("Alice@Corp.Example.com", Some("alice"), Some("corp.example.com")),
            ("alice", Some("alice"), None),
            (".\\alice", Some("alice"), None),
            ("S-1-5-21-1", None, None),
            ("CN=Alice,DC=x", None, None),
            ("", None, None),
        ] {
            let name = AccountName::parse(name);
            assert_eq!((name.bare(), name.domain()), (bare, domain), "{name:?}");
        }
        assert!(AccountName::parse("NT AUTHORITY\\SYSTEM").is_of_machine());
        assert!(AccountName::parse("CORP\\PC1$").is_of_machine());
    }

    #[test]
    fn domains_that_may_be_one() {
        for (one, other, expected) in [
            ("corp", "corp.example.com", true),
            ("corp.example.com", "example.com", true),
            ("corp", "corp2.example.com", false),
            ("com", "example.com", false),
            ("a.example.com", "b.example.com", false),
            ("xexample.com", "example.com", false),
        ] {
            assert_eq!(may_be_same(one, other), expected, "{one} {other}");
            assert_eq!(may_be_same(other, one), expected, "{other} {one}");
        }
    }

    #[test]
    fn distinguished_names() {
        assert_eq!(first_of_dn("CN=Example\\, Alice,OU=IT,DC=x"), "Example, Alice");
        assert_eq!(first_of_dn("Alice"), "Alice");
        assert_eq!(domain_of_dn("CN=a,DC=Corp, DC=example").as_deref(), Some("corp.example"));
    }
}
