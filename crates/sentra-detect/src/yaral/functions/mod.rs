//! The functions a rule can call, by name.
//!
//! A function is pure: it gets values and gives one. What it cannot work with gives null, which rules see as
//! the zero value; it never fails at an event. What can be known to be wrong when a rule is read (a literal
//! that is no regular expression, no network, no time zone) is an error of the rule:
//! [`Function::prepare`] gets the literal arguments then, compiles what is to be compiled, and refuses.

use std::fmt;
use std::sync::Arc;

use super::value::{Kind, Value};

mod re;
mod strings;

/// Longest text that a function looks at, in bytes; what is longer is cut there.
pub(crate) const TEXT_BYTES_MAX: usize = 1 << 20;

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

/// Makes a call of its literal arguments (`None`: not a literal), or says why they are wrong. `Ok(None)` leaves
/// it to the function as it is.
type Prepare = fn(&[Option<Value>]) -> Result<Option<Call>, String>;

type Call = Arc<dyn Fn(&[Value]) -> Value + Send + Sync>;

/// A call whose literal arguments have been worked on once. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Prepared {
    function: &'static Function,
    call: Option<Call>,
}

impl Function {
    /// Checks number and kinds of the arguments as far as they are literals, and compiles what they say.
    pub(crate) fn prepare(&'static self, literals: &[Option<Value>]) -> Result<Prepared, String> {
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
            Some(prepare) => prepare(literals).map_err(|reason| format!("{}: {reason}", self.name))?,
            None => None,
        };
        Ok(Prepared { function: self, call })
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
    [re::FUNCTIONS, strings::FUNCTIONS].into_iter().flatten()
}

/// A function without optional arguments and preparation; the rest is said with `..`.
const fn function(
    name: &'static str,
    params: &'static [Param],
    returns: Kind,
    call: fn(&[Value]) -> Value,
) -> Function {
    let required = params.len();
    Function { name, params, required, variadic: false, returns, needs_time: false, call, prepare: None }
}

const fn param(name: &'static str, kind: Kind) -> Param {
    Param { name, kind }
}
