//! Segments that are damaged, and what is read while they are.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use sea_orm::{ConnectionTrait, DbBackend, Statement};
use sentra_model::{EventId, Mart, Timestamp};

use super::tests::{LATER, all, days, in_small_segments, open, plan, whole};
use crate::contract::fixture::{at, batches, next, scope};
use crate::contract::marts::{END, take};
use crate::embedded::EmbeddedMarts;
use crate::embedded::tests::segment_files;
use crate::{AskLimits, DamagedSegment, MartQuery, MartStore, ReadBack, Shape, StoreError, Tended};

fn flip(file: &Path, place: usize) {
    let mut bytes = std::fs::read(file).unwrap();
    let place = place % bytes.len();
    bytes[place] ^= 0x55;
    std::fs::write(file, &bytes).unwrap();
}

async fn damaged(marts: &EmbeddedMarts) -> Vec<DamagedSegment> {
    marts.damaged(&scope("acme")).await.unwrap()
}

/// A damaged segment does not keep the others from being asked, and every answer says that it is missing.
#[tokio::test]
async fn a_segment_of_the_wrong_length_is_set_aside_when_the_store_is_opened() {
    type Damage = fn(&Path);
    let damages: [(Damage, &str); 3] = [
        (|file| std::fs::write(file, b"short").unwrap(), "it has 5 bytes"),
        (|file| std::fs::remove_file(file).unwrap(), "the file is missing"),
        (|file| File::append(file), "bytes, the manifest says"),
    ];
    for (damage, detail) in damages {
        let dir = tempfile::tempdir().unwrap();
        let tenant = scope("acme");
        let marts = in_small_segments(dir.path(), 40).await;
        drop(marts);
        let file = segment_files(dir.path()).remove(0);
        let kept = std::fs::read(&file).unwrap();
        damage(&file);
        let marts = open(dir.path()).await;
        assert_eq!((marts.open_report().segments, marts.open_report().segments_unread), (10, 1));
        let named = damaged(&marts).await;
        assert!(named[0].detail.contains(detail), "{named:?}");
        assert!(file.ends_with(&named[0].path));
        let answer = marts.search(&tenant, &take(None, 1_000)).await.unwrap();
        assert!(!answer.complete && answer.stopped_by.is_none());
        assert_eq!((answer.lineage.segments_considered, answer.lineage.segments_unread), (9, 1));
        assert_eq!(answer.rows.len() as u64, 40 - named[0].rows);
        let stats = marts.stats(&tenant).await.unwrap();
        assert_eq!(stats.iter().map(|stats| stats.rows_unread).sum::<u64>(), named[0].rows);
        let back = marts.read_back(&tenant, &ReadBack::default()).await.unwrap();
        assert_eq!(back.segments_unread, 1);
        // A question that has nothing to do with it is whole.
        let count =
            MartQuery { marts: Some(vec![Mart::WINDOWS]), shape: Shape::Count, ..MartQuery::default() };
        assert!(marts.search(&tenant, &count).await.unwrap().complete);
        for (text, unread) in [
            ("linux | count", 1),
            ("events | where user == 'root' | count", 1),
            ("windows | count", 0),
            ("linux | where time > datetime(2030-01-01) | count", 0),
            ("linux | where user == 'x' | where time > datetime(2030-01-01) or user == 'y' | count", 1),
            ("union windows, linux | count", 1),
        ] {
            let answer = marts.ask(&tenant, &plan(text), &AskLimits::default()).await.unwrap();
            assert_eq!(answer.lineage.segments_unread, unread, "{text}");
        }
        // It is not forgotten, and it is there again when somebody has put the file back.
        drop(marts);
        assert_eq!(open(dir.path()).await.open_report().segments_unread, 1);
        std::fs::write(&file, kept).unwrap();
        let marts = open(dir.path()).await;
        assert_eq!((marts.open_report().segments_unread, marts.open_report().segments_returned), (0, 1));
        assert_eq!(all(&marts).await, whole(40));
        assert_eq!(damaged(&marts).await, []);
    }
}

