use std::sync::Arc;

use sentra_model::RawRecord;

use super::*;
use crate::test_kit::source;
use crate::{DecodeOptions, Decoded, Decoder};

const UUID: &str = "0f9d3a52-7c41-4e0b-9b1e-5f2a6c8d7e10";

fn entity_of(rules: Vec<DemuxRule>, record: &str) -> String {
    let rules = Arc::new(VirtualEntities::new(rules).expect("rules"));
    let source = source(None);
    let record =
        RawRecord { source: &source, position: 1, received: source.reference, bytes: record.as_bytes() };
    let decoder = Decoder::new(DecodeOptions { virtual_entities: rules, ..DecodeOptions::default() });
    match decoder.decode(&record) {
        Decoded::Event(event) => event.virtual_entity.into_owned(),
        Decoded::Dead { detail, .. } => panic!("{detail}"),
    }
}

fn rule(when: &[(&str, &str)], instance: &str) -> DemuxRule {
    DemuxRule {
        vm_uuid: UUID.to_uppercase(),
        hypervisor_type: None,
        when: when.iter().map(|(name, pattern)| ((*name).to_owned(), (*pattern).to_owned())).collect(),
        application_instance: instance.to_owned(),
    }
}

#[test]
fn ids_are_composed_of_fields_and_attributes() {
    let bare = UUID.replace('-', "");
    let cases = [
        (
            format!(r#"{{"vm.uuid":"{UUID}","hypervisor.type":1,"app.instance":"a1"}}"#),
            format!("1:{UUID}:a1"),
        ),
        (format!(r#"{{"vm":{{"uuid":"{UUID}"}},"hypervisor":{{"type":"Type-2"}}}}"#), format!("2:{UUID}:-")),
        (
            format!(r#"{{"vm_uuid":"{{{}}}","hypervisor_type":"VMware ESXi"}}"#, UUID.to_uppercase()),
            format!("1:{UUID}:-"),
        ),
        (format!(r#"{{"vmUuid":"urn:uuid:{UUID}"}}"#), format!("-:{UUID}:-")),
        (format!(r#"{{"vmUuid":"{bare}","hypervisor.type":"VirtualBox"}}"#), format!("2:{UUID}:-")),
        (format!(r#"{{"host.id":"{UUID}"}}"#), String::new()),
        (format!(r#"{{"host.id":"{UUID}","hypervisor.type":"kvm"}}"#), format!("1:{UUID}:-")),
        (
            format!(r#"{{"host.id":"{UUID}","cloud.provider":"azure","service.instance.id":"s"}}"#),
            format!("1:{UUID}:s"),
        ),
        (r#"{"vm.uuid":"00000000-0000-0000-0000-000000000000"}"#.to_owned(), String::new()),
        (r#"{"vm.uuid":"i-0abc","cloud.provider":"aws"}"#.to_owned(), String::new()),
        (
            format!(
                r#"{{"vm.uuid":"{UUID}","app.instance":"x","service.instance.id":"y","application.instance.id":"z"}}"#
            ),
            format!("-:{UUID}:z"),
        ),
        (format!(r#"{{"vm.uuid":"{UUID}","app.instance":"{}"}}"#, "x".repeat(300)), format!("-:{UUID}:-")),
        (
            format!(
                r#"{{"resource":{{"attributes":{{"vm.uuid":"{UUID}","hypervisor.type":"nutanix","service.instance.id":"b2"}}}},"time_unix_nano":"1772272800000000000","observed_time_unix_nano":"0","severity_number":9,"body":"<13>Feb 28 10:00:00 web1 app: hello","attributes":{{}}}}"#
            ),
            format!("1:{UUID}:b2"),
        ),
        (r#"{"a":1}"#.to_owned(), String::new()),
    ];
    for (record, expected) in cases {
        assert_eq!(entity_of(Vec::new(), &record), expected, "{record}");
    }
}

#[test]
fn the_first_rule_that_holds_assigns_the_instance() {
    let rules = || {
        vec![
            rule(&[("unit", "billing-*.service"), ("user", "svc?")], "billing"),
            rule(&[("app", "*shop*")], "shop"),
            DemuxRule { hypervisor_type: Some(2), ..rule(&[], "hosted") },
            rule(&[("dst_port", "443")], "web"),
        ]
    };
    let cases = [
        (r#""unit":"billing-7.service","user":"svc1""#, format!("-:{UUID}:billing")),
        (r#""unit":"BILLING-7.SERVICE","user":"SVC1""#, format!("-:{UUID}:billing")),
        (r#""unit":"billing-7.service","user":"svc12","hypervisor.type":1"#, format!("1:{UUID}:-")),
        (r#""service":"my-shop-1","hypervisor.type":1"#, format!("1:{UUID}:shop")),
        (r#""x":1,"hypervisor.type":1,"dst_port":443"#, format!("1:{UUID}:web")),
        (r#""x":1,"hypervisor.type":2,"app.instance":"own""#, format!("2:{UUID}:hosted")),
        // An event that names no type may be of the rule's, and takes it.
        (r#""x":1"#, format!("2:{UUID}:hosted")),
    ];
    for (fields, expected) in cases {
        let record = format!(r#"{{"vm.uuid":"{UUID}",{fields}}}"#);
        assert_eq!(entity_of(rules(), &record), expected, "{fields}");
    }
    // Rules are for any format, and leave other machines alone.
    let windows = format!(r#"{{"EventID":1,"Channel":"System","vm_uuid":"{UUID}"}}"#);
    assert_eq!(entity_of(vec![rule(&[("service", "system")], "dc")], &windows), format!("-:{UUID}:dc"));
    let other = r#"{"vm.uuid":"1f9d3a52-7c41-4e0b-9b1e-5f2a6c8d7e10"}"#;
    assert_eq!(entity_of(vec![rule(&[], "x")], other), "-:1f9d3a52-7c41-4e0b-9b1e-5f2a6c8d7e10:-");
}

#[test]
fn wrong_rules_are_refused_with_their_number() {
    let cases = [
        (DemuxRule { vm_uuid: "vm7".to_owned(), ..rule(&[], "a") }, "rule 1: vm_uuid \"vm7\" is no UUID"),
        (
            DemuxRule { hypervisor_type: Some(3), ..rule(&[], "a") },
            "rule 1: hypervisor_type 3 does not exist",
        ),
        (rule(&[], ""), "rule 1: application_instance \"\""),
        (rule(&[], " a"), "rule 1: application_instance \" a\""),
        (rule(&[("", "x")], "a"), "rule 1: condition \"\" is \"x\""),
        (rule(&[("user", "x"); 17], "a"), "rule 1: 17 conditions"),
    ];
    for (rule, expected) in cases {
        let error = VirtualEntities::new(vec![rule]).expect_err(expected).to_string();
        assert!(error.contains(expected), "{error}");
    }
    let error =
        VirtualEntities::new(vec![rule(&[], "a"), rule(&[("user", "x")], "b")]).expect_err("unreachable");
    assert_eq!(error, VirtualEntityError::Unreachable { rule: 2, earlier: 1 });
    let text = format!(r#"[{{"vm_uuid":"{UUID}","when":[["user","x*"]],"application_instance":"a"}}]"#);
    let rules: VirtualEntities = serde_json::from_str(&text).expect("rules");
    assert!(!rules.is_empty());
    let error = serde_json::from_str::<VirtualEntities>(r#"[{"vm_uuid":"x","application_instance":"a"}]"#);
    assert!(error.expect_err("no uuid").to_string().contains("is no UUID"));
    assert!(serde_json::from_str::<VirtualEntities>(r#"[{"vm_uuid":"x","instance":"a"}]"#).is_err());
}

#[test]
fn patterns() {
    let cases = [
        ("*", "", true),
        ("a*c", "abbc", true),
        ("a*c", "abcb", false),
        ("*a*b*", "xxaxxbxx", true),
        ("?", "", false),
        ("a?c", "abc", true),
        ("abc", "ABC", true),
        ("abc", "abcd", false),
        ("**", "x", true),
    ];
    for (pattern, text, expected) in cases {
        assert_eq!(glob(pattern.as_bytes(), text.as_bytes()), expected, "{pattern} on {text}");
    }
}
