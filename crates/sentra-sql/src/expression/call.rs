//! Calls of functions.

use sentra_kql::{
    Arithmetic, Comparison, Expr, ExprKind, KqlError, Literal, Reason, Span, TextTest, nearest,
};
use sqlparser::ast::{
    self as sql, DuplicateTreatment, Function, FunctionArg, FunctionArgExpr, FunctionArguments, OrderByExpr,
    TrimWhereField,
};

use super::{arithmetic, at, call, is_null, long_of, null, refused, span_of, text_of};
use crate::functions::{self, Own, REFUSED_FUNCTIONS, Rule};
use crate::lower::Lowering;

/// A call as it was written.
pub(super) struct Call<'e> {
    pub(super) name: String,
    pub(super) span: Span,
    pub(super) arguments: Vec<&'e sql::Expr>,
    /// `count(*)`
    pub(super) star: bool,
    pub(super) distinct: bool,
    pub(super) filter: Option<&'e sql::Expr>,
    pub(super) within_group: &'e [OrderByExpr],
}

impl Lowering<'_> {
    pub(super) fn function(&mut self, function: &Function) -> Result<Expr, KqlError> {
        if let Some(name) = bare_name(function) {
            return self.column(&name);
        }
        let called = self.called(function)?;
        if let Some(aggregate) = functions::aggregate(&called.name) {
            return self.aggregate(aggregate.function, &called);
        }
        let Some(known) = functions::function(&called.name) else { return Err(no_function(&called)) };
        if called.star || called.distinct || called.filter.is_some() || !called.within_group.is_empty() {
            let message = format!(
                "{} is no aggregate: *, DISTINCT, FILTER and WITHIN GROUP do not go with it",
                called.name
            );
            return Err(KqlError::new(Reason::Type, called.span, message).hint(known.written));
        }
        let (Rule::Same(_, least, most) | Rule::Own(_, least, most)) = known.rule;
        if !(least..=most).contains(&called.arguments.len()) {
            let message = format!("{} is called with {} arguments", called.name, called.arguments.len());
            return Err(KqlError::new(Reason::Syntax, called.span, message).hint(known.written));
        }
        match known.rule {
            Rule::Same(kql, ..) => {
                let arguments = self.arguments(&called)?;
                let name = sentra_kql::Name { text: kql.to_owned(), at: sentra_kql::At(called.span) };
                Ok(at(ExprKind::Call { function: name, arguments }, called.span))
            }
            Rule::Own(own, ..) => self.own(own, &called),
        }
    }

    /// Every part of a call: what is not translated is refused.
    fn called<'e>(&mut self, function: &'e Function) -> Result<Call<'e>, KqlError> {
        let Function {
            name,
            uses_odbc_syntax: _,
            parameters,
            args,
            filter,
            null_treatment,
            over,
            within_group,
        } = function;
        let span = self.object_span(name);
        let word = name.0.last().and_then(|part| part.as_ident()).map(|ident| ident.value.to_lowercase());
        let mut called = Call {
            name: word.filter(|_| name.0.len() == 1).unwrap_or_else(|| name.to_string().to_lowercase()),
            span,
            arguments: Vec::new(),
            star: false,
            distinct: false,
            filter: filter.as_deref(),
            within_group,
        };
        if over.is_some() {
            let instead = "GROUP BY and a JOIN with its result, or sequence by in KQL";
            return Err(refused(span, &format!("the window function {}(…) OVER", called.name), instead));
        }
        if null_treatment.is_some() || !matches!(parameters, FunctionArguments::None) {
            return Err(refused(span, "what stands around the arguments", "the arguments alone"));
        }
        let list = match args {
            FunctionArguments::None => return Ok(called),
            FunctionArguments::Subquery(_) => {
                return Err(refused(span, "a subquery as argument", "IN (SELECT …)"));
            }
            FunctionArguments::List(list) => list,
        };
        called.distinct = list.duplicate_treatment == Some(DuplicateTreatment::Distinct);
        if !list.clauses.is_empty() {
            return Err(refused(span, "ORDER BY, LIMIT or SEPARATOR in a call", "string_agg(x, ', ')"));
        }
        for argument in &list.args {
            match argument {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => called.arguments.push(expr),
                FunctionArg::Unnamed(FunctionArgExpr::Wildcard) => called.star = true,
                FunctionArg::Unnamed(_) => return Err(refused(span, "t.* in a call", "count(*)")),
                _ => return Err(refused(span, "an argument by its name", "arguments in their order")),
            }
        }
        Ok(called)
    }

    fn arguments(&mut self, called: &Call<'_>) -> Result<Vec<Expr>, KqlError> {
        self.count(1)?;
        let mut arguments = Vec::with_capacity(called.arguments.len());
        for argument in &called.arguments {
            arguments.push(self.expr(argument)?);
        }
        Ok(arguments)
    }

    /// A function that is translated in a way of its own.
    fn own(&mut self, own: Own, called: &Call<'_>) -> Result<Expr, KqlError> {
        let span = called.span;
        if let (Own::Part(part), [moment]) = (own, called.arguments.as_slice()) {
            return self.extract(part, moment);
        }
        if let (Own::DatePart, [part, moment]) = (own, called.arguments.as_slice()) {
            let part = self.expr(part)?;
            let Some(part) = text_of(&part).map(str::to_owned) else {
                return Err(KqlError::new(Reason::Type, part.at, "a constant is expected").hint("'hour'"));
            };
            return self.extract(&part, moment);
        }
        if let (Own::If, [condition, then, otherwise]) = (own, called.arguments.as_slice()) {
            let arguments = vec![self.condition(condition, false)?, self.expr(then)?, self.expr(otherwise)?];
            return Ok(call("iff", arguments, span));
        }
        let mut arguments = self.arguments(called)?.into_iter();
        let (one, two, three) = (arguments.next(), arguments.next(), arguments.next());
        let flags = arguments.next();
        match (own, one, two, three) {
            (Own::Today, ..) => Ok(call("startofday", vec![call("now", Vec::new(), span)], span)),
            (Own::Substring, Some(text), Some(from), length) => self.part_of_text(text, from, length),
            (Own::Left, Some(text), Some(count), _) => {
                Ok(call("substring", vec![text, Expr::long(0), count], span))
            }
            (Own::Right, Some(text), Some(count), _) => match long_of(&count) {
                Some(number) if number > 0 => Ok(call("substring", vec![text, Expr::long(-number)], span)),
                _ => Err(KqlError::new(Reason::Value, count.at, "right takes a constant number above 0")
                    .hint("right(x, 3)")),
            },
            (Own::StrPos, Some(text), Some(part), _) => Ok(found_at(text, part, span)),
            (Own::Trim(kql), Some(text), letters, _) => self.trimmed(kql, text, letters.as_ref()),
            (Own::SplitPart, Some(text), Some(delimiter), Some(place)) => {
                split_part(text, delimiter, &place, span)
            }
            (Own::StartsWith, Some(text), Some(part), _) => Ok(text_test(TextTest::StartsWith, text, part)),
            (Own::EndsWith, Some(text), Some(part), _) => Ok(text_test(TextTest::EndsWith, text, part)),
            (Own::Contains, Some(text), Some(part), _) => Ok(text_test(TextTest::Contains, text, part)),
            (Own::RegexpLike, Some(text), Some(regex), options) => {
                let caseless = caseless(options.as_ref())?;
                self.matches(text, &regex, caseless, false)
            }
            (Own::RegexpReplace, Some(text), Some(regex), Some(to)) => {
                replaced(text, regex, to, flags.as_ref(), span)
            }
            (Own::RegexpExtract, Some(text), Some(regex), group) => {
                Ok(call("extract", vec![regex, group.unwrap_or_else(|| Expr::long(0)), text], span))
            }
            (Own::Floor, Some(number), ..) => Ok(call("bin", vec![number, Expr::long(1)], span)),
            (Own::Modulo, Some(one), Some(two), _) => Ok(arithmetic(Arithmetic::Modulo, one, two)),
            (Own::NullIf, Some(one), Some(two), _) => {
                let copy = self.copy(&one)?;
                let equal = self.equal(copy, two)?;
                Ok(call("iff", vec![equal, null(span), one], span))
            }
            (Own::DateTrunc, Some(unit), Some(moment), _) => self.truncated(&unit, moment),
            (Own::DateBin, Some(size), Some(moment), _) => self.binned(size, moment),
            (Own::DateDiff, Some(unit), Some(from), Some(to)) => {
                let (from, to) = (self.moment(from)?, self.moment(to)?);
                Ok(call("datetime_diff", vec![unit, to, from], span))
            }
            (Own::Date, Some(moment), ..) => {
                let moment = self.moment(moment)?;
                Ok(call("startofday", vec![moment], span))
            }
            (Own::ToTimestamp, Some(seconds), ..) => self.moment_of_seconds(seconds, span),
            _ => Err(KqlError::new(
                Reason::Syntax,
                span,
                format!("{} is called with too few arguments", called.name),
            )),
        }
    }

    /// Seconds since 1970 as a moment; what text says as that.
    fn moment_of_seconds(&mut self, seconds: Expr, span: Span) -> Result<Expr, KqlError> {
        use sentra_kql::Kind::{DateTime, Dynamic, String};
        match self.kind(&seconds) {
            Some(DateTime | Dynamic | String) => self.moment(seconds),
            _ => Ok(call("unixtime_seconds_todatetime", vec![seconds], span)),
        }
    }

    /// `SUBSTRING(x FROM a FOR b)`
    pub(super) fn substring(
        &mut self,
        text: &sql::Expr,
        from: Option<&sql::Expr>,
        length: Option<&sql::Expr>,
    ) -> Result<Expr, KqlError> {
        let text = self.expr(text)?;
        let from = match from {
            Some(from) => self.expr(from)?,
            None => Expr { at: text.at, ..Expr::long(1) },
        };
        let length = length.map(|length| self.expr(length)).transpose()?;
        self.part_of_text(text, from, length)
    }

    /// SQL counts characters from 1, KQL from 0.
    fn part_of_text(&mut self, text: Expr, from: Expr, length: Option<Expr>) -> Result<Expr, KqlError> {
        let span = span_of(&text);
        let start = match long_of(&from) {
            Some(number) if number >= 1 => Expr { at: from.at, ..Expr::long(number - 1) },
            Some(_) => {
                let message = "characters are counted from 1";
                return Err(KqlError::new(Reason::Value, from.at, message).hint("right(x, 3)"));
            }
            None => arithmetic(Arithmetic::Subtract, from, Expr::long(1)),
        };
        let mut arguments = vec![text, start];
        arguments.extend(length);
        Ok(call("substring", arguments, span))
    }

    /// `POSITION(part IN text)`
    pub(super) fn position(&mut self, text: &sql::Expr, part: &sql::Expr) -> Result<Expr, KqlError> {
        let part = self.expr(part)?;
        let text = self.expr(text)?;
        let span = span_of(&part);
        Ok(found_at(text, part, span))
    }

    /// `TRIM(BOTH 'x' FROM text)`
    pub(super) fn trim(
        &mut self,
        side: Option<TrimWhereField>,
        what: Option<&sql::Expr>,
        text: &sql::Expr,
        characters: Option<&[sql::Expr]>,
    ) -> Result<Expr, KqlError> {
        let kql = match side {
            None | Some(TrimWhereField::Both) => "trim",
            Some(TrimWhereField::Leading) => "trim_start",
            Some(TrimWhereField::Trailing) => "trim_end",
        };
        let text = self.expr(text)?;
        let letters = match (what, characters) {
            (Some(what), _) => Some(self.expr(what)?),
            (None, Some([only])) => Some(self.expr(only)?),
            (None, Some(_)) => {
                return Err(refused(self.here, "trim with several texts", "trim(x, 'letters')"));
            }
            (None, None) => None,
        };
        self.trimmed(kql, text, letters.as_ref())
    }

    fn trimmed(&self, kql: &str, text: Expr, letters: Option<&Expr>) -> Result<Expr, KqlError> {
        let span = span_of(&text);
        let regex = match letters {
            None => " +".to_owned(),
            Some(letters) => match text_of(letters) {
                Some("") => return Ok(text),
                Some(written) => {
                    let mut regex = String::from("(?:");
                    for (place, letter) in written.chars().enumerate() {
                        if place > 0 {
                            regex.push('|');
                        }
                        super::like::escaped(letter, &mut regex);
                    }
                    regex.push_str(")+");
                    regex
                }
                None => {
                    return Err(refused(
                        span_of(letters),
                        "trim of letters that are no constant",
                        "trim(x, ' ')",
                    ));
                }
            },
        };
        Ok(call(kql, vec![Expr::text(regex), text], span))
    }
}

