//! What an operator configures about the doors. The server reads it out of its configuration file.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use sentra_model::TenantId;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::Limits;

/// Everything about the doors. It is taken as a whole, at the start and at every reload.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IntakeSettings {
    /// Limits of all doors.
    pub limits: Limits,
    /// Doors that listen.
    pub listeners: Vec<ListenerSettings>,
    /// Files that are followed.
    pub sources: Vec<SourceSettings>,
    /// Who a sender is, by address or certificate; the first that fits decides.
    pub routes: Vec<RouteSettings>,
    /// API keys of senders.
    pub keys: Vec<KeySettings>,
}

/// What a listener speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// Syslog datagrams, RFC 5426.
    SyslogUdp,
    /// Syslog over TCP, RFC 6587; over TLS, RFC 5425, where [`ListenerSettings::tls`] is set.
    SyslogTcp,
    /// OTLP logs over gRPC.
    OtlpGrpc,
    /// SNMP traps and informs.
    Snmp,
    /// Length-framed records of legacy systems: `format` names `smf`, `qaudjrn` or `ems`.
    Framed,
    /// The whole HTTP interface, for senders and people.
    Http,
}

impl Protocol {
    /// The name in the configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SyslogUdp => "syslog_udp",
            Self::SyslogTcp => "syslog_tcp",
            Self::OtlpGrpc => "otlp_grpc",
            Self::Snmp => "snmp",
            Self::Framed => "framed",
            Self::Http => "http",
        }
    }

    /// Whether its transport is datagrams, which cannot be slowed.
    #[must_use]
    pub fn is_udp(self) -> bool {
        matches!(self, Self::SyslogUdp | Self::Snmp)
    }
}

/// A door that listens.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListenerSettings {
    /// Its name, unique, for logs and metrics.
    pub name: String,
    /// What it speaks.
    pub protocol: Protocol,
    /// Where it listens.
    pub address: SocketAddr,
    /// Whether it may listen beyond loopback without TLS.
    #[serde(default)]
    pub public: bool,
    /// Tenant of senders that no route and no key names; `None`, in the file an empty text, refuses them.
    #[serde(default = "default_tenant", deserialize_with = "tenant_or_none")]
    pub tenant: Option<TenantId>,
    /// Format of the records; `None` lets the decoder detect it.
    #[serde(default)]
    pub format: Option<String>,
    /// TLS 1.3; `None` is in the clear.
    #[serde(default)]
    pub tls: Option<TlsSettings>,
    /// Communities and users, for `snmp`.
    #[serde(default)]
    pub snmp: Option<SnmpSettings>,
}

/// Who may send SNMP notifications. Secrets stand in files of their own.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SnmpSettings {
    /// Communities of v1 and v2c that are believed.
    #[serde(default)]
    pub communities: Vec<SnmpCommunity>,
    /// Whether every community is believed where none is named.
    #[serde(default)]
    pub any_community: bool,
    /// Users of v3.
    #[serde(default)]
    pub users: Vec<SnmpUser>,
}

/// A community; records hold its name, never its string.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SnmpCommunity {
    /// What records call it.
    pub name: String,
    /// File with the string.
    pub secret_file: PathBuf,
}

/// A user of SNMPv3.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SnmpUser {
    /// The name in the messages.
    pub name: String,
    /// Digest: `MD5`, `SHA`, `SHA-224`, `SHA-256`, `SHA-384` or `SHA-512`.
    #[serde(default)]
    pub auth: Option<String>,
    /// File with its password.
    #[serde(default)]
    pub auth_file: Option<PathBuf>,
    /// Cipher: `DES`, `AES`, `AES-192`, `AES-256`, `AES-192-C` or `AES-256-C`.
    #[serde(default)]
    pub privacy: Option<String>,
    /// File with its password.
    #[serde(default)]
    pub privacy_file: Option<PathBuf>,
    /// The least protection that is believed, `authPriv`; without it all that there are passwords for.
    #[serde(default)]
    pub least: Option<String>,
    /// The one engine, in hexadecimal digits, that these passwords are for.
    #[serde(default)]
    pub engine: Option<String>,
}

