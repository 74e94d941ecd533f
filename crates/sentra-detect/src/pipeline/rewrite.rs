//! Items of a detection, rewritten by a step of a pipeline.

use crate::placeholders::Placeholders;
use crate::problem::Fault;
use crate::sigma::condition::Condition;
use crate::sigma::expand;
use crate::sigma::modifier::{Kind, Modifiers};
use crate::sigma::tree::{Detection, Item, Selection, Tree};
use crate::test::Place;
use crate::yaml::{Node, Value};

use super::transformation::{ItemChange, Names};
use super::{State, Step};

/// What a step looks at.
pub(super) struct Scope<'a> {
    pub(super) step: &'a Step,
    pub(super) state: &'a State,
    pub(super) variables: &'a Placeholders,
}

/// Applies `change` to every item of `detection` for which the step's conditions hold. A selection of which
/// nothing is left goes, and the condition with it.
pub(super) fn detection(
    scope: &Scope<'_>,
    change: &ItemChange,
    detection: &mut Detection,
) -> Result<(), Fault> {
    let mut dropped = Vec::new();
    let mut kept = Vec::with_capacity(detection.selections.len());
    for Selection { name, line, tree } in std::mem::take(&mut detection.selections) {
        match tree.rewrite(&mut |item| changed(scope, change, item))? {
            Some(tree) => kept.push(Selection { name, line, tree }),
            None => dropped.push(name),
        }
    }
    detection.selections = kept;
    if dropped.is_empty() {
        return Ok(());
    }
    for conditional in &mut detection.conditions {
        let line = conditional.line;
        let left = without(conditional.condition.clone(), &dropped, &detection.selections);
        conditional.condition = left.ok_or_else(|| {
            Fault::new(line, "pipeline: transformations dropped everything that the condition names")
        })?;
    }
    Ok(())
}

/// `condition` without the selections that are gone.
fn without(condition: Condition, dropped: &[String], left: &[Selection]) -> Option<Condition> {
    let each = |parts: Vec<Condition>| -> Vec<Condition> {
        parts.into_iter().filter_map(|part| without(part, dropped, left)).collect()
    };
    match condition {
        Condition::Name(name) => (!dropped.contains(&name)).then_some(Condition::Name(name)),
        Condition::Not(part) => without(*part, dropped, left).map(|part| Condition::Not(Box::new(part))),
        Condition::And(parts) => Some(each(parts)).filter(|parts| !parts.is_empty()).map(Condition::And),
        Condition::Or(parts) => Some(each(parts)).filter(|parts| !parts.is_empty()).map(Condition::Or),
        Condition::Of(quantity, target) => {
            let any = left.iter().any(|selection| target.takes(&selection.name));
            any.then_some(Condition::Of(quantity, target))
        }
    }
}

fn changed(scope: &Scope<'_>, change: &ItemChange, mut item: Item) -> Result<Option<Tree>, Fault> {
    let Scope { step, state, .. } = scope;
    let meant = step.field.hold(&mut |condition| condition.holds(&item, state))
        && step.item.hold(&mut |condition| condition.holds(&item, state));
    if !meant {
        return Ok(Some(one(item)));
    }
    if let Some(id) = &step.id
        && !item.applied.contains(id)
    {
        item.applied.push(id.clone());
    }
    match change {
        ItemChange::Drop => return Ok(None),
        ItemChange::Failure(message) => {
            return Err(Fault::new(item.line, format!("pipeline: {message}")));
        }
        ItemChange::MapField(mapping) => return Ok(Some(mapped(item, |name| exactly(mapping, name)))),
        ItemChange::MapPrefix(mapping) => return Ok(Some(mapped(item, |name| by_prefix(mapping, name)))),
        ItemChange::Prefix(prefix) => {
            return Ok(Some(mapped(item, |name| Some(vec![format!("{prefix}{name}")]))));
        }
        ItemChange::Suffix(suffix) => {
            return Ok(Some(mapped(item, |name| Some(vec![format!("{name}{suffix}")]))));
        }
        ItemChange::Placeholders { names, wildcard } => {
            return placeholders(item, names, *wildcard, scope.variables).map(Some);
        }
        ItemChange::Hashes { algorithms, prefix, keep_algorithm } => {
            return Ok(Some(hashes(item, algorithms, prefix, *keep_algorithm)));
        }
        ItemChange::SetValue(value) => item.values = vec![Node { line: item.line, ..value.clone() }],
        _ => item.values = item.values.into_iter().flat_map(|value| values(change, value)).collect(),
    }
    Ok(Some(one(item)))
}

