//! MySQL, MariaDB and PostgreSQL: their error logs, and in them the logins that were refused.

use std::borrow::Cow;

use sentra_model::{Class, Event, EventCode, Outcome, Severity};

use crate::address;
use crate::decoder::Context;
use crate::format::{Format, Payload, Shape};
use crate::scan::{between, is_number, put, set_source, set_time, token};
use crate::time::{self, WallTime};

/// MySQL and MariaDB.
pub(crate) static MYSQL: Format = Format {
    name: "mysql",
    title: "MySQL and MariaDB error log",
    sample: "2026-03-01T10:00:00.123456Z 12 [Note] [MY-010926] [Server] Access denied for user 'alice'@'192.0.2.7' (using password: YES)",
    shape: Shape::Text {
        programs: &["mysqld", "mariadbd", "mysqld_safe"],
        recognise: |payload| split_mysql(payload).is_some(),
        parse: mysql,
    },
};

/// PostgreSQL.
pub(crate) static POSTGRESQL: Format = Format {
    name: "postgresql",
    title: "PostgreSQL server log",
    sample: "2026-03-01 10:00:00.123 UTC [811] alice@shop FATAL:  password authentication failed for user \"alice\"",
    shape: Shape::Text {
        programs: &["postgres", "postgresql"],
        recognise: |payload| split_postgresql(payload).is_some(),
        parse: postgresql,
    },
};

/// A line of MySQL: time, thread, level, message.
type MysqlLine<'a> = (Option<WallTime>, &'a str, &'a str, &'a str);

/// `TIME THREAD [Level] [code] [part] message`, and of the general log `TIME THREAD Connect\tAccess denied …`.
fn split_mysql<'a>(payload: &Payload<'a>) -> Option<MysqlLine<'a>> {
    let is_mysql = matches!(payload.program, "mysqld" | "mariadbd" | "mysqld_safe");
    let starts_with_digit = payload.text.as_bytes().first().is_some_and(u8::is_ascii_digit);
    let (time, rest) = match time::iso(payload.text).filter(|_| starts_with_digit) {
        Some((time, rest)) => (Some(time), rest.trim_start_matches([' ', '\t'])),
        None if is_mysql => (None, payload.text),
        None => return None,
    };
    let (thread, after) = rest.split_once([' ', '\t'])?;
    let (thread, rest) = if is_number(thread) { (thread, after.trim_start()) } else { ("", rest) };
    if let Some(message) = rest
        .strip_prefix("Connect")
        .filter(|message| message.trim_start().starts_with("Access denied for user"))
    {
        return (!thread.is_empty()).then_some((time, thread, "Note", message.trim_start()));
    }
    let (level, message) = rest.strip_prefix('[')?.split_once("] ")?;
    let is_level = matches!(level, "Note" | "Warning" | "Warn" | "ERROR" | "Error" | "System");
    (is_level && (!thread.is_empty() || is_mysql)).then_some((time, thread, level, message))
}

