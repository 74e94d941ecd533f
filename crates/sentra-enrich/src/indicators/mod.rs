//! Indicators: values that others saw doing harm, read from feeds, kept compactly and looked for in events.
//!
//! * [`read_feed`] reads STIX 2.1 bundles, MISP events, CSV and plain lists into an [`IndicatorsBuilder`]. What is wrong
//!   with a record is told with its place; the rest goes on. [`NeverIndicators`] keeps poison out.
//! * [`Indicators`] is the set of them, immutable and exact: a value that is not in it never hits.
//! * [`Indicators::scan`] finds the events of a batch that name one, by distinct value; [`Indicators::enrich`] says of a
//!   signal's entities what is known of them; [`hit_rule`] is the rule that a hit stands for.
//!
//! Confidence falls with the time since an indicator was last seen ([`DecayPolicy`]); what is expired or below the floor
//! does not hit.
//!
//! Invariant: no I/O and no clock; a set does not depend on the order of the feeds.

mod decay;
mod domain;
mod enrich;
mod feed;
mod index;
mod indicator;
mod kind;
mod look;
mod named;
mod names;
mod never;
mod probe;
mod read;
mod refang;
mod scan;
mod source;
mod stix;
mod url;
mod value;

pub use decay::{DecayError, DecayPolicy};
pub use enrich::{HitRule, INDICATOR_RULE_PREFIX, hit_rule};
pub use feed::{FEED_PROBLEMS_MAX, Feed, FeedPlace, FeedProblem, FeedReport};
pub use index::{
    INDICATOR_CONTEXTS_BYTES_MAX, INDICATOR_RECORDS_MAX, Indicators, IndicatorsBuilder, IndicatorsSummary,
    PushError,
};
pub(crate) use indicator::is_technique;
pub use indicator::{
    INDICATOR_LABELS_MAX, INDICATOR_NAME_BYTES_MAX, INDICATOR_SOURCES_MAX, INDICATOR_THREATS_MAX, Indicator,
    IndicatorContext, IndicatorRecord, IndicatorSource, Tlp,
};
pub use kind::{IndicatorFamily, IndicatorKind};
pub use look::{LOOKED_BYTES_MAX, PARTS_PER_VALUE_MAX};
pub use never::{NEVER_ENTRIES_MAX, NeverError, NeverIndicators};
pub(crate) use read::read_moment;
pub use read::{FeedFormat, read_feed};
pub use scan::{HITS_PER_EVENT_MAX, HitPlace, IndicatorHit, IndicatorHits, OBSERVED_BYTES_MAX};
pub use source::{FeedSource, IntelligenceSources};
pub use value::{INDICATOR_VALUE_BYTES_MAX, IndicatorValue, ValueError};
