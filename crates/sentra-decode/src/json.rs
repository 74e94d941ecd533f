//! JSON objects that no other module knows: fields flattened, the header guessed from names that many
//! sources share.

use std::borrow::Cow;
use std::sync::LazyLock;

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use sentra_model::{Event, FieldValue, Mart, Timestamp};

use crate::address;
use crate::decoder::Context;
use crate::flatten::Field;
use crate::hints::Hints;
use crate::json_login;
use crate::names::{header_text, note};
use crate::time;

/// What a name tells of an event. The names of a role are asked in their order, most telling first. The roles stand
/// in the order of [`NAMES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Time,
    Host,
    User,
    Source,
    Target,
    SourcePort,
    TargetPort,
    Process,
    ProcessId,
    Command,
    App,
    Domain,
    Message,
    Action,
    Result,
}

/// Names that many sources share, by role. A role's names stand together.
const NAMES: [(Role, &[&str]); 15] = [
    (
        Role::Time,
        &[
            "timestamp",
            "time",
            "@timestamp",
            "ts",
            "eventTime",
            "event_time",
            "TimeCreated",
            "TimeGenerated",
            "EventTime",
            "datetime",
            "date",
            "createdAt",
            "published",
            "requestReceivedTimestamp",
            "t.$date",
            "event.created",
        ],
    ),
    (Role::Host, &["host.name", "hostname", "host", "Hostname", "computer", "agent.hostname"]),
    (
        Role::User,
        &[
            "user.name",
            "user",
            "username",
            "userName",
            "user_name",
            "actor.alternateId",
            "actor.email",
            "user.username",
            "account",
        ],
    ),
    (
        Role::Source,
        &[
            "src_ip",
            "source.ip",
            "source_ip",
            "srcip",
            "client_ip",
            "client.ip",
            "clientip",
            "remote_ip",
            "remote_addr",
            "sourceIPAddress",
            "ipAddress",
            "id.orig_h",
            "client.ipAddress",
            "sourceIPs",
        ],
    ),
    (
        Role::Target,
        &["dst_ip", "dest_ip", "destination.ip", "dstip", "destination_ip", "id.resp_h", "server_ip"],
    ),
    (Role::SourcePort, &["src_port", "source.port", "source_port", "id.orig_p"]),
    (Role::TargetPort, &["dst_port", "dest_port", "destination.port", "destination_port", "id.resp_p"]),
    (Role::Process, &["process.executable", "process.name", "process", "exe"]),
    (Role::ProcessId, &["process.pid", "pid"]),
    (Role::Command, &["process.command_line", "command_line", "cmdline"]),
    (Role::App, &["service.name", "service", "app", "application", "program"]),
    (Role::Domain, &["dns.question.name", "query", "domain"]),
    (Role::Message, &["message", "msg", "Message", "event.original", "log"]),
    (Role::Action, json_login::ACTIONS),
    (Role::Result, json_login::RESULTS),
];

/// How many names there are.
const NAMES_COUNT: usize = 94;

/// The numbers of the names, counted through [`NAMES`].
static NUMBERS: LazyLock<HashMap<&'static str, usize, FixedState>> = LazyLock::new(|| {
    NAMES.iter().flat_map(|(_, names)| *names).enumerate().map(|(number, name)| (*name, number)).collect()
});

/// By the first byte of a name: the lengths that [`NAMES`] with it have, as bits. It turns most names away.
static LENGTHS: LazyLock<[u32; 256]> = LazyLock::new(|| {
    let mut lengths = [0; 256];
    for name in NAMES.iter().flat_map(|(_, names)| *names) {
        let first = name.bytes().next().unwrap_or_default();
        if let Some(bits) = lengths.get_mut(usize::from(first)) {
            *bits |= 1 << name.len();
        }
    }
    lengths
});

/// The number of `name`, if it is known.
fn number(lengths: &[u32; 256], name: &str) -> Option<usize> {
    let first = *name.as_bytes().first()?;
    let bits = lengths.get(usize::from(first)).copied().unwrap_or_default();
    let may_be_known = name.len() < 32 && bits >> name.len() & 1 == 1;
    may_be_known.then(|| NUMBERS.get(name).copied()).flatten()
}

/// Where the names of each role begin among all names.
#[expect(clippy::indexing_slicing, reason = "at compile time: a wrong index fails the build")]
const STARTS: [usize; NAMES.len()] = {
    let mut starts = [0; NAMES.len()];
    let mut role = 1;
    while role < NAMES.len() {
        starts[role] = starts[role - 1] + NAMES[role - 1].1.len();
        role += 1;
    }
    starts
};

/// The number of the first name of [`Role::Action`]. Those of [`Role::Result`] follow, and nothing else.
const ACTIONS_START: u8 = (NAMES_COUNT - json_login::ACTIONS.len() - json_login::RESULTS.len()) as u8;

/// The number of `name` among the names that many sources share, if it is one of them.
pub(crate) fn number_of(name: &str) -> Option<u8> {
    number(&LENGTHS, name).and_then(|number| u8::try_from(number).ok())
}

/// Which fields of a record have a name that many sources share.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Roles {
    /// One bit per number of a name: whether a field has it and says something. Actions and results may say nothing:
    /// what stands under a less telling name does not take their place.
    present: u128,
    /// By the number of a name that is present: the first such field.
    first: [u16; NAMES_COUNT],
}

impl Default for Roles {
    fn default() -> Self {
        Self { present: 0, first: [0; NAMES_COUNT] }
    }
}

