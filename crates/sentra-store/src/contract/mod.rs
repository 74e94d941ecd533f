//! Law SAME: one suite per trait, and the engines that pass it.

pub(crate) mod fixture;
pub(crate) mod marts;
pub(crate) mod oracle;
pub(crate) mod plans;
mod records;
mod registry;
pub(crate) mod rollups;
pub(crate) mod routing;
pub(crate) mod seen;
pub(crate) mod stream;
