use std::collections::{BTreeMap, BTreeSet};

use sentra_model::{EntityRef, EntityType, EventCode, Fact, FactKind, Incident, Signal, TenantId, Timestamp};

use crate::words::{TEXT_BYTES_MAX, head, words};
use crate::{ItemId, Traits};

/// Law LIMIT: signals of an incident that are looked at, the first to join.
pub const INCIDENT_SIGNALS_MAX: usize = 1_000;

/// Law LIMIT: techniques, codes, rules, entities or words that are kept of an item, each.
pub const TRAITS_MAX: usize = 128;

/// Longest name that is kept, bytes. A longer one is cut, on both sides of a comparison.
const NAME_BYTES_MAX: usize = 256;

/// Law LIMIT: distinct steps from one code to the next that are compared.
const STEPS_MAX: usize = 64;

/// What of a signal or an incident is embedded.
#[derive(Debug, Clone)]
pub struct Subject {
    pub(crate) id: ItemId,
    pub(crate) tenant: TenantId,
    pub(crate) first: Timestamp,
    pub(crate) last: Timestamp,
    pub(crate) stamp: u64,
    pub(crate) traits: Traits,
    /// Ids of the rules: titles change.
    pub(crate) rule_ids: BTreeSet<String>,
    pub(crate) fact_kinds: BTreeSet<FactKind>,
    /// Which code followed which, in the order of time.
    pub(crate) steps: BTreeSet<(String, String)>,
    /// What is said about it, in sentences.
    pub(crate) text: String,
}

impl Subject {
    /// Of a signal.
    #[must_use]
    pub fn of_signal(signal: &Signal) -> Self {
        let mut gathered = Gathered::default();
        gathered.signal(signal);
        gathered.text(&signal.rule.title, signal.facts.iter().map(in_words));
        let id = ItemId::Signal(signal.id);
        let (tenant, first, last) = (signal.tenant.clone(), signal.first, signal.last);
        gathered.finish(id, tenant, (first, last), signal.count, &signal.rule.title)
    }

    /// Of an incident and its signals: what they have found says what it is like, the incident alone only how it
    /// ended up being called. Signals beyond [`INCIDENT_SIGNALS_MAX`] are not looked at.
    #[must_use]
    pub fn of_incident(incident: &Incident, signals: &[Signal]) -> Self {
        let mut gathered = Gathered::default();
        gathered.techniques.extend(incident.techniques.iter().cloned());
        gathered.tactics.extend(incident.tactics.iter().cloned());
        gathered.entities(&incident.entities);
        // Law TENANT: another's signal cannot be one of its own.
        let own = signals.iter().filter(|signal| signal.tenant == incident.tenant);
        own.take(INCIDENT_SIGNALS_MAX).for_each(|signal| gathered.signal(signal));
        let story = incident.narrative.sentences.iter().map(|sentence| sentence.text.clone());
        gathered.text(&incident.title, std::iter::once(incident.headline.clone()).chain(story));
        let id = ItemId::Incident(incident.id);
        let (tenant, first, last) = (incident.tenant.clone(), incident.first, incident.last);
        gathered.finish(id, tenant, (first, last), incident.version, &incident.title)
    }

    /// Which it is.
    #[must_use]
    pub fn id(&self) -> ItemId {
        self.id
    }

    /// What is said about it, in sentences.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// What has been gathered of an item's parts. Sets, because the order in which things joined says nothing.
#[derive(Default)]
struct Gathered {
    techniques: BTreeSet<String>,
    tactics: BTreeSet<String>,
    codes: BTreeSet<String>,
    rules: BTreeMap<String, String>,
    entities: BTreeSet<EntityRef>,
    fact_kinds: BTreeSet<FactKind>,
    /// When which code began.
    timed: BTreeSet<(Timestamp, String)>,
    text: String,
}

impl Gathered {
    fn signal(&mut self, signal: &Signal) {
        self.techniques.extend(signal.techniques.iter().cloned());
        self.tactics.extend(signal.tactics.iter().cloned());
        self.rules.insert(signal.rule.id.clone(), signal.rule.title.clone());
        self.entities(&signal.entities);
        for fact in &signal.facts {
            self.fact_kinds.insert(fact.kind);
            for code in codes_of(fact) {
                self.codes.insert(code.to_owned());
                if self.timed.len() < INCIDENT_SIGNALS_MAX {
                    self.timed.insert((fact.first, code.to_owned()));
                }
            }
        }
    }

    fn entities(&mut self, entities: &[EntityRef]) {
        for entity in entities {
            if self.entities.len() >= TRAITS_MAX {
                return;
            }
            let value = cut(&entity.value);
            self.entities.insert(EntityRef::new(entity.entity_type, entity.role, value));
        }
    }

    fn text(&mut self, title: &str, sentences: impl Iterator<Item = String>) {
        self.text.push_str(head(title));
        for sentence in sentences {
            if self.text.len() + sentence.len() > TEXT_BYTES_MAX {
                return;
            }
            self.text.push_str(". ");
            self.text.push_str(sentence.trim_end_matches('.'));
        }
    }

