//! The language in which all is asked: KQL, and the search bar's shorthand for its `where`.

mod ast;
mod error;
mod hint;
mod lex;
pub mod limits;
mod parse;
mod print;
mod shorthand;
mod span;
mod value;

pub use ast::*;
pub use error::{KqlError, Reason};
pub use parse::{OPERATORS, REFUSED_OPERATORS, parse};
pub use shorthand::parse_shorthand;
pub use span::{At, Place, Span};
pub use value::{Kind, moment_of};
