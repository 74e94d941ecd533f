//! Hard negatives: what looks like a case, and stays under its limit or outside its definition.

use super::Script;
use crate::acts::{Act, Device, Flow, Governance, IbmI, Okta, Query, Windows};
use crate::life::people::shell;
use crate::life::routine::{PAYROLL, PAYROLL_READ};
use crate::moment::{HOUR, MINUTE, SECOND, weekday};
use crate::plan::Plan;
use crate::world::places::{TRAVEL, address_in};
use crate::world::{AccountId, PersonId, Role, Shift, World};

/// What each looks like, and how it goes.
pub(super) const SCRIPTS: [(&str, Script); 17] = [
    ("account_takeover_travel", traveller),
    ("account_takeover_travel", vpn_traveller),
    ("account_takeover_device", replacement),
    ("brute_force", forgetful),
    ("brute_force", stale_password),
    ("brute_force", mistyping_operator),
    ("password_spraying", kiosk),
    ("short_lived_account", contractor),
    ("login_after_offboarding", future_leaver),
    ("login_after_offboarding", refused_leaver),
    ("multiple_lockouts", few_lockouts),
    ("suspicious_lockout", ordinary_lockout),
    ("entitlement_without_approval", just_approved),
    ("lateral_movement", tour),
    ("exfiltration", film),
    ("privilege_escalation", newcomer),
    ("insider", late_worker),
];

fn hr(plan: &mut Plan<'_>) -> AccountId {
    plan.world
        .people
        .iter()
        .find(|person| person.department == "Human Resources")
        .map_or(AccountId(0), |person| person.account)
}

fn desk_helper(plan: &mut Plan<'_>) -> AccountId {
    plan.world
        .people
        .iter()
        .find(|person| person.department == "Service Desk")
        .map_or(AccountId(0), |person| person.account)
}

/// A person who is not at work today but somewhere else.
fn away(plan: &mut Plan<'_>) -> (PersonId, AccountId, u32) {
    let person = plan.office_worker();
    let place = plan.dice.pick(&TRAVEL);
    let there = address_in(place, 3_000 + plan.dice.below(9_000));
    let account = plan.world.person(person).account;
    plan.memory.away.insert(person);
    plan.with_user("account", account);
    plan.with_ip("source", there);
    (person, account, there)
}

/// A flight within Europe: at home in the morning, in another country in the afternoon.
fn traveller(plan: &mut Plan<'_>) {
    plan.harmless("account_takeover_travel", "somebody flies to another country and signs in there");
    let (person, account, there) = away(plan);
    let (home, device) = (plan.world.person(person).home, Device::Own(person));
    let morning = plan.day + 5 * HOUR + plan.dice.between(0, 1800) * SECOND;
    plan.entra(morning, account, home, 0, device);
    plan.entra(morning + 9 * HOUR, account, there, 0, device);
    plan.okta(morning + 10 * HOUR, account, Okta::SignIn { from: there, device, is_success: true });
}

/// Abroad, and minutes later seen under the office's own address, because the VPN ends there.
fn vpn_traveller(plan: &mut Plan<'_>) {
    plan.harmless(
        "account_takeover_travel",
        "somebody abroad connects by VPN and is seen under the office's address",
    );
    let (person, account, there) = away(plan);
    let (office, device) = (World::egress(0), Device::Own(person));
    plan.with_ip("source", office);
    let at = plan.day + 9 * HOUR + plan.dice.between(0, 3600) * SECOND;
    plan.entra(at, account, there, 0, device);
    let to = plan.world.host(plan.world.host_of(Role::VpnGateway)).address;
    let (sent, received, app) = (200_000, 900_000, "ipsec-esp-udp");
    let flow =
        Flow { from: there, to, port: 443, user: Some(account), sent, received, app, is_allowed: true };
    plan.act(at + 3 * MINUTE, Act::Flow(flow));
    plan.okta(at + 5 * MINUTE, account, Okta::SignIn { from: office, device, is_success: true });
    plan.okta(at + 9 * MINUTE, account, Okta::App { from: office, device, app: "mail" });
}

fn replacement(plan: &mut Plan<'_>) {
    plan.harmless("account_takeover_device", "a new machine, which the organisation manages");
    let person = plan.office_worker();
    let owner = plan.world.person(person);
    plan.with_user("account", owner.account);
    let (from, device) = (World::egress(owner.site), Device::Replacement(person));
    let at = plan.day + 10 * HOUR + plan.dice.between(0, 7200) * SECOND;
    plan.entra(at, owner.account, from, 0, device);
    plan.okta(at + 4 * MINUTE, owner.account, Okta::SignIn { from, device, is_success: true });
}

