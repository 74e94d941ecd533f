//! A rule as a condition of a query over the marts.
//!
//! The condition never leaves out an event that the rule matches. Where a test cannot be said in the engine's
//! language, or not quite, it is widened: then the condition is a prefilter, and the rule itself decides on the
//! events that pass. Negations turn the question round: below `not`, a test is narrowed.

mod filter;
mod fold;
mod network;
mod plan;
mod re2;
mod render;
mod route;

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ruleset::{Body, RuleSet};

use filter::Filter;

/// Longest condition, in bytes; a rule whose condition would be longer is filtered by its logsource only.
pub(crate) const SQL_BYTES_MAX: usize = 256 << 10;
/// Most tests of one condition; those beyond are widened.
pub(crate) const SQL_TESTS_MAX: usize = 1_000;
/// Deepest nesting of a condition; what is deeper is widened.
pub(crate) const SQL_DEPTH_MAX: usize = 20;

/// Whose SQL it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QueryEngine {
    /// DataFusion, over the marts as they are stored, with nothing but its own functions.
    #[serde(rename = "datafusion")]
    DataFusion,
    /// ClickHouse, over a table with the columns of the marts, `fields` being `Map(String, Nullable(String))`
    /// and `raw` a `String`.
    #[serde(rename = "clickhouse")]
    ClickHouse,
}

/// How a condition relates to its rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// It selects the events that the rule matches.
    Exact,
    /// It selects them and others.
    Prefilter,
}

/// A rule as a condition of a query.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleQuery {
    /// The rule's id.
    pub rule: String,
    /// Whose SQL it is.
    pub engine: QueryEngine,
    /// What stands behind `WHERE`. Tenant, mart and time are the caller's to add.
    pub condition: String,
    /// Whether the rule must look at the events again.
    pub precision: Precision,
    /// What is wider than the rule, and why.
    pub widened: Vec<String>,
    /// For a correlation: the conditions of the rules it stands on, in its order. `condition` is any of them.
    pub rules: Vec<RuleQuery>,
}

impl fmt::Display for RuleQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.condition)
    }
}

impl RuleSet {
    /// The rule with the index `rule` as a condition of a query. `None` for an index that is no rule.
    #[must_use]
    pub fn query(&self, rule: usize, engine: QueryEngine) -> Option<RuleQuery> {
        let compiled = self.rules.get(rule)?;
        let id = compiled.reference.id.clone();
        match &compiled.body {
            Body::Single { logsource, expression } => {
                let mut widened = BTreeSet::new();
                let route = route::filter(logsource, &mut widened);
                let tests = plan::filter(self, expression, engine, &mut widened);
                let mut condition = render::text(&Filter::all([route.clone(), tests]), engine);
                if condition.len() > SQL_BYTES_MAX {
                    condition = render::text(&route, engine);
                    widened.insert(format!("longer than {SQL_BYTES_MAX} bytes: logsource only"));
                }
                let precision = if widened.is_empty() { Precision::Exact } else { Precision::Prefilter };
                let widened = widened.into_iter().collect();
                Some(RuleQuery { rule: id, engine, condition, precision, widened, rules: Vec::new() })
            }
            Body::Yaral => None,
            Body::Correlation(_) => {
                let singles = self.single_rules(rule).into_iter();
                let rules: Vec<RuleQuery> = singles.filter_map(|single| self.query(single, engine)).collect();
                let conditions: Vec<&str> = rules.iter().map(|rule| rule.condition.as_str()).collect();
                let condition = match conditions.as_slice() {
                    [] => "FALSE".to_owned(),
                    [only] => (*only).to_owned(),
                    several => format!("({})", several.join(" OR ")),
                };
                let widened = vec!["a correlation: the events of the rules it stands on".to_owned()];
                Some(RuleQuery {
                    rule: id,
                    engine,
                    condition,
                    precision: Precision::Prefilter,
                    widened,
                    rules,
                })
            }
        }
    }
}
