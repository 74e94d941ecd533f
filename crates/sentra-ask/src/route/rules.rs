use serde::Serialize;

macro_rules! rules {
    ($($rule:ident $doc:literal),+ $(,)?) => {
        /// A rule of the router.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, utoipa::ToSchema)]
        pub enum RuleId {
            $(#[doc = $doc] $rule,)+
        }

        impl RuleId {
            /// Every rule.
            pub const ALL: &'static [Self] = &[$(Self::$rule),+];

            /// Its id, `R10`.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$rule => stringify!($rule),)+ }
            }

            /// What it says, in lower case.
            #[must_use]
            pub fn doc(self) -> &'static str {
                match self { $(Self::$rule => $doc,)+ }
            }
        }
    };
}

rules! {
    R01 "it is SQL: a statement's first word and what must follow it",
    R02 "it is KQL: a pipe with an operator behind it",
    R03 "it is KQL: a table, a statement or a comparison, without a pipe",
    R04 "it is KQL: event(\"…\") names one event",
    R05 "it is the search bar's shorthand: field:value",
    R06 "it is the search bar's shorthand: ids, addresses, names and phrases without a sentence",
    R07 "it is plain English",
    R08 "there is nothing in it",
    R09 "it is longer than a question may be",
    R10 "one record is named by its id",
    R11 "a field is compared with an address, a hash or an id",
    R12 "records are wanted as they are",
    R13 "records are counted or summed",
    R14 "different values are wanted, not records",
    R15 "the largest of something computed are wanted",
    R16 "records are joined or followed over time",
    R17 "a series or a picture is wanted",
    R18 "similar(…) or near(…) asks for what is like something",
    R19 "what is like something is computed on: first the one, then the other",
    R20 "an operator is unknown; the nearest one is taken",
    R30 "words ask for what is like something",
    R31 "how many, how often, count",
    R32 "how many different",
    R33 "top, most, rarest",
    R34 "by, per, for each, which, who, where from",
    R35 "two periods are compared",
    R36 "over time, trend, chart",
    R37 "sum, average, largest",
    R38 "when last, when first",
    R39 "a threshold on a count",
    R40 "several questions in one, in order",
    R41 "one record is asked for by its id",
    R42 "a name, an address or a phrase is looked for",
    R43 "records of a kind are listed",
    R44 "words that are not understood say that something is computed",
    R49 "nothing says that anything is computed; records are looked for",
    R50 "fields have values",
    R51 "an id, an address or a hash is looked for",
    R52 "a phrase is looked for",
    R53 "words are looked for",
    R60 "an aggregate, a grouping, a join or a set operation",
    R61 "rows of a table",
    R62 "it would change something, and is refused",
}
