/// An operator for those who look it up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OperatorHelp {
    /// Its words, with `, ` between them.
    pub words: &'static str,
    /// How it is written.
    pub written: &'static str,
    /// What it does.
    pub title: &'static str,
}

const fn help(words: &'static str, written: &'static str, title: &'static str) -> OperatorHelp {
    OperatorHelp { words, written, title }
}

/// Every operator that is supported.
pub const OPERATOR_HELP: [OperatorHelp; 23] = [
    help(
        "where, filter",
        "where CONDITION",
        "Rows for which the condition is true. `A in (T)` with a table or pipeline stands by itself or between `and`s.",
    ),
    help(
        "search",
        "search \"text\" and field:\"text*\"",
        "As `where`, but a text by itself is searched for in every column; `search …` and `search in (A, B) …` also begin a question.",
    ),
    help("count", "count", "One row: how many there are, as `Count`."),
    help("project", "project A, B = EXPRESSION", "These columns and no others."),
    help("project-away", "project-away A, B*", "All columns but these."),
    help("project-keep", "project-keep A, B*", "These columns in the order they have."),
    help("project-rename", "project-rename NEW = OLD", "Other names for columns."),
    help("project-reorder", "project-reorder A, B* asc", "These columns first."),
    help("extend", "extend A = EXPRESSION", "More columns; one that is there is replaced."),
    help(
        "summarize",
        "summarize A = count(), B = sum(x) / count() by C, bin(time, 1h)",
        "One row for every combination of keys.",
    ),
    help(
        "sort, order",
        "sort by A asc nulls last, B",
        "In order, downwards unless `asc` is said; nulls are least.",
    ),
    help("top", "top 10 by A", "The first rows in order, the greatest first unless `asc` is said."),
    help("take, limit", "take 10", "Any so many rows; of sorted ones the first."),
    help("distinct", "distinct A, B", "Every combination once; `*` for all columns."),
    help(
        "join",
        "join kind=inner (T | …) on A, $left.B == $right.C",
        "Rows of two tables: innerunique (the default), inner, leftouter, rightouter, fullouter, leftsemi, rightsemi, leftanti, rightanti. Hints are read and change nothing.",
    ),
    help("lookup", "lookup T on A", "As a leftouter (or inner) join without the key of the right side."),
    help(
        "union",
        "union kind=outer withsource=T A, (B | …)",
        "Rows of several tables; also begins a question. Columns are matched by name and kind.",
    ),
    help(
        "parse",
        "parse A with * \"user=\" user:string \" port=\" port:long *",
        "Columns from a text; kind=simple (default), relaxed or regex. The pattern spans the whole value; numbers take all their digits, other columns as little as possible.",
    ),
    help("parse-where", "parse-where A with …", "As `parse`, but rows that do not match are left out."),
    help(
        "mv-expand, mvexpand",
        "mv-expand with_itemindex=I B = A to typeof(string), C limit 10",
        "A row for every value of a list or key of a bag.",
    ),
    help(
        "render",
        "render timechart with (title = \"…\")",
        "How to show the answer; kept as a hint, changes no row. It stands at the end.",
    ),
    help("getschema", "getschema", "The columns and their kinds as rows."),
    help(
        "sequence",
        "sequence by user maxspan=1h [code == \"LL03\"] [code == \"LL01\"] until [code == \"SA07\"]",
        "Events in order of time; an extension of this language, see below.",
    ),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::OPERATORS;

    #[test]
    fn every_operator_has_its_help() {
        let told: BTreeSet<&str> = OPERATOR_HELP.iter().flat_map(|help| help.words.split(", ")).collect();
        assert_eq!(told, OPERATORS.into_iter().collect());
    }
}
