//! What the records of one event say together.

use std::borrow::Cow;

use sentra_model::Event;

use super::value::Socket;
use crate::address;
use crate::scan::is_number;

/// Law LIMIT: further paths of one event do not take part in choosing the one for the header.
const PATHS_MAX: usize = 64;
/// Law LIMIT: further words of one command are not joined to it.
const ARGUMENTS_MAX: usize = 512;

/// The values that the header is made of. Texts are empty where no record has them.
#[derive(Debug, Default)]
pub(super) struct Facts<'a> {
    pub(super) architecture: Cow<'a, str>,
    pub(super) syscall: Cow<'a, str>,
    pub(super) success: Cow<'a, str>,
    pub(super) result: Cow<'a, str>,
    pub(super) operation: Cow<'a, str>,
    pub(super) comm: Cow<'a, str>,
    pub(super) exe: Cow<'a, str>,
    pub(super) pid: Cow<'a, str>,
    pub(super) session: Cow<'a, str>,
    pub(super) parent: Cow<'a, str>,
    pub(super) account: Cow<'a, str>,
    pub(super) command: Cow<'a, str>,
    pub(super) title: Cow<'a, str>,
    pub(super) directory: Cow<'a, str>,
    pub(super) unit: Cow<'a, str>,
    pub(super) address: Cow<'a, str>,
    pub(super) host_name: Cow<'a, str>,
    pub(super) login: Who<'a>,
    pub(super) real: Who<'a>,
    pub(super) effective: Who<'a>,
    pub(super) subject: Who<'a>,
    pub(super) arguments: Vec<Cow<'a, str>>,
    pub(super) paths: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    pub(super) socket: Option<Socket>,
}

/// A user by number, and by name where auditd added it.
#[derive(Debug, Default)]
pub(super) struct Who<'a> {
    id: Cow<'a, str>,
    name: Cow<'a, str>,
}

impl<'a> Who<'a> {
    /// The name, else the number; nothing where the kernel says "unset".
    pub(super) fn text(&self) -> Cow<'a, str> {
        let is_set = |text: &str| !matches!(text, "" | "unset" | "4294967295" | "-1" | "?");
        if is_set(&self.name) {
            self.name.clone()
        } else if self.id == "0" {
            Cow::Borrowed("root")
        } else if is_set(&self.id) {
            self.id.clone()
        } else {
            Cow::Borrowed("")
        }
    }
}

#[expect(clippy::ptr_arg, reason = "a value borrowed from the line stays borrowed")]
impl<'a> Facts<'a> {
    /// Takes in one value. The first record that has one decides: later ones are about other objects.
    pub(super) fn set(&mut self, key: &str, value: &Cow<'a, str>) {
        if value.is_empty() {
            return;
        }
        let place = match key {
            "syscall" | "SYSCALL" => return self.set_syscall(key, value),
            "name" => return self.set_path(value),
            "nametype" => {
                if let Some((_, kind)) = self.paths.last_mut() {
                    *kind = value.clone();
                }
                return;
            }
            "ARCH" => &mut self.architecture,
            "success" => &mut self.success,
            "res" | "result" => &mut self.result,
            "op" => &mut self.operation,
            "comm" => &mut self.comm,
            "exe" => &mut self.exe,
            "pid" => &mut self.pid,
            "ses" => &mut self.session,
            "acct" => &mut self.account,
            "cmd" => &mut self.command,
            "proctitle" => &mut self.title,
            "cwd" => &mut self.directory,
            "unit" => &mut self.unit,
            "addr" => &mut self.address,
            "hostname" => &mut self.host_name,
            "auid" => &mut self.login.id,
            "AUID" => &mut self.login.name,
            "uid" => &mut self.real.id,
            "UID" => &mut self.real.name,
            "euid" => &mut self.effective.id,
            "EUID" => &mut self.effective.name,
            "id" => &mut self.subject.id,
            "ID" => &mut self.subject.name,
            _ => return,
        };
        if place.is_empty() {
            place.clone_from(value);
        }
    }

    /// A call by name goes before one by number.
    fn set_syscall(&mut self, key: &str, value: &Cow<'a, str>) {
        if key == "SYSCALL" || self.syscall.is_empty() || is_number(&self.syscall) && !is_number(value) {
            self.syscall = value.clone();
        }
    }

