//! Saviynt Enterprise Identity Cloud: the audit log as its analytics export it, and requests, approvals,
//! certifications and segregation-of-duties violations as reports. The column names are chosen by whoever wrote
//! the query, so they are compared without blanks, underscores and case.

use std::borrow::Cow;

use sentra_model::{Class, Event, EventCode, Mart, Outcome};

use crate::decoder::Context;
use crate::flatten::Field;
use crate::format::{Format, Shape};
use crate::names::note;
use crate::object;

pub(crate) static FORMAT: Format = Format {
    name: "saviynt",
    title: "Saviynt identity governance audit records and reports as JSON",
    sample: r#"{"Object Type":"Access Request","Object Name":"REQ-1","Action Taken":"Request Approved","Accessed By":"alice","IP Address":"192.0.2.7","Event Time":"2026-03-01 10:00:00","Message":"Request REQ-1 for bob approved"}"#,
    shape: Shape::Object { recognise: is_record, decode },
};

const OBJECT: [&str; 3] = ["objecttype", "typeofaccess", "requesttype"];
const ACTION: [&str; 6] = ["actiontaken", "actiontype", "action", "decision", "requeststatus", "status"];
const ACTOR: [&str; 7] =
    ["accessedby", "accessby", "approver", "approvedby", "certifier", "requestor", "requestedby"];
const TARGET: [&str; 7] =
    ["requestee", "requestedfor", "beneficiary", "certifieduser", "targetuser", "violatinguser", "username"];
const TIME: [&str; 9] = [
    "eventtime",
    "accesstime",
    "requestedon",
    "requestdate",
    "approvaldate",
    "certifieddate",
    "detectedon",
    "createdate",
    "timestamp",
];

