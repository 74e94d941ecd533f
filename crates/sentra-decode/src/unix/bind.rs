//! BIND's `named`: the query log, refused queries and answers changed by a response policy, in syslog and in the
//! files of its own channels.
//!
//! `client @0x7f 192.0.2.7#40000 (example.com): query: example.com IN A +E(0)K (198.51.100.1)`.

use std::borrow::Cow;

use sentra_model::{Class, Event, Mart, Outcome};

use crate::address;
use crate::decoder::Context;
use crate::format::{Format, Payload, Shape};
use crate::scan::{put, set_source, set_time, token, tokens};
use crate::time;

pub(crate) static FORMAT: Format = Format {
    name: "bind",
    title: "BIND query log",
    sample: "01-Mar-2026 10:00:00.123 queries: info: client @0x7f2c3c0d1a28 192.0.2.7#40000 (www.example.com): query: www.example.com IN A +E(0)K (198.51.100.1)",
    shape: Shape::Text { programs: &["named"], recognise, parse },
};

fn recognise(payload: &Payload<'_>) -> bool {
    if payload.in_syslog && payload.program != "named" {
        return false;
    }
    let (_, message) = stamp(payload.text);
    let is_bind = payload.program == "named" || (!payload.in_syslog && message.len() < payload.text.len());
    is_bind && client(message).is_some()
}

/// The time that files have and syslog has not, and the rest.
fn stamp(text: &str) -> (Option<time::WallTime>, &str) {
    match time::common_log(text).filter(|_| text.as_bytes().get(2) == Some(&b'-')) {
        Some((time, rest)) => (Some(time), rest.trim_start()),
        None => (None, text),
    }
}

/// What follows `client ` or `client @0x7f… `, where categories and levels may stand before it.
fn client(message: &str) -> Option<(&str, &str)> {
    let (before, rest) = message.split_once("client ")?;
    let is_prefix = before.is_empty() || (before.len() <= 64 && before.ends_with(": "));
    let (first, after) = token(rest);
    let rest = if first.starts_with("@0x") { after } else { rest };
    is_prefix.then_some((before, rest))
}

fn parse<'a>(context: &Context<'_>, payload: &Payload<'a>, event: &mut Event<'a>) -> bool {
    let (time, message) = stamp(payload.text);
    let Some((before, rest)) = client(message) else { return false };
    let (peer, rest) = token(rest);
    let Some((address, port)) = peer.trim_end_matches(':').split_once('#') else { return false };
    let Some(address) = address::ip(address) else { return false };
    event.mart = Mart::FIREWALL;
    event.class = Class::DNS;
    event.product = Cow::Borrowed("bind");
    event.service = Cow::Borrowed("dns");
    set_time(context, event, time, payload.in_syslog);
    set_source(event, (address, address::port(port)));
    put(event, "src_ip", address);
    put(event, "category", before.split(": ").next().unwrap_or_default());
    event.message = Cow::Borrowed(message);
    // The name that the client asks for stands in parentheses, then the view.
    let rest = match rest.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
        Some((name, rest)) => {
            event.domain = Cow::Borrowed(name);
            rest
        }
        None => rest,
    };
    let text = rest.trim_start_matches([':', ' ']);
    let text = match text.strip_prefix("view ").and_then(|rest| rest.split_once(": ")) {
        Some((view, text)) => {
            put(event, "view", view);
            text
        }
        None => text,
    };
    if let Some(query) = text.strip_prefix("query: ") {
        question(event, query);
    } else {
        verdict(event, text);
    }
    true
}

/// `example.com IN A +E(0)K (198.51.100.1)`.
fn question<'a>(event: &mut Event<'a>, query: &'a str) {
    let Some(([name, class, kind], rest)) = tokens::<3>(query) else {
        put(event, "query", event.domain.clone());
        crate::names::note(event, "a query without class and type");
        return;
    };
    put(event, "action", "query");
    event.domain = Cow::Borrowed(name);
    put(event, "query", name);
    put(event, "record_class", class);
    put(event, "record_type", kind);
    let (flags, server) = token(rest);
    put(event, "flags", flags);
    let server =
        server.strip_prefix('(').and_then(|rest| rest.split_once(')')).map_or("", |(inside, _)| inside);
    event.dst_ip = address::ip(server).map(Cow::Borrowed).unwrap_or_default();
    event.outcome = Outcome::Success;
}

/// `query (cache) 'example.com/A/IN' denied`, `rpz QNAME NXDOMAIN rewrite example.com via …`, `update … denied`.
fn verdict<'a>(event: &mut Event<'a>, text: &'a str) {
    put(event, "verdict", text);
    let question = crate::scan::between(text, "'", "'").unwrap_or_default();
    let mut parts = question.split('/');
    if let (Some(name), Some(kind)) = (parts.next(), parts.next()) {
        event.domain = Cow::Borrowed(name);
        put(event, "record_type", kind);
    } else if let Some((_, name)) = text.split_once(" rewrite ") {
        let name = token(name).0;
        event.domain = Cow::Borrowed(name.split('/').next().unwrap_or(name));
        put(event, "blocked", "true");
    }
    put(event, "query", event.domain.clone());
    let is_refused = text.contains("denied")
        || text.contains("failed")
        || text.starts_with("rpz ")
        || text.contains("refused");
    put(event, "action", if is_refused { "denied" } else { "other" });
    if is_refused {
        event.outcome = Outcome::Failure;
    }
}
