use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sentra_model::{Incident, TenantId, Timestamp};
use tokio::sync::broadcast;

use crate::api::types::{IncidentChange, Pipeline, StreamGap};

/// Messages that a slow follower may be behind before it is told of a gap.
const FOLLOWER_BEHIND_MAX: usize = 1_024;

/// What a message is about; the name is the event name of the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LiveKind {
    Incident,
    Status,
    Gap,
}

impl LiveKind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Incident => "incident",
            Self::Status => "status",
            Self::Gap => "gap",
        }
    }
}

/// One message of the live stream.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LiveMessage {
    pub(crate) id: u64,
    pub(crate) kind: LiveKind,
    /// Whose it is; `None` for the platform's own state.
    tenant: Option<TenantId>,
    /// JSON.
    pub(crate) data: Arc<str>,
}

impl LiveMessage {
    /// Law TENANT: a message of a tenant is for that tenant's followers alone.
    fn is_for(&self, tenant: &TenantId) -> bool {
        self.tenant.as_ref().is_none_or(|owner| owner == tenant)
    }
}

/// Where changes are announced and followed. Ids only go up, also over a restart: they begin with the clock.
///
/// The last incident changes are kept, so that a browser that was away for a moment misses nothing; one that
/// was away for longer is told of the gap and fetches the lists again.
#[derive(Debug)]
pub struct LiveHub {
    ring: Mutex<Ring>,
    sender: broadcast::Sender<LiveMessage>,
}

#[derive(Debug)]
struct Ring {
    kept: VecDeque<LiveMessage>,
    kept_max: usize,
    /// The newest id given out.
    latest: u64,
    /// Up to this id messages may be missing from `kept`.
    forgotten: u64,
}

/// A follower's beginning and what comes after it.
pub(crate) struct Following {
    tenant: TenantId,
    replay: VecDeque<LiveMessage>,
    receiver: broadcast::Receiver<LiveMessage>,
}

impl LiveHub {
    /// A hub that keeps `kept_max` incident changes and whose ids begin after the moment `now`.
    #[must_use]
    pub fn new(kept_max: usize, now: Timestamp) -> Self {
        let start = u64::try_from(now.micros()).unwrap_or_default();
        let ring = Ring { kept: VecDeque::new(), kept_max: kept_max.max(1), latest: start, forgotten: start };
        Self { ring: Mutex::new(ring), sender: broadcast::Sender::new(FOLLOWER_BEHIND_MAX) }
    }

