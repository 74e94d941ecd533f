//! MISP: events, lists of events and lists of attributes, in JSON.

use std::borrow::Cow;
use std::sync::Arc;

use sentra_model::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::moment::read_moment;
use crate::indicators::feed::{Facts, FeedPlace, Intake, Lines};
use crate::indicators::indicator::{IndicatorContext, Tlp};
use crate::indicators::kind::IndicatorFamily;

/// Tags of an event or attribute that are looked at.
const TAGS_MAX: usize = 1_000;

/// Nothing or one of both. Not an enum: raw values cannot be tried twice.
#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow, default, rename = "Event")]
    event: Option<&'a RawValue>,
    #[serde(borrow, default)]
    response: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Wrapped<'a> {
    #[serde(borrow, rename = "Event")]
    event: &'a RawValue,
}

#[derive(Deserialize)]
struct Attributes<'a> {
    #[serde(borrow, rename = "Attribute")]
    attributes: Vec<&'a RawValue>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Event<'a> {
    #[serde(borrow)]
    uuid: Option<Cow<'a, str>>,
    #[serde(borrow)]
    timestamp: Option<&'a RawValue>,
    #[serde(borrow)]
    date: Option<&'a RawValue>,
    #[serde(rename = "Tag")]
    tags: Vec<Tag>,
    #[serde(rename = "Galaxy")]
    galaxies: Vec<Galaxy>,
    #[serde(borrow, rename = "Attribute")]
    attributes: Vec<&'a RawValue>,
    #[serde(borrow, rename = "Object")]
    objects: Vec<&'a RawValue>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Attribute<'a> {
    #[serde(borrow)]
    uuid: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    value: Cow<'a, str>,
    to_ids: Option<bool>,
    deleted: bool,
    #[serde(borrow)]
    timestamp: Option<&'a RawValue>,
    #[serde(borrow)]
    last_seen: Option<&'a RawValue>,
    #[serde(rename = "Tag")]
    tags: Vec<Tag>,
    #[serde(rename = "Galaxy")]
    galaxies: Vec<Galaxy>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Tag {
    name: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Galaxy {
    #[serde(rename = "type")]
    kind: String,
    #[serde(rename = "GalaxyCluster")]
    clusters: Vec<Cluster>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Cluster {
    value: String,
}

pub(crate) fn read(bytes: &[u8], intake: &mut Intake<'_>) {
    let mut reader = Reader { intake, lines: Lines::new(bytes), number: 0 };
    match serde_json::from_slice::<&RawValue>(bytes) {
        Ok(document) => reader.document(document),
        Err(error) => {
            let place = FeedPlace { line: error.line() as u64, record: format!("column {}", error.column()) };
            reader.intake.report.refused += 1;
            reader.intake.problem("", format!("not json: {error}"), || place);
        }
    }
}

struct Reader<'r, 'i, 'a> {
    intake: &'r mut Intake<'i>,
    lines: Lines<'a>,
    number: u64,
}

impl Reader<'_, '_, '_> {
    fn document(&mut self, raw: &RawValue) {
        if raw.get().starts_with('[') {
            return self.list(raw);
        }
        match serde_json::from_str(raw.get()) {
            Ok(Document { event: Some(event), .. }) => self.event(event),
            Ok(Document { response: Some(response), .. }) => match serde_json::from_str(response.get()) {
                Ok(Attributes { attributes }) => self.attributes(&attributes, &Seen::default(), &self.base()),
                Err(_) => self.list(response),
            },
            _ => self.refuse(raw, "neither an Event nor a response of misp"),
        }
    }

    fn list(&mut self, raw: &RawValue) {
        match serde_json::from_str::<Vec<&RawValue>>(raw.get()) {
            Ok(events) => {
                for event in events {
                    match serde_json::from_str::<Wrapped<'_>>(event.get()) {
                        Ok(wrapped) => self.event(wrapped.event),
                        Err(_) => self.refuse(event, "not an object with an Event"),
                    }
                }
            }
            Err(_) => self.refuse(raw, "neither a list of events nor of attributes"),
        }
    }

    fn base(&self) -> IndicatorContext {
        self.intake.feed.context()
    }

    fn refuse(&mut self, raw: &RawValue, reason: impl Into<String>) {
        self.intake.report.refused += 1;
        let (lines, number) = (&mut self.lines, self.number);
        self.intake.problem(raw.get(), reason, || place(lines, raw, None, number));
    }

    fn event(&mut self, raw: &RawValue) {
        let event: Event<'_> = match serde_json::from_str(raw.get()) {
            Ok(event) => event,
            Err(error) => return self.refuse(raw, format!("not an event of misp: {error}")),
        };
        let mut context = self.base();
        let confidence = read_tags(&event.tags, &event.galaxies, &mut context);
        let seen = Seen {
            moment: event.timestamp.or(event.date).and_then(|raw| read_moment(raw.get())),
            confidence,
        };
        self.attributes(&event.attributes, &seen, &context);
        for object in &event.objects {
            match serde_json::from_str::<Attributes<'_>>(object.get()) {
                Ok(found) => self.attributes(&found.attributes, &seen, &context),
                Err(_) => {
                    self.refuse(object, format!("an object without attributes in event {}", id(&event.uuid)))
                }
            }
        }
    }

    fn attributes(&mut self, raws: &[&RawValue], seen: &Seen, base: &IndicatorContext) {
        let shared = Arc::new(base.clone());
        for raw in raws {
            if self.intake.is_full {
                return;
            }
            self.number += 1;
            match serde_json::from_str::<Attribute<'_>>(raw.get()) {
                Ok(attribute) => self.attribute(raw, &attribute, seen, &shared),
                Err(error) => self.refuse(raw, format!("not an attribute of misp: {error}")),
            }
        }
    }

    fn attribute(
        &mut self,
        raw: &RawValue,
        attribute: &Attribute<'_>,
        seen: &Seen,
        base: &Arc<IndicatorContext>,
    ) {
        if attribute.deleted || attribute.to_ids == Some(false) {
            self.intake.report.skipped += 1;
            return;
        }
        let mut facts = Facts::of(Arc::clone(base));
        facts.confidence = seen.confidence;
        let moment = |raw: Option<&RawValue>| raw.and_then(|raw| read_moment(raw.get()));
        facts.last_seen = moment(attribute.last_seen).or_else(|| moment(attribute.timestamp)).or(seen.moment);
        if !attribute.tags.is_empty() || !attribute.galaxies.is_empty() {
            let mut context = (**base).clone();
            let confidence = read_tags(&attribute.tags, &attribute.galaxies, &mut context);
            facts.confidence = confidence.or(seen.confidence);
            facts.context = Arc::new(context);
        }
        let Some(parts) = parts(&attribute.kind) else {
            let reason = format!("attributes of type {} are not indicators here", short(&attribute.kind));
            self.intake.report.skipped += 1;
            let (lines, number) = (&mut self.lines, self.number);
            return self
                .intake
                .problem(&attribute.value, reason, || place(lines, raw, attribute.uuid.as_deref(), number));
        };
        let mut values = attribute.value.splitn(parts.len(), '|');
        for part in parts {
            let value = values.next().unwrap_or_default();
            if let Some(family) = part {
                let (lines, number) = (&mut self.lines, self.number);
                self.intake.offer(value, Some(*family), &facts, || {
                    place(lines, raw, attribute.uuid.as_deref(), number)
                });
            }
        }
    }
}

