use proptest::prelude::*;
use sentra_model::EventCode;

use super::*;
use crate::fold::fold;
use crate::source::{EventSources, FileSource, PrivilegeRules};
use crate::test_kit::{Happening, at, batch, content, file};

fn empty() -> Identities {
    Identities::new(PrivilegeRules::default(), EventSources::default())
}

fn with(files: &[(&str, u8, &str, &str)]) -> Identities {
    let mut identities = empty();
    for (path, priority, as_of, text) in files {
        let problems = identities.import(&file(path, *priority), &content(text, as_of));
        assert_eq!(problems, Vec::new());
    }
    identities
}

const DIRECTORY: &str = "dn: CN=Alice Example,OU=IT,DC=corp,DC=example,DC=com\n\
objectClass: user\nsAMAccountName: alice\nuserPrincipalName: alice@corp.example.com\nemployeeID: 21001\n\
mail: alice.example@example.com\ndepartment: IT\ntitle: Administrator\nmanager: CN=Carol Chief,OU=IT,DC=corp\n\
memberOf: CN=Domain Admins,CN=Users,DC=corp\nmemberOf: CN=All,DC=corp\nuserAccountControl: 512\n\
whenChanged: 20260201100000.0Z\nobjectSid:: AQUAAAAAAAUVAAAAAQAAAAIAAAADAAAA9AEAAA==\nco: Germany\n\n\
dn: CN=Bob Builder,OU=Sales,DC=corp,DC=example,DC=com\nobjectClass: user\nsAMAccountName: bob\nuserAccountControl: 514\n\
lockoutTime: 134168328000000000\n\n\
dn: CN=PC1,OU=PCs,DC=corp,DC=example,DC=com\nobjectClass: user\nobjectClass: computer\nsAMAccountName: PC1$\n\
userAccountControl: 4096\n\n\
dn: uid=backup,ou=People,dc=corp,dc=example,dc=com\nobjectClass: posixAccount\nuid: backup\nuidNumber: 34\n\
loginShell: /usr/sbin/nologin\n\n\
dn: CN=svc_sql,DC=corp,DC=example,DC=com\nobjectClass: user\nsAMAccountName: svc_sql\nmail: alice.example@example.com\n";

#[test]
fn a_directory_says_who_everybody_is() {
    let identities = with(&[("ad.ldif", 50, "2026-03-01", DIRECTORY)]);
    let alice = identities.identity("alice").unwrap();
    for name in [
        "CORP\\Alice",
        "alice@corp.example.com",
        "ALICE.example@EXAMPLE.com",
        "21001",
        "S-1-5-21-1-2-3-500",
        "CN=Alice Example,OU=IT,DC=corp,DC=example,DC=com",
        "alice@example.com",
        "alice.example",
        ".\\alice",
    ] {
        assert_eq!(identities.identity(name).map(Identity::key), Some(alice.key()), "{name}");
    }
    for name in ["OTHER\\alice", "alice@gmail.com", "alicia", "NT AUTHORITY\\alice", "PC1$", "CORP\\PC1$", ""]
    {
        assert!(identities.identity(name).is_none(), "{name}");
    }
    assert_eq!(alice.key(), "employee:21001");
    assert_eq!(alice.display_name(), Some("Alice Example"));
    assert_eq!(alice.department(), Some("IT"));
    assert_eq!(alice.manager(), Some("Carol Chief"));
    assert_eq!(alice.peers().as_deref(), Some("it/administrator"));
    assert_eq!(alice.usual_country(), Some("DE"));
    assert_eq!(alice.privilege(), Privilege::Privileged);
    assert_eq!(alice.status_at(at("2026-03-01T00:00:00Z")), (IdentityStatus::Active, None));
    let claim = alice.claim(IdentityAttribute::Department).unwrap();
    assert_eq!((claim.source.name.as_str(), claim.version().as_str()), ("identities:ad.ldif", "2026-03-01"));
    assert_eq!(claim.as_of, at("2026-02-01T10:00:00Z"));

    let bob = identities.identity("bob").unwrap();
    assert_eq!(bob.status_at(at("2026-03-01T00:00:00Z")).0, IdentityStatus::Disabled);
    assert_eq!(bob.accounts()[1].life().locked_since(), Some(at("2026-03-01T10:00:00Z")));
    assert_eq!(identities.identity("backup").unwrap().privilege(), Privilege::Service);
    // A service whose mail goes to its owner is not its owner.
    let service = identities.identity("svc_sql").unwrap();
    assert_eq!(service.privilege(), Privilege::Service);
    assert_ne!(service.key(), alice.key());
    assert_eq!(identities.len(), 4);
}

