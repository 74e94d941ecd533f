//! What is routed, and in which order it gives way.

use std::collections::BTreeSet;

use sentra_model::{EventBatch, EventCode, Mart, Severity, Timestamp};

use crate::budget::Budget;
use crate::condition::Condition;

/// Policies that can be configured: each is asked of every event of its marts.
pub const POLICIES_MAX: usize = 64;

/// Bytes of a policy's name.
pub const POLICY_NAME_BYTES_MAX: usize = 64;

const DAY_MICROS: i64 = 24 * 3_600 * 1_000_000;

/// What names of classes of signals begin with.
const SIGNALS: &str = "signals";

/// The classes of signals, the most important one first.
const SIGNAL_CLASSES: [&str; 6] = [
    "signals critical",
    "signals high",
    "signals medium",
    "signals low",
    "signals informational",
    "signals unknown",
];

/// The class of events that a signal of `severity` has as evidence.
#[must_use]
pub fn signal_class(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "signals critical",
        Severity::High => "signals high",
        Severity::Medium => "signals medium",
        Severity::Low => "signals low",
        Severity::Informational => "signals informational",
        Severity::Unknown => "signals unknown",
    }
}

/// What is routed into the index, and how much of it there may be.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ForensicConfig {
    /// How many bytes the index may have.
    pub budget: Budget,
    /// What is routed beside the events of signals, the most important one first.
    pub policies: Vec<Policy>,
    /// Names of all classes, the one that gives way last first; empty for signals by severity and then the policies.
    pub order: Vec<String>,
    /// Days after which the events of signals are removed; `None` for never.
    pub signals_retention_days: Option<u32>,
}

/// A kind of event that is routed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Policy {
    /// Its name, which is the name of its class.
    pub name: String,
    /// Events of these marts; empty for all.
    pub marts: Vec<Mart>,
    /// Events with one of these codes; empty for any.
    pub codes: Vec<EventCode>,
    /// Events for which this holds; `None` for all.
    pub condition: Option<Condition>,
    /// Days after which its events are removed; `None` for never.
    pub retention_days: Option<u32>,
}

/// Why a configuration is refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PolicyError {
    /// The share is no percentage.
    #[error("a share of {found} percent is none: write a number from 0 to 100")]
    Share {
        /// What it was.
        found: f64,
    },
    /// More than there may be.
    #[error("{found} policies, {POLICIES_MAX} is the limit: join some of them")]
    TooMany {
        /// How many there were.
        found: usize,
    },
    /// A name that is none.
    #[error(
        "{name:?} is no name of a policy: use 1 to {POLICY_NAME_BYTES_MAX} of a-z, A-Z, 0-9, '-', '_' and '.', not 'signals'"
    )]
    Name {
        /// The name.
        name: String,
    },
    /// Two policies of one name.
    #[error("there are two policies {name:?}: rename one")]
    Twice {
        /// The name.
        name: String,
    },
    /// A policy that names every event.
    #[error("the policy {name:?} names every event: give it marts, codes or a condition")]
    Everything {
        /// Its name.
        name: String,
    },
    /// A retention of no time.
    #[error("{name:?} keeps events for 0 days: write at least 1, or leave it out to keep them")]
    Retention {
        /// Whose.
        name: String,
    },
    /// The order names what is not there, or something twice.
    #[error("the order names {name:?}, which is no class or comes twice; classes are {known}")]
    Order {
        /// What it names.
        name: String,
        /// What there is.
        known: String,
    },
    /// The order lacks a class.
    #[error("the order lacks {name:?}: it must name every class, the one that gives way last first")]
    OrderLacks {
        /// What it lacks.
        name: String,
    },
}

/// The classes of documents in their order: the first gives way last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Classes {
    names: Vec<String>,
    /// Days, aligned with `names`.
    retention: Vec<Option<u32>>,
}

impl Classes {
    /// The names, the most important one first.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|known| known == name)
    }

    /// How early a class gives way: the greatest first. What is not configured any more goes before everything else.
    pub(crate) fn rank(&self, name: &str) -> usize {
        self.position(name).unwrap_or(self.names.len())
    }

    /// Classes that are not kept for ever; what is of them before the moment is kept no longer at `now`.
    pub(crate) fn expired_before(&self, now: Timestamp) -> impl Iterator<Item = (&str, Timestamp)> {
        let days = self.names.iter().zip(&self.retention);
        days.filter_map(move |(name, days)| {
            Some((name.as_str(), now.plus_micros(-DAY_MICROS.saturating_mul(i64::from((*days)?)))))
        })
    }
}

impl ForensicConfig {
    /// Checks everything, and says which classes there are.
    ///
    /// # Errors
    /// What is wrong with the configuration.
    pub fn classes(&self) -> Result<Classes, PolicyError> {
        let share = self.budget.share_percent;
        if !(0.0..=100.0).contains(&share) {
            return Err(PolicyError::Share { found: share });
        }
        self.check_policies()?;
        let policies = self.policies.iter().map(|policy| policy.name.as_str());
        let known: Vec<&str> = SIGNAL_CLASSES.into_iter().chain(policies).collect();
        let names = self.ordered(&known)?;
        let retention = names.iter().map(|name| self.retention_days(name)).collect();
        Ok(Classes { names, retention })
    }

