//! What is like something: `similar("inc-…")` and `near("words")` in the conditions of questions about signals and
//! incidents.
//!
//! The call is answered first, by whoever holds the vectors; the condition then is `id in (…)`, and what was found
//! carries how alike it is (`similarity`) and why (`why`), the most alike first.

use std::collections::BTreeMap;
use std::fmt::Debug;

use async_trait::async_trait;
use sentra_kql::{
    Direction, Expr, ExprKind, LetValue, Literal, Membership, Named, Operator, Pipeline, Query, Set, SortKey,
    SourceKind, Step,
};
use sentra_model::TenantScope;
use sentra_store::{IncidentFilter, Records};
use serde_json::{Map, Value, json};

use crate::error::{EngineError, QueryError};
use crate::read::refusal;
use crate::tables::{INCIDENTS_TABLE, SIGNALS_TABLE};

/// Most signals or incidents that are like one.
pub const LIKE_MAX: usize = 200;

/// Latest incidents that are looked through for one that could have been meant.
const MEANT_LOOKED_MAX: usize = 100;

/// Incidents that are named to somebody who named none.
const MEANT_SHOWN_MAX: usize = 3;

/// Of their titles, characters.
const TITLE_SHOWN_CHARS_MAX: usize = 60;

/// Digits of an id.
const ID_DIGITS: usize = 16;

/// What is like something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LikeKind {
    /// A signal.
    Signal,
    /// An incident.
    Incident,
}

/// A signal or an incident that is like another one, or like words.
#[derive(Debug, Clone, PartialEq)]
pub struct Like {
    /// Its id.
    pub id: String,
    /// What it is.
    pub kind: LikeKind,
    /// How alike, 0 to 1.
    pub score: f64,
    /// What both have in common, in words.
    pub why: String,
}

/// Finds what is like something. Law TENANT: every call takes a scope, and gives nothing of another one.
#[async_trait]
pub trait Similar: Send + Sync + Debug {
    /// Up to `limit` that are like the signal or incident `id` and of its kind, the most alike first, without itself;
    /// nothing when there is no such id.
    ///
    /// # Errors
    /// When the engine cannot answer.
    async fn near_id(
        &self,
        scope: &TenantScope,
        id: &str,
        limit: usize,
    ) -> Result<Option<Vec<Like>>, EngineError>;

    /// Up to `limit` of a kind that are like what `text` describes, the most alike first.
    ///
    /// # Errors
    /// When the engine cannot answer.
    async fn near_text(
        &self,
        scope: &TenantScope,
        text: &str,
        kind: LikeKind,
        limit: usize,
    ) -> Result<Vec<Like>, EngineError>;
}

/// A call in a question.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Call {
    /// `similar("id")`
    Id(String),
    /// `near("words")`
    Text(String, LikeKind),
}

/// What was found for each call of a question, asked once however often it stands there.
pub(crate) type Likes = BTreeMap<Call, Vec<Like>>;

/// Asks for every call. An id that there is not is the asker's to correct.
pub(crate) async fn answer(
    similar: &dyn Similar,
    records: &dyn Records,
    scope: &TenantScope,
    question: &str,
    calls: std::collections::BTreeSet<Call>,
) -> Result<Likes, QueryError> {
    let failed =
        |error: EngineError| QueryError::EngineUnavailable { engine: "similarity", why: Some(error.message) };
    let mut likes = Likes::new();
    for call in calls {
        let found = match &call {
            Call::Id(named) => {
                let near = match id_in(named) {
                    Some(id) => similar.near_id(scope, &id, LIKE_MAX).await.map_err(failed)?,
                    None => None,
                };
                match near {
                    Some(near) => near,
                    None => return Err(unknown(records, scope, question, named).await),
                }
            }
            Call::Text(text, kind) => {
                similar.near_text(scope, text, *kind, LIKE_MAX).await.map_err(failed)?
            }
        };
        likes.insert(call, found);
    }
    Ok(likes)
}

