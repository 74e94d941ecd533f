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
    /// How often each of `shown` came, in its order; empty where that is not known exactly.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub counts: Vec<u64>,
    /// Whether `total` is only known to be no smaller.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub at_least: bool,
}

impl NamedSet {
    /// The set of `shown` alone.
    #[must_use]
    pub fn of(shown: Vec<String>) -> Self {
        Self { total: shown.len() as u64, shown, ..Self::default() }
    }

    /// Whether every distinct text is among `shown`.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        !self.at_least && self.total == self.shown.len() as u64
    }

    /// Whether it is known exactly how often each of `shown` came.
    #[must_use]
    pub fn is_counted(&self) -> bool {
        self.counts.len() == self.shown.len()
    }
}

/// Happenings that followed each other without a pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Burst {
    /// The first of them.
    pub first: Timestamp,
    /// The last of them.
    pub last: Timestamp,
    /// How many there were.
    pub count: u64,
}

/// How happenings were spread over time: in bursts, and between two of these nothing for longer than `pause_seconds`.
///
/// The same happenings give the same bursts in whatever order they come, as long as there are no more than
/// [`BURSTS_MAX`]; from then on only longer pauses count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Pace {
    /// How long nothing must happen for it to be a pause.
    pub pause_seconds: u32,
    /// In the order of time, at most [`BURSTS_MAX`].
    pub bursts: Vec<Burst>,
}

/// Law LIMIT: bursts kept of one series.
pub const BURSTS_MAX: usize = 16;

/// What is a pause at first.
const PAUSE_SECONDS: u32 = 60;

impl Default for Pace {
    fn default() -> Self {
        Self { pause_seconds: PAUSE_SECONDS, bursts: Vec::new() }
    }
}

impl Pace {
    /// Takes in `count` happenings at `time`.
    pub fn add(&mut self, time: Timestamp, count: u64) {
        let at = self.bursts.partition_point(|burst| burst.first <= time);
        self.bursts.insert(at, Burst { first: time, last: time, count });
        self.join();
        while self.bursts.len() > BURSTS_MAX {
            self.pause_seconds = self.pause_seconds.saturating_mul(2);
            self.join();
        }
    }

    /// Makes one of every two bursts that no pause separates.
    fn join(&mut self) {
        let pause_micros = i64::from(self.pause_seconds).saturating_mul(1_000_000);
        self.bursts.dedup_by(|next, kept| {
            let is_near = next.first.since(kept.last) <= pause_micros;
            if is_near {
                kept.last = kept.last.max(next.last);
                kept.count = kept.count.saturating_add(next.count);
            }
            is_near
        });
    }
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
    /// Distinct values by name (`user`, `command`, `process`, `rule`, `code`, `what`). Of failed logins
    /// `refused_user` are those of `user` that do not exist where the login was tried, or may not log in there; of logins that
    /// succeeded `last_user` is the account of the last one.
    pub values: BTreeMap<String, NamedSet>,
    /// Evidence: the first and last events it was computed from, at most 16.
    pub events: Vec<EventId>,
    /// How the `count` was spread over time, where that was recorded from the first on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pace: Option<Pace>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(seconds: &[i64]) -> Pace {
        let mut pace = Pace::default();
        for second in seconds {
            pace.add(Timestamp::from_seconds(*second), 1);
        }
        pace
    }

    #[test]
    fn a_pause_makes_a_new_burst_whatever_the_order() {
        let in_order = pace(&[0, 10, 70, 131, 140]);
        let counts: Vec<u64> = in_order.bursts.iter().map(|burst| burst.count).collect();
        assert_eq!(counts, [3, 2]);
        for order in [[140, 131, 70, 10, 0], [0, 140, 70, 131, 10], [131, 0, 140, 10, 70]] {
            assert_eq!(pace(&order), in_order);
        }
    }

    #[test]
    fn many_bursts_are_joined_over_longer_pauses() {
        let seconds: Vec<i64> = (0..1_000).map(|number| number * 100).collect();
        let joined = pace(&seconds);
        assert_eq!((joined.pause_seconds, joined.bursts.len()), (120, 1));
        assert_eq!(joined.bursts[0].count, 1_000);
    }

    #[test]
    fn a_fact_stored_before_counts_were_kept_is_read() {
        let old = r#"{"kind":"logins_failed","count":2,"first":"2026-01-01T00:00:00Z","last":"2026-01-01T00:00:01Z","entities":[],"values":{"user":{"shown":["a"],"total":1}},"events":[]}"#;
        let fact: Fact = serde_json::from_str(old).unwrap();
        assert!(fact.pace.is_none() && !fact.values["user"].is_counted());
        assert_eq!(serde_json::to_string(&fact).unwrap(), old);
    }
}
