//! What may stand at a place of a question that is being written, and what is wrong with the rest of it, in every form that
//! a question has. What values are told is what the asker's tenant has (law TENANT).

mod bar;
mod details;
mod seen;

use std::collections::BTreeMap;

use sentra_ask::{Context, EXAMPLES, Form, NotUnderstood, RouteDecision, Understood, route};
use sentra_kql::plan::Catalog;
use sentra_kql::{CheckOptions, KqlError, Query, check, complete, parse, parse_shorthand, problems};
use sentra_model::Mart;
use sentra_sql::parse_sql;
use sentra_store::{EVENTS_TABLE, SeenOf};
use serde::{Deserialize, Serialize};

pub(crate) use seen::SeenCache;
use seen::{Known, Wishes};

use crate::desk::Desk;
use crate::error::QueryError;
use crate::request::Asker;
use crate::tables;
use crate::words::form_name;

/// Most examples that are offered for a question in plain English.
const EXAMPLES_MAX: usize = 8;

/// What may stand at a place of a question, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Completed {
    /// The part of the question that an item replaces.
    pub replaces: CompletedPart,
    /// What may stand there, the likeliest first.
    pub items: Vec<CompletedItem>,
    /// What is wrong with the question.
    pub problems: Vec<CompletedProblem>,
    /// The form that the question has so far: `kql`, `shorthand`, `english` or `sql`.
    pub form: String,
    /// A question in words or in shorthand as KQL, when it is understood.
    pub understood: Option<String>,
}

/// A part of a question, in bytes of UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CompletedPart {
    /// Bytes before it.
    pub from: usize,
    /// Bytes before what follows it.
    pub to: usize,
}

/// Something that may stand at a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CompletedItem {
    /// What is written.
    pub text: String,
    /// What it is.
    pub kind: ItemKind,
    /// What it means, in a line.
    pub detail: String,
}

/// What an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ItemKind {
    /// A table.
    Table,
    /// A column or a field of the source.
    Column,
    /// An operator or a comparison.
    Operator,
    /// A function or an aggregate.
    Function,
    /// A value that was seen.
    Value,
    /// Another word, or a whole question in words.
    Keyword,
}

/// Something that is wrong with a question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CompletedProblem {
    /// Bytes before the part that is at fault.
    pub from: usize,
    /// Bytes before what follows it.
    pub to: usize,
    /// What is wrong.
    pub message: String,
    /// The nearest right word, or what to write instead.
    pub hint: Option<String>,
    /// Whether it keeps the question from being answered.
    pub severity: Severity,
}

/// Whether a problem keeps a question from being answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = ProblemSeverity)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It does.
    Error,
    /// It does not, but something else may have been meant.
    Note,
}

/// A question that is being written.
struct Draft<'a> {
    text: &'a str,
    offset: usize,
    catalog: &'a Catalog,
    registered: &'a [Mart],
    options: CheckOptions<'a>,
}

