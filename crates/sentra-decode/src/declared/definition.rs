//! One declared format: read from its definition, and applied to records.

use std::borrow::Cow;
use std::collections::BTreeSet;

use sentra_model::{Event, Mart, Timestamp};

use super::applies::AppliesTo;
use super::cases::Cases;
use super::fields::{Extract, FieldRules, Gathered};
use super::intern::kept;
use super::keys::{check, hint, text};
use super::mapping::Mapping;
use super::problem::Faults;
use super::samples::Sample;
use super::shape::{self, Shape};
use super::value::Found;
use super::yaml::Node;
use crate::decoder::Context;
use crate::flatten::Field;
use crate::format::{FORMATS, Payload};
use crate::names::{NO_TIME, note};
use crate::{format, syslog};

/// Longest name of a format, in bytes.
const NAME_BYTES_MAX: usize = 64;
/// The fields that the envelope of a syslog line gives.
const ENVELOPE_FIELDS: [&str; 10] =
    ["facility", "severity", "hostname", "program", "appname", "pid", "procid", "msgid", "module", "message"];

/// A format that a pack declares.
#[derive(Debug)]
pub(crate) struct Definition {
    pub(crate) name: Cow<'static, str>,
    pub(crate) title: Cow<'static, str>,
    pub(super) path: String,
    pub(super) line: u64,
    /// The built-in format that it comes before.
    pub(super) replaces: Option<String>,
    pub(super) applies: AppliesTo,
    shape: Shape,
    extracts: Vec<Extract>,
    rules: FieldRules,
    mapping: Mapping,
    cases: Cases,
    pub(super) samples: Vec<Sample>,
}

/// The keys of a definition that say nothing about how a record is read.
const KEYS: [&str; 10] = [
    "name",
    "title",
    "version",
    "replaces",
    "applies_to",
    "extract",
    "fields",
    "mapping",
    "cases",
    "samples",
];

impl Definition {
    /// Reads a definition; `None` when it has faults that are errors.
    pub(super) fn compile(path: &str, node: &Node, faults: &mut Faults) -> Option<Self> {
        let keys: Vec<&str> = KEYS.into_iter().chain(shape::KEYS).collect();
        if !check(node, "a format", &keys, faults) {
            return None;
        }
        let name = name(node, faults);
        let title = node.get("title").and_then(|node| text(node, "title", faults)).map(kept);
        let _ = node.get("version").and_then(|node| text(node, "version", faults));
        let mut rules = node.get("fields").map(|node| FieldRules::compile(node, faults)).unwrap_or_default();
        let shape = Shape::compile(node, "a format", |name| rules.time_form(name), faults);
        let is_json = shape.as_ref().is_some_and(Shape::is_json);
        let applies = node.get("applies_to").filter(|_| shape.is_some());
        let applies = applies.map(|node| AppliesTo::compile(node, is_json, faults)).unwrap_or_default();
        let extracts = node.get("extract");
        let extracts = extracts.map(|node| Extract::compile_all(node, &rules, faults)).unwrap_or_default();
        let mapping = node.get("mapping");
        let mut mapping =
            mapping.map(|node| Mapping::compile(node, "mapping", &[], faults)).unwrap_or_default();
        let cases = node.get("cases").map(|node| Cases::compile(node, faults)).unwrap_or_default();
        let samples = Sample::compile_all(node, faults);
        let replaces = node.get("replaces").and_then(|node| replaces(node, is_json, faults));
        warn_of_own_programs(node, &applies, replaces.as_deref(), faults);
        choose_time(node, &mut mapping, &mut rules, faults);
        let shape = shape?;
        let names = names(&shape, &extracts, &rules);
        if let Some(names) = &names {
            check_names(node, names, &mapping, &cases, &rules, &extracts, faults);
        }
        mapping.fill_by_name(|column| names.as_ref().is_none_or(|names| names.contains(column)));
        let name = name.filter(|_| !faults.has_errors())?;
        Some(Self {
            title: title.unwrap_or_else(|| name.clone()),
            name,
            path: path.to_owned(),
            line: node.line,
            replaces,
            applies,
            shape,
            extracts,
            rules,
            mapping,
            cases,
            samples,
        })
    }

    /// Whether it comes before this built-in format.
    pub(crate) fn is_for(&self, format: &format::Format) -> bool {
        self.replaces.as_deref() == Some(format.name)
    }

