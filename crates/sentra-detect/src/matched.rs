use std::collections::BTreeMap;
use std::sync::Arc;

use sentra_model::{EventId, EventRow, NamedSet, RuleRef, TenantId, Timestamp};

/// Columns whose distinct values a match carries.
pub(crate) const VALUE_COLUMNS: [&str; 13] = [
    "user",
    "target_user",
    "host",
    "src_ip",
    "dst_ip",
    "process",
    "parent_process",
    "command",
    "session",
    "file",
    "domain",
    "app",
    "code",
];

/// A rule that matched.
///
/// For a single-event rule it is about that event. For a correlation rule it is about a *run*: all events
/// of one group between which no gap is longer than the rule's run gap. A run that goes on is reported
/// again, with the same rule, group and run, and with what it has become.
#[derive(Debug, Clone, PartialEq)]
pub struct Match {
    /// The rule.
    pub rule: Arc<RuleRef>,
    /// Whose event it was.
    pub tenant: TenantId,
    /// Row in the batch that (last) triggered it; [`Match::NO_ROW`] for what was decided because time passed:
    /// no event of the batch need have to do with it.
    pub row: usize,
    /// The event of that row; where there is none, the latest event that the match rests on.
    pub event: EventId,
    /// Its time; where there is no row, the event time at which the match was sure, such as the end of the
    /// time in which something should have happened.
    pub time: Timestamp,
    /// Law IDENTITY: the event that opened the run, the first of it to arrive, or the earliest where the rule is
    /// decided in the order of event time; the event itself for single-event rules. It does not depend on how
    /// events were cut into batches.
    pub run: EventId,
    /// Group-by fields and their values, in the rule's order; empty for single-event rules.
    pub group: Vec<(String, String)>,
    /// Evidence in the order of event time: all of it up to 1,000, else the first 500 and the last 500.
    pub evidence: Vec<EventId>,
    /// How many events it rests on.
    pub evidence_total: u64,
    /// How many happenings these stand for (the `count` column, added up).
    pub count: u64,
    /// Time of the earliest event.
    pub first: Timestamp,
    /// Time of the latest event.
    pub last: Timestamp,
    /// Distinct values, over all events, of the columns `user`, `target_user`, `host`, `src_ip`, `dst_ip`,
    /// `process`, `parent_process`, `command`, `session`, `file`, `domain`, `app` and `code`, and of the field
    /// that a correlation counts. At most 32 are shown of each.
    pub values: BTreeMap<String, NamedSet>,
}

impl Match {
    /// The row of a match that no row triggered.
    pub const NO_ROW: usize = usize::MAX;

    /// The match of a single-event rule.
    #[must_use]
    pub fn single(rule: Arc<RuleRef>, tenant: TenantId, row: EventRow<'_>) -> Self {
        let values = VALUE_COLUMNS.iter().filter_map(|column| {
            let shown = vec![row.text(column)?.to_owned()];
            Some(((*column).to_owned(), NamedSet { shown, total: 1, ..NamedSet::default() }))
        });
        Self {
            rule,
            tenant,
            row: row.index(),
            event: row.id(),
            time: row.time(),
            run: row.id(),
            group: Vec::new(),
            evidence: vec![row.id()],
            evidence_total: 1,
            count: u64::from(row.count()),
            first: row.time(),
            last: row.time(),
            values: values.collect(),
        }
    }
}
