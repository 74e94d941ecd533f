//! Rules for KQL. They read its bare words, so that a question with a mistake in it is routed as well.

use std::sync::LazyLock;

use super::rules::RuleId;
use super::scan::{Token, tokens};
use super::{Found, RoutePart, engines};
use crate::english::Wanted;
use crate::shape::{Shape, shape_of};
use crate::spell::Spellings;

/// Operators behind a pipe, and what they say about the intent.
const OPERATORS: &[(&str, Option<RuleId>)] = &[
    ("as", None),
    ("consume", None),
    ("count", Some(RuleId::R13)),
    ("distinct", Some(RuleId::R14)),
    ("evaluate", Some(RuleId::R16)),
    ("extend", None),
    ("facet", Some(RuleId::R13)),
    ("filter", None),
    ("find", None),
    ("fork", Some(RuleId::R16)),
    ("getschema", None),
    ("invoke", None),
    ("join", Some(RuleId::R16)),
    ("limit", None),
    ("lookup", Some(RuleId::R16)),
    ("make-series", Some(RuleId::R17)),
    ("mv-apply", None),
    ("mv-expand", None),
    ("order", None),
    ("parse", None),
    ("parse-kv", None),
    ("parse-where", None),
    ("partition", Some(RuleId::R16)),
    ("project", None),
    ("project-away", None),
    ("project-keep", None),
    ("project-rename", None),
    ("project-reorder", None),
    ("reduce", Some(RuleId::R13)),
    ("render", Some(RuleId::R17)),
    ("sample", None),
    ("sample-distinct", Some(RuleId::R14)),
    ("scan", Some(RuleId::R16)),
    ("search", None),
    ("sequence", Some(RuleId::R16)),
    ("serialize", None),
    ("sort", None),
    ("summarize", Some(RuleId::R13)),
    ("take", None),
    ("top", None),
    ("top-hitters", Some(RuleId::R15)),
    ("top-nested", Some(RuleId::R15)),
    ("union", None),
    ("where", None),
];

static SPELLINGS: LazyLock<Spellings> =
    LazyLock::new(|| Spellings::new(OPERATORS.iter().map(|(name, _)| *name)));

/// Columns with a moment: the top by one of them are the newest records, not the largest of something.
const MOMENTS: [&str; 6] = ["time", "seen", "created", "updated", "first", "last"];

fn operator(word: &str) -> Option<&'static (&'static str, Option<RuleId>)> {
    OPERATORS.iter().find(|(name, _)| *name == word)
}

/// The operator that a misspelt word behind a pipe was probably meant to be.
fn nearly_operator(word: &str) -> Option<&'static (&'static str, Option<RuleId>)> {
    SPELLINGS.nearest(word).and_then(operator)
}

