//! CAST: from one kind of values to another.

use sentra_kql::{Expr, Kind, KqlError, Reason, nearest};
use sqlparser::ast::{self as sql, DataType};

use super::{call, refused, span_of, text_of};
use crate::lower::Lowering;

/// What a type of SQL is read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    Of(Kind),
    /// The beginning of a day.
    Date,
}

/// The first words of types, and the kinds that they are read as.
pub(crate) const TYPES: [(&str, Type); 38] = [
    ("bigint", Type::Of(Kind::Long)),
    ("int", Type::Of(Kind::Long)),
    ("integer", Type::Of(Kind::Long)),
    ("smallint", Type::Of(Kind::Long)),
    ("tinyint", Type::Of(Kind::Long)),
    ("mediumint", Type::Of(Kind::Long)),
    ("hugeint", Type::Of(Kind::Long)),
    ("int2", Type::Of(Kind::Long)),
    ("int4", Type::Of(Kind::Long)),
    ("int8", Type::Of(Kind::Long)),
    ("int16", Type::Of(Kind::Long)),
    ("int32", Type::Of(Kind::Long)),
    ("int64", Type::Of(Kind::Long)),
    ("signed", Type::Of(Kind::Long)),
    ("unsigned", Type::Of(Kind::Long)),
    ("double", Type::Of(Kind::Real)),
    ("float", Type::Of(Kind::Real)),
    ("float4", Type::Of(Kind::Real)),
    ("float8", Type::Of(Kind::Real)),
    ("float64", Type::Of(Kind::Real)),
    ("real", Type::Of(Kind::Real)),
    ("decimal", Type::Of(Kind::Real)),
    ("numeric", Type::Of(Kind::Real)),
    ("text", Type::Of(Kind::String)),
    ("varchar", Type::Of(Kind::String)),
    ("nvarchar", Type::Of(Kind::String)),
    ("char", Type::Of(Kind::String)),
    ("character", Type::Of(Kind::String)),
    ("string", Type::Of(Kind::String)),
    ("boolean", Type::Of(Kind::Bool)),
    ("bool", Type::Of(Kind::Bool)),
    ("timestamp", Type::Of(Kind::DateTime)),
    ("timestamptz", Type::Of(Kind::DateTime)),
    ("datetime", Type::Of(Kind::DateTime)),
    ("date", Type::Date),
    ("interval", Type::Of(Kind::TimeSpan)),
    ("json", Type::Of(Kind::Dynamic)),
    ("jsonb", Type::Of(Kind::Dynamic)),
];

impl Type {
    /// How KQL writes it.
    pub(crate) fn kql(self) -> &'static str {
        match self {
            Self::Of(Kind::Long) => "tolong(x)",
            Self::Of(Kind::Real) => "toreal(x)",
            Self::Of(Kind::String) => "tostring(x)",
            Self::Of(Kind::Bool) => "tobool(x)",
            Self::Of(Kind::DateTime) => "todatetime(x)",
            Self::Of(Kind::TimeSpan) => "totimespan(x)",
            Self::Of(Kind::Dynamic) => "parse_json(x)",
            Self::Date => "startofday(todatetime(x))",
        }
    }
}

impl Lowering<'_> {
    pub(super) fn cast(&mut self, inner: &sql::Expr, to: &DataType) -> Result<Expr, KqlError> {
        let value = self.expr(inner)?;
        self.cast_to(value, to)
    }

    pub(super) fn cast_to(&mut self, value: Expr, to: &DataType) -> Result<Expr, KqlError> {
        let written = to.to_string().to_lowercase();
        let word: String =
            written.chars().take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '_').collect();
        let is_list = written.contains('[') || written.contains('<');
        let known = TYPES.iter().find(|(name, _)| *name == word).filter(|_| !is_list);
        let Some((_, kind)) = known else {
            let shown: String = written.chars().take(40).collect();
            let near = nearest(&word, TYPES.iter().map(|(name, _)| *name));
            let hint = near.unwrap_or("bigint, double, text, boolean, timestamp, date, interval, json");
            return Err(refused(self.here, &format!("the type {shown}"), hint));
        };
        self.cast_as(value, *kind)
    }

    /// A value as one of a type.
    pub(super) fn cast_as(&mut self, value: Expr, to: Type) -> Result<Expr, KqlError> {
        let span = span_of(&value);
        let kind = match to {
            Type::Of(kind) => kind,
            Type::Date => {
                let moment = self.moment(value)?;
                return Ok(call("startofday", vec![moment], span));
            }
        };
        if super::is_null(&value) {
            return Ok(super::at(sentra_kql::ExprKind::Literal(sentra_kql::Literal::Null(kind)), span));
        }
        if matches!(kind, Kind::DateTime | Kind::TimeSpan) && text_of(&value).is_some() {
            return self.read_as(value, kind);
        }
        if self.kind(&value) == Some(kind) {
            return Ok(value);
        }
        let function = match kind {
            Kind::Long => "tolong",
            Kind::Real => "toreal",
            Kind::String => "tostring",
            Kind::Bool => "tobool",
            Kind::DateTime => "todatetime",
            Kind::TimeSpan => "totimespan",
            Kind::Dynamic => "parse_json",
        };
        Ok(call(function, vec![value], span))
    }

    /// A moment: what is one, or what text says.
    pub(super) fn moment(&mut self, value: Expr) -> Result<Expr, KqlError> {
        if text_of(&value).is_some() {
            return self.read_as(value, Kind::DateTime);
        }
        match self.kind(&value) {
            Some(Kind::String | Kind::Dynamic) => {
                let span = span_of(&value);
                Ok(call("todatetime", vec![value], span))
            }
            Some(kind @ (Kind::Long | Kind::Real | Kind::Bool)) => {
                let message = format!("a timestamp is expected, this is a {kind}");
                Err(KqlError::new(Reason::Type, value.at, message).hint("to_timestamp(seconds)"))
            }
            _ => Ok(value),
        }
    }
}
