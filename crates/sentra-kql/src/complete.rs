//! What may stand at a place of a question that is being written: tables, columns of the rows at that
//! place, operators, functions, and values that have been seen.

use serde::Serialize;

use crate::ast::{JoinKind, Query};
use crate::builtin::{AggregateFunction, Builtin};
use crate::check::{CheckOptions, columns_after};
use crate::lex::{Lexeme, Token, lex};
use crate::limits::TEXT_BYTES_MAX;
use crate::parse::{COMPARISON_WORDS, OPERATOR_HELP, parse};
use crate::plan::Column;
use crate::print::{Quoted, Word};
use crate::span::Span;

/// Most suggestions that are given.
pub const SUGGESTIONS_MAX: usize = 50;

/// What has been seen in the data. Both are asked for what begins with `prefix`, without case.
pub trait Observed {
    /// Values of a column or of a field of the source.
    fn values(&self, column: &str, prefix: &str) -> Vec<String>;
    /// Names of fields of the source.
    fn fields(&self, prefix: &str) -> Vec<String>;
}

/// Nothing has been seen.
impl Observed for () {
    fn values(&self, _: &str, _: &str) -> Vec<String> {
        Vec::new()
    }

    fn fields(&self, _: &str) -> Vec<String> {
        Vec::new()
    }
}

/// What may stand at a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Completion {
    /// The part of the question that a suggestion replaces.
    pub replace: Span,
    /// The suggestions, the likeliest first.
    pub suggestions: Vec<Suggestion>,
}

/// Something that may stand at a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Suggestion {
    /// What is written.
    pub text: String,
    /// What it is.
    pub kind: SuggestionKind,
    /// What it means: the kind of a column, what a function takes.
    pub detail: String,
}

/// What a suggestion is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SuggestionKind {
    /// A value that was seen.
    Value,
    /// A column of the rows.
    Column,
    /// A field of the source.
    Field,
    /// A table, or what a `let` names.
    Table,
    /// An operator of a pipeline.
    Operator,
    /// A word that compares.
    Comparison,
    /// A word of an operator.
    Keyword,
    /// An aggregate.
    Aggregate,
    /// A function.
    Function,
}

/// Words at the beginning of a question that are no tables.
const SOURCES: [&str; 7] = ["union", "search", "let", "print", "datatable", "range", "event"];
const CHARTS: [&str; 9] = [
    "table",
    "timechart",
    "linechart",
    "areachart",
    "barchart",
    "columnchart",
    "piechart",
    "scatterchart",
    "card",
];

/// What may stand `cursor` bytes into `text`. What follows is not looked at.
#[must_use]
pub fn complete(text: &str, cursor: usize, options: CheckOptions<'_>, observed: &dyn Observed) -> Completion {
    let mut end = cursor.min(text.len()).min(TEXT_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let before = text.get(..end).unwrap_or_default();
    let (mut lexemes, error) = lex(before);
    lexemes.pop();
    let mut writer = Writer { options, observed, before, lexemes, found: Vec::new() };
    let replace = match error {
        // Within a text.
        Some(error) if error.hint.as_deref().is_some_and(|hint| matches!(hint, "\"" | "'")) => {
            let start = error.span.start;
            let written = before.get(start..).unwrap_or_default();
            let prefix = written.trim_start_matches(['@', '"', '\'']).to_owned();
            writer.values(&prefix);
            return writer.finished(Span::new(start, end), "");
        }
        Some(_) => return writer.finished(Span::new(end, end), ""),
        None => match writer.lexemes.last() {
            Some(Lexeme { token: Token::Word(_), span }) if span.end == end => *span,
            _ => Span::new(end, end),
        },
    };
    let prefix = before.get(replace.start..).unwrap_or_default().to_owned();
    if !prefix.is_empty() {
        writer.lexemes.pop();
    }
    // `mv-exp` is one word, though three tokens.
    let replace = writer.hyphenated(replace);
    let prefix = before.get(replace.start..).unwrap_or(&prefix).to_owned();
    writer.suggest(&prefix);
    writer.finished(replace, &prefix)
}

struct Writer<'a> {
    options: CheckOptions<'a>,
    observed: &'a dyn Observed,
    before: &'a str,
    lexemes: Vec<Lexeme>,
    found: Vec<Suggestion>,
}

