//! One plan on its events of one batch.

use hashbrown::HashMap;
use sentra_model::EventId;

use crate::fields;
use crate::group::SearchScratch;
use crate::index::{BatchView, ValueId};
use crate::rowset::{RowSets, all, bits};
use crate::ruleset::{Body, RuleSet, TestId};
use crate::sigma::expr::Expr;
use crate::test::{COMPARED_VALUES_MAX, FieldTest, Test};
use crate::text::{REGEX_VALUE_BYTES_MAX, VALUE_BYTES_MAX};

use super::columns::{Column, fill};
use super::compiled::Answer;
use super::costs::RuleCosts;
use super::memo::{MEMO_BATCH_EVENTS_MAX, MEMO_VALUE_BYTES_MAX, Memo, Passed};
use super::plan::{Plan, PlanColumn};
use super::report::Report;

/// Of so many evaluations one is timed.
const TIMED_EVERY: u64 = 16;

/// Memory that is used from batch to batch.
#[derive(Debug, Default)]
pub(crate) struct Work {
    columns: Vec<Column>,
    /// By witness: the events where it holds.
    holds: RowSets,
    /// By rule: the events it is tried on.
    candidates: RowSets,
    /// By value of the batch: the column that it was last seen in, and what it passes there.
    marks: Vec<(u32, Passed)>,
    mark: u32,
    scratch: SearchScratch,
    found: Vec<TestId>,
    /// What is known of values of this batch and tests that are not searched.
    tried: HashMap<(TestId, ValueId), bool, foldhash::fast::RandomState>,
    evaluations: u64,
}

impl Work {
    pub(crate) fn begin_batch(&mut self) {
        self.tried.clear();
    }

    /// A mark that no value carries.
    fn new_mark(&mut self) -> u32 {
        self.mark = self.mark.wrapping_add(1);
        if self.mark == 0 {
            self.marks.fill((0, Passed::default()));
            self.mark = 1;
        }
        self.mark
    }
}

/// One plan on its events of one batch. An event's number here is its place in `rows`.
pub(crate) struct Run<'r, 'b> {
    pub(crate) rules: &'r RuleSet,
    pub(crate) plan: &'r Plan,
    pub(crate) rows: &'r [u32],
    pub(crate) view: &'r mut BatchView<'b>,
    pub(crate) work: &'r mut Work,
    pub(crate) memo: &'r mut Memo,
    pub(crate) report: &'r mut Report,
    pub(crate) tried_bytes: u64,
}

