//! From fields to the header: fixed texts, columns, and values looked up in small tables.

use std::borrow::Cow;

use sentra_model::{Class, Event, EventCode, Mart, Outcome, Severity};

use super::classes::class;
use super::columns::{COLUMNS, Column, Origin};
use super::intern::kept;
use super::keys::{check, hint, nearest, text, texts};
use super::problem::Faults;
use super::template::value;
use super::yaml::{Node, Value};

/// Most values of a table.
const VALUES_MAX: usize = 256;
/// Most fields a table looks at.
const TABLE_FIELDS_MAX: usize = 8;

/// The keys of a mapping that are not columns of text.
const FIXED_KEYS: [&str; 8] = ["time", "mart", "product", "service", "class", "code", "outcome", "severity"];

/// What a definition says about the header.
#[derive(Debug, Default)]
pub(super) struct Mapping {
    /// The fields that hold the event's time.
    pub(super) time: Vec<String>,
    pub(super) mart: Option<Mart>,
    product: Option<Cow<'static, str>>,
    service: Option<Cow<'static, str>>,
    class: Option<Table<Class>>,
    code: Option<Table<EventCode>>,
    outcome: Option<Table<Outcome>>,
    severity: Option<Table<Severity>>,
    columns: Vec<(Column, Origin)>,
}

/// One value for all records, or one by the value of a field.
#[derive(Debug)]
struct Table<T> {
    fields: Vec<String>,
    /// In lower case.
    values: Vec<(String, T)>,
    default: Option<T>,
}

impl<T: Copy> Table<T> {
    fn compile(
        node: &Node,
        place: &str,
        read: impl Fn(&str) -> Result<T, String>,
        faults: &mut Faults,
    ) -> Option<Self> {
        let one = |node: &Node, faults: &mut Faults| {
            let text = text(node, place, faults)?;
            faults.keep(node.line, read(text).map_err(|error| format!("{place}: {error}")))
        };
        if !matches!(node.value, Value::Map(_)) {
            let value = one(node, faults)?;
            return Some(Self { fields: Vec::new(), values: Vec::new(), default: Some(value) });
        }
        check(node, place, &["field", "values", "default"], faults);
        let (Some(field), Some(list)) = (node.get("field"), node.get("values")) else {
            faults.error(
                node.line,
                format!("{place} needs `field` and `values`, or one fixed value in their place"),
            );
            return None;
        };
        let fields = texts(field, place, TABLE_FIELDS_MAX, faults);
        let entries = list.entries();
        if entries.is_empty() || entries.len() > VALUES_MAX {
            faults.error(list.line, format!("{place}: `values` must be a map of 1 to {VALUES_MAX} values"));
            return None;
        }
        let values = entries
            .iter()
            .filter_map(|entry| Some((entry.key.to_lowercase(), one(&entry.value, faults)?)))
            .collect();
        let default = node.get("default").and_then(|node| one(node, faults));
        Some(Self { fields: fields.into_iter().map(|(name, _)| name.to_owned()).collect(), values, default })
    }

    fn pick(&self, event: &Event<'_>) -> Option<T> {
        let found = self.fields.iter().find_map(|name| value(event, name)).and_then(|value| {
            let text = value.as_text();
            self.values.iter().find(|(known, _)| is_same(known, &text)).map(|(_, value)| *value)
        });
        found.or(self.default)
    }
}

/// Whether `text` is `known`, which is in lower case, whatever its own case.
pub(super) fn is_same(known: &str, text: &str) -> bool {
    let text = text.trim();
    known.eq_ignore_ascii_case(text) || (!text.is_ascii() && text.to_lowercase() == known)
}

impl Mapping {
    /// Reads `node`; `and` are keys that its reader takes care of.
    pub(super) fn compile(node: &Node, place: &str, and: &[&str], faults: &mut Faults) -> Self {
        let mut mapping = Self::default();
        let columns = COLUMNS.iter().map(|(name, _)| *name);
        let keys: Vec<&str> = and.iter().copied().chain(FIXED_KEYS).chain(columns).collect();
        if !check(node, place, &keys, faults) {
            return mapping;
        }
        for entry in node.entries() {
            let (key, value) = (entry.key.as_str(), &entry.value);
            if value.value == Value::Null || and.contains(&key) {
                continue;
            }
            if let Some((_, column)) = COLUMNS.iter().find(|(name, _)| *name == key) {
                mapping.columns.extend(Origin::compile(value, key, faults).map(|origin| (*column, origin)));
            } else {
                mapping.fixed(key, value, faults);
            }
        }
        mapping
    }

