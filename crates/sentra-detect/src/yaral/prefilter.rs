//! What an event must at least fulfil to be of an event variable, in the words of the engine.
//!
//! It is a necessary condition, never a sufficient one: what cannot be said in the engine's words is left out, and
//! the full condition is tried on the candidates. So an index over these never changes a result.

use super::ast::CompareSign;
use super::rule::Variable;
use super::schema::Leaf;
use super::term::{Bx, Ex};
use super::udm::{BY_CLASS, BY_CODE, BY_SYSMON_ID, BY_WINDOWS_ID, From};
use super::value::Value;
use crate::sigma::expr::{Expr, Predicate};
use crate::sigma::wildcard::TextTest;
use crate::test::{Network, Test};
use crate::text::fold;

/// The necessary condition of `variable`.
pub(super) fn of(variable: &Variable) -> Expr<Predicate> {
    all(variable.local.iter().map(|test| necessary(test, variable)))
}

/// Every event.
fn everything() -> Expr<Predicate> {
    Expr::And(Vec::new())
}

fn is_everything(expression: &Expr<Predicate>) -> bool {
    matches!(expression, Expr::And(parts) if parts.is_empty())
}

fn all(parts: impl Iterator<Item = Expr<Predicate>>) -> Expr<Predicate> {
    Expr::all(parts.filter(|part| !is_everything(part)).collect())
}

fn any(parts: Vec<Expr<Predicate>>) -> Expr<Predicate> {
    if parts.iter().any(is_everything) { everything() } else { Expr::any(parts) }
}

