use std::str::FromStr;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sentra_model::{EventId, TenantScope, Timestamp, Topic};
use sentra_store::{
    Column, ColumnKind, DamagedSegment, Lineage, MartStore, SearchOptions, Shape, StoppedBy, StoredEvent,
    header_columns,
};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};

use crate::answer::{Answer, Explain, Intent, Route, Status, unread_note};
use crate::error::QueryError;
use crate::kql::ask_any;
use crate::parse::parse;
use crate::plan::{ROWS_DEFAULT, likely_misspelt, plan};
use crate::question::{Question, Stage, Subject};

/// Which kind of engine is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Engine {
    /// Whichever fits the question.
    #[default]
    Auto,
    /// The one for particular events.
    Exact,
    /// The one for numbers.
    Analytical,
    /// The one for things that are alike; not available yet.
    Similarity,
}

impl Engine {
    /// The name on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Exact => "exact",
            Self::Analytical => "analytical",
            Self::Similarity => "similarity",
        }
    }
}

impl FromStr for Engine {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        [Self::Auto, Self::Exact, Self::Analytical, Self::Similarity]
            .into_iter()
            .find(|engine| engine.as_str() == name)
            .ok_or_else(|| format!("engine {name:?} is unknown, use auto, exact, analytical or similarity"))
    }
}

/// How a question is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskOptions {
    /// Which kind of engine is wanted.
    pub engine: Engine,
    /// Whether the answer tells how it came about.
    pub explain: bool,
    /// The moment of asking: what `now()` and `ago(…)` mean (law TIME).
    pub now: Timestamp,
    /// After this time the answer is what was found until then (law LIMIT).
    pub timeout_ms: u64,
}

impl AskOptions {
    /// Asked at `now`, with 30 seconds to answer.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self { engine: Engine::Auto, explain: false, now, timeout_ms: 30_000 }
    }
}

/// Answers `text` from the events that `scope` may see.
///
/// # Errors
/// [`QueryError::Syntax`] with the place when the text is not understood, [`QueryError::EngineUnavailable`],
/// and [`QueryError::Store`] when the marts cannot be read. A limit that is reached is no error but a
/// partial answer.
pub async fn ask(
    marts: &dyn MartStore,
    scope: &TenantScope,
    text: &str,
    options: &AskOptions,
) -> Result<Answer, QueryError> {
    let started = Instant::now();
    if options.engine == Engine::Similarity {
        return Err(QueryError::EngineUnavailable { engine: options.engine.as_str() });
    }
    // What the few words for single events do not say, the whole of the language does.
    let Ok(question) = parse(text) else { return ask_any(marts, scope, text, options, started).await };
    let timeout = Duration::from_millis(options.timeout_ms);
    let found = match question.subject {
        Subject::Event(id) => one_event(marts, scope, id, started + timeout).await?,
        Subject::Events | Subject::Mart(_) => search(marts, scope, &question, options.now, timeout).await?,
    };
    let notes = notes(&question, &found);
    let route = route(&question, options.engine, found.rows.is_empty().then_some(&notes));
    Ok(Answer {
        route,
        status: if found.is_complete() { Status::Complete } else { Status::Partial },
        columns: found.columns,
        rows: found.rows,
        elapsed_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        explain: options.explain.then(|| Explain {
            question: question.to_string(),
            lineage: found.lineage,
            notes,
        }),
    })
}

struct Found {
    columns: Vec<Column>,
    rows: Vec<Vec<Value>>,
    stopped_by: Option<StoppedBy>,
    lineage: Lineage,
}

impl Found {
    fn is_complete(&self) -> bool {
        self.stopped_by.is_none() && self.lineage.segments_unread == 0
    }
}

async fn search(
    marts: &dyn MartStore,
    scope: &TenantScope,
    question: &Question,
    now: Timestamp,
    timeout: Duration,
) -> Result<Found, QueryError> {
    let query = plan(question, now);
    let answer = marts.search_with(scope, &query, &SearchOptions { timeout, columns: None }).await?;
    debug_assert!(query.shape != Shape::Count || answer.rows.len() == 1, "a count is one row");
    Ok(Found {
        columns: answer.columns,
        rows: answer.rows,
        stopped_by: answer.stopped_by,
        lineage: answer.lineage,
    })
}