    fn check_policies(&self) -> Result<(), PolicyError> {
        if self.policies.len() > POLICIES_MAX {
            return Err(PolicyError::TooMany { found: self.policies.len() });
        }
        if self.signals_retention_days == Some(0) {
            return Err(PolicyError::Retention { name: SIGNALS.to_owned() });
        }
        let mut names = BTreeSet::new();
        for policy in &self.policies {
            let name = policy.name.clone();
            let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
            if !is_plain || name.is_empty() || name.len() > POLICY_NAME_BYTES_MAX || name == SIGNALS {
                return Err(PolicyError::Name { name: name.chars().take(80).collect() });
            }
            if policy.marts.is_empty() && policy.codes.is_empty() && policy.condition.is_none() {
                return Err(PolicyError::Everything { name });
            }
            if policy.retention_days == Some(0) {
                return Err(PolicyError::Retention { name });
            }
            if !names.insert(policy.name.as_str()) {
                return Err(PolicyError::Twice { name });
            }
        }
        Ok(())
    }

    fn ordered(&self, known: &[&str]) -> Result<Vec<String>, PolicyError> {
        if self.order.is_empty() {
            return Ok(known.iter().map(|name| (*name).to_owned()).collect());
        }
        let mut left: Vec<&str> = known.to_vec();
        for name in &self.order {
            let Some(place) = left.iter().position(|known| known == name) else {
                return Err(PolicyError::Order { name: name.clone(), known: known.join(", ") });
            };
            left.remove(place);
        }
        match left.first() {
            Some(name) => Err(PolicyError::OrderLacks { name: (*name).to_owned() }),
            None => Ok(self.order.clone()),
        }
    }

    fn retention_days(&self, class: &str) -> Option<u32> {
        let policy = self.policies.iter().find(|policy| policy.name == class);
        policy.map_or(self.signals_retention_days, |policy| policy.retention_days)
    }
}

/// Says which rows policies name.
#[derive(Debug, Clone, Default)]
pub struct Router {
    policies: Vec<Policy>,
}

impl Router {
    /// A router for the policies of `config`.
    #[must_use]
    pub fn new(config: &ForensicConfig) -> Self {
        Self { policies: config.policies.clone() }
    }

    /// Whether there is nothing to ask of any event.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.policies.is_empty()
    }

    /// Rows of `batch` with the policies that name them, in the order of rows. Nothing is looked at where no policy
    /// names the mart.
    #[must_use]
    pub fn route<'a>(&'a self, batch: &EventBatch) -> Vec<(usize, Vec<&'a str>)> {
        let asked: Vec<&Policy> = self.policies.iter().filter(|policy| policy.takes(batch.mart())).collect();
        if asked.is_empty() {
            return Vec::new();
        }
        let mut routed = Vec::new();
        for row in batch.rows() {
            let code = row.text("code");
            let names: Vec<&str> = asked
                .iter()
                .filter(|policy| policy.has_code(code))
                .filter(|policy| policy.condition.as_ref().is_none_or(|condition| condition.holds(row)))
                .map(|policy| policy.name.as_str())
                .collect();
            if !names.is_empty() {
                routed.push((row.index(), names));
            }
        }
        routed
    }
}

impl Policy {
    fn takes(&self, mart: &Mart) -> bool {
        self.marts.is_empty() || self.marts.contains(mart)
    }

    fn has_code(&self, code: Option<&str>) -> bool {
        self.codes.is_empty()
            || code.is_some_and(|code| self.codes.iter().any(|known| known.as_str() == code))
    }
}

#[cfg(test)]
mod tests {
    use sentra_model::{BatchBuilder, Event, EventId, RawRecord, Source, SourceKind, TenantId};

    use super::*;

    fn named(name: &str) -> Policy {
        Policy { name: name.into(), marts: vec![Mart::LINUX], ..Policy::default() }
    }

    fn with(policies: Vec<Policy>, order: &[&str]) -> ForensicConfig {
        let order = order.iter().map(|name| (*name).to_owned()).collect();
        ForensicConfig { policies, order, ..ForensicConfig::default() }
    }

    #[test]
    fn signals_by_severity_and_then_the_policies() {
        let classes = with(vec![named("b"), named("a")], &[]).classes().unwrap();
        let mut wanted: Vec<&str> = SIGNAL_CLASSES.to_vec();
        wanted.extend(["b", "a"]);
        assert_eq!(classes.names(), wanted);
        assert_eq!(classes.rank("gone"), 8);
    }

    #[test]
    fn the_order_may_be_another() {
        let mut order: Vec<&str> = SIGNAL_CLASSES.to_vec();
        order.insert(1, "dc");
        let classes = with(vec![named("dc")], &order).classes().unwrap();
        assert_eq!(classes.names(), order);
        let lacks = with(vec![named("dc")], &SIGNAL_CLASSES).classes();
        assert_eq!(lacks, Err(PolicyError::OrderLacks { name: "dc".into() }));
        order.push("dc");
        assert!(matches!(with(vec![named("dc")], &order).classes(), Err(PolicyError::Order { .. })));
        assert!(matches!(with(Vec::new(), &["x"]).classes(), Err(PolicyError::Order { .. })));
    }

