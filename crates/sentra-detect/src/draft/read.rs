//! A draft from YAML.

use sentra_model::Severity;

use crate::exceptions::json;
use crate::logsource::Logsource;
use crate::problem::Fault;
use crate::yaml::{Entry, Node, Value, documents};

use super::{DraftItem, DraftSelection, DraftThreshold, RuleDraft};

pub(super) fn draft(text: &str) -> Result<RuleDraft, Fault> {
    let documents = documents(text).into_iter().collect::<Result<Vec<_>, _>>()?;
    match documents.as_slice() {
        [] => Err(Fault::new(1, "there is no rule")),
        [rule] => {
            let mut draft = RuleDraft::default();
            for entry in rule.entries() {
                draft.take(entry)?;
            }
            draft.finished(rule)
        }
        [events, threshold] => counted(events, threshold),
        [_, _, third, ..] => Err(Fault::new(third.line, "a draft is one rule, or one with its threshold")),
    }
}

/// A rule that does not report, and the threshold on it.
fn counted(events: &Node, rule: &Node) -> Result<RuleDraft, Fault> {
    let Some(correlation) = rule.get("correlation") else {
        return Err(Fault::new(rule.line, "a draft is one rule, or one with its threshold"));
    };
    let text = |key: &str| events.get(key).and_then(Node::text);
    let rules = correlation.get("rules").map(Node::items).unwrap_or_default();
    let names: Vec<String> = rules.iter().filter_map(Node::text).collect();
    let refers = names.len() == 1
        && names.first().is_some_and(|name| [text("id"), text("name")].contains(&Some(name.clone())));
    if !refers {
        return Err(Fault::new(correlation.line, "the threshold must count the events of the first rule"));
    }
    let mut draft = RuleDraft::default();
    for entry in rule.entries().iter().filter(|entry| entry.key != "correlation") {
        draft.take(entry)?;
    }
    for entry in events.entries() {
        match entry.key.as_str() {
            "logsource" | "detection" => draft.take(entry)?,
            "title" | "id" | "name" | "level" => {}
            other => {
                let message = format!("{other:?} of the counted rule has no place in a draft");
                return Err(Fault::new(entry.line, message));
            }
        }
    }
    draft.threshold = Some(threshold(correlation)?);
    draft.finished(events)
}

fn threshold(correlation: &Node) -> Result<DraftThreshold, Fault> {
    let fault = |line: u64, message: &str| Err(Fault::new(line, message));
    let mut threshold = DraftThreshold::default();
    let mut kind = String::new();
    for Entry { key, line, value } in correlation.entries() {
        match key.as_str() {
            "rules" => {}
            "type" => kind = value.text().unwrap_or_default(),
            "group-by" => threshold.group_by = value.items().iter().filter_map(Node::text).collect(),
            "timespan" => threshold.within = value.text().unwrap_or_default(),
            "condition" => {
                for Entry { key, line, value } in value.entries() {
                    match (key.as_str(), &value.value) {
                        ("gte", Value::Integer(count)) if *count > 0 => {
                            threshold.count = count.unsigned_abs()
                        }
                        ("field", _) => threshold.distinct = value.text(),
                        _ => return fault(*line, "a draft counts with gte and a whole number"),
                    }
                }
            }
            other => return fault(*line, &format!("{other:?} of a correlation has no place in a draft")),
        }
    }
    match (kind.as_str(), &threshold.distinct) {
        ("event_count", None) | ("value_count", Some(_)) if threshold.count > 0 => Ok(threshold),
        ("event_count" | "value_count", _) => {
            fault(correlation.line, "the condition of the threshold is not complete")
        }
        (other, _) => fault(correlation.line, &format!("a correlation {other:?} has no place in a draft")),
    }
}

