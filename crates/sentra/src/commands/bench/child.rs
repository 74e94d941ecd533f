//! A server of its own in a child process, so that its memory and its processor time are its own.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process};
use serde::Serialize;
use tempfile::TempDir;

/// How long the server may take to end.
const STOP_TIME_MAX: Duration = Duration::from_secs(120);
/// Lines that the server may say before it says where its console is.
const LINES_MAX: usize = 64;

/// A running `sentra serve`. Dropping it kills it and removes its data.
pub(crate) struct ServerProcess {
    child: Child,
    /// Kept open: the server must not find a closed pipe.
    stdout: BufReader<ChildStdout>,
    data: TempDir,
    /// The key that senders have.
    pub(crate) key: String,
    addresses: BTreeMap<String, SocketAddr>,
}

/// What the server has used so far.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(crate) struct Usage {
    pub(crate) rss_bytes: u64,
    pub(crate) rss_peak_bytes: u64,
    pub(crate) cpu_seconds: f64,
}

impl ServerProcess {
    pub(crate) fn start(scratch: Option<&Path>, with_pipeline: bool) -> anyhow::Result<Self> {
        let data = match scratch {
            Some(directory) => tempfile::tempdir_in(directory),
            None => tempfile::tempdir(),
        };
        let data = data.context("cannot make a scratch directory")?;
        let key = "bench".to_owned();
        let digest = blake3::hash(key.as_bytes()).to_hex();
        let config = data.path().join("sentra.toml");
        let text = format!(
            "[server]\nlisten = \"127.0.0.1:0\"\n\n[intake]\nsyslog_udp = \"127.0.0.1:0\"\n\
             syslog_tcp = \"127.0.0.1:0\"\n\n[[keys]]\nname = \"bench\"\nblake3 = \"{digest}\"\ntenant = \"default\"\n"
        );
        std::fs::write(&config, text)?;
        let mut command = Command::new(std::env::current_exe().context("cannot find this program")?);
        command.arg("serve").arg("--data").arg(data.path().join("data")).arg("--config").arg(&config);
        if !with_pipeline {
            command.arg("--no-pipeline");
        }
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let stdout = child.stdout.take().context("the server has no output")?;
        let mut server =
            Self { child, stdout: BufReader::new(stdout), data, key, addresses: BTreeMap::new() };
        server.read_addresses()?;
        Ok(server)
    }

    fn read_addresses(&mut self) -> anyhow::Result<()> {
        for _ in 0..LINES_MAX {
            let mut line = String::new();
            if self.stdout.read_line(&mut line)? == 0 {
                bail!("the server ended before it listened");
            }
            if let Some((_, address)) = line.split_once("Console: http://") {
                self.addresses.insert("http".to_owned(), address.trim().parse()?);
                return Ok(());
            }
            if let Some((name, address)) = line.trim().split_once(char::is_whitespace)
                && let Ok(address) = address.trim().parse()
            {
                self.addresses.insert(name.to_owned(), address);
            }
        }
        bail!("the server does not say where it listens")
    }

    /// Where `name` listens.
    pub(crate) fn address(&self, name: &str) -> anyhow::Result<SocketAddr> {
        self.addresses.get(name).copied().with_context(|| format!("the server has no listener {name}"))
    }

    pub(crate) fn usage(&self) -> Usage {
        let id = self.child.id();
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
        let kibibytes = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
            line.trim().split(' ').next().and_then(|number| number.parse::<u64>().ok()).unwrap_or(0) * 1024
        };
        // After the name, which may hold anything but a closing bracket at its end: state is field 3.
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        let fields = stat.rsplit_once(") ").map_or("", |(_, fields)| fields);
        let ticks: u64 =
            fields.split(' ').skip(11).take(2).filter_map(|number| number.parse::<u64>().ok()).sum();
        Usage {
            rss_bytes: kibibytes("VmRSS:"),
            rss_peak_bytes: kibibytes("VmHWM:"),
            cpu_seconds: ticks as f64 / rustix::param::clock_ticks_per_second() as f64,
        }
    }

    /// Ends the server in order and returns where its log is; the directory goes with the second value.
    pub(crate) fn stop(mut self) -> anyhow::Result<Stopped> {
        if let Some(id) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            kill_process(id, Signal::TERM)?;
        }
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                if !status.success() {
                    bail!("the server ended with {status}");
                }
                break;
            }
            if started.elapsed() > STOP_TIME_MAX {
                bail!("the server did not end in {} s", STOP_TIME_MAX.as_secs());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let empty = tempfile::tempdir()?;
        let data = std::mem::replace(&mut self.data, empty);
        Ok(Stopped { log: data.path().join("data").join("backbone"), _data: data })
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a server left behind.
pub(crate) struct Stopped {
    /// The directory of its log.
    pub(crate) log: PathBuf,
    _data: TempDir,
}
