//! What questions are about: phrases and the concepts they stand for.

/// What a question can be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Thing {
    /// Events of any kind.
    Any,
    Login,
    LoginAttempt,
    Logoff,
    Mfa,
    Password,
    PasswordChangeFailed,
    Account,
    Role,
    Privileged,
    Sudo,
    Config,
    SecurityConfig,
    AppConfig,
    AccessRequest,
    Recertification,
    DutyViolation,
    Application,
    Dump,
    Restore,
    Logging,
    Sequencing,
    Utilisation,
    Code,
    Memory,
    ConsoleAction,
    ApplianceShell,
    PrivilegeBypass,
    BreakGlass,
    Keystrokes,
    /// Events of one OCSF class.
    Class(&'static [u32]),
    Signal,
    Incident,
}

/// What happened to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    Fail,
    Deny,
    Succeed,
    Create,
    Delete,
    Change,
    Reset,
    Lock,
    Unlock,
    Register,
    Start,
    Stop,
    Challenge,
    Verify,
    Request,
    Approve,
    /// `admin accounts`
    Admin,
    /// `open incidents`
    Open,
    Closed,
    Resolved,
    New,
    InProgress,
    OnHold,
    Critical,
    High,
    Medium,
    Low,
}

/// A mart, and a product within it where the word names one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MartWord {
    pub(crate) mart: &'static str,
    pub(crate) product: Option<&'static str>,
}

/// A program that is named as such.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tool(pub(crate) &'static str);

/// What a phrase stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Concept {
    Thing(Thing),
    Act(Act),
    Both(Thing, Act),
    Mart(MartWord),
    /// A mart's events of an outcome: `firewall denies` are found as two concepts, `blocked` as an act.
    Tool(Tool),
}

const fn mart(mart: &'static str) -> Concept {
    Concept::Mart(MartWord { mart, product: None })
}

const fn product(mart: &'static str, product: &'static str) -> Concept {
    Concept::Mart(MartWord { mart, product: Some(product) })
}

const fn thing(thing: Thing) -> Concept {
    Concept::Thing(thing)
}

const fn class(classes: &'static [u32]) -> Concept {
    Concept::Thing(Thing::Class(classes))
}

const fn act(act: Act) -> Concept {
    Concept::Act(act)
}

const fn tool(name: &'static str) -> Concept {
    Concept::Tool(Tool(name))
}