fn one(item: Item) -> Tree {
    Tree::Item(Box::new(item))
}

fn exactly(mapping: &[(String, Vec<String>)], name: &str) -> Option<Vec<String>> {
    mapping.iter().find(|(from, _)| from == name).map(|(_, to)| to.clone())
}

fn by_prefix(mapping: &[(String, Vec<String>)], name: &str) -> Option<Vec<String>> {
    mapping.iter().find_map(|(from, to)| {
        let rest = name.strip_prefix(from.as_str())?;
        Some(to.iter().map(|prefix| format!("{prefix}{rest}")).collect())
    })
}

/// The item under the names that `map` gives to its field, and to the fields that it refers to.
fn mapped(mut item: Item, map: impl Fn(&str) -> Option<Vec<String>>) -> Tree {
    if item.modifiers.kind == Kind::FieldRef {
        item.values = item
            .values
            .into_iter()
            .flat_map(|node| {
                let names = node.text().and_then(|name| map(&name));
                let line = node.line;
                names.map_or_else(
                    || vec![node],
                    |names| names.into_iter().map(|name| Node { line, value: Value::Text(name) }).collect(),
                )
            })
            .collect();
    }
    let names = item.field.as_deref().and_then(map);
    let Some(names) = names else { return one(item) };
    // What wants absence wants it of every name.
    let absent = |node: &Node| match item.modifiers.kind {
        Kind::Exists => node.value == Value::Bool(false),
        _ => node.value == Value::Null,
    };
    let all = item.values.iter().all(absent) != item.modifiers.negated;
    let parts: Vec<Tree> =
        names.into_iter().map(|name| one(Item { field: Some(name), ..item.clone() })).collect();
    joined(parts, all).unwrap_or_else(|| one(item))
}

fn joined(mut parts: Vec<Tree>, all: bool) -> Option<Tree> {
    let last = parts.pop()?;
    if parts.is_empty() {
        return Some(last);
    }
    parts.push(last);
    Some(if all { Tree::All(parts) } else { Tree::Any(parts) })
}

/// What `change` makes of one value.
fn values(change: &ItemChange, node: Node) -> Vec<Node> {
    let line = node.line;
    let text = |text: String| vec![Node { line, value: Value::Text(text) }];
    match (change, &node.value) {
        (ItemChange::Replace { pattern, replacement, skip_special, interpret_special }, Value::Text(own)) => {
            if !skip_special {
                return text(pattern.replace_all(own, replacement.as_str()).into_owned());
            }
            let replaced = |part: &str| {
                let replaced = pattern.replace_all(part, replacement.as_str());
                if *interpret_special || replaced == part {
                    return replaced.into_owned();
                }
                replaced.replace('*', "\\*").replace('?', "\\?")
            };
            let mut whole = String::new();
            let mut plain = String::new();
            for (char, special) in special_chars(own) {
                if special {
                    whole.push_str(&replaced(&std::mem::take(&mut plain)));
                    whole.push(char);
                } else {
                    plain.push(char);
                }
            }
            whole.push_str(&replaced(&plain));
            text(whole)
        }
        (ItemChange::MapText(mapping), _) => {
            let own = node.text().unwrap_or_default();
            match exactly(mapping, &own) {
                Some(texts) => texts.into_iter().flat_map(text).collect(),
                None => vec![node],
            }
        }
        (ItemChange::Case { upper: true }, Value::Text(own)) => text(own.to_uppercase()),
        (ItemChange::Case { upper: false }, Value::Text(own)) => text(own.to_lowercase()),
        (ItemChange::ToText, Value::Integer(_) | Value::Float(_) | Value::Bool(_)) => {
            text(node.text().unwrap_or_default())
        }
        (ItemChange::ToNumber, Value::Text(own)) => {
            let value = own.parse().map(Value::Integer).or_else(|_| own.parse().map(Value::Float));
            vec![value.map_or(node, |value| Node { line, value })]
        }
        _ => vec![node],
    }
}