/// Whether the flat fields are those of an audit record, or of one of the reports.
fn is_record(fields: &[Field<'_>]) -> bool {
    // Most objects have none of these, and are turned away by this one walk.
    let mut marks = [false; 4];
    for (name, _) in fields {
        let [audit, request, duty, certification] = &mut marks;
        *audit |=
            ["actiontaken", "actiontype", "typeofaccess"].iter().any(|mark| object::is_loosely(name, mark));
        *request |= ["requestkey", "requestid"].iter().any(|mark| object::is_loosely(name, mark));
        *duty |= ["riskcode", "sodkey", "riskname"].iter().any(|mark| object::is_loosely(name, mark));
        *certification |= ["certificationname", "certkey", "campaignname"]
            .iter()
            .any(|mark| object::is_loosely(name, mark));
    }
    let [audit, request, duty, certification] = marks;
    let has = |names: &[&str]| object::loose(fields, names).is_some();
    (audit && has(&["accessedby", "accessby", "loginkey"]) && has(&["eventtime", "accesstime"]))
        || (request
            && has(&["requestee", "requestor", "requestedfor", "requestedby"])
            && has(&["requesttype", "endpoint", "securitysystem", "approver"]))
        || (duty
            && has(&[
                "ruleset",
                "sodviolation",
                "functionname",
                "violationstatus",
                "conflictingentitlements",
            ]))
        || (certification && has(&["certifier", "certifieduser"]))
}

fn decode<'a>(context: &Context<'_>, fields: Vec<Field<'a>>) -> Event<'a> {
    let mut event = Event::new(FORMAT.name, Mart::IDENTITY, context.received);
    match object::loose(&fields, &TIME).and_then(object::moment_of) {
        Some(time) => event.time = time,
        None => note(&mut event, "no time in the record, arrival time taken"),
    }
    event.product = Cow::Borrowed("saviynt");
    event.service = Cow::Borrowed("audit");
    event.class = Class::API;
    event.user = object::loose_text(&fields, &ACTOR);
    event.target_user = object::loose_text(&fields, &TARGET);
    let address = object::loose(&fields, &["ipaddress", "clientip"]).map(crate::names::header_text);
    if let Some((address, port)) = address.and_then(object::address_and_port) {
        (event.src_ip, event.src_port) = (address, port);
    }
    event.session = object::loose_text(&fields, &["loginkey", "requestid", "requestkey", "eventid"]);
    event.file = object::loose_text(
        &fields,
        &["objectname", "entitlement", "entitlementvalue", "role", "riskcode", "certificationname"],
    );
    event.app = object::loose_text(&fields, &["endpoint", "securitysystem", "application", "objecttype"]);
    event.message = object::loose_text(&fields, &["message", "detail", "comments", "riskname"]);
    let (kind, action) = (object::loose_text(&fields, &OBJECT), object::loose_text(&fields, &ACTION));
    let words = format!("{kind} {action}").to_ascii_lowercase();
    event.outcome = outcome_of(&words);
    let report = Report::of(&fields);
    if let Some((class, code)) = meaning(&words, report) {
        (event.class, event.code) = (class, Some(object::by_outcome(code, event.outcome)));
    }
    event.command = if action.is_empty() { kind } else { action };
    if event.user.is_empty() {
        event.user = std::mem::take(&mut event.target_user);
    }
    event.fields = fields;
    event
}

/// Which report a record without an action of its own is a row of.
#[derive(Clone, Copy, PartialEq)]
enum Report {
    Audit,
    Requests,
    Certifications,
    Duties,
}

impl Report {
    fn of(fields: &[Field<'_>]) -> Self {
        let has = |names: &[&str]| object::loose(fields, names).is_some();
        match () {
            () if has(&["riskcode", "sodkey", "riskname"]) => Self::Duties,
            () if has(&["certificationname", "certkey", "certifier"]) => Self::Certifications,
            () if has(&["requestkey", "requestid"]) => Self::Requests,
            () => Self::Audit,
        }
    }
}

fn outcome_of(words: &str) -> Outcome {
    let has = |list: &[&str]| list.iter().any(|word| words.contains(word));
    match () {
        () if has(&["fail", "invalid", "denied", "error"]) => Outcome::Failure,
        () => Outcome::Success,
    }
}

fn meaning(words: &str, report: Report) -> Option<(Class, EventCode)> {
    use EventCode as Code;
    let has = |list: &[&str]| list.iter().any(|word| words.contains(word));
    let api = |code| Some((Class::API, code));
    let account = |code| Some((Class::ACCOUNT_CHANGE, code));
    match () {
        () if report == Report::Duties || has(&["sod", "segregation", "violation"]) => api(Code::IG04),
        () if has(&["reject", "declin", "discontinue", "expire", "withdraw"])
            && !has(&["certif", "campaign", "attest"]) =>
        {
            None
        }
        () if report == Report::Certifications || has(&["certif", "campaign", "attest", "recertif"]) => {
            api(Code::IG03)
        }
        () if has(&["approv"]) => api(Code::IG02),
        () if report == Report::Requests || has(&["request"]) => api(Code::IG01),
        () if has(&["logout", "log out", "signout"]) => Some((Class::AUTHENTICATION, Code::LL02)),
        () if has(&["login", "log in", "signin", "sso"]) => Some((Class::AUTHENTICATION, Code::LL01)),
        () if has(&["password"]) => account(if has(&["reset"]) { Code::SA07 } else { Code::LL04 }),
        () if has(&["unlock"]) => account(Code::SA09),
        () if has(&["lock"]) => account(Code::SA08),
        () if has(&["role", "entitlement", "usergroup", "user group"]) => {
            Some((Class::GROUP, verb(words, [Code::SA04, Code::SA05, Code::SA06])))
        }
        () if has(&["user", "account", "identity"]) => {
            account(verb(words, [Code::SA01, Code::SA02, Code::SA03]))
        }
        () if has(&["configuration", "connection", "workflow", "job", "analytics", "setting"]) => {
            api(Code::CC01)
        }
        () => None,
    }
}

fn verb(words: &str, [create, change, delete]: [EventCode; 3]) -> EventCode {
    let has = |list: &[&str]| list.iter().any(|word| words.contains(word));
    match () {
        () if has(&["create", "new "]) => create,
        () if has(&["delete"]) => delete,
        () => change,
    }
}
