//! Sigma's texts with `*` and `?`.

use std::borrow::Cow;

use crate::text::fold;

/// A piece of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    /// These characters.
    Literal(String),
    /// Exactly one character, `?`.
    One,
    /// Any number of characters, `*`.
    Many,
}

/// Reads a Sigma text: `*` and `?` are wildcards, `\*`, `\?` and `\\` the characters themselves; a
/// backslash before anything else is a backslash.
pub(crate) fn parse(text: &str) -> Vec<Part> {
    if !text.contains(['*', '?', '\\']) {
        return if text.is_empty() { Vec::new() } else { vec![Part::Literal(text.to_owned())] };
    }
    let mut parts = Vec::new();
    let mut literal = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        let wildcard = match char {
            '\\' => {
                match chars.next_if(|next| matches!(next, '*' | '?' | '\\')) {
                    Some(escaped) => literal.push(escaped),
                    None => literal.push('\\'),
                }
                continue;
            }
            '*' => Part::Many,
            '?' => Part::One,
            _ => {
                literal.push(char);
                continue;
            }
        };
        if !literal.is_empty() {
            parts.push(Part::Literal(std::mem::take(&mut literal)));
        }
        if wildcard != Part::Many || parts.last() != Some(&Part::Many) {
            parts.push(wildcard);
        }
    }
    if !literal.is_empty() {
        parts.push(Part::Literal(literal));
    }
    parts
}

/// How a text is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TextTest {
    /// It is this.
    Equals(String),
    /// This is in it.
    Contains(String),
    /// It begins with this.
    Starts(String),
    /// It ends with this.
    Ends(String),
    /// It fits the pattern.
    Fits(Vec<Part>),
    /// It is this number, however it is written.
    Number(Number),
}

/// A number with an order and an identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Number(u64);

/// Longest text that is read as a number, in bytes.
const NUMBER_BYTES_MAX: usize = 40;

impl Number {
    pub(crate) fn new(number: f64) -> Self {
        // 0.0 and -0.0 are one number.
        Self((number + 0.0).to_bits())
    }

    pub(crate) fn value(self) -> f64 {
        f64::from_bits(self.0)
    }

    /// The number that `text` writes in decimal.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let begins =
            text.starts_with(|first: char| first.is_ascii_digit() || matches!(first, '-' | '+' | '.'));
        if !begins || text.len() > NUMBER_BYTES_MAX {
            return None;
        }
        text.parse().ok().filter(|number: &f64| number.is_finite()).map(Self::new)
    }
}

impl TextTest {
    /// The cheapest test that does what the pattern says. The literals are folded unless `cased`.
    pub(crate) fn of(parts: Vec<Part>, cased: bool) -> Self {
        let mut parts = parts;
        if !cased {
            for part in &mut parts {
                if let Part::Literal(literal) = part
                    && let Cow::Owned(folded) = fold(literal)
                {
                    *literal = folded;
                }
            }
        }
        match parts.as_mut_slice() {
            [] => Self::Equals(String::new()),
            [Part::Literal(text)] => Self::Equals(std::mem::take(text)),
            [Part::Many] => Self::Contains(String::new()),
            [Part::Many, Part::Literal(text), Part::Many] => Self::Contains(std::mem::take(text)),
            [Part::Literal(text), Part::Many] => Self::Starts(std::mem::take(text)),
            [Part::Many, Part::Literal(text)] => Self::Ends(std::mem::take(text)),
            _ => Self::Fits(parts),
        }
    }

    /// Whether `text`, folded by the caller unless the test is cased, passes.
    pub(crate) fn passes(&self, text: &str) -> bool {
        match self {
            Self::Equals(wanted) => text == wanted,
            Self::Contains(wanted) => text.contains(wanted.as_str()),
            Self::Starts(wanted) => text.starts_with(wanted.as_str()),
            Self::Ends(wanted) => text.ends_with(wanted.as_str()),
            Self::Fits(parts) => fits(parts, text),
            Self::Number(wanted) => Number::read(text) == Some(*wanted),
        }
    }
}

