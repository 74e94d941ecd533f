//! Lines of invented machines and people: the same for the same seed, mixed as a day's logs are.

/// The lines of one kind, one after the other in one buffer.
pub struct Corpus {
    /// What the lines are.
    pub name: &'static str,
    text: String,
    ends: Vec<usize>,
}

impl Corpus {
    /// The lines.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).filter_map(|(start, end)| self.text.get(start..*end))
    }

    /// Bytes of all lines, without line ends.
    pub fn bytes(&self) -> usize {
        self.text.len()
    }

    /// How many lines there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// The lines of a text.
    pub fn of(name: &'static str, lines: &str) -> Self {
        let mut corpus = Self { name, text: String::with_capacity(lines.len()), ends: Vec::new() };
        lines.lines().filter(|line| !line.trim().is_empty()).for_each(|line| corpus.push(line));
        corpus
    }

    fn push(&mut self, line: &str) {
        self.text.push_str(line);
        self.ends.push(self.text.len());
    }
}

type Line = fn(&mut Dice, u64) -> String;

/// The kinds of lines and what writes them.
pub const KINDS: [(&str, Line); 3] = [("syslog", syslog), ("json", json), ("cef", cef)];

/// About `bytes` bytes of lines of the kind `name`.
pub fn generate(name: &str, bytes: usize) -> Option<Corpus> {
    let (name, line) = KINDS.into_iter().find(|(known, _)| *known == name)?;
    let mut dice = Dice(0x5EED_0000_0000_0001);
    let mut corpus = Corpus { name, text: String::with_capacity(bytes + 1024), ends: Vec::new() };
    let mut number = 0;
    while corpus.text.len() < bytes {
        corpus.push(&line(&mut dice, number));
        number += 1;
    }
    Some(corpus)
}