#[test]
fn several_sources_speak_of_one_person_and_contradict_each_other() {
    let hr = "Employee ID;Name;Email;Department;Status;Termination Date;Country\n\
              21001;Alice Example;alice.example@example.com;Security;Active;;DE\n\
              21002;Bob Builder;bob@example.com;Sales;Active;2026-04-30;\n";
    let csv = "username,employee_number,department,enabled\nbob,21002,Sales,true\n";
    let identities = with(&[
        ("hr.csv", 90, "2026-01-01", hr),
        ("ad.ldif", 50, "2026-03-01", DIRECTORY),
        ("linux.csv", 50, "2026-03-02", csv),
    ]);
    let alice = identities.identity("CORP\\alice").unwrap();
    assert_eq!(alice.department(), Some("Security"), "priority before freshness");
    assert_eq!(alice.title(), Some("Administrator"));
    let all = identities.contradictions();
    let told: Vec<_> = all
        .list
        .iter()
        .map(|c| {
            format!(
                "{} {}: {} ({}) not {} ({})",
                c.subject, c.attribute, c.kept.value, c.kept.source, c.other.value, c.other.source
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "employee:21001 department: Security (identities:hr.csv) not IT (identities:ad.ldif)",
            "employee:21002 status: terminated (identities:hr.csv) not active (identities:linux.csv)",
            "employee:21002 status: terminated (identities:hr.csv) not disabled (identities:ad.ldif)",
        ]
    );
    assert_eq!(all.total, 3);
    // The contract ends in April: not before.
    let bob = identities.identity("21002").unwrap();
    assert_eq!(bob.status_at(at("2026-04-01T00:00:00Z")).0, IdentityStatus::Active);
    let end = at("2026-04-30T00:00:00Z");
    assert_eq!(bob.status_at(end), (IdentityStatus::Terminated, Some(end)));
}

#[test]
fn the_order_of_equal_sources_does_not_count() {
    let one = ("one.csv", 50, "2026-03-01", "user,employee id,department\nalice,1,IT\n");
    let two = ("two.csv", 50, "2026-03-02", "login,employee_id,dept\nCORP\\alice,1,Finance\n");
    for order in [[one, two], [two, one]] {
        let identities = with(&order);
        assert_eq!(identities.len(), 1);
        let alice = identities.identity("alice").unwrap();
        assert_eq!(alice.department(), Some("Finance"), "the fresher one");
        assert_eq!(identities.contradictions().total, 1);
    }
}

#[test]
fn one_account_of_two_people_is_told_and_stays_with_the_first() {
    let text = "username,employee_id,name\nadmin,1,Alice\nadmin,2,Bob\nCORP\\x,3,Carl\ncorp\\X,4,Dan\n";
    let identities = with(&[("a.csv", 50, "2026-03-01", text)]);
    assert_eq!(identities.len(), 4);
    assert_eq!(identities.identity("ADMIN").unwrap().display_name(), Some("Alice"));
    assert_eq!(identities.identity("Corp\\x").unwrap().display_name(), Some("Carl"));
    let all = identities.contradictions();
    assert_eq!(all.list.iter().map(|c| c.attribute.as_str()).collect::<Vec<_>>(), ["account", "account"]);
}

/// The table of docs/enrichment.md on contradictions within one source.
#[test]
fn a_source_that_contradicts_itself_is_told_and_gives_one_answer() {
    let text = "employee id,account,department,status,enabled,manager,email,privilege\n\
                1,alice,IT,active,,2,a@example.com,\n\
                1,alice,Finance,terminated,,2,a@example.com,\n\
                2,bob,IT,active,false,1,b@example.com,\n\
                3,carl,IT,active,true,3,carl@example.com,emperor\n\
                4,carol,IT,,,,carl@example.com,\n";
    let mut identities = empty();
    let problems = identities.import(&file("a.csv", 50), &content(text, "2026-03-01"));
    assert_eq!(problems, Vec::new(), "each row can be read");
    let told = |name: &str| {
        let one = identities.identity(name).unwrap();
        let status = one.status_at(at("2026-03-01T00:00:00Z")).0;
        (one.key().to_owned(), one.department().unwrap().to_owned(), status, one.privilege())
    };
    let one = |key: &str, department: &str| {
        (key.to_owned(), department.to_owned(), IdentityStatus::Active, Privilege::Standard)
    };
    // The old contract of somebody who was hired again ends nothing.
    assert_eq!(told("alice"), one("employee:1", "Finance"));
    assert_eq!(
        told("bob"),
        one("employee:2", "IT"),
        "a stated status counts before the switch of an account"
    );
    // Each is the other's manager, one their own: nothing goes round in circles.
    assert_eq!(told("carl"), one("employee:3", "IT"));
    assert_eq!(told("carol"), one("employee:4", "IT"), "a shared mail address does not join two employees");
    assert_eq!(told("carl@example.com"), one("employee:3", "IT"), "and stays with the first");
    let contradictions = identities.contradictions();
    let listed = contradictions
        .list
        .iter()
        .map(|c| format!("{} {}: {} not {}", c.subject, c.attribute, c.kept.value, c.other.value));
    assert_eq!(
        listed.collect::<Vec<_>>(),
        [
            "employee:1 department: Finance not IT",
            "employee:1 status: active not terminated",
            "employee:3 account: carl@example.com not carl@example.com",
        ]
    );
}

#[test]
fn the_same_name_in_two_domains_is_two_people_and_alone_nobody() {
    let text = "account,name\nA\\admin,Alice\nB\\admin,Bob\n";
    let identities = with(&[("a.csv", 50, "2026-03-01", text)]);
    assert_eq!(identities.identity("a\\admin").unwrap().display_name(), Some("Alice"));
    assert_eq!(identities.identity("b\\admin").unwrap().display_name(), Some("Bob"));
    assert!(identities.identity("admin").is_none());
    assert!(identities.identity("c\\admin").is_none());
}

#[test]
fn an_explicit_mapping_and_unknown_columns() {
    let mut source: FileSource = file("x.csv", 50);
    let text = "Kennung;Bereich\nalice;Forschung\n";
    let problems = empty().import(&source, &content(text, ""));
    assert!(problems[0].what.starts_with("no column is known"), "{problems:?}");
    source.columns = toml::from_str("account = \"Kennung\"\ndepartment = \"Bereich\"").unwrap();
    let mut identities = empty();
    assert_eq!(identities.import(&source, &content(text, "")), Vec::new());
    let alice = identities.identity("alice").unwrap();
    assert_eq!(alice.department(), Some("Forschung"));
    // Without a date the version is the digest of the content.
    assert_eq!(alice.claim(IdentityAttribute::Department).unwrap().version().len(), 12);
}

#[test]
fn scim_and_graph() {
    let scim = r#"{"schemas":["x"],"Resources":[{"userName":"alice@example.com","name":{"formatted":"Alice E"},"active":false,
        "emails":[{"value":"a@example.com"}],"title":"CFO","meta":{"lastModified":"2026-01-05T00:00:00Z"},
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"employeeNumber":"7","department":"Finance","manager":{"displayName":"Carol"}}}]}"#;
    let identities = with(&[("scim.json", 50, "2026-03-01", scim)]);
    let alice = identities.identity("a@example.com").unwrap();
    assert_eq!(
        (alice.display_name(), alice.department(), alice.manager(), alice.employee_id()),
        (Some("Alice E"), Some("Finance"), Some("Carol"), Some("7"))
    );
    assert_eq!(alice.status_at(Timestamp::MAX).0, IdentityStatus::Disabled);
    assert_eq!(alice.claim(IdentityAttribute::Title).unwrap().as_of, at("2026-01-05T00:00:00Z"));
}

