//! What the values of one field are searched for, for all rules of one logsource at once.

use hashbrown::HashMap;
use regex::Regex;

use crate::engine::affix::{Affixes, End};
use crate::engine::literals::required;
use crate::engine::needles::{Found, Needles};
use crate::ruleset::{FieldCheck, TestId};
use crate::sigma::wildcard::{Number, Part, TextTest};
use crate::test::Test;
use crate::text::{fold_into, searched, searched_by_regex};

/// The searchable tests on one field. A value is searched once for all of them.
#[derive(Debug, Default)]
pub(crate) struct Group {
    equals: HashMap<Box<str>, Vec<TestId>, foldhash::fast::RandomState>,
    numbers: HashMap<Number, Vec<TestId>, foldhash::fast::RandomState>,
    starts: Affixes,
    ends: Affixes,
    needles: Needles,
    /// Per needle, who wants it.
    uses: Vec<Vec<Use>>,
    /// Tests without a literal to search for.
    others: Vec<(TestId, TextTest)>,
}

/// A test that can only pass where a needle is found.
#[derive(Debug)]
struct Use {
    test: TestId,
    then: Then,
}

/// What decides when the needle is there.
#[derive(Debug)]
enum Then {
    Passes,
    Folded(TextTest),
    Cased(TextTest),
    Regex(Regex),
}

/// Memory that searches share.
#[derive(Debug, Default)]
pub(crate) struct SearchScratch {
    folded: String,
    /// What a needle leads to is decided once per value, however often the needle is in it.
    needles: Found,
    /// How often a regular expression did not see the whole value.
    pub(crate) regex_cuts: u64,
}

/// What a group is made from.
#[derive(Default)]
struct Draft {
    starts: Vec<(Box<str>, TestId)>,
    ends: Vec<(Box<str>, TestId)>,
    numbers: HashMap<Box<str>, usize, foldhash::fast::RandomState>,
    needles: Vec<Box<str>>,
}

/// Whether a group's search answers the test; others are tried value by value, where it comes to that.
pub(crate) fn is_searched(test: &Test) -> bool {
    match test {
        Test::Text(_) => true,
        Test::Cased(tests) => tests.iter().all(|test| cased_needle(test).is_some()),
        Test::Regexes(regexes) => regexes.iter().all(|regex| required(regex.as_str()).is_some()),
        _ => false,
    }
}

/// What the folded value must contain for a cased test to pass.
fn cased_needle(test: &TextTest) -> Option<String> {
    let literal = match test {
        TextTest::Equals(text) | TextTest::Contains(text) | TextTest::Starts(text) | TextTest::Ends(text) => {
            text
        }
        TextTest::Fits(parts) => longest_literal(parts),
        TextTest::Number(_) => return None,
    };
    (!literal.is_empty()).then(|| crate::text::fold(literal).into_owned())
}

impl Group {
    /// The group of the tests `ids`, which are searched and all on the same field.
    pub(crate) fn new(ids: &[TestId], checks: &[FieldCheck]) -> Self {
        let mut group = Self::default();
        let mut draft = Draft::default();
        for id in ids {
            if let Some(check) = checks.get(*id as usize) {
                group.add(&mut draft, *id, &check.test);
            }
        }
        group.starts = Affixes::new(draft.starts, End::Start);
        group.ends = Affixes::new(draft.ends, End::Last);
        group.needles = Needles::new(draft.needles);
        group
    }

    fn add(&mut self, draft: &mut Draft, id: TestId, test: &Test) {
        match test {
            Test::Text(tests) => tests.iter().for_each(|test| self.add_text(draft, id, test)),
            Test::Cased(tests) => {
                for test in tests {
                    let needle = cased_needle(test).unwrap_or_default();
                    self.add_needle(draft, &needle, id, Then::Cased(test.clone()));
                }
            }
            Test::Regexes(regexes) => {
                for regex in regexes {
                    for literal in required(regex.as_str()).into_iter().flatten() {
                        self.add_needle(draft, &literal, id, Then::Regex(regex.clone()));
                    }
                }
            }
            _ => {}
        }
    }

    fn add_text(&mut self, draft: &mut Draft, id: TestId, test: &TextTest) {
        match test {
            TextTest::Equals(text) => self.equals.entry(text.as_str().into()).or_default().push(id),
            TextTest::Number(number) => self.numbers.entry(*number).or_default().push(id),
            TextTest::Starts(text) if !text.is_empty() => draft.starts.push((text.as_str().into(), id)),
            TextTest::Ends(text) if !text.is_empty() => draft.ends.push((text.as_str().into(), id)),
            TextTest::Contains(text) if !text.is_empty() => self.add_needle(draft, text, id, Then::Passes),
            TextTest::Fits(parts) if !longest_literal(parts).is_empty() => {
                self.add_needle(draft, longest_literal(parts), id, Then::Folded(test.clone()));
            }
            _ => self.others.push((id, test.clone())),
        }
    }

