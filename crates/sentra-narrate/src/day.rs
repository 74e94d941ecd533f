//! The day is told once: where everything happened on one, only the first time in a story names it.

use sentra_model::Sentence;

/// Takes the day out of every time in `sentences` but the first; `day` is the one on which everything happened.
pub(crate) fn once(sentences: &mut [Sentence], day: Option<&str>) {
    let mut told = false;
    for sentence in sentences {
        sentence.text = shorten(&sentence.text, day, &mut told);
    }
}

/// `text` without `day` where that was told already, and without a zone that follows. Quotations stay as they are.
pub(crate) fn shorten(text: &str, day: Option<&str>, told: &mut bool) -> String {
    let mut short = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let start = rest.find('“').unwrap_or(rest.len());
        let (plain, from_quote) = rest.split_at(start);
        short.push_str(&one_zone(&without_day(plain, day, told)));
        let end = from_quote.find('”').map_or(from_quote.len(), |at| at + '”'.len_utf8());
        let (quoted, after) = from_quote.split_at(end);
        short.push_str(quoted);
        rest = after;
    }
    short
}

fn without_day(plain: &str, day: Option<&str>, told: &mut bool) -> String {
    let Some(day) = day.map(|day| format!("{day} ")) else { return plain.to_owned() };
    if *told {
        return plain.replace(&day, "");
    }
    match plain.split_once(&day) {
        None => plain.to_owned(),
        Some((before, after)) => {
            *told = true;
            format!("{before}{day}{}", after.replace(&day, ""))
        }
    }
}

/// `10:54:29 UTC and 11:04:43 UTC` is `10:54:29 and 11:04:43 UTC`.
fn one_zone(plain: &str) -> String {
    const BETWEEN: &str = " UTC and ";
    let mut parts = plain.split(BETWEEN);
    let mut joined = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        joined.push_str(if begins_with_clock(part) { " and " } else { BETWEEN });
        joined.push_str(part);
    }
    joined
}

/// Whether `text` begins like `10:54:29 UTC`.
pub(crate) fn begins_with_clock(text: &str) -> bool {
    is_clock(text.split([' ', ',', '.', ';']).next().unwrap_or_default())
}

/// Whether `word` looks like `10:54:29`.
pub(crate) fn is_clock(word: &str) -> bool {
    word.len() == 8
        && word.bytes().enumerate().all(|(at, byte)| match at {
            2 | 5 => byte == b':',
            _ => byte.is_ascii_digit(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "Between 2025-12-10 10:54:29 UTC and 2025-12-10 11:04:43 UTC, “at 2025-12-10 10:00:00 UTC” ran.";

    #[test]
    fn the_day_is_told_once_and_quotations_keep_theirs() {
        let mut told = false;
        assert_eq!(
            shorten(TEXT, Some("2025-12-10"), &mut told),
            "Between 2025-12-10 10:54:29 and 11:04:43 UTC, “at 2025-12-10 10:00:00 UTC” ran."
        );
        assert!(told);
        assert_eq!(
            shorten(TEXT, Some("2025-12-10"), &mut told),
            "Between 10:54:29 and 11:04:43 UTC, “at 2025-12-10 10:00:00 UTC” ran."
        );
    }

    #[test]
    fn several_days_are_all_told() {
        assert_eq!(shorten(TEXT, None, &mut false), TEXT);
    }
}
