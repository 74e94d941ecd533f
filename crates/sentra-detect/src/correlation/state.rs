//! The state of all correlations: by tenant, rule and group.

use std::collections::BTreeSet;

use hashbrown::HashMap;
use sentra_model::{EventBatch, TenantId};
use serde::{Deserialize, Serialize};

use crate::detector::{DetectorLimits, DetectorStats, StateChange};
use crate::ruleset::{Rule, RuleSet};
use crate::stream::Watermark;

use super::groups::{Cell, Full, Groups, State};
use super::key::{Key, KeyReader, clock_key, group_key};
use super::packed;
use super::pass::Pass;

/// State of all correlation rules.
#[derive(Debug, Default)]
pub(crate) struct Correlations {
    tenants: HashMap<TenantId, Tenant>,
    stats: DetectorStats,
    limits: DetectorLimits,
    /// Keys of stored state that a change of the rules made useless.
    deleted: Vec<Vec<u8>>,
}

/// State of one tenant (law TENANT).
#[derive(Debug, Default)]
pub(crate) struct Tenant {
    pub(crate) watermark: Watermark,
    /// The clock changed since changes were taken.
    pub(crate) clock_changed: bool,
    /// By index of the rule.
    pub(crate) groups: HashMap<usize, Groups>,
    /// Whose turn comes when: time (µs), index of the rule, group.
    pub(crate) turns: BTreeSet<Turn>,
    /// By index of the rule, the last hour of event time in which pressure was reported.
    pub(crate) pressure: HashMap<usize, i64>,
}

/// A turn: time (µs), index of the rule, group. A correlation stands behind those it refers to, so that at
/// one time they come first.
pub(crate) type Turn = (i64, usize, Box<[u8]>);

/// A tenant's clock as it is stored.
#[derive(Debug, Serialize, Deserialize)]
struct StoredClock {
    watermark: Watermark,
    /// Rule, its digest, and the hour in which pressure was reported.
    pressure: Vec<(String, u64, i64)>,
}

/// First byte of stored state: bytes of [`packed`], or JSON.
const PACKED: u8 = b'P';
const JSON: u8 = b'J';

impl Correlations {
    pub(crate) fn new(limits: DetectorLimits) -> Self {
        Self { limits, ..Self::default() }
    }

    pub(crate) fn stats(&self) -> DetectorStats {
        let groups = self.tenants.values().flat_map(|tenant| tenant.groups.values());
        let (keys, entries) =
            groups.fold((0, 0), |(keys, entries), groups| (keys + groups.len(), entries + groups.entries));
        DetectorStats { keys: keys as u64, entries_waiting: entries as u64, ..self.stats }
    }

