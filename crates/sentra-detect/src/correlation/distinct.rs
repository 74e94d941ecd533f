use std::borrow::Cow;

use sentra_model::{Digest, NamedSet};
use serde::{Deserialize, Serialize};

/// Most values that are kept as text.
pub(crate) const SHOWN_MAX: usize = 32;
/// Most values that are told apart; the total does not go beyond.
pub(crate) const TOLD_APART_MAX: usize = 4_096;

/// Distinct texts: the first ones as they are, the others by their digest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Distinct {
    shown: Vec<String>,
    /// Digests of the values that are not shown, ascending.
    others: Vec<u64>,
}

/// Longest text that is kept as it is, in bytes.
pub(crate) const TEXT_BYTES_MAX: usize = 4_096;

/// A text that may be kept: a longer one is cut, and its digest keeps it apart from others (law LIMIT).
pub(crate) fn shortened(text: &str) -> Cow<'_, str> {
    if text.len() <= TEXT_BYTES_MAX {
        return Cow::Borrowed(text);
    }
    let kept = text.get(..text.floor_char_boundary(TEXT_BYTES_MAX)).unwrap_or_default();
    Cow::Owned(format!("{kept}…{:016x}", digest(text)))
}

/// A stable number for a text.
pub(crate) fn digest(text: &str) -> u64 {
    Digest::new("value").text(text).first_u64()
}

/// A stable number for a text, so wide that nobody finds two texts for one: who can would make many values
/// count as few.
pub(crate) fn wide_digest(text: &str) -> u128 {
    let digest = blake3::hash(text.as_bytes());
    digest.as_bytes().first_chunk().map_or(0, |first| u128::from_le_bytes(*first))
}

impl Distinct {
    /// The value, where there is one only.
    pub(crate) fn only(&self) -> Option<&str> {
        match self.shown.as_slice() {
            [only] if self.others.is_empty() => Some(only),
            _ => None,
        }
    }

    pub(crate) fn add(&mut self, text: &str) {
        let text = shortened(text);
        let text = text.as_ref();
        if self.shown.iter().any(|known| known == text) {
            return;
        }
        if self.others.is_empty() && self.shown.len() < SHOWN_MAX {
            self.shown.push(text.to_owned());
            return;
        }
        if self.shown.len() + self.others.len() < TOLD_APART_MAX {
            self.add_digest(digest(text));
        }
    }

    fn add_digest(&mut self, digest: u64) {
        if self.shown.len() + self.others.len() >= TOLD_APART_MAX {
            return;
        }
        if let Err(place) = self.others.binary_search(&digest) {
            self.others.insert(place, digest);
        }
    }

    /// Adds all of `other`.
    pub(crate) fn absorb(&mut self, other: &Self) {
        other.shown.iter().for_each(|text| self.add(text));
        if other.others.is_empty() {
            return;
        }
        let shown: Vec<u64> = self.shown.iter().map(|text| digest(text)).collect();
        other
            .others
            .iter()
            .filter(|number| !shown.contains(number))
            .for_each(|number| self.add_digest(*number));
    }

    pub(crate) fn named_set(&self) -> NamedSet {
        let total = (self.shown.len() + self.others.len()) as u64;
        NamedSet { shown: self.shown.clone(), total, ..NamedSet::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_are_exact_up_to_the_limit() {
        let (mut one, mut other) = (Distinct::default(), Distinct::default());
        for number in 0..100 {
            one.add(&number.to_string());
            one.add(&number.to_string());
            other.add(&(number + 50).to_string());
        }
        assert_eq!(one.named_set().total, 100);
        assert_eq!(one.named_set().shown.len(), SHOWN_MAX);
        one.absorb(&other);
        assert_eq!(one.named_set().total, 150);
        let long = "é".repeat(TEXT_BYTES_MAX);
        one.add(&long);
        one.add(&(long + "x"));
        assert_eq!(one.named_set().total, 152);
        (0..10_000).for_each(|number| one.add(&number.to_string()));
        assert_eq!(one.named_set().total, TOLD_APART_MAX as u64);
    }
}
