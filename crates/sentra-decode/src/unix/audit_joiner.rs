//! Puts the lines of one audit event together before they become a record.
//!
//! The kernel writes an event as several lines that share `audit(TIME:SERIAL)`: the call, the command, the
//! paths. A record is durable before it is decoded and has one offset, so the lines are joined where they come
//! in. The joiner keeps no time and does no I/O; it looks only at lines.
//!
//! **Law LOSS**: every byte of every line is emitted exactly once. **Law LIMIT**: events that wait are bounded in
//! number and bytes.

use std::collections::VecDeque;

/// Law LIMIT: more waiting events than these push the oldest out.
const EVENTS_MAX: usize = 64;
/// Law LIMIT: an event that grows beyond this goes out as it is; its further lines are an event of their own.
const EVENT_BYTES_MAX: usize = 512 * 1_024;
/// Law LIMIT: when all waiting events together grow beyond this, the oldest go out.
const PENDING_BYTES_MAX: usize = 4 * 1_024 * 1_024;
/// An event goes out when its machine has begun one this much later: lines of events overlap only a little.
const SERIAL_WINDOW: u64 = 32;
/// An event goes out when this many lines have come without one of its own.
const IDLE_LINES_MAX: u64 = 256;
/// How far into a line its audit header may reach.
const HEADER_BYTES_MAX: usize = 512;

/// Joins the lines of audit events by line feeds; other lines pass through at once.
///
/// One joiner serves one stream of lines: a file or a connection. A caller that remembers how far it has come
/// must not go beyond [`AuditJoiner::oldest_position`], for the lines from there on are not emitted yet.
#[derive(Debug, Default)]
pub struct AuditJoiner {
    pending: VecDeque<Pending>,
    pending_bytes: usize,
    /// Lines pushed so far.
    lines: u64,
    /// The stream has closing lines (those of audisp have, files have not): then they are waited for.
    has_closing_lines: bool,
}

/// An event whose lines still come.
#[derive(Debug)]
struct Pending {
    node: Vec<u8>,
    stamp: Vec<u8>,
    serial: u64,
    position: u64,
    bytes: Vec<u8>,
    last_line: u64,
    /// Its last line but for the closing one is there.
    is_complete: bool,
}

/// What the header of an audit line says.
struct Header<'a> {
    node: &'a [u8],
    kind: &'a [u8],
    stamp: &'a [u8],
    serial: u64,
}

impl AuditJoiner {
    /// A joiner without any line.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next line, without its line feed, and emits what is whole: the position of the first line and
    /// the lines joined.
    pub fn push(&mut self, position: u64, line: &[u8], emit: &mut impl FnMut(u64, &[u8])) {
        self.lines += 1;
        let Some(header) = header(line) else {
            self.settle(None, emit);
            self.expire(IDLE_LINES_MAX, emit);
            emit(position, line);
            return;
        };
        let place = self.pending.iter().rposition(|pending| pending.is_of(&header));
        self.settle(place, emit);
        // Settling may have removed others before it.
        let place = self.pending.iter().rposition(|pending| pending.is_of(&header));
        let is_closing = matches!(header.kind, b"EOE" | b"1320");
        self.has_closing_lines |= is_closing;
        match place {
            Some(place) => self.append(place, line),
            None if is_closing || is_single(header.kind) => {
                emit(position, line);
                return;
            }
            None => self.begin(&header, position, line),
        }
        let place = place.unwrap_or(self.pending.len().saturating_sub(1));
        if matches!(header.kind, b"PROCTITLE" | b"1327")
            && let Some(pending) = self.pending.get_mut(place)
        {
            pending.is_complete = true;
        }
        let is_too_long =
            self.pending.get(place).is_some_and(|pending| pending.bytes.len() > EVENT_BYTES_MAX);
        if is_closing || is_too_long {
            self.emit_at(place, emit);
        }
        self.keep_within_limits(&header, emit);
    }

