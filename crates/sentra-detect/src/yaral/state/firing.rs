//! Windows that fire, matches that grow, and what is kept back.

use std::sync::Arc;

use sentra_model::EventId;
use serde::{Deserialize, Serialize};

use super::{StateKey, YaralState};
use crate::matched::Match;
use crate::yaral::gather::{Span, evaluate};
use crate::yaral::join::Record;
use crate::yaral::report::described;
use crate::yaral::rule::{Matching, Window, YaralRule};

/// Most windows that one group remembers as fired.
const EPISODES_PER_GROUP_MAX: usize = 256;

/// Fired windows of one combination of match variables that have events in common: one match, which may grow.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Episode {
    pub(crate) key: Vec<String>,
    /// The event with whose arrival it fired; in a window decided when it ended, its first.
    pub(crate) opened: EventId,
    /// From its first event to behind its last.
    pub(crate) start: i64,
    pub(crate) end: i64,
    /// The window that fired last.
    pub(crate) last: (i64, i64, Option<EventId>),
    pub(crate) suppressed: bool,
}

impl Episode {
    /// Whether an event of `time` came into the window that fired last.
    fn holds(&self, time: i64) -> bool {
        (self.last.0..self.last.1).contains(&time)
    }
}

impl YaralState {
    /// Evaluates the windows that an event of `time` came into.
    pub(super) fn fire(
        &mut self,
        rule: &YaralRule,
        matching: &Matching,
        key: &StateKey,
        at: (i64, EventId),
        row: usize,
    ) {
        let groups = self.groups.get_mut(&(key.tenant.clone(), key.rule));
        let Some(group) = groups.and_then(|groups| groups.get_mut(&key.values)) else { return };
        // The event belongs to every match whose window it came into, or what is told would depend on when it is told.
        let mut is_inside = false;
        for episode in group.episodes.iter().filter(|episode| episode.holds(at.0)) {
            is_inside = true;
            if !episode.suppressed {
                self.pending.insert((key.clone(), episode.key.clone(), episode.opened), row);
            }
        }
        // Within a window that fired nothing new can fire that does not belong to it.
        let whole = matches!(matching.window, Window::Hop | Window::Tumbling) && key_is_whole(rule, matching);
        if is_inside && whole {
            for episode in group.episodes.iter_mut().filter(|episode| episode.holds(at.0)) {
                episode.start = episode.start.min(at.0);
                episode.end = episode.end.max(at.0.saturating_add(1));
            }
            return;
        }
        let Some(group) = self.group(key) else { return };
        for span in matching.around(&group.records, at.0) {
            self.decide(rule, matching, key, span, Some((at.1, row)));
        }
    }

    /// Evaluates one window; what it finds begins an episode or goes on with one.
    pub(super) fn decide(
        &mut self,
        rule: &YaralRule,
        matching: &Matching,
        key: &StateKey,
        span: Span,
        arrived: Option<(EventId, usize)>,
    ) {
        let Some(group) = self.group(key) else { return };
        let inside: Vec<&Record> = group.inside(span);
        let (detections, cut) = evaluate(rule, &inside, span);
        let found: Vec<(Vec<String>, EventId)> = detections
            .into_iter()
            .filter_map(|detection| {
                let first = detection.records.first()?.id;
                let opened = span.pivot.or(arrived.map(|(id, _)| id)).unwrap_or(first);
                Some((detection.key, opened))
            })
            .collect();
        self.stats.windows_cut += u64::from(cut);
        let row = arrived.map_or(Match::NO_ROW, |(_, row)| row);
        for (values, opened) in found {
            self.fired(rule, matching, key, span, (values, opened), row);
        }
    }

