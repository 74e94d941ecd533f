//! Laws RAW and SAME under attack: whatever a raw record holds, it comes back byte for byte, from segments, from merged
//! segments and after a restart, and is found by its words. Records with the marks of the stored form are among them.

use std::sync::Arc;

use sentra_model::{Event, FieldValue, Mart, Position, Timestamp};
use sentra_store::{EmbeddedMarts, MartOptions, MartStore, MemoryMarts};

use crate::made::{all, batches, rows};
use crate::questions::Dice;
use crate::stores::{clock, now, scope};

const EVENTS: u64 = 240;
/// As many as are merged at once, whatever their age.
const FLUSHES: u64 = 40;
const PIECES: [&str; 24] = [
    "user=",
    "\"user\":\"",
    "\"",
    " ",
    "\u{2}tuser\u{3}",
    "\u{2}h",
    "\u{2}",
    "\u{3}",
    "\u{1f}",
    "\\",
    "\n",
    "7",
    "x9",
    "é",
    "\u{0}",
    "-",
    "zoltan",
    "{",
    "}",
    ":",
    "=",
    "2026-01-01T00:05:00Z",
    "Jan  1 00:05:00",
    "ΣΑΣ",
];

/// A record and its event: most records are made of the event's values, as records are.
fn record(offset: u64, dice: &mut Dice) -> (Vec<u8>, Event<'static>) {
    let mut text = |most: usize| -> String {
        let count = dice.below(most) + 1;
        (0..count).map(|_| PIECES[dice.below(PIECES.len())]).collect()
    };
    let time = Timestamp::from_seconds(
        now().micros() / 1_000_000 - 3_600 + i64::try_from(offset % 7).unwrap() * 300,
    );
    let mut event = Event::new("syslog", Mart::LINUX, time);
    let (user, path) = (format!("zoltan{}", offset % 9), text(3));
    event.user = user.clone().into();
    event.host = format!("srv-{}", offset % 4).into();
    event.message = format!("for {user} port {offset}").into();
    if !offset.is_multiple_of(6) {
        event.push("path", FieldValue::Text(path.clone().into()));
        event.push("number", FieldValue::Integer(i64::try_from(offset).unwrap()));
    }
    let raw = match offset % 8 {
        0 => Vec::new(),
        1 => [text(12).as_bytes(), &[0xff, 0xfe], user.as_bytes()].concat(),
        2 => text(40).repeat(2_000).into_bytes(),
        3 => format!("{{\"path\":{},\"number\":{offset},\"user\":\"{user}\"}}", serde_json::json!(path))
            .into_bytes(),
        4 => format!("{}{user}{}", text(3), text(3)).into_bytes(),
        _ => {
            format!("<38>1 {time} srv-{} sshd {offset} - - for {user} port {offset}", offset % 4).into_bytes()
        }
    };
    (raw, event)
}

async fn compare(marts: &EmbeddedMarts, memory: &MemoryMarts, raws: &[Vec<u8>], when: &str) {
    let (found, expected) = (all(marts, EVENTS).await, all(memory, EVENTS).await);
    assert_eq!(found.len(), raws.len(), "{when}");
    for ((found, expected), raw) in found.iter().zip(&expected).zip(raws) {
        assert!(found.raw == *raw, "{when}: {} came back as {:?}", String::from_utf8_lossy(raw), found.raw);
        assert_eq!(found, expected, "{when}");
    }
    for condition in [
        "raw has 'zoltan3'",
        "raw contains 'tuser'",
        "raw contains 'port 4'",
        "raw has '05'",
        "raw == ''",
        "raw has 'σας'",
    ] {
        for tail in [
            "project id, raw",
            "count",
            "summarize n = count() by raw | sort by raw asc",
            "sort by raw asc | take 3",
        ] {
            let question = format!("events | where {condition} | {tail}");
            assert_eq!(rows(marts, &question).await, rows(memory, &question).await, "{when}: {question}");
        }
    }
}

#[tokio::test]
async fn raw_records_come_back_whatever_they_hold() {
    let dir = tempfile::tempdir().unwrap();
    let own = scope("own");
    let (mut dice, mut raws) = (Dice::new(11), Vec::new());
    let memory = MemoryMarts::new();
    let marts = EmbeddedMarts::open(dir.path(), MartOptions::default(), Arc::new(clock())).await.unwrap();
    for flush in 0..FLUSHES {
        let (from, to) = (flush * EVENTS / FLUSHES, (flush + 1) * EVENTS / FLUSHES);
        let made = batches(from..to, |offset| {
            let (raw, event) = record(offset, &mut dice);
            raws.push(raw.clone());
            (raw, event)
        });
        let next = Position { partition: 0, offset: to };
        memory.append(&own, made.clone(), next).await.unwrap();
        marts.append(&own, made, next).await.unwrap();
        marts.flush(&own).await.unwrap();
    }
    compare(&marts, &memory, &raws, "from segments").await;
    let tended = marts.tend(&own, u64::MAX).await.unwrap();
    assert!(tended.segments_merged >= 2, "{tended:?}");
    compare(&marts, &memory, &raws, "from merged segments").await;
    let check = marts.check(&own, |_| ()).await.unwrap();
    assert_eq!((check.rows, check.problems.len()), (EVENTS, 0), "{check:?}");
    drop(marts);
    let marts = EmbeddedMarts::open(dir.path(), MartOptions::default(), Arc::new(clock())).await.unwrap();
    compare(&marts, &memory, &raws, "after a restart").await;
}
