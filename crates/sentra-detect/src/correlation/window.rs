//! The events that a run which has not fired yet may need, and whether they are enough.

use serde::{Deserialize, Serialize};

use crate::stream::{Place, Reorder};

use super::by_rule::{ByRule, Span};
use super::parse::Window as Mode;
use super::rule::{CorrelationKind, CorrelationRule};
use super::tally::{Content, Entry, Tally, best, is_enough};

/// Fewest entries that a window is given.
const ENTRIES_MIN: u64 = 1_024;

/// Most entries of a window: four times what makes it fire, so that late events find their company.
pub(crate) fn entries_max(threshold: u64) -> usize {
    (threshold * 4).max(ENTRIES_MIN) as usize
}

/// Events in the order of their time. What is known of the latest window is kept up to date, so that an event
/// that arrives in order costs the same however many are there. Of a condition about rules all windows are
/// known: there it costs the same in any order.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Window {
    entries: Reorder<Content>,
    /// Rebuilt from the entries where it is missing.
    #[serde(skip)]
    tip: Option<Tip>,
    /// The same, of a condition about rules.
    #[serde(skip)]
    by_rule: Option<ByRule>,
}

/// The latest window.
#[derive(Debug, Clone)]
struct Tip {
    /// Where it begins; of a sliding one `first` says it.
    from: i64,
    /// Nothing in it is earlier than this.
    first: i64,
    last: Place,
    tally: Tally,
    /// No window of these entries has come further than this.
    peak: u64,
    /// Entries that came in between since that bound was exact.
    inserts: usize,
}

impl Tip {
    fn at(place: Place, rule: &CorrelationRule) -> Self {
        let from = match rule.window {
            Mode::Tumbling { span } => place.time.div_euclid(span).saturating_mul(span),
            Mode::Sliding { .. } | Mode::Session { .. } => place.time,
        };
        Self { from, first: place.time, last: place, tally: Tally::default(), peak: 0, inserts: 0 }
    }

    /// Whether what happened at `time`, not later than the last, is in the window.
    fn takes(&self, time: i64, rule: &CorrelationRule) -> bool {
        match rule.window {
            Mode::Sliding { span } => time >= self.last.time.saturating_sub(span),
            Mode::Tumbling { .. } | Mode::Session { .. } => time >= self.from,
        }
    }
}

impl Window {
    /// Adds an entry at its time. Gives back whether a window that it belongs to has enough now, and how many
    /// old entries had to go (law LIMIT).
    pub(crate) fn add(&mut self, mut entry: Entry, rule: &CorrelationRule) -> (bool, u64) {
        entry.place = self.entries.free(entry.place);
        if let Some(span) = Span::of(rule) {
            return self.add_by_rule(entry, span, rule);
        }
        let mut tip = match self.tip.take() {
            Some(tip) => tip,
            None => self.rebuilt(rule).unwrap_or_else(|| Tip::at(entry.place, rule)),
        };
        let is_enough = if self.entries.is_empty() || entry.place >= tip.last {
            self.append(&mut tip, entry, rule)
        } else {
            self.insert(&mut tip, entry, rule)
        };
        let mut dropped = 0;
        while self.entries.len() > entries_max(rule.threshold) {
            let Some((place, content)) = self.entries.pop() else { break };
            if tip.takes(place.time, rule) {
                tip.tally.remove(place, &content, rule);
            }
            dropped += 1;
        }
        self.tip.get_or_insert(tip);
        if self.is_stale(rule, &entry) {
            self.tip = None;
        }
        (is_enough, dropped)
    }

    fn add_by_rule(&mut self, entry: Entry, span: Span, rule: &CorrelationRule) -> (bool, u64) {
        let Entry { place, content } = entry;
        let mut by_rule = self.by_rule.take().unwrap_or_else(|| self.sorted_by_rule());
        self.entries.push(place, content);
        by_rule.add(place, content.rule);
        let is_enough = by_rule.is_enough(place, content.rule, span, rule);
        if let Some(needless) = by_rule.needless(place, content.rule, span, rule) {
            by_rule.remove(needless, content.rule);
            self.entries.remove(needless);
        }
        let mut dropped = 0;
        while self.entries.len() > entries_max(rule.threshold) {
            let last = self.entries.last().map(|(last, _)| *last);
            let Some((place, rule)) = last.and_then(|last| by_rule.least_needed(last, span)) else { break };
            by_rule.remove(place, rule);
            self.entries.remove(place);
            dropped += 1;
        }
        self.by_rule = Some(by_rule);
        (is_enough, dropped)
    }

