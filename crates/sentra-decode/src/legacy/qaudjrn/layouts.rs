//! The data of each entry type. Offsets count from the detail code (offset 610 of `*TYPE5`), which is 0.

use crate::legacy::view::{Field, Kind, field};

/// Code, object, library and object type, with which most entries begin.
macro_rules! object {
    ($($more:expr),* $(,)?) => {
        &[
            field("qaudjrn.detail", 0, Kind::Text(1)),
            field("qaudjrn.object_name", 1, Kind::Text(10)),
            field("qaudjrn.object_library", 11, Kind::Text(10)),
            field("qaudjrn.object_type", 21, Kind::Text(8)),
            $($more),*
        ]
    };
}

/// The layout of an entry type, where it is known.
pub(super) fn layout_of(entry_type: &str) -> Option<&'static [Field]> {
    LAYOUTS.iter().find(|(known, _)| *known == entry_type).map(|(_, layout)| *layout)
}

const DETAIL: Field = field("qaudjrn.detail", 0, Kind::Text(1));
const OBJECT: &[Field] = object![];
const OWNERS: &[Field] =
    object![field("qaudjrn.old_owner", 29, Kind::Text(10)), field("qaudjrn.new_owner", 39, Kind::Text(10)),];
const VALUES: &[Field] = &[
    DETAIL,
    field("qaudjrn.value_name", 1, Kind::Text(10)),
    field("qaudjrn.new_value", 11, Kind::Text(250)),
    field("qaudjrn.old_value", 261, Kind::Text(250)),
];
const ACCESS: &[Field] = object![
    field("qaudjrn.access_type", 29, Kind::Packed(3)),
    field("qaudjrn.access_data", 32, Kind::Text(50))
];

