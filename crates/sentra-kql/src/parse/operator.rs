use super::parser::Parser;
use crate::ast::{Direction, Name, Named, Operator, Pattern, SortKey, Step};
use crate::error::{KqlError, Reason};
use crate::hint::nearest;
use crate::lex::Token;
use crate::limits::OPERATORS_MAX;
use crate::span::At;

/// The operators that are supported, with every word that is understood for them.
pub const OPERATORS: [&str; 27] = [
    "count",
    "distinct",
    "extend",
    "filter",
    "getschema",
    "join",
    "limit",
    "lookup",
    "mv-expand",
    "mvexpand",
    "order",
    "parse",
    "parse-where",
    "project",
    "project-away",
    "project-keep",
    "project-rename",
    "project-reorder",
    "render",
    "search",
    "sequence",
    "sort",
    "summarize",
    "take",
    "top",
    "union",
    "where",
];

/// The operators that KQL has and this has not, with what to write instead.
pub const REFUSED_OPERATORS: [(&str, &str); 33] = [
    ("as", "let T = …; names rows"),
    ("assert-schema", "getschema shows the columns"),
    ("consume", "count"),
    ("evaluate", "nothing replaces a plugin"),
    ("externaldata", "datatable(a: string) [\"x\"]"),
    ("facet", "summarize count() by …, once for each column"),
    ("find", "search"),
    ("fork", "one question for each branch"),
    ("getoperation", "take"),
    ("graph-mark-components", "join"),
    ("graph-match", "join, or sequence"),
    ("graph-shortest-paths", "join"),
    ("graph-to-table", "join"),
    ("invoke", "write the steps out"),
    ("macro-expand", "union"),
    ("make-graph", "join"),
    ("make-series", "summarize … by bin(time, 1h)"),
    ("mv-apply", "mv-expand, then where or summarize"),
    ("mvapply", "mv-expand, then where or summarize"),
    ("parse-kv", "parse, or extract(…)"),
    ("partition", "summarize … by, or top"),
    ("reduce", "summarize count() by …"),
    ("sample", "take"),
    ("sample-distinct", "distinct, then take"),
    ("scan", "sequence by …"),
    ("serialize", "sort by"),
    ("tail", "sort by time asc | take …"),
    ("top-hitters", "summarize n = count() by … | top 10 by n"),
    ("top-nested", "summarize n = count() by … | top 10 by n"),
    ("execute_and_cache", "nothing: answers are not cached"),
    ("print", "extend; print begins a question"),
    ("datatable", "union (datatable(…) […])"),
    ("range", "union (range …)"),
];

impl Parser {
    pub(super) fn step(&mut self) -> Result<Step, KqlError> {
        let start = self.span();
        self.operators += 1;
        if self.operators > OPERATORS_MAX {
            let message = format!("the question has more than {OPERATORS_MAX} operators");
            return Err(KqlError::new(Reason::Limit, start, message));
        }
        let Some((word, tokens)) = self.hyphenated() else { return Err(self.unexpected("an operator")) };
        let span = start.to(self.span_at(tokens - 1));
        if !OPERATORS.contains(&word.as_str()) {
            return Err(Self::no_operator(&word, span));
        }
        for _ in 0..tokens {
            self.advance();
        }
        let operator = self.operator(&word)?;
        Ok(Step { operator, at: At(start.to(self.last_span())) })
    }

    fn no_operator(word: &str, span: crate::span::Span) -> KqlError {
        if let Some((word, instead)) = REFUSED_OPERATORS.iter().find(|(refused, _)| *refused == word) {
            let message = format!("the operator {word} is not supported");
            return KqlError::new(Reason::Unsupported, span, message).hint(*instead);
        }
        let shown: String = word.chars().take(80).collect();
        KqlError::new(Reason::Unknown, span, format!("{shown:?} is no operator"))
            .maybe_hint(nearest(word, OPERATORS))
    }

