//! The kinds of content that a pack may hold.

use serde::Serialize;

/// A kind of detection content, named after its directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ContentKind {
    /// Rules: Sigma, correlations, YARA-L.
    Rules,
    /// Lists of values and data tables that rules ask by name.
    Lists,
    /// Field-mapping pipelines.
    Mappings,
    /// Formats of logs.
    Formats,
    /// Filters that narrow rules.
    Filters,
    /// Samples that prove the rules.
    Tests,
}

impl ContentKind {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Rules, Self::Lists, Self::Mappings, Self::Formats, Self::Filters, Self::Tests];

    /// The directory it lies in.
    #[must_use]
    pub fn directory(self) -> &'static str {
        match self {
            Self::Rules => "rules",
            Self::Lists => "lists",
            Self::Mappings => "mappings",
            Self::Formats => "formats",
            Self::Filters => "filters",
            Self::Tests => "tests",
        }
    }

    pub(crate) fn of_directory(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.directory() == name)
    }

    /// How its files may end.
    pub(crate) fn extensions(self) -> &'static [&'static str] {
        match self {
            Self::Rules => &["yml", "yaml", "yaral"],
            Self::Lists => &["txt", "csv"],
            Self::Mappings | Self::Formats | Self::Filters | Self::Tests => &["yml", "yaml"],
        }
    }

    /// Whether its directory may have others in it. A list is known by the stem of its name, which is only
    /// unambiguous where they all lie in one directory.
    pub(crate) fn nests(self) -> bool {
        matches!(self, Self::Rules | Self::Tests)
    }
}
