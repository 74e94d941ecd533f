//! Identity providers and identity governance, one module per format.

pub(crate) mod auth0;
pub(crate) mod directory;
pub(crate) mod duo;
pub(crate) mod entra_audit;
pub(crate) mod entra_risk;
pub(crate) mod entra_signin;
pub(crate) mod okta;
pub(crate) mod onelogin;
pub(crate) mod sailpoint;
pub(crate) mod saviynt;
pub(crate) mod workday;

#[cfg(test)]
mod tests;
