//! Whole intrusions: ransomware, an insider, a mainframe.

use super::movement::{carry_out, spread};
use crate::acts::{Act, Flow, IbmI, Mainframe, Query, Web, Windows};
use crate::life::routine::PAYROLL;
use crate::moment::{HOUR, MINUTE, Micros, SECOND};
use crate::plan::Plan;
use crate::programs;
use crate::world::{AccountId, HostId, Role};

const LURE: &str = "invoice-portal.example.org";
const CONTROL: &str = "cdn-telemetry.example.org";

pub(super) fn ransomware(plan: &mut Plan<'_>) {
    plan.attack(
        "ransomware",
        "a macro in a mail, discovery, credentials, lateral movement, backups deleted, files encrypted",
        &["T1566.001", "T1204.002", "T1059.001", "T1087.002", "T1003.001", "T1021.002", "T1490", "T1486"],
    );
    let person = plan.office_worker();
    let (account, desk) = (plan.world.person(person).account, plan.world.person(person).workstation);
    plan.with_user("victim", account);
    plan.with_host("source", desk);
    let begin = plan.day + plan.dice.between(8 * 3600, 12 * 3600) * SECOND;
    let inside = foothold(plan, begin, account, desk);
    let (_, admin) = plan.administrator();
    plan.with_user("account", admin);
    // The administrator's password was in the memory of the workstation.
    let spread_end = spread(plan, inside + 20 * MINUTE, admin, desk);
    encrypt(plan, spread_end + 25 * MINUTE, admin);
}

fn foothold(plan: &mut Plan<'_>, begin: Micros, account: AccountId, desk: HostId) -> Micros {
    let (from, server) = (plan.world.host(desk).address, plan.rented_address());
    plan.with_ip("attacker", server);
    plan.with_domain("attacker", CONTROL);
    plan.act(begin, Act::Name { from, domain: LURE });
    let lure = Web { from, user: account, domain: LURE, address: server, is_upload: false, bytes: 348_201 };
    plan.act(begin + SECOND, Act::Web(lure));
    plan.windows(begin + 40 * SECOND, desk, account, Windows::Started(&programs::WORD));
    plan.windows(begin + 55 * SECOND, desk, account, Windows::Started(&programs::MACRO));
    plan.windows(begin + 55 * SECOND + 700, desk, account, Windows::Process(&programs::MACRO));
    let connected = Windows::Connected { image: programs::MACRO.image, to: server, port: 443 };
    plan.windows(begin + MINUTE, desk, account, connected);
    plan.act(begin + MINUTE, Act::Name { from, domain: CONTROL });
    let mut at = begin + 12 * MINUTE;
    for program in [
        &programs::WHOAMI,
        &programs::SYSTEMINFO,
        &programs::NET_GROUP,
        &programs::NLTEST,
        &programs::NET_VIEW,
    ] {
        at += plan.dice.between(8, 60) * SECOND;
        plan.windows(at, desk, account, Windows::Started(program));
        plan.windows(at + 700, desk, account, Windows::Process(program));
    }
    at += plan.dice.between(10, 25) * MINUTE;
    plan.windows(at, desk, account, Windows::Started(&programs::PROCDUMP));
    plan.windows(at + 700, desk, account, Windows::Process(&programs::PROCDUMP));
    plan.windows(at + SECOND, desk, account, Windows::ReadLsass { image: programs::PROCDUMP.image });
    at
}

fn encrypt(plan: &mut Plan<'_>, begin: Micros, admin: AccountId) {
    let world = plan.world;
    let mut at = begin;
    for host in world.hosts_of(Role::FileServer).into_iter().chain([world.host_of(Role::Backup)]) {
        plan.with_host("target", host);
        for program in [&programs::VSSADMIN, &programs::WBADMIN, &programs::BCDEDIT] {
            at += plan.dice.between(2, 9) * SECOND;
            plan.windows(at, host, admin, Windows::Started(program));
            plan.windows(at + 700, host, admin, Windows::Process(program));
        }
        plan.windows(at + 20 * SECOND, host, admin, Windows::Started(&programs::ENCRYPTOR));
        for file in [
            r"D:\teams\plans\READ_ME_NOW.txt",
            r"D:\teams\finance\READ_ME_NOW.txt",
            r"D:\teams\finance\2026.xlsx.locked",
            r"D:\teams\sales\offers.docx.locked",
            r"D:\teams\sales\READ_ME_NOW.txt",
        ] {
            at += plan.dice.between(10, 40) * SECOND;
            plan.windows(at, host, admin, Windows::FileCreated { image: programs::ENCRYPTOR.image, file });
        }
        plan.windows(at + MINUTE, host, admin, Windows::LogCleared);
    }
}

