//! A day in the life of everybody: they come, mistype, work and go.

use crate::acts::{Act, Call, Device, Flow, Governance, IbmI, Linux, Mainframe, Okta, Query, Windows};
use crate::moment::{DAY, HOUR, MINUTE, Micros, SECOND, weekday};
use crate::plan::Plan;
use crate::programs::USUAL;
use crate::world::{AccountId, Person, PersonId, Role, Shift, World};

/// Applications that everybody signs on to.
const APPS: [&str; 5] = ["mail", "wiki", "tickets", "expenses", "calendar"];
const ADMIN_COMMANDS: [&str; 6] = [
    "/usr/bin/systemctl status nginx",
    "/usr/bin/apt-get update",
    "/usr/bin/journalctl -u sshd",
    "/usr/bin/systemctl restart nginx",
    "/usr/bin/tail -f /var/log/syslog",
    "/usr/bin/df -h",
];
const TABLES: [&str; 4] =
    ["payroll.salaries", "payroll.journal", "payroll.employees", "payroll.cost_centres"];

/// Plans the day of everybody.
pub(crate) fn day(plan: &mut Plan<'_>) {
    let world = plan.world;
    for id in world.people() {
        let person = world.person(id);
        let is_absent =
            plan.memory.left.get(&id).is_some_and(|left| *left < plan.day) || plan.memory.away.contains(&id);
        let Some(begin) = begin_of(plan, id, person).filter(|_| !is_absent) else { continue };
        let end = begin + 8 * HOUR + plan.dice.between(-20, 50) * MINUTE;
        arrive(plan, id, person, begin);
        work(plan, id, person, begin, end);
        by_profession(plan, id, person, begin, end);
    }
}

/// When a person begins; none on a day off.
fn begin_of(plan: &mut Plan<'_>, id: PersonId, person: &Person) -> Option<Micros> {
    let is_weekend = weekday(plan.day) >= 5;
    let behind = if person.site == 3 { 7 * HOUR } else { 0 };
    let begin = match person.shift {
        Shift::Day | Shift::Late if is_weekend => return None,
        Shift::Day => 6 * HOUR + 45 * MINUTE + behind,
        Shift::Late => 13 * HOUR,
        // Five nights of seven, in turns.
        Shift::Night if (plan.day / DAY + i64::from(id.0)).rem_euclid(7) >= 5 => return None,
        Shift::Night => 21 * HOUR,
    };
    // One in twenty-five is away.
    let is_away = plan.dice.chance(40);
    let begin = plan.day + begin + plan.dice.between(0, 90 * 60) * SECOND + plan.dice.between(0, 999_999);
    (!is_away).then_some(begin)
}

/// From where a person is seen by services on the internet.
fn seen_from(person: &Person) -> u32 {
    if person.is_remote { person.home } else { World::egress(person.site) }
}

fn arrive(plan: &mut Plan<'_>, id: PersonId, person: &Person, begin: Micros) {
    let (world, account, desk) = (plan.world, person.account, person.workstation);
    let mut at = begin;
    let is_expiry_day = weekday(plan.day) == 0;
    let has_expired = is_expiry_day && plan.dice.chance(120);
    let mistypes = match plan.dice.below(100) {
        _ if has_expired => plan.dice.between(1, 3),
        0..7 => 1,
        7..9 => plan.dice.between(2, 3),
        _ => 0,
    };
    for _ in 0..mistypes {
        plan.windows(at, desk, account, Windows::LogonFailed { from: 0, kind: 2, is_known: true });
        at += plan.dice.between(6, 25) * SECOND;
    }
    let session = plan.session();
    plan.windows(at, desk, account, Windows::Logon { from: 0, kind: 2, session });
    plan.windows(at + 8 * HOUR, desk, account, Windows::Logoff { kind: 2, session });
    let controller = plan.host(Role::DomainController);
    let from = world.host(desk).address;
    let network = plan.session();
    plan.windows(at + SECOND, controller, account, Windows::Logon { from, kind: 3, session: network });
    plan.windows(at + 12 * SECOND, controller, account, Windows::Logoff { kind: 3, session: network });
    if has_expired {
        plan.windows(at + 20 * SECOND, controller, account, Windows::Changed);
    }
    let outside = seen_from(person);
    if person.is_remote {
        let to = world.host(world.host_of(Role::VpnGateway)).address;
        let flow = Flow {
            from: outside,
            to,
            port: 443,
            user: Some(account),
            sent: 9_000,
            received: 30_000,
            app: "ipsec-esp-udp",
            is_allowed: true,
        };
        plan.act(at + 5 * SECOND, Act::Flow(flow));
    }
    let device = Device::Own(id);
    at += plan.dice.between(60, 600) * SECOND;
    // At most one in a hundred mistypes here, so that an office seen under one address stays far from any limit.
    if plan.dice.chance(10) {
        plan.entra(at, account, outside, 50_126, device);
        at += 15 * SECOND;
    }
    plan.entra(at, account, outside, 0, device);
    at += plan.dice.between(60, 900) * SECOND;
    plan.okta(at, account, Okta::SignIn { from: outside, device, is_success: true });
}

