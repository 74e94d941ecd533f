//! `sentra store check`

use std::ops::Range;

use anyhow::{Context, bail};
use indicatif::ProgressBar;
use sentra_backbone::Stream;
use sentra_factory::decode_again;
use sentra_forensic::{CheckReport, ForensicError, SetAside, TextIndex};
use sentra_model::{EventBatch, TenantId, TenantScope, Topic};
use sentra_store::{DamagedSegment, MartCheck, MartProblem, MartProblemKind};
use serde::Serialize;

use crate::cli::StoreCheckArguments;
use crate::commands::access::runtime;
use crate::engines::{Engines, Opened};
use crate::progress::{bar, counted, grouped};
use crate::{output, settings};

/// Events that are restored in one segment.
const RESTORED_ROWS_MAX: usize = 262_144;

/// Dead letters that are read in one go.
const LETTERS_PAGE_MAX: usize = 1_000;

/// What the command found and did.
#[derive(Debug, Serialize)]
struct StoreReport {
    ok: bool,
    tenants: Vec<TenantReport>,
}

#[derive(Debug, Serialize)]
struct TenantReport {
    tenant: TenantId,
    segments: u64,
    rows: u64,
    bytes: u64,
    /// What is wrong; after a repair, what still is.
    problems: Vec<MartProblem>,
    repairs: Vec<Repair>,
    /// `None` where there is no forensic index.
    forensic: Option<IndexReport>,
}

/// The forensic index, which is filled from the backbone again when it is gone.
#[derive(Debug, Serialize)]
struct IndexReport {
    #[serde(flatten)]
    found: CheckReport,
    /// It was damaged, and put aside when it was opened just now.
    set_aside: Option<SetAside>,
    /// Why it could not be read.
    error: Option<String>,
}

impl TenantReport {
    fn problems(&self) -> u64 {
        let of_index = |index: &IndexReport| {
            let is_else = [index.set_aside.is_some(), index.error.is_some()];
            index.found.damaged.len() + is_else.into_iter().filter(|is| *is).count()
        };
        (self.problems.len() + self.forensic.as_ref().map_or(0, of_index)) as u64
    }
}

/// What was done about a damaged segment, or about events that no segment had.
#[derive(Debug, Serialize)]
struct Repair {
    path: Option<String>,
    partition: u32,
    from: u64,
    to: u64,
    rows_expected: Option<u64>,
    rows_restored: u64,
    /// Offsets that the backbone does not have any more.
    lost: Vec<[u64; 2]>,
    /// Whether answers are complete without it from now on.
    done: bool,
}

pub(crate) fn check(arguments: &StoreCheckArguments) -> anyhow::Result<()> {
    if !arguments.data.try_exists().unwrap_or(false) {
        bail!("{} does not exist: --data names another", arguments.data.display());
    }
    let mut config = settings::load(None)?;
    settings::recall_rules(&arguments.data, &mut config);
    let options = settings::engine_options(&config)?;
    let runtime = runtime()?;
    let engines = match runtime.block_on(Engines::open(&arguments.data, options))? {
        Opened::Engines(engines) => engines,
        Opened::Held { error } => {
            return Err(error).context("stop the server on this data directory first, then check it");
        }
    };
    let report = runtime.block_on(check_all(&engines, arguments))?;
    if arguments.json {
        output::json(&report)?;
    } else {
        print(&report)?;
    }
    if !report.ok {
        let problems = report.tenants.iter().map(TenantReport::problems).sum();
        bail!("{} in the store", counted(problems, "problem"));
    }
    Ok(())
}

async fn check_all(engines: &Engines, arguments: &StoreCheckArguments) -> anyhow::Result<StoreReport> {
    let mut tenants = engines.files.tenants().await;
    tenants.extend(engines.log.streams().await?.into_iter().map(|stream| stream.tenant));
    tenants.sort();
    tenants.dedup();
    if let Some(only) = &arguments.tenant {
        tenants.retain(|tenant| tenant == only);
        if tenants.is_empty() {
            bail!("there is no tenant {only}");
        }
    }
    let mut reports = Vec::new();
    for tenant in tenants {
        reports.push(check_tenant(engines, &TenantScope::new(tenant), arguments).await?);
    }
    Ok(StoreReport { ok: reports.iter().all(|report| report.problems() == 0), tenants: reports })
}

