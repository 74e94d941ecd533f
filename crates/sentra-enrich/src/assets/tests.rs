use proptest::prelude::*;

use super::leases::{Lease, Leases};
use super::*;
use crate::source::EventSources;
use crate::test_kit::{Happening, at, batch, content, file};

fn with(files: &[(&str, u8, &str, &str)]) -> (Assets, Vec<String>) {
    let mut assets = Assets::new(EventSources::default());
    let mut problems = Vec::new();
    for (path, priority, as_of, text) in files {
        let told = assets.import(&file(path, *priority), &content(text, as_of));
        problems.extend(told.iter().map(ToString::to_string));
    }
    (assets, problems)
}

const CSV: &str = "hostname,ip,owner,criticality,role,env,managed\n\
web1.example.com,10.0.0.5;2001:db8::5,carol,high,Web Server,prod,yes\n\
pc7,10.0.7.7,alice,,laptop,,BYOD\n\
cluster,10.9.0.0/24,dba,1,db,prod,yes\n";

#[test]
fn machines_by_name_account_and_address() {
    let (assets, problems) = with(&[("cmdb.csv", 50, "2026-03-01", CSV)]);
    assert_eq!(problems, Vec::<String>::new());
    for name in ["WEB1", "web1.example.com.", "WEB1$", "10.0.0.5", "2001:db8::5", "\\\\web1"] {
        assert_eq!(assets.asset(name).map(Asset::name), Some("web1.example.com"), "{name}");
    }
    assert!(assets.asset("web1.other.com").is_none());
    assert_eq!(assets.asset("pc7.corp.example.com").map(Asset::name), Some("pc7"));
    let web = assets.asset("web1").unwrap();
    assert_eq!((web.tier(), web.role(), web.owner()), (2, Some("web server"), Some("carol")));
    assert_eq!((web.environment(), web.is_managed()), (Some("prod"), Some(true)));
    let pc = assets.asset("pc7").unwrap();
    assert_eq!((pc.tier(), pc.role(), pc.is_managed()), (4, Some("workstation"), Some(false)));
    assert_eq!(assets.asset("10.9.0.77").map(Asset::name), Some("cluster"));
    let now = at("2026-03-02T00:00:00Z");
    assert_eq!(assets.host_at("10.9.0.77".parse().unwrap(), now).unwrap().host, "cluster");
    assert!(assets.host_at("10.8.0.77".parse().unwrap(), now).is_none());
}

#[test]
fn computers_of_a_directory() {
    let ldif = "dn: CN=DC1,OU=Domain Controllers,DC=corp,DC=example,DC=com\nobjectClass: user\nobjectClass: computer\n\
                cn: DC1\nsAMAccountName: DC1$\ndNSHostName: dc1.corp.example.com\nuserAccountControl: 532480\n\
                operatingSystem: Windows Server 2022\nmanagedBy: CN=Carol Chief,OU=IT,DC=corp\n\n\
                dn: CN=Alice,DC=corp\nobjectClass: user\ncn: Alice\n\n\
                dn: CN=PC1,DC=corp\nobjectClass: computer\ncn: PC1\noperatingSystem: Windows 11 Enterprise\n";
    let (assets, problems) = with(&[("ad.ldif", 50, "2026-03-01", ldif)]);
    assert_eq!(problems, Vec::<String>::new());
    assert_eq!(assets.len(), 2);
    let dc = assets.asset("dc1").unwrap();
    assert_eq!((dc.tier(), dc.role(), dc.owner()), (1, Some("domain controller"), Some("Carol Chief")));
    assert_eq!(assets.asset("PC1$").unwrap().role(), Some("workstation"));
}

#[test]
fn contradictions_and_what_is_odd() {
    let other = "name,ip,tier,owner\nWEB1,10.0.0.6,4,dave\nnew,10.0.0.5,9,\n,,1,\nx,10.0.0.300,2,\n";
    let (assets, problems) =
        with(&[("cmdb.csv", 90, "2026-01-01", CSV), ("scan.csv", 50, "2026-03-01", other)]);
    assert_eq!(
        problems,
        [
            "assets:scan.csv:3: \"9\" is no tier: write 1 (critical) to 4 (low)",
            "assets:scan.csv:4: names no host and no address: a column host or ip is needed",
            "assets:scan.csv:5: \"10.0.0.300\" is no address and no network",
        ]
    );
    let all = assets.contradictions();
    let told: Vec<_> = all
        .list
        .iter()
        .map(|c| format!("{} {} {}>{}", c.subject, c.attribute, c.kept.value, c.other.value))
        .collect();
    assert_eq!(
        told,
        [
            "10.0.0.5/32 address web1.example.com>new",
            "web1.example.com owner carol>dave",
            "web1.example.com tier 2>4"
        ]
    );
    assert_eq!(assets.asset("web1").unwrap().tier(), 2);
    assert_eq!(assets.asset("10.0.0.6").map(Asset::name), Some("web1.example.com"));
}