fn work(plan: &mut Plan<'_>, id: PersonId, person: &Person, begin: Micros, end: Micros) {
    let (outside, device) = (seen_from(person), Device::Own(id));
    for _ in 0..plan.dice.between(2, 4) {
        let (at, app) = (plan.dice.between(begin + 30 * MINUTE, end), plan.dice.pick(&APPS));
        plan.okta(at, person.account, Okta::App { from: outside, device, app });
    }
    for _ in 0..plan.dice.between(4, 8) {
        let at = plan.dice.between(begin + 5 * MINUTE, end);
        let position = plan.dice.position(USUAL.len());
        let Some(program) = USUAL.get(position) else { continue };
        plan.windows(at, person.workstation, person.account, Windows::Process(program));
        plan.windows(at + 900, person.workstation, person.account, Windows::Started(program));
    }
    for _ in 0..plan.dice.between(1, 3) {
        let at = plan.dice.between(begin + 20 * MINUTE, end);
        share(plan, person, at);
    }
}

fn share(plan: &mut Plan<'_>, person: &Person, at: Micros) {
    let from = plan.world.host(person.workstation).address;
    let (server, session) = (plan.host(Role::FileServer), plan.session());
    plan.windows(at, server, person.account, Windows::Logon { from, kind: 3, session });
    let opened = Windows::ShareOpened { from, share: r"\\*\teams", file: r"plans\2026\overview.xlsx" };
    plan.windows(at + 40_000, server, person.account, opened);
    plan.windows(at + 4 * MINUTE, server, person.account, Windows::Logoff { kind: 3, session });
}

fn by_profession(plan: &mut Plan<'_>, id: PersonId, person: &Person, begin: Micros, end: Micros) {
    let late = begin + HOUR;
    if person.has_database {
        database(plan, person, late, end);
    }
    if let Some(admin) = person.admin {
        administer(plan, person, admin, late, end);
    }
    match person.department {
        "Engineering" => engineer(plan, person, late, end),
        "Operations" => operate(plan, person, begin, end),
        "Service Desk" => help(plan, id, person, late, end),
        _ => {}
    }
}

fn database(plan: &mut Plan<'_>, person: &Person, begin: Micros, end: Micros) {
    let from = plan.world.host(person.workstation).address;
    let at = plan.dice.between(begin, end - HOUR);
    let (account, database) = (person.account, "payroll");
    plan.act(at, Act::Database { account, from, database, is_success: true });
    for _ in 0..plan.dice.between(2, 5) {
        let object = plan.dice.pick(&TABLES);
        let rows = 1 + plan.dice.below(240);
        let query = Query { user: account, from, application: "payroll", action: "select", object, rows };
        let later = plan.dice.between(5, 3000);
        plan.act(at + later * SECOND, Act::Query(query));
    }
}

/// Administrators reach servers over the jump host, with keys.
fn administer(plan: &mut Plan<'_>, person: &Person, admin: AccountId, begin: Micros, end: Micros) {
    let world = plan.world;
    let jump = world.host_of(Role::JumpHost);
    let desk = world.host(person.workstation).address;
    for _ in 0..plan.dice.between(1, 2) {
        let at = plan.dice.between(begin, end - HOUR);
        shell(plan, at, jump, admin, desk, 0);
        let server = plan.host(Role::WebServer);
        let commands = plan.dice.between(1, 3);
        shell(plan, at + 30 * SECOND, server, admin, world.host(jump).address, commands);
    }
    let (at, session) = (plan.dice.between(begin, end - HOUR), plan.session());
    let server = plan.host(Role::AppServer);
    plan.windows(at, server, admin, Windows::Logon { from: desk, kind: 10, session });
    plan.windows(at + 1000, server, admin, Windows::Special { session });
    plan.windows(at + 25 * MINUTE, server, admin, Windows::Logoff { kind: 10, session });
}

