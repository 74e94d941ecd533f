//! Law SAME in segments of several row groups: what is asked of one is what the interpreter says of its rows, wherever they
//! stand. Groups differ in what they hold, and something to find stands at both sides of every border.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use parquet::file::reader::{FileReader as _, SerializedFileReader};
use sentra_kql::run::{Dataset, RunLimits, run};
use sentra_model::{Event, EventId, FieldValue, Mart, Position, Timestamp};
use sentra_store::{AskLimits, EmbeddedMarts, MartOptions, MartStore, MemoryMarts};

use crate::made::{batches, plan};
use crate::questions::Dice;
use crate::scans::files_below;
use crate::stores::{clock, now, scope};

/// As many rows stand in one row group.
const GROUP: u64 = 131_072;
/// What is in the large segment: a whole group, and another one whose last step is not whole. With a third one they would be
/// more than the interpreter holds.
const LARGE: u64 = GROUP + 9_000;
/// And all: a small segment beside it, and something in memory.
const EVENTS: u64 = LARGE + 300;
const BATCH: u64 = 32_768;
/// Between two events, in microseconds.
const STEP_MICROS: i64 = 10_000;

/// Where `offset` stands in the large segment: the newest first.
fn place(offset: u64) -> Option<u64> {
    (LARGE - 1).checked_sub(offset)
}

/// Whether it is the first or last row of a group.
fn is_at_border(offset: u64) -> bool {
    place(offset).is_some_and(|place| place.is_multiple_of(GROUP) || (place + 1).is_multiple_of(GROUP))
}

fn record(offset: u64, dice: &mut Dice) -> (Vec<u8>, Event<'static>) {
    let micros = now().micros() - 3_600_000_000 + i64::try_from(offset / 2 * 2).unwrap() * STEP_MICROS;
    let mut event = Event::new("syslog", Mart::LINUX, Timestamp::from_micros(micros));
    let group = place(offset).map(|place| place / GROUP);
    event.user = match group {
        Some(1) => format!("early{}", offset % 5).into(),
        _ => format!("zoltan{}", dice.below(400)).into(),
    };
    event.host = format!("srv-{}", dice.below(7)).into();
    event.src_port = u16::try_from(dice.below(50_000)).unwrap();
    let what = if is_at_border(offset) { "needle" } else { "login" };
    event.message = format!("{what} of {} number {offset}", event.user).into();
    event.push("path", FieldValue::Text(format!("/home/{}", offset % 97).into()));
    // Of the other group alone, of some of its rows.
    if group == Some(0) && offset.is_multiple_of(3) {
        event.push("later", FieldValue::Text(format!("m{}", offset % 11).into()));
    }
    if is_at_border(offset) {
        event.push("border", FieldValue::Text(offset.to_string().into()));
    }
    (format!("<38> {}", event.message).into_bytes(), event)
}

async fn fill(marts: &EmbeddedMarts, memory: &MemoryMarts) {
    let (own, mut dice, mut from) = (scope("own"), Dice::new(7), 0);
    while from < EVENTS {
        let flushed = [LARGE, LARGE + 200, EVENTS];
        let to = flushed.into_iter().find(|end| from < *end).unwrap().min(from + BATCH);
        let made = batches(from..to, |offset| record(offset, &mut dice));
        let next = Position { partition: 0, offset: to };
        memory.append(&own, made.clone(), next).await.unwrap();
        marts.append(&own, made, next).await.unwrap();
        if to < EVENTS && flushed.contains(&to) {
            marts.flush(&own).await.unwrap();
        }
        from = to;
    }
}

fn row_groups(dir: &Path) -> Vec<usize> {
    let mut files = Vec::new();
    files_below(dir, &mut files);
    let groups = |path| SerializedFileReader::new(File::open(path).unwrap()).unwrap().num_row_groups();
    let mut groups: Vec<usize> = files.into_iter().map(groups).collect();
    groups.sort_unstable();
    groups
}

