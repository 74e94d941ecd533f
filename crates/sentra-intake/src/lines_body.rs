use axum::body::Body;
use sentra_backbone::LogError;
use sentra_decode::{Framed, LineFramer};
use sentra_model::{DeadLetter, DeadReason, OwnedRecord, Source, TenantId};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::appender::Appender;
use crate::gather::Gather;
use crate::http::body::{drain, inflate_limits, next_chunk, too_large};
use crate::inflate::{Compression, InflateProblem, Inflater, Step};
use crate::letters::{dead_letter, too_long};

/// Rejected lines that the answer lists; all of them are counted.
const REJECTED_LISTED_MAX: usize = 100;
/// Dead letters that are kept before they are appended.
const LETTERS_MAX: usize = 64;
/// Bytes decompressed in one go.
const PIECE_BYTES: usize = 64 * 1024;

/// A line that was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RejectedLine {
    /// Line of the body, from 1.
    pub line: u64,
    /// Why.
    pub reason: DeadReason,
    /// What was wrong, for people.
    pub detail: String,
}

/// What became of the lines of a body. Law ACK: `accepted` records are durable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default, ToSchema)]
pub struct IngestAnswer {
    /// Records that are durable.
    pub accepted: u64,
    /// The first 100 lines that were not taken; each is a dead letter.
    pub rejected: Vec<RejectedLine>,
    /// How many lines were not taken.
    pub rejected_total: u64,
}

/// Why a body was not taken as a whole.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// It is larger than a limit, compressed or not.
    #[error("{0}")]
    TooLarge(String),
    /// It broke off, or nothing came for too long.
    #[error("{0}")]
    BrokenOff(String),
    /// What is compressed is damaged.
    #[error("{0}")]
    EncodingBroken(String),
    /// The log did not take it.
    #[error(transparent)]
    Log(#[from] LogError),
}

/// What was taken of a body, and why not all of it.
#[derive(Debug)]
pub struct Taken {
    /// What became of its lines.
    pub answer: IngestAnswer,
    /// The first line of which it is not known that it is durable: send the body again from here.
    pub next_line: u64,
    /// Why it ended before its end.
    pub error: Option<BodyError>,
}

/// One body of lines on its way into the log.
pub struct LinesBody {
    appender: Appender,
    tenant: TenantId,
    source: Source,
    framer: LineFramer,
    gather: Gather,
    letters: Vec<DeadLetter>,
    answer: IngestAnswer,
    /// The last line of which is known what became of it.
    settled_line: u64,
    /// The last line that was looked at.
    last_line: u64,
}

impl LinesBody {
    /// A body of `source` for `tenant`, whose first line has the number `first_line`.
    #[must_use]
    pub fn new(appender: Appender, tenant: TenantId, source: Source, first_line: u64) -> Self {
        Self {
            framer: LineFramer::new(appender.limits().line_bytes_max).starting_at(first_line),
            gather: Gather::new(appender.batch_limits()),
            appender,
            tenant,
            source,
            letters: Vec::new(),
            answer: IngestAnswer::default(),
            settled_line: first_line.saturating_sub(1),
            last_line: first_line.saturating_sub(1),
        }
    }

    async fn take(&mut self, piece: &[u8]) -> Result<(), BodyError> {
        let mut framer = std::mem::replace(&mut self.framer, LineFramer::new(0));
        let mut full = Vec::new();
        framer.push(piece, &mut |framed| full.extend(self.line(framed)));
        self.framer = framer;
        self.append(full).await
    }

    async fn finish(&mut self) -> Result<(), BodyError> {
        let mut framer = std::mem::replace(&mut self.framer, LineFramer::new(0));
        let mut full = Vec::new();
        framer.finish(&mut |framed| full.extend(self.line(framed)));
        self.append(full).await?;
        self.flush().await
    }

    /// What is complete so far becomes durable; a torn last line is left for the sender to send again.
    async fn flush(&mut self) -> Result<(), BodyError> {
        let records = self.gather.take();
        if !records.is_empty() {
            self.append(vec![records]).await?;
        }
        self.append_letters().await?;
        self.settled_line = self.last_line;
        Ok(())
    }

