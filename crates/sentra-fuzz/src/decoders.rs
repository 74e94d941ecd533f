use sentra_decode::{DecodeOptions, Decoder, formats};
use sentra_model::{RawRecord, Source, SourceKind, Timestamp};

/// One record through the decoder: the first byte picks the format, the second the door.
pub fn decode(data: &[u8]) {
    let Some((&[format, door], bytes)) = data.split_first_chunk::<2>() else { return };
    let formats = formats();
    // One number more than there are formats: no name, so that the decoder finds out.
    let format = formats.get(usize::from(format) % (formats.len() + 1)).map(|format| format.name.to_owned());
    let kind =
        SourceKind::ALL.get(usize::from(door) % SourceKind::ALL.len()).copied().unwrap_or(SourceKind::File);
    let reference = Timestamp::from_seconds(1_772_366_400);
    let source = Source { kind, origin: "fuzz".to_owned(), format, reference };
    let record = RawRecord { source: &source, position: 1, received: reference, bytes };
    let _ = Decoder::new(DecodeOptions::default()).decode(&record);
}
