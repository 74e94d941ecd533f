use super::{Completion, Observed, SUGGESTIONS_MAX, Suggestion, SuggestionKind};
use crate::ast::{JoinKind, Let, Query};
use crate::builtin::{AggregateFunction, Builtin};
use crate::check::{CheckOptions, columns_after};
use crate::lex::{Lexeme, Token};
use crate::limits::NESTING_MAX;
use crate::parse::{COMPARISON_WORDS, OPERATOR_HELP, parse};
use crate::plan::Column;
use crate::print::{Quoted, Word};
use crate::span::Span;

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

/// Looks back over what is written and gathers what may follow.
pub(super) struct Writer<'a> {
    options: CheckOptions<'a>,
    observed: &'a dyn Observed,
    before: &'a str,
    pub(super) lexemes: Vec<Lexeme>,
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

impl<'a> Writer<'a> {
    pub(super) fn new(
        options: CheckOptions<'a>,
        observed: &'a dyn Observed,
        before: &'a str,
        lexemes: Vec<Lexeme>,
    ) -> Self {
        Self { options, observed, before, lexemes, found: Vec::new() }
    }

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
    pub(super) fn hyphenated(&mut self, replace: Span) -> Span {
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

    pub(super) fn suggest(&mut self, prefix: &str) {
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

    /// Whether a bracket belongs to a call or a condition, not to a pipeline. Brackets before it tell.
    fn is_expression_bracket(&self, at: usize) -> bool {
        let brackets = (0..=at).rev().take(NESTING_MAX).take_while(|place| self.is_sign(*place, "(")).count();
        let Some(before) = at.checked_sub(brackets) else { return false };
        match self.token(before) {
            Token::Word(word) => {
                let is_function = Builtin::named(word).is_some() || AggregateFunction::named(word).is_some();
                let compares = COMPARISON_WORDS.contains(&word.as_str());
                is_function || compares || matches!(word.as_str(), "where" | "by" | "extend" | "project")
            }
            Token::Sign("(" | "|" | ";" | "=") => false,
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

    pub(super) fn values(&mut self, prefix: &str) {
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
    fn lets(&self, offset: usize) -> Vec<Let> {
        let ends = self.lexemes.iter().filter(|lexeme| lexeme.token == Token::Sign(";"));
        let end = ends.map(|lexeme| lexeme.span.end).take_while(|end| *end <= offset).last().unwrap_or(0);
        let text = format!("{} print 1", self.before.get(..end).unwrap_or_default());
        parse(&text).map_or_else(|_| Vec::new(), |query: Query| query.lets)
    }

    /// Those that begin as what is written, then those that contain it.
    pub(super) fn finished(mut self, replace: Span, prefix: &str) -> Completion {
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
