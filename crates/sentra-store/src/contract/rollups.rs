//! Law SAME for rollups: an answer is the same with and without them, whatever happens to the events in between.

use std::collections::BTreeMap;

use sentra_kql::plan::Value;
use sentra_model::{
    BatchBuilder, Event, EventBatch, EventId, Mart, Outcome, RawRecord, RollupDefinition, RollupGrain,
    Severity, TenantScope,
};

use super::fixture::{at, next, scope, source};
use super::plans::plan;
use crate::{AskLimits, MartStore, Retention, RetentionPolicy};

const DAY_SECONDS: i64 = 86_400;

pub(crate) fn rollup(
    name: &str,
    mart: &str,
    filter: &str,
    keys: &[&str],
    aggregates: &[&str],
) -> RollupDefinition {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    RollupDefinition {
        name: name.into(),
        mart: mart.into(),
        filter: filter.into(),
        keys: texts(keys),
        aggregates: texts(aggregates),
        grain: RollupGrain::Minute,
        changed_by: "ana".into(),
        time: None,
    }
}

pub(crate) fn declared() -> Vec<RollupDefinition> {
    let hourly = RollupDefinition {
        grain: RollupGrain::Hour,
        ..rollup("users", "events", "", &["user"], &["sum(severity)", "max(dst_port)", "min(time)"])
    };
    let failures = rollup(
        "failures",
        "windows",
        "outcome == 'success' and severity > 0",
        &["EventID", "tolower(user)"],
        &["sum(tolong(big))"],
    );
    vec![hourly, rollup("ports", "events", "", &["user", "dst_port"], &["sum(severity)"]), failures]
}

/// What happens to stores, by chance.
#[derive(Debug, Clone)]
pub(crate) struct Play {
    state: u64,
    /// The offset of the next event.
    pub(crate) end: u64,
    pub(crate) scope: TenantScope,
    /// Questions that rollups answered.
    pub(crate) by_rollup: u32,
}

impl Play {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed, end: 0, scope: scope("ours"), by_rollup: 0 }
    }

    pub(crate) fn random(&mut self, below: u64) -> u64 {
        self.state =
            self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.state >> 33) % below
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[usize::try_from(self.random(all.len() as u64)).unwrap()]
    }

    /// Does the same to all stores.
    pub(crate) async fn step(&mut self, stores: &[&dyn MartStore]) {
        let scope = self.scope.clone();
        let act = self.random(20);
        let more = 1 + self.random(60);
        let cut = at(i64::try_from(self.random(self.end + 1)).unwrap() * 20 + DAY_SECONDS);
        for store in stores {
            match act {
                0..=8 => {
                    let events = batches(&scope, self.end..self.end + more);
                    store.append(&scope, events, next(self.end + more)).await.unwrap();
                }
                9..=14 => store.flush(&scope).await.unwrap(),
                15..=17 => _ = store.tend(&scope, u64::MAX).await.unwrap(),
                18 => {
                    let default = Retention { days: Some(1), bytes: None };
                    let policy = RetentionPolicy { default, ..RetentionPolicy::default() };
                    store.retain(&scope, &policy, cut).await.unwrap();
                }
                _ => _ = store.drop_mart(&scope, &Mart::WINDOWS).await.unwrap(),
            }
        }
        self.end += if act <= 8 { more } else { 0 };
    }

    /// A question that a rollup may have the answer to.
    pub(crate) fn question(&mut self) -> String {
        if self.random(6) == 0 {
            let tail = self.one_of(&["", ", tolower(user)", ", bin(time, 5m)"]);
            return format!(
                "windows | where outcome == 'success' and severity > 0 | summarize n = count(), s = sum(tolong(big)) by EventID{tail}"
            );
        }
        let mut question = self.one_of(&["events", "linux", "windows"]).to_owned();
        if self.random(4) != 0 {
            let seconds = self.end * 20 + 600;
            let (from, length) = (self.random(seconds), self.random(seconds));
            let unit = self.one_of(&[1, 60, 3_600]);
            let moment =
                |second: u64| format!("datetime({})", at(i64::try_from(second / unit * unit).unwrap()));
            question.push_str(&format!(" | where time >= {}", moment(from)));
            if self.random(2) == 0 {
                question.push_str(&format!(" and time < {}", moment(from + length)));
            }
        }
        if self.random(3) == 0 {
            let user = self.one_of(&["root", "ROOT", "nobody"]);
            question.push_str(&format!(" | where user == '{user}'"));
        }
        question.push_str(self.one_of(&[
            " | summarize n = count()",
            " | summarize n = count(), s = sum(severity)",
            " | summarize m = max(dst_port), f = min(time), c = countif(user == 'root')",
            " | summarize d = dcount(user), n = sumif(severity, user startswith 'r')",
        ]));
        let keys = [
            "user",
            "dst_port",
            "mart",
            "bin(time, 1m)",
            "bin(time, 7m)",
            "bin(time, 1h)",
            "startofday(time)",
        ];
        let chosen: Vec<&str> = keys.into_iter().filter(|_| self.random(4) == 0).collect();
        if !chosen.is_empty() {
            question.push_str(&format!(" by {}", chosen.join(", ")));
        }
        if self.random(5) == 0 {
            question.push_str(" | summarize count()");
        }
        question
    }

    /// Asks both stores the same.
    pub(crate) async fn compare(&mut self, with: &dyn MartStore, without: &dyn MartStore) {
        let question = self.question();
        let (plan, limits) = (plan(&question), AskLimits::default());
        let found = with.ask(&self.scope, &plan, &limits).await.unwrap();
        let expected = without.ask(&self.scope, &plan, &limits).await.unwrap();
        assert!(expected.rollups.is_empty(), "{question}");
        assert_eq!(found.columns, expected.columns, "{question}");
        assert_eq!(found.rows, expected.rows, "{question}: {:?}", found.engines);
        self.by_rollup += u32::from(!found.rollups.is_empty());
    }
}

