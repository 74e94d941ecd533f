//! What rollups answer is what the events would, whatever comes between: on disk, in memory, after crashes.

use std::path::Path;
use std::sync::Arc;

use sentra_kql::run::Halt;
use sentra_model::{ManualClock, Mart, RollupDefinition, TenantScope};

use crate::contract::fixture::{at, next, scope};
use crate::contract::plans::plan;
use crate::contract::rollups::{Play, batches, declared, rollup};
use crate::embedded::flush::Step;
use crate::embedded::{EmbeddedMarts, MartOptions};
use crate::{AskLimits, MartStore, ROLLUPS_MAX, Retention, RetentionPolicy, StoreError};

/// After everything invented: every window is over, and quiet.
const LATER: i64 = 7 * 86_400;

async fn open(dir: &Path) -> EmbeddedMarts {
    let options = MartOptions { flush_interval_ms: u64::MAX, ..MartOptions::default() };
    EmbeddedMarts::open(dir, options, Arc::new(ManualClock::new(at(LATER)))).await.unwrap()
}

/// Whether rollups answer; then it is what the events say.
async fn answered(marts: &EmbeddedMarts, scope: &TenantScope, question: &str) -> bool {
    let (plan, limits) = (plan(question), AskLimits::default());
    let expected = marts.answer_plan_until(scope, &plan, &limits, Halt::default()).await.unwrap();
    let Some(found) = marts.answer_by_rollups(scope, &plan, &limits).await.unwrap() else { return false };
    assert_eq!(found.columns, expected.columns, "{question}");
    assert_eq!(found.rows, expected.rows, "{question}: {:?}", found.engines);
    assert!(found.lineage.segments_by_rollup > 0 && !found.rollups.is_empty(), "{question}");
    true
}

const BY_ROLLUP: [&str; 17] = [
    "events | count",
    "linux | count",
    "events | summarize n = count() by bin(time, 1m)",
    "events | summarize n = count() by bin(time, 5m), user | where n > 3 | sort by n desc, user asc, time asc | take 3",
    "linux | summarize count() by user",
    "linux | where user == 'root' | summarize n = count() by bin(time, 3m) | sort by time asc",
    "events | summarize countif(user == 'root'), dcount(user), dcount(dst_port) by bin(time, 10m)",
    "events | summarize s = sum(severity), m = max(dst_port), f = min(time) by user",
    "events | summarize sumif(severity, user endswith 't') by mart",
    "events | where user in ('root', 'svc-backup') and user startswith 'r' | count",
    "events | extend day = startofday(time), who = toupper(user) | summarize count() by day, who",
    "events | where time >= datetime(2026-01-01T00:02:00Z) and time < datetime(2026-01-01T02:00:00Z) | summarize count() by user",
    "windows | where outcome == 'success' and severity > 0 | summarize count() by EventID",
    "windows | where severity > 0 and outcome == 'success' | summarize count() by tolower(user), bin(time, 2m)",
    "events | where user == 'nobody' | count",
    "events | summarize n = count() by user | join kind=inner (events | summarize m = count() by user) on user | project user, n, m | sort by user asc",
    "events | summarize n = count() by user, bin(time, 1h) | summarize max(n) by user | sort by user asc",
];

const BY_EVENTS: [&str; 10] = [
    "events | summarize count() by bin(time, 30s)",
    "events | where severity == 2 | count",
    "events | summarize avg(severity) by user",
    "events | summarize count() by user, process",
    "windows | where outcome == 'success' | summarize count() by EventID",
    "windows | where outcome == 'success' and severity > 0 and EventID == '4625' | count",
    "events | where not(time > datetime(2026-01-01T00:02:01Z)) | count",
    "events | where message has 'password' | summarize count() by user",
    "events | summarize n = count() by user | join kind=inner (linux) on user | project user, n, id",
    "events | where time between (datetime(2026-01-01T00:02:01Z) .. datetime(2026-01-01T00:02:30Z)) | count",
];

