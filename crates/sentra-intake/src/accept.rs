use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

/// Pause after the system refused a connection, mostly because too many files are open.
const REFUSED_PAUSE: Duration = Duration::from_millis(100);

/// Accepts connections until `stop`, each with a permit that it holds while it lives. Without a free permit
/// nothing is accepted: the next ones wait in the kernel's queue.
pub async fn accept(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
    stop: &CancellationToken,
    mut serve: impl FnMut(TcpStream, SocketAddr, OwnedSemaphorePermit),
) {
    loop {
        let next = async {
            let permit = Arc::clone(permits).acquire_owned().await;
            (permit, listener.accept().await)
        };
        let (permit, accepted) = tokio::select! {
            () = stop.cancelled() => return,
            next = next => next,
        };
        match (permit, accepted) {
            (Ok(permit), Ok((stream, peer))) => {
                // Answers are whole; waiting for more bytes to fill a packet only makes them late.
                let _ = stream.set_nodelay(true);
                serve(stream, peer, permit);
            }
            (Err(_), _) => return,
            (_, Err(error)) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(REFUSED_PAUSE).await;
            }
        }
    }
}
