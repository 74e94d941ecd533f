//! Feeds, and what holds of all of them: the shape of `[[indicators]]` and `[intelligence]` in the configuration.

use std::collections::BTreeMap;

use sentra_model::Timestamp;
use serde::{Deserialize, Deserializer};

use super::decay::DecayPolicy;
use super::feed::Feed;
use super::indicator::Tlp;
use super::kind::IndicatorFamily;
use super::read::FeedFormat;

/// A feed of indicators.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeedSource {
    /// Where it is.
    pub path: String,
    /// Its name in enrichments; the file's name where none is given.
    #[serde(default)]
    pub name: Option<String>,
    /// How it is written; by its content where not said.
    #[serde(default)]
    pub format: Option<FeedFormat>,
    /// Confidence of a record that states none, from 0 to 1.
    #[serde(default, deserialize_with = "confidence")]
    pub confidence: Option<f64>,
    /// With whom it may be shared, where a record does not say.
    #[serde(default, deserialize_with = "tlp")]
    pub tlp: Option<Tlp>,
    /// What every record stands for.
    #[serde(default)]
    pub threats: Vec<String>,
    /// Labels of every record.
    #[serde(default)]
    pub labels: Vec<String>,
    /// What the values are, where the feed has only such.
    #[serde(default)]
    pub family: Option<IndicatorFamily>,
    /// Header → what it means, for CSV.
    #[serde(default)]
    pub columns: BTreeMap<String, String>,
}

/// What holds of the indicators of all feeds.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IntelligenceSources {
    /// How confidence falls.
    pub decay: DecayPolicy,
    /// The file of what is never an indicator; the built-in list where none is named.
    pub never: Option<String>,
    /// The file that pairs techniques, codes, facts and detectors with controls; the built-in one where none is named.
    pub controls: Option<String>,
}

fn confidence<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    let confidence = f64::deserialize(deserializer)?;
    match (0.0..=1.0).contains(&confidence) {
        true => Ok(Some(confidence)),
        false => Err(serde::de::Error::custom(format!("confidence is from 0 to 1, not {confidence}"))),
    }
}

fn tlp<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Tlp>, D::Error> {
    let name = String::deserialize(deserializer)?;
    let wrong = || {
        let wrong = format!("{name:?} is no marking: use clear, green, amber, amber+strict or red");
        serde::de::Error::custom(wrong)
    };
    Tlp::named(&name).map(Some).ok_or_else(wrong)
}

impl FeedSource {
    /// The format of its content, and the feed, made `seen`.
    #[must_use]
    pub fn feed(&self, bytes: &[u8], seen: Timestamp) -> (FeedFormat, Feed) {
        let file = self.path.rsplit(['/', '\\']).next().unwrap_or(&self.path);
        let format = self.format.unwrap_or_else(|| FeedFormat::guess(file, bytes));
        let mut feed = Feed::new(self.name.as_deref().unwrap_or(file), crate::moment::day(seen), seen);
        feed.confidence = self.confidence.unwrap_or(feed.confidence);
        feed.tlp = self.tlp;
        feed.threats.clone_from(&self.threats);
        feed.labels.clone_from(&self.labels);
        feed.family = self.family;
        feed.columns.clone_from(&self.columns);
        (format, feed)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{IndicatorsBuilder, NeverIndicators, read_feed};
    use super::*;

    fn read(text: &str) -> Result<FeedSource, String> {
        toml::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn a_feed_is_what_the_configuration_says() {
        let source = read(
            "path = 'feeds/partner.csv'\nname = 'partner'\nformat = 'csv'\nconfidence = 0.9\ntlp = 'TLP:AMBER'\n\
             threats = ['AcmeBot']\nlabels = ['c2']\nfamily = 'address'\ncolumns = { 'Malicious IP' = 'ip' }\n",
        )
        .unwrap();
        let mut builder = IndicatorsBuilder::new(DecayPolicy::default(), NeverIndicators::built_in());
        let seen = Timestamp::from_seconds(1_772_366_400);
        let bytes = b"Malicious IP,Note\n203.0.113.7,x\n";
        let (format, feed) = source.feed(bytes, seen);
        assert_eq!(
            (format, feed.name.as_str(), feed.version.as_str()),
            (FeedFormat::Csv, "partner", "2026-03-01")
        );
        assert_eq!((feed.tlp, feed.confidence), (Some(Tlp::Amber), 0.9));
        let report = read_feed(format, bytes, &feed, &mut builder);
        assert_eq!((report.taken, report.problems_total), (1, 0), "{report:?}");
        assert_eq!((feed.threats, feed.labels), (vec!["AcmeBot".to_owned()], vec!["c2".to_owned()]));
        let plain = read("path = 'x/list.txt'").unwrap();
        assert_eq!(plain.feed(b"203.0.113.9\n", seen).1.name, "list.txt");
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, said) in [
            ("path = 'x'\nformat = 'xml'", "unknown variant `xml`"),
            ("path = 'x'\nconfidence = 80.0", "confidence is from 0 to 1, not 80"),
            ("path = 'x'\ntlp = 'pink'", "use clear, green"),
            ("path = 'x'\nfamily = 'mutex'", "unknown variant `mutex`"),
            ("path = 'x'\ncolums = {}", "unknown field `colums`"),
        ] {
            let wrong = read(text).unwrap_err();
            assert!(wrong.contains(said), "{said}: {wrong}");
        }
        let wrong = toml::from_str::<IntelligenceSources>("decay = { address_days = -1 }").unwrap_err();
        assert!(wrong.to_string().contains("a half-life must be a positive number"), "{wrong}");
        let some: IntelligenceSources = toml::from_str("decay = { floor = 0.3 }\nnever = 'n.toml'").unwrap();
        assert_eq!((some.decay.floor, some.decay.address_days), (0.3, 14.0));
    }
}
