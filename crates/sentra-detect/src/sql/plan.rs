//! From a rule's tests to conditions on places, each as wide or as narrow as where it stands asks for.

use std::collections::BTreeSet;

use crate::fields::{Fallback, fallbacks};
use crate::ruleset::{RuleSet, TestId};
use crate::sigma::expr::Expr;
use crate::sigma::wildcard::{Part, TextTest};
use crate::test::{Comparison, Network, Test};

use super::filter::{Filter, Place, ValueTest};
use super::fold::certain;
use super::network::{other_forms, usual_form};
use super::re2;
use super::{QueryEngine, SQL_DEPTH_MAX, SQL_TESTS_MAX};

/// To which side a condition may err.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bound {
    /// It holds wherever the test does: what stands in the open.
    Wide,
    /// It holds only where the test does: what stands below a negation.
    Narrow,
}

impl Bound {
    fn opposite(self) -> Self {
        match self {
            Self::Wide => Self::Narrow,
            Self::Narrow => Self::Wide,
        }
    }
}

/// The tests of `expression` as a condition. What is wider than the rule goes to `widened`.
pub(super) fn filter(
    rules: &RuleSet,
    expression: &Expr<TestId>,
    engine: QueryEngine,
    widened: &mut BTreeSet<String>,
) -> Filter {
    Planner { rules, engine, widened, tests: 0 }.expression(expression, Bound::Wide, 0)
}

struct Planner<'a> {
    rules: &'a RuleSet,
    engine: QueryEngine,
    widened: &'a mut BTreeSet<String>,
    tests: usize,
}

/// A text test that is ready for a place.
#[derive(Clone, Copy)]
struct Where<'a> {
    place: &'a Place,
    bound: Bound,
}

