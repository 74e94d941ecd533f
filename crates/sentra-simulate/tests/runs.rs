//! The face of the crate: the same bytes for the same seed, in the order of time, of formats that others can
//! read, with a truth that agrees with an independent count over the lines.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "test code; the lint only knows functions marked as tests"
)]

mod common;

use common::{Line, read};
use proptest::prelude::*;
use sentra_simulate::{DAY, HOUR, Options, Record, Run, SOURCES, Source, scenario, scenarios};

fn options(seed: u64) -> Options {
    Options { seed, rate: Some(0.05), people: 80, ..Options::default() }
}

fn finite() -> impl Iterator<Item = &'static str> {
    scenarios().map(|info| info.name).filter(|name| *name != "load")
}

fn run(name: &str, options: &Options) -> Run {
    Run::new(scenario(name).unwrap(), options)
}

/// FNV-1a: any change of a byte, a time or a source changes it.
fn digest(records: impl Iterator<Item = Record>) -> (u64, u64) {
    let (mut hash, mut count) = (0xcbf2_9ce4_8422_2325_u64, 0);
    for record in records {
        let head = format!("{} {} {} ", record.number, record.time, record.source.as_str());
        for byte in head.bytes().chain(record.bytes) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        count += 1;
    }
    (count, hash)
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    for name in finite() {
        let first = digest(run(name, &options(3)));
        assert_eq!(first, digest(run(name, &options(3))), "{name}");
        assert_ne!(first, digest(run(name, &options(4))), "{name}");
    }
}

