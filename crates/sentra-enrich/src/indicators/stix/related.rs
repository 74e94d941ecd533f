//! What the other objects of a bundle say of its indicators.

use std::collections::{BTreeMap, BTreeSet};

use sentra_model::Timestamp;
use serde_json::value::RawValue;

use super::raw::{Indicator, Kind, Other};
use crate::indicators::indicator::{IndicatorContext, Tlp};
use crate::indicators::read_moment;

/// Relationships, sightings and related objects of one bundle that are kept.
const RELATED_MAX: usize = 2_000_000;
/// Relationships of one indicator that are kept.
const RELATIONS_PER_INDICATOR_MAX: usize = 32;

/// The markings that the standard itself defines, by their ids: version 1, then version 2.
const MARKINGS: [(&str, Tlp); 9] = [
    ("marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9", Tlp::Clear),
    ("marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da", Tlp::Green),
    ("marking-definition--f88d31f6-486f-44da-b317-01333bde0b82", Tlp::Amber),
    ("marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed", Tlp::Red),
    ("marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487", Tlp::Clear),
    ("marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb", Tlp::Green),
    ("marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421", Tlp::Amber),
    ("marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003", Tlp::AmberStrict),
    ("marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1", Tlp::Red),
];

/// Objects that indicators refer to, by id.
#[derive(Debug, Default)]
pub(crate) struct Related {
    threats: BTreeMap<String, String>,
    techniques: BTreeMap<String, Vec<String>>,
    markings: BTreeMap<String, Tlp>,
    /// Indicator → what it indicates.
    indicates: BTreeMap<String, Vec<String>>,
    sightings: BTreeMap<String, Timestamp>,
    revoked: BTreeSet<String>,
    kept: usize,
    /// What was passed over for want of room.
    pub(crate) dropped: u64,
}

impl Related {
    /// Takes in one object. One that cannot be read is told of when the indicators are read.
    pub(crate) fn read(&mut self, raw: &RawValue) {
        let Ok(kind) = serde_json::from_str::<Kind<'_>>(raw.get()) else { return };
        let is_related = matches!(
            kind.kind.as_ref(),
            "malware"
                | "campaign"
                | "intrusion-set"
                | "threat-actor"
                | "tool"
                | "attack-pattern"
                | "relationship"
                | "sighting"
                | "marking-definition"
        );
        let may_be_revoked =
            kind.kind == "indicator" && memchr::memmem::find(raw.get().as_bytes(), b"\"revoked\"").is_some();
        if !is_related && !may_be_revoked {
            return;
        }
        if self.kept >= RELATED_MAX {
            self.dropped += 1;
            return;
        }
        let Ok(object) = serde_json::from_str::<Other>(raw.get()) else { return };
        // Most indicators say that they are not revoked.
        if is_related || object.revoked {
            self.kept += 1;
            self.keep(object);
        }
    }

    fn keep(&mut self, object: Other) {
        match object.kind.as_str() {
            "indicator" if object.revoked => {
                self.revoked.insert(object.id);
            }
            _ if object.revoked => {}
            "attack-pattern" => {
                let ids = object
                    .external_references
                    .into_iter()
                    .filter(|reference| reference.source_name == "mitre-attack");
                self.techniques
                    .insert(object.id, ids.map(|reference| reference.external_id).take(4).collect());
            }
            "relationship" if object.relationship_type == "indicates" => {
                let targets = self.indicates.entry(object.source_ref).or_default();
                if targets.len() < RELATIONS_PER_INDICATOR_MAX {
                    targets.push(object.target_ref);
                } else {
                    self.dropped += 1;
                }
            }
            "sighting" => {
                if let Some(moment) = object.last_seen.as_deref().and_then(read_moment) {
                    let last = self.sightings.entry(object.sighting_of_ref).or_insert(moment);
                    *last = moment.max(*last);
                }
            }
            "marking-definition" => {
                let named = object.definition.and_then(|definition| Tlp::named(&definition.tlp));
                if let Some(tlp) = named.or_else(|| Tlp::named(&object.name)) {
                    self.markings.insert(object.id, tlp);
                }
            }
            "malware" | "campaign" | "intrusion-set" | "threat-actor" | "tool" => {
                self.threats.insert(object.id, object.name);
            }
            _ => {}
        }
    }

    /// Whether any version of the indicator says that it is revoked.
    pub(crate) fn is_revoked(&self, id: &str) -> bool {
        self.revoked.contains(id)
    }

    /// When it was last sighted.
    pub(crate) fn last_sighting(&self, id: &str) -> Option<Timestamp> {
        self.sightings.get(id).copied()
    }

    /// Adds what `indicator` stands for.
    pub(crate) fn describe(&self, indicator: &Indicator<'_>, context: &mut IndicatorContext) {
        for target in self.indicates.get(indicator.id.as_ref()).into_iter().flatten() {
            if let Some(threat) = self.threats.get(target) {
                context.add_threat(threat);
            }
            for id in self.techniques.get(target).into_iter().flatten() {
                context.add_techniques(id);
            }
        }
        for reference in &indicator.external_references {
            if reference.source_name == "mitre-attack" {
                context.add_techniques(&reference.external_id);
            }
        }
        for marking in &indicator.object_marking_refs {
            let own = self.markings.get(marking).copied();
            let standard = MARKINGS.iter().find(|(id, _)| id == marking).map(|(_, tlp)| *tlp);
            context.narrow(standard.or(own));
        }
    }
}
