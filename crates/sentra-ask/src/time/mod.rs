//! When: what a question says about time, relative to a moment and a zone that are passed in (law TIME).

mod calendar;
mod phrase;
mod point;
#[cfg(test)]
mod tests;

use std::ops::Range;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use sentra_model::Timestamp;

use crate::words::Word;

pub(crate) use calendar::{Unit, count_word, is_day_or_month, unit_of};

/// Moment, zone and habits that a question's words for time are relative to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Now<'a> {
    pub(crate) moment: Timestamp,
    pub(crate) zone: &'a TimeZone,
}

impl Now<'_> {
    fn today(self) -> Date {
        jiff::Timestamp::from(self.moment).to_zoned(self.zone.clone()).date()
    }

    /// The beginning of `date` in the zone.
    fn start_of(self, date: Date) -> Option<Timestamp> {
        self.at(date, jiff::civil::Time::midnight())
    }

    fn at(self, date: Date, clock: jiff::civil::Time) -> Option<Timestamp> {
        date.to_datetime(clock).to_zoned(self.zone.clone()).ok().map(|zoned| zoned.timestamp().into())
    }
}

/// An end of a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bound {
    /// A moment.
    At(Timestamp),
    /// So many microseconds before the moment of asking.
    Ago(i64),
}

/// A span of time; an end that is absent is open. `from` belongs to it, `to` does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Period {
    pub(crate) from: Option<Bound>,
    pub(crate) to: Option<Bound>,
    /// As it was said, `last week`.
    pub(crate) label: String,
}

impl Period {
    /// Its length in microseconds, as seen at `now`; `None` when it has no beginning.
    pub(crate) fn length(&self, now: Timestamp) -> Option<i64> {
        let moment = |bound: Bound| match bound {
            Bound::At(moment) => moment,
            Bound::Ago(micros) => now.plus_micros(-micros),
        };
        let end = self.to.map_or(now, moment).min(now);
        self.from.map(|from| end.since(moment(from)))
    }
}

/// What comes again and again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Recurring {
    BusinessHours,
    OutsideBusinessHours,
    Weekend,
    Weekdays,
    Night,
    /// From one full hour to another, the next day's when it is not later.
    Hours {
        from: u8,
        to: u8,
    },
}

/// Something that a question says about time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum When {
    Period(Period),
    Recurring(Recurring),
}

/// What was found, and in which words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) words: Range<usize>,
    /// Words elsewhere that belong to it: the date of a time of day.
    pub(crate) also: Option<Range<usize>>,
    pub(crate) when: When,
    /// Whether what was taken is a guess: `recently`.
    pub(crate) is_vague: bool,
}

/// Everything that `words` say about time, in their order.
pub(crate) fn find(words: &[Word], now: Now<'_>) -> Vec<Found> {
    let mut atoms = Vec::new();
    let mut index = 0;
    while index < words.len() {
        // The "in" of "log in today" belongs to the login.
        let is_particle = matches!(point::text_at(words, index), "in" | "on" | "into")
            && index.checked_sub(1).is_some_and(|before| is_login_verb(point::text_at(words, before)));
        match phrase::at(words, index, now).filter(|_| !is_particle) {
            Some((atom, length)) if length > 0 => {
                atoms.push((index..index + length, atom));
                index += length;
            }
            _ => index += 1,
        }
    }
    merged(atoms, words, now)
}

/// `log in` and its like, whose `in` is part of the verb.
pub(crate) fn is_login_verb(word: &str) -> bool {
    matches!(word, "log" | "logs" | "logged" | "logging" | "sign" | "signs" | "signed" | "signing")
}

/// Whether `word` says something about time, so that it must not be passed over.
pub(crate) fn is_time_word(word: &str) -> bool {
    (word.len() > 2 && unit_of(word).is_some())
        || is_day_or_month(word) && word != "may"
        || matches!(
            word,
            "ago"
                | "since"
                | "before"
                | "after"
                | "until"
                | "till"
                | "today"
                | "yesterday"
                | "tonight"
                | "previous"
                | "past"
                | "morning"
                | "afternoon"
                | "evening"
                | "night"
                | "weekend"
                | "noon"
                | "midnight"
                | "earlier"
                | "later"
        )
}

/// Times of day get their day, from before or behind them, or today.
fn merged(atoms: Vec<(Range<usize>, phrase::Atom)>, words: &[Word], now: Now<'_>) -> Vec<Found> {
    use phrase::Atom;
    let mut found = Vec::new();
    let is_clock = |atom: Option<&(Range<usize>, Atom)>| matches!(atom, Some((_, Atom::Clock { .. })));
    let has_days =
        atoms.iter().any(|(_, atom)| matches!(atom, Atom::Days { .. } | Atom::When(When::Period(_))));
    let mut atoms = atoms.into_iter().peekable();
    while let Some((range, atom)) = atoms.next() {
        let (range, also, when) = match atom {
            Atom::When(when) => (range, None, Some(when)),
            Atom::Vague(when) => {
                found.push(Found { words: range, also: None, when, is_vague: true });
                continue;
            }
            Atom::Days { from, to } if to == calendar::next(from) && is_clock(atoms.peek()) => {
                match atoms.next() {
                    Some((clocks, Atom::Clock { start, end })) => {
                        let when =
                            phrase::clocks_on(from, start, end, now, label(words, &range, Some(&clocks)));
                        (range, Some(clocks), when)
                    }
                    _ => (range, None, None),
                }
            }
            Atom::Days { from, to } => {
                let label = label(words, &range, None);
                (range, None, phrase::days(from, to, label, now))
            }
            Atom::Clock { start, end } => {
                let day = match atoms.peek() {
                    Some((_, Atom::Days { from, to })) if *to == calendar::next(*from) => Some(*from),
                    _ => None,
                };
                let days = day.and_then(|_| atoms.next()).map(|(days, _)| days);
                let label = label(words, &range, days.as_ref());
                let when = match day {
                    Some(day) => phrase::clocks_on(day, start, end, now, label),
                    // "between 22:00 and 06:00 last week": every day of it.
                    None if has_days => phrase::every_day(start, end),
                    None => phrase::clocks_latest(start, end, now, label),
                };
                (range, days, when)
            }
        };
        if let Some(when) = when {
            found.push(Found { words: range, also, when, is_vague: false });
        }
    }
    found
}

/// As it was said, without the small words at its beginning.
fn label(words: &[Word], range: &Range<usize>, also: Option<&Range<usize>>) -> String {
    let part = |range: &Range<usize>| -> Vec<&str> {
        let words = words.get(range.clone()).unwrap_or_default();
        words
            .iter()
            .map(|word| word.text.as_str())
            .skip_while(|word| {
                matches!(*word, "on" | "in" | "of" | "the" | "for" | "during" | "within" | "from" | "over")
            })
            .collect()
    };
    let mut texts = part(range);
    if let Some(also) = also {
        texts.extend(part(also));
    }
    texts.join(" ")
}
