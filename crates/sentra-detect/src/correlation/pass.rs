//! What one batch, or the passing of time, does to the state of a tenant.

use std::borrow::Cow;

use sentra_model::{EventBatch, EventId, EventRow, TenantId, Timestamp};

use crate::detector::{DetectorLimits, DetectorStats};
use crate::matched::{Match, VALUE_COLUMNS};
use crate::ruleset::{Rule, RuleSet};
use crate::stream::Place;

use super::codec::put_text;
use super::distinct::{shortened, wide_digest};
use super::groups::{Cell, Full, State};
use super::number::read_number;
use super::packed;
use super::reader::BatchReader;
use super::report::{Last, Reports, described, named_group, pressure};
use super::rule::{CorrelationKind, CorrelationRule};
use super::run::{Contribution, Effect, Run, Runs};
use super::state::Tenant;
use super::tally::{Content, Entry};

/// Microseconds in the hour for which pressure is reported once.
const PRESSURE_MICROS: i64 = 3_600 * 1_000_000;

/// A match of a rule that correlations refer to.
#[derive(Clone, Copy)]
pub(super) struct Trigger<'t, 'a> {
    /// Index of the rule.
    pub(super) rule: usize,
    pub(super) time: i64,
    pub(super) id: EventId,
    /// When it arrived (µs).
    pub(super) seen: i64,
    pub(super) weight: u64,
    pub(super) last: Last,
    pub(super) row: Option<EventRow<'a>>,
    /// Of the event: the columns that matches show.
    pub(super) values: &'t [(&'t str, &'t str)],
    /// For a correlation: its group, and what its run rests on where that is more than this event.
    pub(super) group: &'t [(String, String)],
    pub(super) fired: Option<&'t Run>,
}

/// One pass. Law IDENTITY: everything is decided row by row, so that it does not matter how they are cut.
pub(crate) struct Pass<'a> {
    pub(super) rules: &'a RuleSet,
    name: &'a TenantId,
    pub(super) tenant: &'a mut Tenant,
    pub(super) stats: &'a mut DetectorStats,
    pub(super) limits: DetectorLimits,
    reader: Option<BatchReader<'a>>,
    pub(super) reports: Reports,
    /// Room for the group's bytes and for values, used again and again.
    group: Vec<u8>,
    values: Vec<(&'a str, &'a str)>,
}

impl<'a> Pass<'a> {
    pub(super) fn new(
        rules: &'a RuleSet,
        name: &'a TenantId,
        tenant: &'a mut Tenant,
        stats: &'a mut DetectorStats,
        limits: DetectorLimits,
        batch: Option<&'a EventBatch>,
    ) -> Self {
        Self {
            rules,
            name,
            tenant,
            stats,
            limits,
            reader: batch.map(BatchReader::new),
            reports: Reports::default(),
            group: Vec::new(),
            values: Vec::new(),
        }
    }

    /// Takes note of a row's time, matched or not, and decides what it makes due.
    pub(crate) fn observe(&mut self, row: EventRow<'_>) {
        if self.tenant.watermark.observe(row.time().micros(), row.seen().micros()) {
            self.tenant.clock_changed = true;
            self.take_turns();
        }
    }

    /// Says that event time has come to `time`, and decides what that makes due.
    pub(crate) fn advance(&mut self, time: Timestamp) {
        if self.tenant.watermark.advance(time.micros()) {
            self.tenant.clock_changed = true;
            self.take_turns();
        }
    }

    /// Counts a match of the single-event rule `rule` on `row`.
    pub(crate) fn count(&mut self, row: EventRow<'a>, rule: usize) {
        let mut values = std::mem::take(&mut self.values);
        if let Some(reader) = &self.reader {
            reader.put_values(row.index(), &mut values);
        }
        self.trigger(Trigger {
            rule,
            time: row.time().micros(),
            id: row.id(),
            seen: row.seen().micros(),
            weight: u64::from(row.count()),
            last: Last::Row(row.index()),
            row: Some(row),
            values: &values,
            group: &[],
            fired: None,
        });
        self.values = values;
    }

    /// Correlations can only refer to rules before them, so this ends.
    pub(super) fn trigger(&mut self, by: Trigger<'_, 'a>) {
        let rules = self.rules;
        let referrers = rules.rules.get(by.rule).map(|rule| rule.referred_by.as_slice()).unwrap_or_default();
        for index in referrers {
            let Some(rule) = rules.rules.get(*index).and_then(Rule::correlation) else { continue };
            let Some(position) = rule.rules.iter().position(|referred| *referred == by.rule) else {
                continue;
            };
            let mut group = std::mem::take(&mut self.group);
            group.clear();
            let counted = rule.counted().and_then(|counted| counted.fields.get(position));
            let value = counted.map(|field| value_of(self.reader.as_ref(), field, by));
            let content = match &value {
                Some(value) => value.as_deref().and_then(|value| content_of(rule, value)),
                None => Some(Content { what: 0, number: 0, rule: 0, weight: 0 }),
            };
            match content {
                Some(content) if self.put_group(&mut group, rule, position, by) => {
                    let place_of_rule = rule.places.get(position).copied().unwrap_or_default();
                    let part = u32::from(place_of_rule) << 16;
                    let entry = Entry {
                        place: Place { time: by.time, id: by.id, part },
                        content: Content { rule: place_of_rule, weight: by.weight, ..content },
                    };
                    self.contribute(*index, rule, &group, entry, value.flatten().as_deref(), by);
                }
                _ => self.stats.events_without_group += 1,
            }
            self.group = group;
        }
    }

