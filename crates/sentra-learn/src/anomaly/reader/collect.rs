//! Rows become columns.

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use super::super::table::{Column, ColumnKind, TABLE_ROWS_MAX, Table};
use super::{LabelledTable, PROBLEMS_TOLD_MAX, RowProblem, Shape};

enum Growing {
    Numbers(Vec<f32>),
    Names { places: HashMap<String, u32, FixedState>, names: Vec<String>, codes: Vec<u32> },
}

/// Collects rows and problems.
pub(super) struct Collector {
    shape: Shape,
    normal: String,
    columns: Vec<Growing>,
    labels: Vec<String>,
    difficulty: Vec<Option<u8>>,
    problems: Vec<RowProblem>,
    lines_refused: u64,
}

/// A value that is a finite number.
pub(super) fn number(value: &[u8]) -> Option<f32> {
    let text = std::str::from_utf8(value).ok()?.trim();
    text.parse::<f32>().ok().filter(|number| number.is_finite())
}

impl Collector {
    pub(super) fn new(shape: Shape, normal: &str) -> Self {
        let growing = |kind: &ColumnKind| match kind {
            ColumnKind::Number => Growing::Numbers(Vec::new()),
            ColumnKind::Category => Growing::Names {
                places: HashMap::with_hasher(FixedState::default()),
                names: Vec::new(),
                codes: Vec::new(),
            },
        };
        let columns = shape.columns.iter().map(|(_, kind)| growing(kind)).collect();
        let normal = normal.to_owned();
        let (labels, difficulty, problems) = (Vec::new(), Vec::new(), Vec::new());
        Self { shape, normal, columns, labels, difficulty, problems, lines_refused: 0 }
    }

    pub(super) fn rows(&self) -> usize {
        self.labels.len()
    }

    pub(super) fn refuse(&mut self, line: u64, what: String) {
        self.lines_refused += 1;
        if self.problems.len() < PROBLEMS_TOLD_MAX {
            self.problems.push(RowProblem { line, what });
        }
    }

    pub(super) fn too_long(&mut self) {
        self.refuse(0, format!("more than {TABLE_ROWS_MAX} rows: what follows is left out"));
    }

    /// A file that has nothing to read, with the reason.
    pub(super) fn nothing(mut self, line: u64, what: &str) -> LabelledTable {
        self.refuse(line, what.to_owned());
        self.finish()
    }

    /// Takes a record whose features are at these places.
    pub(super) fn take(
        &mut self,
        record: &csv::ByteRecord,
        line: u64,
        features: &[usize],
        label: usize,
        difficulty: Option<usize>,
    ) {
        if let Some(what) = self.problem(record, features) {
            self.refuse(line, what);
            return;
        }
        let text =
            |place: usize| String::from_utf8_lossy(record.get(place).unwrap_or_default()).trim().to_owned();
        for (column, feature) in self.columns.iter_mut().zip(features) {
            match column {
                Growing::Numbers(values) => {
                    values.push(record.get(*feature).and_then(number).unwrap_or(f32::NAN));
                }
                Growing::Names { places, names, codes } => {
                    let name = text(*feature);
                    let next = names.len() as u32;
                    let code = *places.entry_ref(name.as_str()).or_insert_with(|| {
                        names.push(name.clone());
                        next
                    });
                    codes.push(code);
                }
            }
        }
        self.labels.push(text(label));
        self.difficulty.push(difficulty.and_then(|place| text(place).parse().ok()));
    }

    /// What is wrong with a record, if anything. An empty number is one that is missing, not a wrong one.
    fn problem(&self, record: &csv::ByteRecord, features: &[usize]) -> Option<String> {
        for ((name, kind), feature) in self.shape.columns.iter().zip(features) {
            let Some(value) = record.get(*feature) else {
                return Some(format!("no column {name:?}: the training had it"));
            };
            if *kind == ColumnKind::Number && !value.is_empty() && number(value).is_none() {
                let shown: String = String::from_utf8_lossy(value).chars().take(40).collect();
                return Some(format!("column {name} is {shown:?}: give a number"));
            }
        }
        None
    }

    pub(super) fn finish(self) -> LabelledTable {
        let column = |growing| match growing {
            Growing::Numbers(values) => Column::Numbers(values),
            Growing::Names { names, codes, .. } => Column::Categories { names, codes },
        };
        let names = self.shape.columns.into_iter().map(|(name, _)| name);
        let named = names.zip(self.columns.into_iter().map(column)).collect();
        // A file without feature columns has no table; its problems say why.
        let table = Table::new(named).unwrap_or_else(|_| Table::empty());
        let is_attack = self.labels.iter().map(|label| *label != self.normal).collect();
        LabelledTable {
            table,
            is_attack,
            labels: self.labels,
            difficulty: self.difficulty,
            problems: self.problems,
            lines_refused: self.lines_refused,
        }
    }
}
