//! A group whose condition is decided in the order of event time, when the watermark has passed.
//!
//! | window | decided |
//! |---|---|
//! | sliding | at every event: the stretch that ends with it |
//! | sliding, something negated | at the end of the stretch that begins with an event |
//! | tumbling | at its end |
//! | session | at its end, or as soon as it can only stay true |

use serde::{Deserialize, Serialize};

use sentra_model::EventId;

use crate::matched::VALUE_COLUMNS;
use crate::stream::{Place, Reorder};

use super::parse::Window;
use super::rule::CorrelationRule;
use super::run::Run;
use super::tally::{Content, Tally};

/// Most events that one group holds.
pub(crate) const GROUP_ENTRIES_MAX: usize = 262_144;

/// What an event brings.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Item {
    content: Content,
    /// When it arrived (µs).
    seen: i64,
    /// Number of the name, and the text.
    values: Vec<(u8, Box<str>)>,
    absorbed: Option<Box<Run>>,
}

impl Item {
    pub(crate) fn new(content: Content, seen: i64, values: &[(&str, &str)], absorbed: Option<&Run>) -> Self {
        let values = values.iter().map(|(name, text)| {
            let column = VALUE_COLUMNS.iter().zip(0_u8..).find(|(column, _)| *column == name);
            (column.map_or(VALUE_COLUMNS.len() as u8, |(_, number)| number), Box::from(*text))
        });
        Self { content, seen, values: values.collect(), absorbed: absorbed.cloned().map(Box::new) }
    }
}

/// The state of one group.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Ordered {
    /// Not decided yet.
    pending: Reorder<Item>,
    /// Decided, and still of use for what follows.
    open: Reorder<Item>,
    /// Time of the latest event (µs).
    last: i64,
    /// The run that goes on, and up to where it has taken events.
    run: Option<Run>,
    taken: Option<Place>,
    /// Of the open window, or of the one that begins with the first pending event and ends with `ahead`.
    #[serde(skip)]
    tally: Option<Tally>,
    #[serde(skip)]
    ahead: Option<Place>,
    /// The event that came last, and the place of the rule that found it.
    #[serde(skip)]
    latest: Option<(EventId, u8)>,
    /// When its turn comes, as the owner's list of turns has it.
    #[serde(skip)]
    pub(crate) due: Option<i64>,
}

/// The condition held.
pub(crate) struct Hit {
    /// The time at which it was sure, and the latest event that it rests on.
    pub(crate) time: i64,
    pub(crate) event: EventId,
    /// The happenings that this event stands for.
    pub(crate) weight: u64,
    /// What the run did not rest on before.
    pub(crate) grown: Run,
}

/// What a turn came to.
pub(crate) enum Turn {
    Nothing,
    Hit(Box<Hit>),
    /// There is nothing left that could matter.
    Over,
}

impl Ordered {
    /// `false` when it is an event that is there, and that another rule found it says nothing new.
    pub(crate) fn push(&mut self, place: Place, item: Item, rule: &CorrelationRule) -> bool {
        let latest = self.latest.replace((place.id, item.content.rule)).filter(|(id, _)| *id == place.id);
        if !rule.nested && latest.is_some_and(|(_, part)| rule.is_same(part, item.content.rule)) {
            return false;
        }
        self.last = if self.is_empty() { place.time } else { self.last.max(place.time) };
        self.pending.push(place, item);
        true
    }

    fn is_empty(&self) -> bool {
        self.pending.is_empty() && self.open.is_empty() && self.run.is_none()
    }

    /// Events held.
    pub(crate) fn len(&self) -> usize {
        self.pending.len() + self.open.len()
    }

    pub(crate) fn run(&self) -> Option<&Run> {
        self.run.as_ref()
    }

    /// Whether there is something that waits for its decision.
    pub(crate) fn waits(&self) -> bool {
        !self.pending.is_empty()
    }

