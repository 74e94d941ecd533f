//! Fields that events of a logsource do not have.
//!
//! What events of a Windows category have is known, because the category says which sensor wrote them. Other
//! logsources are open: there only a name that is a known one but for its case is told.

use crate::fields::HEADER_NAMES;
use crate::sigma::draft::Draft;
use crate::sigma::modifier::Kind;
use crate::sigma::tree::Item;
use crate::text::hint;
use crate::yaml::Node;

use super::Findings;

/// What every Windows event has.
const COMMON: [&str; 11] = [
    "Channel",
    "Computer",
    "ComputerName",
    "EventID",
    "EventRecordID",
    "Keywords",
    "Level",
    "Provider_Name",
    "RuleName",
    "Security_UserID",
    "UtcTime",
];

/// Hashes by algorithm, which some sensors split.
const HASHES: [&str; 5] = ["Imphash", "md5", "sha1", "sha256", "Hashes"];

/// The fields of the events of Windows categories.
const FIELDS: [(&str, &[&str]); 37] = [
    (
        "clipboard_capture",
        &["Archived", "ClientInfo", "Hashes", "Image", "ProcessGuid", "ProcessId", "Session", "User"],
    ),
    (
        "clipboard_change",
        &["Archived", "ClientInfo", "Hashes", "Image", "ProcessGuid", "ProcessId", "Session", "User"],
    ),
    (
        "create_remote_thread",
        &[
            "IsInitialThread",
            "NewThreadId",
            "RemoteCreation",
            "SourceCommandLine",
            "SourceImage",
            "SourceParentCommandLine",
            "SourceParentImage",
            "SourceParentProcessId",
            "SourceProcessGuid",
            "SourceProcessId",
            "SourceUser",
            "StartAddress",
            "StartFunction",
            "StartModule",
            "TargetCommandLine",
            "TargetImage",
            "TargetParentCommandLine",
            "TargetParentImage",
            "TargetParentProcessId",
            "TargetProcessGuid",
            "TargetProcessId",
            "TargetUser",
            "User",
        ],
    ),
    (
        "create_stream_hash",
        &[
            "Contents",
            "CreationUtcTime",
            "Hash",
            "Image",
            "ProcessGuid",
            "ProcessId",
            "TargetFilename",
            "User",
        ],
    ),
    (
        "dns_query",
        &[
            "CommandLine",
            "Image",
            "ProcessGuid",
            "ProcessId",
            "QueryName",
            "QueryResults",
            "QueryStatus",
            "User",
        ],
    ),
    ("driver_load", &["Hashes", "ImageLoaded", "Signature", "SignatureStatus", "Signed"]),
    (
        "file_access",
        &[
            "CommandLine",
            "CreateAttributes",
            "CreateOptions",
            "FileName",
            "FileObject",
            "Image",
            "Irp",
            "IssuingThreadId",
            "ParentCommandLine",
            "ParentImage",
            "ProcessGuid",
            "ProcessId",
            "ShareAccess",
            "TargetFilename",
            "User",
        ],
    ),
    ("file_block", &["Hashes", "Image", "ProcessGuid", "ProcessId", "TargetFilename", "User"]),
    ("file_block_executable", &["Hashes", "Image", "ProcessGuid", "ProcessId", "TargetFilename", "User"]),
    (
        "file_block_shredding",
        &["Hashes", "Image", "IsExecutable", "ProcessGuid", "ProcessId", "TargetFilename", "User"],
    ),
    (
        "file_change",
        &[
            "CreationUtcTime",
            "Image",
            "PreviousCreationUtcTime",
            "ProcessGuid",
            "ProcessId",
            "TargetFilename",
            "User",
        ],
    ),
    (
        "file_delete",
        &[
            "Archived",
            "CommandLine",
            "Hashes",
            "Image",
            "IsExecutable",
            "ParentCommandLine",
            "ParentImage",
            "ProcessGuid",
            "ProcessId",
            "TargetFilename",
            "User",
        ],
    ),
    (
        "file_delete_detected",
        &[
            "Archived",
            "CommandLine",
            "Hashes",
            "Image",
            "IsExecutable",
            "ParentCommandLine",
            "ParentImage",
            "ProcessGuid",
            "ProcessId",
            "TargetFilename",
            "User",
        ],
    ),
    (
        "file_event",
        &[
            "CommandLine",
            "CreationUtcTime",
            "Image",
            "IntegrityLevel",
            "MagicHeader",
            "ParentCommandLine",
            "ParentImage",
            "ProcessGuid",
            "ProcessId",
            "TargetFilename",
            "User",
        ],
    ),
    ("file_executable_detected", &["Hashes", "Image", "ProcessGuid", "ProcessId", "TargetFilename", "User"]),
    (
        "file_rename",
        &[
            "CommandLine",
            "ExtraInformation",
            "FileKey",
            "FileObject",
            "FilePath",
            "Image",
            "InfoClass",
            "Irp",
            "IssuingThreadId",
            "MagicHeader",
            "OriginalFileName",
            "ParentCommandLine",
            "ParentImage",
            "ProcessGuid",
            "ProcessId",
            "SourceFilename",
            "TargetFilename",
            "User",
        ],
    ),
    (
        "image_load",
        &[
            "CommandLine",
            "Company",
            "Description",
            "FileVersion",
            "Hashes",
            "Image",
            "ImageLoaded",
            "OriginalFileName",
            "ProcessGuid",
            "ProcessId",
            "Product",
            "Signature",
            "SignatureStatus",
            "Signed",
            "User",
        ],
    ),
    (
        "network_connection",
        &[
            "CommandLine",
            "DestinationHostname",
            "DestinationIp",
            "DestinationIsIpv6",
            "DestinationPort",
            "DestinationPortName",
            "Image",
            "Initiated",
            "ParentImage",
            "ProcessGuid",
            "ProcessId",
            "Protocol",
            "SourceHostname",
            "SourceIp",
            "SourceIsIpv6",
            "SourcePort",
            "SourcePortName",
            "User",
        ],
    ),
    ("pipe_created", &["EventType", "Image", "PipeName", "ProcessGuid", "ProcessId", "User"]),
    (
        "process_access",
        &[
            "CallTrace",
            "CallTraceExtended",
            "GrantedAccess",
            "SourceCommandLine",
            "SourceImage",
            "SourceProcessGUID",
            "SourceProcessId",
            "SourceThreadId",
            "SourceUser",
            "TargetImage",
            "TargetProcessGUID",
            "TargetProcessId",
            "TargetUser",
        ],
    ),
    (
        "process_creation",
        &[
            "CommandLine",
            "Company",
            "CurrentDirectory",
            "Description",
            "FileVersion",
            "GrandParentImage",
            "GrandparentCommandLine",
            "Hashes",
            "Image",
            "IntegrityLevel",
            "LogonGuid",
            "LogonId",
            "OriginalFileName",
            "ParentCommandLine",
            "ParentImage",
            "ParentProcessGuid",
            "ParentProcessId",
            "ParentUser",
            "ProcessGuid",
            "ProcessId",
            "Product",
            "TerminalSessionId",
            "User",
        ],
    ),
    ("process_tampering", &["Image", "ProcessGuid", "ProcessId", "Type", "User"]),
    ("process_termination", &["Image", "ProcessGuid", "ProcessId", "User"]),
    ("ps_classic_provider_start", &["Data"]),
    ("ps_classic_script", &["Data"]),
    ("ps_classic_start", &["Data"]),
    ("ps_module", &["ContextInfo", "Payload", "UserData"]),
    ("ps_script", &["MessageNumber", "MessageTotal", "Path", "ScriptBlockId", "ScriptBlockText"]),
    ("raw_access_thread", &["Device", "Image", "ProcessGuid", "ProcessId", "User"]),
    ("registry_add", &["EventType", "Image", "ProcessGuid", "ProcessId", "TargetObject", "User"]),
    (
        "registry_delete",
        &["Details", "EventType", "Image", "ProcessGuid", "ProcessId", "TargetObject", "User"],
    ),
    (
        "registry_event",
        &["Details", "EventType", "Image", "NewName", "ProcessGuid", "ProcessId", "TargetObject", "User"],
    ),
    (
        "registry_rename",
        &["EventType", "Image", "NewName", "ProcessGuid", "ProcessId", "TargetObject", "User"],
    ),
    ("registry_set", &["Details", "EventType", "Image", "ProcessGuid", "ProcessId", "TargetObject", "User"]),
    ("sysmon_error", &["Description"]),
    ("sysmon_status", &["Configuration", "ConfigurationFileHash", "SchemaVersion", "State", "Version"]),
    (
        "wmi_event",
        &[
            "Consumer",
            "Destination",
            "EventNamespace",
            "EventType",
            "Filter",
            "Name",
            "Operation",
            "Query",
            "Type",
            "User",
        ],
    ),
];

