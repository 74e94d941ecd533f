//! Names in a question: recognised by their shape, by the word that leads them, or by the kind that is said.

use super::frame::Frame;
use super::kinds::{Filter, Kind, Side, is_alike, meaning, same_kind};
use crate::lexicon::{Column, concept_at, is_filler, is_negation, is_preposition};
use crate::shape::{Shape, field_term};
use crate::time::{is_login_verb, unit_of};

/// Kinds of things whose names are words like any others.
pub(super) fn leads_plain_name(word: &str) -> bool {
    let kinds = [Keyword::User, Keyword::Host, Keyword::Process, Keyword::App, Keyword::Rule];
    !word.ends_with('s') && keyword(word).is_some_and(|kind| kinds.contains(&kind))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keyword {
    User,
    Host,
    Domain,
    Address,
    Process,
    Parent,
    Command,
    File,
    Port,
    EventId,
    Event,
    Incident,
    Signal,
    Technique,
    Rule,
    App,
    Code,
    Hash,
}

fn keyword(word: &str) -> Option<Keyword> {
    Some(match word {
        "user" | "username" | "account" | "users" | "accounts" | "person" | "employee" => Keyword::User,
        "host" | "server" | "machine" | "computer" | "workstation" | "endpoint" | "device" | "hosts"
        | "system" | "servers" => Keyword::Host,
        "domain" | "site" | "website" | "url" => Keyword::Domain,
        "ip" | "address" | "ips" | "addresses" => Keyword::Address,
        "process" | "program" | "binary" | "executable" => Keyword::Process,
        "command" | "commands" => Keyword::Command,
        "file" | "path" | "files" => Keyword::File,
        "port" | "ports" => Keyword::Port,
        "eventid" | "event-id" | "id" => Keyword::EventId,
        "event" | "events" => Keyword::Event,
        "incident" | "case" | "incidents" => Keyword::Incident,
        "signal" | "alert" => Keyword::Signal,
        "technique" => Keyword::Technique,
        "rule" => Keyword::Rule,
        "application" | "app" => Keyword::App,
        "code" => Keyword::Code,
        "hash" | "md5" | "sha1" | "sha256" => Keyword::Hash,
        _ => return None,
    })
}

/// Names that are words of the grammar, too; behind `by` and `as` they are names.
fn is_account_word(word: &str) -> bool {
    matches!(word, "admin" | "administrator" | "root" | "system" | "guest" | "nobody" | "service" | "backup")
}

/// Whether what stands at `index` is the name of a thing of `column`: "host web01".
pub(super) fn is_named_behind(frame: &Frame, index: usize, column: &Column) -> bool {
    if index >= frame.len() || !frame.is_free(index) {
        return false;
    }
    let shape = frame.shape(index);
    match column.name {
        "user" | "host" | "process" | "app" | "rule" | "target_user" => {
            matches!(shape, Shape::HostLike | Shape::Account | Shape::FileName | Shape::Quoted | Shape::Mail)
                || column.name == "host" && matches!(shape, Shape::Domain | Shape::Ip)
                || shape == Shape::Plain && is_unknown(frame, index)
        }
        "src_ip" | "dst_ip" => matches!(shape, Shape::Ip | Shape::Cidr),
        "src_port" | "dst_port" => shape == Shape::Number,
        "domain" => shape == Shape::Domain,
        "file" => matches!(shape, Shape::Path | Shape::FileName),
        "code" => matches!(shape, Shape::Code | Shape::Number),
        _ => shape == Shape::Quoted,
    }
}

/// Whether no part of the grammar knows the plain word at `index`.
fn is_unknown(frame: &Frame, index: usize) -> bool {
    let Some(word) = frame.words.get(index) else { return false };
    let looks_like_a_name = word.text.chars().any(char::is_alphanumeric)
        && word.text.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '$'))
        && !word.text.starts_with(|c: char| c.is_ascii_digit());
    looks_like_a_name
        && !is_filler(&word.text)
        && !is_preposition(&word.text)
        && !is_negation(&word.text)
        && keyword(&word.text).is_none()
        && unit_of(&word.text).is_none()
        && !crate::time::is_day_or_month(&word.text)
        && !crate::lexicon::is_known(word)
        && concept_at(&frame.words, index, |place| frame.is_free(place)).is_none()
}