fn necessary(test: &Bx, variable: &Variable) -> Expr<Predicate> {
    match test {
        Bx::And(parts) => all(parts.iter().map(|part| necessary(part, variable))),
        Bx::Or(parts) => any(parts.iter().map(|part| necessary(part, variable)).collect()),
        Bx::Compare { sign: CompareSign::Equal, left, right, nocase } => match (left, right) {
            (field, Ex::Literal(Value::Text(text))) | (Ex::Literal(Value::Text(text)), field) => {
                equals(field, text, *nocase, variable)
            }
            _ => everything(),
        },
        Bx::Truth(Ex::Call(call, arguments, nocase)) => {
            let [field, Ex::Literal(Value::Text(text))] = arguments.as_slice() else { return everything() };
            let case = if *nocase { Case::Ignored } else { Case::Kept };
            match call.function().name {
                "re.regex" => match super::functions::re::compile(text, *nocase) {
                    Ok(regex) => on_field(field, &Test::Regexes(vec![regex]), variable),
                    Err(_) => everything(),
                },
                "strings.contains" => text_test(field, case, TextTest::Contains, text, variable),
                "strings.starts_with" => text_test(field, case, TextTest::Starts, text, variable),
                "strings.ends_with" => text_test(field, case, TextTest::Ends, text, variable),
                "net.ip_in_range_cidr" => match Network::read(text) {
                    Some(network) => on_field(field, &Test::Networks(vec![network]), variable),
                    None => everything(),
                },
                _ => everything(),
            }
        }
        // Both are about some value of the field; of `all` at least one passes too.
        Bx::Quantified { slot, test, .. } => match &**test {
            Bx::Compare { sign: CompareSign::Equal, left, right, nocase } => match (left, right) {
                (Ex::Element, Ex::Literal(Value::Text(text)))
                | (Ex::Literal(Value::Text(text)), Ex::Element) => {
                    equals(&Ex::Slot(*slot), text, *nocase, variable)
                }
                _ => everything(),
            },
            _ => everything(),
        },
        _ => everything(),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Case {
    Kept,
    Ignored,
}

fn equals(field: &Ex, text: &str, nocase: bool, variable: &Variable) -> Expr<Predicate> {
    if let Ex::Slot(id) = field
        && let Some(slot) = variable.slots.get(id.slot)
    {
        let access = &slot.access;
        if access.mappings.iter().any(|mapping| mapping.from == From::EventType) {
            return event_type(&access.own, text);
        }
        if let [mapping] = access.mappings.as_slice()
            && let From::Hash(name) = mapping.from
            && !text.is_empty()
        {
            return hash(&access.own, name, text);
        }
    }
    let case = if nocase { Case::Ignored } else { Case::Kept };
    text_test(field, case, TextTest::Equals, text, variable)
}

fn text_test(
    field: &Ex,
    case: Case,
    place: fn(String) -> TextTest,
    text: &str,
    variable: &Variable,
) -> Expr<Predicate> {
    // A function that changes case in between: then case says nothing.
    let (field, case) = match field {
        Ex::Fold(inner) => (&**inner, Case::Ignored),
        Ex::Call(call, arguments, _) => match (call.function().name, arguments.as_slice()) {
            ("strings.to_lower" | "strings.to_upper", [inner]) => (inner, Case::Ignored),
            _ => return everything(),
        },
        field => (field, case),
    };
    let test = match case {
        Case::Kept => Test::Cased(vec![place(text.to_owned())]),
        Case::Ignored => Test::Text(vec![place(fold(text).into_owned())]),
    };
    on_field(field, &test, variable)
}

/// The test on every name under which the field can have its value.
fn on_field(field: &Ex, test: &Test, variable: &Variable) -> Expr<Predicate> {
    let Ex::Slot(id) = field else { return everything() };
    let Some(slot) = variable.slots.get(id.slot) else { return everything() };
    let access = &slot.access;
    // What is missing counts as nothing: where that passes, every event is a candidate. Numbers and truths can be
    // written in many ways.
    if test.passes("") || !access.zero().is_null() {
        return everything();
    }
    let mut names: Vec<String> = access.own.clone();
    if access.leaf == Leaf::Labels {
        names.push(format!("{}.value", access.path));
    }
    for mapping in &access.mappings {
        match mapping.from {
            From::Name(name) | From::Email(name) => names.push(name.to_owned()),
            _ => return everything(),
        }
    }
    Expr::any(names.into_iter().map(|name| leaf(name, test.clone())).collect())
}

fn leaf(name: String, test: Test) -> Expr<Predicate> {
    Expr::Leaf(Predicate { field: Some(name), test })
}

fn exactly(name: &str, values: Vec<&str>) -> Expr<Predicate> {
    let tests = values.into_iter().map(|value| TextTest::Equals(value.to_owned())).collect();
    leaf(name.to_owned(), Test::Cased(tests))
}

fn event_type(own: &[String], wanted: &str) -> Expr<Predicate> {
    let by_class = BY_CLASS.iter().any(|(_, name)| *name == wanted);
    if by_class || ["", "GENERIC_EVENT", "PROCESS_TERMINATION"].contains(&wanted) {
        return everything();
    }
    let keys = |table: &[(&'static str, &str)]| -> Vec<&'static str> {
        table.iter().filter(|(_, name)| *name == wanted).map(|(key, _)| *key).collect()
    };
    let mut parts: Vec<Expr<Predicate>> = own.iter().map(|name| exactly(name, vec![wanted])).collect();
    let mut ids = keys(&BY_SYSMON_ID);
    ids.extend(keys(&BY_WINDOWS_ID));
    if wanted == "REGISTRY_DELETION" {
        ids.push("12");
    }
    for (name, values) in [("code", keys(&BY_CODE)), ("EventID", ids)] {
        if !values.is_empty() {
            parts.push(exactly(name, values));
        }
    }
    Expr::any(parts)
}

fn hash(own: &[String], name: &str, wanted: &str) -> Expr<Predicate> {
    let within = Test::Text(vec![TextTest::Contains(fold(wanted).into_owned())]);
    let mut names: Vec<String> = own.to_vec();
    names.extend([name.to_owned(), name.to_ascii_lowercase(), "Hashes".to_owned()]);
    Expr::any(names.into_iter().map(|name| leaf(name, within.clone())).collect())
}
