use std::time::Duration;

use axum::body::{Body, Bytes};
use http_body_util::BodyExt as _;
use sentra_backbone::LogError;
use sentra_decode::{Framed, LineFramer};
use sentra_model::{DeadLetter, DeadReason, OwnedRecord, Source, TenantId};

use super::appender::Appender;
use super::gather::Gather;
use super::inflate::{Compression, InflateLimits, InflateProblem, Inflater, Step};
use super::letters::{dead_letter, too_long};
use crate::api::types::{IngestAnswer, RejectedLine};
use crate::problem::{Problem, ProblemKind};

/// Rejected lines that the answer lists; all of them are counted.
const REJECTED_LISTED_MAX: usize = 100;
/// Dead letters that are kept before they are appended.
const LETTERS_MAX: usize = 64;
/// How much and how long is read from a sender after its body was given up.
const DRAIN_BYTES_MAX: usize = 64 * 1024 * 1024;
const DRAIN_TIME_MAX: Duration = Duration::from_secs(5);
/// Bytes decompressed in one go.
const PIECE_BYTES: usize = 64 * 1024;
/// Law LIMIT: how many times its size a body may expand, once it is past [`FREE_BYTES`].
const RATIO_MAX: u64 = 1_000;
const FREE_BYTES: u64 = 32 * 1024 * 1024;
/// RFC 9659: the window of zstd as a content encoding is at most 8 MiB.
const WINDOW_LOG_MAX: u32 = 23;

/// One body on its way into the log.
pub(crate) struct Intake {
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

impl Intake {
    pub(crate) fn new(appender: Appender, tenant: TenantId, source: Source, first_line: u64) -> Self {
        Self {
            framer: LineFramer::new(appender.limits.line_bytes_max).starting_at(first_line),
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

    async fn take(&mut self, piece: &[u8]) -> Result<(), Problem> {
        let mut framer = std::mem::replace(&mut self.framer, LineFramer::new(0));
        let mut full = Vec::new();
        framer.push(piece, &mut |framed| full.extend(self.line(framed)));
        self.framer = framer;
        self.append(full).await
    }

    async fn finish(&mut self) -> Result<(), Problem> {
        let mut framer = std::mem::replace(&mut self.framer, LineFramer::new(0));
        let mut full = Vec::new();
        framer.finish(&mut |framed| full.extend(self.line(framed)));
        self.append(full).await?;
        self.flush().await
    }

    /// What is complete so far becomes durable; a torn last line is left for the sender to send again.
    async fn flush(&mut self) -> Result<(), Problem> {
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
                let detail = too_long(length_bytes, self.appender.limits.line_bytes_max);
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
    async fn append(&mut self, batches: Vec<Vec<OwnedRecord>>) -> Result<(), Problem> {
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

    async fn append_letters(&mut self) -> Result<(), Problem> {
        let letters = std::mem::take(&mut self.letters);
        Ok(self.appender.letters(&self.tenant, &self.source, &letters).await?)
    }

    /// The answer, or the problem with what was taken before it.
    pub(crate) fn answer(self, result: Result<(), Problem>) -> Result<IngestAnswer, Problem> {
        match result {
            Ok(()) => Ok(self.answer),
            Err(problem) => {
                Err(problem.with("accepted", self.answer.accepted).with("next_line", self.settled_line + 1))
            }
        }
    }
}

/// Reads a body into `intake`: piece by piece, each durable before much more is read.
pub(crate) async fn unframe(
    intake: &mut Intake,
    mut body: Body,
    compression: Option<Compression>,
    idle_ms: u64,
) -> Result<(), Problem> {
    let result = read_body(intake, &mut body, compression, idle_ms).await;
    match result {
        Ok(()) => intake.finish().await,
        Err(problem) => {
            drain(&mut body).await;
            let is_log = matches!(
                problem.kind(),
                ProblemKind::LogFull
                    | ProblemKind::LogPoisoned
                    | ProblemKind::LogFailed
                    | ProblemKind::NotReady
            );
            if !is_log {
                intake.flush().await?;
            }
            Err(problem)
        }
    }
}

async fn read_body(
    intake: &mut Intake,
    body: &mut Body,
    compression: Option<Compression>,
    idle_ms: u64,
) -> Result<(), Problem> {
    let limits = intake.appender.limits.clone();
    let mut inflater = match compression {
        Some(compression) => {
            let total_bytes_max = limits.request_expanded_bytes_max as u64;
            let limits = InflateLimits {
                ratio_max: RATIO_MAX,
                free_bytes: FREE_BYTES,
                total_bytes_max,
                window_log_max: WINDOW_LOG_MAX,
            };
            Some(Inflater::new(compression, limits)?)
        }
        None => None,
    };
    let mut bytes = 0_usize;
    while let Some(chunk) = next_chunk(body, idle_ms).await? {
        bytes = bytes.saturating_add(chunk.len());
        if bytes > limits.request_bytes_max {
            let detail = format!("the body has more than {} bytes", limits.request_bytes_max);
            return Err(Problem::new(ProblemKind::BodyTooLarge, detail));
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

/// Reads on for a while without taking anything: many senders look for an answer only when all is sent, and
/// a connection closed before that would cost them the answer (law LOSS).
async fn drain(body: &mut Body) {
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

async fn inflate(intake: &mut Intake, inflater: &mut Inflater, chunk: &[u8]) -> Result<(), Problem> {
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

async fn next_chunk(body: &mut Body, idle_ms: u64) -> Result<Option<Bytes>, Problem> {
    loop {
        let frame = tokio::time::timeout(Duration::from_millis(idle_ms), body.frame()).await;
        match frame {
            Err(_) => {
                let detail = format!("nothing came for {idle_ms} ms");
                return Err(Problem::new(ProblemKind::BodyBrokenOff, detail));
            }
            Ok(None) => return Ok(None),
            Ok(Some(Err(error))) => return Err(Problem::new(ProblemKind::BodyBrokenOff, error.to_string())),
            Ok(Some(Ok(frame))) => {
                // Trailers hold nothing for us.
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
        }
    }
}

impl From<InflateProblem> for Problem {
    fn from(problem: InflateProblem) -> Self {
        let kind = match problem {
            InflateProblem::Damaged { .. } | InflateProblem::Truncated { .. } => ProblemKind::EncodingBroken,
            InflateProblem::RatioTooHigh { .. } | InflateProblem::TooLarge { .. } => {
                ProblemKind::BodyTooLarge
            }
        };
        Self::new(kind, problem.to_string())
    }
}
