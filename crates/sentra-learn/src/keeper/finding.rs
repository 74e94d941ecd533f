//! What the models find, and the table of them.

use sentra_model::{EntityRef, EventId, Severity, Timestamp};

use crate::behaviour::Detector;
use crate::registry::{ModelKind, ModelVersion};

/// The kinds of models that a keeper has, in the order of [`MODEL_DETECTORS`].
pub const MODEL_KINDS: [ModelKind; 3] =
    [ModelKind::Sequence, ModelKind::UserActivity, ModelKind::HostActivity];

/// What the models are as detectors.
pub static MODEL_DETECTORS: [Detector; 3] = [
    Detector {
        id: "model.sequence",
        title: "Unusual order of events",
        level: Severity::Medium,
        tags: &[],
        holds_back: true,
    },
    Detector {
        id: "model.user_activity",
        title: "Unusual hour of a user",
        level: Severity::Medium,
        tags: &[],
        holds_back: true,
    },
    Detector {
        id: "model.host_activity",
        title: "Unusual hour of a host",
        level: Severity::Medium,
        tags: &[],
        holds_back: true,
    },
];

/// The detector of a kind of model.
pub(crate) fn detector_of(kind: ModelKind) -> &'static Detector {
    let [sequence, user, host] = &MODEL_DETECTORS;
    match kind {
        ModelKind::UserActivity => user,
        ModelKind::HostActivity => host,
        ModelKind::Sequence | ModelKind::Anomaly => sequence,
    }
}

/// Something a model found. It says all there is to say: its events may have been in chunks long gone.
#[derive(Debug, Clone, PartialEq)]
pub struct KeeperFinding {
    /// Which detector.
    pub detector: &'static Detector,
    /// Which model.
    pub model: ModelVersion,
    /// The row of its batch, where it is about the event there; `None` when an hour ended and is judged.
    pub row: Option<u32>,
    /// Event time of the latest event.
    pub time: Timestamp,
    /// Who it is about, then who and what was new to them.
    pub entities: Vec<EntityRef>,
    /// Events that show it, at most 16, in the order of the backbone; never empty.
    pub events: Vec<EventId>,
    /// One sentence for people.
    pub explanation: String,
    /// The numbers behind the sentence, by name.
    pub values: Vec<(&'static str, String)>,
}

/// A number as it is told: whole where it is a count, short where it is large.
pub(crate) fn number_text(value: f32) -> String {
    match value {
        value if value >= 1e9 => format!("{:.1} G", value / 1e9),
        value if value >= 1e6 => format!("{:.1} M", value / 1e6),
        value => format!("{value:.0}"),
    }
}
