use sentra_model::Topic;

use crate::LogError;
use crate::consumers::check_consumer_name;

/// The limits of a [`SegmentLog`](crate::SegmentLog). Every one has a default.
#[derive(Debug, Clone)]
pub struct LogOptions {
    /// Length at which a segment file is closed and the next one begun, in bytes. 128 MiB. It is also the grain of
    /// retention: only whole closed segments go.
    pub segment_bytes_max: u64,
    /// Compressed bytes that one commit takes at most (and one batch more). 4 MiB.
    pub commit_bytes_max: usize,
    /// How long a commit waits for producers that are about to add to it, in milliseconds. 5.
    pub commit_wait_ms: u64,
    /// Bytes of batches, before compression, that may be under way; beyond it `append` waits. 64 MiB.
    pub queue_bytes_max: usize,
    /// The disk budget: bytes that all segments and consumer positions may take; beyond it `append` answers
    /// [`LogError::Full`]. `None`: what the disk has.
    ///
    /// The last sixteenth is kept from the topic `raw`: what Sentra writes while it works a backlog off, dead
    /// letters and signals, must find room, or the backlog would hold retention back for ever. Consumer positions
    /// are counted and never refused, for the same reason.
    pub disk_bytes_max: Option<u64>,
    /// What [`SegmentLog::retain`](crate::SegmentLog::retain) removes. By default nothing.
    pub retention: TopicRetention,
}

impl Default for LogOptions {
    fn default() -> Self {
        Self {
            segment_bytes_max: 128 * 1024 * 1024,
            commit_bytes_max: 4 * 1024 * 1024,
            commit_wait_ms: 5,
            queue_bytes_max: 64 * 1024 * 1024,
            disk_bytes_max: None,
            retention: TopicRetention::default(),
        }
    }
}

impl LogOptions {
    /// Refuses a name that no consumer can have: it would hold everything for ever.
    pub(crate) fn check(&self) -> Result<(), LogError> {
        let mut names = Topic::ALL.into_iter().flat_map(|topic| &self.retention.of(topic).hold_consumers);
        names.try_for_each(|name| check_consumer_name(name))
    }
}

/// How long each topic is kept. Every tenant has the same.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TopicRetention {
    /// For what sources sent.
    pub raw: Retention,
    /// For findings.
    pub signals: Retention,
    /// For dead letters.
    pub dead: Retention,
}

impl TopicRetention {
    /// The topic's part.
    #[must_use]
    pub fn of(&self, topic: Topic) -> &Retention {
        match topic {
            Topic::Raw => &self.raw,
            Topic::Signals => &self.signals,
            Topic::Dead => &self.dead,
        }
    }
}

/// When the oldest records of a topic may go. By default never.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Retention {
    /// Bytes of segments that one tenant's topic keeps, all its partitions together. `None`: any.
    pub bytes_max: Option<u64>,
    /// Seconds since the newest record of a segment was received, after which it goes. `None`: any.
    pub age_s_max: Option<u64>,
    /// Consumers that must have passed a segment before it may go. One that has no position in a stream yet holds
    /// all of that stream.
    pub hold_consumers: Vec<String>,
}

impl Retention {
    /// True where nothing is ever removed.
    #[must_use]
    pub fn keeps_all(&self) -> bool {
        self.bytes_max.is_none() && self.age_s_max.is_none()
    }
}
