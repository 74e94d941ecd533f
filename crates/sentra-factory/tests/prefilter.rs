//! What a compiled rule asks the marts for, held in the real engine against the rule itself: nothing that it matches is
//! left out.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot go on fails"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sentra_decode::{DecodeOptions, Decoded, Decoder};
use sentra_detect::{
    Precision, ProblemSeverity, QueryEngine, RuleProblem, RuleSet, RuleSource, matching_rules,
};
use sentra_model::{
    BatchBuilder, EventBatch, EventId, ManualClock, Mart, Position, RawRecord, Source, SourceKind, TenantId,
    TenantScope, Timestamp,
};
use sentra_store::{EmbeddedMarts, MartOptions, MartStore, MemoryMarts, ReadBack};

fn batches(lines: &[String]) -> Vec<EventBatch> {
    let reference = Timestamp::from_seconds(1_600_000_000);
    let source = Source { kind: SourceKind::File, origin: "test.ndjson".to_owned(), format: None, reference };
    let decoder = Decoder::new(DecodeOptions::default());
    let mut builders: BTreeMap<Mart, BatchBuilder> = BTreeMap::new();
    for (offset, line) in lines.iter().enumerate() {
        let raw = RawRecord { source: &source, position: 1, received: reference, bytes: line.as_bytes() };
        let Decoded::Event(event) = decoder.decode(&raw) else { panic!("not understood: {line}") };
        let new = || BatchBuilder::new(TenantId::default_tenant(), event.mart.clone());
        let builder = builders.entry(event.mart.clone()).or_insert_with(new);
        builder.push(EventId::raw(0, offset as u64), &raw, &event).unwrap();
    }
    builders.into_values().map(|mut builder| builder.finish().unwrap()).collect()
}

fn scope() -> TenantScope {
    TenantScope::new(TenantId::default_tenant())
}

/// The same events in memory, in Parquet, and half of them in each.
async fn stores(lines: &[String], directory: &Path) -> Vec<(&'static str, Box<dyn MartStore>)> {
    let memory = MemoryMarts::default();
    let open = |name: &str| {
        let path = directory.join(name);
        std::fs::create_dir_all(&path).unwrap();
        async move { EmbeddedMarts::open(&path, MartOptions::default(), Arc::new(ManualClock::default())).await }
    };
    let (unflushed, flushed) = (open("a").await.unwrap(), open("b").await.unwrap());
    let next = Position { partition: 0, offset: lines.len() as u64 };
    for store in [&memory as &dyn MartStore, &unflushed, &flushed] {
        store.append(&scope(), batches(lines), next).await.unwrap();
    }
    flushed.flush(&scope()).await.unwrap();
    vec![("memory", Box::new(memory)), ("unflushed", Box::new(unflushed)), ("parquet", Box::new(flushed))]
}

async fn selected(store: &dyn MartStore, condition: &str) -> BTreeSet<u64> {
    let mut selected = BTreeSet::new();
    let mut page = ReadBack { condition: Some(condition.to_owned()), ..ReadBack::default() };
    loop {
        let answer = store.read_back(&scope(), &page).await.unwrap_or_else(|error| {
            panic!("{error}: {:?}\n{condition}", std::error::Error::source(&error).map(ToString::to_string))
        });
        selected.extend(answer.batches.iter().flat_map(EventBatch::rows).map(|row| row.id().offset));
        match answer.next {
            Some(next) => page.from = next,
            None => return selected,
        }
    }
}

/// The events that each rule matches.
fn matched(rules: &RuleSet, lines: &[String]) -> Vec<BTreeSet<u64>> {
    let mut matched = vec![BTreeSet::new(); rules.len()];
    for batch in batches(lines) {
        for row in batch.rows() {
            for rule in matching_rules(rules, batch.mart().as_str(), row) {
                matched[rule].insert(row.id().offset);
            }
        }
    }
    matched
}

