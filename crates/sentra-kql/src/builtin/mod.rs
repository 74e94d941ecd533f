//! What can be called: operators of expressions and functions, each with what it takes and gives.

mod aggregate;
mod refused;
mod table;

pub use aggregate::{AGGREGATE_ALIASES, AggregateFunction};
pub use refused::{REFUSED_AGGREGATES, REFUSED_FUNCTIONS};
pub use table::{ALIASES, Builtin};

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Serialize;

use crate::value::Kind;

/// What a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// A value of this kind.
    Kind(Kind),
    /// A number; all of a function's are of one kind.
    Number,
    /// Anything; all of a function's are of one kind.
    Same,
    /// Anything.
    Any,
}

/// A parameter of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameter {
    /// What it is called in the documentation.
    pub name: &'static str,
    /// What it takes.
    pub takes: Takes,
    /// Whether it may be left out.
    pub optional: bool,
    /// Whether any number of arguments is taken, at least one.
    pub repeats: bool,
}

/// What a function takes and gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// Its name.
    pub name: &'static str,
    /// Its parameters.
    pub parameters: Vec<Parameter>,
    /// What it gives: a kind, or that of its arguments.
    pub gives: Takes,
}

impl Signature {
    /// Reads `name(a: string, b?: long, c...: T): real`, in which `N` is any number and `T` anything, the
    /// same wherever it stands.
    fn read(text: &'static str) -> Option<Self> {
        let (name, rest) = text.split_once('(')?;
        let (inside, gives) = rest.rsplit_once("):")?;
        let mut parameters = Vec::new();
        for part in inside.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (name, takes) = part.split_once(':')?;
            let repeats = name.ends_with("...");
            let optional = name.ends_with('?');
            let name = name.trim_end_matches("...").trim_end_matches('?');
            parameters.push(Parameter { name, takes: takes_of(takes)?, optional, repeats });
        }
        Some(Self { name, parameters, gives: takes_of(gives)? })
    }
}

fn takes_of(word: &str) -> Option<Takes> {
    Some(match word.trim() {
        "N" => Takes::Number,
        "T" => Takes::Same,
        "any" => Takes::Any,
        word => Takes::Kind(Kind::named(word)?),
    })
}

/// To what a function belongs, in the documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Area {
    /// Operators between values.
    Operators,
    /// Texts.
    Text,
    /// Moments and spans of time.
    Time,
    /// From one kind to another.
    Conversion,
    /// Choosing among values.
    Choice,
    /// Numbers.
    Math,
    /// Addresses and networks.
    Network,
    /// JSON.
    Dynamic,
}

/// Functions by name; operators are not among them.
static BY_NAME: LazyLock<BTreeMap<&'static str, Builtin>> = LazyLock::new(|| {
    let named = Builtin::ALL.iter().filter(|builtin| builtin.area() != Area::Operators);
    let named =
        named.filter_map(|builtin| builtin.written().split_once('(').map(|(name, _)| (name, *builtin)));
    named.chain(ALIASES).collect()
});

static SIGNATURES: LazyLock<BTreeMap<Builtin, Signature>> = LazyLock::new(|| {
    let functions = Builtin::ALL.iter().filter(|builtin| builtin.area() != Area::Operators);
    functions.filter_map(|builtin| Some((*builtin, Signature::read(builtin.written())?))).collect()
});

impl Builtin {
    /// The function called `name`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        BY_NAME.get(name).copied()
    }

    /// Names of all functions, other names included.
    pub fn names() -> impl Iterator<Item = &'static str> {
        BY_NAME.keys().copied()
    }

    /// What a function takes and gives; nothing for operators.
    #[must_use]
    pub fn signature(self) -> Option<&'static Signature> {
        SIGNATURES.get(&self)
    }

    /// Whether it asks something of its arguments: of a source field with several values one is enough.
    #[must_use]
    pub fn is_test(self) -> bool {
        use Builtin::*;
        let is_connective = matches!(
            self,
            And | Or | Not | Negate | Add | Subtract | Multiply | Divide | Modulo | SourceField | Get
        );
        let is_network = matches!(
            self,
            Ipv4InRange
                | Ipv4InAnyRange
                | Ipv4IsMatch
                | Ipv4IsPrivate
                | Ipv6InRange
                | Ipv6IsMatch
                | HasIpv4
                | HasIpv4Prefix
        );
        is_network || (self.area() == Area::Operators && !is_connective)
    }

    /// Its name; of an operator how it is written.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.signature().map_or(self.written(), |signature| signature.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_has_a_signature() {
        for builtin in Builtin::ALL.iter().filter(|builtin| builtin.area() != Area::Operators) {
            let signature = builtin.signature().unwrap_or_else(|| panic!("{}", builtin.written()));
            assert_eq!(Builtin::named(signature.name), Some(*builtin));
        }
    }

    #[test]
    fn no_name_is_both_supported_and_refused() {
        for (name, _) in REFUSED_FUNCTIONS {
            assert_eq!(Builtin::named(name), None, "{name}");
        }
        for (name, _) in REFUSED_AGGREGATES {
            assert_eq!(AggregateFunction::named(name), None, "{name}");
        }
    }
}
