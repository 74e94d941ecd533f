//! The Sigma language: YAML documents to rules whose detections are boolean expressions over tests.

pub(crate) mod aggregation;
pub(crate) mod condition;
pub(crate) mod detection;
pub(crate) mod documents;
pub(crate) mod draft;
pub(crate) mod encode;
pub(crate) mod expand;
pub(crate) mod expr;
pub(crate) mod filter;
pub(crate) mod legacy;
pub(crate) mod modifier;
pub(crate) mod rule;
pub(crate) mod tree;
pub(crate) mod values;
pub(crate) mod wildcard;
