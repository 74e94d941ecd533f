//! What tables and columns there are, answered from the catalog: `information_schema`, SHOW, DESCRIBE.

use sentra_kql::{At, Expr, Kind, KqlError, Name, Pipeline, Reason, Source, SourceKind, Span, nearest};
use sqlparser::ast::{ObjectName, ShowStatementOptions, Statement};

use crate::expression::refused;
use crate::lower::Lowering;

/// The schema that tools ask.
pub(crate) const SCHEMA: &str = "information_schema";
/// Where every table is said to be.
const CATALOG: &str = "sentra";
const PUBLIC: &str = "public";

/// The tables of the schema and their columns; whole numbers are the ones called so.
pub(crate) const TABLES: [(&str, &[&str]); 3] = [
    ("tables", &["table_catalog", "table_schema", "table_name", "table_type"]),
    (
        "columns",
        &[
            "table_catalog",
            "table_schema",
            "table_name",
            "column_name",
            "ordinal_position",
            "is_nullable",
            "data_type",
        ],
    ),
    ("schemata", &["catalog_name", "schema_name"]),
];

/// How SQL calls a kind of values.
fn type_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Bool => "boolean",
        Kind::Long => "bigint",
        Kind::Real => "double precision",
        Kind::String => "text",
        Kind::DateTime => "timestamp with time zone",
        Kind::TimeSpan => "interval",
        Kind::Dynamic => "json",
    }
}

/// Rows that are written out.
fn rows(columns: &[&str], values: Vec<Expr>, span: Span) -> Pipeline {
    let kind = |name: &str| if name == "ordinal_position" { Kind::Long } else { Kind::String };
    let columns =
        columns.iter().map(|name| (Name { text: (*name).to_owned(), at: At(span) }, kind(name))).collect();
    Pipeline {
        source: Source { kind: SourceKind::Datatable { columns, values }, at: At(span) },
        steps: Vec::new(),
    }
}

/// A table of the schema.
pub(crate) fn table(lowering: &mut Lowering<'_>, name: &str, span: Span) -> Result<Pipeline, KqlError> {
    let Some((known, columns)) = TABLES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)) else {
        let shown: String = name.chars().take(80).collect();
        let near = nearest(name, TABLES.map(|(name, _)| name)).unwrap_or("tables, columns");
        let message = format!("there is no table {shown:?} in {SCHEMA}");
        return Err(KqlError::new(Reason::Unknown, span, message).hint(near));
    };
    let mut values = Vec::new();
    let catalog = lowering.asked_catalog();
    match *known {
        "schemata" => values.extend([CATALOG, PUBLIC].map(Expr::text)),
        "tables" => {
            for table in &catalog.tables {
                values.extend([CATALOG, PUBLIC, &table.name, "BASE TABLE"].map(Expr::text));
            }
        }
        _ => {
            for table in &catalog.tables {
                for (place, column) in table.columns.iter().enumerate() {
                    values.extend([CATALOG, PUBLIC, &table.name, &column.name].map(Expr::text));
                    values.push(Expr::long(i64::try_from(place).unwrap_or(i64::MAX).saturating_add(1)));
                    // Texts are never null, but empty.
                    let nullable = if column.kind == Kind::String { "NO" } else { "YES" };
                    values.extend([nullable, type_name(column.kind)].map(Expr::text));
                }
            }
        }
    }
    lowering.count(values.len())?;
    Ok(rows(columns, values, span))
}

/// SHOW TABLES, SHOW COLUMNS and DESCRIBE.
pub(crate) fn asked(lowering: &mut Lowering<'_>, statement: &Statement) -> Result<Pipeline, KqlError> {
    let span = lowering.text.whole();
    lowering.here = span;
    match statement {
        Statement::ShowTables { terse: _, history, extended: _, full: _, external, show_options } => {
            if *history || *external {
                return Err(refused(span, "SHOW EXTERNAL TABLES", "SHOW TABLES"));
            }
            check_show(show_options, span)?;
            let names: Vec<Expr> =
                lowering.asked_catalog().tables.iter().map(|table| Expr::text(&table.name)).collect();
            lowering.count(names.len())?;
            Ok(rows(&["table_name"], names, span))
        }
        Statement::ExplainTable { table_name, .. } => described(lowering, table_name),
        Statement::ShowColumns { show_options, .. } => {
            let Some(name) = show_options.show_in.as_ref().and_then(|show_in| show_in.parent_name.as_ref())
            else {
                return Err(refused(span, "SHOW COLUMNS without a table", "DESCRIBE events"));
            };
            if show_options.filter_position.is_some() || show_options.limit.is_some() {
                return Err(refused(span, "what stands behind SHOW", "information_schema.columns"));
            }
            described(lowering, name)
        }
        _ => Err(refused(span, "this statement", "SHOW TABLES, DESCRIBE events, information_schema.columns")),
    }
}

fn check_show(options: &ShowStatementOptions, span: Span) -> Result<(), KqlError> {
    let ShowStatementOptions { show_in, starts_with, limit, limit_from, filter_position } = options;
    let has_more = show_in.is_some()
        || starts_with.is_some()
        || limit.is_some()
        || limit_from.is_some()
        || filter_position.is_some();
    match has_more {
        true => Err(refused(span, "what stands behind SHOW TABLES", "information_schema.tables with WHERE")),
        false => Ok(()),
    }
}

/// The columns of a table.
fn described(lowering: &mut Lowering<'_>, name: &ObjectName) -> Result<Pipeline, KqlError> {
    let span = lowering.object_span(name);
    let (_, _, columns) = lowering.table(name, span)?;
    let values: Vec<Expr> = columns
        .iter()
        .flat_map(|column| [Expr::text(&column.name), Expr::text(type_name(column.kind))])
        .collect();
    lowering.count(values.len())?;
    Ok(rows(&["column_name", "data_type"], values, span))
}
