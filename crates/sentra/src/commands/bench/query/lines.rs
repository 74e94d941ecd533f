//! Lines as the machines of a company of some thousand people write them: Windows, sshd and sudo, a firewall, a proxy
//! and a cloud account, the same for the same seed. Users, hosts and addresses are as unequal as they are in life.

use std::fmt::Write as _;

use serde_json::json;

/// The first moment of all lines, 2026-10-01T00:00:00Z, in microseconds.
const START_MICROS: i64 = 1_790_812_800_000_000;
/// The time that all lines together take.
const SPAN_MICROS: i64 = 7 * 86_400 * 1_000_000;
const USERS: usize = 5_000;
const HOSTS: usize = 2_000;
const INSIDE: usize = 20_000;
const OUTSIDE: usize = 200_000;

/// What is looked for and hardly there.
pub(crate) const NEEDLE_ADDRESS: &str = "198.18.77.7";
pub(crate) const NEEDLE_USER: &str = "zoltan.needle";
pub(crate) const NEEDLE_WORD: &str = "xq7needle";
pub(crate) const NEEDLE_HASH: &str = "5BB59D2E2F3BC4BEDC2DE4C1F3C5C5C1A0D1E2F30415263748596A7B8C9DAEBF";

/// SplitMix64: the same numbers everywhere for the same seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    /// The first of `end` are frequent, the last rare: the share of the n-th falls as 1/n.
    fn unequal(&mut self, end: usize) -> usize {
        let share = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        ((end as f64).powf(share) as usize).saturating_sub(1).min(end.saturating_sub(1))
    }

    fn pick<'a>(&mut self, words: &[&'a str]) -> &'a str {
        let at = self.below(words.len());
        words.get(at).copied().unwrap_or_default()
    }
}

const NAMES: [&str; 20] = [
    "anna", "bjorn", "carla", "dmitri", "elena", "farid", "grace", "hugo", "irene", "jonas", "kaori", "liam",
    "mina", "noor", "oscar", "priya", "quinn", "rosa", "stefan", "tomas",
];
const FAMILIES: [&str; 12] = [
    "ahlberg",
    "bauer",
    "costa",
    "dietrich",
    "eriksen",
    "fontaine",
    "garcia",
    "haas",
    "ivanova",
    "jansen",
    "keller",
    "lindqvist",
];
const PROGRAMS: [&str; 10] = [
    r"C:\Windows\System32\svchost.exe",
    r"C:\Windows\System32\cmd.exe",
    r"C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Windows\System32\conhost.exe",
    r"C:\Program Files\Microsoft Office\root\Office16\OUTLOOK.EXE",
    r"C:\Windows\System32\taskhostw.exe",
    r"C:\Windows\explorer.exe",
    r"C:\Windows\System32\wbem\WmiPrvSE.exe",
    r"C:\Windows\System32\rundll32.exe",
];
const OPTIONS: [&str; 6] = [
    "-k netsvcs -p -s Schedule",
    "/c dir /b /s",
    "-NoProfile -ExecutionPolicy Bypass -File C:\\Scripts\\inventory.ps1",
    "--type=renderer --lang=en-US",
    "0xffffffff -ForceV1",
    "/restore",
];
const CALLS: [(&str, &str); 8] = [
    ("s3.amazonaws.com", "GetObject"),
    ("s3.amazonaws.com", "PutObject"),
    ("ec2.amazonaws.com", "DescribeInstances"),
    ("sts.amazonaws.com", "AssumeRole"),
    ("iam.amazonaws.com", "ListUsers"),
    ("kms.amazonaws.com", "Decrypt"),
    ("lambda.amazonaws.com", "Invoke20150331"),
    ("ec2.amazonaws.com", "RunInstances"),
];
const PATHS: [&str; 8] = [
    "/index.html",
    "/api/v2/orders",
    "/login",
    "/static/app.4f2c.js",
    "/api/v2/customers/search",
    "/wp-login.php",
    "/health",
    "/images/logo.svg",
];
const AGENTS: [&str; 4] = [
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0 Safari/537.36",
    "curl/8.9.1",
    "python-requests/2.32.3",
];
const SUDO: [&str; 5] = [
    "/usr/bin/systemctl restart nginx",
    "/usr/bin/apt-get -q update",
    "/bin/cat /var/log/auth.log",
    "/usr/local/bin/backup --full --to /srv/backup",
    "/usr/bin/journalctl -u postgresql --since today",
];

/// Writes lines.
pub(crate) struct Writer {
    random: Random,
    lines: u64,
    written: u64,
}

impl Writer {
    /// Of `lines` lines.
    pub(crate) fn new(seed: u64, lines: u64) -> Self {
        Self { random: Random(seed), lines, written: 0 }
    }

