//! z/OS SMF records as an agent on the system sends them on: OTLP log records, one JSON object each.

use super::{Pen, Source};
use crate::acts::Mainframe;
use crate::text::{Json, put_number, put_padded};
use crate::world::{AccountId, HostId};

/// SMF record type, subtype, the cross-system code, the action's name.
fn kind_of(what: Mainframe) -> (u64, u64, &'static str, &'static str) {
    match what {
        Mainframe::Logon { is_success: true, .. } => (80, 1, "LL01", "RACINIT"),
        Mainframe::Logon { .. } => (80, 1, "LL03", "RACINIT"),
        Mainframe::Refused { .. } => (80, 2, "PA02", "RESOURCE ACCESS"),
        Mainframe::Altered { .. } => (80, 13, "SA02", "ALTUSER"),
        Mainframe::Dumped { .. } => (14, 0, "SS03", "ADRDSSU DUMP"),
        Mainframe::Recording { .. } => (90, 9, "SS05", "SET SMF"),
        Mainframe::Job { .. } => (30, 5, "SS02", "JOB END"),
    }
}

pub(super) fn write(pen: &mut Pen<'_>, host: HostId, account: AccountId, what: Mainframe) -> Source {
    let (record, subtype, code, action) = kind_of(what);
    let world = pen.world;
    let (at, number) = (pen.at.max(0).cast_unsigned(), pen.number);
    let (system, user) = (world.host(host), world.account(account));
    let mut json = Json::open(pen.out);
    json.object("resource", |json| {
        json.object("attributes", |json| {
            json.text("host.name", &system.name).text("os.type", "zos").text("sysplex.name", "NWPLEX1");
            json.text("service.name", "legacytel");
        });
        json.text("schema_url", "");
    });
    json.object("scope", |json| {
        json.text("name", "legacytel.smf").text("version", "1");
        json.object("attributes", |_| {});
    });
    json.with("time_unix_nano", |out| put_number(out, at.saturating_mul(1000)));
    json.with("observed_time_unix_nano", |out| {
        put_number(out, at.saturating_mul(1000).saturating_add(40_000_000))
    });
    let is_bad = matches!(code, "LL03" | "PA02");
    json.number("severity_number", if is_bad { 13 } else { 9 });
    json.text("severity_text", if is_bad { "WARN" } else { "INFO" });
    json.texts("body", &[action, " ", &user.host_name]);
    json.object("attributes", |json| {
        json.number("smf.record_type", record).number("smf.subtype", subtype).number("smf.sequence", number);
        json.text("security.user", &user.host_name).text("security.action", action);
        json.text("legacy.user_code", code);
        match what {
            Mainframe::Logon { from, .. } => {
                // A terminal stands for the address that it was given to.
                json.ip("client.address", from).with("smf.terminal", |out| {
                    out.extend_from_slice(b"TCP");
                    put_padded(out, u64::from(from & 0xffff), 5);
                });
            }
            Mainframe::Refused { dataset } | Mainframe::Dumped { dataset } => {
                json.text("security.resource", dataset).text("smf.job_name", "ADRJOB1");
            }
            Mainframe::Altered { target, attribute } => {
                json.text("security.target_user", &world.account(target).host_name);
                json.text("security.attribute", attribute);
            }
            Mainframe::Recording { command } => {
                json.text("security.command", command);
            }
            Mainframe::Job { name } => {
                json.text("smf.job_name", name);
            }
        }
    });
    json.text("trace_id", "").text("span_id", "").text("event_name", "").literal("flags", "0");
    json.close();
    Source::Smf
}
