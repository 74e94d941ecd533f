//! The functions of SQL that are translated, and what each is in KQL.

/// A function, with its other names.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SqlFunction {
    /// Its names, lower case; the first is the one of the documentation.
    pub(crate) names: &'static [&'static str],
    /// What it takes.
    pub(crate) written: &'static str,
    /// As KQL writes it.
    pub(crate) kql: &'static str,
    pub(crate) rule: Rule,
}

/// How a call is translated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    /// To a function of KQL with the same arguments, at least and at most so many.
    Same(&'static str, usize, usize),
    /// In a way of its own, with at least and at most so many arguments.
    Own(Own, usize, usize),
}

/// Functions that are translated in a way of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Own {
    Substring,
    Left,
    Right,
    StrPos,
    Trim(&'static str),
    SplitPart,
    StartsWith,
    EndsWith,
    Contains,
    RegexpLike,
    RegexpReplace,
    RegexpExtract,
    Floor,
    Modulo,
    NullIf,
    If,
    Today,
    DateTrunc,
    DateBin,
    DatePart,
    Part(&'static str),
    DateDiff,
    Date,
    ToTimestamp,
}

const MANY: usize = usize::MAX;

macro_rules! functions {
    ($([$($name:literal),+] $written:literal $kql:literal $rule:expr;)*) => {
        &[$(SqlFunction { names: &[$($name),+], written: $written, kql: $kql, rule: $rule },)*]
    };
}

/// Functions of one row.
pub(crate) const FUNCTIONS: &[SqlFunction] = functions! {
    ["lower", "lcase"] "lower(text)" "tolower(text)" Rule::Same("tolower", 1, 1);
    ["upper", "ucase"] "upper(text)" "toupper(text)" Rule::Same("toupper", 1, 1);
    ["length", "char_length", "character_length", "len"] "length(text)" "strlen(text)" Rule::Same("strlen", 1, 1);
    ["octet_length"] "octet_length(text)" "string_size(text)" Rule::Same("string_size", 1, 1);
    ["substring", "substr", "mid"] "substring(text, from[, length]), substring(text FROM 1 FOR 3)" "substring(text, from - 1, length)" Rule::Own(Own::Substring, 2, 3);
    ["left"] "left(text, n)" "substring(text, 0, n)" Rule::Own(Own::Left, 2, 2);
    ["right"] "right(text, n)" "substring(text, -n)" Rule::Own(Own::Right, 2, 2);
    ["strpos", "instr"] "strpos(text, part), position(part IN text)" "indexof(text, part) + 1" Rule::Own(Own::StrPos, 2, 2);
    ["concat"] "concat(a, b, …), a || b" "strcat(a, b, …)" Rule::Same("strcat", 1, MANY);
    ["concat_ws"] "concat_ws(delimiter, a, b, …)" "strcat_delim(delimiter, a, b, …)" Rule::Same("strcat_delim", 2, MANY);
    ["replace"] "replace(text, from, to)" "replace_string(text, from, to)" Rule::Same("replace_string", 3, 3);
    ["trim", "btrim"] "trim(text[, letters]), trim(BOTH 'x' FROM text)" "trim(\" +\", text)" Rule::Own(Own::Trim("trim"), 1, 2);
    ["ltrim"] "ltrim(text[, letters])" "trim_start(\" +\", text)" Rule::Own(Own::Trim("trim_start"), 1, 2);
    ["rtrim"] "rtrim(text[, letters])" "trim_end(\" +\", text)" Rule::Own(Own::Trim("trim_end"), 1, 2);
    ["split_part"] "split_part(text, delimiter, n)" "tostring(split(text, delimiter)[n - 1])" Rule::Own(Own::SplitPart, 3, 3);
    ["starts_with", "startswith"] "starts_with(text, part)" "text startswith_cs part" Rule::Own(Own::StartsWith, 2, 2);
    ["ends_with", "endswith"] "ends_with(text, part)" "text endswith_cs part" Rule::Own(Own::EndsWith, 2, 2);
    ["contains"] "contains(text, part)" "text contains_cs part" Rule::Own(Own::Contains, 2, 2);
    ["regexp_like", "regexp_matches"] "regexp_like(text, regex[, 'i'])" "text matches regex \"…\"" Rule::Own(Own::RegexpLike, 2, 3);
    ["regexp_replace"] "regexp_replace(text, regex, to, 'g')" "replace_regex(text, regex, to)" Rule::Own(Own::RegexpReplace, 3, 4);
    ["regexp_extract", "regexp_substr"] "regexp_extract(text, regex[, group])" "extract(regex, group, text)" Rule::Own(Own::RegexpExtract, 2, 3);
    ["reverse"] "reverse(text)" "reverse(text)" Rule::Same("reverse", 1, 1);
    ["repeat"] "repeat(text, n)" "strrep(text, n)" Rule::Same("strrep", 2, 2);
    ["to_hex", "hex"] "to_hex(number)" "tohex(number)" Rule::Same("tohex", 1, 1);
    ["abs"] "abs(number)" "abs(number)" Rule::Same("abs", 1, 1);
    ["ceil", "ceiling"] "ceil(number)" "ceiling(number)" Rule::Same("ceiling", 1, 1);
    ["floor"] "floor(number)" "bin(number, 1)" Rule::Own(Own::Floor, 1, 1);
    ["round"] "round(number[, digits])" "round(number, digits)" Rule::Same("round", 1, 2);
    ["sign"] "sign(number)" "sign(number)" Rule::Same("sign", 1, 1);
    ["sqrt"] "sqrt(number)" "sqrt(number)" Rule::Same("sqrt", 1, 1);
    ["power", "pow"] "power(base, exponent)" "pow(base, exponent)" Rule::Same("pow", 2, 2);
    ["exp"] "exp(number)" "exp(number)" Rule::Same("exp", 1, 1);
    ["ln"] "ln(number)" "log(number)" Rule::Same("log", 1, 1);
    ["log10", "log"] "log10(number)" "log10(number)" Rule::Same("log10", 1, 1);
    ["log2"] "log2(number)" "log2(number)" Rule::Same("log2", 1, 1);
    ["mod"] "mod(a, b)" "a % b" Rule::Own(Own::Modulo, 2, 2);
    ["greatest"] "greatest(a, b, …)" "max_of(a, b, …)" Rule::Same("max_of", 1, MANY);
    ["least"] "least(a, b, …)" "min_of(a, b, …)" Rule::Same("min_of", 1, MANY);
    ["coalesce", "ifnull", "nvl"] "coalesce(a, b, …)" "coalesce(a, b, …)" Rule::Same("coalesce", 1, MANY);
    ["nullif"] "nullif(a, b)" "iff(a == b, null, a)" Rule::Own(Own::NullIf, 2, 2);
    ["if", "iif", "iff"] "if(condition, a, b)" "iff(condition, a, b)" Rule::Own(Own::If, 3, 3);
    ["now", "current_timestamp", "localtimestamp"] "now(), CURRENT_TIMESTAMP" "now()" Rule::Same("now", 0, 0);
    ["current_date", "today"] "current_date" "startofday(now())" Rule::Own(Own::Today, 0, 0);
    ["date_trunc"] "date_trunc('hour', t)" "bin(t, 1h)" Rule::Own(Own::DateTrunc, 2, 2);
    ["date_bin", "time_bucket"] "date_bin(INTERVAL '5 minutes', t)" "bin(t, 5m)" Rule::Own(Own::DateBin, 2, 2);
    ["date_part", "datepart"] "date_part('hour', t), EXTRACT(hour FROM t)" "hourofday(t)" Rule::Own(Own::DatePart, 2, 2);
    ["year"] "year(t)" "getyear(t)" Rule::Own(Own::Part("year"), 1, 1);
    ["month"] "month(t)" "monthofyear(t)" Rule::Own(Own::Part("month"), 1, 1);
    ["day", "dayofmonth"] "day(t)" "dayofmonth(t)" Rule::Own(Own::Part("day"), 1, 1);
    ["hour"] "hour(t)" "hourofday(t)" Rule::Own(Own::Part("hour"), 1, 1);
    ["minute"] "minute(t)" "datetime_part(\"minute\", t)" Rule::Own(Own::Part("minute"), 1, 1);
    ["second"] "second(t)" "datetime_part(\"second\", t)" Rule::Own(Own::Part("second"), 1, 1);
    ["date_diff"] "date_diff('day', from, to)" "datetime_diff(\"day\", to, from)" Rule::Own(Own::DateDiff, 3, 3);
    ["date"] "date(t)" "startofday(t)" Rule::Own(Own::Date, 1, 1);
    ["to_timestamp", "from_unixtime"] "to_timestamp(seconds)" "unixtime_seconds_todatetime(seconds)" Rule::Own(Own::ToTimestamp, 1, 1);
    ["epoch_ms"] "epoch_ms(milliseconds)" "unixtime_milliseconds_todatetime(milliseconds)" Rule::Same("unixtime_milliseconds_todatetime", 1, 1);
    ["make_timestamp"] "make_timestamp(year, month, day, hour, minute, second)" "make_datetime(…)" Rule::Same("make_datetime", 6, 6);
    ["to_bigint"] "to_bigint(x)" "tolong(x)" Rule::Same("tolong", 1, 1);
    ["to_double"] "to_double(x)" "toreal(x)" Rule::Same("toreal", 1, 1);
    ["to_text"] "to_text(x)" "tostring(x)" Rule::Same("tostring", 1, 1);
    ["to_json"] "to_json(text)" "parse_json(text)" Rule::Same("parse_json", 1, 1);
    ["to_interval"] "to_interval(text)" "totimespan(text)" Rule::Same("totimespan", 1, 1);
    ["json_array_length", "array_length", "cardinality"] "json_array_length(json)" "array_length(json)" Rule::Same("array_length", 1, 1);
    ["ipv4_is_in_range"] "ipv4_is_in_range(address, '10.0.0.0/8')" "ipv4_is_in_range(address, network)" Rule::Same("ipv4_is_in_range", 2, 2);
    ["ipv6_is_in_range"] "ipv6_is_in_range(address, 'fd00::/8')" "ipv6_is_in_range(address, network)" Rule::Same("ipv6_is_in_range", 2, 2);
    ["ipv4_is_private"] "ipv4_is_private(address)" "ipv4_is_private(address)" Rule::Same("ipv4_is_private", 1, 1);
};

/// An aggregate, with its other names.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SqlAggregate {
    pub(crate) names: &'static [&'static str],
    pub(crate) written: &'static str,
    pub(crate) kql: &'static str,
    pub(crate) function: Aggregate,
}

