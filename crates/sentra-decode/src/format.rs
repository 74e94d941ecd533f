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

/// Formats of lines that are known by their looks, and a mark that every such line has. A line without it is not held
/// against them: most lines have neither mark.
const MARKED: [(u8, &[&str]); 2] = [
    (b'[', &["suricata_fast", "snort", "nginx", "apache", "haproxy", "web_access", "vsftpd", "charon"]),
    (b'=', &["fortigate", "netfilter", "logfmt"]),
];

/// A format of lines, and the mark that its lines have.
type Marked = (&'static Format, Option<u8>);

/// Those of [`FORMATS`] that are lines of text, in their order.
pub(crate) struct Turns {
    /// The formats of one product.
    particular: Vec<Marked>,
    /// Those that read any line of a certain build.
    general: Vec<Marked>,
}

/// Which marks a line has.
#[derive(Clone, Copy)]
pub(crate) struct Looks([bool; MARKED.len()]);

impl Looks {
    pub(crate) fn of(text: &str) -> Self {
        Self(MARKED.map(|(mark, _)| memchr::memchr(mark, text.as_bytes()).is_some()))
    }

    fn has(self, mark: Option<u8>) -> bool {
        mark.is_none_or(|mark| MARKED.iter().zip(self.0).any(|((known, _), has)| *known == mark && has))
    }
}

impl Turns {
    /// The formats of one product that a line of these looks, whose program names none, may be of.
    pub(crate) fn particular(&self, looks: Looks) -> impl Iterator<Item = &'static Format> {
        self.particular.iter().filter(move |(_, mark)| looks.has(*mark)).map(|(format, _)| *format)
    }

    /// The general formats that a line of these looks may be of.
    pub(crate) fn general(&self, looks: Looks) -> impl Iterator<Item = &'static Format> {
        self.general.iter().filter(move |(_, mark)| looks.has(*mark)).map(|(format, _)| *format)
    }
}

/// The formats of lines, by turn.
pub(crate) fn by_turn() -> &'static Turns {
    static TURNS: LazyLock<Turns> = LazyLock::new(|| {
        let mark = |name| MARKED.iter().find(|(_, names)| names.contains(&name)).map(|(mark, _)| *mark);
        let text = of_shape(|shape| matches!(shape, Shape::Text { .. }));
        let marked = text.into_iter().map(|format| (format, mark(format.name)));
        let (general, particular) = marked.partition(|(format, _)| GENERAL.contains(&format.name));
        Turns { particular, general }
    });
    &TURNS
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn recognise(format: &Format, text: &str) -> bool {
        let Shape::Text { recognise, .. } = format.shape else { return false };
        [true, false].into_iter().any(|in_syslog| {
            let programs = if in_syslog { &["", "unknown", "kernel"][..] } else { &[""][..] };
            programs.iter().any(|program| recognise(&Payload { text, program, in_syslog }))
        })
    }

    #[test]
    fn marks_are_of_formats_and_without_them_no_line_is_recognised() {
        for (mark, names) in MARKED {
            for name in names {
                let format = FORMATS.iter().find(|format| format.name == *name).expect(name);
                let behind_envelope = format.sample.split_once("]: ").map_or("", |(_, message)| message);
                assert!(
                    [format.sample, behind_envelope].iter().any(|text| recognise(format, text)),
                    "{name}"
                );
                assert!(format.sample.as_bytes().contains(&mark), "{name}");
                for other in ["", " ", "(", ":"] {
                    let text = format.sample.replace(char::from(mark), other);
                    assert!(!recognise(format, &text), "{name}: {text}");
                }
            }
        }
    }

    proptest! {
        /// Lines put together from what lines of the formats are made of.
        #[test]
        fn no_line_is_recognised_by_a_format_whose_mark_it_lacks(
            pieces in prop::collection::vec(
                prop::sample::select(vec![
                    "[", "]", "=", " ", "\"", ": ", "[**] ", "[1:2:3] ", "date=2026-03-01 ", "logid=1 type=2 subtype=3 ", "SRC=1.2.3.4 ",
                    " DST=1.2.3.4 LEN=60", "IN=eth0 ", "2026/03/01 10:00:00 ", "Sun Mar  1 10:00:00 2026 ", "[pid 2] ",
                    "Client \"192.0.2.7\"", "06[IKE] ", "<con1|62> ", "192.0.2.7 - - ", "[01/Mar/2026:10:00:00 +0000] ",
                    "\"GET / HTTP/1.1\" 200 1 ", "[error] 1#2: *3 ", "a=b ", "level=info msg=\"x\" ", "03/01-10:00:00.123456 ",
                ]),
                0..8,
            ),
        ) {
            let text = pieces.concat();
            let turns = by_turn();
            for (format, mark) in turns.particular.iter().chain(&turns.general) {
                prop_assert!(Looks::of(&text).has(*mark) || !recognise(format, &text), "{}: {}", format.name, text);
            }
        }
    }
}
