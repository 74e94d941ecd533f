//! Pipelines: rules are rewritten before they are compiled, so that they fit what the fields of a source are
//! called. They are read from the YAML form that pySigma's are written in.
//!
//! A pipeline is a list of transformations, each with conditions on the rule, on the item of a detection and
//! on the name of its field. Transformations are applied in their order, pipelines in the order of their
//! priority. What a transformation of pySigma means only for a query in text is refused by its name.

mod builtin;
mod condition;
mod read;
mod read_conditions;
mod rewrite;
mod scope;
mod transformation;

use std::collections::BTreeMap;

use crate::logsource::Logsource;
use crate::placeholders::Placeholders;
use crate::problem::{Fault, ProblemSeverity, RuleProblem};
use crate::sigma::draft::Draft;
use crate::sigma::tree::{Conditional, Detection, Item, Selection, Tree};
use crate::yaml::{Entry, Node, Value, documents};

pub use builtin::BUILT_IN_PIPELINES;
use condition::{Conditions, FieldCondition, ItemCondition, RuleCondition};
pub(crate) use scope::ScopedPipelines;
use transformation::Transformation;

/// Most transformations of one pipeline, those in nests included.
pub(crate) const TRANSFORMATIONS_MAX: usize = 1_000;
/// Deepest nesting of transformations.
pub(crate) const NEST_DEPTH_MAX: usize = 8;
/// Most values and items of a rule, together, after a transformation.
pub(crate) const RULE_VALUES_MAX: usize = 100_000;

/// A field-mapping pipeline.
#[derive(Debug, Clone)]
pub struct Pipeline {
    name: String,
    priority: i64,
    /// The pack whose rules it rewrites; `None` for those of every pack.
    pack: Option<String>,
    /// What `value_placeholders` replaces.
    variables: Placeholders,
    steps: Vec<Step>,
}

/// A transformation with its conditions.
#[derive(Debug, Clone)]
struct Step {
    id: Option<String>,
    rule: Conditions<RuleCondition>,
    item: Conditions<ItemCondition>,
    field: Conditions<FieldCondition>,
    transformation: Transformation,
}

/// What transformations of one rule tell the ones behind them.
#[derive(Debug, Default)]
struct State {
    values: BTreeMap<String, String>,
    attributes: BTreeMap<String, String>,
    /// Ids of the transformations that were applied.
    applied: Vec<String>,
    /// For the names of added selections.
    added: usize,
}

impl Pipeline {
    /// Reads a pipeline. It comes with warnings, or it is refused with the error.
    ///
    /// # Errors
    ///
    /// What is wrong with it, with its line.
    pub fn read(path: &str, text: &str) -> Result<(Self, Vec<RuleProblem>), Box<RuleProblem>> {
        let problem = |severity, Fault { line, message }: Fault| RuleProblem {
            path: path.to_owned(),
            line,
            rule: None,
            severity,
            message: format!("pipeline: {message}"),
        };
        let refuse = |fault| Box::new(problem(ProblemSeverity::Error, fault));
        let mut all = documents(text);
        if all.len() > 1 {
            return Err(refuse(Fault::new(1, "one document is one pipeline: the file has several")));
        }
        let node = all.pop().unwrap_or_else(|| Err(Fault::new(1, "the file is empty"))).map_err(refuse)?;
        let mut warnings = Vec::new();
        let pipeline = read::pipeline(&node, &mut |line, message| warnings.push(Fault::new(line, message)));
        let pipeline = pipeline.map_err(refuse)?;
        let warnings = warnings.into_iter().map(|fault| problem(ProblemSeverity::Warning, fault)).collect();
        Ok((pipeline, warnings))
    }

    /// One of [`BUILT_IN_PIPELINES`].
    #[must_use]
    pub fn built_in(name: &str) -> Option<Self> {
        let (path, text) = builtin::text(name)?;
        Self::read(path, text).ok().map(|(pipeline, _)| pipeline)
    }

    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Pipelines of lower numbers are applied first.
    #[must_use]
    pub fn priority(&self) -> i64 {
        self.priority
    }

    /// The same pipeline for the rules of `pack` alone, as [`RuleSource::pack`](crate::RuleSource::pack) names it.
    #[must_use]
    pub fn for_pack(self, pack: impl Into<String>) -> Self {
        Self { pack: Some(pack.into()), ..self }
    }

    /// The pack whose rules it rewrites; `None` for those of every pack.
    #[must_use]
    pub fn pack(&self) -> Option<&str> {
        self.pack.as_deref()
    }
}

/// Rewrites `draft` by `pipelines`, which are in the order of their priority.
pub(crate) fn apply(pipelines: &[Pipeline], draft: &mut Draft) -> Result<(), Fault> {
    let mut state = State::default();
    for pipeline in pipelines {
        for step in &pipeline.steps {
            step.apply(&pipeline.variables, draft, &mut state)?;
        }
        let values: usize = draft.detections().map(size).sum();
        if values > RULE_VALUES_MAX {
            let message =
                format!("pipelines make more than the {RULE_VALUES_MAX} values allowed of the rule");
            return Err(Fault::new(draft.line, message));
        }
    }
    Ok(())
}

fn size(detection: &Detection) -> usize {
    let mut values = 0;
    for selection in &detection.selections {
        selection.tree.items(&mut |item| values += 1 + item.values.len());
    }
    values
}

