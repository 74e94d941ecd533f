//! Class, code and outcome of an audit event by the types of its lines.

use std::borrow::Cow;

use sentra_model::{Class, Event, EventCode, Outcome, Severity};

use super::facts::Facts;

/// Types that only tell more about the call they stand beside.
const BESIDE: [&str; 18] = [
    "SYSCALL",
    "EXECVE",
    "PATH",
    "CWD",
    "PROCTITLE",
    "SOCKADDR",
    "SOCKETCALL",
    "EOE",
    "BPRM_FCAPS",
    "CAPSET",
    "MMAP",
    "FD_PAIR",
    "OBJ_PID",
    "IPC",
    "MQ_OPEN",
    "OPENAT2",
    "TIME_ADJNTPVAL",
    "URINGOP",
];

/// Fills what the types of the lines mean.
pub(super) fn fill<'a>(event: &mut Event<'a>, facts: &Facts<'a>, kinds: &[&str]) {
    event.outcome = outcome(facts);
    let telling = kinds.iter().find(|kind| !BESIDE.contains(kind));
    match telling.copied() {
        Some(kind) => by_type(event, facts, kind),
        None => event.class = class_of_call(facts, kinds),
    }
    // A process that a call started or a session opened is not the account that the header calls the target.
    if event.target_user == event.user {
        event.target_user = Cow::Borrowed("");
    }
}

fn outcome(facts: &Facts<'_>) -> Outcome {
    let value = if facts.result.is_empty() { &facts.success } else { &facts.result };
    match value.as_ref() {
        "success" | "yes" | "1" => Outcome::Success,
        "failed" | "no" | "0" => Outcome::Failure,
        _ => Outcome::Unknown,
    }
}

fn by_type<'a>(event: &mut Event<'a>, facts: &Facts<'a>, kind: &str) {
    let code = match kind {
        "USER_AUTH" | "USER_LOGIN" | "USER_LOGOUT" | "USER_START" | "USER_END" | "USER_ACCT" | "USER_ERR"
        | "CRED_ACQ" | "CRED_DISP" | "CRED_REFR" | "LOGIN" => login(event, facts, kind),
        "ADD_USER"
        | "DEL_USER"
        | "USER_MGMT"
        | "ADD_GROUP"
        | "DEL_GROUP"
        | "GRP_MGMT"
        | "CHGRP_ID"
        | "GRP_AUTH"
        | "USER_CHAUTHTOK"
        | "GRP_CHAUTHTOK"
        | "ACCT_LOCK"
        | "ACCT_UNLOCK"
        | "RESP_ACCT_LOCK"
        | "RESP_ACCT_LOCK_TIMED"
        | "RESP_ACCT_UNLOCK_TIMED"
        | "ROLE_ASSIGN"
        | "ROLE_REMOVE"
        | "ROLE_MODIFY"
        | "USER_ROLE_CHANGE"
        | "CHUSER_ID" => account(event, facts, kind),
        "USER_CMD" => {
            event.class = Class::PROCESS;
            Some(EventCode::PA01)
        }
        "AVC" | "USER_AVC" | "SELINUX_ERR" | "USER_SELINUX_ERR" | "APPARMOR_DENIED" => {
            denial(event, facts);
            None
        }
        _ if kind.starts_with("ANOM_") => {
            event.severity = Severity::High;
            event.class = if kind == "ANOM_PROMISCUOUS" { Class::NETWORK } else { Class::PROCESS };
            if kind.starts_with("ANOM_LOGIN") {
                event.class = Class::AUTHENTICATION;
                event.user = facts.subject();
            }
            None
        }
        _ => system(event, facts, kind),
    };
    // What was refused changed nothing: its code is that of the refusal.
    event.code = match (code, event.outcome) {
        (Some(EventCode::LL01 | EventCode::LL02), Outcome::Failure) => None,
        (Some(EventCode::LL04), Outcome::Failure) => Some(EventCode::LL05),
        (Some(EventCode::LL03), _) => code,
        (Some(EventCode::SS01 | EventCode::SS02), Outcome::Failure) => None,
        (Some(_), Outcome::Failure) => Some(EventCode::PA02),
        (code, _) => code,
    };
}

