//! The state of YARA-L rules: events that wait for company, windows that fired, what is suppressed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use hashbrown::HashMap;
use sentra_model::{EventId, EventRow, TenantId, Timestamp};

use super::accept::{accept, shortened};
use super::gather::{Span, evaluate};
use super::join::Record;
use super::report::described;
use super::rule::{Matching, YaralRule};
use super::rules::YaralRules;
use super::windows::{Place, Records};
use crate::detector::StateChange;
use crate::matched::{Match, VALUE_COLUMNS};

mod firing;
mod store;

pub(crate) use firing::Episode;

/// Most rows of an event that are told apart by group.
const GROUPS_PER_EVENT_MAX: usize = 64;
/// Part of the groups that goes when a rule has too many: one in so many.
const EVICTED_ONE_IN: usize = 10;

/// Limits of the state (law LIMIT).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct YaralLimits {
    /// Most groups that one rule keeps for one tenant. When there are more, a tenth goes, those with the fewest
    /// events first.
    pub(crate) groups_per_rule_max: usize,
    /// Most events of one group; the earliest go first.
    pub(crate) events_per_group_max: usize,
}

impl Default for YaralLimits {
    fn default() -> Self {
        Self { groups_per_rule_max: 100_000, events_per_group_max: 4_096 }
    }
}

/// What the state holds and what it had to let go (law LOSS).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct YaralStats {
    pub(crate) groups: u64,
    pub(crate) events: u64,
    /// Events before the watermark, which could not be counted any more.
    pub(crate) events_too_late: u64,
    /// Events of groups that were full.
    pub(crate) events_dropped: u64,
    /// Events of which not every combination of repeated values could be kept.
    pub(crate) events_cut: u64,
    /// Windows of which not every combination of events could be tried.
    pub(crate) windows_cut: u64,
    /// Groups that went for lack of room, and of these those with more than one event.
    pub(crate) groups_evicted: u64,
    pub(crate) groups_evicted_with_progress: u64,
    /// Fired windows that were forgotten for lack of room.
    pub(crate) episodes_dropped: u64,
    /// Suppression windows that were forgotten for lack of room before they were over.
    pub(crate) suppressions_dropped: u64,
    /// Matches that `suppression_window` kept back.
    pub(crate) suppressed: u64,
    /// Stored entries of rules that are gone or changed.
    pub(crate) entries_not_restored: u64,
}

/// Events that have the values in common that every match of the rule has in common.
#[derive(Debug, Default)]
struct Group {
    records: Records,
    episodes: Vec<Episode>,
    /// When it must be looked at next.
    due: i64,
}

/// Which state: tenant (law TENANT), rule and common values; or, with a mark, what is suppressed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct StateKey {
    tenant: TenantId,
    rule: usize,
    suppression: bool,
    values: Vec<String>,
}

type Groups = HashMap<Vec<String>, Group, foldhash::fast::RandomState>;

/// State of all YARA-L rules, by tenant and rule.
#[derive(Debug, Default)]
pub(crate) struct YaralState {
    rules: Arc<YaralRules>,
    limits: YaralLimits,
    groups: HashMap<(TenantId, usize), Groups>,
    /// Per suppression key, the number of the suppression window that is spent.
    suppressed: BTreeMap<StateKey, i64>,
    watermarks: HashMap<TenantId, i64>,
    due: BTreeMap<TenantId, BTreeSet<(i64, usize, Vec<String>)>>,
    changed: BTreeSet<StateKey>,
    /// Changes under rules that were replaced since.
    changes_before: Vec<StateChange>,
    /// Matches that are told at the next `finish`: group, combination, opening event; and the row.
    pending: BTreeMap<(StateKey, Vec<String>, EventId), usize>,
    ready: Vec<Match>,
    stats: YaralStats,
}

impl YaralState {
    pub(crate) fn new(rules: Arc<YaralRules>, limits: YaralLimits) -> Self {
        Self { rules, limits, ..Self::default() }
    }

    pub(crate) fn stats(&self) -> YaralStats {
        let groups = self.groups.values().map(|groups| groups.len() as u64).sum();
        let events =
            self.groups.values().flat_map(HashMap::values).map(|group| group.records.len() as u64).sum();
        YaralStats { groups, events, ..self.stats }
    }

