//! What web servers and proxies write: nginx, Apache, Squid, HAProxy and the W3C extended format of IIS.
//!
//! Fields have the names that Sigma's `webserver` and `proxy` categories use. Sigma's rules look for paths under
//! `cs-uri-query`, so that name comes twice where a request has a query: once with the query alone and once
//! with the whole target.
//!
//! An answer of 401 is a failure without a code: it is how a server asks for a password. The error log says
//! which attempt failed, and its line carries `LL03`.

pub(crate) mod access;
pub(crate) mod apache;
pub(crate) mod haproxy;
pub(crate) mod nginx;
pub(crate) mod request;
pub(crate) mod squid;
#[cfg(test)]
mod tests;
pub(crate) mod w3c;
