//! Encoding a table's rows, a chunk at a time: what needs a look-up by name is looked up once per distinct name.

use super::super::category::{Pairs, UNSEEN};
use super::super::error::ModelError;
use super::super::scale::{LANES, Scale, signed_log};
use super::super::table::{Column, Table};
use super::points::Points;
use super::{CHUNK_ROWS, Dimension, Encoder, Fitted, FittedPair, Origin};

/// Most pairs of names of a table whose values are worked out beforehand.
const DENSE_PAIRS_MAX: usize = 65_536;

impl Encoder {
    /// Makes ready to encode rows of this table.
    ///
    /// # Errors
    /// When its columns are not those of the training.
    pub(crate) fn prepare<'a>(&'a self, table: &'a Table) -> Result<Prepared<'a>, ModelError> {
        self.check_shape(table)?;
        let columns = table.columns();
        let mut parts = Vec::with_capacity(self.dimensions.len());
        for dimension in &self.dimensions {
            parts.extend(match dimension.origin {
                Origin::Column(place) | Origin::Name(place, _) => {
                    columns.get(place).map(|column| self.column_part(dimension, place, column))
                }
                Origin::Pair(place) => self.pairs.get(place).and_then(|pair| {
                    let (left, right) = (columns.get(pair.left)?, columns.get(pair.right)?);
                    Some(self.pair_part(dimension.scale, pair, left, right))
                }),
            });
        }
        Ok(Prepared { parts, clip: self.clip, rows: table.rows() })
    }

    fn check_shape(&self, table: &Table) -> Result<(), ModelError> {
        let kind = |fitted: &Fitted| match fitted {
            Fitted::Number => "number",
            Fitted::Category(_) => "category",
        };
        for place in 0..self.columns.len().max(table.columns().len()) {
            let expected = self.columns.get(place).map_or("absent", kind);
            let found = table.columns().get(place).map_or("absent", |column| column.kind().as_str());
            if expected != found {
                let (found, expected) = (found.to_owned(), expected.to_owned());
                return Err(ModelError::Shape { place: place + 1, found, expected });
            }
        }
        Ok(())
    }

    fn column_part<'a>(&'a self, dimension: &Dimension, place: usize, column: &'a Column) -> Part<'a> {
        let scale = dimension.scale;
        let (codes, known) = match (column, self.columns.get(place)) {
            (Column::Numbers(values), _) => return Part::Numbers { values, scale },
            (Column::Categories { codes, .. }, Some(Fitted::Category(known))) => (codes, known),
            (Column::Categories { codes, .. }, _) => {
                return Part::Names { codes, values: Vec::new(), unseen: 0.0 };
            }
        };
        let value = |trained: u32| match dimension.origin {
            Origin::Name(_, wanted) => f32::from(u8::from(trained == wanted)),
            _ => known.surprise(trained),
        };
        let scaled = |trained| scale.apply(value(trained), self.clip);
        let values = self.places(place, column).into_iter().map(scaled).collect();
        Part::Names { codes, values, unseen: scaled(UNSEEN) }
    }

    fn pair_part<'a>(
        &'a self,
        scale: Scale,
        pair: &'a FittedPair,
        left: &'a Column,
        right: &'a Column,
    ) -> Part<'a> {
        let lefts = self.places(pair.left, left);
        let rights = self.places(pair.right, right);
        let unseen = scale.apply(pair.pairs.surprise(UNSEEN, UNSEEN), self.clip);
        let mut values = Vec::new();
        // A look-up per row is an index; where that many do not fit, it is a hash.
        if lefts.len().saturating_mul(rights.len()) <= DENSE_PAIRS_MAX {
            let scaled = |left, right| scale.apply(pair.pairs.surprise(left, right), self.clip);
            values =
                lefts.iter().flat_map(|left| rights.iter().map(move |right| scaled(*left, *right))).collect();
        }
        let codes = |column: &'a Column| match column {
            Column::Categories { codes, .. } => codes.as_slice(),
            Column::Numbers(_) => &[],
        };
        Part::Pairs {
            codes: (codes(left), codes(right)),
            places: (lefts, rights),
            pairs: &pair.pairs,
            scale,
            values,
            unseen,
        }
    }
}

