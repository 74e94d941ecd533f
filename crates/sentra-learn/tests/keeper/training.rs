//! Models are trained, compared, taken over and taken back.

use sentra_learn::keeper::{KeeperSettings, ModelView};
use sentra_learn::registry::{ChangeKind, DriftLevel, ModelKind, RetrainReason};
use sentra_model::{EntityType, VerdictKind};

use crate::quiet::trained_run;
use crate::world::{DAY, HOUR, MONDAY, Run, Tale, at, rampage, work};

const KIND: ModelKind = ModelKind::UserActivity;

fn users(run: &Run, now: i64) -> ModelView {
    run.keeper.view(at(now)).models[1].clone()
}

#[test]
fn models_are_trained_on_schedule_and_run_in_shadow() {
    let mut run = Run::new(KeeperSettings::default());
    assert!(run.keeper.due(at(MONDAY)).is_none());
    run.happen(&work(60, 0, 2, 5), 4_096);
    let view = users(&run, MONDAY + 2 * DAY);
    assert!(view.training.missing.as_ref().is_some_and(|text| text.contains("of 3 days")), "{view:?}");
    assert_eq!(run.train(MONDAY + 2 * DAY), 0);
    run.happen(&work(60, 2, 7, 5), 4_096);
    let now = MONDAY + 7 * DAY;
    let job = run.keeper.due(at(now)).unwrap();
    assert_eq!(job.reason(), RetrainReason::Never);
    // One at a time, and one that is never heard of again is given up.
    assert!(run.keeper.due(at(now + 700)).is_none());
    assert!(users(&run, now).training.running_since.is_some() || job.kind() != KIND);
    assert!(run.keeper.due(at(now + 7 * HOUR)).is_some());
    run.keeper.trained(job.run(), at(now + 7 * HOUR)).unwrap();
    run.train(now + 15 * HOUR);
    let view = users(&run, now);
    let active = view.active.unwrap();
    assert!(view.shadow.is_none() && active.metrics["usual.hosts"] > 1.0);
    assert_eq!(active.created, at(now + 7 * HOUR));
    assert!(active.window.from >= at(MONDAY) && active.window.to <= at(now));
    // A week later the next one, in shadow, as nobody has labelled anything.
    run.happen(&work(60, 7, 15, 5), 4_096);
    let now = now + 8 * DAY;
    assert_eq!(users(&run, now).training.reason, Some(RetrainReason::Age));
    assert!(run.train(now) >= 2);
    let view = users(&run, now);
    assert_eq!(view.active.as_ref().unwrap().version, active.version);
    let shadow = view.shadow.unwrap().version;
    run.happen(&work(60, 15, 16, 5), 4_096);
    assert_eq!(run.train(now + HOUR), 0);
    assert_eq!(users(&run, now).active.unwrap().version, active.version);
    // Operators do as they like.
    assert_eq!(run.keeper.activate(KIND, None, "eve", at(now)).unwrap(), shadow);
    assert!(run.keeper.discard_shadow(KIND, "eve", at(now)).is_err());
    assert_eq!(run.keeper.roll_back(KIND, "eve", at(now)).unwrap(), active.version);
    assert!(run.keeper.roll_back(KIND, "eve", at(now)).is_err());
    assert!(run.keeper.activate(KIND, None, "eve", at(now)).is_err());
    assert!(run.keeper.activate(ModelKind::Anomaly, None, "eve", at(now)).is_err());
    assert_eq!(run.keeper.activate(KIND, Some(shadow), "eve", at(now)).unwrap(), shadow);
    let changes: Vec<ChangeKind> = users(&run, now).history.into_iter().map(|change| change.what).collect();
    assert!(changes.contains(&ChangeKind::RolledBack) && changes.contains(&ChangeKind::Shadowed));
}

/// Hours that were alerted and that analysts judged: `attacks` are rampages, the others are busy hours of help desk and
/// administrators.
fn label(run: &mut Run, day: i64, pairs: i64, offset: i64) {
    for number in 0..pairs {
        let (attack, harmless) =
            (format!("user{}", 2 * number + offset), format!("user{}", 2 * number + 1 + offset));
        let time = MONDAY + day * DAY + 10 * HOUR + number * 20;
        let mut tales = rampage(&attack, time, 12);
        tales.extend((0..25).map(|event| {
            let process = format!("/usr/bin/tool{}", event % 3);
            Tale { process, ..Tale::new(time + event, &harmless, "srv1") }
        }));
        tales.sort_by_key(|tale| tale.time);
        run.happen(&tales, 4_096);
        for (user, verdict) in [(&attack, VerdictKind::TruePositive), (&harmless, VerdictKind::FalsePositive)]
        {
            run.keeper.alerted(&[(EntityType::User, user)], at(time));
            let hour = (at(time), at(time + 600));
            run.keeper.verdict(&[(EntityType::User, user)], hour, verdict);
        }
    }
}

