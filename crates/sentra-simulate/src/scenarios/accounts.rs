//! Accounts that come and go, that outlive their owners, that are locked at the wrong moment.

use crate::acts::{Act, Device, Governance, IbmI, Linux, Okta, Windows};
use crate::moment::{HOUR, MINUTE, Micros, SECOND};
use crate::plan::Plan;
use crate::world::{AccountId, PersonId, Role, inside};

fn short_lived(plan: &mut Plan<'_>) -> Micros {
    plan.attack(
        "short_lived_account",
        "an account is created, used and deleted within two hours",
        &["T1136", "T1070"],
    );
    plan.day + plan.dice.between(3600, 20 * 3600) * SECOND
}

/// Until the account is deleted: from a quarter of an hour to an hour and a half.
fn lifetime(plan: &mut Plan<'_>) -> Micros {
    plan.dice.between(15 * 60, 90 * 60) * SECOND
}

pub(super) fn short_windows(plan: &mut Plan<'_>) {
    let begin = short_lived(plan);
    let ((_, admin), target) = (plan.administrator(), plan.planted());
    let world = plan.world;
    let (controller, server) = (world.host_of(Role::DomainController), plan.host(Role::AppServer));
    plan.with_user("attacker", admin);
    plan.with_user("account", target);
    plan.with_host("target", controller);
    let (from, session, end) = (world.host(server).address, plan.session(), begin + lifetime(plan));
    plan.windows(begin, controller, admin, Windows::Created { target });
    plan.windows(begin + 20 * SECOND, controller, admin, Windows::Member { target, group: "Domain Admins" });
    plan.windows(begin + 3 * MINUTE, server, target, Windows::Logon { from, kind: 3, session });
    plan.windows(begin + 3 * MINUTE + 1000, server, target, Windows::Special { session });
    plan.windows(begin + 9 * MINUTE, server, target, Windows::Logoff { kind: 3, session });
    plan.windows(end, controller, admin, Windows::Deleted { target });
}

pub(super) fn short_linux(plan: &mut Plan<'_>) {
    let begin = short_lived(plan);
    let ((_, admin), target) = (plan.administrator(), plan.planted());
    let (host, jump) = (plan.host(Role::WebServer), plan.world.host_of(Role::JumpHost));
    let from = plan.world.host(jump).address;
    plan.with_user("attacker", admin);
    plan.with_user("account", target);
    plan.with_host("target", host);
    let (add, delete) = ("/usr/sbin/useradd -m -s /bin/bash", "/usr/sbin/userdel -r");
    let end = begin + lifetime(plan);
    plan.linux(begin, host, admin, Linux::Sudo { command: add });
    plan.linux(begin + 200_000, host, AccountId(0), Linux::UserAdded { target });
    plan.linux(begin + 2 * MINUTE, host, target, Linux::Accepted { from, is_key: false });
    plan.linux(begin + 8 * MINUTE, host, target, Linux::Closed);
    plan.linux(end, host, admin, Linux::Sudo { command: delete });
    plan.linux(end + 200_000, host, AccountId(0), Linux::UserDeleted { target });
}

pub(super) fn short_ibm_i(plan: &mut Plan<'_>) {
    let begin = short_lived(plan);
    let (person, target) = (plan.somebody(|person| person.department == "Operations"), plan.planted());
    let world = plan.world;
    let (host, account) = (world.host_of(Role::IbmI), world.person(person).account);
    let from = world.host(world.person(person).workstation).address;
    plan.with_profile("attacker", account);
    plan.with_profile("account", target);
    plan.with_host("target", host);
    let end = begin + lifetime(plan);
    let created = IbmI::ProfileCreated { target, is_special: true };
    plan.act(begin, Act::IbmI { host, account, what: created });
    plan.act(begin + 2 * MINUTE, Act::IbmI { host, account: target, what: IbmI::JobStarted { from } });
    plan.act(begin + 10 * MINUTE, Act::IbmI { host, account: target, what: IbmI::JobEnded { from } });
    plan.act(end, Act::IbmI { host, account, what: IbmI::ProfileDeleted { target } });
}