    fn finish(
        self,
        id: ItemId,
        tenant: TenantId,
        (first, last): (Timestamp, Timestamp),
        stamp: u64,
        title: &str,
    ) -> Subject {
        let steps = steps(&self.timed);
        let words = self.words();
        let traits = Traits {
            title: cut(title),
            techniques: bounded(self.techniques),
            tactics: bounded(self.tactics),
            codes: bounded(self.codes),
            rules: bounded(self.rules.values().cloned().collect()),
            entities: self.entities.into_iter().collect(),
            words,
        };
        let rule_ids = self.rules.into_keys().take(TRAITS_MAX).collect();
        let text = self.text;
        Subject { id, tenant, first, last, stamp, traits, rule_ids, fact_kinds: self.fact_kinds, steps, text }
    }

    /// Words of the title and the story, of rules, and what codes and tactics are called. Names of entities are not
    /// words: they are compared as what they are.
    fn words(&self) -> Vec<String> {
        let names: BTreeSet<String> = self.entities.iter().flat_map(|entity| words(&entity.value)).collect();
        let mut found: BTreeSet<String> = BTreeSet::new();
        let codes =
            self.codes.iter().filter_map(|code| code.parse::<EventCode>().ok()).map(|code| code.meaning());
        let called = self.rules.values().chain(&self.tactics).map(String::as_str).chain(codes);
        let said = words(&self.text).filter(|word| !names.contains(word));
        // What it is called comes first: of a long story, words are left out.
        for word in called.flat_map(words).chain(said) {
            if found.len() >= TRAITS_MAX {
                break;
            }
            found.insert(word);
        }
        found.into_iter().collect()
    }
}

fn bounded(texts: BTreeSet<String>) -> Vec<String> {
    texts.into_iter().take(TRAITS_MAX).map(|text| cut(&text)).collect()
}

/// The beginning of `name`, without what cannot be read: it is shown, and control characters would only swell its
/// stored form.
fn cut(name: &str) -> String {
    let mut kept = String::new();
    for c in name.chars().filter(|c| !c.is_control()) {
        if kept.len() + c.len_utf8() > NAME_BYTES_MAX {
            break;
        }
        kept.push(c);
    }
    kept
}

/// Each change from one code to another, in the order of time.
fn steps(timed: &BTreeSet<(Timestamp, String)>) -> BTreeSet<(String, String)> {
    let codes: Vec<&String> = timed.iter().map(|(_, code)| code).collect();
    let changes = codes.iter().zip(codes.iter().skip(1)).filter(|(one, next)| one != next);
    changes.take(STEPS_MAX).map(|(one, next)| ((*one).clone(), (*next).clone())).collect()
}

/// The event codes that a fact is about: some kinds of facts are about one, others name theirs.
fn codes_of(fact: &Fact) -> impl Iterator<Item = &str> {
    let known = match fact.kind {
        FactKind::LoginsFailed => Some(EventCode::LL03),
        FactKind::LoginsSucceeded => Some(EventCode::LL01),
        FactKind::PrivilegeUsed => Some(EventCode::PA01),
        FactKind::PrivilegeRefused => Some(EventCode::PA02),
        _ => None,
    };
    let named = fact.values.get("code").into_iter().flat_map(|set| &set.shown);
    let named = named.filter_map(|code| code.parse::<EventCode>().ok());
    known.into_iter().chain(named).map(|code| code.as_str())
}

/// A fact as a short sentence, for a model of sentences and for its words.
fn in_words(fact: &Fact) -> String {
    let what = match fact.kind {
        FactKind::RuleMatched => "rule matched",
        FactKind::LoginsFailed => "logins failed",
        FactKind::LoginsSucceeded => "logins succeeded",
        FactKind::NoLoginSucceeded => "no login succeeded",
        FactKind::PrivilegeUsed => "privileged commands were used",
        FactKind::PrivilegeRefused => "privileged commands were refused",
        FactKind::AccountsChanged => "accounts were changed",
        FactKind::ProcessesStarted => "programs were started",
        FactKind::SecurityChanged => "security settings were changed",
        FactKind::Observed => "observed",
    };
    let mut sentence = what.to_owned();
    for name in ["rule", "what", "process", "command"] {
        for value in fact.values.get(name).into_iter().flat_map(|set| &set.shown).take(4) {
            sentence.push(' ');
            sentence.push_str(&cut(value));
        }
    }
    sentence
}

/// The last part of a path, in lower case; of anything else the whole.
pub(crate) fn base_name(entity_type: EntityType, value: &str) -> Option<String> {
    if !matches!(entity_type, EntityType::Process | EntityType::File) {
        return None;
    }
    let name = value.rsplit(['/', '\\']).next().unwrap_or(value);
    (!name.is_empty()).then(|| name.to_lowercase())
}
