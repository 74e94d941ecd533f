//! SNMP notifications: the record that the SNMP door makes of a trap or an inform of any version.
//!
//! Mart `firewall`: traps come from switches, routers, firewalls and what hangs beside them in the rack, and that is the
//! mart of network devices. `linux` would be wrong for nearly all of them, and a mart of their own would keep them apart from
//! the logs that the same devices send by syslog.
//!
//! A notification has no time of its own, only the device's uptime: its time is that of arrival, and that is no problem of the
//! record.
//!
//! What a trap is called is in MIBs, which are not here: the table below names the common ones, and every other one is
//! kept under its numbers.

use std::borrow::Cow;
use std::fmt::Write as _;

use sentra_model::{Class, Event, EventCode, Mart, Outcome, Severity};

use crate::address;
use crate::decoder::Context;
use crate::flatten::Field;
use crate::format::{Format, Shape};
use crate::names::{first_of, header_text};

pub(crate) static FORMAT: Format = Format {
    name: "snmp",
    title: "SNMP notifications as the SNMP door records them, with snmp_version and trap_oid",
    sample: r#"{"snmp_version":"2c","pdu":"trap","peer":"192.0.2.1","community":"core","request_id":77,"trap_oid":"1.3.6.1.6.3.1.1.5.3","uptime_cs":4711,"varbinds":[{"oid":"1.3.6.1.2.1.2.2.1.1.3","type":"integer","value":3},{"oid":"1.3.6.1.2.1.2.2.1.2.3","type":"string","value":"Ethernet0/3"}]}"#,
    shape: Shape::Object { recognise: is_record, decode },
};

/// Law LIMIT: variables that the message quotes; all of them are in the fields.
const MESSAGE_VARIABLES_MAX: usize = 8;
/// Law LIMIT: characters of one variable in the message.
const MESSAGE_VALUE_CHARS_MAX: usize = 256;

/// Cisco's authAddr: who asked with a wrong community.
const CISCO_AUTH_ADDRESS: &str = "1.3.6.1.4.1.9.2.1.5";
/// Cisco's ccmHistoryEventTerminalUser and ccmHistoryEventCommandSourceAddress: who changed the configuration.
const CISCO_CONFIG_USER: &str = "1.3.6.1.4.1.9.9.43.1.1.6.1.8";
const CISCO_CONFIG_ADDRESS: &str = "1.3.6.1.4.1.9.9.43.1.1.6.1.10";
/// Cisco's clogHistSeverity: that of syslog and one.
const CISCO_LOG_SEVERITY: &str = "1.3.6.1.4.1.9.9.41.1.2.3.1.3";

/// Variables that the message calls by their name, without the instance at the end.
const VARIABLES: [(&str, &str); 15] = [
    ("1.3.6.1.2.1.1.5", "sysName"),
    ("1.3.6.1.2.1.2.2.1.1", "ifIndex"),
    ("1.3.6.1.2.1.2.2.1.2", "ifDescr"),
    ("1.3.6.1.2.1.2.2.1.7", "ifAdminStatus"),
    ("1.3.6.1.2.1.2.2.1.8", "ifOperStatus"),
    ("1.3.6.1.2.1.31.1.1.1.1", "ifName"),
    ("1.3.6.1.2.1.31.1.1.1.18", "ifAlias"),
    (CISCO_AUTH_ADDRESS, "authAddr"),
    ("1.3.6.1.4.1.9.9.41.1.2.3.1.2", "facility"),
    (CISCO_LOG_SEVERITY, "severity"),
    ("1.3.6.1.4.1.9.9.43.1.1.6.1.3", "commandSource"),
    ("1.3.6.1.4.1.9.9.43.1.1.6.1.4", "configSource"),
    ("1.3.6.1.4.1.9.9.43.1.1.6.1.5", "configDestination"),
    (CISCO_CONFIG_USER, "terminalUser"),
    (CISCO_CONFIG_ADDRESS, "commandSourceAddress"),
];

