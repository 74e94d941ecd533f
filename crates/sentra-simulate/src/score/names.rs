//! When two names are of the same thing.

use std::collections::BTreeMap;

use crate::truth::EntityKind;

/// Names that rules may have for the cases: a rule is of a case when its id, title or tag contains, letters and
/// digits only, the case's own name or one of these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseNames {
    names: BTreeMap<String, Vec<String>>,
}

const NAMES: [(&str, &[&str]); 15] = [
    ("account_takeover_travel", &["impossible_travel"]),
    ("account_takeover_device", &["unmanaged_device"]),
    ("brute_force", &["brute_force", "bruteforce"]),
    ("password_spraying", &["password_spray"]),
    ("short_lived_account", &["short_lived"]),
    ("login_after_offboarding", &["after_offboarding", "after_termination"]),
    ("multiple_lockouts", &["multiple_lockouts"]),
    ("suspicious_lockout", &["suspicious_lockout"]),
    ("entitlement_without_approval", &["without_entitlement", "without_approval", "without_certified"]),
    ("lateral_movement", &["lateral_movement"]),
    ("exfiltration", &["exfiltration"]),
    ("privilege_escalation", &["privilege_escalation"]),
    ("ransomware", &["ransomware"]),
    ("insider", &["insider"]),
    ("mainframe_intrusion", &["mainframe"]),
];

impl Default for CaseNames {
    fn default() -> Self {
        let mut names = Self { names: BTreeMap::new() };
        for (case, others) in NAMES {
            names.add(case, case);
            for other in others {
                names.add(case, other);
            }
        }
        names
    }
}

impl CaseNames {
    /// Rules called `name` are of `case` too.
    pub fn add(&mut self, case: &str, name: &str) {
        let bare = bare(name);
        if !bare.is_empty() {
            self.names.entry(case.to_owned()).or_default().push(bare);
        }
    }

    pub(super) fn is_of(&self, rule: &str, case: &str) -> bool {
        let rule = bare(rule);
        self.names.get(case).is_some_and(|names| names.iter().any(|name| rule.contains(name)))
    }
}

fn bare(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}

/// The value of an entity as it can be compared.
pub(super) fn normalised(kind: EntityKind, value: &str) -> String {
    let value = value.trim();
    let value = match kind {
        EntityKind::User => {
            let name = value.rsplit_once('\\').map_or(value, |(_, name)| name);
            name.split_once('@').map_or(name, |(name, _)| name)
        }
        // An address is no name with a domain.
        EntityKind::Host if value.parse::<std::net::IpAddr>().is_err() => {
            value.split_once('.').map_or(value, |(name, _)| name)
        }
        EntityKind::Domain => value.trim_end_matches('.'),
        EntityKind::Host | EntityKind::Ip | EntityKind::Application => value,
    };
    value.to_lowercase()
}

/// `attack.t1110`, `T1110` and `T1110.003` are of one technique, `T1110.001` and `T1110.003` are not.
pub(super) fn same_technique(found: &str, wanted: &str) -> bool {
    let clean = |name: &str| {
        let upper = name.trim().to_ascii_uppercase();
        upper.strip_prefix("ATTACK.").map(str::to_owned).unwrap_or(upper)
    };
    let (found, wanted) = (clean(found), clean(wanted));
    let is_parent =
        |of: &str, parent: &str| of.strip_prefix(parent).is_some_and(|rest| rest.starts_with('.'));
    found == wanted || is_parent(&found, &wanted) || is_parent(&wanted, &found)
}
