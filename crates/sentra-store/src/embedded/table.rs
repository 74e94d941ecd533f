//! Segments as tables for DataFusion: as whole events, and by their columns.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow_schema::{Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Result;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::{TableType, provider_as_source};
use datafusion::error::DataFusionError;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::{Expr, LogicalPlanBuilder, TableProviderFilterPushDown, col};
use datafusion::physical_plan::ExecutionPlan;

use super::alias_read::AliasAdapters;
use super::file_reader::SegmentReaders;
use super::form::{Form, Group, grouped};
use super::index::{Chosen, Indexes, Place, with_dictionaries};
use super::promoted::schema_with;
use super::stop::Stop;
use super::tenant::Segment;
use super::tokens::Needs;
use super::whole_fields::whole_fields;
use super::whole_raw::whole_raw;
use crate::bound::Bound;
use crate::schema::store_schema;

/// Some segments of one tenant, whatever their marts: whole events, as they were taken.
#[derive(Debug)]
pub(super) struct SegmentTable {
    segments: Vec<Arc<Segment>>,
}

impl SegmentTable {
    /// All rows of the segments.
    pub(super) fn all(segments: Vec<Arc<Segment>>) -> Self {
        Self { segments }
    }
}

#[async_trait]
impl TableProvider for SegmentTable {
    fn schema(&self) -> SchemaRef {
        store_schema()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    /// "Inexact": the condition stays in the plan, from where the optimiser hands it to the Parquet reader.
    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let chosen = indexes_of(state)?.choose(&self.segments, &Needs::Nothing, &Bound::Constant(true));
        let table =
            ColumnTable::whole(chosen.map_err(|error| DataFusionError::External(error.into()))?, false);
        if !table.has_shape() {
            return table.scan(state, projection, filters, limit).await;
        }
        let (fields, raw) = (whole_fields(&table.promoted), table.raw());
        let mut builder = LogicalPlanBuilder::scan("segments", provider_as_source(Arc::new(table)), None)?;
        let is_stored = |filter: &&Expr| {
            filter.column_refs().iter().all(|column| !["fields", "raw"].contains(&column.name()))
        };
        for filter in filters.iter().filter(is_stored) {
            builder = builder.filter(filter.clone())?;
        }
        let schema = store_schema();
        let all: Vec<usize> = (0..schema.fields().len()).collect();
        let wanted = projection.unwrap_or(&all).iter().filter_map(|place| schema.fields().get(*place));
        let wanted = wanted.map(|field| match field.name().as_str() {
            "fields" => fields.clone().alias("fields"),
            "raw" => raw.clone().alias("raw"),
            name => col(name),
        });
        let plan = builder.project(wanted)?.build()?;
        state.create_physical_plan(&plan).await
    }
}

fn indexes_of(state: &dyn Session) -> Result<Arc<Indexes>> {
    let unknown = || DataFusionError::Internal("the session does not know the segments".to_owned());
    state.config().get_extension::<Indexes>().ok_or_else(unknown)
}

/// Segments with the columns of their source fields.
#[derive(Debug)]
pub(super) struct ColumnTable {
    pub(super) chosen: Vec<Chosen>,
    /// Source fields that have a column in one of the segments.
    pub(super) promoted: Vec<String>,
    /// The columns that forms of raw records refer to, if one of the segments has forms.
    forms: Option<Vec<String>>,
    pub(super) schema: SchemaRef,
    dictionaries: bool,
}

impl ColumnTable {
    /// Of `chosen` segments with all columns of their source fields.
    pub(super) fn whole(chosen: Vec<Chosen>, dictionaries: bool) -> Self {
        let promoted: BTreeSet<&String> =
            chosen.iter().flat_map(|chosen| &chosen.index.entry.promoted).collect();
        let promoted = promoted.into_iter().cloned().collect();
        Self::new(chosen, promoted, dictionaries)
    }

    /// Of `chosen` segments with the columns of the source fields `names`, as far as they have any: planning takes the
    /// longer the more columns there are.
    fn with_fields(chosen: Vec<Chosen>, names: &BTreeSet<String>, dictionaries: bool) -> Self {
        let has_column =
            |name: &&String| chosen.iter().any(|chosen| chosen.index.place(name) == Place::Column);
        let promoted = names.iter().filter(has_column).cloned().collect();
        Self::new(chosen, promoted, dictionaries)
    }

