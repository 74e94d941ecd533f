use sentra_intake::{IntakeSettings, Limits, ListenerSettings, Protocol};

use super::Config;
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
            });
        }
        Ok(IntakeSettings { limits: self.limits(), listeners, ..IntakeSettings::default() })
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
        }
    }
}
