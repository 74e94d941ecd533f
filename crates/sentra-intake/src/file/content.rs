use std::io::{self, Read};

use crate::inflate::{Compression, InflateLimits, InflateProblem, Inflater};

/// Bytes read from disk in one go.
const CHUNK_BYTES: usize = 128 * 1024;
/// Bytes that tell how a file is compressed.
const MAGIC_BYTES: usize = 4;

/// Law LIMIT: a file may expand a thousandfold, and up to 1 GiB as it likes.
const LIMITS: InflateLimits =
    InflateLimits { ratio_max: 1_000, free_bytes: 1 << 30, total_bytes_max: u64::MAX, window_log_max: 27 };

/// Why a file ended before its end.
#[derive(Debug)]
pub(super) enum Failure {
    Disk(io::Error),
    Container(InflateProblem),
}

/// What is in a file, unpacked, with the bytes read from disk counted.
pub(super) struct Content {
    disk: Box<dyn Read>,
    /// Read from disk and not yet used.
    waiting: Vec<u8>,
    used: usize,
    inflater: Option<Inflater>,
    disk_bytes: u64,
    at_end: bool,
}

impl Content {
    pub(super) fn open(disk: Box<dyn Read>) -> Result<Self, Failure> {
        let mut content =
            Self { disk, waiting: Vec::new(), used: 0, inflater: None, disk_bytes: 0, at_end: false };
        while content.waiting.len() < MAGIC_BYTES && !content.at_end {
            content.read_disk()?;
        }
        if let Some(compression) = Compression::of(&content.waiting) {
            content.inflater = Some(Inflater::new(compression, LIMITS).map_err(Failure::Container)?);
        }
        Ok(content)
    }

    /// Bytes read from disk since the last call.
    pub(super) fn take_progress(&mut self) -> u64 {
        std::mem::take(&mut self.disk_bytes)
    }

    fn read_disk(&mut self) -> Result<(), Failure> {
        self.waiting.drain(..self.used);
        self.used = 0;
        let held = self.waiting.len();
        self.waiting.resize(held + CHUNK_BYTES, 0);
        let room = self.waiting.get_mut(held..).unwrap_or_default();
        let result = loop {
            match self.disk.read(room) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        let read = *result.as_ref().unwrap_or(&0);
        self.waiting.truncate(held + read);
        self.disk_bytes += read as u64;
        self.at_end = read == 0;
        result.map(|_| ()).map_err(Failure::Disk)
    }

    /// Unpacks some more into `output`; 0 at the end.
    pub(super) fn read(&mut self, output: &mut [u8]) -> Result<usize, Failure> {
        loop {
            let waiting = self.waiting.get(self.used..).unwrap_or_default();
            let Some(inflater) = &mut self.inflater else {
                if waiting.is_empty() && !self.at_end {
                    self.read_disk()?;
                    continue;
                }
                let count = waiting.len().min(output.len());
                for (to, from) in output.iter_mut().zip(waiting) {
                    *to = *from;
                }
                self.used += count;
                return Ok(count);
            };
            let step = inflater.step(waiting, output).map_err(Failure::Container)?;
            self.used += step.read;
            if step.written > 0 {
                return Ok(step.written);
            }
            if step.read > 0 {
                continue;
            }
            if self.at_end {
                return inflater.finish().map(|()| 0).map_err(Failure::Container);
            }
            self.read_disk()?;
        }
    }

    /// Unpacks into `into` until it holds `bytes_max` bytes; whether that was all there is.
    pub(super) fn read_up_to(&mut self, into: &mut Vec<u8>, bytes_max: usize) -> Result<bool, Failure> {
        while into.len() < bytes_max {
            let held = into.len();
            into.resize((held + CHUNK_BYTES).min(bytes_max), 0);
            let result = self.read(into.get_mut(held..).unwrap_or_default());
            into.truncate(held + *result.as_ref().unwrap_or(&0));
            if result? == 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
