//! Tokens to rules: sections and statements. Expressions are in [`super::expression`].

use crate::problem::Fault;
use crate::text::hint;

use super::ast::{Entry, Line, MatchSection, Node, RuleAst, Term, WindowKind};
use super::lexer::{Token, tokens};

/// Deepest nesting of an expression.
pub(crate) const DEPTH_MAX: usize = 64;
/// Most rules of a file.
pub(crate) const RULES_PER_FILE_MAX: usize = 1_000;
/// Most statements of a section.
const STATEMENTS_MAX: usize = 10_000;

const SECTIONS: [&str; 8] = ["meta", "setup", "events", "match", "outcome", "condition", "export", "options"];

/// The rules of a file; each that cannot be read is a fault with its name, as far as it was read.
pub(crate) fn parse(text: &str) -> Vec<Result<RuleAst, (Option<String>, Fault)>> {
    let tokens = match tokens(text) {
        Ok(tokens) => tokens,
        Err(fault) => return vec![Err((None, fault))],
    };
    let mut parser = Parser { tokens, next: 0, depth: 0 };
    let mut rules = Vec::new();
    if parser.tokens.is_empty() {
        rules.push(Err((None, Fault::new(1, "the file has no rule"))));
    }
    while parser.peek().is_some() {
        if rules.len() >= RULES_PER_FILE_MAX {
            let fault = parser.fault(format!("the file has more than {RULES_PER_FILE_MAX} rules"));
            rules.push(Err((None, fault)));
            break;
        }
        let begins = parser.next;
        let mut name = None;
        let rule = parser.rule(&mut name);
        if rule.is_err() {
            parser.skip_to_rule(begins);
        }
        rules.push(rule.map_err(|fault| (name, fault)));
    }
    rules
}

pub(super) struct Parser {
    tokens: Vec<(u64, Token)>,
    next: usize,
    pub(super) depth: usize,
}

impl Parser {
    pub(super) fn peek(&self) -> Option<&Token> {
        self.peek_at(0)
    }

    pub(super) fn peek_at(&self, ahead: usize) -> Option<&Token> {
        self.tokens.get(self.next + ahead).map(|(_, token)| token)
    }

