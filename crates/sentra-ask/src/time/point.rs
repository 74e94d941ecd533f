//! Days and moments as people name them: `3 march`, `yesterday`, `9am`, `2026-11-03T14:00Z`.

use jiff::civil::{Date, DateTime, Time};
use sentra_model::Timestamp;

use super::Now;
use super::calendar::{Unit, around, back, count_word, latest_weekday, month, next, unit_of, weekday};
use crate::words::Word;

/// What a point in time was named by; at least one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Point {
    /// The days: the first, and the first one after them.
    pub(super) days: Option<(Date, Date)>,
    pub(super) clock: Option<Time>,
    pub(super) moment: Option<Timestamp>,
}

pub(super) fn text_at(words: &[Word], index: usize) -> &str {
    words
        .get(index)
        .map_or("", |word| if word.shape == crate::shape::Shape::Quoted { "" } else { word.text.as_str() })
}

/// `14:00 on 3 march`, `yesterday 14:00`, `monday`, `noon`: the point at `index`, and how many words it has.
pub(super) fn point(words: &[Word], index: usize, now: Now<'_>) -> Option<(Point, usize)> {
    let skipped = usize::from(text_at(words, index) == "the");
    let start = index + skipped;
    if let Some(moment) = written_moment(text_at(words, start), now) {
        return Some((Point { moment: Some(moment), ..Point::default() }, skipped + 1));
    }
    if let Some((moment, length)) = moment_ago(words, start, now) {
        return Some((Point { moment: Some(moment), ..Point::default() }, skipped + length));
    }
    if let Some((time, length)) = clock(words, start) {
        let joint = usize::from(matches!(text_at(words, start + length), "on" | "of" | "in"));
        let behind = start + length + joint;
        return Some(match day(words, behind, now) {
            Some((days, more)) => {
                (Point { days: Some(days), clock: Some(time), moment: None }, skipped + length + joint + more)
            }
            None => (Point { clock: Some(time), ..Point::default() }, skipped + length),
        });
    }
    let (days, length) = days(words, start, now)?;
    let joint = usize::from(matches!(text_at(words, start + length), "at" | "," | "from"));
    match clock(words, start + length + joint) {
        Some((time, more)) if days.1 == next(days.0) => Some((
            Point { days: Some(days), clock: Some(time), moment: None },
            skipped + length + joint + more,
        )),
        _ => Some((Point { days: Some(days), ..Point::default() }, skipped + length)),
    }
}

/// As [`days`], but one day only.
fn day(words: &[Word], index: usize, now: Now<'_>) -> Option<((Date, Date), usize)> {
    days(words, index, now).filter(|((from, to), _)| *to == next(*from))
}

/// The days named at `index`: the first one, the first one after them, and how many words.
pub(super) fn days(words: &[Word], index: usize, now: Now<'_>) -> Option<((Date, Date), usize)> {
    let today = now.today();
    let text = |offset: usize| text_at(words, index + offset);
    let one = |date: Date, length: usize| Some(((date, next(date)), length));
    match (text(0), text(1), text(2)) {
        ("the", "day", "before") if text(3) == "yesterday" => return one(back(today, 2, Unit::Day)?, 4),
        ("day", "before", "yesterday") => return one(back(today, 2, Unit::Day)?, 3),
        ("today", ..) => return one(today, 1),
        ("yesterday", ..) => return one(back(today, 1, Unit::Day)?, 1),
        ("last" | "previous", name, _) if weekday(name).is_some() => {
            return one(latest_weekday(today, weekday(name)?, true)?, 2);
        }
        ("last" | "this" | "past", "weekend", _) => {
            let saturday = latest_weekday(today, jiff::civil::Weekday::Saturday, text(0) != "this")?;
            // On a Sunday, the weekend before is not the one that began yesterday.
            let is_running = next(saturday) == today && text(0) == "last";
            let saturday = if is_running { back(saturday, 1, Unit::Week)? } else { saturday };
            return Some(((saturday, next(next(saturday))), 2));
        }
        ("last" | "previous", name, _) if month(name).is_some() => {
            return Some((latest_month(today, month(name)?, true)?, 2));
        }
        ("last" | "previous", name, _) => {
            let unit = unit_of(name).filter(|unit| unit.days() > 1)?;
            return Some((around(today, unit, -1)?, 2));
        }
        ("this" | "current", name, _) => {
            if let Some(name) = weekday(name) {
                return one(latest_weekday(today, name, false)?, 2);
            }
            let unit = unit_of(name).filter(|unit| unit.days() > 0)?;
            return Some((around(today, unit, 0)?, 2));
        }
        _ => {}
    }
    days_ago(words, index, now)
        .or_else(|| written_date(text(0)).and_then(|date| one(date, 1)))
        .or_else(|| weekday(text(0)).and_then(|name| one(latest_weekday(today, name, false)?, 1)))
        .or_else(|| month_and_day(words, index, today))
        .or_else(|| quarter_or_year(words, index, today))
}

