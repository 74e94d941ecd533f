//! A list, or a column of a table: cells of one kind, and how to find them.

use std::net::IpAddr;
use std::sync::OnceLock;

use foldhash::quality::RandomState;
use hashbrown::HashMap;

use super::networks::NetworkIndex;
use super::regexes::RegexIndex;
use super::texts::TextIndex;
use super::{Cell, Reporter};
use crate::test::Network;
use crate::yaral::value::Value;

/// What the cells are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ColumnKind {
    Text,
    Regex,
    Cidr,
    Number,
}

/// How a rule asks: `in`, `in regex`, `in cidr`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Matching {
    Whole,
    Regex,
    Cidr,
}

/// Cells of one kind. An empty cell is nothing: no value is in it.
#[derive(Debug)]
pub(crate) struct Column {
    name: String,
    kind: ColumnKind,
    cells: Vec<String>,
    index: Index,
}

#[derive(Debug)]
enum Index {
    /// The second ignores case, and is made when a rule first wants it.
    Texts(TextIndex, OnceLock<TextIndex>),
    Regexes {
        cased: RegexIndex,
        folded: RegexIndex,
    },
    Networks(NetworkIndex),
    Numbers(HashMap<Value, Vec<u32>, RandomState>),
}

impl ColumnKind {
    /// The kind of that name in the header of a table.
    pub(super) fn read(name: &str) -> Option<Self> {
        let kinds = [Self::Text, Self::Regex, Self::Cidr, Self::Number];
        if name.eq_ignore_ascii_case("text") {
            return Some(Self::Text);
        }
        kinds.into_iter().find(|kind| kind.name().eq_ignore_ascii_case(name))
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Text => "string",
            Self::Regex => "regex",
            Self::Cidr => "cidr",
            Self::Number => "number",
        }
    }
}

