use sentra_model::{Edit, EditKind, EntityType, JoinReason, ManualClock, Narrative, Role, Severity};

use super::*;
use crate::grouping::Told;
use crate::risk::{Calibration, Precisions, enrichment};
use crate::testing::{fact, signal, with_enrichment, with_entity};

pub(super) struct Silent;

impl Teller for Silent {
    fn tell(&self, _: &Incident, signals: &[Signal]) -> Told {
        Told {
            title: format!("{} signals", signals.len()),
            headline: String::new(),
            narrative: Narrative::default(),
        }
    }
}

pub(super) const NOW: Timestamp = Timestamp::MAX;

pub(super) fn changes(book: &mut Book) -> BookChanges {
    let (precisions, calibration) = (Precisions::new(0), Calibration::default());
    let judge = Judge { precisions: &precisions, calibration: &calibration };
    book.take_changes(judge, &Silent, &ManualClock::default())
}

fn book_of(config: TriageConfig, signals: Vec<Signal>) -> Book {
    let mut book = Book::new(config);
    for signal in signals {
        book.take(signal, NOW);
    }
    book
}

fn incidents(config: TriageConfig, signals: Vec<Signal>) -> Vec<Incident> {
    changes(&mut book_of(config, signals)).incidents
}

#[test]
fn two_attackers_of_one_host_are_two_incidents() {
    let found = incidents(
        TriageConfig::default(),
        vec![
            signal("a", 0, Some("192.0.2.1"), "web-1", "root"),
            signal("a", 1, Some("192.0.2.2"), "web-1", "root"),
            signal("b", 2, Some("192.0.2.1"), "web-1", "root"),
        ],
    );
    assert_eq!(found.iter().map(|incident| incident.joins.len()).max(), Some(2));
    assert_eq!(found.len(), 2);
}

/// Something else on the host came first, and is not what the account's doings belong to.
#[test]
fn an_account_on_a_host_binds_closer_than_the_host() {
    let found = incidents(
        TriageConfig::default(),
        vec![
            signal("cron", 0, None, "web-1", "root"),
            signal("login", 1, Some("192.0.2.1"), "web-1", "alice"),
            signal("sudo", 2, None, "web-1", "alice"),
        ],
    );
    let sizes: Vec<usize> = found.iter().map(|incident| incident.joins.len()).collect();
    assert_eq!(found.len(), 2);
    let login = found.iter().find(|incident| incident.entities[0].value == "192.0.2.1").unwrap();
    assert_eq!(login.joins.len(), 2, "{sizes:?}");
}

#[test]
fn signals_further_apart_than_the_window_stay_apart() {
    let window = i64::try_from(TriageConfig::default().group_window_s).unwrap();
    let at = |second| signal("a", second, None, "web-1", "root");
    assert_eq!(incidents(TriageConfig::default(), vec![at(0), at(window)]).len(), 1);
    assert_eq!(incidents(TriageConfig::default(), vec![at(0), at(window + 1)]).len(), 2);
    assert_eq!(incidents(TriageConfig::default(), vec![at(window + 1), at(0)]).len(), 2);
}

#[test]
fn duplicates_within_the_fold_window_are_one_signal() {
    let mut book = book_of(
        TriageConfig::default(),
        [0, 300, 600, 901].map(|second| signal("a", second, None, "web-1", "root")).to_vec(),
    );
    let changes = changes(&mut book);
    let counts: Vec<(u64, u64)> =
        changes.signals.iter().map(|signal| (signal.count, signal.folded)).collect();
    assert_eq!(changes.signals.len(), 2);
    assert!(counts.contains(&(3, 2)) && counts.contains(&(1, 0)), "{counts:?}");
    assert_eq!(changes.incidents.len(), 1);
    assert_eq!(changes.incidents[0].events_total, 4);
}

#[test]
fn findings_about_other_entities_are_not_duplicates() {
    let mut book = book_of(
        TriageConfig::default(),
        vec![signal("a", 0, None, "web-1", "alice"), signal("a", 1, None, "web-1", "bob")],
    );
    assert_eq!(changes(&mut book).signals.len(), 2);
}

