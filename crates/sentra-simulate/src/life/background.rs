//! The hum of machines and people: web, names, connections, processes, services. It sets the rate of a run.

use crate::acts::{Act, Call, Flow, Linux, Mainframe, Query, Web, Windows};
use crate::dice::Dice;
use crate::moment::{HOUR, Micros, SECOND, weekday};
use crate::plan::Planned;
use crate::programs::USUAL;
use crate::world::names::SITES;
use crate::world::{AccountId, HostId, Person, Role, Shift, World};

/// Hours that Chicago is behind Berlin do not matter to the hum; shifts do.
const WORK: std::ops::Range<i64> = 7..18;

/// Calls that look and change nothing.
const CALLS: [(&str, &str); 6] = [
    ("ec2.amazonaws.com", "DescribeInstances"),
    ("s3.amazonaws.com", "ListBuckets"),
    ("ec2.amazonaws.com", "DescribeSecurityGroups"),
    ("monitoring.amazonaws.com", "DescribeAlarms"),
    ("sts.amazonaws.com", "GetCallerIdentity"),
    ("rds.amazonaws.com", "DescribeDBInstances"),
];
const JOBS: [&str; 5] = ["PAYROLL1", "GLPOST", "SORTDAY", "EXTRACT2", "TAPECPY"];
const CRON: [&str; 4] = [
    "run-parts --report /etc/cron.hourly",
    "/usr/lib/sysstat/debian-sa1 1 1",
    "/usr/local/bin/rotate-logs",
    "test -x /usr/sbin/anacron",
];

pub(crate) struct Background {
    dice: Dice,
    /// Microseconds between two records on average.
    gap: u64,
    is_flat: bool,
    windows_servers: Vec<HostId>,
    linux_servers: Vec<HostId>,
    domain_controllers: Vec<HostId>,
    mainframes: Vec<HostId>,
    automation: HostId,
    services: [AccountId; 6],
}

impl Background {
    pub(crate) fn new(world: &World, seed: u64, rate: f64, is_flat: bool) -> Self {
        let all = |is_fit: fn(Role) -> bool| -> Vec<HostId> {
            (0..world.hosts.len())
                .map(|position| HostId(u32::try_from(position).unwrap_or(0)))
                .filter(|id| is_fit(world.host(*id).role))
                .collect()
        };
        let names = ["svc_sccm", "svc_monitor", "svc_backup", "svc_web", "svc_etl", "svc_sql"];
        Self {
            dice: Dice::new(seed, "background"),
            gap: gap_of(rate),
            is_flat,
            windows_servers: all(|role| role.is_windows() && role != Role::Workstation),
            linux_servers: all(Role::is_linux),
            domain_controllers: world.hosts_of(Role::DomainController),
            mainframes: world.hosts_of(Role::Mainframe),
            automation: world.host_of(Role::Automation),
            services: names.map(|name| world.account_named(name)),
        }
    }

    /// Time to the next record: by day and on working days less than at night and at weekends.
    pub(crate) fn gap(&mut self, at: Micros) -> Micros {
        let tenths = match () {
            () if self.is_flat => 10,
            () if weekday(at) >= 5 => 25,
            () if WORK.contains(&hour(at)) => 5,
            () => 20,
        };
        self.dice.below(self.gap * tenths / 5 + 1).cast_signed()
    }

    /// What happens now; what follows from it later goes to `planned`.
    pub(crate) fn act(&mut self, world: &World, at: Micros, planned: &mut Vec<Planned>) -> Act {
        let people = u64::try_from(world.people.len()).unwrap_or(1);
        let position = usize::try_from(self.dice.below(people)).unwrap_or(0);
        let Some(person) = world.people.get(position) else { return self.job() };
        if !self.is_flat && !is_at_work(person, at) {
            return self.machines(world, at, planned);
        }
        let from = world.host(person.workstation).address;
        let at_work = |what| Act::Windows { host: person.workstation, account: person.account, what };
        match self.dice.below(100) {
            0..30 => self.web(from, person.account),
            30..50 => self.flow(from, person.account),
            50..70 => Act::Name { from, domain: self.site().0 },
            70..78 => at_work(Windows::Started(
                USUAL.get(self.dice.position(USUAL.len())).copied().unwrap_or(&crate::programs::EDGE),
            )),
            78..82 => at_work(Windows::Process(
                USUAL.get(self.dice.position(USUAL.len())).copied().unwrap_or(&crate::programs::EDGE),
            )),
            82..88 => {
                let to = self.site().1;
                at_work(Windows::Connected { image: crate::programs::EDGE.image, to, port: 443 })
            }
            _ => self.machines(world, at, planned),
        }
    }