/// The invented events at `offsets`: twenty seconds apart, some of them late.
pub(crate) fn batches(tenant: &TenantScope, offsets: std::ops::Range<u64>) -> Vec<EventBatch> {
    let users = ["root", "Äsa", "ROOT", "", "svc-backup"];
    let mut builders: BTreeMap<Mart, BatchBuilder> = BTreeMap::new();
    for offset in offsets {
        let mart = if offset.is_multiple_of(3) { Mart::WINDOWS } else { Mart::LINUX };
        let late = if offset % 11 == 7 { 900 } else { 0 };
        let time = at(i64::try_from(offset).unwrap() * 20 - late)
            .plus_micros(i64::try_from(offset % 1_000).unwrap());
        let code = (4_624 + offset % 3).to_string();
        let mut event = Event::new("syslog", mart.clone(), time);
        event.user = users[usize::try_from(offset % 5).unwrap()].into();
        event.dst_port = [0, 22, 3389][usize::try_from(offset / 2 % 3).unwrap()];
        event.severity = Severity::from_ocsf(u8::try_from(offset % 6).unwrap());
        event.outcome = if offset.is_multiple_of(2) { Outcome::Failure } else { Outcome::Success };
        event.push("EventID", code.as_str());
        // Sums of these are beyond what a number holds, sometimes.
        event.push("big", if offset % 41 == 3 { "9223372036854775000" } else { "7" });
        let source = source();
        let record = RawRecord { source: &source, position: offset + 1, received: at(5_000), bytes: b"raw" };
        let builder = builders
            .entry(mart.clone())
            .or_insert_with(|| BatchBuilder::new(tenant.tenant().clone(), mart.clone()));
        builder.push(EventId::raw(0, offset), &record, &event).unwrap();
    }
    builders.into_values().map(|mut builder| builder.finish().unwrap()).collect()
}

pub(crate) async fn answers_are_the_same_with_and_without_rollups(
    with: &dyn MartStore,
    without: &dyn MartStore,
) {
    let mut play = Play::new(0x2026_1122);
    with.declare_rollups(&play.scope, declared()).await.unwrap();
    for _ in 0..60 {
        play.step(&[with, without]).await;
        for _ in 0..3 {
            play.compare(with, without).await;
        }
    }
    let keeps = with.rollup_stats(&play.scope).await.unwrap().iter().any(|stats| stats.answers > 0);
    assert_eq!(keeps, play.by_rollup > 0);
}

/// Law TENANT: a rollup counts its own tenant's events.
pub(crate) async fn rollups_are_the_tenants_own(store: &dyn MartStore) {
    let (ours, others) = (scope("ours"), scope("others"));
    for scope in [&ours, &others] {
        store.declare_rollups(scope, declared()).await.unwrap();
    }
    store.append(&others, batches(&others, 0..90), next(90)).await.unwrap();
    store.flush(&others).await.unwrap();
    store.append(&ours, batches(&ours, 0..30), next(30)).await.unwrap();
    store.flush(&ours).await.unwrap();
    for (scope, count) in [(&ours, 30), (&others, 90)] {
        let counted = plan("events | summarize n = count() by bin(time, 1h) | summarize sum(n)");
        let answer = store.ask(scope, &counted, &AskLimits::default()).await.unwrap();
        assert_eq!(answer.rows, [[Value::Long(count)]]);
    }
    store.declare_rollups(&ours, Vec::new()).await.unwrap();
    assert!(store.rollup_stats(&ours).await.unwrap().is_empty());
}
