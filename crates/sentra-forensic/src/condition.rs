//! What a policy asks of an event: a few tests of KQL's `where`, written as the search bar's shorthand or as KQL.
//!
//! It is asked of every event of the marts that the policy names, so there is neither regular expression nor
//! arithmetic. What it does not know is refused by its name, never ignored.

use sentra_kql::{
    Comparison, Expr, ExprKind, KqlError, Literal, Membership, Operator, Query, Set, TextTest, parse,
    parse_shorthand,
};
use sentra_model::{EventRow, column};

use crate::terms::{cut, lower};

/// Tests in one condition: it is asked of every event.
pub const CONDITION_TESTS_MAX: usize = 64;

/// Bytes of a value that a condition looks at, so that one long record does not hold up all others.
const VALUE_LOOKED_AT_BYTES_MAX: usize = 64 * 1024;

/// A test of an event.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition(Node);

/// Why a condition is refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ConditionError {
    /// It is not in the language.
    #[error("the condition cannot be read: {0}")]
    Language(#[from] KqlError),
    /// It is in the language, but not in what is asked of every event.
    #[error(
        "{what} is not for a policy's condition: use field:value, words, ==, =~, in, has, contains, startswith, endswith, isnotempty, and, or, not"
    )]
    Unsupported {
        /// What it is.
        what: String,
    },
    /// Too many tests.
    #[error("the condition has more than {CONDITION_TESTS_MAX} tests: make two policies of it")]
    TooMany,
}

#[derive(Debug, Clone, PartialEq)]
enum Node {
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    /// `None`: any of the event's texts.
    Test(Option<String>, Test),
}

#[derive(Debug, Clone, PartialEq)]
enum Test {
    Equal(Vec<String>),
    /// Values in lower case.
    EqualCaseless(Vec<String>),
    /// The value in lower case.
    Text(TextTest, String),
    NotEmpty,
}

impl Condition {
    /// Reads `text`: the shorthand (`code:LL03 user:svc* "access denied"`), or KQL when it has an operator of it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, ConditionError> {
        let query = match parse_shorthand(text, "events") {
            Ok(query) if !is_kql(text) => query,
            _ => parse(&format!("events | where {text}"))?,
        };
        Self::of_query(&query)
    }

    fn of_query(query: &Query) -> Result<Self, ConditionError> {
        let unsupported = |what: &str| Err(ConditionError::Unsupported { what: what.to_owned() });
        if !query.lets.is_empty() {
            return unsupported("'let'");
        }
        match query.pipeline.steps.as_slice() {
            [] => unsupported("an empty condition"),
            [step] => match &step.operator {
                Operator::Where(condition) => {
                    let mut tests = 0;
                    Ok(Self(node(condition, &mut tests)?))
                }
                _ => unsupported("another operator than 'where'"),
            },
            _ => unsupported("a second operator"),
        }
    }

    /// Whether `row` is meant.
    #[must_use]
    pub fn holds(&self, row: EventRow<'_>) -> bool {
        holds(&self.0, row)
    }
}

/// Whether words of KQL stand in `text`, which the shorthand would read as words to look for.
fn is_kql(text: &str) -> bool {
    // Every other part stands in quotes.
    let text = &text.split('"').step_by(2).collect::<Vec<_>>().join(" ");
    text.contains("==")
        || text.contains("=~")
        || text.contains("!=")
        || text.split_whitespace().any(|word| {
            matches!(
                word.trim_start_matches('!'),
                "and"
                    | "has"
                    | "has_cs"
                    | "has_any"
                    | "has_all"
                    | "hasprefix"
                    | "hassuffix"
                    | "contains"
                    | "contains_cs"
                    | "startswith"
                    | "startswith_cs"
                    | "endswith"
                    | "endswith_cs"
                    | "in"
                    | "in~"
                    | "between"
                    | "matches"
                    | "<"
                    | ">"
                    | "<="
                    | ">="
            )
        })
}

