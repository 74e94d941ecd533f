use super::parser::Parser;
use crate::ast::{Let, LetValue, Name, Operator, Pipeline, Query, Source, SourceKind, Step, Union};
use crate::error::{KqlError, Reason};
use crate::lex::Token;
use crate::limits::{INPUTS_MAX, LETS_MAX, LIST_VALUES_MAX};
use crate::span::At;
use crate::value::Kind;

/// Words at the beginning of a question that KQL knows and this does not.
const REFUSED_SOURCES: [(&str, &str); 9] = [
    ("find", "search, or union A, B | where …"),
    ("externaldata", "datatable(a: string) [\"x\"]"),
    ("evaluate", "nothing replaces a plugin"),
    ("set", "options are not part of a question"),
    ("alias", "let"),
    ("declare", "let"),
    ("restrict", "what may be read is not the question's to say"),
    ("cluster", "the name of a table by itself"),
    ("database", "the name of a table by itself"),
];

impl Parser {
    pub(super) fn query(&mut self) -> Result<Query, KqlError> {
        let mut lets = Vec::new();
        while self.is_word("let") {
            if lets.len() >= LETS_MAX {
                let message = format!("the question has more than {LETS_MAX} let statements");
                return Err(KqlError::new(Reason::Limit, self.span(), message));
            }
            lets.push(self.let_statement()?);
        }
        let pipeline = self.pipeline()?;
        self.accept_sign(";");
        Ok(Query { lets, pipeline })
    }

    fn let_statement(&mut self) -> Result<Let, KqlError> {
        self.advance();
        let name = self.name("a name")?;
        self.expect_sign("=")?;
        if self.is_function() {
            let message = "functions of one's own are not supported";
            return Err(
                KqlError::new(Reason::Unsupported, self.span(), message).hint("let x = 5;, let T = …;")
            );
        }
        let value = if self.is_tabular() {
            LetValue::Tabular(self.pipeline()?)
        } else {
            LetValue::Scalar(self.expr()?)
        };
        if !self.accept_sign(";") {
            return Err(self.unexpected("';' after let").hint(";"));
        }
        Ok(Let { name, value })
    }

    /// `(a: long) { … }`
    fn is_function(&self) -> bool {
        let lambda = self.is_sign("(")
            && ((self.is_sign_at(1, ")") && self.is_sign_at(2, "{"))
                || (matches!(self.peek_at(1), Token::Word(_)) && self.is_sign_at(2, ":")));
        lambda || (self.is_word("view") && self.is_sign_at(1, "("))
    }

    /// Whether rows follow, not a value. Brackets do not tell, nor do names.
    pub(super) fn is_tabular(&self) -> bool {
        let mut at = 0;
        if self.is_quoted_name() {
            return self.is_sign_at(3, "|") || self.is_sign_at(3, ";");
        }
        while self.is_sign_at(at, "(") {
            at += 1;
        }
        let Token::Word(word) = self.peek_at(at) else { return false };
        let is_source = match word.as_str() {
            "union" | "print" | "range" | "search" => {
                // No function is called so, and what is called so is written in brackets.
                let next = self.peek_at(at + 1);
                matches!(next, Token::Word(_) | Token::Text(_) | Token::Sign("(" | "[" | "*"))
                    || (word == "print" && !matches!(next, Token::Sign(_) | Token::End))
            }
            "datatable" | "event" | "materialize" => self.is_sign_at(at + 1, "("),
            word => {
                REFUSED_SOURCES.iter().any(|(refused, _)| *refused == word) && self.is_sign_at(at + 1, "(")
            }
        };
        is_source || self.is_sign_at(at + 1, "|") || self.is_sign_at(at + 1, ";")
    }

    /// A source and its steps.
    pub(super) fn pipeline(&mut self) -> Result<Pipeline, KqlError> {
        let (mut pipeline, searched) = self.source()?;
        if let Some(step) = searched {
            pipeline.steps.push(step);
        }
        pipeline.steps.extend(self.steps()?);
        Ok(pipeline)
    }

    /// A pipeline within something, and how deep it is.
    pub(super) fn inner_pipeline(&mut self) -> Result<(Pipeline, usize), KqlError> {
        let outside = std::mem::take(&mut self.deepest);
        let searching = std::mem::take(&mut self.searching);
        let pipeline = self.pipeline()?;
        self.searching = searching;
        let depth = self.deepest + 1;
        self.deepest = outside;
        self.deepens(depth)?;
        Ok((pipeline, depth))
    }

    pub(super) fn steps(&mut self) -> Result<Vec<Step>, KqlError> {
        let mut steps = Vec::new();
        while self.accept_sign("|") {
            steps.push(self.step()?);
        }
        Ok(steps)
    }

