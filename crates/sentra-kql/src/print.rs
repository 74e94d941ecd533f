//! A tree as text that is read as the same tree again.

use std::fmt::{self, Display, Formatter, Write as _};

use crate::ast::{
    Direction, Expr, ExprKind, Join, Let, LetValue, Literal, MvExpand, Name, Named, Operator, Parse,
    ParseMode, ParsePart, Pattern, Pipeline, Query, Render, Sequence, Set, SortKey, SourceKind, Step, Union,
};
use crate::lex::{is_word_part, is_word_start};
use crate::value::SpanText;

/// Words that mean something else where a name may stand.
const RESERVED: [&str; 14] = [
    "and",
    "or",
    "not",
    "true",
    "false",
    "null",
    "by",
    "let",
    "union",
    "print",
    "range",
    "search",
    "datatable",
    "event",
];

pub(crate) fn is_plain_word(text: &str) -> bool {
    text.starts_with(is_word_start) && text.chars().all(is_word_part)
}

/// A text in quotes.
pub(crate) struct Quoted<'a>(pub(crate) &'a str);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for letter in self.0.chars() {
            match letter {
                '"' => f.write_str("\\\"")?,
                '\\' => f.write_str("\\\\")?,
                '\n' => f.write_str("\\n")?,
                '\r' => f.write_str("\\r")?,
                '\t' => f.write_str("\\t")?,
                letter if letter.is_control() => write!(f, "\\u{:04x}", u32::from(letter))?,
                letter => f.write_char(letter)?,
            }
        }
        f.write_char('"')
    }
}

/// One name: in brackets when it is no word, or a word that means something else.
pub(crate) struct Word<'a>(pub(crate) &'a str);

impl Display for Word<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let is_plain = is_plain_word(self.0) && !RESERVED.contains(&self.0);
        if is_plain { f.write_str(self.0) } else { write!(f, "[{}]", Quoted(self.0)) }
    }
}

/// A column where only a name may stand: dots need no brackets.
struct Column<'a>(&'a Name);

impl Display for Column<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let text = &self.0.text;
        let is_dotted = text.split('.').all(is_plain_word) && text.contains('.');
        if is_dotted { f.write_str(text) } else { write!(f, "{}", Word(text)) }
    }
}

fn commas<T>(
    f: &mut Formatter<'_>,
    things: &[T],
    mut write: impl FnMut(&mut Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    for (index, thing) in things.iter().enumerate() {
        f.write_str(if index == 0 { "" } else { ", " })?;
        write(f, thing)?;
    }
    Ok(())
}

impl Display for Query {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for named in &self.lets {
            writeln!(f, "{named}")?;
        }
        write!(f, "{}", self.pipeline)
    }
}

impl Display for Let {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "let {} = ", Word(&self.name.text))?;
        match &self.value {
            // Without brackets a bare name is read as a table.
            LetValue::Scalar(expr) if matches!(expr.kind, ExprKind::Name(_)) => write!(f, "({expr});"),
            LetValue::Scalar(expr) => write!(f, "{expr};"),
            LetValue::Tabular(pipeline) => write!(f, "{pipeline};"),
        }
    }
}

impl Display for Pipeline {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.source.kind)?;
        for step in &self.steps {
            write!(f, " | {step}")?;
        }
        Ok(())
    }
}

impl Display for SourceKind {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Table(name) => write!(f, "{}", Word(name)),
            Self::Event(id) => write!(f, "event({})", Quoted(id)),
            Self::Union(union) => write!(f, "union {union}"),
            Self::Print(values) => {
                f.write_str("print ")?;
                commas(f, values, |f, value| write!(f, "{value}"))
            }
            Self::Datatable { columns, values } => {
                f.write_str("datatable(")?;
                commas(f, columns, |f, (name, kind)| write!(f, "{}:{kind}", Word(&name.text)))?;
                f.write_str(") [")?;
                commas(f, values, |f, value| write!(f, "{value}"))?;
                f.write_str("]")
            }
            Self::Range { column, from, to, step } => {
                write!(f, "range {} from {from} to {to} step {step}", Word(&column.text))
            }
            Self::Nested(pipeline) => write!(f, "({pipeline})"),
        }
    }
}

/// What is joined or united.
struct Input<'a>(&'a Pipeline);

impl Display for Input<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match (&self.0.source.kind, self.0.steps.as_slice()) {
            (SourceKind::Table(name), []) => write!(f, "{}", Word(name)),
            _ => write!(f, "({})", self.0),
        }
    }
}

impl Display for Union {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.inner {
            f.write_str("kind=inner ")?;
        }
        if let Some(name) = &self.source_column {
            write!(f, "withsource={} ", Word(&name.text))?;
        }
        commas(f, &self.inputs, |f, input| write!(f, "{}", Input(input)))
    }
}

impl Display for Named {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if let Some(name) = &self.name {
            write!(f, "{} = ", Word(&name.text))?;
        }
        write!(f, "{}", self.value)
    }
}

impl Display for Pattern {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.wild { f.write_str(&self.name.text) } else { write!(f, "{}", Column(&self.name)) }
    }
}

