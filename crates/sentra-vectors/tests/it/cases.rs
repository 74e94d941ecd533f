//! Incidents as houses have them: eight kinds of case, each with other people, machines and addresses every time, with
//! some of its signals missing and some noise beside them.

use sentra_model::{
    Digest, EntityRef, EntityType, Estimate, Fact, FactKind, Incident, IncidentId, IncidentStatus, Join,
    JoinReason, NamedSet, Narrative, Role, RuleKind, RuleRef, Severity, Signal, SignalId, TenantId,
    TenantScope, Timestamp,
};

pub(crate) fn scope(tenant: &str) -> TenantScope {
    TenantScope::new(tenant.parse().unwrap())
}

/// A small generator: the same seed gives the same house.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed ^ 0x9e37_79b9_7f4a_7c15)
    }

    pub(crate) fn roll(&mut self, sides: u64) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[usize::try_from(self.roll(of.len() as u64)).unwrap()]
    }

    pub(crate) fn unit(&mut self) -> f64 {
        self.roll(1 << 52) as f64 / (1_u64 << 52) as f64
    }
}

/// Who took part this time.
pub(crate) struct Cast {
    pub(crate) user: String,
    pub(crate) other: String,
    pub(crate) host: String,
    pub(crate) server: String,
    pub(crate) address: String,
    pub(crate) domain: String,
}

impl Cast {
    pub(crate) fn new(dice: &mut Dice) -> Self {
        let users = ["alice", "bob", "carol", "dmitri", "eva", "farid", "grace", "hiro", "ines", "jonas"];
        let sites = ["ber", "lon", "nyc", "sin", "zrh"];
        let words = ["cloudsync", "updatesvc", "cdn-static", "mailrelay", "statsbox", "filedrop"];
        let user = format!("{}.{}", dice.one(&users), dice.roll(900));
        let other = format!("{}.{}", dice.one(&users), dice.roll(900));
        Self {
            user,
            other,
            host: format!("{}-ws{:03}", dice.one(&sites), dice.roll(1000)),
            server: format!("{}-srv{:02}", dice.one(&sites), dice.roll(100)),
            address: format!("203.0.{}.{}", dice.roll(256), dice.roll(256)),
            domain: format!("{}{}.example", dice.one(&words), dice.roll(1000)),
        }
    }
}

/// What a fact states: kind, count, values.
type Stated = (FactKind, u64, Vec<(&'static str, Vec<String>)>);

/// A signal to be: rule, level, techniques, tactics, facts.
pub(crate) struct Draft {
    rule: &'static str,
    level: Severity,
    techniques: &'static [&'static str],
    tactics: &'static [&'static str],
    entities: Vec<EntityRef>,
    facts: Vec<Stated>,
}

fn draft(
    rule: &'static str,
    level: Severity,
    techniques: &'static [&'static str],
    tactics: &'static [&'static str],
    entities: Vec<EntityRef>,
    facts: Vec<Stated>,
) -> Draft {
    Draft { rule, level, techniques, tactics, entities, facts }
}

fn entity(entity_type: EntityType, role: Role, value: &str) -> EntityRef {
    EntityRef::new(entity_type, role, value)
}

fn on(host: &str, user: &str) -> Vec<EntityRef> {
    vec![entity(EntityType::Host, Role::Target, host), entity(EntityType::User, Role::Actor, user)]
}

fn ran(host: &str, user: &str, image: &str, command: String) -> (Vec<EntityRef>, Stated) {
    let mut entities = on(host, user);
    entities.push(entity(EntityType::Process, Role::Actor, image));
    let values = vec![("process", vec![image.to_owned()]), ("command", vec![command])];
    (entities, (FactKind::ProcessesStarted, 1, values))
}

fn code(kind: FactKind, code: &str) -> Stated {
    (kind, 1, vec![("code", vec![code.to_owned()])])
}

pub(crate) const KINDS: usize = 8;

/// How somebody would ask for each kind of case.
pub(crate) const ASKED: [&str; KINDS] = [
    "SSH brute force with many failed logins, then a login that succeeded and sudo",
    "ransomware: shadow copies deleted, files encrypted",
    "kerberoasting and lateral movement over SMB admin shares",
    "a new user was created and added to the administrators group",
    "phishing document with a macro that started an encoded PowerShell",
    "data exfiltration over DNS tunnelling after archiving",
    "event log cleared and a suspicious service installed",
    "AWS console login without MFA, policy attached to a role",
];

