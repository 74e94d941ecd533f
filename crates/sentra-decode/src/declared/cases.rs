//! What a record means, by the values of its fields.

use memchr::memmem;
use sentra_model::Event;

use super::keys::{check, is_field_name, text, texts, truth};
use super::mapping::{Mapping, is_same};
use super::problem::Faults;
use super::template::value;
use super::yaml::{Node, Value};

/// Most cases of one format.
const CASES_MAX: usize = 256;
/// Most conditions of one case.
const CONDITIONS_MAX: usize = 16;
/// Most values of one condition.
const VALUES_MAX: usize = 256;

/// The first case of which all conditions hold says what the record means.
#[derive(Debug, Default)]
pub(super) struct Cases(Vec<Case>);

#[derive(Debug)]
struct Case {
    conditions: Vec<Condition>,
    mapping: Mapping,
}

/// One test on one field.
#[derive(Debug)]
struct Condition {
    field: String,
    test: Test,
}

#[derive(Debug)]
enum Test {
    /// One of these, in lower case.
    OneOf(Vec<String>),
    /// None of these; a field that is not there passes.
    NoneOf(Vec<String>),
    /// Like one of these.
    Globs(Vec<Glob>),
    Present(bool),
}

/// A text with `*` for any text, compared without case.
#[derive(Debug)]
struct Glob {
    begins_open: bool,
    ends_open: bool,
    /// In lower case, none empty.
    pieces: Vec<String>,
}

impl Cases {
    pub(super) fn compile(node: &Node, faults: &mut Faults) -> Self {
        let Value::List(items) = &node.value else {
            faults.error(node.line, "cases must be a list, each with `when`");
            return Self::default();
        };
        if items.len() > CASES_MAX {
            faults.error(node.line, format!("{} cases are more than the {CASES_MAX} allowed", items.len()));
            return Self::default();
        }
        Self(items.iter().filter_map(|item| Case::compile(item, faults)).collect())
    }

    /// The fields they name.
    pub(super) fn fields(&self) -> Vec<&str> {
        let conditions = self.0.iter().flat_map(|case| &case.conditions);
        let mut fields: Vec<&str> = conditions.map(|condition| condition.field.as_str()).collect();
        fields.extend(self.0.iter().flat_map(|case| case.mapping.fields()));
        fields
    }

    /// Fills the header by the first case that holds.
    pub(super) fn fill(&self, event: &mut Event<'_>) {
        let holds = |case: &&Case| case.conditions.iter().all(|condition| condition.holds(event));
        if let Some(case) = self.0.iter().find(holds) {
            case.mapping.fill(event);
        }
    }
}

impl Case {
    fn compile(node: &Node, faults: &mut Faults) -> Option<Self> {
        let mapping = Mapping::compile(node, "a case", &["when"], faults);
        if mapping.mart.is_some() || !mapping.time.is_empty() {
            faults.error(
                node.line,
                "a case cannot change `mart` or `time`: they are for all records of a format",
            );
        }
        let Some(when) = node.get("when") else {
            faults.error(node.line, "a case needs `when`, a map of fields and the values they must have");
            return None;
        };
        let Value::Map(entries) = &when.value else {
            faults.error(when.line, "`when` must be a map of fields and the values they must have");
            return None;
        };
        if entries.is_empty() || entries.len() > CONDITIONS_MAX {
            faults.error(when.line, format!("`when` must have 1 to {CONDITIONS_MAX} fields"));
            return None;
        }
        let mut conditions = Vec::new();
        for entry in entries {
            if !is_field_name(&entry.key) {
                faults.error(entry.line, format!("`{}` cannot be the name of a field", entry.key));
                continue;
            }
            let tests = tests(&entry.value, faults);
            conditions.extend(tests.into_iter().map(|test| Condition { field: entry.key.clone(), test }));
        }
        Some(Self { conditions, mapping })
    }
}