#[tokio::test]
async fn questions_go_where_their_answer_is() {
    let dir = tempfile::tempdir().unwrap();
    let ours = scope("ours");
    let marts = open(dir.path()).await;
    marts.declare_rollups(&ours, declared()).await.unwrap();
    // Memory alone spares nothing.
    marts.append(&ours, batches(&ours, 0..400), next(400)).await.unwrap();
    assert!(!answered(&marts, &ours, BY_ROLLUP[0]).await);
    marts.flush(&ours).await.unwrap();
    marts.append(&ours, batches(&ours, 400..600), next(600)).await.unwrap();
    for question in BY_ROLLUP {
        assert!(answered(&marts, &ours, question).await, "{question}");
    }
    for question in BY_EVENTS {
        assert!(!answered(&marts, &ours, question).await, "{question}");
    }
    let stats = marts.rollup_stats(&ours).await.unwrap();
    let names: Vec<&str> = stats.iter().map(|stats| stats.name.as_str()).collect();
    assert_eq!(names, ["users", "ports", "failures"]);
    assert_eq!((stats[0].segments, stats[0].segments_pending, stats[0].segments_wide), (2, 0, 0));
    assert_eq!((stats[0].events, stats[0].events_pending), (400, 200));
    assert!(
        stats[0].rows > 0 && stats[0].rows < 60 && stats[0].bytes > 0 && stats[0].answers > 0,
        "{stats:?}"
    );
    // What it costs is what is read, and less than the events.
    let counted = plan("events | summarize count() by user");
    let estimate = marts.estimate(&ours, &counted).await.unwrap();
    assert_eq!((estimate.segments(), estimate.bytes()), (0, 0));
    assert_eq!(estimate.rows(), stats[0].rows + 200);
    let answer = marts.ask(&ours, &counted, &AskLimits::default()).await.unwrap();
    assert_eq!(answer.rollups, ["users"]);
    assert_eq!((answer.lineage.segment_rows, answer.lineage.memory_rows), (0, 200));
    assert_eq!((answer.lineage.rollup_rows, answer.lineage.segments_by_rollup), (stats[0].rows, 2));
    assert_eq!(answer.segments.len(), 2);
}

/// Random appends, flushes, merges, retention, dropped marts, and a restart now and then.
#[tokio::test]
async fn random_questions_have_the_same_answer_after_restarts() {
    for seed in [1, 7, 20_261_122] {
        let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let (mut with, mut without) = (open(dirs[0].path()).await, open(dirs[1].path()).await);
        let mut play = Play::new(seed);
        for _ in 0..80 {
            if play.random(12) == 0 {
                drop((with, without));
                (with, without) = (open(dirs[0].path()).await, open(dirs[1].path()).await);
                for store in [&with, &without] {
                    let from = store.position(&play.scope, 0).await.unwrap();
                    let replayed = batches(&play.scope, from..play.end);
                    store.append(&play.scope, replayed, next(play.end)).await.unwrap();
                }
            }
            // Sometimes a store goes on for a while without being told.
            if play.random(3) != 0 {
                with.declare_rollups(&play.scope, declared()).await.unwrap();
            }
            play.step(&[&with, &without]).await;
            for _ in 0..3 {
                play.compare(&with, &without).await;
            }
        }
        assert!(play.by_rollup > 30, "{}", play.by_rollup);
    }
}

