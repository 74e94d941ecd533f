//! Every type, condition and window against its definition, written as plainly as it can be: for each window
//! everything is counted from the beginning.
//!
//! `SENTRA_CASES` says how many random cases are tried.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use sentra_detect::Match;
use sentra_model::{EventId, Timestamp};

use crate::common::*;

const SPAN: i64 = 10 * SECOND;
const GAP: i64 = 4 * SECOND;
const RUN_GAP: i64 = 25 * SECOND;
const LATENESS: i64 = 20 * SECOND;
const NANOS: i128 = 1_000_000_000;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Statistic {
    Sum,
    Average,
    Median,
    Percentile(i128),
}

#[derive(Debug, Clone, Copy)]
enum Measure {
    Events,
    Values,
    /// An expression over a, b and c, as text and as what it means.
    Rules(&'static str, fn([bool; 3]) -> bool, /* something is negated */ bool),
    Sequence(&'static [&'static str]),
    Number(Statistic),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Window {
    Sliding,
    Tumbling,
    Session { capped: bool },
}

#[derive(Debug, Clone, Copy)]
struct Rule {
    measure: Measure,
    operator: &'static str,
    bound: i64,
    window: Window,
}

const EXPRESSIONS: [Measure; 11] = [
    Measure::Rules("a and b", |[a, b, _]| a && b, false),
    Measure::Rules("a and (b or c)", |[a, b, c]| a && (b || c), false),
    Measure::Rules("2 of them", |matched| matched.iter().filter(|there| **there).count() >= 2, false),
    Measure::Rules("all of them", |[a, b, c]| a && b && c, false),
    Measure::Rules("a and not b", |[a, b, _]| a && !b, true),
    Measure::Rules("not a", |[a, _, _]| !a, true),
    Measure::Rules("a and not (b or c)", |[a, b, c]| a && !(b || c), true),
    Measure::Rules("(a or b) and not c", |[a, b, c]| (a || b) && !c, true),
    Measure::Rules("a and b and not c", |[a, b, c]| a && b && !c, true),
    Measure::Rules("not (a and b)", |[a, b, _]| !(a && b), true),
    Measure::Rules("a or not 1 of them", |[a, b, c]| a || (!b && !c), true),
];

const SEQUENCES: [Measure; 3] = [
    Measure::Sequence(&["a", "b"]),
    Measure::Sequence(&["b", "c", "a"]),
    Measure::Sequence(&["a", "b", "a"]),
];

const STATISTICS: [Measure; 4] = [
    Measure::Number(Statistic::Sum),
    Measure::Number(Statistic::Average),
    Measure::Number(Statistic::Median),
    Measure::Number(Statistic::Percentile(90)),
];

impl Rule {
    fn text(&self) -> String {
        let Self { operator, bound, .. } = self;
        let body = match self.measure {
            Measure::Events => {
                format!("type: event_count, rules: [a, b], condition: {{{operator}: {bound}}}")
            }
            Measure::Values => {
                format!("type: value_count, rules: [a, b], condition: {{{operator}: {bound}, field: value}}")
            }
            Measure::Rules(text, ..) => format!("type: temporal, rules: [a, b, c], condition: {text}"),
            Measure::Sequence(rules) => format!("type: temporal_ordered, rules: [{}]", rules.join(", ")),
            Measure::Number(statistic) => {
                let (name, more) = match statistic {
                    Statistic::Sum => ("value_sum", String::new()),
                    Statistic::Average => ("value_avg", String::new()),
                    Statistic::Median => ("value_median", String::new()),
                    Statistic::Percentile(part) => ("value_percentile", format!(", percentile: {part}")),
                };
                format!("type: {name}, rules: [a, b], condition: {{{operator}: {bound}, field: value{more}}}")
            }
        };
        let window = match self.window {
            Window::Sliding => "timespan: 10s",
            Window::Tumbling => "window: tumbling, timespan: 10s",
            Window::Session { capped: false } => "window: session, gap: 4s",
            Window::Session { capped: true } => "window: session, gap: 4s, timespan: 10s",
        };
        let rules: String = ["a", "b", "c"].map(base).concat();
        rules + &correlation(&format!("{body}, group-by: [src_ip], {window}, run-gap: 25s"))
    }

    fn takes(&self, event: &Happening) -> bool {
        let of_rule = match self.measure {
            Measure::Events | Measure::Values | Measure::Number(_) => ["a", "b"].contains(&event.kind),
            Measure::Rules(..) => ["a", "b", "c"].contains(&event.kind),
            Measure::Sequence(rules) => rules.contains(&event.kind),
        };
        of_rule && !(matches!(self.measure, Measure::Number(_)) && nanos(event.value).is_none())
    }

