//! Readers of feeds.

mod csv;
mod list;
mod misp;
mod moment;

pub(crate) use moment::read_moment;
use serde::{Deserialize, Serialize};

use super::feed::{Feed, FeedReport, Intake};
use super::index::IndicatorsBuilder;
use super::stix;

/// How a feed is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FeedFormat {
    /// A STIX 2.1 bundle.
    Stix,
    /// One or several MISP events, or attributes, in JSON.
    Misp,
    /// CSV with a header.
    Csv,
    /// A value per line.
    List,
}

impl FeedFormat {
    /// What a file called `name` that begins with `bytes` most likely is.
    #[must_use]
    pub fn guess(name: &str, bytes: &[u8]) -> Self {
        let start = bytes.get(..bytes.len().min(4_096)).unwrap_or_default();
        let has = |word: &str| memchr::memmem::find(start, word.as_bytes()).is_some();
        let first = start.iter().find(|byte| !byte.is_ascii_whitespace() && !b"\xef\xbb\xbf".contains(byte));
        match first {
            Some(b'{') if has("\"bundle\"") || has("\"spec_version\"") || has("\"objects\"") => Self::Stix,
            Some(b'{' | b'[') => Self::Misp,
            _ if name.to_ascii_lowercase().ends_with(".csv") => Self::Csv,
            _ if csv::has_header(start) => Self::Csv,
            _ => Self::List,
        }
    }
}

/// Reads the feed `feed` from `bytes` into `builder`. Record by record: beside the bytes only what is kept takes room.
///
/// What is wrong is in the report; nothing stops the rest but JSON that is none from some place on.
pub fn read_feed(
    format: FeedFormat,
    bytes: &[u8],
    feed: &Feed,
    builder: &mut IndicatorsBuilder,
) -> FeedReport {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut intake = Intake::new(feed, builder);
    match format {
        FeedFormat::Stix => stix::read(bytes, &mut intake),
        FeedFormat::Misp => misp::read(bytes, &mut intake),
        FeedFormat::Csv => csv::read(bytes, &mut intake),
        FeedFormat::List => list::read(bytes, &mut intake),
    }
    intake.report
}
