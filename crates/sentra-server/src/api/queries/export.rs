use std::fs::File;
use std::io::{self, BufWriter, Seek as _, Write};
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body as ResponseBody, Bytes};
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use futures::stream;
use sentra_query::{EXPORT_ROWS_MAX, Ending, ExportError, ExportFormat, Exporter, Piece, Request, Status};
use tokio::io::AsyncReadExt as _;
use tokio::runtime::Handle;

use super::pump::{Pumped, pump, whole};
use crate::api::extract::{Body, Params, Who};
use crate::api::params::ExportQuery;
use crate::api::types::QueryRequest;
use crate::problem::{Problem, ProblemDocument, ProblemKind};
use crate::state::Shared;

/// Largest file that is exported, in bytes: it lies on the disk of the data directory while it is made.
const EXPORT_BYTES_MAX: u64 = 4 << 30;
/// Bytes of a file that are sent at a time.
const SENT_BYTES: usize = 64 * 1024;
/// Tells how far the answer can be trusted, where that is known before the first byte.
const STATUS_HEADER: HeaderName = HeaderName::from_static("x-sentra-status");

/// The whole answer to a question as a file, up to 1,000,000 rows.
#[utoipa::path(
    post,
    path = "/api/v1/query/export",
    operation_id = "exportQuery",
    tag = "query",
    request_body = QueryRequest,
    params(
        ExportQuery,
        ("X-Sentra-Tenant" = Option<String>, Header, description = "The tenant; `default` where absent"),
    ),
    responses(
        (status = 200, description = "The file. NDJSON leaves while rows are found, and ends with a line `{\"_sentra\": {status, status_detail, go_on}}` when it is not complete; CSV and Parquet are given when they are complete", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = "default", description = "A problem document (RFC 9457)", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn export(
    State(shared): State<Shared>,
    Who(asker): Who,
    Params(params): Params<ExportQuery>,
    Body(body): Body<QueryRequest>,
) -> Result<Response, Problem> {
    let format = params.format.parse::<ExportFormat>();
    let format = format.map_err(|detail| Problem::new(ProblemKind::ParameterInvalid, detail))?;
    let request = Request { in_background: true, ..whole(&shared, body, EXPORT_ROWS_MAX)? };
    let moment = shared.app.clock.now().to_string().replace(':', "");
    let name = format!("sentra-{}-{moment}.{}", asker.scope.tenant(), format.as_str());
    let directory = shared.app.directory.clone();
    let threads = shared.desk.background().cloned().unwrap_or_else(Handle::current);
    let pumped = pump(shared, asker, request).await?;
    let mut response = match format.tells_its_end() {
        true => as_it_comes(pumped, format)?,
        false => when_it_is_whole(pumped, format, params.safe, directory, &threads).await?,
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(format.media_type()));
    if let Ok(disposition) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    Ok(response)
}

/// A file that says by itself whether it is complete: it leaves piece by piece.
fn as_it_comes(pumped: Pumped, format: ExportFormat) -> Result<Response, Problem> {
    let Pumped { head, pieces, guard } = pumped;
    let written = Written::default();
    let file = Exporter::begin(format, &head, false, written.clone()).map_err(failed)?;
    let state = (Some(file), pieces, guard, written);
    let bytes = stream::unfold(state, |(file, mut pieces, guard, written)| async move {
        let mut file = file?;
        // What breaks off leaves a file whose connection broke off, too.
        let broken = |error: ExportError| io::Error::other(error);
        let piece = match pieces.recv().await {
            Some(Ok(piece)) => piece,
            Some(Err(error)) => return Some((Err(io::Error::other(error)), (None, pieces, guard, written))),
            None => return Some((Err(io::ErrorKind::UnexpectedEof.into()), (None, pieces, guard, written))),
        };
        let file = match piece {
            Piece::Rows(rows) => match file.rows(rows) {
                Ok(()) => Some(file),
                Err(error) => return Some((Err(broken(error)), (None, pieces, guard, written))),
            },
            Piece::End(ending) => match file.end(&ending) {
                Ok(_) => None,
                Err(error) => return Some((Err(broken(error)), (None, pieces, guard, written))),
            },
        };
        let bytes = written.take();
        Some((Ok(bytes), (file, pieces, guard, written)))
    });
    Ok(ResponseBody::from_stream(bytes).into_response())
}

/// A file that is given only when it is complete: it is made on disk first.
async fn when_it_is_whole(
    pumped: Pumped,
    format: ExportFormat,
    safe: bool,
    directory: std::path::PathBuf,
    threads: &Handle,
) -> Result<Response, Problem> {
    let Pumped { head, mut pieces, guard } = pumped;
    let made = threads.spawn_blocking(move || -> Result<_, Problem> {
        // It has no name, so that nothing of it is left whatever happens.
        let file = tempfile::tempfile_in(directory).map_err(|error| failed(ExportError::Write(error)))?;
        let out = BufWriter::new(Bounded { file, left: EXPORT_BYTES_MAX });
        let mut file = Exporter::begin(format, &head, safe, out).map_err(failed)?;
        while let Some(piece) = pieces.blocking_recv() {
            match piece? {
                Piece::Rows(rows) => file.rows(rows).map_err(failed)?,
                Piece::End(ending) if ending.status == Status::Partial => return Err(incomplete(&ending)),
                Piece::End(ending) => {
                    let out = file.end(&ending).map_err(failed)?;
                    let Bounded { file, .. } =
                        out.into_inner().map_err(|error| failed(ExportError::Write(error.into_error())))?;
                    return Ok((file, ending.status));
                }
            }
        }
        Err(Problem::new(ProblemKind::Timeout, "the answer broke off"))
    });
    let made = made.await.map_err(|error| Problem::new(ProblemKind::Internal, error.to_string()))?;
    drop(guard);
    let (mut file, status) = made?;
    let length = file.stream_position().map_err(|error| failed(ExportError::Write(error)))?;
    file.rewind().map_err(|error| failed(ExportError::Write(error)))?;
    let bytes = stream::unfold(Some(tokio::fs::File::from_std(file)), |file| async move {
        let mut file = file?;
        let mut bytes = Vec::with_capacity(SENT_BYTES);
        match file.read_buf(&mut bytes).await {
            Ok(0) => None,
            Ok(_) => Some((Ok(Bytes::from(bytes)), Some(file))),
            Err(error) => Some((Err(error), None)),
        }
    });
    let mut response = ResponseBody::from_stream(bytes).into_response();
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    response.headers_mut().insert(STATUS_HEADER, HeaderValue::from_static(status.as_str()));
    Ok(response)
}

fn incomplete(ending: &Ending) -> Problem {
    let detail = format!("the answer is not complete: {}", ending.detail.why);
    let problem = Problem::new(ProblemKind::ExportIncomplete, detail);
    match &ending.go_on {
        Some(go_on) => problem.with("go_on", go_on.as_str()).with_next(format!(
            "add take {EXPORT_ROWS_MAX} for the newest rows, and ask for those before with {go_on}; or export ndjson, which \
             says by itself where it ends"
        )),
        None => problem,
    }
}

fn failed(error: ExportError) -> Problem {
    if let ExportError::Write(cause) = &error
        && cause.kind() == io::ErrorKind::FileTooLarge
    {
        let detail = format!("the file would have more than {EXPORT_BYTES_MAX} bytes");
        return Problem::new(ProblemKind::ExportIncomplete, detail);
    }
    let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
    tracing::error!(error = %error, cause, "an answer could not be exported");
    Problem::new(ProblemKind::StoreFailed, "the file could not be made; the server's own log says why")
}

/// Bytes that were written and not yet sent.
#[derive(Debug, Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Written {
    fn take(&self) -> Bytes {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner)).into()
    }
}

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A file that does not grow beyond a limit (law LIMIT).
struct Bounded {
    file: File,
    left: u64,
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let wanted = bytes.len() as u64;
        if wanted > self.left {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let written = self.file.write(bytes)?;
        self.left -= written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
