//! Passwords guessed: brute force, spraying, and the lockouts that come of it.

use crate::acts::{Act, Device, IbmI, Linux, Okta, Windows};
use crate::moment::{HOUR, Micros, SECOND};
use crate::plan::Plan;
use crate::world::{AccountId, HostId, Role, Shift};

/// How many failures, with at most [`BRUTE_GAP_SECONDS`] between them: fifteen fit into five minutes threefold.
const BRUTE_FAILURES: (i64, i64) = (24, 45);
const BRUTE_GAP_SECONDS: i64 = 6;
/// Accounts that are sprayed, with at most so long between two: twenty fit into ten minutes twice.
const SPRAYED: usize = 30;
const SPRAY_GAP_SECONDS: i64 = 14;

fn brute(plan: &mut Plan<'_>) -> Micros {
    plan.attack("brute_force", "one account's password is guessed from one source", &["T1110", "T1110.001"]);
    plan.day + plan.dice.between(2 * 3600, 20 * 3600) * SECOND
}

/// The times of the guesses.
fn guesses(plan: &mut Plan<'_>, begin: Micros) -> Vec<Micros> {
    let count = plan.dice.between(BRUTE_FAILURES.0, BRUTE_FAILURES.1);
    let mut at = begin;
    (0..count)
        .map(|_| {
            at += plan.dice.between(1, BRUTE_GAP_SECONDS) * SECOND;
            at
        })
        .collect()
}

pub(super) fn brute_ssh(plan: &mut Plan<'_>) {
    let begin = brute(plan);
    let (host, from, root) = (plan.host(Role::WebServer), plan.rented_address(), AccountId(0));
    plan.with_user("target", root);
    plan.with_ip("attacker", from);
    plan.with_host("target", host);
    for at in guesses(plan, begin) {
        plan.linux(at, host, root, Linux::Failed { from, is_known: true });
    }
}

pub(super) fn brute_windows(plan: &mut Plan<'_>) {
    let begin = brute(plan);
    let (victim, attacker) = (plan.office_worker(), plan.office_worker());
    let world = plan.world;
    let (account, source) = (world.person(victim).account, world.person(attacker).workstation);
    let (host, from) = (plan.host(Role::FileServer), world.host(source).address);
    plan.with_user("target", account);
    plan.with_ip("attacker", from);
    plan.with_host("target", host);
    plan.with_host("source", source);
    let guesses = guesses(plan, begin);
    for at in &guesses {
        plan.windows(*at, host, account, Windows::LogonFailed { from, kind: 3, is_known: true });
    }
    // This one is guessed in the end.
    let (session, after) = (plan.session(), guesses.last().copied().unwrap_or(begin) + 4 * SECOND);
    plan.windows(after, host, account, Windows::Logon { from, kind: 3, session });
}

pub(super) fn brute_entra(plan: &mut Plan<'_>) {
    let begin = brute(plan);
    let (victim, from) = (plan.office_worker(), plan.rented_address());
    let account = plan.world.person(victim).account;
    plan.with_user("target", account);
    plan.with_ip("attacker", from);
    for at in guesses(plan, begin) {
        plan.entra(at, account, from, 50_126, Device::Unmanaged);
    }
}

pub(super) fn brute_ibm_i(plan: &mut Plan<'_>) {
    let begin = brute(plan);
    let (victim, attacker) =
        (plan.somebody(|person| person.department == "Operations"), plan.office_worker());
    let world = plan.world;
    let (account, host) = (world.person(victim).account, world.host_of(Role::IbmI));
    let from = world.host(world.person(attacker).workstation).address;
    plan.with_profile("target", account);
    plan.with_ip("attacker", from);
    plan.with_host("target", host);
    for at in guesses(plan, begin) {
        plan.act(at, Act::IbmI { host, account, what: IbmI::WrongPassword { from } });
    }
}

