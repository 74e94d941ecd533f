//! Which ATT&CK techniques a rule set looks for.

use std::collections::{BTreeMap, BTreeSet};

use sentra_model::{RuleKind, Severity, tactic_order};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::attack::{tactics, techniques};
use crate::explain::logsource_words;
use crate::ruleset::{Rule, RuleSet};

/// Most rules named in the comment on one technique of a Navigator layer.
const COMMENT_RULES_MAX: usize = 5;

/// What a rule set covers of ATT&CK. Rules that only feed a correlation are not in it; that is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// Rules that report and are not disabled.
    pub rules: usize,
    /// Rules that report and are disabled.
    pub disabled: usize,
    /// By technique id, `T1059.001`.
    pub techniques: BTreeMap<String, TechniqueCoverage>,
    /// By tactic, in the order of the kill chain.
    pub tactics: Vec<TacticCoverage>,
    /// Rules that name no technique.
    pub without_technique: Vec<RuleName>,
    /// Techniques that only disabled rules look for.
    pub only_disabled: Vec<String>,
}

/// What looks for one technique.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TechniqueCoverage {
    /// Rules in force.
    pub rules: usize,
    /// Disabled rules.
    pub disabled: usize,
    /// Rules in force by level.
    pub by_level: BTreeMap<Severity, usize>,
    /// Rules in force by logsource, `windows/process_creation`.
    pub by_logsource: BTreeMap<String, usize>,
    /// The rules in force.
    pub rule_ids: Vec<String>,
    /// Titles of some of them, for people.
    pub titles: Vec<String>,
}

/// What looks for one tactic.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TacticCoverage {
    /// Its short name, `credential-access`.
    pub tactic: String,
    /// Rules in force that name it.
    pub rules: usize,
    /// Of the techniques that rules in force name together with it, how many rules do.
    pub techniques: BTreeMap<String, usize>,
}

/// A rule by its names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RuleName {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
}

impl RuleSet {
    /// What the rules cover of ATT&CK when those with the ids in `disabled` do not run.
    #[must_use]
    pub fn coverage(&self, disabled: &BTreeSet<String>) -> Coverage {
        let mut coverage = Coverage::default();
        let mut by_tactic: BTreeMap<(usize, String), TacticCoverage> = BTreeMap::new();
        for rule in self.rules().iter().filter(|rule| rule.reports()) {
            let reference = rule.reference();
            let techniques = techniques(&reference.tags);
            let is_disabled = disabled.contains(&reference.id);
            if is_disabled {
                coverage.disabled += 1;
            } else {
                coverage.rules += 1;
            }
            if techniques.is_empty() {
                let (id, title) = (reference.id.clone(), reference.title.clone());
                coverage.without_technique.push(RuleName { id, title });
            }
            for technique in &techniques {
                let covered = coverage.techniques.entry(technique.clone()).or_default();
                if is_disabled {
                    covered.disabled += 1;
                } else {
                    covered.add(rule);
                }
            }
            for tactic in tactics(&reference.tags).into_iter().filter(|_| !is_disabled) {
                let place = (tactic_order(&tactic), tactic.clone());
                let covered = by_tactic.entry(place).or_default();
                covered.tactic = tactic;
                covered.rules += 1;
                for technique in &techniques {
                    *covered.techniques.entry(technique.clone()).or_default() += 1;
                }
            }
        }
        coverage.tactics = by_tactic.into_values().collect();
        let only_disabled = coverage.techniques.iter().filter(|(_, covered)| covered.rules == 0);
        coverage.only_disabled = only_disabled.map(|(technique, _)| technique.clone()).collect();
        coverage
    }
}

impl TechniqueCoverage {
    fn add(&mut self, rule: &Rule) {
        let reference = rule.reference();
        let logsource = match (rule.logsource(), reference.kind) {
            (Some(logsource), _) => logsource_words(logsource),
            (None, RuleKind::Correlation) => "correlation".to_owned(),
            (None, kind) => kind.as_str().to_owned(),
        };
        self.rules += 1;
        *self.by_level.entry(reference.level).or_default() += 1;
        *self.by_logsource.entry(logsource).or_default() += 1;
        self.rule_ids.push(reference.id.clone());
        if self.titles.len() < COMMENT_RULES_MAX {
            self.titles.push(reference.title.clone());
        }
    }

    fn comment(&self) -> String {
        if self.rules == 0 {
            return format!("only disabled rules: {}", self.disabled);
        }
        let more = self.rules.saturating_sub(self.titles.len());
        let more = if more == 0 { String::new() } else { format!("; {more} more") };
        format!("{}{more}", self.titles.join("; "))
    }
}

