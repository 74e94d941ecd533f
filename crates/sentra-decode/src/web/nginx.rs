//! nginx: `2026/03/01 10:00:00 [error] 811#811: *17 message, client: …, server: …, request: "…"`, and its access
//! lines where the sender or the syslog envelope says that they are nginx's.
//!
//! `LL03` stands on the lines of the basic authentication module: `user "x": password mismatch` and
//! `user "x" was not found in`, one per attempt.

use std::borrow::Cow;

use sentra_model::{Class, Event, EventCode, Outcome, Severity};

use super::access;
use super::request::{self, Request};
use crate::address;
use crate::decoder::Context;
use crate::format::{Format, Payload, Shape};
use crate::names::note;
use crate::scan::{between, is_number, known, put, set_time};
use crate::time;

pub(crate) static FORMAT: Format = Format {
    name: "nginx",
    title: "nginx error and access logs",
    sample: r#"2026/03/01 10:00:00 [error] 811#811: *17 user "alice": password mismatch, client: 192.0.2.7, server: example.com, request: "GET /admin HTTP/1.1", host: "example.com""#,
    shape: Shape::Text { programs: &["nginx"], recognise, parse },
};

fn recognise(payload: &Payload<'_>) -> bool {
    payload.program == "nginx" || split(payload.text).is_some()
}

fn parse<'a>(context: &Context<'_>, payload: &Payload<'a>, event: &mut Event<'a>) -> bool {
    match split(payload.text) {
        Some(line) => {
            error(context, payload, event, &line);
            true
        }
        None => access::parse(context, payload, event, "nginx"),
    }
}

/// An error line up to its message.
struct Line<'a> {
    time: time::WallTime,
    level: &'a str,
    pid: &'a str,
    connection: &'a str,
    message: &'a str,
}

/// `2026/03/01 10:00:00 [error] 811#812: *17 message`.
fn split(text: &str) -> Option<Line<'_>> {
    // Only nginx parts a date by slashes with the year in front.
    if text.as_bytes().get(4) != Some(&b'/') {
        return None;
    }
    let (time, rest) = time::iso(text)?;
    let (level, rest) = rest.strip_prefix(" [")?.split_once("] ")?;
    let (ids, message) = rest.split_once(": ")?;
    let (pid, thread) = ids.split_once('#')?;
    if !(is_number(pid) && is_number(thread)) {
        return None;
    }
    let (connection, message) = match message.strip_prefix('*').and_then(|rest| rest.split_once(' ')) {
        Some((connection, message)) if is_number(connection) => (connection, message),
        _ => ("", message),
    };
    Some(Line { time, level, pid, connection, message })
}

fn error<'a>(context: &Context<'_>, payload: &Payload<'a>, event: &mut Event<'a>, line: &Line<'a>) {
    request::start(event, "nginx");
    set_time(context, event, Some(line.time), payload.in_syslog);
    event.severity = severity(line.level);
    event.pid = Cow::Borrowed(line.pid);
    put(event, "level", line.level);
    put(event, "connection", line.connection);
    let message = put_client(event, line.message);
    event.message = Cow::Borrowed(message);
    meaning(event, message);
}

/// What one failed login says, and what a web application firewall does.
fn meaning<'a>(event: &mut Event<'a>, message: &'a str) {
    let user = message.strip_prefix("user \"").and_then(|rest| {
        rest.rsplit_once("\": password mismatch")
            .or_else(|| rest.rsplit_once("\" was not found in"))
            .map(|(user, _)| user)
    });
    if let Some(user) = user {
        event.class = Class::AUTHENTICATION;
        event.outcome = Outcome::Failure;
        event.code = Some(EventCode::LL03);
        event.user = Cow::Borrowed(user);
        put(event, "cs-username", user);
    } else if message.starts_with("access forbidden") || message.starts_with("limiting ") {
        event.outcome = Outcome::Failure;
    } else if message.starts_with("ModSecurity: ") {
        put_modsecurity(event, message);
    } else if message.ends_with(" failed (2: No such file or directory)")
        || message.contains("\" failed (13: ")
    {
        event.outcome = Outcome::Failure;
        event.file = Cow::Borrowed(between(message, "\"", "\"").unwrap_or_default());
    } else if event.src_ip.is_empty() {
        event.class = Class::APPLICATION_LIFECYCLE;
    }
}

