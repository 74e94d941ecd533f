//! EBCDIC code pages, and the ASCII that translated dumps are in.
//!
//! The five pages differ in a few places of one table, so there is one table and what differs from it; the
//! compiler makes whole tables of that. Every page is a bijection between the 256 bytes and 256 characters, so
//! text survives the way there and back.

/// Which characters the bytes of a record stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CodePage {
    /// USA, Canada, Netherlands, Portugal, Brazil: the default of IBM i.
    Ibm037,
    /// Germany and Austria.
    Ibm273,
    /// International.
    Ibm500,
    /// Open systems Latin-1: the default of z/OS UNIX.
    Ibm1047,
    /// 037 with the euro sign.
    Ibm1140,
    /// No EBCDIC at all: the file transfer has translated the record, as ISO 8859-1.
    Ascii,
}

/// The name of a page as it stands in `smf:ibm-1047`, and the page.
const NAMES: [(&str, CodePage); 6] = [
    ("037", CodePage::Ibm037),
    ("273", CodePage::Ibm273),
    ("500", CodePage::Ibm500),
    ("1047", CodePage::Ibm1047),
    ("1140", CodePage::Ibm1140),
    ("ascii", CodePage::Ascii),
];

impl CodePage {
    /// The page called `ibm-1047`, `ibm1047`, `cp1047`, `1047`, or `ascii`.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        let bare = ["ibm-", "ibm", "cp"].iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(&name);
        let bare = if bare == "37" { "037" } else { bare };
        NAMES.iter().find(|(known, _)| *known == bare).map(|(_, page)| *page)
    }

    /// The characters of all 256 bytes; `None` for ASCII, whose bytes are their own characters.
    fn table(self) -> Option<&'static [char; 256]> {
        Some(match self {
            Self::Ibm037 => &IBM_037,
            Self::Ibm273 => &IBM_273,
            Self::Ibm500 => &IBM_500,
            Self::Ibm1047 => &IBM_1047,
            Self::Ibm1140 => &IBM_1140,
            Self::Ascii => return None,
        })
    }

    /// The character of one byte.
    pub(crate) fn character(self, byte: u8) -> char {
        let in_table = |table: &[char; 256]| table.get(usize::from(byte)).copied();
        self.table().and_then(in_table).unwrap_or(char::from(byte))
    }

    /// The text of `bytes` without the blanks and NULs that fill a field up.
    pub(crate) fn text(self, bytes: &[u8]) -> String {
        let blank = if self == Self::Ascii { b' ' } else { 0x40 };
        let is_filled = |byte: &u8| *byte != blank && *byte != 0;
        let first = bytes.iter().position(is_filled).unwrap_or(bytes.len());
        let end = bytes.iter().rposition(is_filled).map_or(first, |last| last + 1);
        bytes.get(first..end).unwrap_or_default().iter().map(|byte| self.character(*byte)).collect()
    }

    /// Whether all of `bytes` are characters that people write.
    pub(crate) fn is_printable(self, bytes: &[u8]) -> bool {
        bytes.iter().all(|byte| !self.character(*byte).is_control())
    }
}

