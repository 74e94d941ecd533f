use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use sentra_backbone::LogError;
use sentra_model::{DeadLetter, DeadReason, Source, SourceKind, TenantId};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::Sender;
use crate::accept::accept;
use crate::appender::Appender;
use crate::gather::Gather;
use crate::intake::Door;
use crate::letters::{dead_letter, too_long};
use crate::syslog_frames::{SyslogFramed, SyslogFramer};

/// Bytes read from a connection in one go.
const READ_BYTES: usize = 64 * 1024;
/// Dead letters that are kept before they are appended.
const LETTERS_MAX: usize = 64;

/// How long a sender that was told of the end may go on with what it has under way.
const FAREWELL: Duration = Duration::from_millis(500);

/// A connection in the clear or in TLS.
pub(crate) trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// Takes syslog connections until `stop`. While the log has no room nothing is read, so the sender's own
/// queue holds the records (law LOSS).
pub(crate) async fn listen(listener: TcpListener, door: Door, stop: CancellationToken) -> io::Result<()> {
    let permits = Arc::new(Semaphore::new(door.appender.limits().connections_max));
    let connections = TaskTracker::new();
    let accepted = accept(&listener, &permits, &stop, |stream, peer, permit| {
        let (door, stop) = (door.clone(), stop.clone());
        connections.spawn(async move {
            metrics::gauge!("sentra_syslog_tcp_connections").increment(1.0);
            if let Err(error) = serve(stream, peer, door, &stop).await {
                tracing::info!(%peer, %error, "connection ended");
            }
            metrics::gauge!("sentra_syslog_tcp_connections").decrement(1.0);
            drop(permit);
        });
    });
    accepted.await;
    connections.close();
    connections.wait().await;
    Ok(())
}

async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    door: Door,
    stop: &CancellationToken,
) -> Result<(), ConnectionError> {
    let (mut wire, certificate) = door.shake_hands(stream).await.map_err(ConnectionError::Handshake)?;
    // A refusal is counted and told where it is met.
    let Some(sender) = door.sender(peer, &certificate) else { return Ok(()) };
    let kind = if door.tls.is_some() { SourceKind::SyslogTls } else { SourceKind::SyslogTcp };
    Connection::new(sender, door.appender, kind, peer).run(&mut wire, stop).await
}

/// Why a connection ended before its end.
#[derive(Debug, thiserror::Error)]
enum ConnectionError {
    #[error("no handshake: {0}")]
    Handshake(io::Error),
    #[error("the connection failed: {0}")]
    Read(io::Error),
    #[error("nothing came for {0:?}")]
    Idle(Duration),
    #[error("the framing is lost")]
    Framing,
    #[error("the log takes nothing any more: {0}")]
    Log(LogError),
}

struct Connection {
    tenant: TenantId,
    appender: Appender,
    source: Source,
    framer: SyslogFramer,
    gather: Gather,
    letters: Vec<DeadLetter>,
    position: u64,
    /// When the first of the gathered records came.
    since: Option<Instant>,
}

impl Connection {
    fn new(sender: Sender, appender: Appender, kind: SourceKind, peer: SocketAddr) -> Self {
        let Sender { tenant, format } = sender;
        let source = appender.source(kind, peer.ip().to_canonical().to_string(), format);
        Self {
            framer: SyslogFramer::new(appender.limits().line_bytes_max),
            gather: Gather::new(appender.batch_limits()),
            tenant,
            appender,
            source,
            letters: Vec::new(),
            position: 0,
            since: None,
        }
    }

    async fn run(mut self, wire: &mut impl Wire, stop: &CancellationToken) -> Result<(), ConnectionError> {
        let ended = self.read_all(wire, stop).await;
        if let Err(ConnectionError::Log(_)) = &ended {
            return ended;
        }
        self.finish(stop).await?;
        ended
    }

