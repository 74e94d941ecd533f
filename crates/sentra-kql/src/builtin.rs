//! What can be called: operators of expressions and functions, each with what it takes and gives.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Serialize;

use crate::value::Kind;

/// What a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// A value of this kind.
    Kind(Kind),
    /// A number; all of a function's are of one kind.
    Number,
    /// Anything; all of a function's are of one kind.
    Same,
    /// Anything.
    Any,
}

/// A parameter of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameter {
    /// What it is called in the documentation.
    pub name: &'static str,
    /// What it takes.
    pub takes: Takes,
    /// Whether it may be left out.
    pub optional: bool,
    /// Whether any number of arguments is taken, at least one.
    pub repeats: bool,
}

/// What a function takes and gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// Its name.
    pub name: &'static str,
    /// Its parameters.
    pub parameters: Vec<Parameter>,
    /// What it gives: a kind, or that of its arguments.
    pub gives: Takes,
}

impl Signature {
    /// Reads `name(a: string, b?: long, c...: T): real`, in which `N` is any number and `T` anything, the
    /// same wherever it stands.
    fn read(text: &'static str) -> Option<Self> {
        let (name, rest) = text.split_once('(')?;
        let (inside, gives) = rest.rsplit_once("):")?;
        let mut parameters = Vec::new();
        for part in inside.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (name, takes) = part.split_once(':')?;
            let repeats = name.ends_with("...");
            let optional = name.ends_with('?');
            let name = name.trim_end_matches("...").trim_end_matches('?');
            parameters.push(Parameter { name, takes: takes_of(takes)?, optional, repeats });
        }
        Some(Self { name, parameters, gives: takes_of(gives)? })
    }
}

fn takes_of(word: &str) -> Option<Takes> {
    Some(match word.trim() {
        "N" => Takes::Number,
        "T" => Takes::Same,
        "any" => Takes::Any,
        word => Takes::Kind(Kind::named(word)?),
    })
}

/// To what a function belongs, in the documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Area {
    /// Operators between values.
    Operators,
    /// Texts.
    Text,
    /// Moments and spans of time.
    Time,
    /// From one kind to another.
    Conversion,
    /// Choosing among values.
    Choice,
    /// Numbers.
    Math,
    /// Addresses and networks.
    Network,
    /// JSON.
    Dynamic,
}

macro_rules! builtins {
    ($($area:ident { $($variant:ident $signature:literal $title:literal;)* })*) => {
        /// What a plan can call. Operators are called as functions are.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Builtin {
            $($(#[doc = $title] $variant,)*)*
        }

        impl Builtin {
            /// All of them.
            pub const ALL: &'static [Self] = &[$($(Self::$variant,)*)*];

            /// What it takes and gives as written in the documentation; of an operator how it is written.
            #[must_use]
            pub fn written(self) -> &'static str {
                match self { $($(Self::$variant => $signature,)*)* }
            }

            /// What it does.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self { $($(Self::$variant => $title,)*)* }
            }

            /// To what it belongs.
            #[must_use]
            pub fn area(self) -> Area {
                match self { $($(Self::$variant => Area::$area,)*)* }
            }
        }
    };
}