/// Every way by which something is read, over all groups, over some and over one.
fn questions() -> Vec<String> {
    let moment = |offset: u64| {
        let micros = now().micros() - 3_600_000_000 + i64::try_from(offset).unwrap() * STEP_MICROS;
        format!("datetime({})", Timestamp::from_micros(micros))
    };
    // The newest of the older group, and the oldest of the other.
    let (newest, oldest) = (LARGE - 1 - GROUP, LARGE - GROUP);
    let fixed = [
        // Filters.
        "events | where user == 'zoltan7' and src_port < 20000 | summarize n = count(), last = max(time) by host | sort by host asc",
        "events | where src_port in (17, 4711, 49999) or host == 'srv-9' | sort by offset asc | project id, user, src_port",
        "events | where user startswith 'early' | count",
        "events | where not(user startswith 'zoltan') and offset > 5000 | summarize n = count() by user | sort by user asc",
        "events | where message matches regex 'number [0-9]*99999$' | project id, message",
        // Needles.
        "events | where message has 'needle' | project id, message, raw",
        "events | where raw contains 'needle of early' | project id",
        "events | where border != '' | project id, border, fields",
        "events | where * has '131072' | project id",
        "events | where raw has 'nothing' | count",
        // The newest.
        "events | take 9 | project id, user, message",
        "events | where offset < 131000 | take 9 | project id, user, message",
        "events | where user == 'early3' | take 5 | project id, raw",
        "events | where later == 'm4' | take 3 | project id, later, path",
        // The first by something.
        "events | sort by src_port desc, offset asc | take 12 | project id, src_port",
        "events | where later != '' | top 7 by offset asc | project id, later",
        "events | sort by message asc, offset desc | take 4 | project id, message",
        // Histograms and groups.
        "events | summarize n = count(), d = dcount(host) by bin(time, 1m) | sort by time asc",
        "events | summarize n = count(), low = min(src_port), high = max(src_port), m = max(time) by user | sort by user asc",
        "events | summarize n = count(), bytes = sum(strlen(raw)), first = min(offset) by host, mart | sort by host asc",
        // Map fields.
        "events | summarize n = count() by path | sort by n desc, path asc | take 20",
        "events | summarize n = count(), of = dcount(user) by later | sort by later asc",
        "events | where path endswith '/42' and later startswith 'm' | summarize n = count(), last = max(offset) by later | sort by later asc",
        "events | where isempty(path) or isnotempty(border) | project id, path",
        // Without pruning, by both sides.
        "events | where border != '' | join kind=inner (events | where message has 'needle' | project offset, text = message) on offset | sort by offset asc | project offset, text",
    ];
    let timed = [
        format!("events | where time >= {} | take 4 | project id", moment(oldest)),
        format!("events | where time <= {} | take 4 | project id, message", moment(newest)),
        format!("events | where time < {} and later != '' | count", moment(oldest + 400)),
        format!(
            "events | where time between ({} .. {}) | summarize n = count(), first = min(offset), last = max(offset)",
            moment(newest - 3),
            moment(oldest + 3)
        ),
        format!("events | where offset >= {} and offset <= {} | project id, raw", oldest - 2, oldest + 1),
        format!(
            "events | where id in ('raw.0.0', 'raw.0.{oldest}', 'raw.0.{newest}', 'raw.0.{}') | project id, fields, raw",
            newest + 1
        ),
    ];
    fixed.into_iter().map(str::to_owned).chain(timed).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn segments_of_several_row_groups_answer_as_their_rows_do() {
    let dir = tempfile::tempdir().unwrap();
    let options = MartOptions {
        memtable_bytes_max: u64::MAX,
        segment_bytes_max: u64::MAX,
        query_partitions: 2,
        ..MartOptions::default()
    };
    let marts = EmbeddedMarts::open(dir.path(), options, Arc::new(clock())).await.unwrap();
    let (memory, own) = (MemoryMarts::new(), scope("own"));
    fill(&marts, &memory).await;
    assert_eq!(row_groups(dir.path()), [1, 2], "one segment has several groups");

    let all = AskLimits { rows_max: usize::MAX, ..AskLimits::default() };
    let rows = memory.ask(&own, &plan("events"), &all).await.unwrap().rows;
    assert_eq!(rows.len() as u64, EVENTS);
    let data = Dataset::from([("events".to_owned(), rows)]);
    let (mut with_rows, questions) = (0, questions());
    for question in &questions {
        let plan = plan(question);
        let expected = run(&plan, &data, RunLimits::default()).unwrap();
        let answer = marts.ask(&own, &plan, &AskLimits::default()).await.unwrap();
        assert_eq!(answer.stopped_by, None, "{question}");
        assert_eq!(answer.rows, expected, "{question}");
        with_rows += usize::from(!expected.is_empty());
    }
    assert_eq!(with_rows, questions.len(), "every question finds something");

    let borders: Vec<EventId> =
        (0..EVENTS).filter(|offset| is_at_border(*offset)).map(|at| EventId::raw(0, at)).collect();
    assert_eq!(borders.len(), 3, "{borders:?}");
    assert_eq!(marts.events(&own, &borders).await.unwrap(), memory.events(&own, &borders).await.unwrap());
    let check = marts.check(&own, |_| ()).await.unwrap();
    assert_eq!((check.rows, check.problems.len()), (LARGE + 200, 0), "{check:?}");
}
