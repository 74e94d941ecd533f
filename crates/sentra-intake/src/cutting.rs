//! The records of a connection, out of its bytes, however the connection cuts them.

use sentra_decode::{AuditJoiner, LegacyFramed, LegacyStream, RdwFramer};
use sentra_model::DeadReason;

use crate::letters::too_long;
use crate::syslog_frames::{SyslogFramed, SyslogFramer};

/// One piece of a connection.
#[derive(Debug)]
pub(crate) enum Piece<'a> {
    /// A record, with its place in the connection.
    Record { position: u64, bytes: &'a [u8] },
    /// Bytes that are none. Law LOSS: they become a dead letter.
    Dead { position: u64, reason: DeadReason, detail: String, excerpt: &'a [u8] },
}

/// Cuts a connection as its listener's protocol says.
#[derive(Debug)]
pub(crate) enum Cutter {
    /// Syslog messages; the lines of one audit event are one record.
    Syslog { framer: SyslogFramer, joiner: AuditJoiner, message: u64, message_bytes_max: usize },
    /// Records of legacy systems.
    Legacy(RdwFramer),
}

impl Cutter {
    pub(crate) fn syslog(message_bytes_max: usize) -> Self {
        let framer = SyslogFramer::new(message_bytes_max);
        Self::Syslog { framer, joiner: AuditJoiner::new(), message: 0, message_bytes_max }
    }

    /// What a listener with the protocol `framed` and this format takes, or why it cannot be.
    pub(crate) fn legacy_stream(format: Option<&str>) -> Result<LegacyStream, String> {
        let name = format.unwrap_or_default();
        match name.split_once(':').map_or(name, |(name, _)| name) {
            "smf" => Ok(LegacyStream::Smf),
            "qaudjrn" => Ok(LegacyStream::Qaudjrn),
            "ems" => Ok(LegacyStream::Ems),
            other => Err(format!(
                "the protocol framed needs a format that says how records are framed, smf, qaudjrn or ems, with \
                 the code page where it is not the usual one, as in smf:ibm-273; it is {other:?}"
            )),
        }
    }

    pub(crate) fn legacy(stream: LegacyStream, record_bytes_max: usize) -> Self {
        Self::Legacy(RdwFramer::new(stream, record_bytes_max))
    }

    /// Takes the next bytes and hands every piece that is complete to `emit`.
    pub(crate) fn push(&mut self, chunk: &[u8], emit: &mut dyn FnMut(Piece<'_>)) {
        match self {
            Self::Syslog { framer, joiner, message, message_bytes_max } => {
                framer
                    .push(chunk, &mut |framed| of_syslog(framed, joiner, message, *message_bytes_max, emit));
            }
            Self::Legacy(framer) => framer.push(chunk, &mut |framed| emit(of_legacy(framed))),
        }
    }

    /// Ends the connection.
    pub(crate) fn finish(&mut self, emit: &mut dyn FnMut(Piece<'_>)) {
        match self {
            Self::Syslog { framer, joiner, message, message_bytes_max } => {
                framer.finish(&mut |framed| of_syslog(framed, joiner, message, *message_bytes_max, emit));
                joiner.finish(&mut |position, bytes| emit(Piece::Record { position, bytes }));
            }
            Self::Legacy(framer) => framer.finish(&mut |framed| emit(of_legacy(framed))),
        }
    }

    /// Whether records wait for others that belong to them.
    pub(crate) fn is_joining(&self) -> bool {
        matches!(self, Self::Syslog { joiner, .. } if joiner.pending_events() > 0)
    }

    /// Emits the records that wait for others: the connection is silent.
    pub(crate) fn settle(&mut self, emit: &mut dyn FnMut(Piece<'_>)) {
        if let Self::Syslog { joiner, .. } = self {
            joiner.expire(0, &mut |position, bytes| emit(Piece::Record { position, bytes }));
        }
    }

    /// Whether there is no way to find the next record.
    pub(crate) fn is_broken(&self) -> bool {
        matches!(self, Self::Syslog { framer, .. } if framer.is_broken())
    }

    /// Memory that is taken by what is not complete yet.
    pub(crate) fn held_bytes(&self) -> usize {
        match self {
            Self::Syslog { framer, joiner, .. } => framer.held_bytes() + joiner.held_bytes(),
            Self::Legacy(framer) => framer.held_bytes(),
        }
    }
}

fn of_syslog(
    framed: SyslogFramed<'_>,
    joiner: &mut AuditJoiner,
    message: &mut u64,
    message_bytes_max: usize,
    emit: &mut dyn FnMut(Piece<'_>),
) {
    *message += 1;
    let position = *message;
    let (reason, detail, excerpt) = match framed {
        SyslogFramed::Record(bytes) => {
            joiner.push(position, bytes, &mut |position, bytes| emit(Piece::Record { position, bytes }));
            return;
        }
        SyslogFramed::TooLong { length_bytes, excerpt } => {
            (DeadReason::TooLong, too_long(length_bytes, message_bytes_max), excerpt)
        }
        SyslogFramed::Broken { detail, excerpt } => (DeadReason::Malformed, detail.to_owned(), excerpt),
    };
    emit(Piece::Dead { position, reason, detail, excerpt });
}

fn of_legacy(framed: LegacyFramed<'_>) -> Piece<'_> {
    match framed {
        LegacyFramed::Record { position, bytes } => Piece::Record { position, bytes },
        LegacyFramed::Broken { position, offset, length_bytes, detail, excerpt } => {
            let detail =
                format!("{length_bytes} bytes at {offset} of the connection are no record: {detail}");
            Piece::Dead { position, reason: DeadReason::Malformed, detail, excerpt }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(cutter: &mut Cutter, stream: &str) -> Vec<(u64, String)> {
        let mut found = Vec::new();
        cutter.push(stream.as_bytes(), &mut |piece| collect(piece, &mut found));
        found
    }

    fn collect(piece: Piece<'_>, found: &mut Vec<(u64, String)>) {
        match piece {
            Piece::Record { position, bytes } => {
                found.push((position, String::from_utf8_lossy(bytes).into_owned()));
            }
            Piece::Dead { position, detail, .. } => found.push((position, detail)),
        }
    }

    /// Two machines' audit events come through one relay, line by line in between each other.
    #[test]
    fn interleaved_audit_lines_are_joined_and_others_pass() {
        let line = |node: &str, kind: &str, serial: u32| {
            format!(
                "<13>Nov 21 10:00:00 {node} audispd: type={kind} msg=audit(1763719200.120:{serial}): a=1\n"
            )
        };
        let mut cutter = Cutter::syslog(1_024);
        let stream = [
            line("web1", "SYSCALL", 7),
            line("web1", "SYSCALL", 8),
            "<34>Nov 21 10:00:00 web1 sshd[1]: hello\n".to_owned(),
            line("web1", "PATH", 7),
            line("web1", "PATH", 8),
        ];
        let now = records(&mut cutter, &stream.concat());
        assert_eq!(now, [(3, "<34>Nov 21 10:00:00 web1 sshd[1]: hello".to_owned())]);
        assert!(cutter.is_joining() && cutter.held_bytes() > 0);
        let mut later = Vec::new();
        cutter.settle(&mut |piece| collect(piece, &mut later));
        assert_eq!(later.len(), 2, "{later:?}");
        for ((position, text), serial) in later.iter().zip([7, 8]) {
            assert_eq!(*position, u64::from(serial - 6u32));
            assert!(text.contains("SYSCALL") && text.contains("PATH"), "{text}");
            assert_eq!(text.matches(&format!(":{serial})")).count(), 2, "{text}");
        }
        assert!(!cutter.is_joining());
    }

    #[test]
    fn a_listener_for_framed_records_says_which() {
        for (format, expected) in [
            (Some("smf"), Some(LegacyStream::Smf)),
            (Some("smf:ibm-273"), Some(LegacyStream::Smf)),
            (Some("qaudjrn:ascii"), Some(LegacyStream::Qaudjrn)),
            (Some("ems"), Some(LegacyStream::Ems)),
            (Some("smff"), None),
            (None, None),
        ] {
            assert_eq!(Cutter::legacy_stream(format).ok(), expected, "{format:?}");
        }
    }
}
