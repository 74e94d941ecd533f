//! OTLP logs over HTTP, as protobuf and as JSON.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use opentelemetry_proto::tonic::collector::logs::v1::{ExportLogsServiceRequest, ExportLogsServiceResponse};
use prost::Message as _;
use sentra_backbone::LogError;
use sentra_model::SourceKind;
use serde_json::json;

use super::append::append;
use super::auth::From;
use super::body::{WholeError, read_whole};
use super::{HttpDoor, RETRY_AFTER_S};
use crate::lines_body::BodyError;
use crate::otlp::records;

const PROTOBUF: &str = "application/x-protobuf";
const JSON: &str = "application/json";

/// How a request is written, and so its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Protobuf,
    Json,
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
        return failure(Encoding::Json, StatusCode::UNSUPPORTED_MEDIA_TYPE, reason);
    };
    let Ok(sender) = from.sender else {
        return failure(encoding, StatusCode::UNAUTHORIZED, "the API key is missing or not known");
    };
    let Some(_turn) = door.turn() else {
        return failure(
            encoding,
            StatusCode::TOO_MANY_REQUESTS,
            "as many requests as the limit allows are served",
        );
    };
    let whole = match read_whole(&door, &headers, body).await {
        Ok(whole) => whole,
        Err(error) => return failure(encoding, status_of(&error), &error.to_string()),
    };
    let request = match decode(encoding, &whole.bytes) {
        Ok(request) => request,
        Err(reason) => return failure(encoding, StatusCode::BAD_REQUEST, &reason),
    };
    let records = records(&request);
    let format = sender.format.clone().map_or_else(|| "otlp".to_owned(), |inner| format!("otlp:{inner}"));
    let source = door.appender.source(SourceKind::OtlpHttp, from.address.to_string(), Some(format));
    let borrowed = records.iter().map(|(position, bytes)| (*position, bytes.as_slice()));
    match append(&door.appender, &sender.tenant, &source, borrowed).await.error {
        None => success(encoding),
        Some(error @ LogError::Full { .. }) => {
            failure(encoding, StatusCode::TOO_MANY_REQUESTS, &error.to_string())
        }
        Some(error) => failure(encoding, StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
    }
}

fn encoding(headers: &HeaderMap) -> Option<Encoding> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    match value.split(';').next()?.trim().to_ascii_lowercase().as_str() {
        PROTOBUF => Some(Encoding::Protobuf),
        JSON => Some(Encoding::Json),
        _ => None,
    }
}

fn decode(encoding: Encoding, bytes: &[u8]) -> Result<ExportLogsServiceRequest, String> {
    match encoding {
        Encoding::Protobuf => ExportLogsServiceRequest::decode(bytes).map_err(|error| error.to_string()),
        Encoding::Json => serde_json::from_slice(bytes).map_err(|error| error.to_string()),
    }
}

fn status_of(error: &WholeError) -> StatusCode {
    match error {
        WholeError::Busy => StatusCode::TOO_MANY_REQUESTS,
        WholeError::Encoding(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        WholeError::Body(BodyError::TooLarge(_)) => StatusCode::PAYLOAD_TOO_LARGE,
        WholeError::Body(_) => StatusCode::BAD_REQUEST,
    }
}

fn success(encoding: Encoding) -> Response {
    match encoding {
        Encoding::Protobuf => {
            let bytes = ExportLogsServiceResponse::default().encode_to_vec();
            ([(header::CONTENT_TYPE, PROTOBUF)], bytes).into_response()
        }
        Encoding::Json => ([(header::CONTENT_TYPE, JSON)], "{}").into_response(),
    }
}

/// `google.rpc.Status`, in the request's own encoding.
fn failure(encoding: Encoding, status: StatusCode, reason: &str) -> Response {
    /// The two members that are used.
    #[derive(Clone, PartialEq, prost::Message)]
    struct RpcStatus {
        #[prost(int32, tag = "1")]
        code: i32,
        #[prost(string, tag = "2")]
        message: String,
    }
    let code = match status {
        StatusCode::UNAUTHORIZED => tonic::Code::Unauthenticated,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => tonic::Code::Unavailable,
        _ => tonic::Code::InvalidArgument,
    } as i32;
    let mut response = match encoding {
        Encoding::Protobuf => {
            let bytes = RpcStatus { code, message: reason.to_owned() }.encode_to_vec();
            (status, [(header::CONTENT_TYPE, PROTOBUF)], bytes).into_response()
        }
        Encoding::Json => {
            let document = json!({ "code": code, "message": reason }).to_string();
            (status, [(header::CONTENT_TYPE, JSON)], document).into_response()
        }
    };
    if status == StatusCode::TOO_MANY_REQUESTS {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER_S));
    }
    response
}
