use std::collections::BTreeMap;
use std::net::IpAddr;

use sentra_model::{EntityRef, EntityType, EventCode, Role, TACTICS};

use crate::subject::base_name;
use crate::words::{pieces, words};
use crate::{Embedder, Space, Subject, Vector, VectorError};

/// Version of the feature embedding. It goes up with every change of what comes out, and stored vectors are made anew.
pub const EMBEDDING_VERSION: u32 = 1;

/// How many numbers a vector of features has.
pub const FEATURE_DIMENSIONS: u16 = 512;

/// What weighs less than this in all does not fill its family's share.
const FAMILY_LENGTH_MIN: f64 = 0.7;

/// In how many places a feature is written: one clash does not make two features the same.
const PLACES: usize = 4;

/// What a feature says something about. Each family has a share of the vector, however many features it has: a long
/// story must not outweigh what was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Family {
    Technique,
    Code,
    Rule,
    Word,
    Entity,
    Tactic,
    Shape,
    Program,
}

impl Family {
    const ALL: [Self; 8] = [
        Self::Technique,
        Self::Code,
        Self::Rule,
        Self::Word,
        Self::Entity,
        Self::Tactic,
        Self::Shape,
        Self::Program,
    ];

    /// Length of its part of the vector; the squares are shares of the likeness. What was done counts most, who it was
    /// least, but enough that of two like cases the one with the same attacker is nearer.
    fn share(self) -> f64 {
        match self {
            Self::Technique => 0.50,
            Self::Code => 0.40,
            Self::Rule => 0.35,
            Self::Word => 0.40,
            Self::Entity => 0.36,
            Self::Tactic => 0.28,
            Self::Shape => 0.20,
            Self::Program => 0.25,
        }
    }

    /// Which part of the vector it is written into: its beginning and length. A text has words and names and little
    /// else; in a part of their own they meet no chance clashes with what was done.
    fn part(self) -> (usize, usize) {
        match self {
            Self::Technique | Self::Code | Self::Rule | Self::Tactic | Self::Shape => (0, 192),
            Self::Word => (192, 208),
            Self::Entity | Self::Program => (400, 112),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Technique => "technique",
            Self::Code => "code",
            Self::Rule => "rule",
            Self::Word => "word",
            Self::Entity => "entity",
            Self::Tactic => "tactic",
            Self::Shape => "shape",
            Self::Program => "program",
        }
    }
}

/// Features by family; the weight of each within its family.
#[derive(Debug, Default)]
struct Features(BTreeMap<(Family, String), f64>);

impl Features {
    fn add(&mut self, family: Family, text: impl Into<String>, weight: f64) {
        let kept = self.0.entry((family, text.into())).or_default();
        *kept = kept.max(weight);
    }

    fn technique(&mut self, technique: &str) {
        let technique = technique.to_uppercase();
        if let Some((whole, _)) = technique.split_once('.') {
            self.add(Family::Technique, whole, 0.7);
        }
        self.add(Family::Technique, technique, 1.0);
    }

    fn entity(&mut self, entity: &EntityRef, scale: f64) {
        let (entity_type, value) = entity.key();
        let weight = distinctiveness(entity_type, &value) * scale;
        self.add(Family::Entity, format!("{entity_type}:{value}"), weight);
        if let Some(name) = base_name(entity_type, &value) {
            self.add(Family::Program, name, 1.0);
        }
    }

    /// Vector of the features: each is added or taken in four places that its hash says, families are brought to their
    /// shares. Sums are taken in the order of the features' names, so they are the same on every machine.
    fn to_vector(&self) -> Option<Vector> {
        let mut numbers = vec![0.0; usize::from(FEATURE_DIMENSIONS)];
        for family in Family::ALL {
            let features: Vec<(&String, f64)> = self
                .0
                .iter()
                .filter(|((of, _), _)| *of == family)
                .map(|((_, text), weight)| (text, *weight))
                .collect();
            let length = features.iter().map(|(_, weight)| weight * weight).sum::<f64>().sqrt();
            if length <= 0.0 {
                continue;
            }
            // A family of which there is hardly anything has no right to its share.
            let scale = family.share() / length.max(FAMILY_LENGTH_MIN) / (PLACES as f64).sqrt();
            for (text, weight) in features {
                for (place, sign) in places(family, text) {
                    if let Some(number) = numbers.get_mut(place) {
                        *number += sign * weight * scale;
                    }
                }
            }
        }
        Vector::towards(&numbers)
    }
}

