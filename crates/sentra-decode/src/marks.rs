//! Which formats of objects are worth asking. Every object would otherwise be looked through once per format: with
//! two dozen of them that costs as much as parsing it. So one walk over the names finds, by length, first and last
//! letter and then by all letters, which of the names that formats cannot do without are there, and a format none of
//! whose names is there is not asked.

use std::sync::LazyLock;

use crate::decoder::{Context, DecodeObject};
use crate::flatten::Field;
use crate::format::{FORMATS, Format, Shape};
use crate::object;
use crate::windows;
use sentra_model::Event;

/// The names of which a format needs at least one, whatever their case; for the loose ones blanks and punctuation
/// may stand between the letters. Formats that are not in the table are always asked.
const NEEDED: [(&str, &[&str], &[&str]); 31] = [
    ("windows", &[EVENT_ID], &[]),
    ("hec", &["sourcetype", "source", "index"], &[]),
    ("laurel", &["id"], &[]),
    ("cloudtrail", &["eventsource"], &[]),
    ("suricata", &["event_type"], &[]),
    ("zeek", &["ts"], &[]),
    ("snort_json", &["rule", "gid"], &[]),
    ("snmp", &["trap_oid"], &[]),
    (
        "shipper",
        &[
            "agent.type",
            "ecs.version",
            "log.file.path",
            "source_type",
            "stream",
            "container_id",
            "kubernetes.pod_name",
        ],
        &[],
    ),
    ("otlp", &["time_unix_nano"], &[]),
    ("guardduty", &["service.servicename", "source"], &[]),
    ("kubernetes_audit", &["verb"], &[]),
    (
        "gcp_audit",
        &[
            "protopayload.methodname",
            "protopayload.authenticationinfo.principalemail",
            "protopayload.@type",
            "protopayload.at_sign_type",
        ],
        &[],
    ),
    ("microsoft_365", &["operation", "operations"], &[]),
    ("google_workspace", &["id.applicationname"], &[]),
    ("crowdstrike_stream", &["metadata.eventtype"], &[]),
    ("osquery", &["action"], &[]),
    ("teleport", &["event"], &[]),
    ("vpc_flow_json", &["srcaddr", "src_endpoint.ip"], &[]),
    ("okta", &["eventtype"], &[]),
    ("entra_risk", &["riskeventtype", "properties.riskeventtype"], &[]),
    ("entra_signin", &["category", "type", "createddatetime", "resulttype"], &[]),
    (
        "entra_audit",
        &[
            "activitydisplayname",
            "properties.activitydisplayname",
            "operationname",
            "properties.operationname",
        ],
        &[],
    ),
    (
        "azure_activity",
        &["operationname", "operationname.value", "operationnamevalue", "authorization.action"],
        &[],
    ),
    ("duo", &["factor", "isotimestamp"], &[]),
    ("onelogin", &["event_type_id"], &[]),
    ("auth0", &["log_id", "data.log_id"], &[]),
    ("slack_audit", &["action"], &[]),
    ("github_audit", &["action"], &[]),
    ("sailpoint", &["technicalname", "technical_name", "action"], &[]),
    (
        "saviynt",
        &[],
        &[
            "actiontaken",
            "actiontype",
            "typeofaccess",
            "requestkey",
            "requestid",
            "riskcode",
            "riskname",
            "sodkey",
            "certificationname",
            "certkey",
            "campaignname",
        ],
    ),
];
/// Stands for all names of a Windows event's id, see [`windows::is_id`].
const EVENT_ID: &str = "eventid";
/// The loose names of the last format, in a table of their own for their number.
const NEEDED_BY_WORKDAY: [&str; 13] = [
    "workerstatus",
    "employmentstatus",
    "employeestatus",
    "activestatus",
    "businessprocesstype",
    "terminationdate",
    "hiredate",
    "signondatetime",
    "signonipaddress",
    "authenticationtypeforsignon",
    "failedsignon",
    "activityaction",
    "taskdisplayname",
];

/// How many letters' worth of blanks and punctuation a loose name may have.
const LOOSE_LETTERS: usize = 8;
/// Longer names are those of no format.
const LENGTH_MAX: usize = 64;