struct File;

impl File {
    fn append(file: &Path) {
        let mut bytes = std::fs::read(file).unwrap();
        bytes.push(0);
        std::fs::write(file, bytes).unwrap();
    }
}

/// Whatever byte has fallen over, no read panics, fails or gives an event that is not the one that was stored.
#[tokio::test]
async fn damage_met_by_a_search_is_set_aside_and_the_answer_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let tenant = scope("acme");
    drop(in_small_segments(dir.path(), 16).await);
    let file = segment_files(dir.path()).remove(0);
    let kept = std::fs::read(&file).unwrap();
    let mut places: Vec<usize> = (0..kept.len()).step_by(97).collect();
    places.extend([0, 4, kept.len() - 1, kept.len() - 6]);
    for place in &places {
        flip(&file, *place);
        let marts = open(dir.path()).await;
        assert_eq!(marts.open_report().segments_unread, 0, "its length is right");
        let answer = marts.search(&tenant, &take(None, 100)).await.unwrap();
        let asked = marts.ask(&tenant, &plan("events | take 100"), &AskLimits::default()).await.unwrap();
        let all: Vec<EventId> = (0..16).map(|offset| EventId::raw(0, offset)).collect();
        let events = marts.events(&tenant, &all).await.unwrap();
        let back = marts.read_back(&tenant, &ReadBack::default()).await.unwrap();
        // The file is one block: whoever reads anything of it notices.
        let named = damaged(&marts).await;
        let [named] = named.as_slice() else { panic!("{} are named at {place}", named.len()) };
        assert!(file.ends_with(&named.path));
        let rows = usize::try_from(16 - named.rows).unwrap();
        assert_eq!((answer.rows.len(), asked.rows.len(), events.len()), (rows, rows, rows), "{place}");
        assert_eq!((answer.complete, asked.lineage.segments_unread, back.segments_unread), (false, 1, 1));
        marts.tend(&tenant, u64::MAX).await.unwrap();
        let answer = marts.search(&tenant, &take(None, 100)).await.unwrap();
        assert_eq!((answer.complete, answer.lineage.segments_unread), (false, 1));
        drop(marts);
        std::fs::write(&file, &kept).unwrap();
        assert_eq!(open(dir.path()).await.open_report().segments_returned, 1);
    }
}

/// Wherever in a larger file a byte has fallen over: an answer is right, or says that a segment is missing in it.
#[tokio::test]
async fn no_answer_is_made_of_a_fallen_byte() {
    let dir = tempfile::tempdir().unwrap();
    let tenant = scope("acme");
    let marts = open(dir.path()).await;
    marts.append(&tenant, batches(&tenant, 0..30_000), next(30_000)).await.unwrap();
    marts.flush(&tenant).await.unwrap();
    drop(marts);
    let mut files = segment_files(dir.path());
    files.sort_by_key(|file| std::fs::metadata(file).unwrap().len());
    let file = files.pop().unwrap();
    let kept = std::fs::read(&file).unwrap();
    assert!(kept.len() > 100_000, "{} bytes are too few blocks", kept.len());
    let questions = [
        "events | count",
        "events | where user == 'root' | count",
        "events | where message has 'accepted' | summarize count() by user | sort by user asc",
        "events | summarize count(), max(time), dcount(message) by mart, bin(time, 1h) | sort by mart asc, time asc",
        "events | sort by time desc, id asc | take 3",
    ];
    let mut right = Vec::new();
    for text in questions {
        right.push(
            open(dir.path()).await.ask(&tenant, &plan(text), &AskLimits::default()).await.unwrap().rows,
        );
    }
    let (mut are_whole, mut are_partial) = (0, 0);
    // The last places are those of the page index and of the footer.
    let places =
        (0..kept.len()).step_by(kept.len() / 16).chain((kept.len() - 8_000..kept.len()).step_by(800));
    for place in places {
        flip(&file, place);
        let marts = open(dir.path()).await;
        for (text, right) in questions.iter().zip(&right) {
            let answer = marts.ask(&tenant, &plan(text), &AskLimits::default()).await.unwrap();
            match answer.lineage.segments_unread {
                0 => assert_eq!(&answer.rows, right, "{text} at {place}"),
                unread => assert_eq!(unread, 1, "{text} at {place}"),
            }
            are_whole += u64::from(answer.lineage.segments_unread == 0);
            are_partial += answer.lineage.segments_unread;
        }
        drop(marts);
        std::fs::write(&file, &kept).unwrap();
        assert!(open(dir.path()).await.open_report().segments_unread == 0);
    }
    assert!(are_whole > 0 && are_partial > 50, "{are_whole} whole, {are_partial} partial");
}

