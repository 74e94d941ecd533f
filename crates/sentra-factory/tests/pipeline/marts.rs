//! Marts registered while the factory runs, and what a replay does after they have changed.

use super::house::House;
use super::*;

fn line(number: usize) -> String {
    let user = ["root", "ana", "bob"][number % 3];
    format!(
        "<86>Sep 21 14:{:02}:{:02} pay-{} sshd[1]: Failed password for {user} from 192.0.2.7 port 22 ssh2",
        number / 60 % 60,
        number % 60,
        number % 2
    )
}

fn lines(range: std::ops::Range<usize>) -> Vec<String> {
    range.map(line).collect()
}

fn desk(house: &House, marts: Arc<dyn MartStore>) -> (MartDesk, Arc<MartRouter>) {
    let router = Arc::new(MartRouter::new(house.records.clone(), marts.clone()));
    let clock = Arc::new(ManualClock::new(Timestamp::from_seconds(1_790_000_000)));
    (MartDesk::new(house.records.clone(), marts, router.clone(), clock), router)
}

fn draft(filter: &str) -> MartDraft {
    MartDraft { filter: filter.to_owned(), ..MartDraft::default() }
}

/// Where each event is.
async fn places(house: &House, marts: &dyn MartStore) -> Vec<(EventId, String)> {
    let query = MartQuery { shape: Shape::Take { rows_max: 10_000 }, ..MartQuery::default() };
    let options =
        SearchOptions { columns: Some(vec!["id".into(), "mart".into()]), ..SearchOptions::default() };
    let answer = marts.search_with(&house.scope, &query, &options).await.unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let mut places: Vec<_> =
        answer.rows.iter().map(|row| (text(&row[0]).parse().unwrap(), text(&row[1]))).collect();
    places.sort();
    places
}

/// Laws SOURCE and IDENTITY: marts that are built anew have each event where it was, under the id it had, though the
/// definitions have changed since.
#[tokio::test]
async fn a_replay_routes_each_event_as_it_was_routed() {
    let house = House::new().await;
    let (desk, _) = desk(&house, house.marts.clone());
    house.append(Topic::Raw, &lines(0..50)).await;
    house.run().await;
    desk.create(&house.scope, "payments", draft("host == 'pay-1'"), "ana").await.unwrap();
    house.append(Topic::Raw, &lines(50..100)).await;
    house.run().await;
    let change = MartChange { filter: Some("user == 'root'".into()), ..MartChange::default() };
    desk.alter(&house.scope, "payments", change, "ana").await.unwrap();
    desk.create(&house.scope, "bobs", draft("user == 'bob'"), "ana").await.unwrap();
    house.append(Topic::Raw, &lines(100..150)).await;
    house.run().await;
    desk.remove(&house.scope, "payments", false, "ana").await.unwrap();
    house.append(Topic::Raw, &lines(150..200)).await;
    house.run().await;
    let before = places(&house, house.marts.as_ref()).await;
    assert_eq!(before.len(), 200);
    for (number, (id, mart)) in before.iter().enumerate() {
        let expected = match number {
            0..50 => "linux",
            50..100 if number % 2 == 1 => "payments",
            100..150 if number % 3 == 0 => "payments",
            100.. if number % 3 == 2 => "bobs",
            _ => "linux",
        };
        assert_eq!((id.offset, mart.as_str()), (number as u64, expected));
    }
    let anew = Arc::new(MemoryMarts::default());
    house.run_with(anew.clone(), FactoryConfig::default()).await;
    assert_eq!(places(&house, anew.as_ref()).await, before);
    // A purged mart does not come back with a replay.
    let (_, purged) = desk.remove(&house.scope, "payments", true, "ana").await.unwrap();
    assert_eq!(purged, before.iter().filter(|(_, mart)| mart == "payments").count() as u64);
    let anew = Arc::new(MemoryMarts::default());
    house.run_with(anew.clone(), FactoryConfig::default()).await;
    let kept: Vec<_> = before.into_iter().filter(|(_, mart)| mart != "payments").collect();
    assert_eq!(places(&house, anew.as_ref()).await, kept);
    assert_eq!(places(&house, house.marts.as_ref()).await, kept);
}

/// A chunk that the marts did not take is routed once more when it is read again.
#[tokio::test]
async fn an_append_that_fails_leaves_each_event_once() {
    for after in [false, true] {
        let house = House::new().await;
        let (desk, _) = desk(&house, house.marts.clone());
        desk.create(&house.scope, "roots", draft("user == 'root'"), "ana").await.unwrap();
        house.append(Topic::Raw, &lines(0..30)).await;
        let failing = FailingOnce { marts: house.marts.clone(), until: AtomicUsize::new(0), after };
        house.run_with(Arc::new(failing), FactoryConfig::default()).await;
        let places = places(&house, house.marts.as_ref()).await;
        assert_eq!(places.len(), 30);
        assert_eq!(places.iter().filter(|(_, mart)| mart == "roots").count(), 10);
    }
}

#[tokio::test]
async fn what_cannot_be_registered_is_refused() {
    let house = House::new().await;
    let (desk, _) = desk(&house, house.marts.clone());
    let scope = &house.scope;
    let create = async |name: &str, filter: &str| desk.create(scope, name, draft(filter), "ana").await;
    assert!(matches!(create("linux", "user == 'x'").await, Err(MartError::Name(_))));
    assert!(matches!(create("x", "user == ").await, Err(MartError::Filter(_))));
    let stated = create("x", "baseline.first_time == 'y'").await;
    assert!(matches!(stated, Err(MartError::Invalid(_) | MartError::Filter(_))), "{stated:?}");
    create("x", "user == 'x'").await.unwrap();
    assert!(matches!(create("x", "user == 'x'").await, Err(MartError::Exists { .. })));
    let none = MartDraft { retention_days: Some(0), ..draft("user == 'x'") };
    assert!(matches!(desk.create(scope, "y", none, "ana").await, Err(MartError::Invalid(_))));
    assert!(matches!(desk.remove(scope, "audit", true, "ana").await, Err(MartError::IsDefault { .. })));
    assert!(matches!(desk.remove(scope, "y", false, "ana").await, Err(MartError::Unknown { .. })));
    desk.remove(scope, "x", false, "ana").await.unwrap();
    assert!(matches!(desk.remove(scope, "x", false, "ana").await, Err(MartError::Unknown { .. })));
    let again = create("x", "user == 'z'").await.unwrap();
    assert_eq!((again.version, again.revision), (3, 3));
    // Another tenant has none of it (law TENANT).
    let other = TenantScope::new("other".parse().unwrap());
    assert!(matches!(desk.show(&other, "x").await, Err(MartError::Unknown { .. })));
}

/// Law LIMIT.
#[tokio::test]
async fn no_more_marts_than_the_limit() {
    let house = House::new().await;
    let (desk, _) = desk(&house, house.marts.clone());
    for number in 0..sentra_factory::REGISTERED_MARTS_MAX {
        let filter = format!("user == 'u{number}'");
        desk.create(&house.scope, &format!("m{number}"), draft(&filter), "ana").await.unwrap();
    }
    let more = desk.create(&house.scope, "more", draft("user == 'x'"), "ana").await;
    assert!(matches!(more, Err(MartError::TooMany)), "{more:?}");
}
