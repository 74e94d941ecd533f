//! What each rule costs.

/// What one rule has cost so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RuleCost {
    /// How often it was evaluated: at most once per batch and kind of event.
    pub evaluations: u64,
    /// Events it was tried on: those where a test holds without which it cannot match.
    pub candidates: u64,
    /// Events it matched.
    pub hits: u64,
    /// Bytes of values that were tried for it alone: by expressions without a literal, networks, comparisons.
    pub tried_bytes: u64,
    /// Ticks of the evaluations that were timed.
    pub ticks: u64,
    /// How many evaluations were timed.
    pub timed: u64,
}

impl RuleCost {
    /// Ticks of all evaluations, by those that were timed.
    #[must_use]
    pub fn estimated_ticks(&self) -> u64 {
        let all = u128::from(self.ticks) * u128::from(self.evaluations) / u128::from(self.timed.max(1));
        u64::try_from(all).unwrap_or(u64::MAX)
    }

    /// What can be said without a clock: events tried, and bytes tried beyond the common search.
    fn work(&self) -> u64 {
        self.candidates.saturating_add(self.tried_bytes)
    }

    /// Adds what was spent elsewhere, or at another time.
    pub fn add(&mut self, other: &Self) {
        self.evaluations += other.evaluations;
        self.candidates += other.candidates;
        self.hits += other.hits;
        self.tried_bytes += other.tried_bytes;
        self.ticks += other.ticks;
        self.timed += other.timed;
    }
}

/// The account of what each rule costs.
#[derive(Debug, Clone, Default)]
pub struct RuleCosts {
    rules: Vec<RuleCost>,
}

impl RuleCosts {
    pub(crate) fn new(rules: usize) -> Self {
        Self { rules: vec![RuleCost::default(); rules] }
    }

    /// The cost of the rule with this index in its set.
    #[must_use]
    pub fn of(&self, rule: usize) -> RuleCost {
        self.rules.get(rule).copied().unwrap_or_default()
    }

    pub(crate) fn of_mut(&mut self, rule: u32) -> Option<&mut RuleCost> {
        self.rules.get_mut(rule as usize)
    }

    /// The rules that were evaluated, by index.
    pub fn spent(&self) -> impl Iterator<Item = (usize, &RuleCost)> {
        self.rules.iter().enumerate().filter(|(_, cost)| cost.evaluations > 0)
    }

    /// The dearest rules, by index: by time where it was taken, else by events and bytes tried.
    #[must_use]
    pub fn top(&self, count: usize) -> Vec<(usize, RuleCost)> {
        let mut dearest: Vec<(usize, RuleCost)> = self.spent().map(|(rule, cost)| (rule, *cost)).collect();
        dearest.sort_by_key(|(rule, cost)| {
            (std::cmp::Reverse((cost.estimated_ticks(), cost.work(), cost.hits)), *rule)
        });
        dearest.truncate(count);
        dearest
    }

    /// Adds the account of another matcher with the same rules.
    pub fn add(&mut self, other: &Self) {
        if self.rules.len() < other.rules.len() {
            self.rules.resize(other.rules.len(), RuleCost::default());
        }
        for (cost, more) in self.rules.iter_mut().zip(&other.rules) {
            cost.add(more);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dearest_come_first() {
        let mut costs = RuleCosts::new(4);
        let mut set = |rule, cost| *costs.of_mut(rule).unwrap() = cost;
        set(0, RuleCost { evaluations: 1, candidates: 5, ..RuleCost::default() });
        set(1, RuleCost { evaluations: 10, ticks: 3, timed: 1, ..RuleCost::default() });
        set(2, RuleCost { evaluations: 1, candidates: 5, tried_bytes: 1, ..RuleCost::default() });
        let order = |costs: &RuleCosts, count| -> Vec<usize> {
            costs.top(count).into_iter().map(|(rule, _)| rule).collect()
        };
        assert_eq!(order(&costs, 9), [1, 2, 0]);
        assert_eq!(order(&costs, 1), [1]);
        assert_eq!(costs.of(1).estimated_ticks(), 30);
        let mut both = RuleCosts::default();
        both.add(&costs);
        both.add(&costs);
        assert_eq!(both.of(0).candidates, 10);
        assert_eq!(both.of(99), RuleCost::default());
    }
}
