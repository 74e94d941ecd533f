//! LEEF 1.0 and 2.0, QRadar's log event extended format: a header with bars and attributes parted by a tab or,
//! in 2.0, by a character that the header names as itself or as `x5E` or `0x5E`.
//!
//! The fields are `deviceVendor`, `deviceProduct`, `deviceVersion`, `EventID` and the attributes as they came.

use std::borrow::Cow;

use memchr::memchr;
use sentra_model::{Class, Event, FieldValue, Mart, Outcome};

use crate::address;
use crate::decoder::Context;
use crate::devices::{self, FIELDS_MAX, cef, ip, set_if_empty, words};
use crate::format::{Format, Payload, Shape};
use crate::names::note;
use crate::split::cut_at;

pub(crate) static FORMAT: Format = Format {
    name: "leef",
    title: "LEEF 1.0 and 2.0: LEEF:2.0|vendor|product|version|id|delimiter|attributes",
    sample: "LEEF:2.0|Example|Gateway|4.2|deny|^|devTime=Mar 01 2026 10:00:00^src=192.0.2.7^srcPort=40022^dst=198.51.100.9^dstPort=22^proto=TCP^sev=7^action=denied",
    shape: Shape::Text { programs: &[], recognise, parse },
};

fn recognise(payload: &Payload<'_>) -> bool {
    body(payload).is_some()
}

/// What follows `LEEF:`. Relays that take `LEEF` for the program's name leave it out.
fn body<'a>(payload: &Payload<'a>) -> Option<&'a str> {
    let text = payload.text;
    let body = match text.strip_prefix("LEEF:") {
        Some(body) => body.trim_start(),
        None if payload.program == "LEEF" => text,
        None if payload.in_syslog => {
            let head = text.get(..text.floor_char_boundary(256))?;
            text.get(cut_at(head, " LEEF:")?.0.len() + 6..)?
        }
        None => return None,
    };
    matches!(body.get(..4), Some("1.0|" | "2.0|")).then_some(body)
}

/// How the attributes are parted.
enum Delimiter<'a> {
    Character(char),
    /// rsyslog writes control characters as `#` and three octal digits.
    Text(&'a str),
}

fn parse<'a>(context: &Context<'_>, payload: &Payload<'a>, event: &mut Event<'a>) -> bool {
    let Some(body) = body(payload) else { return false };
    let mut parts = body.splitn(6, '|');
    let mut part = || parts.next();
    let (Some(version), Some(vendor), Some(product), Some(device_version), Some(id)) =
        (part(), part(), part(), part(), part())
    else {
        return false;
    };
    let rest = part().unwrap_or_default();
    let (delimiter, attributes) = delimiter(version, rest);
    devices::take_over(event, Mart::FIREWALL, "");
    event.product = Cow::Borrowed(product);
    event.fields.reserve(24);
    let header = [
        ("deviceVendor", vendor),
        ("deviceProduct", product),
        ("deviceVersion", device_version),
        ("EventID", id),
    ];
    for (name, value) in header {
        event.push(name, value);
    }
    let first = event.fields.len();
    match delimiter {
        Delimiter::Character(character) => push_attributes(event, attributes.split(character)),
        Delimiter::Text(text) => push_attributes(event, attributes.split(text)),
    }
    fill(context, payload, event, id, first);
    true
}

/// The delimiter of the attributes, and the attributes. A 2.0 record may leave the delimiter out altogether.
fn delimiter<'a>(version: &str, rest: &'a str) -> (Delimiter<'a>, &'a str) {
    let named = (version == "2.0").then(|| rest.split_once('|')).flatten();
    if let Some((name, attributes)) = named {
        let hex = name.strip_prefix("0x").or_else(|| name.strip_prefix('x')).filter(|hex| !hex.is_empty());
        let by_number = hex.and_then(|hex| u32::from_str_radix(hex, 16).ok()).and_then(char::from_u32);
        let mut characters = name.chars();
        let by_itself = characters.next().filter(|_| characters.next().is_none());
        match by_number.or(by_itself) {
            Some(character) => return (Delimiter::Character(character), attributes),
            None if name.is_empty() => return (tab_in(attributes), attributes),
            // No delimiter: the bar belongs to an attribute.
            None => {}
        }
    }
    (tab_in(rest), rest)
}

