//! Entries as LDIF (RFC 2849), always the same for the same entries, whatever order a directory gives them in.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::fetch::Entry;

/// The entries as a file that `sentra-enrich` reads.
#[must_use]
pub fn ldif_of(entries: &[Entry]) -> String {
    let mut sorted: Vec<&Entry> = entries.iter().collect();
    sorted.sort_by(|one, other| one.dn.cmp(&other.dn));
    let mut out = String::from("version: 1\n");
    for entry in sorted {
        out.push('\n');
        line(&mut out, "dn", entry.dn.as_bytes());
        let mut attributes: Vec<(&str, &Vec<u8>)> = entry
            .attributes
            .iter()
            .filter(|(name, _)| is_name(name))
            .flat_map(|(name, values)| values.iter().map(move |value| (name.as_str(), value)))
            .collect();
        attributes.sort_unstable();
        for (name, value) in attributes {
            line(&mut out, name, value);
        }
    }
    out
}

/// Whether it is an attribute's name, with options: anything else could be read as another line.
fn is_name(name: &str) -> bool {
    !name.is_empty()
        && !name.eq_ignore_ascii_case("dn")
        && !name.eq_ignore_ascii_case("changetype")
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.;=_".contains(&byte))
}

fn line(out: &mut String, name: &str, value: &[u8]) {
    out.push_str(name);
    match std::str::from_utf8(value).ok().filter(|text| is_safe(text)) {
        Some(text) => {
            out.push_str(": ");
            out.push_str(text);
        }
        None => {
            out.push_str(":: ");
            out.push_str(&STANDARD.encode(value));
        }
    }
    out.push('\n');
}

/// Whether it may stand as it is: printable, and nothing at its ends that means something else.
fn is_safe(text: &str) -> bool {
    let begins_well = !text.starts_with([' ', ':', '<']) && !text.ends_with(' ');
    begins_well && text.bytes().all(|byte| (0x20..0x7f).contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_always_the_same_and_nothing_slips_out_of_its_line() {
        let entry = |dn: &str, mail: &[&str]| Entry {
            dn: dn.to_owned(),
            attributes: vec![
                ("mail".to_owned(), mail.iter().map(|mail| mail.as_bytes().to_vec()).collect()),
                ("x\nuid".to_owned(), vec![b"evil".to_vec()]),
                ("changetype".to_owned(), vec![b"delete".to_vec()]),
                ("cn".to_owned(), vec![b"a\n\ndn: CN=evil".to_vec(), vec![0, 255]]),
            ],
        };
        let text = ldif_of(&[entry("CN=b", &["b@x"]), entry("CN=\u{fc}", &["2@x", "1@x"])]);
        assert_eq!(
            text,
            "version: 1\n\ndn: CN=b\ncn:: AP8=\ncn:: YQoKZG46IENOPWV2aWw=\nmail: b@x\n\
             \ndn:: Q0498Lw=\ncn:: AP8=\ncn:: YQoKZG46IENOPWV2aWw=\nmail: 1@x\nmail: 2@x\n"
                .replace("Q0498Lw=", "Q049w7w=")
        );
        assert_eq!(text, ldif_of(&[entry("CN=\u{fc}", &["1@x", "2@x"]), entry("CN=b", &["b@x"])]));
    }
}
