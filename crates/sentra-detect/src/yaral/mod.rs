//! YARA-L 2.0.

pub(crate) mod functions;
pub(crate) mod lists;
pub(crate) mod value;
