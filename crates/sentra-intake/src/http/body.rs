//! Bodies that must be whole before they can be read, and the pieces of those that need not.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, header};
use http_body_util::BodyExt as _;

use super::HttpDoor;
use crate::inflate::{Compression, InflateLimits, Inflater, Step};
use crate::lines_body::BodyError;
use crate::share::Share;

/// Bytes decompressed in one go.
const PIECE_BYTES: usize = 64 * 1024;
/// Law LIMIT: how many times its size a body may expand, once it is past [`FREE_BYTES`].
const RATIO_MAX: u64 = 1_000;
const FREE_BYTES: u64 = 32 * 1024 * 1024;
/// RFC 9659: the window of zstd as a content encoding is at most 8 MiB.
const WINDOW_LOG_MAX: u32 = 23;
/// A body begins with so much memory.
const CAPACITY_BYTES_MIN: usize = 4 * 1024;
/// Bytes of a body that must come in a second, in the mean.
const RATE_BYTES_MIN: u64 = 1024;
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
    share: Share,
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
pub fn read_whole<'d>(
    door: &'d HttpDoor,
    headers: &HeaderMap,
    body: Body,
) -> impl Future<Output = Result<Whole, WholeError>> + Send + use<'d> {
    // The headers are not needed while the body comes.
    let compression = compression(headers);
    async move {
        let result = match compression {
            Ok(compression) => read_body(door, compression, body).await,
            Err(error) => Err((error, body)),
        };
        finish(result).await
    }
}

/// The same for a body whose encoding does not stand in its headers.
pub(crate) async fn read_plain(door: &HttpDoor, body: Body) -> Result<Whole, WholeError> {
    finish(read_body(door, None, body).await).await
}

async fn finish(result: Result<Whole, (WholeError, Body)>) -> Result<Whole, WholeError> {
    let (error, mut body) = match result {
        Ok(whole) => return Ok(whole),
        Err(failed) => failed,
    };
    drain(&mut body).await;
    Err(error)
}

async fn read_body(
    door: &HttpDoor,
    compression: Option<Compression>,
    mut body: Body,
) -> Result<Whole, (WholeError, Body)> {
    read(door, compression, &mut body).await.map_err(|error| (error, body))
}

/// Decompresses what is whole already.
pub(crate) fn inflate_whole(
    door: &HttpDoor,
    compression: Compression,
    packed: &[u8],
) -> Result<Whole, WholeError> {
    let bytes_max = door.appender.limits().request_bytes_max;
    let mut inflater = Inflater::new(compression, inflate_limits(bytes_max)).map_err(BodyError::from)?;
    let mut whole = Whole::new(door);
    inflate(&mut whole, &mut inflater, packed)?;
    inflate(&mut whole, &mut inflater, &[])?;
    inflater.finish().map_err(BodyError::from)?;
    Ok(whole)
}

async fn read(
    door: &HttpDoor,
    compression: Option<Compression>,
    body: &mut Body,
) -> Result<Whole, WholeError> {
    let limits = door.appender.limits();
    let bytes_max = limits.request_bytes_max;
    let inflater = compression.map(|kind| Inflater::new(kind, inflate_limits(bytes_max)));
    let mut inflater = inflater.transpose().map_err(BodyError::from)?;
    let mut whole = Whole::new(door);
    let mut wire_bytes = 0_usize;
    let mut pace = Pace::new(limits.body_idle_timeout_ms);
    while let Some(chunk) = pace.next_chunk(body).await? {
        wire_bytes = wire_bytes.saturating_add(chunk.len());
        if wire_bytes > bytes_max {
            return Err(too_large(bytes_max).into());
        }
        match &mut inflater {
            Some(inflater) => inflate(&mut whole, inflater, &chunk)?,
            None => whole.extend(&chunk)?,
        }
    }
    if let Some(inflater) = &mut inflater {
        inflate(&mut whole, inflater, &[])?;
        inflater.finish().map_err(BodyError::from)?;
    }
    Ok(whole)
}

fn inflate(whole: &mut Whole, inflater: &mut Inflater, chunk: &[u8]) -> Result<(), WholeError> {
    let mut output = vec![0; PIECE_BYTES];
    let mut rest = chunk;
    loop {
        let step = inflater.step(rest, &mut output).map_err(BodyError::from)?;
        rest = rest.get(step.read..).unwrap_or_default();
        whole.extend(output.get(..step.written).unwrap_or_default())?;
        if rest.is_empty() && (step == Step { read: 0, written: 0 } || step.written == 0) {
            return Ok(());
        }
    }
}

impl Whole {
    fn new(door: &HttpDoor) -> Self {
        Self { bytes: Vec::new(), share: Share::new(Arc::clone(&door.memory), 0) }
    }

    fn extend(&mut self, piece: &[u8]) -> Result<(), WholeError> {
        let wanted = self.bytes.len() + piece.len();
        if wanted > self.bytes.capacity() {
            // The share grows as the vector does.
            let capacity = wanted.max(self.bytes.capacity() * 2).max(CAPACITY_BYTES_MIN);
            if !self.share.fit(capacity) {
                return Err(WholeError::Busy);
            }
            self.bytes.reserve_exact(capacity - self.bytes.len());
        }
        self.bytes.extend_from_slice(piece);
        Ok(())
    }

    /// Takes as much of the budget for what is made of the body as well.
    pub(crate) fn claim(&mut self, more_bytes: usize) -> Result<(), WholeError> {
        match self.share.fit(self.bytes.capacity().saturating_add(more_bytes)) {
            true => Ok(()),
            false => Err(WholeError::Busy),
        }
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

/// How fast a body must come. Law LIMIT: a sender may be slow, but not so slow that it only holds its place.
#[derive(Debug)]
pub(crate) struct Pace {
    idle_ms: u64,
    waited: Duration,
    bytes: u64,
}

impl Pace {
    pub(crate) fn new(idle_ms: u64) -> Self {
        Self { idle_ms, waited: Duration::ZERO, bytes: 0 }
    }

    /// The next bytes of a body; `None` at its end.
    pub(crate) async fn next_chunk(&mut self, body: &mut Body) -> Result<Option<Bytes>, BodyError> {
        let idle_ms = self.idle_ms;
        loop {
            let allowed = Duration::from_millis(idle_ms) + Duration::from_secs(self.bytes / RATE_BYTES_MIN);
            let Some(left) = allowed.checked_sub(self.waited) else {
                let detail = format!(
                    "fewer than {RATE_BYTES_MIN} bytes a second came, after {idle_ms} ms for the beginning \
                     (server.body_idle_timeout_ms)"
                );
                return Err(BodyError::BrokenOff(detail));
            };
            let started = Instant::now();
            let limit = left.min(Duration::from_millis(idle_ms));
            let frame = tokio::time::timeout(limit, body.frame()).await;
            // Only the sender's time counts: how long the log takes is not its fault.
            self.waited += started.elapsed();
            match frame {
                Err(_) if limit == left && self.bytes > 0 => {}
                Err(_) => return Err(BodyError::BrokenOff(format!("nothing came for {idle_ms} ms"))),
                Ok(None) => return Ok(None),
                Ok(Some(Err(error))) => return Err(BodyError::BrokenOff(error.to_string())),
                Ok(Some(Ok(frame))) => {
                    // Trailers hold nothing for us.
                    if let Ok(data) = frame.into_data() {
                        self.bytes += data.len() as u64;
                        return Ok(Some(data));
                    }
                }
            }
        }
    }
}
