//! Firewalls, sensors and the two formats that appliances of every kind speak, CEF and LEEF.
//!
//! Everything here goes to the mart `firewall` but where a record says that it is another's: IBM i records in
//! CEF are `legacy`, identity products and web proxies that speak CEF or LEEF are `identity` and `proxy`.
//! Zeek stays in `firewall` as a whole, its HTTP log too: a sensor sees packets, it is no proxy that decides
//! about them, and the logs of one connection share their `uid` only while they lie in one table.
//!
//! Sensors carry no login codes: what Zeek infers from packets about a login, the host says in its own log,
//! and a failed login must be counted once.

#![expect(clippy::ptr_arg, reason = "a clone of a Cow stays borrowed where it was")]

pub(crate) mod cef;
pub(crate) mod cisco;
pub(crate) mod fortinet;
pub(crate) mod ids;
mod ids_line;
pub(crate) mod leef;
pub(crate) mod panos;
pub(crate) mod snort_json;
pub(crate) mod suricata;
pub(crate) mod words;
pub(crate) mod zeek;

use std::borrow::Cow;

use sentra_model::{Class, Event, FieldValue, Mart, Outcome, Severity, Timestamp};

use crate::address;
use crate::format::Payload;
use crate::names::note;

/// What the envelope says of a line without a time.
const NO_TIME: &str = "no time in the record, arrival time taken";
/// Law LIMIT: further fields of a record are left out, and its problem says how many.
pub(crate) const FIELDS_MAX: usize = 1_024;

/// Makes the event that of a device: what the syslog envelope took for a program is part of the message here,
/// and the fields `message` and `severity` are the device's own.
pub(crate) fn take_over(event: &mut Event<'_>, mart: Mart, product: &'static str) {
    event.mart = mart;
    event.product = Cow::Borrowed(product);
    event.service = Cow::Borrowed("");
    event.process = Cow::Borrowed("");
    event.pid = Cow::Borrowed("");
    event.app = Cow::Borrowed("");
    event.message = Cow::Borrowed("");
    event.fields.retain(|(name, _)| {
        !matches!(name.as_ref(), "message" | "severity" | "program" | "appname" | "pid" | "procid")
    });
}

/// Sets the time that the record itself names. Without one the envelope's stays, and a bare line says so.
pub(crate) fn settle_time(event: &mut Event<'_>, payload: &Payload<'_>, time: Option<Timestamp>) {
    let Some(time) = time else {
        if !payload.in_syslog {
            note(event, NO_TIME);
        }
        return;
    };
    event.time = time;
    let rest = event.problem.as_deref().and_then(|problem| problem.strip_prefix(NO_TIME));
    if let Some(rest) = rest {
        let rest = rest.trim_start_matches("; ").to_owned();
        event.problem = (!rest.is_empty()).then_some(Cow::Owned(rest));
    }
}

/// The address in `text`; empty when it is none or unspecified.
pub(crate) fn ip<'a>(text: &Cow<'a, str>) -> Cow<'a, str> {
    if matches!(text.as_ref(), "" | "0.0.0.0" | "::") {
        return Cow::Borrowed("");
    }
    address::ip_of(text).unwrap_or_default()
}

/// Sets `slot` unless an earlier field has; empty and placeholder values never do.
pub(crate) fn set_if_empty<'a>(slot: &mut Cow<'a, str>, value: &Cow<'a, str>) {
    if slot.is_empty() && !is_nothing(value) {
        *slot = value.clone();
    }
}

/// How devices write that there is no value.
pub(crate) fn is_nothing(value: &str) -> bool {
    matches!(value, "" | "-" | "N/A" | "n/a" | "null" | "unknown" | "(null)" | "None" | "none")
}

/// Sigma's names of the firewall category beside the source's own: `src_ip`, `dst_ip`, `dst_port`,
/// `src_port`, and `blocked` where the outcome is known. For sources that use none of these names.
pub(crate) fn push_firewall_names(event: &mut Event<'_>) {
    push_firewall_names_but(event, |_| false);
}