/// The state of the scan.
struct Scan {
    index: usize,
    preposition: Option<usize>,
    keyword: Option<(usize, usize, Keyword)>,
    negation: Option<usize>,
    /// "the weather" is nobody's name.
    article: bool,
    /// Behind "between", what is joined by "and" are two ends, not alternatives.
    between: bool,
    or_before: bool,
    /// "for alice and for bob"
    rejoins: bool,
    filters: Vec<Filter>,
}

/// Finds names that are led by a word, by a kind, or that are known by their shape, before the concepts are
/// looked for: "user bob", "by admin", "10.1.2.3".
pub(super) fn find(frame: &mut Frame) -> Vec<Filter> {
    let mut scan = Scan {
        index: 0,
        preposition: None,
        keyword: None,
        negation: None,
        article: false,
        between: false,
        or_before: false,
        rejoins: false,
        filters: Vec::new(),
    };
    while scan.index < frame.len() {
        step(frame, &mut scan);
    }
    scan.filters
}

fn step(frame: &mut Frame, scan: &mut Scan) {
    let index = scan.index;
    scan.index += 1;
    let text = frame.text(index).to_owned();
    if !frame.is_free(index) {
        // Between a leading word and its name nothing else stands.
        scan.preposition = None;
        scan.keyword = None;
        scan.article = false;
        scan.or_before = false;
        if !frame.is_filler(index) {
            scan.negation = scan.negation.filter(|_| matches!(text.as_str(), "the" | "all"));
        }
        return;
    }
    if let Some(kind) = value_at(frame, index, scan) {
        push(frame, scan, index, kind);
        return;
    }
    if text == "but" && is_negation(frame.text(index + 1)) {
        frame.pass_over(index);
        return;
    }
    if is_negation(&text) {
        scan.negation = Some(index);
        return;
    }
    let is_other =
        [["other", "than"], ["apart", "from"], ["aside", "from"]].iter().any(|two| frame.is_at(index, two));
    if is_other {
        scan.negation = Some(index);
        frame.absorb(index + 1..index + 2);
        scan.index = index + 2;
        return;
    }
    if matches!(text.as_str(), "the" | "a" | "an" | "any" | "all" | "either" | "called" | "named") {
        scan.article = !matches!(text.as_str(), "called" | "named" | "either");
        return;
    }
    if let Some((found, length)) = keyword_at(frame, index) {
        scan.keyword = Some((index, length, found));
        scan.index = index + length;
        return;
    }
    let joins = matches!(text.as_str(), "or" | "and" | ",");
    if joins
        && scan
            .filters
            .last()
            .is_some_and(|last| last.at + 1 == index || last.at + 2 == index && frame.text(index - 1) == ",")
    {
        scan.or_before = !scan.between;
        return;
    }
    // The "in" of "log in" leads nothing.
    let before = index.checked_sub(1).map_or("", |before| frame.text(before));
    let is_particle = matches!(text.as_str(), "in" | "on") && is_login_verb(before);
    if is_preposition(&text) && !joins && !is_particle {
        scan.rejoins = matches!(before, "and" | "or" | ",");
        scan.preposition = Some(index);
        scan.keyword = None;
        scan.article = false;
        scan.between = text == "between";
        scan.or_before = false;
        return;
    }
    scan.preposition = None;
    scan.article = false;
    scan.keyword = None;
    scan.negation = None;
    scan.or_before = false;
}