builtins! {
    Operators {
        And "A and B" "True when all are; null when that hangs on a null.";
        Or "A or B" "True when one is; null when that hangs on a null.";
        Not "not(A)" "The contrary; null of null.";
        Negate "-A" "The number or timespan with the other sign.";
        Add "A + B" "Sum; a moment and a timespan give a moment. Null when it does not fit.";
        Subtract "A - B" "Difference; two moments give a timespan. Null when it does not fit.";
        Multiply "A * B" "Product; a timespan times a number is a timespan. Null when it does not fit.";
        Divide "A / B" "Quotient; of whole numbers whole, towards zero; of timespans a number. Null by a whole 0.";
        Modulo "A % B" "Remainder, never negative.";
        Equal "A == B" "Whether both are the same, texts with case; null when both are null.";
        EqualCaseless "A =~ B" "Whether texts are the same without case.";
        Less "A < B" "Whether A comes before B; null when one is null.";
        LessOrEqual "A <= B" "Whether A is not after B; null when one is null.";
        Contains "A contains B" "Whether the text is anywhere in A, without case.";
        ContainsCs "A contains_cs B" "Whether the text is anywhere in A, with case.";
        StartsWith "A startswith B" "Whether A begins with the text, without case.";
        StartsWithCs "A startswith_cs B" "Whether A begins with the text, with case.";
        EndsWith "A endswith B" "Whether A ends with the text, without case.";
        EndsWithCs "A endswith_cs B" "Whether A ends with the text, with case.";
        Has "A has B" "Whether the text is in A with no letter or digit next to it, without case.";
        HasCs "A has_cs B" "Whether the text is in A with no letter or digit next to it, with case.";
        HasPrefix "A hasprefix B" "Whether the text is in A with no letter or digit before it, without case.";
        HasPrefixCs "A hasprefix_cs B" "Whether the text is in A with no letter or digit before it, with case.";
        HasSuffix "A hassuffix B" "Whether the text is in A with no letter or digit after it, without case.";
        HasSuffixCs "A hassuffix_cs B" "Whether the text is in A with no letter or digit after it, with case.";
        MatchesRegex "A matches regex B" "Whether the regular expression, a constant, is found anywhere in A.";
        In "A in (B, …)" "Whether A is one of the values, texts with case.";
        InCaseless "A in~ (B, …)" "Whether A is one of the texts, without case.";
        HasAny "A has_any (B, …)" "Whether A has one of the texts.";
        HasAll "A has_all (B, …)" "Whether A has all of the texts.";
        SourceField "fields.A" "A field of the source as text, empty when absent. In a comparison any of its values counts, elsewhere the first.";
        Get "A.b, A[b]" "What is in JSON under a key or at a place, from the end when negative; null when absent.";
    }
    Text {
        Strlen "strlen(text: string): long" "Characters of a text.";
        StringSize "string_size(text: string): long" "Bytes of a text.";
        Substring "substring(text: string, start: long, length?: long): string" "A part of a text; characters are counted from 0, from the end when negative.";
        ToLower "tolower(text: string): string" "Without capital letters.";
        ToUpper "toupper(text: string): string" "In capital letters.";
        Split "split(text: string, delimiter: string, index?: long): dynamic" "The parts between delimiters as a list; with an index a list of that part alone.";
        Strcat "strcat(values...: any): string" "All values as texts one after the other.";
        StrcatDelim "strcat_delim(delimiter: string, values...: any): string" "All values as texts with a delimiter between them.";
        StrcatArray "strcat_array(list: dynamic, delimiter: string): string" "The values of a list as texts with a delimiter between them.";
        Strrep "strrep(text: any, times: long, delimiter?: string): string" "A text so many times.";
        Strcmp "strcmp(a: string, b: string): long" "-1, 0 or 1 as a is before, the same as, or after b.";
        ReplaceString "replace_string(text: string, from: string, to: string): string" "Every occurrence replaced.";
        ReplaceRegex "replace_regex(text: string, regex: string, to: string): string" "Every match replaced; \\1 is the first group.";
        Extract "extract(regex: string, group: long, text: string): string" "A group of the first match, 0 the whole of it; empty when there is none.";
        ExtractAll "extract_all(regex: string, text: string): dynamic" "The group of every match as a list, lists of groups when there are several; null when there is none.";
        Trim "trim(regex: string, text: string): string" "Without what matches at the beginning and at the end.";
        TrimStart "trim_start(regex: string, text: string): string" "Without what matches at the beginning.";
        TrimEnd "trim_end(regex: string, text: string): string" "Without what matches at the end.";
        IndexOf "indexof(text: string, part: string, start?: long, length?: long, occurrence?: long): long" "Where the part begins, in characters from 0; -1 when it is not there.";
        CountOf "countof(text: string, part: string, kind?: string): long" "How often the part occurs, overlapping ones too; of a 'regex' those that do not overlap.";
        Reverse "reverse(text: any): string" "Backwards.";
        Base64Decode "base64_decode_tostring(text: string): string" "What is encoded, if it is UTF-8; else empty.";
        Base64Encode "base64_encode_tostring(text: string): string" "Encoded in base64.";
        UrlDecode "url_decode(text: string): string" "With %41 as A; what is no such escape stays.";
        ToHex "tohex(number: long): string" "In hexadecimal digits.";
        IsEmpty "isempty(value: any): bool" "Whether a text is empty, or another value null.";
        IsNotEmpty "isnotempty(value: any): bool" "Whether a text is not empty, or another value not null.";
        IsNull "isnull(value: any): bool" "Whether a value is null; a text never is.";
        IsNotNull "isnotnull(value: any): bool" "Whether a value is not null; a text never is.";
    }
    Time {
        Now "now(offset?: timespan): datetime" "The moment of the question, moved by an offset.";
        Ago "ago(span: timespan): datetime" "So long before the moment of the question.";
        Bin "bin(value: T, size: T): T" "Rounded down to a multiple of the size; spans of time count from 0001-01-01.";
        StartOfDay "startofday(time: datetime, offset?: long): datetime" "The first moment of the day, so many days on.";
        StartOfWeek "startofweek(time: datetime, offset?: long): datetime" "The first moment of the week, a Sunday's.";
        StartOfMonth "startofmonth(time: datetime, offset?: long): datetime" "The first moment of the month.";
        StartOfYear "startofyear(time: datetime, offset?: long): datetime" "The first moment of the year.";
        EndOfDay "endofday(time: datetime, offset?: long): datetime" "The last microsecond of the day.";
        EndOfWeek "endofweek(time: datetime, offset?: long): datetime" "The last microsecond of the week, a Saturday's.";
        EndOfMonth "endofmonth(time: datetime, offset?: long): datetime" "The last microsecond of the month.";
        EndOfYear "endofyear(time: datetime, offset?: long): datetime" "The last microsecond of the year.";
        DateTimeDiff "datetime_diff(unit: string, a: datetime, b: datetime): long" "How many beginnings of the unit are between b and a.";
        DateTimeAdd "datetime_add(unit: string, amount: long, time: datetime): datetime" "Moved by so many units.";
        DateTimePart "datetime_part(unit: string, time: datetime): long" "The year, month, day, hour … of a moment.";
        DayOfWeek "dayofweek(time: datetime): timespan" "Days since Sunday.";
        DayOfMonth "dayofmonth(time: datetime): long" "Day of the month, from 1.";
        DayOfYear "dayofyear(time: datetime): long" "Day of the year, from 1.";
        HourOfDay "hourofday(time: datetime): long" "Hour of the day, from 0.";
        MonthOfYear "monthofyear(time: datetime): long" "Month, from 1.";
        GetYear "getyear(time: datetime): long" "Year.";
        WeekOfYear "week_of_year(time: datetime): long" "Week by ISO 8601.";
        FormatDateTime "format_datetime(time: datetime, format: string): string" "As text by yyyy, yy, MM, M, dd, d, HH, H, hh, h, mm, m, ss, s, f to ffffff, tt and what else stands between them.";
        FormatTimeSpan "format_timespan(span: timespan, format: string): string" "As text by d to dddddddd, H, HH, h, hh, m, mm, s, ss, f to ffffff and what else stands between them.";
        MakeDateTime "make_datetime(year: long, month: long, day: long, hour?: long, minute?: long, second?: real): datetime" "A moment from its parts; null when there is none.";
        MakeTimeSpan "make_timespan(hours: long, minutes: long, seconds?: real): timespan" "A span of time from its parts.";
        UnixSeconds "unixtime_seconds_todatetime(number: real): datetime" "A moment from seconds since 1970.";
        UnixMillis "unixtime_milliseconds_todatetime(number: real): datetime" "A moment from milliseconds since 1970.";
        UnixMicros "unixtime_microseconds_todatetime(number: long): datetime" "A moment from microseconds since 1970.";
        UnixNanos "unixtime_nanoseconds_todatetime(number: long): datetime" "A moment from nanoseconds since 1970.";
    }
    Conversion {
        ToLong "tolong(value: any): long" "As a whole number: the fraction of a number is cut off, a text must be one or it is null.";
        ToReal "toreal(value: any): real" "As a number; null when a text is none.";
        ToString "tostring(value: any): string" "As text; empty when null.";
        ToBool "tobool(value: any): bool" "As a truth value; null when a text is none.";
        ToDateTime "todatetime(value: any): datetime" "As a moment; null when a text is none.";
        ToTimeSpan "totimespan(value: any): timespan" "As a span of time; null when a text is none.";
        GetType "gettype(value: any): string" "The name of the kind: long, string, array, dictionary, null …";
    }
    Choice {
        Iff "iff(condition: bool, then: T, else: T): T" "The one or the other; a null condition is false.";
        Case "case(condition: bool, then: T, else: T): T" "What stands after the first condition that is true, else the last.";
        Coalesce "coalesce(values...: T): T" "The first that is neither null nor an empty text.";
        MaxOf "max_of(values...: T): T" "The greatest, nulls left out.";
        MinOf "min_of(values...: T): T" "The least, nulls left out.";
    }
    Math {
        Abs "abs(number: N): N" "Without its sign.";
        Ceiling "ceiling(number: real): long" "The next whole number above.";
        Round "round(number: real, digits?: long): real" "To so many digits after the point, a half away from zero.";
        Sign "sign(number: N): N" "-1, 0 or 1.";
        Sqrt "sqrt(number: real): real" "Square root; null of a negative number.";
        Pow "pow(base: real, exponent: real): real" "Power.";
        Exp "exp(number: real): real" "Power of e.";
        Log "log(number: real): real" "Natural logarithm; null of what is not positive.";
        Log2 "log2(number: real): real" "Logarithm to base 2; null of what is not positive.";
        Log10 "log10(number: real): real" "Logarithm to base 10; null of what is not positive.";
        IsNan "isnan(number: real): bool" "Whether it is not a number.";
        IsInf "isinf(number: real): bool" "Whether it is infinite.";
        IsFinite "isfinite(number: real): bool" "Whether it is neither infinite nor not a number.";
        BinaryAnd "binary_and(a: long, b: long): long" "Bits that both have.";
        BinaryOr "binary_or(a: long, b: long): long" "Bits that one has.";
        BinaryXor "binary_xor(a: long, b: long): long" "Bits that one alone has.";
        BinaryNot "binary_not(a: long): long" "The other bits.";
        ShiftLeft "binary_shift_left(a: long, bits: long): long" "Moved to the left, bits modulo 64.";
        ShiftRight "binary_shift_right(a: long, bits: long): long" "Moved to the right, bits modulo 64.";
    }
    Network {
        Ipv4InRange "ipv4_is_in_range(address: string, network: string): bool" "Whether an address is in a network; null when one is none.";
        Ipv4InAnyRange "ipv4_is_in_any_range(address: string, networks...: any): bool" "Whether an address is in one of the networks, texts or lists of texts; null when the address is none.";
        Ipv4IsMatch "ipv4_is_match(a: string, b: string, prefix?: long): bool" "Whether two addresses are the same by the shortest of their prefixes; null when one is none.";
        Ipv4Compare "ipv4_compare(a: string, b: string, prefix?: long): long" "-1, 0 or 1 by the shortest of their prefixes; null when one is none.";
        Ipv4IsPrivate "ipv4_is_private(address: string): bool" "Whether an address is in 10/8, 172.16/12 or 192.168/16; null when it is none.";
        ParseIpv4 "parse_ipv4(address: string): long" "As a number, by its prefix; null when it is none.";
        ParseIpv4Mask "parse_ipv4_mask(address: string, prefix: long): long" "As a number by a prefix; null when it is none.";
        FormatIpv4 "format_ipv4(address: any, prefix?: long): string" "From a number or a text; empty when it is none.";
        Ipv4Suffix "ipv4_netmask_suffix(address: string): long" "Length of the prefix, 32 without one; null when it is none.";
        HasIpv4 "has_ipv4(text: string, address: string): bool" "Whether the address is in the text, with no letter or digit next to it.";
        HasIpv4Prefix "has_ipv4_prefix(text: string, prefix: string): bool" "Whether an address that begins so is in the text.";
        Ipv6IsMatch "ipv6_is_match(a: string, b: string, prefix?: long): bool" "As ipv4_is_match, for addresses of either version.";
        Ipv6Compare "ipv6_compare(a: string, b: string, prefix?: long): long" "As ipv4_compare, for addresses of either version.";
        Ipv6InRange "ipv6_is_in_range(address: string, network: string): bool" "Whether an address of either version is in a network; null when one is none.";
        ParseIpv6 "parse_ipv6(address: string): string" "Written out in full, version 4 within version 6; empty when it is none.";
    }
    Dynamic {
        ParseJson "parse_json(text: any): dynamic" "What JSON text stands for; a text that is no JSON stays a text.";
        ArrayLength "array_length(list: dynamic): long" "How many values; null when it is no list.";
        ArrayConcat "array_concat(lists...: dynamic): dynamic" "One list of all.";
        ArraySlice "array_slice(list: dynamic, start: long, end: long): dynamic" "From start to end, both counted from 0 and included, from the end when negative.";
        ArraySortAsc "array_sort_asc(list: dynamic): dynamic" "Sorted upwards, nulls last.";
        ArraySortDesc "array_sort_desc(list: dynamic): dynamic" "Sorted downwards, nulls last.";
        ArrayReverse "array_reverse(list: dynamic): dynamic" "Backwards.";
        ArraySum "array_sum(list: dynamic): real" "Sum of the numbers; null when a value is none.";
        ArrayIndexOf "array_index_of(list: dynamic, value: any): long" "Where the value first is, from 0; -1 when it is not there.";
        SetHasElement "set_has_element(list: dynamic, value: any): bool" "Whether the value is in the list.";
        SetUnion "set_union(lists...: dynamic): dynamic" "Values of any of them, each once.";
        SetIntersect "set_intersect(lists...: dynamic): dynamic" "Values of all of them, each once.";
        SetDifference "set_difference(lists...: dynamic): dynamic" "Values of the first that are in none of the others, each once.";
        BagKeys "bag_keys(bag: dynamic): dynamic" "The keys as a list; null when it is no bag.";
        BagHasKey "bag_has_key(bag: dynamic, key: string): bool" "Whether the key is there.";
        BagMerge "bag_merge(bags...: dynamic): dynamic" "One bag of all; the first value of a key counts.";
        BagRemoveKeys "bag_remove_keys(bag: dynamic, keys: dynamic): dynamic" "Without the keys.";
        BagPack "bag_pack(pairs...: any): dynamic" "A bag of keys and values in turn.";
        PackArray "pack_array(values...: any): dynamic" "A list of the values.";
        DynamicToJson "dynamic_to_json(value: dynamic): string" "JSON text, keys in order.";
    }
}

