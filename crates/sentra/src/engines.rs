//! The embedded engines of one data directory, and the factory that runs on them.

use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use sentra_backbone::{EventLog, LogError, LogOptions, SegmentLog, Stream};
use sentra_decode::DecodeOptions;
use sentra_detect::RuleProblem;
use sentra_factory::{
    CONSUMER, DEAD_CONSUMER, DecisionDesk, Factory, FactoryConfig, FactoryParts, FactoryStatus, Forensic,
    KnowledgeHandle, LetterDesk, MartDesk, MartRouter, NoWatcher, RuleDesk, RuleDeskParts, Watcher,
};
use sentra_forensic::{EmbeddedIndex, EmbeddedOptions, ForensicConfig, Router};
use sentra_model::{Clock, SystemClock, TenantScope, Topic};
use sentra_packs::ContentPlaces;
use sentra_query::{CursorKey, Desk, DeskOptions, DeskParts, Similar, TextSearch};
use sentra_store::{
    DecisionKeeping, EmbeddedMarts, MartOptions, MartRegistry, MartStore, Records, SqliteDecisions,
    SqliteRecords,
};

use crate::behind::Behind;
use crate::content::Content;
use crate::forensic::Words;
use crate::likeness::Likeness;
use crate::teller::Narrator;
use crate::tuning::TuningFile;

/// How often catching up looks whether it has.
const CATCH_UP_INTERVAL: Duration = Duration::from_millis(20);

/// How the engines are set up.
#[derive(Debug, Clone, Default)]
pub(crate) struct EngineOptions {
    pub(crate) log: LogOptions,
    pub(crate) marts: MartOptions,
    pub(crate) factory: FactoryConfig,
    /// What the forensic index gets; `None` for no index.
    pub(crate) forensic: Option<ForensicConfig>,
    /// The directory of the sentence model; `None` for the built-in features.
    pub(crate) sentence_model: Option<PathBuf>,
    pub(crate) decode: DecodeOptions,
    /// Rule directories beside the built-in and the installed packs.
    pub(crate) rules: Vec<PathBuf>,
    /// Whether the built-in packs are left out.
    pub(crate) without_built_in: bool,
}

impl EngineOptions {
    /// Where the content comes from that runs on `data`.
    pub(crate) fn places(&self, data: &Path) -> ContentPlaces {
        ContentPlaces {
            data: Some(data.to_owned()),
            built_in: !self.without_built_in,
            directories: self.rules.clone(),
        }
    }
}

/// Open engines. Dropping them closes the data directory.
pub(crate) struct Engines {
    data: PathBuf,
    pub(crate) log: Arc<dyn EventLog>,
    /// The same log, for what only the embedded one can tell.
    pub(crate) segments: Arc<SegmentLog>,
    pub(crate) marts: Arc<dyn MartStore>,
    /// The same marts, for what only the embedded ones can tell.
    pub(crate) files: Arc<EmbeddedMarts>,
    pub(crate) records: Arc<dyn Records>,
    /// Where events of registered marts go.
    pub(crate) router: Arc<MartRouter>,
    /// Marts made, changed and removed.
    pub(crate) mart_desk: Arc<MartDesk>,
    /// The forensic index and what is routed to it.
    pub(crate) forensic: Option<Forensic>,
    /// The packs' rules and formats.
    pub(crate) content: Content,
    /// What is known about entities.
    pub(crate) knowledge: KnowledgeHandle,
    /// What of the rules' findings is not reported.
    pub(crate) tuning: TuningFile,
    pub(crate) tuning_problems: Vec<RuleProblem>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) status: Arc<FactoryStatus>,
    pub(crate) config: FactoryConfig,
    /// What is like what.
    pub(crate) likeness: Arc<Likeness>,
}

/// Why the engines of a data directory could not be opened.
pub(crate) enum Opened {
    /// They are open.
    Engines(Box<Engines>),
    /// Another process holds the directory.
    Held {
        /// What it said.
        error: LogError,
    },
}

