//! Times as logs write them, and the two rules for what they leave out.
//!
//! * **No year** (`Dec 10 06:07:08`): the year that makes the time the latest one not later than
//!   `source.reference` plus one day. The reference is the modification time of a file or the time of
//!   arrival. The day of grace is for clocks that run ahead and for zones east of ours. 29 February goes back to
//!   the last leap year.
//! * **No zone** (`2026-01-31 10:00:00`): the zone of [`DecodeOptions::time_zone`](crate::DecodeOptions),
//!   UTC unless configured.
//!
//! A record without any time gets the time of its arrival, and its `problem` says so. Law TIME: nothing here
//! reads a clock.

use std::cell::Cell;

use jiff::tz::TimeZone;
use sentra_model::Timestamp;

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;
/// How many years back a year-less date may lie: 29 February can be eight years away (1896 to 1904).
const YEARS_BACK_MAX: i64 = 8;

/// A time as it was written: what the wall clock showed, and how far it was from UTC where that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WallTime {
    /// Microseconds since 1970-01-01T00:00:00 on that wall clock.
    micros: i64,
    offset_seconds: Option<i64>,
}

impl WallTime {
    /// Whether the text named its distance from UTC.
    pub(crate) fn has_zone(self) -> bool {
        self.offset_seconds.is_some()
    }

    /// A time of which only what the clock on the wall showed is known, as if it hung in UTC.
    pub(crate) fn on_the_wall(micros: i64) -> Self {
        Self { micros, offset_seconds: None }
    }

    /// What the clock on that wall showed, as if it hung in UTC.
    pub(crate) fn wall_micros(self) -> i64 {
        self.micros
    }
}

/// The zone for times that name none.
#[derive(Debug, Clone)]
pub(crate) struct Zone {
    zone: TimeZone,
    is_utc: bool,
}

impl Zone {
    pub(crate) fn new(zone: TimeZone) -> Self {
        let is_utc = zone == TimeZone::UTC;
        Self { zone, is_utc }
    }

    /// The moment that `time` names.
    pub(crate) fn resolve(&self, time: WallTime) -> Timestamp {
        if let Some(offset) = time.offset_seconds {
            return Timestamp::from_micros(time.micros.saturating_sub(offset.saturating_mul(SECOND)));
        }
        if self.is_utc {
            return Timestamp::from_micros(time.micros);
        }
        let wall = jiff::Timestamp::from(Timestamp::from_micros(time.micros));
        let civil = TimeZone::UTC.to_datetime(wall);
        // In the hour that a clock change skips or repeats this takes the usual ("compatible") reading.
        let moment = self.zone.to_ambiguous_timestamp(civil).compatible();
        moment.map_or(Timestamp::from_micros(time.micros), Timestamp::from)
    }
}

/// Days from 1970-01-01 to a date of the proleptic Gregorian calendar; `None` when there is no such date.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if is_leap => 29,
        2 => 28,
        _ => return None,
    };
    if !(1..=length).contains(&day) || !(1..=9999).contains(&year) {
        return None;
    }
    // Years start in March here, so that the leap day is the last day of one.
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

