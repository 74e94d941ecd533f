//! Calls of functions.

use super::Checker;
use crate::ast::{Expr, Name};
use crate::builtin::{
    AggregateFunction, Builtin, Parameter, REFUSED_AGGREGATES, REFUSED_FUNCTIONS, Signature, Takes,
};
use crate::error::{KqlError, Reason};
use crate::hint::nearest;
use crate::plan::{self, Value};
use crate::run;
use crate::span::Span;
use crate::value::Kind;

impl Checker<'_> {
    pub(super) fn function(
        &mut self,
        function: &Name,
        arguments: &[Expr],
        span: Span,
    ) -> Result<plan::Expr, KqlError> {
        let name = function.text.as_str();
        if let Some(aggregate) = AggregateFunction::named(name) {
            if self.aggregates.is_some() {
                return self.one_aggregate(aggregate, arguments, span);
            }
            let message = format!("{name} is an aggregate");
            return Err(
                KqlError::new(Reason::Type, function.at, message).hint(format!("summarize {name}(…)"))
            );
        }
        let Some(builtin) = Builtin::named(name) else { return Err(no_function(function)) };
        let Some(signature) = builtin.signature() else { return Err(no_function(function)) };
        check_count(builtin, signature, arguments, span)?;
        let mut checked = Vec::with_capacity(arguments.len());
        for argument in arguments {
            checked.push(self.expr(argument)?);
        }
        self.check_constants(builtin, arguments, &checked)?;
        match builtin {
            Builtin::Now | Builtin::Ago => self.moment(builtin, checked, span),
            Builtin::Bin => self.bin(checked, span),
            Builtin::Case => self.case(checked, arguments, span),
            _ => self.plain_function(builtin, signature, checked, arguments, span),
        }
    }

    fn plain_function(
        &mut self,
        builtin: Builtin,
        signature: &Signature,
        mut checked: Vec<plan::Expr>,
        arguments: &[Expr],
        span: Span,
    ) -> Result<plan::Expr, KqlError> {
        let takes =
            |place: usize| parameter(signature, place).map_or(Takes::Any, |parameter| parameter.takes);
        let shared = checked
            .iter()
            .enumerate()
            .filter(|(place, _)| matches!(takes(*place), Takes::Same | Takes::Number));
        let common = common_kind(shared.map(|(_, argument)| argument));
        for (place, argument) in checked.iter_mut().enumerate() {
            let wanted = match takes(place) {
                Takes::Kind(kind) => kind,
                Takes::Number if common.is_some_and(Kind::is_number) => common.unwrap_or(Kind::Real),
                Takes::Number => Kind::Real,
                Takes::Same => common.unwrap_or(argument.kind),
                Takes::Any => argument.kind,
            };
            let at = arguments.get(place).map_or(span, |argument| argument.at.into());
            let found = argument.kind;
            let is_shared = matches!(takes(place), Takes::Same);
            *argument = match self.fitted(argument.clone(), wanted, at)? {
                Some(fitted) => fitted,
                None if is_shared && wanted == Kind::Dynamic => {
                    self.converted(argument.clone(), wanted, at)?
                }
                None => return Err(wrong_kind(signature.name, wanted, found, at)),
            };
        }
        let kind = match signature.gives {
            Takes::Kind(kind) => kind,
            Takes::Number => common.filter(|kind| kind.is_number()).unwrap_or(Kind::Real),
            _ => common.unwrap_or(Kind::Dynamic),
        };
        // Nothing is converted to what it is.
        if let [only] = checked.as_slice()
            && builtin.area() == crate::builtin::Area::Conversion
            && only.kind == kind
            && builtin != Builtin::GetType
        {
            return Ok(only.clone());
        }
        self.call(kind, builtin, checked, span)
    }

    /// What must be a constant: regular expressions, units of time.
    fn check_constants(
        &mut self,
        builtin: Builtin,
        written: &[Expr],
        checked: &[plan::Expr],
    ) -> Result<(), KqlError> {
        use Builtin::{CountOf, DateTimeAdd, DateTimeDiff, DateTimePart, Extract, ExtractAll, ReplaceRegex};
        use Builtin::{Trim, TrimEnd, TrimStart};
        let is_regex_count = builtin == CountOf
            && checked
                .get(2)
                .and_then(plan::Expr::value)
                .is_some_and(|kind| kind.text().eq_ignore_ascii_case("regex"));
        let regex = match builtin {
            Extract | ExtractAll | Trim | TrimStart | TrimEnd => Some(0),
            ReplaceRegex => Some(1),
            CountOf if is_regex_count => Some(1),
            CountOf if checked.get(2).is_some_and(|kind| kind.value().is_none()) => {
                let at = written.get(2).map(|kind| kind.at).unwrap_or_default();
                return Err(KqlError::new(Reason::Value, at, "a constant is expected").hint("\"regex\""));
            }
            _ => None,
        };
        if let Some((checked, written)) = regex.and_then(|place| checked.get(place).zip(written.get(place))) {
            return self.regex(checked, written, usize::from(builtin == ExtractAll));
        }
        let units: &[&str] = match builtin {
            DateTimeDiff | DateTimeAdd => &run::UNITS,
            DateTimePart => &run::PARTS,
            _ => return Ok(()),
        };
        let (Some(unit), Some(written)) = (checked.first(), written.first()) else { return Ok(()) };
        let known = unit.value().map(|unit| unit.text().to_lowercase());
        if known.as_deref().is_some_and(|unit| units.contains(&unit)) {
            return Ok(());
        }
        let hint = known.as_deref().and_then(|unit| nearest(unit, units.iter().copied()));
        let hint = hint.map_or_else(|| units.join(", "), str::to_owned);
        Err(KqlError::new(Reason::Value, written.at, "a unit of time is expected").hint(hint))
    }

    fn moment(
        &mut self,
        builtin: Builtin,
        checked: Vec<plan::Expr>,
        span: Span,
    ) -> Result<plan::Expr, KqlError> {
        let now = plan::Expr::literal(Kind::DateTime, Value::DateTime(self.options.now));
        let Some(offset) = checked.into_iter().next() else { return Ok(now) };
        let found = offset.kind;
        let Some(offset) = self.fitted(offset, Kind::TimeSpan, span)? else {
            return Err(wrong_kind(builtin.name(), Kind::TimeSpan, found, span));
        };
        let moved = if builtin == Builtin::Now { Builtin::Add } else { Builtin::Subtract };
        self.call(Kind::DateTime, moved, vec![now, offset], span)
    }

    fn bin(&mut self, checked: Vec<plan::Expr>, span: Span) -> Result<plan::Expr, KqlError> {
        use Kind::{DateTime, Long, Real, TimeSpan};
        let kinds: Vec<Kind> = checked.iter().map(|argument| argument.kind).collect();
        let kind = match kinds.as_slice() {
            [DateTime, TimeSpan] => DateTime,
            [TimeSpan, TimeSpan] => TimeSpan,
            [Long, Long] => Long,
            [Long | Real, Long | Real] => Real,
            [kind @ (Kind::String | Kind::Dynamic), _] => {
                let message = format!("a {kind} has no bins");
                return Err(
                    KqlError::new(Reason::Type, span, message).hint("tolong(…), toreal(…), todatetime(…)")
                );
            }
            [value, size] => {
                let message = format!("a {value} has no bins of the kind {size}");
                let hint = if *value == DateTime { "bin(…, 1h)" } else { "bin(…, 10)" };
                return Err(KqlError::new(Reason::Type, span, message).hint(hint));
            }
            _ => return Err(KqlError::new(Reason::Syntax, span, "bin takes a value and a size")),
        };
        let size = checked.get(1).and_then(plan::Expr::value);
        let is_positive = size.is_none_or(|size| size.real().is_some_and(|size| size > 0.0));
        if !is_positive {
            return Err(KqlError::new(Reason::Value, span, "the size of a bin must be greater than 0"));
        }
        let mut arguments = checked;
        if kind == Real {
            arguments = arguments
                .into_iter()
                .map(|argument| self.converted(argument, Real, span))
                .collect::<Result<_, _>>()?;
        }
        self.call(kind, Builtin::Bin, arguments, span)
    }

    /// Pairs of a condition and a value, then the value otherwise.
    fn case(
        &mut self,
        checked: Vec<plan::Expr>,
        written: &[Expr],
        span: Span,
    ) -> Result<plan::Expr, KqlError> {
        let last = checked.len().saturating_sub(1);
        let is_condition = |place: usize| place.is_multiple_of(2) && place != last;
        let values = checked.iter().enumerate().filter(|(place, _)| !is_condition(*place));
        let kind = common_kind(values.map(|(_, value)| value)).unwrap_or(Kind::Dynamic);
        let mut arguments = Vec::with_capacity(checked.len());
        for (place, argument) in checked.into_iter().enumerate() {
            let at = written.get(place).map_or(span, |argument| argument.at.into());
            let (wanted, found) = (if is_condition(place) { Kind::Bool } else { kind }, argument.kind);
            arguments.push(match self.fitted(argument.clone(), wanted, at)? {
                Some(fitted) => fitted,
                None if wanted == Kind::Dynamic => self.converted(argument, wanted, at)?,
                None => return Err(wrong_kind("case", wanted, found, at)),
            });
        }
        self.call(kind, Builtin::Case, arguments, span)
    }
}