    /// The bytes of the group; `false` when a group-by field is missing.
    fn put_group(
        &self,
        group: &mut Vec<u8>,
        rule: &CorrelationRule,
        position: usize,
        by: Trigger<'_, 'a>,
    ) -> bool {
        rule.group_by.iter().all(|field| {
            let value =
                field.fields.get(position).and_then(|field| value_of(self.reader.as_ref(), field, by));
            value.map(|value| put_text(group, &value)).is_some()
        })
    }

    fn contribute(
        &mut self,
        index: usize,
        rule: &CorrelationRule,
        group: &[u8],
        entry: Entry,
        counted: Option<&str>,
        by: Trigger<'_, 'a>,
    ) {
        let mut with_counted = Vec::new();
        let mut values = by.values;
        let name = rule.counted().map(|counted| counted.name.as_str());
        if let Some((name, value)) = name.zip(counted).filter(|(name, _)| !VALUE_COLUMNS.contains(name)) {
            with_counted.extend_from_slice(by.values);
            with_counted.push((name, value));
            values = &with_counted;
        }
        let contribution = Contribution { entry, seen: by.seen, values, absorbed: by.fired };
        if rule.at_once {
            self.add_at_once(index, rule, group, &contribution, by);
        } else {
            self.add_in_order(index, rule, group, &contribution, by);
        }
    }

    /// The group's number; a new one is made where there is room. `None` when it is refused.
    pub(super) fn group_number(
        &mut self,
        index: usize,
        rule: &CorrelationRule,
        group: &[u8],
        by: Trigger<'_, 'a>,
        new: impl FnOnce(&[u8]) -> Cell,
    ) -> Option<(u32, bool)> {
        if let Some(number) = self.tenant.groups.get(&index).and_then(|groups| groups.find(group)) {
            return Some((number, false));
        }
        if !self.make_room(index, rule, by.seen) {
            self.stats.keys_refused += 1;
            self.report_pressure(index, by.time, by.seen, by.id, by.last);
            return None;
        }
        let groups = self.tenant.groups.entry(index).or_default();
        Some((groups.insert(new(group), false), true))
    }

    fn add_at_once(
        &mut self,
        index: usize,
        rule: &CorrelationRule,
        group: &[u8],
        contribution: &Contribution<'_>,
        by: Trigger<'_, 'a>,
    ) {
        let evicted = self.stats.keys_evicted;
        let number = self.group_number(index, rule, group, by, |group| {
            let mut bytes = packed::begin(group);
            if packed::can_begin(contribution, rule)
                && packed::put_event(&mut bytes, group, contribution, rule)
            {
                return Cell::Packed(bytes.into());
            }
            Cell::Full(Box::new(Full { group: group.into(), state: State::Runs(Runs::default()) }))
        });
        if self.stats.keys_evicted > evicted {
            self.report_pressure(index, by.time, by.seen, by.id, by.last);
        }
        let Some((number, is_new)) = number else { return };
        let Some(cell) = self.tenant.groups.get_mut(&index).and_then(|groups| groups.cell_mut(number)) else {
            return;
        };
        if let Some(effect) = added(cell, is_new, group, contribution, rule) {
            self.follow(index, rule, group, effect, by);
        }
    }

    /// What follows from what an event did to a group.
    fn follow(
        &mut self,
        index: usize,
        rule: &CorrelationRule,
        group: &[u8],
        effect: Effect,
        by: Trigger<'_, 'a>,
    ) {
        self.stats.runs_dropped += effect.runs_dropped;
        self.stats.window_entries_dropped += effect.entries_dropped;
        self.report_gone(index, group, effect.gone);
        let Some(opened) = effect.fired else { return };
        self.reports.pending.insert((index, group.into(), opened), by.last);
        let is_referred = self.rules.rules.get(index).is_some_and(|rule| !rule.referred_by.is_empty());
        if !is_referred {
            return;
        }
        let run = effect.fired_now.then(|| self.handed_over(index, rule, group, opened)).flatten();
        let named = named_group(rule, group);
        self.trigger(Trigger { rule: index, group: &named, fired: run.as_ref(), ..by });
    }

    /// The run of a rule that fires at once, as others take it over.
    fn handed_over(
        &mut self,
        index: usize,
        rule: &CorrelationRule,
        group: &[u8],
        opened: EventId,
    ) -> Option<Run> {
        let groups = self.tenant.groups.get_mut(&index)?;
        let number = groups.find(group)?;
        let Cell::Full(full) = groups.cell_mut(number)? else { return None };
        match &mut full.state {
            State::Runs(runs) => Some(runs.get_mut(opened)?.handed_over(rule)),
            State::Ordered(_) => None,
        }
    }

