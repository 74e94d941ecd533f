//! `sentra serve`

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use sentra_factory::{FactoryStatus, KnowledgeHandle, Watcher};
use sentra_model::{Clock, Incident, SystemClock};
use sentra_server::api::types::RulesView;
use sentra_server::{
    App, Config, Door, LiveHub, Metrics, PipelineSnapshot, PipelineStatus, ReloadAnswer, Reloader, Running,
    Server, ServerError,
};
use tokio::signal::unix::{SignalKind, signal};

use crate::care::{Care, Kept};
use crate::cli::ServeArguments;
use crate::commands::access::runtime;
use crate::content::{Content, say_format_problems, say_rule_problems};
use crate::directories;
use crate::engines::{Engines, Opened};
use crate::output;
use crate::progress::counted;
use crate::retention;
use crate::settings;
use crate::tuning::{TuningFile, tuning_errors};

pub(crate) fn run(arguments: &ServeArguments) -> anyhow::Result<()> {
    let config = configuration(arguments)?;
    runtime()?.block_on(serve(&arguments.data, config, arguments.clone()))
}

fn configuration(arguments: &ServeArguments) -> anyhow::Result<Config> {
    let mut config = settings::load(arguments.config.as_deref())?;
    if let Some(listen) = arguments.listen {
        config.server.listen = listen.to_string();
    }
    if arguments.no_syslog {
        config.intake.syslog_udp.clear();
        config.intake.syslog_tcp.clear();
    }
    config.detect.rules.extend(arguments.rules.iter().cloned());
    Ok(config)
}

async fn serve(data: &Path, config: Config, again: ServeArguments) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    // Before the engines: they keep handles to their figures.
    let metrics = Metrics::install()?;
    let mut hang_up = signal(SignalKind::hangup()).context("cannot listen for SIGHUP")?;
    let engines = match Engines::open(data, settings::engine_options(&config)?).await? {
        Opened::Engines(engines) => engines,
        Opened::Held { error } => {
            return Err(error).context("another Sentra runs on this data directory; stop it or use --data");
        }
    };
    settings::remember_rules(data, &config)?;
    let problems = engines.content.problems();
    say_rule_problems(&problems);
    tuning_errors(&engines.tuning_problems).for_each(|problem| output::remark(&problem));
    say_format_problems(&problems.formats);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let live = Arc::new(LiveHub::new(config.server.live_ring_max, clock.now()));
    let kept = Kept::new(config.marts.retention.policy());
    let care = care(&engines, &config, kept.clone());
    let pipeline = Pipeline { status: Arc::clone(&engines.status), content: engines.content.clone() };
    let with_pipeline = !again.no_pipeline;
    // Before the desk: cursors are sealed with the token that the door makes.
    let door = Door::open(data, &config.server, Arc::clone(&clock))?;
    let desk = engines.query_desk(config.desk_options(), config.decision_keeping()).await?;
    let app = App {
        desk: Arc::new(desk),
        directory: data.to_owned(),
        log: Arc::clone(&engines.log),
        marts: Arc::clone(&engines.marts),
        mart_desk: Arc::clone(&engines.mart_desk),
        records: Arc::clone(&engines.records),
        forensic: engines.forensic.as_ref().map(|forensic| Arc::clone(&forensic.index)),
        letters: engines.letters(),
        rules: engines.rule_desk(),
        decisions: engines.decisions(),
        pipeline: Arc::new(pipeline),
        clock: Arc::clone(&clock),
        live: Arc::clone(&live),
        door,
        metrics: Some(metrics),
        reloader: Some(Arc::new(FromFile {
            arguments: again,
            content: engines.content.clone(),
            tuning: engines.tuning.clone(),
            data: data.to_owned(),
            knowledge: engines.knowledge.clone(),
            kept,
        })),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let interval = Duration::from_secs(config.retention.interval_s);
    let server = Server::start(app, config).await?;
    let retention = tokio::spawn(retention::run(Arc::clone(&engines.segments), interval));
    let care = tokio::spawn(care.run());
    let likeness = tokio::spawn(Arc::clone(&engines.likeness).keep());
    let directories = tokio::spawn(directories::run(data.to_owned(), engines.knowledge.clone()));
    let factory = with_pipeline.then(|| engines.start_factory(Arc::new(Announcer(live))));
    if let Err(error) = announce(&server, &engines) {
        // Whoever started us does not listen; the work goes on.
        tracing::warn!(%error, "cannot print where the console is");
    }
    let reloads = async {
        while hang_up.recv().await.is_some() {
            say_reload(&server.reload().await);
        }
    };
    let ended = tokio::select! {
        () = reloads => Ok(()),
        interrupted = tokio::signal::ctrl_c() => interrupted.context("cannot listen for SIGINT"),
        _ = terminate.recv() => Ok(()),
        // Law ACK: after a failed write or fsync nothing more is acknowledged, and the process ends.
        reason = engines.segments.until_poisoned() => Err(anyhow::anyhow!("{reason}").context(
            "the log could not be written safely and has stopped; what was acknowledged is on disk. \
             Check the disk, then start again",
        )),
    };
    output::remark("stopping");
    retention.abort();
    care.abort();
    likeness.abort();
    directories.abort();
    server.stop().await;
    if let Some(factory) = factory {
        factory.stop().await;
    }
    ended
}

