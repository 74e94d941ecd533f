//! A draft as YAML.

use std::fmt::Write;

use sentra_model::{Digest, Severity};
use serde_json::Value;

use super::{DraftItem, DraftSelection, DraftThreshold, RuleDraft};

pub(super) fn yaml(draft: &RuleDraft) -> String {
    let mut out = String::new();
    let Some(threshold) = &draft.threshold else {
        head(&mut out, draft);
        body(&mut out, draft);
        return out;
    };
    // The threshold is the rule; what it counts is a rule that does not report.
    let name = events_id(draft);
    line(&mut out, "title", &scalar(&format!("{}: events", draft.title)));
    line(&mut out, "id", &scalar(&name));
    line(&mut out, "name", &scalar(&name));
    line(&mut out, "level", "informational");
    body(&mut out, draft);
    out += "---\n";
    head(&mut out, draft);
    correlation(&mut out, threshold, &name);
    out
}

/// The id of the rule whose events a threshold counts, derived from that of the draft (law IDENTITY).
fn events_id(draft: &RuleDraft) -> String {
    let own = draft.id.as_deref().unwrap_or(&draft.title);
    let half = |part: &str| Digest::new("events of a rule draft").text(part).text(own).first_u64();
    let (high, low) = (half("high"), half("low"));
    // A UUID of version 8 ("of our own making").
    let (first, second, third) = (high >> 32, (high >> 16) & 0xffff, high & 0x0fff);
    let (fourth, fifth) = ((low >> 48) & 0x3fff | 0x8000, low & 0xffff_ffff_ffff);
    format!("{first:08x}-{second:04x}-8{third:03x}-{fourth:04x}-{fifth:012x}")
}

fn line(out: &mut String, key: &str, value: &str) {
    // Writing to a text cannot fail.
    _ = writeln!(out, "{key}: {value}");
}

fn head(out: &mut String, draft: &RuleDraft) {
    line(out, "title", &scalar(&draft.title));
    if let Some(id) = &draft.id {
        line(out, "id", &scalar(id));
    }
    if !draft.description.is_empty() {
        line(out, "description", &scalar(&draft.description));
    }
    for (key, value) in &draft.metadata {
        line(out, &scalar(key), &flow(value));
    }
    if !draft.tags.is_empty() {
        out.push_str("tags:\n");
        draft.tags.iter().for_each(|tag| _ = writeln!(out, "  - {}", scalar(tag)));
    }
    if draft.level != Severity::Unknown {
        line(out, "level", draft.level.as_str());
    }
}

fn body(out: &mut String, draft: &RuleDraft) {
    let parts = [
        ("product", &draft.logsource.product),
        ("category", &draft.logsource.category),
        ("service", &draft.logsource.service),
    ];
    let parts: Vec<String> = parts
        .into_iter()
        .filter_map(|(name, part)| Some(format!("  {name}: {}\n", scalar(part.as_ref()?))))
        .collect();
    if parts.is_empty() {
        out.push_str("logsource: {}\n");
    } else {
        out.push_str("logsource:\n");
        out.push_str(&parts.concat());
    }
    out.push_str("detection:\n");
    draft.selections.iter().for_each(|written| selection(out, written));
    _ = writeln!(out, "  condition: {}", scalar(&draft.condition));
}

fn selection(out: &mut String, selection: &DraftSelection) {
    _ = writeln!(out, "  {}:", scalar(&selection.name));
    let keywords = |items: &[DraftItem]| match items {
        [DraftItem { field: None, modifiers, values }] if modifiers.is_empty() => Some(values.clone()),
        _ => None,
    };
    if selection.alternatives.is_empty() && keywords(&selection.items).is_none() {
        selection.items.iter().for_each(|written| item(out, written, "    ", "    "));
        return;
    }
    for items in std::iter::once(&selection.items).chain(&selection.alternatives) {
        if let Some(values) = keywords(items) {
            values.iter().for_each(|value| _ = writeln!(out, "    - {}", flow(value)));
            continue;
        }
        for (number, written) in items.iter().enumerate() {
            item(out, written, if number == 0 { "    - " } else { "      " }, "      ");
        }
    }
}

