//! Text to tokens.

use sentra_model::Timestamp;

use crate::error::{KqlError, Reason};
use crate::span::Span;
use crate::value::{Kind, moment_of, scaled, span_of, unit_micros};

/// The smallest meaningful part of a question.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Token {
    /// A name or word; with a leading `!` or `$`, or a trailing `~`, where those belong to it.
    Word(String),
    /// A text, its escapes resolved.
    Text(String),
    /// A whole number without its sign.
    Integer(u64),
    /// A number with a fraction.
    Real(f64),
    /// A span of time.
    Span(i64),
    /// A moment.
    Moment(Timestamp),
    /// `datetime(null)` or `timespan(null)`.
    Null(Kind),
    /// Anything else.
    Sign(&'static str),
    /// The end.
    End,
}

/// A token and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Lexeme {
    pub(crate) token: Token,
    pub(crate) span: Span,
}

/// Signs; of those that begin alike the longer one first.
const SIGNS: [&str; 28] = [
    "<>", "==", "!=", "=~", "!~", "<=", ">=", "..", "=>", "(", ")", "[", "]", "{", "}", ",", ";", "|", "=",
    "<", ">", "+", "-", "*", "/", "%", ":", ".",
];

/// The tokens of `text` up to the first thing that is none, and what is wrong with that. The last token is
/// always [`Token::End`].
pub(crate) fn lex(text: &str) -> (Vec<Lexeme>, Option<KqlError>) {
    let mut lexer = Lexer { text, at: 0 };
    let mut lexemes = Vec::new();
    loop {
        lexer.skip_blanks();
        let start = lexer.at;
        let error = match lexer.token() {
            Ok(Some(token)) => {
                lexemes.push(Lexeme { token, span: Span::new(start, lexer.at) });
                continue;
            }
            Ok(None) => None,
            Err(error) => Some(error),
        };
        lexemes.push(Lexeme { token: Token::End, span: Span::new(start, start) });
        return (lexemes, error);
    }
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn skip_blanks(&mut self) {
        loop {
            let rest = self.rest();
            let blanks = rest.len() - rest.trim_start().len();
            self.at += blanks;
            if !self.rest().starts_with("//") {
                return;
            }
            self.at += self.rest().find('\n').unwrap_or(self.rest().len());
        }
    }

    fn token(&mut self) -> Result<Option<Token>, KqlError> {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return Ok(None) };
        let second = rest.chars().nth(1);
        if is_word_start(first) || (matches!(first, '!' | '$') && second.is_some_and(is_word_start)) {
            return self.word().map(Some);
        }
        if first.is_ascii_digit() {
            return self.number().map(Some);
        }
        if matches!(first, '"' | '\'') || (first == '@' && matches!(second, Some('"' | '\''))) {
            return self.quoted().map(Some);
        }
        if rest.starts_with("```") {
            return self.block().map(Some);
        }
        let Some(sign) = SIGNS.into_iter().find(|sign| rest.starts_with(sign)) else {
            let span = Span::new(self.at, self.at + first.len_utf8());
            return Err(KqlError::new(Reason::Syntax, span, format!("{first:?} means nothing here")));
        };
        self.at += sign.len();
        Ok(Some(Token::Sign(sign)))
    }

    fn word(&mut self) -> Result<Token, KqlError> {
        let start = self.at;
        let rest = self.rest();
        let length =
            rest.char_indices().skip(1).find(|(_, c)| !is_word_part(*c)).map_or(rest.len(), |(end, _)| end);
        let mut word = rest.get(..length).unwrap_or_default();
        self.at += length;
        if matches!(word, "in" | "!in") && self.rest().starts_with('~') {
            word = rest.get(..=length).unwrap_or_default();
            self.at += 1;
        }
        let is_typed = match word {
            "datetime" | "date" | "timespan" => self.rest().trim_start().starts_with('('),
            // A column may be called time: only with the bracket next to it is it a value.
            "time" => self.rest().starts_with('('),
            _ => false,
        };
        if is_typed { self.typed(word, start) } else { Ok(Token::Word(word.to_owned())) }
    }

    /// `datetime(…)` or `timespan(…)`.
    fn typed(&mut self, word: &str, start: usize) -> Result<Token, KqlError> {
        let rest = self.rest();
        let open = rest.find('(').map_or(rest.len(), |open| open + 1);
        let inside = rest.get(open..).unwrap_or_default();
        let Some(close) = inside.find(')') else {
            let span = Span::new(start, self.text.len());
            return Err(KqlError::new(Reason::Syntax, span, format!("{word}( is not closed")).hint(")"));
        };
        let content = inside.get(..close).unwrap_or_default().trim();
        let content = content.trim_matches(['"', '\'']);
        let span = Span::new(self.at + open, self.at + open + close);
        self.at += open + close + 1;
        let is_moment = matches!(word, "datetime" | "date");
        let shown: String = content.chars().take(80).collect();
        match (is_moment, content) {
            (true, "null") => Ok(Token::Null(Kind::DateTime)),
            (false, "null") => Ok(Token::Null(Kind::TimeSpan)),
            (true, _) => moment_of(content).map(Token::Moment).ok_or_else(|| {
                KqlError::new(Reason::Value, span, format!("{shown:?} is no time"))
                    .hint("datetime(2026-01-31T23:59:59Z)")
            }),
            (false, _) => span_of(content).map(Token::Span).ok_or_else(|| {
                KqlError::new(Reason::Value, span, format!("{shown:?} is no timespan"))
                    .hint("timespan(1.02:03:04)")
            }),
        }
    }

    fn number(&mut self) -> Result<Token, KqlError> {
        let start = self.at;
        let rest = self.rest();
        if let Some(hex) = rest.strip_prefix("0x").or_else(|| rest.strip_prefix("0X")) {
            let digits = hex.find(|c: char| !is_word_part(c)).unwrap_or(hex.len());
            self.at += 2 + digits;
            let number = u64::from_str_radix(hex.get(..digits).unwrap_or_default(), 16);
            return number.map(Token::Integer).map_err(|_| self.no_number(start, ""));
        }
        let digits_end = |from: usize| {
            let rest = rest.get(from..).unwrap_or_default();
            from + rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len())
        };
        let follows = |at: usize| rest.get(at..).unwrap_or_default();
        let mut end = digits_end(0);
        let mut is_real = false;
        if follows(end).starts_with('.') && follows(end + 1).starts_with(|c: char| c.is_ascii_digit()) {
            end = digits_end(end + 1);
            is_real = true;
        }
        let exponent = follows(end).strip_prefix(['e', 'E']).map(|rest| rest.trim_start_matches(['+', '-']));
        if exponent.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit())) {
            let signed = follows(end + 1).starts_with(['+', '-']);
            end = digits_end(end + 1 + usize::from(signed));
            is_real = true;
        }
        let number = rest.get(..end).unwrap_or_default();
        let unit_length = follows(end).find(|c: char| !is_word_part(c)).unwrap_or(follows(end).len());
        let unit = follows(end).get(..unit_length).unwrap_or_default();
        self.at += end + unit_length;
        let dotted = is_real && self.rest().starts_with('.') && !self.rest().starts_with("..");
        if dotted || (!unit.is_empty() && unit_micros(unit).is_none()) {
            return Err(self.no_number(start, unit));
        }
        if !unit.is_empty() {
            let span = unit_micros(unit).and_then(|micros| scaled(number, micros));
            return span.map(Token::Span).ok_or_else(|| self.no_number(start, unit));
        }
        let token = if is_real {
            number.parse().ok().filter(|number: &f64| number.is_finite()).map(Token::Real)
        } else {
            number.parse().ok().map(Token::Integer)
        };
        token.ok_or_else(|| self.no_number(start, ""))
    }

    /// What looks like a number but is none: most often an address or a hash without quotes.
    fn no_number(&mut self, start: usize, unit: &str) -> KqlError {
        let rest = self.rest();
        self.at += rest.find(|c: char| !is_word_part(c) && !matches!(c, '.' | ':')).unwrap_or(rest.len());
        let written: String = self.text.get(start..self.at).unwrap_or_default().chars().take(80).collect();
        let span = Span::new(start, self.at);
        if unit.is_empty() || written.contains(['.', ':']) {
            KqlError::new(Reason::Syntax, span, format!("{written} is no number"))
                .hint(format!("\"{written}\""))
        } else {
            KqlError::new(Reason::Syntax, span, format!("{written} is no number and no timespan"))
                .hint("units are d, h, m, s, ms, microsecond; texts stand in quotes")
        }
    }

    /// ```` ```text``` ````, in which nothing is escaped.
    fn block(&mut self) -> Result<Token, KqlError> {
        let inside = self.rest().get(3..).unwrap_or_default();
        let Some(close) = inside.find("```") else { return Err(self.not_closed("```")) };
        self.at += close + 6;
        Ok(Token::Text(inside.get(..close).unwrap_or_default().to_owned()))
    }

    fn not_closed(&self, quote: &str) -> KqlError {
        let span = Span::new(self.at, self.text.len());
        KqlError::new(Reason::Syntax, span, "the text is not closed").hint(quote)
    }

    fn quoted(&mut self) -> Result<Token, KqlError> {
        let verbatim = self.rest().starts_with('@');
        let inside_at = self.at + usize::from(verbatim) + 1;
        let quote = if self.text.get(..inside_at).unwrap_or_default().ends_with('"') { '"' } else { '\'' };
        let mut letters = self.text.get(inside_at..).unwrap_or_default().char_indices().peekable();
        let mut text = String::new();
        while let Some((at, letter)) = letters.next() {
            if letter == quote {
                if verbatim && letters.peek().is_some_and(|(_, next)| *next == quote) {
                    letters.next();
                    text.push(quote);
                    continue;
                }
                self.at = inside_at + at + 1;
                return Ok(Token::Text(text));
            }
            match letter {
                '\n' => break,
                '\\' if !verbatim => text.push(escaped(&mut letters).ok_or_else(|| {
                    let span = Span::new(inside_at + at, inside_at + at + 1);
                    KqlError::new(Reason::Syntax, span, "this is no escape")
                        .hint("write \\\\ for a backslash, or @\"…\" for a text without escapes")
                })?),
                letter => text.push(letter),
            }
        }
        Err(self.not_closed(if quote == '"' { "\"" } else { "'" }))
    }
}

/// What stands for one character after a backslash.
fn escaped(letters: &mut std::iter::Peekable<std::str::CharIndices<'_>>) -> Option<char> {
    let (_, letter) = letters.next()?;
    let digits = match letter {
        'n' => return Some('\n'),
        't' => return Some('\t'),
        'r' => return Some('\r'),
        '0' => return Some('\0'),
        'a' => return Some('\u{7}'),
        'b' => return Some('\u{8}'),
        'f' => return Some('\u{c}'),
        'v' => return Some('\u{b}'),
        '"' | '\'' | '\\' | '/' => return Some(letter),
        'x' => 2,
        'u' => 4,
        'U' => 8,
        _ => return None,
    };
    let mut code = 0;
    for _ in 0..digits {
        code = code * 16 + letters.next()?.1.to_digit(16)?;
    }
    char::from_u32(code)
}

pub(crate) fn is_word_start(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_'
}

pub(crate) fn is_word_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}
