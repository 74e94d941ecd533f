//! The values of source fields that a segment stores as aliases: what is asked of such a field is asked of its source.
//!
//! It happens where DataFusion fits a question to one file, so that whoever asks need not know which segments have a
//! column for a field and which say it otherwise. A segment of an earlier version has no aliases and is read as it is.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::builder::{PrimitiveBuilder, StringBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, DictionaryArray, StringArray};
use arrow_schema::{DataType, Schema, SchemaRef};
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::common::{Result, exec_err};
use datafusion::config::ConfigOptions;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::physical_expr::ScalarFunctionExpr;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr_adapter::{
    DefaultPhysicalExprAdapterFactory, PhysicalExprAdapter, PhysicalExprAdapterFactory,
};
use datafusion::physical_plan::PhysicalExpr;

use super::alias::{Alias, SAME, Source};
use super::promoted::{PREFIX, column_of};
use super::raw_form::time;

/// The name under which the schema of a file carries its aliases.
const KEY: &str = "sentra.aliases";

/// `schema`, that of a file, with the aliases of its fields.
pub(super) fn with_aliases(schema: Schema, aliases: &BTreeMap<String, Alias>) -> Schema {
    match serde_json::to_string(aliases) {
        Ok(text) if !aliases.is_empty() => {
            schema.with_metadata([(KEY.to_owned(), text)].into_iter().collect())
        }
        _ => schema,
    }
}

/// Fits questions to files whose schemas may carry aliases.
#[derive(Debug)]
pub(super) struct AliasAdapters;

impl PhysicalExprAdapterFactory for AliasAdapters {
    fn create(&self, logical: SchemaRef, physical: SchemaRef) -> Result<Arc<dyn PhysicalExprAdapter>> {
        let rest = DefaultPhysicalExprAdapterFactory.create(Arc::clone(&logical), Arc::clone(&physical))?;
        let Some(text) = physical.metadata().get(KEY) else { return Ok(rest) };
        let Ok(aliases) = serde_json::from_str::<BTreeMap<String, Alias>>(text) else {
            return exec_err!("the aliases of a segment cannot be read");
        };
        Ok(Arc::new(AliasAdapter { aliases, logical, physical, rest }))
    }
}

/// `expr`, which is over the columns `logical`, over those of a file in which fields are `aliases`.
pub(super) fn over_sources(
    expr: &Arc<dyn PhysicalExpr>,
    logical: &SchemaRef,
    physical: &SchemaRef,
    aliases: BTreeMap<String, Alias>,
) -> Result<Arc<dyn PhysicalExpr>> {
    let rest = DefaultPhysicalExprAdapterFactory.create(Arc::clone(logical), Arc::clone(physical))?;
    let (logical, physical) = (Arc::clone(logical), Arc::clone(physical));
    AliasAdapter { aliases, logical, physical, rest }.rewrite(Arc::clone(expr))
}

#[derive(Debug)]
struct AliasAdapter {
    /// By field.
    aliases: BTreeMap<String, Alias>,
    logical: SchemaRef,
    physical: SchemaRef,
    rest: Arc<dyn PhysicalExprAdapter>,
}

impl PhysicalExprAdapter for AliasAdapter {
    fn rewrite(&self, expr: Arc<dyn PhysicalExpr>) -> Result<Arc<dyn PhysicalExpr>> {
        let replaced = expr.transform_up(|expr| {
            let column = expr.downcast_ref::<Column>().map(Column::name);
            let alias = column.and_then(|name| self.aliases.get_key_value(name.strip_prefix(PREFIX)?));
            match alias {
                Some((field, alias)) => Ok(Transformed::yes(self.value(field, alias)?)),
                None => Ok(Transformed::no(expr)),
            }
        });
        self.rest.rewrite(replaced.data()?)
    }
}

impl AliasAdapter {
    /// What stands for the column of a field.
    fn value(&self, field: &str, alias: &Alias) -> Result<Arc<dyn PhysicalExpr>> {
        let name = column_of(field);
        let output = self.logical.field_with_name(&name)?.data_type().clone();
        let column = |name: &str| Column::new_with_schema(name, &self.physical);
        let source = match &alias.source {
            Source::Column(source) => column(source)?,
            Source::Time { .. } => column("time")?,
        };
        let is_text = self.physical.field(source.index()).data_type() == &output;
        if !alias.is_stored && is_text {
            return Ok(Arc::new(source));
        }
        let mut arguments: Vec<Arc<dyn PhysicalExpr>> = vec![Arc::new(source)];
        if alias.is_stored {
            arguments.push(Arc::new(column(&name)?));
        }
        let function = AliasValue {
            signature: Signature::any(arguments.len(), Volatility::Immutable),
            source: alias.source.clone(),
            output,
        };
        let function = Arc::new(ScalarUDF::from(function));
        let options = Arc::new(ConfigOptions::default());
        Ok(Arc::new(ScalarFunctionExpr::try_new(function, arguments, &self.physical, options)?))
    }
}

