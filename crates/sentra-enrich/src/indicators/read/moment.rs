//! Times as feeds write them.

use jiff::civil;
use sentra_model::Timestamp;

/// The moment that `text` means: RFC 3339, a date with or without a time (UTC), or seconds, milliseconds or
/// microseconds since 1970.
pub(crate) fn read_moment(text: &str) -> Option<Timestamp> {
    let text = text.trim().trim_matches('"').trim();
    if text.is_empty() || text.len() > 64 {
        return None;
    }
    let whole = text.split('.').next().unwrap_or_default();
    if !whole.is_empty() && whole.bytes().all(|byte| byte.is_ascii_digit()) {
        let number: i64 = whole.parse().ok()?;
        return match whole.len() {
            9..=10 => Some(Timestamp::from_seconds(number)),
            13 => Some(Timestamp::from_micros(number.saturating_mul(1_000))),
            16 => Some(Timestamp::from_micros(number)),
            _ => None,
        };
    }
    if let Ok(moment) = text.parse() {
        return Some(moment);
    }
    let text = text.trim_end_matches("UTC").trim_end_matches("GMT").trim();
    let civil = text
        .parse::<civil::DateTime>()
        .or_else(|_| text.parse::<civil::Date>().map(|date| date.to_datetime(civil::Time::midnight())))
        .ok()?;
    Some(civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().into())
}

/// The confidence that `text` means: a word, a fraction with a decimal point, or per cent.
pub(crate) fn read_confidence(text: &str) -> Option<f64> {
    let text = text.trim().trim_matches('"').trim().trim_end_matches('%').trim();
    match text.to_ascii_lowercase().as_str() {
        "low" => return Some(0.25),
        "medium" | "moderate" => return Some(0.5),
        "high" => return Some(0.85),
        "very high" | "certain" | "confirmed" => return Some(0.95),
        _ => {}
    }
    let number: f64 = text.parse().ok()?;
    let is_fraction = text.contains('.') && number <= 1.0;
    let confidence = if is_fraction { number } else { number / 100.0 };
    (0.0..=1.0).contains(&confidence).then_some(confidence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_many_forms() {
        let expected = Timestamp::from_seconds(1_700_000_000);
        for text in [
            "2023-11-14T22:13:20Z",
            "2023-11-14T23:13:20+01:00",
            "2023-11-14T22:13:20.000000+00:00",
            "2023-11-14 22:13:20",
            "2023-11-14 22:13:20 UTC",
            "1700000000",
            "1700000000000",
            "\"1700000000000000\"",
        ] {
            assert_eq!(read_moment(text), Some(expected), "{text}");
        }
        assert_eq!(read_moment("2023-11-14"), Some(Timestamp::from_seconds(1_699_920_000)));
        for text in ["", "never", "12", "2023-13-01", &"9".repeat(16_000)] {
            assert_eq!(read_moment(text), None);
        }
    }

    #[test]
    fn confidence_is_a_fraction_or_per_cent() {
        for (text, value) in [
            ("0.7", Some(0.7)),
            ("1.0", Some(1.0)),
            ("75", Some(0.75)),
            ("100%", Some(1.0)),
            ("High", Some(0.85)),
            ("101", None),
            ("-1", None),
            ("nan", None),
            ("", None),
        ] {
            assert_eq!(read_confidence(text), value, "{text}");
        }
    }
}
