//! What the fields of a Zeek log mean.

use std::borrow::Cow;

use sentra_model::{Class, Event, FieldValue, Mart, Outcome, Severity, Timestamp};

use crate::address;
use crate::decoder::Context;
use crate::devices::{self, push_new};
use crate::flatten::Field;
use crate::names::{first_of, header_text, note};
use crate::time;

/// The event of a record of the log `path`.
pub(super) fn event<'a>(
    context: &Context<'_>,
    format: &'static str,
    path: Cow<'a, str>,
    fields: Vec<Field<'a>>,
) -> Event<'a> {
    let header = |names: &[&str]| first_of(&fields, names).map(header_text).unwrap_or_default();
    let ip =
        |names: &[&str]| first_of(&fields, names).map(header_text).and_then(|text| address::ip_of(&text));
    let port = |names: &[&str]| first_of(&fields, names).map_or(0, |value| address::port(&value.as_text()));
    let mut event = Event::new(format, Mart::FIREWALL, context.received);
    event.product = Cow::Borrowed("zeek");
    match first_of(&fields, &["ts"]).and_then(|value| moment(context, value)) {
        Some(time) => event.time = time,
        None => note(&mut event, "no time in the record, arrival time taken"),
    }
    event.host = header(&["_system_name", "@system", "system_name"]);
    event.src_ip = ip(&["id.orig_h", "id_orig_h", "src", "tx_hosts"]).unwrap_or_default();
    event.dst_ip = ip(&["id.resp_h", "id_resp_h", "dst", "rx_hosts"]).unwrap_or_default();
    event.src_port = port(&["id.orig_p", "id_orig_p"]);
    event.dst_port = port(&["id.resp_p", "id_resp_p", "p"]);
    event.session = header(&["uid", "conn_uids", "fuid"]);
    event.class = class(&path);
    fill(&mut event, &path, &fields);
    event.outcome = outcome(&fields, &path);
    event.fields = fields;
    push_names(&mut event, &path);
    event.service = path;
    event
}

/// Sets what only one log has.
fn fill<'a>(event: &mut Event<'a>, path: &str, fields: &[Field<'a>]) {
    let header = |names: &[&str]| first_of(fields, names).map(header_text).unwrap_or_default();
    match path {
        "conn" => event.app = header(&["service"]),
        "dns" => event.domain = header(&["query"]),
        "http" => {
            event.domain = header(&["host"]);
            event.user = header(&["username"]);
        }
        "ssl" => event.domain = header(&["server_name"]),
        "files" | "smb_files" => event.file = header(&["filename", "name"]),
        "smb_mapping" => event.file = header(&["path"]),
        "kerberos" => {
            event.user = header(&["client"]);
            event.app = header(&["service"]);
        }
        "ntlm" => event.user = header(&["username"]),
        "rdp" => event.user = header(&["cookie"]),
        "dce_rpc" => {
            event.app = header(&["endpoint"]);
            event.command = header(&["operation"]);
        }
        "ftp" => {
            event.user = header(&["user"]);
            event.command = header(&["command"]);
        }
        "notice" => {
            event.message = header(&["msg"]);
            event.severity = Severity::Medium;
        }
        "weird" => event.message = header(&["name"]),
        "dpd" | "analyzer" => event.message = header(&["failure_reason"]),
        "software" => event.app = header(&["name"]),
        _ => {}
    }
}

/// Seconds with a fraction, or ISO where the writer is configured so.
fn moment(context: &Context<'_>, value: &FieldValue<'_>) -> Option<Timestamp> {
    match value {
        FieldValue::Float(number) => time::epoch(*number),
        FieldValue::Integer(number) => time::epoch_integer(*number),
        FieldValue::Text(text) => time::value(text).map(|time| context.resolve(time)),
        FieldValue::Bool(_) => None,
    }
}

fn class(path: &str) -> Class {
    match path {
        "dns" => Class::DNS,
        "http" => Class::HTTP,
        "ssh" => Class::SSH,
        "rdp" => Class::RDP,
        "smb_files" | "smb_mapping" | "smb_cmd" => Class::SMB,
        "smtp" => Class::EMAIL,
        "kerberos" | "ntlm" | "radius" => Class::AUTHENTICATION,
        "notice" | "intel" => Class::DETECTION_FINDING,
        "files" | "pe" => Class::NETWORK_FILE,
        "x509" | "software" | "stats" | "capture_loss" | "reporter" | "packet_filter" | "loaded_scripts"
        | "known_hosts" | "known_services" | "known_certs" | "" => Class::BASE,
        _ => Class::NETWORK,
    }
}

fn outcome(fields: &[Field<'_>], path: &str) -> Outcome {
    let text = |names: &[&str]| {
        first_of(fields, names).map(|value| value.as_text().into_owned()).unwrap_or_default()
    };
    let by_truth = |text: &str| match text {
        "true" | "T" => Outcome::Success,
        "false" | "F" => Outcome::Failure,
        _ => Outcome::Unknown,
    };
    match path {
        "conn" => match text(&["conn_state"]).as_str() {
            "SF" | "S1" | "S2" | "S3" | "RSTO" | "RSTR" => Outcome::Success,
            "S0" | "REJ" | "RSTOS0" | "RSTRH" | "SH" => Outcome::Failure,
            _ => Outcome::Unknown,
        },
        "dns" => match text(&["rcode_name"]).as_str() {
            "" => Outcome::Unknown,
            "NOERROR" => Outcome::Success,
            _ => Outcome::Failure,
        },
        "http" => match text(&["status_code"]).parse::<u16>() {
            Ok(status) if status >= 400 => Outcome::Failure,
            Ok(_) => Outcome::Success,
            Err(_) => Outcome::Unknown,
        },
        "ssl" => by_truth(&text(&["established"])),
        "ssh" => by_truth(&text(&["auth_success"])),
        "kerberos" | "ntlm" => by_truth(&text(&["success"])),
        _ => Outcome::Unknown,
    }
}

/// The names that Sigma's rules use where the record has others.
fn push_names(event: &mut Event<'_>, path: &str) {
    let flattened: &[(&str, &'static str)] = &[
        ("id_orig_h", "id.orig_h"),
        ("id_orig_p", "id.orig_p"),
        ("id_resp_h", "id.resp_h"),
        ("id_resp_p", "id.resp_p"),
        ("certificate_serial", "certificate.serial"),
        ("certificate_subject", "certificate.subject"),
        ("certificate_issuer", "certificate.issuer"),
    ];
    let by_path: &[(&str, &'static str)] = match path {
        "dns" => &[("qtype_name", "record_type"), ("answers", "answer")],
        "http" => &[
            ("uri", "c-uri"),
            ("uri", "cs-uri"),
            ("user_agent", "c-useragent"),
            ("user_agent", "cs-user-agent"),
            ("method", "cs-method"),
            ("host", "cs-host"),
            ("referrer", "cs-referrer"),
            ("status_code", "sc-status"),
        ],
        _ => &[],
    };
    for (own, name) in flattened.iter().chain(by_path) {
        devices::push_copies(event, own, name);
    }
    if path == "http"
        && let Some(FieldValue::Text(uri)) = event.field("uri")
    {
        let (stem, query) = devices::stem_and_query(uri);
        push_new(event, "cs-uri-stem", FieldValue::Text(stem));
        push_new(event, "cs-uri-query", FieldValue::Text(query));
    }
    if event.class == Class::NETWORK {
        devices::push_missing_firewall_names(event);
    }
}
