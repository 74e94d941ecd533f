//! The state of all correlations, and what is reported of it.

use std::collections::BTreeSet;
use std::sync::Arc;

use hashbrown::HashMap;
use sentra_model::{EventId, EventRow, TenantId, Timestamp};

use crate::detector::{DetectorLimits, DetectorStats, StateChange};
use crate::fields;
use crate::matched::{Match, VALUE_COLUMNS};
use crate::ruleset::{Rule, RuleSet};

use super::distinct::{digest, shortened};
use super::key::{Key, KeyReader};
use super::rule::{CorrelationKind, CorrelationRule};
use super::run::{Contribution, Effect, Run, Runs};

/// Groups by the values of their group-by fields.
type Groups = HashMap<Vec<String>, Runs, foldhash::fast::RandomState>;

/// Part of the keys that goes when a rule has too many: one in so many.
const EVICTED_ONE_IN: usize = 10;

/// State of all correlation rules, by tenant and rule.
#[derive(Debug, Default)]
pub(crate) struct Correlations {
    groups: HashMap<(TenantId, usize), Groups>,
    changed: BTreeSet<Key>,
    stats: DetectorStats,
    limits: DetectorLimits,
}

/// A match of a rule that correlations refer to.
#[derive(Clone, Copy)]
struct Trigger<'a> {
    /// Index of the rule.
    rule: usize,
    /// For a correlation: its group, and its run if that fired with this event.
    group: &'a [(String, String)],
    fired: Option<&'a Run>,
}

/// Runs to be reported at the end of the batch, with the last row that touched each.
#[derive(Debug, Default)]
pub(crate) struct Reports {
    pending: HashMap<(Key, EventId), usize>,
    done: Vec<(usize, usize, Match)>,
}

impl Correlations {
    pub(crate) fn new(limits: DetectorLimits) -> Self {
        Self { limits, ..Self::default() }
    }

    pub(crate) fn stats(&self) -> DetectorStats {
        let keys = self.groups.values().map(|groups| groups.len() as u64).sum();
        DetectorStats { keys, ..self.stats }
    }

    /// Counts a match of the single-event rule `rule` on `row`.
    pub(crate) fn count(
        &mut self,
        rules: &RuleSet,
        tenant: &TenantId,
        row: EventRow<'_>,
        rule: usize,
        reports: &mut Reports,
    ) {
        self.trigger(rules, tenant, row, Trigger { rule, group: &[], fired: None }, reports);
    }

    /// Correlations can only refer to rules before them, so this ends.
    fn trigger(
        &mut self,
        rules: &RuleSet,
        tenant: &TenantId,
        row: EventRow<'_>,
        by: Trigger<'_>,
        reports: &mut Reports,
    ) {
        let referrers = rules.rules.get(by.rule).map(|rule| rule.referred_by.as_slice()).unwrap_or_default();
        for index in referrers {
            let Some(correlation) = rules.rules.get(*index).and_then(Rule::correlation) else { continue };
            let Some(position) = correlation.rules.iter().position(|rule| *rule == by.rule) else { continue };
            let Some(group) = group_of(correlation, position, row, by) else {
                self.stats.events_without_group += 1;
                continue;
            };
            let key = Key { tenant: tenant.clone(), rule: *index, group };
            let Some(effect) = self.add(correlation, position, row, by, &key) else { continue };
            self.report_gone(rules, &key, effect.gone, reports);
            if let Some(opened) = effect.fired {
                reports.pending.insert((key.clone(), opened), row.index());
                let group = named_group(correlation, &key);
                let run = self.run(&key, opened).filter(|_| effect.fired_now).cloned();
                self.trigger(
                    rules,
                    tenant,
                    row,
                    Trigger { rule: *index, group: &group, fired: run.as_ref() },
                    reports,
                );
            }
            self.make_room(rules, &key, row.seen(), reports);
        }
    }

