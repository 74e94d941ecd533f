//! What stands behind `|` in a condition of the old form: `count(Field) by Group > 5`, `near selection`.

use crate::problem::Fault;
use crate::text::hint;

use super::condition::{Condition, parse as parse_condition};

/// The old form of a correlation, as written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Aggregation {
    /// The other selections must match near in time, too.
    Near(Condition),
    Compare(Compare),
}

/// `function(field) by groups operator number`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Compare {
    pub(crate) function: Function,
    /// `None` only of `count`: events are counted.
    pub(crate) field: Option<String>,
    pub(crate) groups: Vec<String>,
    /// `gt`, `gte`, `lt`, `lte`, `eq`.
    pub(crate) operator: &'static str,
    pub(crate) number: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Function {
    Count,
    Min,
    Max,
    Avg,
    Sum,
}

impl Compare {
    /// The same over fields that are called otherwise.
    pub(crate) fn renamed(&self, name: &impl Fn(&str) -> String) -> Self {
        Self {
            field: self.field.as_deref().map(name),
            groups: self.groups.iter().map(|group| name(group)).collect(),
            ..self.clone()
        }
    }
}

const FUNCTIONS: [(&str, Function); 5] = [
    ("count", Function::Count),
    ("min", Function::Min),
    ("max", Function::Max),
    ("avg", Function::Avg),
    ("sum", Function::Sum),
];

/// Longer ones first: `>` is the beginning of `>=`.
const OPERATORS: [(&str, &str); 6] =
    [(">=", "gte"), ("<=", "lte"), ("==", "eq"), (">", "gt"), ("<", "lt"), ("=", "eq")];

/// Reads what stands behind the `|`.
pub(crate) fn parse(text: &str, line: u64) -> Result<Aggregation, Fault> {
    let text = text.trim();
    if let Some(condition) = text.strip_prefix("near").filter(|rest| rest.starts_with(char::is_whitespace)) {
        return Ok(Aggregation::Near(parse_condition(condition, line)?));
    }
    compare(text).map(Aggregation::Compare).map_err(|message| {
        let form = "the old form is: count(Field) by Group > 5, or: near selection";
        Fault::new(line, format!("condition: {message}; {form}"))
    })
}

fn compare(text: &str) -> Result<Compare, String> {
    let Some((name, rest)) = text.split_once('(') else {
        let word = text.split_whitespace().next().unwrap_or_default();
        let known = FUNCTIONS.into_iter().map(|(name, _)| name).chain(["near"]);
        return Err(format!("{word:?} behind '|' is no aggregation{}", hint(word, known)));
    };
    let name = name.trim();
    let function = FUNCTIONS.into_iter().find(|(known, _)| name.eq_ignore_ascii_case(known));
    let Some((_, function)) = function else {
        let hint = hint(name, FUNCTIONS.into_iter().map(|(name, _)| name));
        return Err(format!("unknown aggregation {name:?}{hint}"));
    };
    let Some((field, rest)) = rest.split_once(')') else {
        return Err("'(' of the aggregation is never closed".to_owned());
    };
    let field = Some(field.trim()).filter(|field| !field.is_empty() && *field != "*").map(str::to_owned);
    if field.is_none() && function != Function::Count {
        return Err(format!("{name} wants a field"));
    }
    let Some(at) = rest.find(['<', '>', '=']) else {
        return Err("the aggregation compares with nothing".to_owned());
    };
    let (groups, comparison) = rest.split_at(at);
    let found = OPERATORS.into_iter().find_map(|(sign, name)| Some((name, comparison.strip_prefix(sign)?)));
    let Some((operator, number)) = found else {
        return Err("the aggregation compares with nothing".to_owned());
    };
    let number = number.trim();
    let Some(number) = number.parse::<f64>().ok().filter(|number| number.is_finite()) else {
        return Err(format!("{number:?} is no number"));
    };
    Ok(Compare { function, field, groups: read_groups(groups)?, operator, number })
}

fn read_groups(text: &str) -> Result<Vec<String>, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let Some(fields) = text.strip_prefix("by").filter(|rest| rest.starts_with(char::is_whitespace)) else {
        return Err(format!("expected 'by' or a comparison, found {text:?}"));
    };
    let fields: Vec<String> = fields.split(',').map(|field| field.trim().to_owned()).collect();
    match fields.iter().find(|field| field.is_empty() || field.contains(char::is_whitespace)) {
        Some(wrong) => Err(format!("{wrong:?} is no field to group by: write fields with commas between")),
        None => Ok(fields),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aggregations_are_read() {
        let compare = |function, field: Option<&str>, groups: &[&str], operator, number| {
            Aggregation::Compare(Compare {
                function,
                field: field.map(str::to_owned),
                groups: groups.iter().map(|group| (*group).to_owned()).collect(),
                operator,
                number,
            })
        };
        for (text, expected) in [
            (" count() > 5", compare(Function::Count, None, &[], "gt", 5.0)),
            ("count(*) by a >= 5", compare(Function::Count, None, &["a"], "gte", 5.0)),
            ("count(f)by a, b<5", compare(Function::Count, Some("f"), &["a", "b"], "lt", 5.0)),
            ("SUM(f) by a <= 1.5", compare(Function::Sum, Some("f"), &["a"], "lte", 1.5)),
            ("avg(f) == 2", compare(Function::Avg, Some("f"), &[], "eq", 2.0)),
            ("near a", Aggregation::Near(Condition::Name("a".to_owned()))),
        ] {
            assert_eq!(parse(text, 1), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, part) in [
            ("cuont() > 5", "did you mean \"count\"?"),
            ("nera x", "did you mean \"near\"?"),
            ("sum() > 5", "wants a field"),
            ("count(f > 5", "never closed"),
            ("count() by a", "compares with nothing"),
            ("count() per a > 5", "expected 'by'"),
            ("count() by a b > 5", "no field to group by"),
            ("count() > many", "no number"),
            ("near (a", "never closed"),
        ] {
            let fault = parse(text, 3).unwrap_err();
            assert!(fault.message.contains(part), "{text}: {fault:?}");
        }
    }
}
