//! From CEF's keys to the header of an event.

use std::borrow::Cow;

use sentra_model::{Class, Event, FieldValue, Mart, Outcome, Timestamp};

use crate::address;
use crate::decoder::Context;
use crate::devices::{self, cef::powertech, ip, set_if_empty, words};
use crate::format::Payload;
use crate::time::{self, Zone};

use super::CefHeader;

/// What the header says about the sender.
pub(super) struct Names<'a> {
    vendor: Cow<'a, str>,
    product: Cow<'a, str>,
    event_class_id: Cow<'a, str>,
    name: Cow<'a, str>,
    severity: Cow<'a, str>,
}

impl<'a> Names<'a> {
    pub(super) fn of(header: &CefHeader<'a>) -> Self {
        Self {
            vendor: header.device_vendor.clone(),
            product: header.device_product.clone(),
            event_class_id: header.event_class_id.clone(),
            name: header.name.clone(),
            severity: header.severity.clone(),
        }
    }

    /// Sigma's product where the vendor is known to Sigma, else the product as its vendor calls it; and the mart.
    fn logsource(&self) -> (Cow<'a, str>, Mart) {
        let known = |product: &'static str, mart| (Cow::Borrowed(product), mart);
        match self.vendor.as_ref() {
            "PowerTech" | "Powertech" => known("ibm_i", Mart::LEGACY),
            "Palo Alto Networks" => known("paloalto", Mart::FIREWALL),
            "Fortinet" => known("fortigate", Mart::FIREWALL),
            "Cisco" => known("cisco", Mart::FIREWALL),
            "Zscaler" => known("zscaler", Mart::PROXY),
            "Forcepoint" | "Websense" => known("forcepoint", Mart::PROXY),
            "Blue Coat" | "Bluecoat" | "BlueCoat" => known("bluecoat", Mart::PROXY),
            "Cyber-Ark" | "CyberArk" | "BeyondTrust" | "Okta" | "SailPoint" | "Saviynt" | "RSA"
            | "Ping Identity" => (self.product.clone(), Mart::IDENTITY),
            _ => (self.product.clone(), Mart::FIREWALL),
        }
    }
}

/// Values that decide about each other, collected in one pass over the extension.
#[derive(Default)]
struct Found<'a> {
    source_v6: Cow<'a, str>,
    target_v6: Cow<'a, str>,
    source_user: Cow<'a, str>,
    target_user: Cow<'a, str>,
    device_address: Cow<'a, str>,
    action: Cow<'a, str>,
    outcome: Cow<'a, str>,
    category_outcome: Cow<'a, str>,
    request: Cow<'a, str>,
    method: Cow<'a, str>,
    agent: Cow<'a, str>,
    zone: Cow<'a, str>,
    category: Cow<'a, str>,
    /// By how much a time says about when it happened: rt, end, start, others.
    times: [Cow<'a, str>; 4],
}

pub(super) fn fill<'a>(
    context: &Context<'_>,
    payload: &Payload<'a>,
    event: &mut Event<'a>,
    names: &Names<'a>,
    first: usize,
) {
    (event.product, event.mart) = names.logsource();
    event.severity = devices::severity_of_ten(&names.severity);
    let fields = std::mem::take(&mut event.fields);
    let mut found = Found::default();
    for (key, value) in fields.iter().skip(first) {
        if let FieldValue::Text(value) = value {
            take(event, &mut found, key, value);
        }
    }
    event.fields = fields;
    set_if_empty(&mut event.src_ip, &found.source_v6);
    set_if_empty(&mut event.dst_ip, &found.target_v6);
    if event.host.is_empty() {
        event.host = found.device_address.clone();
    }
    settle_time(context, payload, event, &found);
    event.outcome = [&found.category_outcome, &found.outcome, &found.action]
        .into_iter()
        .map(|text| devices::outcome_of(text.trim_start_matches('/')))
        .find(|outcome| *outcome != Outcome::Unknown)
        .unwrap_or_default();
    set_if_empty(&mut event.message, &names.name);
    users(event, &found);
    if event.mart == Mart::LEGACY {
        powertech::fill(event, &names.event_class_id);
        return;
    }
    event.service = service(names, &found);
    classify(event, names, &found);
}

