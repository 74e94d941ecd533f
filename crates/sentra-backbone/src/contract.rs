//! Law SAME: what every [`EventLog`] does, as tests that each engine's module runs through
//! `event_log_contract!`.

use std::sync::Arc;

use sentra_model::{OwnedRecord, Source, SourceKind, TenantId, Timestamp, Topic};

use crate::consumers::CONSUMERS_MAX;
use crate::{AppendBatch, Appended, Consumer, EventLog, Extent, LogError, Stream};

/// One test per promise. `$make` yields `(Arc<dyn EventLog>, guard)`; the guard lives as long as the test.
macro_rules! event_log_contract {
    ($make:expr) => {
        $crate::contract::event_log_contract!(@tests $make;
            appended_records_are_read_back_byte_for_byte,
            a_batch_gets_consecutive_offsets_after_the_last_one,
            an_unknown_stream_is_empty,
            an_empty_batch_writes_nothing,
            streams_do_not_see_each_other,
            a_read_may_start_inside_a_batch,
            a_read_keeps_its_limit_but_always_moves_on,
            a_read_beyond_the_end_is_refused,
            a_batch_over_the_limit_is_refused_whole,
            a_batch_at_the_limit_is_taken,
            wait_beyond_wakes_up_for_an_append,
            wait_beyond_returns_at_once_for_what_is_there,
            consumers_have_positions_of_their_own,
            consumer_names_that_could_leave_their_directory_are_refused,
            a_consumer_cannot_commit_what_is_not_there,
            consumers_are_listed_with_their_lag,
            a_forgotten_consumer_is_gone_and_may_come_back,
            a_range_stays_with_its_consumer,
            a_stream_has_a_bounded_number_of_consumers,
            offset_at_finds_the_first_batch_received_since,
            concurrent_appends_share_no_offset,
        );
    };
    (@tests $make:expr; $($name:ident,)*) => {$(
        #[tokio::test]
        async fn $name() {
            let (log, _guard) = ($make)();
            $crate::contract::$name(log).await;
        }
    )*};
}
pub(crate) use event_log_contract;

pub(crate) fn stream(tenant: &str) -> Stream {
    Stream { tenant: tenant.parse::<TenantId>().unwrap(), topic: Topic::Raw, partition: 0 }
}

pub(crate) fn batch(received: i64, texts: &[&str]) -> AppendBatch {
    let record = |(line, text): (u64, &&str)| OwnedRecord { position: line, bytes: text.as_bytes().to_vec() };
    AppendBatch {
        received: Timestamp::from_seconds(received),
        source: Source {
            kind: SourceKind::Http,
            origin: "192.0.2.7".to_owned(),
            format: Some("syslog".to_owned()),
            reference: Timestamp::from_seconds(5),
        },
        records: (1..).zip(texts).map(record).collect(),
    }
}

/// Every record from `from` to the end as (offset, text).
pub(crate) async fn read_all(
    log: &dyn EventLog,
    stream: &Stream,
    from: u64,
    bytes_max: usize,
) -> Vec<(u64, String)> {
    let mut found = Vec::new();
    let mut next = from;
    let end = log.extent(stream).await.unwrap().end;
    while next < end {
        let chunk = log.read(stream, next, bytes_max).await.unwrap();
        assert!(chunk.next_offset > next, "a read at {next} of {end} did not move on");
        next = chunk.next_offset;
        for stored in &chunk.batches {
            let texts = stored.records().map(|(offset, r)| (offset, String::from_utf8_lossy(r.bytes).into()));
            found.extend(texts);
        }
    }
    found
}

fn texts(first: u64, texts: &[&str]) -> Vec<(u64, String)> {
    (first..).zip(texts.iter().map(|text| (*text).to_owned())).collect()
}

