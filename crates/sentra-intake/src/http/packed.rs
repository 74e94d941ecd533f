//! Records as they are, for senders that have cut them already: the command line sends binary records and records
//! of several lines so. Each is its position (8 bytes, big endian), its length (4 bytes, big endian) and its bytes.

use sentra_model::{OwnedRecord, Source, TenantId};

use super::append::append;
use crate::Appender;
use crate::lines_body::{IngestAnswer, Taken};

/// The media type of a body of packed records.
pub const PACKED_MEDIA_TYPE: &str = "application/vnd.sentra.records";
const HEAD_BYTES: usize = 12;

/// Packs records.
#[must_use]
pub fn pack(records: &[OwnedRecord]) -> Vec<u8> {
    let bytes: usize = records.iter().map(|record| record.bytes.len() + HEAD_BYTES).sum();
    let mut body = Vec::with_capacity(bytes);
    for record in records {
        // Law LIMIT: no record is nearly as long as four gigabytes; one that were would be cut here and dead there.
        let length = u32::try_from(record.bytes.len()).unwrap_or(u32::MAX);
        body.extend_from_slice(&record.position.to_be_bytes());
        body.extend_from_slice(&length.to_be_bytes());
        body.extend_from_slice(&record.bytes);
    }
    body
}

/// The records of a body, and how many bytes at its end are none.
fn unpack(mut body: &[u8]) -> (Vec<(u64, &[u8])>, usize) {
    let mut records = Vec::new();
    loop {
        let Some((head, rest)) = body.split_first_chunk::<HEAD_BYTES>() else { return (records, body.len()) };
        let [p0, p1, p2, p3, p4, p5, p6, p7, l0, l1, l2, l3] = *head;
        let position = u64::from_be_bytes([p0, p1, p2, p3, p4, p5, p6, p7]);
        let length = u32::from_be_bytes([l0, l1, l2, l3]) as usize;
        let Some((record, after)) = rest.split_at_checked(length) else { return (records, body.len()) };
        records.push((position, record));
        body = after;
    }
}

/// Takes a body of packed records. Law ACK: what is counted as accepted is durable.
///
/// # Errors
/// How many bytes at the end of the body are no record; the records before them are taken all the same.
pub async fn take_packed(
    appender: &Appender,
    tenant: &TenantId,
    source: &Source,
    body: &[u8],
) -> (Taken, Option<usize>) {
    let (records, rest) = unpack(body);
    let line_bytes_max = appender.limits().line_bytes_max;
    let kept = append(appender, tenant, source, records.iter().copied()).await;
    let of_kept = || records.iter().filter(|(position, _)| *position <= kept.through);
    let count = |is_wanted: bool| {
        of_kept().filter(|(_, bytes)| (bytes.len() <= line_bytes_max) == is_wanted).count() as u64
    };
    let answer = IngestAnswer { accepted: count(true), rejected: Vec::new(), rejected_total: count(false) };
    let next = records.iter().map(|(position, _)| *position).find(|position| *position > kept.through);
    let next_line =
        next.or_else(|| records.last().map(|(position, _)| position.saturating_add(1))).unwrap_or(1);
    (Taken { answer, next_line, error: kept.error.map(Into::into) }, (rest > 0).then_some(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_out_as_they_went_in() {
        let record = |position, bytes: &[u8]| OwnedRecord { position, bytes: bytes.to_vec() };
        let records = [record(1, b"one\ntwo"), record(7, b""), record(u64::MAX, &[0, 255, 10])];
        let body = pack(&records);
        let (unpacked, rest) = unpack(&body);
        assert_eq!(rest, 0);
        let unpacked: Vec<OwnedRecord> =
            unpacked.into_iter().map(|(position, bytes)| record(position, bytes)).collect();
        assert_eq!(unpacked, records);
    }

    #[test]
    fn a_torn_body_gives_the_records_before_the_tear() {
        let body = pack(&[
            OwnedRecord { position: 1, bytes: b"one".to_vec() },
            OwnedRecord { position: 2, bytes: b"two".to_vec() },
        ]);
        for cut in 0..body.len() {
            let (records, rest) = unpack(&body[..cut]);
            assert_eq!(records.len(), usize::from(cut >= 15), "{cut}");
            assert_eq!(rest, if cut >= 15 { cut - 15 } else { cut }, "{cut}");
        }
    }
}