    /// Puts the event into its group; `None` when it has nothing that the correlation counts.
    fn add(
        &mut self,
        correlation: &CorrelationRule,
        position: usize,
        row: EventRow<'_>,
        by: Trigger<'_>,
        key: &Key,
    ) -> Option<EffectLeft> {
        let mut values: Vec<(&str, &str)> =
            VALUE_COLUMNS.iter().filter_map(|column| Some((*column, row.text(column)?))).collect();
        let counted = match &correlation.kind {
            CorrelationKind::ValueCount { name, fields } => {
                let Some(value) = fields.get(position).and_then(|field| value_of(field, row, by)) else {
                    self.stats.events_without_group += 1;
                    return None;
                };
                Some((name.as_str(), value))
            }
            _ => None,
        };
        let what = match (&correlation.kind, &counted) {
            (_, Some((_, value))) => digest(value),
            (CorrelationKind::EventCount, None) => 0,
            _ => position as u64,
        };
        if let Some((name, value)) = counted.as_ref().filter(|(name, _)| !VALUE_COLUMNS.contains(name)) {
            values.push((name, value));
        }
        let contribution = Contribution {
            event: (row.time().micros(), row.id()),
            seen: row.seen().micros(),
            what,
            weight: u64::from(row.count()),
            values,
            absorbed: by.fired,
        };
        let groups = self.groups.entry((key.tenant.clone(), key.rule)).or_default();
        let effect: Effect = groups.entry(key.group.clone()).or_default().add(&contribution, correlation);
        self.changed.insert(key.clone());
        self.stats.runs_dropped += effect.runs_dropped;
        self.stats.window_entries_dropped += effect.entries_dropped;
        Some(EffectLeft { fired: effect.fired, fired_now: effect.fired_now, gone: effect.gone })
    }

    fn run(&self, key: &Key, opened: EventId) -> Option<&Run> {
        self.groups.get(&(key.tenant.clone(), key.rule))?.get(&key.group)?.get(opened)
    }

    /// A run that was to be reported and is gone by now is reported as it was.
    fn report_gone(
        &self,
        rules: &RuleSet,
        key: &Key,
        gone: impl IntoIterator<Item = Run>,
        reports: &mut Reports,
    ) {
        for run in gone {
            if let Some(row) = reports.pending.remove(&(key.clone(), run.opened)) {
                reports.done.extend(described(rules, key, &run).map(|found| (row, key.rule, found)));
            }
        }
    }

    /// Law LIMIT: keeps the groups of one tenant and rule below their limit. First those go whose runs would
    /// be forgotten anyway, then those furthest from firing; each is counted.
    fn make_room(&mut self, rules: &RuleSet, key: &Key, seen: Timestamp, reports: &mut Reports) {
        let place = (key.tenant.clone(), key.rule);
        let Some(correlation) = rules.rules.get(key.rule).and_then(Rule::correlation) else { return };
        let Some(groups) = self.groups.get_mut(&place) else { return };
        let keys_max = self.limits.keys_per_rule_max.max(EVICTED_ONE_IN);
        if groups.len() <= keys_max {
            return;
        }
        let resting = seen.micros().saturating_sub(correlation.run_gap_micros);
        let mut candidates: Vec<(u8, i64, Vec<String>)> = groups
            .iter()
            .map(|(group, runs)| {
                let rank = match () {
                    () if runs.rest_since(resting) => 0,
                    () if runs.is_near(correlation.threshold) => 3,
                    () if runs.has_fired() => 2,
                    () => 1,
                };
                (rank, runs.touched(), group.clone())
            })
            .collect();
        candidates.sort_unstable();
        let surplus = groups.len() - (keys_max - keys_max / EVICTED_ONE_IN);
        let mut gone = Vec::new();
        for (number, (rank, _, group)) in candidates.into_iter().enumerate() {
            if rank > 0 && number >= surplus {
                break;
            }
            let key = Key { group, ..key.clone() };
            gone.extend(groups.remove(&key.group).map(|runs| (key.clone(), runs)));
            self.changed.insert(key);
            match rank {
                0 => self.stats.keys_expired += 1,
                3 => self.stats.keys_evicted_near_threshold += 1,
                _ => self.stats.keys_evicted += 1,
            }
        }
        for (key, runs) in gone {
            self.report_gone(rules, &key, runs.into_fired(), reports);
        }
    }

