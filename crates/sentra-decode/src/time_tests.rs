use proptest::prelude::*;

use super::*;

fn utc() -> Zone {
    Zone::new(TimeZone::UTC)
}

fn moment(text: &str) -> Timestamp {
    text.parse().expect("a test time")
}

fn show(time: Option<(WallTime, &str)>, zone: &Zone) -> String {
    time.map_or_else(|| "none".to_owned(), |(time, rest)| format!("{}|{rest}", zone.resolve(time)))
}

#[test]
fn iso_times() {
    let cases = [
        ("2026-01-31T10:00:00Z", "2026-01-31T10:00:00Z|"),
        ("2026-01-31 10:00:00 next", "2026-01-31T10:00:00Z| next"),
        ("2026/01/31 10:00:00", "2026-01-31T10:00:00Z|"),
        ("2026-01-31T10:00:00.123456789+02:00 host", "2026-01-31T08:00:00.123456Z| host"),
        ("2026-01-31T10:00:00,5-0530", "2026-01-31T15:30:00.5Z|"),
        ("2026-01-31 10:00:00 UTC x", "2026-01-31T10:00:00Z| x"),
        ("2026-02-29T10:00:00Z", "none"),
        ("2024-02-29T23:59:60Z", "2024-03-01T00:00:00Z|"),
        ("2026-13-01T10:00:00Z", "none"),
        ("2026-01-31T24:00:00Z", "none"),
        ("0000-01-31T10:00:00Z", "none"),
        ("2026-01-31", "none"),
        ("", "none"),
        ("2026-01-31T10:00:00-host", "2026-01-31T10:00:00Z|-host"),
    ];
    for (text, expected) in cases {
        assert_eq!(show(iso(text), &utc()), expected, "{text:?}");
    }
}

#[test]
fn a_year_less_time_is_the_latest_not_after_the_reference_and_a_day() {
    let cases = [
        // (text, reference, expected)
        ("Dec 10 06:07:08", "2026-11-21T00:00:00Z", "2025-12-10T06:07:08Z"),
        ("Dec 10 06:07:08", "2025-12-10T06:07:08Z", "2025-12-10T06:07:08Z"),
        // within the day of grace, and one second beyond it
        ("Jan  1 12:00:00", "2025-12-31T12:00:00Z", "2026-01-01T12:00:00Z"),
        ("Jan  1 12:00:01", "2025-12-31T12:00:00Z", "2025-01-01T12:00:01Z"),
        // the leap day goes back to a leap year, also over the year 2100
        ("Feb 29 01:02:03", "2026-11-21T00:00:00Z", "2024-02-29T01:02:03Z"),
        ("Feb 29 01:02:03", "2103-11-21T00:00:00Z", "2096-02-29T01:02:03Z"),
        ("Feb 29 01:02:03", "2024-02-28T02:00:00Z", "2024-02-29T01:02:03Z"),
        // a year in the text wins
        ("Dec 10 2020 06:07:08", "2026-11-21T00:00:00Z", "2020-12-10T06:07:08Z"),
        ("Dec 10 06:07:08 2021", "2026-11-21T00:00:00Z", "2021-12-10T06:07:08Z"),
        ("Dec 10 06:07:08.25", "2026-11-21T00:00:00Z", "2025-12-10T06:07:08.25Z"),
    ];
    for (text, reference, expected) in cases {
        let (found, rest) = bsd(text, &utc(), moment(reference)).expect(text);
        assert_eq!((found.to_string().as_str(), rest), (expected, ""), "{text:?} against {reference}");
    }
}

#[test]
fn a_zone_less_time_takes_the_configured_zone() {
    let zone = Zone::new(TimeZone::fixed(jiff::tz::offset(-5)));
    let (found, _) = bsd("Dec 10 06:07:08", &zone, moment("2026-11-21T00:00:00Z")).expect("a time");
    assert_eq!(found, moment("2025-12-10T11:07:08Z"));
    assert_eq!(show(iso("2026-01-31 10:00:00"), &zone), "2026-01-31T15:00:00Z|");
    assert_eq!(show(iso("2026-01-31 10:00:00+00:00"), &zone), "2026-01-31T10:00:00Z|");
}

