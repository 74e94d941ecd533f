//! What names in a question say about the rows.

/// What a name says about the rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// Who did it.
    Actor(String),
    /// Who did it; it looks like a machine.
    Agent(String),
    /// A person or a machine: "for contractor7".
    Either(String),
    /// Who did it, or whom it was done to.
    Person(String),
    Host(String),
    /// Where it came from, by name.
    Origin(String),
    Address {
        value: String,
        side: Side,
    },
    Range {
        value: String,
        side: Side,
    },
    Domain(String),
    Mail(String),
    /// A program, by its file's name.
    Program(String),
    File(String),
    /// Hashes and other things that no column is for.
    Anywhere(String),
    /// A phrase in quotes.
    Phrase(String),
    Port {
        number: String,
        side: Side,
    },
    /// An event's number in the source.
    EventNumber(String),
    Technique(String),
    Code(String),
    Rule(String),
    App(String),
    /// `field:value`
    Field {
        name: String,
        value: String,
    },
    Event(String),
    Signal(String),
    Incident(String),
}

/// On which end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    From,
    To,
    Either,
}

/// A condition by a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Filter {
    /// The place of its word.
    pub(super) at: usize,
    pub(super) kind: Kind,
    pub(super) negated: bool,
    /// Whether it is an alternative to the one before: `alice or bob`.
    pub(super) or_before: bool,
}

pub(super) fn same_kind(kind: &Kind, name: String) -> Option<Kind> {
    Some(match kind {
        Kind::Actor(_) => Kind::Actor(name),
        Kind::Agent(_) => Kind::Agent(name),
        Kind::Either(_) => Kind::Either(name),
        Kind::EventNumber(_) => Kind::EventNumber(name),
        Kind::Person(_) => Kind::Person(name),
        Kind::Host(_) => Kind::Host(name),
        Kind::Origin(_) => Kind::Origin(name),
        Kind::Phrase(_) => Kind::Phrase(name),
        _ => return None,
    })
}

/// Whether two names say the same kind of thing, so that both at once cannot be meant.
pub(super) fn is_alike(one: &Kind, other: &Kind) -> bool {
    match (one, other) {
        (
            Kind::Address { side: one, .. } | Kind::Range { side: one, .. },
            Kind::Address { side: other, .. } | Kind::Range { side: other, .. },
        ) => one == other,
        _ => std::mem::discriminant(one) == std::mem::discriminant(other),
    }
}

pub(super) fn meaning(kind: &Kind, negated: bool) -> String {
    let not = if negated { "not " } else { "" };
    let side = |side: Side| match side {
        Side::From => "from ",
        Side::To => "to ",
        Side::Either => "",
    };
    match kind {
        Kind::Actor(name) | Kind::Agent(name) => format!("{not}done by {name}"),
        Kind::Person(name) => format!("{not}the user {name}"),
        Kind::Either(name) => format!("{not}the user or the host {name}"),
        Kind::Host(name) => format!("{not}on the host {name}"),
        Kind::Origin(name) => format!("{not}from {name}"),
        Kind::Address { value, side: of } => format!("{not}{}the address {value}", side(*of)),
        Kind::Range { value, side: of } => format!("{not}{}addresses of {value}", side(*of)),
        Kind::Domain(name) => format!("{not}the domain {name} and those below it"),
        Kind::Mail(name) => format!("{not}the mail address {name}"),
        Kind::Program(name) => format!("{not}the program {name}"),
        Kind::File(name) => format!("{not}the file {name}"),
        Kind::Anywhere(text) => format!("{not}{text} anywhere in the record"),
        Kind::Phrase(text) => format!("{not}{text:?} in the record"),
        Kind::Port { number, side: of } => format!("{not}{}port {number}", side(*of)),
        Kind::EventNumber(number) => format!("{not}the source's event number {number}"),
        Kind::Technique(id) => format!("{not}the technique {id}"),
        Kind::Code(code) => format!("{not}the event code {code}"),
        Kind::Rule(name) => format!("{not}the rule {name}"),
        Kind::App(name) => format!("{not}the application {name}"),
        Kind::Field { name, value } => format!("{not}{name} is {value}"),
        Kind::Event(id) => format!("the event {id}"),
        Kind::Signal(id) => format!("{not}the signal {id}"),
        Kind::Incident(id) => format!("{not}the incident {id}"),
    }
}
