//! For whom a record is taken in. Law TENANT: a sender has exactly one tenant, or it is refused.

use std::collections::BTreeMap;
use std::net::IpAddr;

use sentra_model::TenantId;

use crate::settings::{IntakeSettings, KeySettings, ListenerSettings, RouteSettings};

/// Longest API key that is looked at.
const KEY_BYTES_MAX: usize = 512;

/// What a sender shows of itself.
#[derive(Debug, Clone, Copy)]
pub struct Presented<'a> {
    /// The listener it came to.
    pub listener: &'a ListenerSettings,
    /// Where it comes from.
    pub address: IpAddr,
    /// Names in its certificate, which is verified.
    pub certificate: &'a [String],
    /// The API key it sent.
    pub key: Option<&'a str>,
}

/// Who a sender is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    /// Whose records it sends.
    pub tenant: TenantId,
    /// The format of its records.
    pub format: Option<String>,
}

/// Why a sender is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The key is none of ours.
    #[error("the API key is not known")]
    UnknownKey,
    /// Nothing says whose records these are.
    #[error("no route says whose records these are; add one, or give the listener a tenant")]
    NoTenant,
}

/// Everybody who may send, by what they show.
#[derive(Debug, Clone, Default)]
pub struct Senders {
    routes: Vec<RouteSettings>,
    keys: BTreeMap<[u8; 32], KeySettings>,
}

impl Senders {
    /// The senders of `settings`. Keys whose digest is no digest are left out; the configuration refuses them.
    #[must_use]
    pub fn new(settings: &IntakeSettings) -> Self {
        let digest =
            |key: &KeySettings| blake3::Hash::from_hex(&key.blake3).ok().map(|hash| *hash.as_bytes());
        let keys = settings.keys.iter().filter_map(|key| Some((digest(key)?, key.clone()))).collect();
        Self { routes: settings.routes.clone(), keys }
    }

    /// Who the sender of `key` is. The key's digest is looked up, so how long that takes says nothing about
    /// other keys.
    ///
    /// # Errors
    /// [`Refused::UnknownKey`].
    pub fn by_key(&self, key: &str) -> Result<Sender, Refused> {
        let known =
            (key.len() <= KEY_BYTES_MAX).then(|| self.keys.get(blake3::hash(key.as_bytes()).as_bytes()));
        let found = known.flatten().ok_or(Refused::UnknownKey)?;
        Ok(Sender { tenant: found.tenant.clone(), format: found.format.clone() })
    }

    /// Who a sender is: by its key, else by the first route that fits, else by the listener.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn identify(&self, presented: &Presented<'_>) -> Result<Sender, Refused> {
        if let Some(key) = presented.key {
            return self.by_key(key);
        }
        let listener = presented.listener;
        if let Some(route) = self.routes.iter().find(|route| fits(route, presented)) {
            let format = route.format.clone().or_else(|| listener.format.clone());
            return Ok(Sender { tenant: route.tenant.clone(), format });
        }
        let tenant = listener.tenant.clone().ok_or(Refused::NoTenant)?;
        Ok(Sender { tenant, format: listener.format.clone() })
    }
}

fn fits(route: &RouteSettings, presented: &Presented<'_>) -> bool {
    let of_listener = route.listener.as_ref().is_none_or(|name| *name == presented.listener.name);
    let of_address = route.address.is_none_or(|network| network.contains(presented.address));
    let named = |wanted: &String| presented.certificate.iter().any(|name| is_name(wanted, name));
    let of_certificate = route.certificate.as_ref().is_none_or(named);
    of_listener && of_address && of_certificate
}

/// Whether a certificate's `name` is the `wanted` one.
fn is_name(wanted: &str, name: &str) -> bool {
    match wanted.strip_prefix("*.") {
        Some(parent) => name.split_once('.').is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(parent)),
        None => name.eq_ignore_ascii_case(wanted),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> IntakeSettings {
        let route = |address: Option<&str>, certificate: Option<&str>, tenant: &str| RouteSettings {
            listener: None,
            address: address.map(|text| text.to_owned().try_into().unwrap()),
            certificate: certificate.map(str::to_owned),
            tenant: tenant.parse().unwrap(),
            format: None,
        };
        IntakeSettings {
            routes: vec![
                route(None, Some("*.bank-a.example"), "bank-a"),
                route(Some("192.0.2.0/24"), None, "bank-b"),
            ],
            keys: vec![KeySettings {
                name: "shipper".to_owned(),
                blake3: blake3::hash(b"secret").to_hex().to_string(),
                tenant: "bank-c".parse().unwrap(),
                format: Some("nginx".to_owned()),
            }],
            ..IntakeSettings::default()
        }
    }

    /// Law TENANT: what is shown decides, and what shows nothing is refused where no tenant is set.
    #[test]
    fn the_first_that_fits_decides() {
        let senders = Senders::new(&settings());
        let mut listener = ListenerSettings {
            name: "syslog".to_owned(),
            protocol: crate::Protocol::SyslogTcp,
            address: "127.0.0.1:0".parse().unwrap(),
            public: false,
            tenant: None,
            format: None,
            tls: None,
            snmp: None,
        };
        let ask = |listener: &ListenerSettings, address: &str, certificate: &[&str], key: Option<&str>| {
            let certificate: Vec<String> = certificate.iter().map(|name| (*name).to_owned()).collect();
            let address = address.parse().unwrap();
            let sender = senders.identify(&Presented { listener, address, certificate: &certificate, key });
            sender.map(|sender| sender.tenant.to_string())
        };
        assert_eq!(ask(&listener, "192.0.2.7", &["web1.bank-a.example"], None).unwrap(), "bank-a");
        assert_eq!(ask(&listener, "192.0.2.7", &["bank-a.example"], None).unwrap(), "bank-b");
        assert_eq!(ask(&listener, "192.0.2.7", &[], Some("secret")).unwrap(), "bank-c");
        assert_eq!(ask(&listener, "192.0.2.7", &[], Some("Secret")), Err(Refused::UnknownKey));
        assert_eq!(ask(&listener, "198.51.100.7", &["a.b.bank-a.example"], None), Err(Refused::NoTenant));
        listener.tenant = Some("fallback".parse().unwrap());
        assert_eq!(ask(&listener, "198.51.100.7", &[], None).unwrap(), "fallback");
    }
}
