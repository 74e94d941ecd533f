//! What a rule says of itself.

use jiff::civil::Date;
use sentra_model::TACTICS;

use crate::text::hint;
use crate::yaml::Node;

use super::Findings;

const STATUSES: [&str; 5] = ["stable", "test", "experimental", "deprecated", "unsupported"];

pub(super) fn lint(document: &Node, found: &mut Findings) {
    let line = document.line;
    let text = |key: &str| document.get(key).and_then(Node::text).filter(|text| !text.trim().is_empty());
    match (text("status"), document.get("status")) {
        (Some(status), Some(node)) if !STATUSES.contains(&status.as_str()) => {
            let hint = hint(&status, STATUSES);
            found.add("unknown-status", node.line, format_args!("unknown status {status:?}{hint}"));
        }
        (Some(_), _) => {}
        (None, _) => {
            found.add("missing-status", line, "the rule has no status: experimental, test or stable")
        }
    }
    if text("description").is_none() {
        found.add("missing-description", line, "the rule has no description: what does it find, and why");
    }
    if text("author").is_none() && document.get("references").is_none() {
        found.add("missing-author", line, "the rule has neither an author nor references");
    }
    let level = text("level").unwrap_or_default();
    if ["high", "critical"].contains(&level.as_str()) && document.get("falsepositives").is_none() {
        let message =
            format_args!("a rule of level {level} should say what else makes it fire (falsepositives)");
        found.add("missing-falsepositives", line, message);
    }
    dates(document, found);
    tags(document, &level, found);
}

fn dates(document: &Node, found: &mut Findings) {
    let mut read = |key: &str| -> Option<(Date, u64)> {
        let node = document.get(key)?;
        let text = node.text().unwrap_or_default();
        if let Ok(date) = text.parse::<Date>() {
            return Some((date, node.line));
        }
        match text.replace('/', "-").parse::<Date>() {
            Ok(date) => {
                let message = format_args!("{key} {text:?} is the old form; write {date}");
                found.add("old-date", node.line, message);
                Some((date, node.line))
            }
            Err(_) => {
                let message = format_args!("{key} {text:?} is no day; write it as 2026-11-21");
                found.add("bad-date", node.line, message);
                None
            }
        }
    };
    let (date, modified) = (read("date"), read("modified"));
    if let (Some((date, _)), Some((modified, line))) = (date, modified)
        && modified < date
    {
        found.add("bad-date", line, format_args!("modified {modified} is before date {date}"));
    }
}

fn tags(document: &Node, level: &str, found: &mut Findings) {
    let tags = document.get("tags").map(Node::items).unwrap_or_default();
    let mut any_attack = false;
    for node in tags {
        let Some(tag) = node.text() else { continue };
        let Some((namespace, name)) = tag.split_once('.').filter(|(space, name)| {
            let plain =
                |char: char| char.is_ascii_lowercase() || char.is_ascii_digit() || "-_".contains(char);
            !space.is_empty() && space.chars().all(plain) && !name.is_empty() && !name.contains(' ')
        }) else {
            let message = format_args!("tag {tag:?} is not written as namespace.name, attack.t1059");
            found.add("tag-form", node.line, message);
            continue;
        };
        if namespace == "attack" {
            any_attack = true;
            attack_tag(&tag, name, node.line, found);
        }
    }
    if !any_attack && ["medium", "high", "critical"].contains(&level) {
        let message = "the rule has no ATT&CK tag: it counts for no coverage";
        found.add("missing-attack-tag", document.line, message);
    }
}

fn attack_tag(tag: &str, name: &str, line: u64, found: &mut Findings) {
    let digits =
        |text: &str, count: usize| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    let numbered =
        |prefix: &str, count: usize| name.strip_prefix(prefix).is_some_and(|rest| digits(rest, count));
    let technique = name.strip_prefix('t').is_some_and(|number| match number.split_once('.') {
        Some((technique, sub)) => digits(technique, 4) && digits(sub, 3),
        None => digits(number, 4),
    });
    let others = [("g", 4), ("s", 4), ("c", 4), ("m", 4), ("ds", 4), ("ta", 4), ("det", 4), ("an", 4)];
    if technique || others.iter().any(|(prefix, count)| numbered(prefix, *count)) || TACTICS.contains(&name) {
        return;
    }
    let hyphens = name.replace('_', "-");
    if TACTICS.contains(&hyphens.as_str()) {
        found.add("old-tag", line, format_args!("tag {tag:?} is the old form; write attack.{hyphens}"));
        return;
    }
    let hint = hint(&hyphens, TACTICS);
    let message =
        format_args!("tag {tag:?} is no tactic, technique (attack.t1059.001), group or software{hint}");
    found.add("unknown-attack-tag", line, message);
}
