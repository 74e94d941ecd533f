//! The old form of correlations, `selection | count() by Field > 5` and `selection | near other`, upgraded on
//! load: the condition becomes a rule that does not report, and a correlation refers to it under the rule's
//! own id and title.
//!
//! The correlation is written as the YAML node that a rule of today would have, and read as any other: what
//! correlations cannot do is said by the reader of correlations.

use crate::correlation::parse::read as read_correlation;
use crate::logsource::Logsource;
use crate::pipeline::field_name;
use crate::problem::Fault;
use crate::test::{Comparison, Test};
use crate::yaml::{Entry, Node, Value};

use super::aggregation::{Aggregation, Compare, Function};
use super::condition::Condition;
use super::detection::Selections;
use super::draft::Draft;
use super::expr::{Expr, Predicate};
use super::rule::{ParsedBody, ParsedRule, Reader};
use super::tree::Conditional;
use super::wildcard::Number;

/// The time within which matches belong together, where the old rule does not say.
const TIMESPAN: &str = "1h";

/// A single-event rule of a correlation.
struct Base {
    logsource: Logsource,
    expression: Expr<Predicate>,
}

/// The correlation that the aggregation of `conditional` makes of `draft`, and the rules it refers to.
/// `extra` is what every rule must match besides: the filters.
pub(super) fn upgrade(
    draft: &Draft,
    conditional: &Conditional,
    aggregation: &Aggregation,
    extra: &[Expr<Predicate>],
    reader: &Reader<'_>,
    warn: &mut impl FnMut(u64, String),
) -> Result<Vec<ParsedRule>, Fault> {
    let line = conditional.line;
    let mut selections = Selections::compile(&draft.detection, reader.lists, warn)?;
    let name = |field: &str| field_name(reader.pipelines(), &draft.written, field);
    let filtered = |expression| Expr::all(std::iter::once(expression).chain(extra.iter().cloned()).collect());
    let (bases, mut entries) = match aggregation {
        Aggregation::Compare(compare) => {
            let expression = selections.resolve(&conditional.condition, line)?;
            let compare = compare.renamed(&name);
            let (expression, entries) = compared(&compare, expression, line);
            let base = Base { logsource: draft.logsource.clone(), expression: filtered(expression) };
            (vec![base], entries)
        }
        Aggregation::Near(others) => near(draft, conditional, others, &mut selections, &filtered)?,
    };
    selections.warn_of_unused(warn);
    // In a condition a name is one word.
    let key = draft.key().split_whitespace().collect::<Vec<_>>().join("-");
    let ids: Vec<String> = (1..=bases.len()).map(|number| format!("{key}.{number}")).collect();
    for entry in &mut entries {
        if let Value::Text(text) = &mut entry.value.value
            && entry.key == "condition"
        {
            *text = named(text, &ids);
        }
    }
    let timespan = draft.detection.timeframe.clone();
    let guessed = timespan.is_none();
    entries.push(entry(
        "timespan",
        timespan.map_or(Value::Text(TIMESPAN.to_owned()), |node| node.value),
        line,
    ));
    entries.push(entry("rules", list(&ids, line), line));
    let node = Node { line, value: Value::Map(entries) };
    warn(line, advice(&node, guessed));
    let correlation = read_correlation(&node, warn).map_err(|fault| {
        let Fault { line, message } = fault;
        Fault::new(line, format!("the old form of a correlation cannot be upgraded: {message}"))
    })?;
    let mut rules = Vec::with_capacity(bases.len() + 1);
    for (number, (base, id)) in (1..).zip(bases.into_iter().zip(ids)) {
        let title = format!("{} (part {number})", draft.title.as_deref().unwrap_or(draft.key()));
        let body = ParsedBody::Single { logsource: base.logsource, expression: base.expression };
        rules.push(ParsedRule {
            id: Some(id),
            name: None,
            title: Some(title),
            generate: false,
            ..draft.rule(body)
        });
    }
    rules.push(draft.rule(ParsedBody::Correlation(correlation)));
    Ok(rules)
}

