//! Which rules are tried on which events.
//!
//! An event belongs to a *set* of products, categories and services: a registry value set by Sysmon is
//! `registry_set` and `registry_event`, and also `service: sysmon`. A rule is tried on an event when every
//! part that the rule's logsource names is in the event's set.

use serde::{Deserialize, Serialize};

use crate::taxonomy::{
    APPLICATION_PRODUCTS, DEFENDER_ANTIVIRUS_EVENTS, PROXY_NAMES, WEBSERVER_NAMES, service_of_channel,
    sysmon_categories,
};

/// The logsource of a rule, in lower case. A part that is not named takes every event.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Logsource {
    /// `windows`, `linux`, `aws`.
    pub product: Option<String>,
    /// `process_creation`, `registry_set`, `webserver`.
    pub category: Option<String>,
    /// `security`, `sshd`, `cloudtrail`.
    pub service: Option<String>,
}

/// Fields that the routing looks at, beside the header: channel, event id, event type.
pub(crate) const ROUTE_FIELDS: [&str; 3] = ["Channel", "EventID", "EventType"];

/// What the routing looks at. Empty text is "not known".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct RouteFacts<'a> {
    pub(crate) product: &'a str,
    pub(crate) service: &'a str,
    pub(crate) mart: &'a str,
    pub(crate) code: &'a str,
    pub(crate) class: u32,
    /// Fields of Windows events.
    pub(crate) channel: &'a str,
    pub(crate) event_id: &'a str,
    pub(crate) event_type: &'a str,
}

/// Where an event belongs, all in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Route {
    products: Vec<String>,
    categories: Vec<&'static str>,
    services: Vec<String>,
}

impl Logsource {
    /// Whether the rule is tried on events of `route`.
    pub(crate) fn takes(&self, route: &Route) -> bool {
        let named =
            |part: &Option<String>, known: &[String]| part.as_ref().is_none_or(|part| known.contains(part));
        named(&self.product, &route.products)
            && named(&self.service, &route.services)
            && self.category.as_ref().is_none_or(|part| route.categories.contains(&part.as_str()))
    }
}

/// Services whose lines the system writes to its authentication log.
const AUTH_LOG_SERVICES: [&str; 8] =
    ["sshd", "sudo", "su", "login", "passwd", "useradd", "systemd-logind", "polkitd"];
/// Services whose lines do not go to the general system log.
const OWN_LOG_SERVICES: [&str; 2] = ["auditd", "sysmon"];

impl Route {
    /// Derives the route from what is known of an event.
    pub(crate) fn of(facts: &RouteFacts<'_>) -> Self {
        let mut route = Self::default();
        let product = facts.product.to_ascii_lowercase();
        let service = facts.service.to_ascii_lowercase();
        let windows = product == "windows" || (product.is_empty() && !facts.channel.is_empty());
        if windows {
            route.products.push("windows".to_owned());
        } else if !product.is_empty() {
            route.products.push(product);
        }
        if !service.is_empty() {
            route.services.push(service);
        }
        if windows {
            route.add_windows(facts);
        } else {
            route.add_others(facts);
        }
        route.add_by_code(facts);
        route
    }