pub(crate) async fn appended_records_are_read_back_byte_for_byte(log: Arc<dyn EventLog>) {
    let every_byte: Vec<u8> = (0..=255).collect();
    let mut sent = batch(7, &["", "a"]);
    sent.records.push(OwnedRecord { position: u64::MAX, bytes: every_byte });
    sent.records.push(OwnedRecord { position: 0, bytes: vec![0; 100_000] });
    sent.source.format = None;
    log.append(&stream("a"), sent.clone()).await.unwrap();
    let chunk = log.read(&stream("a"), 0, 1).await.unwrap();
    assert!(chunk.quarantined.is_empty());
    assert_eq!(chunk.next_offset, 4);
    let [stored] = chunk.batches.as_slice() else { panic!("{} batches", chunk.batches.len()) };
    assert_eq!((stored.first_offset, stored.received, &stored.source), (0, sent.received, &sent.source));
    assert_eq!((stored.len(), stored.bytes()), (4, 100_257));
    let mut count = 0;
    for ((offset, record), (expected_offset, expected)) in stored.records().zip((0..).zip(&sent.records)) {
        assert_eq!((offset, record.position), (expected_offset, expected.position));
        assert_eq!((record.bytes, record.received), (expected.bytes.as_slice(), sent.received));
        assert_eq!(record.source, &sent.source);
        count += 1;
    }
    assert_eq!(count, 4);
}

pub(crate) async fn a_batch_gets_consecutive_offsets_after_the_last_one(log: Arc<dyn EventLog>) {
    let first = log.append(&stream("a"), batch(1, &["a", "b", "c"])).await.unwrap();
    let second = log.append(&stream("a"), batch(1, &["d"])).await.unwrap();
    assert_eq!(first, Appended { first_offset: 0, count: 3 });
    assert_eq!(second, Appended { first_offset: 3, count: 1 });
    assert_eq!(log.extent(&stream("a")).await.unwrap(), Extent { begin: 0, end: 4 });
    assert_eq!(read_all(&*log, &stream("a"), 0, 1000).await, texts(0, &["a", "b", "c", "d"]));
}

pub(crate) async fn an_unknown_stream_is_empty(log: Arc<dyn EventLog>) {
    assert_eq!(log.extent(&stream("a")).await.unwrap(), Extent { begin: 0, end: 0 });
    let chunk = log.read(&stream("a"), 0, 1000).await.unwrap();
    assert_eq!((chunk.batches.len(), chunk.next_offset), (0, 0));
    assert_eq!(log.position("detect", &stream("a")).await.unwrap(), None);
    assert_eq!(log.offset_at(&stream("a"), Timestamp::MIN).await.unwrap(), 0);
    assert_eq!(log.streams().await.unwrap(), []);
}

pub(crate) async fn an_empty_batch_writes_nothing(log: Arc<dyn EventLog>) {
    let nothing = log.append(&stream("a"), batch(1, &[])).await.unwrap();
    assert_eq!(nothing, Appended { first_offset: 0, count: 0 });
    assert_eq!(log.streams().await.unwrap(), []);
    log.append(&stream("a"), batch(1, &["a"])).await.unwrap();
    let nothing = log.append(&stream("a"), batch(1, &[])).await.unwrap();
    assert_eq!(nothing, Appended { first_offset: 1, count: 0 });
}

/// Law TENANT.
pub(crate) async fn streams_do_not_see_each_other(log: Arc<dyn EventLog>) {
    let dead = Stream { topic: Topic::Dead, ..stream("a") };
    let second = Stream { partition: 1, ..stream("a") };
    for (target, text) in [(stream("b"), "b"), (stream("a"), "a"), (dead.clone(), "d"), (second.clone(), "2")]
    {
        let appended = log.append(&target, batch(1, &[text])).await.unwrap();
        assert_eq!(appended.first_offset, 0);
    }
    assert_eq!(read_all(&*log, &stream("a"), 0, 1000).await, texts(0, &["a"]));
    assert_eq!(read_all(&*log, &stream("b"), 0, 1000).await, texts(0, &["b"]));
    assert_eq!(read_all(&*log, &dead, 0, 1000).await, texts(0, &["d"]));
    assert_eq!(log.streams().await.unwrap(), [stream("a"), second, dead, stream("b")]);
    log.commit("detect", &stream("a"), 1).await.unwrap();
    assert_eq!(log.position("detect", &stream("b")).await.unwrap(), None);
}