async fn check_tenant(
    engines: &Engines,
    scope: &TenantScope,
    arguments: &StoreCheckArguments,
) -> anyhow::Result<TenantReport> {
    let mut checked = read_all(engines, scope).await?;
    let mut lacking = missing(engines, scope, &mut checked, false).await?;
    let mut repairs = Vec::new();
    if arguments.repair && (!checked.damaged.is_empty() || !lacking.is_empty()) {
        for damaged in checked.damaged.clone() {
            repairs.push(restore(engines, scope, &mut checked, &damaged, arguments.accept_loss).await?);
        }
        repairs.extend(missing(engines, scope, &mut checked, true).await?.into_iter().map(Lacking::repaired));
        // What is said in the end is what is there in the end.
        checked = read_all(engines, scope).await?;
        lacking = missing(engines, scope, &mut checked, false).await?;
    }
    let mut problems = std::mem::take(&mut checked.problems);
    problems.extend(lacking.into_iter().map(Lacking::problem));
    Ok(TenantReport {
        tenant: scope.tenant().clone(),
        segments: checked.segments,
        rows: checked.rows,
        bytes: checked.bytes,
        problems,
        repairs,
        forensic: engines.forensic.as_ref().map(|forensic| check_index(forensic.index.as_ref(), scope)),
    })
}

/// An index that cannot be read is a part of the report: what was found and repaired before is told all the same.
fn check_index(index: &dyn TextIndex, scope: &TenantScope) -> IndexReport {
    let read = || Ok((index.check(scope)?, index.stats(scope)?.set_aside));
    match read() {
        Ok((found, set_aside)) => IndexReport { found, set_aside, error: None },
        Err(error) => {
            let error: ForensicError = error;
            let error = format!("{:#}", anyhow::Error::from(error));
            IndexReport { found: CheckReport::default(), set_aside: None, error: Some(error) }
        }
    }
}

/// Reads every segment, with a bar, and compares positions with the backbone.
async fn read_all(engines: &Engines, scope: &TenantScope) -> anyhow::Result<MartCheck> {
    let stats = engines.marts.stats(scope).await?;
    let progress = bar(Some(stats.iter().map(|stats| stats.bytes).sum()));
    progress.set_message(format!("checking {}", scope.tenant()));
    let checked = engines.files.check(scope, |bytes| progress.inc(bytes)).await;
    progress.finish_and_clear();
    let mut checked = checked?;
    account_for_letters(engines, scope, &mut checked).await?;
    for (partition, position) in &checked.positions {
        let end = engines.log.extent(&raw(scope, *partition)).await?.end;
        if *position > end {
            checked.problems.push(MartProblem {
                kind: MartProblemKind::PositionBeyondEnd,
                path: None,
                partition: *partition,
                from: end,
                to: *position,
                detail: format!("the store stands at offset {position}, the backbone ends at {end}"),
                advice:
                    "the backbone has lost records: restore it, or new records will be taken for stored ones"
                        .to_owned(),
            });
        }
    }
    Ok(checked)
}

/// What could not be understood has no event, even where it could be understood today: replaying letters is for that.
async fn account_for_letters(
    engines: &Engines,
    scope: &TenantScope,
    checked: &mut MartCheck,
) -> anyhow::Result<()> {
    let mut after = None;
    loop {
        let page = engines.records.dead_letters(scope, after, LETTERS_PAGE_MAX).await?;
        let Some((last, _)) = page.items.last() else { return Ok(()) };
        after = Some(*last);
        for (id, _) in page.items.iter().filter(|(id, _)| id.topic == Topic::Raw) {
            checked.account_for(id.partition, id.offset);
        }
        if page.next.is_none() {
            return Ok(());
        }
    }
}

fn raw(scope: &TenantScope, partition: u32) -> Stream {
    Stream { tenant: scope.tenant().clone(), topic: Topic::Raw, partition }
}

/// Events of the backbone that should stand in a segment and do not.
struct Lacking {
    partition: u32,
    range: Range<u64>,
    rows: u64,
}

impl Lacking {
    fn problem(self) -> MartProblem {
        let Self { partition, range, rows } = self;
        MartProblem {
            kind: MartProblemKind::Missing,
            path: None,
            partition,
            from: range.start,
            to: range.end,
            detail: format!("{} of the backbone in no segment", counted(rows, "event")),
            advice: "run sentra store check --repair, which takes them from the backbone".to_owned(),
        }
    }

    fn repaired(self) -> Repair {
        let Self { partition, range, rows } = self;
        Repair {
            path: None,
            partition,
            from: range.start,
            to: range.end,
            rows_expected: None,
            rows_restored: rows,
            lost: Vec::new(),
            done: true,
        }
    }
}

/// Decodes what no segment has, up to the positions; stores what is missing where `repair` says so.
async fn missing(
    engines: &Engines,
    scope: &TenantScope,
    checked: &mut MartCheck,
    repair: bool,
) -> anyhow::Result<Vec<Lacking>> {
    let mut lacking = Vec::new();
    for (partition, position) in checked.positions.clone() {
        let stream = raw(scope, partition);
        let begin = engines.log.extent(&stream).await?.begin;
        for hole in checked.holes(partition, begin.min(position)..position) {
            let mut kept = Vec::new();
            let mut rows = 0;
            let mut from = hole.start;
            while from < hole.end {
                let decoder = engines.content.decoder().get();
                let again = decode_again(engines.log.as_ref(), &decoder, &stream, from..hole.end).await?;
                from = again.next;
                for batch in &again.batches {
                    kept.extend(checked.missing(batch)?);
                }
                let waiting: usize = kept.iter().map(EventBatch::len).sum();
                if waiting > RESTORED_ROWS_MAX || from >= hole.end {
                    rows += waiting as u64;
                    if repair && waiting > 0 {
                        engines.files.restore(scope, None, &kept).await?;
                        checked.add(&kept);
                    }
                    kept.clear();
                }
            }
            if rows > 0 {
                lacking.push(Lacking { partition, range: hole, rows });
            }
        }
    }
    Ok(lacking)
}

