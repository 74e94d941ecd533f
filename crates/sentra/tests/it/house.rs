//! Running the binary.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;

/// What a run printed and how it ended.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}\n{}", self.out, self.err))
    }
}

fn ran(output: Output) -> Ran {
    Ran {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// The binary with a clean environment.
pub(crate) fn sentra() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sentra"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("SENTRA_") {
            command.env_remove(name);
        }
    }
    command.stdin(Stdio::null());
    command
}

/// Runs the binary with `arguments`.
pub(crate) fn run(arguments: &[&str]) -> Ran {
    ran(sentra().args(arguments).output().unwrap())
}

/// Runs the binary and expects it to succeed.
pub(crate) fn ok(arguments: &[&str]) -> Ran {
    let ran = run(arguments);
    assert_eq!(ran.code, 0, "sentra {arguments:?}\n{}\n{}", ran.out, ran.err);
    ran
}

/// A path of the real data that lies beside the project; `None`, said aloud, where it is absent.
pub(crate) fn real_data(path: &str) -> Option<PathBuf> {
    let found = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(path);
    if found.try_exists().unwrap() {
        return Some(found);
    }
    println!("SKIP: {} is not here", found.display());
    None
}

/// A file of this repository.
pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

/// A running server; dropping it kills it the hard way.
pub(crate) struct Served {
    child: Child,
    pub(crate) url: String,
    data: PathBuf,
}

impl Served {
    /// Starts a server on `data` and a free port, with syslog on free ports too.
    pub(crate) fn start(data: &Path) -> Self {
        Self::start_with(data, &[])
    }

    pub(crate) fn start_with(data: &Path, environment: &[(&str, &str)]) -> Self {
        Self::start_with_arguments(data, &[], environment)
    }

    pub(crate) fn start_with_arguments(
        data: &Path,
        arguments: &[&str],
        environment: &[(&str, &str)],
    ) -> Self {
        let mut command = sentra();
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .args(arguments)
            .env("SENTRA_INTAKE__SYSLOG_UDP", "127.0.0.1:0")
            .env("SENTRA_INTAKE__SYSLOG_TCP", "127.0.0.1:0")
            .envs(environment.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit());
        let mut child = command.spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let mut url = None;
        for line in out.lines() {
            let line = line.unwrap();
            if let Some((_, address)) = line.split_once("Console: ") {
                url = Some(address.trim().to_owned());
                break;
            }
        }
        let url = url.expect("the server never said where its console is");
        Self { child, url, data: data.to_owned() }
    }

    pub(crate) fn address(&self) -> &str {
        self.url.strip_prefix("http://").unwrap()
    }

    pub(crate) fn token(&self) -> String {
        std::fs::read_to_string(self.data.join("admin.token")).unwrap().trim().to_owned()
    }

    /// A request with the server's token; status and body.
    pub(crate) fn request(&self, method: &str, path: &str, body: &[u8]) -> (u16, String) {
        let authorization = format!("Bearer {}", self.token());
        self.request_as(method, path, body, &[("authorization", &authorization)])
    }

    pub(crate) fn request_as(
        &self,
        method: &str,
        path: &str,
        body: &[u8],
        headers: &[(&str, &str)],
    ) -> (u16, String) {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(60)))
            .build()
            .new_agent();
        let mut request = ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut answer = agent.run(request.body(body).unwrap()).unwrap();
        let text = answer.body_mut().read_to_string().unwrap();
        (answer.status().as_u16(), text)
    }

    pub(crate) fn get_json(&self, path: &str) -> Value {
        let (status, body) = self.request("GET", path, b"");
        assert_eq!(status, 200, "{path}: {body}");
        serde_json::from_str(&body).unwrap()
    }

    /// Waits until `done` says so about the server's status.
    pub(crate) fn wait(&self, what: &str, done: impl Fn(&Value) -> bool) {
        for _ in 0..1_200 {
            if done(&self.get_json("/api/v1/status")) {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("never: {what}; {}", self.get_json("/api/v1/status"));
    }

    /// SIGKILL.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to read configuration and packs again.
    pub(crate) fn hang_up(&self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::HUP).unwrap();
    }

    /// SIGTERM; the exit code.
    /// What the process was started with, in the end.
    #[cfg(target_os = "linux")]
    pub(crate) fn environment(&self) -> Vec<String> {
        let all = std::fs::read(format!("/proc/{}/environ", self.child.id())).unwrap();
        all.split(|byte| *byte == 0).map(|one| String::from_utf8_lossy(one).into_owned()).collect()
    }

    pub(crate) fn terminate(mut self) -> i32 {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        self.child.wait().unwrap().code().unwrap_or(-1)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
