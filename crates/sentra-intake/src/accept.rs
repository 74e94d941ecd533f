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

/// Accepts connections until the door ends, each with a seat that it holds while it lives. Without a free seat one
/// connection waits here, and the next ones in the kernel's queue.
pub(crate) async fn accept(
    listener: &TcpListener,
    seats: &Seats,
    ending: &Ending,
    serve: &mut impl FnMut(TcpStream, SocketAddr, Seat),
) {
    loop {
        let accepted = tokio::select! {
            biased;
            () = ending.asked() => return,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(REFUSED_PAUSE).await;
                continue;
            }
        };
        // Answers are whole; waiting for more bytes to fill a packet only makes them late.
        let _ = stream.set_nodelay(true);
        let seat = tokio::select! {
            seat = seats.take() => seat,
            // It was let in, so what it has sent is taken too.
            () = ending.asked() => seats.take_extra(),
        };
        serve(stream, peer, seat);
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use sentra_backbone::{EventLog as _, MemoryLog, Stream};
    use sentra_model::{SystemClock, TenantId, Topic};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::door::Door;
    use crate::http::{HttpDoor, Serving, routes, serve_seats};
    use crate::seats::House;
    use crate::settings::{IntakeSettings, ListenerSettings, Protocol};
    use crate::{Appender, Limits, Live, Senders, connection};

    /// Longer than anything takes.
    const WAIT: Duration = Duration::from_secs(60);

    struct Full {
        log: Arc<MemoryLog>,
        address: SocketAddr,
        stop: CancellationToken,
    }

    /// A door with one seat, which may be taken away at once.
    async fn full(protocol: Protocol) -> Full {
        let log = Arc::new(MemoryLog::new());
        let appender = Appender::new(log.clone(), Arc::new(SystemClock), Limits::default());
        let senders = Live::new(Senders::new(&IntakeSettings::default()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seats = Seats::with_silence("a", 1, House::new(100), Duration::ZERO);
        let stop = CancellationToken::new();
        let ending = Ending::new(stop.clone());
        let settings = Arc::new(ListenerSettings {
            name: "a".to_owned(),
            protocol,
            address,
            public: false,
            tenant: Some(TenantId::default_tenant()),
            format: None,
            tls: None,
            snmp: None,
        });
        let http = HttpDoor::new(appender.clone(), senders.clone(), 10, 1 << 20).at(settings.clone());
        let memory = Arc::clone(&http.memory);
        if protocol == Protocol::Http {
            let serving = Serving { seats, header_timeout_ms: 60_000, grace_ms: 1_000, tls: None };
            tokio::spawn(serve_seats(listener, routes(http), serving, ending));
        } else {
            let door = Door { listener: settings, appender, tls: None, senders, memory };
            tokio::spawn(connection::listen(listener, door, seats, ending));
        }
        Full { log, address, stop }
    }

    /// Silent connections lock nobody out: the first one is told to leave, in whatever state it is.
    #[tokio::test]
    async fn who_is_silent_makes_room() {
        let request = "POST /services/collector/raw HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\n\r\na";
        for (protocol, beginnings, useful) in [
            (Protocol::SyslogTcp, vec!["", "999 <1>", "<1>with"], "<1>a\n"),
            (Protocol::Http, vec!["", "PRI * HTTP/2.0", request], request),
        ] {
            for beginning in beginnings {
                let Full { log, address, stop } = full(protocol).await;
                let mut silent = TcpStream::connect(address).await.unwrap();
                silent.write_all(beginning.as_bytes()).await.unwrap();
                tokio::time::sleep(Duration::from_millis(20)).await;
                let mut other = TcpStream::connect(address).await.unwrap();
                other.write_all(useful.as_bytes()).await.unwrap();
                let mut said = Vec::new();
                let left = tokio::time::timeout(WAIT, silent.read_to_end(&mut said)).await;
                assert!(left.is_ok(), "{protocol:?} {beginning:?} was not told to leave");
                drop(silent);
                let stream = Stream { tenant: TenantId::default_tenant(), topic: Topic::Raw, partition: 0 };
                // What the silent one had begun, or sent, is kept; the other's comes behind it.
                let before = u64::from(protocol == Protocol::Http && beginning == request)
                    + u64::from(beginning == "<1>with");
                let arrived = tokio::time::timeout(WAIT, log.wait_beyond(&stream, before)).await;
                assert!(arrived.is_ok(), "{protocol:?} {beginning:?}: the other was not served");
                stop.cancel();
            }
        }
    }
}
