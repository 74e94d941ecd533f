//! Holding what was found against the truth.
//!
//! An attack is **detected** by a finding when all three hold:
//!
//! * **entity** — an entity of the finding is one of the attack's, of the same kind and the same normalised value
//!   (lower case, without `DOMAIN\`, `@domain` and, for machines, the DNS domain);
//! * **time** — the finding's time overlaps the attack's, which is widened by [`Rules::slack`] at its end;
//! * **case or technique** — a rule of the finding bears the case's name or one of its other names
//!   ([`CaseNames`]), or a technique of the finding is one of the attack's (`T1110` and `T1110.003` count as one).
//!
//! A finding that shares entity and time with an attack, widened by [`Rules::aftermath`] on both sides, but neither case nor
//! technique, is **related**: neither a detection nor a false alarm. A finding of at least [`Rules::severity`]
//! that is neither is a **false positive**; where it falls on a hard negative, it is counted there too.

mod names;
mod table;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

pub use names::CaseNames;

use crate::moment::{DAY, MINUTE, Micros, SECOND};
use crate::truth::{At, EntityKind, Story, Truth};
use names::{normalised, same_technique};

/// How bad a finding is said to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// For the record.
    #[default]
    Informational,
    /// Low.
    Low,
    /// Medium.
    Medium,
    /// High.
    High,
    /// Critical.
    Critical,
}

/// An entity of a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundEntity {
    /// What it is.
    #[serde(rename = "type")]
    pub kind: EntityKind,
    /// Its name or address.
    pub value: String,
}

/// An incident or a signal that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// Its id.
    pub id: String,
    /// The time of its first evidence.
    pub first: At,
    /// The time of its last needed evidence: from when on it could be known.
    pub last: At,
    /// When it was reported, in event time, where that is known.
    #[serde(default)]
    pub detected_at: Option<At>,
    /// Who and what it is about.
    pub entities: Vec<FoundEntity>,
    /// ATT&CK techniques.
    #[serde(default)]
    pub techniques: Vec<String>,
    /// Ids, titles or tags of the rules and models that speak in it.
    #[serde(default)]
    pub rules: Vec<String>,
    /// How bad it is said to be.
    #[serde(default)]
    pub severity: Severity,
}

/// Logs cut times to the millisecond or the second, so evidence may seem to lie this long before what it is of.
const GRAIN: Micros = SECOND;

/// How a finding is held against the truth.
#[derive(Debug, Clone)]
pub struct Rules {
    /// How long after an attack's last record a finding about it may begin.
    pub slack: Micros,
    /// How long before and after an attack findings about its entities are no false alarms.
    pub aftermath: Micros,
    /// From which severity on a finding that matches nothing is a false positive.
    pub severity: Severity,
    /// Names that rules may have for the cases.
    pub names: CaseNames,
}

impl Default for Rules {
    fn default() -> Self {
        Self { slack: 15 * MINUTE, aftermath: DAY, severity: Severity::Medium, names: CaseNames::default() }
    }
}

/// What came of a story.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// An attack was found.
    Detected,
    /// An attack was not found.
    Missed,
    /// A hard negative was left alone.
    Quiet,
    /// A hard negative was reported.
    Fooled,
}

/// What came of one story.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoryScore {
    /// The story's id.
    pub story: String,
    /// The scenario.
    pub scenario: String,
    /// The case.
    pub case: String,
    /// What came of it.
    pub outcome: Outcome,
    /// Whether a rule of the case itself spoke, and not only one with the technique.
    pub by_case: bool,
    /// Microseconds from the attack's first record to the last evidence that the earliest finding needed.
    pub evident_after: Option<Micros>,
    /// Microseconds from the attack's first record to the earliest report.
    pub reported_after: Option<Micros>,
    /// The findings that match.
    pub found: Vec<String>,
}

/// What came of a scenario.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ScenarioScore {
    /// The scenario.
    pub scenario: String,
    /// How many attacks there were.
    pub attacks: u64,
    /// How many were found.
    pub detected: u64,
    /// How many of them by a rule of their case.
    pub by_case: u64,
    /// How many hard negatives there were.
    pub negatives: u64,
    /// How many were reported.
    pub fooled: u64,
    /// The median of `evident_after`, in microseconds.
    pub evident_after_median: Option<Micros>,
    /// The longest, in microseconds.
    pub evident_after_max: Option<Micros>,
}