/// Where in a question one is.
enum Place {
    /// Where a source begins.
    Source,
    /// After `|`.
    Operator,
    /// Within an operator, whose word is at this token.
    Within(usize),
}

impl Writer<'_> {
    fn token(&self, at: usize) -> &Token {
        self.lexemes.get(at).map_or(&Token::End, |lexeme| &lexeme.token)
    }

    fn last(&self) -> &Token {
        self.lexemes.last().map_or(&Token::End, |lexeme| &lexeme.token)
    }

    fn is_sign(&self, at: usize, sign: &str) -> bool {
        matches!(self.token(at), Token::Sign(found) if *found == sign)
    }

    fn is_word(&self, at: usize, word: &str) -> bool {
        matches!(self.token(at), Token::Word(found) if found == word)
    }

    /// After `|`, what comes before a hyphen is part of the word.
    fn hyphenated(&mut self, replace: Span) -> Span {
        let count = self.lexemes.len();
        let (Some(pipe), Some(first), Some(hyphen)) =
            (count.checked_sub(3), count.checked_sub(2), count.checked_sub(1))
        else {
            return replace;
        };
        let is_word = self.is_sign(pipe, "|")
            && matches!(self.token(first), Token::Word(_))
            && self.is_sign(hyphen, "-");
        let span = self.lexemes.get(first).map_or(replace, |lexeme| lexeme.span);
        if is_word {
            self.lexemes.truncate(first);
            return span.to(replace);
        }
        replace
    }

    fn add(&mut self, kind: SuggestionKind, text: impl Into<String>, detail: impl Into<String>) {
        self.found.push(Suggestion { text: text.into(), kind, detail: detail.into() });
    }

    fn suggest(&mut self, prefix: &str) {
        match self.place() {
            Place::Source => self.sources(),
            Place::Operator => {
                for help in &OPERATOR_HELP {
                    for word in help.words.split(", ") {
                        self.add(SuggestionKind::Operator, word, help.written);
                    }
                }
            }
            Place::Within(at) => self.within(at, prefix),
        }
    }

    /// Goes back to the last `|` or to where a source began.
    fn place(&self) -> Place {
        let mut depth = 0_usize;
        for at in (0..self.lexemes.len()).rev() {
            match self.token(at) {
                Token::Sign(")" | "]" | "}") => depth += 1,
                Token::Sign("(") if depth == 0 && self.is_expression_bracket(at) => {}
                Token::Sign("(") if depth == 0 => {
                    return if at + 1 == self.lexemes.len() {
                        Place::Source
                    } else {
                        self.after_source(at + 1)
                    };
                }
                Token::Sign("(" | "[" | "{") => depth = depth.saturating_sub(1),
                Token::Sign("|") if depth == 0 => {
                    return if at + 1 == self.lexemes.len() {
                        Place::Operator
                    } else {
                        Place::Within(at + 1)
                    };
                }
                Token::Sign(";") if depth == 0 => return self.after_source(at + 1),
                _ => {}
            }
        }
        self.after_source(0)
    }

    fn after_source(&self, start: usize) -> Place {
        let is_let = self.is_word(start, "let") && self.is_sign(start + 2, "=");
        if start >= self.lexemes.len() || (is_let && start + 3 == self.lexemes.len()) {
            return Place::Source;
        }
        Place::Within(start)
    }

    /// Whether a bracket belongs to a call or a condition, not to a pipeline.
    fn is_expression_bracket(&self, at: usize) -> bool {
        let Some(before) = at.checked_sub(1) else { return false };
        match self.token(before) {
            Token::Word(word) => {
                let is_function = Builtin::named(word).is_some() || AggregateFunction::named(word).is_some();
                let compares = COMPARISON_WORDS.contains(&word.as_str());
                is_function || compares || matches!(word.as_str(), "where" | "by" | "extend" | "project")
            }
            Token::Sign("(") => self.is_expression_bracket(before),
            Token::Sign("|" | ";" | "=") => false,
            Token::Sign(_) => true,
            _ => false,
        }
    }

    fn sources(&mut self) {
        let tables = self.options.catalog.tables.clone();
        for table in tables {
            self.add(SuggestionKind::Table, Word(&table.name).to_string(), table.title);
        }
        for name in self.let_names() {
            self.add(SuggestionKind::Table, Word(&name).to_string(), "let");
        }
        for word in SOURCES {
            self.add(SuggestionKind::Keyword, word, "");
        }
    }

    fn let_names(&self) -> Vec<String> {
        let named =
            (0..self.lexemes.len()).filter(|at| self.is_word(*at, "let") && self.is_sign(at + 2, "="));
        named
            .filter_map(|at| match self.token(at + 1) {
                Token::Word(name) => Some(name.clone()),
                _ => None,
            })
            .collect()
    }

    fn within(&mut self, at: usize, prefix: &str) {
        let Token::Word(operator) = self.token(at).clone() else { return };
        let has_word = |word: &str| (at..self.lexemes.len()).any(|place| self.is_word(place, word));
        let (has_on, has_by) = (has_word("on"), has_word("by"));
        match operator.as_str() {
            "join" | "lookup" if !has_on => {
                if self.is_sign(self.lexemes.len() - 1, "=") {
                    for (word, _) in JoinKind::WORDS {
                        self.add(SuggestionKind::Keyword, word, "");
                    }
                    return;
                }
                self.sources();
                for word in ["kind=", "on"] {
                    self.add(SuggestionKind::Keyword, word, "");
                }
                return;
            }
            "union" => return self.sources(),
            "render" => {
                for chart in CHARTS {
                    self.add(SuggestionKind::Keyword, chart, "");
                }
                return;
            }
            _ => {}
        }
        let columns = self.columns();
        if self.expects_value() {
            self.values(prefix);
        }
        if self.expects_comparison(at) {
            for word in COMPARISON_WORDS {
                self.add(SuggestionKind::Comparison, word, "");
            }
            for word in ["by", "asc", "desc", "on", "with"] {
                self.add(SuggestionKind::Keyword, word, "");
            }
            return;
        }
        for column in &columns {
            self.add(SuggestionKind::Column, Word(&column.name).to_string(), column.kind.as_str());
        }
        if columns.iter().any(|column| column.holds_fields) {
            for field in self.observed.fields(prefix) {
                self.add(SuggestionKind::Field, Word(&field).to_string(), "string");
            }
        }
        if operator == "summarize" && !has_by {
            for function in AggregateFunction::ALL {
                self.add(SuggestionKind::Aggregate, format!("{}(", function.name()), function.written());
            }
        }
        for builtin in Builtin::ALL.iter().filter(|builtin| builtin.signature().is_some()) {
            self.add(SuggestionKind::Function, format!("{}(", builtin.name()), builtin.written());
        }
    }

    /// Whether a value stands before, so that a comparison may follow.
    fn expects_comparison(&self, operator: usize) -> bool {
        let last = self.lexemes.len().saturating_sub(1);
        if last == operator {
            return false;
        }
        match self.last() {
            Token::Word(word) => {
                !COMPARISON_WORDS.contains(&word.as_str()) && !matches!(word.as_str(), "by" | "regex")
            }
            Token::Sign(")" | "]") => true,
            Token::Sign(_) | Token::End => false,
            _ => true,
        }
    }

    fn expects_value(&self) -> bool {
        self.compared_column().is_some()
    }

    /// The column that the value being written is compared with.
    fn compared_column(&self) -> Option<String> {
        let mut at = self.lexemes.len();
        // Back over the values of a list.
        if matches!(self.last(), Token::Sign("(" | ",")) {
            while let Token::Text(_) | Token::Integer(_) | Token::Sign(",") = self.token(at.checked_sub(1)?) {
                at -= 1;
            }
            if !self.is_sign(at.checked_sub(1)?, "(") {
                return None;
            }
            at -= 1;
        }
        let compares = match self.token(at.checked_sub(1)?) {
            Token::Sign(sign) => matches!(*sign, "==" | "!=" | "=~" | "!~" | "<>" | ":"),
            Token::Word(word) => {
                COMPARISON_WORDS.contains(&word.as_str()) && !matches!(word.as_str(), "and" | "or" | "not")
            }
            _ => false,
        };
        if !compares {
            return None;
        }
        at -= 1;
        match (self.token(at.checked_sub(1)?), at.checked_sub(3)) {
            (Token::Sign("]"), Some(open)) if self.is_sign(open, "[") => match self.token(open + 1) {
                Token::Text(name) => Some(name.clone()),
                _ => None,
            },
            (Token::Word(_), _) => Some(self.dotted(at - 1)),
            _ => None,
        }
    }

    /// The name that ends with the token at `end`: `a.b.c`.
    fn dotted(&self, end: usize) -> String {
        let mut names = Vec::new();
        let mut at = end;
        while let Token::Word(word) = self.token(at) {
            names.push(word.as_str());
            match at.checked_sub(2) {
                Some(before) if self.is_sign(at - 1, ".") => at = before,
                _ => break,
            }
        }
        names.reverse();
        let name = names.join(".");
        name.strip_prefix("fields.").unwrap_or(&name).to_owned()
    }

    fn values(&mut self, prefix: &str) {
        let Some(column) = self.compared_column() else { return };
        for value in self.observed.values(&column, prefix) {
            self.add(SuggestionKind::Value, Quoted(&value).to_string(), column.clone());
        }
    }

    /// The columns of the rows where one is: of the question up to the last `|`.
    fn columns(&self) -> Vec<Column> {
        let (mut depth, mut pipe, mut start) = (0_usize, None, 0);
        for at in (0..self.lexemes.len()).rev() {
            match self.token(at) {
                Token::Sign(")" | "]" | "}") => depth += 1,
                Token::Sign("(") if depth == 0 && pipe.is_none() && self.is_expression_bracket(at) => {}
                Token::Sign("(") if depth == 0 => {
                    start = at + 1;
                    break;
                }
                Token::Sign("(" | "[" | "{") => depth = depth.saturating_sub(1),
                Token::Sign("|") if depth == 0 && pipe.is_none() => pipe = Some(at),
                Token::Sign(";") if depth == 0 => {
                    start = at + 1;
                    break;
                }
                _ => {}
            }
        }
        let Some(pipe) = pipe else { return Vec::new() };
        // A let's own rows are asked as a question.
        if self.is_word(start, "let") && self.is_sign(start + 2, "=") {
            start += 3;
        }
        let offset = |at: usize| self.lexemes.get(at).map_or(self.before.len(), |lexeme| lexeme.span.start);
        let question = self.before.get(offset(start)..offset(pipe)).unwrap_or_default();
        let Ok(mut query) = parse(question) else { return Vec::new() };
        query.lets = self.lets(offset(start));
        columns_after(&query, self.options).unwrap_or_default()
    }

    /// What is named before `offset`.
    fn lets(&self, offset: usize) -> Vec<crate::ast::Let> {
        let ends = self.lexemes.iter().filter(|lexeme| lexeme.token == Token::Sign(";"));
        let end = ends.map(|lexeme| lexeme.span.end).take_while(|end| *end <= offset).last().unwrap_or(0);
        let text = format!("{} print 1", self.before.get(..end).unwrap_or_default());
        parse(&text).map_or_else(|_| Vec::new(), |query: Query| query.lets)
    }

    /// Those that begin as what is written, then those that contain it.
    fn finished(mut self, replace: Span, prefix: &str) -> Completion {
        let prefix = prefix.to_lowercase();
        let rank = |suggestion: &Suggestion| {
            let text = suggestion.text.to_lowercase();
            let begins = text.trim_start_matches(['[', '"']).starts_with(&prefix);
            (!begins, suggestion.kind, suggestion.text.clone())
        };
        let fits = |suggestion: &Suggestion| {
            suggestion.kind == SuggestionKind::Value || suggestion.text.to_lowercase().contains(&prefix)
        };
        self.found.retain(fits);
        self.found.sort_by_cached_key(rank);
        self.found.dedup();
        self.found.truncate(SUGGESTIONS_MAX);
        Completion { replace, suggestions: self.found }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{fixture, now};

    struct Seen;

    impl Observed for Seen {
        fn values(&self, column: &str, prefix: &str) -> Vec<String> {
            let values: &[&str] = match column {
                "user" => &["alice", "bob", "Administrator"],
                "Parent.Image" => &["winword.exe"],
                _ => &[],
            };
            let fits = |value: &&&str| value.to_lowercase().starts_with(&prefix.to_lowercase());
            values.iter().filter(fits).map(|value| (*value).to_owned()).collect()
        }

        fn fields(&self, prefix: &str) -> Vec<String> {
            let names = ["EventID", "odd name"].into_iter();
            names
                .filter(|name| name.to_lowercase().starts_with(&prefix.to_lowercase()))
                .map(str::to_owned)
                .collect()
        }
    }

    /// What is suggested where `^` stands.
    fn suggested(marked: &str) -> (String, Vec<String>) {
        let cursor = marked.find('^').unwrap();
        let text = marked.replace('^', "");
        let (catalog, _) = fixture().unwrap();
        let options = CheckOptions { catalog: &catalog, now: now(), keep_calls: false };
        let completion = complete(&text, cursor, options, &Seen);
        let replaced = text[completion.replace.start..completion.replace.end].to_owned();
        (replaced, completion.suggestions.into_iter().map(|suggestion| suggestion.text).collect())
    }

    #[test]
    fn what_may_stand_is_suggested_first() {
        let cases = [
            ("^", "", "empty"),
            ("peo^", "peo", "people"),
            ("let x = peo^", "peo", "people"),
            ("let devs = people; de^", "de", "devs"),
            ("people | ^", "", "count"),
            ("people | su^", "su", "summarize"),
            ("people | project-r^", "project-r", "project-rename"),
            ("people | where de^", "de", "dept"),
            ("people | where dept == \"x\" and le^", "le", "level"),
            ("people | where dept st^", "st", "startswith"),
            ("people | extend lng = strlen(user) | where ln^", "ln", "lng"),
            ("people | summarize n = count() by dept | where ^", "", "dept"),
            ("people | summarize dc^", "dc", "dcount("),
            ("people | where user == \"al^", "\"al", "\"alice\""),
            ("events | where user == ^", "", "\"Administrator\""),
            ("events | where user in (\"alice\", \"bo^", "\"bo", "\"bob\""),
            ("events | where Parent.Image == \"^", "\"", "\"winword.exe\""),
            ("events | where [\"Parent.Image\"] has \"^", "\"", "\"winword.exe\""),
            ("events | where Ev^", "Ev", "EventID"),
            ("events | where odd^", "odd", "[\"odd name\"]"),
            ("events | join kind=inner (peo^", "peo", "people"),
            ("events | join kind=inner (people | where de^", "de", "dept"),
            ("events | join kind=le^", "le", "leftanti"),
            ("events | where user in (people | project us^", "us", "user"),
            ("let t = people | extend age = 1; t | where ag^", "ag", "age"),
            ("people | extend x = stars^", "stars", "startswith"),
            ("people | extend x = strl^", "strl", "strlen("),
            ("people | render ti^", "ti", "timechart"),
        ];
        for (marked, replaced, first) in cases {
            let (found, suggestions) = suggested(marked);
            assert_eq!(found, replaced, "{marked}");
            if marked.contains("stars^") {
                assert!(!suggestions.contains(&first.to_owned()), "{marked}: {suggestions:?}");
            } else {
                assert_eq!(suggestions.first().map(String::as_str), Some(first), "{marked}: {suggestions:?}");
            }
        }
    }

    #[test]
    fn what_is_half_written_is_no_reason_to_be_silent() {
        let (_, suggestions) = suggested("people | where ^");
        assert!(
            suggestions.contains(&"user".to_owned()) && suggestions.contains(&"strlen(".to_owned())
                || suggestions.len() == SUGGESTIONS_MAX
        );
        assert!(suggested("people | nonsense | where ^").1.iter().all(|text| text != "user"));
    }
}
