//! Splunk's HTTP Event Collector, with indexer acknowledgement.

use std::collections::BTreeMap;

use axum::Json;
use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use memchr::memchr_iter;
use sentra_backbone::LogError;
use sentra_model::SourceKind;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;

use super::acks::CHANNEL_BYTES_MAX;
use super::append::{Kept, append};
use super::auth::{AuthProblem, From};
use super::body::{Whole, WholeError, read_whole};
use super::{HttpDoor, RETRY_AFTER_S};
use crate::Sender;
use crate::lines_body::BodyError;

/// Law LIMIT: acknowledgements asked for in one request.
const ACKS_MAX: usize = 10_000;
/// Header that names the channel of acknowledgements.
const CHANNEL_HEADER: &str = "x-splunk-request-channel";

/// Parameters of a request; those of `raw` say what an envelope would.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Parameters {
    channel: Option<String>,
    #[serde(default)]
    sourcetype: Option<String>,
    #[serde(default)]
    host: Option<String>,
}

/// The answers of the collector: number, status and words are the protocol's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Code {
    Success,
    TokenRequired,
    InvalidAuthorization,
    InvalidToken,
    NoData,
    InvalidData,
    ServerBusy,
    ServerError,
    ChannelMissing,
    ChannelInvalid,
    EventRequired,
    EventBlank,
}

impl Code {
    fn parts(self) -> (StatusCode, u8, &'static str) {
        match self {
            Self::Success => (StatusCode::OK, 0, "Success"),
            Self::TokenRequired => (StatusCode::UNAUTHORIZED, 2, "Token is required"),
            Self::InvalidAuthorization => (StatusCode::UNAUTHORIZED, 3, "Invalid authorization"),
            Self::InvalidToken => (StatusCode::FORBIDDEN, 4, "Invalid token"),
            Self::NoData => (StatusCode::BAD_REQUEST, 5, "No data"),
            Self::InvalidData => (StatusCode::BAD_REQUEST, 6, "Invalid data format"),
            Self::ServerError => (StatusCode::INTERNAL_SERVER_ERROR, 8, "Internal server error"),
            Self::ServerBusy => (StatusCode::TOO_MANY_REQUESTS, 9, "Server is busy"),
            Self::ChannelMissing => (StatusCode::BAD_REQUEST, 10, "Data channel is missing"),
            Self::ChannelInvalid => (StatusCode::BAD_REQUEST, 11, "Invalid data channel"),
            Self::EventRequired => (StatusCode::BAD_REQUEST, 12, "Event field is required"),
            Self::EventBlank => (StatusCode::BAD_REQUEST, 13, "Event field cannot be blank"),
        }
    }
}

/// An answer on its way to the sender.
#[derive(Debug)]
struct Answer {
    code: Code,
    ack: Option<u64>,
    /// Number of the event that is wrong, from 0: those before it are durable.
    invalid_event: Option<usize>,
    /// What was wrong, beyond the protocol's own words.
    detail: Option<String>,
}

impl std::convert::From<Code> for Answer {
    fn from(code: Code) -> Self {
        Self { code, ack: None, invalid_event: None, detail: None }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        #[derive(Serialize)]
        struct Document<'a> {
            text: &'a str,
            code: u8,
            #[serde(rename = "ackId", skip_serializing_if = "Option::is_none")]
            ack: Option<u64>,
            #[serde(rename = "invalid-event-number", skip_serializing_if = "Option::is_none")]
            invalid_event: Option<usize>,
            #[serde(skip_serializing_if = "Option::is_none")]
            detail: Option<String>,
        }
        let (status, code, text) = self.code.parts();
        let Self { ack, invalid_event, detail, .. } = self;
        let mut response =
            (status, Json(Document { text, code, ack, invalid_event, detail })).into_response();
        if self.code == Code::ServerBusy {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER_S));
        }
        response
    }
}

/// `POST /services/collector/event`: JSON envelopes, one after the other.
pub(super) async fn event(
    State(door): State<HttpDoor>,
    from: From,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    respond(take_events(&door, from, parameters, &headers, body).await)
}

/// `POST /services/collector/raw`: lines.
pub(super) async fn raw(
    State(door): State<HttpDoor>,
    from: From,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    respond(take_lines(&door, from, parameters, &headers, body).await)
}