/// Where a feature is written, and whether it is added or taken there.
fn places(family: Family, text: &str) -> [(usize, f64); PLACES] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(family.name().as_bytes()).update(&[0]).update(text.as_bytes());
    let mut bytes = [0; PLACES * 2];
    hasher.finalize_xof().fill(&mut bytes);
    let (begin, length) = family.part();
    let mut places = [(0, 1.0); PLACES];
    for (place, pair) in places.iter_mut().zip(bytes.chunks_exact(2)) {
        let drawn = pair.iter().fold(0, |drawn: usize, byte| drawn << 8 | usize::from(*byte));
        let sign = if drawn & 1 == 0 { 1.0 } else { -1.0 };
        *place = (begin + (drawn >> 1) % length, sign);
    }
    places
}

/// Accounts that every house has.
const COMMON_USERS: [&str; 14] = [
    "-",
    "admin",
    "administrator",
    "anonymous",
    "anonymous logon",
    "guest",
    "local service",
    "network service",
    "nobody",
    "root",
    "system",
    "test",
    "ubuntu",
    "user",
];

/// How much it says that two share this entity. No statistics: the same item gets the same vector on every machine
/// and on every day.
fn distinctiveness(entity_type: EntityType, value: &str) -> f64 {
    match entity_type {
        EntityType::Ip => match value.parse::<IpAddr>() {
            Ok(IpAddr::V4(ip)) if ip.is_loopback() || ip.is_unspecified() => 0.1,
            Ok(IpAddr::V4(ip)) if ip.is_private() || ip.is_link_local() => 1.0,
            Ok(IpAddr::V6(ip)) if ip.is_loopback() || ip.is_unspecified() => 0.1,
            Ok(IpAddr::V6(ip)) if ip.is_unique_local() || ip.is_unicast_link_local() => 1.0,
            _ => 3.0,
        },
        EntityType::User if COMMON_USERS.contains(&account(value)) => 0.2,
        EntityType::User | EntityType::Virtual | EntityType::Session => 2.0,
        EntityType::Domain => 3.0,
        EntityType::File if is_digest(value) => 4.0,
        EntityType::File => 1.5,
        EntityType::Host => 1.5,
        EntityType::Process | EntityType::Application => 0.5,
    }
}

/// `DOMAIN\user` without its domain.
fn account(user: &str) -> &str {
    user.rsplit('\\').next().unwrap_or(user)
}

fn is_digest(value: &str) -> bool {
    matches!(value.len(), 32 | 40 | 64) && value.bytes().all(|b| b.is_ascii_hexdigit())
}

/// The embedding that needs no model: what was done, how, by which rules it was found, in which words it is told, and
/// who took part, each written in places that a hash says.
#[derive(Debug, Clone)]
pub struct FeatureEmbedder {
    space: Space,
}

impl Default for FeatureEmbedder {
    fn default() -> Self {
        Self { space: Space::known(format!("features-{EMBEDDING_VERSION}"), FEATURE_DIMENSIONS) }
    }
}

