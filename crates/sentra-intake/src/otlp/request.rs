//! The log records of an export request, one at a time.
//!
//! Law LIMIT: two bytes of protobuf may be hundreds of bytes as a structure, and a resource stands in every one of its
//! records. So a request is never decoded as a whole: its frame is walked, and each record is decoded, written as JSON
//! and given away before the next.

use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message;
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

// Fields of `ExportLogsServiceRequest`, `ResourceLogs` and `ScopeLogs`; what the records of a group have in common has
// the same number in both.
const RESOURCE_LOGS: u32 = 1;
const COMMON: u32 = 1;
const MEMBERS: u32 = 2;
const SCHEMA_URL: u32 = 3;

/// A list that an export request consists of, in the encoding of the request.
#[derive(Debug)]
pub(crate) enum List<'a> {
    /// The fields of a message that have this number.
    Protobuf { rest: &'a [u8], wanted: u32 },
    /// The documents of an array.
    Json(std::vec::IntoIter<&'a RawValue>),
    /// One thing, as it is.
    One(Option<Member<'a>>),
}

/// One member of a list, not decoded yet.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Member<'a> {
    Protobuf(&'a [u8]),
    Json(&'a RawValue),
}

/// `ResourceLogs` or `ScopeLogs`.
#[derive(Debug)]
pub(crate) struct Group<'a, C> {
    pub(crate) common: C,
    pub(crate) schema_url: String,
    pub(crate) members: List<'a>,
}

impl<'a> Iterator for List<'a> {
    type Item = Member<'a>;

    fn next(&mut self) -> Option<Member<'a>> {
        match self {
            Self::Json(documents) => documents.next().map(Member::Json),
            Self::One(member) => member.take(),
            // A frame that is broken ends here; `check` has said so before.
            Self::Protobuf { rest, wanted } => loop {
                match field(rest).ok()?? {
                    (tag, bytes) if tag == *wanted => return Some(Member::Protobuf(bytes)),
                    _ => {}
                }
            },
        }
    }
}

/// The next field that has a length, and its bytes; others are passed over.
fn field<'a>(rest: &mut &'a [u8]) -> Result<Option<(u32, &'a [u8])>, String> {
    let wrong = |error: prost::DecodeError| error.to_string();
    while !rest.is_empty() {
        let (tag, wire_type) = decode_key(rest).map_err(wrong)?;
        if wire_type != WireType::LengthDelimited {
            skip_field(wire_type, tag, rest, DecodeContext::default()).map_err(wrong)?;
            continue;
        }
        let length = usize::try_from(decode_varint(rest).map_err(wrong)?).unwrap_or(usize::MAX);
        let (bytes, after) = rest.split_at_checked(length).ok_or("a field is longer than its message")?;
        *rest = after;
        return Ok(Some((tag, bytes)));
    }
    Ok(None)
}

/// The resources of a request in protobuf whose frame is whole.
///
/// # Errors
/// Why it is none.
pub(crate) fn of_protobuf(request: &[u8]) -> Result<List<'_>, String> {
    check(request, 2)?;
    Ok(List::Protobuf { rest: request, wanted: RESOURCE_LOGS })
}

/// Walks the frame: nothing may be taken of a request that turns out to be none in its middle.
fn check(mut message: &[u8], depth: u32) -> Result<(), String> {
    // The request's own members have another number than those of the groups in it.
    let members = if depth == 2 { RESOURCE_LOGS } else { MEMBERS };
    while let Some((tag, bytes)) = field(&mut message)? {
        if tag == members && depth > 0 {
            check(bytes, depth - 1)?;
        }
    }
    Ok(())
}

/// The resources of a request in JSON.
///
/// # Errors
/// Why it is none.
pub(crate) fn of_json(request: &[u8]) -> Result<List<'_>, String> {
    #[derive(Deserialize)]
    struct Frame<'a> {
        #[serde(borrow, rename = "resourceLogs")]
        resource_logs: Option<Vec<&'a RawValue>>,
    }
    let frame: Frame<'_> = serde_json::from_slice(request).map_err(|error| error.to_string())?;
    Ok(List::Json(frame.resource_logs.unwrap_or_default().into_iter()))
}

