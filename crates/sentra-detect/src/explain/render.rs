//! Explanations as text for people.

use std::fmt;

use super::{ExplainedPart, Explanation, PartKind};

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.matched { "matches" } else { "does not match" };
        writeln!(f, "{} ({}) {verdict}", self.rule.title, self.rule.id)?;
        writeln!(f, "  {} logsource: {}", mark(self.routing.taken), self.routing.reason)?;
        for condition in &self.condition {
            writeln!(f, "  condition: {}", condition.trim())?;
        }
        part(f, &self.tree, 1)
    }
}

fn mark(matched: bool) -> &'static str {
    if matched { "[x]" } else { "[ ]" }
}

/// The depth is that of a condition and of a YAML document, both of which are limited.
fn part(f: &mut fmt::Formatter<'_>, explained: &ExplainedPart, depth: usize) -> fmt::Result {
    let (indent, mark) = ("  ".repeat(depth), mark(explained.matched));
    match &explained.what {
        PartKind::All => writeln!(f, "{indent}{mark} all of")?,
        PartKind::Any => writeln!(f, "{indent}{mark} any of")?,
        PartKind::Not => writeln!(f, "{indent}{mark} not")?,
        PartKind::Of { words, .. } => {
            let holding = explained.parts.iter().filter(|part| part.matched).count();
            writeln!(f, "{indent}{mark} {words}: {holding} of {} hold", explained.parts.len())?;
        }
        PartKind::Selection { name, line } => writeln!(f, "{indent}{mark} {name} (line {line})")?,
        PartKind::Test { test, wanted, wanted_total, .. } => {
            let more = match wanted_total.saturating_sub(wanted.len()) {
                0 => String::new(),
                more => format!(", {more} more"),
            };
            let wanted = if wanted.is_empty() { String::new() } else { format!(": {}", wanted.join(", ")) };
            writeln!(f, "{indent}{mark} {test}{wanted}{more}")?;
            writeln!(f, "{indent}    {}", explained.reason)?;
        }
    }
    for child in &explained.parts {
        part(f, child, depth + 1)?;
    }
    if explained.omitted > 0 {
        writeln!(f, "{indent}  … {} parts are not shown", explained.omitted)?;
    }
    Ok(())
}