impl FeatureEmbedder {
    /// The embedder of this version.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

fn of_subject(subject: &Subject) -> Features {
    let mut features = Features::default();
    let traits = &subject.traits;
    traits.techniques.iter().for_each(|technique| features.technique(technique));
    for tactic in &traits.tactics {
        features.add(Family::Tactic, tactic, 1.0);
    }
    for code in &traits.codes {
        features.add(Family::Code, code, 1.0);
    }
    for (one, next) in &subject.steps {
        features.add(Family::Code, format!("{one}>{next}"), 0.7);
    }
    for rule in &subject.rule_ids {
        features.add(Family::Rule, rule, 1.0);
    }
    for word in &traits.words {
        features.add(Family::Word, word, 0.4);
    }
    // What it is called says more than how its story is told.
    let codes =
        traits.codes.iter().filter_map(|code| code.parse::<EventCode>().ok()).map(|code| code.meaning());
    let called =
        traits.rules.iter().chain(&traits.tactics).chain([&traits.title]).map(String::as_str).chain(codes);
    for word in called.flat_map(words).filter(|word| traits.words.binary_search(word).is_ok()) {
        features.add(Family::Word, word, 1.0);
    }
    for kind in &subject.fact_kinds {
        features.add(Family::Shape, format!("{kind:?}"), 1.0);
    }
    let mut parts: BTreeMap<(Role, EntityType), usize> = BTreeMap::new();
    for entity in &traits.entities {
        features.entity(entity, 1.0);
        *parts.entry((entity.role, entity.entity_type)).or_default() += 1;
    }
    for ((role, entity_type), count) in parts {
        let many = match count {
            1 => "one",
            2..5 => "few",
            _ => "many",
        };
        features.add(Family::Shape, format!("{role:?} {entity_type} {many}"), 0.7);
    }
    features
}

/// How much a plain word counts as the name of an account or a machine: most are not.
const PLAIN_NAME_WEIGHT: f64 = 0.05;

/// Whether it looks like a name rather than a word: `srv-07`, `a.miller`, `10.1.2.3`.
fn is_name(piece: &str) -> bool {
    piece.contains(['.', '\\', '/', '$', '_', '@']) || piece.chars().any(|c| c.is_ascii_digit())
}

/// Is `T1110` or `T1110.001`.
fn is_technique(piece: &str) -> bool {
    let Some(number) = piece.strip_prefix(['T', 't']) else { return false };
    let (whole, part) = number.split_once('.').unwrap_or((number, "000"));
    let is_number = |text: &str, length| text.len() == length && text.bytes().all(|b| b.is_ascii_digit());
    is_number(whole, 4) && is_number(part, 3)
}

fn of_text(text: &str) -> Features {
    let mut features = Features::default();
    let mut told = String::new();
    for piece in pieces(text) {
        if is_technique(piece) {
            features.technique(piece);
        } else if let Ok(code) = piece.to_uppercase().parse::<EventCode>() {
            features.add(Family::Code, code.as_str(), 1.0);
            told.push_str(code.meaning());
        } else {
            let scale = if is_name(piece) { 1.0 } else { PLAIN_NAME_WEIGHT };
            for entity_type in
                could_be(piece).iter().filter(|_| is_name(piece) || words(piece).next().is_some())
            {
                features.entity(&EntityRef::new(*entity_type, Role::Related, piece), scale);
            }
            if let Some(name) = base_name(EntityType::File, piece).filter(|name| name.contains('.')) {
                features.add(Family::Program, name, 1.0);
            }
            told.push_str(piece);
        }
        told.push(' ');
    }
    let lower = told.to_lowercase().replace(' ', "-");
    for tactic in TACTICS.iter().filter(|tactic| lower.contains(**tactic)) {
        features.add(Family::Tactic, *tactic, 1.0);
    }
    for word in words(&told) {
        features.add(Family::Word, word, 1.0);
    }
    features
}

/// What a piece of a text could be the name of.
fn could_be(piece: &str) -> &'static [EntityType] {
    if piece.parse::<IpAddr>().is_ok() {
        return &[EntityType::Ip];
    }
    if is_digest(piece) || piece.contains(['/', '\\']) {
        return &[EntityType::File, EntityType::Process, EntityType::User];
    }
    if piece.contains('.') {
        return &[EntityType::Domain, EntityType::Host, EntityType::File];
    }
    &[EntityType::User, EntityType::Host]
}

impl Embedder for FeatureEmbedder {
    fn space(&self) -> &Space {
        &self.space
    }

    fn subjects(&self, subjects: &[Subject]) -> Result<Vec<Vector>, VectorError> {
        let vectors = subjects.iter().map(|subject| {
            // An item that says nothing at all still has a kind, so that it lies somewhere.
            let mut features = of_subject(subject);
            features.add(Family::Shape, format!("{:?}", subject.id.kind()), 0.3);
            features.to_vector().ok_or(VectorError::EmptyText)
        });
        vectors.collect()
    }

    fn text(&self, text: &str) -> Result<Vector, VectorError> {
        of_text(text).to_vector().ok_or(VectorError::EmptyText)
    }
}
