//! Expressions of time: `in the last 2 hours`, `between 9am and 11am`, `since monday`, `outside business hours`.

use jiff::civil::{Date, Time};
use sentra_model::Timestamp;

use super::calendar::{Unit, back, compact, count_word, next, unit_of};
use super::point::{Point, clock, days as named_days, point, text_at};
use super::{Bound, Now, Period, Recurring, When, label};
use crate::words::Word;

/// What one expression says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Atom {
    When(When),
    /// A guess.
    Vague(When),
    /// Whole days.
    Days {
        from: Date,
        to: Date,
    },
    /// Times of a day that is said elsewhere.
    Clock {
        start: Option<Time>,
        end: Option<Time>,
    },
}

/// The expression that begins at `index`, and how many words it has.
pub(super) fn at(words: &[Word], index: usize, now: Now<'_>) -> Option<(Atom, usize)> {
    recurring(words, index)
        .map(|(recurring, length)| (Atom::When(When::Recurring(recurring)), length))
        .or_else(|| vague(words, index))
        .or_else(|| rolling(words, index, now))
        .or_else(|| half_open(words, index, now))
        .or_else(|| between(words, index, now))
        .or_else(|| part_of_day(words, index, now))
        .or_else(|| on(words, index, now))
}

fn recurring(words: &[Word], index: usize) -> Option<(Recurring, usize)> {
    let text = |offset: usize| text_at(words, index + offset);
    let is_work = |word: &str| matches!(word, "business" | "office" | "working" | "work");
    match (text(0), text(1)) {
        ("after" | "off" | "out-of", "hours") => return Some((Recurring::OutsideBusinessHours, 2)),
        ("out", "of") if text(2) == "hours" => return Some((Recurring::OutsideBusinessHours, 3)),
        ("at" | "by", "night") => return Some((Recurring::Night, 2)),
        ("nights" | "overnight", _) => return Some((Recurring::Night, 1)),
        ("during" | "in" | "through", "the") if text(2) == "night" => return Some((Recurring::Night, 3)),
        ("weekends", _) => return Some((Recurring::Weekend, 1)),
        ("weekdays", _) => return Some((Recurring::Weekdays, 1)),
        _ => {}
    }
    let mut length = 0;
    let mut is_outside = false;
    let mut opened = false;
    while let word @ ("outside" | "not" | "during" | "in" | "within" | "at" | "on" | "over" | "the" | "of"
    | "out" | "after" | "normal" | "regular" | "our") = text(length)
    {
        is_outside |= matches!(word, "outside" | "not" | "out" | "after");
        opened |= !matches!(word, "the" | "of" | "normal" | "regular" | "our");
        length += 1;
        if length > 4 {
            return None;
        }
    }
    if is_work(text(length)) && matches!(text(length + 1), "hours" | "hour" | "time") {
        let recurring = if is_outside { Recurring::OutsideBusinessHours } else { Recurring::BusinessHours };
        return Some((recurring, length + 2));
    }
    match text(length) {
        "weekend" | "weekends" if opened && !is_outside => Some((Recurring::Weekend, length + 1)),
        "weekdays" | "workdays" if opened && !is_outside => Some((Recurring::Weekdays, length + 1)),
        _ => None,
    }
}

/// `recently`: nobody knows how long that is, so a week is taken and said.
fn vague(words: &[Word], index: usize) -> Option<(Atom, usize)> {
    matches!(text_at(words, index), "recently" | "lately").then(|| {
        let micros = 7 * 86_400_000_000;
        let period = Period { from: Some(Bound::Ago(micros)), to: None, label: "last 7 days".into() };
        (Atom::Vague(When::Period(period)), 1)
    })
}

/// `in the last 2 hours`, `past week`, `last 24h`
fn rolling(words: &[Word], index: usize, now: Now<'_>) -> Option<(Atom, usize)> {
    let mut length = 0;
    while matches!(
        text_at(words, index + length),
        "in" | "within" | "over" | "during" | "for" | "from" | "the"
    ) {
        length += 1;
        if length > 2 {
            return None;
        }
    }
    let text = |offset: usize| text_at(words, index + length + offset);
    let word = match text(0) {
        word @ ("last" | "past" | "previous") => word,
        _ => return None,
    };
    let (count, unit, more) = if let Some((count, unit)) = compact(text(1)) {
        (count, unit, 2)
    } else if let Some(count) = count_word(text(1)) {
        (count, unit_of(text(2))?, 3)
    } else {
        let unit = unit_of(text(1))?;
        // "last week" is the week before this one; "past week" are seven days.
        if word != "past" && unit.days() > 1 {
            return None;
        }
        (1, unit, 2)
    };
    (count > 0).then_some(())?;
    let single = word == "past" && count == 1;
    let from = match unit.micros() {
        Some(micros) => Bound::Ago(count.checked_mul(micros)?),
        None if single => Bound::Ago(unit.days() * 86_400_000_000),
        None => Bound::At(now.start_of(back(now.today(), count, unit)?)?),
    };
    let range = index..index + length + more;
    let period = Period { from: Some(from), to: None, label: label(words, &range, None) };
    Some((Atom::When(When::Period(period)), length + more))
}