#[test]
fn a_user_with_a_million_devices_is_bounded() {
    let rows: String =
        (0..20_000).map(|n| format!("{{\"user\":\"alice\",\"device\":\"pc{n}\"}}\n")).collect();
    let list: Vec<_> = (0..1_000_000).map(|n| format!("\"pc{n}\"")).collect();
    let one = format!("{{\"user\":\"bob\",\"devices\":[{}]}}", list.join(","));
    let mut identities = empty();
    assert!(identities.import(&file("rows.json", 50), &content(&rows, "")).is_empty());
    let problems = identities.import(&file("one.json", 50), &content(&one, ""));
    assert_eq!(problems[0].what, "more than 10000 values; 990001 of them are only counted");
    for name in ["alice", "bob"] {
        let person = identities.identity(name).unwrap();
        assert_eq!(person.devices().len(), DEVICES_PER_IDENTITY_MAX, "{name}");
        assert!(person.has_device("PC3.corp.example.com"));
    }
    assert_eq!(identities.identity("bob").unwrap().devices_total(), 1_000_000);
}

#[test]
fn ldap_entries() {
    let mut identities = empty();
    let attributes = vec![
        ("uid".to_owned(), vec![b"alice".to_vec()]),
        ("departmentNumber".to_owned(), vec![b"77".to_vec()]),
        ("jpegPhoto".to_owned(), vec![vec![0xff, 0xd8]]),
    ];
    let entries = vec![("uid=alice,dc=example,dc=com".to_owned(), attributes)];
    assert!(identities.from_ldap_entries(&file("ldap", 50), None, entries).is_empty());
    assert_eq!(identities.identity("alice@example.com").unwrap().department(), Some("77"));
}

