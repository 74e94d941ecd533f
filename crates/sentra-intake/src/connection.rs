//! Connections that carry records and no answers: syslog over TCP and TLS, and framed records of legacy systems.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use sentra_backbone::LogError;
use sentra_model::{DeadLetter, OwnedRecord, Source, SourceKind};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use crate::accept::{accept, accept_rest};
use crate::cutting::{Cutter, Piece};
use crate::door::Door;
use crate::ending::Ending;
use crate::gather::Gather;
use crate::letters::dead_letter;
use crate::seats::{Seat, Seats};
use crate::settings::Protocol;
use crate::share::Share;
use crate::{Sender, Senders};

/// Bytes read in one go from a connection that has much to say, and from one that has little.
const READ_BYTES_MAX: usize = 64 * 1024;
const READ_BYTES_MIN: usize = 4 * 1024;
/// Law LIMIT: memory that every connection has for itself; what goes beyond comes out of the common memory.
const OWN_BYTES: usize = 16 * 1024;
/// Dead letters that are kept before they are appended.
const LETTERS_MAX: usize = 64;
/// How long a sender that was told of the end may go on with what it has under way.
const FAREWELL: Duration = Duration::from_millis(500);
/// How long a connection must be silent until the records of an audit event are taken for complete.
const JOIN_SILENCE: Duration = Duration::from_millis(1_500);
/// How long a long record may wait for memory, and how long its sender may be silent in the middle of it.
const LONG_RECORD_WAIT: Duration = Duration::from_secs(30);

/// A connection in the clear or in TLS.
pub(crate) trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// Takes connections until the door ends. While the log has no room nothing is read, so the sender's own queue
/// holds the records (law LOSS).
pub(crate) async fn listen(listener: TcpListener, door: Door, seats: Seats, ending: Ending) {
    let connections = TaskTracker::new();
    let mut begin = |stream, peer, seat| {
        let (door, ending) = (door.clone(), ending.clone());
        connections.spawn(async move {
            if let Err(error) = serve(stream, peer, door, seat, &ending).await {
                tracing::info!(%peer, %error, "connection ended");
            }
        });
    };
    accept(&listener, &seats, &ending, &mut begin).await;
    if !ending.is_handed_over() {
        accept_rest(&listener, &seats, &mut begin).await;
    }
    drop(listener);
    connections.close();
    connections.wait().await;
}

async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    door: Door,
    seat: Seat,
    ending: &Ending,
) -> Result<(), ConnectionError> {
    let shaken = tokio::select! {
        shaken = door.shake_hands(stream, ending) => shaken,
        () = seat.leave().cancelled() => Err(io::Error::other("its seat was needed")),
    };
    let (mut wire, certificate) = shaken.map_err(ConnectionError::Handshake)?;
    // A refusal is counted and told where it is met.
    let senders = door.senders.get();
    let Some(sender) = door.sender(peer, &certificate) else { return Ok(()) };
    let known = Known { senders, peer, certificate };
    Connection::new(sender, known, door, seat).run(&mut wire, ending).await
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
    #[error("there is no memory for a record this long")]
    Memory,
    #[error("it is not for any tenant any more")]
    Refused,
    #[error("the log takes nothing any more: {0}")]
    Log(LogError),
}

/// Who is at the other end, and by which rules.
struct Known {
    senders: Arc<Senders>,
    peer: SocketAddr,
    certificate: Vec<String>,
}

struct Connection {
    door: Door,
    seat: Seat,
    known: Known,
    sender: Sender,
    source: Source,
    cutter: Cutter,
    gather: Gather,
    letters: Vec<DeadLetter>,
    share: Share,
    buffer: Vec<u8>,
    /// When the first of the gathered records came.
    since: Option<Instant>,
    heard: Instant,
}

impl Connection {
    fn new(sender: Sender, known: Known, door: Door, seat: Seat) -> Self {
        let limits = door.appender.limits();
        let cutter = match (door.listener.protocol, Cutter::legacy_stream(door.listener.format.as_deref())) {
            (Protocol::Framed, Ok(stream)) => Cutter::legacy(stream, limits.line_bytes_max),
            _ => Cutter::syslog(limits.line_bytes_max),
        };
        let kind = match door.listener.protocol {
            Protocol::Framed => SourceKind::Framed,
            _ if door.tls.is_some() => SourceKind::SyslogTls,
            _ => SourceKind::SyslogTcp,
        };
        let origin = known.peer.ip().to_canonical().to_string();
        Self {
            source: door.appender.source(kind, origin, format(&door, &sender)),
            gather: Gather::new(door.appender.batch_limits()),
            share: Share::new(Arc::clone(&door.memory), OWN_BYTES),
            letters: Vec::new(),
            buffer: vec![0; READ_BYTES_MIN],
            since: None,
            heard: Instant::now(),
            cutter,
            door,
            seat,
            known,
            sender,
        }
    }

