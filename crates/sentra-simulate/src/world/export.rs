//! The world as the CSV files that directories, inventories and network plans give.

use super::places::{PLACES, SITES};
use super::{AccountKind, Role, World};
use crate::text::ip_text;

/// Networks of the servers: CIDR, zone, kind, site.
const NETWORKS: [(&str, &str, &str, &str); 10] = [
    ("10.0.0.0/24", "edge", "internal", "Berlin"),
    ("10.10.0.0/24", "domain-controllers", "internal", "Berlin"),
    ("10.10.1.0/24", "windows-servers", "internal", "Berlin"),
    ("10.11.0.0/24", "management", "internal", "Berlin"),
    ("10.11.1.0/24", "linux-servers", "internal", "Berlin"),
    ("10.11.2.0/24", "databases", "internal", "Berlin"),
    ("10.12.0.0/24", "scanners", "internal", "Berlin"),
    ("10.13.0.0/24", "mainframe", "internal", "Berlin"),
    ("10.30.0.0/16", "vpn", "vpn", "Berlin"),
    ("172.16.10.0/24", "dmz", "dmz", "Berlin"),
];

impl World {
    /// `account,person,department,title,privilege,status,country,devices`; devices are parted by semicolons.
    #[must_use]
    pub fn identities_csv(&self) -> String {
        let mut csv = "account,person,department,title,privilege,status,country,devices\n".to_owned();
        for account in &self.accounts {
            let person = account.person.map(|person| self.person(person));
            let privilege = match account.kind {
                AccountKind::Person => "user",
                AccountKind::Admin => "admin",
                AccountKind::Service if account.name == "root" => "admin",
                AccountKind::Service => "service",
                AccountKind::Guessed | AccountKind::Planted => continue,
            };
            let (name, department, title) =
                person.map_or(("", "", ""), |person| (&person.name, person.department, person.title));
            let country =
                person.and_then(|person| PLACES.get(person.site)).map_or("DE", |place| place.country);
            let device = person.map_or("", |person| &self.host(person.workstation).name);
            let mut row = |account: &str| {
                csv.push_str(&format!(
                    "{account},{name},{department},{title},{privilege},active,{country},{device}\n"
                ));
            };
            row(&account.name);
            // Mainframes know some people under another name.
            if account.kind == AccountKind::Person && !account.host_name.eq_ignore_ascii_case(&account.name) {
                row(&account.host_name);
            }
        }
        csv
    }

    /// `host,owner,tier,role,environment,addresses,managed`; tier 0 is what rules all others.
    #[must_use]
    pub fn assets_csv(&self) -> String {
        let mut csv = "host,owner,tier,role,environment,addresses,managed\n".to_owned();
        for host in &self.hosts {
            let owner = host.owner.map_or("", |owner| &self.account(self.person(owner).account).name);
            let tier = match host.role {
                Role::DomainController | Role::IbmI | Role::Mainframe | Role::Backup => 0,
                Role::Workstation => 2,
                _ => 1,
            };
            let environment = if host.name.starts_with("build") { "development" } else { "production" };
            csv.push_str(&format!(
                "{},{owner},{tier},{},{environment},{},true\n",
                host.name,
                host.role.as_str(),
                ip_text(host.address)
            ));
        }
        csv
    }

    /// `cidr,zone,kind,site`.
    #[must_use]
    pub fn networks_csv(&self) -> String {
        let mut csv = "cidr,zone,kind,site\n".to_owned();
        for (cidr, zone, kind, site) in NETWORKS {
            csv.push_str(&format!("{cidr},{zone},{kind},{site}\n"));
        }
        for (number, place) in PLACES.iter().take(SITES).enumerate() {
            let city = place.city.to_lowercase();
            csv.push_str(&format!("10.{}.0.0/16,clients-{city},internal,{}\n", 20 + number, place.city));
            csv.push_str(&format!(
                "{}/32,egress-{city},external,{}\n",
                ip_text(Self::egress(number)),
                place.city
            ));
        }
        csv
    }
}
