use proptest::prelude::*;

use super::super::joiner::joiner;
use super::*;

const LIMITS: CutLimits = CutLimits { line_bytes_max: 1_000, bytes_max: 10_000, records_max: 100 };

fn cut_text(text: &[u8], from: u64, limits: CutLimits, at_end: AtEnd) -> Cut {
    cut(text, from, None, &mut *joiner(None, None), limits, at_end).unwrap()
}

fn shown(cut: &Cut) -> Vec<(u64, String)> {
    let show = |piece: &Piece| match &piece.content {
        Content::Records(records) => records
            .iter()
            .map(|record| (record.position, String::from_utf8_lossy(&record.bytes).into_owned()))
            .collect::<Vec<_>>(),
        Content::Long(lines) => {
            lines.iter().map(|line| (line.position, format!("long {}", line.length_bytes))).collect()
        }
    };
    cut.pieces.iter().flat_map(show).collect()
}

#[test]
fn lines_have_the_byte_at_which_they_begin() {
    type Case = (&'static [u8], AtEnd, &'static [(u64, &'static str)], u64);
    let cases: [Case; 9] = [
        (b"one\ntwo\r\n\n  \nfive", AtEnd::Wait, &[(0, "one"), (4, "two")], 13),
        (b"one\ntwo", AtEnd::FlushLines, &[(0, "one")], 4),
        (b"one\ntwo", AtEnd::FlushAll, &[(0, "one"), (4, "two")], 7),
        (b"\xEF\xBB\xBFone\n", AtEnd::Wait, &[(3, "one")], 7),
        (b"\0\0\0one\ntwo\n", AtEnd::Wait, &[(3, "one"), (7, "two")], 11),
        (b"one\n\0\0\0\0", AtEnd::FlushAll, &[(0, "one")], 4),
        (b"one\n\0\0two\n", AtEnd::Wait, &[(0, "one"), (6, "two")], 10),
        (b"", AtEnd::FlushAll, &[], 0),
        (b"\n\n\n", AtEnd::Wait, &[], 3),
    ];
    for (text, at_end, expected, to) in cases {
        let cut = cut_text(text, 0, LIMITS, at_end);
        let expected: Vec<_> = expected.iter().map(|(at, line)| (*at, (*line).to_owned())).collect();
        assert_eq!((shown(&cut), cut.to, cut.is_at_end), (expected, to, true), "{text:?}");
        assert_eq!(cut.seen, text.len() as u64);
    }
}

#[test]
fn a_line_over_the_limit_is_a_piece_of_its_own() {
    let limits = CutLimits { line_bytes_max: 4, ..LIMITS };
    let cut = cut_text(b"abcd\r\nabcde\nabcdefghijkl\r\nx\n", 0, limits, AtEnd::Wait);
    assert_eq!(
        shown(&cut),
        [(0, "abcd".to_owned()), (6, "long 5".to_owned()), (12, "long 12".to_owned()), (26, "x".to_owned())]
    );
    assert_eq!(cut.pieces.iter().map(|piece| piece.to).collect::<Vec<_>>(), [6, 26, 28]);
}

#[test]
fn a_line_without_an_end_is_looked_at_once() {
    let mut text = b"one\n".to_vec();
    text.extend(vec![b'x'; 5_000]);
    let first = cut_text(&text, 0, LIMITS, AtEnd::Wait);
    assert_eq!((first.to, first.scanned, first.seen), (4, Some(5_004), 5_004));
    text.extend(b"yyy\ntwo\n");
    let next = cut(&text[..], 4, first.scanned, &mut *joiner(None, None), LIMITS, AtEnd::Wait).unwrap();
    assert_eq!(shown(&next), [(4, "long 5003".to_owned()), (5_008, "two".to_owned())]);
}

#[test]
fn the_lines_of_an_audit_event_are_one_record() {
    let line = |kind: &str, serial: u32| format!("type={kind} msg=audit(1700000000.123:{serial}): x\n");
    let text =
        [line("SYSCALL", 7), line("SYSCALL", 8), line("PATH", 7), line("PROCTITLE", 7), line("PATH", 8)]
            .concat();
    let waiting = cut_text(text.as_bytes(), 0, LIMITS, AtEnd::Wait);
    assert_eq!(
        (shown(&waiting), waiting.to),
        (vec![], 0),
        "event 7 has left, but event 8 began before its end"
    );
    let flushed = cut_text(text.as_bytes(), 0, LIMITS, AtEnd::FlushLines);
    assert_eq!(flushed.to, text.len() as u64);
    let lines: Vec<usize> = shown(&flushed).iter().map(|(_, record)| record.lines().count()).collect();
    assert_eq!(lines, [3, 2]);
}

#[test]
fn the_header_of_a_zeek_file_is_handed_on() {
    let text = b"#separator \\x09\n#path\tconn\n#fields\tts\tuid\n#types\ttime\tstring\n1.0\tC1\n";
    let first = cut_text(text, 0, LIMITS, AtEnd::Wait);
    assert_eq!(shown(&first).len(), 1);
    let header = first.pieces[0].header.clone();
    assert!(header.as_ref().unwrap().starts_with("#zeek_tsv path=conn"), "{header:?}");
    assert_eq!(first.header, header);
    let next =
        cut(&b"2.0\tC2\n"[..], 0, None, &mut *joiner(None, header.as_deref()), LIMITS, AtEnd::Wait).unwrap();
    assert_eq!(shown(&next), [(0, format!("{}\n2.0\tC2", header.unwrap()))]);
}

/// Reads everything in cuts of at most `bytes_max`, as the follower does.
fn in_cuts(text: &[u8], limits: CutLimits) -> (Vec<(u64, String)>, u64) {
    let (mut all, mut from, mut header, mut scanned) = (Vec::new(), 0, None::<String>, None);
    loop {
        let mut joiner = joiner(None, header.as_deref());
        let cut = cut(text, from, scanned, &mut *joiner, limits, AtEnd::FlushAll).unwrap();
        let mut last = from;
        for piece in &cut.pieces {
            assert!(piece.to > last && piece.to <= cut.to, "places go forward");
            last = piece.to;
        }
        assert!(cut.is_at_end || cut.to > from || cut.scanned > scanned, "every cut comes further");
        all.extend(shown(&cut));
        (from, header, scanned) = (cut.to, cut.header, cut.scanned);
        if cut.is_at_end {
            return (all, from);
        }
    }
}

fn some_line() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ab]{0,30}\r?",
        "[ab]{200,400}",
        (
            0u32..6,
            prop_oneof![Just("SYSCALL"), Just("PATH"), Just("PROCTITLE"), Just("EOE"), Just("USER_AUTH")]
        )
            .prop_map(|(serial, kind)| format!("type={kind} msg=audit(1700000000.123:{serial}): x")),
        Just("#fields\tts\tuid".to_owned()),
        Just("1.0\tC1".to_owned()),
    ]
}

