//! Plain English → KQL, by grammar and synonyms. No model is asked, and nothing is guessed without saying so.
//!
//! A question is split into words; the words for time, for likeness, for what is wanted, names, and what it is
//! about are found in this order, each claiming the words it is made of. What nobody claims is listed, and lowers
//! the confidence; below [`CONFIDENCE_MIN`] the question is refused, with others that can be answered.

mod compose;
mod frame;
mod groups;
mod judge;
mod kinds;
mod measure;
mod names;
mod resolve;
mod similar;
mod split;
mod subject;
mod suggest;

use serde::Serialize;

use crate::Context;
use crate::lexicon::{is_filler, is_negation, is_preposition};
use crate::time::{self, Now, When};
use crate::words::{self, TooLong, Word};
use compose::{Meaning, Setting};
use frame::Frame;
pub use frame::Part;
pub use measure::ROWS_ASKED_MAX;
use measure::Value;
use similar::Similar;
pub use split::QUESTIONS_MAX;
pub use suggest::{EXAMPLES, SUGGESTIONS};

/// Below this confidence a question in plain English is refused.
pub const CONFIDENCE_MIN: f64 = 0.6;

/// A word that nothing was made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Unused {
    /// First byte of the question that it is made of, and the first one after it.
    pub span: (usize, usize),
    /// As it was written.
    pub word: String,
}

/// What a question wants to know, seen from which engine can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Wanted {
    /// Particular records, as they are.
    Exact,
    /// Something computed from many.
    Analytical,
    /// What is like something else.
    Similarity,
}

/// One of the questions within a question.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Step {
    /// First byte of the question that it is made of, and the first one after it.
    pub span: (usize, usize),
    /// What it wants to know.
    pub wanted: Wanted,
    /// The question as KQL, with what passes to it from the one before.
    pub kql: String,
    /// What passes from the step before, `incidents`, `events`; nothing when it stands alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub takes: Option<String>,
}

/// What a question in plain English was understood to mean.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Understood {
    /// The question as KQL. Of several it is the last one that takes what the ones before gave, or else the
    /// first; `steps` has all of them.
    pub kql: String,
    /// What each part of the text means.
    pub parts: Vec<Part>,
    /// How certain it is, from [`CONFIDENCE_MIN`] to 1.
    pub confidence: f64,
    /// Words that nothing was made of.
    pub unused: Vec<Unused>,
    /// The questions within the question, in order; at least one.
    pub steps: Vec<Step>,
}

/// Why a question in plain English is refused, and what can be asked instead.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct NotUnderstood {
    /// What is wrong with it, in a sentence.
    pub reason: String,
    /// Words that nothing was made of.
    pub unused: Vec<Unused>,
    /// How certain the best reading is; below [`CONFIDENCE_MIN`].
    pub confidence: f64,
    /// The nearest questions that can be answered.
    pub suggestions: Vec<String>,
}

/// The reading of a question, whether it is good enough or not.
#[derive(Debug, Clone)]
pub(crate) struct Reading {
    pub(crate) outcome: Result<Understood, NotUnderstood>,
    /// What each question within the question wants, as far as its words say.
    pub(crate) signs: Vec<Signs>,
}

/// What the words of a question say about what it wants, even when it is not understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "signs are independent of each other")]
pub(crate) struct Signs {
    pub(crate) span: (usize, usize),
    pub(crate) similar: bool,
    pub(crate) count: bool,
    pub(crate) distinct: bool,
    pub(crate) ranking: bool,
    pub(crate) grouped: bool,
    pub(crate) over_time: bool,
    pub(crate) compared: bool,
    pub(crate) arithmetic: bool,
    pub(crate) moment: bool,
    pub(crate) threshold: bool,
    pub(crate) one_record: bool,
    pub(crate) named: bool,
    pub(crate) subject: bool,
    pub(crate) when: bool,
    /// Whether it is about what the question before gave.
    pub(crate) dependent: bool,
    /// Words that nothing was made of say that something is computed: `median`, `per`, `rank`.
    pub(crate) hinted: bool,
}

impl Signs {
    pub(crate) fn wanted(&self) -> Wanted {
        if self.similar {
            Wanted::Similarity
        } else if self.is_computed() || self.hinted {
            Wanted::Analytical
        } else {
            Wanted::Exact
        }
    }

