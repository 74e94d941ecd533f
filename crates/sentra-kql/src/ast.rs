//! A question as it was written: what [`crate::parse`] gives, what prints as text that parses to the same,
//! and what other skins (the search bar, plain English) build. `search` is read as the `where` that it is.

use sentra_model::Timestamp;
use serde_json::Value as Json;

use crate::span::At;
use crate::value::Kind;

/// A whole question.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// What is named before the question, in order.
    pub lets: Vec<Let>,
    /// The question itself.
    pub pipeline: Pipeline,
}

/// `let NAME = …;`
#[derive(Debug, Clone, PartialEq)]
pub struct Let {
    /// The name.
    pub name: Name,
    /// What it stands for.
    pub value: LetValue,
}

/// What a `let` names.
#[derive(Debug, Clone, PartialEq)]
pub enum LetValue {
    /// One value. A bare name of another `let` is read as [`LetValue::Tabular`]: the two look the same.
    Scalar(Expr),
    /// Rows.
    Tabular(Pipeline),
}

/// A name with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// The name, without quotes or brackets.
    pub text: String,
    /// Where it was written.
    pub at: At,
}

/// Rows and what is done with them, in order.
#[derive(Debug, Clone, PartialEq)]
pub struct Pipeline {
    /// Where the rows come from.
    pub source: Source,
    /// What is done with them.
    pub steps: Vec<Step>,
}

/// Where rows come from.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// Which.
    pub kind: SourceKind,
    /// Where it was written.
    pub at: At,
}

/// The kinds of sources.
#[derive(Debug, Clone, PartialEq)]
pub enum SourceKind {
    /// A table, or what a `let` names.
    Table(String),
    /// `event("ID")`: one event by its id.
    Event(String),
    /// `union A, B`
    Union(Union),
    /// `print A = 1, 2`: one row.
    Print(Vec<Named>),
    /// `datatable(A: long, B: string) [1, "x", 2, "y"]`
    Datatable {
        /// Names and kinds.
        columns: Vec<(Name, Kind)>,
        /// The values, row by row.
        values: Vec<Expr>,
    },
    /// `range N from 1 to 10 step 2`
    Range {
        /// The one column.
        column: Name,
        /// The first value.
        from: Expr,
        /// No value is beyond it.
        to: Expr,
        /// The difference.
        step: Expr,
    },
    /// A pipeline in brackets.
    Nested(Box<Pipeline>),
}

/// An expression with a name of its own, or without.
#[derive(Debug, Clone, PartialEq)]
pub struct Named {
    /// The name before `=`.
    pub name: Option<Name>,
    /// The expression.
    pub value: Expr,
}

/// One operator of a pipeline.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Which.
    pub operator: Operator,
    /// Where it was written.
    pub at: At,
}

/// The operators.
#[derive(Debug, Clone, PartialEq)]
pub enum Operator {
    /// `where CONDITION`
    Where(Expr),
    /// `count`
    Count,
    /// `project A, B = …`
    Project(Vec<Named>),
    /// `project-away A, B*`
    ProjectAway(Vec<Pattern>),
    /// `project-keep A, B*`
    ProjectKeep(Vec<Pattern>),
    /// `project-rename NEW = OLD`, as pairs of the new and the old name.
    ProjectRename(Vec<(Name, Name)>),
    /// `project-reorder A, B* asc`
    ProjectReorder(Vec<(Pattern, Option<Direction>)>),
    /// `extend A = …`
    Extend(Vec<Named>),
    /// `summarize A = count() by B`
    Summarize {
        /// What is computed.
        aggregates: Vec<Named>,
        /// For each what.
        keys: Vec<Named>,
    },
    /// `sort by A desc`
    Sort(Vec<SortKey>),
    /// `top 10 by A`
    Top {
        /// How many rows.
        rows: Expr,
        /// In which order.
        key: SortKey,
    },
    /// `take 10`
    Take(Expr),
    /// `distinct A, B`; nothing is `*`.
    Distinct(Vec<Named>),
    /// `join kind=inner (T) on A`
    Join(Join),
    /// `lookup (T) on A`
    Lookup(Join),
    /// `union T`
    Union(Union),
    /// `parse A with …`
    Parse(Parse),
    /// `mv-expand A`
    MvExpand(MvExpand),
    /// `render timechart`: how to show the rows, nothing that changes them.
    Render(Render),
    /// `getschema`
    GetSchema,
    /// `sequence by A maxspan=1h [ … ] [ … ]`, an extension.
    Sequence(Sequence),
}

/// A column's name, or several with `*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// The name or pattern.
    pub name: Name,
    /// Whether `*` stands for any characters.
    pub wild: bool,
}