/// At night, as nobody of the department works, somebody who may read payroll reads all of it.
pub(super) fn insider(plan: &mut Plan<'_>) {
    plan.attack(
        "insider",
        "somebody reads at night what they never read before, packs it and takes it along",
        &["T1078", "T1213", "T1560.001", "T1567.002", "T1070"],
    );
    let person = plan.somebody(|person| person.has_database && person.site < 3);
    let world = plan.world;
    let (account, desk) = (world.person(person).account, world.person(person).workstation);
    let from = world.host(desk).address;
    plan.with_user("attacker", account);
    plan.with_host("source", desk);
    plan.with_application("target", PAYROLL);
    let begin = plan.day + 20 * HOUR + plan.dice.between(0, 1800) * SECOND;
    let session = plan.session();
    plan.windows(begin, desk, account, Windows::Logon { from: 0, kind: 2, session });
    plan.act(begin + MINUTE, Act::Database { account, from, database: PAYROLL, is_success: true });
    let mut at = begin + 2 * MINUTE;
    for object in ["payroll.salaries", "payroll.employees", "payroll.bank_accounts", "payroll.journal"] {
        let rows = 40_000 + plan.dice.below(60_000);
        let query = Query { user: account, from, application: PAYROLL, action: "export", object, rows };
        plan.act(at, Act::Query(query));
        at += plan.dice.between(60, 200) * SECOND;
    }
    carry_out(plan, at, account, desk);
    plan.windows(at + 100 * MINUTE, desk, account, Windows::LogCleared);
    plan.windows(at + 105 * MINUTE, desk, account, Windows::Logoff { kind: 2, session });
}

pub(super) fn mainframe(plan: &mut Plan<'_>) {
    plan.attack(
        "mainframe_intrusion",
        "a profile is guessed on IBM i and z/OS, given every right, and data sets are dumped",
        &["T1110.001", "T1078", "T1136.001", "T1098", "T1562", "T1005"],
    );
    let (victim, attacker) =
        (plan.somebody(|person| person.department == "Operations"), plan.office_worker());
    let world = plan.world;
    let (account, desk) = (world.person(victim).account, world.person(attacker).workstation);
    let (from, added) = (world.host(desk).address, plan.planted());
    plan.with_profile("victim", account);
    plan.with_profile("account", added);
    plan.with_host("source", desk);
    plan.with_ip("attacker", from);
    let begin = plan.day + plan.dice.between(19 * 3600, 20 * 3600) * SECOND;
    let at = ibm_i(plan, begin, account, from, added);
    zos(plan, at + 6 * MINUTE, account, from, added);
}

fn ibm_i(plan: &mut Plan<'_>, begin: Micros, account: AccountId, from: u32, added: AccountId) -> Micros {
    let host = plan.world.host_of(Role::IbmI);
    plan.with_host("target", host);
    let mut at = begin;
    let entry = |plan: &mut Plan<'_>, at, account, what| {
        plan.act(at, Act::IbmI { host, account, what });
    };
    for _ in 0..18 {
        at += plan.dice.between(3, 9) * SECOND;
        entry(plan, at, account, IbmI::WrongPassword { from });
    }
    entry(plan, at + 10 * SECOND, account, IbmI::JobStarted { from });
    at += 4 * MINUTE;
    for object in ["PAYMAST", "CUSTMAST"] {
        at += 30 * SECOND;
        entry(plan, at, account, IbmI::Refused { object, library: "PAYLIB" });
    }
    entry(plan, at + MINUTE, account, IbmI::ProfileCreated { target: added, is_special: true });
    let (name, value, before) = ("QAUDLVL", "*NONE", "*AUTFAIL *SECURITY");
    entry(plan, at + 3 * MINUTE, added, IbmI::SystemValue { name, value, before });
    at + 4 * MINUTE
}

fn zos(plan: &mut Plan<'_>, begin: Micros, account: AccountId, from: u32, added: AccountId) {
    let host = plan.host(Role::Mainframe);
    plan.with_host("target", host);
    let record = |plan: &mut Plan<'_>, at, account, what| {
        plan.act(at, Act::Mainframe { host, account, what });
    };
    let mut at = begin;
    for _ in 0..4 {
        record(plan, at, account, Mainframe::Logon { from, is_success: false });
        at += 9 * SECOND;
    }
    record(plan, at, account, Mainframe::Logon { from, is_success: true });
    record(plan, at + 2 * MINUTE, account, Mainframe::Refused { dataset: "SYS1.RACF.PRIM" });
    let altered = Mainframe::Altered { target: added, attribute: "SPECIAL OPERATIONS" };
    record(plan, at + 4 * MINUTE, account, altered);
    record(plan, at + 6 * MINUTE, added, Mainframe::Recording { command: "SETSMF SYS(NOTYPE(80))" });
    for (minutes, dataset) in
        [(8, "PROD.PAYROLL.MASTER"), (11, "PROD.CUSTOMER.MASTER"), (14, "SYS1.RACF.PRIM")]
    {
        record(plan, at + minutes * MINUTE, added, Mainframe::Dumped { dataset });
    }
    let (to, address) = (plan.rented_address(), plan.world.host(host).address);
    plan.with_ip("target", to);
    let flow = Flow {
        from: address,
        to,
        port: 21,
        user: None,
        sent: 900_000_000,
        received: 200_000,
        app: "ftp",
        is_allowed: true,
    };
    plan.act(at + 20 * MINUTE, Act::Flow(flow));
}
