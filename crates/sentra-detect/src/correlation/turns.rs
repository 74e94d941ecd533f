//! What is decided in the order of event time: how it waits, and when its turn comes.

use super::groups::{Cell, Full, State};
use super::ordered::{GROUP_ENTRIES_MAX, Hit, Item, Ordered, Turn};
use super::pass::{Pass, Trigger};
use super::report::{Last, named_group};
use super::rule::CorrelationRule;
use super::run::Contribution;
use crate::ruleset::Rule;

impl<'a> Pass<'a> {
    pub(super) fn add_in_order(
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
        if !ordered.push(entry.place, Item::new(entry.content, *seen, values, *absorbed), rule) {
            return;
        }
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
    pub(super) fn take_turns(&mut self) {
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
        let seen = run.touched;
        self.reports.pending.insert(key, last);
        if !rule.referred {
            return;
        }
        let named = named_group(rule, group);
        self.trigger(Trigger {
            rule: index,
            time: hit.time,
            id: hit.event,
            seen,
            weight: hit.weight,
            last,
            row: None,
            values: &[],
            group: &named,
            fired: Some(&hit.grown),
        });
    }
}
