//! Who may notify us: communities (v1, v2c) and users (v3).

use std::fmt;

use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};
use zeroize::Zeroizing;

use crate::snmp::engine_id::EngineId;
use crate::snmp::key::Key;
use crate::snmp::problem::SetupProblem;
use crate::snmp::usm::{AuthProtocol, PrivProtocol};

/// Law LIMIT: users of one reader.
pub const USERS_MAX: usize = 1_024;
/// Law LIMIT: communities of one reader; every v1 and v2c message is compared with all of them.
pub const COMMUNITIES_MAX: usize = 256;
/// RFC 3414 section 11.2.
pub const PASSWORD_BYTES_MIN: usize = 8;
/// Law LIMIT.
pub const PASSWORD_BYTES_MAX: usize = 1_024;
/// RFC 3414 section 2.4.
pub(crate) const USER_NAME_BYTES_MAX: usize = 32;

/// A text that is never shown and is wiped when dropped.
#[derive(Clone)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes a secret out of a file or the environment into custody.
    #[must_use]
    pub fn new(text: impl Into<Vec<u8>>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(hidden)")
    }
}

/// How well a message is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SecurityLevel {
    /// Not at all: anybody can say it.
    NoAuthNoPriv,
    /// Nobody can forge or change it.
    AuthNoPriv,
    /// Nobody can read it either.
    AuthPriv,
}

impl SecurityLevel {
    /// The name that all devices use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoAuthNoPriv => "noAuthNoPriv",
            Self::AuthNoPriv => "authNoPriv",
            Self::AuthPriv => "authPriv",
        }
    }
}

impl fmt::Display for SecurityLevel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A community that is accepted. Its string is a shared secret: records only ever hold the name.
#[derive(Debug, Clone)]
pub struct Community {
    /// What records call it, `core-switches`.
    pub name: String,
    /// The string that devices send.
    pub secret: Secret,
}

/// What is accepted of SNMP v1 and v2c.
#[derive(Debug, Clone, Default)]
pub enum Communities {
    /// Nothing: only v3.
    Refused,
    /// Every community. Anybody who reaches the port can say anything.
    #[default]
    Any,
    /// These.
    Named(Vec<Community>),
}

impl From<Vec<Community>> for Communities {
    /// An empty list accepts every community.
    fn from(named: Vec<Community>) -> Self {
        if named.is_empty() { Self::Any } else { Self::Named(named) }
    }
}

impl Communities {
    pub(crate) fn check(&self) -> Result<(), SetupProblem> {
        match self {
            Self::Named(named) if named.len() > COMMUNITIES_MAX => {
                Err(SetupProblem::TooMany { what: "communities", max: COMMUNITIES_MAX })
            }
            _ => Ok(()),
        }
    }

    /// The name of the entry of this string. Compares with every entry, so that the time tells nothing of
    /// which one it was or how far it agreed.
    pub(crate) fn named<'c>(named: &'c [Community], string: &[u8]) -> Option<&'c str> {
        let mut found = u32::MAX;
        for (number, entry) in (0_u32..).zip(named) {
            let is_same: Choice = entry.secret.bytes().ct_eq(string);
            found = u32::conditional_select(&found, &number, is_same);
        }
        named.get(usize::try_from(found).ok()?).map(|entry| entry.name.as_str())
    }
}

/// A user of the user-based security model, as an operator writes it down.
#[derive(Debug, Clone)]
pub struct User {
    /// The name in the messages.
    pub name: String,
    /// Digest protocol and password.
    pub auth: Option<(AuthProtocol, Secret)>,
    /// Cipher and password.
    pub privacy: Option<(PrivProtocol, Secret)>,
    /// The least protection a message needs; without it, all that there are passwords for.
    pub least: Option<SecurityLevel>,
    /// The one sender these passwords are for; without it, every sender. With it the same name may have
    /// other passwords on other devices.
    pub engine: Option<EngineId>,
}

/// The users with their passwords turned into keys. Making it takes a few milliseconds a user, as RFC 3414 wants.
#[derive(Debug, Clone, Default)]
pub struct Users(Vec<UserKeys>);

#[derive(Debug, Clone)]
pub(crate) struct UserKeys {
    pub(crate) name: String,
    pub(crate) auth: Option<(AuthProtocol, Key)>,
    /// Its key is stretched with the hash of `auth`, so there is none without it.
    pub(crate) privacy: Option<(PrivProtocol, Key)>,
    pub(crate) least: SecurityLevel,
    engine: Option<EngineId>,
}

impl UserKeys {
    /// The best protection that there are keys for.
    pub(crate) fn best(&self) -> SecurityLevel {
        match (&self.auth, &self.privacy) {
            (None, _) => SecurityLevel::NoAuthNoPriv,
            (Some(_), None) => SecurityLevel::AuthNoPriv,
            (Some(_), Some(_)) => SecurityLevel::AuthPriv,
        }
    }
}

impl Users {
    /// Checks the users and makes their keys.
    ///
    /// # Errors
    /// Says which user is wrong and why.
    pub fn new(users: &[User]) -> Result<Self, SetupProblem> {
        if users.len() > USERS_MAX {
            return Err(SetupProblem::TooMany { what: "users", max: USERS_MAX });
        }
        let mut all: Vec<UserKeys> = Vec::with_capacity(users.len());
        for user in users {
            if all.iter().any(|other| other.name == user.name && other.engine == user.engine) {
                return Err(SetupProblem::DuplicateUser { user: user.name.clone() });
            }
            all.push(keys_of(user)?);
        }
        Ok(Self(all))
    }

