use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{EntityRef, EventId, Timestamp};

/// What a fact states. Narratives are made of these and of nothing else (law MEANING).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum FactKind {
    /// A rule matched `count` times; `values["rule"]` is its title.
    RuleMatched,
    /// Logins failed `count` times; `values["user"]` are the accounts tried.
    LoginsFailed,
    /// Logins succeeded `count` times; `values["user"]` are the accounts.
    LoginsSucceeded,
    /// From `first` to `last` no login by the fact's entities succeeded: `count` is 0.
    NoLoginSucceeded,
    /// Privileged operations succeeded; `values["command"]` are the commands.
    PrivilegeUsed,
    /// Privileged operations were refused.
    PrivilegeRefused,
    /// Accounts or groups were created, changed or deleted; `values["code"]` says which.
    AccountsChanged,
    /// Programs started; `values["process"]`, `values["command"]`, `values["parent"]`.
    ProcessesStarted,
    /// Security settings or logging were changed.
    SecurityChanged,
    /// Other observed events; `values["code"]` or `values["what"]` names them.
    Observed,
}

/// Distinct texts of which only the first few are kept: `total` is how many there were.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NamedSet {
    /// The kept ones, in the order they were first seen.
    pub shown: Vec<String>,
    /// How many distinct ones there were.
    pub total: u64,
}

/// One computed statement about what happened. Counts, times and order are computed here, never worded
/// by a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Fact {
    /// What it states.
    pub kind: FactKind,
    /// How often.
    pub count: u64,
    /// The first time.
    pub first: Timestamp,
    /// The last time.
    pub last: Timestamp,
    /// Who, from where, on what.
    pub entities: Vec<EntityRef>,
    /// Distinct values by name (`user`, `command`, `process`, `rule`, `code`, `what`).
    pub values: BTreeMap<String, NamedSet>,
    /// Evidence: the first and last events it was computed from, at most 16.
    pub events: Vec<EventId>,
}
