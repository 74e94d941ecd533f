//! One module per command.

pub(crate) mod access;
pub(crate) mod bench;
pub(crate) mod dead_letters;
pub(crate) mod detect;
pub(crate) mod export;
pub(crate) mod incidents;
pub(crate) mod ingest;
pub(crate) mod keys;
pub(crate) mod login_link;
pub(crate) mod marts;
pub(crate) mod packs;
pub(crate) mod query;
pub(crate) mod reading;
pub(crate) mod reload;
pub(crate) mod replay;
pub(crate) mod rules;
pub(crate) mod serve;
pub(crate) mod simulate;
pub(crate) mod store;
pub(crate) mod topics;
