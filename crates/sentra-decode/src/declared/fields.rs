//! What a definition says about its fields: their kinds, their names in the event, and what is read from
//! inside them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use sentra_model::FieldValue;

use super::intern::kept;
use super::keys::{check, field_name, hint, is_field_name, text, truth};
use super::pairs::Pairs;
use super::problem::Faults;
use super::shape::{self, LeftOut, Paths, Shape};
use super::times::TimeForm;
use super::value::{Found, KINDS, Kind};
use super::yaml::{Node, Value};
use crate::decoder::Context;
use crate::names::is_placeholder;

/// Most fields that a definition may speak of.
const RULES_MAX: usize = 512;
/// Most readings of what is inside a field.
const EXTRACTS_MAX: usize = 32;
/// Law LIMIT: further fields of a record are left out.
const FIELDS_MAX: usize = 1_024;

/// What is said about one field.
#[derive(Debug, Default)]
struct Rule {
    kind: Option<Kind>,
    rename: Option<Cow<'static, str>>,
    drop: bool,
    /// How fields inside it are read.
    inside: Option<Shape>,
}

/// What is said about fields, by the names under which records have them.
#[derive(Debug, Default)]
pub(super) struct FieldRules(BTreeMap<String, Rule>);

impl FieldRules {
    pub(super) fn compile(node: &Node, faults: &mut Faults) -> Self {
        let mut rules = Self::default();
        let Value::Map(entries) = &node.value else {
            faults.error(node.line, "fields must be a map of names and kinds");
            return rules;
        };
        if entries.len() > RULES_MAX {
            faults
                .error(node.line, format!("{} fields are more than the {RULES_MAX} allowed", entries.len()));
            return rules;
        }
        for entry in entries {
            if !is_field_name(&entry.key) {
                faults.error(entry.line, format!("fields: `{}` cannot be the name of a field", entry.key));
            } else if let Some(rule) = rule(&entry.value, faults) {
                rules.0.insert(entry.key.clone(), rule);
            }
        }
        rules
    }

    /// How the time in the field `name` is written, where it is said to be one.
    pub(super) fn time_form(&self, name: &str) -> Option<TimeForm> {
        match self.0.get(name)?.kind.as_ref()? {
            Kind::Time(form) => Some(form.clone()),
            _ => None,
        }
    }

    /// Takes the field that the event calls `name` for a time, unless it is said to be something else.
    pub(super) fn make_time(&mut self, name: &str) {
        let renamed = self.0.values_mut().find(|rule| rule.rename.as_deref() == Some(name));
        let rule = match renamed {
            Some(rule) => rule,
            None => self.0.entry(name.to_owned()).or_default(),
        };
        rule.kind.get_or_insert_with(|| Kind::Time(TimeForm::default()));
    }

    /// The name of the field `name` in the event; `None` when it is not there.
    pub(super) fn final_name(&self, name: &str) -> Option<String> {
        match self.0.get(name) {
            Some(rule) if rule.drop => None,
            Some(rule) => Some(rule.rename.as_deref().unwrap_or(name).to_owned()),
            None => Some(name.to_owned()),
        }
    }

    /// Whether some field has fields inside, whose names nobody knows beforehand.
    pub(super) fn are_open(&self) -> bool {
        self.0.values().any(|rule| rule.inside.is_some())
    }

    /// The names that are spoken of.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The names of times in the event, in no order.
    pub(super) fn times(&self) -> impl Iterator<Item = &str> {
        let is_time = |rule: &Rule| matches!(rule.kind, Some(Kind::Time(_)));
        self.0
            .iter()
            .filter(move |(_, rule)| is_time(rule))
            .map(|(name, rule)| rule.rename.as_deref().unwrap_or(name.as_str()))
    }
}

fn rule(node: &Node, faults: &mut Faults) -> Option<Rule> {
    if node.text().is_some() {
        return Some(with_kind(Rule::default(), kind(node, TimeForm::default(), faults)?));
    }
    if !check(node, "a field", &["type", "rename", "format", "zone", "drop"], faults) {
        return None;
    }
    let mut rule = Rule {
        rename: node.get("rename").and_then(|node| field_name(node, "rename", faults)).map(kept),
        drop: node.get("drop").and_then(|node| truth(node, "drop", faults)).unwrap_or_default(),
        ..Rule::default()
    };
    let directives = node.get("format").and_then(|node| text(node, "format", faults).zip(Some(node.line)));
    let zone = node.get("zone").and_then(|node| text(node, "zone", faults).zip(Some(node.line)));
    let form_line = directives.or(zone).map_or(node.line, |(_, line)| line);
    let form = TimeForm::new(directives.map(|(text, _)| text), zone.map(|(text, _)| text));
    let form = faults.keep(form_line, form)?;
    let kind = match node.get("type") {
        Some(node) => Some(kind(node, form, faults)?),
        None if directives.is_some() || zone.is_some() => Some(Kind::Time(form)),
        None => None,
    };
    if (directives.is_some() || zone.is_some()) && !matches!(kind, Some(Kind::Time(_))) {
        faults.error(form_line, "`format` and `zone` are for fields of the type time");
    }
    if let Some(kind) = kind {
        rule = with_kind(rule, kind);
    }
    Some(rule)
}