/// What attributes have of their event.
#[derive(Default)]
struct Seen {
    moment: Option<Timestamp>,
    confidence: Option<f64>,
}

fn place(lines: &mut Lines<'_>, raw: &RawValue, uuid: Option<&str>, number: u64) -> FeedPlace {
    let record = uuid.map_or_else(|| format!("attribute {number}"), |uuid| short(uuid).to_owned());
    FeedPlace { line: lines.of(raw.get()), record }
}

fn id<'a>(uuid: &'a Option<Cow<'a, str>>) -> &'a str {
    uuid.as_deref().map_or("without an id", short)
}

fn short(text: &str) -> &str {
    text.get(..text.floor_char_boundary(64)).unwrap_or_default()
}

/// The parts of a value of type `kind`, each with what it is, or nothing for one that is no indicator.
fn parts(kind: &str) -> Option<&'static [Option<IndicatorFamily>]> {
    use IndicatorFamily::{Address, Domain, Hash, Mail, Url};
    Some(match kind {
        "ip-src" | "ip-dst" => &[Some(Address)],
        "ip-src|port" | "ip-dst|port" => &[Some(Address), None],
        "domain" | "hostname" => &[Some(Domain)],
        "hostname|port" => &[Some(Domain), None],
        "domain|ip" => &[Some(Domain), Some(Address)],
        "url" => &[Some(Url)],
        "md5" | "sha1" | "sha256" => &[Some(Hash)],
        "filename|md5" | "filename|sha1" | "filename|sha256" | "malware-sample" => &[None, Some(Hash)],
        // Not `email-dst`: that is mostly who was attacked.
        "email" | "email-src" | "email-reply-to" => &[Some(Mail)],
        _ => return None,
    })
}

/// What tags and galaxies say; the confidence, if they state one.
fn read_tags(tags: &[Tag], galaxies: &[Galaxy], context: &mut IndicatorContext) -> Option<f64> {
    let mut confidence = None;
    for tag in tags.iter().take(TAGS_MAX) {
        let name = tag.name.trim();
        let value = name.split_once('=').map_or("", |(_, value)| value.trim_matches('"'));
        if name.to_ascii_lowercase().starts_with("tlp:") {
            context.narrow(Tlp::named(name));
        } else if let Some(galaxy) = name.strip_prefix("misp-galaxy:") {
            read_cluster(galaxy.split('=').next().unwrap_or_default(), value, context);
        } else if let Some(level) = name.strip_prefix("misp:confidence-level=") {
            confidence = confidence_level(level.trim_matches('"')).or(confidence);
        } else {
            context.add_label(name);
        }
    }
    for galaxy in galaxies.iter().take(TAGS_MAX) {
        for cluster in galaxy.clusters.iter().take(TAGS_MAX) {
            read_cluster(&galaxy.kind, &cluster.value, context);
        }
    }
    confidence
}

fn read_cluster(galaxy: &str, value: &str, context: &mut IndicatorContext) {
    let is_threat = [
        "malware",
        "malpedia",
        "intrusion-set",
        "threat-actor",
        "ransomware",
        "tool",
        "campaign",
        "rat",
        "banker",
        "botnet",
        "stealer",
        "backdoor",
        "exploit-kit",
        "microsoft-activity-group",
    ]
    .iter()
    .any(|known| galaxy.ends_with(known));
    if galaxy.contains("attack-pattern") && context.add_techniques(value) {
        return;
    }
    if is_threat {
        // MITRE's clusters carry their number: `Emotet - S0367`.
        context.add_threat(value.rsplit_once(" - ").map_or(value, |(name, _)| name));
    } else if !value.is_empty() {
        context.add_label(value);
    }
}

/// The levels of MISP's own taxonomy.
fn confidence_level(level: &str) -> Option<f64> {
    Some(match level {
        "completely-confident" => 1.0,
        "usually-confident" => 0.75,
        "fairly-confident" => 0.5,
        "rarely-confident" => 0.25,
        "unconfident" => 0.0,
        _ => return None,
    })
}