fn mysql<'a>(context: &Context<'_>, payload: &Payload<'a>, event: &mut Event<'a>) -> bool {
    let Some((time, thread, level, mut message)) = split_mysql(payload) else { return false };
    start(event, "mysql");
    set_time(context, event, time, payload.in_syslog);
    put(event, "thread", thread);
    put(event, "level", level);
    event.severity = match level {
        "ERROR" | "Error" => Severity::High,
        "Warning" | "Warn" => Severity::Medium,
        _ => Severity::Informational,
    };
    // MySQL 8: `[MY-010926] [Server] `.
    for name in ["error_code", "subsystem"] {
        let Some((value, rest)) = message.strip_prefix('[').and_then(|rest| rest.split_once("] ")) else {
            break;
        };
        put(event, name, value);
        message = rest;
    }
    event.message = Cow::Borrowed(message);
    if let Some(rest) = message.strip_prefix("Access denied for user ") {
        login(event, Outcome::Failure, Some(EventCode::LL03));
        // The name is the client's and may have quotes: the host is read from the end.
        let rest = rest.split_once(" (using password").map_or(rest, |(who, _)| who);
        let (user, host) = rest.rsplit_once("'@'").unwrap_or((rest, ""));
        put_who(event, user.trim_start_matches('\''), host.split('\'').next().unwrap_or_default());
    } else if message.starts_with("Aborted connection ") {
        event.outcome = Outcome::Failure;
        let user = between(message, "user: '", "'").unwrap_or_default();
        put_who(event, user, between(message, "host: '", "'").unwrap_or_default());
    } else if message.contains("ready for connections") {
        event.class = Class::APPLICATION_LIFECYCLE;
        event.code = Some(EventCode::SS01);
    } else if message.contains("Shutdown complete") {
        event.class = Class::APPLICATION_LIFECYCLE;
        event.code = Some(EventCode::SS02);
    }
    true
}

fn start(event: &mut Event<'_>, product: &'static str) {
    event.product = Cow::Borrowed(product);
    event.service = Cow::Borrowed(product);
    event.app = Cow::Borrowed(product);
    event.class = Class::DATASTORE;
}

fn login(event: &mut Event<'_>, outcome: Outcome, code: Option<EventCode>) {
    event.class = Class::AUTHENTICATION;
    (event.outcome, event.code) = (outcome, code);
}

fn put_who<'a>(event: &mut Event<'a>, user: &'a str, host: &'a str) {
    event.user = Cow::Borrowed(user);
    put(event, "user", user);
    match address::ip(host) {
        Some(address) => {
            event.src_ip = Cow::Borrowed(address);
            put(event, "src_ip", address);
        }
        None => {
            event.domain = Cow::Borrowed(host);
            put(event, "client_host", host);
        }
    }
}

/// A line of PostgreSQL: time, prefix, level, message.
type PostgresqlLine<'a> = (Option<WallTime>, &'a str, &'a str, &'a str);

/// The levels are in English whatever the language of the messages; two blanks follow them.
const LEVELS: [&str; 10] =
    ["LOG", "FATAL", "ERROR", "WARNING", "PANIC", "NOTICE", "DETAIL", "HINT", "STATEMENT", "CONTEXT"];

fn split_postgresql<'a>(payload: &Payload<'a>) -> Option<PostgresqlLine<'a>> {
    let is_postgres = matches!(payload.program, "postgres" | "postgresql");
    let starts_with_digit = payload.text.as_bytes().first().is_some_and(u8::is_ascii_digit);
    let (time, rest) = match time::iso(payload.text).filter(|_| starts_with_digit) {
        Some((time, rest)) => (Some(time), rest),
        None if is_postgres => (None, payload.text),
        None => return None,
    };
    // The level ends the prefix, which the administrator chose.
    let (head, message) = rest.split_once(":  ")?;
    let cut = head.len() - head.bytes().rev().take_while(u8::is_ascii_uppercase).count();
    let (prefix, level) = head.split_at_checked(cut)?;
    (LEVELS.contains(&level) && prefix.len() <= 256).then_some((time, prefix, level, message))
}

fn postgresql<'a>(context: &Context<'_>, payload: &Payload<'a>, event: &mut Event<'a>) -> bool {
    let Some((time, prefix, level, message)) = split_postgresql(payload) else { return false };
    start(event, "postgresql");
    set_time(context, event, time, payload.in_syslog);
    put_prefix(event, prefix);
    put(event, "level", level);
    event.severity = match level {
        "PANIC" => Severity::Critical,
        "FATAL" | "ERROR" => Severity::High,
        "WARNING" => Severity::Medium,
        _ => Severity::Informational,
    };
    event.message = Cow::Borrowed(message);
    match level {
        "FATAL" => refused(event, message),
        "ERROR" => event.outcome = Outcome::Failure,
        "LOG" => session(event, message),
        _ => {}
    }
    true
}

