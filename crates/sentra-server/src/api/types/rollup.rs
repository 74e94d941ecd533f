use sentra_factory::RollupView;
use sentra_model::{RollupDefinition, RollupGrain};
use sentra_store::RollupStats;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A rollup as it is declared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RollupBody {
    /// Its name: 1 to 63 of a-z, 0-9, - and _.
    pub name: String,
    /// Whose events: the name of a mart, or `events` for all of them.
    pub mart: String,
    /// Which events of those, as after KQL's `where`; empty for all.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub filter: String,
    /// What it groups by beside the time: columns, source fields, or expressions of such.
    #[serde(default)]
    pub keys: Vec<String>,
    /// What it keeps beside the count: `sum(x)`, `min(x)` or `max(x)` of whole numbers, `min` and `max` of moments.
    #[serde(default)]
    pub aggregates: Vec<String>,
    /// How long a bucket is.
    pub grain: RollupGrain,
    /// Who declares it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

impl RollupBody {
    /// As the desk takes it.
    #[must_use]
    pub fn definition(self) -> RollupDefinition {
        let Self { name, mart, filter, keys, aggregates, grain, by } = self;
        let changed_by = by.unwrap_or_default();
        RollupDefinition { name, mart, filter, keys, aggregates, grain, changed_by, time: None }
    }
}

/// The rollups of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RollupsAnswer {
    /// Those that were declared, by name.
    pub rollups: Vec<RollupItem>,
}

/// A rollup, and what it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RollupItem {
    /// What was declared.
    pub definition: RollupDefinition,
    /// What it holds, and how far it is.
    pub stats: RollupStats,
}

impl From<RollupView> for RollupItem {
    fn from(view: RollupView) -> Self {
        Self { definition: view.definition, stats: view.stats }
    }
}
