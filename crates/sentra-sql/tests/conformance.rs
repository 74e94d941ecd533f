//! The table of conformance: statements over the fixture of KQL's own, with the rows or the refusal that SQL leads
//! to, written by hand, and run by the interpreter. The form is that of `sentra_kql::testing`.

#![allow(clippy::unwrap_used, reason = "test code")]

use std::collections::BTreeMap;

use sentra_kql::testing::{Case, Expect, cases_in, fixture, judged, now};
use sentra_kql::{CheckOptions, KqlError, check, parse, plan, run};
use sentra_sql::parse_sql;

const AREAS: [(&str, &str); 8] = [
    ("select", include_str!("../conformance/select.txt")),
    ("where", include_str!("../conformance/where.txt")),
    ("group by", include_str!("../conformance/group.txt")),
    ("join", include_str!("../conformance/join.txt")),
    ("values", include_str!("../conformance/values.txt")),
    ("time", include_str!("../conformance/time.txt")),
    ("schema", include_str!("../conformance/schema.txt")),
    ("refused", include_str!("../conformance/refused.txt")),
];

/// Cases, of which an expression by itself is a SELECT of it.
fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (area, text) in AREAS {
        let mut written = String::new();
        for line in text.lines() {
            match line.split_once(" => ") {
                Some((expression, expected)) => {
                    let (kind, value) = expected.split_once(' ').unwrap();
                    written.push_str(&format!(
                        "=== {expression}\nSELECT {expression} AS x FROM one\n---\nx:{kind}\n{value}\n\n"
                    ));
                }
                None => {
                    written.push_str(line);
                    written.push('\n');
                }
            }
        }
        cases.extend(cases_in(area, &written).unwrap());
    }
    cases
}

fn planned(
    case: &Case,
    catalog: &plan::Catalog,
    shown_wrong: &mut Vec<String>,
) -> Result<plan::Plan, KqlError> {
    let options = CheckOptions { catalog, now: now(), keep_calls: false };
    let query = parse_sql(&case.question, options)?;
    let kql = query.to_string();
    match parse(&kql) {
        Ok(read) if read == query => {}
        other => shown_wrong.push(format!("{}\n  {kql}\n  {other:?}", case.question)),
    }
    check(&query, options)
}

/// Prints the table of conformance, area by area.
#[test]
fn the_interpreter_conforms() {
    let (catalog, data) = fixture().unwrap();
    let mut areas: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut wrong = Vec::new();
    // The KQL that is shown is the question that is asked.
    let mut shown_wrong = Vec::new();
    let cases = cases();
    for case in &cases {
        let counts = areas.entry(case.area).or_default();
        let outcome = match planned(case, &catalog, &mut shown_wrong) {
            Err(error) => {
                let end = case.question.len();
                assert!(
                    error.span.start <= error.span.end && error.span.end <= end,
                    "{}: {error:?}",
                    case.question
                );
                judged(case, Err(&error))
            }
            Ok(plan) => match run::run(&plan, &data, run::RunLimits::default()) {
                Ok(rows) => judged(case, Ok((plan.columns(), &rows))),
                Err(error) => Err(error.to_string()),
            },
        };
        match case.expect {
            Expect::Rows { .. } => counts.0 += 1,
            Expect::Refused { .. } => counts.1 += 1,
        }
        if let Err(error) = outcome {
            let options = CheckOptions { catalog: &catalog, now: now(), keep_calls: false };
            let kql = parse_sql(&case.question, options).map(|query| query.to_string()).unwrap_or_default();
            wrong.push(format!("{}: {}\n  {}\n  {kql}\n  {error}", case.area, case.name, case.question));
        }
    }
    for (area, (answered, refused)) in &areas {
        println!("{area:<20} {answered:>9} {refused:>8}");
    }
    println!("{} cases, {} wrong", cases.len(), wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(shown_wrong.is_empty(), "{}", shown_wrong.join("\n"));
    assert!(cases.len() >= 150, "{} cases", cases.len());
}

/// What is understood is shown as KQL: what people read, and may go on from.
#[test]
fn statements_are_shown_as_kql() {
    let (catalog, _) = fixture().unwrap();
    let options = CheckOptions { catalog: &catalog, now: now(), keep_calls: false };
    let cases = [
        (
            "SELECT user, count(*) AS n FROM events WHERE code = 'LL03' GROUP BY user ORDER BY n DESC LIMIT 10",
            "events | where code == \"LL03\" | summarize n = count() by user | sort by n desc | take 10",
        ),
        (
            "SELECT date_trunc('hour', time) AS t, count(*) AS n FROM events WHERE time > now() - INTERVAL '1 day' GROUP BY 1",
            "events | where time > now() - 1d | summarize n = count() by t = bin(time, 1h)",
        ),
        (
            "SELECT id FROM events WHERE CommandLine ILIKE '%whoami%' AND src_ip IN ('10.0.0.5', '10.0.0.6')",
            "events | where CommandLine contains \"whoami\" and src_ip in (\"10.0.0.5\", \"10.0.0.6\") | project id",
        ),
        (
            "WITH f AS (SELECT user FROM events WHERE outcome = 'failure') SELECT p.user, p.dept FROM people p JOIN f ON f.user = p.user",
            "let f = events | where outcome == \"failure\" | project user;\n\
             people | project p_user = user, dept | join kind=inner (f | project user) on $left.p_user == $right.user | project user = p_user, dept",
        ),
    ];
    for (sql, kql) in cases {
        assert_eq!(parse_sql(sql, options).map(|query| query.to_string()).as_deref(), Ok(kql), "{sql}");
    }
}
