//! The Sigma language: YAML documents to rules whose detections are boolean expressions over tests.

pub(crate) mod condition;
pub(crate) mod detection;
pub(crate) mod encode;
pub(crate) mod expr;
pub(crate) mod modifier;
pub(crate) mod rule;
pub(crate) mod wildcard;