    /// Tries `row` for event variable `variable` of rule `rule`: a candidate, that is an event that fulfils the
    /// variable's prefilter.
    pub(crate) fn take(&mut self, tenant: &TenantId, row: EventRow<'_>, rule: usize, variable: usize) {
        let rules = Arc::clone(&self.rules);
        let Some(found) = rules.rules.get(rule) else { return };
        let Some(plan) = found.variables.get(variable) else { return };
        let accepted = accept(plan, variable, found.placeholders.len(), row);
        self.stats.events_cut += u64::from(accepted.cut);
        if accepted.rows.is_empty() {
            return;
        }
        let columns = VALUE_COLUMNS
            .iter()
            .zip(0_u8..)
            .filter_map(|(name, number)| Some((number, shortened(row.text(name)?).to_owned())))
            .collect();
        let record = Record {
            id: row.id(),
            time: row.time().micros(),
            count: row.count(),
            variable,
            rows: accepted.rows,
            columns,
        };
        match &found.matching {
            None => self.single(tenant, rule, found, &record, row.index()),
            Some(matching) => {
                for (values, record) in self.split(plan.keys.as_slice(), record) {
                    let key = StateKey { tenant: tenant.clone(), rule, suppression: false, values };
                    self.add(found, matching, key, record, row.index());
                }
            }
        }
    }

    /// A rule without match section: the event is all there is.
    fn single(&mut self, tenant: &TenantId, rule: usize, found: &YaralRule, record: &Record, row: usize) {
        let span = Span { start: record.time, end: record.time.saturating_add(1), pivot: None };
        let (detections, cut) = evaluate(found, &[record], span);
        self.stats.windows_cut += u64::from(cut);
        for detection in detections {
            let value = found.suppression_key.and_then(|number| detection.outcomes.get(number));
            let values = value.map(|value| value.to_text().into_owned()).into_iter().collect();
            let key = StateKey { tenant: tenant.clone(), rule, suppression: true, values };
            if self.is_suppressed(found, key, record.time) {
                continue;
            }
            self.ready.push(described(found, tenant, &detection, record.id, row));
        }
    }

    /// Divides the rows of a record by the values of `keys`.
    fn split(&mut self, keys: &[super::term::Ex], record: Record) -> BTreeMap<Vec<String>, Record> {
        let mut divided: BTreeMap<Vec<String>, Record> = BTreeMap::new();
        let Record { id, time, count, variable, rows, columns } = record;
        for row in rows {
            let scope = KeyScope(&row);
            let values = keys.iter().map(|key| key.value(&scope).to_text().into_owned()).collect();
            if divided.len() >= GROUPS_PER_EVENT_MAX && !divided.contains_key(&values) {
                self.stats.events_cut += 1;
                continue;
            }
            let empty = || Record { id, time, count, variable, rows: Vec::new(), columns: columns.clone() };
            divided.entry(values).or_insert_with(empty).rows.push(row);
        }
        divided
    }

    fn add(&mut self, rule: &YaralRule, matching: &Matching, key: StateKey, record: Record, row: usize) {
        let watermark = self.watermarks.get(&key.tenant).copied().unwrap_or(i64::MIN);
        let done = matching.done_at(&record);
        if done <= watermark || (!rule.grows && record.time < watermark) {
            self.stats.events_too_late += 1;
            return;
        }
        let (id, time) = (record.id, record.time);
        let groups = self.groups.entry((key.tenant.clone(), key.rule)).or_default();
        let is_new = !groups.contains_key(&key.values);
        let group =
            groups.entry(key.values.clone()).or_insert_with(|| Group { due: i64::MAX, ..Group::default() });
        group.records.insert((time, id, record.variable), record);
        if group.records.len() > self.limits.events_per_group_max {
            group.records.pop_first();
            self.stats.events_dropped += 1;
        }
        let was_due = group.due;
        group.due = was_due.min(done);
        if group.due < was_due {
            let due = (group.due, key.rule, key.values.clone());
            self.due.entry(key.tenant.clone()).or_default().insert(due);
        }
        self.changed.insert(key.clone());
        if rule.grows {
            self.fire(rule, matching, &key, (time, id), row);
        }
        if is_new {
            self.make_room(&key);
        }
    }

    fn group(&self, key: &StateKey) -> Option<&Group> {
        self.groups.get(&(key.tenant.clone(), key.rule))?.get(&key.values)
    }

