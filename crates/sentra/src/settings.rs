//! The configuration as every command reads it, so that the same line becomes the same event whoever takes it in.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use sentra_backbone::{LogOptions, Retention, TopicRetention};
use sentra_decode::DecodeOptions;
use sentra_factory::{CONSUMER, DEAD_CONSUMER, FactoryConfig, TriageConfig};
use sentra_server::Config;
use sentra_store::MartOptions;

use crate::engines::EngineOptions;

/// The configuration of `file` (or the defaults) with the overrides of the environment.
pub(crate) fn load(file: Option<&Path>) -> anyhow::Result<Config> {
    let text =
        |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value.into_string().ok()?));
    Ok(Config::load(file, std::env::vars_os().filter_map(text))?)
}

/// In the data directory: the rule directories that the last server on it was given, one per line.
const RULES_FILE: &str = "rules.list";

/// Writes down which rules run on `data`, so that a command that opens it alone runs the same ones.
pub(crate) fn remember_rules(data: &Path, config: &Config) -> anyhow::Result<()> {
    let mut lines = String::new();
    for directory in &config.detect.rules {
        let absolute = std::path::absolute(directory)?;
        lines.push_str(&absolute.to_string_lossy());
        lines.push('\n');
    }
    let path = data.join(RULES_FILE);
    std::fs::write(&path, lines).with_context(|| format!("cannot write {}", path.display()))
}

/// Adds the rule directories that were written down for `data`.
pub(crate) fn recall_rules(data: &Path, config: &mut Config) {
    let Ok(lines) = std::fs::read_to_string(data.join(RULES_FILE)) else { return };
    for directory in lines.lines().map(PathBuf::from) {
        if !config.detect.rules.contains(&directory) {
            config.detect.rules.push(directory);
        }
    }
}

/// The settings of the engines, from the configuration.
pub(crate) fn engine_options(config: &Config) -> anyhow::Result<EngineOptions> {
    let zone = &config.decode.time_zone;
    let time_zone = jiff::tz::TimeZone::get(zone).with_context(|| {
        format!("decode.time_zone = {zone:?} is no time zone: write UTC or Europe/Berlin")
    })?;
    let factory = &config.factory;
    Ok(EngineOptions {
        log: LogOptions {
            segment_bytes_max: config.backbone.segment_bytes_max,
            commit_bytes_max: usize::try_from(config.backbone.commit_bytes_max)?,
            commit_wait_ms: config.backbone.commit_wait_ms,
            disk_bytes_max: config.backbone.disk_bytes_max,
            retention: retention(config),
            ..LogOptions::default()
        },
        marts: MartOptions {
            memtable_bytes_max: config.store.memtable_bytes_max as u64,
            ..MartOptions::default()
        },
        factory: FactoryConfig {
            batch_events_max: factory.batch_events_max,
            batch_bytes_max: factory.batch_bytes_max,
            batch_wait_ms: factory.batch_wait_ms,
            flush_interval_ms: config.store.flush_interval_ms,
            triage: TriageConfig {
                group_window_s: factory.group_window_s,
                fold_window_s: factory.fold_window_s,
                incident_signals_max: factory.incident_signals_max,
                open_incidents_max: factory.open_incidents_max,
                entity_half_life_h: factory.entity_half_life_h,
                verdict_half_life_d: factory.verdict_half_life_d,
                ..TriageConfig::default()
            },
            activity_entities_max: factory.activity_entities_max,
            activity_idle_s: factory.activity_idle_s,
            restart_backoff_ms_max: factory.restart_backoff_ms_max,
        },
        forensic: config.forensic().map_err(anyhow::Error::msg)?,
        sentence_model: config.similarity.sentence_model.clone(),
        // The declared formats are added where the packs are read.
        decode: DecodeOptions {
            time_zone,
            virtual_entities: Arc::new(config.doors.virtual_entities.clone()),
            ..DecodeOptions::default()
        },
        rules: config.detect.rules.clone(),
        without_built_in: !config.detect.built_in,
    })
}

/// What the log may remove. Sentra's own consumers hold what a store still lacks (law LOSS).
fn retention(config: &Config) -> TopicRetention {
    let kept = &config.retention;
    let of = |bytes_max, age_s_max, consumer: Option<&str>| Retention {
        bytes_max,
        age_s_max,
        hold_consumers: consumer.map(str::to_owned).into_iter().collect(),
    };
    TopicRetention {
        raw: of(kept.raw_bytes_max, kept.raw_age_s_max, Some(CONSUMER)),
        signals: of(kept.signals_bytes_max, kept.signals_age_s_max, None),
        dead: of(kept.dead_bytes_max, kept.dead_age_s_max, Some(DEAD_CONSUMER)),
    }
}
