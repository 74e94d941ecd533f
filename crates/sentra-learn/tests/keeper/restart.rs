//! Everything survives a restart, and what is broken costs no more than itself.

use std::collections::BTreeMap;

use sentra_learn::keeper::{Keeper, KeeperFinding, KeeperSettings, ROW_BYTES_MAX, StateRow};
use sentra_learn::registry::ModelKind;
use sentra_model::{EntityType, VerdictKind};

use crate::world::{DAY, HOUR, MONDAY, Run, at, rampage, work};

type Store = BTreeMap<Vec<u8>, Vec<u8>>;

fn save(keeper: &mut Keeper, store: &mut Store) {
    for (key, row) in keeper.take_changes() {
        assert!(row.as_ref().is_none_or(|row| row.len() <= ROW_BYTES_MAX + 64) && key.len() < 64);
        match row {
            Some(row) => store.insert(key, row),
            None => store.remove(&key),
        };
    }
}

fn assert_same(left: &[StateRow], right: &[StateRow]) {
    let keys = |rows: &[StateRow]| -> Vec<Vec<u8>> { rows.iter().map(|(key, _)| key.clone()).collect() };
    assert_eq!(keys(left), keys(right));
    for ((key, left), (_, right)) in left.iter().zip(right) {
        let text = |row: &Option<Vec<u8>>| row.as_ref().map(|row| String::from_utf8_lossy(row).into_owned());
        assert!(left == right, "{key:?}\n{:?}\n{:?}", text(left), text(right));
    }
}

fn restored(store: &Store, offset: u64) -> Run {
    let (keeper, broken) = Keeper::restore("acme".parse().unwrap(), KeeperSettings::default(), store.clone());
    assert_eq!(broken, 0);
    Run { keeper, offset }
}

/// A week with models, alerts, verdicts and a shadow; its stored rows.
fn lived() -> (Run, Store) {
    let (mut run, mut store) = (Run::new(KeeperSettings::default()), Store::new());
    for day in 0..15 {
        run.happen(&work(60, day, day + 1, 5), 1_000);
        if day == 9 {
            let (user, time) = ([(EntityType::User, "user17")], MONDAY + day * DAY + 10 * HOUR);
            run.happen(&rampage("user17", time, 20), 500);
            run.keeper.alerted(&user, at(time));
            run.keeper.verdict(&user, (at(time), at(time + 600)), VerdictKind::TruePositive);
        }
        save(&mut run.keeper, &mut store);
        if day == 6 || day == 14 {
            run.train(MONDAY + (day + 1) * DAY);
            save(&mut run.keeper, &mut store);
        }
    }
    (run, store)
}

#[test]
fn a_restart_changes_nothing() {
    let (mut run, store) = lived();
    let mut other = restored(&store, run.offset);
    assert_eq!(other.keeper.take_changes(), [], "what was put back is not changed");
    let (live, back) = (run.keeper.view(at(MONDAY)), other.keeper.view(at(MONDAY)));
    assert!(live.models[1].active.is_some() && live.models[1].shadow.is_some());
    assert_eq!(live.activity, back.activity);
    for (live, back) in live.models.iter().zip(&back.models) {
        assert_eq!((&live.active, &live.shadow, &live.others), (&back.active, &back.shadow, &back.others));
        assert_eq!((&live.history, &live.labels), (&back.history, &back.labels));
        assert_eq!(live.counters.reported, back.counters.reported);
    }
    let mut found: Vec<KeeperFinding> = Vec::new();
    for day in 15..18 {
        let mut tales = work(60, day, day + 1, 5);
        tales.extend(rampage("user21", MONDAY + day * DAY + 9 * HOUR, 20));
        tales.sort_by_key(|tale| tale.time);
        let (one, two) = (run.happen(&tales, 1_000), other.happen(&tales, 1_000));
        assert_eq!(one, two, "day {day}");
        found.extend(one);
        assert_same(&run.keeper.take_changes(), &other.keeper.take_changes());
    }
    assert!(found.iter().any(|found| found.detector.id == "model.user_activity"));
    let now = at(MONDAY + 18 * DAY);
    for run in [&mut run, &mut other] {
        run.keeper.activate(ModelKind::UserActivity, None, "eve", now).unwrap();
    }
    let rows = run.keeper.take_changes();
    assert_same(&rows, &other.keeper.take_changes());
    // Retraining gives the same model on both sides.
    let jobs = [&mut run, &mut other].map(|run| run.train(MONDAY + 23 * DAY));
    assert!(jobs[0] >= 2 && jobs[0] == jobs[1]);
    assert_same(&run.keeper.take_changes(), &other.keeper.take_changes());
}

#[test]
fn broken_rows_are_left_out_and_counted() {
    let (run, store) = lived();
    let acme = || "acme".parse().unwrap();
    let damages: [fn(usize, &mut Vec<u8>); 4] = [
        |_, row| row.truncate(row.len() / 2),
        |_, row| row.clear(),
        |number, row| {
            let place = number % row.len().max(1);
            if let Some(byte) = row.get_mut(place) {
                *byte ^= 0xff;
            }
        },
        |_, row| row.extend([7; 9]),
    ];
    for (kind, damage) in damages.iter().enumerate() {
        for every in [1, 3, 50] {
            let mut store = store.clone();
            for (number, row) in store.values_mut().enumerate().filter(|(number, _)| number % every == 0) {
                damage(number, row);
            }
            let (keeper, broken) = Keeper::restore(acme(), KeeperSettings::default(), store);
            // A flipped bit of a count is a count.
            assert!(broken > 0 || kind == 2, "damage {kind} of every {every}");
            let mut back = Run { keeper, offset: run.offset };
            back.happen(&work(30, 15, 17, 5), 1_000);
            back.keeper.take_changes();
            back.train(MONDAY + 40 * DAY);
            assert_eq!(back.keeper.view(at(MONDAY)).models.len(), 3);
        }
    }
    let strange = [(b"?".to_vec(), b"x".to_vec()), (Vec::new(), Vec::new()), (b"m\x01".to_vec(), Vec::new())];
    let (keeper, broken) = Keeper::restore(acme(), KeeperSettings::default(), strange);
    assert_eq!((broken, keeper.view(at(0)).activity.events), (3, 0));
    // Somebody else's rows are no registry of ours.
    let (keeper, broken) = Keeper::restore("other".parse().unwrap(), KeeperSettings::default(), store);
    assert!(broken > 0 && keeper.view(at(0)).models.iter().all(|model| model.active.is_none()));
}