/// A seeded source of choices (splitmix64).
pub struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit.max(1)
    }

    fn one<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        let index = self.below(choices.len() as u64) as usize;
        choices.get(index).copied().unwrap_or_default()
    }

    /// Some addresses come often, most seldom.
    fn address(&mut self) -> String {
        let network = self.one(&["192.0.2", "198.51.100", "203.0.113"]);
        let host = self.below(254).min(self.below(254)) + 1;
        format!("{network}.{host}")
    }

    fn port(&mut self) -> u64 {
        1_024 + self.below(64_000)
    }

    fn user(&mut self) -> String {
        let name = self.one(&["alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "root"]);
        if self.below(3) == 0 { format!("{name}{}", self.below(200)) } else { name.to_owned() }
    }

    fn host(&mut self) -> String {
        format!("{}{}", self.one(&["web", "db", "mail", "app", "bastion"]), self.below(40))
    }

    fn hex(&mut self) -> String {
        format!("{:016x}", self.next())
    }
}

/// Time of day of line `number`: twenty lines a second.
fn clock(number: u64) -> String {
    let seconds = number / 20 % 86_400;
    format!("{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

fn syslog(dice: &mut Dice, number: u64) -> String {
    let (program, priority, message) = message(dice);
    let (host, pid) = (dice.host(), 300 + dice.below(30_000));
    if dice.below(2) == 0 {
        return format!("<{priority}>Mar  1 {} {host} {program}[{pid}]: {message}", clock(number));
    }
    let micros = dice.below(1_000_000);
    let data = match dice.below(4) {
        0 => format!("[meta@32473 sequenceId=\"{number}\" sysUpTime=\"{}\"]", number / 2),
        1 => format!("[origin ip=\"{}\" software=\"{program}\"]", dice.address()),
        _ => "-".to_owned(),
    };
    format!(
        "<{priority}>1 2026-03-01T{}.{micros:06}Z {host} {program} {pid} - {data} {message}",
        clock(number)
    )
}

/// Program, priority and message of a syslog line.
fn message(dice: &mut Dice) -> (&'static str, u32, String) {
    let (user, address, port) = (dice.user(), dice.address(), dice.port());
    match dice.below(12) {
        0 => ("sshd", 38, format!("Failed password for {user} from {address} port {port} ssh2")),
        1 => ("sshd", 38, format!("Failed password for invalid user {user} from {address} port {port} ssh2")),
        2 => (
            "sshd",
            38,
            format!(
                "Accepted publickey for {user} from {address} port {port} ssh2: ED25519 SHA256:{}{}",
                dice.hex(),
                dice.hex()
            ),
        ),
        3 => (
            "sshd",
            38,
            format!("Connection closed by authenticating user {user} {address} port {port} [preauth]"),
        ),
        4 => (
            "sshd",
            86,
            format!("pam_unix(sshd:session): session opened for user {user}(uid=1001) by (uid=0)"),
        ),
        5 => {
            let command =
                dice.one(&["/usr/bin/apt-get update", "/usr/bin/systemctl restart nginx", "/usr/bin/id"]);
            ("sudo", 85, format!("  {user} : TTY=pts/0 ; PWD=/home/{user} ; USER=root ; COMMAND={command}"))
        }
        6 => (
            "CRON",
            78,
            format!("({user}) CMD (/usr/local/bin/backup --target /srv/backup/{})", dice.below(30)),
        ),
        7 => ("systemd", 30, format!("Started Session {} of user {user}.", dice.below(90_000))),
        8 => ("systemd", 30, "Started logrotate.service - Rotate log files.".to_owned()),
        9 => (
            "postgres",
            134,
            format!(
                "duration: {}.{} ms  statement: SELECT id, name FROM accounts WHERE id = {}",
                dice.below(90),
                dice.below(999),
                dice.below(50_000)
            ),
        ),
        10 => (
            "billing",
            134,
            format!(
                "request {} from {address} took {} ms and answered {}",
                dice.hex(),
                dice.below(900),
                dice.one(&["200", "201", "404", "500"])
            ),
        ),
        _ => (
            "dhcpd",
            30,
            format!(
                "DHCPACK on {address} to 00:00:5e:00:53:{:02x} ({}) via eth0",
                dice.below(256),
                dice.host()
            ),
        ),
    }
}

fn json(dice: &mut Dice, number: u64) -> String {
    let (user, address, port) = (dice.user(), dice.address(), dice.port());
    let (host, action) = (dice.host(), dice.one(&["login", "logout", "read", "update", "delete", "export"]));
    let outcome = dice.one(&["success", "success", "success", "failure"]);
    format!(
        "{{\"timestamp\":\"2026-03-01T{}.{:03}Z\",\"event\":{{\"id\":\"{}\",\"action\":\"{action}\",\
         \"outcome\":\"{outcome}\",\"duration\":{}}},\"user\":{{\"name\":\"{user}\",\"id\":{},\
         \"roles\":[\"{}\",\"staff\"]}},\"source\":{{\"ip\":\"{address}\",\"port\":{port}}},\
         \"host\":{{\"name\":\"{host}\",\"os\":\"linux\"}},\"http\":{{\"method\":\"{}\",\"status\":{},\
         \"bytes\":{},\"cached\":{}}},\"trace\":null,\"message\":\"{user} did {action} on \\\"{}/{}\\\" with {outcome}\"}}",
        clock(number),
        dice.below(1_000),
        dice.hex(),
        dice.below(5_000_000),
        1_000 + dice.below(500),
        dice.one(&["admin", "auditor", "operator"]),
        dice.one(&["GET", "POST", "PUT"]),
        dice.one(&["200", "204", "403", "500"]),
        dice.below(100_000),
        dice.one(&["true", "false"]),
        dice.one(&["reports", "accounts", "orders"]),
        dice.below(10_000),
    )
}

fn cef(dice: &mut Dice, number: u64) -> String {
    let (source, target, port) = (dice.address(), dice.address(), dice.port());
    let action = dice.one(&["allow", "allow", "deny", "reset"]);
    format!(
        "CEF:0|Example Networks|Gateway|4.2|{}|{action} of a connection|{}|rt=17723{:08} src={source} spt={port} \
         dst={target} dpt={} proto={} act={action} suser={} dhost={}.example.com request=https://{}.example.com/a/{}?k\\={} \
         in={} out={} cs1Label=rule cs1=outbound policy {} msg=session of {} ms closed by {}",
        100 + dice.below(40),
        dice.below(10),
        number,
        dice.one(&["443", "80", "22", "53"]),
        dice.one(&["TCP", "UDP"]),
        dice.user(),
        dice.host(),
        dice.host(),
        dice.below(9_000),
        dice.below(100),
        dice.below(90_000),
        dice.below(900_000),
        dice.below(60),
        dice.below(60_000),
        dice.one(&["client", "server", "timeout"]),
    )
}
