//! What a correlation asks of its window: a comparison, or a boolean expression over its rules.

use std::cmp::Ordering;

use crate::problem::Fault;
use crate::sigma::condition::{Condition, Quantity, parse as parse_condition};
use crate::sigma::expr::Expr;
use crate::text::hint;
use crate::yaml::{Node, Value};

use super::number::{NANOS, read_number};

/// Highest count that a condition may ask for.
pub(crate) const THRESHOLD_MAX: u64 = 100_000;

/// How a measure is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    AtLeast,
    Above,
    AtMost,
    Below,
    Equal,
    Unequal,
}

const OPERATORS: [(&str, Operator); 6] = [
    ("gte", Operator::AtLeast),
    ("gt", Operator::Above),
    ("lte", Operator::AtMost),
    ("lt", Operator::Below),
    ("eq", Operator::Equal),
    ("neq", Operator::Unequal),
];

impl Operator {
    /// Whether a measure that stands so to the bound satisfies the condition.
    pub(crate) fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::AtLeast => ordering.is_ge(),
            Self::Above => ordering.is_gt(),
            Self::AtMost => ordering.is_le(),
            Self::Below => ordering.is_lt(),
            Self::Equal => ordering.is_eq(),
            Self::Unequal => ordering.is_ne(),
        }
    }
}

/// A comparison with a number, in thousand-millionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Comparison {
    pub(crate) operator: Operator,
    pub(crate) bound: i128,
}

impl Comparison {
    pub(crate) fn holds(&self, nanos: i128) -> bool {
        self.operator.holds(nanos.cmp(&self.bound))
    }

    /// For a count: the number from which it holds for good, if there is one.
    pub(crate) fn reached_at(&self) -> Option<u64> {
        let whole = u64::try_from(self.bound / NANOS).unwrap_or_default();
        match self.operator {
            Operator::AtLeast => Some(whole),
            Operator::Above => Some(whole.saturating_add(1)),
            _ => None,
        }
    }
}

/// Keys of a condition that are no comparison.
const OTHER_KEYS: [&str; 2] = ["field", "percentile"];

/// Reads the comparison of a condition. A count is compared with a whole number.
pub(crate) fn read_comparison(node: &Node, counts: bool) -> Result<Comparison, Fault> {
    let Some(condition) = node.get("condition") else {
        return Err(Fault::new(node.line, "the correlation has no condition"));
    };
    if !matches!(condition.value, Value::Map(_)) {
        let message =
            "the condition must be a comparison, as in 'gte: 10'; only temporal takes an expression";
        return Err(Fault::new(condition.line, message));
    }
    let mut found = None;
    for entry in condition.entries().iter().filter(|entry| !OTHER_KEYS.contains(&entry.key.as_str())) {
        let fault = |message: String| Fault::new(entry.line, message);
        let key = entry.key.as_str();
        let operator = OPERATORS.iter().find(|(name, _)| *name == key).map(|(_, operator)| *operator);
        let Some(operator) = operator else {
            let names = OPERATORS.iter().map(|(name, _)| *name).chain(OTHER_KEYS);
            return Err(fault(format!("unknown condition {key:?}{}", hint(key, names))));
        };
        let bound = if counts { whole(&entry.value) } else { number(&entry.value) };
        let Some(bound) = bound else {
            return Err(fault(if counts {
                format!("condition {key:?} wants a whole number from 1 to {THRESHOLD_MAX}")
            } else {
                format!("condition {key:?} wants a number")
            }));
        };
        let comparison = Comparison { operator, bound };
        check_can_differ(comparison, counts)
            .map_err(|message| fault(format!("condition {key:?} {message}")))?;
        if found.replace(comparison).is_some() {
            return Err(fault("a correlation can have one condition only".to_owned()));
        }
    }
    found.ok_or_else(|| Fault::new(condition.line, "the condition of the correlation compares with nothing"))
}

/// A count is at least 1 where there is anything to count.
fn check_can_differ(comparison: Comparison, counts: bool) -> Result<(), String> {
    let zero = comparison.bound < NANOS;
    if !counts || !zero {
        return Ok(());
    }
    match comparison.operator {
        Operator::Above => Ok(()),
        Operator::AtLeast | Operator::Unequal => {
            Err(format!("would always hold: it wants a whole number from 1 to {THRESHOLD_MAX}"))
        }
        _ => Err(format!(
            "would never hold, because a window has at least one event: it wants a whole number from 1 to \
             {THRESHOLD_MAX}; for what does not happen write a temporal correlation with 'not'"
        )),
    }
}