    /// Products, categories and services.
    pub(crate) fn parts(&self) -> (&[String], &[&'static str], &[String]) {
        (&self.products, &self.categories, &self.services)
    }

    fn has_service(&self, service: &str) -> bool {
        self.services.iter().any(|known| known == service)
    }

    fn has_product(&self, product: &str) -> bool {
        self.products.iter().any(|known| known == product)
    }

    fn add_service(&mut self, service: &str) {
        if !self.has_service(service) {
            self.services.push(service.to_owned());
        }
    }

    fn add_windows(&mut self, facts: &RouteFacts<'_>) {
        if let Some(service) = service_of_channel(facts.channel) {
            self.add_service(service);
        }
        let event_id = facts.event_id.trim().parse::<u32>().unwrap_or_default();
        if self.has_service("sysmon") {
            self.categories.extend(sysmon_categories(event_id, facts.event_type));
        }
        let category = match event_id {
            4688 if self.has_service("security") => "process_creation",
            4103 if self.has_service("powershell") => "ps_module",
            4104 if self.has_service("powershell") => "ps_script",
            400 if self.has_service("powershell-classic") => "ps_classic_start",
            600 if self.has_service("powershell-classic") => "ps_classic_provider_start",
            800 if self.has_service("powershell-classic") => "ps_classic_script",
            id if self.has_service("windefend") && DEFENDER_ANTIVIRUS_EVENTS.contains(&id) => "antivirus",
            _ => return,
        };
        self.categories.push(category);
    }

    fn add_others(&mut self, facts: &RouteFacts<'_>) {
        if self.has_service("sysmon") {
            let event_id = facts.event_id.trim().parse::<u32>().unwrap_or_default();
            self.categories.extend(sysmon_categories(event_id, facts.event_type));
        }
        if self.has_product("linux") {
            if AUTH_LOG_SERVICES.iter().any(|service| self.has_service(service)) {
                self.add_service("auth");
            }
            if !OWN_LOG_SERVICES.iter().any(|service| self.has_service(service)) {
                self.add_service("syslog");
            }
        }
        if self.has_product("m365") {
            // Whatever its workload, a record is one of the unified audit log.
            self.add_service("audit");
            if self.has_service("threat_management") {
                self.add_service("threat_detection");
            }
        }
        if APPLICATION_PRODUCTS.iter().any(|product| self.has_product(product)) {
            self.categories.push("application");
        }
        let category = match facts.class {
            1001 => "file_event",
            1007 if facts.code != "SS02" => "process_creation",
            4001 if facts.mart == "firewall" => "firewall",
            4001 => "network_connection",
            4003 => "dns",
            4002 => return self.add_web(),
            _ => return,
        };
        if !self.categories.contains(&category) {
            self.categories.push(category);
        }
    }

    /// An HTTP event is a web server's or a proxy's; one that does not say is tried as both.
    fn add_web(&mut self) {
        let named =
            |names: &[&str]| names.iter().any(|name| self.has_service(name) || self.has_product(name));
        let (server, proxy) = (named(&WEBSERVER_NAMES), named(&PROXY_NAMES));
        if server || !proxy {
            self.categories.push("webserver");
        }
        if proxy || !server {
            self.categories.push("proxy");
        }
    }

    /// The cross-system codes are categories of their own, so that one rule serves every system.
    fn add_by_code(&mut self, facts: &RouteFacts<'_>) {
        let category = match facts.code.get(..2) {
            Some("LL") => "authentication",
            Some("SA") => "account_change",
            Some("PA") => "privileged_operation",
            Some("CC") => "configuration_change",
            Some("IG") => "identity_governance",
            Some("SS") => "system_service",
            Some("AO") => "administrative_operation",
            _ => return,
        };
        self.categories.push(category);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn takes(logsource: (&str, &str, &str), facts: &RouteFacts<'_>) -> bool {
        let part = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let (product, category, service) = logsource;
        Logsource { product: part(product), category: part(category), service: part(service) }
            .takes(&Route::of(facts))
    }

    #[test]
    fn an_event_belongs_to_a_set_of_logsources() {
        let sysmon = |event_id, event_type| RouteFacts {
            product: "windows",
            channel: "Microsoft-Windows-Sysmon/Operational",
            event_id,
            event_type,
            ..RouteFacts::default()
        };
        let security = |event_id| RouteFacts { channel: "security", event_id, ..RouteFacts::default() };
        let linux = |service| RouteFacts { product: "linux", service, ..RouteFacts::default() };
        let m365 = |service| RouteFacts { product: "m365", service, ..RouteFacts::default() };
        for (logsource, facts, expected) in [
            (("windows", "process_creation", ""), sysmon("1", ""), true),
            (("windows", "", "sysmon"), sysmon("1", ""), true),
            (("windows", "", ""), sysmon("1", ""), true),
            (("linux", "process_creation", ""), sysmon("1", ""), false),
            (("windows", "registry_set", ""), sysmon("13", ""), true),
            (("windows", "registry_event", ""), sysmon("13", ""), true),
            (("windows", "registry_add", ""), sysmon("12", "CreateKey"), true),
            (("windows", "registry_delete", ""), sysmon("12", "CreateKey"), false),
            (("windows", "registry_delete", ""), sysmon("12", "DeleteValue"), true),
            (("windows", "registry_event", ""), sysmon("12", ""), true),
            (("windows", "process_creation", ""), security("4688"), true),
            (("windows", "process_creation", ""), security("1"), false),
            (("windows", "", "security"), security("4624"), true),
            (("windows", "", "system"), security("4624"), false),
            (("linux", "", "auth"), linux("sshd"), true),
            (("linux", "", "sshd"), linux("sshd"), true),
            (("linux", "", "syslog"), linux("sshd"), true),
            (("linux", "", "cron"), linux("sshd"), false),
            (("linux", "", "syslog"), linux("auditd"), false),
            (("", "", ""), linux("sshd"), true),
            (("m365", "", "audit"), m365("exchange"), true),
            (("m365", "", "threat_detection"), m365("threat_management"), true),
            (("m365", "", "exchange"), m365("audit"), false),
            (
                ("", "webserver", ""),
                RouteFacts { class: 4002, service: "nginx", ..RouteFacts::default() },
                true,
            ),
            (("", "proxy", ""), RouteFacts { class: 4002, service: "nginx", ..RouteFacts::default() }, false),
            (
                ("", "webserver", ""),
                RouteFacts { class: 4002, product: "webserver", ..RouteFacts::default() },
                true,
            ),
            (
                ("", "proxy", ""),
                RouteFacts { class: 4002, service: "webserver", ..RouteFacts::default() },
                false,
            ),
            (("", "authentication", ""), RouteFacts { code: "LL03", ..RouteFacts::default() }, true),
            (("", "identity_governance", ""), RouteFacts { code: "IG02", ..RouteFacts::default() }, true),
            (
                ("", "administrative_operation", ""),
                RouteFacts { code: "AO04", ..RouteFacts::default() },
                true,
            ),
            (("", "system_service", ""), RouteFacts { code: "CC02", ..RouteFacts::default() }, false),
        ] {
            assert_eq!(takes(logsource, &facts), expected, "{logsource:?} on {facts:?}");
        }
    }
}
