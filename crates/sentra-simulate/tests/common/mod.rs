//! Reads the written lines again, by means that have nothing in common with how they were written.

pub(crate) mod cases;

use sentra_simulate::{Micros, Source};
use serde_json::Value;

/// What a line says that cases are made of.
#[derive(Debug, Default, Clone)]
pub(crate) struct Line {
    pub(crate) time: Option<Micros>,
    /// LL01 and the like, as far as the tests need it: `login`, `failure`, `created`, `deleted`, `locked` …
    pub(crate) what: &'static str,
    /// Who acts, or whose login it is.
    pub(crate) user: String,
    /// On whom.
    pub(crate) target: String,
    pub(crate) source: String,
    pub(crate) bytes_out: u64,
    pub(crate) country: String,
    pub(crate) application: String,
    pub(crate) is_unmanaged: bool,
    pub(crate) is_terminated: bool,
}

fn text(value: &Value, path: &str) -> String {
    match value.pointer(path) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

fn rfc3339(text: &str) -> Option<Micros> {
    text.parse::<jiff::Timestamp>().ok().map(|time| time.as_microsecond())
}

fn civil(text: &str, form: &str) -> Option<Micros> {
    let time = jiff::civil::DateTime::strptime(form, text).ok()?;
    time.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|time| time.timestamp().as_microsecond())
}

/// The line, or a panic if it is not of its format.
pub(crate) fn read(source: Source, bytes: &[u8]) -> Line {
    let line = std::str::from_utf8(bytes).expect("text");
    assert!(!line.contains(['\n', '\r']), "{line}");
    let mut read = match source {
        Source::Syslog => syslog(line),
        Source::Windows => windows(&json(line)),
        Source::Okta => okta(&json(line)),
        Source::Entra => entra(&json(line)),
        Source::CloudTrail => cloudtrail(&json(line)),
        Source::Workday => workday(&json(line)),
        Source::SailPoint => sailpoint(&json(line)),
        Source::Smf => smf(&json(line)),
        Source::Qaudjrn => qaudjrn(line),
        Source::PostgreSql => postgresql(line),
        Source::Application => application(line),
        Source::PanOs => panos(line),
        Source::Squid => squid(line),
        Source::Bind => bind(line),
    };
    read.user = read.user.split('@').next().unwrap().to_owned();
    read
}

fn json(line: &str) -> Value {
    let value: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    assert!(value.is_object());
    // A key that comes twice would be lost silently.
    assert_eq!(value.as_object().unwrap().len(), keys(line), "a key comes twice: {line}");
    value
}

/// Keys at the top of an object, counted on the text.
fn keys(line: &str) -> usize {
    let (mut depth, mut in_text, mut escaped, mut count) = (0, false, false, 0);
    for character in line.chars() {
        match character {
            _ if escaped => escaped = false,
            '\\' if in_text => escaped = true,
            '"' => in_text = !in_text,
            _ if in_text => {}
            '{' | '[' => depth += 1,
            '}' | ']' => depth -= 1,
            ':' if depth == 1 => count += 1,
            _ => {}
        }
    }
    count
}

fn word<'a>(text: &'a str, before: &str) -> &'a str {
    let after = text.split_once(before).unwrap_or_else(|| panic!("no {before:?}: {text}")).1;
    after.split([' ', '\'', ',', '(']).next().unwrap()
}

fn syslog(line: &str) -> Line {
    let (priority, rest) = line.strip_prefix('<').unwrap().split_once('>').unwrap();
    assert!(priority.parse::<u8>().unwrap() <= 191);
    let mut read = Line::default();
    let (program, message) = if let Some(body) = rest.strip_prefix("1 ") {
        let parts: Vec<&str> = body.splitn(7, ' ').collect();
        read.time = rfc3339(parts[0]);
        assert!(read.time.is_some() && parts[4] == "-" && parts[5] == "-", "{line}");
        parts[3].parse::<u32>().unwrap();
        (parts[2], parts[6])
    } else {
        let stamp = format!("2026 {}", &rest[..15]);
        assert!(civil(&stamp, "%Y %b %e %H:%M:%S").is_some(), "{line}");
        let (_, tag) = rest[16..].split_once(' ').unwrap();
        let (program, message) = tag.split_once("]: ").unwrap();
        (program.split_once('[').unwrap().0, message)
    };
    match program {
        "sshd" if message.starts_with("Accepted ") => {
            read.what = "login";
            (read.user, read.source) =
                (word(message, " for ").to_owned(), word(message, " from ").to_owned());
        }
        "sshd" if message.starts_with("Failed ") => {
            read.what = "failure";
            let who = message.split_once(" for ").unwrap().1;
            read.user =
                who.strip_prefix("invalid user ").unwrap_or(who).split(' ').next().unwrap().to_owned();
            read.source = word(message, " from ").to_owned();
        }
        "sshd" => assert!(message.starts_with("pam_unix(sshd:session): session "), "{line}"),
        "sudo" => {
            read.what = if message.contains("NOT in sudoers") { "refused" } else { "sudo" };
            assert!(message.contains(" ; USER=root ; COMMAND=/"), "{line}");
            read.user = message.split(" : ").next().unwrap().to_owned();
        }
        "useradd" => {
            read.what = "created";
            read.target = word(message, "name=").to_owned();
        }
        "userdel" => {
            read.what = "deleted";
            read.target = word(message, "user '").to_owned();
        }
        "usermod" if message.starts_with("lock user") => {
            read.what = "locked";
            read.target = word(message, "user '").to_owned();
        }
        "usermod" | "CRON" => {}
        other => panic!("{other}: {line}"),
    }
    read
}

