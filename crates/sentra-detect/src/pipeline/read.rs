//! Pipelines from YAML.

use regex::Regex;

use crate::logsource::Logsource;
use crate::placeholders::Placeholders;
use crate::problem::Fault;
use crate::sigma::tree::Tree;
use crate::text::hint;
use crate::yaml::{Entry, Node, Value};

use super::read_conditions::{conditions, field_condition, item_condition, rule_condition};
use super::transformation::{ItemChange, Names, Transformation};
use super::{NEST_DEPTH_MAX, Pipeline, Step, TRANSFORMATIONS_MAX};

const KEYS: [&str; 8] = [
    "name",
    "priority",
    "vars",
    "allowed_backends",
    "transformations",
    "postprocessing",
    "finalizers",
    "description",
];

/// What pySigma has besides, with the reason that it is refused.
const REFUSED: [(&str, &str); 6] = [
    ("query_expression_placeholders", "it writes into a query, and rules are not turned into one"),
    ("field_name_transform", "it calls code of the program it came from"),
    ("strict_field_mapping_failure", "write detection_item_failure with field_name_conditions"),
    ("extract_fields", "it is not supported; map the fields of the source with field_name_mapping"),
    ("regex", "regular expressions ignore case by |i already"),
    ("multiple_transformation", "write nest"),
];

/// The types of transformations.
const TYPES: [&str; 25] = [
    "field_name_mapping",
    "field_name_prefix_mapping",
    "field_name_prefix",
    "field_name_suffix",
    "drop_detection_item",
    "add_condition",
    "change_logsource",
    "replace_string",
    "map_string",
    "set_value",
    "convert_type",
    "case",
    "value_placeholders",
    "wildcard_placeholders",
    "hashes_fields",
    "rule_failure",
    "detection_item_failure",
    "set_state",
    "set_custom_attribute",
    "nest",
    "add_field",
    "remove_field",
    "set_field",
    "add_fields",
    "remove_fields",
];

/// Reads a pipeline. What has no effect goes to `warn`.
pub(super) fn pipeline(node: &Node, warn: &mut impl FnMut(u64, String)) -> Result<Pipeline, Fault> {
    if !matches!(node.value, Value::Map(_)) {
        return Err(Fault::new(node.line, "it must be a map with name and transformations"));
    }
    for Entry { key, line, .. } in node.entries() {
        match key.as_str() {
            "postprocessing" | "finalizers" => {
                warn(*line, format!("{key:?} shapes the text of a query and has no effect here"));
            }
            key if !KEYS.contains(&key) => {
                return Err(Fault::new(*line, format!("unknown key {key:?}{}", hint(key, KEYS))));
            }
            _ => {}
        }
    }
    let mut variables = Placeholders::new();
    for entry in node.get("vars").map(Node::entries).unwrap_or_default() {
        if !variables.set(&entry.key, texts(&entry.value)?) {
            return Err(Fault::new(entry.line, format!("variable {:?} has too many values", entry.key)));
        }
    }
    let mut reader = Reader { left: TRANSFORMATIONS_MAX, warn };
    let steps = match node.get("transformations") {
        Some(steps) => reader.steps(steps, 0)?,
        None => return Err(Fault::new(node.line, "the pipeline has no transformations")),
    };
    let name = node.get("name").and_then(Node::text).unwrap_or_else(|| "unnamed".to_owned());
    let priority = match node.get("priority").map(|node| (&node.value, node.line)) {
        None => 0,
        Some((Value::Integer(number), _)) => *number,
        Some((_, line)) => return Err(Fault::new(line, "priority must be a whole number")),
    };
    Ok(Pipeline { name, priority, pack: None, variables, steps })
}

struct Reader<'a, W> {
    left: usize,
    warn: &'a mut W,
}

