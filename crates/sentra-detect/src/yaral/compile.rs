//! From what was written to what is evaluated: names, types, and where each condition belongs.

use std::collections::BTreeSet;

use super::ast::{FieldPath, Line, Quantifier, RuleAst, Step, Term};
use super::listed::AskLists;
use super::rule::{Slot, Variable};
use super::schema::{Leaf, shape_of};
use super::term::{Ex, SlotId};
use super::udm::Access;
use super::value::{Kind, Value};
use crate::problem::Fault;
use crate::sigma::expr::Expr;
use crate::text::hint;

/// Most event variables of a rule.
const VARIABLES_MAX: usize = 10;
/// Most fields that a rule reads of one event variable.
const SLOTS_MAX: usize = 1_000;

/// In which section an expression stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Events,
    Outcome,
    /// In an outcome, within a function that gathers.
    Aggregate,
    Condition,
}

/// An expression with what is known of it.
pub(super) struct Typed {
    pub(super) ex: Ex,
    pub(super) kind: Kind,
    pub(super) enumeration: Option<&'static str>,
}

impl Typed {
    pub(super) fn new(ex: Ex, kind: Kind) -> Self {
        Self { ex, kind, enumeration: None }
    }

    pub(super) fn literal(&self) -> Option<&Value> {
        match &self.ex {
            Ex::Literal(value) => Some(value),
            _ => None,
        }
    }
}

/// What is known of a rule while it is compiled.
pub(super) struct Compiler<'a> {
    pub(super) rule: &'a RuleAst,
    pub(super) lists: &'a dyn AskLists,
    pub(super) variables: Vec<Variable>,
    pub(super) placeholders: Vec<String>,
    /// Per placeholder, the event variables that give it a value.
    pub(super) givers: Vec<BTreeSet<usize>>,
    pub(super) outcomes: Vec<(String, Kind)>,
    pub(super) warnings: Vec<Fault>,
    pub(super) place: Place,
    /// The `any` or `all` of the condition that is being read.
    pub(super) quantified: Option<(SlotId, Quantifier)>,
}

pub(super) fn fault(line: Line, message: impl Into<String>) -> Fault {
    Fault::new(line.0, message)
}

impl<'a> Compiler<'a> {
    /// Finds the names of the events section.
    pub(super) fn new(rule: &'a RuleAst, lists: &'a dyn AskLists) -> Result<Self, Fault> {
        let mut compiler = Self {
            rule,
            lists,
            variables: Vec::new(),
            placeholders: Vec::new(),
            givers: Vec::new(),
            outcomes: Vec::new(),
            warnings: Vec::new(),
            place: Place::Events,
            quantified: None,
        };
        compiler.refuse_other_sources()?;
        let mut words: Vec<(&str, Line)> = Vec::new();
        for event in &rule.events {
            event.walk(&mut |node| match &node.term {
                Term::Field(path) => compiler.add_variable(&path.variable),
                Term::Variable(name) => words.push((name, node.line)),
                _ => {}
            });
        }
        for (name, line) in words {
            if compiler.variable(name).is_some() {
                return Err(fault(line, format!("${name} is an event variable: say which field of it")));
            }
            if compiler.placeholder(name).is_none() {
                compiler.placeholders.push(name.to_owned());
                compiler.givers.push(BTreeSet::new());
            }
        }
        match compiler.variables.len() {
            0 => Err(fault(rule.line, "the events section asks no field of an event")),
            1..=VARIABLES_MAX => Ok(compiler),
            _ => Err(fault(rule.line, format!("more than {VARIABLES_MAX} event variables"))),
        }
    }

    fn add_variable(&mut self, name: &str) {
        if self.variable(name).is_none() && self.variables.len() <= VARIABLES_MAX {
            self.variables.push(Variable {
                name: name.to_owned(),
                slots: Vec::new(),
                local: Vec::new(),
                keys: Vec::new(),
                prefilter: Expr::And(Vec::new()),
                required: true,
                forbidden: false,
            });
        }
    }

    /// Events only: no entity graph, no detections of other rules.
    fn refuse_other_sources(&self) -> Result<(), Fault> {
        let mut found = None;
        let nodes = self.rule.events.iter().chain(&self.rule.setup);
        nodes.chain(self.rule.outcome.iter().map(|entry| &entry.value)).for_each(|node| {
            node.walk(&mut |node| {
                let Term::Field(path) = &node.term else { return };
                let reason = match path.steps.first() {
                    Some(Step::Name(name)) if name == "graph" => "the entity graph",
                    Some(Step::Name(name)) if name == "detection" => "the detections of other rules",
                    _ => return,
                };
                found.get_or_insert_with(|| fault(node.line, format!("the rule needs {reason}: {path}")));
            });
        });
        if let (None, Some(node)) = (&found, self.rule.setup.first()) {
            found = Some(fault(node.line, "the rule needs the entity graph: it has a setup section"));
        }
        found.map_or(Ok(()), Err)
    }

    pub(super) fn variable(&self, name: &str) -> Option<usize> {
        self.variables.iter().position(|variable| variable.name == name)
    }

