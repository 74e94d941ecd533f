//! Placeholders, `%name%`, in values with the modifier `expand`.

use crate::placeholders::Placeholders;

/// Most values that one value with placeholders becomes.
pub(crate) const EXPANSIONS_MAX: usize = 10_000;

/// What a value with placeholders becomes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Expansion {
    pub(crate) texts: Vec<String>,
    /// Names without a list: then there are no texts.
    pub(crate) unknown: Vec<String>,
    /// The value has no placeholder.
    pub(crate) literal: bool,
}

/// A piece of a value.
#[derive(Debug, PartialEq, Eq)]
enum Piece<'a> {
    Text(&'a str),
    Name(&'a str),
}

/// The names of the placeholders in `text`.
pub(crate) fn names(text: &str) -> impl Iterator<Item = &str> {
    pieces(text).into_iter().filter_map(|piece| match piece {
        Piece::Name(name) => Some(name),
        Piece::Text(_) => None,
    })
}

/// Replaces every placeholder by every value of its list.
pub(crate) fn expand(text: &str, lists: &Placeholders) -> Result<Expansion, String> {
    let pieces = pieces(text);
    let mut expansion = Expansion { texts: vec![String::new()], literal: true, ..Expansion::default() };
    for piece in &pieces {
        let values: &[String] = match piece {
            Piece::Text(part) => {
                let part = part.replace("\\%", "%");
                expansion.texts.iter_mut().for_each(|text| text.push_str(&part));
                continue;
            }
            Piece::Name(name) => {
                expansion.literal = false;
                let Some(values) = lists.get(name) else {
                    expansion.unknown.push((*name).to_owned());
                    continue;
                };
                values
            }
        };
        if expansion.texts.len().saturating_mul(values.len()) > EXPANSIONS_MAX {
            return Err(format!("{text:?} expands to more than the {EXPANSIONS_MAX} values allowed"));
        }
        expansion.texts = expansion
            .texts
            .iter()
            .flat_map(|text| values.iter().map(move |value| format!("{text}{value}")))
            .collect();
    }
    if !expansion.unknown.is_empty() {
        expansion.texts.clear();
    }
    Ok(expansion)
}

/// Cuts `text` at its placeholders: a name between two percent signs that no backslash stands before.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let (mut rest, mut from) = (text, 0);
    while let Some(found) = rest.get(from..).and_then(|tail| tail.find('%')) {
        let start = from + found;
        // An escaped backslash escapes nothing.
        let before = rest.get(..start).unwrap_or_default();
        let escaped = (before.len() - before.trim_end_matches('\\').len()) % 2 == 1;
        let name = rest.get(start + 1..).and_then(|tail| tail.split_once('%')).map(|(name, _)| name);
        let name = name.filter(|name| !escaped && is_name(name));
        let Some(name) = name else {
            from = start + 1;
            continue;
        };
        if start > 0 {
            pieces.push(Piece::Text(rest.get(..start).unwrap_or_default()));
        }
        pieces.push(Piece::Name(name));
        rest = rest.get(start + name.len() + 2..).unwrap_or_default();
        from = 0;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    pieces
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|char| char.is_alphanumeric() || matches!(char, '_' | '-' | '.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lists() -> Placeholders {
        let mut lists = Placeholders::new();
        lists.set("admins", ["root".to_owned(), "adm_*".to_owned()]);
        lists.set("hosts", ["a".to_owned(), "b".to_owned()]);
        lists.set("none", []);
        lists
    }

    #[test]
    fn placeholders_become_the_values_of_their_lists() {
        for (text, expected) in [
            ("%admins%", vec!["root", "adm_*"]),
            (r"C:\\%admins%\x", vec![r"C:\\root\x", r"C:\\adm_*\x"]),
            ("%hosts%-%admins%", vec!["a-root", "a-adm_*", "b-root", "b-adm_*"]),
            ("%none%", vec![]),
            (r"100\%admins%", vec!["100%admins%"]),
            ("50% or 60%", vec!["50% or 60%"]),
        ] {
            let expansion = expand(text, &lists()).unwrap_or_default();
            assert_eq!(expansion.texts, expected, "{text}");
            let literal = [r"100\%admins%", "50% or 60%"].contains(&text);
            assert_eq!(expansion.literal, literal, "{text}");
        }
    }

    #[test]
    fn a_name_without_a_list_is_told() {
        let expansion = expand("%hosts%/%other%", &lists()).unwrap_or_default();
        assert_eq!((expansion.unknown, expansion.texts), (vec!["other".to_owned()], vec![]));
        assert_eq!(names("x%a%y%b.c%").collect::<Vec<_>>(), ["a", "b.c"]);
    }

    /// Law LIMIT.
    #[test]
    fn what_placeholders_become_is_limited() {
        let mut lists = Placeholders::new();
        lists.set("many", (0..200).map(|number| number.to_string()));
        assert!(expand("%many%", &lists).is_ok());
        assert!(expand("%many%%many%%many%", &lists).unwrap_err().contains("allowed"));
    }
}
