//! The condition: names of selections joined by `and`, `or`, `not`, parentheses and `N of`.

use crate::problem::Fault;

use super::wildcard::{TextTest, parse as parse_wildcards};

/// Longest condition, in bytes.
pub(crate) const CONDITION_BYTES_MAX: usize = 16 << 10;
/// Deepest nesting of parentheses and `not`.
pub(crate) const CONDITION_DEPTH_MAX: usize = 64;

/// A condition as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Condition {
    Name(String),
    Of(Quantity, Target),
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Not(Box<Condition>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quantity {
    All,
    AtLeast(usize),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// `them`: every selection whose name does not begin with `_`.
    Them,
    /// Every selection whose name fits, `selection_*`.
    Like(String),
}

impl Target {
    /// Whether the selection `name` is meant.
    pub(crate) fn takes(&self, name: &str) -> bool {
        match self {
            Self::Them => !name.starts_with('_'),
            Self::Like(pattern) => TextTest::of(parse_wildcards(pattern), true).passes(name),
        }
    }
}

/// Reads a condition.
pub(crate) fn parse(text: &str, line: u64) -> Result<Condition, Fault> {
    if text.len() > CONDITION_BYTES_MAX {
        return Err(Fault::new(
            line,
            format!("condition is longer than the {CONDITION_BYTES_MAX} bytes allowed"),
        ));
    }
    if text.contains('|') {
        return Err(Fault::new(
            line,
            "condition: one aggregation can stand behind '|', and nothing behind it",
        ));
    }
    if text.trim_start().starts_with("write ") {
        let message = "condition: lists that are written by events are not Sigma: write a correlation";
        return Err(Fault::new(line, message));
    }
    let spaced = text.replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut parser = Parser { words: &words, line, depth: 0 };
    let condition = parser.or()?;
    match parser.peek() {
        None => Ok(condition),
        Some(")") => Err(parser.fault("')' closes nothing")),
        Some("(") if parser.words.len() > 1 && text.trim_start().starts_with("count(") => {
            Err(parser.fault("an aggregation stands behind '|': selection | count(Field) by Group > 5"))
        }
        Some(word) => Err(parser.fault(&format!("expected 'and' or 'or' before {word:?}"))),
    }
}

struct Parser<'a> {
    words: &'a [&'a str],
    line: u64,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.words.first().copied()
    }

    fn next(&mut self) -> Option<&'a str> {
        let (first, rest) = self.words.split_first()?;
        self.words = rest;
        Some(first)
    }

    fn takes(&mut self, word: &str) -> bool {
        let there = self.peek().is_some_and(|next| next.eq_ignore_ascii_case(word));
        if there {
            self.next();
        }
        there
    }

    fn fault(&self, message: &str) -> Fault {
        Fault::new(self.line, format!("condition: {message}"))
    }

    fn deeper(&mut self) -> Result<(), Fault> {
        self.depth += 1;
        if self.depth > CONDITION_DEPTH_MAX {
            return Err(self.fault(&format!("nested deeper than the {CONDITION_DEPTH_MAX} levels allowed")));
        }
        Ok(())
    }

    fn or(&mut self) -> Result<Condition, Fault> {
        let mut parts = vec![self.and()?];
        while self.takes("or") {
            parts.push(self.and()?);
        }
        Ok(joined(parts, Condition::Or))
    }

    fn and(&mut self) -> Result<Condition, Fault> {
        let mut parts = vec![self.not()?];
        while self.takes("and") {
            parts.push(self.not()?);
        }
        Ok(joined(parts, Condition::And))
    }

    fn not(&mut self) -> Result<Condition, Fault> {
        if !self.takes("not") {
            return self.primary();
        }
        self.deeper()?;
        let negated = self.not()?;
        self.depth -= 1;
        Ok(Condition::Not(Box::new(negated)))
    }

    fn primary(&mut self) -> Result<Condition, Fault> {
        let Some(word) = self.next() else {
            return Err(self.fault("ends where the name of a selection is expected"));
        };
        if word == "(" {
            self.deeper()?;
            let inner = self.or()?;
            self.depth -= 1;
            if !self.takes(")") {
                return Err(self.fault("'(' is never closed"));
            }
            return Ok(inner);
        }
        let lower = word.to_ascii_lowercase();
        if word == ")" || matches!(lower.as_str(), "and" | "or" | "of") {
            return Err(self.fault(&format!("expected the name of a selection, found {word:?}")));
        }
        let quantified = self.peek().is_some_and(|next| next.eq_ignore_ascii_case("of"));
        if !quantified {
            return Ok(Condition::Name(word.to_owned()));
        }
        self.next();
        let quantity = match lower.as_str() {
            "all" => Quantity::All,
            "any" => Quantity::AtLeast(1),
            number => match number.parse() {
                Ok(number) if number > 0 => Quantity::AtLeast(number),
                _ => {
                    return Err(
                        self.fault(&format!("expected 'all', 'any' or a number before 'of', found {word:?}"))
                    );
                }
            },
        };
        match self.next() {
            None | Some("(" | ")") => Err(self.fault("expected 'them' or a pattern after 'of'")),
            Some(them) if them.eq_ignore_ascii_case("them") => Ok(Condition::Of(quantity, Target::Them)),
            Some(pattern) => Ok(Condition::Of(quantity, Target::Like(pattern.to_owned()))),
        }
    }
}

fn joined(mut parts: Vec<Condition>, join: impl Fn(Vec<Condition>) -> Condition) -> Condition {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        last => {
            parts.extend(last);
            join(parts)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Condition {
        Condition::Name(text.to_owned())
    }

    #[test]
    fn not_binds_before_and_before_or() {
        let expected = Condition::Or(vec![
            name("a"),
            Condition::And(vec![name("b"), Condition::Not(Box::new(name("c")))]),
        ]);
        assert_eq!(parse("a or b and not c", 1).unwrap(), expected);
        assert_eq!(parse("a OR (b AND NOT(c))", 1).unwrap(), expected);
    }

    #[test]
    fn quantities_and_their_targets() {
        assert_eq!(parse("1 of them", 1).unwrap(), Condition::Of(Quantity::AtLeast(1), Target::Them));
        assert_eq!(
            parse("all of selection_*", 1).unwrap(),
            Condition::Of(Quantity::All, Target::Like("selection_*".to_owned()))
        );
        assert_eq!(
            parse("2 of sel*", 1).unwrap(),
            Condition::Of(Quantity::AtLeast(2), Target::Like("sel*".to_owned()))
        );
        assert!(Target::Like("selection_*".to_owned()).takes("selection_a"));
        assert!(!Target::Them.takes("_hidden"));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, part) in [
            ("a and", "ends where"),
            ("(a or b", "never closed"),
            ("a)", "closes nothing"),
            ("a b", "expected 'and' or 'or'"),
            ("0 of them", "before 'of'"),
            ("1 of", "after 'of'"),
            ("", "ends where"),
            ("a | b", "behind '|'"),
            ("count(x) by y > 5 and a", "stands behind '|'"),
            ("write X from a to %list%", "not Sigma"),
        ] {
            let fault = parse(text, 3).unwrap_err();
            assert!(fault.message.contains(part), "{text:?}: {fault:?}");
            assert_eq!(fault.line, 3);
        }
    }

    /// Law LIMIT.
    #[test]
    fn depth_and_length_are_limited() {
        assert!(parse(&"(".repeat(10_000), 1).is_err());
        assert!(parse(&("not ".repeat(1_000) + "a"), 1).is_err());
        assert!(parse(&"a or ".repeat(10_000), 1).is_err());
    }
}