/// Upwards or downwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// The smallest first.
    Ascending,
    /// The largest first.
    Descending,
}

/// By what rows are sorted.
#[derive(Debug, Clone, PartialEq)]
pub struct SortKey {
    /// The expression.
    pub value: Expr,
    /// Downwards unless it is said.
    pub direction: Option<Direction>,
    /// Whether nulls come first: the default when ascending, not when descending.
    pub nulls_first: Option<bool>,
}

/// Which rows a join gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JoinKind {
    /// Of left rows with the same keys one only, then as `Inner`. The default.
    InnerUnique,
    /// Every pair that matches.
    Inner,
    /// Every pair that matches, and left rows without a match.
    LeftOuter,
    /// Every pair that matches, and right rows without a match.
    RightOuter,
    /// Every pair that matches, and rows of either side without a match.
    FullOuter,
    /// Left rows without a match.
    LeftAnti,
    /// Right rows without a match.
    RightAnti,
    /// Left rows with a match.
    LeftSemi,
    /// Right rows with a match.
    RightSemi,
}

impl JoinKind {
    /// The kinds and their words; the first word of a kind is the one that is printed.
    pub const WORDS: [(&'static str, Self); 14] = [
        ("innerunique", Self::InnerUnique),
        ("inner", Self::Inner),
        ("leftouter", Self::LeftOuter),
        ("rightouter", Self::RightOuter),
        ("fullouter", Self::FullOuter),
        ("leftanti", Self::LeftAnti),
        ("rightanti", Self::RightAnti),
        ("leftsemi", Self::LeftSemi),
        ("rightsemi", Self::RightSemi),
        ("anti", Self::LeftAnti),
        ("leftantisemi", Self::LeftAnti),
        ("rightantisemi", Self::RightAnti),
        ("outer", Self::FullOuter),
        ("semi", Self::LeftSemi),
    ];

    /// As it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::WORDS.iter().find(|(_, kind)| *kind == self).map_or("inner", |(word, _)| word)
    }
}

/// A join with a second pipeline.
#[derive(Debug, Clone, PartialEq)]
pub struct Join {
    /// Which rows it gives; for a lookup `LeftOuter` or `Inner`.
    pub kind: JoinKind,
    /// The right side.
    pub right: Pipeline,
    /// What must be equal.
    pub on: Vec<JoinKey>,
}

/// What must be equal in a join.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinKey {
    /// Column of the left side.
    pub left: Name,
    /// Column of the right side.
    pub right: Name,
}

/// Rows of several pipelines.
#[derive(Debug, Clone, PartialEq)]
pub struct Union {
    /// Whether only the columns that all of them have are given.
    pub inner: bool,
    /// A column that says which table a row is from.
    pub source_column: Option<Name>,
    /// The pipelines. Of the operator without the one it stands in.
    pub inputs: Vec<Pipeline>,
}

/// How a `parse` reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ParseMode {
    /// Texts are texts; a row that does not fit, or a value that is not of its kind, gives nothing.
    Simple,
    /// As simple, but a value that is not of its kind is null, and the others remain.
    Relaxed,
    /// Texts are regular expressions.
    Regex,
}

/// `parse A with "user=" user:string " " *`
#[derive(Debug, Clone, PartialEq)]
pub struct Parse {
    /// How.
    pub mode: ParseMode,
    /// `parse-where`: rows that do not fit are left out.
    pub only_matching: bool,
    /// What is read.
    pub value: Expr,
    /// What it looks like.
    pub parts: Vec<ParsePart>,
}

/// A part of what a `parse` expects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParsePart {
    /// `*`: anything.
    Any,
    /// This text.
    Text(String),
    /// What becomes a column.
    Column(Name, Kind),
}

/// `mv-expand A = list to typeof(string) limit 10`
#[derive(Debug, Clone, PartialEq)]
pub struct MvExpand {
    /// `with_itemindex=`: a column with the place in the list, from 0.
    pub index: Option<Name>,
    /// The lists, expanded side by side.
    pub items: Vec<MvItem>,
    /// Most rows from one.
    pub limit: Option<Expr>,
}

/// A list that is expanded.
#[derive(Debug, Clone, PartialEq)]
pub struct MvItem {
    /// The list, and what the values are called.
    pub named: Named,
    /// What the values become.
    pub kind: Option<Kind>,
}

/// `render timechart with (title = "x")`
#[derive(Debug, Clone, PartialEq)]
pub struct Render {
    /// What kind of picture.
    pub chart: Name,
    /// What else was said about it: names with their values.
    pub properties: Vec<(Name, Vec<Expr>)>,
}