    fn fired(
        &mut self,
        rule: &YaralRule,
        matching: &Matching,
        key: &StateKey,
        span: Span,
        (values, opened): (Vec<String>, EventId),
        row: usize,
    ) {
        let last = (span.start, span.end, span.pivot);
        // From its first event to its last: windows are one match when they have an event in common.
        let Some(group) = self.group(key) else { return };
        let times: Vec<i64> = group.inside(span).iter().map(|record| record.time).collect();
        let (Some(first), Some(end)) =
            (times.first().copied(), times.last().map(|time| time.saturating_add(1)))
        else {
            return;
        };
        let goes_on = |episode: &Episode| {
            episode.key == values
                && match matching.window {
                    Window::Hop => first < episode.end && episode.start < end,
                    Window::Tumbling => episode.last.0 == span.start,
                    Window::After(_) | Window::Before(_) => episode.last.2 == last.2,
                }
        };
        let groups = self.groups.get_mut(&(key.tenant.clone(), key.rule));
        let Some(group) = groups.and_then(|groups| groups.get_mut(&key.values)) else { return };
        if let Some(episode) = group.episodes.iter_mut().find(|episode| goes_on(episode)) {
            episode.start = episode.start.min(first);
            episode.end = episode.end.max(end);
            episode.last = last;
            if !episode.suppressed {
                self.pending.insert((key.clone(), values, episode.opened), row);
            }
            return;
        }
        let suppression = StateKey { suppression: true, values: values.clone(), ..key.clone() };
        let suppressed = self.is_suppressed(rule, suppression, span.start);
        let episode = Episode { key: values.clone(), opened, start: first, end, last, suppressed };
        let groups = self.groups.get_mut(&(key.tenant.clone(), key.rule));
        let Some(group) = groups.and_then(|groups| groups.get_mut(&key.values)) else { return };
        group.episodes.push(episode);
        if group.episodes.len() > EPISODES_PER_GROUP_MAX {
            group.episodes.remove(0);
            self.stats.episodes_dropped += 1;
        }
        if !suppressed {
            self.pending.insert((key.clone(), values, opened), row);
        }
    }

    /// Whether a match of this key and time is kept back; if not, the next of the same suppression window is.
    pub(super) fn is_suppressed(&mut self, rule: &YaralRule, key: StateKey, time: i64) -> bool {
        let Some(length) = rule.suppression else { return false };
        let window = time.div_euclid(length);
        if self.suppressed.get(&key) == Some(&window) {
            self.stats.suppressed += 1;
            return true;
        }
        if self.suppressed.len() >= self.limits.groups_per_rule_max && !self.suppressed.contains_key(&key) {
            self.forget_suppressed();
        }
        self.changed.insert(key.clone());
        self.suppressed.insert(key, window);
        false
    }

    /// Makes room: suppression windows that are over go; where none is, one that is not, and it is counted.
    fn forget_suppressed(&mut self) {
        let over = |key: &StateKey, window: i64| {
            let length = self.rules.rules.get(key.rule).and_then(|rule| rule.suppression).unwrap_or(1);
            let watermark = self.watermarks.get(&key.tenant).copied().unwrap_or(i64::MIN);
            window.saturating_add(1).saturating_mul(length) <= watermark
        };
        let entries = self.suppressed.iter();
        let mut gone: Vec<StateKey> =
            entries.filter(|(key, window)| over(key, **window)).map(|(key, _)| key.clone()).collect();
        if gone.is_empty() {
            self.stats.suppressions_dropped += 1;
            gone.extend(self.suppressed.first_key_value().map(|(key, _)| key.clone()));
        }
        for key in gone {
            self.suppressed.remove(&key);
            self.changed.insert(key);
        }
    }

    /// Turns what is pending (of one group, or all) into matches.
    pub(super) fn tell(&mut self, only: Option<&StateKey>) {
        let pending = std::mem::take(&mut self.pending);
        let rules = Arc::clone(&self.rules);
        for ((key, values, opened), row) in pending {
            if only.is_some_and(|only| *only != key) {
                self.pending.insert((key, values, opened), row);
                continue;
            }
            let Some(rule) = rules.rules.get(key.rule) else { continue };
            let Some(group) = self.group(&key) else { continue };
            let episode =
                group.episodes.iter().find(|episode| episode.key == values && episode.opened == opened);
            let Some((start, end, pivot)) = episode.map(|episode| episode.last) else { continue };
            let span = Span { start, end, pivot };
            let (detections, _) = evaluate(rule, &group.inside(span), span);
            if let Some(detection) = detections.iter().find(|detection| detection.key == values) {
                let found = described(rule, &key.tenant, detection, opened, row);
                self.ready.push(found);
            }
        }
    }
}

/// Whether the common values of a group are those of the match variables: then it has one combination of them.
fn key_is_whole(rule: &YaralRule, matching: &Matching) -> bool {
    rule.variables.first().is_some_and(|variable| variable.keys.len() >= matching.variables.len())
}
