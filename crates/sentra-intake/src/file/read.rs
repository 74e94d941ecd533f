use std::fs::File;
use std::io::Read;
use std::ops::ControlFlow;
use std::path::Path;

use sentra_decode::{
    Framed, LegacyFramed, LegacyStream, LineFramer, RdwFramer, evtx_records, json_document_records,
};
use sentra_model::{Clock, DeadReason, Source, SourceKind, Timestamp};

use super::content::{Content, Failure};
use super::shape::{Shape, legacy_stream, shape};
use super::{FileOptions, FileProblem, FileProblemKind, RecordSink};
use crate::gather::Gather;
use crate::join::Joiner;
use crate::letters::{dead_letter, too_long};

/// Bytes by which a file is judged.
const HEAD_BYTES: usize = 64 * 1024;
/// Bytes cut into lines in one go.
const PIECE_BYTES: usize = 128 * 1024;
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Reads the file at `path` into `sink`.
pub(super) fn read_file(
    path: &Path,
    options: &FileOptions,
    clock: &dyn Clock,
    sink: &mut impl RecordSink,
) -> ControlFlow<()> {
    let opened = File::open(path).and_then(|file| file.metadata().map(|metadata| (file, metadata)));
    let (file, metadata) = match opened {
        Ok(opened) => opened,
        Err(error) => {
            sink.problem(FileProblem { path: path.to_owned(), kind: FileProblemKind::Unreadable(error) });
            return ControlFlow::Continue(());
        }
    };
    let is_file = metadata.is_file();
    let modified = metadata.modified().ok().filter(|_| is_file);
    let reference = modified
        .and_then(|time| jiff::Timestamp::try_from(time).ok())
        .map_or_else(|| clock.now(), Timestamp::from);
    let source = Source {
        kind: SourceKind::File,
        origin: path.display().to_string(),
        format: options.format.clone(),
        reference,
    };
    sink.opened(path, if is_file { metadata.len() } else { 0 });
    Reading::new(options, clock, source, sink).run(path, Box::new(file))
}

/// One file on its way into the sink.
pub(super) struct Reading<'a, S> {
    options: &'a FileOptions,
    clock: &'a dyn Clock,
    source: Source,
    sink: &'a mut S,
    gather: Gather,
    joiner: Joiner,
    /// Position of the last record or letter.
    position: u64,
    /// Whether anything came out of the file.
    gave_anything: bool,
}

impl<'a, S: RecordSink> Reading<'a, S> {
    pub(super) fn new(
        options: &'a FileOptions,
        clock: &'a dyn Clock,
        source: Source,
        sink: &'a mut S,
    ) -> Self {
        let gather = Gather::new(options.batch_limits());
        Self {
            options,
            clock,
            source,
            sink,
            gather,
            joiner: Joiner::default(),
            position: 0,
            gave_anything: false,
        }
    }

    pub(super) fn run(mut self, path: &Path, disk: Box<dyn Read>) -> ControlFlow<()> {
        let mut head = Vec::new();
        let mut content = match Content::open(disk) {
            Ok(content) => content,
            Err(failure) => return self.end(path, Err(failure), b""),
        };
        let whole = content.read_up_to(&mut head, HEAD_BYTES);
        self.sink.progress(content.take_progress());
        // A container that breaks within the head: what came out of it so far is all there is.
        let (is_whole, failure) = match whole {
            Ok(is_whole) => (is_whole, None),
            Err(failure) => (true, Some(failure)),
        };
        if head.starts_with(BYTE_ORDER_MARK) {
            head.drain(..BYTE_ORDER_MARK.len());
        }
        let mut rest = if is_whole { None } else { Some(content) };
        let named = self.options.format.as_deref().and_then(legacy_stream);
        let shape = named.map_or_else(|| shape(&head, is_whole), Shape::Legacy);
        let (result, cut) = match shape {
            Shape::Binary(what) => {
                self.letter(0, DeadReason::Binary, what.to_owned(), &head)?;
                (Ok(()), Vec::new())
            }
            Shape::Lines => self.lines(&head, rest.as_mut(), failure.is_some())?,
            Shape::Document => self.document(path, head, rest.as_mut(), failure.is_some())?,
            Shape::Evtx => (self.evtx(path, head, rest.as_mut())?, Vec::new()),
            Shape::Legacy(stream) => (self.legacy(stream, &head, rest.as_mut())?, Vec::new()),
        };
        let result = failure.map_or(result, Err);
        self.end(path, result, &cut)
    }

