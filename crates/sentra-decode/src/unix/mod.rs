//! What Unix hosts and the daemons on them write: the kernel's audit and packet filter, name servers, mail, VPN,
//! FTP and databases, and lines of `key=value` in general.

pub(crate) mod audit_joiner;
pub(crate) mod auditd;
pub(crate) mod bind;
pub(crate) mod charon;
pub(crate) mod database;
pub(crate) mod dnsmasq;
pub(crate) mod dovecot;
pub(crate) mod ftp;
pub(crate) mod logfmt;
pub(crate) mod netfilter;
pub(crate) mod openvpn;
pub(crate) mod postfix;
#[cfg(test)]
mod tests;
