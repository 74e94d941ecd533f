//! When a step of a pipeline is taken.

use regex::Regex;

use crate::sigma::condition::Condition;
use crate::sigma::draft::Draft;
use crate::sigma::tree::Item;
use crate::sigma::wildcard::{Part, parse as parse_wildcards};
use crate::yaml::{Node, Value};

use super::State;

/// Conditions, joined.
#[derive(Debug, Clone)]
pub(super) struct Conditions<C> {
    /// With the names that an expression uses.
    pub(super) terms: Vec<(String, C)>,
    pub(super) logic: Logic,
    pub(super) negated: bool,
}

#[derive(Debug, Clone)]
pub(super) enum Logic {
    All,
    Any,
    Expression(Condition),
}

#[derive(Debug, Clone)]
pub(super) enum RuleCondition {
    Logsource {
        product: Option<String>,
        category: Option<String>,
        service: Option<String>,
    },
    ContainsField(String),
    ContainsItem {
        field: Option<String>,
        value: Option<String>,
    },
    Tag(String),
    Attribute {
        name: String,
        value: String,
        compare: Compare,
    },
    Applied(String),
    State {
        key: String,
        value: String,
        compare: Compare,
    },
    /// Whether it is a rule and no correlation, or the other way round.
    Kind {
        correlation: bool,
    },
}

#[derive(Debug, Clone)]
pub(super) enum ItemCondition {
    /// Any value, or all, fit from their start.
    Text {
        pattern: Regex,
        all: bool,
        negated: bool,
    },
    Value {
        value: String,
        all: bool,
    },
    Wildcard {
        all: bool,
    },
    Null {
        all: bool,
    },
    Applied(String),
    State {
        key: String,
        value: String,
        compare: Compare,
    },
}

#[derive(Debug, Clone)]
pub(super) enum FieldCondition {
    Include(Vec<FieldMatch>),
    Exclude(Vec<FieldMatch>),
    Applied(String),
    State { key: String, value: String, compare: Compare },
}

