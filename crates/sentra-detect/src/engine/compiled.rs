//! What is worked out once per rule set: rules by logsource, what their fields are searched for, and which tests lead
//! to a rule.

use hashbrown::HashMap;

use crate::fields::{Fallback, FieldId, FieldTable};
use crate::group::{Group, is_searched};
use crate::logsource::Logsource;
use crate::ruleset::{Body, FieldCheck, Rule, TestId};
use crate::sigma::expr::Expr;
use crate::sigma::wildcard::{Part, TextTest};
use crate::test::Test;

/// How a test is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// By the search of the values of its field.
    Searched,
    /// By whether the field is there.
    Present,
    Missing,
    Never,
    /// By the event's own values of two fields.
    Fields,
    /// By trying values, where the rest of the rule left rows over.
    Tried,
}

/// The rules of one logsource.
#[derive(Debug, Default)]
pub(crate) struct Section {
    pub(crate) logsource: Logsource,
    /// The fields that its rules look at (`None`: keywords), with the group of those that are searched.
    pub(crate) fields: Vec<(Option<FieldId>, Option<u32>)>,
    /// Rules that no test leads to: they are tried on every event of the logsource.
    pub(crate) always: Vec<u32>,
}

/// The rule set, prepared for the matcher.
#[derive(Debug, Default)]
pub(crate) struct Compiled {
    pub(crate) sections: Vec<Section>,
    pub(crate) groups: Vec<Group>,
    /// By test.
    pub(crate) answers: Vec<Answer>,
    /// By rule: its section; [`NO_SECTION`] for a rule over several events.
    pub(crate) section_of: Vec<u32>,
    /// By witness: where its rules begin in `led_to`, and behind the last one where they end.
    leads: Vec<u32>,
    led_to: Vec<u32>,
}

pub(crate) const NO_SECTION: u32 = u32::MAX;

/// Number of a witness: of a test, or, from the number of tests on, of "field n is there".
pub(crate) type WitnessId = u32;

impl Compiled {
    /// Prepares `rules`.
    pub(crate) fn new(rules: &[Rule], checks: &[FieldCheck], fields: &FieldTable) -> Self {
        let mut compiled = Self { answers: checks.iter().map(answer).collect(), ..Self::default() };
        let mut numbers: HashMap<Logsource, usize> = HashMap::new();
        let mut checks_of: Vec<Vec<TestId>> = Vec::new();
        let mut leads: Vec<(WitnessId, u32)> = Vec::new();
        for (index, rule) in (0_u32..).zip(rules) {
            let Body::Single { logsource, expression } = &rule.body else {
                compiled.section_of.push(NO_SECTION);
                continue;
            };
            let number = *numbers.entry_ref(logsource).or_insert_with(|| {
                compiled.sections.push(Section { logsource: logsource.clone(), ..Section::default() });
                checks_of.push(Vec::new());
                checks_of.len() - 1
            });
            compiled.section_of.push(number as u32);
            if let Some(checks) = checks_of.get_mut(number) {
                expression.leaves(&mut |id| checks.push(*id));
            }
            match witnesses(expression, checks, &compiled.answers) {
                Some(found) => leads.extend(found.tests.into_iter().map(|test| (test, index))),
                None => {
                    if let Some(section) = compiled.sections.get_mut(number) {
                        section.always.push(index);
                    }
                }
            }
        }
        compiled.set_leads(leads, checks.len() + fields.names().len() + 1);
        for (number, ids) in checks_of.into_iter().enumerate() {
            compiled.set_fields(number, ids, checks, fields);
        }
        compiled
    }

    fn set_leads(&mut self, mut leads: Vec<(WitnessId, u32)>, witnesses: usize) {
        leads.sort_unstable();
        leads.dedup();
        self.leads = vec![0; witnesses + 1];
        for (witness, _) in &leads {
            if let Some(end) = self.leads.get_mut(*witness as usize + 1) {
                *end += 1;
            }
        }
        let mut sum = 0;
        for end in &mut self.leads {
            sum += *end;
            *end = sum;
        }
        self.led_to = leads.into_iter().map(|(_, rule)| rule).collect();
    }