/// `3 days ago`, `2 weeks ago`: that day.
fn days_ago(words: &[Word], index: usize, now: Now<'_>) -> Option<((Date, Date), usize)> {
    let count = amount(text_at(words, index))?;
    let unit = unit_of(text_at(words, index + 1)).filter(|unit| unit.days() > 0)?;
    (text_at(words, index + 2) == "ago").then_some(())?;
    let date = back(now.today(), count, unit)?;
    Some(((date, next(date)), 3))
}

/// `2 hours ago`: that moment.
fn moment_ago(words: &[Word], index: usize, now: Now<'_>) -> Option<(Timestamp, usize)> {
    let count = amount(text_at(words, index))?;
    let micros = unit_of(text_at(words, index + 1)).filter(|unit| unit.days() == 0)?.micros()?;
    (text_at(words, index + 2) == "ago").then_some(())?;
    Some((now.moment.plus_micros(-count.checked_mul(micros)?), 3))
}

fn amount(word: &str) -> Option<i64> {
    if matches!(word, "a" | "an") { Some(1) } else { count_word(word) }
}

/// `2026-11-03T14:00`, `2026-11-03T14:00:00Z`
fn written_moment(word: &str, now: Now<'_>) -> Option<Timestamp> {
    let word = word.to_ascii_uppercase();
    word.contains('T').then_some(())?;
    let utc = word.parse::<jiff::Timestamp>().ok().map(Timestamp::from);
    utc.or_else(|| word.parse::<DateTime>().ok().and_then(|local| now.at(local.date(), local.time())))
}

/// `2026-11-03`, `2026/11/03`, `03.11.2026`. With slashes and the year at the end nobody knows the order.
fn written_date(word: &str) -> Option<Date> {
    let separator = word.chars().find(|c| matches!(c, '-' | '/' | '.'))?;
    let parts: Vec<&str> = word.split(separator).collect();
    let [first, second, third] = parts.as_slice() else { return None };
    let (year, day) = match separator {
        '.' => (third, first),
        _ => (first, third),
    };
    (year.len() == 4 && day.len() <= 2 && second.len() <= 2).then_some(())?;
    Date::new(year.parse().ok()?, second.parse().ok()?, day.parse().ok()?).ok()
}

/// `3 march`, `3rd of march 2026`, `march 3rd`, `march`, `march 2025`
fn month_and_day(words: &[Word], index: usize, today: Date) -> Option<((Date, Date), usize)> {
    let text = |offset: usize| text_at(words, index + offset);
    let dated = |number: i8, day: i8, year: Option<i16>, length: usize| {
        let date = match year {
            Some(year) => Date::new(year, number, day).ok()?,
            None => {
                let date = Date::new(today.year(), number, day).ok()?;
                if date > today { Date::new(today.year() - 1, number, day).ok()? } else { date }
            }
        };
        Some(((date, next(date)), length + usize::from(year.is_some())))
    };
    if let Some(day) = day_of_month(text(0)) {
        let joint = usize::from(text(1) == "of");
        let number = month(text(1 + joint))?;
        return dated(number, day, year(text(2 + joint)), 2 + joint);
    }
    let number = month(text(0))?;
    if let Some(day) = day_of_month(text(1)) {
        let comma = usize::from(text(2) == "," && year(text(3)).is_some());
        return dated(number, day, year(text(2 + comma)), 2 + comma);
    }
    match year(text(1)) {
        Some(year) => Some((around(Date::new(year, number, 1).ok()?, Unit::Month, 0)?, 2)),
        // "may" alone is a verb more often than a month.
        None if text(0) == "may" && index_is_bare(words, index) => None,
        None => Some((latest_month(today, number, false)?, 1)),
    }
}