fn item(out: &mut String, item: &DraftItem, first: &str, indent: &str) {
    let words = std::iter::once(item.field.as_deref().unwrap_or_default());
    let key: Vec<&str> = words.chain(item.modifiers.iter().map(String::as_str)).collect();
    let key = scalar(&key.join("|"));
    match item.values.as_slice() {
        [value] => _ = writeln!(out, "{first}{key}: {}", flow(value)),
        [] => _ = writeln!(out, "{first}{key}: []"),
        values => {
            _ = writeln!(out, "{first}{key}:");
            values.iter().for_each(|value| _ = writeln!(out, "{indent}  - {}", flow(value)));
        }
    }
}

fn correlation(out: &mut String, threshold: &DraftThreshold, name: &str) {
    let kind = if threshold.distinct.is_some() { "value_count" } else { "event_count" };
    _ = writeln!(out, "correlation:\n  type: {kind}\n  rules:\n    - {}", scalar(name));
    if !threshold.group_by.is_empty() {
        out.push_str("  group-by:\n");
        threshold.group_by.iter().for_each(|field| _ = writeln!(out, "    - {}", scalar(field)));
    }
    _ = writeln!(out, "  timespan: {}\n  condition:", scalar(&threshold.within));
    if let Some(field) = &threshold.distinct {
        _ = writeln!(out, "    field: {}", scalar(field));
    }
    _ = writeln!(out, "    gte: {}", threshold.count);
}

/// JSON as YAML on one line.
fn flow(value: &Value) -> String {
    match value {
        Value::String(text) => scalar(text),
        Value::Array(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Value::Object(entries) => {
            let entries = entries.iter().map(|(key, value)| format!("{}: {}", quoted(key), flow(value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        // `1e5` is no number to every reader of YAML, `1.0e5` is.
        other => other.to_string(),
    }
}

/// A text that reads back as this text: as it is where nothing can be mistaken, else in quotation marks.
fn scalar(text: &str) -> String {
    const RESERVED: [&str; 8] = ["true", "false", "null", "yes", "no", "on", "off", "nan"];
    let plain_char =
        |char: char| char.is_ascii_alphanumeric() || matches!(char, '_' | '-' | '.' | '|' | ' ' | '/');
    let plain = text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.chars().all(plain_char)
        && !text.ends_with(' ')
        && !RESERVED.contains(&text.to_ascii_lowercase().as_str());
    if plain { text.to_owned() } else { quoted(text) }
}

fn quoted(text: &str) -> String {
    let printable = |char: char| {
        !char.is_control() && !matches!(char, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}'..='\u{ffff}')
    };
    if text.chars().all(printable) {
        return format!("'{}'", text.replace('\'', "''"));
    }
    let mut out = "\"".to_owned();
    for char in text.chars() {
        match char {
            '"' | '\\' => out.extend(['\\', char]),
            char if printable(char) => out.push(char),
            char => _ = write!(out, "\\U{:08x}", char as u32),
        }
    }
    out + "\""
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::documents;

    proptest::proptest! {
        #[test]
        fn every_text_reads_back(text in proptest::prelude::any::<String>()) {
            let yaml = format!("- {}\n- [{}, {{{}: x}}]\n", scalar(&text), scalar(&text), quoted(&text));
            let document = documents(&yaml).remove(0).unwrap();
            let is_text = |node: &crate::yaml::Node| node.value == crate::yaml::Value::Text(text.clone());
            proptest::prop_assert!(is_text(&document.items()[0]), "{yaml}");
            let list = document.items()[1].items();
            proptest::prop_assert!(is_text(&list[0]) && list[1].entries()[0].key == text, "{yaml}");
        }
    }
}
