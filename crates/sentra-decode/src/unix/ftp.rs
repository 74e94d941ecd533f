//! vsftpd and ProFTPD: logins and transfers. Their own lines carry `LL01` and `LL03`; what PAM says beside them
//! tells of the same attempts.

use std::borrow::Cow;

use sentra_model::{Class, Event, EventCode, Outcome};

use crate::address;
use crate::decoder::Context;
use crate::format::{Format, Payload, Shape};
use crate::scan::{between, put, quoted, set_time};
use crate::time::{self, WallTime};

/// vsftpd: `Sun Mar  1 10:00:00 2026 [pid 811] [alice] FAIL LOGIN: Client "192.0.2.7"`.
pub(crate) static VSFTPD: Format = Format {
    name: "vsftpd",
    title: "vsftpd log",
    sample: "Sun Mar  1 10:00:00 2026 [pid 811] [alice] FAIL LOGIN: Client \"192.0.2.7\"",
    shape: Shape::Text {
        programs: &["vsftpd"],
        recognise: |payload| split(payload).is_some(),
        parse: vsftpd,
    },
};

/// ProFTPD: `host (client[192.0.2.7]): USER alice (Login failed): Incorrect password`.
pub(crate) static PROFTPD: Format = Format {
    name: "proftpd",
    title: "ProFTPD log",
    sample: "2026-03-01 10:00:00,123 ftp1 proftpd[811] ftp1 (client.example.com[192.0.2.7]): USER alice (Login failed): Incorrect password",
    shape: Shape::Text {
        programs: &["proftpd"],
        recognise: |payload| payload.program == "proftpd" && payload.text.contains("): "),
        parse: proftpd,
    },
};

/// A line of vsftpd.
struct Line<'a> {
    time: Option<WallTime>,
    pid: &'a str,
    user: &'a str,
    action: &'a str,
    address: &'a str,
    rest: &'a str,
    text: &'a str,
}

fn split<'a>(payload: &Payload<'a>) -> Option<Line<'a>> {
    let (time, text) = match time::asctime(payload.text) {
        Some((time, rest)) => (Some(time), rest.trim_start()),
        None if payload.program == "vsftpd" => (None, payload.text),
        None => return None,
    };
    let (pid, text) = match text.strip_prefix("[pid ").and_then(|rest| rest.split_once("] ")) {
        Some(parts) => parts,
        None if payload.program == "vsftpd" => ("", text),
        None => return None,
    };
    // A user's name may have brackets; the client stands behind the last mark.
    let (head, rest) = text.rsplit_once(": Client \"")?;
    let (address, rest) = rest.split_once('"')?;
    let (user, action) = match head.strip_prefix('[').and_then(|rest| rest.rsplit_once("] ")) {
        Some(parts) => parts,
        None => ("", head),
    };
    Some(Line { time, pid, user, action, address, rest, text })
}

fn vsftpd<'a>(context: &Context<'_>, payload: &Payload<'a>, event: &mut Event<'a>) -> bool {
    let Some(line) = split(payload) else { return false };
    start(event, "vsftpd");
    set_time(context, event, line.time, payload.in_syslog);
    event.src_ip = address::ip(line.address).map(Cow::Borrowed).unwrap_or_default();
    event.user = Cow::Borrowed(line.user);
    if !line.pid.is_empty() {
        event.pid = Cow::Borrowed(line.pid);
    }
    event.message = Cow::Borrowed(line.text);
    put(event, "user", line.user);
    put(event, "action", line.action);
    put(event, "client_ip", line.address);
    let detail = line.rest.trim_start_matches([',', ' ']);
    let detail = quoted(detail).map_or("", |(inside, _)| inside);
    match line.action {
        "OK LOGIN" => login(event, Outcome::Success),
        "FAIL LOGIN" => login(event, Outcome::Failure),
        "FTP response" | "FTP command" => put(event, "detail", detail),
        action if action.starts_with("OK ") || action.starts_with("FAIL ") => {
            event.outcome = if action.starts_with("OK ") { Outcome::Success } else { Outcome::Failure };
            event.file = Cow::Borrowed(detail);
            put(event, "path", detail);
        }
        _ => event.class = Class::NETWORK,
    }
    true
}

fn start(event: &mut Event<'_>, product: &'static str) {
    // Sigma knows vsftpd as a service of Linux.
    event.product = Cow::Borrowed("linux");
    event.service = Cow::Borrowed(product);
    event.app = Cow::Borrowed(product);
    event.class = Class::FTP;
}

fn login(event: &mut Event<'_>, outcome: Outcome) {
    event.class = Class::AUTHENTICATION;
    event.outcome = outcome;
    event.code = Some(if outcome == Outcome::Success { EventCode::LL01 } else { EventCode::LL03 });
}

fn proftpd<'a>(context: &Context<'_>, payload: &Payload<'a>, event: &mut Event<'a>) -> bool {
    if payload.program != "proftpd" {
        return false;
    }
    let Some((head, text)) = payload.text.split_once("): ") else { return false };
    start(event, "proftpd");
    set_time(context, event, None, payload.in_syslog);
    if let Some((name, address)) = head.rsplit_once('(').and_then(|(_, peer)| peer.split_once('[')) {
        put(event, "client_name", name);
        let address = address.trim_end_matches(']');
        put(event, "client_ip", address);
        event.src_ip = address::ip(address).map(Cow::Borrowed).unwrap_or_default();
    }
    event.message = Cow::Borrowed(text);
    put(event, "action", text);
    if let Some(rest) = text.strip_prefix("USER ") {
        let failed = rest.rsplit_once(": no such user found").or_else(|| rest.rsplit_once(" (Login failed)"));
        if let Some((user, _)) = failed {
            login(event, Outcome::Failure);
            event.user = Cow::Borrowed(user);
        } else if let Some((user, _)) = rest.rsplit_once(": Login successful") {
            login(event, Outcome::Success);
            event.user = Cow::Borrowed(user);
        }
    } else if text.starts_with("SECURITY VIOLATION: ") {
        login(event, Outcome::Failure);
        event.user = Cow::Borrowed(if text.contains("oot login") { "root" } else { "" });
    } else if text.starts_with("Maximum login attempts") {
        event.class = Class::AUTHENTICATION;
        event.outcome = Outcome::Failure;
    } else if text.starts_with("FTP session ") {
        event.class = Class::NETWORK;
    }
    if let Some(path) = between(text, "'", "'") {
        event.file = Cow::Borrowed(path);
    }
    put(event, "user", event.user.clone());
    true
}
