//! Text to tokens with their lines.

use crate::problem::Fault;
use crate::text::hint;

/// Longest rule file, in bytes.
pub(crate) const SOURCE_BYTES_MAX: usize = 1 << 20;
/// Most tokens of a file.
const TOKENS_MAX: usize = 200_000;

/// A piece of a rule.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Token {
    /// A word: keyword, function or field name.
    Word(String),
    /// `$name`
    Variable(String),
    /// `#name`
    Count(String),
    /// `%name`
    List(String),
    /// `"text"`, with its escapes undone, or `` `raw` ``.
    Text {
        /// What it says.
        text: String,
        /// Written between back-quotes.
        raw: bool,
    },
    /// `/expression/`
    Regex(String),
    /// A whole number.
    Integer(i64),
    /// A number with a fraction.
    Float(f64),
    /// `10m`, in seconds, and the unit it was written in.
    Duration(i64, char),
    /// An operator or bracket.
    Sign(&'static str),
}

/// Two characters before one: the longest sign wins.
const SIGNS: [&str; 21] = [
    "!=", "<=", ">=", "{", "}", "(", ")", "[", "]", ":", ",", ".", "=", "<", ">", "+", "-", "*", "/", "!",
    "%",
];

/// Splits `text`.
pub(crate) fn tokens(text: &str) -> Result<Vec<(u64, Token)>, Fault> {
    if text.len() > SOURCE_BYTES_MAX {
        return Err(Fault::new(1, format!("the file is longer than {SOURCE_BYTES_MAX} bytes")));
    }
    let mut lexer = Lexer { rest: text.strip_prefix('\u{feff}').unwrap_or(text), line: 1, found: Vec::new() };
    while lexer.skip_blanks()? {
        let line = lexer.line;
        let token = lexer.token()?;
        lexer.found.push((line, token));
        if lexer.found.len() > TOKENS_MAX {
            return Err(Fault::new(line, format!("the file has more than {TOKENS_MAX} words and signs")));
        }
    }
    Ok(lexer.found)
}

struct Lexer<'a> {
    rest: &'a str,
    line: u64,
    found: Vec<(u64, Token)>,
}

fn is_word(char: char) -> bool {
    char.is_ascii_alphanumeric() || char == '_'
}

impl<'a> Lexer<'a> {
    fn fault(&self, message: impl Into<String>) -> Fault {
        Fault::new(self.line, message)
    }

