use std::net::IpAddr;

/// Which names a request may call this server by. A foreign name that resolves to this machine is how a
/// web page of somebody else would reach a loopback server (DNS rebinding).
#[derive(Debug, Clone)]
pub(crate) struct HostNames {
    configured: Vec<String>,
}

impl HostNames {
    pub(crate) fn new(configured: &[String]) -> Self {
        Self { configured: configured.iter().map(|name| bare(name).to_ascii_lowercase()).collect() }
    }

    /// Whether `host`, the value of a `Host` header, is one of them. The port does not matter.
    pub(crate) fn allow(&self, host: &str) -> bool {
        let name = bare(host).to_ascii_lowercase();
        let is_loopback = name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        is_loopback || name == "localhost" || self.configured.contains(&name)
    }
}

/// The host without port and without the brackets of an IPv6 address.
fn bare(host: &str) -> &str {
    if let Some(rest) = host.strip_prefix('[') {
        return match rest.split_once(']') {
            Some((address, port)) if port.is_empty() || port.starts_with(':') => address,
            _ => "",
        };
    }
    match host.split_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        Some(_) if host.parse::<IpAddr>().is_ok() => host,
        Some(_) => "",
        None => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_server_may_be_named() {
        let names = HostNames::new(&["Sentra.example".to_owned(), "192.0.2.7".to_owned()]);
        for good in [
            "localhost",
            "LOCALHOST:8080",
            "127.0.0.1:8080",
            "127.9.9.9",
            "[::1]:8080",
            "[::1]",
            "sentra.EXAMPLE:443",
            "192.0.2.7:8080",
        ] {
            assert!(names.allow(good), "{good} was refused");
        }
        for bad in [
            "",
            ":8080",
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "192.0.2.8",
            "[::1",
            "[::1]evil",
            "0.0.0.0",
            "localhost:80:80",
            "127.0.0.1@evil.example",
            "0x7f000001",
        ] {
            assert!(!names.allow(bad), "{bad} was allowed");
        }
    }
}