impl Desk {
    /// What may stand `offset` bytes into `text`, and what is wrong with `text`.
    ///
    /// # Errors
    /// [`QueryError::Store`] when the stores cannot be looked at.
    pub async fn complete(&self, asker: &Asker, text: &str, offset: usize) -> Result<Completed, QueryError> {
        let now = self.parts.clock.now();
        let registered = self.parts.marts.names(&asker.scope).await?;
        let marts = registered.iter().map(ToString::to_string).collect();
        let decision = route(text, &Context { marts, ..Context::at(now) });
        let catalog = tables::catalog(&registered);
        let options = CheckOptions { catalog: &catalog, now, keep_calls: false };
        let offset = floor(text, offset);
        let draft = Draft { text, offset, catalog: &catalog, registered: &registered, options };
        // Half an operator does not make a pipeline yet, but who begins with a table writes one.
        let form = match decision.form {
            _ if begins_with_table(text, &catalog) => Form::Kql,
            Form::English if bar::has_fields(text) && bar::pipe_before(text, text.len()).is_some() => {
                Form::Shorthand
            }
            form => form,
        };
        let (replaces, items) = match form {
            Form::Kql => self.in_kql(asker, &draft, text, 0).await?,
            Form::English if text.trim().is_empty() => self.in_kql(asker, &draft, text, 0).await?,
            Form::Shorthand | Form::English if form == Form::Shorthand || bar::has_fields(text) => {
                match bar::pipe_before(text, offset) {
                    // Behind the search bar's words a question goes on as one about all events.
                    Some(pipe) => {
                        let rest = format!("{EVENTS_TABLE} {}", text.get(pipe..).unwrap_or_default());
                        self.in_kql(asker, &draft, &rest, pipe).await?
                    }
                    None => self.in_bar(asker, &draft).await?,
                }
            }
            Form::Shorthand | Form::English => examples(text),
            Form::Sql => (CompletedPart { from: offset, to: offset }, Vec::new()),
        };
        let (problems, understood) = faults(&draft, form, &decision);
        let form = form_name(form).to_owned();
        Ok(Completed { replaces, items, problems, form, understood })
    }

    /// In KQL. `question` is the text from `start` on, perhaps with a table before it.
    async fn in_kql(
        &self,
        asker: &Asker,
        draft: &Draft<'_>,
        question: &str,
        start: usize,
    ) -> Result<(CompletedPart, Vec<CompletedItem>), QueryError> {
        let added = question.len() + start - draft.text.len();
        let cursor = draft.offset + added - start;
        let wishes = Wishes::default();
        let _ = complete(question, cursor, draft.options, &wishes);
        let known = self.looked_up(asker, draft, question, wishes.taken()).await?;
        let completion = complete(question, cursor, draft.options, &known);
        let back = |place: usize| (place + start).saturating_sub(added);
        let replaces =
            CompletedPart { from: back(completion.replace.start), to: back(completion.replace.end) };
        let items =
            completion.suggestions.into_iter().map(|suggestion| details::item(suggestion, draft.catalog));
        Ok((replaces, items.collect()))
    }

    async fn in_bar(
        &self,
        asker: &Asker,
        draft: &Draft<'_>,
    ) -> Result<(CompletedPart, Vec<CompletedItem>), QueryError> {
        let term = bar::term_at(draft.text, draft.offset);
        let wish = match &term.field {
            Some(field) => (SeenOf::Values(field.clone()), term.written.clone()),
            None => (SeenOf::FieldNames, term.written.clone()),
        };
        let known = self.looked_up(asker, draft, draft.text, vec![wish]).await?;
        Ok((term.replaces, bar::items(&term, draft.catalog, &known)))
    }

    async fn looked_up(
        &self,
        asker: &Asker,
        draft: &Draft<'_>,
        question: &str,
        wishes: Vec<(SeenOf, String)>,
    ) -> Result<Known, QueryError> {
        let among = marts_named(question, draft.registered);
        let mut known = BTreeMap::new();
        for (of, prefix) in wishes {
            if known.contains_key(&(of.clone(), prefix.clone())) {
                continue;
            }
            let marts = self.parts.marts.as_ref();
            let found = self.seen.look(marts, &asker.scope, among.as_deref(), &of, &prefix).await?;
            known.insert((of, prefix), found);
        }
        Ok(Known(known))
    }
}

/// Whether `text` is a table and a `|`, whatever follows.
fn begins_with_table(text: &str, catalog: &Catalog) -> bool {
    let Some((table, _)) = text.split_once('|') else { return false };
    catalog.table(table.trim()).is_some()
}