/// What is computed of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Aggregate {
    Count,
    CountIf,
    CountDistinct,
    Sum,
    Avg,
    Min,
    Max,
    Stdev,
    Variance,
    Median,
    /// The fraction stands behind the value.
    Quantile,
    /// The value stands in WITHIN GROUP.
    PercentileOf,
    List,
    Joined,
    Any,
    BoolOr,
    BoolAnd,
}

macro_rules! aggregates {
    ($([$($name:literal),+] $written:literal $kql:literal $function:ident;)*) => {
        &[$(SqlAggregate { names: &[$($name),+], written: $written, kql: $kql, function: Aggregate::$function },)*]
    };
}

/// Aggregates.
pub(crate) const AGGREGATES: &[SqlAggregate] = aggregates! {
    ["count"] "count(*), count(x), count(DISTINCT x)" "count(), countif(isnotempty(x)), dcountif(x, isnotempty(x))" Count;
    ["count_if", "countif"] "count_if(condition)" "countif(condition)" CountIf;
    ["approx_count_distinct", "approx_distinct", "uniq"] "approx_count_distinct(x)" "dcount(x), which is exact" CountDistinct;
    ["sum"] "sum(x)" "sum(x), null when nothing is added up" Sum;
    ["avg", "mean"] "avg(x)" "avg(x), null of nothing" Avg;
    ["min"] "min(x)" "min(x); of texts minif(x, isnotempty(x))" Min;
    ["max"] "max(x)" "max(x)" Max;
    ["stddev", "stddev_samp"] "stddev(x)" "stdev(x)" Stdev;
    ["variance", "var_samp"] "variance(x)" "variance(x)" Variance;
    ["median", "approx_median"] "median(x)" "percentile(x, 50)" Median;
    ["quantile", "quantile_cont", "quantile_disc", "approx_quantile", "approx_percentile", "approx_percentile_cont"] "quantile(x, 0.95)" "percentile(x, 95)" Quantile;
    ["percentile_cont", "percentile_disc"] "percentile_cont(0.95) WITHIN GROUP (ORDER BY x)" "percentile(x, 95)" PercentileOf;
    ["array_agg", "list"] "array_agg(x), array_agg(DISTINCT x)" "make_list(x), make_set(x)" List;
    ["string_agg", "group_concat", "listagg"] "string_agg(x, ', ')" "strcat_array(make_list_if(x, isnotempty(x)), \", \")" Joined;
    ["any_value", "arbitrary"] "any_value(x)" "take_any(x)" Any;
    ["bool_or"] "bool_or(condition)" "countif(condition) > 0" BoolOr;
    ["bool_and", "every"] "bool_and(condition)" "countif(not(condition)) == 0" BoolAnd;
};