/// IBM code page 037, as published in the IBM globalization library (CCSID 37).
#[rustfmt::skip]
const IBM_037: [char; 256] = [
    '\u{0}', '\u{1}', '\u{2}', '\u{3}', '\u{9c}', '\u{9}', '\u{86}', '\u{7f}', '\u{97}', '\u{8d}', '\u{8e}', '\u{b}', '\u{c}', '\u{d}', '\u{e}', '\u{f}',
    '\u{10}', '\u{11}', '\u{12}', '\u{13}', '\u{9d}', '\u{85}', '\u{8}', '\u{87}', '\u{18}', '\u{19}', '\u{92}', '\u{8f}', '\u{1c}', '\u{1d}', '\u{1e}', '\u{1f}',
    '\u{80}', '\u{81}', '\u{82}', '\u{83}', '\u{84}', '\u{a}', '\u{17}', '\u{1b}', '\u{88}', '\u{89}', '\u{8a}', '\u{8b}', '\u{8c}', '\u{5}', '\u{6}', '\u{7}',
    '\u{90}', '\u{91}', '\u{16}', '\u{93}', '\u{94}', '\u{95}', '\u{96}', '\u{4}', '\u{98}', '\u{99}', '\u{9a}', '\u{9b}', '\u{14}', '\u{15}', '\u{9e}', '\u{1a}',
    ' ', '\u{a0}', 'â', 'ä', 'à', 'á', 'ã', 'å', 'ç', 'ñ', '¢', '.', '<', '(', '+', '|',
    '&', 'é', 'ê', 'ë', 'è', 'í', 'î', 'ï', 'ì', 'ß', '!', '$', '*', ')', ';', '¬',
    '-', '/', 'Â', 'Ä', 'À', 'Á', 'Ã', 'Å', 'Ç', 'Ñ', '¦', ',', '%', '_', '>', '?',
    'ø', 'É', 'Ê', 'Ë', 'È', 'Í', 'Î', 'Ï', 'Ì', '`', ':', '#', '@', '\'', '=', '"',
    'Ø', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', '«', '»', 'ð', 'ý', 'þ', '±',
    '°', 'j', 'k', 'l', 'm', 'n', 'o', 'p', 'q', 'r', 'ª', 'º', 'æ', '¸', 'Æ', '¤',
    'µ', '~', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z', '¡', '¿', 'Ð', 'Ý', 'Þ', '®',
    '^', '£', '¥', '·', '©', '§', '¶', '¼', '½', '¾', '[', ']', '¯', '¨', '´', '×',
    '{', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', '\u{ad}', 'ô', 'ö', 'ò', 'ó', 'õ',
    '}', 'J', 'K', 'L', 'M', 'N', 'O', 'P', 'Q', 'R', '¹', 'û', 'ü', 'ù', 'ú', 'ÿ',
    '\\', '÷', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', '²', 'Ô', 'Ö', 'Ò', 'Ó', 'Õ',
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '³', 'Û', 'Ü', 'Ù', 'Ú', '\u{9f}',
];

/// CCSID 273. Published tables disagree on 0xbc only: an overline, as here, or a macron.
#[rustfmt::skip]
static IBM_273: [char; 256] = page(&[
    (0x43, '{'), (0x4a, 'Ä'), (0x4f, '!'), (0x59, '~'), (0x5a, 'Ü'), (0x5f, '^'), (0x63, '['),
    (0x6a, 'ö'), (0x7c, '§'), (0xa1, 'ß'), (0xb0, '¢'), (0xb5, '@'), (0xba, '¬'), (0xbb, '|'),
    (0xbc, '‾'), (0xc0, 'ä'), (0xcc, '¦'), (0xd0, 'ü'), (0xdc, '}'), (0xe0, 'Ö'), (0xec, '\\'),
    (0xfc, ']'),
]);

/// CCSID 500.
#[rustfmt::skip]
static IBM_500: [char; 256] = page(&[
    (0x4a, '['), (0x4f, '!'), (0x5a, ']'), (0x5f, '^'), (0xb0, '¢'), (0xba, '¬'), (0xbb, '|'),
]);

/// CCSID 1047.
#[rustfmt::skip]
static IBM_1047: [char; 256] = page(&[
    (0x5f, '^'), (0xad, '['), (0xb0, '¬'), (0xba, 'Ý'), (0xbb, '¨'), (0xbd, ']'),
]);

/// CCSID 1140.
#[rustfmt::skip]
static IBM_1140: [char; 256] = page(&[
    (0x9f, '€'),
]);

/// Page 037 with some characters in other places.
#[allow(clippy::indexing_slicing, reason = "run by the compiler, which a wrong index would stop")]
const fn page(differences: &[(u8, char)]) -> [char; 256] {
    let mut table = IBM_037;
    let mut index = 0;
    while index < differences.len() {
        let (byte, character) = differences[index];
        table[byte as usize] = character;
        index += 1;
    }
    table
}
