//! Access that nobody approved or certified.

use crate::acts::{Act, Query};
use crate::life::routine::PAYROLL;
use crate::moment::{MINUTE, Micros, SECOND};
use crate::plan::Plan;
use crate::world::{AccountId, Person, Role};

fn unapproved(plan: &mut Plan<'_>) -> (AccountId, u32, Micros) {
    plan.attack(
        "entitlement_without_approval",
        "somebody without a current certified entitlement reads payroll data",
        &["T1078", "T1213"],
    );
    let approved = plan.memory.approved.clone();
    let is_unapproved = |person: &Person| !person.has_database && !approved.contains(&person.account);
    let person = plan.somebody(|person| is_unapproved(person) && person.admin.is_none() && person.site < 3);
    let (world, at) = (plan.world, plan.day + plan.dice.between(8 * 3600, 18 * 3600) * SECOND);
    let (account, desk) = (world.person(person).account, world.person(person).workstation);
    plan.with_user("attacker", account);
    plan.with_application("target", PAYROLL);
    plan.with_host("target", world.host_of(Role::Database));
    plan.with_ip("source", world.host(desk).address);
    (account, world.host(desk).address, at)
}

fn read(plan: &mut Plan<'_>, user: AccountId, from: u32, begin: Micros) {
    let mut at = begin;
    for object in ["payroll.employees", "payroll.salaries", "payroll.salaries"] {
        at += plan.dice.between(20, 200) * SECOND;
        let rows = 30 + plan.dice.below(200);
        plan.act(at, Act::Query(Query { user, from, application: PAYROLL, action: "select", object, rows }));
    }
}

pub(super) fn database(plan: &mut Plan<'_>) {
    let (account, from, at) = unapproved(plan);
    plan.act(at, Act::Database { account, from, database: PAYROLL, is_success: true });
    read(plan, account, from, at);
}

/// Over the application, without a connection of one's own.
pub(super) fn application(plan: &mut Plan<'_>) {
    let (account, from, at) = unapproved(plan);
    let login =
        Query { user: account, from, application: PAYROLL, action: "login", object: "session", rows: 0 };
    plan.act(at, Act::Query(login));
    read(plan, account, from, at + MINUTE);
}
