//! Questions beyond the few words for single events: the whole of KQL, the search bar's shorthand, SQL and plain English, each
//! checked against the tables that there are and answered by the marts as a plan.

use std::time::Duration;

use sentra_ask::{Context, Form, route};
use sentra_kql::plan::{Expr, Node, Op, Plan};
use sentra_kql::{CheckOptions, KqlError, Reason, check, parse, parse_shorthand};
use sentra_model::{Mart, TenantScope};
use sentra_sql::parse_sql;
use sentra_store::{
    AskLimits, Column, DEFAULT_COLUMNS, EVENTS_TABLE, MartStore, ROWS_MAX, StoppedBy, event_catalog,
    header_columns,
};
use serde_json::Value;
use tokio::time::Instant;

use crate::answer::{Answer, Explain, Intent, Route, Status};
use crate::ask::{AskOptions, Engine};
use crate::error::{Place, QueryError, SyntaxError};
use crate::plan::ROWS_DEFAULT;

/// Answers a question in whatever form it has: KQL, the search bar's shorthand, SQL, plain English.
pub(crate) async fn ask_any(
    marts: &dyn MartStore,
    scope: &TenantScope,
    text: &str,
    options: &AskOptions,
    started: Instant,
) -> Result<Answer, QueryError> {
    let registered: Vec<Mart> = marts.stats(scope).await?.into_iter().map(|stats| stats.mart).collect();
    let context =
        Context { marts: registered.iter().map(ToString::to_string).collect(), ..Context::at(options.now) };
    let decision = route(text, &context);
    let catalog = event_catalog(&registered);
    let checked = CheckOptions { catalog: &catalog, now: options.now, keep_calls: false };
    let (query, understood) = match (decision.form, decision.english) {
        (Form::Sql, _) => (parse_sql(text, checked).map_err(|error| refused(&error, text))?, None),
        (Form::Shorthand, _) => {
            (parse_shorthand(text, EVENTS_TABLE).map_err(|error| refused(&error, text))?, None)
        }
        (Form::English, Some(Ok(understood))) => {
            if decision.intent != sentra_ask::Intent::Exact
                && decision.intent != sentra_ask::Intent::Analytical
            {
                return Err(QueryError::EngineUnavailable { engine: "similarity" });
            }
            let query = parse(&understood.kql).map_err(|error| refused(&error, &understood.kql))?;
            (query, Some(understood.kql))
        }
        (Form::English, Some(Err(why))) => {
            let hint = format!("ask for example: {}", why.suggestions.join("; "));
            return Err(not_yet(text, &why.reason, &hint));
        }
        (Form::Kql | Form::English, _) => (parse(text).map_err(|error| refused(&error, text))?, None),
    };
    let refused = |error: KqlError| refused(&error, understood.as_deref().unwrap_or(text));
    let plan = check(&query, checked).map_err(refused)?;
    // Who writes a star in SQL means every column.
    let plan = if decision.form == Form::Sql { plan } else { as_they_are(plan) };
    let limits = AskLimits { rows_max: ROWS_MAX, timeout: Duration::from_millis(options.timeout_ms) };
    let found = marts.ask(scope, &plan, &limits).await?;
    let mut notes = found.engines;
    notes.extend(plan.notes.iter().map(|note| format!("{}; {}", note.message, note.hint)));
    match found.stopped_by {
        Some(StoppedBy::Timeout) => notes.push("the time allowed was over, there are no rows".to_owned()),
        Some(StoppedBy::Memory) => notes.push("the memory allowed was used up, there are no rows".to_owned()),
        None if found.cut => {
            notes.push(format!("there are more than {ROWS_MAX} rows: add take, or summarize"))
        }
        None => {}
    }
    let mut said = Vec::new();
    if let Some(kql) = &understood {
        said.push(format!("understood as {kql}"));
    }
    let is_partial = found.stopped_by.is_some() || found.cut;
    let column =
        |column: &sentra_kql::plan::Column| Column { name: column.name.clone(), kind: column.kind.into() };
    let rows = found.rows.into_iter();
    let rows: Vec<Vec<Value>> =
        rows.map(|row| row.into_iter().map(sentra_kql::plan::Value::into_json).collect()).collect();
    Ok(Answer {
        route: Route { confidence: decision.confidence, ..chosen(&plan.root, options.engine, &said) },
        status: if is_partial { Status::Partial } else { Status::Complete },
        columns: found.columns.iter().map(column).collect(),
        rows,
        elapsed_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        explain: options.explain.then(|| Explain {
            question: query.to_string(),
            lineage: found.lineage,
            notes,
        }),
    })
}