    fn source(&mut self) -> Result<(Pipeline, Option<Step>), KqlError> {
        let start = self.span();
        if self.is_sign("(") {
            let pipeline = self.bracketed()?;
            return Ok((self.of_source(SourceKind::Nested(pipeline.into()), start), None));
        }
        if self.is_sign(".") {
            let message = "commands of management are not part of the language";
            return Err(KqlError::new(Reason::Unsupported, start, message));
        }
        if self.is_quoted_name() {
            let name = self.name("a table")?;
            return Ok((self.of_source(SourceKind::Table(name.text), start), None));
        }
        let Token::Word(word) = self.peek().clone() else {
            return Err(self.unexpected("a table").hint("events"));
        };
        let follows =
            matches!(self.peek_at(1), Token::Word(_) | Token::Text(_) | Token::Sign("(" | "*" | "["));
        let refused = REFUSED_SOURCES.iter().find(|(refused, _)| *refused == word);
        if let Some((refused, hint)) = refused.filter(|_| follows) {
            let message = format!("{refused} is not supported");
            return Err(KqlError::new(Reason::Unsupported, start, message).hint(*hint));
        }
        let kind = match word.as_str() {
            "search" if follows => return self.search_source(),
            "union" if follows => {
                self.advance();
                SourceKind::Union(self.union()?)
            }
            "print" if follows || matches!(self.peek_at(1), Token::Integer(_) | Token::Real(_)) => {
                self.advance();
                SourceKind::Print(self.named_list()?)
            }
            "print" if *self.peek_at(1) != Token::Sign("|") && *self.peek_at(1) != Token::End => {
                self.advance();
                SourceKind::Print(self.named_list()?)
            }
            "range" if matches!(self.peek_at(1), Token::Word(_) | Token::Sign("[")) => self.range()?,
            "datatable" if self.is_sign_at(1, "(") => self.datatable()?,
            // What is asked twice is computed as often as the planner wants.
            "materialize" if self.is_sign_at(1, "(") => {
                self.advance();
                SourceKind::Nested(self.bracketed()?.into())
            }
            "event" => self.event()?,
            _ => SourceKind::Table(self.name("a table")?.text),
        };
        Ok((self.of_source(kind, start), None))
    }

    fn of_source(&self, kind: SourceKind, start: crate::span::Span) -> Pipeline {
        Pipeline { source: Source { kind, at: At(start.to(self.last_span())) }, steps: Vec::new() }
    }

    /// `( pipeline )`
    pub(super) fn bracketed(&mut self) -> Result<Pipeline, KqlError> {
        self.expect_sign("(")?;
        let (pipeline, _) = self.nested(Self::inner_pipeline)?;
        if !self.accept_sign(")") {
            return Err(self.unexpected("'|' or ')'"));
        }
        Ok(pipeline)
    }

    /// What is joined or united: a table, or a pipeline in brackets.
    pub(super) fn input(&mut self) -> Result<Pipeline, KqlError> {
        self.inputs += 1;
        if self.inputs > INPUTS_MAX {
            let message = format!("the question joins and unites more than {INPUTS_MAX} tables");
            return Err(KqlError::new(Reason::Limit, self.span(), message));
        }
        if self.is_sign("(") {
            return self.bracketed();
        }
        let start = self.span();
        if self.is_sign("*") || self.is_sign_at(1, "*") {
            let message = "patterns of table names are not supported";
            return Err(KqlError::new(Reason::Unsupported, start, message).hint("events for all marts"));
        }
        let name = self.name("a table, or a pipeline in brackets")?;
        Ok(self.of_source(SourceKind::Table(name.text), start))
    }

    /// `search in (A, B) CONDITION` is a `where` over a table or a union.
    fn search_source(&mut self) -> Result<(Pipeline, Option<Step>), KqlError> {
        let start = self.span();
        self.advance();
        self.search_case()?;
        let mut tables = Vec::new();
        if self.is_word("in") && self.is_sign_at(1, "(") {
            self.advance();
            self.advance();
            tables = self.list(|parser| parser.input())?;
            self.expect_sign(")")?;
        }
        let kind = match (tables.len(), tables.pop()) {
            (0, _) | (_, None) => SourceKind::Table("events".into()),
            (1, Some(Pipeline { source, steps })) if steps.is_empty() => source.kind,
            (_, Some(last)) => {
                tables.push(last);
                SourceKind::Union(Union { inner: false, source_column: None, inputs: tables })
            }
        };
        let source = self.of_source(kind, start);
        let condition = self.search_condition()?;
        Ok((source, Some(Step { operator: Operator::Where(condition), at: At(start.to(self.last_span())) })))
    }