impl RuleDraft {
    fn take(&mut self, Entry { key, line, value }: &Entry) -> Result<(), Fault> {
        let text = || value.text().ok_or_else(|| Fault::new(*line, format!("{key} must be a text")));
        match key.as_str() {
            "title" => self.title = text()?,
            "id" => self.id = Some(text()?),
            "description" => self.description = text()?,
            "tags" => self.tags = value.items().iter().filter_map(Node::text).collect(),
            "level" => {
                let name = serde_json::Value::String(text()?.to_ascii_lowercase());
                self.level = serde_json::from_value::<Severity>(name)
                    .map_err(|_| Fault::new(*line, "the level is unknown"))?;
            }
            "logsource" => self.logsource = logsource(value)?,
            "detection" => self.detection(value)?,
            "correlation" | "filter" | "action" => {
                return Err(Fault::new(*line, format!("{key:?} has no place in a draft")));
            }
            _ => _ = self.metadata.insert(key.clone(), json(value)),
        }
        Ok(())
    }

    fn detection(&mut self, detection: &Node) -> Result<(), Fault> {
        for Entry { key, line, value } in detection.entries() {
            match key.as_str() {
                "condition" => {
                    let Some(condition) = value.text() else {
                        return Err(Fault::new(*line, "several conditions have no place in a draft"));
                    };
                    self.condition = condition;
                }
                "timeframe" => return Err(Fault::new(*line, "timeframe has no place in a draft")),
                name => self.selections.push(selection(name, value, *line)?),
            }
        }
        Ok(())
    }

    fn finished(self, rule: &Node) -> Result<Self, Fault> {
        if self.condition.is_empty() || self.selections.is_empty() {
            return Err(Fault::new(rule.line, "the rule has no detection with selections and a condition"));
        }
        Ok(self)
    }
}

fn logsource(node: &Node) -> Result<Logsource, Fault> {
    let mut logsource = Logsource::default();
    for Entry { key, line, value } in node.entries() {
        let part = value.text().map(|text| text.trim().to_ascii_lowercase());
        match key.as_str() {
            "product" => logsource.product = part,
            "category" => logsource.category = part,
            "service" => logsource.service = part,
            // A note for people.
            "definition" => {}
            other => {
                return Err(Fault::new(*line, format!("{other:?} of a logsource has no place in a draft")));
            }
        }
    }
    Ok(logsource)
}

fn selection(name: &str, node: &Node, line: u64) -> Result<DraftSelection, Fault> {
    let mut alternatives = Vec::new();
    match &node.value {
        Value::Map(entries) => alternatives.push(items(entries)?),
        Value::List(nodes) => {
            let mut keywords = Vec::new();
            for node in nodes {
                match &node.value {
                    Value::Map(entries) => alternatives.push(items(entries)?),
                    Value::List(_) => {
                        return Err(Fault::new(node.line, "lists in lists have no place in a draft"));
                    }
                    _ => keywords.push(json(node)),
                }
            }
            if !keywords.is_empty() {
                alternatives.push(vec![DraftItem { values: keywords, ..DraftItem::default() }]);
            }
        }
        _ => alternatives.push(vec![DraftItem { values: vec![json(node)], ..DraftItem::default() }]),
    }
    let mut alternatives = alternatives.into_iter();
    let Some(items) = alternatives.next() else { return Err(Fault::new(line, "the selection is empty")) };
    Ok(DraftSelection { name: name.to_owned(), items, alternatives: alternatives.collect() })
}

fn items(entries: &[Entry]) -> Result<Vec<DraftItem>, Fault> {
    let mut items = Vec::new();
    for Entry { key, line, value } in entries {
        let mut words = key.split('|').map(str::to_owned);
        let field = words.next().filter(|field| !field.is_empty());
        if value.items().iter().any(|value| matches!(value.value, Value::Map(_) | Value::List(_))) {
            return Err(Fault::new(*line, "values in values have no place in a draft"));
        }
        let values = value.items().iter().map(json).collect();
        items.push(DraftItem { field, modifiers: words.collect(), values });
    }
    Ok(items)
}