#[test]
fn values_of_many_forms() {
    let cases = [
        ("1772272800", "2026-02-28T10:00:00Z"),
        ("1772272800799", "2026-02-28T10:00:00.799Z"),
        ("1772272800.5", "2026-02-28T10:00:00.5Z"),
        ("/Date(1772272800799)/", "2026-02-28T10:00:00.799Z"),
        ("10/Oct/2025:13:55:36 -0700", "2025-10-10T20:55:36Z"),
        ("Sat Feb 28 10:00:00 2026", "2026-02-28T10:00:00Z"),
        ("80", "none"),
        ("soon", "none"),
    ];
    for (text, expected) in cases {
        let found = value(text).map_or_else(|| "none".to_owned(), |time| utc().resolve(time).to_string());
        assert_eq!(found, expected, "{text:?}");
    }
}

proptest! {
    /// The own calendar against jiff's.
    #[test]
    fn every_moment_survives_its_text(micros in Timestamp::MIN.micros()..Timestamp::MAX.micros()) {
        let expected = Timestamp::from_micros(micros);
        let text = expected.to_string();
        let (found, rest) = iso(&text).expect("an ISO time");
        prop_assert_eq!(utc().resolve(found), expected);
        prop_assert_eq!(rest, "");
    }

    #[test]
    fn no_text_makes_a_reader_fail(text in "\\PC{0,40}", reference in any::<i64>()) {
        let reference = Timestamp::from_micros(reference);
        let _ = (iso(&text), value(&text), bsd(&text, &utc(), reference));
        let dressed = format!("Feb 29 10:10:10{text}");
        let _ = bsd(&dressed, &utc(), reference);
    }
}

proptest! {
    #[test]
    fn a_day_without_a_year_is_the_same_whatever_day_was_before(
        day in 0_i64..1_500, clock in 0_i64..86_401, after in -800_i64..800, other in 0_i64..1_500,
    ) {
        let (zone, reference) = (utc(), moment("2026-03-01T12:00:00Z").plus_micros(after * DAY / 2));
        let named = |back: i64| {
            let date = TimeZone::UTC.to_datetime(jiff::Timestamp::from(reference.plus_micros(-back * DAY)));
            (i64::from(date.month()), i64::from(date.day()))
        };
        let ((month, day), (other_month, other_day)) = (named(day), named(other));
        let alone = || {
            DAY_BEFORE.set(Day { month: 0, day: 0, start: 0 });
            latest_year(month, day, clock * SECOND, &zone, reference)
        };
        let expected = alone();
        // The same day again, and after another reference and another day.
        prop_assert_eq!(latest_year(month, day, clock * SECOND, &zone, reference), expected);
        latest_year(month, day, 0, &zone, reference.plus_micros(other * DAY));
        prop_assert_eq!(latest_year(month, day, clock * SECOND, &zone, reference), expected);
        latest_year(month, day, 0, &zone, reference.plus_micros(-other * DAY));
        prop_assert_eq!(latest_year(month, day, clock * SECOND, &zone, reference), expected);
        latest_year(other_month, other_day, 0, &zone, reference);
        prop_assert_eq!(latest_year(month, day, clock * SECOND, &zone, reference), expected);
    }

    #[test]
    fn the_year_of_a_moment_is_that_of_the_calendar(micros in -377_000_000_000_000_000_i64..253_000_000_000_000_000) {
        let moment = Timestamp::from_micros(micros);
        let year = TimeZone::UTC.to_datetime(jiff::Timestamp::from(moment)).year();
        prop_assert_eq!(year_of(moment), i64::from(year));
    }
}