/// As documented in *IBM i Security reference*; AD, GR, NA, OR, PA and RA from general knowledge of the model
/// files QASYxxJ5.
const LAYOUTS: &[(&str, &[Field])] = &[
    ("AD", object![field("qaudjrn.audit_value", 29, Kind::Text(10))]),
    (
        "AF",
        object![
            field("qaudjrn.validation_action", 29, Kind::Text(1)),
            field("qaudjrn.failing_job", 30, Kind::Text(10)),
            field("qaudjrn.failing_job_user", 40, Kind::Text(10)),
            field("qaudjrn.failing_job_number", 50, Kind::Text(6)),
            field("qaudjrn.failing_program", 56, Kind::Text(10)),
            field("qaudjrn.failing_program_library", 66, Kind::Text(10)),
            field("qaudjrn.failing_user", 76, Kind::Text(10)),
            field("qaudjrn.workstation", 86, Kind::Text(10)),
            field("qaudjrn.violation_code", 113, Kind::Text(3)),
        ],
    ),
    ("AP", object![field("qaudjrn.old_owner", 29, Kind::Text(10))]),
    ("AU", &[DETAIL]),
    (
        "CA",
        object![
            field("qaudjrn.user_profile", 29, Kind::Text(10)),
            field("qaudjrn.authorization_list", 39, Kind::Text(10)),
            field("qaudjrn.command_type", 66, Kind::Text(3)),
        ],
    ),
    (
        "CD",
        object![
            field("qaudjrn.where_run", 29, Kind::Text(1)),
            field("qaudjrn.command", 30, Kind::TextUpTo(6000)),
        ],
    ),
    ("CO", OBJECT),
    (
        "CP",
        &[
            DETAIL,
            field("qaudjrn.user_profile", 1, Kind::Text(10)),
            field("qaudjrn.object_library", 11, Kind::Text(10)),
            field("qaudjrn.object_type", 21, Kind::Text(8)),
            field("qaudjrn.command_type", 29, Kind::Text(3)),
            field("qaudjrn.password_changed", 32, Kind::Text(1)),
            field("qaudjrn.password_none", 33, Kind::Text(1)),
            field("qaudjrn.password_expired", 34, Kind::Text(1)),
            field("qaudjrn.group_profile", 56, Kind::Text(10)),
            field("qaudjrn.user_class", 146, Kind::Text(10)),
            field("qaudjrn.profile_status", 157, Kind::Text(10)),
        ],
    ),
    ("CQ", OBJECT),
    ("DO", OBJECT),
    (
        "DS",
        &[
            DETAIL,
            field("qaudjrn.reset", 1, Kind::Text(1)),
            field("qaudjrn.service_tools_type", 2, Kind::Text(10)),
            field("qaudjrn.password_changed", 20, Kind::Text(1)),
            field("qaudjrn.service_tools_user", 21, Kind::Text(10)),
            field("qaudjrn.requesting_user", 31, Kind::Text(10)),
        ],
    ),
    (
        "GR",
        &[
            DETAIL,
            field("qaudjrn.action", 1, Kind::Text(2)),
            field("qaudjrn.user_profile", 3, Kind::Text(10)),
        ],
    ),
    (
        "JD",
        object![field("qaudjrn.old_user", 32, Kind::Text(10)), field("qaudjrn.new_user", 42, Kind::Text(10))],
    ),
    (
        "JS",
        &[
            DETAIL,
            field("qaudjrn.job_type", 1, Kind::Text(1)),
            field("qaudjrn.job_subtype", 2, Kind::Text(1)),
            field("qaudjrn.target_job", 3, Kind::Text(10)),
            field("qaudjrn.target_job_user", 13, Kind::Text(10)),
            field("qaudjrn.target_job_number", 23, Kind::Text(6)),
            field("qaudjrn.device", 29, Kind::Text(10)),
            field("qaudjrn.effective_user", 39, Kind::Text(10)),
            field("qaudjrn.job_description", 49, Kind::Text(10)),
            field("qaudjrn.job_queue", 69, Kind::Text(10)),
        ],
    ),
    ("NA", VALUES),
    (
        "OM",
        object![
            field("qaudjrn.new_object_name", 29, Kind::Text(10)),
            field("qaudjrn.new_object_library", 39, Kind::Text(10)),
        ],
    ),
    (
        "OR",
        object![
            field("qaudjrn.saved_object_name", 29, Kind::Text(10)),
            field("qaudjrn.saved_object_library", 39, Kind::Text(10)),
            field("qaudjrn.program_state", 49, Kind::Text(1)),
        ],
    ),
    ("OW", OWNERS),
    ("PA", object![field("qaudjrn.old_owner", 29, Kind::Text(10))]),
    ("PG", OWNERS),
    (
        "PS",
        &[
            DETAIL,
            field("qaudjrn.user_profile", 1, Kind::Text(10)),
            field("qaudjrn.source_location", 11, Kind::Text(8)),
            field("qaudjrn.old_user", 19, Kind::Text(10)),
            field("qaudjrn.new_user", 29, Kind::Text(10)),
        ],
    ),
    (
        "PW",
        &[
            DETAIL,
            field("qaudjrn.user_profile", 1, Kind::Text(10)),
            field("qaudjrn.device", 11, Kind::Text(40)),
            field("qaudjrn.remote_location", 51, Kind::Text(8)),
            field("qaudjrn.local_location", 59, Kind::Text(8)),
            field("qaudjrn.network", 67, Kind::Text(8)),
        ],
    ),
    ("RA", object![field("qaudjrn.authorization_list", 29, Kind::Text(10))]),
    ("RO", OWNERS),
    ("SM", &[DETAIL, field("qaudjrn.access_type", 1, Kind::Text(10))]),
    (
        "ST",
        &[
            DETAIL,
            field("qaudjrn.service_tool", 1, Kind::Text(2)),
            field("qaudjrn.object_name", 3, Kind::Text(10)),
            field("qaudjrn.object_library", 13, Kind::Text(10)),
            field("qaudjrn.object_type", 23, Kind::Text(8)),
            field("qaudjrn.target_job", 31, Kind::Text(10)),
            field("qaudjrn.target_job_user", 41, Kind::Text(10)),
            field("qaudjrn.target_job_number", 51, Kind::Text(6)),
        ],
    ),
    ("SV", VALUES),
    (
        "VP",
        &[
            DETAIL,
            field("qaudjrn.server", 1, Kind::Text(10)),
            field("qaudjrn.computer", 23, Kind::Text(8)),
            field("qaudjrn.user_profile", 31, Kind::Text(10)),
            field("qaudjrn.computer_name", 41, Kind::Text(46)),
            field("qaudjrn.share", 87, Kind::Text(12)),
        ],
    ),
    (
        "X0",
        &[
            DETAIL,
            field("qaudjrn.status", 1, Kind::Text(8)),
            field("qaudjrn.gss_status", 9, Kind::Text(8)),
            field("qaudjrn.remote_ip", 17, Kind::Text(21)),
            field("qaudjrn.local_ip", 38, Kind::Text(21)),
        ],
    ),
    ("ZC", ACCESS),
    ("ZR", ACCESS),
];

/// Flag characters that are `Y` where a special authority is on, of entry type CP.
pub(super) const SPECIAL_AUTHORITIES: [(usize, &str); 8] = [
    (35, "*ALLOBJ"),
    (36, "*JOBCTL"),
    (37, "*SAVSYS"),
    (38, "*SECADM"),
    (39, "*SPLCTL"),
    (40, "*SERVICE"),
    (41, "*AUDIT"),
    (42, "*IOSYSCFG"),
];

/// Flag characters that are `Y` where an authority was granted or removed, of entry type CA.
pub(super) const OBJECT_AUTHORITIES: [(usize, &str); 13] = [
    (49, "*OBJEXIST"),
    (50, "*OBJMGT"),
    (51, "*OBJOPR"),
    (52, "*AUTLMGT"),
    (53, "*AUTL"),
    (54, "*READ"),
    (55, "*ADD"),
    (56, "*UPD"),
    (57, "*DLT"),
    (58, "*EXCLUDE"),
    (59, "*EXECUTE"),
    (60, "*OBJALTER"),
    (61, "*OBJREF"),
];
