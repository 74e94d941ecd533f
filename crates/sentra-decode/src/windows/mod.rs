//! Windows events, however they were shipped.
//!
//! Flat JSON (NXLog, OTRF), Winlogbeat's nested JSON, the JSON of EVTX tools (`Event.System`, `Event.EventData`)
//! and XML all become the same flat names, those that Sigma rules use:
//!
//! * values of `System` under their own names, attributes as `Provider_Name`, `Security_UserID`,
//!   `Execution_ProcessID` (which must not clash with `ProcessId` of the event's data);
//! * values of `EventData` and `UserData` under their own names, without the blanks in them
//!   (`Threat Name` is `ThreatName`); data without a name is `Data`, as often as it comes;
//! * whatever the shipper adds under the shipper's names.

mod fill;
mod meaning;
mod names;
mod positions;
mod service;
pub(crate) mod xml;

use std::borrow::Cow;

use sentra_model::{Event, FieldValue, Mart};

use crate::decoder::Context;
use crate::flatten::Field;
use crate::format::{Format, Shape};
use crate::names::{header_text, is_placeholder, note};
use crate::time;

pub(crate) static FORMAT: Format = Format {
    name: "windows",
    title: "Windows events with an EventID: EVTX, XML, and the JSON of common shippers",
    sample: r#"{"EventID":4625,"Channel":"Security","Hostname":"dc1.example.com","TimeCreated":"2026-03-01T10:00:00Z","TargetUserName":"alice","IpAddress":"192.0.2.7","LogonType":3}"#,
    shape: Shape::Object { recognise: is_event, decode },
};

/// Whether the flat fields are those of a Windows event.
pub(crate) fn is_event(fields: &[Field<'_>]) -> bool {
    let mut has_id = false;
    let mut has_log = false;
    for (name, _) in fields {
        // Few names begin like one of those below.
        if !matches!(name.as_bytes().first(), Some(b'E' | b'C' | b'S' | b'P' | b'L' | b'w')) {
            continue;
        }
        has_id |= is_id(name);
        match name.as_ref() {
            "Channel" | "SourceName" | "ProviderName" | "Provider_Name" | "ProviderGuid" | "LogName"
            | "Provider" | "SourceModuleName" => has_log = true,
            name if ["winlog.", "Event.System.", "System."].iter().any(|prefix| name.starts_with(prefix)) => {
                has_log = true;
            }
            _ => {}
        }
        if has_id && has_log {
            return true;
        }
    }
    false
}

/// Whether `name` is that of the event's id, or of a part of it where Windows itself writes it:
/// `Event.System.EventID`, `System.EventID.Qualifiers`.
pub(crate) fn is_id(name: &str) -> bool {
    // Few names begin like one of these.
    matches!(name.as_bytes().first(), Some(b'E' | b'S' | b'w'))
        && (matches!(name, "EventID" | "EventId" | "Event ID" | "winlog.event_id")
            || name.strip_prefix("Event.").unwrap_or(name).starts_with("System.EventID"))
}

/// The event of the flat fields of a record.
pub(crate) fn decode<'a>(context: &Context<'_>, fields: Vec<Field<'a>>) -> Event<'a> {
    let mut fields = names::normalise(fields);
    positions::name(&mut fields);
    let (time, problem) = moment(context, &fields);
    let mut event = Event::new("windows", Mart::WINDOWS, time);
    if let Some(problem) = problem {
        note(&mut event, problem);
    }
    event.product = Cow::Borrowed("windows");
    fill::header(&mut event, &fields);
    event.fields = fields;
    event
}

/// How far a whole-hour difference between two clocks may be off and still be a zone, in microseconds.
const ZONE_SLACK: i64 = 5 * 60 * 1_000_000;
/// Zones differ from UTC by multiples of this, in microseconds.
const ZONE_STEP: i64 = 15 * 60 * 1_000_000;
/// No zone is farther from UTC, in microseconds.
const ZONE_MAX: i64 = 14 * 3_600 * 1_000_000;

/// When the event happened.
///
/// Shippers write several times. In this order: the event's own time with a zone (`TimeCreated`, `SystemTime`,
/// `EventTime`); the event's own time without a zone, if `@timestamp` lies a plausible zone's distance from it
/// (then the distance is the zone); `@timestamp` where there is no own time; Sysmon's `UtcTime`; the own time in
/// the configured zone; the time of arrival.
fn moment(context: &Context<'_>, fields: &[Field<'_>]) -> (sentra_model::Timestamp, Option<&'static str>) {
    let (mut own, mut shipped, mut utc) = (None, None, None);
    for (name, value) in fields {
        let slot = match name.as_ref() {
            "TimeCreated" | "TimeCreated.SystemTime" | "SystemTime" | "EventTime" | "TimeGenerated" => {
                &mut own
            }
            "@timestamp" => &mut shipped,
            "UtcTime" => &mut utc,
            _ => continue,
        };
        let parsed = match value {
            FieldValue::Text(text) => time::value(text),
            other => time::value(&other.as_text()),
        };
        // The first one wins, but one with a zone wins over one without.
        if slot.is_none_or(|earlier: time::WallTime| !earlier.has_zone()) && parsed.is_some() {
            *slot =
                if slot.is_some() && !parsed.is_some_and(time::WallTime::has_zone) { *slot } else { parsed };
        }
    }
    match (own, shipped, utc) {
        (Some(own), _, _) if own.has_zone() => (context.resolve(own), None),
        (Some(own), Some(shipped), _) if is_zone_apart(own, shipped) => (zoned_by(own, shipped), None),
        (None, Some(shipped), _) => (context.resolve(shipped), None),
        // Sysmon writes UTC without saying so.
        (_, _, Some(utc)) => (sentra_model::Timestamp::from_micros(utc.wall_micros()), None),
        (Some(own), _, _) => (context.resolve(own), None),
        (None, None, None) => (context.received, Some("no time in the record, arrival time taken")),
    }
}

fn is_zone_apart(own: time::WallTime, shipped: time::WallTime) -> bool {
    let apart = shipped.wall_micros() - own.wall_micros();
    let beyond = apart.rem_euclid(ZONE_STEP);
    shipped.has_zone() && apart.abs() <= ZONE_MAX + ZONE_SLACK && beyond <= ZONE_SLACK
}

fn zoned_by(own: time::WallTime, shipped: time::WallTime) -> sentra_model::Timestamp {
    let apart = shipped.wall_micros() - own.wall_micros();
    let zone = apart.div_euclid(ZONE_STEP) * ZONE_STEP;
    let second = 1_000_000;
    let is_whole_second = own.wall_micros() % second == 0;
    // `EventTime` in whole seconds, `@timestamp` in the same second: the finer one keeps the order of events.
    let micros = if is_whole_second && apart - zone < second {
        shipped.wall_micros()
    } else {
        own.wall_micros() + zone
    };
    sentra_model::Timestamp::from_micros(micros)
}

/// The number in `value`: an integer, or text of digits.
fn number(value: &FieldValue<'_>) -> Option<i64> {
    match value {
        FieldValue::Integer(number) => Some(*number),
        FieldValue::Text(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// The value as header text; placeholders are nothing.
fn known<'a>(value: Option<&FieldValue<'a>>) -> Cow<'a, str> {
    value.filter(|value| !is_placeholder(value)).map(header_text).unwrap_or_default()
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