/// One key of the extension. Keys are matched by their text: the compiler compares lengths first.
fn take<'a>(event: &mut Event<'a>, found: &mut Found<'a>, key: &str, value: &Cow<'a, str>) {
    match key {
        "src" | "sourceAddress" => event.src_ip = ip(value),
        "dst" | "destinationAddress" => event.dst_ip = ip(value),
        "spt" | "sourcePort" => event.src_port = address::port(value),
        "dpt" | "destinationPort" => event.dst_port = address::port(value),
        "c6a2" => found.source_v6 = ip(value),
        "c6a3" => found.target_v6 = ip(value),
        "suser" | "sourceUserName" | "UNIFIadmin" => set_if_empty(&mut found.source_user, value),
        "duser" | "destinationUserName" => set_if_empty(&mut found.target_user, value),
        // The device rather than the collector that forwards its records.
        "dvchost" | "deviceHostName" if !devices::is_nothing(value) => event.host = value.clone(),
        "dvc" | "deviceAddress" => found.device_address = ip(value),
        "UNIFIhost" | "UNIFIdeviceName" => set_if_empty(&mut found.device_address, value),
        "dhost" | "destinationHostName" | "destinationDnsDomain" => set_if_empty(&mut event.domain, value),
        "sproc" | "sourceProcessName" | "deviceProcessName" => set_if_empty(&mut event.process, value),
        "spid" | "dvcpid" => set_if_empty(&mut event.pid, value),
        "fname" | "filePath" => set_if_empty(&mut event.file, value),
        "app" => set_if_empty(&mut event.app, value),
        "msg" | "message" => set_if_empty(&mut event.message, value),
        "act" | "deviceAction" => set_if_empty(&mut found.action, value),
        "outcome" | "eventOutcome" => set_if_empty(&mut found.outcome, value),
        "categoryOutcome" => set_if_empty(&mut found.category_outcome, value),
        "request" | "requestUrl" => set_if_empty(&mut found.request, value),
        "requestMethod" => set_if_empty(&mut found.method, value),
        "requestClientApplication" => set_if_empty(&mut found.agent, value),
        "cat" | "deviceEventCategory" => set_if_empty(&mut found.category, value),
        "dtz" => set_if_empty(&mut found.zone, value),
        "externalId" | "sessionId" | "UNIFIipsSessionId" => set_if_empty(&mut event.session, value),
        "rt" | "deviceReceiptTime" => set_time(found, 0, value),
        "end" | "endTime" => set_time(found, 1, value),
        "start" | "startTime" => set_time(found, 2, value),
        "art" | "deviceCustomDate1" | "UNIFIutcTime" => set_time(found, 3, value),
        _ => {}
    }
}

fn set_time<'a>(found: &mut Found<'a>, rank: usize, value: &Cow<'a, str>) {
    if let Some(slot) = found.times.get_mut(rank) {
        set_if_empty(slot, value);
    }
}

fn settle_time(context: &Context<'_>, payload: &Payload<'_>, event: &mut Event<'_>, found: &Found<'_>) {
    let mut present = found.times.iter().filter(|text| !text.is_empty());
    let time = present.find_map(|text| moment(context, text, &found.zone));
    devices::settle_time(event, payload, time);
}

/// Milliseconds since 1970, `Mar 01 2026 10:00:00.123 UTC`, the same without a year, or ISO.
pub(crate) fn moment(context: &Context<'_>, text: &str, zone: &str) -> Option<Timestamp> {
    let text = text.trim();
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return time::epoch_integer(text.parse().ok()?);
    }
    if let Some((moment, rest)) = time::bsd(text, context.zone, context.reference) {
        let is_utc = |name: &str| matches!(name, "UTC" | "GMT" | "Z" | "Etc/UTC");
        let named = if rest.is_empty() { zone } else { rest.trim() };
        if !is_utc(named) {
            return Some(moment);
        }
        let utc = Zone::new(jiff::tz::TimeZone::UTC);
        return time::bsd(text, &utc, context.reference).map(|(moment, _)| moment);
    }
    time::value(text).map(|time| context.resolve(time))
}

/// Who did it; where only the target is named, it is he who logs in or is written about.
fn users<'a>(event: &mut Event<'a>, found: &Found<'a>) {
    if found.source_user.is_empty() {
        event.user = found.target_user.clone();
    } else {
        event.user = found.source_user.clone();
        event.target_user = found.target_user.clone();
    }
}

/// `event`, `traffic` and `utm` of FortiGate's `cat=traffic:forward`; PAN-OS names its type as the id.
fn service<'a>(names: &Names<'a>, found: &Found<'a>) -> Cow<'a, str> {
    match names.vendor.as_ref() {
        "Fortinet" => match found.category.split(':').next() {
            Some("event") => Cow::Borrowed("event"),
            Some("traffic") => Cow::Borrowed("traffic"),
            Some("utm") => Cow::Borrowed("utm"),
            _ => Cow::Borrowed(""),
        },
        "Palo Alto Networks" if names.event_class_id == "GLOBALPROTECT" => Cow::Borrowed("globalprotect"),
        _ => Cow::Borrowed(""),
    }
}

fn classify<'a>(event: &mut Event<'a>, names: &Names<'a>, found: &Found<'a>) {
    let by_name = words::meaning(&names.name, event.outcome);
    if let Some((class, code, outcome)) =
        by_name.or_else(|| words::meaning(&names.event_class_id, event.outcome))
    {
        (event.class, event.code, event.outcome) = (class, Some(code), outcome);
    } else if !found.request.is_empty() {
        event.class = Class::HTTP;
        if event.domain.is_empty() {
            event.domain = devices::url_host_of(&found.request);
        }
        devices::push_proxy_names(event, &found.request, &found.method, &found.agent);
    } else if is_finding(names) {
        event.class = Class::DETECTION_FINDING;
    } else if !event.src_ip.is_empty() && !event.dst_ip.is_empty() {
        event.class = Class::NETWORK;
    }
    devices::push_firewall_names(event);
    if !found.action.is_empty() {
        event.push("action", FieldValue::Text(found.action.clone()));
    }
}

/// Whether the name is that of a detection.
fn is_finding(names: &Names<'_>) -> bool {
    const WORDS: [&str; 8] =
        ["threat", "malware", "virus", "intrusion", "attack", "exploit", "vulnerability", "spyware"];
    let mut words = names.name.split(|byte: char| !byte.is_ascii_alphanumeric());
    names.event_class_id == "THREAT"
        || words.any(|word| WORDS.iter().any(|known| known.eq_ignore_ascii_case(word)))
}
