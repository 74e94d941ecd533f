//! Apache httpd: error lines of 2.2 (`[time] [level] [client 192.0.2.7] …`) and 2.4 (`[time] [module:level]
//! [pid 1:tid 2] [client 192.0.2.7:40000] AH01617: …`), and its access lines where the sender or the syslog
//! envelope says that they are Apache's.
//!
//! `LL03` stands on the lines of the authentication modules that name the user, one per attempt.

use std::borrow::Cow;

use sentra_model::{Class, Event, EventCode, Outcome};

use super::nginx::{put_modsecurity, severity};
use super::{access, request};
use crate::decoder::Context;
use crate::format::{Format, Payload, Shape};
use crate::scan::{address_and_port, put, set_source, set_time};
use crate::time;

pub(crate) static FORMAT: Format = Format {
    name: "apache",
    title: "Apache httpd error and access logs",
    sample: "[Sun Mar 01 10:00:00.123456 2026] [auth_basic:error] [pid 811:tid 140001] [client 192.0.2.7:40000] AH01617: user alice: authentication failure for \"/admin\": Password Mismatch",
    shape: Shape::Text { programs: &["apache2", "httpd", "apache"], recognise, parse },
};

/// Law LIMIT: how many bracketed parts a line begins with.
const BRACKETS_MAX: usize = 8;

fn recognise(payload: &Payload<'_>) -> bool {
    is_program(payload.program) || split(payload.text).is_some()
}

fn is_program(program: &str) -> bool {
    matches!(program, "apache2" | "httpd" | "apache")
}

fn parse<'a>(context: &Context<'_>, payload: &Payload<'a>, event: &mut Event<'a>) -> bool {
    if let Some((time, rest)) = split(payload.text) {
        error(context, payload, event, Some(time), rest);
        return true;
    }
    if access::parse(context, payload, event, "apache") {
        return true;
    }
    // Apache leaves the time to syslog: `[auth_basic:error] [pid 811] …`.
    let is_error = is_program(payload.program) && payload.text.starts_with('[');
    if is_error {
        error(context, payload, event, None, payload.text);
    }
    is_error
}

/// `[Sun Mar 01 10:00:00 2026] `, followed by another bracket.
fn split(text: &str) -> Option<(time::WallTime, &str)> {
    let inside = text.strip_prefix('[')?;
    if !inside.as_bytes().first()?.is_ascii_alphabetic() {
        return None;
    }
    let (time, rest) = time::asctime(inside)?;
    let rest = rest.strip_prefix("] ")?;
    rest.starts_with('[').then_some((time, rest))
}

fn error<'a>(
    context: &Context<'_>,
    payload: &Payload<'a>,
    event: &mut Event<'a>,
    time: Option<time::WallTime>,
    mut rest: &'a str,
) {
    request::start(event, "apache");
    set_time(context, event, time, payload.in_syslog);
    let mut has_client = false;
    for index in 0..BRACKETS_MAX {
        let Some((part, after)) = rest.strip_prefix('[').and_then(|rest| rest.split_once("] ")) else {
            break;
        };
        if !put_part(event, part, index, &mut has_client) {
            break;
        }
        rest = after.trim_start();
    }
    // `(13)Permission denied: [client 192.0.2.7:40000] AH00035: …`.
    if !has_client
        && rest.starts_with('(')
        && let Some((_, after)) = rest.split_once(": [client ")
        && let Some((peer, _)) = after.split_once("] ")
        && let Some(peer) = address_and_port(peer)
    {
        has_client = true;
        put(event, "c-ip", peer.0);
        set_source(event, peer);
    }
    if !has_client {
        event.class = Class::APPLICATION_LIFECYCLE;
    }
    let (message, referer) = rest.rsplit_once(", referer: ").unwrap_or((rest, ""));
    put(event, "cs-referer", referer);
    event.message = Cow::Borrowed(message);
    meaning(event, message);
}

/// One bracket; `false` when it belongs to the message.
fn put_part<'a>(event: &mut Event<'a>, part: &'a str, index: usize, has_client: &mut bool) -> bool {
    if let Some(peer) = part.strip_prefix("client ").or_else(|| part.strip_prefix("remote ")) {
        // ModSecurity repeats the client.
        if !*has_client {
            put(event, "c-ip", address_and_port(peer).map_or(peer, |(address, _)| address));
            if let Some(peer) = address_and_port(peer) {
                set_source(event, peer);
            }
        }
        *has_client = true;
    } else if let Some(ids) = part.strip_prefix("pid ") {
        let (pid, thread) = ids.split_once(":tid ").unwrap_or((ids, ""));
        event.pid = Cow::Borrowed(pid);
        put(event, "pid", pid);
        put(event, "tid", thread);
    } else if index == 0 {
        let (module, level) = part.split_once(':').unwrap_or(("", part));
        put(event, "module", module);
        put(event, "level", level);
        event.severity = severity(level);
    } else {
        return false;
    }
    true
}

fn meaning<'a>(event: &mut Event<'a>, message: &'a str) {
    let text = match message.split_once(": ") {
        Some((id, text)) if id.len() == 7 && id.starts_with("AH") => {
            put(event, "error_id", id);
            text
        }
        _ => message,
    };
    if let Some(rest) = text.strip_prefix("user ") {
        let user = [": authentication failure for ", " not found: ", ": password mismatch: "]
            .iter()
            .find_map(|mark| rest.rsplit_once(mark).map(|(user, _)| user));
        if let Some(user) = user {
            event.class = Class::AUTHENTICATION;
            event.outcome = Outcome::Failure;
            event.code = Some(EventCode::LL03);
            event.user = Cow::Borrowed(user);
            put(event, "cs-username", user);
        }
    } else if text.starts_with("ModSecurity: ") {
        put_modsecurity(event, text);
    } else if let Some((_, path)) = text.split_once("client denied by server configuration: ") {
        event.outcome = Outcome::Failure;
        event.file = Cow::Borrowed(path);
    } else if let Some((_, path)) = text.split_once("File does not exist: ") {
        event.outcome = Outcome::Failure;
        event.file = Cow::Borrowed(path);
    } else if let Some((_, path)) = text.split_once("Directory index forbidden by rule: ") {
        event.outcome = Outcome::Failure;
        event.file = Cow::Borrowed(path);
    } else if text.contains("resuming normal operations") {
        event.code = Some(EventCode::SS01);
    } else if text.contains(", shutting down") {
        event.code = Some(EventCode::SS02);
    }
}
