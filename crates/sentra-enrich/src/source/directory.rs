//! Sources that are directories (LDAP): who asks them is not here, only what is to be asked. What a directory answered last
//! is kept as LDIF, and that file is what is read.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::{Columns, FileFormat, FileSource, PRIORITY_DEFAULT};

/// Where copies of directories are kept, relative to the data directory.
pub const DIRECTORY_COPIES: &str = "directory";

/// Minutes between two readings where not said.
const EVERY_MINUTES_DEFAULT: u32 = 60;
/// Law LIMIT: minutes between two readings.
const EVERY_MINUTES_MAX: u32 = 7 * 24 * 60;

/// A directory, and what is asked of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectorySource {
    /// `ldaps://host[:port]`, or `ldap://host[:port]`, which is StartTLS. There is no way without TLS.
    pub url: String,
    /// Below which entry is searched.
    pub base: String,
    /// Which entries (RFC 4515).
    pub filter: String,
    /// As whom; nobody in particular where not said.
    pub bind_dn: Option<String>,
    /// The file that holds the password.
    pub password_file: Option<String>,
    /// The environment variable that holds the password.
    pub password_env: Option<String>,
    /// Certificates of the authorities that the directory's certificate may be of, PEM.
    pub ca_file: String,
    /// Attributes to be asked for beside those with a meaning here.
    pub attributes: BTreeSet<String>,
    /// Minutes between two readings.
    pub every_minutes: u32,
}

/// What stands in `enrich.toml`: keys of a file or of a directory.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    path: Option<String>,
    name: Option<String>,
    format: Option<FileFormat>,
    priority: Option<u8>,
    #[serde(default)]
    columns: BTreeMap<String, Columns>,
    ldap: Option<String>,
    base: Option<String>,
    filter: Option<String>,
    bind_dn: Option<String>,
    password_file: Option<String>,
    password_env: Option<String>,
    ca_file: Option<String>,
    every_minutes: Option<u32>,
}

impl Written {
    /// The first key that only a directory has.
    fn key_of_directory(&self) -> Option<&'static str> {
        let keys = [
            ("base", self.base.is_some()),
            ("filter", self.filter.is_some()),
            ("bind_dn", self.bind_dn.is_some()),
            ("password_file", self.password_file.is_some()),
            ("password_env", self.password_env.is_some()),
            ("ca_file", self.ca_file.is_some()),
            ("every_minutes", self.every_minutes.is_some()),
        ];
        keys.into_iter().find(|(_, is_there)| *is_there).map(|(key, _)| key)
    }

    fn directory(&self, url: &str) -> Result<DirectorySource, String> {
        let host = host_of(url).ok_or_else(|| {
            format!("{url:?} is no directory: write ldaps://host or, for starttls, ldap://host")
        })?;
        let needed = |key: &str, value: &Option<String>| {
            value.clone().ok_or_else(|| format!("the directory {host} needs {key}"))
        };
        if self.path.is_some() || self.format.is_some() {
            return Err(format!(
                "the directory {host} has no path and no format: a source is a file or a directory"
            ));
        }
        let passwords = usize::from(self.password_file.is_some()) + usize::from(self.password_env.is_some());
        match (&self.bind_dn, passwords) {
            (None, 0) | (Some(_), 1) => {}
            (None, _) => return Err(format!("the directory {host} has a password, but no bind_dn")),
            (Some(_), _) => {
                return Err(format!("bind_dn of {host} needs password_file or password_env, one of them"));
            }
        }
        let every_minutes = self.every_minutes.unwrap_or(EVERY_MINUTES_DEFAULT);
        if !(1..=EVERY_MINUTES_MAX).contains(&every_minutes) {
            return Err(format!("every_minutes of {host} must be from 1 to {EVERY_MINUTES_MAX}"));
        }
        Ok(DirectorySource {
            url: url.to_owned(),
            base: needed("base", &self.base)?,
            filter: self.filter.clone().unwrap_or_else(|| "(objectClass=*)".to_owned()),
            bind_dn: self.bind_dn.clone(),
            password_file: self.password_file.clone(),
            password_env: self.password_env.clone(),
            ca_file: needed("ca_file", &self.ca_file)?,
            attributes: self.columns.values().flat_map(Columns::names).cloned().collect(),
            every_minutes,
        })
    }
}

/// The host of a directory's address.
fn host_of(url: &str) -> Option<&str> {
    let rest = url.strip_prefix("ldaps://").or_else(|| url.strip_prefix("ldap://"))?;
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let host = match rest.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?.0,
        None => rest.split(':').next()?,
    };
    let is_host = |character: char| character.is_ascii_alphanumeric() || "-._:".contains(character);
    (!host.is_empty() && host.chars().all(is_host)).then_some(host)
}

