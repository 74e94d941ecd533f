//! Entra ID sign-in logs, as Microsoft Graph gives them.

use super::{Pen, Source};
use crate::acts::Device;
use crate::moment::{Form, put_time};
use crate::text::{Json, put_uuid};
use crate::world::AccountId;
use crate::world::places::place_of;

pub(super) fn write(
    pen: &mut Pen<'_>,
    account: AccountId,
    from: u32,
    error: u32,
    device: Device,
    app: &str,
) -> Source {
    let world = pen.world;
    let (at, id, correlation) = (pen.at, pen.dice.next(), pen.dice.next());
    let account = world.account(account);
    let mut json = Json::open(pen.out);
    json.with("id", |out| put_uuid(out, id, correlation));
    json.with("createdDateTime", |out| put_time(out, at, Form::IsoMillis));
    json.text("userDisplayName", account.person.map_or(&account.name, |person| &world.person(person).name));
    json.text("userPrincipalName", &account.email);
    json.with("userId", |out| put_uuid(out, u64::from(account.number), 77));
    json.with("appId", |out| put_uuid(out, app.len() as u64, 1)).text("appDisplayName", app);
    json.ip("ipAddress", from).text("clientAppUsed", "Browser");
    json.with("correlationId", |out| put_uuid(out, correlation, id));
    json.text("conditionalAccessStatus", if error == 0 { "success" } else { "notApplied" });
    json.truth("isInteractive", true).text("authenticationRequirement", "singleFactorAuthentication");
    json.text("riskDetail", "none").text("riskLevelAggregated", "none").text("riskState", "none");
    json.text("resourceDisplayName", "Microsoft Graph");
    json.object("status", |json| {
        json.number("errorCode", u64::from(error));
        json.text("failureReason", reason(error));
    });
    json.object("deviceDetail", |json| {
        let (person, is_new) = match device {
            Device::Own(person) => (Some(person), false),
            Device::Replacement(person) => (Some(person), true),
            Device::Unmanaged => (None, false),
        };
        match person {
            Some(person) => {
                json.with("deviceId", |out| put_uuid(out, u64::from(person.0), if is_new { 43 } else { 42 }));
                let name = &world.host(world.person(person).workstation).name;
                json.texts("displayName", &[name, if is_new { "-N" } else { "" }]);
            }
            None => {
                json.text("deviceId", "").text("displayName", "");
            }
        }
        json.text("operatingSystem", "Windows10").text("browser", "Edge 131.0.0");
        json.truth("isCompliant", person.is_some()).truth("isManaged", person.is_some());
        json.text("trustType", if person.is_some() { "Azure AD joined" } else { "" });
    });
    if let Some(place) = place_of(from) {
        json.number("autonomousSystemNumber", u64::from(place.system));
        json.object("location", |json| {
            json.text("city", place.city).text("state", place.city).text("countryOrRegion", place.country);
            json.object("geoCoordinates", |json| {
                json.literal("latitude", place.latitude).literal("longitude", place.longitude);
            });
        });
    }
    json.close();
    Source::Entra
}

fn reason(error: u32) -> &'static str {
    match error {
        0 => "Other.",
        50_053 => {
            "The account is locked, you've tried to sign in too many times with an incorrect user ID or password."
        }
        50_055 => "Invalid password, entered expired password.",
        50_057 => "User account is disabled. The account has been disabled by an administrator.",
        _ => "Error validating credentials due to invalid username or password.",
    }
}
