use proptest::prelude::*;

use super::*;

const FILE: &str = "#separator \\x09\n\
#set_separator\t,\n\
#empty_field\t(empty)\n\
#unset_field\t-\n\
#path\tdns\n\
#open\t2026-03-01-10-00-00\n\
#fields\tts\tuid\tquery\tAA\tanswers\n\
#types\ttime\tstring\tstring\tbool\tvector[string]\n\
1772359200.5\tC1\twww.example.com\tT\t198.51.100.9\n\
1772359201.5\tC2\twww.example.net\tF\t(empty)\n\
#close\t2026-03-01-11-00-00\n";
const PREFIX: &str =
    "#zeek_tsv path=dns sep=%09 set=, empty=(empty) unset=- fields=ts,uid,query,AA?,answers*";

fn records(framer: &mut ZeekTsvFramer, text: &str) -> Vec<(u64, String)> {
    let mut found = Vec::new();
    for (line, position) in text.lines().zip(1..) {
        framer.push(position, line.as_bytes(), &mut |position, record| {
            found.push((position, String::from_utf8_lossy(record).into_owned()));
        });
    }
    found
}

#[test]
fn every_line_of_data_carries_the_header() {
    let found = records(&mut ZeekTsvFramer::new(), FILE);
    let expected = [
        (9, format!("{PREFIX}\n1772359200.5\tC1\twww.example.com\tT\t198.51.100.9")),
        (10, format!("{PREFIX}\n1772359201.5\tC2\twww.example.net\tF\t(empty)")),
    ];
    assert_eq!(found, expected);
}

#[test]
fn other_lines_pass_unchanged() {
    let text = "# a comment\n<13>Mar  1 10:00:00 web1 app: x\n{\"a\":1}\n#path\tdns\n";
    let found: Vec<_> = records(&mut ZeekTsvFramer::new(), text).into_iter().map(|(_, line)| line).collect();
    assert_eq!(found, text.lines().collect::<Vec<_>>());
    // Under a header too, and so do comments, JSON and the lines after the end of the file.
    let text = format!("{}{{\"a\":1}}\n# a comment\n", FILE.replace("#close\t2026-03-01-11-00-00\n", ""));
    let found = records(&mut ZeekTsvFramer::new(), &text);
    assert_eq!(found[2..], [(11, "{\"a\":1}".to_owned()), (12, "# a comment".to_owned())]);
    let found = records(&mut ZeekTsvFramer::new(), &format!("{FILE}a\tb\n"));
    assert_eq!(found.last(), Some(&(12, "a\tb".to_owned())));
}

#[test]
fn a_second_file_has_its_own_header() {
    let text = format!("{FILE}{}", FILE.replace("\tuid", "").replace("dns", "other path"));
    let found = records(&mut ZeekTsvFramer::new(), &text);
    let (_, last) = found.last().unwrap();
    assert!(last.starts_with("#zeek_tsv path=other%20path "), "{last}");
    assert!(last.contains("fields=ts,query,AA,answers"), "{last}");
}

#[test]
fn a_follower_takes_up_where_it_was() {
    let mut framer = ZeekTsvFramer::new();
    let before = FILE.find("1772359201").unwrap();
    let whole = records(&mut framer, &FILE[..before]);
    assert_eq!(framer.header(), Some(PREFIX));
    let mut resumed = ZeekTsvFramer::resume(framer.header().unwrap());
    let rest = records(&mut resumed, &FILE[before..]);
    assert_eq!(whole.len() + rest.len(), 2);
    assert_eq!(rest[0].1, format!("{PREFIX}\n1772359201.5\tC2\twww.example.net\tF\t(empty)"));
    assert_eq!(ZeekTsvFramer::resume("nonsense").header(), None);
}

#[test]
fn other_separators_and_headers_without_types() {
    let text = "#separator |\n#path|conn\n#fields|ts|uid\n1772359200.5|C1\n";
    let found = records(&mut ZeekTsvFramer::new(), text);
    assert_eq!(
        found[0].1,
        "#zeek_tsv path=conn sep=| set=, empty=(empty) unset=- fields=ts,uid\n1772359200.5|C1"
    );
    let text = "#fields\tts\tuid\n1772359200.5\tC1\n";
    let found = records(&mut ZeekTsvFramer::new(), text);
    assert_eq!(found[0].0, 2);
    assert!(found[0].1.ends_with("fields=ts,uid\n1772359200.5\tC1"));
}

proptest! {
    /// Law LOSS: what is no header comes out, once, whole and under its number.
    #[test]
    fn nothing_but_headers_is_taken(
        lines in proptest::collection::vec(
            "(#(separator \\\\x09|fields|types|path|open|close|set_separator|other)(\t[a-z,]{0,4}){0,3}|[a-z\t#{]{1,8})",
            0..30,
        ),
    ) {
        let mut framer = ZeekTsvFramer::new();
        for (line, position) in lines.iter().zip(1..) {
            let mut count = 0;
            framer.push(position, line.as_bytes(), &mut |found, record| {
                count += 1;
                assert_eq!(found, position);
                assert!(record.ends_with(line.as_bytes()));
            });
            prop_assert!(count == 1 || (count == 0 && line.starts_with('#')));
        }
    }
}
