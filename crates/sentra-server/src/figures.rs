//! What the figures of `/metrics` mean, in one table: Prometheus shows it beside each.

use Kind::{Counter, Gauge, Histogram};

/// How a figure behaves.
enum Kind {
    Counter,
    Gauge,
    Histogram,
}

const FIGURES: &[(Kind, &str, &str)] = &[
    (Counter, "sentra_backbone_appended_records_total", "Records made durable"),
    (Counter, "sentra_backbone_appended_bytes_total", "Bytes of records made durable, before compression"),
    (Counter, "sentra_backbone_frames_total", "Frames made durable: one per batch"),
    (Counter, "sentra_backbone_quarantined_records_total", "Records whose bytes on disk are damaged"),
    (Counter, "sentra_backbone_refused_full_total", "Batches refused because there was no room"),
    (Counter, "sentra_backbone_retired_records_total", "Records that retention removed"),
    (Counter, "sentra_backbone_retired_bytes_total", "Bytes on disk that retention freed"),
    (Histogram, "sentra_backbone_commit_seconds", "How long a group commit took"),
    (Histogram, "sentra_backbone_fsync_seconds", "How long an fsync took"),
    (Histogram, "sentra_backbone_commit_frames", "Frames in one group commit"),
    (
        Gauge,
        "sentra_backbone_poisoned",
        "1 when the log takes nothing any more after a failed write or fsync",
    ),
    (Gauge, "sentra_backbone_used_bytes", "Bytes of the disk budget that are used"),
    (
        Gauge,
        "sentra_backbone_held_streams",
        "Streams that retention leaves because a consumer has not read them",
    ),
    (Counter, "sentra_backbone_retention_failures_total", "Topics at which a pass of retention had to stop"),
    (Counter, "sentra_intake_records_total", "Records taken in, by door"),
    (Counter, "sentra_intake_bytes_total", "Bytes of records taken in, by door"),
    (Counter, "sentra_intake_dead_letters_total", "What could not become a record, by reason"),
    (Counter, "sentra_intake_refused_total", "Senders and connections refused, by listener"),
    (Counter, "sentra_intake_waits_total", "How often a door waited for room in the log"),
    (Counter, "sentra_intake_lost_total", "Records that a door could not keep; anything but 0 is a loss"),
    (Counter, "sentra_syslog_udp_datagrams_total", "Syslog datagrams received"),
    (Counter, "sentra_syslog_udp_empty_total", "Syslog datagrams without a byte"),
    (Counter, "sentra_udp_kernel_drops_total", "Datagrams that the kernel dropped before they were read"),
    (Gauge, "sentra_syslog_tcp_connections", "Open syslog connections"),
    (Counter, "sentra_tls_handshakes_failed_total", "TLS handshakes that failed"),
    (Counter, "sentra_snmp_datagrams_total", "SNMP datagrams received"),
    (Counter, "sentra_snmp_refused_total", "SNMP messages refused, by reason"),
    (Counter, "sentra_snmp_refused_not_kept_total", "Refused SNMP messages of which no letter was kept"),
    (Counter, "sentra_snmp_answers_total", "Answers to SNMP informs"),
    (Counter, "sentra_snmp_answers_not_sent_total", "Answers to SNMP informs that could not be sent"),
    (Counter, "sentra_snmp_engines_forgotten_total", "SNMP engines forgotten because there were too many"),
    (
        Counter,
        "sentra_snmp_clocks_not_kept_total",
        "Times that the clocks of SNMP engines could not be written; until they are, a restart lets old traps in",
    ),
    (Counter, "sentra_factory_events_total", "Events decoded"),
    (Counter, "sentra_factory_bytes_total", "Bytes of raw records decoded"),
    (Counter, "sentra_factory_dead_letters_total", "Records that could not be understood"),
    (Counter, "sentra_factory_replayed_letters_total", "Dead letters that were replayed"),
    (
        Counter,
        "sentra_factory_skipped_records_total",
        "Records that retention removed before they were processed",
    ),
    (Counter, "sentra_factory_position_failures_total", "Positions that could not be told to the backbone"),
    (
        Counter,
        "sentra_factory_findings_hidden_total",
        "Findings not reported: of disabled rules, or excepted",
    ),
    (
        Counter,
        "sentra_factory_evaluation_problems_total",
        "Events of which rules saw only a part: values beyond a limit",
    ),
    (Counter, "sentra_factory_signals_total", "Signals raised or extended"),
    (Counter, "sentra_factory_incidents_total", "Incidents opened"),
    (Counter, "sentra_factory_incident_changes_total", "Incidents opened or changed"),
    (Counter, "sentra_factory_restarts_total", "Workers that failed and started again"),
    (Counter, "sentra_forensic_admitted_total", "Events taken into the forensic index"),
    (Counter, "sentra_forensic_refused_total", "Events for which the forensic index had no room"),
    (Counter, "sentra_forensic_failures_total", "Failures of the forensic index, which is filled again then"),
    (Gauge, "sentra_factory_lag_records", "Records that are durable and not yet processed"),
    (Counter, "sentra_pipeline_events_total", "Records processed"),
    (Counter, "sentra_pipeline_bytes_total", "Bytes of raw records processed"),
    (Counter, "sentra_pipeline_signals_total", "Signals found"),
    (Counter, "sentra_pipeline_incidents_total", "Incidents opened"),
    (Counter, "sentra_pipeline_dead_letters_total", "Records that could not be understood"),
    (
        Gauge,
        "sentra_pipeline_lag_records",
        "Records that are durable and not yet processed, over all tenants",
    ),
    (
        Gauge,
        "sentra_pipeline_stalled",
        "1 when records wait and nothing has moved for server.stalled_after_s",
    ),
    (Counter, "sentra_store_rows_total", "Events taken by the marts, by mart"),
    (Gauge, "sentra_store_segments", "Segments of the marts on disk, by tenant"),
    (Histogram, "sentra_store_flush_seconds", "How long the marts took to write their memory to disk"),
    (Gauge, "sentra_store_segments_unread", "Segments that are damaged and wait for repair, by tenant"),
    (Counter, "sentra_store_damaged_segments_total", "Segments found damaged, by tenant"),
    (Counter, "sentra_store_verified_bytes_total", "Bytes of segments compared with their checksums"),
    (Counter, "sentra_store_merged_segments_total", "Segments that became part of a larger one"),
    (Counter, "sentra_store_merged_rows_total", "Events written anew when segments were merged"),
    (Histogram, "sentra_store_merge_seconds", "How long it took to merge some segments"),
    (Counter, "sentra_store_retired_segments_total", "Segments that retention removed, by tenant and mart"),
    (Counter, "sentra_store_retired_rows_total", "Events that retention removed, by tenant and mart"),
    (
        Counter,
        "sentra_store_retired_bytes_total",
        "Bytes of segments that retention removed, by tenant and mart",
    ),
    (Counter, "sentra_store_tend_failures_total", "Passes over the segments of a tenant that failed"),
    (Counter, "sentra_http_requests_total", "Requests answered, by route and status"),
    (Histogram, "sentra_http_request_seconds", "How long a request took, by route"),
    (Counter, "sentra_http_panics_total", "Requests that met a defect"),
    (Counter, "sentra_door_refused_total", "Requests refused for their credentials, by reason"),
];

/// Tells the recorder, which must be installed.
pub(crate) fn describe() {
    for (kind, name, meaning) in FIGURES {
        match kind {
            Counter => metrics::describe_counter!(*name, *meaning),
            Gauge => metrics::describe_gauge!(*name, *meaning),
            Histogram => metrics::describe_histogram!(*name, *meaning),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_figure_stands_once_and_is_named_by_its_kind() {
        let names: BTreeSet<&str> = FIGURES.iter().map(|(_, name, _)| *name).collect();
        assert_eq!(names.len(), FIGURES.len());
        for (kind, name, meaning) in FIGURES {
            assert_eq!(matches!(kind, Counter), name.ends_with("_total"), "{name}");
            assert!(!meaning.is_empty() && !meaning.ends_with('.'), "{name}");
        }
    }
}
