//! Reference lists and data tables that rules ask by name (`%name`, `%table.column`).
//!
//! They are text that the caller read: a list has an entry per line, a table is CSV with a header. What was
//! loaded never changes; a reload makes new [`Lists`] and swaps them ([`SharedLists`]), and whoever evaluates
//! holds one `Arc` over a batch, so that a batch is evaluated with one state of the lists.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use crate::problem::{ProblemSeverity, RuleProblem};
use crate::text::hint;
use crate::yaral::value::Value;

pub(crate) use column::{Column, ColumnKind, Matching};
pub(crate) use table::Table;

mod column;
mod networks;
mod regexes;
mod table;
#[cfg(test)]
mod tests;
mod texts;

/// Most lists and tables.
pub(crate) const LISTS_MAX: usize = 10_000;

/// Largest list or table, in bytes of text.
pub(crate) const LIST_BYTES_MAX: usize = 256 << 20;

/// Most entries of a list, or rows of a table.
pub(crate) const LIST_ENTRIES_MAX: usize = 2_000_000;

/// Most entries of a list of regular expressions.
pub(crate) const REGEX_ENTRIES_MAX: usize = 10_000;

/// Longest entry, in bytes.
pub(crate) const ENTRY_BYTES_MAX: usize = 16 << 10;

/// Most problems of one list that are told one by one.
const LIST_PROBLEMS_MAX: usize = 100;

/// A list or a table, as somebody wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListSource {
    /// The file, for problems.
    pub path: String,
    /// What rules call it, without the `%`.
    pub name: String,
    /// How its text is read.
    pub kind: ListKind,
    /// An entry per line; `//` at the beginning of a line, or behind white space in it, begins a comment. A table
    /// is CSV, its first record the names of the columns: `host` for text, `host:regex`, `net:cidr`, `score:number`.
    pub text: String,
}

/// What a list holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListKind {
    /// Texts, for `in %name` and placeholders.
    Text,
    /// Regular expressions, for `in regex %name`.
    Regex,
    /// Networks, for `in cidr %name`.
    Cidr,
    /// Rows of typed columns, for `%name.column`.
    Table,
}

/// All lists and tables that rules can ask, as they were loaded.
#[derive(Debug, Default)]
pub struct Lists {
    lists: BTreeMap<String, Entry>,
}

#[derive(Debug)]
enum Entry {
    List(Arc<Column>),
    Table(Arc<Table>),
}

/// The state of the lists, which can be swapped for another while rules run.
#[derive(Debug, Default)]
pub struct SharedLists {
    current: RwLock<Arc<Lists>>,
}

impl Lists {
    /// Loads lists and tables. What is wrong with one comes back as problems and does not harm the others: an
    /// entry that cannot be used is left out, and so is a list that means nothing.
    pub fn load(sources: Vec<ListSource>) -> (Self, Vec<RuleProblem>) {
        let mut lists = Self::default();
        let mut problems = Vec::new();
        for source in sources {
            let mut reporter = Reporter::new(&source, &mut problems);
            if let Some(entry) = lists.read(&source, &mut reporter) {
                lists.lists.insert(source.name, entry);
            }
        }
        (lists, problems)
    }

    fn read(&self, source: &ListSource, reporter: &mut Reporter<'_>) -> Option<Entry> {
        if !is_name(&source.name) {
            reporter.error(1, "the name of a list is letters, digits and underscores".to_owned());
            return None;
        }
        if self.lists.contains_key(&source.name) {
            reporter.error(1, "there is a list of this name already".to_owned());
            return None;
        }
        if self.lists.len() >= LISTS_MAX {
            reporter.error(1, format!("there are more than {LISTS_MAX} lists"));
            return None;
        }
        if source.text.len() > LIST_BYTES_MAX {
            reporter.error(1, format!("the list is longer than {} MiB", LIST_BYTES_MAX >> 20));
            return None;
        }
        let text = source.text.strip_prefix('\u{feff}').unwrap_or(&source.text);
        let kind = match source.kind {
            ListKind::Table => return Table::read(text, reporter).map(|table| Entry::Table(Arc::new(table))),
            ListKind::Text => ColumnKind::Text,
            ListKind::Regex => ColumnKind::Regex,
            ListKind::Cidr => ColumnKind::Cidr,
        };
        let cells = entries(text, source.kind, reporter);
        Some(Entry::List(Arc::new(Column::new("", kind, cells, reporter))))
    }

    /// The entries of the text list `name`, in their order: what the placeholder `%name%` of a Sigma rule stands
    /// for. `None` where there is no list of that name, or it is no list of texts.
    pub fn texts(&self, name: &str) -> Option<&[String]> {
        match self.lists.get(name)? {
            Entry::List(column) if column.kind() == ColumnKind::Text => Some(column.cells()),
            _ => None,
        }
    }

