//! Recorded attacks: what an independent engine found in them, raw, becomes few incidents.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot go on fails"
)]

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::Read;
use std::path::{Path, PathBuf};

use sentra_model::{
    Digest, EntityRef, EntityType, EventId, Fact, FactKind, Incident, ManualClock, NamedSet, Narrative, Role,
    RuleKind, RuleRef, Severity, Signal, SignalId, TenantId, Timestamp,
};
use sentra_triage::{Teller, Told, Triage, TriageConfig, prior_estimate};
use serde_json::{Map, Value};

struct Silent;

impl Teller for Silent {
    fn tell(&self, _: &Incident, _: &[Signal]) -> Told {
        Told { title: String::new(), headline: String::new(), narrative: Narrative::default() }
    }
}

fn data() -> Option<PathBuf> {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")).to_path_buf();
    if path.join("windows/otrf.expected.tsv").is_file() {
        return Some(path);
    }
    println!("SKIP: there is no real data at {}", path.display());
    None
}

struct Rule {
    title: String,
    level: Severity,
    tags: Vec<String>,
}

/// The rules by id: what a line scan of their YAML tells.
fn rules(data: &Path) -> HashMap<String, Rule> {
    let mut left: Vec<PathBuf> = ["rules", "rules-emerging-threats", "rules-threat-hunting"]
        .map(|name| data.join("sigma").join(name))
        .to_vec();
    let mut rules = HashMap::new();
    while let Some(directory) = left.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                left.push(path);
            } else if path.extension().is_some_and(|extension| extension == "yml") {
                let text = std::fs::read_to_string(&path).unwrap();
                let value = |key: &str| {
                    let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
                    line.unwrap_or_default().trim().trim_matches(['\'', '"']).to_owned()
                };
                let level = match value("level").as_str() {
                    "critical" => Severity::Critical,
                    "high" => Severity::High,
                    "medium" => Severity::Medium,
                    "low" => Severity::Low,
                    _ => Severity::Informational,
                };
                let tags = text.lines().skip_while(|line| *line != "tags:").skip(1);
                let tags = tags.map_while(|line| line.trim_start().strip_prefix("- "));
                let tags = tags.map(|tag| tag.trim().to_owned()).collect();
                rules.insert(value("id"), Rule { title: value("title"), level, tags });
            }
        }
    }
    rules
}

fn text<'a>(event: &'a Map<String, Value>, names: &[&str]) -> Option<&'a str> {
    let texts = names.iter().filter_map(|name| event.get(*name)?.as_str());
    texts.into_iter().find(|text| !text.is_empty() && *text != "-")
}

fn time(event: &Map<String, Value>) -> Timestamp {
    let text = text(event, &["@timestamp", "UtcTime", "TimeCreated", "EventTime"]).unwrap();
    let text = text.replace(' ', "T");
    let text = if text.ends_with('Z') { text } else { format!("{text}Z") };
    text.parse().unwrap()
}

/// Who took part, as the decoder and the factory see it.
fn entities(event: &Map<String, Value>) -> Vec<EntityRef> {
    let id = event.get("EventID").and_then(Value::as_i64).unwrap_or_default();
    let short = |name: &str| name.rsplit('\\').next().unwrap_or(name).to_owned();
    let login = matches!(id, 4624 | 4625);
    let user = match id {
        4624 | 4625 | 4634 | 4647 | 4648 => text(event, &["TargetUserName", "SubjectUserName"]),
        _ => text(
            event,
            &["SubjectUserName", "User", "SourceUser", "UserName", "AccountName", "TargetUserName"],
        ),
    };
    let address = |names: &[&str]| {
        let address: std::net::IpAddr = text(event, names)?.parse().ok()?;
        (!address.is_loopback() && !address.is_unspecified()).then(|| address.to_string())
    };
    let source = address(&["IpAddress", "SourceIp", "SourceAddress", "ClientAddress"]);
    let host_role = if source.is_some() { Role::Target } else { Role::Observer };
    let (user_role, process_role) =
        if login { (Role::Target, Role::Related) } else { (Role::Actor, Role::Actor) };
    let process = text(event, &["Image", "NewProcessName", "SourceImage", "ProcessName"]).map(str::to_owned);
    let file = ["TargetFilename", "ObjectName", "ImageLoaded", "TargetObject", "RelativeTargetName"];
    let session = text(event, &["LogonId", "SubjectLogonId", "TargetLogonId"]).map(str::to_owned);
    [
        (EntityType::Ip, Role::Source, source),
        (EntityType::Ip, Role::Destination, address(&["DestinationIp", "DestAddress"])),
        (EntityType::Host, host_role, text(event, &["Computer", "Hostname"]).map(str::to_owned)),
        (EntityType::User, user_role, user.map(short)),
        (EntityType::Process, process_role, process),
        (EntityType::File, Role::Target, text(event, &file).map(str::to_owned)),
        (EntityType::Domain, Role::Related, text(event, &["QueryName"]).map(str::to_owned)),
        (EntityType::Session, Role::Related, session),
    ]
    .into_iter()
    .filter_map(|(entity_type, role, value)| Some(EntityRef::new(entity_type, role, value?)))
    .collect()
}

