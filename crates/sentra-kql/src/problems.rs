//! Every fault of a question, not only the first one: what a writer wants to see underlined.

use crate::ast::Query;
use crate::check::{CheckOptions, check};
use crate::error::{KqlError, Reason};
use crate::lex::{Token, lex};
use crate::limits::TEXT_BYTES_MAX;
use crate::span::Span;

/// Most faults of a question that are told.
pub const PROBLEMS_MAX: usize = 10;

/// Operators that leave the columns as they are: without them those behind mean the same.
const SAME_COLUMNS: [&str; 11] =
    ["where", "filter", "search", "sort", "order", "take", "limit", "top", "render", "distinct", "|"];

/// The faults of `text`, which `read` makes a question of. Where a step has one, it is left out to find those of the
/// others; names that a step left out may have made are not called unknown then.
pub fn problems(
    text: &str,
    read: &dyn Fn(&str) -> Result<Query, KqlError>,
    options: CheckOptions<'_>,
) -> Vec<KqlError> {
    let mut written = text.to_owned();
    let mut found: Vec<KqlError> = Vec::new();
    // Behind this place columns may be missing.
    let mut lacking = usize::MAX;
    for _ in 0..PROBLEMS_MAX {
        let checked = read(&written).and_then(|query| check(&query, options));
        let Err(error) = checked else { break };
        let step = step_at(&written, &error);
        if !(error.span.start > lacking && error.reason == Reason::Unknown) {
            found.push(error);
        }
        let Some((step, word)) = step.filter(|_| text.len() <= TEXT_BYTES_MAX) else { break };
        if !SAME_COLUMNS.contains(&word.as_str()) {
            lacking = lacking.min(step.start);
        }
        written.replace_range(step.start..step.end, &" ".repeat(step.end - step.start));
    }
    found.sort_by_key(|error| error.span.start);
    found
}

/// The step that has the fault, from its `|` to the next one, and its word; nothing when it is where rows come from.
fn step_at(text: &str, error: &KqlError) -> Option<(Span, String)> {
    let (lexemes, unread) = lex(text);
    let mut steps: Vec<(Span, String)> = Vec::new();
    let mut depth = 0_usize;
    let close = |steps: &mut Vec<(Span, String)>, end: usize| {
        if let Some((span, _)) = steps.last_mut().filter(|(span, _)| span.end == usize::MAX) {
            span.end = end;
        }
    };
    for (at, lexeme) in lexemes.iter().enumerate() {
        match lexeme.token {
            Token::Sign("(" | "[" | "{") => depth += 1,
            Token::Sign(")" | "]" | "}") => depth = depth.saturating_sub(1),
            Token::Sign("|") if depth == 0 => {
                close(&mut steps, lexeme.span.start);
                let word = match lexemes.get(at + 1).map(|next| &next.token) {
                    Some(Token::Word(word)) => word.clone(),
                    _ => "|".to_owned(),
                };
                steps.push((Span::new(lexeme.span.start, usize::MAX), word));
            }
            Token::Sign(";") if depth == 0 => close(&mut steps, lexeme.span.start),
            _ => {}
        }
    }
    close(&mut steps, text.len());
    // What cannot be split into words swallows the rest; a `|` that is not expected is the fault of what is before it.
    let has_it = |(span, _): &&(Span, String)| match unread {
        Some(_) => span.start < error.span.start && span.end >= text.len(),
        None => span.start < error.span.start && error.span.start <= span.end,
    };
    steps.iter().rev().find(has_it).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{fixture, now};
    use crate::{parse, parse_shorthand};

    /// What is written there, and the hint.
    type Fault<'a> = (&'a str, Option<String>);

    fn found(text: &str, read: &dyn Fn(&str) -> Result<Query, KqlError>) -> Vec<(String, Option<String>)> {
        let (catalog, _) = fixture().unwrap();
        let options = CheckOptions { catalog: &catalog, now: now(), keep_calls: false };
        let errors = problems(text, read, options);
        errors.into_iter().map(|error| (error.written(text).to_owned(), error.hint)).collect()
    }

    #[test]
    fn every_step_tells_its_fault() {
        let some = |word: &str| Some(word.to_owned());
        let cases: [(&str, &[Fault<'_>]); 8] = [
            ("people | where level > 1 | take 3", &[]),
            ("people | where lvel > 1", &[("lvel", some("level"))]),
            (
                "people | where lvel > 1 | sort by usr asc | summarise count()",
                &[("lvel", some("level")), ("usr", some("user")), ("summarise", some("summarize"))],
            ),
            ("peeple | where lvel > 1", &[("peeple", some("people"))]),
            // What the step that is left out would have made is not unknown.
            (
                "people | extend a = strlenn(user) | where a > 1 | take \"x\"",
                &[("strlenn", some("strlen")), ("\"x\"", None)],
            ),
            (
                "let p = people | where lvel > 1; p | sort by usr",
                &[("lvel", some("level")), ("usr", some("user"))],
            ),
            ("people | where | sort by usr", &[("|", None), ("usr", some("user"))]),
            ("people | where lvel > 1 | where user == \"x", &[("lvel", some("level")), ("\"x", some("\""))]),
        ];
        for (text, expected) in cases {
            let found = found(text, &|text| parse(text));
            let spans: Vec<&str> = found.iter().map(|(written, _)| written.as_str()).collect();
            let wanted: Vec<&str> = expected.iter().map(|(written, _)| *written).collect();
            assert_eq!(spans, wanted, "{text}: {found:?}");
            for ((_, hint), (written, expected)) in found.iter().zip(expected) {
                assert!(expected.is_none() || hint == expected, "{text}: {written}: {hint:?}");
            }
        }
    }

    #[test]
    fn what_follows_a_search_is_looked_at_too() {
        let read = |text: &str| parse_shorthand(text, "people");
        let wanted =
            [("lvel".to_owned(), Some("level".to_owned())), ("usr".to_owned(), Some("user".to_owned()))];
        assert_eq!(found("user:alice | where lvel > 1 | sort by usr", &read), wanted);
    }

    #[test]
    fn there_is_an_end_to_faults() {
        let text = format!("people {}", "| where lvel > 1 ".repeat(40));
        assert_eq!(found(&text, &|text| parse(text)).len(), PROBLEMS_MAX);
        for text in ["", "|", "| |", "((((", "people | ", ";;;", "people | where \u{e9}\u{e9} ==", "let"] {
            assert!(found(text, &|text| parse(text)).len() <= PROBLEMS_MAX, "{text}");
        }
    }
}
