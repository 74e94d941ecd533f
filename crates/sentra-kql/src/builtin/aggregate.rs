use serde::Serialize;

macro_rules! aggregates {
    ($($variant:ident $name:literal $prefix:literal $written:literal $title:literal;)*) => {
        /// What can be computed of a group of rows.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
        #[serde(rename_all = "snake_case")]
        pub enum AggregateFunction {
            $(#[doc = $title] $variant,)*
        }

        impl AggregateFunction {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its name.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What the name of its column begins with, when none is given.
            #[must_use]
            pub fn prefix(self) -> &'static str {
                match self { $(Self::$variant => $prefix,)* }
            }

            /// What it takes and gives, as written in the documentation.
            #[must_use]
            pub fn written(self) -> &'static str {
                match self { $(Self::$variant => $written,)* }
            }

            /// What it does.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* }
            }
        }
    };
}

aggregates! {
    Count "count" "count" "count(): long" "Rows.";
    CountIf "countif" "countif" "countif(condition: bool): long" "Rows for which the condition is true.";
    Dcount "dcount" "dcount" "dcount(value: any): long" "Different values, exactly; nulls are left out. An accuracy is accepted and not needed.";
    DcountIf "dcountif" "dcountif" "dcountif(value: any, condition: bool): long" "As dcount, of the rows for which the condition is true.";
    Sum "sum" "sum" "sum(value: number or timespan): the same" "Sum; 0 of none.";
    SumIf "sumif" "sumif" "sumif(value: number or timespan, condition: bool): the same" "As sum, of the rows for which the condition is true.";
    Avg "avg" "avg" "avg(value: number, timespan or datetime): real or the same" "Mean; of no numbers not a number.";
    AvgIf "avgif" "avgif" "avgif(value: number, timespan or datetime, condition: bool): real or the same" "As avg, of the rows for which the condition is true.";
    Min "min" "min" "min(value: any but dynamic): the same" "The least; null of none.";
    MinIf "minif" "minif" "minif(value: any but dynamic, condition: bool): the same" "As min, of the rows for which the condition is true.";
    Max "max" "max" "max(value: any but dynamic): the same" "The greatest; null of none.";
    MaxIf "maxif" "maxif" "maxif(value: any but dynamic, condition: bool): the same" "As max, of the rows for which the condition is true.";
    Percentile "percentile" "percentile" "percentile(value: number, timespan or datetime, percent: constant): the same" "The nearest-rank percentile, exactly.";
    Percentiles "percentiles" "percentile" "percentiles(value, percent, …): one column for each" "Several percentiles at once.";
    Stdev "stdev" "stdev" "stdev(value: number): real" "Standard deviation of a sample; 0 of less than two.";
    Variance "variance" "variance" "variance(value: number): real" "Variance of a sample; 0 of less than two.";
    MakeSet "make_set" "set" "make_set(value: any, limit?: constant): dynamic" "Different values as a list in order of appearance, nulls left out.";
    MakeSetIf "make_set_if" "set" "make_set_if(value: any, condition: bool, limit?: constant): dynamic" "As make_set, of the rows for which the condition is true.";
    MakeList "make_list" "list" "make_list(value: any, limit?: constant): dynamic" "Values as a list in order of appearance, nulls left out.";
    MakeListIf "make_list_if" "list" "make_list_if(value: any, condition: bool, limit?: constant): dynamic" "As make_list, of the rows for which the condition is true.";
    ArgMax "arg_max" "max" "arg_max(by: any but dynamic, column or *, …): one column for each" "Of the row with the greatest value these columns.";
    ArgMin "arg_min" "min" "arg_min(by: any but dynamic, column or *, …): one column for each" "Of the row with the least value these columns.";
    TakeAny "take_any" "" "take_any(value, …) or take_any(*): one column for each" "The first value that is not empty; several are those of the first row. Columns keep their names.";
    Any "any" "any" "any(value, …) or any(*): one column for each" "As take_any, with names that begin with `any_`.";
}

/// Other names of aggregates.
pub const AGGREGATE_ALIASES: [(&str, AggregateFunction); 5] = [
    ("makeset", AggregateFunction::MakeSet),
    ("makelist", AggregateFunction::MakeList),
    ("argmax", AggregateFunction::ArgMax),
    ("argmin", AggregateFunction::ArgMin),
    ("count_distinct", AggregateFunction::Dcount),
];

impl AggregateFunction {
    /// The aggregate called `name`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let alias = AGGREGATE_ALIASES.iter().find(|(alias, _)| *alias == name).map(|(_, function)| *function);
        alias.or_else(|| Self::ALL.iter().copied().find(|function| function.name() == name))
    }

    /// Names of all aggregates, other names included.
    pub fn names() -> impl Iterator<Item = &'static str> {
        Self::ALL.iter().map(|function| function.name()).chain(AGGREGATE_ALIASES.map(|(name, _)| name))
    }
}
