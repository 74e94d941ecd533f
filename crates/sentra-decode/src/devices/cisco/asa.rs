//! What the messages of ASA, FTD and PIX say.

use std::borrow::Cow;

use sentra_model::{Class, Event, FieldValue};

use super::messages::{BOTNET, MESSAGES};
use super::template::{self, End};
use crate::address;
use crate::devices::push_new;
use crate::names::note;

pub(super) fn fill<'a>(event: &mut Event<'a>, id: &'a str, text: &'a str) {
    if id.starts_with("43000") {
        return connection_event(event, text);
    }
    let by_number = || MESSAGES.iter().find(|message| message.id == id);
    let Some(message) = id.starts_with(BOTNET.id).then_some(&BOTNET).or_else(by_number) else { return };
    event.class = message.class;
    event.code = message.code;
    event.outcome = message.outcome;
    event.service = Cow::Borrowed(message.service);
    let Some(values) = message.templates.iter().find_map(|template| template::matches(template, text)) else {
        note(event, "wording of the message not known, kept as text");
        return;
    };
    let mut ends = Ends::default();
    for (name, value) in values {
        put(event, &mut ends, name, value);
    }
    ends.settle(event);
}

/// The ends of a connection, of which the direction decides who is the source.
#[derive(Default)]
struct Ends<'a> {
    first: Option<End<'a>>,
    second: Option<End<'a>>,
    direction: &'a str,
    is_icmp: bool,
}

fn put<'a>(event: &mut Event<'a>, ends: &mut Ends<'a>, name: &'static str, value: &'a str) {
    let plain = value.trim_start_matches('<').trim_end_matches('>');
    match name {
        "" => return,
        "src" => return set_source(event, &End::of(value)),
        "dst" => return set_target(event, &End::of(value)),
        "first" => return ends.first = Some(End::of(value)),
        "foreign" => return (ends.first, ends.is_icmp) = (Some(End::of(value)), true),
        "second" | "local" => return ends.second = Some(End::of(value)),
        "direction" => ends.direction = value,
        // Stars stand for a name that the device does not show.
        "user" if !plain.bytes().all(|byte| byte == b'*') => event.user = Cow::Borrowed(plain),
        "target" => event.target_user = Cow::Borrowed(plain),
        "command" => event.command = Cow::Borrowed(plain),
        "connection" => event.session = Cow::Borrowed(plain),
        "file" => event.file = Cow::Borrowed(plain),
        "url" => event.domain = Cow::Borrowed(crate::devices::url_host(plain)),
        "listed" if address::ip(plain).is_none() && !plain.contains('/') => {
            event.domain = Cow::Borrowed(plain)
        }
        "verdict" => {
            event.outcome = crate::devices::outcome_of(plain);
            push_new(event, "action", FieldValue::from(plain));
        }
        _ => {}
    }
    event.push(name, plain);
}

impl<'a> Ends<'a> {
    /// Outbound connections name their target first. A teardown says no direction: there the end with the lower
    /// port is the target, for clients use high ones.
    fn settle(self, event: &mut Event<'a>) {
        let (Some(first), Some(second)) = (self.first, self.second) else { return };
        let first_is_target = match self.direction {
            "outbound" => true,
            "inbound" => false,
            _ => first.port_number() < second.port_number(),
        };
        let (source, target) = if first_is_target { (second, first) } else { (first, second) };
        set_source(event, &source);
        set_target(event, &target);
        if self.is_icmp {
            // What stands in the place of a port is the number of the echo.
            (event.src_port, event.dst_port) = (0, 0);
        }
    }
}

fn set_source<'a>(event: &mut Event<'a>, end: &End<'a>) {
    event.src_port = end.port_number();
    match address::ip(end.address) {
        Some(address) => event.src_ip = Cow::Borrowed(address),
        None if !end.address.is_empty() => event.push("src_host", end.address),
        None => {}
    }
    if event.user.is_empty() && !end.user.is_empty() {
        event.user = Cow::Borrowed(end.user);
    }
    if !end.interface.is_empty() {
        event.push("src_interface", end.interface);
    }
}

fn set_target<'a>(event: &mut Event<'a>, end: &End<'a>) {
    event.dst_port = end.port_number();
    match address::ip(end.address) {
        Some(address) => event.dst_ip = Cow::Borrowed(address),
        None if !end.address.is_empty() => event.push("dst_host", end.address),
        None => {}
    }
    if !end.interface.is_empty() {
        event.push("dst_interface", end.interface);
    }
    // The user that stands with the target of a connection is the one whose connection it is.
    if event.user.is_empty() && !end.user.is_empty() {
        event.user = Cow::Borrowed(end.user);
    }
    if !end.port.is_empty() && !end.port.bytes().all(|byte| byte.is_ascii_digit()) {
        event.app = Cow::Borrowed(end.port);
    }
}

/// 430001 to 430005 of FTD: `Name: value, Name: value`.
fn connection_event<'a>(event: &mut Event<'a>, text: &'a str) {
    event.class = Class::NETWORK;
    for (name, value) in
        text.split(", ").filter_map(|pair| pair.split_once(": ")).take(crate::devices::FIELDS_MAX)
    {
        let borrowed = Cow::Borrowed(value);
        match name {
            "SrcIP" | "InitiatorIP" => event.src_ip = crate::devices::ip(&borrowed),
            "DstIP" | "ResponderIP" => event.dst_ip = crate::devices::ip(&borrowed),
            "SrcPort" => event.src_port = address::port(value),
            "DstPort" => event.dst_port = address::port(value),
            "User" if !value.starts_with("No Authentication") => event.user = borrowed,
            "ApplicationProtocol" => event.app = borrowed,
            "DNSQuery" | "ReferencedHost" => event.domain = borrowed,
            "FileName" => event.file = borrowed,
            "URL" if event.domain.is_empty() => event.domain = Cow::Borrowed(crate::devices::url_host(value)),
            "AccessControlRuleAction" | "InlineResult" => event.outcome = crate::devices::outcome_of(value),
            "Message" | "ThreatName" => event.class = Class::DETECTION_FINDING,
            _ => {}
        }
        event.push(name, value);
    }
}
