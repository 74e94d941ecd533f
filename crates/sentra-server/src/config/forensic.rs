//! What is routed to the forensic index, out of the configuration.

use sentra_forensic::{Budget, Condition, ForensicConfig, Policy};
use sentra_model::{EventCode, Mart};
use serde::Deserialize;
use toml::de::DeValue;

use super::value::ConfigValue;
use super::{Config, nearest};

/// `[[forensic.policies]]`: events that are routed beside those of signals, the most important ones first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(transparent)]
pub struct ForensicPolicies(pub Vec<PolicySettings>);

/// One entry of it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PolicySettings {
    /// Its name.
    pub name: String,
    /// Names of marts; empty for all.
    pub marts: Vec<String>,
    /// Event codes; empty for any.
    pub codes: Vec<String>,
    /// What must hold, in the words of the search bar or of KQL's `where`.
    #[serde(rename = "where")]
    pub condition: String,
    /// Days after which its events are removed; 0 keeps them.
    pub retention_d: u32,
}

impl ConfigValue for ForensicPolicies {
    const EXPECTED: &'static str = "a list of tables with name, marts, codes, where, retention_d";

    fn from_toml(value: &DeValue<'_>) -> Option<Self> {
        let policies = value.as_array()?.iter();
        policies.map(|policy| PolicySettings::from_toml(policy.get_ref())).collect::<Option<_>>().map(Self)
    }

    fn from_text(text: &str) -> Option<Self> {
        #[derive(Deserialize)]
        struct Holder {
            policies: ForensicPolicies,
        }
        toml::from_str(&format!("policies = {text}")).ok().map(|Holder { policies }| policies)
    }

    fn to_toml(&self) -> String {
        let policies = self.0.iter().map(|policy| {
            let PolicySettings { name, marts, codes, condition, retention_d } = policy;
            let (marts, codes) = (marts.to_toml(), codes.to_toml());
            format!(
                "{{ name = {name:?}, marts = {marts}, codes = {codes}, where = {condition:?}, retention_d = {retention_d} }}"
            )
        });
        format!("[{}]", policies.collect::<Vec<_>>().join(", "))
    }
}

impl PolicySettings {
    fn from_toml(value: &DeValue<'_>) -> Option<Self> {
        let mut policy = Self::default();
        for (key, value) in value.as_table()? {
            let value = value.get_ref();
            match key.get_ref().as_ref() {
                "name" => policy.name = String::from_toml(value)?,
                "marts" => policy.marts = Vec::from_toml(value)?,
                "codes" => policy.codes = Vec::from_toml(value)?,
                "where" => policy.condition = String::from_toml(value)?,
                "retention_d" => policy.retention_d = u32::from_toml(value)?,
                _ => return None,
            }
        }
        Some(policy)
    }

    fn policy(&self) -> Result<Policy, String> {
        let Self { name, .. } = self;
        let condition = match self.condition.trim() {
            "" => None,
            text => Some(Condition::parse(text).map_err(|error| format!("policy {name:?}: {error}"))?),
        };
        let marts = self.marts.iter().map(|mart| {
            // Marts registered at run time are not among the defaults; their names come through serde.
            let other = || serde_json::from_value(mart.as_str().into()).ok();
            Mart::named(mart).or_else(other).ok_or_else(|| format!("policy {name:?}: {mart:?} is no mart"))
        });
        let codes = self.codes.iter().map(|code| {
            let known = EventCode::ALL.iter().find(|known| known.as_str() == code).copied();
            known.ok_or_else(|| {
                let right = nearest(code, EventCode::ALL.iter().map(|known| known.as_str()));
                let right = right.map(|right| format!(", did you mean {right}?")).unwrap_or_default();
                format!("policy {name:?}: {code:?} is no event code{right}")
            })
        });
        Ok(Policy {
            name: name.clone(),
            marts: marts.collect::<Result<_, _>>()?,
            codes: codes.collect::<Result<_, _>>()?,
            condition,
            retention_days: (self.retention_d > 0).then_some(self.retention_d),
        })
    }
}

impl Config {
    /// What is routed to the forensic index; `None` when there is to be none.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn forensic(&self) -> Result<Option<ForensicConfig>, String> {
        let settings = &self.forensic;
        let budget =
            Budget { share_percent: f64::from(settings.share_percent), floor_bytes: settings.floor_bytes };
        let config = ForensicConfig {
            budget,
            policies: settings.policies.0.iter().map(PolicySettings::policy).collect::<Result<_, _>>()?,
            order: settings.order.clone(),
            signals_retention_days: (settings.signals_retention_d > 0)
                .then_some(settings.signals_retention_d),
        };
        config.classes().map_err(|error| error.to_string())?;
        Ok(settings.enabled.then_some(config))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
[forensic]
share_percent = 5
signals_retention_d = 90

[[forensic.policies]]
name = "domain-controllers"
marts = ["windows"]
codes = ["LL03", "SA01"]
where = "host:dc*"

[[forensic.policies]]
name = "proxies"
marts = ["proxy"]
retention_d = 7
"#;

    #[test]
    fn policies_are_read() {
        let mut config = Config::default();
        config.apply_toml("sentra.toml", TEXT).unwrap();
        let forensic = config.forensic().unwrap().unwrap();
        assert_eq!(forensic.budget.bytes(10_000_000_000), 500_000_000);
        assert_eq!((forensic.policies.len(), forensic.signals_retention_days), (2, Some(90)));
        let [one, other] = forensic.policies.as_slice() else { panic!("{forensic:?}") };
        assert_eq!((one.name.as_str(), one.codes.len(), one.retention_days), ("domain-controllers", 2, None));
        assert!(one.condition.is_some() && other.condition.is_none());
        assert_eq!(other.retention_days, Some(7));
        // As it is written it is read again.
        let text = config.forensic.policies.to_toml();
        assert_eq!(ForensicPolicies::from_text(&text).unwrap(), config.forensic.policies);
        config.forensic.enabled = false;
        assert_eq!(config.forensic().unwrap(), None);
    }

    #[test]
    fn what_is_wrong_is_refused() {
        let load = |text: &str| {
            let directory = tempfile::tempdir().unwrap();
            let file = directory.path().join("sentra.toml");
            std::fs::write(&file, text).unwrap();
            Config::load(Some(&file), Vec::new()).unwrap_err().to_string()
        };
        for (text, part) in [
            ("[forensic]\nshare_percent = 101", "101 percent"),
            ("[[forensic.policies]]\nname = 'a'", "names every event"),
            ("[[forensic.policies]]\nname = 'a'\nmartz = ['x']", "a list of tables with name"),
            ("[[forensic.policies]]\nname = 'a'\ncodes = ['LL3']", "did you mean LL"),
            ("[[forensic.policies]]\nname = 'a'\nwhere = 'user:/x/'", "is not for a policy's condition"),
            ("[forensic]\norder = ['a']", "the order names"),
            ("[forensic]\nflor_bytes = 1", "did you mean forensic.floor_bytes"),
        ] {
            let refused = load(text);
            assert!(refused.contains(part), "{text}: {refused}");
        }
    }
}