/// The whole result.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Score {
    /// Per scenario, in the order of their names.
    pub scenarios: Vec<ScenarioScore>,
    /// Per story, in the order of the truth.
    pub stories: Vec<StoryScore>,
    /// Findings that match no attack.
    pub false_positives: Vec<String>,
    /// Findings that share entity and time with an attack, and nothing else.
    pub related: Vec<String>,
    /// Records that belong to no attack.
    pub benign_records: u64,
    /// False positives per thousand benign records.
    pub false_positives_per_thousand: f64,
}

/// What a result must be for a check to pass.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Least share of the attacks that are found.
    pub detected_min: f64,
    /// Most false positives per thousand benign records.
    pub false_positives_per_thousand_max: f64,
    /// Longest time until the evidence for any attack was complete, in microseconds from its beginning.
    pub evident_after_max: Micros,
}

impl Default for Limits {
    /// Every attack, within six hours of its beginning, with at most one false positive per thousand records.
    fn default() -> Self {
        Self { detected_min: 1.0, false_positives_per_thousand_max: 1.0, evident_after_max: 6 * 60 * MINUTE }
    }
}

/// Holds `found` against `truth`.
#[must_use]
pub fn score(truth: &Truth, found: &[Found], rules: &Rules) -> Score {
    let found: Vec<Known<'_>> = found.iter().map(Known::new).collect();
    let mut result = Score { benign_records: truth.benign_records, ..Score::default() };
    let mut excused = BTreeSet::new();
    let mut matching = BTreeSet::new();
    for story in truth.attacks() {
        let entities = entities_of(story);
        for (position, finding) in found.iter().enumerate() {
            let is_near = finding.overlaps(story, rules.aftermath, rules.aftermath);
            if is_near && finding.shares(&entities) {
                excused.insert(position);
                if finding.detects(story, &entities, rules) {
                    matching.insert(position);
                }
            }
        }
    }
    result.stories = truth.stories.iter().map(|story| story_score(story, &found, &excused, rules)).collect();
    for (position, finding) in found.iter().enumerate() {
        if !excused.contains(&position) && finding.found.severity >= rules.severity {
            result.false_positives.push(finding.found.id.clone());
        } else if excused.contains(&position) && !matching.contains(&position) {
            result.related.push(finding.found.id.clone());
        }
    }
    result.scenarios = by_scenario(&result.stories);
    result.false_positives_per_thousand = match truth.benign_records {
        0 => 0.0,
        records => result.false_positives.len() as f64 * 1000.0 / records as f64,
    };
    result
}

fn story_score(story: &Story, found: &[Known<'_>], excused: &BTreeSet<usize>, rules: &Rules) -> StoryScore {
    let entities = entities_of(story);
    let fits = |position: usize, finding: &Known<'_>| match story.is_attack() {
        true => finding.detects(story, &entities, rules),
        // Only what is no attack's and bad enough fools.
        false => {
            !excused.contains(&position)
                && finding.found.severity >= rules.severity
                && finding.overlaps(story, GRAIN, rules.slack)
                && finding.shares(&entities)
        }
    };
    let fitting: Vec<&Known<'_>> = found
        .iter()
        .enumerate()
        .filter(|(position, finding)| fits(*position, finding))
        .map(|(_, finding)| finding)
        .collect();
    let outcome = match (story.is_attack(), fitting.is_empty()) {
        (true, false) => Outcome::Detected,
        (true, true) => Outcome::Missed,
        (false, true) => Outcome::Quiet,
        (false, false) => Outcome::Fooled,
    };
    let start = story.start.0;
    let after = |at: At| (at.0 - start).max(0);
    let evident = fitting.iter().map(|finding| after(finding.found.last)).min();
    let reported = fitting.iter().filter_map(|finding| finding.found.detected_at.map(after)).min();
    StoryScore {
        story: story.id.clone(),
        scenario: story.scenario.clone(),
        case: story.case.clone(),
        outcome,
        by_case: story.is_attack() && fitting.iter().any(|finding| finding.bears(&story.case, rules)),
        evident_after: evident.filter(|_| story.is_attack()),
        reported_after: reported.filter(|_| story.is_attack()),
        found: fitting.iter().map(|finding| finding.found.id.clone()).collect(),
    }
}

fn entities_of(story: &Story) -> BTreeSet<(EntityKind, String)> {
    story.entities.iter().map(|entity| (entity.kind, normalised(entity.kind, &entity.value))).collect()
}

/// A finding with its names made comparable.
struct Known<'a> {
    found: &'a Found,
    entities: BTreeSet<(EntityKind, String)>,
}

