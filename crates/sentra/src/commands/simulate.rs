//! `sentra simulate`: attacks and benign days that never happened, written down as products would, and what Sentra makes
//! of them.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use sentra_backbone::{AppendBatch, EventLog, Stream};
use sentra_factory::{CONSUMER, NoWatcher};
use sentra_model::{
    EntityType, Incident, OwnedRecord, Severity, Signal, Source, SourceKind, TenantId, TenantScope,
    Timestamp, Topic,
};
use sentra_simulate as simulate;
use sentra_store::{INCIDENTS_PAGE_MAX, IncidentFilter};

use crate::cli::{SimulateListArguments, SimulateRunArguments};
use crate::commands::access::runtime;
use crate::engines::{EngineOptions, Engines, Opened};
use crate::output;
use crate::progress::counted;

/// Records of one append.
const APPEND_RECORDS: usize = 2_000;
/// Event time that one append may span, in microseconds: what arrives together happened together.
const APPEND_MICROS: i64 = 60 * 1_000_000;
/// Where identities, assets and networks of a simulated organisation are read from.
const ENRICH_TOML: &str = r#"[[enrich.identities]]
path = "identities.csv"
[[enrich.assets]]
path = "assets.csv"
[[enrich.networks]]
path = "networks.csv"
"#;

pub(crate) fn list(arguments: &SimulateListArguments) -> anyhow::Result<()> {
    if arguments.json {
        let all: Vec<serde_json::Value> = simulate::scenarios()
            .map(|info| {
                serde_json::json!({"name": info.name, "title": info.title, "description": info.description,
                    "cases": info.cases, "techniques": info.techniques})
            })
            .collect();
        return output::json(&all);
    }
    let rows: Vec<Vec<String>> = simulate::scenarios()
        .map(|info| vec![info.name.to_owned(), info.title.to_owned(), info.techniques.join(" ")])
        .collect();
    output::table(&["scenario", "what happens", "techniques"], &rows)
}

pub(crate) fn run(arguments: &SimulateRunArguments) -> anyhow::Result<()> {
    let scenarios = simulate::named(&arguments.scenario);
    if scenarios.is_empty() {
        bail!("there is no scenario {:?}: `sentra simulate list` names them", arguments.scenario);
    }
    let mut scores = Vec::new();
    for scenario in scenarios {
        let mut run = simulate::Run::new(scenario, &options(arguments));
        if arguments.check {
            output::remark(&format!("{}: {}", scenario.info.name, scenario.info.title));
            scores.push(check(arguments, scenario.info.name, &mut run)?);
        } else if let Some(directory) = &arguments.out {
            write(&directory.join(scenario.info.name), &mut run)?;
        } else {
            print(arguments, &mut run)?;
        }
    }
    if !arguments.check {
        return Ok(());
    }
    let score = simulate::Score::merged(scores);
    if arguments.json {
        output::json(&score)?;
    } else {
        output::text(&score.table())?;
    }
    let faults = score.check(&simulate::Limits::default());
    if !faults.is_empty() {
        bail!("{}", faults.join("\n"));
    }
    Ok(())
}

fn options(arguments: &SimulateRunArguments) -> simulate::Options {
    let default = simulate::Options::default();
    simulate::Options {
        seed: arguments.seed,
        start: arguments.start.map_or(default.start, Timestamp::micros),
        days: arguments.days,
        rate: arguments.rate,
        people: arguments.people.unwrap_or(default.people),
    }
}

/// Prints records as they are due.
fn print(arguments: &SimulateRunArguments, run: &mut simulate::Run) -> anyhow::Result<()> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let mut line = Vec::new();
    let (begun, mut first) = (Instant::now(), None);
    loop {
        line.clear();
        let Some(head) = run.next_into(&mut line) else { break };
        if let Some(speed) = arguments.speed {
            let since = (head.time - *first.get_or_insert(head.time)) as f64 / 1e6 / speed;
            let due = Duration::from_secs_f64(since.max(0.0));
            if let Some(wait) = due.checked_sub(begun.elapsed()) {
                out.flush()?;
                std::thread::sleep(wait);
            }
        }
        line.push(b'\n');
        match out.write_all(&line) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
    out.flush()?;
    Ok(())
}

/// Writes a file per source, the truth and what enrichment needs.
fn write(directory: &Path, run: &mut simulate::Run) -> anyhow::Result<()> {
    std::fs::create_dir_all(directory)
        .with_context(|| format!("cannot make the directory {}", directory.display()))?;
    let mut files: BTreeMap<&str, std::io::BufWriter<std::fs::File>> = BTreeMap::new();
    let (mut line, mut records) = (Vec::new(), 0_u64);
    loop {
        line.clear();
        let Some(head) = run.next_into(&mut line) else { break };
        let name = head.source.as_str();
        if !files.contains_key(name) {
            let file = std::fs::File::create(directory.join(format!("{name}.log")))?;
            files.insert(name, std::io::BufWriter::new(file));
        }
        if let Some(file) = files.get_mut(name) {
            file.write_all(&line)?;
            file.write_all(b"\n")?;
        }
        records += 1;
    }
    for file in files.values_mut() {
        file.flush()?;
    }
    write_world(directory, run.world())?;
    std::fs::write(directory.join("truth.ndjson"), run.truth().to_ndjson())?;
    output::remark(&format!("{} in {}", counted(records, "record"), directory.display()));
    Ok(())
}

fn write_world(directory: &Path, world: &simulate::World) -> anyhow::Result<()> {
    std::fs::write(directory.join("identities.csv"), world.identities_csv())?;
    std::fs::write(directory.join("assets.csv"), world.assets_csv())?;
    std::fs::write(directory.join("networks.csv"), world.networks_csv())?;
    std::fs::write(directory.join("enrich.toml"), ENRICH_TOML)?;
    Ok(())
}

