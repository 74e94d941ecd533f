/// Law LIMIT: what a door takes at most. The server's configuration documents each of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Longest record; a longer one is a dead letter.
    pub line_bytes_max: usize,
    /// Largest body of one request, as it comes over the wire.
    pub request_bytes_max: usize,
    /// Largest body of one request, decompressed.
    pub request_expanded_bytes_max: usize,
    /// A body that does not move for this long is given up.
    pub body_idle_timeout_ms: u64,
    /// Bytes appended to the log in one go.
    pub batch_bytes_max: usize,
    /// Records appended to the log in one go.
    pub batch_records_max: usize,
    /// How long records wait for company before they are appended.
    pub batch_wait_ms: u64,
    /// Connections of one listener at the same time; further ones wait, and the one that has been silent for
    /// longest is asked to leave.
    pub connections_max: usize,
    /// A connection that is silent for this long is closed.
    pub idle_timeout_s: u64,
    /// Buffer asked of the kernel for datagrams.
    pub udp_receive_buffer_bytes: usize,
    /// Files that one source follows or remembers; further ones are told and not read.
    pub tail_files_max: usize,
    /// Files that one source holds open. A file that is not open and is removed is lost as far as it was not read.
    pub tail_open_files_max: usize,
    /// How often followed files are looked at while they grow.
    pub tail_poll_ms: u64,
}

impl Default for Limits {
    fn default() -> Self {
        const MEBIBYTE: usize = 1024 * 1024;
        Self {
            line_bytes_max: MEBIBYTE,
            request_bytes_max: 64 * MEBIBYTE,
            request_expanded_bytes_max: 512 * MEBIBYTE,
            body_idle_timeout_ms: 30_000,
            batch_bytes_max: 2 * MEBIBYTE,
            batch_records_max: 8_192,
            batch_wait_ms: 20,
            connections_max: 10_000,
            idle_timeout_s: 3_600,
            udp_receive_buffer_bytes: 8 * MEBIBYTE,
            tail_files_max: 10_000,
            tail_open_files_max: 512,
            tail_poll_ms: 250,
        }
    }
}