    fn fixed(&mut self, key: &str, node: &Node, faults: &mut Faults) {
        match key {
            "time" => {
                let names = texts(node, "time", TABLE_FIELDS_MAX, faults);
                self.time = names.into_iter().map(|(name, _)| name.to_owned()).collect();
            }
            "mart" => {
                let marts: Vec<String> = Mart::DEFAULTS.iter().map(|mart| mart.as_str().to_owned()).collect();
                let marts: Vec<&str> = marts.iter().map(String::as_str).collect();
                self.mart = text(node, "mart", faults).and_then(|name| {
                    let wrong = || format!("there is no mart `{name}`{}", hint(name, &marts));
                    faults.keep(node.line, Mart::named(name).ok_or_else(wrong))
                });
            }
            "product" => self.product = text(node, "product", faults).map(kept),
            "service" => self.service = text(node, "service", faults).map(kept),
            "class" => self.class = Table::compile(node, "class", class, faults),
            "code" => self.code = Table::compile(node, "code", code, faults),
            "outcome" => self.outcome = Table::compile(node, "outcome", outcome, faults),
            "severity" => self.severity = Table::compile(node, "severity", severity, faults),
            _ => {}
        }
    }

    /// Lets fields that have the name of a column fill it, where nothing else is said. `is_field` knows which
    /// fields there can be.
    pub(super) fn fill_by_name(&mut self, is_field: impl Fn(&str) -> bool) {
        for (name, column) in COLUMNS {
            let is_said = self.columns.iter().any(|(known, _)| *known == column);
            // A field called `count` counts anything.
            if !is_said && column != Column::Count && is_field(name) {
                self.columns.push((column, Origin::Fields(vec![name.to_owned()])));
            }
        }
    }

    /// The fields it names.
    pub(super) fn fields(&self) -> Vec<&str> {
        let mut fields: Vec<&str> = self.columns.iter().flat_map(|(_, origin)| origin.fields()).collect();
        fields.extend(self.time.iter().map(String::as_str));
        fields.extend(self.class.iter().flat_map(|table| &table.fields).map(String::as_str));
        fields.extend(self.code.iter().flat_map(|table| &table.fields).map(String::as_str));
        fields.extend(self.outcome.iter().flat_map(|table| &table.fields).map(String::as_str));
        fields.extend(self.severity.iter().flat_map(|table| &table.fields).map(String::as_str));
        fields
    }

    /// Fills the header of `event` from its fields, all but its time.
    pub(super) fn fill(&self, event: &mut Event<'_>) {
        if let Some(mart) = &self.mart {
            event.mart = mart.clone();
        }
        if let Some(product) = &self.product {
            event.product = product.clone();
            // The service that the syslog envelope stands for is one of another product.
            event.service = Cow::Borrowed("");
        }
        if let Some(service) = &self.service {
            event.service = service.clone();
        }
        if let Some(class) = self.class.as_ref().and_then(|table| table.pick(event)) {
            event.class = class;
        }
        if let Some(code) = self.code.as_ref().and_then(|table| table.pick(event)) {
            event.code = Some(code);
        }
        if let Some(outcome) = self.outcome.as_ref().and_then(|table| table.pick(event)) {
            event.outcome = outcome;
        }
        if let Some(severity) = self.severity.as_ref().and_then(|table| table.pick(event)) {
            event.severity = severity;
        }
        for (column, origin) in &self.columns {
            column.fill(event, origin);
        }
    }
}

fn code(text: &str) -> Result<EventCode, String> {
    text.parse().map_err(|()| {
        let codes: Vec<&str> = EventCode::ALL.iter().map(|code| code.as_str()).collect();
        match nearest(text, codes.iter().copied()) {
            Some(right) => format!("there is no code `{text}`, did you mean `{right}`?"),
            None => {
                format!("there is no code `{text}`; LL03 is a failed login, the list is in the documentation")
            }
        }
    })
}

fn outcome(text: &str) -> Result<Outcome, String> {
    match text {
        "success" => Ok(Outcome::Success),
        "failure" => Ok(Outcome::Failure),
        "unknown" => Ok(Outcome::Unknown),
        _ => Err(format!("`{text}` is no outcome{}", hint(text, &["success", "failure", "unknown"]))),
    }
}

fn severity(text: &str) -> Result<Severity, String> {
    let all: Vec<Severity> = (0..=5).map(Severity::from_ocsf).collect();
    let names: Vec<&str> = all.iter().map(|severity| severity.as_str()).collect();
    let found = all.iter().find(|severity| severity.as_str() == text).copied();
    found.ok_or_else(|| format!("`{text}` is no severity{}", hint(text, &names)))
}
