//! Answers that come before a request is read must still arrive.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use hyper::body::{Frame, SizeHint};
use tokio::sync::oneshot;

use super::body::drain;

/// Reads on, within limits, where an answer was found before the body was read: a connection that is closed with
/// bytes in it is reset, and a sender that still writes would never see why it was refused (law LOSS: every
/// refusal is visible). Under a flood of three times the capacity half of all refusals got lost without this.
pub async fn hear_out(request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let (back, mut unread) = oneshot::channel();
    let request = request.map(|body| Body::new(Lent { body: Some(body), back: Some(back) }));
    let response = next.run(request).await;
    if let Ok(mut body) = unread.try_recv() {
        drain(&mut body).await;
    }
    response
}

/// A body that comes back when who reads it has enough before its end.
struct Lent {
    body: Option<Body>,
    back: Option<oneshot::Sender<Body>>,
}

impl HttpBody for Lent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        match &mut self.body {
            Some(body) => Pin::new(body).poll_frame(context),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map(HttpBody::size_hint).unwrap_or_default()
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if self.is_end_stream() {
            return;
        }
        if let (Some(body), Some(back)) = (self.body.take(), self.back.take()) {
            // Whoever lent it has gone where the connection has.
            let _ = back.send(body);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use axum::Router;
    use axum::http::StatusCode;
    use axum::middleware::from_fn;
    use axum::routing::post;
    use futures::StreamExt as _;
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    use super::*;

    /// A body of five pieces that counts how many of them were taken.
    fn counting() -> (Body, Arc<AtomicUsize>) {
        let taken = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&taken);
        let pieces = futures::stream::iter(0..5).map(move |_| {
            counter.fetch_add(1, Ordering::Relaxed);
            Ok::<Bytes, std::io::Error>(Bytes::from_static(b"piece"))
        });
        (Body::from_stream(pieces), taken)
    }

    #[tokio::test]
    async fn what_is_refused_unread_is_read_before_the_answer_goes() {
        let router = Router::new()
            .route("/unread", post(|| async { StatusCode::TOO_MANY_REQUESTS }))
            .route(
                "/first",
                post(|mut body: Body| async move {
                    body.frame().await.unwrap().unwrap();
                    StatusCode::BAD_REQUEST
                }),
            )
            .route("/all", post(|body: Bytes| async move { body.len().to_string() }))
            .layer(from_fn(hear_out));
        for (path, status) in [("/unread", 429), ("/first", 400), ("/all", 200), ("/none", 404)] {
            let (body, taken) = counting();
            let request = Request::post(path).body(body).unwrap();
            let response = router.clone().oneshot(request).await.unwrap();
            assert_eq!(response.status(), status, "{path}");
            assert_eq!(taken.load(Ordering::Relaxed), 5, "{path}");
        }
    }
}