/// `UTC [811] alice@shop `, `UTC:192.0.2.7(40000):alice@shop:[811]:`, `user=alice,db=shop,client=192.0.2.7 `.
fn put_prefix<'a>(event: &mut Event<'a>, prefix: &'a str) {
    for word in prefix.split([' ', ',']).filter(|word| !word.is_empty()).take(16) {
        let is_plain = word.contains('(') || word.contains("]:");
        for part in
            word.split(|separator| separator == ':' && is_plain).filter(|part| !part.is_empty()).take(16)
        {
            let (name, value) = part.split_once('=').unwrap_or(("", part));
            let place = value.split('(').next().unwrap_or(value);
            if let Some(address) = address::ip(place) {
                let port = between(value, "(", ")").map_or(0, address::port);
                set_source(event, (address, port));
            } else if let Some(pid) = between(part, "[", "]").filter(|pid| is_number(pid)) {
                event.pid = Cow::Borrowed(pid);
            } else if matches!(name, "user" | "db" | "app") {
                put(event, if name == "db" { "database" } else { name }, value);
                if name == "user" {
                    event.user = Cow::Borrowed(value);
                }
            } else if let Some((user, database)) = part.rsplit_once('@').filter(|_| name.is_empty()) {
                event.user = Cow::Borrowed(user);
                put(event, "user", user);
                put(event, "database", database);
            }
        }
    }
}

fn refused<'a>(event: &mut Event<'a>, message: &'a str) {
    event.outcome = Outcome::Failure;
    let user = if message.contains(" authentication failed for user \"") {
        message.split_once(" for user \"").and_then(|(_, rest)| rest.rsplit_once('"')).map(|(user, _)| user)
    } else if let Some(rest) = message.strip_prefix("no pg_hba.conf entry for host \"") {
        let (address, rest) = rest.split_once('"').unwrap_or((rest, ""));
        if let Some(address) = address::ip(address) {
            set_source(event, (address, 0));
        }
        between(rest, "user \"", "\"")
    } else if let Some(rest) = message.strip_prefix("role \"") {
        rest.rsplit_once("\" does not exist").map(|(user, _)| user)
    } else {
        None
    };
    let Some(user) = user else { return };
    login(event, Outcome::Failure, Some(EventCode::LL03));
    event.user = Cow::Borrowed(user);
    if event.field("user").is_none() {
        put(event, "user", user);
    }
}

/// `connection authorized: user=alice database=shop`, `disconnection: session time: … user=alice … host=192.0.2.7 port=40000`.
fn session<'a>(event: &mut Event<'a>, message: &'a str) {
    let (what, details) = message.split_once(": ").unwrap_or((message, ""));
    match what {
        "connection authorized" => login(event, Outcome::Success, Some(EventCode::LL01)),
        "disconnection" => login(event, Outcome::Success, Some(EventCode::LL02)),
        "connection received" => event.class = Class::NETWORK,
        "connection authenticated" => login(event, Outcome::Success, None),
        _ if message.starts_with("database system is ready") => {
            event.class = Class::APPLICATION_LIFECYCLE;
            event.code = Some(EventCode::SS01);
            return;
        }
        _ if message.starts_with("database system is shut down") => {
            event.class = Class::APPLICATION_LIFECYCLE;
            event.code = Some(EventCode::SS02);
            return;
        }
        _ => return,
    }
    for (name, value) in details.split(' ').filter_map(|part| part.split_once('=')) {
        match name {
            "user" => event.user = Cow::Borrowed(value),
            "host" => event.src_ip = address::ip(value).map(Cow::Borrowed).unwrap_or_default(),
            "port" => event.src_port = address::port(value),
            _ => {}
        }
        if name.len() <= 32 && token(name).1.is_empty() {
            put(event, name, value);
        }
    }
}
