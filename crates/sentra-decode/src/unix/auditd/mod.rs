//! The kernel's audit: the lines of auditd, its plugins and the kernel itself, and the JSON that LAUREL makes of
//! them.
//!
//! A record may be one line, or all lines of one event joined by line feeds, as
//! [`AuditJoiner`](crate::AuditJoiner) makes them at the intake. Either way it is one event: the header is made
//! of all lines, `fields` holds the pairs of all lines under auditd's names, a name once per line that has it.
//! Values in hexadecimal are text here. Beside what the lines say there are `SYSCALL`, the name of the call, and
//! `a0`, `a1`, … of a command are its words; the registers of the call that started it are `SYSCALL.a0`, ….
//!
//! # Which line counts
//!
//! One failed login makes several audit events. PAM writes `USER_AUTH` with `op=PAM:authentication` exactly once
//! per attempt, whatever program asks it, so that one carries `LL03`. sshd's own `USER_LOGIN` and `USER_AUTH`
//! repeat it, and speak of methods that were only offered. `USER_LOGIN` with success carries `LL01`.

mod facts;
mod laurel;
mod meaning;
mod record;
mod syscalls;
#[cfg(test)]
mod tests;
mod value;

use std::borrow::Cow;

use sentra_model::{Class, Event, Mart};

use crate::decoder::Context;
use crate::format::{Format, Payload, Shape};
use crate::names::note;
use crate::scan::{put, set_time};
use crate::time;
use facts::Facts;
pub(crate) use laurel::FORMAT as LAUREL;
use record::{Dress, Pairs, Record};

pub(crate) static FORMAT: Format = Format {
    name: "auditd",
    title: "Linux audit records, one line or all lines of an event",
    sample: "type=USER_AUTH msg=audit(1772359200.123:4711): pid=811 uid=0 auid=4294967295 ses=4294967295 msg='op=PAM:authentication grantors=? acct=\"alice\" exe=\"/usr/sbin/sshd\" hostname=192.0.2.7 addr=192.0.2.7 terminal=ssh res=failed'",
    shape: Shape::Text { programs: &["audispd", "audisp-syslog"], recognise, parse },
};

/// Law LIMIT: further lines of one event are not read.
const LINES_MAX: usize = 1_024;

fn recognise(payload: &Payload<'_>) -> bool {
    let text = payload.text;
    match payload.program {
        "kernel" => {
            memchr::memmem::find(text.as_bytes().get(..64).unwrap_or(text.as_bytes()), b"audit: type=")
                .is_some()
        }
        "audit" => Record::of_journal(text).is_some() || is_line(text),
        "" | "audispd" | "audisp-syslog" | "auditd" => is_line(text),
        _ => false,
    }
}

/// `type=… msg=audit(…)`, where a node may stand before it.
fn is_line(text: &str) -> bool {
    (text.starts_with("type=") || text.starts_with("node=") || text.starts_with("audit: type="))
        && Record::of(text.split('\n').next().unwrap_or_default()).is_some()
}

fn parse<'a>(context: &Context<'_>, payload: &Payload<'a>, event: &mut Event<'a>) -> bool {
    let (mut records, strangers) = records(payload);
    let Some(first) = records.first().copied() else { return false };
    if payload.program.is_empty() && !is_line(payload.text) {
        return false;
    }
    event.fields.retain(|(name, _)| name != "message");
    event.message = Cow::Borrowed("");
    event.fields.reserve(memchr::memchr_iter(b'=', payload.text.as_bytes()).take(LINES_MAX).count() + 4);
    start(event);
    let stamp = first.id.split(':').next().unwrap_or_default();
    set_time(context, event, time::value(stamp), payload.in_syslog);
    if !first.node.is_empty() {
        event.host = Cow::Borrowed(first.node);
        put(event, "node", first.node);
    }
    put(event, "audit_id", first.id);
    if records.iter().any(|record| record.id != first.id) {
        note(event, "lines of several audit events in one record, all taken as the first one's");
    }
    if strangers > 0 {
        note(event, format!("{strangers} lines that are no audit lines"));
    }
    let mut facts = Facts::default();
    // The command comes first, so that `a0` is its first word and not a register.
    let is_execution = records.iter().any(|record| record.kind == "EXECVE");
    records.retain(|record| record.kind != "EOE" || first.kind == "EOE");
    for record in &records {
        take(event, &mut facts, record, is_execution);
    }
    put_derived(event, &mut facts);
    let kinds: Vec<&str> = records.iter().map(|record| record.kind).collect();
    facts.fill(event);
    meaning::fill(event, &facts, &kinds);
    true
}

/// What every audit event has.
fn start(event: &mut Event<'_>) {
    event.mart = Mart::LINUX;
    event.product = Cow::Borrowed("linux");
    event.service = Cow::Borrowed("auditd");
    event.class = Class::BASE;
}

