use std::collections::BTreeMap;

use sentra_model::EventId;
use serde::{Deserialize, Serialize};

use super::distinct::Distinct;
use super::evidence::{Evidence, Moment};
use super::rule::CorrelationRule;
use super::window::{Entry, Window};

/// Most runs that one group keeps; the one that ended first goes.
pub(crate) const RUNS_PER_KEY_MAX: usize = 64;

/// Events of one group between which no gap is longer than the run gap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Run {
    /// The first event to arrive: the run's identity.
    pub(crate) opened: EventId,
    pub(crate) fired: bool,
    /// When the last event arrived (µs).
    pub(crate) touched: i64,
    /// Earliest and latest event time (µs).
    pub(crate) first: i64,
    pub(crate) last: i64,
    /// Events, and the happenings they stand for.
    pub(crate) total: u64,
    pub(crate) count: u64,
    pub(crate) evidence: Evidence,
    pub(crate) values: BTreeMap<String, Distinct>,
    pub(crate) window: Window,
}

/// What one event brings to a run.
pub(crate) struct Contribution<'a> {
    pub(crate) event: Moment,
    /// When it arrived (µs).
    pub(crate) seen: i64,
    pub(crate) what: u64,
    pub(crate) weight: u64,
    pub(crate) values: Vec<(&'a str, &'a str)>,
    /// The run of another correlation that fires with this event: its evidence becomes ours.
    pub(crate) absorbed: Option<&'a Run>,
}

/// The runs of one group.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Runs(Vec<Run>);

/// What an event did to a group.
pub(crate) struct Effect {
    /// The run it belongs to, when that has fired.
    pub(crate) fired: Option<EventId>,
    /// It fired with this event.
    pub(crate) fired_now: bool,
    /// Runs that had fired and are not there any more under their own name.
    pub(crate) gone: Vec<Run>,
    /// Runs and entries of windows that had to go (law LIMIT).
    pub(crate) runs_dropped: u64,
    pub(crate) entries_dropped: u64,
}

impl Run {
    fn new(contribution: &Contribution<'_>) -> Self {
        let (time, id) = contribution.event;
        Self {
            opened: id,
            fired: false,
            touched: contribution.seen,
            first: time,
            last: time,
            total: 0,
            count: 0,
            evidence: Evidence::default(),
            values: BTreeMap::new(),
            window: Window::default(),
        }
    }

    fn add(&mut self, contribution: &Contribution<'_>, rule: &CorrelationRule) -> u64 {
        let (time, id) = contribution.event;
        match contribution.absorbed {
            Some(other) => self.absorb(other),
            None => {
                self.total += 1;
                self.count += contribution.weight;
                self.evidence.add(contribution.event);
            }
        }
        self.first = self.first.min(time);
        self.last = self.last.max(time);
        self.touched = self.touched.max(contribution.seen);
        for (name, text) in &contribution.values {
            match self.values.get_mut(*name) {
                Some(values) => values.add(text),
                None => self.values.entry((*name).to_owned()).or_default().add(text),
            }
        }
        if self.fired {
            return 0;
        }
        let entry = Entry { time, id, what: contribution.what, weight: contribution.weight };
        let dropped = self.window.add(entry, rule);
        if self.window.is_enough(time, rule) {
            self.fired = true;
            self.window.clear();
        }
        dropped
    }

    /// Takes over what `other` rests on.
    fn absorb(&mut self, other: &Self) {
        self.total += other.total;
        self.count += other.count;
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.touched = self.touched.max(other.touched);
        self.evidence.absorb(&other.evidence);
        for (name, values) in &other.values {
            self.values.entry(name.clone()).or_default().absorb(values);
        }
    }
}

impl Runs {
    pub(crate) fn get(&self, opened: EventId) -> Option<&Run> {
        self.0.iter().find(|run| run.opened == opened)
    }

    pub(crate) fn into_fired(self) -> impl Iterator<Item = Run> {
        self.0.into_iter().filter(|run| run.fired)
    }

    /// Whether all runs rest since before `seen` (µs, arrival).
    pub(crate) fn rest_since(&self, seen: i64) -> bool {
        self.0.iter().all(|run| run.touched < seen)
    }

    pub(crate) fn touched(&self) -> i64 {
        self.0.iter().map(|run| run.touched).max().unwrap_or_default()
    }

    pub(crate) fn has_fired(&self) -> bool {
        self.0.iter().any(|run| run.fired)
    }

    /// Half of what makes it fire, or more.
    pub(crate) fn is_near(&self, threshold: u64) -> bool {
        self.0.iter().any(|run| !run.fired && run.window.weight().saturating_mul(2) >= threshold)
    }

    /// Puts an event into the run it belongs to. Runs that it connects become one.
    pub(crate) fn add(&mut self, contribution: &Contribution<'_>, rule: &CorrelationRule) -> Effect {
        let mut effect =
            Effect { fired: None, fired_now: false, gone: Vec::new(), runs_dropped: 0, entries_dropped: 0 };
        let gap = rule.run_gap_micros;
        let (time, _) = contribution.event;
        let resting = |run: &Run| run.touched < contribution.seen.saturating_sub(gap);
        let meets = |run: &Run| time >= run.first.saturating_sub(gap) && time <= run.last.saturating_add(gap);
        let mut run: Option<Run> = None;
        for other in std::mem::take(&mut self.0) {
            if resting(&other) {
                effect.gone.extend(other.fired.then_some(other));
            } else if meets(&other) {
                run = Some(match run.take() {
                    Some(one) => joined(one, other, &mut effect.gone),
                    None => other,
                });
            } else {
                self.0.push(other);
            }
        }
        let mut run = run.unwrap_or_else(|| Run::new(contribution));
        let had_fired = run.fired;
        effect.entries_dropped = run.add(contribution, rule);
        effect.fired = run.fired.then_some(run.opened);
        effect.fired_now = run.fired && !had_fired;
        if self.0.len() >= RUNS_PER_KEY_MAX {
            let oldest = self.0.iter().enumerate().min_by_key(|(_, run)| (run.last, run.opened));
            if let Some(index) = oldest.map(|(index, _)| index) {
                let dropped = self.0.remove(index);
                effect.gone.extend(dropped.fired.then_some(dropped));
                effect.runs_dropped += 1;
            }
        }
        self.0.push(run);
        effect
    }
}

/// Two runs that an event connects. A run that was reported keeps its name; of two, the older one does.
fn joined(one: Run, other: Run, gone: &mut Vec<Run>) -> Run {
    let one_stays = (!one.fired, one.opened) <= (!other.fired, other.opened);
    let (mut stays, goes) = if one_stays { (one, other) } else { (other, one) };
    stays.absorb(&goes);
    if stays.fired {
        stays.window.clear();
    } else {
        stays.window.absorb(goes.window.clone());
    }
    gone.extend(goes.fired.then_some(goes));
    stays
}
