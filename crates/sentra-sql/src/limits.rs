//! Law LIMIT: what a statement may be. What it is translated to is held to the limits of `sentra_kql`, too.

/// Longest statement, in bytes.
pub const SQL_BYTES_MAX: usize = 64 * 1024;
/// Most words and operators of a statement; values, commas, dots and brackets are not counted. A chain of
/// operators is a tree as deep as it is long, so this also bounds what the tree takes to be dropped.
pub const SQL_WORDS_MAX: usize = 2_000;
/// Deepest nesting of brackets, calls and subqueries.
pub const SQL_NESTING_MAX: usize = 30;
/// Most expressions that the parser begins to read, those that it reads again in another way counted.
pub const SQL_STEPS_MAX: usize = 40_000;
/// Most parts of expressions that a statement is translated to, with what names and aliases stand for
/// written out.
pub const SQL_TERMS_MAX: usize = 20_000;
/// Most tables, joined or united, of one statement.
pub const SQL_TABLES_MAX: usize = 32;
/// Most `WITH` queries of one statement.
pub const SQL_WITH_MAX: usize = 50;
/// Longest pattern of `LIKE`, in bytes.
pub const SQL_PATTERN_BYTES_MAX: usize = 4 * 1024;
/// Stack on which a statement is read, in bytes: the parser takes up to 300 kB for a level of nesting in a build that is
/// not optimised, more than a thread of a server has for all of them. What is not touched is not taken.
pub const SQL_STACK_BYTES: usize = 16 << 20;
