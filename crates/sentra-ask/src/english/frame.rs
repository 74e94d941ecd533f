//! What of a question is understood so far: its words, which of them are spoken for, and what they mean.

use std::ops::Range;

use serde::Serialize;

use crate::lexicon::{SPELLINGS, is_known, is_negation, is_preposition};
use crate::shape::Shape;
use crate::time::is_day_or_month;
use crate::words::{Word, stem};

/// Most misspelt words of a question that are looked up.
const CORRECTIONS_MAX: usize = 6;
/// Hundredths of confidence that a known word costs that does not fit the rest, besides being unused.
const RELEASED_COST: u32 = 25;

/// A part of a question, and what it was understood to mean.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Part {
    /// First byte of the question that it is made of, and the first one after it.
    pub span: (usize, usize),
    /// What it means, for people.
    pub meaning: String,
}

/// Something that makes the understanding less certain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Doubt {
    /// Hundredths that the confidence loses.
    pub(super) hundredths: u32,
}

/// What is done with the word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Claim {
    Free,
    /// It means something.
    Meant,
    /// It says nothing about what is asked for.
    Filler,
}

/// A question while it is read.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) words: Vec<Word>,
    claims: Vec<Claim>,
    pub(super) parts: Vec<Part>,
    pub(super) doubts: Vec<Doubt>,
}

impl Frame {
    pub(super) fn new(words: Vec<Word>) -> Self {
        let claims = vec![Claim::Free; words.len()];
        let mut frame = Self { words, claims, parts: Vec::new(), doubts: Vec::new() };
        frame.correct_spelling();
        frame
    }

    pub(super) fn len(&self) -> usize {
        self.words.len()
    }

    /// The word at `index`, in lower case; nothing when it stands in quotes.
    pub(super) fn text(&self, index: usize) -> &str {
        self.words.get(index).map_or("", |word| if word.shape == Shape::Quoted { "" } else { &word.text })
    }

    pub(super) fn shape(&self, index: usize) -> Shape {
        self.words.get(index).map_or(Shape::Mark, |word| word.shape)
    }

    pub(super) fn written(&self, index: usize) -> &str {
        self.words.get(index).map_or("", |word| &word.written)
    }

    pub(super) fn is_free(&self, index: usize) -> bool {
        self.claims.get(index) == Some(&Claim::Free)
    }

    pub(super) fn is_filler(&self, index: usize) -> bool {
        self.claims.get(index) == Some(&Claim::Filler)
    }

    /// Whether the free words from `index` are `texts`.
    pub(super) fn is_at(&self, index: usize, texts: &[&str]) -> bool {
        texts
            .iter()
            .enumerate()
            .all(|(offset, text)| self.is_free(index + offset) && self.text(index + offset) == *text)
    }

    /// The words of `range` mean `meaning`.
    pub(super) fn claim(&mut self, range: Range<usize>, meaning: impl Into<String>) {
        self.mark(range.clone(), Claim::Meant);
        let words = self.words.get(range).unwrap_or_default();
        if let (Some(first), Some(last)) = (words.first(), words.last()) {
            self.parts.push(Part { span: (first.span.start, last.span.end), meaning: meaning.into() });
        }
    }

    /// The word at `index` belongs to something that has its meaning elsewhere.
    pub(super) fn absorb(&mut self, range: Range<usize>) {
        self.mark(range, Claim::Meant);
    }

    pub(super) fn pass_over(&mut self, index: usize) {
        self.mark(index..index + 1, Claim::Filler);
    }

    fn mark(&mut self, range: Range<usize>, claim: Claim) {
        for slot in self.claims.get_mut(range).unwrap_or_default() {
            *slot = claim;
        }
    }

    pub(super) fn doubt(&mut self, hundredths: u32) {
        self.doubts.push(Doubt { hundredths });
    }

    /// The places of words that nothing was made of.
    pub(super) fn unused(&self) -> Vec<usize> {
        (0..self.len()).filter(|index| self.is_free(*index)).collect()
    }

    pub(super) fn meant(&self) -> usize {
        self.claims.iter().filter(|claim| **claim == Claim::Meant).count()
    }

    /// Replaces words that are one or two letters away from one that the grammar knows. A word that stands where
    /// a name is expected is left as it is, because names are in no dictionary.
    fn correct_spelling(&mut self) {
        let mut looked_up = 0;
        for index in 0..self.len() {
            if looked_up == CORRECTIONS_MAX {
                break;
            }
            let Some(word) = self.words.get(index) else { continue };
            let is_candidate = word.shape == Shape::Plain
                && (3..=20).contains(&word.text.len())
                && word.text.bytes().all(|b| b.is_ascii_lowercase())
                && !is_known(word)
                && !is_day_or_month(&word.text);
            if !is_candidate {
                continue;
            }
            looked_up += 1;
            let only_times = self.expects_name(index);
            let Some(meant) =
                SPELLINGS.nearest(&word.text).filter(|meant| !only_times || is_time_word(meant))
            else {
                continue;
            };
            let span = (word.span.start, word.span.end);
            let meaning = format!("read as {meant:?}");
            if let Some(word) = self.words.get_mut(index) {
                word.text = meant.to_owned();
                word.stem = stem(meant);
            }
            self.parts.push(Part { span, meaning });
            self.doubt(5);
        }
    }

    /// Whether the word at `index` comes behind one that leads a name.
    fn expects_name(&self, index: usize) -> bool {
        let before = index.checked_sub(1).map_or("", |before| self.text(before));
        is_preposition(before)
            || is_negation(before)
            || super::names::leads_plain_name(before)
            || matches!(before, "and" | "or" | ",")
    }
}

fn is_time_word(word: &str) -> bool {
    is_day_or_month(word) || matches!(word, "today" | "yesterday" | "last" | "this" | "past" | "previous")
}

impl Frame {
    /// Takes back what the word at `index` was understood as, because it does not fit the rest.
    pub(super) fn release(&mut self, index: usize) {
        let Some(start) = self.words.get(index).map(|word| word.span.start) else { return };
        let Some(place) = self.parts.iter().position(|part| part.span.0 == start) else {
            self.mark(index..index + 1, Claim::Free);
            return;
        };
        let part = self.parts.remove(place);
        for (slot, word) in self.claims.iter_mut().zip(&self.words) {
            if word.span.start >= part.span.0 && word.span.end <= part.span.1 {
                *slot = Claim::Free;
            }
        }
        // A word whose meaning is known and left out weighs more than one that is not known.
        self.doubt(RELEASED_COST);
    }
}
