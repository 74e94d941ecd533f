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
use crate::intake::Door;
use crate::letters::{dead_letter, too_long};
use crate::syslog_frames::trim_message;

/// Largest datagram there is.
const DATAGRAM_BYTES_MAX: usize = 65_535;

/// Takes syslog datagrams until `stop`. One datagram is one record; the sender is not told anything, so what
/// the kernel drops while the log is full is counted by the kernel and shown as a metric.
pub(crate) async fn listen(socket: UdpSocket, door: Door, stop: CancellationToken) -> io::Result<()> {
    let appender = door.appender.clone();
    let mut gathered = Gathered::default();
    let mut datagram = vec![0; DATAGRAM_BYTES_MAX];
    let mut appending: Option<JoinHandle<bool>> = None;
    let wait = Duration::from_millis(appender.limits().batch_wait_ms);
    loop {
        let deadline = gathered.since.map(|since| since + wait);
        let timeout = async {
            match deadline {
                Some(deadline) => tokio::time::sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        };
        let is_over = tokio::select! {
            () = stop.cancelled() => {
                // Law LOSS: what has arrived is taken too, up to one batch.
                gathered.receive(&socket, &mut datagram, &appender)?;
                true
            }
            () = timeout => false,
            readable = socket.readable() => {
                readable?;
                gathered.receive(&socket, &mut datagram, &appender)?;
                if !gathered.is_full(&appender) {
                    continue;
                }
                false
            }
        };
        // One append at a time: the next datagrams are gathered meanwhile, and no more than one batch of them.
        if let Some(before) = appending.take()
            && !before.await.unwrap_or(false)
        {
            return Err(io::Error::other("the log takes nothing any more"));
        }
        if !gathered.is_empty() {
            let batch = std::mem::take(&mut gathered);
            appending = Some(tokio::spawn(append(batch, door.clone(), stop.clone())));
        }
        if is_over {
            if let Some(last) = appending.take() {
                let _ = last.await;
            }
            return Ok(());
        }
    }
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
        self.records >= limits.records_max || self.bytes + DATAGRAM_BYTES_MAX > limits.bytes_max
    }

    /// Takes what has arrived, until nothing is left or the batch is full.
    fn receive(&mut self, socket: &UdpSocket, datagram: &mut [u8], appender: &Appender) -> io::Result<()> {
        let mut count = 0;
        loop {
            match socket.try_recv_from(datagram) {
                Ok((length, sender)) => {
                    count += 1;
                    let message = trim_message(datagram.get(..length).unwrap_or_default());
                    if message.trim_ascii().is_empty() {
                        metrics::counter!("sentra_syslog_udp_empty_total").increment(1);
                        continue;
                    }
                    self.records += 1;
                    self.bytes += message.len();
                    self.since.get_or_insert_with(Instant::now);
                    let record = OwnedRecord { position: self.records as u64, bytes: message.to_vec() };
                    self.by_sender.entry(sender.ip().to_canonical()).or_default().push(record);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                // What an earlier answer of ours would have met; there are none, so it means nothing here.
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
                Err(error) => return Err(error),
            }
            if self.is_full(appender) {
                break;
            }
        }
        metrics::counter!("sentra_syslog_udp_datagrams_total").increment(count);
        Ok(())
    }
}

/// False when the door must close.
async fn append(batch: Gathered, door: Door, stop: CancellationToken) -> bool {
    // All senders at once, so that they share one sync of the disk.
    let appends = batch.by_sender.into_iter().map(|(address, records)| {
        let (door, appender, stop) = (&door, &door.appender, &stop);
        async move {
            let Some(sender) = door.sender(SocketAddr::new(address, 0), &[]) else { return true };
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