pub(super) fn lint(draft: &Draft, found: &mut Findings) {
    if draft.logsource.product.as_deref() != Some("windows") {
        return;
    }
    let category = draft.logsource.category.as_deref();
    let fields = category.and_then(|name| FIELDS.iter().find(|(known, _)| *known == name));
    for selection in &draft.detection.selections {
        selection.tree.items(&mut |item| match fields {
            Some((category, fields)) => closed(category, fields, item, found),
            None => open(item, found),
        });
    }
}

/// The names that an item uses: its field, and the one it refers to.
fn names(item: &Item) -> impl Iterator<Item = (String, u64)> {
    let referred = item.values.iter().filter(|_| item.modifiers.kind == Kind::FieldRef);
    let referred = referred.filter_map(|node: &Node| Some((node.text()?, node.line)));
    item.field.iter().map(|field| (field.clone(), item.line)).chain(referred)
}

fn closed(category: &str, fields: &[&'static str], item: &Item, found: &mut Findings) {
    let known = || fields.iter().chain(&COMMON).chain(&HASHES).chain(&HEADER_NAMES).copied();
    for (name, line) in names(item) {
        if !known().any(|known| known == name) {
            let hint = hint(&name, known());
            let message = format_args!("events of category {category} have no field {name:?}{hint}");
            found.add("unknown-field", line, message);
        }
    }
}

fn open(item: &Item, found: &mut Findings) {
    let known = || FIELDS.iter().flat_map(|(_, fields)| *fields).chain(&COMMON).copied();
    for (name, line) in names(item) {
        let exact = known().any(|known| known == name) || HEADER_NAMES.contains(&name.as_str());
        // Names of one word are words of others, too.
        let words = |name: &str| name.chars().filter(char::is_ascii_uppercase).count();
        let near = known().find(|known| known.eq_ignore_ascii_case(&name) && words(known) > 1);
        if let Some(near) = near.filter(|_| !exact) {
            let message = format_args!("field {name:?} is nearly {near:?}: names of fields mind case");
            found.add("unknown-field", line, message);
        }
    }
}