    fn set_fields(
        &mut self,
        section: usize,
        mut ids: Vec<TestId>,
        checks: &[FieldCheck],
        table: &FieldTable,
    ) {
        ids.sort_unstable();
        ids.dedup();
        let mut searched: HashMap<Option<FieldId>, Vec<TestId>> = HashMap::new();
        let mut want = |field: Option<FieldId>| {
            searched.entry(field).or_default();
            for fallback in field.map_or(&[][..], |field| table.fallbacks(field)) {
                if let Fallback::Field(other) = fallback {
                    searched.entry(table.id(other)).or_default();
                }
            }
        };
        for id in &ids {
            let Some(check) = checks.get(*id as usize) else { continue };
            want(check.field);
            if let Test::Field(test) = &check.test {
                want(table.id(&test.other));
            }
        }
        for id in ids {
            if let Some(check) = checks.get(id as usize)
                && self.answers.get(id as usize) == Some(&Answer::Searched)
            {
                searched.entry(check.field).or_default().push(id);
            }
        }
        let mut fields: Vec<(Option<FieldId>, Option<u32>)> = Vec::new();
        for (field, ids) in searched {
            let group = (!ids.is_empty()).then(|| {
                self.groups.push(Group::new(&ids, checks));
                self.groups.len() as u32 - 1
            });
            fields.push((field, group));
        }
        fields.sort_unstable();
        if let Some(section) = self.sections.get_mut(section) {
            section.fields = fields;
        }
    }

    /// How many witnesses there are.
    pub(crate) fn witnesses(&self) -> usize {
        self.leads.len().saturating_sub(1)
    }

    /// The witness "the field is there".
    pub(crate) fn presence(&self, field: Option<FieldId>) -> WitnessId {
        presence(self.answers.len(), field)
    }

    /// The rules that can match where `witness` holds.
    pub(crate) fn led_to(&self, witness: WitnessId) -> &[u32] {
        let at = |index: usize| self.leads.get(index).map_or(0, |place| *place as usize);
        self.led_to.get(at(witness as usize)..at(witness as usize + 1)).unwrap_or_default()
    }
}

/// Keywords come before the first field.
fn presence(tests: usize, field: Option<FieldId>) -> WitnessId {
    tests as WitnessId + field.map_or(0, |field| field + 1)
}

fn answer(check: &FieldCheck) -> Answer {
    match &check.test {
        test if is_searched(test) => Answer::Searched,
        Test::Present => Answer::Present,
        Test::Missing => Answer::Missing,
        Test::Never => Answer::Never,
        Test::Field(_) => Answer::Fields,
        _ => Answer::Tried,
    }
}

/// Tests of which one must hold for a rule to match.
#[derive(Debug)]
struct Witnesses {
    /// How many events are to be expected where one of them holds, roughly.
    often: u64,
    tests: Vec<WitnessId>,
}

/// Of the tests that must hold for `expression` to hold, those that hold most seldom; `None` when it can hold without
/// any.
fn witnesses(expression: &Expr<TestId>, checks: &[FieldCheck], answers: &[Answer]) -> Option<Witnesses> {
    let of = |part: &Expr<TestId>| witnesses(part, checks, answers);
    match expression {
        Expr::Not(_) => None,
        Expr::And(parts) => parts.iter().filter_map(of).min_by_key(|found| found.often),
        Expr::Or(parts) => parts.iter().map(of).collect::<Option<Vec<_>>>().map(together),
        Expr::AtLeast(count, parts) => {
            // Of any so many parts one must hold.
            let wanted = (parts.len() + 1).checked_sub(*count).filter(|_| *count > 0)?;
            let mut found: Vec<_> = parts.iter().filter_map(of).collect();
            found.sort_by_key(|found| found.often);
            found.truncate(wanted);
            (found.len() == wanted).then(|| together(found))
        }
        Expr::Leaf(id) => {
            let check = checks.get(*id as usize)?;
            let is_there = || Witnesses { often: OFTEN, tests: vec![presence(checks.len(), check.field)] };
            match answers.get(*id as usize)? {
                Answer::Missing => None,
                Answer::Never => Some(Witnesses { often: 0, tests: Vec::new() }),
                Answer::Searched => Some(Witnesses { often: often(&check.test), tests: vec![*id] }),
                Answer::Present | Answer::Fields | Answer::Tried => Some(is_there()),
            }
        }
    }
}

