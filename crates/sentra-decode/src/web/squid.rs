//! Squid: its native access log, and `combined` with Squid's result at the end of the line.

use std::borrow::Cow;

use sentra_model::{Event, Outcome};

use super::access;
use super::request::{self, Request};
use crate::address;
use crate::decoder::Context;
use crate::format::{Format, Payload, Shape};
use crate::names::note;
use crate::scan::{is_number, known, put, set_time, token, tokens};
use crate::split::cut_at_last;
use crate::time;

pub(crate) static FORMAT: Format = Format {
    name: "squid",
    title: "Squid access log, native and combined",
    sample: "1772359200.123    345 192.0.2.7 TCP_MISS/200 4521 GET http://example.com/a.zip alice HIER_DIRECT/203.0.113.9 application/zip",
    shape: Shape::Text { programs: &["squid", "(squid-1)"], recognise, parse },
};

fn recognise(payload: &Payload<'_>) -> bool {
    is_native(payload.text) || combined_result(payload.text).is_some()
}

/// `1772359200.123    345 `: seconds with three digits behind the point, then blanks.
fn is_native(text: &str) -> bool {
    let bytes = text.as_bytes();
    let is_stamp = bytes.get(10) == Some(&b'.')
        && bytes.get(14) == Some(&b' ')
        && bytes.get(..10).is_some_and(|seconds| seconds.iter().all(u8::is_ascii_digit))
        && bytes.get(11..14).is_some_and(|millis| millis.iter().all(u8::is_ascii_digit));
    is_stamp
        && tokens::<4>(text).is_some_and(|([_, elapsed, _, result], _)| {
            is_number(elapsed.trim_start_matches('-')) && is_result(result)
        })
}

/// `TCP_MISS/200`, `TCP_DENIED_REPLY/403`, `NONE_NONE/000`.
fn is_result(text: &str) -> bool {
    is_code(text) && text.contains('/')
}

fn is_code(text: &str) -> bool {
    ["TCP_", "UDP_", "NONE", "TAG_"].iter().any(|code| text.starts_with(code))
}

/// `TCP_MISS:HIER_DIRECT` at the end of a line in the combined format.
fn combined_result(text: &str) -> Option<&str> {
    let (_, result) = cut_at_last(text, "\" ")?;
    (is_code(result) && result.contains(':') && !result.contains(' ')).then_some(result)
}

fn parse<'a>(context: &Context<'_>, payload: &Payload<'a>, event: &mut Event<'a>) -> bool {
    if is_native(payload.text) {
        return native(context, payload, event);
    }
    let Some(result) = combined_result(payload.text) else { return false };
    let Some(parts) = access::split(payload.text) else { return false };
    if !access::parse(context, payload, event, "squid") {
        return false;
    }
    if let Some(request) = Request::of(parts.request) {
        put_request(event, &request);
    }
    put_result(event, result.split(':').next().unwrap_or_default());
    true
}

fn native<'a>(context: &Context<'_>, payload: &Payload<'a>, event: &mut Event<'a>) -> bool {
    let Some(([stamp, elapsed, client, result], rest)) = tokens::<4>(payload.text) else { return false };
    request::start(event, "squid");
    set_time(context, event, time::value(stamp), payload.in_syslog);
    let (code, status) = result.split_once('/').unwrap_or((result, ""));
    put(event, "time-taken", elapsed);
    put(event, "c-ip", client);
    match address::ip(client) {
        Some(address) => {
            event.src_ip = Cow::Borrowed(address);
            put(event, "src_ip", address);
        }
        None => put(event, "c-dns", client),
    }
    put(event, "sc-status", status);
    event.outcome = request::outcome(status);
    put_result(event, code);
    let Some(([bytes, method], rest)) = tokens::<2>(rest) else {
        note(event, "the line breaks off after the status");
        return true;
    };
    put(event, "sc-bytes", bytes);
    // Targets may have blanks; user, route and type stand at the end and have none.
    let mut from_end = rest.rsplitn(4, ' ');
    let (Some(kind), Some(route), Some(user), Some(target)) =
        (from_end.next(), from_end.next(), from_end.next(), from_end.next())
    else {
        note(event, "fewer parts than Squid's native format has");
        put(event, "c-uri", token(rest).0);
        return true;
    };
    put(event, "cs-method", method);
    let request = Request { method, target, version: "" };
    put(event, "cs-uri-stem", request.path());
    put_request(event, &request);
    put(event, "cs-username", user);
    event.user = Cow::Borrowed(known(user));
    let (hierarchy, peer) = route.split_once('/').unwrap_or((route, ""));
    put(event, "hierarchy", hierarchy);
    if let Some(address) = address::ip(peer) {
        event.dst_ip = Cow::Borrowed(address);
        put(event, "dst_ip", address);
    }
    put(event, "sc-content-type", kind);
    true
}

fn put_request<'a>(event: &mut Event<'a>, request: &Request<'a>) {
    event.domain = Cow::Borrowed(request.host());
    event.dst_port = port(request);
    event.message = Cow::Borrowed(request.target);
    request::put_proxy_fields(event, request);
}

/// The port that the target names.
fn port(request: &Request<'_>) -> u16 {
    let authority = request.target.split_once("://").map_or(request.target, |(_, rest)| rest);
    let authority = authority.split('/').next().unwrap_or_default();
    authority.rsplit_once(':').map_or(0, |(_, port)| address::port(port))
}

fn put_result<'a>(event: &mut Event<'a>, code: &'a str) {
    put(event, "squid_action", code);
    let is_denied = code.contains("DENIED");
    if code.starts_with("TCP_") || code.starts_with("UDP_") {
        put(event, "action", if is_denied { "denied" } else { "allowed" });
    }
    if is_denied {
        event.outcome = Outcome::Failure;
    }
}