fn with_kind(rule: Rule, kind: Kind) -> Rule {
    let inside = match kind {
        Kind::Pairs => Some(Shape::Pairs(Pairs::default())),
        Kind::Json => Some(Shape::Json(Paths::default())),
        _ => None,
    };
    Rule { kind: Some(kind), inside, ..rule }
}

fn kind(node: &Node, form: TimeForm, faults: &mut Faults) -> Option<Kind> {
    let name = text(node, "type", faults)?;
    let kind = Kind::named(name, form);
    if kind.is_none() {
        let names: Vec<&str> = KINDS.iter().map(|(name, _)| *name).collect();
        faults.error(node.line, format!("there is no type `{name}`{}", hint(name, &names)));
    }
    kind
}

/// A further reading of what one field holds.
#[derive(Debug)]
pub(super) struct Extract {
    pub(super) from: String,
    pub(super) shape: Shape,
}

impl Extract {
    /// Reads the list under `extract`.
    pub(super) fn compile_all(node: &Node, rules: &FieldRules, faults: &mut Faults) -> Vec<Self> {
        let Value::List(items) = &node.value else {
            faults.error(node.line, "extract must be a list, each with `from` and a pattern");
            return Vec::new();
        };
        if items.len() > EXTRACTS_MAX {
            let message =
                format!("{} entries of extract are more than the {EXTRACTS_MAX} allowed", items.len());
            faults.error(node.line, message);
            return Vec::new();
        }
        let keys: Vec<&str> = ["from"].into_iter().chain(shape::KEYS).collect();
        let mut extracts = Vec::with_capacity(items.len());
        for item in items {
            if !check(item, "extract", &keys, faults) {
                continue;
            }
            let Some(from) = item.get("from") else {
                faults.error(item.line, "extract needs `from`, the field whose value is read");
                continue;
            };
            let from = field_name(from, "from", faults);
            let shape = Shape::compile(item, "extract", |name| rules.time_form(name), faults);
            if let Some((from, shape)) = from.zip(shape) {
                extracts.push(Self { from: from.to_owned(), shape });
            }
        }
        extracts
    }
}

/// The fields of one record on their way into its event.
#[derive(Debug, Default)]
pub(super) struct Gathered<'a> {
    pub(super) fields: Vec<Found<'a>>,
    /// What was not understood.
    pub(super) problems: Vec<String>,
    left_out: usize,
}

impl<'a> Gathered<'a> {
    /// Takes fields that were read, as `rules` say.
    pub(super) fn take(&mut self, context: &Context<'_>, rules: &FieldRules, found: Vec<Found<'a>>) {
        for one in found {
            let rule = rules.0.get(one.name.as_ref());
            match rule.and_then(|rule| rule.inside.as_ref()) {
                Some(inside) => self.open(context, rules, inside, one),
                None => self.push(context, rule, one),
            }
        }
    }

    /// Takes the fields inside of `outer`. They have no fields inside of them again.
    fn open(&mut self, context: &Context<'_>, rules: &FieldRules, inside: &Shape, outer: Found<'a>) {
        let mut found = Vec::new();
        match read_inside(inside, context, &outer.value, &mut found) {
            Some(left_out) => self.problems.extend(left_out),
            None if is_placeholder(&outer.value) => {}
            None => {
                let kind = if inside.is_json() { Kind::Json } else { Kind::Pairs };
                self.problems.push(format!("{} is no {}, kept as text", outer.name, kind.title()));
                self.push(context, None, outer);
                return;
            }
        }
        for one in found {
            let rule = rules.0.get(one.name.as_ref());
            self.push(context, rule, one);
        }
    }

    fn push(&mut self, context: &Context<'_>, rule: Option<&Rule>, mut found: Found<'a>) {
        if let Some(rule) = rule {
            if rule.drop {
                return;
            }
            if let Some(kind) = &rule.kind
                && !is_placeholder(&found.value)
                && !kind.apply(context, &mut found)
            {
                self.problems.push(format!("{} is no {}, kept as it is", found.name, kind.title()));
            }
            if let Some(name) = &rule.rename {
                found.name = name.clone();
            }
        }
        if self.fields.len() < FIELDS_MAX {
            self.fields.push(found);
        } else {
            self.left_out += 1;
        }
    }

    /// Reads what `extracts` name.
    pub(super) fn extract(&mut self, context: &Context<'_>, rules: &FieldRules, extracts: &[Extract]) {
        for extract in extracts {
            let source = self.fields.iter().find(|found| found.name == extract.from.as_str());
            let Some(source) = source else { continue };
            let mut found = Vec::new();
            if let Some(left_out) = read_inside(&extract.shape, context, &source.value, &mut found) {
                self.problems.extend(left_out);
                self.take(context, rules, found);
            }
        }
        if self.left_out > 0 {
            self.problems.push(format!("{} values beyond {FIELDS_MAX} fields left out", self.left_out));
        }
    }
}

/// Reads a value by `shape`; what was read borrows from the record where the value does.
fn read_inside<'a>(
    shape: &Shape,
    context: &Context<'_>,
    value: &FieldValue<'a>,
    found: &mut Vec<Found<'a>>,
) -> Option<LeftOut> {
    if let FieldValue::Text(Cow::Borrowed(text)) = value {
        return shape.read(context, text, found);
    }
    let text = value.as_text();
    let mut inner = Vec::new();
    let left_out = shape.read(context, &text, &mut inner)?;
    found.extend(inner.into_iter().map(|one| -> Found<'a> { one.detach() }));
    Some(left_out)
}