fn whole(node: &Node) -> Option<i128> {
    match node.value {
        Value::Integer(number) if (0..=THRESHOLD_MAX.cast_signed()).contains(&number) => {
            Some(i128::from(number) * NANOS)
        }
        _ => None,
    }
}

fn number(node: &Node) -> Option<i128> {
    match node.value {
        Value::Integer(_) | Value::Float(_) => read_number(&node.text()?),
        _ => None,
    }
}

/// A boolean expression over the places of a correlation's rules.
pub(crate) type Formula = Expr<u8>;

/// Reads the expression of a temporal condition over the rules of these names; `None` when it has none.
pub(crate) fn read_formula(node: &Node, rules: &[(String, u64)]) -> Result<Option<Formula>, Fault> {
    let Some(condition) = node.get("condition") else { return Ok(None) };
    let leaves = || (0_u8..).take(rules.len()).map(Expr::Leaf).collect::<Vec<_>>();
    match &condition.value {
        Value::Null => Ok(None),
        Value::Map(_) => {
            let wanted =
                read_comparison(node, true)?.reached_at().filter(|wanted| *wanted <= rules.len() as u64);
            let Some(wanted) = wanted else {
                let message = format!(
                    "the condition of a temporal correlation is an expression over its rules, as in 'a and not \
                     b', or a number of them with gte, at most {}",
                    rules.len()
                );
                return Err(Fault::new(condition.line, message));
            };
            Ok(Some(Expr::AtLeast(usize::try_from(wanted).unwrap_or(usize::MAX), leaves())))
        }
        _ => {
            let text = condition.text().unwrap_or_default();
            let parsed = parse_condition(&text, condition.line)?;
            let formula = formula_of(&parsed, rules, condition.line)?;
            if !can_be_met(&formula, rules.len()) {
                let message = "the condition is not met by any set of matches of its rules";
                return Err(Fault::new(condition.line, message));
            }
            Ok(Some(formula))
        }
    }
}

/// Most rules for which every set of matches is tried.
const TRIED_RULES_MAX: usize = 10;

/// Whether some set of matches, at least one, meets it. Of many rules it is taken to be so.
fn can_be_met(formula: &Formula, rules: usize) -> bool {
    rules > TRIED_RULES_MAX
        || (1_u64..1 << rules).any(|matched| formula.holds(&mut |place| matched >> place & 1 == 1))
}

/// Whether more matches can only make it true: nothing in it is negated.
pub(crate) fn is_positive(formula: &Formula) -> bool {
    match formula {
        Expr::Leaf(_) => true,
        Expr::Not(_) => false,
        Expr::And(parts) | Expr::Or(parts) | Expr::AtLeast(_, parts) => parts.iter().all(is_positive),
    }
}

/// Depth is limited where the text is parsed.
fn formula_of(condition: &Condition, rules: &[(String, u64)], line: u64) -> Result<Formula, Fault> {
    let all = |parts: &[Condition]| -> Result<Vec<Formula>, Fault> {
        parts.iter().map(|part| formula_of(part, rules, line)).collect()
    };
    match condition {
        Condition::Name(name) => {
            let place = rules.iter().position(|(rule, _)| rule == name);
            place.and_then(|place| u8::try_from(place).ok()).map(Expr::Leaf).ok_or_else(|| {
                let hint = hint(name, rules.iter().map(|(rule, _)| rule.as_str()));
                Fault::new(line, format!("condition: {name:?} is none of the correlation's rules{hint}"))
            })
        }
        Condition::And(parts) => Ok(Expr::And(all(parts)?)),
        Condition::Or(parts) => Ok(Expr::Or(all(parts)?)),
        Condition::Not(part) => Ok(Expr::Not(Box::new(formula_of(part, rules, line)?))),
        Condition::Of(quantity, target) => {
            let taken = rules.iter().zip(0_u8..).filter(|((rule, _), _)| target.takes(rule));
            let leaves: Vec<Formula> = taken.map(|(_, place)| Expr::Leaf(place)).collect();
            if leaves.is_empty() {
                return Err(Fault::new(line, "condition: no rule of the correlation has a name that fits"));
            }
            Ok(match quantity {
                Quantity::All => Expr::And(leaves),
                Quantity::AtLeast(count) => Expr::AtLeast(*count, leaves),
            })
        }
    }
}
