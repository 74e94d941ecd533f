use std::fmt;

use serde::{Deserialize, Serialize};

/// What kind of value an indicator is, by which it is kept and looked up.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum IndicatorKind {
    /// One IPv4 or IPv6 address.
    Address,
    /// Addresses of one prefix (CIDR).
    Network,
    /// A DNS name with everything below it.
    Domain,
    /// A URL; one that ends in `/` with everything below it.
    Url,
    /// MD5 of a file.
    Md5,
    /// SHA-1 of a file.
    Sha1,
    /// SHA-256 of a file.
    Sha256,
    /// A mail address.
    Mail,
}

impl IndicatorKind {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::Address,
        Self::Network,
        Self::Domain,
        Self::Url,
        Self::Md5,
        Self::Sha1,
        Self::Sha256,
        Self::Mail,
    ];

    /// The name used in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Network => "network",
            Self::Domain => "domain",
            Self::Url => "url",
            Self::Md5 => "md5",
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
            Self::Mail => "mail",
        }
    }

    /// The family that this kind belongs to.
    #[must_use]
    pub fn family(self) -> IndicatorFamily {
        match self {
            Self::Address | Self::Network => IndicatorFamily::Address,
            Self::Domain => IndicatorFamily::Domain,
            Self::Url => IndicatorFamily::Url,
            Self::Md5 | Self::Sha1 | Self::Sha256 => IndicatorFamily::Hash,
            Self::Mail => IndicatorFamily::Mail,
        }
    }
}

impl fmt::Display for IndicatorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a person calls the kind of an indicator; it is part of the id of the rule that a hit stands for.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum IndicatorFamily {
    /// Addresses and networks.
    Address,
    /// DNS names.
    Domain,
    /// URLs.
    Url,
    /// Digests of files.
    Hash,
    /// Mail addresses.
    Mail,
}

impl IndicatorFamily {
    /// The name used in JSON and in rule ids.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Domain => "domain",
            Self::Url => "url",
            Self::Hash => "hash",
            Self::Mail => "mail",
        }
    }

    /// The family that feeds call `name`: `ip:port`, `ipv4`, `hostname`, `sha256_hash`, `email-src`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let plain: String =
            name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
        Some(match plain.as_str() {
            "ip" | "ipv4" | "ipv6" | "ipport" | "address" | "ipaddress" | "ipaddr" | "ipv4addr"
            | "ipv6addr" | "ipv4port" | "ipsrc" | "ipdst" | "srcip" | "dstip" | "cidr" | "network"
            | "netblock" => Self::Address,
            "domain" | "hostname" | "host" | "fqdn" | "domainname" => Self::Domain,
            "url" | "uri" | "urls" => Self::Url,
            "hash" | "md5" | "sha1" | "sha256" | "md5hash" | "sha1hash" | "sha256hash" | "filehash"
            | "filehashmd5" | "filehashsha1" | "filehashsha256" => Self::Hash,
            "mail" | "email" | "emailaddr" | "emailaddress" | "emailsrc" | "emaildst" | "mailaddress" => {
                Self::Mail
            }
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn feeds_call_families_by_many_names() {
        for (name, family) in [
            ("ip:port", Some(IndicatorFamily::Address)),
            ("IPv4", Some(IndicatorFamily::Address)),
            ("hostname", Some(IndicatorFamily::Domain)),
            ("sha256_hash", Some(IndicatorFamily::Hash)),
            ("FileHash-MD5", Some(IndicatorFamily::Hash)),
            ("email-src", Some(IndicatorFamily::Mail)),
            ("mutex", None),
        ] {
            assert_eq!(IndicatorFamily::named(name), family, "{name}");
        }
    }
}