/// The parser takes `user` and the like for calls: without brackets they are names here.
pub(crate) fn bare_name(function: &Function) -> Option<Vec<sql::Ident>> {
    let parts: Option<Vec<sql::Ident>> =
        function.name.0.iter().map(|part| part.as_ident().cloned()).collect();
    let is_called = |name: &sql::Ident| functions::function(&name.value.to_lowercase()).is_some();
    parts
        .filter(|_| matches!(function.args, FunctionArguments::None))
        .filter(|parts| !matches!(parts.as_slice(), [only] if is_called(only)))
}

fn text_test(test: TextTest, text: Expr, part: Expr) -> Expr {
    let span = span_of(&text).to(span_of(&part));
    let op = Comparison::Text { test, negated: false, cased: true };
    at(ExprKind::Compare { op, left: Box::new(text), right: Box::new(part) }, span)
}

fn found_at(text: Expr, part: Expr, span: Span) -> Expr {
    let found = call("indexof", vec![text, part], span);
    at(
        ExprKind::Arithmetic { op: Arithmetic::Add, left: Box::new(found), right: Box::new(Expr::long(1)) },
        span,
    )
}

fn split_part(text: Expr, delimiter: Expr, place: &Expr, span: Span) -> Result<Expr, KqlError> {
    let number = match long_of(place) {
        Some(number) if number > 0 => number - 1,
        Some(number) if number < 0 => number,
        _ => {
            let message = "split_part takes a constant place, from 1, or from the end when negative";
            return Err(KqlError::new(Reason::Value, place.at, message).hint("split_part(x, '.', 1)"));
        }
    };
    let parts = call("split", vec![text, delimiter], span);
    let index = at(ExprKind::Literal(Literal::Long(number)), span);
    let part = at(ExprKind::Index(Box::new(parts), Box::new(index)), span);
    Ok(call("tostring", vec![part], span))
}

