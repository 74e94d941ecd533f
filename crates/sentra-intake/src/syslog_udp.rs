use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use sentra_model::{DeadReason, OwnedRecord, SourceKind};
use tokio::net::UdpSocket;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::appender::Appender;
use crate::door::Door;
use crate::ending::Ending;
use crate::letters::{dead_letter, too_long};
use crate::syslog_frames::trim_message;

/// Largest datagram there is.
const DATAGRAM_BYTES_MAX: usize = 65_535;
/// How long a door that closes looks for datagrams that have arrived.
const STOP_WAIT: Duration = Duration::from_millis(10);
/// How long a door that closes for good takes what waits in its socket at most.
const REST_TIME_MAX: Duration = Duration::from_secs(2);

/// Takes syslog datagrams until the door ends. One datagram is one record; the sender is not told anything, so what
/// the kernel drops while the log is full is counted by the kernel and shown as a metric.
pub(crate) async fn listen(socket: UdpSocket, door: Door, ending: Ending) -> io::Result<()> {
    let mut receiver = Receiver {
        socket,
        datagram: vec![0; DATAGRAM_BYTES_MAX],
        gathered: Gathered::default(),
        appending: None,
        door,
    };
    loop {
        match receiver.wait(&ending).await? {
            Due::Nothing => {}
            Due::Batch => receiver.hand_over(ending.of_process()).await?,
            Due::End => return receiver.end(&ending).await,
        }
    }
}

/// What is to be done next.
enum Due {
    Nothing,
    Batch,
    End,
}

struct Receiver {
    socket: UdpSocket,
    datagram: Vec<u8>,
    gathered: Gathered,
    /// One append at a time: the next datagrams are gathered meanwhile, and no more than one batch of them.
    appending: Option<JoinHandle<bool>>,
    door: Door,
}

impl Receiver {
    async fn wait(&mut self, ending: &Ending) -> io::Result<Due> {
        let wait = Duration::from_millis(self.door.appender.limits().batch_wait_ms);
        let deadline = self.gathered.since.map(|since| since + wait);
        let timeout = async {
            match deadline {
                Some(deadline) => tokio::time::sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        };
        let appended = async {
            match self.appending.as_mut() {
                Some(running) => running.await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = ending.asked() => Ok(Due::End),
            () = timeout => Ok(Due::Batch),
            result = appended => {
                // A log that takes nothing any more is noticed now, not with the next datagram.
                self.appending = None;
                check(result.unwrap_or(false))?;
                Ok(Due::Nothing)
            }
            readable = self.socket.readable() => {
                readable?;
                self.receive()?;
                Ok(if self.gathered.is_full(&self.door.appender) { Due::Batch } else { Due::Nothing })
            }
        }
    }

    /// Law LOSS: what has arrived is taken too; all of it where nobody comes after this door, else one batch.
    async fn end(mut self, ending: &Ending) -> io::Result<()> {
        let since = Instant::now();
        loop {
            // The wait lets the runtime look at the socket, which it may not have done yet.
            let _ = tokio::time::timeout(STOP_WAIT, self.socket.readable()).await;
            self.receive()?;
            let is_last = ending.is_handed_over()
                || !self.gathered.is_full(&self.door.appender)
                || since.elapsed() > REST_TIME_MAX;
            self.hand_over(ending.of_process()).await?;
            if is_last {
                break;
            }
        }
        match self.appending.take() {
            Some(last) => check(last.await.unwrap_or(false)),
            None => Ok(()),
        }
    }

    /// Appends what is gathered, when what was gathered before is appended.
    async fn hand_over(&mut self, stop: &CancellationToken) -> io::Result<()> {
        if let Some(before) = self.appending.take() {
            check(before.await.unwrap_or(false))?;
        }
        if !self.gathered.is_empty() {
            let batch = std::mem::take(&mut self.gathered);
            self.appending = Some(tokio::spawn(append(batch, self.door.clone(), stop.clone())));
        }
        self.gathered.since = None;
        Ok(())
    }

    /// Takes what has arrived, until nothing is left or the batch is full.
    fn receive(&mut self) -> io::Result<()> {
        let mut count = 0;
        while !self.gathered.is_full(&self.door.appender) {
            match self.socket.try_recv_from(&mut self.datagram) {
                Ok((length, sender)) => {
                    count += 1;
                    let datagram = self.datagram.get(..length).unwrap_or_default();
                    self.gathered.take(sender.ip().to_canonical(), datagram);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                // What an earlier answer of ours would have met; there are none, so it means nothing here.
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
                Err(error) => return Err(error),
            }
        }
        metrics::counter!("sentra_syslog_udp_datagrams_total").increment(count);
        Ok(())
    }
}

fn check(is_kept: bool) -> io::Result<()> {
    if is_kept { Ok(()) } else { Err(io::Error::other("the log takes nothing any more")) }
}

/// Datagrams by sender.
#[derive(Debug, Default)]
struct Gathered {
    by_sender: BTreeMap<IpAddr, Vec<OwnedRecord>>,
    records: usize,
    bytes: usize,
    since: Option<Instant>,
}

impl Gathered {
    fn is_empty(&self) -> bool {
        self.records == 0
    }

    fn is_full(&self, appender: &Appender) -> bool {
        let limits = appender.batch_limits();
        // A batch takes one datagram at least, however small the limit is.
        self.records >= limits.records_max
            || (self.records > 0 && self.bytes + DATAGRAM_BYTES_MAX > limits.bytes_max)
    }

    fn take(&mut self, sender: IpAddr, datagram: &[u8]) {
        let message = trim_message(datagram);
        if message.trim_ascii().is_empty() {
            metrics::counter!("sentra_syslog_udp_empty_total").increment(1);
            return;
        }
        self.records += 1;
        self.bytes += message.len();
        self.since.get_or_insert_with(Instant::now);
        let record = OwnedRecord { position: self.records as u64, bytes: message.to_vec() };
        self.by_sender.entry(sender).or_default().push(record);
    }
}

/// False when the door must close.
async fn append(batch: Gathered, door: Door, stop: CancellationToken) -> bool {
    // All senders at once, so that they share one sync of the disk.
    let appends = batch.by_sender.into_iter().map(|(address, records)| {
        let (door, appender, stop) = (&door, &door.appender, &stop);
        async move {
            let Some(sender) = door.sender(SocketAddr::new(address, 0), &[]) else {
                let listener = door.listener.name.clone();
                metrics::counter!("sentra_intake_refused_records_total", "listener" => listener)
                    .increment(records.len() as u64);
                return true;
            };
            let source = appender.source(SourceKind::SyslogUdp, address.to_string(), sender.format);
            let line_bytes_max = appender.limits().line_bytes_max;
            let (short, long): (Vec<_>, Vec<_>) =
                records.into_iter().partition(|record| record.bytes.len() <= line_bytes_max);
            let letters = long.iter().map(|record| {
                let detail = too_long(record.bytes.len() as u64, line_bytes_max);
                let now = appender.clock.now();
                dead_letter(&source, now, record.position, DeadReason::TooLong, detail, &record.bytes)
            });
            let letters = letters.collect();
            appender.records_patiently(&sender.tenant, &source, short, letters, stop).await.is_ok()
        }
    });
    futures::future::join_all(appends).await.into_iter().all(|kept| kept)
}
