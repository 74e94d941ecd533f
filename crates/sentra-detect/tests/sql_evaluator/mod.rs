//! A small evaluator of the SQL that rules become, on event rows. It knows no more than these conditions use,
//! and what it does not know it refuses.

use std::collections::HashMap;

use regex::Regex;
use sentra_detect::QueryEngine;
use sentra_model::EventRow;

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Column(String),
    Text(String),
    Number(f64),
    Sign(&'static str),
}

#[derive(Debug, Clone, PartialEq)]
enum Value {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    Bytes(Vec<u8>),
    List(Vec<Value>),
    Map(Vec<(String, Value)>),
}

#[derive(Debug)]
enum Expr {
    Column(String),
    Variable(String),
    Literal(Value),
    Call(String, Vec<Expr>),
    Cast(Box<Expr>, String),
    Element(Box<Expr>, usize),
    Binary(Box<Expr>, &'static str, Box<Expr>),
    In(Box<Expr>, Vec<Expr>),
    IsNull(Box<Expr>, bool),
    And(Vec<Expr>),
    Or(Vec<Expr>),
    Not(Box<Expr>),
    Case(Box<Expr>, Box<Expr>, Box<Expr>),
    Lambda(Vec<String>, Box<Expr>),
}

/// A condition, parsed.
#[derive(Debug)]
pub(crate) struct Condition {
    expr: Expr,
    engine: QueryEngine,
    regexes: HashMap<String, Regex>,
}

impl Condition {
    /// Panics when the text is not one condition in the words of the engine.
    pub(crate) fn parse(text: &str, engine: QueryEngine) -> Self {
        let tokens = tokens(text, engine);
        let mut parser = Parser { tokens, at: 0 };
        let expr = parser.or();
        assert_eq!(parser.at, parser.tokens.len(), "there is more behind the condition: {text}");
        let mut regexes = HashMap::new();
        collect_regexes(&expr, &mut regexes);
        Self { expr, engine, regexes }
    }