    #[test]
    fn what_is_wrong_is_refused() {
        let refused = |policies: Vec<Policy>| with(policies, &[]).classes().unwrap_err();
        for name in ["", "signals", "signals high", "a b", "ä", "a\n", &"x".repeat(65)] {
            assert!(matches!(refused(vec![named(name)]), PolicyError::Name { .. }), "{name:?}");
        }
        assert!(matches!(refused(vec![named("a"), named("a")]), PolicyError::Twice { .. }));
        assert!(matches!(
            refused((0..65).map(|n| named(&n.to_string())).collect()),
            PolicyError::TooMany { .. }
        ));
        let all = Policy { name: "all".into(), ..Policy::default() };
        assert!(matches!(refused(vec![all]), PolicyError::Everything { .. }));
        let none = Policy { retention_days: Some(0), ..named("a") };
        assert!(matches!(refused(vec![none]), PolicyError::Retention { .. }));
        for share_percent in [-1.0, 100.1, f64::NAN, f64::INFINITY] {
            let budget = Budget { share_percent, floor_bytes: 0 };
            let refused = ForensicConfig { budget, ..ForensicConfig::default() }.classes();
            assert!(matches!(refused, Err(PolicyError::Share { .. })), "{share_percent}");
        }
    }

    fn batch() -> EventBatch {
        let mut builder = BatchBuilder::new(TenantId::default_tenant(), Mart::LINUX);
        let source = Source {
            kind: SourceKind::File,
            origin: "auth.log".into(),
            format: None,
            reference: Timestamp::from_seconds(0),
        };
        for offset in 0..6_u64 {
            let mut event = Event::new("syslog", Mart::LINUX, Timestamp::from_seconds(0));
            event.user = ["root", "Svc-Backup", ""][usize::try_from(offset % 3).unwrap()].to_owned().into();
            event.code = (offset % 2 == 0).then_some(EventCode::LL03);
            event.message = format!("number {offset} Failed password").into();
            let number = (4_624 + offset).to_string();
            event.push("EventID", number.as_str());
            let record = RawRecord {
                source: &source,
                position: offset,
                received: Timestamp::from_seconds(0),
                bytes: b"Raw Line",
            };
            builder.push(EventId::raw(0, offset), &record, &event).unwrap();
        }
        builder.finish().unwrap()
    }

    fn rows(policy: Policy) -> Vec<usize> {
        let router = Router::new(&with(vec![policy], &[]));
        router.route(&batch()).into_iter().map(|(row, _)| row).collect()
    }

    #[test]
    fn policies_name_rows() {
        let all = Policy { name: "all".into(), ..Policy::default() };
        assert_eq!(rows(Policy { marts: vec![Mart::WINDOWS], ..all.clone() }), [0; 0]);
        assert_eq!(rows(Policy { marts: vec![Mart::LINUX], ..all.clone() }).len(), 6);
        assert_eq!(rows(Policy { codes: vec![EventCode::LL03, EventCode::SA01], ..all.clone() }), [0, 2, 4]);
        let cases: [(&str, &[usize]); 17] = [
            ("user:root", &[0, 3]),
            ("user:ROOT", &[0, 3]),
            ("-user:root", &[1, 2, 4, 5]),
            ("user:*", &[0, 1, 3, 4]),
            ("user:svc*", &[1, 4]),
            ("\"failed password\" user:root", &[0, 3]),
            ("svc", &[1, 4]),
            ("fail", &[]),
            ("\"raw line\" EventID:4626", &[2]),
            ("EventID:(4625 or 4626)", &[1, 2]),
            ("user == \"root\"", &[0, 3]),
            ("user == \"ROOT\"", &[]),
            ("user != \"root\" and code == \"LL03\"", &[2, 4]),
            ("EventID in (4624, 4629)", &[0, 5]),
            ("user in~ (\"SVC-backup\")", &[1, 4]),
            ("isempty(user) or message contains \"number 1\"", &[1, 2, 5]),
            ("not(message has \"number\")", &[]),
        ];
        for (text, wanted) in cases {
            let condition = Some(Condition::parse(text).unwrap());
            assert_eq!(rows(Policy { condition, ..all.clone() }), wanted, "{text}");
        }
        assert!(Router::default().is_idle());
    }

    #[test]
    fn conditions_that_are_none_are_refused() {
        for text in [
            "",
            "user:/ro+t/",
            "src_ip:10.0.0.0/8",
            "severity:>3",
            "user matches regex \"x\"",
            "user == host",
            "user == \"a\" | take 5",
            "strlen(user) == 3",
            "user has_cs \"x\"",
            "user ==",
            "(((",
        ] {
            assert!(Condition::parse(text).is_err(), "{text}");
        }
        let many: Vec<String> = (0..100).map(|number| format!("user:u{number}")).collect();
        assert_eq!(Condition::parse(&many.join(" or ")), Err(crate::ConditionError::TooMany));
    }
}