fn tab_in(attributes: &str) -> Delimiter<'_> {
    match attributes.find("#011") {
        Some(at) if memchr(b'\t', attributes.as_bytes()).is_none() => {
            Delimiter::Text(attributes.get(at..at + 4).unwrap_or("#011"))
        }
        _ => Delimiter::Character('\t'),
    }
}

fn push_attributes<'a>(event: &mut Event<'a>, attributes: impl Iterator<Item = &'a str>) {
    let (mut left_out, mut stray) = (0, 0);
    for attribute in attributes.filter(|attribute| !attribute.trim().is_empty()) {
        if event.fields.len() >= FIELDS_MAX {
            left_out += 1;
            continue;
        }
        match attribute.split_once('=') {
            Some((key, value)) if !key.trim().is_empty() => event.push(key.trim(), value.trim_end()),
            _ => {
                stray += 1;
                event.push("attribute", attribute);
            }
        }
    }
    devices::note_left_out(event, left_out);
    if stray > 0 {
        note(event, format!("{stray} attributes without a name, kept as fields"));
    }
}

fn fill<'a>(context: &Context<'_>, payload: &Payload<'a>, event: &mut Event<'a>, id: &'a str, first: usize) {
    let fields = std::mem::take(&mut event.fields);
    let mut action = Cow::Borrowed("");
    let (mut url, mut method, mut agent) = (Cow::Borrowed(""), Cow::Borrowed(""), Cow::Borrowed(""));
    let (mut category, mut time) = (Cow::Borrowed(""), None);
    for (key, value) in fields.iter().skip(first) {
        let FieldValue::Text(value) = value else { continue };
        match key.as_ref() {
            "src" => event.src_ip = ip(value),
            "dst" => event.dst_ip = ip(value),
            "srcPort" => event.src_port = address::port(value),
            "dstPort" => event.dst_port = address::port(value),
            "usrName" | "accountName" => set_if_empty(&mut event.user, value),
            "identHostName" | "resource" | "hostName" | "shost" => set_if_empty(&mut event.domain, value),
            "devName" | "deviceName" | "DeviceName" => set_if_empty(&mut event.host, value),
            "sev" | "severity" => event.severity = devices::severity_of_ten(value),
            "url" | "requestUrl" | "URL" => set_if_empty(&mut url, value),
            "method" | "requestMethod" => set_if_empty(&mut method, value),
            "userAgent" | "useragent" => set_if_empty(&mut agent, value),
            "action" | "act" | "Action" | "disposition" | "outcome" => set_if_empty(&mut action, value),
            "msg" | "message" | "reason" => set_if_empty(&mut event.message, value),
            "cat" => category = value.clone(),
            "file" | "fileName" | "filePath" => set_if_empty(&mut event.file, value),
            "application" | "Application" | "app" => set_if_empty(&mut event.app, value),
            "pgmName" => set_if_empty(&mut event.process, value),
            "jobName" | "sessionID" | "SessionID" => set_if_empty(&mut event.session, value),
            "devTime" => time = moment(context, value),
            _ => {}
        }
    }
    event.fields = fields;
    devices::settle_time(event, payload, time);
    event.outcome = devices::outcome_of(&action);
    if event.outcome == Outcome::Unknown {
        event.outcome = devices::outcome_of(id);
    }
    let by_id = words::meaning(id, event.outcome);
    if let Some((class, code, outcome)) = by_id.or_else(|| words::meaning(&category, event.outcome)) {
        (event.class, event.code, event.outcome) = (class, Some(code), outcome);
    } else if !url.is_empty() {
        event.class = Class::HTTP;
        if event.domain.is_empty() {
            event.domain = devices::url_host_of(&url);
        }
        devices::push_proxy_names(event, &url, &method, &agent);
    } else if !event.src_ip.is_empty() && !event.dst_ip.is_empty() {
        event.class = Class::NETWORK;
    }
    devices::push_firewall_names(event);
}

/// CEF's forms of a time and IBM's `2026-03-01-10.00.00.123`.
fn moment(context: &Context<'_>, text: &str) -> Option<sentra_model::Timestamp> {
    cef::moment(context, text, "").or_else(|| {
        let (date, clock) = text.split_at_checked(10)?;
        let clock = clock.strip_prefix('-')?.replacen('.', ":", 2);
        crate::time::value(&format!("{date}T{clock}")).map(|time| context.resolve(time))
    })
}

#[cfg(test)]
#[path = "leef_tests.rs"]
mod tests;