pub(crate) async fn a_read_may_start_inside_a_batch(log: Arc<dyn EventLog>) {
    log.append(&stream("a"), batch(1, &["a", "bb", "ccc"])).await.unwrap();
    log.append(&stream("a"), batch(1, &["d", "e"])).await.unwrap();
    let all = texts(0, &["a", "bb", "ccc", "d", "e"]);
    for from in 0..=5 {
        assert_eq!(read_all(&*log, &stream("a"), from, 1000).await, all[from as usize..], "from {from}");
    }
    let chunk = log.read(&stream("a"), 1, 1).await.unwrap();
    assert_eq!((chunk.batches[0].first_offset, chunk.batches[0].len(), chunk.batches[0].bytes()), (1, 2, 5));
    assert_eq!(chunk.batches[0].records().map(|(_, r)| r.position).collect::<Vec<_>>(), [2, 3]);
}

pub(crate) async fn a_read_keeps_its_limit_but_always_moves_on(log: Arc<dyn EventLog>) {
    let text = "x".repeat(1000);
    for _ in 0..10 {
        log.append(&stream("a"), batch(1, &[&text, &text])).await.unwrap();
    }
    let chunk = log.read(&stream("a"), 0, 0).await.unwrap();
    assert_eq!((chunk.batches.len(), chunk.next_offset), (1, 2));
    let chunk = log.read(&stream("a"), 0, 5000).await.unwrap();
    assert!((1..=2).contains(&chunk.batches.len()), "{} batches", chunk.batches.len());
    let chunk = log.read(&stream("a"), 0, usize::MAX).await.unwrap();
    assert_eq!((chunk.batches.len(), chunk.next_offset), (10, 20));
    for bytes_max in [0, 1, 2000, 4999] {
        assert_eq!(read_all(&*log, &stream("a"), 0, bytes_max).await.len(), 20);
    }
}

pub(crate) async fn a_read_beyond_the_end_is_refused(log: Arc<dyn EventLog>) {
    log.append(&stream("a"), batch(1, &["a"])).await.unwrap();
    assert_eq!(log.read(&stream("a"), 1, 1000).await.unwrap().next_offset, 1);
    let error = log.read(&stream("a"), 2, 1000).await.unwrap_err();
    assert!(matches!(error, LogError::BeyondEnd { offset: 2, end: 1, .. }), "{error}");
}

/// Law LIMIT.
pub(crate) async fn a_batch_over_the_limit_is_refused_whole(log: Arc<dyn EventLog>) {
    let mut long = batch(1, &["a"]);
    long.records[0].bytes = vec![b'x'; AppendBatch::BYTES_MAX];
    let mut many = batch(1, &[]);
    many.records = vec![OwnedRecord { position: 1, bytes: Vec::new() }; AppendBatch::RECORDS_MAX + 1];
    for refused in [long, many] {
        let error = log.append(&stream("a"), refused).await.unwrap_err();
        assert!(matches!(error, LogError::BatchTooLarge { .. }), "{error}");
    }
    assert_eq!(log.extent(&stream("a")).await.unwrap().end, 0);
}

pub(crate) async fn a_batch_at_the_limit_is_taken(log: Arc<dyn EventLog>) {
    let mut long = batch(1, &["a"]);
    // Noise, so that compression makes it longer.
    let mut state = 1_u64;
    let mut noise = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    let room = AppendBatch::BYTES_MAX - long.bytes() + 1;
    long.records[0].bytes = (0..room).map(|_| noise()).collect();
    assert_eq!(long.bytes(), AppendBatch::BYTES_MAX);
    let mut many = batch(1, &[]);
    let positions = (0..AppendBatch::RECORDS_MAX as u64).map(|n| if n % 2 == 0 { n } else { u64::MAX - n });
    many.records = positions.map(|position| OwnedRecord { position, bytes: b"y".to_vec() }).collect();
    for sent in [long, many] {
        let first = log.append(&stream("a"), sent.clone()).await.unwrap().first_offset;
        let chunk = log.read(&stream("a"), first, 1).await.unwrap();
        let back = chunk.batches[0].records().map(|(_, r)| (r.position, r.bytes));
        assert!(back.eq(sent.records.iter().map(|r| (r.position, r.bytes.as_slice()))));
    }
}

pub(crate) async fn wait_beyond_wakes_up_for_an_append(log: Arc<dyn EventLog>) {
    for offset in 0..3 {
        let waiter = tokio::spawn({
            let log = Arc::clone(&log);
            async move { log.wait_beyond(&stream("a"), offset).await }
        });
        tokio::task::yield_now().await;
        assert!(!waiter.is_finished());
        log.append(&stream("a"), batch(1, &["a"])).await.unwrap();
        waiter.await.unwrap().unwrap();
        assert_eq!(log.read(&stream("a"), offset, 1).await.unwrap().batches.len(), 1);
    }
}

