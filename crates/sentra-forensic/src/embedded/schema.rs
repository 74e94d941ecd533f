//! What is in the Tantivy index. Nothing of an event is stored as it was, so there is nothing to read back: a hit is an
//! id, a time, a class and reasons.

use tantivy::schema::{
    BytesOptions, Field, IndexRecordOption, NumericOptions, Schema, TextFieldIndexing, TextOptions,
};
use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

use crate::terms::{TERM_BYTES_MAX, cut, lower};

/// The name under which the index knows [`HasTokenizer`].
pub(super) const TOKENIZER: &str = "has";

/// Names of the columns that are read by name.
pub(super) const TIME: &str = "time";
pub(super) const PLACE: &str = "place";
pub(super) const OFFSET: &str = "offset";
pub(super) const CLASS: &str = "class";
pub(super) const WHY: &str = "why";

#[derive(Debug, Clone, Copy)]
pub(super) struct Columns {
    /// The event's id as a term: what is deleted and looked up by.
    pub(super) id: Field,
    /// Topic and partition.
    pub(super) place: Field,
    pub(super) offset: Field,
    /// Microseconds.
    pub(super) time: Field,
    pub(super) class: Field,
    pub(super) why: Field,
    /// Terms with their places.
    pub(super) text: Field,
    /// Pairs and what the index says of its own.
    pub(super) whole: Field,
}

pub(super) fn schema() -> (Schema, Columns) {
    let mut schema = Schema::builder();
    let terms = TextFieldIndexing::default().set_tokenizer(TOKENIZER).set_fieldnorms(false);
    let terms = terms.set_index_option(IndexRecordOption::WithFreqsAndPositions);
    let wholes = TextFieldIndexing::default().set_tokenizer("raw").set_fieldnorms(false);
    let wholes = wholes.set_index_option(IndexRecordOption::Basic);
    let number = NumericOptions::default().set_fast();
    let word = TextOptions::default().set_fast("raw");
    let columns = Columns {
        id: schema.add_bytes_field("id", BytesOptions::default().set_indexed()),
        place: schema.add_u64_field(PLACE, number.clone()),
        offset: schema.add_u64_field(OFFSET, number.clone()),
        time: schema.add_i64_field(TIME, number),
        class: schema.add_text_field(CLASS, word.clone()),
        why: schema.add_text_field(WHY, word),
        text: schema.add_text_field("text", TextOptions::default().set_indexing_options(terms)),
        whole: schema.add_text_field("whole", TextOptions::default().set_indexing_options(wholes)),
    };
    (schema.build(), columns)
}

/// The terms of [`crate::terms`], for Tantivy.
#[derive(Debug, Clone, Default)]
pub(super) struct HasTokenizer {
    lowered: String,
    token: Token,
}

pub(super) struct HasStream<'a> {
    lowered: &'a str,
    from: usize,
    token: &'a mut Token,
}

impl Tokenizer for HasTokenizer {
    type TokenStream<'a> = HasStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> HasStream<'a> {
        self.lowered = lower(text);
        self.token.reset();
        HasStream { lowered: &self.lowered, from: 0, token: &mut self.token }
    }
}

impl TokenStream for HasStream<'_> {
    fn advance(&mut self) -> bool {
        self.token.text.clear();
        let rest = self.lowered.get(self.from..).unwrap_or_default();
        let Some(start) = rest.find(char::is_alphanumeric) else { return false };
        let run = rest.get(start..).unwrap_or_default();
        let end = run.find(|letter: char| !letter.is_alphanumeric()).unwrap_or(run.len());
        self.token.position = self.token.position.wrapping_add(1);
        self.token.offset_from = self.from + start;
        self.token.offset_to = self.from + start + end;
        self.token.text.push_str(cut(run.get(..end).unwrap_or_default(), TERM_BYTES_MAX));
        self.from += start + end;
        true
    }

    fn token(&self) -> &Token {
        self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        self.token
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::terms::terms;

    proptest! {
        #[test]
        fn tantivy_sees_the_same_terms(text in "\\PC{0,60}|[aÄΣσİ0 .-]{0,60}") {
            let lowered = lower(&text);
            let mut tokenizer = HasTokenizer::default();
            let mut stream = tokenizer.token_stream(&text);
            let mut seen = Vec::new();
            while stream.advance() {
                prop_assert_eq!(stream.token().position, seen.len());
                seen.push(stream.token().text.clone());
            }
            prop_assert_eq!(seen, terms(&lowered).map(str::to_owned).collect::<Vec<_>>());
        }
    }
}
