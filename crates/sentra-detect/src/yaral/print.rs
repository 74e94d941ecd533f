//! A rule back to text: what is printed parses to the same rule.

use std::fmt::{self, Display, Formatter, Write};

use super::ast::{
    Entry, FieldPath, ListKind, MatchSection, Node, Quantifier, RuleAst, Step, Term, WindowKind,
};

impl Display for RuleAst {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        writeln!(out, "rule {} {{", self.name)?;
        if !self.meta.is_empty() {
            writeln!(out, "  meta:")?;
            entries(out, &self.meta, "")?;
        }
        nodes(out, "setup", &self.setup)?;
        nodes(out, "events", &self.events)?;
        if let Some(matching) = &self.matching {
            writeln!(out, "  match:\n    {matching}")?;
        }
        if !self.outcome.is_empty() {
            writeln!(out, "  outcome:")?;
            entries(out, &self.outcome, "$")?;
        }
        nodes(out, "condition", &self.condition)?;
        nodes(out, "export", &self.export)?;
        if !self.options.is_empty() {
            writeln!(out, "  options:")?;
            entries(out, &self.options, "")?;
        }
        writeln!(out, "}}")
    }
}

fn entries(out: &mut Formatter<'_>, entries: &[Entry], sign: &str) -> fmt::Result {
    entries.iter().try_for_each(|entry| writeln!(out, "    {sign}{} = {}", entry.name, entry.value))
}

fn nodes(out: &mut Formatter<'_>, section: &str, nodes: &[Node]) -> fmt::Result {
    if nodes.is_empty() {
        return Ok(());
    }
    writeln!(out, "  {section}:")?;
    nodes.iter().try_for_each(|node| writeln!(out, "    {node}"))
}

impl Display for MatchSection {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.variables.iter().map(|(name, _)| format!("${name}")).collect();
        let length = duration(self.length.0, self.length.1);
        write!(out, "{} ", names.join(", "))?;
        match &self.window {
            WindowKind::Hop => write!(out, "over {length}"),
            WindowKind::Tumbling => write!(out, "by {length}"),
            WindowKind::Sliding { pivot, after } => {
                write!(out, "over {length} {} ${pivot}", if *after { "after" } else { "before" })
            }
        }
    }
}

fn duration(seconds: i64, unit: char) -> String {
    let of_unit = match unit {
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => 1,
    };
    format!("{}{unit}", seconds / of_unit)
}

impl Display for FieldPath {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self.quantifier {
            Some(Quantifier::Any) => write!(out, "any ")?,
            Some(Quantifier::All) => write!(out, "all ")?,
            None => {}
        }
        write!(out, "${}", self.variable)?;
        self.steps.iter().try_for_each(|step| match step {
            Step::Name(name) => write!(out, ".{name}"),
            Step::Key(key) => {
                write!(out, "[")?;
                quoted(out, key)?;
                write!(out, "]")
            }
            Step::Index(index) => write!(out, "[{index}]"),
        })
    }
}

fn quoted(out: &mut Formatter<'_>, text: &str) -> fmt::Result {
    out.write_char('"')?;
    for char in text.chars() {
        match char {
            '"' => out.write_str("\\\"")?,
            '\\' => out.write_str("\\\\")?,
            '\n' => out.write_str("\\n")?,
            _ => out.write_char(char)?,
        }
    }
    out.write_char('"')
}

/// A part of a larger expression: in parentheses unless it is a single word.
struct Part<'a>(&'a Node);

impl Display for Part<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match &self.0.term {
            Term::Negative(_)
            | Term::Arithmetic(..)
            | Term::Compare { .. }
            | Term::In { .. }
            | Term::NoCase(_)
            | Term::Not(_)
            | Term::And(_)
            | Term::Or(_) => write!(out, "({})", self.0),
            _ => write!(out, "{}", self.0),
        }
    }
}

/// A part of a conjunction or disjunction, where comparisons need no parentheses.
struct Operand<'a>(&'a Node);

impl Display for Operand<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match &self.0.term {
            Term::Compare { .. } | Term::In { .. } | Term::NoCase(_) => write!(out, "{}", self.0),
            _ => write!(out, "{}", Part(self.0)),
        }
    }
}

fn joined(out: &mut Formatter<'_>, parts: &[Node], word: &str) -> fmt::Result {
    for (number, part) in parts.iter().enumerate() {
        if number > 0 {
            write!(out, " {word} ")?;
        }
        write!(out, "{}", Operand(part))?;
    }
    Ok(())
}

impl Display for Node {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match &self.term {
            Term::Text { text, raw: true } => write!(out, "`{text}`"),
            Term::Text { text, raw: false } => quoted(out, text),
            Term::Integer(number) => write!(out, "{number}"),
            Term::Float(number) => {
                let text = number.to_string();
                write!(out, "{text}{}", if text.contains('.') { "" } else { ".0" })
            }
            Term::Bool(truth) => write!(out, "{truth}"),
            Term::Regex(text) => write!(out, "/{}/", text.replace('/', "\\/")),
            Term::Duration(seconds, unit) => write!(out, "{}", duration(*seconds, *unit)),
            Term::Field(path) => write!(out, "{path}"),
            Term::Variable(name) => write!(out, "${name}"),
            Term::Count(name) => write!(out, "#{name}"),
            Term::List { name, column: None } => write!(out, "%{name}"),
            Term::List { name, column: Some(column) } => write!(out, "%{name}.{column}"),
            Term::Word(word) => write!(out, "{word}"),
            Term::Call { function, arguments } => {
                write!(out, "{function}(")?;
                for (number, argument) in arguments.iter().enumerate() {
                    write!(out, "{}{argument}", if number > 0 { ", " } else { "" })?;
                }
                write!(out, ")")
            }
            Term::Named(name, node) => write!(out, "{name}: {node}"),
            Term::Negative(node) => write!(out, "-{}", Part(node)),
            Term::Arithmetic(first, rest) => {
                write!(out, "{}", Part(first))?;
                rest.iter().try_for_each(|(sign, node)| write!(out, " {} {}", sign.text(), Part(node)))
            }
            Term::Compare { sign, left, right, nocase } => {
                write!(out, "{} {} {}", Part(left), sign.text(), Part(right))?;
                out.write_str(if *nocase { " nocase" } else { "" })
            }
            Term::In { item, list, kind, negated, nocase } => {
                let kind = match kind {
                    ListKind::Text => "",
                    ListKind::Regex => "regex ",
                    ListKind::Cidr => "cidr ",
                };
                write!(out, "{} {}in {kind}{list}", Part(item), if *negated { "not " } else { "" })?;
                out.write_str(if *nocase { " nocase" } else { "" })
            }
            Term::NoCase(node) => write!(out, "{} nocase", Part(node)),
            Term::Not(node) => write!(out, "not {}", Part(node)),
            Term::And(parts) => joined(out, parts, "and"),
            Term::Or(parts) => joined(out, parts, "or"),
        }
    }
}
