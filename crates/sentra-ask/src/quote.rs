//! Values as KQL writes them. Nothing that a question says comes into a pipeline in another way.

use std::fmt::Write as _;

use sentra_model::Timestamp;

/// `text` as a string literal.
pub(crate) fn quoted(text: &str) -> String {
    let mut written = String::with_capacity(text.len() + 2);
    written.push('"');
    for letter in text.chars() {
        match letter {
            '"' => written.push_str("\\\""),
            '\\' => written.push_str("\\\\"),
            '\n' => written.push_str("\\n"),
            '\r' => written.push_str("\\r"),
            '\t' => written.push_str("\\t"),
            letter if letter.is_control() => {
                let _ = write!(written, "\\u{:04x}", u32::from(letter));
            }
            letter => written.push(letter),
        }
    }
    written.push('"');
    written
}

/// A moment: only the date when it is a midnight in UTC.
pub(crate) fn moment(moment: Timestamp) -> String {
    let text = moment.to_string();
    let short = text.strip_suffix("T00:00:00Z").unwrap_or(&text);
    format!("datetime({short})")
}

/// Microseconds in the largest unit that divides them; days only for more than two of them.
pub(crate) fn span(micros: i64) -> String {
    let units = [(86_400_000_000, "d"), (3_600_000_000, "h"), (60_000_000, "m"), (1_000_000, "s")];
    let unit = units.into_iter().find(|(length, _)| micros % length == 0);
    let (length, name) = unit.unwrap_or((1, "microseconds"));
    format!("{}{name}", micros / length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_cannot_be_left() {
        assert_eq!(quoted(r#"a" | drop \ "#), r#""a\" | drop \\ ""#);
        assert_eq!(quoted("a\nb\u{1}"), "\"a\\nb\\u0001\"");
    }

    #[test]
    fn moments_and_spans_are_short() {
        let moment_of = |text: &str| moment(text.parse().unwrap());
        assert_eq!(moment_of("2026-11-17T00:00:00Z"), "datetime(2026-11-17)");
        assert_eq!(moment_of("2026-11-17T09:30:00Z"), "datetime(2026-11-17T09:30:00Z)");
        assert_eq!(span(7_200_000_000), "2h");
        assert_eq!(span(86_400_000_000), "1d");
        assert_eq!(span(90_000_000), "90s");
    }
}