/// `event id` is one keyword of two words.
fn keyword_at(frame: &Frame, index: usize) -> Option<(Keyword, usize)> {
    if frame.is_at(index, &["event", "id"]) || frame.is_at(index, &["event", "ids"]) {
        return Some((Keyword::EventId, 2));
    }
    let parent = usize::from(frame.text(index + 1) == "process");
    if frame.text(index) == "parent"
        && matches!(frame.shape(index + 1 + parent), Shape::FileName | Shape::Quoted)
    {
        return Some((Keyword::Parent, 1 + parent));
    }
    let found = keyword(frame.text(index))?;
    let behind = index + 1;
    // A keyword is one only in front of what can be a name of its kind.
    let is_value = match found {
        Keyword::User | Keyword::Host | Keyword::Process | Keyword::App | Keyword::Rule => {
            let shape = frame.shape(behind);
            frame.is_free(behind)
                && (matches!(
                    shape,
                    Shape::HostLike
                        | Shape::Account
                        | Shape::FileName
                        | Shape::Quoted
                        | Shape::Mail
                        | Shape::Domain
                        | Shape::Ip
                ) || shape == Shape::Plain
                    && (is_unknown(frame, behind) || is_account_word(frame.text(behind))))
        }
        Keyword::Domain => frame.shape(behind) == Shape::Domain,
        Keyword::Address => matches!(frame.shape(behind), Shape::Ip | Shape::Cidr),
        Keyword::Command => frame.shape(behind) == Shape::Quoted,
        // Has two words, see above.
        Keyword::Parent => false,
        Keyword::File => matches!(frame.shape(behind), Shape::Path | Shape::FileName | Shape::Quoted),
        Keyword::Port | Keyword::EventId => frame.shape(behind) == Shape::Number,
        Keyword::Event => matches!(frame.shape(behind), Shape::EventId | Shape::Number),
        Keyword::Incident => matches!(frame.shape(behind), Shape::IncidentId | Shape::Number),
        Keyword::Signal => frame.shape(behind) == Shape::SignalId,
        Keyword::Technique => frame.shape(behind) == Shape::Technique,
        Keyword::Code => matches!(frame.shape(behind), Shape::Code),
        Keyword::Hash => frame.shape(behind) == Shape::Hash,
    };
    (is_value && frame.is_free(behind)).then_some((found, 1))
}

fn push(frame: &mut Frame, scan: &mut Scan, index: usize, kind: Kind) {
    let leading = [
        scan.keyword.map(|(place, _, _)| place),
        scan.preposition.filter(|place| scan.keyword.is_none_or(|(keyword, ..)| *place < keyword)),
    ];
    let negated = scan.negation.is_some();
    let start = leading.into_iter().flatten().chain(scan.negation).min().unwrap_or(index);
    // Only words in between that say nothing belong to it.
    let start = if (start..index).all(|place| frame.is_free(place)) { start } else { index };
    frame.claim(start..index + 1, meaning(&kind, negated));
    if let Some(place) = scan.negation.filter(|place| *place < start) {
        frame.absorb(place..place + 1);
    }
    let rejoins = scan.rejoins && scan.filters.last().is_some_and(|last| is_alike(&last.kind, &kind));
    let or_before = (scan.or_before || rejoins)
        && scan.filters.last().is_some_and(|last| last.negated == negated || !negated);
    scan.rejoins = false;
    let negated = negated || scan.or_before && scan.filters.last().is_some_and(|last| last.negated);
    scan.filters.push(Filter { at: index, kind, negated, or_before });
    scan.preposition = None;
    scan.keyword = None;
    scan.negation = None;
    scan.article = false;
    scan.or_before = false;
}