    /// The next line.
    pub(crate) fn line(&mut self) -> Vec<u8> {
        let number = self.written;
        self.written += 1;
        let step = SPAN_MICROS as f64 / self.lines.max(1) as f64;
        let micros = START_MICROS + (step * number as f64) as i64 + self.random.below(900_000) as i64;
        let time = sentra_model::Timestamp::from_micros(micros).to_string();
        // Three of each needle, far from each other.
        let quarter = (self.lines / 4).max(4);
        match (number % quarter, number / quarter) {
            (1, 1..=3) => return self.sshd(&time, NEEDLE_USER, NEEDLE_ADDRESS),
            (2, 1..=3) => return self.process(&time, NEEDLE_HASH),
            (3, 1..=3) => return self.sudo(&time, NEEDLE_WORD),
            _ => {}
        }
        match self.random.below(20) {
            0..=2 => {
                let hash = format!(
                    "{:016X}{:016X}{:016X}0000000000000000",
                    self.random.unequal(40_000),
                    7,
                    self.random.below(2)
                );
                self.process(&time, &hash)
            }
            3..=6 => self.windows(&time),
            7..=9 => {
                let user = self.user();
                let address = self.outside();
                self.sshd(&time, &user, &address)
            }
            10 => {
                let command = self.random.pick(&SUDO);
                self.sudo(&time, command)
            }
            11..=14 => self.firewall(&time),
            15..=17 => self.proxy(&time),
            _ => self.cloud(&time),
        }
    }

    fn user(&mut self) -> String {
        let number = self.random.unequal(USERS);
        let name = NAMES.get(number % NAMES.len()).copied().unwrap_or_default();
        let family = FAMILIES.get(number / NAMES.len() % FAMILIES.len()).copied().unwrap_or_default();
        format!("{name}.{family}{}", number / (NAMES.len() * FAMILIES.len()))
    }

    fn host(&mut self) -> String {
        let number = self.random.unequal(HOSTS);
        format!(
            "{}-{number:04}.corp.example",
            ["ws", "srv", "lt"].get(number % 3).copied().unwrap_or_default()
        )
    }

    fn inside(&mut self) -> String {
        let number = self.random.unequal(INSIDE);
        format!("10.{}.{}.{}", number % 7, number / 250, 2 + number % 250)
    }

    fn outside(&mut self) -> String {
        let number = self.random.unequal(OUTSIDE);
        format!("{}.{}.{}.{}", 100 + number % 90, number / 7 % 251, number / 251 % 253, 1 + number % 254)
    }

    fn process(&mut self, time: &str, hash: &str) -> Vec<u8> {
        let (image, parent) = (self.random.pick(&PROGRAMS), self.random.pick(&PROGRAMS));
        let options = self.random.pick(&OPTIONS);
        let rare = self.random.below(50_000) == 0;
        let options = if rare { "-nop -w hidden -EncodedCommand SQBFAFgA" } else { options };
        let (pid, user, host) = (self.random.below(30_000), self.user(), self.host());
        let guid = format!(
            "{{{:08X}-{:04X}-{:04X}-0000-00{:010X}}}",
            self.random.next() >> 32,
            self.random.below(65_536),
            self.random.below(65_536),
            self.random.next() >> 24
        );
        json!({
            "EventTime": time, "Hostname": host, "Channel": "Microsoft-Windows-Sysmon/Operational", "EventID": 1,
            "SourceName": "Microsoft-Windows-Sysmon", "RecordNumber": self.written, "Task": "1", "RuleName": "-",
            "ProcessGuid": guid, "ProcessId": pid.to_string(), "Image": image, "CommandLine": format!("{image} {options}"),
            "CurrentDirectory": r"C:\Windows\system32\", "User": format!(r"CORP\{user}"), "IntegrityLevel": "Medium",
            "Hashes": format!("SHA256={hash}"), "ParentImage": parent, "ParentProcessId": (pid / 2).to_string(),
            "Company": "Microsoft Corporation",
        })
        .to_string()
        .into_bytes()
    }

    fn windows(&mut self, time: &str) -> Vec<u8> {
        let (user, host, address) = (self.user(), self.host(), self.inside());
        let id = self.random.pick(&["4624", "4624", "4624", "4625", "4634", "4672", "4688"]);
        let logon = format!("0x{:x}", self.random.next() >> 40);
        let port = self.random.below(60_000).to_string();
        json!({
            "EventTime": time, "Hostname": host, "Channel": "Security", "EventID": id.parse::<u32>().unwrap_or_default(),
            "SourceName": "Microsoft-Windows-Security-Auditing", "RecordNumber": self.written, "Task": "12544",
            "TargetUserName": user, "TargetDomainName": "CORP", "TargetLogonId": logon, "LogonType": self.random.pick(&["2", "3", "3", "3", "10"]),
            "LogonProcessName": "Kerberos", "AuthenticationPackageName": "Kerberos", "WorkstationName": host,
            "IpAddress": address, "IpPort": port, "ProcessName": "-", "KeyLength": "0",
        })
        .to_string()
        .into_bytes()
    }

