//! HAProxy: `option httplog`, `option tcplog` and `option httpslog`, and the errors of connections. What HAProxy
//! says about its own servers stays ordinary syslog.

use std::borrow::Cow;

use sentra_model::{Class, Event, Mart, Outcome};

use super::request::{self, Request};
use crate::decoder::Context;
use crate::format::{Format, Payload, Shape};
use crate::names::note;
use crate::scan::{address_with_port, known, put, set_source, set_time, token, tokens};
use crate::time;

pub(crate) static FORMAT: Format = Format {
    name: "haproxy",
    title: "HAProxy http, tcp and https logs",
    sample: r#"192.0.2.7:40000 [01/Mar/2026:10:00:00.123] https-in~ web/web1 0/0/1/12/13 200 739 - - ---- 5/5/1/1/0 0/0 "GET /login HTTP/1.1""#,
    shape: Shape::Text { programs: &["haproxy"], recognise: |payload| split(payload.text).is_some(), parse },
};

/// A line up to its frontend.
struct Line<'a> {
    client: (&'a str, u16),
    time: time::WallTime,
    frontend: &'a str,
    rest: &'a str,
}

/// `192.0.2.7:40000 [01/Mar/2026:10:00:00.123] frontend …`.
fn split(text: &str) -> Option<Line<'_>> {
    let (client, rest) = token(text);
    let inside = rest.strip_prefix('[')?;
    let client = address_with_port(client)?;
    let (time, rest) = time::common_log(inside)?;
    let (frontend, rest) = token(rest.strip_prefix("] ")?);
    Some(Line { client, time, frontend, rest })
}

fn parse<'a>(context: &Context<'_>, payload: &Payload<'a>, event: &mut Event<'a>) -> bool {
    let Some(line) = split(payload.text) else { return false };
    request::start(event, "haproxy");
    set_time(context, event, Some(line.time), payload.in_syslog);
    set_source(event, line.client);
    put(event, "c-ip", line.client.0);
    if let Some(frontend) = line.frontend.strip_suffix(':') {
        refused(event, frontend, line.rest);
        return true;
    }
    put(event, "frontend", line.frontend.trim_end_matches('~'));
    let (server, rest) = token(line.rest);
    let (backend, server) = server.split_once('/').unwrap_or((server, ""));
    put(event, "backend", backend);
    put(event, "server", server);
    event.app = Cow::Borrowed(backend);
    let (timers, rest) = token(rest);
    put(event, "timers", timers);
    put(event, "time-taken", timers.rsplit('/').next().unwrap_or_default());
    // Five timers are HTTP's, three are TCP's.
    if timers.split('/').take(6).count() >= 5 {
        http(event, rest)
    } else {
        tcp(event, rest)
    }
    true
}

/// `frontend/1: SSL handshake failure`.
fn refused<'a>(event: &mut Event<'a>, frontend: &'a str, message: &'a str) {
    put(event, "frontend", frontend);
    event.mart = Mart::PROXY;
    event.class = Class::NETWORK;
    event.outcome = Outcome::Failure;
    event.message = Cow::Borrowed(message);
}

/// `status bytes cookie cookie state counts queues [{headers} [{headers}]] "request" [tls errors] [sni/version/cipher]`.
fn http<'a>(event: &mut Event<'a>, rest: &'a str) {
    let Some(([status, bytes, _, _, state, counts, queues], rest)) = tokens::<7>(rest) else {
        note(event, "fewer parts than an http log has");
        return;
    };
    put(event, "sc-status", status);
    put(event, "sc-bytes", bytes);
    put(event, "termination_state", state);
    put(event, "connections", counts);
    put(event, "queues", queues);
    event.outcome = request::outcome(status);
    let (captured, quoted) = match rest.split_once('"') {
        Some((captured, quoted)) => (captured.trim(), quoted),
        None => {
            note(event, "no request in the line");
            return;
        }
    };
    put(event, "captured_headers", captured);
    // HAProxy writes quotes of the request as they are, and cuts long requests without a closing quote.
    let (line, tls) = quoted.rsplit_once('"').unwrap_or((quoted, ""));
    event.message = Cow::Borrowed(line);
    if let Some(request) = Request::of(line) {
        request::put_server_fields(event, &request);
        event.domain = Cow::Borrowed(request.host());
    }
    put(event, "request", line);
    put_tls(event, tls.trim());
}

/// `0/0/0/0/0 sni/TLSv1.3/TLS_AES_256_GCM_SHA384`.
fn put_tls<'a>(event: &mut Event<'a>, tls: &'a str) {
    let (first, second) = token(tls);
    let (errors, session) = if second.is_empty() { ("", first) } else { (first, second) };
    put(event, "tls_errors", errors);
    let mut parts = session.split('/');
    let name = known(parts.next().unwrap_or_default());
    put(event, "tls_sni", name);
    put(event, "tls_version", parts.next().unwrap_or_default());
    put(event, "tls_cipher", parts.next().unwrap_or_default());
    if event.domain.is_empty() {
        event.domain = Cow::Borrowed(name);
    }
}

/// `bytes state counts queues`.
fn tcp<'a>(event: &mut Event<'a>, rest: &'a str) {
    event.class = Class::NETWORK;
    let Some(([bytes, state, counts, queues], _)) = tokens::<4>(rest) else {
        note(event, "fewer parts than a tcp log has");
        return;
    };
    put(event, "sc-bytes", bytes);
    put(event, "termination_state", state);
    put(event, "connections", counts);
    put(event, "queues", queues);
    event.outcome = if state == "--" { Outcome::Success } else { Outcome::Failure };
}