    /// Emits everything that waits, in the order in which it began.
    pub fn finish(&mut self, emit: &mut impl FnMut(u64, &[u8])) {
        while !self.pending.is_empty() {
            self.emit_at(0, emit);
        }
    }

    /// Emits the events that none of the last `lines` lines belonged to. With 0 everything goes out: a caller
    /// that sees its stream fall silent does that.
    pub fn expire(&mut self, lines: u64, emit: &mut impl FnMut(u64, &[u8])) {
        let limit = self.lines.saturating_sub(lines);
        while let Some(place) = self.pending.iter().position(|pending| pending.last_line <= limit) {
            self.emit_at(place, emit);
        }
    }

    /// The position of the first line that is not emitted yet.
    #[must_use]
    pub fn oldest_position(&self) -> Option<u64> {
        self.pending.iter().map(|pending| pending.position).min()
    }

    /// How many events wait.
    #[must_use]
    pub fn pending_events(&self) -> usize {
        self.pending.len()
    }

    fn begin(&mut self, header: &Header<'_>, position: u64, line: &[u8]) {
        let mut bytes = Vec::with_capacity(line.len() * 4);
        bytes.extend_from_slice(line);
        self.pending_bytes += line.len();
        self.pending.push_back(Pending {
            node: header.node.to_vec(),
            stamp: header.stamp.to_vec(),
            serial: header.serial,
            position,
            bytes,
            last_line: self.lines,
            is_complete: false,
        });
    }

    fn append(&mut self, place: usize, line: &[u8]) {
        let Some(pending) = self.pending.get_mut(place) else { return };
        pending.bytes.push(b'\n');
        pending.bytes.extend_from_slice(line);
        pending.last_line = self.lines;
        self.pending_bytes += line.len() + 1;
    }

    fn emit_at(&mut self, place: usize, emit: &mut impl FnMut(u64, &[u8])) {
        if let Some(pending) = self.pending.remove(place) {
            self.pending_bytes = self.pending_bytes.saturating_sub(pending.bytes.len());
            emit(pending.position, &pending.bytes);
        }
    }

    /// Emits the events that had their last line, unless the stream closes events itself or the new line is
    /// one of theirs.
    fn settle(&mut self, except: Option<usize>, emit: &mut impl FnMut(u64, &[u8])) {
        if self.has_closing_lines {
            return;
        }
        let is_whole = |(place, pending): (usize, &Pending)| pending.is_complete && Some(place) != except;
        if let Some(place) = self.pending.iter().enumerate().position(is_whole) {
            self.emit_at(place, emit);
        }
    }

    fn keep_within_limits(&mut self, header: &Header<'_>, emit: &mut impl FnMut(u64, &[u8])) {
        let is_passed = |pending: &Pending| {
            pending.node == header.node && header.serial.saturating_sub(pending.serial) > SERIAL_WINDOW
        };
        while let Some(place) = self.pending.iter().position(is_passed) {
            self.emit_at(place, emit);
        }
        while self.pending.len() > EVENTS_MAX || self.pending_bytes > PENDING_BYTES_MAX {
            self.emit_at(0, emit);
        }
        self.expire(IDLE_LINES_MAX, emit);
    }
}

impl Pending {
    fn is_of(&self, header: &Header<'_>) -> bool {
        self.serial == header.serial && self.stamp == header.stamp && self.node == header.node
    }
}

/// Types of which an event is a single line: messages of programs, and what the kernel says without a call.
fn is_single(kind: &[u8]) -> bool {
    const BEGINNINGS: [&[u8]; 20] = [
        b"USER",
        b"CRED_",
        b"ADD_",
        b"DEL_",
        b"GRP_",
        b"DAEMON_",
        b"SERVICE_",
        b"SYSTEM_",
        b"CRYPTO_",
        b"ROLE_",
        b"VIRT_",
        b"SOFTWARE_",
        b"ANOM_LOGIN",
        b"ANOM_ABEND",
        b"ACCT_",
        b"CHGRP_",
        b"CHUSER_",
        b"RESP_",
        b"LABEL_",
        b"SECCOMP",
    ];
    // Messages of programs by number, where only the kernel writes.
    if let [b'1', b'1', _, _] = kind {
        return true;
    }
    BEGINNINGS.iter().any(|beginning| kind.starts_with(beginning))
}

