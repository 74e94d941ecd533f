use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The name of a tenant: 1 to 63 characters of `a-z`, `0-9`, `-` and `_`, starting with a letter or digit.
///
/// The alphabet is narrow on purpose: the name is a directory, a topic prefix and a label.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, example = "default")]
pub struct TenantId(String);

/// A name that is no tenant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("tenant {name:?} is not valid: use 1 to 63 of a-z, 0-9, - and _, starting with a letter or a digit")]
pub struct TenantError {
    name: String,
}

/// Longest tenant name, in bytes.
const TENANT_NAME_BYTES_MAX: usize = 63;

impl TenantId {
    /// The tenant used where none is named: `default`.
    #[must_use]
    pub fn default_tenant() -> Self {
        Self("default".to_owned())
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TenantId {
    type Err = TenantError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let starts_well = name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
        let all_allowed =
            name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_');
        if starts_well && all_allowed && name.len() <= TENANT_NAME_BYTES_MAX {
            Ok(Self(name.to_owned()))
        } else {
            Err(TenantError { name: name.chars().take(80).collect() })
        }
    }
}

impl TryFrom<String> for TenantId {
    type Error = TenantError;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        name.parse()
    }
}

impl From<TenantId> for String {
    fn from(tenant: TenantId) -> Self {
        tenant.0
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The right to touch one tenant's data. Law TENANT: no reader or writer opens without one.
///
/// Today it is made from a tenant name; when identity exists it is made from a verified caller.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TenantScope {
    tenant: TenantId,
}

impl TenantScope {
    /// A scope over `tenant`.
    #[must_use]
    pub fn new(tenant: TenantId) -> Self {
        Self { tenant }
    }

    /// The tenant of this scope.
    #[must_use]
    pub fn tenant(&self) -> &TenantId {
        &self.tenant
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_could_leave_their_directory_are_refused() {
        for bad in ["", "..", ".", "a/b", "a\\b", "A", "-a", "_a", "a b", "a\0", "ä", &"a".repeat(64)] {
            assert!(bad.parse::<TenantId>().is_err(), "{bad:?} was accepted");
        }
        for good in ["default", "a", "0", "acme-eu_2", &"a".repeat(63)] {
            assert!(good.parse::<TenantId>().is_ok(), "{good:?} was refused");
        }
    }
}