#[test]
fn a_restored_book_goes_on_where_it_stopped() {
    let first = signal("a", 0, Some("192.0.2.1"), "web-1", "root");
    let mut book = book_of(TriageConfig::default(), vec![first.clone()]);
    let stored = changes(&mut book).incidents.remove(0);
    let mut restored = Book::new(TriageConfig::default());
    restored.restore(stored.clone(), vec![first.clone()]);
    restored.take(signal("a", 10, Some("192.0.2.1"), "web-1", "root"), NOW);
    restored.take(signal("b", 20, Some("192.0.2.1"), "web-1", "root"), NOW);
    let changes = changes(&mut restored);
    assert_eq!(changes.incidents.len(), 1);
    assert_eq!(changes.incidents[0].id, stored.id);
    assert_eq!(changes.incidents[0].version, stored.version + 1);
    assert_eq!(changes.incidents[0].joins.len(), 2);
}

#[test]
fn open_incidents_are_bounded_and_the_stalest_goes_first() {
    let config = TriageConfig { open_incidents_max: 2, ..TriageConfig::default() };
    let mut book = Book::new(config);
    for (second, address) in [(10, "192.0.2.1"), (5, "192.0.2.2"), (20, "192.0.2.3")] {
        book.take(signal("a", second, Some(address), "web-1", "root"), NOW);
    }
    assert_eq!(book.open.len(), 2);
    assert!(book.index.signals_from("192.0.2.2").is_empty());
    assert_eq!(book.index.sizes(), [2, 2, 2, 2]);
    assert_eq!(changes(&mut book).incidents.len(), 3, "what changed is handed out all the same");
    assert!(changes(&mut book).incidents.is_empty());
}

#[test]
fn a_full_incident_takes_no_more_signals() {
    let config = TriageConfig { incident_signals_max: 3, ..TriageConfig::default() };
    let rules = ["a", "b", "c", "d", "e"];
    let signals = rules.iter().map(|rule| signal(rule, 0, None, "web-1", "root")).collect();
    let sizes: Vec<usize> = incidents(config, signals).iter().map(|incident| incident.joins.len()).collect();
    assert_eq!(sizes.iter().sum::<usize>(), 5);
    assert!(sizes.iter().all(|size| *size <= 3), "{sizes:?}");
}

#[test]
fn a_signal_that_connects_two_incidents_makes_one_of_them() {
    let mut book = book_of(
        TriageConfig::default(),
        vec![
            signal("a", 10, Some("192.0.2.1"), "web-1", "root"),
            signal("b", 5, None, "db-1", "alice"),
            with_entity(
                signal("c", 20, Some("192.0.2.1"), "db-1", "alice"),
                EntityType::Application,
                Role::Related,
                "ssh",
            ),
        ],
    );
    let found = changes(&mut book).incidents;
    assert_eq!(found.len(), 2);
    let gone = found.iter().find(|incident| incident.merged_into.is_some()).unwrap();
    let kept = found.iter().find(|incident| incident.merged_into.is_none()).unwrap();
    assert_eq!(gone.merged_into, Some(kept.id));
    assert_eq!(kept.first, Timestamp::from_seconds(5), "the one that began first survives");
    assert_eq!((kept.joins.len(), gone.joins.len()), (3, 0));
    assert_eq!(kept.absorbed, [gone.id]);
    assert_eq!(book.resolve(gone.id), Some(kept.id));
    let merged = kept.joins.iter().find(|join| matches!(join.reason, JoinReason::Merged { .. })).unwrap();
    let was = Some(Box::new(JoinReason::Opened));
    assert_eq!(merged.reason, JoinReason::Merged { from: gone.id, by: None, was });
}