/// Segments of an earlier version have no checksums of their blocks.
#[tokio::test]
async fn a_segment_without_checksums_of_its_blocks_is_read_and_has_them_when_it_is_merged() {
    let dir = tempfile::tempdir().unwrap();
    let marts = in_small_segments(dir.path(), END).await;
    let sums = async |marts: &EmbeddedMarts| {
        let segments = marts.tenant(&scope("acme")).await.snapshot().segments;
        let with_sums = segments.iter().filter(|segment| segment.sums.get().is_some()).count();
        (with_sums, segments.len())
    };
    let (with_sums, before) = sums(&marts).await;
    assert_eq!(with_sums, before);
    let removed = marts.manifest.database.execute_unprepared("DELETE FROM segment_blocks").await.unwrap();
    assert_eq!(removed.rows_affected() as usize, before);
    drop(marts);
    let marts = open(dir.path()).await;
    assert_eq!(sums(&marts).await, (0, before));
    assert_eq!(all(&marts).await, whole(END));
    marts.tend(&scope("acme"), u64::MAX).await.unwrap();
    drop(marts);
    let marts = open(dir.path()).await;
    let (with_sums, after) = sums(&marts).await;
    assert!(with_sums > 0 && after < before, "{with_sums} of {after}");
    assert_eq!(all(&marts).await, whole(END));
    // Nothing is kept of segments that are gone.
    let rows = marts
        .manifest
        .database
        .query_one(Statement::from_string(DbBackend::Sqlite, "SELECT count(*) AS rows FROM segment_blocks"));
    let rows: i64 = rows.await.unwrap().unwrap().try_get("", "rows").unwrap();
    assert_eq!(usize::try_from(rows).unwrap(), with_sums);
}

#[tokio::test]
async fn a_file_that_goes_while_the_store_is_open_is_set_aside_by_the_search_that_misses_it() {
    let dir = tempfile::tempdir().unwrap();
    let tenant = scope("acme");
    let marts = in_small_segments(dir.path(), 40).await;
    let file: PathBuf = segment_files(dir.path()).remove(2);
    std::fs::remove_file(&file).unwrap();
    let answer = marts.search(&tenant, &take(None, 1_000)).await.unwrap();
    assert_eq!((answer.complete, answer.lineage.segments_unread), (false, 1));
    let named = damaged(&marts).await;
    assert_eq!(named[0].detail, "the file is missing");
    assert_eq!(answer.rows.len() as u64, 40 - named[0].rows);
    // What retention would remove is removed, damaged or not.
    marts.retain(&tenant, &days(1), at(40 * LATER)).await.unwrap();
    assert_eq!(damaged(&marts).await, []);
    assert_eq!(open_again(marts, dir.path()).await.open_report().segments, 0);
}

async fn open_again(marts: EmbeddedMarts, dir: &Path) -> EmbeddedMarts {
    drop(marts);
    open(dir).await
}

