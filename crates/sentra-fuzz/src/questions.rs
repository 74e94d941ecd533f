//! Questions: parsed, checked, completed and routed, and run over nothing.

use sentra_ask::{Context, Understood, Unused, route, understand};
use sentra_kql::plan::{Catalog, Column, Table};
use sentra_kql::run::{Dataset, RunLimits, run};
use sentra_kql::{CheckOptions, Kind, Query, check, complete, parse, parse_shorthand};
use sentra_model::Timestamp;
use sentra_sql::parse_sql;

/// Asks `data` in KQL and in the search bar's words, completes and routes it; its first two bytes are not part of it.
pub fn question(data: &[u8]) {
    let text = text_of(data);
    let catalog = catalog();
    let options = || CheckOptions { catalog: &catalog, now: now(), keep_calls: false };
    for query in [parse(&text), parse_shorthand(&text, "events")].into_iter().flatten() {
        ask(&text, &query, options());
    }
    std::hint::black_box(complete(&text, text.len() / 2, options(), &()));
    std::hint::black_box(route(&text, &Context::at(now())));
}

/// Asks `data` in SQL, but for its first two bytes. A refusal has its place within the text.
pub fn sql(data: &[u8]) {
    let text = text_of(data);
    let catalog = catalog();
    let options = || CheckOptions { catalog: &catalog, now: now(), keep_calls: false };
    match parse_sql(&text, options()) {
        Ok(query) => {
            assert!(check(&query, options()).is_ok(), "{text:?} is a question that is refused: {query}");
            ask(&text, &query, options());
        }
        Err(error) => {
            assert!(text.get(error.span.start..error.span.end).is_some(), "{text:?}: {error:?}");
        }
    }
}

/// Asks `data` in plain English, but for its first two bytes, alone and while looking at an incident. What was
/// understood is KQL, and of words that are in the text.
pub fn english(data: &[u8]) {
    let text = text_of(data);
    let alone = Context::at(now());
    let beside = Context { incident: Some("inc-0123456789abcdef".to_owned()), ..Context::at(now()) };
    for context in [alone, beside] {
        let unused = match understand(&text, &context) {
            Ok(Understood { kql, unused, steps, .. }) => {
                for kql in steps.iter().map(|step| &step.kql).chain([&kql]) {
                    assert!(parse(kql).is_ok(), "{text:?} was understood as {kql:?}");
                }
                unused
            }
            Err(refused) => refused.unused,
        };
        for Unused { span: (start, end), word } in unused {
            assert!(text.get(start..end).is_some(), "{text:?}: {word:?} is not at {start} to {end}");
        }
    }
}

fn text_of(data: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(data.get(2..).unwrap_or_default())
}

fn now() -> Timestamp {
    Timestamp::from_seconds(1_790_000_000)
}

/// Checks and runs what `text` was read as. What was understood is printed as a question again, the same one.
fn ask(text: &str, query: &Query, options: CheckOptions<'_>) {
    let printed = query.to_string();
    assert!(parse(&printed).is_ok_and(|again| again == *query), "{text:?} was printed as {printed:?}");
    if let Ok(plan) = check(query, options) {
        let data = Dataset::from([("events".to_owned(), Vec::new())]);
        let _ = run(&plan, &data, RunLimits { rows_max: 1_000, ..RunLimits::default() });
    }
}

fn catalog() -> Catalog {
    let columns =
        [("time", Kind::DateTime), ("user", Kind::String), ("src_ip", Kind::String), ("count", Kind::Long)];
    let columns = columns.map(|(name, kind)| Column::new(name, kind)).into_iter();
    let columns = columns.chain([Column::fields("fields")]).collect();
    Catalog { tables: vec![Table { name: "events".to_owned(), title: String::new(), columns }] }
}
