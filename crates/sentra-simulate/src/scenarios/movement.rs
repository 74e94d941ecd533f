//! From machine to machine, out of the house, and upwards.

use crate::acts::{Act, Call, Flow, Linux, Web, Windows};
use crate::moment::{MINUTE, Micros, SECOND};
use crate::plan::Plan;
use crate::programs;
use crate::world::{AccountId, HostId, Role};

/// Where stolen data goes.
pub(super) const DROP: &str = "drop.example.org";

pub(super) fn lateral_windows(plan: &mut Plan<'_>) {
    plan.attack(
        "lateral_movement",
        "an account goes from a workstation to server after server by way of services",
        &["T1021", "T1021.002", "T1569.002"],
    );
    let person = plan.office_worker();
    let (account, source) = (plan.world.person(person).account, plan.world.person(person).workstation);
    plan.with_user("attacker", account);
    plan.with_host("source", source);
    plan.with_ip("source", plan.world.host(source).address);
    let begin = plan.day + plan.dice.between(9 * 3600, 20 * 3600) * SECOND;
    spread(plan, begin, account, source);
}

/// Five servers within half an hour; gives the time of the last.
pub(super) fn spread(plan: &mut Plan<'_>, begin: Micros, account: AccountId, source: HostId) -> Micros {
    let world = plan.world;
    let from = world.host(source).address;
    let targets: Vec<HostId> =
        [Role::FileServer, Role::AppServer].into_iter().flat_map(|role| world.hosts_of(role)).collect();
    let mut at = begin;
    plan.windows(at, source, account, Windows::Process(&programs::WMIC));
    plan.windows(at + 700, source, account, Windows::Started(&programs::PSEXEC));
    for host in targets {
        at += plan.dice.between(90, 300) * SECOND;
        let session = plan.session();
        plan.with_host("target", host);
        let to = world.host(host).address;
        plan.windows(
            at,
            source,
            account,
            Windows::Connected { image: programs::PSEXEC.image, to, port: 445 },
        );
        plan.windows(at + SECOND, host, account, Windows::Logon { from, kind: 3, session });
        plan.windows(at + SECOND + 500, host, account, Windows::Special { session });
        let opened = Windows::ShareOpened { from, share: r"\\*\ADMIN$", file: "PSEXESVC.exe" };
        plan.windows(at + 2 * SECOND, host, account, opened);
        let (name, path) = ("PSEXESVC", r"%SystemRoot%\PSEXESVC.exe");
        plan.windows(at + 3 * SECOND, host, account, Windows::Service { name, path });
        plan.windows(at + 4 * SECOND, host, account, Windows::Started(&programs::PSEXESVC));
        plan.windows(at + 9 * SECOND, host, account, Windows::Process(&programs::WHOAMI));
    }
    at
}

pub(super) fn lateral_ssh(plan: &mut Plan<'_>) {
    plan.attack(
        "lateral_movement",
        "an account goes from server to server by ssh, each time from the one before",
        &["T1021", "T1021.004"],
    );
    let person = plan.somebody(|person| person.department == "Engineering");
    let world = plan.world;
    let (account, source) = (world.person(person).account, world.person(person).workstation);
    plan.with_user("attacker", account);
    plan.with_host("source", source);
    let mut from = world.host(source).address;
    plan.with_ip("source", from);
    let mut at = plan.day + plan.dice.between(8 * 3600, 20 * 3600) * SECOND;
    let servers = [Role::WebServer, Role::Proxy, Role::NameServer, Role::Database].into_iter();
    for host in servers
        .flat_map(|role| world.hosts_of(role))
        .filter(|host| !world.host(*host).name.starts_with("build"))
    {
        at += plan.dice.between(60, 240) * SECOND;
        plan.with_host("target", host);
        plan.linux(at, host, account, Linux::Accepted { from, is_key: false });
        plan.linux(at + 60_000, host, account, Linux::Opened);
        from = world.host(host).address;
    }
}

pub(super) fn exfiltration(plan: &mut Plan<'_>) {
    plan.attack(
        "exfiltration",
        "gigabytes are packed and sent to a place that nobody here sends data to",
        &["T1048", "T1567.002", "T1560.001"],
    );
    let person = plan.office_worker();
    let (account, desk) = (plan.world.person(person).account, plan.world.person(person).workstation);
    plan.with_user("attacker", account);
    plan.with_host("source", desk);
    let begin = plan.day + plan.dice.between(9 * 3600, 19 * 3600) * SECOND;
    carry_out(plan, begin, account, desk);
}

