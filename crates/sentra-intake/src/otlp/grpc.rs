//! OTLP logs over gRPC. The one call there is has one message and one answer, so its frame is read here: a body is
//! taken out of the common memory before it is whole, and decompressed within the limits of all bodies.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::from_fn;
use axum::response::Response;
use axum::routing::post;
use http_body_util::{BodyExt as _, Full};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceResponse;
use prost::Message as _;
use sentra_model::SourceKind;
use tonic::{Code, Status};

use crate::Compression;
use crate::http::body::{Whole, inflate_whole, read_plain};
use crate::http::{Encoding, From, HttpDoor, Refusal, hear_out, take_otlp, unauthorised};

const EXPORT: &str = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
const GRPC: HeaderValue = HeaderValue::from_static("application/grpc");
/// A flag and a length of four bytes stand before a message.
const FRAME_HEAD_BYTES: usize = 5;

/// The routes of the gRPC service.
pub(crate) fn routes(door: HttpDoor) -> Router {
    let unknown =
        || async { respond(Err(Status::new(Code::Unimplemented, "only OTLP logs are taken here"))) };
    let routes = Router::new().route(EXPORT, post(export)).fallback(unknown);
    routes.layer(from_fn(hear_out)).with_state(door)
}

async fn export(State(door): State<HttpDoor>, from: From, headers: HeaderMap, body: Body) -> Response {
    let address = from.address.to_string();
    let taken = async {
        let sender = from.sender.map_err(|_| unauthorised())?;
        let message = message(&door, &headers, read_plain(&door, body).await?)?;
        take_otlp(&door, SourceKind::OtlpGrpc, &sender, address, Encoding::Protobuf, message).await
    };
    respond(taken.await.map_err(|refusal| status(&refusal)))
}

/// The message in the frame that the body is.
fn message(door: &HttpDoor, headers: &HeaderMap, mut frame: Whole) -> Result<Whole, Refusal> {
    let wrong = |reason: &str| Refusal::new(StatusCode::BAD_REQUEST, reason);
    let Some(([flag, length @ ..], rest)) = frame.bytes.split_first_chunk::<FRAME_HEAD_BYTES>() else {
        return Err(wrong("there is no message"));
    };
    let (flag, length) = (*flag, u32::from_be_bytes(*length) as usize);
    if rest.len() != length {
        return Err(wrong("the message has another length than its frame says"));
    }
    match flag {
        0 => {
            frame.bytes.drain(..FRAME_HEAD_BYTES);
            Ok(frame)
        }
        1 => {
            let encoding = headers.get("grpc-encoding").and_then(|value| value.to_str().ok());
            let compression = match encoding {
                Some("gzip") => Compression::Gzip,
                Some("zstd") => Compression::Zstd,
                _ => {
                    let reason = "compress with gzip, with zstd or not at all";
                    return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, reason));
                }
            };
            Ok(inflate_whole(door, compression, rest)?)
        }
        _ => Err(wrong("the flag of the frame is neither 0 nor 1")),
    }
}

/// Unavailable is what OTLP's exporters try again after; `grpc-retry-pushback-ms` says when.
fn status(refusal: &Refusal) -> Status {
    let code = match refusal.status {
        StatusCode::PAYLOAD_TOO_LARGE => Code::ResourceExhausted,
        _ => refusal.code(),
    };
    let mut status = Status::new(code, refusal.reason.as_str());
    if code == Code::Unavailable {
        let pause = tonic::metadata::MetadataValue::from_static("1000");
        status.metadata_mut().insert("grpc-retry-pushback-ms", pause);
    }
    status
}

fn respond(result: Result<ExportLogsServiceResponse, Status>) -> Response {
    let answer = match result {
        Ok(answer) => answer.encode_to_vec(),
        Err(status) => return status.into_http(),
    };
    let length = u32::try_from(answer.len()).unwrap_or(u32::MAX);
    let frame = [&[0][..], &length.to_be_bytes(), &answer].concat();
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    let body = Full::new(Bytes::from(frame)).with_trailers(async { Some(Ok(trailers)) });
    let mut response = Response::new(Body::new(body));
    response.headers_mut().insert(header::CONTENT_TYPE, GRPC);
    response.headers_mut().insert("grpc-accept-encoding", HeaderValue::from_static("gzip,zstd,identity"));
    response
}
