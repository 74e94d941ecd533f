//! Reads a directory (Active Directory, OpenLDAP, any LDAPv3) and keeps what it answered as LDIF, from which
//! `sentra-enrich` takes identities and assets.
//!
//! It reads only: bind, StartTLS, search and unbind are all it can say. There is no way without TLS and none around the
//! certificate's check. Never here: schedules (whoever calls [`refresh`] has the clock), meaning of attributes, and
//! events.
//!
//! What comes from the network is taken apart without recursion, and every message, entry and answer has a named limit,
//! also what comes before TLS stands.

mod ber;
mod connection;
mod error;
mod fetch;
mod filter;
mod ldif;
mod message;
mod refresh;

pub use connection::{CONNECT_SECONDS_MAX, MESSAGE_BYTES_MAX, REPLY_SECONDS_MAX};
pub use error::DirectoryError;
pub use fetch::{ANSWER_BYTES_MAX, ATTRIBUTES, ENTRIES_MAX, Entry, FETCH_SECONDS_MAX, PAGE_ENTRIES};
pub use filter::{FILTER_BYTES_MAX, FILTER_DEPTH_MAX};
pub use ldif::ldif_of;
pub use refresh::{Refreshed, SECRET_BYTES_MAX, refresh};
