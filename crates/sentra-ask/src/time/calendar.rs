//! Days, weeks, months and the words for them.

use jiff::civil::{Date, Weekday};
use jiff::{Span, ToSpan};

/// A unit of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

impl Unit {
    /// Microseconds, when it always has as many; a quarter has not.
    pub(crate) fn micros(self) -> Option<i64> {
        Some(match self {
            Self::Second => 1_000_000,
            Self::Minute => 60_000_000,
            Self::Hour => 3_600_000_000,
            Self::Day => 86_400_000_000,
            Self::Week => 7 * 86_400_000_000,
            Self::Month | Self::Quarter | Self::Year => return None,
        })
    }

    /// Days, taken roughly, for the buckets of a summary.
    pub(crate) fn days(self) -> i64 {
        match self {
            Self::Second | Self::Minute | Self::Hour => 0,
            Self::Day => 1,
            Self::Week => 7,
            Self::Month => 30,
            Self::Quarter => 91,
            Self::Year => 365,
        }
    }

    /// `count` of these, for calendar arithmetic.
    pub(super) fn span(self, count: i64) -> Option<Span> {
        let span = Span::new();
        match self {
            Self::Second => span.try_seconds(count),
            Self::Minute => span.try_minutes(count),
            Self::Hour => span.try_hours(count),
            Self::Day => span.try_days(count),
            Self::Week => span.try_weeks(count),
            Self::Month => span.try_months(count),
            Self::Quarter => span.try_months(count.checked_mul(3)?),
            Self::Year => span.try_years(count),
        }
        .ok()
    }
}

/// The unit that `word` names, singular or plural, or short.
pub(crate) fn unit_of(word: &str) -> Option<Unit> {
    Some(match word {
        "second" | "seconds" | "sec" | "secs" | "s" => Unit::Second,
        "minute" | "minutes" | "min" | "mins" | "m" => Unit::Minute,
        "hour" | "hours" | "hr" | "hrs" | "h" => Unit::Hour,
        "day" | "days" | "d" => Unit::Day,
        "week" | "weeks" | "w" | "wk" => Unit::Week,
        "month" | "months" => Unit::Month,
        "quarter" | "quarters" => Unit::Quarter,
        "year" | "years" | "y" => Unit::Year,
        _ => return None,
    })
}

/// `24h`, `7d`, `30min`
pub(super) fn compact(word: &str) -> Option<(i64, Unit)> {
    let digits = word.find(|c: char| !c.is_ascii_digit())?;
    let count = word.get(..digits)?.parse::<i64>().ok()?;
    Some((count, unit_of(word.get(digits..)?)?))
}

/// The number that `word` is, in digits or letters, up to 100,000.
pub(crate) fn count_word(word: &str) -> Option<i64> {
    const WORDS: [&str; 13] = [
        "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
        "twelve",
    ];
    let spelt = match word {
        "fifteen" => Some(15),
        "twenty" => Some(20),
        "thirty" => Some(30),
        "fifty" => Some(50),
        "hundred" => Some(100),
        _ => WORDS.iter().position(|name| *name == word).and_then(|place| i64::try_from(place).ok()),
    };
    spelt
        .or_else(|| word.parse::<i64>().ok().filter(|_| word.bytes().all(|b| b.is_ascii_digit())))
        .filter(|count| (0..=100_000).contains(count))
}

/// The day of the week called `word`.
pub(super) fn weekday(word: &str) -> Option<Weekday> {
    Some(match word {
        "monday" | "mondays" | "mon" => Weekday::Monday,
        "tuesday" | "tuesdays" | "tue" | "tues" => Weekday::Tuesday,
        "wednesday" | "wednesdays" | "wed" => Weekday::Wednesday,
        "thursday" | "thursdays" | "thu" | "thurs" => Weekday::Thursday,
        "friday" | "fridays" | "fri" => Weekday::Friday,
        "saturday" | "saturdays" | "sat" => Weekday::Saturday,
        "sunday" | "sundays" | "sun" => Weekday::Sunday,
        _ => return None,
    })
}

/// The month called `word`, 1 to 12.
pub(super) fn month(word: &str) -> Option<i8> {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let full = |name: &&str| *name == word || word.len() >= 3 && word.len() <= 4 && name.starts_with(word);
    MONTHS.iter().position(full).and_then(|place| i8::try_from(place + 1).ok())
}

/// Whether `word` names a day of the week or a month.
pub(crate) fn is_day_or_month(word: &str) -> bool {
    weekday(word).is_some() || month(word).is_some()
}

pub(super) fn next(date: Date) -> Date {
    date.checked_add(1.day()).unwrap_or(date)
}

pub(super) fn back(date: Date, count: i64, unit: Unit) -> Option<Date> {
    date.checked_sub(unit.span(count)?).ok()
}

/// The unit that `date` lies in, moved by `count` of them: its first day and the first one after it.
pub(super) fn around(date: Date, unit: Unit, count: i64) -> Option<(Date, Date)> {
    let start = match unit {
        Unit::Second | Unit::Minute | Unit::Hour => return None,
        Unit::Day => date,
        Unit::Week => date.checked_sub(i64::from(date.weekday().to_monday_zero_offset()).days()).ok()?,
        Unit::Month => date.first_of_month(),
        Unit::Quarter => Date::new(date.year(), (date.month() - 1) / 3 * 3 + 1, 1).ok()?,
        Unit::Year => date.first_of_year(),
    };
    let start = start.checked_add(unit.span(count)?).ok()?;
    Some((start, start.checked_add(unit.span(1)?).ok()?))
}

/// The latest `day` of the week that is not after `today`, or that is before it.
pub(super) fn latest_weekday(today: Date, day: Weekday, before: bool) -> Option<Date> {
    let ahead = i64::from(today.weekday().to_monday_zero_offset()) - i64::from(day.to_monday_zero_offset());
    let days = ahead.rem_euclid(7);
    back(today, if days == 0 && before { 7 } else { days }, Unit::Day)
}