/// A merge reads whole files; what is damaged is set aside and the rest is merged.
#[tokio::test]
async fn a_merge_takes_no_damage_over() {
    let dir = tempfile::tempdir().unwrap();
    let tenant = scope("acme");
    let marts = in_small_segments(dir.path(), END).await;
    let file = segment_files(dir.path()).remove(3);
    flip(&file, 60);
    let tended = marts.tend(&tenant, u64::MAX).await.unwrap();
    assert_eq!((tended.segments_merged, tended.segments_made, tended.segments_damaged), (29, 2, 1));
    let named = damaged(&marts).await;
    assert_eq!(named[0].detail, "its checksum is not the manifest's");
    assert!(file.is_file(), "it is kept: maybe something can still be read from it");
    let answer = marts.search(&tenant, &take(None, 1_000)).await.unwrap();
    assert_eq!((answer.rows.len() as u64, answer.complete), (END - named[0].rows, false));
}

/// Errors that have nothing to do with files do not make the store read everything again.
#[tokio::test]
async fn what_fails_for_another_reason_starts_no_search_for_damage() {
    let dir = tempfile::tempdir().unwrap();
    let tenant = scope("acme");
    let marts = in_small_segments(dir.path(), 16).await;
    let request = ReadBack { condition: Some("1 / (offset - offset) = 1".to_owned()), ..ReadBack::default() };
    let error = marts.read_back(&tenant, &request).await.unwrap_err();
    assert_eq!(marts.tenant(&tenant).await.searched(), None::<Timestamp>, "{error:?}");
    assert_eq!(damaged(&marts).await, []);
}

/// Between the moment at which a read took its segments and the one at which it met the damaged one, another read set it
/// aside: that is no reason to fail.
#[tokio::test]
async fn a_read_that_meets_what_another_one_has_set_aside_meanwhile_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let tenant = scope("acme");
    let marts = in_small_segments(dir.path(), 40).await;
    let file = segment_files(dir.path()).remove(2);
    flip(&file, 60);
    let rounds = AtomicU64::new(0);
    let read = || async {
        if rounds.fetch_add(1, Ordering::Relaxed) == 0 {
            let answer = marts.search(&tenant, &take(None, 1_000)).await?;
            assert_eq!(answer.lineage.segments_unread, 1);
            return Err(StoreError::io("read", &file)(std::io::ErrorKind::InvalidData.into()));
        }
        Ok(())
    };
    marts.read(&tenant, read).await.unwrap();
    assert_eq!(rounds.load(Ordering::Relaxed), 2);
    assert_eq!(marts.tenant(&tenant).await.searched(), None::<Timestamp>, "nothing else was compared");
}

/// After a search for damage that found none, too: which file it is need not be searched.
#[tokio::test]
async fn a_file_that_cannot_be_read_is_set_aside_at_once() {
    type Damage = fn(&Path);
    let damages: [Damage; 2] =
        [|file| std::fs::remove_file(file).unwrap(), |file| std::fs::write(file, b"short").unwrap()];
    for damage in damages {
        let dir = tempfile::tempdir().unwrap();
        let tenant = scope("acme");
        let marts = in_small_segments(dir.path(), 40).await;
        marts.tenant(&tenant).await.is_searched(marts.clock.now());
        damage(&segment_files(dir.path()).remove(2));
        let answer = marts.search(&tenant, &take(None, 1_000)).await.unwrap();
        assert_eq!((answer.complete, answer.lineage.segments_unread), (false, 1));
        assert_eq!(answer.rows.len() as u64, 40 - damaged(&marts).await[0].rows);
    }
}

