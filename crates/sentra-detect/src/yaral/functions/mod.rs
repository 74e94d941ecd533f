//! The functions a rule can call, by name.
//!
//! A function is pure: it gets values and gives one. At what it cannot work with it gives the zero value of its
//! type, or what the language's reference says; it never fails at an event. What can be known to be wrong when
//! a rule is read (a literal that is no regular expression, no network, no time zone) is an error of the rule:
//! [`Function::prepare`] gets the literal arguments then, compiles what is to be compiled, and refuses.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use super::value::{Kind, Value};
use crate::text::fold;

mod arrays;
mod bytes;
mod domain;
mod hash;
mod math;
pub(crate) mod metrics;
mod net;
pub(crate) mod re;
mod re2;
mod strings;
mod suffixes;
#[cfg(test)]
mod tests;
mod timestamp;
mod window;

/// Longest text that a function makes, in bytes; what is longer is cut there. No event carries more, so that
/// only what functions put together is ever cut.
pub(crate) const TEXT_BYTES_MAX: usize = 16 << 20;

/// A function: what it is called, takes and gives.
pub(crate) struct Function {
    /// With its family, as in `strings.to_lower`.
    pub(crate) name: &'static str,
    pub(crate) params: &'static [Param],
    /// How many of `params` must be given.
    pub(crate) required: usize,
    /// The last of `params` may be repeated.
    pub(crate) variadic: bool,
    pub(crate) returns: Kind,
    /// Whoever calls appends one argument that no rule writes: the time of evaluation, in seconds since 1970.
    pub(crate) needs_time: bool,
    /// Whether its lists are the values that an expression has over all events of the match window: it
    /// aggregates, and stands in the outcome.
    pub(crate) aggregate: bool,
    /// The function itself. Rules that are compiled use [`Function::prepare`] instead.
    pub(crate) call: fn(&[Value]) -> Value,
    prepare: Option<Prepare>,
}

/// One parameter.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Param {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
}

/// Makes a call of its literal arguments (`None`: not a literal) and of whether case is ignored, or says why
/// they are wrong. `Ok(None)` leaves it to the function as it is.
type Prepare = fn(&[Option<Value>], bool) -> Result<Option<Call>, String>;

type Call = Arc<dyn Fn(&[Value]) -> Value + Send + Sync>;

/// A call whose literal arguments have been worked on once. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Prepared {
    function: &'static Function,
    call: Option<Call>,
    nocase: bool,
}

impl Function {
    /// The same function with its last `count` parameters optional.
    const fn optional(mut self, count: usize) -> Self {
        self.required -= count;
        self
    }

    /// Checks number and kinds of the arguments as far as they are literals (`None`: not one), and compiles what
    /// they say. `nocase` is for calls that are conditions by themselves, as in `re.regex(…) nocase`; the one
    /// behind a comparison of a result is the comparison's.
    pub(crate) fn prepare(
        &'static self,
        literals: &[Option<Value>],
        nocase: bool,
    ) -> Result<Prepared, String> {
        self.check_count(literals.len())?;
        for (index, literal) in literals.iter().enumerate() {
            let (Some(literal), Some(param)) = (literal, self.param(index)) else { continue };
            if !param.kind.takes(literal.kind()) {
                return Err(format!(
                    "{} takes {} as {}, not {}",
                    self.name,
                    param.kind.name(),
                    param.name,
                    literal.kind().name()
                ));
            }
        }
        let call = match self.prepare {
            Some(prepare) => {
                prepare(literals, nocase).map_err(|reason| format!("{}: {reason}", self.name))?
            }
            None => None,
        };
        Ok(Prepared { function: self, nocase: nocase && call.is_none(), call })
    }

    /// The parameter that the argument at `index` is for.
    pub(crate) fn param(&self, index: usize) -> Option<&'static Param> {
        self.params.get(index).or_else(|| self.params.last().filter(|_| self.variadic))
    }

    fn check_count(&self, count: usize) -> Result<(), String> {
        let most = if self.variadic { ARGUMENTS_MAX } else { self.params.len() };
        if (self.required..=most).contains(&count) {
            return Ok(());
        }
        let wanted = match (self.required, self.variadic) {
            (least, true) if count < least => format!("at least {least}"),
            (_, true) => format!("at most {most}"),
            (least, false) if least == most => least.to_string(),
            (least, false) => format!("{least} to {most}"),
        };
        Err(format!("{} takes {wanted} arguments, not {count}: {self}", self.name))
    }
}

