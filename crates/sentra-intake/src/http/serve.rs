use std::io;
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
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use crate::accept::accept;
use crate::connection::Wire;
use crate::ending::Ending;
use crate::http::watch::Watched;
use crate::seats::{House, Seat, Seats};
use crate::{Live, Tls};

/// Streams of one HTTP/2 connection.
const HTTP2_STREAMS_MAX: u32 = 64;
/// Bytes of all headers of a request.
const HEADER_BYTES_MAX: usize = 64 * 1024;
/// Headers of a request.
const HEADERS_MAX: usize = 100;
/// Bytes that a sender may have under way in an HTTP/2 connection before they are read.
const HTTP2_WINDOW_BYTES: u32 = 512 * 1024;

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

/// How the doors serve HTTP.
#[derive(Debug)]
pub(crate) struct Serving {
    pub(crate) seats: Seats,
    pub(crate) header_timeout_ms: u64,
    pub(crate) grace_ms: u64,
    pub(crate) tls: Option<Live<Tls>>,
}

/// Serves `router` until `stop`, then lets open requests end for a while.
pub async fn serve(listener: TcpListener, router: Router, options: ServeOptions, stop: CancellationToken) {
    let ServeOptions { connections_max, header_timeout_ms, grace_ms, tls } = options;
    let seats = Seats::new("server", connections_max, House::of_process());
    let serving = Serving { seats, header_timeout_ms, grace_ms, tls };
    serve_seats(listener, router, serving, Ending::new(stop)).await;
}

/// Serves `router` until the door ends, then lets open requests end for a while.
pub(crate) async fn serve_seats(listener: TcpListener, router: Router, serving: Serving, ending: Ending) {
    let connections = TaskTracker::new();
    // Who has not ended in time is cut off: nothing is appended any more when this returns.
    let cut = CancellationToken::new();
    let connection = Connection {
        builder: Arc::new(builder(serving.header_timeout_ms)),
        router,
        tls: serving.tls,
        header_timeout: Duration::from_millis(serving.header_timeout_ms),
        ending: ending.clone(),
    };
    let mut begin = |stream, peer, seat| {
        let (connection, cut) = (connection.clone(), cut.clone());
        connections.spawn(async move {
            tokio::select! {
                () = connection.serve(stream, peer, seat) => {}
                () = cut.cancelled() => {}
            }
        });
    };
    accept(&listener, &serving.seats, &ending, &mut begin).await;
    // The port is free for the next one while open requests end.
    drop(listener);
    connections.close();
    let grace = Duration::from_millis(serving.grace_ms);
    if tokio::time::timeout(grace, connections.wait()).await.is_err() {
        tracing::warn!(grace_ms = serving.grace_ms, "open requests were cut off");
        cut.cancel();
        connections.wait().await;
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
        .initial_stream_window_size(HTTP2_WINDOW_BYTES)
        .initial_connection_window_size(HTTP2_WINDOW_BYTES)
        .keep_alive_interval(Some(Duration::from_secs(30)));
    builder
}

#[derive(Clone)]
struct Connection {
    builder: Arc<Builder<TokioExecutor>>,
    router: Router,
    tls: Option<Live<Tls>>,
    header_timeout: Duration,
    ending: Ending,
}

impl Connection {
    async fn serve(self, stream: TcpStream, peer: SocketAddr, seat: Seat) {
        let leave = seat.leave().clone();
        let shaken = tokio::select! {
            shaken = self.shake_hands(stream) => shaken,
            () = self.ending.asked() => return,
            () = leave.cancelled() => return,
        };
        let (wire, names) = match shaken {
            Ok(shaken) => shaken,
            Err(error) => {
                metrics::counter!("sentra_tls_handshakes_failed_total", "listener" => "http").increment(1);
                tracing::debug!(%peer, %error, "no handshake");
                return;
            }
        };
        let names = ClientNames(names.into());
        let service = self.router.map_request(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            request.extensions_mut().insert(names.clone());
            request.map(Body::new)
        });
        let wire = TokioIo::new(Watched::new(wire, seat, self.header_timeout));
        let serving = self.builder.serve_connection(wire, TowerToHyperService::new(service));
        let mut serving = std::pin::pin!(serving.into_owned());
        let ended = tokio::select! {
            ended = serving.as_mut() => ended,
            () = self.ending.asked() => {
                serving.as_mut().graceful_shutdown();
                serving.await
            }
            () = leave.cancelled() => {
                serving.as_mut().graceful_shutdown();
                serving.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%peer, %error, "connection ended");
        }
    }

    async fn shake_hands(&self, stream: TcpStream) -> io::Result<(Box<dyn Wire>, Vec<String>)> {
        match &self.tls {
            None => Ok((Box::new(stream), Vec::new())),
            Some(tls) => {
                let (stream, names) = tls.get().accept(stream).await?;
                Ok((Box::new(stream), names))
            }
        }
    }
}
