//! Conditions of transformations from YAML.

use crate::problem::Fault;
use crate::sigma::condition::{Condition, parse as parse_condition};
use crate::text::hint;
use crate::yaml::{Node, Value};

use super::condition::{
    Compare, Conditions, FieldCondition, FieldMatch, ItemCondition, Logic, RuleCondition,
};
use super::read::{flag, need, need_text, part, pattern, unknown};

/// Reads the conditions under `key`, a list or a map with names, and how they are joined.
pub(super) fn conditions<C>(
    node: &Node,
    key: &str,
    prefix: &str,
    read: impl Fn(&Node) -> Result<C, Fault>,
) -> Result<Conditions<C>, Fault> {
    let Some(list) = node.get(key) else { return Ok(Conditions::default()) };
    let mut terms = Vec::new();
    match &list.value {
        Value::Map(entries) => {
            for entry in entries {
                terms.push((entry.key.clone(), read(&entry.value)?));
            }
        }
        _ => {
            for (number, item) in list.items().iter().enumerate() {
                terms.push((number.to_string(), read(item)?));
            }
        }
    }
    let expression = node.get(&format!("{prefix}_expr"));
    let operator = node.get(&format!("{prefix}_op"));
    let logic = match (expression, operator.and_then(Node::text).as_deref()) {
        (Some(expression), None) => {
            let condition = parse_condition(&expression.text().unwrap_or_default(), expression.line)?;
            check_names(&condition, &terms, expression.line)?;
            Logic::Expression(condition)
        }
        (None, None | Some("and")) => Logic::All,
        (None, Some("or")) => Logic::Any,
        (None, Some(wrong)) => {
            let line = operator.map_or(node.line, |node| node.line);
            return Err(Fault::new(line, format!("{prefix}_op is 'and' or 'or', not {wrong:?}")));
        }
        (Some(expression), Some(_)) => {
            return Err(Fault::new(
                expression.line,
                format!("{prefix}_expr and {prefix}_op exclude each other"),
            ));
        }
    };
    Ok(Conditions { terms, logic, negated: flag(node, &format!("{prefix}_not")) })
}

fn check_names<C>(condition: &Condition, terms: &[(String, C)], line: u64) -> Result<(), Fault> {
    match condition {
        Condition::And(parts) | Condition::Or(parts) => {
            parts.iter().try_for_each(|part| check_names(part, terms, line))
        }
        Condition::Not(part) => check_names(part, terms, line),
        Condition::Name(name) if terms.iter().any(|(known, _)| known == name) => Ok(()),
        Condition::Name(name) => {
            let hint = hint(name, terms.iter().map(|(known, _)| known.as_str()));
            Err(Fault::new(line, format!("there is no condition {name:?}{hint}")))
        }
        Condition::Of(..) => {
            Err(Fault::new(line, "conditions are joined by and, or, not: 'of' is for rules"))
        }
    }
}

pub(super) fn rule_condition(node: &Node) -> Result<RuleCondition, Fault> {
    const TYPES: [&str; 9] = [
        "logsource",
        "contains_field",
        "contains_detection_item",
        "tag",
        "rule_attribute",
        "processing_item_applied",
        "processing_state",
        "is_sigma_rule",
        "is_sigma_correlation_rule",
    ];
    let kind = need_text(node, "type")?;
    Ok(match kind.as_str() {
        "logsource" => RuleCondition::Logsource {
            product: part(node, "product"),
            category: part(node, "category"),
            service: part(node, "service"),
        },
        "contains_field" => RuleCondition::ContainsField(need_text(node, "field")?),
        "contains_detection_item" => RuleCondition::ContainsItem {
            field: node.get("field").and_then(Node::text),
            value: node.get("value").and_then(Node::text),
        },
        "tag" => RuleCondition::Tag(need_text(node, "tag")?),
        "rule_attribute" => RuleCondition::Attribute {
            name: need_text(node, "attribute")?,
            value: need_text(node, "value")?,
            compare: compare(node)?,
        },
        "processing_item_applied" => RuleCondition::Applied(need_text(node, "processing_item_id")?),
        "processing_state" => RuleCondition::State {
            key: need_text(node, "key")?,
            value: need_text(node, "val")?,
            compare: compare(node)?,
        },
        "is_sigma_rule" => RuleCondition::Kind { correlation: false },
        "is_sigma_correlation_rule" => RuleCondition::Kind { correlation: true },
        wrong => return Err(unknown(node, "rule condition", wrong, &TYPES)),
    })
}