/// HR ends the contract of `person`, who does nothing of what they usually do from then on.
fn terminate(plan: &mut Plan<'_>, person: PersonId, at: Micros) {
    plan.attack(
        "login_after_offboarding",
        "an account signs in after HR has terminated its owner",
        &["T1078"],
    );
    let by = plan.somebody(|person| person.department == "Human Resources");
    let by = plan.world.person(by).account;
    plan.with_user("attacker", plan.world.person(person).account);
    let (process, status) = ("Terminate Employee", "Terminated");
    plan.act(at, Act::Governance { by, what: Governance::Worker { person, process, status, in_days: 0 } });
    plan.memory.left.insert(person, at);
}

pub(super) fn offboarded_okta(plan: &mut Plan<'_>) {
    let person = plan.office_worker();
    let (at, owner) = (plan.day + 13 * HOUR + plan.dice.between(0, 3600) * SECOND, plan.world.person(person));
    terminate(plan, person, at);
    let (from, device) = (owner.home, Device::Own(person));
    plan.with_ip("source", from);
    let mut later = at + plan.dice.between(3600, 5 * 3600) * SECOND;
    plan.okta(later, owner.account, Okta::SignIn { from, device, is_success: true });
    for app in ["mail", "wiki"] {
        later += plan.dice.between(20, 200) * SECOND;
        plan.okta(later, owner.account, Okta::App { from, device, app });
    }
}

pub(super) fn offboarded_ssh(plan: &mut Plan<'_>) {
    let person = plan.somebody(|person| person.department == "Engineering");
    let account = plan.world.person(person).account;
    let at = plan.day + 11 * HOUR + plan.dice.between(0, 3600) * SECOND;
    terminate(plan, person, at);
    let (host, from) = (plan.host(Role::WebServer), inside(30, 0, 44));
    plan.with_host("target", host);
    plan.with_ip("source", from);
    let later = at + plan.dice.between(3600, 6 * 3600) * SECOND;
    plan.linux(later, host, account, Linux::Accepted { from, is_key: true });
    plan.linux(later + 50_000, host, account, Linux::Opened);
    plan.linux(later + 14 * MINUTE, host, account, Linux::Closed);
}

pub(super) fn locked_after_reset(plan: &mut Plan<'_>) {
    plan.attack(
        "suspicious_lockout",
        "an administrator's password is reset and the account locked minutes later",
        &["T1531", "T1098"],
    );
    let ((_, target), helper) =
        (plan.administrator(), plan.somebody(|person| person.department == "Service Desk"));
    let world = plan.world;
    let (controller, by) = (world.host_of(Role::DomainController), world.person(helper).account);
    let caller = world.person(helper).workstation;
    plan.with_user("victim", target);
    plan.with_user("attacker", by);
    plan.with_host("source", caller);
    let at = plan.day + plan.dice.between(8 * 3600, 19 * 3600) * SECOND;
    plan.windows(at, controller, by, Windows::Reset { target });
    let from = world.host(caller).address;
    let mut later = at + plan.dice.between(2, 9) * MINUTE;
    for _ in 0..4 {
        later += 7 * SECOND;
        plan.windows(later, controller, target, Windows::LogonFailed { from, kind: 3, is_known: true });
    }
    plan.windows(later + SECOND, controller, target, Windows::Locked { caller });
}

pub(super) fn locked_after_escalation(plan: &mut Plan<'_>) {
    plan.attack(
        "suspicious_lockout",
        "an administrator's account tries to gain rights it has not and is locked",
        &["T1548", "T1531"],
    );
    let (person, account) = plan.administrator();
    let (host, world) = (plan.world.host_of(Role::Database), plan.world);
    let from = world.host(world.person(person).workstation).address;
    plan.with_user("victim", account);
    plan.with_host("target", host);
    let mut at = plan.day + plan.dice.between(8 * 3600, 19 * 3600) * SECOND;
    plan.linux(at, host, account, Linux::Accepted { from, is_key: false });
    for command in ["/bin/bash", "/usr/bin/cat /etc/shadow", "/usr/sbin/visudo"] {
        at += plan.dice.between(20, 80) * SECOND;
        plan.linux(at, host, account, Linux::SudoRefused { command });
    }
    plan.linux(at + 5 * MINUTE, host, AccountId(0), Linux::Locked { target: account });
}