/// Whether `text` as a whole fits `parts`. Greedy with one point of return, the last `*`: the time is at
/// most the product of both lengths, never exponential.
fn fits(parts: &[Part], text: &str) -> bool {
    let (mut pattern, mut rest) = (parts, text);
    let mut retry: Option<(&[Part], &str)> = None;
    loop {
        let advanced = match pattern.split_first() {
            None if rest.is_empty() => return true,
            None => None,
            Some((Part::Many, after)) => {
                if after.is_empty() {
                    return true;
                }
                retry = Some((after, rest));
                Some((after, rest))
            }
            Some((Part::One, after)) => without_first_char(rest).map(|rest| (after, rest)),
            Some((Part::Literal(literal), after)) => {
                rest.strip_prefix(literal.as_str()).map(|rest| (after, rest))
            }
        };
        if let Some(next) = advanced {
            (pattern, rest) = next;
            continue;
        }
        let Some((after, from)) = retry else { return false };
        let Some(from) = without_first_char(from) else { return false };
        retry = Some((after, from));
        (pattern, rest) = (after, from);
    }
}

fn without_first_char(text: &str) -> Option<&str> {
    let mut chars = text.chars();
    chars.next()?;
    Some(chars.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_follow_the_specification() {
        let literal = |text: &str| Part::Literal(text.to_owned());
        for (text, parts) in [
            (r"a\b", vec![literal(r"a\b")]),
            (r"a\\b", vec![literal(r"a\b")]),
            (r"a\*b", vec![literal("a*b")]),
            (r"a\\*b", vec![literal(r"a\"), Part::Many, literal("b")]),
            (r"a\\\*b", vec![literal(r"a\*b")]),
            (r"\?", vec![literal("?")]),
            (r"x\", vec![literal(r"x\")]),
            ("**?", vec![Part::Many, Part::One]),
            ("", vec![]),
        ] {
            assert_eq!(parse(text), parts, "{text:?}");
        }
    }

    #[test]
    fn patterns_match_the_whole_text() {
        for (pattern, text, expected) in [
            (r"*\cmd.exe", r"c:\windows\cmd.exe", true),
            (r"*\cmd.exe", r"c:\windows\cmd.exe2", false),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "axxbyycd", false),
            ("a?c", "aéc", true),
            ("a?c", "ac", false),
            ("*", "", true),
            ("?*", "", false),
            ("*ab*ab", "xabab", true),
            ("*ab?", "abab1", true),
            ("", "", true),
            ("", "x", false),
        ] {
            assert_eq!(TextTest::of(parse(pattern), false).passes(text), expected, "{pattern:?} on {text:?}");
        }
    }

    #[test]
    fn numbers_are_compared_by_value() {
        let test = TextTest::Number(Number::new(4688.0));
        for (text, expected) in
            [("4688", true), ("4688.0", true), (" 4688", true), ("0x1250", false), ("", false)]
        {
            assert_eq!(test.passes(text), expected, "{text:?}");
        }
    }

    proptest::proptest! {
        /// Against the definition, written as a recursion.
        #[test]
        fn fitting_agrees_with_its_definition(pattern in "[ab*?]{0,8}", text in "[ab]{0,10}") {
            fn defined(parts: &[Part], text: &str) -> bool {
                match parts.split_first() {
                    None => text.is_empty(),
                    Some((Part::Many, after)) => (0..=text.len()).any(|skip| defined(after, &text[skip..])),
                    Some((Part::One, after)) => !text.is_empty() && defined(after, &text[1..]),
                    Some((Part::Literal(literal), after)) => {
                        text.strip_prefix(literal.as_str()).is_some_and(|rest| defined(after, rest))
                    }
                }
            }
            let parts = parse(&pattern);
            proptest::prop_assert_eq!(TextTest::of(parts.clone(), false).passes(&text), defined(&parts, &text));
        }
    }
}