impl<'a> Member<'a> {
    pub(crate) fn bytes(self) -> &'a [u8] {
        match self {
            Self::Protobuf(bytes) => bytes,
            Self::Json(document) => document.get().as_bytes(),
        }
    }

    /// Reads `ResourceLogs`.
    pub(crate) fn resource(self, bytes_max: usize) -> Result<Group<'a, Resource>, String> {
        match self {
            Self::Protobuf(bytes) => group(bytes, bytes_max),
            Self::Json(document) => {
                #[derive(Deserialize)]
                #[serde(rename_all = "camelCase")]
                struct Frame<'a> {
                    #[serde(borrow)]
                    resource: Option<&'a RawValue>,
                    #[serde(borrow)]
                    scope_logs: Option<Vec<&'a RawValue>>,
                    #[serde(borrow)]
                    schema_url: Option<&'a RawValue>,
                }
                let frame: Frame<'a> = json(document)?;
                let members = List::Json(frame.scope_logs.unwrap_or_default().into_iter());
                let schema_url = frame.schema_url.map(|text| limited(text, bytes_max)).transpose()?;
                let common = frame.resource.map(|resource| limited(resource, bytes_max)).transpose()?;
                Ok(Group {
                    common: common.unwrap_or_default(),
                    schema_url: schema_url.unwrap_or_default(),
                    members,
                })
            }
        }
    }

    /// Reads `ScopeLogs`.
    pub(crate) fn scope(self, bytes_max: usize) -> Result<Group<'a, InstrumentationScope>, String> {
        match self {
            Self::Protobuf(bytes) => group(bytes, bytes_max),
            Self::Json(document) => {
                #[derive(Deserialize)]
                #[serde(rename_all = "camelCase")]
                struct Frame<'a> {
                    #[serde(borrow)]
                    scope: Option<&'a RawValue>,
                    #[serde(borrow)]
                    log_records: Option<Vec<&'a RawValue>>,
                }
                let frame: Frame<'a> = json(document)?;
                let members = List::Json(frame.log_records.unwrap_or_default().into_iter());
                let common = frame.scope.map(|scope| limited(scope, bytes_max)).transpose()?;
                Ok(Group { common: common.unwrap_or_default(), schema_url: String::new(), members })
            }
        }
    }

    /// Reads a record.
    pub(crate) fn record(self) -> Result<LogRecord, String> {
        match self {
            Self::Protobuf(bytes) => LogRecord::decode(bytes).map_err(|error| error.to_string()),
            Self::Json(document) => json(document),
        }
    }
}

fn json<'a, T: Deserialize<'a>>(document: &'a RawValue) -> Result<T, String> {
    serde_json::from_str(document.get()).map_err(|error| error.to_string())
}

fn limited<T: DeserializeOwned>(document: &RawValue, bytes_max: usize) -> Result<T, String> {
    check_length(document.get().len(), bytes_max)?;
    json(document)
}

fn check_length(bytes: usize, bytes_max: usize) -> Result<(), String> {
    if bytes <= bytes_max {
        return Ok(());
    }
    Err(format!("its resource or scope has {bytes} bytes, the limit is {bytes_max} (intake.line_bytes_max)"))
}

fn group<C: Message + Default>(message: &[u8], bytes_max: usize) -> Result<Group<'_, C>, String> {
    let mut group = Group {
        common: C::default(),
        schema_url: String::new(),
        members: List::Protobuf { rest: message, wanted: MEMBERS },
    };
    let mut rest = message;
    let mut common_bytes = 0;
    while let Some((tag, bytes)) = field(&mut rest)? {
        match tag {
            COMMON => {
                common_bytes += bytes.len();
                check_length(common_bytes, bytes_max)?;
                group.common.merge(bytes).map_err(|error| error.to_string())?;
            }
            SCHEMA_URL => {
                check_length(bytes.len(), bytes_max)?;
                group.schema_url = String::from_utf8_lossy(bytes).into_owned();
            }
            _ => {}
        }
    }
    Ok(group)
}