/// The header of an audit line; `None` for every other line.
fn header(line: &[u8]) -> Option<Header<'_>> {
    let head = line.get(..HEADER_BYTES_MAX).unwrap_or(line);
    let at = memchr::memmem::find(head, b"audit(")?;
    let before = head.get(..at)?;
    let before = before.strip_suffix(b"msg=").unwrap_or(before).strip_suffix(b" ")?;
    let type_at = memchr::memmem::rfind(before, b"type=")?;
    let (outside, kind) = before.split_at_checked(type_at)?;
    let kind = kind.get(5..)?;
    if kind.is_empty() || kind.contains(&b' ') {
        return None;
    }
    let node = node_of(outside)?;
    let id = head.get(at + 6..)?;
    let id = id.get(..memchr::memchr(b')', id)?)?;
    let colon = memchr::memchr(b':', id)?;
    let (stamp, serial) = id.split_at_checked(colon)?;
    let is_stamp = !stamp.is_empty() && stamp.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.');
    let serial = std::str::from_utf8(serial.get(1..)?).ok()?.parse().ok()?;
    is_stamp.then_some(Header { node, kind, stamp, serial })
}

/// What names the machine in the text before `type=`: auditd's own `node=`, or the host of a syslog line that
/// the audit's plugin or the kernel has sent. `None` when it is somebody else's line that only speaks of audit:
/// anyone can make a daemon log a name of his choosing.
fn node_of(outside: &[u8]) -> Option<&[u8]> {
    if outside.is_empty() {
        return Some(outside);
    }
    let (envelope, node) = match memchr::memmem::find(outside, b"node=") {
        Some(at) => {
            let (envelope, node) = outside.split_at_checked(at)?;
            (envelope, Some(node.strip_prefix(b"node=")?.strip_suffix(b" ")?))
        }
        None => (outside, None),
    };
    if envelope.is_empty() {
        return node.filter(|node| !node.contains(&b' '));
    }
    let host = host_of(envelope)?;
    Some(node.filter(|node| !node.contains(&b' ')).unwrap_or(host))
}

/// The host in `<13>Mar  1 10:00:00 host audispd: ` and its kin, where the sender is the audit's.
fn host_of(envelope: &[u8]) -> Option<&[u8]> {
    let Some(end) = memchr::memmem::find(envelope, b": ") else { return host_of_rfc5424(envelope) };
    let (head, rest) = envelope.split_at_checked(end)?;
    let mut words = head.rsplit(|byte| *byte == b' ');
    let tag = words.next()?;
    let program = tag.split(|byte| *byte == b'[').next()?;
    // `<13>audispd: …` has no host.
    let program = program.rsplit(|byte| *byte == b'>').next()?;
    let is_audit = match program {
        b"audispd" | b"audisp-syslog" | b"audit" => rest == b": ",
        b"kernel" => rest.ends_with(b"audit: "),
        _ => false,
    };
    is_audit.then(|| words.next().unwrap_or_default())
}

/// The host in `<13>1 2026-03-01T10:00:00Z host audispd 1 - - `.
fn host_of_rfc5424(envelope: &[u8]) -> Option<&[u8]> {
    let mut words = envelope.split(|byte| *byte == b' ');
    let is_versioned = words.next()?.ends_with(b">1");
    let (_time, host, program) = (words.next()?, words.next()?, words.next()?);
    (is_versioned && matches!(program, b"audispd" | b"audisp-syslog")).then_some(host)
}

#[cfg(test)]
#[path = "audit_joiner_tests.rs"]
mod tests;