    /// Hands over what is left and says how the file ended.
    fn end(mut self, path: &Path, result: Result<(), Failure>, cut: &[u8]) -> ControlFlow<()> {
        self.flush()?;
        let path = path.to_owned();
        match result {
            Err(Failure::Container(problem)) => {
                self.letter(self.position + 1, DeadReason::Container, problem.to_string(), cut)?;
            }
            Err(Failure::Disk(error)) => {
                self.sink.problem(FileProblem { path, kind: FileProblemKind::Unreadable(error) });
            }
            Ok(()) if !self.gave_anything => {
                self.sink.problem(FileProblem { path, kind: FileProblemKind::Empty });
            }
            Ok(()) => {}
        }
        ControlFlow::Continue(())
    }

    /// Cuts `head` and what follows it into lines. After a failure the last line is a torn one: it is handed
    /// back instead of being taken for a record.
    fn lines(
        &mut self,
        head: &[u8],
        rest: Option<&mut Content>,
        is_torn: bool,
    ) -> ControlFlow<(), (Result<(), Failure>, Vec<u8>)> {
        let mut framer = LineFramer::new(self.options.line_bytes_max);
        self.cut(&mut framer, head)?;
        let mut result = Ok(());
        if let Some(content) = rest {
            let mut piece = vec![0; PIECE_BYTES];
            loop {
                let read = content.read(&mut piece);
                self.sink.progress(content.take_progress());
                match read {
                    Ok(0) => break,
                    Ok(count) => self.cut(&mut framer, piece.get(..count).unwrap_or_default())?,
                    Err(failure) => {
                        result = Err(failure);
                        break;
                    }
                }
            }
        }
        let mut torn = Vec::new();
        if is_torn || result.is_err() {
            framer.finish(&mut |framed| match framed {
                Framed::Record { bytes, .. } | Framed::TooLong { excerpt: bytes, .. } => {
                    torn = bytes.to_vec()
                }
            });
        } else {
            let mut flow = ControlFlow::Continue(());
            framer.finish(&mut |framed| flow = self.framed(framed));
            flow?;
        }
        self.end_lines()?;
        ControlFlow::Continue((result, torn))
    }

    fn cut(&mut self, framer: &mut LineFramer, piece: &[u8]) -> ControlFlow<()> {
        let mut flow = ControlFlow::Continue(());
        framer.push(piece, &mut |framed| {
            if flow.is_continue() {
                flow = self.framed(framed);
            }
        });
        flow
    }

    fn framed(&mut self, framed: Framed<'_>) -> ControlFlow<()> {
        match framed {
            Framed::Record { position, bytes } => {
                let mut joiner = std::mem::take(&mut self.joiner);
                let mut flow = ControlFlow::Continue(());
                joiner.push(position, bytes, &mut |position, record| {
                    if flow.is_continue() {
                        flow = self.record(position, record);
                    }
                });
                self.joiner = joiner;
                flow
            }
            Framed::TooLong { position, length_bytes, excerpt } => {
                let detail = too_long(length_bytes, self.options.line_bytes_max);
                self.letter(position, DeadReason::TooLong, detail, excerpt)
            }
        }
    }

    /// Hands over lines that waited for others of their kind.
    fn end_lines(&mut self) -> ControlFlow<()> {
        let mut joiner = std::mem::take(&mut self.joiner);
        let mut flow = ControlFlow::Continue(());
        joiner.finish(&mut |position, record| {
            if flow.is_continue() {
                flow = self.record(position, record);
            }
        });
        flow
    }

    fn document(
        &mut self,
        path: &Path,
        mut bytes: Vec<u8>,
        rest: Option<&mut Content>,
        is_torn: bool,
    ) -> ControlFlow<(), (Result<(), Failure>, Vec<u8>)> {
        let Some(content) = rest else { return self.records_of(path, &bytes, None, is_torn) };
        let whole = content.read_up_to(&mut bytes, self.options.document_bytes_max);
        self.sink.progress(content.take_progress());
        match whole {
            Ok(true) => self.records_of(path, &bytes, None, is_torn),
            Ok(false) => self.lines(&bytes, Some(content), is_torn),
            Err(failure) => {
                let (_, torn) = self.records_of(path, &bytes, None, true)?;
                ControlFlow::Continue((Err(failure), torn))
            }
        }
    }