/// Logins and sessions; which of them carries a code stands at the top of the module.
fn login<'a>(event: &mut Event<'a>, facts: &Facts<'a>, kind: &str) -> Option<EventCode> {
    event.class = Class::AUTHENTICATION;
    let subject = facts.subject();
    if !subject.is_empty() {
        let actor = facts.login.text();
        let is_switch = facts.exe.ends_with("/sudo") || facts.exe.ends_with("/su");
        if is_switch && kind != "USER_AUTH" && !actor.is_empty() && actor != subject {
            (event.user, event.target_user) = (actor, subject);
        } else {
            event.user = subject;
        }
    }
    let is_by_pam = facts.operation == "PAM:authentication" || facts.operation.is_empty();
    match (kind, event.outcome) {
        ("USER_LOGIN", Outcome::Success) => Some(EventCode::LL01),
        ("USER_LOGOUT", _) => Some(EventCode::LL02),
        ("USER_AUTH", Outcome::Failure) if is_by_pam => Some(EventCode::LL03),
        _ => None,
    }
}

/// Changes of users, groups and passwords. User is who did it, target whom it was done to.
fn account<'a>(event: &mut Event<'a>, facts: &Facts<'a>, kind: &str) -> Option<EventCode> {
    let is_group = kind.contains("GROUP") || kind.starts_with("GRP") || kind.contains("ROLE");
    event.class = if is_group { Class::GROUP } else { Class::ACCOUNT_CHANGE };
    event.target_user = facts.subject();
    let operation = facts.operation.as_ref();
    let is_side_work =
        ["home", "mail", "entries", "group", "shadow"].iter().any(|word| operation.contains(word));
    Some(match kind {
        "ADD_USER" if is_side_work => EventCode::SA02,
        "ADD_USER" => EventCode::SA01,
        // `deleting user entries` is how userdel says that the user is gone.
        "DEL_USER" if is_side_work && !operation.ends_with("entries") => EventCode::SA02,
        "DEL_USER" => EventCode::SA03,
        "ADD_GROUP" => EventCode::SA04,
        "DEL_GROUP" => EventCode::SA06,
        "ACCT_LOCK" | "RESP_ACCT_LOCK" | "RESP_ACCT_LOCK_TIMED" => EventCode::SA08,
        "ACCT_UNLOCK" | "RESP_ACCT_UNLOCK_TIMED" => EventCode::SA09,
        "USER_CHAUTHTOK" => return password(event, operation),
        _ if is_group => EventCode::SA05,
        _ => EventCode::SA02,
    })
}

/// PAM says once that a password was changed; what `passwd` adds tells of the same change.
fn password(event: &mut Event<'_>, operation: &str) -> Option<EventCode> {
    let is_by_pam = operation == "PAM:chauthtok" || operation.is_empty();
    let is_others = !event.target_user.is_empty() && event.user == "root" && event.target_user != "root";
    match () {
        () if is_by_pam && is_others => Some(EventCode::SA07),
        () if is_by_pam => Some(EventCode::LL04),
        () if operation.contains("password") => None,
        () if operation.contains("lock") => Some(EventCode::SA08),
        () => Some(EventCode::SA02),
    }
}

/// SELinux and AppArmor.
fn denial<'a>(event: &mut Event<'a>, facts: &Facts<'a>) {
    event.class = class_of_call(facts, &[]);
    let verdict = event.text("seresult").or_else(|| event.text("apparmor")).unwrap_or_default();
    if verdict.eq_ignore_ascii_case("denied") {
        event.outcome = Outcome::Failure;
        event.severity = Severity::Medium;
    }
}