#[derive(Debug, Clone)]
pub(super) enum FieldMatch {
    Name(String),
    /// From its start.
    Pattern(Regex),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compare {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl<C> Default for Conditions<C> {
    fn default() -> Self {
        Self { terms: Vec::new(), logic: Logic::All, negated: false }
    }
}

impl<C> Conditions<C> {
    pub(super) fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether they hold; without any: yes.
    pub(super) fn hold(&self, holds: &mut impl FnMut(&C) -> bool) -> bool {
        if self.terms.is_empty() {
            return true;
        }
        let held = match &self.logic {
            Logic::All => self.terms.iter().all(|(_, term)| holds(term)),
            Logic::Any => self.terms.iter().any(|(_, term)| holds(term)),
            Logic::Expression(expression) => self.expression(expression, holds),
        };
        held != self.negated
    }

    fn expression(&self, expression: &Condition, holds: &mut impl FnMut(&C) -> bool) -> bool {
        match expression {
            Condition::And(parts) => parts.iter().all(|part| self.expression(part, holds)),
            Condition::Or(parts) => parts.iter().any(|part| self.expression(part, holds)),
            Condition::Not(part) => !self.expression(part, holds),
            Condition::Name(name) => {
                self.terms.iter().find(|(known, _)| known == name).is_some_and(|(_, term)| holds(term))
            }
            // Refused when it was read.
            Condition::Of(..) => false,
        }
    }
}

impl RuleCondition {
    pub(super) fn holds(&self, draft: &Draft, state: &State) -> bool {
        match self {
            Self::Logsource { product, category, service } => {
                let fits = |wanted: &Option<String>, part: &Option<String>| {
                    wanted.is_none() || wanted.as_deref() == part.as_deref()
                };
                fits(product, &draft.logsource.product)
                    && fits(category, &draft.logsource.category)
                    && fits(service, &draft.logsource.service)
            }
            Self::ContainsField(name) => any_item(draft, |item| item.field.as_ref() == Some(name)),
            Self::ContainsItem { field, value } => any_item(draft, |item| {
                let has = |value: &String| item.values.iter().any(|node| node.text().as_ref() == Some(value));
                item.field == *field && value.as_ref().is_none_or(has)
            }),
            Self::Tag(tag) => draft.tags.iter().any(|known| known.eq_ignore_ascii_case(tag)),
            Self::Attribute { name, value, compare } => {
                let own = attribute(draft, state, name);
                own.is_some_and(|own| compare.holds(&own, value))
            }
            Self::Applied(id) => state.applied.contains(id),
            Self::State { key, value, compare } => state.compare(key, value, *compare),
            Self::Kind { correlation } => !correlation,
        }
    }
}

fn any_item(draft: &Draft, mut holds: impl FnMut(&Item) -> bool) -> bool {
    let mut any = false;
    for selection in &draft.detection.selections {
        selection.tree.items(&mut |item| any |= holds(item));
    }
    any
}

fn attribute(draft: &Draft, state: &State, name: &str) -> Option<String> {
    match name {
        "id" => draft.id.clone(),
        "name" => draft.name.clone(),
        "title" => draft.title.clone(),
        "status" => draft.status.clone(),
        "level" => Some(format!("{:?}", draft.level).to_ascii_lowercase()),
        "logsource.product" => draft.logsource.product.clone(),
        "logsource.category" => draft.logsource.category.clone(),
        "logsource.service" => draft.logsource.service.clone(),
        other => state.attributes.get(other).cloned(),
    }
}

impl State {
    fn compare(&self, key: &str, value: &str, compare: Compare) -> bool {
        self.values.get(key).is_some_and(|own| compare.holds(own, value))
    }
}

impl ItemCondition {
    pub(super) fn holds(&self, item: &Item, state: &State) -> bool {
        let values = |all: bool, holds: &dyn Fn(&Node) -> bool| {
            if all { item.values.iter().all(holds) } else { item.values.iter().any(holds) }
        };
        match self {
            Self::Text { pattern, all, negated } => {
                let fits = |node: &Node| {
                    let Value::Text(text) = &node.value else { return false };
                    pattern.is_match(text)
                };
                values(*all, &fits) != *negated
            }
            Self::Value { value, all } => values(*all, &|node| node.text().as_ref() == Some(value)),
            Self::Wildcard { all } => values(*all, &|node| {
                let Value::Text(text) = &node.value else { return false };
                parse_wildcards(text).iter().any(|part| !matches!(part, Part::Literal(_)))
            }),
            Self::Null { all } => values(*all, &|node| node.value == Value::Null),
            Self::Applied(id) => item.applied.contains(id),
            Self::State { key, value, compare } => state.compare(key, value, *compare),
        }
    }
}

impl FieldCondition {
    pub(super) fn holds(&self, item: &Item, state: &State) -> bool {
        let among = |matches: &[FieldMatch]| {
            let Some(field) = &item.field else { return false };
            matches.iter().any(|wanted| match wanted {
                FieldMatch::Name(name) => name == field,
                FieldMatch::Pattern(pattern) => pattern.is_match(field),
            })
        };
        match self {
            Self::Include(matches) => among(matches),
            Self::Exclude(matches) => !among(matches),
            Self::Applied(id) => item.applied.contains(id),
            Self::State { key, value, compare } => state.compare(key, value, *compare),
        }
    }
}

impl Compare {
    fn holds(self, own: &str, wanted: &str) -> bool {
        use std::cmp::Ordering::{Equal, Greater, Less};
        // Levels have an order of their own.
        const LEVELS: [&str; 5] = ["informational", "low", "medium", "high", "critical"];
        let level = |text: &str| LEVELS.iter().position(|level| *level == text).map(|place| place as f64);
        let number = |text: &str| level(text).or_else(|| text.parse::<f64>().ok());
        let order = match (number(own), number(wanted)) {
            (Some(own), Some(wanted)) => own.partial_cmp(&wanted).unwrap_or(Equal),
            _ => own.cmp(wanted),
        };
        match self {
            Self::Equal => order == Equal,
            Self::NotEqual => order != Equal,
            Self::Less => order == Less,
            Self::LessOrEqual => order != Greater,
            Self::Greater => order == Greater,
            Self::GreaterOrEqual => order != Less,
        }
    }
}