/// Nine failures, then the right one.
fn forgetful(plan: &mut Plan<'_>) {
    plan.harmless("brute_force", "somebody back from holiday mistypes nine times");
    let person = plan.office_worker();
    let world = plan.world;
    let (account, desk) = (world.person(person).account, world.person(person).workstation);
    let controller = world.host_of(Role::DomainController);
    let from = world.host(desk).address;
    plan.with_user("account", account);
    let mut at = plan.day + 8 * HOUR + plan.dice.between(0, 5400) * SECOND;
    for _ in 0..9 {
        plan.windows(at, controller, account, Windows::LogonFailed { from, kind: 3, is_known: true });
        at += plan.dice.between(12, 30) * SECOND;
    }
    let session = plan.session();
    plan.windows(at, controller, account, Windows::Logon { from, kind: 3, session });
}

/// Once a minute for an hour and a half: many in all, five in any five minutes.
fn stale_password(plan: &mut Plan<'_>) {
    plan.harmless("brute_force", "a service tries an old password once a minute");
    let account = plan.world.account_named("svc_web");
    let (host, from) =
        (plan.world.host_of(Role::FileServer), plan.world.host(plan.world.host_of(Role::AppServer)).address);
    plan.with_user("account", account);
    plan.with_ip("source", from);
    let begin = plan.day + 4 * HOUR;
    for minute in 0..90 {
        let at = begin + minute * MINUTE + plan.dice.between(0, 2) * SECOND;
        plan.windows(at, host, account, Windows::LogonFailed { from, kind: 3, is_known: true });
    }
}

fn mistyping_operator(plan: &mut Plan<'_>) {
    plan.harmless("brute_force", "an operator mistypes four times at the mainframe");
    let person = plan.somebody(|person| person.department == "Operations" && person.shift == Shift::Day);
    let world = plan.world;
    let (account, host) = (world.person(person).account, world.host_of(Role::IbmI));
    let from = world.host(world.person(person).workstation).address;
    plan.with_profile("account", account);
    let mut at = plan.day + 9 * HOUR + plan.dice.between(0, 3600) * SECOND;
    for _ in 0..4 {
        plan.act(at, Act::IbmI { host, account, what: IbmI::WrongPassword { from } });
        at += plan.dice.between(10, 30) * SECOND;
    }
    plan.act(at, Act::IbmI { host, account, what: IbmI::JobStarted { from } });
}

/// Twelve people fail once each at the same machine, over an hour.
fn kiosk(plan: &mut Plan<'_>) {
    plan.harmless("password_spraying", "people of a shift mistype at the same shared machine");
    let world = plan.world;
    let shared = plan.somebody(|person| person.department == "Operations");
    let host = world.person(shared).workstation;
    let controller = world.host_of(Role::DomainController);
    let from = world.host(host).address;
    plan.with_ip("source", from);
    let mut at = plan.day + 12 * HOUR + plan.dice.between(0, 1800) * SECOND;
    for _ in 0..12 {
        let person = plan.somebody(|_| true);
        let account = world.person(person).account;
        plan.windows(at, controller, account, Windows::LogonFailed { from, kind: 3, is_known: true });
        let session = plan.session();
        plan.windows(at + 14 * SECOND, controller, account, Windows::Logon { from, kind: 3, session });
        at += plan.dice.between(240, 360) * SECOND;
    }
}

/// A visitor's account for most of a day.
fn contractor(plan: &mut Plan<'_>) {
    plan.harmless("short_lived_account", "a visitor's account is deleted in the evening");
    let (by, target, controller) =
        (desk_helper(plan), plan.planted(), plan.world.host_of(Role::DomainController));
    plan.with_user("account", target);
    let at = plan.day + 9 * HOUR + plan.dice.between(0, 3600) * SECOND;
    plan.windows(at, controller, by, Windows::Created { target });
    plan.windows(at + 6 * HOUR, controller, by, Windows::Deleted { target });
}

