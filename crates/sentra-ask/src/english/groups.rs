//! By what answers are broken down, and what is ranked.

use super::frame::Frame;
use super::measure::{Measure, ROWS_ASKED_MAX, TOP_ROWS};
use super::{names, subject};
use crate::lexicon::{Act, Concept, Thing, column_at, column_named, concept_at, measurable_at};
use crate::shape::Shape;
use crate::time::{Unit, count_word, unit_of};

/// Words for the largest, and for the smallest.
const OPENINGS: [(&[&str], bool); 24] = [
    (&["top"], true),
    (&["bottom"], false),
    (&["most", "common"], true),
    (&["most", "commonly"], true),
    (&["most", "frequent"], true),
    (&["most", "frequently"], true),
    (&["most", "active"], true),
    (&["most", "used"], true),
    (&["most", "often"], true),
    (&["most"], true),
    (&["highest", "number", "of"], true),
    (&["highest"], true),
    (&["busiest"], true),
    (&["peak"], true),
    (&["noisiest"], true),
    (&["least", "common"], false),
    (&["least", "frequent"], false),
    (&["least", "used"], false),
    (&["least", "active"], false),
    (&["least"], false),
    (&["rarest"], false),
    (&["fewest"], false),
    (&["lowest"], false),
    (&["rare"], false),
];

/// `top 10 users`, `the ten busiest hosts`, `rarest processes`, `most common`, `the most`
pub(super) fn ranking(frame: &mut Frame, index: usize, measure: &mut Measure) -> bool {
    let Some((opening, largest)) = OPENINGS.iter().find(|(opening, _)| frame.is_at(index, opening)) else {
        return false;
    };
    // "most recent" is no ranking.
    if matches!(frame.text(index + 1), "recent" | "recently") {
        return false;
    }
    let mut length = opening.len();
    let before = index.checked_sub(1).filter(|before| frame.is_free(*before));
    let counted_before = before.filter(|before| count_word(frame.text(*before)).is_some());
    let counted_behind =
        frame.is_free(index + length).then(|| count_word(frame.text(index + length))).flatten();
    let counted = counted_before.and_then(|before| count_word(frame.text(before))).or(counted_behind);
    let mut rows = measure.top.map_or(TOP_ROWS, |(rows, _)| rows);
    if let Some(count) = counted {
        let Some(count) = u32::try_from(count).ok().filter(|count| (1..=ROWS_ASKED_MAX).contains(count))
        else {
            return false;
        };
        rows = count;
        match counted_before {
            Some(before) => frame.absorb(before..before + 1),
            None => length += 1,
        }
    } else if measure.top.is_none() && !measure.groups.is_empty() && is_singular_question(frame) {
        // "which host has the most …" is one host.
        rows = 1;
    }
    if let Some(unit) = unit_of(frame.text(index + length)).filter(|_| frame.is_free(index + length)) {
        frame.claim(index..index + length + 1, format!("the {} with the most", unit_name(unit)));
        measure.bucket = Some(unit);
        measure.top = Some((1, *largest));
        return true;
    }
    let order = if *largest { "largest" } else { "smallest" };
    frame.claim(index..index + length, format!("the {rows} {order}"));
    measure.top = Some((rows, *largest));
    let behind = index + length;
    let is_grouped = take_groups(frame, behind, measure) > behind;
    // "top three countries by …", "busiest proxies": there is something to rank, and it is not known. "top 10
    // failed logins" are the latest ten.
    let is_list = matches!(opening, ["top"] | ["bottom"]);
    let is_unknown = frame.is_free(behind)
        && concept_at(&frame.words, behind, |place| frame.is_free(place)).is_none()
        && (behind..frame.len()).any(|place| frame.text(place) == "by");
    let is_unknown = is_unknown || is_ranked_by_unknown(frame, behind);
    measure.ranks_unknown = !is_grouped && (is_unknown || !is_list);
    true
}

/// "top 10 signals by risk": nothing is called so.
fn is_ranked_by_unknown(frame: &Frame, start: usize) -> bool {
    let Some(by) = (start..frame.len()).find(|place| frame.is_at(*place, &["by"])) else { return false };
    let free = |place: usize| frame.is_free(place);
    by + 1 < frame.len()
        && frame.is_free(by + 1)
        && frame.shape(by + 1) == Shape::Plain
        && column_at(&frame.words, by + 1, free).is_none()
        && concept_at(&frame.words, by + 1, free).is_none()
        && measurable_at(&frame.words, by + 1, free).is_none()
        && !matches!(
            frame.text(by + 1),
            "number" | "count" | "the" | "their" | "most" | "sum" | "total" | "how"
        )
}