/// The rule and the correlation's `type`, `group-by` and `condition` for a comparison.
fn compared(compare: &Compare, expression: Expr<Predicate>, line: u64) -> (Expr<Predicate>, Vec<Entry>) {
    let number = |number: f64| {
        // Whole numbers are written as such: counts want them.
        let whole = number.fract() == 0.0 && number.abs() < 9e15;
        if whole { Value::Integer(number as i64) } else { Value::Float(number) }
    };
    let condition = |field: Option<&String>, operator: &str, value: Value| {
        let mut entries: Vec<Entry> =
            field.map(|field| entry("field", Value::Text(field.clone()), line)).into_iter().collect();
        entries.push(entry(operator, value, line));
        entries
    };
    let reached = condition(compare.field.as_ref(), compare.operator, number(compare.number));
    let mut expression = expression;
    let (kind, condition) = match (compare.function, &compare.field, compare.operator) {
        (Function::Count, None, _) => ("event_count", reached),
        (Function::Count, Some(_), _) => ("value_count", reached),
        (Function::Sum, ..) => ("value_sum", reached),
        (Function::Avg, ..) => ("value_avg", reached),
        // The highest of all is above a bound when one value is: that needs no window.
        (Function::Max, Some(field), "gt" | "gte") | (Function::Min, Some(field), "lt" | "lte") => {
            let test = Test::Compare(comparison(compare.operator), Number::new(compare.number));
            let leaf = Expr::Leaf(Predicate { field: Some(field.clone()), test });
            expression = Expr::all(vec![expression, leaf]);
            ("event_count", condition(None, "gte", Value::Integer(1)))
        }
        (function, ..) => {
            let percentile = if function == Function::Max { 100 } else { 0 };
            let mut reached = reached;
            reached.push(entry("percentile", Value::Integer(percentile), line));
            ("value_percentile", reached)
        }
    };
    let mut entries = vec![entry("type", Value::Text(kind.to_owned()), line)];
    if !compare.groups.is_empty() {
        entries.push(entry("group-by", list(&compare.groups, line), line));
    }
    entries.push(entry("condition", Value::Map(condition), line));
    (expression, entries)
}

fn comparison(operator: &str) -> Comparison {
    match operator {
        "gt" => Comparison::Greater,
        "gte" => Comparison::GreaterOrEqual,
        "lt" => Comparison::Less,
        "lte" => Comparison::LessOrEqual,
        _ => Comparison::Equal,
    }
}

/// One rule for what stands before `near` and one for each part that stands behind it.
fn near(
    draft: &Draft,
    conditional: &Conditional,
    others: &Condition,
    selections: &mut Selections<'_>,
    filtered: &impl Fn(Expr<Predicate>) -> Expr<Predicate>,
) -> Result<(Vec<Base>, Vec<Entry>), Fault> {
    let line = conditional.line;
    let behind = match others {
        Condition::And(parts) => parts.as_slice(),
        other => std::slice::from_ref(other),
    };
    let mut bases = Vec::new();
    let mut terms = Vec::new();
    for part in std::iter::once(&conditional.condition).chain(behind) {
        let (negated, part) = match part {
            Condition::Not(part) if !bases.is_empty() => (true, part.as_ref()),
            part => (false, part),
        };
        let expression = filtered(selections.resolve(part, line)?);
        bases.push(Base { logsource: draft.logsource_of(part), expression });
        terms.push(negated);
    }
    let mut entries = vec![entry("type", Value::Text("temporal".to_owned()), line)];
    if terms.iter().any(|negated| *negated) {
        let numbers = (1..).zip(&terms);
        let terms: Vec<String> =
            numbers.map(|(number, not)| format!("{}#{number}", if *not { "not " } else { "" })).collect();
        entries.push(entry("condition", Value::Text(terms.join(" and ")), line));
    }
    Ok((bases, entries))
}

/// Puts the id of the rule in the place of its number.
fn named(text: &str, ids: &[String]) -> String {
    let word = |word: &str| {
        let number = word.strip_prefix('#').and_then(|number| number.parse::<usize>().ok());
        number.and_then(|number| ids.get(number - 1).cloned()).unwrap_or_else(|| word.to_owned())
    };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

fn entry(key: &str, value: Value, line: u64) -> Entry {
    Entry { key: key.to_owned(), line, value: Node { line, value } }
}

fn list(texts: &[String], line: u64) -> Value {
    Value::List(texts.iter().map(|text| Node { line, value: Value::Text(text.clone()) }).collect())
}

/// How the rule is written today.
fn advice(node: &Node, guessed: bool) -> String {
    let flow = |node: &Node| {
        let mut text = String::new();
        write_flow(node, &mut text);
        text
    };
    let timespan =
        if guessed { "; it has no timeframe: matches within 1h are counted" } else { Default::default() };
    format!(
        "[old-aggregation] an aggregation in the condition is the old form and was upgraded to a \
         correlation{timespan}; today it is a document of its own that refers to the rule: correlation: {}",
        flow(node)
    )
}

/// The node in the flow style of YAML.
fn write_flow(node: &Node, text: &mut String) {
    match &node.value {
        Value::Map(entries) => {
            text.push('{');
            for (index, entry) in entries.iter().enumerate() {
                text.push_str(if index > 0 { ", " } else { "" });
                text.push_str(&entry.key);
                text.push_str(": ");
                write_flow(&entry.value, text);
            }
            text.push('}');
        }
        Value::List(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                text.push_str(if index > 0 { ", " } else { "" });
                write_flow(item, text);
            }
            text.push(']');
        }
        _ => text.push_str(&node.text().unwrap_or_default()),
    }
}
