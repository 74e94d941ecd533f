use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// Start of every `type` of a problem document.
const TYPE_PREFIX: &str = "urn:sentra:problem:";

/// The shape of every error answer (RFC 9457), for the OpenAPI document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProblemDocument {
    /// Stable name of the kind of problem, `urn:sentra:problem:<slug>`.
    #[serde(rename = "type")]
    #[schema(example = "urn:sentra:problem:unauthorized")]
    pub problem_type: String,
    /// The kind in words; the same for every problem of the type.
    pub title: String,
    /// The HTTP status, again.
    pub status: u16,
    /// What went wrong this time.
    pub detail: String,
    /// What to do next.
    pub next: String,
    /// `ingest` only: how many records of the body are durable all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<u64>,
    /// `ingest` only: the first line that was not looked at; send the body again from here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_line: Option<u64>,
    /// `query` only: where in the text it went wrong, a byte offset from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<u64>,
    /// `query` only: where in the text it went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<ProblemPlace>,
    /// `query` only: what was probably meant, or what to write instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// `query-too-expensive` only: what the question would cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<sentra_query::Estimate>)]
    pub estimate: Option<Value>,
    /// `query-too-expensive` only: what may be spent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<sentra_query::Ceiling>)]
    pub ceiling: Option<Value>,
    /// `query-too-expensive` only: a question like it that would be allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cheaper: Option<String>,
    /// `export-incomplete` only: what to append to the question for the rows that are missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub go_on: Option<String>,
}

/// Where in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProblemPlace {
    /// Line, from 1.
    pub line: u64,
    /// Column in characters, from 1.
    pub column: u64,
    /// Bytes before it.
    pub offset: u64,
}

macro_rules! problem_kinds {
    ($($(#[$doc:meta])* $name:ident = $slug:literal, $status:ident, $title:literal, $next:literal;)+) => {
        /// Every kind of problem there is. The HTTP status is decided here and nowhere else.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ProblemKind {
            $($(#[$doc])* $name,)+
        }

        impl ProblemKind {
            /// Every kind, for the documentation and the tests.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The stable last part of the `type`.
            #[must_use]
            pub fn slug(self) -> &'static str {
                match self { $(Self::$name => $slug,)+ }
            }

            /// The HTTP status.
            #[must_use]
            pub fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)+ }
            }

            /// The kind in words.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)+ }
            }

            /// What to do, unless the place that met the problem knows better.
            #[must_use]
            pub fn next(self) -> &'static str {
                match self { $(Self::$name => $next,)+ }
            }
        }
    };
}