    pub(crate) fn holds(&self, row: EventRow<'_>) -> bool {
        // ClickHouse's tables of letters differ by version: none of them may make a difference.
        let foldings: &[bool] = if self.engine == QueryEngine::ClickHouse { &[false, true] } else { &[true] };
        let answers: Vec<bool> = foldings
            .iter()
            .map(|beyond_ascii| {
                let scope = Scope { condition: self, row, beyond_ascii: *beyond_ascii };
                scope.value(&self.expr, &[]) == Value::Bool(true)
            })
            .collect();
        answers.iter().all(|answer| *answer)
    }
}

fn collect_regexes(expr: &Expr, regexes: &mut HashMap<String, Regex>) {
    match expr {
        Expr::Call(name, arguments) => {
            arguments.iter().for_each(|part| collect_regexes(part, regexes));
            if let ("regexp_like" | "match", [_, Expr::Literal(Value::Text(pattern))]) =
                (name.as_str(), arguments.as_slice())
            {
                regexes.entry(pattern.clone()).or_insert_with(|| Regex::new(pattern).unwrap());
            }
        }
        Expr::And(parts) | Expr::Or(parts) => parts.iter().for_each(|part| collect_regexes(part, regexes)),
        Expr::Not(part)
        | Expr::Cast(part, _)
        | Expr::Element(part, _)
        | Expr::IsNull(part, _)
        | Expr::Lambda(_, part) => {
            collect_regexes(part, regexes);
        }
        Expr::In(value, list) => {
            collect_regexes(value, regexes);
            list.iter().for_each(|part| collect_regexes(part, regexes));
        }
        Expr::Binary(left, _, right) => {
            collect_regexes(left, regexes);
            collect_regexes(right, regexes);
        }
        Expr::Case(when, then, otherwise) => {
            for part in [when, then, otherwise] {
                collect_regexes(part, regexes);
            }
        }
        Expr::Column(_) | Expr::Variable(_) | Expr::Literal(_) => {}
    }
}

fn tokens(text: &str, engine: QueryEngine) -> Vec<Token> {
    const SIGNS: [&str; 13] = ["->", ">=", "<=", "(", ")", "[", "]", ",", "=", ">", "<", "+", "-"];
    let mut tokens = Vec::new();
    let mut chars = text.char_indices().peekable();
    while let Some((at, char)) = chars.next() {
        match char {
            ' ' => {}
            '"' => {
                let name: String =
                    chars.by_ref().map(|(_, char)| char).take_while(|char| *char != '"').collect();
                tokens.push(Token::Column(name));
            }
            '\'' => {
                let mut literal = String::new();
                loop {
                    let (_, char) = chars.next().expect("a literal that ends");
                    match char {
                        '\'' if engine == QueryEngine::DataFusion
                            && chars.next_if(|(_, next)| *next == '\'').is_some() =>
                        {
                            literal.push('\'');
                        }
                        '\'' => break,
                        '\\' if engine == QueryEngine::ClickHouse => match chars.next().unwrap().1 {
                            '0' => literal.push('\0'),
                            escaped @ ('\\' | '\'') => literal.push(escaped),
                            other => panic!("escape {other:?} in {text}"),
                        },
                        other => literal.push(other),
                    }
                }
                tokens.push(Token::Text(literal));
            }
            digit if digit.is_ascii_digit() => {
                let mut number = digit.to_string();
                let mut before = digit;
                while let Some((_, next)) = chars.next_if(|(_, next)| {
                    next.is_ascii_digit() || matches!(next, '.' | 'e') || (*next == '-' && before == 'e')
                }) {
                    number.push(next);
                    before = next;
                }
                tokens.push(Token::Number(number.parse().unwrap()));
            }
            letter if letter.is_ascii_alphabetic() => {
                let mut word = letter.to_string();
                while let Some((_, next)) =
                    chars.next_if(|(_, next)| next.is_ascii_alphanumeric() || *next == '_')
                {
                    word.push(next);
                }
                tokens.push(Token::Word(word));
            }
            _ => {
                let sign = SIGNS.into_iter().find(|sign| text[at..].starts_with(sign));
                let sign = sign.unwrap_or_else(|| panic!("what is {:?}?", &text[at..]));
                (1..sign.len()).for_each(|_| _ = chars.next());
                tokens.push(Token::Sign(sign));
            }
        }
    }
    tokens
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Token {
        self.at += 1;
        self.tokens.get(self.at - 1).cloned().expect("more tokens")
    }

    fn word(&mut self, word: &str) -> bool {
        let there = matches!(self.peek(), Some(Token::Word(next)) if next == word);
        self.at += usize::from(there);
        there
    }

    fn sign(&mut self, sign: &str) -> bool {
        let there = matches!(self.peek(), Some(Token::Sign(next)) if *next == sign);
        self.at += usize::from(there);
        there
    }

    fn expect_sign(&mut self, sign: &str) {
        assert!(self.sign(sign), "expected {sign} at {:?}", &self.tokens[self.at..]);
    }

    fn expect_word(&mut self, word: &str) {
        assert!(self.word(word), "expected {word} at {:?}", &self.tokens[self.at..]);
    }

    fn or(&mut self) -> Expr {
        let mut parts = vec![self.and()];
        while self.word("OR") {
            parts.push(self.and());
        }
        if parts.len() == 1 { parts.remove(0) } else { Expr::Or(parts) }
    }

    fn and(&mut self) -> Expr {
        let mut parts = vec![self.not()];
        while self.word("AND") {
            parts.push(self.not());
        }
        if parts.len() == 1 { parts.remove(0) } else { Expr::And(parts) }
    }

    fn not(&mut self) -> Expr {
        if self.word("NOT") { Expr::Not(Box::new(self.not())) } else { self.comparison() }
    }

    fn comparison(&mut self) -> Expr {
        let left = self.sum();
        if self.word("IS") {
            let negated = self.word("NOT");
            self.expect_word("NULL");
            return Expr::IsNull(Box::new(left), negated);
        }
        if self.word("IN") {
            self.expect_sign("(");
            return Expr::In(Box::new(left), self.arguments());
        }
        if self.word("LIKE") {
            return Expr::Binary(Box::new(left), "LIKE", Box::new(self.sum()));
        }
        for sign in ["=", ">=", "<=", ">", "<"] {
            if self.sign(sign) {
                return Expr::Binary(Box::new(left), sign, Box::new(self.sum()));
            }
        }
        left
    }

    fn sum(&mut self) -> Expr {
        let mut left = self.primary();
        while self.sign("+") {
            left = Expr::Binary(Box::new(left), "+", Box::new(self.primary()));
        }
        left
    }

    /// Behind the opening parenthesis.
    fn arguments(&mut self) -> Vec<Expr> {
        let mut arguments = Vec::new();
        while !self.sign(")") {
            arguments.push(self.or());
            if !self.sign(",") {
                self.expect_sign(")");
                break;
            }
        }
        arguments
    }

    fn primary(&mut self) -> Expr {
        let mut expr = match self.next() {
            Token::Column(name) => Expr::Column(name),
            Token::Text(text) => Expr::Literal(Value::Text(text)),
            Token::Number(number) => Expr::Literal(Value::Number(number)),
            Token::Sign("-") => match self.next() {
                Token::Number(number) => Expr::Literal(Value::Number(-number)),
                other => panic!("- before {other:?}"),
            },
            Token::Sign("(") => self.parenthesis(),
            Token::Word(word) => self.of_word(word),
            other => panic!("unexpected {other:?}"),
        };
        while self.sign("[") {
            let Token::Number(index) = self.next() else { panic!("an index that is no number") };
            self.expect_sign("]");
            expr = Expr::Element(Box::new(expr), index as usize);
        }
        expr
    }

    fn parenthesis(&mut self) -> Expr {
        if let [
            Token::Word(first),
            Token::Sign(","),
            Token::Word(second),
            Token::Sign(")"),
            Token::Sign("->"),
            ..,
        ] = &self.tokens[self.at..]
        {
            let names = vec![first.clone(), second.clone()];
            self.at += 5;
            return Expr::Lambda(names, Box::new(self.or()));
        }
        let inner = self.or();
        self.expect_sign(")");
        inner
    }

    fn of_word(&mut self, word: String) -> Expr {
        match word.as_str() {
            "TRUE" | "FALSE" => Expr::Literal(Value::Bool(word == "TRUE")),
            "CASE" => {
                self.expect_word("WHEN");
                let when = Box::new(self.or());
                self.expect_word("THEN");
                let then = Box::new(self.or());
                self.expect_word("ELSE");
                let otherwise = Box::new(self.or());
                self.expect_word("END");
                Expr::Case(when, then, otherwise)
            }
            "CAST" | "TRY_CAST" => {
                self.expect_sign("(");
                let value = self.or();
                self.expect_word("AS");
                let Token::Word(kind) = self.next() else { panic!("a cast to nothing") };
                self.expect_sign(")");
                Expr::Cast(Box::new(value), kind)
            }
            _ if self.sign("->") => Expr::Lambda(vec![word], Box::new(self.or())),
            _ if self.sign("(") => Expr::Call(word, self.arguments()),
            _ => Expr::Variable(word),
        }
    }
}

struct Scope<'a> {
    condition: &'a Condition,
    row: EventRow<'a>,
    /// Whether letters beyond ASCII are folded.
    beyond_ascii: bool,
}

