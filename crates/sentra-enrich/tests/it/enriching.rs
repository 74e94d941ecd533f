use std::collections::BTreeMap;

use expect_test::{Expect, expect};
use sentra_enrich::{EnrichSources, Enricher, Privilege, SourceContent};
use sentra_model::{
    BatchBuilder, Enrichment, EntityRef, EntityType, Estimate, Event, EventBatch, EventCode, EventId, Mart,
    RawRecord, Role, RuleKind, RuleRef, Severity, Signal, SignalId, Source, SourceKind, TenantId, Timestamp,
};
use serde_json::json;

use crate::mmdb::Writer;

const SOURCES: &str = r#"
[[identities]]
path = "hr.csv"
priority = 90
[[identities]]
path = "ad.ldif"
[[assets]]
path = "cmdb.json"
[[networks]]
path = "nets.csv"
[[places]]
path = "geo/city.mmdb"
"#;

const HR: &str = "Employee ID,Name,Work Email,Department,Job Title,Manager,Country,Devices\n\
21001,Alice Example,alice@example.com,Finance,Accountant,Carol Chief,DE,pc7;phone9\n";
const AD: &str = "dn: CN=alice,DC=corp,DC=example,DC=com\nobjectClass: user\nsAMAccountName: alice\nemployeeID: 21001\n\
userAccountControl: 512\nmemberOf: CN=Domain Admins,DC=corp\n\n\
dn: CN=svc_sql,DC=corp,DC=example,DC=com\nobjectClass: user\nsAMAccountName: svc_sql\n";
const CMDB: &str = r#"[{"hostname":"dc1.corp.example.com","ip":"10.0.0.5","role":"DC","owner":"it","environment":"prod","managed":true},
{"hostname":"pc7","role":"laptop","managed":"BYOD"}]"#;
const NETS: &str = "cidr,name,site,kind,vlan\n10.0.0.0/16,servers,Berlin,internal,V10\n";

