//! Syslog, RFC 5424 and RFC 3164 and what daemons really write: with and without priority, with BSD, ISO or
//! no time, with and without a host.
//!
//! The header fields of a line become the fields `facility`, `severity`, `hostname`, `program`, `pid` and
//! `message` (RFC 5424 adds `appname`, `procid`, `msgid` and `sd.<id>.<parameter>`); what the message means
//! is read by one module per family of programs.

mod accounts;
mod envelope;
mod jobs;
mod network;
mod pam;
mod privilege;
mod sshd;
mod structured;

use std::borrow::Cow;

use sentra_model::{Event, Mart, Severity};

use crate::declared::Turn;
use crate::decoder::{self, Context};
use crate::flatten;
use crate::format::{self, FORMATS, Payload, Shape};
use crate::names::note;
use envelope::Envelope;

/// Names by number, RFC 5424 table 1.
const FACILITIES: [&str; 24] = [
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp",
    "ntp", "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6",
    "local7",
];

/// Names and the platform's severities by number, RFC 5424 table 2.
const SEVERITIES: [(&str, Severity); 8] = [
    ("emerg", Severity::Critical),
    ("alert", Severity::Critical),
    ("crit", Severity::Critical),
    ("err", Severity::High),
    ("warning", Severity::Medium),
    ("notice", Severity::Low),
    ("info", Severity::Informational),
    ("debug", Severity::Informational),
];

/// The event of a syslog line; `None` when it is no syslog. `strict` asks for the marks by which syslog
/// is told from other logs that begin with a time; without it, the sender has said that it is syslog.
pub(crate) fn decode<'a>(context: &Context<'_>, line: &'a str, strict: bool) -> Option<Event<'a>> {
    let mut envelope = envelope::parse(context, line, strict)?;
    let mut event = enveloped(context, &mut envelope);
    if !read_message(context, &mut event, &envelope, line) {
        understand(&mut event, envelope.program, envelope.module, envelope.message);
    }
    Some(event)
}

/// Lets another format read the message: by the program's name, else by the message's looks.
fn read_message<'a>(
    context: &Context<'_>,
    event: &mut Event<'a>,
    envelope: &Envelope<'a>,
    line: &'a str,
) -> bool {
    let payload = Payload { text: envelope.message, program: envelope.program, in_syslog: true };
    let named = FORMATS.iter().find(|format| match format.shape {
        Shape::Text { programs, .. } => programs.contains(&envelope.program),
        _ => false,
    });
    if payload.text.starts_with('{') {
        return read_object(context, event, &payload);
    }
    if context.declared.read(Turn::BeforeBuiltIn, context, &payload, line, event) {
        return true;
    }
    let declared =
        |event: &mut Event<'a>| context.declared.read(Turn::AfterBuiltIn, context, &payload, line, event);
    if let Some(format) = named {
        return decoder::understand(context, format, &payload, event) || declared(event);
    }
    if is_own(envelope.program) {
        return false;
    }
    let (mut particular, mut general) = format::by_turn();
    particular.any(|format| decoder::understand(context, format, &payload, event))
        || declared(event)
        || general.any(|format| decoder::understand(context, format, &payload, event))
}

/// Reads a message that is a JSON object. What the object does not say, the envelope does.
fn read_object<'a>(context: &Context<'_>, event: &mut Event<'a>, payload: &Payload<'a>) -> bool {
    let Ok(flat) = flatten::object(payload.text) else { return false };
    if let Some(problem) = flat.problem() {
        note(event, problem);
    }
    let declared = |turn| context.declared.object(turn, payload.program, &flat.fields);
    let first = declared(Turn::BeforeBuiltIn);
    let mut inner = match (first, decoder::object_format(&flat.fields)) {
        (None, Some(decode)) => decode(context, flat.fields),
        (first, _) => {
            let Some(definition) = first.or_else(|| declared(Turn::AfterBuiltIn)) else {
                event.fields.extend(flat.fields);
                return true;
            };
            definition.decode(context, flat.fields, Some(event.time))
        }
    };
    if inner.host.is_empty() {
        inner.host = std::mem::take(&mut event.host);
    }
    *event = inner;
    true
}

/// The event of what the envelope of a syslog line says, for a format that will read its message. `strict` as in
/// [`decode`].
pub(crate) fn envelope_event<'a>(
    context: &Context<'_>,
    line: &'a str,
    strict: bool,
) -> Option<(Event<'a>, Payload<'a>)> {
    let mut envelope = envelope::parse(context, line, strict)?;
    let payload = Payload { text: envelope.message, program: envelope.program, in_syslog: true };
    Some((enveloped(context, &mut envelope), payload))
}

fn enveloped<'a>(context: &Context<'_>, envelope: &mut Envelope<'a>) -> Event<'a> {
    let mut event = Event::new("syslog", Mart::LINUX, envelope.time.unwrap_or(context.received));
    event.product = Cow::Borrowed("linux");
    if envelope.time.is_none() {
        note(&mut event, "no time in the record, arrival time taken");
    }
    if let Some(problem) = envelope.problem {
        note(&mut event, problem);
    }
    put_fields(&mut event, envelope);
    event.service = Cow::Borrowed(service(envelope.program, envelope.priority));
    event.host = Cow::Borrowed(envelope.host);
    event.app = Cow::Borrowed(envelope.program);
    event.process = Cow::Borrowed(envelope.program);
    event.pid = Cow::Borrowed(envelope.pid);
    event.message = Cow::Borrowed(envelope.message);
    for (name, value) in std::mem::take(&mut envelope.structured) {
        event.push(name, sentra_model::FieldValue::Text(value));
    }
    event
}

