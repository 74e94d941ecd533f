//! An encoder as bytes.

use super::super::bytes::{Reader, Writer};
use super::super::category::{Names, Pairs};
use super::super::error::ModelError;
use super::super::scale::Scale;
use super::super::table::TABLE_COLUMNS_MAX;
use super::{DIMENSIONS_MAX, Dimension, Encoder, Fitted, FittedPair, Origin, PAIRS_MAX};

/// Longest name of a dimension, in bytes. A longer one is cut when the model is written.
const NAME_BYTES_MAX: usize = 4096;

const NUMBER: u16 = 0;
const CATEGORY: u16 = 1;

impl Encoder {
    pub(crate) fn write(&self, writer: &mut Writer) {
        writer.f32(self.clip);
        writer.length(self.columns.len());
        for column in &self.columns {
            match column {
                Fitted::Number => writer.u16(NUMBER),
                Fitted::Category(names) => {
                    writer.u16(CATEGORY);
                    names.write(writer);
                }
            }
        }
        writer.length(self.pairs.len());
        for pair in &self.pairs {
            writer.length(pair.left);
            writer.length(pair.right);
            pair.pairs.write(writer);
        }
        writer.length(self.dimensions.len());
        for dimension in &self.dimensions {
            let cut = dimension.name.floor_char_boundary(NAME_BYTES_MAX);
            writer.text(dimension.name.get(..cut).unwrap_or_default());
            let (kind, place, name) = match dimension.origin {
                Origin::Column(place) => (0, place, 0),
                Origin::Pair(place) => (1, place, 0),
                Origin::Name(place, name) => (2, place, name),
            };
            writer.u16(kind);
            writer.length(place);
            writer.u32(name);
            writer.f32(dimension.scale.centre);
            writer.f32(dimension.scale.inverse);
        }
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, ModelError> {
        let clip = reader.f32()?;
        if clip <= 0.0 {
            return Err(reader.wrong("a clip that leaves nothing"));
        }
        let columns = reader.length(2, TABLE_COLUMNS_MAX)?;
        let columns: Vec<Fitted> = (0..columns).map(|_| read_column(reader)).collect::<Result<_, _>>()?;
        let pairs = reader.length(16, PAIRS_MAX)?;
        let mut encoder = Self { clip, columns, pairs: Vec::with_capacity(pairs), dimensions: Vec::new() };
        for _ in 0..pairs {
            let (left, right) = (reader.u32()? as usize, reader.u32()? as usize);
            if !encoder.is_category(left) || !encoder.is_category(right) {
                return Err(reader.wrong("a pair of columns that are no names"));
            }
            encoder.pairs.push(FittedPair { left, right, pairs: Pairs::read(reader)? });
        }
        let dimensions = reader.length(22, DIMENSIONS_MAX)?;
        if dimensions == 0 {
            return Err(reader.wrong("no dimensions"));
        }
        for _ in 0..dimensions {
            let dimension = encoder.read_dimension(reader)?;
            encoder.dimensions.push(dimension);
        }
        Ok(encoder)
    }

    fn is_category(&self, place: usize) -> bool {
        matches!(self.columns.get(place), Some(Fitted::Category(_)))
    }

    fn read_dimension(&self, reader: &mut Reader<'_>) -> Result<Dimension, ModelError> {
        let name = reader.text(NAME_BYTES_MAX)?;
        let (kind, place, wanted) = (reader.u16()?, reader.u32()? as usize, reader.u32()?);
        let scale = Scale { centre: reader.f32()?, inverse: reader.f32()? };
        let origin = match kind {
            0 if place < self.columns.len() => Origin::Column(place),
            1 if place < self.pairs.len() => Origin::Pair(place),
            2 if self.is_category(place) => Origin::Name(place, wanted),
            _ => return Err(reader.wrong("a dimension of no column")),
        };
        Ok(Dimension { name, origin, scale })
    }
}

fn read_column(reader: &mut Reader<'_>) -> Result<Fitted, ModelError> {
    match reader.u16()? {
        NUMBER => Ok(Fitted::Number),
        CATEGORY => Names::read(reader).map(Fitted::Category),
        _ => Err(reader.wrong("a column of no kind")),
    }
}