impl TryFrom<Written> for FileSource {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let directory = match &written.ldap {
            Some(url) => Some(written.directory(url)?),
            None => None,
        };
        let path = match (&directory, &written.path) {
            (Some(directory), _) => directory.copy_path(),
            (None, Some(path)) => {
                if let Some(key) = written.key_of_directory() {
                    return Err(format!("{path}: {key} is a key of a directory, and ldap is missing"));
                }
                path.clone()
            }
            (None, None) => return Err("a source needs path, or ldap for a directory".to_owned()),
        };
        let host = directory.as_ref().and_then(|directory| host_of(&directory.url)).map(str::to_owned);
        Ok(Self {
            path,
            name: written.name.or(host),
            format: written.format.or(directory.is_some().then_some(FileFormat::Ldif)),
            priority: written.priority.unwrap_or(PRIORITY_DEFAULT),
            columns: written.columns,
            directory,
        })
    }
}

impl DirectorySource {
    /// Where its last good copy is kept, relative to the data directory: another search is another file.
    #[must_use]
    pub fn copy_path(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        for part in [&self.url, &self.base, &self.filter] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        for attribute in &self.attributes {
            hasher.update(attribute.as_bytes());
            hasher.update(&[0]);
        }
        let digest = hasher.finalize().to_hex();
        let digest: String = digest.chars().take(12).collect();
        let host = host_of(&self.url).unwrap_or_default().replace(':', "-");
        format!("{DIRECTORY_COPIES}/{host}-{digest}.ldif")
    }
}

#[cfg(test)]
mod tests {
    use super::super::EnrichSources;
    use super::*;

    const WHOLE: &str = r#"
        [[identities]]
        ldap = "ldaps://dc1.corp.example"
        base = "DC=corp,DC=example"
        filter = "(objectClass=user)"
        bind_dn = "CN=sentra,DC=corp,DC=example"
        password_file = "secrets/ldap"
        ca_file = "corp-ca.pem"
        every_minutes = 15
        priority = 60
        columns = { department = "extensionAttribute7" }
    "#;

    #[test]
    fn a_directory_is_read_from_its_copy() {
        let sources: EnrichSources = toml::from_str(WHOLE).unwrap();
        let source = &sources.identities[0];
        assert_eq!(
            (source.name.as_deref(), source.format),
            (Some("dc1.corp.example"), Some(FileFormat::Ldif))
        );
        assert!(source.path.starts_with("directory/dc1.corp.example-"), "{}", source.path);
        let directory = source.directory.as_ref().unwrap();
        assert_eq!((directory.every_minutes, source.priority), (15, 60));
        assert!(directory.attributes.contains("extensionAttribute7"));
        let other: EnrichSources = toml::from_str(&WHOLE.replace("=user)", "=computer)")).unwrap();
        assert_ne!(other.identities[0].path, source.path, "another search has another copy");
        let twice = format!("{WHOLE}{}", WHOLE.replace("identities", "assets").replace("= 15", "= 5"));
        let twice: EnrichSources = toml::from_str(&twice).unwrap();
        assert_eq!(twice.directories().iter().map(|found| found.every_minutes).collect::<Vec<_>>(), [5]);
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (from, to, said) in [
            ("base =", "bases =", "unknown field `bases`"),
            ("ldap = \"ldaps://dc1.corp.example\"", "", "a source needs path, or ldap"),
            ("ldap = \"ldaps://dc1.corp.example\"", "path = \"x.csv\"", "base is a key of a directory"),
            ("ldaps://", "http://", "write ldaps://host"),
            ("ldaps://dc1", "ldaps://dc1/../..", "is no directory"),
            ("ca_file = \"corp-ca.pem\"", "", "the directory dc1.corp.example needs ca_file"),
            ("password_file = \"secrets/ldap\"", "", "needs password_file or password_env"),
            ("bind_dn = \"CN=sentra,DC=corp,DC=example\"", "", "has a password, but no bind_dn"),
            ("every_minutes = 15", "every_minutes = 0", "must be from 1 to 10080"),
            ("every_minutes = 15", "path = \"x\"", "a file or a directory"),
        ] {
            let text = WHOLE.replacen(from, to, 1);
            assert_ne!(text, WHOLE, "{from}");
            let wrong = toml::from_str::<EnrichSources>(&text).unwrap_err().to_string();
            assert!(wrong.contains(said), "{said}: {wrong}");
        }
    }
}