problem_kinds! {
    /// No credentials, or wrong ones.
    Unauthorized = "unauthorized", UNAUTHORIZED, "credentials are missing or wrong",
        "send the bearer token from DIR/admin.token, or open a login link: sentra serve prints one at its start";
    /// A browser session without the header that other sites cannot send.
    CsrfHeaderMissing = "csrf-header-missing", FORBIDDEN, "the request could come from another site",
        "send the header X-Sentra-Csrf: 1 with every request that changes something";
    /// A session where only the bearer token will do.
    BearerRequired = "bearer-required", FORBIDDEN, "a browser session may not do this",
        "use the bearer token from DIR/admin.token";
    /// A login link that is used, too old or invented.
    LoginLinkSpent = "login-link-spent", FORBIDDEN, "the login link is used, too old or unknown",
        "get a new one: POST /api/v1/login-links with the bearer token, or restart sentra serve";
    /// A `Host` that is not this server's.
    WrongHost = "wrong-host", MISDIRECTED_REQUEST, "the Host header does not name this server",
        "use localhost or the listen address, or add the name to server.host_names";
    /// No such route.
    RouteUnknown = "route-unknown", NOT_FOUND, "there is no such route",
        "see /api/v1/openapi.json for the routes there are";
    /// The route exists, the thing does not.
    NotFound = "not-found", NOT_FOUND, "there is no such thing",
        "check the id and the tenant (header X-Sentra-Tenant)";
    /// What is there already, or was changed meanwhile, is in the way.
    Conflict = "conflict", CONFLICT, "what is there already is in the way",
        "look at what is there now, and ask again";
    /// The route does not know this method.
    MethodNotAllowed = "method-not-allowed", METHOD_NOT_ALLOWED, "the route does not know this method",
        "see the Allow header, or /api/v1/openapi.json";
    /// A parameter of path, query or header is wrong.
    ParameterInvalid = "parameter-invalid", BAD_REQUEST, "a parameter is wrong",
        "correct the parameter; /api/v1/openapi.json describes it";
    /// The body is no JSON, or not the JSON of this route.
    BodyInvalid = "body-invalid", BAD_REQUEST, "the body is not what this route reads",
        "correct the body; /api/v1/openapi.json describes it";
    /// The `Content-Type` is wrong.
    MediaTypeUnsupported = "media-type-unsupported", UNSUPPORTED_MEDIA_TYPE,
        "the media type of the body is not supported", "send Content-Type: application/json";
    /// The `Content-Encoding` is wrong.
    EncodingUnsupported = "encoding-unsupported", UNSUPPORTED_MEDIA_TYPE,
        "the content encoding is not supported", "send the body as it is, or with gzip or zstd";
    /// The compressed body is damaged.
    EncodingBroken = "encoding-broken", BAD_REQUEST, "the compressed body is damaged",
        "what came before the damage was taken; send the rest again";
    /// The body is larger than the limit.
    BodyTooLarge = "body-too-large", PAYLOAD_TOO_LARGE, "the body is larger than the limit",
        "what came before the limit was taken; send the rest in smaller bodies";
    /// The body broke off or its sender stopped sending.
    BodyBrokenOff = "body-broken-off", BAD_REQUEST, "the body broke off",
        "what came before was taken; send the rest again";
    /// A question that cannot be read.
    QueryInvalid = "query-invalid", BAD_REQUEST, "the question cannot be read",
        "correct the text at the position";
    /// A question that is expected to cost more than may be spent on one.
    QueryTooExpensive = "query-too-expensive", UNPROCESSABLE_ENTITY, "the question is too expensive",
        "narrow the time range or add a filter";
    /// An answer that cannot be a file because it is not whole.
    ExportIncomplete = "export-incomplete", UNPROCESSABLE_ENTITY, "the answer cannot be exported as a whole",
        "narrow the question, or export ndjson, which says by itself where it ends";
    /// A question that somebody ended.
    QueryCancelled = "query-cancelled", CONFLICT, "the question was cancelled",
        "ask again, if the answer is still wanted";
    /// A question for an engine that is not there or not well.
    EngineUnavailable = "engine-unavailable", SERVICE_UNAVAILABLE, "the engine is not available",
        "leave engine out, and the router chooses";
    /// A question that ran too long.
    QueryTooSlow = "query-too-slow", GATEWAY_TIMEOUT, "the question ran too long",
        "narrow the time range or add a filter";
    /// A text that is no tenant name.
    TenantInvalid = "tenant-invalid", BAD_REQUEST, "that is no tenant name",
        "use 1 to 63 of a-z, 0-9, - and _, starting with a letter or a digit";
    /// A tenant that has no data.
    TenantUnknown = "tenant-unknown", NOT_FOUND, "there is no such tenant",
        "GET /api/v1/status names the tenants; a tenant begins with the first record taken in for it";
    /// One more tenant would be one too many.
    TenantsTooMany = "tenants-too-many", FORBIDDEN, "there are as many tenants as the limit allows",
        "use a tenant there is, or raise intake.tenants_max";
    /// The log has no room.
    LogFull = "log-full", TOO_MANY_REQUESTS, "there is no room for more records",
        "wait and send again; free disk space or raise backbone.disk_bytes_max";
    /// A failed fsync: nothing can be promised any more.
    LogPoisoned = "log-poisoned", SERVICE_UNAVAILABLE, "the log could not be written to disk",
        "look at the disk and restart sentra serve; what was acknowledged is safe";
    /// The log could not take or give records for another reason.
    LogFailed = "log-failed", SERVICE_UNAVAILABLE, "the log does not answer as it should",
        "see the server's own log for the cause";
    /// The stores could not answer.
    StoreFailed = "store-failed", SERVICE_UNAVAILABLE, "a store does not answer as it should",
        "see the server's own log for the cause";
    /// New settings that make no sense.
    ConfigurationRefused = "configuration-refused", BAD_REQUEST, "the new settings were refused",
        "correct the configuration and reload again; the settings in force are the old ones";
    /// As many senders as the intake serves at once.
    IntakeBusy = "intake-busy", TOO_MANY_REQUESTS, "too many senders at once",
        "send again after the time in Retry-After";
    /// Not ready for work.
    NotReady = "not-ready", SERVICE_UNAVAILABLE, "the server is not ready",
        "wait; if it stays, see the server's own log for the cause";
    /// Too many at once.
    Busy = "busy", SERVICE_UNAVAILABLE, "too many requests at once", "wait and send again";
    /// The request took too long.
    Timeout = "timeout", GATEWAY_TIMEOUT, "the request took too long", "wait and send again";
    /// A defect.
    Internal = "internal", INTERNAL_SERVER_ERROR, "something broke that should not",
        "please report it with the server's own log";
}

