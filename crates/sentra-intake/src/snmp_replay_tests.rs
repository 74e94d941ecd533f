//! Law LOSS and what is believed, over restarts: an old trap is refused after one as before, and who is honest is not.

use std::net::UdpSocket;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sentra_backbone::{EventLog, MemoryLog, Stream};
use sentra_model::{ManualClock, TenantId, Timestamp, Topic};

use crate::snmp::SecurityLevel;
use crate::snmp::test_kit::{DEVICE, PASSWORD, V3, trap_v2};
use crate::{
    Appender, Intake, IntakeOptions, IntakeSettings, Limits, ListenerSettings, Protocol, SnmpSettings,
    SnmpUser,
};

/// Longer than anything takes; a test that waits so long has failed.
const WAIT: Duration = Duration::from_secs(60);
const STARTED_S: i64 = 1_767_225_600;

fn listener(name: &str, secret: &Path) -> ListenerSettings {
    let user = SnmpUser {
        name: "signed".to_owned(),
        auth: Some("SHA-256".to_owned()),
        auth_file: Some(secret.to_owned()),
        privacy: None,
        privacy_file: None,
        least: None,
        engine: None,
    };
    ListenerSettings {
        name: name.to_owned(),
        protocol: Protocol::Snmp,
        address: "127.0.0.1:0".parse().unwrap(),
        public: false,
        tenant: Some(TenantId::default_tenant()),
        format: None,
        tls: None,
        snmp: Some(SnmpSettings { users: vec![user], ..SnmpSettings::default() }),
    }
}

/// A server that takes traps and can be started again.
struct Server {
    directory: tempfile::TempDir,
    log: Arc<dyn EventLog>,
    clock: Arc<ManualClock>,
    settings: IntakeSettings,
    intake: Intake,
    /// What a crash has left behind.
    crashed: Vec<Intake>,
}

impl Server {
    fn start(listeners: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let secret = directory.path().join("secret");
        std::fs::write(&secret, PASSWORD).unwrap();
        let listeners = listeners.iter().map(|name| listener(name, &secret)).collect();
        let settings = IntakeSettings { listeners, ..IntakeSettings::default() };
        let log: Arc<dyn EventLog> = Arc::new(MemoryLog::default());
        let clock = Arc::new(ManualClock::new(Timestamp::from_seconds(STARTED_S)));
        let intake = open(directory.path(), &log, &clock, &settings);
        Self { directory, log, clock, settings, intake, crashed: Vec::new() }
    }

    /// As after a crash: the one before says nothing to the disk any more. It is so many seconds later.
    fn start_again(&mut self, second: i64) {
        self.clock.set(Timestamp::from_seconds(STARTED_S + second));
        let after = open(self.directory.path(), &self.log, &self.clock, &self.settings);
        self.crashed.push(std::mem::replace(&mut self.intake, after));
    }

    async fn counts(&self) -> (u64, u64) {
        let tenant = TenantId::default_tenant();
        let stream = |topic| Stream { tenant: tenant.clone(), topic, partition: 0 };
        let end = async |topic| self.log.extent(&stream(topic)).await.map_or(0, |extent| extent.end);
        (end(Topic::Raw).await, end(Topic::Dead).await)
    }

    /// Whether a trap of these boots and this time, that comes to the listener, is taken.
    async fn takes(&self, listener: usize, boots: u32, time_s: u32) -> bool {
        let before = self.counts().await;
        let trap = V3 { boots, time_s, ..V3::of(&DEVICE, "signed", SecurityLevel::AuthNoPriv, trap_v2()) };
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.send_to(&trap.write(), self.intake.listeners()[listener].address).unwrap();
        let arrived = async {
            loop {
                let after = self.counts().await;
                if after != before {
                    return after;
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let after = tokio::time::timeout(WAIT, arrived).await.expect("the trap did not arrive");
        assert_eq!(after.0 + after.1, before.0 + before.1 + 1);
        after.0 > before.0
    }
}

fn open(
    directory: &Path,
    log: &Arc<dyn EventLog>,
    clock: &Arc<ManualClock>,
    settings: &IntakeSettings,
) -> Intake {
    let appender = Appender::new(Arc::clone(log), clock.clone(), Limits::default());
    let options = IntakeOptions { directory: Some(directory.to_owned()), ..IntakeOptions::default() };
    Intake::start(appender, options, settings).unwrap()
}

#[tokio::test]
async fn an_old_trap_is_refused_after_a_crash_as_before_it() {
    let mut server = Server::start(&["snmp"]);
    assert!(server.takes(0, 5, 6_000).await);
    assert!(!server.takes(0, 5, 5_000).await && !server.takes(0, 4, 9_000).await);
    // Not written with every trap, and refused all the same.
    assert!(server.takes(0, 5, 6_010).await);
    for (second, honest) in [(10, (5, 6_020)), (100_000, (5, 106_010))] {
        server.start_again(second);
        assert!(!server.takes(0, 4, 9_000).await, "of earlier boots");
        assert!(!server.takes(0, 5, 5_000).await, "far outside of the window");
        assert_eq!(server.takes(0, 5, 6_010).await, second < 150, "the last one, after {second} s");
        assert!(server.takes(0, honest.0, honest.1).await, "who went on meanwhile");
    }
    server.start_again(100_200);
    assert!(!server.takes(0, 5, 106_010).await, "the honest one, by somebody else");
    assert!(server.takes(0, 6, 3).await, "a device that has restarted");
    server.start_again(100_201);
    assert!(!server.takes(0, 5, 200_000).await && server.takes(0, 6, 4).await);
    server.intake.stop().await;
}

#[tokio::test]
async fn what_one_listener_has_taken_no_other_takes_for_new() {
    let mut server = Server::start(&["a", "b"]);
    assert!(server.takes(0, 5, 6_000).await);
    assert!(!server.takes(1, 5, 5_000).await);
    assert!(server.takes(1, 6, 10).await);
    assert!(!server.takes(0, 5, 9_000).await);
    // A reload gives the listeners new readers.
    let mut settings = server.settings.clone();
    for listener in &mut settings.listeners {
        listener.format = Some("snmp".to_owned());
    }
    let reloaded = server.intake.reload(&settings).await.unwrap();
    assert_eq!(reloaded.opened.len(), 2);
    assert!(!server.takes(0, 5, 9_000).await && server.takes(1, 6, 11).await);
    server.settings = settings;
    server.start_again(300);
    assert!(!server.takes(1, 5, 9_000).await && server.takes(0, 6, 400).await);
    server.intake.stop().await;
}

/// Who has no directory to remember in takes traps; who cannot write to it does so, too.
#[tokio::test]
async fn a_disk_that_refuses_keeps_no_trap_out() {
    let server = Server::start(&["snmp"]);
    std::fs::create_dir(server.directory.path().join("snmp-clocks")).unwrap();
    assert!(server.takes(0, 5, 6_000).await && !server.takes(0, 5, 5_000).await);
    std::fs::remove_dir(server.directory.path().join("snmp-clocks")).unwrap();
    assert!(server.takes(0, 5, 6_001).await);
    let text = std::fs::read_to_string(server.directory.path().join("snmp-clocks")).unwrap();
    assert!(
        text.starts_with(&format!("{STARTED_S}\n80001f880465646765 5 6061 ")),
        "with the next one: {text}"
    );
    server.intake.stop().await;
}
