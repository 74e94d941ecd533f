//! The result as a table for people.

use super::{Outcome, Score};
use crate::moment::{Micros, SECOND};

impl Score {
    /// A table of the scenarios, the totals below it, and what was missed or reported in error.
    #[must_use]
    pub fn table(&self) -> String {
        let mut text = format!(
            "{:<30} {:>8} {:>9} {:>8} {:>10} {:>10} {:>15}\n",
            "scenario", "attacks", "detected", "by case", "median", "longest", "negatives hit"
        );
        for scenario in &self.scenarios {
            text.push_str(&format!(
                "{:<30} {:>8} {:>9} {:>8} {:>10} {:>10} {:>15}\n",
                scenario.scenario,
                scenario.attacks,
                scenario.detected,
                scenario.by_case,
                duration(scenario.evident_after_median),
                duration(scenario.evident_after_max),
                format!("{} of {}", scenario.fooled, scenario.negatives),
            ));
        }
        let (attacks, detected) = self.detected();
        text.push_str(&format!(
            "\n{detected} of {attacks} attacks detected, {} false positives in {} benign records ({:.3} per thousand)\n",
            self.false_positives.len(),
            self.benign_records,
            self.false_positives_per_thousand
        ));
        for story in &self.stories {
            let word = match story.outcome {
                Outcome::Missed => "missed",
                Outcome::Fooled => "reported in error",
                Outcome::Detected | Outcome::Quiet => continue,
            };
            text.push_str(&format!("{word}: {} {} ({})\n", story.scenario, story.story, story.case));
        }
        text
    }
}

/// `1h05m`, `3m20s`, `12s`.
fn duration(micros: Option<Micros>) -> String {
    let Some(micros) = micros else { return "-".to_owned() };
    let seconds = micros / SECOND;
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds}s"),
        (0, minutes, seconds) => format!("{minutes}m{seconds:02}s"),
        (hours, minutes, _) => format!("{hours}h{minutes:02}m"),
    }
}
