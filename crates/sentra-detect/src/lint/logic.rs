//! Conditions that are dead, and values that cannot be.

use regex_syntax::hir::{Hir, HirKind, Look};

use crate::sigma::condition::{Condition, Quantity};
use crate::sigma::draft::Draft;
use crate::sigma::modifier::{Change, Kind};
use crate::sigma::tree::{Item, Selection, Tree};
use crate::sigma::wildcard::{Number, Part, TextTest, parse as parse_wildcards};
use crate::test::{Comparison, Place};
use crate::yaml::{Node, Value};

use super::Findings;

/// Most items that are compared with each other for contradictions.
const COMPARED_ITEMS_MAX: usize = 64;
/// Most values of an item that are compared with those of another.
const COMPARED_VALUES_MAX: usize = 256;

pub(super) fn lint(draft: &Draft, found: &mut Findings) {
    for selection in &draft.detection.selections {
        selection.tree.items(&mut |item| lint_item(draft, item, found));
        must_all(&selection.tree, &mut Vec::new(), found);
    }
    for conditional in &draft.detection.conditions {
        lint_condition(&conditional.condition, &draft.detection.selections, conditional.line, found);
    }
}

/// Contradictions inside of one selection.
fn must_all<'a>(tree: &'a Tree, must: &mut Vec<&'a Item>, found: &mut Findings) {
    match tree {
        Tree::Item(item) => must.push(item),
        Tree::Any(parts) => parts.iter().for_each(|part| must_all(part, &mut Vec::new(), found)),
        Tree::All(parts) => {
            for part in parts {
                match part {
                    Tree::Item(item) => must.push(item),
                    other => must_all(other, &mut Vec::new(), found),
                }
            }
            if let Some((one, other)) = contradiction(must) {
                found.add("contradiction", other.line, contradiction_message(one));
            }
        }
    }
}

fn contradiction_message(one: &Item) -> String {
    let field = one.field.as_deref().unwrap_or_default();
    format!(
        "what is wanted of {field:?} here cannot be true together with what line {} wants of it",
        one.line
    )
}

/// Parts of the condition that can never be true.
fn lint_condition(condition: &Condition, selections: &[Selection], line: u64, found: &mut Findings) {
    match condition {
        Condition::Name(_) | Condition::Of(..) => {
            lint_and(std::slice::from_ref(condition), selections, line, found);
        }
        Condition::Not(part) => lint_condition(part, selections, line, found),
        Condition::Or(parts) => {
            parts.iter().for_each(|part| lint_condition(part, selections, line, found));
            for part in parts {
                if parts.iter().any(|other| is_not(other, part)) {
                    found.add(
                        "dead-condition",
                        line,
                        "the condition has a part 'a or not a': it is always true",
                    );
                    break;
                }
            }
        }
        Condition::And(parts) => {
            parts.iter().for_each(|part| lint_condition(part, selections, line, found));
            lint_and(parts, selections, line, found);
        }
    }
}

fn is_not(condition: &Condition, of: &Condition) -> bool {
    matches!(condition, Condition::Not(part) if part.as_ref() == of)
}

fn lint_and(parts: &[Condition], selections: &[Selection], line: u64, found: &mut Findings) {
    let mut flat = Vec::new();
    flatten(parts, &mut flat);
    if flat.iter().any(|part| flat.iter().any(|other| is_not(other, part))) {
        found.add("dead-condition", line, "the condition has a part 'a and not a': it can never be true");
        return;
    }
    let mut must: Vec<&Item> = Vec::new();
    for part in &flat {
        for selection in selections.iter().filter(|selection| wanted(part, &selection.name)) {
            certain(&selection.tree, &mut must);
        }
    }
    let same = |one: &Item, other: &Item| {
        one.field == other.field
            && format!("{:?}", one.modifiers) == format!("{:?}", other.modifiers)
            && one.values.len() == other.values.len()
            && one.values.iter().zip(&other.values).all(|(one, other)| one.value == other.value)
    };
    for part in &flat {
        let Condition::Not(part) = part else { continue };
        let Condition::Name(name) = part.as_ref() else { continue };
        let selection = selections.iter().find(|selection| selection.name == *name);
        if let Some(Tree::Item(item)) = selection.map(|selection| &selection.tree)
            && let Some(twin) = must.iter().find(|wanted| same(wanted, item))
        {
            let message = format_args!(
                "the condition wants what line {} says and not what {name:?} says, which is the same",
                twin.line
            );
            found.add("dead-condition", line, message);
        }
    }
    // Inside of one selection it is told there.
    let within = |one: &Item, other: &Item| {
        selections.iter().any(|selection| {
            let mut count = 0;
            selection.tree.items(&mut |item| {
                count += usize::from(std::ptr::eq(item, one) || std::ptr::eq(item, other));
            });
            count > 1
        })
    };
    if let Some((one, other)) = contradiction(&must)
        && !within(one, other)
    {
        found.add(
            "contradiction",
            line,
            format_args!("the condition wants line {} too, and {}", other.line, contradiction_message(one)),
        );
    }
}