/// A session by ssh in which `commands` are run as root.
pub(crate) fn shell(
    plan: &mut Plan<'_>,
    at: Micros,
    host: crate::world::HostId,
    account: AccountId,
    from: u32,
    commands: i64,
) {
    plan.linux(at, host, account, Linux::Accepted { from, is_key: true });
    plan.linux(at + 80_000, host, account, Linux::Opened);
    let mut now = at;
    for _ in 0..commands {
        now += plan.dice.between(20, 400) * SECOND;
        let command = plan.dice.pick(&ADMIN_COMMANDS);
        plan.linux(now, host, account, Linux::Sudo { command });
    }
    plan.linux(now + 4 * MINUTE, host, account, Linux::Closed);
}

fn engineer(plan: &mut Plan<'_>, person: &Person, begin: Micros, end: Micros) {
    let world = plan.world;
    let desk = world.host(person.workstation).address;
    let builds = ["build01", "build02"].map(|name| {
        world
            .hosts_of(Role::WebServer)
            .into_iter()
            .find(|host| world.host(*host).name == name)
            .unwrap_or_default()
    });
    let (at, host) = (plan.dice.between(begin, end - HOUR), plan.dice.pick(&builds));
    if plan.dice.chance(80) {
        plan.linux(at - 9 * SECOND, host, person.account, Linux::Failed { from: desk, is_known: true });
    }
    shell(plan, at, host, person.account, desk, 0);
    let at = plan.dice.between(begin, end);
    let from = seen_from(person);
    let call = |service, name| {
        let user = person.account;
        Act::Call(Call { user, from, service, name, parameters: &[], target: None, error: "" })
    };
    plan.act(at, call("signin.amazonaws.com", "ConsoleLogin"));
    plan.act(at + 40 * SECOND, call("ec2.amazonaws.com", "DescribeInstances"));
    plan.act(at + 95 * SECOND, call("logs.amazonaws.com", "DescribeLogGroups"));
}

/// Operators work on the mainframes.
fn operate(plan: &mut Plan<'_>, person: &Person, begin: Micros, end: Micros) {
    let world = plan.world;
    let from = world.host(person.workstation).address;
    let (ibm_i, account) = (world.host_of(Role::IbmI), person.account);
    let at = begin + plan.dice.between(10, 40) * MINUTE;
    if plan.dice.chance(60) {
        plan.act(at - 10 * SECOND, Act::IbmI { host: ibm_i, account, what: IbmI::WrongPassword { from } });
    }
    plan.act(at, Act::IbmI { host: ibm_i, account, what: IbmI::JobStarted { from } });
    plan.act(end - MINUTE, Act::IbmI { host: ibm_i, account, what: IbmI::JobEnded { from } });
    let host = plan.host(Role::Mainframe);
    let what = Mainframe::Logon { from, is_success: true };
    plan.act(at + 5 * MINUTE, Act::Mainframe { host, account, what });
}

/// The service desk resets passwords and unlocks accounts of people who ask for it.
fn help(plan: &mut Plan<'_>, id: PersonId, person: &Person, begin: Micros, end: Micros) {
    let world = plan.world;
    let controller = world.host_of(Role::DomainController);
    let count = u64::try_from(world.people.len()).unwrap_or(1);
    let other = PersonId(u32::try_from(plan.dice.below(count)).unwrap_or(0));
    if other == id || plan.memory.left.contains_key(&other) || !plan.dice.chance(500) {
        return;
    }
    let at = plan.dice.between(begin, end);
    let target = world.person(other).account;
    plan.windows(at, controller, person.account, Windows::Reset { target });
    let governance =
        Governance::Worker { person: other, process: "Contact Change", status: "Active", in_days: 0 };
    plan.act(at + MINUTE, Act::Governance { by: person.account, what: governance });
}
