//! Which characters of a rule's text can be compared without case by an engine.
//!
//! A rule folds letter by letter (`char::to_lowercase`). The engines fold nearly so: DataFusion by Rust's
//! `str::to_lowercase`, which writes Σ as σ or ς by its neighbours; ClickHouse by tables that differ by version.
//! A character that an engine may fold otherwise is left open in the pattern. Nobody else's letters become
//! ASCII ones but those of [`BECOMING_ASCII`], which are replaced before ClickHouse folds.

use crate::sigma::wildcard::Part;

use super::QueryEngine;

/// Characters whose lower case has an ASCII letter, and that lower case: the Kelvin sign, and I with a dot.
pub(super) const BECOMING_ASCII: [(&str, &str); 2] = [("\u{212a}", "k"), ("\u{130}", "i\u{307}")];

/// Whether the engine leaves or makes `char`, which is folded, exactly where the rule does.
fn is_certain(char: char, engine: QueryEngine) -> bool {
    match engine {
        QueryEngine::DataFusion => !matches!(char, 'σ' | 'ς'),
        QueryEngine::ClickHouse => {
            // The dot of I with a dot is put there by us.
            char.is_ascii() || char == '\u{307}' || !has_case(char)
        }
    }
}

fn has_case(char: char) -> bool {
    let (mut lower, mut upper) = (char.to_lowercase(), char.to_uppercase());
    lower.next() != Some(char)
        || lower.next().is_some()
        || upper.next() != Some(char)
        || upper.next().is_some()
        || char.is_lowercase()
        || char.is_uppercase()
}

/// `text` with uncertain characters left open: `Err` with the pattern where there are any.
pub(super) fn certain(text: &str, engine: QueryEngine) -> Result<(), Vec<Part>> {
    if text.chars().all(|char| is_certain(char, engine)) {
        return Ok(());
    }
    let mut parts = Vec::new();
    let mut literal = String::new();
    for char in text.chars() {
        if is_certain(char, engine) {
            literal.push(char);
            continue;
        }
        if !literal.is_empty() {
            parts.push(Part::Literal(std::mem::take(&mut literal)));
        }
        if parts.last() != Some(&Part::Many) {
            parts.push(Part::Many);
        }
    }
    if !literal.is_empty() {
        parts.push(Part::Literal(literal));
    }
    Err(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the replacement of two characters before folding rests on.
    #[test]
    fn no_other_letter_becomes_a_certain_character() {
        let mut becoming = Vec::new();
        for char in ('\u{80}'..=char::MAX).filter(|char| char.to_lowercase().ne([*char])) {
            if char.to_lowercase().any(|lower| is_certain(lower, QueryEngine::ClickHouse)) {
                becoming.push((char.to_string(), char.to_lowercase().to_string()));
            }
        }
        becoming.sort();
        let mut known = BECOMING_ASCII.map(|(from, to)| (from.to_owned(), to.to_owned()));
        known.sort();
        assert_eq!(becoming, known);
    }

    #[test]
    fn uncertain_characters_are_left_open() {
        let literal = |text: &str| Part::Literal(text.to_owned());
        assert_eq!(certain("–enc 1", QueryEngine::ClickHouse), Ok(()));
        assert_eq!(certain("größe", QueryEngine::DataFusion), Ok(()));
        let open = vec![literal("gr"), Part::Many, literal("e")];
        assert_eq!(certain("größe", QueryEngine::ClickHouse), Err(open));
        assert_eq!(certain("aσ", QueryEngine::DataFusion), Err(vec![literal("a"), Part::Many]));
    }
}
