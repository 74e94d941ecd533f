//! Builders of records. They know offsets from the published tables and nothing from the decoder.

use crate::legacy::tests::pages::to_page;

/// A record that is written field by field at its offsets.
#[derive(Debug, Clone)]
pub(super) struct Record {
    pub(super) bytes: Vec<u8>,
    page: &'static str,
}

impl Record {
    pub(super) fn new(page: &'static str) -> Self {
        Self { bytes: Vec::new(), page }
    }

    /// Writes `value` at `offset`; what lies between is binary zeros.
    pub(super) fn put(&mut self, offset: usize, value: &[u8]) -> &mut Self {
        let end = offset + value.len();
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
        self.bytes[offset..end].copy_from_slice(value);
        self
    }

    /// Text padded with blanks.
    pub(super) fn text(&mut self, offset: usize, length: usize, text: &str) -> &mut Self {
        let padded = format!("{text:<length$}");
        let bytes = to_page(self.page, &padded);
        assert_eq!(bytes.len(), length, "{text:?}");
        self.put(offset, &bytes)
    }

    pub(super) fn u16(&mut self, offset: usize, number: usize) -> &mut Self {
        self.put(offset, &u16::try_from(number).unwrap().to_be_bytes())
    }

    pub(super) fn u32(&mut self, offset: usize, number: usize) -> &mut Self {
        self.put(offset, &u32::try_from(number).unwrap().to_be_bytes())
    }

    /// Hundredths since midnight and `0cyydddF`, digit by digit.
    pub(super) fn time_date(&mut self, offset: usize, hundredths: u32, year: u32, day: u32) -> &mut Self {
        self.put(offset, &hundredths.to_be_bytes());
        let digits = format!("0{}{:02}{day:03}", (year - 1900) / 100, year % 100);
        let nibble = |place: usize| digits.as_bytes()[place] - b'0';
        let packed = [
            nibble(0) << 4 | nibble(1),
            nibble(2) << 4 | nibble(3),
            nibble(4) << 4 | nibble(5),
            nibble(6) << 4 | 0x0f,
        ];
        self.put(offset + 4, &packed)
    }

    /// A section at the end of the record, and the triplet that locates it.
    pub(super) fn section(&mut self, triplet: usize, section: &Record) -> &mut Self {
        let offset = self.bytes.len();
        self.u32(triplet, offset).u16(triplet + 4, section.bytes.len()).u16(triplet + 6, 1);
        self.put(offset, &section.bytes)
    }

    /// The record with its length in the record descriptor word.
    pub(super) fn finish(mut self) -> Vec<u8> {
        let length = self.bytes.len();
        self.u16(0, length).u16(2, 0);
        self.bytes
    }
}

/// An SMF record with its header, at 10:00:00.12 on day 59 of 2026, system SYS1.
pub(super) fn smf(page: &'static str, record_type: u8, subtype: Option<u16>, header_bytes: usize) -> Record {
    let mut record = Record::new(page);
    record.put(header_bytes - 1, &[0]);
    record.put(4, &[if subtype.is_some() { 0x5e } else { 0x1e }, record_type]);
    record.time_date(6, 3_600_012, 2026, 59).text(14, 4, "SYS1");
    if let Some(subtype) = subtype {
        record.text(18, 4, "STC").u16(22, usize::from(subtype));
    }
    record
}

/// The fields of a *TYPE5 heading, offsets from 1 as published.
pub(super) fn type5(page: &'static str, entry_type: &str, user: &str, data_bytes: usize) -> Record {
    let mut record = Record::new(page);
    record.text(0, 609 + data_bytes, "");
    let at = |offset: usize| offset - 1;
    record.text(at(1), 5, &format!("{:05}", 609 + data_bytes));
    record.text(at(6), 20, &format!("{:020}", 4711)).text(at(26), 1, "T").text(at(27), 2, entry_type);
    record.text(at(29), 26, "2026-02-28-10.00.00.123456");
    record.text(at(55), 10, "QPADEV0001").text(at(65), 10, user).text(at(75), 6, "123456");
    record.text(at(81), 10, "QCMD").text(at(91), 10, "QSYS");
    record.text(at(187), 10, user).text(at(197), 8, "IBMI1");
    record
}

/// One token of an SPI buffer: type, number, the subsystem number where it is qualified, value.
pub(super) fn token(
    data_type: u8,
    number: i16,
    subsystem: Option<u16>,
    value: &[u8],
    is_variable: bool,
) -> Vec<u8> {
    let mut bytes = vec![data_type | if subsystem.is_some() { 0x80 } else { 0 }];
    bytes.push(if is_variable { 0xff } else { u8::try_from(value.len()).unwrap() });
    bytes.extend(number.to_be_bytes());
    if let Some(subsystem) = subsystem {
        bytes.extend(b"TANDEM  ");
        bytes.extend(subsystem.to_be_bytes());
        bytes.extend(0x4706_u16.to_be_bytes());
    }
    if is_variable {
        bytes.extend(u16::try_from(value.len()).unwrap().to_be_bytes());
    }
    bytes.extend(value);
    if value.len() % 2 == 1 {
        bytes.push(0);
    }
    bytes
}

/// An SPI buffer with an event header whose number stands before its times.
pub(super) fn spi(number: u16, unix_micros: i64, tokens: &[Vec<u8>]) -> Vec<u8> {
    let mut record = Record::new("ascii");
    let julian = (unix_micros + 210_866_760_000_000_000).to_be_bytes();
    record.put(0, &(-28_i16).to_be_bytes()).u16(2, 32_000);
    record.put(6, b"TANDEM  ").u16(14, 42).u16(16, 0x4706).u16(22, 2);
    record.put(24, &[12, 32]).put(26, &(-479_i16).to_be_bytes());
    record.put(28, &number.to_be_bytes()).put(30, &julian).put(38, &julian);
    record.put(46, &[255, 254]).u16(48, 7).text(50, 6, "$TMP").put(56, &[2, 99]).u16(58, 0);
    for token in tokens {
        let end = record.bytes.len();
        record.put(end, token);
    }
    let rest = record.bytes.len() - 6;
    record.u16(4, rest);
    record.bytes
}