fn index_is_bare(words: &[Word], index: usize) -> bool {
    let before = index.checked_sub(1).map_or("", |before| text_at(words, before));
    !matches!(
        before,
        "in" | "since" | "during" | "until" | "before" | "after" | "last" | "of" | "from" | "to"
    )
}

fn latest_month(today: Date, number: i8, before: bool) -> Option<(Date, Date)> {
    let is_later = number > today.month() || before && number == today.month();
    let year = if is_later { today.year() - 1 } else { today.year() };
    around(Date::new(year, number, 1).ok()?, Unit::Month, 0)
}

/// `q3`, `q3 2025`; a year when a small word says that it is one.
fn quarter_or_year(words: &[Word], index: usize, today: Date) -> Option<((Date, Date), usize)> {
    let text = |offset: usize| text_at(words, index + offset);
    if let Some(number) = text(0).strip_prefix('q').and_then(|number| number.parse::<i8>().ok()) {
        (1..=4).contains(&number).then_some(())?;
        let start = |year: i16| Date::new(year, (number - 1) * 3 + 1, 1).ok();
        if let Some(year) = year(text(1)) {
            return Some((around(start(year)?, Unit::Quarter, 0)?, 2));
        }
        let this_year = start(today.year())?;
        let first = if this_year > today { start(today.year() - 1)? } else { this_year };
        return Some((around(first, Unit::Quarter, 0)?, 1));
    }
    let year = year(text(0)).filter(|_| !index_is_bare(words, index))?;
    Some((around(Date::new(year, 1, 1).ok()?, Unit::Year, 0)?, 1))
}

fn year(word: &str) -> Option<i16> {
    word.parse::<i16>().ok().filter(|year| word.len() == 4 && (1990..=2099).contains(year))
}

/// `3`, `3rd`
fn day_of_month(word: &str) -> Option<i8> {
    let digits = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let ending = word.get(digits.len()..)?;
    let day = digits.parse::<i8>().ok().filter(|day| (1..=31).contains(day))?;
    matches!(ending, "" | "st" | "nd" | "rd" | "th").then_some(day)
}

/// `14:00`, `14:00:30`, `9am`, `9 am`, `noon`, `midnight`
pub(super) fn clock(words: &[Word], index: usize) -> Option<(Time, usize)> {
    let word = text_at(words, index);
    match word {
        "noon" => return Some((Time::new(12, 0, 0, 0).ok()?, 1)),
        "midnight" => return Some((Time::midnight(), 1)),
        _ => {}
    }
    let behind = text_at(words, index + 1);
    let (digits, half, length) = match (word.strip_suffix("am"), word.strip_suffix("pm"), behind) {
        (Some(digits), ..) => (digits, Some(0), 1),
        (_, Some(digits), _) => (digits, Some(12), 1),
        (.., "am") => (word, Some(0), 2),
        (.., "pm") => (word, Some(12), 2),
        _ => (word, None, 1),
    };
    let mut parts = digits.split(':');
    let mut part = |least: usize| {
        let part = parts.next()?;
        (part.len() >= least && part.len() <= 2).then(|| part.parse::<i8>().ok()).flatten()
    };
    let hour = part(1)?;
    let (minute, second) = (part(2), part(2));
    let hour = match half {
        Some(more) => (1..=12).contains(&hour).then_some(hour % 12 + more)?,
        None => hour,
    };
    (minute.is_some() || half.is_some()).then_some(())?;
    Some((Time::new(hour, minute.unwrap_or(0), second.unwrap_or(0), 0).ok()?, length))
}