    /// Takes `bytes` bytes; the caller found that they end at a character.
    fn take(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.line += taken.bytes().filter(|byte| *byte == b'\n').count() as u64;
        self.rest = rest;
        taken
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|char| !wanted(char)).unwrap_or(self.rest.len());
        self.take(end)
    }

    /// Skips blanks and comments; false at the end.
    fn skip_blanks(&mut self) -> Result<bool, Fault> {
        loop {
            self.take_while(char::is_whitespace);
            if self.rest.starts_with("//") {
                self.take_while(|char| char != '\n');
            } else if self.rest.starts_with("/*") {
                let Some(end) = self.rest.find("*/") else {
                    return Err(self.fault("a comment that begins here does not end with */"));
                };
                self.take(end + 2);
            } else {
                return Ok(!self.rest.is_empty());
            }
        }
    }

    fn token(&mut self) -> Result<Token, Fault> {
        let mut chars = self.rest.chars();
        let (first, second) = (chars.next().unwrap_or_default(), chars.next().unwrap_or_default());
        match first {
            '"' => self.text(),
            '`' => self.raw(),
            '$' | '#' if is_word(second) => {
                self.take(1);
                let name = self.take_while(is_word).to_owned();
                Ok(if first == '$' { Token::Variable(name) } else { Token::Count(name) })
            }
            '%' if is_word(second) => {
                self.take(1);
                Ok(Token::List(self.take_while(is_word).to_owned()))
            }
            '/' if !self.after_value() => self.regex(),
            '0'..='9' => self.number(),
            _ if first.is_ascii_alphabetic() || first == '_' => {
                Ok(Token::Word(self.take_while(is_word).to_owned()))
            }
            _ => {
                let Some(sign) = SIGNS.into_iter().find(|sign| self.rest.starts_with(sign)) else {
                    let known = hint(&first.to_string(), SIGNS);
                    return Err(self.fault(format!("{first:?} is no sign of YARA-L{known}")));
                };
                self.take(sign.len());
                Ok(Token::Sign(sign))
            }
        }
    }

    /// Whether the last token ended a value: then a slash divides.
    fn after_value(&self) -> bool {
        match self.found.last() {
            None => false,
            Some((_, Token::Sign(sign))) => matches!(*sign, ")" | "]"),
            Some((_, Token::Word(word))) => !["and", "or", "not", "in", "nocase", "any", "all"]
                .iter()
                .any(|keyword| word.eq_ignore_ascii_case(keyword)),
            Some(_) => true,
        }
    }

    fn text(&mut self) -> Result<Token, Fault> {
        let fault = self.fault("a text that begins here does not end with a quotation mark on its line");
        self.take(1);
        let mut text = String::new();
        loop {
            text.push_str(self.take_while(|char| !matches!(char, '"' | '\\' | '\n')));
            match self.take(1) {
                "\"" => return Ok(Token::Text { text, raw: false }),
                "\\" => self.escape(&mut text).ok_or_else(|| fault.clone())?,
                _ => return Err(fault),
            }
        }
    }

    /// Undoes one escape. A backslash before what needs none stays, as regular expressions want it.
    fn escape(&mut self, text: &mut String) -> Option<()> {
        let char = self.rest.chars().next()?;
        let plain = match char {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            '"' | '\\' => char,
            '\n' => return None,
            _ => {
                text.push('\\');
                char
            }
        };
        self.take(char.len_utf8());
        text.push(plain);
        Some(())
    }

    fn raw(&mut self) -> Result<Token, Fault> {
        let fault = self.fault("a text that begins here does not end with a back-quote");
        self.take(1);
        let end = self.rest.find('`').ok_or(fault)?;
        let text = self.take(end).to_owned();
        self.take(1);
        Ok(Token::Text { text, raw: true })
    }

    fn regex(&mut self) -> Result<Token, Fault> {
        let fault = self.fault("a regular expression that begins here does not end with a slash on its line");
        self.take(1);
        let mut text = String::new();
        loop {
            text.push_str(self.take_while(|char| !matches!(char, '/' | '\\' | '\n')));
            match self.take(1) {
                "/" => return Ok(Token::Regex(text)),
                "\\" => {
                    let char = self.rest.chars().next().filter(|char| *char != '\n').ok_or(fault.clone())?;
                    if char != '/' {
                        text.push('\\');
                    }
                    self.take(char.len_utf8());
                    text.push(char);
                }
                _ => return Err(fault),
            }
        }
    }

    fn number(&mut self) -> Result<Token, Fault> {
        let whole = self.take_while(|char| char.is_ascii_digit());
        let after_dot =
            self.rest.strip_prefix('.').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        if after_dot {
            self.take(1);
            let fraction = self.take_while(|char| char.is_ascii_digit());
            return match format!("{whole}.{fraction}").parse::<f64>() {
                Ok(number) if number.is_finite() => Ok(Token::Float(number)),
                _ => Err(self.fault(format!("{whole}.{fraction} is too large a number"))),
            };
        }
        let Ok(number) = whole.parse::<i64>() else {
            return Err(self.fault(format!("{whole} is too large a number")));
        };
        let unit = self.take_while(is_word);
        let seconds = match unit {
            "" => return Ok(Token::Integer(number)),
            "s" => 1,
            "m" => 60,
            "h" => 3_600,
            "d" => 86_400,
            _ => {
                let message = format!("{number}{unit} is no number and no duration; units are s, m, h and d");
                return Err(self.fault(message));
            }
        };
        let Some(seconds) = number.checked_mul(seconds) else {
            return Err(self.fault(format!("{number}{unit} is too long")));
        };
        Ok(Token::Duration(seconds, unit.chars().next().unwrap_or('s')))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<Token> {
        tokens(text).unwrap().into_iter().map(|(_, token)| token).collect()
    }

    #[test]
    fn slashes_are_comments_divisions_or_regular_expressions() {
        let word = |text: &str| Token::Word(text.to_owned());
        assert_eq!(all("a / b // c"), [word("a"), Token::Sign("/"), word("b")]);
        assert_eq!(
            all("= /a\\/b\\d/ /* x\n*/ nocase"),
            [Token::Sign("="), Token::Regex("a/b\\d".to_owned()), word("nocase")]
        );
        assert_eq!(all("and /x/"), [word("and"), Token::Regex("x".to_owned())]);
    }

    #[test]
    fn texts_and_their_escapes() {
        let text = |text: &str, raw| Token::Text { text: text.to_owned(), raw };
        assert_eq!(all(r#""a\"b\\c\.d\n""#), [text("a\"b\\c\\.d\n", false)]);
        assert_eq!(all("`a\\\"b`"), [text("a\\\"b", true)]);
    }

    #[test]
    fn lines_are_counted_and_faults_name_them() {
        assert_eq!(tokens("a\n/* \n */ b").unwrap()[1].0, 3);
        for (text, line) in
            [("\n\"abc", 2), ("\n\n`abc", 3), ("= /abc\n/", 1), ("/* ", 1), ("\n~", 2), ("5x", 1)]
        {
            assert_eq!(tokens(text).unwrap_err().line, line, "{text:?}");
        }
        assert!(tokens(&"a ".repeat(TOKENS_MAX + 1)).is_err());
        assert!(tokens(&" ".repeat(SOURCE_BYTES_MAX + 1)).is_err());
    }
}
