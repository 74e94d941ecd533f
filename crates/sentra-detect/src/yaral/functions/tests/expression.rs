//! A reader of calls of functions with literal arguments, for tables of cases.

use std::iter::Peekable;
use std::str::Chars;
use std::sync::Arc;

use crate::yaral::functions::{Function, lookup};
use crate::yaral::value::Value;

/// The evaluation time that functions get which need one.
pub(crate) const EVALUATED_AT: i64 = 1_716_401_819;

pub(crate) enum Expression {
    Literal(Value),
    Call { function: &'static Function, arguments: Vec<Expression>, nocase: bool },
}

impl Expression {
    /// Reads a call like `strings.concat("a", [1, 2.5], null, b'00ff')`, with ` nocase` behind it or not.
    pub(crate) fn read(text: &str) -> Self {
        let mut reader = Reader { chars: text.chars().peekable() };
        let mut expression = reader.expression();
        let rest: String = reader.chars.collect();
        match (rest.trim(), &mut expression) {
            ("", _) => {}
            ("nocase", Self::Call { nocase, .. }) => *nocase = true,
            (rest, _) => panic!("{rest:?} is left over of {text:?}"),
        }
        expression
    }

    /// The value; every call is made in each way there is, which all must come to the same.
    pub(crate) fn value(&self) -> Result<Value, String> {
        let (function, arguments, nocase) = match self {
            Self::Literal(value) => return Ok(value.clone()),
            Self::Call { function, arguments, nocase } => (*function, arguments, *nocase),
        };
        let mut values: Vec<Value> = arguments.iter().map(Self::value).collect::<Result<_, _>>()?;
        let literals: Vec<Option<Value>> = values.iter().cloned().map(Some).collect();
        let prepared = function.prepare(&literals, nocase)?;
        let computed = function.prepare(&vec![None; values.len()], nocase)?;
        if function.needs_time {
            values.push(Value::Int(EVALUATED_AT));
        }
        let value = prepared.call(&values);
        assert_eq!(computed.call(&values), value, "{} without literals", function.name);
        assert_eq!(computed.call(&values), value, "{} the second time", function.name);
        if !nocase {
            assert_eq!((function.call)(&values), value, "{} without preparation", function.name);
        }
        assert!(
            function.returns.takes(value.kind()),
            "{} gives {:?} instead of {:?}",
            function.name,
            value.kind(),
            function.returns
        );
        Ok(value)
    }
}

struct Reader<'a> {
    chars: Peekable<Chars<'a>>,
}

impl Reader<'_> {
    fn space(&mut self) {
        while self.chars.next_if(|char| char.is_whitespace()).is_some() {}
    }

    fn expression(&mut self) -> Expression {
        self.space();
        let literal = match self.chars.peek() {
            Some('"') => Value::from(self.quoted('"')),
            Some('[') => {
                self.chars.next();
                let values = self.until(']');
                Value::List(values.iter().map(|value| value.value().unwrap()).collect())
            }
            _ => return self.word(),
        };
        Expression::Literal(literal)
    }

    fn word(&mut self) -> Expression {
        let mut word = String::new();
        while let Some(char) = self.chars.next_if(|char| char.is_alphanumeric() || "._-+".contains(*char)) {
            word.push(char);
        }
        if self.chars.next_if_eq(&'(').is_some() {
            let function = lookup(&word).unwrap_or_else(|| panic!("there is no function {word}"));
            return Expression::Call { function, arguments: self.until(')'), nocase: false };
        }
        Expression::Literal(match word.as_str() {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "null" => Value::Null,
            "b" => {
                let hex = self.quoted('\'');
                let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
                Value::Bytes((0..hex.len()).step_by(2).map(byte).collect::<Arc<[u8]>>())
            }
            number => match number.parse::<i64>() {
                Ok(int) => Value::Int(int),
                Err(_) => {
                    Value::from(number.parse::<f64>().unwrap_or_else(|_| panic!("{number:?} is no literal")))
                }
            },
        })
    }

    /// Expressions with commas between them, up to `end`.
    fn until(&mut self, end: char) -> Vec<Expression> {
        let mut expressions = Vec::new();
        loop {
            self.space();
            if self.chars.next_if_eq(&end).is_some() {
                return expressions;
            }
            expressions.push(self.expression());
            self.space();
            if self.chars.next_if_eq(&',').is_none() {
                assert_eq!(self.chars.next(), Some(end));
                return expressions;
            }
        }
    }

    fn quoted(&mut self, quote: char) -> String {
        assert_eq!(self.chars.next(), Some(quote));
        let mut text = String::new();
        loop {
            match self.chars.next().expect("a closing quote") {
                char if char == quote => return text,
                '\\' => text.push(match self.chars.next().expect("an escaped character") {
                    'n' => '\n',
                    't' => '\t',
                    '0' => '\0',
                    other => other,
                }),
                char => text.push(char),
            }
        }
    }
}