fn spray(plan: &mut Plan<'_>) -> Micros {
    plan.attack(
        "password_spraying",
        "a few passwords are tried on many accounts from one source",
        &["T1110", "T1110.003"],
    );
    plan.day + plan.dice.between(3600, 21 * 3600) * SECOND
}

/// Who is sprayed, and when.
fn sprayed(plan: &mut Plan<'_>, begin: Micros, accounts: &[AccountId]) -> Vec<(Micros, AccountId)> {
    let mut at = begin;
    plan.dice
        .sample(accounts, SPRAYED)
        .into_iter()
        .map(|account| {
            at += plan.dice.between(3, SPRAY_GAP_SECONDS) * SECOND;
            (at, account)
        })
        .collect()
}

fn everyone(plan: &Plan<'_>) -> Vec<AccountId> {
    plan.world.people.iter().map(|person| person.account).collect()
}

pub(super) fn spray_entra(plan: &mut Plan<'_>) {
    let (begin, from) = (spray(plan), plan.rented_address());
    plan.with_ip("attacker", from);
    for (at, account) in sprayed(plan, begin, &everyone(plan)) {
        plan.entra(at, account, from, 50_126, Device::Unmanaged);
    }
}

pub(super) fn spray_okta(plan: &mut Plan<'_>) {
    let (begin, from) = (spray(plan), plan.rented_address());
    plan.with_ip("attacker", from);
    for (at, account) in sprayed(plan, begin, &everyone(plan)) {
        plan.okta(at, account, Okta::SignIn { from, device: Device::Unmanaged, is_success: false });
    }
}

pub(super) fn spray_windows(plan: &mut Plan<'_>) {
    let begin = spray(plan);
    let attacker = plan.office_worker();
    let source = plan.world.person(attacker).workstation;
    let (from, host) = (plan.world.host(source).address, plan.world.host_of(Role::DomainController));
    plan.with_ip("attacker", from);
    plan.with_host("source", source);
    for (at, account) in sprayed(plan, begin, &everyone(plan)) {
        plan.windows(at, host, account, Windows::LogonFailed { from, kind: 3, is_known: true });
    }
}

pub(super) fn spray_ssh(plan: &mut Plan<'_>) {
    let (begin, from, host) = (spray(plan), plan.rented_address(), plan.host(Role::WebServer));
    plan.with_ip("attacker", from);
    plan.with_host("target", host);
    for (at, account) in sprayed(plan, begin, &plan.world.guessed) {
        plan.linux(at, host, account, Linux::Failed { from, is_known: false });
    }
}

/// The attempts came from machines of one network, and lock account after account.
pub(super) fn lockouts(plan: &mut Plan<'_>) {
    plan.attack(
        "multiple_lockouts",
        "account after account of one segment is locked by wrong passwords",
        &["T1110", "T1531"],
    );
    let world = plan.world;
    let is_fit = |site: usize| {
        move |person: &crate::world::Person| {
            person.site == site && person.admin.is_none() && person.shift == Shift::Day
        }
    };
    let controller = world.host_of(Role::DomainController);
    let first = plan.somebody(is_fit(0));
    let caller: HostId = world.person(first).workstation;
    let from = world.host(caller).address;
    plan.with_host("source", caller);
    plan.with_ip("attacker", from);
    let mut at = plan.day + 10 * HOUR + plan.dice.between(0, 4 * 3600) * SECOND;
    for _ in 0..plan.dice.between(6, 8) {
        let victim = plan.somebody(is_fit(0));
        let account = world.person(victim).account;
        plan.with_user("victim", account);
        for _ in 0..2 {
            at += plan.dice.between(5, 20) * SECOND;
            plan.windows(at, controller, account, Windows::LogonFailed { from, kind: 3, is_known: true });
        }
        at += plan.dice.between(2, 20) * SECOND;
        plan.windows(at, controller, account, Windows::Locked { caller });
    }
}