    /// The time of the latest event (µs).
    pub(crate) fn touched(&self) -> i64 {
        self.last
    }

    pub(crate) fn into_run(self) -> Option<Run> {
        self.run
    }

    /// The time (µs) that the watermark must have passed for the next turn.
    pub(crate) fn next_due(&self, rule: &CorrelationRule) -> i64 {
        let pending = self.pending.first().map(|(place, _)| place.time);
        let due = match (rule.window, pending) {
            (Window::Sliding { span }, Some(first)) if rule.negated().is_some() => {
                Some(first.saturating_add(span))
            }
            (Window::Sliding { .. }, first) => first,
            (Window::Tumbling { span }, first) => first.map(|first| end_of(first, span)),
            (Window::Session { .. }, first) => match (self.session_end(rule), first) {
                (Some(end), Some(first)) => Some(first.min(end)),
                (end, first) => end.or(first),
            },
        };
        let kept = if self.run.is_some() { rule.run_gap_micros.max(rule.reach()) } else { rule.reach() };
        due.unwrap_or_else(|| self.last.saturating_add(kept))
    }

    /// When the open session is over if nothing more belongs to it.
    fn session_end(&self, rule: &CorrelationRule) -> Option<i64> {
        let Window::Session { gap, span } = rule.window else { return None };
        let (first, last) = (self.open.first()?.0.time, self.open.last()?.0.time);
        let end = last.saturating_add(gap);
        Some(span.map_or(end, |span| end.min(first.saturating_add(span))))
    }

    /// Takes the next turn, which is due at `due`. A run that was reported and is over goes to `gone`.
    pub(crate) fn turn(&mut self, due: i64, rule: &CorrelationRule, gone: &mut Vec<Run>) -> Turn {
        let has_session = matches!(rule.window, Window::Session { .. }) && !self.open.is_empty();
        if self.pending.is_empty() && !has_session {
            gone.extend(self.run.take());
            return Turn::Over;
        }
        let hit = match rule.window {
            Window::Sliding { span } if rule.negated().is_some() => self.look_ahead(span, rule, gone),
            Window::Sliding { span } => self.slide(span, rule, gone),
            Window::Tumbling { .. } => self.tumble(due, rule, gone),
            Window::Session { .. } => self.session(due, rule, gone),
        };
        match hit {
            Some(grown) => Turn::Hit(Box::new(Hit { time: due, ..grown })),
            None => Turn::Nothing,
        }
    }

    /// The stretch that ends with the next event.
    fn slide(&mut self, span: i64, rule: &CorrelationRule, gone: &mut Vec<Run>) -> Option<Hit> {
        let mut tally = self.open_tally(rule);
        let (place, item) = self.pending.pop()?;
        while let Some((old, gone)) = self.open.pop_until(place.time.saturating_sub(span).saturating_sub(1)) {
            tally.remove(old, &gone.content, rule);
        }
        tally.add(place, &item.content, rule, None);
        self.open.push(place, item);
        let holds = tally.holds(rule);
        self.tally = Some(tally);
        if !holds {
            return None;
        }
        let first = self.open.first()?.0.time;
        let after = self.taken;
        take(&mut self.run, &mut self.taken, first, self.open.after(after), rule, gone)
    }

    /// The stretch that begins with the next event. Several of one time begin the same one.
    fn look_ahead(&mut self, span: i64, rule: &CorrelationRule, gone: &mut Vec<Run>) -> Option<Hit> {
        let first = self.pending.first()?.0.time;
        let end = first.saturating_add(span);
        let mut tally = self.tally.take().unwrap_or_else(|| {
            self.ahead = None;
            Tally::default()
        });
        for (place, item) in self.pending.after(self.ahead) {
            if place.time > end {
                break;
            }
            tally.add(*place, &item.content, rule, None);
            self.ahead = Some(*place);
        }
        let mut hit = None;
        if tally.holds(rule) {
            let after = self.taken;
            let window = self.pending.within(first..=end).filter(|(place, _)| Some(**place) > after);
            hit = take(&mut self.run, &mut self.taken, first, window, rule, gone);
        }
        while let Some((place, item)) = self.pending.pop_until(first) {
            tally.remove(place, &item.content, rule);
        }
        self.tally = Some(tally);
        hit
    }