/// A format of objects and the bits of the names it needs; 0 when it is always asked.
#[derive(Clone, Copy)]
struct Candidate {
    format: &'static Format,
    recognise: fn(&[Field<'_>]) -> bool,
    decode: for<'a> fn(&Context<'_>, Vec<Field<'a>>) -> Event<'a>,
    needs: u128,
}

/// For each pair of first and last letter, and for each length, the names that are of them. One bit per name.
struct Table {
    by_ends: Vec<u128>,
    by_length: Vec<u128>,
    /// The bit of [`EVENT_ID`].
    event_id: u128,
    /// The names by their bits, and whether they are loose.
    names: Vec<(&'static str, bool)>,
    candidates: Vec<Candidate>,
    /// Those that are always asked: all there is to ask where none of the names is.
    always: Vec<Candidate>,
}

static TABLE: LazyLock<Table> = LazyLock::new(Table::new);

/// Where the pair of first and last letter stands. Letters are told apart by their lowest five bits, which do not
/// depend on case.
fn ends(name: &str) -> usize {
    const LETTERS: u8 = 0x1f;
    let bytes = name.as_bytes();
    let letter = |byte: Option<&u8>| usize::from(byte.copied().unwrap_or_default() & LETTERS);
    (letter(bytes.first()) << 5) | letter(bytes.last())
}

impl Table {
    fn new() -> Self {
        let mut table = Self {
            by_ends: vec![0; 1 << 10],
            by_length: vec![0; LENGTH_MAX + 1],
            event_id: 0,
            names: Vec::new(),
            candidates: Vec::new(),
            always: Vec::new(),
        };
        for format in FORMATS {
            let Shape::Object { recognise, decode } = format.shape else { continue };
            let (exact, loose): (&[&str], &[&str]) =
                match NEEDED.iter().find(|(name, ..)| *name == format.name) {
                    Some((_, exact, loose)) => (exact, loose),
                    None if format.name == "workday" => (&[], &NEEDED_BY_WORKDAY),
                    None => (&[], &[]),
                };
            let names = exact.iter().map(|name| (*name, false)).chain(loose.iter().map(|name| (*name, true)));
            let needs = names.fold(0, |needs, name| needs | table.bit(name));
            let candidate = Candidate { format, recognise, decode, needs };
            table.candidates.push(candidate);
            if needs == 0 {
                table.always.push(candidate);
            }
        }
        table.event_id = table.bit((EVENT_ID, false));
        table
    }

    /// The bit of a name. Beyond the last bit the format is always asked, which a test rules out.
    fn bit(&mut self, (name, is_loose): (&'static str, bool)) -> u128 {
        let known = self.names.iter().position(|known| *known == (name, is_loose));
        let index = known.unwrap_or(self.names.len());
        if known.is_none() {
            self.names.push((name, is_loose));
        }
        let bit = u32::try_from(index).ok().and_then(|index| 1_u128.checked_shl(index)).unwrap_or_default();
        let longest = name.len() + if is_loose { LOOSE_LETTERS } else { 0 };
        if let Some(slot) = self.by_ends.get_mut(ends(name)) {
            *slot |= bit;
        }
        for slot in self.by_length.iter_mut().take(longest + 1).skip(name.len()) {
            *slot |= bit;
        }
        bit
    }

    /// The bits of the names that `name` is: those that may be are few, and looked at.
    fn of_name(&self, name: &str) -> u128 {
        let by_length = self.by_length.get(name.len()).copied().unwrap_or_default();
        let mut may_be = by_length & self.by_ends.get(ends(name)).copied().unwrap_or_default();
        let mut found = if windows::is_id(name) { self.event_id } else { 0 };
        while may_be != 0 {
            let index = may_be.trailing_zeros();
            may_be &= may_be - 1;
            if self.names.get(index as usize).is_some_and(|known| is_named(name, *known)) {
                found |= 1 << index;
            }
        }
        found
    }
}

/// Which of the names that formats cannot do without `name` is, as bits.
pub(crate) fn of_name(name: &str) -> u128 {
    TABLE.of_name(name)
}

/// Whether `name` is the one meant, whatever its case and its punctuation.
fn is_named(name: &str, (wanted, is_loose): (&str, bool)) -> bool {
    if is_loose {
        return object::is_loosely(name, wanted);
    }
    let is_alike = |(one, other): (u8, u8)| {
        one.eq_ignore_ascii_case(&other) || !(one.is_ascii_alphanumeric() || other.is_ascii_alphanumeric())
    };
    name.len() == wanted.len() && name.bytes().zip(wanted.bytes()).all(is_alike)
}

/// The first format of objects that `is_wanted` and that knows the fields; `possible` is [`of_name`] of all of them.
pub(crate) fn format_of(
    fields: &[Field<'_>],
    possible: u128,
    is_wanted: impl Fn(&'static Format) -> bool,
) -> Option<DecodeObject> {
    let table = &*TABLE;
    let candidates = if possible == 0 { &table.always } else { &table.candidates };
    let is_possible = |candidate: &&Candidate| candidate.needs == 0 || candidate.needs & possible != 0;
    candidates
        .iter()
        .filter(is_possible)
        .find(|candidate| is_wanted(candidate.format) && (candidate.recognise)(fields))
        .map(|candidate| candidate.decode)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flatten;

    fn possible(fields: &[Field<'_>]) -> u128 {
        fields.iter().fold(0, |found, (name, _)| found | of_name(name))
    }

    #[test]
    fn the_table_names_formats_and_has_room() {
        for (name, ..) in NEEDED {
            assert!(FORMATS.iter().any(|format| format.name == name), "{name} is no format");
        }
        let names: usize = NEEDED.iter().map(|(_, exact, loose)| exact.len() + loose.len()).sum();
        assert!(names + NEEDED_BY_WORKDAY.len() <= 128);
        assert!(TABLE.candidates.iter().filter(|candidate| candidate.needs != 0).count() > NEEDED.len());
    }

    #[test]
    fn no_sample_is_ruled_out_and_most_objects_are() {
        for format in FORMATS.iter().filter(|format| matches!(format.shape, Shape::Object { .. })) {
            let flat = flatten::object(format.sample).expect(format.name);
            let upper: Vec<_> =
                flat.fields.iter().map(|(name, value)| (name.to_uppercase().into(), value.clone())).collect();
            let candidate =
                TABLE.candidates.iter().find(|known| known.format.name == format.name).expect("known");
            for fields in [&flat.fields, &upper] {
                let possible = possible(fields);
                assert!(candidate.needs == 0 || candidate.needs & possible != 0, "{}", format.name);
            }
        }
        let flat = flatten::object(r#"{"time":"x","level":"info","message":"m","host":"h","user_name":"u"}"#);
        // Not even `time`, which has the length and the ends of `type`.
        assert_eq!(possible(&flat.expect("an object").fields), 0);
    }
}
