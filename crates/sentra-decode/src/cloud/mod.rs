//! Control planes of clouds and services, one module per format.

pub(crate) mod azure_activity;
pub(crate) mod crowdstrike;
pub(crate) mod gcp_audit;
pub(crate) mod github_audit;
pub(crate) mod google_workspace;
pub(crate) mod guardduty;
pub(crate) mod kubernetes_audit;
pub(crate) mod microsoft_365;
pub(crate) mod osquery;
pub(crate) mod slack;
pub(crate) mod teleport;
pub(crate) mod vpc_flow;

#[cfg(test)]
mod tests;