impl Display for Step {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.operator)
    }
}

impl Display for Operator {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())?;
        let named = |f: &mut Formatter<'_>, values: &[Named]| {
            f.write_str(" ")?;
            commas(f, values, |f, value| write!(f, "{value}"))
        };
        match self {
            Self::Count | Self::GetSchema => Ok(()),
            Self::Where(condition) => write!(f, " {condition}"),
            Self::Project(values) | Self::Extend(values) => named(f, values),
            Self::Distinct(values) if values.is_empty() => f.write_str(" *"),
            Self::Distinct(values) => named(f, values),
            Self::ProjectAway(patterns) | Self::ProjectKeep(patterns) => {
                f.write_str(" ")?;
                commas(f, patterns, |f, pattern| write!(f, "{pattern}"))
            }
            Self::ProjectRename(pairs) => {
                f.write_str(" ")?;
                commas(f, pairs, |f, (new, old)| write!(f, "{} = {}", Word(&new.text), Column(old)))
            }
            Self::ProjectReorder(patterns) => {
                f.write_str(" ")?;
                commas(f, patterns, |f, (pattern, direction)| {
                    write!(f, "{pattern}{}", direction_text(*direction))
                })
            }
            Self::Summarize { aggregates, keys } => {
                if !aggregates.is_empty() {
                    named(f, aggregates)?;
                }
                if !keys.is_empty() {
                    f.write_str(" by")?;
                    named(f, keys)?;
                }
                Ok(())
            }
            Self::Sort(keys) => {
                f.write_str(" by ")?;
                commas(f, keys, |f, key| write!(f, "{key}"))
            }
            Self::Top { rows, key } => write!(f, " {rows} by {key}"),
            Self::Take(rows) => write!(f, " {rows}"),
            Self::Join(join) | Self::Lookup(join) => write!(f, " {join}"),
            Self::Union(union) => write!(f, " {union}"),
            Self::Parse(parse) => write!(f, " {parse}"),
            Self::MvExpand(expand) => write!(f, " {expand}"),
            Self::Render(render) => write!(f, " {render}"),
            Self::Sequence(sequence) => write!(f, " {sequence}"),
        }
    }
}

fn direction_text(direction: Option<Direction>) -> &'static str {
    match direction {
        None => "",
        Some(Direction::Ascending) => " asc",
        Some(Direction::Descending) => " desc",
    }
}

impl Display for SortKey {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let nulls = match self.nulls_first {
            None => "",
            Some(true) => " nulls first",
            Some(false) => " nulls last",
        };
        write!(f, "{}{}{nulls}", self.value, direction_text(self.direction))
    }
}

impl Display for Join {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "kind={} {} on ", self.kind.as_str(), Input(&self.right))?;
        commas(f, &self.on, |f, key| {
            if key.left == key.right {
                write!(f, "{}", Column(&key.left))
            } else {
                write!(f, "$left.{} == $right.{}", Column(&key.left), Column(&key.right))
            }
        })
    }
}

impl Display for Parse {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.mode {
            ParseMode::Simple => {}
            ParseMode::Relaxed => f.write_str("kind=relaxed ")?,
            ParseMode::Regex => f.write_str("kind=regex ")?,
        }
        write!(f, "{} with", self.value)?;
        for part in &self.parts {
            match part {
                ParsePart::Any => f.write_str(" *")?,
                ParsePart::Text(text) => write!(f, " {}", Quoted(text))?,
                ParsePart::Column(name, kind) => write!(f, " {}:{kind}", Word(&name.text))?,
            }
        }
        Ok(())
    }
}

impl Display for MvExpand {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if let Some(index) = &self.index {
            write!(f, "with_itemindex={} ", Word(&index.text))?;
        }
        commas(f, &self.items, |f, item| {
            write!(f, "{}", item.named)?;
            item.kind.map_or(Ok(()), |kind| write!(f, " to typeof({kind})"))
        })?;
        self.limit.as_ref().map_or(Ok(()), |limit| write!(f, " limit {limit}"))
    }
}

impl Display for Render {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Word(&self.chart.text))?;
        if self.properties.is_empty() {
            return Ok(());
        }
        f.write_str(" with (")?;
        commas(f, &self.properties, |f, (name, values)| {
            write!(f, "{} = ", Word(&name.text))?;
            commas(f, values, |f, value| write!(f, "{value}"))
        })?;
        f.write_str(")")
    }
}

impl Display for Sequence {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("by ")?;
        commas(f, &self.keys, |f, key| write!(f, "{}", Column(key)))?;
        if let Some(maxspan) = &self.maxspan {
            write!(f, " maxspan={maxspan}")?;
        }
        for step in &self.steps {
            write!(f, " [{step}]")?;
        }
        self.until.as_ref().map_or(Ok(()), |until| write!(f, " until [{until}]"))
    }
}

/// How strongly an expression binds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Binding {
    Or,
    And,
    Comparison,
    Sum,
    Product,
    Sign,
    Postfix,
}

