//! `sentra replay`

use std::sync::Arc;

use anyhow::{Context, bail};
use sentra_backbone::{Bound, Replay, ReplayRequest, Stream};
use sentra_server::api::types::{OffsetRange, RecordPage, RecordView, ReplayStep, records_of};

use crate::cli::{ReplayArguments, ReplayOutput};
use crate::client::{Client, percent_encoded};
use crate::commands::access::Access;
use crate::commands::topics::topics;
use crate::engines::Engines;
use crate::output::{self, Lines};
use crate::progress::counted;

/// Bytes of the log that are read in one go.
const READ_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Records asked of a server at a time.
const PAGE_RECORDS_MAX: u32 = 10_000;

pub(crate) fn run(arguments: &ReplayArguments) -> anyhow::Result<()> {
    let mut printer = Printer { output: arguments.output, lines: Lines::new(), records: 0, missing: 0 };
    let access = Access::open(&arguments.place, false)?;
    for partition in partitions(arguments, &access)? {
        match &access {
            Access::Server(client) => from_server(arguments, partition, client, &mut printer)?,
            Access::Embedded { runtime, engines, .. } => {
                runtime.block_on(from_log(arguments, partition, engines, &mut printer))?;
            }
        }
    }
    output::remark(&counted(printer.records, "record"));
    // Law LOSS: what could not be replayed is a failure, after everything else was printed.
    if printer.missing > 0 {
        bail!("{} could not be replayed", counted(printer.missing, "record"));
    }
    Ok(())
}

/// The partition that was asked for, or all there are.
fn partitions(arguments: &ReplayArguments, access: &Access) -> anyhow::Result<Vec<u32>> {
    if let Some(partition) = arguments.partition {
        return Ok(vec![partition]);
    }
    let topics = topics(access)?.topics;
    let mut partitions: Vec<u32> = topics
        .into_iter()
        .filter(|topic| topic.topic == arguments.topic)
        .map(|topic| topic.partition)
        .collect();
    partitions.sort_unstable();
    let is_offset = |bound: &Option<Bound>| matches!(bound, Some(Bound::Offset(_)));
    if partitions.len() > 1 && (is_offset(&arguments.from) || is_offset(&arguments.to)) {
        let known = partitions.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        bail!("each partition counts its own offsets: say which with --partition, there are {known}");
    }
    // Where there is none, reading the first says so.
    Ok(if partitions.is_empty() { vec![0] } else { partitions })
}

/// Prints records, and says what is not there.
struct Printer {
    output: ReplayOutput,
    lines: Lines,
    records: u64,
    missing: u64,
}

impl Printer {
    fn record(&mut self, record: &RecordView) -> anyhow::Result<()> {
        self.records += 1;
        match self.output {
            ReplayOutput::Json => self.lines.write(&serde_json::to_vec(record)?),
            ReplayOutput::Raw => self.lines.write(&record.bytes()),
        }
    }

    fn missing(&mut self, range: OffsetRange, why: &str) {
        let OffsetRange { from, to } = range;
        self.missing += to.saturating_sub(from);
        output::remark(&format!("offsets {from} to {} are not there: {why}", to.saturating_sub(1)));
    }

    fn removed(&mut self, range: OffsetRange, begins_at_time: bool) {
        if begins_at_time {
            let to = range.to;
            output::remark(&format!(
                "retention removed what stood before offset {to}, maybe of that time too"
            ));
        } else {
            self.missing(range, "retention removed them");
        }
    }
}

async fn from_log(
    arguments: &ReplayArguments,
    partition: u32,
    engines: &Engines,
    printer: &mut Printer,
) -> anyhow::Result<()> {
    let stream = Stream { tenant: arguments.place.tenant.clone(), topic: arguments.topic, partition };
    let streams = engines.log.streams().await?;
    if !streams.contains(&stream) {
        let known = streams.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        bail!("there is no {stream}; there are {known}");
    }
    // Its own name per process, so that two of them do not share a position.
    let temporary = || format!("replay-{}-{}", std::process::id(), engines.clock.now().micros());
    let consumer = arguments.consumer.clone().unwrap_or_else(temporary);
    let request = ReplayRequest {
        stream: stream.clone(),
        consumer: consumer.clone(),
        from: arguments.from.unwrap_or(Bound::Begin),
        to: arguments.to.unwrap_or(Bound::End),
        resume: arguments.resume,
    };
    let replay = Replay::open(Arc::clone(&engines.log), request).await.context("cannot replay")?;
    let printed = print_all(replay, &stream, matches!(arguments.from, Some(Bound::Time(_))), printer).await;
    if arguments.consumer.is_none() {
        engines.log.forget(&consumer, &stream).await?;
    }
    printed
}

