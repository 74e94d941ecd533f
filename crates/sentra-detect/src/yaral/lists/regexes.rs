//! Matching a text against many regular expressions at once.

use regex::{RegexSet, RegexSetBuilder};

use crate::yaral::functions::re::{REGEX_BYTES_MAX, rust_pattern};

/// Expressions that are compiled together at first; halved as long as that is too large.
const SET_PATTERNS_MAX: usize = 512;

/// Most sets of an index, of 8 MiB each; a list has two, one of which ignores case.
const SETS_MAX: usize = 32;

/// Sets of expressions, with the row of each expression.
#[derive(Debug, Default)]
pub(super) struct RegexIndex {
    sets: Vec<(RegexSet, Vec<u32>)>,
}

impl RegexIndex {
    /// Compiles the patterns of `rows`. What cannot be compiled is given to `refused`.
    pub(super) fn new(rows: &[(u32, &str)], nocase: bool, mut refused: impl FnMut(u32, String)) -> Self {
        let mut index = Self::default();
        let mut parts: Vec<&[(u32, &str)]> = rows.chunks(SET_PATTERNS_MAX).rev().collect();
        while let Some(part) = parts.pop() {
            if index.sets.len() >= SETS_MAX {
                for (row, _) in part {
                    refused(*row, "the expressions of the list are too large together".to_owned());
                }
                continue;
            }
            let patterns = part.iter().map(|(_, pattern)| rust_pattern(pattern));
            let set =
                RegexSetBuilder::new(patterns).case_insensitive(nocase).size_limit(REGEX_BYTES_MAX).build();
            match (set, part) {
                (Ok(set), _) => index.sets.push((set, part.iter().map(|(row, _)| *row).collect())),
                (Err(error), [(row, pattern)]) => {
                    refused(*row, format!("{pattern:?} is not a usable regular expression: {error}"));
                }
                (Err(_), part) => {
                    let (front, back) = part.split_at(part.len() / 2);
                    parts.push(back);
                    parts.push(front);
                }
            }
        }
        index
    }

    pub(super) fn contains(&self, text: &str) -> bool {
        self.sets.iter().any(|(set, _)| set.is_match(text))
    }

    /// The rows whose expressions match, ascending.
    pub(super) fn rows(&self, text: &str) -> Vec<u32> {
        let matches = self.sets.iter().flat_map(|(set, rows)| {
            set.matches(text).into_iter().filter_map(|at| rows.get(at).copied()).collect::<Vec<u32>>()
        });
        matches.collect()
    }
}
