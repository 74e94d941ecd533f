//! From columns to points: what is learnt of the training rows, and how a row is seen by the detectors.

use std::collections::BTreeMap;

mod form;
mod points;
mod prepared;

pub(crate) use points::Points;
pub(crate) use prepared::Prepared;

use super::category::{Names, Pairs, UNSEEN};
use super::error::ModelError;
use super::scale::{Scale, signed_log};
use super::table::{Column, TABLE_ROWS_MAX, Table};

/// Most dimensions that a table's columns become.
pub(crate) const DIMENSIONS_MAX: usize = 1024;
/// Most pairs of category columns whose names are counted together.
const PAIRS_MAX: usize = 16;
/// Rows that are encoded at once: they stay in the nearest cache with 40 dimensions.
pub(crate) const CHUNK_ROWS: usize = 128;

/// How columns become dimensions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EncoderSettings {
    /// A dimension is cut off at so many standard deviations: one absurd value must not outweigh everything else.
    pub clip: f32,
    /// The least standard deviation, in logarithms: a column that never moved is not infinitely sensitive, and a change
    /// by less than a twentieth is hardly one.
    pub spread_min: f32,
    /// So many pairs of category columns get a dimension for how rare their two names are together, the first pairs
    /// in the order of columns.
    pub pairs: usize,
    /// A category column of at most so many names gets a dimension per name too; 0 for none.
    pub one_hot_names: usize,
}

impl Default for EncoderSettings {
    fn default() -> Self {
        Self { clip: 5.0, spread_min: 0.05, pairs: 3, one_hot_names: 0 }
    }
}

#[derive(Debug, Clone)]
enum Fitted {
    Number,
    Category(Names),
}

#[derive(Debug, Clone)]
struct FittedPair {
    left: usize,
    right: usize,
    pairs: Pairs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    Column(usize),
    Pair(usize),
    Name(usize, u32),
}

#[derive(Debug, Clone)]
struct Dimension {
    name: String,
    origin: Origin,
    scale: Scale,
}

/// Turns rows into points whose dimensions can be compared: numbers by their logarithm, names by how rare they are,
/// all as deviations from the training's mean. Everything it knows it learnt from the training rows.
#[derive(Debug, Clone)]
pub struct Encoder {
    clip: f32,
    columns: Vec<Fitted>,
    pairs: Vec<FittedPair>,
    dimensions: Vec<Dimension>,
}

impl Encoder {
    /// Learns from these rows.
    ///
    /// # Errors
    /// When a setting makes no sense, or there would be too many dimensions.
    pub fn fit(table: &Table, settings: &EncoderSettings) -> Result<Self, ModelError> {
        check(settings)?;
        let mut encoder =
            Self { clip: settings.clip, columns: Vec::new(), pairs: Vec::new(), dimensions: Vec::new() };
        for (place, (name, column)) in table.names().iter().zip(table.columns()).enumerate() {
            encoder.fit_column(place, name, column, settings.spread_min);
        }
        encoder.fit_pairs(table, settings);
        encoder.fit_names(table, settings);
        if encoder.dimensions.len() > DIMENSIONS_MAX {
            return Err(ModelError::TableSize {
                columns: encoder.dimensions.len(),
                rows: table.rows(),
                columns_max: DIMENSIONS_MAX,
                rows_max: TABLE_ROWS_MAX,
            });
        }
        Ok(encoder)
    }

    fn fit_column(&mut self, place: usize, name: &str, column: &Column, spread_min: f32) {
        let (fitted, scale) = match column {
            Column::Numbers(values) => {
                (Fitted::Number, Scale::fit(values.iter().map(|value| signed_log(*value)), spread_min))
            }
            Column::Categories { names, codes } => {
                let counts = counts(names, codes);
                let counts: Vec<(&str, u32)> = counts.into_iter().collect();
                let (names, scale) = Names::fit(&counts, spread_min);
                (Fitted::Category(names), scale)
            }
        };
        self.columns.push(fitted);
        self.dimensions.push(Dimension { name: name.to_owned(), origin: Origin::Column(place), scale });
    }

    fn fit_pairs(&mut self, table: &Table, settings: &EncoderSettings) {
        let categories: Vec<(usize, &String, &Column)> = table
            .names()
            .iter()
            .zip(table.columns())
            .enumerate()
            .filter(|(_, (_, column))| matches!(column, Column::Categories { .. }))
            .map(|(place, (name, column))| (place, name, column))
            .collect();
        for (first, (left, left_name, left_column)) in categories.iter().enumerate() {
            for (right, right_name, right_column) in categories.iter().skip(first + 1) {
                if self.pairs.len() >= settings.pairs {
                    return;
                }
                let (lefts, rights) = (self.places(*left, left_column), self.places(*right, right_column));
                let rows = rows_of(left_column, &lefts).zip(rows_of(right_column, &rights));
                let (pairs, scale) = Pairs::fit(rows, settings.spread_min);
                let name = format!("{left_name} & {right_name}");
                let origin = Origin::Pair(self.pairs.len());
                self.pairs.push(FittedPair { left: *left, right: *right, pairs });
                self.dimensions.push(Dimension { name, origin, scale });
            }
        }
    }

