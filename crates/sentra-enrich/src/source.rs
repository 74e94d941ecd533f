//! Which files static knowledge comes from: the shape of `[enrich]` in the configuration.

mod directory;

use std::collections::BTreeMap;
use std::sync::Arc;

use sentra_model::Timestamp;
use serde::Deserialize;

pub use directory::{DIRECTORY_COPIES, DirectorySource};

/// A source as enrichments name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceInfo {
    /// `identities:hr.csv`, `places:city.mmdb`, `events:workday`.
    pub name: String,
    /// The day of its content, or the first digits of its digest; empty where each statement has a day of its own.
    pub version: String,
    /// Whom to believe: the larger number.
    pub priority: u8,
}

/// Priority of a source that states none.
pub const PRIORITY_DEFAULT: u8 = 50;

/// Law LIMIT: bytes of one file of identities, assets or networks.
pub const SOURCE_BYTES_MAX: usize = 256 << 20;

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FileFormat {
    /// Rows with a header, separated by `,`, `;`, tab or `|`.
    Csv,
    /// A JSON array, an object that holds one, or one object per line.
    Json,
    /// RFC 2849.
    Ldif,
}

impl FileFormat {
    /// The format that a file's ending says, `.zst` and `.gz` left aside.
    #[must_use]
    pub fn of_path(path: &str) -> Option<Self> {
        let path = path.to_ascii_lowercase();
        let path = path.trim_end_matches(".gz").trim_end_matches(".zst");
        match path.rsplit('.').next()? {
            "csv" | "tsv" | "txt" => Some(Self::Csv),
            "json" | "ndjson" | "jsonl" => Some(Self::Json),
            "ldif" | "ldf" => Some(Self::Ldif),
            _ => None,
        }
    }
}

/// A file of identities, assets or networks.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "directory::Written")]
pub struct FileSource {
    /// Where it is; of a directory, where its last good copy is.
    pub path: String,
    /// Its name in enrichments; the file's name where none is given.
    pub name: Option<String>,
    /// How it is written; by its ending where not said.
    pub format: Option<FileFormat>,
    /// Whom to believe when sources contradict each other: the larger number. 50 where not said.
    pub priority: u8,
    /// Attribute → columns, where the columns' names are not the usual ones.
    pub columns: BTreeMap<String, Columns>,
    /// The directory that the file is a copy of.
    pub directory: Option<DirectorySource>,
}

/// One column's name or several.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Columns {
    /// One.
    One(String),
    /// Several; each value counts.
    Many(Vec<String>),
}

impl Columns {
    /// The columns' names.
    #[must_use]
    pub fn names(&self) -> &[String] {
        match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::Many(names) => names,
        }
    }
}

/// A MaxMind-format database.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlaceSource {
    /// Where it is.
    pub path: String,
    /// Its name in enrichments; the file's name where none is given.
    #[serde(default)]
    pub name: Option<String>,
}

/// What is learnt from events, and how far it is believed against files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EventSources {
    /// Priority of HR systems (Workday). High, because an export of a directory that is younger than a termination
    /// must not make the person active again.
    pub hr_priority: u8,
    /// Priority of identity governance (SailPoint, Saviynt).
    pub governance_priority: u8,
    /// Whether identities are learnt from events at all.
    pub identities: bool,
    /// Whether addresses of hosts are learnt from DHCP.
    pub dhcp: bool,
}

impl Default for EventSources {
    fn default() -> Self {
        Self { hr_priority: 80, governance_priority: 60, identities: true, dhcp: true }
    }
}

/// Which accounts are more than standard where no source says so. Names may hold `*`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PrivilegeRules {
    /// Groups whose members are privileged.
    pub privileged_groups: Vec<String>,
    /// Accounts of services.
    pub service_accounts: Vec<String>,
    /// Accounts for emergencies.
    pub break_glass_accounts: Vec<String>,
}

impl Default for PrivilegeRules {
    fn default() -> Self {
        let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
        Self {
            privileged_groups: texts(&[
                "domain admins",
                "enterprise admins",
                "schema admins",
                "administrators",
                "account operators",
                "backup operators",
                "server operators",
                "print operators",
                "dnsadmins",
                "group policy creator owners",
                "key admins",
                "enterprise key admins",
                "wheel",
                "sudo",
                "global administrator*",
                "privileged role administrator*",
                "company administrator*",
            ]),
            service_accounts: texts(&["svc_*", "svc-*", "svc.*", "service_*", "service-*"]),
            break_glass_accounts: texts(&["breakglass*", "break-glass*", "break_glass*", "firecall*"]),
        }
    }
}

