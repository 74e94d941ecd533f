use super::contexts::Contexts;
use super::detail::Detail;
use super::draft::{Merging, TextDrafts, order_fixed};
use super::parts::{Gated, Networks, Part, Parts};
use super::{Indicators, IndicatorsSummary};
use crate::indicators::decay::DecayPolicy;
use crate::indicators::domain;
use crate::indicators::indicator::IndicatorRecord;
use crate::indicators::kind::IndicatorKind;
use crate::indicators::never::NeverIndicators;
use crate::indicators::url;
use crate::indicators::value::IndicatorValue;

/// Records that one set of indicators takes.
pub const INDICATOR_RECORDS_MAX: usize = 16_000_000;

/// Why a record was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PushError {
    /// It is never an indicator.
    #[error("{0}")]
    Never(String),
    /// Its validity ends before it begins.
    #[error("it is valid until a time before it is valid from")]
    Validity,
    /// No room.
    #[error("the set of indicators is full: {INDICATOR_RECORDS_MAX} records")]
    Full,
    /// No room for another text.
    #[error("the set of indicators is full: 4 gib of text of one kind")]
    TextFull,
}

/// Collects the records of all feeds and makes the immutable set of them.
#[derive(Debug, Default)]
pub struct IndicatorsBuilder {
    policy: DecayPolicy,
    never: NeverIndicators,
    contexts: Contexts,
    v4: Vec<(u32, Detail)>,
    v6: Vec<(u128, Detail)>,
    networks4: Vec<((u32, u8), Detail)>,
    networks6: Vec<((u128, u8), Detail)>,
    md5: Vec<([u8; 16], Detail)>,
    sha1: Vec<([u8; 20], Detail)>,
    sha256: Vec<([u8; 32], Detail)>,
    domains: TextDrafts,
    urls: TextDrafts,
    mails: TextDrafts,
    records: usize,
}

impl IndicatorsBuilder {
    /// An empty builder.
    #[must_use]
    pub fn new(policy: DecayPolicy, never: NeverIndicators) -> Self {
        Self { policy, never, ..Self::default() }
    }

    /// How many records were taken.
    #[must_use]
    pub fn len(&self) -> usize {
        self.records
    }

    /// Whether none was.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records == 0
    }

    /// Takes a record.
    pub fn push(&mut self, record: &IndicatorRecord) -> Result<(), PushError> {
        if self.records >= INDICATOR_RECORDS_MAX {
            return Err(PushError::Full);
        }
        if let Some(reason) = self.never.reason(&record.value) {
            return Err(PushError::Never(reason));
        }
        let (from, until) = (record.valid_from, record.valid_until);
        if from.is_some_and(|from| until.is_some_and(|until| until <= from)) {
            return Err(PushError::Validity);
        }
        let detail = Detail::new(record, self.contexts.number(&record.context));
        let has_room = match &record.value {
            IndicatorValue::V4(address) => keep(&mut self.v4, *address, detail),
            IndicatorValue::V6(address) => keep(&mut self.v6, *address, detail),
            IndicatorValue::Network4 { first, prefix } => {
                keep(&mut self.networks4, (*first, *prefix), detail)
            }
            IndicatorValue::Network6 { first, prefix } => {
                keep(&mut self.networks6, (*first, *prefix), detail)
            }
            IndicatorValue::Md5(digest) => keep(&mut self.md5, *digest, detail),
            IndicatorValue::Sha1(digest) => keep(&mut self.sha1, *digest, detail),
            IndicatorValue::Sha256(digest) => keep(&mut self.sha256, *digest, detail),
            IndicatorValue::Domain(text) => self.domains.push(text, detail),
            IndicatorValue::Url(text) => self.urls.push(text, detail),
            IndicatorValue::Mail(text) => self.mails.push(text, detail),
        };
        if !has_room {
            return Err(PushError::TextFull);
        }
        self.records += 1;
        Ok(())
    }

    /// The set: every value once. It is the same whatever the order in which the records came.
    #[must_use]
    pub fn finish(self) -> Indicators {
        let Self { policy, mut contexts, records, .. } = self;
        let mut merging = Merging { policy: &policy, contexts: &mut contexts };
        let v4 = order_fixed(IndicatorKind::Address, self.v4, &mut merging);
        let v6 = order_fixed(IndicatorKind::Address, self.v6, &mut merging);
        let networks4 = order_fixed(IndicatorKind::Network, self.networks4, &mut merging);
        let networks6 = order_fixed(IndicatorKind::Network, self.networks6, &mut merging);
        let md5 = order_fixed(IndicatorKind::Md5, self.md5, &mut merging);
        let sha1 = order_fixed(IndicatorKind::Sha1, self.sha1, &mut merging);
        let sha256 = order_fixed(IndicatorKind::Sha256, self.sha256, &mut merging);
        let domains = self.domains.order(IndicatorKind::Domain, &mut merging);
        let urls = self.urls.order(IndicatorKind::Url, &mut merging);
        let mails = self.mails.order(IndicatorKind::Mail, &mut merging);
        let bared = contexts.bared();
        let contexts = contexts.finish();

        let mut digest = super::version::SetDigest::new(&contexts);
        digest.add("v4", &v4.0.0, &v4.1, |key, out| out.extend(key.to_be_bytes()));
        digest.add("v6", &v6.0.0, &v6.1, |key, out| out.extend(key.to_be_bytes()));
        digest.add("networks4", &networks4.0.0, &networks4.1, |key, out| {
            out.extend(key.0.to_be_bytes());
            out.push(key.1);
        });
        digest.add("networks6", &networks6.0.0, &networks6.1, |key, out| {
            out.extend(key.0.to_be_bytes());
            out.push(key.1);
        });
        digest.add("md5", &md5.0.0, &md5.1, |key, out| out.extend(key));
        digest.add("sha1", &sha1.0.0, &sha1.1, |key, out| out.extend(key));
        digest.add("sha256", &sha256.0.0, &sha256.1, |key, out| out.extend(key));
        for (name, (texts, details)) in [("domains", &domains), ("urls", &urls), ("mails", &mails)] {
            digest.add_texts(name, texts, details);
        }
        let seed = digest.finish();

        let parts = Parts {
            v4: Part::new(v4, seed),
            v6: Part::new(v6, seed),
            networks4: Networks::new(networks4, seed, |first, prefix| {
                (first, first | !super::parts::ones4(prefix))
            }),
            networks6: Networks::new(networks6, seed, |_, _| (0, u32::MAX)),
            domains: Gated::new(domains, seed, domain::end),
            urls: Gated::new(urls, seed, url::authority),
            mails: Part::new(mails, seed),
            md5: Part::new(md5, seed),
            sha1: Part::new(sha1, seed),
            sha256: Part::new(sha256, seed),
        };
        let summary = IndicatorsSummary::new(records, bared, &parts, &contexts);
        Indicators { parts, contexts, policy, version: format!("{seed:016x}"), summary }
    }
}

fn keep<T>(drafts: &mut Vec<(T, Detail)>, key: T, detail: Detail) -> bool {
    drafts.push((key, detail));
    true
}
