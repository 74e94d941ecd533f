//! Tails whose writes reached the disk in another order than they were made.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use sentra_model::{ManualClock, Topic};

use super::SimulatedDisk;
use crate::commit::Prepared;
use crate::contract::{batch, stream};
use crate::engine::Engine;
use crate::frame::Encoded;
use crate::segment::{PREAMBLE_BYTES, file_name};
use crate::{AppendBatch, LogOptions, RecoveryReport};

const FRAMES: usize = 5;

/// Where a frame lies in the file, and its offsets.
type Place = (Range<usize>, Range<u64>);

fn open(disk: &SimulatedDisk) -> (Engine, RecoveryReport) {
    let clock = Arc::new(ManualClock::default());
    Engine::open(Arc::new(disk.clone()), Path::new("/log"), LogOptions::default(), clock).unwrap()
}

fn append(engine: &Engine, sent: &AppendBatch) {
    let prepared = Prepared { stream: stream("a"), frame: Encoded::new(sent).unwrap() };
    engine.budget.reserve(Topic::Raw, prepared.frame.len()).unwrap();
    engine.commit_group(&[prepared]).remove(0).unwrap();
}

/// Frames of one, two, three … records, so that no two gaps look alike, and where each lies in the file.
fn frames() -> (SimulatedDisk, Vec<Place>) {
    let disk = SimulatedDisk::new(1);
    let (engine, _) = open(&disk);
    let (mut position, mut offset, mut places) = (PREAMBLE_BYTES as usize, 0, Vec::new());
    for frame in 1..=FRAMES {
        let sent = batch(1, &vec!["text"; frame]);
        append(&engine, &sent);
        let length = Encoded::new(&sent).unwrap().len() as usize;
        places.push((position..position + length, offset..offset + frame as u64));
        position += length;
        offset += frame as u64;
    }
    (disk, places)
}

/// What recovery and readers must say where only the frames in `kept` reached the disk.
fn expected(places: &[Place], kept: u32) -> (u64, Vec<Range<u64>>) {
    let (mut end, mut gaps) = (0, Vec::new());
    for (number, (_, offsets)) in places.iter().enumerate() {
        if kept & (1 << number) != 0 {
            if offsets.start > end {
                gaps.push(end..offsets.start);
            }
            end = offsets.end;
        }
    }
    (end, gaps)
}

/// Every set of frames that may have come through, each with the holes as zeros and as noise, and with the file as
/// long as it was to be or as its last frame.
#[test]
fn whatever_part_of_a_tail_came_through_the_gaps_are_known_by_their_offsets() {
    for kept in 0..1_u32 << FRAMES {
        for (filler, is_cut) in [(0, false), (0xa5, false), (0, true)] {
            let (disk, places) = frames();
            disk.damage(&Path::new("/log/a/raw/0").join(file_name(0)), |bytes| {
                for (number, (place, _)) in places.iter().enumerate() {
                    if kept & (1 << number) == 0 {
                        bytes[place.clone()].fill(filler);
                    }
                }
                let last = places.iter().enumerate().rfind(|(number, _)| kept & (1 << number) != 0);
                if is_cut {
                    bytes.truncate(last.map_or(PREAMBLE_BYTES as usize, |(_, (place, _))| place.end));
                }
            });
            let (end, gaps) = expected(&places, kept);
            let case = format!("{kept:05b} {filler} {is_cut}");
            let (engine, report) = open(&disk);
            let found: Vec<_> = report.quarantined.iter().map(|gap| gap.offsets.clone()).collect();
            assert_eq!(found, gaps, "{case}");
            let cut: u64 = report.truncated.iter().map(|tail| tail.bytes).sum();
            let tail = places.iter().filter(|(_, offsets)| offsets.start >= end);
            let tail: u64 = tail.map(|(place, _)| place.len() as u64).sum();
            assert_eq!(cut, if is_cut { 0 } else { tail }, "{case}");
            assert_eq!(engine.extent(&stream("a")).end, end, "{case}");
            let chunk = engine.read(&stream("a"), 0, usize::MAX).unwrap();
            assert_eq!((chunk.next_offset, &chunk.quarantined), (end, &gaps), "{case}");
            assert_eq!(chunk.batches.len(), kept.count_ones() as usize, "{case}");
            // The gap stays what it is, and the next record comes after it.
            append(&engine, &batch(1, &["next"]));
            drop(engine);
            disk.lose_power();
            let (engine, _) = open(&disk);
            let chunk = engine.read(&stream("a"), 0, usize::MAX).unwrap();
            assert_eq!((chunk.next_offset, &chunk.quarantined), (end + 1, &gaps), "{case}");
        }
    }
}
