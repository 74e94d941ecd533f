//! The JSON of LAUREL: one object per audit event, `{"ID":"1772359200.123:4711","SYSCALL":{…},"EXECVE":{"ARGV":[…]}}`.
//!
//! Its members keep their names (`SYSCALL.exe`) and stand beside auditd's own names for them (`exe`), so that one
//! rule serves both.

use std::borrow::Cow;

use sentra_model::{Event, FieldValue, Mart};

use super::facts::Facts;
use super::{Context, meaning, put_derived, start, value};
use crate::flatten::Field;
use crate::format::{Format, Shape};
use crate::names::{header_text, note};
use crate::scan::{FIELDS_MAX, put, set_time};
use crate::time;

pub(crate) static FORMAT: Format = Format {
    name: "laurel",
    title: "Linux audit events as JSON, as LAUREL writes them",
    sample: r#"{"ID":"1772359200.123:4711","SYSCALL":{"arch":"0xc000003e","syscall":59,"success":"yes","pid":812,"auid":1000,"uid":0,"comm":"id","exe":"/usr/bin/id","SYSCALL":"execve","AUID":"alice","UID":"root"},"EXECVE":{"argc":1,"ARGV":["id"]}}"#,
    shape: Shape::Object { recognise, decode },
};

/// Law LIMIT: how many types of lines one event is taken to have.
const KINDS_MAX: usize = 64;

fn recognise(fields: &[Field<'_>]) -> bool {
    let is_id = |value: &FieldValue<'_>| {
        let FieldValue::Text(text) = value else { return false };
        text.split_once(':').is_some_and(|(time, serial)| {
            crate::scan::is_number(serial)
                && time.split_once('.').is_some_and(|(seconds, _)| crate::scan::is_number(seconds))
        })
    };
    fields.iter().take(4).any(|(name, value)| name == "ID" && is_id(value))
        && fields.iter().any(|(name, _)| name.split_once('.').is_some_and(|(kind, _)| is_kind(kind)))
}

/// `SYSCALL`, `USER_LOGIN`: capitals only.
fn is_kind(text: &str) -> bool {
    text.len() >= 2
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

fn decode<'a>(context: &Context<'_>, fields: Vec<Field<'a>>) -> Event<'a> {
    let mut event = Event::new("laurel", Mart::LINUX, context.received);
    start(&mut event);
    let mut facts = Facts::default();
    let mut kinds: Vec<String> = Vec::new();
    let mut stamp = None;
    event.fields.reserve(fields.len() * 2);
    for (name, value) in &fields {
        let value = header_text(value);
        match name.split_once('.') {
            None if name == "ID" => {
                stamp = time::value(value.split(':').next().unwrap_or_default());
                put(&mut event, "audit_id", value);
            }
            None if name == "NODE" => event.host = value,
            None => {}
            Some((kind, rest)) if is_kind(kind) => {
                if kinds.last().is_none_or(|last| last != kind) && kinds.len() < KINDS_MAX {
                    put(&mut event, "type", kind.to_owned());
                    kinds.push(kind.to_owned());
                }
                member(&mut event, &mut facts, kind, rest, value);
            }
            Some(_) => {}
        }
    }
    set_time(context, &mut event, stamp, false);
    put_derived(&mut event, &mut facts);
    facts.fill(&mut event);
    let kinds: Vec<&str> = kinds.iter().map(String::as_str).collect();
    meaning::fill(&mut event, &facts, &kinds);
    let room = FIELDS_MAX.saturating_sub(event.fields.len());
    if fields.len() > room {
        note(&mut event, "fields beyond 1024 left out");
    }
    event.fields.extend(fields.into_iter().take(room));
    event
}

/// One member of the object of a type.
fn member<'a>(event: &mut Event<'a>, facts: &mut Facts<'a>, kind: &str, rest: &str, value: Cow<'a, str>) {
    match (kind, rest) {
        ("EXECVE", "ARGV") => {
            let name = format!("a{}", facts.arguments.len());
            put(event, name, value.clone());
            facts.add_argument(value, false);
        }
        ("PROCTITLE", "ARGV") => {
            let title = facts.title.to_mut();
            if !title.is_empty() {
                title.push(' ');
            }
            title.push_str(&value);
        }
        ("SYSCALL", "PPID.exe") => facts.parent = value,
        ("SYSCALL", "ARGV") => {}
        ("SOCKADDR", rest) => socket(event, facts, rest, value),
        _ if rest.contains('.') && !rest.starts_with("msg.") => {}
        _ => {
            let key = rest.strip_prefix("msg.").unwrap_or(rest);
            facts.set(key, &value);
            put(event, key.to_owned(), value);
        }
    }
}

/// `SADDR.addr` and `SADDR.port`, or the kernel's own digits.
fn socket<'a>(event: &mut Event<'a>, facts: &mut Facts<'a>, rest: &str, value: Cow<'a, str>) {
    let key = rest.rsplit('.').next().unwrap_or(rest);
    match key {
        "saddr" => facts.socket = value::socket(&value).or(facts.socket.take()),
        "addr" | "laddr" => {
            facts.socket = Some(value::Socket::Internet(value.clone().into_owned(), 0));
            put(event, "laddr", value);
        }
        "port" | "lport" => {
            if let Some(value::Socket::Internet(_, port)) = &mut facts.socket {
                *port = value.parse().unwrap_or(0);
            }
            put(event, "lport", value);
        }
        "path" => facts.socket = Some(value::Socket::Local(value.into_owned())),
        _ => {}
    }
}
