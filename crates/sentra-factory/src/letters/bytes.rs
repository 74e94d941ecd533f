use sentra_backbone::{EventLog, LogError, ReadChunk, Stream};
use sentra_model::{DeadLetter, DeadReason, EventId, TenantScope};

/// The bytes of the record that a letter stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LetterBytes {
    /// All of them.
    Whole(Vec<u8>),
    /// They are not there.
    Missing {
        /// Why not, for people.
        why: String,
    },
}

impl LetterBytes {
    fn missing(why: impl Into<String>) -> Self {
        Self::Missing { why: why.into() }
    }
}

/// Reads letters' records, one chunk at a time in memory: letters stand in the order of their records.
pub(super) struct Reader<'a> {
    log: &'a dyn EventLog,
    scope: &'a TenantScope,
    chunk: Option<(Stream, ReadChunk)>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(log: &'a dyn EventLog, scope: &'a TenantScope) -> Self {
        Self { log, scope, chunk: None }
    }

    /// The record of `letter`.
    pub(super) async fn of(&mut self, letter: &DeadLetter) -> Result<LetterBytes, LogError> {
        let never = |why: &str| Ok(LetterBytes::missing(why));
        match (letter.reason, letter.event) {
            (DeadReason::Damaged, _) => never("its bytes are damaged in the backbone"),
            (DeadReason::Expired, _) => never("retention removed its records before they were processed"),
            (DeadReason::TooLong, None) => {
                never("the record was over the limit and only its beginning is kept")
            }
            (DeadReason::Container, None) => never("its container broke before there was a record"),
            (_, None) => never("it was refused at the door and only its beginning is kept"),
            (_, Some(event)) => self.record(event).await,
        }
    }

    async fn record(&mut self, id: EventId) -> Result<LetterBytes, LogError> {
        let stream = Stream { tenant: self.scope.tenant().clone(), topic: id.topic, partition: id.partition };
        if let Some(bytes) = self.known(&stream, id.offset) {
            return Ok(LetterBytes::Whole(bytes));
        }
        if id.offset >= self.log.extent(&stream).await?.end {
            return Ok(LetterBytes::missing(format!("the backbone has no record {id}")));
        }
        let chunk = self.log.read(&stream, id.offset, 1).await?;
        let skipped = chunk.skipped.as_ref().is_some_and(|range| range.contains(&id.offset));
        self.chunk = Some((stream.clone(), chunk));
        Ok(match self.known(&stream, id.offset) {
            Some(bytes) => LetterBytes::Whole(bytes),
            None if skipped => LetterBytes::missing("retention removed its record from the backbone"),
            None => LetterBytes::missing("its bytes are damaged in the backbone"),
        })
    }

    /// The record at `offset` where it is in memory.
    fn known(&self, stream: &Stream, offset: u64) -> Option<Vec<u8>> {
        let (_, chunk) = self.chunk.as_ref().filter(|(of, _)| of == stream)?;
        let holds = |batch: &&sentra_backbone::StoredBatch| {
            (batch.first_offset..batch.next_offset()).contains(&offset)
        };
        let batch = chunk.batches.iter().find(holds)?;
        let (_, record) = batch.records().find(|(at, _)| *at == offset)?;
        Some(record.bytes.to_vec())
    }
}
