//! A model as it is kept: its card, and its bytes.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use sentra_model::{Digest, TenantId, Timestamp};
use serde::{Deserialize, Serialize};

use super::drift::DriftReference;
use crate::anomaly::{AnomalyModel, MODEL_BYTES_MAX, Table};

/// Longest card, in bytes of JSON.
pub const CARD_BYTES_MAX: usize = 4 << 20;
/// Longest artefact, in bytes.
pub const ARTEFACT_BYTES_MAX: usize = MODEL_BYTES_MAX + CARD_BYTES_MAX + 64;
/// Most features on a card.
const FEATURES_MAX: usize = 1024;
/// Most metrics on a card.
const METRICS_MAX: usize = 64;

/// The first bytes of an artefact, with the version of its form.
const MAGIC: &[u8; 8] = b"sntrart1";

/// What a model does.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ModelKind {
    /// Scores rows: isolation forest and nearest-neighbour memory.
    Anomaly,
    /// Scores the next event codes of an entity.
    Sequence,
    /// Scores what a user did within an hour: rows, as [`ModelKind::Anomaly`].
    UserActivity,
    /// Scores what happened on a host within an hour: rows, as [`ModelKind::Anomaly`].
    HostActivity,
}

impl ModelKind {
    /// The name used in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Anomaly => "anomaly",
            Self::Sequence => "sequence",
            Self::UserActivity => "user_activity",
            Self::HostActivity => "host_activity",
        }
    }
}

impl FromStr for ModelKind {
    type Err = ArtefactError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let kinds = [Self::Anomaly, Self::Sequence, Self::UserActivity, Self::HostActivity];
        let known = kinds.into_iter().find(|kind| kind.as_str() == text);
        known.ok_or_else(|| ArtefactError::Kind(text.chars().take(40).collect()))
    }
}

/// A model's version: a digest of its kind and bytes, so that the same training gives the same version.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, example = "6f1d2c3b4a596877")]
pub struct ModelVersion(u64);

impl ModelVersion {
    /// The version of these bytes.
    #[must_use]
    pub fn of(kind: ModelKind, bytes: &[u8]) -> Self {
        Self(Digest::new("model").text(kind.as_str()).bytes(bytes).first_u64())
    }
}

impl fmt::Display for ModelVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for ModelVersion {
    type Err = ArtefactError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_hex = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = u64::from_str_radix(text, 16).ok().filter(|_| is_hex);
        number.map(Self).ok_or_else(|| ArtefactError::Version(text.chars().take(40).collect()))
    }
}

impl TryFrom<String> for ModelVersion {
    type Error = ArtefactError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<ModelVersion> for String {
    fn from(version: ModelVersion) -> Self {
        version.to_string()
    }
}

/// Why bytes are no artefact.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArtefactError {
    /// It is not framed as one.
    #[error("not a model artefact: {0}")]
    Frame(&'static str),
    /// The card cannot be read.
    #[error("the model's card cannot be read: {0}")]
    Card(String),
    /// The bytes are not those the card was written for.
    #[error("the model's bytes are version {found}, its card says {expected}: the artefact is damaged")]
    Contents {
        /// What the bytes are.
        found: ModelVersion,
        /// What the card says.
        expected: ModelVersion,
    },
    /// A text that is no kind of model.
    #[error("{0:?} is no kind of model: give sequence, user_activity, host_activity or anomaly")]
    Kind(String),
    /// A text that is no version.
    #[error("{0:?} is no model version: give 16 hexadecimal digits")]
    Version(String),
}

/// The time that the training rows come from; the end is exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TrainingWindow {
    /// Its beginning.
    pub from: Timestamp,
    /// Its end.
    pub to: Timestamp,
}

/// How many rows a training had.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RowCounts {
    /// Rows that were given.
    pub given: u64,
    /// Rows that the model learnt from.
    pub learnt: u64,
    /// Rows that it was calibrated on.
    pub held_out: u64,
}

/// What is known of a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelCard {
    /// Whose it is.
    pub tenant: TenantId,
    /// What it does.
    pub kind: ModelKind,
    /// Its version.
    pub version: ModelVersion,
    /// When it was made.
    pub created: Timestamp,
    /// Which time its rows come from.
    pub window: TrainingWindow,
    /// The seed of its training.
    pub seed: u64,
    /// Its rows.
    pub rows: RowCounts,
    /// Its features, in order.
    pub features: Vec<String>,
    /// Figures by name, of its training or of an evaluation.
    pub metrics: BTreeMap<String, f64>,
    /// What its training rows look like, to tell drift.
    pub drift: Option<DriftReference>,
}

/// A model's card and its bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct Artefact {
    /// What is known of it.
    pub card: ModelCard,
    /// What [`AnomalyModel::from_bytes`] (or that of another kind) reads.
    pub bytes: Vec<u8>,
}

