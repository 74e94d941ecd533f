use serde::Serialize;

use super::Area;

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
