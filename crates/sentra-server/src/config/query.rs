use sentra_query::{DeskOptions, TurnLimits};
use sentra_store::DecisionKeeping;

use super::Config;

impl Config {
    /// What the desk for questions allows.
    #[must_use]
    pub fn desk_options(&self) -> DeskOptions {
        DeskOptions { ceilings: self.query.ceilings.clone(), turns: TurnLimits::new(self.server.queries_max) }
    }

    /// How much of the router's decisions is kept.
    #[must_use]
    pub fn decision_keeping(&self) -> DecisionKeeping {
        DecisionKeeping {
            decisions_max: self.query.decisions_max,
            age_days_max: self.query.decisions_age_d_max,
        }
    }
}