/// Other names of functions.
pub const ALIASES: [(&str, Builtin); 21] = [
    ("iif", Builtin::Iff),
    ("todynamic", Builtin::ParseJson),
    ("parsejson", Builtin::ParseJson),
    ("toobject", Builtin::ParseJson),
    ("toint", Builtin::ToLong),
    ("todouble", Builtin::ToReal),
    ("toboolean", Builtin::ToBool),
    ("notempty", Builtin::IsNotEmpty),
    ("notnull", Builtin::IsNotNull),
    ("floor", Builtin::Bin),
    ("getmonth", Builtin::MonthOfYear),
    ("weekofyear", Builtin::WeekOfYear),
    ("base64_decodestring", Builtin::Base64Decode),
    ("base64_encodestring", Builtin::Base64Encode),
    ("arraylength", Builtin::ArrayLength),
    ("array_strcat", Builtin::StrcatArray),
    ("array_concat_all", Builtin::ArrayConcat),
    ("pack", Builtin::BagPack),
    ("pack_dictionary", Builtin::BagPack),
    ("datepart", Builtin::DateTimePart),
    ("bag_keys_array", Builtin::BagKeys),
];

/// Functions that KQL has and this has not, with what to write instead.
pub const REFUSED_FUNCTIONS: [(&str, &str); 138] = [
    ("url_encode", "url_decode(…) of the other side"),
    ("rand", "a question has the same answer whenever it is asked"),
    ("new_guid", "a question has the same answer whenever it is asked"),
    ("cluster", "the name of a table"),
    ("database", "the name of a table"),
    ("table", "the name of a table"),
    ("toscalar", "let x = …; join"),
    ("materialize", "let T = materialize(…);"),
    ("guid", "a text"),
    ("toguid", "a text"),
    ("todecimal", "toreal(…)"),
    ("decimal", "toreal(…)"),
    ("parse_url", "extract(…)"),
    ("parse_path", "extract(…)"),
    ("parse_user_agent", "extract(…)"),
    ("parse_xml", "extract(…)"),
    ("parse_csv", "split(…)"),
    ("parse_version", "extract(…)"),
    ("extract_json", "parse_json(…).a.b"),
    ("extractjson", "parse_json(…).a.b"),
    ("geo_info_from_ip_address", "the columns that enrichment states"),
    ("hash_sha256", "the columns that hold hashes"),
    ("hash_md5", "the columns that hold hashes"),
    ("hash", "the columns that hold hashes"),
    ("row_number", "sort by"),
    ("prev", "sequence by …"),
    ("next", "sequence by …"),
    ("row_cumsum", "summarize sum(…) by …"),
    ("series_stats", "summarize avg(…), stdev(…)"),
    ("column_ifexists", "the column's name: what is not there is empty"),
    ("ingestion_time", "the column seen"),
    ("current_principal", "nothing"),
    ("array_iff", "mv-expand, then iff(…)"),
    ("treepath", "bag_keys(…)"),
    ("acos", "abs, sqrt, pow, exp, log"),
    ("asin", "abs, sqrt, pow, exp, log"),
    ("atan", "abs, sqrt, pow, exp, log"),
    ("atan2", "abs, sqrt, pow, exp, log"),
    ("cos", "abs, sqrt, pow, exp, log"),
    ("cot", "abs, sqrt, pow, exp, log"),
    ("sin", "abs, sqrt, pow, exp, log"),
    ("tan", "abs, sqrt, pow, exp, log"),
    ("degrees", "abs, sqrt, pow, exp, log"),
    ("radians", "abs, sqrt, pow, exp, log"),
    ("pi", "abs, sqrt, pow, exp, log"),
    ("beta_cdf", "abs, sqrt, pow, exp, log"),
    ("beta_inv", "abs, sqrt, pow, exp, log"),
    ("beta_pdf", "abs, sqrt, pow, exp, log"),
    ("gamma", "abs, sqrt, pow, exp, log"),
    ("loggamma", "abs, sqrt, pow, exp, log"),
    ("exp2", "abs, sqrt, pow, exp, log"),
    ("exp10", "abs, sqrt, pow, exp, log"),
    ("erf", "abs, sqrt, pow, exp, log"),
    ("erfc", "abs, sqrt, pow, exp, log"),
    ("series_add", "summarize … by bin(time, 1h)"),
    ("series_decompose", "summarize … by bin(time, 1h)"),
    ("series_decompose_anomalies", "summarize … by bin(time, 1h)"),
    ("series_fill_linear", "summarize … by bin(time, 1h)"),
    ("series_fir", "summarize … by bin(time, 1h)"),
    ("series_outliers", "summarize … by bin(time, 1h)"),
    ("series_periods_detect", "summarize … by bin(time, 1h)"),
    ("bin_at", "bin(…)"),
    ("bin_auto", "bin(…)"),
    ("ceil", "ceiling(…)"),
    ("cursor_after", "nothing"),
    ("cursor_current", "nothing"),
    ("extent_id", "nothing"),
    ("extent_tags", "nothing"),
    ("estimate_data_size", "nothing"),
    ("current_cluster_endpoint", "nothing"),
    ("current_database", "nothing"),
    ("datetime_local_to_utc", "times are in UTC; datetime_add(\"hour\", …)"),
    ("datetime_utc_to_local", "times are in UTC; datetime_add(\"hour\", …)"),
    ("datetime_list_timezones", "times are in UTC; datetime_add(\"hour\", …)"),
    ("url_encode_component", "url_decode(…) of the other side"),
    ("base64_decode_toarray", "base64_decode_tostring(…)"),
    ("base64_decode_toguid", "base64_decode_tostring(…)"),
    ("base64_encode_fromarray", "base64_decode_tostring(…)"),
    ("base64_encode_fromguid", "base64_decode_tostring(…)"),
    ("gzip_compress_to_base64_string", "nothing"),
    ("gzip_decompress_from_base64_string", "nothing"),
    ("zlib_compress_to_base64_string", "nothing"),
    ("zlib_decompress_from_base64_string", "nothing"),
    ("hash_combine", "the columns that hold hashes"),
    ("hash_many", "the columns that hold hashes"),
    ("hash_sha1", "the columns that hold hashes"),
    ("hash_xxhash64", "the columns that hold hashes"),
    ("geo_distance_2points", "the columns that enrichment states"),
    ("geo_point_in_circle", "the columns that enrichment states"),
    ("geo_point_in_polygon", "the columns that enrichment states"),
    ("geo_point_to_geohash", "the columns that enrichment states"),
    ("geo_point_to_h3cell", "the columns that enrichment states"),
    ("geo_point_to_s2cell", "the columns that enrichment states"),
    ("has_any_index", "has_any"),
    ("has_any_ipv4", "has_ipv4(…) or has_ipv4(…)"),
    ("has_any_ipv4_prefix", "has_ipv4(…) or has_ipv4(…)"),
    ("ipv4_lookup", "ipv4_is_in_any_range(…), ipv6_is_in_range(…) or …"),
    ("ipv4_range_to_cidr_list", "ipv4_is_in_any_range(…), ipv6_is_in_range(…) or …"),
    ("ipv6_is_in_any_range", "ipv4_is_in_any_range(…), ipv6_is_in_range(…) or …"),
    ("ipv6_lookup", "ipv4_is_in_any_range(…), ipv6_is_in_range(…) or …"),
    ("indexof_regex", "extract(…)"),
    ("replace", "replace_string(…), replace_regex(…)"),
    ("replace_strings", "replace_string(…)"),
    ("translate", "replace_string(…)"),
    ("parse_command_line", "extract(…)"),
    ("parse_urlquery", "extract(…)"),
    ("parse_ipv6_mask", "extract(…)"),
    ("punycode_domain_from_string", "extract(…)"),
    ("punycode_from_string", "extract(…)"),
    ("punycode_to_string", "extract(…)"),
    ("array_rotate_left", "array_slice(…)"),
    ("array_rotate_right", "array_slice(…)"),
    ("array_shift_left", "array_slice(…)"),
    ("array_shift_right", "array_slice(…)"),
    ("array_split", "array_slice(…)"),
    ("repeat", "pack_array(…), mv-expand with two lists"),
    ("zip", "pack_array(…), mv-expand with two lists"),
    ("jaccard_index", "set_intersect(…), set_union(…)"),
    ("bag_set_key", "bag_merge(…)"),
    ("bag_zip", "bag_merge(…)"),
    ("isascii", "matches regex"),
    ("isutf8", "matches regex"),
    ("make_string", "matches regex"),
    ("to_utf8", "matches regex"),
    ("unicode_codepoints_from_string", "matches regex"),
    ("unicode_codepoints_to_string", "matches regex"),
    ("format_bytes", "round(…)"),
    ("row_rank_dense", "sort by, sequence by …"),
    ("row_rank_min", "sort by, sequence by …"),
    ("row_window_session", "sort by, sequence by …"),
    ("welch_test", "percentile(…)"),
    ("percentrank_tdigest", "percentile(…)"),
    ("percentile_tdigest", "percentile(…)"),
    ("rank_tdigest", "percentile(…)"),
    ("merge_tdigest", "percentile(…)"),
    ("dcount_intersect", "dcount(…)"),
    ("not_empty", "isnotempty(…)"),
    ("strcat_ws", "strcat_delim(…)"),
];