    fn site(&mut self) -> (&'static str, u32) {
        let position = self.dice.position(SITES.len());
        let last = u8::try_from(20 + position).unwrap_or(20);
        let domain = SITES.get(position).map_or("www.wikipedia.org", |(domain, _)| domain);
        (domain, u32::from_be_bytes([203, 0, 113, last]))
    }

    fn web(&mut self, from: u32, user: AccountId) -> Act {
        let (domain, address) = self.site();
        let is_upload = self.dice.chance(60);
        let bytes = 400 + self.dice.below(if is_upload { 4_000 } else { 90_000 });
        Act::Web(Web { from, user, domain, address, is_upload, bytes })
    }

    fn flow(&mut self, from: u32, user: AccountId) -> Act {
        let (_, to) = self.site();
        let (sent, received) = (600 + self.dice.below(20_000), 2_000 + self.dice.below(400_000));
        Act::Flow(Flow {
            from,
            to,
            port: 443,
            user: Some(user),
            sent,
            received,
            app: "ssl",
            is_allowed: true,
        })
    }

    /// What goes on by day and by night.
    fn machines(&mut self, world: &World, at: Micros, planned: &mut Vec<Planned>) -> Act {
        let [sccm, monitor, _, web, etl, _] = self.services;
        let windows = self.dice.pick(&self.windows_servers);
        let linux = self.dice.pick(&self.linux_servers);
        match self.dice.below(100) {
            0..30 => self.service_logon(world, at, windows, planned),
            30..45 => {
                let from = world.host(self.automation).address;
                let act = Act::Linux { host: linux, account: monitor, what: Linux::Closed };
                planned.push(Planned { at: at + 3 * SECOND, act, story: None });
                Act::Linux { host: linux, account: monitor, what: Linux::Accepted { from, is_key: true } }
            }
            45..55 => {
                let command = self.dice.pick(&CRON);
                Act::Linux { host: linux, account: AccountId(0), what: Linux::Cron { command } }
            }
            55..65 => {
                let what = Windows::Started(&crate::programs::SVCHOST);
                Act::Windows { host: windows, account: sccm, what }
            }
            65..75 => Act::Query(Query {
                user: etl,
                from: world.host(self.automation).address,
                application: "payroll",
                action: "select",
                object: "payroll.journal",
                rows: 10 + self.dice.below(400),
            }),
            75..85 => {
                let (service, name) = self.dice.pick(&CALLS);
                let from = World::egress(0);
                Act::Call(Call { user: web, from, service, name, parameters: &[], target: None, error: "" })
            }
            85..93 => self.job(),
            _ => self.directory(world, windows),
        }
    }

    /// A service logs on over the network, and off again within a minute.
    fn service_logon(&mut self, world: &World, at: Micros, host: HostId, planned: &mut Vec<Planned>) -> Act {
        let [sccm, monitor, backup, ..] = self.services;
        let account = self.dice.pick(&[sccm, backup, sccm, monitor]);
        let from = world.host(self.dice.pick(&self.windows_servers)).address;
        let session = u32::try_from(self.dice.below(0xff_ffff)).unwrap_or(1);
        let later = at + self.dice.between(2, 60) * SECOND;
        let act = Act::Windows { host, account, what: Windows::Logoff { kind: 3, session } };
        planned.push(Planned { at: later, act, story: None });
        Act::Windows { host, account, what: Windows::Logon { from, kind: 3, session } }
    }

    fn directory(&mut self, world: &World, host: HostId) -> Act {
        let (from, to) = (world.host(host).address, self.dice.pick(&self.domain_controllers));
        let (sent, received) = (300 + self.dice.below(3_000), 300 + self.dice.below(9_000));
        let to = world.host(to).address;
        Act::Flow(Flow { from, to, port: 389, user: None, sent, received, app: "ldap", is_allowed: true })
    }

    fn job(&mut self) -> Act {
        let [.., sql] = self.services;
        let (host, name) = (self.dice.pick(&self.mainframes), self.dice.pick(&JOBS));
        Act::Mainframe { host, account: sql, what: Mainframe::Job { name } }
    }
}

/// Whole microseconds between records at `rate` per second.
fn gap_of(rate: f64) -> u64 {
    if rate <= 0.0 {
        return u64::MAX >> 8;
    }
    (1_000_000.0 / rate).clamp(1.0, 1e12) as u64
}

pub(crate) fn hour(at: Micros) -> i64 {
    at.rem_euclid(24 * HOUR) / HOUR
}

fn is_at_work(person: &Person, at: Micros) -> bool {
    let hour = hour(at);
    let is_weekend = weekday(at) >= 5;
    match person.shift {
        Shift::Day => !is_weekend && WORK.contains(&(hour - i64::from(person.site == 3) * 7)),
        Shift::Late => !is_weekend && (13..22).contains(&hour),
        Shift::Night => !(6..22).contains(&hour),
    }
}
