use std::fmt::{self, Display, Formatter};

use super::{Quoted, Word, commas, is_plain_word};
use crate::ast::{Expr, ExprKind, Literal, Set};
use crate::value::SpanText;

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
