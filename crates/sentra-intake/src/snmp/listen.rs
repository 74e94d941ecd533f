use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant as StdInstant};

use tokio::net::UdpSocket;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::snmp::reader::{Received, Refused, TrapReader};

/// Largest datagram there is.
const DATAGRAM_BYTES_MAX: usize = 65_535;
/// How long a listener that stops looks for datagrams that have arrived.
const STOP_WAIT: Duration = Duration::from_millis(10);

/// Law LIMIT: how many notifications are handed over at once, and how long they are waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchLimits {
    /// Records of one batch.
    pub records_max: usize,
    /// Bytes of one batch.
    pub bytes_max: usize,
    /// How long the first record of a batch waits for others.
    pub wait_ms: u64,
    /// Refused datagrams of one batch that are handed over; the others are only counted.
    pub refused_max: usize,
}

impl Default for BatchLimits {
    fn default() -> Self {
        Self { records_max: 4_096, bytes_max: 4 << 20, wait_ms: 5, refused_max: 64 }
    }
}

/// What came from one sender.
#[derive(Debug, Default)]
pub struct Arrivals {
    /// Records to store, in the order in which they came.
    pub records: Vec<Vec<u8>>,
    /// What was not taken; to become dead letters. Handshakes are not among them.
    pub refused: Vec<Refused>,
}

/// Where notifications go.
pub trait TrapSink: Send + Sync + 'static {
    /// Takes what came from `peer`. Law ACK: resolves when it is durable, because informs are answered then. While
    /// there is no room it waits; an error says that the door must close.
    fn accept(&self, peer: IpAddr, arrivals: Arrivals) -> impl Future<Output = io::Result<()>> + Send;
}