/// Whether the options of a regular expression are those without case.
fn caseless(options: Option<&Expr>) -> Result<bool, KqlError> {
    let Some(options) = options else { return Ok(false) };
    match text_of(options) {
        Some("i") => Ok(true),
        Some("" | "c") => Ok(false),
        _ => Err(refused(span_of(options), "these options", "'i'")),
    }
}

/// KQL replaces every match, so that must be asked for.
fn replaced(text: Expr, regex: Expr, to: Expr, flags: Option<&Expr>, span: Span) -> Result<Expr, KqlError> {
    let written = flags.map(|flags| text_of(flags).unwrap_or_default());
    let regex = match written {
        Some("g") => regex,
        Some("gi" | "ig") => match text_of(&regex) {
            Some(pattern) => Expr { at: regex.at, ..Expr::text(format!("(?i){pattern}")) },
            None => regex,
        },
        _ => {
            let place = flags.map_or(span, span_of);
            return Err(refused(
                place,
                "replacing the first match alone",
                "regexp_replace(x, '…', '…', 'g')",
            ));
        }
    };
    if is_null(&to) {
        return Err(KqlError::new(Reason::Type, to.at, "a text is expected").hint("''"));
    }
    Ok(call("replace_regex", vec![text, regex, to], span))
}

fn no_function(called: &Call<'_>) -> KqlError {
    let name = called.name.as_str();
    if let Some((name, instead)) = REFUSED_FUNCTIONS.iter().find(|(refused, _)| *refused == name) {
        return refused(called.span, &format!("the function {name}"), instead);
    }
    let shown: String = name.chars().take(80).collect();
    KqlError::new(Reason::Unknown, called.span, format!("there is no function {shown:?}"))
        .maybe_hint(nearest(name, functions::names()))
}
