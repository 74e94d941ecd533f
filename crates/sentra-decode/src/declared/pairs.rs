//! Lists of pairs: `user=alice action="log in" from=192.0.2.7`.

use std::borrow::Cow;

use memchr::memmem::Finder;
use sentra_model::FieldValue;

use super::keys::{NAME_BYTES_MAX, check, text, texts};
use super::problem::Faults;
use super::scan::unquote;
use super::value::Found;
use super::yaml::{Node, Value};

/// Law LIMIT: further pairs of a record are left out.
pub(super) const PAIRS_MAX: usize = 1_024;

/// How the pairs of a record are written.
#[derive(Debug)]
pub(super) struct Pairs {
    /// What stands between two pairs; blanks and tabs where it is a blank.
    pair: Finder<'static>,
    by_blanks: bool,
    /// What stands between a name and its value.
    value: Finder<'static>,
    quotes: Vec<char>,
}

impl Default for Pairs {
    fn default() -> Self {
        Self::new(" ", "=", vec!['"'])
    }
}

const KEYS: [&str; 3] = ["pair_separator", "value_separator", "quotes"];

impl Pairs {
    fn new(pair: &str, value: &str, quotes: Vec<char>) -> Self {
        let by_blanks = pair.trim().is_empty();
        let own = |text: &str| Finder::new(text).into_owned();
        Self { pair: own(if by_blanks { " " } else { pair }), by_blanks, value: own(value), quotes }
    }

    /// Reads the settings under `key_value`.
    pub(super) fn compile(node: &Node, faults: &mut Faults) -> Self {
        if node.value == Value::Null
            || node.text() == Some("true")
            || !check(node, "key_value", &KEYS, faults)
        {
            return Self::default();
        }
        let pair = node.get("pair_separator").and_then(|node| text(node, "pair_separator", faults));
        let value = node.get("value_separator").and_then(|node| text(node, "value_separator", faults));
        let (pair, value) = (pair.unwrap_or(" "), value.unwrap_or("="));
        if pair.is_empty() || value.is_empty() || pair == value {
            faults.error(node.line, "pair_separator and value_separator must differ and not be empty");
            return Self::default();
        }
        let quotes = match node.get("quotes") {
            Some(node) => quotes(node, faults),
            None => vec!['"'],
        };
        Self::new(pair, value, quotes)
    }

    /// Adds the pairs of `line` to `found`; gives the number of words behind the first pair that are none, and
    /// `None` when there is no pair at all. What stands before the first pair is a heading.
    pub(super) fn read<'a>(&self, line: &'a str, found: &mut Vec<Found<'a>>) -> Option<usize> {
        let (mut stray, mut pairs) = (0, 0);
        let mut cursor = Cursor { line, at: 0, value_at: None };
        while let Some(step) = self.step(&mut cursor) {
            match step {
                Step::Pair(name, value) if pairs < PAIRS_MAX => {
                    pairs += 1;
                    found.push(Found::new(name, FieldValue::Text(value)));
                }
                Step::Pair(..) => stray += 1,
                Step::Stray => stray += usize::from(pairs > 0),
                Step::Nothing => {}
            }
        }
        (pairs > 0).then_some(stray)
    }

    fn step<'a>(&self, cursor: &mut Cursor<'a>) -> Option<Step<'a>> {
        if self.by_blanks {
            cursor.skip_blanks();
        }
        let rest = cursor.rest();
        if rest.is_empty() {
            return None;
        }
        let pair_end = self.pair_end(rest);
        // Found once and kept until it is passed, so that words without a pair cost no search each.
        let Some(value_at) = cursor.next_value(&self.value) else {
            cursor.advance(pair_end, self.gap());
            return Some(if rest.get(..pair_end).is_some_and(|word| word.trim().is_empty()) {
                Step::Nothing
            } else {
                Step::Stray
            });
        };
        let name_end = value_at - cursor.at;
        if pair_end <= name_end {
            let is_empty = rest.get(..pair_end).is_none_or(|word| word.trim().is_empty());
            cursor.advance(pair_end, self.gap());
            return Some(if is_empty { Step::Nothing } else { Step::Stray });
        }
        let name = rest.get(..name_end).unwrap_or_default().trim();
        cursor.advance(name_end, self.value.needle().len());
        let value = self.take_value(cursor);
        let is_name = !name.is_empty() && name.len() <= NAME_BYTES_MAX;
        Some(if is_name { Step::Pair(name, value) } else { Step::Stray })
    }

    fn gap(&self) -> usize {
        if self.by_blanks { 0 } else { self.pair.needle().len() }
    }

    /// Where the pair at the beginning of `rest` ends.
    fn pair_end(&self, rest: &str) -> usize {
        let end = if self.by_blanks { rest.find([' ', '\t']) } else { self.pair.find(rest.as_bytes()) };
        end.unwrap_or(rest.len())
    }

    fn take_value<'a>(&self, cursor: &mut Cursor<'a>) -> Cow<'a, str> {
        let rest = cursor.rest();
        let unpadded = if self.by_blanks { rest } else { rest.trim_start_matches(' ') };
        let quote = unpadded.chars().next().filter(|first| self.quotes.contains(first));
        let unquoted = quote.and_then(|quote| unquote(unpadded.get(quote.len_utf8()..)?, quote));
        if let Some((value, after)) = unquoted {
            // What stands between the quote and the next pair is no part of the value.
            cursor.advance(rest.len() - after.len() + self.pair_end(after), self.gap());
            return value;
        }
        let end = self.pair_end(rest);
        cursor.advance(end, self.gap());
        Cow::Borrowed(rest.get(..end).unwrap_or_default().trim())
    }
}

