//! OTLP logs: every log record becomes one record of JSON with its resource and scope in it, which the format
//! `otlp` reads. Over HTTP it is in [`crate::http`]; here are the record and the gRPC service.

mod grpc;
mod record;

pub(crate) use grpc::service;
pub(crate) use record::records;
