//! Virtual entities: which application instance in which virtual machine an event is of.
//!
//! An id is `{hypervisor type}:{VM uuid}:{application instance}`, `1:0f9d…-…:billing-2`. The parts arrive as fields
//! or as resource attributes:
//!
//! | part | names | values |
//! |---|---|---|
//! | hypervisor type | `hypervisor.type`, `hypervisor_type`, `hypervisorType`, `virtualization.type` | `1`, `type-1`, `bare-metal`, `2`, `type2`, `hosted`, or a product: `vmware-esxi`, `kvm`, `hyper-v`, `xen`, `nutanix` are 1, `virtualbox`, `vmware-workstation`, `parallels`, `qemu` are 2 |
//! | VM uuid | `vm.uuid`, `vm_uuid`, `vmUuid`, `host.uuid`, and `host.id` where something else says that the host is virtual | a UUID in any of its spellings |
//! | application instance | `application.instance.id`, `service.instance.id`, `app.instance` | any text, the last part |
//!
//! A host of a public cloud (`cloud.provider`) is virtual, and its hypervisor is of type 1. A part that is not known
//! is `-`; without a uuid there is no virtual entity. One VM's events can be assigned to several application
//! instances by rules, see [`VirtualEntities`].

mod parts;

use std::borrow::Cow;
use std::collections::HashMap;

use sentra_model::Event;
use serde::{Deserialize, Serialize};

pub(crate) use parts::compose;
use parts::{instance, uuid};

/// Law LIMIT: rules of one configuration.
pub const DEMUX_RULES_MAX: usize = 10_000;
/// Law LIMIT: conditions of one rule.
pub const DEMUX_CONDITIONS_MAX: usize = 16;
/// Law LIMIT: a field's name or a pattern in a rule.
pub const DEMUX_TEXT_BYTES_MAX: usize = 256;
/// Law LIMIT: the part of a value that a pattern is compared with, so that a long value costs no more than this.
pub const DEMUX_VALUE_BYTES_MAX: usize = 4_096;
/// Law LIMIT: a longer application instance is not taken for one.
pub const INSTANCE_BYTES_MAX: usize = 256;

/// A part that is not known.
const UNKNOWN: &str = "-";

/// Assigns events of one virtual machine to an application instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemuxRule {
    /// The virtual machine, in any spelling of a UUID.
    pub vm_uuid: String,
    /// 1 or 2. Events of another type are not the rule's; events that name no type get this one.
    #[serde(default)]
    pub hypervisor_type: Option<u8>,
    /// What an event must say: name of a source field or of a header column, and a pattern in which `*` is any
    /// text and `?` any one character; case does not matter. All must hold. None: every event of the machine.
    #[serde(default)]
    pub when: Vec<(String, String)>,
    /// The application instance that the event is of.
    pub application_instance: String,
}

/// What can be wrong with a rule. Rules are counted from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VirtualEntityError {
    /// There are too many of them.
    #[error("{count} virtual entity rules are more than {DEMUX_RULES_MAX}, use patterns to need fewer")]
    TooMany {
        /// How many there are.
        count: usize,
    },
    /// The uuid is none.
    #[error(
        "virtual entity rule {rule}: vm_uuid {text:?} is no UUID, write 32 hexadecimal digits that are not all the same"
    )]
    Uuid {
        /// Which rule.
        rule: usize,
        /// What it says.
        text: String,
    },
    /// There are two types of hypervisors.
    #[error(
        "virtual entity rule {rule}: hypervisor_type {number} does not exist, write 1 (bare metal) or 2 (hosted)"
    )]
    HypervisorType {
        /// Which rule.
        rule: usize,
        /// What it says.
        number: u8,
    },
    /// The application instance cannot be part of an id.
    #[error(
        "virtual entity rule {rule}: application_instance {text:?} must have 1 to {INSTANCE_BYTES_MAX} bytes without control characters"
    )]
    Instance {
        /// Which rule.
        rule: usize,
        /// What it says.
        text: String,
    },
    /// A condition cannot be checked.
    #[error(
        "virtual entity rule {rule}: condition {name:?} is {pattern:?}, both must have 1 to {DEMUX_TEXT_BYTES_MAX} bytes"
    )]
    Condition {
        /// Which rule.
        rule: usize,
        /// The field's name.
        name: String,
        /// The pattern.
        pattern: String,
    },
    /// There are too many conditions.
    #[error(
        "virtual entity rule {rule}: {count} conditions are more than {DEMUX_CONDITIONS_MAX}, split the rule"
    )]
    Conditions {
        /// Which rule.
        rule: usize,
        /// How many there are.
        count: usize,
    },
    /// An earlier rule takes every event that this one could.
    #[error(
        "virtual entity rule {rule} is never reached, rule {earlier} takes every event of the machine: put it last"
    )]
    Unreachable {
        /// Which rule.
        rule: usize,
        /// The rule before it.
        earlier: usize,
    },
}

