//! What was understood → KQL.

use super::kinds::{Filter, Kind, Side};
use super::measure::{LIST_ROWS, Measure, Value};
use super::similar::Reference;
use super::subject::{Subject, Table};
use crate::BusinessHours;
use crate::lexicon::Column;
use crate::quote::{moment, quoted, span};
use crate::time::{Bound, Period, Recurring, Unit};
use sentra_model::Timestamp;

/// Everything that one question comes to.
#[derive(Debug, Clone)]
pub(super) struct Meaning {
    pub(super) subject: Subject,
    pub(super) filters: Vec<Filter>,
    pub(super) periods: Vec<Period>,
    /// With the place of their word, so that conditions come in the order of the question.
    pub(super) recurring: Vec<(usize, Recurring)>,
    pub(super) measure: Measure,
    pub(super) similar: Option<Reference>,
}

/// What the conditions are relative to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Setting {
    pub(super) hours: BusinessHours,
    /// Microseconds that local time is ahead of UTC.
    pub(super) ahead: i64,
    pub(super) now: Timestamp,
}

impl Meaning {
    /// The whole pipeline.
    pub(super) fn kql(&self, setting: Setting) -> String {
        if let Some(id) = self.event() {
            return format!("event({})", quoted(id));
        }
        self.steps(self.table().name(), setting)
    }

    /// The pipeline with `source` in place of the table.
    pub(super) fn steps(&self, source: &str, setting: Setting) -> String {
        let mut steps = vec![source.to_owned()];
        if let Some(reference) = &self.similar {
            steps.push(format!("where {}", reference.condition()));
        }
        steps.extend(self.when());
        steps.extend(self.wheres(setting));
        steps.extend(self.compared());
        steps.extend(self.computed(setting));
        steps.join(" | ")
    }

    /// The event that is asked for by its id.
    pub(super) fn event(&self) -> Option<&str> {
        match self.filters.as_slice() {
            [Filter { kind: Kind::Event(id), negated: false, .. }] if !self.measure.is_computed() => Some(id),
            _ => None,
        }
    }

    pub(super) fn table(&self) -> Table {
        if let Some(reference) = &self.similar {
            return reference.table();
        }
        let by_id = self.filters.iter().find_map(|filter| match filter.kind {
            Kind::Incident(_) => Some(Table::Incidents),
            Kind::Signal(_) => Some(Table::Signals),
            _ => None,
        });
        // "signals with T1059": events have no techniques.
        let technique =
            self.filters.iter().any(|filter| matches!(filter.kind, Kind::Technique(_) | Kind::Rule(_)));
        let table = by_id.unwrap_or(self.subject.table);
        if technique && table == Table::Events { Table::Signals } else { table }
    }

    fn when(&self) -> Option<String> {
        let column = self.table().time();
        let mut texts: Vec<String> = self.periods.iter().map(|period| bounds(period, column)).collect();
        match texts.len() {
            0 => None,
            1 => texts.pop().filter(|text| !text.is_empty()).map(|text| format!("where {text}")),
            _ => Some(format!("where ({})", texts.join(") or ("))),
        }
    }

    fn wheres(&self, setting: Setting) -> Option<String> {
        let mut conditions: Vec<(usize, String)> =
            self.subject.conditions.iter().map(|condition| (0, condition.clone())).collect();
        // Alternatives are one condition, and are negated as a whole.
        let mut placed: Vec<(&Filter, Vec<String>)> = Vec::new();
        for filter in &self.filters {
            let condition = self.condition(filter);
            match placed.last_mut().filter(|_| filter.or_before) {
                Some((_, any)) => any.push(condition),
                None => placed.push((filter, vec![condition])),
            }
        }
        let mut texts: Vec<(usize, String)> =
            placed.iter().map(|(filter, any)| (filter.at, alternatives(any, filter.negated))).collect();
        texts.extend(
            self.recurring.iter().map(|(at, recurring)| (*at, hours(*recurring, self.table(), setting))),
        );
        texts.sort_by_key(|(at, _)| *at);
        conditions.extend(texts);
        let texts: Vec<String> = conditions.into_iter().map(|(_, text)| text).collect();
        (!texts.is_empty()).then(|| format!("where {}", texts.join(" and ")))
    }