    fn sshd(&mut self, time: &str, user: &str, address: &str) -> Vec<u8> {
        let (host, port, pid) = (self.host(), 1_024 + self.random.below(64_000), self.random.below(60_000));
        let text = match self.random.below(4) {
            0 => format!(
                "Accepted publickey for {user} from {address} port {port} ssh2: ED25519 SHA256:x{:016x}",
                self.random.next()
            ),
            1 => format!("Failed password for invalid user {user} from {address} port {port} ssh2"),
            _ => format!("Failed password for {user} from {address} port {port} ssh2"),
        };
        format!("<38>1 {time} {host} sshd {pid} - - {text}").into_bytes()
    }

    fn sudo(&mut self, time: &str, command: &str) -> Vec<u8> {
        let (host, user, pid) = (self.host(), self.user(), self.random.below(60_000));
        let terminal = self.random.below(20);
        format!(
            "<85>1 {time} {host} sudo {pid} - - {user} : TTY=pts/{terminal} ; PWD=/home/{user} ; USER=root ; COMMAND={command}"
        )
        .into_bytes()
    }

    fn firewall(&mut self, time: &str) -> Vec<u8> {
        let (source, target) = (self.inside(), self.outside());
        let (port, target_port) =
            (self.random.below(60_000), self.random.pick(&["443", "443", "80", "53", "22", "445", "3389"]));
        let action = self.random.pick(&["allow", "allow", "allow", "deny"]);
        let (sent, got) = (self.random.unequal(2_000_000), self.random.unequal(20_000_000));
        format!(
            "<134>1 {time} fw-{}.corp.example firewall - - - CEF:0|Example|Wall|9.1|100|Traffic {action}|3|src={source} spt={port} dst={target} dpt={target_port} proto=TCP act={action} out={sent} in={got} cs1Label=Rule cs1=rule-{}",
            self.random.below(4),
            self.random.unequal(400)
        )
        .into_bytes()
    }

    fn proxy(&mut self, time: &str) -> Vec<u8> {
        let (address, user, host) = (self.inside(), self.user(), self.random.below(6));
        let mut text = format!("<190>1 {time} web-{host}.corp.example nginx {} - - ", 700 + host);
        let moment: String = time.chars().take(19).collect();
        // Writing into a string does not fail.
        let _ = write!(
            text,
            "{address} - {user} [{moment}] \"GET {}?id={} HTTP/1.1\" {} {} \"-\" \"{}\"",
            self.random.pick(&PATHS),
            self.random.below(1_000_000),
            self.random.pick(&["200", "200", "200", "304", "404", "401", "500"]),
            self.random.unequal(90_000),
            self.random.pick(&AGENTS)
        );
        text.into_bytes()
    }

    fn cloud(&mut self, time: &str) -> Vec<u8> {
        let (user, address) = (self.user(), self.outside());
        let at = self.random.below(CALLS.len());
        let (service, call) = CALLS.get(at).copied().unwrap_or_default();
        let failed = self.random.below(20) == 0;
        let mut event = json!({
            "eventVersion": "1.08",
            "userIdentity": {
                "type": "IAMUser", "principalId": format!("AIDA{:016X}", self.random.unequal(USERS)), "accountId": "123456789012",
                "arn": format!("arn:aws:iam::123456789012:user/{user}"), "userName": user,
            },
            "eventTime": time, "eventSource": service, "eventName": call,
            "awsRegion": self.random.pick(&["eu-central-1", "us-east-1", "eu-west-1"]), "sourceIPAddress": address,
            "userAgent": self.random.pick(&AGENTS), "requestParameters": { "bucketName": format!("data-{}", self.random.unequal(300)) },
            "requestID": format!("{:016X}", self.random.next()),
            "eventID": format!("{:016x}-{:08x}", self.random.next(), self.random.next() >> 32),
            "readOnly": !call.starts_with("Put"), "eventType": "AwsApiCall", "recipientAccountId": "123456789012",
        });
        if failed && let Some(object) = event.as_object_mut() {
            object.insert("errorCode".to_owned(), "AccessDenied".into());
        }
        event.to_string().into_bytes()
    }
}