/// Reads a text from its beginning.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.0.first().copied()
    }

    fn eat(&mut self, expected: u8) -> Option<()> {
        self.one_of(&[expected]).map(|_| ())
    }

    fn one_of(&mut self, expected: &[u8]) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        expected.contains(first).then(|| {
            self.0 = rest;
            *first
        })
    }

    fn digits(&mut self, count: usize) -> Option<i64> {
        let (digits, rest) = self.0.split_at_checked(count)?;
        let mut number = 0_i64;
        for digit in digits {
            number = number * 10 + i64::from(digit.is_ascii_digit().then(|| digit - b'0')?);
        }
        self.0 = rest;
        Some(number)
    }

    /// One or two digits.
    fn short_number(&mut self) -> Option<i64> {
        self.digits(2).or_else(|| self.digits(1))
    }

    /// `HH:MM:SS` with an optional fraction, in microseconds of the day.
    fn clock(&mut self) -> Option<i64> {
        let hour = self.digits(2)?;
        self.eat(b':')?;
        let minute = self.digits(2)?;
        self.eat(b':')?;
        let second = self.digits(2)?;
        if hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        Some(((hour * 60 + minute) * 60 + second) * SECOND + self.fraction())
    }

    /// A fraction of a second in microseconds; 0 where there is none. Digits beyond the sixth are dropped.
    fn fraction(&mut self) -> i64 {
        let [b'.' | b',', first, ..] = self.0 else { return 0 };
        if !first.is_ascii_digit() {
            return 0;
        }
        let _ = self.one_of(b".,");
        let (mut micros, mut scale) = (0, SECOND / 10);
        while let Some(digit) = self.digits(1) {
            micros += digit * scale;
            scale /= 10;
        }
        micros
    }

    /// `Z`, `+02:00`, `+0200` or `+02`, in seconds.
    fn offset(&mut self) -> Option<i64> {
        let sign = match self.one_of(b"Zz+-")? {
            b'Z' | b'z' => return Some(0),
            b'-' => -1,
            _ => 1,
        };
        let hours = self.digits(2)?;
        let _ = self.eat(b':');
        let minutes = self.digits(2).unwrap_or(0);
        (hours <= 23 && minutes <= 59).then_some(sign * (hours * 60 + minutes) * 60)
    }

    fn month(&mut self) -> Option<i64> {
        let (name, rest) = self.0.split_first_chunk::<3>()?;
        let month = match &name.map(|byte| byte.to_ascii_lowercase()) {
            b"jan" => 1,
            b"feb" => 2,
            b"mar" => 3,
            b"apr" => 4,
            b"may" => 5,
            b"jun" => 6,
            b"jul" => 7,
            b"aug" => 8,
            b"sep" => 9,
            b"oct" => 10,
            b"nov" => 11,
            b"dec" => 12,
            _ => return None,
        };
        self.0 = rest;
        Some(month)
    }

    fn spaces(&mut self) -> Option<()> {
        self.eat(b' ')?;
        while self.eat(b' ').is_some() {}
        Some(())
    }
}

/// `2026-01-31T10:00:00.123456+02:00` at the beginning of `text`, with what follows it.
///
/// The date may be parted by `-` or `/`, date and time by `T` or a blank; fraction and zone may be missing.
pub(crate) fn iso(text: &str) -> Option<(WallTime, &str)> {
    let mut reader = Reader(text.as_bytes());
    let year = reader.digits(4)?;
    let separator = reader.one_of(b"-/")?;
    let month = reader.digits(2)?;
    reader.eat(separator)?;
    let day = reader.digits(2)?;
    reader.one_of(b"Tt ")?;
    let clock = reader.clock()?;
    let mut ahead = Reader(reader.0);
    let _ = ahead.eat(b' ');
    let offset_seconds = if matches!(reader.peek(), Some(b'Z' | b'z' | b'+' | b'-')) {
        let before = reader.0;
        let offset = reader.offset();
        if offset.is_none() {
            reader.0 = before;
        }
        offset
    } else if ahead.0.starts_with(b"UTC") {
        reader.0 = ahead.0.get(3..).unwrap_or_default();
        Some(0)
    } else {
        None
    };
    let micros = days(year, month, day)? * DAY + clock;
    let rest = text.get(text.len() - reader.0.len()..)?;
    Some((WallTime { micros, offset_seconds }, rest))
}

/// `Dec 10 06:07:08` at the beginning of `text`, with what follows it. A year may stand before or after
/// the clock, a fraction after it.
pub(crate) fn bsd<'a>(text: &'a str, zone: &Zone, reference: Timestamp) -> Option<(Timestamp, &'a str)> {
    let mut reader = Reader(text.as_bytes());
    let month = reader.month()?;
    reader.spaces()?;
    let day = reader.short_number()?;
    reader.spaces()?;
    let mut year = None;
    let mut ahead = Reader(reader.0);
    if let Some(number) = ahead.digits(4)
        && ahead.spaces().is_some()
    {
        year = Some(number);
        reader.0 = ahead.0;
    }
    let clock = reader.clock()?;
    let mut ahead = Reader(reader.0);
    if year.is_none()
        && ahead.eat(b' ').is_some()
        && let Some(number) = ahead.digits(4).filter(|number| (1970..=2999).contains(number))
        && matches!(ahead.peek(), None | Some(b' ' | b':'))
    {
        year = Some(number);
        reader.0 = ahead.0;
    }
    let rest = text.get(text.len() - reader.0.len()..)?;
    let moment = match year {
        Some(year) => at(year, month, day, clock, zone)?,
        None => latest_year(month, day, clock, zone, reference)?,
    };
    Some((moment, rest))
}

