//! Asked on Wednesday, 18 November 2026, 15:30 UTC.

use jiff::tz::TimeZone;

use super::*;
use crate::words::split;

const NOW: &str = "2026-11-18T15:30:00Z";

fn shown(bound: Option<Bound>) -> String {
    match bound {
        Some(Bound::At(moment)) => moment.to_string(),
        Some(Bound::Ago(micros)) => crate::quote::span(micros),
        None => "-".into(),
    }
}

/// What `text` says, `FROM TO` of each period.
fn check_in(zone: &TimeZone, text: &str, expected: &str) {
    let now = Now { moment: NOW.parse().unwrap(), zone };
    let words = split(text).unwrap();
    let found: Vec<String> = find(&words, now)
        .into_iter()
        .map(|found| match found.when {
            When::Period(period) => format!("{} {}", shown(period.from), shown(period.to)),
            When::Recurring(recurring) => format!("{recurring:?}"),
        })
        .collect();
    assert_eq!(found.join("; "), expected, "{text}");
}

fn check(text: &str, expected: &str) {
    check_in(&TimeZone::UTC, text, expected);
}

#[test]
fn days_and_weeks() {
    check("today", "2026-11-18T00:00:00Z -");
    check("yesterday", "2026-11-17T00:00:00Z 2026-11-18T00:00:00Z");
    check("the day before yesterday", "2026-11-16T00:00:00Z 2026-11-17T00:00:00Z");
    check("this week", "2026-11-16T00:00:00Z -");
    check("last week", "2026-11-09T00:00:00Z 2026-11-16T00:00:00Z");
    check("last weekend", "2026-11-14T00:00:00Z 2026-11-16T00:00:00Z");
    check("on monday", "2026-11-16T00:00:00Z 2026-11-17T00:00:00Z");
    check("on wednesday", "2026-11-18T00:00:00Z -");
    check("last wednesday", "2026-11-11T00:00:00Z 2026-11-12T00:00:00Z");
    check("on friday", "2026-11-13T00:00:00Z 2026-11-14T00:00:00Z");
    check("3 days ago", "2026-11-15T00:00:00Z 2026-11-16T00:00:00Z");
}

#[test]
fn months_quarters_and_years() {
    check("last month", "2026-10-01T00:00:00Z 2026-11-01T00:00:00Z");
    check("last quarter", "2026-07-01T00:00:00Z 2026-10-01T00:00:00Z");
    check("this year", "2026-01-01T00:00:00Z -");
    check("in december", "2025-12-01T00:00:00Z 2026-01-01T00:00:00Z");
    check("in november", "2026-11-01T00:00:00Z -");
    check("in march 2025", "2025-03-01T00:00:00Z 2025-04-01T00:00:00Z");
    check("in q1", "2026-01-01T00:00:00Z 2026-04-01T00:00:00Z");
    check("q4 2025", "2025-10-01T00:00:00Z 2026-01-01T00:00:00Z");
    check("in 2024", "2024-01-01T00:00:00Z 2025-01-01T00:00:00Z");
    check("on 29 february 2024", "2024-02-29T00:00:00Z 2024-03-01T00:00:00Z");
}

#[test]
fn dates() {
    for text in [
        "on 3 march",
        "on march 3rd",
        "on the 3rd of march 2026",
        "2026-03-03",
        "03.03.2026",
        "on march 3, 2026",
    ] {
        check(text, "2026-03-03T00:00:00Z 2026-03-04T00:00:00Z");
    }
    check("on 24 december", "2025-12-24T00:00:00Z 2025-12-25T00:00:00Z");
    check("03/04/2026", "");
    check("2026-13-45", "");
    check("1 2 3", "");
}

#[test]
fn spans_until_now() {
    check("in the last 2 hours", "2h -");
    check("last 24h", "1d -");
    check("past week", "7d -");
    check("last hour", "1h -");
    check("over the past 15 minutes", "15m -");
    check("last two weeks", "14d -");
    check("last 3 months", "2026-08-18T00:00:00Z -");
    check("last 0 days", "");
    check("last 99999999999999999999 days", "");
    check("recently", "7d -");
}