/// The secret of a server on `data`, if there was one, so that its cursors go on being good; else the place of the directory,
/// which keeps cursors apart. Whoever opens the engines may read everything anyway.
fn cursor_secret(data: &Path) -> Vec<u8> {
    match sentra_server::read_admin_token(data) {
        Ok(token) => token.into_bytes(),
        Err(_) => {
            data.canonicalize().unwrap_or_else(|_| data.to_owned()).into_os_string().into_encoded_bytes()
        }
    }
}

impl Engines {
    /// Opens the engines in `data`, which is made when it is missing.
    pub(crate) async fn open(data: &Path, options: EngineOptions) -> anyhow::Result<Opened> {
        let places = options.places(data);
        // Logs hold what others must not read; an existing directory keeps the mode its owner gave it.
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(data)
            .with_context(|| format!("cannot make the data directory {}", data.display()))?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let log = match SegmentLog::open(&data.join("backbone"), options.log, Arc::clone(&clock)) {
            Ok((log, report)) => {
                if report.truncated.is_empty() && report.quarantined.is_empty() {
                    tracing::debug!(?report, "backbone opened");
                } else {
                    tracing::warn!(?report, "backbone recovered");
                }
                Arc::new(log)
            }
            Err(error @ LogError::Locked { .. }) => return Ok(Opened::Held { error }),
            Err(error) => {
                let path = data.display();
                return Err(error).with_context(|| format!("cannot open the data directory {path}"));
            }
        };
        let marts = EmbeddedMarts::open(data, options.marts, Arc::clone(&clock)).await?;
        tracing::debug!(report = ?marts.open_report(), "marts opened");
        let files = Arc::new(marts);
        let marts = Arc::clone(&files) as Arc<dyn MartStore>;
        let records = Arc::new(SqliteRecords::open(&data.join("records.db")).await?);
        let registry = Arc::clone(&records) as Arc<dyn MartRegistry>;
        let router = Arc::new(MartRouter::new(Arc::clone(&registry), Arc::clone(&marts)));
        let mart_desk = MartDesk::new(registry, Arc::clone(&marts), Arc::clone(&router), Arc::clone(&clock));
        mart_desk.announce().await?;
        let model = options.sentence_model.as_deref();
        let likeness = Likeness::open(data, model, Arc::clone(&records) as Arc<dyn Records>)
            .context("cannot open the vectors of signals and incidents (similarity.sentence_model)")?;
        let content = Content::open(places, options.decode)?;
        let (tuning, tuning_problems) = TuningFile::open(data, &content.rules().get())?;
        Ok(Opened::Engines(Box::new(Self {
            data: data.to_owned(),
            log: Arc::clone(&log) as Arc<dyn EventLog>,
            segments: log,
            marts,
            files,
            records,
            router,
            mart_desk: Arc::new(mart_desk),
            forensic: forensic(data, options.forensic.as_ref())?,
            content,
            knowledge: crate::knowledge::open(data, &SystemClock)?,
            tuning,
            tuning_problems,
            clock,
            status: Arc::new(FactoryStatus::default()),
            config: options.factory,
            likeness: Arc::new(likeness),
        })))
    }

    /// Starts the factory on these engines.
    pub(crate) fn start_factory(&self, watcher: Arc<dyn Watcher>) -> Factory {
        Factory::start(FactoryParts {
            log: Arc::clone(&self.log),
            marts: Arc::clone(&self.marts),
            router: Arc::clone(&self.router),
            records: Arc::clone(&self.records),
            decoder: self.content.decoder().clone(),
            rules: self.content.rules().clone(),
            tuning: self.tuning.handle().clone(),
            knowledge: self.knowledge.clone(),
            teller: Arc::new(Narrator),
            watcher,
            forensic: self.forensic.clone(),
            clock: Arc::clone(&self.clock),
            config: self.config.clone(),
            status: Arc::clone(&self.status),
        })
    }

    /// The desk for dead letters over these engines.
    pub(crate) fn letters(&self) -> LetterDesk {
        let decoder = self.content.decoder().clone();
        let (log, records) = (Arc::clone(&self.log), Arc::clone(&self.records));
        LetterDesk::new(log, records, move || decoder.get(), Arc::clone(&self.clock))
    }