async fn print_all(
    mut replay: Replay,
    stream: &Stream,
    begins_at_time: bool,
    printer: &mut Printer,
) -> anyhow::Result<()> {
    say_resumed(replay.is_resumed(), replay.position());
    if let Some(range) = replay.start_missing().filter(|_| begins_at_time) {
        printer.removed(range.into(), true);
    }
    while let Some(chunk) = replay.next(READ_BYTES_MAX).await? {
        if let Some(range) = chunk.skipped {
            printer.removed(range.into(), false);
        }
        for range in chunk.quarantined {
            printer.missing(range.into(), "their bytes are damaged");
        }
        for record in chunk.batches.iter().flat_map(|batch| records_of(stream, batch)) {
            printer.record(&record)?;
        }
        // What the next step makes durable as worked off has left this process.
        printer.lines.flush()?;
    }
    Ok(())
}

fn from_server(
    arguments: &ReplayArguments,
    partition: u32,
    client: &Client,
    printer: &mut Printer,
) -> anyhow::Result<()> {
    match &arguments.consumer {
        Some(consumer) => with_consumer(arguments, partition, consumer, client, printer),
        None => without_consumer(arguments, partition, client, printer),
    }
}

fn without_consumer(
    arguments: &ReplayArguments,
    partition: u32,
    client: &Client,
    printer: &mut Printer,
) -> anyhow::Result<()> {
    let mut from = arguments.from.map(text);
    let mut to = arguments.to.map(text);
    let mut begins_at_time = matches!(arguments.from, Some(Bound::Time(_)));
    loop {
        let topic = arguments.topic;
        let mut path =
            format!("/api/v1/topics/{topic}/records?partition={partition}&limit={PAGE_RECORDS_MAX}");
        for (name, value) in [("from", &from), ("to", &to)] {
            if let Some(value) = value {
                path.push_str(&format!("&{name}={}", percent_encoded(value)));
            }
        }
        let page: RecordPage = client.get(&path)?;
        print_page(&page, begins_at_time, printer)?;
        let Some(next) = page.next else { return Ok(()) };
        begins_at_time = false;
        (from, to) = (Some(next.to_string()), Some(page.to.to_string()));
    }
}

fn with_consumer(
    arguments: &ReplayArguments,
    partition: u32,
    consumer: &str,
    client: &Client,
    printer: &mut Printer,
) -> anyhow::Result<()> {
    let path = format!("/api/v1/topics/{}/replay", arguments.topic);
    let mut step = ReplayStep {
        consumer: consumer.to_owned(),
        partition,
        from: arguments.from.map(text),
        to: arguments.to.map(text),
        resume: arguments.resume,
        limit: Some(PAGE_RECORDS_MAX),
        ..ReplayStep::default()
    };
    let mut begins_at_time = matches!(arguments.from, Some(Bound::Time(_)));
    loop {
        let page: RecordPage = client.post(&path, &serde_json::to_vec(&step)?, "application/json")?;
        if step.done.is_none() {
            say_resumed(page.is_resumed, page.from);
        }
        print_page(&page, begins_at_time, printer)?;
        begins_at_time = false;
        if step.done == Some(page.to) {
            return Ok(());
        }
        step.to = Some(page.to.to_string());
        step.done = Some(page.next.unwrap_or(page.to));
    }
}

fn print_page(page: &RecordPage, begins_at_time: bool, printer: &mut Printer) -> anyhow::Result<()> {
    if let Some(range) = page.removed {
        printer.removed(range, begins_at_time);
    }
    for range in &page.damaged {
        printer.missing(*range, "their bytes are damaged");
    }
    for record in &page.items {
        printer.record(record)?;
    }
    printer.lines.flush()
}

fn say_resumed(is_resumed: bool, position: u64) {
    if is_resumed {
        output::remark(&format!("going on at offset {position}"));
    }
}

fn text(bound: Bound) -> String {
    match bound {
        Bound::Offset(offset) => offset.to_string(),
        Bound::Time(time) => time.to_string(),
        Bound::Begin => "begin".to_owned(),
        Bound::End => "end".to_owned(),
    }
}