    /// The condition of one name, not negated.
    fn condition(&self, filter: &Filter) -> String {
        if !self.table().is_events() {
            return finding_condition(&filter.kind);
        }
        let is_login = self.subject.is_login;
        match &filter.kind {
            Kind::Agent(name) if self.subject.has_code => format!("user =~ {}", quoted(name)),
            Kind::Agent(name) => {
                let host = host(name);
                let host = host.strip_prefix('(').and_then(|host| host.strip_suffix(')')).unwrap_or(&host);
                format!("(user =~ {} or {host})", quoted(name))
            }
            Kind::Either(name) => {
                let host = host(name);
                let host = host.strip_prefix('(').and_then(|host| host.strip_suffix(')')).unwrap_or(&host);
                format!("(user =~ {} or {host})", quoted(name))
            }
            Kind::Actor(name) => format!("user =~ {}", quoted(name)),
            Kind::Person(name) if self.subject.has_target || self.is_about_a_person() => {
                let name = quoted(name);
                format!("(user =~ {name} or target_user =~ {name})")
            }
            Kind::Person(name) => format!("user =~ {}", quoted(name)),
            // Whom a mail is for is in no column.
            Kind::Host(name)
                if self.subject.conditions.iter().any(|condition| condition == "class == 4009") =>
            {
                format!("raw has {}", quoted(name))
            }
            Kind::Host(name) => host(name),
            // One machine saw it; the other one is somewhere in what it said.
            Kind::Origin(name) if is_login || self.has_host() => format!("raw has {}", quoted(name)),
            Kind::Origin(name) => host(name),
            Kind::Address { value, side } => {
                sided(self.other_end(*side), |column| format!("{column} == {}", quoted(value)), "ip")
            }
            Kind::Range { value, side } => {
                let function = if value.contains(':') { "ipv6_is_in_range" } else { "ipv4_is_in_range" };
                sided(*side, |column| format!("{function}({column}, {})", quoted(value)), "ip")
            }
            Kind::Domain(name) => {
                format!("(domain =~ {} or domain endswith {})", quoted(name), quoted(&format!(".{name}")))
            }
            Kind::Mail(name) => format!("user =~ {}", quoted(name)),
            Kind::Program(name)
                if self.subject.conditions.iter().any(|condition| condition == "class == 1001") =>
            {
                format!("file contains {}", quoted(name))
            }
            Kind::Program(name) => format!("(process has {0} or command has {0})", quoted(name)),
            Kind::File(name) => format!("file contains {}", quoted(name)),
            Kind::Anywhere(text) => format!("raw has {}", quoted(text)),
            Kind::Phrase(text) => format!("raw contains {}", quoted(text)),
            Kind::Port { number, side } => sided(*side, |column| format!("{column} == {number}"), "port"),
            Kind::EventNumber(number) => format!("EventID == {number}"),
            Kind::Code(code) => format!("code == {}", quoted(code)),
            Kind::App(name) => format!("app =~ {}", quoted(name)),
            Kind::Field { name, value } => field(name, value),
            Kind::Technique(text) | Kind::Rule(text) | Kind::Signal(text) | Kind::Incident(text) => {
                format!("raw has {}", quoted(text))
            }
            Kind::Event(id) => format!("id == {}", quoted(id)),
        }
    }

    fn has_host(&self) -> bool {
        self.filters.iter().any(|filter| matches!(filter.kind, Kind::Host(_)))
    }

    /// "destinations of 10.0.0.8" are what it went to.
    fn other_end(&self, side: Side) -> Side {
        let groups = |name: &str| self.measure.groups.iter().any(|column| column.name == name);
        match side {
            Side::Either if groups("dst_ip") => Side::From,
            Side::Either if groups("src_ip") => Side::To,
            side => side,
        }
    }

    /// "everything about alice": nothing but the person is named.
    fn is_about_a_person(&self) -> bool {
        self.subject.conditions.is_empty()
            && self.measure.groups.is_empty()
            && !matches!(self.subject.table, Table::Mart(_))
    }

    fn compared(&self) -> Option<String> {
        let [first, second] = self.periods.as_slice() else { return None };
        let column = self.table().time();
        let (later, earlier) =
            if starts(first) >= starts(second) { (first, second) } else { (second, first) };
        let from = match later.from? {
            Bound::At(from) => format!("{column} >= {}", moment(from)),
            Bound::Ago(micros) => format!("{column} > ago({})", span(micros)),
        };
        Some(format!("extend period = iff({from}, {}, {})", quoted(&later.label), quoted(&earlier.label)))
    }