    /// Texts come with their dictionaries if `dictionaries` are wanted.
    fn new(chosen: Vec<Chosen>, promoted: Vec<String>, dictionaries: bool) -> Self {
        let has_shape = chosen.iter().any(|chosen| chosen.index.entry.has_shape);
        let forms: Vec<&BTreeSet<String>> =
            chosen.iter().filter_map(|chosen| chosen.index.entry.forms.as_ref()).collect();
        let referred: BTreeSet<&String> = forms.iter().copied().flatten().collect();
        let forms = (!forms.is_empty()).then(|| referred.into_iter().cloned().collect());
        let schema = schema_with(promoted.iter().map(String::as_str), has_shape, forms.is_some());
        let schema = if dictionaries { with_dictionaries(&schema) } else { schema };
        Self { chosen, promoted, forms, schema, dictionaries }
    }

    /// `chosen` segments as tables, by where they have the source fields `names`, which are asked for, and how those are
    /// reached. With `is_whole` the whole map is asked for, too, or the raw record.
    pub(super) fn by_form(
        chosen: Vec<Chosen>,
        names: &BTreeSet<String>,
        is_whole: bool,
        stop: &Stop,
    ) -> Vec<(Self, Form)> {
        let of_form = |(places, chosen): Group| {
            // A map is made whole again of all columns, or of none; so is a raw record.
            let has_columns = places.values().all(|place| matches!(place, Place::Column | Place::Nowhere));
            let table = match has_columns && !is_whole {
                true => Self::with_fields(chosen, names, true),
                false => Self::whole(chosen, true),
            };
            let form = Form::with_columns(places, table.promoted.clone(), table.has_shape(), stop);
            let form = form.with_raw(table.raw());
            (table, form)
        };
        grouped(chosen, names).into_iter().map(of_form).collect()
    }

    /// Whether some rows have fields outside of the map.
    pub(super) fn has_shape(&self) -> bool {
        self.chosen.iter().any(|chosen| chosen.index.entry.has_shape)
    }

    /// The raw record.
    pub(super) fn raw(&self) -> Expr {
        self.forms.as_deref().map_or_else(|| col("raw"), whole_raw)
    }

    fn file(&self, chosen: &Chosen) -> PartitionedFile {
        let file = PartitionedFile::new(chosen.segment.path.clone(), chosen.segment.bytes)
            .with_extension(Arc::clone(&chosen.segment))
            .with_arrow_schema(chosen.index.schema(self.dictionaries));
        match &chosen.access {
            Some(access) => file.with_extension(access.clone()),
            None => file,
        }
    }

    /// Deals the segments out to `partitions` groups; each keeps their order.
    fn groups(&self, partitions: usize) -> Vec<FileGroup> {
        let partitions = partitions.clamp(1, self.chosen.len().max(1));
        let mut groups = vec![Vec::new(); partitions];
        for (index, chosen) in self.chosen.iter().enumerate() {
            if let Some(group) = groups.get_mut(index % partitions) {
                group.push(self.file(chosen));
            }
        }
        groups.into_iter().map(FileGroup::new).collect()
    }
}

#[async_trait]
impl TableProvider for ColumnTable {
    fn schema(&self) -> Arc<Schema> {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let indexes = indexes_of(state)?;
        let source = ParquetSource::new(Arc::clone(&self.schema))
            .with_table_parquet_options(state.default_table_options().parquet)
            .with_parquet_file_reader_factory(Arc::new(SegmentReaders(indexes)));
        // DataFusion wants to know where files are; what is read is for the readers to say.
        let config = FileScanConfigBuilder::new(ObjectStoreUrl::local_filesystem(), Arc::new(source))
            .with_file_groups(self.groups(state.config().target_partitions()))
            .with_projection_indices(projection.cloned())?
            .with_limit(limit)
            .with_expr_adapter(Some(Arc::new(AliasAdapters)))
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }
}
