//! Which compliance controls a signal is evidence for.
//!
//! A table pairs ATT&CK techniques, event codes, facts and detectors with the ids of controls. One is built in; a pack's
//! takes its place as a whole. Ids only, with a few words of our own: no standard's text is here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use sentra_model::{EventCode, Fact, FactKind, Signal};
use serde::Deserialize;

use crate::indicators::is_technique;

/// Controls of a table, and entries of each of its parts.
pub const CONTROLS_ENTRIES_MAX: usize = 10_000;
/// Controls on one signal.
pub const CONTROLS_PER_SIGNAL_MAX: usize = 64;

/// Why a table of controls cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ControlsError {
    /// Not the TOML that is expected.
    #[error("cannot read the table of controls")]
    Read(#[from] toml::de::Error),
    /// An entry names a control that the table does not declare.
    #[error("{part}.{key}: {control:?} is not among the controls of the table")]
    Undeclared {
        /// Part of the table.
        part: &'static str,
        /// The entry.
        key: String,
        /// What it names.
        control: String,
    },
    /// A key means nothing.
    #[error("{part}.{key}: {expected} expected")]
    Key {
        /// Part of the table.
        part: &'static str,
        /// The entry.
        key: String,
        /// What would be one.
        expected: &'static str,
    },
    /// Too large.
    #[error("{0}: at most {CONTROLS_ENTRIES_MAX} entries")]
    TooMany(&'static str),
}

type Pairs = BTreeMap<String, Vec<String>>;

/// The table.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Controls {
    controls: BTreeMap<String, String>,
    techniques: Pairs,
    codes: Pairs,
    facts: Pairs,
    detectors: Pairs,
}

impl Controls {
    /// The table that is built in.
    #[must_use]
    pub fn built_in() -> &'static Self {
        static BUILT_IN: LazyLock<Controls> =
            LazyLock::new(|| Controls::from_toml(include_str!("controls.toml")).unwrap_or_default());
        &BUILT_IN
    }

    /// Reads a table: `controls` with their words, and lists of them in `techniques`, `codes`, `facts`, `detectors`.
    pub fn from_toml(text: &str) -> Result<Self, ControlsError> {
        let table: Self = toml::from_str(text)?;
        if table.controls.len() > CONTROLS_ENTRIES_MAX {
            return Err(ControlsError::TooMany("controls"));
        }
        if let Some(key) = table.controls.keys().find(|id| !is_control(id)) {
            let expected = "an id such as soc2:CC6.1";
            return Err(ControlsError::Key { part: "controls", key: key.clone(), expected });
        }
        table.check("techniques", &table.techniques, "an id such as T1110.001", is_technique)?;
        table.check("codes", &table.codes, "an event code such as LL03", |key| {
            key.parse::<EventCode>().is_ok()
        })?;
        table.check("facts", &table.facts, "a kind of fact such as logins_failed", |key| {
            fact_kind(key).is_some()
        })?;
        table.check("detectors", &table.detectors, "a rule's id", |key| !key.is_empty())?;
        Ok(table)
    }

    fn check(
        &self,
        part: &'static str,
        pairs: &Pairs,
        expected: &'static str,
        is_key: impl Fn(&str) -> bool,
    ) -> Result<(), ControlsError> {
        if pairs.len() > CONTROLS_ENTRIES_MAX {
            return Err(ControlsError::TooMany(part));
        }
        for (key, controls) in pairs {
            if !is_key(key) {
                return Err(ControlsError::Key { part, key: key.clone(), expected });
            }
            if let Some(control) = controls.iter().find(|control| !self.controls.contains_key(*control)) {
                return Err(ControlsError::Undeclared { part, key: key.clone(), control: control.clone() });
            }
        }
        Ok(())
    }

    /// What the control `id` is about, in a few words.
    #[must_use]
    pub fn words(&self, id: &str) -> Option<&str> {
        self.controls.get(id).map(String::as_str)
    }

    /// The controls that `signal` is evidence for, in order, each once.
    #[must_use]
    pub fn controls_for(&self, signal: &Signal) -> Vec<String> {
        let mut found: BTreeSet<&str> = BTreeSet::new();
        for technique in &signal.techniques {
            let whole = technique.split('.').next().unwrap_or_default();
            let _ = add(&mut found, self.techniques.get(technique))
                || add(&mut found, self.techniques.get(whole));
        }
        for fact in &signal.facts {
            let named = self.facts.iter().find(|(name, _)| fact_kind(name) == Some(fact.kind));
            add(&mut found, named.map(|(_, controls)| controls));
            for code in codes(fact) {
                add(&mut found, self.codes.get(code));
            }
        }
        let id = signal.rule.id.as_str();
        let before = id.split('/').next().unwrap_or_default();
        let _ = add(&mut found, self.detectors.get(id))
            || add(&mut found, self.detectors.get(before))
            || add(&mut found, self.detectors.get(signal.rule.kind.as_str()));
        found.into_iter().take(CONTROLS_PER_SIGNAL_MAX).map(str::to_owned).collect()
    }
}

