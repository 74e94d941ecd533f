use sentra_model::{DeadReason, Mart, TenantId, Timestamp};
use sentra_query::EngineStatus;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What the pipeline is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum PipelineState {
    /// Everything taken in is processed.
    #[default]
    Idle,
    /// Records wait and are being worked on.
    Working,
    /// Records wait and nothing has moved for longer than `server.stalled_after_s`.
    Stalled,
}

/// Where the processing stands.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, Default, ToSchema)]
pub struct Pipeline {
    /// Records processed since the data directory was made.
    pub events_total: u64,
    /// Records processed per second, over the last few seconds.
    pub events_per_second: f64,
    /// Raw bytes processed.
    pub bytes_total: u64,
    /// Raw bytes processed per second, over the last few seconds.
    pub bytes_per_second: f64,
    /// Records that are durable but not yet processed.
    pub lag_records: u64,
    /// Signals found.
    pub signals_total: u64,
    /// Incidents opened.
    pub incidents_total: u64,
    /// Records that could not be understood.
    pub dead_letters_total: u64,
    /// When something was last processed; null before the first time.
    pub last_progress: Option<Timestamp>,
    /// What it is doing.
    pub state: PipelineState,
}

/// How many rules watch, and how many could not be compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default, ToSchema)]
pub struct RuleCounts {
    /// Rules in force.
    pub loaded: u64,
    /// Problems met while they were compiled.
    pub problems: u64,
}

/// How much a mart holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MartSummary {
    /// The mart.
    pub mart: Mart,
    /// Files on disk.
    pub segments: u64,
    /// Events in files.
    pub rows: u64,
    /// Bytes on disk.
    pub bytes: u64,
    /// Events that are not yet in a file.
    pub memory_rows: u64,
    /// Files beside these that are damaged: answers go without them until `sentra store check --repair`.
    pub segments_unread: u64,
    /// Events in those.
    pub rows_unread: u64,
    /// Events that retention has removed.
    pub rows_retired: u64,
    /// Bytes of the files that retention has removed.
    pub bytes_retired: u64,
    /// Time of the earliest event.
    pub first: Option<Timestamp>,
    /// Time of the latest event.
    pub last: Option<Timestamp>,
}

/// Dead letters of one reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeadLetterCount {
    /// The reason.
    pub reason: DeadReason,
    /// How many.
    pub count: u64,
}

/// A door that is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Listener {
    /// `http`, `syslog_udp` or `syslog_tcp`.
    pub name: String,
    /// Address and port.
    pub address: String,
}

/// The state of the platform as one tenant may see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Status {
    /// Version of the program.
    pub version: String,
    /// Version of the stored shapes.
    pub schema_version: u32,
    /// The tenant this answer is about.
    pub tenant: TenantId,
    /// The tenants there are.
    pub tenants: Vec<TenantId>,
    /// When the server started.
    pub started: Timestamp,
    /// The server's clock.
    pub now: Timestamp,
    /// Detection content.
    pub rules: RuleCounts,
    /// Processing.
    pub pipeline: Pipeline,
    /// What is stored.
    pub marts: Vec<MartSummary>,
    /// What could not be understood, by reason.
    pub dead_letters: Vec<DeadLetterCount>,
    /// Open doors.
    pub listeners: Vec<Listener>,
}

/// The pipeline at one moment of the past.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct HistoryPoint {
    /// The moment.
    pub time: Timestamp,
    /// Records processed per second over the interval that ends here.
    pub events_per_second: f64,
    /// Raw bytes processed per second over the interval that ends here.
    pub bytes_per_second: f64,
    /// Records that waited.
    pub lag_records: u64,
}

/// The last 15 minutes, one point per 5 s, oldest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StatusHistory {
    /// The points.
    pub points: Vec<HistoryPoint>,
}

/// The engines that answer questions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EnginesAnswer {
    /// Those that there are.
    pub engines: Vec<EngineStatus>,
}