fn moment(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn read(path: &str) -> Result<SourceContent, String> {
    let place = json!({"country": {"iso_code": "BR", "names": {"en": "Brazil"}}, "city": {"names": {"en": "Recife"}},
        "location": {"latitude": -8.05, "longitude": -34.9, "accuracy_radius": 10},
        "autonomous_system_number": 64500, "autonomous_system_organization": "Example Net"});
    let bytes = match path {
        "hr.csv" => HR.as_bytes().to_vec(),
        "ad.ldif" => AD.as_bytes().to_vec(),
        "cmdb.json" => CMDB.as_bytes().to_vec(),
        "nets.csv" => NETS.as_bytes().to_vec(),
        "geo/city.mmdb" => Writer::new(6, 28).add("203.0.113.0/24", &place).finish(),
        _ => return Err("no such file".to_owned()),
    };
    let as_of = (path != "cmdb.json").then(|| moment("2026-03-01T00:00:00Z"));
    Ok(SourceContent { bytes, as_of })
}

fn enricher() -> Enricher {
    let sources: EnrichSources = toml::from_str(SOURCES).unwrap();
    let (enricher, problems) = Enricher::load(TenantId::default_tenant(), &sources, None, read);
    assert_eq!(problems, Vec::new());
    enricher
}

fn signal(entities: &[(EntityType, Role, &str)]) -> Signal {
    Signal {
        id: SignalId::derive(sentra_model::Digest::new("test")),
        tenant: TenantId::default_tenant(),
        rule: RuleRef {
            id: "rule".into(),
            title: "Rule".into(),
            kind: RuleKind::Sigma,
            level: Severity::High,
            tags: Vec::new(),
            pack: "core@1".into(),
        },
        severity: Severity::High,
        probability: Estimate::new(0.5, 0.4, 0.6),
        first: moment("2026-03-10T00:00:00Z"),
        last: moment("2026-03-12T00:00:00Z"),
        count: 1,
        folded: 0,
        events: Vec::new(),
        events_total: 0,
        entities: entities.iter().map(|(of, role, value)| EntityRef::new(*of, *role, *value)).collect(),
        facts: Vec::new(),
        techniques: Vec::new(),
        tactics: Vec::new(),
        controls: Vec::new(),
        enrichments: Vec::new(),
        verdict: None,
    }
}

fn check(signal: &Signal, expected: &Expect) {
    let line = |enrichment: &Enrichment| {
        let Enrichment { entity, name, value, source, version, confidence, .. } = enrichment;
        let entity = entity.as_ref().map_or("", |entity| &entity.value);
        let confidence = confidence.map(|confidence| format!(" ({confidence})")).unwrap_or_default();
        format!("{entity}: {name} = {value} | {source} {version}{confidence}\n")
    };
    expected.assert_eq(&signal.enrichments.iter().map(line).collect::<String>());
}

fn events(tenant: &TenantId) -> EventBatch {
    let source =
        Source { kind: SourceKind::File, origin: "x".into(), format: None, reference: Timestamp::default() };
    let mut builder = BatchBuilder::new(tenant.clone(), Mart::IDENTITY);
    let mut push = |offset, event: Event<'_>| {
        let record = RawRecord { source: &source, position: offset, received: event.time, bytes: b"" };
        builder.push(EventId::raw(0, offset), &record, &event).unwrap();
    };
    let mut left = Event::new("workday", Mart::IDENTITY, moment("2026-03-08T09:00:00Z"));
    left.code = Some(EventCode::SA03);
    (left.product, left.service, left.target_user) = ("workday".into(), "worker".into(), "alice".into());
    left.push("Employee_ID", "21001");
    left.push("Worker_Status", "Terminated");
    left.push("Termination_Date", "2026-03-09");
    push(0, left);
    let mut lock = Event::new("windows", Mart::WINDOWS, moment("2026-03-11T09:00:00Z"));
    lock.code = Some(EventCode::SA08);
    (lock.product, lock.target_user) = ("windows".into(), "alice".into());
    lock.push("EventID", "4740");
    push(1, lock);
    let mut lease = Event::new("dnsmasq", Mart::FIREWALL, moment("2026-03-11T10:00:00Z"));
    (lease.product, lease.service, lease.src_ip) = ("dnsmasq".into(), "dhcp".into(), "10.0.9.9".into());
    lease.push("action", "DHCPACK");
    lease.push("client", "DC1");
    push(2, lease);
    builder.finish().unwrap()
}