pub(crate) fn drafts(kind: usize, cast: &Cast, dice: &mut Dice) -> Vec<Draft> {
    let Cast { user, other, host, server, address, domain } = cast;
    let from = || {
        vec![entity(EntityType::Ip, Role::Source, address), entity(EntityType::Host, Role::Target, server)]
    };
    let many = 20 + dice.roll(500);
    match kind {
        0 => {
            let mut login = from();
            login.push(entity(EntityType::User, Role::Target, user));
            vec![
                draft(
                    "SSH Brute Force",
                    Severity::High,
                    &["T1110.001"],
                    &["credential-access"],
                    from(),
                    vec![(
                        FactKind::LoginsFailed,
                        many,
                        vec![("user", vec![user.clone(), other.clone(), "root".into()])],
                    )],
                ),
                draft(
                    "Login After Brute Force",
                    Severity::Critical,
                    &["T1110", "T1078"],
                    &["credential-access", "initial-access"],
                    login,
                    vec![(FactKind::LoginsSucceeded, 1, vec![("user", vec![user.clone()])])],
                ),
                draft(
                    "Sudo To Root By New User",
                    Severity::Medium,
                    &["T1548.003"],
                    &["privilege-escalation"],
                    on(server, user),
                    vec![(FactKind::PrivilegeUsed, 3, vec![("command", vec!["/bin/bash".into()])])],
                ),
            ]
        }
        1 => {
            let (shadow, shadow_fact) = ran(
                host,
                user,
                r"C:\Windows\System32\vssadmin.exe",
                "vssadmin delete shadows /all /quiet".into(),
            );
            let (boot, boot_fact) = ran(
                host,
                user,
                r"C:\Windows\System32\bcdedit.exe",
                "bcdedit /set {default} recoveryenabled no".into(),
            );
            vec![
                draft(
                    "Shadow Copies Deletion Using Operating Systems Utilities",
                    Severity::High,
                    &["T1490"],
                    &["impact"],
                    shadow,
                    vec![shadow_fact],
                ),
                draft(
                    "Boot Configuration Tampering Via Bcdedit.EXE",
                    Severity::High,
                    &["T1490"],
                    &["impact"],
                    boot,
                    vec![boot_fact],
                ),
                draft(
                    "Many Files Encrypted By One Process",
                    Severity::Critical,
                    &["T1486"],
                    &["impact"],
                    on(host, user),
                    vec![(
                        FactKind::Observed,
                        many,
                        vec![("what", vec!["files renamed with a new extension".into()])],
                    )],
                ),
            ]
        }
        2 => {
            let mut share = on(server, user);
            share.push(entity(EntityType::Host, Role::Source, host));
            vec![
                draft(
                    "Kerberoasting Activity With RC4 Tickets",
                    Severity::Medium,
                    &["T1558.003"],
                    &["credential-access"],
                    on(host, user),
                    vec![(
                        FactKind::Observed,
                        many,
                        vec![("what", vec!["service tickets with RC4 encryption".into()])],
                    )],
                ),
                draft(
                    "Access To ADMIN$ Network Share",
                    Severity::Medium,
                    &["T1021.002"],
                    &["lateral-movement"],
                    share,
                    vec![code(FactKind::Observed, "LL01")],
                ),
                draft(
                    "PsExec Service Installation",
                    Severity::High,
                    &["T1569.002", "T1021.002"],
                    &["execution", "lateral-movement"],
                    on(server, user),
                    vec![(FactKind::ProcessesStarted, 1, vec![("process", vec!["PSEXESVC.exe".into()])])],
                ),
            ]
        }
        3 => vec![
            draft(
                "Local User Creation",
                Severity::Low,
                &["T1136.001"],
                &["persistence"],
                on(host, user),
                vec![code(FactKind::AccountsChanged, "SA01")],
            ),
            draft(
                "User Added To Local Administrators Group",
                Severity::Medium,
                &["T1098"],
                &["persistence", "privilege-escalation"],
                on(host, user),
                vec![code(FactKind::AccountsChanged, "SA05")],
            ),
            draft(
                "Password Reset By Administrator",
                Severity::Low,
                &["T1098"],
                &["persistence"],
                on(host, other),
                vec![code(FactKind::AccountsChanged, "SA07")],
            ),
        ],
        4 => {
            let (office, office_fact) = ran(
                host,
                user,
                r"C:\Program Files\Microsoft Office\WINWORD.EXE",
                format!("WINWORD.EXE invoice-{many}.docm"),
            );
            let (shell, shell_fact) = ran(
                host,
                user,
                r"C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe",
                "powershell -nop -w hidden -enc SQBFAFgA".into(),
            );
            let mut beacon = on(host, user);
            beacon.push(entity(EntityType::Domain, Role::Destination, domain));
            vec![
                draft(
                    "Suspicious Microsoft Office Child Process",
                    Severity::High,
                    &["T1204.002", "T1566.001"],
                    &["initial-access", "execution"],
                    office,
                    vec![office_fact],
                ),
                draft(
                    "Suspicious Encoded PowerShell Command Line",
                    Severity::High,
                    &["T1059.001"],
                    &["execution"],
                    shell,
                    vec![shell_fact],
                ),
                draft(
                    "Beaconing To Rare Domain",
                    Severity::Medium,
                    &["T1071.001"],
                    &["command-and-control"],
                    beacon,
                    vec![(FactKind::Observed, many, vec![("what", vec!["regular web requests".into()])])],
                ),
            ]
        }
        5 => {
            let (pack, pack_fact) =
                ran(server, user, "/usr/bin/tar", "tar czf /tmp/.x.tgz /srv/share".into());
            let mut tunnel = on(server, user);
            tunnel.push(entity(EntityType::Domain, Role::Destination, domain));
            vec![
                draft(
                    "Files Archived In Temporary Directory",
                    Severity::Low,
                    &["T1560.001"],
                    &["collection"],
                    pack,
                    vec![pack_fact],
                ),
                draft(
                    "DNS Tunnelling By Long Names",
                    Severity::High,
                    &["T1048.003", "T1071.004"],
                    &["exfiltration", "command-and-control"],
                    tunnel,
                    vec![(
                        FactKind::Observed,
                        many,
                        vec![("what", vec!["DNS queries with long random labels".into()])],
                    )],
                ),
            ]
        }
        6 => {
            let (service, service_fact) = ran(
                host,
                "SYSTEM",
                r"C:\Windows\System32\sc.exe",
                format!("sc create upd{many} binpath= C:\\ProgramData\\u.exe"),
            );
            vec![
                draft(
                    "Security Eventlog Cleared",
                    Severity::High,
                    &["T1070.001"],
                    &["defense-evasion"],
                    on(host, user),
                    vec![code(FactKind::SecurityChanged, "SS05")],
                ),
                draft(
                    "Suspicious Service Installation",
                    Severity::High,
                    &["T1543.003"],
                    &["persistence", "privilege-escalation"],
                    service,
                    vec![service_fact],
                ),
                draft(
                    "Windows Defender Disabled",
                    Severity::High,
                    &["T1562.001"],
                    &["defense-evasion"],
                    on(host, user),
                    vec![code(FactKind::SecurityChanged, "CC02")],
                ),
            ]
        }
        _ => {
            let mut login = vec![entity(EntityType::Ip, Role::Source, address)];
            login.push(entity(EntityType::User, Role::Actor, user));
            login.push(entity(EntityType::Application, Role::Target, "signin.amazonaws.com"));
            let mut role = vec![entity(EntityType::User, Role::Actor, user)];
            role.push(entity(EntityType::Application, Role::Target, "iam.amazonaws.com"));
            vec![
                draft(
                    "AWS Console Login Without MFA",
                    Severity::Medium,
                    &["T1078.004"],
                    &["initial-access"],
                    login,
                    vec![(FactKind::LoginsSucceeded, 1, vec![("user", vec![user.clone()])])],
                ),
                draft(
                    "AWS IAM Policy Attached To Role",
                    Severity::Medium,
                    &["T1098.003"],
                    &["persistence", "privilege-escalation"],
                    role.clone(),
                    vec![code(FactKind::AccountsChanged, "SA05")],
                ),
                draft(
                    "AWS CloudTrail Logging Stopped",
                    Severity::High,
                    &["T1562.008"],
                    &["defense-evasion"],
                    role,
                    vec![code(FactKind::SecurityChanged, "SS05")],
                ),
            ]
        }
    }
}

