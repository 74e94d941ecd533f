//! Questions that a rollup answers, beside the same questions to events.

use std::sync::Arc;

use anyhow::ensure;
use sentra_model::{RollupDefinition, RollupGrain, TenantScope};
use sentra_store::{EmbeddedMarts, MartStore};

use super::questions::Question;
use super::{Timed, timed};

/// Those of the table that the rollup has the answer to.
const BY_ROLLUP: [&str; 2] = ["histogram", "histogram of failures"];

/// Times those of `queries` that a rollup by hours of marts and outcomes answers, and holds the answers against theirs.
pub(crate) async fn by_rollup(
    marts: &Arc<EmbeddedMarts>,
    scope: &TenantScope,
    questions: Vec<Question>,
    queries: &[Timed],
    runs: usize,
) -> anyhow::Result<Vec<Timed>> {
    let outcomes = RollupDefinition {
        name: "outcomes".to_owned(),
        mart: "events".to_owned(),
        filter: String::new(),
        keys: ["mart", "outcome"].map(str::to_owned).to_vec(),
        aggregates: Vec::new(),
        grain: RollupGrain::Hour,
        changed_by: String::new(),
        time: None,
    };
    marts.declare_rollups(scope, vec![outcomes]).await?;
    while marts.tend(scope, u64::MAX).await?.has_more {}
    let mut found = Vec::new();
    for question in questions.into_iter().filter(|question| BY_ROLLUP.contains(&question.name)) {
        let answer = timed(marts, scope, question, runs).await?;
        let by_events = queries.iter().find(|query| query.name == answer.name);
        ensure!(by_events.is_some_and(|query| query.rows == answer.rows), "{} differs", answer.name);
        found.push(answer);
    }
    marts.declare_rollups(scope, Vec::new()).await?;
    Ok(found)
}