#[test]
fn a_shadow_takes_over_only_when_it_is_better_on_what_analysts_said() {
    let settings = KeeperSettings { activity_rows_max: 700, ..KeeperSettings::default() };
    let mut run = Run::new(settings);
    // In the first week everybody runs through hosts at noon, unseen: the first model takes that for normal.
    for day in 0..7 {
        let mut tales = work(60, day, day + 1, 5);
        for user in 0..40 {
            let time = MONDAY + day * DAY + 12 * HOUR + user * 30;
            tales.extend(rampage(&format!("user{user}"), time, 12));
        }
        tales.sort_by_key(|tale| tale.time);
        run.happen(&tales, 4_096);
    }
    let mut now = MONDAY + 7 * DAY;
    assert!(run.train(now) >= 2);
    let first = users(&run, now).active.unwrap().version;
    run.happen(&work(60, 7, 18, 5), 4_096);
    now += 11 * DAY;
    assert!(run.train(now) >= 2);
    let second = users(&run, now).shadow.unwrap().version;
    // Too few labels decide nothing.
    label(&mut run, 18, 10, 0);
    run.happen(&work(60, 19, 20, 5), 4_096);
    run.train(now + 2 * DAY);
    assert_eq!(users(&run, now).active.unwrap().version, first);
    label(&mut run, 20, 25, 0);
    run.happen(&work(60, 21, 22, 5), 4_096);
    now += 4 * DAY;
    run.train(now);
    let view = users(&run, now);
    assert!(view.labels.attacks >= 30 && view.labels.harmless >= 30, "{:?}", view.labels);
    assert_eq!(view.active.as_ref().unwrap().version, second, "{:?}", view.history.last());
    assert!(view.shadow.is_none());
    let compared = view.history.iter().find_map(|change| match &change.what {
        ChangeKind::Compared { comparison } => Some(**comparison),
        _ => None,
    });
    let comparison = compared.unwrap();
    assert!(comparison.shadow.unwrap().auc > comparison.active.unwrap().auc + 0.005);
    // The bad one again, in its shadow: it stays there.
    let back = run.keeper.roll_back(KIND, "eve", at(now)).unwrap();
    assert_eq!(back, first);
    run.keeper.activate(KIND, Some(second), "eve", at(now)).unwrap();
    run.happen(&work(60, 22, 30, 5), 4_096);
    now += 8 * DAY;
    assert!(run.train(now) >= 1);
    run.keeper.due(at(now + DAY));
    let view = users(&run, now);
    assert_eq!(view.active.unwrap().version, second, "the third is no better");
    let third = view.shadow.unwrap().version;
    assert_eq!(run.keeper.discard_shadow(KIND, "eve", at(now)).unwrap(), third);
    assert!(
        users(&run, now).shadow.is_none() && users(&run, now).others.iter().any(|card| card.version == third)
    );
}

#[test]
fn drift_is_reported_and_makes_a_training_due() {
    let mut run = trained_run(KeeperSettings::default());
    let now = MONDAY + 9 * DAY;
    run.happen(&work(120, 7, 9, 5), 4_096);
    run.train(now);
    let view = users(&run, now);
    assert!(view.drift.level < DriftLevel::Strong, "{:?}", view.drift);
    // A new source tells of everything eight times, on another host each.
    let mut tales = Vec::new();
    for tale in work(120, 9, 12, 5) {
        for number in 0..8 {
            let host = format!("{}-{number}", tale.host);
            tales.push(Tale { host, ..tale.clone() });
        }
    }
    let found = run.happen(&tales, 4_096);
    assert!(found.len() <= 3 * 3 * 20 + 3, "a flood of findings is cut off: {}", found.len());
    let now = MONDAY + 12 * DAY;
    let job = run.keeper.due(at(now)).unwrap();
    assert_eq!(job.reason(), RetrainReason::Drift);
    let view = users(&run, now);
    assert_eq!(view.drift.level, DriftLevel::Strong, "{:?}", view.drift);
    assert!(view.drift.report.unwrap().features[0].stability_index > 0.25);
}

#[test]
fn verdicts_make_a_training_due() {
    let mut settings = KeeperSettings::default();
    settings.retrain.verdicts = 10;
    let mut run = trained_run(settings);
    run.happen(&work(120, 7, 9, 5), 4_096);
    let now = MONDAY + 9 * DAY;
    run.train(now);
    assert_eq!(run.train(now + 3_600), 0);
    label(&mut run, 9, 6, 0);
    let job = run.keeper.due(at(now + DAY)).unwrap();
    assert!([RetrainReason::Verdicts, RetrainReason::Never].contains(&job.reason()));
    run.keeper.trained(job.run(), at(now + DAY)).unwrap();
    assert!(run.train(now + DAY) >= 1);
    let users = users(&run, now + DAY);
    assert!(users.shadow.is_some() && users.training.verdicts == 0, "{:?}", users.training);
}
