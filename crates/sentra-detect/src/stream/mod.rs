//! Event time of a tenant: how far it has come, and what still waits for its turn.
//!
//! Whatever is decided in the order of event time (conditions of correlations that can become false again,
//! absence, match sections over several events) goes through the same two things: a [`Watermark`], which
//! says up to when events have probably all arrived, and a [`Reorder`] buffer, which hands on in order what
//! arrived in disorder. Nothing here reads a clock (law TIME) or knows of batches (law IDENTITY).

mod reorder;
mod watermark;

pub(crate) use reorder::{Place, Reorder};
pub(crate) use watermark::Watermark;