fn flatten<'a>(parts: &'a [Condition], flat: &mut Vec<&'a Condition>) {
    for part in parts {
        match part {
            Condition::And(parts) => flatten(parts, flat),
            other => flat.push(other),
        }
    }
}

/// Whether the condition cannot hold unless the selection `name` does.
fn wanted(condition: &Condition, name: &str) -> bool {
    match condition {
        Condition::Name(wanted) => wanted == name,
        Condition::Of(Quantity::All, target) => target.takes(name),
        _ => false,
    }
}

/// Items of which all must pass for the tree to hold.
fn certain<'a>(tree: &'a Tree, must: &mut Vec<&'a Item>) {
    match tree {
        Tree::Item(item) => must.push(item),
        Tree::All(parts) => parts.iter().for_each(|part| certain(part, must)),
        Tree::Any(_) => {}
    }
}

/// Two items on one field that cannot pass together, where a field has one value.
fn contradiction<'a>(must: &[&'a Item]) -> Option<(&'a Item, &'a Item)> {
    let must = must.get(..must.len().min(COMPARED_ITEMS_MAX))?;
    for (index, one) in must.iter().enumerate() {
        for other in must.get(index + 1..).unwrap_or_default() {
            if one.field.is_some()
                && one.field == other.field
                && (excludes(one, other) || excludes(other, one))
            {
                return Some((one, other));
            }
        }
    }
    None
}

/// Whether no value that `one` names can pass `other`.
fn excludes(one: &Item, other: &Item) -> bool {
    if one.modifiers.negated || other.modifiers.negated || one.modifiers.expand || other.modifiers.expand {
        return false;
    }
    if let (Kind::Compare(low), Kind::Compare(high)) = (one.modifiers.kind, other.modifiers.kind) {
        return one.modifiers.time_part == other.modifiers.time_part && empty_range(one, low, other, high);
    }
    // What passes the first is one of its values, or nothing.
    if !one.modifiers.is_plain() || one.values.len() > COMPARED_VALUES_MAX {
        return false;
    }
    one.values.iter().all(|value| {
        if value.value == Value::Null {
            return other.modifiers.kind != Kind::Exists
                && other.values.iter().all(|node| node.value != Value::Null);
        }
        let Some(text) = value.text().filter(|text| is_literal(text)) else { return false };
        let plain = literal(&text);
        other.modifiers.kind == Kind::Text && other.modifiers.changes.is_empty() && !passes(other, &plain)
    })
}

/// Whether a field with the value `text` passes the texts of `item`.
fn passes(item: &Item, text: &str) -> bool {
    if item.values.len() > COMPARED_VALUES_MAX || item.modifiers.time_part.is_some() {
        return true;
    }
    let folded = crate::text::fold(text);
    let one = |node: &Node| {
        let Some(wanted) = node.text() else { return false };
        if matches!(node.value, Value::Integer(_) | Value::Float(_)) && item.modifiers.place == Place::Whole {
            return Number::read(&wanted).is_some() && Number::read(&wanted) == Number::read(text);
        }
        let mut parts = parse_wildcards(&wanted);
        if matches!(item.modifiers.place, Place::Anywhere | Place::End) {
            parts.insert(0, Part::Many);
        }
        if matches!(item.modifiers.place, Place::Anywhere | Place::Start) {
            parts.push(Part::Many);
        }
        TextTest::of(parts, false).passes(&folded)
    };
    if item.modifiers.all { item.values.iter().all(one) } else { item.values.iter().any(one) }
}

fn is_literal(text: &str) -> bool {
    parse_wildcards(text).iter().all(|part| matches!(part, Part::Literal(_)))
}

fn literal(text: &str) -> String {
    let parts = parse_wildcards(text).into_iter();
    parts.filter_map(|part| if let Part::Literal(text) = part { Some(text) } else { None }).collect()
}

/// Whether no number lies between the bounds.
fn empty_range(one: &Item, low: Comparison, other: &Item, high: Comparison) -> bool {
    let bound = |item: &Item| match item.values.as_slice() {
        [value] => value.text().and_then(|text| Number::read(&text)).map(Number::value),
        _ => None,
    };
    let (Some(low_bound), Some(high_bound)) = (bound(one), bound(other)) else { return false };
    let above = matches!(low, Comparison::Greater | Comparison::GreaterOrEqual);
    let below = matches!(high, Comparison::Less | Comparison::LessOrEqual);
    if !above || !below {
        return false;
    }
    let open = low == Comparison::Greater || high == Comparison::Less;
    low_bound > high_bound || (open && low_bound >= high_bound)
}