#[test]
fn what_is_known_stands_on_the_signal() {
    let mut enricher = enricher();
    enricher.observe(&events(&TenantId::default_tenant()));
    let mut signal = signal(&[
        (EntityType::User, Role::Actor, "CORP\\Alice"),
        (EntityType::User, Role::Target, "alice"),
        (EntityType::User, Role::Related, "svc_sql"),
        (EntityType::Host, Role::Target, "DC1"),
        (EntityType::Host, Role::Source, "pc7.corp.example.com"),
        (EntityType::Ip, Role::Destination, "10.0.0.5"),
        (EntityType::Ip, Role::Source, "203.0.113.9"),
        (EntityType::Ip, Role::Related, "10.0.9.9"),
        (EntityType::Ip, Role::Related, "not an address"),
        (EntityType::User, Role::Target, "ALICE"),
    ]);
    enricher.enrich(&mut signal);
    check(
        &signal,
        &expect![[r#"
            CORP\Alice: account_locked = 2026-03-11T09:00:00Z | events:windows 2026-03-11
            CORP\Alice: person = Alice Example | identities:hr.csv 2026-03-01
            CORP\Alice: employee_id = 21001 | identities:hr.csv 2026-03-01
            CORP\Alice: mail = alice@example.com | identities:hr.csv 2026-03-01
            CORP\Alice: department = Finance | identities:hr.csv 2026-03-01
            CORP\Alice: manager = Carol Chief | identities:hr.csv 2026-03-01
            CORP\Alice: title = Accountant | identities:hr.csv 2026-03-01
            CORP\Alice: privilege = privileged | identities:ad.ldif 2026-03-01
            CORP\Alice: status = terminated since 2026-03-09T00:00:00Z | events:workday 2026-03-08
            CORP\Alice: usual_country = DE | identities:hr.csv 2026-03-01
            CORP\Alice: peers = finance/accountant | identities:hr.csv 2026-03-01
            CORP\Alice: managed_devices = 2 | identities:hr.csv 2026-03-01
            alice: account_locked = 2026-03-11T09:00:00Z | events:windows 2026-03-11
            alice: person = Alice Example | identities:hr.csv 2026-03-01
            alice: employee_id = 21001 | identities:hr.csv 2026-03-01
            alice: mail = alice@example.com | identities:hr.csv 2026-03-01
            alice: department = Finance | identities:hr.csv 2026-03-01
            alice: manager = Carol Chief | identities:hr.csv 2026-03-01
            alice: title = Accountant | identities:hr.csv 2026-03-01
            alice: privilege = privileged | identities:ad.ldif 2026-03-01
            alice: status = terminated since 2026-03-09T00:00:00Z | events:workday 2026-03-08
            alice: usual_country = DE | identities:hr.csv 2026-03-01
            alice: peers = finance/accountant | identities:hr.csv 2026-03-01
            alice: managed_devices = 2 | identities:hr.csv 2026-03-01
            svc_sql: person = svc_sql | identities:ad.ldif 2026-03-01
            svc_sql: privilege = service | rules:privilege 1
            DC1: tier = 1 | rules:asset-role 1
            DC1: asset_role = domain controller | assets:cmdb.json c1ecaac3e714
            DC1: owner = it | assets:cmdb.json c1ecaac3e714
            DC1: environment = prod | assets:cmdb.json c1ecaac3e714
            DC1: managed = yes | assets:cmdb.json c1ecaac3e714
            pc7.corp.example.com: tier = 4 | rules:asset-role 1
            pc7.corp.example.com: asset_role = workstation | assets:cmdb.json c1ecaac3e714
            pc7.corp.example.com: managed = no | assets:cmdb.json c1ecaac3e714
            10.0.0.5: zone_kind = internal | networks:nets.csv 2026-03-01
            10.0.0.5: zone = servers | networks:nets.csv 2026-03-01
            10.0.0.5: site = Berlin | networks:nets.csv 2026-03-01
            10.0.0.5: segment = V10 | networks:nets.csv 2026-03-01
            10.0.0.5: host = dc1.corp.example.com | assets:cmdb.json c1ecaac3e714
            10.0.0.5: tier = 1 | rules:asset-role 1
            10.0.0.5: asset_role = domain controller | assets:cmdb.json c1ecaac3e714
            10.0.0.5: owner = it | assets:cmdb.json c1ecaac3e714
            10.0.0.5: environment = prod | assets:cmdb.json c1ecaac3e714
            10.0.0.5: managed = yes | assets:cmdb.json c1ecaac3e714
            203.0.113.9: zone_kind = external | networks:well-known 1
            203.0.113.9: country = BR | places:city.mmdb 2026-03-01
            203.0.113.9: country_name = Brazil | places:city.mmdb 2026-03-01
            203.0.113.9: city = Recife | places:city.mmdb 2026-03-01
            203.0.113.9: network = 203.0.113.0/24 | places:city.mmdb 2026-03-01
            203.0.113.9: coordinates = -8.05,-34.90 within 10 km | places:city.mmdb 2026-03-01
            203.0.113.9: asn = AS64500 | places:city.mmdb 2026-03-01
            203.0.113.9: organisation = Example Net | places:city.mmdb 2026-03-01
            10.0.9.9: zone_kind = internal | networks:nets.csv 2026-03-01
            10.0.9.9: zone = servers | networks:nets.csv 2026-03-01
            10.0.9.9: site = Berlin | networks:nets.csv 2026-03-01
            10.0.9.9: segment = V10 | networks:nets.csv 2026-03-01
            10.0.9.9: host = dc1 | events:dhcp 2026-03-11 (0.5)
        "#]],
    );
    let once = signal.clone();
    enricher.enrich(&mut signal);
    assert_eq!(signal, once, "a second call changes nothing");

    let weight = enricher.subject_weight(&signal);
    assert_eq!((weight.tier, weight.asset.as_deref()), (Some(1), Some("dc1.corp.example.com")));
    assert_eq!(weight.privilege, Some(Privilege::Privileged));
    assert_eq!(weight.identity.as_deref(), Some("employee:21001"));
    assert_eq!(weight.status.unwrap().0.as_str(), "terminated");
    assert_eq!((weight.is_managed, weight.has_outside_address), (Some(false), Some(true)));
}

#[test]
fn a_name_that_a_machine_gave_itself_makes_it_no_more_critical() {
    let mut enricher = enricher();
    enricher.observe(&events(&TenantId::default_tenant()));
    let signal = signal(&[(EntityType::Ip, Role::Source, "10.0.9.9")]);
    assert_eq!(enricher.host_at("10.0.9.9".parse().unwrap(), signal.last).unwrap().host, "dc1");
    assert_eq!(enricher.subject_weight(&signal).tier, None);
}

#[test]
fn other_tenants_are_left_alone() {
    let other: TenantId = "other".parse().unwrap();
    let mut enricher = enricher();
    enricher.observe(&events(&other));
    assert!(enricher.take_changes().is_empty());
    let mut signal = signal(&[(EntityType::User, Role::Actor, "alice")]);
    signal.tenant = other;
    enricher.enrich(&mut signal);
    assert_eq!(signal.enrichments, Vec::new());
    assert_eq!(enricher.subject_weight(&signal), sentra_enrich::SubjectWeight::default());
}

#[test]
fn new_sources_replace_the_old_and_what_was_learnt_stays() {
    let mut running = enricher();
    running.observe(&events(&TenantId::default_tenant()));
    let rows: BTreeMap<_, _> =
        running.take_changes().into_iter().map(|(key, value)| (key, value.unwrap())).collect();
    assert!(
        rows.keys().any(|key| key.starts_with(b"asset/"))
            && rows.keys().any(|key| key.starts_with(b"identity/"))
    );
    running.replace(enricher());
    let mut restarted = enricher();
    let unreadable = restarted.restore(rows.iter().map(|(key, value)| (key.as_slice(), value.as_slice())));
    assert_eq!(unreadable, 0);
    let asked =
        signal(&[(EntityType::User, Role::Actor, "alice"), (EntityType::Ip, Role::Source, "10.0.9.9")]);
    let (mut one, mut two) = (asked.clone(), asked);
    running.enrich(&mut one);
    restarted.enrich(&mut two);
    assert_eq!(one, two);
    assert!(one.enrichments.iter().any(|known| known.name == "status" && known.source == "events:workday"));
    let stranger = Enricher::new("other".parse().unwrap());
    running.replace(stranger);
    assert_eq!(running.tenant(), &TenantId::default_tenant());
}

#[test]
fn what_cannot_be_read_is_told_and_the_rest_is_used() {
    let sources: EnrichSources = toml::from_str(&format!(
        "{SOURCES}\n[[identities]]\npath = \"gone.csv\"\n[[places]]\npath = \"hr.csv\"\n"
    ))
    .unwrap();
    let (enricher, problems) = Enricher::load(TenantId::default_tenant(), &sources, None, read);
    let told: Vec<_> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert_eq!(told[0], "gone.csv: no such file");
    assert!(told[1].starts_with("places:hr.csv: not a database"));
    assert!(enricher.identity("alice").is_some() && enricher.place("203.0.113.1").is_some());
}

#[test]
fn a_signal_of_a_thousand_entities_is_bounded() {
    let addresses: Vec<String> = (0..1_000).map(|n| format!("203.0.113.{}", n % 256)).collect();
    let entities: Vec<_> =
        addresses.iter().map(|address| (EntityType::Ip, Role::Source, address.as_str())).collect();
    let mut signal = signal(&entities);
    enricher().enrich(&mut signal);
    assert!(signal.enrichments.len() <= sentra_enrich::STATIC_ENRICHMENTS_MAX);
    assert!(!signal.enrichments.is_empty());
}
