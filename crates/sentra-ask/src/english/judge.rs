//! How certain a reading is, and why it is refused if it is.

use super::CONFIDENCE_MIN;
use super::compose::Meaning;
use super::frame::Frame;
use super::measure::Value;
use super::similar::Similar;
use super::subject;
use crate::lexicon::is_negation;
use crate::time;

/// Hundredths of confidence that each word costs that nothing was made of.
const UNUSED_COST: u32 = 25;
/// Hundredths that a word costs without which the question is another one: a number, a time, a way to compute.
const WEIGHTY_COST: u32 = 50;

/// How certain a reading is, in hundredths, and why it is refused if it is.
pub(super) fn judge(
    frame: &Frame,
    meaning: &Meaning,
    similar: &Similar,
    dependent: bool,
) -> (u32, Option<String>) {
    let unused = frame.unused();
    let negation = unused.iter().find(|index| is_negation(frame.text(**index)));
    if let Some(index) = negation {
        let word = frame.written(*index);
        return (
            10,
            Some(format!("{word:?} turns the meaning round, and what it belongs to is not understood")),
        );
    }
    let names_a_tenant = (0..frame.len()).any(|index| {
        matches!(frame.words.get(index).map(|word| word.stem.as_str()), Some("tenant" | "customer"))
    });
    if names_a_tenant {
        return (10, Some("every question is about the asker's own tenant, and cannot name another".into()));
    }
    let measure = &meaning.measure;
    let asks_nothing = *similar == Similar::No
        && !meaning.subject.is_named
        && meaning.filters.is_empty()
        && measure.groups.is_empty()
        && !matches!(measure.value, Value::Sum(_) | Value::Average(_) | Value::Distinct(_));
    if *similar == Similar::LikeWhat {
        return (
            40,
            Some("it asks for what is like something, but does not say like what: name an incident".into()),
        );
    }
    if asks_nothing && !dependent {
        let reason = if frame.meant() == 0 {
            "none of its words is known"
        } else {
            "it does not say what it is about"
        };
        return (20, Some(reason.into()));
    }
    if measure.compare && meaning.periods.len() != 2 {
        return (40, Some("it compares, but does not name two periods: \"this week with last week\"".into()));
    }
    let is_only_any =
        meaning.subject.conditions.is_empty() && meaning.subject.table == subject::Table::Events;
    if is_only_any
        && meaning.filters.is_empty()
        && measure.groups.is_empty()
        && !unused.is_empty()
        && !dependent
    {
        let words: Vec<&str> = unused.iter().map(|index| frame.written(*index)).collect();
        return (30, Some(format!("which events is not understood: {}", words.join(", "))));
    }
    let table = meaning.table();
    let has_column = |name: &str| match table {
        subject::Table::Signals => matches!(name, "rule" | "severity"),
        subject::Table::Incidents => matches!(name, "status" | "severity"),
        subject::Table::Events | subject::Table::Mart(_) => !matches!(name, "rule" | "status"),
    };
    if let Some(column) = measure.groups.iter().find(|column| !dependent && !has_column(column.name)) {
        return (40, Some(format!("{} cannot be broken down by {}", table.name(), column.name)));
    }
    if measure.ranks_unknown && measure.groups.is_empty() && measure.bucket.is_none() {
        return (40, Some("it ranks something that no column is for".into()));
    }
    if measure.having.is_some() && measure.groups.is_empty() && measure.bucket.is_none() {
        return (
            40,
            Some("it has a threshold, but does not say of what: \"users with more than 10 …\"".into()),
        );
    }
    let cost: u32 = frame.doubts.iter().map(|doubt| doubt.hundredths).sum();
    let cost = unused.iter().fold(cost, |cost, index| cost.saturating_add(unused_cost(frame, *index)));
    let confidence = 100_u32.saturating_sub(cost);
    let is_low = f64::from(confidence) < CONFIDENCE_MIN * 100.0;
    (confidence, is_low.then(|| "too much of it is not understood".to_owned()))
}

/// What it costs that nothing was made of a word.
fn unused_cost(frame: &Frame, index: usize) -> u32 {
    let text = frame.text(index);
    let is_machine =
        text.chars().any(|c| c.is_numeric() || matches!(c, '(' | ')' | '=' | '<' | '>' | '|' | '*'));
    if is_machine || frame.shape(index) != crate::shape::Shape::Plain || weighs(text) {
        return WEIGHTY_COST;
    }
    UNUSED_COST
}

/// Words that change what is computed or when: without them the answer would be to another question.
fn weighs(word: &str) -> bool {
    time::is_time_word(word)
        || matches!(
            word,
            "average"
                | "median"
                | "percentage"
                | "percent"
                | "percentile"
                | "ratio"
                | "rate"
                | "share"
                | "same"
                | "followed"
                | "following"
                | "if"
                | "unless"
                | "because"
                | "why"
                | "how"
                | "correlated"
                | "compare"
                | "tomorrow"
                | "next"
                | "first"
                | "last"
                | "than"
                | "only"
        )
}

/// Whether a word that nothing was made of says that something is computed.
pub(super) fn hints_at_computing(frame: &Frame, index: usize) -> bool {
    const HINTS: [&str; 47] = [
        "top",
        "bottom",
        "rank",
        "ranking",
        "ranked",
        "most",
        "least",
        "fewest",
        "busiest",
        "noisiest",
        "rarest",
        "peak",
        "median",
        "average",
        "mean",
        "percentage",
        "percent",
        "percentile",
        "ratio",
        "rate",
        "share",
        "proportion",
        "fraction",
        "per",
        "histogram",
        "distribution",
        "breakdown",
        "trend",
        "trending",
        "correlate",
        "correlated",
        "followed",
        "aggregate",
        "statistics",
        "stats",
        "summary",
        "summarize",
        "summarise",
        "compare",
        "difference",
        "growth",
        "increase",
        "decrease",
        "count",
        "total",
        "more",
        "fewer",
    ];
    let next = frame.text(index + 1);
    match frame.text(index) {
        // "which gateways": different ones are wanted, and nothing is called so.
        word if frame.text(index.wrapping_sub(1)) == "which" && !is_negation(word) => true,
        "how" => matches!(next, "many" | "much" | "often" | "frequently" | "long" | "big" | "large"),
        word => HINTS.contains(&word),
    }
}