    fn compares(&self, measure: i128, bound: i128) -> bool {
        match self.operator {
            "gte" => measure >= bound,
            "gt" => measure > bound,
            "lte" => measure <= bound,
            "lt" => measure < bound,
            "eq" => measure == bound,
            _ => measure != bound,
        }
    }

    fn holds(&self, window: &[Placed<'_>]) -> bool {
        let bound = i128::from(self.bound);
        let events = || window.iter().map(|(_, _, event)| *event);
        match self.measure {
            Measure::Events => self.compares(events().map(|event| i128::from(event.count)).sum(), bound),
            Measure::Values => {
                let values: BTreeSet<_> = events().map(|event| event.value).collect();
                self.compares(values.len() as i128, bound)
            }
            Measure::Rules(_, holds, _) => {
                holds(["a", "b", "c"].map(|rule| events().any(|event| event.kind == rule)))
            }
            Measure::Sequence(rules) => {
                let mut left = rules;
                for event in events() {
                    if left.first() == Some(&event.kind) {
                        left = &left[1..];
                    }
                }
                left.is_empty()
            }
            Measure::Number(statistic) => {
                let numbers = events()
                    .flat_map(|event| std::iter::repeat_n(nanos(event.value).unwrap(), event.count as usize));
                let mut numbers: Vec<i128> = numbers.collect();
                numbers.sort_unstable();
                let sum: i128 = numbers.iter().sum();
                match statistic {
                    Statistic::Sum => self.compares(sum, bound * NANOS),
                    Statistic::Average => self.compares(sum, bound * NANOS * numbers.len() as i128),
                    Statistic::Median => self.compares(percentile(&numbers, 50), bound * NANOS),
                    Statistic::Percentile(part) => self.compares(percentile(&numbers, part), bound * NANOS),
                }
            }
        }
    }

    /// More events can only make it true, and the window does not depend on where it began.
    fn fires_at_once(&self) -> bool {
        let grows = match self.measure {
            Measure::Events | Measure::Values => ["gte", "gt"].contains(&self.operator),
            Measure::Rules(_, _, negated) => !negated,
            Measure::Sequence(_) => true,
            Measure::Number(_) => false,
        };
        grows && self.window != Window::Session { capped: true }
    }
}

fn nanos(text: &str) -> Option<i128> {
    Some((text.parse::<f64>().ok()? * 1e9) as i128)
}

fn percentile(sorted: &[i128], part: i128) -> i128 {
    let place = (sorted.len() as i128 - 1) * part;
    let (rank, share) = ((place / 100) as usize, place % 100);
    let low = sorted[rank];
    let high = sorted.get(rank + 1).copied().unwrap_or(low);
    low + (high - low) * share / 100
}

type Placed<'a> = (i64, EventId, &'a Happening);

/// Every window of `events`, which are of one group and in order.
fn windows<'a, 'b>(rule: &Rule, events: &'b [Placed<'a>]) -> Vec<&'b [Placed<'a>]> {
    let negated = matches!(rule.measure, Measure::Rules(_, _, true));
    let all = 0..events.len();
    match rule.window {
        // The one that ends with an event.
        Window::Sliding if !rule.fires_at_once() && !negated => all
            .map(|end| {
                let first = events.iter().position(|event| events[end].0 - event.0 <= SPAN).unwrap();
                &events[first..=end]
            })
            .collect(),
        // The one that begins with an event, and with what happens at the same time.
        Window::Sliding => all
            .map(|start| {
                let first = events.iter().position(|event| event.0 == events[start].0).unwrap();
                let rest = &events[first..];
                let length = rest.iter().take_while(|event| event.0 - events[start].0 <= SPAN).count();
                &rest[..length]
            })
            .collect(),
        Window::Tumbling => {
            events.chunk_by(|one, other| one.0.div_euclid(SPAN) == other.0.div_euclid(SPAN)).collect()
        }
        Window::Session { capped: false } => events.chunk_by(|one, other| other.0 - one.0 <= GAP).collect(),
        Window::Session { capped: true } => {
            let mut sessions = Vec::new();
            let mut left = events;
            while let Some(first) = left.first() {
                let mut length = 1;
                while length < left.len()
                    && left[length].0 - left[length - 1].0 <= GAP
                    && left[length].0 - first.0 <= SPAN
                {
                    length += 1;
                }
                sessions.push(&left[..length]);
                left = &left[length..];
            }
            sessions
        }
    }
}