/// Whether the flat fields are those of a notification.
pub(crate) fn is_record(fields: &[Field<'_>]) -> bool {
    let has = |wanted: &str| fields.iter().any(|(name, _)| name == wanted);
    has("snmp_version") && has("trap_oid") && has("pdu")
}

/// The event of the flat fields of a record.
pub(crate) fn decode<'a>(context: &Context<'_>, fields: Vec<Field<'a>>) -> Event<'a> {
    let header = |names: &[&str]| first_of(&fields, names).map(header_text).unwrap_or_default();
    let mut event = Event::new("snmp", Mart::FIREWALL, context.received);
    event.product = Cow::Borrowed("network");
    event.service = Cow::Borrowed("snmp");
    // A trap may speak for another: the agent it is about comes before the peer it came from.
    event.host = header(&["agent_address", "peer"]);
    let variables = variables(&fields);
    let value =
        |oid: &str| variables.iter().find(|one| is_instance(&one.oid, oid)).map(|one| one.value.clone());
    let address = |oid: &str| value(oid).and_then(|text| address::ip_of(&text));
    let oid = header(&["trap_oid"]);
    let meaning = meaning(&oid);
    (event.class, event.code, event.outcome) = (meaning.class, meaning.code, meaning.outcome);
    event.user = value(CISCO_CONFIG_USER).unwrap_or_default();
    event.src_ip = match meaning.code {
        // The device is where somebody knocked, not who did. Few devices say who that was.
        Some(EventCode::LL03) => address(CISCO_AUTH_ADDRESS).unwrap_or_default(),
        _ => address(CISCO_CONFIG_ADDRESS).or_else(|| address::ip_of(&event.host)).unwrap_or_default(),
    };
    event.severity = value(CISCO_LOG_SEVERITY).map_or(Severity::Unknown, |text| severity(&text));
    let name = meaning.name.map_or(oid, Cow::Borrowed);
    event.message = Cow::Owned(message(&name, &variables));
    event.fields = fields;
    if let Some(name) = meaning.name {
        // Rules should not have to know the numbers.
        event.push("trap_name", name);
    }
    event
}

/// One variable of the notification.
struct Variable<'a> {
    oid: Cow<'a, str>,
    is_text: bool,
    value: Cow<'a, str>,
}

/// The variables, whose three members follow one another in the fields.
fn variables<'a>(fields: &[Field<'a>]) -> Vec<Variable<'a>> {
    let mut all: Vec<Variable<'a>> = Vec::new();
    for (name, value) in fields {
        match (name.as_ref(), all.last_mut()) {
            ("varbinds.oid", _) => {
                all.push(Variable { oid: header_text(value), is_text: false, value: Cow::Borrowed("") });
            }
            ("varbinds.type", Some(last)) => last.is_text = value.as_text() == "string",
            ("varbinds.value", Some(last)) => last.value = header_text(value),
            _ => {}
        }
    }
    all
}