/// The id of a signal or an incident in what somebody wrote or pasted: the id as the console shows it, its digits alone, or
/// the address of its page.
fn id_in(named: &str) -> Option<String> {
    let named = named.to_ascii_lowercase();
    let is_digit = |letter: char| letter.is_ascii_hexdigit();
    let words = || named.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-');
    let is_id = |word: &&str| {
        let digits = word.strip_prefix("inc-").or_else(|| word.strip_prefix("sig-"));
        digits.is_some_and(|digits| digits.len() == ID_DIGITS && digits.chars().all(is_digit))
    };
    if let Some(id) = words().find(is_id) {
        return Some(id.to_owned());
    }
    let alone = named.trim().trim_start_matches('#');
    let is_alone = alone.len() == ID_DIGITS && alone.chars().all(is_digit);
    is_alone.then(|| format!("inc-{alone}"))
}

/// Says how something is named, and which incidents could be meant.
async fn unknown(records: &dyn Records, scope: &TenantScope, question: &str, named: &str) -> QueryError {
    let shown: String = named.chars().take(80).collect();
    let message = format!("there is no signal or incident {shown:?} to be like");
    let filter = IncidentFilter { limit: MEANT_LOOKED_MAX, ..IncidentFilter::default() };
    // Without the list the refusal is as true.
    let latest = records.incidents(scope, &filter).await.map(|page| page.items).unwrap_or_default();
    let mut hint =
        "an incident is named by the id that the console shows, as inc-0123456789abcdef".to_owned();
    let incidents: Vec<(String, String)> =
        latest.into_iter().map(|incident| (incident.id.to_string(), incident.title)).collect();
    let (said, named_so) = meant(named, &incidents);
    for (place, (id, title)) in named_so.into_iter().enumerate() {
        let short: String = title.chars().take(TITLE_SHOWN_CHARS_MAX).collect();
        let before = if place == 0 { said } else { ", " };
        hint.push_str(&format!("{before}{id} {short:?}"));
    }
    hint.push_str("; or describe it: near(\"password guessing\")");
    refusal(question, &message, &hint)
}

/// Those whose id begins as `named` does or whose title has it, else the latest, and how to say which they are.
fn meant<'a>(named: &str, latest: &'a [(String, String)]) -> (&'static str, Vec<&'a (String, String)>) {
    let wanted = named.trim().trim_start_matches('#').to_ascii_lowercase();
    let digits = wanted.strip_prefix("inc-").unwrap_or(&wanted);
    let could_be = |(id, title): &&(String, String)| {
        id.strip_prefix("inc-").is_some_and(|id| id.starts_with(digits))
            || title.to_ascii_lowercase().contains(&wanted)
    };
    let like: Vec<_> = latest.iter().filter(could_be).take(MEANT_SHOWN_MAX).collect();
    if digits.is_empty() || like.is_empty() {
        return ("; the latest: ", latest.iter().take(MEANT_SHOWN_MAX).collect());
    }
    ("; was one of these meant: ", like)
}

/// The calls in the conditions of `query`.
pub(crate) fn calls(query: &Query) -> Vec<Call> {
    let mut found = Vec::new();
    let mut query = query.clone();
    each_pipeline(&mut query, &mut |pipeline| {
        let kind = kind_of(pipeline);
        for step in &mut pipeline.steps {
            if let Operator::Where(condition) = &mut step.operator {
                each_call(condition, kind, &mut |call, _| found.push(call));
            }
        }
    });
    found.sort_unstable();
    found.dedup();
    found
}

/// Puts what was found in the place of the calls.
pub(crate) fn put(query: &mut Query, likes: &Likes) {
    each_pipeline(query, &mut |pipeline| {
        let kind = kind_of(pipeline);
        let mut steps = Vec::with_capacity(pipeline.steps.len());
        for mut step in std::mem::take(&mut pipeline.steps) {
            let mut shown = Vec::new();
            if let Operator::Where(condition) = &mut step.operator {
                if let Some(call) = asserted(condition, kind) {
                    shown = measures(likes.get(&call).map(Vec::as_slice).unwrap_or_default());
                }
                each_call(condition, kind, &mut |call, expr| {
                    *expr = is_one_of(likes.get(&call).map(Vec::as_slice).unwrap_or_default());
                });
            }
            steps.push(step);
            steps.append(&mut shown);
        }
        pipeline.steps = steps;
    });
}

