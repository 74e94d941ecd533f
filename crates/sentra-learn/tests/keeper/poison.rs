//! Who ramps up slowly, and what is learnt of what was alerted.

use sentra_learn::keeper::KeeperSettings;
use sentra_learn::registry::ModelKind;
use sentra_model::{EntityType, VerdictKind};

use crate::quiet::trained_run;
use crate::world::{DAY, HOUR, MONDAY, Run, Tale, at, rampage, work};

/// Weeks in which user17 does a little more every day, from 2 hosts an hour to 40. Gives with how many the first
/// report came.
fn ramp(run: &mut Run, is_activated_weekly: bool) -> Option<i64> {
    for day in 7..56 {
        let hosts = 2 + (day - 7) * 38 / 49;
        let mut tales: Vec<Tale> = work(60, day, day + 1, 5);
        tales.extend(rampage("user17", MONDAY + day * DAY + 10 * HOUR, hosts));
        tales.sort_by_key(|tale| tale.time);
        let found = run.happen(&tales, 4_096);
        let about = |name: &str, kind: &str| {
            found.iter().any(|found| found.detector.id == kind && found.entities[0].value == name)
        };
        if about("user17", "model.user_activity") {
            return Some(hosts);
        }
        let now = at(MONDAY + (day + 1) * DAY);
        run.train(MONDAY + (day + 1) * DAY);
        if is_activated_weekly && day % 7 == 0 {
            for kind in [ModelKind::UserActivity, ModelKind::HostActivity] {
                // There is none where no training was due.
                let _ = run.keeper.activate(kind, None, "eve", now);
            }
        }
    }
    None
}

#[test]
fn a_slow_ramp_is_reported_when_it_leaves_what_the_model_knows() {
    let hosts = ramp(&mut trained_run(KeeperSettings::default()), false);
    assert!(hosts.is_some_and(|hosts| hosts <= 20), "{hosts:?}");
}

#[test]
fn a_slow_ramp_is_reported_even_if_every_new_model_is_activated_by_hand() {
    let hosts = ramp(&mut trained_run(KeeperSettings::default()), true);
    assert!(hosts.is_some_and(|hosts| hosts <= 30), "{hosts:?}");
}

#[test]
fn what_was_alerted_is_not_learnt_until_an_analyst_clears_it() {
    let mut run = Run::new(KeeperSettings::default());
    run.happen(&work(30, 0, 2, 5), 1_000);
    let night = MONDAY + 2 * DAY + 3 * HOUR;
    run.happen(&rampage("user9", night, 10), 1_000);
    let user = [(EntityType::User, "user9")];
    run.keeper.alerted(&user, at(night + 60));
    run.happen(&work(30, 2, 5, 5), 1_000);
    let users = |run: &Run| run.keeper.view(at(MONDAY)).models[1].clone();
    let (before, labels) = (users(&run).counters, users(&run).labels);
    assert!(before.alerted >= 1 && before.learnt > 200, "{before:?}");
    assert!(labels.open >= 1 && labels.attacks + labels.harmless == 0, "{labels:?}");
    let times = (at(night), at(night + HOUR - 1));
    assert!(run.keeper.verdict(&user, times, VerdictKind::Benign) >= 1);
    assert_eq!(users(&run).labels.harmless, 1);
    assert!(users(&run).training.missing.is_some() || users(&run).training.next.is_some());
    // They change their mind.
    assert!(run.keeper.verdict(&user, times, VerdictKind::TruePositive) >= 1);
    assert_eq!((users(&run).labels.harmless, users(&run).labels.attacks), (0, 1));
    assert_eq!(users(&run).training.verdicts, 2);
    // What nobody ever saw does not become a case.
    assert_eq!(run.keeper.verdict(&[(EntityType::Ip, "10.0.0.1")], times, VerdictKind::Benign), 0);
}
