//! A detection as written: selections of items, and the conditions that join them. Pipelines rewrite it,
//! lints look at it, and [`compile`](super::detection::compile) makes an expression of it.

use crate::problem::Fault;
use crate::yaml::{Entry, Node, Value};

use super::aggregation::{Aggregation, parse as parse_aggregation};
use super::condition::{Condition, parse as parse_condition};
use super::modifier::Modifiers;

/// Keys of `detection` that are no selections.
const RESERVED: [&str; 2] = ["condition", "timeframe"];

/// The `detection` part of a rule, or the `filter` part of a filter.
#[derive(Debug, Clone, Default)]
pub(crate) struct Detection {
    pub(crate) selections: Vec<Selection>,
    /// Any of them makes a match.
    pub(crate) conditions: Vec<Conditional>,
    pub(crate) timeframe: Option<Node>,
}

/// A named part of a detection.
#[derive(Debug, Clone)]
pub(crate) struct Selection {
    pub(crate) name: String,
    pub(crate) line: u64,
    pub(crate) tree: Tree,
}

/// A condition, with what the old form does with its matches.
#[derive(Debug, Clone)]
pub(crate) struct Conditional {
    pub(crate) line: u64,
    pub(crate) condition: Condition,
    pub(crate) aggregation: Option<Aggregation>,
}

/// A selection: items joined by and and or.
#[derive(Debug, Clone)]
pub(crate) enum Tree {
    All(Vec<Tree>),
    Any(Vec<Tree>),
    Item(Box<Item>),
}

/// `Field|modifiers: values`. Without a field it is about keywords.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) field: Option<String>,
    pub(crate) modifiers: Modifiers,
    pub(crate) values: Vec<Node>,
    pub(crate) line: u64,
    /// Ids of the pipeline's transformations that changed it.
    pub(crate) applied: Vec<String>,
}

impl Detection {
    /// Reads `detection`; `others` are further keys that are no selections.
    pub(crate) fn read(detection: Node, others: &[&str]) -> Result<Self, Fault> {
        let line = detection.line;
        let Value::Map(entries) = detection.value else {
            return Err(Fault::new(line, "the detection must be a map of selections and a condition"));
        };
        let (mut selections, mut conditions, mut timeframe) = (Vec::new(), None, None);
        for entry in entries {
            match entry.key.as_str() {
                "condition" => conditions = Some(read_conditions(&entry.value)?),
                "timeframe" => timeframe = Some(entry.value),
                key if others.contains(&key) => {}
                _ => {
                    let tree = Tree::read(entry.value, entry.line)?;
                    selections.push(Selection { name: entry.key, line: entry.line, tree });
                }
            }
        }
        let Some(conditions) = conditions else {
            return Err(Fault::new(line, "the detection has no condition"));
        };
        if selections.is_empty() {
            return Err(Fault::new(line, "the detection has no selection"));
        }
        Ok(Self { selections, conditions, timeframe })
    }

    /// Whether `key` of a detection is the name of a selection.
    pub(crate) fn is_selection(key: &str) -> bool {
        !RESERVED.contains(&key)
    }
}

fn read_conditions(node: &Node) -> Result<Vec<Conditional>, Fault> {
    let mut conditions = Vec::new();
    for item in node.items() {
        let Some(text) = item.text() else {
            return Err(Fault::new(item.line, "the condition must be a text"));
        };
        let (text, aggregation) = match text.split_once('|') {
            Some((condition, aggregation)) => {
                (condition.to_owned(), Some(parse_aggregation(aggregation, item.line)?))
            }
            None => (text, None),
        };
        let condition = parse_condition(&text, item.line)?;
        conditions.push(Conditional { line: item.line, condition, aggregation });
    }
    if conditions.is_empty() {
        return Err(Fault::new(node.line, "the list of conditions is empty"));
    }
    Ok(conditions)
}

impl Tree {
    /// A selection: a map (all of its items), a list of maps (any of them) or keywords (any of them).
    pub(crate) fn read(node: Node, line: u64) -> Result<Self, Fault> {
        match node.value {
            Value::Map(entries) if entries.is_empty() => Err(Fault::new(line, "the selection is empty")),
            Value::Map(entries) => Ok(joined(
                entries.into_iter().map(Self::read_item).collect::<Result<Vec<_>, _>>()?,
                Self::All,
            )),
            Value::List(nodes) => {
                let (maps, keywords): (Vec<_>, Vec<_>) =
                    nodes.into_iter().partition(|node| matches!(node.value, Value::Map(_) | Value::List(_)));
                let mut parts = Vec::new();
                let no_maps = maps.is_empty();
                for map in maps {
                    let line = map.line;
                    parts.push(Self::read(map, line)?);
                }
                if !keywords.is_empty() || no_maps {
                    parts.push(Self::keywords(keywords, line)?);
                }
                Ok(joined(parts, Self::Any))
            }
            _ => Self::keywords(vec![node], line),
        }
    }

    fn keywords(values: Vec<Node>, line: u64) -> Result<Self, Fault> {
        Self::item(Item { field: None, modifiers: Modifiers::default(), values, line, applied: Vec::new() })
    }

    /// One item of a map: `Field|modifiers: value or values`; without a name it is about keywords.
    fn read_item(entry: Entry) -> Result<Self, Fault> {
        let mut words = entry.key.split('|');
        let name = words.next().unwrap_or_default();
        let field = (!name.is_empty()).then(|| name.to_owned());
        let modifiers = Modifiers::read(words, field.is_some(), entry.line)?;
        let values = match entry.value.value {
            Value::List(values) => values,
            value => vec![Node { line: entry.value.line, value }],
        };
        Self::item(Item { field, modifiers, values, line: entry.line, applied: Vec::new() })
    }

    fn item(item: Item) -> Result<Self, Fault> {
        if item.values.is_empty() {
            return Err(Fault::new(item.line, "the list of values is empty"));
        }
        Ok(Self::Item(Box::new(item)))
    }

    /// Calls `visit` with every item.
    pub(crate) fn items<'a>(&'a self, visit: &mut impl FnMut(&'a Item)) {
        match self {
            Self::Item(item) => visit(item),
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.items(visit)),
        }
    }

    /// Puts what `change` makes of every item in its place; an item of which it makes nothing goes. `None`
    /// when nothing is left.
    pub(crate) fn rewrite<E>(
        self,
        change: &mut impl FnMut(Item) -> Result<Option<Tree>, E>,
    ) -> Result<Option<Self>, E> {
        let all = matches!(self, Self::All(_));
        let parts = match self {
            Self::Item(item) => return change(*item),
            Self::All(parts) | Self::Any(parts) => parts,
        };
        let mut left = Vec::with_capacity(parts.len());
        for part in parts {
            left.extend(part.rewrite(change)?);
        }
        Ok((!left.is_empty()).then(|| joined(left, if all { Self::All } else { Self::Any })))
    }
}

fn joined(mut parts: Vec<Tree>, join: impl Fn(Vec<Tree>) -> Tree) -> Tree {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        last => {
            parts.extend(last);
            join(parts)
        }
    }
}