    fn sorted_by_rule(&self) -> ByRule {
        let mut by_rule = ByRule::default();
        for (place, content) in self.entries.after(None) {
            by_rule.add(*place, content.rule);
        }
        by_rule
    }

    /// Whether the event is there at this time, whichever rule found it. What was decided in order has the
    /// time of the decision: so it may be there at other times too.
    pub(crate) fn has_event(&self, place: Place) -> bool {
        let first = Place { part: 0, ..place };
        let is_it = |(next, _): (&Place, &Content)| (next.time, next.id) == (place.time, place.id);
        self.entries.free(first) != first || self.entries.after(Some(first)).next().is_some_and(is_it)
    }

    /// Whether the latest window must be built anew because `entry` came in between.
    fn is_stale(&self, rule: &CorrelationRule, entry: &Entry) -> bool {
        let between = self.tip.as_ref().is_some_and(|tip| entry.place < tip.last);
        let joins = |tip: &Tip| entry.place.time < tip.from;
        between
            && matches!(rule.window, Mode::Session { .. })
            && (matches!(rule.kind, CorrelationKind::TemporalOrdered) || self.tip.as_ref().is_some_and(joins))
    }

    /// The latest window of the entries that are there; none of them is enough.
    fn rebuilt(&self, rule: &CorrelationRule) -> Option<Tip> {
        let mut tip = Tip::at(*self.entries.first()?.0, rule);
        for (place, content) in self.entries.after(None) {
            self.move_on(&mut tip, *place, rule);
            tip.tally.add(*place, content, rule, None);
            tip.peak = tip.peak.max(tip.tally.progress(rule));
            tip.last = *place;
        }
        Some(tip)
    }

    /// Takes out of the latest window what cannot be in one with `place`, which is later than all.
    fn move_on(&self, tip: &mut Tip, place: Place, rule: &CorrelationRule) {
        let time = place.time;
        match rule.window {
            Mode::Sliding { span } => {
                let from = time.saturating_sub(span);
                if from <= tip.first {
                    return;
                }
                let mut first = None;
                for (place, content) in self.entries.within(tip.first..=time) {
                    if place.time >= from {
                        first = Some(place.time);
                        break;
                    }
                    tip.tally.remove(*place, content, rule);
                }
                (tip.from, tip.first) = (from, first.unwrap_or(time));
            }
            Mode::Tumbling { span } => {
                let from = time.div_euclid(span).saturating_mul(span);
                if from != tip.from {
                    tip.tally.clear();
                    (tip.from, tip.first) = (from, time);
                }
            }
            Mode::Session { gap, .. } => {
                if time.saturating_sub(tip.last.time) > gap {
                    tip.tally.clear();
                    (tip.from, tip.first) = (time, time);
                }
            }
        }
    }

    fn append(&mut self, tip: &mut Tip, entry: Entry, rule: &CorrelationRule) -> bool {
        self.move_on(tip, entry.place, rule);
        let thinned = match rule.window {
            Mode::Sliding { span } | Mode::Tumbling { span } => Some(span),
            // The middle one may be what holds the session together.
            Mode::Session { .. } => None,
        };
        if let Some(needless) = tip.tally.add(entry.place, &entry.content, rule, thinned)
            && let Some(content) = self.entries.remove(needless)
        {
            tip.tally.remove(needless, &content, rule);
        }
        self.entries.push(entry.place, entry.content);
        tip.last = entry.place;
        tip.peak = tip.peak.max(tip.tally.progress(rule));
        tip.tally.holds(rule)
    }

    /// Adds an entry between others.
    fn insert(&mut self, tip: &mut Tip, entry: Entry, rule: &CorrelationRule) -> bool {
        let time = entry.place.time;
        self.entries.push(entry.place, entry.content);
        let in_latest = tip.takes(time, rule);
        if in_latest {
            tip.tally.add(entry.place, &entry.content, rule, None);
            tip.first = tip.first.min(time);
        }
        match (&rule.kind, rule.window) {
            (_, Mode::Sliding { .. }) => self.insert_counted(tip, &entry, rule),
            // A step between others changes what follows.
            (CorrelationKind::TemporalOrdered, _) => is_enough(&self.around(time, rule), rule),
            _ if in_latest => tip.tally.holds(rule),
            _ => is_enough(&self.around(time, rule), rule),
        }
    }