/// Packs and sends three to eight gigabytes within two hours.
pub(super) fn carry_out(plan: &mut Plan<'_>, begin: Micros, user: AccountId, desk: HostId) {
    let (from, to) = (plan.world.host(desk).address, plan.rented_address());
    plan.with_ip("source", from);
    plan.with_ip("target", to);
    plan.with_domain("target", DROP);
    plan.windows(begin, desk, user, Windows::Started(&programs::ARCHIVER));
    plan.windows(begin + 6 * MINUTE, desk, user, Windows::Started(&programs::SYNC));
    plan.act(begin + 6 * MINUTE + SECOND, Act::Name { from, domain: DROP });
    let mut at = begin + 7 * MINUTE;
    for _ in 0..12 {
        let sent = 300_000_000 + plan.dice.below(350_000_000);
        let (address, bytes) = (to, 200 + plan.dice.below(600));
        plan.act(at, Act::Web(Web { from, user, domain: DROP, address, is_upload: true, bytes }));
        at += plan.dice.between(120, 480) * SECOND;
        let flow = Flow {
            from,
            to,
            port: 443,
            user: Some(user),
            sent,
            received: sent / 800,
            app: "ssl",
            is_allowed: true,
        };
        plan.act(at, Act::Flow(flow));
    }
}

fn escalation(plan: &mut Plan<'_>, techniques: &[&str]) -> Micros {
    plan.attack("privilege_escalation", "an ordinary account makes itself an administrator", techniques);
    plan.day + plan.dice.between(8 * 3600, 19 * 3600) * SECOND
}

pub(super) fn escalation_windows(plan: &mut Plan<'_>) {
    let at = escalation(plan, &["T1068", "T1098", "T1548"]);
    let person = plan.office_worker();
    let world = plan.world;
    let (account, desk) = (world.person(person).account, world.person(person).workstation);
    let controller = world.host_of(Role::DomainController);
    plan.with_user("attacker", account);
    plan.with_host("source", desk);
    plan.with_host("target", controller);
    for attempt in 0..3 {
        let refused = Windows::PrivilegeRefused { privilege: "SeTcbPrivilege" };
        plan.windows(at + attempt * 20 * SECOND, desk, account, refused);
    }
    plan.windows(at + 2 * MINUTE, desk, account, Windows::Started(&programs::POTATO));
    plan.windows(at + 2 * MINUTE + 400, desk, account, Windows::Process(&programs::POTATO));
    plan.windows(at + 3 * MINUTE, desk, account, Windows::Started(&programs::SYSTEM_SHELL));
    let (session, from) = (plan.session(), world.host(desk).address);
    plan.windows(at + 8 * MINUTE, controller, account, Windows::Logon { from, kind: 3, session });
    let member = Windows::Member { target: account, group: "Domain Admins" };
    plan.windows(at + 8 * MINUTE + SECOND, controller, account, member);
    plan.windows(at + 9 * MINUTE, controller, account, Windows::Special { session });
}

pub(super) fn escalation_linux(plan: &mut Plan<'_>) {
    let mut at = escalation(plan, &["T1548.003", "T1098", "T1136.001"]);
    let person = plan.somebody(|person| person.department == "Engineering");
    let (account, host, added) =
        (plan.world.person(person).account, plan.host(Role::WebServer), plan.planted());
    plan.with_user("attacker", account);
    plan.with_user("account", added);
    plan.with_host("target", host);
    for command in ["/bin/bash", "/usr/bin/vi /etc/sudoers", "/bin/su -", "/usr/bin/passwd root"] {
        plan.linux(at, host, account, Linux::SudoRefused { command });
        at += plan.dice.between(15, 70) * SECOND;
    }
    at += 4 * MINUTE;
    plan.linux(at, host, AccountId(0), Linux::UserAdded { target: added });
    plan.linux(at + SECOND, host, AccountId(0), Linux::GroupAdded { target: added, group: "sudo" });
    plan.linux(at + 2 * SECOND, host, AccountId(0), Linux::GroupAdded { target: account, group: "sudo" });
    plan.linux(at + MINUTE, host, account, Linux::Sudo { command: "/bin/bash" });
}

pub(super) fn escalation_cloud(plan: &mut Plan<'_>) {
    let at = escalation(plan, &["T1098", "T1078.004"]);
    let person = plan.somebody(|person| person.department == "Engineering");
    let (user, from) = (plan.world.person(person).account, plan.far_address());
    plan.with_user("attacker", user);
    plan.with_ip("source", from);
    let call = |name, parameters, target, error| {
        Act::Call(Call { user, from, service: "iam.amazonaws.com", name, parameters, target, error })
    };
    const ADMINISTRATOR: &[(&str, &str)] = &[("policyArn", "arn:aws:iam::aws:policy/AdministratorAccess")];
    const VERSION: &[(&str, &str)] =
        &[("policyArn", "arn:aws:iam::210987654321:policy/build"), ("setAsDefault", "true")];
    let own = Some(user);
    plan.act(at, call("ListAttachedUserPolicies", &[], own, ""));
    plan.act(at + 30 * SECOND, call("AttachUserPolicy", ADMINISTRATOR, own, "AccessDenied"));
    plan.act(at + 50 * SECOND, call("PutUserPolicy", &[("policyName", "all")], own, "AccessDenied"));
    plan.act(at + 4 * MINUTE, call("CreatePolicyVersion", VERSION, None, ""));
    plan.act(at + 5 * MINUTE, call("AttachUserPolicy", ADMINISTRATOR, own, ""));
    plan.act(at + 6 * MINUTE, call("CreateAccessKey", &[], own, ""));
}
