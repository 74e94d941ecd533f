//! Law IDENTITY: what is said does not depend on the cut into batches, nor on restarts in between.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// A lively week: several marts, intruders, alerted users, late events.
fn lively(seed: u64) -> Vec<Tale> {
    let mut tales = work(0..9);
    let mut random = seed | 1;
    let mut next = move |below: i64| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((random >> 33) as i64).rem_euclid(below)
    };
    for _ in 0..1_500 {
        let time = MONDAY + 2 * DAY + next(7 * DAY);
        let user = match next(8) {
            0 => "mallory".to_owned(),
            1 => String::new(),
            _ => format!("user{}", next(22)),
        };
        let mut tale =
            Tale::login(time, &user, &format!("pc{}", next(25)), &format!("203.0.113.{}", next(6)));
        tale.mart = [Mart::LINUX, Mart::WINDOWS, Mart::IDENTITY, Mart::FIREWALL][next(4) as usize].clone();
        tale.code = EventCode::ALL.get(next(45) as usize).copied();
        tale.process = format!("/usr/bin/p{}", next(12));
        tale.parent = format!("/usr/bin/q{}", next(3));
        tale.dst = format!("198.51.100.{}", next(9));
        tale.bytes = if next(3) == 0 { 10_u64.pow(next(10) as u32) } else { 0 };
        tale.seen = Some(time + next(4) * 20 * MINUTE);
        tales.push(tale);
    }
    tales.sort_by_key(|tale| tale.seen.unwrap_or(tale.time));
    tales
}

fn config() -> BaselineConfig {
    BaselineConfig {
        // Small enough to be full: eviction must not depend on cuts either.
        entities_max: 60,
        terms_max: 600,
        levels_max: 400,
        rare_values_max: 30,
        idle_hours_min: 6,
        values_per_entity_max: 8,
        rarity_events_min: 50.0,
        rarity_min: 2.0,
        tenant_days_min: 2,
        entity_days_min: 2,
        entity_events_min: 5,
        hours_days_min: 4,
        tenant_events_min: 50,
        lateral_hosts_min: 3,
        pauses_max: 40,
        hold_events: 300,
        checkpoint_events: 700,
        // Arrivals of days come within one batch here: verdicts are held by the number of events alone.
        hold_seconds: u32::MAX,
        ..BaselineConfig::default()
    }
}

fn place(address: &str) -> Option<Place> {
    let number = address.strip_prefix("203.0.113.")?.parse::<f64>().ok()?;
    let accuracy_km = if number > 2.0 { 300 } else { 0 };
    Some(Place {
        latitude: number * 9.0,
        longitude: number * 30.0,
        accuracy_km,
        country: format!("C{number}"),
    })
}

fn said_with(tales: &[Tale], cuts: &[usize], restarts: bool) -> (Vec<Said>, BehaviourCounters) {
    let lookups =
        Lookups { place: &place, group: &|user| user.get(4..5).map(str::to_owned), ..Lookups::none() };
    let mut run = Run::new(config());
    let mut stored = BTreeMap::new();
    let (mut said, mut from, mut cut) = (Vec::new(), 0, 0);
    while from < tales.len() {
        let to = (from + cuts[cut % cuts.len()]).min(tales.len());
        said.extend(run.show_with(&tales[from..to], &lookups));
        (from, cut) = (to, cut + 1);
        if restarts {
            for (key, value) in run.behaviour.take_changes() {
                match value {
                    Some(value) => stored.insert(key, value),
                    None => stored.remove(&key),
                };
            }
        }
        if restarts && cut % 5 == 0 {
            let mut next = Run::new(config());
            assert_eq!(next.behaviour.restore(stored.clone()), Ok(0));
            next.offset = run.offset;
            run = next;
        }
    }
    (said, run.behaviour.counters())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn the_cut_and_restarts_do_not_show(
        seed in any::<u64>(),
        cuts in proptest::collection::vec(1_usize..300, 1..20),
    ) {
        let tales = lively(seed);
        let (whole, counters) = said_with(&tales, &[300], false);
        prop_assert!(counters.evicted > 0 && counters.refused > 0 && counters.broad > 0, "{counters:?}");
        prop_assert!(whole.iter().filter(|(_, name, _)| name.starts_with("behaviour.")).count() > 5);
        let (cut, cut_counters) = said_with(&tales, &cuts, false);
        prop_assert_eq!(&cut, &whole);
        prop_assert_eq!(cut_counters, counters);
        let (restarted, restarted_counters) = said_with(&tales, &cuts, true);
        prop_assert_eq!(&restarted, &whole);
        prop_assert_eq!(restarted_counters, counters);
    }
}

#[test]
fn a_state_of_the_future_is_refused_and_a_broken_row_is_left_out() {
    let mut run = seasoned(quick());
    let rows: Vec<(Vec<u8>, Vec<u8>)> =
        run.behaviour.take_changes().into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
    let fresh = || Behaviour::new(TenantId::default_tenant(), quick());
    assert_eq!(fresh().restore(rows.clone()), Ok(0));
    let mut broken = rows.clone();
    broken[1].1.truncate(3);
    broken.push((b"?".to_vec(), Vec::new()));
    assert_eq!(fresh().restore(broken), Ok(2));
    // Any row cut anywhere is no more than a row that is left out.
    for row in (1..rows.len()).step_by(7) {
        let mut broken = rows.clone();
        let length = broken[row].1.len() / 2;
        broken[row].1.truncate(length);
        assert!(fresh().restore(broken).unwrap() <= 1);
    }
    let mut later = rows.clone();
    later[0].1[0] = 200;
    assert_eq!(fresh().restore(later), Err(BehaviourError::Version(200)));
    let other_seed = BaselineConfig { seed: 3, ..quick() };
    let mut other = Behaviour::new(TenantId::default_tenant(), other_seed);
    assert_eq!(other.restore(rows.clone()), Ok(rows.len() as u64), "keys of another seed mean nothing");
    // Only what changed is handed out: the counts, and what was observed.
    assert_eq!(run.behaviour.take_changes().len(), 1);
    run.show(&[Tale::login(NOW, "user1", "pc1", "10.0.0.1")]);
    assert_eq!(run.behaviour.take_changes().len(), 2);
    // What somebody said is right is stored at once.
    let user = EntityRef::new(EntityType::User, sentra_model::Role::Actor, "user1");
    assert!(run.behaviour.trust(&user, Timestamp::from_seconds(NOW)));
    assert!(run.behaviour.take_changes().len() > 3);
}
