use std::collections::BTreeSet;

use sentra_model::EntityRef;
use serde::Serialize;

use crate::Traits;
use crate::words::{pieces, words};

/// What two items, or an item and a text, have in common. It explains the likeness; it is not what it was computed of.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Why {
    /// ATT&CK technique ids.
    pub techniques: Vec<String>,
    /// ATT&CK tactics.
    pub tactics: Vec<String>,
    /// Event codes.
    pub codes: Vec<String>,
    /// Titles of rules.
    pub rules: Vec<String>,
    /// Who and what, with the part it plays in the neighbour.
    pub entities: Vec<EntityRef>,
    /// Words, as compared.
    pub words: Vec<String>,
}

impl Why {
    /// What `near` shares with `asked`.
    #[must_use]
    pub fn between(asked: &Traits, near: &Traits) -> Self {
        let keys: BTreeSet<_> = asked.entities.iter().map(EntityRef::key).collect();
        Self {
            techniques: both(&asked.techniques, &near.techniques),
            tactics: both(&asked.tactics, &near.tactics),
            codes: both(&asked.codes, &near.codes),
            rules: both(&asked.rules, &near.rules),
            entities: near.entities.iter().filter(|entity| keys.contains(&entity.key())).cloned().collect(),
            words: both(&asked.words, &near.words),
        }
    }

    /// What `near` shares with `text`.
    #[must_use]
    pub fn in_text(text: &str, near: &Traits) -> Self {
        let pieces: BTreeSet<String> = pieces(text).map(str::to_lowercase).collect();
        let named = |names: &[String]| {
            names.iter().filter(|name| pieces.contains(&name.to_lowercase())).cloned().collect::<Vec<_>>()
        };
        let lower = text.to_lowercase().replace(' ', "-");
        let said: Vec<String> = words(text).collect();
        let is_named = |entity: &&EntityRef| pieces.contains(&entity.value.to_lowercase());
        Self {
            techniques: named(&near.techniques),
            tactics: near.tactics.iter().filter(|tactic| lower.contains(tactic.as_str())).cloned().collect(),
            codes: named(&near.codes),
            rules: Vec::new(),
            entities: near.entities.iter().filter(is_named).cloned().collect(),
            words: both(&near.words, &said),
        }
    }

    /// Whether nothing that can be named is shared.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

fn both(left: &[String], right: &[String]) -> Vec<String> {
    left.iter().filter(|text| right.contains(text)).cloned().collect()
}
