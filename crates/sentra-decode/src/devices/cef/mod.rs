//! CEF, revision 25, bare or in syslog: the common event format of appliances and security products.
//!
//! The fields are the header's parts under ArcSight's names (`deviceVendor`, `deviceEventClassId`, `name` …),
//! the extension's keys as they came, and every labelled custom value a second time under its label:
//! `cs1Label=Policy cs1=strict` gives `cs1`, `cs1Label` and `Policy`.

mod fill;
mod powertech;
mod record;

use std::borrow::Cow;

use memchr::memchr_iter;
use sentra_model::{Event, FieldValue, Mart};

use crate::decoder::Context;
use crate::devices::{self, FIELDS_MAX};
use crate::format::{Format, Payload, Shape};
use crate::split::cut_at;
pub(crate) use fill::moment;
pub use record::{CefExtension, CefHeader, parse_cef};

/// How far into a syslog message CEF is looked for, when a relay has put a second envelope around it.
const WITHIN_BYTES_MAX: usize = 256;
/// Law LIMIT: further labels are not paired with their values.
const LABELS_MAX: usize = 32;

pub(crate) static FORMAT: Format = Format {
    name: "cef",
    title: "CEF, the common event format: CEF:0|vendor|product|version|id|name|severity|extension",
    sample: "CEF:0|Example|Gateway|4.2|100|Connection blocked|7|rt=1772359200000 src=192.0.2.7 spt=40022 dst=198.51.100.9 dpt=22 proto=TCP act=blocked cs1Label=Policy cs1=no ssh from outside",
    shape: Shape::Text { programs: &[], recognise, parse },
};

fn recognise(payload: &Payload<'_>) -> bool {
    start(payload).is_some()
}

/// The text from `CEF:0|` on. Relays that take `CEF` for the program's name leave `0|`.
fn start<'a>(payload: &Payload<'a>) -> Option<&'a str> {
    let text = payload.text;
    if let Some(rest) = text.strip_prefix("CEF:") {
        let rest = rest.trim_start().as_bytes();
        return rest.first().is_some_and(u8::is_ascii_digit).then_some(text);
    }
    if matches!(text.get(..2), Some("0|" | "1|")) {
        let is_header = payload.program == "CEF" || memchr_iter(b'|', text.as_bytes()).take(7).count() == 7;
        return is_header.then_some(text);
    }
    if !payload.in_syslog {
        return None;
    }
    let head = text.get(..text.floor_char_boundary(WITHIN_BYTES_MAX))?;
    let (before, _) = cut_at(head, " CEF:0|")?;
    text.get(before.len() + 1..)
}

fn parse<'a>(context: &Context<'_>, payload: &Payload<'a>, event: &mut Event<'a>) -> bool {
    let Some(text) = start(payload) else { return false };
    let Some((header, mut extension)) = parse_cef(text) else { return false };
    devices::take_over(event, Mart::FIREWALL, "");
    event.fields.reserve(48);
    let source = fill::Names::of(&header);
    push_header(event, header);
    let first = event.fields.len();
    let room = FIELDS_MAX.saturating_sub(first);
    let mut labels = Vec::new();
    for (key, value) in extension.by_ref().take(room) {
        if key.len() > 5 && key.ends_with("Label") && labels.len() < LABELS_MAX {
            labels.push(event.fields.len());
        }
        event.push(key, FieldValue::Text(value));
    }
    devices::note_left_out(event, extension.by_ref().count());
    let stray = extension.remainder();
    if !stray.is_empty() {
        event.push("extension", stray);
        crate::names::note(event, "extension not understood, kept as a field");
    }
    for label in labels {
        pair(event, label, first);
    }
    fill::fill(context, payload, event, &source, first);
    true
}

fn push_header<'a>(event: &mut Event<'a>, header: CefHeader<'a>) {
    let parts = [
        ("deviceVendor", header.device_vendor),
        ("deviceProduct", header.device_product),
        ("deviceVersion", header.device_version),
        ("deviceEventClassId", header.event_class_id),
        ("name", header.name),
        ("severity", header.severity),
    ];
    for (name, value) in parts {
        event.push(name, FieldValue::Text(value));
    }
}

/// Adds the value that the label at `label` names under that label.
fn pair(event: &mut Event<'_>, label: usize, first: usize) {
    let Some((key, FieldValue::Text(name))) = event.fields.get(label) else { return };
    let Some(base) = key.strip_suffix("Label") else { return };
    let mut values = event.fields.iter().skip(first);
    let Some((_, value)) = values.find(|(field, _)| field == base) else { return };
    if name.is_empty() || event.fields.len() >= FIELDS_MAX {
        return;
    }
    let (name, value): (Cow<'_, str>, FieldValue<'_>) = (name.clone(), value.clone());
    event.fields.push((name, value));
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
