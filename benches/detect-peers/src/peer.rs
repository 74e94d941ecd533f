//! The peer, used as its documentation says.

use std::collections::HashMap;
use std::error::Error;

use rsigma_eval::Engine;
use rsigma_eval::event::JsonEvent;
use rsigma_parser::{LogSource, SigmaCollection, parse_sigma_yaml};
use sentra_detect::RuleSource;
use serde_json::Value;

/// How an event with several categories is routed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Routing {
    /// To the first of them.
    One,
    /// To each of them.
    Each,
}

/// An event and where it belongs.
pub struct PeerEvent {
    value: Value,
    logsources: Vec<LogSource>,
}

/// Services by channel, as far as the events at hand need them.
const SERVICES: [(&str, &str); 12] = [
    ("security", "security"),
    ("system", "system"),
    ("application", "application"),
    ("windows powershell", "powershell-classic"),
    ("microsoft-windows-powershell/operational", "powershell"),
    ("microsoft-windows-sysmon/operational", "sysmon"),
    ("microsoft-windows-wmi-activity/operational", "wmi"),
    ("microsoft-windows-bits-client/operational", "bits-client"),
    ("microsoft-windows-taskscheduler/operational", "taskscheduler"),
    ("microsoft-windows-windows defender/operational", "windefend"),
    ("microsoft-windows-windows firewall with advanced security/firewall", "firewall-as"),
    (
        "microsoft-windows-terminalservices-localsessionmanager/operational",
        "terminalservices-localsessionmanager",
    ),
];

/// The events of `text`, a JSON object per line.
pub fn events(text: &str) -> Result<Vec<PeerEvent>, Box<dyn Error>> {
    let event = |line: &str| {
        let mut value: Value = serde_json::from_str(line)?;
        name_as_sigma_does(&mut value);
        let logsources = logsources(&value);
        Ok(PeerEvent { value, logsources })
    };
    text.lines().map(event).collect()
}

/// Process creations of the Security channel name the image otherwise than rules do; Sentra looks there too.
fn name_as_sigma_does(event: &mut Value) {
    let Some(fields) = event.as_object_mut() else { return };
    for (name, other) in [("Image", "NewProcessName"), ("ParentImage", "ParentProcessName")] {
        if !fields.contains_key(name)
            && let Some(value) = fields.get(other).cloned()
        {
            fields.insert(name.to_owned(), value);
        }
    }
}

fn logsources(event: &Value) -> Vec<LogSource> {
    let channel = event["Channel"].as_str().unwrap_or_default().to_lowercase();
    let service = SERVICES.iter().find(|(known, _)| *known == channel).map(|(_, service)| *service);
    let id =
        event["EventID"].as_u64().or_else(|| event["EventID"].as_str()?.parse().ok()).unwrap_or_default();
    let of_type = event["EventType"].as_str().unwrap_or_default();
    let categories: &[&str] = match (service, id) {
        (Some("sysmon"), _) => sysmon(id, of_type),
        (Some("security"), 4688) => &["process_creation"],
        (Some("powershell"), 4103) => &["ps_module"],
        (Some("powershell"), 4104) => &["ps_script"],
        (Some("powershell-classic"), 400) => &["ps_classic_start"],
        (Some("powershell-classic"), 600) => &["ps_classic_provider_start"],
        (Some("powershell-classic"), 800) => &["ps_classic_script"],
        _ => &[],
    };
    let logsource = |category: Option<&str>| LogSource {
        product: Some("windows".to_owned()),
        service: service.map(str::to_owned),
        category: category.map(str::to_owned),
        definition: None,
        custom: HashMap::new(),
    };
    if categories.is_empty() {
        return vec![logsource(None)];
    }
    categories.iter().map(|category| logsource(Some(category))).collect()
}

fn sysmon(id: u64, of_type: &str) -> &'static [&'static str] {
    match id {
        1 => &["process_creation"],
        2 => &["file_change"],
        3 => &["network_connection"],
        5 => &["process_termination"],
        6 => &["driver_load"],
        7 => &["image_load"],
        8 => &["create_remote_thread"],
        9 => &["raw_access_thread"],
        10 => &["process_access"],
        11 => &["file_event"],
        12 if of_type == "CreateKey" => &["registry_add", "registry_event"],
        12 if of_type.starts_with("Delete") => &["registry_delete", "registry_event"],
        12 => &["registry_event"],
        13 => &["registry_set", "registry_event"],
        14 => &["registry_rename", "registry_event"],
        15 => &["create_stream_hash"],
        17 | 18 => &["pipe_created"],
        19..=21 => &["wmi_event"],
        22 => &["dns_query"],
        23 => &["file_delete"],
        25 => &["process_tampering"],
        26 => &["file_delete", "file_delete_detected"],
        _ => &[],
    }
}

/// The peer's engine with the rules in it.
pub struct Peer {
    engine: Engine,
}

impl Peer {
    /// Parses and compiles.
    pub fn new(sources: &[RuleSource]) -> Result<Self, Box<dyn Error>> {
        let mut all = SigmaCollection::new();
        for source in sources {
            let mut parsed =
                parse_sigma_yaml(&source.text).map_err(|error| format!("{}: {error}", source.path))?;
            all.rules.append(&mut parsed.rules);
        }
        let mut engine = Engine::new();
        engine.add_collection(&all).map_err(|error| error.to_string())?;
        Ok(Self { engine })
    }

    /// How many rules it has.
    pub fn rules(&self) -> usize {
        self.engine.rule_count()
    }

    /// What matches: line of the event (from 0) and id of the rule.
    pub fn run(&self, events: &[PeerEvent], routing: Routing) -> Vec<(u64, String)> {
        let mut found = Vec::new();
        for (line, event) in (0..).zip(events) {
            let taken = if routing == Routing::One { 1 } else { event.logsources.len() };
            let json = JsonEvent::borrow(&event.value);
            for logsource in event.logsources.iter().take(taken) {
                for result in self.engine.evaluate_with_logsource(&json, logsource) {
                    found.push((line, result.header.rule_id.unwrap_or(result.header.rule_title)));
                }
            }
        }
        found
    }
}
