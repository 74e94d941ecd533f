//! Reading the keys of a definition, with what to say when they are wrong.

use super::problem::Faults;
use super::yaml::{Node, Value};

/// Longest text of a definition that is no record, in bytes: patterns, regular expressions, templates.
pub(super) const TEXT_BYTES_MAX: usize = 4_096;
/// Longest name of a field, in bytes.
pub(super) const NAME_BYTES_MAX: usize = 128;

/// The word of `known` that `word` was probably meant to be.
pub(super) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = word.to_lowercase();
    let allowed = match folded.chars().count() {
        0..=2 => 0,
        3..=5 => 1,
        6..=9 => 2,
        10..=NAME_BYTES_MAX => 3,
        _ => return None,
    };
    known
        .into_iter()
        .map(|candidate| (strsim::osa_distance(&folded, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// `, did you mean x?` or what there is to choose from.
pub(super) fn hint(word: &str, known: &[&str]) -> String {
    match nearest(word, known.iter().copied()) {
        Some(right) => format!(", did you mean `{right}`?"),
        None => format!("; use one of {}", known.join(", ")),
    }
}

/// Whether `node` is a map with no keys but `known` ones.
pub(super) fn check(node: &Node, place: &str, known: &[&str], faults: &mut Faults) -> bool {
    let Value::Map(entries) = &node.value else {
        faults.error(node.line, format!("{place} must be a map of keys and values"));
        return false;
    };
    let unknown = entries.iter().filter(|entry| !known.contains(&entry.key.as_str()));
    for entry in unknown {
        let key = &entry.key;
        faults.error(entry.line, format!("unknown key `{key}` in {place}{}", hint(key, known)));
    }
    true
}

/// The text of `node`, bounded.
pub(super) fn text<'n>(node: &'n Node, place: &str, faults: &mut Faults) -> Option<&'n str> {
    let Some(text) = node.text() else {
        let quote = matches!(node.value, Value::Map(_));
        let hint = if quote { "; a text that begins with { needs quotes around it" } else { "" };
        faults.error(node.line, format!("{place} must be a text{hint}"));
        return None;
    };
    if text.len() > TEXT_BYTES_MAX {
        faults.error(node.line, format!("{place} is longer than the {TEXT_BYTES_MAX} bytes allowed"));
        return None;
    }
    Some(text)
}

/// The texts of a list, or the one text that stands in its place.
pub(super) fn texts<'n>(
    node: &'n Node,
    place: &str,
    count_max: usize,
    faults: &mut Faults,
) -> Vec<(&'n str, u64)> {
    let items = node.items();
    if items.is_empty() {
        faults.error(node.line, format!("{place} is empty"));
    }
    if items.len() > count_max {
        faults.error(node.line, format!("{place} has {} entries, {count_max} are allowed", items.len()));
        return Vec::new();
    }
    let mut texts = Vec::with_capacity(items.len());
    for item in items {
        match text(item, place, faults) {
            Some("") => faults.error(item.line, format!("{place} has an empty text")),
            Some(text) => texts.push((text, item.line)),
            None => {}
        }
    }
    texts
}

/// `true` or `false`.
pub(super) fn truth(node: &Node, place: &str, faults: &mut Faults) -> Option<bool> {
    match node.text() {
        Some("true") => Some(true),
        Some("false") => Some(false),
        _ => {
            faults.error(node.line, format!("{place} must be true or false"));
            None
        }
    }
}

/// Whether `name` can be the name of a field.
pub(super) fn is_field_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= NAME_BYTES_MAX
        && name.trim() == name
        && !name.contains(|character: char| character.is_control() || matches!(character, '{' | '}'))
}

/// The name of a field.
pub(super) fn field_name<'n>(node: &'n Node, place: &str, faults: &mut Faults) -> Option<&'n str> {
    let name = text(node, place, faults)?;
    if !is_field_name(name) {
        faults.error(node.line, format!("{place}: `{name}` cannot be the name of a field"));
        return None;
    }
    Some(name)
}