fn signal(line: u64, id: &str, rule: &Rule, event: &Map<String, Value>) -> Signal {
    let at = time(event);
    let of = |prefix: &str| rule.tags.iter().filter_map(|tag| tag.strip_prefix(prefix)).collect::<Vec<_>>();
    let attack = of("attack.");
    let is_technique =
        |tag: &&&str| tag.starts_with('t') && tag.as_bytes().get(1).is_some_and(u8::is_ascii_digit);
    let techniques: Vec<String> = attack.iter().filter(is_technique).map(|tag| tag.to_uppercase()).collect();
    let tactics =
        attack.iter().filter(|tag| sentra_model::TACTICS.contains(tag)).map(|tag| (*tag).to_owned());
    let parent = text(event, &["ParentImage", "ParentProcessName"]);
    let values = parent.map(|parent| ("parent".to_owned(), NamedSet::of(vec![parent.to_owned()])));
    Signal {
        id: SignalId::derive(Digest::new("signal/1").text(id).number(line)),
        tenant: TenantId::default_tenant(),
        rule: RuleRef {
            id: id.to_owned(),
            title: rule.title.clone(),
            kind: RuleKind::Sigma,
            level: rule.level,
            tags: rule.tags.clone(),
            pack: "public".to_owned(),
        },
        severity: rule.level,
        probability: prior_estimate(rule.level, RuleKind::Sigma),
        first: at,
        last: at,
        count: 1,
        folded: 0,
        events: vec![EventId::raw(0, line)],
        events_total: 1,
        entities: entities(event),
        facts: vec![Fact {
            kind: FactKind::Observed,
            count: 1,
            first: at,
            last: at,
            entities: Vec::new(),
            values: values.into_iter().collect(),
            events: vec![EventId::raw(0, line)],
            pace: None,
        }],
        techniques,
        tactics: tactics.collect(),
        controls: Vec::new(),
        enrichments: Vec::new(),
        verdict: None,
    }
}

/// Every raw match as a signal, by line.
fn matches(data: &Path) -> Vec<(u64, Signal)> {
    let rules = rules(data);
    let expected = std::fs::read_to_string(data.join("windows/otrf.expected.tsv")).unwrap();
    let mut by_line: BTreeMap<u64, Vec<&str>> = BTreeMap::new();
    for line in expected.lines() {
        let (line, id) = line.split_once('\t').unwrap();
        by_line.entry(line.parse().unwrap()).or_default().push(id.trim());
    }
    let mut events = String::new();
    let file = std::fs::File::open(data.join("windows/otrf.ndjson.zst")).unwrap();
    zstd::Decoder::new(file).unwrap().take(1 << 30).read_to_string(&mut events).unwrap();
    let mut signals = Vec::new();
    for (line, text) in (0_u64..).zip(events.lines()) {
        let Some(ids) = by_line.get(&line) else { continue };
        let event: Map<String, Value> = serde_json::from_str(text).unwrap();
        signals.extend(ids.iter().map(|id| (line, signal(line, id, &rules[*id], &event))));
    }
    signals
}

struct Dataset {
    name: String,
    lines: std::ops::Range<u64>,
    techniques: BTreeSet<String>,
}

fn datasets(data: &Path) -> Vec<Dataset> {
    let index = std::fs::read_to_string(data.join("windows/otrf.index.csv")).unwrap();
    let of = |line: &str| {
        let fields: Vec<&str> = line.split(',').collect();
        let first: u64 = fields[1].parse().unwrap();
        let lines: u64 = fields[2].parse().unwrap();
        let techniques = fields.last().unwrap().split([';', ' ', '|']).filter(|text| text.starts_with('T'));
        Dataset {
            name: fields[0].to_owned(),
            lines: first..first + lines,
            techniques: techniques.map(str::to_owned).collect(),
        }
    };
    index.lines().skip(1).map(of).filter(|dataset| !dataset.lines.is_empty()).collect()
}