impl Artefact {
    /// The artefact of an anomaly model of `kind`. `rows` are normal ones that drift is measured against later, best
    /// those of the training.
    ///
    /// # Errors
    /// When the rows are not of the model's shape.
    pub fn of_anomaly(
        kind: ModelKind,
        tenant: TenantId,
        model: &AnomalyModel,
        rows: &Table,
        window: TrainingWindow,
        created: Timestamp,
    ) -> Result<Self, crate::anomaly::ModelError> {
        let bytes = model.to_bytes();
        let training = model.training();
        let metrics = [
            ("threshold_surprise", f64::from(model.threshold())),
            ("promised_false_positive_rate", f64::from(training.false_positive_rate)),
            ("anchors", model.memory().anchors() as f64),
        ];
        let card = ModelCard {
            tenant,
            kind,
            version: ModelVersion::of(kind, &bytes),
            created,
            window,
            seed: training.seed,
            rows: RowCounts {
                given: training.rows,
                learnt: training.learnt_rows,
                held_out: training.held_out_rows,
            },
            features: model.features().map(str::to_owned).collect(),
            metrics: metrics.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            drift: Some(DriftReference::fit(model, rows)?),
        };
        Ok(Self { card, bytes })
    }

    /// Card and model in one piece: a mark, the card's length, the card as JSON, the model.
    ///
    /// # Errors
    /// When the card is longer than [`CARD_BYTES_MAX`].
    pub fn to_bytes(&self) -> Result<Vec<u8>, ArtefactError> {
        let card = serde_json::to_vec(&self.card).map_err(|error| ArtefactError::Card(error.to_string()))?;
        if card.len() > CARD_BYTES_MAX {
            return Err(ArtefactError::Frame("its card is too long"));
        }
        let mut bytes = Vec::with_capacity(MAGIC.len() + 4 + card.len() + self.bytes.len());
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&(card.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&card);
        bytes.extend_from_slice(&self.bytes);
        Ok(bytes)
    }

    /// Reads an artefact that may come from anywhere.
    ///
    /// # Errors
    /// When it is none, or its bytes are not those its card was written for.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ArtefactError> {
        if bytes.len() > ARTEFACT_BYTES_MAX {
            return Err(ArtefactError::Frame("it is too long"));
        }
        let rest = bytes.strip_prefix(MAGIC).ok_or(ArtefactError::Frame("it lacks the mark"))?;
        let (length, rest) =
            rest.split_first_chunk::<4>().ok_or(ArtefactError::Frame("it ends too early"))?;
        let length = u32::from_le_bytes(*length) as usize;
        if length > CARD_BYTES_MAX {
            return Err(ArtefactError::Frame("its card is too long"));
        }
        let (card, model) = rest.split_at_checked(length).ok_or(ArtefactError::Frame("it ends too early"))?;
        let card: ModelCard =
            serde_json::from_slice(card).map_err(|error| ArtefactError::Card(error.to_string()))?;
        if card.features.len() > FEATURES_MAX || card.metrics.len() > METRICS_MAX {
            return Err(ArtefactError::Frame("its card lists too much"));
        }
        let found = ModelVersion::of(card.kind, model);
        if found != card.version {
            return Err(ArtefactError::Contents { found, expected: card.version });
        }
        Ok(Self { card, bytes: model.to_vec() })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) fn card(contents: &[u8], created: i64) -> ModelCard {
        ModelCard {
            tenant: TenantId::default_tenant(),
            kind: ModelKind::Anomaly,
            version: ModelVersion::of(ModelKind::Anomaly, contents),
            created: Timestamp::from_seconds(created),
            window: TrainingWindow { from: Timestamp::from_seconds(0), to: Timestamp::from_seconds(created) },
            seed: 1,
            rows: RowCounts::default(),
            features: vec!["bytes".to_owned()],
            metrics: BTreeMap::new(),
            drift: None,
        }
    }

    #[test]
    fn an_artefact_survives_its_bytes_and_refuses_others() {
        let artefact = Artefact { card: card(b"model", 5), bytes: b"model".to_vec() };
        let bytes = artefact.to_bytes().unwrap();
        assert_eq!(Artefact::from_bytes(&bytes).unwrap(), artefact);
        for cut in 0..bytes.len() {
            assert!(Artefact::from_bytes(&bytes[..cut]).is_err(), "{cut}");
        }
        let mut damaged = bytes.clone();
        *damaged.last_mut().unwrap() ^= 1;
        assert!(matches!(Artefact::from_bytes(&damaged), Err(ArtefactError::Contents { .. })));
        let mut huge = bytes;
        huge[8..12].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(Artefact::from_bytes(&huge), Err(ArtefactError::Frame("its card is too long")));
    }

    #[test]
    fn a_version_is_of_the_contents() {
        let version = ModelVersion::of(ModelKind::Anomaly, b"a");
        assert_eq!(version, ModelVersion::of(ModelKind::Anomaly, b"a"));
        assert_ne!(version, ModelVersion::of(ModelKind::Sequence, b"a"));
        assert_eq!(version.to_string().parse::<ModelVersion>().unwrap(), version);
        for wrong in ["", "12", "+123456789abcdef", "zzzzzzzzzzzzzzzz"] {
            assert!(wrong.parse::<ModelVersion>().is_err());
        }
    }
}
