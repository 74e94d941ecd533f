//! Syslog of Linux servers: sshd, PAM, sudo, the shadow tools, cron.

use super::{Pen, Source};
use crate::acts::Linux;
use crate::moment::Form;
use crate::text::put_hex;
use crate::world::{AccountId, HostId};

const AUTH: u64 = 10;
const CRON: u64 = 9;

pub(super) fn write(pen: &mut Pen<'_>, host: HostId, account: AccountId, what: Linux) -> Source {
    let name = pen.world.account(account).name.as_str();
    match what {
        Linux::Accepted { .. } | Linux::Failed { .. } | Linux::Opened | Linux::Closed => {
            session(pen, host, account, what);
        }
        Linux::Sudo { command } => sudo(pen, host, name, "", command),
        Linux::SudoRefused { command } => sudo(pen, host, name, "user NOT in sudoers ; ", command),
        Linux::Cron { command } => {
            start(pen, host, CRON, 6, "CRON");
            pen.put("(").put(name).put(") CMD (").put(command).put(")");
        }
        Linux::UserAdded { .. }
        | Linux::UserDeleted { .. }
        | Linux::GroupAdded { .. }
        | Linux::Locked { .. } => shadow(pen, host, what),
    }
    Source::Syslog
}

/// sshd, and PAM inside it.
fn session(pen: &mut Pen<'_>, host: HostId, account: AccountId, what: Linux) {
    start(pen, host, AUTH, 6, "sshd");
    let world = pen.world;
    let name = world.account(account).name.as_str();
    let port = pen.client_port();
    match what {
        Linux::Accepted { from, is_key } => {
            pen.put("Accepted ").put(if is_key { "publickey" } else { "password" });
            pen.put(" for ").put(name).put(" from ").ip(from).put(" port ").number(port).put(" ssh2");
            if is_key {
                pen.put(": ED25519 SHA256:");
                let print = crate::dice::Dice::new(u64::from(account.0), "key").next();
                put_hex(pen.out, print, 16);
            }
        }
        Linux::Failed { from, is_known } => {
            pen.put("Failed password for ").put(if is_known { "" } else { "invalid user " }).put(name);
            pen.put(" from ").ip(from).put(" port ").number(port).put(" ssh2");
        }
        Linux::Opened => {
            let number = u64::from(world.account(account).number);
            pen.put("pam_unix(sshd:session): session opened for user ").put(name);
            pen.put("(uid=").number(number).put(") by ").put(name).put("(uid=0)");
        }
        _ => {
            pen.put("pam_unix(sshd:session): session closed for user ").put(name);
        }
    }
}

/// The tools that change accounts.
fn shadow(pen: &mut Pen<'_>, host: HostId, what: Linux) {
    let world = pen.world;
    match what {
        Linux::UserAdded { target } => {
            start(pen, host, AUTH, 6, "useradd");
            let target = world.account(target);
            let number = u64::from(target.number);
            pen.put("new user: name=").put(&target.name);
            pen.put(", UID=").number(number).put(", GID=").number(number);
            pen.put(", home=/home/").put(&target.name).put(", shell=/bin/bash, from=/dev/pts/1");
        }
        Linux::UserDeleted { target } => {
            start(pen, host, AUTH, 6, "userdel");
            pen.put("delete user '").put(&world.account(target).name).put("'");
        }
        Linux::GroupAdded { target, group } => {
            start(pen, host, AUTH, 6, "usermod");
            pen.put("add '").put(&world.account(target).name).put("' to group '").put(group).put("'");
        }
        Linux::Locked { target } => {
            start(pen, host, AUTH, 6, "usermod");
            pen.put("lock user '").put(&world.account(target).name).put("' password");
        }
        _ => {}
    }
}

fn sudo(pen: &mut Pen<'_>, host: HostId, name: &str, reason: &str, command: &str) {
    start(pen, host, AUTH, if reason.is_empty() { 5 } else { 1 }, "sudo");
    pen.put(name).put(" : ").put(reason).put("TTY=pts/1 ; PWD=/home/").put(name);
    pen.put(" ; USER=root ; COMMAND=").put(command);
}

/// The head of a line. The machines called `build…` are older: they write RFC 3164, the others RFC 5424.
fn start(pen: &mut Pen<'_>, host: HostId, facility: u64, severity: u64, program: &str) {
    let name = pen.world.host(host).name.as_str();
    let process = 800 + pen.dice.below(60_000);
    let priority = facility * 8 + severity;
    pen.put("<").number(priority).put(">");
    if name.starts_with("build") {
        pen.time(Form::Bsd).put(" ").put(name).put(" ").put(program).put("[").number(process).put("]: ");
    } else {
        pen.put("1 ").time(Form::IsoMicros).put(" ").put(name).put(" ").put(program).put(" ");
        pen.number(process).put(" - - ");
    }
}