    fn locked(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Announces that `incident` was opened or has changed.
    pub fn incident(&self, incident: &Incident) {
        let data = serde_json::to_string(&IncidentChange::from(incident)).unwrap_or_default();
        self.publish(LiveKind::Incident, Some(incident.tenant.clone()), data);
    }

    pub(crate) fn status(&self, pipeline: &Pipeline) {
        let data = serde_json::to_string(pipeline).unwrap_or_default();
        self.publish(LiveKind::Status, None, data);
    }

    fn publish(&self, kind: LiveKind, tenant: Option<TenantId>, data: String) {
        let mut ring = self.locked();
        ring.latest += 1;
        let message = LiveMessage { id: ring.latest, kind, tenant, data: data.into() };
        if kind == LiveKind::Incident {
            if ring.kept.len() >= ring.kept_max
                && let Some(oldest) = ring.kept.pop_front()
            {
                ring.forgotten = oldest.id;
            }
            ring.kept.push_back(message.clone());
        }
        // Sent under the lock, so that a follower gets every message either replayed or live, and in order.
        // An error means that nobody follows.
        let _ = self.sender.send(message);
    }

    /// Follows the messages of `tenant` after the id `after`, or from now on.
    pub(crate) fn follow(&self, tenant: TenantId, after: Option<u64>) -> Following {
        let ring = self.locked();
        let receiver = self.sender.subscribe();
        let replay = match after {
            None => VecDeque::new(),
            Some(after) if after < ring.forgotten || after > ring.latest => {
                VecDeque::from([gap(Some(after), ring.latest)])
            }
            Some(after) => ring
                .kept
                .iter()
                .filter(|message| message.id > after && message.is_for(&tenant))
                .cloned()
                .collect(),
        };
        Following { tenant, replay, receiver }
    }
}

fn gap(after: Option<u64>, latest: u64) -> LiveMessage {
    let data = serde_json::to_string(&StreamGap { after, latest }).unwrap_or_default();
    LiveMessage { id: latest, kind: LiveKind::Gap, tenant: None, data: data.into() }
}

impl Following {
    /// The next message; `None` when the hub is gone.
    pub(crate) async fn next(&mut self, hub: &LiveHub) -> Option<LiveMessage> {
        if let Some(message) = self.replay.pop_front() {
            return Some(message);
        }
        loop {
            match self.receiver.recv().await {
                Ok(message) if message.is_for(&self.tenant) => return Some(message),
                Ok(_) => {}
                Err(broadcast::error::RecvError::Lagged(_)) => {
                    self.receiver = self.receiver.resubscribe();
                    return Some(gap(None, hub.locked().latest));
                }
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use sentra_model::{Digest, Estimate, IncidentId, IncidentStatus, Narrative, Severity};

    use super::*;

    pub(crate) fn incident(tenant: &str, number: u64) -> Incident {
        let moment = Timestamp::from_seconds(1_000);
        Incident {
            id: IncidentId::derive(Digest::new("test").number(number)),
            tenant: tenant.parse().unwrap(),
            title: format!("incident {number}"),
            headline: String::new(),
            status: IncidentStatus::New,
            severity: Severity::High,
            risk: Estimate::new(0.5, 0.4, 0.6),
            entities: Vec::new(),
            techniques: Vec::new(),
            tactics: Vec::new(),
            first: moment,
            last: moment,
            joins: Vec::new(),
            events_total: 0,
            narrative: Narrative::default(),
            version: number,
            created: moment,
            updated: moment,
            reasons: Vec::new(),
            merged_into: None,
            absorbed: Vec::new(),
            chain: Vec::new(),
            history: Vec::new(),
            apart: Vec::new(),
            verdict: None,
        }
    }

    fn default_tenant() -> TenantId {
        TenantId::default_tenant()
    }

    const START: u64 = 1_000_000_000;

    fn hub() -> LiveHub {
        LiveHub::new(3, Timestamp::from_seconds(1_000))
    }

    #[tokio::test]
    async fn a_follower_that_comes_back_misses_nothing_and_sees_nothing_twice() {
        let hub = hub();
        hub.incident(&incident("default", 1));
        hub.status(&Pipeline::default());
        hub.incident(&incident("default", 2));
        let mut following = hub.follow(default_tenant(), Some(START + 1));
        hub.incident(&incident("default", 3));
        let mut seen = Vec::new();
        for _ in 0..2 {
            let message = following.next(&hub).await.unwrap();
            seen.push((message.id - START, message.kind));
        }
        assert_eq!(seen, [(3, LiveKind::Incident), (4, LiveKind::Incident)]);
    }

    #[tokio::test]
    async fn a_follower_that_was_away_too_long_is_told_of_the_gap() {
        let hub = hub();
        for number in 1..=4 {
            hub.incident(&incident("default", number));
        }
        let first = |after: u64| {
            let mut following = hub.follow(default_tenant(), Some(after));
            following.replay.pop_front().map(|message| message.kind)
        };
        assert_eq!(first(START), Some(LiveKind::Gap), "the first change is forgotten");
        assert_eq!(first(START + 1), Some(LiveKind::Incident));
        assert_eq!(first(START + 4), None);
        assert_eq!(first(START + 5), Some(LiveKind::Gap), "an id that was never given out");
        assert_eq!(first(7), Some(LiveKind::Gap), "an id of an earlier run");
    }

    #[tokio::test]
    async fn a_slow_follower_is_told_of_the_gap() {
        let hub = hub();
        let mut following = hub.follow(default_tenant(), None);
        for _ in 0..=FOLLOWER_BEHIND_MAX {
            hub.status(&Pipeline::default());
        }
        assert_eq!(following.next(&hub).await.unwrap().kind, LiveKind::Gap);
        hub.incident(&incident("default", 1));
        assert_eq!(following.next(&hub).await.unwrap().kind, LiveKind::Incident);
    }

    /// Law TENANT.
    #[tokio::test]
    async fn a_follower_sees_its_own_tenant_only() {
        let hub = hub();
        hub.incident(&incident("other", 1));
        let mut following = hub.follow(default_tenant(), Some(START));
        hub.incident(&incident("other", 2));
        hub.incident(&incident("default", 3));
        let message = following.next(&hub).await.unwrap();
        assert!(message.data.contains("incident 3"), "{message:?}");
    }
}