fn respond(result: Result<Answer, Answer>) -> Response {
    result.unwrap_or_else(|refused| refused).into_response()
}

async fn take_events(
    door: &HttpDoor,
    from: From,
    parameters: Parameters,
    headers: &HeaderMap,
    body: Body,
) -> Result<Answer, Answer> {
    let request = Request::admit(door, from, parameters, headers)?;
    let whole = request.read(headers, body).await?;
    let (events, problem) = envelopes(&whole.bytes);
    let source = door.appender.source(SourceKind::Hec, request.origin(), Some(request.format()));
    let records = (1..).zip(events.iter().map(|event| event.get().as_bytes()));
    let kept = append(&door.appender, &request.sender.tenant, &source, records).await;
    request.answer(kept, problem.map(|(code, detail)| (code, events.len(), detail)))
}

async fn take_lines(
    door: &HttpDoor,
    from: From,
    parameters: Parameters,
    headers: &HeaderMap,
    body: Body,
) -> Result<Answer, Answer> {
    let request = Request::admit(door, from, parameters, headers)?;
    let whole = request.read(headers, body).await?;
    let source = door.appender.source(SourceKind::Hec, request.origin(), request.sender.format.clone());
    let kept = append(&door.appender, &request.sender.tenant, &source, lines(&whole.bytes)).await;
    request.answer(kept, None)
}

/// A request whose sender may send.
struct Request<'d> {
    door: &'d HttpDoor,
    sender: Sender,
    address: String,
    host: Option<String>,
    sourcetype: Option<String>,
    channel: Option<String>,
    _turn: tokio::sync::OwnedSemaphorePermit,
}

impl<'d> Request<'d> {
    fn admit(
        door: &'d HttpDoor,
        from: From,
        parameters: Parameters,
        headers: &HeaderMap,
    ) -> Result<Self, Answer> {
        let sender = from.sender.map_err(refused)?;
        let channel = channel(&parameters, headers)?;
        let Some(turn) = door.turn() else { return Err(Code::ServerBusy.into()) };
        let Parameters { host, sourcetype, .. } = parameters;
        let address = from.address.to_string();
        Ok(Self { door, sender, address, host, sourcetype, channel, _turn: turn })
    }

    async fn read(&self, headers: &HeaderMap, body: Body) -> Result<Whole, Answer> {
        let whole = read_whole(self.door, headers, body).await.map_err(unreadable)?;
        if whole.bytes.iter().all(u8::is_ascii_whitespace) {
            return Err(Code::NoData.into());
        }
        Ok(whole)
    }

    fn origin(&self) -> String {
        self.host.clone().unwrap_or_else(|| self.address.clone())
    }

    /// `hec`, and the format of what is in the envelope where key or parameter name it.
    fn format(&self) -> String {
        let known =
            |name: &&String| sentra_decode::formats().iter().any(|format| format.name == name.as_str());
        let inner = self.sender.format.as_ref().or(self.sourcetype.as_ref().filter(known));
        inner.map_or_else(|| "hec".to_owned(), |format| format!("hec:{format}"))
    }

    /// Law ACK: an identifier is given out only for events that are durable.
    fn answer(&self, kept: Kept, problem: Option<(Code, usize, Option<String>)>) -> Result<Answer, Answer> {
        if let Some(error) = kept.error {
            let code =
                if matches!(error, LogError::Full { .. }) { Code::ServerBusy } else { Code::ServerError };
            return Err(Answer { detail: Some(error.to_string()), ..code.into() });
        }
        if let Some((code, number, detail)) = problem {
            return Err(Answer { invalid_event: Some(number), detail, ..code.into() });
        }
        let ack = self.channel.as_ref().map(|channel| self.door.acks.durable(scoped(&self.sender, channel)));
        Ok(Answer { ack, ..Code::Success.into() })
    }
}

/// A channel belongs to its tenant: nobody hears of another's.
fn scoped(sender: &Sender, channel: &str) -> String {
    format!("{}/{channel}", sender.tenant)
}

fn refused(problem: AuthProblem) -> Answer {
    match problem {
        AuthProblem::Missing => Code::TokenRequired.into(),
        AuthProblem::Malformed => Code::InvalidAuthorization.into(),
        AuthProblem::Refused(_) => Code::InvalidToken.into(),
    }
}

