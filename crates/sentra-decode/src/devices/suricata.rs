//! Suricata EVE: one JSON object per event, told apart by `event_type`.
//!
//! Fields keep EVE's names, flat; DNS and HTTP have Sigma's beside them.

use std::borrow::Cow;

use sentra_model::{Class, Event, FieldValue, Mart, Outcome, Severity};

use crate::address;
use crate::decoder::Context;
use crate::devices::{self, push_new};
use crate::flatten::Field;
use crate::format::{Format, Shape};
use crate::names::{first_of, header_text, note};
use crate::time;

pub(crate) static FORMAT: Format = Format {
    name: "suricata",
    title: "Suricata EVE JSON: alert, dns, http, tls, flow and the others",
    sample: r#"{"timestamp":"2026-03-01T10:00:00.123456+0000","flow_id":1398609176796675,"in_iface":"eth0","event_type":"alert","src_ip":"192.0.2.7","src_port":40022,"dest_ip":"198.51.100.9","dest_port":80,"proto":"TCP","alert":{"action":"allowed","gid":1,"signature_id":2001219,"rev":20,"signature":"ET SCAN Potential SSH Scan","category":"Attempted Information Leak","severity":2}}"#,
    shape: Shape::Object { recognise, decode },
};

fn recognise(fields: &[Field<'_>]) -> bool {
    let has = |wanted: &str| fields.iter().any(|(name, _)| name == wanted);
    if !has("event_type") || !has("timestamp") {
        return false;
    }
    has("flow_id")
        || has("in_iface")
        || has("pcap_cnt")
        || (has("src_ip") && has("dest_ip") && has("proto"))
        || has("stats.uptime")
        || has("engine.message")
}

fn decode<'a>(context: &Context<'_>, fields: Vec<Field<'a>>) -> Event<'a> {
    let header = |names: &[&str]| first_of(&fields, names).map(header_text).unwrap_or_default();
    let ip = |name: &str| first_of(&fields, &[name]).map(header_text).and_then(|text| address::ip_of(&text));
    let port = |name: &str| first_of(&fields, &[name]).map_or(0, |value| address::port(&value.as_text()));
    let mut event = Event::new("suricata", Mart::FIREWALL, context.received);
    event.product = Cow::Borrowed("suricata");
    let time = first_of(&fields, &["timestamp"]).and_then(|value| time::value(&value.as_text()));
    match time {
        Some(time) => event.time = context.resolve(time),
        None => note(&mut event, "no time in the record, arrival time taken"),
    }
    let kind = header(&["event_type"]);
    event.host = header(&["host", "sensor_name"]);
    event.src_ip = ip("src_ip").unwrap_or_default();
    event.dst_ip = ip("dest_ip").unwrap_or_default();
    event.src_port = port("src_port");
    event.dst_port = port("dest_port");
    event.session = header(&["flow_id"]);
    event.app = header(&["app_proto"]);
    event.domain = header(&[
        "dns.rrname",
        "dns.queries.rrname",
        "dns.query.rrname",
        "http.hostname",
        "tls.sni",
        "quic.sni",
    ]);
    event.file = header(&["fileinfo.filename", "files.filename", "smb.filename"]);
    event.user = header(&["smb.ntlmssp.user", "krb5.cname", "ftp.user", "http.username"]);
    event.command = header(&["ftp.command"]);
    event.message = header(&["alert.signature", "anomaly.event", "engine.message"]);
    event.class = class(&kind);
    event.outcome = outcome(&fields, &kind);
    event.severity = severity(&fields);
    event.fields = fields;
    push_sigma(&mut event);
    event.service = kind;
    event
}

fn class(kind: &str) -> Class {
    match kind {
        "alert" | "anomaly" => Class::DETECTION_FINDING,
        "dns" | "mdns" => Class::DNS,
        "http" | "http2" => Class::HTTP,
        "ssh" => Class::SSH,
        "smb" => Class::SMB,
        "rdp" => Class::RDP,
        "smtp" => Class::EMAIL,
        "krb5" => Class::AUTHENTICATION,
        "fileinfo" => Class::NETWORK_FILE,
        "stats" | "engine" => Class::BASE,
        _ => Class::NETWORK,
    }
}

fn outcome(fields: &[Field<'_>], kind: &str) -> Outcome {
    let text =
        |name: &str| first_of(fields, &[name]).map(|value| value.as_text().into_owned()).unwrap_or_default();
    match kind {
        "alert" => devices::outcome_of(&text("alert.action")),
        "drop" => Outcome::Failure,
        "dns" => match text("dns.rcode").as_str() {
            "" => Outcome::Unknown,
            "NOERROR" => Outcome::Success,
            _ => Outcome::Failure,
        },
        "http" => match text("http.status").parse::<u16>() {
            Ok(status) if status >= 400 => Outcome::Failure,
            Ok(status) if status > 0 => Outcome::Success,
            _ => Outcome::Unknown,
        },
        "flow" => match text("flow.action").as_str() {
            "drop" => Outcome::Failure,
            "pass" => Outcome::Success,
            _ => Outcome::Unknown,
        },
        _ => Outcome::Unknown,
    }
}

/// Priorities of rules: 1 is the worst.
fn severity(fields: &[Field<'_>]) -> Severity {
    match first_of(fields, &["alert.severity"]) {
        Some(value) => super::ids::severity(&value.as_text()),
        None => Severity::Unknown,
    }
}

fn push_sigma(event: &mut Event<'_>) {
    const NAMES: [(&str, &str); 15] = [
        ("dns.rrname", "query"),
        ("dns.queries.rrname", "query"),
        ("dns.query.rrname", "query"),
        ("dns.rrtype", "record_type"),
        ("dns.queries.rrtype", "record_type"),
        ("dns.query.rrtype", "record_type"),
        ("dns.answers.rdata", "answer"),
        ("dns.rdata", "answer"),
        ("http.http_method", "cs-method"),
        ("http.http_user_agent", "c-useragent"),
        ("http.http_user_agent", "cs-user-agent"),
        ("http.hostname", "cs-host"),
        ("http.http_refer", "cs-referrer"),
        ("http.status", "sc-status"),
        ("alert.action", "action"),
    ];
    for (own, name) in NAMES {
        devices::push_copies(event, own, name);
    }
    if let Some(FieldValue::Text(url)) = event.field("http.url").cloned() {
        let (stem, query) = devices::stem_and_query(&url);
        push_new(event, "cs-uri-stem", FieldValue::Text(stem));
        push_new(event, "cs-uri-query", FieldValue::Text(query));
        push_new(event, "c-uri", FieldValue::Text(url.clone()));
        push_new(event, "cs-uri", FieldValue::Text(url));
    }
    devices::push_missing_firewall_names(event);
}

#[cfg(test)]
#[path = "suricata_tests.rs"]
mod tests;
