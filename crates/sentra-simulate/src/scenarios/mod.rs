//! The scenarios: what may happen on top of ordinary days.

mod accounts;
mod credentials;
mod entitlement;
mod harmless;
mod intrusions;
mod movement;
mod takeover;

use crate::plan::Plan;

/// A scenario as a list shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct ScenarioInfo {
    /// The name by which it is run.
    pub name: &'static str,
    /// A title.
    pub title: &'static str,
    /// What happens.
    pub description: &'static str,
    /// The cases that should report it.
    pub cases: &'static [&'static str],
    /// ATT&CK techniques in it.
    pub techniques: &'static [&'static str],
}

type Script = fn(&mut Plan<'_>);

/// A scenario with what it takes to run it.
#[derive(Debug)]
pub struct Scenario {
    /// What a list shows.
    pub info: ScenarioInfo,
    /// Its own number of days; 0 is for ever.
    pub(crate) days: u32,
    /// Background records per second.
    pub(crate) rate: f64,
    /// Whether the rate is the same by day and by night.
    pub(crate) is_flat: bool,
    /// Whether people live their days.
    pub(crate) has_people: bool,
    scripts: &'static [Script],
}

/// Days before the first attack, in which baselines may be learnt.
const QUIET_DAYS: u32 = 1;

impl Scenario {
    pub(crate) fn plan(&self, plan: &mut Plan<'_>, day_number: u32) {
        if !self.has_people || !plan.has_room() {
            return;
        }
        let cases = self.info.cases;
        let wants = |case: &str| cases.is_empty() || cases.contains(&case);
        for (case, script) in harmless::SCRIPTS {
            if wants(case) && plan.has_room() {
                script(plan);
                plan.ordinary();
            }
        }
        let is_quiet =
            day_number < QUIET_DAYS.min(self.days.saturating_sub(1)) || self.days == 0 && day_number == 0;
        if is_quiet {
            return;
        }
        // What has many scripts does a third of them a day, so that they do not crowd.
        let turns = if self.scripts.len() > 8 { 3 } else { 1 };
        for (position, script) in (0_u32..).zip(self.scripts) {
            if position % turns == day_number % turns && plan.has_room() {
                script(plan);
                plan.ordinary();
            }
        }
    }
}

macro_rules! scenario {
    ($name:literal, $title:literal, $description:literal, [$($case:literal),*], [$($technique:literal),*], [$($script:path),*]) => {
        Scenario {
            info: ScenarioInfo {
                name: $name,
                title: $title,
                description: $description,
                cases: &[$($case),*],
                techniques: &[$($technique),*],
            },
            days: 2,
            rate: 0.3,
            is_flat: false,
            has_people: true,
            scripts: &[$($script),*],
        }
    };
}

/// All scenarios, in the order of a list.
pub(crate) static SCENARIOS: [Scenario; 18] = [
    scenario!(
        "account_takeover_travel",
        "Account takeover: impossible travel",
        "A stolen password is used from another continent shortly after its owner signed in at home.",
        ["account_takeover_travel"],
        ["T1078", "T1078.004"],
        [takeover::travel_entra, takeover::travel_okta]
    ),
    scenario!(
        "account_takeover_device",
        "Account takeover: unmanaged device",
        "An account signs in from a machine that nobody manages, and goes through its applications.",
        ["account_takeover_device"],
        ["T1078", "T1078.004"],
        [takeover::device_entra, takeover::device_okta]
    ),
    scenario!(
        "brute_force",
        "Brute force",
        "At least fifteen failures of one account from one source within five minutes: ssh, Windows, Entra ID, IBM i.",
        ["brute_force"],
        ["T1110", "T1110.001"],
        [
            credentials::brute_ssh,
            credentials::brute_windows,
            credentials::brute_entra,
            credentials::brute_ibm_i
        ]
    ),
    scenario!(
        "password_spraying",
        "Password spraying",
        "At least twenty failures over many accounts from one source within ten minutes: Entra ID, Okta, Windows, ssh.",
        ["password_spraying"],
        ["T1110", "T1110.003"],
        [
            credentials::spray_entra,
            credentials::spray_okta,
            credentials::spray_windows,
            credentials::spray_ssh
        ]
    ),
    scenario!(
        "short_lived_account",
        "Short-lived account",
        "An account is created, used and deleted within two hours: Windows, Linux, IBM i.",
        ["short_lived_account"],
        ["T1136", "T1136.001", "T1136.002", "T1070"],
        [accounts::short_windows, accounts::short_linux, accounts::short_ibm_i]
    ),
    scenario!(
        "login_after_offboarding",
        "Login after offboarding",
        "HR terminates somebody, whose account signs in afterwards.",
        ["login_after_offboarding"],
        ["T1078"],
        [accounts::offboarded_okta, accounts::offboarded_ssh]
    ),
    scenario!(
        "multiple_lockouts",
        "Multiple lockouts",
        "At least five accounts are locked from one segment within fifteen minutes.",
        ["multiple_lockouts"],
        ["T1110", "T1531"],
        [credentials::lockouts]
    ),
    scenario!(
        "suspicious_lockout",
        "Suspicious lockout of a privileged account",
        "A privileged account is locked soon after its password was reset, or after it tried to gain rights.",
        ["suspicious_lockout"],
        ["T1531", "T1098", "T1548"],
        [accounts::locked_after_reset, accounts::locked_after_escalation]
    ),
    scenario!(
        "entitlement_without_approval",
        "Access without a certified entitlement",
        "Somebody who was never approved or certified for it uses the payroll database and its application.",
        ["entitlement_without_approval"],
        ["T1078", "T1213"],
        [entitlement::database, entitlement::application]
    ),
    scenario!(
        "lateral_movement",
        "Lateral movement",
        "One account goes from a workstation to machine after machine: Windows services, and ssh.",
        ["lateral_movement"],
        ["T1021", "T1021.002", "T1021.004", "T1569.002"],
        [movement::lateral_windows, movement::lateral_ssh]
    ),
    scenario!(
        "exfiltration",
        "Exfiltration",
        "Gigabytes leave a workstation for a place that nobody here sends data to.",
        ["exfiltration"],
        ["T1048", "T1567.002", "T1560.001"],
        [movement::exfiltration]
    ),
    scenario!(
        "privilege_escalation",
        "Privilege escalation",
        "An ordinary account makes itself an administrator: Windows domain, Linux, AWS.",
        ["privilege_escalation"],
        ["T1068", "T1098", "T1548", "T1548.003", "T1136.001"],
        [movement::escalation_windows, movement::escalation_linux, movement::escalation_cloud]
    ),
    scenario!(
        "ransomware",
        "Ransomware",
        "A macro in a mail, discovery, credentials, lateral movement, backups deleted, files encrypted.",
        ["ransomware", "lateral_movement"],
        ["T1566.001", "T1204.002", "T1059.001", "T1087.002", "T1003.001", "T1021.002", "T1490", "T1486"],
        [intrusions::ransomware]
    ),
    scenario!(
        "insider",
        "Insider",
        "Somebody who is about to leave reads at night what they never read before, packs it and takes it along.",
        ["insider", "exfiltration"],
        ["T1078", "T1213", "T1560.001", "T1567.002", "T1070"],
        [intrusions::insider]
    ),
    scenario!(
        "mainframe_intrusion",
        "Mainframe intrusion",
        "A profile is guessed on IBM i and z/OS, given every right, and data sets are dumped.",
        ["mainframe_intrusion", "brute_force"],
        ["T1110.001", "T1078", "T1136.001", "T1098", "T1562", "T1005"],
        [intrusions::mainframe]
    ),
    Scenario {
        info: ScenarioInfo {
            name: "benign",
            title: "Benign days",
            description: "A week of shifts, scans, maintenance, mistyped passwords, newcomers and journeys; nothing is wrong.",
            cases: &[],
            techniques: &[],
        },
        days: 7,
        rate: 0.3,
        is_flat: false,
        has_people: true,
        scripts: &[],
    },
    Scenario {
        info: ScenarioInfo {
            name: "everything",
            title: "Every attack among benign days",
            description: "All attacks and everything that only looks like one, over five days.",
            cases: &[],
            techniques: &[],
        },
        days: 5,
        rate: 0.3,
        is_flat: false,
        has_people: true,
        scripts: &[
            takeover::travel_entra,
            takeover::device_okta,
            credentials::brute_ssh,
            credentials::spray_entra,
            accounts::short_windows,
            accounts::offboarded_okta,
            credentials::lockouts,
            accounts::locked_after_reset,
            entitlement::database,
            movement::lateral_windows,
            movement::exfiltration,
            movement::escalation_linux,
            intrusions::ransomware,
            intrusions::insider,
            intrusions::mainframe,
            takeover::travel_okta,
            takeover::device_entra,
            credentials::brute_windows,
            credentials::spray_ssh,
            accounts::short_linux,
            accounts::offboarded_ssh,
            accounts::locked_after_escalation,
            entitlement::application,
            movement::lateral_ssh,
            movement::escalation_windows,
            movement::escalation_cloud,
            credentials::brute_entra,
            credentials::spray_okta,
            credentials::spray_windows,
            credentials::brute_ibm_i,
            accounts::short_ibm_i,
        ],
    },
    Scenario {
        info: ScenarioInfo {
            name: "load",
            title: "Load test",
            description: "The hum of a large network without end and without attacks, at any rate.",
            cases: &[],
            techniques: &[],
        },
        days: 0,
        rate: 20_000.0,
        is_flat: true,
        has_people: false,
        scripts: &[],
    },
];

/// What there is to run.
pub fn scenarios() -> impl Iterator<Item = &'static ScenarioInfo> {
    SCENARIOS.iter().map(|scenario| &scenario.info)
}

/// What `name` stands for: one scenario, or for `all` each that ends and is made of one thing. Nothing if there is
/// none of that name.
#[must_use]
pub fn named(name: &str) -> Vec<&'static Scenario> {
    if name == "all" {
        return SCENARIOS
            .iter()
            .filter(|scenario| !matches!(scenario.info.name, "everything" | "load"))
            .collect();
    }
    scenario(name).into_iter().collect()
}

/// The scenario called `name`.
#[must_use]
pub fn scenario(name: &str) -> Option<&'static Scenario> {
    SCENARIOS.iter().find(|scenario| scenario.info.name == name)
}
