//! Dovecot: logins and failures of its login processes.
//!
//! The login process says at the end of a connection how many attempts failed in it: that line carries `LL03`
//! with their number as `count`. What the authentication process says of each of them tells of the same ones.

use std::borrow::Cow;

use sentra_model::{Class, Event, EventCode, Outcome};

use crate::address;
use crate::decoder::Context;
use crate::format::{Format, Payload, Shape};
use crate::scan::{between, put, set_time};

pub(crate) static FORMAT: Format = Format {
    name: "dovecot",
    title: "Dovecot logins and authentication failures",
    sample: "Mar  1 10:00:00 mail1 dovecot: imap-login: Disconnected: Connection closed (auth failed, 2 attempts in 8 secs): user=<alice@example.com>, method=PLAIN, rip=192.0.2.7, lip=198.51.100.2, TLS, session=<abc001>",
    shape: Shape::Text { programs: &["dovecot"], recognise, parse },
};

fn recognise(payload: &Payload<'_>) -> bool {
    matches!(
        payload.program,
        "dovecot" | "imap-login" | "pop3-login" | "managesieve-login" | "submission-login"
    ) && !payload.text.starts_with("pam_")
}

fn parse<'a>(context: &Context<'_>, payload: &Payload<'a>, event: &mut Event<'a>) -> bool {
    if !recognise(payload) {
        return false;
    }
    // Files of Dovecot's own name the level: `imap-login: Info: Login: …`.
    let (process, text) = match payload.text.split_once(": ") {
        Some((process, text)) if payload.program == "dovecot" => (process, text),
        _ => (payload.program, payload.text),
    };
    let text = text.strip_prefix("Info: ").unwrap_or(text);
    set_time(context, event, None, payload.in_syslog);
    event.product = Cow::Borrowed("dovecot");
    event.service = Cow::Borrowed("dovecot");
    event.app = Cow::Borrowed("dovecot");
    // `imap(alice)<811><abc>` names the session of a process.
    let name = process.split(['(', '<']).next().unwrap_or(process);
    put(event, "process", name);
    if name.ends_with("-login") {
        login_process(event, text);
    } else if name.starts_with("auth") {
        authentication_process(event, text);
    } else if let Some(user) = between(process, "(", ")") {
        event.user = Cow::Borrowed(user.split(',').next().unwrap_or(user));
        put(event, "user", event.user.clone());
        if text.starts_with("Disconnected: ") || text.starts_with("Logged out") {
            event.class = Class::AUTHENTICATION;
            event.outcome = Outcome::Success;
            event.code = Some(EventCode::LL02);
        }
    }
    true
}

/// `Login: user=<…>, …` and `Disconnected (auth failed, 2 attempts in 8 secs): user=<…>, …`.
fn login_process<'a>(event: &mut Event<'a>, text: &'a str) {
    event.class = Class::AUTHENTICATION;
    let (what, pairs) = match text.find(": user=<") {
        Some(at) => (text.get(..at).unwrap_or(text), text.get(at + 2..).unwrap_or_default()),
        None => (text.split(": ").next().unwrap_or(text), text),
    };
    put(event, "action", what);
    put_pairs(event, pairs);
    if what.starts_with("Login") && !what.contains("abort") || what == "Logged in" {
        event.outcome = Outcome::Success;
        event.code = Some(EventCode::LL01);
    } else if let Some(attempts) = between(what, "(auth failed, ", " attempts") {
        event.outcome = Outcome::Failure;
        event.code = Some(EventCode::LL03);
        event.count = attempts.parse::<u32>().unwrap_or(1).max(1);
    } else if what.contains("auth") || what.starts_with("Aborted") || what.starts_with("Disconnected") {
        event.outcome = Outcome::Failure;
    }
}

/// `user=<alice>, method=PLAIN, rip=192.0.2.7, lip=198.51.100.2, TLS, session=<abc>`.
fn put_pairs<'a>(event: &mut Event<'a>, pairs: &'a str) {
    // The name is the client's: it ends at the bracket that the next pair follows.
    let (user, rest) = match pairs.strip_prefix("user=<").and_then(|rest| rest.split_once(">, ")) {
        Some(parts) => parts,
        None => ("", pairs),
    };
    event.user = Cow::Borrowed(user);
    put(event, "user", user);
    for (name, value) in rest.split(", ").filter_map(|part| part.split_once('=')) {
        let value = value.strip_prefix('<').and_then(|value| value.strip_suffix('>')).unwrap_or(value);
        match name {
            "rip" => event.src_ip = address::ip(value).map(Cow::Borrowed).unwrap_or_default(),
            "lip" => event.dst_ip = address::ip(value).map(Cow::Borrowed).unwrap_or_default(),
            "rport" => event.src_port = address::port(value),
            "lport" => event.dst_port = address::port(value),
            "session" => event.session = Cow::Borrowed(value),
            _ if name.contains(' ') || name.len() > 32 => continue,
            _ => {}
        }
        put(event, name, value);
    }
}

/// `pam(alice,192.0.2.7,<abc>): pam_authenticate() failed: …`, `passwd-file(alice,192.0.2.7): unknown user`.
fn authentication_process<'a>(event: &mut Event<'a>, text: &'a str) {
    event.class = Class::AUTHENTICATION;
    let Some((who, reason)) = text.split_once("): ") else { return };
    let Some((database, who)) = who.rsplit_once('(') else { return };
    let mut parts = who.split(',');
    let user = parts.next().unwrap_or_default();
    event.user = Cow::Borrowed(user);
    put(event, "database", database);
    put(event, "user", user);
    if let Some(address) = parts.next().and_then(address::ip) {
        event.src_ip = Cow::Borrowed(address);
        put(event, "rip", address);
    }
    put(event, "reason", reason);
    let reason = reason.to_ascii_lowercase();
    if ["failed", "mismatch", "unknown user", "invalid"].iter().any(|word| reason.contains(word)) {
        event.outcome = Outcome::Failure;
    }
}
