//! What an intruder does stands out; what people do does not.

use super::*;

#[test]
fn a_second_month_of_work_says_almost_nothing() {
    let mut run = seasoned(quick());
    let tales = work(28..56);
    let said = run.show(&tales);
    assert!(
        said.len() * 100 < tales.len(),
        "{} statements on {} events: {:?}",
        said.len(),
        tales.len(),
        &said[..20]
    );
    assert!(!said.iter().any(|(_, name, _)| name.starts_with("behaviour.")));
}

#[test]
fn a_new_address_is_stated_once_and_only_for_those_who_are_known() {
    let mut run = seasoned(quick());
    let name = "baseline.first_seen.user_src_ip";
    let login = |time, user: &str, src: &str| Tale::login(NOW + time, user, "pc1", src);
    let said = run.show(&[
        login(0, "user1", "10.0.0.1"),
        login(1, "user1", "203.0.113.9"),
        login(2, "user1", "203.0.113.9"),
    ]);
    assert_eq!(of(&said, name), ["true"], "{said:?}");
    assert_eq!(of(&run.show(&[login(3, "USER1", "203.0.113.9")]), name), Vec::<&str>::new());
    assert_eq!(of(&run.show(&[login(4, "newcomer", "203.0.113.10")]), name), Vec::<&str>::new());
    // What failed was not there.
    let mut failed = login(5, "user2", "203.0.113.77");
    failed.code = Some(EventCode::LL03);
    assert_eq!(of(&run.show(&[failed]), name), Vec::<&str>::new());
    assert_eq!(of(&run.show(&[login(6, "user2", "203.0.113.77")]), name), ["true"]);
    // Seen again after more than the time to live: new again.
    let late = 32 * DAY;
    let again = [login(late, "user1", "203.0.113.9"), login(late, "user1", "10.0.0.1")];
    assert_eq!(of(&run.show(&again), name).len(), 2);
}

#[test]
fn sudo_five_times_in_ten_minutes_stands_out() {
    let mut run = seasoned(quick());
    let sudo: Vec<Tale> =
        (0..5).map(|n| Tale::coded(NOW + n * 100, "user1", "pc1", EventCode::PA01)).collect();
    let said = run.show(&sudo);
    let deviations = of(&said, "baseline.deviation.pa01_user");
    let last: f32 = deviations.last().unwrap().parse().unwrap();
    assert!((2.5..4.5).contains(&last), "{deviations:?}");
    assert_eq!(of(&said, "baseline.count.pa01_user").last(), Some(&"5"));
    // A rule can say so.
    let batch = batch(&sudo, 0);
    let derived = [Derived { row: 4, name: BaselineName::fixed(Name::OffHours), value: DerivedValue::True }];
    let batch = with_derived(&batch, &derived).unwrap();
    assert_eq!(batch.row(4).unwrap().field("baseline.off_hours.user"), Some("true"));
}

#[test]
fn many_failed_logins_of_one_account_are_a_finding_once_a_day() {
    let mut run = seasoned(quick());
    let failures = |from: i64| -> Vec<Tale> {
        (0..40)
            .map(|n| Tale {
                src: "10.0.0.77".to_owned(),
                ..Tale::coded(from + n, "user4", "pc4", EventCode::LL03)
            })
            .collect()
    };
    // Nobody ever failed: nothing is known of failures, until others show what is typical.
    let mut others = Vec::new();
    for day in 0..5 {
        for person in 5..15 {
            let time = NOW + day * DAY + person * 700;
            others.push(Tale::coded(time, &format!("user{person}"), "pc9", EventCode::LL03));
        }
    }
    assert!(of(&run.show(&others), "behaviour.login_frequency").is_empty());
    let later = NOW + 6 * DAY;
    let said = run.show(&failures(later));
    let found = of(&said, "behaviour.login_frequency");
    assert_eq!(found.len(), 1, "{said:?}");
    assert!(found[0].contains("failed logins of user4 within 10 minutes"), "{}", found[0]);
    assert!(of(&run.show(&failures(later + HOUR)), "behaviour.login_frequency").is_empty());
    assert_eq!(of(&run.show(&failures(later + 2 * DAY)), "behaviour.login_frequency").len(), 1);
}

