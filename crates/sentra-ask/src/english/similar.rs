//! Questions for what is like something: "have we seen something like incident 42".

use super::frame::Frame;
use super::subject::Table;
use crate::quote::quoted;
use crate::shape::Shape;

/// What others are compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reference {
    Incident(String),
    Signal(String),
    /// Words that describe it, among incidents or among signals.
    Described {
        text: String,
        signals: bool,
    },
}

impl Reference {
    pub(super) fn condition(&self) -> String {
        match self {
            Self::Incident(id) | Self::Signal(id) => format!("similar({})", quoted(id)),
            Self::Described { text, .. } => format!("near({})", quoted(text)),
        }
    }

    pub(super) fn table(&self) -> Table {
        match self {
            Self::Signal(_) | Self::Described { signals: true, .. } => Table::Signals,
            Self::Incident(_) | Self::Described { signals: false, .. } => Table::Incidents,
        }
    }
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Similar {
    /// Nothing asks for what is like something.
    No,
    /// It does, but does not say like what.
    LikeWhat,
    To(Reference),
}

/// Words that ask for what is like something; with `like` alone, what follows must be a thing to be like.
const OPENINGS: [&[&str]; 53] = [
    &["closest", "matches", "for"],
    &["closest", "matches", "to"],
    &["closest", "matches"],
    &["closest", "to"],
    &["closest"],
    &["nearest", "to"],
    &["best", "matches", "for"],
    &["best", "matches"],
    &["look-alikes", "of"],
    &["lookalikes", "of"],
    &["look-alikes"],
    &["lookalikes"],
    &["duplicates", "of"],
    &["same", "kind", "as"],
    &["same", "as"],
    &["seen", "this", "before"],
    &["had", "this", "before"],
    &["happened", "before"],
    &["happen", "before"],
    &["match"],
    &["matches"],
    &["matching"],
    &["look", "familiar"],
    &["familiar"],
    &["related", "cases", "to"],
    &["related", "incidents", "to"],
    &["related", "alerts", "to"],
    &["related", "signals", "to"],
    &["related", "cases"],
    &["related", "incidents"],
    &["related", "alerts"],
    &["similar", "to"],
    &["similar"],
    &["resembles"],
    &["resembling"],
    &["resemble"],
    &["looks", "like"],
    &["look", "like"],
    &["looking", "like"],
    &["alike"],
    &["comparable", "to"],
    &["comparable", "with"],
    &["comparable"],
    &["related", "to"],
    &["nearest", "neighbours", "of"],
    &["nearest", "neighbors", "of"],
    &["neighbours", "of"],
    &["reminiscent", "of"],
    &["reminds", "of"],
    &["same", "pattern", "as"],
    &["seen", "before"],
    &["more", "like"],
    &["like"],
];

/// Reads `frame` for a comparison with something; `current` is the incident that the asker looks at.
pub(super) fn read(frame: &mut Frame, current: Option<&str>) -> Similar {
    for index in 0..frame.len() {
        let Some(opening) = OPENINGS.iter().find(|opening| frame.is_at(index, opening)) else { continue };
        let before = index.checked_sub(1).map_or("", |before| frame.text(before));
        // "would like to see"
        if *opening == ["like"] && matches!(before, "would" | "i" | "we" | "you" | "feel") {
            frame.pass_over(index);
            continue;
        }
        let end = index + opening.len();
        let found = reference(frame, end, current).or_else(|| reference_before(frame, index, current));
        let needs_reference = matches!(
            *opening,
            ["like" | "match" | "matches" | "matching"] | ["same", "as"] | ["happened" | "happen", "before"]
        );
        if needs_reference && found.is_none() {
            continue;
        }
        if *opening == ["seen", "before"] && found.is_none() && frame.len() > 4 {
            continue;
        }
        frame.claim(index..end, "what is like it");
        claim_kind(frame);
        return match found {
            Some((reference, range, meaning)) => {
                frame.claim(range, meaning);
                Similar::To(reference)
            }
            None => Similar::LikeWhat,
        };
    }
    Similar::No
}

type Found = (Reference, std::ops::Range<usize>, String);

/// What stands behind the opening: an id, a number, words in quotes, `this incident`.
fn reference(frame: &Frame, start: usize, current: Option<&str>) -> Option<Found> {
    let mut index = start;
    let mut signals = false;
    while matches!(
        frame.text(index),
        "to" | "the"
            | "of"
            | "incident"
            | "case"
            | "incidents"
            | "cases"
            | "signal"
            | "alert"
            | "signals"
            | "alerts"
            | "ones"
            | "number"
            | "no"
            | "id"
            | "an"
            | "a"
            | "in"
            | "#"
    ) {
        signals |= matches!(frame.text(index), "signal" | "alert");
        index += 1;
    }
    let said = |id: &str, kind: &str| format!("{kind} {id}");
    match frame.shape(index) {
        Shape::IncidentId => {
            let id = frame.text(index).to_owned();
            Some((Reference::Incident(id.clone()), start..index + 1, said(&id, "the incident")))
        }
        Shape::SignalId => {
            let id = frame.text(index).to_owned();
            Some((Reference::Signal(id.clone()), start..index + 1, said(&id, "the signal")))
        }
        Shape::Number => {
            let id = frame.text(index).to_owned();
            Some((Reference::Incident(id.clone()), start..index + 1, said(&id, "the incident")))
        }
        Shape::Quoted => {
            let text = frame.written(index).to_owned();
            let signals = signals || asks_for_signals(frame);
            let meaning = format!("described as {text:?}");
            Some((Reference::Described { text, signals }, start..index + 1, meaning))
        }
        _ if matches!(frame.text(index), "this" | "that" | "it") => {
            let one = usize::from(matches!(frame.text(index + 1), "one" | "incident" | "case"));
            let id = current?;
            Some((
                Reference::Incident(id.to_owned()),
                start..index + 1 + one,
                said(id, "the incident being looked at,"),
            ))
        }
        _ => None,
    }
}

/// "incident 42: anything comparable?", "similar cases" while looking at one.
fn reference_before(frame: &Frame, end: usize, current: Option<&str>) -> Option<Found> {
    let place =
        (0..end).rev().find(|index| matches!(frame.shape(*index), Shape::IncidentId | Shape::SignalId));
    if let Some(index) = place {
        let id = frame.text(index).to_owned();
        let reference = if frame.shape(index) == Shape::SignalId {
            Reference::Signal(id.clone())
        } else {
            Reference::Incident(id.clone())
        };
        return Some((reference, index..index + 1, format!("like {id}")));
    }
    let plain = (end..frame.len()).all(|index| {
        !frame.shape(index).is_entity()
            && frame.shape(index) != Shape::Quoted
            && frame.shape(index) != Shape::Number
    });
    let id = current.filter(|_| plain && frame.text(end) != "like")?;
    Some((Reference::Incident(id.to_owned()), end..end, format!("like the incident being looked at, {id}")))
}

fn asks_for_signals(frame: &Frame) -> bool {
    (0..frame.len())
        .any(|index| matches!(frame.text(index), "signals" | "alerts" | "signal" | "alert" | "detections"))
}

/// "incidents", "cases", "anything": what the like ones are.
fn claim_kind(frame: &mut Frame) {
    for index in 0..frame.len() {
        let is_kind = matches!(
            frame.text(index),
            "incidents"
                | "incident"
                | "cases"
                | "case"
                | "signals"
                | "signal"
                | "alerts"
                | "alert"
                | "other"
                | "others"
                | "anything"
                | "something"
                | "ever"
                | "before"
                | "past"
                | "previously"
                | "earlier"
                | "previous"
                | "happened"
        );
        if is_kind && frame.is_free(index) {
            frame.absorb(index..index + 1);
        }
    }
}
