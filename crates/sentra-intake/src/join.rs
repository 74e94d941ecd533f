use sentra_decode::{AuditJoiner, ZeekTsvFramer};

/// Lines that belong together become one record: the records of an audit event, and a line of a Zeek file with the
/// header that explains it. All other lines pass through. One joiner serves one stream of lines.
#[derive(Debug, Default)]
pub(crate) struct Joiner {
    zeek: ZeekTsvFramer,
    audit: AuditJoiner,
}

impl Joiner {
    /// Takes the next line and emits what is whole, with the position of its first line.
    pub(crate) fn push(&mut self, position: u64, line: &[u8], emit: &mut impl FnMut(u64, &[u8])) {
        let audit = &mut self.audit;
        self.zeek.push(position, line, &mut |position, record| audit.push(position, record, emit));
    }

    /// Ends the stream.
    pub(crate) fn finish(&mut self, emit: &mut impl FnMut(u64, &[u8])) {
        self.audit.finish(emit);
    }
}