    /// The user of this name for this engine, and its number. The entry for that engine alone comes first.
    pub(crate) fn find(&self, name: &[u8], engine: &EngineId) -> Option<(usize, &UserKeys)> {
        let named = || self.0.iter().enumerate().filter(|(_, user)| user.name.as_bytes() == name);
        let own = named().find(|(_, user)| user.engine.as_ref() == Some(engine));
        own.or_else(|| named().find(|(_, user)| user.engine.is_none()))
    }
}

fn keys_of(user: &User) -> Result<UserKeys, SetupProblem> {
    let name = || user.name.clone();
    if user.name.is_empty() || user.name.len() > USER_NAME_BYTES_MAX {
        return Err(SetupProblem::UserName { user: name() });
    }
    let passwords = [("authentication", user.auth.as_ref().map(|(_, password)| password))]
        .into_iter()
        .chain([("privacy", user.privacy.as_ref().map(|(_, password)| password))]);
    for (what, password) in passwords {
        let length = password.map(|password| password.bytes().len());
        if length.is_some_and(|length| length < PASSWORD_BYTES_MIN) {
            return Err(SetupProblem::ShortPassword { user: name(), what, bytes_min: PASSWORD_BYTES_MIN });
        }
        if length.is_some_and(|length| length > PASSWORD_BYTES_MAX) {
            return Err(SetupProblem::LongPassword { user: name(), bytes_max: PASSWORD_BYTES_MAX });
        }
    }
    let auth =
        user.auth.as_ref().map(|(protocol, password)| (*protocol, protocol.password_key(password.bytes())));
    let privacy = match (&user.auth, &user.privacy) {
        (_, None) => None,
        (None, Some(_)) => return Err(SetupProblem::PrivacyWithoutAuthentication { user: name() }),
        (Some((auth, _)), Some((cipher, password))) => Some((*cipher, auth.password_key(password.bytes()))),
    };
    let mut keys = UserKeys {
        name: name(),
        auth,
        privacy,
        least: SecurityLevel::NoAuthNoPriv,
        engine: user.engine.clone(),
    };
    keys.least = user.least.unwrap_or(keys.best());
    if keys.least > keys.best() {
        return Err(SetupProblem::LevelWithoutPassword { user: name(), level: keys.least });
    }
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(name: &str) -> User {
        User { name: name.to_owned(), auth: None, privacy: None, least: None, engine: None }
    }

    #[test]
    fn users_that_cannot_work_are_refused() {
        let auth = |password: &str| Some((AuthProtocol::Sha256, Secret::new(password)));
        let privacy = |password: &str| Some((PrivProtocol::Aes128, Secret::new(password)));
        let long = "x".repeat(PASSWORD_BYTES_MAX + 1);
        let cases = [
            (user(""), "the SNMP user name \"\" must have 1 to 32 bytes"),
            (
                User { auth: auth("short"), ..user("eve") },
                "the authentication password of SNMP user \"eve\" has fewer than 8 bytes",
            ),
            (
                User { auth: auth("long enough"), privacy: privacy("short"), ..user("eve") },
                "the privacy password of SNMP user \"eve\" has fewer than 8 bytes",
            ),
            (
                User { auth: auth(&long), ..user("eve") },
                "the password of SNMP user \"eve\" is longer than 1024 bytes",
            ),
            (
                User { privacy: privacy("long enough"), ..user("eve") },
                "SNMP user \"eve\" has a privacy password but no authentication password",
            ),
            (
                User { auth: auth("long enough"), least: Some(SecurityLevel::AuthPriv), ..user("eve") },
                "SNMP user \"eve\" cannot require authPriv: there is no password for it",
            ),
        ];
        for (user, expected) in cases {
            assert_eq!(Users::new(&[user]).unwrap_err().to_string(), expected);
        }
        assert_eq!(
            Users::new(&[user("eve"), user("eve")]).unwrap_err(),
            SetupProblem::DuplicateUser { user: "eve".to_owned() }
        );
    }

    #[test]
    fn a_user_of_one_engine_comes_before_the_user_of_all() {
        let engine: EngineId = "8000000001020304".parse().unwrap();
        let other: EngineId = "8000000001020305".parse().unwrap();
        let users = Users::new(&[user("eve"), User { engine: Some(engine.clone()), ..user("eve") }]).unwrap();
        assert_eq!(users.find(b"eve", &engine).map(|(number, _)| number), Some(1));
        assert_eq!(users.find(b"eve", &other).map(|(number, _)| number), Some(0));
        assert!(users.find(b"ev", &engine).is_none());
    }

    #[test]
    fn secrets_are_not_shown() {
        let community = Community { name: "core".to_owned(), secret: Secret::new("hush") };
        let auth = Some((AuthProtocol::Md5, Secret::new("long enough")));
        let user = User { auth, ..user("eve") };
        let shown = format!("{community:?} {user:?} {:?}", Users::new(std::slice::from_ref(&user)).unwrap());
        assert!(!shown.contains("hush") && !shown.contains("long enough"), "{shown}");
    }

    #[test]
    fn communities_are_found_by_their_string() {
        let entry =
            |name: &str, secret: &str| Community { name: name.to_owned(), secret: Secret::new(secret) };
        let named = [entry("one", "alpha"), entry("two", "beta")];
        for (string, expected) in [("alpha", Some("one")), ("beta", Some("two")), ("bet", None), ("", None)] {
            assert_eq!(Communities::named(&named, string.as_bytes()), expected);
        }
        assert_eq!(Communities::named(&[], b"alpha"), None);
    }
}