pub(crate) async fn wait_beyond_returns_at_once_for_what_is_there(log: Arc<dyn EventLog>) {
    log.append(&stream("a"), batch(1, &["a", "b"])).await.unwrap();
    log.wait_beyond(&stream("a"), 0).await.unwrap();
    log.wait_beyond(&stream("a"), 1).await.unwrap();
}

pub(crate) async fn consumers_have_positions_of_their_own(log: Arc<dyn EventLog>) {
    log.append(&stream("a"), batch(1, &["a", "b", "c"])).await.unwrap();
    log.commit("detect", &stream("a"), 2).await.unwrap();
    log.commit("columns_2", &stream("a"), 3).await.unwrap();
    assert_eq!(log.position("detect", &stream("a")).await.unwrap(), Some(2));
    assert_eq!(log.position("columns_2", &stream("a")).await.unwrap(), Some(3));
    assert_eq!(log.position("other", &stream("a")).await.unwrap(), None);
    log.commit("detect", &stream("a"), 0).await.unwrap();
    assert_eq!(log.position("detect", &stream("a")).await.unwrap(), Some(0));
}

pub(crate) async fn consumer_names_that_could_leave_their_directory_are_refused(log: Arc<dyn EventLog>) {
    log.append(&stream("a"), batch(1, &["a"])).await.unwrap();
    for bad in ["", ".", "..", "a/b", "../x", "A", "-a", "a b", "a\0", "a.tmp", "ä", &"a".repeat(64)] {
        let error = log.commit(bad, &stream("a"), 1).await.unwrap_err();
        assert!(matches!(error, LogError::ConsumerName { .. }), "{bad:?}: {error}");
        let error = log.position(bad, &stream("a")).await.unwrap_err();
        assert!(matches!(error, LogError::ConsumerName { .. }), "{bad:?}: {error}");
    }
}

pub(crate) async fn a_consumer_cannot_commit_what_is_not_there(log: Arc<dyn EventLog>) {
    log.append(&stream("a"), batch(1, &["a"])).await.unwrap();
    let error = log.commit("detect", &stream("a"), 2).await.unwrap_err();
    assert!(matches!(error, LogError::BeyondEnd { .. }), "{error}");
    assert_eq!(log.position("detect", &stream("a")).await.unwrap(), None);
}

fn consumer(name: &str, position: u64, lag: u64) -> Consumer {
    Consumer { name: name.to_owned(), position, range: None, lag, skipped: 0 }
}

pub(crate) async fn consumers_are_listed_with_their_lag(log: Arc<dyn EventLog>) {
    assert_eq!(log.consumers(&stream("a")).await.unwrap(), []);
    assert_eq!(log.lag("detect", &stream("a")).await.unwrap(), None);
    log.append(&stream("a"), batch(1, &["a", "b", "c"])).await.unwrap();
    log.append(&stream("b"), batch(1, &["a"])).await.unwrap();
    log.commit("store", &stream("a"), 3).await.unwrap();
    log.commit("detect", &stream("a"), 1).await.unwrap();
    log.commit("detect", &stream("b"), 0).await.unwrap();
    let both = [consumer("detect", 1, 2), consumer("store", 3, 0)];
    assert_eq!(log.consumers(&stream("a")).await.unwrap(), both);
    assert_eq!(log.consumers(&stream("b")).await.unwrap(), [consumer("detect", 0, 1)]);
    log.append(&stream("a"), batch(1, &["d", "e"])).await.unwrap();
    assert_eq!(log.lag("detect", &stream("a")).await.unwrap(), Some(4));
    assert_eq!(log.lag("store", &stream("a")).await.unwrap(), Some(2));
    assert_eq!(log.lag("nobody", &stream("a")).await.unwrap(), None);
    log.lag("../a", &stream("a")).await.unwrap_err();
}