    /// The names of all lists and tables, without the `%`.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.lists.keys().map(String::as_str)
    }

    /// What `%name` or `%table.column` of a rule stands for; the reference comes without the `%`. The error is fit
    /// for the rule's author.
    pub(crate) fn column(&self, reference: &str) -> Result<&Arc<Column>, String> {
        if let Some((name, column)) = reference.split_once('.') {
            let table = self.table(name)?;
            return table.column(column).map(|(_, column)| column).ok_or_else(|| {
                format!("table %{name} has no column {column:?}{}", hint(column, table.names()))
            });
        }
        match self.lists.get(reference) {
            Some(Entry::List(column)) => Ok(column),
            Some(Entry::Table(table)) => {
                let names: Vec<&str> = table.names().collect();
                Err(format!(
                    "%{reference} is a table; say which column, as in %{reference}.{}",
                    names.join(", ")
                ))
            }
            None => Err(format!("there is no list %{reference}{}", hint(reference, self.names()))),
        }
    }

    /// The column that `in %reference` of a rule asks, when it may ask so.
    pub(crate) fn asked(
        &self,
        reference: &str,
        matching: Matching,
        nocase: bool,
    ) -> Result<&Arc<Column>, String> {
        let column = self.column(reference)?;
        column.check(matching, nocase).map_err(|reason| format!("%{reference}: {reason}"))?;
        Ok(column)
    }

    /// The table `%name`.
    pub(crate) fn table(&self, name: &str) -> Result<&Arc<Table>, String> {
        match self.lists.get(name) {
            Some(Entry::Table(table)) => Ok(table),
            Some(Entry::List(_)) => Err(format!("%{name} is a list and has no columns")),
            None => Err(format!("there is no table %{name}{}", hint(name, self.names()))),
        }
    }
}

impl SharedLists {
    /// Shares `lists`.
    pub fn new(lists: Lists) -> Self {
        Self { current: RwLock::new(Arc::new(lists)) }
    }

    /// The lists as they are now; hold them over a batch.
    pub fn current(&self) -> Arc<Lists> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts `lists` in the place of those before, which this returns. Who holds those still goes on with them.
    pub fn swap(&self, lists: Lists) -> Arc<Lists> {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *current, Arc::new(lists))
    }
}

/// A question of a rule, `in %reference`, that follows the lists when they are swapped. A list that is gone by then, or
/// has become one of another kind, has nothing in it.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    lists: Arc<SharedLists>,
    reference: String,
    matching: Matching,
    nocase: bool,
}

impl Question {
    /// Checks that the question can be asked of the lists as they are now; the error is fit for the rule's author.
    pub(crate) fn new(
        lists: Arc<SharedLists>,
        reference: &str,
        matching: Matching,
        nocase: bool,
    ) -> Result<Self, String> {
        lists.current().asked(reference, matching, nocase)?;
        Ok(Self { lists, reference: reference.to_owned(), matching, nocase })
    }

    /// Whether the value is in the list.
    pub(crate) fn holds(&self, value: &Value) -> bool {
        let lists = self.lists.current();
        let column = lists.asked(&self.reference, self.matching, self.nocase);
        column.is_ok_and(|column| column.contains(value, self.nocase))
    }
}

/// Collects what is wrong with one list.
pub(crate) struct Reporter<'a> {
    path: &'a str,
    name: &'a str,
    told: usize,
    problems: &'a mut Vec<RuleProblem>,
}

impl<'a> Reporter<'a> {
    fn new(source: &'a ListSource, problems: &'a mut Vec<RuleProblem>) -> Self {
        Self { path: &source.path, name: &source.name, told: 0, problems }
    }

    /// The list cannot be used.
    fn error(&mut self, line: u64, message: String) {
        self.tell(line, ProblemSeverity::Error, message);
    }

    /// An entry cannot be used.
    fn warning(&mut self, line: u64, message: String) {
        self.told += 1;
        match self.told {
            ..=LIST_PROBLEMS_MAX => self.tell(line, ProblemSeverity::Warning, message),
            told if told == LIST_PROBLEMS_MAX + 1 => {
                self.tell(
                    line,
                    ProblemSeverity::Warning,
                    "more entries cannot be used; they are not told".to_owned(),
                );
            }
            _ => {}
        }
    }

    fn tell(&mut self, line: u64, severity: ProblemSeverity, message: String) {
        self.problems.push(RuleProblem {
            path: self.path.to_owned(),
            line,
            rule: Some(format!("%{}", self.name)),
            severity,
            message,
        });
    }
}

/// Whether rules can write `name` behind a `%`.
fn is_name(name: &str) -> bool {
    (1..=256).contains(&name.len())
        && name.chars().all(|char| char.is_alphanumeric() || matches!(char, '_' | '-'))
}

/// One cell of a column, and the line it is in.
pub(crate) struct Cell {
    pub(crate) line: u64,
    pub(crate) text: String,
}

/// The lines of a list without what is empty and comments.
fn entries(text: &str, kind: ListKind, reporter: &mut Reporter<'_>) -> Vec<Cell> {
    let mut cells = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        let entry = line.trim();
        if entry.is_empty() || entry.starts_with("//") {
            continue;
        }
        let entry = match entry.find([' ', '\t']) {
            // White space and slashes can be part of an expression.
            Some(_) if kind != ListKind::Regex => without_comment(entry),
            _ => entry,
        };
        if entry.len() > ENTRY_BYTES_MAX {
            reporter.warning(number, format!("the entry is longer than {ENTRY_BYTES_MAX} bytes"));
            continue;
        }
        let most = if kind == ListKind::Regex { REGEX_ENTRIES_MAX } else { LIST_ENTRIES_MAX };
        if cells.len() >= most {
            reporter.warning(number, format!("the list has more than {most} entries; the rest is left out"));
            break;
        }
        cells.push(Cell { line: number, text: entry.to_owned() });
    }
    cells
}

/// `entry` up to a `//` that stands behind white space.
fn without_comment(entry: &str) -> &str {
    let comment = entry
        .match_indices("//")
        .find(|(at, _)| entry.get(..*at).is_some_and(|before| before.ends_with(char::is_whitespace)));
    comment.and_then(|(at, _)| entry.get(..at)).unwrap_or(entry).trim_end()
}