/// What happens everywhere and belongs to no case.
fn noise(cast: &Cast, dice: &mut Dice) -> Draft {
    match dice.roll(3) {
        0 => draft(
            "Remote Access Tool Usage",
            Severity::Low,
            &["T1219"],
            &["command-and-control"],
            on(&cast.host, &cast.user),
            vec![(FactKind::ProcessesStarted, 1, vec![("process", vec!["AnyDesk.exe".into()])])],
        ),
        1 => draft(
            "First Login From Network",
            Severity::Informational,
            &[],
            &[],
            on(&cast.host, &cast.user),
            vec![(FactKind::LoginsSucceeded, 1, vec![])],
        ),
        _ => draft(
            "Whoami Execution",
            Severity::Low,
            &["T1033"],
            &["discovery"],
            on(&cast.host, &cast.user),
            vec![(
                FactKind::ProcessesStarted,
                1,
                vec![("process", vec![r"C:\Windows\System32\whoami.exe".into()])],
            )],
        ),
    }
}

pub(crate) fn signal(tenant: &TenantId, draft: Draft, at: Timestamp) -> Signal {
    let last = at.plus_micros(60_000_000);
    let named = |values: Vec<(&str, Vec<String>)>| {
        values.into_iter().map(|(name, shown)| (name.to_owned(), NamedSet::of(shown))).collect()
    };
    let facts = draft.facts.into_iter().map(|(kind, count, values)| Fact {
        kind,
        count,
        first: at,
        last,
        entities: draft.entities.clone(),
        values: named(values),
        events: Vec::new(),
        pace: None,
    });
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let seed = Digest::new("test").text(tenant.as_str()).text(draft.rule).number(at.micros().unsigned_abs());
    Signal {
        id: SignalId::derive(draft.entities.iter().fold(seed, |seed, entity| seed.text(&entity.value))),
        tenant: tenant.clone(),
        rule: RuleRef {
            id: format!("rule-{}", draft.rule.to_lowercase().replace(' ', "-")),
            title: draft.rule.to_owned(),
            kind: RuleKind::Sigma,
            level: draft.level,
            tags: Vec::new(),
            pack: "core@1".to_owned(),
        },
        severity: draft.level,
        probability: Estimate::new(0.5, 0.2, 0.8),
        first: at,
        last,
        count: 1,
        folded: 0,
        events: Vec::new(),
        events_total: 1,
        facts: facts.collect(),
        entities: draft.entities,
        techniques: texts(draft.techniques),
        tactics: texts(draft.tactics),
        controls: Vec::new(),
        enrichments: Vec::new(),
        verdict: None,
    }
}

