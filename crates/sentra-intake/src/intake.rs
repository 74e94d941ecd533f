use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::ending::Ending;
use crate::http::HttpDoor;
use crate::opening::{self, IntakeError, Prepared, Running, Shared, check, is_kept, load_tls, prepare};
use crate::seats::House;
use crate::settings::{IntakeSettings, ListenerSettings, Protocol};
use crate::snmp_clocks::ClockBook;
use crate::sources::Sources;
use crate::tls::Tls;
use crate::{Appender, Live, Senders};

/// How long a reload waits for the doors that it closed.
const LEAVE_WAIT: Duration = Duration::from_secs(15);
/// Law LIMIT: doors that were closed and are not done.
const LEAVING_MAX: usize = 32;

/// An open door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenerStatus {
    /// Its name.
    pub name: String,
    /// What it speaks.
    pub protocol: Protocol,
    /// Where it really listens, also where port 0 was asked for.
    pub address: SocketAddr,
}

/// What a reload changed, by listeners' names. A door that changed was closed and opened.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reloaded {
    /// New doors.
    pub opened: Vec<String>,
    /// Doors that are not configured any more.
    pub closed: Vec<String>,
    /// Doors that are as they were.
    pub kept: Vec<String>,
}

/// What does not change while the doors are open.
#[derive(Debug, Clone)]
pub struct IntakeOptions {
    /// Where the doors keep what they must remember across restarts; `None` remembers nothing.
    pub directory: Option<PathBuf>,
    /// Requests of senders that are served at the same time, over all doors.
    pub requests_max: usize,
    /// Bytes of bodies that must be whole in memory, over all doors. Connections that are no requests share a
    /// quarter of as much beside it, for what does not fit into a few KiB of their own.
    pub memory_bytes_max: usize,
}

impl Default for IntakeOptions {
    fn default() -> Self {
        Self { directory: None, requests_max: 256, memory_bytes_max: 256 * 1024 * 1024 }
    }
}

/// What senders hold of the common memory now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryHeld {
    /// By bodies that must be whole.
    pub bodies_bytes: usize,
    /// By connections, beyond what each has for itself.
    pub connections_bytes: usize,
}

/// Every door for records: opens, closes and changes them while records come in.
#[derive(Debug)]
pub struct Intake {
    shared: Shared,
    running: Mutex<BTreeMap<String, Running>>,
    /// Doors that are closed but not done.
    leaving: Mutex<Vec<JoinHandle<()>>>,
    sources: Sources,
    stop: CancellationToken,
}

/// New settings, and everything they need that could have failed.
struct Plan {
    kept: Vec<String>,
    renewed: Vec<(String, Tls)>,
    prepared: Vec<Prepared>,
}

impl Intake {
    /// Opens every door of `settings`. Nothing listens when one of them cannot be opened.
    ///
    /// # Errors
    /// [`IntakeError`].
    pub fn start(
        appender: Appender,
        options: IntakeOptions,
        settings: &IntakeSettings,
    ) -> Result<Self, IntakeError> {
        let IntakeOptions { directory, requests_max, memory_bytes_max } = options;
        let snmp_clocks = Arc::new(ClockBook::open(directory.as_deref(), appender.clock.now()));
        let http = HttpDoor::new(appender, Live::new(Senders::default()), requests_max, memory_bytes_max);
        let intake = Self {
            shared: Shared { http, house: House::of_process(), directory, snmp_clocks },
            running: Mutex::default(),
            leaving: Mutex::default(),
            sources: Sources::default(),
            stop: CancellationToken::new(),
        };
        intake.apply(settings)?;
        intake.follow(settings);
        Ok(intake)
    }

    /// Who may send, as configured now.
    #[must_use]
    pub fn senders(&self) -> Live<Senders> {
        self.shared.http.senders.clone()
    }

    /// The routes of senders, for an interface that serves them beside others.
    #[must_use]
    pub fn http(&self) -> &HttpDoor {
        &self.shared.http
    }

    /// The way into the log.
    #[must_use]
    pub fn appender(&self) -> &Appender {
        &self.shared.http.appender
    }

    /// What senders hold of the common memory now.
    #[must_use]
    pub fn memory_held(&self) -> MemoryHeld {
        self.shared.http.memory_held()
    }

    /// Every open door.
    #[must_use]
    pub fn listeners(&self) -> Vec<ListenerStatus> {
        let running = self.locked();
        let status = |(name, door): (&String, &Running)| ListenerStatus {
            name: name.clone(),
            protocol: door.settings.protocol,
            address: door.address,
        };
        running.iter().map(status).collect()
    }