#[derive(Debug)]
enum Part<'a> {
    Numbers {
        values: &'a [f32],
        scale: Scale,
    },
    Names {
        codes: &'a [u32],
        values: Vec<f32>,
        unseen: f32,
    },
    Pairs {
        codes: (&'a [u32], &'a [u32]),
        places: (Vec<u32>, Vec<u32>),
        pairs: &'a Pairs,
        scale: Scale,
        values: Vec<f32>,
        unseen: f32,
    },
}

/// A table whose rows can be encoded a chunk at a time.
#[derive(Debug)]
pub(crate) struct Prepared<'a> {
    parts: Vec<Part<'a>>,
    clip: f32,
    rows: usize,
}

impl Prepared<'_> {
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// The points of the rows from `first` on, at most [`CHUNK_ROWS`], in blocks of [`LANES`] rows: within a block,
    /// dimension by dimension the values of its rows. The last block is filled up with zeros.
    pub(crate) fn encode(&self, first: usize, blocks: &mut Vec<f32>) -> usize {
        let count = self.rows.saturating_sub(first).min(CHUNK_ROWS);
        let block = self.parts.len() * LANES;
        blocks.clear();
        blocks.resize(count.div_ceil(LANES) * block, 0.0);
        let mut column = [0.0f32; CHUNK_ROWS];
        for (place, part) in self.parts.iter().enumerate() {
            self.column(part, first..first + count, &mut column);
            let (lanes, _) = column.as_chunks::<LANES>();
            for (block, lanes) in blocks.chunks_exact_mut(block).zip(lanes) {
                if let Some(to) = block.get_mut(place * LANES..(place + 1) * LANES) {
                    to.copy_from_slice(lanes);
                }
            }
        }
        count
    }

    /// The values of a dimension; behind the last row zeros.
    fn column(&self, part: &Part<'_>, rows: std::ops::Range<usize>, column: &mut [f32; CHUNK_ROWS]) {
        let length = rows.len();
        match part {
            Part::Numbers { values, scale } => {
                let values = values.get(rows).unwrap_or_default();
                for (to, value) in column.iter_mut().zip(values) {
                    *to = scale.apply(signed_log(*value), self.clip);
                }
            }
            Part::Names { codes, values, unseen } => {
                let codes = codes.get(rows).unwrap_or_default();
                for (to, code) in column.iter_mut().zip(codes) {
                    *to = values.get(*code as usize).copied().unwrap_or(*unseen);
                }
            }
            Part::Pairs { codes: (left, right), places, pairs, scale, values, unseen } => {
                let (left, right) = (left.get(rows.clone()), right.get(rows));
                let codes = left.unwrap_or_default().iter().zip(right.unwrap_or_default());
                for (to, (left, right)) in column.iter_mut().zip(codes) {
                    let (left, right) = (*left as usize, *right as usize);
                    let dense = left * places.1.len() + right;
                    *to = match (values.is_empty(), places.0.get(left), places.1.get(right)) {
                        (false, Some(_), Some(_)) => values.get(dense).copied().unwrap_or(*unseen),
                        (true, Some(left), Some(right)) => {
                            scale.apply(pairs.surprise(*left, *right), self.clip)
                        }
                        _ => *unseen,
                    };
                }
            }
        }
        for padding in column.iter_mut().skip(length) {
            *padding = 0.0;
        }
    }

    /// All points, row after row.
    pub(crate) fn points(&self) -> Points {
        let dimensions = self.parts.len();
        let mut points = Points { dimensions, values: vec![0.0; self.rows * dimensions] };
        let mut blocks = Vec::new();
        for (chunk, rows) in points.values.chunks_mut((CHUNK_ROWS * dimensions).max(1)).enumerate() {
            self.encode(chunk * CHUNK_ROWS, &mut blocks);
            for (row, point) in rows.chunks_mut(dimensions.max(1)).enumerate() {
                let block = blocks.get(row / LANES * dimensions * LANES..).unwrap_or_default();
                for (to, lanes) in point.iter_mut().zip(block.chunks_exact(LANES)) {
                    *to = lanes.get(row % LANES).copied().unwrap_or_default();
                }
            }
        }
        points
    }
}
