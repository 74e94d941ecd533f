//! The header of a Windows event from its flat fields.

use std::borrow::Cow;

use sentra_model::{Event, FieldValue, Outcome, Severity};

use super::{known, meaning, number, service};
use crate::address;
use crate::flatten::Field;

/// The values that the header is made of, found in one walk over the fields.
#[derive(Default)]
struct Found<'f, 'a> {
    event_id: Option<&'f FieldValue<'a>>,
    channel: Option<&'f FieldValue<'a>>,
    provider: Option<&'f FieldValue<'a>>,
    computer: Option<&'f FieldValue<'a>>,
    level: Option<&'f FieldValue<'a>>,
    keywords: Option<&'f FieldValue<'a>>,
    subject: Option<&'f FieldValue<'a>>,
    target: Option<&'f FieldValue<'a>>,
    user: Option<&'f FieldValue<'a>>,
    account: Option<&'f FieldValue<'a>>,
    member: Option<&'f FieldValue<'a>>,
    subject_logon: Option<&'f FieldValue<'a>>,
    target_logon: Option<&'f FieldValue<'a>>,
    logon: Option<&'f FieldValue<'a>>,
    image: Option<&'f FieldValue<'a>>,
    pid: Option<&'f FieldValue<'a>>,
    new_pid: Option<&'f FieldValue<'a>>,
    parent: Option<&'f FieldValue<'a>>,
    source_address: Option<&'f FieldValue<'a>>,
    source_port: Option<&'f FieldValue<'a>>,
    target_address: Option<&'f FieldValue<'a>>,
    target_port: Option<&'f FieldValue<'a>>,
    command: Option<&'f FieldValue<'a>>,
    file: Option<&'f FieldValue<'a>>,
    query: Option<&'f FieldValue<'a>>,
    app: Option<&'f FieldValue<'a>>,
    message: Option<&'f FieldValue<'a>>,
}

impl<'f, 'a> Found<'f, 'a> {
    fn among(fields: &'f [Field<'a>]) -> Self {
        let mut found = Self::default();
        for (name, value) in fields {
            let slot = match name.as_ref() {
                "EventID" => &mut found.event_id,
                "Channel" => &mut found.channel,
                "Provider_Name" => &mut found.provider,
                "Computer" => &mut found.computer,
                "Level" => &mut found.level,
                "Keywords" => &mut found.keywords,
                "SubjectUserName" => &mut found.subject,
                "TargetUserName" => &mut found.target,
                "User" | "SourceUser" | "UserName" => &mut found.user,
                "AccountName" => &mut found.account,
                "MemberName" | "MemberSid" => &mut found.member,
                "SubjectLogonId" => &mut found.subject_logon,
                "TargetLogonId" => &mut found.target_logon,
                "LogonId" => &mut found.logon,
                "Image" | "NewProcessName" | "SourceImage" => &mut found.image,
                "ProcessName" if found.image.is_none() => &mut found.image,
                "NewProcessId" => &mut found.new_pid,
                "ProcessId" | "SourceProcessId" | "ProcessID" => &mut found.pid,
                "ParentImage" | "ParentProcessName" => &mut found.parent,
                "IpAddress" | "SourceIp" | "SourceAddress" | "ClientAddress" => &mut found.source_address,
                "IpPort" | "SourcePort" => &mut found.source_port,
                "DestinationIp" | "DestAddress" => &mut found.target_address,
                "DestinationPort" | "DestPort" => &mut found.target_port,
                "CommandLine" | "ProcessCommandLine" => &mut found.command,
                "TargetFilename" | "ObjectName" | "ImageLoaded" | "TargetObject" | "ImagePath"
                | "ServiceFileName" | "RelativeTargetName" => &mut found.file,
                "QueryName" => &mut found.query,
                "Application" | "ServiceName" | "TaskName" => &mut found.app,
                "Message" | "message" => &mut found.message,
                _ => continue,
            };
            // The first one wins: what comes later under another name is less specific.
            if slot.is_none() || (name == "NewProcessName" || name == "Image") {
                *slot = Some(value);
            }
        }
        found
    }
}