    fn is_about_nothing(&self) -> bool {
        !self.similar && !self.subject && !self.named
    }

    fn asks_nothing(&self) -> bool {
        !self.similar && !self.subject && !self.named && !self.is_computed()
    }

    pub(crate) fn is_computed(&self) -> bool {
        self.count
            || self.distinct
            || self.ranking
            || self.grouped
            || self.over_time
            || self.compared
            || self.arithmetic
            || self.moment
            || self.threshold
    }
}

/// What `question` means, as KQL.
///
/// # Errors
/// [`NotUnderstood`] when too many of its words mean nothing here, when a word that turns the meaning round is
/// among them, when it names nothing to ask about, or when it is too long.
pub fn understand(question: &str, context: &Context) -> Result<Understood, NotUnderstood> {
    read(question, context).outcome
}

/// Reads `question`.
pub(crate) fn read(question: &str, context: &Context) -> Reading {
    let words = match words::split(question) {
        Ok(words) => words,
        Err(long) => return Reading { outcome: Err(too_long(long)), signs: Vec::new() },
    };
    let mut read: Vec<One> = Vec::new();
    let mut start = 0;
    for range in split::questions(&words) {
        let part = words.get(range.clone()).unwrap_or_default().to_vec();
        let next = one(part, context, read.last());
        // What asks nothing is no question of its own, nor is what says only by what: "for each user, …"
        let is_half =
            |one: &One| one.signs.asks_nothing() || one.signs.is_about_nothing() && !next.signs.dependent;
        let is_alone = !next.signs.asks_nothing() && read.last().is_none_or(|one| !is_half(one));
        if !is_alone && read.pop().is_some() {
            let whole = words.get(start..range.end).unwrap_or_default().to_vec();
            read.push(one(whole, context, read.last()));
        } else {
            start = range.start;
            read.push(next);
        }
    }
    let signs = read.iter().map(|one| one.signs).collect();
    Reading { outcome: outcome(read, &words, context), signs }
}

fn too_long(long: TooLong) -> NotUnderstood {
    let reason = match long {
        TooLong::Bytes => format!("the question has more than {} bytes", words::ENGLISH_BYTES_MAX),
        TooLong::Words => format!("the question has more than {} words", words::WORDS_MAX),
    };
    NotUnderstood { reason, unused: Vec::new(), confidence: 0.0, suggestions: suggest::nearest(&[]) }
}

/// One question, read.
#[derive(Debug, Clone)]
struct One {
    meaning: Meaning,
    parts: Vec<Part>,
    unused: Vec<Unused>,
    confidence: u32,
    problem: Option<String>,
    signs: Signs,
}

fn one(words: Vec<Word>, context: &Context, before: Option<&One>) -> One {
    let span =
        (words.first().map_or(0, |word| word.span.start), words.last().map_or(0, |word| word.span.end));
    let mut frame = Frame::new(words);
    let now = Now { moment: context.now, zone: &context.zone };
    let similar = similar::read(&mut frame, context.incident.as_deref());
    let (periods, recurring) = times(&mut frame, now);
    let measure = measure::read(&mut frame);
    let filters = names::find(&mut frame);
    let groups = subject::Groups {
        people: measure.groups.iter().any(|column| column.name == "user") && !measure.by_actor,
        rules: measure.groups.iter().any(|column| column.name == "rule"),
        programs: measure.groups.iter().any(|column| matches!(column.name, "process" | "command")),
    };
    let concepts = subject::find(&mut frame, groups);
    let subject = resolve::resolve(&mut frame, &concepts);
    pass_over_small_words(&mut frame);
    let reference = match &similar {
        Similar::To(reference) => Some(reference.clone()),
        Similar::No | Similar::LikeWhat => None,
    };
    let meaning = Meaning { subject, filters, periods, recurring, measure, similar: reference };
    let dependent = before.is_some() && is_dependent(&meaning, &similar);
    let signs = signs(&meaning, &similar, &frame, span, dependent);
    let (confidence, problem) = judge::judge(&frame, &meaning, &similar, dependent);
    let unused = unused_words(&frame);
    let mut parts = frame.parts;
    parts.sort_by_key(|part| part.span);
    One { meaning, parts, unused, confidence, problem, signs }
}

