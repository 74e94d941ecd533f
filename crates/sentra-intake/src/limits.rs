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
    /// Connections of one listener at the same time; further ones wait.
    pub connections_max: usize,
    /// A connection that is silent for this long is closed.
    pub idle_timeout_s: u64,
    /// Buffer asked of the kernel for datagrams.
    pub udp_receive_buffer_bytes: usize,
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
            connections_max: 256,
            idle_timeout_s: 3_600,
            udp_receive_buffer_bytes: 8 * MEBIBYTE,
        }
    }
}
