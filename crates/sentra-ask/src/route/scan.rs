//! A question in KQL or SQL as its bare words: what stands in strings and comments is not among them.

/// A bare piece of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// Letters, digits, underscores, dots, and dashes within.
    Word(&'a str),
    /// What stands in quotes, without them.
    Text(&'a str),
    /// One letter that is none of these.
    Mark(char),
}

/// Most tokens that are looked at; what comes later does not change what a question is.
const TOKENS_MAX: usize = 4_000;

/// The tokens of `text`, comments left out.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty() && tokens.len() < TOKENS_MAX) {
        let Some(first) = rest.chars().next() else { break };
        if first.is_whitespace() {
            at += first.len_utf8();
        } else if rest.starts_with("//") && !before_is_colon(text, at) {
            at += rest.find('\n').unwrap_or(rest.len());
        } else if matches!(first, '"' | '\'') {
            let length = quoted_length(rest, first, before_is_at(text, at));
            tokens.push(Token::Text(rest.get(1..length.saturating_sub(1).max(1)).unwrap_or_default()));
            at += length;
        } else if first.is_alphanumeric() || first == '_' {
            let length = word_length(rest);
            tokens.push(Token::Word(rest.get(..length).unwrap_or(rest)));
            at += length;
        } else {
            tokens.push(Token::Mark(first));
            at += first.len_utf8();
        }
    }
    tokens
}

fn before_is_colon(text: &str, at: usize) -> bool {
    text.get(..at).is_some_and(|before| before.ends_with(':'))
}

fn before_is_at(text: &str, at: usize) -> bool {
    text.get(..at).is_some_and(|before| before.ends_with('@'))
}

/// Bytes of a string literal with its quotes; to the end of the text when it is not closed.
fn quoted_length(rest: &str, quote: char, verbatim: bool) -> usize {
    let mut escaped = false;
    for (place, letter) in rest.char_indices().skip(1) {
        match letter {
            _ if escaped => escaped = false,
            '\\' if !verbatim => escaped = true,
            letter if letter == quote => return place + letter.len_utf8(),
            _ => {}
        }
    }
    rest.len()
}

fn word_length(rest: &str) -> usize {
    let mut length = 0;
    let mut letters = rest.char_indices().peekable();
    while let Some((place, letter)) = letters.next() {
        let next_is_letter = letters.peek().is_some_and(|(_, next)| next.is_alphanumeric() || *next == '_');
        let belongs =
            letter.is_alphanumeric() || letter == '_' || matches!(letter, '-' | '.') && next_is_letter;
        if !belongs {
            break;
        }
        length = place + letter.len_utf8();
    }
    length
}

impl<'a> Token<'a> {
    /// The word, in lower case.
    pub(super) fn word(self) -> Option<String> {
        match self {
            Self::Word(word) => Some(word.to_lowercase()),
            Self::Text(_) | Self::Mark(_) => None,
        }
    }

    /// Whether it is `mark`.
    pub(super) fn is(self, mark: char) -> bool {
        self == Token::Mark(mark)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_and_comments_are_no_words() {
        let words: Vec<String> = tokens("a | where b == \"x | count\" // summarize\n| take-1 @\"c\\\" d")
            .into_iter()
            .filter_map(Token::word)
            .collect();
        assert_eq!(words, ["a", "where", "b", "take-1", "d"]);
        assert_eq!(tokens("\"").len(), 1);
    }
}