/// The call that every row that passes must meet.
fn asserted(condition: &Expr, kind: LikeKind) -> Option<Call> {
    match &condition.kind {
        ExprKind::And(parts) => parts.iter().find_map(|part| asserted(part, kind)),
        _ => call_of(condition, kind),
    }
}

/// How alike, why, and the most alike first.
fn measures(likes: &[Like]) -> Vec<Step> {
    let of = |value: fn(&Like) -> Value| {
        let by_id: Map<String, Value> = likes.iter().map(|like| (like.id.clone(), value(like))).collect();
        let bag = ExprKind::Literal(Literal::Dynamic(Value::Object(by_id))).into();
        Expr::from(ExprKind::Index(Box::new(bag), Box::new(Expr::name("id"))))
    };
    let score = Expr::call("toreal", vec![of(|like| json!(like.score))]);
    let why = Expr::call("tostring", vec![of(|like| json!(like.why))]);
    let extend = Operator::Extend(vec![Named::called("similarity", score), Named::called("why", why)]);
    let direction = Some(Direction::Descending);
    let key = SortKey { value: Expr::name("similarity"), direction, nulls_first: None };
    vec![extend.into(), Operator::Sort(vec![key]).into()]
}

fn is_one_of(likes: &[Like]) -> Expr {
    if likes.is_empty() {
        return ExprKind::Literal(Literal::Bool(false)).into();
    }
    let ids = likes.iter().map(|like| Expr::text(like.id.as_str())).collect();
    ExprKind::In { op: Membership::In, value: Box::new(Expr::name("id")), set: Set::List(ids) }.into()
}

/// What a pipeline is about, as far as its source says.
fn kind_of(pipeline: &Pipeline) -> LikeKind {
    match &pipeline.source.kind {
        SourceKind::Table(name) if name == SIGNALS_TABLE => LikeKind::Signal,
        _ => LikeKind::Incident,
    }
}

fn call_of(expr: &Expr, kind: LikeKind) -> Option<Call> {
    let ExprKind::Call { function, arguments } = &expr.kind else { return None };
    let [Expr { kind: ExprKind::Literal(Literal::String(text)), .. }] = arguments.as_slice() else {
        return None;
    };
    match function.text.as_str() {
        "similar" => Some(Call::Id(text.clone())),
        "near" => Some(Call::Text(text.clone(), kind)),
        _ => None,
    }
}

/// Every call in a condition. The parser bounds the nesting of what it reads, so recursion is bounded too.
fn each_call(expr: &mut Expr, kind: LikeKind, visit: &mut dyn FnMut(Call, &mut Expr)) {
    if let Some(call) = call_of(expr, kind) {
        return visit(call, expr);
    }
    match &mut expr.kind {
        ExprKind::And(parts) | ExprKind::Or(parts) => {
            parts.iter_mut().for_each(|part| each_call(part, kind, visit));
        }
        ExprKind::Not(part) => each_call(part, kind, visit),
        _ => {}
    }
}

/// Every pipeline of a question, those within others too.
pub(crate) fn each_pipeline(query: &mut Query, visit: &mut dyn FnMut(&mut Pipeline)) {
    for named in &mut query.lets {
        if let LetValue::Tabular(pipeline) = &mut named.value {
            within(pipeline, visit);
        }
    }
    within(&mut query.pipeline, visit);
}