fn node(expr: &Expr, tests: &mut usize) -> Result<Node, ConditionError> {
    *tests += 1;
    if *tests > CONDITION_TESTS_MAX {
        return Err(ConditionError::TooMany);
    }
    let unsupported = |what: String| Err(ConditionError::Unsupported { what });
    match &expr.kind {
        ExprKind::And(parts) => Ok(Node::All(nodes(parts, tests)?)),
        ExprKind::Or(parts) => Ok(Node::Any(nodes(parts, tests)?)),
        ExprKind::Not(inner) => Ok(Node::Not(Box::new(node(inner, tests)?))),
        ExprKind::Compare { op, left, right } => {
            let Some(value) = literal(right) else { return unsupported("a value that is computed".into()) };
            let (test, is_negated) = match op {
                Comparison::Equal => (Test::Equal(vec![value]), false),
                Comparison::NotEqual => (Test::Equal(vec![value]), true),
                Comparison::EqualCaseless => (Test::EqualCaseless(vec![lower(&value)]), false),
                Comparison::NotEqualCaseless => (Test::EqualCaseless(vec![lower(&value)]), true),
                Comparison::Text { test, negated, cased: false } if is_taken(*test) => {
                    (Test::Text(*test, lower(&value)), *negated)
                }
                op => return unsupported(format!("'{}'", op.text())),
            };
            Ok(negated_if(is_negated, Node::Test(subject(left)?, test)))
        }
        ExprKind::In { op, value, set: Set::List(values) } => {
            let values: Option<Vec<String>> = values.iter().map(literal).collect();
            let Some(values) = values else { return unsupported("a value that is computed".into()) };
            if values.len() > CONDITION_TESTS_MAX {
                return Err(ConditionError::TooMany);
            }
            let lowered = || values.iter().map(|value| lower(value)).collect();
            let (test, is_negated) = match op {
                Membership::In => (Test::Equal(values), false),
                Membership::NotIn => (Test::Equal(values), true),
                Membership::InCaseless => (Test::EqualCaseless(lowered()), false),
                Membership::NotInCaseless => (Test::EqualCaseless(lowered()), true),
                op => return unsupported(format!("'{}'", op.as_str())),
            };
            Ok(negated_if(is_negated, Node::Test(subject(value)?, test)))
        }
        ExprKind::Call { function, arguments } => match (function.text.as_str(), arguments.as_slice()) {
            ("not", [inner]) => Ok(Node::Not(Box::new(node(inner, tests)?))),
            ("isnotempty", [field]) => Ok(Node::Test(subject(field)?, Test::NotEmpty)),
            ("isempty", [field]) => Ok(negated_if(true, Node::Test(subject(field)?, Test::NotEmpty))),
            (name, _) => unsupported(format!("'{}()'", cut(name, 80))),
        },
        _ => unsupported("this".into()),
    }
}

fn nodes(parts: &[Expr], tests: &mut usize) -> Result<Vec<Node>, ConditionError> {
    parts.iter().map(|part| node(part, tests)).collect()
}

fn negated_if(is_negated: bool, node: Node) -> Node {
    if is_negated { Node::Not(Box::new(node)) } else { node }
}

fn is_taken(test: TextTest) -> bool {
    matches!(test, TextTest::Contains | TextTest::StartsWith | TextTest::EndsWith | TextTest::Has)
}

/// The field that is tested; `None` for `*`.
fn subject(expr: &Expr) -> Result<Option<String>, ConditionError> {
    fn name(expr: &Expr) -> Option<String> {
        match &expr.kind {
            ExprKind::Name(name) => Some(name.clone()),
            ExprKind::Member(base, member) => Some(format!("{}.{member}", name(base)?)),
            ExprKind::Index(base, index) => Some(format!("{}.{}", name(base)?, literal(index)?)),
            _ => None,
        }
    }
    match &expr.kind {
        ExprKind::Star => Ok(None),
        _ => match name(expr) {
            Some(name) => Ok(Some(name)),
            None => Err(ConditionError::Unsupported { what: "a field that is computed".into() }),
        },
    }
}