fn default_tenant() -> Option<TenantId> {
    Some(TenantId::default_tenant())
}

fn tenant_or_none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<TenantId>, D::Error> {
    let name = String::deserialize(deserializer)?;
    if name.is_empty() { Ok(None) } else { name.parse().map(Some).map_err(D::Error::custom) }
}

/// TLS of one listener. Files are PEM and are read again at every reload.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsSettings {
    /// Certificate chain, the server's own first.
    pub certificate: PathBuf,
    /// Private key.
    pub key: PathBuf,
    /// Who signs clients' certificates; `None` asks clients for none.
    #[serde(default)]
    pub client_ca: Option<PathBuf>,
    /// Whether a client without a certificate is refused.
    #[serde(default)]
    pub client_required: bool,
}

/// Files that are followed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceSettings {
    /// Its name, unique, under which its place in the files is remembered.
    pub name: String,
    /// Paths; each part may have `*` and `?`, `**` stands for any number of directories, and a directory for the files
    /// in it.
    pub paths: Vec<String>,
    /// Whose records they are.
    #[serde(default = "TenantId::default_tenant")]
    pub tenant: TenantId,
    /// Format of the records; `None` lets the decoder detect it.
    #[serde(default)]
    pub format: Option<String>,
    /// Whether files that are there when the source meets a path for the first time are read from their end; those
    /// that appear later are always read from their beginning.
    #[serde(default)]
    pub from_end: bool,
}

/// Who a sender is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteSettings {
    /// Only for this listener.
    #[serde(default)]
    pub listener: Option<String>,
    /// Addresses it is for, as `192.0.2.0/24` or one address.
    #[serde(default)]
    pub address: Option<Network>,
    /// Name in the client's certificate: a DNS or URI subject alternative name, or the common name; `*.` at the
    /// beginning stands for one label.
    #[serde(default)]
    pub certificate: Option<String>,
    /// Whose records they are.
    pub tenant: TenantId,
    /// Format of the records.
    #[serde(default)]
    pub format: Option<String>,
}

/// An API key of a sender.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeySettings {
    /// Its name, for people.
    pub name: String,
    /// BLAKE3 of the key in hexadecimal digits; the key itself is nowhere.
    pub blake3: String,
    /// Whose records are sent with it.
    pub tenant: TenantId,
    /// Format of the records.
    #[serde(default)]
    pub format: Option<String>,
}

/// Addresses with a common beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Network {
    address: IpAddr,
    prefix_bits: u8,
}

impl Network {
    /// Whether `address` is one of them.
    #[must_use]
    pub fn contains(self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.prefix_bits)).unwrap_or(0);
                network.to_bits() & mask == address.to_bits() & mask
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.prefix_bits)).unwrap_or(0);
                network.to_bits() & mask == address.to_bits() & mask
            }
            _ => false,
        }
    }
}

impl TryFrom<String> for Network {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let (address, prefix) = text.split_once('/').map_or((text.as_str(), None), |(a, p)| (a, Some(p)));
        let wrong = || format!("{text:?} is no network: write it as 192.0.2.0/24");
        let address: IpAddr = address.trim().parse().map_err(|_| wrong())?;
        let bits_max = if address.is_ipv4() { 32 } else { 128 };
        let prefix_bits = match prefix {
            None => bits_max,
            Some(prefix) => prefix.trim().parse().ok().filter(|bits| *bits <= bits_max).ok_or_else(wrong)?,
        };
        Ok(Self { address, prefix_bits })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_hold_their_addresses() {
        let cases = [
            ("192.0.2.0/24", "192.0.2.255", true),
            ("192.0.2.0/24", "192.0.3.0", false),
            ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7", "192.0.2.8", false),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("::/0", "2001:db8::1", true),
            ("192.0.2.0/24", "::ffff:192.0.2.1", true),
        ];
        for (network, address, expected) in cases {
            let network = Network::try_from(network.to_owned()).unwrap();
            assert_eq!(network.contains(address.parse().unwrap()), expected, "{network:?} {address}");
        }
        for wrong in ["", "192.0.2.0/33", "2001:db8::/129", "host", "192.0.2.0/x"] {
            assert!(Network::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
    }
}
