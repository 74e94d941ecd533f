//! Bad input: wrong clocks, one entity with a million values, foreign tenants, odd bytes.

use super::*;

#[test]
fn events_of_1970_and_2099_move_nothing() {
    let mut run = seasoned(quick());
    assert!(run.behaviour.take_changes().len() > 100);
    let odd = |time, seen| Tale { seen: Some(seen), ..Tale::login(time, "user1", "pc1", "203.0.113.9") };
    let said = run.show(&[
        odd(0, NOW),
        odd(-5, NOW),
        odd(4_070_908_800, NOW),
        odd(NOW + 2 * HOUR, NOW),
        odd(i64::MAX / 2_000_000, NOW),
    ]);
    assert!(said.is_empty(), "{said:?}");
    assert_eq!(run.behaviour.counters().skewed, 5);
    assert_eq!(run.behaviour.take_changes().len(), 1, "only the counters");
    let said = run.show(&[odd(NOW, NOW + 5)]);
    assert_eq!(of(&said, "baseline.first_seen.user_src_ip").len(), 1, "the address was not learned");
}

#[test]
fn one_user_with_a_million_hosts_is_bounded_and_others_keep_theirs() {
    let mut run = seasoned(quick());
    let (entities, bytes) = (run.behaviour.entities(), run.behaviour.bytes());
    // Network devices name destinations, not hosts: none of these becomes an entity, each is a value of one.
    let mut stated = 0;
    for part in 0..20_i64 {
        let tales: Vec<Tale> = (0..5_000)
            .map(|n| {
                let number = part * 5_000 + n;
                let mut tale = Tale::new(NOW + part, "user1", "pc1");
                tale.dst = format!("100.{}.{}.{}", number >> 16 & 255, number >> 8 & 255, number & 255);
                tale.app = format!("app{number}");
                tale
            })
            .collect();
        stated += run.show(&tales).iter().filter(|(_, name, _)| name.contains("first_seen")).count();
    }
    assert!(stated <= 500, "{stated}");
    assert!(run.behaviour.counters().broad > 190_000);
    assert_eq!(run.behaviour.entities(), entities);
    // The queue of what waits for its verdict grows to its own limit.
    let queue = 2 * 8_192 * size_of::<Observation>();
    assert!(run.behaviour.bytes() < bytes + queue + 400_000, "{} {bytes}", run.behaviour.bytes());
    let known = [
        Tale::login(NOW + 60, "user2", "pc2", "10.0.0.2"),
        Tale::login(NOW + 61, "user2", "pc2", "10.0.0.99"),
    ];
    assert_eq!(of(&run.show(&known), "baseline.first_seen.user_src_ip").len(), 1);
}

#[test]
fn a_million_hosts_of_one_user_do_not_push_out_those_who_are_there() {
    let config = BaselineConfig { entities_max: 2_000, ..quick() };
    let mut run = seasoned(config);
    let tales: Vec<Tale> = (0..20_000).map(|n| Tale::new(NOW, "user1", &format!("ghost{n}"))).collect();
    run.show(&work(28..29));
    run.show(&tales);
    assert!(run.behaviour.entities() <= 2_000);
    assert!(run.behaviour.counters().refused > 10_000);
    let said = run.show(&[Tale::login(NOW + 60, "user2", "pc2", "203.0.113.5")]);
    assert_eq!(of(&said, "baseline.first_seen.user_src_ip"), ["true"], "user2 is known as before: {said:?}");
}

#[test]
fn guessed_names_become_nobody() {
    let mut run = seasoned(quick());
    let entities = run.behaviour.entities();
    let guesses: Vec<Tale> = (0..5_000)
        .map(|n| Tale {
            src: "203.0.113.7".to_owned(),
            ..Tale::coded(NOW + n / 100, &format!("guess{n}"), "pc1", EventCode::LL03)
        })
        .collect();
    run.show(&guesses);
    assert_eq!(run.behaviour.entities(), entities);
    // Nor does a dash, or nothing at all.
    run.show(&[Tale::login(NOW, "-", "-", "-"), Tale::new(NOW, "", "")]);
    assert_eq!(run.behaviour.entities(), entities);
}