    async fn read_all(
        &mut self,
        wire: &mut impl Wire,
        stop: &CancellationToken,
    ) -> Result<(), ConnectionError> {
        let wait = Duration::from_millis(self.appender.limits().batch_wait_ms);
        let idle = Duration::from_secs(self.appender.limits().idle_timeout_s);
        let mut buffer = vec![0; READ_BYTES];
        loop {
            let deadline = self.since.map_or_else(|| Instant::now() + idle, |since| since + wait);
            let read = tokio::select! {
                () = stop.cancelled() => return self.part(wire, &mut buffer, stop).await,
                read = tokio::time::timeout_at(deadline, wire.read(&mut buffer)) => read,
            };
            match read {
                Err(_) if self.since.is_some() => self.flush(stop).await?,
                Err(_) => return Err(ConnectionError::Idle(idle)),
                Ok(Ok(0)) => return Ok(()),
                Ok(Ok(length)) => {
                    self.take(buffer.get(..length).unwrap_or_default(), stop).await?;
                    if self.framer.is_broken() {
                        return Err(ConnectionError::Framing);
                    }
                }
                Ok(Err(error)) => return Err(ConnectionError::Read(error)),
            }
        }
    }

    /// Law LOSS: tells the sender that nothing more is wanted, and takes what it had under way.
    async fn part(
        &mut self,
        wire: &mut impl Wire,
        buffer: &mut [u8],
        stop: &CancellationToken,
    ) -> Result<(), ConnectionError> {
        let _ = wire.shutdown().await;
        let deadline = Instant::now() + FAREWELL;
        loop {
            match tokio::time::timeout_at(deadline, wire.read(buffer)).await {
                Ok(Ok(length)) if length > 0 => {
                    self.take(buffer.get(..length).unwrap_or_default(), stop).await?;
                }
                _ => return Ok(()),
            }
        }
    }

    async fn take(&mut self, chunk: &[u8], stop: &CancellationToken) -> Result<(), ConnectionError> {
        self.source.reference = self.appender.clock.now();
        let mut full = Vec::new();
        let mut sorted = Sorted {
            gather: &mut self.gather,
            letters: &mut self.letters,
            full: &mut full,
            position: &mut self.position,
            source: &self.source,
            appender: &self.appender,
        };
        self.framer.push(chunk, &mut |framed| sorted.take(framed));
        for records in full {
            self.append(records, stop).await?;
        }
        let waits = !self.gather.is_empty() || !self.letters.is_empty();
        if self.gather.is_full() || self.letters.len() >= LETTERS_MAX {
            self.flush(stop).await?;
        } else if waits {
            self.since.get_or_insert_with(Instant::now);
        }
        Ok(())
    }

    /// What the sender had not finished is judged and kept too.
    async fn finish(&mut self, stop: &CancellationToken) -> Result<(), ConnectionError> {
        let mut full = Vec::new();
        let mut sorted = Sorted {
            gather: &mut self.gather,
            letters: &mut self.letters,
            full: &mut full,
            position: &mut self.position,
            source: &self.source,
            appender: &self.appender,
        };
        self.framer.finish(&mut |framed| sorted.take(framed));
        for records in full {
            self.append(records, stop).await?;
        }
        self.flush(stop).await
    }

    async fn flush(&mut self, stop: &CancellationToken) -> Result<(), ConnectionError> {
        self.since = None;
        let records = self.gather.take();
        self.append(records, stop).await
    }

    async fn append(
        &mut self,
        records: Vec<sentra_model::OwnedRecord>,
        stop: &CancellationToken,
    ) -> Result<(), ConnectionError> {
        let letters = std::mem::take(&mut self.letters);
        self.appender
            .records_patiently(&self.tenant, &self.source, records, letters, stop)
            .await
            .map_err(ConnectionError::Log)
    }
}

/// Sorts what the framer finds into records and letters.
struct Sorted<'a> {
    gather: &'a mut Gather,
    letters: &'a mut Vec<DeadLetter>,
    full: &'a mut Vec<Vec<sentra_model::OwnedRecord>>,
    position: &'a mut u64,
    source: &'a Source,
    appender: &'a Appender,
}

impl Sorted<'_> {
    fn take(&mut self, framed: SyslogFramed<'_>) {
        *self.position += 1;
        let (reason, detail, excerpt) = match framed {
            SyslogFramed::Record(bytes) => {
                self.full.extend(self.gather.push(*self.position, bytes));
                return;
            }
            SyslogFramed::TooLong { length_bytes, excerpt } => {
                (DeadReason::TooLong, too_long(length_bytes, self.appender.limits().line_bytes_max), excerpt)
            }
            SyslogFramed::Broken { detail, excerpt } => (DeadReason::Malformed, detail.to_owned(), excerpt),
        };
        let now = self.appender.clock.now();
        self.letters.push(dead_letter(self.source, now, *self.position, reason, detail, excerpt));
    }
}