    /// The desk for what people decide over these engines.
    pub(crate) fn decisions(&self) -> DecisionDesk {
        DecisionDesk::new(Arc::clone(&self.log), Arc::clone(&self.clock), Arc::clone(&self.status))
    }

    /// The desk for questions over these engines; what it decides is kept in the data directory.
    pub(crate) async fn query_desk(
        &self,
        options: DeskOptions,
        keeping: DecisionKeeping,
    ) -> anyhow::Result<Desk> {
        let decisions = SqliteDecisions::open(&self.data.join("decisions.db"), keeping).await?;
        let (marts, records) = (Arc::clone(&self.marts), Arc::clone(&self.records));
        let behind = Behind {
            log: Arc::clone(&self.log),
            marts: Arc::clone(&marts),
            status: Arc::clone(&self.status),
        };
        let parts = DeskParts {
            forensic: self.forensic.as_ref().map(words),
            similar: Some(Arc::clone(&self.likeness) as Arc<dyn Similar>),
            decisions: Some(Arc::new(decisions)),
            freshness: Some(Arc::new(behind)),
            cursor_key: CursorKey::of(&cursor_secret(&self.data)),
            ..DeskParts::new(marts, records, Arc::clone(&self.clock))
        };
        Ok(Desk::new(parts, options))
    }

    /// The desk for rules over these engines.
    pub(crate) fn rule_desk(&self) -> RuleDesk {
        RuleDesk::new(RuleDeskParts {
            log: Arc::clone(&self.log),
            marts: Arc::clone(&self.marts),
            records: Arc::clone(&self.records),
            rules: self.content.rules().clone(),
            tuning: self.tuning.handle().clone(),
            keeper: Arc::new(self.tuning.clone()),
            status: Arc::clone(&self.status),
            clock: Arc::clone(&self.clock),
        })
    }

    /// Runs the factory until it has worked off everything that stands in the backbone now.
    pub(crate) async fn catch_up(&self, mut progress: impl FnMut(u64)) -> anyhow::Result<()> {
        let streams = self.behind().await?;
        if streams.is_empty() {
            return Ok(());
        }
        let factory = self.start_factory(Arc::new(NoWatcher));
        loop {
            let lags: Vec<Option<u64>> = streams.iter().map(|stream| self.status.lag(stream)).collect();
            progress(lags.iter().flatten().sum());
            if lags.iter().all(|lag| *lag == Some(0)) {
                break;
            }
            tokio::time::sleep(CATCH_UP_INTERVAL).await;
        }
        factory.stop().await;
        Ok(())
    }

    /// The streams of which a store lacks something: after a crash the marts lack what was in memory.
    async fn behind(&self) -> anyhow::Result<Vec<Stream>> {
        let mut behind = Vec::new();
        for stream in self.log.streams().await? {
            let scope = TenantScope::new(stream.tenant.clone());
            let end = self.log.extent(&stream).await?.end;
            let done = match stream.topic {
                Topic::Raw => {
                    let records = self.records.position(&scope, CONSUMER, stream.partition).await?;
                    records.min(self.marts.position(&scope, stream.partition).await?)
                }
                Topic::Dead => self.records.position(&scope, DEAD_CONSUMER, stream.partition).await?,
                Topic::Signals => end,
            };
            if done < end {
                behind.push(stream);
            }
        }
        Ok(behind)
    }
}

fn words(forensic: &Forensic) -> Arc<dyn TextSearch> {
    Arc::new(Words(Arc::clone(&forensic.index)))
}

/// The forensic index of the data directory; indexes of tenants are opened when they are first asked.
fn forensic(data: &Path, config: Option<&ForensicConfig>) -> anyhow::Result<Option<Forensic>> {
    let Some(config) = config else { return Ok(None) };
    let index = EmbeddedIndex::new(&data.join("forensic"), config, EmbeddedOptions::default())?;
    Ok(Some(Forensic { index: Arc::new(index), router: Router::new(config) }))
}