impl Scope<'_> {
    fn value(&self, expr: &Expr, variables: &[(&str, &Value)]) -> Value {
        let value = |expr: &Expr| self.value(expr, variables);
        match expr {
            Expr::Literal(literal) => literal.clone(),
            Expr::Column(name) => self.column(name),
            Expr::Variable(name) => {
                let found = variables.iter().rev().find(|(known, _)| known == name);
                (*found.unwrap_or_else(|| panic!("what is {name}?")).1).clone()
            }
            Expr::And(parts) => {
                let mut result = Value::Bool(true);
                for part in parts {
                    match value(part) {
                        Value::Bool(false) => return Value::Bool(false),
                        Value::Null => result = Value::Null,
                        other => assert_eq!(other, Value::Bool(true)),
                    }
                }
                result
            }
            Expr::Or(parts) => {
                let mut result = Value::Bool(false);
                for part in parts {
                    match value(part) {
                        Value::Bool(true) => return Value::Bool(true),
                        Value::Null => result = Value::Null,
                        other => assert_eq!(other, Value::Bool(false)),
                    }
                }
                result
            }
            Expr::Not(part) => match value(part) {
                Value::Bool(truth) => Value::Bool(!truth),
                Value::Null => Value::Null,
                other => panic!("not {other:?}"),
            },
            Expr::Case(when, then, otherwise) => {
                if value(when) == Value::Bool(true) {
                    value(then)
                } else {
                    value(otherwise)
                }
            }
            Expr::IsNull(part, negated) => Value::Bool((value(part) == Value::Null) != *negated),
            Expr::In(left, list) => match value(left) {
                Value::Null => Value::Null,
                left => Value::Bool(list.iter().any(|item| value(item) == left)),
            },
            Expr::Binary(left, sign, right) => binary(value(left), sign, value(right)),
            Expr::Element(list, index) => match value(list) {
                Value::Null => Value::Null,
                Value::List(items) => items.get(index - 1).cloned().unwrap_or(Value::Null),
                other => panic!("element of {other:?}"),
            },
            Expr::Cast(part, kind) => cast(value(part), kind),
            Expr::Call(name, arguments) if name == "arrayExists" => self.array_exists(arguments, variables),
            Expr::Call(name, arguments) => self.call(name, arguments.iter().map(value).collect()),
            Expr::Lambda(..) => panic!("a lambda where none is taken"),
        }
    }

    fn column(&self, name: &str) -> Value {
        let row = self.row;
        let port = |port: Option<u16>| port.map_or(Value::Null, |port| Value::Number(f64::from(port)));
        match name {
            "class" => Value::Number(f64::from(row.class())),
            "src_port" => port(row.src_port()),
            "dst_port" => port(row.dst_port()),
            "fields" => Value::Map(
                row.fields().map(|(name, value)| (name.to_owned(), Value::Text(value.to_owned()))).collect(),
            ),
            "raw" if self.condition.engine == QueryEngine::ClickHouse => {
                Value::Text(String::from_utf8_lossy(row.raw()).into_owned())
            }
            "raw" => Value::Bytes(row.raw().to_vec()),
            text => {
                assert!(sentra_model::column::text(text).is_some(), "what is column {text}?");
                row.text(text).map_or(Value::Null, |text| Value::Text(text.to_owned()))
            }
        }
    }

    fn array_exists(&self, arguments: &[Expr], variables: &[(&str, &Value)]) -> Value {
        let [Expr::Lambda(names, body), lists @ ..] = arguments else { panic!("{arguments:?}") };
        let lists: Vec<Vec<Value>> = lists
            .iter()
            .map(|list| match self.value(list, variables) {
                Value::List(items) => items,
                other => panic!("{other:?} is no array"),
            })
            .collect();
        assert_eq!(names.len(), lists.len());
        let exists = (0..lists[0].len()).any(|index| {
            let mut inner = variables.to_vec();
            inner.extend(names.iter().zip(&lists).map(|(name, list)| (name.as_str(), &list[index])));
            match self.value(body, &inner) {
                Value::Bool(truth) => truth,
                other => panic!("arrayExists wants a truth value, not {other:?}"),
            }
        });
        Value::Bool(exists)
    }

    fn call(&self, name: &str, arguments: Vec<Value>) -> Value {
        let clickhouse = self.condition.engine == QueryEngine::ClickHouse;
        match (name, clickhouse, arguments.as_slice()) {
            ("coalesce", false, [value, other]) | ("ifNull", true, [value, other]) => {
                if *value == Value::Null { other.clone() } else { value.clone() }
            }
            (_, _, values) if values.contains(&Value::Null) => Value::Null,
            ("lower", false, [Value::Text(text)]) => Value::Text(text.to_lowercase()),
            ("lowerUTF8", true, [Value::Text(text)]) => {
                Value::Text(if self.beyond_ascii { text.to_lowercase() } else { text.to_ascii_lowercase() })
            }
            ("replaceAll", true, [Value::Text(text), Value::Text(from), Value::Text(to)]) => {
                Value::Text(text.replace(from, to))
            }
            ("contains", false, [Value::Text(text), Value::Text(part)]) => Value::Bool(text.contains(part)),
            ("position", true, [Value::Text(text), Value::Text(part)]) => {
                Value::Number(text.find(part).map_or(0.0, |at| at as f64 + 1.0))
            }
            ("starts_with", false, [Value::Text(text), Value::Text(part)])
            | ("startsWith", true, [Value::Text(text), Value::Text(part)]) => {
                Value::Bool(text.starts_with(part))
            }
            ("ends_with", false, [Value::Text(text), Value::Text(part)])
            | ("endsWith", true, [Value::Text(text), Value::Text(part)]) => Value::Bool(text.ends_with(part)),
            ("regexp_like", false, [Value::Text(text), Value::Text(pattern)])
            | ("match", true, [Value::Text(text), Value::Text(pattern)]) => {
                Value::Bool(self.condition.regexes[pattern].is_match(text))
            }
            ("toString", true, [Value::Number(number)]) => Value::Text(number.to_string()),
            ("toFloat64OrNull", true, [Value::Text(_)]) => cast(arguments[0].clone(), "DOUBLE"),
            ("isValidUTF8", true, [_]) => Value::Bool(std::str::from_utf8(self.row.raw()).is_ok()),
            ("map_keys", false, [Value::Map(entries)]) | ("mapKeys", true, [Value::Map(entries)]) => {
                Value::List(entries.iter().map(|(name, _)| Value::Text(name.clone())).collect())
            }
            ("map_values", false, [Value::Map(entries)]) | ("mapValues", true, [Value::Map(entries)]) => {
                Value::List(entries.iter().map(|(_, value)| value.clone()).collect())
            }
            ("map_extract", false, [Value::Map(entries), Value::Text(name)]) => Value::List(
                entries
                    .iter()
                    .find(|(known, _)| known == name)
                    .map(|(_, value)| value.clone())
                    .into_iter()
                    .collect(),
            ),
            ("array_has", false, [Value::List(items), item]) => Value::Bool(items.contains(item)),
            ("array_positions", false, [Value::List(items), item]) => {
                Value::List(items.iter().filter(|other| *other == item).cloned().collect())
            }
            ("array_length", false, [Value::List(items)]) => {
                // DataFusion gives null for an empty one.
                if items.is_empty() { Value::Null } else { Value::Number(items.len() as f64) }
            }
            ("array_to_string", false, [Value::List(items), Value::Text(by)]) => {
                let texts: Vec<&str> = items
                    .iter()
                    .map(|item| match item {
                        Value::Text(text) => text.as_str(),
                        other => panic!("{other:?}"),
                    })
                    .collect();
                Value::Text(texts.join(by))
            }
            ("nullif", false, [value, other]) => {
                if value == other {
                    Value::Null
                } else {
                    value.clone()
                }
            }
            (name, _, values) => panic!("{name} of {values:?} is not known to {:?}", self.condition.engine),
        }
    }
}

