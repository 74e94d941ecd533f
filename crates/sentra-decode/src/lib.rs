//! Bytes to events: one module per format, each of which recognises, parses and maps.
//!
//! * [`Decoder::decode`] turns one record into a normalised [`sentra_model::Event`] or says why it cannot.
//! * [`LineFramer`], [`json_document_records`] and [`evtx_records`] cut files and connections into records.
//! * [`Declared`] are formats that packs declare in YAML; [`DecodeOptions::declared`] brings them into a decoder.
//! * [`formats`] lists what a sender may name; without a name the format is detected from the bytes.
//!
//! **Law LOSS**: every record has one of two ends, [`Decoded::Event`] or [`Decoded::Dead`] with its
//! reason. A non-empty line of text is always an event: where no format knows it, it is of format `text` and
//! its `problem` says so. What an event does not say in its header it keeps in `fields`, and the record's
//! bytes stay beside it. **Law LIMIT**: nesting, number of fields and record length are bounded.
//! **Law TIME**: no clock is read; the rules for times without a year or a zone are in [`time`].
//!
//! # Marts
//!
//! | format | mart |
//! |---|---|
//! | `windows` | `windows` |
//! | `syslog` | `linux` |
//! | `text` (lines no format knows) | `linux`: text without a product comes from Unix hosts and what runs on them |
//! | `cloudtrail` | `cloud` |
//! | `snmp` | `firewall`: network devices, and beside the logs that they send by syslog |
//! | `netfilter`, `dnsmasq`, `bind` | `firewall` |
//! | `web_access`, `nginx`, `apache`, `squid`, `haproxy`, `w3c` | `proxy` |
//! | the other daemons of Unix hosts, `logfmt` | `linux` |
//! | `cef`, `leef` | `firewall`; `proxy`, `identity` and `legacy` by their vendor |
//! | `panos`, `fortigate`, `cisco`, `suricata`, `suricata_fast`, `snort`, `snort_json`, `zeek`, `zeek_tsv` | `firewall` |
//! | `cloudtrail` and the other control planes and services | `cloud` |
//! | `okta`, `entra_*` and the other identity providers, `sailpoint`, `saviynt`, `workday` | `identity` |
//! | `vpc_flow` | `firewall` |
//! | `otlp` | that of the line in its body; else `legacy`, `windows`, `linux`, `proxy` or `cloud` by its attributes |
//! | `json` (objects no format knows) | `cloud`: structured audit records come from cloud and SaaS services; `linux` when they came in by syslog |
//!
//! # Which line counts
//!
//! One failed login is logged in several lines. Exactly one of them carries `LL03`, so that the sum of `count`
//! over `LL03` events is the number of failed attempts. The rule is stated in `syslog/sshd.rs`.
//!
//! Invariant: no I/O, no clock, no panic on any input, no dependency on another room but the model.

mod address;
mod cloud;
mod cloudtrail;
mod declared;
mod decoder;
mod devices;
mod evtx_file;
mod flatten;
mod format;
mod framing;
mod hec;
mod hints;
mod identity;
mod joined;
mod json;
mod json_document;
mod json_login;
mod json_scan;
mod legacy;
mod marks;
mod names;
mod object;
mod otlp;
mod platform;
mod scan;
mod shipper;
mod snmp;
mod split;
mod syslog;
#[cfg(test)]
mod test_kit;
mod text;
pub mod time;
mod trail;
mod unix;
pub mod virtual_entity;
mod web;
mod windows;

pub use declared::{Declared, FormatProblem, FormatProblemSeverity, is_format_file};
pub use decoder::{DecodeOptions, Decoded, Decoder, FormatInfo, formats};
pub use devices::cef::{CefExtension, CefHeader, parse_cef};
pub use devices::zeek::ZeekTsvFramer;
pub use evtx_file::{ContainerProblem, EvtxRecords, evtx_records, is_evtx};
pub use framing::{Framed, LineFramer};
pub use json_document::{DocumentProblem, json_document_records, may_be_json_document};
pub use legacy::{
    LegacyFramed, LegacyRecords, LegacyStream, RdwFramer, ems_records, qaudjrn_records, smf_records,
};
pub use unix::audit_joiner::AuditJoiner;
pub use virtual_entity::{DemuxRule, VirtualEntities, VirtualEntityError};
