//! The bytes of a segment's pages, read where they stand.

use std::fs::File;
use std::io::{BufReader, Read};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use datafusion::common::Result;
use parquet::file::reader::{ChunkReader, Length};

use crate::StoreError;

/// An open segment file.
#[derive(Debug)]
pub(super) struct Pages {
    file: Arc<File>,
    bytes: u64,
}

impl Pages {
    pub(super) fn open(path: PathBuf, bytes: u64) -> Result<Self> {
        let file =
            File::open(&path).map_err(|error| super::external(StoreError::io("open", &path)(error)))?;
        Ok(Self { file: Arc::new(file), bytes })
    }
}

impl Length for Pages {
    fn len(&self) -> u64 {
        self.bytes
    }
}

impl ChunkReader for Pages {
    type T = BufReader<From>;

    fn get_read(&self, start: u64) -> parquet::errors::Result<Self::T> {
        Ok(BufReader::new(From { file: Arc::clone(&self.file), at: start }))
    }

    fn get_bytes(&self, start: u64, length: usize) -> parquet::errors::Result<Bytes> {
        // A damaged footer may say anything: no more is made room for than the file has.
        if start.checked_add(length as u64).is_none_or(|end| end > self.bytes) {
            return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into());
        }
        let mut bytes = vec![0; length];
        self.file.read_exact_at(&mut bytes, start)?;
        Ok(bytes.into())
    }
}

/// A file from some place on.
#[derive(Debug)]
pub(super) struct From {
    file: Arc<File>,
    at: u64,
}

impl Read for From {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.file.read_at(buffer, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}