fn worker(time: &'static str, code: EventCode, fields: &'static [(&'static str, &'static str)]) -> Happening {
    Happening {
        time,
        code: Some(code),
        product: "workday",
        service: "worker",
        fields,
        ..Happening::default()
    }
}

const LEFT: &[(&str, &str)] = &[
    ("Employee_ID", "21001"),
    ("Worker", "Alice Example"),
    ("User_Name", "alice"),
    ("Worker_Status", "Terminated"),
    ("Business_Process_Type", "Terminate Employee"),
    ("Effective_Date", "2026-03-10"),
];

/// HR records in the afternoon that somebody leaves today, and later that somebody left days ago.
#[test]
fn a_termination_does_not_reach_back_before_it_was_said() {
    for said in ["2026-03-10T12:45:00Z", "2026-03-14T08:00:00Z"] {
        let mut identities = with(&[("ad.ldif", 50, "2026-03-01", DIRECTORY)]);
        identities.observe(&batch(&[worker(said, EventCode::SA03, LEFT)]));
        let alice = identities.identity("CORP\\alice").unwrap();
        assert_eq!(alice.status_at(at("2026-03-10T09:15:00Z")).0, IdentityStatus::Active, "{said}");
        assert_eq!(alice.status_at(at(said)), (IdentityStatus::Terminated, Some(at(said))));
    }
}

#[test]
fn an_hr_termination_is_believed_before_a_younger_directory() {
    let termination = worker("2026-03-05T09:00:00Z", EventCode::SA03, LEFT);
    let mut identities = with(&[("ad.ldif", 50, "2026-03-01", DIRECTORY)]);
    identities.observe(&batch(std::slice::from_ref(&termination)));
    // The directory is read again, still knows nothing of it, and is younger.
    let mut renewed = with(&[("ad.ldif", 50, "2026-03-20", DIRECTORY)]);
    renewed.keep_learned(identities.clone());
    for identities in [&identities, &renewed] {
        let alice = identities.identity("CORP\\alice").unwrap();
        assert_eq!(alice.status_at(at("2026-03-09T00:00:00Z")).0, IdentityStatus::Active);
        let effective = at("2026-03-10T00:00:00Z");
        assert_eq!(
            alice.status_at(at("2026-03-11T00:00:00Z")),
            (IdentityStatus::Terminated, Some(effective))
        );
        assert_eq!(alice.claim(IdentityAttribute::Status).unwrap().source.name, "events:workday");
        assert_eq!(alice.claim(IdentityAttribute::Status).unwrap().version(), "2026-03-05");
        assert!(identities.contradictions().list.iter().any(|c| c.attribute == "status"));
    }
    // It is taken back.
    let rescind = Happening {
        command: "Rescind Termination",
        ..worker("2026-03-12T09:00:00Z", EventCode::SA02, &[("Employee_ID", "21001"), ("User_Name", "alice")])
    };
    renewed.observe(&batch(&[rescind]));
    assert_eq!(renewed.identity("alice").unwrap().status_at(Timestamp::MAX).0, IdentityStatus::Active);
}