#[test]
fn a_login_that_succeeds_later_connects_what_it_explains() {
    struct Bob;
    impl LoginFacts for Bob {
        fn facts(&self, _: &str) -> Vec<Fact> {
            let at = Timestamp::from_seconds(0);
            vec![
                fact(FactKind::LoginsFailed, at, "user", "admin"),
                fact(FactKind::LoginsSucceeded, at, "user", "bob"),
            ]
        }
    }
    let mut book = book_of(
        TriageConfig::default(),
        vec![
            signal("brute", 0, Some("192.0.2.1"), "web-1", "root"),
            signal("sudo", 30, None, "web-1", "bob"),
        ],
    );
    assert_eq!(book.open.len(), 2);
    book.refresh_logins(&BTreeSet::from(["192.0.2.1".to_owned()]), &Bob, NOW);
    assert_eq!(book.open.len(), 1);
}

/// A week of an office behind one address, then two strangers from it.
#[test]
fn strangers_behind_a_common_address_are_not_glued_together() {
    let mut book = Book::new(TriageConfig::default());
    let strangers = |book: &mut Book, second: i64| {
        for (rule, host, user) in [("x", "pc-a", "ann"), ("y", "pc-b", "ben")] {
            book.take(signal(rule, second, Some("198.51.100.1"), host, user), NOW);
        }
        let both = ["ann", "ben"].map(|user| {
            let has = |(_, signals): &(&Incident, &[Signal])| {
                signals.iter().any(|found| found.entities.iter().any(|entity| entity.value == user))
            };
            book.open().filter(has).map(|(incident, _)| incident.id).max()
        });
        both[0] == both[1]
    };
    let mut fresh = Book::new(TriageConfig::default());
    assert!(strangers(&mut fresh, 0), "a rare address connects");
    for day in 0..14 {
        for number in 0..10 {
            let (host, user) = (format!("h{number}"), format!("u{day}x{number}"));
            book.take(signal("a", day * 86_400 + number, Some("198.51.100.1"), &host, &user), NOW);
        }
    }
    changes(&mut book);
    assert!(!strangers(&mut book, 15 * 86_400));
}

#[test]
fn a_declared_scanner_connects_nothing() {
    let scanner = |rule: &str, host: &str| {
        let found = signal(rule, 0, Some("192.0.2.9"), host, "root");
        with_enrichment(found, Some((EntityType::Ip, "192.0.2.9")), enrichment::ROLE, "scanner")
    };
    let found = incidents(TriageConfig::default(), vec![scanner("a", "h1"), scanner("b", "h2")]);
    assert_eq!(found.len(), 2);
}

#[test]
fn indicators_hashes_and_programs_connect_and_say_so() {
    let on = |rule: &str, host: &str| signal(rule, 0, None, host, "system");
    let indicator = |found| with_enrichment(found, None, enrichment::INDICATOR, "evil.example");
    let found = incidents(TriageConfig::default(), vec![indicator(on("a", "h1")), indicator(on("b", "h2"))]);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].joins[1].reason, JoinReason::Indicator { value: "evil.example".to_owned() });

    let hash = |found| with_enrichment(found, None, enrichment::HASH, &"AB".repeat(32));
    let found = incidents(TriageConfig::default(), vec![hash(on("a", "h1")), hash(on("b", "h2"))]);
    assert_eq!(found[0].joins[1].reason, JoinReason::FileHash { value: "ab".repeat(32) });

    let parent = with_entity(on("a", "h1"), EntityType::Process, Role::Actor, "C:\\Temp\\Evil.exe");
    let mut child = on("b", "h1");
    child.facts.push(fact(FactKind::ProcessesStarted, child.first, "parent", "c:\\temp\\evil.exe"));
    let found = incidents(TriageConfig::default(), vec![parent, child]);
    let tree = JoinReason::ProcessTree { host: "h1".to_owned(), process: "c:\\temp\\evil.exe".to_owned() };
    assert_eq!(found[0].joins[1].reason, tree);
}

fn split_book() -> (Book, IncidentId, EditOutcome) {
    let mut book = book_of(
        TriageConfig::default(),
        vec![
            signal("a", 0, Some("192.0.2.1"), "web-1", "root"),
            signal("b", 1, Some("192.0.2.1"), "web-1", "root"),
        ],
    );
    let id = *book.open.keys().next().unwrap();
    let second = book.open[&id].signals()[1].id;
    let outcome = book.split(id, &[second], "ada", Timestamp::from_seconds(9)).unwrap();
    (book, id, outcome)
}