    /// Nothing earlier than `watermark` is to be expected for `tenant` any more: windows that end by then are
    /// decided and forgotten.
    pub(crate) fn advance(&mut self, tenant: &TenantId, watermark: Timestamp) {
        let watermark = watermark.micros();
        let known = self.watermarks.entry(tenant.clone()).or_insert(i64::MIN);
        if *known >= watermark {
            return;
        }
        *known = watermark;
        let rules = Arc::clone(&self.rules);
        while let Some((due, rule, values)) = self.next_due(tenant, watermark) {
            let key = StateKey { tenant: tenant.clone(), rule, suppression: false, values };
            let Some(group) = self.group(&key) else { continue };
            let Some(found) = rules.rules.get(rule) else { continue };
            let Some(matching) = &found.matching else { continue };
            if group.due != due {
                continue;
            }
            if !found.grows {
                for span in matching.ended(&group.records, watermark) {
                    self.decide(found, matching, &key, span, None);
                }
            }
            // What is to be told is told while its events are still there.
            self.tell(Some(&key));
            self.forget(matching, &key, watermark);
        }
    }

    fn next_due(&mut self, tenant: &TenantId, watermark: i64) -> Option<(i64, usize, Vec<String>)> {
        let due = self.due.get_mut(tenant)?;
        if due.first()?.0 > watermark {
            return None;
        }
        due.pop_first()
    }

    /// Drops what no window can ask for any more.
    fn forget(&mut self, matching: &Matching, key: &StateKey, watermark: i64) {
        let Some(groups) = self.groups.get_mut(&(key.tenant.clone(), key.rule)) else { return };
        let Some(group) = groups.get_mut(&key.values) else { return };
        group.records.retain(|_, record| matching.done_at(record) > watermark);
        let done = |episode: &Episode| matching.told_until(episode.end);
        group.episodes.retain(|episode| done(episode) > watermark);
        self.changed.insert(key.clone());
        let next = group.records.values().map(|record| matching.done_at(record)).min();
        let next = next.into_iter().chain(group.episodes.iter().map(done)).min();
        match next {
            None => {
                groups.remove(&key.values);
            }
            Some(due) => {
                group.due = due;
                self.due.entry(key.tenant.clone()).or_default().insert((due, key.rule, key.values.clone()));
            }
        }
    }

    fn make_room(&mut self, key: &StateKey) {
        let Some(groups) = self.groups.get_mut(&(key.tenant.clone(), key.rule)) else { return };
        let most = self.limits.groups_per_rule_max;
        if groups.len() <= most {
            return;
        }
        let mut ranked: Vec<(usize, i64, Vec<String>)> = groups
            .iter()
            .filter(|(values, _)| **values != key.values)
            .map(|(values, group)| {
                let latest = group.records.last_key_value().map_or(i64::MIN, |((time, ..), _)| *time);
                (group.records.len(), latest, values.clone())
            })
            .collect();
        ranked.sort_unstable();
        for (events, _, values) in ranked.into_iter().take(groups.len() - (most - most / EVICTED_ONE_IN)) {
            groups.remove(&values);
            self.stats.groups_evicted += 1;
            self.stats.groups_evicted_with_progress += u64::from(events > 1);
            self.changed.insert(StateKey { values, ..key.clone() });
        }
    }

    /// The matches since the last call.
    pub(crate) fn finish(&mut self) -> Vec<Match> {
        self.tell(None);
        std::mem::take(&mut self.ready)
    }
}

impl Group {
    fn inside(&self, span: Span) -> Vec<&Record> {
        let first: Place = (span.start, EventId::raw(0, 0), 0);
        let last: Place = (span.end, EventId::raw(0, 0), 0);
        if last < first {
            return Vec::new();
        }
        self.records.range(first..last).map(|(_, record)| record).collect()
    }
}

struct KeyScope<'a>(&'a super::accept::Row);

impl super::term::Scope for KeyScope<'_> {
    fn slot(&self, slot: super::term::SlotId) -> super::value::Value {
        self.0.values.get(slot.slot).cloned().unwrap_or_default()
    }

    fn placeholder(&self, number: usize) -> super::value::Value {
        self.0.given.get(number).cloned().flatten().unwrap_or_default()
    }
}
