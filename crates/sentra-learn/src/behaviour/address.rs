//! Which addresses are of the house.

use std::net::IpAddr;

/// Addresses that do not leave the house, and what is no address at all.
pub(crate) fn is_private_address(text: &str) -> bool {
    match text.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => {
            address.is_private()
                || address.is_loopback()
                || address.is_link_local()
                || address.is_unspecified()
                || address.is_multicast()
                || address.is_broadcast()
                // Shared address space of carriers (RFC 6598).
                || address.octets().first_chunk().is_some_and(|[first, second]| *first == 100 && (64..128).contains(second))
        }
        Ok(IpAddr::V6(address)) => match address.to_ipv4_mapped() {
            Some(address) => is_private_address(&address.to_string()),
            None => {
                address.is_loopback()
                    || address.is_unspecified()
                    || address.is_multicast()
                    || address.is_unique_local()
                    || address.is_unicast_link_local()
            }
        },
        Err(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_are_known() {
        for private in [
            "10.1.2.3",
            "192.168.0.1",
            "172.16.9.9",
            "100.64.1.1",
            "::1",
            "fd00::1",
            "::ffff:10.0.0.1",
            "srv1",
            "",
        ] {
            assert!(is_private_address(private), "{private}");
        }
        for public in ["8.8.8.8", "100.128.0.1", "2001:4860::1", "172.32.0.1", "::ffff:8.8.8.8"] {
            assert!(!is_private_address(public), "{public}");
        }
    }
}