#[test]
fn the_platform_does_not_merge_what_a_person_split() {
    let (mut book, id, outcome) = split_book();
    assert_ne!(outcome.incident, id);
    book.take(signal("c", 2, Some("192.0.2.1"), "web-1", "root"), NOW);
    assert_eq!(book.open.len(), 2);
    // Nor after a restart, nor by way of a third.
    let stored = changes(&mut book);
    let mut restored = Book::new(TriageConfig::default());
    for incident in stored.incidents {
        let of =
            |join: &sentra_model::Join| stored.signals.iter().find(|found| found.id == join.signal).cloned();
        let signals = incident.joins.iter().filter_map(of).collect();
        restored.restore(incident, signals);
    }
    for (key, value) in stored.rows {
        restored.restore_row(&key, &value.unwrap());
    }
    restored.take(signal("d", 3, Some("192.0.2.1"), "web-1", "root"), NOW);
    assert_eq!(restored.open.len(), 2);
    // A person may.
    let merged = restored.merge(id, &[outcome.incident], "bob", Timestamp::from_seconds(20)).unwrap();
    assert_eq!(merged.incident, id);
    assert_eq!(restored.open.len(), 1);
    assert_eq!(restored.resolve(outcome.incident), Some(id));
    assert!(restored.open[&id].incident.apart.is_empty());
}

