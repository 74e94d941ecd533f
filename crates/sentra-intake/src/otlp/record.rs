//! Log records with everything around them, as JSON.

use std::borrow::Cow;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::resource::v1::Resource;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value, json};

use super::request::{List, Member};
use crate::http::Entry;

/// Law LIMIT: values nested deeper than this are said as text.
const DEPTH_MAX: usize = 16;

/// Law LIMIT: how much a request may become.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RecordLimits {
    /// Longest record, and longest resource.
    pub(crate) record_bytes_max: usize,
    /// All records with their resources.
    pub(crate) total_bytes_max: usize,
}

/// The records of a request in their order, each with its number from 1.
#[derive(Debug)]
pub(crate) struct Entries<'a> {
    resources: List<'a>,
    scopes: Option<Within<'a>>,
    records: Option<Within<'a>>,
    limits: RecordLimits,
    position: u64,
    bytes: usize,
    /// Records that were not looked at any more; they are no entries.
    pub(crate) left_out: u64,
}

/// A list and what its members have in common, or why that cannot be read.
#[derive(Debug)]
struct Within<'a> {
    common: Result<Arc<RawValue>, String>,
    members: List<'a>,
}

impl<'a> Entries<'a> {
    pub(crate) fn new(resources: List<'a>, limits: RecordLimits) -> Self {
        Self { resources, scopes: None, records: None, limits, position: 0, bytes: 0, left_out: 0 }
    }

    /// The next record, however deep it lies.
    fn member(&mut self) -> Option<Member<'a>> {
        let bytes_max = self.limits.record_bytes_max;
        loop {
            if let Some(member) = self.records.as_mut().and_then(|records| records.members.next()) {
                return Some(member);
            }
            if let Some(member) = self.scopes.as_mut().and_then(|scopes| scopes.members.next()) {
                self.records = Some(match member.scope(bytes_max) {
                    Ok(group) => Within { common: Ok(raw(&scope(&group.common))), members: group.members },
                    Err(problem) => unreadable(problem, member),
                });
                continue;
            }
            let member = self.resources.next()?;
            match member.resource(bytes_max) {
                Ok(group) => {
                    let common = Ok(raw(&resource(&group.common, &group.schema_url)));
                    self.scopes = Some(Within { common, members: group.members });
                }
                Err(problem) => self.records = Some(unreadable(problem, member)),
            }
        }
    }

    fn entry(&self, member: Member<'a>) -> Entry<'a> {
        let bytes = member.bytes();
        if bytes.len() > self.limits.record_bytes_max {
            return Entry::Record(self.position, Cow::Borrowed(bytes));
        }
        let common = |within: &'_ Option<Within<'a>>| match within {
            Some(Within { common, .. }) => common.clone(),
            None => Err("it stands outside of everything".into()),
        };
        let document = common(&self.records)
            .and_then(|scope| Ok((common(&self.scopes)?, scope)))
            .and_then(|(resource, scope)| Ok(record(&resource, &scope, &member.record()?)));
        match document {
            Ok(document) => Entry::Record(self.position, Cow::Owned(document)),
            Err(problem) => {
                let detail = format!("no log record: {problem}");
                Entry::Dead { position: self.position, detail, excerpt: bytes }
            }
        }
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Entry<'a>> {
        let member = self.member()?;
        self.position += 1;
        if self.bytes <= self.limits.total_bytes_max {
            let entry = self.entry(member);
            if let Entry::Record(_, bytes) = &entry {
                self.bytes = self.bytes.saturating_add(bytes.len());
            }
            return Some(entry);
        }
        while self.member().is_some() {
            self.left_out += 1;
        }
        let detail = format!(
            "the request's records have more than {} bytes with their resources \
             (intake.request_expanded_bytes_max); this one and {} behind it were not taken",
            self.limits.total_bytes_max, self.left_out
        );
        Some(Entry::Dead { position: self.position, detail, excerpt: member.bytes() })
    }
}

/// A group that cannot be read is one entry, which says why.
fn unreadable<'a>(problem: String, member: Member<'a>) -> Within<'a> {
    Within { common: Err(problem), members: List::One(Some(member)) }
}

fn raw(value: &impl Serialize) -> Arc<RawValue> {
    Arc::from(to_raw_value(value).unwrap_or_default())
}

fn resource(resource: &Resource, schema_url: &str) -> Value {
    let mut document = json!({ "attributes": members(&resource.attributes, 0) });
    if let (Some(document), false) = (document.as_object_mut(), schema_url.is_empty()) {
        document.insert("schema_url".to_owned(), json!(schema_url));
    }
    document
}

fn scope(scope: &InstrumentationScope) -> Value {
    json!({ "name": scope.name, "version": scope.version, "attributes": members(&scope.attributes, 0) })
}

fn record(resource: &RawValue, scope: &RawValue, log: &LogRecord) -> Vec<u8> {
    #[derive(Serialize)]
    struct Document<'a> {
        resource: &'a RawValue,
        scope: &'a RawValue,
        time_unix_nano: String,
        observed_time_unix_nano: String,
        severity_number: i32,
        severity_text: &'a str,
        body: Value,
        attributes: Map<String, Value>,
        trace_id: String,
        span_id: String,
        event_name: &'a str,
        flags: u32,
    }
    let document = Document {
        resource,
        scope,
        time_unix_nano: log.time_unix_nano.to_string(),
        observed_time_unix_nano: log.observed_time_unix_nano.to_string(),
        severity_number: log.severity_number,
        severity_text: &log.severity_text,
        body: log.body.as_ref().map_or(Value::Null, |body| any(body, 0)),
        attributes: members(&log.attributes, 0),
        trace_id: hex(&log.trace_id),
        span_id: hex(&log.span_id),
        event_name: &log.event_name,
        flags: log.flags,
    };
    serde_json::to_vec(&document).unwrap_or_default()
}

/// Law LOSS: of a key that comes twice, which it should not, every value is kept, in a list.
fn members(attributes: &[KeyValue], depth: usize) -> Map<String, Value> {
    let mut members = Map::new();
    for pair in attributes {
        let value = pair.value.as_ref().map_or(Value::Null, |value| any(value, depth));
        match members.get_mut(&pair.key) {
            None => {
                members.insert(pair.key.clone(), value);
            }
            Some(Value::Array(values)) => values.push(value),
            Some(first) => *first = Value::Array(vec![first.take(), value]),
        }
    }
    members
}

fn any(value: &AnyValue, depth: usize) -> Value {
    if depth >= DEPTH_MAX {
        return Value::String(serde_json::to_string(value).unwrap_or_default());
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