fn lint_item(draft: &Draft, item: &Item, found: &mut Findings) {
    let modifiers = &item.modifiers;
    if modifiers.all && item.values.len() == 1 && !modifiers.expand {
        found.add("all-of-one", item.line, "'all' before one value says nothing");
    }
    let has = |wanted: &[Change]| modifiers.changes.iter().any(|change| wanted.contains(change));
    if has(&[Change::Base64Offset]) && modifiers.place == Place::Whole && item.field.is_some() {
        let message = "base64offset finds a part of a longer text: write base64offset|contains";
        found.add("offset-not-contains", item.line, message);
    }
    let wide = modifiers.changes.iter().any(|change| matches!(change, Change::Utf16 { .. }));
    if wide && !has(&[Change::Base64, Change::Base64Offset]) {
        let message = "a field is a text, not UTF-16: wide and utf16 belong before base64 or base64offset";
        found.add("wide-not-encoded", item.line, message);
    }
    repeated(item, found);
    for value in &item.values {
        lint_value(draft, item, value, found);
    }
}

fn repeated(item: &Item, found: &mut Findings) {
    let mut seen = hashbrown::HashSet::new();
    // What is encoded differs by case.
    let encoded = item.modifiers.changes.iter().any(|change| *change != Change::Windash);
    let cased = item.modifiers.cased || item.modifiers.kind == Kind::Regex || encoded;
    for value in &item.values {
        let text = format!("{:?}", value.value);
        if !seen.insert(if cased { text } else { text.to_lowercase() }) {
            let message = format_args!("value {:?} is listed twice", value.text().unwrap_or_default());
            found.add("repeated-value", value.line, message);
        }
    }
}

fn lint_value(draft: &Draft, item: &Item, value: &Node, found: &mut Findings) {
    let Some(text) = value.text() else { return };
    let modifiers = &item.modifiers;
    match modifiers.kind {
        Kind::Regex => {
            if let Some(reason) = cannot_match(&text, &modifiers.flags) {
                let message = format_args!("regular expression {text:?} can never match: {reason}");
                found.add("never-matches", value.line, message);
            }
        }
        Kind::Text if modifiers.changes.is_empty() && !modifiers.expand && item.field.is_some() => {
            let parts = parse_wildcards(&text);
            let only_wildcards = !parts.is_empty() && parts.iter().all(|part| *part == Part::Many);
            let empty = text.is_empty() && modifiers.place != Place::Whole;
            if only_wildcards || empty {
                let field = item.field.as_deref().unwrap_or_default();
                let message = format_args!("every value of {field:?} matches: write {field}|exists: true");
                found.add("always-matches", value.line, message);
            }
            lint_path(draft, item, &text, value.line, found);
        }
        _ => {}
    }
}

/// Fields of Windows events that hold whole paths.
const PATH_FIELDS: [&str; 8] = [
    "Image",
    "ParentImage",
    "SourceImage",
    "TargetImage",
    "ImageLoaded",
    "TargetFilename",
    "NewProcessName",
    "ParentProcessName",
];

fn lint_path(draft: &Draft, item: &Item, text: &str, line: u64, found: &mut Findings) {
    let path = item.field.as_deref().is_some_and(|field| PATH_FIELDS.contains(&field));
    let windows = draft.logsource.product.as_deref() == Some("windows");
    let begins = item.modifiers.is_plain()
        || (item.modifiers.place == Place::Start && item.modifiers.kind == Kind::Text);
    // Processes without a file, and values that stand for none.
    let special =
        ["", "-", "?", "system", "registry", "memcompression", "idle", "vmmem", "<unknown process>"];
    let named = !text.contains(['\\', '/', ':', '*', '?', '%']) && text.contains('.');
    if path && windows && begins && named && !special.contains(&text.to_ascii_lowercase().as_str()) {
        let field = item.field.as_deref().unwrap_or_default();
        let message =
            format_args!("{field} is a whole path and never {text:?}: write {field}|endswith: '\\{text}'");
        found.add("relative-image", line, message);
    }
}

/// Why the expression can never match, if so.
fn cannot_match(source: &str, flags: &str) -> Option<&'static str> {
    let hir = parse(source, flags)?;
    if hir.properties().minimum_len().is_none() {
        return Some("a class in it is empty");
    }
    let HirKind::Concat(parts) = hir.kind() else { return None };
    let takes = |part: &Hir| part.properties().minimum_len().is_some_and(|least| least > 0);
    for (place, part) in parts.iter().enumerate() {
        let (before, behind) = parts.split_at(place);
        match part.kind() {
            HirKind::Look(Look::Start) if before.iter().any(takes) => {
                return Some("it wants characters before the start (^)");
            }
            HirKind::Look(Look::End) if behind.iter().any(takes) => {
                return Some("it wants characters behind the end ($)");
            }
            _ => {}
        }
    }
    None
}

/// The expression as its parser understands it.
pub(super) fn parse(source: &str, flags: &str) -> Option<Hir> {
    let mut builder = regex_syntax::ParserBuilder::new();
    builder.case_insensitive(flags.contains('i'));
    builder.multi_line(flags.contains('m')).dot_matches_new_line(flags.contains('s'));
    builder.build().parse(source).ok()
}