/// Everything static enrichment is told by the configuration. Paths are read by whoever calls.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EnrichSources {
    /// People and accounts.
    pub identities: Vec<FileSource>,
    /// Machines.
    pub assets: Vec<FileSource>,
    /// Networks and zones.
    pub networks: Vec<FileSource>,
    /// GeoIP and ASN; what the first database does not know is asked of the next.
    pub places: Vec<PlaceSource>,
    /// What is learnt from events.
    pub events: EventSources,
    /// Which accounts are more than standard.
    pub privilege: PrivilegeRules,
}

impl EnrichSources {
    /// The directories among the sources, each search once.
    #[must_use]
    pub fn directories(&self) -> Vec<&DirectorySource> {
        let files = [&self.identities, &self.assets, &self.networks].into_iter().flatten();
        let mut found: Vec<&DirectorySource> = Vec::new();
        for directory in files.filter_map(|file| file.directory.as_ref()) {
            match found.iter_mut().find(|known| known.copy_path() == directory.copy_path()) {
                Some(known) if directory.every_minutes < known.every_minutes => *known = directory,
                Some(_) => {}
                None => found.push(directory),
            }
        }
        found
    }
}

/// A file's content as it is handed in.
#[derive(Debug, Clone)]
pub struct SourceContent {
    /// The bytes, unpacked.
    pub bytes: Vec<u8>,
    /// When the file was last changed, or when the export was made: how fresh its statements are.
    pub as_of: Option<Timestamp>,
}

/// The name of a source: what it is called, else the file's name, behind `kind`.
pub(crate) fn source_name(kind: &str, name: Option<&str>, path: &str) -> String {
    let name = name.unwrap_or_else(|| path.rsplit(['/', '\\']).next().unwrap_or(path));
    format!("{kind}:{name}")
}

impl FileSource {
    /// A file with nothing said about it but its path.
    #[must_use]
    pub fn new(path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            name: None,
            format: None,
            priority: PRIORITY_DEFAULT,
            columns: BTreeMap::new(),
            directory: None,
        }
    }

    /// The same with another priority.
    #[must_use]
    pub fn with_priority(self, priority: u8) -> Self {
        Self { priority, ..self }
    }

    pub(crate) fn info(&self, kind: &str, content: &SourceContent) -> Arc<SourceInfo> {
        let version = match content.as_of {
            Some(as_of) => crate::moment::day(as_of),
            None => digest(&content.bytes),
        };
        let name = source_name(kind, self.name.as_deref(), &self.path);
        Arc::new(SourceInfo { name, version, priority: self.priority })
    }
}

/// The first digits of the content's digest.
pub(crate) fn digest(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().chars().take(12).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shape_in_the_configuration() {
        let text = r#"
            [[identities]]
            path = "hr.csv"
            priority = 90
            columns = { department = "Abteilung", account = ["Login", "Mail"] }
            [[places]]
            path = "geo/city.mmdb"
            [events]
            hr_priority = 99
            [privilege]
            service_accounts = ["bot-*"]
        "#;
        let sources: EnrichSources = toml::from_str(text).unwrap();
        assert_eq!(sources.identities[0].priority, 90);
        assert_eq!(sources.identities[0].columns["account"].names().len(), 2);
        assert_eq!(sources.events.hr_priority, 99);
        assert!(sources.events.dhcp);
        assert_eq!(sources.privilege.service_accounts, ["bot-*"]);
        assert!(!sources.privilege.privileged_groups.is_empty());
        let wrong =
            toml::from_str::<EnrichSources>("[[identities]]\npath = \"x\"\nprioritty = 1").unwrap_err();
        assert!(wrong.to_string().contains("prioritty"), "{wrong}");
    }

    #[test]
    fn formats_by_ending() {
        assert_eq!(FileFormat::of_path("a/b.CSV.zst"), Some(FileFormat::Csv));
        assert_eq!(FileFormat::of_path("x.ndjson"), Some(FileFormat::Json));
        assert_eq!(FileFormat::of_path("x.ldif"), Some(FileFormat::Ldif));
        assert_eq!(FileFormat::of_path("x.xlsx"), None);
    }
}
