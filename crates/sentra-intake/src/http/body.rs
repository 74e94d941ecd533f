//! Bodies that must be whole before they can be read, and the pieces of those that need not.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, header};
use http_body_util::BodyExt as _;
use tokio::sync::OwnedSemaphorePermit;

use super::{HttpDoor, MEMORY_UNIT_BYTES};
use crate::inflate::{Compression, InflateLimits, Inflater, Step};
use crate::lines_body::BodyError;

/// Bytes decompressed in one go.
const PIECE_BYTES: usize = 64 * 1024;
/// Law LIMIT: how many times its size a body may expand, once it is past [`FREE_BYTES`].
const RATIO_MAX: u64 = 1_000;
const FREE_BYTES: u64 = 32 * 1024 * 1024;
/// RFC 9659: the window of zstd as a content encoding is at most 8 MiB.
const WINDOW_LOG_MAX: u32 = 23;
/// How much and how long is read from a sender after its body was given up.
const DRAIN_BYTES_MAX: usize = 64 * 1024 * 1024;
const DRAIN_TIME_MAX: Duration = Duration::from_secs(5);

/// Why a body could not be read as a whole.
#[derive(Debug, thiserror::Error)]
pub enum WholeError {
    /// It is too large, broke off or is damaged.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// The content encoding is none we read.
    #[error("content encoding {0:?} is not known; send gzip, zstd or nothing")]
    Encoding(String),
    /// Other bodies take all the memory there is for bodies.
    #[error("as many bytes as the limit allows are being taken in")]
    Busy,
}

/// A whole body, decompressed, with its share of the memory budget.
#[derive(Debug)]
pub struct Whole {
    /// The bytes.
    pub bytes: Vec<u8>,
    _share: Vec<OwnedSemaphorePermit>,
}

/// The compression that `Content-Encoding` names.
pub(crate) fn compression(headers: &HeaderMap) -> Result<Option<Compression>, WholeError> {
    let Some(value) = headers.get(header::CONTENT_ENCODING) else { return Ok(None) };
    match value.to_str().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        "identity" | "" => Ok(None),
        "gzip" | "x-gzip" => Ok(Some(Compression::Gzip)),
        "zstd" => Ok(Some(Compression::Zstd)),
        other => Err(WholeError::Encoding(other.chars().take(40).collect())),
    }
}

/// The limits of decompression for bodies of at most `expanded_bytes_max`.
pub(crate) fn inflate_limits(expanded_bytes_max: usize) -> InflateLimits {
    InflateLimits {
        ratio_max: RATIO_MAX,
        free_bytes: FREE_BYTES,
        total_bytes_max: expanded_bytes_max as u64,
        window_log_max: WINDOW_LOG_MAX,
    }
}

/// Reads `body` as a whole. Law LIMIT: at most `request_bytes_max` decompressed bytes, out of the door's budget.
///
/// # Errors
/// [`WholeError`].
pub async fn read_whole(door: &HttpDoor, headers: &HeaderMap, mut body: Body) -> Result<Whole, WholeError> {
    let result = read(door, headers, &mut body).await;
    if result.is_err() {
        drain(&mut body).await;
    }
    result
}

async fn read(door: &HttpDoor, headers: &HeaderMap, body: &mut Body) -> Result<Whole, WholeError> {
    let limits = door.appender.limits();
    let bytes_max = limits.request_bytes_max;
    let compression = compression(headers)?;
    let inflater = compression.map(|kind| Inflater::new(kind, inflate_limits(bytes_max)));
    let mut inflater = inflater.transpose().map_err(BodyError::from)?;
    let mut whole = Whole { bytes: Vec::new(), _share: Vec::new() };
    let mut wire_bytes = 0_usize;
    while let Some(chunk) = next_chunk(body, limits.body_idle_timeout_ms).await? {
        wire_bytes = wire_bytes.saturating_add(chunk.len());
        if wire_bytes > bytes_max {
            return Err(too_large(bytes_max).into());
        }
        match &mut inflater {
            Some(inflater) => inflate(door, &mut whole, inflater, &chunk)?,
            None => whole.extend(door, &chunk)?,
        }
    }
    if let Some(inflater) = &mut inflater {
        inflate(door, &mut whole, inflater, &[])?;
        inflater.finish().map_err(BodyError::from)?;
    }
    Ok(whole)
}

fn inflate(
    door: &HttpDoor,
    whole: &mut Whole,
    inflater: &mut Inflater,
    chunk: &[u8],
) -> Result<(), WholeError> {
    let mut output = vec![0; PIECE_BYTES];
    let mut rest = chunk;
    loop {
        let step = inflater.step(rest, &mut output).map_err(BodyError::from)?;
        rest = rest.get(step.read..).unwrap_or_default();
        whole.extend(door, output.get(..step.written).unwrap_or_default())?;
        if rest.is_empty() && (step == Step { read: 0, written: 0 } || step.written == 0) {
            return Ok(());
        }
    }
}

impl Whole {
    fn extend(&mut self, door: &HttpDoor, piece: &[u8]) -> Result<(), WholeError> {
        let wanted = self.bytes.len() + piece.len();
        let have =
            self._share.iter().map(OwnedSemaphorePermit::num_permits).sum::<usize>() * MEMORY_UNIT_BYTES;
        if wanted > have {
            // Doubling, as the vector itself does.
            let more = (wanted - have).max(have).max(PIECE_BYTES).div_ceil(MEMORY_UNIT_BYTES);
            let more = u32::try_from(more).unwrap_or(u32::MAX);
            let share =
                Arc::clone(&door.memory).try_acquire_many_owned(more).map_err(|_| WholeError::Busy)?;
            self._share.push(share);
        }
        self.bytes.extend_from_slice(piece);
        Ok(())
    }
}

/// What is said of a body over the limit.
pub(crate) fn too_large(bytes_max: usize) -> BodyError {
    BodyError::TooLarge(format!("the body has more than {bytes_max} bytes (intake.request_bytes_max)"))
}

/// Reads on for a while without taking anything: many senders look for an answer only when all is sent, and
/// a connection closed before that would cost them the answer (law LOSS).
pub(crate) async fn drain(body: &mut Body) {
    let reading = async {
        let mut left = DRAIN_BYTES_MAX;
        while let Some(Ok(frame)) = body.frame().await {
            left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
            if left == 0 {
                return;
            }
        }
    };
    let _ = tokio::time::timeout(DRAIN_TIME_MAX, reading).await;
}

/// The next bytes of a body; `None` at its end.
pub(crate) async fn next_chunk(body: &mut Body, idle_ms: u64) -> Result<Option<Bytes>, BodyError> {
    loop {
        let frame = tokio::time::timeout(Duration::from_millis(idle_ms), body.frame()).await;
        match frame {
            Err(_) => return Err(BodyError::BrokenOff(format!("nothing came for {idle_ms} ms"))),
            Ok(None) => return Ok(None),
            Ok(Some(Err(error))) => return Err(BodyError::BrokenOff(error.to_string())),
            Ok(Some(Ok(frame))) => {
                // Trailers hold nothing for us.
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
        }
    }
}