/// The number of rows that is said right before `index`, and its place.
pub(super) fn counted_before(frame: &Frame, index: usize) -> Option<(usize, u32)> {
    let before = index.checked_sub(1).filter(|before| frame.is_free(*before))?;
    let rows = u32::try_from(count_word(frame.text(before))?).ok()?;
    (1..=ROWS_ASKED_MAX).contains(&rows).then_some((before, rows))
}

/// "which host has", not "which hosts have".
fn is_singular_question(frame: &Frame) -> bool {
    (0..frame.len()).any(|index| matches!(frame.text(index), "has" | "is" | "does"))
        || (0..frame.len()).any(|index| {
            matches!(frame.text(index), "which" | "what")
                && frame
                    .words
                    .get(index + 1)
                    .is_some_and(|word| word.stem == word.text && !word.text.ends_with('s'))
        })
}

/// Columns that stand from `index` on, `user and host`.
fn take_groups(frame: &mut Frame, index: usize, measure: &mut Measure) -> usize {
    let mut at = index;
    loop {
        let skipped = usize::from(matches!(frame.text(at), "each" | "every" | "the"));
        let Some((column, length)) = column_at(&frame.words, at + skipped, |place| frame.is_free(place))
        else {
            return at;
        };
        // "by host web01" names a host.
        if names::is_named_behind(frame, at + skipped + length, column) {
            return at;
        }
        // "top users created": the accounts that were created, and still by user.
        frame.claim(at..at + skipped + length, format!("for each {}", column.name));
        if !measure.groups.iter().any(|known| known.name == column.name) {
            measure.groups.push(column);
        }
        at += skipped + length;
        let joined = matches!(frame.text(at), "and" | ",") && frame.is_free(at);
        let more = joined && column_at(&frame.words, at + 1, |place| frame.is_free(place)).is_some();
        if !more {
            return at;
        }
        frame.pass_over(at);
        at += 1;
    }
}

/// `who`, `which users`, `list all hosts`, `users with more than`, `where did … log in from`
pub(super) fn who(frame: &mut Frame, index: usize, measure: &mut Measure) -> bool {
    match frame.text(index) {
        "who" | "whom" | "whose" if !measure.groups.is_empty() => {
            frame.pass_over(index);
            true
        }
        "who" | "whom" | "whose" if frame.text(index + 1) != "is" || index + 2 < frame.len() => {
            by_actor(frame, index, 1, measure)
        }
        "where" => where_from(frame, index, measure),
        "which" | "what" => which(frame, index, measure),
        "list" | "show" | "all" | "every" | "give" | "find" | "get" | "from" | "distinct" => {
            listed(frame, index, measure)
        }
        _ => plain_group(frame, index, measure),
    }
}

fn by_actor(frame: &mut Frame, index: usize, length: usize, measure: &mut Measure) -> bool {
    frame.claim(index..index + length, "for each user");
    measure.by_actor = true;
    measure.groups.extend(column_named("user"));
    true
}

/// `where did … log in from`
fn where_from(frame: &mut Frame, index: usize, measure: &mut Measure) -> bool {
    let next = frame.text(index + 1);
    if !matches!(next, "did" | "does" | "do" | "has" | "have" | "was" | "were") {
        return false;
    }
    frame.claim(index..index + 1, "for each source address");
    measure.groups.extend(column_named("src_ip"));
    // The "from" at the end belongs to it.
    if let Some(from) = (index + 1..frame.len()).find(|place| frame.is_at(*place, &["from"])) {
        let leads = frame.shape(from + 1).is_entity() && from + 1 < frame.len();
        if !leads && !is_name_like(frame, from + 1) {
            frame.absorb(from..from + 1);
        }
    }
    true
}

/// `which hosts`, `what are the domains`, `which admin`
fn which(frame: &mut Frame, index: usize, measure: &mut Measure) -> bool {
    if matches!(frame.text(index + 1), "admin" | "admins" | "administrator" | "administrators") {
        return by_actor(frame, index, 2, measure);
    }
    // "what are the domains", "which of our servers"
    let joint = usize::from(matches!(frame.text(index + 1), "are" | "were" | "is" | "was" | "of"));
    let skipped = joint + usize::from(joint == 1 && matches!(frame.text(index + 2), "the" | "our" | "all"));
    let start = index + 1 + skipped;
    let found = take_groups(frame, start, measure) > start;
    if found {
        frame.pass_over(index);
    }
    found
}

fn is_name_like(frame: &Frame, index: usize) -> bool {
    index < frame.len()
        && frame.is_free(index)
        && matches!(frame.shape(index), Shape::HostLike | Shape::Plain | Shape::Quoted)
}

