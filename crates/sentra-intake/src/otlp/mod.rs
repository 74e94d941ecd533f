//! OTLP logs: every log record becomes one record of JSON with its resource and scope in it, which the format
//! `otlp` reads. Over HTTP it is in [`crate::http`]; here are the request, its records and the gRPC service.

mod grpc;
mod record;
mod request;

pub(crate) use grpc::routes;
pub(crate) use record::{Entries, RecordLimits};
pub(crate) use request::{of_json, of_protobuf};