proptest! {
    /// Law LOSS: every line that is not blank comes out exactly once, wherever the cuts are.
    #[test]
    fn no_line_is_lost_or_doubled(
        lines in proptest::collection::vec(some_line(), 0..60),
        bytes_max in 1usize..600,
        records_max in 1usize..20,
        ends_in_newline in any::<bool>(),
    ) {
        let mut text = lines.join("\n");
        if ends_in_newline {
            text.push('\n');
        }
        let limits = CutLimits { line_bytes_max: 100, bytes_max, records_max };
        let (records, end) = in_cuts(text.as_bytes(), limits);
        prop_assert_eq!(end, text.len() as u64);
        let mut found: Vec<String> = records
            .iter()
            .flat_map(|(_, record)| record.lines().map(str::to_owned).collect::<Vec<_>>())
            .filter(|line| !line.starts_with("#zeek_tsv"))
            .collect();
        let is_header = |line: &str| line.starts_with("#fields");
        let mut expected: Vec<String> = lines
            .iter()
            .map(|line| line.trim_end_matches('\r'))
            .filter(|line| !line.is_empty() && !is_header(line))
            .map(|line| if line.len() > 100 { format!("long {}", line.len()) } else { line.to_owned() })
            .collect();
        found.sort();
        expected.sort();
        prop_assert_eq!(found, expected);
    }
}
