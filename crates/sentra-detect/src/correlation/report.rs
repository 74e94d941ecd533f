//! What correlations found, as matches.

use std::collections::BTreeMap;
use std::sync::Arc;

use hashbrown::HashMap;
use sentra_model::{EventId, NamedSet, RuleKind, RuleRef, Severity, TenantId, Timestamp};

use crate::matched::Match;
use crate::ruleset::RuleSet;

use super::packed::group_values;
use super::rule::CorrelationRule;
use super::run::Run;

/// Id of the rule that reports that the state of a correlation is full.
pub const STATE_PRESSURE: &str = "sentra.state_pressure";

/// The last thing that touched a run.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Last {
    /// A row of the batch.
    Row(usize),
    /// The watermark: the time (µs) at which it was sure, and the latest event.
    Decided(i64, EventId),
}

impl Last {
    pub(crate) fn row(self) -> usize {
        match self {
            Self::Row(row) => row,
            Self::Decided(..) => Match::NO_ROW,
        }
    }
}

/// A run: index of the rule, group, and the run's name.
pub(crate) type RunKey = (usize, Box<[u8]>, EventId);

/// Runs to be reported at the end of the batch, with what touched each last.
#[derive(Debug, Default)]
pub(crate) struct Reports {
    pub(crate) pending: HashMap<RunKey, Last, foldhash::fast::RandomState>,
    /// Row, index of the rule, match.
    pub(crate) done: Vec<(usize, usize, Match)>,
}

/// The group's fields and values.
pub(crate) fn named_group(rule: &CorrelationRule, group: &[u8]) -> Vec<(String, String)> {
    let names = rule.group_by.iter().map(|field| field.name.clone());
    names.zip(group_values(group).map(str::to_owned)).collect()
}

/// The run as a match, where its rule reports. The time and event of a row are set by whoever has the row.
pub(crate) fn described(
    rules: &RuleSet,
    tenant: &TenantId,
    index: usize,
    group: &[u8],
    run: &Run,
    last: Last,
) -> Option<Match> {
    let rule = rules.rules.get(index).filter(|rule| rule.reports)?;
    let (time, event) = match last {
        Last::Row(_) => (run.last, run.opened),
        Last::Decided(time, event) => (time, event),
    };
    Some(Match {
        rule: Arc::clone(&rule.reference),
        tenant: tenant.clone(),
        row: last.row(),
        event,
        time: Timestamp::from_micros(time),
        run: run.opened,
        group: named_group(rule.correlation()?, group),
        evidence: run.evidence.ids(),
        evidence_total: run.total,
        count: run.count,
        first: Timestamp::from_micros(run.first),
        last: Timestamp::from_micros(run.last),
        values: run.values.iter().map(|(name, values)| (name.clone(), values.named_set())).collect(),
    })
}

/// The match of the built-in rule [`STATE_PRESSURE`] about the rule `about`.
pub(crate) fn pressure(
    about: &RuleRef,
    tenant: &TenantId,
    row: usize,
    event: EventId,
    time: Timestamp,
) -> Match {
    let rule = RuleRef {
        id: STATE_PRESSURE.to_owned(),
        title: "The state of a correlation is full".to_owned(),
        kind: RuleKind::Correlation,
        level: Severity::Medium,
        tags: Vec::new(),
        pack: "sentra".to_owned(),
    };
    let named = NamedSet::of(vec![about.title.clone()]);
    Match {
        rule: Arc::new(rule),
        tenant: tenant.clone(),
        row,
        event,
        time,
        run: event,
        group: vec![("rule".to_owned(), about.id.clone())],
        evidence: vec![event],
        evidence_total: 1,
        count: 1,
        first: time,
        last: time,
        values: BTreeMap::from([("rule".to_owned(), named)]),
    }
}
