//! Postfix: connections, refusals, logins, deliveries.
//!
//! A login that fails is one line of `smtpd`, `SASL LOGIN authentication failed`; it carries `LL03`. That the
//! client goes away after that (`lost connection after AUTH`, `disconnect … auth=0/1`) tells of the same attempt.

use std::borrow::Cow;

use sentra_model::{Class, Event, EventCode, Outcome};

use crate::address;
use crate::decoder::Context;
use crate::format::{Format, Payload, Shape};
use crate::scan::{between, put, set_source, set_time};

pub(crate) static FORMAT: Format = Format {
    name: "postfix",
    title: "Postfix smtpd, smtp, qmgr, cleanup, postscreen and their sisters",
    sample: "Mar  1 10:00:00 mail1 postfix/smtpd[811]: warning: unknown[192.0.2.7]: SASL LOGIN authentication failed: UGFzc3dvcmQ6, sasl_username=alice@example.com",
    shape: Shape::Text { programs: &[], recognise: |payload| component(payload.program).is_some(), parse },
};

/// `smtpd` of `postfix/smtpd`, `postfix/submission/smtpd` and `postfix-out/smtpd`.
fn component(program: &str) -> Option<&str> {
    let (instance, component) = program.strip_prefix("postfix")?.rsplit_once('/')?;
    (instance.is_empty() || instance.starts_with(['-', '/'])).then_some(component)
}

fn parse<'a>(context: &Context<'_>, payload: &Payload<'a>, event: &mut Event<'a>) -> bool {
    let Some(component) = component(payload.program) else { return false };
    set_time(context, event, None, payload.in_syslog);
    event.class = Class::EMAIL;
    event.product = Cow::Borrowed("postfix");
    event.service = Cow::Borrowed("postfix");
    event.app = Cow::Borrowed("postfix");
    put(event, "component", component);
    let (queue_id, text) = match payload.text.split_once(": ") {
        Some((id, text)) if is_queue_id(id) => (id, text),
        _ => ("", payload.text),
    };
    put(event, "queue_id", queue_id);
    if queue_id != "NOQUEUE" {
        event.session = Cow::Borrowed(queue_id);
    }
    if component == "postscreen" {
        screen(event, text);
    } else {
        read(event, text);
    }
    true
}

/// `4XyZ12AbCz`, `3F2A1B4C5D` or `NOQUEUE`.
fn is_queue_id(text: &str) -> bool {
    (6..=24).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && text.bytes().any(|byte| byte.is_ascii_digit() || text == "NOQUEUE")
        && text != "warning"
}

fn read<'a>(event: &mut Event<'a>, text: &'a str) {
    if let Some(rest) = text.strip_prefix("warning: ") {
        warning(event, rest);
    } else if let Some((kind, rest)) = refusal(text) {
        put(event, "action", kind);
        event.outcome = Outcome::Failure;
        let (head, details) = rest
            .split_once("; from=")
            .map_or((rest, ""), |(head, _)| (head, rest.get(head.len() + 2..).unwrap_or_default()));
        put_peer(event, head.split_once(" from ").map_or(head, |(_, peer)| peer));
        if let Some((_, reply)) = head.split_once("]: ") {
            put(event, "reply", reply);
        }
        put_pairs(event, details, ' ');
    } else if let Some((what, peer)) = connection(text) {
        event.class = Class::NETWORK;
        put(event, "action", what);
        put_peer(event, peer);
        if what.starts_with("disconnect") {
            let (_, counts) = peer.split_once(' ').unwrap_or_default();
            put_pairs(event, counts, ' ');
        }
    } else if text == "removed" {
        put(event, "action", "removed");
    } else {
        put_pairs(event, text, ',');
        mail(event, text);
    }
}

/// `reject: RCPT from …`, `milter-reject: END-OF-MESSAGE from …`.
fn refusal(text: &str) -> Option<(&str, &str)> {
    let (kind, rest) = text.split_once(": ")?;
    matches!(
        kind,
        "reject" | "milter-reject" | "discard" | "hold" | "warn" | "reject_warning" | "milter-discard"
    )
    .then_some((kind, rest))
}

/// `connect from …`, `lost connection after AUTH from …`, `Anonymous TLS connection established from …`.
fn connection(text: &str) -> Option<(&str, &str)> {
    let (what, peer) = text.split_once(" from ")?;
    let is_known = [
        "connect",
        "disconnect",
        "lost connection",
        "timeout after",
        "too many errors",
        "SSL_accept error",
        "improper command",
        "hostname verification",
    ]
    .iter()
    .any(|known| what.starts_with(known))
        || what.ends_with("TLS connection established");
    is_known.then_some((what, peer))
}

fn warning<'a>(event: &mut Event<'a>, text: &'a str) {
    put(event, "action", "warning");
    if let Some((peer, rest)) = text.split_once(": SASL ")
        && let Some((method, reason)) = rest.split_once(" authentication failed")
    {
        put_peer(event, peer);
        event.class = Class::AUTHENTICATION;
        event.outcome = Outcome::Failure;
        event.code = Some(EventCode::LL03);
        put(event, "sasl_method", method);
        let reason = reason.strip_prefix(": ").unwrap_or(reason);
        let (reason, user) = reason.rsplit_once(", sasl_username=").unwrap_or((reason, ""));
        put(event, "reason", reason);
        put(event, "sasl_username", user);
        event.user = Cow::Borrowed(user);
    } else if let Some((_, peer)) = text.split_once(" from ") {
        put_peer(event, peer);
        event.outcome = Outcome::Failure;
    } else {
        put_peer(event, text);
    }
}