/// Takes datagrams until `stop`, hands what they say to `sink` and answers informs when the sink has it.
///
/// Traps cannot be slowed down: while the sink waits, at most one batch is gathered, and what the kernel drops
/// then is counted by the kernel. Informs are slowed down, for their sender waits for the answer.
///
/// `started` is the moment that the reader's seconds count from: the one from which they were counted when
/// [`Authority::new`](super::Authority::new) was called.
///
/// Gives the reader back at the end: [`TrapReader::reconfigure`] it and listen again on the same socket, and no
/// datagram is lost, because what arrives in between waits in the kernel.
///
/// # Errors
/// When the socket fails or the sink takes nothing any more.
pub async fn listen<S: TrapSink>(
    socket: Arc<UdpSocket>,
    mut reader: TrapReader,
    started: StdInstant,
    limits: BatchLimits,
    sink: Arc<S>,
    stop: CancellationToken,
) -> io::Result<TrapReader> {
    let mut gathered = Gathered::default();
    let mut datagram = vec![0; DATAGRAM_BYTES_MAX];
    let mut accepting: Option<JoinHandle<io::Result<()>>> = None;
    let wait = Duration::from_millis(limits.wait_ms);
    loop {
        let deadline = gathered.since.map(|since| since + wait);
        let timeout = async {
            match deadline {
                Some(deadline) => tokio::time::sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        };
        let accepted = async {
            match accepting.as_mut() {
                Some(running) => running.await,
                None => std::future::pending().await,
            }
        };
        let is_over = tokio::select! {
            () = stop.cancelled() => true,
            () = timeout => false,
            result = accepted => {
                // Who waits for an answer should not wait for the next batch to learn that there will be none.
                result??;
                accepting = None;
                continue;
            }
            readable = socket.readable() => {
                readable?;
                gathered.receive(&socket, &mut datagram, &mut reader, started, &limits)?;
                if !gathered.is_full(&limits) {
                    continue;
                }
                false
            }
        };
        if is_over {
            // Law LOSS: what has arrived is taken too, up to one batch. The wait lets the runtime look at the socket,
            // which it may not have done yet.
            let _ = tokio::time::timeout(STOP_WAIT, socket.readable()).await;
            gathered.receive(&socket, &mut datagram, &mut reader, started, &limits)?;
        }
        // One batch at a time: the next datagrams are gathered meanwhile, and no more than one batch of them.
        if let Some(before) = accepting.take() {
            before.await??;
        }
        if gathered.since.is_some() {
            let batch = std::mem::take(&mut gathered);
            accepting = Some(tokio::spawn(batch.hand_over(Arc::clone(&sink), Arc::clone(&socket))));
        }
        if is_over {
            if let Some(last) = accepting.take() {
                last.await??;
            }
            return Ok(reader);
        }
    }
}

/// Notifications that wait to be handed over, by sender.
#[derive(Debug, Default)]
struct Gathered {
    by_sender: BTreeMap<IpAddr, (Arrivals, Vec<Response>)>,
    records: usize,
    refused: usize,
    bytes: usize,
    since: Option<Instant>,
}

/// An answer that waits until what it answers is durable.
#[derive(Debug)]
struct Response {
    to: SocketAddr,
    bytes: Vec<u8>,
}

impl Gathered {
    fn is_full(&self, limits: &BatchLimits) -> bool {
        self.records >= limits.records_max || self.bytes >= limits.bytes_max
    }

    /// Takes what has arrived, until nothing is left or the batch is full.
    fn receive(
        &mut self,
        socket: &UdpSocket,
        buffer: &mut [u8],
        reader: &mut TrapReader,
        started: StdInstant,
        limits: &BatchLimits,
    ) -> io::Result<()> {
        while !self.is_full(limits) {
            let (length, from) = match socket.try_recv_from(buffer) {
                Ok(arrived) => arrived,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                // An earlier answer of ours met a sender that no longer listens.
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => continue,
                Err(error) => return Err(error),
            };
            metrics::counter!("sentra_snmp_datagrams_total").increment(1);
            let datagram = buffer.get(..length).unwrap_or_default();
            match reader.read(datagram, from.ip().to_canonical(), started.elapsed().as_secs()) {
                Ok(Received::Record { json, respond }) => self.take(from, json, respond),
                Ok(Received::Discovery { report }) => answer(socket, &report, from),
                Err(refused) => self.refuse(socket, from, refused, limits),
            }
        }
        Ok(())
    }

    fn take(&mut self, from: SocketAddr, json: Vec<u8>, respond: Option<Vec<u8>>) {
        self.records += 1;
        self.bytes += json.len() + respond.as_ref().map_or(0, Vec::len);
        self.since.get_or_insert_with(Instant::now);
        let (arrivals, responses) = self.by_sender.entry(from.ip().to_canonical()).or_default();
        arrivals.records.push(json);
        responses.extend(respond.map(|bytes| Response { to: from, bytes }));
    }

    /// Law LOSS: each is counted by its reason, and kept as a dead letter as long as there is room for it.
    fn refuse(&mut self, socket: &UdpSocket, from: SocketAddr, refused: Refused, limits: &BatchLimits) {
        let reason = refused.problem.as_str();
        metrics::counter!("sentra_snmp_refused_total", "reason" => reason).increment(1);
        if let Some(report) = &refused.respond {
            answer(socket, report, from);
        }
        if refused.is_handshake {
            return;
        }
        if self.refused >= limits.refused_max {
            metrics::counter!("sentra_snmp_refused_not_kept_total").increment(1);
            return;
        }
        self.refused += 1;
        self.bytes += refused.excerpt.len();
        self.since.get_or_insert_with(Instant::now);
        let (arrivals, _) = self.by_sender.entry(from.ip().to_canonical()).or_default();
        arrivals.refused.push(refused);
    }

    async fn hand_over<S: TrapSink>(self, sink: Arc<S>, socket: Arc<UdpSocket>) -> io::Result<()> {
        // All senders at once, so that they share one sync of the disk.
        let all = self.by_sender.into_iter().map(|(peer, (arrivals, responses))| {
            let (sink, socket) = (&sink, &socket);
            async move {
                sink.accept(peer, arrivals).await?;
                // Law ACK: not before the line above.
                responses.iter().for_each(|response| answer(socket, &response.bytes, response.to));
                Ok(())
            }
        });
        futures::future::join_all(all).await.into_iter().collect()
    }
}

/// Sends without waiting: who gets no answer asks again, and a full socket must not hold up the others.
fn answer(socket: &UdpSocket, bytes: &[u8], to: SocketAddr) {
    let counter = match socket.try_send_to(bytes, to) {
        Ok(_) => metrics::counter!("sentra_snmp_answers_total"),
        Err(error) => {
            tracing::debug!(%error, %to, "answer not sent");
            metrics::counter!("sentra_snmp_answers_not_sent_total")
        }
    };
    counter.increment(1);
}
