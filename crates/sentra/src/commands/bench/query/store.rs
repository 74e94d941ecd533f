//! The events of the measurement: made, decoded, stored, and written out for the peers.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::sync::mpsc;

use anyhow::{Context, anyhow};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use sentra_decode::{DecodeOptions, Decoded, Decoder};
use sentra_model::{
    BatchBuilder, Clock, EventBatch, EventId, Mart, Position, RawRecord, Source, SourceKind, SystemClock,
    TenantId, TenantScope, batch_schema,
};
use sentra_store::{EmbeddedMarts, MartStore};

use super::lines::Writer;

/// Lines that are appended at a time.
const LINES_PER_APPEND: u64 = 65_536;
/// Appends that are made ahead of the store.
const APPENDS_AHEAD: usize = 2;

/// What was stored.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Stored {
    pub(crate) events: u64,
    pub(crate) raw_bytes: u64,
}

struct Append {
    batches: Vec<EventBatch>,
    next: u64,
    raw_bytes: u64,
}

/// Fills the store with `lines` lines; into the file `export` too, if there is one.
pub(crate) async fn fill(
    marts: &EmbeddedMarts,
    scope: &TenantScope,
    lines: u64,
    seed: u64,
    export: Option<&Path>,
) -> anyhow::Result<Stored> {
    let mut export = export.map(exporter).transpose()?;
    let (sender, receiver) = mpsc::sync_channel(APPENDS_AHEAD);
    let maker = std::thread::spawn(move || make(lines, seed, &sender));
    let mut stored = Stored::default();
    while let Ok(append) = receiver.recv() {
        stored.events += append.batches.iter().map(|batch| batch.len() as u64).sum::<u64>();
        stored.raw_bytes += append.raw_bytes;
        if let Some(export) = &mut export {
            for batch in &append.batches {
                export.write(batch.record()).context("cannot write the events for the peers")?;
            }
        }
        marts.append(scope, append.batches, Position { partition: 0, offset: append.next }).await?;
    }
    maker.join().map_err(|_| anyhow!("the lines could not be made"))??;
    if let Some(export) = export {
        export.close().context("cannot write the events for the peers")?;
    }
    marts.flush(scope).await?;
    Ok(stored)
}

fn exporter(path: &Path) -> anyhow::Result<ArrowWriter<File>> {
    let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    let properties =
        WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default())).build();
    Ok(ArrowWriter::try_new(file, batch_schema(), Some(properties))?)
}

fn source() -> Source {
    let reference = SystemClock.now();
    Source { kind: SourceKind::File, origin: "/bench".into(), format: None, reference }
}

fn make(lines: u64, seed: u64, sender: &mpsc::SyncSender<Append>) -> anyhow::Result<()> {
    let mut writer = Writer::new(seed, lines);
    let decoder = Decoder::new(DecodeOptions::default());
    let source = source();
    let mut from = 0;
    while from < lines {
        let next = (from + LINES_PER_APPEND).min(lines);
        let append = append_of(&mut writer, &decoder, &source, from..next)?;
        if sender.send(append).is_err() {
            break;
        }
        from = next;
    }
    Ok(())
}

fn append_of(
    writer: &mut Writer,
    decoder: &Decoder,
    source: &Source,
    offsets: std::ops::Range<u64>,
) -> anyhow::Result<Append> {
    let mut append = Append { batches: Vec::new(), next: offsets.end, raw_bytes: 0 };
    let mut builders: BTreeMap<Mart, BatchBuilder> = BTreeMap::new();
    let received = SystemClock.now();
    for offset in offsets {
        let line = writer.line();
        append.raw_bytes += line.len() as u64;
        let raw = RawRecord { source, position: offset + 1, received, bytes: &line };
        let Decoded::Event(event) = decoder.decode(&raw) else {
            anyhow::bail!("not understood: {}", String::from_utf8_lossy(&line))
        };
        let builder = builders
            .entry(event.mart.clone())
            .or_insert_with(|| BatchBuilder::new(TenantId::default_tenant(), event.mart.clone()));
        builder.push(EventId::raw(0, offset), &raw, &event)?;
        if builder.len() >= sentra_model::events_per_batch_max() {
            append.batches.push(builder.finish()?);
        }
    }
    for builder in builders.values_mut().filter(|builder| !builder.is_empty()) {
        append.batches.push(builder.finish()?);
    }
    Ok(append)
}

/// One event that no other is like, as the answer to "is it there yet".
pub(crate) fn marked(offset: u64, word: &str) -> anyhow::Result<Vec<EventBatch>> {
    let line = format!(
        "<38>1 2026-10-08T00:00:00Z visible sshd 1 - - Failed password for {word} from 192.0.2.1 port 22 ssh2"
    );
    let source = source();
    let raw = RawRecord {
        source: &source,
        position: offset + 1,
        received: SystemClock.now(),
        bytes: line.as_bytes(),
    };
    let decoder = Decoder::new(DecodeOptions::default());
    let Decoded::Event(event) = decoder.decode(&raw) else { anyhow::bail!("not understood: {line}") };
    let mut builder = BatchBuilder::new(TenantId::default_tenant(), event.mart.clone());
    builder.push(EventId::raw(0, offset), &raw, &event)?;
    Ok(vec![builder.finish()?])
}