impl Planner<'_> {
    fn expression(&mut self, expression: &Expr<TestId>, bound: Bound, depth: usize) -> Filter {
        if depth >= SQL_DEPTH_MAX && !matches!(expression, Expr::Leaf(_)) {
            return self.unsaid(bound, format!("nested deeper than {SQL_DEPTH_MAX}"));
        }
        match expression {
            Expr::Leaf(id) => self.test(*id, bound),
            Expr::Not(part) => Filter::not(self.expression(part, bound.opposite(), depth + 1)),
            Expr::And(parts) => Filter::all(
                parts.iter().map(|part| self.expression(part, bound, depth + 1)).collect::<Vec<_>>(),
            ),
            Expr::Or(parts) => Filter::any(
                parts.iter().map(|part| self.expression(part, bound, depth + 1)).collect::<Vec<_>>(),
            ),
            Expr::AtLeast(count, parts) => {
                let parts = parts.iter().map(|part| self.expression(part, bound, depth + 1)).collect();
                Filter::at_least(*count, parts)
            }
        }
    }

    /// What stands for something that cannot be said.
    fn unsaid(&mut self, bound: Bound, why: String) -> Filter {
        self.widened.insert(why);
        match bound {
            Bound::Wide => Filter::Always,
            Bound::Narrow => Filter::Never,
        }
    }

    fn test(&mut self, id: TestId, bound: Bound) -> Filter {
        let Some(check) = self.rules.checks.get(id as usize) else { return Filter::Never };
        self.tests += size(&check.test);
        if self.tests > SQL_TESTS_MAX {
            return self.unsaid(bound, format!("more than {SQL_TESTS_MAX} tests"));
        }
        let Some(name) = check.name.as_deref() else { return self.keywords(&check.test, bound) };
        match &check.test {
            Test::Never => Filter::Never,
            Test::Present => self.field_present(name, bound),
            Test::Missing => Filter::not(self.field_present(name, bound.opposite())),
            Test::Field(test) => {
                let both = [self.field_present(name, bound), self.field_present(&test.other, bound)];
                self.narrowed(Filter::all(both), bound, "comparison of two fields")
            }
            Test::TimePart(..) => {
                let present = self.field_present(name, bound);
                self.narrowed(present, bound, "part of a time")
            }
            _ if fallbacks(name).iter().any(|fallback| matches!(fallback, Fallback::Account(_))) => {
                let present = self.field_present(name, bound);
                self.narrowed(present, bound, "account that a name is of")
            }
            test => self.field(name, test, bound),
        }
    }

    /// `filter` as the wide form of something that has no narrow one.
    fn narrowed(&mut self, filter: Filter, bound: Bound, why: &str) -> Filter {
        self.widened.insert(why.to_owned());
        if bound == Bound::Wide { filter } else { Filter::Never }
    }

    /// Where a rule's field can have its values, in the order in which it is looked for; the second is what
    /// must hold besides.
    fn sources(name: &str) -> Vec<(Place, Filter)> {
        let elsewhere = || {
            let product = ValueTest::Equals { text: "windows".to_owned(), cased: true };
            Filter::not(Filter::Value { place: Place::Column("product"), tests: vec![product] })
        };
        let fallback = |fallback| match fallback {
            Fallback::Field(other) => (Place::Field(other.to_owned()), Filter::Always),
            Fallback::Header(column) | Fallback::Account(column) => (Place::Column(column), Filter::Always),
            Fallback::HeaderElsewhere(column) => (Place::Column(column), elsewhere()),
            Fallback::Port { source } => {
                (Place::Number(if source { "src_port" } else { "dst_port" }), Filter::Always)
            }
        };
        let own = (Place::Field(name.to_owned()), Filter::Always);
        std::iter::once(own).chain(fallbacks(name).into_iter().map(fallback)).collect()
    }

    fn field_present(&mut self, name: &str, bound: Bound) -> Filter {
        let sources = Self::sources(name).into_iter();
        Filter::any(
            sources
                .map(|(place, besides)| Filter::all([besides, self.present(&place, bound)]))
                .collect::<Vec<_>>(),
        )
    }

    fn present(&mut self, place: &Place, bound: Bound) -> Filter {
        match (self.engine, place, bound) {
            // Of several fields of one name the first may have no value.
            (QueryEngine::DataFusion, Place::Field(name), Bound::Wide) => {
                self.widened.insert("source fields whose name repeats".to_owned());
                Filter::Named(name.clone())
            }
            _ => Filter::Present(place.clone()),
        }
    }

    /// A test on the values of a field: of the first of its sources that has one.
    fn field(&mut self, name: &str, test: &Test, bound: Bound) -> Filter {
        let mut before = Vec::new();
        let mut alternatives = Vec::new();
        for (place, besides) in Self::sources(name) {
            let passes = self.on_place(test, Where { place: &place, bound });
            alternatives.push(Filter::all(before.iter().cloned().chain([besides.clone(), passes])));
            let there = Filter::all([besides, self.present(&place, bound.opposite())]);
            before.push(Filter::not(there));
        }
        Filter::any(alternatives)
    }

    fn on_place(&mut self, test: &Test, at: Where<'_>) -> Filter {
        let tests = match test {
            Test::Text(tests) => self.texts(tests, false, at),
            Test::Cased(tests) => self.texts(tests, true, at),
            Test::Regexes(regexes) => self.regexes(regexes, at),
            Test::Networks(networks) => self.networks(networks, at.bound),
            Test::Compare(comparison, number) => Ok(vec![self.number(*comparison, number.value(), at.bound)]),
            _ => Err("a test of its own kind"),
        };
        match tests {
            Ok(tests) if tests.is_empty() => Filter::Never,
            Ok(tests) => self.values(at, tests),
            Err(why) => {
                let present = self.present(at.place, at.bound);
                self.narrowed(present, at.bound, why)
            }
        }
    }

    fn values(&mut self, at: Where<'_>, tests: Vec<ValueTest>) -> Filter {
        let filter = Filter::Value { place: at.place.clone(), tests };
        match (self.engine, at.place, at.bound) {
            (QueryEngine::DataFusion, Place::Field(name), Bound::Wide) => {
                self.widened.insert("source fields whose name repeats".to_owned());
                Filter::any([filter, Filter::Repeated(name.clone())])
            }
            _ => filter,
        }
    }

    fn texts(
        &mut self,
        tests: &[TextTest],
        cased: bool,
        at: Where<'_>,
    ) -> Result<Vec<ValueTest>, &'static str> {
        Ok(tests.iter().filter_map(|test| self.text(test, cased, at)).collect())
    }

    /// `None` for what passes nothing in its narrow form.
    fn text(&mut self, test: &TextTest, cased: bool, at: Where<'_>) -> Option<ValueTest> {
        let (open_start, literal, open_end) = match test {
            TextTest::Equals(text) => (false, text, false),
            TextTest::Contains(text) => (true, text, true),
            TextTest::Starts(text) => (false, text, true),
            TextTest::Ends(text) => (true, text, false),
            TextTest::Fits(parts) => return self.pattern(parts, cased, at.bound),
            TextTest::Number(number) => {
                return Some(self.number(Comparison::Equal, number.value(), at.bound));
            }
        };
        if !cased && let Err(open) = certain(literal, self.engine) {
            let many = |open: bool| open.then_some(Part::Many);
            let parts = many(open_start).into_iter().chain(open).chain(many(open_end));
            return self.opened(parts.collect(), cased, at.bound);
        }
        let text = literal.clone();
        Some(match test {
            TextTest::Equals(_) => ValueTest::Equals { text, cased },
            TextTest::Starts(_) => ValueTest::Starts { text, cased },
            TextTest::Ends(_) => ValueTest::Ends { text, cased },
            _ => ValueTest::Contains { text, cased },
        })
    }

    fn pattern(&mut self, parts: &[Part], cased: bool, bound: Bound) -> Option<ValueTest> {
        let mut opened = Vec::new();
        let mut is_open = false;
        for part in parts {
            match part {
                Part::Literal(text) if !cased => match certain(text, self.engine) {
                    Ok(()) => opened.push(part.clone()),
                    Err(open) => {
                        is_open = true;
                        opened.extend(open);
                    }
                },
                other => opened.push(other.clone()),
            }
        }
        if is_open {
            return self.opened(opened, cased, bound);
        }
        Some(ValueTest::Like { parts: opened, cased })
    }

    fn opened(&mut self, parts: Vec<Part>, cased: bool, bound: Bound) -> Option<ValueTest> {
        self.widened.insert("letters without case beyond ASCII".to_owned());
        (bound == Bound::Wide).then_some(ValueTest::Like { parts, cased })
    }

    fn number(&mut self, comparison: Comparison, value: f64, bound: Bound) -> ValueTest {
        self.widened.insert("numbers that are no plain whole numbers".to_owned());
        ValueTest::Number { comparison, value, otherwise: bound == Bound::Wide }
    }

    fn regexes(&mut self, regexes: &[regex::Regex], at: Where<'_>) -> Result<Vec<ValueTest>, &'static str> {
        let said = regexes.iter().map(|regex| match self.engine {
            QueryEngine::DataFusion => Some(regex.as_str().to_owned()),
            QueryEngine::ClickHouse => re2::translated(regex.as_str()),
        });
        let said: Vec<Option<String>> = said.collect();
        if said.contains(&None) {
            let why = "regular expression that RE2 may understand otherwise";
            self.widened.insert(why.to_owned());
            if at.bound == Bound::Wide {
                return Err(why);
            }
        }
        Ok(said.into_iter().flatten().map(ValueTest::Regex).collect())
    }

    fn networks(&mut self, networks: &[Network], bound: Bound) -> Result<Vec<ValueTest>, &'static str> {
        self.widened.insert("addresses in other than their usual form".to_owned());
        let mut tests: Vec<ValueTest> =
            networks.iter().filter_map(|network| usual_form(*network)).map(ValueTest::Regex).collect();
        if bound == Bound::Wide {
            tests.push(ValueTest::Regex(other_forms()));
        }
        Ok(tests)
    }

    /// Any text of the event: the values of its fields and the message; the raw line where there is neither.
    fn keywords(&mut self, test: &Test, bound: Bound) -> Filter {
        match test {
            // What passes no value, and every event has some text.
            Test::Never | Test::Missing => return Filter::Never,
            Test::Field(_) => return self.narrowed(Filter::Always, bound, "comparison of two fields"),
            _ => {}
        }
        let message = self.on_place(test, Where { place: &Place::Column("message"), bound });
        let raw = self.raw(test, bound);
        let texts = [Place::AnyField, Place::Column("message")];
        let no_text = Filter::all(texts.map(|place| Filter::not(Filter::Present(place))));
        let fields = match self.engine {
            QueryEngine::ClickHouse => self.on_place(test, Where { place: &Place::AnyField, bound }),
            QueryEngine::DataFusion => self.joined(test, bound),
        };
        Filter::any([fields, message, Filter::all([no_text, raw])])
    }

    fn raw(&mut self, test: &Test, bound: Bound) -> Filter {
        self.widened.insert("raw lines".to_owned());
        if bound == Bound::Narrow {
            return Filter::Never;
        }
        let text = self.on_place(test, Where { place: &Place::Raw, bound });
        Filter::any([Filter::RawIsNoText, text])
    }

    /// A test on the values of all fields where they can only be asked as one text: for a text that is in it.
    fn joined(&mut self, test: &Test, bound: Bound) -> Filter {
        let why = "keywords in the fields taken together";
        let any = Filter::Present(Place::AnyField);
        let (tests, cased) = match test {
            Test::Text(tests) => (tests, false),
            Test::Cased(tests) => (tests, true),
            _ => return self.narrowed(any, bound, why),
        };
        let mut within = Vec::new();
        for test in tests {
            let parts = match test {
                TextTest::Equals(text)
                | TextTest::Contains(text)
                | TextTest::Starts(text)
                | TextTest::Ends(text) => {
                    vec![Part::Literal(text.clone())]
                }
                TextTest::Fits(parts) => parts.clone(),
                TextTest::Number(_) => return self.narrowed(any, bound, why),
            };
            let open: Vec<Part> =
                std::iter::once(Part::Many).chain(parts).chain(std::iter::once(Part::Many)).collect();
            within.extend(self.text(
                &TextTest::of(open, true),
                cased,
                Where { place: &Place::AnyField, bound },
            ));
        }
        let filter = Filter::Value { place: Place::AnyField, tests: within };
        self.narrowed(filter, bound, why)
    }
}

/// How many values a test compares with.
fn size(test: &Test) -> usize {
    match test {
        Test::Text(tests) | Test::Cased(tests) => tests.len(),
        Test::Regexes(regexes) => regexes.len(),
        Test::Networks(networks) => networks.len(),
        _ => 1,
    }
}
