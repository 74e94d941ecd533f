//! The forensic index as the desk for questions asks it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sentra_forensic::{ClassStats, Clause, Deadline, ForensicError, TextIndex, TextRange, TextStats};
use sentra_model::{TenantScope, Timestamp};
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
            Ok::<_, ForensicError>((answer, index.stats(&scope)?))
        });
        let (answer, stats) = found.await.map_err(failed)?.map_err(failed)?;
        let ids: Vec<_> = answer.hits.into_iter().map(|hit| hit.id).collect();
        let has_more = !answer.complete || answer.total > ids.len() as u64;
        Ok(TextHits { has_more, ids, held: Some(stats.documents), lacks: lacks(&stats, query.range.from) })
    }

    async fn lacks(
        &self,
        scope: &TenantScope,
        from: Option<Timestamp>,
    ) -> Result<Option<String>, EngineError> {
        let (index, scope) = (Arc::clone(&self.0), scope.clone());
        let stats = tokio::task::spawn_blocking(move || index.stats(&scope)).await;
        stats.map_err(failed)?.map(|stats| lacks(&stats, from)).map_err(failed)
    }
}

fn failed(error: impl std::fmt::Display) -> EngineError {
    EngineError { message: error.to_string() }
}

/// What the budget costs: events from `from` on that would be in the index still if there were room. What a policy that is
/// gone had asked for does not belong into it any more.
fn lacks(stats: &TextStats, from: Option<Timestamp>) -> Option<String> {
    let of = |class: &ClassStats| {
        class.lacking_until.filter(|until| class.configured && from.is_none_or(|from| *until >= from))
    };
    let newest = stats.classes.iter().filter_map(of).max()?;
    let lacking: Vec<&ClassStats> = stats.classes.iter().filter(|class| of(class).is_some()).collect();
    let evicted: u64 = lacking.iter().map(|class| class.evicted).sum();
    let refused: u64 = lacking.iter().map(|class| class.refused).sum();
    let newest = if newest == Timestamp::MAX { String::new() } else { format!(", the newest of {newest}") };
    Some(format!(
        "of its budget of {} bytes {} are used; {evicted} events gave way to others and for {refused} there was no room{newest}",
        stats.budget_bytes, stats.bytes
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_gave_way_is_lacking_and_what_expired_is_not() {
        let class = |evicted, refused, lacking_until| ClassStats {
            class: "signals low".to_owned(),
            configured: true,
            documents: 5,
            admitted: 20 + evicted,
            refused,
            evicted,
            expired: 10,
            raised: 5,
            cut: 1,
            lacking_until,
        };
        let stats = |classes| TextStats {
            documents: 5,
            bytes: 990,
            budget_bytes: 1_000,
            share_percent: 3.0,
            floor_bytes: 1_000,
            ingested_bytes: 10_000,
            classes,
            set_aside: None,
        };
        let at = |second| Some(Timestamp::from_seconds(second));
        assert_eq!(
            lacks(&stats(vec![class(0, 0, None), class(9, 9, None)]), None),
            None,
            "it would have expired"
        );
        let both = stats(vec![class(2, 0, at(60)), class(1, 4, at(120)), class(50, 50, None)]);
        let used = "of its budget of 1000 bytes 990 are used;";
        let all = format!(
            "{used} 3 events gave way to others and for 4 there was no room, the newest of 1970-01-01T00:02:00Z"
        );
        assert_eq!(lacks(&both, None).as_ref(), Some(&all));
        assert_eq!(lacks(&both, at(60)).as_ref(), Some(&all));
        let later = lacks(&both, at(61)).unwrap();
        assert!(later.contains(" 1 events gave way") && later.contains("for 4 there"), "{later}");
        assert_eq!(lacks(&both, at(121)), None, "all that happened since is held");
        let removed = ClassStats { configured: false, ..class(2, 0, at(500)) };
        assert_eq!(lacks(&stats(vec![removed]), None), None);
        let unknown = lacks(&stats(vec![class(2, 0, Some(Timestamp::MAX))]), at(121)).unwrap();
        assert_eq!(unknown, format!("{used} 2 events gave way to others and for 0 there was no room"));
    }
}