    fn line(&mut self, framed: Framed<'_>) -> Option<Vec<OwnedRecord>> {
        match framed {
            Framed::Record { position, bytes } => {
                self.last_line = position;
                self.gather.push(position, bytes)
            }
            Framed::TooLong { position, length_bytes, excerpt } => {
                self.last_line = position;
                let detail = too_long(length_bytes, self.appender.limits().line_bytes_max);
                let reason = DeadReason::TooLong;
                self.answer.rejected_total += 1;
                if self.answer.rejected.len() < REJECTED_LISTED_MAX {
                    self.answer.rejected.push(RejectedLine {
                        line: position,
                        reason,
                        detail: detail.clone(),
                    });
                }
                let now = self.appender.clock.now();
                self.letters.push(dead_letter(&self.source, now, position, reason, detail, excerpt));
                None
            }
        }
    }

    /// Law ACK: counts records only when they are durable.
    async fn append(&mut self, batches: Vec<Vec<OwnedRecord>>) -> Result<(), BodyError> {
        for records in batches {
            let last_line = records.last().map_or(0, |record| record.position);
            let appended: Result<u64, LogError> =
                self.appender.records(&self.tenant, &self.source, records).await;
            self.answer.accepted += appended?;
            self.settled_line = self.settled_line.max(last_line);
        }
        if self.letters.len() >= LETTERS_MAX {
            self.append_letters().await?;
        }
        Ok(())
    }

    async fn append_letters(&mut self) -> Result<(), BodyError> {
        let letters = std::mem::take(&mut self.letters);
        Ok(self.appender.letters(&self.tenant, &self.source, &letters).await?)
    }

    /// Reads `body`, piece by piece, each durable before much more is read.
    pub async fn take_all(mut self, mut body: Body, compression: Option<Compression>) -> Taken {
        let result = match read_body(&mut self, &mut body, compression).await {
            Ok(()) => self.finish().await,
            Err(error) => {
                drain(&mut body).await;
                match error {
                    BodyError::Log(_) => Err(error),
                    _ => self.flush().await.and(Err(error)),
                }
            }
        };
        Taken { answer: self.answer, next_line: self.settled_line + 1, error: result.err() }
    }
}

async fn read_body(
    intake: &mut LinesBody,
    body: &mut Body,
    compression: Option<Compression>,
) -> Result<(), BodyError> {
    let limits = intake.appender.limits();
    let mut inflater = match compression {
        Some(compression) => {
            Some(Inflater::new(compression, inflate_limits(limits.request_expanded_bytes_max))?)
        }
        None => None,
    };
    let mut bytes = 0_usize;
    while let Some(chunk) = next_chunk(body, limits.body_idle_timeout_ms).await? {
        bytes = bytes.saturating_add(chunk.len());
        if bytes > limits.request_bytes_max {
            return Err(too_large(limits.request_bytes_max));
        }
        match &mut inflater {
            Some(inflater) => inflate(intake, inflater, &chunk).await?,
            None => {
                for piece in chunk.chunks(PIECE_BYTES) {
                    intake.take(piece).await?;
                }
            }
        }
    }
    if let Some(inflater) = &mut inflater {
        inflate(intake, inflater, &[]).await?;
        inflater.finish()?;
    }
    Ok(())
}

async fn inflate(intake: &mut LinesBody, inflater: &mut Inflater, chunk: &[u8]) -> Result<(), BodyError> {
    let mut output = vec![0; PIECE_BYTES];
    let mut rest = chunk;
    loop {
        let step = inflater.step(rest, &mut output)?;
        rest = rest.get(step.read..).unwrap_or_default();
        intake.take(output.get(..step.written).unwrap_or_default()).await?;
        if rest.is_empty() && (step == Step { read: 0, written: 0 } || step.written == 0) {
            return Ok(());
        }
    }
}

impl From<InflateProblem> for BodyError {
    fn from(problem: InflateProblem) -> Self {
        match problem {
            InflateProblem::Damaged { .. } | InflateProblem::Truncated { .. } => {
                Self::EncodingBroken(problem.to_string())
            }
            InflateProblem::RatioTooHigh { .. } | InflateProblem::TooLarge { .. } => {
                Self::TooLarge(problem.to_string())
            }
        }
    }
}
