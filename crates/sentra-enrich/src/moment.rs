//! Times as directories, HR systems and spreadsheets write them.

use jiff::civil::{Date, Time};
use sentra_model::Timestamp;

/// Seconds between 1601-01-01 and 1970-01-01: directories of Microsoft count from the former.
const FILETIME_EPOCH_SECONDS: i64 = 11_644_473_600;
/// What directories write for "never".
const FILETIME_NEVER: i64 = i64::MAX;

/// The moment that `text` states: RFC 3339, `2026-03-01`, `2026-03-01 10:00:00`, `01.03.2026`, LDAP generalised time
/// (`20260301100000.0Z`), seconds or milliseconds since 1970, or 100 ns since 1601. Without a zone it is UTC.
/// `01/03/2026` is refused: it has two meanings.
pub(crate) fn moment(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if text.len() > 40 {
        return None;
    }
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment);
    }
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return of_digits(text);
    }
    generalised(text).or_else(|| civil(text)).or_else(|| dotted(text))
}

fn of_digits(digits: &str) -> Option<Timestamp> {
    match digits.len() {
        8 => generalised(digits),
        14 => generalised(digits),
        9 | 10 => Some(Timestamp::from_seconds(digits.parse().ok()?)),
        13 => Some(Timestamp::from_micros(digits.parse::<i64>().ok()?.checked_mul(1_000)?)),
        17..=19 => match digits.parse::<i64>().ok()? {
            0 | FILETIME_NEVER => None,
            ticks => Some(Timestamp::from_micros(ticks / 10 - FILETIME_EPOCH_SECONDS * 1_000_000)),
        },
        _ => None,
    }
}

/// `20260301`, `20260301100000`, `20260301100000.0Z`, `202603011000Z`.
fn generalised(text: &str) -> Option<Timestamp> {
    let digits = text.split(['Z', 'z', '.', ',', '+', '-']).next()?;
    if !matches!(digits.len(), 8 | 10 | 12 | 14) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let tail = text.get(digits.len()..)?;
    let zone = tail.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.' || c == ',');
    let offset_seconds = match zone {
        "" | "Z" | "z" => 0,
        zone => offset(zone)?,
    };
    let part = |from: usize, to: usize| digits.get(from..to).and_then(|part| part.parse::<i8>().ok());
    let year = digits.get(..4)?.parse::<i16>().ok()?;
    let clock = Time::new(part(8, 10).unwrap_or(0), part(10, 12).unwrap_or(0), part(12, 14).unwrap_or(0), 0);
    let date = Date::new(year, part(4, 6)?, part(6, 8)?).ok()?;
    utc(date.to_datetime(clock.ok()?)).map(|moment| moment.plus_micros(-offset_seconds * 1_000_000))
}

/// `+0100`, `-05`.
fn offset(zone: &str) -> Option<i64> {
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let digits = zone.strip_prefix(['+', '-'])?;
    let hours = digits.get(..2)?.parse::<i64>().ok().filter(|hours| *hours <= 15)?;
    let minutes = digits.get(2..4).map_or(Some(0), |minutes| minutes.parse::<i64>().ok())?;
    Some(sign * (hours * 3_600 + minutes * 60))
}

/// `2026-03-01`, `2026-03-01 10:00:00`, `2026-03-01T10:00`.
fn civil(text: &str) -> Option<Timestamp> {
    if !text.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    utc(text.parse::<jiff::civil::DateTime>().ok()?)
}

/// `01.03.2026`: with dots the day comes first.
fn dotted(text: &str) -> Option<Timestamp> {
    let mut parts = text.split('.');
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() != 4 {
        return None;
    }
    let date = Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()?;
    utc(date.to_datetime(Time::midnight()))
}

fn utc(clock: jiff::civil::DateTime) -> Option<Timestamp> {
    clock.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp().into())
}

/// The day of `moment`, `2026-03-01`.
pub(crate) fn day(moment: Timestamp) -> String {
    moment.to_string().get(..10).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_as_sources_write_them() {
        for (text, expected) in [
            ("2026-03-01T10:00:00Z", Some("2026-03-01T10:00:00Z")),
            ("2026-03-01T10:00:00+01:00", Some("2026-03-01T09:00:00Z")),
            ("2026-03-01", Some("2026-03-01T00:00:00Z")),
            ("2026-03-01 10:00:00", Some("2026-03-01T10:00:00Z")),
            ("2026-03-01T10:00", Some("2026-03-01T10:00:00Z")),
            ("01.03.2026", Some("2026-03-01T00:00:00Z")),
            ("20260301100000.0Z", Some("2026-03-01T10:00:00Z")),
            ("20260301100000+0100", Some("2026-03-01T09:00:00Z")),
            ("20260301", Some("2026-03-01T00:00:00Z")),
            ("1772359200", Some("2026-03-01T10:00:00Z")),
            ("1772359200000", Some("2026-03-01T10:00:00Z")),
            ("134168328000000000", Some("2026-03-01T10:00:00Z")),
            ("9223372036854775807", None),
            ("01/03/2026", None),
            ("0", None),
            ("soon", None),
            ("", None),
            ("20269999", None),
            ("20260301250000Z", None),
            ("99999999999999999999999999", None),
        ] {
            assert_eq!(moment(text).map(|moment| moment.to_string()).as_deref(), expected, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,30}") {
            let _ = moment(&text);
        }

        #[test]
        fn no_digits_make_it_panic(text in "[0-9]{0,20}[-+Z.: ]{0,2}[0-9]{0,6}") {
            let _ = moment(&text);
        }
    }
}
