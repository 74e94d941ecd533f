//! What is known about the entities of events and signals.
//!
//! Static knowledge (identities, assets, networks, places) and intelligence (indicators) are read from bytes, kept in
//! bounded memory and looked up; what was found is an [`Enrichment`](sentra_model::Enrichment) with its source and
//! version. No I/O: bytes, files' names and the time are passed in.

mod assets;
mod claims;
pub mod controls;
mod enricher;
mod event_time;
mod fold;
mod identity;
mod import;
pub mod indicators;
mod moment;
mod networks;
mod places;
mod problem;
mod rows;
mod source;
mod statements;
mod subject;
#[cfg(test)]
mod test_kit;

pub use assets::*;
pub use claims::{
    CLAIMS_PER_ATTRIBUTE_MAX, CONTRADICTIONS_MAX, Claim, Contradiction, Contradictions, Statement,
};
pub use enricher::Enricher;
pub use fold::NAME_CHARS_MAX;
pub use identity::*;
pub use import::{COLUMNS_MAX, ROWS_MAX, VALUE_BYTES_MAX, VALUES_PER_ROW_MAX};
pub use networks::{NETWORKS_MAX, Networks, Prefix, PrefixTable, Zone, ZoneKind, network_attributes};
pub use places::{PLACE_DATABASES_MAX, PLACES_BYTES_MAX, PLACES_CACHED_MAX, Place, Places};
pub use problem::{PROBLEMS_PER_SOURCE_MAX, Problem};
pub use rows::{ROW_FIELDS, RowStatement};
pub use source::*;
pub use statements::STATIC_ENRICHMENTS_MAX;
pub use subject::{ENTITIES_PER_SIGNAL_MAX, SubjectWeight};