/// `since monday`, `after 3pm`, `before 2026-11-10`, `until yesterday`
fn half_open(words: &[Word], index: usize, now: Now<'_>) -> Option<(Atom, usize)> {
    let opening = match text_at(words, index) {
        word @ ("since" | "after" | "before" | "until" | "till" | "starting" | "beginning") => word,
        _ => return None,
    };
    let joint = usize::from(matches!(text_at(words, index + 1), "from" | "on"));
    let (point, length) = point(words, index + 1 + joint, now)?;
    let length = 1 + joint + length;
    if let Point { days: None, clock: Some(clock), moment: None } = point {
        return Some(match opening {
            "before" | "until" | "till" => (Atom::Clock { start: None, end: Some(clock) }, length),
            _ => (Atom::Clock { start: Some(clock), end: None }, length),
        });
    }
    let (first, behind) = ends(point, now)?;
    let is_day_with_clock = point.days.is_some() && point.clock.is_some();
    let end_of_day = match point.days {
        Some((_, to)) if is_day_with_clock => Some(now.start_of(to)?),
        _ => None,
    };
    let (from, to) = match opening {
        "since" | "starting" | "beginning" => (Some(first), None),
        // "after 22:00 yesterday" is about yesterday, "after 2026-11-10" is about what came later.
        "after" if is_day_with_clock => (Some(first), end_of_day.filter(|_| !is_today(point, now))),
        "after" => (Some(behind), None),
        "before" => (None, Some(first)),
        _ => (None, Some(behind)),
    };
    let label = label(words, &(index..index + length), None);
    let period = Period { from: from.map(Bound::At), to: to.map(Bound::At), label };
    Some((Atom::When(When::Period(period)), length))
}

fn is_today(point: Point, now: Now<'_>) -> bool {
    point.days.is_some_and(|(day, _)| day == now.today())
}

/// `between 9am and 11am`, `from monday to wednesday`
fn between(words: &[Word], index: usize, now: Now<'_>) -> Option<(Atom, usize)> {
    let joint = match text_at(words, index) {
        "between" => ["and", "to"],
        "from" => ["to", "until"],
        _ => return None,
    };
    let (first, one) = point(words, index + 1, now)?;
    joint.contains(&text_at(words, index + 1 + one)).then_some(())?;
    let (second, other) = point(words, index + 2 + one, now)?;
    let length = 2 + one + other;
    let label = label(words, &(index..index + length), None);
    let atom = match (first, second) {
        (
            Point { days: None, clock: Some(start), moment: None },
            Point { days: None, clock: Some(end), moment: None },
        ) => Atom::Clock { start: Some(start), end: Some(end) },
        (
            Point { days: None, clock: Some(start), moment: None },
            Point { days: Some((day, _)), clock: Some(end), .. },
        ) => Atom::When(clocks_on(day, Some(start), Some(end), now, label)?),
        (
            Point { days: Some((day, _)), clock: Some(start), .. },
            Point { days: None, clock: Some(end), moment: None },
        ) => Atom::When(clocks_on(day, Some(start), Some(end), now, label)?),
        _ => {
            let (from, mut to) = (ends(first, now)?.0, ends(second, now)?.1);
            // "from friday to monday": the monday after that friday, when it has been.
            if to <= from {
                to = to.plus_micros(7 * 86_400_000_000);
            }
            (from < to).then_some(())?;
            Atom::When(When::Period(Period { from: Some(Bound::At(from)), to: Some(Bound::At(to)), label }))
        }
    };
    Some((atom, length))
}

/// The first moment of a point that has a day, and the first one behind it.
fn ends(point: Point, now: Now<'_>) -> Option<(Timestamp, Timestamp)> {
    match point {
        Point { moment: Some(moment), .. } => Some((moment, moment)),
        Point { days: Some((day, _)), clock: Some(clock), .. } => {
            now.at(day, clock).map(|moment| (moment, moment))
        }
        Point { days: Some((from, to)), .. } => Some((now.start_of(from)?, now.start_of(to)?)),
        Point { .. } => None,
    }
}

