//! The matcher: values are matched, not events.
//!
//! Per logsource that has rows in the batch, each field that its rules name is searched once per distinct
//! value for the literals of all rules; what is found is spread over the rows as bit sets, and rules are
//! boolean expressions over bit sets. What is no literal (regular expressions, networks, comparisons) is
//! tried only on values of rows that the rest of the rule left over, and remembered for the batch.

use hashbrown::HashMap;
use sentra_model::EventBatch;

use crate::fields;
use crate::group::is_searched;
use crate::index::{BatchIndex, ValueId};
use crate::rowset::RowSet;
use crate::ruleset::{Body, FieldCheck, RuleSet, Section, TestId};
use crate::sigma::expr::Expr;
use crate::test::Test;

/// What matched in `batch`: row and index of the rule, sorted. Single-event rules only.
pub(crate) fn evaluate(rules: &RuleSet, batch: &EventBatch) -> Vec<(usize, usize)> {
    if batch.is_empty() || rules.sections.is_empty() {
        return Vec::new();
    }
    let mut index = BatchIndex::new(batch, &rules.fields);
    let (routes, kinds) = index.routes(&rules.fields);
    let mut evaluation = Evaluation::new(rules, batch, index);
    let mut matches = Vec::new();
    for section in &rules.sections {
        let taken: Vec<bool> = routes.iter().map(|route| section.logsource.takes(route)).collect();
        let mut domain = RowSet::none(batch.len());
        for (row, kind) in (0_u32..).zip(&kinds) {
            if taken.get(*kind).is_some_and(|taken| *taken) {
                domain.insert(row);
            }
        }
        if domain.is_empty() {
            continue;
        }
        evaluation.begin(section, domain.clone());
        for rule in &section.rules {
            let Some(Body::Single { expression, .. }) = rules.rules.get(*rule).map(|rule| &rule.body) else {
                continue;
            };
            if let Some(rows) = evaluation.rows(expression, &domain) {
                matches.extend(rows.iter().map(|row| (row as usize, *rule)));
            }
        }
    }
    matches.sort_unstable();
    matches
}

struct Evaluation<'a> {
    rules: &'a RuleSet,
    batch: &'a EventBatch,
    index: BatchIndex<'a>,
    section: Option<&'a Section>,
    domain: RowSet,
    /// Per test, the rows of the section that pass it; `None` for none. Valid for searched fields.
    hits: Vec<Option<RowSet>>,
    touched: Vec<TestId>,
    searched: HashMap<Option<u32>, ()>,
    /// Per test that is no literal, what is known of values.
    tried: HashMap<TestId, HashMap<ValueId, bool, foldhash::fast::RandomState>, foldhash::fast::RandomState>,
    scratch: Scratch,
}

/// Rows by value: for each value the last entry of the column that has it, for each entry the one before.
#[derive(Default)]
struct Scratch {
    last_entry: Vec<u32>,
    entry_before: Vec<(u32, u32)>,
    distinct: Vec<ValueId>,
    found: Vec<TestId>,
}

const NO_ENTRY: u32 = u32::MAX;

impl<'a> Evaluation<'a> {
    fn new(rules: &'a RuleSet, batch: &'a EventBatch, index: BatchIndex<'a>) -> Self {
        Self {
            rules,
            batch,
            domain: RowSet::none(index.rows()),
            index,
            section: None,
            hits: vec![None; rules.checks.len()],
            touched: Vec::new(),
            searched: HashMap::new(),
            tried: HashMap::default(),
            scratch: Scratch::default(),
        }
    }

    fn begin(&mut self, section: &'a Section, domain: RowSet) {
        for id in self.touched.drain(..) {
            if let Some(hits) = self.hits.get_mut(id as usize) {
                *hits = None;
            }
        }
        self.searched.clear();
        self.section = Some(section);
        self.domain = domain;
    }

