//! The nearest right word for a wrong one.

/// Longest word that is compared, in bytes.
const WORD_BYTES_MAX: usize = 64;

/// `; did you mean "x"?` for the word of `known` that is near enough to be meant, or nothing.
pub(crate) fn hint(word: &str, known: &[&str]) -> String {
    if word.len() > WORD_BYTES_MAX {
        return String::new();
    }
    let folded = word.to_lowercase();
    let allowed = word.chars().count().div_ceil(3).max(1);
    known
        .iter()
        .map(|candidate| (strsim::osa_distance(&folded, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| format!("; did you mean {candidate:?}?"))
        .unwrap_or_default()
}
