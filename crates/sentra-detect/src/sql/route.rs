//! A rule's logsource by what the header of an event says.

use std::collections::BTreeSet;

use crate::logsource::Logsource;

use super::filter::{Filter, Place, ValueTest};

/// Services that the routing derives from others, beside those of Windows channels.
const DERIVED_SERVICES: [&str; 4] = ["auth", "syslog", "audit", "threat_detection"];

/// A condition that holds for every event that the logsource takes.
pub(super) fn filter(logsource: &Logsource, widened: &mut BTreeSet<String>) -> Filter {
    if *logsource == Logsource::default() {
        return Filter::Always;
    }
    widened.insert("the logsource, by the header only".to_owned());
    let product = logsource.product.as_deref();
    // Of Windows events the header need not say more than the product, or not even that.
    let may_be_windows = product.is_none_or(|product| product == "windows");
    let by_product = match product {
        None => Filter::Always,
        Some("windows") => {
            let known = equals("product", &["windows", ""]);
            Filter::any([known, Filter::not(Filter::Present(Place::Column("product")))])
        }
        Some(product) => equals("product", &[product]),
    };
    let by_service = match logsource.service.as_deref() {
        Some(service) if !may_be_windows && !DERIVED_SERVICES.contains(&service) => {
            equals("service", &[service])
        }
        _ => Filter::Always,
    };
    let sysmon = || equals("service", &["sysmon"]);
    let by_category = match logsource.category.as_deref() {
        Some("authentication") => code("LL"),
        Some("account_change") => code("SA"),
        Some("privileged_operation") => code("PA"),
        Some("configuration_change") => code("CC"),
        Some("identity_governance") => code("IG"),
        Some("system_service") => code("SS"),
        Some("administrative_operation") => code("AO"),
        Some("webserver" | "proxy") => Filter::Class(4002),
        Some("dns") => Filter::Class(4003),
        Some("firewall") => Filter::Class(4001),
        Some("process_creation") if !may_be_windows => Filter::any([Filter::Class(1007), sysmon()]),
        Some("file_event") if !may_be_windows => Filter::any([Filter::Class(1001), sysmon()]),
        Some("network_connection") if !may_be_windows => Filter::any([Filter::Class(4001), sysmon()]),
        _ => Filter::Always,
    };
    Filter::all([by_product, by_service, by_category])
}

fn equals(column: &'static str, texts: &[&str]) -> Filter {
    let tests = texts.iter().map(|text| ValueTest::Equals { text: (*text).to_owned(), cased: false });
    Filter::Value { place: Place::Column(column), tests: tests.collect() }
}

fn code(start: &str) -> Filter {
    let test = ValueTest::Starts { text: start.to_owned(), cased: true };
    Filter::Value { place: Place::Column("code"), tests: vec![test] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logsource::{Route, RouteFacts};

    const PRODUCTS: [&str; 8] = ["", "windows", "Linux", "m365", "aws", "python", "zeek", "nginx"];
    const SERVICES: [&str; 12] = [
        "",
        "security",
        "sysmon",
        "sshd",
        "sudo",
        "auditd",
        "exchange",
        "threat_management",
        "nginx",
        "squid",
        "cloudtrail",
        "CRON",
    ];

    /// Every combination of facts: what the routing takes, the condition takes. Fails when the routing learns
    /// something that the condition does not know.
    #[test]
    fn the_condition_is_never_narrower_than_the_routing() {
        let mut facts = Vec::new();
        for product in PRODUCTS {
            for service in SERVICES {
                for class in [0, 1001, 1007, 3002, 4001, 4002, 4003] {
                    for (code, mart) in [
                        ("", ""),
                        ("LL03", "linux"),
                        ("SA01", ""),
                        ("PA01", "firewall"),
                        ("SS02", ""),
                        ("AO04", ""),
                    ] {
                        for (channel, event_id) in
                            [("", ""), ("Security", "4688"), ("", "1"), ("", "11"), ("", "3")]
                        {
                            let event_type = "";
                            facts.push(RouteFacts {
                                product,
                                service,
                                mart,
                                code,
                                class,
                                channel,
                                event_id,
                                event_type,
                            });
                        }
                    }
                }
            }
        }
        let mut routed = 0;
        for facts in &facts {
            let route = Route::of(facts);
            let (products, categories, services) = route.parts();
            let some = |texts: Vec<&str>| -> Vec<Option<String>> {
                std::iter::once(None).chain(texts.into_iter().map(|text| Some(text.to_owned()))).collect()
            };
            for product in some(products.iter().map(String::as_str).collect()) {
                for category in some(categories.to_vec()) {
                    for service in some(services.iter().map(String::as_str).collect()) {
                        let logsource =
                            Logsource { product: product.clone(), category: category.clone(), service };
                        assert!(logsource.takes(&route));
                        let condition = filter(&logsource, &mut BTreeSet::new());
                        assert!(holds(&condition, facts), "{logsource:?} on {facts:?}: {condition:?}");
                        routed += 1;
                    }
                }
            }
        }
        assert!(routed > 50_000, "{routed}");
    }

    fn holds(filter: &Filter, facts: &RouteFacts<'_>) -> bool {
        match filter {
            Filter::Always => true,
            Filter::All(parts) => parts.iter().all(|part| holds(part, facts)),
            Filter::Any(parts) => parts.iter().any(|part| holds(part, facts)),
            Filter::Not(part) => !holds(part, facts),
            Filter::Class(class) => facts.class == *class,
            Filter::Present(place) => !column(place, facts).is_empty(),
            Filter::Value { place, tests } => tests.iter().any(|test| match test {
                ValueTest::Equals { text, cased: false } => column(place, facts).to_lowercase() == *text,
                ValueTest::Starts { text, cased: true } => column(place, facts).starts_with(text),
                other => panic!("{other:?}"),
            }),
            other => panic!("{other:?}"),
        }
    }

    fn column<'a>(place: &Place, facts: &RouteFacts<'a>) -> &'a str {
        match place {
            Place::Column("product") => facts.product,
            Place::Column("service") => facts.service,
            Place::Column("code") => facts.code,
            other => panic!("{other:?}"),
        }
    }
}
