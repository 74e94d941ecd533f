//! The lists of the configuration: tables that come as often as the operator needs them.

use std::ops::Range;

use sentra_decode::VirtualEntities;
use sentra_intake::{KeySettings, ListenerSettings, RouteSettings, SourceSettings};
use serde::Deserialize;

use super::load::ConfigError;
use super::nearest;

/// Names of the lists, as they stand between double brackets.
pub(super) const LISTS: [&str; 5] = ["listeners", "sources", "routes", "keys", "virtual_entities"];
/// Law LIMIT: entries of one list.
const ENTRIES_MAX: usize = 10_000;

/// Doors, followed files, routes and keys.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub struct Doors {
    /// Doors that listen, beside the simple ones of `[intake]`.
    #[serde(default)]
    pub listeners: Vec<ListenerSettings>,
    /// Files that are followed.
    #[serde(default)]
    pub sources: Vec<SourceSettings>,
    /// Who a sender is, by address or certificate; the first that fits decides.
    #[serde(default)]
    pub routes: Vec<RouteSettings>,
    /// API keys of senders.
    #[serde(default)]
    pub keys: Vec<KeySettings>,
    /// Which application instance an event of a virtual machine is of.
    #[serde(default)]
    pub virtual_entities: VirtualEntities,
}

impl Doors {
    /// The lists in the TOML `text`; what is no list of this kind is not looked at.
    pub(super) fn parse(text: &str, place: impl Fn(Range<usize>) -> String) -> Result<Self, ConfigError> {
        let doors: Self = toml::from_str(text).map_err(|error| {
            let message = error.message();
            let message = match suggestion(message) {
                Some(right) => format!("{message}: did you mean {right}?"),
                None => message.to_owned(),
            };
            ConfigError::Syntax { place: place(error.span().unwrap_or_default()), message }
        })?;
        let lengths = [doors.listeners.len(), doors.sources.len(), doors.routes.len(), doors.keys.len()];
        if let Some((name, length)) = LISTS.iter().zip(lengths).find(|(_, length)| *length > ENTRIES_MAX) {
            let message = format!("there are {length} {name}, the limit is {ENTRIES_MAX}");
            return Err(ConfigError::Syntax { place: place(0..0), message });
        }
        for key in &doors.keys {
            if key.blake3.len() != 64 || !key.blake3.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                let message = format!(
                    "blake3 of the key {:?} is no digest of 64 hexadecimal digits; `sentra keys create` makes one",
                    key.name
                );
                return Err(ConfigError::Syntax { place: place(0..0), message });
            }
        }
        Ok(doors)
    }
}

/// The nearest right name of an unknown one, out of serde's own words: both stand in back quotes.
fn suggestion(message: &str) -> Option<String> {
    let mut quoted = message.split('`').skip(1).step_by(2);
    let wrong = quoted.next().filter(|_| message.starts_with("unknown"))?;
    nearest(wrong, quoted.collect::<Vec<_>>()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use crate::Config;

    fn refused(text: &str) -> String {
        Config::default().apply_toml("sentra.toml", text).unwrap_err().to_string()
    }

    #[test]
    fn lists_are_read() {
        let text = r#"
[server]
listen = "127.0.0.1:9000"

[[listeners]]
name = "branches"
protocol = "syslog_tcp"
address = "0.0.0.0:6514"
tls = { certificate = "server.pem", key = "server.key", client_ca = "clients.pem", client_required = true }

[[routes]]
certificate = "*.bank-a.example"
tenant = "bank-a"

[[routes]]
listener = "syslog_udp"
address = "192.0.2.0/24"
tenant = "bank-b"
format = "cisco_asa"

[[sources]]
name = "nginx"
paths = ["/var/log/nginx/*.log"]

[[virtual_entities]]
vm_uuid = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
when = [["unit", "billing-*"]]
application_instance = "billing-1"
"#;
        let mut config = Config::default();
        config.apply_toml("sentra.toml", text).unwrap();
        let doors = &config.doors;
        assert_eq!((doors.listeners.len(), doors.routes.len(), doors.sources.len()), (1, 2, 1));
        assert!(!doors.virtual_entities.is_empty());
        assert!(doors.listeners[0].tls.as_ref().unwrap().client_required);
        assert_eq!(config.server.listen, "127.0.0.1:9000");
    }

    #[test]
    fn what_is_wrong_in_a_list_is_said_with_its_line() {
        let cases = [
            (
                "[[listeners]]\nname = 'a'\nprotokol = 'x'",
                "sentra.toml:3: unknown field `protokol`",
                "did you mean protocol?",
            ),
            (
                "[[listeners]]\nname = 'a'\nprotocol = 'syslog_tpc'\naddress = '127.0.0.1:1'",
                "sentra.toml:3:",
                "did you mean syslog_tcp?",
            ),
            (
                "[[listeners]]\nname = 'a'\nprotocol = 'syslog_tcp'\naddress = 'here'",
                "sentra.toml:4:",
                "address",
            ),
            ("[[routes]]\naddress = '192.0.2.0/33'\ntenant = 'a'", "sentra.toml:2:", "is no network"),
            ("[[routes]]\naddress = '192.0.2.0/3'\ntenant = '../a'", "sentra.toml:3:", "tenant"),
            ("[[keys]]\nname = 'a'\nblake3 = 'abc'\ntenant = 'a'", "sentra.toml:1:", "sentra keys create"),
            ("[[virtual_entities]]\nvm_uuid = 'no'\napplication_instance = 'a'", "sentra.toml:1:", "no"),
            ("[[listners]]\nname = 'a'", "sentra.toml:1:", "did you mean listeners?"),
        ];
        for (text, place, expected) in cases {
            let message = refused(text);
            assert!(message.starts_with(place) && message.contains(expected), "{message}");
        }
    }
}