/// The tests on one field, all of which must pass.
fn tests(node: &Node, faults: &mut Faults) -> Vec<Test> {
    let lower = |node: &Node, faults: &mut Faults| {
        let texts = texts(node, "when", VALUES_MAX, faults);
        texts.into_iter().map(|(text, _)| text.to_lowercase()).collect::<Vec<_>>()
    };
    if !matches!(node.value, Value::Map(_)) {
        return vec![Test::OneOf(lower(node, faults))];
    }
    check(node, "a condition", &["equals", "one_of", "not", "like", "present"], faults);
    let mut tests = Vec::new();
    for entry in node.entries() {
        match entry.key.as_str() {
            "equals" => tests.extend(
                text(&entry.value, "equals", faults).map(|text| Test::OneOf(vec![text.to_lowercase()])),
            ),
            "one_of" => tests.push(Test::OneOf(lower(&entry.value, faults))),
            "not" => tests.push(Test::NoneOf(lower(&entry.value, faults))),
            "like" => {
                let globs = lower(&entry.value, faults);
                tests.push(Test::Globs(globs.iter().map(|glob| Glob::new(glob)).collect()));
            }
            "present" => tests.extend(truth(&entry.value, "present", faults).map(Test::Present)),
            _ => {}
        }
    }
    tests
}

impl Condition {
    fn holds(&self, event: &Event<'_>) -> bool {
        let value = value(event, &self.field).map(|value| value.as_text());
        match (&self.test, value) {
            (Test::Present(wanted), value) => value.is_some() == *wanted,
            (Test::NoneOf(_), None) => true,
            (_, None) => false,
            (Test::OneOf(wanted), Some(value)) => wanted.iter().any(|wanted| is_same(wanted, &value)),
            (Test::NoneOf(refused), Some(value)) => !refused.iter().any(|refused| is_same(refused, &value)),
            (Test::Globs(globs), Some(value)) => {
                let folded = value.to_lowercase();
                globs.iter().any(|glob| glob.matches(folded.trim()))
            }
        }
    }
}

impl Glob {
    /// `text` is in lower case.
    fn new(text: &str) -> Self {
        Self {
            begins_open: text.starts_with('*'),
            ends_open: text.ends_with('*'),
            pieces: text.split('*').filter(|piece| !piece.is_empty()).map(str::to_owned).collect(),
        }
    }

    /// Law LIMIT: every piece is looked for once, behind the one before it, so the time is linear in the text.
    fn matches(&self, text: &str) -> bool {
        let Some((last, before)) = self.pieces.split_last() else {
            return self.begins_open || text.is_empty();
        };
        let mut rest = text;
        for (index, piece) in before.iter().enumerate() {
            let after = if index == 0 && !self.begins_open {
                rest.strip_prefix(piece.as_str())
            } else {
                memmem::find(rest.as_bytes(), piece.as_bytes()).and_then(|at| rest.get(at + piece.len()..))
            };
            let Some(after) = after else { return false };
            rest = after;
        }
        let is_anchored = before.is_empty() && !self.begins_open;
        match (is_anchored, self.ends_open) {
            (true, true) => rest.starts_with(last.as_str()),
            (true, false) => rest == last,
            (false, true) => rest.contains(last.as_str()),
            (false, false) => rest.ends_with(last.as_str()),
        }
    }
}

#[cfg(test)]
mod tests_of_globs {
    use super::*;

    #[test]
    fn globs_match_as_people_read_them() {
        let cases = [
            ("login failed", "login failed", true),
            ("login failed", "login failed twice", false),
            ("login*", "login failed", true),
            ("*failed", "login failed", true),
            ("*log*fail*", "a login has failed", true),
            ("log*ed", "login failed", true),
            ("log*ed", "login failed.", false),
            ("a*a", "a", false),
            ("*", "", true),
            ("", "", true),
            ("", "x", false),
            ("**", "x", true),
        ];
        for (glob, text, expected) in cases {
            assert_eq!(Glob::new(glob).matches(text), expected, "{glob:?} {text:?}");
        }
    }
}