/// Fills everything of the header but the time.
pub(super) fn header<'a>(event: &mut Event<'a>, fields: &[Field<'a>]) {
    let found = Found::among(fields);
    let channel = known(found.channel);
    let provider = known(found.provider);
    let by_channel = service::of_channel(&channel);
    let service = if by_channel.is_empty() { service::of_provider(&provider) } else { by_channel };
    let id = found.event_id.and_then(number).unwrap_or(-1);

    event.service = Cow::Borrowed(service);
    event.host = known(found.computer);
    event.severity = severity(found.level, found.keywords);
    event.outcome = audit_outcome(service, found.keywords);
    let meaning = meaning::of(service, id, event.outcome);
    event.class = meaning.class;
    event.code = meaning.code;
    if let Some(outcome) = meaning.outcome {
        event.outcome = outcome;
    }
    people(event, &found, service, id);
    process(event, &found, id);
    network(event, &found);
    event.file = known(found.file);
    event.domain = known(found.query);
    event.app = known(found.app);
    event.message = first_line(known(found.message));
}

/// Who acts, and on whom. For logons the user is the one who logs in, not the service that lets him in.
///
/// The header has names without their domain, for some channels write it and others do not; the fields keep it.
fn people<'a>(event: &mut Event<'a>, found: &Found<'_, 'a>, service: &str, id: i64) {
    let subject = without_domain(known(found.subject));
    let target = without_domain(known(found.target));
    let is_logon =
        service == "security" && matches!(id, 4624 | 4625 | 4634 | 4647 | 4648 | 4768..=4777 | 4778 | 4779);
    if is_logon {
        event.user = if target.is_empty() { subject } else { target };
    } else {
        let actor = if subject.is_empty() { without_domain(known(found.user)) } else { subject };
        let is_membership = service == "security"
            && matches!(
                id,
                4728 | 4729 | 4732 | 4733 | 4746 | 4747 | 4751 | 4752 | 4756 | 4757 | 4761 | 4762
            );
        event.target_user = if is_membership { common_name(known(found.member)) } else { target };
        event.user = match actor.is_empty() {
            false => actor,
            // Nobody else is named: the account that wrote the event, or the only user there is.
            true if found.account.is_some() => known(found.account),
            true => std::mem::take(&mut event.target_user),
        };
    }
    // A logon opens the target's session; the subject's is that of the service, but for `runas` (4648).
    let session = match is_logon && id != 4648 {
        true => [found.target_logon, found.logon, None],
        false => [found.logon, found.subject_logon, found.target_logon],
    };
    let session = session.into_iter().map(known).find(|session| !session.is_empty() && session != "0x0");
    event.session = session.unwrap_or_default();
}

