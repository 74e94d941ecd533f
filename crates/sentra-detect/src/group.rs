//! What the values of one field are searched for, for all rules of one logsource at once.

use aho_corasick::AhoCorasick;
use hashbrown::HashMap;

use crate::ruleset::{FieldCheck, TestId};
use crate::sigma::wildcard::{Number, Part, TextTest};
use crate::test::Test;

/// Literals of all text tests on a field. A value is searched once for all of them.
#[derive(Debug, Default)]
pub(crate) struct Group {
    equals: HashMap<String, Vec<TestId>, foldhash::fast::RandomState>,
    numbers: HashMap<Number, Vec<TestId>, foldhash::fast::RandomState>,
    needles: Option<AhoCorasick>,
    /// Per needle, who wants it and where.
    uses: Vec<Vec<Use>>,
    /// Tests without a literal to search for.
    others: Vec<(TestId, TextTest)>,
}

#[derive(Debug)]
struct Use {
    test: TestId,
    at: At,
}

#[derive(Debug)]
enum At {
    Anywhere,
    Start,
    End,
    /// The needle is a part of this pattern, which must be tried.
    Within(TextTest),
}

/// Whether a test is answered by the group's search, and not value by value.
pub(crate) fn is_searched(test: &Test) -> bool {
    matches!(test, Test::Text(_))
}

impl Group {
    /// The group of the tests `ids`, which are all on the same field.
    pub(crate) fn new(ids: &[TestId], checks: &[FieldCheck]) -> Self {
        let mut group = Self::default();
        let mut needles: HashMap<String, usize> = HashMap::new();
        let mut texts: Vec<String> = Vec::new();
        for id in ids {
            let Some(Test::Text(tests)) = checks.get(*id as usize).map(|check| &check.test) else { continue };
            for test in tests {
                let (needle, at) = match test {
                    TextTest::Equals(text) => {
                        group.equals.entry(text.clone()).or_default().push(*id);
                        continue;
                    }
                    TextTest::Number(number) => {
                        group.numbers.entry(*number).or_default().push(*id);
                        continue;
                    }
                    TextTest::Contains(text) => (text.as_str(), At::Anywhere),
                    TextTest::Starts(text) => (text.as_str(), At::Start),
                    TextTest::Ends(text) => (text.as_str(), At::End),
                    TextTest::Fits(parts) => (longest_literal(parts), At::Within(test.clone())),
                };
                if needle.is_empty() {
                    group.others.push((*id, test.clone()));
                    continue;
                }
                let number = *needles.entry_ref(needle).or_insert_with(|| {
                    texts.push(needle.to_owned());
                    group.uses.push(Vec::new());
                    texts.len() - 1
                });
                if let Some(uses) = group.uses.get_mut(number) {
                    uses.push(Use { test: *id, at });
                }
            }
        }
        if !texts.is_empty() {
            group.needles = AhoCorasick::new(&texts).ok();
            if group.needles.is_none() {
                group.search_one_by_one(texts);
            }
        }
        group
    }

    /// For the case that the literals are too many for one automaton: slower, and right.
    fn search_one_by_one(&mut self, texts: Vec<String>) {
        for (text, uses) in texts.into_iter().zip(std::mem::take(&mut self.uses)) {
            self.others.extend(uses.into_iter().map(|wanted| {
                let test = match wanted.at {
                    At::Anywhere => TextTest::Contains(text.clone()),
                    At::Start => TextTest::Starts(text.clone()),
                    At::End => TextTest::Ends(text.clone()),
                    At::Within(test) => test,
                };
                (wanted.test, test)
            }));
        }
    }

    /// Calls `hit` with every test that `folded` passes; with some more than once.
    pub(crate) fn search(&self, folded: &str, hit: &mut impl FnMut(TestId)) {
        if let Some(tests) = self.equals.get(folded) {
            tests.iter().copied().for_each(&mut *hit);
        }
        if !self.numbers.is_empty()
            && let Some(tests) = Number::read(folded).and_then(|number| self.numbers.get(&number))
        {
            tests.iter().copied().for_each(&mut *hit);
        }
        for (id, test) in &self.others {
            if test.passes(folded) {
                hit(*id);
            }
        }
        let Some(needles) = &self.needles else { return };
        for found in needles.find_overlapping_iter(folded) {
            for wanted in self.uses.get(found.pattern().as_usize()).into_iter().flatten() {
                let there = match &wanted.at {
                    At::Anywhere => true,
                    At::Start => found.start() == 0,
                    At::End => found.end() == folded.len(),
                    At::Within(test) => test.passes(folded),
                };
                if there {
                    hit(wanted.test);
                }
            }
        }
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

    #[test]
    fn the_search_finds_what_the_tests_say() {
        let patterns = ["*b*", "ab*", "*bc", "abc", "a?c", "*", "", "*a*c*", "?", "*abcd*", "5"];
        let mut checks: Vec<FieldCheck> = patterns
            .iter()
            .map(|pattern| {
                let test = Test::Text(vec![TextTest::of(parse(pattern), false)]);
                FieldCheck { field: Some(0), name: None, test }
            })
            .collect();
        let number = Test::Text(vec![TextTest::Number(Number::new(5.0))]);
        checks.push(FieldCheck { field: Some(0), name: None, test: number });
        let ids: Vec<TestId> = (0..).take(checks.len()).collect();
        let mut group = Group::new(&ids, &checks);
        for round in 0..2 {
            for value in ["abc", "ABCD", "", "b", "xbc", "5", "5.0", "abxc", "c"] {
                let folded = value.to_lowercase();
                let mut found = Vec::new();
                group.search(&folded, &mut |id| found.push(id));
                found.sort_unstable();
                found.dedup();
                let expected: Vec<TestId> =
                    ids.iter().copied().filter(|id| checks[*id as usize].test.passes(value)).collect();
                assert_eq!(found, expected, "{value:?}, round {round}");
            }
            if let Some(needles) = group.needles.take() {
                assert_eq!(needles.patterns_len(), group.uses.len());
                let texts: Vec<String> = ["b", "ab", "bc", "a", "abcd"].map(str::to_owned).into();
                assert_eq!(texts.len(), group.uses.len());
                group.search_one_by_one(texts);
            }
        }
    }
}