/// Asks every store for every rule of `chosen`; how many events the conditions selected in all.
async fn hold(rules: &RuleSet, chosen: &[usize], lines: &[String]) -> (usize, usize) {
    let directory = tempfile::tempdir().unwrap();
    let stores = stores(lines, directory.path()).await;
    let matched = matched(rules, lines);
    let (mut wanted, mut given) = (0, 0);
    for &index in chosen {
        let query = rules.query(index, QueryEngine::DataFusion).unwrap();
        let expected = &matched[index];
        let mut answers = BTreeSet::new();
        for (name, store) in &stores {
            let selected = selected(store.as_ref(), &query.condition).await;
            assert!(
                expected.is_subset(&selected),
                "{name} leaves out events of {}: {:?}\n{query}",
                query.rule,
                expected
                    .difference(&selected)
                    .take(3)
                    .map(|offset| &lines[*offset as usize])
                    .collect::<Vec<_>>()
            );
            if query.precision == Precision::Exact {
                assert_eq!(expected, &selected, "{name} of {}\n{query}", query.rule);
            }
            answers.insert(selected);
        }
        assert_eq!(answers.len(), 1, "the stores differ on {}\n{query}", query.rule);
        wanted += expected.len();
        given += answers.first().map_or(0, BTreeSet::len);
    }
    (wanted, given)
}

/// One rule for every way in which a test is said.
const SELECTIONS: &[&str] = &[
    "CommandLine: whoami /all",
    "CommandLine|cased: Whoami",
    "CommandLine|contains: [\"it's\", '100%', '_x']",
    "CommandLine|contains|all: [who, all]",
    "CommandLine|startswith: WHO",
    "CommandLine|endswith: ' /ALL'",
    "CommandLine: 'who*all'",
    "CommandLine: 'wh?ami /all'",
    "CommandLine|windash|contains: ' -all'",
    "CommandLine|base64offset|contains: secret",
    "CommandLine|wide|base64offset|contains: secret",
    "CommandLine|re: '^who.mi'",
    "CommandLine|re|i: '^WHO.mi'",
    "CommandLine: null",
    "CommandLine: ''",
    "CommandLine|exists: true",
    "CommandLine|exists: false",
    "CommandLine: ÄRGER",
    "CommandLine|contains: 'Σ'",
    "DestinationPort: 443",
    "DestinationPort|gt: 400",
    "DestinationPort|lte: 80",
    "DestinationPort|neq: 80",
    "SourceIp|cidr: 192.0.2.0/24",
    "DestinationIp|cidr: '2001:db8::/32'",
    "User|fieldref: TargetUser",
    "Image|endswith: '\\cmd.exe'",
    "EventID: [1, 3]",
    "host|startswith: WS",
];

fn lines() -> Vec<String> {
    let commands = [
        "whoami /all",
        "Whoami",
        "WHOAMI -all",
        "it's",
        "100%",
        "a_x",
        "100",
        "äRGER",
        "σς",
        "",
        "c2VjcmV0",
        "xzZWNyZXQ",
        "who\\nall",
        "--",
        "' OR 1=1",
        "\\u212a",
    ];
    let mut lines = Vec::new();
    for (number, command) in commands.iter().enumerate() {
        let port = [80, 443, 8_080, 22][number % 4];
        let address = ["192.0.2.7", "198.51.100.2", "2001:db8::1"][number % 3];
        let user = ["CORP\\\\ann", "bob"][number % 2];
        let id = [1, 3, 4_624][number % 3];
        lines.push(format!(
            r#"{{"EventTime":"2020-09-21 22:31:{number:02}","Hostname":"WS{number}.corp.example","Channel":"Microsoft-Windows-Sysmon/Operational","EventID":{id},"SourceName":"Microsoft-Windows-Sysmon","CommandLine":"{command}","Image":"C:\\Windows\\System32\\cmd.exe","DestinationPort":"{port}","DestinationIp":"{address}","SourceIp":"{address}","User":"{user}","TargetUser":"bob"}}"#
        ));
    }
    lines.push(r#"{"EventTime":"2020-09-21 22:32:00","Hostname":"WS99","Channel":"Security","EventID":4688,"SourceName":"Microsoft-Windows-Security-Auditing","NewProcessName":"C:\\Windows\\System32\\cmd.exe"}"#.to_owned());
    lines
}

#[tokio::test]
async fn conditions_select_what_their_rules_match() {
    let mut text = String::new();
    let conditions = ["s", "not s"];
    for (number, selection) in SELECTIONS.iter().enumerate() {
        for (way, condition) in conditions.iter().enumerate() {
            text += &format!(
                "title: r\nid: r{number}-{way}\nlogsource: {{product: windows}}\ndetection:\n  s:\n    {selection}\n  condition: {condition}\n---\n"
            );
        }
    }
    text += "title: r\nid: keywords\nlogsource: {product: windows}\ndetection:\n  s: [whoami, '%']\n  condition: s\n";
    let source = RuleSource { path: "t.yml".into(), text, pack: "t@1".into() };
    let (rules, problems) = RuleSet::compile(vec![source]);
    let is_error = |problem: &RuleProblem| problem.severity == ProblemSeverity::Error;
    assert!(!problems.iter().any(is_error), "{problems:?}");
    assert_eq!(rules.len(), SELECTIONS.len() * conditions.len() + 1);
    let chosen: Vec<usize> = (0..rules.len()).collect();
    let (wanted, given) = hold(&rules, &chosen, &lines()).await;
    println!("{wanted} wanted, {given} selected");
    assert!(wanted > 100);
}

/// Law LIMIT: engines walk conditions by recursion, on threads with little stack.
#[tokio::test]
async fn long_and_deep_conditions_are_answered() {
    let values: Vec<String> = (0..100).map(|number| format!("value{number}")).collect();
    let long = format!("    CommandLine|contains: [{}, whoami]\n", values.join(", "));
    let deep = "not (s and ".repeat(12) + "s" + &")".repeat(12);
    let mut text = String::new();
    for (name, selection, condition) in
        [("long", long.as_str(), "s"), ("deep", "    CommandLine: whoami /all\n", deep.as_str())]
    {
        text += &format!(
            "title: r\nid: {name}\nlogsource: {{product: windows}}\ndetection:\n  s:\n{selection}  condition: {condition}\n---\n"
        );
    }
    let source = RuleSource { path: "t.yml".into(), text, pack: "t@1".into() };
    let (rules, problems) = RuleSet::compile(vec![source]);
    assert_eq!(rules.len(), 2, "{problems:?}");
    let (wanted, _) = hold(&rules, &[0, 1], &lines()).await;
    assert!(wanted > 3);
}

fn data() -> Option<PathBuf> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    data.is_dir().then_some(data)
}