/// Services, the audit itself, policies, modules, the packet filter, packages.
fn system<'a>(event: &mut Event<'a>, facts: &Facts<'a>, kind: &str) -> Option<EventCode> {
    let (class, code) = match kind {
        "SERVICE_START" | "SYSTEM_BOOT" | "DAEMON_START" => {
            (Class::APPLICATION_LIFECYCLE, Some(EventCode::SS01))
        }
        "SERVICE_STOP" | "SYSTEM_SHUTDOWN" | "DAEMON_END" | "DAEMON_ABORT" => {
            (Class::APPLICATION_LIFECYCLE, Some(EventCode::SS02))
        }
        "DAEMON_CONFIG" => (Class::APPLICATION_LIFECYCLE, Some(EventCode::SS05)),
        // The kernel renews a watch by itself when its file is replaced.
        "CONFIG_CHANGE" if facts.operation == "updated_rules" => (Class::APPLICATION_LIFECYCLE, None),
        "CONFIG_CHANGE" | "FEATURE_CHANGE" => (Class::APPLICATION_LIFECYCLE, Some(EventCode::SS05)),
        "MAC_STATUS"
        | "MAC_POLICY_LOAD"
        | "MAC_CONFIG_CHANGE"
        | "USYS_CONFIG"
        | "USER_MAC_CONFIG_CHANGE"
        | "USER_MAC_POLICY_LOAD" => (Class::APPLICATION_LIFECYCLE, Some(EventCode::CC02)),
        "NETFILTER_CFG" => (Class::NETWORK, Some(EventCode::CC02)),
        "KERN_MODULE" => (Class::KERNEL_EXTENSION, None),
        "SOFTWARE_UPDATE" => (Class::APPLICATION_LIFECYCLE, Some(EventCode::CM03)),
        "TTY" | "USER_TTY" => {
            if let Some(data) = event.text("data") {
                event.command = Cow::Owned(data.to_owned());
            }
            (Class::PROCESS, None)
        }
        "SECCOMP" => (Class::PROCESS, None),
        _ => (Class::BASE, None),
    };
    event.class = class;
    code
}

/// The class of what a call does.
fn class_of_call(facts: &Facts<'_>, kinds: &[&str]) -> Class {
    match facts.syscall.as_ref() {
        "execve" | "execveat" | "fork" | "vfork" | "clone" | "clone3" | "kill" | "tkill" | "tgkill"
        | "exit" | "exit_group" | "setuid" | "setgid" | "setreuid" | "setregid" | "setresuid"
        | "setresgid" | "setns" | "unshare" | "prctl" | "capset" | "personality" => Class::PROCESS,
        "connect" | "bind" | "accept" | "accept4" | "listen" | "socket" | "sendto" | "recvfrom"
        | "sendmsg" | "recvmsg" | "socketcall" => Class::NETWORK,
        "init_module" | "finit_module" | "delete_module" | "create_module" => Class::KERNEL_EXTENSION,
        "ptrace" | "process_vm_readv" | "process_vm_writev" | "mmap" | "mprotect" | "memfd_create" => {
            Class::MEMORY
        }
        "open" | "openat" | "openat2" | "creat" | "read" | "write" | "unlink" | "unlinkat" | "rename"
        | "renameat" | "renameat2" | "link" | "linkat" | "symlink" | "symlinkat" | "mkdir" | "mkdirat"
        | "rmdir" | "chmod" | "fchmod" | "fchmodat" | "fchmodat2" | "chown" | "fchown" | "lchown"
        | "fchownat" | "truncate" | "ftruncate" | "mknod" | "mknodat" | "setxattr" | "lsetxattr"
        | "fsetxattr" | "removexattr" | "lremovexattr" | "fremovexattr" | "stat" | "newfstatat"
        | "access" | "faccessat" | "readlink" | "utimensat" | "utimes" | "utime" | "futimesat" | "mount"
        | "umount2" | "chdir" | "chroot" => Class::FILE,
        _ if kinds.contains(&"EXECVE") => Class::PROCESS,
        _ if kinds.contains(&"SOCKADDR") => Class::NETWORK,
        _ if kinds.contains(&"PATH") => Class::FILE,
        _ if kinds.contains(&"PROCTITLE") => Class::PROCESS,
        _ => Class::BASE,
    }
}