/// An incident of `signals`, with its story told.
pub(crate) fn incident(tenant: &TenantId, signals: &[Signal]) -> Incident {
    let all = |of: fn(&Signal) -> &Vec<String>| {
        let all: std::collections::BTreeSet<String> = signals.iter().flat_map(of).cloned().collect();
        all.into_iter().collect::<Vec<_>>()
    };
    let entities: std::collections::BTreeSet<EntityRef> =
        signals.iter().flat_map(|signal| signal.entities.clone()).collect();
    let mut incident = Incident {
        id: IncidentId::derive(Digest::new("test incident").text(&signals[0].id.to_string())),
        tenant: tenant.clone(),
        title: String::new(),
        headline: String::new(),
        status: IncidentStatus::New,
        severity: signals.iter().map(|signal| signal.severity).max().unwrap(),
        risk: Estimate::new(0.6, 0.3, 0.9),
        reasons: Vec::new(),
        entities: entities.into_iter().collect(),
        techniques: all(|signal| &signal.techniques),
        tactics: all(|signal| &signal.tactics),
        first: signals.iter().map(|signal| signal.first).min().unwrap(),
        last: signals.iter().map(|signal| signal.last).max().unwrap(),
        joins: signals.iter().map(|signal| Join { signal: signal.id, reason: JoinReason::Opened }).collect(),
        events_total: signals.len() as u64,
        narrative: Narrative::default(),
        version: 1,
        created: signals[0].first,
        updated: signals[0].last,
        merged_into: None,
        absorbed: Vec::new(),
        chain: Vec::new(),
        history: Vec::new(),
        apart: Vec::new(),
        verdict: None,
    };
    let story = sentra_narrate::tell(&incident, signals);
    (incident.title, incident.headline, incident.narrative) = (story.title, story.headline, story.narrative);
    incident
}

/// One case of `kind` as it could have been: a third of the signals did not fire, and half the time something happened
/// beside it.
pub(crate) fn case(kind: usize, seed: u64) -> (Incident, Vec<Signal>) {
    let mut dice = Dice::new(seed.wrapping_mul(1_009) + kind as u64);
    let cast = Cast::new(&mut dice);
    case_with(kind, &cast, &mut dice, &TenantId::default_tenant())
}

pub(crate) fn case_with(
    kind: usize,
    cast: &Cast,
    dice: &mut Dice,
    tenant: &TenantId,
) -> (Incident, Vec<Signal>) {
    let mut drafts = drafts(kind, cast, dice);
    if drafts.len() > 2 && dice.roll(3) > 0 {
        let missing = usize::try_from(dice.roll(drafts.len() as u64)).unwrap();
        drafts.remove(missing);
    }
    if dice.roll(2) == 0 {
        drafts.push(noise(cast, dice));
    }
    let begin = Timestamp::from_seconds(1_780_000_000 + i64::try_from(dice.roll(10_000_000)).unwrap());
    let signals = drafts
        .into_iter()
        .zip(0..)
        .map(|(draft, number)| signal(tenant, draft, begin.plus_micros(number * 300_000_000)));
    let signals: Vec<Signal> = signals.collect();
    (incident(tenant, &signals), signals)
}