    fn tumble(&mut self, end: i64, rule: &CorrelationRule, gone: &mut Vec<Run>) -> Option<Hit> {
        let mut window = Reorder::default();
        let mut tally = Tally::default();
        while let Some((place, item)) = self.pending.pop_until(end) {
            tally.add(place, &item.content, rule, None);
            window.push(place, item);
        }
        let first = window.first()?.0.time;
        if !tally.holds(rule) {
            return None;
        }
        take(&mut self.run, &mut self.taken, first, window.after(None), rule, gone)
    }

    fn session(&mut self, due: i64, rule: &CorrelationRule, gone: &mut Vec<Run>) -> Option<Hit> {
        let mut tally = self.open_tally(rule);
        let next = self.pending.first().map(|(place, _)| place.time).filter(|time| *time <= due);
        let (asked, closed) = match next {
            Some(_) => {
                let (place, item) = self.pending.pop()?;
                tally.add(place, &item.content, rule, None);
                self.open.push(place, item);
                (rule.monotone, false)
            }
            None => (true, true),
        };
        let mut hit = None;
        if asked && tally.holds(rule) {
            let first = self.open.first()?.0.time;
            let after = self.taken;
            hit = take(&mut self.run, &mut self.taken, first, self.open.after(after), rule, gone);
        }
        if closed {
            self.open = Reorder::default();
            tally.clear();
        }
        self.tally = Some(tally);
        hit
    }

    /// The tally of the open window.
    fn open_tally(&mut self, rule: &CorrelationRule) -> Tally {
        self.tally.take().unwrap_or_else(|| {
            let mut tally = Tally::default();
            for (place, item) in self.open.after(None) {
                tally.add(*place, &item.content, rule, None);
            }
            tally
        })
    }
}

/// The last microsecond of the stretch that `time` is in.
pub(crate) fn end_of(time: i64, span: i64) -> i64 {
    time.div_euclid(span).saturating_mul(span).saturating_add(span - 1)
}

/// Puts the events of a window that the run does not have yet into the run, or begins a new one where the gap
/// between them is too long. Gives the latest event and what the run did not have; `None` where there is nothing
/// of that: then nothing happened that was not reported.
fn take<'a>(
    run: &mut Option<Run>,
    taken: &mut Option<Place>,
    window_first: i64,
    events: impl Iterator<Item = (&'a Place, &'a Item)>,
    rule: &CorrelationRule,
    gone: &mut Vec<Run>,
) -> Option<Hit> {
    if run.as_ref().is_some_and(|run| window_first.saturating_sub(run.last) > rule.run_gap_micros) {
        gone.extend(run.take());
    }
    let counted = rule.counted().map_or("", |counted| counted.name.as_str());
    let mut hit: Option<Hit> = None;
    for (place, item) in events {
        let begun = || Run { fired: true, ..Run::new(*place, item.seen, rule) };
        let run = run.get_or_insert_with(begun);
        let values: Vec<(&str, &str)> = item
            .values
            .iter()
            .map(|(name, text)| (VALUE_COLUMNS.get(usize::from(*name)).copied().unwrap_or(counted), &**text))
            .collect();
        let hit =
            hit.get_or_insert_with(|| Hit { time: place.time, event: place.id, weight: 0, grown: begun() });
        (hit.event, hit.weight) = (place.id, item.content.weight);
        for run in [Some(run), rule.referred.then_some(&mut hit.grown)].into_iter().flatten() {
            run.touched = run.touched.max(item.seen);
            run.rest_on(*place, &item.content, &values, item.absorbed.as_deref());
        }
        *taken = Some(*place);
    }
    hit
}