/// What the word at `index` names, if it names something there.
fn value_at(frame: &mut Frame, index: usize, scan: &Scan) -> Option<Kind> {
    let word = frame.words.get(index)?;
    let written = word.written.clone();
    let text = word.text.clone();
    let shape = word.shape;
    let lead = scan.preposition.map_or(String::new(), |place| frame.text(place).to_owned());
    let lead = if scan.or_before || scan.article && shape == Shape::Plain { String::new() } else { lead };
    let keyword = scan.keyword.map(|(_, _, keyword)| keyword);
    let side = match lead.as_str() {
        "from" | "by" => Side::From,
        "to" | "into" | "towards" | "toward" | "against" | "contacted" => Side::To,
        _ => Side::Either,
    };
    // "alice or bob": of the kind that the one before is.
    if scan.or_before && !shape.is_entity() && shape != Shape::Field {
        let like = scan.filters.last()?;
        if shape == Shape::Number && !matches!(like.kind, Kind::EventNumber(_)) {
            return None;
        }
        let is_name = matches!(shape, Shape::HostLike | Shape::Account | Shape::Quoted | Shape::Number)
            || shape == Shape::Plain && is_unknown(frame, index);
        return is_name.then(|| same_kind(&like.kind, written)).flatten();
    }
    if let Some(kind) = keyword.and_then(|keyword| by_keyword(keyword, shape, &written, &text, side)) {
        return Some(kind);
    }
    match shape {
        Shape::Field => {
            let term = field_term(&written)?;
            return Some(field(term.name, term.value, term.negated));
        }
        Shape::Ip => return Some(Kind::Address { value: text, side: side_of_pair(frame, index, side) }),
        Shape::Cidr => return Some(Kind::Range { value: text, side }),
        Shape::Domain if lead == "on" => return Some(Kind::Host(written)),
        Shape::Domain => return Some(Kind::Domain(text)),
        Shape::Mail => return Some(Kind::Mail(text)),
        Shape::Hash | Shape::Cve | Shape::Uuid => return Some(Kind::Anywhere(written)),
        Shape::Technique => return Some(Kind::Technique(text.to_uppercase())),
        Shape::Code => return Some(Kind::Code(text.to_uppercase())),
        Shape::EventId => return Some(Kind::Event(text)),
        Shape::SignalId => return Some(Kind::Signal(text)),
        Shape::IncidentId => return Some(Kind::Incident(text)),
        Shape::Path => return Some(Kind::File(written)),
        Shape::FileName if is_document(&text) => return Some(Kind::File(written)),
        Shape::FileName => return Some(Kind::Program(written)),
        Shape::Quoted if matches!(lead.as_str(), "by" | "as") => return Some(Kind::Actor(written)),
        Shape::Quoted => return Some(Kind::Phrase(written)),
        Shape::Account => {
            return Some(
                by_lead(&lead, &account_name(&written)).unwrap_or(Kind::Person(account_name(&written))),
            );
        }
        Shape::HostLike => {}
        Shape::Plain if text == "root" && lead.is_empty() => return Some(Kind::Actor(written)),
        Shape::Plain
            if is_unknown(frame, index) || matches!(lead.as_str(), "by" | "as") && is_account_word(&text) => {
        }
        _ => return None,
    }
    if let Some(kind) = by_lead(&lead, &written).filter(|_| !is_possessive(frame, index)) {
        return Some(match (shape, kind) {
            (Shape::HostLike, Kind::Person(name)) => Kind::Either(name),
            (Shape::HostLike, Kind::Actor(name)) if lead == "by" => Kind::Agent(name),
            (Shape::HostLike, Kind::Actor(name)) if lead != "as" => Kind::Either(name),
            (_, kind) => kind,
        });
    }
    if is_possessive(frame, index) {
        frame.absorb(index + 1..index + 2);
        return Some(if shape == Shape::HostLike { Kind::Host(written) } else { Kind::Person(written) });
    }
    if shape == Shape::Plain && !scan.article && is_act_of_somebody(frame.text(index + 1)) {
        return Some(Kind::Actor(written));
    }
    let asks_state =
        lead == "is" && concept_at(&frame.words, index + 1, |place| frame.is_free(place)).is_some();
    if asks_state {
        return Some(Kind::Person(written));
    }
    if shape == Shape::HostLike {
        // Nothing says what it is; it looks like a machine.
        frame.doubt(10);
        return Some(Kind::Host(written));
    }
    None
}

fn is_possessive(frame: &Frame, index: usize) -> bool {
    frame.text(index + 1) == "'s" && frame.is_free(index + 1)
}

