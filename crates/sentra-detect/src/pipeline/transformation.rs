//! What a step of a pipeline does.

use regex::Regex;

use crate::logsource::Logsource;
use crate::sigma::tree::Tree;
use crate::yaml::{Node, Value};

use super::Step;

#[derive(Debug, Clone)]
pub(super) enum Transformation {
    Nest(Vec<Step>),
    RuleFailure(String),
    SetState {
        key: String,
        value: String,
    },
    SetAttribute {
        key: String,
        value: String,
    },
    ChangeLogsource(Logsource),
    AddCondition {
        name: Option<String>,
        conditions: Tree,
        /// `$category`, `$product` and `$service` in values stand for the rule's.
        template: bool,
        negated: bool,
    },
    /// About what a backend prints, which there is none of.
    NoEffect,
    /// Of items of a detection.
    Item(ItemChange),
}

/// A change of the items whose conditions hold.
#[derive(Debug, Clone)]
pub(super) enum ItemChange {
    /// Names by the name they get: any of them.
    MapField(Vec<(String, Vec<String>)>),
    MapPrefix(Vec<(String, Vec<String>)>),
    Prefix(String),
    Suffix(String),
    Drop,
    Failure(String),
    Replace {
        pattern: Regex,
        replacement: String,
        skip_special: bool,
        interpret_special: bool,
    },
    MapText(Vec<(String, Vec<String>)>),
    SetValue(Node),
    Case {
        upper: bool,
    },
    ToText,
    ToNumber,
    /// Placeholders by the values of variables, or by `*`.
    Placeholders {
        names: Names,
        wildcard: bool,
    },
    /// `Hashes` that hold `ALGORITHM=hash` by a field for each algorithm.
    Hashes {
        algorithms: Vec<String>,
        prefix: String,
        keep_algorithm: bool,
    },
}

/// The placeholders that are meant.
#[derive(Debug, Clone)]
pub(super) enum Names {
    All,
    Only(Vec<String>),
    Except(Vec<String>),
}

impl Names {
    pub(super) fn take(&self, name: &str) -> bool {
        let among = |names: &[String]| names.iter().any(|known| known == name);
        match self {
            Self::All => true,
            Self::Only(names) => among(names),
            Self::Except(names) => !among(names),
        }
    }
}

/// `tree` with the parts of `logsource` in the places of their templates.
pub(super) fn filled(tree: &Tree, logsource: Option<&Logsource>) -> Tree {
    let Some(logsource) = logsource else { return tree.clone() };
    let part = |part: &Option<String>| part.clone().unwrap_or_default();
    let replace = |text: &str| {
        let text = text.replace("$category", &part(&logsource.category));
        text.replace("$product", &part(&logsource.product)).replace("$service", &part(&logsource.service))
    };
    match tree {
        Tree::All(parts) => Tree::All(parts.iter().map(|part| filled(part, Some(logsource))).collect()),
        Tree::Any(parts) => Tree::Any(parts.iter().map(|part| filled(part, Some(logsource))).collect()),
        Tree::Item(item) => {
            let mut item = item.clone();
            for value in &mut item.values {
                if let Value::Text(text) = &mut value.value {
                    *text = replace(text);
                }
            }
            Tree::Item(item)
        }
    }
}