/// `last night`, `this morning`, `yesterday evening`
fn part_of_day(words: &[Word], index: usize, now: Now<'_>) -> Option<(Atom, usize)> {
    let skipped = usize::from(matches!(text_at(words, index), "on" | "from" | "during"));
    let text = |offset: usize| text_at(words, index + skipped + offset);
    let today = now.today();
    let (day, length) = match (text(0), text(1)) {
        ("tonight", _) => (today, 0),
        ("this", "morning" | "afternoon" | "evening" | "night") => (today, 1),
        ("last" | "yesterday", "night") | ("last", "evening") => (back(today, 1, Unit::Day)?, 1),
        _ => {
            let ((day, to), length) = named_days(words, index + skipped, now)?;
            (to == next(day)).then_some((day, length))?
        }
    };
    let hour = |hour: i8| Time::new(hour, 0, 0, 0).ok();
    let (from, to) = match text(length) {
        "morning" => (now.at(day, hour(6)?)?, now.at(day, hour(12)?)?),
        "afternoon" => (now.at(day, hour(12)?)?, now.at(day, hour(18)?)?),
        "evening" => (now.at(day, hour(18)?)?, now.start_of(next(day))?),
        "night" | "tonight" => (now.at(day, hour(18)?)?, now.at(next(day), hour(6)?)?),
        _ => return None,
    };
    let length = skipped + length + 1;
    let label = label(words, &(index..index + length), None);
    Some((
        Atom::When(When::Period(Period {
            from: Some(Bound::At(from)),
            to: (to <= now.moment).then_some(Bound::At(to)),
            label,
        })),
        length,
    ))
}

/// `on 3 march`, `in october`, `yesterday`, `at 14:00`, `around 14:00`
fn on(words: &[Word], index: usize, now: Now<'_>) -> Option<(Atom, usize)> {
    let first = text_at(words, index);
    let skipped = usize::from(matches!(
        first,
        "on" | "in" | "of" | "at" | "during" | "for" | "over" | "from" | "around" | "about" | "within"
    ));
    let start = index + skipped;
    let article = usize::from(text_at(words, start) == "the" && text_at(words, start + 1) != "day");
    if let Some((time, length)) = clock(words, start) {
        // "at 3am" is an hour, "at 03:00" a minute.
        let is_exact = !matches!(first, "around" | "about");
        let word = text_at(words, start);
        let is_hour = word.starts_with(|c: char| c.is_ascii_digit()) && !word.contains(':');
        let minutes = match (is_exact, is_hour) {
            (false, _) => 30,
            (true, true) => 60,
            (true, false) => 1,
        };
        let span = jiff::Span::new().try_minutes(minutes).ok()?;
        let before = if is_exact { time } else { time.checked_sub(span).unwrap_or(Time::midnight()) };
        return Some((
            Atom::Clock { start: Some(before), end: Some(time.checked_add(span).unwrap_or(Time::MAX)) },
            skipped + length,
        ));
    }
    let (point, length) = point(words, start + article, now)?;
    let length = skipped + article + length;
    match point {
        Point { days: Some((from, to)), clock: None, .. } => Some((Atom::Days { from, to }, length)),
        Point { days: Some((day, _)), clock: Some(time), .. } => {
            let end = time.checked_add(jiff::Span::new().try_minutes(1).ok()?).unwrap_or(Time::MAX);
            let label = label(words, &(index..index + length), None);
            Some((Atom::When(clocks_on(day, Some(time), Some(end), now, label)?), length))
        }
        _ => None,
    }
}

/// Whole days as a period; one that still lasts has no end.
pub(super) fn days(from: Date, to: Date, label: String, now: Now<'_>) -> Option<When> {
    let end = now.start_of(to)?;
    let to = (end <= now.moment).then_some(Bound::At(end));
    Some(When::Period(Period { from: Some(Bound::At(now.start_of(from)?)), to, label }))
}

/// Times of `day`.
pub(super) fn clocks_on(
    day: Date,
    start: Option<Time>,
    end: Option<Time>,
    now: Now<'_>,
    label: String,
) -> Option<When> {
    let from = now.at(day, start.unwrap_or(Time::midnight()))?;
    let to = match end {
        // "from 22:00 to 02:00" ends on the day after.
        Some(end) if start.is_some_and(|start| end <= start) => now.at(next(day), end)?,
        Some(end) => now.at(day, end)?,
        None => now.start_of(next(day))?,
    };
    let still_lasts = end.is_none() && to > now.moment;
    let to = (!still_lasts).then_some(Bound::At(to));
    Some(When::Period(Period { from: Some(Bound::At(from)), to, label }))
}

/// Full hours of every day.
pub(super) fn every_day(start: Option<Time>, end: Option<Time>) -> Option<When> {
    let is_full = |time: &Time| time.minute() == 0 && time.second() == 0;
    let hour = |time: Option<Time>, open: u8| match time {
        Some(time) => is_full(&time).then(|| u8::try_from(time.hour()).ok()).flatten(),
        None => Some(open),
    };
    let (from, to) = (hour(start, 0)?, hour(end, 24)?);
    (from != to).then_some(When::Recurring(Recurring::Hours { from, to }))
}

/// Times of today; of yesterday when they are yet to come.
pub(super) fn clocks_latest(
    start: Option<Time>,
    end: Option<Time>,
    now: Now<'_>,
    label: String,
) -> Option<When> {
    let today = now.today();
    let begins = now.at(today, start.unwrap_or(Time::midnight()))?;
    let day = if begins > now.moment { back(today, 1, Unit::Day)? } else { today };
    clocks_on(day, start, end, now, label)
}
