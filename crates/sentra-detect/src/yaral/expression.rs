//! Tokens to expressions: `or` over `and` over `not` over comparison over arithmetic.

use crate::problem::Fault;

use super::ast::{ArithmeticSign, CompareSign, FieldPath, ListKind, Node, Quantifier, Step, Term};
use super::lexer::Token;
use super::parser::{DEPTH_MAX, Parser};

/// Most arguments of a call, and parts of one `and`, `or` or sum.
const PARTS_MAX: usize = 5_000;
/// Most steps of a path.
const STEPS_MAX: usize = 32;

impl Parser {
    /// A condition.
    pub(super) fn expression(&mut self) -> Result<Node, Fault> {
        self.deeper(|parser| {
            parser.joined("or", Term::Or, |parser| parser.joined("and", Term::And, Self::negation))
        })
    }

    /// A value: an expression without comparisons and their like.
    pub(super) fn value(&mut self) -> Result<Node, Fault> {
        self.deeper(Self::sum)
    }

    fn deeper(&mut self, read: impl FnOnce(&mut Self) -> Result<Node, Fault>) -> Result<Node, Fault> {
        if self.depth >= DEPTH_MAX {
            return Err(self.fault(format!("the expression is nested deeper than {DEPTH_MAX} levels")));
        }
        self.depth += 1;
        let node = read(self);
        self.depth -= 1;
        node
    }

    fn joined(
        &mut self,
        word: &str,
        join: fn(Vec<Node>) -> Term,
        read: impl Fn(&mut Self) -> Result<Node, Fault>,
    ) -> Result<Node, Fault> {
        let line = self.line();
        let first = read(self)?;
        if !self.is_word(0, word) {
            return Ok(first);
        }
        let mut parts = vec![first];
        while self.takes_word(word) {
            parts.push(read(self)?);
            self.not_too_many(parts.len())?;
        }
        Ok(Node { line, term: join(parts) })
    }

    fn not_too_many(&self, parts: usize) -> Result<(), Fault> {
        if parts > PARTS_MAX {
            return Err(self.fault(format!("more than {PARTS_MAX} parts")));
        }
        Ok(())
    }