/// The values of a field, of its source and, if there is one, its own column.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct AliasValue {
    signature: Signature,
    source: Source,
    /// Texts with a dictionary, or without.
    output: DataType,
}

impl ScalarUDFImpl for AliasValue {
    fn name(&self) -> &str {
        "alias_value"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(self.output.clone())
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&arguments.args)?;
        let (source, own) = match arrays.as_slice() {
            [source] => (source, None),
            [source, own] => (source, Some(own)),
            _ => return exec_err!("a source and a column are wanted"),
        };
        let source = self.written(source)?;
        let values = match own {
            None => source,
            Some(own) => match (own.as_dictionary_opt::<Int32Type>(), source.as_dictionary_opt()) {
                (Some(own), Some(source)) => numbered(own, source)?,
                _ => plain(own, &source)?,
            },
        };
        Ok(ColumnarValue::Array(arrow_cast::cast(&values, &self.output)?))
    }
}

impl AliasValue {
    /// The source as text.
    fn written(&self, source: &ArrayRef) -> Result<ArrayRef> {
        let Source::Time { style, after } = &self.source else {
            return Ok(match source.data_type() {
                DataType::Utf8 | DataType::Dictionary(..) => Arc::clone(source),
                _ => arrow_cast::cast(source, &DataType::Utf8)?,
            });
        };
        let Some(times) = source.as_primitive_opt::<TimestampMicrosecondType>() else {
            return exec_err!("a time is not in microseconds");
        };
        let mut texts = StringBuilder::with_capacity(times.len(), times.len() * time::BYTES_MAX);
        let (mut text, mut writer) = (String::new(), time::Writer::default());
        for moment in times {
            match moment.and_then(|moment| writer.write(moment, *style)) {
                Some(written) => {
                    text.clear();
                    text.push_str(written);
                    text.push_str(after);
                    texts.append_value(&text);
                }
                None => texts.append_null(),
            }
        }
        Ok(Arc::new(texts.finish()))
    }
}

/// Row by row.
fn plain(own: &ArrayRef, source: &ArrayRef) -> Result<ArrayRef> {
    let own = arrow_cast::cast(own, &DataType::Utf8)?;
    let source = arrow_cast::cast(source, &DataType::Utf8)?;
    let values = own.as_string::<i32>().iter().zip(source.as_string::<i32>());
    let values = values.map(|(own, source)| if own == Some(SAME) { source } else { own });
    Ok(Arc::new(values.collect::<StringArray>()))
}

/// Of two dictionaries: the values are not looked at row by row, and where all rows say the same as their source, its
/// dictionary is that of the field.
fn numbered(own: &DictionaryArray<Int32Type>, source: &DictionaryArray<Int32Type>) -> Result<ArrayRef> {
    let (Some(texts), Some(known)) =
        (own.values().as_string_opt::<i32>(), source.values().as_string_opt::<i32>())
    else {
        return exec_err!("a dictionary is not of texts");
    };
    let same = texts.iter().position(|text| text == Some(SAME));
    let rows = || (0..own.len()).map(|row| (own.key(row), source.key(row)));
    let mut keys = PrimitiveBuilder::<Int32Type>::with_capacity(own.len());
    let key_of = |place: usize| i32::try_from(place).ok();
    if rows().all(|(own, _)| own.is_none() || own == same) {
        for (own, source) in rows() {
            keys.append_option(own.and(source).and_then(key_of));
        }
        let values = Arc::clone(source.values());
        return Ok(Arc::new(DictionaryArray::try_new(keys.finish(), values)?));
    }
    // Only the values that are there get a number.
    let mut numbers = [vec![None; texts.len()], vec![None; known.len()]];
    let (mut values, mut count) = (StringBuilder::new(), 0);
    for (own, source) in rows() {
        let place = match own {
            own if own.is_some() && own == same => source.map(|place| (1, place)),
            own => own.map(|place| (0, place)),
        };
        let text = place.and_then(|(side, place)| {
            let texts = if side == 0 { texts } else { known };
            texts.is_valid(place).then(|| texts.value(place))
        });
        let slot = place.and_then(|(side, place)| numbers.get_mut(side)?.get_mut(place));
        let (Some(text), Some(slot)) = (text, slot) else {
            keys.append_null();
            continue;
        };
        let number = *slot.get_or_insert_with(|| {
            values.append_value(text);
            count += 1;
            count - 1
        });
        keys.append_value(number);
    }
    Ok(Arc::new(DictionaryArray::try_new(keys.finish(), Arc::new(values.finish()))?))
}