impl Prepared {
    pub(crate) fn function(&self) -> &'static Function {
        self.function
    }

    /// The result for `arguments`: all of them, the literal ones too, and the time of evaluation last where
    /// [`Function::needs_time`].
    pub(crate) fn call(&self, arguments: &[Value]) -> Value {
        match &self.call {
            Some(call) => call(arguments),
            None if self.nocase => {
                let folded: Vec<Value> = arguments.iter().map(folded).collect();
                (self.function.call)(&folded)
            }
            None => (self.function.call)(arguments),
        }
    }
}

impl fmt::Debug for Prepared {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("Prepared").field(&self.function.name).finish()
    }
}

/// The signature, as in `strings.trim(text, [characters])`.
impl fmt::Display for Function {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}(", self.name)?;
        for (index, param) in self.params.iter().enumerate() {
            let comma = if index > 0 { ", " } else { "" };
            match index < self.required {
                true => write!(out, "{comma}{}", param.name)?,
                false => write!(out, "{comma}[{}]", param.name)?,
            }
        }
        out.write_str(if self.variadic { ", …)" } else { ")" })
    }
}

/// Most arguments of a call.
pub(crate) const ARGUMENTS_MAX: usize = 100;

/// The function of that name; names ignore case, as all words of the language do.
pub(crate) fn lookup(name: &str) -> Option<&'static Function> {
    all().find(|function| function.name.eq_ignore_ascii_case(name))
}

/// All names, for hints.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    all().map(|function| function.name)
}

fn all() -> impl Iterator<Item = &'static Function> {
    [
        arrays::FUNCTIONS,
        bytes::FUNCTIONS,
        hash::FUNCTIONS,
        math::FUNCTIONS,
        net::FUNCTIONS,
        re::FUNCTIONS,
        strings::FUNCTIONS,
        timestamp::FUNCTIONS,
        window::FUNCTIONS,
    ]
    .into_iter()
    .flatten()
}

/// Why a function of the language is not here, for those that the language has.
pub(crate) fn refusal(name: &str) -> Option<&'static str> {
    if name.eq_ignore_ascii_case("math.random") {
        return Some(
            "a rule must come to the same result live and in a backtest, so nothing in it is random",
        );
    }
    None
}

/// A function without optional arguments and preparation; the rest is said with `..`.
const fn function(
    name: &'static str,
    params: &'static [Param],
    returns: Kind,
    call: fn(&[Value]) -> Value,
) -> Function {
    Function {
        name,
        params,
        required: params.len(),
        variadic: false,
        returns,
        needs_time: false,
        aggregate: false,
        call,
        prepare: None,
    }
}

const fn param(name: &'static str, kind: Kind) -> Param {
    Param { name, kind }
}

/// The argument at `index` as text; "" where there is none.
fn text(arguments: &[Value], index: usize) -> Cow<'_, str> {
    arguments.get(index).map_or(Cow::Borrowed(""), Value::to_text)
}

/// The argument at `index` as bytes; none where there is none.
fn bytes_of(arguments: &[Value], index: usize) -> Cow<'_, [u8]> {
    match arguments.get(index) {
        Some(Value::Bytes(bytes)) => Cow::Borrowed(bytes.as_ref()),
        Some(Value::Text(text)) => Cow::Borrowed(text.as_bytes()),
        Some(other) => Cow::Owned(other.to_string().into_bytes()),
        None => Cow::Borrowed(&[]),
    }
}

/// The values of the list at `index`; one that is no list is a list of one, nothing is an empty one.
fn values(arguments: &[Value], index: usize) -> &[Value] {
    match arguments.get(index) {
        Some(Value::List(values)) => values,
        Some(Value::Null) | None => &[],
        Some(value) => std::slice::from_ref(value),
    }
}

/// `text`, cut at [`TEXT_BYTES_MAX`].
fn bounded(mut text: String) -> Value {
    if text.len() > TEXT_BYTES_MAX {
        text.truncate(text.floor_char_boundary(TEXT_BYTES_MAX));
    }
    text.into()
}

/// The value with the case of its texts folded.
fn folded(value: &Value) -> Value {
    match value {
        Value::Text(text) => match fold(text) {
            Cow::Borrowed(_) => value.clone(),
            Cow::Owned(folded) => folded.into(),
        },
        Value::List(values) => Value::list(values.iter().map(folded)),
        other => other.clone(),
    }
}
