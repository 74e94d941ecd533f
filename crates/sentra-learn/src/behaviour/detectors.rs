//! The detectors on the baselines, as a table.

use sentra_model::Severity;

/// A detector on the baselines.
#[derive(Debug, PartialEq)]
pub struct Detector {
    /// Stable id, `behaviour.impossible_travel`.
    pub id: &'static str,
    /// What it finds, as a title.
    pub title: &'static str,
    /// How bad it is.
    pub level: Severity,
    /// Sigma tags.
    pub tags: &'static [&'static str],
    /// Whether nothing is learned from the event it found. Frequencies are learned, within the limits of growth, and
    /// so are processes: else a change of duties, or a new program, would be alerted for ever.
    pub holds_back: bool,
}

/// Every detector.
pub static DETECTORS: [Detector; 7] = [
    Detector {
        id: "behaviour.login_frequency",
        title: "Unusual login frequency",
        level: Severity::Medium,
        tags: &["attack.credential-access", "attack.t1110"],
        holds_back: false,
    },
    Detector {
        id: "behaviour.drift",
        title: "Login level grown far beyond its half-year level",
        level: Severity::Low,
        tags: &["attack.credential-access", "attack.t1110"],
        holds_back: false,
    },
    Detector {
        id: "behaviour.lateral_movement",
        title: "Several hosts reached for the first time",
        level: Severity::High,
        tags: &["attack.lateral-movement", "attack.t1021"],
        holds_back: true,
    },
    Detector {
        id: "behaviour.privilege_escalation",
        title: "First privileged operation of an account after a failure",
        level: Severity::High,
        tags: &["attack.privilege-escalation", "attack.t1078", "attack.t1548"],
        holds_back: true,
    },
    Detector {
        id: "behaviour.exfiltration_volume",
        title: "Unusual volume sent out",
        level: Severity::High,
        tags: &["attack.exfiltration", "attack.t1048", "attack.t1567"],
        holds_back: true,
    },
    Detector {
        id: "behaviour.unusual_process",
        title: "Process new on its host and rare everywhere",
        level: Severity::Medium,
        tags: &["attack.execution", "attack.t1204"],
        holds_back: false,
    },
    Detector {
        id: "behaviour.impossible_travel",
        title: "Logins from places too far apart",
        level: Severity::High,
        tags: &["attack.initial-access", "attack.t1078"],
        holds_back: true,
    },
];

pub(crate) const FREQUENCY: usize = 0;
pub(crate) const DRIFT: usize = 1;
pub(crate) const LATERAL: usize = 2;
pub(crate) const ESCALATION: usize = 3;
pub(crate) const EXFILTRATION: usize = 4;
pub(crate) const PROCESS: usize = 5;
pub(crate) const TRAVEL: usize = 6;
