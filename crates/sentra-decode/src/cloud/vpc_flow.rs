//! AWS VPC flow logs: the lines of the default format (version 2, with what later versions add behind it) and
//! JSON with the same names.

use std::borrow::Cow;

use sentra_model::{Class, Event, FieldValue, Mart, Outcome};

use crate::address;
use crate::decoder::Context;
use crate::flatten::Field;
use crate::format::{Format, Payload, Shape};
use crate::names::note;
use crate::object::{self, Names};

/// The lines.
pub(crate) static TEXT: Format = Format {
    name: "vpc_flow",
    title: "AWS VPC flow log lines of the default format",
    sample: "2 123456789010 eni-0a1b2c3d 192.0.2.7 198.51.100.20 20641 22 6 20 4249 1772359190 1772359200 ACCEPT OK",
    shape: Shape::Text { programs: &[], recognise: is_line, parse },
};

/// The objects.
pub(crate) static JSON: Format = Format {
    name: "vpc_flow_json",
    title: "AWS VPC flow log records as JSON",
    sample: r#"{"version":2,"account-id":"123456789010","interface-id":"eni-0a1b2c3d","srcaddr":"192.0.2.7","dstaddr":"198.51.100.20","srcport":20641,"dstport":22,"protocol":6,"start":1772359190,"end":1772359200,"action":"REJECT","log-status":"OK"}"#,
    shape: Shape::Object { recognise: is_record, decode },
};

/// The columns of the default format.
const COLUMNS: [&str; 14] = [
    "version",
    "account-id",
    "interface-id",
    "srcaddr",
    "dstaddr",
    "srcport",
    "dstport",
    "protocol",
    "packets",
    "bytes",
    "start",
    "end",
    "action",
    "log-status",
];

/// Law LIMIT: columns beyond the default ones that are kept; version 5 has 15 of them.
const FURTHER_COLUMNS_MAX: usize = 64;

const NAMES: Names = Names {
    time: &["end", "start", "timestamp", "time", "p_event_time"],
    host: &["instance-id", "instance_id", "instanceId", "interface-id", "interface_id", "interfaceId"],
    src_ip: &["srcaddr", "srcAddr", "pkt-srcaddr", "src_endpoint.ip"],
    src_port: &["srcport", "srcPort", "src_endpoint.port"],
    dst_ip: &["dstaddr", "dstAddr", "dst_endpoint.ip"],
    dst_port: &["dstport", "dstPort", "dst_endpoint.port"],
    app: &["vpc-id", "vpc_id", "vpcId", "account-id", "account_id"],
    ..Names::NONE
};

/// A line begins with its version, an account of twelve digits and an interface.
fn is_line(payload: &Payload<'_>) -> bool {
    let [b'0'..=b'9', b' ', ..] = payload.text.as_bytes() else { return false };
    let rest = payload.text.get(2..).unwrap_or_default();
    let account = rest.get(..12).filter(|account| account.bytes().all(|byte| byte.is_ascii_digit()));
    account.is_some() && rest.get(12..).is_some_and(|rest| rest.starts_with(" eni-"))
}

fn parse<'a>(_context: &Context<'_>, payload: &Payload<'a>, event: &mut Event<'a>) -> bool {
    if payload.text.split_ascii_whitespace().nth(COLUMNS.len() - 1).is_none() {
        return false;
    }
    let mut words = payload.text.split_ascii_whitespace();
    for (column, word) in COLUMNS.iter().zip(&mut words) {
        event.push(*column, word);
    }
    // The columns of later versions have no names in the line itself.
    let further: Vec<_> = words.take(FURTHER_COLUMNS_MAX).collect();
    if !further.is_empty() {
        note(event, "columns beyond the default format kept without names");
    }
    for word in further {
        event.push("further", word);
    }
    let column = |name: &str| object::text(&event.fields, &[name]);
    let (source, target) = (column("srcaddr"), column("dstaddr"));
    let ports = [column("srcport"), column("dstport")].map(|port| address::port(&port));
    let interface = column("interface-id");
    let moment = object::moment(&event.fields, &["end", "start"]);
    match moment {
        Some(moment) => event.time = moment,
        None if !payload.in_syslog => note(event, "no time in the record, arrival time taken"),
        None => {}
    }
    event.src_ip = address::ip_of(&source).unwrap_or_default();
    event.dst_ip = address::ip_of(&target).unwrap_or_default();
    [event.src_port, event.dst_port] = ports;
    event.host = interface;
    complete(event);
    true
}

/// Whether the flat fields are those of a flow record.
fn is_record(fields: &[Field<'_>]) -> bool {
    let both = |a: &str, b: &str| object::has(fields, a) && object::has(fields, b);
    (both("srcaddr", "dstaddr")
        && object::has_any(
            fields,
            &[
                "log-status",
                "log_status",
                "logStatus",
                "interface-id",
                "interface_id",
                "interfaceId",
                "account-id",
                "vpcId",
                "vpc-id",
                "flowDirection",
                "instanceId",
                "dstPort",
            ],
        ))
        || (both("src_endpoint.ip", "dst_endpoint.ip") && object::says(fields, &["class_uid"], &["4001"]))
}

fn decode<'a>(context: &Context<'_>, fields: Vec<Field<'a>>) -> Event<'a> {
    let mut event = object::event(context, JSON.name, Mart::FIREWALL, fields, &NAMES);
    complete(&mut event);
    event
}

/// What lines and objects have in common.
fn complete(event: &mut Event<'_>) {
    event.mart = Mart::FIREWALL;
    event.product = Cow::Borrowed("aws");
    event.service = Cow::Borrowed("vpcflow");
    event.class = Class::NETWORK;
    event.outcome = match object::text(&event.fields, &["action"]).as_ref() {
        "ACCEPT" => Outcome::Success,
        "REJECT" => Outcome::Failure,
        _ => Outcome::Unknown,
    };
    let (source, target) = (event.src_ip.clone(), event.dst_ip.clone());
    for (name, address) in [("src_ip", source), ("dst_ip", target)] {
        if !address.is_empty() {
            object::add(event, name, address);
        }
    }
    for (name, port) in [("src_port", event.src_port), ("dst_port", event.dst_port)] {
        if port != 0 {
            event.fields.push((Cow::Borrowed(name), FieldValue::Integer(i64::from(port))));
        }
    }
}