/// What must be found: group, events and count.
type Defined = BTreeSet<(String, Vec<EventId>, u64)>;

fn defined(rule: &Rule, happenings: &[Happening]) -> Defined {
    let mut groups: BTreeMap<&str, Vec<Placed<'_>>> = BTreeMap::new();
    for (offset, event) in happenings.iter().enumerate().filter(|(_, event)| rule.takes(event)) {
        if let Some(group) = event.group {
            groups.entry(group).or_default().push((event.time, EventId::raw(0, offset as u64), event));
        }
    }
    let mut all = Defined::new();
    for (group, mut events) in groups {
        events.sort_by_key(|(time, id, _)| (*time, *id));
        let runs: Vec<Vec<Placed<'_>>> = if rule.fires_at_once() {
            // All events without a gap, where some window among them has enough.
            let runs = events.chunk_by(|one, other| other.0 - one.0 <= RUN_GAP);
            runs.filter(|run| windows(rule, run).iter().any(|window| rule.holds(window)))
                .map(<[Placed<'_>]>::to_vec)
                .collect()
        } else {
            // The events of all windows that hold, one run as long as no gap is between them.
            let mut runs: Vec<Vec<Placed<'_>>> = Vec::new();
            for window in windows(rule, &events).into_iter().filter(|window| rule.holds(window)) {
                match runs.last_mut() {
                    Some(run) if window[0].0 - run.last().unwrap().0 <= RUN_GAP => {
                        let new = window.iter().filter(|event| !run.iter().any(|old| old.1 == event.1));
                        let new: Vec<_> = new.copied().collect();
                        run.extend(new);
                    }
                    _ => runs.push(window.to_vec()),
                }
            }
            runs
        };
        for run in runs {
            let ids = run.iter().map(|(_, id, _)| *id).collect();
            all.insert((group.to_owned(), ids, run.iter().map(|(_, _, event)| u64::from(event.count)).sum()));
        }
    }
    all
}

fn rule() -> impl Strategy<Value = Rule> {
    let measure = prop_oneof![
        Just(Measure::Events),
        Just(Measure::Values),
        prop::sample::select(EXPRESSIONS.to_vec()),
        prop::sample::select(SEQUENCES.to_vec()),
        prop::sample::select(STATISTICS.to_vec()),
    ];
    let operator = prop::sample::select(vec!["gte", "gt", "lte", "lt", "eq", "neq"]);
    let window = prop::sample::select(vec![
        Window::Sliding,
        Window::Tumbling,
        Window::Session { capped: false },
        Window::Session { capped: true },
    ]);
    (measure, operator, 1..7_i64, window).prop_map(|(measure, operator, bound, window)| Rule {
        measure,
        operator,
        bound,
        window,
    })
}

/// Events in the order of their arrival, none later than the lateness.
fn happenings() -> impl Strategy<Value = Vec<Happening>> {
    let one = (
        0..100_i64,
        // Often on the second, so that windows end exactly where events are.
        prop_oneof![3 => Just(0), 1 => -1..2_i64],
        prop::sample::select(vec!["a", "b", "c", "x"]),
        prop::sample::select(vec![Some("g"), Some("g"), Some("h"), None]),
        prop::sample::select(vec!["1", "2.5", "-3", "7", "none"]),
        1..3_u32,
        prop_oneof![Just(0), 0..=LATENESS],
    );
    let one = one.prop_map(|(seconds, micros, kind, group, value, count, delay)| {
        let time = seconds * SECOND + micros;
        (time + delay, Happening { time, kind, group, value, count })
    });
    prop::collection::vec(one, 0..70).prop_map(|mut all| {
        all.sort_by_key(|(arrival, _)| *arrival);
        all.into_iter().map(|(_, happening)| happening).collect()
    })
}

/// What the correlation found; rules that it does not refer to report for themselves.
fn correlated(found: &Found) -> impl Iterator<Item = &Match> {
    found.values().filter(|found| found.rule.id == "c")
}

fn cases() -> u32 {
    std::env::var("SENTRA_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(1_500)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), max_shrink_iters: 20_000, ..ProptestConfig::default() })]

    /// Laws TIME and IDENTITY: what is found is what is defined, in whatever order events arrive within the
    /// lateness, however they are cut, and with restarts in between.
    #[test]
    fn what_is_found_is_what_is_defined(
        rule in rule(),
        happenings in happenings(),
        cuts in prop::collection::btree_set(1..70_usize, 0..6),
    ) {
        let rules = compile(&rule.text());
        let (whole, detector) = run_to_end(&rules, LATENESS, &batches("t", &happenings, &BTreeSet::new()));
        let stats = detector.stats();
        prop_assert_eq!((stats.events_too_late, stats.window_entries_dropped), (0, 0));
        let cut = batches("t", &happenings, &cuts);
        prop_assert_eq!(&run_to_end(&rules, LATENESS, &cut).0, &whole, "cut into batches");
        prop_assert_eq!(&run_to_end_restarted(&rules, LATENESS, &cut), &whole, "restarted at every cut");

        let found: Defined = correlated(&whole)
            .map(|found| (found.group[0].1.clone(), found.evidence.clone(), found.count))
            .collect();
        let defined = defined(&rule, &happenings);
        if !rule.fires_at_once() {
            prop_assert_eq!(&found, &defined);
            prop_assert_eq!(stats.entries_waiting + detector.stats().keys, 0, "nothing is left");
            for one in correlated(&whole) {
                prop_assert_eq!(one.run, one.evidence[0]);
            }
            return Ok(());
        }
        for one in &defined {
            prop_assert!(found.contains(one), "not found: {:?}", one);
        }
        for (group, evidence, _) in &found {
            // What was reported before late events joined two runs is a part of one that is defined.
            let within = |ids: &Vec<EventId>| evidence.iter().all(|id| ids.contains(id));
            prop_assert!(defined.iter().any(|(other, ids, _)| other == group && within(ids)), "too much");
        }
    }

    /// The same for what comes in the order of time: every run is found under one name.
    #[test]
    fn in_order_nothing_more_is_found(rule in rule(), mut happenings in happenings()) {
        happenings.sort_by_key(|happening| happening.time);
        let rules = compile(&rule.text());
        let (whole, _) = run_to_end(&rules, 0, &batches("t", &happenings, &BTreeSet::new()));
        let found: Defined = correlated(&whole)
            .map(|found| (found.group[0].1.clone(), found.evidence.clone(), found.count))
            .collect();
        prop_assert_eq!(&found, &defined(&rule, &happenings));
        for one in correlated(&whole) {
            let span = (one.first, one.last);
            let of = |id: &EventId| Timestamp::from_micros(happenings[id.offset as usize].time);
            prop_assert_eq!(span, (of(&one.evidence[0]), of(one.evidence.last().unwrap())));
        }
    }
}

/// Numbers that look random and are the same in every run.
fn scattered(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut state = seed;
    move |below| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    }
}

/// A group with thousands of events is counted to the one: what the fullest window has fires, one more does not.
#[test]
fn a_hot_group_is_counted_exactly() {
    for seed in 0..6 {
        let mut random = scattered(seed);
        let distinct = [20, 200, 1_000][seed as usize % 3];
        let values: Vec<&'static str> =
            (0..distinct).map(|number| &*Box::leak(format!("v{number}").into_boxed_str())).collect();
        // About 800 events in a window, now and then a pause; up to three seconds late.
        let mut events: Vec<(i64, Happening)> = (0..3_000_i64)
            .map(|number| {
                let time = number * 12_500 + (number / 700) * 3 * SECOND + random(5_000) as i64;
                let value = values[random(distinct) as usize];
                (time + random(3_000_000) as i64, Happening { value, ..happening(time, "a") })
            })
            .collect();
        if seed % 2 == 0 {
            events.sort_by_key(|(arrival, _)| *arrival);
        }
        let events: Vec<Happening> = events.into_iter().map(|(_, event)| event).collect();
        let all = batches("t", &events, &BTreeSet::new());
        let mut placed: Vec<Placed<'_>> = events
            .iter()
            .zip(0..)
            .map(|(event, offset)| (event.time, EventId::raw(0, offset), event))
            .collect();
        placed.sort_by_key(|(time, id, _)| (*time, *id));
        for window in [Window::Sliding, Window::Tumbling, Window::Session { capped: false }] {
            for measure in [Measure::Events, Measure::Values] {
                let rule = Rule { measure, operator: "gte", bound: 1, window };
                let sizes = windows(&rule, &placed).into_iter().map(|window| match measure {
                    Measure::Values => {
                        window.iter().map(|(_, _, event)| event.value).collect::<BTreeSet<_>>().len()
                    }
                    _ => window.len(),
                });
                let fullest = sizes.max().unwrap() as i64;
                for (bound, fires) in [(fullest, true), (fullest + 1, false)] {
                    let rules = compile(&Rule { bound, ..rule }.text());
                    let found = run(&rules, &all);
                    assert_eq!(!found.is_empty(), fires, "seed {seed}: {rule:?}, {bound}");
                }
            }
        }
    }
}
