//! Host names in addresses, and the domain that somebody registered.

use std::net::IpAddr;

use super::suffixes::second_level;

/// The host that an address names: what stands behind `//`, without user, port and path.
pub(super) fn hostname(address: &str) -> &str {
    let rest = match address.split_once("://") {
        // Whatever stands before it is taken for the scheme, unless the address has come to its path there.
        Some((before, rest)) if !before.contains(['/', '?', '#', '\\']) => rest,
        _ => {
            let trimmed = address.trim_start();
            trimmed.strip_prefix("//").unwrap_or(trimmed)
        }
    };
    let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    let authority = rest.get(..end).unwrap_or(rest).trim();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    if host.starts_with('[') {
        return host.find(']').and_then(|end| host.get(..=end)).unwrap_or("");
    }
    match host.split_once(':') {
        // More than one colon and no brackets: an address of IPv6.
        Some((_, port)) if port.contains(':') => host,
        Some((host, _)) => host,
        None => host,
    }
}

/// The public suffix of the address's host and the label before it; "" where there are not both.
///
/// Public suffixes are approximated: the last label, and with it the one before where that is among
/// the second-level registries of its country.
pub(super) fn registered(address: &str) -> &str {
    let host = hostname(address).trim_end_matches('.');
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    if bare.parse::<IpAddr>().is_ok() || host.split('.').any(|label| !is_label(label)) {
        return "";
    }
    let mut dots = host.rmatch_indices('.').map(|(at, _)| at);
    let (Some(last), second) = (dots.next(), dots.next()) else { return "" };
    let top = host.get(last + 1..).unwrap_or_default();
    let before = host.get(second.map_or(0, |at| at + 1)..last).unwrap_or_default();
    let start = if second_level(top, before) {
        match second {
            Some(_) => dots.next().map_or(0, |at| at + 1),
            // The host is a public suffix itself.
            None => return "",
        }
    } else {
        second.map_or(0, |at| at + 1)
    };
    host.get(start..).unwrap_or_default()
}

/// Whether a label could be of a host: letters of any script, digits, hyphens, underscores.
fn is_label(label: &str) -> bool {
    !label.is_empty()
        && label.chars().all(|char| char.is_alphanumeric() || matches!(char, '-' | '_') || !char.is_ascii())
}
