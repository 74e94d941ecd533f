//! Time: intervals, parts of moments, bins.

use sentra_kql::{Arithmetic, Expr, ExprKind, Kind, KqlError, Literal, Reason, nearest};
use sqlparser::ast::{self as sql, Interval};

use super::{arithmetic, at, call, long_of, refused, span_of, text_of};
use crate::lower::Lowering;

/// Microseconds of the units of intervals.
const UNITS: [(&str, i64); 26] = [
    ("microsecond", 1),
    ("microseconds", 1),
    ("us", 1),
    ("millisecond", 1_000),
    ("milliseconds", 1_000),
    ("ms", 1_000),
    ("second", 1_000_000),
    ("seconds", 1_000_000),
    ("sec", 1_000_000),
    ("secs", 1_000_000),
    ("s", 1_000_000),
    ("minute", 60_000_000),
    ("minutes", 60_000_000),
    ("min", 60_000_000),
    ("mins", 60_000_000),
    ("m", 60_000_000),
    ("hour", 3_600_000_000),
    ("hours", 3_600_000_000),
    ("h", 3_600_000_000),
    ("hr", 3_600_000_000),
    ("day", 86_400_000_000),
    ("days", 86_400_000_000),
    ("d", 86_400_000_000),
    ("week", 604_800_000_000),
    ("weeks", 604_800_000_000),
    ("w", 604_800_000_000),
];

/// Months of the units that have no fixed length.
const MONTHS: [(&str, i64); 6] =
    [("month", 1), ("months", 1), ("quarter", 3), ("quarters", 3), ("year", 12), ("years", 12)];

/// Parts that `EXTRACT` and `date_part` give, as KQL writes them of `t`.
pub(crate) const EXTRACTS: [(&str, &str); 14] = [
    ("year", "getyear(t)"),
    ("quarter", "datetime_part(\"quarter\", t)"),
    ("month", "monthofyear(t)"),
    ("week", "week_of_year(t)"),
    ("day", "dayofmonth(t)"),
    ("dow", "tolong(dayofweek(t) / 1d)"),
    ("isodow", "(tolong(dayofweek(t) / 1d) + 6) % 7 + 1"),
    ("doy", "dayofyear(t)"),
    ("hour", "hourofday(t)"),
    ("minute", "datetime_part(\"minute\", t)"),
    ("second", "datetime_part(\"second\", t)"),
    ("milliseconds", "datetime_part(\"second\", t) * 1000 + datetime_part(\"millisecond\", t)"),
    ("epoch", "(t - datetime(1970-01-01)) / 1s"),
    ("date", "startofday(t)"),
];

/// Units of `date_trunc`, as KQL writes them of `t`.
pub(crate) const TRUNCATES: [(&str, &str); 9] = [
    ("microseconds", "bin(t, 1microsecond)"),
    ("milliseconds", "bin(t, 1ms)"),
    ("second", "bin(t, 1s)"),
    ("minute", "bin(t, 1m)"),
    ("hour", "bin(t, 1h)"),
    ("day", "bin(t, 1d)"),
    ("week", "bin(t, 7d)"),
    ("month", "startofmonth(t)"),
    ("year", "startofyear(t)"),
];

const DAY: i64 = 86_400_000_000;
const SECOND: i64 = 1_000_000;

/// Months and microseconds of an interval: `1 day 2 hours`, `01:30:00`, or a number of `unit`.
pub(super) fn interval_of(text: &str, unit: Option<&str>) -> Option<(i64, i64)> {
    let (mut months, mut micros) = (0_i64, 0_i64);
    let mut words = text.split_whitespace().peekable();
    words.peek()?;
    while let Some(word) = words.next() {
        if word.contains(':') {
            micros = micros.checked_add(clock(word)?)?;
            continue;
        }
        let letters = word.find(|letter: char| letter.is_alphabetic()).unwrap_or(word.len());
        let (number, own) = word.split_at_checked(letters)?;
        let unit = match (own, unit) {
            ("", Some(unit)) => unit,
            ("", None) => words.next()?,
            (own, _) => own,
        };
        let unit = unit.to_lowercase();
        let number: f64 = number.parse().ok().filter(|number: &f64| number.is_finite())?;
        let scaled = |size: i64| {
            let scaled = number * size as f64;
            (scaled.abs() < 9.0e18).then(|| scaled.round() as i64)
        };
        if let Some((_, size)) = MONTHS.iter().find(|(name, _)| *name == unit) {
            let whole = scaled(*size).filter(|whole| (*whole as f64 - number * *size as f64).abs() < 1e-9)?;
            months = months.checked_add(whole)?;
        } else {
            let (_, size) = UNITS.iter().find(|(name, _)| *name == unit)?;
            micros = micros.checked_add(scaled(*size)?)?;
        }
    }
    Some((months, micros))
}