    /// Takes new settings while records come in: doors that stay as they are are not touched, those that go
    /// finish what has arrived. With an error nothing has changed. While the log has no room this does not wait for
    /// them: they wait in the background until it has.
    ///
    /// # Errors
    /// [`IntakeError`].
    pub async fn reload(&self, settings: &IntakeSettings) -> Result<Reloaded, IntakeError> {
        let (reloaded, mut closing) = self.apply(settings)?;
        for task in self.sources.end_others(&settings.sources) {
            let _ = task.await;
        }
        let ends = async {
            for task in &mut closing {
                let _ = task.await;
            }
        };
        if tokio::time::timeout(LEAVE_WAIT, ends).await.is_err() {
            closing.retain(|task| !task.is_finished());
            tracing::warn!(doors = closing.len(), "doors that were closed still hold what came to them");
            self.leaving.lock().unwrap_or_else(PoisonError::into_inner).append(&mut closing);
        }
        self.follow(settings);
        Ok(reloaded)
    }

    /// Closes every door and returns when what had arrived is durable.
    pub async fn stop(&self) {
        self.stop.cancel();
        // The sockets go with their doors: nobody is let in any more.
        let running = std::mem::take(&mut *self.locked());
        let mut tasks: Vec<_> = running.into_values().map(|door| door.task).collect();
        tasks.append(&mut self.leaving.lock().unwrap_or_else(PoisonError::into_inner));
        for task in tasks.into_iter().chain(self.sources.take_all()) {
            let _ = task.await;
        }
    }

    /// Law LIMIT: doors that are closed and not done hold records.
    fn check_leaving(&self) -> Result<(), IntakeError> {
        let mut leaving = self.leaving.lock().unwrap_or_else(PoisonError::into_inner);
        leaving.retain(|task| !task.is_finished());
        if leaving.len() < LEAVING_MAX { Ok(()) } else { Err(IntakeError::Leaving { count: leaving.len() }) }
    }

    /// Follows what is not followed yet.
    fn follow(&self, settings: &IntakeSettings) {
        let directory = self.shared.directory.as_ref();
        self.sources.start_missing(&settings.sources, directory, self.appender(), &self.stop);
    }

    fn locked(&self) -> MutexGuard<'_, BTreeMap<String, Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All that can fail comes first; then nothing does.
    fn apply(&self, settings: &IntakeSettings) -> Result<(Reloaded, Vec<JoinHandle<()>>), IntakeError> {
        check(settings)?;
        let mut running = self.locked();
        if self.stop.is_cancelled() {
            return Err(IntakeError::Stopped);
        }
        self.check_leaving()?;
        let Plan { kept, renewed, prepared } = self.plan(settings, &running)?;
        self.appender().set_limits(settings.limits.clone());
        self.shared.http.senders.set(Senders::new(settings));
        for (name, tls) in renewed {
            if let Some(live) = running.get(&name).and_then(|door| door.tls.as_ref()) {
                live.set(tls);
            }
        }
        for seats in running.values().filter_map(|door| door.seats.as_ref()) {
            seats.set_max(settings.limits.connections_max);
        }
        let closed: Vec<String> = running.keys().filter(|name| !kept.contains(name)).cloned().collect();
        let mut closing = Vec::new();
        for door in closed.iter().filter_map(|name| running.remove(name)) {
            let name = &door.settings.name;
            if prepared.iter().any(|next| next.takes_over.as_ref() == Some(name)) {
                door.ending.hand_over();
            } else {
                door.ending.close();
            }
            closing.push(door.task);
        }
        let opened = prepared.iter().map(|door| door.settings.name.clone()).collect();
        for prepared in prepared {
            let name = prepared.settings.name.clone();
            let ending = Ending::new(self.stop.clone());
            running.insert(name, opening::open(&self.shared, prepared, ending));
        }
        Ok((Reloaded { opened, closed, kept }, closing))
    }

    /// What changes with `settings`; nothing has changed yet.
    fn plan(
        &self,
        settings: &IntakeSettings,
        running: &BTreeMap<String, Running>,
    ) -> Result<Plan, IntakeError> {
        let mut kept = Vec::new();
        let mut renewed = Vec::new();
        let mut new: Vec<&ListenerSettings> = Vec::new();
        for listener in &settings.listeners {
            match running.get(&listener.name) {
                Some(door) if is_kept(door, listener)? => {
                    renewed.extend(load_tls(listener)?.map(|tls| (listener.name.clone(), tls)));
                    kept.push(listener.name.clone());
                }
                _ => new.push(listener),
            }
        }
        let shared = &self.shared;
        let prepared = new.into_iter().map(|listener| prepare(listener, settings, running, &kept, shared));
        let prepared = prepared.collect::<Result<Vec<_>, _>>()?;
        Ok(Plan { kept, renewed, prepared })
    }
}
