//! What a question wants to know: rows, a number, the most of something, a comparison.

use super::frame::Frame;
use super::{groups, subject};
use crate::lexicon::{Column, Measurable, column_at, measurable_at};
use crate::time::{Unit, count_word, unit_of};

/// Most rows that a question may ask for with `top` or `latest`.
pub const ROWS_ASKED_MAX: u32 = 10_000;
/// Rows of a list when the question does not say.
pub(super) const LIST_ROWS: u32 = 100;
/// Rows of a ranking when the question does not say.
pub(super) const TOP_ROWS: u32 = 10;

/// What is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Value {
    /// Nothing: the rows themselves.
    #[default]
    Rows,
    Count,
    Distinct(&'static Column),
    First,
    Last,
    Sum(&'static Measurable),
    Average(&'static Measurable),
    Largest(&'static Measurable),
    Smallest(&'static Measurable),
}

/// What a question wants to know.
#[derive(Debug, Clone, Default)]
pub(super) struct Measure {
    pub(super) value: Value,
    /// Rows of a list.
    pub(super) rows: Option<u32>,
    pub(super) oldest_first: bool,
    pub(super) groups: Vec<&'static Column>,
    /// The groups were asked for by `who` or `whom`: by the one who acts.
    pub(super) by_actor: bool,
    pub(super) bucket: Option<Unit>,
    /// A picture over time.
    pub(super) chart: bool,
    /// So many, and whether the largest.
    pub(super) top: Option<(u32, bool)>,
    /// What is ranked has a name that is not known: "top three countries".
    pub(super) ranks_unknown: bool,
    /// Only groups with so many.
    pub(super) having: Option<(&'static str, u64)>,
    pub(super) compare: bool,
}

impl Measure {
    pub(super) fn is_computed(&self) -> bool {
        self.value != Value::Rows
            || !self.groups.is_empty()
            || self.bucket.is_some()
            || self.chart
            || self.compare
            || self.top.is_some()
    }
}

/// Reads what `frame` wants to know, and claims the words for it.
pub(super) fn read(frame: &mut Frame) -> Measure {
    let mut measure = Measure::default();
    for index in 0..frame.len() {
        if frame.is_free(index) {
            read_at(frame, index, &mut measure);
        }
    }
    if measure.top.is_some() && measure.groups.is_empty() {
        groups::nearby(frame, &mut measure);
    }
    if measure.top.is_some()
        && measure.groups.is_empty()
        && measure.bucket.is_none()
        && measure.value == Value::Rows
        && !measure.ranks_unknown
    {
        // "top 10 failed logins" are the latest ten: there is nothing to rank them by.
        let (rows, largest) = measure.top.take().unwrap_or((LIST_ROWS, true));
        measure.rows = Some(rows);
        measure.oldest_first = !largest;
        frame.doubt(20);
    }
    measure
}

fn read_at(frame: &mut Frame, index: usize, measure: &mut Measure) {
    let _ = how_many(frame, index, measure)
        || groups::ranking(frame, index, measure)
        || groups::who(frame, index, measure)
        || groups::grouped(frame, index, measure)
        || picture(frame, index, measure)
        || threshold(frame, index, measure)
        || arithmetic(frame, index, measure)
        || first_or_last(frame, index, measure)
        || comparison(frame, index, measure);
}

fn is_different(word: &str) -> bool {
    matches!(word, "different" | "distinct" | "unique")
}

/// `how many different hosts`, `number of`, `count`, `how often`
fn how_many(frame: &mut Frame, index: usize, measure: &mut Measure) -> bool {
    let openings: [(&[&str], bool); 14] = [
        (&["how", "many", "times"], false),
        (&["how", "many"], true),
        (&["how", "often"], false),
        (&["how", "frequently"], false),
        (&["total", "number", "of"], true),
        (&["the", "number", "of"], true),
        (&["number", "of"], true),
        (&["amount", "of"], true),
        (&["count", "of"], true),
        (&["count"], true),
        (&["counts", "of"], true),
        (&["tally"], true),
        (&["frequency", "of"], false),
        (&["total"], false),
    ];
    if is_different(frame.text(index)) {
        return different(frame, index, measure);
    }
    let Some((opening, counts_things)) = openings.iter().find(|(opening, _)| frame.is_at(index, opening))
    else {
        return false;
    };
    let mut behind = index + opening.len();
    if frame.text(index) == "total" && opening.len() == 1 && measurable(frame, index + 1).is_some() {
        return false;
    }
    while matches!(frame.text(behind), "all" | "the" | "of" | "up" | "them" | "those" | "these" | "their")
        && frame.is_free(behind)
    {
        behind += 1;
    }
    if is_different(frame.text(behind)) && distinct(frame, index, behind + 1 - index, measure) {
        return true;
    }
    // "how many users logged in" counts users, "how many users were created" counts creations.
    let countable = column_at(&frame.words, behind, |place| frame.is_free(place))
        .filter(|_| *counts_things && measure.value == Value::Rows)
        .filter(|(_, length)| !subject::is_subject_at(frame, behind, *length));
    if let Some((column, length)) = countable {
        frame.claim(index..behind + length, format!("how many different {}", column.many));
        measure.value = Value::Distinct(column);
        return true;
    }
    frame.claim(index..behind, "how many");
    if measure.value == Value::Rows {
        measure.value = Value::Count;
    }
    true
}

/// `different hosts`: how many; `list the distinct users`, `distinct users who`: which ones.
fn different(frame: &mut Frame, index: usize, measure: &mut Measure) -> bool {
    let before = index.checked_sub(1).map_or("", |before| frame.text(before));
    let Some((column, length)) = column_at(&frame.words, index + 1, |place| frame.is_free(place)) else {
        return false;
    };
    let behind = frame.text(index + 1 + length);
    let is_list = matches!(before, "list" | "show" | "all" | "the" | "me")
        || matches!(behind, "who" | "that" | "which" | "with");
    if !is_list {
        return distinct(frame, index, 1, measure);
    }
    frame.claim(index..index + 1 + length, format!("for each {}", column.name));
    measure.groups.push(column);
    true
}

fn distinct(frame: &mut Frame, index: usize, length: usize, measure: &mut Measure) -> bool {
    let Some((column, more)) = column_at(&frame.words, index + length, |place| frame.is_free(place)) else {
        return false;
    };
    frame.claim(index..index + length + more, format!("how many different {}", column.many));
    measure.value = Value::Distinct(column);
    true
}

/// `trend of`, `over time`, `chart`, `breakdown of`, `distribution of`
fn picture(frame: &mut Frame, index: usize, measure: &mut Measure) -> bool {
    let pictures: [&[&str]; 12] = [
        &["trend", "of"],
        &["trend", "in"],
        &["trend"],
        &["over", "time"],
        &["timeline", "of"],
        &["chart"],
        &["graph"],
        &["plot"],
        &["histogram", "of"],
        &["histogram"],
        &["time", "series"],
        &["development", "of"],
    ];
    if let Some(words) = pictures.iter().find(|words| frame.is_at(index, words)) {
        let more = usize::from(words.len() == 1 && matches!(frame.text(index + 1), "of" | "the"));
        frame.claim(index..index + words.len() + more, "over time");
        measure.chart = true;
        return true;
    }
    let tables: [&[&str]; 4] =
        [&["breakdown", "of"], &["distribution", "of"], &["breakdown"], &["distribution"]];
    if let Some(words) = tables.iter().find(|words| frame.is_at(index, words)) {
        frame.claim(index..index + words.len(), "how many of each");
        if measure.value == Value::Rows {
            measure.value = Value::Count;
        }
        return true;
    }
    false
}

/// `more than 10`, `at least 100`
fn threshold(frame: &mut Frame, index: usize, measure: &mut Measure) -> bool {
    let openings: [(&[&str], &'static str); 11] = [
        (&["more", "than"], ">"),
        (&["over"], ">"),
        (&["above"], ">"),
        (&["exceeding"], ">"),
        (&["at", "least"], ">="),
        (&["fewer", "than"], "<"),
        (&["less", "than"], "<"),
        (&["under"], "<"),
        (&["below"], "<"),
        (&["at", "most"], "<="),
        (&["exactly"], "=="),
    ];
    let Some((opening, operator)) = openings.iter().find(|(opening, _)| frame.is_at(index, opening)) else {
        return false;
    };
    let behind = index + opening.len();
    let Some(count) = count_word(frame.text(behind)).filter(|_| frame.is_free(behind)) else { return false };
    let Ok(count) = u64::try_from(count) else { return false };
    let more = usize::from(matches!(frame.text(behind + 1), "times" | "different"));
    if more == 1 && frame.text(behind + 1) == "different" {
        // "more than 3 different hosts": the number is of hosts, not of events.
        let Some((column, length)) = column_at(&frame.words, behind + 2, |place| frame.is_free(place)) else {
            return false;
        };
        frame.claim(index..behind + 2 + length, format!("{operator} {count} different {}", column.many));
        measure.value = Value::Distinct(column);
        measure.having = Some((operator, count));
        return true;
    }
    frame.claim(index..behind + 1 + more, format!("{operator} {count}"));
    measure.having = Some((operator, count));
    true
}

fn measurable(frame: &Frame, index: usize) -> Option<(&'static Measurable, usize)> {
    let is_small = |place: &usize| matches!(frame.text(*place), "of" | "the" | "number" | "up" | "all");
    let skipped = (index..index + 3).take_while(is_small).count();
    measurable_at(&frame.words, index + skipped, |place| frame.is_free(place))
        .map(|(found, length)| (found, skipped + length))
}

/// `sum of bytes`, `average bytes`, `how much data`
fn arithmetic(frame: &mut Frame, index: usize, measure: &mut Measure) -> bool {
    let (make, name, length): (fn(&'static Measurable) -> Value, &str, usize) = match frame.text(index) {
        "sum" | "total" => (Value::Sum, "sum of", 1),
        "average" | "avg" | "mean" => (Value::Average, "average of", 1),
        "maximum" | "max" | "largest" | "biggest" | "longest" => (Value::Largest, "largest", 1),
        "minimum" | "min" | "smallest" | "shortest" => (Value::Smallest, "smallest", 1),
        "how" if frame.text(index + 1) == "much" => (Value::Sum, "sum of", 2),
        // "top talkers by bytes"
        "by" => (Value::Sum, "sum of", 1),
        _ => return false,
    };
    let Some((found, more)) = measurable(frame, index + length) else { return false };
    frame.claim(index..index + length + more, format!("{name} {}", found.field));
    measure.value = make(found);
    true
}

/// `latest 20`, `first 10`, `when did … last`, `last login of`, `first seen`
fn first_or_last(frame: &mut Frame, index: usize, measure: &mut Measure) -> bool {
    let text = frame.text(index).to_owned();
    let is_newest = matches!(text.as_str(), "latest" | "newest" | "last");
    let is_recent = text == "most" && frame.text(index + 1) == "recent" || text == "recent";
    let is_oldest = matches!(text.as_str(), "first" | "oldest" | "earliest");
    if !is_newest && !is_recent && !is_oldest {
        return false;
    }
    let length = if text == "most" { 2 } else { 1 };
    // "the 25 newest", but not "2 last days"
    let is_time = frame.words.get(index + 1).is_some_and(|next| unit_of(&next.text).is_some());
    if let Some((before, rows)) = groups::counted_before(frame, index).filter(|_| !is_time) {
        let order = if is_oldest { "oldest" } else { "newest" };
        frame.claim(before..index + length, format!("the {rows} {order}"));
        measure.rows = Some(rows);
        measure.oldest_first = is_oldest;
        return true;
    }
    if frame.is_at(index + length, &["first"]) && (is_newest || is_oldest) {
        frame.claim(
            index..index + length + 1,
            if is_oldest { "the oldest first" } else { "the newest first" },
        );
        measure.oldest_first = is_oldest;
        return true;
    }
    if let Some(count) = count_word(frame.text(index + length)).filter(|_| frame.is_free(index + length)) {
        let Some(rows) = u32::try_from(count).ok().filter(|rows| (1..=ROWS_ASKED_MAX).contains(rows)) else {
            return false;
        };
        let order = if is_oldest { "oldest" } else { "newest" };
        frame.claim(index..index + length + 1, format!("the {rows} {order}"));
        measure.rows = Some(rows);
        measure.oldest_first = is_oldest;
        return true;
    }
    let asks_when = (0..frame.len()).any(|place| frame.text(place) == "when")
        || matches!(
            frame.text(index + 1),
            "seen" | "time" | "appeared" | "occurrence" | "logged" | "observed"
        )
        || frame.text(index + 1) == "used";
    let singular = (index + 1..frame.len().min(index + 4)).any(|place| {
        matches!(
            frame.text(place),
            "login"
                | "logon"
                | "signin"
                | "logoff"
                | "lockout"
                | "activity"
                | "action"
                | "use"
                | "connection"
                | "reset"
                | "sign-in"
        )
    });
    if !asks_when && (!singular || is_recent) {
        if is_newest && text == "last" || text == "first" {
            return false;
        }
        frame.claim(index..index + length, if is_oldest { "the oldest" } else { "the newest" });
        measure.oldest_first = is_oldest;
        return true;
    }
    let more = usize::from(matches!(
        frame.text(index + 1),
        "time" | "seen" | "observed" | "appeared" | "occurrence"
    ));
    frame.claim(index..index + length + more, if is_oldest { "the first time" } else { "the last time" });
    measure.value = if is_oldest { Value::First } else { Value::Last };
    true
}

/// `compare … with`, `versus`
fn comparison(frame: &mut Frame, index: usize, measure: &mut Measure) -> bool {
    let length = match frame.text(index) {
        "compare" | "comparison" | "versus" | "vs" => 1,
        "compared" => 1 + usize::from(matches!(frame.text(index + 1), "to" | "with")),
        _ => return false,
    };
    frame.claim(index..index + length, "compared");
    measure.compare = true;
    true
}