    /// The rows of `domain` for which `expression` holds.
    fn rows(&mut self, expression: &Expr<TestId>, domain: &RowSet) -> Option<RowSet> {
        match expression {
            Expr::Leaf(id) => self.leaf(*id, domain),
            Expr::And(parts) => {
                let mut left: Option<RowSet> = None;
                for part in parts {
                    left = Some(self.rows(part, left.as_ref().unwrap_or(domain))?);
                }
                left.or_else(|| Some(domain.clone()))
            }
            Expr::Or(parts) => {
                let mut any: Option<RowSet> = None;
                for part in parts {
                    if let Some(more) = self.rows(part, domain) {
                        match &mut any {
                            Some(any) => any.add(&more),
                            None => any = Some(more),
                        }
                    }
                }
                any
            }
            Expr::Not(part) => match self.rows(part, domain) {
                Some(rows) => domain.without(&rows),
                None => Some(domain.clone()),
            },
            Expr::AtLeast(count, parts) => {
                let passed: Vec<RowSet> = parts.iter().filter_map(|part| self.rows(part, domain)).collect();
                let mut enough = RowSet::none(self.batch.len());
                for row in domain.iter() {
                    if passed.iter().filter(|rows| rows.contains(row)).count() >= *count {
                        enough.insert(row);
                    }
                }
                (!enough.is_empty()).then_some(enough)
            }
        }
    }

    fn leaf(&mut self, id: TestId, domain: &RowSet) -> Option<RowSet> {
        let rules = self.rules;
        let check = rules.checks.get(id as usize)?;
        match &check.test {
            test if is_searched(test) => {
                if !self.searched.contains_key(&check.field) {
                    self.search(check.field);
                }
                self.hits.get(id as usize)?.as_ref()?.and(domain)
            }
            Test::Never => None,
            Test::Present => self.present(check).and(domain),
            Test::Missing => domain.without(&self.present(check)),
            Test::Field(test) => {
                let name = check.name.as_deref()?;
                let mut rows = RowSet::none(self.batch.len());
                for number in domain.iter() {
                    let Some(row) = self.batch.row(number as usize) else { continue };
                    let others = fields::values(row, &test.other);
                    let values = fields::values(row, name);
                    if values.iter().any(|value| others.iter().any(|other| test.passes(value, other))) {
                        rows.insert(number);
                    }
                }
                (!rows.is_empty()).then_some(rows)
            }
            test => self.tried(id, check, test, domain),
        }
    }

    fn present(&mut self, check: &FieldCheck) -> RowSet {
        let mut rows = RowSet::none(self.batch.len());
        self.index.column(check.field).iter().for_each(|(row, _)| rows.insert(*row));
        rows
    }

    /// Tries the values of `domain`, each distinct one once per batch.
    fn tried(&mut self, id: TestId, check: &FieldCheck, test: &Test, domain: &RowSet) -> Option<RowSet> {
        self.index.column(check.field);
        let known = self.tried.entry(id).or_default();
        let mut rows = RowSet::none(self.batch.len());
        let entries: Vec<_> =
            self.index.column(check.field).iter().filter(|(row, _)| domain.contains(*row)).copied().collect();
        for (row, value) in entries {
            if *known.entry(value).or_insert_with(|| test.passes(self.index.value(value))) {
                rows.insert(row);
            }
        }
        (!rows.is_empty()).then_some(rows)
    }

    /// Searches the values that `field` has in the rows of the section, for all literals of its rules.
    fn search(&mut self, field: Option<u32>) {
        self.searched.insert(field, ());
        let Some(group) = self.section.and_then(|section| section.groups.get(&field)) else { return };
        self.scratch.distinct.clear();
        self.scratch.entry_before.clear();
        self.index.column(field);
        self.scratch.last_entry.resize(self.index.values_len(), NO_ENTRY);
        for (row, value) in self.index.column(field) {
            let Some(last) = self.scratch.last_entry.get_mut(*value as usize) else { continue };
            if !self.domain.contains(*row) {
                continue;
            }
            if *last == NO_ENTRY {
                self.scratch.distinct.push(*value);
            }
            self.scratch.entry_before.push((*row, *last));
            *last = self.scratch.entry_before.len() as u32 - 1;
        }
        let rows = self.batch.len();
        for value in &self.scratch.distinct {
            let Some(last) = self.scratch.last_entry.get_mut(*value as usize) else { continue };
            let last = std::mem::replace(last, NO_ENTRY);
            self.index.fold(*value);
            let found = &mut self.scratch.found;
            found.clear();
            group.search(self.index.folded(*value), &mut |id| found.push(id));
            found.sort_unstable();
            found.dedup();
            for id in found {
                let Some(hits) = self.hits.get_mut(*id as usize) else { continue };
                let hits = hits.get_or_insert_with(|| {
                    self.touched.push(*id);
                    RowSet::none(rows)
                });
                let mut entry = last;
                while let Some((row, before)) = self.scratch.entry_before.get(entry as usize) {
                    hits.insert(*row);
                    entry = *before;
                }
            }
        }
    }
}
