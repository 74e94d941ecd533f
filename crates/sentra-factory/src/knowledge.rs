//! What enrichment knows: identities, assets, networks, places, indicators. It is read once and handed to every worker;
//! a reload replaces it as a whole.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use sentra_enrich::indicators::{
    DecayPolicy, Feed, FeedFormat, Indicators, IndicatorsBuilder, NeverIndicators, read_feed,
};
use sentra_enrich::{EnrichSources, Enricher, Places, Problem, SourceContent};
use sentra_model::{TenantId, Timestamp};
use serde::Deserialize;

/// Where knowledge comes from: the shape of `enrich.toml`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KnowledgeSources {
    /// Identities, assets, networks, places.
    pub enrich: EnrichSources,
    /// Feeds of indicators.
    pub indicators: Vec<FeedSource>,
}

/// A feed of indicators.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeedSource {
    /// Where it is.
    pub path: String,
    /// Its name in enrichments; the file's name where none is given.
    #[serde(default)]
    pub name: Option<String>,
    /// `stix`, `misp`, `csv` or `list`; by its content where not said.
    #[serde(default)]
    pub format: Option<String>,
    /// Confidence of a record that states none, from 0 to 1.
    #[serde(default)]
    pub confidence: Option<f64>,
}

/// Everything that is known without having watched events.
#[derive(Debug)]
pub struct Knowledge {
    sources: EnrichSources,
    files: BTreeMap<String, Result<SourceContent, String>>,
    places: Arc<Places>,
    indicators: Arc<Indicators>,
}

impl Default for Knowledge {
    fn default() -> Self {
        Self {
            sources: EnrichSources::default(),
            files: BTreeMap::new(),
            places: Arc::new(Places::new()),
            indicators: Arc::new(no_indicators().finish()),
        }
    }
}

fn no_indicators() -> IndicatorsBuilder {
    IndicatorsBuilder::new(DecayPolicy::default(), NeverIndicators::built_in())
}

impl Knowledge {
    /// Reads everything that `sources` name. What cannot be read or understood is a problem, and the rest is used.
    pub fn read(
        sources: KnowledgeSources,
        now: Timestamp,
        mut read: impl FnMut(&str) -> Result<SourceContent, String>,
    ) -> (Self, Vec<Problem>) {
        let KnowledgeSources { enrich, indicators: feeds } = sources;
        let mut problems = Vec::new();
        let mut builder = no_indicators();
        for feed in &feeds {
            match read(&feed.path) {
                Ok(content) => problems.extend(take_feed(feed, &content, now, &mut builder)),
                Err(what) => problems.push(Problem { source: feed.path.clone(), line: 0, what }),
            }
        }
        let tables = [&enrich.identities, &enrich.assets, &enrich.networks];
        let files = tables.into_iter().flatten().map(|file| (file.path.clone(), read(&file.path))).collect();
        let mut places = Places::new();
        for file in &enrich.places {
            let added = read(&file.path)
                .map_err(|what| Problem { source: file.path.clone(), line: 0, what })
                .and_then(|content| places.add(file, content.bytes));
            problems.extend(added.err());
        }
        let knowledge =
            Self { sources: enrich, files, places: Arc::new(places), indicators: Arc::new(builder.finish()) };
        problems.extend(knowledge.load(TenantId::default_tenant()).1);
        (knowledge, problems)
    }

    fn load(&self, tenant: TenantId) -> (Enricher, Vec<Problem>) {
        Enricher::load(tenant, &self.sources, Some(Arc::clone(&self.places)), |path| {
            self.files.get(path).cloned().unwrap_or_else(|| Err("was not read".to_owned()))
        })
    }

    /// What is known of the entities of `tenant`.
    #[must_use]
    pub fn enricher(&self, tenant: TenantId) -> Enricher {
        self.load(tenant).0
    }

    /// The indicators, the same for every tenant.
    #[must_use]
    pub fn indicators(&self) -> &Arc<Indicators> {
        &self.indicators
    }
}

fn take_feed(
    source: &FeedSource,
    content: &SourceContent,
    now: Timestamp,
    builder: &mut IndicatorsBuilder,
) -> Vec<Problem> {
    let file = Path::new(&source.path).file_name().map(|name| name.to_string_lossy().into_owned());
    let file = file.unwrap_or_else(|| source.path.clone());
    let problem = |line, what| Problem { source: source.path.clone(), line, what };
    let format = match source.format.as_deref() {
        None => FeedFormat::guess(&file, &content.bytes),
        Some("stix") => FeedFormat::Stix,
        Some("misp") => FeedFormat::Misp,
        Some("csv") => FeedFormat::Csv,
        Some("list") => FeedFormat::List,
        Some(other) => {
            return vec![problem(
                0,
                format!("{other:?} is no format of a feed: use stix, misp, csv or list"),
            )];
        }
    };
    let seen = content.as_of.unwrap_or(now);
    let version = seen.to_string().chars().take("2026-11-21".len()).collect::<String>();
    let mut feed = Feed::new(source.name.clone().unwrap_or(file), version, seen);
    if let Some(confidence) = source.confidence {
        feed.confidence = confidence;
    }
    let report = read_feed(format, &content.bytes, &feed, builder);
    report
        .problems
        .into_iter()
        .map(|wrong| problem(wrong.place.line, format!("{}: {}", wrong.value, wrong.reason)))
        .collect()
}
