//! Group commit, counted on the disk.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::channel;

use sentra_model::ManualClock;

use super::SimulatedDisk;
use super::disk::Access;
use crate::contract::{batch, stream};
use crate::{EventLog, LogError, LogOptions, SegmentLog, Stream};

const PRODUCERS: u64 = 64;

fn open(disk: &SimulatedDisk, options: LogOptions) -> Arc<SegmentLog> {
    let clock = Arc::new(ManualClock::default());
    Arc::new(SegmentLog::open_on(Arc::new(disk.clone()), Path::new("/log"), options, clock).unwrap().0)
}

/// Lets one append wait in its fsync, starts the others behind it, and answers how many fsyncs all of them took.
async fn syncs_of_all(options: LogOptions, streams: &[Stream]) -> u64 {
    let disk = SimulatedDisk::new(1);
    let log = open(&disk, options);
    for stream in streams {
        log.append(stream, batch(1, &["the segment is there"])).await.unwrap();
    }
    let before = disk.syncs();
    let (arrived, has_arrived) = channel();
    let (open_gate, gate) = channel::<()>();
    disk.before(Access::Sync, 1, move || {
        arrived.send(()).unwrap();
        gate.recv().unwrap();
    });
    let append = |number: u64| {
        let (log, stream) = (Arc::clone(&log), streams[number as usize % streams.len()].clone());
        async move { log.append(&stream, batch(1, &[&number.to_string()])).await }
    };
    let first = tokio::spawn(append(0));
    tokio::task::spawn_blocking(move || has_arrived.recv().unwrap()).await.unwrap();
    let others: Vec<_> = (1..PRODUCERS).map(|number| tokio::spawn(append(number))).collect();
    while log.queued() < PRODUCERS as usize - 1 {
        tokio::task::yield_now().await;
    }
    open_gate.send(()).unwrap();
    let mut answers = vec![first.await.unwrap()];
    for other in others {
        answers.push(other.await.unwrap());
    }
    answers.into_iter().collect::<Result<Vec<_>, LogError>>().unwrap();
    let ends: u64 = streams.len() as u64 + PRODUCERS;
    let mut found = 0;
    for stream in streams {
        found += log.extent(stream).await.unwrap().end;
    }
    assert_eq!(found, ends);
    disk.syncs() - before
}

#[tokio::test]
async fn sixty_four_producers_share_one_fsync() {
    // The first one has its own; the others gathered behind it.
    assert_eq!(syncs_of_all(LogOptions::default(), &[stream("a")]).await, 2);
}

#[tokio::test]
async fn every_stream_of_a_group_has_one_fsync() {
    let streams: Vec<_> = (0..4).map(|partition| Stream { partition, ..stream("a") }).collect();
    assert_eq!(syncs_of_all(LogOptions::default(), &streams).await, 1 + 4);
}

/// The limit of a commit is what the options say.
#[tokio::test]
async fn a_commit_that_takes_one_batch_costs_everyone_an_fsync() {
    let options = LogOptions { commit_bytes_max: 1, ..LogOptions::default() };
    assert_eq!(syncs_of_all(options, &[stream("a")]).await, PRODUCERS);
}
