//! Rules for SQL: recognised, not parsed. What it may do is decided by who runs it.

use super::Found;
use super::rules::RuleId;
use super::scan::{Token, tokens};
use crate::english::Wanted;

/// Whether `text` is a statement of SQL.
pub(super) fn is_sql(text: &str, tokens: &[Token<'_>]) -> bool {
    let text = without_comment(text);
    let words: Vec<String> = if text.len() < 200 || tokens.is_empty() {
        words(text)
    } else {
        tokens.iter().take(60).filter_map(|token| token.word()).collect()
    };
    let word = |place: usize| words.get(place).map_or("", String::as_str);
    match word(0) {
        "explain" if word(1) == "select" || word(1) == "with" || word(1) == "analyze" => true,
        "select" => is_select(text, &words),
        "with" => text.to_lowercase().contains(" as (") && words.iter().any(|word| word == "select"),
        "insert" => {
            word(1) == "into" && words.iter().any(|word| matches!(word.as_str(), "values" | "select"))
        }
        "delete" => word(1) == "from" && is_single_name(&words, 2),
        "update" => words.get(2).is_some_and(|word| word == "set"),
        "drop" | "alter" | "create" | "truncate" => {
            matches!(
                word(1),
                "table" | "view" | "schema" | "database" | "index" | "role" | "function" | "external"
            )
        }
        "copy" => words.iter().any(|word| word == "to" || word == "from") && text.contains('\''),
        "show" => words.len() == 2 && word(1) == "tables" || word(1) == "columns" && word(2) == "from",
        "grant" | "revoke" => word(2) == "on" || word(1) == "all",
        _ => false,
    }
}

/// `select` with what a sentence has not: a star, a list, a call, a clause.
fn is_select(text: &str, words: &[String]) -> bool {
    let lower = text.to_lowercase();
    let behind = lower.get("select".len()..).unwrap_or_default().trim_start();
    if words.len() == 2 && words.get(1).is_some_and(|word| word.bytes().all(|b| b.is_ascii_digit())) {
        return true;
    }
    let Some(from) = words.iter().position(|word| word == "from") else { return false };
    let starts = behind.starts_with('*') || behind.starts_with('"');
    let list = behind.split(" from ").next().unwrap_or_default();
    // "select all failed logins from yesterday" has words between; a list has names, commas and calls.
    let has_list = list.contains(',')
        || list.contains('(')
        || from == 2
        || from == 3 && words.get(1).is_some_and(|word| word == "distinct");
    let clauses = ["where", "group", "order", "limit", "having", "join", "union", "except", "as"];
    let has_clause = words.iter().skip(from + 1).any(|word| clauses.contains(&word.as_str()));
    let table_alone = words.len() == from + 2;
    let equals = text.contains('=') || text.contains('\'');
    starts || has_list && (has_clause || table_alone || equals || text.ends_with(';'))
}

fn is_single_name(words: &[String], place: usize) -> bool {
    words.len() > place && words.get(place + 1).is_none_or(|word| word == "where")
}

fn without_comment(text: &str) -> &str {
    let mut text = text;
    while let Some(rest) = text.strip_prefix("/*") {
        text = rest.find("*/").and_then(|end| rest.get(end + 2..)).unwrap_or_default().trim_start();
    }
    while text.starts_with("--") {
        text = text.find('\n').and_then(|end| text.get(end + 1..)).unwrap_or_default().trim_start();
    }
    text
}

fn words(text: &str) -> Vec<String> {
    tokens(text).into_iter().filter_map(Token::word).collect()
}

/// What a statement wants.
pub(super) fn intent(text: &str) -> Found {
    const COMPUTES: [&str; 24] = [
        "group",
        "distinct",
        "join",
        "having",
        "union",
        "except",
        "intersect",
        "over",
        "count",
        "sum",
        "avg",
        "min",
        "max",
        "stddev",
        "variance",
        "median",
        "approx_distinct",
        "approx_percentile_cont",
        "array_agg",
        "corr",
        "percentile_cont",
        "rank",
        "row_number",
        "date_bin",
    ];
    let text = without_comment(text);
    let words = words(text);
    let first = words.first().map_or("", String::as_str);
    let is_schema = matches!(first, "show" | "describe" | "desc");
    if !(is_schema || matches!(first, "select" | "with" | "explain")) || is_several(text) {
        return Found::one(RuleId::R62, Wanted::Exact, 0.99, text);
    }
    if is_schema {
        return Found::one(RuleId::R61, Wanted::Exact, 0.95, text);
    }
    let tokens = tokens(text);
    let computes = tokens.iter().enumerate().any(|(place, token)| {
        let Some(word) = token.word() else { return false };
        let Some(at) = COMPUTES.iter().position(|known| *known == word) else { return false };
        // Functions are called; the words before them stand alone.
        at < 8 || tokens.get(place + 1).is_some_and(|next| next.is('('))
    });
    if computes {
        Found::one(RuleId::R60, Wanted::Analytical, 0.95, text)
    } else {
        Found::one(RuleId::R61, Wanted::Exact, 0.95, text)
    }
}

/// A statement behind a semicolon.
fn is_several(text: &str) -> bool {
    let tokens = tokens(text);
    let semicolon = tokens.iter().position(|token| token.is(';'));
    semicolon.is_some_and(|place| tokens.iter().skip(place + 1).any(|token| !token.is(';')))
}
