use sentra_decode::{
    AuditJoiner, LegacyStream, LineFramer, RdwFramer, ZeekTsvFramer, evtx_records, json_document_records,
};
use sentra_intake::SyslogFramer;

/// Longest line and record of the framers here.
const RECORD_BYTES_MAX: usize = 4_096;

/// A stream through everything that cuts streams, in pieces as long as the first byte says.
pub fn frame(data: &[u8]) {
    let Some((piece, stream)) = data.split_first() else { return };
    let piece_bytes = usize::from(*piece) + 1;
    let mut lines = LineFramer::new(RECORD_BYTES_MAX);
    let mut syslog = SyslogFramer::new(RECORD_BYTES_MAX);
    let mut legacy = [LegacyStream::Smf, LegacyStream::Qaudjrn, LegacyStream::Ems]
        .map(|stream| RdwFramer::new(stream, RECORD_BYTES_MAX));
    for piece in stream.chunks(piece_bytes) {
        lines.push(piece, &mut |_| {});
        syslog.push(piece, &mut |_| {});
        for framer in &mut legacy {
            framer.push(piece, &mut |_| {});
        }
    }
    lines.finish(&mut |_| {});
    syslog.finish(&mut |_| {});
    for framer in &mut legacy {
        framer.finish(&mut |_| {});
    }
    join(stream);
    let _ = json_document_records(stream);
    let _ = evtx_records(stream.to_vec()).count();
}

fn join(stream: &[u8]) {
    let (mut audit, mut zeek) = (AuditJoiner::new(), ZeekTsvFramer::new());
    for (position, line) in (1..).zip(stream.split(|byte| *byte == b'\n')) {
        audit.push(position, line, &mut |_, _| {});
        zeek.push(position, line, &mut |_, _| {});
    }
    audit.finish(&mut |_, _| {});
}