fn binding(expr: &Expr) -> Binding {
    use crate::ast::Arithmetic::{Add, Subtract};
    match &expr.kind {
        ExprKind::Or(_) => Binding::Or,
        ExprKind::And(_) => Binding::And,
        ExprKind::Compare { .. } | ExprKind::In { .. } | ExprKind::Between { .. } => Binding::Comparison,
        ExprKind::Arithmetic { op: Add | Subtract, .. } => Binding::Sum,
        ExprKind::Arithmetic { .. } => Binding::Product,
        ExprKind::Negate(_) => Binding::Sign,
        ExprKind::Literal(literal) if is_signed(literal) => Binding::Sign,
        _ => Binding::Postfix,
    }
}

/// Whether the literal is a number, whose sign is read with it, and which no dot or index may follow.
fn is_signed(literal: &Literal) -> bool {
    match literal {
        Literal::Long(_) | Literal::TimeSpan(_) => true,
        Literal::Real(number) => number.is_finite(),
        _ => false,
    }
}

/// An expression in brackets if it binds less than it must.
struct AtLeast<'a>(Binding, &'a Expr);

impl Display for AtLeast<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if binding(self.1) >= self.0 { write!(f, "{}", self.1) } else { write!(f, "({})", self.1) }
    }
}

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ExprKind::Literal(literal) => write!(f, "{literal}"),
            ExprKind::Name(name) => write!(f, "{}", Word(name)),
            ExprKind::Star => f.write_str("*"),
            ExprKind::Member(base, name) if is_plain_word(name) => {
                write!(f, "{}.{name}", AtLeast(Binding::Postfix, base))
            }
            ExprKind::Member(base, name) => {
                write!(f, "{}.[{}]", AtLeast(Binding::Postfix, base), Quoted(name))
            }
            ExprKind::Index(base, index) => write!(f, "{}[{index}]", AtLeast(Binding::Postfix, base)),
            ExprKind::Negate(inner) => {
                let is_number = matches!(
                    inner.kind,
                    ExprKind::Literal(Literal::Long(_) | Literal::Real(_) | Literal::TimeSpan(_))
                );
                if is_number {
                    write!(f, "-({inner})")
                } else {
                    write!(f, "-{}", AtLeast(Binding::Sign, inner))
                }
            }
            ExprKind::Not(inner) => write!(f, "not({inner})"),
            ExprKind::And(parts) => joined(f, parts, " and ", Binding::Comparison),
            ExprKind::Or(parts) => joined(f, parts, " or ", Binding::And),
            ExprKind::Arithmetic { op, left, right } => {
                let (least, next) = match binding(self) {
                    Binding::Sum => (Binding::Sum, Binding::Product),
                    _ => (Binding::Product, Binding::Sign),
                };
                write!(f, "{} {} {}", AtLeast(least, left), op.as_str(), AtLeast(next, right))
            }
            ExprKind::Compare { op, left, right } => {
                write!(f, "{} {} {}", AtLeast(Binding::Sum, left), op.text(), AtLeast(Binding::Sum, right))
            }
            ExprKind::In { op, value, set } => {
                write!(f, "{} {} (", AtLeast(Binding::Sum, value), op.as_str())?;
                match set {
                    Set::List(values) => commas(f, values, |f, value| write!(f, "{value}"))?,
                    Set::Table(pipeline) => write!(f, "{pipeline}")?,
                }
                f.write_str(")")
            }
            ExprKind::Between { negated, value, low, high } => {
                let (value, low, high) =
                    (AtLeast(Binding::Sum, value), AtLeast(Binding::Sum, low), AtLeast(Binding::Sum, high));
                write!(f, "{value} {}between ({low} .. {high})", if *negated { "!" } else { "" })
            }
            ExprKind::Call { function, arguments } => {
                write!(f, "{}(", function.text)?;
                commas(f, arguments, |f, argument| write!(f, "{argument}"))?;
                f.write_str(")")
            }
        }
    }
}

fn joined(f: &mut Formatter<'_>, parts: &[Expr], word: &str, least: Binding) -> fmt::Result {
    for (index, part) in parts.iter().enumerate() {
        f.write_str(if index == 0 { "" } else { word })?;
        write!(f, "{}", AtLeast(least, part))?;
    }
    Ok(())
}

impl Display for Literal {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null(kind) => write!(f, "{kind}(null)"),
            Self::Bool(truth) => write!(f, "{truth}"),
            Self::Long(number) => write!(f, "{number}"),
            Self::Real(number) if number.is_nan() => f.write_str("real(nan)"),
            Self::Real(number) if number.is_infinite() => {
                f.write_str(if *number > 0.0 { "real(inf)" } else { "real(-inf)" })
            }
            // The debug form keeps ".0", so that it is read as a number with a fraction again.
            Self::Real(number) => write!(f, "{number:?}"),
            Self::String(text) => write!(f, "{}", Quoted(text)),
            Self::DateTime(moment) => write!(f, "datetime({moment})"),
            Self::TimeSpan(micros) => write!(f, "{}", SpanText(*micros)),
            Self::Dynamic(json) => write!(f, "dynamic({json})"),
        }
    }
}