/// Functions by name; operators are not among them.
static BY_NAME: LazyLock<BTreeMap<&'static str, Builtin>> = LazyLock::new(|| {
    let named = Builtin::ALL.iter().filter(|builtin| builtin.area() != Area::Operators);
    let named =
        named.filter_map(|builtin| builtin.written().split_once('(').map(|(name, _)| (name, *builtin)));
    named.chain(ALIASES).collect()
});

static SIGNATURES: LazyLock<BTreeMap<Builtin, Signature>> = LazyLock::new(|| {
    let functions = Builtin::ALL.iter().filter(|builtin| builtin.area() != Area::Operators);
    functions.filter_map(|builtin| Some((*builtin, Signature::read(builtin.written())?))).collect()
});

impl Builtin {
    /// The function called `name`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        BY_NAME.get(name).copied()
    }

    /// Names of all functions, other names included.
    pub fn names() -> impl Iterator<Item = &'static str> {
        BY_NAME.keys().copied()
    }

    /// What a function takes and gives; nothing for operators.
    #[must_use]
    pub fn signature(self) -> Option<&'static Signature> {
        SIGNATURES.get(&self)
    }

    /// Whether it asks something of its arguments: of a source field with several values one is enough.
    #[must_use]
    pub fn is_test(self) -> bool {
        use Builtin::*;
        let is_connective = matches!(
            self,
            And | Or | Not | Negate | Add | Subtract | Multiply | Divide | Modulo | SourceField | Get
        );
        let is_network = matches!(
            self,
            Ipv4InRange
                | Ipv4InAnyRange
                | Ipv4IsMatch
                | Ipv4IsPrivate
                | Ipv6InRange
                | Ipv6IsMatch
                | HasIpv4
                | HasIpv4Prefix
        );
        is_network || (self.area() == Area::Operators && !is_connective)
    }

    /// Its name; of an operator how it is written.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.signature().map_or(self.written(), |signature| signature.name)
    }
}

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