#[test]
fn noise_of_local_accounts_makes_no_name_ambiguous() {
    let mut identities = with(&[("a.csv", 50, "2026-03-01", "account,name\nCORP\\alice,Alice\n")]);
    let made = |host| Happening {
        time: "2026-03-01T12:00:00Z",
        code: Some(EventCode::SA01),
        product: "linux",
        host,
        target: "alice",
        ..Happening::default()
    };
    identities.observe(&batch(&[made("web1"), made("web2")]));
    assert_eq!(identities.identity("alice").unwrap().display_name(), Some("Alice"));
    assert_eq!(identities.identity("web2\\alice").unwrap().key(), "web2\\alice");
}

#[test]
fn a_hire_makes_an_identity_and_governance_changes_it() {
    let mut identities = empty();
    let hire = worker(
        "2026-03-01T10:00:00Z",
        EventCode::SA01,
        &[("Employee_ID", "9"), ("Worker", "Nina New"), ("User_Name", "nina"), ("Department", "Sales")],
    );
    let change = Happening {
        time: "2026-03-02T10:00:00Z",
        code: Some(EventCode::SA02),
        product: "sailpoint",
        service: "identityiq",
        target: "nina",
        fields: &[("attributeName", "department"), ("attributeValue", "Legal"), ("name", "Modify passed")],
        ..Happening::default()
    };
    identities.observe(&batch(&[hire, change]));
    let nina = identities.identity("9").unwrap();
    assert_eq!(nina.display_name(), Some("Nina New"));
    assert_eq!(nina.department(), Some("Sales"), "hr has the higher priority");
    assert_eq!(identities.contradictions().list[0].other.value, "Legal");
}

#[test]
fn an_account_is_not_its_person() {
    let mut identities = with(&[("ad.ldif", 50, "2026-03-01", DIRECTORY)]);
    let windows = |time, code, target, fields| Happening {
        time,
        code: Some(code),
        product: "windows",
        service: "security",
        user: "carol",
        target,
        fields,
        ..Happening::default()
    };
    let linux = Happening {
        time: "2026-03-01T12:00:00Z",
        code: Some(EventCode::SA03),
        product: "linux",
        service: "useradd",
        host: "web1",
        target: "alice",
        ..Happening::default()
    };
    identities.observe(&batch(&[
        windows(
            "2026-03-01T10:00:00Z",
            EventCode::SA08,
            "alice",
            &[("EventID", "4740"), ("TargetDomainName", "PC1")],
        ),
        windows(
            "2026-03-01T11:00:00Z",
            EventCode::SA01,
            "tmp",
            &[("EventID", "4720"), ("TargetDomainName", "CORP")],
        ),
        windows(
            "2026-03-01T11:30:00Z",
            EventCode::SA03,
            "tmp",
            &[("EventID", "4726"), ("TargetDomainName", "CORP")],
        ),
        windows(
            "2026-03-01T11:40:00Z",
            EventCode::SA02,
            "bob",
            &[("EventID", "4725"), ("TargetDomainName", "CORP")],
        ),
        linux,
    ]));
    let alice = identities.identity("alice").unwrap();
    assert_eq!(alice.status_at(Timestamp::MAX).0, IdentityStatus::Active);
    let life = identities.account_life("alice").unwrap();
    assert_eq!(life.locked_since(), Some(at("2026-03-01T10:00:00Z")));
    assert_eq!(life.deleted, None, "the local account of another machine");
    for spelling in ["CORP\\Alice", "alice@corp.example.com"] {
        assert_eq!(identities.account_life(spelling), Some(life), "{spelling}");
    }
    assert_eq!(identities.account_life("WEB1\\alice").unwrap().locked, None);
    assert!(identities.account_life("WEB1\\alice").unwrap().deleted.is_some());
    let short = identities.account_life("corp\\TMP").unwrap();
    assert_eq!(
        (short.created, short.deleted_since()),
        (Some(at("2026-03-01T11:00:00Z")), Some(at("2026-03-01T11:30:00Z")))
    );
    assert!(identities.identity("tmp").is_some());
    assert!(identities.account_life("corp\\bob").unwrap().disabled_since().is_some());
    identities.observe(&batch(&[windows(
        "2026-03-01T12:00:00Z",
        EventCode::SA09,
        "alice",
        &[("EventID", "4767")],
    )]));
    assert_eq!(identities.account_life("alice").unwrap().locked_since(), None);
}