fn unreadable(error: WholeError) -> Answer {
    let code = match error {
        WholeError::Busy => Code::ServerBusy,
        WholeError::Body(BodyError::Log(_)) => Code::ServerError,
        WholeError::Body(_) | WholeError::Encoding(_) => Code::InvalidData,
    };
    Answer { detail: Some(error.to_string()), ..code.into() }
}

fn channel(parameters: &Parameters, headers: &HeaderMap) -> Result<Option<String>, Answer> {
    let header = headers.get(CHANNEL_HEADER).map(|value| value.to_str().map(str::to_owned));
    let header = header.transpose().map_err(|_| Answer::from(Code::ChannelInvalid))?;
    match header.or_else(|| parameters.channel.clone()) {
        Some(channel) if channel.is_empty() || channel.len() > CHANNEL_BYTES_MAX => {
            Err(Code::ChannelInvalid.into())
        }
        channel => Ok(channel),
    }
}

/// The envelopes of a body up to the first that is wrong, and what is wrong with that.
fn envelopes(bytes: &[u8]) -> (Vec<&RawValue>, Option<(Code, Option<String>)>) {
    #[derive(Deserialize)]
    struct Envelope<'a> {
        #[serde(borrow)]
        event: Option<&'a RawValue>,
    }
    let mut events = Vec::new();
    let mut stream = serde_json::Deserializer::from_slice(bytes).into_iter::<&RawValue>();
    loop {
        let value = match stream.next() {
            None => return (events, None),
            Some(Ok(value)) => value,
            Some(Err(error)) => return (events, Some((Code::InvalidData, Some(error.to_string())))),
        };
        match serde_json::from_str::<Envelope<'_>>(value.get()).map(|envelope| envelope.event) {
            Ok(None) => return (events, Some((Code::EventRequired, None))),
            Ok(Some(event)) if matches!(event.get(), "\"\"" | "null") => {
                return (events, Some((Code::EventBlank, None)));
            }
            Ok(Some(_)) => events.push(value),
            Err(error) => return (events, Some((Code::InvalidData, Some(error.to_string())))),
        }
    }
}

/// The lines of a body with their numbers; blank ones are counted and left out.
pub(super) fn lines(bytes: &[u8]) -> impl Iterator<Item = (u64, &[u8])> {
    let mut start = 0;
    let ends = memchr_iter(b'\n', bytes).chain(std::iter::once(bytes.len()));
    let lines = ends.map(move |end| {
        let line = bytes.get(start..end).unwrap_or_default();
        start = end + 1;
        line.strip_suffix(b"\r").unwrap_or(line)
    });
    (1..).zip(lines).filter(|(_, line)| !line.iter().all(u8::is_ascii_whitespace))
}

/// What `ack` is asked.
#[derive(Debug, Deserialize)]
struct AckRequest {
    acks: Vec<u64>,
}

/// `POST /services/collector/ack`.
pub(super) async fn ack(
    State(door): State<HttpDoor>,
    from: From,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let answer = async {
        let sender = from.sender.map_err(refused)?;
        let channel = channel(&parameters, &headers)?.ok_or(Answer::from(Code::ChannelMissing))?;
        let whole = read_whole(&door, &headers, body).await.map_err(unreadable)?;
        let request: AckRequest = serde_json::from_slice(&whole.bytes)
            .map_err(|error| Answer { detail: Some(error.to_string()), ..Code::InvalidData.into() })?;
        if request.acks.len() > ACKS_MAX {
            let detail = format!("at most {ACKS_MAX} acknowledgements can be asked for at once");
            return Err(Answer { detail: Some(detail), ..Code::InvalidData.into() });
        }
        let channel = scoped(&sender, &channel);
        let acks: BTreeMap<String, bool> =
            request.acks.iter().map(|id| (id.to_string(), door.acks.take(&channel, *id))).collect();
        Ok(acks)
    };
    match answer.await {
        Ok(acks) => Json(json!({ "acks": acks })).into_response(),
        Err(refused) => refused.into_response(),
    }
}

/// `GET /services/collector/health`: whether events would be taken. It needs no token, as with Splunk.
pub(super) async fn health(State(door): State<HttpDoor>) -> Response {
    match door.turn() {
        Some(_) => Json(json!({ "text": "HEC is healthy", "code": 17 })).into_response(),
        None => Answer::from(Code::ServerBusy).into_response(),
    }
}
