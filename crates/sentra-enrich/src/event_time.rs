//! Which time of an event is believed when something is learnt from it.

use sentra_model::{EventRow, Timestamp};

/// How far a clock may be ahead of the arrival, in microseconds.
const AHEAD_MAX_US: i64 = 86_400_000_000;
/// 1971-01-01: before it, a clock was never set.
const CLOCK_SET: i64 = 31_536_000_000_000;
const DAY_US: i64 = 86_400_000_000;

/// The event's time; its arrival when the time is of 1970 or more than a day in the future. Else one record of 2099
/// would be the freshest statement for ever.
pub(crate) fn believed_time(row: EventRow<'_>) -> Timestamp {
    let (time, seen) = (row.time(), row.seen());
    if time.since(seen) > AHEAD_MAX_US || time.micros() < CLOCK_SET { seen } else { time }
}

/// The first moment of the day.
pub(crate) fn day_of(time: Timestamp) -> Timestamp {
    Timestamp::from_micros(time.micros().div_euclid(DAY_US) * DAY_US)
}