    /// What is to be reported, in the order of rows, then of rules.
    pub(crate) fn finish(&self, rules: &RuleSet, reports: Reports) -> Vec<(usize, usize, Match)> {
        let mut done = reports.done;
        for ((key, opened), row) in reports.pending {
            let found = self.run(&key, opened).and_then(|run| described(rules, &key, run));
            done.extend(found.map(|found| (row, key.rule, found)));
        }
        done.sort_by(|left, right| {
            (left.0, left.1, left.2.run, &left.2.group).cmp(&(right.0, right.1, right.2.run, &right.2.group))
        });
        done
    }

    /// What changed since the last call, in the order of the keys.
    pub(crate) fn take_changes(&mut self, rules: &RuleSet) -> Vec<StateChange> {
        let changed = std::mem::take(&mut self.changed);
        let stored = |key: &Key| {
            let runs = self.groups.get(&(key.tenant.clone(), key.rule))?.get(&key.group)?;
            serde_json::to_vec(runs).ok()
        };
        changed.iter().map(|key| StateChange { key: key.to_bytes(rules), value: stored(key) }).collect()
    }

    pub(crate) fn restore(&mut self, rules: &RuleSet, entries: Vec<(Vec<u8>, Vec<u8>)>) {
        let reader = KeyReader::new(rules);
        for (key, value) in entries {
            match (reader.read(&key), serde_json::from_slice::<Runs>(&value)) {
                (Some(key), Ok(runs)) => {
                    self.groups.entry((key.tenant, key.rule)).or_default().insert(key.group, runs);
                }
                _ => self.stats.entries_not_restored += 1,
            }
        }
    }
}

/// [`Effect`] without what is counted already.
struct EffectLeft {
    fired: Option<EventId>,
    fired_now: bool,
    gone: Vec<Run>,
}

/// The values of the group-by fields; `None` when one is missing.
fn group_of(
    correlation: &CorrelationRule,
    position: usize,
    row: EventRow<'_>,
    by: Trigger<'_>,
) -> Option<Vec<String>> {
    correlation.group_by.iter().map(|field| value_of(field.fields.get(position)?, row, by)).collect()
}

/// The value of a field: of the correlation that triggered, by its group; else of the event.
fn value_of(field: &str, row: EventRow<'_>, by: Trigger<'_>) -> Option<String> {
    let grouped = by.group.iter().find(|(name, _)| name == field).map(|(_, value)| value.clone());
    grouped.or_else(|| fields::value(row, field).map(|value| shortened(&value).into_owned()))
}

fn named_group(correlation: &CorrelationRule, key: &Key) -> Vec<(String, String)> {
    correlation.group_by.iter().map(|field| field.name.clone()).zip(key.group.iter().cloned()).collect()
}

/// The run as a match; row, event and time are those of its last trigger and are set by the detector.
fn described(rules: &RuleSet, key: &Key, run: &Run) -> Option<Match> {
    let rule = rules.rules.get(key.rule)?;
    if !rule.reports {
        return None;
    }
    Some(Match {
        rule: Arc::clone(&rule.reference),
        tenant: key.tenant.clone(),
        row: 0,
        event: run.opened,
        time: Timestamp::from_micros(run.last),
        run: run.opened,
        group: named_group(rule.correlation()?, key),
        evidence: run.evidence.ids(),
        evidence_total: run.total,
        count: run.count,
        first: Timestamp::from_micros(run.first),
        last: Timestamp::from_micros(run.last),
        values: run.values.iter().map(|(name, values)| (name.clone(), values.named_set())).collect(),
    })
}
