//! Okta System Log.

use super::{Pen, Source};
use crate::acts::{Device, Okta};
use crate::moment::{Form, put_time};
use crate::text::{Json, put_hex, put_uuid};
use crate::world::places::place_of;
use crate::world::{Account, AccountId, World};

/// The kind of event, what is shown, how severe, and the result with its reason.
struct Kind {
    event: &'static str,
    shown: &'static str,
    severity: &'static str,
    result: &'static str,
    reason: Option<&'static str>,
}

fn kind_of(what: Okta) -> Kind {
    let kind = |event, shown, severity, result, reason| Kind { event, shown, severity, result, reason };
    match what {
        Okta::SignIn { is_success: true, .. } => {
            kind("user.session.start", "User login to Okta", "INFO", "SUCCESS", None)
        }
        Okta::SignIn { .. } => {
            kind("user.session.start", "User login to Okta", "WARN", "FAILURE", Some("INVALID_CREDENTIALS"))
        }
        Okta::App { .. } => {
            kind("user.authentication.sso", "User single sign on to app", "INFO", "SUCCESS", None)
        }
        Okta::Locked { .. } => {
            kind("user.account.lock", "Max sign in attempts exceeded", "WARN", "FAILURE", Some("LOCKED_OUT"))
        }
        Okta::Certified { .. } => kind(
            "certification.campaign.item.decide",
            "Access certification item decided",
            "INFO",
            "SUCCESS",
            Some("APPROVED"),
        ),
    }
}

pub(super) fn write(pen: &mut Pen<'_>, account: AccountId, what: Okta) -> Source {
    let kind = kind_of(what);
    let world = pen.world;
    let (at, id, session) = (pen.at, pen.dice.next(), pen.dice.next());
    let actor = world.account(account);
    let (from, device) = match what {
        Okta::SignIn { from, device, .. } | Okta::App { from, device, .. } => (from, Some(device)),
        Okta::Locked { from } => (from, None),
        Okta::Certified { .. } => (World::egress(0), None),
    };
    let mut json = Json::open(pen.out);
    json.object("actor", |json| person(json, actor, world));
    json.object("client", |json| client(json, from));
    if let Some(device) = device {
        self::device(&mut json, device, world);
    }
    json.object("authenticationContext", |json| {
        json.literal("authenticationStep", "0");
        json.with("externalSessionId", |out| {
            out.extend_from_slice(b"102");
            put_hex(out, session, 16);
        });
    });
    json.text("displayMessage", kind.shown).text("eventType", kind.event);
    json.object("outcome", |json| {
        json.text("result", kind.result);
        match kind.reason {
            Some(reason) => json.text("reason", reason),
            None => json.literal("reason", "null"),
        };
    });
    json.with("published", |out| put_time(out, at, Form::IsoMillis));
    json.object("securityContext", |json| {
        let place = place_of(from);
        json.number("asNumber", u64::from(place.map_or(64_500, |place| place.system)));
        json.text("isp", place.map_or("example hosting", |place| place.operator)).truth("isProxy", false);
    });
    json.text("severity", kind.severity);
    json.array("target", |list| targets(list, what, world));
    json.object("transaction", |json| {
        json.text("type", "WEB");
    });
    json.with("uuid", |out| put_uuid(out, id, session)).text("version", "0");
    json.close();
    Source::Okta
}

fn person(json: &mut Json<'_>, account: &Account, world: &World) {
    json.with("id", |out| {
        out.extend_from_slice(b"00u");
        put_hex(out, u64::from(account.number), 12);
    });
    json.text("type", "User").text("alternateId", &account.email);
    json.text("displayName", account.person.map_or(&account.name, |person| &world.person(person).name));
}

fn client(json: &mut Json<'_>, from: u32) {
    json.object("userAgent", |json| {
        json.text("rawUserAgent", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Edg/131.0");
        json.text("os", "Windows 10").text("browser", "EDGE");
    });
    json.text("zone", "null").text("device", "Computer").ip("ipAddress", from);
    if let Some(place) = place_of(from) {
        json.object("geographicalContext", |json| {
            json.text("city", place.city).text("country", place.country);
            json.object("geolocation", |json| {
                json.literal("lat", place.latitude).literal("lon", place.longitude);
            });
        });
    }
}

fn device(json: &mut Json<'_>, device: Device, world: &World) {
    let (name, number, is_managed) = match device {
        Device::Own(person) => (world.host(world.person(person).workstation).name.as_str(), person.0, true),
        Device::Replacement(person) => ("WS-NEW", 500_000 + person.0, true),
        Device::Unmanaged => ("DESKTOP-7Q2K1LM", 999_999, false),
    };
    json.object("device", |json| {
        json.with("id", |out| {
            out.extend_from_slice(b"guo");
            put_hex(out, u64::from(number), 12);
        });
        json.text("name", name).text("os_platform", "WINDOWS").truth("managed", is_managed);
        json.truth("registered", is_managed);
    });
}

fn targets(list: &mut Json<'_>, what: Okta, world: &World) {
    let app = |list: &mut Json<'_>, name: &str| {
        list.object("", |json| {
            json.text("id", "0oa1")
                .text("type", "AppInstance")
                .text("alternateId", name)
                .text("displayName", name);
        });
    };
    match what {
        Okta::App { app: name, .. } => app(list, name),
        Okta::Certified { target, app: name } => {
            list.object("", |json| person(json, world.account(target), world));
            app(list, name);
        }
        Okta::SignIn { .. } | Okta::Locked { .. } => {}
    }
}