    /// A pass over a batch, or only over time.
    pub(crate) fn pass<'a>(
        &'a mut self,
        rules: &'a RuleSet,
        tenant: &'a TenantId,
        batch: Option<&'a EventBatch>,
    ) -> Pass<'a> {
        let state = self.tenants.entry(tenant.clone()).or_default();
        Pass::new(rules, tenant, state, &mut self.stats, self.limits, batch)
    }

    /// What changed since the last call, in the order of the keys.
    pub(crate) fn take_changes(&mut self, rules: &RuleSet) -> Vec<StateChange> {
        let deleted = std::mem::take(&mut self.deleted);
        let mut changes: Vec<StateChange> =
            deleted.into_iter().map(|key| StateChange { key, value: None }).collect();
        for (name, tenant) in &mut self.tenants {
            for (index, groups) in &mut tenant.groups {
                groups.take_changes(|group, cell| {
                    let value = cell.and_then(stored_cell);
                    changes.push(StateChange { key: group_key(rules, name, *index, group), value });
                });
            }
            if std::mem::take(&mut tenant.clock_changed) && !tenant.groups.is_empty() {
                let value = serde_json::to_vec(&stored_clock(rules, tenant)).ok();
                changes.push(StateChange { key: clock_key(name), value });
            }
        }
        changes.sort_by(|one, other| one.key.cmp(&other.key));
        changes
    }

    pub(crate) fn restore(&mut self, rules: &RuleSet, entries: Vec<(Vec<u8>, Vec<u8>)>) {
        let reader = KeyReader::new(rules);
        for (key, value) in entries {
            if self.restore_one(rules, &reader, &key, &value).is_none() {
                self.stats.entries_not_restored += 1;
            }
        }
    }

    fn restore_one(&mut self, rules: &RuleSet, reader: &KeyReader, key: &[u8], value: &[u8]) -> Option<()> {
        match reader.read(key)? {
            Key::Clock(tenant) => {
                let stored: StoredClock = serde_json::from_slice(value).ok()?;
                let tenant = self.tenants.entry(tenant).or_default();
                tenant.watermark = stored.watermark;
                let known = stored.pressure.into_iter();
                tenant.pressure =
                    known.filter_map(|(id, digest, hour)| Some((reader.rule(&id, digest)?, hour))).collect();
            }
            Key::Group { tenant, rule, group } => {
                let correlation = rules.rules.get(rule).and_then(Rule::correlation)?;
                let cell = restored_cell(value, group, correlation)?;
                self.tenants.entry(tenant).or_default().put(rule, cell, correlation);
            }
        }
        Some(())
    }

    /// Goes on with other rules. The state of every rule that is the same stays; the rest goes, and is counted.
    pub(crate) fn replace_rules(&mut self, old: &RuleSet, new: &RuleSet) {
        let reader = KeyReader::new(new);
        let moved = |index: usize| {
            let rule = old.rules.get(index)?;
            reader.rule(&rule.reference.id, rule.correlation()?.digest)
        };
        for (name, tenant) in &mut self.tenants {
            let mut groups = HashMap::new();
            for (index, of_rule) in std::mem::take(&mut tenant.groups) {
                match moved(index).filter(|index| !groups.contains_key(index)) {
                    Some(index) => drop(groups.insert(index, of_rule)),
                    None => {
                        self.stats.keys_dropped_by_reload += of_rule.len() as u64;
                        let stored = of_rule.stored();
                        self.deleted.extend(stored.iter().map(|group| group_key(old, name, index, group)));
                    }
                }
            }
            let turns = std::mem::take(&mut tenant.turns).into_iter();
            tenant.turns = turns
                .filter_map(|(due, index, group)| {
                    let index = moved(index).filter(|index| groups.contains_key(index))?;
                    Some((due, index, group))
                })
                .collect();
            tenant.groups = groups;
            let pressure = std::mem::take(&mut tenant.pressure).into_iter();
            tenant.pressure = pressure.filter_map(|(index, hour)| Some((moved(index)?, hour))).collect();
            tenant.clock_changed = true;
        }
    }
}

impl Tenant {
    /// Puts a stored group back.
    fn put(&mut self, index: usize, cell: Cell, rule: &super::rule::CorrelationRule) {
        let groups = self.groups.entry(index).or_default();
        let group: Box<[u8]> = cell.group().into();
        if let Some(number) = groups.find(&group) {
            groups.remove(number);
        }
        let number = groups.insert(cell, true);
        if let Some(due) = groups.cell(number).and_then(Cell::ordered).map(|ordered| ordered.next_due(rule)) {
            groups.set_due(number, due);
            groups.entries += groups.cell(number).and_then(Cell::ordered).map_or(0, |ordered| ordered.len());
            self.turns.insert((due, index, group));
        }
    }
}

fn stored_cell(cell: &Cell) -> Option<Vec<u8>> {
    match cell {
        Cell::Packed(bytes) => {
            let (_, events) = packed::split(bytes)?;
            Some([&[PACKED], events].concat())
        }
        Cell::Full(full) => {
            let mut value = vec![JSON];
            serde_json::to_writer(&mut value, &full.state).ok()?;
            Some(value)
        }
    }
}

fn restored_cell(value: &[u8], group: Box<[u8]>, rule: &super::rule::CorrelationRule) -> Option<Cell> {
    let (form, value) = value.split_first()?;
    match *form {
        PACKED if rule.at_once && packed::is_whole(value, rule) => {
            let mut bytes = packed::begin(&group);
            bytes.extend_from_slice(value);
            Some(Cell::Packed(bytes.into()))
        }
        JSON => {
            let state: State = serde_json::from_slice(value).ok()?;
            let is_of_rule = rule.at_once == matches!(state, State::Runs(_));
            is_of_rule.then(|| Cell::Full(Box::new(Full { group, state })))
        }
        _ => None,
    }
}

fn stored_clock(rules: &RuleSet, tenant: &Tenant) -> StoredClock {
    let mut pressure: Vec<(String, u64, i64)> = tenant
        .pressure
        .iter()
        .filter_map(|(index, hour)| {
            let rule = rules.rules.get(*index)?;
            Some((rule.reference.id.clone(), rule.correlation()?.digest, *hour))
        })
        .collect();
    pressure.sort_unstable();
    StoredClock { watermark: tenant.watermark, pressure }
}