/// [`push_firewall_names`] without those that the source uses itself.
pub(crate) fn push_missing_firewall_names(event: &mut Event<'_>) {
    const NAMES: [&str; 5] = ["src_ip", "dst_ip", "src_port", "dst_port", "blocked"];
    let used = NAMES.map(|name| event.field(name).is_some().then_some(name));
    push_firewall_names_but(event, |name| used.contains(&Some(name)));
}

fn push_firewall_names_but(event: &mut Event<'_>, is_used: impl Fn(&str) -> bool) {
    for (name, value) in [("src_ip", event.src_ip.clone()), ("dst_ip", event.dst_ip.clone())] {
        if !value.is_empty() && !is_used(name) {
            event.push(name, FieldValue::Text(value));
        }
    }
    for (name, port) in [("src_port", event.src_port), ("dst_port", event.dst_port)] {
        if port != 0 && !is_used(name) {
            event.push(name, FieldValue::Integer(i64::from(port)));
        }
    }
    // Elsewhere the outcome is that of a login or a request, not of letting something pass.
    let is_about_passing = matches!(event.class, Class::NETWORK | Class::DETECTION_FINDING);
    let blocked = match event.outcome {
        Outcome::Success => "false",
        Outcome::Failure => "true",
        Outcome::Unknown => return,
    };
    if is_about_passing && !is_used("blocked") {
        event.push("blocked", blocked);
    }
}

/// Adds a field under a name that the source may use itself; empty text is no value.
pub(crate) fn push_new<'a>(event: &mut Event<'a>, name: &'static str, value: FieldValue<'a>) {
    let is_empty = matches!(&value, FieldValue::Text(text) if text.is_empty());
    if !is_empty && event.field(name).is_none() {
        event.push(name, value);
    }
}

/// Adds every value of the field `own` under `name`, unless the source uses that name itself.
pub(crate) fn push_copies(event: &mut Event<'_>, own: &str, name: &'static str) {
    if event.field(name).is_some() {
        return;
    }
    let values: Vec<_> =
        event.fields.iter().filter(|(field, _)| field == own).map(|(_, value)| value.clone()).collect();
    event.fields.extend(values.into_iter().map(|value| (Cow::Borrowed(name), value)));
}

/// Words for letting something pass, or for a step that worked.
const GOOD: [&str; 24] = [
    "allow",
    "allowed",
    "accept",
    "accepted",
    "permit",
    "permitted",
    "est-allowed",
    "pass",
    "passed",
    "passthrough",
    "forward",
    "success",
    "succeeded",
    "ok",
    "alert",
    "continue",
    "close",
    "start",
    "client-rst",
    "server-rst",
    "timeout",
    "detected",
    "monitored",
    "logged",
];

/// Words for stopping something, or for a step that failed.
const BAD: [&str; 28] = [
    "deny",
    "denied",
    "block",
    "blocked",
    "block-url",
    "block-ip",
    "block-continue",
    "block-override",
    "drop",
    "dropped",
    "discard",
    "reject",
    "rejected",
    "reset",
    "reset-both",
    "reset-client",
    "reset-server",
    "reset both",
    "reset client",
    "reset server",
    "drop icmp",
    "random-drop",
    "sinkhole",
    "failure",
    "failed",
    "fail",
    "quarantine",
    "quarantined",
];

/// What a device's word for its action says of the outcome.
pub(crate) fn outcome_of(action: &str) -> Outcome {
    if action.is_empty() {
        return Outcome::Unknown;
    }
    let is_one_of = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(action));
    match () {
        () if is_one_of(&GOOD) => Outcome::Success,
        () if is_one_of(&BAD) => Outcome::Failure,
        () => Outcome::Unknown,
    }
}

/// The severities of CEF and LEEF: 0 to 10, or a word.
pub(crate) fn severity_of_ten(text: &str) -> Severity {
    match text {
        "0" => Severity::Informational,
        "1" | "2" | "3" => Severity::Low,
        "4" | "5" | "6" => Severity::Medium,
        "7" | "8" => Severity::High,
        "9" | "10" => Severity::Critical,
        _ => severity_of_word(text),
    }
}