/// Whether `oid` is the object itself or an instance of it.
fn is_instance(oid: &str, object: &str) -> bool {
    oid.strip_prefix(object).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// What happened, for people: the trap's name, and the variables that they can read.
fn message(name: &str, variables: &[Variable<'_>]) -> String {
    let mut text = name.to_owned();
    let mut separator = ": ";
    let mut quoted = 0;
    for variable in variables {
        let known =
            VARIABLES.iter().find(|(object, _)| is_instance(&variable.oid, object)).map(|(_, name)| *name);
        if variable.value.is_empty() || (known.is_none() && !variable.is_text) {
            continue;
        }
        if quoted == MESSAGE_VARIABLES_MAX {
            break;
        }
        quoted += 1;
        let value: String = variable.value.trim().chars().take(MESSAGE_VALUE_CHARS_MAX).collect();
        // Writing into a string cannot fail.
        let _ = match known {
            Some(known) => write!(text, "{separator}{known} {value}"),
            None => write!(text, "{separator}{value}"),
        };
        separator = ", ";
    }
    text
}

/// Cisco counts from 1, emergency, to 8, debugging.
fn severity(text: &str) -> Severity {
    match text.parse::<u8>() {
        Ok(1..=3) => Severity::Critical,
        Ok(4) => Severity::High,
        Ok(5) => Severity::Medium,
        Ok(6) => Severity::Low,
        Ok(7 | 8) => Severity::Informational,
        _ => Severity::Unknown,
    }
}

/// What a trap's numbers mean.
#[derive(Debug, Clone, Copy)]
struct Meaning {
    name: Option<&'static str>,
    class: Class,
    code: Option<EventCode>,
    outcome: Outcome,
}

/// The trap of this name and its meaning. Those of v1 are written by the rules of RFC 3584, so the generic ones are the
/// same in every version.
fn meaning(oid: &str) -> Meaning {
    use EventCode as Code;
    let (name, class, code) = match oid {
        // SNMPv2-MIB and IF-MIB
        "1.3.6.1.6.3.1.1.5.1" => ("coldStart", Class::APPLICATION_LIFECYCLE, Some(Code::SS01)),
        "1.3.6.1.6.3.1.1.5.2" => ("warmStart", Class::APPLICATION_LIFECYCLE, Some(Code::SS01)),
        "1.3.6.1.6.3.1.1.5.3" => ("linkDown", Class::BASE, None),
        "1.3.6.1.6.3.1.1.5.4" => ("linkUp", Class::BASE, None),
        "1.3.6.1.6.3.1.1.5.5" => ("authenticationFailure", Class::AUTHENTICATION, Some(Code::LL03)),
        "1.3.6.1.6.3.1.1.5.6" => ("egpNeighborLoss", Class::BASE, None),
        // NET-SNMP-AGENT-MIB
        "1.3.6.1.4.1.8072.4.0.1" => ("nsNotifyStart", Class::APPLICATION_LIFECYCLE, Some(Code::SS01)),
        "1.3.6.1.4.1.8072.4.0.2" => ("nsNotifyShutdown", Class::APPLICATION_LIFECYCLE, Some(Code::SS02)),
        "1.3.6.1.4.1.8072.4.0.3" => ("nsNotifyRestart", Class::APPLICATION_LIFECYCLE, Some(Code::SS01)),
        // Configurations: Cisco, Juniper, Palo Alto
        "1.3.6.1.4.1.9.9.43.2.0.1" => ("ciscoConfigManEvent", Class::BASE, Some(Code::CC01)),
        "1.3.6.1.4.1.9.9.43.2.0.2" => ("ccmCLIRunningConfigChanged", Class::BASE, Some(Code::CC01)),
        "1.3.6.1.4.1.2636.4.5.0.1" => ("jnxCmCfgChange", Class::BASE, Some(Code::CC01)),
        "1.3.6.1.4.1.25461.2.1.3.2.0.2" => ("panConfigTrap", Class::BASE, Some(Code::CC02)),
        "1.3.6.1.2.1.47.2.0.1" => ("entConfigChange", Class::BASE, None),
        // Logs and attacks
        "1.3.6.1.4.1.9.9.41.2.0.1" => ("clogMessageGenerated", Class::BASE, None),
        "1.3.6.1.4.1.9.9.315.0.0.1" => ("cpsSecureMacAddrViolation", Class::BASE, None),
        "1.3.6.1.4.1.12356.101.2.0.503" => ("fgTrapIpsSignature", Class::BASE, None),
        "1.3.6.1.4.1.12356.101.2.0.504" => ("fgTrapIpsAnomaly", Class::BASE, None),
        "1.3.6.1.4.1.12356.101.2.0.601" => ("fgTrapAvVirus", Class::BASE, None),
        "1.3.6.1.4.1.25461.2.1.3.2.0.3" => ("panTrafficTrap", Class::NETWORK, None),
        "1.3.6.1.4.1.25461.2.1.3.2.0.4" => ("panThreatTrap", Class::BASE, None),
        // Thresholds
        "1.3.6.1.2.1.16.0.1" => ("risingAlarm", Class::BASE, Some(Code::CM02)),
        "1.3.6.1.2.1.16.0.2" => ("fallingAlarm", Class::BASE, None),
        "1.3.6.1.4.1.12356.100.1.3.0.101" => ("fnTrapCpuThreshold", Class::BASE, Some(Code::CM02)),
        "1.3.6.1.4.1.12356.100.1.3.0.102" => ("fnTrapMemThreshold", Class::BASE, Some(Code::CM02)),
        "1.3.6.1.4.1.12356.100.1.3.0.103" => ("fnTrapLogDiskThreshold", Class::BASE, Some(Code::CM02)),
        // Topology
        "1.3.6.1.2.1.15.0.1" => ("bgpEstablishedNotification", Class::BASE, None),
        "1.3.6.1.2.1.15.0.2" => ("bgpBackwardTransNotification", Class::BASE, None),
        "1.3.6.1.2.1.17.0.1" => ("newRoot", Class::BASE, None),
        "1.3.6.1.2.1.17.0.2" => ("topologyChange", Class::BASE, None),
        _ => {
            return Meaning { name: None, class: Class::BASE, code: None, outcome: Outcome::Unknown };
        }
    };
    let outcome = if code == Some(Code::LL03) { Outcome::Failure } else { Outcome::Unknown };
    Meaning { name: Some(name), class, code, outcome }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::test_kit::{decode, full, source, summary};

    /// A record of `peer` with these members between the head and the variables.
    fn record(members: &str, varbinds: &str) -> String {
        format!(
            r#"{{"snmp_version":"2c","pdu":"trap","peer":"192.0.2.1","community":"core","request_id":77,{members},"uptime_cs":4711,"varbinds":[{varbinds}]}}"#
        )
    }

    fn check(record: &str, expected: Expect) {
        expected.assert_eq(&summary(&decode(&source(None), record.as_bytes())));
        assert_eq!(
            decode(&source(None), record.as_bytes()),
            decode(&source(Some("snmp")), record.as_bytes())
        );
    }

    fn check_trap(oid: &str, varbinds: &str, expected: Expect) {
        check(&record(&format!(r#""trap_oid":"{oid}""#), varbinds), expected);
    }

    #[test]
    fn a_link_goes_down() {
        expect![[r#"
            snmp firewall 2026-03-01T12:00:00Z | class=0 | -/unknown | product=network | service=snmp | host=192.0.2.1 | src=192.0.2.1 | message=linkDown: ifIndex 3, ifDescr Ethernet0/3
              snmp_version = 2c
              pdu = trap
              peer = 192.0.2.1
              community = core
              request_id = 77
              trap_oid = 1.3.6.1.6.3.1.1.5.3
              uptime_cs = 4711
              varbinds.oid = 1.3.6.1.2.1.2.2.1.1.3
              varbinds.type = integer
              varbinds.value = 3
              varbinds.oid = 1.3.6.1.2.1.2.2.1.2.3
              varbinds.type = string
              varbinds.value = Ethernet0/3
              trap_name = linkDown"#]].assert_eq(&full(&decode(&source(None), FORMAT.sample.as_bytes())));
    }

    #[test]
    fn the_generic_traps_have_their_codes() {
        for (number, expected) in [
            (
                1,
                expect![
                    "snmp firewall 2026-03-01T12:00:00Z | class=6002 | SS01/unknown | product=network | service=snmp | host=192.0.2.1 | src=192.0.2.1 | message=coldStart"
                ],
            ),
            (
                2,
                expect![
                    "snmp firewall 2026-03-01T12:00:00Z | class=6002 | SS01/unknown | product=network | service=snmp | host=192.0.2.1 | src=192.0.2.1 | message=warmStart"
                ],
            ),
            (
                4,
                expect![
                    "snmp firewall 2026-03-01T12:00:00Z | class=0 | -/unknown | product=network | service=snmp | host=192.0.2.1 | src=192.0.2.1 | message=linkUp"
                ],
            ),
            (
                5,
                expect![
                    "snmp firewall 2026-03-01T12:00:00Z | class=3002 | LL03/failure | product=network | service=snmp | host=192.0.2.1 | message=authenticationFailure"
                ],
            ),
            (
                6,
                expect![
                    "snmp firewall 2026-03-01T12:00:00Z | class=0 | -/unknown | product=network | service=snmp | host=192.0.2.1 | src=192.0.2.1 | message=egpNeighborLoss"
                ],
            ),
        ] {
            check_trap(&format!("1.3.6.1.6.3.1.1.5.{number}"), "", expected);
        }
    }

    #[test]
    fn who_knocked_is_the_source_and_not_the_device() {
        check_trap(
            "1.3.6.1.6.3.1.1.5.5",
            r#"{"oid":"1.3.6.1.4.1.9.2.1.5.0","type":"ip","value":"203.0.113.9"}"#,
            expect![
                "snmp firewall 2026-03-01T12:00:00Z | class=3002 | LL03/failure | product=network | service=snmp | host=192.0.2.1 | src=203.0.113.9 | message=authenticationFailure: authAddr 203.0.113.9"
            ],
        );
    }

    #[test]
    fn who_changed_the_configuration_is_the_user() {
        check_trap(
            "1.3.6.1.4.1.9.9.43.2.0.1",
            r#"{"oid":"1.3.6.1.4.1.9.9.43.1.1.6.1.3.17","type":"integer","value":1},{"oid":"1.3.6.1.4.1.9.9.43.1.1.6.1.8.17","type":"string","value":"alice"},{"oid":"1.3.6.1.4.1.9.9.43.1.1.6.1.10.17","type":"ip","value":"198.51.100.20"}"#,
            expect![
                "snmp firewall 2026-03-01T12:00:00Z | class=0 | CC01/unknown | product=network | service=snmp | host=192.0.2.1 | user=alice | src=198.51.100.20 | message=ciscoConfigManEvent: commandSource 1, terminalUser alice, commandSourceAddress 198.51.100.20"
            ],
        );
    }

    #[test]
    fn the_agent_comes_before_the_peer() {
        check(
            r#"{"snmp_version":"1","pdu":"trap","peer":"192.0.2.1","community":"core","trap_oid":"1.3.6.1.4.1.32473.1.0.17","enterprise":"1.3.6.1.4.1.32473.1","generic_trap":6,"specific_trap":17,"agent_address":"198.51.100.7","uptime_cs":4711,"varbinds":[{"oid":"1.3.6.1.4.1.32473.1.1","type":"string","value":"door open"},{"oid":"1.3.6.1.4.1.32473.1.2","type":"hex","value":"00ff"},{"oid":"1.3.6.1.4.1.32473.1.3","type":"null","value":""}]}"#,
            expect![
                "snmp firewall 2026-03-01T12:00:00Z | class=0 | -/unknown | product=network | service=snmp | host=198.51.100.7 | src=198.51.100.7 | message=1.3.6.1.4.1.32473.1.0.17: door open"
            ],
        );
    }

    #[test]
    fn a_v3_user_is_the_device_and_not_who_did_it() {
        check(
            r#"{"snmp_version":"3","pdu":"inform","peer":"2001:db8::7","user":"edge","security_level":"authPriv","engine_id":"80001f880465646765","request_id":1,"trap_oid":"1.3.6.1.6.3.1.1.5.1","uptime_cs":1,"varbinds":[]}"#,
            expect![
                "snmp firewall 2026-03-01T12:00:00Z | class=6002 | SS01/unknown | product=network | service=snmp | host=2001:db8::7 | src=2001:db8::7 | message=coldStart"
            ],
        );
    }

    #[test]
    fn a_cisco_log_line_keeps_its_severity_and_text() {
        check_trap(
            "1.3.6.1.4.1.9.9.41.2.0.1",
            r#"{"oid":"1.3.6.1.4.1.9.9.41.1.2.3.1.2.9","type":"string","value":"SEC_LOGIN"},{"oid":"1.3.6.1.4.1.9.9.41.1.2.3.1.3.9","type":"integer","value":5},{"oid":"1.3.6.1.4.1.9.9.41.1.2.3.1.5.9","type":"string","value":"Login failed [user: bob]"}"#,
            expect![
                "snmp firewall 2026-03-01T12:00:00Z | class=0 | -/unknown | product=network | service=snmp | host=192.0.2.1 | src=192.0.2.1 | message=clogMessageGenerated: facility SEC_LOGIN, severity 5, Login failed [user: bob]"
            ],
        );
    }

    #[test]
    fn other_configurations_and_thresholds_have_codes() {
        for (oid, expected) in [
            ("1.3.6.1.4.1.9.9.43.2.0.2", Some(EventCode::CC01)),
            ("1.3.6.1.4.1.2636.4.5.0.1", Some(EventCode::CC01)),
            ("1.3.6.1.4.1.25461.2.1.3.2.0.2", Some(EventCode::CC02)),
            ("1.3.6.1.2.1.16.0.1", Some(EventCode::CM02)),
            ("1.3.6.1.4.1.8072.4.0.2", Some(EventCode::SS02)),
            ("1.3.6.1.6.3.1.1.5.50", None),
            ("", None),
        ] {
            assert_eq!(meaning(oid).code, expected, "{oid}");
        }
    }

    #[test]
    fn the_message_is_bounded() {
        let one = |number: usize| {
            let text = "\u{e4}".repeat(400);
            format!(r#"{{"oid":"1.3.6.1.4.1.32473.{number}","type":"string","value":"{text}"}}"#)
        };
        let varbinds: Vec<_> = (0..20).map(one).collect();
        let record = record(r#""trap_oid":"1.3.6.1.4.1.32473.0.1""#, &varbinds.join(","));
        let source = source(None);
        let crate::Decoded::Event(event) = decode(&source, record.as_bytes()) else { panic!("an event") };
        assert!(event.message.chars().count() < MESSAGE_VARIABLES_MAX * (MESSAGE_VALUE_CHARS_MAX + 2) + 40);
        assert_eq!(event.fields.iter().filter(|(name, _)| name == "varbinds.value").count(), 20);
    }

    #[test]
    fn records_that_only_look_like_it_do_not_panic() {
        for record in [
            r#"{"snmp_version":3,"pdu":1,"trap_oid":7,"varbinds":7}"#,
            r#"{"snmp_version":"3","pdu":"trap","trap_oid":["a","b"],"varbinds":[{"value":1},{"type":[]},{"oid":{"a":1}}]}"#,
            r#"{"snmp_version":"3","pdu":"trap","trap_oid":"","peer":"nowhere"}"#,
        ] {
            assert!(
                summary(&decode(&source(None), record.as_bytes())).starts_with("snmp firewall"),
                "{record}"
            );
        }
    }
}