/// The parameters of ModSecurity's verdict, `[id "930100"] [msg "…"]`, each name once.
pub(crate) fn put_modsecurity<'a>(event: &mut Event<'a>, message: &'a str) {
    event.service = Cow::Borrowed("modsecurity");
    if message.contains("Access denied") {
        event.outcome = Outcome::Failure;
    }
    let mut rest = message;
    while let Some((_, after)) = rest.split_once(" [") {
        rest = after;
        let Some((name, value)) = after.split_once(" \"") else { break };
        let is_name = name.len() <= 16 && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        if !is_name {
            continue;
        }
        let Some((value, after)) = value.split_once("\"]") else { break };
        put(event, name, value);
        rest = after;
        // The next parameter's blank is part of the separator.
        if let Some(back) = rest.strip_prefix(' ').filter(|back| back.starts_with('[')) {
            rest = message.get(message.len() - back.len() - 1..).unwrap_or(back);
        }
    }
}

const CLIENT: &str = ", client: ";

/// Where a client is named. User names, paths and requests are the client's and may look like one: an address
/// and the server must follow, and what a failed login says of the user comes before.
fn clients(message: &str) -> impl Iterator<Item = usize> {
    let marks = ["\": password mismatch", "\" was not found in \""];
    let from = if message.starts_with("user \"") {
        marks.iter().filter_map(|mark| message.find(mark)).min().unwrap_or_default()
    } else {
        0
    };
    memchr::memmem::find_iter(message.as_bytes(), CLIENT).filter(move |at| {
        let rest = message.get(at + CLIENT.len()..).unwrap_or_default();
        let (client, rest) = rest.split_once(", ").unwrap_or((rest, ""));
        *at >= from && rest.starts_with("server: ") && (client == "unix:" || address::ip(client).is_some())
    })
}

/// Takes `, client: …, server: …, request: "…", upstream: "…", host: "…", referrer: "…"` off the message.
fn put_client<'a>(event: &mut Event<'a>, message: &'a str) -> &'a str {
    let mut places = clients(message);
    let Some(at) = places.next() else {
        event.class = Class::APPLICATION_LIFECYCLE;
        return message;
    };
    if places.next().is_some() {
        note(event, "the line names several clients, the first taken");
    }
    let (text, rest) = message.split_at_checked(at).unwrap_or((message, ""));
    let rest = rest.strip_prefix(CLIENT).unwrap_or(rest);
    let client = rest.split(',').next().unwrap_or_default();
    put(event, "c-ip", client);
    event.src_ip = address::ip(client).map(Cow::Borrowed).unwrap_or_default();
    if let Some(server) =
        between(rest, ", server: ", ",").or_else(|| rest.split_once(", server: ").map(|(_, server)| server))
    {
        put(event, "server", server);
    }
    for (mark, name) in [
        (", upstream: \"", "upstream"),
        (", referrer: \"", "cs-referer"),
        (", host: \"", "cs-host"),
        (", request: \"", "request"),
    ] {
        let Some(value) = between(rest, mark, "\"") else { continue };
        match name {
            "request" => {
                if let Some(request) = Request::of(value) {
                    request::put_server_fields(event, &request);
                }
                put(event, name, value);
            }
            "cs-host" => {
                event.domain = Cow::Borrowed(known(request::without_port(value)));
                put(event, name, value);
            }
            _ => put(event, name, value),
        }
    }
    text
}

/// The levels of nginx and Apache.
pub(crate) fn severity(level: &str) -> Severity {
    match level {
        "emerg" | "alert" | "crit" => Severity::Critical,
        "error" => Severity::High,
        "warn" => Severity::Medium,
        "notice" => Severity::Low,
        _ => Severity::Informational,
    }
}
