//! Alerts as lines of text: Suricata's fast log and Snort's fast alerts, in files and in syslog.
//!
//! Both wrote the same line once. Suricata's has a year of four digits; Snort's has none or one of two
//! digits, and version 3 puts quotes around the message. In syslog the program says who it is.

use std::borrow::Cow;

use sentra_model::{Class, Event, Mart, Outcome, Severity};

use super::ids_line::{self, Alert};
use crate::address;
use crate::decoder::Context;
use crate::devices;
use crate::format::{Format, Payload, Shape};
use crate::names::note;

pub(crate) static SURICATA_FAST: Format = Format {
    name: "suricata_fast",
    title: "Suricata fast.log alerts",
    sample: "03/01/2026-10:00:00.123456  [**] [1:2001219:20] ET SCAN Potential SSH Scan [**] [Classification: Attempted Information Leak] [Priority: 2] {TCP} 192.0.2.7:40022 -> 198.51.100.9:22",
    shape: Shape::Text {
        programs: &["suricata"],
        recognise: |payload| is_line(payload, true),
        parse: |context, payload, event| parse(context, payload, event, "suricata"),
    },
};

pub(crate) static SNORT: Format = Format {
    name: "snort",
    title: "Snort alerts as lines, from alert_fast or syslog",
    sample: "03/01-10:00:00.123456 [**] [1:1000001:1] \"SSH brute force\" [**] [Classification: Misc Attack] [Priority: 2] {TCP} 192.0.2.7:40022 -> 198.51.100.9:22",
    shape: Shape::Text {
        programs: &["snort", "snort3"],
        recognise: |payload| is_line(payload, false),
        parse: |context, payload, event| parse(context, payload, event, "snort"),
    },
};

fn is_line(payload: &Payload<'_>, is_suricata: bool) -> bool {
    let Some(shape) = ids_line::shape(payload.text) else { return false };
    match payload.program {
        "suricata" => is_suricata,
        "snort" | "snort3" => !is_suricata,
        _ => shape.has_long_year == is_suricata && (!payload.in_syslog || shape.has_time),
    }
}

fn parse<'a>(
    context: &Context<'_>,
    payload: &Payload<'a>,
    event: &mut Event<'a>,
    product: &'static str,
) -> bool {
    let Some((alert, time)) = ids_line::parse(context, payload.text) else { return false };
    devices::take_over(event, Mart::FIREWALL, product);
    event.class = Class::DETECTION_FINDING;
    devices::settle_time(event, payload, time);
    if alert.source.is_empty() {
        note(event, "no addresses in the alert");
    }
    event.severity = severity(alert.priority);
    event.outcome = match alert.verdict {
        "Drop" | "drop" | "block" | "reject" => Outcome::Failure,
        _ => Outcome::Unknown,
    };
    event.message = Cow::Borrowed(alert.message);
    (event.src_ip, event.src_port) = end(alert.source);
    (event.dst_ip, event.dst_port) = end(alert.target);
    push_fields(event, &alert);
    devices::push_firewall_names(event);
    true
}

fn push_fields<'a>(event: &mut Event<'a>, alert: &Alert<'a>) {
    let fields = [
        ("gid", alert.generator),
        ("sid", alert.signature),
        ("rev", alert.revision),
        ("msg", alert.message),
        ("classification", alert.classification),
        ("priority", alert.priority),
        ("proto", alert.protocol),
        ("action", alert.verdict),
        ("src_ap", alert.source),
        ("dst_ap", alert.target),
    ];
    for (name, value) in fields.into_iter().filter(|(_, value)| !value.is_empty()) {
        event.push(name, value);
    }
}

/// Priorities of rules: 1 is the worst.
pub(crate) fn severity(priority: &str) -> Severity {
    match priority {
        "1" => Severity::High,
        "2" => Severity::Medium,
        "3" => Severity::Low,
        "4" | "255" => Severity::Informational,
        _ => Severity::Unknown,
    }
}

/// `192.0.2.7:40022`, `[2001:db8::1]:443`, `2001:db8::1:443` or an address alone.
pub(crate) fn end(text: &str) -> (Cow<'_, str>, u16) {
    if text.matches(':').count() != 1 {
        // The last group of an IPv6 address and a port look alike; the port is behind a bracket or the eighth colon.
        let is_with_port = text.contains("]:") || text.matches(':').count() == 8;
        if !is_with_port {
            return (address::ip(text).map(Cow::Borrowed).unwrap_or_default(), 0);
        }
    }
    let (host, port) = text.rsplit_once(':').unwrap_or((text, ""));
    (address::ip(host).map(Cow::Borrowed).unwrap_or_default(), address::port(port))
}

#[cfg(test)]
#[path = "ids_tests.rs"]
mod tests;
