/// What a source shows of itself, each figure under its name.
#[derive(Debug)]
pub(super) struct Counts {
    source: String,
}

impl Counts {
    pub(super) fn new(source: &str) -> Self {
        Self { source: source.to_owned() }
    }

    /// Bytes of files that are durable now.
    pub(super) fn bytes(&self, bytes: u64) {
        metrics::counter!("sentra_tail_bytes_total", "source" => self.source.clone()).increment(bytes);
    }

    pub(super) fn truncation(&self) {
        metrics::counter!("sentra_tail_truncations_total", "source" => self.source.clone()).increment(1);
    }

    pub(super) fn rotation(&self) {
        metrics::counter!("sentra_tail_rotations_total", "source" => self.source.clone()).increment(1);
    }

    /// Files that are followed now.
    pub(super) fn files(&self, files: usize) {
        metrics::gauge!("sentra_tail_files", "source" => self.source.clone()).set(files as f64);
    }

    /// Files that are not read.
    pub(super) fn skipped(&self, reason: &'static str) {
        let source = self.source.clone();
        metrics::counter!("sentra_tail_skipped_total", "source" => source, "reason" => reason).increment(1);
    }

    /// Law LOSS: bytes that were seen in a file and were gone before they could be read.
    pub(super) fn unread(&self, bytes: u64) {
        if bytes > 0 {
            let source = self.source.clone();
            metrics::counter!("sentra_tail_unread_bytes_total", "source" => source).increment(bytes);
        }
    }
}