pub(super) fn item_condition(node: &Node) -> Result<ItemCondition, Fault> {
    const TYPES: [&str; 6] = [
        "match_string",
        "match_value",
        "contains_wildcard",
        "is_null",
        "processing_item_applied",
        "processing_state",
    ];
    let all = || match node.get("cond").and_then(Node::text).as_deref() {
        None | Some("any") => Ok(false),
        Some("all") => Ok(true),
        Some(wrong) => Err(unknown(node, "cond", wrong, &["any", "all"])),
    };
    let kind = need_text(node, "type")?;
    Ok(match kind.as_str() {
        "match_string" => ItemCondition::Text {
            pattern: pattern(need(node, "pattern")?, "^")?,
            all: all()?,
            negated: flag(node, "negate"),
        },
        "match_value" => ItemCondition::Value { value: need_text(node, "value")?, all: all()? },
        "contains_wildcard" => ItemCondition::Wildcard { all: all()? },
        "is_null" => ItemCondition::Null { all: all()? },
        "processing_item_applied" => ItemCondition::Applied(need_text(node, "processing_item_id")?),
        "processing_state" => ItemCondition::State {
            key: need_text(node, "key")?,
            value: need_text(node, "val")?,
            compare: compare(node)?,
        },
        wrong => return Err(unknown(node, "detection item condition", wrong, &TYPES)),
    })
}

pub(super) fn field_condition(node: &Node) -> Result<FieldCondition, Fault> {
    const TYPES: [&str; 4] =
        ["include_fields", "exclude_fields", "processing_item_applied", "processing_state"];
    let matches = || {
        let mode = node.get("mode").or_else(|| node.get("match_type")).and_then(Node::text);
        let patterns = match mode.as_deref() {
            None | Some("plain") => false,
            Some("re") => true,
            Some(wrong) => return Err(unknown(node, "mode", wrong, &["plain", "re"])),
        };
        let fields = need(node, "fields")?;
        fields
            .items()
            .iter()
            .map(|field| match (patterns, field.text()) {
                (true, Some(_)) => pattern(field, "^").map(FieldMatch::Pattern),
                (false, Some(name)) => Ok(FieldMatch::Name(name)),
                (_, None) => Err(Fault::new(field.line, "a field is named by a text")),
            })
            .collect()
    };
    let kind = need_text(node, "type")?;
    Ok(match kind.as_str() {
        "include_fields" => FieldCondition::Include(matches()?),
        "exclude_fields" => FieldCondition::Exclude(matches()?),
        "processing_item_applied" => FieldCondition::Applied(need_text(node, "processing_item_id")?),
        "processing_state" => FieldCondition::State {
            key: need_text(node, "key")?,
            value: need_text(node, "val")?,
            compare: compare(node)?,
        },
        wrong => return Err(unknown(node, "field name condition", wrong, &TYPES)),
    })
}

fn compare(node: &Node) -> Result<Compare, Fault> {
    const OPERATORS: [(&str, Compare); 6] = [
        ("eq", Compare::Equal),
        ("ne", Compare::NotEqual),
        ("lt", Compare::Less),
        ("lte", Compare::LessOrEqual),
        ("gt", Compare::Greater),
        ("gte", Compare::GreaterOrEqual),
    ];
    let Some(operator) = node.get("op") else { return Ok(Compare::Equal) };
    let text = operator.text().unwrap_or_default();
    let known = OPERATORS.into_iter().find(|(name, _)| *name == text);
    known
        .map(|(_, compare)| compare)
        .ok_or_else(|| Fault::new(operator.line, format!("unknown op {text:?}: eq, ne, lt, lte, gt or gte")))
}