    fn fit_names(&mut self, table: &Table, settings: &EncoderSettings) {
        for (place, (name, column)) in table.names().iter().zip(table.columns()).enumerate() {
            let Some(Fitted::Category(names)) = self.columns.get(place) else { continue };
            if names.len() > settings.one_hot_names {
                continue;
            }
            let places = self.places(place, column);
            let known: Vec<String> = (0..names.len()).map(|known| names.name(known).to_owned()).collect();
            for (known, value) in known.into_iter().enumerate() {
                let is_it = rows_of(column, &places).map(|found| f32::from(u8::from(found == known as u32)));
                let scale = Scale::fit(is_it, settings.spread_min);
                let origin = Origin::Name(place, known as u32);
                self.dimensions.push(Dimension { name: format!("{name} = {value}"), origin, scale });
            }
        }
    }

    /// The trained place of each name of a column.
    fn places(&self, place: usize, column: &Column) -> Vec<u32> {
        match (self.columns.get(place), column) {
            (Some(Fitted::Category(known)), Column::Categories { names, .. }) => {
                names.iter().map(|name| known.place(name)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The point of one row: its numbers in the order of the number columns, its names in that of the category columns.
    /// A number that is missing counts as the training's mean, a name that is missing as never seen.
    pub(crate) fn encode_row(&self, numbers: &[f32], names: &[&str]) -> Vec<f32> {
        let (mut numbers, mut names) = (numbers.iter(), names.iter());
        let mut cells = Vec::with_capacity(self.columns.len());
        for column in &self.columns {
            cells.push(match column {
                Fitted::Number => (numbers.next().map_or(f32::NAN, |value| signed_log(*value)), UNSEEN),
                Fitted::Category(known) => {
                    let place = names.next().map_or(UNSEEN, |name| known.place(name));
                    (known.surprise(place), place)
                }
            });
        }
        let place = |column: usize| cells.get(column).map_or(UNSEEN, |(_, place)| *place);
        let value = |origin| match origin {
            Origin::Column(column) => cells.get(column).map_or(f32::NAN, |(value, _)| *value),
            Origin::Name(column, wanted) => f32::from(u8::from(place(column) == wanted)),
            Origin::Pair(pair) => self
                .pairs
                .get(pair)
                .map_or(f32::NAN, |pair| pair.pairs.surprise(place(pair.left), place(pair.right))),
        };
        self.dimensions
            .iter()
            .map(|dimension| dimension.scale.apply(value(dimension.origin), self.clip))
            .collect()
    }

    /// How many dimensions a point has.
    #[must_use]
    pub fn dimensions(&self) -> usize {
        self.dimensions.len()
    }

    /// What each dimension is, in order: a column, `left & right` for a pair, `column = name` for a name.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.dimensions.iter().map(|dimension| dimension.name.as_str())
    }
}

fn check(settings: &EncoderSettings) -> Result<(), ModelError> {
    let wrong = |setting, value: String, allowed| Err(ModelError::Setting { setting, value, allowed });
    if !(0.5..=1000.0).contains(&settings.clip) {
        return wrong("clip", settings.clip.to_string(), "0.5 to 1000 standard deviations");
    }
    if !(1e-6..=10.0).contains(&settings.spread_min) {
        return wrong("spread_min", settings.spread_min.to_string(), "0.000001 to 10");
    }
    if settings.pairs > PAIRS_MAX {
        return wrong("pairs", settings.pairs.to_string(), "0 to 16");
    }
    Ok(())
}

fn counts<'a>(names: &'a [String], codes: &[u32]) -> BTreeMap<&'a str, u32> {
    let mut per_code = vec![0u32; names.len()];
    for code in codes {
        if let Some(count) = per_code.get_mut(*code as usize) {
            *count += 1;
        }
    }
    let mut counts = BTreeMap::new();
    for (name, count) in names.iter().zip(per_code) {
        *counts.entry(name.as_str()).or_default() += count;
    }
    counts
}

/// The trained place of each row's name.
fn rows_of<'a>(column: &'a Column, places: &'a [u32]) -> impl Iterator<Item = u32> + 'a {
    let codes = match column {
        Column::Categories { codes, .. } => codes.as_slice(),
        Column::Numbers(_) => &[],
    };
    codes.iter().map(|code| places.get(*code as usize).copied().unwrap_or(UNSEEN))
}
