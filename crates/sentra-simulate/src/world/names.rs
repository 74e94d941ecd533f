//! Names of people, departments and programs that the small world is made of.

pub(super) const FIRST: [&str; 48] = [
    "Anna", "Jonas", "Mia", "Lukas", "Emma", "Felix", "Lena", "Paul", "Marie", "Leon", "Sofia", "Noah",
    "Clara", "Elias", "Hannah", "Finn", "Laura", "Oskar", "Julia", "Emil", "Sarah", "David", "Nora", "Simon",
    "Alice", "Hugo", "Chloe", "Louis", "Camille", "Jules", "Manon", "Arthur", "Grace", "Ethan", "Olivia",
    "Mason", "Ava", "Logan", "Priya", "Arjun", "Mei", "Kenji", "Fatima", "Omar", "Ines", "Mateo", "Zofia",
    "Jakub",
];

pub(super) const LAST: [&str; 48] = [
    "Becker", "Schulz", "Wagner", "Hoffmann", "Koch", "Bauer", "Richter", "Klein", "Wolf", "Neumann",
    "Braun", "Krueger", "Hartmann", "Lange", "Werner", "Krause", "Lehmann", "Maier", "Huber", "Fuchs",
    "Peters", "Lang", "Martin", "Bernard", "Dubois", "Moreau", "Laurent", "Girard", "Roux", "Fournier",
    "Smith", "Johnson", "Brown", "Davis", "Miller", "Taylor", "Anderson", "Walker", "Patel", "Sharma",
    "Tanaka", "Sato", "Hassan", "Silva", "Costa", "Nowak", "Kowalski", "Petrov",
];

/// Department, titles in it, and how many of a hundred people are there.
pub(super) struct Department {
    pub(super) name: &'static str,
    pub(super) titles: [&'static str; 3],
    pub(super) share: u64,
}

pub(super) const DEPARTMENTS: [Department; 9] = [
    Department {
        name: "IT Operations",
        titles: ["System administrator", "Platform engineer", "Network engineer"],
        share: 12,
    },
    Department {
        name: "Service Desk",
        titles: ["Service desk agent", "Service desk lead", "Support technician"],
        share: 6,
    },
    Department { name: "Finance", titles: ["Accountant", "Controller", "Treasury analyst"], share: 14 },
    Department {
        name: "Human Resources",
        titles: ["HR partner", "Recruiter", "Payroll specialist"],
        share: 8,
    },
    Department {
        name: "Engineering",
        titles: ["Software engineer", "Test engineer", "Data engineer"],
        share: 22,
    },
    Department { name: "Sales", titles: ["Account manager", "Sales engineer", "Sales director"], share: 16 },
    Department { name: "Operations", titles: ["Shift operator", "Shift lead", "Dispatcher"], share: 12 },
    Department { name: "Legal", titles: ["Counsel", "Compliance officer", "Paralegal"], share: 4 },
    Department { name: "Marketing", titles: ["Brand manager", "Designer", "Editor"], share: 6 },
];

/// Account names that those who guess passwords try first.
pub(super) const GUESSED: [&str; 24] = [
    "admin",
    "test",
    "oracle",
    "postgres",
    "ubuntu",
    "user",
    "guest",
    "ftpuser",
    "git",
    "jenkins",
    "tomcat",
    "nagios",
    "deploy",
    "hadoop",
    "pi",
    "support",
    "mysql",
    "www",
    "minecraft",
    "teamspeak",
    "es",
    "zabbix",
    "backup1",
    "demo",
];

/// Accounts of services: name, and what it is for.
pub(super) const SERVICES: [(&str, &str); 8] = [
    ("svc_backup", "backup"),
    ("svc_ansible", "configuration management"),
    ("svc_sccm", "software distribution"),
    ("svc_monitor", "monitoring"),
    ("svc_sql", "database"),
    ("svc_scanner", "vulnerability scanner"),
    ("svc_web", "web application"),
    ("svc_etl", "data integration"),
];

/// Accounts that only ever exist in attacks, or for a moment.
pub(super) const PLANTED: [&str; 12] = [
    "helpdesk1",
    "svc_update",
    "sysadm",
    "backup2",
    "support01",
    "wsusadmin",
    "mgmt01",
    "tmpadmin",
    "svc_print",
    "auditsvc",
    "dbmaint",
    "netops",
];

/// People who begin to work here in the course of a run: account, name.
pub(crate) const NEWCOMERS: [(&str, &str); 14] = [
    ("nlindqvist", "Nils Lindqvist"),
    ("rokafor", "Ruth Okafor"),
    ("tvandamme", "Tess Vandamme"),
    ("imoretti", "Ivo Moretti"),
    ("sdelacruz", "Sol de la Cruz"),
    ("hyamada", "Hana Yamada"),
    ("pfitzgerald", "Pat Fitzgerald"),
    ("gnikolov", "Georgi Nikolov"),
    ("lstrand", "Liv Strand"),
    ("kadeyemi", "Kemi Adeyemi"),
    ("brossi", "Bianca Rossi"),
    ("vhorvat", "Vid Horvat"),
    ("ozimmer", "Ole Zimmer"),
    ("qnguyen", "Quyen Nguyen"),
];

/// Sites that people visit at work.
pub(crate) const SITES: [(&str, &str); 20] = [
    ("www.wikipedia.org", "203.0.113.20"),
    ("mail.northwind.example", "203.0.113.21"),
    ("github.com", "203.0.113.22"),
    ("crates.io", "203.0.113.23"),
    ("docs.python.org", "203.0.113.24"),
    ("outlook.office365.com", "203.0.113.25"),
    ("teams.microsoft.com", "203.0.113.26"),
    ("northwind.okta.com", "203.0.113.27"),
    ("www.bbc.co.uk", "203.0.113.28"),
    ("www.tagesschau.de", "203.0.113.29"),
    ("maps.example.net", "203.0.113.30"),
    ("crm.example.net", "203.0.113.31"),
    ("pypi.org", "203.0.113.32"),
    ("security.ubuntu.com", "203.0.113.33"),
    ("update.microsoft.com", "203.0.113.34"),
    ("travel.example.org", "203.0.113.35"),
    ("bank.example.org", "203.0.113.36"),
    ("news.example.com", "203.0.113.37"),
    ("cdn.example.com", "203.0.113.38"),
    ("fonts.example.com", "203.0.113.39"),
];