/// `sequence by user maxspan=1h [ code == "LL03" ] [ code == "LL01" ] until [ code == "SA07" ]`
#[derive(Debug, Clone, PartialEq)]
pub struct Sequence {
    /// Columns that must be the same in all of its events.
    pub keys: Vec<Name>,
    /// The longest time from the first to the last event.
    pub maxspan: Option<Expr>,
    /// A condition for each event, in order.
    pub steps: Vec<Expr>,
    /// What ends a sequence that is not complete.
    pub until: Option<Expr>,
}

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// Which.
    pub kind: ExprKind,
    /// Where it was written.
    pub at: At,
}

/// The kinds of expressions.
#[derive(Debug, Clone, PartialEq)]
pub enum ExprKind {
    /// A value.
    Literal(Literal),
    /// A column, a source field, or what a `let` names.
    Name(String),
    /// `*`: every column.
    Star,
    /// `A.b`
    Member(Box<Expr>, String),
    /// `A[b]`
    Index(Box<Expr>, Box<Expr>),
    /// `-A`
    Negate(Box<Expr>),
    /// `not(A)`
    Not(Box<Expr>),
    /// `A and B and …`, at least two.
    And(Vec<Expr>),
    /// `A or B or …`, at least two.
    Or(Vec<Expr>),
    /// `A + B`
    Arithmetic {
        /// Which.
        op: Arithmetic,
        /// Before it.
        left: Box<Expr>,
        /// After it.
        right: Box<Expr>,
    },
    /// `A == B`
    Compare {
        /// How.
        op: Comparison,
        /// Before it.
        left: Box<Expr>,
        /// After it.
        right: Box<Expr>,
    },
    /// `A in (B, C)`
    In {
        /// How.
        op: Membership,
        /// What is looked for.
        value: Box<Expr>,
        /// Where.
        set: Set,
    },
    /// `A between (B .. C)`
    Between {
        /// `!between`
        negated: bool,
        /// What is compared.
        value: Box<Expr>,
        /// The least.
        low: Box<Expr>,
        /// The greatest.
        high: Box<Expr>,
    },
    /// `f(A, B)`
    Call {
        /// The function.
        function: Name,
        /// Its arguments.
        arguments: Vec<Expr>,
    },
}

/// The right side of `in`.
#[derive(Debug, Clone, PartialEq)]
pub enum Set {
    /// Values. A single name may turn out to be a table.
    List(Vec<Expr>),
    /// The first column of a pipeline.
    Table(Box<Pipeline>),
}

/// What arithmetic there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Arithmetic {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `%`
    Modulo,
}

impl Arithmetic {
    /// As it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Modulo => "%",
        }
    }
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `=~`
    EqualCaseless,
    /// `!~`
    NotEqualCaseless,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `matches regex`
    MatchesRegex,
    /// `has`, `!contains_cs` …
    Text {
        /// Where the text must be.
        test: TextTest,
        /// Whether it must not be.
        negated: bool,
        /// Whether upper and lower case differ.
        cased: bool,
    },
}

/// Where a text must be in another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TextTest {
    /// Anywhere.
    Contains,
    /// At the beginning.
    StartsWith,
    /// At the end.
    EndsWith,
    /// As a whole term.
    Has,
    /// At the beginning of a term.
    HasPrefix,
    /// At the end of a term.
    HasSuffix,
}

impl TextTest {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Contains, Self::StartsWith, Self::EndsWith, Self::Has, Self::HasPrefix, Self::HasSuffix];

    /// As it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Contains => "contains",
            Self::StartsWith => "startswith",
            Self::EndsWith => "endswith",
            Self::Has => "has",
            Self::HasPrefix => "hasprefix",
            Self::HasSuffix => "hassuffix",
        }
    }
}

impl Comparison {
    /// As it is written.
    #[must_use]
    pub fn text(self) -> String {
        match self {
            Self::Equal => "==".into(),
            Self::NotEqual => "!=".into(),
            Self::EqualCaseless => "=~".into(),
            Self::NotEqualCaseless => "!~".into(),
            Self::Less => "<".into(),
            Self::LessOrEqual => "<=".into(),
            Self::Greater => ">".into(),
            Self::GreaterOrEqual => ">=".into(),
            Self::MatchesRegex => "matches regex".into(),
            Self::Text { test, negated, cased } => {
                let (not, case) = (if negated { "!" } else { "" }, if cased { "_cs" } else { "" });
                format!("{not}{}{case}", test.as_str())
            }
        }
    }

