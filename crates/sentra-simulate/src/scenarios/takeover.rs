//! Accounts taken over.

use crate::acts::{Device, Okta};
use crate::moment::{HOUR, MINUTE, Micros, SECOND};
use crate::plan::Plan;
use crate::world::places::address_in;
use crate::world::{AccountId, PersonId, World};

const APPS: [&str; 4] = ["mail", "expenses", "payroll", "wiki"];

/// A victim, its account, and a time in the working day.
fn victim(plan: &mut Plan<'_>) -> (PersonId, AccountId, Micros) {
    let person = plan.office_worker();
    let at = plan.day + 9 * HOUR + plan.dice.between(0, 5 * 3600) * SECOND;
    (person, plan.world.person(person).account, at)
}

fn travel(plan: &mut Plan<'_>) -> (PersonId, AccountId, Micros, [u32; 2]) {
    plan.attack(
        "account_takeover_travel",
        "a stolen password is used from another continent shortly after its owner signed in",
        &["T1078", "T1078.004"],
    );
    let (person, account, at) = victim(plan);
    let (home, far) = (World::egress(plan.world.person(person).site), plan.far_address());
    plan.with_user("victim", account);
    plan.with_ip("attacker", far);
    (person, account, at, [home, far])
}

pub(super) fn travel_entra(plan: &mut Plan<'_>) {
    let (person, account, at, [home, far]) = travel(plan);
    plan.entra(at, account, home, 0, Device::Own(person));
    let later = at + plan.dice.between(15, 50) * MINUTE;
    plan.entra(later, account, far, 0, Device::Unmanaged);
    plan.entra(later + 90 * SECOND, account, far, 0, Device::Unmanaged);
}

pub(super) fn travel_okta(plan: &mut Plan<'_>) {
    let (person, account, at, [home, far]) = travel(plan);
    plan.okta(at, account, Okta::SignIn { from: home, device: Device::Own(person), is_success: true });
    let mut later = at + plan.dice.between(15, 50) * MINUTE;
    plan.okta(later, account, Okta::SignIn { from: far, device: Device::Unmanaged, is_success: true });
    for app in APPS {
        later += plan.dice.between(10, 120) * SECOND;
        plan.okta(later, account, Okta::App { from: far, device: Device::Unmanaged, app });
    }
}

fn device(plan: &mut Plan<'_>) -> (PersonId, AccountId, Micros, u32) {
    plan.attack(
        "account_takeover_device",
        "an account signs in from a machine that nobody manages and opens application after application",
        &["T1078", "T1078.004"],
    );
    let (person, account, at) = victim(plan);
    // In the victim's own town: it is the machine that gives it away.
    let from = address_in(plan.world.person(person).site, 40_000 + plan.dice.below(9_000));
    plan.with_user("victim", account);
    plan.with_ip("attacker", from);
    (person, account, at, from)
}

pub(super) fn device_entra(plan: &mut Plan<'_>) {
    let (_, account, at, from) = device(plan);
    for attempt in 0..3 {
        plan.entra(at + attempt * 2 * MINUTE, account, from, 0, Device::Unmanaged);
    }
}

pub(super) fn device_okta(plan: &mut Plan<'_>) {
    let (_, account, mut at, from) = device(plan);
    plan.okta(at, account, Okta::SignIn { from, device: Device::Unmanaged, is_success: true });
    for app in APPS {
        at += plan.dice.between(10, 120) * SECOND;
        plan.okta(at, account, Okta::App { from, device: Device::Unmanaged, app });
    }
}