#[test]
fn new_paths_to_several_hosts_are_a_lateral_movement() {
    let mut run = seasoned(quick());
    let hosts = ["pc5", "pc6", "pc7", "pc8", "pc9"];
    let moves: Vec<Tale> = (0..)
        .zip(hosts)
        .map(|(n, host)| Tale::login(NOW + n * 5 * MINUTE, "user1", host, "10.0.0.1"))
        .collect();
    let said = run.show(&moves);
    let found = of(&said, "behaviour.lateral_movement");
    assert_eq!(found.len(), 1, "{said:?}");
    assert!(found[0].starts_with("user1 reached 4 hosts within 60 minutes"), "{found:?}");
    assert_eq!(of(&said, "baseline.new_hosts.src_ip"), ["1", "2", "3", "4", "5"]);
    assert_eq!(of(&said, "baseline.new_hosts.user"), ["1", "2", "3", "4", "5"]);
    // Hosts that are new to everybody were set up just now.
    let fresh: Vec<Tale> =
        (0..6).map(|n| Tale::login(NOW + n * MINUTE, "user3", &format!("new{n}"), "10.0.0.3")).collect();
    let said = run.show(&fresh);
    assert_eq!(of(&said, "baseline.first_seen.user_host").len(), 6);
    assert!(of(&said, "behaviour.lateral_movement").is_empty());
    // Its own host, from its own desk, is no movement; nor are hosts one by one over days.
    assert!(
        of(&run.show(&[Tale::login(NOW + HOUR, "user1", "pc1", "10.0.0.1")]), "baseline.new_hosts.user")
            .is_empty()
    );
    let slow: Vec<Tale> =
        (0..4).map(|n| Tale::login(NOW + n * DAY, "user2", &format!("pc1{n}"), "10.0.0.2")).collect();
    assert!(of(&run.show(&slow), "behaviour.lateral_movement").is_empty());
}

#[test]
fn the_first_privilege_after_a_failure_is_an_escalation() {
    let mut run = seasoned(quick());
    let first = |time, user: &str| Tale::coded(NOW + time, user, "pc8", EventCode::PA01);
    let said = run.show(&[first(0, "user8")]);
    assert_eq!(of(&said, "baseline.first_seen.user_privilege"), ["true"]);
    assert!(of(&said, "behaviour.privilege_escalation").is_empty(), "there was no failure");
    let said = run.show(&[
        Tale::coded(NOW + 10, "user9", "pc9", EventCode::PA02),
        first(130, "user9"),
        Tale::coded(NOW + 140, "user1", "pc1", EventCode::PA02),
        first(150, "user1"),
    ]);
    let found = of(&said, "behaviour.privilege_escalation");
    assert_eq!(found.len(), 1, "user1 always used privileges: {said:?}");
    assert_eq!(
        found[0],
        "user9 used privileges for the first time (privileged operation succeeded), 2 minutes after a failure"
    );
}

#[test]
fn a_large_upload_is_an_exfiltration() {
    let mut run = seasoned(quick());
    let upload = |bytes, dst: &str| Tale { dst: dst.to_owned(), bytes, ..Tale::new(NOW, "user3", "pc3") };
    assert!(of(&run.show(&[upload(900_000, "203.0.113.50")]), "behaviour.exfiltration_volume").is_empty());
    assert!(of(&run.show(&[upload(8_000_000_000, "10.9.9.9")]), "behaviour.exfiltration_volume").is_empty());
    let said = run.show(&[upload(8_000_000_000, "203.0.113.50")]);
    let found = of(&said, "behaviour.exfiltration_volume");
    assert_eq!(found.len(), 1, "{said:?}");
    assert!(found[0].starts_with("user3 sent 8.0 GB out within 60 minutes where"), "{found:?}");
    assert_eq!(of(&said, "baseline.first_seen.host_dst_ip").len(), 0, "the address was seen a moment ago");
}

#[test]
fn a_process_that_nobody_runs_is_found() {
    let mut run = seasoned(BaselineConfig { process_rarity_min: 7.0, ..quick() });
    let mut start = Tale::new(NOW, "user3", "pc3");
    (start.process, start.parent) = ("/tmp/.x/miner".to_owned(), "/usr/sbin/nginx".to_owned());
    let said = run.show(&[start.clone()]);
    assert_eq!(of(&said, "behaviour.unusual_process").len(), 1, "{said:?}");
    assert_eq!(of(&said, "baseline.first_seen.process_parent"), ["true"]);
    let rarity: f32 = of(&said, "baseline.rarity.process")[0].parse().unwrap();
    assert!(rarity > 7.0);
    // An editor is new on this host, but not rare.
    (start.process, start.parent, start.host) = ("/usr/bin/vim".into(), "/bin/bash".into(), "pc3".into());
    assert!(of(&run.show(&[start]), "behaviour.unusual_process").is_empty());
}

