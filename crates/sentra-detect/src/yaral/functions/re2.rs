//! RE2's way of writing regular expressions, as `regex` reads them.
//!
//! The two mean nearly the same. This rewrites what they do not: `\d`, `\w`, `\s` and `\b` are of ASCII, a `{` that
//! repeats nothing and a `[` within brackets stand for themselves, `\<` is a character, `\Q…\E` quotes.

use std::iter::Peekable;
use std::str::CharIndices;

/// The pattern for `regex` that means what `pattern` means to RE2. What is wrong with it stays wrong.
pub(super) fn to_regex(pattern: &str) -> String {
    let mut rewriter = Rewriter {
        pattern,
        chars: pattern.char_indices().peekable(),
        out: String::with_capacity(pattern.len()),
    };
    while let Some((at, char)) = rewriter.chars.next() {
        match char {
            '\\' => rewriter.escape(),
            '[' => rewriter.brackets(),
            '{' if !repeats(pattern.get(at..).unwrap_or_default()) => rewriter.out.push_str("\\{"),
            char => rewriter.out.push(char),
        }
    }
    rewriter.out
}

struct Rewriter<'a> {
    pattern: &'a str,
    chars: Peekable<CharIndices<'a>>,
    out: String,
}

impl Rewriter<'_> {
    /// After a backslash outside of brackets.
    fn escape(&mut self) {
        let Some((at, char)) = self.chars.next() else {
            self.out.push('\\');
            return;
        };
        match char {
            'd' => self.out.push_str("[0-9]"),
            'D' => self.out.push_str("[^0-9]"),
            'w' => self.out.push_str("[0-9A-Za-z_]"),
            'W' => self.out.push_str("[^0-9A-Za-z_]"),
            's' => self.out.push_str("[\\t\\n\\f\\r ]"),
            'S' => self.out.push_str("[^\\t\\n\\f\\r ]"),
            'b' => self.out.push_str("(?-u:\\b)"),
            'B' => self.out.push_str("(?-u:\\B)"),
            '<' | '>' => self.out.push(char),
            'Q' => self.quoted(at + 1),
            '0' if !self.chars.peek().is_some_and(|(_, next)| next.is_digit(8)) => self.out.push_str("\\x00"),
            'p' | 'P' | 'x' => {
                self.out.push('\\');
                self.out.push(char);
                self.braces();
            }
            char => {
                self.out.push('\\');
                self.out.push(char);
            }
        }
    }

    /// Copies `{…}` as it is, where it follows: the name of a class, the digits of a character.
    fn braces(&mut self) {
        if self.chars.peek().is_none_or(|(_, char)| *char != '{') {
            return;
        }
        for (_, char) in self.chars.by_ref() {
            self.out.push(char);
            if char == '}' {
                return;
            }
        }
    }

    /// What stands from `from` to `\E`, or to the end.
    fn quoted(&mut self, from: usize) {
        let rest = self.pattern.get(from..).unwrap_or_default();
        let length = rest.find("\\E").unwrap_or(rest.len());
        self.out.push_str(&regex::escape(rest.get(..length).unwrap_or_default()));
        while self.chars.next_if(|(at, _)| *at < from + length + "\\E".len()).is_some() {}
    }

    /// After a `[` that opens a class.
    fn brackets(&mut self) {
        self.out.push('[');
        if self.chars.next_if(|(_, char)| *char == '^').is_some() {
            self.out.push('^');
        }
        // A bracket that would close an empty class stands for itself.
        if self.chars.next_if(|(_, char)| *char == ']').is_some() {
            self.out.push_str("\\]");
        }
        while let Some((at, char)) = self.chars.next() {
            match char {
                ']' => {
                    self.out.push(']');
                    return;
                }
                '[' => match named_class(self.pattern.get(at..).unwrap_or_default()) {
                    Some(class) => {
                        self.out.push_str(class);
                        while self.chars.next_if(|(next, _)| *next < at + class.len()).is_some() {}
                    }
                    None => self.out.push_str("\\["),
                },
                '\\' => self.escape_in_brackets(),
                // Doubled, these would be operations on sets.
                '&' | '~' => {
                    self.out.push('\\');
                    self.out.push(char);
                }
                '-' if self.out.ends_with('-') => self.out.push_str("\\-"),
                char => self.out.push(char),
            }
        }
    }

    fn escape_in_brackets(&mut self) {
        let Some((_, char)) = self.chars.next() else {
            self.out.push('\\');
            return;
        };
        match char {
            'd' => self.out.push_str("0-9"),
            'w' => self.out.push_str("0-9A-Za-z_"),
            's' => self.out.push_str("\\t\\n\\f\\r "),
            'D' => self.out.push_str("[^0-9]"),
            'W' => self.out.push_str("[^0-9A-Za-z_]"),
            'S' => self.out.push_str("[^\\t\\n\\f\\r ]"),
            '<' | '>' => self.out.push(char),
            '0' if !self.chars.peek().is_some_and(|(_, next)| next.is_digit(8)) => self.out.push_str("\\x00"),
            'p' | 'P' | 'x' => {
                self.out.push('\\');
                self.out.push(char);
                self.braces();
            }
            char => {
                self.out.push('\\');
                self.out.push(char);
            }
        }
    }
}