fn within(pipeline: &mut Pipeline, visit: &mut dyn FnMut(&mut Pipeline)) {
    match &mut pipeline.source.kind {
        SourceKind::Nested(inner) => within(inner, visit),
        SourceKind::Union(union) => union.inputs.iter_mut().for_each(|input| within(input, visit)),
        _ => {}
    }
    for step in &mut pipeline.steps {
        match &mut step.operator {
            Operator::Join(join) | Operator::Lookup(join) => within(&mut join.right, visit),
            Operator::Union(union) => union.inputs.iter_mut().for_each(|input| within(input, visit)),
            Operator::Where(condition) => within_sets(condition, visit),
            _ => {}
        }
    }
    visit(pipeline);
}

/// `id in (incidents | where …)`
fn within_sets(expr: &mut Expr, visit: &mut dyn FnMut(&mut Pipeline)) {
    match &mut expr.kind {
        ExprKind::And(parts) | ExprKind::Or(parts) => {
            parts.iter_mut().for_each(|part| within_sets(part, visit));
        }
        ExprKind::Not(part) => within_sets(part, visit),
        ExprKind::In { set: Set::Table(pipeline), .. } => within(pipeline, visit),
        _ => {}
    }
}

/// `similar("…")` and `near("…")` alone: a question for incidents, or for signals when a signal is named.
pub(crate) fn alone(text: &str) -> Option<String> {
    let text = text.trim();
    let open = text.strip_prefix("similar(").or_else(|| text.strip_prefix("near("))?;
    let inner = open.strip_suffix(')')?.trim();
    let is_text = |mark: char| {
        let inside = inner.strip_prefix(mark).and_then(|inner| inner.strip_suffix(mark));
        inside.is_some_and(|inside| !inside.contains(mark))
    };
    let table = if inner.contains("sig-") { SIGNALS_TABLE } else { INCIDENTS_TABLE };
    (is_text('"') || is_text('\'')).then(|| format!("{table} | where {text}"))
}

/// The question for incidents that are like what `text` describes.
pub(crate) fn near(text: &str) -> String {
    let is_plain = |letter: &char| !matches!(letter, '"' | '\\') && !letter.is_control();
    let words: String = text.chars().filter(is_plain).collect();
    format!("{INCIDENTS_TABLE} | where near(\"{}\")", words.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_from_what_people_paste() {
        let id = Some("inc-0123456789abcdef".to_owned());
        for named in [
            "inc-0123456789abcdef",
            " INC-0123456789ABCDEF ",
            "0123456789abcdef",
            "#0123456789abcdef",
            "https://sentra.example/incidents/inc-0123456789abcdef?tab=story",
            "inc-0123456789abcdef: brute force",
        ] {
            assert_eq!(id_in(named), id, "{named}");
        }
        assert_eq!(id_in("sig-0123456789abcdef").unwrap(), "sig-0123456789abcdef");
        for named in [
            "",
            "42",
            "#42",
            "inc-42",
            "inc-0123456789abcdef0",
            "inc-0123456789abcdeg",
            "évènement",
            "brute force",
        ] {
            assert_eq!(id_in(named), None, "{named}");
        }
    }

    #[test]
    fn what_could_be_meant_comes_before_what_is_latest() {
        let latest = [
            ("inc-ab00000000000000", "Ransomware"),
            ("inc-42cd000000000000", "SSH brute force"),
            ("inc-4200000000000000", "Beacon"),
        ]
        .map(|(id, title)| (id.to_owned(), title.to_owned()));
        let ids = |named| {
            let (said, meant) = meant(named, &latest);
            let ids: Vec<&str> = meant.iter().map(|(id, _)| id.get(4..8).unwrap()).collect();
            (said.contains("meant"), ids)
        };
        assert_eq!(ids("42"), (true, vec!["42cd", "4200"]));
        assert_eq!(ids("inc-42c"), (true, vec!["42cd"]));
        assert_eq!(ids("ransomware"), (true, vec!["ab00"]));
        for named in ["", "#", "inc-", "77"] {
            assert_eq!(ids(named), (false, vec!["ab00", "42cd", "4200"]), "{named}");
        }
        assert_eq!(meant("42", &[]).1, Vec::<&(String, String)>::new());
    }
}
