//! The file of disabled rules and exceptions.

use sentra_model::Timestamp;

use crate::problem::Fault;
use crate::text::hint;
use crate::yaml::{DEPTH_MAX, Entry, Node, Value, documents};

use super::{DisabledRule, Exception, Problems, RuleScope, Written};

const KEYS: [&str; 2] = ["disabled", "exceptions"];
const DISABLED_KEYS: [&str; 6] = ["rule", "tenant", "owner", "reason", "since", "until"];
const EXCEPTION_KEYS: [&str; 8] =
    ["id", "tenant", "scope", "condition", "owner", "reason", "created", "expires"];

/// The entries of a file, with their lines. What is wrong goes to `problems`.
pub(super) fn file(text: &str, problems: &mut Problems<'_>) -> (Vec<(u64, DisabledRule)>, Vec<Written>) {
    let (mut disabled, mut exceptions) = (Vec::new(), Vec::new());
    for document in documents(text) {
        let document = match document {
            Ok(document) => document,
            Err(fault) => {
                problems.error("", fault);
                continue;
            }
        };
        if !matches!(document.value, Value::Map(_)) {
            problems.error("", Fault::new(document.line, "expected a map with disabled and exceptions"));
        }
        for entry in document.entries() {
            match entry.key.as_str() {
                "disabled" | "exceptions" if entry.value.value == Value::Null => {}
                "disabled" => {
                    for item in entry.value.items() {
                        match read_disabled(item) {
                            Ok(read) => disabled.push((item.line, read)),
                            Err(fault) => problems.error(&name(item, "rule"), fault),
                        }
                    }
                }
                "exceptions" => {
                    for item in entry.value.items() {
                        match read_exception(item) {
                            Ok(read) => exceptions.push(read),
                            Err(fault) => problems.error(&name(item, "id"), fault),
                        }
                    }
                }
                wrong => {
                    let message = format!("unknown key {wrong:?}{}", hint(wrong, KEYS));
                    problems.error("", Fault::new(entry.line, message));
                }
            }
        }
    }
    (disabled, exceptions)
}

fn name(item: &Node, key: &str) -> String {
    item.get(key).and_then(Node::text).unwrap_or_default()
}

fn read_disabled(item: &Node) -> Result<DisabledRule, Fault> {
    check_keys(item, &DISABLED_KEYS)?;
    Ok(DisabledRule {
        rule: text(item, "rule")?,
        tenant: parsed(item, "tenant")?,
        owner: text(item, "owner")?,
        reason: text(item, "reason")?,
        since: moment(item, "since")?,
        until: item.get("until").map(|_| moment(item, "until")).transpose()?,
    })
}

fn read_exception(item: &Node) -> Result<Written, Fault> {
    check_keys(item, &EXCEPTION_KEYS)?;
    let Some(condition) = item.get("condition") else {
        return Err(Fault::new(item.line, "condition is missing: which events are meant?"));
    };
    let exception = Exception {
        id: text(item, "id")?,
        tenant: parsed(item, "tenant")?,
        scope: scope(item)?,
        condition: json(condition),
        owner: text(item, "owner")?,
        reason: text(item, "reason")?,
        created: moment(item, "created")?,
        expires: moment(item, "expires")?,
    };
    Ok(Written { exception, condition: condition.clone(), line: item.line })
}

fn check_keys(item: &Node, known: &[&'static str]) -> Result<(), Fault> {
    if !matches!(item.value, Value::Map(_)) {
        return Err(Fault::new(item.line, format!("expected a map with {}", known.join(", "))));
    }
    match item.entries().iter().find(|entry| !known.contains(&entry.key.as_str())) {
        Some(Entry { key, line, .. }) => {
            Err(Fault::new(*line, format!("unknown key {key:?}{}", hint(key, known.iter().copied()))))
        }
        None => Ok(()),
    }
}

fn text(item: &Node, key: &str) -> Result<String, Fault> {
    match item.get(key) {
        None => Err(Fault::new(item.line, format!("{key} is missing"))),
        Some(node) => node.text().ok_or_else(|| Fault::new(node.line, format!("{key} must be a text"))),
    }
}

fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(item: &Node, key: &str) -> Result<T, Fault> {
    let line = item.get(key).map_or(item.line, |node| node.line);
    text(item, key)?.parse().map_err(|error: T::Err| Fault::new(line, format!("{key}: {error}")))
}

/// A moment, or a day, which is its beginning in UTC.
fn moment(item: &Node, key: &str) -> Result<Timestamp, Fault> {
    let line = item.get(key).map_or(item.line, |node| node.line);
    let text = text(item, key)?;
    let moment = text.parse().or_else(|_| format!("{}T00:00:00Z", text.trim()).parse());
    moment.map_err(|_| {
        Fault::new(line, format!("{key}: {text:?} is no time: write 2026-01-31 or 2026-01-31T08:00:00Z"))
    })
}

fn scope(item: &Node) -> Result<RuleScope, Fault> {
    const WORDS: [&str; 3] = ["rules", "pack", "all"];
    let Some(node) = item.get("scope") else {
        return Err(Fault::new(item.line, "scope is missing: {rules: […]}, {pack: …} or all"));
    };
    if node.text().is_some_and(|word| word == "all") {
        return Ok(RuleScope::All);
    }
    match node.entries() {
        [Entry { key, value, .. }] if key == "pack" => match value.text() {
            Some(pack) => Ok(RuleScope::Pack(pack)),
            None => Err(Fault::new(value.line, "pack must be a text")),
        },
        [Entry { key, value, .. }] if key == "rules" => {
            Ok(RuleScope::Rules(value.items().iter().filter_map(Node::text).collect()))
        }
        [Entry { key, line, .. }] => {
            Err(Fault::new(*line, format!("unknown scope {key:?}{}", hint(key, WORDS))))
        }
        _ => Err(Fault::new(node.line, "scope must be {rules: […]}, {pack: …} or all")),
    }
}

/// A node as JSON. Its depth is that of a document, which is limited.
pub(crate) fn json(node: &Node) -> serde_json::Value {
    match &node.value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(truth) => (*truth).into(),
        Value::Integer(number) => (*number).into(),
        Value::Float(number) => (*number).into(),
        Value::Text(text) => text.as_str().into(),
        Value::List(items) => items.iter().map(json).collect(),
        Value::Map(entries) => serde_json::Value::Object(
            entries.iter().map(|entry| (entry.key.clone(), json(&entry.value))).collect(),
        ),
    }
}

/// JSON as a node. `depth` counts from 1.
pub(super) fn node(json: &serde_json::Value, depth: usize) -> Result<Node, Fault> {
    if depth > DEPTH_MAX {
        return Err(Fault::new(1, format!("nested deeper than the {DEPTH_MAX} levels allowed")));
    }
    let value = match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(truth) => Value::Bool(*truth),
        serde_json::Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(number), _) => Value::Integer(number),
            (None, Some(number)) => Value::Float(number),
            (None, None) => Value::Text(number.to_string()),
        },
        serde_json::Value::String(text) => Value::Text(text.clone()),
        serde_json::Value::Array(items) => {
            Value::List(items.iter().map(|item| node(item, depth + 1)).collect::<Result<_, _>>()?)
        }
        serde_json::Value::Object(entries) => {
            let entry = |(key, value): (&String, &serde_json::Value)| {
                Ok(Entry { key: key.clone(), line: 1, value: node(value, depth + 1)? })
            };
            Value::Map(entries.iter().map(entry).collect::<Result<_, Fault>>()?)
        }
    };
    Ok(Node { line: 1, value })
}
