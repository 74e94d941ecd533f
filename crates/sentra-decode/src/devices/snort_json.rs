//! Snort 3's `alert_json`: one object per alert, whose fields the operator has chosen.

use std::borrow::Cow;

use sentra_model::{Class, Event, FieldValue, Mart, Outcome};

use crate::address;
use crate::decoder::Context;
use crate::devices::{self, ids};
use crate::flatten::Field;
use crate::format::{Format, Shape};
use crate::names::{first_of, header_text, note};
use crate::time;

pub(crate) static FORMAT: Format = Format {
    name: "snort_json",
    title: "Snort 3 alerts as JSON, from alert_json",
    sample: r#"{"timestamp":"03/01-10:00:00.123456","pkt_num":5,"proto":"TCP","pkt_gen":"raw","pkt_len":97,"dir":"C2S","src_ap":"192.0.2.7:40022","dst_ap":"198.51.100.9:22","rule":"1:1000001:1","action":"allow","msg":"SSH brute force"}"#,
    shape: Shape::Object { recognise, decode },
};

fn recognise(fields: &[Field<'_>]) -> bool {
    let has = |wanted: &str| fields.iter().any(|(name, _)| name == wanted);
    let is_alert = has("rule") || (has("gid") && has("sid"));
    is_alert && (has("pkt_num") || has("src_ap") || has("pkt_gen")) && (has("timestamp") || has("seconds"))
}

fn decode<'a>(context: &Context<'_>, fields: Vec<Field<'a>>) -> Event<'a> {
    let header = |names: &[&str]| first_of(&fields, names).map(header_text).unwrap_or_default();
    let mut event = Event::new("snort_json", Mart::FIREWALL, context.received);
    event.product = Cow::Borrowed("snort");
    event.class = Class::DETECTION_FINDING;
    let stamp = header(&["timestamp"]);
    let seconds =
        first_of(&fields, &["seconds"]).and_then(|value| time::epoch_integer(value.as_text().parse().ok()?));
    let time =
        seconds.or_else(|| time::month_first(&stamp, context.zone, context.reference).map(|(time, _)| time));
    match time {
        Some(time) => event.time = time,
        None => note(&mut event, "no time in the record, arrival time taken"),
    }
    (event.src_ip, event.src_port) = end(&fields, "src_addr", "src_port", "src_ap");
    (event.dst_ip, event.dst_port) = end(&fields, "dst_addr", "dst_port", "dst_ap");
    event.message = header(&["msg"]);
    event.app = header(&["service"]);
    event.severity = ids::severity(&header(&["priority"]));
    event.outcome = match header(&["action"]).as_ref() {
        "drop" | "block" | "reject" | "react" => Outcome::Failure,
        "allow" | "pass" | "log" | "alert" => Outcome::Success,
        _ => Outcome::Unknown,
    };
    let rule = header(&["rule"]);
    event.fields = fields;
    let parts = rule.split(':').map(|part| Cow::Owned(part.to_owned()));
    for (name, value) in ["gid", "sid", "rev"].into_iter().zip(parts) {
        devices::push_new(&mut event, name, FieldValue::Text(value));
    }
    devices::push_missing_firewall_names(&mut event);
    event
}

/// Address and port, each in a field of its own or both in one.
fn end<'a>(fields: &[Field<'a>], host: &str, port: &str, both: &str) -> (Cow<'a, str>, u16) {
    let text = |name: &str| first_of(fields, &[name]).map(header_text).unwrap_or_default();
    let address = address::ip_of(&text(host)).unwrap_or_default();
    if !address.is_empty() {
        return (address, address::port(&text(port)));
    }
    match text(both) {
        Cow::Borrowed(text) => ids::end(text),
        Cow::Owned(text) => {
            let (address, port) = ids::end(&text);
            (Cow::Owned(address.into_owned()), port)
        }
    }
}

#[cfg(test)]
#[path = "snort_json_tests.rs"]
mod tests;
