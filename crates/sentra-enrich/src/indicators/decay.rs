use serde::{Deserialize, Serialize};

use super::kind::IndicatorKind;

/// Microseconds of a day.
const DAY_MICROS: f64 = 86_400_000_000.0;

/// How an indicator's confidence falls with the time since it was last seen: by half in each half-life.
///
/// | kind | days | why |
/// |---|---|---|
/// | address | 14 | addresses are leased anew |
/// | network | 60 | a provider changes hands slowly |
/// | domain | 60 | names are burnt and parked |
/// | url | 30 | a page is cleaned while its host stays |
/// | md5, sha1, sha256 | 730 | a file stays what it is; only its use ends |
/// | mail | 90 | accounts are closed |
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(try_from = "Written")]
pub struct DecayPolicy {
    /// Half-life of single addresses, in days.
    pub address_days: f64,
    /// Half-life of networks, in days.
    pub network_days: f64,
    /// Half-life of DNS names, in days.
    pub domain_days: f64,
    /// Half-life of URLs, in days.
    pub url_days: f64,
    /// Half-life of digests, in days.
    pub hash_days: f64,
    /// Half-life of mail addresses, in days.
    pub mail_days: f64,
    /// Confidence below which an indicator is no longer one.
    pub floor: f64,
}

/// The policy as it stands in a file, not yet checked.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Written {
    address_days: f64,
    network_days: f64,
    domain_days: f64,
    url_days: f64,
    hash_days: f64,
    mail_days: f64,
    floor: f64,
}

/// A policy by which nothing can be computed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecayError {
    /// A half-life is no positive number.
    #[error("a half-life must be a positive number of days: {0}")]
    HalfLife(&'static str),
    /// The floor is no confidence.
    #[error("the floor must be from 0 to 1")]
    Floor,
}

impl Default for DecayPolicy {
    fn default() -> Self {
        Self {
            address_days: 14.0,
            network_days: 60.0,
            domain_days: 60.0,
            url_days: 30.0,
            hash_days: 730.0,
            mail_days: 90.0,
            floor: 0.2,
        }
    }
}

impl Default for Written {
    fn default() -> Self {
        let policy = DecayPolicy::default();
        Self {
            address_days: policy.address_days,
            network_days: policy.network_days,
            domain_days: policy.domain_days,
            url_days: policy.url_days,
            hash_days: policy.hash_days,
            mail_days: policy.mail_days,
            floor: policy.floor,
        }
    }
}

impl TryFrom<Written> for DecayPolicy {
    type Error = DecayError;

    fn try_from(written: Written) -> Result<Self, DecayError> {
        let days = |name, days: f64| {
            if days.is_finite() && days > 0.0 { Ok(days) } else { Err(DecayError::HalfLife(name)) }
        };
        if !(0.0..=1.0).contains(&written.floor) {
            return Err(DecayError::Floor);
        }
        Ok(Self {
            address_days: days("address_days", written.address_days)?,
            network_days: days("network_days", written.network_days)?,
            domain_days: days("domain_days", written.domain_days)?,
            url_days: days("url_days", written.url_days)?,
            hash_days: days("hash_days", written.hash_days)?,
            mail_days: days("mail_days", written.mail_days)?,
            floor: written.floor,
        })
    }
}

impl DecayPolicy {
    /// Half-life of `kind` in days.
    #[must_use]
    pub fn half_life_days(&self, kind: IndicatorKind) -> f64 {
        match kind {
            IndicatorKind::Address => self.address_days,
            IndicatorKind::Network => self.network_days,
            IndicatorKind::Domain => self.domain_days,
            IndicatorKind::Url => self.url_days,
            IndicatorKind::Md5 | IndicatorKind::Sha1 | IndicatorKind::Sha256 => self.hash_days,
            IndicatorKind::Mail => self.mail_days,
        }
    }

    /// What is left of `confidence` after `age_micros`; one that lies ahead counts as none.
    #[must_use]
    pub fn decayed(&self, kind: IndicatorKind, confidence: f64, age_micros: i64) -> f64 {
        let days = age_micros.max(0) as f64 / DAY_MICROS;
        confidence * (-days / self.half_life_days(kind)).exp2()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400_000_000;

    #[test]
    fn a_half_life_halves() {
        let policy = DecayPolicy::default();
        for kind in IndicatorKind::ALL {
            let life = policy.half_life_days(kind) as i64 * DAY;
            assert!((policy.decayed(kind, 0.8, life) - 0.4).abs() < 1e-9, "{kind}");
            assert!((policy.decayed(kind, 0.8, 0) - 0.8).abs() < 1e-9, "{kind}");
            assert!((policy.decayed(kind, 0.8, -life) - 0.8).abs() < 1e-9, "seen in the future");
            assert!(policy.decayed(kind, 1.0, i64::MAX) < 1e-9);
        }
    }

    #[test]
    fn a_policy_that_cannot_be_is_refused() {
        assert!(toml::from_str::<DecayPolicy>("address_days = 7.0").is_ok_and(|p| p.address_days == 7.0));
        for text in ["address_days = 0.0", "url_days = -1.0", "mail_days = nan", "floor = 1.5", "flor = 0.1"]
        {
            assert!(toml::from_str::<DecayPolicy>(text).is_err(), "{text}");
        }
    }
}