fn windows(value: &Value) -> Line {
    let what = match value["EventID"].as_u64().unwrap() {
        4624 => "login",
        4625 => "failure",
        4720 => "created",
        4726 => "deleted",
        4740 => "locked",
        4724 => "reset",
        4673 => "refused",
        _ => "",
    };
    for name in ["Hostname", "Channel", "EventTime", "SourceName"] {
        assert!(!text(value, &format!("/{name}")).is_empty(), "{name}: {value}");
    }
    let is_logon = matches!(what, "login" | "failure" | "locked");
    let (subject, target) = (text(value, "/SubjectUserName"), text(value, "/TargetUserName"));
    Line {
        time: rfc3339(&text(value, "/@timestamp")),
        what,
        user: if is_logon { target.clone() } else { subject },
        target,
        source: text(value, "/IpAddress"),
        ..Line::default()
    }
}

fn okta(value: &Value) -> Line {
    assert_eq!(text(value, "/uuid").len(), 36);
    let is_success = text(value, "/outcome/result") == "SUCCESS";
    let what = match text(value, "/eventType").as_str() {
        "user.session.start" | "user.authentication.sso" if is_success => "login",
        "user.session.start" => "failure",
        "user.account.lock" => "okta lock",
        "certification.campaign.item.decide" => "certified",
        other => panic!("{other}"),
    };
    let application = value["target"]
        .as_array()
        .unwrap()
        .iter()
        .find(|target| target["type"] == "AppInstance")
        .map(|target| text(target, "/alternateId"));
    let target = value["target"].as_array().unwrap().iter().find(|target| target["type"] == "User");
    Line {
        time: rfc3339(&text(value, "/published")),
        what,
        user: text(value, "/actor/alternateId"),
        target: target
            .map(|target| text(target, "/alternateId").replace("@northwind.example", ""))
            .unwrap_or_default(),
        source: text(value, "/client/ipAddress"),
        country: text(value, "/client/geographicalContext/country"),
        application: application.unwrap_or_default(),
        is_unmanaged: value.pointer("/device/managed") == Some(&Value::Bool(false)),
        ..Line::default()
    }
}

fn entra(value: &Value) -> Line {
    Line {
        time: rfc3339(&text(value, "/createdDateTime")),
        what: if value["status"]["errorCode"] == 0 { "login" } else { "failure" },
        user: text(value, "/userPrincipalName"),
        source: text(value, "/ipAddress"),
        country: text(value, "/location/countryOrRegion"),
        is_unmanaged: value["deviceDetail"]["isManaged"] == Value::Bool(false),
        ..Line::default()
    }
}

fn cloudtrail(value: &Value) -> Line {
    assert!(text(value, "/eventSource").ends_with(".amazonaws.com"));
    let what = match text(value, "/eventName").as_str() {
        "ConsoleLogin" => "login",
        "AttachUserPolicy" if value["errorCode"].is_null() => "policy",
        _ => "",
    };
    let user = text(value, "/userIdentity/userName");
    let target = text(value, "/requestParameters/userName");
    Line { time: rfc3339(&text(value, "/eventTime")), what, user, target, ..Line::default() }
}

fn workday(value: &Value) -> Line {
    let is_terminated = text(value, "/Business_Process_Type") == "Terminate Employee";
    let is_today = text(value, "/Completed_On").starts_with(&text(value, "/Effective_Date"));
    Line {
        time: rfc3339(&text(value, "/Completed_On")),
        target: text(value, "/User_Name"),
        is_terminated: is_terminated && is_today,
        ..Line::default()
    }
}