pub(crate) async fn a_forgotten_consumer_is_gone_and_may_come_back(log: Arc<dyn EventLog>) {
    assert!(!log.forget("detect", &stream("a")).await.unwrap());
    log.append(&stream("a"), batch(1, &["a", "b"])).await.unwrap();
    for position in [2, 1] {
        log.commit("detect", &stream("a"), position).await.unwrap();
        log.commit("store", &stream("a"), 2).await.unwrap();
        assert!(log.forget("detect", &stream("a")).await.unwrap());
        assert!(!log.forget("detect", &stream("a")).await.unwrap());
        assert_eq!(log.position("detect", &stream("a")).await.unwrap(), None);
        assert_eq!(log.consumers(&stream("a")).await.unwrap(), [consumer("store", 2, 0)]);
    }
    log.commit("detect", &stream("a"), 1).await.unwrap();
    assert_eq!(log.position("detect", &stream("a")).await.unwrap(), Some(1));
    let error = log.forget("../a", &stream("a")).await.unwrap_err();
    assert!(matches!(error, LogError::ConsumerName { .. }), "{error}");
}

pub(crate) async fn a_range_stays_with_its_consumer(log: Arc<dyn EventLog>) {
    log.append(&stream("a"), batch(1, &["a", "b", "c", "d"])).await.unwrap();
    let error = log.commit_range("again", &stream("a"), 1, 1..5).await.unwrap_err();
    assert!(matches!(error, LogError::BeyondEnd { offset: 5, end: 4, .. }), "{error}");
    log.commit_range("again", &stream("a"), 1, 1..3).await.unwrap();
    log.commit("again", &stream("a"), 2).await.unwrap();
    log.commit("again", &stream("a"), 2).await.unwrap();
    let known = Consumer { range: Some(1..3), ..consumer("again", 2, 1) };
    assert_eq!(log.consumers(&stream("a")).await.unwrap(), [known]);
    log.commit_range("again", &stream("a"), 2, 1..4).await.unwrap();
    assert_eq!(log.lag("again", &stream("a")).await.unwrap(), Some(2));
}

/// Law LIMIT.
pub(crate) async fn a_stream_has_a_bounded_number_of_consumers(log: Arc<dyn EventLog>) {
    for number in 0..CONSUMERS_MAX {
        log.commit(&format!("c{number}"), &stream("a"), 0).await.unwrap();
    }
    let error = log.commit("one-more", &stream("a"), 0).await.unwrap_err();
    assert!(matches!(error, LogError::ConsumersTooMany { .. }), "{error}");
    log.commit("c7", &stream("a"), 0).await.unwrap();
    log.commit("one-more", &stream("b"), 0).await.unwrap();
    log.forget("c7", &stream("a")).await.unwrap();
    log.commit("one-more", &stream("a"), 0).await.unwrap();
}

pub(crate) async fn offset_at_finds_the_first_batch_received_since(log: Arc<dyn EventLog>) {
    // Clocks jump: the batch at 15 arrives after the one at 20.
    for received in [10, 20, 15, 30] {
        log.append(&stream("a"), batch(received, &["x", "y"])).await.unwrap();
    }
    for (time, offset) in [(0, 0), (10, 0), (11, 2), (15, 2), (20, 2), (21, 6), (30, 6), (31, 8)] {
        let found = log.offset_at(&stream("a"), Timestamp::from_seconds(time)).await.unwrap();
        assert_eq!(found, offset, "at {time} s");
    }
}

pub(crate) async fn concurrent_appends_share_no_offset(log: Arc<dyn EventLog>) {
    let mut producers = Vec::new();
    for producer in 0..8 {
        let log = Arc::clone(&log);
        producers.push(tokio::spawn(async move {
            let mut acknowledged = Vec::new();
            for n in 0..20 {
                let sent = [format!("{producer}-{n}-a"), format!("{producer}-{n}-b")];
                let appended = log.append(&stream("a"), batch(1, &[&sent[0], &sent[1]])).await.unwrap();
                acknowledged.extend((appended.first_offset..).zip(sent));
            }
            assert!(acknowledged.is_sorted(), "one caller's appends are out of order");
            acknowledged
        }));
    }
    let mut acknowledged = Vec::new();
    for producer in producers {
        acknowledged.extend(producer.await.unwrap());
    }
    acknowledged.sort();
    assert_eq!(read_all(&*log, &stream("a"), 0, 100).await, acknowledged);
    assert_eq!(acknowledged.len(), 320);
}
