//! One log record with everything around it, as JSON.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use serde_json::{Map, Value, json};

/// Law LIMIT: values nested deeper than this are said as text.
const DEPTH_MAX: usize = 16;

/// The records of a request in their order, each with its number from 1.
pub(crate) fn records(request: &ExportLogsServiceRequest) -> Vec<(u64, Vec<u8>)> {
    let mut records = Vec::new();
    for of_resource in &request.resource_logs {
        let attributes = of_resource.resource.as_ref().map(|resource| members(&resource.attributes, 0));
        let resource = json!({
            "attributes": attributes.unwrap_or_default(),
            "schema_url": of_resource.schema_url,
        });
        for of_scope in &of_resource.scope_logs {
            let scope = of_scope.scope.as_ref().map(scope).unwrap_or_else(|| json!({}));
            for log in &of_scope.log_records {
                let document = record(&resource, &scope, log);
                let bytes = serde_json::to_vec(&document).unwrap_or_default();
                records.push((records.len() as u64 + 1, bytes));
            }
        }
    }
    records
}

fn scope(scope: &InstrumentationScope) -> Value {
    json!({ "name": scope.name, "version": scope.version, "attributes": members(&scope.attributes, 0) })
}

fn record(resource: &Value, scope: &Value, log: &LogRecord) -> Value {
    json!({
        "resource": resource,
        "scope": scope,
        "time_unix_nano": log.time_unix_nano.to_string(),
        "observed_time_unix_nano": log.observed_time_unix_nano.to_string(),
        "severity_number": log.severity_number,
        "severity_text": log.severity_text,
        "body": log.body.as_ref().map_or(Value::Null, |body| any(body, 0)),
        "attributes": members(&log.attributes, 0),
        "trace_id": hex(&log.trace_id),
        "span_id": hex(&log.span_id),
        "event_name": log.event_name,
        "flags": log.flags,
    })
}

fn members(attributes: &[KeyValue], depth: usize) -> Map<String, Value> {
    let member = |pair: &KeyValue| {
        let value = pair.value.as_ref().map_or(Value::Null, |value| any(value, depth));
        (pair.key.clone(), value)
    };
    attributes.iter().map(member).collect()
}

fn any(value: &AnyValue, depth: usize) -> Value {
    if depth >= DEPTH_MAX {
        return Value::String(format!("nested deeper than {DEPTH_MAX} levels"));
    }
    match &value.value {
        None => Value::Null,
        Some(Any::StringValue(text)) => Value::String(text.clone()),
        Some(Any::BoolValue(truth)) => Value::Bool(*truth),
        Some(Any::IntValue(number)) => json!(number),
        // JSON has no infinities: they are said as text.
        Some(Any::DoubleValue(number)) => {
            serde_json::Number::from_f64(*number).map_or_else(|| json!(number.to_string()), Value::Number)
        }
        Some(Any::BytesValue(bytes)) => Value::String(STANDARD.encode(bytes)),
        Some(Any::ArrayValue(array)) => array.values.iter().map(|value| any(value, depth + 1)).collect(),
        Some(Any::KvlistValue(list)) => Value::Object(members(&list.values, depth + 1)),
        // The protocol may learn kinds of values that this version does not know.
        Some(other) => Value::String(format!("{other:?}")),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
