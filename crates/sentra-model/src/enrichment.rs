use serde::{Deserialize, Serialize};

use crate::EntityRef;

/// Which kind of knowledge an enrichment comes from.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum EnrichmentStage {
    /// What somebody declared: identities, assets, networks, places.
    Static,
    /// What others saw: indicators, technique and control tags.
    Intelligence,
    /// What was usual so far.
    Behaviour,
}

/// Something known about a signal or one of its entities, and who says so.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Enrichment {
    /// Which kind of knowledge it is.
    pub stage: EnrichmentStage,
    /// What it is about; the signal as a whole when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity: Option<EntityRef>,
    /// What is stated, in lower case: `department`, `country`, `indicator`, `deviation`.
    pub name: String,
    /// The statement's value.
    pub value: String,
    /// Where it comes from: `identities:hr.csv`, `places:city.mmdb`, `baseline:logins_per_hour`.
    pub source: String,
    /// Which version of the source: a date, a digest, a model's version.
    pub version: String,
    /// How far it can be trusted, from 0 to 1, where the source says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f64>,
}
