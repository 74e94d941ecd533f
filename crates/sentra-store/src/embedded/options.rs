/// Limits of [`crate::EmbeddedMarts`] (law LIMIT).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MartOptions {
    /// Arrow memory of the events of one tenant beyond which an append flushes.
    pub memtable_bytes_max: u64,
    /// Events of one tenant in memory beyond which an append flushes.
    pub memtable_rows_max: u64,
    /// Age of the oldest event in memory beyond which an append flushes. Without appends nobody looks:
    /// the caller flushes on a timer.
    pub flush_interval_ms: u64,
    /// Arrow memory of the events that go into one segment; more become several segments.
    pub segment_bytes_max: u64,
    /// Memory that all queries together may use.
    pub query_memory_bytes_max: usize,
    /// Partitions in which a query is run at once; 0 for one per core.
    pub query_partitions: usize,
}

impl Default for MartOptions {
    fn default() -> Self {
        Self {
            memtable_bytes_max: 64 * 1024 * 1024,
            memtable_rows_max: 1_000_000,
            flush_interval_ms: 30_000,
            segment_bytes_max: 256 * 1024 * 1024,
            query_memory_bytes_max: 512 * 1024 * 1024,
            query_partitions: 0,
        }
    }
}