/// Functions that SQL has and this has not, with what to write instead.
pub(crate) const REFUSED_FUNCTIONS: &[(&str, &str)] = &[
    ("row_number", "GROUP BY with min(…) or max(…), or sequence by in KQL"),
    ("rank", "GROUP BY, ORDER BY and LIMIT"),
    ("dense_rank", "GROUP BY, ORDER BY and LIMIT"),
    ("ntile", "quantile(x, 0.25)"),
    ("lag", "sequence by in KQL"),
    ("lead", "sequence by in KQL"),
    ("first_value", "min(…), or arg_min in KQL"),
    ("last_value", "max(…), or arg_max in KQL"),
    ("arg_max", "arg_max in KQL"),
    ("arg_min", "arg_min in KQL"),
    ("max_by", "arg_max in KQL"),
    ("min_by", "arg_min in KQL"),
    ("random", "a question has the same answer whenever it is asked"),
    ("rand", "a question has the same answer whenever it is asked"),
    ("gen_random_uuid", "a question has the same answer whenever it is asked"),
    ("uuid", "a question has the same answer whenever it is asked"),
    ("pg_sleep", "nothing"),
    ("sleep", "nothing"),
    ("benchmark", "nothing"),
    ("read_csv", "the name of a table"),
    ("read_parquet", "the name of a table"),
    ("read_text", "the name of a table"),
    ("pg_read_file", "the name of a table"),
    ("load_file", "the name of a table"),
    ("getenv", "nothing"),
    ("current_user", "nothing: who asks is known by the credentials"),
    ("session_user", "nothing: who asks is known by the credentials"),
    ("current_setting", "nothing: there is no session"),
    ("current_database", "information_schema.tables"),
    ("current_schema", "information_schema.tables"),
    ("version", "nothing"),
    ("age", "a - b"),
    ("datediff", "date_diff('day', from, to)"),
    ("dateadd", "t + INTERVAL '1 day'"),
    ("date_add", "t + INTERVAL '1 day'"),
    ("date_sub", "t - INTERVAL '1 day'"),
    ("to_char", "date_trunc('hour', t), EXTRACT(hour FROM t)"),
    ("strftime", "date_trunc('hour', t), EXTRACT(hour FROM t)"),
    ("date_format", "date_trunc('hour', t), EXTRACT(hour FROM t)"),
    ("to_date", "CAST(x AS date)"),
    ("initcap", "lower(x), upper(x)"),
    ("lpad", "repeat(' ', n) || x"),
    ("rpad", "x || repeat(' ', n)"),
    ("md5", "the columns that hold hashes"),
    ("sha256", "the columns that hold hashes"),
    ("encode", "the columns as they are"),
    ("decode", "base64_decode_tostring in KQL"),
    ("translate", "replace(…)"),
    ("soundex", "ILIKE"),
    ("levenshtein", "ILIKE"),
    ("unnest", "mv-expand in KQL"),
    ("generate_series", "range in KQL"),
    ("grouping", "GROUP BY without sets"),
    ("corr", "stddev(x), variance(x)"),
    ("covar_samp", "variance(x)"),
    ("stddev_pop", "stddev(x), of a sample"),
    ("var_pop", "variance(x), of a sample"),
    ("mode", "GROUP BY x ORDER BY count(*) DESC LIMIT 1"),
    ("bit_and", "sum(x)"),
    ("bit_or", "sum(x)"),
    ("json_agg", "array_agg(x)"),
    ("json_build_object", "columns"),
    ("json_extract", "x['key']"),
    ("json_value", "x['key']"),
    ("nextval", "nothing: SQL here only reads"),
    ("setval", "nothing: SQL here only reads"),
];

/// The function called `name`, lower case.
pub(crate) fn function(name: &str) -> Option<&'static SqlFunction> {
    FUNCTIONS.iter().find(|function| function.names.contains(&name))
}

/// The aggregate called `name`, lower case.
pub(crate) fn aggregate(name: &str) -> Option<&'static SqlAggregate> {
    AGGREGATES.iter().find(|aggregate| aggregate.names.contains(&name))
}

/// Names of all that can be called, for hints.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    let aggregates = AGGREGATES.iter().flat_map(|aggregate| aggregate.names);
    FUNCTIONS.iter().flat_map(|function| function.names).chain(aggregates).copied()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_name_means_one_thing() {
        let mut seen = BTreeSet::new();
        for name in names().chain(REFUSED_FUNCTIONS.iter().map(|(name, _)| *name)) {
            assert!(seen.insert(name), "{name}");
            assert_eq!(name, name.to_lowercase());
        }
    }
}
