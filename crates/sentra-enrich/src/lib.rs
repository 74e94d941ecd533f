//! What is known about the entities of events and signals.
//!
//! Static knowledge (identities, assets, networks, places) and intelligence (indicators) are read from bytes, kept in
//! bounded memory and looked up; what was found is an [`Enrichment`](sentra_model::Enrichment) with its source and
//! version. No I/O: bytes, files' names and the time are passed in.
