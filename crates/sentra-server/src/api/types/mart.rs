use sentra_factory::{MartChange, MartDraft, MartView};
use sentra_model::{MartColumn, MartDefinition, RoutingEpoch};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::MartSummary;

/// The marts of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MartsAnswer {
    /// The default ones, registered ones, and removed ones that still hold events, by name.
    pub marts: Vec<MartItem>,
}

/// A mart and what it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MartItem {
    /// What it holds.
    #[serde(flatten)]
    pub summary: MartSummary,
    /// Whether it is one of those that every tenant has.
    pub is_default: bool,
    /// What was registered; null of a default mart.
    pub definition: Option<MartDefinition>,
}

/// A mart with everything that is known of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MartDetail {
    /// The mart.
    #[serde(flatten)]
    pub item: MartItem,
    /// The versions it had, the oldest first.
    pub history: Vec<MartDefinition>,
    /// From which offset of which partition on which revision of the tenant's marts routed events.
    pub routed: Vec<RoutingEpoch>,
}

/// Registers a mart.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MartBody {
    /// Its name: 1 to 63 of a-z, 0-9, - and _.
    #[schema(example = "payments")]
    pub name: String,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// Which events go into it: a condition as after KQL's `where`.
    #[schema(example = "host startswith 'pay-'")]
    pub filter: String,
    /// Source fields that its events are to have.
    #[serde(default)]
    pub columns: Vec<MartColumn>,
    /// How long its events are kept, in days; as the platform's setting says where absent.
    #[serde(default)]
    pub retention_days: Option<u32>,
    /// Who registers it.
    #[serde(default)]
    pub by: Option<String>,
}

/// Changes a mart; what is absent stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MartChangeBody {
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Which events go into it from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    /// Source fields that its events are to have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub columns: Option<Vec<MartColumn>>,
    /// How long its events are kept, in days; null for as long as the platform's setting says.
    #[serde(default, deserialize_with = "named", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u32>)]
    pub retention_days: Option<Option<u32>>,
    /// Who changes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// A value that was named, null among them.
fn named<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<u32>>, D::Error> {
    Option::<u32>::deserialize(deserializer).map(Some)
}

/// What came of a removal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MartRemoved {
    /// The mart as it is now.
    pub definition: MartDefinition,
    /// Events that were deleted.
    pub deleted: u64,
}

impl From<MartView> for MartItem {
    fn from(view: MartView) -> Self {
        let is_default = sentra_model::Mart::named(view.stats.mart.as_str()).is_some();
        Self { summary: view.stats.into(), is_default, definition: view.definition }
    }
}

impl MartDetail {
    /// A mart with its history.
    #[must_use]
    pub fn new(view: MartView, history: Vec<MartDefinition>, mut routed: Vec<RoutingEpoch>) -> Self {
        if history.is_empty() {
            routed.clear();
        }
        Self { item: view.into(), history, routed }
    }
}

impl From<MartBody> for MartDraft {
    fn from(body: MartBody) -> Self {
        let MartBody { description, filter, columns, retention_days, .. } = body;
        Self { description, filter, columns, retention_days }
    }
}

impl From<MartChangeBody> for MartChange {
    fn from(body: MartChangeBody) -> Self {
        let MartChangeBody { description, filter, columns, retention_days, .. } = body;
        Self { description, filter, columns, retention_days }
    }
}