    fn computed(&self, setting: Setting) -> Vec<String> {
        let measure = &self.measure;
        let time = self.table().time();
        let keys = self.keys(setting);
        let is_listed = !measure.is_computed();
        if is_listed {
            let rows = measure.rows.unwrap_or(LIST_ROWS);
            if self.similar.is_some() && measure.rows.is_none() {
                return Vec::new();
            }
            let order = if measure.oldest_first { "asc" } else { "desc" };
            return vec![format!("sort by {time} {order}"), format!("take {rows}")];
        }
        let (name, value) = self.value(time);
        if keys.is_empty() {
            return vec![match measure.value {
                Value::Rows | Value::Count => "count".to_owned(),
                _ => format!("summarize {name} = {value}"),
            }];
        }
        let mut steps = vec![format!("summarize {name} = {value} by {}", keys.join(", "))];
        if let Some((operator, count)) = measure.having {
            steps.push(format!("where {name} {operator} {count}"));
        }
        let is_over_time = measure.bucket.is_some() || measure.chart;
        match measure.top {
            Some((rows, largest)) => {
                steps.push(format!("top {rows} by {name} {}", if largest { "desc" } else { "asc" }));
            }
            None if is_over_time => steps.push(format!("sort by {} asc", self.bucket_name(setting))),
            None if measure.compare => {}
            None => steps.push(format!("sort by {name} desc")),
        }
        if measure.chart {
            steps.push("render timechart".to_owned());
        }
        steps
    }

    /// What is computed: what it is called, and how.
    fn value(&self, time: &str) -> (&'static str, String) {
        match self.measure.value {
            Value::Rows | Value::Count => ("total", "count()".to_owned()),
            Value::Distinct(column) => (column.many, format!("dcount({})", self.column(column))),
            Value::First => ("first", format!("min({time})")),
            Value::Last => ("last", format!("max({time})")),
            Value::Sum(number) => ("total", format!("sum(tolong({}))", number.field)),
            Value::Average(number) => ("average", format!("avg(tolong({}))", number.field)),
            Value::Largest(number) => ("largest", format!("max(tolong({}))", number.field)),
            Value::Smallest(number) => ("smallest", format!("min(tolong({}))", number.field)),
        }
    }

    /// Whom it was done to, where that is what "users" means.
    fn column(&self, column: &'static Column) -> &'static str {
        let is_target = column.name == "user" && self.subject.has_target && !self.measure.by_actor;
        if is_target { "target_user" } else { column.name }
    }

    fn keys(&self, setting: Setting) -> Vec<String> {
        let mut keys: Vec<String> = Vec::new();
        if self.measure.compare && self.periods.len() == 2 {
            keys.push("period".to_owned());
        }
        keys.extend(self.measure.groups.iter().map(|column| self.column(column).to_owned()));
        if let Some(unit) = self.bucket_unit(setting) {
            let time = self.table().time();
            keys.push(match unit {
                Unit::Month => format!("month = startofmonth({time})"),
                Unit::Year => format!("year = startofyear({time})"),
                Unit::Quarter => format!("bin({time}, 91d)"),
                unit => format!("bin({time}, {})", span(unit.micros().unwrap_or(86_400_000_000))),
            });
        }
        keys
    }

    fn bucket_name(&self, setting: Setting) -> &'static str {
        match self.bucket_unit(setting) {
            Some(Unit::Month) => "month",
            Some(Unit::Year) => "year",
            _ => self.table().time(),
        }
    }

    /// The bucket that was asked for, or one that gives a picture some ten to a hundred points.
    fn bucket_unit(&self, setting: Setting) -> Option<Unit> {
        if self.measure.bucket.is_some() || !self.measure.chart {
            return self.measure.bucket;
        }
        const DAY: i64 = 86_400_000_000;
        let length = self.periods.first().and_then(|period| period.length(setting.now));
        Some(match length {
            Some(length) if length <= 7_200_000_000 => Unit::Minute,
            Some(length) if length <= 2 * DAY => Unit::Hour,
            Some(length) if length > 100 * DAY => Unit::Week,
            _ => Unit::Day,
        })
    }
}

/// Alternatives joined by `or`, in brackets where they need them.
fn alternatives(any: &[String], negated: bool) -> String {
    match (any, negated) {
        ([one], false) => one.clone(),
        ([one], true) => match one.strip_prefix('(').and_then(|one| one.strip_suffix(')')) {
            Some(bare) if !bare.contains('(') => format!("not({bare})"),
            _ => format!("not({one})"),
        },
        (any, false) => format!("({})", any.join(" or ")),
        (any, true) => format!("not({})", any.join(" or ")),
    }
}