/// Laws SOURCE and IDENTITY: wherever the process ends, no event is counted twice or not at all.
#[tokio::test]
async fn a_crash_between_any_two_steps_counts_each_event_once() {
    let steps = [
        Step::Written,
        Step::Published,
        Step::Merged,
        Step::Replaced,
        Step::Doomed,
        Step::Retired,
        Step::Forgotten,
    ];
    for step in steps {
        let dir = tempfile::tempdir().unwrap();
        let ours = scope("ours");
        let marts = open(dir.path()).await;
        marts.declare_rollups(&ours, declared()).await.unwrap();
        for from in (0..160).step_by(8) {
            marts.append(&ours, batches(&ours, from..from + 8), next(from + 8)).await.unwrap();
            marts.flush(&ours).await.unwrap();
        }
        drop(marts);
        let marts = open(dir.path()).await;
        marts.declare_rollups(&ours, declared()).await.unwrap();
        marts.append(&ours, batches(&ours, 160..200), next(200)).await.unwrap();
        *marts.fail_at.lock().unwrap() = Some(step);
        let default = Retention { days: Some(1), bytes: None };
        let policy = RetentionPolicy { default, ..RetentionPolicy::default() };
        let failed = match step {
            Step::Written | Step::Published => marts.flush(&ours).await,
            Step::Merged | Step::Replaced | Step::Doomed => marts.tend(&ours, u64::MAX).await.map(|_| ()),
            Step::Retired => marts.retain(&ours, &policy, at(86_400 + 1_000)).await.map(|_| ()),
            Step::Forgotten => marts.drop_mart(&ours, &Mart::WINDOWS).await.map(|_| ()),
        };
        failed.unwrap_err();
        for question in BY_ROLLUP {
            answered(&marts, &ours, question).await;
        }
        drop(marts);
        let marts = open(dir.path()).await;
        marts.declare_rollups(&ours, declared()).await.unwrap();
        let from = marts.position(&ours, 0).await.unwrap();
        marts.append(&ours, batches(&ours, from..240), next(240)).await.unwrap();
        for _ in 0..2 {
            for question in BY_ROLLUP {
                let is_gone = step == Step::Forgotten && question.starts_with("windows");
                assert!(answered(&marts, &ours, question).await || is_gone, "{step:?} {question}");
            }
            marts.flush(&ours).await.unwrap();
            marts.tend(&ours, u64::MAX).await.unwrap();
        }
        let counted = marts.ask(&ours, &plan("events | count"), &AskLimits::default()).await.unwrap();
        if !matches!(step, Step::Retired | Step::Forgotten) {
            assert_eq!(counted.rows, [[sentra_kql::plan::Value::Long(240)]], "{step:?}");
        }
        assert!(marts.rollup_stats(&ours).await.unwrap().iter().all(|stats| stats.segments_pending == 0));
    }
}

/// One that is declared over stored events counts them by and by; until then they are asked.
#[tokio::test]
async fn a_rollup_declared_later_counts_what_was_there() {
    let dir = tempfile::tempdir().unwrap();
    let ours = scope("ours");
    let marts = open(dir.path()).await;
    for from in (0..400).step_by(100) {
        marts.append(&ours, batches(&ours, from..from + 100), next(from + 100)).await.unwrap();
        marts.flush(&ours).await.unwrap();
    }
    marts.declare_rollups(&ours, declared()).await.unwrap();
    assert_eq!(marts.rollup_stats(&ours).await.unwrap()[0].segments_pending, 8);
    assert!(!answered(&marts, &ours, BY_ROLLUP[0]).await);
    marts.append(&ours, batches(&ours, 400..500), next(500)).await.unwrap();
    marts.flush(&ours).await.unwrap();
    for question in BY_ROLLUP.iter().filter(|question| !question.contains("datetime")) {
        assert!(answered(&marts, &ours, question).await, "{question}");
    }
    assert!(marts.tend(&ours, u64::MAX).await.unwrap().rollup_parts >= 16);
    let stats = marts.rollup_stats(&ours).await.unwrap();
    assert!(stats.iter().all(|stats| stats.segments_pending == 0), "{stats:?}");
    assert_eq!(marts.tend(&ours, u64::MAX).await.unwrap().rollup_parts, 0);
    for question in BY_ROLLUP {
        assert!(answered(&marts, &ours, question).await, "{question}");
    }
    // One that is not declared any more answers nothing, and one that is declared otherwise counts otherwise.
    let severe = RollupDefinition { filter: "severity > 2".into(), ..declared().remove(0) };
    marts.declare_rollups(&ours, vec![severe]).await.unwrap();
    assert!(!answered(&marts, &ours, "events | summarize sum(severity) by user").await);
    marts.tend(&ours, u64::MAX).await.unwrap();
    assert!(answered(&marts, &ours, "events | where severity > 2 | summarize sum(severity) by user").await);
    assert!(!answered(&marts, &ours, "events | summarize sum(severity) by user").await);
}