/// What a seed stands for is part of the face: people compare results between versions by it. Renew with
/// `UPDATE_EXPECT=1` and say so in the change log.
#[test]
fn golden_digests() {
    let mut text = String::new();
    for info in scenarios() {
        let mut options = options(1);
        if info.name == "load" {
            options.rate = Some(1_000.0);
        }
        let (count, hash) = digest(run(info.name, &options).take(50_000));
        text.push_str(&format!("{} {count} {hash:016x}\n", info.name));
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/digests.txt");
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::create_dir_all(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden")).unwrap();
        std::fs::write(path, &text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap_or_default(), text);
}

#[test]
fn records_are_in_order_numbered_and_within_the_run() {
    for name in finite() {
        let options = options(5);
        let days = match name {
            "benign" => 7,
            "everything" => 5,
            _ => 2,
        };
        let mut last = options.start;
        for (number, record) in (0_u64..).zip(run(name, &options)) {
            assert_eq!(record.number, number, "{name}");
            assert!(record.time >= last, "{name}: {number} is earlier than the one before");
            assert!(record.time < options.start + days * DAY, "{name}: {number} is after the end");
            last = record.time;
        }
        assert!(last > options.start + (days - 1) * DAY + 12 * HOUR, "{name} ends early");
    }
}

#[test]
fn every_line_is_of_its_format() {
    for name in ["everything", "benign"] {
        let mut seen = std::collections::BTreeMap::new();
        for record in run(name, &options(6)) {
            *seen.entry(record.source).or_insert(0_u64) += 1;
            let line: Line = read(record.source, &record.bytes);
            // What a record says about its time is what the run says, to the second at least.
            let apart = line.time.map_or(0, |time| (time - record.time).abs());
            assert!(apart <= 1_000_000, "{}: {apart}", String::from_utf8_lossy(&record.bytes));
        }
        for source in SOURCES {
            assert!(seen.contains_key(&source), "{name} has nothing of {}", source.as_str());
        }
    }
}

#[test]
fn truth_names_the_records_of_attacks() {
    let mut absent = std::collections::BTreeSet::new();
    for name in finite() {
        let mut run = run(name, &options(7));
        let records: Vec<Record> = run.by_ref().collect();
        let truth = run.truth();
        let assets = run.world().assets_csv();
        let addresses: std::collections::BTreeMap<String, String> = assets
            .lines()
            .map(|line| line.split(',').collect::<Vec<_>>())
            .map(|columns| (columns[0].to_owned(), columns[5].to_owned()))
            .collect();
        assert_eq!(truth.records, records.len() as u64);
        let mut in_attacks = 0;
        for story in &truth.stories {
            assert!(!story.records.is_empty() && story.records_more == 0, "{name} {}", story.id);
            assert!(!story.entities.is_empty(), "{name} {}", story.id);
            let times: Vec<_> = story.records.iter().map(|number| records[*number as usize].time).collect();
            assert_eq!(
                (times[0], times[times.len() - 1]),
                (story.start.0, story.end.0),
                "{name} {}",
                story.id
            );
            let text: String = story
                .records
                .iter()
                .map(|number| String::from_utf8_lossy(&records[*number as usize].bytes).to_lowercase())
                .collect();
            for entity in &story.entities {
                // A machine may be named by its address alone: the inventory says which that is.
                let address = addresses.get(&entity.value).map_or("-", String::as_str);
                if !text.contains(&entity.value.to_lowercase()) && !text.contains(address) {
                    absent.insert((story.description.clone(), entity.role.clone(), entity.kind));
                }
            }
            in_attacks += if story.is_attack() { story.records.len() as u64 } else { 0 };
        }
        assert_eq!(truth.benign_records, truth.records - in_attacks);
        assert_eq!(truth.attacks().count() > 0, name != "benign", "{name}");
        let reread = sentra_simulate::Truth::from_ndjson(&truth.to_ndjson()).unwrap();
        assert_eq!(reread.stories.len(), truth.stories.len());
    }
    assert!(absent.is_empty(), "entities that no record of their story names: {absent:#?}");
}

#[test]
fn every_attack_of_every_scenario_happens_in_everything() {
    let mut run = run("everything", &options(8));
    run.by_ref().for_each(drop);
    let truth = run.truth();
    let cases: std::collections::BTreeSet<_> = truth.attacks().map(|story| story.case.as_str()).collect();
    let wanted: std::collections::BTreeSet<_> =
        scenarios().filter_map(|info| info.cases.first().copied()).collect();
    assert_eq!(cases, wanted);
    let looks: std::collections::BTreeSet<_> =
        truth.stories.iter().filter(|story| !story.is_attack()).map(|story| story.case.as_str()).collect();
    assert!(looks.len() >= 11, "{looks:?}");
}

#[test]
fn attacks_obey_their_cases_and_the_rest_does_not() {
    for name in finite() {
        common::cases::check(name, &options(9)).unwrap_or_else(|fault| panic!("{name}: {fault}"));
    }
}

#[test]
fn a_load_test_has_its_rate_and_no_end() {
    let options = Options { rate: Some(50_000.0), ..Options::default() };
    let mut run = run("load", &options);
    let mut bytes = Vec::new();
    let mut last = options.start;
    for _ in 0..200_000_u32 {
        bytes.clear();
        last = run.next_into(&mut bytes).expect("no end").time;
        assert!(!bytes.is_empty() && !bytes.contains(&b'\n'));
    }
    let seconds = (last - options.start) as f64 / 1e6;
    // What follows later from a record comes on top of the rate.
    let rate = 200_000.0 / seconds;
    assert!((45_000.0..60_000.0).contains(&rate), "{rate}");
    assert!(run.truth().stories.is_empty());
}

#[test]
fn the_world_can_be_exported() {
    let run = run("benign", &options(2));
    let world = run.world();
    for (csv, header) in [
        (world.identities_csv(), "account,person,department,title,privilege,status,country,devices"),
        (world.assets_csv(), "host,owner,tier,role,environment,addresses,managed"),
        (world.networks_csv(), "cidr,zone,kind,site"),
    ] {
        let mut lines = csv.lines();
        assert_eq!(lines.next(), Some(header));
        let columns = header.split(',').count();
        let mut keys = std::collections::BTreeSet::new();
        for line in lines {
            assert_eq!(line.split(',').count(), columns, "{line}");
            assert!(keys.insert(line.split(',').next()), "twice: {line}");
        }
        assert!(keys.len() >= 10);
    }
    let admins = world.identities_csv().lines().filter(|line| line.contains(",admin,")).count();
    assert!((8..=14).contains(&admins), "{admins}");
}

/// Findings made of the truth itself are a full score; none at all is none.
#[test]
fn the_truth_scores_full_marks() {
    use sentra_simulate::{Found, FoundEntity, Limits, Rules, Score, Severity, Truth, score};
    let truths: Vec<Truth> = finite()
        .map(|name| {
            let mut run = run(name, &options(11));
            run.by_ref().for_each(drop);
            run.truth()
        })
        .collect();
    let perfect = |truth: &Truth| -> Vec<Found> {
        let found = |story: &sentra_simulate::Story| Found {
            id: story.id.clone(),
            first: story.start,
            last: story.end,
            detected_at: None,
            entities: story
                .entities
                .iter()
                .map(|entity| FoundEntity { kind: entity.kind, value: entity.value.clone() })
                .collect(),
            techniques: Vec::new(),
            rules: vec![format!("sentra.case-{}", story.case.replace('_', "-"))],
            severity: Severity::High,
        };
        truth.attacks().map(found).collect()
    };
    let rules = Rules::default();
    let all = Score::merged(truths.iter().map(|truth| score(truth, &perfect(truth), &rules)));
    assert_eq!(all.check(&Limits::default()), Vec::<String>::new());
    assert!(all.false_positives.is_empty());
    assert!(all.stories.iter().all(|story| story.found.is_empty() || story.by_case));
    let (attacks, detected) = all.detected();
    assert!(attacks == detected && attacks >= 60, "{attacks} {detected}");
    let none = Score::merged(truths.iter().map(|truth| score(truth, &[], &rules)));
    assert_eq!(none.detected(), (attacks, 0));
    let reread: Score = serde_json::from_str(&serde_json::to_string(&all).unwrap()).unwrap();
    assert_eq!(reread.stories, all.stories);
}

#[test]
fn the_page_names_every_scenario_and_source() {
    let page = include_str!("../../../docs/simulate.md");
    for name in scenarios().map(|info| info.name).chain(SOURCES.map(Source::as_str)) {
        assert!(page.contains(&format!("`{name}`")), "docs/simulate.md says nothing of {name}");
    }
}

#[test]
fn all_is_every_scenario_that_ends() {
    let all: Vec<_> = sentra_simulate::named("all").iter().map(|scenario| scenario.info.name).collect();
    assert_eq!(all.len(), 16);
    assert!(all.contains(&"benign") && !all.contains(&"load") && !all.contains(&"everything"));
    assert_eq!(sentra_simulate::named("ransomware").len(), 1);
    assert!(sentra_simulate::named("nothing").is_empty());
}

/// A figure, not a limit: `cargo test --release -- --ignored --nocapture speed`.
#[test]
#[ignore = "a measurement"]
fn speed() {
    let now = std::time::Instant::now;
    let mut run = run("load", &Options { rate: Some(100_000.0), people: 5_000, ..Options::default() });
    let (mut bytes, mut total, begin) = (Vec::new(), 0, now());
    for _ in 0..2_000_000 {
        bytes.clear();
        run.next_into(&mut bytes).unwrap();
        total += bytes.len();
    }
    let seconds = begin.elapsed().as_secs_f64();
    eprintln!("{:.0} records/s, {:.0} MB/s", 2_000_000.0 / seconds, total as f64 / seconds / 1e6);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, max_shrink_iters: 0, ..ProptestConfig::default() })]

    /// Whatever the seed, the size and the day of the week it begins on.
    #[test]
    fn cases_hold_for_every_seed(seed in any::<u64>(), people in 80_usize..130, weekday in 0_i64..7) {
        let start = Options::default().start + weekday * DAY;
        let options = Options { seed, people, start, rate: Some(0.02), days: None };
        let fault = common::cases::check("everything", &options);
        prop_assert!(fault.is_ok(), "{:?}", fault);
    }

    #[test]
    fn no_option_breaks_a_run(
        seed in any::<u64>(),
        people in 0_usize..400,
        start in proptest::prop_oneof![any::<i64>(), -1_000_000_000_000_000_i64..40_000_000_000_000_000],
        rate in -5.0_f64..5.0,
        days in 1_u32..3,
        position in 0_usize..17,
    ) {
        let name = finite().nth(position).unwrap();
        let options = Options { seed, people, start, rate: Some(rate), days: Some(days) };
        let mut last = start.clamp(0, sentra_simulate::START_MAX) - DAY;
        for record in run(name, &options).take(4_000) {
            prop_assert!(record.time >= last);
            prop_assert!(!record.bytes.is_empty());
            prop_assert!(record.source != Source::Qaudjrn || record.bytes.len() > 600);
            last = record.time;
        }
    }
}
