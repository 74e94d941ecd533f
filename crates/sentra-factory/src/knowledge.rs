//! What enrichment knows: identities, assets, networks, places, indicators. It is read once and handed to every worker;
//! a reload replaces it as a whole.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use sentra_enrich::controls::Controls;
use sentra_enrich::indicators::{
    DecayPolicy, FeedSource, Indicators, IndicatorsBuilder, IntelligenceSources, NeverIndicators, read_feed,
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
    /// What holds of all of them.
    pub intelligence: IntelligenceSources,
}

/// Everything that is known without having watched events.
#[derive(Debug)]
pub struct Knowledge {
    sources: EnrichSources,
    files: BTreeMap<String, Result<SourceContent, String>>,
    places: Arc<Places>,
    indicators: Arc<Indicators>,
    controls: Cow<'static, Controls>,
}

impl Default for Knowledge {
    fn default() -> Self {
        let nothing = IndicatorsBuilder::new(DecayPolicy::default(), NeverIndicators::built_in());
        Self {
            sources: EnrichSources::default(),
            files: BTreeMap::new(),
            places: Arc::new(Places::new()),
            indicators: Arc::new(nothing.finish()),
            controls: Cow::Borrowed(Controls::built_in()),
        }
    }
}

impl Knowledge {
    /// Reads everything that `sources` name. What cannot be read or understood is a problem, and the rest is used.
    pub fn read(
        sources: KnowledgeSources,
        now: Timestamp,
        mut read: impl FnMut(&str) -> Result<SourceContent, String>,
    ) -> (Self, Vec<Problem>) {
        let KnowledgeSources { enrich, indicators: feeds, intelligence } = sources;
        let mut problems = Vec::new();
        let own =
            own_file(intelligence.never.as_deref(), &mut read, NeverIndicators::from_toml, &mut problems);
        let never = own.unwrap_or_else(NeverIndicators::built_in);
        let own = own_file(intelligence.controls.as_deref(), &mut read, Controls::from_toml, &mut problems);
        let controls = own.map_or_else(|| Cow::Borrowed(Controls::built_in()), Cow::Owned);
        let mut builder = IndicatorsBuilder::new(intelligence.decay, never);
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
        let (places, indicators) = (Arc::new(places), Arc::new(builder.finish()));
        let knowledge = Self { sources: enrich, files, places, indicators, controls };
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

    /// The table of compliance controls, the same for every tenant.
    #[must_use]
    pub fn controls(&self) -> &Controls {
        &self.controls
    }
}

/// What a file of one's own says in place of what is built in. A file that cannot be used is a problem, and the built-in one
/// stays.
fn own_file<T, E: std::error::Error>(
    path: Option<&str>,
    read: &mut impl FnMut(&str) -> Result<SourceContent, String>,
    understand: impl Fn(&str) -> Result<T, E>,
    problems: &mut Vec<Problem>,
) -> Option<T> {
    let path = path?;
    let understood = read(path).and_then(|content| {
        let text = String::from_utf8(content.bytes).map_err(|error| error.to_string())?;
        understand(&text).map_err(|error| match error.source() {
            Some(cause) => format!("{error}: {cause}"),
            None => error.to_string(),
        })
    });
    match understood {
        Ok(understood) => Some(understood),
        Err(what) => {
            let what = format!("{what}; what is built in is used instead");
            problems.push(Problem { source: path.to_owned(), line: 0, what });
            None
        }
    }
}

fn take_feed(
    source: &FeedSource,
    content: &SourceContent,
    now: Timestamp,
    builder: &mut IndicatorsBuilder,
) -> Vec<Problem> {
    let (format, feed) = source.feed(&content.bytes, content.as_of.unwrap_or(now));
    let report = read_feed(format, &content.bytes, &feed, builder);
    let untold = report.problems_total.saturating_sub(report.problems.len() as u64);
    let problem = |line, what| Problem { source: source.path.clone(), line, what };
    let mut problems: Vec<Problem> = report
        .problems
        .into_iter()
        .map(|wrong| problem(wrong.place.line, format!("{}: {}", wrong.value, wrong.reason)))
        .collect();
    problems.extend((untold > 0).then(|| problem(0, format!("{untold} more problems"))));
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENRICH: &str = r#"
        [[indicators]]
        path = "feed.csv"
        tlp = "green"
        columns = { "Malicious IP" = "ip" }
        [intelligence]
        never = "never.toml"
        controls = "controls.toml"
        [intelligence.decay]
        address_days = 1
    "#;

    fn read(files: &[(&str, &str)]) -> (Knowledge, Vec<String>) {
        let now = Timestamp::from_seconds(1_772_366_400);
        let (knowledge, problems) = Knowledge::read(toml::from_str(ENRICH).unwrap(), now, |path| {
            let text = files.iter().find(|(name, _)| *name == path).ok_or("is missing")?.1;
            Ok(SourceContent { bytes: text.as_bytes().to_vec(), as_of: Some(now) })
        });
        (knowledge, problems.iter().map(ToString::to_string).collect())
    }

    fn knows(knowledge: &Knowledge, address: &str, days: i64) -> bool {
        let at = Timestamp::from_seconds(1_772_366_400 + days * 86_400);
        knowledge.indicators().find(address, at).is_some()
    }

    #[test]
    fn files_of_ones_own_take_the_place_of_what_is_built_in() {
        let feed = "Malicious IP\n198.51.100.7\n198.51.100.8\n10.0.0.1\n";
        let never = "networks = ['198.51.100.8/32']\n";
        let controls = "controls = { 'own:1' = 'ours' }\ntechniques = { 'T1110' = ['own:1'] }\n";
        let (knowledge, problems) =
            read(&[("feed.csv", feed), ("never.toml", never), ("controls.toml", controls)]);
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].contains("198.51.100.8"), "{problems:?}");
        assert!(knows(&knowledge, "198.51.100.7", 0) && knows(&knowledge, "10.0.0.1", 0));
        assert!(!knows(&knowledge, "198.51.100.7", 2), "half of a half of 0.5 is below the floor");
        assert_eq!(knowledge.controls().words("own:1"), Some("ours"));
    }

    #[test]
    fn files_that_cannot_be_used_leave_what_is_built_in() {
        let feed = "Malicious IP\n198.51.100.7\n10.0.0.1\n";
        let (knowledge, problems) =
            read(&[("feed.csv", feed), ("never.toml", "networks = ['x']"), ("controls.toml", "= 1")]);
        assert_eq!(problems.len(), 3, "{problems:?}");
        assert!(problems[0].starts_with("never.toml: networks"), "{problems:?}");
        assert!(problems[1].starts_with("controls.toml: cannot read"), "{problems:?}");
        assert!(knows(&knowledge, "198.51.100.7", 0) && !knows(&knowledge, "10.0.0.1", 0));
        assert!(knowledge.controls().words("own:1").is_none());
    }
}
