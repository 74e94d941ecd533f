//! OTLP logs over HTTP, as protobuf and as JSON.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use opentelemetry_proto::tonic::collector::logs::v1::{ExportLogsPartialSuccess, ExportLogsServiceResponse};
use prost::Message as _;
use sentra_backbone::LogError;
use sentra_model::SourceKind;
use serde_json::json;

use super::append::append_entries;
use super::auth::From;
use super::body::{Whole, WholeError, read_whole};
use super::{HttpDoor, RETRY_AFTER_S};
use crate::Sender;
use crate::lines_body::BodyError;
use crate::otlp::{Entries, RecordLimits, of_json, of_protobuf};

const PROTOBUF: &str = "application/x-protobuf";
const JSON: &str = "application/json";
/// What an element of an array takes while a request is read, at most.
const ELEMENT_BYTES: usize = 32;

/// How a request is written, and so its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Protobuf,
    Json,
}

/// Why a request was not taken.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) reason: String,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, reason: impl Into<String>) -> Self {
        Self { status, reason: reason.into() }
    }

    pub(crate) fn code(&self) -> tonic::Code {
        match self.status {
            StatusCode::UNAUTHORIZED => tonic::Code::Unauthenticated,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => tonic::Code::Unavailable,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => tonic::Code::Unimplemented,
            _ => tonic::Code::InvalidArgument,
        }
    }
}

impl std::convert::From<WholeError> for Refusal {
    fn from(error: WholeError) -> Self {
        let status = match &error {
            WholeError::Busy => StatusCode::TOO_MANY_REQUESTS,
            WholeError::Encoding(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            WholeError::Body(BodyError::TooLarge(_)) => StatusCode::PAYLOAD_TOO_LARGE,
            WholeError::Body(_) => StatusCode::BAD_REQUEST,
        };
        Self::new(status, error.to_string())
    }
}

/// `POST /v1/logs`.
pub(super) async fn logs(
    State(door): State<HttpDoor>,
    from: From,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let Some(encoding) = encoding(&headers) else {
        let reason = "send application/x-protobuf or application/json";
        return failure(Encoding::Json, &Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, reason));
    };
    let address = from.address.to_string();
    let taken = async {
        let sender = from.sender.map_err(|_| unauthorised())?;
        let whole = read_whole(&door, &headers, body).await?;
        take(&door, SourceKind::OtlpHttp, &sender, address, encoding, whole).await
    };
    match taken.await {
        Ok(answer) => success(encoding, &answer),
        Err(refusal) => failure(encoding, &refusal),
    }
}

pub(crate) fn unauthorised() -> Refusal {
    Refusal::new(StatusCode::UNAUTHORIZED, "the API key is missing or not known")
}

/// Takes a request. Law ACK: the answer comes when its records are durable.
pub(crate) async fn take(
    door: &HttpDoor,
    kind: SourceKind,
    sender: &Sender,
    address: String,
    encoding: Encoding,
    mut whole: Whole,
) -> Result<ExportLogsServiceResponse, Refusal> {
    let Some(_turn) = door.turn() else {
        return Err(Refusal::new(StatusCode::TOO_MANY_REQUESTS, super::TURNS_TAKEN));
    };
    if encoding == Encoding::Json {
        let elements = memchr::memchr_iter(b',', &whole.bytes).count() + 1;
        whole.claim(elements.saturating_mul(ELEMENT_BYTES))?;
    }
    let resources = match encoding {
        Encoding::Protobuf => of_protobuf(&whole.bytes),
        Encoding::Json => of_json(&whole.bytes),
    };
    let resources = resources.map_err(|reason| Refusal::new(StatusCode::BAD_REQUEST, reason))?;
    let limits = door.appender.limits();
    let limits = RecordLimits {
        record_bytes_max: limits.line_bytes_max,
        total_bytes_max: limits.request_expanded_bytes_max,
    };
    let mut entries = Entries::new(resources, limits);
    let format = sender.format.clone().map_or_else(|| "otlp".to_owned(), |inner| format!("otlp:{inner}"));
    let source = door.appender.source(kind, address, Some(format));
    let kept = append_entries(&door.appender, &sender.tenant, &source, &mut entries).await;
    match kept.error {
        None => Ok(answer(kept.dead + entries.left_out)),
        Some(error @ LogError::Full { .. }) => {
            Err(Refusal::new(StatusCode::TOO_MANY_REQUESTS, error.to_string()))
        }
        Some(error) => Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string())),
    }
}

/// Law LOSS: a sender hears how many of its records are no records.
fn answer(rejected: u64) -> ExportLogsServiceResponse {
    let partial_success = (rejected > 0).then(|| ExportLogsPartialSuccess {
        rejected_log_records: i64::try_from(rejected).unwrap_or(i64::MAX),
        error_message: "these records were not taken; the dead letters say why".to_owned(),
    });
    ExportLogsServiceResponse { partial_success }
}

fn encoding(headers: &HeaderMap) -> Option<Encoding> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    match value.split(';').next()?.trim().to_ascii_lowercase().as_str() {
        PROTOBUF => Some(Encoding::Protobuf),
        JSON => Some(Encoding::Json),
        _ => None,
    }
}

fn success(encoding: Encoding, answer: &ExportLogsServiceResponse) -> Response {
    match encoding {
        Encoding::Protobuf => ([(header::CONTENT_TYPE, PROTOBUF)], answer.encode_to_vec()).into_response(),
        Encoding::Json => {
            // Numbers of 64 bits are text in the JSON of protobuf.
            let document = match &answer.partial_success {
                None => json!({}),
                Some(partial) => json!({ "partialSuccess": {
                    "rejectedLogRecords": partial.rejected_log_records.to_string(),
                    "errorMessage": partial.error_message,
                }}),
            };
            ([(header::CONTENT_TYPE, JSON)], document.to_string()).into_response()
        }
    }
}

/// `google.rpc.Status`, in the request's own encoding.
fn failure(encoding: Encoding, refusal: &Refusal) -> Response {
    /// The two members that are used.
    #[derive(Clone, PartialEq, prost::Message)]
    struct RpcStatus {
        #[prost(int32, tag = "1")]
        code: i32,
        #[prost(string, tag = "2")]
        message: String,
    }
    let Refusal { status, reason } = refusal;
    let code = refusal.code() as i32;
    let mut response = match encoding {
        Encoding::Protobuf => {
            let bytes = RpcStatus { code, message: reason.clone() }.encode_to_vec();
            (*status, [(header::CONTENT_TYPE, PROTOBUF)], bytes).into_response()
        }
        Encoding::Json => {
            let document = json!({ "code": code, "message": reason }).to_string();
            (*status, [(header::CONTENT_TYPE, JSON)], document).into_response()
        }
    };
    if *status == StatusCode::TOO_MANY_REQUESTS {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER_S));
    }
    response
}
