//! The map of all source fields as a DataFusion function of the columns of a segment.

use std::sync::Arc;

use arrow_array::StringArray;
use arrow_array::cast::AsArray;
use arrow_schema::DataType;
use datafusion::common::{Result, exec_err};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility, ident,
};

use super::promoted::{SHAPE, column_of, plain, whole};
use crate::schema::store_schema;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct WholeFields {
    signature: Signature,
    /// Fields whose columns are the arguments behind the map and the shape.
    names: Vec<String>,
}

/// The map of a table in which the fields `promoted` have columns.
pub(super) fn whole_fields(promoted: &[String]) -> Expr {
    let signature = Signature::any(promoted.len() + 2, Volatility::Immutable);
    let columns = promoted.iter().map(|name| ident(column_of(name)));
    let arguments = [ident("fields"), ident(SHAPE)].into_iter().chain(columns).collect();
    ScalarUDF::from(WholeFields { signature, names: promoted.to_vec() }).call(arguments)
}

impl ScalarUDFImpl for WholeFields {
    fn name(&self) -> &str {
        "whole_fields"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(store_schema().field_with_name("fields")?.data_type().clone())
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let failed = |error: crate::StoreError| DataFusionError::External(error.into());
        let arrays = ColumnarValue::values_to_arrays(&arguments.args)?;
        let [rest, shapes, columns @ ..] = arrays.as_slice() else {
            return exec_err!("a map and its shape are wanted");
        };
        let shapes = plain(shapes).map_err(failed)?;
        let columns =
            columns.iter().map(plain).collect::<std::result::Result<Vec<_>, _>>().map_err(failed)?;
        let columns: Vec<&StringArray> = columns.iter().collect();
        let Some(rest) = rest.as_map_opt() else { return exec_err!("the fields are no map") };
        let map = whole(rest, &shapes, &self.names, &columns).map_err(failed)?;
        Ok(ColumnarValue::Array(Arc::new(map)))
    }
}
