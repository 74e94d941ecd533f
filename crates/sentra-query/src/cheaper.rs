//! Questions like one that is too expensive, the one that gives up the least first. Whether they are cheap enough is for
//! their own estimate to say.

use sentra_kql::{Comparison, Expr, ExprKind, Literal, Operator, Query, SourceKind, Step};
use sentra_model::Timestamp;

use crate::forensic::FORENSIC_TABLE;
use crate::similar::each_pipeline;
use crate::tables::{INCIDENTS_TABLE, SIGNALS_TABLE};

const MINUTE: i64 = 60_000_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// How far back questions are narrowed to, in microseconds.
const SPANS: [i64; 9] = [90 * DAY, 30 * DAY, 7 * DAY, DAY, 6 * HOUR, HOUR, 15 * MINUTE, 5 * MINUTE, MINUTE];

/// `query` over less and less time; `latest` is the time of the newest event.
pub(crate) fn candidates(query: &Query, now: Timestamp, latest: Option<Timestamp>) -> Vec<Query> {
    // "In the last hour" says nothing where nothing came in for a week: then it counts from the newest event.
    let quiet = latest.filter(|latest| now.since(*latest) > HOUR || latest.since(now) > HOUR);
    SPANS.iter().map(|span| narrowed(query, *span, quiet)).collect()
}

fn narrowed(query: &Query, span: i64, quiet: Option<Timestamp>) -> Query {
    let from = match quiet {
        Some(latest) => ExprKind::Literal(Literal::DateTime(latest.plus_micros(-span))).into(),
        None => Expr::call("ago", vec![Expr::span(span)]),
    };
    let condition = Expr::name("time").compare(Comparison::GreaterOrEqual, from);
    let mut query = query.clone();
    let named: Vec<String> = query.lets.iter().map(|named| named.name.text.clone()).collect();
    each_pipeline(&mut query, &mut |pipeline| {
        let SourceKind::Table(table) = &pipeline.source.kind else { return };
        let is_events = ![SIGNALS_TABLE, INCIDENTS_TABLE, FORENSIC_TABLE].contains(&table.as_str());
        if is_events && !named.contains(table) {
            pipeline.steps.insert(0, Step::from(Operator::Where(condition.clone())));
        }
    });
    query
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reading_of_events_is_narrowed_and_nothing_else() {
        let query = sentra_kql::parse(
            "let bad = linux | where user == 'x'; bad | join kind=inner (signals) on user | count",
        )
        .unwrap();
        let now = Timestamp::from_seconds(1_000_000);
        let all = candidates(&query, now, Some(now));
        assert_eq!(all.len(), SPANS.len());
        let hour = all[5].to_string();
        assert_eq!(hour.matches("time >= ago(1h)").count(), 1, "{hour}");
        let quiet = candidates(&query, now, Some(Timestamp::from_seconds(500_000)));
        assert!(quiet[5].to_string().contains("time >= datetime(1970-01-06T17:53:20Z)"), "{}", quiet[5]);
    }
}