fn sources(directory: &Path, into: &mut Vec<RuleSource>) {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(directory).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "yml") {
            let text = std::fs::read_to_string(&path).unwrap();
            into.push(RuleSource { path: path.display().to_string(), text, pack: "sigma".into() });
        }
    }
}

fn unpacked(compressed: &[u8]) -> String {
    const BYTES_MAX: u64 = 512 << 20;
    let mut text = String::new();
    let decoder = zstd::stream::read::Decoder::new(compressed).unwrap();
    std::io::Read::take(decoder, BYTES_MAX).read_to_string(&mut text).unwrap();
    text
}

/// Every public rule that matches something in recorded attacks, and some that do not.
#[tokio::test]
async fn conditions_of_public_rules_select_recorded_attacks() {
    // Planning is slow without optimisation: `make long-test` asks for all that match.
    let matching: usize = std::env::var("SENTRA_PREFILTER_RULES").map_or(9, |all| all.parse().unwrap());
    let others = matching / 3;
    const EVENTS: usize = 600;
    let Some(data) = data() else {
        println!("SKIP: ../shared/data is not here");
        return;
    };
    let mut all = Vec::new();
    for directory in ["rules", "rules-emerging-threats", "rules-threat-hunting"] {
        sources(&data.join("sigma").join(directory), &mut all);
    }
    let (rules, _) = RuleSet::compile(all);
    let expected = std::fs::read_to_string(data.join("windows/otrf.expected.tsv")).unwrap();
    // Of each rule its first events, and events that none matches.
    let mut by_rule: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (line, rule) in expected.lines().filter_map(|line| line.split_once('\t')) {
        let Ok(line) = line.parse() else { continue };
        by_rule.entry(rule).or_default().push(line);
    }
    let mut numbers: BTreeSet<usize> =
        by_rule.values().flat_map(|lines| lines.iter().take(3).copied()).collect();
    let compressed = std::fs::read(data.join("windows/otrf.ndjson.zst")).unwrap();
    let text = unpacked(&compressed);
    let events: Vec<&str> = text.lines().collect();
    numbers.extend((0..events.len()).step_by(events.len() / EVENTS));
    let lines: Vec<String> = numbers.into_iter().map(|number| events[number].to_owned()).collect();
    let mut chosen: Vec<usize> = by_rule.keys().filter_map(|rule| rules.position(rule)).collect();
    assert!(chosen.len() > 50, "{} rules", chosen.len());
    let step = chosen.len().div_ceil(matching);
    chosen = chosen.into_iter().step_by(step).collect();
    chosen.extend((0..rules.len()).step_by(rules.len() / others));
    let (wanted, given) = hold(&rules, &chosen, &lines).await;
    println!("{} rules, {} events: {wanted} matches, {given} selected", chosen.len(), lines.len());
    assert!(wanted >= matching);
}