fn at(year: i64, month: i64, day: i64, clock: i64, zone: &Zone) -> Option<Timestamp> {
    let micros = days(year, month, day)? * DAY + clock;
    Some(zone.resolve(WallTime { micros, offset_seconds: None }))
}

/// Law TIME: the rule for times without a year, see the module. `clock` is in microseconds of the day.
pub(crate) fn latest_year(
    month: i64,
    day: i64,
    clock: i64,
    zone: &Zone,
    reference: Timestamp,
) -> Option<Timestamp> {
    let latest = reference.plus_micros(DAY);
    let known = DAY_BEFORE.get();
    if zone.is_utc && (known.month, known.day) == (month, day) && known.is_latest(latest) {
        return Some(Timestamp::from_micros(known.start + clock));
    }
    let year = year_of(latest) + 1;
    // No zone is so far from UTC that the next year has got beyond January.
    let first = i64::from(month != 1);
    let moment = (first..=YEARS_BACK_MAX + 1)
        .filter_map(|back| at(year - back, month, day, clock, zone))
        .find(|moment| *moment <= latest)?;
    if zone.is_utc {
        DAY_BEFORE.set(Day { month, day, start: moment.micros() - clock });
    }
    Some(moment)
}

/// A day that was named without a year, and the microsecond at which it began.
#[derive(Clone, Copy)]
struct Day {
    month: i64,
    day: i64,
    start: i64,
}

thread_local! {
    /// The day of the line before: mostly it is that of the next one, too.
    static DAY_BEFORE: Cell<Day> = const { Cell::new(Day { month: 0, day: 0, start: 0 }) };
}

impl Day {
    /// Whether it is over before `latest`, with its leap second, and the same day a year later is not: then it is the
    /// latest of its name whatever the clock says.
    fn is_latest(self, latest: Timestamp) -> bool {
        let over = self.start + DAY + SECOND;
        (over..over + 363 * DAY).contains(&latest.micros())
    }
}

/// The year of a moment in UTC. Years of which [`days`] knows none are not told apart.
fn year_of(moment: Timestamp) -> i64 {
    // Counted as in [`days`]: years start in March, and an era is 400 of them.
    let days = moment.micros().div_euclid(DAY) + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let leap_days = day_of_era / 1_460 - day_of_era / 36_524 + day_of_era / 146_096;
    let year_of_era = (day_of_era - leap_days) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    // From the first of January on it is the next year.
    let year = era * 400 + year_of_era + i64::from(day_of_year >= 306);
    year.clamp(-9_999, 9_999)
}

/// `03/01-10:00:00.123456`, `03/01/26-…` and `03/01/2026-…` at the beginning of `text`, with what follows it: how
/// intrusion detection systems write it, month first.
pub(crate) fn month_first<'a>(
    text: &'a str,
    zone: &Zone,
    reference: Timestamp,
) -> Option<(Timestamp, &'a str)> {
    let mut reader = Reader(text.as_bytes());
    let month = reader.digits(2)?;
    reader.eat(b'/')?;
    let day = reader.digits(2)?;
    let year = match reader.eat(b'/') {
        Some(()) => Some(reader.digits(4).or_else(|| reader.digits(2).map(|short| 2000 + short))?),
        None => None,
    };
    reader.eat(b'-')?;
    let clock = reader.clock()?;
    let rest = text.get(text.len() - reader.0.len()..)?;
    let moment = match year {
        Some(year) => at(year, month, day, clock, zone)?,
        None => latest_year(month, day, clock, zone, reference)?,
    };
    Some((moment, rest))
}

