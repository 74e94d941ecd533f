//! What the parser reads: SQL as most systems have it, and what more of it there is as far as it is refused by its name.

use std::any::TypeId;
use std::sync::atomic::{AtomicUsize, Ordering};

use sqlparser::ast::Expr;
use sqlparser::dialect::{Dialect, GenericDialect};
use sqlparser::parser::{Parser, ParserError};

use crate::limits::SQL_STEPS_MAX;

/// The generic dialect, within a number of steps: where the parser tries one way after another at every level of
/// brackets, the steps are as many as two to the power of the levels.
#[derive(Debug, Default)]
pub(crate) struct Bounded {
    steps: AtomicUsize,
}

impl Bounded {
    /// Whether the parser took more steps than it may.
    pub(crate) fn is_spent(&self) -> bool {
        self.steps.load(Ordering::Relaxed) > SQL_STEPS_MAX
    }
}

macro_rules! as_generic {
    ($($name:ident)*) => {
        $(fn $name(&self) -> bool {
            GenericDialect {}.$name()
        })*
    };
}

impl Dialect for Bounded {
    fn dialect(&self) -> TypeId {
        TypeId::of::<GenericDialect>()
    }

    fn is_delimited_identifier_start(&self, letter: char) -> bool {
        GenericDialect {}.is_delimited_identifier_start(letter)
    }

    fn is_identifier_start(&self, letter: char) -> bool {
        GenericDialect {}.is_identifier_start(letter)
    }

    fn is_identifier_part(&self, letter: char) -> bool {
        GenericDialect {}.is_identifier_part(letter)
    }

    fn parse_prefix(&self, _: &mut Parser<'_>) -> Option<Result<Expr, ParserError>> {
        self.steps.fetch_add(1, Ordering::Relaxed);
        // The only error that is not taken for a reason to try another way.
        self.is_spent().then_some(Err(ParserError::RecursionLimitExceeded))
    }

    as_generic! {
        supports_unicode_string_literal supports_partition_by_after_order_by supports_group_by_expr
        supports_group_by_with_modifier supports_left_associative_joins_without_parens supports_connect_by
        supports_match_recognize supports_pipe_operator supports_window_function_null_treatment_arg
        supports_window_clause_named_window_reference supports_select_wildcard_except allow_extract_custom
        allow_extract_single_quotes supports_extract_comma_syntax supports_parens_around_table_factor
        supports_values_as_table_factor supports_limit_comma supports_from_first_select supports_try_convert
        supports_bitwise_shift_operators supports_named_fn_args_with_assignment_operator supports_nested_comments
        supports_string_escape_constant supports_array_typedef_with_brackets supports_match_against
        supports_filter_during_aggregation supports_select_wildcard_exclude supports_interval_options
        supports_select_wildcard_replace supports_select_wildcard_ilike supports_select_wildcard_rename
        supports_prewhere supports_with_fill supports_limit_by supports_interpolate supports_settings
        supports_select_format supports_comma_separated_trim supports_select_item_multi_column_alias
    }
}
