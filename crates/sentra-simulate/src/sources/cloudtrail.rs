//! AWS CloudTrail.

use super::{Pen, Source};
use crate::acts::Call;
use crate::moment::{Form, put_time};
use crate::text::{Json, put_hex, put_padded, put_uuid};

const ACCOUNT: &str = "210987654321";

pub(super) fn write(pen: &mut Pen<'_>, call: &Call) -> Source {
    let world = pen.world;
    let (at, id) = (pen.at, pen.dice.next());
    let user = world.account(call.user);
    let is_console = call.name == "ConsoleLogin";
    let mut json = Json::open(pen.out);
    json.text("eventVersion", "1.09");
    json.object("userIdentity", |json| {
        json.text("type", "IAMUser");
        json.with("principalId", |out| {
            out.extend_from_slice(b"AIDA");
            put_padded(out, u64::from(user.number), 16);
        });
        json.texts("arn", &["arn:aws:iam::", ACCOUNT, ":user/", &user.name]).text("accountId", ACCOUNT);
        if !is_console {
            json.with("accessKeyId", |out| {
                out.extend_from_slice(b"AKIA");
                put_padded(out, u64::from(user.number) * 7, 16);
            });
        }
        json.text("userName", &user.name);
    });
    json.with("eventTime", |out| put_time(out, at, Form::IsoSeconds));
    json.text("eventSource", call.service).text("eventName", call.name).text("awsRegion", "eu-central-1");
    json.ip("sourceIPAddress", call.from).text("userAgent", "aws-cli/2.22.7 Python/3.12.6");
    if !call.error.is_empty() {
        json.text("errorCode", call.error);
        json.text("errorMessage", "User is not authorized to perform this operation");
    }
    if call.parameters.is_empty() && call.target.is_none() {
        json.literal("requestParameters", "null");
    } else {
        json.object("requestParameters", |json| {
            if let Some(target) = call.target {
                json.text("userName", &world.account(target).name);
            }
            for (name, value) in call.parameters {
                json.text(name, value);
            }
        });
    }
    if is_console {
        json.object("responseElements", |json| {
            json.text("ConsoleLogin", if call.error.is_empty() { "Success" } else { "Failure" });
        });
    } else {
        json.literal("responseElements", "null");
    }
    json.with("requestID", |out| put_uuid(out, id.rotate_left(7), id));
    json.with("eventID", |out| put_uuid(out, id, id.rotate_left(31)));
    let is_read = ["Describe", "List", "Get"].iter().any(|verb| call.name.starts_with(verb));
    json.truth("readOnly", is_read)
        .text("eventType", if is_console { "AwsConsoleSignIn" } else { "AwsApiCall" });
    json.truth("managementEvent", true)
        .text("recipientAccountId", ACCOUNT)
        .text("eventCategory", "Management");
    json.with("sharedEventID", |out| put_hex(out, id, 16));
    json.close();
    Source::CloudTrail
}
