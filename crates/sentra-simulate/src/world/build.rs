//! How a world comes to be from its seed.

use super::names::{DEPARTMENTS, FIRST, GUESSED, LAST, NEWCOMERS, PLANTED, SERVICES};
use super::places::{SITES, address_in};
use super::{
    Account, AccountId, AccountKind, DOMAIN, Host, HostId, Person, PersonId, Role, Shift, World, inside,
};
use crate::dice::Dice;
use std::collections::BTreeSet;

/// Machines that every world has: name, role, the last three bytes of the address.
const SERVERS: [(&str, Role, [u8; 3]); 24] = [
    ("dc01", Role::DomainController, [10, 0, 10]),
    ("dc02", Role::DomainController, [10, 0, 11]),
    ("fs01", Role::FileServer, [10, 1, 20]),
    ("fs02", Role::FileServer, [10, 1, 21]),
    ("app01", Role::AppServer, [10, 1, 30]),
    ("app02", Role::AppServer, [10, 1, 31]),
    ("app03", Role::AppServer, [10, 1, 32]),
    ("bkp01", Role::Backup, [10, 1, 40]),
    ("web01", Role::WebServer, [11, 1, 10]),
    ("web02", Role::WebServer, [11, 1, 11]),
    ("web03", Role::WebServer, [11, 1, 12]),
    ("build01", Role::WebServer, [11, 1, 13]),
    ("build02", Role::WebServer, [11, 1, 14]),
    ("db01", Role::Database, [11, 2, 10]),
    ("jump01", Role::JumpHost, [11, 0, 5]),
    ("auto01", Role::Automation, [11, 0, 6]),
    ("prx01", Role::Proxy, [11, 0, 8]),
    ("ns01", Role::NameServer, [11, 0, 53]),
    ("fw01", Role::Firewall, [0, 0, 1]),
    ("vpn01", Role::VpnGateway, [0, 0, 2]),
    ("scan01", Role::Scanner, [12, 0, 9]),
    ("IBMI1", Role::IbmI, [13, 0, 10]),
    ("SYSA", Role::Mainframe, [13, 0, 20]),
    ("SYSB", Role::Mainframe, [13, 0, 21]),
];

pub(super) fn world(seed: u64, count: usize) -> World {
    let mut dice = Dice::new(seed, "world");
    let mut world = World {
        accounts: Vec::new(),
        hosts: SERVERS
            .iter()
            .map(|(name, role, [a, b, c])| server(name, *role, inside(*a, *b, *c)))
            .collect(),
        people: Vec::new(),
        guessed: Vec::new(),
        planted: Vec::new(),
        newcomers: Vec::new(),
        nobody: Default::default(),
    };
    let root = Account { name: "root".to_owned(), kind: AccountKind::Service, ..Account::default() };
    world.accounts.push(root);
    let mut taken = BTreeSet::new();
    for position in 0..count {
        person(&mut world, &mut dice, &mut taken, position, count);
    }
    for (name, _) in SERVICES {
        account(&mut world, name, AccountKind::Service, None);
    }
    for name in GUESSED {
        let id = account(&mut world, name, AccountKind::Guessed, None);
        world.guessed.push(id);
    }
    for name in PLANTED {
        let id = account(&mut world, name, AccountKind::Planted, None);
        world.planted.push(id);
    }
    for (name, _) in NEWCOMERS {
        let id = account(&mut world, name, AccountKind::Planted, None);
        world.newcomers.push(id);
    }
    world
}

fn server(name: &str, role: Role, address: u32) -> Host {
    Host { name: name.to_owned(), full_name: format!("{name}.{DOMAIN}"), address, role, owner: None }
}

fn account(world: &mut World, name: &str, kind: AccountKind, person: Option<PersonId>) -> AccountId {
    let id = u32::try_from(world.accounts.len()).unwrap_or(0);
    let letters = |count| -> String {
        let letters = name.chars().filter(char::is_ascii_alphanumeric).take(count).collect::<String>();
        letters.to_ascii_uppercase()
    };
    // Where eight characters are not enough to tell people apart, a number does.
    let is_cut = name.len() > 8 && person.is_some();
    let host_name = if is_cut { format!("{}{id:05}", letters(3)) } else { letters(8) };
    world.accounts.push(Account {
        name: name.to_owned(),
        email: format!("{name}@{DOMAIN}"),
        host_name,
        number: 1100 + id,
        kind,
        person,
    });
    AccountId(id)
}

fn person(world: &mut World, dice: &mut Dice, taken: &mut BTreeSet<String>, position: usize, count: usize) {
    let (first, last) = (dice.pick(&FIRST), dice.pick(&LAST));
    let initial = first.get(..1).unwrap_or("x");
    let mut login = format!("{initial}{last}").to_ascii_lowercase();
    let mut number = 2;
    while !taken.insert(login.clone()) {
        login = format!("{initial}{last}{number}").to_ascii_lowercase();
        number += 1;
    }
    let department = department_of(position, count);
    let shift = match (department.name, position % 3) {
        ("Operations", 1) => Shift::Late,
        ("Operations", 2) => Shift::Night,
        _ => Shift::Day,
    };
    let site = dice.pick(&[0, 0, 0, 1, 1, 2, 3]) % SITES;
    let id = PersonId(u32::try_from(position).unwrap_or(0));
    let own = account(world, &login, AccountKind::Person, Some(id));
    let is_admin = department.name == "IT Operations";
    let admin = is_admin.then(|| account(world, &format!("adm.{login}"), AccountKind::Admin, Some(id)));
    let workstation = HostId(u32::try_from(world.hosts.len()).unwrap_or(0));
    // Client networks of 200 machines each, one row of them per site.
    let third = u8::try_from(1 + position / 200).unwrap_or(250);
    let fourth = u8::try_from(10 + position % 200).unwrap_or(10);
    let name = format!("WS-{:05}", 10_000 + position);
    world.hosts.push(Host {
        full_name: format!("{name}.{DOMAIN}"),
        name,
        address: inside(20 + u8::try_from(site).unwrap_or(0), third, fourth),
        role: Role::Workstation,
        owner: Some(id),
    });
    world.people.push(Person {
        name: format!("{first} {last}"),
        employee: 21_000 + id.0,
        department: department.name,
        title: dice.pick(&department.titles),
        account: own,
        admin,
        workstation,
        site,
        shift,
        home: address_in(site, 500 + position as u64),
        is_remote: dice.chance(150) && shift == Shift::Day,
        has_database: matches!(department.name, "Finance" | "Human Resources") && !position.is_multiple_of(5),
    });
}

/// Departments have their share in the order of the people, so that every world has all of them.
fn department_of(position: usize, count: usize) -> &'static super::names::Department {
    let percent = (position * 100 / count.max(1)) as u64;
    let mut upper = 0;
    let [first, ..] = &DEPARTMENTS;
    DEPARTMENTS
        .iter()
        .find(|department| {
            upper += department.share;
            percent < upper
        })
        .unwrap_or(first)
}
