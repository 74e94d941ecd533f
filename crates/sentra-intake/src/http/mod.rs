//! What shippers speak over HTTP: Splunk's event collector, Elasticsearch's bulk interface, OTLP. The same
//! routes stand in the server's own interface and behind listeners of their own.
//!
//! Law ACK: every answer that says yes comes after the fsync. Law LOSS: a sender that is too fast is told 429
//! with `Retry-After`, in the words of its protocol; nothing is dropped.

mod acks;
mod append;
mod auth;
pub(crate) mod body;
mod bulk;
mod elastic;
mod hear_out;
mod hec;
mod otlp;
mod packed;
mod serve;
mod watch;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn;
use axum::routing::{get, post};
use tokio::sync::Semaphore;

use crate::intake::MemoryHeld;
use crate::settings::ListenerSettings;
use crate::share::{held_bytes, memory};
use crate::{Appender, Live, Senders};

pub(crate) use acks::Acks;
pub(crate) use append::Entry;
pub use auth::Authenticated;
pub(crate) use auth::From;
pub use auth::key;
pub use body::{Whole, WholeError, read_whole};
pub use elastic::info_answer;
pub use hear_out::hear_out;
pub(crate) use otlp::{Encoding, Refusal, take as take_otlp, unauthorised};
pub use packed::{PACKED_MEDIA_TYPE, pack, take_packed};
pub use serve::{ClientNames, ServeOptions, builder, serve};
pub(crate) use serve::{Serving, serve_seats};

/// Requests of senders that are served at the same time, and what they hold in memory.
///
/// Law LIMIT: a body that must be whole before it can be read takes its bytes out of a common budget, so that
/// memory does not grow with the number of senders.
#[derive(Debug, Clone)]
pub struct HttpDoor {
    pub(crate) appender: Appender,
    pub(crate) senders: Live<Senders>,
    pub(crate) acks: Arc<Acks>,
    turns: Arc<Semaphore>,
    pub(crate) memory: Arc<Semaphore>,
    memory_bytes_max: usize,
    /// What connections that are no requests share beside their own memory.
    pub(crate) connections_memory: Arc<Semaphore>,
    /// The listener, where the door is one of its own; the server's own interface has none.
    pub(crate) listener: Option<Arc<ListenerSettings>>,
}

/// What is said when as many requests are served as the limit allows.
pub(crate) const TURNS_TAKEN: &str = "as many requests as the limit allows are served (intake.requests_max)";
/// What a sender that is too fast is told to wait.
pub(crate) const RETRY_AFTER_S: u64 = 1;
/// The connections' part of the memory budget.
const CONNECTIONS_PART: usize = 4;

impl HttpDoor {
    /// A door for `requests_max` requests at the same time whose bodies take at most `memory_bytes_max`.
    #[must_use]
    pub fn new(
        appender: Appender,
        senders: Live<Senders>,
        requests_max: usize,
        memory_bytes_max: usize,
    ) -> Self {
        Self {
            appender,
            senders,
            acks: Arc::default(),
            turns: Arc::new(Semaphore::new(requests_max)),
            memory: memory(memory_bytes_max),
            memory_bytes_max,
            connections_memory: memory(memory_bytes_max / CONNECTIONS_PART),
            listener: None,
        }
    }

    pub(crate) fn memory_held(&self) -> MemoryHeld {
        MemoryHeld {
            bodies_bytes: held_bytes(&self.memory, self.memory_bytes_max),
            connections_bytes: held_bytes(&self.connections_memory, self.memory_bytes_max / CONNECTIONS_PART),
        }
    }

    /// The same door as a listener of its own; requests and memory stay common.
    #[must_use]
    pub(crate) fn at(&self, listener: Arc<ListenerSettings>) -> Self {
        Self { listener: Some(listener), ..self.clone() }
    }

    /// A turn, or `None` when as many requests as the limit allows are served already.
    pub fn turn(&self) -> Option<tokio::sync::OwnedSemaphorePermit> {
        Arc::clone(&self.turns).try_acquire_owned().ok()
    }
}

/// Paths of the routes, for the test that asks each of them without credentials.
pub const SENDER_PATHS: [(&str, &str); 13] = [
    ("POST", "/services/collector"),
    ("POST", "/services/collector/event"),
    ("POST", "/services/collector/event/1.0"),
    ("POST", "/services/collector/raw"),
    ("POST", "/services/collector/raw/1.0"),
    ("POST", "/services/collector/ack"),
    ("GET", "/services/collector/health"),
    ("GET", "/services/collector/health/1.0"),
    ("POST", "/_bulk"),
    ("POST", "/{index}/_bulk"),
    ("GET", "/_license"),
    ("GET", "/_cluster/health"),
    ("POST", "/v1/logs"),
];

/// The routes of all protocols.
pub fn routes(door: HttpDoor) -> Router {
    Router::new()
        .route("/services/collector", post(hec::event))
        .route("/services/collector/event", post(hec::event))
        .route("/services/collector/event/1.0", post(hec::event))
        .route("/services/collector/raw", post(hec::raw))
        .route("/services/collector/raw/1.0", post(hec::raw))
        .route("/services/collector/ack", post(hec::ack))
        .route("/services/collector/health", get(hec::health))
        .route("/services/collector/health/1.0", get(hec::health))
        .route("/_bulk", post(bulk::bulk).put(bulk::bulk))
        .route("/{index}/_bulk", post(bulk::bulk_of_index).put(bulk::bulk_of_index))
        .route("/_license", get(elastic::license))
        .route("/_cluster/health", get(elastic::health))
        .route("/v1/logs", post(otlp::logs))
        // Bodies have limits of their own, in [`crate::Limits`].
        .layer(DefaultBodyLimit::disable())
        .with_state(door)
}

/// [`routes`], and at the root what Elasticsearch's clients ask first: for listeners without a console.
pub fn listener_routes(door: HttpDoor) -> Router {
    let elastic = Router::new()
        .route("/", get(elastic::info))
        .route("/_index_template/{name}", axum::routing::any(elastic::acknowledged))
        .route("/_component_template/{name}", axum::routing::any(elastic::acknowledged))
        .route("/_template/{name}", axum::routing::any(elastic::acknowledged))
        .route("/_ilm/policy/{name}", axum::routing::any(elastic::acknowledged))
        .route("/_data_stream/{name}", axum::routing::any(elastic::acknowledged))
        .with_state(door.clone());
    routes(door).merge(elastic).fallback(elastic::unknown).layer(from_fn(hear_out))
}