fn sailpoint(value: &Value) -> Line {
    let name = text(value, "/technicalName");
    Line {
        time: rfc3339(&text(value, "/created")),
        what: if name == "ACCESS_REQUEST_APPROVE_PASSED" { "certified" } else { "" },
        user: text(value, "/actor/name"),
        target: text(value, "/target/name"),
        application: text(value, "/attributes/sourceName"),
        ..Line::default()
    }
}

fn smf(value: &Value) -> Line {
    assert_eq!(text(value, "/resource/attributes/os.type"), "zos");
    let what = match text(value, "/attributes/legacy.user_code").as_str() {
        "LL01" => "login",
        "LL03" => "failure",
        "SS03" => "dump",
        _ => "",
    };
    let nanos: i64 = text(value, "/time_unix_nano").parse().unwrap();
    let (user, source) =
        (text(value, "/attributes/security.user"), text(value, "/attributes/client.address"));
    Line { time: Some(nanos / 1000), what, user: user.to_lowercase(), source, ..Line::default() }
}

fn qaudjrn(line: &str) -> Line {
    assert_eq!(line[..5].parse::<usize>().unwrap(), line.len(), "{line}");
    let field = |position: usize, length: usize| {
        line.get(position - 1..position - 1 + length).unwrap_or_default().trim()
    };
    let user = field(611, 10).to_lowercase();
    let (what, user, target) = match (field(27, 2), field(610, 1)) {
        ("PW", "P") => ("failure", user, String::new()),
        ("JS", "S") => ("login", field(187, 10).to_lowercase(), String::new()),
        ("CP", _) if field(639, 3) == "CRT" => ("created", field(187, 10).to_lowercase(), user),
        ("DO", _) => ("deleted", field(187, 10).to_lowercase(), user),
        ("JS" | "CP" | "AF" | "SV", _) => ("", String::new(), String::new()),
        other => panic!("{other:?}"),
    };
    let source = field(311, 46).to_owned();
    Line { time: civil(field(29, 26), "%Y-%m-%d-%H.%M.%S.%f"), what, user, target, source, ..Line::default() }
}

fn postgresql(line: &str) -> Line {
    let time = civil(&line[..23], "%Y-%m-%d %H:%M:%S.%f");
    let parts: Vec<&str> = line.split(' ').collect();
    assert!(time.is_some() && parts[2] == "UTC", "{line}");
    let (user, database) = parts[4].split_once('@').unwrap();
    let what = if line.contains("LOG:  connection authorized:") { "login" } else { "failure" };
    let (user, application, source) = (user.to_owned(), database.to_owned(), parts[5].to_owned());
    Line { time, what, user, application, source, ..Line::default() }
}

fn application(line: &str) -> Line {
    let pairs: std::collections::BTreeMap<&str, &str> =
        line.split(' ').map(|pair| pair.split_once('=').unwrap()).collect();
    Line {
        time: rfc3339(pairs["time"]),
        what: "access",
        user: pairs["user"].to_owned(),
        source: pairs["src_ip"].to_owned(),
        application: pairs["app"].to_owned(),
        ..Line::default()
    }
}

fn panos(line: &str) -> Line {
    let columns: Vec<&str> = line.split(',').collect();
    assert_eq!((columns.len(), columns[3]), (54, "TRAFFIC"), "{line}");
    let number =
        |position: usize| columns[position].parse::<u64>().unwrap_or_else(|_| panic!("{position}: {line}"));
    assert_eq!(number(31), number(32) + number(33), "{line}");
    assert_eq!(number(34), number(44) + number(45), "{line}");
    Line {
        time: civil(columns[1], "%Y/%m/%d %H:%M:%S"),
        what: "flow",
        user: columns[12].rsplit('\\').next().unwrap().to_owned(),
        source: columns[7].to_owned(),
        target: columns[8].to_owned(),
        bytes_out: number(32),
        ..Line::default()
    }
}

fn squid(line: &str) -> Line {
    let parts: Vec<&str> = line.split_whitespace().collect();
    assert_eq!(parts.len(), 10, "{line}");
    let (seconds, millis) = parts[0].split_once('.').unwrap();
    let time = seconds.parse::<i64>().unwrap() * 1_000_000 + millis.parse::<i64>().unwrap() * 1000;
    assert!(parts[6].starts_with("http://"), "{line}");
    Line { time: Some(time), user: parts[7].to_owned(), source: parts[2].to_owned(), ..Line::default() }
}

fn bind(line: &str) -> Line {
    let (name, question) = (word(line, " ("), word(line, "query: "));
    assert_eq!(name.trim_end_matches("):"), question, "{line}");
    Line { time: civil(&line[..24], "%d-%b-%Y %H:%M:%S.%f"), ..Line::default() }
}