/// The kind that all can be: numbers become those with a fraction, and what is together with JSON JSON.
fn common_kind<'a>(values: impl Iterator<Item = &'a plan::Expr>) -> Option<Kind> {
    let mut kinds = values.filter(|value| !value.value().is_some_and(Value::is_null)).map(|value| value.kind);
    let first = kinds.next()?;
    Some(kinds.fold(first, |common, kind| match (common, kind) {
        (Kind::Long, Kind::Real) => Kind::Real,
        (_, Kind::Dynamic) => Kind::Dynamic,
        (common, _) => common,
    }))
}

fn parameter(signature: &Signature, place: usize) -> Option<&Parameter> {
    let last = signature.parameters.last().filter(|last| last.repeats);
    signature.parameters.get(place).or(last)
}

fn wrong_kind(function: &str, wanted: Kind, found: Kind, span: Span) -> KqlError {
    let convert = match wanted {
        Kind::Dynamic => "parse_json(…)".to_owned(),
        Kind::Bool => "… == …".to_owned(),
        wanted => format!("to{wanted}(…)"),
    };
    let message = format!("{function} takes a {wanted} here, this is a {found}");
    KqlError::new(Reason::Type, span, message).hint(convert)
}

fn check_count(
    builtin: Builtin,
    signature: &Signature,
    arguments: &[Expr],
    span: Span,
) -> Result<(), KqlError> {
    let least = signature.parameters.iter().filter(|parameter| !parameter.optional).count();
    let repeats = signature.parameters.last().is_some_and(|last| last.repeats) || builtin == Builtin::Case;
    let most = if repeats { usize::MAX } else { signature.parameters.len() };
    let count = arguments.len();
    let fits_pairs = match builtin {
        Builtin::Case => count % 2 == 1,
        Builtin::BagPack => count.is_multiple_of(2),
        _ => true,
    };
    if (least..=most).contains(&count) && fits_pairs {
        return Ok(());
    }
    let message = format!("{} is called with {count} arguments", signature.name);
    Err(KqlError::new(Reason::Syntax, span, message).hint(builtin.written()))
}

/// A function that is not there, or not supported.
pub(super) fn no_function(function: &Name) -> KqlError {
    let name = function.text.as_str();
    let refused = REFUSED_FUNCTIONS.iter().chain(&REFUSED_AGGREGATES).find(|(refused, _)| *refused == name);
    if let Some((name, instead)) = refused {
        let message = format!("the function {name} is not supported");
        return KqlError::new(Reason::Unsupported, function.at, message).hint(*instead);
    }
    let shown: String = name.chars().take(80).collect();
    KqlError::new(Reason::Unknown, function.at, format!("there is no function {shown:?}"))
        .maybe_hint(nearest(name, Builtin::names().chain(AggregateFunction::names())))
}