/// Verbs whose subject is who did it: "how often alice ran …".
fn is_act_of_somebody(word: &str) -> bool {
    matches!(
        word,
        "ran"
            | "run"
            | "runs"
            | "used"
            | "uses"
            | "did"
            | "does"
            | "executed"
            | "started"
            | "launched"
            | "opened"
            | "created"
            | "deleted"
            | "changed"
            | "logged"
            | "accessed"
            | "touched"
            | "contacted"
            | "connected"
            | "visited"
            | "sent"
            | "received"
            | "reset"
            | "unlocked"
            | "approved"
            | "requested"
            | "signed"
            | "queried"
    )
}

/// Files that are opened, not run.
fn is_document(name: &str) -> bool {
    let ending = name.rsplit('.').next().unwrap_or_default();
    ["txt", "log", "docx", "docm", "xlsx", "xlsm", "pdf", "iso", "lnk"].contains(&ending)
}

/// The name without the Windows domain before it.
fn account_name(written: &str) -> String {
    written.rsplit('\\').next().unwrap_or(written).to_owned()
}

fn by_keyword(keyword: Keyword, shape: Shape, written: &str, text: &str, side: Side) -> Option<Kind> {
    let name = || written.to_owned();
    Some(match (keyword, shape) {
        (Keyword::User, _) => Kind::Person(account_name(written)),
        (Keyword::Host, Shape::Ip) => Kind::Address { value: name(), side },
        (Keyword::Host, _) => Kind::Host(name()),
        (Keyword::Process, _) => Kind::Program(name()),
        (Keyword::Parent, _) => Kind::Field { name: "parent_process".into(), value: name() },
        (Keyword::Command, _) => Kind::Field { name: "command".into(), value: name() },
        (Keyword::File, _) => Kind::File(name()),
        (Keyword::Port, Shape::Number) => {
            text.parse::<u16>().ok()?;
            Kind::Port { number: name(), side: if side == Side::From { Side::From } else { Side::To } }
        }
        (Keyword::EventId | Keyword::Event, Shape::Number) => {
            (text.len() <= 5).then_some(())?;
            Kind::EventNumber(name())
        }
        (Keyword::Incident, Shape::Number) => Kind::Incident(name()),
        (Keyword::Rule, _) => Kind::Rule(name()),
        (Keyword::App, _) => Kind::App(name()),
        _ => return None,
    })
}

/// What a bare name is, by the word that leads it.
fn by_lead(lead: &str, written: &str) -> Option<Kind> {
    let name = written.to_owned();
    Some(match lead {
        "by" | "as" | "did" | "does" | "has" | "had" => Kind::Actor(name),
        "was" | "of" | "for" | "about" | "against" | "involving" | "concerning" | "mentioning"
        | "mention" => Kind::Person(name),
        "on" | "to" | "in" | "at" | "into" | "towards" | "toward" | "contacted" => Kind::Host(name),
        "from" | "via" | "through" => Kind::Origin(name),
        _ => return None,
    })
}

/// "between A and B" is about both, in either direction.
fn side_of_pair(frame: &Frame, index: usize, side: Side) -> Side {
    let paired = matches!(frame.text(index.saturating_sub(1)), "between" | "and");
    if paired { Side::Either } else { side }
}

fn field(name: &str, value: &str, negated: bool) -> Kind {
    let text = value.to_owned();
    debug_assert!(!name.is_empty(), "a term has a field");
    if negated {
        return Kind::Field { name: format!("-{name}"), value: text };
    }
    let side = if name == "dst_ip" { Side::To } else { Side::From };
    match (name, crate::shape::shape_of(value)) {
        ("src_ip" | "dst_ip", Shape::Ip) => return Kind::Address { value: text, side },
        ("src_ip" | "dst_ip", Shape::Cidr) => return Kind::Range { value: text, side },
        _ => {}
    }
    match name {
        "user" => Kind::Actor(text),
        "host" => Kind::Host(text),
        "code" => Kind::Code(text.to_uppercase()),
        _ => Kind::Field { name: name.to_owned(), value: text },
    }
}