    pub(super) fn search_case(&mut self) -> Result<(), KqlError> {
        if !self.is_word("kind") {
            return Ok(());
        }
        if self.is_word_at(2, "case_sensitive") {
            let message = "search with case is not supported";
            return Err(KqlError::new(Reason::Unsupported, self.span(), message).hint("where * has_cs \"…\""));
        }
        for _ in 0..3 {
            self.advance();
        }
        Ok(())
    }

    pub(super) fn search_condition(&mut self) -> Result<crate::ast::Expr, KqlError> {
        self.searching = true;
        let condition = self.expr();
        let condition = condition.map(|condition| self.searched(condition));
        self.searching = false;
        condition
    }

    /// After the word: `kind=outer withsource=T A, (B | …)`.
    pub(super) fn union(&mut self) -> Result<Union, KqlError> {
        let mut union = Union { inner: false, source_column: None, inputs: Vec::new() };
        while let Token::Word(option) = self.peek().clone()
            && self.is_sign_at(1, "=")
        {
            self.advance();
            self.advance();
            match option.as_str() {
                "kind" if self.accept_word("inner") => union.inner = true,
                "kind" => self.expect_word("outer").map_err(|error| error.hint("inner, outer"))?,
                "withsource" | "with_source" => union.source_column = Some(self.name("a name")?),
                "isfuzzy" if self.accept_word("false") => {}
                "isfuzzy" => {
                    let message = "isfuzzy is not supported: a table that is not there is an error";
                    return Err(KqlError::new(Reason::Unsupported, self.span(), message));
                }
                _ => return Err(self.error(format!("union knows no {option}")).hint("kind, withsource")),
            }
        }
        union.inputs = self.list(Self::input)?;
        Ok(union)
    }

    fn range(&mut self) -> Result<SourceKind, KqlError> {
        self.advance();
        let column = self.name("a name")?;
        self.expect_word("from")?;
        let from = self.expr()?;
        self.expect_word("to")?;
        let to = self.expr()?;
        self.expect_word("step")?;
        let step = self.expr()?;
        Ok(SourceKind::Range { column, from, to, step })
    }

    fn datatable(&mut self) -> Result<SourceKind, KqlError> {
        self.advance();
        self.advance();
        let columns = self.list(|parser| {
            let name = parser.name("a column's name")?;
            parser.expect_sign(":")?;
            Ok((name, parser.kind()?))
        })?;
        self.expect_sign(")")?;
        self.expect_sign("[")?;
        let mut values = Vec::new();
        while !self.is_sign("]") {
            if values.len() >= LIST_VALUES_MAX {
                let message = format!("the table has more than {LIST_VALUES_MAX} values");
                return Err(KqlError::new(Reason::Limit, self.span(), message));
            }
            values.push(self.expr()?);
            if !self.accept_sign(",") {
                break;
            }
        }
        if !self.accept_sign("]") {
            return Err(self.unexpected("',' or ']'"));
        }
        if values.is_empty() || values.len() % columns.len() == 0 {
            return Ok(SourceKind::Datatable { columns, values });
        }
        let message = format!("{} values do not fill rows of {} columns", values.len(), columns.len());
        Err(KqlError::new(Reason::Value, self.last_span(), message))
    }

    /// The word of a kind of values.
    pub(super) fn kind(&mut self) -> Result<Kind, KqlError> {
        let span = self.span();
        let Token::Word(word) = self.peek().clone() else { return Err(self.unexpected("a kind of values")) };
        let Some(kind) = Kind::named(&word) else {
            let error = match word.as_str() {
                "guid" | "decimal" | "uuid" => {
                    let message = format!("values of the kind {word} are not supported");
                    KqlError::new(Reason::Unsupported, span, message).hint("string, long, real")
                }
                _ => KqlError::new(Reason::Unknown, span, format!("{word:?} is no kind of values"))
                    .maybe_hint(crate::hint::nearest(&word, Kind::ALL.map(Kind::as_str))),
            };
            return Err(error);
        };
        self.advance();
        Ok(kind)
    }

    fn event(&mut self) -> Result<SourceKind, KqlError> {
        let hint = "event(\"raw.0.17\"), or events for all of them";
        self.advance();
        if !self.accept_sign("(") {
            return Err(self.unexpected("'(' after event").hint(hint));
        }
        let id = self.text("an id in quotes").map_err(|error| error.hint(hint))?;
        self.expect_sign(")")?;
        Ok(SourceKind::Event(id))
    }

    pub(super) fn column(&mut self) -> Result<Name, KqlError> {
        self.dotted_name("a column")
    }
}