fn somewhere(address: &str) -> Option<Place> {
    let (latitude, longitude, country) = match address {
        "203.0.113.1" | "10.0.0.1" | "10.0.0.2" => (52.52, 13.40, "DE"),
        "203.0.113.2" => (48.14, 11.58, "DE"),
        "203.0.113.3" | "203.0.113.4" => (35.68, 139.69, "JP"),
        "203.0.113.66" => (f64::NAN, 0.0, "XX"),
        _ => return None,
    };
    Some(Place { latitude, longitude, accuracy_km: 0, country: country.to_owned() })
}

/// The same as a database of countries has it.
fn some_country(address: &str) -> Option<Place> {
    let (latitude, longitude, accuracy_km, country) = match address {
        "203.0.113.1" | "203.0.113.2" => (51.2, 10.4, 440, "DE"),
        "203.0.113.3" => (37.6, 138.0, 610, "JP"),
        "203.0.113.5" => (46.5, 2.5, 545, "FR"),
        "203.0.113.6" => (60.0, 100.0, 4_395, "RU"),
        "203.0.113.7" => (64.0, 26.0, 500, "FI"),
        _ => return None,
    };
    Some(Place { latitude, longitude, accuracy_km, country: country.to_owned() })
}

#[test]
fn between_countries_only_what_is_certainly_far_is_a_journey() {
    let lookups = Lookups { place: &some_country, ..Lookups::none() };
    let logins = |user: &str, addresses: &[u32]| -> Vec<Tale> {
        let times = (0..).map(|number| NOW + number * 20 * 60).zip(addresses);
        times.map(|(time, last)| Tale::login(time, user, "vpn", &format!("203.0.113.{last}"))).collect()
    };
    let mut run = Run::new(quick());
    for (user, addresses) in [("anna", [1, 5, 2]), ("ben", [6, 7, 6]), ("cleo", [1, 2, 1])] {
        let said = run.show_with(&logins(user, &addresses), &lookups);
        assert!(of(&said, "behaviour.impossible_travel").is_empty(), "{user} crossed a border: {said:?}");
        assert!(of(&said, "baseline.travel.distance_km").is_empty(), "{user}: {said:?}");
    }
    // The place before is stored, its radius with it.
    let (mut stored, mut next) = (run.behaviour.take_changes(), Run::new(quick()));
    stored.retain(|(_, value)| value.is_some());
    assert_eq!(next.behaviour.restore(stored.into_iter().map(|(key, value)| (key, value.unwrap()))), Ok(0));
    for mut run in [run, next] {
        let said = run.show_with(&[Tale::login(NOW + 2 * HOUR, "anna", "vpn", "203.0.113.3")], &lookups);
        let found = of(&said, "behaviour.impossible_travel");
        assert_eq!(found.len(), 1, "{said:?}");
        assert!(found[0].contains(", at least 78"), "8,900 km from middle to middle: {found:?}");
    }
}

#[test]
fn nobody_is_in_berlin_and_tokyo_within_an_hour() {
    let lookups =
        Lookups { place: &somewhere, is_exempt: &|address| address == "203.0.113.4", ..Lookups::none() };
    let mut run = Run::new(quick());
    let login = |time, user: &str, src: &str| Tale::login(NOW + time, user, "vpn", src);
    let said = run.show_with(
        &[
            login(0, "anna", "203.0.113.1"),
            login(2 * HOUR, "anna", "203.0.113.2"),
            login(3 * HOUR, "anna", "203.0.113.3"),
            login(4 * HOUR, "anna", "203.0.113.1"),
            login(0, "ben", "203.0.113.1"),
            login(HOUR, "ben", "203.0.113.4"),
            login(20 * HOUR, "ben", "203.0.113.3"),
            login(21 * HOUR, "cleo", "203.0.113.66"),
        ],
        &lookups,
    );
    let found = of(&said, "behaviour.impossible_travel");
    assert_eq!(found.len(), 1, "a second one of anna's is within the pause: {said:?}");
    assert!(found[0].starts_with("anna logged in from 203.0.113.3, 93"), "{found:?}");
    assert!(found[0].contains("from DE 60 minutes before: that takes 93"), "{found:?}");
    assert_eq!(of(&said, "baseline.travel.speed_kmh").len(), 2);
}

#[test]
fn an_address_of_many_users_says_nothing_about_where_they_are() {
    let lookups = Lookups { place: &somewhere, ..Lookups::none() };
    let mut run = Run::new(quick());
    let many: Vec<Tale> = (0..12)
        .map(|n| Tale::login(NOW - DAY + n * 40, &format!("user{n}"), "mail", "203.0.113.3"))
        .collect();
    run.show_with(&many, &lookups);
    let said = run.show_with(
        &[
            Tale::login(NOW, "anna", "mail", "203.0.113.1"),
            Tale::login(NOW + HOUR, "anna", "mail", "203.0.113.3"),
            Tale::login(NOW + 2 * HOUR, "anna", "mail", "203.0.113.1"),
        ],
        &lookups,
    );
    assert!(of(&said, "behaviour.impossible_travel").is_empty(), "{said:?}");
}