/// The manifest can be damaged as well as a file. The checksum of the whole file says which of the two it is.
#[tokio::test]
async fn wrong_checksums_of_blocks_are_put_right_and_missing_ones_are_made() {
    let dir = tempfile::tempdir().unwrap();
    let tenant = scope("acme");
    let marts = in_small_segments(dir.path(), 40).await;
    let one = "WHERE path = (SELECT min(path) FROM segment_blocks)";
    let changes = [
        // As many as the file has blocks.
        (format!("UPDATE segment_blocks SET sums = zeroblob(length(sums)) {one}"), 1),
        ("UPDATE segment_blocks SET sums = zeroblob(length(sums))".to_owned(), 10),
        (format!("UPDATE segment_blocks SET sums = x'00' {one}"), 1),
        ("DELETE FROM segment_blocks".to_owned(), 10),
    ];
    let segments = marts.tenant(&tenant).await.snapshot().segments;
    let mut marts = marts;
    for (change, rows) in changes {
        let changed = marts.manifest.database.execute_unprepared(&change).await.unwrap();
        assert_eq!(changed.rows_affected(), rows);
        for _ in 0..2 {
            marts = open_again(marts, dir.path()).await;
            assert_eq!(all(&marts).await, whole(40), "{change}");
            assert_eq!(damaged(&marts).await, []);
        }
        // What nobody asks for is compared from time to time.
        marts
            .verify_some(&tenant, &*marts.tenant(&tenant).await, u64::MAX, &mut Tended::default())
            .await
            .unwrap();
        marts = open_again(marts, dir.path()).await;
        let mut now = marts.tenant(&tenant).await.snapshot().segments;
        now.sort_by(|one, two| one.path.cmp(&two.path));
        let mut before = segments.clone();
        before.sort_by(|one, two| one.path.cmp(&two.path));
        assert_eq!(now, before, "{change}");
    }
}

/// Where both are damaged, the file is.
#[tokio::test]
async fn right_checksums_of_blocks_are_not_made_of_a_wrong_file() {
    let dir = tempfile::tempdir().unwrap();
    let tenant = scope("acme");
    let marts = in_small_segments(dir.path(), 40).await;
    let change = "DELETE FROM segment_blocks";
    marts.manifest.database.execute_unprepared(change).await.unwrap();
    flip(&segment_files(dir.path()).remove(2), 60);
    let marts = open_again(marts, dir.path()).await;
    marts
        .verify_some(&tenant, &*marts.tenant(&tenant).await, u64::MAX, &mut Tended::default())
        .await
        .unwrap();
    let answer = marts.search(&tenant, &take(None, 1_000)).await.unwrap();
    assert_eq!((answer.complete, answer.lineage.segments_unread), (false, 1));
    let named = damaged(&marts).await;
    assert_eq!(answer.rows.len() as u64, 40 - named[0].rows);
    // All others have them.
    let segments = marts.tenant(&tenant).await.snapshot().segments;
    assert!(segments.len() == 9 && segments.iter().all(|segment| segment.sums.get().is_some()));
    let database = &marts.manifest.database;
    let count = async |which: &str| {
        let asked = format!("SELECT count(*) AS n FROM segment_blocks {which}");
        let asked = Statement::from_string(DbBackend::Sqlite, asked);
        database.query_one(asked).await.unwrap().unwrap().try_get::<i64>("", "n").unwrap()
    };
    assert_eq!(count("").await, 9);
    assert_eq!(count(&format!("WHERE path = '{}'", named[0].path)).await, 0);
}

/// Between the moment at which a read met wrong checksums and the one at which it looks for them, another one has put them
/// right: that is no reason to fail.
#[tokio::test]
async fn a_read_that_meets_what_another_one_has_put_right_meanwhile_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let tenant = scope("acme");
    let marts = in_small_segments(dir.path(), 40).await;
    let change = "UPDATE segment_blocks SET sums = zeroblob(length(sums))";
    marts.manifest.database.execute_unprepared(change).await.unwrap();
    let marts = open_again(marts, dir.path()).await;
    // As if everything had been searched just now, so that nobody finds anything by chance.
    marts.tenant(&tenant).await.is_searched(marts.clock.now());
    let rounds = AtomicU64::new(0);
    let read = || async {
        if rounds.fetch_add(1, Ordering::Relaxed) == 0 {
            assert_eq!(marts.search(&tenant, &take(None, 1_000)).await?.rows.len(), 40);
            return Err(StoreError::io("read", dir.path())(std::io::ErrorKind::InvalidData.into()));
        }
        Ok(())
    };
    marts.read(&tenant, read).await.unwrap();
    assert_eq!(rounds.load(Ordering::Relaxed), 2);
    assert_eq!(damaged(&marts).await, []);
}
