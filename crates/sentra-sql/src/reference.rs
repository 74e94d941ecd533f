//! The table of what is supported, written from the code itself.

use std::fmt::Write as _;

use crate::expression::{EXTRACTS, TRUNCATES, TYPES};
use crate::functions::{AGGREGATES, FUNCTIONS, REFUSED_FUNCTIONS};
use crate::read::REFUSED_STATEMENTS;

/// The reference of SQL as Markdown.
#[must_use]
pub fn reference() -> String {
    let mut page = String::new();
    head(&mut page, "Functions", &["SQL", "also called", "KQL"]);
    for function in FUNCTIONS {
        row(&mut page, &[&code(function.written), &others(function.names), &code(function.kql)]);
    }
    head(&mut page, "Aggregates", &["SQL", "also called", "KQL"]);
    for aggregate in AGGREGATES {
        row(&mut page, &[&code(aggregate.written), &others(aggregate.names), &code(aggregate.kql)]);
    }
    head(&mut page, "Types of CAST and `::`", &["SQL", "KQL"]);
    let mut written: Vec<(String, Vec<String>)> = Vec::new();
    for (name, to) in TYPES {
        match written.iter_mut().find(|(kql, _)| kql == to.kql()) {
            Some((_, names)) => names.push(code(name)),
            None => written.push((to.kql().to_owned(), vec![code(name)])),
        }
    }
    for (kql, names) in written {
        row(&mut page, &[&names.join(", "), &code(&kql)]);
    }
    head(&mut page, "Parts of a time: EXTRACT and date_part", &["part", "KQL"]);
    for (part, kql) in EXTRACTS {
        row(&mut page, &[&code(part), &code(kql)]);
    }
    head(&mut page, "Units of date_trunc", &["unit", "KQL"]);
    for (unit, kql) in TRUNCATES {
        row(&mut page, &[&code(unit), &code(kql)]);
    }
    head(&mut page, "Refused by name", &["word", "what to write instead"]);
    for (word, instead) in REFUSED_STATEMENTS {
        row(&mut page, &[&code(&word.to_uppercase()), instead]);
    }
    for (word, instead) in REFUSED_FUNCTIONS {
        row(&mut page, &[&code(&format!("{word}(…)")), instead]);
    }
    page
}

fn others(names: &[&str]) -> String {
    names.iter().skip(1).map(|name| code(name)).collect::<Vec<_>>().join(", ")
}

fn head(page: &mut String, title: &str, cells: &[&str]) {
    // Writing to a text cannot fail.
    let _ = writeln!(page, "\n## {title}\n");
    row(page, cells);
    let _ = writeln!(page, "|{}", "---|".repeat(cells.len()));
}

/// A row of a table; bars within a cell would end it.
fn row(page: &mut String, cells: &[&str]) {
    let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
    let _ = writeln!(page, "| {} |", cells.join(" | "));
}

fn code(text: &str) -> String {
    format!("`{text}`")
}
