//! Instants in microseconds since 1970, and how products write them. All of them in UTC.

use crate::text::{put_number, put_padded};

/// Microseconds since 1970-01-01 in UTC.
pub type Micros = i64;

/// One second.
pub const SECOND: Micros = 1_000_000;
/// One minute.
pub const MINUTE: Micros = 60 * SECOND;
/// One hour.
pub const HOUR: Micros = 60 * MINUTE;
/// One day.
pub const DAY: Micros = 24 * HOUR;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// An instant as a calendar and a clock show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Civil {
    year: u64,
    month: u64,
    day: u64,
    hour: u64,
    minute: u64,
    second: u64,
    micros: u64,
}

impl Civil {
    pub(crate) fn of(at: Micros) -> Self {
        let days = at.div_euclid(DAY);
        let rest = at.rem_euclid(DAY).cast_unsigned();
        // Days since 0000-03-01, in eras of 400 years: the leap day is the last of a year that begins in March.
        let since_march = days + 719_468;
        let era = since_march.div_euclid(146_097);
        let day_of_era = since_march.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        let seconds = rest / 1_000_000;
        Self {
            year: year.clamp(0, 9999).cast_unsigned(),
            month: month.cast_unsigned(),
            day: day.cast_unsigned(),
            hour: seconds / 3600,
            minute: seconds / 60 % 60,
            second: seconds % 60,
            micros: rest % 1_000_000,
        }
    }

    fn month_name(self) -> &'static str {
        let index = usize::try_from(self.month.saturating_sub(1)).unwrap_or(0);
        MONTHS.get(index).copied().unwrap_or("Jan")
    }
}

/// 0 is Monday.
pub(crate) fn weekday(at: Micros) -> i64 {
    (at.div_euclid(DAY) + 3).rem_euclid(7)
}

/// The beginning of the day in UTC.
pub(crate) fn midnight(at: Micros) -> Micros {
    at - at.rem_euclid(DAY)
}

/// The forms in which products write a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// `2026-03-02T08:00:00.123456+00:00`
    IsoMicros,
    /// `2026-03-02T08:00:00.123Z`
    IsoMillis,
    /// `2026-03-02T08:00:00Z`
    IsoSeconds,
    /// `2026-03-02 08:00:00`
    Blank,
    /// `2026-03-02 08:00:00.123`
    BlankMillis,
    /// `2026/03/02 08:00:00`
    Slashes,
    /// `Mar  2 08:00:00`
    Bsd,
    /// `02-Mar-2026 08:00:00.123`
    Bind,
    /// `2026-03-02-08.00.00.123456`
    Saa,
    /// `1772438400.123`
    Unix,
    /// `2026-03-02`
    Date,
}

impl Civil {
    fn put_date(self, out: &mut Vec<u8>, between: u8) {
        put_padded(out, self.year, 4);
        out.push(between);
        put_padded(out, self.month, 2);
        out.push(between);
        put_padded(out, self.day, 2);
    }

    fn put_clock(self, out: &mut Vec<u8>, between: u8) {
        put_padded(out, self.hour, 2);
        out.push(between);
        put_padded(out, self.minute, 2);
        out.push(between);
        put_padded(out, self.second, 2);
    }

    fn put_millis(self, out: &mut Vec<u8>) {
        out.push(b'.');
        put_padded(out, self.micros / 1000, 3);
    }

    fn put_iso(self, out: &mut Vec<u8>, form: Form) {
        self.put_date(out, b'-');
        out.push(b'T');
        self.put_clock(out, b':');
        match form {
            Form::IsoMicros => {
                out.push(b'.');
                put_padded(out, self.micros, 6);
                out.extend_from_slice(b"+00:00");
            }
            Form::IsoMillis => {
                self.put_millis(out);
                out.push(b'Z');
            }
            _ => out.push(b'Z'),
        }
    }
}

/// Writes `at` in `form` behind what `out` has.
pub(crate) fn put_time(out: &mut Vec<u8>, at: Micros, form: Form) {
    let civil = Civil::of(at);
    match form {
        Form::IsoMicros | Form::IsoMillis | Form::IsoSeconds => civil.put_iso(out, form),
        Form::Blank | Form::BlankMillis | Form::Slashes => {
            civil.put_date(out, if form == Form::Slashes { b'/' } else { b'-' });
            out.push(b' ');
            civil.put_clock(out, b':');
            if form == Form::BlankMillis {
                civil.put_millis(out);
            }
        }
        Form::Bsd => {
            out.extend_from_slice(civil.month_name().as_bytes());
            out.extend_from_slice(if civil.day < 10 { b"  " } else { b" " });
            put_number(out, civil.day);
            out.push(b' ');
            civil.put_clock(out, b':');
        }
        Form::Bind => {
            put_padded(out, civil.day, 2);
            out.push(b'-');
            out.extend_from_slice(civil.month_name().as_bytes());
            out.push(b'-');
            put_padded(out, civil.year, 4);
            out.push(b' ');
            civil.put_clock(out, b':');
            civil.put_millis(out);
        }
        Form::Saa => {
            civil.put_date(out, b'-');
            out.push(b'-');
            civil.put_clock(out, b'.');
            out.push(b'.');
            put_padded(out, civil.micros, 6);
        }
        Form::Unix => {
            put_number(out, at.max(0).cast_unsigned() / 1_000_000);
            civil.put_millis(out);
        }
        Form::Date => civil.put_date(out, b'-'),
    }
}

/// `at` as RFC 3339 with milliseconds, in UTC.
#[must_use]
pub fn rfc3339(at: Micros) -> String {
    let mut out = Vec::with_capacity(24);
    put_time(&mut out, at, Form::IsoMillis);
    String::from_utf8(out).unwrap_or_default()
}

/// Reads RFC 3339 as [`rfc3339`] and other programs write it; none where it is not.
#[must_use]
pub fn parse_rfc3339(text: &str) -> Option<Micros> {
    text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_microsecond)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(at: Micros, form: Form) -> String {
        let mut out = Vec::new();
        put_time(&mut out, at, form);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn calendars_agree_with_jiff() {
        // Every 37 hours and a bit over sixty years, leap years among them.
        let mut at = 0;
        while at < 60 * 366 * DAY {
            let expected = jiff::Timestamp::from_microsecond(at).unwrap();
            assert_eq!(text(at, Form::IsoMicros), format!("{expected:.6}").replace('Z', "+00:00"));
            assert_eq!(parse_rfc3339(&rfc3339(at)), Some(at / 1000 * 1000));
            at += 37 * HOUR + 1_234_567;
        }
    }

    #[test]
    fn forms_are_those_of_the_products() {
        let at = parse_rfc3339("2026-03-02T08:00:00.123456Z").unwrap();
        assert_eq!(weekday(at), 0);
        assert_eq!(midnight(at), at - 8 * HOUR - 123_456);
        for (form, expected) in [
            (Form::IsoMillis, "2026-03-02T08:00:00.123Z"),
            (Form::IsoSeconds, "2026-03-02T08:00:00Z"),
            (Form::Blank, "2026-03-02 08:00:00"),
            (Form::BlankMillis, "2026-03-02 08:00:00.123"),
            (Form::Slashes, "2026/03/02 08:00:00"),
            (Form::Bsd, "Mar  2 08:00:00"),
            (Form::Bind, "02-Mar-2026 08:00:00.123"),
            (Form::Saa, "2026-03-02-08.00.00.123456"),
            (Form::Unix, "1772438400.123"),
            (Form::Date, "2026-03-02"),
        ] {
            assert_eq!(text(at, form), expected);
        }
    }
}
