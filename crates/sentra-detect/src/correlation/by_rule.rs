//! Where the events of a run stand, by the rule that found them: what a condition about rules asks.
//!
//! Only windows with the event that comes can become enough. Whether one did is a question about the nearest
//! events of the other rules: it costs the same however many there are, and in whichever order they come.

use std::collections::BTreeSet;

use crate::stream::Place;

use super::condition::Formula;
use super::parse::Window as Mode;
use super::rule::{CorrelationKind, CorrelationRule};

/// Places by the rule's place in the correlation's list.
#[derive(Debug, Clone, Default)]
pub(crate) struct ByRule(Vec<BTreeSet<Place>>);

/// How long windows are, and where they may begin.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Span {
    /// Anywhere; as many microseconds lie between the first and the last event.
    Sliding(i64),
    /// One after the other.
    Tumbling(i64),
}

impl Span {
    /// `None` where the condition is not about rules, or events and not time alone say where a window ends.
    pub(crate) fn of(rule: &CorrelationRule) -> Option<Self> {
        match (&rule.kind, rule.window) {
            (CorrelationKind::EventCount(_) | CorrelationKind::ValueCount { .. }, _)
            | (CorrelationKind::Number { .. }, _)
            | (_, Mode::Session { .. }) => None,
            (_, Mode::Sliding { span }) => Some(Self::Sliding(span)),
            (_, Mode::Tumbling { span }) => Some(Self::Tumbling(span)),
        }
    }

    /// Whether some window holds both times.
    fn holds(self, from: i64, to: i64) -> bool {
        match self {
            Self::Sliding(span) => to.saturating_sub(from) <= span,
            Self::Tumbling(span) => from.div_euclid(span) == to.div_euclid(span),
        }
    }
}

impl ByRule {
    pub(crate) fn add(&mut self, place: Place, rule: u8) {
        let rule = usize::from(rule);
        if self.0.len() <= rule {
            self.0.resize_with(rule + 1, BTreeSet::new);
        }
        if let Some(places) = self.0.get_mut(rule) {
            places.insert(place);
        }
    }

    pub(crate) fn remove(&mut self, place: Place, rule: u8) {
        if let Some(places) = self.0.get_mut(usize::from(rule)) {
            places.remove(&place);
        }
    }

    /// The latest of a rule before `place`.
    fn before(&self, place: Place, rule: u8) -> Option<Place> {
        self.0.get(usize::from(rule))?.range(..place).next_back().copied()
    }

    /// The earliest of a rule after `place`.
    fn after(&self, place: Place, rule: u8) -> Option<Place> {
        use std::ops::Bound::{Excluded, Unbounded};
        self.0.get(usize::from(rule))?.range((Excluded(place), Unbounded)).next().copied()
    }

    /// Whether a window with what `rule` found at `place` has enough.
    pub(crate) fn is_enough(&self, place: Place, rule: u8, span: Span, of: &CorrelationRule) -> bool {
        match &of.kind {
            CorrelationKind::Temporal(formula) => self.holds(formula, place, span),
            _ => self.completes(place, rule, span, of),
        }
    }

    /// Whether all that the formula asks for is in one window with `place`.
    fn holds(&self, formula: &Formula, place: Place, span: Span) -> bool {
        let nearest = |places: &BTreeSet<Place>| {
            let before = places.range(..=place).next_back().map(|place| place.time);
            let after = places.range(place..).next().map(|place| place.time);
            (before, after)
        };
        let nearest: Vec<(Option<i64>, Option<i64>)> = self.0.iter().map(nearest).collect();
        // What is earlier than `begin` is left out.
        let holds_from = |begin: i64| {
            formula.holds(&mut |rule| {
                let Some((before, after)) = nearest.get(usize::from(*rule)) else { return false };
                before.is_some_and(|before| before >= begin && span.holds(before, place.time))
                    || after.is_some_and(|after| span.holds(begin, after))
            })
        };
        // A window reaches furthest when it begins with the first one that it needs.
        let begins = nearest.iter().filter_map(|(before, _)| *before);
        let mut begins = begins.filter(|begin| span.holds(*begin, place.time));
        begins.any(holds_from)
    }

    /// Whether what `rule` found at `place` is a step of a sequence that is complete within one window.
    fn completes(&self, place: Place, rule: u8, span: Span, of: &CorrelationRule) -> bool {
        let mut steps = of.places.iter().enumerate().filter(|(_, at)| **at == rule);
        steps.any(|(step, _)| {
            let (before, from) = of.places.split_at(step);
            // The latest start of one that leads here, and the earliest end of one that goes on from here.
            let first = before.iter().rev().try_fold(place, |next, rule| self.before(next, *rule));
            let last = from.iter().skip(1).try_fold(place, |last, rule| self.after(last, *rule));
            first.zip(last).is_some_and(|(first, last)| span.holds(first.time, last.time))
        })
    }

    /// One that is not needed now that there is one of `rule` at `place`: the middle one of three within one
    /// window, because a window that holds it also holds one of the others. Of a sequence all are needed.
    pub(crate) fn needless(&self, place: Place, rule: u8, span: Span, of: &CorrelationRule) -> Option<Place> {
        if matches!(of.kind, CorrelationKind::TemporalOrdered) {
            return None;
        }
        let (before, after) = (self.before(place, rule), self.after(place, rule));
        let first = before.and_then(|before| self.before(before, rule));
        let last = after.and_then(|after| self.after(after, rule));
        let threes = [(before, Some(place), after), (first, before, Some(place)), (Some(place), after, last)];
        threes.into_iter().find_map(|(from, middle, to)| {
            let (from, to) = from.zip(to)?;
            middle.filter(|_| span.holds(from.time, to.time))
        })
    }

    /// Law LIMIT: which one goes when there are too many, and the place of its rule. One too early for a window with
    /// `last`, the latest of all; else, of the rule that has the most, the second: the first may be the step of a
    /// sequence that goes on, or the only one of its window.
    pub(crate) fn least_needed(&self, last: Place, span: Span) -> Option<(Place, u8)> {
        let rules = || (0_u8..).zip(&self.0);
        let earliest = rules().filter_map(|(rule, places)| Some((*places.first()?, rule))).min()?;
        if !span.holds(earliest.0.time, last.time) {
            return Some(earliest);
        }
        let (rule, most) = rules().max_by_key(|(_, places)| places.len())?;
        most.iter().nth(1).map(|place| (*place, rule)).or(Some(earliest))
    }

    /// How far it has come: how many rules there are in the window that ends with `last`, the latest of all, or how
    /// many steps there are one after the other.
    pub(crate) fn progress(&self, last: Place, span: Span, of: &CorrelationRule) -> u64 {
        let is_in = |place: Place| span.holds(place.time, last.time);
        if matches!(of.kind, CorrelationKind::Temporal(_)) {
            let is_there = |places: &&BTreeSet<Place>| places.last().copied().is_some_and(is_in);
            return self.0.iter().filter(is_there).count() as u64;
        }
        let begin = match span {
            Span::Sliding(_) => i64::MIN,
            Span::Tumbling(span) => last.time.div_euclid(span).saturating_mul(span),
        };
        let first = |rule: u8| self.0.get(usize::from(rule))?.range(Place::first_of(begin)..).next().copied();
        let mut at: Option<Place> = None;
        let mut is_next = |rule: &&u8| {
            at = at.map_or_else(|| first(**rule), |place| self.after(place, **rule));
            at.is_some()
        };
        of.places.iter().take_while(|rule| is_next(rule)).count() as u64
    }
}
