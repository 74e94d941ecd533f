//! Law LIMIT: what a question may be, and what the interpreter may hold.

/// Longest question, in bytes.
pub const TEXT_BYTES_MAX: usize = 64 * 1024;
/// Deepest nesting of brackets, calls and pipelines within pipelines.
pub const NESTING_MAX: usize = 64;
/// Most operators in a question, those of pipelines within it counted.
pub const OPERATORS_MAX: usize = 100;
/// Most parts of expressions in a question: names, values, calls, comparisons.
pub const TERMS_MAX: usize = 20_000;
/// Most values in a list, arguments of a call, columns of an operator.
pub const LIST_VALUES_MAX: usize = 10_000;
/// Most `let` statements in a question.
pub const LETS_MAX: usize = 100;
/// Most tables joined or united in a question.
pub const INPUTS_MAX: usize = 32;
/// Most columns that a step may give.
pub const COLUMNS_MAX: usize = 1_000;
/// Most nodes of a plan: what a `let` names counts wherever it is used.
pub const PLAN_NODES_MAX: usize = 300;
/// Most parts of expressions in a plan: what a `let` names counts wherever it is used.
pub const PLAN_TERMS_MAX: usize = 50_000;
/// Most steps of a `sequence`.
pub const SEQUENCE_STEPS_MAX: usize = 16;
/// Most regular expressions in a question.
pub const REGEXES_MAX: usize = 100;
/// Bytes that a compiled regular expression may take.
pub const REGEX_BYTES_MAX: usize = 1 << 20;
/// Deepest nesting of a `dynamic(…)` literal.
pub const JSON_DEPTH_MAX: usize = 64;