impl<W: FnMut(u64, String)> Reader<'_, W> {
    fn steps(&mut self, node: &Node, depth: usize) -> Result<Vec<Step>, Fault> {
        if depth > NEST_DEPTH_MAX {
            let message =
                format!("transformations are nested deeper than the {NEST_DEPTH_MAX} levels allowed");
            return Err(Fault::new(node.line, message));
        }
        let mut steps = Vec::new();
        for item in node.items() {
            let Some(left) = self.left.checked_sub(1) else {
                let message = format!("more than the {TRANSFORMATIONS_MAX} transformations allowed");
                return Err(Fault::new(item.line, message));
            };
            self.left = left;
            steps.push(Step {
                id: item.get("id").and_then(Node::text),
                rule: conditions(item, "rule_conditions", "rule_cond", rule_condition)?,
                item: conditions(item, "detection_item_conditions", "detection_item_cond", item_condition)?,
                field: conditions(item, "field_name_conditions", "field_name_cond", field_condition)?,
                transformation: self.transformation(item, depth)?,
            });
            let last = steps.last();
            if last.is_some_and(|step| {
                let conditional = !step.item.is_empty() || !step.field.is_empty();
                conditional && !matches!(step.transformation, Transformation::Item(_))
            }) {
                let message =
                    "conditions on items and fields are for transformations of items; use rule_conditions";
                return Err(Fault::new(item.line, message));
            }
        }
        Ok(steps)
    }

    fn transformation(&mut self, node: &Node, depth: usize) -> Result<Transformation, Fault> {
        let Some(kind) = node.get("type") else {
            return Err(Fault::new(node.line, "the transformation has no type"));
        };
        let name = kind.text().unwrap_or_default();
        if let Some((_, reason)) = REFUSED.into_iter().find(|(refused, _)| *refused == name) {
            return Err(Fault::new(kind.line, format!("transformation {name:?} is refused: {reason}")));
        }
        if let Some(change) = item_change(&name, node)? {
            return Ok(Transformation::Item(change));
        }
        match name.as_str() {
            "nest" => Ok(Transformation::Nest(self.steps(need(node, "items")?, depth + 1)?)),
            "rule_failure" => Ok(Transformation::RuleFailure(need_text(node, "message")?)),
            "set_state" => {
                Ok(Transformation::SetState { key: need_text(node, "key")?, value: need_text(node, "val")? })
            }
            "set_custom_attribute" => Ok(Transformation::SetAttribute {
                key: need_text(node, "attribute")?,
                value: need_text(node, "value")?,
            }),
            "change_logsource" => {
                let logsource = Logsource {
                    product: part(node, "product"),
                    category: part(node, "category"),
                    service: part(node, "service"),
                };
                if logsource == Logsource::default() {
                    return Err(Fault::new(
                        node.line,
                        "change_logsource names no product, category or service",
                    ));
                }
                Ok(Transformation::ChangeLogsource(logsource))
            }
            "add_condition" => {
                let conditions = need(node, "conditions")?;
                Ok(Transformation::AddCondition {
                    name: node.get("name").and_then(Node::text),
                    conditions: Tree::read(conditions.clone(), conditions.line)?,
                    template: flag(node, "template"),
                    negated: flag(node, "negated"),
                })
            }
            "add_field" | "remove_field" | "set_field" | "add_fields" | "remove_fields" => {
                let message =
                    format!("transformation {name:?} is about what is printed and has no effect here");
                (self.warn)(kind.line, message);
                Ok(Transformation::NoEffect)
            }
            _ => Err(Fault::new(kind.line, format!("unknown transformation {name:?}{}", hint(&name, TYPES)))),
        }
    }
}

/// The change of items that the transformation `name` is, if it is one.
fn item_change(name: &str, node: &Node) -> Result<Option<ItemChange>, Fault> {
    Ok(Some(match name {
        "field_name_mapping" => ItemChange::MapField(mapping(node)?),
        "field_name_prefix_mapping" => ItemChange::MapPrefix(mapping(node)?),
        "field_name_prefix" => ItemChange::Prefix(need_text(node, "prefix")?),
        "field_name_suffix" => ItemChange::Suffix(need_text(node, "suffix")?),
        "drop_detection_item" => ItemChange::Drop,
        "detection_item_failure" => ItemChange::Failure(need_text(node, "message")?),
        "replace_string" => ItemChange::Replace {
            pattern: pattern(need(node, "regex")?, "")?,
            replacement: replacement(&need_text(node, "replacement")?),
            skip_special: flag(node, "skip_special"),
            interpret_special: flag(node, "interpret_special"),
        },
        "map_string" => ItemChange::MapText(mapping(node)?),
        "set_value" => {
            let value = need(node, "value")?;
            if matches!(value.value, Value::List(_) | Value::Map(_)) {
                return Err(Fault::new(value.line, "set_value wants one value"));
            }
            ItemChange::SetValue(value.clone())
        }
        "case" => match need_text(node, "method")?.as_str() {
            "upper" => ItemChange::Case { upper: true },
            "lower" => ItemChange::Case { upper: false },
            wrong => return Err(unknown(need(node, "method")?, "method", wrong, &["lower", "upper"])),
        },
        "convert_type" => match need_text(node, "target_type")?.as_str() {
            "str" => ItemChange::ToText,
            "num" => ItemChange::ToNumber,
            wrong => return Err(unknown(need(node, "target_type")?, "target_type", wrong, &["str", "num"])),
        },
        "value_placeholders" => ItemChange::Placeholders { names: names(node)?, wildcard: false },
        "wildcard_placeholders" => ItemChange::Placeholders { names: names(node)?, wildcard: true },
        "hashes_fields" => ItemChange::Hashes {
            algorithms: texts(need(node, "valid_hash_algos")?)?,
            prefix: node.get("field_prefix").and_then(Node::text).unwrap_or_default(),
            keep_algorithm: !flag(node, "drop_algo_prefix"),
        },
        _ => return Ok(None),
    }))
}