#[test]
fn an_edit_leaves_who_when_and_from_where() {
    let (mut book, id, outcome) = split_book();
    let found = changes(&mut book).incidents;
    let at = Timestamp::from_seconds(9);
    let by = Some("ada".to_owned());
    let source = found.iter().find(|incident| incident.id == id).unwrap();
    let target = found.iter().find(|incident| incident.id == outcome.incident).unwrap();
    let signals = outcome.signals.clone();
    let out = EditKind::TakenOut { into: target.id, signals: signals.clone() };
    assert_eq!(source.history, [Edit { by: by.clone(), at, kind: out }]);
    let brought = EditKind::BroughtIn { from: id, signals };
    assert_eq!(target.history, [Edit { by, at, kind: brought }]);
    match &target.joins[0].reason {
        JoinReason::Moved { from, by, was } => {
            assert_eq!((*from, by.as_str()), (id, "ada"));
            assert!(matches!(was.as_deref(), Some(JoinReason::SharedEntity { .. })));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn moving_everything_out_makes_an_incident_part_of_the_other() {
    let (mut book, id, outcome) = split_book();
    let moved = book.move_signals(outcome.incident, &outcome.signals, id, "bob", NOW).unwrap();
    assert_eq!(moved.incident, id);
    assert_eq!(book.resolve(outcome.incident), Some(id));
    assert_eq!(book.open[&id].signals().len(), 2);
}

#[test]
fn a_title_by_a_person_stays_and_a_closed_incident_is_left_alone() {
    let mut book = book_of(TriageConfig::default(), vec![signal("a", 0, Some("192.0.2.1"), "web-1", "root")]);
    let id = *book.open.keys().next().unwrap();
    book.retitle(id, " the intern ", "ada", NOW).unwrap();
    book.take(signal("b", 1, Some("192.0.2.1"), "web-1", "root"), NOW);
    assert_eq!(changes(&mut book).incidents[0].title, "the intern");
    book.set_status(id, sentra_model::IncidentStatus::Closed, "ada", NOW).unwrap();
    let taken = book.take(signal("c", 2, Some("192.0.2.1"), "web-1", "root"), NOW);
    assert!(matches!(taken, Taken::Opened(opened) if opened != id));
    let closed = changes(&mut book).incidents;
    assert!(
        closed
            .iter()
            .any(|incident| incident.id == id && incident.status == sentra_model::IncidentStatus::Closed)
    );
}

#[test]
fn operations_that_make_no_sense_are_refused() {
    let (mut book, id, outcome) = split_book();
    let all: Vec<SignalId> = book.open[&id].signals().iter().map(|signal| signal.id).collect();
    let unknown = crate::grouping::opened_id(&signal("z", 0, None, "h", "u"));
    let foreign = outcome.signals[0];
    assert_eq!(book.merge(id, &[id], "ada", NOW), Err(BookError::SameIncident(id)));
    assert_eq!(book.merge(id, &[unknown], "ada", NOW), Err(BookError::UnknownIncident(unknown)));
    assert_eq!(book.split(id, &[], "ada", NOW), Err(BookError::NoSignals));
    assert_eq!(book.split(id, &all, "ada", NOW), Err(BookError::NothingLeft));
    assert_eq!(book.split(id, &[foreign], "ada", NOW), Err(BookError::UnknownSignal(foreign)));
    assert_eq!(book.retitle(id, "x", " ", NOW), Err(BookError::Nobody));
    assert_eq!(book.retitle(id, "", "ada", NOW), Err(BookError::Title));
}

#[test]
fn an_incident_says_why_its_risk_is_what_it_is() {
    let tactics = ["initial-access", "execution", "lateral-movement", "exfiltration"];
    let mut attack = Vec::new();
    for (tactic, second) in tactics.into_iter().zip(0..) {
        let mut step = signal(tactic, second, None, "web-1", "alice");
        step.severity = Severity::Medium;
        step.tactics = vec![tactic.to_owned()];
        attack.push(step);
    }
    let mut jumbled = attack.clone();
    for (step, tactic) in jumbled.iter_mut().zip(tactics.into_iter().rev()) {
        step.tactics = vec![tactic.to_owned()];
    }
    let in_order = incidents(TriageConfig::default(), attack).remove(0);
    let backwards = incidents(TriageConfig::default(), jumbled).remove(0);
    assert_eq!(in_order.chain.len(), 4);
    assert!(in_order.risk.score > backwards.risk.score);
    assert!(in_order.reasons.iter().any(|why| why.factor == sentra_model::RiskFactor::KillChain));
    let sum: f64 = in_order.reasons.iter().map(|why| why.log_odds).sum();
    let score = crate::probability(crate::log_odds(crate::BASE_RATE) + sum);
    assert!((score - in_order.risk.score).abs() < 1e-9, "the reasons add up");
}

/// Who works on an incident does not lose it because something older turns out to belong to it.
#[test]
fn what_a_person_decided_outlives_a_merge() {
    let mut book =
        book_of(TriageConfig::default(), vec![signal("a", 10, Some("192.0.2.1"), "web-1", "root")]);
    let worked_on = *book.open.keys().next().unwrap();
    let status = sentra_model::IncidentStatus::InProgress;
    book.retitle(worked_on, "the intern", "ada", NOW).unwrap();
    book.set_status(worked_on, status, "ada", NOW).unwrap();
    book.take(signal("b", 1, None, "db-1", "alice"), NOW);
    book.take(signal("c", 20, Some("192.0.2.1"), "db-1", "alice"), NOW);
    let found = changes(&mut book).incidents;
    let kept = found.iter().find(|incident| incident.merged_into.is_none()).unwrap();
    assert_ne!(kept.id, worked_on);
    assert_eq!((kept.title.as_str(), kept.status), ("the intern", status));
    assert_eq!(kept.history.iter().filter(|edit| edit.by.as_deref() == Some("ada")).count(), 2);
}

/// A domain controller sees everybody; what its own service does there belongs to nobody's story.
#[test]
fn a_host_where_everybody_logs_in_is_no_link() {
    let mut book = Book::new(TriageConfig::default());
    let link = |book: &mut Book, second: i64| {
        let first = book.take(signal("x", second, None, "dc-1", "system"), NOW);
        let second = book.take(signal("y", second, None, "dc-1", "network service"), NOW);
        matches!((first, second), (Taken::Opened(one), Taken::Joined(other)) if one == other)
    };
    assert!(link(&mut Book::new(TriageConfig::default()), 0), "a workstation's host connects");
    for number in 0..200 {
        book.take(signal("a", number * 7_000, None, "dc-1", &format!("user{number}")), NOW);
    }
    assert!(!link(&mut book, 200 * 7_000 + 20_000));
}