/// The live incidents that signals end in, taken in the order of their lines, in chunks of `chunk`.
fn triaged(signals: &[Signal], chunk: usize) -> Vec<Incident> {
    let mut triage = Triage::new(TenantId::default_tenant(), TriageConfig::default());
    let clock = ManualClock::new(Timestamp::from_seconds(1_700_000_000));
    let mut stored: BTreeMap<_, Incident> = BTreeMap::new();
    for signals in signals.chunks(chunk) {
        for signal in signals {
            triage.take(signal.clone(), Timestamp::from_seconds(1_700_000_000));
        }
        let changes = triage.take_changes(&Silent, &clock);
        stored.extend(changes.incidents.into_iter().map(|incident| (incident.id, incident)));
    }
    stored.into_values().filter(|incident| incident.merged_into.is_none()).collect()
}

fn base(technique: &str) -> &str {
    technique.split('.').next().unwrap()
}

#[test]
fn each_recorded_attack_ends_in_few_incidents() {
    let Some(data) = data() else { return };
    let matches = matches(&data);
    assert_eq!(matches.len(), 1_690);
    let (mut raw, mut incidents_total, mut with_many) = (0, 0, Vec::new());
    let (mut labelled, mut recalled, mut possible, mut possible_recalled) = (0, 0, 0, 0);
    println!("{:>5} {:>4} {:>6}  technique  dataset", "raw", "inc", "ratio");
    for dataset in datasets(&data) {
        let signals: Vec<Signal> = matches
            .iter()
            .filter(|(line, _)| dataset.lines.contains(line))
            .map(|(_, signal)| signal.clone())
            .collect();
        if signals.is_empty() {
            println!("{:>5} {:>4} {:>6}  {:9}  {}", 0, 0, "-", "-", dataset.name);
            continue;
        }
        let incidents = triaged(&signals, 100);
        assert_eq!(triaged(&signals, 1).len(), incidents.len(), "where it is cut does not matter");
        let ratio = signals.len() as f64 / incidents.len() as f64;
        let found: BTreeSet<&str> =
            incidents.iter().flat_map(|one| &one.techniques).map(|one| base(one)).collect();
        let by_rules: BTreeSet<&str> =
            signals.iter().flat_map(|one| &one.techniques).map(|one| base(one)).collect();
        let is_labelled = !dataset.techniques.is_empty();
        let has =
            |found: &BTreeSet<&str>| dataset.techniques.iter().any(|wanted| found.contains(base(wanted)));
        labelled += usize::from(is_labelled);
        recalled += usize::from(is_labelled && has(&found));
        possible += usize::from(is_labelled && has(&by_rules));
        possible_recalled += usize::from(is_labelled && has(&by_rules) && has(&found));
        let mark = if !is_labelled {
            "unlabelled"
        } else if has(&found) {
            "yes"
        } else {
            "no rule"
        };
        println!("{:>5} {:>4} {ratio:>6.1}  {mark:10} {}", signals.len(), incidents.len(), dataset.name);
        raw += signals.len();
        incidents_total += incidents.len();
        if signals.len() >= 20 {
            with_many.push((dataset.name.clone(), signals.len(), incidents.len()));
        }
        assert!(incidents.len() <= 4, "{}: {} incidents", dataset.name, incidents.len());
    }
    let many_raw: usize = with_many.iter().map(|(_, raw, _)| raw).sum();
    let many_incidents: usize = with_many.iter().map(|(_, _, incidents)| incidents).sum();
    println!(
        "all: {raw} matches, {incidents_total} incidents, {:.1} to 1",
        raw as f64 / incidents_total as f64
    );
    println!(
        "datasets with 20 or more: {} with {many_raw} matches, {many_incidents} incidents, {:.1} to 1",
        with_many.len(),
        many_raw as f64 / many_incidents as f64
    );
    println!(
        "labelled technique: in {recalled} of {labelled}; of {possible} where a rule for it fired: {possible_recalled}"
    );
    assert!(many_raw >= 20 * many_incidents);
    assert_eq!(possible, possible_recalled);
}

#[test]
fn all_attacks_one_after_the_other_end_in_few_incidents() {
    let Some(data) = data() else { return };
    let matches = matches(&data);
    let signals: Vec<Signal> = matches.into_iter().map(|(_, signal)| signal).collect();
    let incidents = triaged(&signals, 500);
    let sizes: Vec<usize> = incidents.iter().map(|incident| incident.joins.len()).collect();
    println!(
        "one stream: {} matches, {} incidents, signals in each: {sizes:?}",
        signals.len(),
        incidents.len()
    );
    assert!(incidents.len() * 20 <= signals.len());
}
