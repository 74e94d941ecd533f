//! A question in whatever form it has → KQL: the language itself, the search bar's shorthand, SQL, plain English.

use sentra_ask::{Context, Form, RouteDecision, route};
use sentra_kql::plan::{Catalog, Expr, Node, Op, Plan};
use sentra_kql::{CheckOptions, KqlError, Query, Reason, SourceKind, check, parse, parse_shorthand};
use sentra_model::{EventId, Timestamp};
use sentra_sql::parse_sql;
use sentra_store::{DEFAULT_COLUMNS, EVENTS_TABLE, header_columns};

use crate::error::{Place, QueryError, SyntaxError};
use crate::similar::{alone, near};

/// Rows of an answer when the question takes events as they are and does not say how many.
pub const ROWS_DEFAULT: usize = 100;

/// A question that was read.
#[derive(Debug, Clone)]
pub(crate) struct Read {
    /// Which form it has, what it wants, and by which rules.
    pub(crate) decision: RouteDecision,
    /// The questions within it, in order; at least one.
    pub(crate) questions: Vec<Question>,
}

/// A question, or one of several in one.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    /// As it was asked.
    pub(crate) asked: String,
    /// What the places of errors are in: what was asked, or the KQL that was made of it.
    pub(crate) text: String,
    /// What it means.
    pub(crate) query: Query,
    /// Whether every column of an event is wanted: who writes a star in SQL means all of them.
    pub(crate) with_all: bool,
}

/// Reads `text` as a question over the tables of `catalog`; `described` says that it may be the description of what others
/// are to be like.
///
/// # Errors
/// [`QueryError::Syntax`] with the place where it stops making sense.
pub(crate) fn read(
    text: &str,
    context: &Context,
    catalog: &Catalog,
    described: bool,
) -> Result<Read, QueryError> {
    let decision = route(text, context);
    if let Some(kql) = alone(text) {
        let query = parse(&kql).map_err(|error| refused(&error, &kql))?;
        return Ok(Read {
            decision,
            questions: vec![Question { asked: text.to_owned(), text: kql, query, with_all: false }],
        });
    }
    let one = |query: Query| {
        vec![Question {
            asked: text.to_owned(),
            text: text.to_owned(),
            query,
            with_all: decision.form == Form::Sql,
        }]
    };
    let questions = match (decision.form, &decision.english) {
        (Form::Sql, _) => {
            let options = CheckOptions { catalog, now: context.now, keep_calls: false };
            one(parse_sql(text, options).map_err(|error| refused(&error, text))?)
        }
        (Form::Shorthand, _) => {
            one(parse_shorthand(text, EVENTS_TABLE).map_err(|error| refused(&error, text))?)
        }
        (Form::English, Some(Ok(understood))) => {
            let steps = understood.steps.iter().map(|step| {
                let query = parse(&step.kql).map_err(|error| refused(&error, &step.kql))?;
                let asked = text.get(step.span.0..step.span.1).unwrap_or(text).to_owned();
                Ok(Question { asked, text: step.kql.clone(), query, with_all: false })
            });
            steps.collect::<Result<Vec<_>, QueryError>>()?
        }
        (Form::English, Some(Err(_))) if described => {
            let kql = near(text);
            let query = parse(&kql).map_err(|error| refused(&error, &kql))?;
            vec![Question { asked: text.to_owned(), text: kql, query, with_all: false }]
        }
        (Form::English, Some(Err(why))) => {
            let hint = format!("ask for example: {}", why.suggestions.join("; "));
            return Err(refusal(text, &why.reason, &hint));
        }
        (Form::Kql | Form::English, _) => one(parse(text).map_err(|error| refused(&error, text))?),
    };
    debug_assert!(!questions.is_empty(), "there is a question in every question");
    Ok(Read { decision, questions })
}

impl Question {
    /// The event that is asked for by its id, and nothing else.
    ///
    /// # Errors
    /// When it is no id.
    pub(crate) fn event(&self) -> Result<Option<EventId>, QueryError> {
        let pipeline = &self.query.pipeline;
        let SourceKind::Event(id) = &pipeline.source.kind else { return Ok(None) };
        let parsed: EventId = id.parse().map_err(|_| {
            let hint = "event(\"raw.0.17\"), or events for all of them".to_owned();
            let place = Place::at(&self.text, 0);
            SyntaxError { place, message: format!("{id:?} is no id of an event"), hint: Some(hint) }
        })?;
        let is_alone = pipeline.steps.is_empty() && self.query.lets.is_empty();
        Ok(is_alone.then_some(parsed))
    }

    /// The plan of the question over the tables of `catalog`.
    ///
    /// # Errors
    /// [`QueryError::Syntax`] with the place.
    pub(crate) fn plan(&self, catalog: &Catalog, now: Timestamp) -> Result<Plan, QueryError> {
        let plan = self.checked(catalog, now)?;
        Ok(if self.with_all { plan } else { as_they_are(plan) })
    }

    /// The plan of the question as it is written, whole events with all their columns.
    ///
    /// # Errors
    /// [`QueryError::Syntax`] with the place.
    pub(crate) fn checked(&self, catalog: &Catalog, now: Timestamp) -> Result<Plan, QueryError> {
        let options = CheckOptions { catalog, now, keep_calls: false };
        check(&self.query, options).map_err(|error| refused(&error, &self.text))
    }
}

/// A question that is understood and not answered.
pub(crate) fn refusal(text: &str, message: &str, hint: &str) -> QueryError {
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

/// Whether the columns are those of whole events.
pub(crate) fn are_events(columns: &[sentra_kql::plan::Column]) -> bool {
    columns.iter().map(|column| column.name.as_str()).eq(header_columns().iter().map(|header| header.name))
}

/// Events as they are: the newest, with the columns that people look at first.
fn as_they_are(plan: Plan) -> Plan {
    if !are_events(plan.columns()) {
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
