use std::ops::Range;
use std::path::{Path, PathBuf};

use sentra_backbone::{AppendBatch, PARTITIONS_MAX};
use toml::de::{DeTable, DeValue};

use super::{Config, Doors, Given, MartSettings, Refused, doors, marts, nearest};

/// Start of every environment variable that overrides a key.
const ENVIRONMENT_PREFIX: &str = "SENTRA_";
/// Largest configuration file.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// What is wrong with the configuration, and where.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The file is larger than any configuration.
    #[error("{path} is larger than {FILE_BYTES_MAX} bytes: that is no configuration")]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// The file is no TOML.
    #[error("{place}: {message}")]
    Syntax {
        /// `file:line`.
        place: String,
        /// What the parser says.
        message: String,
    },
    /// No such key or table.
    #[error("{place}: unknown key {key}{}", hint(.nearest.as_deref()))]
    UnknownKey {
        /// `file:line`, or the environment variable.
        place: String,
        /// The key with its table.
        key: String,
        /// The key that was probably meant.
        nearest: Option<String>,
    },
    /// The key does not take this value.
    #[error("{place}: {key} must be {expected}, not {found}")]
    WrongValue {
        /// `file:line`, or the environment variable.
        place: String,
        /// The key with its table.
        key: String,
        /// What a right value looks like.
        expected: String,
        /// What stands there.
        found: String,
    },
}

fn hint(nearest: Option<&str>) -> String {
    nearest.map(|key| format!(": did you mean {key}?")).unwrap_or_default()
}

impl Config {
    /// The configuration of `file` (or the defaults) with the overrides of `environment`.
    ///
    /// # Errors
    /// When the file cannot be read, and for every key and value that is not known, with its place.
    pub fn load(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let mut config = Self::default();
        if let Some(path) = file {
            config.apply_toml(&path.display().to_string(), &read_file(path)?)?;
        }
        config.apply_environment(environment)?;
        config.check()?;
        Ok(config)
    }

    /// Sets the keys of the TOML `text`, which came from `file`.
    ///
    /// # Errors
    /// See [`Config::load`].
    pub fn apply_toml(&mut self, file: &str, text: &str) -> Result<(), ConfigError> {
        let place = |span: Range<usize>| format!("{file}:{}", line_of(text, span.start));
        let table = DeTable::parse(text).map_err(|error| ConfigError::Syntax {
            place: place(error.span().unwrap_or_default()),
            message: error.message().to_owned(),
        })?;
        let is_list = |name: &str| doors::LISTS.contains(&name);
        if table.get_ref().keys().any(|name| is_list(name.get_ref())) {
            self.doors = Doors::parse(text, place)?;
        }
        if table.get_ref().contains_key(marts::TABLE) {
            self.marts = MartSettings::parse(text, place)?;
        }
        let is_read = |name: &str| is_list(name) || name == marts::TABLE;
        for (section, entries) in table.get_ref().iter().filter(|(name, _)| !is_read(name.get_ref())) {
            let section_place = place(section.span());
            let section = section.get_ref().as_ref();
            let Some(entries) = entries.get_ref().as_table() else {
                return Err(unknown_section(section_place, section));
            };
            if !Self::keys().iter().any(|key| key.section == section) {
                return Err(unknown_section(section_place, section));
            }
            for (key, value) in entries {
                let key_place = place(key.span());
                let given = Given::Toml(value.get_ref());
                self.put(key_place, section, key.get_ref(), &given)?;
            }
        }
        Ok(())
    }

