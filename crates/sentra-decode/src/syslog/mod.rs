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
mod programs;
mod sshd;
mod structured;

use std::borrow::Cow;

use sentra_model::{Event, Mart, Severity};

use crate::declared::Turn;
use crate::decoder::{self, Context};
use crate::flatten;
use crate::format::{self, Looks, Payload};
use crate::names::{NO_TIME, note};
use envelope::Envelope;
use programs::{Family, Program, program};

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

/// Room for fields that nearly every line gets by with.
const FIELDS_USUAL: usize = 14;

/// The event of a syslog line; `None` when it is no syslog. `strict` asks for the marks by which syslog
/// is told from other logs that begin with a time; without it, the sender has said that it is syslog.
pub(crate) fn decode<'a>(context: &Context<'_>, line: &'a str, strict: bool) -> Option<Box<Event<'a>>> {
    let mut envelope = Envelope::default();
    envelope.read(context, line, strict)?;
    let program = program(envelope.program);
    let mut event = enveloped(context, &mut envelope, &program);
    if !read_message(context, &mut event, &envelope, &program, line) {
        understand(&mut event, &envelope, program.family);
    }
    Some(event)
}

/// Lets another format read the message: by the program's name, else by the message's looks.
fn read_message<'a>(
    context: &Context<'_>,
    event: &mut Event<'a>,
    envelope: &Envelope<'a>,
    program: &Program,
    line: &'a str,
) -> bool {
    let payload = Payload { text: envelope.message, program: envelope.program, in_syslog: true };
    if payload.text.starts_with('{') {
        return read_object(context, event, &payload);
    }
    if context.declared.read(Turn::BeforeBuiltIn, context, &payload, line, event) {
        return true;
    }
    let declared =
        |event: &mut Event<'a>| context.declared.read(Turn::AfterBuiltIn, context, &payload, line, event);
    if let Some(format) = program.format {
        return decoder::understand(context, format, &payload, event) || declared(event);
    }
    if program.is_own {
        return false;
    }
    let (turns, looks) = (format::by_turn(), Looks::of(payload.text));
    turns.particular(looks).any(|format| decoder::understand(context, format, &payload, event))
        || declared(event)
        || turns.general(looks).any(|format| decoder::understand(context, format, &payload, event))
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
) -> Option<(Box<Event<'a>>, Payload<'a>)> {
    let mut envelope = Envelope::default();
    envelope.read(context, line, strict)?;
    let payload = Payload { text: envelope.message, program: envelope.program, in_syslog: true };
    let program = program(envelope.program);
    Some((enveloped(context, &mut envelope, &program), payload))
}

/// Programs whose messages this module reads itself, so that no other format is asked.
pub(crate) fn is_own(name: &str) -> bool {
    program(name).is_own
}

fn enveloped<'a>(context: &Context<'_>, envelope: &mut Envelope<'a>, program: &Program) -> Box<Event<'a>> {
    let time = envelope.time.unwrap_or(context.received);
    // An event is large: it is made where it stays.
    let mut event = Box::write(Box::new_uninit(), Event::new("syslog", Mart::LINUX, time));
    event.product = Cow::Borrowed("linux");
    if envelope.time.is_none() {
        note(&mut event, NO_TIME);
    }
    if let Some(problem) = envelope.problem {
        note(&mut event, problem);
    }
    put_fields(&mut event, envelope);
    event.service = Cow::Borrowed(service(program, envelope.priority));
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

fn put_fields<'a>(event: &mut Event<'a>, envelope: &Envelope<'a>) {
    event.fields = Vec::with_capacity(FIELDS_USUAL);
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
fn service(program: &Program, priority: Option<u8>) -> &'static str {
    match program.service {
        Some(service) => service,
        None if priority.is_some_and(|priority| matches!(priority / 8, 4 | 10)) => "auth",
        None => "syslog",
    }
}

/// Fills the header with what the message means.
fn understand<'a>(event: &mut Event<'a>, envelope: &Envelope<'a>, family: Family) {
    let message = repeated(event, envelope.message);
    if envelope.module.starts_with("pam_") {
        pam::from_tag(event, envelope.program, message);
        return;
    }
    if pam::understand(event, message) {
        if event.service == "syslog" {
            event.service = Cow::Borrowed("auth");
        }
        return;
    }
    match family {
        Family::Sshd => sshd::understand(event, message),
        Family::Sudo => privilege::sudo(event, message),
        Family::Su => privilege::su(event, message),
        Family::Accounts => accounts::understand(event, envelope.program, message),
        Family::Cron => jobs::cron(event, message),
        Family::Systemd => jobs::systemd(event, message),
        Family::Ftpd => network::ftpd(event, message),
        Family::Other => {}
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
