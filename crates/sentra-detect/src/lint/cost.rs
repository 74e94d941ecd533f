//! Rules that cost far more than they need.

use regex_syntax::hir::{Hir, HirKind};

use crate::sigma::draft::Draft;
use crate::sigma::modifier::Kind;
use crate::sigma::tree::Item;
use crate::yaml::Node;

use super::Findings;
use super::logic::parse;

/// States of a machine from which an expression counts as very large.
const REGEX_STATES_MANY: u64 = 20_000;
/// Values of a list or an alternation from which it counts as very long.
const VALUES_MANY: usize = 5_000;

pub(super) fn lint(draft: &Draft, found: &mut Findings) {
    for selection in &draft.detection.selections {
        selection.tree.items(&mut |item| lint_item(item, found));
    }
}

fn lint_item(item: &Item, found: &mut Findings) {
    if item.values.len() > VALUES_MANY {
        let message =
            format_args!("{} values: a list behind a placeholder can be reloaded", item.values.len());
        found.add("huge-alternation", item.line, message);
    }
    if item.modifiers.kind != Kind::Regex {
        return;
    }
    for value in &item.values {
        let text = value.text().unwrap_or_default();
        if let Some(hir) = parse(&text, &item.modifiers.flags) {
            lint_regex(&text, &hir, value, found);
        }
    }
}

fn lint_regex(text: &str, hir: &Hir, value: &Node, found: &mut Findings) {
    let states = states(hir);
    if states > REGEX_STATES_MANY {
        let message = format_args!(
            "regular expression {text:?} is a machine of about {states} states: make its repetitions smaller"
        );
        found.add("expensive-regex", value.line, message);
    }
    if let HirKind::Alternation(parts) = hir.kind()
        && parts.len() > VALUES_MANY
    {
        let message = format_args!("an alternation of {}: write a list of values", parts.len());
        found.add("huge-alternation", value.line, message);
    }
    if begins_with_any(hir) {
        let message = format_args!(
            "regular expression {text:?} is searched for anywhere: without the .* at its start it finds the same, \
             sooner"
        );
        found.add("leading-any", value.line, message);
    }
}

/// About how many states the expression's machine has.
fn states(hir: &Hir) -> u64 {
    let sum = |parts: &[Hir]| parts.iter().fold(1, |sum: u64, part| sum.saturating_add(states(part)));
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => 1,
        HirKind::Literal(literal) => literal.0.len() as u64,
        // A class of many letters is a tree over their bytes.
        HirKind::Class(_) => 4,
        HirKind::Capture(capture) => states(&capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => sum(parts),
        HirKind::Repetition(repetition) => {
            let times = repetition.max.unwrap_or(repetition.min).max(1);
            states(&repetition.sub).saturating_mul(u64::from(times))
        }
    }
}

/// Whether it begins with any number of any characters and goes on behind them.
fn begins_with_any(hir: &Hir) -> bool {
    let HirKind::Concat(parts) = hir.kind() else { return false };
    let Some(HirKind::Repetition(repetition)) = parts.first().map(Hir::kind) else { return false };
    let any = matches!(repetition.sub.kind(), HirKind::Class(_))
        && repetition.sub.properties().minimum_len() == Some(1);
    any && repetition.min == 0 && repetition.max.is_none() && *repetition.sub == any_char(&repetition.sub)
}

/// The dot, with or without line ends, as `like` is one.
fn any_char(like: &Hir) -> Hir {
    use regex_syntax::hir::Dot;
    let all = Hir::dot(Dot::AnyChar);
    if *like == all { all } else { Hir::dot(Dot::AnyCharExceptLF) }
}