    /// A window that the entry belongs to grew by what the entry brings, at most: most entries cannot make
    /// any of them enough, and nothing has to be counted.
    fn insert_counted(&mut self, tip: &mut Tip, entry: &Entry, rule: &CorrelationRule) -> bool {
        tip.peak += match rule.kind {
            CorrelationKind::EventCount(_) => entry.content.weight,
            _ => 1,
        };
        tip.inserts += 1;
        if tip.peak < rule.threshold {
            return false;
        }
        // To make the bound exact costs a look at every entry: so not more often than that is little for each.
        if tip.inserts > self.entries.len() / 16 {
            let all: Vec<Entry> = self.entries.after(None).map(entry_of).collect();
            (tip.peak, tip.inserts) = (best(&all, rule), 0);
            return tip.peak >= rule.threshold;
        }
        is_enough(&self.around(entry.place.time, rule), rule)
    }

    /// The entries of all windows that one at `time` belongs to.
    fn around(&self, time: i64, rule: &CorrelationRule) -> Vec<Entry> {
        match rule.window {
            Mode::Sliding { span } => self
                .entries
                .within(time.saturating_sub(span)..=time.saturating_add(span))
                .map(entry_of)
                .collect(),
            Mode::Tumbling { span } => {
                let from = time.div_euclid(span).saturating_mul(span);
                self.entries.within(from..=from.saturating_add(span - 1)).map(entry_of).collect()
            }
            // A session has no end to look from: the scan finds its borders.
            Mode::Session { .. } => self.entries.after(None).map(entry_of).collect(),
        }
    }

    pub(crate) fn absorb(&mut self, other: Self) {
        let mut entries = other.entries;
        while let Some((place, content)) = entries.pop() {
            self.entries.push(place, content);
        }
        (self.tip, self.by_rule) = (None, None);
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// How far the latest window has come.
    pub(crate) fn progress(&self, rule: &CorrelationRule) -> u64 {
        if let Some(span) = Span::of(rule) {
            let Some((last, _)) = self.entries.last() else { return 0 };
            let progress = |by_rule: &ByRule| by_rule.progress(*last, span, rule);
            return self.by_rule.as_ref().map_or_else(|| progress(&self.sorted_by_rule()), progress);
        }
        match &self.tip {
            Some(tip) => tip.tally.progress(rule),
            None => self.rebuilt(rule).map_or(0, |tip| tip.tally.progress(rule)),
        }
    }
}

fn entry_of((place, content): (&Place, &Content)) -> Entry {
    Entry { place: *place, content: *content }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sentra_model::EventId;

    use crate::problem::ProblemSeverity;
    use crate::ruleset::{RuleSet, RuleSource};

    use super::*;

    /// A correlation over the rules `a`, `b` and `c`.
    fn rule_of(body: &str) -> CorrelationRule {
        let base = |name| {
            format!(
                "---\ntitle: {name}\nname: {name}\nlogsource: {{product: linux}}\ndetection: {{s: {{k: {name}}}, condition: s}}\n"
            )
        };
        let text = ["a", "b", "c"].map(base).concat()
            + &format!("---\ntitle: of all\nid: of-all\ncorrelation: {{{body}, group-by: [src_ip]}}\n");
        let source = RuleSource { path: "test.yml".to_owned(), text, pack: "test".to_owned() };
        let (rules, problems) = RuleSet::compile(vec![source]);
        assert!(problems.iter().all(|one| one.severity == ProblemSeverity::Warning), "{problems:?}");
        let correlation = rules.rules.iter().find_map(|rule| rule.correlation()).unwrap().clone();
        assert!(correlation.at_once);
        correlation
    }

    fn conditions() -> impl Strategy<Value = &'static str> {
        prop_oneof![
            Just("type: event_count, rules: [a, b, c], condition: {gte: 6}"),
            Just("type: value_count, rules: [a, b, c], condition: {gte: 4, field: v}"),
            Just("type: temporal, rules: [a, b, c]"),
            Just("type: temporal, rules: [a, b, c], condition: a and (b or c)"),
            Just("type: temporal_ordered, rules: [a, b]"),
            Just("type: temporal_ordered, rules: [a, b, c]"),
            Just("type: temporal_ordered, rules: [a, b, a]"),
        ]
    }

