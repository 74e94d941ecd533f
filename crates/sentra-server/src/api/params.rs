//! The query parameters of the routes.

use sentra_model::{DeadReason, IncidentStatus, Severity};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::problem::{Problem, ProblemKind};

/// Things on a page where the client does not say.
const PAGE_LIMIT_DEFAULT: usize = 50;
/// Most things on a page.
const PAGE_LIMIT_MAX: usize = 500;

/// The number of things on a page.
pub(super) fn page_limit(asked: Option<u32>) -> Result<usize, Problem> {
    let limit = asked.map_or(PAGE_LIMIT_DEFAULT, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    if (1..=PAGE_LIMIT_MAX).contains(&limit) {
        return Ok(limit);
    }
    let detail = format!("limit is {limit}, it can be 1 to {PAGE_LIMIT_MAX}");
    Err(Problem::new(ProblemKind::ParameterInvalid, detail))
}

/// Which incidents to list.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct IncidentListQuery {
    /// Only incidents with this status.
    pub(crate) status: Option<IncidentStatus>,
    /// Only incidents at least this bad.
    pub(crate) severity: Option<Severity>,
    /// Only incidents whose title, headline or entities contain this text, without case.
    pub(crate) q: Option<String>,
    /// At most this many, 1 to 500; 50 where absent.
    pub(crate) limit: Option<u32>,
    /// `next` of the page before.
    pub(crate) cursor: Option<String>,
    /// The tenant; the header `X-Sentra-Tenant` says the same.
    #[expect(dead_code, reason = "named_tenant reads it; here it is allowed and described")]
    pub(crate) tenant: Option<String>,
}

/// As what an answer is exported.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExportQuery {
    /// `csv`, `ndjson` or `parquet`.
    pub(crate) format: String,
    /// CSV only: whether texts that a spreadsheet would run as formulas get a `'` before them. That changes the data.
    #[serde(default)]
    pub(crate) safe: bool,
}

/// Which decisions of the router to list.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DecisionListQuery {
    /// At most this many, 1 to 500; 50 where absent.
    pub(crate) limit: Option<u32>,
    /// `next_cursor` of the page before.
    pub(crate) cursor: Option<String>,
    /// The tenant; the header `X-Sentra-Tenant` says the same.
    #[expect(dead_code, reason = "named_tenant reads it; here it is allowed and described")]
    pub(crate) tenant: Option<String>,
}

/// Which dead letters to list.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeadLetterQuery {
    /// Only letters of this reason.
    pub(crate) reason: Option<DeadReason>,
    /// At most this many, 1 to 500; 50 where absent.
    pub(crate) limit: Option<u32>,
    /// `next` of the page before.
    pub(crate) cursor: Option<String>,
    /// The tenant; the header `X-Sentra-Tenant` says the same.
    #[expect(dead_code, reason = "named_tenant reads it; here it is allowed and described")]
    pub(crate) tenant: Option<String>,
}

/// Which records of a topic.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RecordsQuery {
    /// Partition of the topic; 0 where absent.
    pub(crate) partition: Option<u32>,
    /// The first record: an offset, a time (RFC 3339) or `begin`, which is meant where absent.
    pub(crate) from: Option<String>,
    /// The first record not wanted: an offset, a time (RFC 3339) or `end`, which is meant where absent.
    pub(crate) to: Option<String>,
    /// At most this many, 1 to 10,000; 1,000 where absent. A page also ends when it has grown large.
    pub(crate) limit: Option<u32>,
    /// The tenant; the header `X-Sentra-Tenant` says the same.
    #[expect(dead_code, reason = "named_tenant reads it; here it is allowed and described")]
    pub(crate) tenant: Option<String>,
}

/// From where to follow the stream.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct StreamQuery {
    /// Resume after this id; the header `Last-Event-ID` goes first.
    pub(crate) last_event_id: Option<String>,
    /// The tenant; the header `X-Sentra-Tenant` says the same.
    #[expect(dead_code, reason = "named_tenant reads it; here it is allowed and described")]
    pub(crate) tenant: Option<String>,
}

/// What the body of an ingest holds.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct IngestQuery {
    /// Format of the records (`auto`, `syslog`, `windows`, `cloudtrail`, `json` …); detected where absent.
    pub(crate) format: Option<String>,
    /// Name of the source; the sender's address where absent.
    pub(crate) source: Option<String>,
    /// Number of the first line in the source, for a body that continues another; 1 where absent.
    pub(crate) position: Option<u64>,
    /// Moment that times without a year are resolved by, such as a file's modification time; now where absent.
    pub(crate) reference: Option<String>,
    /// The tenant; the header `X-Sentra-Tenant` says the same.
    #[expect(dead_code, reason = "named_tenant reads it; here it is allowed and described")]
    pub(crate) tenant: Option<String>,
}