/// What `pipelines` call `field` in rules of `logsource`: for correlations, which name fields of the rules
/// they refer to. Only what is said by field and logsource can be seen here.
pub(crate) fn field_name(pipelines: &[Pipeline], logsource: &Logsource, field: &str) -> String {
    let line = 1;
    let values = vec![Node { line, value: Value::Text("*".to_owned()) }];
    let item = Item {
        field: Some(field.to_owned()),
        modifiers: Default::default(),
        values,
        line,
        applied: Vec::new(),
    };
    let selection = Selection { name: "field".to_owned(), line, tree: Tree::Item(Box::new(item)) };
    let mut draft =
        Draft::of(logsource.clone(), Detection { selections: vec![selection], ..Detection::default() });
    let mut found = None;
    if apply(pipelines, &mut draft).is_ok()
        && let Some(selection) = draft.detection.selections.first()
    {
        selection.tree.items(&mut |item| found = found.take().or_else(|| item.field.clone()));
    }
    found.unwrap_or_else(|| field.to_owned())
}

/// Gives the correlation in `document` aliases for the fields that `pipelines` call otherwise in the rules it
/// refers to, whatever pack it is of itself. `rule_of` knows the packs and the logsources, as written, of rules.
pub(crate) fn correlation_names<'a>(
    pipelines: &ScopedPipelines,
    document: &mut Node,
    rule_of: impl Fn(&str) -> Option<&'a (String, Logsource)>,
) {
    let Some(correlation) = document.get("correlation") else { return };
    let line = correlation.line;
    let texts = |key: &str| -> Vec<String> {
        let items = correlation.get(key).map(Node::items).unwrap_or_default();
        items.iter().filter_map(Node::text).collect()
    };
    let mut names = texts("group-by");
    let condition = correlation.get("condition").and_then(|condition| condition.get("field"));
    names.extend(condition.map(Node::items).unwrap_or_default().iter().filter_map(Node::text));
    let rules = texts("rules");
    let known = correlation.get("aliases").map(Node::entries).unwrap_or_default();
    let mut added = Vec::new();
    for name in names.iter().filter(|name| !known.iter().any(|alias| alias.key == **name)) {
        let called = |rule: &String| match rule_of(rule) {
            Some((pack, logsource)) => field_name(pipelines.of(pack), logsource, name),
            None => name.clone(),
        };
        let fields: Vec<String> = rules.iter().map(called).collect();
        if fields.iter().all(|field| field == name) {
            continue;
        }
        let node = |value| Node { line, value };
        let fields = rules.iter().zip(fields).map(|(rule, field)| Entry {
            key: rule.clone(),
            line,
            value: node(Value::Text(field)),
        });
        added.push(Entry { key: name.clone(), line, value: node(Value::Map(fields.collect())) });
    }
    let Value::Map(entries) = &mut document.value else { return };
    let correlation = entries.iter_mut().find(|entry| entry.key == "correlation");
    if let Some(Value::Map(entries)) = correlation.map(|entry| &mut entry.value.value) {
        match entries.iter_mut().find(|entry| entry.key == "aliases").map(|entry| &mut entry.value.value) {
            Some(Value::Map(aliases)) => aliases.extend(added),
            _ if added.is_empty() => {}
            _ => {
                let value = Node { line, value: Value::Map(added) };
                entries.push(Entry { key: "aliases".to_owned(), line, value });
            }
        }
    }
}

impl Step {
    fn apply(&self, variables: &Placeholders, draft: &mut Draft, state: &mut State) -> Result<(), Fault> {
        if !self.rule.hold(&mut |condition| condition.holds(draft, state)) {
            return Ok(());
        }
        let failure = |message: &str| Err(Fault::new(draft.line, format!("pipeline: {message}")));
        match &self.transformation {
            Transformation::Nest(steps) => {
                for step in steps {
                    step.apply(variables, draft, state)?;
                }
            }
            Transformation::RuleFailure(message) => return failure(message),
            Transformation::SetState { key, value } => {
                state.values.insert(key.clone(), value.clone());
            }
            Transformation::SetAttribute { key, value } => {
                state.attributes.insert(key.clone(), value.clone());
            }
            Transformation::ChangeLogsource(logsource) => draft.logsource = logsource.clone(),
            Transformation::AddCondition { name, conditions, template, negated } => {
                let logsource = template.then_some(&draft.logsource);
                let tree = transformation::filled(conditions, logsource);
                state.added += 1;
                let name = name.clone().unwrap_or_else(|| format!("_pipeline_{}", state.added));
                draft.detection.add(name, tree, *negated, draft.line);
            }
            Transformation::NoEffect => {}
            Transformation::Item(change) => {
                let scope = rewrite::Scope { step: self, state, variables };
                for detection in draft.detections_mut() {
                    rewrite::detection(&scope, change, detection)?;
                }
            }
        }
        if let Some(id) = &self.id
            && !state.applied.contains(id)
        {
            state.applied.push(id.clone());
        }
        Ok(())
    }
}

impl Detection {
    /// Adds a selection that every match must have too, or must not have.
    fn add(&mut self, name: String, tree: Tree, negated: bool, line: u64) {
        use crate::sigma::condition::Condition;
        for Conditional { condition, .. } in &mut self.conditions {
            let wanted = Condition::Name(name.clone());
            let wanted = if negated { Condition::Not(Box::new(wanted)) } else { wanted };
            let before = std::mem::replace(condition, Condition::And(Vec::new()));
            // In front: it decides at once.
            *condition = Condition::And(vec![wanted, before]);
        }
        self.selections.push(Selection { name, line, tree });
    }
}

#[cfg(test)]
mod tests;