    fn windows() -> impl Strategy<Value = &'static str> {
        prop_oneof![
            Just("timespan: 9s"),
            Just("timespan: 9s, window: tumbling"),
            Just("window: session, gap: 3s"),
        ]
    }

    fn entries() -> impl Strategy<Value = Vec<Entry>> {
        // Rules that are rare and times that are far apart let many come before there is enough.
        let rule = prop_oneof![20 => Just(0_u8), 3 => Just(1_u8), 1 => Just(2_u8)];
        let one = (0..400_i64, rule, prop_oneof![8 => Just(0_u128), 1 => 1..5_u128]);
        proptest::collection::vec(one, 0..120).prop_map(|all| {
            let entry = |(offset, (seconds, rule, what)): (usize, (i64, u8, u128))| Entry {
                place: Place {
                    time: seconds * 1_000_000,
                    id: EventId::raw(0, offset as u64),
                    part: u32::from(rule) << 16,
                },
                content: Content { what, number: 0, rule, weight: 1 },
            };
            all.into_iter().enumerate().map(entry).collect()
        })
    }

    /// Law LIMIT: noise between the steps does not push the first of them out, nor does a restart.
    #[test]
    fn a_sequence_is_found_however_much_lies_between_its_steps() {
        let rule = rule_of("type: temporal_ordered, rules: [a, b, c], timespan: 10m");
        let entry = |number: u64, rule: u8| Entry {
            place: Place { time: number as i64 * 100_000, id: EventId::raw(0, number), part: 0 },
            content: Content { what: 0, number: 0, rule, weight: 1 },
        };
        for noise in [1, 2] {
            let mut kept = Window::default();
            assert_eq!(kept.add(entry(0, 0), &rule), (false, 0));
            let dropped: u64 = (1..5_000).map(|number| kept.add(entry(number, noise), &rule).1).sum();
            assert_eq!(dropped, 5_000 - ENTRIES_MIN, "what is kept is bounded");
            kept = serde_json::from_str(&serde_json::to_string(&kept).unwrap()).unwrap();
            let mut ends = [entry(5_000, 1), entry(5_001, 2)].map(|last| kept.add(last, &rule).0);
            ends.sort_unstable();
            assert_eq!(ends, [false, true], "noise of rule {noise}");
        }
        // What no window with the latest can hold goes first.
        let mut kept = Window::default();
        (0..1_000).for_each(|number| assert_eq!(kept.add(entry(number, 0), &rule), (false, 0)));
        (0..100).for_each(|number| assert!(!kept.add(entry(1_000_000 + number, 1), &rule).0));
        assert!(kept.add(entry(1_000_100, 2), &rule) == (false, 1) && kept.progress(&rule) == 3);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        /// Law TIME: whatever comes when, there is enough as soon as a look at all of it says so; also after
        /// a restart.
        #[test]
        fn there_is_enough_when_a_scan_says_so(
            condition in conditions(),
            window in windows(),
            entries in entries(),
            restart in 0..120_usize,
        ) {
            let rule = rule_of(&format!("{condition}, {window}"));
            let mut kept = Window::default();
            let mut all = Vec::new();
            for (number, entry) in entries.into_iter().enumerate() {
                if number == restart {
                    kept = serde_json::from_str(&serde_json::to_string(&kept).unwrap()).unwrap();
                }
                let mut entry = entry;
                entry.content.rule = rule.places.get(usize::from(entry.content.rule)).copied().unwrap_or(0);
                all.push(entry);
                all.sort_unstable_by_key(|entry| entry.place);
                let (enough, dropped) = kept.add(entry, &rule);
                prop_assert_eq!(enough, is_enough(&all, &rule), "after {} of {:?}", number + 1, rule.kind);
                prop_assert_eq!(dropped, 0);
                if enough {
                    break;
                }
                let fresh: Window = serde_json::from_str(&serde_json::to_string(&kept).unwrap()).unwrap();
                prop_assert_eq!(kept.progress(&rule), fresh.progress(&rule), "progress survives a restart");
            }
        }
    }
}
