use sentra_intake::{IntakeSettings, Limits, ListenerSettings, Protocol};

use super::{Config, Doors};
use crate::ServerError;
use crate::server::parse;

impl Config {
    /// The doors for records, as the intake takes them.
    ///
    /// # Errors
    /// [`ServerError::Address`].
    pub fn intake_settings(&self) -> Result<IntakeSettings, ServerError> {
        let udp = ("intake.syslog_udp", "syslog_udp", Protocol::SyslogUdp, &self.intake.syslog_udp);
        let tcp = ("intake.syslog_tcp", "syslog_tcp", Protocol::SyslogTcp, &self.intake.syslog_tcp);
        let mut listeners = Vec::new();
        for (key, name, protocol, address) in [udp, tcp] {
            if address.trim().is_empty() {
                continue;
            }
            listeners.push(ListenerSettings {
                name: name.to_owned(),
                protocol,
                address: parse(key, address)?,
                public: self.intake.syslog_public,
                tenant: self.intake.syslog_tenant.parse().ok(),
                format: None,
                tls: None,
                snmp: None,
            });
        }
        let Doors { listeners: more, sources, routes, keys, .. } = self.doors.clone();
        listeners.extend(more);
        Ok(IntakeSettings { limits: self.limits(), listeners, sources, routes, keys })
    }

    /// Keys whose values differ in `new` and that are only looked at when the server starts.
    pub(crate) fn restart_needed(&self, new: &Self) -> Vec<String> {
        let is_live = |section: &str, name: &str| match section {
            "intake" => !matches!(name, "requests_max" | "tenants_max"),
            "server" => name == "body_idle_timeout_ms",
            "detect" => name == "rules",
            _ => false,
        };
        let pairs = self.values().into_iter().zip(new.values());
        let changed =
            pairs.filter(|((section, name, old), (_, _, new))| old != new && !is_live(section, name));
        changed.map(|((section, name, _), _)| format!("{section}.{name}")).collect()
    }

    /// What the doors take at most.
    #[must_use]
    pub fn limits(&self) -> Limits {
        let intake = &self.intake;
        Limits {
            line_bytes_max: intake.line_bytes_max,
            request_bytes_max: intake.request_bytes_max,
            request_expanded_bytes_max: intake.request_expanded_bytes_max,
            body_idle_timeout_ms: self.server.body_idle_timeout_ms,
            batch_bytes_max: intake.batch_bytes_max,
            batch_records_max: intake.batch_records_max,
            batch_wait_ms: intake.batch_wait_ms,
            connections_max: intake.tcp_connections_max,
            idle_timeout_s: intake.tcp_idle_timeout_s,
            udp_receive_buffer_bytes: intake.udp_receive_buffer_bytes,
            tail_files_max: intake.tail_files_max,
            tail_open_files_max: intake.tail_open_files_max,
            tail_poll_ms: intake.tail_poll_ms,
        }
    }
}