    fn set_path(&mut self, name: &Cow<'a, str>) {
        if self.paths.len() < PATHS_MAX && name != "(null)" {
            self.paths.push((name.clone(), Cow::Borrowed("")));
        }
    }

    /// A word of a command, or a further piece of the last one.
    pub(super) fn add_argument(&mut self, value: Cow<'a, str>, is_piece: bool) {
        if is_piece && let Some(last) = self.arguments.last_mut() {
            last.to_mut().push_str(&value);
        } else if self.arguments.len() < ARGUMENTS_MAX {
            self.arguments.push(value);
        }
    }

    /// The object of the event: what was made, else what was removed, else what was named last.
    fn path(&self) -> Option<&Cow<'a, str>> {
        let of = |wanted: &str| self.paths.iter().rev().find(|(_, kind)| kind == wanted);
        let chosen = if self.is_execution() {
            self.paths.first()
        } else {
            of("CREATE").or_else(|| of("DELETE")).or_else(|| of("NORMAL")).or_else(|| self.paths.last())
        };
        chosen.map(|(name, _)| name)
    }

    pub(super) fn is_execution(&self) -> bool {
        matches!(self.syscall.as_ref(), "execve" | "execveat")
    }

    /// The object's full path.
    fn file(&self) -> Cow<'a, str> {
        let Some(path) = self.path() else { return Cow::Borrowed("") };
        if path.starts_with('/') || self.directory.is_empty() {
            return path.clone();
        }
        let name = path.strip_prefix("./").unwrap_or(path);
        Cow::Owned(format!("{}/{name}", self.directory.trim_end_matches('/')))
    }

    /// Who answers for it: the account that logged in, else the one that the process runs as.
    pub(super) fn actor(&self) -> Cow<'a, str> {
        let login = self.login.text();
        if login.is_empty() { self.real.text() } else { login }
    }

    /// The account that a program's message is about.
    pub(super) fn subject(&self) -> Cow<'a, str> {
        match self.account.as_ref() {
            "" | "?" | "(unknown)" => self.subject.text(),
            _ => self.account.clone(),
        }
    }

    /// Fills the parts of the header that are the same for every type.
    pub(super) fn fill(&self, event: &mut Event<'a>) {
        event.process =
            if self.exe.is_empty() || self.exe == "?" { self.comm.clone() } else { self.exe.clone() };
        event.pid = self.pid.clone();
        event.parent_process = self.parent.clone();
        event.app = if self.unit.is_empty() { self.comm.clone() } else { self.unit.clone() };
        if !matches!(self.session.as_ref(), "4294967295" | "-1" | "unset") {
            event.session = self.session.clone();
        }
        event.command = self.command_line();
        event.file = self.file();
        event.user = self.actor();
        let effective = self.effective.text();
        if !effective.is_empty() && effective != event.user {
            event.target_user = effective;
        }
        let peer = address::remote_ip_of(&self.address).or_else(|| address::remote_ip_of(&self.host_name));
        match peer {
            Some(address) => event.src_ip = address,
            // Without an address the name is that of the machine itself.
            None if !matches!(self.address.as_ref(), "" | "?" | "(null)")
                && !matches!(self.host_name.as_ref(), "" | "?" | "(null)" | "localhost") =>
            {
                event.domain = self.host_name.clone();
            }
            None => {}
        }
        self.fill_socket(event);
    }

    /// `connect` and `sendto` name where it goes, `accept` and `recvfrom` where it comes from.
    fn fill_socket(&self, event: &mut Event<'a>) {
        match &self.socket {
            Some(Socket::Internet(address, port)) => {
                let address = Cow::Owned(address.clone());
                if matches!(self.syscall.as_ref(), "accept" | "accept4" | "recvfrom" | "recvmsg") {
                    (event.src_ip, event.src_port) = (address, *port);
                } else {
                    (event.dst_ip, event.dst_port) = (address, *port);
                }
            }
            Some(Socket::Local(path)) if event.file.is_empty() => event.file = Cow::Owned(path.clone()),
            _ => {}
        }
    }

    fn command_line(&self) -> Cow<'a, str> {
        match self.arguments.as_slice() {
            [] if !self.command.is_empty() => self.command.clone(),
            [] => self.title.clone(),
            [only] => only.clone(),
            words => Cow::Owned(words.join(" ")),
        }
    }
}
