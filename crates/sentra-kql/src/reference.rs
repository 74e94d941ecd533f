//! The table of what is supported, written from the code itself.

use std::fmt::Write as _;

use crate::ast::{JoinKind, Membership, TextTest};
use crate::builtin::{
    AGGREGATE_ALIASES, ALIASES, AggregateFunction, Area, Builtin, REFUSED_AGGREGATES, REFUSED_FUNCTIONS,
};
use crate::parse::{OPERATOR_HELP, REFUSED_OPERATORS};
use crate::value::Kind;

/// The reference of the language as Markdown.
#[must_use]
pub fn reference() -> String {
    let mut page = String::new();
    operators(&mut page);
    comparisons(&mut page);
    for (area, title) in [
        (Area::Text, "Functions on texts"),
        (Area::Time, "Functions on time"),
        (Area::Conversion, "Conversions"),
        (Area::Choice, "Choosing"),
        (Area::Math, "Functions on numbers"),
        (Area::Network, "Functions on addresses"),
        (Area::Dynamic, "Functions on JSON"),
    ] {
        functions(&mut page, area, title);
    }
    aggregates(&mut page);
    refused(&mut page);
    page
}

/// A row of a table; bars within a cell would end it.
fn row(page: &mut String, cells: &[&str]) {
    let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
    // Writing to a text cannot fail.
    let _ = writeln!(page, "| {} |", cells.join(" | "));
}

fn head(page: &mut String, title: &str, cells: &[&str]) {
    let _ = writeln!(page, "\n## {title}\n");
    row(page, cells);
    let _ = writeln!(page, "|{}", "---|".repeat(cells.len()));
}

fn code(text: &str) -> String {
    format!("`{text}`")
}

fn operators(page: &mut String) {
    head(page, "Operators", &["operator", "written", "what it does"]);
    for help in OPERATOR_HELP {
        let words: Vec<String> = help.words.split(", ").map(code).collect();
        row(page, &[&words.join(", "), &code(help.written), help.title]);
    }
    let kinds: Vec<String> = Kind::ALL.map(|kind| code(kind.as_str())).to_vec();
    let joins: Vec<String> = JoinKind::WORDS.iter().map(|(word, _)| code(word)).collect();
    let _ = writeln!(page, "\nKinds of values: {}. Kinds of join: {}.", kinds.join(", "), joins.join(", "));
}

fn comparisons(page: &mut String) {
    head(page, "Operators between values", &["written", "what it gives"]);
    for builtin in Builtin::ALL.iter().filter(|builtin| builtin.area() == Area::Operators) {
        row(page, &[&code(builtin.written()), builtin.title()]);
    }
    let negated = TextTest::ALL.map(|test| code(&format!("!{}", test.as_str()))).join(", ");
    let sets = Membership::ALL.map(|op| code(op.as_str())).join(", ");
    let _ = writeln!(
        page,
        "\nAlso: `!=`, `<>`, `!~`, `>`, `>=`, {negated} and each with `_cs`; {sets}; \
         `A between (B .. C)`, `A !between (B .. C)`; `* has \"x\"` for every column."
    );
}

fn functions(page: &mut String, area: Area, title: &str) {
    head(page, title, &["function", "what it gives"]);
    for builtin in Builtin::ALL.iter().filter(|builtin| builtin.area() == area) {
        let others: Vec<String> =
            ALIASES.iter().filter(|(_, known)| known == builtin).map(|(name, _)| code(name)).collect();
        let others = if others.is_empty() { String::new() } else { format!(" Also {}.", others.join(", ")) };
        row(page, &[&code(builtin.written()), &format!("{}{others}", builtin.title())]);
    }
}

fn aggregates(page: &mut String) {
    head(page, "Aggregates", &["aggregate", "what it gives"]);
    for function in AggregateFunction::ALL {
        let others: Vec<String> = AGGREGATE_ALIASES
            .iter()
            .filter(|(_, known)| known == function)
            .map(|(name, _)| code(name))
            .collect();
        let others = if others.is_empty() { String::new() } else { format!(" Also {}.", others.join(", ")) };
        row(page, &[&code(function.written()), &format!("{}{others}", function.title())]);
    }
}

fn refused(page: &mut String) {
    head(page, "Refused by name", &["word", "what to write instead"]);
    let refused = REFUSED_OPERATORS.iter().chain(&REFUSED_FUNCTIONS).chain(&REFUSED_AGGREGATES);
    let mut words: Vec<&(&str, &str)> = refused.collect();
    words.sort();
    words.dedup();
    for (word, instead) in words {
        row(page, &[&code(word), instead]);
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    /// Renew the page with `UPDATE_EXPECT=1`.
    #[test]
    fn the_page_says_what_the_code_does() {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/query-language.md");
        let page = std::fs::read_to_string(&path).unwrap();
        let marker =
            "<!-- What follows is written by `UPDATE_EXPECT=1 cargo test -p sentra-kql reference`. -->\n";
        let (prose, table) = page.split_once(marker).unwrap();
        let written = format!("{}{}", reference(), crate::testing::summary().unwrap());
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            std::fs::write(&path, format!("{prose}{marker}{written}")).unwrap();
            return;
        }
        assert!(table == written, "docs/query-language.md is behind the code: UPDATE_EXPECT=1 renews it");
    }
}
