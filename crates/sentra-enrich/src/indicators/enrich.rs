//! What indicators say of the entities of signals, and which rule a hit stands for.

use sentra_model::{
    Enrichment, EnrichmentStage, EntityRef, EntityType, RuleKind, RuleRef, Severity, Signal, Timestamp,
};

use super::index::Indicators;
use super::indicator::Indicator;
use super::kind::{IndicatorFamily, IndicatorKind};
use super::scan::IndicatorHit;

/// What the ids of the rules of hits begin with; the family follows: `indicator-match/domain`.
pub const INDICATOR_RULE_PREFIX: &str = "indicator-match/";
/// Statements of indicators on one signal.
const ENRICHMENTS_MAX: usize = 128;

/// The rule that a hit stands for, and how probable it is that such a hit means harm before anything else is known.
#[derive(Debug, Clone, PartialEq)]
pub struct HitRule {
    /// The rule: kind [`RuleKind::Model`], id `indicator-match/<family>`, level by confidence.
    pub rule: RuleRef,
    /// From 0 to 1. Confidence says that the value is bad; this is less, since an event can name a bad value without
    /// harm: a refused connection, a scan from a listed address.
    pub prior: f64,
}

/// The rule that `hit` stands for.
#[must_use]
pub fn hit_rule(hit: &IndicatorHit) -> HitRule {
    let kind = hit.indicator.kind;
    let tags =
        hit.indicator.context.techniques.iter().map(|id| format!("attack.{}", id.to_ascii_lowercase()));
    let rule = RuleRef {
        id: format!("{INDICATOR_RULE_PREFIX}{}", kind.family().as_str()),
        title: title(kind.family()).to_owned(),
        kind: RuleKind::Model,
        level: level(hit.confidence),
        tags: tags.collect(),
        pack: "indicators".to_owned(),
    };
    HitRule { rule, prior: hit.confidence.clamp(0.0, 1.0) * weight(kind) }
}

fn title(family: IndicatorFamily) -> &'static str {
    match family {
        IndicatorFamily::Address => "Address that is a known indicator",
        IndicatorFamily::Domain => "Domain that is a known indicator",
        IndicatorFamily::Url => "URL that is a known indicator",
        IndicatorFamily::Hash => "File whose digest is a known indicator",
        IndicatorFamily::Mail => "Mail address that is a known indicator",
    }
}

fn level(confidence: f64) -> Severity {
    match confidence {
        sure if sure >= 0.8 => Severity::High,
        likely if likely >= 0.5 => Severity::Medium,
        _ => Severity::Low,
    }
}

/// How much of the confidence in a value is left for an event that names it.
fn weight(kind: IndicatorKind) -> f64 {
    match kind {
        IndicatorKind::Network => 0.35,
        IndicatorKind::Address => 0.5,
        IndicatorKind::Mail => 0.7,
        IndicatorKind::Domain => 0.75,
        IndicatorKind::Url => 0.85,
        IndicatorKind::Md5 => 0.9,
        IndicatorKind::Sha1 | IndicatorKind::Sha256 => 0.95,
    }
}

impl Indicators {
    /// Says of the entities of `signal` that are indicators at `now` what is known: `indicator`, `threat`, `technique`
    /// and `tlp`, each with the sources and the confidence that is left. Doing it again changes nothing.
    pub fn enrich(&self, signal: &mut Signal, now: Timestamp) {
        if self.is_empty() {
            return;
        }
        let mut known: Vec<Enrichment> = Vec::new();
        for entity in signal.entities.iter().filter(|entity| may_be_indicator(entity)) {
            if let Some((indicator, confidence)) = self.find(&entity.value, now) {
                known.extend(statements(entity, &indicator, confidence));
            }
        }
        for enrichment in known.into_iter().take(ENRICHMENTS_MAX) {
            if !signal.enrichments.contains(&enrichment) {
                signal.enrichments.push(enrichment);
            }
        }
    }
}

fn may_be_indicator(entity: &EntityRef) -> bool {
    match entity.entity_type {
        EntityType::Ip | EntityType::Domain => true,
        EntityType::Host | EntityType::Application => entity.value.contains('.'),
        EntityType::User => entity.value.contains('@'),
        EntityType::Process | EntityType::Session | EntityType::File | EntityType::Virtual => false,
    }
}

fn statements(entity: &EntityRef, indicator: &Indicator, confidence: f64) -> Vec<Enrichment> {
    let context = &indicator.context;
    let names: Vec<&str> = context.sources.iter().map(|source| source.name.as_str()).collect();
    let versions: Vec<&str> = context.sources.iter().map(|source| source.version.as_str()).collect();
    let statement = |name: &str, value: String| Enrichment {
        stage: EnrichmentStage::Intelligence,
        entity: Some(entity.clone()),
        name: name.to_owned(),
        value,
        source: format!("indicators:{}", names.join(",")),
        version: versions.join(","),
        confidence: Some(confidence),
    };
    let mut all = vec![statement("indicator", format!("{} {}", indicator.kind, indicator.value))];
    all.extend(context.threats.iter().map(|threat| statement("threat", threat.clone())));
    all.extend(context.techniques.iter().map(|technique| statement("technique", technique.clone())));
    all.extend(context.tlp.map(|tlp| statement("tlp", tlp.as_str().to_owned())));
    all
}