    fn records_of(
        &mut self,
        path: &Path,
        bytes: &[u8],
        rest: Option<&mut Content>,
        is_torn: bool,
    ) -> ControlFlow<(), (Result<(), Failure>, Vec<u8>)> {
        match json_document_records(bytes) {
            None => return self.lines(bytes, rest, is_torn),
            Some(Ok(records)) => {
                tracing::debug!(path = %path.display(), records = records.len(), "file is one json document");
                for record in records {
                    self.record(record.position, &record.bytes)?;
                }
            }
            Some(Err(problem)) => self.letter(1, DeadReason::Malformed, problem.to_string(), bytes)?,
        }
        ControlFlow::Continue((Ok(()), Vec::new()))
    }

    /// Records of a legacy system, each with its length before it.
    fn legacy(
        &mut self,
        stream: LegacyStream,
        head: &[u8],
        rest: Option<&mut Content>,
    ) -> ControlFlow<(), Result<(), Failure>> {
        let mut framer = RdwFramer::new(stream, self.options.line_bytes_max);
        self.cut_legacy(&mut framer, head)?;
        let mut result = Ok(());
        if let Some(content) = rest {
            let mut piece = vec![0; PIECE_BYTES];
            loop {
                let read = content.read(&mut piece);
                self.sink.progress(content.take_progress());
                match read {
                    Ok(0) => break,
                    Ok(count) => self.cut_legacy(&mut framer, piece.get(..count).unwrap_or_default())?,
                    Err(failure) => {
                        result = Err(failure);
                        break;
                    }
                }
            }
        }
        let mut flow = ControlFlow::Continue(());
        framer.finish(&mut |framed| {
            if flow.is_continue() {
                flow = self.legacy_framed(framed);
            }
        });
        flow?;
        ControlFlow::Continue(result)
    }

    fn cut_legacy(&mut self, framer: &mut RdwFramer, piece: &[u8]) -> ControlFlow<()> {
        let mut flow = ControlFlow::Continue(());
        framer.push(piece, &mut |framed| {
            if flow.is_continue() {
                flow = self.legacy_framed(framed);
            }
        });
        flow
    }

    fn legacy_framed(&mut self, framed: LegacyFramed<'_>) -> ControlFlow<()> {
        match framed {
            LegacyFramed::Record { position, bytes } => self.record(position, bytes),
            LegacyFramed::Broken { position, offset, detail, excerpt, .. } => {
                let detail = format!("at byte {offset}: {detail}");
                self.letter(position, DeadReason::Container, detail, excerpt)
            }
        }
    }

    fn evtx(
        &mut self,
        path: &Path,
        mut bytes: Vec<u8>,
        rest: Option<&mut Content>,
    ) -> ControlFlow<(), Result<(), Failure>> {
        let mut result = Ok(());
        if let Some(content) = rest {
            let bytes_max = self.options.document_bytes_max;
            let whole = content.read_up_to(&mut bytes, bytes_max);
            self.sink.progress(content.take_progress());
            match whole {
                Ok(true) => {}
                Ok(false) => {
                    self.gave_anything = true;
                    let kind = FileProblemKind::TooLarge { bytes_max };
                    self.sink.problem(FileProblem { path: path.to_owned(), kind });
                    return ControlFlow::Continue(Ok(()));
                }
                Err(failure) => result = Err(failure),
            }
        }
        for item in evtx_records(bytes) {
            match item {
                Ok(record) => self.record(record.position, &record.bytes)?,
                Err(problem) => {
                    self.letter(self.position + 1, DeadReason::Container, problem.to_string(), b"")?;
                }
            }
        }
        ControlFlow::Continue(result)
    }

    fn record(&mut self, position: u64, bytes: &[u8]) -> ControlFlow<()> {
        if bytes.len() > self.options.line_bytes_max {
            let detail = too_long(bytes.len() as u64, self.options.line_bytes_max);
            return self.letter(position, DeadReason::TooLong, detail, bytes);
        }
        self.gave_anything = true;
        self.position = position;
        match self.gather.push(position, bytes) {
            Some(full) => self.sink.records(&self.source, full),
            None => ControlFlow::Continue(()),
        }
    }

    fn flush(&mut self) -> ControlFlow<()> {
        if self.gather.is_empty() {
            return ControlFlow::Continue(());
        }
        let records = self.gather.take();
        self.sink.records(&self.source, records)
    }

    fn letter(&mut self, position: u64, reason: DeadReason, detail: String, bytes: &[u8]) -> ControlFlow<()> {
        self.gave_anything = true;
        self.position = position;
        let letter = dead_letter(&self.source, self.clock.now(), position, reason, detail, bytes);
        self.sink.dead_letter(letter)
    }
}
