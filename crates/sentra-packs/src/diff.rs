//! What is different between two versions of a pack, rule by rule.

use std::collections::BTreeMap;

use sentra_detect::{RuleSet, RuleSource};
use serde::Serialize;

use crate::digests::{Digests, Tampering};
use crate::kind::ContentKind;
use crate::path::{PackPath, Place};

/// A rule as a diff names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleEntry {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its file in the pack.
    pub path: String,
    /// BLAKE3 of its text.
    pub digest: String,
}

/// A rule whose text is another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleChange {
    /// As it was.
    pub before: RuleEntry,
    /// As it is.
    pub after: RuleEntry,
}

/// What is different between two versions of a pack.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct PackDiff {
    /// Rules that only the new version has.
    pub added: Vec<RuleEntry>,
    /// Rules that both have, with another text.
    pub changed: Vec<RuleChange>,
    /// Rules that only the old version has.
    pub removed: Vec<RuleEntry>,
    /// How many rules are the same.
    pub unchanged: usize,
    /// Files that are no rules: what happened to each, `lists/admins.txt was changed`.
    pub files: Vec<String>,
}

impl PackDiff {
    /// Whether the versions say the same.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.changed.is_empty() && self.removed.is_empty() && self.files.is_empty()
    }

    /// What is different between rules; [`rules_of`] gives them.
    pub(crate) fn between(before: &RulesOf, after: &RulesOf) -> Self {
        let mut diff = Self::default();
        for (id, now) in after {
            match before.get(id) {
                None => diff.added.push(now.clone()),
                Some(then) if then.digest == now.digest => diff.unchanged += 1,
                Some(then) => diff.changed.push(RuleChange { before: then.clone(), after: now.clone() }),
            }
        }
        diff.removed =
            before.iter().filter(|(id, _)| !after.contains_key(*id)).map(|(_, then)| then.clone()).collect();
        diff
    }

    /// Adds what happened to the other files.
    pub(crate) fn with_files(mut self, before: Option<&Digests>, after: Option<&Digests>) -> Self {
        let (Some(before), Some(after)) = (before, after) else { return self };
        let is_other = |path: &str| {
            let place = PackPath::parse(path).and_then(|path| path.place());
            !matches!(place, Ok(Place::Content(ContentKind::Rules)))
        };
        let files = before.compare(after).into_iter().filter(|change| match change {
            Tampering::Changed(path) | Tampering::Added(path) | Tampering::Removed(path) => is_other(path),
            Tampering::Digests(_) => false,
        });
        self.files = files.map(|change| change.to_string()).collect();
        self
    }
}

/// Rules by their ids.
pub(crate) type RulesOf = BTreeMap<String, RuleEntry>;

/// The rules of the pack `label` among `rules`, which were compiled from `sources`. A rule's digest is that of its own
/// text, from its first line to that of the next rule: what a neighbour in the same file says does not change it.
pub(crate) fn rules_of(label: &str, rules: &RuleSet, sources: &[RuleSource]) -> RulesOf {
    let mut starts: BTreeMap<&str, Vec<(u64, &sentra_detect::Rule)>> = BTreeMap::new();
    for rule in rules.rules().iter().filter(|rule| rule.reference().pack == label) {
        starts.entry(rule.path()).or_default().push((rule.line(), rule));
    }
    let mut found = RulesOf::new();
    for source in sources.iter().filter(|source| source.pack == label) {
        let Some(starts) = starts.get_mut(source.path.as_str()) else { continue };
        starts.sort_by_key(|(line, _)| *line);
        let ends = starts.iter().skip(1).map(|(line, _)| *line).chain(std::iter::once(u64::MAX));
        for ((line, rule), end) in starts.iter().zip(ends) {
            let path = source
                .path
                .strip_prefix(label)
                .map_or(source.path.as_str(), |path| path.trim_start_matches('/'));
            let reference = rule.reference();
            let entry = RuleEntry {
                id: reference.id.clone(),
                title: reference.title.clone(),
                path: path.to_owned(),
                digest: digest_of(&source.text, *line, end),
            };
            // Of two rules with one id both count.
            found
                .entry(reference.id.clone())
                .and_modify(|known| {
                    known.digest = blake3::hash(format!("{}{}", known.digest, entry.digest).as_bytes())
                        .to_hex()
                        .to_string();
                })
                .or_insert(entry);
        }
    }
    found
}

fn digest_of(text: &str, line: u64, end: u64) -> String {
    let from = usize::try_from(line.saturating_sub(1)).unwrap_or(usize::MAX);
    let lines = usize::try_from(end.saturating_sub(line)).unwrap_or(usize::MAX);
    let mut own: Vec<&str> = text.lines().skip(from).take(lines).collect();
    // What separates it from the next document is not part of it.
    while own.last().is_some_and(|line| line.trim().is_empty() || line.trim_end() == "---") {
        own.pop();
    }
    let mut hasher = blake3::Hasher::new();
    for line in own {
        hasher.update(line.trim_end().as_bytes());
        hasher.update(b"\n");
    }
    hasher.finalize().to_hex().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(id: char, word: &str) -> String {
        let id = format!("0000000{id}-0000-4000-8000-000000000000");
        format!(
            "title: T{word}\nid: {id}\nlogsource: {{product: linux}}\ndetection:\n  s: {{message: {word}}}\n  condition: s\n"
        )
    }

    fn rules(text: String) -> RulesOf {
        let source = RuleSource { path: "a@1/rules/x.yml".to_owned(), text, pack: "a@1".to_owned() };
        let (set, problems) = RuleSet::compile(vec![source.clone()]);
        assert!(
            problems.iter().all(|problem| problem.severity != sentra_detect::ProblemSeverity::Error),
            "{problems:?}"
        );
        rules_of("a@1", &set, &[source])
    }

    #[test]
    fn a_rule_is_changed_by_its_own_text_and_not_by_its_neighbours() {
        let before = rules(format!("{}---\n{}", rule('1', "one"), rule('2', "two")));
        let after =
            rules(format!("{}---\n{}---\n\n{}", rule('1', "one"), rule('2', "more"), rule('3', "three")));
        let diff = PackDiff::between(&before, &after);
        let ids = |entries: &[RuleEntry]| entries.iter().map(|entry| entry.title.clone()).collect::<Vec<_>>();
        assert_eq!(ids(&diff.added), ["Tthree"]);
        assert_eq!(diff.changed.len(), 1);
        assert_eq!(
            (diff.changed[0].before.title.as_str(), diff.changed[0].after.title.as_str()),
            ("Ttwo", "Tmore")
        );
        assert_eq!((diff.removed.len(), diff.unchanged), (0, 1));
        assert_eq!(diff.changed[0].after.path, "rules/x.yml");
        let back = PackDiff::between(&after, &before);
        assert_eq!(ids(&back.removed), ["Tthree"]);
        assert!(PackDiff::between(&before, &before).is_empty());
    }
}