    /// The text comparison written as the word `word`.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        let (negated, plain) = word.strip_prefix('!').map_or((false, word), |rest| (true, rest));
        let (cased, plain) = plain.strip_suffix("_cs").map_or((false, plain), |rest| (true, rest));
        let test = TextTest::ALL.into_iter().find(|test| test.as_str() == plain)?;
        Some(Self::Text { test, negated, cased })
    }
}

/// How a value is looked for among others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Membership {
    /// `in`
    In,
    /// `!in`
    NotIn,
    /// `in~`
    InCaseless,
    /// `!in~`
    NotInCaseless,
    /// `has_any`: one of the values is a term of it.
    HasAny,
    /// `has_all`: all of the values are terms of it.
    HasAll,
}

impl Membership {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::In, Self::NotIn, Self::InCaseless, Self::NotInCaseless, Self::HasAny, Self::HasAll];

    /// As it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::NotIn => "!in",
            Self::InCaseless => "in~",
            Self::NotInCaseless => "!in~",
            Self::HasAny => "has_any",
            Self::HasAll => "has_all",
        }
    }
}

/// A value written in a question.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// Nothing, of a kind: `long(null)`.
    Null(Kind),
    /// True or false.
    Bool(bool),
    /// A whole number.
    Long(i64),
    /// A number with a fraction.
    Real(f64),
    /// Text.
    String(String),
    /// A moment.
    DateTime(Timestamp),
    /// A span of time in microseconds.
    TimeSpan(i64),
    /// JSON.
    Dynamic(Json),
}

impl Name {
    /// A name that was not read from a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), at: At::default() }
    }
}

impl Named {
    /// An expression without a name.
    #[must_use]
    pub fn plain(value: Expr) -> Self {
        Self { name: None, value }
    }

    /// An expression with a name.
    pub fn called(name: impl Into<String>, value: Expr) -> Self {
        Self { name: Some(Name::new(name)), value }
    }
}

impl From<ExprKind> for Expr {
    fn from(kind: ExprKind) -> Self {
        Self { kind, at: At::default() }
    }
}

impl From<Operator> for Step {
    fn from(operator: Operator) -> Self {
        Self { operator, at: At::default() }
    }
}

impl Pipeline {
    /// All rows of a table.
    pub fn table(name: impl Into<String>) -> Self {
        Self { source: Source { kind: SourceKind::Table(name.into()), at: At::default() }, steps: Vec::new() }
    }

    /// The same with one more step.
    #[must_use]
    pub fn then(mut self, operator: Operator) -> Self {
        self.steps.push(operator.into());
        self
    }
}

impl From<Pipeline> for Query {
    fn from(pipeline: Pipeline) -> Self {
        Self { lets: Vec::new(), pipeline }
    }
}

/// Short ways to build expressions.
impl Expr {
    /// A column, a source field, or what a `let` names.
    pub fn name(text: impl Into<String>) -> Self {
        ExprKind::Name(text.into()).into()
    }

    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        ExprKind::Literal(Literal::String(text.into())).into()
    }

    /// A whole number.
    #[must_use]
    pub fn long(number: i64) -> Self {
        ExprKind::Literal(Literal::Long(number)).into()
    }

    /// A span of time in microseconds.
    #[must_use]
    pub fn span(micros: i64) -> Self {
        ExprKind::Literal(Literal::TimeSpan(micros)).into()
    }

    /// A moment.
    #[must_use]
    pub fn moment(moment: Timestamp) -> Self {
        ExprKind::Literal(Literal::DateTime(moment)).into()
    }

    /// A call of `function`.
    pub fn call(function: impl Into<String>, arguments: Vec<Self>) -> Self {
        ExprKind::Call { function: Name::new(function), arguments }.into()
    }

    /// This compared with `right`.
    #[must_use]
    pub fn compare(self, op: Comparison, right: Self) -> Self {
        ExprKind::Compare { op, left: self.into(), right: right.into() }.into()
    }

    /// Not this.
    #[must_use]
    pub fn negated(self) -> Self {
        ExprKind::Not(self.into()).into()
    }

    /// All of `parts`; `true` when there is none.
    #[must_use]
    pub fn all(parts: Vec<Self>) -> Self {
        Self::joined(parts, ExprKind::And, true)
    }

    /// Any of `parts`; `false` when there is none.
    #[must_use]
    pub fn any(parts: Vec<Self>) -> Self {
        Self::joined(parts, ExprKind::Or, false)
    }

    fn joined(mut parts: Vec<Self>, join: fn(Vec<Self>) -> ExprKind, empty: bool) -> Self {
        match (parts.len(), parts.pop()) {
            (1, Some(only)) => only,
            (_, Some(last)) => {
                parts.push(last);
                join(parts).into()
            }
            (_, None) => ExprKind::Literal(Literal::Bool(empty)).into(),
        }
    }
}
