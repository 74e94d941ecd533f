//! Questions beside the plain one: what may be written next, answers as streams and as files.

pub(crate) mod complete;
pub(crate) mod export;
mod pump;
pub(crate) mod stream;