#[test]
fn a_machine_with_a_million_addresses_is_bounded() {
    let list: Vec<_> = (0..1_000_000_u32).map(|n| format!("\"{}\"", std::net::Ipv4Addr::from(n))).collect();
    let text = format!("{{\"host\":\"proxy\",\"ip\":[{}]}}", list.join(","));
    let (assets, problems) = with(&[("x.json", 50, "2026-03-01", &text)]);
    assert_eq!(problems.len(), 1);
    let proxy = assets.asset("proxy").unwrap();
    assert_eq!((proxy.addresses().len(), proxy.addresses_total()), (ADDRESSES_PER_ASSET_MAX, 1_000_000));
}

fn lease(
    time: &'static str,
    fields: &'static [(&'static str, &'static str)],
    src_ip: &'static str,
) -> Happening {
    Happening { time, product: "dnsmasq", service: "dhcp", src_ip, fields, ..Happening::default() }
}

#[test]
fn leases_name_addresses_for_their_time_and_survive_a_restart() {
    let events = [
        lease("2026-03-02T10:00:00Z", &[("action", "DHCPACK"), ("client", "Laptop9")], "10.0.7.7"),
        lease("2026-03-01T10:00:00Z", &[("action", "DHCPACK"), ("client", "pc1")], "10.0.7.8"),
        lease("2026-03-02T10:00:00Z", &[("action", "DHCPREQUEST"), ("client", "evil")], "10.0.7.9"),
        lease("2026-02-01T10:00:00Z", &[("action", "DHCPACK"), ("client", "older")], "10.0.7.7"),
    ];
    let (mut whole, _) = with(&[("cmdb.csv", 50, "2026-03-01", CSV)]);
    whole.observe(&batch(&events));
    let (mut cut, _) = with(&[("cmdb.csv", 50, "2026-03-01", CSV)]);
    let mut rows = std::collections::BTreeMap::new();
    for event in events.iter().rev() {
        cut.observe(&batch(std::slice::from_ref(event)));
        rows.extend(cut.take_changes());
    }
    let (mut restored, _) = with(&[("cmdb.csv", 50, "2026-03-01", CSV)]);
    let rows: Vec<_> = rows.into_iter().map(|(key, value)| (key, value.unwrap())).collect();
    assert_eq!(restored.restore(rows.iter().map(|(key, value)| (&key[..], &value[..]))), 0);
    for assets in [&whole, &cut, &restored] {
        let host = |address: &str, time: &str| {
            assets
                .host_at(address.parse().unwrap(), at(time))
                .map(|found| (found.host.to_owned(), found.is_self_named))
        };
        // The lease is fresher than the table, while it lasts.
        assert_eq!(host("10.0.7.7", "2026-03-03T00:00:00Z"), Some(("laptop9".to_owned(), true)));
        assert_eq!(host("10.0.7.7", "2026-03-20T00:00:00Z"), Some(("pc7".to_owned(), false)));
        assert_eq!(host("10.0.7.7", "2026-03-01T00:00:00Z"), Some(("pc7".to_owned(), false)));
        assert_eq!(host("10.0.7.8", "2026-03-03T00:00:00Z"), Some(("pc1".to_owned(), true)));
        assert_eq!(host("10.0.7.9", "2026-03-03T00:00:00Z"), None);
    }
}

#[test]
fn leases_are_bounded() {
    let mut leases = Leases::default();
    for n in 0..100_u32 {
        let address = std::net::IpAddr::V4(n.into());
        leases.put(
            address,
            Lease { at: sentra_model::Timestamp::from_seconds(n.into()), host: "x".into() },
            10,
        );
    }
    assert_eq!(leases.len(), 10);
    assert_eq!(leases.take_changes().iter().filter(|(_, value)| value.is_some()).count(), 10);
}

proptest! {
    #[test]
    fn no_table_makes_it_panic(text in "(host|ip|tier|role|,|;|\"|\n|a|\\.|10.0.0.1|/8|1|dn: |\\$){0,60}") {
        let (assets, _) = with(&[("x.csv", 50, "", &text), ("x.ldif", 50, "", &text)]);
        let _ = assets.asset("a");
        let _ = assets.contradictions();
    }
}