/// The last place in `text` at or before `offset` that is between characters.
fn floor(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

/// The marts that are named in `text`; nothing when it may be about all of them.
fn marts_named(text: &str, registered: &[Mart]) -> Option<Vec<Mart>> {
    let is_part = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '-');
    let words: Vec<&str> = text.split(|letter: char| !is_part(letter)).collect();
    if words.contains(&EVENTS_TABLE) {
        return None;
    }
    let named = |mart: &&Mart| words.contains(&mart.as_str());
    let mut marts: Vec<Mart> = Mart::DEFAULTS.iter().chain(registered).filter(named).cloned().collect();
    marts.sort();
    marts.dedup();
    (!marts.is_empty()).then_some(marts)
}

/// Questions in words that begin as `text` does, or hold all its words.
fn examples(text: &str) -> (CompletedPart, Vec<CompletedItem>) {
    let written = text.trim().to_lowercase();
    let begins = EXAMPLES.iter().filter(|example| example.starts_with(&written));
    let has_all = |example: &&&str| {
        !example.starts_with(&written) && written.split_whitespace().all(|word| example.contains(word))
    };
    let item = |example: &&str| CompletedItem {
        text: (*example).to_owned(),
        kind: ItemKind::Keyword,
        detail: "a question in words".to_owned(),
    };
    let items = begins.chain(EXAMPLES.iter().filter(has_all)).take(EXAMPLES_MAX).map(item);
    (CompletedPart { from: 0, to: text.len() }, items.collect())
}

/// What is wrong with a draft, and what it means as KQL.
fn faults(
    draft: &Draft<'_>,
    form: Form,
    decision: &RouteDecision,
) -> (Vec<CompletedProblem>, Option<String>) {
    let text = draft.text;
    match (form, &decision.english) {
        _ if text.trim().is_empty() => (Vec::new(), None),
        (Form::Kql, _) => (of_language(draft, &|text| parse(text)), None),
        (Form::Shorthand, _) => {
            let read = |text: &str| parse_shorthand(text, EVENTS_TABLE);
            (of_language(draft, &read), read(text).ok().map(|query| query.to_string()))
        }
        (Form::Sql, _) => {
            let read = |text: &str| parse_sql(text, draft.options);
            (of_language(draft, &read), read(text).ok().map(|query| query.to_string()))
        }
        (Form::English, Some(Ok(understood))) => (unused(understood), Some(understood.kql.clone())),
        (Form::English, Some(Err(why))) => (not_understood(text, why), None),
        (Form::English, None) => (Vec::new(), None),
    }
}

fn of_language(draft: &Draft<'_>, read: &dyn Fn(&str) -> Result<Query, KqlError>) -> Vec<CompletedProblem> {
    let mut found: Vec<CompletedProblem> = problems(draft.text, read, draft.options)
        .into_iter()
        .map(|error| problem(error.span.start, error.span.end, error.message, error.hint, Severity::Error))
        .collect();
    // What is right but may have been meant otherwise.
    let plan = read(draft.text).and_then(|query| check(&query, draft.options));
    for note in plan.map(|plan| plan.notes).unwrap_or_default() {
        let note = problem(note.span.start, note.span.end, note.message, Some(note.hint), Severity::Note);
        found.push(note);
    }
    found
}

fn unused(understood: &Understood) -> Vec<CompletedProblem> {
    let said = |unused: &sentra_ask::Unused| {
        let message = format!("nothing was made of {:?}", unused.word);
        problem(unused.span.0, unused.span.1, message, None, Severity::Note)
    };
    understood.unused.iter().map(said).collect()
}

fn not_understood(text: &str, why: &NotUnderstood) -> Vec<CompletedProblem> {
    let hint = why.suggestions.first().cloned();
    let mut found = vec![problem(0, text.len(), why.reason.clone(), hint, Severity::Error)];
    for unused in &why.unused {
        let message = format!("nothing was made of {:?}", unused.word);
        found.push(problem(unused.span.0, unused.span.1, message, None, Severity::Note));
    }
    found
}

fn problem(
    from: usize,
    to: usize,
    message: String,
    hint: Option<String>,
    severity: Severity,
) -> CompletedProblem {
    CompletedProblem { from, to: to.max(from), message, hint, severity }
}
