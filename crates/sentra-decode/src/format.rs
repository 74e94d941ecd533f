//! What a format is, and the table of all of them. A module that reads a format exports one [`Format`] and
//! stands in [`FORMATS`]; the decoder knows no format by name.

use std::sync::LazyLock;

use sentra_model::Event;

use crate::decoder::{Context, Outcome};
use crate::flatten::Field;
use crate::unix::{
    auditd, bind, charon, database, dnsmasq, dovecot, ftp, logfmt, netfilter, openvpn, postfix,
};
use crate::web::{access, apache, haproxy, nginx, squid, w3c};
use crate::{cloud, cloudtrail, devices, hec, identity, legacy, otlp, shipper, snmp, windows};

/// How a format takes its records.
pub(crate) enum Shape {
    /// A line of text, bare or as the message of a syslog line.
    Text {
        /// Names of syslog programs whose messages are of this format. They are asked before `recognise`.
        programs: &'static [&'static str],
        /// Whether the text is of this format. It runs for every line that nothing else knows, so it must
        /// decide by its first bytes wherever that is possible. It must not be true of other formats.
        recognise: fn(&Payload<'_>) -> bool,
        /// Fills the event; false leaves it as it was. The event holds what the syslog envelope said.
        parse: for<'a> fn(&Context<'_>, &Payload<'a>, &mut Event<'a>) -> bool,
    },
    /// A JSON object as flat fields, see [`crate::flatten`].
    Object {
        /// Whether the fields are those of this format.
        recognise: fn(&[Field<'_>]) -> bool,
        /// The event of the fields.
        decode: for<'a> fn(&Context<'_>, Vec<Field<'a>>) -> Event<'a>,
    },
    /// Bytes that are no text.
    Binary {
        /// Whether the bytes are of this format. It must not be true of text.
        recognise: fn(&[u8]) -> bool,
        /// The event of the bytes.
        decode: for<'a> fn(&Context<'_>, &'a [u8]) -> Outcome<'a>,
    },
}

/// The text of a record without the envelope it came in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Payload<'a> {
    /// The text.
    pub(crate) text: &'a str,
    /// The program that a syslog envelope named; empty for bare lines.
    pub(crate) program: &'a str,
    /// Whether there was a syslog envelope.
    pub(crate) in_syslog: bool,
}

/// One format.
pub(crate) struct Format {
    /// The name, as in `--format NAME` and in the `format` column.
    pub(crate) name: &'static str,
    /// What it is, for help texts.
    pub(crate) title: &'static str,
    /// A record of this format, for the documentation and for the test that decodes it.
    pub(crate) sample: &'static str,
    /// How it takes its records.
    pub(crate) shape: Shape,
}

/// Every format that stands on its own. Order decides between formats that both recognise a record: the more
/// particular one comes first.
pub(crate) static FORMATS: &[&Format] = &[
    &otlp::FORMAT,
    &hec::FORMAT,
    &windows::FORMAT,
    &cloudtrail::FORMAT,
    &cloud::guardduty::FORMAT,
    &cloud::kubernetes_audit::FORMAT,
    &cloud::gcp_audit::FORMAT,
    &cloud::microsoft_365::FORMAT,
    &cloud::google_workspace::FORMAT,
    &cloud::crowdstrike::FORMAT,
    &cloud::osquery::FORMAT,
    &cloud::teleport::FORMAT,
    &cloud::vpc_flow::TEXT,
    &cloud::vpc_flow::JSON,
    &identity::okta::FORMAT,
    &identity::entra_risk::FORMAT,
    &identity::entra_signin::FORMAT,
    &identity::entra_audit::FORMAT,
    &cloud::azure_activity::FORMAT,
    &identity::duo::FORMAT,
    &identity::onelogin::FORMAT,
    &identity::auth0::FORMAT,
    &cloud::slack::FORMAT,
    &identity::sailpoint::FORMAT,
    &cloud::github_audit::FORMAT,
    &identity::saviynt::FORMAT,
    &identity::workday::FORMAT,
    &snmp::FORMAT,
    &legacy::SMF,
    &legacy::QAUDJRN,
    &legacy::EMS,
    &devices::suricata::FORMAT,
    &devices::zeek::FORMAT,
    &devices::snort_json::FORMAT,
    &devices::cef::FORMAT,
    &devices::leef::FORMAT,
    &devices::panos::FORMAT,
    &devices::fortinet::FORMAT,
    &devices::cisco::FORMAT,
    &devices::ids::SURICATA_FAST,
    &devices::ids::SNORT,
    &devices::zeek::TSV,
    &auditd::FORMAT,
    &auditd::LAUREL,
    &netfilter::FORMAT,
    &dnsmasq::FORMAT,
    &bind::FORMAT,
    &nginx::FORMAT,
    &apache::FORMAT,
    &squid::FORMAT,
    &haproxy::FORMAT,
    &access::FORMAT,
    &openvpn::FORMAT,
    &postfix::FORMAT,
    &dovecot::FORMAT,
    &ftp::VSFTPD,
    &ftp::PROFTPD,
    &database::MYSQL,
    &database::POSTGRESQL,
    &charon::FORMAT,
    &w3c::FORMAT,
    &shipper::FORMAT,
    // Last: it takes every line of pairs that nothing more particular knows.
    &logfmt::FORMAT,
];

/// Formats of [`FORMATS`] that read any line of a certain build, whoever wrote it. They are asked after the
/// formats that packs declare.
const GENERAL: [&str; 2] = ["key_value", "logfmt"];

/// Those of [`FORMATS`] that are lines of text: the formats of one product, and the general ones.
pub(crate) fn by_turn() -> (&'static [&'static Format], &'static [&'static Format]) {
    static TEXT: LazyLock<(Vec<&Format>, Vec<&Format>)> = LazyLock::new(|| {
        let text = of_shape(|shape| matches!(shape, Shape::Text { .. }));
        text.into_iter().partition(|format| !GENERAL.contains(&format.name))
    });
    (&TEXT.0, &TEXT.1)
}

/// Those of [`FORMATS`] that are no text, in their order.
pub(crate) fn binary_formats() -> &'static [&'static Format] {
    static BINARY: LazyLock<Vec<&Format>> =
        LazyLock::new(|| of_shape(|shape| matches!(shape, Shape::Binary { .. })));
    &BINARY
}

fn of_shape(wanted: impl Fn(&Shape) -> bool) -> Vec<&'static Format> {
    FORMATS.iter().copied().filter(|format| wanted(&format.shape)).collect()
}