/// HR enters today what takes effect in two weeks.
fn future_leaver(plan: &mut Plan<'_>) {
    plan.harmless("login_after_offboarding", "somebody goes on working until a termination takes effect");
    let (by, person) = (hr(plan), plan.office_worker());
    let owner = plan.world.person(person);
    plan.with_user("account", owner.account);
    let (process, status) = ("Terminate Employee", "Active");
    let at = plan.day + 9 * HOUR + plan.dice.between(0, 3600) * SECOND;
    plan.act(at, Act::Governance { by, what: Governance::Worker { person, process, status, in_days: 14 } });
    let (from, device) = (World::egress(owner.site), Device::Own(person));
    plan.okta(at + 2 * HOUR, owner.account, Okta::SignIn { from, device, is_success: true });
}

/// Terminated, and refused: nobody got in.
fn refused_leaver(plan: &mut Plan<'_>) {
    plan.harmless("login_after_offboarding", "somebody who was terminated tries to sign in and is refused");
    let (by, person) = (hr(plan), plan.somebody(|person| person.department == "Sales"));
    let owner = plan.world.person(person);
    plan.with_user("account", owner.account);
    let at = plan.day + 12 * HOUR + plan.dice.between(0, 3600) * SECOND;
    let (process, status) = ("Terminate Employee", "Terminated");
    plan.act(at, Act::Governance { by, what: Governance::Worker { person, process, status, in_days: 0 } });
    plan.memory.left.insert(person, at);
    for attempt in 1..3 {
        let later = at + attempt * 70 * MINUTE;
        plan.entra(later, owner.account, owner.home, 50_057, Device::Own(person));
    }
}

/// Three accounts in a quarter of an hour, and a fourth much later.
fn few_lockouts(plan: &mut Plan<'_>) {
    plan.harmless("multiple_lockouts", "three people of one floor lock themselves out");
    let world = plan.world;
    let (controller, by) = (world.host_of(Role::DomainController), desk_helper(plan));
    let mut at = plan.day + 8 * HOUR + plan.dice.between(0, 1800) * SECOND;
    for position in 0..4 {
        let person = plan.office_worker();
        let (account, caller) = (world.person(person).account, world.person(person).workstation);
        let from = world.host(caller).address;
        plan.with_user("account", account);
        for _ in 0..4 {
            plan.windows(at, caller, account, Windows::LogonFailed { from, kind: 2, is_known: true });
            at += 9 * SECOND;
        }
        plan.windows(at, controller, account, Windows::Locked { caller });
        plan.windows(at + 25 * MINUTE, controller, by, Windows::Unlocked { target: account });
        at += if position == 2 { 2 * HOUR } else { 4 * MINUTE };
    }
}

/// An ordinary account, without a reset or an attempt before.
fn ordinary_lockout(plan: &mut Plan<'_>) {
    plan.harmless("suspicious_lockout", "an ordinary account is locked, its password reset afterwards");
    let (by, person) = (desk_helper(plan), plan.office_worker());
    let world = plan.world;
    let (account, caller) = (world.person(person).account, world.person(person).workstation);
    let controller = world.host_of(Role::DomainController);
    plan.with_user("account", account);
    let at = plan.day + 14 * HOUR + plan.dice.between(0, 3600) * SECOND;
    plan.okta(at - MINUTE, account, Okta::Locked { from: World::egress(world.person(person).site) });
    plan.windows(at, controller, account, Windows::Locked { caller });
    plan.windows(at + 8 * MINUTE, controller, by, Windows::Reset { target: account });
    plan.windows(at + 9 * MINUTE, controller, by, Windows::Unlocked { target: account });
}

/// Asked for, approved, and used an hour later.
fn just_approved(plan: &mut Plan<'_>) {
    plan.harmless("entitlement_without_approval", "somebody new to it was approved an hour before");
    let person = plan.somebody(|person| !person.has_database && person.department == "Finance");
    let world = plan.world;
    let (target, by) = (world.person(person).account, hr(plan));
    plan.memory.approved.insert(target);
    let from = world.host(world.person(person).workstation).address;
    plan.with_user("account", target);
    plan.with_application("target", PAYROLL);
    let at = plan.day + 9 * HOUR + plan.dice.between(0, 3600) * SECOND;
    let (application, entitlement) = (PAYROLL, PAYROLL_READ);
    let requested = Governance::Requested { target, application, entitlement };
    plan.act(at, Act::Governance { by: target, what: requested });
    let approved = Governance::Approved { target, application, entitlement };
    plan.act(at + 20 * MINUTE, Act::Governance { by, what: approved });
    let later = at + 80 * MINUTE;
    plan.act(later, Act::Database { account: target, from, database: PAYROLL, is_success: true });
    let (action, object) = ("select", "payroll.journal");
    plan.act(
        later + MINUTE,
        Act::Query(Query { user: target, from, application: PAYROLL, action, object, rows: 61 }),
    );
}