    /// Whether its records are JSON objects.
    pub(crate) fn is_json(&self) -> bool {
        self.shape.is_json()
    }

    /// Reads `payload`; false leaves the event as it was.
    pub(crate) fn read<'a>(
        &self,
        context: &Context<'_>,
        payload: &Payload<'a>,
        event: &mut Event<'a>,
    ) -> bool {
        let mut found = Vec::new();
        let Some(left_out) = self.shape.read(context, payload.text, &mut found) else { return false };
        self.fill(context, found, left_out, payload.in_syslog, event);
        true
    }

    /// The event of an object, which came in a syslog line where that has a `time`.
    pub(crate) fn decode<'a>(
        &self,
        context: &Context<'_>,
        fields: Vec<Field<'a>>,
        time: Option<Timestamp>,
    ) -> Event<'a> {
        let mart = if context.by_syslog || time.is_some() { Mart::LINUX } else { Mart::CLOUD };
        let mut event = Event::new(self.name.clone(), mart, time.unwrap_or(context.received));
        let mut found: Vec<Found<'a>> =
            fields.into_iter().map(|(name, value)| Found::new(name, value)).collect();
        if let Shape::Json(paths) = &self.shape {
            paths.shorten(&mut found);
        }
        self.fill(context, found, None, time.is_some(), &mut event);
        event
    }

    fn fill<'a>(
        &self,
        context: &Context<'_>,
        found: Vec<Found<'a>>,
        left_out: Option<String>,
        in_syslog: bool,
        event: &mut Event<'a>,
    ) {
        let mut gathered = Gathered::default();
        gathered.take(context, &self.rules, found);
        gathered.extract(context, &self.rules, &self.extracts);
        event.format = self.name.clone();
        self.set_time(&gathered, in_syslog, event);
        for problem in left_out.into_iter().chain(gathered.problems) {
            note(event, problem);
        }
        // What the envelope says under a name that the format has too is said by the format.
        event.fields.retain(|(name, _)| gathered.fields.iter().all(|found| found.name != *name));
        event.fields.reserve(gathered.fields.len());
        event.fields.extend(gathered.fields.into_iter().map(|found| (found.name, found.value)));
        self.mapping.fill(event);
        self.cases.fill(event);
    }

    fn set_time(&self, gathered: &Gathered<'_>, in_syslog: bool, event: &mut Event<'_>) {
        let named = |name: &str| -> Option<Timestamp> {
            gathered.fields.iter().filter(|found| found.name == name).find_map(|found| found.time)
        };
        let is_named = !self.mapping.time.is_empty();
        let found = if is_named {
            self.mapping.time.iter().find_map(|name| named(name))
        } else {
            named("time").or_else(|| gathered.fields.iter().find_map(|found| found.time))
        };
        match found {
            Some(time) => {
                event.time = time;
                if event.problem.as_deref() == Some(NO_TIME) {
                    event.problem = None;
                }
            }
            None if in_syslog => {}
            None => note(event, NO_TIME),
        }
    }
}

fn name(node: &Node, faults: &mut Faults) -> Option<Cow<'static, str>> {
    let Some(name) = node.get("name") else {
        faults.error(node.line, "a format needs a `name`, as in --format NAME");
        return None;
    };
    let text = text(name, "name", faults)?;
    let is_good = text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.len() <= NAME_BYTES_MAX
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if !is_good {
        let message = format!("name: `{text}` must be small letters, digits and _, at most {NAME_BYTES_MAX}");
        faults.error(name.line, message);
        return None;
    }
    if crate::formats().iter().any(|format| format.name == text) || text == "evtx" {
        let message = format!(
            "`{text}` is the name of a built-in format: take another, and `replaces: {text}` to come before it"
        );
        faults.error(name.line, message);
        return None;
    }
    Some(kept(text))
}

/// Says which field is the event's time: the one that the mapping names, else one called `time`, else the
/// first that is a time.
fn choose_time(node: &Node, mapping: &mut Mapping, rules: &mut FieldRules, faults: &mut Faults) {
    if mapping.time.is_empty() {
        let times: BTreeSet<&str> = rules.times().collect();
        if times.len() > 1 && !times.contains("time") {
            let names = times.into_iter().collect::<Vec<_>>().join(", ");
            faults.warning(
                node.line,
                format!("{names} are times: say by `mapping: time:` which one is the event's"),
            );
        }
        rules.make_time("time");
    }
    for name in &mapping.time {
        rules.make_time(name);
    }
}

