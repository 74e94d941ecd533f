//! Checks a story against the facts. It trusts nobody, not even [`tell`](crate::tell).

mod claim;
mod scan;
mod worded;

use std::collections::BTreeMap;

use sentra_model::{Sentence, Signal, SignalId};

use crate::sheet::Sheet;
use crate::story::Story;
use crate::title;

/// What is wrong with a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The sentence cites nothing.
    #[error("the sentence cites no signal")]
    NoCitation,
    /// The sentence cites a signal that is not there.
    #[error("the cited signal {0} does not exist")]
    UnknownSignal(SignalId),
    /// A quotation that is not closed, or a closing mark without an opening one.
    #[error("the quotation marks do not match")]
    Quotation,
    /// A word that stories do not use and the facts do not contain.
    #[error("{0:?} is neither a word of stories nor stands in the cited facts in this part")]
    Unsupported(String),
    /// A number that the cited facts do not give.
    #[error("the number {0} is not given by the cited facts")]
    Number(String),
    /// A time or duration that the cited facts do not give.
    #[error("the time {0:?} is not given by the cited facts")]
    Time(String),
    /// The facts allow these words only otherwise: another number, another name, another order.
    #[error("the cited facts are not worded {0:?}")]
    Wording(String),
    /// The sentence states a kind of happening that no cited fact states.
    #[error("no cited fact states what the sentence states")]
    Kind,
    /// The facts of other signals say the opposite.
    #[error("the facts contradict the sentence")]
    Contradicted,
    /// The words for severity or probability are not those of the facts.
    #[error("the assessment is not that of the signals")]
    Assessment,
    /// The headline is not the first sentence of the narrative.
    #[error("the headline is not the first sentence of the narrative")]
    Headline,
    /// No cited signal gives this title.
    #[error("no signal gives this title")]
    Title,
}

/// A problem and where it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("sentence {sentence:?}: {problem}")]
pub struct Violation {
    /// Index of the sentence in the narrative; none for the title and the headline.
    pub sentence: Option<usize>,
    /// The words in question.
    pub text: String,
    /// What is wrong.
    pub problem: Problem,
}

/// Checks that everything the story says is in the facts of the signals it cites.
///
/// Each clause must be supported as a whole by one fact (merged over the cited signals): its number, times,
/// duration and every name in its part, so that true pieces of different facts do not make a true sentence.
///
/// # Errors
/// Everything that is not supported, in the order of the text.
pub fn verify(story: &Story, signals: &[Signal]) -> Result<(), Vec<Violation>> {
    let sheet = Sheet::of(signals);
    let mut violations = Vec::new();
    let mut report = |sentence, text: &str, problem| {
        violations.push(Violation { sentence, text: text.to_owned(), problem });
    };
    if sheet.signals.is_empty() {
        // Nothing can be cited, so nothing may be said.
        for (index, sentence) in story.narrative.sentences.iter().enumerate() {
            report(Some(index), &sentence.text, Problem::NoCitation);
        }
        return if violations.is_empty() { Ok(()) } else { Err(violations) };
    }
    if !sheet.signals.iter().any(|signal| title::title(&sheet, signal) == story.title) {
        report(None, &story.title, Problem::Title);
    }
    if story.narrative.sentences.first().is_none_or(|first| first.text != story.headline) {
        report(None, &story.headline, Problem::Headline);
    }
    let by_id: BTreeMap<SignalId, &Signal> =
        sheet.signals.iter().map(|signal| (signal.id, *signal)).collect();
    for (index, sentence) in story.narrative.sentences.iter().enumerate() {
        for problem in problems(sentence, &by_id, &sheet, story) {
            report(Some(index), &sentence.text, problem);
        }
    }
    if violations.is_empty() { Ok(()) } else { Err(violations) }
}

fn problems(
    sentence: &Sentence,
    by_id: &BTreeMap<SignalId, &Signal>,
    all: &Sheet<'_>,
    story: &Story,
) -> Vec<Problem> {
    if sentence.signals.is_empty() {
        return vec![Problem::NoCitation];
    }
    let missing: Vec<Problem> = sentence
        .signals
        .iter()
        .filter(|id| !by_id.contains_key(id))
        .map(|id| Problem::UnknownSignal(*id))
        .collect();
    if !missing.is_empty() {
        return missing;
    }
    let Some(clauses) = scan::clauses(&sentence.text) else { return vec![Problem::Quotation] };
    let cited = sentence.signals.iter().filter_map(|id| by_id.get(id).copied());
    claim::check(&clauses, &Sheet::of(cited), all, story)
}
