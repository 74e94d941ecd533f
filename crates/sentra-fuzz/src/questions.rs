//! Questions: parsed, checked, completed and routed, and run over nothing.

use sentra_ask::{Context, route};
use sentra_kql::plan::{Catalog, Column, Table};
use sentra_kql::run::{Dataset, RunLimits, run};
use sentra_kql::{CheckOptions, Kind, check, complete, parse, parse_shorthand};
use sentra_model::Timestamp;

/// Asks `data` in every form that a question can have, but for its first two bytes.
pub fn question(data: &[u8]) {
    let text = String::from_utf8_lossy(data.get(2..).unwrap_or_default());
    let now = Timestamp::from_seconds(1_790_000_000);
    let catalog = catalog();
    let options = || CheckOptions { catalog: &catalog, now, keep_calls: false };
    for query in [parse(&text), parse_shorthand(&text, "events")].into_iter().flatten() {
        // What was understood is printed as a question again, the same one.
        let printed = query.to_string();
        assert!(parse(&printed).is_ok_and(|again| again == query), "{text:?} was printed as {printed:?}");
        if let Ok(plan) = check(&query, options()) {
            let data = Dataset::from([("events".to_owned(), Vec::new())]);
            let _ = run(&plan, &data, RunLimits { rows_max: 1_000, ..RunLimits::default() });
        }
    }
    std::hint::black_box(complete(&text, text.len() / 2, options(), &()));
    std::hint::black_box(route(&text, &Context::at(now)));
}

fn catalog() -> Catalog {
    let columns =
        [("time", Kind::DateTime), ("user", Kind::String), ("src_ip", Kind::String), ("count", Kind::Long)];
    let columns = columns.map(|(name, kind)| Column::new(name, kind)).into_iter();
    let columns = columns.chain([Column::fields("fields")]).collect();
    Catalog { tables: vec![Table { name: "events".to_owned(), title: String::new(), columns }] }
}
