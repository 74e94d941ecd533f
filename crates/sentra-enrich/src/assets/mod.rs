//! Which machine a name or an address is, whose it is and how much depends on it.

mod book;
mod declare;
mod leases;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use book::{ASSETS_MAX, Assets, HostAtAddress};
pub use declare::asset_attributes;
pub use leases::{LEASE_SECONDS_MAX, LEASES_MAX};

use crate::claims::{Claim, Claims};
use crate::networks::Prefix;

/// Law LIMIT: addresses and ranges of one asset that are remembered; all are counted.
pub const ADDRESSES_PER_ASSET_MAX: usize = 64;
/// Law LIMIT: names of one asset.
pub const NAMES_PER_ASSET_MAX: usize = 32;
/// Tier of an asset about which nothing is said: the middle of the lower half.
pub const TIER_DEFAULT: u8 = 3;

/// What sources can say about an asset and can contradict each other in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AssetAttribute {
    /// How much depends on it, 1 (most) to 4.
    Tier,
    /// What it does: `domain controller`, `database`, `workstation`.
    Role,
    /// Whose it is.
    Owner,
    /// `production`, `test`.
    Environment,
    /// Whether it is under one's own management.
    Managed,
    /// Operating system.
    System,
    /// Where it stands.
    Site,
}

impl AssetAttribute {
    /// Every attribute, in the order in which they are shown.
    pub const ALL: &'static [Self] =
        &[Self::Tier, Self::Role, Self::Owner, Self::Environment, Self::Managed, Self::System, Self::Site];

    /// The name in enrichments.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tier => "tier",
            Self::Role => "asset_role",
            Self::Owner => "owner",
            Self::Environment => "environment",
            Self::Managed => "managed",
            Self::System => "system",
            Self::Site => "location",
        }
    }
}

/// A machine.
#[derive(Debug, Clone)]
pub struct Asset {
    names: Vec<Arc<str>>,
    claims: Claims<AssetAttribute>,
    addresses: Vec<Prefix>,
    addresses_total: u64,
}

impl Asset {
    /// Its name, folded: the longest of those it was given, which is the one with the domain.
    #[must_use]
    pub fn name(&self) -> &str {
        let longest = self.names.iter().max_by(|one, other| one.len().cmp(&other.len()).then(other.cmp(one)));
        longest.map_or("", |name| name)
    }

    /// Every name, folded.
    #[must_use]
    pub fn names(&self) -> &[Arc<str>] {
        &self.names
    }

    /// What is believed of `attribute`, with who says so.
    #[must_use]
    pub fn claim(&self, attribute: AssetAttribute) -> Option<&Claim<AssetAttribute>> {
        self.claims.believed(attribute)
    }

    /// What is believed of `attribute`.
    #[must_use]
    pub fn text(&self, attribute: AssetAttribute) -> Option<&str> {
        self.claim(attribute).map(|claim| &*claim.value)
    }

    /// How much depends on it, 1 (most) to 4: as stated, else by its role, else [`TIER_DEFAULT`].
    #[must_use]
    pub fn tier(&self) -> u8 {
        let stated = self.text(AssetAttribute::Tier).and_then(|tier| tier.parse().ok());
        stated.or_else(|| self.role().and_then(declare::tier_of_role)).unwrap_or(TIER_DEFAULT)
    }

    /// What it does.
    #[must_use]
    pub fn role(&self) -> Option<&str> {
        self.text(AssetAttribute::Role)
    }

    /// Whose it is.
    #[must_use]
    pub fn owner(&self) -> Option<&str> {
        self.text(AssetAttribute::Owner)
    }

    /// `production`, `test`.
    #[must_use]
    pub fn environment(&self) -> Option<&str> {
        self.text(AssetAttribute::Environment)
    }

    /// Whether it is under one's own management; `None` when nobody says so.
    #[must_use]
    pub fn is_managed(&self) -> Option<bool> {
        self.text(AssetAttribute::Managed).map(|managed| managed == "yes")
    }

    /// Addresses and ranges, at most [`ADDRESSES_PER_ASSET_MAX`].
    #[must_use]
    pub fn addresses(&self) -> &[Prefix] {
        &self.addresses
    }

    /// How many addresses and ranges there are in all.
    #[must_use]
    pub fn addresses_total(&self) -> u64 {
        self.addresses_total
    }
}
