//! Finding frames in a segment file, whatever has happened to its bytes.

use std::io;
use std::sync::Arc;

use memchr::memmem;

use crate::disk::{DiskFile, read_full_at};
use crate::frame::{HEADER_BYTES, Header, SIGN_BYTES, sign};

/// What is read ahead where payloads are wanted.
pub(crate) const WINDOW_PAYLOADS_BYTES: usize = 256 * 1024;
/// What is read ahead where headers are enough.
pub(crate) const WINDOW_HEADERS_BYTES: usize = 4 * 1024;

/// A part of a file in memory.
#[derive(Debug)]
struct Window {
    file: Arc<dyn DiskFile>,
    limit: u64,
    start: u64,
    buffer: Vec<u8>,
    read_ahead: usize,
}

impl Window {
    /// `length` bytes at `position`; `None` where the limit or the file ends before.
    fn get(&mut self, position: u64, length: usize) -> io::Result<Option<&[u8]>> {
        if position.saturating_add(length as u64) > self.limit {
            return Ok(None);
        }
        let end_loaded = self.start.saturating_add(self.buffer.len() as u64);
        let is_loaded = position >= self.start && position.saturating_add(length as u64) <= end_loaded;
        if !is_loaded {
            self.load(position, length)?;
        }
        let at = usize::try_from(position.saturating_sub(self.start)).unwrap_or(usize::MAX);
        Ok(self.buffer.get(at..).and_then(|rest| rest.get(..length)))
    }

    fn load(&mut self, position: u64, length: usize) -> io::Result<()> {
        let room = usize::try_from(self.limit.saturating_sub(position)).unwrap_or(usize::MAX);
        self.buffer.resize(length.max(self.read_ahead).min(room), 0);
        self.start = position;
        let read = read_full_at(&*self.file, &mut self.buffer, position)?;
        self.buffer.truncate(read);
        Ok(())
    }

    /// The next place at or after `position` that starts like a frame.
    fn find(&mut self, mut position: u64, sign: &[u8; SIGN_BYTES]) -> io::Result<Option<u64>> {
        let finder = memmem::Finder::new(sign);
        loop {
            self.load(position, WINDOW_PAYLOADS_BYTES)?;
            if let Some(at) = finder.find(&self.buffer) {
                return Ok(Some(position.saturating_add(at as u64)));
            }
            // A sign may straddle the border of two windows.
            let step = self.buffer.len().saturating_sub(SIGN_BYTES - 1);
            if step == 0 {
                return Ok(None);
            }
            position = position.saturating_add(step as u64);
        }
    }
}

/// A frame whose header is whole.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found {
    pub(crate) position: u64,
    pub(crate) header: Header,
}

impl Found {
    pub(crate) fn end(&self) -> u64 {
        self.position.saturating_add(self.header.frame_bytes())
    }
}

/// Where a scan begins and what it accepts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Range {
    pub(crate) marker: u64,
    /// Position in the file of the first frame.
    pub(crate) position: u64,
    /// Where the file's valid bytes end.
    pub(crate) limit: u64,
    /// The lowest offset that the first frame may have.
    pub(crate) offset_min: u64,
    /// No frame goes beyond this offset.
    pub(crate) offset_max: u64,
}

/// The frames of a segment in order. What is damaged is passed over: the next frame is found by the segment's
/// sign, which no record can contain but by guessing 64 secret bits.
#[derive(Debug)]
pub(crate) struct FrameScanner {
    window: Window,
    range: Range,
    position: u64,
    offset: u64,
}

impl FrameScanner {
    pub(crate) fn new(file: Arc<dyn DiskFile>, range: Range, read_ahead: usize) -> Self {
        let window = Window { file, limit: range.limit, start: 0, buffer: Vec::new(), read_ahead };
        Self { window, range, position: range.position, offset: range.offset_min }
    }

    /// The next frame with a whole header; its payload is not looked at. `None` at the end.
    pub(crate) fn next(&mut self) -> io::Result<Option<Found>> {
        let sign = sign(self.range.marker);
        loop {
            if let Some(found) = self.header_here()? {
                self.position = found.end();
                self.offset = found.header.next_offset();
                return Ok(Some(found));
            }
            let Some(position) = self.window.find(self.position.saturating_add(1), &sign)? else {
                return Ok(None);
            };
            self.position = position;
        }
    }

    /// The next frame with a whole header and a payload that matches its checksum.
    pub(crate) fn next_verified(&mut self) -> io::Result<Option<Found>> {
        loop {
            let offset_before = self.offset;
            let Some(found) = self.next()? else { return Ok(None) };
            if self.payload(&found)?.is_some_and(|payload| found.header.matches(payload)) {
                return Ok(Some(found));
            }
            self.reject(&found, offset_before);
        }
    }

    /// The compressed payload of a frame.
    pub(crate) fn payload(&mut self, found: &Found) -> io::Result<Option<&[u8]>> {
        let position = found.position.saturating_add(HEADER_BYTES as u64);
        self.window.get(position, found.header.len_compressed as usize)
    }

    /// Takes a frame back whose payload turned out to be damaged: the search goes on inside of it, because
    /// what is damaged may be anything.
    pub(crate) fn reject(&mut self, found: &Found, offset_min: u64) {
        self.position = found.position.saturating_add(1);
        self.offset = offset_min;
    }

    fn header_here(&mut self) -> io::Result<Option<Found>> {
        let Some(bytes) = self.window.get(self.position, HEADER_BYTES)? else { return Ok(None) };
        let Some(header) = Header::decode(bytes, self.range.marker) else { return Ok(None) };
        let found = Found { position: self.position, header };
        let fits = found.end() <= self.range.limit
            && header.first_offset >= self.offset
            && header.next_offset() <= self.range.offset_max;
        Ok(fits.then_some(found))
    }
}
