//! The HTTP interface: types, routes and the OpenAPI document that describes them.

pub mod types;

mod convert;
pub(crate) mod dead_letters;
pub(crate) mod decisions;
pub(crate) mod engines;
pub(crate) mod events;
pub(crate) mod extract;
mod failures;
pub(crate) mod forensic;
pub(crate) mod health;
pub(crate) mod incidents;
pub(crate) mod ingest;
pub(crate) mod login;
pub(crate) mod marts;
mod openapi;
mod params;
pub(crate) mod queries;
pub(crate) mod query;
pub(crate) mod reload;
pub(crate) mod rollups;
pub(crate) mod rules;
pub(crate) mod status;
pub(crate) mod stream;
pub(crate) mod topics;
pub(crate) mod tuning;

pub(crate) use openapi::serve_openapi;
pub use openapi::{openapi, openapi_json};