/// Whether `rest`, which begins with a brace, is `{n}`, `{n,}` or `{n,m}`.
fn repeats(rest: &str) -> bool {
    let Some((inside, _)) = rest.strip_prefix('{').and_then(|rest| rest.split_once('}')) else {
        return false;
    };
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match inside.split_once(',') {
        Some((least, most)) => number(least) && (most.is_empty() || number(most)),
        None => number(inside),
    }
}

/// The `[:name:]` that `rest` begins with.
fn named_class(rest: &str) -> Option<&str> {
    let end = rest.strip_prefix("[:")?.find(":]")?;
    let class = rest.get(..end + "[::]".len())?;
    let name = class.get(2..class.len() - 2)?.trim_start_matches('^');
    name.bytes().all(|byte| byte.is_ascii_alphabetic()).then_some(class)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, yes: &[&str], no: &[&str]) {
        let regex = regex::Regex::new(&to_regex(pattern))
            .unwrap_or_else(|error| panic!("{pattern} became {}: {error}", to_regex(pattern)));
        for text in yes {
            assert!(regex.is_match(text), "{pattern} should match {text:?}");
        }
        for text in no {
            assert!(!regex.is_match(text), "{pattern} should not match {text:?}");
        }
    }

    #[test]
    fn classes_are_of_ascii() {
        check(r"^\d$", &["7"], &["٧", "x"]);
        check(r"^\w+$", &["ab_9"], &["é"]);
        check(r"^[\w.-]+$", &["a-b.c"], &["a é", "é"]);
        check(r"^[\W]$", &["é", "-"], &["a"]);
        check(r"^\S+$", &["\u{a0}é"], &["a b"]);
        check(r"\bnet\b", &["énet", "x net y"], &["internet"]);
        check(r"\Bnet", &["internet"], &["a net"]);
    }

    #[test]
    fn characters_stand_for_themselves() {
        check(r"^a{$", &["a{"], &[]);
        check(r"^${env:x}", &[], &["x"]);
        check(r"^a{,3}$", &["a{,3}"], &["aa"]);
        check(r"^a{2,3}$", &["aa"], &["a"]);
        check(r"^\<b\>$", &["<b>"], &["b"]);
        check(r"^[[]$", &["["], &[]);
        check(r"^[]a]+$", &["]a"], &["["]);
        check(r"^[^]a]+$", &["b["], &["]"]);
        check(r"^[a&&b]+$", &["a&b"], &["c"]);
        check(r"^[~~]+$", &["~"], &["a"]);
        check(r"^[+--]+$", &["+,-"], &["a"]);
        check(r"^[[:alpha:]_]+$", &["ab_"], &["1"]);
        check(r"^[\]\[]+$", &["[]"], &["a"]);
        check(r"^\Qa.b[\E+$", &["a.b[["], &["axb["]);
        check(r"\Q", &["x"], &[]);
        check(r"^\p{Greek}\x{41}\x42$", &["αAB"], &["aAB"]);
        check(r"^\0[\0]+$", &["\0\0"], &["0", "\\0"]);
        check(r"^\\\/\-\.$", &[r"\/-."], &[]);
    }

    #[test]
    fn what_is_wrong_stays_wrong() {
        for pattern in ["[", "[a", "(", "a\\", "*", "[[:alpha:]", "\\1", "[\\"] {
            assert!(regex::Regex::new(&to_regex(pattern)).is_err(), "{pattern} became {}", to_regex(pattern));
        }
    }
}