/// The characters of a Sigma text, and whether they are wildcards.
fn special_chars(text: &str) -> impl Iterator<Item = (char, bool)> {
    let mut escaped = false;
    text.chars().map(move |char| {
        let special = matches!(char, '*' | '?') && !escaped;
        escaped = char == '\\' && !escaped;
        (char, special)
    })
}

/// Replaces placeholders. Values whose placeholders are not all known stay, for the lists given later.
fn placeholders(item: Item, names: &Names, wildcard: bool, variables: &Placeholders) -> Result<Tree, Fault> {
    if !item.modifiers.expand {
        return Ok(one(item));
    }
    let (mut done, mut left) = (Vec::new(), Vec::new());
    for node in item.values.iter() {
        let Some(text) = node.text() else {
            left.push(node.clone());
            continue;
        };
        let mut lists = Placeholders::new();
        for name in expand::names(&text).filter(|name| names.take(name)) {
            if wildcard {
                lists.set(name, ["*".to_owned()]);
            } else if let Some(values) = variables.get(name) {
                lists.set(name, values.iter().cloned());
            }
        }
        let expansion = expand::expand(&text, &lists).map_err(|message| Fault::new(node.line, message))?;
        if expansion.literal || !expansion.unknown.is_empty() {
            left.push(node.clone());
        } else {
            let line = node.line;
            done.extend(expansion.texts.into_iter().map(|text| Node { line, value: Value::Text(text) }));
        }
    }
    if done.is_empty() {
        return Ok(one(item));
    }
    let modifiers = Modifiers { expand: false, ..item.modifiers.clone() };
    let all = modifiers.all != modifiers.negated;
    let known = one(Item { modifiers, values: done, ..item.clone() });
    if left.is_empty() {
        return Ok(known);
    }
    let parts = vec![known, one(Item { values: left, ..item })];
    Ok(if all { Tree::All(parts) } else { Tree::Any(parts) })
}

/// Hashes by the field of their algorithm, which stands before them or follows from their length.
fn hashes(item: Item, algorithms: &[String], prefix: &str, keep_algorithm: bool) -> Tree {
    let mut by_field: Vec<(String, Vec<Node>)> = Vec::new();
    for node in &item.values {
        let text = node.text().unwrap_or_default();
        let text = text.trim_matches('*');
        let (name, hash) = match text.split_once(['=', '|']) {
            Some((name, hash)) => (name.to_ascii_uppercase(), hash),
            None => (by_length(text).to_owned(), text),
        };
        if !algorithms.iter().any(|known| known.eq_ignore_ascii_case(&name)) {
            continue;
        }
        let field = format!("{prefix}{}", if keep_algorithm { name.as_str() } else { "" });
        let value = Node { line: node.line, value: Value::Text(hash.to_owned()) };
        match by_field.iter_mut().find(|(known, _)| *known == field) {
            Some((_, values)) => values.push(value),
            None => by_field.push((field, vec![value])),
        }
    }
    let modifiers = Modifiers { place: Place::Whole, all: false, ..item.modifiers.clone() };
    let all = item.modifiers.all;
    let parts: Vec<Tree> = by_field
        .into_iter()
        .map(|(field, values)| {
            one(Item { field: Some(field), modifiers: modifiers.clone(), values, ..item.clone() })
        })
        .collect();
    joined(parts, all).unwrap_or_else(|| one(item))
}

fn by_length(hash: &str) -> &'static str {
    match hash.len() {
        32 => "MD5",
        40 => "SHA1",
        64 => "SHA256",
        128 => "SHA512",
        _ => "",
    }
}
