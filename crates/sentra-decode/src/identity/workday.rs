//! Workday: worker status reports and business events (hire, terminate, change), sign-on reports, and the user
//! activity of the privacy interface. Report columns are named by whoever made the report, so they are compared
//! without blanks, underscores and case.

use std::borrow::Cow;

use sentra_model::{Class, Event, EventCode, FieldValue, Mart, Outcome};

use crate::decoder::Context;
use crate::flatten::Field;
use crate::format::{Format, Shape};
use crate::names::note;
use crate::object;

pub(crate) static FORMAT: Format = Format {
    name: "workday",
    title: "Workday worker status, sign-on and user activity records as JSON",
    sample: r#"{"Employee_ID":"21001","Worker":"Bob Example","User_Name":"bob","Worker_Status":"Terminated","Business_Process_Type":"Terminate Employee","Effective_Date":"2026-03-01","Completed_On":"2026-03-01T10:00:00Z","Initiated_By":"alice"}"#,
    shape: Shape::Object { recognise: is_record, decode },
};

const STATUS: [&str; 4] = ["workerstatus", "employmentstatus", "employeestatus", "activestatus"];
const PROCESS: [&str; 6] = [
    "businessprocesstype",
    "businessprocess",
    "businessprocessname",
    "eventtype",
    "transactiontype",
    "event",
];
const WORKER: [&str; 5] = ["employeeid", "workerid", "worker", "workername", "worker.descriptor"];
const MAIL: [&str; 6] =
    ["email", "emailaddress", "workemail", "primaryworkemail", "emailwork", "emailprimarywork"];
const TIME: [&str; 13] = [
    "requesttime",
    "signondatetime",
    "signontime",
    "sessionstart",
    "completedon",
    "completeddatetime",
    "completiondate",
    "lastupdated",
    "lastmodified",
    "transactiondate",
    "effectivedate",
    "time",
    "timestamp",
];

/// What kind of record it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Worker,
    SignOn,
    Activity,
}

