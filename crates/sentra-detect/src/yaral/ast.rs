//! A rule as it was written.

/// The line of a node, from 1. Where something stands is no part of what it says: all lines are equal.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Line(pub(crate) u64);

impl PartialEq for Line {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

/// A rule.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RuleAst {
    pub(crate) name: String,
    pub(crate) line: Line,
    pub(crate) meta: Vec<Entry>,
    pub(crate) setup: Vec<Node>,
    /// All of them must hold.
    pub(crate) events: Vec<Node>,
    pub(crate) matching: Option<MatchSection>,
    pub(crate) outcome: Vec<Entry>,
    pub(crate) condition: Vec<Node>,
    pub(crate) export: Vec<Node>,
    pub(crate) options: Vec<Entry>,
}

/// `name = value`, in meta, outcome and options.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) line: Line,
    pub(crate) value: Node,
}

/// `$a, $b over 10m`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct MatchSection {
    pub(crate) line: Line,
    pub(crate) variables: Vec<(String, Line)>,
    /// In seconds, and the unit it was written in.
    pub(crate) length: (i64, char),
    pub(crate) window: WindowKind,
}

/// How windows are laid over the events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum WindowKind {
    /// `over 10m`: overlapping.
    Hop,
    /// `over 10m after $pivot`, `before $pivot`.
    Sliding {
        /// The event variable that begins or ends each window.
        pivot: String,
        /// The window follows it.
        after: bool,
    },
    /// `by 10m`: one after the other.
    Tumbling,
}

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) line: Line,
    pub(crate) term: Term,
}

/// What an expression is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Term {
    Text {
        text: String,
        raw: bool,
    },
    Integer(i64),
    Float(f64),
    Bool(bool),
    Regex(String),
    Duration(i64, char),
    /// `$e.principal.ip`
    Field(FieldPath),
    /// `$name`: a placeholder, an outcome or an event variable.
    Variable(String),
    /// `#name`
    Count(String),
    /// `%list` or `%table.column`
    List {
        name: String,
        column: Option<String>,
    },
    /// A bare word, `window_start`.
    Word(String),
    Call {
        function: String,
        arguments: Vec<Node>,
    },
    /// `period:1d`, an argument with a name.
    Named(String, Box<Node>),
    Negative(Box<Node>),
    /// Of one precedence, from left to right.
    Arithmetic(Box<Node>, Vec<(ArithmeticSign, Node)>),
    Compare {
        sign: CompareSign,
        left: Box<Node>,
        right: Box<Node>,
        nocase: bool,
    },
    In {
        item: Box<Node>,
        list: Box<Node>,
        kind: ListKind,
        negated: bool,
        nocase: bool,
    },
    /// `re.regex(…) nocase`
    NoCase(Box<Node>),
    Not(Box<Node>),
    And(Vec<Node>),
    Or(Vec<Node>),
}

/// A field of an event variable.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FieldPath {
    pub(crate) variable: String,
    pub(crate) steps: Vec<Step>,
    pub(crate) quantifier: Option<Quantifier>,
}

/// One step of a path.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Step {
    /// `.name`
    Name(String),
    /// `["key"]`
    Key(String),
    /// `[0]`
    Index(u32),
}

/// `any` or `all` before a repeated field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quantifier {
    Any,
    All,
}

/// How an item is looked for in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ListKind {
    Text,
    Regex,
    Cidr,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ArithmeticSign {
    Plus,
    Minus,
    Times,
    Over,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CompareSign {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl ArithmeticSign {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Plus => "+",
            Self::Minus => "-",
            Self::Times => "*",
            Self::Over => "/",
        }
    }
}

impl CompareSign {
    pub(crate) const ALL: [Self; 6] =
        [Self::Equal, Self::NotEqual, Self::Less, Self::LessOrEqual, Self::Greater, Self::GreaterOrEqual];

    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }

    /// The sign for exchanged sides.
    pub(crate) fn mirrored(self) -> Self {
        match self {
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::Greater => Self::Less,
            Self::GreaterOrEqual => Self::LessOrEqual,
            same => same,
        }
    }
}

impl Node {
    /// The nodes directly below.
    pub(crate) fn children(&self) -> Vec<&Self> {
        match &self.term {
            Term::Call { arguments, .. } => arguments.iter().collect(),
            Term::Arithmetic(first, rest) => {
                std::iter::once(&**first).chain(rest.iter().map(|(_, node)| node)).collect()
            }
            Term::Compare { left, right, .. } => vec![left, right],
            Term::In { item, list, .. } => vec![item, list],
            Term::Named(_, node) | Term::Negative(node) | Term::NoCase(node) | Term::Not(node) => vec![node],
            Term::And(parts) | Term::Or(parts) => parts.iter().collect(),
            _ => Vec::new(),
        }
    }

    /// Calls `visit` with this node and everything below it; the parser limits the depth.
    pub(crate) fn walk<'a>(&'a self, visit: &mut impl FnMut(&'a Self)) {
        visit(self);
        for child in self.children() {
            child.walk(visit);
        }
    }
}

impl FieldPath {
    /// The names of the path, joined by dots, without keys and indices.
    pub(crate) fn name(&self) -> String {
        let names: Vec<&str> = self
            .steps
            .iter()
            .filter_map(|step| match step {
                Step::Name(name) => Some(name.as_str()),
                _ => None,
            })
            .collect();
        names.join(".")
    }
}