/// Takes the events of a damaged segment from the backbone.
async fn restore(
    engines: &Engines,
    scope: &TenantScope,
    checked: &mut MartCheck,
    damaged: &DamagedSegment,
    accept_loss: bool,
) -> anyhow::Result<Repair> {
    let stream = raw(scope, damaged.partition);
    let range = damaged.offset_min..damaged.offset_max.saturating_add(1);
    let progress = offsets_bar(&range, &damaged.path);
    let (mut kept, mut lost) = (Vec::new(), Vec::new());
    for hole in checked.holes(damaged.partition, range.clone()) {
        let mut from = hole.start;
        while from < hole.end {
            let decoder = engines.content.decoder().get();
            let again = decode_again(engines.log.as_ref(), &decoder, &stream, from..hole.end).await?;
            lost.extend(again.missing.into_iter().map(|range| [range.start, range.end]));
            from = again.next;
            progress.set_position(from.saturating_sub(range.start));
            for batch in &again.batches {
                kept.extend(checked.of_damaged(batch, damaged)?);
            }
        }
    }
    progress.finish_and_clear();
    let done = lost.is_empty() || accept_loss;
    let rows = if done || !kept.is_empty() {
        engines.files.restore(scope, done.then_some(damaged), &kept).await?
    } else {
        0
    };
    checked.add(&kept);
    if done {
        checked.damaged.retain(|other| other.path != damaged.path);
    }
    Ok(Repair {
        path: Some(damaged.path.clone()),
        partition: damaged.partition,
        from: range.start,
        to: range.end,
        rows_expected: Some(damaged.rows),
        rows_restored: rows,
        lost,
        done,
    })
}

fn offsets_bar(range: &Range<u64>, path: &str) -> ProgressBar {
    let progress = bar(Some(range.end.saturating_sub(range.start)));
    progress.set_message(format!("restoring {path}"));
    progress
}

fn print(report: &StoreReport) -> anyhow::Result<()> {
    for tenant in &report.tenants {
        let (segments, rows) = (counted(tenant.segments, "segment"), counted(tenant.rows, "event"));
        output::line(&format!("{}: {segments}, {rows}, {} bytes", tenant.tenant, grouped(tenant.bytes)))?;
        for repair in &tenant.repairs {
            output::line(&format!("  {}", told(repair)))?;
        }
        for problem in &tenant.problems {
            let MartProblem { path, partition, from, to, detail, advice, .. } = problem;
            let place = path.clone().unwrap_or_else(|| format!("partition {partition}"));
            let last = to.saturating_sub(1);
            output::line(&format!("  {place}, offsets {from} to {last}: {detail}"))?;
            output::line(&format!("    {advice}"))?;
        }
        tenant.forensic.as_ref().map_or(Ok(()), print_index)?;
    }
    Ok(())
}

fn print_index(index: &IndexReport) -> anyhow::Result<()> {
    let CheckReport { files, bytes, damaged } = &index.found;
    output::line(&format!("  forensic index: {}, {} bytes", counted(*files, "file"), grouped(*bytes)))?;
    for wrong in damaged.iter().chain(&index.error) {
        output::line(&format!("    {wrong}"))?;
    }
    if !damaged.is_empty() {
        output::line("    move its directory away: the server fills it again from the backbone")?;
    }
    if let Some(SetAside { reason, path }) = &index.set_aside {
        output::line(&format!("    it was damaged ({reason}) and is now {}", path.display()))?;
        output::line("    start the server: it fills the index again from the backbone")?;
    }
    Ok(())
}

fn told(repair: &Repair) -> String {
    let Repair { path, partition, from, to, rows_expected, rows_restored, lost, done } = repair;
    let place = path.clone().unwrap_or_else(|| format!("partition {partition}"));
    let mut text = format!("{place}, offsets {from} to {}: ", to.saturating_sub(1));
    text.push_str(&counted(*rows_restored, "event"));
    if let Some(expected) = rows_expected {
        text.push_str(&format!(" of {}", grouped(*expected)));
    }
    text.push_str(" restored");
    for [from, to] in lost {
        text.push_str(&format!("; the backbone has offsets {from} to {} no more", to.saturating_sub(1)));
    }
    if !done {
        text.push_str("; answers stay partial: put the file back, or give it up with --accept-loss");
    }
    text
}