fn names(node: &Node) -> Result<Names, Fault> {
    match (node.get("include"), node.get("exclude")) {
        (None, None) => Ok(Names::All),
        (Some(include), None) => texts(include).map(Names::Only),
        (None, Some(exclude)) => texts(exclude).map(Names::Except),
        (Some(_), Some(exclude)) => Err(Fault::new(exclude.line, "include and exclude exclude each other")),
    }
}

fn mapping(node: &Node) -> Result<Vec<(String, Vec<String>)>, Fault> {
    let mapping = need(node, "mapping")?;
    if mapping.entries().is_empty() {
        return Err(Fault::new(mapping.line, "the mapping must be a map that is not empty"));
    }
    let entries = mapping.entries().iter();
    entries.map(|entry| Ok((entry.key.clone(), texts(&entry.value)?))).collect()
}

fn texts(node: &Node) -> Result<Vec<String>, Fault> {
    let texts: Option<Vec<String>> = node.items().iter().map(Node::text).collect();
    let texts = texts.filter(|texts| !texts.is_empty());
    texts.ok_or_else(|| Fault::new(node.line, "a text or a list of texts is expected"))
}

/// A regular expression; `anchor` stands before it.
pub(super) fn pattern(node: &Node, anchor: &str) -> Result<Regex, Fault> {
    let source = node.text().unwrap_or_default();
    Regex::new(&format!("{anchor}(?:{source})"))
        .map_err(|_| Fault::new(node.line, format!("regular expression {source:?} is not understood")))
}

/// `\1` and `\g<1>` of the replacement as `${1}`.
fn replacement(text: &str) -> String {
    let mut whole = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        whole.push_str(&before.replace('$', "$$"));
        let named = after.strip_prefix("g<").and_then(|after| after.split_once('>'));
        let digits = after.len() - after.trim_start_matches(|char: char| char.is_ascii_digit()).len();
        rest = if let Some((name, after)) = named {
            whole.push_str(&format!("${{{name}}}"));
            after
        } else if digits > 0 {
            let (number, after) = after.split_at(digits);
            whole.push_str(&format!("${{{number}}}"));
            after
        } else {
            whole.push('\\');
            // An escaped backslash is one.
            after.strip_prefix('\\').unwrap_or(after)
        };
    }
    whole + &rest.replace('$', "$$")
}

pub(super) fn need<'a>(node: &'a Node, key: &str) -> Result<&'a Node, Fault> {
    let kind = node.get("type").and_then(Node::text).unwrap_or_default();
    node.get(key).ok_or_else(|| Fault::new(node.line, format!("{kind} wants {key:?}")))
}

pub(super) fn need_text(node: &Node, key: &str) -> Result<String, Fault> {
    let value = need(node, key)?;
    value.text().ok_or_else(|| Fault::new(value.line, format!("{key:?} must be a text")))
}

pub(super) fn part(node: &Node, key: &str) -> Option<String> {
    node.get(key).and_then(Node::text).map(|text| text.trim().to_ascii_lowercase())
}

pub(super) fn flag(node: &Node, key: &str) -> bool {
    node.get(key).is_some_and(|node| node.value == Value::Bool(true))
}

pub(super) fn unknown(node: &Node, what: &str, wrong: &str, known: &[&str]) -> Fault {
    Fault::new(node.line, format!("unknown {what} {wrong:?}{}", hint(wrong, known.iter().copied())))
}
