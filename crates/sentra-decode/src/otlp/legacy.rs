//! Records of legacy systems, as the LegacyTel agent sends them. The names are a contract with it:
//!
//! * attributes `smf.record_type`, `smf.subtype`, `smf.job_name`, `smf.terminal`; `qaudjrn.journal_code`,
//!   `qaudjrn.entry_type`, `qaudjrn.job_name`, `qaudjrn.current_user`, `qaudjrn.program_name`,
//!   `qaudjrn.sequence_number`; `ems.subsystem_id`, `ems.event_number`, `ems.cpu`, `ems.pin`, `ems.process_id`;
//!   `security.user`, `security.action`, `security.target_user`; `legacy.user_code`, an event code;
//! * resource attributes `host.name`, `os.type` (`zos`, `ibm_i`, `nonstop`), `device.id`, `sysplex.name`,
//!   `partition.id`, `system.name`.

use std::borrow::Cow;

use sentra_model::{Class, Event, EventCode, Mart, Outcome};

use crate::flatten::Field;
use crate::names::{first_of, header_text, note};

/// Product and service by what the attributes begin with.
const SYSTEMS: [(&str, &str, &str); 3] =
    [("smf.", "zos", "smf"), ("qaudjrn.", "ibm_i", "qaudjrn"), ("ems.", "nonstop", "ems")];

/// Whether the record is one of a legacy system.
pub(super) fn is_record(attributes: &[Field<'_>], resource: &[Field<'_>]) -> bool {
    let is_legacy = |name: &str| {
        name == "legacy.user_code" || SYSTEMS.iter().any(|(prefix, ..)| name.starts_with(prefix))
    };
    let is_system = |(name, value): &Field<'_>| {
        name == "os.type" && SYSTEMS.iter().any(|(_, product, _)| value.as_text() == *product)
    };
    attributes.iter().any(|(name, _)| is_legacy(name)) || resource.iter().any(is_system)
}

/// Fills the header of an event whose fields are the attributes.
pub(super) fn fill(event: &mut Event<'_>) {
    event.mart = Mart::LEGACY;
    let system =
        SYSTEMS.iter().find(|(prefix, ..)| event.fields.iter().any(|(name, _)| name.starts_with(prefix)));
    let os = text(event, &["os.type"]);
    let by_os = SYSTEMS.iter().find(|(_, product, _)| os == *product);
    if let Some((_, product, _)) = by_os.or(system) {
        event.product = Cow::Borrowed(product);
    }
    if let Some((_, _, service)) = system.or(by_os) {
        event.service = Cow::Borrowed(service);
    }
    event.host = text(event, &["host.name", "system.name", "partition.id", "device.id"]);
    event.user = text(event, &["security.user", "qaudjrn.current_user"]);
    event.target_user = text(event, &["security.target_user"]);
    event.command = text(event, &["security.action"]);
    event.process = text(event, &["qaudjrn.program_name", "smf.job_name"]);
    event.session = text(event, &["qaudjrn.job_name", "smf.terminal"]);
    event.pid = text(event, &["ems.process_id"]);
    if event.pid.is_empty() {
        let (cpu, pin) = (text(event, &["ems.cpu"]), text(event, &["ems.pin"]));
        if !cpu.is_empty() && !pin.is_empty() {
            event.pid = Cow::Owned(format!("{cpu},{pin}"));
        }
    }
    event.app = text(event, &["ems.subsystem_id", "sysplex.name", "service.name"]);
    code(event);
}

fn text<'a>(event: &Event<'a>, names: &[&str]) -> Cow<'a, str> {
    first_of(&event.fields, names).map(header_text).unwrap_or_default()
}

fn code(event: &mut Event<'_>) {
    let code = text(event, &["legacy.user_code"]);
    if code.is_empty() {
        return;
    }
    let Ok(code) = code.trim().parse::<EventCode>() else {
        note(event, "legacy.user_code is no event code");
        return;
    };
    event.code = Some(code);
    event.class = class(code);
    event.outcome = outcome(code);
}

fn class(code: EventCode) -> Class {
    use EventCode as Code;
    match code {
        Code::LL04 | Code::LL05 => Class::ACCOUNT_CHANGE,
        code if code.as_str().starts_with("LL") => Class::AUTHENTICATION,
        Code::SA04 | Code::SA05 | Code::SA06 => Class::GROUP,
        code if code.as_str().starts_with("SA") => Class::ACCOUNT_CHANGE,
        Code::SS01 | Code::SS02 => Class::APPLICATION_LIFECYCLE,
        _ => Class::API,
    }
}

fn outcome(code: EventCode) -> Outcome {
    use EventCode as Code;
    match code {
        Code::LL03 | Code::LL05 | Code::LL08 | Code::PA02 | Code::CM01 => Outcome::Failure,
        Code::LL06 | Code::CM02 | Code::IG01 | Code::IG04 => Outcome::Unknown,
        _ => Outcome::Success,
    }
}
