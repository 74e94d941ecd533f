//! What is stored of a notification: one JSON object, its members always in this order.

use std::net::IpAddr;

use serde::Serialize;

use crate::snmp::notification::{Notification, Varbind};
use crate::snmp::users::SecurityLevel;

/// Who sent a message, as far as the message says.
#[derive(Debug, Default)]
pub(crate) struct Sender<'m> {
    pub(crate) version: &'static str,
    pub(crate) community: Option<&'m str>,
    pub(crate) user: Option<&'m str>,
    pub(crate) level: Option<SecurityLevel>,
    pub(crate) engine: Option<&'m str>,
    pub(crate) context: Option<&'m str>,
}

#[derive(Serialize)]
struct Record<'r> {
    snmp_version: &'static str,
    pdu: &'static str,
    peer: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    community: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    security_level: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    engine_id: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<i64>,
    trap_oid: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    enterprise: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    generic_trap: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    specific_trap: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    agent_address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uptime_cs: Option<u64>,
    varbinds: &'r [Varbind],
}

/// The record of a notification that came from `peer`.
pub(crate) fn write(sender: &Sender<'_>, notification: &Notification<'_>, peer: IpAddr) -> Vec<u8> {
    let record = Record {
        snmp_version: sender.version,
        pdu: if notification.is_inform { "inform" } else { "trap" },
        peer: peer.to_canonical().to_string(),
        community: sender.community,
        user: sender.user,
        security_level: sender.level.map(SecurityLevel::as_str),
        engine_id: sender.engine,
        context: sender.context,
        request_id: notification.request_id,
        trap_oid: &notification.trap_oid,
        enterprise: notification.enterprise.as_deref(),
        generic_trap: notification.generic,
        specific_trap: notification.specific,
        agent_address: notification.agent_address.map(|address| address.to_string()),
        uptime_cs: notification.uptime_cs,
        varbinds: &notification.varbinds,
    };
    // Texts and numbers under fixed names: there is nothing that could not be written.
    serde_json::to_vec(&record).unwrap_or_default()
}