#[test]
fn times_of_1970_and_2099_are_those_of_the_arrival() {
    let mut identities = with(&[("ad.ldif", 50, "2026-03-01", DIRECTORY)]);
    let odd = |time| Happening {
        seen: "2026-03-05T00:00:00Z",
        ..worker(time, EventCode::SA02, &[("Employee_ID", "21001"), ("Worker_Status", "Active")])
    };
    identities.observe(&batch(&[odd("2099-01-01T00:00:00Z"), odd("1970-01-01T00:00:00Z")]));
    assert_eq!(
        identities.identity("alice").unwrap().claim(IdentityAttribute::Status).unwrap().as_of,
        at("2026-03-05T00:00:00Z")
    );
    // So a later termination still counts.
    identities.observe(&batch(&[worker("2026-03-06T00:00:00Z", EventCode::SA03, LEFT)]));
    assert_eq!(identities.identity("alice").unwrap().status_at(Timestamp::MAX).0, IdentityStatus::Terminated);
}

fn stream() -> Vec<Happening> {
    let login = |time, user| Happening { time, code: Some(EventCode::LL01), user, ..Happening::default() };
    let lock = |time, code, target| Happening {
        time,
        code: Some(code),
        product: "okta",
        target,
        ..Happening::default()
    };
    vec![
        login("2026-03-01T10:00:00Z", "alice"),
        worker("2026-03-05T09:00:00Z", EventCode::SA03, LEFT),
        lock("2026-03-05T10:00:00Z", EventCode::SA08, "alice@corp.example.com"),
        login("2026-03-04T10:00:00Z", "CORP\\alice"),
        lock("2026-03-05T09:00:00Z", EventCode::SA09, "alice@corp.example.com"),
        lock("2026-03-05T09:30:00Z", EventCode::SA01, "new@corp.example.com"),
        login("2026-03-06T10:00:00Z", "new@corp.example.com"),
        worker(
            "2026-03-04T09:00:00Z",
            EventCode::SA02,
            &[("Employee_ID", "21001"), ("Worker_Status", "Active")],
        ),
    ]
}

fn facts(identities: &Identities) -> String {
    ["alice", "corp\\alice", "alice@corp.example.com", "new@corp.example.com", "21001"]
        .iter()
        .map(|name| {
            let person = identities.identity(name);
            let status = person.map(|person| person.status_at(Timestamp::MAX));
            format!("{name} {:?} {status:?} {:?}\n", person.map(Identity::key), identities.account_life(name))
        })
        .collect()
}