impl Column {
    /// A column of cells, row by row; cells that cannot be used are reported and empty.
    pub(super) fn new(name: &str, kind: ColumnKind, cells: Vec<Cell>, reporter: &mut Reporter<'_>) -> Self {
        let lines: Vec<u64> = cells.iter().map(|cell| cell.line).collect();
        let mut cells: Vec<String> = cells.into_iter().map(|cell| cell.text).collect();
        let line = |row: u32| lines.get(row as usize).copied().unwrap_or(1);
        let index = match kind {
            ColumnKind::Text => Index::Texts(TextIndex::new(&cells, false), OnceLock::new()),
            ColumnKind::Regex => {
                // First those that ignore case, which are the larger ones: what is refused there is in neither.
                let mut left_out = Vec::new();
                let folded =
                    RegexIndex::new(&filled(&cells), true, |row, message| left_out.push((row, message)));
                for (row, message) in left_out {
                    reporter.warning(line(row), message);
                    if let Some(cell) = cells.get_mut(row as usize) {
                        cell.clear();
                    }
                }
                let cased = RegexIndex::new(&filled(&cells), false, |row, message| {
                    reporter.warning(line(row), message)
                });
                Index::Regexes { cased, folded }
            }
            ColumnKind::Cidr => {
                let mut networks = NetworkIndex::default();
                for (row, cell) in (0..).zip(&cells).filter(|(_, cell)| !cell.trim().is_empty()) {
                    match Network::read(cell) {
                        Some(network) => networks.insert(network, row),
                        None => reporter
                            .warning(line(row), format!("{cell:?} is not a network, as in 192.0.2.0/24")),
                    }
                }
                Index::Networks(networks)
            }
            ColumnKind::Number => {
                let mut numbers: HashMap<Value, Vec<u32>, RandomState> = HashMap::default();
                for (row, cell) in (0..).zip(&cells).filter(|(_, cell)| !cell.trim().is_empty()) {
                    match Value::from(cell.as_str()).to_number() {
                        Some(number) => numbers.entry(number).or_default().push(row),
                        None => reporter.warning(line(row), format!("{cell:?} is not a number")),
                    }
                }
                Index::Numbers(numbers)
            }
        };
        Self { name: name.to_owned(), kind, cells, index }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn kind(&self) -> ColumnKind {
        self.kind
    }

    pub(crate) fn cells(&self) -> &[String] {
        &self.cells
    }

    /// The value of a row: nothing where the cell is empty or no number of a column of numbers.
    pub(crate) fn value(&self, row: u32) -> Value {
        match self.cells.get(row as usize).map(String::as_str) {
            None | Some("") => Value::Null,
            Some(cell) if self.kind == ColumnKind::Number => {
                Value::from(cell).to_number().unwrap_or_default()
            }
            Some(cell) => cell.into(),
        }
    }

    /// Whether a rule may ask so; the error is fit for its author.
    pub(crate) fn check(&self, matching: Matching, nocase: bool) -> Result<(), String> {
        let (wanted, right) = match self.kind {
            ColumnKind::Text | ColumnKind::Number => (Matching::Whole, "in"),
            ColumnKind::Regex => (Matching::Regex, "in regex"),
            ColumnKind::Cidr => (Matching::Cidr, "in cidr"),
        };
        if matching != wanted {
            return Err(format!("a list of kind {} is asked with {right:?}", self.kind.name()));
        }
        if nocase && matches!(self.kind, ColumnKind::Cidr | ColumnKind::Number) {
            return Err(format!("nocase means nothing for a list of kind {}", self.kind.name()));
        }
        Ok(())
    }

    /// Whether the value, or one of a list of values, is in the column, in the way that its kind asks for: the
    /// text itself, matched by an expression, in a network, the same number. What is missing is in no list.
    pub(crate) fn contains(&self, value: &Value, nocase: bool) -> bool {
        match (value, &self.index) {
            (Value::Null, _) => false,
            (Value::List(values), _) => {
                values.iter().any(|value| !value.is_list() && self.contains(value, nocase))
            }
            (value, Index::Texts(cased, folded)) => {
                let index =
                    if nocase { folded.get_or_init(|| TextIndex::new(&self.cells, true)) } else { cased };
                index.contains(&self.cells, &value.to_text())
            }
            (value, Index::Regexes { cased, folded }) => {
                (if nocase { folded } else { cased }).contains(&value.to_text())
            }
            (value, Index::Networks(networks)) => {
                address(value).is_some_and(|address| networks.contains(address))
            }
            (value, Index::Numbers(numbers)) => {
                value.to_number().is_some_and(|number| numbers.contains_key(&number))
            }
        }
    }

    /// The rows that the value is in, ascending.
    pub(crate) fn rows(&self, value: &Value, nocase: bool) -> Vec<u32> {
        match (value, &self.index) {
            (Value::Null, _) => Vec::new(),
            (Value::List(values), _) => {
                let plain = values.iter().filter(|value| !value.is_list());
                let mut rows: Vec<u32> = plain.flat_map(|value| self.rows(value, nocase)).collect();
                rows.sort_unstable();
                rows.dedup();
                rows
            }
            (value, Index::Texts(cased, folded)) => {
                let index =
                    if nocase { folded.get_or_init(|| TextIndex::new(&self.cells, true)) } else { cased };
                index.rows(&self.cells, &value.to_text()).collect()
            }
            (value, Index::Regexes { cased, folded }) => {
                (if nocase { folded } else { cased }).rows(&value.to_text())
            }
            (value, Index::Networks(networks)) => {
                address(value).map_or_else(Vec::new, |address| networks.rows(address))
            }
            (value, Index::Numbers(numbers)) => {
                let rows = value.to_number().and_then(|number| numbers.get(&number));
                rows.cloned().unwrap_or_default()
            }
        }
    }
}

/// The cells that are not empty, with their rows.
fn filled(cells: &[String]) -> Vec<(u32, &str)> {
    (0..).zip(cells.iter().map(String::as_str)).filter(|(_, cell)| !cell.is_empty()).collect()
}

fn address(value: &Value) -> Option<IpAddr> {
    value.as_str()?.trim().parse().ok()
}
