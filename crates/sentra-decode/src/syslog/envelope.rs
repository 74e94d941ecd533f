//! The outside of a syslog line: priority, time, host, program, process id.

use memchr::memchr3;
use sentra_model::Timestamp;

use super::structured;
use crate::decoder::Context;
use crate::split::cut;
use crate::time;

/// Longest program name that is believed; longer ones are prose with a colon in it.
const PROGRAM_BYTES_MAX: usize = 128;

/// The parts of a line. Texts are empty where the line does not have them.
#[derive(Debug, Default)]
pub(super) struct Envelope<'a> {
    pub(super) priority: Option<u8>,
    pub(super) is_rfc5424: bool,
    pub(super) time: Option<Timestamp>,
    pub(super) host: &'a str,
    pub(super) program: &'a str,
    /// What stands in parentheses after the program, `pam_unix` in `sshd(pam_unix)[1]:`.
    pub(super) module: &'a str,
    pub(super) pid: &'a str,
    pub(super) message_id: &'a str,
    pub(super) structured: structured::Parameters<'a>,
    pub(super) message: &'a str,
    pub(super) problem: Option<&'static str>,
}

pub(super) fn parse<'a>(context: &Context<'_>, line: &'a str, strict: bool) -> Option<Envelope<'a>> {
    let (priority, rest) = match priority(line) {
        Some((priority, rest)) => (Some(priority), rest),
        None => (None, line),
    };
    if let Some(body) = rest.strip_prefix("1 ")
        && let Some(envelope) = rfc5424(context, body, priority)
    {
        return Some(envelope);
    }
    rfc3164(context, rest, priority, strict)
}

/// `<34>` at the beginning of a line.
fn priority(line: &str) -> Option<(u8, &str)> {
    let digits = line.strip_prefix('<')?;
    let end = digits.bytes().take(4).position(|byte| byte == b'>')?;
    let (digits, rest) = digits.split_at_checked(end)?;
    let is_number = (1..=3).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    let priority = digits.parse().ok().filter(|number| is_number && *number <= 191)?;
    Some((priority, rest.get(1..)?))
}

/// What follows `1 `, the version of RFC 5424.
fn rfc5424<'a>(context: &Context<'_>, body: &'a str, priority: Option<u8>) -> Option<Envelope<'a>> {
    let (stamp, rest) = token(body);
    let time = time::iso(stamp).map(|(time, _)| context.resolve(time));
    // Without a time, or at least something that begins like one, it is no RFC 5424.
    if time.is_none() && (stamp != "-" || rest.is_empty()) && time::iso(body).is_none() {
        return None;
    }
    let (host, rest) = token(rest);
    let (program, rest) = token(rest);
    let (pid, rest) = token(rest);
    let (message_id, rest) = token(rest);
    if message_id.is_empty() {
        return None;
    }
    let mut envelope = Envelope {
        priority,
        is_rfc5424: true,
        time,
        host: known(host),
        program: known(program),
        pid: known(pid),
        message_id: known(message_id),
        ..Envelope::default()
    };
    let message = match structured::parse(rest) {
        Some((parameters, message)) => {
            envelope.structured = parameters;
            message
        }
        None => {
            envelope.problem = Some("structured data not understood, kept in the message");
            rest
        }
    };
    let message = message.strip_prefix(' ').unwrap_or(message);
    envelope.message = message.strip_prefix('\u{feff}').unwrap_or(message);
    Some(envelope)
}

fn token(text: &str) -> (&str, &str) {
    cut(text, b' ').unwrap_or((text, ""))
}

/// RFC 5424 writes `-` for what is not known.
fn known(text: &str) -> &str {
    if text == "-" { "" } else { text }
}

fn rfc3164<'a>(
    context: &Context<'_>,
    text: &'a str,
    priority: Option<u8>,
    strict: bool,
) -> Option<Envelope<'a>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let text = text.strip_prefix(' ').unwrap_or(text);
    let mut envelope = Envelope { priority, ..Envelope::default() };
    // Cisco marks a clock that is not synchronised with a star.
    let stamp = text.strip_prefix('*').unwrap_or(text);
    if let Some((moment, rest)) = time::bsd(stamp, context.zone, context.reference) {
        envelope.time = Some(moment);
        let rest = rest.strip_prefix(": ").unwrap_or(rest);
        host_and_tag(&mut envelope, rest.trim_start());
        return Some(envelope);
    }
    if let Some((time, rest)) = time::iso(text).filter(|(_, rest)| rest.starts_with(' ')) {
        envelope.time = Some(context.resolve(time));
        host_and_tag(&mut envelope, rest.trim_start());
        // Many application logs begin with an ISO time: only a tag tells syslog from them.
        let has_tag = !envelope.pid.is_empty() || (time.has_zone() && !envelope.program.is_empty());
        return (!strict || priority.is_some() || has_tag).then_some(envelope);
    }
    let is_named = priority.is_some() || !strict;
    is_named.then(|| {
        tag(&mut envelope, text);
        envelope
    })
}

/// `host program[pid]: message`, where the host may be missing.
fn host_and_tag<'a>(envelope: &mut Envelope<'a>, rest: &'a str) {
    let (first, after) = token(rest);
    // A host has no brackets and ends in no colon: `sshd[7]: …` has lost its host on the way.
    if first.ends_with(':') || first.contains('[') {
        tag(envelope, rest);
        return;
    }
    envelope.host = first;
    tag(envelope, after.trim_start());
}

/// `program[pid]: message`, `program(module)[pid]: message`, `program: message`; else all is message.
fn tag<'a>(envelope: &mut Envelope<'a>, text: &'a str) {
    envelope.message = text;
    let Some(end) = memchr3(b':', b' ', b'[', text.as_bytes()) else { return };
    let Some((name, rest)) = text.split_at_checked(end) else { return };
    if name.is_empty() || name.len() > PROGRAM_BYTES_MAX {
        return;
    }
    let (pid, rest) = match rest.strip_prefix('[').and_then(|inside| cut(inside, b']')) {
        Some((pid, after)) if !pid.contains(' ') => (pid, after),
        _ => ("", rest),
    };
    let message = match rest.strip_prefix(':') {
        // `http://…` and `a::b` are no tags.
        Some(message) if message.is_empty() || message.starts_with([' ', '\t']) || !pid.is_empty() => message,
        None if !pid.is_empty() && rest.starts_with(' ') => rest,
        _ => {
            tag_with_version(envelope, name, rest);
            return;
        }
    };
    envelope.pid = pid;
    envelope.message = message.strip_prefix(' ').unwrap_or(message);
    let name = name.trim_end_matches(']');
    (envelope.program, envelope.module) = match cut(name, b'(') {
        Some((program, module)) if !program.is_empty() => (program, module.trim_end_matches(')')),
        _ => (name, ""),
    };
}

/// `syslogd 1.4.1: restart.` names a program without saying so.
fn tag_with_version<'a>(envelope: &mut Envelope<'a>, name: &'a str, rest: &'a str) {
    let (version, message) = rest.trim_start().split_once(": ").unwrap_or_default();
    let is_version = version.starts_with(|first: char| first.is_ascii_digit()) && !version.contains(' ');
    if rest.starts_with(' ') && is_version && version.contains('.') {
        envelope.program = name;
        envelope.message = message;
    }
}