#[test]
fn what_is_learnt_depends_neither_on_batches_nor_on_a_restart() {
    let files = [("ad.ldif", 50, "2026-03-01", DIRECTORY)];
    let mut whole = with(&files);
    whole.observe(&batch(&stream()));
    assert!(facts(&whole).contains("Terminated"), "{}", facts(&whole));

    let mut cut = with(&files);
    let mut rows = std::collections::BTreeMap::new();
    for happening in stream() {
        cut.observe(&batch(&[happening]));
        for (key, value) in cut.take_changes() {
            rows.insert(key, value.unwrap());
        }
    }
    assert_eq!(facts(&cut), facts(&whole));
    assert!(cut.take_changes().is_empty());

    let mut restarted = with(&files);
    let unreadable = restarted.restore(rows.iter().map(|(key, value)| (key.as_slice(), value.as_slice())));
    assert_eq!(unreadable, 0);
    assert_eq!(facts(&restarted), facts(&whole));
    assert!(restarted.take_changes().is_empty());
    // Two workers of a tenant tell each other, in any order and more than once.
    let (mut one, mut two) = (with(&files), with(&files));
    let happenings = stream();
    let (early, late) = happenings.split_at(4);
    one.observe(&batch(early));
    two.observe(&batch(late));
    let (of_one, of_two) = (one.take_changes(), two.take_changes());
    let told = |rows: &[StateRow]| {
        rows.iter().map(|(key, value)| (key.clone(), value.clone().unwrap())).collect::<Vec<_>>()
    };
    for rows in [told(&of_two), told(&of_two), told(&of_one)] {
        one.restore(rows.iter().map(|(key, value)| (&key[..], &value[..])));
    }
    let rows = told(&of_one);
    two.restore(rows.iter().map(|(key, value)| (&key[..], &value[..])));
    assert_eq!(facts(&one), facts(&whole));
    assert_eq!(facts(&two), facts(&whole));
    assert!(one.take_changes().is_empty() && two.take_changes().is_empty());
    assert_eq!(restarted.restore([(&b"identity/person/x"[..], &b"{"[..]), (b"other/x", b"{")]), 1);
}

#[test]
fn a_flood_of_accounts_is_bounded_and_forgets_no_termination() {
    let mut learned = learned::Learned::default();
    let account = |n: i64| learned::LearnedAccount {
        name: format!("u{n}"),
        product: "okta".to_owned(),
        at: Timestamp::from_seconds(n),
        life: AccountLife { created: Some(Timestamp::from_seconds(n)), ..AccountLife::default() },
    };
    let forgotten: Vec<_> =
        (0..30).filter_map(|n| learned.put_account(&format!("u{n}"), account(n), 10)).collect();
    assert_eq!(forgotten.len(), 20);
    assert_eq!(forgotten[0], "u0");
    let changes = learned.take_changes();
    assert_eq!(changes.iter().filter(|(_, value)| value.is_some()).count(), 10);
    assert_eq!(changes.iter().filter(|(_, value)| value.is_none()).count(), 20);
}

proptest! {
    #[test]
    fn case_and_white_space_do_not_matter(name in "[\\p{L}0-9._-]{1,12}", domain in "[a-zA-Z]{1,8}") {
        let text = serde_json::json!([{"user": name, "name": "x"}, {"user": format!("{domain}\\{name}2"), "name": "y"}]);
        let mut identities = empty();
        identities.import(&file("x.json", 50), &content(&text.to_string(), ""));
        let expected = identities.identity(&name).map(Identity::key);
        prop_assert!(expected.is_some());
        for spelling in [name.to_uppercase(), name.to_lowercase(), format!("  {name} ")] {
            prop_assert_eq!(identities.identity(&spelling).map(Identity::key), expected, "{}", spelling);
        }
        let qualified = format!("{domain}\\{name}2");
        let expected = identities.identity(&qualified).map(Identity::key);
        prop_assert!(expected.is_some());
        prop_assert_eq!(identities.identity(&qualified.to_uppercase()).map(Identity::key), expected);
        let folded = fold(&name).into_owned();
        prop_assert_eq!(fold(&folded), folded.as_str());
    }

    #[test]
    fn no_table_makes_it_panic(text in "(user|mail|employee id|dn|status|,|;|\"|\n|a|@|\\\\|=|1|:|corp){0,60}") {
        let mut identities = empty();
        identities.import(&file("x.csv", 50), &content(&text, ""));
        identities.import(&file("x.ldif", 50), &content(&text, ""));
        let _ = identities.identity("a");
        let _ = identities.contradictions();
    }
}
