use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use crate::accept::accept;
use crate::connection::Wire;
use crate::{Live, Tls};

/// Streams of one HTTP/2 connection.
const HTTP2_STREAMS_MAX: u32 = 64;
/// Bytes of all headers of a request.
const HEADER_BYTES_MAX: usize = 64 * 1024;
/// Headers of a request.
const HEADERS_MAX: usize = 100;

/// Names in the certificate of a client, which is verified.
#[derive(Debug, Clone, Default)]
pub struct ClientNames(pub Arc<[String]>);

/// How HTTP is served.
#[derive(Debug, Clone)]
pub struct ServeOptions {
    /// Connections at the same time; further ones wait.
    pub connections_max: usize,
    /// A request whose head is not there after this long is dropped.
    pub header_timeout_ms: u64,
    /// How long open requests may go on after the end was asked for.
    pub grace_ms: u64,
    /// TLS; `None` is in the clear.
    pub tls: Option<Live<Tls>>,
}

/// Serves `router` until `stop`, then lets open requests end for a while.
pub async fn serve(listener: TcpListener, router: Router, options: ServeOptions, stop: CancellationToken) {
    let permits = Arc::new(Semaphore::new(options.connections_max));
    let connections = TaskTracker::new();
    let builder = Arc::new(builder(options.header_timeout_ms));
    let accepted = accept(&listener, &permits, &stop, |stream, peer, permit| {
        let (router, tls) = (router.clone(), options.tls.clone());
        let (builder, stop) = (Arc::clone(&builder), stop.clone());
        connections.spawn(async move {
            connection(&builder, router, tls, stream, peer, &stop).await;
            drop(permit);
        });
    });
    accepted.await;
    // The port is free for the next one while open requests end.
    drop(listener);
    connections.close();
    let grace = Duration::from_millis(options.grace_ms);
    if tokio::time::timeout(grace, connections.wait()).await.is_err() {
        tracing::warn!(grace_ms = options.grace_ms, "open requests were cut off");
    }
}

/// Law LIMIT: a connection may be slow only up to a point.
#[must_use]
pub fn builder(header_timeout_ms: u64) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_millis(header_timeout_ms))
        .max_buf_size(HEADER_BYTES_MAX)
        .max_headers(HEADERS_MAX);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(HTTP2_STREAMS_MAX)
        .max_header_list_size(HEADER_BYTES_MAX as u32)
        .keep_alive_interval(Some(Duration::from_secs(30)));
    builder
}

async fn connection(
    builder: &Builder<TokioExecutor>,
    router: Router,
    tls: Option<Live<Tls>>,
    stream: TcpStream,
    peer: SocketAddr,
    stop: &CancellationToken,
) {
    let (wire, names): (Box<dyn Wire>, Vec<String>) = match tls {
        None => (Box::new(stream), Vec::new()),
        Some(tls) => match tls.get().accept(stream).await {
            Ok((stream, names)) => (Box::new(stream), names),
            Err(error) => {
                metrics::counter!("sentra_tls_handshakes_failed_total").increment(1);
                tracing::debug!(%peer, %error, "no handshake");
                return;
            }
        },
    };
    let names = ClientNames(names.into());
    let service = router.map_request(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        request.extensions_mut().insert(names.clone());
        request.map(Body::new)
    });
    let serving = builder.serve_connection(TokioIo::new(wire), TowerToHyperService::new(service));
    let mut serving = std::pin::pin!(serving.into_owned());
    let ended = tokio::select! {
        ended = serving.as_mut() => ended,
        () = stop.cancelled() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "connection ended");
    }
}
