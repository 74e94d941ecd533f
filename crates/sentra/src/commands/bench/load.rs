//! Senders over real sockets: HTTP/1.1 with keep-alive, paced or as fast as the answers come.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use anyhow::Context;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Request, header};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::LocalSet;
use tokio::time::Instant;

use super::arguments::Protocol;
use super::corpus::Corpus;

/// What is sent, and how.
#[derive(Clone)]
pub(crate) struct Load {
    pub(crate) address: SocketAddr,
    pub(crate) protocol: Protocol,
    pub(crate) key: String,
    pub(crate) corpus: Rc<Corpus>,
    pub(crate) senders: u16,
    pub(crate) time: Duration,
    /// Bytes per second that are due, whatever the answers do; `None` sends on with each answer.
    pub(crate) rate: Option<f64>,
    /// Number of the first body.
    pub(crate) first_body: u64,
}

/// What became of the bodies.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Bodies whose time came, sent or not.
    pub(crate) due: u64,
    /// Bodies and how many of their lines were acknowledged, from the first on.
    pub(crate) acknowledged: Vec<(u64, u64)>,
    pub(crate) bytes: u64,
    pub(crate) lines: u64,
    /// From when a body was due, or sent, to its acknowledgement.
    pub(crate) latencies_us: Vec<u64>,
    /// Answers by status.
    pub(crate) statuses: BTreeMap<u16, u64>,
    pub(crate) refused: u64,
    /// Refusals that do not say when to come again.
    pub(crate) refused_without_time: u64,
    /// Connections that broke without an answer, or could not be made.
    pub(crate) broken: u64,
    /// Bodies that were due and never sent: every connection was held.
    pub(crate) held: u64,
    pub(crate) seconds: f64,
}

impl Tally {
    pub(crate) fn mb_per_second(&self) -> f64 {
        self.bytes as f64 / 1e6 / self.seconds
    }

    /// The latency below which `share` of the acknowledgements came, in milliseconds.
    pub(crate) fn latency_ms(&self, share: f64) -> f64 {
        let mut sorted = self.latencies_us.clone();
        sorted.sort_unstable();
        let at = ((sorted.len() as f64 * share).ceil() as usize).saturating_sub(1);
        sorted.get(at).map_or(f64::NAN, |latency| *latency as f64 / 1e3)
    }
}

/// What the senders of one run share; they run on one thread.
struct Shared {
    load: Load,
    started: Instant,
    next_body: Cell<u64>,
    tally: RefCell<Tally>,
}

/// Sends for as long as `load` says.
pub(crate) fn send(load: Load) -> anyhow::Result<Tally> {
    // One thread: what the generator takes is taken from the server on the same machine.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let shared = Rc::new(Shared {
        next_body: Cell::new(load.first_body),
        tally: RefCell::default(),
        started: Instant::now(),
        load,
    });
    let senders = LocalSet::new();
    for _ in 0..shared.load.senders {
        senders.spawn_local(Rc::clone(&shared).run());
    }
    runtime.block_on(senders);
    let load = &shared.load;
    let mut tally = shared.tally.take();
    if let Some(interval) = shared.interval() {
        let taken = shared.next_body.get() - load.first_body;
        // The first is due at once.
        tally.due = ((load.time.as_secs_f64() / interval.as_secs_f64()).ceil() as u64).max(taken);
        tally.held = tally.due - taken;
    } else {
        tally.due = shared.next_body.get() - load.first_body;
    }
    if tally.latencies_us.is_empty() {
        let answers = &tally.statuses;
        anyhow::bail!(
            "nothing was acknowledged; answers by status: {answers:?}, broken connections: {}",
            tally.broken
        );
    }
    Ok(tally)
}

impl Shared {
    /// Time between two bodies.
    fn interval(&self) -> Option<Duration> {
        let rate = self.load.rate?;
        Some(Duration::from_secs_f64(self.load.corpus.body_bytes() / rate.max(1.0)))
    }

    /// The next body and when it is due; `None` at the end.
    fn take(&self) -> Option<(u64, Instant)> {
        let body = self.next_body.get();
        let end = self.started + self.load.time;
        let due = match self.interval() {
            Some(interval) => self.started + interval.mul_f64((body - self.load.first_body) as f64),
            None => Instant::now(),
        };
        if due >= end || Instant::now() >= end {
            return None;
        }
        self.next_body.set(body + 1);
        Some((body, due))
    }

    async fn run(self: Rc<Self>) {
        let mut connection: Option<SendRequest<Full<Bytes>>> = None;
        while let Some((body, due)) = self.take() {
            tokio::time::sleep_until(due).await;
            let ready = match connection.take().filter(|open| !open.is_closed()) {
                Some(open) => Ok(open),
                None => connect(self.load.address).await,
            };
            let sent = match ready {
                Ok(mut open) => match self.exchange(&mut open, body, due).await {
                    Ok(()) => {
                        connection = Some(open);
                        Ok(())
                    }
                    Err(error) => Err(error),
                },
                Err(error) => Err(error),
            };
            if let Err(error) = sent {
                tracing::debug!(error = format!("{error:#}"), body, "no answer");
                self.tally.borrow_mut().broken += 1;
            }
        }
    }