/// `[weekday] Mon dd HH:MM:SS [zone] yyyy` and `dd/Mon/yyyy:HH:MM:SS +0000`, as web servers and FTP write it.
pub(crate) fn classic(text: &str) -> Option<WallTime> {
    common_log(text).or_else(|| asctime(text)).map(|(time, _rest)| time)
}

/// `28/Feb/2026:10:00:00 +0000`, also with dashes and a blank as BIND writes it, with what follows it.
pub(crate) fn common_log(text: &str) -> Option<(WallTime, &str)> {
    let mut reader = Reader(text.as_bytes());
    let day = reader.digits(2)?;
    let separator = reader.one_of(b"/-")?;
    let month = reader.month()?;
    reader.eat(separator)?;
    let year = reader.digits(4)?;
    reader.one_of(b": ")?;
    let clock = reader.clock()?;
    let mut ahead = Reader(reader.0);
    let offset_seconds = ahead.eat(b' ').and_then(|()| ahead.offset());
    if offset_seconds.is_some() {
        reader.0 = ahead.0;
    }
    let rest = text.get(text.len() - reader.0.len()..)?;
    Some((WallTime { micros: days(year, month, day)? * DAY + clock, offset_seconds }, rest))
}

/// `Sat Feb 28 10:00:00 2026`, with what follows it.
pub(crate) fn asctime(text: &str) -> Option<(WallTime, &str)> {
    let mut reader = Reader(text.as_bytes());
    let has_weekday = matches!(text.get(..3), Some("Mon" | "Tue" | "Wed" | "Thu" | "Fri" | "Sat" | "Sun"));
    if has_weekday {
        reader.0 = reader.0.get(3..)?;
        let _ = reader.eat(b',');
        reader.spaces()?;
    }
    let month = reader.month()?;
    reader.spaces()?;
    let day = reader.short_number()?;
    reader.spaces()?;
    let clock = reader.clock()?;
    reader.spaces()?;
    let year = reader.digits(4)?;
    let rest = text.get(text.len() - reader.0.len()..)?;
    Some((WallTime { micros: days(year, month, day)? * DAY + clock, offset_seconds: None }, rest))
}

/// A moment as a number: seconds, milliseconds, microseconds or nanoseconds, told apart by their size.
pub(crate) fn epoch(number: f64) -> Option<Timestamp> {
    let size = number.abs();
    // The smallest of each unit lies in 1973, so that small numbers (a count, a port) are no times.
    let micros = match size {
        1e8..1e11 => number * 1e6,
        1e11..1e14 => number * 1e3,
        1e14..1e17 => number,
        1e17..1e19 => number / 1e3,
        _ => return None,
    };
    Some(Timestamp::from_micros(micros as i64))
}

/// [`epoch`] for a whole number, without rounding.
pub(crate) fn epoch_integer(number: i64) -> Option<Timestamp> {
    let micros = match number.unsigned_abs() {
        100_000_000..100_000_000_000 => number.saturating_mul(1_000_000),
        100_000_000_000..100_000_000_000_000 => number.saturating_mul(1_000),
        100_000_000_000_000..100_000_000_000_000_000 => number,
        100_000_000_000_000_000.. => number / 1_000,
        _ => return None,
    };
    Some(Timestamp::from_micros(micros))
}

/// Any of the forms above as a whole value, as JSON carries it.
pub(crate) fn value(text: &str) -> Option<WallTime> {
    let text = text.trim();
    if let Some((time, _rest)) = iso(text) {
        return Some(time);
    }
    if let Some(time) = classic(text) {
        return Some(time);
    }
    // `/Date(1772272800799)/`, as PowerShell's ConvertTo-Json writes it.
    let digits = text.strip_prefix("/Date(").and_then(|rest| rest.strip_suffix(")/")).unwrap_or(text);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let moment = is_number.then(|| digits.parse().ok().and_then(epoch)).flatten()?;
    Some(WallTime { micros: moment.micros(), offset_seconds: Some(0) })
}

#[cfg(test)]
#[path = "time_tests.rs"]
mod tests;