fn literal(expr: &Expr) -> Option<String> {
    match &expr.kind {
        ExprKind::Literal(Literal::String(text)) => Some(text.clone()),
        ExprKind::Literal(Literal::Long(number)) => Some(number.to_string()),
        ExprKind::Literal(Literal::Bool(value)) => Some(value.to_string()),
        ExprKind::Negate(inner) => match &inner.kind {
            ExprKind::Literal(Literal::Long(number)) => Some(format!("-{number}")),
            _ => None,
        },
        _ => None,
    }
}

fn holds(node: &Node, row: EventRow<'_>) -> bool {
    match node {
        Node::All(parts) => parts.iter().all(|part| holds(part, row)),
        Node::Any(parts) => parts.iter().any(|part| holds(part, row)),
        Node::Not(inner) => !holds(inner, row),
        Node::Test(Some(name), test) => values(row, name, &mut |value| test.holds(value)),
        Node::Test(None, test) => {
            column::TEXT_NAMES.iter().any(|name| row.text(name).is_some_and(|value| test.holds(value)))
                || row.fields().any(|(_, value)| test.holds(value))
                || test.holds(&raw(row))
        }
    }
}

fn raw(row: EventRow<'_>) -> std::borrow::Cow<'_, str> {
    let bytes = row.raw();
    String::from_utf8_lossy(bytes.get(..VALUE_LOOKED_AT_BYTES_MAX).unwrap_or(bytes))
}

/// Whether a value of the field `name` passes `test`. As in the language, a name means the header column before the
/// source's field, and `fields.` the source's field alone.
fn values(row: EventRow<'_>, name: &str, test: &mut dyn FnMut(&str) -> bool) -> bool {
    match name {
        "raw" => return test(&raw(row)),
        "id" => return test(&row.id().to_string()),
        "class" => return test(&row.class().to_string()),
        "severity" => return test(&row.severity().ocsf().to_string()),
        "count" => return test(&row.count().to_string()),
        "src_port" => return row.src_port().is_some_and(|port| test(&port.to_string())),
        "dst_port" => return row.dst_port().is_some_and(|port| test(&port.to_string())),
        _ => {}
    }
    if column::text(name).is_some() {
        return row.text(name).is_some_and(test);
    }
    let field = name.strip_prefix("fields.").unwrap_or(name);
    row.field(field).is_some_and(test)
}

impl Test {
    fn holds(&self, value: &str) -> bool {
        match self {
            Self::NotEmpty => !value.is_empty(),
            Self::Equal(wanted) => wanted.iter().any(|wanted| wanted == value),
            Self::EqualCaseless(wanted) => wanted.iter().any(|wanted| {
                if value.is_ascii() && wanted.is_ascii() {
                    wanted.eq_ignore_ascii_case(value)
                } else {
                    *wanted == lower(value)
                }
            }),
            Self::Text(test, part) => {
                let lowered = lower(cut(value, VALUE_LOOKED_AT_BYTES_MAX));
                match test {
                    TextTest::StartsWith => lowered.starts_with(part.as_str()),
                    TextTest::EndsWith => lowered.ends_with(part.as_str()),
                    TextTest::Has => has(&lowered, part),
                    _ => lowered.contains(part.as_str()),
                }
            }
        }
    }
}

/// The language's `has`, both in lower case.
fn has(text: &str, part: &str) -> bool {
    let is_word = |edge: Option<char>| edge.is_some_and(char::is_alphanumeric);
    let (first, last) = (is_word(part.chars().next()), is_word(part.chars().next_back()));
    text.match_indices(part).any(|(start, _)| {
        let before = text.get(..start).and_then(|text| text.chars().next_back());
        let after = text.get(start + part.len()..).and_then(|text| text.chars().next());
        !(first && is_word(before) || last && is_word(after))
    })
}
