//! Which partition a source's records go to.

use std::net::{IpAddr, SocketAddr};

use sentra_model::{Digest, Source, SourceKind};

use crate::payload::kind_to_byte;

/// Law LIMIT: most partitions of a topic that records are spread over. Each is read ahead and has a segment open.
pub const PARTITIONS_MAX: u32 = 64;

/// The partition, below `partitions`, for what comes from `source`.
///
/// A source is its kind and its origin without a port: a sender that connects anew from another port is the same
/// source, and its records stay in order in one partition. The answer depends on nothing else, so it is the same in
/// every process and release (a test pins it); it changes when `partitions` does, and then a source's records stand
/// in two partitions, each part in order. `partitions` of 0 counts as 1.
#[must_use]
pub fn partition_of(source: &Source, partitions: u32) -> u32 {
    if partitions <= 1 {
        return 0;
    }
    // The number that stands for the kind on disk: it never changes either.
    let kind = u64::from(kind_to_byte(source.kind));
    let digest = Digest::new("sentra.backbone.partition").number(kind).text(&place(source));
    let partition = digest.first_u64() % u64::from(partitions);
    u32::try_from(partition).unwrap_or(0)
}

/// The origin without a port. A file's path is taken as it is, whatever it looks like.
fn place(source: &Source) -> String {
    let origin = source.origin.as_str();
    if source.kind == SourceKind::File {
        return origin.to_owned();
    }
    let address = origin.parse::<SocketAddr>().map(|address| address.ip());
    match address.or_else(|_no_port| origin.trim_matches(['[', ']']).parse::<IpAddr>()) {
        // A socket for both families shows IPv4 senders as IPv6.
        Ok(address) => address.to_canonical().to_string(),
        Err(_name) => without_port(origin).to_owned(),
    }
}

/// A host name without the port behind it.
fn without_port(origin: &str) -> &str {
    match origin.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') && port.parse::<u16>().is_ok() => host,
        _ => origin,
    }
}

#[cfg(test)]
mod tests {
    use sentra_model::Timestamp;

    use super::*;

    fn source(kind: SourceKind, origin: &str) -> Source {
        let reference = Timestamp::from_seconds(1);
        Source { kind, origin: origin.to_owned(), format: None, reference }
    }

    #[test]
    fn the_port_does_not_count_and_the_rest_does() {
        for (origin, expected) in [
            ("192.0.2.1:514", "192.0.2.1"),
            ("192.0.2.1", "192.0.2.1"),
            ("[::ffff:192.0.2.1]:40001", "192.0.2.1"),
            ("[2001:db8::1]:514", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("2001:db8::1", "2001:db8::1"),
            ("2001:DB8:0::1", "2001:db8::1"),
            ("fw.example.com:6514", "fw.example.com"),
            ("fw.example.com", "fw.example.com"),
            ("fw.example.com:syslog", "fw.example.com:syslog"),
            ("a:b:514", "a:b:514"),
            ("", ""),
        ] {
            assert_eq!(place(&source(SourceKind::SyslogTcp, origin)), expected, "{origin}");
        }
        assert_eq!(place(&source(SourceKind::File, "/var/log/10:20")), "/var/log/10:20");
        let mut other = source(SourceKind::Http, "192.0.2.1:40001");
        let before = partition_of(&other, 1000);
        other.format = Some("json".to_owned());
        other.reference = Timestamp::from_seconds(99);
        assert_eq!(partition_of(&other, 1000), before);
    }

    /// Law IDENTITY: these numbers are in people's directories. Do not renew them.
    #[test]
    fn the_answer_never_changes() {
        let of = |kind, origin| partition_of(&source(kind, origin), 1000);
        let found = [
            of(SourceKind::SyslogTcp, "192.0.2.1:514"),
            of(SourceKind::SyslogUdp, "192.0.2.1:514"),
            of(SourceKind::Http, "[2001:db8::1]:443"),
            of(SourceKind::File, "/var/log/auth.log"),
        ];
        assert_eq!(found, [963, 493, 86, 896]);
    }

    #[test]
    fn sources_spread_evenly_and_one_partition_takes_all() {
        let mut counts = [0_u32; 7];
        for number in 0..7000 {
            let origin = format!("192.0.{}.{}:514", number / 250, number % 250);
            counts[partition_of(&source(SourceKind::SyslogUdp, &origin), 7) as usize] += 1;
        }
        assert!(counts.iter().all(|count| (850..1150).contains(count)), "{counts:?}");
        for partitions in [0, 1] {
            assert_eq!(partition_of(&source(SourceKind::Http, "192.0.2.9"), partitions), 0);
        }
    }
}
