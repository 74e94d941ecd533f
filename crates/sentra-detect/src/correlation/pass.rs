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
use super::ordered::{GROUP_ENTRIES_MAX, Hit, Item, Ordered, Turn};
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
struct Trigger<'t, 'a> {
    /// Index of the rule.
    rule: usize,
    time: i64,
    id: EventId,
    /// When it arrived (µs).
    seen: i64,
    weight: u64,
    last: Last,
    row: Option<EventRow<'a>>,
    /// Of the event: the columns that matches show.
    values: &'t [(&'t str, &'t str)],
    /// For a correlation: its group, and its run if that fired with this event.
    group: &'t [(String, String)],
    fired: Option<&'t Run>,
}

/// One pass. Law IDENTITY: everything is decided row by row, so that it does not matter how they are cut.
pub(crate) struct Pass<'a> {
    rules: &'a RuleSet,
    name: &'a TenantId,
    pub(super) tenant: &'a mut Tenant,
    pub(super) stats: &'a mut DetectorStats,
    pub(super) limits: DetectorLimits,
    reader: Option<BatchReader<'a>>,
    reports: Reports,
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
    fn trigger(&mut self, by: Trigger<'_, 'a>) {
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
    fn group_number(
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
        let run = self.run(index, group, opened).filter(|_| effect.fired_now).cloned();
        let named = named_group(rule, group);
        self.trigger(Trigger { rule: index, group: &named, fired: run.as_ref(), ..by });
    }

    fn add_in_order(
        &mut self,
        index: usize,
        rule: &CorrelationRule,
        group: &[u8],
        contribution: &Contribution<'_>,
        by: Trigger<'_, 'a>,
    ) {
        // What was decided comes in its turn, which is before everything that still waits.
        if by.row.is_some() && by.time < self.tenant.watermark.decided_before(self.limits.lateness_micros) {
            self.stats.events_too_late += 1;
            return;
        }
        let held = self.tenant.groups.get(&index).map_or(0, |groups| groups.entries);
        if held >= self.limits.entries_per_rule_max {
            self.stats.window_entries_dropped += 1;
            self.report_pressure(index, by.time, by.seen, by.id, by.last);
            return;
        }
        let evicted = self.stats.keys_evicted;
        let number = self.group_number(index, rule, group, by, |group| {
            Cell::Full(Box::new(Full { group: group.into(), state: State::Ordered(Box::default()) }))
        });
        if self.stats.keys_evicted > evicted {
            self.report_pressure(index, by.time, by.seen, by.id, by.last);
        }
        let Some((number, _)) = number else { return };
        let Some(groups) = self.tenant.groups.get_mut(&index) else { return };
        let Some(ordered) = groups.cell_mut(number).and_then(Cell::ordered_mut) else { return };
        if ordered.len() >= GROUP_ENTRIES_MAX {
            self.stats.window_entries_dropped += 1;
            self.report_pressure(index, by.time, by.seen, by.id, by.last);
            return;
        }
        let Contribution { entry, seen, values, absorbed } = contribution;
        ordered.push(entry.place, Item::new(entry.content, *seen, values, *absorbed));
        let due = ordered.next_due(rule);
        let before = ordered.due.replace(due);
        groups.entries += 1;
        if before == Some(due) {
            return;
        }
        if let Some(before) = before {
            self.tenant.turns.remove(&(before, index, group.into()));
        }
        self.tenant.turns.insert((due, index, group.into()));
    }

    /// Decides everything that lies before the watermark, in the order of event time.
    fn take_turns(&mut self) {
        let until = self.tenant.watermark.decided_before(self.limits.lateness_micros);
        while self.tenant.turns.first().is_some_and(|(due, ..)| *due < until) {
            let Some((due, index, group)) = self.tenant.turns.pop_first() else { return };
            let Some(rule) = self.rules.rules.get(index).and_then(Rule::correlation) else { continue };
            self.take_turns_of(index, rule, &group, due, until);
        }
    }

    /// The turns of one group, as long as it is the next.
    fn take_turns_of(&mut self, index: usize, rule: &CorrelationRule, group: &[u8], first: i64, until: i64) {
        let mut due = first;
        loop {
            let Some(groups) = self.tenant.groups.get_mut(&index) else { return };
            let Some(number) = groups.find(group) else { return };
            let Some(ordered) = groups.cell_mut(number).and_then(Cell::ordered_mut) else { return };
            if ordered.due != Some(due) {
                return;
            }
            let held = ordered.len();
            let mut gone = Vec::new();
            let turn = ordered.turn(due, rule, &mut gone);
            let (left, next) = (ordered.len(), ordered.next_due(rule));
            ordered.due = Some(next);
            groups.entries = (groups.entries + left).saturating_sub(held);
            self.report_gone(index, group, gone);
            match turn {
                Turn::Nothing => {}
                Turn::Hit(hit) => self.follow_hit(index, rule, group, &hit),
                Turn::Over => {
                    self.stats.keys_expired += 1;
                    if let Some(groups) = self.tenant.groups.get_mut(&index) {
                        groups.entries = groups.entries.saturating_sub(left);
                        groups.remove(number);
                    }
                    return;
                }
            }
            let is_next = self
                .tenant
                .turns
                .first()
                .is_none_or(|(time, rule, other)| (next, index, group) < (*time, *rule, &**other));
            if next >= until || !is_next {
                self.tenant.turns.insert((next, index, group.into()));
                return;
            }
            due = next;
        }
    }

    fn follow_hit(&mut self, index: usize, rule: &CorrelationRule, group: &[u8], hit: &Hit) {
        let number = self.tenant.groups.get(&index).and_then(|groups| groups.find(group));
        let cell = number.and_then(|number| self.tenant.groups.get(&index)?.cell(number));
        let Some(run) = cell.and_then(Cell::ordered).and_then(Ordered::run) else { return };
        let last = Last::Decided(hit.time, hit.event);
        let key = (index, group.into(), run.opened);
        let is_referred = self.rules.rules.get(index).is_some_and(|rule| !rule.referred_by.is_empty());
        let run = is_referred.then(|| run.clone());
        self.reports.pending.insert(key, last);
        let Some(run) = run else { return };
        let named = named_group(rule, group);
        self.trigger(Trigger {
            rule: index,
            time: hit.time,
            id: hit.event,
            seen: run.touched,
            weight: 1,
            last,
            row: None,
            values: &[],
            group: &named,
            fired: Some(&run).filter(|_| hit.fired_now),
        });
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
    fn report_pressure(&mut self, index: usize, time: i64, seen: i64, id: EventId, last: Last) {
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