#[test]
fn what_was_alerted_is_not_learned() {
    let mut run = seasoned(quick());
    let mut history = Vec::new();
    for day in 0..6 {
        for n in 0..10 {
            history.push(Tale::login(NOW - 10 * DAY + day * DAY + n * 60, "mallory", "pc1", "10.0.0.1"));
        }
    }
    // Mallory's events are alerted, each one: their relations stay unknown, and the address stays new.
    run.show(&history);
    let name = "baseline.first_seen.user_src_ip";
    let from = |time, src: &str| Tale::login(NOW + time, "mallory", "pc1", src);
    assert_eq!(of(&run.show(&[from(0, "10.0.0.1")]), name).len(), 1);
    let others: Vec<Tale> = (0..3).map(|n| Tale::login(NOW + HOUR + n, "user1", "pc1", "10.0.0.1")).collect();
    run.show(&others);
    assert_eq!(
        of(&run.show(&[from(2 * HOUR, "10.0.0.1")]), name).len(),
        1,
        "still new: it was never learned"
    );
    assert!(run.behaviour.counters().held_back >= 60);
}

#[test]
fn a_slow_ramp_of_logins_is_still_seen() {
    let mut run = seasoned(quick());
    let mut found = Vec::new();
    for week in 0..8_i64 {
        let count = 1 << (week + 1);
        for day in 0..5 {
            let from = NOW + (week * 7 + day) * DAY;
            let tales: Vec<Tale> =
                (0..count).map(|n| Tale::login(from + n * 500 / count, "user6", "pc6", "10.0.0.6")).collect();
            let said = run.show(&tales);
            found
                .extend(of(&said, "behaviour.login_frequency").iter().map(|text| (week, (*text).to_owned())));
        }
    }
    assert!(found.first().is_some_and(|(week, _)| *week <= 4), "{found:?}");
    assert!(found.len() >= 8, "and it stays seen: {found:?}");
}

#[test]
fn peers_and_hours_of_the_week_are_known() {
    let lookups = Lookups {
        group: &|user| Some(if user == "user2" { "night" } else { "day" }.to_owned()),
        ..Lookups::none()
    };
    let mut run = Run::new(quick());
    run.show_with(&work(0..28), &lookups);
    let sudo = |user: &str, time: i64| -> Vec<Tale> {
        (0..9).map(|n| Tale::coded(time + n * 50, user, "pc1", EventCode::PA01)).collect()
    };
    let said = run.show_with(&sudo("user1", NOW), &lookups);
    let peers: f32 = of(&said, "baseline.peer_deviation.pa01_user").last().unwrap().parse().unwrap();
    assert!(peers > 4.0, "{peers}");
    assert!(of(&said, "baseline.off_hours.user").is_empty(), "at ten they work: {said:?}");
    let said = run.show_with(&sudo("user0", NOW - 7 * HOUR), &lookups);
    assert_eq!(of(&said, "baseline.off_hours.user").len(), 9, "at three nobody does");
    assert!(!of(&said, "baseline.deviation.hour_user").is_empty());
}

#[test]
fn what_somebody_said_is_right_becomes_usual() {
    use sentra_model::Role;
    let mut run = seasoned(quick());
    let upload = |day: i64| {
        let time = NOW + day * DAY;
        Tale { dst: "203.0.113.50".to_owned(), bytes: 9_000_000_000, ..Tale::new(time, "user3", "pc3") }
    };
    let found = |run: &mut Run, days: std::ops::Range<i64>| -> usize {
        days.map(|day| of(&run.show(&[upload(day)]), "behaviour.exfiltration_volume").len()).sum()
    };
    assert_eq!(found(&mut run, 0..10), 10, "it stays unusual: nothing is learned from it");
    let user = EntityRef::new(EntityType::User, Role::Actor, "USER3");
    assert!(run.behaviour.trust(&user, Timestamp::from_seconds(NOW + 400 * DAY)));
    assert!(!run.behaviour.trust(&EntityRef::new(EntityType::User, Role::Actor, "nobody"), Timestamp::MAX));
    let before = found(&mut run, 10..60);
    let after = found(&mut run, 150..200);
    assert!(after < before, "the level grows within its limits: {before} {after}");
}
