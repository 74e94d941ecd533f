//! `sentra query`

use sentra_server::api::types::{QueryAnswer, QueryRequest, QueryStatus};
use serde_json::Value;

use crate::cli::QueryArguments;
use crate::commands::access::Access;
use crate::commands::export;
use crate::output;
use crate::progress::{counted, grouped};

pub(crate) fn run(arguments: &QueryArguments) -> anyhow::Result<()> {
    let request = QueryRequest {
        text: arguments.text.clone(),
        engine: Some(arguments.engine.clone()),
        explain: arguments.explain,
        page_size: arguments.page_size.map(usize::from),
        cursor: arguments.cursor.clone(),
        ..QueryRequest::default()
    };
    if arguments.estimate {
        return estimate(arguments, &request);
    }
    if let Some(format) = &arguments.export {
        return export::run(arguments, &request, format);
    }
    let answer = Access::open(&arguments.place, false)?.query(&request)?;
    if arguments.json {
        return output::json(&answer);
    }
    let head: Vec<&str> = answer.columns.iter().map(|column| column.name.as_str()).collect();
    let rows: Vec<Vec<String>> = answer.rows.iter().map(|row| row.iter().map(cell).collect()).collect();
    match rows.as_slice() {
        // One event is easier to read from top to bottom.
        [_] if answer.columns.iter().any(|column| column.name == "raw_base64") => event(&answer)?,
        _ => output::table(&head, &rows)?,
    }
    if let Some(explain) = &answer.explain {
        output::remark(&serde_json::to_string_pretty(explain)?);
    }
    let status = match answer.status {
        QueryStatus::Complete => "",
        QueryStatus::Partial => {
            ", partial: a limit ended the search early or damaged files were left out, --explain says which"
        }
        QueryStatus::Stale => ", stale: newer records are not processed yet",
    };
    let rows = counted(answer.rows.len() as u64, "row");
    output::remark(&format!("{rows} in {:.1} ms ({}){status}", answer.elapsed_ms, answer.route.reason));
    if let Some(cursor) = &answer.next_cursor {
        output::remark(&format!("there is more: --cursor {cursor}"));
    }
    Ok(())
}

/// What the question is expected to cost.
fn estimate(arguments: &QueryArguments, request: &QueryRequest) -> anyhow::Result<()> {
    let expected = Access::open(&arguments.place, false)?.estimate(request)?;
    if arguments.json {
        return output::json(&expected);
    }
    let said = |name: &str| expected.get(name).unwrap_or(&Value::Null);
    let number = |name: &str| expected.pointer(&format!("/estimate/{name}")).unwrap_or(&Value::Null);
    let count = |name: &str| grouped(number(name).as_u64().unwrap_or_default());
    let millis = |name: &str| format!("{:.0} ms", number(name).as_f64().unwrap_or_default());
    output::line(&format!("understood  {}", output::visible(&cell(said("understood")))))?;
    output::line(&format!("rows        {}", count("rows")))?;
    output::line(&format!("segments    {} ({} bytes)", count("segments"), count("bytes")))?;
    let band = format!("{} to {}", millis("low_ms"), millis("high_ms"));
    output::line(&format!("time        about {}, {band}", millis("expected_ms")))?;
    if *said("allowed") == Value::Bool(false) {
        output::line("allowed     no")?;
        if let Value::String(cheaper) = said("cheaper") {
            output::line(&format!("cheaper     {}", output::visible(cheaper)))?;
        }
    }
    Ok(())
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// One event whole, nothing cut: the raw line first, then what was understood of it.
fn event(answer: &QueryAnswer) -> anyhow::Result<()> {
    let Some(row) = answer.rows.first() else { return Ok(()) };
    let pairs: Vec<(&str, &Value)> =
        answer.columns.iter().map(|column| column.name.as_str()).zip(row).collect();
    let value = |name: &str| pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
    let raw = value("raw").map(cell).unwrap_or_default();
    output::line(&output::visible(&raw))?;
    if raw.contains('\u{fffd}') {
        let bytes = value("raw_base64").map(cell).unwrap_or_default();
        output::line(&format!("(not all of it is text; base64 of the bytes: {bytes})"))?;
    }
    output::line("")?;
    let say = |name: &str, value: &Value| match value {
        Value::Null => Ok(()),
        value => output::line(&format!("{name:<24} {}", output::visible(&cell(value)))),
    };
    for (name, value) in pairs.iter().filter(|(name, _)| !["raw", "raw_base64", "fields"].contains(name)) {
        say(name, value)?;
    }
    match value("fields") {
        Some(Value::Object(fields)) => {
            output::line("")?;
            fields.iter().try_for_each(|(name, value)| say(name, value))
        }
        Some(Value::Array(fields)) => {
            output::line("")?;
            for field in fields {
                let part = |index| field.get(index).map(cell).unwrap_or_default();
                output::line(&format!("{:<24} {}", part(0), output::visible(&part(1))))?;
            }
            Ok(())
        }
        _ => Ok(()),
    }
}