    fn apply_environment(
        &mut self,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<(), ConfigError> {
        for (name, value) in environment {
            let Some((section, key)) =
                name.strip_prefix(ENVIRONMENT_PREFIX).and_then(|rest| rest.split_once("__"))
            else {
                continue;
            };
            let place = format!("environment variable {name}");
            self.put(place, &section.to_lowercase(), &key.to_lowercase(), &Given::Text(&value))?;
        }
        Ok(())
    }

    fn put(&mut self, place: String, section: &str, key: &str, given: &Given<'_>) -> Result<(), ConfigError> {
        let full = format!("{section}.{key}");
        match self.set(section, key, given) {
            Ok(()) => Ok(()),
            Err(Refused::UnknownSection) => Err(unknown_section(place, section)),
            Err(Refused::UnknownKey) => {
                let nearest = nearest_key(section, key);
                Err(ConfigError::UnknownKey { place, key: full, nearest })
            }
            Err(Refused::WrongValue { expected }) => Err(ConfigError::WrongValue {
                place,
                key: full,
                expected: expected.to_owned(),
                found: shown(given),
            }),
        }
    }

    /// Values that are of the right type and make no sense all the same.
    fn check(&self) -> Result<(), ConfigError> {
        let wrong = |key: &str, expected: &str, found: String| {
            let place = "configuration".to_owned();
            Err(ConfigError::WrongValue { place, key: key.to_owned(), expected: expected.to_owned(), found })
        };
        let positive = [
            ("server.connections_max", self.server.connections_max),
            ("server.requests_max", self.server.requests_max),
            ("server.sessions_max", self.server.sessions_max),
            ("server.queries_max", self.server.queries_max),
            ("server.live_ring_max", self.server.live_ring_max),
            ("intake.line_bytes_max", self.intake.line_bytes_max),
            ("intake.batch_bytes_max", self.intake.batch_bytes_max),
            ("intake.batch_records_max", self.intake.batch_records_max),
            ("intake.tcp_connections_max", self.intake.tcp_connections_max),
            ("factory.batch_events_max", self.factory.batch_events_max),
            ("factory.batch_bytes_max", self.factory.batch_bytes_max),
        ];
        if self.retention.interval_s == 0 {
            return wrong("retention.interval_s", "at least 1", "0".to_owned());
        }
        if let Some((key, _)) = positive.into_iter().find(|(_, value)| *value == 0) {
            return wrong(key, "at least 1", "0".to_owned());
        }
        let (bytes_max, records_max) = (AppendBatch::BYTES_MAX / 2, AppendBatch::RECORDS_MAX);
        let bounded = [
            // A batch may be one record over its limit, so each of the two gets half of what the log takes.
            ("intake.line_bytes_max", self.intake.line_bytes_max, bytes_max),
            ("intake.batch_bytes_max", self.intake.batch_bytes_max, bytes_max),
            ("intake.batch_records_max", self.intake.batch_records_max, records_max),
        ];
        if let Some((key, value, most)) = bounded.into_iter().find(|(_, value, most)| value > most) {
            return wrong(key, &format!("at most {most}"), value.to_string());
        }
        let partitions = self.backbone.partitions;
        if !(1..=PARTITIONS_MAX).contains(&partitions) {
            let expected = format!("from 1 to {PARTITIONS_MAX}");
            return wrong("backbone.partitions", &expected, partitions.to_string());
        }
        if let Err(error) = self.intake.syslog_tenant.parse::<sentra_model::TenantId>() {
            return wrong("intake.syslog_tenant", "a tenant name", error.to_string());
        }
        if let Err(error) = self.forensic() {
            return wrong("forensic", "what docs/forensic.md says", error);
        }
        if jiff::tz::TimeZone::get(&self.decode.time_zone).is_err() {
            let found = format!("{:?}", self.decode.time_zone);
            return wrong("decode.time_zone", "a time zone like UTC or Europe/Berlin", found);
        }
        Ok(())
    }
}

fn read_file(path: &Path) -> Result<String, ConfigError> {
    let failed = |source| ConfigError::Read { path: path.to_owned(), source };
    let metadata = std::fs::metadata(path).map_err(failed)?;
    if metadata.len() > FILE_BYTES_MAX {
        return Err(ConfigError::TooLarge { path: path.to_owned() });
    }
    std::fs::read_to_string(path).map_err(failed)
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

fn unknown_section(place: String, section: &str) -> ConfigError {
    let keys = Config::keys();
    let exact = keys.iter().find(|key| key.name == section);
    let names = keys.iter().map(|key| key.section).chain(doors::LISTS).chain([marts::TABLE]);
    let right = match exact {
        Some(key) => Some(format!("{}.{section}", key.section)),
        None => nearest(section, names).map(str::to_owned),
    };
    ConfigError::UnknownKey { place, key: section.to_owned(), nearest: right }
}

fn nearest_key(section: &str, key: &str) -> Option<String> {
    let keys = Config::keys();
    let elsewhere = keys.iter().find(|known| known.name == key);
    if let Some(known) = elsewhere {
        return Some(format!("{}.{}", known.section, known.name));
    }
    let here = keys.iter().filter(|known| known.section == section).map(|known| known.name);
    nearest(key, here).map(|name| format!("{section}.{name}"))
}

fn shown(given: &Given<'_>) -> String {
    match given {
        Given::Text(text) => format!("{text:?}"),
        Given::Toml(DeValue::String(text)) => format!("{text:?}"),
        Given::Toml(DeValue::Integer(number)) => number.as_str().to_owned(),
        Given::Toml(other) => format!("a value of type {}", other.type_str()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        Config::default().apply_toml("sentra.toml", text).unwrap_err().to_string()
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_line_and_the_nearest_right_one() {
        for (text, expected) in [
            (
                "\n[server]\nlisen = 'x'",
                "sentra.toml:3: unknown key server.lisen: did you mean server.listen?",
            ),
            ("[sever]\nlisten = 'x'", "sentra.toml:1: unknown key sever: did you mean server?"),
            ("listen = 'x'", "sentra.toml:1: unknown key listen: did you mean server.listen?"),
            (
                "[server]\nsyslog_udp = ''",
                "sentra.toml:2: unknown key server.syslog_udp: did you mean intake.syslog_udp?",
            ),
            ("[server]\nqqqqqqqqqqqqqqq = 1", "sentra.toml:2: unknown key server.qqqqqqqqqqqqqqq"),
        ] {
            assert_eq!(refused(text), expected);
        }
    }

    #[test]
    fn a_wrong_value_is_refused_with_its_line_and_what_is_right() {
        for (text, expected) in [
            ("[server]\nlisten = 8080", "sentra.toml:2: server.listen must be a text, not 8080"),
            (
                "[intake]\n\nline_bytes_max = -1",
                "sentra.toml:3: intake.line_bytes_max must be a whole number, not -1",
            ),
            (
                "[intake]\nsyslog_public = 'no'",
                "sentra.toml:2: intake.syslog_public must be true or false, not \"no\"",
            ),
            ("[detect]\nrules = 'x'", "sentra.toml:2: detect.rules must be a list of paths, not \"x\""),
        ] {
            assert_eq!(refused(text), expected);
        }
        assert!(refused("[server\n").starts_with("sentra.toml:1: "));
    }

    #[test]
    fn the_environment_goes_over_the_file() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("sentra.toml");
        std::fs::write(&file, "[server]\nlisten = '127.0.0.1:1'\nstalled_after_s = 0x10\n").unwrap();
        let environment = [
            ("SENTRA_SERVER__LISTEN", "127.0.0.1:2"),
            ("SENTRA_DETECT__RULES", "a, b"),
            ("SENTRA_SIMILARITY__SENTENCE_MODEL", "/opt/models/minilm"),
            ("SENTRA_LOG", "debug"),
            ("PATH", "/bin"),
        ];
        let config =
            Config::load(Some(&file), environment.map(|(k, v)| (k.to_owned(), v.to_owned()))).unwrap();
        assert_eq!(config.server.listen, "127.0.0.1:2");
        assert_eq!(config.server.stalled_after_s, 16);
        assert_eq!(config.detect.rules, [PathBuf::from("a"), PathBuf::from("b")]);
        assert_eq!(config.similarity.sentence_model, Some(PathBuf::from("/opt/models/minilm")));
        let none = [("SENTRA_SIMILARITY__SENTENCE_MODEL".to_owned(), String::new())];
        assert_eq!(Config::load(None, none).unwrap().similarity.sentence_model, None);
        let wrong = Config::load(None, [("SENTRA_SERVER__LISTN".to_owned(), String::new())]).unwrap_err();
        assert!(wrong.to_string().contains("did you mean server.listen?"), "{wrong}");
    }

    #[test]
    fn values_without_sense_are_refused() {
        for (name, value) in [
            ("SENTRA_INTAKE__LINE_BYTES_MAX", "0"),
            ("SENTRA_INTAKE__LINE_BYTES_MAX", "16_000_000"),
            ("SENTRA_INTAKE__SYSLOG_TENANT", "../x"),
            ("SENTRA_DECODE__TIME_ZONE", "Mars/Olympus"),
            ("SENTRA_RETENTION__INTERVAL_S", "0"),
            ("SENTRA_RETENTION__RAW_AGE_S_MAX", "-1"),
        ] {
            let result = Config::load(None, [(name.to_owned(), value.to_owned())]);
            assert!(result.is_err(), "{name}={value} was accepted");
        }
    }

    #[test]
    fn the_defaults_survive_their_own_reference() {
        let mut config = Config::default();
        for key in Config::keys() {
            let text = format!("[{}]\n{} = {}\n", key.section, key.name, key.default);
            config.apply_toml("reference", &text).unwrap();
            assert!(Config::reference().contains(&format!("`{}.{}`", key.section, key.name)));
            assert!(!key.meaning.is_empty());
        }
        assert_eq!(config, Config::default());
    }
}