fn quotes(node: &Node, faults: &mut Faults) -> Vec<char> {
    let mut quotes = Vec::new();
    for (text, line) in texts(node, "quotes", 4, faults) {
        let mut characters = text.chars();
        match (characters.next(), characters.next()) {
            (Some(quote), None) if quote != '\\' => quotes.push(quote),
            _ => faults.error(line, format!("quotes: `{text}` is not one character")),
        }
    }
    quotes
}

enum Step<'a> {
    Pair(&'a str, Cow<'a, str>),
    /// A word that is no pair.
    Stray,
    Nothing,
}

struct Cursor<'a> {
    line: &'a str,
    at: usize,
    /// Where the next separator of name and value stands, where that is known.
    value_at: Option<Option<usize>>,
}

impl<'a> Cursor<'a> {
    fn rest(&self) -> &'a str {
        self.line.get(self.at..).unwrap_or_default()
    }

    fn skip_blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t']).len();
    }

    /// Goes `length` bytes further and over a separator of `gap` bytes, which is not there at the end.
    fn advance(&mut self, length: usize, gap: usize) {
        self.at = (self.at + length + gap).min(self.line.len());
    }

    fn next_value(&mut self, separator: &Finder<'static>) -> Option<usize> {
        match self.value_at {
            Some(None) => return None,
            Some(Some(at)) if at >= self.at => return Some(at),
            _ => {}
        }
        let at = separator.find(self.rest().as_bytes()).map(|at| self.at + at);
        self.value_at = Some(at);
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &Pairs, line: &str) -> String {
        let mut found = Vec::new();
        let stray = pairs.read(line, &mut found);
        let texts: Vec<_> =
            found.iter().map(|found| format!("{}={}", found.name, found.value.as_text())).collect();
        format!("{} stray={stray:?}", texts.join("|"))
    }

    #[test]
    fn pairs_are_read() {
        let default = Pairs::default();
        let commas = Pairs::new(", ", ": ", vec!['"', '\'']);
        let pipes = Pairs::new("|", "=", vec![]);
        let cases = [
            (&default, "user=alice  n=3", "user=alice|n=3 stray=Some(0)"),
            (&default, r#"m="a \"b\" c" x="" y="#, r#"m=a "b" c|x=|y= stray=Some(0)"#),
            (&default, "login failed user=bob", "user=bob stray=Some(0)"),
            (&default, r#"m="open user=bob"#, r#"m="open|user=bob stray=Some(0)"#),
            (&default, "user=bob failed login n=1", "user=bob|n=1 stray=Some(2)"),
            (&default, "no pairs at all", " stray=None"),
            (&default, "=x a=b=c", "a=b=c stray=Some(0)"),
            (&commas, "user: alice, note: 'a, b', last: c d", "user=alice|note=a, b|last=c d stray=Some(0)"),
            (&pipes, "a=1|b|c=ü||d=", "a=1|c=ü|d= stray=Some(1)"),
        ];
        for (pairs, line, expected) in cases {
            assert_eq!(read(pairs, line), expected, "{line}");
        }
    }

    /// Law LIMIT.
    #[test]
    fn the_number_of_pairs_is_limited() {
        let line = "a=1 ".repeat(PAIRS_MAX + 5);
        let mut found = Vec::new();
        assert_eq!(Pairs::default().read(&line, &mut found), Some(5));
        assert_eq!(found.len(), PAIRS_MAX);
    }
}
