//! `sentra query`

use sentra_server::api::types::{QueryRequest, QueryStatus};
use serde_json::Value;

use crate::cli::QueryArguments;
use crate::commands::access::Access;
use crate::output;
use crate::progress::counted;

pub(crate) fn run(arguments: &QueryArguments) -> anyhow::Result<()> {
    let request = QueryRequest {
        text: arguments.text.clone(),
        engine: Some(arguments.engine.clone()),
        explain: arguments.explain,
    };
    let answer = Access::open(&arguments.place, false)?.query(&request)?;
    if arguments.json {
        return output::json(&answer);
    }
    let head: Vec<&str> = answer.columns.iter().map(|column| column.name.as_str()).collect();
    let rows: Vec<Vec<String>> = answer.rows.iter().map(|row| row.iter().map(cell).collect()).collect();
    match rows.as_slice() {
        // One event is easier to read from top to bottom.
        [row] if head.len() > 12 => {
            let pairs: Vec<Vec<String>> = head
                .iter()
                .zip(row)
                .filter(|(_, cell)| !cell.is_empty())
                .map(|(name, cell)| vec![(*name).to_owned(), cell.clone()])
                .collect();
            output::table(&["column", "value"], &pairs)?;
        }
        _ => output::table(&head, &rows)?,
    }
    if let Some(explain) = &answer.explain {
        output::remark(&serde_json::to_string_pretty(explain)?);
    }
    let status = match answer.status {
        QueryStatus::Complete => "",
        QueryStatus::Partial => ", partial: a limit ended the search early",
        QueryStatus::Stale => ", stale: newer records are not processed yet",
    };
    let rows = counted(answer.rows.len() as u64, "row");
    output::remark(&format!("{rows} in {:.1} ms ({}){status}", answer.elapsed_ms, answer.route.reason));
    Ok(())
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