/// Claims what is said about time.
fn times(frame: &mut Frame, now: Now<'_>) -> (Vec<time::Period>, Vec<(usize, time::Recurring)>) {
    let mut periods = Vec::new();
    let mut recurring = Vec::new();
    let compares = (0..frame.len())
        .any(|index| matches!(frame.text(index), "compare" | "compared" | "versus" | "vs" | "comparison"));
    for found in time::find(&frame.words, now) {
        if !found.words.clone().all(|index| frame.is_free(index)) {
            continue;
        }
        let start = found.words.start;
        match found.when {
            When::Recurring(when) => {
                frame.claim(found.words, recurring_name(when));
                recurring.push((start, when));
            }
            // A second period is one too many, unless two are compared.
            When::Period(period) if periods.is_empty() || compares && periods.len() == 1 => {
                frame.claim(found.words, period_name(&period));
                if let Some(also) = found.also {
                    frame.absorb(also);
                }
                if found.is_vague {
                    frame.doubt(10);
                }
                periods.push(period);
            }
            When::Period(_) => {}
        }
    }
    (periods, recurring)
}

fn recurring_name(recurring: time::Recurring) -> String {
    match recurring {
        time::Recurring::BusinessHours => "during business hours".to_owned(),
        time::Recurring::OutsideBusinessHours => "outside business hours".to_owned(),
        time::Recurring::Weekend => "on saturdays and sundays".to_owned(),
        time::Recurring::Weekdays => "from monday to friday".to_owned(),
        time::Recurring::Night => "from 22:00 to 06:00".to_owned(),
        time::Recurring::Hours { from, to } => format!("from {from}:00 to {to}:00 of every day"),
    }
}

fn period_name(period: &time::Period) -> String {
    let moment = |bound: time::Bound| match bound {
        time::Bound::At(moment) => moment.to_string(),
        time::Bound::Ago(micros) => format!("{} ago", crate::quote::span(micros)),
    };
    match (period.from, period.to) {
        (Some(from), Some(to)) => format!("from {} to {}", moment(from), moment(to)),
        (Some(from), None) => format!("since {}", moment(from)),
        (None, Some(to)) => format!("before {}", moment(to)),
        (None, None) => "at any time".to_owned(),
    }
}

/// Small words say nothing by themselves; negations are never passed over.
fn pass_over_small_words(frame: &mut Frame) {
    for index in frame.unused() {
        let text = frame.text(index).to_owned();
        // "on any host" is on no particular one.
        let before = index.checked_sub(1).map_or("", |before| frame.text(before));
        let is_any = matches!(before, "any" | "all" | "every" | "some" | "our")
            && crate::lexicon::column_at(&frame.words, index, |_| true).is_some();
        let is_small = is_any || is_filler(&text) || is_preposition(&text) && text != "like";
        if is_small && !is_negation(&text) {
            frame.pass_over(index);
        }
    }
}

/// Whether a question names nothing of its own, so that it is about what the one before gave.
fn is_dependent(meaning: &Meaning, similar: &Similar) -> bool {
    *similar == Similar::No
        && !meaning.subject.is_named
        && meaning.filters.is_empty()
        && meaning.measure.is_computed()
}

fn signs(
    meaning: &Meaning,
    similar: &Similar,
    frame: &Frame,
    span: (usize, usize),
    dependent: bool,
) -> Signs {
    let measure = &meaning.measure;
    Signs {
        span,
        similar: *similar != Similar::No,
        count: measure.value == Value::Count,
        distinct: matches!(measure.value, Value::Distinct(_)),
        ranking: measure.top.is_some(),
        grouped: !measure.groups.is_empty() || measure.bucket.is_some(),
        over_time: measure.chart,
        compared: measure.compare,
        arithmetic: matches!(
            measure.value,
            Value::Sum(_) | Value::Average(_) | Value::Largest(_) | Value::Smallest(_)
        ),
        moment: matches!(measure.value, Value::First | Value::Last),
        threshold: measure.having.is_some(),
        one_record: meaning.event().is_some()
            || meaning.filters.iter().any(|filter| {
                matches!(
                    filter.kind,
                    kinds::Kind::Incident(_) | kinds::Kind::Signal(_) | kinds::Kind::Event(_)
                )
            }),
        named: !meaning.filters.is_empty(),
        subject: meaning.subject.is_named,
        when: !meaning.periods.is_empty() || !meaning.recurring.is_empty(),
        dependent,
        hinted: frame.unused().iter().any(|index| judge::hints_at_computing(frame, *index)),
    }
}