/// What keeps the marts in order.
fn care(engines: &Engines, config: &Config, kept: Kept) -> Care {
    let tend_interval_s = config.store.tend_interval_s;
    Care {
        log: Arc::clone(&engines.log),
        marts: Arc::clone(&engines.marts),
        status: Arc::clone(&engines.status),
        clock: Arc::clone(&engines.clock),
        kept,
        mart_desk: Arc::clone(&engines.mart_desk),
        tend_interval: (tend_interval_s > 0).then(|| Duration::from_secs(tend_interval_s)),
        retain_interval: Duration::from_secs(config.retention.interval_s),
        bytes_max: config.store.tend_bytes_max as u64,
    }
}

fn announce(server: &Running, engines: &Engines) -> anyhow::Result<()> {
    output::line(&format!(
        "Sentra {} with {}",
        env!("CARGO_PKG_VERSION"),
        counted(engines.content.rules().get().len() as u64, "rule")
    ))?;
    for listener in server.listeners() {
        output::line(&format!("  {:<12} {}", listener.name, listener.address))?;
    }
    output::line("")?;
    output::line(&format!("  Console: http://{}", server.address()))?;
    output::line(&format!("  First login (works once, for 15 minutes): {}", server.login_url()?))?;
    output::line("  A new link: sentra login-link")
}

fn say_reload(result: &Result<ReloadAnswer, ServerError>) {
    match result {
        Ok(ReloadAnswer { opened, closed, kept, restart_needed, problems }) => {
            let (opened, closed, kept) = (opened.len(), closed.len(), kept.len());
            output::remark(&format!("reloaded: {opened} opened, {closed} closed, {kept} unchanged"));
            if !restart_needed.is_empty() {
                output::remark(&format!("after a restart: {}", restart_needed.join(", ")));
            }
            problems.iter().for_each(|problem| output::remark(problem));
        }
        Err(error) => output::remark(&format!("not reloaded, nothing has changed: {error}")),
    }
}

/// Problems of sources of enrichment that a reload tells.
const KNOWLEDGE_PROBLEMS_TOLD_MAX: usize = 20;

/// Reads configuration, formats, rules and what enrichment knows again as they were read at the start.
#[derive(Debug)]
struct FromFile {
    arguments: ServeArguments,
    content: Content,
    tuning: TuningFile,
    data: PathBuf,
    knowledge: KnowledgeHandle,
    kept: Kept,
}

impl Reloader for FromFile {
    fn config(&self) -> Result<Config, String> {
        configuration(&self.arguments).map_err(|error| format!("{error:#}"))
    }

    fn content(&self, config: &Config) -> Result<Vec<String>, String> {
        // What can fail comes first: then nothing has changed.
        let (knowledge, of_knowledge) =
            crate::knowledge::read(&self.data, &SystemClock).map_err(|error| format!("{error:#}"))?;
        let reloaded = self.content.reload(&config.doors.virtual_entities);
        let reloaded = reloaded.map_err(|error| format!("{error:#}"))?;
        if !reloaded.changed {
            let problems = reloaded.problems.join("; ");
            return Err(format!(
                "formats or packs have errors and the ones before stay in force: {problems}"
            ));
        }
        let of_tuning =
            self.tuning.reload(&self.content.rules().get()).map_err(|error| format!("{error:#}"))?;
        let mut problems = reloaded.problems;
        problems.extend(tuning_errors(&of_tuning));
        self.knowledge.set(knowledge);
        self.kept.set(config.marts.retention.policy());
        problems.extend(of_knowledge.iter().take(KNOWLEDGE_PROBLEMS_TOLD_MAX).map(ToString::to_string));
        Ok(problems)
    }
}

/// Hands incident changes to the live stream.
struct Announcer(Arc<LiveHub>);

impl Watcher for Announcer {
    fn incident_changed(&self, incident: &Incident) {
        self.0.incident(incident);
    }
}

/// The factory as the server sees it.
struct Pipeline {
    status: Arc<FactoryStatus>,
    content: Content,
}

impl std::fmt::Debug for Pipeline {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pipeline").field("rules", &self.content.rules().get().len()).finish_non_exhaustive()
    }
}

impl PipelineStatus for Pipeline {
    fn snapshot(&self) -> PipelineSnapshot {
        let now = self.status.snapshot();
        let never = sentra_model::Timestamp::from_micros(0);
        PipelineSnapshot {
            events_total: now.events,
            bytes_total: now.bytes,
            // A worker that fails has work that waits, whatever its position says.
            lag_records: now.lag_records.max(u64::from(self.status.is_failing())),
            signals_total: now.signals,
            incidents_total: now.incidents,
            dead_letters_total: now.dead_letters,
            last_progress: Some(now.last_progress).filter(|progress| *progress > never),
        }
    }

    fn formats(&self) -> Vec<String> {
        self.content.decoder().get().formats().map(|format| format.name.to_owned()).collect()
    }

    fn rules(&self) -> RulesView {
        self.content.rules_view(&self.status.matches(), &self.status.costs())
    }
}