/// Programs whose messages this module reads itself, so that no other format is asked.
pub(crate) fn is_own(program: &str) -> bool {
    matches!(
        program,
        "sshd"
            | "sshd-session"
            | "sshd-auth"
            | "sudo"
            | "su"
            | "useradd"
            | "userdel"
            | "usermod"
            | "groupadd"
            | "groupdel"
            | "groupmod"
            | "gpasswd"
            | "passwd"
            | "chpasswd"
            | "chage"
            | "chfn"
            | "chsh"
            | "adduser"
            | "cron"
            | "CRON"
            | "crond"
            | "CROND"
            | "anacron"
            | "crontab"
            | "atd"
            | "systemd"
            | "systemd-logind"
            | "ftpd"
    )
}

fn put_fields<'a>(event: &mut Event<'a>, envelope: &Envelope<'a>) {
    event.fields.reserve(8);
    if let Some(priority) = envelope.priority {
        if let Some(facility) = FACILITIES.get(usize::from(priority / 8)) {
            event.push("facility", *facility);
        }
        if let Some((name, severity)) = SEVERITIES.get(usize::from(priority % 8)) {
            event.push("severity", *name);
            event.severity = *severity;
        }
    }
    let named = [
        ("hostname", envelope.host),
        ("program", envelope.program),
        ("appname", if envelope.is_rfc5424 { envelope.program } else { "" }),
        ("pid", envelope.pid),
        ("procid", if envelope.is_rfc5424 { envelope.pid } else { "" }),
        ("msgid", envelope.message_id),
        ("module", envelope.module),
        ("message", envelope.message),
    ];
    for (name, value) in named {
        if !value.is_empty() {
            event.push(name, value);
        }
    }
}

/// The Sigma service of a program: its own where Sigma knows one, else by what it logs to.
fn service(program: &str, priority: Option<u8>) -> &'static str {
    match program {
        "sshd" | "sshd-session" | "sshd-auth" => "sshd",
        "sudo" => "sudo",
        "cron" | "CRON" | "crond" | "CROND" | "anacron" | "crontab" | "atd" => "cron",
        "vsftpd" => "vsftpd",
        "clamd" | "freshclam" | "clamscan" | "clamav" => "clamav",
        "auditd" | "audisp-syslog" | "audispd" | "audit" => "auditd",
        "guacd" | "guacamole" => "guacamole",
        "su" | "login" | "systemd-logind" | "polkitd" | "useradd" | "userdel" | "usermod" | "groupadd"
        | "groupdel" | "groupmod" | "gpasswd" | "passwd" | "chpasswd" | "chage" | "chfn" | "chsh" => "auth",
        _ if priority.is_some_and(|priority| matches!(priority / 8, 4 | 10)) => "auth",
        _ => "syslog",
    }
}

/// Fills the header with what the message means.
fn understand<'a>(event: &mut Event<'a>, program: &'a str, module: &'a str, message: &'a str) {
    let message = repeated(event, message);
    if module.starts_with("pam_") {
        pam::from_tag(event, program, message);
        return;
    }
    if pam::understand(event, message) {
        if event.service == "syslog" {
            event.service = Cow::Borrowed("auth");
        }
        return;
    }
    match program {
        "sshd" | "sshd-session" | "sshd-auth" => sshd::understand(event, message),
        "sudo" => privilege::sudo(event, message),
        "su" => privilege::su(event, message),
        "useradd" | "userdel" | "usermod" | "groupadd" | "groupdel" | "groupmod" | "gpasswd" | "passwd"
        | "chpasswd" | "chage" | "chfn" | "chsh" | "adduser" => accounts::understand(event, program, message),
        "cron" | "CRON" | "crond" | "CROND" | "anacron" | "crontab" | "atd" => jobs::cron(event, message),
        "systemd" | "systemd-logind" => jobs::systemd(event, message),
        "ftpd" => network::ftpd(event, message),
        _ => {}
    }
}

/// Reads `message repeated N times: [ … ]`: N goes into `count`, the inner message is what is understood.
fn repeated<'a>(event: &mut Event<'a>, message: &'a str) -> &'a str {
    let parts = message
        .strip_prefix("message repeated ")
        .and_then(|rest| rest.split_once(" times: ["))
        .and_then(|(count, inner)| Some((count.parse::<u32>().ok()?, inner)));
    let Some((count, inner)) = parts else { return message };
    event.count = count.max(1);
    let inner = inner.trim_end();
    inner.strip_suffix(']').unwrap_or(inner).trim()
}

/// The text after `prefix`, whatever its case; `None` when it does not begin so.
fn strip_prefix_caseless<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let head = text.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then(|| text.get(prefix.len()..)).flatten()
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