/// Checked rules by machine. The first rule of a machine that holds wins.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Vec<DemuxRule>")]
pub struct VirtualEntities {
    by_machine: HashMap<String, Vec<Checked>>,
}

/// A rule and its number.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Checked {
    number: usize,
    rule: DemuxRule,
}

impl TryFrom<Vec<DemuxRule>> for VirtualEntities {
    type Error = VirtualEntityError;

    fn try_from(rules: Vec<DemuxRule>) -> Result<Self, Self::Error> {
        Self::new(rules)
    }
}

impl VirtualEntities {
    /// Checks the rules; the first thing that is wrong with them is the error.
    pub fn new(rules: Vec<DemuxRule>) -> Result<Self, VirtualEntityError> {
        if rules.len() > DEMUX_RULES_MAX {
            return Err(VirtualEntityError::TooMany { count: rules.len() });
        }
        let mut by_machine: HashMap<String, Vec<Checked>> = HashMap::new();
        for (index, rule) in rules.into_iter().enumerate() {
            let number = index + 1;
            let machine = check(&rule, number)?;
            let earlier = by_machine.entry(machine).or_default();
            if let Some(all) = earlier.iter().find(|earlier| earlier.takes_all_of(&rule)) {
                return Err(VirtualEntityError::Unreachable { rule: number, earlier: all.number });
            }
            earlier.push(Checked { number, rule });
        }
        Ok(Self { by_machine })
    }

    /// Whether there are no rules.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_machine.is_empty()
    }

    /// Composes the event's virtual entity of its fields, if it has none yet, and assigns it by the rules.
    pub(crate) fn apply(&self, event: &mut Event<'_>) {
        if event.virtual_entity.is_empty() && (!self.is_empty() || may_have_parts(&event.format)) {
            compose(event);
        }
        if self.is_empty() || event.virtual_entity.is_empty() {
            return;
        }
        let mut parts = event.virtual_entity.splitn(3, ':');
        let (kind, machine) = (parts.next().unwrap_or(UNKNOWN), parts.next().unwrap_or_default());
        let Some(rules) = self.by_machine.get(machine) else { return };
        let Some(Checked { rule, .. }) = rules.iter().find(|checked| checked.holds(kind, event)) else {
            return;
        };
        let kind = rule.hypervisor_type.map_or_else(|| kind.to_owned(), |number| number.to_string());
        event.virtual_entity = Cow::Owned(format!("{kind}:{machine}:{}", rule.application_instance));
    }
}

impl Checked {
    /// Whether no event of the machine is left for `later`.
    fn takes_all_of(&self, later: &DemuxRule) -> bool {
        let kind = self.rule.hypervisor_type;
        self.rule.when.is_empty() && (kind.is_none() || kind == later.hypervisor_type)
    }

    fn holds(&self, kind: &str, event: &Event<'_>) -> bool {
        let is_type = match self.rule.hypervisor_type {
            Some(number) => kind == UNKNOWN || kind.parse() == Ok(number),
            None => true,
        };
        is_type && self.rule.when.iter().all(|(name, pattern)| says(event, name, pattern))
    }
}

