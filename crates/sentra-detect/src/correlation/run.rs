use std::collections::BTreeMap;

use sentra_model::EventId;
use serde::{Deserialize, Serialize};

use super::distinct::Distinct;
use super::evidence::Evidence;
use super::members::Members;
use super::rule::CorrelationRule;
use super::tally::{Content, Entry};
use super::window::Window;
use crate::stream::Place;

/// Most runs that one group keeps; the one that ended first goes.
pub(crate) const RUNS_PER_KEY_MAX: usize = 64;

/// Events of one group between which no gap is longer than the run gap.
#[derive(Debug, Clone, Serialize, Deserialize)]
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
    /// Its events one by one, of a rule that takes over other runs or whose runs are taken over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) members: Option<Members>,
    /// The event that came last. What follows from one event follows before the next one comes, so that this is
    /// enough to know it again where nothing is taken over.
    #[serde(skip)]
    pub(crate) latest: Option<(EventId, u8)>,
}

/// What one event brings to a run.
pub(crate) struct Contribution<'a> {
    pub(crate) entry: Entry,
    /// When it arrived (µs).
    pub(crate) seen: i64,
    pub(crate) values: &'a [(&'a str, &'a str)],
    /// The run of another correlation that fires with this event: its evidence becomes ours.
    pub(crate) absorbed: Option<&'a Run>,
}

/// The runs of one group.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
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
    pub(crate) fn new(opened: Place, seen: i64, rule: &CorrelationRule) -> Self {
        Self {
            opened: opened.id,
            fired: false,
            touched: seen,
            first: opened.time,
            last: opened.time,
            total: 0,
            count: 0,
            evidence: Evidence::default(),
            values: BTreeMap::new(),
            window: Window::default(),
            members: rule.knows_members().then(Members::default),
            latest: None,
        }
    }

    fn add(&mut self, contribution: &Contribution<'_>, rule: &CorrelationRule) -> u64 {
        let Entry { place, content } = contribution.entry;
        self.touched = self.touched.max(contribution.seen);
        let is_known = if rule.nested {
            // A decision may bring it much later, after a restart too: the window is what is stored.
            rule.is_same(content.rule, content.rule) && self.window.has_event(place)
        } else {
            let latest = self.latest.filter(|(id, _)| *id == place.id);
            latest.is_some_and(|(_, part)| rule.is_same(part, content.rule))
        };
        self.rest_on(place, &content, contribution.values, contribution.absorbed);
        if self.fired || is_known {
            return 0;
        }
        let (is_enough, dropped) = self.window.add(contribution.entry, rule);
        if is_enough {
            self.fired = true;
            self.window.clear();
        }
        dropped
    }

    /// The run as others take it over. Once they have, only what is taken over again must be known one by one.
    pub(crate) fn handed_over(&mut self, rule: &CorrelationRule) -> Self {
        let run = self.clone();
        if !rule.nested {
            self.members = None;
        }
        run
    }

    /// Makes an event a part of what the run rests on.
    pub(crate) fn rest_on<'a>(
        &mut self,
        place: Place,
        content: &Content,
        values: impl IntoIterator<Item = &'a (&'a str, &'a str)>,
        absorbed: Option<&Self>,
    ) {
        match absorbed {
            Some(other) => self.absorb(other, false),
            None => self.rest_on_event(place, content.weight),
        }
        self.latest = Some((place.id, content.rule));
        self.first = self.first.min(place.time);
        self.last = self.last.max(place.time);
        for (name, text) in values {
            match self.values.get_mut(*name) {
                Some(values) => values.add(text),
                None => self.values.entry((*name).to_owned()).or_default().add(text),
            }
        }
    }

    /// An event counts once, whichever rules found it.
    fn rest_on_event(&mut self, place: Place, weight: u64) {
        if self.latest.is_some_and(|(id, _)| id == place.id) {
            return;
        }
        self.evidence.add((place.time, place.id));
        match &mut self.members {
            Some(members) => {
                members.add(place.id, weight);
                (self.total, self.count) = (members.total(), members.count());
            }
            None => {
                self.total += 1;
                self.count += weight;
            }
        }
    }

    /// Takes over what `other` rests on: `apart` says that they have no event in common.
    fn absorb(&mut self, other: &Self, apart: bool) {
        match (&mut self.members, &other.members) {
            (Some(members), Some(others)) => {
                if apart {
                    members.append(others);
                } else {
                    members.unite(others);
                }
                (self.total, self.count) = (members.total(), members.count());
            }
            _ => {
                self.total += other.total;
                self.count += other.count;
            }
        }
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

    pub(crate) fn get_mut(&mut self, opened: EventId) -> Option<&mut Run> {
        self.0.iter_mut().find(|run| run.opened == opened)
    }

    pub(crate) fn into_fired(self) -> impl Iterator<Item = Run> {
        self.0.into_iter().filter(|run| run.fired)
    }

    /// When the last event arrived (µs).
    pub(crate) fn touched(&self) -> i64 {
        self.0.iter().map(|run| run.touched).max().unwrap_or_default()
    }

    pub(crate) fn has_fired(&self) -> bool {
        self.0.iter().any(|run| run.fired)
    }

    /// How far the run that is furthest from having fired has come, of those that reach to `since` (µs).
    pub(crate) fn progress(&self, rule: &CorrelationRule, since: i64) -> u64 {
        let open = self.0.iter().filter(|run| !run.fired && run.last >= since);
        open.map(|run| run.window.progress(rule)).max().unwrap_or_default()
    }

    /// Puts an event into the run it belongs to. Runs that it connects become one.
    pub(crate) fn add(&mut self, contribution: &Contribution<'_>, rule: &CorrelationRule) -> Effect {
        let mut effect =
            Effect { fired: None, fired_now: false, gone: Vec::new(), runs_dropped: 0, entries_dropped: 0 };
        let gap = rule.run_gap_micros;
        let time = contribution.entry.place.time;
        let resting = |run: &Run| run.touched < contribution.seen.saturating_sub(gap);
        let meets = |run: &Run| time >= run.first.saturating_sub(gap) && time <= run.last.saturating_add(gap);
        let mut run: Option<Run> = None;
        for other in std::mem::take(&mut self.0) {
            if resting(&other) {
                effect.gone.extend(other.fired.then_some(other));
            } else if meets(&other) {
                run = Some(match run.take() {
                    Some(one) => joined(one, other, rule, &mut effect.gone),
                    None => other,
                });
            } else {
                self.0.push(other);
            }
        }
        let mut run = run.unwrap_or_else(|| Run::new(contribution.entry.place, contribution.seen, rule));
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
fn joined(one: Run, other: Run, rule: &CorrelationRule, gone: &mut Vec<Run>) -> Run {
    let one_stays = (!one.fired, one.opened) <= (!other.fired, other.opened);
    let (mut stays, goes) = if one_stays { (one, other) } else { (other, one) };
    stays.absorb(&goes, !rule.nested);
    if stays.fired {
        stays.window.clear();
    } else {
        stays.window.absorb(goes.window.clone());
    }
    gone.extend(goes.fired.then_some(goes));
    stays
}
