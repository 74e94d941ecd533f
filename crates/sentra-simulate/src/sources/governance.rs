//! HR and access governance: Workday worker status, SailPoint Identity Security Cloud audit events.

use super::{Pen, Source};
use crate::acts::Governance;
use crate::moment::{DAY, Form, put_time};
use crate::text::{Json, put_number, put_uuid};
use crate::world::AccountId;
use crate::world::names::NEWCOMERS;

pub(super) fn write(pen: &mut Pen<'_>, by: AccountId, what: Governance) -> Source {
    let world = pen.world;
    match what {
        Governance::Worker { person, process, status, in_days } => {
            let person = world.person(person);
            let worker = Worker {
                employee: person.employee,
                name: &person.name,
                login: &world.account(person.account).name,
                job: (person.department, person.title),
            };
            workday(pen, by, &worker, (process, status), in_days)
        }
        Governance::Hired { account } => {
            let account = world.account(account);
            let known = NEWCOMERS.iter().find(|(login, _)| *login == account.name);
            let worker = Worker {
                employee: 60_000 + account.number,
                name: known.map_or(&account.name, |(_, name)| name),
                login: &account.name,
                job: ("IT Operations", "Platform engineer"),
            };
            workday(pen, by, &worker, ("Hire Employee", "Active"), 0)
        }
        Governance::Requested { target, application, entitlement } => {
            let item = Item { objects: "REQUEST", operation: "CREATE", target, application, entitlement };
            sailpoint(pen, by, "ACCESS_REQUEST", "Create Access Request Passed", &item)
        }
        Governance::Approved { target, application, entitlement } => {
            let item = Item { objects: "REQUEST", operation: "APPROVE", target, application, entitlement };
            sailpoint(pen, by, "ACCESS_REQUEST", "Approve Access Request Passed", &item)
        }
        Governance::SignedOff { campaign } => {
            let item = Item {
                objects: "CERTIFICATION",
                operation: "SIGNOFF",
                target: by,
                application: "",
                entitlement: campaign,
            };
            sailpoint(pen, by, "CERTIFICATION", "Signoff Certification Passed", &item)
        }
    }
}

struct Worker<'a> {
    employee: u32,
    name: &'a str,
    login: &'a str,
    /// Department and title.
    job: (&'a str, &'a str),
}

fn workday(
    pen: &mut Pen<'_>,
    by: AccountId,
    worker: &Worker<'_>,
    (process, status): (&str, &str),
    in_days: i64,
) -> Source {
    let (at, world) = (pen.at, pen.world);
    let mut json = Json::open(pen.out);
    json.with("Employee_ID", |out| put_number(out, u64::from(worker.employee)));
    json.text("Worker", worker.name).text("User_Name", worker.login);
    json.text("Worker_Status", status).text("Business_Process_Type", process);
    json.text("Supervisory_Organization", worker.job.0).text("Business_Title", worker.job.1);
    json.with("Effective_Date", |out| put_time(out, at + in_days * DAY, Form::Date));
    json.with("Completed_On", |out| put_time(out, at, Form::IsoMillis));
    json.text("Initiated_By", &world.account(by).name);
    json.close();
    Source::Workday
}

struct Item<'a> {
    objects: &'a str,
    operation: &'a str,
    target: AccountId,
    application: &'a str,
    entitlement: &'a str,
}

fn sailpoint(pen: &mut Pen<'_>, by: AccountId, kind: &str, name: &str, item: &Item<'_>) -> Source {
    let world = pen.world;
    let (at, id, number) = (pen.at, pen.dice.next(), pen.number);
    let is_campaign = kind == "CERTIFICATION";
    let technical = if is_campaign {
        ["CERTIFICATION", "_", item.operation, "_PASSED"]
    } else {
        ["ACCESS_REQUEST", "_", item.operation, "_PASSED"]
    };
    let mut json = Json::open(pen.out);
    json.text("_type", "event").text("org", "northwind").text("pod", "stg01-euc1");
    json.with("created", |out| put_time(out, at, Form::IsoMillis));
    json.with("id", |out| put_uuid(out, id, number)).texts("action", &technical).text("type", kind);
    json.object("actor", |json| {
        json.text("name", &world.account(by).name);
    });
    json.object("target", |json| {
        json.text("name", if is_campaign { item.entitlement } else { &world.account(item.target).name });
    });
    json.with("trackingNumber", |out| put_uuid(out, number, id)).text("stack", "sds");
    json.array("objects", |list| {
        list.text("", if is_campaign { "CERTIFICATION" } else { "ACCESS" });
        if !is_campaign {
            list.text("", item.objects);
        }
    });
    json.text("operation", item.operation).text("status", "PASSED").texts("technicalName", &technical);
    json.text("name", name);
    json.object("attributes", |json| {
        if !is_campaign {
            json.text("sourceName", item.application).text("accessProfileName", item.entitlement);
        }
        json.text("hostName", "10.10.1.31");
    });
    json.close();
    Source::SailPoint
}