    fn add_needle(&mut self, draft: &mut Draft, needle: &str, test: TestId, then: Then) {
        let number = *draft.numbers.entry(needle.into()).or_insert_with(|| {
            draft.needles.push(needle.into());
            self.uses.push(Vec::new());
            draft.needles.len() - 1
        });
        if let Some(uses) = self.uses.get_mut(number) {
            uses.push(Use { test, then });
        }
    }

    /// Adds every test that `value` passes to `found`; some more than once.
    pub(crate) fn search(&self, value: &str, scratch: &mut SearchScratch, found: &mut Vec<TestId>) {
        let value = searched(value);
        let SearchScratch { folded, .. } = scratch;
        fold_into(value, folded);
        if let Some(tests) = self.equals.get(folded.as_str()) {
            found.extend(tests);
        }
        if !self.numbers.is_empty()
            && let Some(tests) = Number::read(folded).and_then(|number| self.numbers.get(&number))
        {
            found.extend(tests);
        }
        self.starts.search(folded, End::Start, found);
        self.ends.search(folded, End::Last, found);
        found.extend(self.others.iter().filter(|(_, test)| test.passes(folded)).map(|(id, _)| *id));
        let SearchScratch { folded, needles, regex_cuts } = scratch;
        self.needles
            .search(folded, needles, |needle| *regex_cuts += self.decide(needle, value, folded, found));
    }

    /// Adds the tests that pass, now that `needle` is in the value. Gives how many did not see all of it.
    fn decide(&self, needle: u32, value: &str, folded: &str, found: &mut Vec<TestId>) -> u64 {
        let mut cuts = 0;
        for wanted in self.uses.get(needle as usize).into_iter().flatten() {
            let passes = match &wanted.then {
                Then::Passes => true,
                Then::Folded(test) => test.passes(folded),
                Then::Cased(test) => test.passes(value),
                Then::Regex(regex) => {
                    let seen = searched_by_regex(value);
                    cuts += u64::from(seen.len() < value.len());
                    regex.is_match(seen)
                }
            };
            if passes {
                found.push(wanted.test);
            }
        }
        cuts
    }
}

fn longest_literal(parts: &[Part]) -> &str {
    let literals = parts.iter().filter_map(|part| match part {
        Part::Literal(text) => Some(text.as_str()),
        Part::One | Part::Many => None,
    });
    literals.max_by_key(|text| text.len()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sigma::wildcard::parse;

    fn checks() -> Vec<FieldCheck> {
        let patterns = ["*b*", "ab*", "*bc", "abc", "a?c", "*", "", "*a*c*", "?", "*abcd*", "5", "*a*b*c*d*"];
        let text = |pattern: &&str| Test::Text(vec![TextTest::of(parse(pattern), false)]);
        let cased = |pattern: &&str| Test::Cased(vec![TextTest::of(parse(pattern), true)]);
        let regex = |source: &str| Test::Regexes(vec![Regex::new(source).unwrap()]);
        let mut tests: Vec<Test> = patterns.iter().map(text).collect();
        tests.extend(["*B*", "Ab*", "*bC", "ABCD", "a*d"].iter().map(cased));
        tests.extend(["abc", "^(?i)abc", "abc|bcd", "ABC.?"].map(regex));
        tests.push(Test::Text(vec![TextTest::Number(Number::new(5.0))]));
        assert!(tests.iter().all(is_searched));
        tests.into_iter().map(|test| FieldCheck { field: Some(0), name: None, test }).collect()
    }

    #[test]
    fn the_search_finds_what_the_tests_say() {
        let checks = checks();
        let ids: Vec<TestId> = (0..).take(checks.len()).collect();
        let group = Group::new(&ids, &checks);
        let mut scratch = SearchScratch::default();
        for value in ["abc", "ABCD", "", "b", "xbc", "5", "5.0", "abxc", "c", "AbcbcdabC", "abcd"] {
            let mut found = Vec::new();
            group.search(value, &mut scratch, &mut found);
            found.sort_unstable();
            found.dedup();
            let expected: Vec<TestId> =
                ids.iter().copied().filter(|id| checks[*id as usize].test.passes(value)).collect();
            assert_eq!(found, expected, "{value:?}");
        }
    }

    /// Law LIMIT: what a needle leads to is decided once, however often the value has it.
    #[test]
    fn a_value_full_of_needles_takes_no_more_than_its_length() {
        let pattern = TextTest::of(parse("*ab*ab*c*zz*"), false);
        let check = FieldCheck { field: Some(0), name: None, test: Test::Text(vec![pattern]) };
        let group = Group::new(&[0], &[check]);
        let (mut scratch, mut found) = (SearchScratch::default(), Vec::new());
        group.search(&"ab".repeat(5_000_000), &mut scratch, &mut found);
        assert_eq!(found, [0_u32; 0]);
    }
}