impl<'a> Known<'a> {
    fn new(found: &'a Found) -> Self {
        let entities = found.entities.iter();
        let entities = entities.map(|entity| (entity.kind, normalised(entity.kind, &entity.value))).collect();
        Self { found, entities }
    }

    fn shares(&self, entities: &BTreeSet<(EntityKind, String)>) -> bool {
        self.entities.iter().any(|entity| entities.contains(entity))
    }

    fn overlaps(&self, story: &Story, before: Micros, after: Micros) -> bool {
        let ends_too_early = self.found.last.0 < story.start.0.saturating_sub(before);
        let begins_too_late = self.found.first.0 > story.end.0.saturating_add(after);
        !ends_too_early && !begins_too_late
    }

    fn bears(&self, case: &str, rules: &Rules) -> bool {
        self.found.rules.iter().any(|rule| rules.names.is_of(rule, case))
    }

    fn detects(&self, story: &Story, entities: &BTreeSet<(EntityKind, String)>, rules: &Rules) -> bool {
        let has_technique = || {
            let wanted = &story.techniques;
            self.found
                .techniques
                .iter()
                .any(|found| wanted.iter().any(|technique| same_technique(found, technique)))
        };
        self.overlaps(story, GRAIN, rules.slack)
            && self.shares(entities)
            && (self.bears(&story.case, rules) || has_technique())
    }
}

fn by_scenario(stories: &[StoryScore]) -> Vec<ScenarioScore> {
    let mut scenarios: BTreeMap<&str, (ScenarioScore, Vec<Micros>)> = BTreeMap::new();
    for story in stories {
        let (scenario, times) = scenarios.entry(&story.scenario).or_default();
        scenario.scenario.clone_from(&story.scenario);
        match story.outcome {
            Outcome::Detected => {
                scenario.attacks += 1;
                scenario.detected += 1;
                scenario.by_case += u64::from(story.by_case);
            }
            Outcome::Missed => scenario.attacks += 1,
            Outcome::Quiet => scenario.negatives += 1,
            Outcome::Fooled => {
                scenario.negatives += 1;
                scenario.fooled += 1;
            }
        }
        times.extend(story.evident_after);
    }
    let finish = |(mut scenario, mut times): (ScenarioScore, Vec<Micros>)| {
        times.sort_unstable();
        scenario.evident_after_median = times.get(times.len() / 2).copied();
        scenario.evident_after_max = times.last().copied();
        scenario
    };
    scenarios.into_values().map(finish).collect()
}

impl Score {
    /// Puts the results of several runs together: `sentra simulate run all`.
    #[must_use]
    pub fn merged(scores: impl IntoIterator<Item = Self>) -> Self {
        let mut all = Self::default();
        for score in scores {
            all.stories.extend(score.stories);
            all.false_positives.extend(score.false_positives);
            all.related.extend(score.related);
            all.benign_records += score.benign_records;
        }
        all.scenarios = by_scenario(&all.stories);
        if all.benign_records > 0 {
            all.false_positives_per_thousand =
                all.false_positives.len() as f64 * 1000.0 / all.benign_records as f64;
        }
        all
    }

    /// Attacks, and how many of them were found.
    #[must_use]
    pub fn detected(&self) -> (u64, u64) {
        let attacks = self.scenarios.iter().map(|scenario| scenario.attacks).sum();
        (attacks, self.scenarios.iter().map(|scenario| scenario.detected).sum())
    }

    /// What is not as `limits` want it, in words; nothing if the check passes.
    #[must_use]
    pub fn check(&self, limits: &Limits) -> Vec<String> {
        let mut faults = Vec::new();
        let (attacks, detected) = self.detected();
        if (detected as f64) < attacks as f64 * limits.detected_min {
            let missed: Vec<&str> = self
                .stories
                .iter()
                .filter(|story| story.outcome == Outcome::Missed)
                .map(|story| story.story.as_str())
                .collect();
            faults.push(format!("{detected} of {attacks} attacks detected, missed: {}", missed.join(", ")));
        }
        if self.false_positives_per_thousand > limits.false_positives_per_thousand_max {
            faults.push(format!(
                "{:.3} false positives per thousand benign records, {} at most are allowed",
                self.false_positives_per_thousand, limits.false_positives_per_thousand_max
            ));
        }
        for story in self.stories.iter().filter(|story| story.evident_after > Some(limits.evident_after_max))
        {
            let minutes = story.evident_after.unwrap_or(0) / MINUTE;
            faults.push(format!("{} was evident only after {minutes} minutes", story.story));
        }
        faults
    }
}

#[cfg(test)]
mod tests;
