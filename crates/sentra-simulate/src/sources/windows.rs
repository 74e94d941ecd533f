//! Windows events as flat JSON, as NXLog writes them and as public data sets of attacks hold them.

use super::{Pen, Source};
use crate::acts::Windows;
use crate::moment::Form;
use crate::programs::Program;
use crate::text::{Json, put_hex, put_uuid};
use crate::world::{Account, AccountId, HostId, REALM};
use crate::{moment, text};

const SECURITY: &str = "Microsoft-Windows-Security-Auditing";
const SYSMON: &str = "Microsoft-Windows-Sysmon";
const AUDIT_SUCCESS: &str = "-9214364837600034816";
const AUDIT_FAILURE: &str = "-9218868437227405312";
/// The beginning of every SID of the domain.
const SID: &str = "S-1-5-21-3842939050-3880317879-2865463114-";

pub(super) fn write(pen: &mut Pen<'_>, host: HostId, account: AccountId, what: Windows) -> Source {
    let channel = match what {
        Windows::Started(_)
        | Windows::Connected { .. }
        | Windows::ReadLsass { .. }
        | Windows::FileCreated { .. } => Channel::Sysmon,
        Windows::Service { .. } => Channel::System,
        Windows::LogCleared => Channel::Cleared,
        _ => Channel::Security,
    };
    let world = pen.world;
    let (host, account) = (world.host(host), world.account(account));
    let (at, number) = (pen.at, pen.number);
    let chance = pen.dice.clone();
    let out = &mut *pen.out;
    let mut json = Json::open(out);
    json.with("EventTime", |out| moment::put_time(out, at, Form::Blank));
    json.text("Hostname", &host.full_name);
    let is_failure = matches!(what, Windows::LogonFailed { .. } | Windows::PrivilegeRefused { .. });
    channel.head(&mut json, is_failure);
    json.number("EventID", event_id(what)).number("RecordNumber", 300_000 + number);
    let mut event = Event { json, dice: chance, account, at };
    match channel {
        Channel::Sysmon => event.sysmon(what, host.address),
        Channel::System => event.service(what),
        Channel::Cleared => event.subject(account),
        Channel::Security => match what {
            Windows::Logon { .. }
            | Windows::LogonFailed { .. }
            | Windows::Logoff { .. }
            | Windows::Special { .. } => event.logon(what, &host.name),
            _ => event.other(what, world),
        },
    }
    let mut json = event.json;
    json.with("@timestamp", |out| moment::put_time(out, at, Form::IsoMillis));
    json.text("SourceModuleName", "eventlog").text("SourceModuleType", "im_msvistalog");
    json.close();
    Source::Windows
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Channel {
    Security,
    Cleared,
    System,
    Sysmon,
}

impl Channel {
    fn head(self, json: &mut Json<'_>, is_failure: bool) {
        let keywords = if is_failure { AUDIT_FAILURE } else { AUDIT_SUCCESS };
        match self {
            Self::Security => {
                json.literal("Keywords", keywords);
                json.text("EventType", if is_failure { "AUDIT_FAILURE" } else { "AUDIT_SUCCESS" });
                json.text("Channel", "Security").text("SourceName", SECURITY);
                json.text("ProviderGuid", "{54849625-5478-4994-A5BA-3E3B0328C30D}");
            }
            Self::Cleared => {
                json.text("EventType", "INFO").text("Channel", "Security");
                json.text("SourceName", "Microsoft-Windows-Eventlog");
            }
            Self::System => {
                json.literal("Keywords", "-9187343239835811840").text("EventType", "INFO");
                json.text("Channel", "System").text("SourceName", "Service Control Manager");
            }
            Self::Sysmon => {
                json.literal("Keywords", "-9223372036854775808").text("EventType", "INFO");
                json.text("Channel", "Microsoft-Windows-Sysmon/Operational").text("SourceName", SYSMON);
                json.text("ProviderGuid", "{5770385F-C22A-43E0-BF4C-06F5698FFBD9}");
            }
        }
    }
}

fn event_id(what: Windows) -> u64 {
    match what {
        Windows::Logon { .. } => 4624,
        Windows::LogonFailed { .. } => 4625,
        Windows::Logoff { .. } => 4634,
        Windows::Special { .. } => 4672,
        Windows::Process(_) => 4688,
        Windows::Started(_) => 1,
        Windows::Connected { .. } => 3,
        Windows::ReadLsass { .. } => 10,
        Windows::FileCreated { .. } => 11,
        Windows::ShareOpened { .. } => 5145,
        Windows::Service { .. } => 7045,
        Windows::LogCleared => 1102,
        Windows::Created { .. } => 4720,
        Windows::Deleted { .. } => 4726,
        Windows::Locked { .. } => 4740,
        Windows::Unlocked { .. } => 4767,
        Windows::Reset { .. } => 4724,
        Windows::Changed => 4723,
        Windows::Member { .. } => 4728,
        Windows::PrivilegeRefused { .. } => 4673,
    }
}

struct Event<'a, 'o> {
    json: Json<'o>,
    dice: crate::dice::Dice,
    account: &'a Account,
    at: moment::Micros,
}

impl Event<'_, '_> {
    fn sid(&mut self, key: &str, account: &Account) {
        self.json.with(key, |out| {
            out.extend_from_slice(SID.as_bytes());
            text::put_number(out, u64::from(account.number));
        });
    }

    fn who(&mut self, prefix: [&str; 3], account: &Account) {
        let [sid, name, domain] = prefix;
        self.sid(sid, account);
        self.json.text(name, &account.name).text(domain, REALM);
    }

    /// The account that the audit names as the one who acts.
    fn subject(&mut self, account: &Account) {
        self.who(["SubjectUserSid", "SubjectUserName", "SubjectDomainName"], account);
        let session = self.dice.next() >> 42;
        self.json.hex("SubjectLogonId", session);
    }

    fn target(&mut self, account: &Account) {
        self.who(["TargetSid", "TargetUserName", "TargetDomainName"], account);
    }

    fn logon(&mut self, what: Windows, host: &str) {
        let account = self.account;
        match what {
            Windows::Logon { from, kind, session } => {
                self.machine(host);
                self.who(["TargetUserSid", "TargetUserName", "TargetDomainName"], account);
                self.json.hex("TargetLogonId", u64::from(session));
                self.json.with("LogonType", |out| text::put_number(out, u64::from(kind)));
                self.package(kind);
                self.peer(from);
                self.json.text("ElevatedToken", "%%1843").text("Category", "Logon");
                self.json.text("Message", "An account was successfully logged on.");
            }
            Windows::LogonFailed { from, kind, is_known } => {
                self.machine(host);
                self.json.text("TargetUserSid", "S-1-0-0").text("TargetUserName", &account.name);
                self.json.text("TargetDomainName", REALM).text("Status", "0xc000006d");
                self.json.text("FailureReason", if is_known { "%%2313" } else { "%%2304" });
                self.json.text("SubStatus", if is_known { "0xc000006a" } else { "0xc0000064" });
                self.json.with("LogonType", |out| text::put_number(out, u64::from(kind)));
                self.package(kind);
                self.peer(from);
                self.json.text("Category", "Logon").text("Message", "An account failed to log on.");
            }
            Windows::Logoff { kind, session } => {
                self.who(["TargetUserSid", "TargetUserName", "TargetDomainName"], account);
                self.json.hex("TargetLogonId", u64::from(session));
                self.json.with("LogonType", |out| text::put_number(out, u64::from(kind)));
                self.json.text("Category", "Logoff").text("Message", "An account was logged off.");
            }
            Windows::Special { session } => {
                self.who(["SubjectUserSid", "SubjectUserName", "SubjectDomainName"], account);
                self.json.hex("SubjectLogonId", u64::from(session));
                self.json.text(
                    "PrivilegeList",
                    "SeSecurityPrivilege\r\n\t\t\tSeBackupPrivilege\r\n\t\t\tSeDebugPrivilege",
                );
                self.json.text("Category", "Special Logon");
                self.json.text("Message", "Special privileges assigned to new logon.");
            }
            _ => {}
        }
    }

    /// The account of the machine itself, which lets others in.
    fn machine(&mut self, host: &str) {
        self.json.text("SubjectUserSid", "S-1-5-18").texts("SubjectUserName", &[host, "$"]);
        self.json.text("SubjectDomainName", REALM).text("SubjectLogonId", "0x3e7");
    }

    fn package(&mut self, kind: u8) {
        let (process, package) = match kind {
            2 | 7 | 10 => ("User32 ", "Negotiate"),
            5 => ("Advapi  ", "Negotiate"),
            _ => ("Kerberos", "Kerberos"),
        };
        self.json.text("LogonProcessName", process).text("AuthenticationPackageName", package);
        self.json.text("WorkstationName", "-");
    }

    fn peer(&mut self, from: u32) {
        if from == 0 {
            self.json.text("IpAddress", "-").text("IpPort", "-");
            return;
        }
        let port = 49_152 + self.dice.below(16_000);
        self.json.ip("IpAddress", from).with("IpPort", |out| text::put_number(out, port));
    }

    fn other(&mut self, what: Windows, world: &crate::world::World) {
        let account = self.account;
        match what {
            Windows::Process(program) => self.process(program),
            Windows::Locked { caller } => {
                // The domain controller's own account is the subject; where the attempts came from stands in the
                // target's domain.
                self.sid("TargetSid", account);
                self.json.text("TargetUserName", &account.name);
                self.json.text("TargetDomainName", &world.host(caller).name);
                self.json.text("SubjectUserSid", "S-1-5-18").text("SubjectUserName", "DC01$");
                self.json.text("SubjectDomainName", REALM).text("SubjectLogonId", "0x3e7");
                self.json.text("Message", "A user account was locked out.");
            }
            Windows::Created { target } => self.change(world.account(target), "A user account was created."),
            Windows::Deleted { target } => self.change(world.account(target), "A user account was deleted."),
            Windows::Unlocked { target } => {
                self.change(world.account(target), "A user account was unlocked.")
            }
            Windows::Reset { target } => {
                self.change(world.account(target), "An attempt was made to reset an account's password.");
            }
            Windows::Changed => self.change(account, "An attempt was made to change an account's password."),
            Windows::Member { target, group } => {
                let member = world.account(target);
                self.subject(account);
                self.json.texts("MemberName", &["CN=", &member.name, ",OU=People,DC=northwind,DC=example"]);
                self.sid("MemberSid", member);
                self.json.text("TargetUserName", group).text("TargetDomainName", REALM);
                self.json.text("Message", "A member was added to a security-enabled global group.");
            }
            Windows::ShareOpened { from, share, file } => {
                self.subject(account);
                self.peer(from);
                self.json
                    .text("ObjectType", "File")
                    .text("ShareName", share)
                    .text("RelativeTargetName", file);
                self.json.text("AccessMask", "0x12019f").text("Category", "Detailed File Share");
            }
            Windows::PrivilegeRefused { privilege } => {
                self.subject(account);
                self.json.text("ObjectServer", "Security").text("PrivilegeList", privilege);
                self.json.text("ProcessName", r"C:\Windows\System32\cmd.exe");
                self.json.text("Message", "A privileged service was called.");
            }
            _ => {}
        }
    }

    fn change(&mut self, target: &Account, message: &str) {
        let account = self.account;
        self.target(target);
        self.subject(account);
        self.json.text("Category", "User Account Management").text("Message", message);
    }

    fn process(&mut self, program: &Program) {
        let account = self.account;
        self.subject(account);
        let (new, old) = (4 * (200 + self.dice.below(4000)), 4 * (200 + self.dice.below(4000)));
        self.json.hex("NewProcessId", new).text("NewProcessName", program.image);
        self.json.hex("ProcessId", old).text("ParentProcessName", program.parent);
        self.json.text("CommandLine", program.command).text("TokenElevationType", "%%1938");
        self.json.text("MandatoryLabel", "S-1-16-8192").text("Category", "Process Creation");
        self.json.text("Message", "A new process has been created.");
    }

    fn service(&mut self, what: Windows) {
        let Windows::Service { name, path } = what else { return };
        let account = self.account;
        self.sid("UserID", account);
        self.json.text("AccountName", "LocalSystem").texts("UserName", &[REALM, "\\", &account.name]);
        self.json.text("ServiceName", name).text("ImagePath", path).text("ServiceType", "user mode service");
        self.json.text("StartType", "demand start").text("Message", "A service was installed in the system.");
    }

    fn sysmon(&mut self, what: Windows, address: u32) {
        let (at, guid, process) = (self.at, self.dice.next(), 4 * (200 + self.dice.below(4000)));
        let user = self.account.name.as_str();
        let json = &mut self.json;
        json.text("RuleName", "-").with("UtcTime", |out| moment::put_time(out, at, Form::BlankMillis));
        let put_guid = |out: &mut Vec<u8>, guid: u64| {
            out.push(b'{');
            put_uuid(out, guid, guid.rotate_left(17));
            out.push(b'}');
        };
        if !matches!(what, Windows::ReadLsass { .. }) {
            json.with("ProcessGuid", |out| put_guid(out, guid));
            json.with("ProcessId", |out| text::put_number(out, process));
            json.texts("User", &[REALM, "\\", user]);
        }
        match what {
            Windows::Started(program) => {
                json.text("Image", program.image).text("CommandLine", program.command);
                json.text("CurrentDirectory", r"C:\Windows\system32\").text("IntegrityLevel", "Medium");
                let print = crate::dice::Dice::new(7, program.image).next();
                json.with("Hashes", |out| {
                    out.extend_from_slice(b"SHA256=");
                    for part in 0..4_u32 {
                        put_hex(out, print.rotate_left(part * 11), 16);
                    }
                });
                json.with("ParentProcessGuid", |out| put_guid(out, guid.rotate_left(9)));
                json.text("ParentImage", program.parent);
            }
            Windows::Connected { image, to, port } => {
                let from_port = 49_152 + self.dice.below(16_000);
                json.text("Image", image).text("Protocol", "tcp").text("Initiated", "true");
                json.text("SourceIsIpv6", "false").ip("SourceIp", address);
                json.with("SourcePort", |out| text::put_number(out, from_port));
                json.text("DestinationIsIpv6", "false").ip("DestinationIp", to);
                json.with("DestinationPort", |out| text::put_number(out, u64::from(port)));
            }
            Windows::ReadLsass { image } => {
                json.with("SourceProcessGUID", |out| put_guid(out, guid));
                json.with("SourceProcessId", |out| text::put_number(out, process));
                json.text("SourceImage", image).text("TargetImage", r"C:\Windows\System32\lsass.exe");
                json.text("GrantedAccess", "0x1410").texts("SourceUser", &[REALM, "\\", user]);
                json.text(
                    "CallTrace",
                    r"C:\Windows\SYSTEM32\ntdll.dll+9d4c4|C:\Windows\System32\dbgcore.dll+6c3f",
                );
            }
            Windows::FileCreated { image, file } => {
                json.text("Image", image).text("TargetFilename", file);
                json.with("CreationUtcTime", |out| moment::put_time(out, at, Form::BlankMillis));
            }
            _ => {}
        }
    }
}