impl Roles {
    /// The field at `index` has the name of this number.
    #[inline]
    pub(crate) fn add(&mut self, number: u8, index: usize, is_placeholder: bool) {
        if !(is_placeholder && number < ACTIONS_START)
            && self.present >> number & 1 == 0
            && let Some(slot) = self.first.get_mut(usize::from(number))
            && let Ok(index) = u16::try_from(index)
        {
            *slot = index;
            self.present |= 1 << number;
        }
    }
}

/// The fields of a record that fill a header.
struct Known<'f, 'a> {
    fields: &'f [Field<'a>],
    roles: &'f Roles,
}

impl<'f, 'a> Known<'f, 'a> {
    /// The values of a role with their names, most telling first.
    #[inline]
    fn values(&self, role: Role) -> impl Iterator<Item = (&'static str, &'f FieldValue<'a>)> {
        let start = STARTS.get(role as usize).copied().unwrap_or_default();
        let names = NAMES.get(role as usize).map_or(&[][..], |(_, names)| names);
        let mut bits = self.roles.present >> start & ((1 << names.len()) - 1);
        std::iter::from_fn(move || {
            let index = bits.trailing_zeros() as usize;
            let name = names.get(index)?;
            bits &= bits - 1;
            let field = *self.roles.first.get(start + index)?;
            Some((*name, &self.fields.get(usize::from(field))?.1))
        })
    }

    /// Puts the text of a role where it belongs. Borrowed text goes there from registers.
    #[inline]
    fn put_text(&self, role: Role, place: &mut Cow<'a, str>) {
        match self.values(role).next() {
            Some((_, FieldValue::Text(Cow::Borrowed(text)))) => *place = Cow::Borrowed(text),
            Some((_, value)) => *place = header_text(value),
            None => {}
        }
    }

    #[inline]
    fn put_address(&self, role: Role, place: &mut Cow<'a, str>) {
        for (_, value) in self.values(role) {
            if let FieldValue::Text(Cow::Borrowed(text)) = value {
                if let Some(address) = address::ip(text) {
                    *place = Cow::Borrowed(address);
                    return;
                }
            } else if let Some(address) = address::ip_of(&header_text(value)) {
                *place = address;
                return;
            }
        }
    }

    fn port(&self, role: Role) -> u16 {
        match self.values(role).next() {
            Some((_, FieldValue::Integer(number))) => u16::try_from(*number).unwrap_or(0),
            Some((_, value)) => address::port(&value.as_text()),
            None => 0,
        }
    }

    fn moment(&self, context: &Context<'_>) -> Option<Timestamp> {
        self.values(Role::Time).find_map(|(name, value)| {
            moment_of(context, value).or_else(|| {
                // The name may come again with a value that is a time.
                let same = self.fields.iter().filter(|(field, _)| field == name);
                same.skip(1).find_map(|(_, value)| moment_of(context, value))
            })
        })
    }
}

/// The event of the flat fields of any object.
pub(crate) fn decode<'a>(context: &Context<'_>, fields: Vec<Field<'a>>) -> Box<Event<'a>> {
    let roles = Hints::of(&fields).roles;
    decode_hinted(context, fields, &roles)
}

/// [`decode`], where it is known which fields fill the header.
pub(crate) fn decode_hinted<'a>(
    context: &Context<'_>,
    fields: Vec<Field<'a>>,
    roles: &Roles,
) -> Box<Event<'a>> {
    let mart = if context.by_syslog { Mart::LINUX } else { Mart::CLOUD };
    // An event is large: it is made where it stays.
    let mut event = Box::write(Box::new_uninit(), Event::new("json", mart, context.received));
    let known = Known { fields: &fields, roles };
    match known.moment(context) {
        Some(moment) => event.time = moment,
        None => note(&mut event, "no time in the record, arrival time taken"),
    }
    known.put_text(Role::Host, &mut event.host);
    known.put_text(Role::User, &mut event.user);
    known.put_address(Role::Source, &mut event.src_ip);
    known.put_address(Role::Target, &mut event.dst_ip);
    event.src_port = known.port(Role::SourcePort);
    event.dst_port = known.port(Role::TargetPort);
    known.put_text(Role::Process, &mut event.process);
    known.put_text(Role::ProcessId, &mut event.pid);
    known.put_text(Role::Command, &mut event.command);
    known.put_text(Role::App, &mut event.app);
    known.put_text(Role::Domain, &mut event.domain);
    known.put_text(Role::Message, &mut event.message);
    if !event.user.is_empty()
        && let Some((_, action)) = known.values(Role::Action).next()
    {
        let result = known.values(Role::Result).next().map(|(_, result)| result);
        json_login::fill(&mut event, action, result);
    }
    event.fields = fields;
    event
}

fn moment_of(context: &Context<'_>, value: &FieldValue<'_>) -> Option<Timestamp> {
    match value {
        FieldValue::Text(text) => time::value(text).map(|time| context.resolve(time)),
        FieldValue::Integer(number) => time::epoch_integer(*number),
        FieldValue::Float(number) => time::epoch(*number),
        FieldValue::Bool(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_one_role_and_one_place() {
        assert_eq!(NAMES.iter().map(|(_, names)| names.len()).sum::<usize>(), NAMES_COUNT);
        assert_eq!(NUMBERS.len(), NAMES_COUNT);
        assert!(NAMES.iter().enumerate().all(|(index, (role, _))| *role as usize == index));
        for (number, name) in NAMES.iter().flat_map(|(_, names)| *names).enumerate() {
            assert_eq!(super::number(&LENGTHS, name), Some(number), "{name}");
        }
        assert_eq!(number(&LENGTHS, "tim"), None);
        assert_eq!(number(&LENGTHS, &"t".repeat(33)), None);
    }
}