/// An administrator with a key over the jump host, three servers in two hours.
fn tour(plan: &mut Plan<'_>) {
    plan.harmless("lateral_movement", "an administrator goes through three servers over the jump host");
    let (person, admin) = plan.administrator();
    let world = plan.world;
    let jump = world.host_of(Role::JumpHost);
    let (desk, from) = (world.host(world.person(person).workstation).address, world.host(jump).address);
    plan.with_user("account", admin);
    let mut at = plan.day + 11 * HOUR + plan.dice.between(0, 1800) * SECOND;
    shell(plan, at, jump, admin, desk, 0);
    for host in world.hosts_of(Role::WebServer).into_iter().take(3) {
        at += plan.dice.between(20, 35) * MINUTE;
        shell(plan, at, host, admin, from, 1);
    }
}

/// Large, once, to where marketing always sends films.
fn film(plan: &mut Plan<'_>) {
    plan.harmless("exfiltration", "marketing uploads a film to the usual place");
    let person = plan.somebody(|person| person.department == "Marketing");
    let world = plan.world;
    let (user, desk) = (world.person(person).account, world.person(person).workstation);
    plan.with_user("account", user);
    let (from, to) = (world.host(desk).address, u32::from_be_bytes([203, 0, 113, 38]));
    let at = plan.day + 13 * HOUR + plan.dice.between(0, 3600) * SECOND;
    plan.act(at - 10 * MINUTE, Act::Name { from, domain: "cdn.example.com" });
    let (sent, received) = (450_000_000, 800_000);
    let flow = Flow { from, to, port: 443, user: Some(user), sent, received, app: "ssl", is_allowed: true };
    plan.act(at, Act::Flow(flow));
}

/// A new colleague: hired, given an account, put into the groups of the department by an administrator.
fn newcomer(plan: &mut Plan<'_>) {
    if weekday(plan.day) >= 5 {
        return;
    }
    plan.harmless("privilege_escalation", "an administrator gives a new colleague an account and its groups");
    let ((_, admin), target, by) = (plan.administrator(), plan.newcomer(), hr(plan));
    let controller = plan.world.host_of(Role::DomainController);
    plan.with_user("account", target);
    plan.with_user("administrator", admin);
    let at = plan.day + 10 * HOUR + plan.dice.between(0, 3600) * SECOND;
    plan.act(at, Act::Governance { by, what: Governance::Hired { account: target } });
    plan.windows(at + HOUR, controller, admin, Windows::Created { target });
    let member = Windows::Member { target, group: "Platform Team" };
    plan.windows(at + HOUR + 40 * SECOND, controller, admin, member);
    plan.windows(at + HOUR + MINUTE, controller, admin, Windows::Reset { target });
    let (from, session) = (plan.world.host(plan.world.host_of(Role::AppServer)).address, plan.session());
    plan.windows(at + 2 * HOUR, controller, target, Windows::Logon { from, kind: 3, session });
}

/// The end of the quarter keeps somebody until ten.
fn late_worker(plan: &mut Plan<'_>) {
    plan.harmless("insider", "somebody works late with the data that is theirs");
    let person = plan.somebody(|person| person.has_database && person.site < 3);
    let world = plan.world;
    let (account, desk) = (world.person(person).account, world.person(person).workstation);
    let from = world.host(desk).address;
    plan.with_user("account", account);
    let at = plan.day + 20 * HOUR + plan.dice.between(0, 3600) * SECOND;
    let session = plan.session();
    plan.windows(at, desk, account, Windows::Logon { from: 0, kind: 2, session });
    plan.act(at + 2 * MINUTE, Act::Database { account, from, database: PAYROLL, is_success: true });
    let (action, object) = ("select", "payroll.journal");
    for minute in [4, 11, 19] {
        let rows = 90 + plan.dice.below(150);
        let query = Query { user: account, from, application: PAYROLL, action, object, rows };
        plan.act(at + minute * MINUTE, Act::Query(query));
    }
    plan.windows(at + HOUR, desk, account, Windows::Logoff { kind: 2, session });
}
