use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};

use crate::ending::Ending;
use crate::seats::{Seat, Seats};

/// Pause after the system refused a connection, mostly because too many files are open.
const REFUSED_PAUSE: Duration = Duration::from_millis(100);
/// Law LIMIT: connections that a door takes while it closes; no kernel's queue is longer.
const REST_MAX: usize = 4_096;
/// How long a door that closes looks for a connection that waits in the kernel's queue.
const REST_WAIT: Duration = Duration::from_millis(10);

/// Accepts connections until the door ends, each with a seat that it holds while it lives. Without a free seat
/// nothing is accepted: the next ones wait in the kernel's queue.
pub(crate) async fn accept(
    listener: &TcpListener,
    seats: &Seats,
    ending: &Ending,
    serve: &mut impl FnMut(TcpStream, SocketAddr, Seat),
) {
    loop {
        let next = async {
            let seat = seats.take().await;
            (seat, listener.accept().await)
        };
        let (seat, accepted) = tokio::select! {
            biased;
            () = ending.asked() => return,
            next = next => next,
        };
        match accepted {
            Ok((stream, peer)) => {
                // Answers are whole; waiting for more bytes to fill a packet only makes them late.
                let _ = stream.set_nodelay(true);
                serve(stream, peer, seat);
            }
            Err(error) => {
                drop(seat);
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(REFUSED_PAUSE).await;
            }
        }
    }
}

/// Law LOSS: a door that closes for good takes the connections that the kernel has accepted for it, as far as there
/// are seats; the others are reset, which their senders see.
pub(crate) async fn accept_rest(
    listener: &TcpListener,
    seats: &Seats,
    serve: &mut impl FnMut(TcpStream, SocketAddr, Seat),
) {
    for _ in 0..REST_MAX {
        let Some(seat) = seats.try_take() else { return };
        match tokio::time::timeout(REST_WAIT, listener.accept()).await {
            Ok(Ok((stream, peer))) => serve(stream, peer, seat),
            Ok(Err(_)) | Err(_) => return,
        }
    }
}
