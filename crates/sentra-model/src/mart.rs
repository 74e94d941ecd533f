use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A table of events of one kind. The default ones are constants; administrators register more ([`Mart::registered`]).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, example = "linux")]
pub struct Mart(Cow<'static, str>);

impl Mart {
    /// Linux and other Unix hosts.
    pub const LINUX: Self = Self(Cow::Borrowed("linux"));
    /// Windows hosts.
    pub const WINDOWS: Self = Self(Cow::Borrowed("windows"));
    /// Firewalls and network sensors.
    pub const FIREWALL: Self = Self(Cow::Borrowed("firewall"));
    /// Web proxies and web servers.
    pub const PROXY: Self = Self(Cow::Borrowed("proxy"));
    /// Identity providers and governance.
    pub const IDENTITY: Self = Self(Cow::Borrowed("identity"));
    /// Mainframes and other legacy systems.
    pub const LEGACY: Self = Self(Cow::Borrowed("legacy"));
    /// Cloud control planes.
    pub const CLOUD: Self = Self(Cow::Borrowed("cloud"));
    /// The platform about itself.
    pub const AUDIT: Self = Self(Cow::Borrowed("audit"));
    /// The marts that every tenant has.
    pub const DEFAULTS: [Self; 8] = [
        Self::LINUX,
        Self::WINDOWS,
        Self::FIREWALL,
        Self::PROXY,
        Self::IDENTITY,
        Self::LEGACY,
        Self::CLOUD,
        Self::AUDIT,
    ];

    /// The default mart called `name`, if there is one.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::DEFAULTS.into_iter().find(|mart| mart.as_str() == name)
    }

    /// A mart by a name that was checked before it was stored.
    pub(crate) fn from_stored(name: String) -> Self {
        Self(Cow::Owned(name))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Mart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
