//! A tree as text that is read as the same tree again.

mod expression;

use std::fmt::{self, Display, Formatter, Write as _};

use crate::ast::{
    Direction, ExprKind, Join, Let, LetValue, MvExpand, Name, Named, Operator, Parse, ParseMode, ParsePart,
    Pattern, Pipeline, Query, Render, Sequence, SortKey, SourceKind, Step, Union,
};
use crate::lex::{is_word_part, is_word_start};

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