/// Aggregates that KQL has and this has not, with what to write instead.
pub const REFUSED_AGGREGATES: [(&str, &str); 14] = [
    ("hll", "dcount(…)"),
    ("hll_merge", "dcount(…)"),
    ("dcount_hll", "dcount(…)"),
    ("tdigest", "percentile(…)"),
    ("tdigest_merge", "percentile(…)"),
    ("percentilew", "percentile(…)"),
    ("percentilesw", "percentiles(…)"),
    ("percentiles_array", "percentiles(…)"),
    ("make_bag", "make_list(…)"),
    ("buildschema", "getschema"),
    ("binary_all_or", "sum(…), or dcount(…)"),
    ("covariance", "stdev(…)"),
    ("stdevif", "where, then stdev(…)"),
    ("varianceif", "where, then variance(…)"),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_has_a_signature() {
        for builtin in Builtin::ALL.iter().filter(|builtin| builtin.area() != Area::Operators) {
            let signature = builtin.signature().unwrap_or_else(|| panic!("{}", builtin.written()));
            assert_eq!(Builtin::named(signature.name), Some(*builtin));
        }
    }

    #[test]
    fn no_name_is_both_supported_and_refused() {
        for (name, _) in REFUSED_FUNCTIONS {
            assert_eq!(Builtin::named(name), None, "{name}");
        }
        for (name, _) in REFUSED_AGGREGATES {
            assert_eq!(AggregateFunction::named(name), None, "{name}");
        }
    }
}
