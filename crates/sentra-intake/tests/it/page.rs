//! The blocks of `docs/protocols.md`, which are what the tests run: so the page cannot be wrong.
#![allow(unreachable_pub)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use sentra_intake::{IntakeSettings, ListenerSettings, Protocol, RouteSettings, SourceSettings};
use serde::Deserialize;

use super::kit::{KEY, Stage, settings};

/// Blocks of products that are played by transcript, and of what other crates try.
const NOT_RUN: [&str; 6] =
    ["fluent-bit-hec", "fluent-bit-es", "vector-hec", "vector-es", "filebeat", "otel-environment"];

fn blocks() -> BTreeMap<String, String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/protocols.md");
    let text = std::fs::read_to_string(page).unwrap();
    let mut blocks = BTreeMap::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some(name) = line.strip_prefix("```").and_then(|line| line.split_once(" name=")) else {
            continue;
        };
        let body: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        let before = blocks.insert(name.1.to_owned(), body.join("\n"));
        assert_eq!(before, None, "two blocks are called {}", name.1);
    }
    blocks
}

/// The block of this name, with other texts in the places of the page's.
pub fn block(name: &str, other: &[(&str, String)]) -> String {
    let mut block = blocks().remove(name).unwrap_or_else(|| panic!("the page has no block {name}"));
    for (from, to) in other {
        assert!(block.contains(from), "{from:?} does not stand in {name}");
        block = block.replace(from, to);
    }
    block.replace("YOUR_KEY", KEY)
}

/// The lists of a configuration file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Doors {
    #[serde(default)]
    pub listeners: Vec<ListenerSettings>,
    #[serde(default)]
    pub routes: Vec<RouteSettings>,
    #[serde(default)]
    pub sources: Vec<SourceSettings>,
}

/// The listeners and routes of a block, on ports of their own.
pub fn doors(name: &str, other: &[(&str, String)]) -> Doors {
    let mut doors: Doors = toml::from_str(&block(name, other)).unwrap();
    for listener in &mut doors.listeners {
        listener.address = "127.0.0.1:0".parse().unwrap();
    }
    doors
}

/// A test that says so stands behind every other block.
#[test]
fn every_block_is_known() {
    let run = [
        "listeners",
        "routes",
        "logger-udp",
        "logger-tcp",
        "rsyslog-tcp",
        "syslog-ng-tcp",
        "certificates",
        "tls-listener",
        "rsyslog-tls",
        "syslog-ng-tls",
        "curl-hec",
        "syslog-ng-hec",
        "curl-bulk",
        "rsyslog-bulk",
        "elasticsearch-py",
        "otel-http",
        "otel-grpc",
        "curl-otlp",
        "snmp-listener",
        "snmptrap",
        "snmpinform",
        "framed-listener",
        "followed-files",
    ];
    let known: BTreeSet<&str> = run.into_iter().chain(NOT_RUN).collect();
    let found = blocks();
    let found: BTreeSet<&str> = found.keys().map(String::as_str).collect();
    assert_eq!(found, known);
}

#[tokio::test]
async fn the_servers_side_of_the_page_can_be_opened() {
    let Doors { listeners, .. } = doors("listeners", &[]);
    let protocols: Vec<_> = listeners.iter().map(|listener| listener.protocol).collect();
    assert_eq!(protocols, [Protocol::SyslogUdp, Protocol::SyslogTcp, Protocol::Http, Protocol::OtlpGrpc]);
    assert!(listeners[2].tenant.is_none() && listeners[0].tenant.is_some());
    let framed = doors("framed-listener", &[]).listeners;
    let sources = doors("followed-files", &[]).sources;
    assert_eq!((sources.len(), sources[0].paths.len()), (1, 2));
    let routes = doors("routes", &[]).routes;
    assert_eq!(routes.len(), 2);
    let listeners = [listeners, framed].concat();
    let stage = Stage::new(&IntakeSettings { routes, ..settings(listeners) });
    assert_eq!(stage.intake.listeners().len(), 5);
    stage.stop().await;
}