/// Severities as words, of syslog and of alert levels.
pub(crate) fn severity_of_word(text: &str) -> Severity {
    const WORDS: [(&str, Severity); 18] = [
        ("informational", Severity::Informational),
        ("information", Severity::Informational),
        ("info", Severity::Informational),
        ("debug", Severity::Informational),
        ("debugging", Severity::Informational),
        ("low", Severity::Low),
        ("notice", Severity::Low),
        ("notification", Severity::Low),
        ("medium", Severity::Medium),
        ("warning", Severity::Medium),
        ("warn", Severity::Medium),
        ("high", Severity::High),
        ("error", Severity::High),
        ("err", Severity::High),
        ("very-high", Severity::Critical),
        ("critical", Severity::Critical),
        ("alert", Severity::Critical),
        ("emergency", Severity::Critical),
    ];
    let known = WORDS.iter().find(|(word, _)| word.eq_ignore_ascii_case(text));
    known.map_or(Severity::Unknown, |(_, severity)| *severity)
}

/// The severity of a syslog level by its number.
pub(crate) fn severity_of_level(level: &str) -> Severity {
    match level {
        "0" | "1" | "2" => Severity::Critical,
        "3" => Severity::High,
        "4" => Severity::Medium,
        "5" => Severity::Low,
        "6" | "7" => Severity::Informational,
        _ => Severity::Unknown,
    }
}

/// The host in a URL with or without a scheme, without its port.
pub(crate) fn url_host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let authority = rest.get(..end).unwrap_or(rest);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    match host.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
        Some((address, _)) => address,
        None => host.split_once(':').map_or(host, |(name, _)| name),
    }
}

/// Stem and query of a URL, borrowed where it is.
pub(crate) fn stem_and_query<'a>(url: &Cow<'a, str>) -> (Cow<'a, str>, Cow<'a, str>) {
    match url {
        Cow::Borrowed(url) => {
            let (stem, query) = url.split_once('?').unwrap_or((url, ""));
            (Cow::Borrowed(stem), Cow::Borrowed(query))
        }
        Cow::Owned(url) => {
            let (stem, query) = url.split_once('?').unwrap_or((url, ""));
            (Cow::Owned(stem.to_owned()), Cow::Owned(query.to_owned()))
        }
    }
}

/// [`url_host`] over a text that may be owned.
pub(crate) fn url_host_of<'a>(url: &Cow<'a, str>) -> Cow<'a, str> {
    match url {
        Cow::Borrowed(url) => Cow::Borrowed(url_host(url)),
        Cow::Owned(url) => Cow::Owned(url_host(url).to_owned()),
    }
}

/// Adds the names of Sigma's proxy category for a request to `url`.
pub(crate) fn push_proxy_names<'a>(
    event: &mut Event<'a>,
    url: &Cow<'a, str>,
    method: &Cow<'a, str>,
    agent: &Cow<'a, str>,
) {
    let (stem, query) = stem_and_query(url);
    let fields = [
        ("c-uri", url.clone()),
        ("cs-uri", url.clone()),
        ("cs-uri-stem", stem),
        ("c-uri-query", query.clone()),
        ("cs-uri-query", query),
        ("cs-host", url_host_of(url)),
        ("cs-method", method.clone()),
        ("c-useragent", agent.clone()),
        ("cs-user-agent", agent.clone()),
    ];
    for (name, value) in fields.into_iter().filter(|(_, value)| !value.is_empty()) {
        event.push(name, FieldValue::Text(value));
    }
}

/// Says how many fields law LIMIT left out.
pub(crate) fn note_left_out(event: &mut Event<'_>, count: usize) {
    if count > 0 {
        note(event, format!("{count} values beyond {FIELDS_MAX} fields left out"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_found_in_urls() {
        let cases = [
            ("https://www.example.com/path?x=1", "www.example.com"),
            ("www.example.com:8443/path", "www.example.com"),
            ("http://alice@www.example.com", "www.example.com"),
            ("https://[2001:db8::1]:443/", "2001:db8::1"),
            ("example.com?x", "example.com"),
            ("", ""),
        ];
        for (url, host) in cases {
            assert_eq!(url_host(url), host, "{url}");
        }
    }
}