/// What went wrong, on its way to the client as a problem document.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem(Box<Parts>);

#[derive(Debug, Clone, PartialEq)]
struct Parts {
    kind: ProblemKind,
    detail: String,
    next: Option<String>,
    members: Map<String, Value>,
    retry_after_s: Option<u64>,
}

impl Problem {
    /// A problem of `kind`; `detail` says what went wrong this time.
    pub fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self(Box::new(Parts { kind, detail, next: None, members: Map::new(), retry_after_s: None }))
    }

    /// Replaces what to do next.
    #[must_use]
    pub fn with_next(mut self, next: impl Into<String>) -> Self {
        self.0.next = Some(next.into());
        self
    }

    /// Adds a member beside the standard ones.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.members.insert(name.to_owned(), value.into());
        self
    }

    /// Tells the client when to come back.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.0.retry_after_s = Some(seconds);
        self
    }

    /// The kind.
    #[must_use]
    pub fn kind(&self) -> ProblemKind {
        self.0.kind
    }

    /// What went wrong this time.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    pub(crate) fn document(&self) -> Value {
        let Parts { kind, detail, next, members, .. } = &*self.0;
        let mut document = Map::new();
        document.insert("type".to_owned(), format!("{TYPE_PREFIX}{}", kind.slug()).into());
        document.insert("title".to_owned(), kind.title().into());
        document.insert("status".to_owned(), kind.status().as_u16().into());
        document.insert("detail".to_owned(), detail.as_str().into());
        document.insert("next".to_owned(), next.as_deref().unwrap_or(kind.next()).into());
        document.extend(members.clone());
        Value::Object(document)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.kind().status(), self.document().to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.0.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.kind() == ProblemKind::Unauthorized {
            let challenge = HeaderValue::from_static("Bearer realm=\"sentra\"");
            headers.insert(HeaderName::from_static("www-authenticate"), challenge);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_kind_has_a_slug_of_its_own_and_an_error_status() {
        let slugs: HashSet<_> = ProblemKind::ALL.iter().map(|kind| kind.slug()).collect();
        assert_eq!(slugs.len(), ProblemKind::ALL.len());
        for kind in ProblemKind::ALL {
            assert!(kind.status().is_client_error() || kind.status().is_server_error(), "{kind:?}");
            assert!(kind.slug().bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{kind:?}");
            assert!(!kind.title().is_empty() && !kind.next().is_empty(), "{kind:?}");
        }
    }

    #[test]
    fn a_problem_has_the_shape_that_openapi_promises() {
        let problem = Problem::new(ProblemKind::LogFull, "disk is full").with("accepted", 3_u64);
        let document: ProblemDocument = serde_json::from_value(problem.document()).unwrap();
        assert_eq!(document.problem_type, "urn:sentra:problem:log-full");
        assert_eq!((document.status, document.accepted), (429, Some(3)));
    }
}