/// The lines of the record, and how many of them are something else.
fn records<'a>(payload: &Payload<'a>) -> (Vec<Record<'a>>, usize) {
    if payload.program == "audit"
        && let Some(record) = Record::of_journal(payload.text)
    {
        return (vec![record], 0);
    }
    let (mut records, mut strangers) = (Vec::with_capacity(8), 0);
    for line in payload.text.split('\n').map(str::trim).filter(|line| !line.is_empty()) {
        match Record::of(line) {
            Some(record) if records.len() < LINES_MAX => records.push(record),
            _ => strangers += 1,
        }
    }
    (records, strangers)
}

/// Takes in one line.
fn take<'a>(event: &mut Event<'a>, facts: &mut Facts<'a>, record: &Record<'a>, is_execution: bool) {
    put(event, "type", record.kind);
    if matches!(record.kind, "AVC" | "USER_AVC") {
        put_verdict(event, record.body);
    }
    for (key, value, dress) in Pairs(record.body) {
        match (record.kind, dress) {
            (_, Dress::Message) if key == "msg" => {
                for (key, value, dress) in Pairs(value) {
                    take_pair(event, facts, key, value, dress);
                }
            }
            ("EXECVE", _) if is_argument(key) => take_argument(event, facts, key, value, dress),
            ("SYSCALL", _) if is_execution && is_argument(key) => {
                put(event, register(key), value);
            }
            _ => take_pair(event, facts, key, value, dress),
        }
    }
    for (key, value, dress) in Pairs(record.enriched) {
        if dress == Dress::Message {
            Pairs(value).for_each(|(key, value, _)| put(event, key, value));
        } else {
            take_pair(event, facts, key, value, dress);
        }
    }
}

/// The names of the registers of a call that started a program.
fn register(key: &str) -> &'static str {
    match key {
        "a0" => "SYSCALL.a0",
        "a1" => "SYSCALL.a1",
        "a2" => "SYSCALL.a2",
        _ => "SYSCALL.a3",
    }
}

fn take_pair<'a>(event: &mut Event<'a>, facts: &mut Facts<'a>, key: &'a str, value: &'a str, dress: Dress) {
    let value = value::text(key, value, dress);
    if key == "saddr" {
        facts.socket = value::socket(&value).or(facts.socket.take());
    }
    facts.set(key, &value);
    // Several keys of one rule are parted by a control character.
    if key == "key" && value.contains('\u{1}') {
        value.split('\u{1}').for_each(|value| put(event, key, value.to_owned()));
    } else {
        put(event, key, value);
    }
}

/// `a0`, `a12`, `a1[3]`, but not `argc`, `auid` or `a1_len`.
fn is_argument(key: &str) -> bool {
    key.strip_prefix('a').is_some_and(|rest| {
        let digits = rest.split('[').next().unwrap_or_default();
        crate::scan::is_number(digits)
    })
}

/// A word of a command; long ones come in pieces, `a1[0]=… a1[1]=…`.
fn take_argument<'a>(
    event: &mut Event<'a>,
    facts: &mut Facts<'a>,
    key: &'a str,
    value: &'a str,
    dress: Dress,
) {
    let value = if dress == Dress::Bare { value::argument(value) } else { Cow::Borrowed(value) };
    let (name, piece) = key.split_once('[').unwrap_or((key, ""));
    let is_later_piece = !piece.is_empty() && !piece.starts_with("0]");
    if is_later_piece
        && let Some((last, sentra_model::FieldValue::Text(text))) = event.fields.last_mut()
        && last == name
    {
        text.to_mut().push_str(&value);
    } else {
        put(event, name, value.clone());
    }
    facts.add_argument(value, is_later_piece);
}

/// `avc:  denied  { read write } for …`, under the names that auditd's own tools use.
fn put_verdict<'a>(event: &mut Event<'a>, body: &'a str) {
    let Some((head, rest)) = body.split_once('{') else { return };
    if let Some(verdict) = head.split_ascii_whitespace().last() {
        put(event, "seresult", verdict);
    }
    if let Some((permissions, _)) = rest.split_once('}') {
        put(event, "seperms", permissions.trim());
    }
}

/// The names of the call and its architecture, and the parts of the socket address, where auditd did not add them.
fn put_derived<'a>(event: &mut Event<'a>, facts: &mut Facts<'a>) {
    if facts.architecture.is_empty()
        && let Some(architecture) = event.text("arch").and_then(syscalls::architecture)
    {
        facts.architecture = Cow::Borrowed(architecture);
        put(event, "ARCH", architecture);
    }
    if let Some(name) = syscalls::name(&facts.architecture, &facts.syscall) {
        facts.syscall = Cow::Borrowed(name);
        put(event, "SYSCALL", name);
    }
    if let Some(value::Socket::Internet(address, port)) = &facts.socket
        && event.field("laddr").is_none()
    {
        let (address, port) = (address.clone(), port.to_string());
        put(event, "laddr", address);
        put(event, "lport", port);
    }
}
