//! The outside of a syslog line: priority, time, host, program, process id.

use memchr::memchr3;
use sentra_model::Timestamp;

use super::structured;
use crate::decoder::Context;
use crate::split::{cut, cut_at};
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

impl<'a> Envelope<'a> {
    /// Fills an empty envelope from `line`; `None` when it is no syslog. In place, for an envelope is large.
    pub(super) fn read(&mut self, context: &Context<'_>, line: &'a str, strict: bool) -> Option<()> {
        let rest = match priority(line) {
            Some((priority, rest)) => {
                self.priority = Some(priority);
                rest
            }
            None => line,
        };
        if let Some(body) = rest.strip_prefix("1 ")
            && self.rfc5424(context, body).is_some()
        {
            return Some(());
        }
        self.rfc3164(context, rest, strict)
    }

    /// What follows `1 `, the version of RFC 5424.
    fn rfc5424(&mut self, context: &Context<'_>, body: &'a str) -> Option<()> {
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
        (self.is_rfc5424, self.time) = (true, time);
        (self.host, self.program) = (known(host), known(program));
        (self.pid, self.message_id) = (known(pid), known(message_id));
        let message = match structured::parse(rest) {
            Some((parameters, message)) => {
                self.structured = parameters;
                message
            }
            None => {
                self.problem = Some("structured data not understood, kept in the message");
                rest
            }
        };
        let message = message.strip_prefix(' ').unwrap_or(message);
        self.message = message.strip_prefix('\u{feff}').unwrap_or(message);
        Some(())
    }

    fn rfc3164(&mut self, context: &Context<'_>, text: &'a str, strict: bool) -> Option<()> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let text = text.strip_prefix(' ').unwrap_or(text);
        // Cisco marks a clock that is not synchronised with a star.
        let stamp = text.strip_prefix('*').unwrap_or(text);
        if let Some((moment, rest)) = time::bsd(stamp, context.zone, context.reference) {
            self.time = Some(moment);
            let rest = rest.strip_prefix(": ").unwrap_or(rest);
            self.host_and_tag(rest.trim_start());
            return Some(());
        }
        if let Some((time, rest)) = time::iso(text).filter(|(_, rest)| rest.starts_with(' ')) {
            self.time = Some(context.resolve(time));
            self.host_and_tag(rest.trim_start());
            // Many application logs begin with an ISO time: only a tag tells syslog from them.
            let has_tag = !self.pid.is_empty() || (time.has_zone() && !self.program.is_empty());
            return (!strict || self.priority.is_some() || has_tag).then_some(());
        }
        let is_named = self.priority.is_some() || !strict;
        is_named.then(|| {
            self.tag(text);
        })
    }

    /// `host program[pid]: message`, where the host may be missing.
    fn host_and_tag(&mut self, rest: &'a str) {
        let (first, after) = token(rest);
        // A host has no brackets and ends in no colon: `sshd[7]: …` has lost its host on the way.
        if first.ends_with(':') || first.contains('[') {
            self.tag(rest);
            return;
        }
        self.host = first;
        self.tag(after.trim_start());
    }

    /// `program[pid]: message`, `program(module)[pid]: message`, `program: message`; else all is message.
    fn tag(&mut self, text: &'a str) {
        self.message = text;
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
            Some(message) if message.is_empty() || message.starts_with([' ', '\t']) || !pid.is_empty() => {
                message
            }
            None if !pid.is_empty() && rest.starts_with(' ') => rest,
            _ => {
                self.tag_with_version(name, rest);
                return;
            }
        };
        self.pid = pid;
        self.message = message.strip_prefix(' ').unwrap_or(message);
        let name = name.trim_end_matches(']');
        (self.program, self.module) = match cut(name, b'(') {
            Some((program, module)) if !program.is_empty() => (program, module.trim_end_matches(')')),
            _ => (name, ""),
        };
    }

    /// `syslogd 1.4.1: restart.` names a program without saying so.
    fn tag_with_version(&mut self, name: &'a str, rest: &'a str) {
        let (version, message) = cut_at(rest.trim_start(), ": ").unwrap_or_default();
        let is_version = version.starts_with(|first: char| first.is_ascii_digit()) && !version.contains(' ');
        if rest.starts_with(' ') && is_version && version.contains('.') {
            self.program = name;
            self.message = message;
        }
    }
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

fn token(text: &str) -> (&str, &str) {
    cut(text, b' ').unwrap_or((text, ""))
}

/// RFC 5424 writes `-` for what is not known.
fn known(text: &str) -> &str {
    if text == "-" { "" } else { text }
}
