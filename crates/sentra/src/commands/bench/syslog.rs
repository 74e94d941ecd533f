//! Syslog senders. The protocol has no answer: over TCP the server's end of the connection says that it has taken
//! everything, over UDP only what is stored tells.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use anyhow::Context;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};
use tokio::task::LocalSet;
use tokio::time::Instant;

use super::arguments::Protocol;
use super::load::{Load, Tally};

/// How long the server may take to take in what was sent.
const END_TIME_MAX: Duration = Duration::from_secs(60);
/// Datagrams that are sent before others get their turn.
const DATAGRAMS_PER_TURN: usize = 32;

struct Shared {
    load: Load,
    started: Instant,
    next_body: Cell<u64>,
    tally: RefCell<Tally>,
    error: RefCell<Option<anyhow::Error>>,
}

/// Sends for as long as `load` says. Over TCP what is sent counts as acknowledged when the server, told of the end,
/// ends the connection too; over UDP nothing is.
pub(crate) fn send(load: Load) -> anyhow::Result<Tally> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let shared = Rc::new(Shared {
        next_body: Cell::new(load.first_body),
        tally: RefCell::default(),
        error: RefCell::default(),
        started: Instant::now(),
        load,
    });
    let senders = LocalSet::new();
    for _ in 0..shared.load.senders {
        let shared = Rc::clone(&shared);
        senders.spawn_local(async move {
            let ended = match shared.load.protocol {
                Protocol::SyslogUdp => shared.datagrams().await,
                _ => shared.stream().await,
            };
            if let Err(error) = ended {
                shared.tally.borrow_mut().broken += 1;
                shared.error.borrow_mut().get_or_insert(error);
            }
        });
    }
    runtime.block_on(senders);
    if let Some(error) = shared.error.take() {
        return Err(error.context("a sender failed"));
    }
    let mut tally = shared.tally.take();
    tally.due = shared.next_body.get() - shared.load.first_body;
    tally.seconds = shared.started.elapsed().as_secs_f64();
    Ok(tally)
}

impl Shared {
    /// The next body, when it is due; `None` at the end.
    async fn take(&self) -> Option<u64> {
        let body = self.next_body.get();
        let due = match self.load.rate {
            Some(rate) => {
                let bytes = self.load.corpus.body_bytes() * (body - self.load.first_body) as f64;
                self.started + Duration::from_secs_f64(bytes / rate.max(1.0))
            }
            None => Instant::now(),
        };
        if due.max(Instant::now()) >= self.started + self.load.time {
            return None;
        }
        self.next_body.set(body + 1);
        tokio::time::sleep_until(due).await;
        Some(body)
    }

    async fn stream(&self) -> anyhow::Result<()> {
        let mut stream = TcpStream::connect(self.load.address).await?;
        let mut sent = Vec::new();
        let mut bytes = 0;
        while let Some(body) = self.take().await {
            let text = self.load.corpus.body(body);
            stream.write_all(&text).await?;
            bytes += text.len() as u64;
            sent.push((body, self.load.corpus.lines(body)));
        }
        stream.shutdown().await?;
        let mut nothing = [0; 64];
        let end = async {
            while stream.read(&mut nothing).await? > 0 {}
            Ok::<(), std::io::Error>(())
        };
        tokio::time::timeout(END_TIME_MAX, end).await.context("the server does not end the connection")??;
        let mut tally = self.tally.borrow_mut();
        tally.bytes += bytes;
        tally.lines += sent.iter().map(|(_, lines)| lines).sum::<u64>();
        tally.acknowledged.extend(sent);
        Ok(())
    }

    async fn datagrams(&self) -> anyhow::Result<()> {
        let socket = UdpSocket::bind("127.0.0.1:0").await?;
        socket.connect(self.load.address).await?;
        while let Some(body) = self.take().await {
            let text = self.load.corpus.body(body);
            for (number, line) in
                text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).enumerate()
            {
                socket.send(line).await?;
                if number % DATAGRAMS_PER_TURN == 0 {
                    tokio::task::yield_now().await;
                }
            }
            let mut tally = self.tally.borrow_mut();
            tally.bytes += text.len() as u64;
            tally.lines += self.load.corpus.lines(body);
        }
        Ok(())
    }
}
