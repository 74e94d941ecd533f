use crate::snmp::ber::BerProblem;

/// Why a datagram is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SnmpProblem {
    /// The datagram is longer than the reader takes.
    #[error("the datagram has {bytes} bytes, the limit is {bytes_max} (datagram_bytes_max)")]
    TooLong {
        /// Its length.
        bytes: usize,
        /// The limit.
        bytes_max: usize,
    },
    /// The datagram is no SNMP message.
    #[error("no SNMP message: {0}")]
    Malformed(#[from] BerProblem),
    /// There is no such version of SNMP.
    #[error("unknown SNMP version number {0}; v1 is 0, v2c is 1, v3 is 3")]
    Version(i64),
    /// The notification has more variables than the reader takes.
    #[error("the notification has more than {varbinds_max} variables (varbinds_max)")]
    TooManyVarbinds {
        /// The limit.
        varbinds_max: usize,
    },
    /// The message asks for something; only traps and informs are taken.
    #[error("the message is neither a trap nor an inform but a PDU of tag {tag:#04x}")]
    NotANotification {
        /// The tag of the PDU.
        tag: u8,
    },
    /// A v2 notification must say what it notifies of.
    #[error("the notification has no snmpTrapOID.0")]
    NoTrapOid,
    /// The community is not on the list.
    #[error("the community is not on the list; add it to the communities or correct the device")]
    UnknownCommunity,
    /// v1 and v2c are switched off.
    #[error("SNMP v1 and v2c are not accepted here; let the device use v3")]
    CommunitiesRefused,
    /// Only the user-based security model is known.
    #[error("unknown security model {0}; configure the device for USM (3)")]
    SecurityModel(i64),
    /// Privacy without authentication does not exist.
    #[error("the message flags {0:#04x} ask for privacy without authentication")]
    Flags(u8),
    /// An inform was sent to another engine id than ours. The sender is told ours and asks again.
    #[error("the inform is addressed to another engine id; the sender has been told ours")]
    UnknownEngine,
    /// An engine id must have 5 to 32 bytes.
    #[error("the engine id has {0} bytes, it must have 5 to 32")]
    EngineId(usize),
    /// There is no such user.
    #[error("no SNMP user {name:?} for engine {engine}; add the user or correct the device")]
    UnknownUser {
        /// The name in the message.
        name: String,
        /// The engine id in the message, in hex.
        engine: String,
    },
    /// The message is less protected than its user requires, or more than its user has keys for.
    #[error("user {name:?} requires {required}, the message is {found}")]
    SecurityLevel {
        /// The user.
        name: String,
        /// What the user is configured for.
        required: crate::snmp::SecurityLevel,
        /// What the message uses.
        found: crate::snmp::SecurityLevel,
    },
    /// The digest is not that of the message: another password or protocol, or a forged message.
    #[error(
        "the digest of the message of user {name:?} is wrong; compare the password and protocol with the device's"
    )]
    WrongDigest {
        /// The user.
        name: String,
    },
    /// The message is older than the window allows: a replay, or a device whose boots counter went back.
    #[error(
        "the message is outside the time window: boots {boots}, time {time_s} s, expected about {expected}"
    )]
    NotInTimeWindow {
        /// How often the authoritative engine had booted.
        boots: u32,
        /// Seconds since then.
        time_s: u32,
        /// What the reader knows of that engine's clock.
        expected: String,
    },
    /// The message cannot be decrypted: another password or protocol.
    #[error(
        "the message of user {name:?} cannot be decrypted; compare the privacy password and protocol with the device's"
    )]
    Decryption {
        /// The user.
        name: String,
    },
}

impl SnmpProblem {
    /// A short name for counters.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::TooLong { .. } => "too_long",
            Self::Malformed(_) => "malformed",
            Self::Version(_) => "version",
            Self::TooManyVarbinds { .. } => "too_many_varbinds",
            Self::NotANotification { .. } => "not_a_notification",
            Self::NoTrapOid => "no_trap_oid",
            Self::UnknownCommunity => "unknown_community",
            Self::CommunitiesRefused => "communities_refused",
            Self::SecurityModel(_) => "security_model",
            Self::Flags(_) => "flags",
            Self::UnknownEngine => "unknown_engine",
            Self::EngineId(_) => "engine_id",
            Self::UnknownUser { .. } => "unknown_user",
            Self::SecurityLevel { .. } => "security_level",
            Self::WrongDigest { .. } => "wrong_digest",
            Self::NotInTimeWindow { .. } => "not_in_time_window",
            Self::Decryption { .. } => "decryption",
        }
    }
}

/// Why a configuration of the reader is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SetupProblem {
    /// RFC 3414 wants long passwords, and devices refuse shorter ones.
    #[error("the {what} password of SNMP user {user:?} has fewer than {bytes_min} bytes")]
    ShortPassword {
        /// The user.
        user: String,
        /// `authentication` or `privacy`.
        what: &'static str,
        /// The least length.
        bytes_min: usize,
    },
    /// Law LIMIT.
    #[error("the password of SNMP user {user:?} is longer than {bytes_max} bytes")]
    LongPassword {
        /// The user.
        user: String,
        /// The limit.
        bytes_max: usize,
    },
    /// Privacy needs authentication.
    #[error("SNMP user {user:?} has a privacy password but no authentication password")]
    PrivacyWithoutAuthentication {
        /// The user.
        user: String,
    },
    /// The user is asked for more protection than the passwords give.
    #[error("SNMP user {user:?} cannot require {level}: there is no password for it")]
    LevelWithoutPassword {
        /// The user.
        user: String,
        /// What was required.
        level: crate::snmp::SecurityLevel,
    },
    /// Two users cannot be told apart.
    #[error("SNMP user {user:?} is there twice; give each entry an engine id of its own")]
    DuplicateUser {
        /// The user.
        user: String,
    },
    /// A user name has 1 to 32 bytes.
    #[error("the SNMP user name {user:?} must have 1 to 32 bytes")]
    UserName {
        /// The user.
        user: String,
    },
    /// Law LIMIT.
    #[error("there are more than {max} SNMP {what}")]
    TooMany {
        /// `users` or `communities`.
        what: &'static str,
        /// The limit.
        max: usize,
    },
    /// An engine id must have 5 to 32 bytes.
    #[error("{text:?} is no engine id: write 5 to 32 bytes in hex, as in 80001f8880e9630000d61ff449")]
    EngineId {
        /// What was written.
        text: String,
    },
    /// There is no such protocol.
    #[error("unknown SNMP {what} protocol {name:?}, known are {known}")]
    Protocol {
        /// `authentication` or `privacy`.
        what: &'static str,
        /// What was written.
        name: String,
        /// What could have been written.
        known: &'static str,
    },
    /// The counter is at its end: RFC 3414 section 2.2.2 wants another engine id then.
    #[error("the boots counter must be between 1 and 2147483646; use a new engine id")]
    Boots,
}
