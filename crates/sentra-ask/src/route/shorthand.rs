//! Rules for the search bar's shorthand.

use super::Found;
use super::rules::RuleId;
use crate::english::Wanted;
use crate::shape::{Shape, shape_of};
use crate::words::is_blank;

/// What the terms of a text look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Looks {
    /// Fields with values, and nothing that must be part of a sentence.
    Fields,
    /// Ids, addresses, phrases, programs with their options.
    Terms,
    /// Fields and plain words.
    Mixed,
    /// One plain word or two.
    Word,
    Sentence,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Term {
    Field,
    Entity,
    Phrase,
    /// `AND`, `OR`, `NOT`
    Joint,
    /// `-word`, `+word`, `*word*`
    Marked,
    /// Nothing but punctuation.
    Punctuation,
    Plain,
}

/// Looks at the terms of `text`.
pub(super) fn looks_like(text: &str) -> Looks {
    let terms: Vec<Term> = pieces(text).into_iter().map(term).collect();
    let count = |wanted: Term| terms.iter().filter(|term| **term == wanted).count();
    let (fields, plain, punctuation) = (count(Term::Field), count(Term::Plain), count(Term::Punctuation));
    let others = terms.len() - fields - plain - punctuation;
    let is_only_question_mark =
        fields + others == 0 && plain == 0 && text.chars().all(|c| matches!(c, '?' | '!' | '.' | ' '));
    if is_only_question_mark {
        return Looks::Sentence;
    }
    match (fields, plain) {
        (0, 0) => Looks::Terms,
        (_, 0) => Looks::Fields,
        (0, _) if punctuation > 0 && plain <= 4 || count(Term::Marked) > 0 && plain <= 1 => Looks::Terms,
        (0, _) if count(Term::Joint) > 0 => Looks::Terms,
        (0, 1) if terms.len() == 1 => Looks::Word,
        (0, _) => Looks::Sentence,
        _ => Looks::Mixed,
    }
}

/// The terms of `text`: what stands in quotes or brackets behind a colon is one with its field.
fn pieces(text: &str) -> Vec<&str> {
    const PIECES_MAX: usize = 200;
    let mut pieces = Vec::new();
    let mut start = None;
    let mut quote = None;
    let mut brackets = 0_usize;
    let mut before = ' ';
    for (place, letter) in text.char_indices() {
        if pieces.len() >= PIECES_MAX {
            break;
        }
        match (quote, letter) {
            (Some(open), letter) if open == letter => quote = None,
            (Some(_), _) => {}
            (None, '"') if text.get(place + 1..).is_some_and(|rest| rest.contains('"')) => quote = Some('"'),
            (None, '\'')
                if start.is_none() && text.get(place + 1..).is_some_and(|rest| rest.contains('\'')) =>
            {
                quote = Some('\'')
            }
            (None, '(' | '[') if before == ':' || brackets > 0 => brackets += 1,
            (None, ')' | ']') if brackets > 0 => brackets -= 1,
            (None, letter) if is_blank(letter) && brackets == 0 => {
                if let Some(start) = start.take() {
                    pieces.push(text.get(start..place).unwrap_or_default());
                }
                before = letter;
                continue;
            }
            (None, _) => {}
        }
        start = start.or(Some(place));
        before = letter;
    }
    if let Some(start) = start {
        pieces.push(text.get(start..).unwrap_or_default());
    }
    pieces
}

fn term(piece: &str) -> Term {
    let inner = piece.trim_matches(['(', ')']);
    if matches!(inner, "AND" | "OR" | "NOT" | "TO" | "&&" | "||") {
        return Term::Joint;
    }
    let bare = inner.strip_prefix(['-', '+', '!']).unwrap_or(inner);
    if is_field(bare) {
        return Term::Field;
    }
    let is_phrase = |open: char| bare.len() > 1 && bare.starts_with(open) && bare.ends_with(open);
    if is_phrase('"') || is_phrase('\'') {
        return Term::Phrase;
    }
    if !piece.chars().any(char::is_alphanumeric) {
        return Term::Punctuation;
    }
    let trailing = bare.trim_end_matches([',', '.', '?', '!', ';']);
    let shape = shape_of(trailing);
    if shape.is_entity() && trailing == bare || shape == Shape::Account {
        return Term::Entity;
    }
    if bare.len() < inner.len() || bare.contains('*') || bare.contains(['<', '>', '{', '}', '=']) {
        return Term::Marked;
    }
    Term::Plain
}

/// `name:value`, `name=value`; the value may be missing, because people type.
fn is_field(piece: &str) -> bool {
    let Some(end) = piece.find([':', '=']) else { return false };
    let name = piece.get(..end).unwrap_or_default();
    let value = piece.get(end + 1..).unwrap_or_default();
    let is_name = name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.'))
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.len() != 1;
    // "note: this" is a sentence; "user:" alone is somebody typing.
    is_name && !value.starts_with("//") && !value.starts_with('\\')
}

/// Whether the terms before the first pipe of `text` are the search bar's: `user:alice | count`.
pub(super) fn before_pipe(text: &str) -> bool {
    let head = pieces(text).into_iter().take_while(|piece| !piece.starts_with('|'));
    let terms: Vec<Term> = head.map(term).collect();
    let is_term = |term: &Term| matches!(term, Term::Field | Term::Phrase | Term::Entity | Term::Joint);
    !terms.is_empty() && terms.iter().all(is_term)
}

/// What the terms want, and what is done with the rows behind a pipe.
pub(super) fn intent(text: &str) -> Found {
    if before_pipe(text) && text.contains('|') {
        let piped = super::kql::intent(text);
        let wants_rows =
            piped.parts.len() == 1 && piped.parts.first().is_some_and(|part| part.intent == Wanted::Exact);
        if !wants_rows {
            return piped;
        }
    }
    let pieces = pieces(text);
    let terms: Vec<Term> = pieces.iter().map(|piece| term(piece)).collect();
    let is_id =
        |piece: &&str| matches!(shape_of(piece), Shape::EventId | Shape::SignalId | Shape::IncidentId);
    let (rule, confidence) = match pieces.as_slice() {
        [one] if is_id(one) => (RuleId::R10, 0.99),
        _ if terms.contains(&Term::Field) => (RuleId::R50, 0.98),
        _ if terms.contains(&Term::Entity) => (RuleId::R51, 0.98),
        _ if terms.contains(&Term::Phrase) => (RuleId::R52, 0.95),
        _ => (RuleId::R53, 0.7),
    };
    Found::one(rule, Wanted::Exact, confidence, text)
}