/// A damaged segment is not in the answer, and the answer says so.
#[tokio::test]
async fn what_is_set_aside_is_not_counted() {
    let dir = tempfile::tempdir().unwrap();
    let ours = scope("ours");
    let marts = open(dir.path()).await;
    marts.declare_rollups(&ours, declared()).await.unwrap();
    for from in [0, 100] {
        marts.append(&ours, batches(&ours, from..from + 100), next(from + 100)).await.unwrap();
        marts.flush(&ours).await.unwrap();
    }
    drop(marts);
    let files = crate::embedded::tests::segment_files(dir.path());
    std::fs::write(&files[0], b"no parquet").unwrap();
    let marts = open(dir.path()).await;
    marts.declare_rollups(&ours, declared()).await.unwrap();
    for question in BY_ROLLUP {
        answered(&marts, &ours, question).await;
    }
    let answer = marts.ask(&ours, &plan("events | count"), &AskLimits::default()).await.unwrap();
    assert_eq!((answer.lineage.segments_unread, answer.rollups.len()), (1, 1));
    // The first file is that of the first events of Linux.
    assert_eq!(answer.rows, [[sentra_kql::plan::Value::Long(200 - 66)]]);
}

/// What makes a sound declaration unsound.
type Change<'a> = &'a dyn Fn(&mut RollupDefinition);

#[test]
fn what_cannot_be_kept_is_refused() {
    let check = |change: &dyn Fn(&mut RollupDefinition)| {
        let mut definition = rollup("r", "events", "", &["user"], &["sum(severity)"]);
        change(&mut definition);
        crate::check_rollup(&definition)
    };
    check(&|_| {}).unwrap();
    let bad: [(&str, Change); 14] = [
        ("name", &|r| r.name = "../x".into()),
        ("mart", &|r| r.mart = "No Such".into()),
        ("filter", &|r| r.filter = "user ==".into()),
        ("moment", &|r| r.filter = "time > ago(1h)".into()),
        ("pipe in a filter", &|r| r.filter = "user == 'x') | where (true".into()),
        ("two keys", &|r| r.keys = vec!["user, host".into()]),
        ("pipeline", &|r| r.keys = vec!["user | take 5".into()]),
        ("inner pipeline", &|r| r.keys = vec!["user) | summarize n = count() by t = bin(t, 1m), (k0".into()]),
        ("raw", &|r| r.keys = vec!["raw".into()]),
        ("fields", &|r| r.keys = vec!["fields".into()]),
        ("time", &|r| r.keys = vec!["time".into()]),
        ("average", &|r| r.aggregates = vec!["avg(severity)".into()]),
        ("text", &|r| r.aggregates = vec!["max(user)".into()]),
        ("many", &|r| r.keys = vec!["user".into(); 9]),
    ];
    for (what, change) in bad {
        assert!(matches!(check(change), Err(StoreError::Plan { .. })), "{what}");
    }
}

#[tokio::test]
async fn there_are_at_most_so_many() {
    let dir = tempfile::tempdir().unwrap();
    let marts = open(dir.path()).await;
    let many =
        |count: usize| (0..count).map(|n| rollup(&format!("r{n}"), "events", "", &["user"], &[])).collect();
    marts.declare_rollups(&scope("ours"), many(ROLLUPS_MAX)).await.unwrap();
    marts.declare_rollups(&scope("ours"), many(ROLLUPS_MAX + 1)).await.unwrap_err();
}