/// Lets Sentra work on the run in a directory of its own, and holds what it found against the truth.
fn check(
    arguments: &SimulateRunArguments,
    name: &str,
    run: &mut simulate::Run,
) -> anyhow::Result<simulate::Score> {
    let scratch = tempfile::tempdir().context("cannot make a scratch directory")?;
    let directory = match &arguments.keep {
        Some(keep) => keep.join(name),
        None => scratch.path().to_owned(),
    };
    if directory.join("backbone").try_exists()? {
        bail!("{} holds an earlier check: name another directory", directory.display());
    }
    std::fs::create_dir_all(&directory)
        .with_context(|| format!("cannot make the directory {}", directory.display()))?;
    write_world(&directory, run.world())?;
    let found = runtime()?.block_on(async {
        let options = EngineOptions { rules: arguments.rules.clone(), ..EngineOptions::default() };
        let Opened::Engines(engines) = Engines::open(&directory, options).await? else {
            bail!("the scratch directory is in use");
        };
        let factory = engines.start_factory(Arc::new(NoWatcher));
        append(&engines, run).await?;
        let (stream, scope) = (raw(), TenantScope::new(TenantId::default_tenant()));
        let end = engines.log.extent(&stream).await?.end;
        while engines.records.position(&scope, CONSUMER, stream.partition).await? < end {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        factory.stop().await;
        found(&engines).await
    })?;
    Ok(simulate::score(&run.truth(), &found, &simulate::Rules::default()))
}

fn raw() -> Stream {
    Stream { tenant: TenantId::default_tenant(), topic: Topic::Raw, partition: 0 }
}

/// Appends the records as if each had arrived when it was written.
async fn append(engines: &Engines, run: &mut simulate::Run) -> anyhow::Result<()> {
    let mut waiting: Vec<(simulate::Source, OwnedRecord)> = Vec::new();
    let (mut line, mut first, mut last) = (Vec::new(), 0, 0);
    while let Some(head) = run.next_into(&mut line) {
        let is_full = waiting.len() >= APPEND_RECORDS || head.time - first >= APPEND_MICROS;
        if is_full && !waiting.is_empty() {
            send(&engines.log, std::mem::take(&mut waiting), last).await?;
        }
        if waiting.is_empty() {
            first = head.time;
        }
        last = head.time;
        let bytes = std::mem::take(&mut line);
        waiting.push((head.source, OwnedRecord { position: head.number, bytes }));
    }
    send(&engines.log, waiting, last).await
}

/// One append per run of records of one source, so that their order stays.
async fn send(
    log: &Arc<dyn EventLog>,
    records: Vec<(simulate::Source, OwnedRecord)>,
    last: i64,
) -> anyhow::Result<()> {
    let received = Timestamp::from_micros(last);
    let mut appends: Vec<AppendBatch> = Vec::new();
    for (source, record) in records {
        let origin = source.as_str();
        match appends.last_mut() {
            Some(append) if append.source.origin == origin => append.records.push(record),
            _ => {
                let source = Source {
                    kind: SourceKind::File,
                    origin: origin.to_owned(),
                    format: None,
                    reference: received,
                };
                appends.push(AppendBatch { received, source, records: vec![record] });
            }
        }
    }
    // In flight together they share an fsync; the log keeps the order in which they were handed over.
    let mut pending = Vec::new();
    for append in appends {
        let (log, stream) = (Arc::clone(log), raw());
        pending.push(async move { log.append(&stream, append).await });
    }
    for appended in futures::future::join_all(pending).await {
        appended?;
    }
    Ok(())
}

async fn found(engines: &Engines) -> anyhow::Result<Vec<simulate::Found>> {
    let scope = TenantScope::new(TenantId::default_tenant());
    let mut filter = IncidentFilter { limit: INCIDENTS_PAGE_MAX, ..IncidentFilter::default() };
    let mut found = Vec::new();
    loop {
        let page = engines.records.incidents(&scope, &filter).await?;
        for incident in &page.items {
            let signals = engines.records.incident_signals(&scope, incident.id).await?;
            found.push(of_incident(incident, &signals));
        }
        match page.next {
            Some(next) => filter.cursor = Some(next),
            None => return Ok(found),
        }
    }
}

fn of_incident(incident: &Incident, signals: &[Signal]) -> simulate::Found {
    let at = |time: Timestamp| simulate::At(time.micros());
    let rules = signals.iter().flat_map(|signal| {
        [&signal.rule.id, &signal.rule.title].into_iter().chain(&signal.rule.tags).cloned()
    });
    let entities = incident.entities.iter().filter_map(|entity| {
        let kind = match entity.entity_type {
            EntityType::Ip => simulate::EntityKind::named("ip"),
            other => simulate::EntityKind::named(other.as_str()),
        };
        Some(simulate::FoundEntity { kind: kind?, value: entity.value.clone() })
    });
    simulate::Found {
        id: incident.id.to_string(),
        first: at(incident.first),
        last: at(incident.last),
        detected_at: None,
        entities: entities.collect(),
        techniques: incident.techniques.clone(),
        rules: rules.collect(),
        severity: match incident.severity {
            Severity::Unknown | Severity::Informational => simulate::Severity::Informational,
            Severity::Low => simulate::Severity::Low,
            Severity::Medium => simulate::Severity::Medium,
            Severity::High => simulate::Severity::High,
            Severity::Critical => simulate::Severity::Critical,
        },
    }
}