#[test]
fn verdicts_that_never_come_do_not_pile_up() {
    let config = BaselineConfig { unjudged_max: 500, hold_events: 100, ..quick() };
    let mut run = Run::new(config);
    let tales: Vec<Tale> = (0..200).map(|n| Tale::login(NOW + n, "user1", "pc1", "10.0.0.1")).collect();
    for round in 0..20 {
        let batch = batch(&tales, round * 200);
        run.behaviour.observe(&[&batch], &Lookups::none()).unwrap();
    }
    assert!(run.behaviour.waiting.len() <= 700);
    assert_eq!(run.behaviour.counters().unjudged, 4_000 - 501);
    // A late verdict still meets the events that wait for it.
    run.behaviour.learn(&[EventId::raw(0, 3_999)]);
    let tales: Vec<Tale> = (0..200).map(|n| Tale::login(NOW + 300 + n, "user2", "pc1", "10.0.0.1")).collect();
    run.show(&tales);
    assert_eq!(run.behaviour.counters().held_back, 1);
}

#[test]
fn a_batch_of_another_tenant_is_refused() {
    let mut behaviour = Behaviour::new("acme".parse().unwrap(), quick());
    let batch = batch(&[Tale::login(NOW, "a", "b", "c")], 0);
    let refused = behaviour.observe(&[&batch], &Lookups::none());
    assert!(matches!(refused, Err(BehaviourError::Tenant { .. })));
    assert_eq!(behaviour.counters().observed, 0);
}

#[test]
fn statements_are_appended_to_their_rows_alone() {
    let tales: Vec<Tale> = (0..6).map(|n| Tale { bytes: n % 2, ..Tale::new(NOW, "u", "h") }).collect();
    let batch = batch(&tales, 0);
    let name = |number| BaselineName::of_code(crate::baseline::CodeName::DeviationUser, number);
    let derived = [
        Derived { row: 0, name: name(0), value: DerivedValue::Number(3.44) },
        Derived { row: 3, name: name(1), value: DerivedValue::True },
        Derived { row: 3, name: name(2), value: DerivedValue::Whole(2_100.2) },
        Derived { row: 5, name: name(0), value: DerivedValue::Number(3.44) },
    ];
    let with = with_derived(&batch, &derived).unwrap();
    let fields = |row: usize| {
        with.row(row).unwrap().fields().map(|(n, v)| (n.to_owned(), v.to_owned())).collect::<Vec<_>>()
    };
    let pair = |n: &str, v: &str| (n.to_owned(), v.to_owned());
    assert_eq!(fields(0), [pair("baseline.deviation.ll01_user", "3.4")]);
    assert_eq!(fields(1), [pair("bytes_out", "1")]);
    assert_eq!(fields(2), []);
    assert_eq!(
        fields(3),
        [
            pair("bytes_out", "1"),
            pair("baseline.deviation.ll02_user", "true"),
            pair("baseline.deviation.ll03_user", "2100")
        ]
    );
    assert_eq!(fields(5), [pair("bytes_out", "1"), pair("baseline.deviation.ll01_user", "3.4")]);
    assert_eq!(with.row(3).unwrap().id(), batch.row(3).unwrap().id());
    // A part of a batch, whose offsets do not begin at 0.
    let part =
        EventBatch::new(batch.tenant().clone(), batch.mart().clone(), batch.record().slice(3, 3)).unwrap();
    let with = with_derived(&part, &[Derived { row: 1, name: name(0), value: DerivedValue::True }]).unwrap();
    assert_eq!(with.row(0).unwrap().fields().count(), 1);
    assert_eq!(with.row(1).unwrap().fields().collect::<Vec<_>>(), [("baseline.deviation.ll01_user", "true")]);
    assert_eq!(with.row(2).unwrap().field("bytes_out"), Some("1"));
    assert_eq!(with_derived(&batch, &[]).unwrap().record(), batch.record());
}