/// The uuid of a rule that is as it should be.
fn check(rule: &DemuxRule, number: usize) -> Result<String, VirtualEntityError> {
    let machine = uuid(&rule.vm_uuid)
        .ok_or_else(|| VirtualEntityError::Uuid { rule: number, text: rule.vm_uuid.clone() })?;
    if let Some(kind) = rule.hypervisor_type.filter(|kind| !(1..=2).contains(kind)) {
        return Err(VirtualEntityError::HypervisorType { rule: number, number: kind });
    }
    if instance(&rule.application_instance) != Some(&rule.application_instance) {
        return Err(VirtualEntityError::Instance { rule: number, text: rule.application_instance.clone() });
    }
    if rule.when.len() > DEMUX_CONDITIONS_MAX {
        return Err(VirtualEntityError::Conditions { rule: number, count: rule.when.len() });
    }
    let is_sized = |text: &str| (1..=DEMUX_TEXT_BYTES_MAX).contains(&text.len());
    match rule.when.iter().find(|(name, pattern)| !is_sized(name) || !is_sized(pattern)) {
        Some((name, pattern)) => {
            Err(VirtualEntityError::Condition { rule: number, name: name.clone(), pattern: pattern.clone() })
        }
        None => Ok(machine),
    }
}

/// Formats whose records carry names of any kind. The fields of all others are known, and are not looked through.
fn may_have_parts(format: &str) -> bool {
    matches!(format, "otlp" | "json" | "cef" | "leef" | "kv" | "key_value" | "syslog_5424")
}

/// Whether a field or a header column called `name` is as `pattern` says.
fn says(event: &Event<'_>, name: &str, pattern: &str) -> bool {
    let fits = |text: &str| glob(pattern.as_bytes(), head(text).as_bytes());
    if event.fields.iter().any(|(field, value)| field == name && fits(&value.as_text())) {
        return true;
    }
    let column: &str = match name {
        "host" => &event.host,
        "user" => &event.user,
        "target_user" => &event.target_user,
        "process" => &event.process,
        "pid" => &event.pid,
        "parent_process" => &event.parent_process,
        "command" => &event.command,
        "session" => &event.session,
        "file" => &event.file,
        "domain" => &event.domain,
        "app" => &event.app,
        "message" => &event.message,
        "src_ip" => &event.src_ip,
        "dst_ip" => &event.dst_ip,
        "format" => &event.format,
        "product" => &event.product,
        "service" => &event.service,
        "mart" => event.mart.as_str(),
        "outcome" => event.outcome.as_str(),
        "code" => event.code.map_or("", |code| code.as_str()),
        "src_port" => return event.src_port != 0 && fits(&event.src_port.to_string()),
        "dst_port" => return event.dst_port != 0 && fits(&event.dst_port.to_string()),
        _ => return false,
    };
    !column.is_empty() && fits(column)
}

/// The part of a value that is compared.
fn head(text: &str) -> &str {
    text.get(..text.floor_char_boundary(DEMUX_VALUE_BYTES_MAX)).unwrap_or(text)
}

/// Whether `text` is as `pattern` says: `*` is any text, `?` any one byte, everything else itself in either case.
/// It remembers only the last `*`, so it takes at most the product of both lengths, which are limited.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut position) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(byte) = text.get(position) {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, position));
                at += 1;
            }
            Some(wanted) if *wanted == b'?' || wanted.eq_ignore_ascii_case(byte) => {
                at += 1;
                position += 1;
            }
            _ => {
                let Some((star_at, taken)) = star else { return false };
                star = Some((star_at, taken + 1));
                at = star_at + 1;
                position = taken + 1;
            }
        }
    }
    pattern.get(at..).is_some_and(|rest| rest.iter().all(|byte| *byte == b'*'))
}

#[cfg(test)]
mod tests;
