//! What the log says about itself. Handles are made once per stream, so that a recorder must be installed
//! before the log is opened.

use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};

use crate::Stream;

/// Counters of one stream.
pub(crate) struct StreamMetrics {
    pub(crate) records: Counter,
    pub(crate) bytes: Counter,
    pub(crate) frames: Counter,
    pub(crate) quarantined: Counter,
    pub(crate) refused_full: Counter,
    pub(crate) retired_records: Counter,
    pub(crate) retired_bytes: Counter,
}

/// Histograms of the whole log, in seconds.
pub(crate) struct LogMetrics {
    pub(crate) commit_seconds: Histogram,
    pub(crate) fsync_seconds: Histogram,
    pub(crate) commit_frames: Histogram,
    /// 1 when the log takes nothing any more.
    pub(crate) poisoned: Gauge,
    /// Bytes of the disk budget that are used.
    pub(crate) used_bytes: Gauge,
}

impl StreamMetrics {
    pub(crate) fn new(stream: &Stream) -> Self {
        let tenant = stream.tenant.as_str().to_owned();
        let topic = stream.topic.as_str();
        let of = |name: &'static str| counter!(name, "tenant" => tenant.clone(), "topic" => topic);
        Self {
            records: of("sentra_backbone_appended_records_total"),
            bytes: of("sentra_backbone_appended_bytes_total"),
            frames: of("sentra_backbone_frames_total"),
            quarantined: of("sentra_backbone_quarantined_records_total"),
            refused_full: of("sentra_backbone_refused_full_total"),
            retired_records: of("sentra_backbone_retired_records_total"),
            retired_bytes: of("sentra_backbone_retired_bytes_total"),
        }
    }
}

impl LogMetrics {
    pub(crate) fn new() -> Self {
        Self {
            commit_seconds: histogram!("sentra_backbone_commit_seconds"),
            fsync_seconds: histogram!("sentra_backbone_fsync_seconds"),
            commit_frames: histogram!("sentra_backbone_commit_frames"),
            poisoned: gauge!("sentra_backbone_poisoned"),
            used_bytes: gauge!("sentra_backbone_used_bytes"),
        }
    }
}

impl std::fmt::Debug for StreamMetrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StreamMetrics")
    }
}

impl std::fmt::Debug for LogMetrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LogMetrics")
    }
}
