//! Ordinary days: what people, programs and machines do when nobody attacks.

pub(crate) mod background;
pub(crate) mod people;
pub(crate) mod routine;