/// `list users who`, `list all hosts`
fn listed(frame: &mut Frame, index: usize, measure: &mut Measure) -> bool {
    let mut behind = index + 1;
    while matches!(frame.text(behind), "me" | "all" | "the" | "every" | "us" | "any" | "which" | "what")
        && frame.is_free(behind)
    {
        behind += 1;
    }
    let free = |place: usize| frame.is_free(place);
    let Some((column, length)) = column_at(&frame.words, behind, free) else { return false };
    let next = behind + length;
    let is_named = names::is_named_behind(frame, next, column);
    let is_subject = subject::is_subject_at(frame, behind, length);
    let is_plural = frame.words.get(next - 1).is_some_and(|word| word.stem != word.text);
    if is_named || is_subject || !is_plural {
        return false;
    }
    take_groups(frame, behind, measure) > behind
}

/// `users who failed`, `hosts with at least`
fn plain_group(frame: &mut Frame, index: usize, measure: &mut Measure) -> bool {
    let free = |place: usize| frame.is_free(place);
    let Some((column, length)) = column_at(&frame.words, index, free) else { return false };
    let behind = index + length;
    let before = index.checked_sub(1).map_or("", |before| frame.text(before));
    let leads =
        matches!(frame.text(behind), "who" | "whose" | "that" | "which" | "with" | "having" | "where");
    let is_start = matches!(
        before,
        "" | "list" | "show" | "me" | "all" | "the" | "find" | "any" | "of" | "get" | "are" | "there" | ","
    ) || count_word(before).is_some();
    if !leads || !is_start {
        return false;
    }
    if matches!(frame.text(behind), "who" | "whose" | "that" | "which") {
        frame.pass_over(behind);
    }
    // "the 3 hosts with the fewest …"
    if let Some((before, rows)) = counted_before(frame, index) {
        frame.claim(before..before + 1, format!("{rows} of them"));
        measure.top = Some((rows, true));
    }
    frame.claim(index..behind, format!("for each {}", column.name));
    measure.groups.push(column);
    true
}

/// `by user`, `per hour`, `for each host`, `breakdown by`
pub(super) fn grouped(frame: &mut Frame, index: usize, measure: &mut Measure) -> bool {
    let openings: [&[&str]; 11] = [
        &["grouped", "by"],
        &["group", "by"],
        &["broken", "down", "by"],
        &["split", "by"],
        &["for", "each"],
        &["for", "every"],
        &["in", "each"],
        &["by", "each"],
        &["each"],
        &["per"],
        &["by"],
    ];
    let adverb = match frame.text(index) {
        "hourly" => Some(Unit::Hour),
        "daily" => Some(Unit::Day),
        "weekly" => Some(Unit::Week),
        "monthly" => Some(Unit::Month),
        _ => None,
    };
    if let Some(unit) = adverb {
        frame.claim(index..index + 1, format!("for each {}", unit_name(unit)));
        measure.bucket = Some(unit);
        return true;
    }
    let Some(opening) = openings.iter().find(|opening| frame.is_at(index, opening)) else { return false };
    let is_order = (0..index)
        .any(|place| matches!(frame.text(place), "sort" | "sorted" | "order" | "ordered" | "ranked"));
    if is_order {
        return false;
    }
    let mut behind = index + opening.len();
    if matches!(frame.text(behind), "the" | "each" | "every") {
        behind += 1;
    }
    if let Some(unit) = unit_of(frame.text(behind))
        .filter(|unit| frame.is_free(behind) && frame.text(behind).len() > 2 && *unit != Unit::Second)
    {
        frame.claim(index..behind + 1, format!("for each {}", unit_name(unit)));
        measure.bucket = Some(unit);
        return true;
    }
    // "by domain admins" is by whom, not by what.
    let column = column_at(&frame.words, behind, |place| frame.is_free(place));
    let compound = column.and_then(|(_, length)| {
        concept_at(&frame.words, behind + length, |place| frame.is_free(place)).map(|(concept, _)| concept)
    });
    if matches!(compound, Some(Concept::Act(Act::Admin) | Concept::Thing(Thing::Account | Thing::Role))) {
        return false;
    }
    let end = take_groups(frame, behind, measure);
    if end > behind {
        frame.absorb(index..behind);
    }
    end > behind
}

fn unit_name(unit: Unit) -> &'static str {
    match unit {
        Unit::Second => "second",
        Unit::Minute => "minute",
        Unit::Hour => "hour",
        Unit::Day => "day",
        Unit::Week => "week",
        Unit::Month => "month",
        Unit::Quarter => "quarter",
        Unit::Year => "year",
    }
}

/// The group of a ranking that stands elsewhere: "which hosts have the most …".
pub(super) fn nearby(frame: &mut Frame, measure: &mut Measure) {
    for index in 0..frame.len() {
        let found = column_at(&frame.words, index, |place| frame.is_free(place));
        if let Some((column, length)) = found {
            let is_named = names::is_named_behind(frame, index + length, column);
            if !is_named && !subject::is_subject_at(frame, index, length) {
                frame.claim(index..index + length, format!("for each {}", column.name));
                measure.groups.push(column);
                return;
            }
        }
    }
}