/// `event("…")`, with nothing or a pipe behind it.
pub(super) fn is_event(tokens: &[Token<'_>]) -> bool {
    let [first, open, Token::Text(_), rest @ ..] = tokens else { return false };
    first.word().as_deref() == Some("event")
        && open.is('(')
        && rest.first().is_some_and(|close| close.is(')'))
}

/// Whether there is a pipe with an operator behind it, or nothing but pipes.
pub(super) fn has_pipeline(text: &str, tokens: &[Token<'_>]) -> bool {
    if tokens.first().is_some_and(|first| first.is('|')) {
        return true;
    }
    let behind_pipes = tokens.iter().zip(tokens.iter().skip(1)).filter(|(pipe, _)| pipe.is('|'));
    let mut operators = behind_pipes.filter_map(|(_, next)| next.word());
    let has_operator = operators.any(|word| operator(&word).is_some() || nearly_operator(&word).is_some());
    debug_assert!(!has_operator || text.contains('|'), "a pipeline has a pipe");
    has_operator
}

/// A statement, a condition or an operator without a pipe.
pub(super) fn is_statement(tokens: &[Token<'_>]) -> bool {
    let word = |place: usize| tokens.get(place).and_then(|token| token.word()).unwrap_or_default();
    let mark = |place: usize, mark: char| tokens.get(place).is_some_and(|token| token.is(mark));
    let is_text = |place: usize| matches!(tokens.get(place), Some(Token::Text(_)));
    let compares = |place: usize| is_comparison(tokens, place);
    match word(0).as_str() {
        "let" => mark(2, '=') || word(2).is_empty() && tokens.len() > 2,
        "search" => is_text(1) && tokens.len() == 2 || word(1) == "in" && mark(2, '('),
        "union" => tokens.len() > 1 && (mark(2, ',') || mark(2, '|') || tokens.len() == 2),
        "print" => mark(2, '(') || mark(2, '=') || is_text(1) || tokens.len() == 2,
        "where" => compares(2),
        "similar" | "near" => mark(1, '(') && is_text(2),
        "sequence" => word(1) == "by" && tokens.iter().any(|token| token.is('[')),
        "summarize" | "summarise" => tokens.iter().any(|token| token.is('(')),
        "count" => tokens.len() == 1,
        "take" | "limit" => {
            tokens.len() == 2 && word(1).bytes().all(|b| b.is_ascii_digit()) && !word(1).is_empty()
        }
        "range" => word(2) == "from",
        "datatable" => mark(1, '('),
        "not" => mark(1, '(') && tokens.len() > 3 && compares(3),
        "extend" | "project" => mark(2, '=') || mark(2, ','),
        _ => compares(1) || mark(0, '(') && compares(2),
    }
}

/// `==`, `!=`, `=~`, `has` …, behind a name.
fn is_comparison(tokens: &[Token<'_>], place: usize) -> bool {
    let is_name = place
        .checked_sub(1)
        .and_then(|before| tokens.get(before))
        .is_some_and(|token| matches!(token, Token::Word(_)));
    let one = tokens.get(place).copied();
    let two = tokens.get(place + 1).copied();
    let is = |token: Option<Token<'_>>, mark: char| token.is_some_and(|token| token.is(mark));
    let by_marks =
        is(one, '=') && (is(two, '=') || is(two, '~')) || is(one, '!') && (is(two, '=') || is(two, '~'));
    let words = [
        "has",
        "contains",
        "startswith",
        "endswith",
        "has_any",
        "has_all",
        "contains_cs",
        "has_cs",
        "matches",
        "between",
        "in",
    ];
    let by_word = one.and_then(Token::word).is_some_and(|word| words.contains(&word.as_str()))
        && (matches!(two, Some(Token::Text(_))) || is(two, '('));
    is_name && (by_marks || by_word)
}

/// What a question in KQL wants.
pub(super) fn intent(text: &str) -> Found {
    let tokens = tokens(text);
    let seen = look(&tokens);
    let computed = seen.computed.first().copied();
    let mut found = match (seen.similar, computed) {
        (true, Some(rule)) => {
            let mut found = Found::one(RuleId::R18, Wanted::Similarity, 0.97, text);
            found.rules.extend([RuleId::R19, rule]);
            let takes = Some("what is like it".to_owned());
            let engines = engines(Wanted::Analytical, rule);
            found.parts.push(RoutePart { intent: Wanted::Analytical, engines, text: text.to_owned(), takes });
            found
        }
        (true, None) => Found::one(RuleId::R18, Wanted::Similarity, 0.99, text),
        (false, Some(rule)) => {
            let mut found = Found::one(rule, Wanted::Analytical, 0.99, text);
            found.rules.extend(seen.computed.iter().skip(1).copied());
            found
        }
        (false, None) if seen.by_id => Found::one(RuleId::R10, Wanted::Exact, 0.99, text),
        (false, None) if seen.needle => Found::one(RuleId::R11, Wanted::Exact, 0.99, text),
        (false, None) => Found::one(RuleId::R12, Wanted::Exact, 0.97, text),
    };
    if seen.guessed {
        found.rules.push(RuleId::R20);
        found.confidence = 0.8;
    }
    found
}

/// What the bare words of a pipeline say.
#[derive(Debug, Default)]
struct Seen {
    computed: Vec<RuleId>,
    similar: bool,
    by_id: bool,
    needle: bool,
    /// An operator was guessed.
    guessed: bool,
}

fn look(tokens: &[Token<'_>]) -> Seen {
    let mut seen = Seen { by_id: is_event(tokens), ..Seen::default() };
    for (place, token) in tokens.iter().enumerate() {
        let Some(word) = token.word() else { continue };
        let before = place.checked_sub(1).and_then(|before| tokens.get(before));
        let next = tokens.get(place + 1);
        let calls = next.is_some_and(|next| next.is('('));
        seen.similar |= calls && matches!(word.as_str(), "similar" | "near");
        let opens = before.is_none_or(|before| before.is('|') || before.is('(') || before.is(';'));
        if opens && !calls || before.is_some_and(|before| before.is('|')) {
            look_at_operator(&word, tokens, place, before.is_some_and(|before| before.is('|')), &mut seen);
        }
        let equals = next.is_some_and(|next| next.is('='))
            && tokens.get(place + 2).is_some_and(|next| next.is('=') || next.is('~'));
        if equals {
            look_at_equality(&word, tokens.get(place + 3), &mut seen);
        }
    }
    seen.computed.dedup();
    seen
}

fn look_at_operator(word: &str, tokens: &[Token<'_>], place: usize, behind_pipe: bool, seen: &mut Seen) {
    let found = operator(word).or_else(|| {
        let near = if behind_pipe { nearly_operator(word) } else { None };
        seen.guessed |= near.is_some();
        near
    });
    match found {
        Some(("top", _)) => {
            // The name behind "by"; a call or arithmetic on it is computed.
            let by = tokens
                .iter()
                .skip(place)
                .position(|token| token.word().as_deref() == Some("by"))
                .map(|by| place + by);
            let key = by.and_then(|by| tokens.get(by + 1)).and_then(|token| token.word()).unwrap_or_default();
            if !MOMENTS.contains(&key.as_str()) {
                seen.computed.push(RuleId::R15);
            }
        }
        Some((_, Some(rule))) => seen.computed.push(*rule),
        Some((_, None)) | None => {}
    }
}

fn look_at_equality(column: &str, value: Option<&Token<'_>>, seen: &mut Seen) {
    let Some(Token::Text(value)) = value else { return };
    let shape = shape_of(value);
    seen.by_id |= column == "id";
    seen.needle |= matches!(
        shape,
        Shape::Ip
            | Shape::Hash
            | Shape::Uuid
            | Shape::EventId
            | Shape::SignalId
            | Shape::IncidentId
            | Shape::Mail
            | Shape::Domain
    );
}
