//! Networks as regular expressions on addresses.

use std::net::IpAddr;

use crate::test::Network;

/// White space as a rule trims it, as a class without its brackets that both engines understand.
pub(super) const SPACE: &str = r"\x09-\x0d\x{85}\pZ";

/// The regular expression of the usual form of an IPv4 address in `network`; `None` for IPv6.
pub(super) fn usual_form(network: Network) -> Option<String> {
    let (IpAddr::V4(address), prefix) = network.parts() else { return None };
    let mut pattern = "^".to_owned();
    for (number, octet) in address.octets().into_iter().enumerate() {
        let fixed_bits = u32::from(prefix).saturating_sub(number as u32 * 8).min(8);
        let open_bits = 8 - fixed_bits;
        let first = (u32::from(octet) >> open_bits) << open_bits;
        let last = first + (1 << open_bits) - 1;
        if number > 0 {
            pattern += r"\.";
        }
        pattern += &match (first, last) {
            (0, 255) => "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])".to_owned(),
            (first, last) if first == last => first.to_string(),
            (first, last) => {
                let numbers: Vec<String> = (first..=last).map(|number| number.to_string()).collect();
                format!("(?:{})", numbers.join("|"))
            }
        };
    }
    Some(pattern + "$")
}

/// What else can be an address in some network: IPv6 in any form, or an address with space around it.
pub(super) fn other_forms() -> String {
    let v6 = "[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*";
    format!("^[{SPACE}]*{v6}[{SPACE}]*$|^[{SPACE}]+[0-9.]+[{SPACE}]*$|^[0-9.]+[{SPACE}]+$")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test::Test;

    #[test]
    fn the_usual_form_is_exactly_the_network() {
        for text in
            ["192.0.2.0/24", "172.16.0.0/12", "10.0.0.0/8", "0.0.0.0/0", "192.0.2.7", "192.0.2.128/25"]
        {
            let network = Network::read(text).unwrap();
            let regex = regex::Regex::new(&usual_form(network).unwrap()).unwrap();
            let test = Test::Networks(vec![network]);
            for address in [
                "192.0.2.0",
                "192.0.2.7",
                "192.0.2.127",
                "192.0.2.128",
                "192.0.2.255",
                "192.0.3.1",
                "172.15.0.1",
                "172.16.0.1",
                "172.31.255.255",
                "172.32.0.1",
                "10.1.2.3",
                "11.1.2.3",
                "256.1.1.1",
                "10.1.2",
                "x",
                "10.01.2.3",
                "10.1.2.3.4",
            ] {
                assert_eq!(regex.is_match(address), test.passes(address), "{address} in {text}");
            }
        }
        assert_eq!(usual_form(Network::read("2001:db8::/32").unwrap()), None);
    }

    #[test]
    fn whatever_else_is_in_a_network_has_another_form() {
        let other = regex::Regex::new(&other_forms()).unwrap();
        for address in ["::ffff:192.0.2.7", " 192.0.2.7", "192.0.2.7\u{a0}", "2001:DB8::1", "\t::1 "] {
            assert!(other.is_match(address), "{address:?}");
        }
        for no_address in ["192.0.2.7", "host.example", "", "C:\\Windows"] {
            assert!(!other.is_match(no_address), "{no_address:?}");
        }
    }
}