fn binary(left: Value, sign: &str, right: Value) -> Value {
    match (left, sign, right) {
        (Value::Null, ..) | (_, _, Value::Null) => Value::Null,
        (Value::Text(text), "LIKE", Value::Text(pattern)) => {
            let pattern: Vec<char> = pattern.chars().collect();
            let text: Vec<char> = text.chars().collect();
            Value::Bool(like(&pattern, &text))
        }
        (Value::Text(left), "=", Value::Text(right)) => Value::Bool(left == right),
        (Value::Number(left), "+", Value::Number(right)) => Value::Number(left + right),
        (Value::Number(left), sign, Value::Number(right)) => Value::Bool(match sign {
            "=" => left == right,
            ">" => left > right,
            ">=" => left >= right,
            "<" => left < right,
            "<=" => left <= right,
            other => panic!("{other}"),
        }),
        (left, sign, right) => panic!("{left:?} {sign} {right:?}"),
    }
}

fn like(pattern: &[char], text: &[char]) -> bool {
    match pattern {
        [] => text.is_empty(),
        ['%', rest @ ..] => (0..=text.len()).any(|skip| like(rest, &text[skip..])),
        ['_', rest @ ..] => !text.is_empty() && like(rest, &text[1..]),
        ['\\', wanted, rest @ ..] | [wanted, rest @ ..] => {
            text.first() == Some(wanted) && like(rest, &text[1..])
        }
    }
}

fn cast(value: Value, kind: &str) -> Value {
    match (value, kind) {
        (Value::Null, _) => Value::Null,
        (Value::Number(number), "VARCHAR") => Value::Text(number.to_string()),
        (Value::Bytes(bytes), "VARCHAR") => String::from_utf8(bytes).map_or(Value::Null, Value::Text),
        (Value::Text(text), "DOUBLE") => text.parse().map_or(Value::Null, Value::Number),
        (value, kind) => panic!("cast of {value:?} to {kind}"),
    }
}
