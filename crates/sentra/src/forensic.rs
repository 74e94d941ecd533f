//! The forensic index as the desk for questions asks it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sentra_forensic::{Clause, Deadline, TextIndex, TextRange};
use sentra_model::TenantScope;
use sentra_query::{EngineError, TextHits, TextQuery, TextSearch};

/// How long one search may take; the question around it has its own time.
const SEARCH_TIMEOUT: Duration = Duration::from_secs(30);

/// Finds events by words in the forensic index.
#[derive(Debug)]
pub(crate) struct Words(pub(crate) Arc<dyn TextIndex>);

#[async_trait]
impl TextSearch for Words {
    async fn search(&self, scope: &TenantScope, query: &TextQuery) -> Result<TextHits, EngineError> {
        let (index, scope) = (Arc::clone(&self.0), scope.clone());
        let asked = sentra_forensic::TextQuery {
            must: query.terms.iter().cloned().map(Clause::Has).collect(),
            range: TextRange { from: query.range.from, to: query.range.to },
            limit: query.limit.min(sentra_forensic::HIT_LIMIT_MAX),
            with_cut: true,
            ..sentra_forensic::TextQuery::default()
        };
        let found = tokio::task::spawn_blocking(move || {
            let answer = index.search(&scope, &asked, &Deadline::after(SEARCH_TIMEOUT))?;
            Ok((answer, index.stats(&scope)?.documents))
        });
        let found = found.await.map_err(|error| EngineError { message: error.to_string() })?;
        let (answer, held) = found
            .map_err(|error: sentra_forensic::ForensicError| EngineError { message: error.to_string() })?;
        let ids: Vec<_> = answer.hits.into_iter().map(|hit| hit.id).collect();
        Ok(TextHits { has_more: !answer.complete || answer.total > ids.len() as u64, ids, held: Some(held) })
    }
}