impl<'r> Run<'r, '_> {
    /// Finds out which searched tests hold for which events.
    pub(crate) fn search(&mut self) {
        let compiled = &self.rules.compiled;
        self.work.holds.begin(compiled.witnesses(), self.rows.len());
        fill(&mut self.work.columns, self.plan, self.rows, self.view, &self.rules.fields);
        for (number, column) in self.plan.columns.iter().enumerate() {
            let entries = match self.work.columns.get_mut(number) {
                Some(filled) if !filled.entries.is_empty() => std::mem::take(&mut filled.entries),
                _ => continue,
            };
            if column.leads_by_presence {
                let there = compiled.presence(column.field);
                entries.iter().for_each(|(event, _)| self.work.holds.insert(there, *event));
            }
            if !column.groups.is_empty() {
                self.search_column(column, &entries);
            }
            if let Some(filled) = self.work.columns.get_mut(number) {
                filled.entries = entries;
            }
        }
    }

    fn search_column(&mut self, column: &PlanColumn, entries: &[(u32, ValueId)]) {
        let mark = self.work.new_mark();
        for (event, value) in entries {
            self.search_value(mark, column, *event, *value);
        }
    }

    /// Notes the searched tests that an event's value passes.
    fn search_value(&mut self, mark: u32, column: &PlanColumn, event: u32, value: ValueId) {
        let passed = match self.work.marks.get(value as usize) {
            Some((known, passed)) if *known == mark => *passed,
            _ => {
                let passed = self.passed(column, event, value);
                if self.work.marks.len() <= value as usize {
                    self.work.marks.resize(value as usize + 1, (0, Passed::default()));
                }
                if let Some(slot) = self.work.marks.get_mut(value as usize) {
                    *slot = (mark, passed);
                }
                passed
            }
        };
        if !passed.is_empty() {
            for test in self.memo.tests(passed) {
                self.work.holds.insert(*test, event);
            }
        }
    }

    /// The searched tests that a value passes.
    fn passed(&mut self, column: &PlanColumn, event: u32, value: ValueId) -> Passed {
        let text = self.view.value(value);
        let mut hash = None;
        if text.len() <= MEMO_VALUE_BYTES_MAX && self.view.batch.len() <= MEMO_BATCH_EVENTS_MAX {
            match self.memo.find(column.search, text) {
                Ok(passed) => {
                    self.report.stats.values_remembered += 1;
                    return passed;
                }
                Err(unknown) => hash = Some(unknown),
            }
        }
        let Work { scratch, found, .. } = &mut *self.work;
        found.clear();
        let cut_before = scratch.regex_cuts;
        for group in &column.groups {
            if let Some(group) = self.rules.compiled.groups.get(*group as usize) {
                group.search(text, scratch, found);
            }
        }
        found.sort_unstable();
        found.dedup();
        let passed = self.memo.keep(found);
        self.report.stats.values_searched += 1;
        if let Some(hash) = hash.filter(|_| !self.memo.is_full()) {
            self.memo.learn(hash, column.search, text, passed);
        }
        if text.len() > VALUE_BYTES_MAX || scratch.regex_cuts > cut_before {
            let field = column.field.and_then(|field| self.rules.fields.names().get(field as usize));
            cut(self.report, self.rows, self.view, event, field.map(String::as_str), text.len());
        }
        passed
    }

    /// Evaluates the rules that the tests lead to.
    pub(crate) fn evaluate(
        &mut self,
        costs: &mut RuleCosts,
        clock: Option<fn() -> u64>,
        matches: &mut Vec<(usize, usize)>,
    ) {
        self.find_candidates();
        for number in 0..self.work.candidates.opened().len() {
            let Some(rule) = self.work.candidates.opened().get(number).copied() else { continue };
            let Some(Body::Single { expression, .. }) =
                self.rules.rules.get(rule as usize).map(|rule| &rule.body)
            else {
                continue;
            };
            self.work.evaluations += 1;
            let clock = clock.filter(|_| self.work.evaluations.is_multiple_of(TIMED_EVERY));
            let started = clock.map(|clock| clock());
            self.tried_bytes = 0;
            let (mut candidates, mut hits) = (0, 0);
            for word in 0..self.work.candidates.width() {
                let mask = self.work.candidates.word(rule, word);
                if mask == 0 {
                    continue;
                }
                let found = self.holds(expression, word, mask);
                candidates += u64::from(mask.count_ones());
                hits += u64::from(found.count_ones());
                let row_of = |bit: u32| self.rows.get(word * 64 + bit as usize).map(|row| *row as usize);
                matches.extend(bits(found).filter_map(row_of).map(|row| (row, rule as usize)));
            }
            if let Some(cost) = costs.of_mut(rule) {
                cost.evaluations += 1;
                cost.candidates += candidates;
                cost.hits += hits;
                cost.tried_bytes += self.tried_bytes;
                if let (Some(clock), Some(started)) = (clock, started) {
                    cost.ticks += clock().saturating_sub(started);
                    cost.timed += 1;
                }
            }
        }
    }

    fn find_candidates(&mut self) {
        let compiled = &self.rules.compiled;
        let Work { holds, candidates, .. } = &mut *self.work;
        candidates.begin(self.rules.rules.len(), self.rows.len());
        for rule in &self.plan.always {
            candidates.open(*rule).iter_mut().zip(all(self.rows.len())).for_each(|(word, all)| *word = all);
        }
        for witness in holds.opened() {
            for rule in compiled.led_to(*witness) {
                if compiled.section_of.get(*rule as usize).is_some_and(|section| self.plan.takes(*section)) {
                    let words = candidates.open(*rule).iter_mut().zip(holds.get(*witness));
                    words.for_each(|(word, more)| *word |= more);
                }
            }
        }
    }

    /// Those of the 64 events `mask` from event 64 × `word` on for which `expression` holds.
    fn holds(&mut self, expression: &Expr<TestId>, word: usize, mask: u64) -> u64 {
        match expression {
            Expr::Leaf(id) => self.leaf(*id, word, mask),
            Expr::And(parts) => {
                let mut left = mask;
                for part in parts {
                    if left == 0 {
                        return 0;
                    }
                    left = self.holds(part, word, left);
                }
                left
            }
            Expr::Or(parts) => {
                let mut any = 0;
                for part in parts {
                    if any == mask {
                        return any;
                    }
                    any |= self.holds(part, word, mask & !any);
                }
                any
            }
            Expr::Not(part) => mask & !self.holds(part, word, mask),
            Expr::AtLeast(count, parts) => {
                let passed: Vec<u64> = parts.iter().map(|part| self.holds(part, word, mask)).collect();
                let enough =
                    |bit: &u32| passed.iter().filter(|word| **word >> bit & 1 == 1).count() >= *count;
                bits(mask).filter(enough).fold(0, |word, bit| word | 1 << bit)
            }
        }
    }

    fn leaf(&mut self, id: TestId, word: usize, mask: u64) -> u64 {
        let rules = self.rules;
        let Some(answer) = rules.compiled.answers.get(id as usize) else { return 0 };
        if *answer == Answer::Searched {
            return self.work.holds.word(id, word) & mask;
        }
        let Some(check) = rules.checks.get(id as usize) else { return 0 };
        match (answer, &check.test) {
            (Answer::Present, _) => self.present(check.field, word) & mask,
            (Answer::Missing, _) => mask & !self.present(check.field, word),
            (Answer::Fields, Test::Field(test)) => {
                let Some(name) = check.name.as_deref() else { return 0 };
                let passes = |bit: &u32| self.fields_pass(word * 64 + *bit as usize, name, test);
                bits(mask).filter(passes).fold(0, |word, bit| word | 1 << bit)
            }
            (Answer::Tried, test) => {
                let Some(column) = self.plan.column_of(check.field) else { return 0 };
                let passes = |bit: &u32| self.tried(id, test, column, word * 64 + *bit as usize);
                bits(mask).filter(passes).fold(0, |word, bit| word | 1 << bit)
            }
            _ => 0,
        }
    }

    /// The events that have a value for `field`.
    fn present(&mut self, field: Option<u32>, word: usize) -> u64 {
        let witness = self.rules.compiled.presence(field);
        if !self.work.holds.is_open(witness) {
            let Work { holds, columns, .. } = &mut *self.work;
            holds.open(witness);
            let column = self.plan.column_of(field).and_then(|column| columns.get(column));
            for (event, _) in column.into_iter().flat_map(|column| &column.entries) {
                holds.insert(witness, *event);
            }
        }
        self.work.holds.word(witness, word)
    }

    fn fields_pass(&mut self, event: usize, name: &str, test: &FieldTest) -> bool {
        let row = self.rows.get(event).and_then(|row| self.view.batch.row(*row as usize));
        let Some(row) = row else { return false };
        let (values, others) = (fields::values(row, name), fields::values(row, &test.other));
        if values.len().max(others.len()) > COMPARED_VALUES_MAX {
            self.report.stats.comparisons_cut += 1;
            self.report.problem(Some(row.id()), Some(name), || {
                format!(
                    "only the first {COMPARED_VALUES_MAX} values were compared with those of {:?}",
                    test.other
                )
            });
        }
        test.any_passes(&values, &others)
    }

    /// Tries the values of an event, each distinct one once per batch.
    fn tried(&mut self, id: TestId, test: &Test, column: usize, event: usize) -> bool {
        let Work { columns, tried, .. } = &mut *self.work;
        let values = columns.get(column).map(|column| column.of(event as u32)).unwrap_or_default();
        values.iter().any(|(event, value)| {
            *tried.entry((id, *value)).or_insert_with(|| {
                let text = self.view.value(*value);
                self.tried_bytes += text.len() as u64;
                let limit =
                    if matches!(test, Test::Regexes(_)) { REGEX_VALUE_BYTES_MAX } else { VALUE_BYTES_MAX };
                if text.len() > limit {
                    let name = self.rules.checks.get(id as usize).and_then(|check| check.name.as_deref());
                    cut(self.report, self.rows, self.view, *event, name, text.len());
                }
                test.passes(text)
            })
        })
    }
}

/// Reports a value that was not searched as a whole.
fn cut(
    report: &mut Report,
    rows: &[u32],
    view: &BatchView<'_>,
    event: u32,
    field: Option<&str>,
    bytes: usize,
) {
    report.stats.values_cut += 1;
    let row = rows.get(event as usize).and_then(|row| view.batch.row(*row as usize));
    let id: Option<EventId> = row.map(|row| row.id());
    report.problem(id, field, || {
        format!(
            "of a value of {bytes} bytes {VALUE_BYTES_MAX} are searched, {REGEX_VALUE_BYTES_MAX} by regular expressions"
        )
    });
}