/// The controls that `signal` is evidence for by the table that is built in.
#[must_use]
pub fn controls_for(signal: &Signal) -> Vec<String> {
    Controls::built_in().controls_for(signal)
}

/// Adds controls; false when the table has no such entry.
fn add<'t>(found: &mut BTreeSet<&'t str>, controls: Option<&'t Vec<String>>) -> bool {
    found.extend(controls.into_iter().flatten().map(String::as_str));
    controls.is_some()
}

/// The event codes that a fact names.
fn codes(fact: &Fact) -> impl Iterator<Item = &str> {
    fact.values.get("code").into_iter().flat_map(|codes| codes.shown.iter().map(String::as_str))
}

fn fact_kind(name: &str) -> Option<FactKind> {
    FactKind::deserialize(serde::de::value::StrDeserializer::<serde::de::value::Error>::new(name)).ok()
}

/// A standard's short name, a colon, the control's id.
fn is_control(id: &str) -> bool {
    let is_plain = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.')
    };
    id.len() <= 64
        && id.split_once(':').is_some_and(|(standard, control)| is_plain(standard) && is_plain(control))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sentra_model::{
        Digest, Estimate, NamedSet, RuleKind, RuleRef, Severity, SignalId, TenantId, Timestamp,
    };

    fn signal(rule: &str, kind: RuleKind, techniques: &[&str]) -> Signal {
        let moment = Timestamp::from_seconds(0);
        Signal {
            id: SignalId::derive(Digest::new("test")),
            tenant: TenantId::default_tenant(),
            rule: RuleRef {
                id: rule.to_owned(),
                title: rule.to_owned(),
                kind,
                level: Severity::Low,
                tags: Vec::new(),
                pack: "test@1".to_owned(),
            },
            severity: Severity::Low,
            probability: Estimate::new(0.1, 0.0, 0.2),
            first: moment,
            last: moment,
            count: 1,
            folded: 0,
            events: Vec::new(),
            events_total: 1,
            entities: Vec::new(),
            facts: Vec::new(),
            techniques: techniques.iter().map(|id| (*id).to_owned()).collect(),
            tactics: Vec::new(),
            controls: Vec::new(),
            enrichments: Vec::new(),
            verdict: None,
        }
    }

    #[test]
    fn the_built_in_table_is_whole() {
        let table = Controls::from_toml(include_str!("controls.toml")).unwrap();
        let used: BTreeSet<&String> = [&table.techniques, &table.codes, &table.facts, &table.detectors]
            .into_iter()
            .flat_map(|pairs| pairs.values().flatten())
            .collect();
        let idle: Vec<&String> = table.controls.keys().filter(|id| !used.contains(id)).collect();
        assert!(idle.is_empty(), "declared and never named: {idle:?}");
        assert_eq!(Controls::built_in().words("soc2:CC6.1"), Some("logical access"));
    }

    #[test]
    fn a_signal_has_the_controls_of_its_techniques_codes_and_detector() {
        let mut found = signal("7f5d", RuleKind::Sigma, &["T1110.003", "T1078.001", "T9999"]);
        let sprayed = controls_for(&found);
        for control in ["pci:8.3.4", "soc2:CC6.1", "pci:8.6.1", "soc2:CC7.3"] {
            assert!(sprayed.iter().any(|id| id == control), "{control}: {sprayed:?}");
        }
        assert!(
            !sprayed.iter().any(|id| id == "iso27001:A.5.15"),
            "a part with controls of its own keeps to them"
        );
        let moment = Timestamp::from_seconds(0);
        found.facts.push(Fact {
            kind: FactKind::AccountsChanged,
            count: 1,
            first: moment,
            last: moment,
            entities: Vec::new(),
            values: BTreeMap::from([("code".to_owned(), NamedSet::of(vec!["SA01".to_owned()]))]),
            events: Vec::new(),
            pace: None,
        });
        assert!(controls_for(&found).iter().any(|id| id == "soc2:CC6.2"));
        let hit = controls_for(&signal("indicator-match/domain", RuleKind::Model, &[]));
        assert_eq!(hit, ["iso27001:A.5.7", "pci:11.5.1", "soc2:CC7.2"]);
        let rare = controls_for(&signal("rare-process", RuleKind::Model, &[]));
        assert_eq!(rare, ["iso27001:A.8.16", "pci:10.4.1.1", "soc2:CC7.2"]);
    }

    #[test]
    fn a_wrong_table_is_refused_with_its_place() {
        for (text, word) in [
            ("[techniques]\nT1110 = ['soc2:CC6.1']", "T1110"),
            ("[techniques]\nbrute = []", "brute"),
            ("[codes]\nXX99 = []", "XX99"),
            ("[facts]\nodd = []", "odd"),
            ("[controls]\nCC6 = 'x'", "CC6"),
            ("[control]\nx = 1", ""),
        ] {
            let error = Controls::from_toml(text).unwrap_err();
            assert!(error.to_string().contains(word), "{text}: {error}");
        }
        assert!(
            Controls::from_toml("")
                .unwrap()
                .controls_for(&signal("x", RuleKind::Sigma, &["T1110"]))
                .is_empty()
        );
    }
}
