//! Cisco: the firewalls' `%ASA-6-302013: …` (also `%FTD-` and `%PIX-`) and what IOS writes in the same dress,
//! `%SYS-5-CONFIG_I: …`.
//!
//! The fields are `tag`, `message_id`, `level`, `message` and what the message of a known number holds, under names of
//! our own where Cisco has none. A message of an unknown number keeps its number and its text.
//!
//! Which line counts a failed login: 113005 and 113015, the answer of AAA, which administrators and VPN users
//! both wait for. 605004 and 611102, which follow it for administrators, say the outcome without a code.
//! A login that worked is counted where its session begins: 605005, 113039, 716001.

mod asa;
mod ios;
mod messages;
mod template;

use std::borrow::Cow;

use memchr::memchr;
use sentra_model::{Event, FieldValue, Mart};

use crate::decoder::Context;
use crate::devices::{self, push_new};
use crate::format::{Format, Payload, Shape};
use crate::names::note;
use crate::time;

pub(crate) static FORMAT: Format = Format {
    name: "cisco",
    title: "Cisco ASA, FTD, PIX and IOS messages: %ASA-6-302013: …",
    sample: "<166>Mar 01 2026 10:00:00 fw1 : %ASA-6-302013: Built outbound TCP connection 4711 for outside:198.51.100.9/443 (198.51.100.9/443) to inside:192.0.2.7/40022 (203.0.113.1/40022)",
    shape: Shape::Text { programs: &[], recognise, parse },
};

/// How far into a message its tag begins: a sequence number, a host and a time may stand before it.
const TAG_WITHIN_BYTES_MAX: usize = 96;
/// Longer tags are prose with a percent sign in it.
const TAG_BYTES_MAX: usize = 64;

/// Abbreviations of time zones which stand where other lines have the name of the host.
const ZONES: [&str; 14] =
    ["UTC", "GMT", "EST", "EDT", "CST", "CDT", "MST", "MDT", "PST", "PDT", "CET", "CEST", "BST", "JST"];

/// A message in its parts.
struct Tagged<'a> {
    /// What stands before the tag.
    before: &'a str,
    /// `ASA-6-302013`.
    tag: &'a str,
    /// `ASA`, `SYS`, `SEC_LOGIN`.
    facility: &'a str,
    level: &'a str,
    /// `302013` or `CONFIG_I`.
    id: &'a str,
    message: &'a str,
    /// From the percent sign on, where tag and message stand together.
    whole: Option<&'a str>,
}

impl Tagged<'_> {
    fn is_firewall(&self) -> bool {
        matches!(self.facility, "ASA" | "FTD" | "PIX" | "FWSM" | "NGIPS")
            && self.id.bytes().all(|byte| byte.is_ascii_digit())
    }
}

fn recognise(payload: &Payload<'_>) -> bool {
    tagged(payload).is_some()
}

fn tagged<'a>(payload: &Payload<'a>) -> Option<Tagged<'a>> {
    let found = match payload.program.strip_prefix('%') {
        // `%ASA-4-106023: …` without a host: the envelope took the tag for a program.
        Some(tag) => split(tag).map(|(facility, level, id)| Tagged {
            before: "",
            tag,
            facility,
            level,
            id,
            message: payload.text,
            whole: None,
        })?,
        None => in_text(payload.text)?,
    };
    // A bare line may carry IOS' sequence number; everything else before the tag is a syslog envelope.
    let sequence = found.before.split(':').next().unwrap_or_default();
    let is_bare = found.before.is_empty() || sequence.bytes().all(|byte| byte.is_ascii_digit());
    // IOS names no program.
    let is_program =
        payload.program.bytes().any(|byte| !byte.is_ascii_digit()) && !payload.program.starts_with('%');
    let is_ours = found.is_firewall() || !is_program || ZONES.contains(&payload.program);
    ((payload.in_syslog || is_bare) && is_ours).then_some(found)
}

fn in_text(text: &str) -> Option<Tagged<'_>> {
    let bytes = text.as_bytes();
    let at = memchr(b'%', bytes.get(..TAG_WITHIN_BYTES_MAX).unwrap_or(bytes))?;
    let (before, whole) = text.split_at_checked(at)?;
    if !(before.is_empty() || before.ends_with(' ')) {
        return None;
    }
    let rest = whole.get(1..)?;
    let end = rest.find([':', ' '])?;
    let (tag, message) = rest.split_at_checked(end).filter(|(tag, _)| tag.len() <= TAG_BYTES_MAX)?;
    let (facility, level, id) = split(tag)?;
    let message = message.trim_start_matches([':', ' ']);
    Some(Tagged { before, tag, facility, level, id, message, whole: Some(whole) })
}

/// `FACILITY-level-MNEMONIC`, where subfacilities and the name of a logging class may stand in between.
fn split(tag: &str) -> Option<(&str, &str, &str)> {
    let (head, id) = tag.rsplit_once('-')?;
    let (facility, level) = head.rsplit_once('-')?;
    let is_level = matches!(level.as_bytes(), [b'0'..=b'7']);
    let is_name = |text: &str| {
        !text.is_empty()
            && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
    };
    let facility = facility.split('-').next().unwrap_or(facility);
    (is_level && is_name(id) && is_name(facility)).then_some((facility, level, id))
}

fn parse<'a>(context: &Context<'_>, payload: &Payload<'a>, event: &mut Event<'a>) -> bool {
    let Some(found) = tagged(payload) else { return false };
    devices::take_over(event, Mart::FIREWALL, "cisco");
    event.severity = devices::severity_of_level(found.level);
    host_and_time(context, payload, event, found.before);
    event.message = Cow::Borrowed(found.message);
    event.fields.reserve(16);
    for (name, value) in [("tag", found.tag), ("message_id", found.id), ("level", found.level)] {
        event.push(name, value);
    }
    let whole = match found.whole {
        Some(whole) => Cow::Borrowed(whole),
        None => Cow::Owned(format!("%{}: {}", found.tag, found.message)),
    };
    event.push("message", FieldValue::Text(whole));
    if found.is_firewall() {
        asa::fill(event, found.id, found.message);
    } else {
        ios::fill(event, &found);
    }
    devices::push_firewall_names(event);
    true
}

/// `45: sw1: *Mar  1 10:00:00.123: ` before the tag, or a host that the envelope took for a program.
fn host_and_time<'a>(context: &Context<'_>, payload: &Payload<'a>, event: &mut Event<'a>, before: &'a str) {
    let mut moment = None;
    let mut host = "";
    for part in before.split_inclusive(": ") {
        let part = part.trim_start_matches(['*', '.', ':']);
        // The colons of a clock are followed by no blank, so a time stands in one part.
        match time::bsd(part, context.zone, context.reference) {
            Some((time, _)) => moment = Some(time),
            None => {
                let name = part.trim_end_matches([':', ' ']);
                let is_number = name.bytes().all(|byte| byte.is_ascii_digit());
                if !is_number && !name.contains(' ') && !ZONES.contains(&name) {
                    host = name;
                }
            }
        }
    }
    if moment.is_some() || !payload.in_syslog {
        devices::settle_time(event, payload, moment);
    }
    let program = payload.program;
    if ZONES.contains(&program) {
        if !matches!(program, "UTC" | "GMT") {
            note(event, "time zone without a number not applied");
        }
    } else if host.is_empty()
        && !program.starts_with('%')
        && program.bytes().any(|byte| !byte.is_ascii_digit())
    {
        host = program;
    }
    if event.host.is_empty() && !host.is_empty() {
        event.host = Cow::Borrowed(host);
        push_new(event, "hostname", FieldValue::from(host));
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
