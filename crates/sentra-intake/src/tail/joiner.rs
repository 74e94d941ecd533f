use sentra_decode::{AuditJoiner, ZeekTsvFramer};

/// Puts lines together that are one record. A joiner lives for one cut of a file and is made anew for the next one,
/// with the [`header`](LineJoiner::header) that the cut before has left.
pub(super) trait LineJoiner: Send {
    /// Takes the line that begins at byte `position`, emits the records that are whole now, each with the position
    /// of its first line, and answers how many lines have left the joiner by that, as records or for good.
    fn push(&mut self, position: u64, line: &[u8], emit: &mut dyn FnMut(u64, &[u8])) -> usize;

    /// Emits what waits for more lines; as [`push`](LineJoiner::push).
    fn finish(&mut self, emit: &mut dyn FnMut(u64, &[u8])) -> usize;

    /// Where the first line begins that has not left the joiner.
    fn oldest_position(&self) -> Option<u64>;

    /// What the lines so far say about the ones to come.
    fn header(&self) -> Option<&str>;
}

/// The joiner for files of `format`, in the middle of a file whose earlier lines have left `header`.
pub(super) fn joiner(format: Option<&str>, header: Option<&str>) -> Box<dyn LineJoiner> {
    // Both look for their own lines only, so that they do for every format.
    let _ = format;
    let zeek = header.map_or_else(ZeekTsvFramer::new, ZeekTsvFramer::resume);
    Box::new(KnownLines { zeek, audit: AuditJoiner::new() })
}

/// Records of an audit event, and lines of a Zeek file with the header that explains them.
#[derive(Debug)]
struct KnownLines {
    zeek: ZeekTsvFramer,
    audit: AuditJoiner,
}

impl LineJoiner for KnownLines {
    fn push(&mut self, position: u64, line: &[u8], emit: &mut dyn FnMut(u64, &[u8])) -> usize {
        let audit = &mut self.audit;
        let mut left = 0;
        let mut is_taken = false;
        self.zeek.push(position, line, &mut |position, record| {
            is_taken = true;
            if record.len() == line.len() {
                audit.push(position, record, &mut |position, joined| {
                    left += lines(joined);
                    emit(position, joined);
                });
            } else {
                left += 1;
                emit(position, record);
            }
        });
        // A line of a header is in the records that follow.
        if is_taken { left } else { 1 }
    }

    fn finish(&mut self, emit: &mut dyn FnMut(u64, &[u8])) -> usize {
        let mut left = 0;
        self.audit.finish(&mut |position, joined| {
            left += lines(joined);
            emit(position, joined);
        });
        left
    }

    fn oldest_position(&self) -> Option<u64> {
        self.audit.oldest_position()
    }

    fn header(&self) -> Option<&str> {
        self.zeek.header()
    }
}

fn lines(joined: &[u8]) -> usize {
    1 + memchr::memchr_iter(b'\n', joined).count()
}
