//! Places: SQL's parser counts lines and characters, errors count bytes.

use sentra_kql::Span;
use sqlparser::tokenizer::{Location, Span as SqlSpan};

/// A statement's text with the places of its characters.
pub(crate) struct Text<'a> {
    text: &'a str,
    /// Bytes before each character.
    chars: Vec<usize>,
    /// Characters before each line.
    lines: Vec<usize>,
}

impl<'a> Text<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let mut chars = Vec::with_capacity(text.len());
        let mut lines = vec![0];
        for (place, letter) in text.char_indices() {
            chars.push(place);
            if letter == '\n' {
                lines.push(chars.len());
            }
        }
        Self { text, chars, lines }
    }

    pub(crate) fn as_str(&self) -> &'a str {
        self.text
    }

    /// Bytes before a place; nothing when the parser knows none.
    pub(crate) fn offset(&self, location: Location) -> Option<usize> {
        let line = usize::try_from(location.line).ok()?.checked_sub(1)?;
        let column = usize::try_from(location.column).ok()?.checked_sub(1)?;
        let place = self.lines.get(line)?.checked_add(column)?;
        Some(self.chars.get(place).copied().unwrap_or(self.text.len()))
    }

    /// The part of the text, if the parser knows it.
    pub(crate) fn span(&self, span: SqlSpan) -> Option<Span> {
        let (start, end) = (self.offset(span.start)?, self.offset(span.end)?);
        Some(Span::new(start, end.max(start)))
    }

    /// The whole text.
    pub(crate) fn whole(&self) -> Span {
        Span::new(0, self.text.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_bytes() {
        let text = Text::new("a\nöb\n");
        for (line, column, expected) in
            [(1, 1, Some(0)), (2, 1, Some(2)), (2, 2, Some(4)), (9, 1, None), (0, 0, None), (2, 99, Some(6))]
        {
            assert_eq!(text.offset(Location { line, column }), expected, "{line} {column}");
        }
    }
}