impl Coverage {
    /// The coverage as a layer of the ATT&CK Navigator, version 4.5: the score of a technique is the number of
    /// its rules.
    #[must_use]
    pub fn navigator_layer(&self, name: &str) -> serde_json::Value {
        let most = self.techniques.values().map(|covered| covered.rules).max().unwrap_or_default().max(1);
        let techniques: Vec<serde_json::Value> = self
            .techniques
            .iter()
            .map(|(id, covered)| {
                let levels = covered.by_level.iter().rev();
                let metadata: Vec<serde_json::Value> = levels
                    .map(|(level, rules)| json!({"name": level.as_str(), "value": rules.to_string()}))
                    .collect();
                json!({
                    "techniqueID": id,
                    "score": covered.rules,
                    "color": "",
                    "comment": covered.comment(),
                    "enabled": true,
                    "metadata": metadata,
                    "links": [],
                    "showSubtechniques": id.contains('.'),
                })
            })
            .collect();
        json!({
            "name": name,
            "versions": {"layer": "4.5", "navigator": "5.0.0"},
            "domain": "enterprise-attack",
            "description": format!(
                "{} rules, {} techniques, {} of them covered by disabled rules only",
                self.rules,
                self.techniques.len(),
                self.only_disabled.len(),
            ),
            "sorting": 3,
            "layout": {
                "layout": "side",
                "aggregateFunction": "sum",
                "showID": true,
                "showName": true,
                "showAggregateScores": true,
                "countUnscored": false,
                "expandedSubtechniques": "none",
            },
            "hideDisabled": false,
            "techniques": techniques,
            "gradient": {"colors": ["#ffffffff", "#2f7ed8ff"], "minValue": 0, "maxValue": most},
            "legendItems": [],
            "metadata": [],
            "links": [],
            "showTacticRowBackground": false,
            "tacticRowBackground": "#dddddd",
            "selectTechniquesAcrossTactics": true,
            "selectSubtechniquesWithParent": false,
            "selectVisibleTechniques": false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ruleset::RuleSource;

    fn rules() -> RuleSet {
        let rule = |id: &str, level: &str, tags: &str, more: &str| {
            format!(
                "title: Title of {id}\nid: {id}\nname: {id}\nlevel: {level}\ntags: [{tags}]\nlogsource: {{product: \
                 linux}}\ndetection: {{s: {{A: b}}, condition: s}}\n{more}---\n"
            )
        };
        let text = [
            rule("a", "high", "attack.execution, attack.t1059.004, attack.t1059", ""),
            rule("b", "low", "attack.execution, attack.persistence, attack.t1059.004", ""),
            rule("c", "high", "attack.impact, attack.t1485", ""),
            rule("d", "high", "attack.impact", ""),
            rule("base", "high", "attack.t1110", ""),
            "title: Many\nid: many\nlevel: critical\ntags: [attack.t1110, attack.credential-access]\ncorrelation: \
             {type: event_count, rules: [base], timespan: 5m, condition: {gte: 5}}\n"
                .to_owned(),
        ]
        .concat();
        let source = RuleSource { path: "r.yml".into(), text, pack: "core@1".into() };
        let (rules, _) = RuleSet::compile(vec![source]);
        assert_eq!(rules.len(), 6);
        rules
    }

    #[test]
    fn techniques_are_counted_by_level_logsource_and_tactic() {
        let disabled = BTreeSet::from(["c".to_owned()]);
        let coverage = rules().coverage(&disabled);
        assert_eq!((coverage.rules, coverage.disabled), (4, 1));
        let shell = &coverage.techniques["T1059.004"];
        assert_eq!((shell.rules, &shell.rule_ids), (2, &vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(shell.by_level, BTreeMap::from([(Severity::Low, 1), (Severity::High, 1)]));
        assert_eq!(shell.by_logsource, BTreeMap::from([("linux".to_owned(), 2)]));
        // The rule that feeds the correlation is not counted beside it.
        let brute = &coverage.techniques["T1110"];
        assert_eq!(brute.by_logsource, BTreeMap::from([("correlation".to_owned(), 1)]));
        assert_eq!(coverage.only_disabled, ["T1485"]);
        let without: Vec<&str> = coverage.without_technique.iter().map(|rule| rule.id.as_str()).collect();
        assert_eq!(without, ["d"]);
        let tactics: Vec<(&str, usize)> =
            coverage.tactics.iter().map(|tactic| (tactic.tactic.as_str(), tactic.rules)).collect();
        assert_eq!(tactics, [("execution", 2), ("persistence", 1), ("credential-access", 1), ("impact", 1)]);
        assert_eq!(coverage.tactics[0].techniques["T1059.004"], 2);
        let text = serde_json::to_string(&coverage).unwrap();
        assert_eq!(serde_json::from_str::<Coverage>(&text).unwrap(), coverage);
    }

    #[test]
    fn a_layer_has_the_shape_that_the_navigator_reads() {
        let coverage = rules().coverage(&BTreeSet::from(["c".to_owned()]));
        let layer = coverage.navigator_layer("Rules in force");
        assert_eq!(layer["versions"]["layer"], "4.5");
        assert_eq!(layer["domain"], "enterprise-attack");
        assert_eq!(layer["gradient"]["maxValue"], 2);
        let techniques = layer["techniques"].as_array().unwrap();
        let of = |id: &str| techniques.iter().find(|technique| technique["techniqueID"] == id).unwrap();
        assert_eq!(of("T1059.004")["score"], 2);
        assert_eq!(of("T1059.004")["comment"], "Title of a; Title of b");
        assert_eq!(of("T1059.004")["metadata"][0], json!({"name": "high", "value": "1"}));
        assert_eq!(
            (&of("T1485")["score"], &of("T1485")["comment"]),
            (&json!(0), &json!("only disabled rules: 1"))
        );
    }
}
