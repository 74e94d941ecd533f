//! The doors for records: files, HTTP, syslog.

pub mod file;

pub(crate) mod appender;
pub(crate) mod gather;
pub(crate) mod http;
pub(crate) mod inflate;
pub(crate) mod kernel_drops;
pub(crate) mod letters;
mod syslog_frames;
pub(crate) mod syslog_tcp;
pub(crate) mod syslog_udp;