fn kind_of(fields: &[Field<'_>]) -> Option<Kind> {
    // Most objects have none of these, and are turned away by this one walk.
    let (mut worker, mut sign_on, mut activity) = (false, false, false);
    for (name, _) in fields {
        let is = |marks: &[&str]| marks.iter().any(|mark| object::is_loosely(name, mark));
        worker |= is(&STATUS) || is(&["businessprocesstype", "terminationdate", "hiredate"]);
        sign_on |= is(&["signondatetime", "signonipaddress", "authenticationtypeforsignon", "failedsignon"]);
        activity |= is(&["activityaction", "taskdisplayname"]);
    }
    let has = |names: &[&str]| object::loose(fields, names).is_some();
    match () {
        () if activity && has(&["systemaccount", "taskid", "requesttime"]) => Some(Kind::Activity),
        () if sign_on && has(&["workdayaccount", "systemaccount", "username", "account"]) => {
            Some(Kind::SignOn)
        }
        () if worker && has(&WORKER) => Some(Kind::Worker),
        () => None,
    }
}

/// Whether the flat fields are those of a Workday record.
fn is_record(fields: &[Field<'_>]) -> bool {
    kind_of(fields).is_some()
}

fn decode<'a>(context: &Context<'_>, fields: Vec<Field<'a>>) -> Event<'a> {
    let mut event = Event::new(FORMAT.name, Mart::IDENTITY, context.received);
    match TIME.iter().find_map(|name| object::loose(&fields, &[name]).and_then(moment)) {
        Some(time) => event.time = time,
        None => note(&mut event, "no time in the record, arrival time taken"),
    }
    event.product = Cow::Borrowed("workday");
    event.user = object::loose_text(
        &fields,
        &["systemaccount", "workdayaccount", "initiatedby", "completedby", "username"],
    );
    event.session = object::loose_text(&fields, &["sessionid", "integrationid"]);
    let address = object::loose(&fields, &["ipaddress", "signonipaddress", "clientip"]);
    if let Some((address, port)) = address.map(crate::names::header_text).and_then(object::address_and_port) {
        (event.src_ip, event.src_port) = (address, port);
    }
    match kind_of(&fields) {
        Some(Kind::SignOn) => sign_on(&mut event, &fields),
        Some(Kind::Activity) => activity(&mut event, &fields),
        Some(Kind::Worker) | None => worker(&mut event, &fields),
    }
    event.fields.extend(fields);
    event
}

/// A moment, or a day (`2026-03-01`), which is its first moment.
fn moment(value: &FieldValue<'_>) -> Option<sentra_model::Timestamp> {
    object::moment_of(value).or_else(|| {
        let text = value.as_text();
        let day = text.get(..10).filter(|day| day.bytes().filter(|byte| *byte == b'-').count() == 2)?;
        object::moment_of(&FieldValue::Text(Cow::Owned(format!("{day}T00:00:00Z"))))
    })
}

fn sign_on<'a>(event: &mut Event<'a>, fields: &[Field<'a>]) {
    event.service = Cow::Borrowed("signon");
    event.class = Class::AUTHENTICATION;
    let truth = |names: &[&str]| {
        object::loose(fields, names)
            .is_some_and(|value| object::is_one_of(&value.as_text(), &["1", "true", "yes"]))
    };
    let message = object::loose_text(fields, &["authenticationfailuremessage", "failuremessage"]);
    let failed = truth(&["failedsignon", "invalidcredentials", "accountlocked"]) || !message.is_empty();
    event.outcome = if failed { Outcome::Failure } else { Outcome::Success };
    event.code = Some(if failed { EventCode::LL03 } else { EventCode::LL01 });
    event.command = object::loose_text(fields, &["authenticationtypeforsignon", "authenticationtype"]);
    event.app = object::loose_text(fields, &["uiclienttype", "requestoriginator"]);
    event.message = message;
}

fn activity<'a>(event: &mut Event<'a>, fields: &[Field<'a>]) {
    event.service = Cow::Borrowed("activity");
    event.class = Class::API;
    event.outcome = Outcome::Success;
    event.command = object::loose_text(fields, &["activityaction"]);
    event.app = object::loose_text(fields, &["taskdisplayname"]);
    event.file = object::loose_text(fields, &["targetdescriptor"]);
    let task = event.app.to_ascii_lowercase();
    let is_write = object::is_one_of(&event.command, &["WRITE", "CREATE", "UPDATE", "DELETE"]);
    let has = |words: &[&str]| words.iter().any(|word| task.contains(word));
    event.code = match () {
        () if !is_write => None,
        () if has(&["security group", "security policy", "domain security"]) => Some(EventCode::CC02),
        () if has(&["reset password", "workday account password"]) => Some(EventCode::SA07),
        () if has(&["create integration system user", "create workday account"]) => Some(EventCode::SA01),
        () if has(&["workday account"]) => Some(EventCode::SA02),
        () if has(&["audit", "user activity logging"]) => Some(EventCode::SS05),
        () => None,
    };
}

/// A worker who comes, goes or changes. The process says what happened; without one the status says it.
fn worker<'a>(event: &mut Event<'a>, fields: &[Field<'a>]) {
    event.service = Cow::Borrowed("worker");
    event.class = Class::ACCOUNT_CHANGE;
    event.outcome = Outcome::Success;
    let process = object::loose_text(fields, &PROCESS);
    let status = object::loose_text(fields, &STATUS);
    event.target_user =
        object::loose_text(fields, &["username", "worker", "workername", "employeeid", "workerid"]);
    event.command = if process.is_empty() { status.clone() } else { process.clone() };
    event.message = object::loose_text(fields, &["reason", "terminationreason", "comments"]);
    event.app = object::loose_text(fields, &["supervisoryorganization", "company"]);
    if event.user == event.target_user {
        event.user = object::loose_text(fields, &["initiatedby", "completedby"]);
    }
    let mail = object::loose_text(fields, &MAIL);
    if !mail.is_empty() {
        event.push("worker.email", FieldValue::Text(Cow::Owned(mail.to_ascii_lowercase())));
    }
    let effective = object::loose(fields, &["effectivedate", "terminationdate"]).and_then(moment);
    let is_later = effective.is_some_and(|effective| effective > event.time);
    let words = event.command.to_ascii_lowercase();
    let has = |list: &[&str]| list.iter().any(|word| words.contains(word));
    event.code = Some(match () {
        () if has(&["rescind", "cancel"]) => EventCode::SA02,
        // Announced: until then the worker still comes to work.
        () if is_later => EventCode::SA02,
        () if has(&["terminat", "end contingent", "retire", "resign", "deceased"]) => EventCode::SA03,
        () if has(&["hire", "contract contingent", "onboard"]) => EventCode::SA01,
        () => EventCode::SA02,
    });
}