    async fn exchange(
        &self,
        connection: &mut SendRequest<Full<Bytes>>,
        body: u64,
        due: Instant,
    ) -> anyhow::Result<()> {
        let bytes = self.load.corpus.body(body);
        let length = bytes.len() as u64;
        connection.ready().await?;
        let response = connection.send_request(self.request(bytes)?).await?;
        let status = response.status().as_u16();
        let says_when = response.headers().contains_key(header::RETRY_AFTER);
        let answer = response.into_body().collect().await?.to_bytes();
        let now = Instant::now();
        let lines = self.load.corpus.lines(body);
        let mut tally = self.tally.borrow_mut();
        *tally.statuses.entry(status).or_default() += 1;
        tally.seconds = (now - self.started).as_secs_f64();
        let kept = kept_lines(self.load.protocol, status, &answer, lines);
        if kept > 0 {
            tally.acknowledged.push((body, kept));
            tally.lines += kept;
        }
        if status == 200 && kept == lines {
            tally.bytes += length;
            tally.latencies_us.push((now - due).as_micros() as u64);
        } else {
            tally.refused += 1;
            tally.refused_without_time += u64::from(!says_when);
        }
        Ok(())
    }

    fn request(&self, body: Vec<u8>) -> anyhow::Result<Request<Full<Bytes>>> {
        let key = &self.load.key;
        let (path, kind, authorization) = match self.load.protocol {
            Protocol::Hec => ("/services/collector/event", "application/json", format!("Splunk {key}")),
            Protocol::Bulk => ("/bench/_bulk", "application/x-ndjson", format!("ApiKey {key}")),
            Protocol::Otlp => ("/v1/logs", "application/x-protobuf", format!("Bearer {key}")),
            _ => ("/api/v1/ingest", "application/x-ndjson", format!("Bearer {key}")),
        };
        Request::post(path)
            .header(header::HOST, self.load.address.to_string())
            .header(header::AUTHORIZATION, authorization)
            .header(header::CONTENT_TYPE, kind)
            .body(Full::new(Bytes::from(body)))
            .context("cannot make the request")
    }
}

/// How many of the `lines` of a body its answer says are durable.
fn kept_lines(protocol: Protocol, status: u16, answer: &[u8], lines: u64) -> u64 {
    let document = || serde_json::from_slice::<serde_json::Value>(answer).unwrap_or_default();
    match protocol {
        // Lines are taken in order; a problem document says how far.
        Protocol::Ndjson => document().get("accepted").and_then(serde_json::Value::as_u64).unwrap_or(0),
        Protocol::Bulk if status == 200 => {
            let errors = document().get("errors").and_then(serde_json::Value::as_bool);
            if errors == Some(false) { lines } else { 0 }
        }
        _ if status == 200 => lines,
        _ => 0,
    }
}

async fn connect(address: SocketAddr) -> anyhow::Result<SendRequest<Full<Bytes>>> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    tokio::task::spawn_local(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "connection ended");
        }
    });
    Ok(sender)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latencies_are_those_that_so_many_answers_kept() {
        let tally =
            Tally { latencies_us: (1..=200).rev().map(|ms| ms * 1_000).collect(), ..Tally::default() };
        assert_eq!(
            (tally.latency_ms(0.5), tally.latency_ms(0.99), tally.latency_ms(1.0)),
            (100.0, 198.0, 200.0)
        );
        assert!(Tally::default().latency_ms(0.5).is_nan());
    }

    #[test]
    fn only_what_an_answer_says_is_durable_counts() {
        let cases: [(Protocol, u16, &str, u64); 9] = [
            (Protocol::Ndjson, 200, r#"{"accepted":10,"rejected":[],"rejected_total":0}"#, 10),
            (Protocol::Ndjson, 507, r#"{"title":"full","accepted":4,"next_line":5}"#, 4),
            (Protocol::Ndjson, 429, r#"{"title":"busy"}"#, 0),
            (Protocol::Ndjson, 200, "nonsense", 0),
            (Protocol::Bulk, 200, r#"{"errors":false,"items":[]}"#, 10),
            (Protocol::Bulk, 200, r#"{"errors":true,"items":[]}"#, 0),
            (Protocol::Hec, 200, r#"{"text":"Success","code":0}"#, 10),
            (Protocol::Hec, 429, r#"{"text":"Server is busy","code":9}"#, 0),
            (Protocol::Otlp, 503, "", 0),
        ];
        for (protocol, status, answer, kept) in cases {
            assert_eq!(
                kept_lines(protocol, status, answer.as_bytes(), 10),
                kept,
                "{protocol:?} {status} {answer}"
            );
        }
    }
}