fn together(parts: Vec<Witnesses>) -> Witnesses {
    let often = parts.iter().fold(0_u64, |sum, part| sum.saturating_add(part.often));
    Witnesses { often, tests: parts.into_iter().flat_map(|part| part.tests).collect() }
}

/// A field is there, or has a certain number.
const OFTEN: u64 = 1_000_000;

/// A guess at how often a test holds: the longer the text, the more seldom.
fn often(test: &Test) -> u64 {
    let of_text = |text: &TextTest| match text {
        TextTest::Number(_) => OFTEN / 10,
        TextTest::Equals(text) | TextTest::Contains(text) | TextTest::Starts(text) | TextTest::Ends(text) => {
            OFTEN / (text.len() as u64).pow(2).max(1)
        }
        TextTest::Fits(parts) => {
            let literals = parts.iter().map(|part| match part {
                Part::Literal(text) => text.len() as u64,
                Part::One | Part::Many => 0,
            });
            OFTEN / literals.sum::<u64>().pow(2).max(1)
        }
    };
    match test {
        Test::Text(tests) | Test::Cased(tests) => {
            tests.iter().fold(0, |sum, text| sum.saturating_add(of_text(text)))
        }
        _ => OFTEN / 50,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn witnesses_are_the_rarest_tests_that_must_hold() {
        let text = |text: &str| Test::Text(vec![TextTest::Contains(text.to_owned())]);
        let tests = [text("ab"), text("abcdefgh"), Test::Missing, Test::Present, Test::Never, text("abcd")];
        let check = |test: Test| FieldCheck { field: Some(4), name: Some("f".to_owned()), test };
        let checks: Vec<FieldCheck> = tests.into_iter().map(check).collect();
        let answers: Vec<Answer> = checks.iter().map(answer).collect();
        let leaf = |id: TestId| Expr::Leaf(id);
        let not = |part| Expr::Not(Box::new(part));
        let there = presence(checks.len(), Some(4));
        for (expression, expected) in [
            (leaf(0), Some(vec![0])),
            (leaf(2), None),
            (leaf(3), Some(vec![there])),
            (leaf(4), Some(vec![])),
            (not(leaf(0)), None),
            (Expr::And(vec![leaf(0), leaf(1), not(leaf(5))]), Some(vec![1])),
            (Expr::And(vec![]), None),
            (Expr::And(vec![leaf(1), leaf(4)]), Some(vec![])),
            (Expr::Or(vec![leaf(0), leaf(1)]), Some(vec![0, 1])),
            (Expr::Or(vec![leaf(0), not(leaf(1))]), None),
            (Expr::And(vec![leaf(0), Expr::Or(vec![leaf(1), leaf(2)])]), Some(vec![0])),
            (Expr::AtLeast(2, vec![leaf(0), leaf(1), leaf(5)]), Some(vec![1, 5])),
            (Expr::AtLeast(3, vec![leaf(0), leaf(2), leaf(5)]), Some(vec![5])),
            (Expr::AtLeast(1, vec![leaf(0), leaf(2), leaf(5)]), None),
            (Expr::AtLeast(0, vec![leaf(0)]), None),
        ] {
            let found = witnesses(&expression, &checks, &answers).map(|found| found.tests);
            assert_eq!(found, expected, "{expression:?}");
        }
    }
}