fn replaces(node: &Node, is_json: bool, faults: &mut Faults) -> Option<String> {
    let name = text(node, "replaces", faults)?;
    let of_kind = |format: &&&format::Format| match format.shape {
        format::Shape::Text { .. } => !is_json,
        format::Shape::Object { .. } => is_json,
        format::Shape::Binary { .. } => false,
    };
    let mut names: Vec<&str> = FORMATS.iter().filter(of_kind).map(|format| format.name).collect();
    if !is_json {
        names.push("syslog");
    }
    if names.contains(&name) {
        return Some(name.to_owned());
    }
    let kind = if is_json { "JSON objects" } else { "lines of text" };
    faults.error(
        node.line,
        format!("replaces: no built-in format `{name}` reads {kind}{}", hint(name, &names)),
    );
    None
}

/// Messages of some programs never come to a declared format that does not replace `syslog`.
fn warn_of_own_programs(node: &Node, applies: &AppliesTo, replaces: Option<&str>, faults: &mut Faults) {
    if replaces == Some("syslog") {
        return;
    }
    let line = node.get("applies_to").map_or(node.line, |node| node.line);
    for program in applies.programs().filter(|program| syslog::is_own(program)) {
        faults.warning(
            line,
            format!("messages of `{program}` are read by the format syslog: say `replaces: syslog` to come before it"),
        );
    }
}

/// The names that fields have in the event, where they are known.
fn names(shape: &Shape, extracts: &[Extract], rules: &FieldRules) -> Option<BTreeSet<String>> {
    if rules.are_open() {
        return None;
    }
    let mut names = shape.names()?;
    for extract in extracts {
        names.extend(extract.shape.names()?);
    }
    Some(names.iter().filter_map(|name| rules.final_name(name)).collect())
}

/// Finds names that no record can have a field of.
fn check_names(
    node: &Node,
    names: &BTreeSet<String>,
    mapping: &Mapping,
    cases: &Cases,
    rules: &FieldRules,
    extracts: &[Extract],
    faults: &mut Faults,
) {
    let known: Vec<&str> = names.iter().map(String::as_str).chain(ENVELOPE_FIELDS).collect();
    let line = |key: &str, name: &str| {
        node.get(key).and_then(|part| line_of(part, name)).or(node.get(key).map(|part| part.line))
    };
    let mut used: Vec<(&str, &str)> = Vec::new();
    used.extend(mapping.fields().into_iter().map(|name| ("mapping", name)));
    used.extend(cases.fields().into_iter().map(|name| ("cases", name)));
    used.extend(extracts.iter().map(|extract| ("extract", extract.from.as_str())));
    let mut said = BTreeSet::new();
    for (key, name) in used {
        if !known.contains(&name) && said.insert((key, name)) {
            let hint = hint(name, &names.iter().map(String::as_str).collect::<Vec<_>>());
            faults.error(
                line(key, name).unwrap_or(node.line),
                format!("{key}: there is no field `{name}`{hint}"),
            );
        }
    }
    let is_read =
        |name: &str| rules.final_name(name).is_none_or(|name| names.contains(&name)) || name == "time";
    for name in rules.names().filter(|name| !is_read(name)) {
        let hint = hint(name, &names.iter().map(String::as_str).collect::<Vec<_>>());
        faults.error(
            line("fields", name).unwrap_or(node.line),
            format!("fields: there is no field `{name}`{hint}"),
        );
    }
}

/// The line below `node` in which `name` stands.
fn line_of(node: &Node, name: &str) -> Option<u64> {
    if node.text().is_some_and(|text| text == name || text.contains(&format!("{{{name}}}"))) {
        return Some(node.line);
    }
    if let Some(entry) = node.entries().iter().find(|entry| entry.key == name) {
        let is_condition = super::columns::COLUMNS.iter().all(|(column, _)| *column != name);
        if is_condition {
            return Some(entry.line);
        }
    }
    let below = node.entries().iter().map(|entry| &entry.value);
    let items: &[Node] = if node.text().is_some() { &[] } else { list(node) };
    below.chain(items).find_map(|node| line_of(node, name))
}

fn list(node: &Node) -> &[Node] {
    match &node.value {
        super::yaml::Value::List(items) => items,
        _ => &[],
    }
}