fn not_yet(text: &str, message: &str, hint: &str) -> QueryError {
    let message = format!("{message}; {hint}");
    SyntaxError { place: Place::at(text, 0), message, hint: Some(hint.to_owned()) }.into()
}

fn refused(error: &KqlError, text: &str) -> QueryError {
    let KqlError { span, reason, message, hint } = error.clone();
    let said = match (&hint, reason) {
        (Some(word), Reason::Unknown) => format!("{message}, was {word} meant?"),
        (Some(other), Reason::Unsupported) => format!("{message}; instead: {other}"),
        (Some(hint), _) => format!("{message}; {hint}"),
        (None, _) => message,
    };
    SyntaxError { place: Place::at(text, span.start), message: said, hint }.into()
}

/// Events as they are: the newest, with the columns that people look at first.
fn as_they_are(plan: Plan) -> Plan {
    let is_whole = plan
        .columns()
        .iter()
        .map(|column| column.name.as_str())
        .eq(header_columns().iter().map(|header| header.name));
    if !is_whole {
        return plan;
    }
    let Plan { mut root, render, notes } = plan;
    if !matches!(root.op, Op::Take { .. }) {
        let columns = root.columns.clone();
        root = Node { op: Op::Take { input: Box::new(root), rows: ROWS_DEFAULT as u64 }, columns };
    }
    let places = DEFAULT_COLUMNS.iter().filter_map(|name| {
        let place = root.columns.iter().position(|column| column.name == *name)?;
        Some((place, root.columns.get(place)?.clone()))
    });
    let (values, columns) = places.map(|(place, column)| (Expr::column(place, column.kind), column)).unzip();
    Plan { root: Node { op: Op::Project { input: Box::new(root), values }, columns }, render, notes }
}

fn chosen(root: &Node, engine: Engine, said: &[String]) -> Route {
    let (own, reason) = match is_analytical(root) {
        true => (Intent::Analytical, "the question computes something over many events"),
        false => (Intent::Exact, "the question takes events one by one"),
    };
    let (intent, mut reason) = match engine {
        Engine::Exact => (Intent::Exact, format!("engine exact was asked for; {reason}")),
        Engine::Analytical => (Intent::Analytical, format!("engine analytical was asked for; {reason}")),
        Engine::Auto | Engine::Similarity => (own, reason.to_owned()),
    };
    for note in said {
        reason.push_str("; ");
        reason.push_str(note);
    }
    Route { intent, engine: "marts".to_owned(), confidence: 1.0, reason }
}

/// Whether an aggregate or a join stands anywhere on the way of the answer.
fn is_analytical(node: &Node) -> bool {
    match &node.op {
        Op::Aggregate { .. } | Op::Join { .. } => true,
        Op::Scan { .. } | Op::Values { .. } => false,
        Op::Union { inputs } => inputs.iter().any(is_analytical),
        Op::Filter { input, .. }
        | Op::Project { input, .. }
        | Op::Sort { input, .. }
        | Op::Take { input, .. }
        | Op::Parse { input, .. }
        | Op::Expand { input, .. }
        | Op::Sequence { input, .. } => is_analytical(input),
    }
}
