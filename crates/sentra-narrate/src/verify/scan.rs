//! Takes a sentence apart into what it claims.

use crate::{day, lexicon};

/// A piece of a clause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A word of the templates, in lower case.
    Word(String),
    /// A name, address, technique or quotation, marks included: it must come from the facts.
    Item(String),
    /// A whole number.
    Number(u64),
    /// `2017-12-10 10:54:29 UTC`, or without the day; the zone is there where it was left out.
    Time(String),
    /// `4 min 3 s`.
    Duration(String),
}

/// A part of a sentence between semicolons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Clause {
    pub(super) text: String,
    pub(super) tokens: Vec<Token>,
}

impl Clause {
    /// Whether `word` is among its words.
    pub(super) fn says(&self, word: &str) -> bool {
        self.count(word) > 0
    }

    /// How often `word` is among its words.
    pub(super) fn count(&self, word: &str) -> usize {
        self.tokens.iter().filter(|token| matches!(token, Token::Word(known) if known == word)).count()
    }
}

/// The clauses of `text`; none when its quotation marks do not match.
pub(super) fn clauses(text: &str) -> Option<Vec<Clause>> {
    let mut clauses = Vec::new();
    let mut current = String::new();
    let mut pieces: Vec<Piece> = Vec::new();
    let mut plain = String::new();
    let mut quote: Option<String> = None;
    for character in text.chars() {
        current.push(character);
        match (&mut quote, character) {
            (Some(_), '“') | (None, '”') => return None,
            (None, '“') => {
                pieces.extend(split(&std::mem::take(&mut plain)));
                quote = Some("“".to_owned());
            }
            (Some(open), '”') => {
                open.push('”');
                pieces.push(Piece::Quoted(quote.take().unwrap_or_default()));
            }
            (Some(open), other) => open.push(other),
            (None, ';') => {
                current.pop();
                pieces.extend(split(&std::mem::take(&mut plain)));
                clauses.push(clause(std::mem::take(&mut current), std::mem::take(&mut pieces)));
            }
            (None, other) => plain.push(other),
        }
    }
    if quote.is_some() {
        return None;
    }
    pieces.extend(split(&plain));
    clauses.push(clause(current, pieces));
    Some(clauses)
}

enum Piece {
    Quoted(String),
    Plain(String),
}

/// Words between white space, without the punctuation of sentences.
fn split(plain: &str) -> Vec<Piece> {
    let bare = |chunk: &str| chunk.trim_start_matches('(').trim_end_matches([',', '.', ')']).to_owned();
    // Only the space separates: any other white space in a sentence is an intruder.
    plain.split(' ').map(bare).filter(|chunk| !chunk.is_empty()).map(Piece::Plain).collect()
}

fn clause(text: String, pieces: Vec<Piece>) -> Clause {
    let mut tokens = Vec::new();
    let mut rest = pieces.as_slice();
    while let Some((piece, after)) = rest.split_first() {
        rest = after;
        let word = match piece {
            Piece::Quoted(quoted) => {
                tokens.push(Token::Item(quoted.clone()));
                continue;
            }
            Piece::Plain(word) => word,
        };
        if let Some((time, after)) = time(word, rest) {
            tokens.push(Token::Time(time));
            rest = after;
        } else if let Some(number) = number(word) {
            let (duration, after) = duration(word, rest);
            rest = after;
            tokens.push(duration.map_or(Token::Number(number), Token::Duration));
        } else if lexicon::may_be_told(word) {
            tokens.push(Token::Word(word.to_ascii_lowercase()));
        } else {
            tokens.push(Token::Item(word.clone()));
        }
    }
    Clause { text: text.trim().trim_end_matches('.').to_owned(), tokens }
}

fn plain(piece: Option<&Piece>) -> Option<&str> {
    match piece {
        Some(Piece::Plain(word)) => Some(word),
        _ => None,
    }
}

/// A number as the templates write it: decimal, without leading zeros.
fn number(word: &str) -> Option<u64> {
    let number: u64 = word.parse().ok()?;
    (number.to_string() == word).then_some(number)
}

fn time<'a>(word: &str, rest: &'a [Piece]) -> Option<(String, &'a [Piece])> {
    let is_day = |text: &str| text.len() == 10 && text.chars().all(|c| c.is_ascii_digit() || c == '-');
    let (day, clock, rest) = match is_day(word) {
        true => (format!("{word} "), plain(rest.first())?, rest.get(1..).unwrap_or_default()),
        false => (String::new(), word, rest),
    };
    if !day::is_clock(clock) {
        return None;
    }
    // The first of two times leaves the zone to the second.
    let rest = if plain(rest.first()) == Some("UTC") { rest.get(1..).unwrap_or_default() } else { rest };
    Some((format!("{day}{clock} UTC"), rest))
}

/// `4 min 3 s` from its first number on, if that is what it is.
fn duration<'a>(first: &str, rest: &'a [Piece]) -> (Option<String>, &'a [Piece]) {
    let unit = |piece: Option<&Piece>| match plain(piece) {
        Some(word @ ("s" | "min" | "h" | "d")) => Some(word.to_owned()),
        _ => None,
    };
    let Some(large) = unit(rest.first()) else { return (None, rest) };
    let mut text = format!("{first} {large}");
    let mut rest = rest.get(1..).unwrap_or_default();
    while let (Some(next), Some(small)) = (plain(rest.first()).and_then(number), unit(rest.get(1))) {
        text.push_str(&format!(" {next} {small}"));
        rest = rest.get(2..).unwrap_or_default();
    }
    (Some(text), rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_comes_apart_into_its_claims() {
        let text = "At 2017-12-10 10:54:29 UTC, logins from 192.0.2.7 failed 3 times (4 min 3 s), as “a; b”; no login.";
        let clauses = clauses(text).unwrap();
        assert_eq!(clauses.len(), 2);
        let tokens = &clauses[0].tokens;
        for wanted in [
            Token::Time("2017-12-10 10:54:29 UTC".into()),
            Token::Item("192.0.2.7".into()),
            Token::Number(3),
            Token::Duration("4 min 3 s".into()),
            Token::Item("“a; b”".into()),
        ] {
            assert!(tokens.contains(&wanted), "{wanted:?} is not in {tokens:?}");
        }
        assert!(clauses[1].says("login") && clauses[1].says("no"));
    }

    #[test]
    fn quotation_marks_must_match() {
        for bad in ["“a", "a”", "“a “b””"] {
            assert_eq!(clauses(bad), None, "{bad}");
        }
    }
}
