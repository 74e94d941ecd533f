//! The parts of a virtual entity, from the names and the spellings that sources have for them.

use std::borrow::Cow;

use sentra_model::{Event, FieldValue};

use super::{INSTANCE_BYTES_MAX, UNKNOWN};
use crate::names::note;

/// What the fields say of the three parts.
#[derive(Default)]
struct Parts<'f> {
    kind: Option<u8>,
    machine: Option<&'f str>,
    host_id: Option<&'f str>,
    instance: Option<(u8, &'f str)>,
    is_cloud: bool,
}

/// Composes the virtual entity of the event's fields; leaves it empty when they name no virtual machine.
pub(crate) fn compose(event: &mut Event<'_>) {
    let mut parts = Parts::default();
    for (name, value) in &event.fields {
        // All names below end like this, and few others do.
        if !matches!(name.as_bytes().last_chunk(), Some(b"pe" | b"id" | b"ce" | b"er")) {
            continue;
        }
        if let FieldValue::Integer(number) = value {
            if is_kind_name(name) {
                parts.kind = u8::try_from(*number).ok().filter(|kind| (1..=2).contains(kind));
            }
        } else if let FieldValue::Text(text) = value {
            parts.take(name, text);
        }
    }
    let is_virtual = parts.kind.is_some() || parts.is_cloud;
    let machine = parts.machine.and_then(uuid);
    let machine = machine.or_else(|| parts.host_id.filter(|_| is_virtual).and_then(uuid));
    let Some(machine) = machine else { return };
    let kind = parts.kind.or(parts.is_cloud.then_some(1)).map_or(UNKNOWN.to_owned(), |kind| kind.to_string());
    let named = parts.instance.map(|(_, text)| text);
    let checked = named.and_then(instance);
    let problem = named.is_some_and(|text| !text.trim().is_empty()) && checked.is_none();
    let entity = format!("{kind}:{machine}:{}", checked.unwrap_or(UNKNOWN));
    event.virtual_entity = Cow::Owned(entity);
    if problem {
        note(event, "application instance too long or not printable, left out of the virtual entity");
    }
}

fn is_kind_name(name: &str) -> bool {
    matches!(last(name), "hypervisor.type" | "hypervisor_type" | "hypervisorType" | "virtualization.type")
}

/// The name without the object that resource attributes stand in.
fn last(name: &str) -> &str {
    name.strip_prefix("resource.attributes.").or_else(|| name.strip_prefix("resource.")).unwrap_or(name)
}

impl<'f> Parts<'f> {
    fn take(&mut self, name: &str, text: &'f str) {
        match last(name) {
            "hypervisor.type" | "hypervisor_type" | "hypervisorType" | "virtualization.type" => {
                self.kind = self.kind.or_else(|| hypervisor_type(text));
            }
            "vm.uuid" | "vm_uuid" | "vmUuid" | "host.uuid" => self.machine = self.machine.or(Some(text)),
            "host.id" => self.host_id = Some(text),
            "application.instance.id" => self.instance = Some((0, text)),
            "service.instance.id" if self.instance.is_none_or(|(rank, _)| rank > 1) => {
                self.instance = Some((1, text))
            }
            "app.instance" if self.instance.is_none() => self.instance = Some((2, text)),
            "cloud.provider" => self.is_cloud = !text.is_empty(),
            _ => {}
        }
    }
}

/// 1 or 2, from a number, a word for it or the name of a product.
fn hypervisor_type(text: &str) -> Option<u8> {
    const ONE: [&str; 18] = [
        "1",
        "type1",
        "baremetal",
        "native",
        "vmwareesxi",
        "esxi",
        "vmwarevsphere",
        "vsphere",
        "kvm",
        "hyperv",
        "microsofthyperv",
        "xen",
        "xenserver",
        "nutanix",
        "nutanixahv",
        "ahv",
        "proxmox",
        "nitro",
    ];
    const TWO: [&str; 9] = [
        "2",
        "type2",
        "hosted",
        "virtualbox",
        "oraclevirtualbox",
        "vmwareworkstation",
        "vmwarefusion",
        "parallels",
        "qemu",
    ];
    let letters = || text.bytes().filter(u8::is_ascii_alphanumeric).map(|byte| byte.to_ascii_lowercase());
    let is = |words: &[&str]| words.iter().any(|word| letters().take(32).eq(word.bytes()));
    match () {
        () if is(&ONE) => Some(1),
        () if is(&TWO) => Some(2),
        () => None,
    }
}

/// The UUID in lower case with its dashes, from any of its spellings: braces, `urn:uuid:`, capitals, blanks as
/// VMware writes them, none of them. What is all zeros or all ones was never set by the firmware and is none.
pub(super) fn uuid(text: &str) -> Option<String> {
    const DIGITS: usize = 32;
    const TEXT_BYTES_MAX: usize = 64;
    let text = text.trim();
    if text.len() > TEXT_BYTES_MAX {
        return None;
    }
    let text = text.strip_prefix("urn:uuid:").unwrap_or(text);
    let text = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')).unwrap_or(text);
    let mut found = String::with_capacity(DIGITS + 4);
    let mut digits = 0;
    for byte in text.bytes() {
        match byte {
            b'-' | b' ' => continue,
            byte if byte.is_ascii_hexdigit() => found.push(char::from(byte.to_ascii_lowercase())),
            _ => return None,
        }
        digits += 1;
        if matches!(digits, 8 | 12 | 16 | 20) {
            found.push('-');
        }
    }
    let is_set = |digit: char| found.chars().any(|found| found != '-' && found != digit);
    (digits == DIGITS && is_set('0') && is_set('f')).then_some(found)
}

/// The application instance, if the text can be one.
pub(super) fn instance(text: &str) -> Option<&str> {
    let text = text.trim();
    let is_printable = !text.chars().any(char::is_control);
    (!text.is_empty() && text.len() <= INSTANCE_BYTES_MAX && is_printable).then_some(text)
}
