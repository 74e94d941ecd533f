use std::fmt;

use serde::{Deserialize, Serialize};

/// What kind of thing an entity is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum EntityType {
    /// An account of a person, a service or a role.
    User,
    /// A machine, by name.
    Host,
    /// A running program, by the path of its image.
    Process,
    /// A login session.
    Session,
    /// An IPv4 or IPv6 address.
    Ip,
    /// A DNS name.
    Domain,
    /// A file, by path.
    File,
    /// A service or application.
    Application,
    /// Hypervisor type + VM uuid + application instance.
    Virtual,
}

impl EntityType {
    /// The name used in JSON and on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Host => "host",
            Self::Process => "process",
            Self::Session => "session",
            Self::Ip => "ip",
            Self::Domain => "domain",
            Self::File => "file",
            Self::Application => "application",
            Self::Virtual => "virtual",
        }
    }
}

impl fmt::Display for EntityType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What part an entity played in a finding.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Who or what did it.
    Actor,
    /// What it was done to.
    Target,
    /// Where it came from.
    Source,
    /// Where it went to.
    Destination,
    /// The machine that saw it.
    Observer,
    /// It took part; how is not known.
    Related,
}

/// An entity in the part it played.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EntityRef {
    /// What it is.
    #[serde(rename = "type")]
    pub entity_type: EntityType,
    /// What part it played.
    pub role: Role,
    /// Its name as the source wrote it.
    pub value: String,
}

impl EntityRef {
    /// An entity of `entity_type` called `value`, playing `role`.
    pub fn new(entity_type: EntityType, role: Role, value: impl Into<String>) -> Self {
        Self { entity_type, role, value: value.into() }
    }

    /// The form in which two mentions of the same entity are equal: names of hosts, users and domains
    /// are compared without case, because Windows and DNS do.
    #[must_use]
    pub fn key(&self) -> (EntityType, String) {
        let folded = match self.entity_type {
            EntityType::User | EntityType::Host | EntityType::Domain => self.value.to_lowercase(),
            _ => self.value.clone(),
        };
        (self.entity_type, folded)
    }
}
