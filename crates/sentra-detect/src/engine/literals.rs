//! What a value must contain for a regular expression to match it.

use regex_syntax::hir::{Class, Hir, HirKind};

use crate::text::fold;

/// Shortest literal that is worth searching for, in bytes.
const LITERAL_BYTES_MIN: usize = 3;
/// Most literals of one expression, one of which must be there.
const LITERALS_MAX: usize = 64;
/// Deepest nesting that is looked into.
const DEPTH_MAX: usize = 32;
/// Characters of a class that may be one letter in both cases.
const CLASS_CHARS_MAX: u32 = 4;

/// Literals in folded case, one of which stands in the folded form of every text that `source` matches; `None` where
/// there are none that are worth it.
pub(crate) fn required(source: &str) -> Option<Vec<String>> {
    let hir = regex_syntax::Parser::new().parse(source).ok()?;
    any_of(&hir, 0)
}

fn any_of(hir: &Hir, depth: usize) -> Option<Vec<String>> {
    if depth > DEPTH_MAX {
        return None;
    }
    match hir.kind() {
        HirKind::Capture(capture) => any_of(&capture.sub, depth + 1),
        HirKind::Repetition(repetition) if repetition.min > 0 => any_of(&repetition.sub, depth + 1),
        HirKind::Concat(parts) => best_of(parts, depth),
        HirKind::Alternation(parts) => {
            let mut all = Vec::new();
            for part in parts {
                all.extend(any_of(part, depth + 1)?);
            }
            (all.len() <= LITERALS_MAX).then_some(all)
        }
        HirKind::Literal(_) | HirKind::Class(_) => best_of(std::slice::from_ref(hir), depth),
        HirKind::Empty | HirKind::Look(_) | HirKind::Repetition(_) => None,
    }
}

/// Of parts that must all be there, the one that says most: its shortest literal is the longest.
fn best_of(parts: &[Hir], depth: usize) -> Option<Vec<String>> {
    let mut best: Option<Vec<String>> = None;
    let mut offer = |literals: Vec<String>| {
        let shortest = |literals: &[String]| literals.iter().map(String::len).min().unwrap_or_default();
        let worth = shortest(&literals);
        if worth >= LITERAL_BYTES_MIN && best.as_ref().is_none_or(|best| shortest(best) < worth) {
            best = Some(literals);
        }
    };
    let mut run = String::new();
    for part in parts {
        match folded_letters(part) {
            Some(letters) => run.push_str(&letters),
            None => {
                offer(vec![std::mem::take(&mut run)]);
                if !matches!(part.kind(), HirKind::Literal(_) | HirKind::Class(_))
                    && let Some(literals) = any_of(part, depth + 1)
                {
                    offer(literals);
                }
            }
        }
    }
    offer(vec![run]);
    best
}

/// The text that `hir` stands for, if it is one text in folded case.
fn folded_letters(hir: &Hir) -> Option<String> {
    match hir.kind() {
        HirKind::Literal(literal) => std::str::from_utf8(&literal.0).ok().map(|text| fold(text).into_owned()),
        HirKind::Class(Class::Unicode(class)) => {
            let mut letters: Option<String> = None;
            for range in class.ranges() {
                if u32::from(range.end()) - u32::from(range.start()) >= CLASS_CHARS_MAX {
                    return None;
                }
                for letter in range.start()..=range.end() {
                    let folded: String = letter.to_lowercase().collect();
                    if letters.get_or_insert_with(|| folded.clone()) != &folded {
                        return None;
                    }
                }
            }
            letters
        }
        HirKind::Look(_) => Some(String::new()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_literal_is_found_where_there_is_one() {
        for (source, expected) in [
            ("abc", Some(vec!["abc"])),
            ("^ab\\b c$", Some(vec!["ab c"])),
            ("(?i)PowerX", Some(vec!["powerx"])),
            // A long s is an s to the expression, and none when folded; Kelvin is a k to both.
            ("(?i)Powershell", Some(vec!["power"])),
            ("(?i)thank", Some(vec!["thank"])),
            (".*foo.*longer.*", Some(vec!["longer"])),
            ("(?:foo|bar)[0-9]+", Some(vec!["foo", "bar"])),
            ("(?:foo|ba)[0-9]+", None),
            ("(?:foo)?x+", None),
            ("(?:xyz){2,}", Some(vec!["xyz"])),
            ("[a-z]+", None),
            ("", None),
            ("a|", None),
            ("(((", None),
        ] {
            let expected: Option<Vec<String>> =
                expected.map(|texts| texts.into_iter().map(str::to_owned).collect());
            assert_eq!(required(source), expected, "{source:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_matches_contains_a_required_literal(
            source in "(\\(\\?i\\))?([abkA]{1,5}|\\([abs]{3}\\|[ab]{3}\\)|[ab][*+?]|\\.){1,4}",
            text in "[abskABSK\u{17f}\u{212a}]{0,14}",
        ) {
            let regex = regex::Regex::new(&source).unwrap();
            if let Some(literals) = required(&source) && regex.is_match(&text) {
                let folded = fold(&text);
                proptest::prop_assert!(literals.iter().any(|literal| folded.contains(literal.as_str())));
            }
        }
    }
}