    fn negation(&mut self) -> Result<Node, Fault> {
        let line = self.line();
        if self.takes_word("not") || self.takes_sign("!") {
            let node = self.deeper(Self::negation)?;
            return Ok(Node { line, term: Term::Not(Box::new(node)) });
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Result<Node, Fault> {
        let line = self.line();
        let left = self.sum()?;
        let sign = CompareSign::ALL
            .into_iter()
            .find(|sign| matches!(self.peek(), Some(Token::Sign(found)) if *found == sign.text()));
        if let Some(sign) = sign {
            self.advance();
            let right = self.sum()?;
            let nocase = self.takes_word("nocase");
            let term = Term::Compare { sign, left: Box::new(left), right: Box::new(right), nocase };
            return Ok(Node { line, term });
        }
        let negated = self.is_word(0, "not") && self.is_word(1, "in");
        if negated {
            self.advance();
        }
        if self.takes_word("in") {
            return self.membership(left, negated, line);
        }
        if self.takes_word("nocase") {
            return Ok(Node { line, term: Term::NoCase(Box::new(left)) });
        }
        Ok(left)
    }

    fn membership(&mut self, item: Node, negated: bool, line: super::ast::Line) -> Result<Node, Fault> {
        let kind = if self.takes_word("regex") {
            ListKind::Regex
        } else if self.takes_word("cidr") {
            ListKind::Cidr
        } else {
            ListKind::Text
        };
        if !matches!(self.peek(), Some(Token::List(_))) {
            return Err(self.expected("a list like %names"));
        }
        let list = self.primary()?;
        let nocase = self.takes_word("nocase");
        Ok(Node {
            line,
            term: Term::In { item: Box::new(item), list: Box::new(list), kind, negated, nocase },
        })
    }

    fn sum(&mut self) -> Result<Node, Fault> {
        self.arithmetic(&[ArithmeticSign::Plus, ArithmeticSign::Minus], |parser| {
            parser.arithmetic(&[ArithmeticSign::Times, ArithmeticSign::Over], Self::factor)
        })
    }

    fn arithmetic(
        &mut self,
        signs: &[ArithmeticSign],
        read: impl Fn(&mut Self) -> Result<Node, Fault>,
    ) -> Result<Node, Fault> {
        let line = self.line();
        let first = read(self)?;
        let mut rest = Vec::new();
        while let Some(sign) = signs.iter().find(|sign| self.takes_sign(sign.text())) {
            rest.push((*sign, read(self)?));
            self.not_too_many(rest.len())?;
        }
        if rest.is_empty() {
            return Ok(first);
        }
        Ok(Node { line, term: Term::Arithmetic(Box::new(first), rest) })
    }

    fn factor(&mut self) -> Result<Node, Fault> {
        let line = self.line();
        if self.takes_sign("-") {
            let node = self.deeper(Self::factor)?;
            return Ok(Node { line, term: Term::Negative(Box::new(node)) });
        }
        self.primary()
    }

    fn primary(&mut self) -> Result<Node, Fault> {
        let line = self.line();
        if self.takes_sign("(") {
            let node = self.expression()?;
            self.sign(")")?;
            return Ok(node);
        }
        let quantifier = if self.is_word(0, "any") {
            Some(Quantifier::Any)
        } else if self.is_word(0, "all") {
            Some(Quantifier::All)
        } else {
            None
        };
        if let (Some(_), Some(Token::Variable(_))) = (quantifier, self.peek_at(1)) {
            self.advance();
            return self.field(quantifier);
        }
        let term = match self.peek().cloned() {
            Some(Token::Variable(_)) => return self.field(None),
            Some(Token::Word(word)) => return self.word_or_call(word),
            Some(Token::List(name)) => return self.list(name),
            Some(Token::Text { text, raw }) => Term::Text { text, raw },
            Some(Token::Regex(text)) => Term::Regex(text),
            Some(Token::Integer(number)) => Term::Integer(number),
            Some(Token::Float(number)) => Term::Float(number),
            Some(Token::Duration(seconds, unit)) => Term::Duration(seconds, unit),
            Some(Token::Count(name)) => Term::Count(name),
            _ => return Err(self.expected("a field, a value or a function")),
        };
        self.advance();
        Ok(Node { line, term })
    }

    fn field(&mut self, quantifier: Option<Quantifier>) -> Result<Node, Fault> {
        let line = self.line();
        let variable = self.variable("an event variable")?;
        let mut steps = Vec::new();
        loop {
            if self.takes_sign(".") {
                steps.push(Step::Name(self.word("the name of a field")?));
            } else if !steps.is_empty() && self.takes_sign("[") {
                steps.push(match self.advance() {
                    Some(Token::Text { text, .. }) => Step::Key(text),
                    Some(Token::Integer(number)) if u32::try_from(number).is_ok() => {
                        Step::Index(u32::try_from(number).unwrap_or_default())
                    }
                    _ => {
                        return Err(Fault::new(
                            line.0,
                            "expected a key in quotation marks or an index from 0",
                        ));
                    }
                });
                self.sign("]")?;
            } else {
                break;
            }
            if steps.len() > STEPS_MAX {
                return Err(self.fault(format!("the path has more than {STEPS_MAX} steps")));
            }
        }
        let term = match (steps.is_empty(), quantifier) {
            (true, None) => Term::Variable(variable),
            (true, Some(_)) => return Err(self.expected("a repeated field after any or all")),
            (false, _) => Term::Field(FieldPath { variable, steps, quantifier }),
        };
        Ok(Node { line, term })
    }

    fn word_or_call(&mut self, word: String) -> Result<Node, Fault> {
        let line = self.line();
        self.advance();
        let mut name = word;
        while matches!(self.peek(), Some(Token::Sign("."))) {
            self.advance();
            name = format!("{name}.{}", self.word("the name of a function")?);
            if name.len() > 1_024 {
                return Err(self.fault("the name of a function is too long"));
            }
        }
        if matches!(self.peek(), Some(Token::Sign("("))) {
            return self.call(name, line);
        }
        let term = match name.to_ascii_lowercase().as_str() {
            "true" => Term::Bool(true),
            "false" => Term::Bool(false),
            _ => Term::Word(name),
        };
        Ok(Node { line, term })
    }

    fn list(&mut self, name: String) -> Result<Node, Fault> {
        let line = self.line();
        self.advance();
        let column = if self.takes_sign(".") { Some(self.word("the name of a column")?) } else { None };
        match (column, self.peek()) {
            (Some(column), Some(Token::Sign("("))) => self.call(format!("%{name}.{column}"), line),
            (column, _) => Ok(Node { line, term: Term::List { name, column } }),
        }
    }

    fn call(&mut self, function: String, line: super::ast::Line) -> Result<Node, Fault> {
        self.sign("(")?;
        let mut arguments = Vec::new();
        while !self.takes_sign(")") {
            if !arguments.is_empty() {
                self.sign(",")?;
            }
            arguments.push(self.argument()?);
            self.not_too_many(arguments.len())?;
        }
        Ok(Node { line, term: Term::Call { function, arguments } })
    }

    /// `value`, or `name: value`, where the name may be a path.
    fn argument(&mut self) -> Result<Node, Fault> {
        let line = self.line();
        let mut words = 1;
        while matches!(self.peek_at(words), Some(Token::Sign("."))) && words < 2 * STEPS_MAX {
            words += 2;
        }
        let named = matches!(self.peek(), Some(Token::Word(_)));
        if !named || !matches!(self.peek_at(words), Some(Token::Sign(":"))) {
            return self.expression();
        }
        let mut name = self.word("a name")?;
        while self.takes_sign(".") {
            name = format!("{name}.{}", self.word("a name")?);
        }
        self.sign(":")?;
        let node = self.expression()?;
        Ok(Node { line, term: Term::Named(name, Box::new(node)) })
    }
}