    async fn run(mut self, wire: &mut impl Wire, ending: &Ending) -> Result<(), ConnectionError> {
        let ended = self.read_all(wire, ending).await;
        if let Err(ConnectionError::Log(_)) = &ended {
            return ended;
        }
        // What the sender had not finished is judged and kept too.
        let full = self.cut(|cutter, emit| cutter.finish(emit));
        self.append_all(full, ending).await?;
        self.flush(ending).await?;
        ended
    }

    async fn read_all(&mut self, wire: &mut impl Wire, ending: &Ending) -> Result<(), ConnectionError> {
        let leave = self.seat.leave().clone();
        loop {
            let deadline = self.deadline();
            let read = tokio::select! {
                biased;
                () = ending.asked() => return self.part(wire, ending).await,
                () = leave.cancelled() => return self.part(wire, ending).await,
                read = tokio::time::timeout_at(deadline, wire.read(&mut self.buffer)) => read,
            };
            match read {
                Err(_) => match self.silent(ending).await {
                    Err(idle @ ConnectionError::Idle(_)) => {
                        self.part(wire, ending).await?;
                        return Err(idle);
                    }
                    other => other?,
                },
                Ok(Ok(0)) => return Ok(()),
                Ok(Ok(length)) => {
                    self.take(length, ending).await?;
                    if self.cutter.is_broken() {
                        return Err(ConnectionError::Framing);
                    }
                    self.find_room(ending).await?;
                }
                Ok(Err(error)) => return Err(ConnectionError::Read(error)),
            }
        }
    }

    /// When something is to be done if nothing comes.
    fn deadline(&self) -> Instant {
        let limits = self.door.appender.limits();
        let silence = if self.share.is_any() { LONG_RECORD_WAIT } else { idle(limits.idle_timeout_s) };
        let silence = if self.cutter.is_joining() { JOIN_SILENCE.min(silence) } else { silence };
        let batch = self.since.map(|since| since + Duration::from_millis(limits.batch_wait_ms));
        let silent = self.heard + silence;
        batch.map_or(silent, |batch| batch.min(silent))
    }

    /// Nothing came until the deadline.
    async fn silent(&mut self, ending: &Ending) -> Result<(), ConnectionError> {
        if self.buffer.len() > READ_BYTES_MIN {
            self.buffer = vec![0; READ_BYTES_MIN];
        }
        if self.since.is_some() {
            self.flush(ending).await?;
            self.share.fit(self.held_bytes());
            return Ok(());
        }
        if self.cutter.is_joining() {
            let full = self.cut(Cutter::settle);
            self.append_all(full, ending).await?;
            return self.flush(ending).await;
        }
        let silence = self.heard.elapsed();
        self.share.fit(self.held_bytes());
        if self.share.is_any() && silence >= LONG_RECORD_WAIT {
            return Err(ConnectionError::Idle(LONG_RECORD_WAIT));
        }
        if silence >= idle(self.door.appender.limits().idle_timeout_s) {
            return Err(ConnectionError::Idle(silence));
        }
        Ok(())
    }

    /// Law LOSS: tells the sender that nothing more is wanted, and takes what it had under way.
    async fn part(&mut self, wire: &mut impl Wire, ending: &Ending) -> Result<(), ConnectionError> {
        let deadline = Instant::now() + FAREWELL;
        let _ = tokio::time::timeout_at(deadline, wire.shutdown()).await;
        loop {
            match tokio::time::timeout_at(deadline, wire.read(&mut self.buffer)).await {
                Ok(Ok(length)) if length > 0 => self.take(length, ending).await?,
                _ => return Ok(()),
            }
        }
    }

    /// Takes the first `length` bytes of the buffer.
    async fn take(&mut self, length: usize, ending: &Ending) -> Result<(), ConnectionError> {
        self.heard = Instant::now();
        self.identify(ending).await?;
        self.source.reference = self.door.appender.clock.now();
        let buffer = std::mem::take(&mut self.buffer);
        let chunk = buffer.get(..length).unwrap_or_default();
        let full = self.cut(|cutter, emit| cutter.push(chunk, emit));
        let wants_more = length == buffer.len() && length < READ_BYTES_MAX;
        self.buffer = if wants_more { vec![0; READ_BYTES_MAX] } else { buffer };
        self.append_all(full, ending).await?;
        let waits = !self.gather.is_empty() || !self.letters.is_empty();
        if self.gather.is_full() || self.letters.len() >= LETTERS_MAX {
            self.flush(ending).await?;
        } else if waits {
            self.since.get_or_insert_with(Instant::now);
        }
        Ok(())
    }

