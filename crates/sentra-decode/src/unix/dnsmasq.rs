//! dnsmasq with `log-queries` (also `=extra`) and `log-dhcp`, and Pi-hole on top of it.
//!
//! `query[A] example.com from 192.0.2.7`, `forwarded example.com to 198.51.100.1`, `reply example.com is
//! 203.0.113.9`.

use std::borrow::Cow;

use sentra_model::{Class, Event, Mart, Outcome};

use crate::address;
use crate::decoder::Context;
use crate::format::{Format, Payload, Shape};
use crate::scan::{address_and_port, is_number, put, set_source, set_time, token, tokens};

pub(crate) static FORMAT: Format = Format {
    name: "dnsmasq",
    title: "dnsmasq queries, answers and leases",
    sample: "Mar  1 10:00:00 gw1 dnsmasq[411]: query[A] www.example.com from 192.0.2.7",
    shape: Shape::Text { programs: &["dnsmasq", "dnsmasq-dhcp", "pihole-FTL"], recognise, parse },
};

fn recognise(payload: &Payload<'_>) -> bool {
    matches!(payload.program, "dnsmasq" | "dnsmasq-dhcp" | "pihole-FTL")
}

fn parse<'a>(context: &Context<'_>, payload: &Payload<'a>, event: &mut Event<'a>) -> bool {
    if !recognise(payload) {
        return false;
    }
    if payload.text.starts_with("DHCP") {
        set_time(context, event, None, payload.in_syslog);
        return lease(event, payload.text);
    }
    // `log-queries=extra` puts a number and the client before each line.
    let (first, rest) = token(payload.text);
    let (client, message) = match token(rest) {
        (client, message) if is_number(first) => (client, message),
        _ => ("", payload.text),
    };
    let Some(([action, name, _], _)) = tokens::<3>(message) else { return false };
    let is_line = action.starts_with("query[")
        || matches!(
            action,
            "forwarded"
                | "reply"
                | "cached"
                | "config"
                | "validation"
                | "gravity"
                | "regex"
                | "blocked"
                | "exactly"
                | "rate-limited"
                | "cached-stale"
        )
        || action.starts_with('/');
    if !is_line {
        return false;
    }
    start(event);
    set_time(context, event, None, payload.in_syslog);
    if let Some((address, port)) = client.rsplit_once('/') {
        put(event, "query_id", first);
        if let Some(address) = address::ip(address) {
            set_source(event, (address, address::port(port)));
        }
    }
    if let Some(kind) = action.strip_prefix("query[").and_then(|rest| rest.strip_suffix(']')) {
        put(event, "action", "query");
        put(event, "record_type", kind);
        put(event, "query", name);
        event.domain = Cow::Borrowed(name);
        if let Some(peer) = message.rsplit_once(" from ").and_then(|(_, peer)| address_and_port(peer)) {
            set_source(event, peer);
        }
        put(event, "src_ip", event.src_ip.clone());
    } else {
        answer(event, action, message);
    }
    true
}

fn start(event: &mut Event<'_>) {
    event.mart = Mart::FIREWALL;
    event.class = Class::DNS;
    event.product = Cow::Borrowed("dnsmasq");
    event.service = Cow::Borrowed("dns");
}

/// `forwarded NAME to ADDRESS`, `reply NAME is ANSWER`, `gravity blocked NAME is 0.0.0.0`.
fn answer<'a>(event: &mut Event<'a>, action: &'a str, message: &'a str) {
    put(event, "action", action);
    let (question, value) = match message.split_once(" is ") {
        Some((question, value)) => {
            put(event, "answer", value);
            (question, value)
        }
        None => match message.rsplit_once(" to ") {
            Some((question, server)) => {
                event.dst_ip =
                    address_and_port(server).map(|(address, _)| Cow::Borrowed(address)).unwrap_or_default();
                (question, "")
            }
            None => (message, ""),
        },
    };
    let name = question.rsplit(' ').next().unwrap_or_default();
    put(event, "query", name);
    event.domain = Cow::Borrowed(name);
    let is_blocked =
        question.contains("blocked ") || question.contains("denied ") || question.contains("blacklisted ");
    event.outcome = match value {
        _ if is_blocked => Outcome::Failure,
        "" => Outcome::Unknown,
        "NXDOMAIN" | "SERVFAIL" | "REFUSED" | "BOGUS" => Outcome::Failure,
        _ => Outcome::Success,
    };
    if is_blocked {
        put(event, "blocked", "true");
    }
}

/// `DHCPACK(eth0) 192.0.2.7 02:00:00:00:00:07 laptop`.
fn lease<'a>(event: &mut Event<'a>, message: &'a str) -> bool {
    let (first, rest) = token(message);
    let Some((kind, interface)) = first.split_once('(') else { return false };
    event.mart = Mart::FIREWALL;
    event.product = Cow::Borrowed("dnsmasq");
    event.service = Cow::Borrowed("dhcp");
    event.class = Class::NETWORK;
    put(event, "action", kind);
    put(event, "interface", interface.trim_end_matches(')'));
    for word in rest.split(' ').take(8) {
        if address::ip(word).is_some() && event.src_ip.is_empty() && !word.ends_with("::") {
            event.src_ip = Cow::Borrowed(word);
            put(event, "src_ip", word);
        } else if word.len() == 17 && word.bytes().filter(|byte| *byte == b':').count() == 5 {
            put(event, "mac", word);
        } else if !word.is_empty() {
            put(event, "client", word);
        }
    }
    if matches!(kind, "DHCPNAK" | "DHCPDECLINE") {
        event.outcome = Outcome::Failure;
    }
    true
}
