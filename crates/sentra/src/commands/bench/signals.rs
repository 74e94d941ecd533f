//! `sentra bench signals`: what enrichment of events costs, with millions of indicators and a million entities.

use std::fmt::Write as _;

use sentra_enrich::indicators::{
    DecayPolicy, Feed, FeedFormat, Indicators, IndicatorsBuilder, NeverIndicators, read_feed,
};
use sentra_learn::{BaselineConfig, Behaviour, Lookups};
use sentra_model::{
    BatchBuilder, Clock, Event, EventBatch, EventCode, EventId, Mart, RawRecord, Source, SourceKind,
    SystemClock, TenantId, Timestamp,
};
use serde::Serialize;

use super::arguments::SignalsArguments;
use super::detect::clock::{median, resident_bytes, thread_seconds};
use crate::output;
use crate::progress::{counted, grouped};

/// Events of a batch.
const BATCH_EVENTS: usize = 8_192;
/// Indicators that are handed over at once.
const FEED_LINES: usize = 200_000;

#[derive(Debug, Serialize)]
struct Figures {
    indicators: u64,
    entities: usize,
    events: usize,
    /// CPU seconds for reading and indexing the indicators.
    indicators_seconds: f64,
    indicators_mb: f64,
    baselines_mb: f64,
    resident_mb: f64,
    /// Events per CPU second, baselines and indicators together; the median of the rounds.
    events_per_second: f64,
    baselines_events_per_second: f64,
    indicators_events_per_second: f64,
    hits: usize,
    findings: usize,
}

pub(crate) fn run(arguments: &SignalsArguments) -> anyhow::Result<()> {
    let before = resident_bytes()?;
    output::remark("reading indicators");
    let started = thread_seconds();
    let indicators = indicators(arguments.indicators as usize);
    let indicators_seconds = thread_seconds() - started;
    let summary = indicators.summary();
    let tenant = TenantId::default_tenant();
    let config = BaselineConfig { hold_events: BATCH_EVENTS, persistent: false, ..BaselineConfig::default() };
    let mut behaviour = Behaviour::new(tenant, config);
    let lookups = Lookups::none();
    let begin = SystemClock.now();
    // Half of the entities are users, half hosts; a round shows each once.
    let pairs = (arguments.entities as usize / 2).max(BATCH_EVENTS);
    let batches = pairs.div_ceil(BATCH_EVENTS);
    let (mut together, mut by_baselines, mut by_indicators) = (Vec::new(), Vec::new(), Vec::new());
    let (mut hits, mut findings) = (0, 0);
    for round in 0..=arguments.runs {
        output::remark(&match round {
            0 => "meeting the entities".to_owned(),
            round => format!("round {round} of {}", arguments.runs),
        });
        let (mut baselines, mut looked) = (0.0, 0.0);
        for number in 0..batches {
            let batch = batch(usize::from(round) * batches + number, number * BATCH_EVENTS, begin)?;
            let started = thread_seconds();
            let observed = behaviour.observe(&[&batch], &lookups)?;
            behaviour.learn(&[]);
            let between = thread_seconds();
            hits += indicators.scan_at_arrival(&batch).hits.len();
            looked += thread_seconds() - between;
            baselines += between - started;
            findings += observed.iter().map(|observed| observed.findings.len()).sum::<usize>();
        }
        if round > 0 {
            let events = (batches * BATCH_EVENTS) as f64;
            together.push(events / (baselines + looked));
            by_baselines.push(events / baselines);
            by_indicators.push(events / looked);
        }
    }
    let figures = Figures {
        indicators: summary.values,
        entities: behaviour.entities(),
        events: batches * BATCH_EVENTS,
        indicators_seconds,
        indicators_mb: summary.bytes as f64 / 1e6,
        baselines_mb: behaviour.bytes() as f64 / 1e6,
        resident_mb: (resident_bytes()? - before) / 1e6,
        events_per_second: median(&mut together),
        baselines_events_per_second: median(&mut by_baselines),
        indicators_events_per_second: median(&mut by_indicators),
        hits,
        findings,
    };
    if arguments.json {
        return output::json(&figures);
    }
    let row = |name: &str, rate: f64, megabytes: f64| {
        vec![name.to_owned(), grouped(rate as u64), format!("{megabytes:.0}")]
    };
    output::table(
        &["what", "events/s/core", "MB"],
        &[
            row("baselines", figures.baselines_events_per_second, figures.baselines_mb),
            row("indicators", figures.indicators_events_per_second, figures.indicators_mb),
            row("together", figures.events_per_second, figures.resident_mb),
        ],
    )?;
    output::remark(&format!(
        "{}, {} entities; {} per round, median of {}; the last MB are what the process grew by",
        counted(figures.indicators, "indicator"),
        grouped(figures.entities as u64),
        counted(figures.events as u64, "event"),
        counted(u64::from(arguments.runs), "round"),
    ));
    Ok(())
}

/// Public addresses and domains that nobody has, half and half.
fn indicators(count: usize) -> Indicators {
    let mut builder = IndicatorsBuilder::new(DecayPolicy::default(), NeverIndicators::built_in());
    let feed = Feed::new("bench", "1", SystemClock.now());
    let mut text = String::new();
    for from in (0..count).step_by(FEED_LINES) {
        text.clear();
        for number in from..(from + FEED_LINES).min(count) {
            // Writing to a string cannot fail.
            let _ = match number % 2 {
                0 => writeln!(text, "{}", address(number / 2)),
                _ => writeln!(text, "d{}.bad-{}.example-threats.net", number / 2, number % 977),
            };
        }
        read_feed(FeedFormat::List, text.as_bytes(), &feed, &mut builder);
    }
    builder.finish()
}

/// A public address for every number, far from its neighbours.
fn address(number: usize) -> std::net::Ipv4Addr {
    let spread = (number as u32).wrapping_mul(0x9e37_79b1);
    std::net::Ipv4Addr::from(0x2000_0000 | (spread & 0x1fff_ffff))
}

/// Events of as many users on as many hosts: logins, privileged operations, connections.
fn batch(arrival: usize, first: usize, begin: Timestamp) -> anyhow::Result<EventBatch> {
    // A batch a second: a round takes its time, as events of so many entities do.
    let seen = Timestamp::from_micros(begin.micros() + arrival as i64 * 1_000_000);
    let source = Source { kind: SourceKind::File, origin: "bench".to_owned(), format: None, reference: seen };
    let mut builder = BatchBuilder::new(TenantId::default_tenant(), Mart::LINUX);
    for number in first..first + BATCH_EVENTS {
        let mut event = Event::new("bench", Mart::LINUX, seen);
        event.code = Some(match number % 3 {
            0 => EventCode::LL01,
            1 => EventCode::PA01,
            _ => EventCode::LL03,
        });
        event.user = format!("user{number}").into();
        event.host = format!("host{number}").into();
        event.src_ip = format!("10.{}.{}.{}", number >> 16 & 255, number >> 8 & 255, number & 255).into();
        event.dst_ip = address(number.wrapping_mul(7)).to_string().into();
        event.domain = format!("www{}.example.org", number % 50_000).into();
        event.process = format!("/usr/bin/tool{}", number % 200).into();
        let record = RawRecord { source: &source, position: 0, received: seen, bytes: b"" };
        builder.push(EventId::raw(0, (arrival * BATCH_EVENTS + number - first) as u64), &record, &event)?;
    }
    Ok(builder.finish()?)
}