fn unused_words(frame: &Frame) -> Vec<Unused> {
    let word = |index: usize| frame.words.get(index);
    let unused = frame.unused().into_iter().filter_map(word);
    unused.map(|word| Unused { span: (word.span.start, word.span.end), word: word.written.clone() }).collect()
}

/// All questions of the text together: as certain as the least certain one.
fn outcome(read: Vec<One>, words: &[Word], context: &Context) -> Result<Understood, NotUnderstood> {
    let hundredths = read.iter().map(|one| one.confidence).min().unwrap_or(0);
    let confidence = f64::from(hundredths) / 100.0;
    let unused: Vec<Unused> = read.iter().flat_map(|one| one.unused.iter().cloned()).collect();
    let refused = |reason: String, unused: Vec<Unused>| NotUnderstood {
        reason,
        unused,
        confidence: confidence.min(CONFIDENCE_MIN - 0.01),
        suggestions: suggest::nearest(words),
    };
    if let Some(reason) = read.iter().find_map(|one| one.problem.clone()) {
        return Err(refused(reason, unused));
    }
    let steps = steps(&read, context);
    // What the asker is shown must be a question again, whatever names it has in it.
    if let Some(error) = steps.iter().find_map(|step| sentra_kql::parse(&step.kql).err()) {
        return Err(refused(format!("it comes to a question that cannot be asked: {error}"), unused));
    }
    let dependent = steps.iter().rposition(|step| step.takes.is_some());
    let Some(kql) = steps.get(dependent.unwrap_or(0)).map(|step| step.kql.clone()) else {
        return Err(refused("there is no question in it".into(), unused));
    };
    let parts = read.into_iter().flat_map(|one| one.parts).collect();
    Ok(Understood { kql, parts, confidence, unused, steps })
}

fn steps(read: &[One], context: &Context) -> Vec<Step> {
    let setting = Setting { hours: context.hours, ahead: ahead(context), now: context.now };
    let mut steps: Vec<Step> = Vec::new();
    for (place, one) in read.iter().enumerate() {
        let (span, wanted) = (one.signs.span, one.signs.wanted());
        let before = place.checked_sub(1).and_then(|before| read.get(before));
        let step = match before.filter(|_| one.signs.dependent) {
            // What passes from one to the next has a name, and is filtered and computed on.
            Some(source) => {
                let mut meaning = one.meaning.clone();
                meaning.subject.table = source.meaning.table();
                let kql =
                    format!("let found = {}; {}", rows_of(source, setting), meaning.steps("found", setting));
                Step { span, wanted, kql, takes: Some(passed(&source.meaning).to_owned()) }
            }
            None => Step { span, wanted, kql: one.meaning.kql(setting), takes: None },
        };
        steps.push(step);
    }
    steps
}

/// The rows that a question finds, without the order and the number that they are shown in.
fn rows_of(one: &One, setting: Setting) -> String {
    let mut meaning = one.meaning.clone();
    if meaning.measure.rows.is_some() {
        return meaning.kql(setting);
    }
    meaning.measure = measure::Measure::default();
    let whole = meaning.kql(setting);
    let tail = format!(" | sort by {} desc | take {}", meaning.table().time(), measure::LIST_ROWS);
    whole.strip_suffix(&tail).unwrap_or(&whole).to_owned()
}

fn passed(meaning: &Meaning) -> &'static str {
    match meaning.table() {
        subject::Table::Incidents => "incidents",
        subject::Table::Signals => "signals",
        subject::Table::Events | subject::Table::Mart(_) => "events",
    }
}

/// Microseconds that the asker's clock is ahead of UTC at the moment of asking.
fn ahead(context: &Context) -> i64 {
    let moment = jiff::Timestamp::from(context.now);
    i64::from(context.zone.to_offset(moment).seconds()) * 1_000_000
}

/// Whether `text` is nothing but the name of a program.
pub(crate) fn is_tool_alone(text: &str) -> bool {
    let Ok(words) = words::split(text) else { return false };
    let concept = crate::lexicon::concept_at(&words, 0, |_| true);
    matches!(concept, Some((crate::lexicon::Concept::Tool(_), length)) if length == words.len())
}
