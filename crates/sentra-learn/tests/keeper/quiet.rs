//! Few findings where nothing is wrong, and the right ones where something is.

use sentra_learn::keeper::KeeperSettings;
use sentra_model::EntityType;

use crate::world::{DAY, HOUR, MONDAY, Run, rampage, work};

/// Models from which everything else begins: a week of 120 people.
pub(crate) fn trained_run(settings: KeeperSettings) -> Run {
    let mut run = Run::new(settings);
    assert_eq!(run.happen(&work(120, 0, 7, 5), 4_096), [], "nothing speaks before there is a model");
    assert!(run.train(MONDAY + 7 * DAY) >= 2);
    run
}

#[test]
fn two_weeks_of_a_company_are_quiet_and_a_rampage_is_not() {
    let mut run = trained_run(KeeperSettings::default());
    let found = run.happen(&work(120, 7, 21, 5), 4_096);
    for found in &found {
        println!("{} {}", found.detector.id, found.explanation);
    }
    assert!(found.len() <= 5, "{} findings: {found:?}", found.len());
    run.happen(&rampage("user17", MONDAY + 21 * DAY + 10 * HOUR, 15), 4_096);
    let found = run.happen(&work(120, 21, 22, 5), 4_096);
    let of_user: Vec<_> = found.iter().filter(|found| found.detector.id == "model.user_activity").collect();
    assert_eq!(of_user.len(), 1, "{found:?}");
    let about = &of_user[0].entities[0];
    assert_eq!((about.entity_type, about.value.as_str()), (EntityType::User, "user17"));
    assert!(!of_user[0].events.is_empty() && of_user[0].events.len() <= 16);
    let explanation = &of_user[0].explanation;
    assert!(
        explanation.starts_with("the hour 10:00-11:00 UTC on 2026-03-23 of user17 is more unusual than 99.")
    );
    assert!(explanation.contains("(usually at most "), "{explanation}");
}
