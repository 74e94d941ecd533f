//! JSON objects that no other module knows: fields flattened, the header guessed from names that many
//! sources share.

use sentra_model::{Event, FieldValue, Mart, Timestamp};

use crate::address;
use crate::decoder::Context;
use crate::flatten::Field;
use crate::names::{first_of, header_text, note};
use crate::time;

/// Names under which sources write the time of an event, most telling first.
const TIME_NAMES: [&str; 16] = [
    "timestamp",
    "time",
    "@timestamp",
    "ts",
    "eventTime",
    "event_time",
    "TimeCreated",
    "TimeGenerated",
    "EventTime",
    "datetime",
    "date",
    "createdAt",
    "published",
    "requestReceivedTimestamp",
    "t.$date",
    "event.created",
];
const HOST_NAMES: [&str; 6] = ["host.name", "hostname", "host", "Hostname", "computer", "agent.hostname"];
const USER_NAMES: [&str; 9] = [
    "user.name",
    "user",
    "username",
    "userName",
    "user_name",
    "actor.alternateId",
    "actor.email",
    "user.username",
    "account",
];
const SOURCE_NAMES: [&str; 14] = [
    "src_ip",
    "source.ip",
    "source_ip",
    "srcip",
    "client_ip",
    "client.ip",
    "clientip",
    "remote_ip",
    "remote_addr",
    "sourceIPAddress",
    "ipAddress",
    "id.orig_h",
    "client.ipAddress",
    "sourceIPs",
];
const TARGET_NAMES: [&str; 7] =
    ["dst_ip", "dest_ip", "destination.ip", "dstip", "destination_ip", "id.resp_h", "server_ip"];
const MESSAGE_NAMES: [&str; 5] = ["message", "msg", "Message", "event.original", "log"];

/// The event of the flat fields of any object.
pub(crate) fn decode<'a>(context: &Context<'_>, fields: Vec<Field<'a>>) -> Event<'a> {
    let header = |names: &[&str]| first_of(&fields, names).map(header_text).unwrap_or_default();
    let ip = |names: &[&str]| {
        let found = names.iter().filter_map(|name| first_of(&fields, &[name]));
        found.map(header_text).find_map(|text| address::ip_of(&text)).unwrap_or_default()
    };
    let port = |names: &[&str]| first_of(&fields, names).map_or(0, |value| address::port(&value.as_text()));
    let mart = if context.by_syslog { Mart::LINUX } else { Mart::CLOUD };
    let mut event = Event::new("json", mart, context.received);
    match moment(context, &fields) {
        Some(moment) => event.time = moment,
        None => note(&mut event, "no time in the record, arrival time taken"),
    }
    event.host = header(&HOST_NAMES);
    event.user = header(&USER_NAMES);
    event.src_ip = ip(&SOURCE_NAMES);
    event.dst_ip = ip(&TARGET_NAMES);
    event.src_port = port(&["src_port", "source.port", "source_port", "id.orig_p"]);
    event.dst_port = port(&["dst_port", "dest_port", "destination.port", "destination_port", "id.resp_p"]);
    event.process = header(&["process.executable", "process.name", "process", "exe"]);
    event.pid = header(&["process.pid", "pid"]);
    event.command = header(&["process.command_line", "command_line", "cmdline"]);
    event.app = header(&["service.name", "service", "app", "application", "program"]);
    event.domain = header(&["dns.question.name", "query", "domain"]);
    event.message = header(&MESSAGE_NAMES);
    event.fields = fields;
    event
}

fn moment(context: &Context<'_>, fields: &[Field<'_>]) -> Option<Timestamp> {
    TIME_NAMES.iter().find_map(|wanted| {
        fields.iter().filter(|(name, _)| name == wanted).find_map(|(_, value)| match value {
            FieldValue::Text(text) => time::value(text).map(|time| context.resolve(time)),
            FieldValue::Integer(number) => time::epoch_integer(*number),
            FieldValue::Float(number) => time::epoch(*number),
            FieldValue::Bool(_) => None,
        })
    })
}