async fn one_event(
    marts: &dyn MartStore,
    scope: &TenantScope,
    id: EventId,
    deadline: Instant,
) -> Result<Found, QueryError> {
    let (event, stopped_by) = match timeout_at(deadline, marts.event(scope, id)).await {
        Ok(event) => (event?, None),
        Err(_) => (None, Some(StoppedBy::Timeout)),
    };
    let mut lineage = Lineage::default();
    if event.is_none() && id.topic == Topic::Raw {
        let may_have = |segment: &&DamagedSegment| {
            segment.partition == id.partition
                && (segment.offset_min..=segment.offset_max).contains(&id.offset)
        };
        lineage.segments_unread = marts.damaged(scope).await?.iter().filter(may_have).count() as u64;
    }
    let rows = event.iter().map(event_row).collect();
    Ok(Found { columns: event_columns(), rows, stopped_by, lineage })
}

fn event_columns() -> Vec<Column> {
    let header = header_columns().iter().map(|column| (column.name, column.kind));
    header
        .chain([("raw_base64", ColumnKind::String)])
        .map(|(name, kind)| Column { name: name.to_owned(), kind })
        .collect()
}

/// In the order of [`event_columns`].
fn event_row(event: &StoredEvent) -> Vec<Value> {
    let value = |name: &str, kind: ColumnKind| match name {
        "id" => json!(event.id),
        "mart" => json!(event.mart),
        "time" => json!(event.time),
        "seen" => json!(event.seen),
        "partition" => json!(event.id.partition),
        "offset" => json!(event.id.offset),
        "fields" => json!(event.fields),
        "raw" => json!(String::from_utf8_lossy(&event.raw)),
        name => match event.header.get(name) {
            Some(text) if kind == ColumnKind::Long => text.parse::<u64>().map_or(Value::Null, Value::from),
            text => json!(text),
        },
    };
    let header = header_columns().iter().map(|column| value(column.name, column.kind));
    header.chain([json!(STANDARD.encode(&event.raw))]).collect()
}

fn route(question: &Question, engine: Engine, notes: Option<&Vec<String>>) -> Route {
    let counts = question.stages.contains(&Stage::Count);
    let takes = question.stages.iter().any(|stage| matches!(stage, Stage::Take(_)));
    let (own_intent, reason) = match &question.subject {
        Subject::Event(_) => (Intent::Exact, "the question names one event".to_owned()),
        _ if counts => (Intent::Analytical, "the question counts events".to_owned()),
        _ if takes => (Intent::Exact, "the question takes events as they are, the newest first".to_owned()),
        _ => (
            Intent::Exact,
            format!("the question takes events as they are; without take, the newest {ROWS_DEFAULT}"),
        ),
    };
    let (intent, mut reason) = match engine {
        Engine::Exact => (Intent::Exact, format!("engine exact was asked for; {reason}")),
        Engine::Analytical => (Intent::Analytical, format!("engine analytical was asked for; {reason}")),
        Engine::Auto | Engine::Similarity => (own_intent, reason),
    };
    // Who finds nothing wants to know whether a name was misspelt.
    for note in notes.into_iter().flatten() {
        reason.push_str("; ");
        reason.push_str(note);
    }
    Route { intent, engine: "marts".to_owned(), confidence: 1.0, reason }
}

fn notes(question: &Question, found: &Found) -> Vec<String> {
    let mut notes: Vec<String> = likely_misspelt(question)
        .into_iter()
        .map(|(field, column)| format!("{field} is looked up among the source's fields, was {column} meant?"))
        .collect();
    match found.stopped_by {
        Some(StoppedBy::Timeout) => notes.push("the time allowed was over".to_owned()),
        Some(StoppedBy::Memory) => notes.push("the memory allowed was used up".to_owned()),
        None => {}
    }
    notes.extend(unread_note(&found.lineage));
    notes
}