    pub(super) fn placeholder(&self, name: &str) -> Option<usize> {
        self.placeholders.iter().position(|known| known == name)
    }

    pub(super) fn outcome(&self, name: &str) -> Option<usize> {
        self.outcomes.iter().position(|(known, _)| known == name)
    }

    /// All names with a dollar sign, for hints.
    pub(super) fn names(&self) -> Vec<&str> {
        let variables = self.variables.iter().map(|variable| variable.name.as_str());
        let placeholders = self.placeholders.iter().map(String::as_str);
        variables.chain(placeholders).chain(self.outcomes.iter().map(|(name, _)| name.as_str())).collect()
    }

    /// A field as it is read; `whole` for all its values at once.
    pub(super) fn field(&mut self, path: &FieldPath, line: Line, whole: bool) -> Result<Typed, Fault> {
        let Some(variable) = self.variable(&path.variable) else {
            let names: Vec<&str> = self.variables.iter().map(|variable| variable.name.as_str()).collect();
            let hint = hint(&path.variable, names);
            let message = format!("${} is no event variable of the events section{hint}", path.variable);
            return Err(fault(line, message));
        };
        let (access, repeated) = access(path).map_err(|message| fault(line, message))?;
        let leaf = access.leaf;
        if access.is_unmapped() && self.place == Place::Events {
            let message = format!("no column has {}: it is looked for as a field of that name", access.path);
            if !self.warnings.iter().any(|warning| warning.message == message) {
                self.warnings.push(fault(line, message));
            }
        }
        let unnest = !whole && path.quantifier.is_none();
        let slot = self.slot(variable, access, unnest, line)?;
        let enumeration = match leaf {
            Leaf::Enum(name) => Some(name),
            _ => None,
        };
        if let Some(quantifier) = path.quantifier {
            if !repeated {
                self.warnings
                    .push(fault(line, format!("{path}: the field is not repeated, any and all say nothing")));
            }
            if self.quantified.is_some_and(|(other, _)| other != slot) || self.place != Place::Events {
                return Err(fault(line, "any and all stand before one field of a condition on events"));
            }
            self.quantified = Some((slot, quantifier));
            return Ok(Typed { ex: Ex::Element, kind: leaf.kind(), enumeration });
        }
        let kind = if whole { Kind::List } else { leaf.kind() };
        Ok(Typed { ex: Ex::Slot(slot), kind, enumeration })
    }

    fn slot(&mut self, variable: usize, access: Access, unnest: bool, line: Line) -> Result<SlotId, Fault> {
        let kept = self.place != Place::Events;
        let slots = self.variables.get_mut(variable).map(|variable| &mut variable.slots);
        let Some(slots) = slots else { return Err(fault(line, "no such event variable")) };
        let same = |slot: &Slot| {
            slot.unnest == unnest
                && (&slot.access.path, &slot.access.key, slot.access.index)
                    == (&access.path, &access.key, access.index)
        };
        let place = match slots.iter().position(same) {
            Some(place) => place,
            None if slots.len() >= SLOTS_MAX => {
                return Err(fault(line, format!("more than {SLOTS_MAX} fields of one event variable")));
            }
            None => {
                slots.push(Slot { access, unnest, kept: false });
                slots.len() - 1
            }
        };
        if let Some(slot) = slots.get_mut(place) {
            slot.kept |= kept;
        }
        Ok(SlotId { variable, slot: place })
    }

    /// Marks the fields of `ex` as needed after the event was accepted.
    pub(super) fn keep(&mut self, ex: &Ex) {
        let Ex::Slot(id) = ex else { return };
        let slots = self.variables.get_mut(id.variable).map(|variable| &mut variable.slots);
        if let Some(slot) = slots.and_then(|slots| slots.get_mut(id.slot)) {
            slot.kept = true;
        }
    }
}

/// How a path is read, and whether it is repeated.
fn access(path: &FieldPath) -> Result<(Access, bool), String> {
    let mut names: Vec<&str> = Vec::new();
    let (mut key, mut index) = (None, None);
    for step in &path.steps {
        match step {
            Step::Name(_) if key.is_some() => return Err("nothing follows a key".to_owned()),
            Step::Name(name) => names.push(name),
            Step::Key(_) if key.is_some() => return Err("a second key in one path".to_owned()),
            Step::Key(text) => key = Some(text.clone()),
            Step::Index(number) => index = Some(*number as usize),
        }
    }
    if names.first() == Some(&"udm") {
        names.remove(0);
    }
    let shape = shape_of(&names)?;
    let takes_key = matches!(shape.leaf, Leaf::Labels | Leaf::Map);
    let written = path.name();
    match (takes_key, &key) {
        (true, None) => return Err(format!("{written} wants a key: {written}[\"name\"]")),
        (false, Some(_)) => return Err(format!("{written} is no map and takes no key")),
        _ => {}
    }
    if index.is_some() && !shape.repeated {
        return Err(format!("{written} is not repeated and takes no index"));
    }
    Ok((Access::new(&names.join("."), key, index, shape.leaf), shape.repeated))
}