/// `CN=Alice,OU=Staff,DC=example,DC=com` is `Alice`; anything else is as it is.
fn common_name(name: Cow<'_, str>) -> Cow<'_, str> {
    let Some(rest) = name.strip_prefix("CN=").or_else(|| name.strip_prefix("cn=")) else { return name };
    // A comma that is part of the name stands behind a backslash.
    let ends = rest.match_indices(',').map(|(at, _)| at);
    let end = ends.into_iter().find(|at| rest.get(..*at).is_none_or(|before| !before.ends_with('\\')));
    let inner = rest.get(..end.unwrap_or(rest.len())).unwrap_or(rest);
    Cow::Owned(inner.replace("\\,", ","))
}

/// `CORP\alice` is `alice`.
fn without_domain(name: Cow<'_, str>) -> Cow<'_, str> {
    match name {
        Cow::Borrowed(text) => Cow::Borrowed(text.rsplit('\\').next().unwrap_or(text)),
        Cow::Owned(text) => match text.rsplit_once('\\') {
            Some((_, name)) => Cow::Owned(name.to_owned()),
            None => Cow::Owned(text),
        },
    }
}

fn process<'a>(event: &mut Event<'a>, found: &Found<'_, 'a>, id: i64) {
    event.process = known(found.image);
    event.parent_process = known(found.parent);
    event.command = known(found.command);
    // 4688 names the new process beside its creator, whose id is `ProcessId`.
    let pid = if id == 4688 { found.new_pid.or(found.pid) } else { found.pid };
    event.pid = decimal(known(pid));
}

/// `0x1b58` is 7000: process ids are compared in decimal whatever the channel writes.
fn decimal(pid: Cow<'_, str>) -> Cow<'_, str> {
    let Some(hex) = pid.strip_prefix("0x") else { return pid };
    match u64::from_str_radix(hex, 16) {
        Ok(0) => Cow::Borrowed(""),
        Ok(number) => Cow::Owned(number.to_string()),
        Err(_) => pid,
    }
}

fn network<'a>(event: &mut Event<'a>, found: &Found<'_, 'a>) {
    event.src_ip = address::remote_ip_of(&known(found.source_address)).unwrap_or_default();
    event.dst_ip = address::remote_ip_of(&known(found.target_address)).unwrap_or_default();
    event.src_port = address::port(&known(found.source_port));
    event.dst_port = address::port(&known(found.target_port));
}

/// The first line of a rendered message; the rest repeats the fields.
fn first_line(message: Cow<'_, str>) -> Cow<'_, str> {
    match message {
        Cow::Borrowed(text) => Cow::Borrowed(text.lines().next().unwrap_or_default().trim_end()),
        Cow::Owned(text) => Cow::Owned(text.lines().next().unwrap_or_default().trim_end().to_owned()),
    }
}

const AUDIT_FAILURE: u64 = 0x0010_0000_0000_0000;
const AUDIT_SUCCESS: u64 = 0x0020_0000_0000_0000;

/// The audit bits of `Keywords`: hexadecimal, decimal (NXLog writes it signed) or in words (Winlogbeat).
fn audit_bits(keywords: Option<&FieldValue<'_>>) -> u64 {
    match keywords {
        Some(FieldValue::Integer(number)) => number.cast_unsigned(),
        Some(FieldValue::Text(text)) => match text.as_ref() {
            "Audit Failure" => AUDIT_FAILURE,
            "Audit Success" => AUDIT_SUCCESS,
            text => match text.strip_prefix("0x") {
                Some(hex) => u64::from_str_radix(hex, 16).unwrap_or(0),
                None => text.parse::<i64>().map(i64::cast_unsigned).or_else(|_| text.parse()).unwrap_or(0),
            },
        },
        _ => 0,
    }
}

fn audit_outcome(service: &str, keywords: Option<&FieldValue<'_>>) -> Outcome {
    if service != "security" {
        return Outcome::Unknown;
    }
    match audit_bits(keywords) {
        bits if bits & AUDIT_FAILURE != 0 => Outcome::Failure,
        bits if bits & AUDIT_SUCCESS != 0 => Outcome::Success,
        _ => Outcome::Unknown,
    }
}

/// `Level` as Windows counts it: 1 critical, 2 error, 3 warning, 4 information, 5 verbose, 0 for audits.
fn severity(level: Option<&FieldValue<'_>>, keywords: Option<&FieldValue<'_>>) -> Severity {
    match level.and_then(number) {
        Some(1) => Severity::Critical,
        Some(2) => Severity::High,
        Some(3) => Severity::Medium,
        Some(4 | 5) => Severity::Informational,
        _ if audit_bits(keywords) & AUDIT_FAILURE != 0 => Severity::Low,
        _ if audit_bits(keywords) & AUDIT_SUCCESS != 0 => Severity::Informational,
        _ => Severity::Unknown,
    }
}
