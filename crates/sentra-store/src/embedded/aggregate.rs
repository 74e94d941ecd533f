//! Aggregates over scans, every partition by itself, then put together.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{Field, Schema};
use datafusion::common::Result;
use datafusion::dataframe::DataFrame;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryPool, MemoryReservation};
use futures::StreamExt;
use sentra_kql::plan::Aggregate;
use sentra_kql::{AggregateFunction, Kind};
use tokio::task::JoinSet;

use super::groups::{Column, Computed, Groups, Spec};
use super::intern::Values;
use super::scan::{Scan, Units, on_threads};
use super::stop::Stop;

/// What DataFusion's rows can be grouped for: nothing where the interpreter must do it.
pub(super) fn computed(aggregate: &Aggregate) -> Option<Computed> {
    use AggregateFunction::{
        ArgMax, ArgMin, Avg, AvgIf, Count, CountIf, Dcount, DcountIf, MakeList, MakeListIf, MakeSet,
        MakeSetIf, Max, MaxIf, Min, MinIf, Percentile, Percentiles, Sum, SumIf,
    };
    let kind = aggregate.arguments.first().map(|argument| argument.kind);
    let is_whole = |kind: &Kind| matches!(kind, Kind::Long | Kind::DateTime | Kind::TimeSpan);
    match aggregate.function {
        Count | CountIf => Some(Computed::Count),
        Dcount | DcountIf => {
            kind.filter(|kind| !matches!(kind, Kind::Dynamic | Kind::Real)).map(Computed::Distinct)
        }
        Sum | SumIf => kind.filter(|kind| *kind == Kind::Long).map(|_| Computed::Sum),
        Avg | AvgIf => kind.filter(|kind| *kind == Kind::Long).map(|_| Computed::Average),
        Min | MinIf => kind.filter(is_whole).map(Computed::Least),
        Max | MaxIf => kind.filter(is_whole).map(Computed::Greatest),
        MakeSet | MakeSetIf => {
            kind.filter(|kind| !matches!(kind, Kind::Dynamic | Kind::Real)).map(Computed::Set)
        }
        // What is dynamic may be the map of all fields, and weighs what only the interpreter knows.
        MakeList | MakeListIf => kind.filter(|kind| *kind != Kind::Dynamic).map(Computed::List),
        Percentile | Percentiles => kind.filter(is_whole).map(Computed::Ranked),
        ArgMax | ArgMin => {
            let is_greatest = aggregate.function == ArgMax;
            kind.filter(is_whole).map(|_| Computed::Best { is_greatest })
        }
        _ => None,
    }
}

/// Whether rows can be grouped by values of a kind.
pub(super) fn is_key(kind: Kind) -> bool {
    Values::takes(kind)
}

/// Where the arguments of `aggregate` stand, when the next column is `next`: places of value and condition.
pub(super) fn column(aggregate: &Aggregate, computed: Computed, next: usize) -> Column {
    let (value, condition) = match computed {
        Computed::Count => (None, (!aggregate.arguments.is_empty()).then_some(next)),
        // Of its row, not of a condition.
        Computed::Best { .. } => (Some(next), None),
        _ => (Some(next), aggregate.arguments.get(1).map(|_| next + 1)),
    };
    let outputs = aggregate.outputs.iter().map(|output| output.kind).collect();
    Column { computed, value, condition, constants: aggregate.constants.clone(), outputs }
}

/// Whether an argument of `aggregate` is a condition.
pub(super) fn is_condition(aggregate: &Aggregate, place: usize) -> bool {
    match computed(aggregate) {
        Some(Computed::Count) => true,
        Some(Computed::Best { .. }) => false,
        _ => place > 0,
    }
}

/// Rows to be grouped: keys and arguments of aggregates as columns.
pub(super) enum Input {
    /// What came out of an operator.
    Frame(DataFrame),
    /// Events as they are stored, read by so many threads.
    Scans(Vec<Scan>, usize),
}

/// Groups of a part of the rows, with the memory they hold.
type Grouped = (Groups, MemoryReservation);

/// The groups of all rows of `input`: keys, then aggregates.
pub(super) async fn grouped(
    input: Input,
    spec: Spec,
    pool: &Arc<dyn MemoryPool>,
    stop: &Stop,
) -> Result<RecordBatch> {
    let spec = Arc::new(spec);
    let parts = match input {
        Input::Frame(frame) => of_frame(frame, &spec, pool, stop).await?,
        Input::Scans(scans, partitions) => of_scans(scans, partitions, &spec, pool, stop).await?,
    };
    let mut all = Groups::new(Arc::clone(&spec));
    let reservation = MemoryConsumer::new("groups").register(pool);
    let mut is_first = true;
    for (groups, of_part) in parts {
        if is_first {
            all = groups;
            is_first = false;
        } else {
            stop.apart(|| all.merge(&groups, stop))?;
        }
        drop(of_part);
        reservation.try_resize(all.bytes())?;
    }
    stop.take(0)?;
    let arrays = stop.apart(|| all.arrays())?;
    let fields: Vec<Field> = arrays
        .iter()
        .enumerate()
        .map(|(place, array)| Field::new(name_of(place), array.data_type().clone(), true))
        .collect();
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?)
}

/// The name of a column of groups.
pub(super) fn name_of(place: usize) -> String {
    format!("g{place}")
}

async fn of_frame(
    frame: DataFrame,
    spec: &Arc<Spec>,
    pool: &Arc<dyn MemoryPool>,
    stop: &Stop,
) -> Result<Vec<Grouped>> {
    let mut parts = JoinSet::new();
    for stream in frame.execute_stream_partitioned().await? {
        let reservation = MemoryConsumer::new("groups").register(pool);
        parts.spawn(of_stream(stream, Arc::clone(spec), reservation, stop.clone()));
    }
    let mut grouped = Vec::new();
    while let Some(part) = parts.join_next().await {
        grouped.push(part.map_err(|error| DataFusionError::External(Box::new(error)))??);
    }
    Ok(grouped)
}

async fn of_scans(
    scans: Vec<Scan>,
    partitions: usize,
    spec: &Arc<Spec>,
    pool: &Arc<dyn MemoryPool>,
    stop: &Stop,
) -> Result<Vec<Grouped>> {
    let units = Units::new(scans);
    let threads = units.threads(partitions);
    let (spec, pool, stop) = (Arc::clone(spec), Arc::clone(pool), stop.clone());
    let work = move || {
        let reservation = MemoryConsumer::new("groups").register(&pool);
        let mut groups = Groups::new(Arc::clone(&spec));
        units.read_all(&stop, &mut |columns, rows| {
            stop.take(rows as u64)?;
            groups.add(&columns, rows)?;
            reservation.try_resize(groups.bytes())?;
            Ok(true)
        })?;
        groups.finish();
        reservation.try_resize(groups.bytes())?;
        Ok((groups, reservation))
    };
    on_threads(threads, work).await
}

async fn of_stream(
    mut stream: SendableRecordBatchStream,
    spec: Arc<Spec>,
    reservation: MemoryReservation,
    stop: Stop,
) -> Result<Grouped> {
    let mut groups = Groups::new(spec);
    while let Some(batch) = stream.next().await {
        let batch = batch?;
        stop.take(batch.num_rows() as u64)?;
        groups.add(batch.columns(), batch.num_rows())?;
        reservation.try_resize(groups.bytes())?;
        // The others want to be asked, and whoever cancels to be heard.
        tokio::task::yield_now().await;
    }
    groups.finish();
    reservation.try_resize(groups.bytes())?;
    Ok((groups, reservation))
}
