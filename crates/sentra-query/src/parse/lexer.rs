use crate::error::{Place, SyntaxError};

/// One word of a question.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Word(String),
    /// A word with `!` before it: `!contains`.
    NotWord(String),
    /// A word with `~` after it: `in~`.
    CaselessWord(String),
    Text(String),
    Integer(i64),
    Float(f64),
    /// A timespan in microseconds.
    Span(i64),
    /// What stands in the brackets of `datetime(…)`.
    DateTime(String),
    /// Punctuation.
    Sign(&'static str),
    End,
}

/// A token and where it begins.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Placed {
    pub(super) token: Token,
    pub(super) offset: usize,
}

/// Longest signs first: the first that fits is taken.
const SIGNS: [&str; 17] =
    ["==", "!=", "=~", "!~", "<=", ">=", "..", "<", ">", "|", "(", ")", "[", "]", ",", ".", "+"];

struct Lexer<'a> {
    text: &'a str,
    offset: usize,
}

/// The tokens of `text`; the last one is [`Token::End`].
pub(super) fn tokens(text: &str) -> Result<Vec<Placed>, SyntaxError> {
    let mut lexer = Lexer { text, offset: 0 };
    let mut tokens = Vec::new();
    loop {
        lexer.skip_blanks();
        let offset = lexer.offset;
        let token = lexer.next()?;
        let is_end = token == Token::End;
        tokens.push(Placed { token, offset });
        if is_end {
            return Ok(tokens);
        }
    }
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.offset..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn take_while(&mut self, accept: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c| !accept(c)).unwrap_or(rest.len());
        self.offset += end;
        rest.get(..end).unwrap_or_default()
    }

    fn error(&self, offset: usize, message: impl Into<String>, hint: Option<String>) -> SyntaxError {
        SyntaxError { place: Place::at(self.text, offset), message: message.into(), hint }
    }

    fn skip_blanks(&mut self) {
        loop {
            self.take_while(char::is_whitespace);
            if !self.rest().starts_with("//") {
                return;
            }
            self.take_while(|c| c != '\n');
        }
    }

    fn next(&mut self) -> Result<Token, SyntaxError> {
        let start = self.offset;
        let Some(first) = self.peek() else { return Ok(Token::End) };
        if first == '"' || first == '\'' {
            return self.quoted(first).map(Token::Text);
        }
        if first == '@' && self.rest().get(1..).is_some_and(|rest| rest.starts_with(['"', '\''])) {
            return self.verbatim().map(Token::Text);
        }
        if is_word_start(first) {
            return self.word();
        }
        if first.is_ascii_digit() {
            return self.number();
        }
        if first == '!' && self.rest().get(1..).is_some_and(|rest| rest.starts_with(is_word_start)) {
            self.offset += 1;
            return Ok(Token::NotWord(self.take_while(is_word_part).to_owned()));
        }
        if first == '-' {
            self.offset += 1;
            return Ok(Token::Sign("-"));
        }
        if let Some(sign) = SIGNS.into_iter().find(|sign| self.rest().starts_with(sign)) {
            self.offset += sign.len();
            return Ok(Token::Sign(sign));
        }
        if first == '=' {
            return Err(self.error(start, "'=' compares nothing", Some("==".to_owned())));
        }
        Err(self.error(start, format!("{first:?} means nothing here"), None))
    }

    fn word(&mut self) -> Result<Token, SyntaxError> {
        let word = self.take_while(is_word_part);
        if self.peek() == Some('~') {
            self.offset += 1;
            return Ok(Token::CaselessWord(word.to_owned()));
        }
        let bracket = self.rest().trim_start();
        if word != "datetime" || !bracket.starts_with('(') {
            return Ok(Token::Word(word.to_owned()));
        }
        let start = self.offset + (self.rest().len() - bracket.len());
        let Some(length) = bracket.find(')') else {
            return Err(self.error(start, "the bracket after datetime is not closed", Some(")".to_owned())));
        };
        self.offset = start + length + 1;
        let inside = bracket.get(1..length).unwrap_or_default().trim();
        Ok(Token::DateTime(inside.trim_matches(['"', '\'']).to_owned()))
    }

    fn number(&mut self) -> Result<Token, SyntaxError> {
        let start = self.offset;
        self.take_while(|c| c.is_ascii_digit());
        let fraction =
            self.rest().strip_prefix('.').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        if fraction {
            self.offset += 1;
            self.take_while(|c| c.is_ascii_digit());
        }
        let digits = self.text.get(start..self.offset).unwrap_or_default();
        let unit = self.take_while(|c| c.is_alphanumeric() || c == '_');
        let goes_on =
            self.rest().strip_prefix([':', '.']).is_some_and(|rest| rest.starts_with(char::is_alphanumeric));
        if goes_on {
            self.take_while(|c| c.is_alphanumeric() || matches!(c, '.' | ':' | '-' | '_' | '/'));
            let written = self.text.get(start..self.offset).unwrap_or_default();
            return Err(self.error(start, format!("{written} is no number"), Some(format!("{written:?}"))));
        }
        let failed = |what: &str| self.error(start, format!("{digits}{unit} is no {what}"), None);
        if !unit.is_empty() {
            let number: f64 = digits.parse().map_err(|_| failed("timespan"))?;
            let Some(micros) = unit_micros(unit) else {
                let hint = "units are d, h, m, s, ms; texts stand in quotes".to_owned();
                return Err(SyntaxError { hint: Some(hint), ..failed("number and no timespan") });
            };
            return Ok(Token::Span((number * micros) as i64));
        }
        if fraction {
            return digits.parse().map(Token::Float).map_err(|_| failed("number"));
        }
        match digits.parse() {
            Ok(number) => Ok(Token::Integer(number)),
            Err(_) => Err(SyntaxError { hint: Some(format!("{digits:?}")), ..failed("number of 64 bits") }),
        }
    }

    /// A text with escapes, from its opening quote on.
    fn quoted(&mut self, quote: char) -> Result<String, SyntaxError> {
        let start = self.offset;
        self.offset += 1;
        let mut text = String::new();
        loop {
            text.push_str(self.take_while(|c| c != quote && c != '\\' && c != '\n'));
            let place = self.offset;
            match self.peek() {
                Some('\\') => text.push(self.escape(place)?),
                Some(letter) if letter == quote => {
                    self.offset += 1;
                    return Ok(text);
                }
                _ => return Err(self.error(start, "the text is not closed", Some(quote.to_string()))),
            }
        }
    }

    fn escape(&mut self, place: usize) -> Result<char, SyntaxError> {
        self.offset += 1;
        let letter = self.peek();
        self.offset += letter.map_or(0, char::len_utf8);
        let hint = "write \\\\ for a backslash, or @\"…\" for a text without escapes".to_owned();
        let unknown = || self.error(place, "this is no escape", Some(hint.clone()));
        match letter {
            Some('n') => Ok('\n'),
            Some('r') => Ok('\r'),
            Some('t') => Ok('\t'),
            Some('0') => Ok('\0'),
            Some(same @ ('\\' | '"' | '\'')) => Ok(same),
            Some('u') => {
                let code = self.rest().get(..4).and_then(|hex| u32::from_str_radix(hex, 16).ok());
                let letter = code.and_then(char::from_u32).ok_or_else(unknown)?;
                self.offset += 4;
                Ok(letter)
            }
            _ => Err(unknown()),
        }
    }

    /// A text without escapes, `@"C:\Windows"`; a doubled quote stands for one.
    fn verbatim(&mut self) -> Result<String, SyntaxError> {
        let start = self.offset;
        self.offset += 1;
        let quote = self.peek().unwrap_or('"');
        self.offset += 1;
        let mut text = String::new();
        loop {
            text.push_str(self.take_while(|c| c != quote));
            if self.peek().is_none() {
                return Err(self.error(start, "the text is not closed", Some(quote.to_string())));
            }
            self.offset += 1;
            if self.peek() != Some(quote) {
                return Ok(text);
            }
            self.offset += 1;
            text.push(quote);
        }
    }
}

fn is_word_start(letter: char) -> bool {
    letter.is_ascii_alphabetic() || letter == '_'
}

fn is_word_part(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_'
}

fn unit_micros(unit: &str) -> Option<f64> {
    Some(match unit {
        "d" | "day" | "days" => 86_400e6,
        "h" | "hr" | "hour" | "hours" => 3_600e6,
        "m" | "min" | "minute" | "minutes" => 60e6,
        "s" | "sec" | "second" | "seconds" => 1e6,
        "ms" | "millisecond" | "milliseconds" => 1e3,
        "microsecond" | "microseconds" => 1.0,
        _ => return None,
    })
}
