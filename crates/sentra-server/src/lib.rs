//! The edges: where records come in and where answers go out.
//!
//! * [`api`] answers the console and the command line; its OpenAPI document is checked in beside `Cargo.toml`.
//! * [`Door`] decides who may come in, [`LiveHub`] tells browsers what changes, [`Config`] is every setting.
//! * [`Server::start`] opens all of it on an [`App`] that the binary puts together.
//!
//! Law ACK: an ingest request is answered after its records are durable, not before.
//! Law LOSS: a sender is told what was not taken; a door that cannot tell its sender stops reading instead.
//! Law LIMIT: bodies, lines, connections, requests, streams, sessions and waits have limits in [`Config`].
//! Law TENANT: no handler reads without a scope, and the live stream tells a tenant nothing of another.
//!
//! Invariant: this crate decides nothing about events, signals or incidents. It listens beyond this machine
//! only for syslog and only when told to, and no route but liveness, login and the console's own files
//! answers without credentials.

pub mod api;
mod config;
mod console;
mod door;
mod error;
mod figures;
mod keys;
mod layers;
mod live;
mod pipeline;
mod problem;
mod reload;
mod routes;
mod server;
mod state;
#[cfg(test)]
mod tests;

pub use config::{
    BackboneConfig, Config, ConfigError, ConfigKey, DecodeConfig, DetectConfig, Doors, FactorySection,
    ForensicPolicies, ForensicSection, IntakeConfig, MartLimit, MartRetention, MartSettings, PolicySettings,
    QueryConfig, RetentionConfig, ServerConfig, StoreConfig,
};
pub use door::{CSRF_HEADER, Door, SESSION_COOKIE, TOKEN_FILE, read_admin_token};
pub use error::ServerError;
pub use keys::{KEYS_FILE, create_key, load_keys, revoke_key};
pub use live::LiveHub;
pub use pipeline::{PipelineSnapshot, PipelineStatus};
pub use problem::{Problem, ProblemDocument, ProblemKind, ProblemPlace};
pub use reload::{ReloadAnswer, Reloader};
pub use server::{ADDRESS_FILE, Running, Server};
pub use state::{App, Metrics};
