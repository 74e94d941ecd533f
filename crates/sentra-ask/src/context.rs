use jiff::tz::TimeZone;
use sentra_model::Timestamp;

/// Hours of a working day, Monday to Friday, in the asker's zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BusinessHours {
    /// The first hour that belongs to it.
    pub from: u8,
    /// The first hour that does not.
    pub to: u8,
}

impl Default for BusinessHours {
    /// From 9 to 17.
    fn default() -> Self {
        Self { from: 9, to: 17 }
    }
}

/// What the words of a question are relative to.
#[derive(Debug, Clone)]
pub struct Context {
    /// The moment of asking (law TIME).
    pub now: Timestamp,
    /// The asker's zone: where days begin.
    pub zone: TimeZone,
    /// When people work.
    pub hours: BusinessHours,
    /// Tables that can be asked besides the default marts.
    pub marts: Vec<String>,
    /// The incident that the asker looks at: `this incident`.
    pub incident: Option<String>,
}

impl Context {
    /// Asked at `now` in UTC, with the usual hours.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self { now, zone: TimeZone::UTC, hours: BusinessHours::default(), marts: Vec::new(), incident: None }
    }
}