    fn operator(&mut self, word: &str) -> Result<Operator, KqlError> {
        Ok(match word {
            "where" | "filter" => Operator::Where(self.expr()?),
            "search" => {
                self.search_case()?;
                Operator::Where(self.search_condition()?)
            }
            "count" => Operator::Count,
            "getschema" => Operator::GetSchema,
            "project" => Operator::Project(self.named_list()?),
            "project-away" => Operator::ProjectAway(self.list(Self::pattern)?),
            "project-keep" => Operator::ProjectKeep(self.list(Self::pattern)?),
            "project-rename" => Operator::ProjectRename(self.list(Self::rename)?),
            "project-reorder" => Operator::ProjectReorder(self.list(|parser| {
                let pattern = parser.pattern()?;
                Ok((pattern, parser.direction()))
            })?),
            "extend" => Operator::Extend(self.named_list()?),
            "summarize" => self.summarize()?,
            "sort" | "order" => {
                self.expect_word("by")?;
                Operator::Sort(self.list(Self::sort_key)?)
            }
            "top" => {
                let rows = self.expr()?;
                self.expect_word("by")?;
                Operator::Top { rows, key: self.sort_key()? }
            }
            "take" | "limit" => Operator::Take(self.expr()?),
            "distinct" => {
                let is_all = self.accept_sign("*");
                Operator::Distinct(if is_all { Vec::new() } else { self.named_list()? })
            }
            "join" => Operator::Join(self.join(false)?),
            "lookup" => Operator::Lookup(self.join(true)?),
            "union" => Operator::Union(self.union()?),
            "parse" | "parse-where" => Operator::Parse(self.parse_clause(word == "parse-where")?),
            "mv-expand" | "mvexpand" => Operator::MvExpand(self.mv_expand()?),
            "render" => Operator::Render(self.render()?),
            _ => Operator::Sequence(self.sequence()?),
        })
    }

    fn summarize(&mut self) -> Result<Operator, KqlError> {
        let aggregates = if self.is_word("by") { Vec::new() } else { self.named_list()? };
        let keys = if self.accept_word("by") { self.named_list()? } else { Vec::new() };
        Ok(Operator::Summarize { aggregates, keys })
    }

    /// Expressions with or without names.
    pub(super) fn named_list(&mut self) -> Result<Vec<Named>, KqlError> {
        self.list(Self::named)
    }

    pub(super) fn named(&mut self) -> Result<Named, KqlError> {
        let is_word = matches!(self.peek(), Token::Word(_)) && self.is_sign_at(1, "=");
        let is_named = is_word || (self.is_quoted_name() && self.is_sign_at(3, "="));
        let name = if is_named { Some(self.name("a name")?) } else { None };
        if is_named {
            self.advance();
        }
        Ok(Named { name, value: self.expr()? })
    }

    fn rename(&mut self) -> Result<(Name, Name), KqlError> {
        let new = self.name("a new name")?;
        self.expect_sign("=")?;
        Ok((new, self.column()?))
    }

    fn pattern(&mut self) -> Result<Pattern, KqlError> {
        let start = self.span();
        if self.is_quoted_name() {
            return Ok(Pattern { name: self.name("a column")?, wild: false });
        }
        let mut text = String::new();
        let mut wild = false;
        loop {
            match self.peek() {
                Token::Word(word) => text.push_str(word),
                Token::Sign("*") => {
                    text.push('*');
                    wild = true;
                }
                Token::Sign(".") => text.push('.'),
                _ => break,
            }
            let end = self.span().end;
            self.advance();
            if self.span().start != end {
                break;
            }
        }
        if text.is_empty() {
            return Err(self.unexpected("a column"));
        }
        let name = Name { text, at: At(start.to(self.last_span())) };
        Ok(Pattern { name, wild })
    }

    fn direction(&mut self) -> Option<Direction> {
        if self.accept_word("asc") {
            return Some(Direction::Ascending);
        }
        self.accept_word("desc").then_some(Direction::Descending)
    }

    fn sort_key(&mut self) -> Result<SortKey, KqlError> {
        let value = self.expr()?;
        let direction = self.direction();
        let mut nulls_first = None;
        if self.accept_word("nulls") {
            let first = self.accept_word("first");
            if !first {
                self.expect_word("last").map_err(|error| error.hint("nulls first, nulls last"))?;
            }
            nulls_first = Some(first);
        }
        Ok(SortKey { value, direction, nulls_first })
    }
}
