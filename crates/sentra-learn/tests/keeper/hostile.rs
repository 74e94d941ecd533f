//! Events from 1970 and 2099, a user with a hundred thousand hosts, somebody else's events.

use sentra_learn::keeper::{Keeper, KeeperSettings, LearnError};
use sentra_model::{EntityType, EventCode, Timestamp};

use crate::world::{DAY, HOUR, MONDAY, Run, Tale, at, batches, rampage, work};

fn small() -> KeeperSettings {
    KeeperSettings { activity_entities_max: 2_000, activity_windows_max: 1_000, ..KeeperSettings::default() }
}

#[test]
fn events_of_1970_and_2099_change_nothing() {
    let mut run = Run::new(KeeperSettings::default());
    let mut plain = Run::new(KeeperSettings::default());
    for day in 0..4 {
        let tales = work(60, day, day + 1, 5);
        let mut mixed = tales.clone();
        for (number, tale) in tales.iter().enumerate().step_by(50) {
            let time = if number % 100 == 0 { 0 } else { 4_070_908_800 };
            let odd = Tale { time, seen: Some(tale.time), ..tale.clone() };
            mixed.insert(number, odd);
        }
        run.happen(&mixed, 500);
        plain.happen(&tales, 500);
    }
    let now = MONDAY + 4 * DAY;
    assert_eq!(run.train(now), plain.train(now));
    let (odd, even) = (run.keeper.view(at(now)), plain.keeper.view(at(now)));
    assert!(odd.activity.skewed > 100 && even.activity.skewed == 0);
    assert_eq!(odd.activity.open, even.activity.open);
    for (odd, even) in odd.models.iter().zip(&even.models).skip(1) {
        let window = |view: &sentra_learn::keeper::ModelView| view.active.as_ref().unwrap().window;
        assert_eq!(window(odd), window(even));
    }
    // An alert dated 2099 silences nobody.
    run.keeper.alerted(&[(EntityType::User, "user17")], Timestamp::from_seconds(4_070_908_800));
    run.happen(&rampage("user17", MONDAY + 4 * DAY + 10 * HOUR, 20), 500);
    let found = run.happen(&work(60, 4, 5, 5), 500);
    assert!(found.iter().any(|found| found.detector.id == "model.user_activity"), "{found:?}");
}

#[test]
fn a_user_with_a_hundred_thousand_hosts_fills_nothing() {
    let mut run = Run::new(small());
    run.happen(&work(60, 0, 5, 5), 4_096);
    assert!(run.train(MONDAY + 5 * DAY) >= 2);
    let start = MONDAY + 5 * DAY + 9 * HOUR;
    let flood: Vec<Tale> = (0..100_000)
        .map(|number| Tale::coded(start + number / 40, "mallory", &format!("h{number}"), EventCode::LL01))
        .collect();
    run.happen(&flood, 8_192);
    let view = run.keeper.view(at(start));
    assert!(view.activity.entities <= 2_000 && view.activity.open <= 1_000, "{:?}", view.activity);
    assert!(view.activity.refused > 10_000, "{:?}", view.activity);
    let rows = run.keeper.take_changes();
    assert!(rows.len() < 40_000, "{}", rows.len());
    // The hours of the flood end, mallory's is found, and others are counted again.
    let found = run.happen(&work(60, 6, 9, 5), 4_096);
    let about = |name: &str| found.iter().any(|found| found.entities[0].value == name);
    assert!(about("mallory"), "{found:?}");
    let after = run.keeper.view(at(start));
    assert!(after.activity.refused < view.activity.refused + 100, "{:?}", after.activity);
    assert!(after.models[1].counters.judged > view.models[1].counters.judged + 500);
}

#[test]
fn a_day_has_so_many_findings_at_most() {
    let settings = KeeperSettings { findings_per_day_max: 3, ..KeeperSettings::default() };
    let mut run = Run::new(settings);
    run.happen(&work(60, 0, 5, 5), 4_096);
    run.train(MONDAY + 5 * DAY);
    let mut tales: Vec<Tale> = (0..30)
        .flat_map(|user| rampage(&format!("user{user}"), MONDAY + 7 * DAY + 9 * HOUR + user * 60, 20))
        .collect();
    tales.sort_by_key(|tale| tale.time);
    let mut found = run.happen(&tales, 1_000);
    found.extend(run.happen(&work(60, 7, 8, 5), 1_000));
    let view = run.keeper.view(at(MONDAY));
    for model in view.models.iter().skip(1) {
        let of_model = found.iter().filter(|found| found.detector.id == model.detector).count();
        assert!(of_model <= 6, "{} on two days at most: {of_model}", model.detector);
    }
    assert!(view.models[1].counters.over_limit > 10, "{:?}", view.models[1].counters);
}

#[test]
fn the_events_and_models_of_others_are_refused() {
    let mut run = Run::new(KeeperSettings::default());
    let strangers = batches("other", &work(3, 0, 1, 1), 0);
    assert!(matches!(run.keeper.observe(&strangers), Err(LearnError::Tenant { .. })));
    assert_eq!(run.keeper.view(at(0)).activity.events, 0);
    let mut other = Keeper::new("other".parse().unwrap(), KeeperSettings::default());
    run.happen(&work(60, 0, 5, 5), 4_096);
    let job = run.keeper.due(at(MONDAY + 5 * DAY)).unwrap();
    assert_eq!(job.tenant(), run.keeper.tenant());
    assert!(matches!(other.trained(job.run(), at(MONDAY)), Err(LearnError::Tenant { .. })));
    assert!(other.view(at(MONDAY)).models.iter().all(|model| model.active.is_none()));
    let unusable = KeeperSettings { activity_rows_min: 0, ..KeeperSettings::default() };
    assert!(unusable.check().is_err());
}