/// What a line of a message says: who sent it, where it went, what became of it.
fn mail<'a>(event: &mut Event<'a>, text: &'a str) {
    if let Some(client) = text.strip_prefix("client=") {
        put_peer(event, client);
        if let Some(user) = event.text("sasl_username") {
            event.user = Cow::Owned(user.to_owned());
            event.class = Class::AUTHENTICATION;
            event.outcome = Outcome::Success;
            event.code = Some(EventCode::LL01);
        }
        return;
    }
    let owned = |event: &Event<'a>, name: &str| event.text(name).map(str::to_owned);
    if let Some(sender) = owned(event, "from") {
        event.user = Cow::Owned(sender);
    }
    if let Some(recipient) = owned(event, "to") {
        event.target_user = Cow::Owned(recipient);
    }
    // `relay=mx.example.net[198.51.100.9]:25`.
    if let Some((name, place)) = event.text("relay").and_then(|relay| relay.split_once('['))
        && let Some((address, port)) = place.split_once(']')
    {
        let (name, address, port) =
            (name.to_owned(), address.to_owned(), address::port(port.trim_start_matches(':')));
        event.domain = Cow::Owned(name);
        event.dst_ip =
            address::ip(&address).map(|address| Cow::Owned(address.to_owned())).unwrap_or_default();
        event.dst_port = port;
    }
    if let Some((_, status)) = text.split_once("status=") {
        event.outcome = match status.split(' ').next() {
            Some("sent") => Outcome::Success,
            Some("bounced" | "deferred" | "expired" | "undeliverable") => Outcome::Failure,
            _ => Outcome::Unknown,
        };
        if let Some((_, reply)) = status.split_once(" (") {
            put(event, "reply", reply.strip_suffix(')').unwrap_or(reply));
        }
    }
}

/// `host[192.0.2.7]`, `unknown[2001:db8::7]:40000`, `[192.0.2.7]:40000`.
fn put_peer<'a>(event: &mut Event<'a>, text: &'a str) {
    let Some((name, rest)) = text.split_once('[') else { return };
    let Some((address, rest)) = rest.split_once(']') else { return };
    let Some(address) = address::ip(address) else { return };
    let name = name.rsplit(' ').next().unwrap_or_default();
    let port = rest
        .strip_prefix(':')
        .map_or(0, |rest| address::port(rest.split([':', ' ']).next().unwrap_or_default()));
    set_source(event, (address, port));
    put(event, "client_ip", address);
    if !name.is_empty() && name != "unknown" {
        put(event, "client_name", name);
        event.domain = Cow::Borrowed(name);
    }
}

/// `from=<a@example.com>, size=12, nrcpt=1 (queue active)`, parted by commas or blanks.
fn put_pairs<'a>(event: &mut Event<'a>, text: &'a str, separator: char) {
    for part in text.split(separator) {
        let Some((name, value)) = part.trim_start().split_once('=') else { continue };
        let is_name = !name.is_empty()
            && name.len() <= 32
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
        if !is_name {
            continue;
        }
        let value = match between(value, "<", ">").filter(|_| value.starts_with('<')) {
            Some(inside) => inside,
            None if separator == ',' => value.split(" (").next().unwrap_or(value),
            None => value,
        };
        put(event, name, value);
        if separator == ' ' {
            match name {
                "from" => event.user = Cow::Borrowed(value),
                "to" => event.target_user = Cow::Borrowed(value),
                _ => {}
            }
        }
    }
}

/// `CONNECT from [192.0.2.7]:40000 to [198.51.100.2]:25`, `PREGREET 16 after 2.6 from [192.0.2.7]:40000: EHLO x`,
/// `DNSBL rank 3 for [192.0.2.7]:40000`, `PASS NEW [192.0.2.7]:40000`.
fn screen<'a>(event: &mut Event<'a>, text: &'a str) {
    if let Some((kind, rest)) = refusal(text) {
        put(event, "action", kind);
        event.outcome = Outcome::Failure;
        put_peer(event, rest);
        if let Some((_, details)) = rest.split_once("; ") {
            put_pairs(event, details, ',');
        }
        return;
    }
    event.class = Class::NETWORK;
    let (head, place) = text.split_once('[').unwrap_or((text, ""));
    let action = head.trim_end().trim_end_matches("from").trim_end_matches("for").trim_end();
    put(event, "action", action.split(" after ").next().unwrap_or(action));
    put_peer(event, text);
    if let Some((_, server)) = place.split_once(" to [")
        && let Some((address, port)) = server.split_once("]:")
    {
        event.dst_ip = address::ip(address).map(Cow::Borrowed).unwrap_or_default();
        event.dst_port = address::port(port);
    }
    event.outcome = match head.split(' ').next() {
        Some("PASS") => Outcome::Success,
        Some("PREGREET" | "DNSBL" | "HANGUP" | "DENYLISTED" | "BLACKLISTED") => Outcome::Failure,
        Some("BARE" | "COMMAND" | "NON-SMTP") => Outcome::Failure,
        _ => Outcome::Unknown,
    };
}
