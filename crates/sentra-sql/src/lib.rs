//! Read-only SQL for tools, translated to what KQL already has.
//!
//! ```text
//! text ──sqlparser──► its tree ──lower──► sentra_kql::Query ──sentra_kql::check──► plan::Plan ──► an engine
//!                                              └──Display──► the KQL that it was understood as
//! ```
//!
//! So limits, tables, kinds of values and engines are those of KQL by construction: a statement can name only the
//! tables of the catalog it is checked against (law TENANT), and there is no node of a plan that writes.
//!
//! * [`parse_sql`] reads a statement and gives the question that it is.
//! * [`reference()`] is the table of what is supported, from the code; `docs/sql.md` holds it, with where SQL and
//!   KQL differ and what is done there.
//!
//! Invariant: whatever is written, the answer is a question or a [`KqlError`](sentra_kql::KqlError) with a place
//! within the text; nothing panics, and nothing recurses or grows beyond [`limits`] (law LIMIT). What SQL has and
//! this has not is refused by its name, never ignored: every field of the parser's tree is looked at. No I/O, no
//! clock, no second parser of SQL.

mod dialect;
mod expression;
mod functions;
pub mod limits;
mod lower;
mod place;
mod read;
mod reference;
mod schema;

use sentra_kql::{CheckOptions, KqlError, Query, check};

pub use reference::reference;

/// Reads a statement of SQL as the question that it is. It is checked: [`sentra_kql::check`] with the same
/// options gives its plan. Places in errors, and in what the plan notes, are those of `text`.
///
/// # Errors
/// What is wrong, where, and what was probably meant.
pub fn parse_sql(text: &str, options: CheckOptions<'_>) -> Result<Query, KqlError> {
    stacker::grow(limits::SQL_STACK_BYTES, || parse_here(text, options))
}

fn parse_here(text: &str, options: CheckOptions<'_>) -> Result<Query, KqlError> {
    let text = place::Text::new(text);
    let statement = read::read(&text)?;
    let query = lower::lower(&text, &statement, options)?;
    check(&query, options).map_err(expression::in_sql)?;
    Ok(query)
}
