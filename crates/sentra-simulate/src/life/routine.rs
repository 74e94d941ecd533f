//! What happens by plan: certification of access, backups, scans, maintenance windows.

use crate::acts::{Act, Flow, Governance, Linux, Okta, Windows};
use crate::life::people::shell;
use crate::moment::{HOUR, MINUTE, SECOND, weekday};
use crate::plan::Plan;
use crate::world::{AccountId, Role};

/// The application whose access is certified.
pub(crate) const PAYROLL: &str = "payroll";
/// The entitlement to it.
pub(crate) const PAYROLL_READ: &str = "payroll-db-read";
/// Where backups go to.
const OFFSITE: u32 = u32::from_be_bytes([203, 0, 113, 60]);
const PORTS: [u16; 8] = [21, 22, 23, 80, 443, 445, 3389, 8080];

/// Plans what the day's routine is.
pub(crate) fn day(plan: &mut Plan<'_>, day_number: u32) {
    if day_number.is_multiple_of(7) {
        certify(plan, day_number == 0);
    }
    backup(plan);
    match weekday(plan.day) {
        1 | 3 => scan(plan),
        2 => maintain(plan),
        _ => {}
    }
}

/// Whoever may read the payroll database was approved for it, and is certified every week.
fn certify(plan: &mut Plan<'_>, is_first: bool) {
    plan.ordinary();
    let world = plan.world;
    let holders = world.people.iter().filter(|person| person.has_database).map(|person| person.account);
    let holders: Vec<AccountId> = holders.chain([world.account_named("svc_etl")]).collect();
    let manager =
        world.people.iter().find(|person| person.department == "Legal").map(|person| person.account);
    let by = manager.unwrap_or_default();
    // The first thing of the day, as a campaign takes effect.
    let mut at = plan.day + 1000;
    for target in holders {
        if is_first {
            let (application, entitlement) = (PAYROLL, PAYROLL_READ);
            let what = Governance::Requested { target, application, entitlement };
            plan.act(at, Act::Governance { by: target, what });
            let what = Governance::Approved { target, application, entitlement };
            plan.act(at + 1000, Act::Governance { by, what });
        }
        plan.okta(at + 2000, by, Okta::Certified { target, app: PAYROLL });
        at += 3000;
    }
    plan.act(at, Act::Governance { by, what: Governance::SignedOff { campaign: "Payroll access, weekly" } });
}

/// Gigabytes leave the house every night, as they should.
fn backup(plan: &mut Plan<'_>) {
    plan.harmless("exfiltration", "the nightly backup goes to the off-site store");
    let world = plan.world;
    let (host, account) = (world.host_of(Role::Backup), world.account_named("svc_backup"));
    plan.with_host("source", host);
    plan.with_user("account", account);
    plan.with_ip("target", OFFSITE);
    let mut at = plan.day + HOUR + plan.dice.between(0, 300) * SECOND;
    plan.windows(at, host, account, Windows::Started(&crate::programs::BACKUP_AGENT));
    for _ in 0..12 {
        at += plan.dice.between(200, 280) * SECOND;
        let sent = 400_000_000 + plan.dice.below(300_000_000);
        let flow = Flow {
            from: world.host(host).address,
            to: OFFSITE,
            port: 443,
            user: Some(account),
            sent,
            received: sent / 900,
            app: "ssl",
            is_allowed: true,
        };
        plan.act(at, Act::Flow(flow));
    }
    plan.ordinary();
}

/// The vulnerability scanner tries every door, and a few passwords that products come with.
fn scan(plan: &mut Plan<'_>) {
    plan.harmless("password_spraying", "the vulnerability scanner tries default accounts, few at a time");
    let world = plan.world;
    let scanner = world.host_of(Role::Scanner);
    let from = world.host(scanner).address;
    plan.with_ip("source", from);
    let mut at = plan.day + 2 * HOUR;
    let targets: Vec<_> = [Role::WebServer, Role::AppServer, Role::FileServer, Role::Database]
        .into_iter()
        .flat_map(|role| world.hosts_of(role))
        .collect();
    for host in targets {
        for port in PORTS {
            at += plan.dice.between(1, 6) * SECOND;
            let (to, is_allowed) = (world.host(host).address, plan.dice.chance(300));
            let (sent, received) = (120, if is_allowed { 400 } else { 0 });
            let app = if is_allowed { "web-browsing" } else { "not-applicable" };
            plan.act(at, Act::Flow(Flow { from, to, port, user: None, sent, received, app, is_allowed }));
        }
        if world.host(host).role == Role::WebServer {
            for name in world.guessed.iter().take(2) {
                at += 20 * SECOND;
                plan.linux(at, host, *name, Linux::Failed { from, is_known: false });
            }
            at += 3 * MINUTE;
        }
    }
    plan.ordinary();
}

/// Wednesday evening: one account goes to every server within the hour.
fn maintain(plan: &mut Plan<'_>) {
    plan.harmless("lateral_movement", "the weekly maintenance window reaches every server");
    let world = plan.world;
    let automation = world.host_of(Role::Automation);
    let from = world.host(automation).address;
    let account = world.account_named("svc_ansible");
    plan.with_user("account", account);
    plan.with_host("source", automation);
    plan.with_ip("source", from);
    let mut at = plan.day + 20 * HOUR;
    for host in
        [Role::WebServer, Role::Database, Role::NameServer].into_iter().flat_map(|role| world.hosts_of(role))
    {
        shell(plan, at, host, account, from, 2);
        at += plan.dice.between(60, 150) * SECOND;
    }
    let account = world.account_named("svc_sccm");
    plan.with_user("account", account);
    let source = world.host(world.host_of(Role::AppServer)).address;
    for host in [Role::FileServer, Role::AppServer].into_iter().flat_map(|role| world.hosts_of(role)) {
        at += plan.dice.between(60, 120) * SECOND;
        let session = plan.session();
        plan.windows(at, host, account, Windows::Logon { from: source, kind: 3, session });
        let (name, path) = ("ccmsetup", r"C:\Windows\ccmsetup\ccmsetup.exe /runservice");
        plan.windows(at + 4 * SECOND, host, account, Windows::Service { name, path });
        plan.windows(at + 90 * SECOND, host, account, Windows::Logoff { kind: 3, session });
    }
    plan.ordinary();
}