    fn run(&self, index: usize, group: &[u8], opened: EventId) -> Option<&Run> {
        let groups = self.tenant.groups.get(&index)?;
        let Cell::Full(full) = groups.cell(groups.find(group)?)? else { return None };
        match &full.state {
            State::Runs(runs) => runs.get(opened),
            State::Ordered(ordered) => ordered.run().filter(|run| run.opened == opened),
        }
    }

    /// A run that was to be reported and is gone by now is reported as it was.
    pub(super) fn report_gone(&mut self, index: usize, group: &[u8], gone: impl IntoIterator<Item = Run>) {
        for run in gone {
            if let Some(last) = self.reports.pending.remove(&(index, Box::from(group), run.opened)) {
                let found = described(self.rules, self.name, index, group, &run, last);
                self.reports.done.extend(found.map(|found| (last.row(), index, found)));
            }
        }
    }

    /// Law LOSS: says that the state of a rule is full, once per hour of event time.
    pub(super) fn report_pressure(&mut self, index: usize, time: i64, seen: i64, id: EventId, last: Last) {
        let hour = time.min(seen).div_euclid(PRESSURE_MICROS);
        if self.tenant.pressure.get(&index).is_some_and(|known| *known >= hour) {
            return;
        }
        self.tenant.pressure.insert(index, hour);
        self.tenant.clock_changed = true;
        if let Some(rule) = self.rules.rules.get(index) {
            let found = pressure(&rule.reference, self.name, last.row(), id, Timestamp::from_micros(time));
            self.reports.done.push((last.row(), index, found));
        }
    }

    /// What is to be reported, in the order of rows, then of rules; what the watermark decided comes last.
    pub(crate) fn finish(mut self) -> Vec<(usize, usize, Match)> {
        let pending = std::mem::take(&mut self.reports.pending);
        let mut done = std::mem::take(&mut self.reports.done);
        for ((index, group, opened), last) in pending {
            let run = self.run(index, &group, opened);
            let found = run.and_then(|run| described(self.rules, self.name, index, &group, run, last));
            done.extend(found.map(|found| (last.row(), index, found)));
        }
        done.sort_by(|left, right| {
            let key = |(row, rule, found): &(usize, usize, Match)| (*row, *rule, found.time, found.run);
            key(left).cmp(&key(right)).then_with(|| left.2.group.cmp(&right.2.group))
        });
        done
    }
}

/// The value of a field: of the correlation that triggered, by its group; else of the event; of what was
/// decided without one, the value that all its events share.
fn value_of<'t, 'a: 't>(
    reader: Option<&BatchReader<'a>>,
    field: &str,
    by: Trigger<'t, 'a>,
) -> Option<Cow<'t, str>> {
    if let Some((_, value)) = by.group.iter().find(|(name, _)| name == field) {
        return Some(Cow::Borrowed(value));
    }
    let Some(row) = by.row else {
        let shared = by.fired.and_then(|run| run.values.get(field)).and_then(|values| values.only());
        return shared.map(Cow::Borrowed);
    };
    reader?.value(row, field).map(|value| {
        let short = match shortened(&value) {
            Cow::Borrowed(_) => None,
            Cow::Owned(short) => Some(short),
        };
        short.map_or(value, Cow::Owned)
    })
}

/// What a counted value brings; `None` when it is no number where one is needed.
fn content_of(rule: &CorrelationRule, value: &str) -> Option<Content> {
    let content = Content { what: 0, number: 0, rule: 0, weight: 0 };
    match rule.kind {
        CorrelationKind::Number { .. } => Some(Content { number: read_number(value)?, ..content }),
        _ => Some(Content { what: wide_digest(value), ..content }),
    }
}

/// Adds an event to a group of a rule that fires at once. `None` where it changed nothing that others see.
fn added(
    cell: &mut Cell,
    is_new: bool,
    group: &[u8],
    contribution: &Contribution<'_>,
    rule: &CorrelationRule,
) -> Option<Effect> {
    if let Cell::Packed(bytes) = cell {
        if is_new {
            return None;
        }
        if packed::is_known(bytes, contribution, rule) {
            return None;
        }
        if packed::can_take(bytes, contribution, rule) {
            let mut more = Vec::with_capacity(bytes.len() + 64);
            more.extend_from_slice(bytes);
            if packed::put_event(&mut more, group, contribution, rule) {
                *bytes = more.into();
                return None;
            }
        }
        let runs = packed::unpack(bytes, rule);
        *cell = Cell::Full(Box::new(Full { group: group.into(), state: State::Runs(runs) }));
    }
    match cell {
        Cell::Full(full) => match &mut full.state {
            State::Runs(runs) => Some(runs.add(contribution, rule)),
            State::Ordered(_) => None,
        },
        Cell::Packed(_) => None,
    }
}