    pub(super) fn advance(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.next).map(|(_, token)| token.clone());
        self.next += 1;
        token
    }

    /// The line of the next token, at the end that of the last.
    pub(super) fn line(&self) -> Line {
        Line(self.tokens.get(self.next).or(self.tokens.last()).map_or(1, |(line, _)| *line))
    }

    pub(super) fn fault(&self, message: impl Into<String>) -> Fault {
        Fault::new(self.line().0, message)
    }

    pub(super) fn expected(&self, what: &str) -> Fault {
        let found = match self.peek() {
            None => "the end of the file".to_owned(),
            Some(Token::Word(word)) => format!("{word:?}"),
            Some(Token::Sign(sign)) => format!("{sign:?}"),
            Some(Token::Variable(name)) => format!("${name}"),
            Some(Token::Count(name)) => format!("#{name}"),
            Some(Token::List(name)) => format!("%{name}"),
            Some(Token::Text { .. }) => "a text".to_owned(),
            Some(Token::Regex(_)) => "a regular expression".to_owned(),
            Some(Token::Integer(_) | Token::Float(_)) => "a number".to_owned(),
            Some(Token::Duration(..)) => "a duration".to_owned(),
        };
        self.fault(format!("expected {what}, found {found}"))
    }

    pub(super) fn takes_sign(&mut self, sign: &str) -> bool {
        let there = matches!(self.peek(), Some(Token::Sign(found)) if *found == sign);
        self.next += usize::from(there);
        there
    }

    pub(super) fn sign(&mut self, sign: &str) -> Result<(), Fault> {
        if self.takes_sign(sign) { Ok(()) } else { Err(self.expected(&format!("{sign:?}"))) }
    }

    /// Keywords ignore case.
    pub(super) fn is_word(&self, ahead: usize, word: &str) -> bool {
        matches!(self.peek_at(ahead), Some(Token::Word(found)) if found.eq_ignore_ascii_case(word))
    }

    pub(super) fn takes_word(&mut self, word: &str) -> bool {
        let there = self.is_word(0, word);
        self.next += usize::from(there);
        there
    }

    pub(super) fn word(&mut self, what: &str) -> Result<String, Fault> {
        match self.peek() {
            Some(Token::Word(word)) => {
                let word = word.clone();
                self.next += 1;
                Ok(word)
            }
            _ => Err(self.expected(what)),
        }
    }

    pub(super) fn variable(&mut self, what: &str) -> Result<String, Fault> {
        match self.peek() {
            Some(Token::Variable(name)) => {
                let name = name.clone();
                self.next += 1;
                Ok(name)
            }
            _ => Err(self.expected(what)),
        }
    }

    /// After a fault: on to where the next rule begins.
    fn skip_to_rule(&mut self, begins: usize) {
        self.next = self.next.max(begins + 1);
        self.depth = 0;
        while self.peek().is_some() {
            let named = matches!(self.peek_at(1), Some(Token::Word(_)));
            if self.is_word(0, "rule") && named && matches!(self.peek_at(2), Some(Token::Sign("{"))) {
                return;
            }
            self.next += 1;
        }
    }

    fn rule(&mut self, name: &mut Option<String>) -> Result<RuleAst, Fault> {
        let line = self.line();
        if !self.takes_word("rule") {
            return Err(self.expected("\"rule\""));
        }
        *name = Some(self.word("the name of the rule")?);
        self.sign("{")?;
        let mut rule = RuleAst {
            name: name.clone().unwrap_or_default(),
            line,
            meta: Vec::new(),
            setup: Vec::new(),
            events: Vec::new(),
            matching: None,
            outcome: Vec::new(),
            condition: Vec::new(),
            export: Vec::new(),
            options: Vec::new(),
        };
        let mut seen: Vec<&str> = Vec::new();
        while !self.takes_sign("}") {
            let line = self.line().0;
            let section = self.section_name()?;
            if seen.contains(&section) {
                return Err(Fault::new(line, format!("a second section {section:?}")));
            }
            seen.push(section);
            self.section(section, &mut rule)?;
        }
        for (section, missing) in
            [("events", rule.events.is_empty()), ("condition", rule.condition.is_empty())]
        {
            if missing {
                return Err(Fault::new(
                    line.0,
                    format!("the rule has no section {section:?}, or an empty one"),
                ));
            }
        }
        Ok(rule)
    }

    /// Whether the next tokens begin a section or end the rule.
    fn at_section(&self) -> bool {
        match self.peek() {
            None | Some(Token::Sign("}")) => true,
            Some(Token::Word(_)) => matches!(self.peek_at(1), Some(Token::Sign(":"))),
            _ => false,
        }
    }

    fn section_name(&mut self) -> Result<&'static str, Fault> {
        let line = self.line().0;
        let word = self.word("a section or \"}\"")?;
        let known = SECTIONS.into_iter().find(|section| word.eq_ignore_ascii_case(section));
        let Some(section) = known else {
            return Err(Fault::new(line, format!("{word:?} is no section{}", hint(&word, SECTIONS))));
        };
        self.sign(":")?;
        Ok(section)
    }

    fn section(&mut self, section: &str, rule: &mut RuleAst) -> Result<(), Fault> {
        match section {
            "meta" => rule.meta = self.entries(|parser| parser.word("a key"), Self::literal)?,
            "options" => rule.options = self.entries(|parser| parser.word("an option"), Self::literal)?,
            "outcome" => {
                rule.outcome = self.entries(|parser| parser.variable("an outcome variable"), Self::value)?;
            }
            "match" => rule.matching = Some(self.matching()?),
            "setup" => rule.setup = self.statements()?,
            "events" => rule.events = self.statements()?,
            "condition" => rule.condition = self.statements()?,
            _ => rule.export = self.statements()?,
        }
        Ok(())
    }

    fn entries(
        &mut self,
        name: impl Fn(&mut Self) -> Result<String, Fault>,
        value: impl Fn(&mut Self) -> Result<Node, Fault>,
    ) -> Result<Vec<Entry>, Fault> {
        let mut entries = Vec::new();
        while !self.at_section() {
            if entries.len() >= STATEMENTS_MAX {
                return Err(self.fault(format!("more than {STATEMENTS_MAX} lines in a section")));
            }
            let line = self.line();
            let name = name(self)?;
            self.sign("=")?;
            entries.push(Entry { name, line, value: value(self)? });
        }
        Ok(entries)
    }

    fn literal(&mut self) -> Result<Node, Fault> {
        let node = self.value()?;
        match &node.term {
            Term::Text { .. } | Term::Integer(_) | Term::Float(_) | Term::Bool(_) | Term::Duration(..) => {
                Ok(node)
            }
            _ => Err(Fault::new(node.line.0, "expected a text, a number, true, false or a duration")),
        }
    }

    fn statements(&mut self) -> Result<Vec<Node>, Fault> {
        let mut nodes = Vec::new();
        while !self.at_section() {
            if nodes.len() >= STATEMENTS_MAX {
                return Err(self.fault(format!("more than {STATEMENTS_MAX} lines in a section")));
            }
            nodes.push(self.expression()?);
        }
        Ok(nodes)
    }

    fn matching(&mut self) -> Result<MatchSection, Fault> {
        let line = self.line();
        let mut variables = Vec::new();
        loop {
            let line = self.line();
            variables.push((self.variable("a match variable")?, line));
            if !self.takes_sign(",") {
                break;
            }
        }
        let tumbling = if self.takes_word("by") {
            true
        } else if self.takes_word("over") {
            self.takes_word("every")
        } else {
            return Err(self.expected("\"over\" or \"by\""));
        };
        let length = match self.peek() {
            Some(Token::Duration(seconds, unit)) => (*seconds, *unit),
            _ => return Err(self.expected("a duration like 10m")),
        };
        self.next += 1;
        let after = self.is_word(0, "after");
        let sliding = !tumbling && (after || self.is_word(0, "before"));
        let window = if sliding {
            self.next += 1;
            WindowKind::Sliding { pivot: self.variable("the event variable that is the pivot")?, after }
        } else if tumbling {
            WindowKind::Tumbling
        } else {
            WindowKind::Hop
        };
        if !self.at_section() {
            return Err(self.expected("the end of the match section"));
        }
        Ok(MatchSection { line, variables, length, window })
    }
}