    /// Law TENANT: routes may have changed since the sender came; what it sent before is its old tenant's.
    async fn identify(&mut self, ending: &Ending) -> Result<(), ConnectionError> {
        let senders = self.door.senders.get();
        if Arc::ptr_eq(&senders, &self.known.senders) {
            return Ok(());
        }
        self.known.senders = senders;
        let sender = self.door.sender(self.known.peer, &self.known.certificate);
        if sender.as_ref() == Some(&self.sender) {
            return Ok(());
        }
        self.flush(ending).await?;
        self.sender = sender.ok_or(ConnectionError::Refused)?;
        self.source.format = format(&self.door, &self.sender);
        Ok(())
    }

    /// What the cutter finds goes to the gathered records and letters; batches that are full come back.
    fn cut(&mut self, cut: impl FnOnce(&mut Cutter, &mut dyn FnMut(Piece<'_>))) -> Vec<Vec<OwnedRecord>> {
        let Self { cutter, gather, letters, source, door, seat, .. } = self;
        let mut full = Vec::new();
        let mut is_any = false;
        cut(cutter, &mut |piece| {
            is_any = true;
            match piece {
                Piece::Record { position, bytes } => full.extend(gather.push(position, bytes)),
                Piece::Dead { position, reason, detail, excerpt } => {
                    let now = door.appender.clock.now();
                    letters.push(dead_letter(source, now, position, reason, detail, excerpt));
                }
            }
        });
        if is_any {
            seat.heard();
        }
        full
    }

    fn held_bytes(&self) -> usize {
        // Twice, for records are copied on their way into the log.
        2 * self.gather.held_bytes() + self.cutter.held_bytes() + self.buffer.len()
    }

    /// Law LIMIT: takes from the common memory what is held beyond the connection's own, or holds less.
    async fn find_room(&mut self, ending: &Ending) -> Result<(), ConnectionError> {
        if self.share.fit(self.held_bytes()) {
            return Ok(());
        }
        metrics::counter!("sentra_intake_memory_waits_total").increment(1);
        self.buffer = vec![0; READ_BYTES_MIN];
        self.flush(ending).await?;
        if self.share.fit(self.held_bytes()) {
            return Ok(());
        }
        let full = self.cut(Cutter::settle);
        self.append_all(full, ending).await?;
        self.flush(ending).await?;
        let held_bytes = self.held_bytes();
        let leave = self.seat.leave().clone();
        let has_room = tokio::select! {
            waited = tokio::time::timeout(LONG_RECORD_WAIT, self.share.wait(held_bytes)) => {
                matches!(waited, Ok(Ok(())))
            }
            () = ending.asked() => false,
            () = leave.cancelled() => false,
        };
        if has_room { Ok(()) } else { Err(ConnectionError::Memory) }
    }

    async fn append_all(
        &mut self,
        full: Vec<Vec<OwnedRecord>>,
        ending: &Ending,
    ) -> Result<(), ConnectionError> {
        for records in full {
            self.append(records, ending).await?;
        }
        Ok(())
    }

    async fn flush(&mut self, ending: &Ending) -> Result<(), ConnectionError> {
        self.since = None;
        let records = self.gather.take();
        self.append(records, ending).await
    }

    async fn append(&mut self, records: Vec<OwnedRecord>, ending: &Ending) -> Result<(), ConnectionError> {
        let letters = std::mem::take(&mut self.letters);
        let Self { door, sender, source, .. } = self;
        let appended =
            door.appender.records_patiently(&sender.tenant, source, records, letters, ending.of_process());
        appended.await.map_err(ConnectionError::Log)
    }
}

fn idle(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// How framed records are framed is the listener's; who sends them may only name the code page.
fn format(door: &Door, sender: &Sender) -> Option<String> {
    match door.listener.protocol {
        Protocol::Framed => {
            let own = door.listener.format.as_deref();
            let is_same =
                |format: &&String| Cutter::legacy_stream(Some(format.as_str())) == Cutter::legacy_stream(own);
            sender.format.as_ref().filter(is_same).cloned().or_else(|| door.listener.format.clone())
        }
        _ => sender.format.clone(),
    }
}