/// Phrases, separated by a comma, and what they stand for. Singular and plural are the same.
pub(crate) const PHRASES: &[(&str, Concept)] = &[
    (
        "event, log, log entry, entry, record, activity, action, traffic, log line, message, thing, request, operation",
        thing(Thing::Any),
    ),
    (
        "login, logon, log in, log on, logged in, logged on, logging in, logging on, sign in, signin, signed in, \
         sign on, signon, signed on, signing in, sign-in, sign-on, log-in, log-on, logs in, logs on, authenticate, authenticated",
        thing(Thing::Login),
    ),
    (
        "login attempt, logon attempt, sign-in attempt, signin attempt, authentication, authentication attempt, \
         attempt to log in, attempted login, tried to log in, auth event, authentication event",
        thing(Thing::LoginAttempt),
    ),
    (
        "failed login attempt, failed logon attempt, auth failure, authentication failure, login failure, logon failure, \
      bad password, wrong password, failed password, invalid password, failed authentication, failed sign-in attempt, \
      failed auth, incorrect password, unsuccessful login",
        Concept::Both(Thing::Login, Act::Fail),
    ),
    (
        "logoff, logout, log off, log out, logged off, logged out, sign out, signed out, sign-out, signout, sign off",
        thing(Thing::Logoff),
    ),
    (
        "mfa, 2fa, two factor, two-factor, multi factor, multi-factor, second factor, multifactor, otp",
        thing(Thing::Mfa),
    ),
    ("mfa challenge, mfa prompt, push notification, mfa push", Concept::Both(Thing::Mfa, Act::Challenge)),
    ("mfa device, mfa registration, mfa enrolment, mfa enrollment", Concept::Both(Thing::Mfa, Act::Register)),
    ("password, passwd, credential", thing(Thing::Password)),
    ("password change", Concept::Both(Thing::Password, Act::Change)),
    (
        "failed password change, password change failure, unsuccessful password change",
        thing(Thing::PasswordChangeFailed),
    ),
    (
        "password reset, password reset by admin, password reset by administrator",
        Concept::Both(Thing::Password, Act::Reset),
    ),
    ("account, user account", thing(Thing::Account)),
    (
        "new account, new user, account creation, user creation, onboarded user",
        Concept::Both(Thing::Account, Act::Create),
    ),
    ("account deletion, user deletion", Concept::Both(Thing::Account, Act::Delete)),
    ("account change, user change, account modification", Concept::Both(Thing::Account, Act::Change)),
    ("lockout, account lockout, locked out, lock out, lock-out", Concept::Both(Thing::Account, Act::Lock)),
    ("account unlock", Concept::Both(Thing::Account, Act::Unlock)),
    ("role, group, security group, admin group, privileged group", thing(Thing::Role)),
    (
        "group membership, role assignment, role grant, permission change, membership change, group membership change, \
      role change, group change, added to group, user added to group, member added to group, added member",
        Concept::Both(Thing::Role, Act::Change),
    ),
    (
        "privileged operation, privilege use, privileged action, privileged activity, privilege escalation, \
      elevated operation, admin action, administrative action, use of privilege",
        thing(Thing::Privileged),
    ),
    ("sudo, sudo command, sudo use, sudo usage", thing(Thing::Sudo)),
    (
        "configuration change, config change, configuration, config, configuration modification",
        thing(Thing::Config),
    ),
    (
        "security configuration change, security configuration, security setting, audit policy change, audit policy, \
      policy change, security config change, security config",
        thing(Thing::SecurityConfig),
    ),
    (
        "application configuration change, application configuration, app config change",
        thing(Thing::AppConfig),
    ),
    ("access request", Concept::Both(Thing::AccessRequest, Act::Request)),
    (
        "access approval, approved access, approved access request, approved request",
        Concept::Both(Thing::AccessRequest, Act::Approve),
    ),
    (
        "recertification, access recertification, access review, recertified, attestation",
        thing(Thing::Recertification),
    ),
    (
        "segregation of duty, segregation of duties violation, segregation-of-duties violation, sod violation, \
      duty violation, sod conflict, toxic combination",
        thing(Thing::DutyViolation),
    ),
    (
        "application start, service start, started application, application started, app start",
        Concept::Both(Thing::Application, Act::Start),
    ),
    (
        "application stop, service stop, stopped application, application stopped, service outage, app stop, shutdown",
        Concept::Both(Thing::Application, Act::Stop),
    ),
    ("application, service, daemon", thing(Thing::Application)),
    ("data dump, database dump, dump, data export", thing(Thing::Dump)),
    ("data restore, database restore, restore", thing(Thing::Restore)),
    (
        "audit log cleared, log cleared, logging change, logging changed, cleared audit log, clear audit log, clear log, wiped log, cleared log, log deletion, \
      audit log clearing, logging disabled, disabled logging, logging turned off, logging stopped, audit log deleted",
        thing(Thing::Logging),
    ),
    ("sequencing failure, sequence failure, sequencing error", thing(Thing::Sequencing)),
    (
        "utilisation threshold, utilization threshold, threshold reached, utilisation, utilization, \
      utilisation thresholds reached, utilization threshold reached",
        thing(Thing::Utilisation),
    ),
    ("code change, program change, source change, code changed", thing(Thing::Code)),
    ("memory allocation change, memory allocation", thing(Thing::Memory)),
    ("console action", thing(Thing::ConsoleAction)),
    ("appliance shell command, appliance shell, appliance command", thing(Thing::ApplianceShell)),
    ("privilege policy bypass, policy bypass, privilege bypass", thing(Thing::PrivilegeBypass)),
    (
        "break glass, break-glass, breakglass, break glass use, emergency access, firecall",
        thing(Thing::BreakGlass),
    ),
    ("keystroke, break-glass keystroke, break glass keystroke", thing(Thing::Keystrokes)),
    (
        "process start, process, program start, process creation, process launch, program, execution, program execution, \
      process execution, started process, command execution, new process, command, binary",
        class(&[1007]),
    ),
    ("ran, run, executed, execute, launched, launch, spawned, spawn", class(&[1007])),
    (
        "file change, file, file access, file activity, file creation, file deletion, file modification, file event",
        class(&[1001]),
    ),
    (
        "driver load, driver, loaded driver, kernel module, driver loaded, kernel driver, kernel driver load",
        class(&[1002]),
    ),
    ("process access, memory access, lsass access", class(&[1004])),
    ("dll load, module load, library load, loaded dll, image load, dll", class(&[1005])),
    ("scheduled task, scheduled job, cron job, task, cron, task creation", class(&[1006])),
    (
        "registry change, registry, registry key, registry value, registry modification, registry write",
        class(&[201_001, 201_002]),
    ),
    (
        "connection, network connection, network event, session opened, flow, outbound connection, inbound connection, \
      network traffic, network activity",
        class(&[4001]),
    ),
    (
        "http request, web request, http, url, web traffic, http traffic, http call, page request",
        class(&[4002]),
    ),
    (
        "dns query, dns lookup, lookup, dns request, dns, name lookup, dns resolution, dns traffic, queried, resolved, looked up",
        class(&[4003]),
    ),
    (
        "rdp, rdp connection, rdp session, remote desktop, remote desktop session, remote desktop connection",
        class(&[4005]),
    ),
    ("smb, smb connection, smb session, file share access, share access", class(&[4006])),
    ("ssh, ssh session, ssh connection", class(&[4007])),
    ("ftp, ftp transfer, ftp session", class(&[4008])),
    ("email, e-mail, mail, email message, phishing mail, phishing email", class(&[4009])),
    ("api call, api request, api activity, api", class(&[6003])),
    ("database query, db query, database access, sql query, datastore query", class(&[6005])),
    ("signal, alert, detection, finding, rule match, alarm, rule hit", thing(Thing::Signal)),
    ("incident, case", thing(Thing::Incident)),
    (
        "failed, fail, failure, failing, unsuccessful, rejected, unsuccessfully, fails, invalid",
        act(Act::Fail),
    ),
    ("denied, deny, denial, blocked, block, dropped, drop, refused, denie", act(Act::Deny)),
    ("successful, succeeded, success, successfully, allowed, accepted, permitted, allow", act(Act::Succeed)),
    ("created, create, creation, creating, added, add, new, creates, made", act(Act::Create)),
    ("deleted, delete, deletion, removed, remove, removal", act(Act::Delete)),
    ("changed, change, modified, modify, modification, altered, updated, edited", act(Act::Change)),
    ("reset, reset by admin, reset by administrator, reset by the helpdesk", act(Act::Reset)),
    ("locked, lock", act(Act::Lock)),
    ("unlocked, unlock", act(Act::Unlock)),
    ("registered, registration, enrolled, enrolment, enrollment", act(Act::Register)),
    ("started, start, starting", act(Act::Start)),
    ("stopped, stop, terminated, ended", act(Act::Stop)),
    ("challenge, prompt", act(Act::Challenge)),
    ("verified, verify, passed", act(Act::Verify)),
    ("requested", act(Act::Request)),
    ("approved, approve, approval", act(Act::Approve)),
    ("admin, administrator, privileged, administrative", act(Act::Admin)),
    ("open, unresolved, active, ongoing, outstanding", act(Act::Open)),
    ("closed", act(Act::Closed)),
    ("resolved incident", Concept::Both(Thing::Incident, Act::Resolved)),
    ("new incident, untouched incident", Concept::Both(Thing::Incident, Act::New)),
    ("in progress, in-progress", act(Act::InProgress)),
    ("on hold, on-hold", act(Act::OnHold)),
    ("critical, critical severity", act(Act::Critical)),
    ("high severity, high, high-severity", act(Act::High)),
    ("medium severity, medium, medium-severity", act(Act::Medium)),
    ("low severity, low, low-severity", act(Act::Low)),
    ("linux, unix", mart("linux")),
    ("windows", mart("windows")),
    ("firewall, fw", mart("firewall")),
    ("proxy, web proxy", mart("proxy")),
    ("identity provider, idp, identity, sso", mart("identity")),
    ("legacy, mainframe", mart("legacy")),
    ("cloud", mart("cloud")),
    ("audit, audit log, audit trail", mart("audit")),
    ("aws, amazon", product("cloud", "aws")),
    ("azure", product("cloud", "azure")),
    ("gcp, google cloud", product("cloud", "gcp")),
    ("okta", product("identity", "okta")),
    ("powershell, pwsh", tool("powershell")),
    ("cmd", tool("cmd")),
    ("mimikatz", tool("mimikatz")),
    ("psexec", tool("psexec")),
    ("rundll32", tool("rundll32")),
    ("regsvr32", tool("regsvr32")),
    ("mshta", tool("mshta")),
    ("wscript", tool("wscript")),
    ("cscript", tool("cscript")),
    ("certutil", tool("certutil")),
    ("bitsadmin", tool("bitsadmin")),
    ("wmic", tool("wmic")),
    ("vssadmin", tool("vssadmin")),
    ("schtasks", tool("schtasks")),
    ("procdump", tool("procdump")),
    ("rclone", tool("rclone")),
    ("nmap", tool("nmap")),
    ("netcat", tool("netcat")),
    ("curl", tool("curl")),
    ("wget", tool("wget")),
    ("tcpdump", tool("tcpdump")),
    ("python", tool("python")),
    ("bash", tool("bash")),
    ("crontab", tool("crontab")),
    ("net.exe", tool("net.exe")),
    ("whoami", tool("whoami")),
    ("bloodhound", tool("bloodhound")),
    ("cobalt strike", tool("cobaltstrike")),
    ("anydesk", tool("anydesk")),
    ("teamviewer", tool("teamviewer")),
];
