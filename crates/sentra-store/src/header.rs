use sentra_kql::Kind;
use sentra_model::column;
use serde::{Deserialize, Serialize};

/// What kind of values a column has, by the names of the query language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ColumnKind {
    /// Text.
    String,
    /// True or false.
    Bool,
    /// A whole number.
    Long,
    /// A number with a fraction.
    Real,
    /// A span of time.
    TimeSpan,
    /// A moment, RFC 3339 in UTC.
    DateTime,
    /// JSON of any shape.
    Dynamic,
}

impl ColumnKind {
    /// As the language knows it.
    #[must_use]
    pub fn kind(self) -> Kind {
        match self {
            Self::String => Kind::String,
            Self::Bool => Kind::Bool,
            Self::Long => Kind::Long,
            Self::Real => Kind::Real,
            Self::TimeSpan => Kind::TimeSpan,
            Self::DateTime => Kind::DateTime,
            Self::Dynamic => Kind::Dynamic,
        }
    }
}

impl From<Kind> for ColumnKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Bool => Self::Bool,
            Kind::Long => Self::Long,
            Kind::Real => Self::Real,
            Kind::String => Self::String,
            Kind::DateTime => Self::DateTime,
            Kind::TimeSpan => Self::TimeSpan,
            Kind::Dynamic => Self::Dynamic,
        }
    }
}

/// A column that every event has, whatever its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeaderColumn {
    /// Its name in predicates and answers.
    pub name: &'static str,
    /// What is in it.
    pub kind: ColumnKind,
    /// What it means, for help texts.
    pub title: &'static str,
}

const fn header(name: &'static str, kind: ColumnKind, title: &'static str) -> HeaderColumn {
    HeaderColumn { name, kind, title }
}

static HEADER: [HeaderColumn; 13 + column::TEXT_NAMES.len()] = [
    header("id", ColumnKind::String, "the event's place in the backbone"),
    header("time", ColumnKind::DateTime, "when it happened, by the source's clock"),
    header("seen", ColumnKind::DateTime, "when it arrived"),
    header("class", ColumnKind::Long, "OCSF class_uid"),
    header("severity", ColumnKind::Long, "OCSF severity_id, 0 unknown to 5 critical"),
    header("count", ColumnKind::Long, "how many happenings the record stands for"),
    header("src_port", ColumnKind::Long, "port it came from"),
    header("dst_port", ColumnKind::Long, "port it went to"),
    header("source_position", ColumnKind::Long, "line or record number in the source"),
    header("partition", ColumnKind::Long, "partition of the raw record"),
    header("offset", ColumnKind::Long, "offset of the raw record"),
    header("code", ColumnKind::String, "cross-system event code"),
    header("outcome", ColumnKind::String, "success, failure or unknown"),
    header("format", ColumnKind::String, "decoder that understood it"),
    header("product", ColumnKind::String, "product, as rules name it"),
    header("service", ColumnKind::String, "service, as rules name it"),
    header("host", ColumnKind::String, "machine it happened on"),
    header("user", ColumnKind::String, "who did it, or who logged in"),
    header("target_user", ColumnKind::String, "whom it was done to"),
    header("src_ip", ColumnKind::String, "where it came from"),
    header("dst_ip", ColumnKind::String, "where it went"),
    header("process", ColumnKind::String, "image path or program name"),
    header("pid", ColumnKind::String, "process id"),
    header("parent_process", ColumnKind::String, "image path of the parent"),
    header("command", ColumnKind::String, "command line"),
    header("session", ColumnKind::String, "login session"),
    header("file", ColumnKind::String, "file or object path"),
    header("domain", ColumnKind::String, "DNS name"),
    header("app", ColumnKind::String, "application or cloud service"),
    header("virtual_entity", ColumnKind::String, "hypervisor type, VM uuid and application instance"),
    header("message", ColumnKind::String, "the human sentence of the record"),
    header("problem", ColumnKind::String, "what was not understood"),
    header("source", ColumnKind::String, "file path, or address of the sender"),
    header("source_kind", ColumnKind::String, "by which door it came in"),
    header("mart", ColumnKind::String, "mart it belongs to"),
    header("fields", ColumnKind::Dynamic, "the source's own fields"),
    header("raw", ColumnKind::String, "the record as it came in"),
];

/// The columns that every event has. Any other name in a predicate or a column list is a source field.
#[must_use]
pub fn header_columns() -> &'static [HeaderColumn] {
    &HEADER
}

/// The header column called `name`, if there is one.
#[must_use]
pub fn header_column(name: &str) -> Option<&'static HeaderColumn> {
    HEADER.iter().find(|header| header.name == name)
}

/// The source field meant by `name`: a leading `fields.` is taken off, so that a source field whose name
/// is that of a header column can be reached.
pub(crate) fn source_field(name: &str) -> &str {
    name.strip_prefix("fields.").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_column_of_the_model_is_a_header_column() {
        for name in column::TEXT_NAMES {
            assert_eq!(header_column(name).map(|header| header.kind), Some(ColumnKind::String), "{name}");
        }
    }
}