/// Signals and incidents know who and what took part, not in which column.
fn finding_condition(kind: &Kind) -> String {
    match kind {
        Kind::Incident(id) | Kind::Signal(id) => format!("id == {}", quoted(id)),
        Kind::Technique(id) => format!("techniques has {}", quoted(id)),
        Kind::Rule(name) => format!("rule has {}", quoted(name)),
        Kind::Event(id) => format!("events has {}", quoted(id)),
        Kind::Field { name, value } => field(name, value),
        Kind::Range { value, .. } => format!("entities has {}", quoted(value)),
        Kind::Actor(text)
        | Kind::Agent(text)
        | Kind::Either(text)
        | Kind::Person(text)
        | Kind::Host(text)
        | Kind::Origin(text)
        | Kind::Domain(text)
        | Kind::Mail(text)
        | Kind::Program(text)
        | Kind::File(text)
        | Kind::Anywhere(text)
        | Kind::Phrase(text)
        | Kind::EventNumber(text)
        | Kind::Code(text)
        | Kind::App(text)
        | Kind::Address { value: text, .. }
        | Kind::Port { number: text, .. } => format!("entities has {}", quoted(text)),
    }
}

/// Sources write a host's name with or without its domain.
fn host(name: &str) -> String {
    if name.contains('.') {
        return format!("host =~ {}", quoted(name));
    }
    format!("(host =~ {} or host startswith {})", quoted(name), quoted(&format!("{name}.")))
}

fn sided(side: Side, condition: impl Fn(&str) -> String, ending: &str) -> String {
    match side {
        Side::From => condition(&format!("src_{ending}")),
        Side::To => condition(&format!("dst_{ending}")),
        Side::Either => {
            format!("({} or {})", condition(&format!("src_{ending}")), condition(&format!("dst_{ending}")))
        }
    }
}

/// A term of the search bar. The name is made of letters, digits, dots and underscores.
fn field(name: &str, value: &str) -> String {
    let (negated, name) = name.strip_prefix('-').map_or((false, name), |name| (true, name));
    let condition = match value.parse::<i64>() {
        Ok(number) if value.len() <= 18 && !value.starts_with('+') => format!("{name} == {number}"),
        _ if name == "parent_process" => format!("{name} has {}", quoted(value)),
        _ if matches!(name, "message" | "raw" | "command") => format!("{name} contains {}", quoted(value)),
        _ => format!("{name} =~ {}", quoted(value)),
    };
    if negated { format!("not({condition})") } else { condition }
}

fn bounds(period: &Period, column: &str) -> String {
    let from = period.from.map(|from| match from {
        Bound::At(from) => format!("{column} >= {}", moment(from)),
        Bound::Ago(micros) => format!("{column} > ago({})", span(micros)),
    });
    let to = period.to.map(|to| match to {
        Bound::At(to) => format!("{column} < {}", moment(to)),
        Bound::Ago(micros) => format!("{column} < ago({})", span(micros)),
    });
    from.into_iter().chain(to).collect::<Vec<_>>().join(" and ")
}

/// For the order of two periods: the one that starts later is the present one.
fn starts(period: &Period) -> i64 {
    match period.from {
        Some(Bound::At(from)) => from.micros(),
        Some(Bound::Ago(micros)) => i64::MAX - micros,
        None => i64::MIN,
    }
}

/// Hours and days are the asker's.
fn hours(recurring: Recurring, table: Table, setting: Setting) -> String {
    let column = table.time();
    let local = match setting.ahead {
        0 => column.to_owned(),
        ahead if ahead > 0 => format!("{column} + {}", span(ahead)),
        ahead => format!("{column} - {}", span(-ahead)),
    };
    let BusinessHours { from, to } = setting.hours;
    let business = format!(
        "dayofweek({local}) between (1d .. 5d) and hourofday({local}) between ({from} .. {})",
        to.saturating_sub(1)
    );
    match recurring {
        Recurring::BusinessHours => business,
        Recurring::OutsideBusinessHours => format!("not({business})"),
        Recurring::Weekend => format!("dayofweek({local}) in (0d, 6d)"),
        Recurring::Weekdays => format!("dayofweek({local}) between (1d .. 5d)"),
        Recurring::Hours { from, to } if from < to => {
            format!("hourofday({local}) between ({from} .. {})", to.saturating_sub(1))
        }
        Recurring::Hours { from, to } => {
            format!("(hourofday({local}) >= {from} or hourofday({local}) < {to})")
        }
        Recurring::Night => format!("(hourofday({local}) >= 22 or hourofday({local}) < 6)"),
    }
}