#[test]
fn open_ends() {
    check("since monday", "2026-11-16T00:00:00Z -");
    check("since yesterday 14:00", "2026-11-17T14:00:00Z -");
    check("since 2 hours ago", "2026-11-18T13:30:00Z -");
    check("since october", "2026-10-01T00:00:00Z -");
    check("before 2026-11-10", "- 2026-11-10T00:00:00Z");
    check("until 2026-11-10", "- 2026-11-11T00:00:00Z");
    check("after 2026-11-10", "2026-11-11T00:00:00Z -");
    check("after 22:00 yesterday", "2026-11-17T22:00:00Z 2026-11-18T00:00:00Z");
    check("after 3pm", "2026-11-18T15:00:00Z -");
    check("after 22:00", "2026-11-17T22:00:00Z 2026-11-18T00:00:00Z");
    check("since 2026-11-01T08:00:00Z", "2026-11-01T08:00:00Z -");
}

#[test]
fn times_of_day() {
    check("between 14:00 and 15:00 on 3 march", "2026-03-03T14:00:00Z 2026-03-03T15:00:00Z");
    check("yesterday between 9am and 11am", "2026-11-17T09:00:00Z 2026-11-17T11:00:00Z");
    check("from 22:00 to 02:00 yesterday", "2026-11-17T22:00:00Z 2026-11-18T02:00:00Z");
    check("around 14:00 yesterday", "2026-11-17T13:30:00Z 2026-11-17T14:30:00Z");
    check("at noon", "2026-11-18T12:00:00Z 2026-11-18T12:01:00Z");
    check("at 3am", "2026-11-18T03:00:00Z 2026-11-18T04:00:00Z");
    check(
        "between 22:00 and 06:00 last week",
        "Hours { from: 22, to: 6 }; 2026-11-09T00:00:00Z 2026-11-16T00:00:00Z",
    );
    check("last night", "2026-11-17T18:00:00Z 2026-11-18T06:00:00Z");
    check("this morning", "2026-11-18T06:00:00Z 2026-11-18T12:00:00Z");
    check("yesterday evening", "2026-11-17T18:00:00Z 2026-11-18T00:00:00Z");
    check("between 25:00 and 26:00", "");
}

#[test]
fn ranges_of_days() {
    check("between 2026-11-02 and 2026-11-06", "2026-11-02T00:00:00Z 2026-11-07T00:00:00Z");
    check("from monday to wednesday", "2026-11-16T00:00:00Z 2026-11-19T00:00:00Z");
    check("from friday to monday", "2026-11-13T00:00:00Z 2026-11-17T00:00:00Z");
}

#[test]
fn what_comes_again() {
    check("outside business hours", "OutsideBusinessHours");
    check("outside of our normal working hours", "OutsideBusinessHours");
    check("during office hours", "BusinessHours");
    check("after hours", "OutsideBusinessHours");
    check("on the weekend", "Weekend");
    check("on weekends", "Weekend");
    check("on weekdays", "Weekdays");
    check("at night", "Night");
    check("at night last week", "Night; 2026-11-09T00:00:00Z 2026-11-16T00:00:00Z");
}

#[test]
fn days_begin_where_the_asker_is() {
    let berlin = TimeZone::get("Europe/Berlin").unwrap();
    check_in(&berlin, "yesterday", "2026-11-16T23:00:00Z 2026-11-17T23:00:00Z");
    // Summer time ended on 25 October 2026: that day has 25 hours.
    check_in(&berlin, "2026-10-25", "2026-10-24T22:00:00Z 2026-10-25T23:00:00Z");
    let kolkata = TimeZone::get("Asia/Kolkata").unwrap();
    check_in(&kolkata, "today", "2026-11-17T18:30:00Z -");
    let honolulu = TimeZone::get("Pacific/Honolulu").unwrap();
    check_in(&honolulu, "today", "2026-11-18T10:00:00Z -");
}
