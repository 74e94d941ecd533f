//! The words that the grammar knows.

mod columns;
mod phrases;
mod small;

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::spell::Spellings;
use crate::words::{Word, stem};

pub(crate) use columns::{Column, Measurable, column_at, column_named, measurable_at};
pub(crate) use phrases::{Act, Concept, MartWord, PHRASES, Thing};
pub(crate) use small::{is_filler, is_negation, is_preposition, small_words};

/// Longest phrase, in words.
const PHRASE_WORDS_MAX: usize = 4;

/// The singulars of its words, and what it stands for.
type Phrase = (Vec<String>, Concept);

/// The phrases by their first word, the longest first.
static INDEX: LazyLock<HashMap<String, Vec<Phrase>>> = LazyLock::new(|| {
    let mut index: HashMap<String, Vec<Phrase>> = HashMap::new();
    for (texts, concept) in PHRASES {
        for text in texts.split(", ") {
            let stems: Vec<String> = text.split(' ').map(stem).collect();
            debug_assert!(stems.len() <= PHRASE_WORDS_MAX, "a phrase is not too long");
            index.entry(stems.first().cloned().unwrap_or_default()).or_default().push((stems, *concept));
        }
    }
    for phrases in index.values_mut() {
        phrases.sort_by_key(|(stems, _)| std::cmp::Reverse(stems.len()));
    }
    index
});

/// The longest phrase that begins at `index`, among words that are `free`, and how many words it has.
pub(crate) fn concept_at(
    words: &[Word],
    index: usize,
    free: impl Fn(usize) -> bool,
) -> Option<(Concept, usize)> {
    let first = words.get(index)?;
    let phrases = INDEX.get(&first.stem)?;
    phrases.iter().find_map(|(stems, concept)| {
        let mut at = index;
        for (place, stem) in stems.iter().enumerate() {
            // "clear the audit log"
            let is_article = |word: &Word| matches!(word.text.as_str(), "the" | "a" | "an");
            if place > 0 && free(at) && words.get(at).is_some_and(is_article) {
                at += 1;
            }
            (free(at) && words.get(at).is_some_and(|word| word.stem == *stem)).then_some(())?;
            at += 1;
        }
        Some((*concept, at - index))
    })
}

/// Whether some phrase, column or small word has `stem` in it.
pub(crate) fn is_known(word: &Word) -> bool {
    VOCABULARY.binary_search_by(|known| known.as_str().cmp(&word.text)).is_ok()
        || STEMS.contains(word.stem.as_str())
}

/// Every word that a misspelt one may be corrected to, sorted.
static VOCABULARY: LazyLock<Vec<String>> = LazyLock::new(|| {
    let phrases = PHRASES.iter().flat_map(|(texts, _)| texts.split([' ', ',']));
    let words = phrases.chain(columns::words()).filter(|word| !word.is_empty());
    let plural = |word: &str| match word.strip_suffix('y') {
        Some(head) => format!("{head}ies"),
        None => format!("{word}s"),
    };
    // Of short words the plural is near to too many others.
    let both =
        words.flat_map(|word| [Some(word.to_owned()), (word.len() > 3).then(|| plural(word))]).flatten();
    let mut words: Vec<String> = both.chain(small_words().map(str::to_owned)).collect();
    words.sort_unstable();
    words.dedup();
    words
});

/// The vocabulary in the form in which it is compared with misspelt words.
pub(crate) static SPELLINGS: LazyLock<Spellings> = LazyLock::new(|| Spellings::new(VOCABULARY.iter()));

static STEMS: LazyLock<std::collections::HashSet<String>> =
    LazyLock::new(|| VOCABULARY.iter().map(|word| stem(word)).collect());
