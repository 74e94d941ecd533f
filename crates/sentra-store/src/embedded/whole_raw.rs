//! The raw record as a DataFusion function of the columns of a segment.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::TimestampMicrosecondType;
use arrow_schema::DataType;
use datafusion::common::{Result, exec_err};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility, ident,
};

use super::raw_form::{FORM, REST, Texts, expand};

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct WholeRaw {
    signature: Signature,
    /// The columns that forms refer to, the last arguments.
    names: Vec<String>,
}

/// The raw record of a table whose forms refer to the columns `names`.
pub(super) fn whole_raw(names: &[String]) -> Expr {
    let signature = Signature::any(names.len() + 4, Volatility::Immutable);
    let arguments =
        ["raw", FORM, REST, "time"].into_iter().map(ident).chain(names.iter().map(ident)).collect();
    ScalarUDF::from(WholeRaw { signature, names: names.to_vec() }).call(arguments)
}

impl ScalarUDFImpl for WholeRaw {
    fn name(&self) -> &str {
        "whole_raw"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Binary)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&arguments.args)?;
        let [raw, forms, rests, times, columns @ ..] = arrays.as_slice() else {
            return exec_err!("a raw record, its form, its rest and a time are wanted");
        };
        let (Some(raw), Some(forms), Some(rests), Some(times)) = (
            raw.as_binary_opt::<i32>(),
            Texts::of(forms),
            Texts::of(rests),
            times.as_primitive_opt::<TimestampMicrosecondType>(),
        ) else {
            return exec_err!("a raw record and its form are not of the types they are stored in");
        };
        let columns: Vec<Option<Texts<'_>>> = columns.iter().map(Texts::of).collect();
        match expand(raw, forms, rests, times, &self.names, &columns) {
            Some(whole) => Ok(ColumnarValue::Array(Arc::new(whole))),
            // As whatever else is wrong with a file: it is compared with its checksum.
            None => Err(DataFusionError::External("a raw record does not come back from its form".into())),
        }
    }
}
