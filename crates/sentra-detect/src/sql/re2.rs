//! Regular expressions that mean the same to RE2, which ClickHouse uses.

use super::network::SPACE;

/// Longest expression that is handed on, in bytes.
const RE2_BYTES_MAX: usize = 1_024;
/// Highest number of repetitions, nested ones multiplied: RE2 refuses more.
const RE2_REPETITIONS_MAX: u64 = 1_000;

/// `pattern` for RE2, with the same meaning; `None` where that is not certain.
pub(super) fn translated(pattern: &str) -> Option<String> {
    if pattern.len() > RE2_BYTES_MAX || !pattern.is_ascii() {
        return None;
    }
    // ClickHouse lets a dot stand for a line break unless it is told otherwise.
    let mut reader = Reader { rest: pattern, out: "(?-s)".to_owned(), repetitions: 1, repeated: false };
    while let Some(char) = reader.next() {
        reader.take(char)?;
    }
    Some(reader.out)
}

struct Reader<'a> {
    rest: &'a str,
    out: String,
    repetitions: u64,
    /// What was read last is a repetition, which RE2 does not repeat again.
    repeated: bool,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let first = chars.next()?;
        self.rest = chars.as_str();
        Some(first)
    }

    fn next_is(&mut self, wanted: char) -> bool {
        let there = self.rest.starts_with(wanted);
        if there {
            self.next();
        }
        there
    }

    fn take(&mut self, char: char) -> Option<()> {
        let repeats = matches!(char, '*' | '+' | '?' | '{');
        if repeats && self.repeated {
            return None;
        }
        match char {
            '\\' => self.escape(false)?,
            '[' => self.class()?,
            '(' => self.group()?,
            '{' => self.counted()?,
            other => self.out.push(other),
        }
        if repeats && self.next_is('?') {
            self.out.push('?');
        }
        self.repeated = repeats;
        Some(())
    }

    fn escape(&mut self, in_class: bool) -> Option<()> {
        let char = self.next()?;
        match char {
            'd' => self.out += r"\p{Nd}",
            's' if in_class => self.out += SPACE,
            's' => self.out += &format!("[{SPACE}]"),
            't' | 'n' | 'r' | 'f' | 'v' => self.out.extend(['\\', char]),
            'A' | 'z' if !in_class => self.out.extend(['\\', char]),
            punctuation if punctuation.is_ascii_punctuation() && !matches!(char, '<' | '>') => {
                self.out.extend(['\\', punctuation]);
            }
            _ => return None,
        }
        Some(())
    }

    fn class(&mut self) -> Option<()> {
        self.out.push('[');
        if self.next_is('^') {
            self.out.push('^');
        }
        if self.rest.starts_with(']') {
            return None;
        }
        loop {
            match self.next()? {
                ']' => break,
                '[' => return None,
                '\\' => self.escape(true)?,
                // Two of them are an operation on classes.
                char @ ('&' | '-' | '~') if self.rest.starts_with(char) => return None,
                char => self.out.push(char),
            }
        }
        self.out.push(']');
        Some(())
    }

    fn group(&mut self) -> Option<()> {
        self.out.push('(');
        if !self.next_is('?') {
            return Some(());
        }
        self.out.push('?');
        loop {
            let char = self.next()?;
            match char {
                'i' | 'm' | 's' | '-' => self.out.push(char),
                ':' | ')' => {
                    self.out.push(char);
                    return Some(());
                }
                _ => return None,
            }
        }
    }

    fn counted(&mut self) -> Option<()> {
        let (counts, rest) = self.rest.split_once('}')?;
        let (least, most) = counts.split_once(',').unwrap_or((counts, counts));
        let least: u64 = least.parse().ok()?;
        let most: u64 = if most.is_empty() { least } else { most.parse().ok()? };
        self.repetitions = self.repetitions.checked_mul(least.max(most).max(1))?;
        if self.repetitions > RE2_REPETITIONS_MAX {
            return None;
        }
        self.out += &format!("{{{counts}}}");
        self.rest = rest;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_means_the_same_is_handed_on() {
        for (pattern, expected) in [
            (r"^a.b$", Some(r"(?-s)^a.b$")),
            (r"(?i)a{2,3}?[^\\/]+", Some(r"(?-s)(?i)a{2,3}?[^\\/]+")),
            (r"\d[\d-]", Some(r"(?-s)\p{Nd}[\p{Nd}-]")),
            (r"a\sb", Some(r"(?-s)a[\x09-\x0d\x{85}\pZ]b")),
            (r"\w+", None),
            (r"\bcmd\b", None),
            (r"[a&&b]", None),
            (r"[[:alpha:]]", None),
            (r"(?x)a b", None),
            (r"(?P<n>a)", None),
            (r"a**", None),
            (r"(a{100}){100}", None),
            (r"ä", None),
        ] {
            assert_eq!(translated(pattern).as_deref(), expected, "{pattern}");
        }
    }
}