/// `01:30`, `01:30:00.5`
fn clock(text: &str) -> Option<i64> {
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let mut parts = text.split(':');
    let hours: i64 = parts.next()?.parse().ok().filter(|hours| (0..1_000_000).contains(hours))?;
    let minutes: i64 = parts.next()?.parse().ok().filter(|minutes| (0..60).contains(minutes))?;
    let seconds: f64 =
        parts.next().unwrap_or("0").parse().ok().filter(|seconds| (0.0..60.0).contains(seconds))?;
    let micros = (hours * 3_600 + minutes * 60) * SECOND + (seconds * 1e6).round() as i64;
    parts.next().is_none().then_some(if negative { -micros } else { micros })
}

impl Lowering<'_> {
    /// Months and microseconds of `INTERVAL '1 day'`, `INTERVAL 1 DAY`.
    fn interval_parts(&mut self, interval: &Interval) -> Result<(i64, i64, sentra_kql::Span), KqlError> {
        let Interval { value, leading_field, leading_precision, last_field, fractional_seconds_precision } =
            interval;
        let value = self.expr(value)?;
        let span = span_of(&value);
        if leading_precision.is_some() || last_field.is_some() || fractional_seconds_precision.is_some() {
            return Err(refused(span, "an interval from one unit to another", "INTERVAL '1 day 2 hours'"));
        }
        let unit = leading_field.as_ref().map(ToString::to_string);
        let text = match (&value.kind, text_of(&value)) {
            (_, Some(text)) => text.to_owned(),
            (ExprKind::Literal(Literal::Long(number)), _) => number.to_string(),
            (ExprKind::Literal(Literal::Real(number)), _) => number.to_string(),
            _ => return Err(refused(span, "an interval that is no constant", "x * INTERVAL '1 second'")),
        };
        let Some((months, micros)) = interval_of(&text, unit.as_deref()) else {
            let shown: String = text.chars().take(40).collect();
            let message = format!("{shown:?} is no interval");
            return Err(KqlError::new(Reason::Value, span, message).hint("INTERVAL '1 day 2 hours'"));
        };
        Ok((months, micros, span))
    }

    pub(super) fn interval(&mut self, interval: &Interval) -> Result<Expr, KqlError> {
        let (months, micros, span) = self.interval_parts(interval)?;
        if months != 0 {
            let message = "a month has no fixed length";
            let hint = "INTERVAL '30 days', or t + INTERVAL '1 month'";
            return Err(KqlError::new(Reason::Value, span, message).hint(hint));
        }
        Ok(at(ExprKind::Literal(Literal::TimeSpan(micros)), span))
    }

    /// `t + INTERVAL '1 month'`, if that is what it is.
    pub(super) fn moved(
        &mut self,
        left: &sql::Expr,
        op: Arithmetic,
        right: &sql::Expr,
    ) -> Result<Option<Expr>, KqlError> {
        let sql::Expr::Interval(interval) = right else { return Ok(None) };
        if !matches!(op, Arithmetic::Add | Arithmetic::Subtract) {
            return Ok(None);
        }
        let (months, micros, span) = self.interval_parts(interval)?;
        let left = self.expr(left)?;
        // A text beside an interval is a moment.
        let left = if self.kind(&left) == Some(Kind::String) { self.moment(left)? } else { left };
        let whole = span_of(&left).to(span);
        let micros = at(ExprKind::Literal(Literal::TimeSpan(micros)), span);
        if months == 0 {
            return Ok(Some(arithmetic(op, left, micros)));
        }
        let months = if op == Arithmetic::Subtract { months.saturating_neg() } else { months };
        let moved = call("datetime_add", vec![Expr::text("month"), Expr::long(months), left], whole);
        let has_rest = !matches!(micros.kind, ExprKind::Literal(Literal::TimeSpan(0)));
        Ok(Some(if has_rest { arithmetic(op, moved, micros) } else { moved }))
    }

    /// `t AT TIME ZONE 'UTC'`: moments are in UTC.
    pub(super) fn zone(&mut self, moment: &sql::Expr, zone: &sql::Expr) -> Result<Expr, KqlError> {
        let moment = self.expr(moment)?;
        let zone = self.expr(zone)?;
        let is_utc = text_of(&zone).is_some_and(|zone| zone.eq_ignore_ascii_case("utc") || zone == "Z");
        match is_utc {
            true => self.moment(moment),
            false => Err(refused(span_of(&zone), "a time zone other than UTC", "t + INTERVAL '1 hour'")),
        }
    }

    /// `EXTRACT(hour FROM t)`, `date_part('hour', t)`
    pub(super) fn extract(&mut self, part: &str, from: &sql::Expr) -> Result<Expr, KqlError> {
        let value = self.expr(from)?;
        let span = span_of(&value);
        let lower = part.to_lowercase();
        let unit = lower.strip_suffix('s').filter(|_| lower != "milliseconds").unwrap_or(&lower);
        let unit = match unit {
            "dayofweek" => "dow",
            "dayofyear" => "doy",
            "isoweek" => "week",
            "millisecond" => "milliseconds",
            unit => unit,
        };
        let second = at(ExprKind::Literal(Literal::TimeSpan(SECOND)), span);
        if unit == "epoch" && self.kind(&value) == Some(Kind::TimeSpan) {
            return Ok(arithmetic(Arithmetic::Divide, value, second));
        }
        let moment = self.moment(value)?;
        let of_moment = |function: &str, moment: Expr| call(function, vec![moment], span);
        let day = at(ExprKind::Literal(Literal::TimeSpan(DAY)), span);
        let part_of = |part: &str, moment: Expr| call("datetime_part", vec![Expr::text(part), moment], span);
        let weekday = |moment: Expr| {
            call(
                "tolong",
                vec![arithmetic(Arithmetic::Divide, of_moment("dayofweek", moment), day.clone())],
                span,
            )
        };
        Ok(match unit {
            "year" => of_moment("getyear", moment),
            "month" => of_moment("monthofyear", moment),
            "week" => of_moment("week_of_year", moment),
            "day" => of_moment("dayofmonth", moment),
            "doy" => of_moment("dayofyear", moment),
            "hour" => of_moment("hourofday", moment),
            "date" => of_moment("startofday", moment),
            "quarter" | "minute" | "second" => part_of(unit, moment),
            "dow" => weekday(moment),
            "isodow" => {
                let shifted = arithmetic(Arithmetic::Add, weekday(moment), Expr::long(6));
                let rest = arithmetic(Arithmetic::Modulo, shifted, Expr::long(7));
                arithmetic(Arithmetic::Add, rest, Expr::long(1))
            }
            "milliseconds" => {
                let copy = self.copy(&moment)?;
                let seconds = arithmetic(Arithmetic::Multiply, part_of("second", copy), Expr::long(1_000));
                arithmetic(Arithmetic::Add, seconds, part_of("millisecond", moment))
            }
            "epoch" => {
                let start = Literal::DateTime(sentra_kql::moment_of("1970-01-01").unwrap_or_default());
                let since = arithmetic(Arithmetic::Subtract, moment, at(ExprKind::Literal(start), span));
                arithmetic(Arithmetic::Divide, since, second)
            }
            _ => {
                let near = nearest(unit, EXTRACTS.map(|(name, _)| name));
                let hint = near.map_or_else(|| EXTRACTS.map(|(name, _)| name).join(", "), str::to_owned);
                return Err(
                    KqlError::new(Reason::Value, span, format!("{lower} is no part of a time")).hint(hint)
                );
            }
        })
    }

    /// `date_trunc('hour', t)`
    pub(super) fn truncated(&mut self, unit: &Expr, moment: Expr) -> Result<Expr, KqlError> {
        let moment = self.moment(moment)?;
        let span = span_of(&moment);
        let lower = text_of(unit).unwrap_or_default().to_lowercase();
        let unit_name = lower.trim_end_matches('s');
        let micros = match unit_name {
            "month" => return Ok(call("startofmonth", vec![moment], span)),
            "year" => return Ok(call("startofyear", vec![moment], span)),
            // The days of KQL's bins are counted from a Monday, and SQL's weeks begin with one.
            unit => UNITS.iter().find(|(name, _)| *name == unit && unit.len() > 2).map(|(_, micros)| *micros),
        };
        let Some(micros) = micros else {
            let near = nearest(unit_name, TRUNCATES.map(|(name, _)| name));
            let hint = near.map_or_else(|| TRUNCATES.map(|(name, _)| name).join(", "), str::to_owned);
            return Err(KqlError::new(Reason::Value, unit.at, "a unit of time is expected").hint(hint));
        };
        let size = at(ExprKind::Literal(Literal::TimeSpan(micros)), span);
        Ok(call("bin", vec![moment, size], span))
    }

    /// `date_bin(INTERVAL '5 minutes', t)`, `time_bucket('5 minutes', t)`
    pub(super) fn binned(&mut self, size: Expr, moment: Expr) -> Result<Expr, KqlError> {
        let size = self.read_as(size, Kind::TimeSpan)?;
        if let Some(number) = long_of(&size) {
            let span = span_of(&size);
            let message = format!("{number} is no interval");
            return Err(KqlError::new(Reason::Type, span, message).hint("INTERVAL '5 minutes'"));
        }
        let moment = self.moment(moment)?;
        let span = span_of(&moment);
        Ok(call("bin", vec![moment, size], span))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_read() {
        let hour = 3_600 * SECOND;
        let cases = [
            ("1 day", None, Some((0, DAY))),
            ("1 day 2 hours", None, Some((0, DAY + 2 * hour))),
            ("5m", None, Some((0, 300 * SECOND))),
            ("1", Some("HOUR"), Some((0, hour))),
            ("1.5", Some("hours"), Some((0, hour + hour / 2))),
            ("-2 hours", None, Some((0, -2 * hour))),
            ("01:30:00", None, Some((0, hour + hour / 2))),
            ("1 day 01:00", None, Some((0, DAY + hour))),
            ("1 month", None, Some((1, 0))),
            ("2 years 1 day", None, Some((24, DAY))),
            ("0.5 month", None, None),
            ("1 parsec", None, None),
            ("1", None, None),
            ("", None, None),
            ("99999999999999 days", None, None),
        ];
        for (text, unit, expected) in cases {
            assert_eq!(interval_of(text, unit), expected, "{text}");
        }
    }
}
